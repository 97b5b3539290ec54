"""The phase response of a limit cycle: the adjoint of its collocation system."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_orbits import cycle_equations
from dynana.analysis.kinked_responses import kinked_response
from dynana.analysis.phase_kinks import jumps_on, kink_times, with_kinks
from dynana.analysis.phase_origin import gains, phase_zero
from dynana.analysis.spiking_responses import spiking_response
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.lowering.spiking import is_forced
from dynana.numerics.adjoint import closed_adjoint
from dynana.numerics.collocation_newton import LENGTH, REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import MOST_STAGES, Scheme, gauss_scheme
from dynana.numerics.mesh import error_estimate, interpolate, spread_error, times
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results.cycle import Cycle, Segment
from dynana.results.phase_response import PhaseResponse

Array = NDArray[np.float64]

#: Estimated error between mesh points, relative to the size of each state and response, at which the mesh is fine
#: enough; what is quoted of phase responses has at most nine digits.
RESOLVED = 1e-9
#: Distance of the first row from phase zero, relative to the period.
SAME_PHASE = 1e-12
#: Relative times at which responses on two meshes are compared where the equations have kinks.
SAMPLES = np.linspace(0.0, 1.0, 401)
#: Meshes that are tried; the first refinement usually suffices.
ROUNDS = 6
#: Growth of the number of intervals from one mesh to the next, and their largest number.
MOST_GROWTH, MOST_INTERVALS = 4.0, 1000
#: Bytes of the factors of the collocation system up to which stages and intervals are added to those of the cycle.
BUDGET = 2**28
#: Safety factor of the number of intervals: the error is estimated.
SPARE = 1.2
#: A cycle on which every state varies by less than this part of its modulus is an equilibrium for double precision.
POINT = 1e-8
#: Largest move of a point of the cycle, relative to its extent, when it is solved for again.
SAME_CYCLE = 1e-2
#: Least variation of a state, relative to its largest modulus, by which its errors are measured.
LEAST_VARIATION = 1e-3


def phase_response(system: System, cycle: Cycle, *, origin: str | tuple[str, float] | None = None) -> PhaseResponse:
    """Compute the infinitesimal phase response of a limit cycle.

    The adjoint Z of the cycle's collocation system, solved for all mesh points at once and normalised so that
    Z . f = 1: a small kick e of a state at time t advances all later events by Z(t) e. Through jumps it is carried by
    saltation matrices; during a refractory time a kick of a held state changes the value at which it is held.

    Parameters
    ----------
    system : System
        The one of the cycle; values of parameters are taken from the cycle.
    cycle : Cycle
        Stable or not. It is solved for again on a mesh that is fine enough for the response, too.
    origin : str or (str, float), optional
        Where phase zero is: the maximum of the named state, or the passage of a state upward through a value, as in
        ``("V", -20.0)``; where there are several, the one after the longest pause. The maximum of the first state
        unless given; an angle that turns has none, there it is the passage through half a turn. On a cycle with jumps
        it is just after the jump with which the cycle begins, and origin cannot be given; where the equations jump on
        the cycle, where it passes the switch with which it begins.

    Returns
    -------
    PhaseResponse
        For every state (time per unit of the state) and every parameter, with the derivatives of the period.

    Raises
    ------
    ValueError
        The cycle is not one of the system, or has no phase: the system is forced, or the cycle is a point.
    ConvergenceError
        The cycle does not solve the equations, or it is at a fold of cycles, where the response is infinite. It grows
        like one over the square root of the distance to the fold, which is followed to within rounding.

    References
    ----------
    G. B. Ermentrout, Neural Comput. 8 (1996) 979. W. Govaerts & B. Sautois, Neural Comput. 18 (2006) 817.
    """
    system = system_of(system, cycle)
    if cycle.jumps:
        if origin is not None:
            raise ValueError(
                f"{system.name}: phase zero of a cycle with jumps is the state just after the jump with which it "
                f"begins; origin={origin!r} is for cycles without jumps"
            )
        return spiking_response(system, cycle)
    if jumps_on(system, cycle):
        return _across_jumps(system, cycle, origin)
    zero = phase_zero(system, cycle, origin)
    scheme, most = _finest(cycle)
    start = zero.on(cycle)
    widths = _turned(cycle, start)
    seen: list[Array] = []
    for _ in range(ROUNDS):
        cycle = _solved(system, cycle, start, widths, scheme)
        values, parameter_values, deviation = _adjoint(system, cycle, scheme)
        both = np.concatenate((cycle.points, values), axis=1)
        sizes = np.concatenate((_extent(cycle.points), np.abs(values).max(axis=0) + np.finfo(float).tiny))
        kinks = kink_times(system, cycle)
        seen.append(interpolate(both, widths, scheme, SAMPLES))
        if kinks.size == 0:
            error = error_estimate(both, widths, scheme, sizes, periodic=True)
        else:  # derivatives jump there, which the estimate takes for an error; the first mesh has no points on kinks
            error = float((np.abs(seen[-1] - seen[-2]) / sizes).max()) if len(seen) > 2 else math.inf
        start = zero.on(cycle)
        start -= cycle.period * round(start / cycle.period)
        if error <= RESOLVED and abs(start) <= SAME_PHASE * cycle.period:
            break
        wanted = SPARE * (error / RESOLVED) ** (1.0 / (scheme.stages + 1)) if error < math.inf else 1.0
        count = min(math.ceil(widths.size * min(max(wanted, 1.0), MOST_GROWTH)), most)
        widths = spread_error(both, widths, scheme, sizes, periodic=True, intervals=count)
        widths = with_kinks(widths, np.mod(kinks - start / cycle.period, 1.0))
    return PhaseResponse(
        cycle=cycle,
        values=values,
        parameter_values=parameter_values,
        origin=zero.words,
        deviation=deviation,
        error=error,
        units=system.units,
        time_unit=system.time or "",
    )


def _across_jumps(system: System, cycle: Cycle, origin: str | tuple[str, float] | None) -> PhaseResponse:
    """Return the response of a cycle on which the equations jump."""
    if origin is not None:
        raise ValueError(
            f"{system.name}: the equations jump on the cycle, and phase zero is where it passes a switch of them: "
            f"origin={origin!r} is for cycles on which they do not jump"
        )
    response = kinked_response(system, cycle)
    if response is None:
        raise ValueError(
            f"{system.name}: the equations jump on the cycle, which cannot be cut there (floor, angles that turn), and "
            "the phase response jumps with them. Replace the step by a steep sigmoid."
        )
    return response


def system_of(system: System, cycle: Cycle) -> System:
    """Return the system with the parameter values of a cycle that has a phase.

    Raises
    ------
    TypeError, ValueError
        See `phase_response`.
    """
    if not isinstance(system, System):
        raise TypeError(f"the first argument is the System of the cycle, got {type(system).__name__}")
    if not isinstance(cycle, Cycle):
        raise TypeError(
            f"expected a Cycle, got {type(cycle).__name__}: take one from a branch of cycles, branch.cycles[i]"
        )
    if lower(system).fingerprint != cycle.fingerprint:
        raise ValueError(
            f"the cycle of {cycle.system!r} was not computed from this system ({system.name!r}): the equations, jumps "
            "or observables differ. Give the system that the cycle was computed from."
        )
    if cycle.forced or is_forced(system):
        raise ValueError(
            f"{system.name}: time enters the equations, so the input sets the phase and a kick does not shift it for "
            "good. Phase responses belong to autonomous systems."
        )
    extent = np.ptp(cycle.points, axis=0)
    if not cycle.period > 0.0 or np.all(extent <= POINT * np.abs(cycle.points).max(axis=0)):
        raise ValueError(
            f"{system.name}: the cycle is a point, an equilibrium: it has no phase. Take a cycle farther from the Hopf "
            "point."
        )
    return system.at(**cycle.parameters)


def _finest(cycle: Cycle) -> tuple[Scheme, int]:
    """Return the scheme of highest order that is affordable, and the largest number of intervals."""
    segment = cycle.segments[0]

    def size(stages: int) -> int:  # of one interval: factors and their multipliers
        return 16 * (stages * len(cycle.states)) ** 2

    count, stages = segment.widths.size, MOST_STAGES
    while stages > segment.stages and count * size(stages) > BUDGET:
        stages -= 1
    return gauss_scheme(stages), max(count, min(MOST_INTERVALS, BUDGET // size(stages)))


def _turned(cycle: Cycle, start: float) -> Array:
    """Widths of the mesh of a cycle from the mesh point on that is closest to a time on it."""
    widths = cycle.segments[0].widths
    edges = np.concatenate(([0.0], np.cumsum(widths)[:-1]))
    distance = np.abs(edges - start / cycle.period)
    return np.roll(widths, -int(np.minimum(distance, 1.0 - distance).argmin()))


def _extent(points: Array) -> Array:
    """Variation of each column by which its errors are measured; 1 for a column of zeros."""
    extent = np.maximum(np.ptp(points, axis=0), LEAST_VARIATION * np.abs(points).max(axis=0))
    return np.where(extent > 0.0, extent, 1.0)


def _solved(system: System, cycle: Cycle, start: float, widths: Array, scheme: Scheme) -> Cycle:
    """Return the cycle on another mesh, from another start on."""
    points = cycle.state(start + cycle.period * times(widths, scheme))
    free = system.parameters[:1]  # held
    z = np.concatenate((points.ravel(), [cycle.period], [system.values[name] for name in free]))
    guess = Orbit(
        z=z,
        tangent=np.zeros_like(z),
        counts=np.array([widths.size], dtype=np.int64),
        widths=widths,
        n=len(system.states),
        stages=scheme.stages,
        report=np.zeros(REPORT_SIZE),
    )
    equations = cycle_equations(system, free, gains=gains(system, cycle))
    curve = OrbitCurve(equations, _extent(points), np.ones(len(free)), scheme.stages)
    orbit = curve.settle(guess, adaptations=0).point
    moved = math.inf
    if orbit is not None:
        solved = orbit.split(orbit.z)[0][0]
        moved = float((np.abs(solved - points) / _extent(points)).max())
    if orbit is None or not moved <= SAME_CYCLE:
        raise ConvergenceError(
            f"{system.name}: the cycle cannot be solved for again at its parameter values"
            + (f", the nearest one is {moved:.2g} of its extent away. " if moved < math.inf else ". ")
            + "It may have been changed or computed on too coarse a mesh (compute it again), or it is at a fold of "
            "cycles, where the phase response is infinite (take one away from the fold)."
        )
    period, last = float(orbit.durations[0]), len(solved) - 1
    segment = Segment(first=0, last=last, duration=period, stages=scheme.stages, widths=widths)
    return replace(
        cycle,
        times=orbit.times(),
        points=solved,
        segments=(segment,),
        period=segment.duration,
        error=curve.error(orbit),
        residual=float(orbit.report[LENGTH]),
    )


def _adjoint(system: System, cycle: Cycle, scheme: Scheme) -> tuple[Array, Array, float]:
    """Return the responses to states and to parameters on the points of a cycle, and the deviation of Z . f from 1."""
    kernels = lower(system)
    x, n, m = cycle.points, len(system.states), scheme.stages
    p = kernels.p
    slopes, jacobians, by_parameters = np.empty_like(x), np.zeros((len(x), n, n)), np.zeros((len(x), n, p.size))
    for k, point in enumerate(x):
        y = point.copy()
        kernels.rhs(0.0, y, p, slopes[k])
        kernels.jacobian(0.0, y, p, jacobians[k])
        kernels.parameter_jacobian(0.0, y, p, by_parameters[k])
    extent = _extent(x)
    segment = cycle.segments[0]
    counts = np.array([segment.widths.size], dtype=np.int64)
    inside = jacobians[:-1].reshape(-1, m + 1, n, n)[:, 1:] * extent / extent[:, None]
    lengths = segment.duration * segment.widths
    z = closed_adjoint(inside, lengths, counts, scheme, np.eye(n)[None]) / extent
    speed = np.einsum("kc,kc->k", z, slopes)
    factor = segment.widths @ speed[:-1].reshape(-1, m + 1)[:, 1:] @ scheme.weights
    deviation = float(np.abs(speed[:: m + 1] / factor - 1.0).max())
    return z / factor, np.einsum("kc,kcp->kp", z / factor, by_parameters), deviation
