"""Derivatives hold where sympy's have no value."""

from __future__ import annotations

import pytest
import sympy as sp

from dynana.definition.derivatives import derivative

x, K, n = sp.symbols("x K n", real=True)
HILL = x**n / (K**n + x**n)


@pytest.mark.parametrize(
    "expression",
    [HILL, 1 / (1 + (x / K) ** n), sp.exp(-(x**n)), (1 + sp.sin(x) ** n) ** (n + 1) * x**n, sp.sqrt(1 + x ** (2 * n))],
)
def test_powers_with_unknown_exponents(expression):
    at = {x: sp.Rational(7, 5), K: sp.Rational(3, 2), n: sp.Rational(9, 4)}
    ours, theirs = derivative(expression, x), sp.diff(expression, x)
    assert float(abs((ours - theirs).subs(at).evalf(30))) < 1e-25
    second, expected = derivative(ours, x), sp.diff(theirs, x)
    assert float(abs((second - expected).subs(at).evalf(30))) < 1e-25
    assert ours.subs({x: 0, K: 2, n: 3}).is_finite


def test_an_exponent_that_varies():
    assert sp.simplify(derivative(x**n, n) - x**n * sp.log(x)) == 0
    assert sp.simplify(derivative(x**x, x) - x**x * (sp.log(x) + 1)) == 0


def test_steps_contribute_nothing():
    assert derivative(sp.sign(x) * x, x) == sp.sign(x)
    assert derivative(sp.floor(x) + x**2, x) == 2 * x


@pytest.mark.parametrize(
    "expression",
    [
        (x + K) * sp.exp(-x / n) / (K - sp.exp(x)) * (1 - x) ** 3,
        K * (x - 2) * sp.tanh(x * n) + sp.log(1 + x**2) * (K + n),
        3 * x * K + sp.cosh(x / K) * sp.cosh(x / n),
        K * sp.exp(n),
    ],
)
def test_sums_and_products_have_the_derivatives_that_sympy_writes(expression):
    assert derivative(expression, x) == sp.diff(expression, x)
    assert derivative(derivative(expression, x), K) == sp.diff(sp.diff(expression, x), K)
