"""The phase response of a cycle with jumps: the adjoint, carried through saltation matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_orbits import cycle_of
from dynana.analysis.cycle_places import MOST_INTERVALS, Place
from dynana.analysis.spiking_beginnings import settled
from dynana.analysis.spiking_curve import SpikingCurve
from dynana.analysis.spiking_orbits import SpikingOrbits
from dynana.analysis.spiking_starts import curve_of
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.numerics.adjoint import closed_adjoint
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.mesh import error_estimate
from dynana.results.cycle import Cycle
from dynana.results.phase_response import PhaseResponse

Array = NDArray[np.float64]

#: Estimated error between mesh points, relative to the size of each state and response, at which the mesh is fine
#: enough, and the meshes that are tried.
RESOLVED, ROUNDS = 1e-9, 6
#: Largest relative change of the period when the cycle is solved for again.
SAME_PERIOD = 1e-3
#: Growth of the number of intervals from one mesh to the next.
LEAST_GROWTH, MOST_GROWTH = 1.2, 3.0


def spiking_response(system: System, cycle: Cycle) -> PhaseResponse:
    """Return the phase response of a cycle with jumps; phase zero is just after the jump with which it begins.

    Parameters
    ----------
    system : System
        With the parameter values of the cycle.
    cycle : Cycle
    """
    free = system.parameters[:1]  # held
    orbits, orbit = curve_of(system, free, cycle, np.ones(1))
    curve = SpikingCurve(orbits)
    place, response = resolved_response(system, curve, settled(curve, orbit, -1), cycle)
    shown = cycle_of(system, free, orbits, place.orbit, place.spectrum)
    return response(shown, "the state just after the jump with which the cycle begins")


def resolved_response(
    system: System, curve: SpikingCurve, place: Place | None, cycle: Cycle
) -> tuple[Place, Callable[[Cycle, str], PhaseResponse]]:
    """Return an orbit on a mesh that is fine enough for its response, and what makes a result of that.

    Parameters
    ----------
    system : System
    curve : SpikingCurve
    place : Place or None
        The orbit on its own mesh, None where it was not found again.
    cycle : Cycle
        As given.

    Returns
    -------
    place : Place
    response : function of a Cycle and of words for its phase zero
        The cycle has the segments of the orbit.
    """
    orbits = curve.curve
    for _ in range(ROUNDS):
        if place is None or abs(float(place.scalars[0]) / cycle.period - 1.0) > SAME_PERIOD:
            raise ConvergenceError(
                f"{system.name}: the cycle cannot be solved for again at its parameter values. It may have been "
                "changed, or it is at a fold of cycles, where the phase response is infinite (take one away from it)."
            )
        values, by_parameters, at_jumps, deviation = _adjoint(orbits, place.orbit)
        error = _error(orbits, place.orbit, values)
        if error <= RESOLVED or int(place.orbit.counts.max()) >= MOST_INTERVALS:
            break
        growth = (error / RESOLVED) ** (1.0 / (place.orbit.stages + 1))
        place = settled(curve, orbits.adapt(place.orbit, min(max(growth, LEAST_GROWTH), MOST_GROWTH)), -1)
    assert place is not None
    n = len(system.states)

    def response(shown: Cycle, origin: str) -> PhaseResponse:
        return PhaseResponse(
            cycle=shown,
            values=np.ascontiguousarray(values[:, :n]),
            parameter_values=by_parameters,
            at_jumps=at_jumps,
            origin=origin,
            deviation=deviation,
            error=error,
            units=system.units,
            time_unit=system.time or "",
        )

    return place, response


def _adjoint(orbits: SpikingOrbits, orbit: Orbit) -> tuple[Array, Array, Array, float]:
    """Return the responses to states (with the clock) and parameters on all points, and what jumps add for parameters.

    The adjoint is that in real time; only the mesh is one of stretched time.
    """
    made = orbits.clocked
    kernels, stages = lower(made.base), orbit.stages
    n, size = kernels.n, orbits.n
    x = orbit.z[: orbit.scalars_at].reshape(-1, size)
    rows = orbit.counts * (stages + 1) + 1
    free = np.repeat(orbits.equations.free, rows, axis=0)
    p = orbits.parameters(orbit)
    own = p[: kernels.n_parameters].copy()
    slopes, jacobians = np.zeros_like(x), np.zeros((len(x), size, size))
    by_parameters, pace = np.zeros((len(x), n, own.size)), np.ones(len(x))
    slope, block, stretched = np.empty(n), np.empty((n, n)), np.empty(size)
    for k, point in enumerate(x):
        y = point[:n].copy()
        kernels.rhs(0.0, y, own, slope)
        kernels.jacobian(0.0, y, own, block)
        kernels.parameter_jacobian(0.0, y, own, by_parameters[k])
        slopes[k, :n], jacobians[k, :n, :n] = slope, block
        if made.clock:
            orbits.kernels.rhs(0.0, point.copy(), p, stretched)
            slopes[k, n], pace[k] = 1.0, stretched[n]
    slopes, jacobians, by_parameters = slopes * free, jacobians * free[:, :, None], by_parameters * free[:, :n, None]
    extent = orbits.sizes
    starts = np.cumsum(rows) - rows
    inside = np.concatenate([
        (pace[a : a + r - 1, None, None] * jacobians[a : a + r - 1]).reshape(-1, stages + 1, size, size)[:, 1:]
        for a, r in zip(starts, rows, strict=True)
    ])  # fmt: skip
    lengths = np.repeat(orbit.durations, orbit.counts) * orbit.widths
    joins, shifts = joins_in_time(orbits, orbit, pace[starts], pace[starts + rows - 1])
    scale = extent / extent[:, None]
    z = closed_adjoint(inside * scale, lengths, orbit.counts, orbits.scheme, joins * scale) / extent
    speed = np.einsum("kc,kc->k", z, slopes)
    factor = float(np.median(speed))
    deviation = float(np.abs(speed / factor - 1.0)[_mesh(rows, stages)].max())
    z /= factor
    after = z[np.roll(starts, -1)]
    at_jumps = np.einsum("ic,icp->ip", after, shifts)[:, : own.size]
    return z, np.einsum("kc,kcp->kp", z[:, :n], by_parameters), at_jumps, deviation


def _mesh(rows: NDArray[np.int64], stages: int) -> NDArray[np.bool_]:
    """Which points are mesh points."""
    return np.concatenate([np.arange(r) % (stages + 1) == 0 for r in rows])


def joins_in_time(orbits: SpikingOrbits, orbit: Orbit, first: Array, last: Array) -> tuple[Array, Array]:
    """Return the saltation matrices in real time, and how parameters shift the state after each jump.

    ``first`` and ``last`` are the paces dt/ds at the ends of the segments.
    """
    maps, gradients, before, after = orbits.joined(orbit)
    before, after = before / last[:, None], after / np.roll(first, -1)[:, None]
    rates = np.einsum("in,in->i", gradients, before)
    lost = after - np.einsum("ijk,ik->ij", maps, before)
    by_parameters, guards = orbits.joined_parameters(orbit)
    saltations = maps + lost[:, :, None] * gradients[:, None, :] / rates[:, None, None]
    shifts = by_parameters + lost[:, :, None] * guards[:, None, :] / rates[:, None, None]
    for i, event in enumerate(orbits.pattern.events):  # a refractory time that is zero: what is held lags when it grows
        jump = orbits.clocked.events[event][0]
        if jump >= 0 and orbits.clocked.clock and not orbits.pattern.held[(i + 1) % len(orbits.pattern)]:
            held = [orbits.clocked.base.states.index(name) for name in orbits.clocked.base.jumps[jump].hold]
            shifts[i, held] += after[i, held, None] * by_parameters[i, None, -1]
    return saltations, shifts


def _error(orbits: SpikingOrbits, orbit: Orbit, values: Array) -> float:
    """Return the estimated error between mesh points of an orbit and its response, relative to their sizes."""
    x = orbit.z[: orbit.scalars_at].reshape(-1, orbits.n)
    both = np.concatenate((x, values), axis=1)
    sizes = np.concatenate((orbits.sizes, np.abs(values).max(axis=0) + np.finfo(float).tiny))
    found, row = 0.0, 0
    for _, widths in orbit.split(orbit.z):
        rows = widths.size * (orbit.stages + 1) + 1
        found = max(found, error_estimate(both[row : row + rows], widths, orbits.scheme, sizes, periodic=False))
        row += rows
    return found
