"""Quotients whose numerator and denominator vanish together.

A factor that vanishes at s = 0 is written as s times a function without zeros: a polynomial is itself,
``A exp(u) (1 - exp(s)) = -A exp(u) s exprel(s)``, ``sinh s = s (exprel(s) + exprel(-s))/2`` and so on. Where a
denominator and a numerator vanish at the same place, s cancels and what is left is regular. With
``B(s) = s/(exp(s) - 1) = 1/exprel(s)`` and ``B(-s) = exp(s) B(s)`` no exponential is left that could overflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import sympy as sp

from dynana.definition.special import bern, exprel, logistic

#: Floats in an expression are rounded; two such expressions are proportional if they agree to this relative amount.
FLOAT_MATCH = 1e-9
#: Nodes of a factor whose zeros are looked for: the expansions of larger ones take minutes.
LARGEST_FACTOR = 150

_ZERO, _ONE, _HALF = sp.S.Zero, sp.S.One, sp.S.Half


@dataclass(frozen=True)
class Exponentials:
    """A sum ``a exp(u) + b exp(v)`` with a numeric ratio b/a, written ``a exp(u) (1 -+ exp(s))``.

    ``opposite`` tells the sign: True for ``1 - exp(s)``, which vanishes at s = 0; False for ``1 + exp(s)``.
    """

    a: sp.Expr
    u: sp.Expr
    s: sp.Expr
    opposite: bool


def split_exponential(term: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return (coefficient, exponent) of a product with at most one exponential; the exponent is 0 without one."""
    exponent = _ZERO
    rest = []
    for factor in sp.Mul.make_args(term):
        if isinstance(factor, sp.exp):
            exponent += factor.exp
        else:
            rest.append(factor)
    return (sp.Mul(*rest), exponent) if exponent is not _ZERO else (term, exponent)


@lru_cache(maxsize=4096)
def exponentials(base: sp.Expr) -> Exponentials | None:
    """Return ``base`` as a sum of two exponentials (one may be a constant) of numeric ratio, or None."""
    if not isinstance(base, sp.Add):
        return None
    parts: dict[sp.Expr, sp.Expr] = {}
    for term in base.args:
        coefficient, exponent = split_exponential(term)
        parts[exponent] = parts.get(exponent, _ZERO) + coefficient
    if len(parts) != 2 or all(u is _ZERO for u in parts):
        return None
    (u, a), (v, b) = sorted(parts.items(), key=lambda part: part[0] is not _ZERO)
    ratio = b / a
    if not ratio.is_number:
        ratio = _constant_ratio(sp.expand(b), sp.expand(a))
    if ratio is None or not ratio.is_real or ratio == 0:
        return None
    opposite = bool(ratio < 0)
    return Exponentials(a, u, v - u + sp.log(abs(ratio)), opposite)


def normalised(base: sp.Expr, power: int) -> sp.Expr:
    """Return ``base**power`` with the number before the first exponential outside, so that equal zeros look alike."""
    pair = exponentials(base)
    if pair is None or not pair.opposite or not pair.a.is_Rational or pair.a == 1:
        return base**power
    return pair.a**power * sp.Add(*(term / pair.a for term in base.args)) ** power


def zero(base: sp.Expr) -> sp.Expr:
    """Return an expression that vanishes where ``base`` does, as simple as possible."""
    if isinstance(base, sp.sinh | sp.tanh):
        return base.args[0]
    pair = exponentials(base)
    return pair.s if pair is not None and pair.opposite else base


def transcendental(base: sp.Expr) -> bool:
    """Return whether ``base`` is one of the recognised functions with a zero (other than a polynomial)."""
    if isinstance(base, sp.sinh | sp.tanh):
        return True
    pair = exponentials(base)
    return pair is not None and pair.opposite


def _negligible(expression: sp.Expr, scale: sp.Expr) -> bool:
    if expression == 0:
        return True
    if not expression.has(sp.Float):
        return False
    sizes = [abs(c) for c in scale.as_coefficients_dict().values()]
    return all(abs(c) <= FLOAT_MATCH * max(sizes) for c in expression.as_coefficients_dict().values())


@lru_cache(maxsize=4096)
def proportion(n: sp.Expr, s: sp.Expr) -> sp.Expr | None:
    """Return c with ``n = c s`` if there is one that is regular where s vanishes, else None."""
    if n == s:
        return _ONE
    if not n.free_symbols & s.free_symbols:
        return None
    if isinstance(s, sp.Mul) and n in s.args:
        return n / s
    ratio = _constant_ratio(n, s)
    if ratio is None and not (_is_large(n) or _is_large(s)):
        return _linear_proportion(n, s)
    return ratio


def _is_large(expression: sp.Expr) -> bool:
    """Return whether an expression has more than `LARGEST_FACTOR` nodes."""
    return sum(1 for _ in islice(sp.preorder_traversal(expression), LARGEST_FACTOR + 1)) > LARGEST_FACTOR


def _constant_ratio(n: sp.Expr, s: sp.Expr) -> sp.Expr | None:
    """Return the number n/s if the terms of two sums are proportional, else None."""
    rows, columns = n.as_coefficients_dict(), s.as_coefficients_dict()
    if rows.keys() != columns.keys():
        return None
    ratios = {rows[key] / columns[key] for key in rows}
    return ratios.pop() if len(ratios) == 1 else None


def _linear_proportion(n: sp.Expr, s: sp.Expr) -> sp.Expr | None:
    if n.has(sp.exp):
        return None
    n, s = sp.expand(n), sp.expand(s)
    for v in sorted(n.free_symbols & s.free_symbols, key=str):
        slope = s.coeff(v, 1)
        if slope == 0 or not _negligible(sp.expand(s - slope * v - s.coeff(v, 0)), s):
            continue
        if s.coeff(v, 0).has(v) or slope.has(v):
            continue
        steep = n.coeff(v, 1)
        if steep != 0 and not steep.has(v) and _negligible(sp.expand(n * slope - s * steep), sp.expand(n * slope)):
            return sp.cancel(steep / slope) if slope.free_symbols else steep / slope
        if n.is_polynomial(v) and sp.expand(n.subs(v, -s.coeff(v, 0) / slope)) == 0:
            quotient = sp.cancel(n / s)
            if not sp.denom(quotient).has(v):
                return quotient
    return None


def divided(base: sp.Expr) -> sp.Expr:
    """Return ``base / zero(base)``, a function without zeros there."""
    if isinstance(base, sp.sinh):
        u = base.args[0]
        return (exprel(u, _ZERO) + exprel(-u, _ZERO)) / 2
    if isinstance(base, sp.tanh):
        u = base.args[0]
        return 2 / (bern(2 * u, _ZERO) + bern(-2 * u, _ZERO))
    pair = exponentials(base)
    if pair is None or not pair.opposite:
        return _ONE
    return -pair.a * sp.exp(pair.u) * exprel(pair.s, _ZERO)


def steps(exponent: sp.Expr, s: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """Return numbers (j, r) with ``exponent = j s + r``, or None."""
    if exponent.is_number:
        return _ZERO, exponent
    rows, columns = exponent.as_coefficients_dict(), s.as_coefficients_dict()
    key = next((k for k in columns if not k.is_number), None)
    if key is None or key not in rows:
        return None
    j = rows[key] / columns[key]
    if not j.is_Rational:
        j = sp.nsimplify(j, rational=True, tolerance=FLOAT_MATCH)
    rest = sp.expand(exponent - j * s)
    return (j, rest) if rest.is_number else None


def over_exponentials(pair: Exponentials, power: int, exponent: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return ``exp(exponent) (zero/base)**power`` as (regular factors, exponent that is left).

    For ``1 + exp(s)`` there is no zero: then it is ``exp(exponent) / base**power``.
    """
    s = pair.s
    left = exponent - power * pair.u
    found = steps(left, s)
    j, rest = found if found is not None else (None, left)
    scale = (-1 / pair.a if pair.opposite else 1 / pair.a) ** power
    one, other = (bern(s, _ZERO), bern(-s, _ZERO)) if pair.opposite else (logistic(-s), logistic(s))
    if j is not None and j.is_Integer and 0 <= j <= power:
        return scale * sp.exp(rest) * other**j * one ** (power - j), _ZERO
    if pair.opposite and power == 1 and j == _HALF:
        return 2 * scale * sp.exp(rest) * bern(s / 2, _ZERO) * logistic(s / 2), _ZERO
    return scale * one**power, left


def over_hyperbolic(base: sp.Expr, power: int) -> sp.Expr:
    """Return ``(u/sinh(u))**power`` or ``(u/tanh(u))**power``."""
    u = base.args[0]
    if isinstance(base, sp.sinh):
        return (2 * bern(u, _ZERO) * logistic(u)) ** power
    return ((bern(2 * u, _ZERO) + bern(-2 * u, _ZERO)) / 2) ** power
