"""The elementary functions of generated code, under the names that the printer uses.

All take and return doubles, work alike in scalar code and in loops over cells, return NaN for NaN, and run in plain
Python with NUMBA_DISABLE_JIT=1.
"""

from __future__ import annotations

from math import nan

import numpy as np

from dynana.numerics.bernoulli import bern0, bern1, bern2, bern3, bern4, bern5
from dynana.numerics.compilation import compiled
from dynana.numerics.exponentials import cosh, exp, expm1, log, logistic, sinh, tanh
from dynana.numerics.gamma_functions import erf, erfc, lgamma0, lgamma1, lgamma2, lgamma3, lgamma4, lgamma5
from dynana.numerics.relative_exponentials import exprel0, exprel1, exprel2, exprel3, exprel4, exprel5

__all__ = [
    "absolute", "arctan", "bern0", "bern1", "bern2", "bern3", "bern4", "bern5", "cos", "cosh", "erf", "erfc", "exp",
    "expm1", "exprel0", "exprel1", "exprel2", "exprel3", "exprel4", "exprel5", "floor", "heaviside", "lgamma0",
    "lgamma1", "lgamma2", "lgamma3", "lgamma4", "lgamma5", "log", "logistic", "maximum", "minimum", "nan", "sign",
    "sin", "sinh", "sqrt", "tan", "tanh",
]  # fmt: skip


@compiled
def sqrt(x):
    """Return the square root; NaN below 0."""
    return np.sqrt(x)


@compiled
def sin(x):
    """Return the sine."""
    return np.sin(x)


@compiled
def cos(x):
    """Return the cosine."""
    return np.cos(x)


@compiled
def tan(x):
    """Return the tangent."""
    return np.tan(x)


@compiled
def arctan(x):
    """Return the inverse tangent."""
    return np.arctan(x)


@compiled
def floor(x):
    """Return the largest integer that is not above x, as a double."""
    return np.floor(x)


@compiled
def absolute(x):
    """Return the absolute value."""
    return abs(x)


@compiled
def sign(x):
    """Return -1, 0 or 1."""
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else x)


@compiled
def heaviside(x):
    """Return 1 for x >= 0 and 0 below."""
    return 1.0 if x >= 0.0 else (0.0 if x < 0.0 else x)


@compiled
def minimum(a, b):
    """Return the smaller of two numbers; NaN if one of them is."""
    return a if (a < b) | (a != a) else b


@compiled
def maximum(a, b):
    """Return the larger of two numbers; NaN if one of them is."""
    return a if (a > b) | (a != a) else b
