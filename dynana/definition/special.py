"""Functions that stand for quotients with a removable 0/0, and for others that need care in floating point.

=============  ==========================================================  =========================
function       meaning                                                     derivative
=============  ==========================================================  =========================
bern(x, n)     n-th derivative of x/(exp(x) - 1) (1 at x = 0)              bern(x, n + 1)
exprel(x, n)   n-th derivative of (exp(x) - 1)/x (1 at x = 0)              exprel(x, n + 1)
logistic(x)    1/(1 + exp(-x))                                             logistic(x) logistic(-x)
minimum(a, b)  the smaller of two numbers                                  1 or 0
maximum(a, b)  the larger of two numbers                                   1 or 0
lgamma(x, n)   n-th derivative of log(abs(gamma(x)))                        lgamma(x, n + 1)
=============  ==========================================================  =========================

The first generates the Bernoulli numbers: bern(0, n) = B_n with B_1 = -1/2 (DLMF 24.2.1). The second is
``integral_0^1 exp(s x) ds``, so its n-th derivative is Kummer's function M(n+1, n+2, x)/(n+1) (DLMF 13.4.1).
All are real analytic (the last two piecewise) and their families are closed under differentiation, so derivatives of
any order of an expression in them are as regular as the expression.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import sympy as sp
from sympy.core.function import ArgumentIndexError

#: Bits added where `numeric_bern` and `numeric_exprel` cancel digits; the loss is below 40 bits for n <= 12.
GUARD_BITS = 64


def _series_bern(x: Any, n: int) -> Any:
    """Taylor series of the n-th derivative of x/(exp(x) - 1), for x in [-1, 1] (radius of convergence 2 pi)."""
    total, power, k = mpmath.mpf(0), mpmath.mpf(1), 0
    while True:
        coefficient = mpmath.bernoulli(k + n) / mpmath.factorial(k)
        if k + n == 1:
            coefficient = -mpmath.mpf(1) / 2 / mpmath.factorial(k)
        total += coefficient * power
        k += 1
        power *= x
        if k > 4 and abs(power) * mpmath.mpf(6) ** -k < mpmath.ldexp(1, -mpmath.mp.prec - 8 * n):
            return total


def numeric_bern(x: Any, n: Any = 0) -> Any:
    """Return the n-th derivative of x/(exp(x) - 1) at mpmath's working precision."""
    n = int(n)
    with mpmath.extraprec(GUARD_BITS):
        x = mpmath.mpmathify(x)
        if abs(x) <= 1:
            value = _series_bern(x, n)
        elif mpmath.re(x) < 0:  # x/(exp(x)-1) + x is its mirror image
            value = (-1) ** n * numeric_bern(-x, n) - (x if n == 0 else 1 if n == 1 else 0)
        elif mpmath.isinf(x):
            value = mpmath.mpf(0)
        else:
            y = 1 / mpmath.expm1(x)
            value = x * mpmath.polyval(_falling(n), y) + (n * mpmath.polyval(_falling(n - 1), y) if n else 0)
    return +value


def _falling(n: int) -> list[int]:
    """Coefficients, highest first, of the n-th derivative of y = 1/(exp(x) - 1) in powers of y (y' = -y - y^2)."""
    coefficients = [0, 1]  # of y^0, y^1, ...
    for _ in range(n):
        slope = [k * c for k, c in enumerate(coefficients)]  # y times the derivative
        coefficients = [-a - b for a, b in zip([*slope, 0], [0, *slope], strict=True)]
    return coefficients[::-1]


def numeric_exprel(x: Any, n: Any = 0) -> Any:
    """Return the n-th derivative of (exp(x) - 1)/x at mpmath's working precision."""
    n = int(n)
    with mpmath.extraprec(GUARD_BITS):
        value = mpmath.hyp1f1(n + 1, n + 2, mpmath.mpmathify(x)) / (n + 1)
    return +value


def numeric_logistic(x: Any) -> Any:
    """Return 1/(1 + exp(-x)) at mpmath's working precision."""
    return 1 / (1 + mpmath.exp(-x))


def numeric_lgamma(x: Any, n: Any = 0) -> Any:
    """Return the n-th derivative of log(abs(gamma(x))) at mpmath's working precision."""
    return mpmath.re(mpmath.loggamma(x)) if int(n) == 0 else mpmath.polygamma(int(n) - 1, x)


class _Primitive(sp.Function):  # type: ignore[misc]
    """A function with a numerical rule of its own for sympy's ``evalf`` and ``lambdify(modules="mpmath")``."""

    _imp_: Callable[..., Any]

    def _eval_mpmath(self) -> tuple[Callable[..., Any], tuple[sp.Expr, ...]]:
        return type(self)._imp_, self.args

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(a.is_extended_real for a in self.args) else None


class _Entire(_Primitive):
    """A real-analytic function of x together with the order n of its derivative; positive for n = 0."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one argument."""
        x, n = self.args
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return self.func(x, n + 1)

    def _eval_is_finite(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _typeset(self, printer: Any, exp: str | None, body: str) -> str:
        x, n = self.args
        if n == 0:
            text = body.replace("u", printer._print(x))
        else:
            mark = r"\frac{d}{du}" if n == 1 else rf"\frac{{d^{{{n}}}}}{{du^{{{n}}}}}"
            text = rf"\left.{mark} {body}\right|_{{u = {printer._print(x)}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class bern(_Entire):
    """``bern(x, n)``: n-th derivative of x/(exp(x) - 1)."""

    _imp_ = staticmethod(numeric_bern)

    @classmethod
    def eval(cls, x: sp.Expr, n: sp.Expr) -> sp.Expr | None:
        """Return the exact value where there is one."""
        if x.is_zero and n.is_Integer:
            return sp.Rational(-1, 2) if n == 1 else sp.bernoulli(n)
        if x is sp.oo:
            return sp.S.Zero
        if x is -sp.oo and n.is_Integer:
            return {0: sp.oo, 1: sp.S.NegativeOne}.get(int(n), sp.S.Zero)
        return None

    def _eval_is_positive(self) -> bool | None:
        x, n = self.args
        return True if n in (0, 2) and x.is_real else None  # positive and convex

    def _eval_is_negative(self) -> bool | None:
        x, n = self.args
        return True if n == 1 and x.is_real else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return self._typeset(printer, exp, r"\frac{u}{e^{u} - 1}")


class exprel(_Entire):
    """``exprel(x, n)``: n-th derivative of (exp(x) - 1)/x."""

    _imp_ = staticmethod(numeric_exprel)

    @classmethod
    def eval(cls, x: sp.Expr, n: sp.Expr) -> sp.Expr | None:
        """Return the exact value where there is one."""
        if x.is_zero and n.is_Integer:
            return sp.Rational(1, int(n) + 1)
        return {sp.oo: sp.oo, -sp.oo: sp.S.Zero}.get(x)

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None  # moments of a positive density

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return self._typeset(printer, exp, r"\frac{e^{u} - 1}{u}")


class lgamma(_Primitive):
    """``lgamma(x, n)``: n-th derivative of log(abs(gamma(x))): the digamma function for n = 1, and so on."""

    nargs = 2
    _imp_ = staticmethod(numeric_lgamma)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one argument."""
        x, n = self.args
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return lgamma(x, n + 1)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x, n = self.args
        name = r"\ln\left|\Gamma\right|" if n == 0 else r"\psi" if n == 1 else rf"\psi^{{({n - 1})}}"
        text = rf"{name}\left({printer._print(x)}\right)"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class logistic(_Primitive):
    """``logistic(x)``: 1/(1 + exp(-x))."""

    nargs = 1
    _imp_ = staticmethod(numeric_logistic)

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        """Return the exact value where there is one."""
        if x.is_zero:
            return sp.S.Half
        return {sp.oo: sp.S.One, -sp.oo: sp.S.Zero}.get(x)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one argument."""
        (x,) = self.args
        return logistic(x) * logistic(-x)  # not logistic (1 - logistic), which loses all digits at large x

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_is_finite(self) -> bool | None:
        return True if self.args[0].is_extended_real else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\frac{{1}}{{1 + e^{{{printer._print(-self.args[0])}}}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class _Choice(_Primitive):
    """The smaller or the larger of two arguments."""

    nargs = 2
    _mark: str

    @staticmethod
    def _first(a: sp.Expr, b: sp.Expr) -> Any:
        """Return the condition under which the first argument is taken."""
        raise NotImplementedError

    @classmethod
    def eval(cls, a: sp.Expr, b: sp.Expr) -> sp.Expr | None:
        """Return the chosen argument where the choice is known."""
        first = cls._first(a, b)
        if first in (sp.true, sp.false):
            return a if first == sp.true else b
        return a if a == b else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the derivative by one argument."""
        chosen, other = (1, 0) if argindex == 1 else (0, 1)
        return sp.Piecewise((chosen, self._first(*self.args)), (other, True))

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        a, b = (printer._print(u) for u in self.args)
        text = rf"{self._mark}\left({a}, {b}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class minimum(_Choice):
    """``minimum(a, b)``: the smaller of two real numbers."""

    _mark = r"\min"
    _imp_ = staticmethod(min)
    _first = staticmethod(sp.Le)


class maximum(_Choice):
    """``maximum(a, b)``: the larger of two real numbers."""

    _mark = r"\max"
    _imp_ = staticmethod(max)
    _first = staticmethod(sp.Ge)


def elementary(expression: sp.Expr) -> sp.Expr:
    """Return an expression with the functions of this module written out in exp, Min and Max, for checking.

    The result has the removable singularities back.
    """
    u = sp.Dummy("u", real=True)

    def derivative(f: sp.Expr) -> Callable[[sp.Expr, sp.Expr], sp.Expr]:
        return lambda x, n: sp.diff(f, u, int(n)).xreplace({u: x})

    expression = expression.replace(bern, derivative(u / (sp.exp(u) - 1)))
    expression = expression.replace(exprel, derivative((sp.exp(u) - 1) / u))
    expression = expression.replace(logistic, lambda x: 1 / (1 + sp.exp(-x)))
    return expression.replace(minimum, sp.Min).replace(maximum, sp.Max)
