"""Elementary functions of intervals, each as tight as its monotonicity allows.

Every function first encloses its value at a double (``_at_...``), from library functions that err by less than
`intervals.LIBRARY_ULPS` or by interval arithmetic, and then uses what is known of its shape: monotone functions need
the two ends, others their extrema as well. Domain violations (logarithm or root of something that may be negative)
give the whole line.
"""

from __future__ import annotations

import math

from dynana.numerics.compilation import compiled
from dynana.numerics.intervals import EPSILON, LIBRARY_ULPS, Interval, add, down, inv, mul, power, sqr, up, widened

#: Just below where exp overflows. Beyond it the value here is still a lower bound, which the largest number is not.
OVERFLOW = 709.78
#: Beyond this argument the positions of the extrema of sin and cos are no longer computed.
LARGE_ANGLE = 1e8
#: Relative error of x/pi, with room to spare, when the extrema of sin and cos between two angles are counted.
ANGLE_ERROR = 8.0 * EPSILON


@compiled
def _library(lower: float, upper: float) -> Interval:
    return widened(lower, upper, LIBRARY_ULPS)


@compiled
def exp(x: Interval) -> Interval:
    """Return an enclosure of the exponential, never negative."""
    low, high = _library(math.exp(min(x[0], OVERFLOW)), math.exp(x[1]) if x[1] < OVERFLOW else math.inf)
    return max(low, 0.0), high


@compiled
def expm1(x: Interval) -> Interval:
    """Return an enclosure of exp(x) - 1, never below -1."""
    low, high = _library(math.expm1(min(x[0], OVERFLOW)), math.expm1(x[1]) if x[1] < OVERFLOW else math.inf)
    return max(low, -1.0), high


@compiled
def log(x: Interval) -> Interval:
    """Return an enclosure of the natural logarithm; the whole line if ``x`` reaches below zero."""
    if x[0] < 0.0 or x[1] == 0.0:
        return -math.inf, math.inf
    return _library(math.log(x[0]) if x[0] > 0.0 else -math.inf, math.log(x[1]))


@compiled
def sqrt(x: Interval) -> Interval:
    """Return an enclosure of the square root; the whole line if ``x`` reaches below zero."""
    if x[0] < 0.0:
        return -math.inf, math.inf
    return max(down(math.sqrt(x[0])), 0.0), up(math.sqrt(x[1]))


@compiled
def real_power(x: Interval, y: Interval, shift: int) -> Interval:
    """Return an enclosure of ``x**(y + shift)``: exp((y + shift) log x), or the integer power if ``y`` is one integer.

    The shift stands apart because it is exact there: a sum of intervals is never one number.
    """
    if y[0] == y[1] and abs(y[0]) <= 64.0 and y[0] == math.floor(y[0]):
        return power(x, int(y[0]) + shift)
    if x[0] < 0.0:
        return -math.inf, math.inf
    return exp(mul(add(y, (float(shift), float(shift))) if shift else y, log(x)))


@compiled
def tanh(x: Interval) -> Interval:
    """Return an enclosure of the hyperbolic tangent, within [-1, 1]."""
    low, high = _library(math.tanh(x[0]), math.tanh(x[1]))
    return max(low, -1.0), min(high, 1.0)


@compiled
def sinh(x: Interval) -> Interval:
    """Return an enclosure of the hyperbolic sine."""
    return _library(
        math.sinh(min(x[0], OVERFLOW)) if x[0] > -OVERFLOW else -math.inf,
        math.sinh(max(x[1], -OVERFLOW)) if x[1] < OVERFLOW else math.inf,
    )


@compiled
def cosh(x: Interval) -> Interval:
    """Return an enclosure of the hyperbolic cosine, never below 1."""
    a, b = abs(x[0]), abs(x[1])
    near = 0.0 if x[0] <= 0.0 <= x[1] else min(a, b)
    far = max(a, b)
    low, high = _library(math.cosh(min(near, OVERFLOW)), math.cosh(far) if far < OVERFLOW else math.inf)
    return max(low, 1.0), high


@compiled
def arctan(x: Interval) -> Interval:
    """Return an enclosure of the inverse tangent."""
    return _library(math.atan(x[0]), math.atan(x[1]))


@compiled
def _wave(at_lower: float, at_upper: float, turns_lower: float, turns_upper: float) -> Interval:
    """Return the range of a cosine from its end values and the ends of its argument in units of pi."""
    slack = ANGLE_ERROR * (1.0 + max(abs(turns_lower), abs(turns_upper)))
    first, last = math.ceil(turns_lower - slack), math.floor(turns_upper + slack)
    low, high = _library(min(at_lower, at_upper), max(at_lower, at_upper))
    if last > first:
        return -1.0, 1.0
    if last == first and first % 2 == 0:
        high = 1.0
    if last == first and first % 2 != 0:
        low = -1.0
    return max(low, -1.0), min(high, 1.0)


@compiled
def cos(x: Interval) -> Interval:
    """Return an enclosure of the cosine."""
    if not (abs(x[0]) < LARGE_ANGLE and abs(x[1]) < LARGE_ANGLE):
        return -1.0, 1.0
    return _wave(math.cos(x[0]), math.cos(x[1]), x[0] / math.pi, x[1] / math.pi)


@compiled
def sin(x: Interval) -> Interval:
    """Return an enclosure of the sine."""
    if not (abs(x[0]) < LARGE_ANGLE and abs(x[1]) < LARGE_ANGLE):
        return -1.0, 1.0
    return _wave(math.sin(x[0]), math.sin(x[1]), x[0] / math.pi - 0.5, x[1] / math.pi - 0.5)


@compiled
def tan(x: Interval) -> Interval:
    """Return an enclosure of the tangent; the whole line if a pole may be in ``x``."""
    if not (abs(x[0]) < LARGE_ANGLE and abs(x[1]) < LARGE_ANGLE):
        return -math.inf, math.inf
    slack = ANGLE_ERROR * (1.0 + max(abs(x[0]), abs(x[1])))
    if math.ceil(x[0] / math.pi - 0.5 - slack) <= math.floor(x[1] / math.pi - 0.5 + slack):
        return -math.inf, math.inf
    return _library(math.tan(x[0]), math.tan(x[1]))


@compiled
def _at_logistic(x: float) -> Interval:
    e = exp((-abs(x), -abs(x)))
    y = inv(add((1.0, 1.0), e))
    return y if x >= 0.0 else mul(e, y)


@compiled
def logistic(x: Interval) -> Interval:
    """Return an enclosure of 1/(1 + exp(-x)), within [0, 1]."""
    return max(_at_logistic(x[0])[0], 0.0), min(_at_logistic(x[1])[1], 1.0)


@compiled
def _at_logistic_slope(x: float) -> Interval:
    e = exp((-abs(x), -abs(x)))
    return mul(e, inv(sqr(add((1.0, 1.0), e))))


@compiled
def logistic_slope(x: Interval) -> Interval:
    """Return an enclosure of the derivative of the logistic function: even, falling away from 1/4 at zero."""
    a, b = _at_logistic_slope(x[0]), _at_logistic_slope(x[1])
    high = 0.25 if x[0] <= 0.0 <= x[1] else min(max(a[1], b[1]), 0.25)
    return max(min(a[0], b[0]), 0.0), high


@compiled
def tanh_slope(x: Interval) -> Interval:
    """Return an enclosure of the derivative of tanh, within [0, 1]."""
    slope = logistic_slope((2.0 * x[0], 2.0 * x[1]))
    return 4.0 * slope[0], 4.0 * slope[1]
