"""Sound interval arithmetic on pairs of doubles: the exact result always lies in the returned interval.

An interval is a tuple ``(lower, upper)`` with ``lower <= upper``; ``lower`` may be ``-inf`` and ``upper`` ``inf``, and
no interval is ever empty or NaN. Sums, products and quotients of IEEE doubles are correctly rounded, so one unit in
the last place outward encloses them. Library functions are assumed to err by less than `LIBRARY_ULPS` units in the
last place (the C libraries in use err by less than one or two); this is the only assumption. What is undefined
somewhere in the argument (a pole, the logarithm of a negative number) gives the whole line, which excludes nothing.

Nothing here may be compiled with ``fastmath``: it would remove the outward rounding.

Sources: Moore, Kearfott & Cloud, Introduction to Interval Analysis (2009); Neumaier, Interval Methods for Systems of
Equations (1990), chapter 1.
"""

from __future__ import annotations

import math

import numpy as np

from dynana.numerics.compilation import compiled

#: Spacing of doubles just above 1; ``|x| * EPSILON + SMALLEST`` is at least one unit in the last place of x.
EPSILON = 2.0**-52
#: The smallest positive double: the spacing of subnormal numbers.
SMALLEST = 5e-324
#: Assumed error bound of the C library's elementary functions, in units in the last place.
LIBRARY_ULPS = 4.0
#: The largest double: a lower bound that overflows upward is replaced by it.
LARGEST = 1.7976931348623157e308

Interval = tuple[float, float]


@compiled
def down(x: float) -> float:
    """Return a lower bound of every real number that rounds to ``x``; ``-inf`` for NaN."""
    if x == math.inf:
        return LARGEST
    r = x - (abs(x) * EPSILON + SMALLEST)
    return r if r == r else -math.inf


@compiled
def up(x: float) -> float:
    """Return an upper bound of every real number that rounds to ``x``; ``inf`` for NaN."""
    if x == -math.inf:
        return -LARGEST
    r = x + (abs(x) * EPSILON + SMALLEST)
    return r if r == r else math.inf


@compiled
def widened(lower: float, upper: float, ulps: float) -> Interval:
    """Return the interval with each end moved outward by at least ``ulps`` units in its last place."""
    a = LARGEST if lower == math.inf else lower - ulps * (abs(lower) * EPSILON + SMALLEST)
    b = -LARGEST if upper == -math.inf else upper + ulps * (abs(upper) * EPSILON + SMALLEST)
    return (a if a == a else -math.inf), (b if b == b else math.inf)


@compiled
def everything() -> Interval:
    """Return the whole real line."""
    return -math.inf, math.inf


@compiled
def is_bounded(x: Interval) -> bool:
    """Return whether both ends are finite."""
    return math.isfinite(x[0]) and math.isfinite(x[1])


@compiled
def hull(x: Interval, y: Interval) -> Interval:
    """Return the smallest interval that contains both."""
    return min(x[0], y[0]), max(x[1], y[1])


@compiled
def neg(x: Interval) -> Interval:
    """Return ``-x`` (exact)."""
    return -x[1], -x[0]


@compiled
def add(x: Interval, y: Interval) -> Interval:
    """Return an enclosure of ``x + y``."""
    lower = down(x[0] + y[0])
    return (max(lower, 0.0) if x[0] >= 0.0 and y[0] >= 0.0 else lower), up(x[1] + y[1])


@compiled
def sub(x: Interval, y: Interval) -> Interval:
    """Return an enclosure of ``x - y``."""
    return down(x[0] - y[1]), up(x[1] - y[0])


@compiled
def mul(x: Interval, y: Interval) -> Interval:
    """Return an enclosure of ``x * y``; the whole line if an infinite end meets a zero."""
    p, q, r, s = x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1]
    total = p + q + r + s
    if total != total:  # a NaN (0 * inf) or both infinities among the products; min and max would swallow a NaN
        return -math.inf, math.inf
    lower = down(min(min(p, q), min(r, s)))
    # keep the sign: a lower end of -5e-324 would put the product outside the domain of a square root
    return (max(lower, 0.0) if x[0] >= 0.0 and y[0] >= 0.0 else lower), up(max(max(p, q), max(r, s)))


@compiled
def inv(x: Interval) -> Interval:
    """Return an enclosure of ``1 / x``: one-sided if zero is an end of ``x``, the whole line if it is inside."""
    if x[0] > 0.0 or x[1] < 0.0:
        return down(1.0 / x[1]), up(1.0 / x[0])
    if x[0] == 0.0 and x[1] > 0.0:
        return down(1.0 / x[1]), math.inf
    if x[1] == 0.0 and x[0] < 0.0:
        return -math.inf, up(1.0 / x[0])
    return -math.inf, math.inf


@compiled
def div(x: Interval, y: Interval) -> Interval:
    """Return an enclosure of ``x / y``; the whole line if zero is inside ``y``."""
    if y[0] > 0.0 or y[1] < 0.0:
        p, q, r, s = x[0] / y[0], x[0] / y[1], x[1] / y[0], x[1] / y[1]
        total = p + q + r + s
        if total != total:
            return -math.inf, math.inf
        return down(min(min(p, q), min(r, s))), up(max(max(p, q), max(r, s)))
    return mul(x, inv(y))


@compiled
def sqr(x: Interval) -> Interval:
    """Return an enclosure of ``x**2``, never negative."""
    a, b = x
    if a >= 0.0:
        return max(0.0, down(a * a)), up(b * b)
    if b <= 0.0:
        return max(0.0, down(b * b)), up(a * a)
    return 0.0, up(max(a * a, b * b))


@compiled
def _product(x: float, n: int) -> float:
    result = 1.0
    while n > 0:
        if n & 1:
            result *= x
        x *= x
        n >>= 1
    return result


@compiled
def power(x: Interval, n: int) -> Interval:
    """Return an enclosure of ``x**n`` for an integer ``n``, tight also where ``x`` changes sign."""
    if n == 0:
        return 1.0, 1.0
    k = abs(n)
    # fewer than 2k rounded multiplications: the relative error stays below k units in the last place
    lower, upper = _product(x[0], k), _product(x[1], k)
    if k % 2 == 1 or x[0] >= 0.0:
        result = widened(lower, upper, 1.0 * k)
    elif x[1] <= 0.0:
        result = widened(upper, lower, 1.0 * k)
    else:
        result = widened(0.0, max(lower, upper), 1.0 * k)
    if k % 2 == 0 or x[0] >= 0.0:
        result = max(result[0], 0.0), result[1]
    return inv(result) if n < 0 else result


@compiled
def absolute(x: Interval) -> Interval:
    """Return ``|x|`` (exact)."""
    if x[0] >= 0.0:
        return x
    if x[1] <= 0.0:
        return -x[1], -x[0]
    return 0.0, max(-x[0], x[1])


@compiled
def minimum(x: Interval, y: Interval) -> Interval:
    """Return the range of the smaller of two numbers (exact)."""
    return min(x[0], y[0]), min(x[1], y[1])


@compiled
def maximum(x: Interval, y: Interval) -> Interval:
    """Return the range of the larger of two numbers (exact)."""
    return max(x[0], y[0]), max(x[1], y[1])


@compiled
def sign(x: Interval) -> Interval:
    """Return the range of -1, 0, 1 over ``x``; also the generalised derivative of ``|x|``."""
    lower = 1.0 if x[0] > 0.0 else (0.0 if x[0] == 0.0 else -1.0)
    upper = -1.0 if x[1] < 0.0 else (0.0 if x[1] == 0.0 else 1.0)
    return lower, upper


@compiled
def abs_slope(x: Interval) -> Interval:
    """Return the generalised derivative of ``|x|``: the whole of [-1, 1] as soon as zero is in ``x``."""
    return (1.0 if x[0] > 0.0 else -1.0), (-1.0 if x[1] < 0.0 else 1.0)


@compiled
def floor(x: Interval) -> Interval:
    """Return the range of the largest integer not above the number."""
    return np.floor(x[0]), np.floor(x[1])


@compiled
def floor_slope(x: Interval) -> Interval:
    """Return the derivative of ``floor``: 0 where it is constant, the whole line across a step."""
    if is_bounded(x) and np.floor(x[0]) == np.floor(x[1]):
        return 0.0, 0.0
    return -math.inf, math.inf


@compiled
def sign_slope(x: Interval) -> Interval:
    """Return the derivative of ``sign``: 0 away from zero, the whole line if zero is in ``x``."""
    if x[0] > 0.0 or x[1] < 0.0:
        return 0.0, 0.0
    return -math.inf, math.inf


# Relations are three-valued: 1 true everywhere, 0 false everywhere, -1 undecided.


@compiled
def less(x: Interval, y: Interval) -> int:
    """Decide ``x < y``."""
    if x[1] < y[0]:
        return 1
    return 0 if x[0] >= y[1] else -1


@compiled
def less_equal(x: Interval, y: Interval) -> int:
    """Decide ``x <= y``."""
    if x[1] <= y[0]:
        return 1
    return 0 if x[0] > y[1] else -1


@compiled
def both(p: int, q: int) -> int:
    """Return the conjunction of two three-valued truths."""
    if p == 0 or q == 0:
        return 0
    return 1 if p == 1 and q == 1 else -1


@compiled
def either(p: int, q: int) -> int:
    """Return the disjunction of two three-valued truths."""
    if p == 1 or q == 1:
        return 1
    return 0 if p == 0 and q == 0 else -1


@compiled
def negation(p: int) -> int:
    """Return the negation of a three-valued truth."""
    return p if p == -1 else 1 - p


@compiled
def select(condition: int, x: Interval, y: Interval) -> Interval:
    """Return ``x`` where the condition holds and ``y`` elsewhere; the hull of both while it is undecided."""
    if condition == 1:
        return x
    return y if condition == 0 else hull(x, y)


@compiled
def select_slope(condition: int, x: Interval, y: Interval) -> Interval:
    """Return the derivative of a choice that may be discontinuous: the whole line while undecided."""
    if condition == 1:
        return x
    return y if condition == 0 else everything()
