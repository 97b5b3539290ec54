"""Connecting orbits as orbits of the numerics: the problem, guesses from paths, and results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.connection_ends import Ends, Plane, eigenvectors
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import LENGTH
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations
from dynana.numerics.connection_closures import connected
from dynana.numerics.connection_curve import ConnectionCurve
from dynana.numerics.mesh import interpolate, times
from dynana.results.cycle import Segment
from dynana.results.homoclinic import Homoclinic

Array = NDArray[np.float64]

#: Samples of the straight parts that are added to a path near the equilibria.
SAMPLES = 60
#: Samples of an orbit that is given another duration, beside its mesh.
SAMPLES_OF_ORBIT = 500
#: Ratio to the radius at which an orbit ends beyond which it is given another duration.
DRIFT = 4.0
#: Part of its largest distance from an equilibrium beyond which a path is not taken for straight.
STRAIGHT = 0.1
#: Least typical variation of a state relative to its variation on the orbit.
LEAST_VARIATION = 1e-3


class ConnectionProblem:
    """Connecting orbits of one kind while two parameters vary.

    Parameters
    ----------
    system : System
        With the values of the parameters that are not free.
    free : sequence of str
        One parameter, or two.
    ranges : sequence of float
        Typical variation of each.
    path : ndarray, shape (k, n)
        Near the orbit.
    equilibria : ndarray, shape (2, n)
    slow : bool
        Whether the equilibrium is a saddle-node.
    stages : int

    Attributes
    ----------
    ends : Ends
    curve : ConnectionCurve
    """

    def __init__(
        self,
        system: System,
        free: Sequence[str],
        ranges: Sequence[float],
        path: Array,
        equilibria: Array,
        *,
        slow: bool,
        stages: int,
    ) -> None:
        data = self._place_ends(system, free, ranges, path, equilibria, slow=slow)
        kernels = lower(system)
        conditions = self.ends.counts[0][0] + self.ends.counts[1][1] + int(slow)
        equations = OrbitEquations(
            rhs=kernels.rhs,
            jacobian=kernels.jacobian,
            parameter_jacobian=kernels.parameter_jacobian,
            closure=connected,
            conditions=conditions,
            p=np.append(kernels.p, 0.0),
            active=list(self.plane.indices),
            free=np.ones((1, kernels.n)),
            phase=False,
            data=data,
        )
        sizes, span = self.plane.sizes, self.plane.ranges
        self.curve = ConnectionCurve(equations, LEAST_VARIATION * sizes, span, self.ends, stages)

    def _place_ends(
        self,
        system: System,
        free: Sequence[str],
        ranges: Sequence[float],
        path: Array,
        equilibria: Array,
        *,
        slow: bool,
    ) -> Array:
        """Set what belongs to the equilibria; return their data of the closure.

        Raises
        ------
        ConvergenceError
            If they cannot be computed.
        """
        self.system, self.free = system, tuple(free)
        # one free parameter: beside it a second one on which nothing depends
        first = system.parameters.index(free[0])
        second = system.parameters.index(free[1]) if len(free) > 1 else len(system.parameters)
        extent = np.ptp(path, axis=0)
        sizes = np.maximum(extent, LEAST_VARIATION * extent.max())
        span = np.array([ranges[0], ranges[1] if len(free) > 1 else 1.0], dtype=float)
        self.plane = Plane(system, (first, second), sizes, span)
        reach = float(np.abs((path - equilibria[0]) / sizes).max())
        values = np.append(lower(system).p, 0.0)[[first, second]]
        self.ends = Ends(self.plane, equilibria, values, slow=slow, reach=reach)
        data = self.ends(self.ends.parameters, equilibria)
        if data is None:
            raise ConvergenceError(f"{system.name}: the equilibrium of the connecting orbit could not be computed.")
        return data

    @property
    def kind(self) -> str:
        """The kind of orbit in words."""
        if not self.ends.homoclinic:
            return "heteroclinic"
        return "homoclinic to a saddle-node" if self.ends.slow else "homoclinic to a saddle"

    def guess(self, times: Array, points: Array, intervals: int) -> Orbit:
        """Return a guess from a path that leaves the first equilibrium and arrives at the second."""
        return self._orbit(self._fitted(self._cut(Path(times, points))), intervals)

    def _orbit(self, path: Path, intervals: int) -> Orbit:
        s = (path.times - path.times[0]) / (path.times[-1] - path.times[0])
        return self.curve.guess([(s, path.points)], [path.times[-1] - path.times[0]], [intervals])

    def _fitted(self, path: Path) -> Path:
        """Return a path lengthened or cut so that it ends at the radius."""
        for end in (0, 1):
            path = self._at_radius(path, end)
        return path

    def _at_radius(self, path: Path, end: int) -> Path:
        """Return a path lengthened or cut so that its first (0) or last (1) point is at the radius."""
        distances = np.linalg.norm(self._away(path.points, end), axis=1)
        outside = np.flatnonzero(distances > self.ends.radius)
        if not outside.size:
            return path
        path = path.part(max(int(outside[0]) - 1, 0), None) if end == 0 else path.part(0, int(outside[-1]) + 2)
        return self._extended(path, end)

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step; an orbit that no longer ends near the radius is given another duration."""
        self.ends.reach = self.reach(orbit)
        tips = self.tips(orbit)
        ends = [float(np.linalg.norm(self._away(tips[[end]], end))) for end in (0, 1)]
        if all(self.ends.radius / DRIFT <= distance <= self.ends.radius * DRIFT for distance in ends):
            return self.curve.prepare(orbit)
        return self._retimed(orbit) or self.curve.prepare(orbit)

    def _retimed(self, orbit: Orbit) -> Orbit | None:
        """Return the orbit that ends at the radius, with its tangent along the old one; None if it is not found."""
        guess, at = self._refitted(orbit), orbit.segments
        guess = replace(guess, z=np.append(guess.z[: guess.scalars_at + at], orbit.parameters))
        ahead = orbit.tangent[orbit.scalars_at + at :] / self.plane.ranges
        found = self.curve.settle(guess, fixed=at + int(np.argmax(np.abs(ahead))))
        if found.point is None:
            return None
        new = found.point.tangent[found.point.scalars_at + at :] / self.plane.ranges
        forward = float(ahead @ new) > 0.0
        return self.curve.prepare(replace(found.point, tangent=found.point.tangent * (1.0 if forward else -1.0)))

    def _refitted(self, orbit: Orbit) -> Orbit:
        """Return an orbit lengthened or cut so that it ends at the radius, as a guess."""
        return self._orbit(self._fitted(self._sampled(orbit, 0)), orbit.widths.size)

    def _sampled(self, orbit: Orbit, segment: int) -> Path:
        """Return samples of a segment of an orbit."""
        scheme, (points, widths) = self.curve.scheme, orbit.split(orbit.z)[segment]
        s = np.unique(np.concatenate([times(widths, scheme), np.linspace(0.0, 1.0, SAMPLES_OF_ORBIT)]))
        return Path(s * orbit.durations[segment], interpolate(points, widths, scheme, s))

    def settled(self, guess: Orbit) -> Orbit:
        """Return the orbit near a guess, found by adjusting the first parameter, or the second where that fails."""
        for held in (1, 0) if len(self.free) > 1 else (1,):
            found = self.curve.settle(guess, fixed=guess.segments + held)
            if found.converged and found.point is not None:
                return found.point
        place = ", ".join(f"{n} = {v:.8g}" for n, v in zip(self.free, guess.parameters.tolist(), strict=False))
        raise ConvergenceError(
            f"{self.system.name}: no orbit {self.kind} was found near {place} (Newton's method failed). Start nearer: "
            "from a cycle of longer period, or a parameter value at which the orbit returns closer."
        )

    def _away(self, points: Array, end: int) -> NDArray[np.complex128]:
        """Return points relative to an equilibrium, in the coordinates of its eigenvectors, shape (k, n)."""
        _, vectors = eigenvectors(self.ends.jacobian(end))
        offset = (points[:, : self.plane.sizes.size] - self.ends.equilibria[end]) / self.plane.sizes
        return np.asarray(np.linalg.solve(vectors, offset.T.astype(np.complex128)).T)

    def _cut(self, path: Path) -> Path:
        """Return the part of a path on which it is away from the equilibria."""
        near = [np.linalg.norm(self._away(path.points, end), axis=1) for end in (0, 1)]
        middle = int(np.argmax(np.minimum(*near)))
        largest = float(min(near[0].max(), near[1].max()))
        inside = [self._last_inside(near[0][: middle + 1], largest), self._last_inside(near[1][middle:][::-1], largest)]
        return path.part(inside[0], len(path.times) - inside[1])

    def _last_inside(self, distances: Array, largest: float) -> int:
        """Return up to which row a path is too near an equilibrium to be used."""
        closest = float(distances.min())
        bound = min(max(2.0 * self.ends.radius, 5.0 * closest), STRAIGHT * largest)
        inside = np.flatnonzero(distances <= max(bound, closest))
        return int(inside[-1])

    def _extended(self, path: Path, end: int) -> Path:
        """Return a path lengthened towards an equilibrium, along the linear flow (or 1/t at a saddle-node)."""
        sign = 1.0 if end == 0 else -1.0
        values, vectors = eigenvectors(self.ends.jacobian(end))
        first = path.points[0 if end == 0 else -1]
        away = self._away(first[None, :], end)[0]
        if self.ends.slow:
            slow = int(np.argmin(np.abs(values)))
            kept = np.arange(len(values)) == slow
        else:
            kept = sign * values.real > 0.0
        away = np.where(kept, away, 0.0)
        distance = float(np.linalg.norm(away))
        if distance <= self.ends.radius:
            return path
        shrink = np.linspace(0.0, 1.0, SAMPLES)[1:]
        if self.ends.slow:
            speed = float(np.linalg.norm(self._speed(first)))
            # y' = a y^2 with this speed where the path was cut
            factors = distance / (distance + (distance * distance / self.ends.radius - distance) * shrink)
            delays = (1.0 / factors - 1.0) * distance / speed
            tail = away * factors[:, None]
        else:
            rate = float(np.abs(values.real[kept]).min())
            delays = np.log(distance / self.ends.radius) / rate * shrink
            tail = away * np.exp(np.where(kept, -sign * values, 0.0) * delays[:, None])
        points = self.ends.equilibria[end] + (tail @ vectors.T).real * self.plane.sizes
        if first.size > points.shape[1]:  # what else there is goes on with time
            further = first[points.shape[1] :] - sign * delays[:, None]
            points = np.concatenate((points, further), axis=1)
        return path.before(delays, points) if end == 0 else path.after(delays, points)

    def _speed(self, x: Array) -> Array:
        return self.plane.rates(x[: self.plane.sizes.size].copy(), self.ends.parameters)

    # -- results -----------------------------------------------------------------------------------------------------

    def points(self, orbit: Orbit) -> Array:
        """Return the states of an orbit, shape (points, n)."""
        return orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)[:, : self.plane.sizes.size]

    def tips(self, orbit: Orbit) -> Array:
        """Return the first and the last state of an orbit, shape (2, n)."""
        return self.points(orbit)[[0, -1]]

    def duration(self, orbit: Orbit) -> float:
        """Return the time between both ends."""
        return float(orbit.durations[0])

    def clearance(self, orbit: Orbit) -> float:
        """Return how far thresholds are before a jump is due, relative to the variation of their guards; nan."""
        return np.nan

    def reach(self, orbit: Orbit) -> float:
        """Return the largest distance of an orbit from its equilibrium, in units of the sizes."""
        return float(np.abs((self.points(orbit) - self.ends.equilibria[0]) / self.plane.sizes).max())

    def spectra(self, orbit: Orbit) -> NDArray[np.complex128]:
        """Return the eigenvalues of both equilibria of an orbit, largest real part first, shape (2, n)."""
        self.curve.renew(orbit)
        rows = []
        for end in (0, 1):
            values = np.linalg.eigvals(self.ends.jacobian(end)).astype(np.complex128)
            if self.ends.slow:
                values[np.argmin(np.abs(values))] = 0.0
            rows.append(values[np.lexsort((-values.imag, -values.real))])
        return np.array(rows)

    def _shape(self, orbit: Orbit) -> tuple[Array, Array, tuple[Segment, ...]]:
        """Return the states of an orbit, their times, and its segments: none where it does not jump."""
        return self.points(orbit).copy(), orbit.times(), ()

    def result(self, orbit: Orbit) -> Homoclinic:
        """Return an orbit as a result."""
        eigenvalues = self.spectra(orbit)
        points, times, segments = self._shape(orbit)
        found = zip(self.free, orbit.parameters.tolist(), strict=False)
        return Homoclinic(
            system=self.system.name,
            fingerprint=lower(self.system).fingerprint,
            states=self.system.states,
            kind=self.kind,
            parameters=self.system.values | dict(found),
            free=self.free,
            times=times,
            points=points,
            widths=orbit.widths.copy(),
            stages=orbit.stages,
            equilibria=self.ends.equilibria.copy(),
            eigenvalues=eigenvalues,
            saddle_quantity=saddle_quantity(eigenvalues[0]) if self.kind == "homoclinic to a saddle" else np.nan,
            radius=self.ends.radius / self.ends.reach,
            error=self.curve.error(orbit),
            residual=float(orbit.report[LENGTH]),
            segments=segments,
        )


def saddle_quantity(eigenvalues: NDArray[np.complex128]) -> float:
    """Return the sum of the real parts of the leading eigenvalues; nan if there is none on one side."""
    reals = eigenvalues.real
    unstable, stable = reals[reals > 0.0], reals[reals < 0.0]
    return float(unstable.min() + stable.max()) if unstable.size and stable.size else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Times (k,), increasing, and points (k, n)."""

    times: Array
    points: Array

    def part(self, first: int, last: int | None) -> Path:
        """Return some of its rows."""
        return Path(self.times[first:last], self.points[first:last])

    def before(self, times: Array, points: Array) -> Path:
        """Return the path with points before it, given by how long before."""
        head = self.times[0] - times[::-1]
        return Path(np.concatenate((head, self.times)), np.concatenate((points[::-1], self.points)))

    def after(self, times: Array, points: Array) -> Path:
        """Return the path with points after it."""
        return Path(np.concatenate((self.times, self.times[-1] + times)), np.concatenate((self.points, points)))
