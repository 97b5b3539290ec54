"""Expressions as text in another language, by one writer for all of them.

What is used more than once becomes a named intermediate value, so that text grows like the expression and not like its
expansion. Brackets stand wherever languages disagree on precedence. The text evaluates, operation by operation, to the
same expression: sympy multiplies a number into a sum, so that a number never stands directly before or behind one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.definition import special
from dynana.errors import ModelError
from dynana.interchange.languages import Language
from dynana.interchange.written_out import ARGUMENT, logistic_by_exponential, sign_by_choice, written_out

#: How tightly a text holds together: sums, products, powers, and what needs no brackets.
SUM, PRODUCT, POWER, ATOM = range(4)
#: Operations that a shared expression must save to be worth a name of its own; a function counts as several.
WORTH_A_NAME, FUNCTION_COST = 4, 4

_COMPARE = {sp.StrictGreaterThan: ">", sp.GreaterThan: ">=", sp.StrictLessThan: "<", sp.LessThan: "<="}
_PRIMITIVES = (special.bern, special.exprel, special.lgamma)
_Text = tuple[str, int]


class Writer:
    """Writes expressions that may share parts.

    Parameters
    ----------
    language : Language
    names : mapping of sympy.Symbol to str
        How symbols are called in the language.
    subject : str
        Whose expressions these are, for messages.
    new_name : callable, optional
        Gives an unused name for an intermediate value; without it there are none.
    longest : int, optional
        Characters above which a part gets a name of its own, for languages that bound the length of a line.
    shared : bool
        Whether parts that are used more than once get names.
    constant : collection of sympy.Symbol
        Symbols that do not vary: a division by them does not count as one that may become infinite.
    """

    def __init__(
        self,
        language: Language,
        names: Mapping[sp.Symbol, str],
        subject: str,
        new_name: Callable[[], str] | None = None,
        longest: int | None = None,
        *,
        shared: bool = True,
        constant: Collection[sp.Symbol] = (),
    ) -> None:
        self.language = language
        self.subject = subject
        self.lines: list[tuple[str, str]] = []
        self.used: dict[tuple[Any, int], str] = {}
        self._names = dict(names)
        self._new_name = new_name
        self._longest = longest
        self._shared = shared
        self._constant_symbols = frozenset(constant)
        self._uses: Counter[sp.Basic] = Counter()
        self._cost: dict[sp.Basic, int] = {}
        self._known: dict[sp.Basic, _Text] = {}

    def block(self, expressions: Iterable[sp.Basic]) -> list[str]:
        """Return the text of each expression; `lines` then begins with the intermediate values that they need."""
        wanted = list(expressions)
        for e in wanted:
            self._count(e)
        return [self._code(e)[0] for e in wanted]

    def call(self, symbol: sp.Symbol, name: str) -> None:
        """Give a symbol a name, or another one."""
        self._names[symbol] = name

    def definitions(self) -> list[tuple[str, str]]:
        """Return names and definitions of the functions that have been used and that the language lacks."""
        template = self.language.definition
        found = []
        for (function, order), name in self.used.items():
            if template is None:
                raise ModelError(
                    f"{self.subject} cannot be written for {self.language.name}: it needs the derivative of order "
                    f"{order} of {function.__name__}, for which {self.language.name} has no function."
                )
            inner = Writer(self.language, {ARGUMENT: str(ARGUMENT)}, self.subject)
            (text,) = inner.block([written_out(function, order)])
            found.append((name, template.format(name, ARGUMENT, text)))
        return found

    # -- counting ----------------------------------------------------------------------------------------------------

    def _count(self, e: sp.Basic) -> None:
        stack = [e]
        while stack:
            node = stack.pop()
            self._uses[node] += 1
            if self._uses[node] == 1:
                stack += node.args

    def _price(self, e: sp.Basic) -> int:
        if e not in self._cost:
            own = FUNCTION_COST if isinstance(e, sp.Function) else len(e.args) - 1
            self._cost[e] = own + sum(self._price(a) for a in e.args) if e.args else 0
        return self._cost[e]

    # -- writing -----------------------------------------------------------------------------------------------------

    def _code(self, e: sp.Basic) -> _Text:
        if e not in self._known:
            text = self._plain(e)
            if self._new_name and isinstance(e, sp.Expr) and e.free_symbols and self._deserves_a_name(e, text[0]):
                text = self._named(text[0]), ATOM
            self._known[e] = text
        return self._known[e]

    def _deserves_a_name(self, e: sp.Basic, text: str) -> bool:
        if self._longest is not None and len(text) > self._longest:
            return True
        return self._shared and self._uses[e] > 1 and self._price(e) >= WORTH_A_NAME

    def _in(self, e: sp.Basic, level: int) -> str:
        """Return the text of an expression, in brackets if it holds together less than ``level``."""
        text, own = self._code(e)
        return text if own >= level else f"({text})"

    def _plain(self, e: sp.Basic) -> _Text:
        if isinstance(e, sp.Symbol):
            return self._names[e], ATOM
        if isinstance(e, Boolean):
            return self._condition(e), ATOM
        if e.is_Rational or (e.is_number and not self.language.exact):
            return self._number(e)
        if isinstance(e, sp.Add):
            return self._sum(e), SUM
        if isinstance(e, sp.Mul):
            sign, text, sums_only = self._product(e)
            return (text, PRODUCT) if not sign else (f"-({text})" if sums_only else f"-{text}", SUM)
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, sp.Piecewise):
            return self._choices(e), ATOM
        return self._function(e)

    def _number(self, e: sp.Expr) -> _Text:
        value = e if e.is_Rational else sp.Rational(repr(float(e.evalf(30))))
        text = self.language.number(value)
        return (f"-{text}", SUM) if value < 0 else (text, ATOM if text.isalnum() and "e" not in text else POWER)

    def _sum(self, e: sp.Add) -> str:
        signed = [(*self._signed(a), a.is_number) for a in e.args]
        signed.sort(key=lambda term: (bool(term[0]), bool(term[3])))  # positive terms first, constants behind variables
        sign, text, sums_only, _ = signed[0]
        total = f"-({text})" if sign and sums_only else f"{sign}{text}"
        for sign, text, _, _ in signed[1:]:
            if self._new_name is not None and self._longest is not None and len(total) > self._longest:
                total = self._named(total)
            total += f" {sign or '+'} {text}"
        return total

    def _named(self, text: str) -> str:
        assert self._new_name is not None
        name = self._new_name()
        self.lines.append((name, text))
        return name

    def _signed(self, e: sp.Expr) -> tuple[str, str, bool]:
        """Return the sign of a term (``-`` or nothing), its absolute text, and whether only sums are its factors."""
        if e.is_number and not (self.language.exact and not e.is_Rational):
            text = self._number(e)[0]
            return ("-", text[1:], False) if text.startswith("-") else ("", text, False)
        if isinstance(e, sp.Mul) and not self._deserves_a_name(e, ""):
            sign, text, sums_only = self._product(e)
            if self._new_name and self._longest is not None and len(text) > self._longest:
                return "", self._in(e, PRODUCT), False
            return sign, text, sums_only
        return "", self._in(e, PRODUCT), False

    def _product(self, e: sp.Mul) -> tuple[str, str, bool]:
        """Return sign, absolute text, and whether a number or sign before it would be multiplied into a sum."""
        coefficient = sp.Mul(*(f for f in e.args if self._constant(f)))
        if not coefficient.is_Rational:
            coefficient = sp.Rational(repr(float(coefficient.evalf(30))))
        above, below = [], []
        for factor in e.args:
            if self._constant(factor):
                continue
            if isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp < 0:
                below.append(self._in(1 / factor if factor.exp != -1 else factor.base, POWER))
            else:
                above.append((isinstance(factor, sp.Add), self._in(factor, POWER)))
        above.sort(key=lambda entry: entry[0])  # sums last
        sums_only = bool(above) and above[0][0]
        factors = [text for _, text in above]
        divisor = "" if not below else f"/{below[0]}" if len(below) == 1 else f"/({'*'.join(below)})"
        return "-" if coefficient < 0 else "", self._joined(abs(coefficient), factors, divisor, sums_only), sums_only

    def _constant(self, e: sp.Expr) -> bool:
        return bool(e.is_Rational or (e.is_number and not self.language.exact))

    def _joined(self, c: sp.Rational, factors: list[str], divisor: str, sums_only: bool) -> str:
        number = self.language.number
        if not factors:
            return number(c) + divisor
        product = "*".join(factors)
        if c.is_Integer or self.language.decimal(c):
            above, below = "" if c == 1 else number(c), ""
        else:
            above, below = "" if c.p == 1 else number(sp.Integer(c.p)), f"/{number(sp.Integer(c.q))}"
        if sums_only:
            return f"{product}{divisor}{'*' if above else ''}{above}{below}"
        return f"{above}{'*' if above else ''}{product}{below}{divisor}"

    def _power(self, e: sp.Pow) -> _Text:
        base, exponent = e.args
        if exponent.is_Rational and exponent < 0:
            return f"{self.language.number(sp.S.One)}/{self._in(base if exponent == -1 else 1 / e, POWER)}", PRODUCT
        if exponent == sp.S.Half:
            return self.language.functions[sp.sqrt].format(self._in(base, SUM)), ATOM
        root = self._kept(base) if self.language.exact and base.is_Rational else self._in(base, ATOM)
        above = str(exponent) if exponent.is_Integer else self._in(exponent, ATOM)
        return f"{root}{self.language.power}{above}", POWER

    def _kept(self, e: sp.Rational) -> str:
        """Return a number that Python does not evaluate with what follows: a root stays, a comparison is not turned."""
        text = self.language.functions[sp.Abs].format(self.language.number(e))
        return f"(-{text})" if e < 0 else text

    def _function(self, e: sp.Basic) -> _Text:
        kind, functions = type(e), self.language.functions
        if e in self.language.constants:
            return self.language.constants[e], ATOM
        if kind in _PRIMITIVES:
            return self._primitive(e), ATOM
        if kind in functions:
            return functions[kind].format(*(self._in(a, SUM) for a in e.args)), ATOM
        if kind is special.logistic:
            return self._plain(logistic_by_exponential(e.args[0]))
        if kind is sp.sign:
            return self._plain(sign_by_choice(e.args[0]))
        if kind in (sp.Min, sp.Max):
            pair = special.minimum if kind is sp.Min else special.maximum
            text = self._in(e.args[0], SUM)
            for a in e.args[1:]:
                text = functions[pair].format(text, self._in(a, SUM))
            return text, ATOM
        raise self._refused(f"{kind.__name__} in {_short(e)}")

    def _primitive(self, e: sp.Basic) -> str:
        argument, key = self._in(e.args[0], SUM), (type(e), int(e.args[1]))
        if key in self.language.primitives:
            return self.language.primitives[key].format(argument)
        if self.language.exact or isinstance(e, special.lgamma):
            missing = f"for which {self.language.name} has no function,"
            raise self._refused(f"{type(e).__name__} of order {key[1]}, {missing}")
        self.used[key] = f"{type(e).__name__}{key[1]}"
        return f"{self.used[key]}({argument})"

    def _choices(self, e: sp.Piecewise) -> str:
        *cases, (last, otherwise) = e.args
        if otherwise != sp.true:
            raise self._refused(f"a choice without a last alternative, {_short(e)},")
        if self.language.cases is not None:
            frame, case = self.language.cases
            listed = [case.format(self._code(c)[0], self._in(v, SUM)) for v, c in cases]
            return frame.format(", ".join([*listed, case.format("True", self._in(last, SUM))]))
        text = self._branch(last)
        for value, condition in reversed(cases):
            text = self.language.choice.format(self._code(condition)[0], self._branch(value), text)
        return text

    def _branch(self, e: sp.Expr) -> str:
        """Return one alternative of a choice; it is refused where it could be infinite and would be multiplied by 0."""
        if self.language.computes_both:
            for node in sp.preorder_traversal(e):
                inverse = isinstance(node, sp.Pow) and not (node.exp.is_Integer and node.exp > 0)
                if (inverse and node.free_symbols - self._constant_symbols) or isinstance(node, sp.log | sp.tan):
                    raise self._refused(f"the alternative {_short(e)} of a choice, which may be infinite or undefined,")
        return self._in(e, SUM)

    def _condition(self, e: Boolean) -> str:
        if type(e) in _COMPARE:
            left = self._kept(e.lhs) if self.language.exact and e.lhs.is_Rational else self._in(e.lhs, ATOM)
            return f"{left} {_COMPARE[type(e)]} {self._in(e.rhs, ATOM)}"
        if isinstance(e, sp.And | sp.Or):
            frame, separator = self.language.both if isinstance(e, sp.And) else self.language.either
            parts: Sequence[str] = [self._code(a)[0] for a in e.args]
            joined = separator.join(parts if "," in separator else [f"({p})" for p in parts])
            return frame.format(joined)
        raise self._refused(f"the condition {e}")

    def _refused(self, what: str) -> ModelError:
        return ModelError(
            f"{self.subject} cannot be written for {self.language.name}: {what} has no counterpart there."
        )


def _short(e: sp.Basic, most: int = 60) -> str:
    text = str(e)
    return text if len(text) <= most else f"{text[:most]}..."
