"""Roots of a function of one variable between two points where it has opposite signs."""

from __future__ import annotations

from collections.abc import Callable

#: A bracket narrower than this fraction of the first one is not narrowed any further.
NARROWEST = 1e-13
#: Bisection alone needs 50 evaluations for this width; secants need about 8.
MOST_EVALUATIONS = 100


def bracketed_root(
    function: Callable[[float], float],
    low: float,
    high: float,
    at_low: float,
    at_high: float,
    *,
    narrowest: float = NARROWEST,
) -> float:
    """Return a root by Anderson and Bjorck's variant of regula falsi, safeguarded by bisection.

    Parameters
    ----------
    function : callable
    low, high : float
    at_low, at_high : float
        Values of the function there, of opposite sign or zero.
    narrowest : float, optional
        Fraction of the first bracket by which the last step moves at most.

    Returns
    -------
    float
        Where the function was evaluated last, unless a bound is the root.

    References
    ----------
    Anderson & Bjorck (1973), BIT 13:253-264.
    """
    if at_low == 0.0:
        return low
    if at_high == 0.0:
        return high
    width, smallest = abs(high - low), narrowest * abs(high - low)
    best = low if abs(at_low) < abs(at_high) else high
    for i in range(MOST_EVALUATIONS):
        if abs(high - low) <= smallest:
            break
        x = high - at_high * (high - low) / (at_high - at_low)
        if i % 4 == 3 and abs(high - low) > 0.5 * width:  # one end does not move: bisect
            x = 0.5 * (low + high)
        if i % 4 == 3:
            width = abs(high - low)
        if not min(low, high) < x < max(low, high):
            break
        best, value = x, function(x)
        if value == 0.0:
            break
        if (value > 0.0) == (at_high > 0.0):
            factor = 1.0 - value / at_high
            at_low *= factor if factor > 0.0 else 0.5
        else:
            low, at_low = high, at_high
        moved = abs(x - high)
        high, at_high = x, value
        if moved <= smallest:
            break
    return best
