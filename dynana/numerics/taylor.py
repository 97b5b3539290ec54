"""Taylor coefficients of the elementary functions at a point, up to the order that normal forms need.

Coefficient k is the k-th derivative divided by k!. Functions that satisfy a differential equation get theirs from its
recursion, in a form in which no saturated tail is lost to cancellation (the derivative of tanh is 1/cosh^2 and not
1 - tanh^2); the functions that stand in for removed singularities have all their derivatives tabulated.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.bernoulli import bern0, bern1, bern2, bern3, bern4, bern5
from dynana.numerics.compilation import compiled
from dynana.numerics.exponentials import cosh, exp, log, logistic, sinh, tanh
from dynana.numerics.gamma_functions import erf, erfc, lgamma0, polygamma
from dynana.numerics.relative_exponentials import exprel0, exprel1, exprel2, exprel3, exprel4, exprel5

#: Functions by number; -10 (and anything below 0) stands for a constant real power.
EXP, LOG, SIN, COS, TAN, ARCTAN, SINH, COSH, TANH, LOGISTIC, ABSOLUTE, SIGN, FLOOR, BERN, EXPREL = range(15)
LGAMMA, ERF, ERFC = range(15, 18)

#: Highest derivative of `bern0` and `exprel0` that there is.
TABULATED = 5


@compiled
def _bern(x, order):
    """Return a derivative of x/(exp(x) - 1); NaN beyond the tabulated ones."""
    if order == 0:
        return bern0(x)
    if order == 1:
        return bern1(x)
    if order == 2:
        return bern2(x)
    if order == 3:
        return bern3(x)
    if order == 4:
        return bern4(x)
    return bern5(x) if order == 5 else np.nan


@compiled
def _exprel(x, order):
    """Return a derivative of (exp(x) - 1)/x; NaN beyond the tabulated ones."""
    if order == 0:
        return exprel0(x)
    if order == 1:
        return exprel1(x)
    if order == 2:
        return exprel2(x)
    if order == 3:
        return exprel3(x)
    if order == 4:
        return exprel4(x)
    return exprel5(x) if order == 5 else np.nan


@compiled
def _power(x, exponent, c):
    """Fill in x**exponent."""
    falling = 1.0
    for k in range(c.shape[0]):
        # a vanished factor: the derivative is 0 also where the power itself is infinite
        c[k] = falling * x ** (exponent - k) if falling != 0.0 else 0.0
        falling *= (exponent - k) / (k + 1.0)


@compiled
def _logarithm(x, c):
    """Fill in log(x)."""
    c[0] = log(x)
    power = -1.0
    for k in range(1, c.shape[0]):
        power /= -x
        c[k] = power / k


@compiled
def _pair(value, slope, sign, c):
    """Fill in f with f' = g and g' = sign f, from f and g."""
    factorial = 1.0
    for k in range(c.shape[0]):
        factorial *= max(k, 1)
        c[k] = value / factorial
        value, slope = slope, sign * value


@compiled
def _arctangent(x, c):
    """Fill in arctan(x), from (1 + x^2) f' = 1."""
    c[0] = np.arctan(x)
    for k in range(1, c.shape[0]):
        total = 1.0 if k == 1 else -2.0 * x * (k - 1) * c[k - 1]
        if k > 2:
            total -= (k - 2) * c[k - 2]
        c[k] = total / (k * (1.0 + x * x))


@compiled
def _quadratic(value, slope, sign, c):
    """Fill in f with f' = g and g' = 2 sign f g, from f and g: tan and tanh."""
    rates = np.empty(c.shape[0])
    c[0], rates[0] = value, slope
    for k in range(1, c.shape[0]):
        c[k] = rates[k - 1] / k
        total = 0.0
        for j in range(k):
            total += c[j] * rates[k - 1 - j]
        rates[k] = 2.0 * sign * total / k


@compiled
def _sigmoid(x, c):
    """Fill in f = 1/(1 + exp(-x)), from f' = f g with g = 1 - f."""
    other = np.empty(c.shape[0])
    c[0], other[0] = logistic(x), logistic(-x)
    for k in range(1, c.shape[0]):
        total = 0.0
        for j in range(k):
            total += c[j] * other[k - 1 - j]
        c[k] = total / k
        other[k] = -c[k]


@compiled
def _tabulated(function, x, order, c):
    """Fill in a derivative of one of the functions that stand in for removed singularities."""
    factorial = 1.0
    for k in range(c.shape[0]):
        factorial *= max(k, 1)
        c[k] = (_bern(x, order + k) if function == BERN else _exprel(x, order + k)) / factorial


@compiled
def _gamma(x, order, c):
    """Fill in a derivative of the logarithm of the gamma function."""
    factorial = 1.0
    for k in range(c.shape[0]):
        factorial *= max(k, 1)
        c[k] = (lgamma0(x) if order + k == 0 else polygamma(order + k - 1, x)) / factorial


@compiled
def _error(value, sign, x, c):
    """Fill in f with f' = 2 sign exp(-x^2)/sqrt(pi), from g' = -2 x g for g = f'."""
    rates = np.zeros(c.shape[0] + 1)
    c[0], rates[0] = value, sign * 2.0 / np.sqrt(np.pi) * exp(-x * x)
    for k in range(1, c.shape[0]):
        c[k] = rates[k - 1] / k
        rates[k] = -2.0 * (x * rates[k - 1] + (rates[k - 2] if k > 1 else 0.0)) / k


@compiled
def taylor(function, x, parameter, c):
    """Fill in the Taylor coefficients of a function.

    Parameters
    ----------
    function : int
        One of the numbers above; below 0, the power with the exponent ``parameter``.
    x : float
        The place of expansion.
    parameter : float
        The exponent of a power; the order of the derivative of BERN, EXPREL and LGAMMA.
    c : (order + 1,) array
        Receives the coefficients.
    """
    if function < 0:
        _power(x, parameter, c)
    elif function == EXP:
        _pair(exp(x), exp(x), 1.0, c)
    elif function == LOG:
        _logarithm(x, c)
    elif function == SIN:
        _pair(np.sin(x), np.cos(x), -1.0, c)
    elif function == COS:
        _pair(np.cos(x), -np.sin(x), -1.0, c)
    elif function == SINH:
        _pair(sinh(x), cosh(x), 1.0, c)
    elif function == COSH:
        _pair(cosh(x), sinh(x), 1.0, c)
    elif function == TAN:
        _quadratic(np.tan(x), 1.0 / np.cos(x) ** 2, 1.0, c)
    elif function == TANH:
        _quadratic(tanh(x), 1.0 / cosh(x) ** 2, -1.0, c)
    elif function == ARCTAN:
        _arctangent(x, c)
    elif function == LOGISTIC:
        _sigmoid(x, c)
    elif function == ERF:
        _error(erf(x), 1.0, x, c)
    elif function == ERFC:
        _error(erfc(x), -1.0, x, c)
    elif function == LGAMMA:
        _gamma(x, int(parameter), c)
    elif function == BERN or function == EXPREL:
        _tabulated(function, x, int(parameter), c)
    else:
        for k in range(c.shape[0]):
            c[k] = 0.0
        c[0] = abs(x) if function == ABSOLUTE else np.sign(x) if function == SIGN else np.floor(x)
        if function == ABSOLUTE and c.shape[0] > 1:
            c[1] = np.sign(x)
