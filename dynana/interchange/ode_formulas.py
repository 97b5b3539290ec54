"""Formulas of XPP files as expressions: sums, shifts, tables, noise, and what is refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.text_expressions import Expressions, Value
from dynana.definition.text_functions import XPP
from dynana.definition.text_meaning import Definition, Reading
from dynana.definition.text_numbers import Numbers
from dynana.definition.text_trees import NAME, NUMBER, Tree
from dynana.definition.tracing import exact, symbol
from dynana.errors import FormatError
from dynana.interchange.ode_tables import Lookup

INDEX = "i'"
"""The running index of ``sum(..)of(..)``."""

_REFUSED = {
    "delay": "delay(...) makes a delay equation, which cannot be integrated here.",
    "del_shft": "del_shft(...) makes a delay equation, which cannot be integrated here.",
    "poisson": "poisson(...) draws random numbers in every step, which has no limit for small steps.",
    "hom_bcs": "hom_bcs(...) belongs to boundary-value problems, which cannot be solved here.",
    "ishift": "ishift(...) has no counterpart here.",
    "set": "set(...) has no counterpart here.",
    **{n: f"the function {n} cannot be compiled here." for n in ("besselj", "bessely", "besseli")},
}
#: Most terms of one sum.
MOST_TERMS = 10_000


class Unsupported(FormatError):
    """A formula has something that is refused by name; a quantity that is only shown can be left out."""


class _Shared(Reading[Any]):
    """What expressions and numbers of XPP files have in common.

    Attributes
    ----------
    variables, constants : list of str
        XPPAUT's tables, in which ``shift`` counts.
    lookups : dict of str to Lookup
        Tables, worked out where first needed.
    """

    variables: list[str]
    constants: list[str]
    lookups: Mapping[str, Lookup]

    def constant(self, tree: Tree) -> float:
        """Return the value of a formula that must be a constant."""
        raise NotImplementedError

    def total(self, terms: list[Any], tree: Tree) -> Any:
        """Return the sum of some terms."""
        raise NotImplementedError

    def integer(self, number: int) -> Any:
        """Return a whole number as this reading has them."""
        raise NotImplementedError

    def special(self, tree: Tree) -> Any | None:
        """Return the meaning of sum, shift and tables; refuse what has no meaning here."""
        if tree.head in _REFUSED:
            raise Unsupported(_REFUSED[tree.head], line=self.line, column=tree.column)
        if tree.head == "sum":
            return self._sum(tree)
        if tree.head == "shift":
            return self._shift(tree)
        return None

    def _sum(self, tree: Tree) -> Any:
        if len(tree.arguments) != 3:
            self.fail("expected sum(low, high)of(formula).", tree)
        bounds = [self.constant(a) for a in tree.arguments[:2]]
        if not all(map(math.isfinite, bounds)) or bounds[1] - bounds[0] > MOST_TERMS:
            self.fail(f"the sum runs from {bounds[0]:g} to {bounds[1]:g}: at most {MOST_TERMS} terms.", tree)
        outermost = INDEX not in self.names
        terms = []
        for i in range(int(bounds[0]), int(bounds[1]) + 1):
            self.names[INDEX] = self.integer(i)
            terms.append(self.walk(tree.arguments[2]))
        if outermost:  # there is one index: what follows an inner sum reads where that ended, as in XPPAUT
            self.names.pop(INDEX, None)
        return self.total(terms, tree) if terms else self.integer(0)

    def _shift(self, tree: Tree) -> Any:
        if len(tree.arguments) != 2 or tree.arguments[0].kind != NAME:
            self.fail("expected shift(variable, number).", tree)
        name = tree.arguments[0].head
        amount = self.constant(tree.arguments[1])
        kind = self.variables if name in self.variables else self.constants
        if name not in kind:
            self.fail(f"shift needs a variable or a parameter, not {name!r}.", tree)
        place = kind.index(name) + int(amount) if math.isfinite(amount) else -1
        if not 0 <= place < len(kind):
            self.fail(f"shift({name}, {amount:g}) is no variable.", tree)
        return self.name(Tree(NAME, kind[place], column=tree.column))


class OdeNumbers(_Shared, Numbers):
    """Values of formulas of XPP files, with random numbers from a fixed seed."""

    def __init__(
        self,
        names: Mapping[str, Any],
        definitions: Mapping[str, Definition],
        tables: tuple[list[str], list[str], Mapping[str, Lookup]],
        length: int,
    ) -> None:
        super().__init__(names, definitions, XPP, length)
        self.variables, self.constants, self.lookups = tables
        self.random = np.random.default_rng(0)
        self.drew = False
        self.shape: tuple[int, ...] = ()

    def read(self, tree: Tree, line: int) -> Any:
        """Return the value of a formula; quantities are worked out anew, for states may have changed."""
        for name in self.definitions:
            self.names.pop(name, None)
        return super().read(tree, line)

    def constant(self, tree: Tree) -> float:
        """Return the value of a formula that must be a constant."""
        value = np.asarray(self.walk(tree))
        if value.ndim:
            self.fail("expected a constant.", tree)
        return float(value)

    def total(self, terms: list[Any], tree: Tree) -> Any:
        """Return the sum of some numbers."""
        return sum(terms)

    def integer(self, number: int) -> float:
        """Return a whole number."""
        return float(number)

    def special(self, tree: Tree) -> Any | None:
        """Return the value of a table or a random number, besides what all readings know."""
        if tree.head in self.lookups and len(tree.arguments) == 1:
            return self.lookups[tree.head].values(self.walk(tree.arguments[0]))
        if tree.head == "ran" and len(tree.arguments) == 1:
            self.drew = True
            return self.walk(tree.arguments[0]) * self.random.random(self.shape)
        if tree.head == "normal" and len(tree.arguments) == 2:
            self.drew = True
            mean, deviation = (self.walk(a) for a in tree.arguments)
            return mean + deviation * self.random.standard_normal(self.shape)
        return super().special(tree)


class OdeExpressions(_Shared, Expressions):
    """Sympy expressions of formulas of XPP files.

    Attributes
    ----------
    draws : dict of sympy.Symbol to int
        The symbols that stand for standard normal numbers drawn in every step, and their line.
    """

    def __init__(
        self,
        names: Mapping[str, Value],
        definitions: Mapping[str, Definition],
        tables: tuple[list[str], list[str], Mapping[str, Lookup]],
        length: int,
    ) -> None:
        super().__init__(names, definitions, XPP, length)
        self.variables, self.constants, self.lookups = tables
        self.draws: dict[sp.Symbol, int] = {}

    def constant(self, tree: Tree) -> float:
        """Return the value of a formula that must be a constant."""
        number: float | None = self.walk(tree).number
        if number is None:
            raise Unsupported(
                f"{str(tree)[:60]} is not constant: bounds of sums and shifts must be.",
                line=self.line,
                column=tree.column,
            )
        return number

    def total(self, terms: list[Value], tree: Tree) -> Value:
        """Return the sum of some expressions."""
        return self.operator(Tree("call", "+", column=tree.column), terms)

    def integer(self, number: int) -> Value:
        """Return a whole number."""
        return Value(sp.Integer(number), float(number))

    def special(self, tree: Tree) -> Value | None:
        """Return a table or a random number, besides what all readings know."""
        if tree.head in self.lookups and len(tree.arguments) == 1:
            x = self.walk(tree.arguments[0])
            if x.number is not None:
                number = float(self.lookups[tree.head].values(x.number))
                return Value(exact(number), number)
            if x.expr.has(sp.Piecewise):
                raise Unsupported(
                    "a table of a choice (if, heav) or of a table cannot be written out.",
                    line=self.line,
                    column=tree.column,
                )
            self.spend(10 * self.lookups[tree.head].points[0].size, tree)
            return self._made(tree, self.lookups[tree.head].expression(x.expr), None)
        if tree.head == "ran" and len(tree.arguments) == 1:
            half, spread = sp.Rational(1, 2), 1 / sp.sqrt(12)  # mean and deviation of a uniform number
            return self._made(tree, self.walk(tree.arguments[0]).expr * (half + spread * self._draw()), None)
        if tree.head == "normal" and len(tree.arguments) == 2:
            mean, deviation = (self.walk(a).expr for a in tree.arguments)
            return self._made(tree, mean + deviation * self._draw(), None)
        if tree.head == "mod" and len(tree.arguments) == 2:
            divisor = tree.arguments[1]
            if divisor.head == "neg" and divisor.arguments[0].kind == NUMBER:
                self.fail("the divisor of mod is negative; XPPAUT's remainder is one for positive divisors only.", tree)
        made: Value | None = super().special(tree)
        return made

    def _draw(self) -> sp.Symbol:
        drawn = symbol(f"draw'{len(self.draws)}")  # no user's name has a prime
        self.draws[drawn] = self.line
        return drawn
