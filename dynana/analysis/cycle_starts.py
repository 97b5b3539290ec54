"""From what a user has to a first cycle on a curve."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_orbits import cycle_equations, cycle_of, orbit_of
from dynana.analysis.cycle_places import CycleCurve, Place, others
from dynana.analysis.cycle_request import Request
from dynana.analysis.cycle_returns import Return, last_return, whole_return
from dynana.analysis.cycle_turns import asymmetry, shape, size
from dynana.analysis.forcing import Forcing
from dynana.analysis.kinked_beginnings import Beginning, across_kinks, doubled_across_kinks
from dynana.analysis.kinked_starts import samples_of
from dynana.analysis.periodic_starts import smooth_turn
from dynana.analysis.spiking_beginnings import first_place, is_spiking
from dynana.analysis.spiking_doublings import doubled_beside
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import times
from dynana.numerics.moving_orbits import MovingOrbitCurve
from dynana.results.cycle import Cycle
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.special_points import SpecialPoint, in_words
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: Amplitude of the first cycle beside a Hopf point, relative to the one at which the normal form would have moved the
#: parameter by `NATURAL` of its range.
FIRST_AMPLITUDE, NATURAL = 0.02, 0.05
#: Amplitude of the first cycle beside a period doubling or a branch point, relative to the extent of the cycle there.
SIDEWAYS = 0.01
#: Difference of the two turns of a cycle, relative to its extent, below which a trajectory that returns after both has
#: led to one turn twice: near a period doubling it returns alternately. Those of a doubled cycle differ by this much
#: already where the parameter is 1e-10 of its range beside the doubling.
ONE_TURN = 1e-5
#: A smaller amplitude is tried so many times, each a quarter of the one before.
ATTEMPTS = 5
#: Least size of a state's variation, relative to its value: cycles that hardly move in a state may drift in it.
LEAST_EXTENT = 0.03
#: Logarithm of the largest multiplier up to which a trajectory can settle on a cycle (families of cycles are neutral),
#: and the distance after a return, in units of the extent, up to which one is on an unstable cycle all the same.
NEUTRAL, CLOSED = 0.01, 1e-5
#: A state rests on a cycle if it varies by less than this part of what it typically does.
RESTING = 1e-6


def beginning(request: Request) -> Beginning:
    """Return the first cycle of a request."""
    start = request.start
    if is_spiking(start):
        return _spiking(request)
    if isinstance(start, PeriodicPoint):
        run = smooth_turn(request.system, start, _period_now(request))
        return _from_return(request, whole_return(request.system, run), "from a periodic point")
    if isinstance(start, Trajectory):
        found = last_return(request.system, start, _period_now(request))
        return _from_return(request, found, "from a trajectory that settles on it")
    if isinstance(start, Cycle):
        return _from_cycle(request, start, None, "from a stored cycle")
    if start.kind == "hopf" and start.cycle is None:
        return _from_hopf(request, start)
    assert isinstance(start.cycle, Cycle)
    if start.kind == "period doubling":
        return doubled(request, start, start.cycle)
    if start.kind == "branch point of cycles":
        return _sideways(request, start, start.cycle)
    return _from_cycle(request, start.cycle, start.vectors.get("tangent"), f"from a {start.title}")


def _spiking(request: Request) -> Beginning:
    """Return the first orbit with jumps of a request."""
    system, start, name = request.system, request.start, request.free[0]
    ranges = np.array([high - low for low, high in request.ranges])
    both = len(request.free) > 1  # with the period kept: one of them may not change it
    if isinstance(start, SpecialPoint):
        assert isinstance(start.cycle, Cycle)
        if start.kind == "period doubling":
            curve, place = doubled_beside(system, request.free, start.cycle, ranges, request.forcing)
            return Beginning(curve, place, (1.0,), f"from the period doubling at {name} = {start.shown(name, 8)}")
        tangent, cycle, origin = start.vectors.get("tangent"), start.cycle, f"from a {start.title}"
        curve, place = first_place(
            system, request.free, cycle, ranges, 0, 0, fixed=(-1, -2 if both else 0), tangent=tangent,
            forcing=request.forcing,
        )  # fmt: skip
        return Beginning(curve, place, (1.0, -1.0), origin)
    words = {Trajectory: "a trajectory that settles on it", PeriodicPoint: "a periodic point", Cycle: "a stored cycle"}
    origin = f"from {words[type(start)]}"
    if both:  # the period that is kept is found with both parameters held
        curve, place = first_place(system, request.free[:1], start, ranges[:1], request.intervals, request.stages)
        start = cycle_of(system, request.free[:1], curve.curve, place.orbit, place.spectrum)
    curve, place = first_place(
        system, request.free, start, ranges, request.intervals, request.stages, fixed=(-1, -2) if both else (-1,),
        forcing=request.forcing,
    )  # fmt: skip
    return Beginning(curve, place, (1.0, -1.0), origin)


def _curve(request: Request, sizes: Array, gains: Array | None, forcing: Forcing | None) -> CycleCurve:
    extents = np.array([high - low for low, high in request.ranges])
    law = None if forcing is None else forcing.data(request.system)
    equations = cycle_equations(request.system, request.free, gains=gains, forcing=law)
    held = (0,) if len(request.free) == 2 else ()
    return CycleCurve(MovingOrbitCurve(equations, sizes, extents, request.stages, held=held))


def _sizes(system: System, points: Array) -> Array:
    """Return how much states vary, to begin with: their extents on a cycle, or a guess for those that rest on it."""
    return _moving(system, np.maximum(np.ptp(points, axis=0), LEAST_EXTENT * np.abs(points).max(axis=0)))


def _moving(system: System, extent: Array) -> Array:
    """Return the extents of states, with a guess instead for those that rest: no state is measured by rounding."""
    ranges = system.ranges
    initial = {} if set(system.states) <= set(ranges) else system.initial  # steady states take a while
    typical = np.array([np.ptp(ranges[n]) if n in ranges else abs(initial[n]) or 1.0 for n in system.states])
    resting: Array = np.where(extent > RESTING * typical, extent, LEAST_EXTENT * typical)
    return resting


def _place(curve: CycleCurve, orbit: Orbit, fixed: int | None) -> Place | None:
    """Return the cycle near an orbit: with a scalar held fixed, or the amplitude along the orbit's tangent."""
    if fixed is not None:
        attempt = curve.curve.settle(orbit, fixed=fixed, adaptations=1)
    else:
        attempt = curve.curve.advance(curve.curve.prepare(orbit), 0.0)
    return None if attempt.point is None else curve.place(attempt.point)


def _from_hopf(request: Request, start: SpecialPoint) -> Beginning:
    system, name = request.system, request.free[0]
    q, omega = _critical(system, start.point)
    form, vectors = start.normal_form, start.vectors
    same = start.free == request.free and "h20" in vectors
    h20, h11 = (vectors["h20"], vectors["h11"]) if same else (0.0 * q, 0.0 * q.real)
    q = vectors["q"] if same else q
    bend = form.get("parameter_curvature", 0.0) if same else 0.0
    turn = form.get("frequency_curvature", 0.0) if same else 0.0
    (low, high), box = (
        request.ranges[0],
        np.array([np.diff(system.ranges.get(n, (0.0, np.inf)))[0] for n in system.states]),
    )
    natural = min(
        math.sqrt(NATURAL * (high - low) / (abs(bend) + 1e-300)),
        float(np.min(0.25 * box / (2.0 * np.abs(q) + 1e-300))),
        float(np.linalg.norm(q) / (np.linalg.norm(h20) + np.linalg.norm(h11) + 1e-300)),
    )
    if not natural < 1e100:  # nothing tells the size
        natural = 0.1 * (1.0 + float(np.abs(start.point).max()))
    scheme = gauss_scheme(request.stages)
    widths = np.full(request.intervals, 1.0 / request.intervals)
    turns = np.exp(2j * np.pi * times(widths, scheme))
    for k in range(ATTEMPTS):
        a = FIRST_AMPLITUDE * natural * 0.25**k
        z = a * turns
        x = start.point + 2 * np.outer(z, q).real + np.outer(z**2, h20).real + a * a * h11
        value = min(max(system.values[name] + bend * a * a, low), high)
        moved = replace(request, system=system.at(**{name: value}))
        sizes = _moving(system, 2.0 * natural * np.abs(q) + LEAST_EXTENT * np.abs(start.point))
        curve = _curve(moved, sizes, None, None)
        scalars = [2 * np.pi / (omega + turn * a * a), *(moved.system.values[n] for n in request.free)]
        tangent = np.concatenate((2 * np.outer(turns, q).real.ravel(), 0.0 * np.array(scalars)))
        place = _place(
            curve, _orbit(np.concatenate((x.ravel(), scalars)), tangent, widths, len(q), request.stages), None
        )
        if place is not None and np.ptp(place.points, axis=0).max() > 0.1 * np.ptp(x, axis=0).max():
            origin = f"from the {in_words(start.kind)} at {name} = {start.shown(name, 8)}"
            return Beginning(curve, place, (1.0,), origin, hopf=start)
    raise ConvergenceError(
        f"{system.name}: no cycle was found beside the Hopf point at {name} = {number(start.parameters[name])}; is it "
        "degenerate? Start from a trajectory that settles on the cycle instead."
    )


def _critical(system: System, point: Array) -> tuple[NDArray[Any], float]:
    """Return the eigenvector of the pair closest to the imaginary axis, of unit length, and its frequency."""
    kernels = lower(system)
    jacobian = np.empty((kernels.n, kernels.n))
    kernels.jacobian(0.0, np.array(point), kernels.p, jacobian)
    values, vectors = np.linalg.eig(jacobian)
    turning = np.flatnonzero(values.imag > 0.0)
    if turning.size == 0:
        raise ConvergenceError(f"{system.name}: no complex eigenvalues at the given Hopf point")
    i = turning[np.argmin(np.abs(values[turning].real) / np.abs(values[turning]))]
    return vectors[:, i], float(values[i].imag)


def _orbit(z: Array, tangent: Array, widths: Array, n: int, stages: int) -> Orbit:
    return Orbit(
        z=z, tangent=tangent, counts=np.array([widths.size], dtype=np.int64), widths=widths, n=n, stages=stages,
        report=np.zeros(REPORT_SIZE),
    )  # fmt: skip


def _gains(system: System, cycle: Cycle) -> Array:
    """What each angle gains in a period."""
    turned = cycle.points[-1] - cycle.points[0]
    wrap = np.array([system.wrap.get(n, np.inf) for n in system.states])
    whole = np.where(np.isfinite(wrap), wrap, 1.0)
    return np.where(np.isfinite(wrap), whole * np.round(turned / whole), 0.0)


def _smooth(request: Request, cycle: Cycle) -> Cycle:
    if len(cycle.segments) > 1:
        raise ValueError(f"{request.system.name}: the cycle has {len(cycle.segments)} segments: not followed yet")
    if float(np.ptp(cycle.points / (np.abs(cycle.points).max(axis=0) + 1e-300), axis=0).max()) < 1e-12:
        raise ValueError(
            f"{request.system.name}: the stored cycle is an equilibrium, the Hopf point at the end of its branch; "
            "start from the Hopf point itself, as a SpecialPoint"
        )
    return cycle


def _period_now(request: Request) -> float | None:
    """Return the period of the forcing at the start."""
    return None if request.forcing is None else request.forcing.period(request.system.values)


def _forcing_of(request: Request, period: float) -> Forcing | None:
    """Return the law of the period of a cycle, a multiple of that of the forcing."""
    now = _period_now(request)
    return None if request.forcing is None or now is None else request.forcing.turns(max(1, round(period / now)))


def _from_cycle(request: Request, cycle: Cycle, tangent: Array | None, origin: str) -> Beginning:
    cycle = _smooth(request, cycle)
    orbit = orbit_of(cycle, request.free)
    z = orbit.z.copy()
    z[-len(request.free) :] = [request.system.values[name] for name in request.free]  # of other values perhaps
    orbit = replace(orbit, z=z)
    request = replace(request, stages=orbit.stages)
    gains, sizes = _gains(request.system, cycle), _sizes(request.system, cycle.points)
    split = across_kinks(request, *samples_of(cycle), gains, sizes, (-1, 0))
    if split is not None:
        return Beginning(*split, (1.0, -1.0), origin)
    curve = _curve(request, sizes, gains, _forcing_of(request, cycle.period))
    place = None
    if tangent is not None and tangent.shape == orbit.z.shape:
        place = _place(curve, replace(orbit, tangent=np.array(tangent)), None)
    for fixed in (-1,) if len(request.free) == 2 or curve.forced else (-1, 0):
        place = place if place is not None else _place(curve, orbit, fixed)
    if place is None:
        raise ConvergenceError(
            f"{request.system.name}: Newton's method does not converge from the given cycle at "
            f"{', '.join(f'{n} = {number(cycle.parameters[n])}' for n in request.free)}"
        )
    return Beginning(curve, place, (1.0, -1.0), origin)


def doubled(request: Request, start: SpecialPoint, cycle: Cycle) -> Beginning:
    """Two turns of a cycle, moved apart along the eigenfunction of the multiplier -1."""
    cycle = _smooth(request, cycle)
    if "direction" not in start.vectors:
        return doubled_across_kinks(request, start, cycle, _sizes(request.system, cycle.points))
    one, n = orbit_of(cycle, request.free), len(cycle.states)
    direction = np.asarray(start.vectors["direction"])
    request = replace(request, stages=one.stages)
    gains, forcing = _gains(request.system, cycle), _forcing_of(request, cycle.period)
    curve = _curve(
        request, _sizes(request.system, cycle.points), 2.0 * gains, None if forcing is None else forcing.turns(2)
    )
    points = np.concatenate((cycle.points[:-1], cycle.points + gains))
    sideways = np.concatenate((direction[:-1], -direction))
    scalars = np.concatenate(([2.0 * cycle.period], one.parameters))
    return _stepped_aside(
        request, curve, start, _orbit(np.append(points, scalars), np.zeros(points.size + scalars.size),
        np.concatenate((one.widths, one.widths)) / 2.0, n, one.stages), np.append(sideways, 0.0 * scalars), (1.0,),
    )  # fmt: skip


def _sideways(request: Request, start: SpecialPoint, cycle: Cycle) -> Beginning:
    """A cycle at a branch point, moved along the direction of the other branch."""
    cycle = _smooth(request, cycle)
    orbit = orbit_of(cycle, request.free)
    request = replace(request, stages=orbit.stages)
    curve = _curve(
        request, _sizes(request.system, cycle.points), _gains(request.system, cycle), _forcing_of(request, cycle.period)
    )
    return _stepped_aside(request, curve, start, orbit, np.asarray(start.vectors["branch_tangent"]), (1.0, -1.0))


def _stepped_aside(
    request: Request, curve: CycleCurve, start: SpecialPoint, orbit: Orbit, direction: Array, ways: tuple[float, ...]
) -> Beginning:
    """Return the cycle at a small distance from a branch point along the other branch."""
    on_points = direction[: orbit.scalars_at].reshape(-1, orbit.n) / _sizes(request.system, orbit.split(orbit.z)[0][0])
    size = float(np.abs(on_points).max())
    for k in range(ATTEMPTS):
        a = SIDEWAYS * 0.25**k / size
        place = _place(curve, replace(orbit, z=orbit.z + a * direction, tangent=direction.copy()), None)
        if place is not None:
            name = request.free[0]
            origin = f"from the {in_words(start.kind)} at {name} = {start.shown(name, 8)}"
            return Beginning(curve, place, ways, origin)
    raise ConvergenceError(f"{request.system.name}: no other branch was found at the {start.sentence}")


def _from_return(request: Request, found: Return, origin: str) -> Beginning:
    times = np.linspace(0.0, found.period, len(found.states))
    sizes = _sizes(request.system, found.states)
    split = across_kinks(request, times, found.states, found.gains, sizes, (-1,), coarse=True)
    if split is not None:
        _refuse_unsettled(request.system, found, *split)
        return Beginning(*split, (1.0, -1.0), origin)
    system = request.system
    forcing = _forcing_of(request, found.period)
    curve = _curve(request, sizes, found.gains, forcing)
    s = np.linspace(0.0, 1.0, len(found.states))
    guess = curve.curve.guess([(s, found.states)], [found.period], [request.intervals])
    attempt = curve.curve.settle(guess, fixed=-1, adaptations=2)
    if attempt.point is None:
        raise ConvergenceError(
            f"{system.name}: Newton's method does not converge from the last {number(found.period)} time units of the "
            "trajectory, which nearly return: simulate longer, so that it settles further, or give more intervals="
        )
    place = curve.place(attempt.point)
    wrap = np.array([system.wrap.get(n, np.inf) for n in system.states])
    halves = forcing is None and not np.any(np.round(found.gains / wrap) % 2)  # angles have to come back, too
    if halves and size(asymmetry(sizes, place)) < ONE_TURN * size(shape(sizes, place)):
        return _from_return(request, found.half(), origin)
    _refuse_unsettled(system, found, curve, place)
    return Beginning(curve, place, (1.0, -1.0), origin)


def _refuse_unsettled(system: System, found: Return, curve: CycleCurve, place: Place) -> None:
    """Refuse a trajectory that has led to another orbit than the one it follows, or that leaves it."""
    extent = np.ptp(found.states, axis=0)
    if np.ptp(place.plain.points, axis=0).max() < 0.5 * extent.max() or place.scalars[0] < 0.5 * found.period:
        raise ConvergenceError(
            f"{system.name}: the trajectory has not settled: Newton's method goes from its last return, after "
            f"{number(found.period)}, to a much smaller orbit. Simulate longer."
        )
    growth = float(others(place.spectrum, curve.forced)[0].max(initial=-math.inf))
    if growth > NEUTRAL and found.distance > CLOSED:
        raise ConvergenceError(
            f"{system.name}: the trajectory has not settled on a cycle: it returns after {number(found.period)} near "
            f"one of period {number(float(place.scalars[0]))}, which is unstable (multiplier of modulus "
            f"{number(math.exp(min(growth, 700.0)), 3)}). It may be chaotic, or need more time."
        )
