"""Period doublings of orbits with jumps: the doubled orbits that begin there, and where they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_legs import Mark, nearby_root
from dynana.analysis.cycle_places import DOUBLING, Place
from dynana.analysis.forcing import Forcing
from dynana.analysis.spiking_beginnings import half_orbit
from dynana.analysis.spiking_curve import SpikingCurve
from dynana.analysis.spiking_orbits import SpikingOrbits
from dynana.analysis.spiking_starts import curve_of
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.numerics.collocation_orbit import Orbit
from dynana.results.cycle import Cycle

Array = NDArray[np.float64]

#: Amplitude of the first doubled orbit, relative to the extent of the single one; a smaller one is tried so many times,
#: each a quarter of the one before.
SIDEWAYS, ATTEMPTS = 0.01, 5
#: Step to the second of the two orbits with which a period doubling is looked for.
FIRST_SECANT = 1e-3
#: Difference of the periods of the orbit found and of half the doubled one, relative to them.
SAME_PERIOD = 0.05


def doubled_beside(
    system: System, free: Sequence[str], cycle: Cycle, ranges: Array, forcing: Forcing | None = None
) -> tuple[SpikingCurve, Place]:
    """Return an orbit of two turns beside a period doubling, and its curve, which points away from it."""
    single, orbit = curve_of(system, free, cycle, ranges, forcing, keeps_period=len(free) == 2)
    return two_turns(SpikingCurve, single, orbit)


def two_turns(kind: type[SpikingCurve], single: SpikingOrbits, orbit: Orbit) -> tuple[SpikingCurve, Place]:
    """Return an orbit of two turns beside the orbit of one turn at a period doubling, and its curve of that kind."""
    system = single.system
    gain = None if single.gain is None else single.gain.turns(2)
    curve = single.patterned(single.pattern.doubled, gain)
    found = single.settle(orbit, adaptations=0).point
    if found is None:
        raise ConvergenceError(f"{system.name}: the orbit at the period doubling is not found again")
    parts = []
    for values in (found.z, found.tangent):  # two turns: at the crossing of two curves Newton's method is singular
        points, scalars = values[: found.scalars_at], values[found.scalars_at :]
        durations, parameters = scalars[: found.segments], scalars[found.segments :]
        parts.append([points.copy(), points.copy(), durations, durations, parameters])
    if gain is not None:
        parts[0][1].reshape(-1, found.n)[:, single.shown] += float(single.lasting(found).sum())
    z, tangent = (np.concatenate(part) for part in parts)
    counts, widths = np.tile(found.counts, 2), np.tile(found.widths, 2)
    there = curve.prepare(replace(found, z=z, tangent=tangent, counts=counts, widths=widths))
    direction = _antisymmetric(curve, there)
    size = float(np.abs(direction[: there.scalars_at].reshape(-1, there.n) / curve.sizes).max())
    places = kind(curve)
    for k in range(ATTEMPTS):
        a = SIDEWAYS * 0.25**k / size
        moved = replace(there, z=there.z + a * direction, tangent=direction.copy())
        beside = curve.advance(curve.prepare(moved), 0.0)
        if beside.point is not None:
            place = places.place(beside.point)
            if float(np.abs(place.asymmetry() / curve.sizes).max()) > 0.1 * SIDEWAYS * 0.25**k:
                return places, place
    raise ConvergenceError(f"{system.name}: no doubled orbit was found beside the period doubling")


def _antisymmetric(curve: SpikingOrbits, orbit: Orbit) -> Array:
    """Return the direction in which the two turns of an orbit part: the other curve through it, made antisymmetric."""
    v, at, half = curve.crossing(orbit), orbit.scalars_at, orbit.segments // 2
    for part, size in ((slice(0, at), at // 2), (slice(at, at + orbit.segments), half)):
        turns = v[part].reshape(2, size)
        v[part] = np.concatenate((turns[0] - turns[1], turns[1] - turns[0])) / 2.0
    v[at + orbit.segments :] = 0.0
    result: Array = v / np.sqrt(float(curve.metric * v @ v))
    return result


def halved(curve: SpikingCurve, place: Place) -> tuple[SpikingCurve, Mark] | None:
    """Return the period doubling at which the two turns of an orbit become one, and the curve of single turns."""
    if curve.curve.halves is None:
        return None
    single, guess = half_orbit(curve.curve, place.orbit)
    attempt = single.settle(guess)
    if attempt.point is None:
        return None
    places = type(curve)(single)
    found = nearby_root(places, single.prepare(attempt.point), DOUBLING, FIRST_SECANT)
    if found is None or not abs(2.0 * found.scalars[0] / place.scalars[0] - 1.0) < SAME_PERIOD:
        return None
    return places, Mark("period doubling", found, vectors={"tangent": found.orbit.tangent.copy()})
