from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from dynana.numerics import taylor
from dynana.numerics.interpretation import interpreted

FUNCTIONS = {
    "EXP": mp.exp, "LOG": mp.log, "SIN": mp.sin, "COS": mp.cos, "TAN": mp.tan, "ARCTAN": mp.atan, "SINH": mp.sinh,
    "COSH": mp.cosh, "TANH": mp.tanh, "LOGISTIC": lambda u: 1 / (1 + mp.exp(-u)),
    "BERN": lambda u: u / mp.expm1(u) if u else mp.mpf(1), "EXPREL": lambda u: mp.expm1(u) / u if u else mp.mpf(1),
}  # fmt: skip
PLACES = [-21.5, -2.3, -0.4, 0.7, 1.9, 18.25]


def coefficients(function, place, parameter=0.0, order=5):
    found = np.empty(order + 1)
    taylor.taylor(function, place, parameter, found)
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_taylor_coefficients_agree_with_extended_precision(name):
    for place in PLACES:
        if name == "LOG" and place < 0:
            continue
        with mp.workdps(60):
            exact = [float(v) for v in mp.taylor(FUNCTIONS[name], mp.mpf(place), 5)]
        # the zero of a coefficient is not a double, so near it only the size of its neighbours can be asked for
        floor = 1e-14 * np.abs(exact).max() if name in ("SIN", "COS", "TAN", "ARCTAN", "BERN") else 0.0
        np.testing.assert_allclose(coefficients(getattr(taylor, name), place), exact, rtol=2e-13, atol=floor)


def test_a_saturated_tail_keeps_its_digits():
    with mp.workdps(60):
        exact = float(mp.diff(mp.tanh, 15, 1))
    assert coefficients(taylor.TANH, 15.0)[1] == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize(
    ("exponent", "place"), [(2.5, 0.3), (-1.0, -1.7), (-3.0, 0.4), (0.5, 4.0), (3.0, 0.0), (3.0, -2.0)]
)
def test_powers(exponent, place):
    with mp.workdps(60):
        exact = [
            float(mp.binomial(exponent, k) * mp.mpf(place) ** (exponent - k)) if place or k <= 3 else 0.0
            for k in range(6)
        ]
    np.testing.assert_allclose(coefficients(-1, place, exponent), exact, rtol=1e-14)


def test_steps_are_constant_and_the_modulus_is_linear():
    assert coefficients(taylor.ABSOLUTE, -2.0).tolist() == [2.0, -1.0, 0.0, 0.0, 0.0, 0.0]
    assert coefficients(taylor.SIGN, -2.0).tolist() == [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert coefficients(taylor.FLOOR, 2.7, order=1).tolist() == [2.0, 0.0]


def test_derivatives_beyond_the_table_are_not_invented():
    assert np.isnan(coefficients(taylor.BERN, 0.3, 1.0)[5]) and np.isfinite(coefficients(taylor.BERN, 0.3, 1.0)[4])


EDGES = [-np.inf, -800.0, -710.0, -38.5, -1.0, -1e-9, -0.0, 0.0, 1e-9, 0.5, 1.0, 38.5, 710.0, 800.0, np.inf, np.nan]


@pytest.mark.parametrize("function", range(-1, taylor.ERFC + 1))
def test_the_interpreter_finds_the_same_to_rounding_at_the_edges_too(function):
    plain = interpreted(taylor.taylor)
    for place in np.array([*EDGES, *PLACES]):
        for parameter in (0.0, 1.0) if function != -1 else (-1.0, 0.5, 2.0):
            found = np.empty(4)
            with np.errstate(all="ignore"):
                plain(function, place, parameter, found)
            compiled = coefficients(function, place, parameter, 3)
            np.testing.assert_allclose(found, compiled, rtol=2e-12, atol=1e-300, err_msg=f"at {place}")
