"""Steps along a curve of cycles: looked at more closely where something may be hidden, special points located."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_places import DOUBLING, FOLD, MOST_INTERVALS, TORUS, UNITY, CycleCurve, Place, others
from dynana.numerics.bracketed_roots import NARROWEST, bracketed_root
from dynana.numerics.collocation_newton import LOGARITHM, SIGN
from dynana.numerics.collocation_orbit import Orbit

Array = NDArray[np.float64]

#: The parameter rests where its part of the tangent is below the first number, which is about what rounding leaves of
#: it next to homoclinic orbits; it moves again, for certain, where that is above the second.
NO_SIGN, CLEAR_SIGN = 1e-9, 1e-7
#: Distance of multipliers from where they should be at a located point: far more than they usually have, but next to
#: homoclinic orbits they change by 1e10 times what a parameter does. At a fold two of them are equal, so that they are
#: known to the square root of the precision only, and canards amplify rounding.
SIMPLE, DOUBLE = 0.02, 0.3
#: Part of the logarithm of a multiplier on both sides below which it has fallen towards the unit circle between them.
FALLEN = 0.75
#: Estimated error above which a special point is located again on a mesh with so many times the intervals.
FINE, FINER = 1e-6, 2.0
#: Steps of the secant method there, its first step, and the change of the step at which it ends.
SECANTS, NUDGE, SETTLED = 10, 1e-5, 1e-11
#: Last movement of a bifurcation, as a part of its step: convergence is superlinear, the error is about 1e-11 of it.
NARROW = 1e-7
#: Determinant, as a part of that at the ends of a step, so near a branch point that Newton's method may fail there.
SINGULAR = 1e-4
#: Part of a step by which it is looked beside such a place.
BESIDE = 1e-6
#: Relative distance from an asked value that the search for it leaves.
ROUNDING = 1e-13
#: Special points nearer than this part of a step are one: a curve that turns at a branch point has no fold there.
SAME_PLACE = 1e-4

Scalar = Callable[[Place], float]


@dataclass(frozen=True, eq=False)
class Mark:
    """A located special point.

    Attributes
    ----------
    kind : str
    place : Place
    name : str
        Of a label or test function.
    vectors : dict of str to ndarray
    """

    kind: str
    place: Place
    name: str = ""
    vectors: dict[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(eq=False)
class Leg:
    """A step of a curve.

    Attributes
    ----------
    base : Orbit
        From which it was taken.
    steps : list of float
        Signed distances from the base, the first one 0.
    places : list of Place
    turned : bool
        Whether the determinant changed its sign.
    """

    base: Orbit
    steps: list[float]
    places: list[Place]
    turned: bool

    def insert(self, curve: CycleCurve, i: int, step: float, *, resolved: bool = True) -> bool:
        """Compute a place between number i and the next; return whether that worked."""
        place = curve.at(self.base, step, resolved=resolved)
        if place is not None:
            self.steps.insert(i + 1, step)
            self.places.insert(i + 1, place)
        return place is not None


def rescale(curve: CycleCurve, leg: Leg) -> None:
    """Give the step of a leg the length that it has in the present scales, which may have changed since."""
    curve.curve.prepare(leg.base)
    leg.steps[-1] = curve.curve.place_of(leg.base, leg.places[-1].orbit)


def locate(curve: CycleCurve, leg: Leg) -> list[Mark]:
    """Find the bifurcations in a leg and put them among its places."""
    marks: list[tuple[float, Mark]] = []
    if leg.turned and (found := _branch_point(curve, leg)) is not None:
        marks.append(found)
    for i, (a, b) in enumerate(pairwise(list(leg.places))):
        for which in (FOLD, DOUBLING, TORUS):
            if not a.tests[which] * b.tests[which] < 0.0 or (which == FOLD and rests(a, b)):
                continue
            found = _located(curve, leg, i, which)
            if found is not None and not _known(leg, marks, found):
                marks.append(found)
    for step, mark in marks:
        put(leg, step, mark.place)
    return [mark for _, mark in sorted(marks, key=lambda entry: abs(entry[0]))]


def rests(*places: Place, limit: float = NO_SIGN) -> bool:
    """Return whether the parameter hardly changes at one of the places, so that it is not known which way."""
    for place in places:  # no generator: this is asked often
        if abs(place.tests[FOLD]) <= limit:
            return True
    return False


def hidden_fold(curve: CycleCurve, legs: list[Leg]) -> Mark | None:
    """Return the fold in a stretch of a curve where the parameter rests, and put it among the places.

    The parameter has turned on the way, but so slowly that its direction is lost in rounding, as in canards: the fold
    is where a multiplier passes 1, as far as that can be told.
    """
    best: tuple[float, Leg, float, Place] | None = None
    for leg in legs:
        for i, (a, b) in enumerate(pairwise(list(leg.places))):
            if not a.tests[UNITY] * b.tests[UNITY] < 0.0:
                continue
            if len(leg.places) == 2:
                rescale(curve, leg)
            found = root(curve, leg, i, i + 1, lambda p: float(p.tests[UNITY]))
            if found is None:
                continue
            distance = float(np.hypot(*others(found[1].spectrum, curve.forced)).min())
            if best is None or distance < best[0]:
                best = (distance, leg, *found)
    if best is None:
        return None
    _, leg, step, place = best
    put(leg, step, place)
    return Mark("fold of cycles", place, vectors={"tangent": place.orbit.tangent.copy()})


def _known(leg: Leg, marks: list[tuple[float, Mark]], found: tuple[float, Mark]) -> bool:
    """Return whether a fold is a branch point at which the curve turns."""
    near = SAME_PLACE * abs(leg.steps[-1])
    return found[1].kind == "fold of cycles" and any(abs(step - found[0]) <= near for step, _ in marks)


def put(leg: Leg, step: float, place: Place) -> None:
    """Put a place at a step among those of a leg."""
    i = int(np.searchsorted(np.abs(leg.steps), abs(step)))
    leg.steps.insert(i, step)
    leg.places.insert(i, place)


def root(
    curve: CycleCurve,
    leg: Leg,
    i: int,
    j: int,
    function: Scalar,
    *,
    resolved: bool = False,
    narrowest: float = NARROWEST,
    singular: float = 0.0,
) -> tuple[float, Place] | None:
    """Return the zero of a function of a Place between numbers i and j of a leg, and the place there.

    If Newton's method fails there, the nearest place if the function is not beyond ``singular``, else None.
    """
    latest: dict[float, Place | None] = {}
    nearest: tuple[float, float, Place] | None = None

    def value(step: float) -> float:
        nonlocal nearest
        latest.clear()
        at = latest[step] = curve.at(leg.base, step, resolved=resolved)
        if at is None and singular:
            at = curve.at(leg.base, step + BESIDE * leg.steps[-1])
        if at is None:
            return math.nan
        found = function(at)
        nearest = (abs(found), step, at) if nearest is None or abs(found) < nearest[0] else nearest
        return found

    low, high = leg.steps[i], leg.steps[j]
    step = bracketed_root(value, low, high, function(leg.places[i]), function(leg.places[j]), narrowest=narrowest)
    at = latest.get(step)
    if at is None:
        place = curve.at(leg.base, step, resolved=True)
        if place is None and nearest is not None and nearest[0] <= singular:
            return nearest[1], curve.at(nearest[2].orbit, 0.0, resolved=True) or nearest[2]  # with its factors
        return None if place is None else (step, place)
    return step, at if resolved else curve.place(at.orbit)  # its factors are there


def exact(place: Place, k: int, value: float) -> Place:
    """Return a place whose scalar number k has a value exactly, where rounding is all that is between them."""
    orbit = place.orbit
    at = orbit.scalars_at + orbit.segments - 1 + k
    own = k > 0 or float(place.scalars[0]) == float(orbit.z[at])  # periods may be sums of durations
    if not (own and 0.0 < abs(float(orbit.z[at]) - value) <= ROUNDING * abs(value)):
        return place
    z = orbit.z.copy()
    z[at] = value
    return replace(place, orbit=replace(orbit, z=z), samples=[])


def _located(curve: CycleCurve, leg: Leg, i: int, which: int) -> tuple[float, Mark] | None:
    """Return a bifurcation between two places; None if its multipliers are not what they should be."""
    found = root(curve, leg, i, i + 1, lambda p: float(p.tests[which]), narrowest=NARROW)
    if found is None:
        return None
    step, place = found
    place = polished(curve, place, which)
    logs, phases = others(place.spectrum, curve.forced)
    vectors: dict[str, Array] = {}
    if which == FOLD:
        kind = "fold of cycles"
        if not np.hypot(logs, phases).min() <= DOUBLE and not _turns(leg.places[i], leg.places[i + 1]):
            return None
    elif which == DOUBLING:
        kind = "period doubling"
        swept = _sweeps(curve, leg.places[i], place, leg.places[i + 1])
        doubled = doubling_vectors(curve, place, farthest=math.inf if swept else SIMPLE)
        if doubled is None:
            return None
        vectors |= doubled
    else:
        kind = "torus"
        turning = (phases > 0.0) & (phases < math.pi)
        if not turning.any() or not np.abs(logs[turning]).min() <= SIMPLE:
            return None  # two real multipliers whose product is 1: a neutral saddle
        angle = float(phases[turning][np.abs(logs[turning]).argmin()])
        vectors["angle"] = np.array([angle])
        if not curve.spiking:
            v = curve.curve.eigenfunction(place.orbit, complex(math.cos(angle), math.sin(angle)))
            vectors |= {"direction": v.real.copy(), "imaginary": v.imag.copy()}
    return step, Mark(kind, place, vectors=vectors | {"tangent": place.orbit.tangent.copy()})


def _turns(a: Place, b: Place) -> bool:
    """Return whether the parameter turns for certain between two places, while a multiplier passes 1.

    In canards the multiplier changes so fast that it is far from 1 at the nearest cycle that numbers can express.
    """
    return a.tests[UNITY] * b.tests[UNITY] < 0.0 and not rests(a, b, limit=CLEAR_SIGN)


def _sweeps(curve: CycleCurve, a: Place, at: Place, b: Place) -> bool:
    """Return whether a multiplier that is large on both sides falls towards the unit circle at a sign change between.

    It does in canards, likewise, while the sign of large multipliers that are lost in rounding changes at random.
    """
    beside, within = (
        [float(np.abs(others(p.spectrum, curve.forced)[0]).min()) for p in places] for places in ((a, b), (at,))
    )
    return within[0] <= FALLEN * min(beside)


def polished(curve: CycleCurve, place: Place, which: int) -> Place:
    """Return the zero of a test function near a place on a finer mesh, where its own is not good enough."""
    if place.error <= FINE or int(place.orbit.counts.max()) >= MOST_INTERVALS:
        return place
    base = curve.curve.prepare(curve.curve.adapt(place.orbit, FINER))
    # (without success the curve has to return to the place: its factors are used for what is asked next)
    return nearby_root(curve, base, which, NUDGE) or curve.at(place.orbit, 0.0, resolved=True) or place


def nearby_root(curve: CycleCurve, base: Orbit, which: int, first: float) -> Place | None:
    """Return the zero of a test function near an orbit by the secant method; None if it does not converge.

    Parameters
    ----------
    base : Orbit
        With its tangent.
    first : float
        Step to the second of the two cycles with which the method starts.
    """
    steps, values = [0.0, first], []
    for step in steps:
        at = curve.at(base, step)
        if at is None:
            return None
        values.append(float(at.tests[which]))
    largest = abs(values[0]) + abs(values[1])
    for _ in range(SECANTS):
        change = values[-1] * (steps[-1] - steps[-2]) / (values[-1] - values[-2]) if values[-1] != values[-2] else 0.0
        if not abs(change) > SETTLED:
            break
        at = curve.at(base, steps[-1] - change)
        if at is None or not abs(float(at.tests[which])) < largest:
            return None
        steps.append(steps[-1] - change)
        values.append(float(at.tests[which]))
    return curve.at(base, steps[int(np.argmin(np.abs(values)))], resolved=True)


def doubling_vectors(curve: CycleCurve, place: Place, farthest: float = SIMPLE) -> dict[str, Array] | None:
    """Return what a switch to the doubled branch starts from; None if no multiplier is -1, to a distance."""
    logs, phases = others(place.spectrum, curve.forced)
    if not np.hypot(logs, math.pi - np.abs(phases)).min() <= farthest:
        return None
    if curve.spiking:  # the doubled orbits are found without it
        return {"tangent": place.orbit.tangent.copy()}
    direction = np.real(_real(curve.curve.eigenfunction(place.orbit, -1.0)))
    return {"direction": direction, "tangent": place.orbit.tangent.copy()}


def _real(v: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Turn a real function with a common complex factor so that it is real."""
    largest = v.flat[int(np.abs(v).argmax())]
    return v * (largest.conjugate() / abs(largest))


def _branch_point(curve: CycleCurve, leg: Leg) -> tuple[float, Mark] | None:
    """Return the branch point in a leg in which the determinant changes its sign; None if the multipliers deny it."""

    def function(place: Place) -> float:
        sign, logarithm = place.orbit.report[[SIGN, LOGARITHM]]
        return float(sign * math.exp(min(logarithm - reference, 300.0)))

    places = [p for step in leg.steps if (p := curve.at(leg.base, step)) is not None]
    if len(places) < len(leg.steps):
        return None
    reference = float(max(p.orbit.report[LOGARITHM] for p in places))
    computed = Leg(leg.base, list(leg.steps), places, leg.turned)
    values = np.array([function(p) for p in places])
    change = np.flatnonzero(values[:-1] * values[1:] < 0.0)
    if change.size == 0:
        return None
    found = root(curve, computed, int(change[0]), int(change[0]) + 1, function, singular=SINGULAR)
    if found is None:
        return None
    step, place = found
    logs, phases = others(place.spectrum, curve.forced)
    if not np.hypot(logs, phases).min() <= DOUBLE:
        return None
    other = curve.curve.crossing(place.orbit)
    vectors = {"tangent": place.orbit.tangent.copy(), "branch_tangent": other}
    return step, Mark("branch point of cycles", place, vectors=vectors)
