"""Formulas as sympy expressions, made by calling constructors, with bounds on everything that could run away.

Every part that is free of symbols carries its value as a float: constants that overflow, divide by zero or have no real
value are refused at once, and no constant grows more digits than it can use. Powers are bounded because sympy works
them out exactly. Comparisons are never given to sympy to decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from dynana.definition.text_conditions import OPPOSITE, all_of, any_of, as_steps, negated
from dynana.definition.text_functions import Primitive, choice, compare
from dynana.definition.text_meaning import LOGIC, Definition, Reading
from dynana.definition.text_trees import CALL, COMPARISONS, NUMBER, Tree
from dynana.definition.tracing import exact

#: Largest constant exponent; sympy multiplies exact constants out that often.
LARGEST_EXPONENT = 1000
#: Digits (in bits) of an exact constant, beyond which the nearest double takes its place.
CONSTANT_BITS = 256
#: Digits (in bits) of a factor in front of symbols.
FACTOR_BITS = 8192
#: Operations after which functions are no longer brought to sympy's normal form (``sin(-x)`` to ``-sin(x)``): that
#: takes a millisecond each time.
NORMALISED = 3_000
#: Operations in one expression after functions are written out.
LARGEST_EXPRESSION = 60_000
#: Branches of the choices inside one comparison, and its operations before they are told apart.
MOST_BRANCHES, LONGEST_CONDITION = 16, 300
#: Depth of an expression, for the recursions that sympy makes on it.
DEEPEST_EXPRESSION = 120

_AS_IT_IS = {"evaluate": False}
_INFINITE = (sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I)


class Value(NamedTuple):
    """An expression, and its value where it has no symbols."""

    expr: sp.Expr
    number: float | None


@lru_cache(maxsize=4096)
def literal(text: str) -> Value:
    """Return the exact value of a number as it is written, to the digits of a double."""
    number = float(text)
    if not math.isfinite(number):
        raise OverflowError(text)
    return Value(sp.Integer(int(text)) if text.isdigit() and len(text) < 16 else exact(number), number)


def value_of(expr: sp.Expr) -> Value:
    """Return an expression that is known to be harmless (a symbol, a number of ours) as a `Value`."""
    return Value(expr, float(expr) if expr.is_number else None)


class Expressions(Reading[Value]):
    """Sympy expressions of formulas."""

    def __init__(
        self,
        names: Mapping[str, Value],
        definitions: Mapping[str, Definition],
        primitives: Mapping[str, Primitive],
        length: int = 0,
    ) -> None:
        super().__init__(names, definitions, primitives, length)
        self._sizes: dict[sp.Basic, tuple[int, int]] = {}

    def call(self, tree: Tree) -> Value:
        """Return the meaning of an operator or a call."""
        try:
            return super().call(tree)
        except (TypeError, ValueError, ArithmeticError, RecursionError) as error:  # sympy's, on infinite parts
            self.fail(f"the formula cannot be made: {str(error)[:100]}.", tree)

    def number(self, tree: Tree) -> Value:
        """Return the exact number."""
        try:
            return literal(tree.head)
        except OverflowError:
            self.fail(f"the number {tree.head[:20]} is beyond the range of doubles.", tree)

    def operator(self, tree: Tree, arguments: list[Value]) -> Value:
        """Return a sum, product, power, ..."""
        parts = [a.expr for a in arguments]
        numbers = [a.number for a in arguments]
        if tree.head == "^":
            return self._power(tree, *arguments)
        if tree.head == "/":
            if numbers[0] == 0.0:
                self.fail("division by zero.", tree)
            return self._made(tree, 1 / parts[0], None if numbers[0] is None else 1.0 / numbers[0])
        if tree.head == "neg":
            return self._made(tree, -parts[0], None if numbers[0] is None else -numbers[0])
        known = [n for n in numbers if n is not None]
        if len(known) < len(numbers):
            return self._made(tree, sp.Add(*parts) if tree.head == "+" else sp.Mul(*parts), None)
        if tree.head == "+":
            return self._made(tree, sp.Add(*parts), sum(known))
        return self._made(tree, self._product(tree, arguments), math.prod(known))

    def primitive(self, tree: Tree, function: Primitive, arguments: list[Value]) -> Value:
        """Return a call of a function."""
        numbers = [a.number for a in arguments if a.number is not None]
        if len(numbers) < len(arguments):
            if tree.head in _STEPS:
                test = self._compared(tree, ">=", arguments[0], Value(sp.S.Zero, 0.0))
                return self._chosen(tree, test, Value(sp.S.One, 1.0), Value(sp.S.Zero, 0.0))
            if tree.head == "atan2" and any(a.expr.has(sp.Piecewise) for a in arguments):
                self.fail("atan2 of a choice (if, heav, ...) cannot be written out.", tree)
            options = {} if self.operations <= NORMALISED or not isinstance(function.symbolic, type) else _AS_IT_IS
            return self._made(tree, function.symbolic(*(a.expr for a in arguments), **options), None)
        with np.errstate(all="ignore"):
            number = float(function.numeric(*(np.float64(n) for n in numbers)))
        self._finite(tree, number)
        if tree.head in _DECIDED:
            return Value(exact(number), number)
        return self._made(tree, function.symbolic(*(a.expr for a in arguments)), number)

    def truth(self, tree: Tree) -> Value:
        """Return 1 where a condition holds and 0 elsewhere."""
        return self._chosen(tree, self.condition(tree), Value(sp.S.One, 1.0), Value(sp.S.Zero, 0.0))

    def choice(self, condition: Tree, a: Tree, b: Tree) -> Value:
        """Return a choice between two formulas."""
        test = self.condition(condition)
        if test in (sp.true, sp.false):
            return self.walk(a if test == sp.true else b)
        return self._chosen(condition, test, self.walk(a), self.walk(b))

    # -- conditions ----------------------------------------------------------------------------------------------------

    def condition(self, tree: Tree, holds: bool = True) -> Any:
        """Return the sympy condition that a formula holds (is not 0), or that it does not.

        Products and sums of conditions, as XPP files write them, become ``and`` and ``or``.
        """
        if tree.kind == CALL and tree.head in COMPARISONS:
            a, b = (self.walk(argument) for argument in tree.arguments)
            sign = tree.head if holds else OPPOSITE[tree.head]
            return self._compared(tree, sign, a, b)
        if tree.kind == CALL and tree.head == "not":
            return self.condition(tree.arguments[0], not holds)
        if tree.kind == CALL and (tree.head in ("and", "or") or self._logical(tree)):
            parts = [self.condition(a, holds) for a in tree.arguments]
            return all_of(parts) if (tree.head in ("and", "*")) == holds else any_of(parts)
        zero = Value(sp.S.Zero, 0.0)
        if tree.kind == CALL and tree.head in _STEPS and len(tree.arguments) == 1 and tree.head not in self.definitions:
            return self._compared(tree, ">=" if holds else "<", self.walk(tree.arguments[0]), zero)
        value = self.walk(tree)
        return self._compared(tree, "!=" if holds else "==", value, zero)

    def _logical(self, tree: Tree) -> bool:
        """Return whether a tree is a product of factors or a sum of terms that are conditions."""
        if tree.head not in ("*", "+") or tree.kind != CALL:
            return False
        return all(
            a.kind == CALL
            and (a.head in LOGIC or a.head in _STEPS or self._logical(a))
            or (a.kind == NUMBER and tree.head == "*")
            for a in tree.arguments
        )

    def _compared(self, tree: Tree, sign: str, a: Value, b: Value) -> Any:
        if a.number is not None and b.number is not None:
            return sp.true if _DECIDE[sign](a.number, b.number) else sp.false
        try:
            return self._without_choices(tree, sign, a.expr, b.expr, [MOST_BRANCHES])
        except _TooManyBranches:
            first, second = as_steps(a.expr), as_steps(b.expr)
        try:
            if first is None or second is None:
                raise _TooManyBranches
            return self._without_choices(tree, sign, first, second, [MOST_BRANCHES])
        except _TooManyBranches:
            self.fail("a condition depends on too many choices (if, min, ...) inside its formulas.", tree)

    def _without_choices(self, tree: Tree, sign: str, a: sp.Expr, b: sp.Expr, left: list[int]) -> Any:
        """Return a comparison in which no side is a choice: ``(c and first > b) or (not c and second > b)``.

        Sympy itself would write such conditions with if-then-else, in a time that grows exponentially.
        """
        choices = [p for p in a.atoms(sp.Piecewise) | b.atoms(sp.Piecewise) if len(p.atoms(sp.Piecewise)) == 1]
        if not choices:
            if a.is_Rational and b.is_Rational:
                return sp.true if _DECIDE[sign](float(a), float(b)) else sp.false
            return compare(sign, a, b)
        chosen = min(choices, key=sp.default_sort_key)
        parts: list[Any] = []
        before: list[Any] = []
        for value, test in chosen.args:
            left[0] -= 1
            if left[0] < 0 or self.size(tree, a)[0] + self.size(tree, b)[0] > LONGEST_CONDITION:
                raise _TooManyBranches
            put = {chosen: value}
            here = self._without_choices(tree, sign, a.xreplace(put), b.xreplace(put), left)
            parts.append(all_of([*before, test, here]))
            before.append(negated(test))
        return any_of(parts)

    def _chosen(self, tree: Tree, condition: Any, a: Value, b: Value) -> Value:
        if condition in (sp.true, sp.false):
            return a if condition == sp.true else b
        return a if a.expr == b.expr else self._made(tree, choice(condition, a.expr, b.expr), None)

    # -- bounds --------------------------------------------------------------------------------------------------------

    def _product(self, tree: Tree, arguments: list[Value]) -> sp.Expr:
        """Return a product of constants, rounded to doubles on the way where its digits grow."""
        total = Value(sp.S.One, 1.0)
        for factor in arguments:
            assert total.number is not None and factor.number is not None
            total = self._made(tree, total.expr * factor.expr, total.number * factor.number)
        return total.expr

    def _power(self, tree: Tree, base: Value, exponent: Value) -> Value:
        if exponent.number is not None and abs(exponent.number) > LARGEST_EXPONENT:
            self.fail(f"the exponent {exponent.number:g} is larger than {LARGEST_EXPONENT}.", tree)
        if base.number is not None and exponent.number is not None:
            with np.errstate(all="ignore"):
                number = float(np.power(np.float64(base.number), exponent.number))
            self._finite(tree, number)
            simple = exponent.expr.is_Rational and exponent.expr.q <= 6 and abs(exponent.expr.p) <= 64
            if not (simple and base.expr.is_Rational):
                return Value(exact(number), number)
            return self._made(tree, sp.Pow(base.expr, exponent.expr), number)
        if exponent.number is not None and exponent.expr.is_Rational:
            factor = abs(base.expr.as_coeff_Mul()[0])
            if factor != 1 and factor.is_Rational and abs(math.log10(factor) * exponent.number) > 300:
                self.fail("the power of a constant factor is beyond the range of doubles.", tree)
        return self._made(tree, sp.Pow(base.expr, exponent.expr), None)

    def _made(self, tree: Tree, expr: sp.Expr, number: float | None) -> Value:
        """Return a new expression, checked; ``number`` is its value if all of its parts have one."""
        if number is None and expr.is_number:  # symbols cancelled
            self.size(tree, expr)
            number = float(expr)
        if number is not None:
            self._finite(tree, number)
            if expr.is_Rational:
                if expr.p.bit_length() + expr.q.bit_length() > CONSTANT_BITS:
                    expr = exact(number)
            elif self.size(tree, expr)[0] > 20:
                expr = exact(number)
            return Value(expr, number)
        self._check_factors(tree, expr)
        self.size(tree, expr)
        return Value(expr, None)

    def _finite(self, tree: Tree, number: float) -> None:
        if not math.isfinite(number):
            what = "has no real value" if math.isnan(number) else "is infinite"
            self.fail(f"the constant {str(tree)[:60]} {what}.", tree)

    def _check_factors(self, tree: Tree, expr: sp.Expr) -> None:
        factor = expr.as_coeff_Mul()[0]
        if factor.is_Rational:
            bits = factor.p.bit_length(), factor.q.bit_length()
            if max(bits) > FACTOR_BITS or abs(bits[0] - bits[1]) > 1000:
                self.fail("a constant factor has too many digits or is beyond the range of doubles.", tree)
        for part in sp.Mul.make_args(expr):
            if isinstance(part, sp.Pow) and part.exp.is_number and abs(part.exp) > LARGEST_EXPONENT:
                self.fail(f"an exponent is larger than {LARGEST_EXPONENT}.", tree)

    def size(self, tree: Tree, expr: sp.Basic) -> tuple[int, int]:
        """Return the number of operations in an expression and its depth; refuse one that is too large."""
        found = self._sizes.get(expr)
        if found is None:
            if expr in _INFINITE:
                self.fail("the formula is infinite or has no real value.", tree)
            parts = [self.size(tree, a) for a in expr.args]
            found = 1 + sum(n for n, _ in parts), 1 + max((d for _, d in parts), default=0)
            self._sizes[expr] = found
        if found[0] > LARGEST_EXPRESSION:
            self.fail(f"a formula, written out, has more than {LARGEST_EXPRESSION} operations.", tree)
        if found[1] > DEEPEST_EXPRESSION:
            self.fail(f"a formula, written out, is nested more than {DEEPEST_EXPRESSION} deep.", tree)
        return found


class _TooManyBranches(Exception):
    """A comparison between choices cannot be told apart into comparisons without them."""


#: Functions that are conditions where a condition is expected.
_STEPS = ("heav", "heaviside")
#: Functions whose value for a constant is the number itself: sympy would search for it.
_DECIDED = {"abs", "absolute", "sign", "flr", "floor", "mod", "min", "max", "minimum", "maximum", "heav", "heaviside"}
_DECIDED |= {"asin", "acos", "atan2", "exprel"}
_DECIDE = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
    "==": float.__eq__,
    "!=": float.__ne__,
}
