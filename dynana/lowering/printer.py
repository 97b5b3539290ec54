"""Printing expressions as straight-line code of scalars.

Shared subexpressions become temporaries, integer powers become products, quotients are gathered so that each costs one
division. Every name in the code is ours; names of users appear in comments only. Functions are printed by the names
that `dynana.numerics.elementary` gives them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.definition import special
from dynana.errors import ModelError

#: sympy functions and the names of their kernels in `dynana.numerics.elementary`.
FUNCTIONS: dict[type, str] = {
    sp.exp: "exp",
    sp.log: "log",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.atan: "arctan",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.Abs: "absolute",
    sp.sign: "sign",
    sp.floor: "floor",
    sp.erf: "erf",
    sp.erfc: "erfc",
    special.logistic: "logistic",
    special.minimum: "minimum",
    special.maximum: "maximum",
}
_INDEXED = {special.bern: "bern", special.exprel: "exprel", special.lgamma: "lgamma"}
_COMPARE = {sp.StrictGreaterThan: ">", sp.GreaterThan: ">=", sp.StrictLessThan: "<", sp.LessThan: "<="}


class Printer:
    """Prints a set of expressions as one block of assignments.

    Parameters
    ----------
    names : mapping of sympy.Symbol to str
        Code for each symbol, such as ``y[0]``.
    """

    def __init__(self, names: Mapping[sp.Symbol, str]) -> None:
        self.names = names
        self.lines: list[str] = []
        self.functions: set[str] = set()
        self._code: dict[sp.Basic, str] = {}
        self._uses: Counter[sp.Basic] = Counter()
        self._singular: set[sp.Basic] = set()
        self._temporaries = 0

    def block(self, targets: Sequence[str], expressions: Sequence[sp.Basic]) -> list[str]:
        """Return the lines that assign each expression to its target."""
        for e in expressions:
            self._count(e)
        for target, e in zip(targets, expressions, strict=True):
            self.lines.append(f"{target} = {_bare(self.code(e))}")
        return self.lines

    def _count(self, e: sp.Basic) -> None:
        stack = [e]
        while stack:
            node = stack.pop()
            self._uses[node] += 1
            if self._uses[node] == 1:
                stack += node.args
                if type(node) in _INDEXED:
                    self._singular.add(node.args[0])

    def code(self, e: sp.Basic) -> str:
        """Return code for an expression, emitting temporaries for what is used more than once."""
        if e not in self._code:
            text = self._plain(e)
            if self._uses[e] > 1 and e.args and not e.is_number:
                text = self._temporary(text)
            self._code[e] = text
        return self._code[e]

    def _temporary(self, text: str) -> str:
        if text.isidentifier():
            return text
        name = f"a{self._temporaries}"
        self._temporaries += 1
        self.lines.append(f"{name} = {_bare(text)}")
        return name

    def _plain(self, e: sp.Basic) -> str:
        if isinstance(e, sp.Symbol):
            return self.names[e]
        if isinstance(e, Boolean):
            return self._condition(e)
        if e.is_number:
            return number(e)
        if isinstance(e, sp.Add):
            return self._shift(e) if all(a.as_coeff_Mul()[1].is_Atom for a in e.args) else self._sum(e)
        if isinstance(e, sp.Mul):
            return self._product(e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, sp.Piecewise):
            return self._piecewise(e)
        if type(e) in _INDEXED:
            argument, order = e.args
            return self._call(f"{_INDEXED[type(e)]}{int(order)}", [argument])
        if type(e) in FUNCTIONS:
            return self._call(FUNCTIONS[type(e)], e.args)
        raise ModelError(
            f"{e.func.__name__} cannot be compiled: {e}. Functions of dynana: {', '.join(FUNCTIONS.values())}."
        )

    def _call(self, name: str, arguments: Iterable[sp.Basic]) -> str:
        self.functions.add(name)
        return f"{name}({', '.join(_bare(self.code(a)) for a in arguments)})"

    def _sum(self, e: sp.Add) -> str:
        # Positive terms first, constants after variables: reads as one would write it, and costs no negation.
        terms = sorted(e.args, key=lambda a: (_negative(a), a.is_number))
        text = self._summand(terms[0], self.code(terms[0]))
        for term in terms[1:]:
            if _negative(term) and (term.is_number or self._uses[term] <= 1):
                text += f" - {self._summand(-term, self._factor(-term))}"
            else:
                text += f" + {self._summand(term, self.code(term))}"
        return f"({text})"

    def _shift(self, e: sp.Add) -> str:
        """Return code of a linear combination with its common factor outside.

        sympy turns (V + 65)/18 into V/18 + 65/18, where rounded numbers cancel; V + 65 is exact near its zero. If the
        number there is not a double, its rest is added where the zero is a removed singularity.
        """
        slopes = {abs(a.as_coeff_Mul()[0]) for a in e.args if not a.is_number}
        constant = sp.Add(*(a for a in e.args if a.is_number))
        if len(slopes) == 1 and constant.is_Rational:
            scale = slopes.pop()
            whole = sp.Add(*(a / scale for a in e.args))
        else:
            scale, whole = e.primitive()
            constant = sp.Integer(0)
        if _negative(whole):
            scale, whole = -scale, -whole
        rest = float(abs(constant / scale) - sp.Rational(float(abs(constant / scale)))) if e in self._singular else 0.0
        if rest == 0.0 and scale.is_Integer:
            return self._sum(e)
        text = self._sum(whole)
        if rest != 0.0:
            rest = math.copysign(rest, rest * float(constant / scale))
            text = f"({_bare(text)} {'-' if rest < 0 else '+'} {abs(rest)!r})"
        return text if scale == 1 else f"({number(scale)}*{text})"

    def _summand(self, e: sp.Expr, text: str) -> str:
        return _bare(text) if isinstance(e, sp.Mul | sp.Pow) else text

    def _factor(self, e: sp.Expr) -> str:
        """Return code of an expression that the counting pass has not seen (a term without its sign)."""
        return self._plain(e) if e not in self._code and self._uses[e] == 0 else self.code(e)

    def _product(self, e: sp.Mul) -> str:
        above: list[str] = []
        below: list[str] = []
        coefficient = sp.Integer(1)
        for factor in e.args:
            if factor.is_number:
                coefficient *= factor
            elif isinstance(factor, sp.Pow) and factor.exp.is_Integer and factor.exp < 0:
                below.append(self._repeated(factor.base, -int(factor.exp)))
            else:
                above.append(self.code(factor))
        sign = ""
        if coefficient == -1:
            sign = "-"
        elif coefficient != 1:
            above.insert(0, number(coefficient))
        text = "*".join(above) if above else "1.0"
        if below:
            text += f"/{below[0]}" if len(below) == 1 else f"/({'*'.join(below)})"
        return f"({sign}{text})"

    def _repeated(self, base: sp.Expr, exponent: int) -> str:
        """Return base**exponent as products of squarings, for exponent >= 1."""
        if exponent == 1:
            return self.code(base)
        root = self.code(base)
        powers = {1: root if root.isidentifier() or root.endswith("]") else self._temporary(root)}
        self._code[base] = powers[1]
        half, odd = divmod(exponent, 2)
        while half not in powers:
            powers[half] = self._repeated(base, half)
        square = powers[half] if powers[half].isidentifier() or half == 1 else self._temporary(powers[half])
        return f"({square}*{square}{'*' + powers[1] if odd else ''})"

    def _power(self, e: sp.Pow) -> str:
        base, exponent = e.args
        if exponent.is_Integer:
            text = self._repeated(base, abs(int(exponent)))
            return text if exponent > 0 else f"(1.0/{text})"
        if exponent.is_Rational and exponent.q == 2:
            self.functions.add("sqrt")
            root = f"sqrt({_bare(self.code(base))})"
            whole = (int(exponent.p) - 1) // 2
            if whole == 0:
                return root
            return (
                f"({root}*{self._repeated(base, whole)})" if whole > 0 else f"({root}/{self._repeated(base, -whole)})"
            )
        return f"({self.code(base)}**{self.code(exponent)})"

    def _piecewise(self, e: sp.Piecewise) -> str:
        *cases, (last, condition) = e.args
        text = self.code(last) if condition == sp.true else "nan"
        if condition != sp.true:
            cases.append((last, condition))
            self.functions.add("nan")
        for value, test in reversed(cases):
            text = f"({self.code(value)} if {self.code(test)} else {text})"
        return text

    def _condition(self, e: Boolean) -> str:
        if e in (sp.true, sp.false):
            return str(bool(e))
        if type(e) in _COMPARE:
            return f"({self.code(e.lhs)} {_COMPARE[type(e)]} {self.code(e.rhs)})"
        if isinstance(e, sp.And | sp.Or):
            return f"({(' & ' if isinstance(e, sp.And) else ' | ').join(self.code(a) for a in e.args)})"
        if isinstance(e, sp.Not):
            return f"(not {self.code(e.args[0])})"
        if isinstance(e, sp.ITE):
            test, yes, no = (self.code(a) for a in e.args)
            return f"({yes} if {test} else {no})"
        raise ModelError(f"the condition {e} cannot be compiled: use > < >= <=, dn.both, dn.either.")


def _negative(e: sp.Expr) -> bool:
    return bool(e.is_negative if e.is_number else e.could_extract_minus_sign())


def number(e: sp.Expr) -> str:
    """Return a constant expression as the nearest double, in parentheses if negative."""
    value = float(e) if e.is_Rational else float(e.evalf(30))
    text = repr(value)
    return f"({text})" if value < 0 else text


def _bare(text: str) -> str:
    """Return ``text`` without its outer pair of parentheses, if it has one."""
    if not text.startswith("("):
        return text
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:-1] if position == len(text) - 1 else text
    return text
