"""Connecting orbits as a problem of `dynana.analysis.orbit_loci`: test functions and ends of their curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.bifurcation_curve import WEIGHT_OF_EXTREMA
from dynana.analysis.connection_ends import eigenvectors
from dynana.analysis.connections import ConnectionProblem, saddle_quantity
from dynana.analysis.orbit_places import Place, Step, Test, always
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Where a curve ends because its orbits touch another threshold.
GRAZING = "grazing"
#: Why a curve ends where its orbits shrink to a point.
SHRINK = "orbits shrink to a point"
#: Extent of an orbit relative to the largest on the curve below which it has shrunk to a point.
SHRUNK = 0.02
#: A leading eigenvalue is about to vanish below this fraction of the largest it had on the curve.
VANISHING = 0.02
#: A discriminant counts as zero below this fraction of the square of the eigenvalues.
DOUBLE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class ConnectionPlace(Place):
    """A point on a curve of connecting orbits.

    Attributes
    ----------
    equilibria : ndarray, shape (2, n)
    eigenvalues : ndarray of complex, shape (2, n)
    slow : ndarray, shape (2,)
        Coordinate along the slow direction of a saddle-node where the orbit is cut off, relative to the distance
        there; nan for other orbits.
    reach : float
        Extent of the orbit in units of the sizes.
    error : float
    """

    equilibria: Array
    eigenvalues: NDArray[np.complex128]
    slow: Array
    reach: float
    error: float

    @property
    def leading(self) -> Array:
        """Real parts of the leading unstable eigenvalue of the first and the leading stable one of the last end."""
        first, last = self.eigenvalues.real
        unstable, stable = first[first > 0.0], last[last < 0.0]
        return np.array([unstable.min() if unstable.size else np.inf, stable.max() if stable.size else -np.inf])


class ConnectionLocus:
    """A curve of connecting orbits."""

    def __init__(self, problem: ConnectionProblem) -> None:
        self.problem = problem
        self._largest_reach, self._largest_rates = 0.0, np.zeros(2)

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the free parameters."""
        return self.problem.free

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step."""
        return self.problem.prepare(orbit)

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take a step."""
        return self.problem.curve.advance(orbit, step)

    def place(self, orbit: Orbit) -> ConnectionPlace:
        """Return a point with what test functions need."""
        problem = self.problem
        eigenvalues = problem.spectra(orbit)
        slow = np.full(2, np.nan)
        if problem.ends.slow:
            ends = problem.tips(orbit)
            slow = np.array([self._slow_part(ends[end], end) for end in (0, 1)])
        reach, error = problem.reach(orbit), problem.curve.error(orbit)
        place = ConnectionPlace(orbit, problem.ends.equilibria.copy(), eigenvalues, slow, reach, error)
        self._largest_reach = max(self._largest_reach, reach)
        rates = np.abs(place.leading)
        self._largest_rates = np.maximum(self._largest_rates, np.where(np.isfinite(rates), rates, 0.0))
        return place

    def _slow_part(self, point: Array, end: int) -> float:
        problem = self.problem
        values, vectors = eigenvectors(problem.ends.jacobian(end))
        which = int(np.argmin(np.abs(values)))
        direction = vectors[:, which].real
        direction = direction * np.sign(direction[np.argmax(np.abs(direction))])
        offset = (point - problem.ends.equilibria[end]) / problem.plane.sizes
        basis = vectors.copy()
        basis[:, which] = direction
        parts = np.linalg.solve(basis, offset.astype(np.complex128))
        return float(parts[which].real / np.linalg.norm(parts))

    def tests(self, before: ConnectionPlace) -> list[Test[ConnectionPlace]]:
        """Return the test functions for a step."""
        touch: Test[ConnectionPlace] = Test(GRAZING, self._clearance, always, ends=True)
        if self.problem.ends.slow:
            return [touch, *(_noncentral(end) for end in (0, 1))]
        found = [touch, *(_double(side) for side in (1.0, -1.0))]
        return [_neutral(), *found] if self.problem.ends.homoclinic else found

    def _clearance(self, place: ConnectionPlace) -> float:
        return self.problem.clearance(place.orbit)

    def end(self, step: Step[ConnectionPlace]) -> Stop | None:
        """Return why the curve ends with a step."""
        place, before = step.after, step.before
        if place.reach < SHRUNK * self._largest_reach and place.reach < before.reach:
            return Stop(reason=SHRINK, message=f"{self._where(place)}.")
        if self.problem.ends.slow:
            return None
        rates = np.abs(place.leading)
        if (rates < VANISHING * self._largest_rates).any() and (rates < np.abs(before.leading)).any():
            return Stop(
                reason="saddle-node",
                message=f"{self._where(place)}: the saddle is about to vanish in a saddle-node; beyond it the orbit is "
                "homoclinic to that.",
            )
        return None

    def finer(self, orbit: Orbit) -> Orbit | None:
        """Return None: the mesh of a connection follows its error already."""
        return None

    def given_up(self, last: ConnectionPlace) -> Stop | None:
        """Return why steps became too short; not known."""
        return None

    def coordinates(self, place: ConnectionPlace) -> Array:
        """Return the extrema of the orbit."""
        points = self.problem.points(place.orbit) / self.problem.plane.sizes
        return WEIGHT_OF_EXTREMA * np.concatenate((points.max(axis=0), points.min(axis=0)))

    def end_message(self, kind: str) -> str:
        """Return what a saddle-node loop, or a touch, means for the curve."""
        if kind == GRAZING:
            return ": the orbit touches a threshold before a jump is due; beyond, another jump would come first."
        return ": the orbit returns along a fast direction; beyond it is homoclinic to a saddle."

    def _where(self, place: ConnectionPlace) -> str:
        pairs = zip(self.free, place.parameters.tolist(), strict=True)
        return "at " + ", ".join(f"{n} = {number(v)}" for n, v in pairs)


def _neutral() -> Test[ConnectionPlace]:
    return Test("neutral saddle", lambda place: saddle_quantity(place.eigenvalues[0]), always)


def _double(side: float) -> Test[ConnectionPlace]:
    """Return the test function of a leading eigenvalue that becomes double: from saddle to saddle-focus."""

    def pair(place: ConnectionPlace) -> NDArray[np.complex128]:
        values = place.eigenvalues[0 if side > 0.0 else 1]
        kept = values[side * values.real > 0.0]
        return np.asarray(kept[np.argsort(np.abs(kept.real))][:2])

    def value(place: ConnectionPlace) -> float:
        values = pair(place)
        if values.size < 2:
            return np.nan
        gap = values[0] - values[1]
        return float((gap * gap).real)

    def holds(before: ConnectionPlace, at: ConnectionPlace, after: ConnectionPlace) -> bool:
        return abs(value(at)) < DOUBLE * float(np.abs(pair(at)).max()) ** 2

    return Test("double leading eigenvalue", value, holds)


def _noncentral(end: int) -> Test[ConnectionPlace]:
    """Return the test function of an orbit that meets its saddle-node along a fast direction."""
    return Test("saddle-node loop", lambda place: float(place.slow[end]), always, ends=True)
