"""`PoincareMap`: successive passages of a section, the derivative from one to the next, and periodic points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result, column
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.stop import Stop
from dynana.results.tables import Table, number

#: Direction of a section that is a moment of a forcing.
STROBE = "strobe"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PoincareMap(Result):
    """Returns of an orbit to a section, with the derivative of each.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
        Those of the system; on a section of a forced system the phase of the forcing, a share of its period, is the
        last one.
    parameters : dict of str to float
    section : str
        The expression whose zeros are the section, the name of the jump just after which states are taken, or the phase
        of the forcing, in words.
    direction : str
        "up", "down" or "both"; "jump" for a jump, "strobe" for a moment of the forcing.
    chart : tuple of str
        The m states that are coordinates on the section; the other one follows from them.
    y : ndarray, shape (k, n)
        Successive states on the section; those of a jump just after it.
    times : ndarray, shape (k - 1,)
        Time from each to the next.
    derivatives : ndarray, shape (k - 1, m, m)
        Of the coordinates of each by those of the one before; NaN where one is inside a refractory time.
    points : tuple of PeriodicPoint
        Periodic points found near the orbit or the guesses.
    returns : tuple of int
        Passages of the section that each of these takes.
    time_unit : str, optional
    units : dict of str to str
    stop : Stop
        Why the orbit ended.
    forcing_period : float or None
        Period of the forcing, where time enters the equations.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    section: str
    direction: str
    chart: tuple[str, ...]
    y: np.ndarray
    times: np.ndarray
    derivatives: np.ndarray
    points: tuple[PeriodicPoint, ...]
    returns: tuple[int, ...]
    time_unit: str | None
    units: dict[str, str]
    stop: Stop
    forcing_period: float | None = None

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of a state, shape (k,)."""
        return np.asarray(column(self.y, self.states, name))

    @property
    def fixed_points(self) -> tuple[PeriodicPoint, ...]:
        """Periodic points that come back at the first return."""
        return self.periodic(1)

    def periodic(self, returns: int) -> tuple[PeriodicPoint, ...]:
        """Periodic points that come back after so many returns."""
        return tuple(p for p, count in zip(self.points, self.returns, strict=True) if count == returns)

    @property
    def stable(self) -> tuple[PeriodicPoint, ...]:
        """The stable ones among the periodic points."""
        return tuple(p for p in self.points if p.stable)

    def place(self, point: PeriodicPoint, name: str) -> float:
        """Return a coordinate of a periodic point: the value of a state, or the phase of the forcing."""
        if name in point.states or name not in self.states:
            return point[name]
        assert point.time is not None and self.forcing_period is not None
        return point.time / self.forcing_period

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        rows = tuple(
            (count, *(self.place(p, n) for n in self.states), p.period, tuple(map(complex, p.multipliers)),
             "stable" if p.stable else "unstable")
            for p, count in zip(self.points, self.returns, strict=True)
        )  # fmt: skip
        where = f"after {self.section}" if self.direction == "jump" else f"{self.section} = 0, {self.direction}"
        where = f"at {self.section}" if self.direction == STROBE else where
        title = f"Poincare map of {self.system} {'' if self.direction == STROBE else 'on '}{where}; periodic points:"
        remark = f"{len(self)} points on the section"
        if len(self.times):
            unit = f" {self.time_unit}" if self.time_unit else ""
            low, high = number(float(self.times.min())), number(float(self.times.max()))
            remark += f", return times {low} to {high}{unit}"
        if hidden := int(np.isnan(self.derivatives).any(axis=(1, 2)).sum()):
            remark += f"; {hidden} of them inside a refractory time, where they have no derivative"
        if self.stop.reason != "finished":
            remark += f"; {self.stop}"
        return Table(("returns", *self.states, "period", "multipliers", ""), rows, title=title, remark=remark)

    def _columns(self) -> dict[str, Any]:
        """One row for each passage; the time is that until the next one."""
        return {n: self[n] for n in self.states} | {"time": np.append(self.times, np.nan)[: len(self)]}
