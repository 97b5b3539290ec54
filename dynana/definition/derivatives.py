"""Derivatives of expressions as they hold almost everywhere."""

from __future__ import annotations

import sympy as sp


def derivative(expression: sp.Expr, variable: sp.Symbol) -> sp.Expr:
    """Return the derivative away from jumps: steps (sign, floor, where) contribute nothing.

    sympy gives Dirac deltas for sign and unevaluated derivatives for floor; neither has a value on a computer, and the
    places where they would matter are switching surfaces, on which steps land. Of ``x**n`` it makes ``n*x**n/x``, which
    has no value at 0; here it is ``n*x**(n - 1)``.
    """
    found = [p for p in expression.atoms(sp.Pow) if variable in p.base.free_symbols and _steady(p, variable)]
    powers = {p: sp.Dummy() for p in sorted(found, key=sp.default_sort_key)}
    rest = expression.xreplace(powers)
    slope = _away_from_jumps(rest, variable)
    for power, symbol in powers.items():
        outer = _away_from_jumps(rest, symbol)
        if outer != 0:  # a power inside another one belongs to that one
            slope += outer * power.exp * power.base ** (power.exp - 1) * derivative(power.base, variable)
    return slope.xreplace({symbol: power for power, symbol in powers.items()}) if powers else slope


def _steady(power: sp.Pow, variable: sp.Symbol) -> bool:
    """Return whether an exponent is unknown, but does not change with the variable."""
    return not power.exp.is_number and variable not in power.exp.free_symbols


def _away_from_jumps(expression: sp.Expr, variable: sp.Symbol) -> sp.Expr:
    """Return the derivative; sums and products are taken apart here, at the terms and factors with the variable.

    sympy multiplies the derivatives of constant factors too, and asks whether all the others are finite before it lets
    0 times them be 0: that takes longer than all the rest.
    """
    if variable not in expression.free_symbols:
        return sp.Integer(0)
    if isinstance(expression, sp.Add):
        return sp.Add(*(_away_from_jumps(term, variable) for term in expression.args))
    if isinstance(expression, sp.Mul):
        factors = expression.args
        moving = [(i, f) for i, f in enumerate(factors) if variable in f.free_symbols]
        return sp.Add(*(sp.Mul(*factors[:i], _away_from_jumps(f, variable), *factors[i + 1 :]) for i, f in moving))
    slope = sp.diff(expression, variable)
    if slope.has(sp.DiracDelta, sp.Derivative, sp.Subs):
        slope = slope.replace(sp.Subs, lambda *_: sp.Integer(0))
        slope = slope.replace(sp.Derivative, lambda *_: sp.Integer(0)).replace(sp.DiracDelta, lambda *_: sp.Integer(0))
    return slope
