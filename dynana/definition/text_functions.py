"""The functions that formulas in text may call: what they make of sympy expressions, and their values.

This table is the whole list: a name that is not in it, nor defined in the text itself, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition import special

_ZERO, _ONE = sp.S.Zero, sp.S.One


@dataclass(frozen=True, slots=True)
class Primitive:
    """A function of formulas.

    Parameters
    ----------
    fewest, most : int
        How many arguments it takes.
    symbolic : callable
        Makes a sympy expression of sympy expressions.
    numeric : callable
        Makes numbers (floats or arrays) of numbers.
    """

    fewest: int
    most: int
    symbolic: Callable[..., sp.Expr]
    numeric: Callable[..., Any]


def choice(condition: Any, a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """Return ``a`` where the condition holds and ``b`` elsewhere, without sympy's search for a simpler form."""
    return sp.Piecewise((a, condition), (b, sp.true), evaluate=False)


def compare(sign: str, a: sp.Expr, b: sp.Expr) -> Any:
    """Return the comparison of two expressions, which sympy is not to decide: that can take seconds."""
    if sign == "==":
        return sp.And(compare("<=", a, b), compare(">=", a, b), evaluate=False)
    if sign == "!=":
        return sp.Or(compare("<", a, b), compare(">", a, b), evaluate=False)
    kind = {">": sp.StrictGreaterThan, ">=": sp.GreaterThan, "<": sp.StrictLessThan, "<=": sp.LessThan}[sign]
    return kind(a, b, evaluate=False)


def _sign(x: sp.Expr) -> sp.Expr:
    return choice(compare(">", x, _ZERO), _ONE, choice(compare("<", x, _ZERO), -_ONE, _ZERO))


def _arcsine(x: sp.Expr) -> sp.Expr:
    return 2 * sp.atan(x / (1 + sp.sqrt(1 - x**2)), evaluate=False)


def _arctangent2(y: sp.Expr, x: sp.Expr) -> sp.Expr:
    """The angle of the point (x, y) by arctangents of quotients that are finite where they are used."""
    axis = choice(compare("<", y, _ZERO), -sp.pi / 2, choice(compare(">", y, _ZERO), sp.pi / 2, _ZERO))
    turn = choice(compare("<", y, _ZERO), -sp.pi, sp.pi)
    left = choice(compare("<", x, _ZERO), sp.atan(y / x, evaluate=False) + turn, axis)
    return choice(compare(">", x, _ZERO), sp.atan(y / x, evaluate=False), left)


def _remainder(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return a - b * sp.floor(a / b)


def _smaller(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return a if a == b else special.minimum(a, b, evaluate=False)


def _larger(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return a if a == b else special.maximum(a, b, evaluate=False)


def _several(two: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def fold(*arguments: Any) -> Any:
        result = arguments[0]
        for argument in arguments[1:]:
            result = two(result, argument)
        return result

    return fold


def _exprel(x: Any) -> Any:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))


def _logistic(x: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))


def _each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda x: np.vectorize(function, otypes=[float])(x)


def _lgamma(x: float) -> float:
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


#: Functions of every dialect.
COMMON: dict[str, Primitive] = {
    "exp": Primitive(1, 1, sp.exp, np.exp),
    "ln": Primitive(1, 1, sp.log, np.log),
    "log": Primitive(1, 1, sp.log, np.log),
    "log10": Primitive(1, 1, lambda x: sp.log(x) / sp.log(10), np.log10),
    "sqrt": Primitive(1, 1, sp.sqrt, np.sqrt),
    "sin": Primitive(1, 1, sp.sin, np.sin),
    "cos": Primitive(1, 1, sp.cos, np.cos),
    "tan": Primitive(1, 1, sp.tan, np.tan),
    "asin": Primitive(1, 1, _arcsine, np.arcsin),
    "acos": Primitive(1, 1, lambda x: sp.pi / 2 - _arcsine(x), np.arccos),
    "atan": Primitive(1, 1, sp.atan, np.arctan),
    "atan2": Primitive(2, 2, _arctangent2, np.arctan2),
    "sinh": Primitive(1, 1, sp.sinh, np.sinh),
    "cosh": Primitive(1, 1, sp.cosh, np.cosh),
    "tanh": Primitive(1, 1, sp.tanh, np.tanh),
    "abs": Primitive(1, 1, sp.Abs, np.abs),
    "sign": Primitive(1, 1, sp.sign, np.sign),
    "mod": Primitive(2, 2, _remainder, lambda a, b: a - b * np.floor(a / b)),
    "erf": Primitive(1, 1, sp.erf, _each(math.erf)),
    "erfc": Primitive(1, 1, sp.erfc, _each(math.erfc)),
    "lgamma": Primitive(1, 1, lambda x: special.lgamma(x, _ZERO), _each(_lgamma)),
    "min": Primitive(2, 20, _several(_smaller), _several(np.minimum)),
    "max": Primitive(2, 20, _several(_larger), _several(np.maximum)),
}
#: Functions of model text, by the names that they have in `dynana`.
MODEL_TEXT: dict[str, Primitive] = COMMON | {
    "absolute": COMMON["abs"],
    "arctan": COMMON["atan"],
    "minimum": COMMON["min"],
    "maximum": COMMON["max"],
    "floor": Primitive(1, 1, sp.floor, np.floor),
    "heaviside": Primitive(
        1, 1, lambda x: choice(compare(">=", x, _ZERO), _ONE, _ZERO), lambda x: np.where(x >= 0, 1.0, 0.0)
    ),
    "sigmoid": Primitive(1, 1, special.logistic, _logistic),
    "exprel": Primitive(1, 1, lambda x: special.exprel(x, _ZERO), _exprel),
}
#: Functions of XPP files.
XPP: dict[str, Primitive] = COMMON | {
    "flr": MODEL_TEXT["floor"],
    "heav": MODEL_TEXT["heaviside"],
}
