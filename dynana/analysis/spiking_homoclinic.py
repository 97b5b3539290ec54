"""Where a jump leads onto the stable manifold of a saddle: the end of orbits with jumps whose period grows for ever.

Orbits come near the saddle along its weakly stable direction and may leave it long before they are close to it, so that
the end does not show in the orbits themselves. It is located by what happens to the branch of the unstable manifold
that leads to a jump: on one side it comes back to make the same jumps again, on the other it does not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_ends import MOST_STEPS, SETTLED, End, Equilibria
from dynana.analysis.cycle_places import Place
from dynana.analysis.spiking_curve import SpikingCurve
from dynana.definition.system import System
from dynana.errors import DynanaError

Array = NDArray[np.float64]

#: Distance from a saddle, relative to the extent of the orbit, at which its unstable manifold is a straight line.
BESIDE = 1e-6
#: Places on the orbit from which saddles are looked for.
STARTS = 40
#: First and last distance from the last orbit, relative to the range, at which the other side is looked for.
NEAREST, FARTHEST = 1e-9, 1e-2
#: Halvings between both sides, and longest time to come back, in turns.
HALVINGS, PATIENCE = 50, 4.0


def landing(system: System, name: str, curve: SpikingCurve, place: Place) -> End | None:
    """Return the saddle onto whose stable manifold a jump leads next to an orbit; None if that is not confirmed."""
    equations, points = Equilibria(system, name), place.points[:, : len(system.states)]
    value, low, high = float(place.scalars[1]), points.min(axis=0), points.max(axis=0)
    seen: list[Array] = []
    for row in points[:: max(1, len(points) // STARTS)]:
        z = _saddle(equations, row, value)
        if z is None or ((z[:-1] < low) | (z[:-1] > high)).any() or any(np.allclose(z, other) for other in seen):
            continue
        seen.append(z)
        found = _located(equations, curve, place, z[:-1])
        if found is not None:
            return found
    return None


def _located(equations: Equilibria, curve: SpikingCurve, place: Place, near: Array) -> End | None:
    """Return a saddle at the value up to which its unstable manifold comes back, if that is next to an orbit."""
    span, value = float(curve.curve.ranges[0]), float(place.scalars[1])
    extent = np.ptp(place.points[:, : near.size], axis=0)
    ahead = math.copysign(1.0, float(place.slopes[0] * place.slopes[1]))  # where the period grows
    if not _returns(equations, curve, place, near, extent, value):
        return None
    distance = NEAREST * span
    while distance <= FARTHEST * span and _returns(equations, curve, place, near, extent, value + ahead * distance):
        distance *= 10.0
    if distance > FARTHEST * span:
        return None
    low, high = value, value + ahead * distance
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if _returns(equations, curve, place, near, extent, middle):
            low = middle
        else:
            high = middle
    z = _saddle(equations, near, high)
    return None if z is None else End("homoclinic", z[:-1], high, equations.eigenvalues(z), True)


def _saddle(equations: Equilibria, near: Array, value: float) -> Array | None:
    """Return the equilibrium next to a state, with one unstable direction, and the value of the parameter."""
    z = np.append(near, value)
    for _ in range(MOST_STEPS):
        step = np.linalg.lstsq(equations.matrix(z)[:, :-1], equations.rates(z), rcond=None)[0]
        z[:-1] -= step
        if not np.abs(step / (1.0 + np.abs(z[:-1]))).max() >= SETTLED * 1e2:
            break
    else:
        return None
    rates = equations.eigenvalues(z) if np.isfinite(z).all() else np.empty(0)
    simple = rates.size and rates[0].real > 0.0 and rates[0].imag == 0.0 and bool((rates[1:].real < 0.0).all())
    return z if simple else None


def _returns(
    equations: Equilibria, curve: SpikingCurve, place: Place, near: Array, extent: Array, value: float
) -> bool:
    """Return whether the unstable manifold of the saddle makes the jumps of the orbit, and those once more."""
    z = _saddle(equations, near, value)
    if z is None:
        return False
    rates, vectors = np.linalg.eig(equations.matrix(z)[:, :-1])
    away = np.real(vectors[:, int(np.argmax(rates.real))])
    away = away / float(np.abs(away / extent).max())
    orbits, flights = curve.curve, curve.flights
    flights.p[:] = orbits.parameters(place.orbit)
    flights.p[orbits.equations.active[0]] = value
    jumps, longest = sum(bool(n) for n in orbits.names), PATIENCE * float(place.orbit.durations.sum())
    for sign in (1.0, -1.0):
        start, _ = flights.begin(-1, z[:-1] + sign * BESIDE * away)
        outcome, _, rows = flights.fly(start, (), -1, longest)
        if outcome < 0:
            continue
        after, _ = flights.after(outcome, rows[-1])
        try:
            flights.turn(after[: near.size], outcome, jumps, longest)
        except DynanaError:
            continue
        return True
    return False
