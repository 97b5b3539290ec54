"""The error function, the logarithm of the gamma function and its derivatives, against mpmath."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy as sp

from dynana.definition.special import lgamma
from dynana.numerics import gamma_functions, taylor

#: Relative error where no digits cancel; near its zeros the digamma function has that of its terms.
ROUNDED = 1e-13
PLACES = [-7.3, -1.5, -0.2, 1e-3, 0.3, 1.0, 1.4616321449683622, 2.0, 3.7, 11.9, 16.0, 40.5, 1e3, 1e8]


@pytest.mark.parametrize("order", range(5))
def test_derivatives_of_the_digamma_function(order: int) -> None:
    for x in PLACES:
        size = max(1.0, abs(float(mpmath.polygamma(order, x))))
        assert gamma_functions.polygamma(order, x) == pytest.approx(
            float(mpmath.polygamma(order, x)), abs=ROUNDED * size
        )
        named = getattr(gamma_functions, f"lgamma{order + 1}")
        assert named(x) == gamma_functions.polygamma(order, x)


def test_poles_and_the_logarithm() -> None:
    for x in PLACES:
        assert gamma_functions.lgamma0(x) == pytest.approx(float(mpmath.re(mpmath.loggamma(x))), rel=1e-14, abs=1e-14)
    for x in (0.0, -1.0, -3.0):
        assert gamma_functions.lgamma0(x) == math.inf
        assert math.isnan(gamma_functions.polygamma(0, x))
    assert math.isnan(gamma_functions.polygamma(0, -1e7)) and math.isnan(gamma_functions.polygamma(0, math.nan))


@pytest.mark.parametrize(
    ("number", "parameter", "function"),
    [
        (taylor.ERF, 0, mpmath.erf), (taylor.ERFC, 0, mpmath.erfc),
        (taylor.LGAMMA, 0, mpmath.loggamma), (taylor.LGAMMA, 2, lambda x: mpmath.polygamma(1, x)),
    ],
)  # fmt: skip
def test_taylor_coefficients(number: int, parameter: int, function) -> None:
    for x in (0.4, 1.7, 3.2):
        c = np.empty(6)
        taylor.taylor(number, x, parameter, c)
        with mpmath.workdps(40):
            expected = [float(a) for a in mpmath.taylor(function, x, 5)]
        assert c == pytest.approx(expected, rel=1e-11, abs=1e-14)


def test_the_symbolic_function_is_closed_under_differentiation() -> None:
    x = sp.Symbol("x", real=True)
    assert sp.diff(lgamma(x, 0) * x, x) == lgamma(x, 0) + x * lgamma(x, 1)
    assert float(sp.diff(lgamma(x, 0), x, 2).subs(x, sp.Rational(5, 2)).evalf(30)) == pytest.approx(
        float(mpmath.polygamma(1, 2.5)), rel=1e-15
    )
    assert [sp.latex(lgamma(x, n)) for n in range(3)] == [
        r"\ln\left|\Gamma\right|\left(x\right)", r"\psi\left(x\right)", r"\psi^{(1)}\left(x\right)",
    ]  # fmt: skip
