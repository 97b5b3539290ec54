"""`Basins`: which attractor every start of a grid settles on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.results.base import Result
from dynana.results.tables import Table, number

if TYPE_CHECKING:
    from dynana.results.fixed_points import FixedPoints
    from dynana.results.portrait import Manifold

#: Labels of starts that belong to no known attractor.
UNDECIDED, ESCAPED = -1, -2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attractor(Result):
    """Where runs end.

    Parameters
    ----------
    kind : str
        "fixed point", "cycle" or "other" (no period was found: chaos, a torus).
    states : tuple of str
    points : ndarray, shape (k, n)
        The fixed point, one turn of the cycle, or points of the orbit; of forced systems once a period.
    period : float
        NaN unless it is a cycle.
    """

    kind: str
    states: tuple[str, ...]
    points: np.ndarray
    period: float

    @property
    def sentence(self) -> str:
        """The attractor in words."""
        if self.kind == "fixed point":
            return ", ".join(f"{n} = {number(x, 4)}" for n, x in zip(self.states, self.points[0], strict=True))
        low, high = self.points[:, 0].min(), self.points[:, 0].max()
        extent = f"{self.states[0]} from {number(low, 4)} to {number(high, 4)}"
        return f"{extent}, period {number(self.period)}" if self.kind == "cycle" else extent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Basins(Result):
    """Basins of attraction on a grid of starts.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameters : dict of str to float
    axes : dict of str to ndarray
        Starting values along each axis: the centres of equal cells that fill the range.
    others : dict of str to float
        Starting values of the states without axis.
    attractors : tuple of Attractor
    labels : ndarray of int, shape (number of values of each axis ...)
        Index of the attractor; -1 where the run had not settled when it ended, -2 where it left every bound.
    times : ndarray, shape of ``labels``
        How long each run took to settle.
    duration : float
        The longest run.
    fixed_points : FixedPoints, optional
        All equilibria in the box, where they could be searched.
    manifolds : tuple of Manifold
        Stable manifolds of the saddles, for planar systems.
    units : dict of str to str
    forcing_period : float or None
        Of a forced system, which is looked at once a period.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    axes: dict[str, np.ndarray]
    others: dict[str, float]
    attractors: tuple[Attractor, ...]
    labels: np.ndarray
    times: np.ndarray
    duration: float
    fixed_points: FixedPoints | None
    manifolds: tuple[Manifold, ...]
    units: dict[str, str]
    forcing_period: float | None = None

    def fraction(self, label: int) -> float:
        """Share of the starts with a label."""
        return float(np.mean(self.labels == label))

    @property
    def fractions(self) -> np.ndarray:
        """Share of each attractor, shape (number of attractors,)."""
        return np.array([self.fraction(k) for k in range(len(self.attractors))])

    @property
    def errors(self) -> np.ndarray:
        """Standard error of each share: cells on its boundary count wholly, with an error uniform within a half."""
        return np.array([self._error(k) for k in range(len(self.attractors))])

    def _error(self, label: int) -> float:
        return float(np.sqrt(np.sum(_edge(self.labels == label)) / 12.0) / self.labels.size)

    @property
    def boundary(self) -> np.ndarray:
        """Cells that have a neighbour along an axis with another label, bool of the shape of ``labels``."""
        found = np.zeros(self.labels.shape, dtype=bool)
        for label in np.unique(self.labels):
            found |= _edge(self.labels == label)
        return found

    @property
    def boundary_distances(self) -> np.ndarray:
        """Distance of each cell of the boundary to the stable manifolds of the saddles, in cells; planar grids only.

        A cell next to a manifold is less than a cell and a half away. In a system with jumps the boundary also has
        parts that a jump leads onto a manifold: these are far from it.
        """
        if len(self.axes) != 2 or not self.manifolds:
            return np.empty(0)
        first = np.array([v[0] for v in self.axes.values()])
        cell = np.array([v[1] - v[0] for v in self.axes.values()])
        order = [self.states.index(n) for n in self.axes]
        centres = np.argwhere(self.boundary).astype(float)
        nearest = np.full(len(centres), np.inf)
        for manifold in self.manifolds:
            points = (manifold.points[:, order] - first) / cell
            for a, b in zip(points[:-1], points[1:], strict=True):
                along = b - a
                share = np.clip((centres - a) @ along / max(float(along @ along), 1e-300), 0.0, 1.0)
                away = np.linalg.norm(centres - a - share[:, None] * along, axis=1)
                nearest = np.minimum(nearest, away)
        return nearest

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        rows = [
            (k, a.kind, a.sentence, float(f), float(e))
            for k, (a, f, e) in enumerate(zip(self.attractors, self.fractions, self.errors, strict=True))
        ]
        names = {UNDECIDED: f"not settled after {number(self.duration)}", ESCAPED: "left every bound"}
        rows += [(k, text, "", self.fraction(k), self._error(k)) for k, text in names.items() if self.fraction(k)]
        size = " x ".join(str(n) for n in self.labels.shape)
        title = f"Basins of {self.system}: {size} starts in {', '.join(self.axes)}"
        return Table(("", "kind", "attractor", "fraction", "standard error"), tuple(rows), title=title)

    def _columns(self) -> dict[str, Any]:
        """One row for each start."""
        grids = np.meshgrid(*self.axes.values(), indexing="ij")
        columns = {name: grid.ravel() for name, grid in zip(self.axes, grids, strict=True)}
        return columns | {"label": self.labels.ravel(), "time": self.times.ravel()}


def _edge(inside: np.ndarray) -> np.ndarray:
    """Cells inside that have a neighbour outside."""
    found = np.zeros(inside.shape, dtype=bool)
    for axis in range(inside.ndim):
        differs = np.diff(inside, axis=axis)
        first = [slice(None)] * inside.ndim
        second = [slice(None)] * inside.ndim
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        found[tuple(first)] |= differs
        found[tuple(second)] |= differs
    return np.asarray(found & inside)
