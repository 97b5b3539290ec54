"""`find_cycle`: one closed orbit at the system's own parameter values."""

from __future__ import annotations

import numpy as np

from dynana.analysis.cycle_orbits import cycle_of
from dynana.analysis.cycle_request import Start, at_start, single
from dynana.analysis.cycle_starts import beginning
from dynana.analysis.forcing import ForcingPeriod
from dynana.definition.system import System
from dynana.results.cycle import Cycle


def find_cycle(
    system: System,
    start: Start,
    *,
    forcing_period: ForcingPeriod | None = None,
    intervals: int = 60,
    stages: int = 4,
) -> Cycle:
    """Return the closed orbit near a start, smooth or with jumps, stable or not.

    Parameters
    ----------
    system : System
        The orbit is one of these parameter values.
    start : Trajectory, PeriodicPoint, Cycle or SpecialPoint
        A trajectory that settles on the orbit, a periodic point of `spike_map` or `poincare_map`, or an orbit of
        neighbouring values of the parameters.
    forcing_period : float, str or callable, optional
        See `continue_cycles`. Period of the equations, where time enters them.
    intervals, stages : int, optional
        Mesh intervals to start with, and Gauss points in each (2 to 7). The mesh adapts, and grows where it must.

    Returns
    -------
    Cycle
        ``cycle.period``, ``cycle.multipliers``, ``cycle.stable``; a spiking orbit is a list of segments with jumps at
        their ends.

    Raises
    ------
    ConvergenceError
        If the start leads to no closed orbit, with what happens instead: the trajectory comes to rest, stops jumping,
        does not repeat itself; Newton's method fails; a jump is due earlier than the orbit has it.

    Notes
    -----
    Gauss collocation on an adaptive mesh, one for each segment; multipliers from saltation matrices. Where a voltage
    blows up before its spike (exponential and quadratic integrate-and-fire models) it takes the place of time, so that
    spike times depend on no step. The orbit is integrated once more to see that no jump is due earlier. Where the
    equations have kinks or jump (``dn.where``, ``dn.maximum``, ``dn.absolute``, ...) the orbit is cut at these switches
    into segments of smooth equations; the cycle is one segment again, with mesh points on the switches.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import lif
    >>> neuron = lif.at(I=25)
    >>> round(dn.find_cycle(neuron, dn.simulate(neuron, 200.0)).period, 6)
    18.917595
    """
    at_start(system, start)
    request = single(system, start, forcing_period=forcing_period, mesh=(intervals, stages))
    with np.errstate(all="ignore"):
        first = beginning(request)
        place = first.place
        return cycle_of(request.system, request.free, first.curve.curve, place.orbit, place.spectrum)
