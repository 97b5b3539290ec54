"""`ManifoldSurface`: a two-dimensional stable or unstable manifold of an equilibrium in space, as triangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result
from dynana.results.fixed_points import FixedPoint
from dynana.results.stop import Stop
from dynana.results.tables import number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ManifoldSurface(Result):
    """A mesh of rings, each at one distance from the equilibrium along the surface.

    Parameters
    ----------
    point : FixedPoint
    kind : str
        "stable" or "unstable".
    points : ndarray, shape (k, 3)
        The equilibrium, then ring after ring.
    distances : ndarray, shape (k,)
        From the equilibrium along the surface.
    triangles : ndarray of int, shape (m, 3)
        Rows of ``points``.
    rings : ndarray of int, shape (r + 1,)
        Where each ring begins in ``points``, and where the last one ends.
    units : dict of str to str
    stop : Stop
    """

    point: FixedPoint
    kind: str
    points: np.ndarray
    distances: np.ndarray
    triangles: np.ndarray
    rings: np.ndarray
    units: dict[str, str]
    stop: Stop

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the three states."""
        return self.point.states

    @property
    def area(self) -> float:
        """Area of all triangles."""
        a, b, c = (self.points[self.triangles[:, i]] for i in range(3))
        return float(0.5 * np.sum(np.linalg.norm(np.cross(b - a, c - a), axis=1)))

    def ring(self, k: int) -> np.ndarray:
        """The points of a ring, from 0 on, in order around the equilibrium."""
        count = len(self.rings) - 1
        if not -count <= k < count:
            raise IndexError(f"there are {count} rings, 0 to {count - 1}, got {k}")
        k %= count
        return np.asarray(self.points[self.rings[k] : self.rings[k + 1]])

    def __repr__(self) -> str:
        count = len(self.triangles)
        size = number(float(self.distances.max()))
        words = f"<{self.kind} manifold of {self.point.system}: {len(self.rings) - 1} rings, {count} triangles, "
        return words + f"to distance {size}{'' if self.stop.reason == 'finished' else f'; {self.stop}'}>"

    def _columns(self) -> dict[str, Any]:
        """One row for each point."""
        return {n: self.points[:, i] for i, n in enumerate(self.states)} | {"distance": self.distances}
