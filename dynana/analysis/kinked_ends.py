"""Where cycles across kinks end at an equilibrium on a switch of the equations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_ends import MOST_STEPS, SETTLED, End, Equilibria, long_end
from dynana.analysis.cycle_ways import LONG
from dynana.analysis.kinked_curve import KinkedPlace
from dynana.definition.system import System
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Distance from the slowest state of a cycle, in units of its extent, and of the parameter from its value, in units of
#: its range, at which an equilibrium on a switch is what slows the cycle down.
NEAR, NEAR_VALUE = 0.2, 1e-3
#: Distance from other equilibria, as part of the range: those found farther away are artefacts of a kink.
NEAR_SMOOTH = 0.02
#: Distance from the mean of a cycle, in units of its extent, at which it shrinks to an equilibrium on a switch.
WITHIN = 3.0
#: Residuals of an equilibrium on a switch, relative to its terms, and to terms of the size of the cycle.
SOLVED, ROUNDING = 1e-9, 1e-14
#: Relative size of a singular value below which the parameter is not determined.
SINGULAR = 1e-10


def slow_end(system: System, name: str, place: KinkedPlace) -> tuple[End | None, Stop]:
    """Return what a cycle of very long period is about to become: an equilibrium on a switch first of all."""
    equations = Equilibria(system, name)
    points, value = place.plain.points, float(place.scalars[1])
    about = f"at {name} = {number(value, 10)}, period {number(float(place.scalars[0]))}"
    extent = np.ptp(points, axis=0)
    speeds = [float(np.linalg.norm(equations.rates(np.append(x, value)) / extent)) for x in points]
    found = _on_switch(equations, place, points[int(np.argmin(speeds))], NEAR * extent)
    if found is None:
        end, stop = long_end(system, name, place.scalars, points)
        if end is None or abs(end.value - value) <= NEAR_SMOOTH * float(place.orbits.ranges[0]):
            return end, stop
        return None, Stop(reason=LONG, message=f"{about}: the cycle becomes slow, but no equilibrium is near.")
    z, text, _ = found
    message = (
        f"{about}: an equilibrium meets the switch {text} = 0 at {name} = {number(float(z[-1]), 10)} (boundary "
        "equilibrium), and cycles that pass it take ever longer."
    )
    return _end(equations, z, True), Stop(reason=LONG, message=message)


def shrunk_end(system: System, name: str, place: KinkedPlace) -> tuple[End, str] | None:
    """Return the equilibrium on a switch to which a curve of small cycles shrinks, and that switch."""
    equations = Equilibria(system, name)
    points = place.plain.points
    found = _on_switch(equations, place, points.mean(axis=0), WITHIN * np.ptp(points, axis=0))
    return None if found is None else (_end(equations, found[0], found[2]), found[1])


def _end(equations: Equilibria, z: Array, located: bool) -> End:
    return End("boundary equilibrium", z[:-1], float(z[-1]), equations.eigenvalues(z), located)


def _on_switch(equations: Equilibria, place: KinkedPlace, start: Array, near: Array) -> tuple[Array, str, bool] | None:
    """Return the equilibrium on a switch of an orbit near a state, with the parameter, and the switch.

    Also whether that determines the parameter: it does not where the equilibrium stays on the switch.
    """
    orbits, value = place.orbits, float(place.scalars[1])
    active, span = orbits.equations.active[0], float(orbits.ranges[0])
    starts, _ = orbits.ends(place.orbit)
    scale = np.append(near, span)
    for event in dict.fromkeys(orbits.pattern.events):
        codes = starts[orbits.pattern.events.index(event), equations.n :]
        z = np.append(start, value)
        for _ in range(MOST_STEPS):
            level, by_states, by_parameter = orbits.guard(event, np.append(z[:-1], codes), active, float(z[-1]))
            square = np.vstack((equations.matrix(z), np.append(by_states[: equations.n], by_parameter))) * scale
            if not np.isfinite(square).all():
                break
            off = np.append(equations.rates(z), level)
            change, _, rank, _ = np.linalg.lstsq(square, off, rcond=SINGULAR)
            z = z - scale * change
            if np.abs(change).max() < SETTLED * 1e2:
                terms = np.abs(square / scale) @ np.abs(z)
                solved = bool((np.abs(off) <= SOLVED * terms + ROUNDING * np.abs(square).max(axis=1)).all())
                if solved and (np.abs(z[:-1] - start) <= near).all() and abs(z[-1] - value) <= NEAR_VALUE * span:
                    return z, orbits.made.switches[event], rank == z.size
                break
    return None
