"""The error function, the logarithm of the gamma function and its derivatives, for generated code."""

from __future__ import annotations

import math

import numpy as np

from dynana.numerics.compilation import compiled

#: Coefficients B_2k/(2k)! of the asymptotic series of the digamma function and its derivatives (DLMF 5.11.2, 5.15.9).
BERNOULLI = (
    1 / 6 / 2, -1 / 30 / 24, 1 / 42 / 720, -1 / 30 / 40320, 5 / 66 / 3628800, -691 / 2730 / 479001600,
    7 / 6 / 87178291200, -3617 / 510 / 20922789888000,
)  # fmt: skip
#: Where the series begins: 8 of its terms are exact to a double there, for derivatives up to the tenth.
SERIES_BEGIN = 16.0
#: Smallest argument: the recurrence below takes one step per unit.
SMALLEST = -1e6


@compiled
def erf(x):
    """Return the error function."""
    return math.erf(x)


@compiled
def erfc(x):
    """Return 1 - erf(x), without loss of digits at large x."""
    return math.erfc(x)


@compiled
def polygamma(order, x):
    """Return the derivative of given order (0 or more) of the digamma function; NaN at its poles and below -10^6."""
    if not x > SMALLEST or (x <= 0.0 and x == math.floor(x)):
        return math.nan
    sign = 1.0 if order % 2 else -1.0
    factorial = math.gamma(order + 1.0)
    total = 0.0
    while x < SERIES_BEGIN:  # psi(x) = psi(x + 1) - 1/x
        total += sign * factorial / x ** (order + 1)
        x += 1.0
    total += sign * factorial / (2.0 * x ** (order + 1))
    total += math.log(x) if order == 0 else sign * factorial / order / x**order
    for k in range(1, len(BERNOULLI) + 1):
        total += sign * BERNOULLI[k - 1] * math.gamma(2.0 * k + order) / x ** (2 * k + order)
    return total


@compiled
def lgamma0(x):
    """Return the logarithm of the absolute value of the gamma function; infinite at its poles."""
    return math.inf if x <= 0.0 and x == np.floor(x) else math.lgamma(x)


@compiled
def lgamma1(x):
    """Return the first derivative of `lgamma0`."""
    return polygamma(0, x)


@compiled
def lgamma2(x):
    """Return the second derivative of `lgamma0`."""
    return polygamma(1, x)


@compiled
def lgamma3(x):
    """Return the third derivative of `lgamma0`."""
    return polygamma(2, x)


@compiled
def lgamma4(x):
    """Return the fourth derivative of `lgamma0`."""
    return polygamma(3, x)


@compiled
def lgamma5(x):
    """Return the fifth derivative of `lgamma0`."""
    return polygamma(4, x)
