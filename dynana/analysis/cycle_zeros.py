"""Where zeros of test functions may be hidden between neighbours on a curve of cycles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from dynana.analysis.cycle_legs import Leg, Scalar
from dynana.analysis.cycle_places import DOUBLING, FOLD, TORUS, CycleCurve, Place

#: A test function that changes by more than this between neighbours is looked at between them.
LARGE_CHANGE = 0.6
#: Rounds of halving, and the part of a step below which nothing is halved any more.
ROUNDS, SHORTEST = 6, 1e-3


def is_quiet(leg: Leg, before: list[float] | None, slopes: list[float], after: list[float] | None) -> bool:
    """Return whether there is nothing to look for in a leg of one step: no zeros, and none that might hide.

    Parameters
    ----------
    leg : Leg
    before, slopes, after : list of float
        Slopes of the test functions in the step before, in the leg, and in the step after; None where there is none.
    """
    a, b = leg.places[0].tests, leg.places[1].tests
    if leg.turned or a[FOLD] * b[FOLD] < 0.0 or a[DOUBLING] * b[DOUBLING] < 0.0 or a[TORUS] * b[TORUS] < 0.0:
        return False
    h = abs(leg.steps[1] - leg.steps[0])
    return not _may_hide(a, b, slopes if before is None else before, slopes if after is None else after, h)


def look_closer(
    curve: CycleCurve, leg: Leg, before: list[float] | None, after: list[float] | None, extra: list[Scalar]
) -> None:
    """Add places to a leg where a test function may have two zeros between neighbours.

    That is where neither extrapolation from the left nor that from the right keeps the sign, where a function changes
    by much, and where it has a value at one of them only.

    Parameters
    ----------
    before, after : list of float, or None
        Slopes of the test functions in the steps before and after.
    extra : list of functions of a Place
        Further test functions.
    """
    shortest = SHORTEST * abs(leg.steps[-1])
    for _ in range(ROUNDS):
        wanted = _doubtful(leg, before, after, extra, shortest)
        if not wanted:
            break
        for i in reversed(wanted):
            leg.insert(curve, i, 0.5 * (leg.steps[i] + leg.steps[i + 1]))


def _doubtful(
    leg: Leg, before: list[float] | None, after: list[float] | None, extra: list[Scalar], shortest: float
) -> list[int]:
    """Return the numbers of the places after which a leg has to be looked at more closely."""
    values = [all_tests(place, extra) for place in leg.places]
    lengths = [abs(b - a) for a, b in pairwise(leg.steps)]
    slopes = [
        [(y - x) / h for x, y in zip(a, b, strict=True)] for (a, b), h in zip(pairwise(values), lengths, strict=True)
    ]
    lefts = [slopes[0] if before is None else before, *slopes[:-1]]
    rights = [*slopes[1:], slopes[-1] if after is None else after]
    return [
        i for i, h in enumerate(lengths) if h > shortest and _may_hide(values[i], values[i + 1], lefts[i], rights[i], h)
    ]


def _may_hide(a: Sequence[float], b: Sequence[float], left: Sequence[float], right: Sequence[float], h: float) -> bool:
    """Return whether functions with these values and slopes at both ends of a step may have two zeros in it."""
    if abs(b[DOUBLING] - a[DOUBLING]) > LARGE_CHANGE or abs(b[TORUS] - a[TORUS]) > LARGE_CHANGE:
        return True
    for x, y, before, after in zip(a, b, left, right, strict=True):
        if x * y > 0.0 and (x + before * h) * x < 0.0 and (y - after * h) * x < 0.0:
            return True
        if math.isfinite(x) != math.isfinite(y):
            return True
    return False


def all_tests(place: Place, extra: list[Scalar]) -> list[float]:
    """Return the test functions at a place: its four, and extra ones."""
    return [*place.tests, *(function(place) for function in extra)]


def slopes_between(a: Place, b: Place, step: float, extra: list[Scalar]) -> list[float]:
    """Return the slopes of the test functions in a step."""
    return [(y - x) / abs(step) for x, y in zip(all_tests(a, extra), all_tests(b, extra), strict=True)]
