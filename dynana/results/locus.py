"""Curves of bifurcations in the plane of two parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynana.errors import unknown
from dynana.results.base import Result, column
from dynana.results.special_points import PLACE_DIGITS, SpecialPoint, in_words, of_kind, rounded, shown
from dynana.results.stop import Stop
from dynana.results.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Locus(Result):
    """One curve of bifurcations in two parameters.

    Parameters
    ----------
    system, fingerprint : str
        Name and hash of the structure of the system.
    states : tuple of str
    kind : str
        Of the bifurcation, in words: "fold", "hopf", "branch point", "fold of cycles", "period doubling", "torus",
        "homoclinic", ...
    free : (str, str)
        The two varied parameters.
    parameters : dict of str to float
        Values of all parameters; those of the varied ones are meaningless here.
    places : ndarray, shape (k, 2)
        Values of the varied parameters along the curve.
    points : ndarray, shape (k, n)
        States (for cycles: one state on the orbit).
    periods : ndarray, shape (k,)
        Of the cycles; 2 pi/omega on curves of Hopf points, 0 where there is none.
    special : tuple of SpecialPoint
        Bifurcations of codimension two and labels, in the order of the curve; they are rows of ``points`` too.
    stops : (Stop, Stop)
        Why the curve ends at its first and at its last point.
    origin : str
        What it was started from, in words.
    closed : bool
        Whether the last point is the first one again.
    measures : dict of str to ndarray, shape (k,)
        What else is known along the curve, by name: "a" on folds, "l1" on Hopf points, ...
    units : dict of str to str
        Of states and parameters, where the system states them.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    kind: str
    free: tuple[str, str]
    parameters: dict[str, float]
    places: np.ndarray
    points: np.ndarray
    periods: np.ndarray
    special: tuple[SpecialPoint, ...]
    stops: tuple[Stop, Stop]
    origin: str
    closed: bool
    measures: dict[str, np.ndarray] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def _check(self) -> None:
        if len(self.free) != 2:
            raise ValueError(f"a locus has two varied parameters, got {self.free}")
        k = len(self.places)
        if self.places.shape != (k, 2) or self.points.shape != (k, len(self.states)) or self.periods.shape != (k,):
            raise ValueError(
                f"places {self.places.shape}, points {self.points.shape} and periods {self.periods.shape} do not fit "
                f"together: expected (k, 2), (k, {len(self.states)}) and (k,)"
            )
        for name, values in self.measures.items():
            if values.shape != (k,):
                raise ValueError(f"measures: {name!r} has shape {values.shape}, expected ({k},)")

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, name: str) -> np.ndarray:
        """Column of a varied parameter, a state or a measure by name, shape (k,)."""
        if name in self.free:
            return column(self.places, self.free, name)
        if name in self.states:
            return column(self.points, self.states, name)
        if name not in self.measures:
            known = (*self.free, *self.states, *self.measures)
            raise KeyError(unknown("varied parameter, state or measure", name, known))
        return self.measures[name]

    def special_points(self, kind: str | None = None) -> tuple[SpecialPoint, ...]:
        """Special points of a kind (words or letters), or all."""
        return of_kind(self.special, kind)

    @property
    def sentence(self) -> str:
        """The curve in words."""
        spans = (f"{n} from {shown(self[n], self[n].min())} to {shown(self[n], self[n].max())}" for n in self.free)
        ends = "closed loop" if self.closed else f"{self.stops[0].reason}, {self.stops[1].reason}"
        curve = f"curve of {in_words(self.kind, many=True)}, {', '.join(spans)}"
        return f"{curve} ({len(self)} points; {ends}), {self.origin}"

    def __repr__(self) -> str:
        return f"<Locus of {self.system}: {self.sentence}>"

    def __str__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        rows = [
            (
                s.title,
                s.code,
                *(shown(self[n], s.parameters[n], PLACE_DIGITS) for n in self.free),
                *(rounded(float(x)) for x in s.point),
                s.period or None,
                s.criticality if s.converged else f"{s.criticality} (not converged)".strip(),
            )
            for s in self.special
        ]
        columns = ("special point", "", *self.free, *self.states, "period", "what it means")
        ends = "" if self.closed else f"first point: {self.stops[0]}\nlast point: {self.stops[1]}"
        return Table(columns, tuple(rows), title=f"{self.system}: {self.sentence}", remark=ends)

    def _columns(self) -> dict[str, Any]:
        """One row for each point: parameters, states, period, measures."""
        columns: dict[str, Any] = {name: self[name] for name in (*self.free, *self.states)}
        return columns | {"period": self.periods} | self.measures
