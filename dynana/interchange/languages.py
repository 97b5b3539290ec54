"""What differs between the languages that equations are written in: one table for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from dynana.definition import special

#: Integers up to this size stand as such; larger ones would overflow somewhere and are written as doubles.
LARGEST_INTEGER = 10**6


def is_decimal(value: sp.Rational) -> bool:
    """Whether the shortest decimal form of the nearest double is exactly this number."""
    return bool(sp.Rational(repr(float(value))) == value)


def plain_number(value: sp.Rational) -> str:
    """Return a number as integer or decimal literal (the nearest double), without its sign."""
    value = abs(value)
    return str(value) if value.is_Integer and value <= LARGEST_INTEGER else repr(float(value))


def _decimal_number(value: sp.Rational) -> str:
    return repr(float(abs(value)))


def _double_precision(value: sp.Rational) -> str:
    text = repr(float(abs(value)))
    return text.replace("e", "d") if "e" in text else f"{text}d0"


@dataclass(frozen=True, kw_only=True)
class Language:
    """How expressions are written in one language.

    Parameters
    ----------
    name : str
        For messages.
    functions : mapping of sympy function to str
        Calls as templates; ``{0}`` is the first argument.
    number : callable
        Literal of the absolute value of a rational number.
    choice : str
        Template of a choice: ``{0}`` condition, ``{1}`` and ``{2}`` values where it holds and where not.
    cases : (str, str) or None
        Template around any number of alternatives, and that of one of them, in languages where nested choices differ.
    both, either : (str, str)
        Template around conditions that are combined, and what separates them.
    power : str
        Operator.
    primitives : mapping of (function, order) to str
        Templates of `bern` and `exprel` where the language has them; the others are written out.
    constants : mapping of sympy.Expr to str
        Constants other than rational numbers, where `exact`.
    definition : str or None
        Template of a function of one argument: ``{0}`` name, ``{1}`` argument, ``{2}`` value. None where the language
        has no functions: what needs one is refused.
    computes_both : bool
        Whether a choice computes both values and adds them, so that an infinite one spoils the other.
    exact : bool
        Whether constants are kept as they are (sqrt(2)) instead of the nearest double.
    decimals : bool
        Whether a decimal literal is the number that it shows.
    """

    name: str
    functions: Mapping[type, str]
    number: Callable[[sp.Rational], str] = plain_number
    choice: str
    cases: tuple[str, str] | None = None
    both: tuple[str, str] = ("({})", " & ")
    either: tuple[str, str] = ("({})", " | ")
    power: str = "^"
    primitives: Mapping[tuple[type, int], str] = field(default_factory=dict)
    constants: Mapping[sp.Expr, str] = field(default_factory=dict)
    definition: str | None = None
    computes_both: bool = False
    exact: bool = False
    decimals: bool = True

    def decimal(self, value: sp.Rational) -> bool:
        """Whether a coefficient is written as one decimal literal, and not as a quotient of integers."""
        if self.decimals and is_decimal(value):
            return True
        return not self.exact and max(abs(value.p), value.q) > LARGEST_INTEGER


def _calls(**names: str) -> dict[type, str]:
    """Return templates of the functions of one argument that every language has, with other names where given."""
    usual = {"log": "log", "floor": "floor", "atan": "atan", "Abs": "abs"} | names
    same = {f: f.__name__ for f in (sp.exp, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)}
    named = same | {getattr(sp, key): name for key, name in usual.items()} | {sp.sqrt: "sqrt"}
    return {f: f"{name}({{0}})" for f, name in named.items()}


_ERRORS = {sp.erf: "erf({0})", sp.erfc: "erfc({0})"}
_PAIRS = {special.minimum: "min({0}, {1})", special.maximum: "max({0}, {1})"}

XPP = Language(
    name="XPPAUT",
    functions=_calls(log="ln", floor="flr") | _PAIRS | _ERRORS | {sp.sign: "sign({0})"},
    primitives={(special.lgamma, 0): "lgamma({0})"},
    choice="(if({0})then({1})else({2}))",
    definition="{0}({1})={2}",
)
FORTRAN = Language(
    name="AUTO-07p",
    functions=_calls(floor="floor_of") | _PAIRS | _ERRORS,
    number=_double_precision,
    choice="merge({1}, {2}, {0})",
    both=("({})", " .and. "),
    either=("({})", " .or. "),
    power="**",
    definition=(
        "  double precision function {0}({1})\n    double precision, intent(in) :: {1}\n    {0} = {2}\n  end function"
    ),
)
MATLAB = Language(
    name="MatCont",
    functions=_calls() | _PAIRS | _ERRORS | {sp.sign: "sign({0})"},
    choice="choose({0}, {1}, {2})",
    definition="function y = {0}({1})\ny = {2};",
)
JULIA = Language(
    name="Julia",
    functions=_calls() | _PAIRS | {sp.sign: "sign({0})"},
    choice="ifelse({0}, {1}, {2})",
    definition="{0}({1}) = {2}",
)
BRIAN = Language(
    name="Brian2",
    functions=_calls(atan="arctan")
    | {
        special.minimum: "clip({0}, -inf, {1})",
        special.maximum: "clip({0}, {1}, inf)",
        sp.sign: "sign({0})",
    },
    number=_decimal_number,
    choice="(int({0})*({1}) + int(not ({0}))*({2}))",
    both=("({})", " and "),
    either=("({})", " or "),
    power="**",
    primitives={(special.bern, 0): "(1.0/exprel({0}))", (special.exprel, 0): "exprel({0})"},
    computes_both=True,
)


def model_function(dynana: str, fraction: str) -> Language:
    """Return the language of model functions; the arguments are the names of dynana and of ``fractions.Fraction``."""

    def number(value: sp.Rational) -> str:
        value = abs(value)
        if value.is_Integer:
            return str(value)
        return repr(float(value)) if is_decimal(value) else f"{fraction}({value.p}, {value.q})"

    named = _calls(atan="arctan", Abs="absolute") | {
        sp.sign: "sign({0})",
        special.logistic: "sigmoid({0})",
        special.minimum: "minimum({0}, {1})",
        special.maximum: "maximum({0}, {1})",
    }
    return Language(
        name="a Python model",
        functions={f: f"{dynana}.{template}" for f, template in named.items()},
        number=number,
        choice=f"{dynana}.where({{0}}, {{1}}, {{2}})",
        both=(f"{dynana}.both({{}})", ", "),
        either=(f"{dynana}.either({{}})", ", "),
        power="**",
        primitives={(special.exprel, 0): f"{dynana}.exprel({{0}})"},
        constants={sp.pi: f"(4*{dynana}.arctan(1))", sp.E: f"{dynana}.exp(1)"},
        exact=True,
    )


def sympy_expressions(dynana: str, sympy: str) -> Language:
    """Return the language of sympy expressions; the arguments are the names of dynana and of sympy."""

    def number(value: sp.Rational) -> str:
        value = abs(value)
        return str(value) if value.is_Integer else f"{sympy}.Rational({value.p}, {value.q})"

    own = _calls(Abs="Abs") | {sp.sign: "sign({0})"}
    named = {f: f"{sympy}.{template}" for f, template in own.items()}
    return Language(
        name="a Python model",
        functions=named
        | {
            special.logistic: f"{dynana}.sigmoid({sympy}.S({{0}}))",
            special.minimum: f"{dynana}.minimum({{0}}, {{1}})",
            special.maximum: f"{dynana}.maximum({{0}}, {{1}})",
        },
        number=number,
        choice="",
        cases=(f"{sympy}.Piecewise({{}}, evaluate=False)", "({1}, {0})"),
        both=(f"{sympy}.And({{}})", ", "),
        either=(f"{sympy}.Or({{}})", ", "),
        power="**",
        primitives={(special.exprel, 0): f"{dynana}.exprel({sympy}.S({{0}}))"},
        constants={sp.pi: f"{sympy}.pi", sp.E: f"{sympy}.E"},
        exact=True,
        decimals=False,
    )
