"""Bifurcation diagrams: special points, branches of equilibria, and the diagram with what it covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynana.errors import unknown
from dynana.results.base import Result, column
from dynana.results.stop import Stop
from dynana.results.tables import Table, dataframe, number

#: AUTO's letters for each kind of special point.
CODES: Mapping[str, str] = {
    "fold": "LP", "hopf": "HB", "branch point": "BP",
    "fold of cycles": "LPC", "period doubling": "PD", "torus": "TR", "branch point of cycles": "BPC",
    "cusp": "CP", "bogdanov-takens": "BT", "bautin": "GH", "zero-hopf": "ZH", "hopf-hopf": "HH",
    "cusp of cycles": "CPC", "1:1": "R1", "1:2": "R2", "1:3": "R3", "1:4": "R4",
    "fold-flip": "LPPD", "fold-torus": "LPNS", "flip-torus": "PDNS",
    "homoclinic": "HOM", "snic": "SNIC", "kink": "KINK", "user": "UZ", "label": "UZ",
}  # fmt: skip
#: Two located points of one kind are the same if they differ by less than this, relative to the size of the diagram.
SAME_POINT = 1e-7
#: Digits of the parameter value in tables: special points are located to ten or more.
PLACE_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SpecialPoint(Result):
    """One bifurcation or labelled point, with how well it is known and what a later computation starts from.

    Parameters
    ----------
    kind : str
        In words: "fold", "hopf", "branch point", "kink", "user", "label", ...
    code : str
        AUTO's letters: "LP", "HB", "BP", ...
    system, fingerprint : str
        Name and hash of the structure of the system.
    states : tuple of str
    point : ndarray, shape (n,)
        State at the point (for a cycle: one state on it).
    parameters : dict of str to float
        All parameter values at the point.
    free : tuple of str
        The parameters that were varied.
    residual : float
        Largest rate of change of a state at the point; 0 would be exact.
    interval : (float, float)
        Range of the first free parameter between the neighbouring computed points.
    converged : bool
        Whether the point solves its defining equations to rounding.
    eigenvalues : ndarray of complex
        Spectrum (multipliers for cycles), largest real part first.
    normal_form : dict of str to float
        Coefficients by name.
    criticality : str
        What the normal form means, in words.
    period : float
        Period of the cycle; 2 pi/omega at a Hopf point; 0 where there is none.
    index : int
        Position on the branch.
    vectors : dict of str to ndarray
        Eigenvectors, null vectors, tangents that a later computation starts from.
    cycle : Result or None
        The orbit, at special points of cycles.
    name : str
        Of the asked value or the test function, where there is one.
    """

    kind: str
    code: str
    system: str
    fingerprint: str
    states: tuple[str, ...]
    point: np.ndarray
    parameters: dict[str, float]
    free: tuple[str, ...]
    residual: float
    interval: tuple[float, float]
    converged: bool
    eigenvalues: np.ndarray
    normal_form: dict[str, float] = field(default_factory=dict)
    criticality: str = ""
    period: float = 0.0
    index: int = 0
    vectors: dict[str, np.ndarray] = field(default_factory=dict)
    cycle: Result | None = None
    name: str = ""

    def __getitem__(self, name: str) -> float:
        """Value of a state or parameter by name."""
        if name in self.parameters:
            return self.parameters[name]
        if name not in self.states:
            raise KeyError(unknown("state or parameter", name, (*self.states, *self.parameters)))
        return float(column(self.point, self.states, name))

    @property
    def values(self) -> dict[str, float]:
        """States by name."""
        return dict(zip(self.states, self.point.tolist(), strict=True))

    @property
    def title(self) -> str:
        """Kind in words, with the name of an asked value or test function."""
        return f"{self.kind} ({self.name})" if self.name else self.kind

    @property
    def sentence(self) -> str:
        """The point in words: kind, place, meaning."""
        place = ", ".join(f"{n} = {number(self.parameters[n], PLACE_DIGITS)}" for n in self.free)
        where = ", ".join(f"{n} = {number(x)}" for n, x in self.values.items())
        about = f", period {number(self.period)}" if self.period else ""
        doubt = "" if self.converged else "; not converged"
        return f"{self.title} at {place} ({where}){about}{': ' + self.criticality if self.criticality else ''}{doubt}"

    def __repr__(self) -> str:
        return f"<SpecialPoint of {self.system}: {self.sentence}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Branch(Result):
    """One curve of equilibria.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameter : str
        The varied parameter.
    parameters : dict of str to float
        Values of all parameters; that of the varied one is meaningless here.
    values : ndarray, shape (k,)
        Values of the varied parameter along the curve.
    points : ndarray, shape (k, n)
    eigenvalues : ndarray of complex, shape (k, n)
        Largest real part first.
    stable : ndarray of bool, shape (k,)
        Whether every eigenvalue has a negative real part (and no jump takes the state away).
    special : tuple of SpecialPoint
        In the order of the curve; the located points are rows of ``points`` too.
    stops : (Stop, Stop)
        Why the curve ends at its first and at its last point.
    origin : str
        How it was found, in words.
    closed : bool
        Whether the last point is the first one again.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameter: str
    parameters: dict[str, float]
    values: np.ndarray
    points: np.ndarray
    eigenvalues: np.ndarray
    stable: np.ndarray
    special: tuple[SpecialPoint, ...]
    stops: tuple[Stop, Stop]
    origin: str
    closed: bool

    def _check(self) -> None:
        shapes = {len(self.values), len(self.points), len(self.eigenvalues), len(self.stable)}
        if len(shapes) != 1:
            raise ValueError(f"a branch of {len(self.values)} values needs as many points, eigenvalues and flags")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> np.ndarray:
        """Column of a state or of the varied parameter by name, shape (k,)."""
        if name == self.parameter:
            return self.values
        return column(self.points, self.states, name, "state or varied parameter")

    def special_points(self, kind: str | None = None) -> tuple[SpecialPoint, ...]:
        """Special points of a kind (words or AUTO's letters), or all."""
        return of_kind(self.special, kind)

    @property
    def sentence(self) -> str:
        """The branch in words."""
        low, high = float(self.values.min()), float(self.values.max())
        ends = "closed loop" if self.closed else f"{self.stops[0].reason}, {self.stops[1].reason}"
        return f"{len(self)} equilibria, {self.parameter} from {number(low)} to {number(high)} ({ends}), {self.origin}"

    def __repr__(self) -> str:
        return f"<Branch of {self.system}: {self.sentence}>"

    def to_dataframe(self) -> Any:
        """One row for each point: parameter, states, stability, eigenvalues (needs pandas)."""
        return dataframe(self._columns())

    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {self.parameter: self.values}
        columns |= {name: self[name] for name in self.states}
        columns["stable"] = self.stable
        columns |= {f"eigenvalue_{i + 1}": self.eigenvalues[:, i] for i in range(len(self.states))}
        return columns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Diagram(Result):
    """All branches over a range of a parameter, their special points, and what is proved about completeness.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameter : str
        The varied parameter.
    parameters : dict of str to float
        Values of all parameters, as far as they were not varied.
    range : (float, float)
        Of the varied parameter.
    box : dict of str to (low, high)
        Ranges of states; states not named here may have any value.
    branches : tuple of Branch
        Curves of equilibria.
    cycle_branches : tuple of Result
        Curves of limit cycles.
    coverage : tuple of str
        In sentences: what is proved, and what is undecided and why.
    complete : bool
        Whether it is proved that there are no other equilibria in the range and box, up to small boxes around
        branch points that the diagram contains; they are in ``undecided`` and named in ``coverage``.
    undecided : ndarray, shape (k, n + 1, 2)
        Boxes of (states, parameter) outside which the diagram is complete, if ``boxes_examined`` is positive.
    boxes_examined : int
        Work of the proof; 0 if none was tried.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameter: str
    parameters: dict[str, float]
    range: tuple[float, float]
    box: dict[str, tuple[float, float]]
    branches: tuple[Branch, ...]
    coverage: tuple[str, ...]
    complete: bool
    undecided: np.ndarray
    boxes_examined: int
    cycle_branches: tuple[Result, ...] = ()

    @property
    def special(self) -> tuple[SpecialPoint, ...]:
        """All special points, each once, in the order of the parameter."""
        found: list[SpecialPoint] = []
        everything = [s for b in (*self.branches, *self.cycle_branches) for s in getattr(b, "special", ())]
        unit = SAME_POINT * (self.range[1] - self.range[0])
        for point in sorted(everything, key=lambda s: (round(s.parameters[self.parameter] / unit), *s.point.tolist())):
            if not any(self._same(point, other) for other in found):
                found.append(point)
        return tuple(found)

    def _same(self, a: SpecialPoint, b: SpecialPoint) -> bool:
        if a.kind != b.kind or a.name != b.name or abs(a.period - b.period) > SAME_POINT * (1 + a.period):
            return False
        width = self.range[1] - self.range[0]
        near = abs(a.parameters[self.parameter] - b.parameters[self.parameter]) <= SAME_POINT * width
        size = 1e-3 + np.maximum(np.abs(a.point), np.abs(b.point))
        return near and bool(np.all(np.abs(a.point - b.point) <= 10 * SAME_POINT * size))

    def special_points(self, kind: str | None = None) -> tuple[SpecialPoint, ...]:
        """Special points of a kind (words or AUTO's letters), or all, in the order of the parameter."""
        return of_kind(self.special, kind)

    def __len__(self) -> int:
        return len(self.branches) + len(self.cycle_branches)

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        low, high = self.range
        rows = [
            (
                s.title,
                s.code,
                number(rounded(s.parameters[self.parameter], high - low), PLACE_DIGITS),
                *(rounded(float(x)) for x in s.point),
                s.period or None,
                s.criticality if s.converged else f"{s.criticality} (not converged)".strip(),
            )
            for s in self.special
        ]
        count = len(self.branches)
        title = (
            f"{self.system}, {self.parameter} in [{number(low)}, {number(high)}]: {count} branch"
            f"{'' if count == 1 else 'es'} of equilibria"
        )
        columns = ("special point", "", self.parameter, *self.states, "period", "what it means")
        stops = [f"branch {i + 1}: {b.sentence}" for i, b in enumerate(self.branches)]
        return Table(columns, tuple(rows), title=title, remark="\n".join((*stops, *self.coverage)))

    def to_dataframe(self) -> Any:
        """One row for each point of each branch of equilibria, numbered from 1 (needs pandas)."""
        parts = [{"branch": np.full(len(b), i + 1), **b._columns()} for i, b in enumerate(self.branches)]
        names = list(parts[0]) if parts else ["branch", self.parameter, *self.states, "stable"]
        return dataframe({n: np.concatenate([p[n] for p in parts]) if parts else [] for n in names})


def rounded(value: float, size: float = 1.0) -> float:
    """Return a value for display, zero if it is rounding beside the size of the diagram."""
    return 0.0 if abs(value) <= 1e-14 * size else value


def of_kind(points: tuple[SpecialPoint, ...], kind: str | None) -> tuple[SpecialPoint, ...]:
    """Return those of some special points that have a kind (words or AUTO's letters), or all."""
    if kind is None:
        return points
    if kind not in CODES and kind not in CODES.values():
        raise ValueError(unknown("kind of special point", kind, CODES))
    return tuple(s for s in points if kind in (s.kind, s.code))
