"""Printing expressions, and their first derivatives, as straight-line interval code.

Every node of the expression is evaluated once. Derivatives are propagated from node to node (forward mode), which
keeps single occurrences single and needs no symbolic differentiation; each function has its own tight slope. Choices
(`where`) that jump have an unbounded slope while their condition is undecided, so that nothing is proved across a jump.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.definition import special
from dynana.errors import ModelError

ARITHMETIC = "dynana.numerics.intervals"
FUNCTIONS = "dynana.numerics.interval_functions"
RATES = "dynana.numerics.interval_rates"

#: sympy functions of one argument: the interval function of the value, and that of the derivative if there is one.
_UNARY: dict[type, tuple[str, str, str]] = {
    sp.exp: ("exp", FUNCTIONS, "exp"),
    sp.log: ("log", FUNCTIONS, "inv"),
    sp.sin: ("sin", FUNCTIONS, "cos"),
    sp.cos: ("cos", FUNCTIONS, ""),
    sp.tan: ("tan", FUNCTIONS, ""),
    sp.atan: ("arctan", FUNCTIONS, ""),
    sp.sinh: ("sinh", FUNCTIONS, "cosh"),
    sp.cosh: ("cosh", FUNCTIONS, "sinh"),
    sp.tanh: ("tanh", FUNCTIONS, "tanh_slope"),
    special.logistic: ("logistic", FUNCTIONS, "logistic_slope"),
    sp.Abs: ("absolute", ARITHMETIC, "abs_slope"),
    sp.sign: ("sign", ARITHMETIC, "sign_slope"),
    sp.floor: ("floor", ARITHMETIC, "floor_slope"),
}
_INDEXED = {special.bern: "bern", special.exprel: "exprel"}
#: Highest derivative of bern and exprel with an interval rule.
_HIGHEST = 5
_ONE, _MINUS_ONE = "(1.0, 1.0)", "(-1.0, -1.0)"


def enclosure(value: sp.Expr) -> tuple[float, float]:
    """Return the tightest pair of doubles around a constant expression (rationals exactly, others to 50 digits)."""
    exact = value if value.is_Rational else sp.Rational(value.evalf(50))
    nearest = float(exact)
    if not math.isfinite(nearest):
        raise ModelError(f"the constant {value} is beyond the range of doubles.")
    if value.is_Rational and sp.Rational(nearest) == exact:
        return nearest, nearest
    if not value.is_Rational:
        return math.nextafter(nearest, -math.inf), math.nextafter(nearest, math.inf)
    below = nearest if sp.Rational(nearest) < exact else math.nextafter(nearest, -math.inf)
    return below, math.nextafter(below, math.inf)


class IntervalPrinter:
    """Prints expressions of some symbols as interval code.

    Parameters
    ----------
    names : mapping of sympy.Symbol to str
        Code of the interval (a pair) of each symbol.
    definitions : mapping of sympy.Symbol to sympy.Expr, optional
        Symbols that stand for expressions (of symbols known or defined before); each is evaluated where first needed.
    """

    def __init__(self, names: Mapping[sp.Symbol, str], definitions: Mapping[sp.Symbol, sp.Expr] | None = None) -> None:
        self.lines: list[str] = []
        self.imports: dict[str, set[str]] = {}
        self._definitions = dict(definitions or {})
        self._values: dict[sp.Basic, str] = dict(names)
        self._slopes: dict[tuple[sp.Basic, sp.Symbol], str | None] = {}
        self._emitted: dict[str, str] = {}
        self._dependence: dict[sp.Basic, frozenset[sp.Symbol]] = {}

    # -- emission --------------------------------------------------------------------------------------------------

    def _call(self, name: str, *arguments: str, module: str = ARITHMETIC) -> str:
        """Emit one operation and return the name of its result; the same operation is emitted once."""
        self.imports.setdefault(module, set()).add(name)
        text = f"{name}({', '.join(arguments)})"
        if text not in self._emitted:
            self._emitted[text] = f"a{len(self._emitted)}"
            self.lines.append(f"{self._emitted[text]} = {text}")
        return self._emitted[text]

    def _sum(self, terms: list[str]) -> str:
        total = terms[0]
        for term in terms[1:]:
            total = self._call("add", total, term)
        return total

    def _times(self, *factors: str) -> str:
        """Return the product of intervals: ones are left out, and a change of sign is exact."""
        total = _ONE
        for factor in factors:
            if _ONE in (total, factor):
                total = factor if total == _ONE else total
            elif _MINUS_ONE in (total, factor):
                total = self._call("neg", factor if total == _MINUS_ONE else total)
            else:
                total = self._call("mul", total, factor)
        return total

    # -- values ----------------------------------------------------------------------------------------------------

    def value(self, e: sp.Basic) -> str:
        """Return code of the interval of an expression."""
        if e not in self._values:
            self._values[e] = self._compute(e)
        return self._values[e]

    def _compute(self, e: sp.Basic) -> str:
        if e in self._definitions:
            return self.value(self._definitions[e])
        if e.is_number:
            return _literal(e)
        if isinstance(e, sp.Add):
            return self._sum([self.value(a) for a in e.args])
        if isinstance(e, sp.Mul):
            return self._product(e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, sp.Piecewise):
            return self._choice(e, lambda branch: self.value(branch), "select")
        if type(e) in _INDEXED:
            return self._indexed(e, int(e.args[1]))
        if isinstance(e, special.minimum | special.maximum):
            return self._call(e.func.__name__, *(self.value(a) for a in e.args))
        if type(e) in _UNARY:
            name, module, _ = _UNARY[type(e)]
            return self._call(name, self.value(e.args[0]), module=module)
        raise ModelError(f"{e} has no interval rule, so that fixed points cannot be proved complete.")

    def _product(self, e: sp.Mul) -> str:
        above, below = _ONE, _ONE
        for factor in e.args:
            if isinstance(factor, sp.Pow) and factor.exp.is_Integer and factor.exp < 0:
                below = self._times(below, self.value(1 / factor))
            elif factor == -1:
                continue
            else:
                above = self._times(above, self.value(factor))
        if below != _ONE:
            above = self._call("inv", below) if above == _ONE else self._call("div", above, below)
        return self._call("neg", above) if -1 in e.args else above

    def _power(self, e: sp.Pow) -> str:
        base, exponent = self.value(e.base), e.exp
        if exponent.is_Integer:
            n = int(exponent)
            if n in (-1, 2):
                return self._call({-1: "inv", 2: "sqr"}[n], base)
            return self._call("power", base, str(n))
        if exponent.is_Rational and exponent.q == 2:
            root = self._call("sqrt", base, module=FUNCTIONS)
            return root if exponent.p == 1 else self._call("power", root, str(int(exponent.p)))
        shift, rest = exponent.as_coeff_Add()
        if not shift.is_Integer:
            shift, rest = sp.Integer(0), exponent
        return self._call("real_power", base, self.value(rest), str(int(shift)), module=FUNCTIONS)

    def _indexed(self, e: sp.Function, order: int) -> str:
        if order > _HIGHEST:
            raise ModelError(f"{e}: there is an interval rule up to derivative {_HIGHEST}.")
        return self._call(f"{_INDEXED[type(e)]}{order}", self.value(e.args[0]), module=RATES)

    def _choice(self, e: sp.Piecewise, code, select: str) -> str:  # type: ignore[no-untyped-def]
        cases = list(e.args)
        result = code(cases.pop().expr) if cases[-1].cond == sp.true else self._call("everything")
        for branch, condition in reversed(cases):
            result = self._call(select, self.condition(condition), code(branch), result)
        return result

    def condition(self, c: Boolean) -> str:
        """Return code of the three-valued truth of a condition."""
        if c in (sp.true, sp.false):
            return str(int(bool(c)))
        if isinstance(c, sp.Rel) and not isinstance(c, sp.Eq | sp.Ne):
            name = "less" if isinstance(c, sp.StrictLessThan | sp.StrictGreaterThan) else "less_equal"
            return self._call(name, self.value(c.lts), self.value(c.gts))
        if isinstance(c, sp.Not):
            return self._call("negation", self.condition(c.args[0]))
        if not isinstance(c, sp.And | sp.Or):
            raise ModelError(f"the condition {c} cannot be compiled: use > < >= <=, dn.both, dn.either.")
        parts = [self.condition(a) for a in c.args]
        total = parts[0]
        for part in parts[1:]:
            total = self._call("both" if isinstance(c, sp.And) else "either", total, part)
        return total

    # -- slopes ----------------------------------------------------------------------------------------------------

    def slope(self, e: sp.Expr, x: sp.Symbol) -> str | None:
        """Return code of an interval with every (generalised) derivative by ``x``; None for zero."""
        key = (e, x)
        if key not in self._slopes:
            self._slopes[key] = self._differentiate(e, x) if x in self._depends(e) else None
        return self._slopes[key]

    def _depends(self, e: sp.Basic) -> frozenset[sp.Symbol]:
        """Return the symbols an expression depends on, through definitions."""
        if e not in self._dependence:
            parts = [self._depends(self._definitions[s]) if s in self._definitions else {s} for s in e.free_symbols]
            self._dependence[e] = frozenset().union(*parts)
        return self._dependence[e]

    def _differentiate(self, e: sp.Expr, x: sp.Symbol) -> str | None:
        if e == x:
            return _ONE
        if e in self._definitions:
            return self.slope(self._definitions[e], x)
        if isinstance(e, sp.Add):
            return self._sum([s for a in e.args if (s := self.slope(a, x)) is not None])
        if isinstance(e, sp.Mul):
            return self._product_slope(e, x)
        if isinstance(e, sp.Pow):
            return self._power_slope(e, x)
        if isinstance(e, sp.Piecewise):
            return self._choice(
                e, lambda branch: self.slope(branch, x) or "(0.0, 0.0)", "select" if _continuous(e) else "select_slope"
            )
        if isinstance(e, special.minimum | special.maximum):
            order = e.args if isinstance(e, special.minimum) else e.args[::-1]
            test = self._call("less_equal", *(self.value(a) for a in order))
            return self._call("select", test, *(self.slope(a, x) or "(0.0, 0.0)" for a in e.args))
        inner = self.slope(e.args[0], x)
        return self._times(self._outer_slope(e), inner) if inner is not None else None

    def _product_slope(self, e: sp.Mul, x: sp.Symbol) -> str:
        terms = []
        for i, factor in enumerate(e.args):
            inner = self.slope(factor, x)
            if inner is not None:
                rest = sp.Mul(*e.args[:i], *e.args[i + 1 :])
                terms.append(self._times(self.value(rest), inner))
        return self._sum(terms)

    def _power_slope(self, e: sp.Pow, x: sp.Symbol) -> str:
        base, exponent = e.args
        terms = []
        inner = self.slope(base, x)
        if inner is not None:
            terms.append(self._times(self.value(exponent), self.value(base ** (exponent - 1)), inner))
        inner = self.slope(exponent, x)
        if inner is not None:
            terms.append(self._times(self.value(e), self.value(sp.log(base)), inner))
        return self._sum(terms)

    def _outer_slope(self, e: sp.Function) -> str:
        """Return the derivative of a function of one variable at its argument."""
        u = self.value(e.args[0])
        if type(e) in _INDEXED:
            return self._indexed(e, int(e.args[1]) + 1)
        if isinstance(e, sp.exp):
            return self.value(e)
        if isinstance(e, sp.cos):
            return self._call("neg", self._call("sin", u, module=FUNCTIONS))
        if isinstance(e, sp.tan):
            return self._call("add", _ONE, self._call("sqr", self.value(e)))
        if isinstance(e, sp.atan):
            return self._call("inv", self._call("add", _ONE, self._call("sqr", u)))
        _, module, slope = _UNARY[type(e)]
        return self._call(slope, u, module=ARITHMETIC if slope == "inv" else module)


def _literal(e: sp.Expr) -> str:
    low, high = enclosure(e)
    return f"({low!r}, {high!r})"


def _continuous(e: sp.Piecewise) -> bool:
    """Return whether a choice between two branches is provably continuous where its condition changes."""
    if len(e.args) != 2 or e.args[1].cond != sp.true or not isinstance(e.args[0].cond, sp.Rel):
        return False
    surface, gap = e.args[0].cond.lts - e.args[0].cond.gts, e.args[0].expr - e.args[1].expr
    for s in sorted(surface.free_symbols, key=str):
        slope = sp.diff(surface, s)
        if slope.is_number and slope != 0:
            root = s - surface / slope
            return bool(sp.expand(gap.xreplace({s: sp.expand(root)})) == 0)
    return False
