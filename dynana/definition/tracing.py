"""The number proxies with which a model function is traced.

A model function runs once, on `Symbolic` numbers instead of floats. Each literal becomes an exact `sympy.Rational` the
moment it meets a symbol: sympy would otherwise split ``exp(-(V + 40.0)/10.0)`` into a rounded factor times
``exp(-0.1*V)``, after which the singular voltage is known to 1e-16 only and derivatives near it are noise.
What cannot be traced (``if``, ``and``, ``==``, ``math``, ``numpy``) raises at once and quotes the line.
"""

from __future__ import annotations

import linecache
import math
import numbers
import sys
from typing import Any, NoReturn

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.errors import ModelError

#: Time, wherever a model depends on it.
TIME = sp.Symbol("t", real=True)

_BRANCH = (
    "A model is traced once with symbols, so `if`, `and`, `or`, `not`, chained comparisons, min() and max() cannot "
    "see values. Use dn.where(condition, a, b), dn.both(...), dn.either(...), dn.minimum, dn.maximum."
)
_EQUALITY = (
    "Symbols have no value to compare. For a jump use `>` or `<` (it fires when the condition turns true); for a "
    "choice use dn.where(x > a, ...)."
)
_MATH = "Functions of `math` and `numpy` need numbers. Use dn.exp, dn.log, dn.sqrt, dn.tanh, ... instead."


def symbol(name: str) -> sp.Symbol:
    """Return the symbol of a state or parameter: real, and nothing more is assumed of it."""
    return sp.Symbol(name, real=True)


def free_name(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, and take it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def offending_line() -> str:
    """Return ``file:line: text`` of the innermost caller outside this package, for error messages."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("dynana.definition"):
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    return f"{file}:{line}: {linecache.getline(file, line).strip() or '(source not available)'}"


def _refuse(what: str, remedy: str) -> NoReturn:
    raise ModelError(f"{what} in a model:\n    {offending_line()}\n{remedy}")


def exact(number: Any) -> sp.Expr:
    """Return a Python or numpy number as the exact rational that its decimal form names.

    Raises
    ------
    ModelError
        If the number is not finite or not real.
    """
    if isinstance(number, numbers.Rational):  # int and Fraction
        return sp.Rational(int(number.numerator), int(number.denominator))
    if isinstance(number, numbers.Real) and math.isfinite(number):
        return sp.Rational(repr(float(number)))
    _refuse(f"the number {number!r}", "Only finite real numbers can stand in a model.")


def exact_expression(expression: sp.Expr) -> sp.Expr:
    """Return a sympy expression with every float in it replaced by the rational that its decimal form names."""
    floats = {number: exact(float(number)) for number in expression.atoms(sp.Float)}
    return expression.xreplace(floats) if floats else expression


def expression(value: Any) -> sp.Expr:
    """Return the sympy expression behind a proxy, a number or a sympy expression.

    Raises
    ------
    ModelError
        If the value is none of these; the message quotes the line.
    """
    if isinstance(value, Symbolic):
        return value.expr
    if isinstance(value, sp.Expr):
        return exact_expression(value)
    if isinstance(value, Condition | Boolean | bool):
        _refuse("a condition used as a number", "Write dn.where(condition, 1, 0).")
    if isinstance(value, numbers.Real):
        return exact(value)
    _refuse(f"{type(value).__name__} used as a number", "Expected a number or an expression of states and parameters.")


class Condition:
    """A comparison between symbolic numbers, or a combination of comparisons; it has no truth value."""

    __slots__ = ("expr",)
    __array_ufunc__ = None

    def __init__(self, expr: Boolean) -> None:
        self.expr = expr

    def __bool__(self) -> bool:
        _refuse("a condition used as a truth value", _BRANCH)

    def __and__(self, other: object) -> NoReturn:
        _refuse("`&` between conditions", "Write dn.both(a, b).")

    __rand__ = __and__

    def __or__(self, other: object) -> NoReturn:
        _refuse("`|` between conditions", "Write dn.either(a, b).")

    __ror__ = __or__

    def __repr__(self) -> str:
        return str(self.expr)


class Symbolic:
    """A number without a value: the proxy that stands for states, parameters and what is computed from them."""

    __slots__ = ("expr",)
    __array_ufunc__ = None  # numpy then refuses ufuncs instead of building object arrays

    def __init__(self, expr: sp.Expr) -> None:
        self.expr = expr

    def __repr__(self) -> str:
        return str(self.expr)

    def __hash__(self) -> int:
        return hash(self.expr)

    def __add__(self, other: Any) -> Symbolic:
        return Symbolic(self.expr + expression(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Symbolic:
        return Symbolic(self.expr - expression(other))

    def __rsub__(self, other: Any) -> Symbolic:
        return Symbolic(expression(other) - self.expr)

    def __mul__(self, other: Any) -> Symbolic:
        return Symbolic(self.expr * expression(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Symbolic:
        return _quotient(self.expr, expression(other))

    def __rtruediv__(self, other: Any) -> Symbolic:
        return _quotient(expression(other), self.expr)

    def __pow__(self, other: Any) -> Symbolic:
        return Symbolic(self.expr ** expression(other))

    def __rpow__(self, other: Any) -> Symbolic:
        return Symbolic(expression(other) ** self.expr)

    def __floordiv__(self, other: Any) -> Symbolic:
        return Symbolic(sp.floor(_quotient(self.expr, expression(other)).expr))

    def __mod__(self, other: Any) -> Symbolic:
        divisor = expression(other)
        return Symbolic(self.expr - divisor * sp.floor(_quotient(self.expr, divisor).expr))

    def __neg__(self) -> Symbolic:
        return Symbolic(-self.expr)

    def __pos__(self) -> Symbolic:
        return self

    def __abs__(self) -> Symbolic:
        return Symbolic(sp.Abs(self.expr))

    def __lt__(self, other: Any) -> Condition:
        return Condition(sp.StrictLessThan(self.expr, expression(other)))

    def __le__(self, other: Any) -> Condition:
        return Condition(sp.LessThan(self.expr, expression(other)))

    def __gt__(self, other: Any) -> Condition:
        return Condition(sp.StrictGreaterThan(self.expr, expression(other)))

    def __ge__(self, other: Any) -> Condition:
        return Condition(sp.GreaterThan(self.expr, expression(other)))

    def __eq__(self, other: object) -> bool:
        _refuse("`==`", _EQUALITY)

    def __ne__(self, other: object) -> bool:
        _refuse("`!=`", _EQUALITY)

    def __bool__(self) -> bool:
        _refuse("a symbol used as a truth value", _BRANCH)

    def __float__(self) -> float:
        _refuse("a symbol turned into a float", _MATH)

    def __int__(self) -> int:
        _refuse("a symbol turned into an int", _MATH)

    def __index__(self) -> int:
        _refuse("a symbol used as an index", "Write the terms out: a model has a fixed number of states.")

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("a symbol turned into a numpy array", _MATH)

    def __iter__(self) -> NoReturn:
        _refuse("iteration over a symbol", "A state is one number.")


def _quotient(numerator: sp.Expr, denominator: sp.Expr) -> Symbolic:
    if denominator is sp.S.Zero:  # not .is_zero, whose search through assumptions takes longer than all the rest
        _refuse("division by zero", "The denominator is identically zero.")
    return Symbolic(numerator / denominator)
