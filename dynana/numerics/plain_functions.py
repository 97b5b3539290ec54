"""The functions of generated code in plain Python, for numbers that are worked out once per run: nothing is compiled.

Names as in `dynana.numerics.elementary`; whatever is missing here is taken from there.
"""

from __future__ import annotations

import math
from math import atan as arctan
from math import cos, cosh, floor, nan, sin, sinh, tan, tanh
from typing import Any

from dynana.numerics.propagators import propagator

__all__ = ["absolute", "arctan", "cos", "cosh", "exp", "floor", "growth", "log", "logistic", "nan", "propagator", "sin"]
__all__ += ["sinh", "sqrt", "tan", "tanh"]

absolute = abs


def exp(x: float) -> float:
    """Return exp(x), infinity beyond the largest double."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def growth(x: float) -> float:
    """Return (exp(x) - 1)/x, and 1 at x = 0."""
    try:
        return math.expm1(x) / x if x != 0.0 else 1.0
    except OverflowError:
        return math.inf


def logistic(x: float) -> float:
    """Return 1/(1 + exp(-x))."""
    return 1.0 / (1.0 + exp(-x))


def log(x: float) -> float:
    """Return the natural logarithm: -inf at 0, NaN below."""
    return math.log(x) if x > 0.0 else (-math.inf if x == 0.0 else nan)


def sqrt(x: float) -> float:
    """Return the square root; NaN below 0."""
    return math.sqrt(x) if x >= 0.0 else nan


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # each import asks for __path__
        raise AttributeError(f"no function named {name!r}")
    from dynana.numerics import elementary

    return getattr(elementary, name)
