"""Bifurcation diagrams: branches of equilibria, and the diagram with cycles and what it covers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynana.results.base import Result, column
from dynana.results.cycle import Cycle
from dynana.results.cycle_branch import CycleBranch
from dynana.results.special_points import PLACE_DIGITS, SAME_POINT, SpecialPoint, of_kind, rounded, shown
from dynana.results.stop import Stop
from dynana.results.tables import Table, number

#: Kinds that are no bifurcations: stability does not change there.
MARKS = ("label", "user", "kink")


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
    units : dict of str to str
        Of states and parameters, where the system states them.
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
    units: dict[str, str] = field(default_factory=dict)

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
        low, high = (shown(self.values, end) for end in (self.values.min(), self.values.max()))
        ends = "closed loop" if self.closed else f"{self.stops[0].reason}, {self.stops[1].reason}"
        return f"{len(self)} equilibria, {self.parameter} from {low} to {high} ({ends}), {self.origin}"

    def __repr__(self) -> str:
        return f"<Branch of {self.system}: {self.sentence}>"

    def _columns(self) -> dict[str, Any]:
        """One row for each point: parameter, states, stability, eigenvalues."""
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
    cycle_branches : tuple of CycleBranch
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
    special_complete : bool
        Whether it is proved in addition that there are no other folds and Hopf points, outside small boxes around
        branch points.
    special_undecided : ndarray, shape (k, n + 1, 2)
        Boxes of (states, parameter) outside which they are complete on the proved curves, if ``pieces_examined`` is
        positive.
    pieces_examined : int
        Work of that proof; 0 if none was tried.
    units : dict of str to str
        Of states and parameters, where the system states them.
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
    cycle_branches: tuple[CycleBranch, ...] = ()
    special_complete: bool = False
    special_undecided: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 2)))
    pieces_examined: int = 0
    units: dict[str, str] = field(default_factory=dict)

    @property
    def special(self) -> tuple[SpecialPoint, ...]:
        """All special points, each once, in the order of the parameter."""
        found: list[SpecialPoint] = []
        everything = [s for b in self.branches for s in b.special] + [s for b in self.cycle_branches for s in b.special]
        unit = SAME_POINT * (self.range[1] - self.range[0])
        everything.sort(
            key=lambda s: (round(s.parameters[self.parameter] / unit), not s.criticality, *s.point.tolist())
        )
        for point in everything:
            if not any(self._same(point, other) for other in found):
                found.append(point)
        return tuple(found)

    def _same(self, a: SpecialPoint, b: SpecialPoint) -> bool:
        if a.kind != b.kind or a.name != b.name or abs(a.period - b.period) > 10 * SAME_POINT * (1 + a.period):
            return False
        width = self.range[1] - self.range[0]
        if abs(a.parameters[self.parameter] - b.parameters[self.parameter]) > SAME_POINT * width:
            return False
        # of a cycle every state on it is as good as any other: its largest values count
        one, two = (s.cycle.maxima if isinstance(s.cycle, Cycle) else s.point for s in (a, b))
        size = 1e-3 + np.maximum(np.abs(one), np.abs(two))
        return bool(np.all(np.abs(one - two) <= 10 * SAME_POINT * size))

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
        kinds = [(len(self.branches), "equilibria"), (len(self.cycle_branches), "limit cycles")]
        counts = [f"{k} branch{'' if k == 1 else 'es'} of {what}" for k, what in kinds if k or what == "equilibria"]
        title = f"{self.system}, {self.parameter} in [{number(low)}, {number(high)}]: {', '.join(counts)}"
        columns = ("special point", "", self.parameter, *self.states, "period", "what it means")
        sentences = [*(b.sentence for b in self.branches), *(b.sentence for b in self.cycle_branches)]
        stops = [f"branch {i + 1}: {sentence}" for i, sentence in enumerate(sentences)]
        return Table(columns, tuple(rows), title=title, remark="\n".join((*stops, *self.coverage)))

    def _columns(self) -> dict[str, Any]:
        """One row for each point of each branch, numbered from 1.

        Rows of cycles have the largest value of each state, and its smallest in ``V_min``; period 0 means equilibrium.
        """
        n = len(self.states)
        parts = [
            {
                **{name: b.points[:, k] for k, name in enumerate(self.states)},
                **{f"{name}_min": b.points[:, k] for k, name in enumerate(self.states)},
                "period": np.zeros(len(b)),
                **{f"eigenvalue_{k + 1}": b.eigenvalues[:, k] for k in range(n)},
            }
            for b in self.branches
        ]
        parts += [
            {
                **{name: b.maxima[:, k] for k, name in enumerate(self.states)},
                **{f"{name}_min": b.minima[:, k] for k, name in enumerate(self.states)},
                "period": b.periods,
                **{f"multiplier_{k + 1}": b.multipliers[:, k] for k in range(n)},
            }
            for b in self.cycle_branches
        ]
        every: list[Branch | CycleBranch] = [*self.branches, *self.cycle_branches]
        columns: dict[str, Any] = {
            "branch": np.repeat(np.arange(1, len(every) + 1), [len(b) for b in every]),
            self.parameter: np.concatenate([b.values for b in every]) if every else [],
            "stable": np.concatenate([b.stable for b in every]) if every else [],
        }
        for name in dict.fromkeys(name for part in parts for name in part):
            rows = [part.get(name, np.full(len(b), np.nan)) for part, b in zip(parts, every, strict=True)]
            columns[name] = np.concatenate(rows)
        return columns


def stretches(branch: Branch | CycleBranch) -> list[tuple[int, int, bool]]:
    """Return (first, last + 1, stable) of the stretches of a branch on which stability does not change.

    A stretch begins and ends at the special points between, so that lines meet there: a segment is stable if both its
    ends are, up to located points, which are neutral.
    """
    if len(branch) < 2:
        return [(0, len(branch), bool(branch.stable.all()))]
    special = np.zeros(len(branch), dtype=bool)
    special[[s.index for s in branch.special if s.kind not in MARKS]] = True
    stable = branch.stable | special
    segments = stable[:-1] & stable[1:] & ~(special[:-1] & special[1:])
    cuts = [0, *(np.flatnonzero(np.diff(segments.astype(int))) + 1).tolist(), len(segments)]
    return [(low, high + 1, bool(segments[low])) for low, high in zip(cuts[:-1], cuts[1:], strict=True)]
