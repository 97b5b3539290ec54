"""Cycles as results and orbits as numerics computes with them: the equations of a system's cycles, and both ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_places import others
from dynana.analysis.kinked_orbits import KinkedOrbits
from dynana.analysis.spiking_orbits import SpikingOrbits
from dynana.analysis.spiking_shapes import points_and_times, segments_of, start_time
from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.numerics.closures import forced, periodic
from dynana.numerics.collocation_newton import LENGTH, REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results.cycle import Cycle, Segment
from dynana.results.cycle_branch import segments

Array = NDArray[np.float64]


def cycle_equations(
    system: System, free: Sequence[str], *, gains: Array | None = None, forcing: Sequence[float] | None = None
) -> OrbitEquations:
    """Return the equations of the smooth cycles of a system: one segment that closes.

    Parameters
    ----------
    system : System
        With the values of the parameters that are not free.
    free : sequence of str
        Parameters that vary along curves.
    gains : ndarray, shape (n,), optional
        What each state gains in a period: full turns of angles; 0 unless given.
    forcing : sequence of float, optional
        The period, where time enters the equations: scale, index of a parameter and power, see
        `dynana.numerics.closures.forced`.
    """
    kernels = lower(system)
    gained = np.zeros(kernels.n) if gains is None else np.asarray(gains, dtype=float)
    driven = forcing is not None
    data = gained if forcing is None else np.concatenate((gained, forcing))
    return OrbitEquations(
        rhs=kernels.rhs,
        jacobian=kernels.jacobian,
        parameter_jacobian=kernels.parameter_jacobian,
        closure=forced if driven else periodic,
        conditions=kernels.n + int(driven),
        p=kernels.p,
        active=[system.parameters.index(name) for name in free],
        free=np.ones((1, kernels.n)),
        phase=not driven,
        data=data,
        time_derivative=kernels.time_derivative if driven else None,
    )


def unstable_count(log_moduli: Array, phases: Array, forced: bool) -> NDArray[np.int64]:
    """Return how many multipliers are outside the unit circle, without the one next to 1 that every cycle has.

    Of one cycle, shape (n,), or of many, shape (..., n).
    """
    outside = log_moduli >= 0.0
    if not forced:
        trivial = np.argmin(np.hypot(log_moduli, phases), axis=-1)
        np.put_along_axis(outside, trivial[..., None], False, axis=-1)
    return np.asarray(outside.sum(axis=-1))


def is_driven(curve: OrbitCurve) -> bool:
    """Return whether time enters the equations of the orbits of a curve."""
    if isinstance(curve, SpikingOrbits):
        return curve.clocked.driven
    return curve.equations.time_derivative is not None


def shown_multipliers(curve: OrbitCurve, spectrum: Spectrum) -> tuple[Array, Array]:
    """Return logarithms of moduli and phases of the multipliers that results show.

    Forced orbits with jumps are computed with time as a state, whose multiplier, 1, does not belong to the system.
    """
    if isinstance(curve, SpikingOrbits) and curve.clocked.driven:
        return others(spectrum, False)
    return spectrum.logarithms, spectrum.phases


def cycle_of(system: System, free: Sequence[str], curve: OrbitCurve, orbit: Orbit, spectrum: Spectrum) -> Cycle:
    """Return an orbit as a result.

    Parameters
    ----------
    system : System
    free : sequence of str
        Names of the active parameters of the orbit.
    curve : OrbitCurve
        On which the orbit was computed.
    orbit : Orbit
        Converged.
    spectrum : Spectrum
        Of the orbit, resolved.
    """
    time, error = is_driven(curve), curve.error(orbit)
    logarithms, phases = shown_multipliers(curve, spectrum)
    if isinstance(curve, KinkedOrbits):
        orbit = curve.merged(orbit)
    elif isinstance(curve, SpikingOrbits):
        (points, times), parts = points_and_times(curve, orbit), segments_of(curve, orbit)
    if isinstance(curve, KinkedOrbits) or not isinstance(curve, SpikingOrbits):
        like = Segment(first=0, last=orbit.stages + 1, duration=1.0, stages=orbit.stages, widths=np.ones(1))
        points, times = orbit.split(orbit.z)[0][0], orbit.times()
        parts = segments([like], orbit.counts, orbit.widths, orbit.durations)
    return Cycle(
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        parameters=system.values | dict(zip(free, orbit.parameters.tolist(), strict=True)),
        times=times,
        points=points,
        segments=parts,
        period=float(sum(segment.duration for segment in parts)),
        log_moduli=logarithms,
        phases=phases,
        trace=spectrum.trace,
        stable=int(unstable_count(logarithms, phases, time)) == 0,
        error=error,
        residual=float(orbit.report[LENGTH]),
        forced=time,
        start_time=start_time(curve, orbit) if isinstance(curve, SpikingOrbits) else 0.0,
        time_unit=system.time or "",
        units=system.units,
    )


def orbit_of(cycle: Cycle, free: Sequence[str]) -> Orbit:
    """Return a cycle as an orbit with the given active parameters, on its own mesh, to settle from; no tangent yet."""
    durations = [segment.duration for segment in cycle.segments]
    z = np.concatenate([cycle.points.ravel(), durations, [cycle.parameters[name] for name in free]])
    return Orbit(
        z=z,
        tangent=np.zeros_like(z),
        counts=np.array([segment.widths.size for segment in cycle.segments], dtype=np.int64),
        widths=np.concatenate([segment.widths for segment in cycle.segments]),
        n=len(cycle.states),
        stages=cycle.segments[0].stages,
        report=np.zeros(REPORT_SIZE),
    )
