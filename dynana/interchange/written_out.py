"""Functions of `dynana.definition.special` written out in exp and sinh, so that doubles lose no digits.

Any language has exp, sinh and a choice between two values. With these,

- x/(exp(x) - 1) is ``x exp(-x/2)/(2 sinh(x/2))`` for |x| < 1, and as it stands elsewhere;
- its n-th derivative is ``x y_n + n y_(n-1)`` for |x| >= 1, where y = 1/(exp|x| - 1) and y_k is its k-th derivative, a
  polynomial in y (y' = -y - y^2); negative x follow by reflection; for |x| < 1 it is its Taylor series;
- (exp(x) - 1)/x and its derivatives E_n satisfy ``E_n = (exp(x) - n E_(n-1))/x``, with the Taylor series for |x| < 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sympy as sp

from dynana.definition import special
from dynana.errors import ModelError

#: The argument of the functions written out.
ARGUMENT = sp.Symbol("u", real=True)
#: Below this, 1 -+ u/2 is the value to the last digit: the next term is u^2/12.
TINY = sp.Rational(1, 10**8)
#: Highest derivative that is written out: beyond it the closed form would lose too many digits at |u| = 1.
HIGHEST_ORDER = 3
#: Terms of Taylor series that are smaller than this at |u| = 1 are left out.
NEGLIGIBLE = 1e-18


@lru_cache(maxsize=32)
def written_out(function: Any, order: int) -> sp.Expr:
    """Return a function of `ARGUMENT` that equals ``function(u, order)`` to a few units in the last place.

    Raises
    ------
    ModelError
        For derivatives above the third.
    """
    if order > HIGHEST_ORDER:
        raise ModelError(
            f"the derivative of order {order} of {function.__name__} has no written-out form; up to {HIGHEST_ORDER} do."
        )
    return _bernoulli(order) if function is special.bern else _relative_exponential(order)


def logistic_by_exponential(x: sp.Expr) -> sp.Expr:
    """Return 1/(1 + exp(-x)), which is right also where the exponential is infinite."""
    return 1 / (1 + sp.exp(-x))


def sign_by_choice(x: sp.Expr) -> sp.Expr:
    """Return -1, 0 or 1 by two comparisons, for languages without a sign function of this meaning."""
    return sp.Piecewise((sp.S.One, x > 0), (sp.S.NegativeOne, x < 0), (sp.S.Zero, True))


def _bernoulli(n: int) -> sp.Expr:
    u = ARGUMENT
    if n == 0:
        half = u * sp.exp(-u / 2) / (2 * sp.sinh(u / 2))
        return sp.Piecewise((1 - u / 2, abs(u) < TINY), (half, abs(u) < 1), (u / (sp.exp(u) - 1), True))
    y = 1 / (sp.exp(abs(u)) - 1)
    far = abs(u) * _falling(n, y) + n * _falling(n - 1, y)  # the value at |u|
    if n % 2:
        far = sp.Piecewise((far, u > 0), (-1 - far if n == 1 else -far, True))
    return sp.Piecewise((_nested(_bernoulli_coefficients(n)), abs(u) < 1), (far, True))


def _falling(k: int, y: sp.Expr) -> sp.Expr:
    """Return the k-th derivative of y, in powers of y, as nested products."""
    v = sp.Dummy("y")
    polynomial = v
    for _ in range(k):
        polynomial = sp.expand(sp.diff(polynomial, v) * (-v - v**2))
    return sp.horner(polynomial, v).xreplace({v: y})


def _relative_exponential(n: int) -> sp.Expr:
    u = ARGUMENT
    if n == 0:
        half = 2 * sp.exp(u / 2) * sp.sinh(u / 2) / u
        return sp.Piecewise((1 + u / 2, abs(u) < TINY), (half, abs(u) < 1), ((sp.exp(u) - 1) / u, True))
    far = (sp.exp(u) - 1) / u
    for k in range(1, n + 1):
        far = (sp.exp(u) - k * far) / u
    return sp.Piecewise((_nested(_relative_coefficients(n)), abs(u) < 1), (far, True))


def _bernoulli_coefficients(n: int) -> list[sp.Rational]:
    def coefficient(k: int) -> sp.Rational:
        number = sp.Rational(-1, 2) if k + n == 1 else sp.bernoulli(k + n)
        return number / sp.factorial(k)

    return _significant(coefficient)


def _relative_coefficients(n: int) -> list[sp.Rational]:
    return _significant(lambda k: 1 / (sp.factorial(k) * (k + n + 1)))


def _significant(coefficient: Callable[[int], sp.Rational]) -> list[sp.Rational]:
    """Return coefficients of a Taylor series up to the last that counts at 1 (every second one may vanish)."""
    found: list[sp.Rational] = []
    while len(found) < 4 or max(abs(c) for c in found[-2:]) > NEGLIGIBLE:
        found.append(coefficient(len(found)))
    return found


def _nested(coefficients: list[sp.Rational]) -> sp.Expr:
    """Return the polynomial in u as nested products, in powers of u^2 where every second coefficient vanishes."""
    u = ARGUMENT
    total: sp.Expr = sp.S.Zero
    pending = 0  # powers of u that wait to be multiplied
    for c in reversed(coefficients):
        if c != 0:
            total = c + u**pending * total if pending else total + c
            pending = 0
        pending += 1
    return u ** (pending - 1) * total
