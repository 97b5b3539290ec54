"""Where orbits with jumps cease to exist: grazing, and the ways in which their period grows without bound."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_ends import MOST_STEPS, NEAR_SADDLE, SETTLED, SLOW, End, Equilibria
from dynana.analysis.cycle_legs import Scalar
from dynana.analysis.cycle_places import Place
from dynana.analysis.cycle_ways import LONG, THRESHOLD, Limit
from dynana.analysis.spiking_beginnings import flaw
from dynana.analysis.spiking_curve import SpikingCurve, curve_switches
from dynana.analysis.spiking_homoclinic import landing
from dynana.definition.system import System
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: An equilibrium touches the threshold if its guard is nearer to zero than this, relative to its variation.
AT_THRESHOLD = 0.02
#: Distance from a fold of equilibria, in units of the extent of an orbit, at which the orbit passes through its place.
NEAR_FOLD = 0.2
#: Rates at a fold of equilibria, times the period, are below this.
STILL = 1e-3
#: Turns before a jump above which an orbit winds around an unstable cycle.
WINDING = 3
#: Reason of a stop where a refractory time becomes zero.
NO_REST = "no refractory time"


def limits(curve: SpikingCurve) -> tuple[Limit, ...]:
    """Return where orbits with the jumps of a curve cease to exist."""

    def along(place: Place) -> str:
        where = _where(curve, place)
        return f"at {where} the orbit touches a threshold without crossing it, at one of its jumps (grazing)."

    def earlier(place: Place) -> str:
        return (
            f"at {_where(curve, place)} the orbit touches a threshold before a jump is due, or starts there after one: "
            "beyond, it has another sequence of jumps (grazing). Start from a trajectory there."
        )

    found = [Limit(THRESHOLD, curve.steepness, along), Limit(THRESHOLD, curve.clearance, earlier)]
    if any(curve.curve.pattern.held):
        held = [i for i, names in enumerate(curve.curve.pattern.held) if names]

        def rest(place: Place) -> float:
            return float(place.orbit.durations[held].min() / place.orbit.durations.sum())

        found.append(Limit(NO_REST, rest, lambda place: f"at {_where(curve, place)} a refractory time becomes zero."))
    return tuple(found)


def watched(curve: SpikingCurve) -> tuple[tuple[str, str, Scalar], ...]:
    """Return functions whose zeros are special points of orbits with jumps: (kind, name, function)."""
    found: list[tuple[str, str, Scalar]] = []
    if len(curve.curve.clocked.base.states) > 1:
        found.append(("reset on nullcline", "", curve.onset))
    for i, text in enumerate(curve_switches(curve.curve).TEXTS):
        found.append(("switching", text, partial(curve.switching, i)))
    return tuple(found)


def confirmed(curve: SpikingCurve, place: Place) -> str:
    """Return in words why an orbit is none of the system's, or nothing: see `flaw`."""
    return flaw(curve, place)


def _where(curve: SpikingCurve, place: Place) -> str:
    base = curve.curve.clocked.base
    names = ("period", *(base.parameters[i] for i in curve.curve.equations.active))
    return ", ".join(f"{n} = {number(x, 10)}" for n, x in zip(names, place.scalars, strict=True))


def silent_end(system: System, name: str, curve: SpikingCurve, place: Place) -> tuple[End | None, Stop]:
    """Return what an orbit of very long period is about to become, told by where it is slow."""
    equations = Equilibria(system, name)
    n = len(system.states)
    period, value = float(place.scalars[0]), float(place.scalars[1])
    extent = np.ptp(place.points[:, :n], axis=0)
    parts = zip(curve.curve.pattern.held, place.orbit.split(place.orbit.z), strict=True)
    rows = np.concatenate([x for held, (x, _) in parts if not held])[:, :n]
    speeds = [float(np.linalg.norm(equations.rates(np.append(x, value)) / extent)) for x in rows]
    slowest = rows[int(np.argmin(speeds))]
    z = np.append(slowest, value)
    for _ in range(MOST_STEPS):
        step = np.linalg.lstsq(equations.matrix(z)[:, :-1], equations.rates(z), rcond=None)[0]
        z[:-1] -= step
        if not np.abs(step / extent).max() >= SETTLED * 1e2:
            break
    else:
        z[:] = np.nan  # there is no equilibrium
    near = np.isfinite(z).all() and bool((np.abs(z[:-1] - slowest) < NEAR_SADDLE * extent).all())
    about = f"at {name} = {number(value, 10)}, period {number(period)}"
    if near and equations.eigenvalues(z).real.max() < 0.0:
        end = _touching(system, equations, curve, z)
        if end is not None:
            return end, _long(
                f"{about}: an equilibrium touches the threshold at {name} = {number(end.value, 10)} (boundary "
                "equilibrium); on the other side the orbit comes to rest below it."
            )
    if float(np.abs(equations.eigenvalues(np.append(slowest, value))).min()) * period < SLOW:
        scale = np.append(extent, 0.01 * (1.0 + abs(value)))
        fold, converged = equations.solve(np.append(slowest, value), scale, 0.0)
        still = float(np.abs(equations.rates(fold) / extent).max() + np.abs(equations.eigenvalues(fold)).min())
        if converged and (np.abs(fold[:-1] - slowest) < NEAR_FOLD * extent).all() and still * period < STILL:
            return End("snic", fold[:-1], float(fold[-1]), equations.eigenvalues(fold), True), _long(
                f"{about}: the orbit passes slowly where two equilibria vanish in a fold at {name} = "
                f"{number(float(fold[-1]), 10)} (saddle-node on an invariant circle, which a jump closes)."
            )
    if near and equations.eigenvalues(z).real.max() > 0.0:
        rates = equations.eigenvalues(z)
        return End("homoclinic", z[:-1], value, rates, True), _long(
            f"{about}: the orbit comes near the equilibrium {', '.join(number(v, 4) for v in z[:-1])} with eigenvalues "
            f"{', '.join(number(complex(v), 4) for v in rates[:4])}: a jump leads onto its stable manifold (homoclinic "
            "orbit through a jump)."
        )
    onto = landing(system, name, curve, place)
    if onto is not None:
        return onto, _long(
            f"{about}: at {name} = {number(onto.value, 10)} a jump leads onto the stable manifold of the saddle "
            f"{', '.join(number(v, 4) for v in onto.point)} (eigenvalues "
            f"{', '.join(number(complex(v), 4) for v in onto.eigenvalues[:4])}; homoclinic orbit through a jump). "
            "Beyond, the unstable manifold of the saddle comes back to it no more."
        )
    turns = max(curve.windings(place))
    if turns >= WINDING:
        return None, _long(
            f"{about}: the orbit winds {turns} times before it jumps: a jump leads onto an unstable cycle, or its "
            "stable manifold. Give longer longest_period= to go on."
        )
    return None, _long(f"{about}: the orbit becomes slow, but no equilibrium is near. Give longer longest_period=.")


def nearly_silent(system: System, name: str, curve: SpikingCurve, place: Place) -> bool:
    """Return whether the period of an orbit is about to grow without bound."""
    return silent_end(system, name, curve, place)[0] is not None or max(curve.windings(place)) >= WINDING


def _touching(system: System, equations: Equilibria, curve: SpikingCurve, z: Array) -> End | None:
    """Return the equilibrium on the threshold of a jump next to a given one, if there is one."""
    n, orbits = len(system.states), curve.curve
    sizes = np.append(orbits.sizes[:n], orbits.ranges[0])
    active = orbits.equations.active[0]
    for event in sorted(set(orbits.pattern.events)):
        if orbits.clocked.events[event][0] < 0:
            continue
        x = z.copy()
        for _ in range(MOST_STEPS):
            level, by_states, by_parameters = orbits.guard(event, x[:-1], active, float(x[-1]))
            if not abs(level) < AT_THRESHOLD * float(np.abs(by_states) @ sizes[:-1]):
                break
            square = np.vstack((equations.matrix(x), np.append(by_states, by_parameters)))
            change = np.linalg.lstsq(square * sizes, np.append(equations.rates(x), level), rcond=None)[0]
            x = x - sizes * change
            if np.abs(change).max() < SETTLED * 1e2:
                return End("boundary equilibrium", x[:-1], float(x[-1]), equations.eigenvalues(x), True)
    return None


def _long(message: str) -> Stop:
    return Stop(reason=LONG, message=message)
