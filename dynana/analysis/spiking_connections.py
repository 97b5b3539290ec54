"""Orbits that leave an equilibrium, jump, and come back to it: where the period of orbits with jumps is infinite.

The first segment begins in the unstable subspace of the equilibrium, the last one begins with a jump and ends in the
stable subspace: the jump leads onto its stable manifold. What lies between are segments as those of orbits with jumps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.connection_ends import RADIUS, SLOW_RADIUS, Plane, eigenvectors
from dynana.analysis.connection_paths import arriving
from dynana.analysis.connections import LEAST_VARIATION, ConnectionProblem, Path
from dynana.analysis.cycle_places import GROWTH, MOST_INTERVALS
from dynana.analysis.spiking_curve import LARGEST_ERROR
from dynana.analysis.spiking_flights import Flight, Flights
from dynana.analysis.spiking_orbits import Pattern
from dynana.analysis.spiking_shapes import real_times
from dynana.analysis.spiking_starts import FEWEST_INTERVALS, HELD_INTERVALS, curve_of, orbit_of_spiking, pattern_of
from dynana.definition.system import System
from dynana.errors import ConvergenceError, DynanaError
from dynana.lowering import spiking_connections as _kernels  # noqa: F401  (registers the kind of its kernel)
from dynana.lowering.kernels import lower
from dynana.lowering.spiking import clocked
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations
from dynana.numerics.connection_curve import ConnectionCurve
from dynana.results.cycle import Cycle, Segment
from dynana.results.cycle_branch import segments
from dynana.results.homoclinic import Homoclinic
from dynana.results.special_points import SpecialPoint
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Distance from the equilibrium, relative to the extent of the orbit, within which the manifold has to come back.
NEAR = 0.3
#: Longest flight, in units of the period of the cycle that is nearly such an orbit.
PATIENCE = 4.0
#: Variation of a guard that does not vary.
TINY = 1e-300


class SpikingConnection(ConnectionProblem):
    """Orbits with jumps from an equilibrium back to it while two parameters vary.

    Parameters
    ----------
    system : System
        With the values of the parameters that are not free.
    free : (str, str)
    ranges : ndarray, shape (2,)
    path : ndarray, shape (k, n)
        Near the orbit.
    equilibrium : ndarray, shape (n,)
    pattern : Pattern
        Of the segments; the last one ends with no event.
    speeds : ndarray
        See `dynana.lowering.spiking`.
    lasting : float
        About how long the orbit takes.
    slow : bool
        Whether the equilibrium is a saddle-node.
    stages : int
    """

    def __init__(
        self,
        system: System,
        free: Sequence[str],
        ranges: Array,
        path: Array,
        equilibrium: Array,
        pattern: Pattern,
        speeds: Array,
        lasting: float,
        *,
        slow: bool,
        stages: int,
    ) -> None:
        data = self._place_ends(system, free, ranges.tolist(), path, np.array([equilibrium] * 2), slow=slow)
        self.pattern, self.speeds = pattern, speeds
        made = self.clocked = clocked(system)
        kernels, joins = lower(made.system), len(pattern) - 1
        p = kernels.p
        p[len(system.parameters) :] = speeds
        clock = int(made.clock)
        at_ends = self.ends.counts[0][0] + self.ends.counts[1][1] + int(slow)
        equations = OrbitEquations(
            rhs=kernels.rhs,
            jacobian=kernels.jacobian,
            parameter_jacobian=kernels.parameter_jacobian,
            closure=kernels.module("connecting_joins", "clock" * clock).connecting_joins,
            conditions=at_ends + joins * (kernels.n + 1) + clock,
            p=p,
            active=list(self.plane.indices),
            free=np.array([[0.0 if n in held else 1.0 for n in kernels.states] for held in pattern.held]),
            phase=False,
            data=np.concatenate((data, pattern.events[:-1])),
        )
        sizes = np.append(self.plane.sizes, [lasting] * clock)
        self.curve = ConnectionCurve(equations, LEAST_VARIATION * sizes, self.plane.ranges, self.ends, stages)

    def joined(self, flights: Sequence[Flight], intervals: int) -> Orbit:
        """Return a guess from flights that begin near the equilibrium and come back near it."""
        paths = [Path(f.times, f.states) for f in flights]
        paths[-1] = self._arriving(paths[-1])
        counts = [HELD_INTERVALS if f.held else FEWEST_INTERVALS for f in flights]
        counts[0] = counts[-1] = max(FEWEST_INTERVALS, intervals // 2)
        return self._assembled(paths, counts)

    def _arriving(self, path: Path) -> Path:
        """Return the part of a path on which it approaches the equilibrium, or that leads to its stable manifold."""
        back = np.linalg.norm(self._away(path.points, 1), axis=1)
        closest, sizes = int(np.argmin(back)), self.plane.sizes
        if self.ends.counts[1][0] == 1 and not self.ends.slow and closest > 0:
            values, vectors = eigenvectors(self.ends.jacobian(1))
            direction = self.ends.radius * vectors[:, int(np.argmin(values.real))].real * sizes
            gap, row, times, points = arriving(
                self.system, self.ends.equilibria[1], direction, path.points[:, : sizes.size], sizes,
                float(np.ptp(path.times)),
            )  # fmt: skip
            if gap < back[closest]:
                clock = path.points[row, sizes.size :] + times[1:, None]
                start = path.part(0, row + 1)
                return start.after(times[1:], np.concatenate((points[1:], clock), axis=1))
        inside = self._last_inside(back[: closest + 1][::-1], float(back.max())) if self._has_directions(1) else 0
        return path.part(0, max(closest + 1 - inside, 2))

    def _assembled(self, paths: list[Path], counts: list[int]) -> Orbit:
        paths = [self._at_radius(paths[0], 0), *paths[1:-1], self._at_radius(paths[-1], 1)]
        if self.clocked.clock:
            first = paths[0].points.copy()
            first[:, -1] -= first[0, -1]
            paths[0] = Path(paths[0].times, first)
        lasting = [float(path.times[-1] - path.times[0]) for path in paths]
        samples = [((q.times - q.times[0]) / t, q.points) for q, t in zip(paths, lasting, strict=True)]
        return self.curve.guess(samples, lasting, counts)

    def _at_radius(self, path: Path, end: int) -> Path:
        return super()._at_radius(path, end) if self._has_directions(end) else path

    def _has_directions(self, end: int) -> bool:
        return bool(self.ends.slow or self.ends.counts[end][1 - end])

    def _refitted(self, orbit: Orbit) -> Orbit:
        return self._assembled([self._sampled(orbit, i) for i in range(orbit.segments)], orbit.counts.tolist())

    def settled(self, guess: Orbit) -> Orbit:
        """Return the orbit near a guess, on a mesh that is fine enough; see `ConnectionProblem.settled`."""
        orbit = super().settled(guess)
        while self._coarse(orbit):
            orbit = super().settled(self.curve.adapt(orbit, GROWTH))
        return orbit

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step; the mesh grows where it has become too coarse."""
        if self._coarse(orbit):
            orbit = self.curve.adapt(orbit, GROWTH)
        return super().prepare(orbit)

    def _coarse(self, orbit: Orbit) -> bool:
        return self.curve.error(orbit) > LARGEST_ERROR and int(orbit.counts.max()) < MOST_INTERVALS

    def duration(self, orbit: Orbit) -> float:
        """Return the time between both ends."""
        return float(self._lasting(orbit).sum())

    def _lasting(self, orbit: Orbit) -> Array:
        """Return the real durations of the segments."""
        if not self.clocked.clock:
            return orbit.durations
        return np.array([x[-1, -1] - x[0, -1] for x, _ in orbit.split(orbit.z)])

    def clearance(self, orbit: Orbit) -> float:
        """Return how far thresholds are before a jump is due, relative to the variation of their guards."""
        kernels, worst = lower(self.system), -np.inf
        own, p = kernels.guard_owner, kernels.p
        p[list(self.plane.indices)] = orbit.parameters
        for event, held, (points, _) in zip(self.pattern.events, self.pattern.held, orbit.split(orbit.z), strict=True):
            if held:
                continue
            values = np.empty((len(points), kernels.n_guards))
            for row, x in zip(values, points[:, : kernels.n], strict=True):
                kernels.guards(0.0, x.copy(), p, row)
            jump = self.clocked.events[event][0] if event >= 0 else -1
            for g in (g for g, k in enumerate(own) if own.count(k) == 1):
                rows = values[:-1, g] if own[g] == jump else values[:, g]
                worst = max(worst, float(rows.max() / (np.ptp(values[:, g]) + TINY)))
        return -worst

    def _shape(self, orbit: Orbit) -> tuple[Array, Array, tuple[Segment, ...]]:
        made = self.clocked
        owners = [made.events[event][0] if event >= 0 else -1 for event in self.pattern.events]
        like = [
            Segment(
                first=0, last=orbit.stages + 1, duration=1.0, stages=orbit.stages, widths=np.ones(1), held=held,
                jump="" if k < 0 else str(self.system.jumps[k].name), speeds=tuple(self.speeds.tolist()),
            )
            for held, k in zip(self.pattern.held, owners, strict=True)
        ]  # fmt: skip
        parts = segments(like, orbit.counts, orbit.widths, self._lasting(orbit))
        return self.points(orbit).copy(), real_times(orbit, made.clock), parts


def connection_through_jumps(
    system: System, start: SpecialPoint, free: tuple[str, str], widths: Array, intervals: int, stages: int
) -> tuple[SpikingConnection, Orbit]:
    """Return the problem and the first orbit of the curve next to a cycle with jumps of long period.

    Raises
    ------
    ConvergenceError
        If there is no such equilibrium near, its unstable manifold is no line or does not come back, or Newton's method
        fails.
    """
    cycle = start.cycle
    assert isinstance(cycle, Cycle)
    orbits, orbit = curve_of(system, free, cycle, widths)
    plane = Plane(
        system, (system.parameters.index(free[0]), system.parameters.index(free[1])),
        orbits.sizes[: len(system.states)].copy(), widths,
    )  # fmt: skip
    point, parameters, slow = _equilibrium(plane, start, cycle)
    system = system.at(**dict(zip(free, parameters.tolist(), strict=True)))
    flights = Flights(system, orbits.speeds, orbits.sizes)
    jumps, longest = cycle.jumps, PATIENCE * float(orbit.durations.sum())
    found = _manifold(plane, flights, (point, parameters), slow, cycle.points, jumps, longest)
    pattern = Pattern(tuple(f.event for f in found), tuple(f.held for f in found))
    problem = SpikingConnection(
        system, free, widths, cycle.points, point, pattern, orbits.speeds, cycle.period, slow=slow, stages=stages
    )
    return problem, problem.settled(problem.joined(found, intervals))


def restarted_through_jumps(
    system: System, start: Homoclinic, free: tuple[str, str], widths: Array
) -> tuple[SpikingConnection, Orbit]:
    """Return the problem of the curve through a stored orbit with jumps, and that orbit on its own mesh."""
    guess, pattern = orbit_of_spiking(system, start, free), pattern_of(system, start)
    pattern = replace(pattern, events=(*pattern.events[:-1], -1))
    problem = SpikingConnection(
        system, free, widths, start.points, start.equilibria[0], pattern, np.array(start.segments[0].speeds),
        float(start.times[-1]), slow=start.kind == "homoclinic to a saddle-node", stages=start.stages,
    )  # fmt: skip
    return problem, problem.settled(guess)


def _equilibrium(plane: Plane, start: SpecialPoint, cycle: Cycle) -> tuple[Array, Array, bool]:
    """Return the equilibrium that a cycle nearly meets, the parameters there, and whether it is a saddle-node."""
    system, names = plane.system, [plane.system.parameters[i] for i in plane.indices]
    parameters = np.array([system.values[n] for n in names])
    if start.kind in ("homoclinic", "snic"):
        near = np.array(start.point, dtype=float)
    else:
        speeds = [float(np.linalg.norm(plane.rates(x.copy(), parameters))) for x in cycle.points]
        near = cycle.points[int(np.argmin(speeds))].copy()
    saddle = plane.equilibrium(near, parameters) if start.kind != "snic" else None
    if saddle is not None and _is_near(plane, saddle, near):
        if np.linalg.eigvals(plane.jacobian(saddle, parameters)).real.max() > 0.0:
            return saddle, parameters, False
    node = plane.saddle_node(near, parameters, np.array([0.0, 1.0]))
    if node is not None and _is_near(plane, node.point, near):
        return node.point, node.parameters, True
    raise ConvergenceError(
        f"{system.name}: the cycle passes neither a saddle nor a saddle-node closely: follow it to a longer period "
        "(continue_cycles) and start from there."
    )


def _is_near(plane: Plane, point: Array, near: Array) -> bool:
    return bool((np.abs(point - near) < NEAR * plane.sizes).all())


def _manifold(
    plane: Plane,
    flights: Flights,
    at: tuple[Array, Array],
    slow: bool,
    path: Array,
    jumps: int,
    longest: float,
) -> list[Flight]:
    """Return the flights from an equilibrium along its unstable manifold and, after some jumps, back towards it."""
    point, parameters = at
    values, vectors = eigenvectors(plane.jacobian(point, parameters))
    leaving = np.flatnonzero(values.real > 0.0).tolist()
    if slow:
        leaving = [*(i for i in leaving if i != int(np.argmin(np.abs(values)))), int(np.argmin(np.abs(values)))]
    if len(leaving) != 1:
        raise ConvergenceError(
            f"{plane.system.name}: orbits with jumps are followed to equilibria with one direction in which to leave; "
            f"this one has {len(leaving)} (eigenvalues {', '.join(number(complex(v), 4) for v in values)})"
        )
    reach = float(np.abs((path - point) / plane.sizes).max())
    away = vectors[:, leaving[0]].real * plane.sizes * reach * (SLOW_RADIUS if slow else RADIUS)
    best, closest = [], np.inf
    for side in (1.0, -1.0):
        try:
            found = flights.loop(point + side * away, jumps, longest)
        except DynanaError:
            continue  # this branch of the manifold leads to no jump
        back = np.abs((found[-1].states[:, : point.size] - point) / plane.sizes).max(axis=1)
        if back.min() < closest:
            best, closest = found, float(back.min())
    if not closest < NEAR * reach:
        how = f"comes no nearer to it than {closest / reach:.0%} of the extent" if best else "does not lead to a jump"
        raise ConvergenceError(
            f"{plane.system.name}: the unstable manifold of the equilibrium "
            f"{', '.join(number(v, 4) for v in point)} {how} after {jumps} jump{'s' * (jumps > 1)}: follow the cycle "
            "to a longer period and start from there."
        )
    return best
