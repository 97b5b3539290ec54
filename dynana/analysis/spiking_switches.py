"""Across the kinks of jump maps: where the larger of two values changes, a curve of orbits has a corner."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dynana.analysis.cycle_legs import Mark
from dynana.analysis.cycle_places import Place
from dynana.analysis.spiking_beginnings import settled
from dynana.analysis.spiking_curve import SpikingCurve, curve_switches

#: Size of the function of a kink, relative to the states in it, below which a curve has come to its corner.
AT_CORNER = 1e-4
#: Secant steps that locate the corner.
SECANTS = 12
#: First steps beyond the corner, as parts of the range.
BEYOND = (1e-3, 1e-4, 1e-2)


def across(curve: SpikingCurve, last: Place, direction: float) -> tuple[Mark, Place, float] | None:
    """Return the corner that a curve has come to and an orbit beyond it; None if it has come to none.

    Parameters
    ----------
    curve : SpikingCurve
    last : Place
        From which no step was possible.
    direction : float
        In which the tangents were followed.

    Returns
    -------
    mark : Mark
        Of the corner.
    beyond : Place
    direction : float
        In which to go on from there.
    """
    texts = curve_switches(curve.curve).TEXTS
    sizes = float(np.abs(curve.curve.sizes).max())
    near = [k for k in range(len(texts)) if abs(curve.switching(k, last)) < AT_CORNER * sizes]
    for k in near:
        corner = _corner(curve, last, k)
        if corner is None:
            continue
        sign = math.copysign(1.0, curve.switching(k, last))
        ahead = math.copysign(1.0, direction * float(last.slopes[1]))
        for way in (ahead, -ahead):  # -ahead: the curve turns back in its corner
            for step in BEYOND:
                place = _at(curve, corner, float(corner.scalars[1]) + way * step * float(curve.curve.ranges[0]))
                if place is not None and curve.switching(k, place) * sign < 0.0:
                    vectors = {"tangent": corner.orbit.tangent.copy()}
                    return Mark("switching", corner, texts[k], vectors), place, way
    return None


def _at(curve: SpikingCurve, near: Place, value: float) -> Place | None:
    """Return the orbit at a value of the first parameter next to another one."""
    orbit = near.orbit
    z = orbit.z.copy()
    z[orbit.scalars_at + orbit.segments] = value
    return settled(curve, replace(orbit, z=z), orbit.segments)


def _corner(curve: SpikingCurve, last: Place, k: int) -> Place | None:
    """Return the orbit at which the function of a kink vanishes, by the secant method in the parameter."""
    places = [last]
    values = [float(last.scalars[1])]
    slope = float(last.slopes[1])
    step = 1e-6 * float(curve.curve.ranges[0]) * math.copysign(1.0, slope)
    levels = [curve.switching(k, last)]
    for _ in range(SECANTS):
        if levels[-1] == 0.0:
            break
        at = values[-1] - step if len(values) == 1 else _secant(values, levels)
        place = _at(curve, places[-1], at)
        if place is None:
            break
        places.append(place)
        values.append(at)
        levels.append(curve.switching(k, place))
        if abs(values[-1] - values[-2]) <= 1e-14 * (1.0 + abs(values[-1])):
            break
    best = int(np.argmin(np.abs(levels)))
    return places[best] if abs(levels[best]) <= 1e-6 * float(np.abs(curve.curve.sizes).max()) else None


def _secant(values: list[float], levels: list[float]) -> float:
    change = levels[-1] - levels[-2]
    return values[-1] if change == 0.0 else values[-1] - levels[-1] * (values[-1] - values[-2]) / change
