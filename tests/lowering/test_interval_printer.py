"""Printed interval code against exact values: ranges of random expressions, slopes against symbolic derivatives."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition import special
from dynana.definition.tracing import symbol
from dynana.errors import ModelError
from dynana.lowering.equilibria import reduction
from dynana.lowering.interval_printer import IntervalPrinter, enclosure
from dynana.lowering.kernels import lower
from dynana.models import hindmarsh_rose, hodgkin_huxley, lorenz, montbrio_pazo_roxin, pinsky_rinzel, wong_wang

x, y, a = symbol("x"), symbol("y"), symbol("a")

EXPRESSIONS = {
    "smooth": sp.exp(x / 7) * sp.tanh(y) - sp.sin(x) * sp.cos(y) + sp.atan(x * y) / (2 + sp.cosh(y)) + sp.sinh(x) / 9,
    "rates": special.bern(x - y, 0) * special.logistic(3 * x) + special.exprel(y, 0) - special.bern(y, 2),
    "powers": (x**2 + 1) ** 3 / (y**4 + 2) + sp.sqrt(1 + x**2) - (2 + y**2) ** sp.Rational(-3, 2) + (3 + x) ** a,
    "kinks": special.minimum(x, y) * special.maximum(x, 0) + sp.Abs(y - 1) + sp.Piecewise((x, x > 0), (0, True)),
    "logarithm": sp.log(4 + x) * sp.pi - sp.tan(x / 9),
}  # fmt: skip


def kernels(expression):
    return lower(dn.System({x: expression, y: -y * x}, {a: 1.7})).module("equilibria", "full")


@pytest.mark.parametrize("name", sorted(EXPRESSIONS))
def test_values_and_slopes_lie_in_the_enclosures(name):
    expression, module = EXPRESSIONS[name], kernels(EXPRESSIONS[name])
    gradient = [sp.diff(expression, s) for s in (x, y)]
    p = np.array([1.7])
    rng = np.random.default_rng(3)
    for width in (0.0, 1e-3, 0.2, 1.5):
        low = rng.uniform(-2, 2, 2)
        high = low + width
        f, jac = np.empty((2, 2)), np.empty((2, 6))
        module.equations(low, high, p, p, f[0], f[1])
        module.equations(low, high, p, p, jac[0], jac[1])
        np.testing.assert_array_equal(f, jac[:, :2])
        inner = rng.uniform(low, high)
        at = {x: sp.Float(inner[0], 30), y: sp.Float(inner[1], 30), a: sp.Float(1.7, 30)}
        for exact, bounds in zip([expression, *gradient], [f[:, 0], jac[:, 2], jac[:, 3]], strict=True):
            value = float(exact.subs(at).evalf(30))
            slack = 1e-15 * max(1, abs(value))  # the reference is rounded to double
            assert bounds[0] - slack <= value <= bounds[1] + slack
            if width == 0.0:
                assert bounds[1] - bounds[0] <= 1e-12 * max(1, abs(value))


def test_constants_are_enclosed_exactly():
    for text in ("1/3", "1/10", "-7/11", "3/8", "1/1000000007"):
        low, high = enclosure(sp.Rational(text))
        exact = Fraction(text)
        assert Fraction(low) <= exact <= Fraction(high)
        assert (low == high) == (Fraction(float(exact)) == exact)
    low, high = enclosure(sp.pi)
    assert low < sp.pi.evalf(40) < high and high - low < 1e-15


def test_a_change_of_sign_is_exact():
    printer = IntervalPrinter({x: "x0", y: "x1"})
    printer.slope(1 / x - y**-1, x)
    assert [line.split(" = ")[1] for line in printer.lines] == ["power(x0, -2)", "neg(a0)"]


def test_slopes_are_unbounded_across_a_jump_and_not_across_a_kink():
    def slope(expression, low, high):
        module = kernels(expression)
        jac = np.empty((2, 6))
        module.equations(np.array([low, 0.0]), np.array([high, 0.0]), np.array([1.7]), np.array([1.7]), jac[0], jac[1])
        return jac[:, 2].tolist()

    step = sp.Piecewise((x + 1, x > 0), (x, True))
    assert slope(step, -1.0, 1.0) == [-np.inf, np.inf] and slope(step, 0.5, 1.0) == [1.0, 1.0]
    ramp = sp.Piecewise((x, x > 0), (0, True))
    assert slope(ramp, -1.0, 1.0) == [0.0, 1.0]
    assert slope(sp.sign(x), -1.0, 1.0) == [-np.inf, np.inf] and slope(sp.floor(x), 0.2, 0.8) == [0.0, 0.0]
    assert slope(special.minimum(x, 2 * x), -1.0, 1.0) == [1.0, 2.0]


def test_unknown_functions_are_refused():
    with pytest.raises(ModelError, match="no interval rule"):
        IntervalPrinter({x: "x0"}).value(sp.besselj(0, x))


@pytest.mark.parametrize(
    ("system", "remaining"),
    [
        (hodgkin_huxley, ["V"]),
        (pinsky_rinzel, ["Vs"]),
        (hindmarsh_rose, ["V"]),
        (lorenz, ["x"]),
        (wong_wang, ["S1", "S2"]),
        (montbrio_pazo_roxin, ["r", "v"]),  # r' is affine in v and in r, but with factors that vanish
    ],
)
def test_how_far_models_are_reduced(system, remaining):
    assert [system.states[i] for i in reduction(system).remaining] == remaining


def test_gates_keep_single_occurrences():
    # n/(n + r) must be printed as 1/(1 + r/n): with alpha rising and beta falling its range is then exact
    module = lower(hodgkin_huxley).module("equilibria")
    out = np.empty((2, 4))
    p = np.array(lower(hodgkin_huxley).p)
    module.equations(np.array([-80.0]), np.array([0.0]), p, p, out[0], out[1])

    def m_inf(V):
        alpha, beta = 0.1 * (V + 40) / -np.expm1(-(V + 40) / 10), 4 * np.exp(-(V + 65) / 18)
        return alpha / (alpha + beta)

    np.testing.assert_allclose(out[:, 1], [m_inf(-80.0), m_inf(0.0)], rtol=1e-12)
