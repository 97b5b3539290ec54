"""The phase response of a cycle on which the equations jump: the adjoint, which jumps with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_orbits import cycle_of
from dynana.analysis.kinked_orbits import KinkedOrbits
from dynana.analysis.kinked_starts import cut, on_path, samples_of
from dynana.analysis.spiking_responses import resolved_response
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kinked import kinked
from dynana.numerics.collocation_orbit import Orbit, Spectrum
from dynana.results.cycle import Cycle, Segment
from dynana.results.cycle_branch import segments
from dynana.results.phase_response import PhaseResponse

Array = NDArray[np.float64]

#: Least variation of a state, relative to its largest modulus, by which its errors are measured.
LEAST_VARIATION = 1e-3


def kinked_response(system: System, cycle: Cycle) -> PhaseResponse | None:
    """Return the phase response of a cycle cut at the switches of the equations; phase zero is one of them.

    Parameters
    ----------
    system : System
        With the parameter values of the cycle.
    cycle : Cycle

    Returns
    -------
    PhaseResponse or None
        Its cycle has a segment from each switch to the next. None where cycles are not cut.
    """
    made, free = kinked(system), system.parameters[:1]
    gains = cycle.points[-1] - cycle.points[0]
    if made is None or np.abs(gains).max() > 0.5 * np.ptp(cycle.points, axis=0).max():
        return None
    path = cut(made, free, np.array([system.values[name] for name in free]), *samples_of(cycle))
    if path is None:
        return None
    sizes = np.maximum(np.ptp(cycle.points, axis=0), LEAST_VARIATION * np.abs(cycle.points).max(axis=0)) + 1e-300
    segment = cycle.segments[0]
    found = on_path(made, free, path, sizes, np.ones(1), segment.widths.size, segment.stages)
    if found is None:
        raise ConvergenceError(f"{system.name}: the cycle cannot be solved for again at its parameter values.")
    curve = found[0]
    place, response = resolved_response(system, *found, cycle)
    switch = made.switches[curve.curve.pattern.events[-1]]
    return response(_in_pieces(system, free, curve.curve, place.orbit, place.spectrum), f"the switch {switch} = 0")


def _in_pieces(system: System, free: tuple[str, ...], orbits: KinkedOrbits, orbit: Orbit, spectrum: Spectrum) -> Cycle:
    """Return an orbit as a cycle with a segment from each switch to the next."""
    stages = orbit.stages
    like = Segment(first=0, last=stages + 1, duration=1.0, stages=stages, widths=np.ones(1))
    points = orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)[:, : len(system.states)]
    return replace(
        cycle_of(system, free, orbits, orbit, spectrum),
        times=orbit.times(),
        points=np.ascontiguousarray(points),
        segments=segments([like] * orbit.segments, orbit.counts, orbit.widths, orbit.durations),
    )
