"""From a periodic point of a map to one turn of its orbit."""

from __future__ import annotations

import numpy as np

from dynana.analysis.spiking_starts import Turn, turn_from
from dynana.definition.system import System
from dynana.errors import ConvergenceError, unknown
from dynana.lowering.spiking import is_forced
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.trajectory import Trajectory
from dynana.simulation.simulate import simulate


def turn_of_point(system: System, point: PeriodicPoint, cycle: float = 0.0) -> Turn:
    """Return the turn of an orbit that passes a periodic point, from the jump there or else the next one.

    ``cycle`` is the period of the forcing, if there is one.
    """
    names = [str(jump.name) for jump in system.jumps]
    if point.jump and point.jump not in names:
        raise ValueError(f"{system.name}: {unknown('jump', point.jump, names)}")
    state, jump, time = point.state, point.jump, time_of_point(system, point)
    if not jump:
        run = simulate(system, (time, time + point.period), start=state, progress=False)
        assert isinstance(run, Trajectory)
        if not len(run.jumps):
            raise ConvergenceError(f"{system.name}: the periodic point has {point.spikes} jumps, its orbit has none")
        state, time, jump = run.jumps.after[0], float(run.jumps.t[0]), names[int(run.jumps.index[0])]
    extent = np.zeros(len(system.states))
    if is_forced(system):
        state, extent = np.append(state, time % cycle), np.append(extent, cycle)
    return turn_from(system, state, names.index(jump), point.spikes, point.period, extent)


def time_of_point(system: System, point: PeriodicPoint) -> float:
    """Return when the state of a periodic point is this one, 0 where time does not enter the equations."""
    if not is_forced(system):
        return 0.0
    if point.time is None:
        raise ValueError(
            f"{system.name}: time enters the equations, and such a periodic point does not say at what time it is: "
            "take one of dn.poincare_map(..., forcing_period=), or start from a trajectory"
        )
    return point.time


def smooth_turn(system: System, point: PeriodicPoint, cycle: float | None) -> Trajectory:
    """Return one turn of an orbit without jumps; with the forcing period ``cycle``, it starts at a full period."""
    state, begin = point.state, time_of_point(system, point)
    if cycle is not None and begin > 0.0:
        lead = simulate(system, (begin, cycle), start=state, progress=False)
        assert isinstance(lead, Trajectory)
        state = lead.y[-1]
    run = simulate(system, point.period, start=state, progress=False)
    assert isinstance(run, Trajectory)
    return run
