"""What happens along a curve of bifurcations of cycles: test functions, and whether a located zero is what it seems.

Where one more multiplier becomes critical, it meets those that are critical along the whole curve, and together they
are sensitive to rounding: two that meet at 1 are known to half the digits only. The sum of their logarithms is not: it
is the logarithm of the newcomer, and changes sign where that crosses the unit circle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.orbit_places import Place, Test
from dynana.numerics.collocation_orbit import Spectrum

Array = NDArray[np.float64]

#: A multiplier is taken for critical within this distance. Defective ones, computed to eight digits, split by the
#: fourth root of their error where three or four meet.
CRITICAL = 0.03
#: At a cusp the tangent has no part along the parameters; this much of what it has beside the cusp is none.
NO_MOTION = 1e-3
#: Below this modulus of its logarithm a multiplier is small or large enough to be left out of test functions.
FARTHEST = 30.0

#: Multipliers at 1 (the trivial one included, where time does not enter) and at -1 along curves of each kind.
AT_ONE = {"fold of cycles": 2, "branch point of cycles": 2, "period doubling": 1, "torus": 1}
AT_MINUS_ONE = {"fold of cycles": 0, "branch point of cycles": 0, "period doubling": 1, "torus": 0}
#: What one more multiplier at 1 and at -1 makes of each kind.
ONE_MORE_AT_ONE = {
    "fold of cycles": "1:1", "branch point of cycles": "1:1", "period doubling": "fold-flip", "torus": "fold-torus",
}  # fmt: skip
ONE_MORE_AT_MINUS_ONE = {
    "fold of cycles": "fold-flip", "branch point of cycles": "fold-flip", "period doubling": "1:2",
    "torus": "flip-torus",
}  # fmt: skip
#: What a pair on the unit circle makes of them.
WITH_A_PAIR = {
    "fold of cycles": "fold-torus", "branch point of cycles": "fold-torus", "period doubling": "flip-torus",
}  # fmt: skip
#: Angles of multipliers at the strong resonances.
RESONANCES = {"1:1": 0.0, "1:2": math.pi, "1:3": 2.0 * math.pi / 3.0, "1:4": 0.5 * math.pi}


@dataclass(frozen=True, slots=True, eq=False)
class CyclePlace(Place):
    """A point on a curve of bifurcations of cycles: the cycle with its perturbation, and what test functions read.

    Attributes
    ----------
    spectrum : Spectrum
        Of the cycle.
    direction : ndarray, shape (2,)
        Part of the unit tangent along the free parameters, in units of their ranges.
    error : float
        Estimated discretisation error of the cycle.
    """

    spectrum: Spectrum
    direction: Array
    error: float


CycleTest = Test[CyclePlace]


def tests(kind: str, forced: bool, reference: CyclePlace) -> list[CycleTest]:
    """Return the test functions of a curve for one step.

    Parameters
    ----------
    kind : str
        Of the curve.
    forced : bool
        Whether time enters the equations.
    reference : CyclePlace
        Where the step begins.
    """
    at_one, at_minus_one = AT_ONE[kind] - int(forced), AT_MINUS_ONE[kind]
    turning = kind == "torus"
    found = [
        _newcomer(ONE_MORE_AT_ONE[kind], 1.0, at_one + 1, at_minus_one, turning),
        _newcomer(ONE_MORE_AT_MINUS_ONE[kind], -1.0, at_minus_one + 1, at_one, turning),
    ]
    if kind == "fold of cycles":
        found.append(_cusp(reference))
    if kind == "torus":
        found += [_resonance(name) for name in RESONANCES]
    else:
        found.append(_pair(WITH_A_PAIR[kind], at_one, at_minus_one))
    return found


def beyond_resonance(kind: str) -> str:
    """Return what a strong resonance at which a curve of torus points ends means for it."""
    return (
        f": beyond the {kind} resonance the multipliers are real, and the curve goes on as that of neutral saddles, "
        "which are no bifurcations."
    )


def _distances(spectrum: Spectrum, target: float) -> Array:
    """Return how far multipliers are from 1 or -1, by their logarithms."""
    phases = spectrum.phases if target > 0.0 else math.pi - np.abs(spectrum.phases)
    return np.hypot(spectrum.logarithms, phases)


def _newcomer(kind: str, target: float, count: int, opposite: int, turning: bool) -> CycleTest:
    """Return the test function of a multiplier that passes 1 or -1.

    Parameters
    ----------
    kind : str
        Of the point.
    target : float
        1 or -1.
    count : int
        Multipliers there, the newcomer included.
    opposite : int
        Multipliers that are always at -target.
    turning : bool
        Whether a pair is always on the unit circle.
    """

    def nearby(place: CyclePlace) -> Array:
        """Logarithms of the ``count`` multipliers nearest to the target, and their distances from it."""
        spectrum = place.spectrum
        others = np.argsort(_distances(spectrum, -target))[opposite:]
        if turning:
            angle = np.abs(np.abs(spectrum.phases[others]) - abs(float(place.orbit.parameters[2])))
            others = others[np.argsort(np.hypot(spectrum.logarithms[others], angle))[2:]]
        distances = _distances(spectrum, target)[others]
        nearest = np.argsort(distances)[:count]
        return np.stack((spectrum.logarithms[others][nearest], distances[nearest]))

    def value(place: CyclePlace) -> float:
        found = nearby(place)[0]
        if found.size < count:
            return math.nan
        return max(-FARTHEST, min(FARTHEST, float(found.sum())))

    def holds(before: CyclePlace, at: CyclePlace, after: CyclePlace) -> bool:
        return bool(nearby(at)[1].max() < CRITICAL)

    return Test(kind, value, holds)


def _pair(kind: str, at_one: int, at_minus_one: int) -> CycleTest:
    """Return the test function of a pair on the unit circle, beside those that are critical along the whole curve."""

    def pairs(place: CyclePlace) -> Array:
        phases, spectrum = place.spectrum.phases, place.spectrum
        turning = (phases > CRITICAL) & (phases < math.pi - CRITICAL)
        for target, count in ((1.0, at_one), (-1.0, at_minus_one)):  # errors may have split them
            turning[np.argsort(_distances(spectrum, target))[:count]] = False
        return np.asarray(spectrum.logarithms[turning])

    def value(place: CyclePlace) -> float:
        logarithms = pairs(place)
        return float(np.prod(np.tanh(logarithms))) if logarithms.size else math.nan

    def holds(before: CyclePlace, at: CyclePlace, after: CyclePlace) -> bool:
        logarithms = pairs(at)
        return logarithms.size > 0 and bool(np.abs(logarithms).min() < CRITICAL)

    return Test(kind, value, holds)


def _cusp(reference: CyclePlace) -> CycleTest:
    ahead = reference.direction

    def holds(before: CyclePlace, at: CyclePlace, after: CyclePlace) -> bool:
        beside = max(np.linalg.norm(before.direction), np.linalg.norm(after.direction))
        return bool(np.linalg.norm(at.direction) < NO_MOTION * beside)

    return Test("cusp of cycles", lambda place: float(place.direction @ ahead), holds)


def _resonance(kind: str) -> CycleTest:
    angle = RESONANCES[kind]
    ends = kind in ("1:1", "1:2")  # beyond these, the multipliers are real, and the cycle is a neutral saddle

    def value(place: CyclePlace) -> float:
        return math.remainder(place.orbit.parameters[2] - angle, 2.0 * math.pi)

    def holds(before: CyclePlace, at: CyclePlace, after: CyclePlace) -> bool:
        return abs(value(at)) < CRITICAL

    return Test(kind, value, holds, ends)
