from __future__ import annotations

import itertools

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.lowering.kernels import lower
from dynana.lowering.multilinear import Expansion
from dynana.models import hodgkin_huxley, pinsky_rinzel
from dynana.numerics.multilinear import INTERPRETED_PRODUCTS, algebra, boxes, evaluated

x, y, k = symbol("x"), symbol("y"), symbol("k")
MIXED = System(
    {
        "x": sp.sin(x * y) + sp.exp(-x / 3) * sp.tanh(k * y) + x**3 / (1 + y**2),
        "y": sp.log(2 + x**2) * sp.sqrt(1 + y**2) + sp.atan(k * x) - (1 + x**2) ** y + sp.cosh(x) * sp.cos(y),
    },
    {"k": 1.7},
)
POINT = np.array([0.4, -0.8])


def by_tensor(system, point, directions, digits=30):
    """A multilinear form from the symbolic tensor of derivatives, in extended precision."""
    variables = [symbol(n) for n in (*system.states, *system.parameters)]
    at = dict(zip(variables, map(sp.Rational, map(repr, [*point.tolist(), *system.values.values()])), strict=True))
    total = np.zeros(len(system.states), dtype=complex)
    for i, row in enumerate(system.derivatives):
        for index in itertools.product(range(len(directions[0])), repeat=len(directions)):
            weight = np.prod([d[j] for d, j in zip(directions, index, strict=True)])
            if weight:
                slope = sp.diff(row, *(variables[j] for j in index)) if index else row
                total[i] += weight * float(slope.xreplace(at).evalf(digits))
    return total


@pytest.mark.parametrize("order", range(5))
def test_forms_are_the_symbolic_tensors_applied_to_vectors(order):
    rng = np.random.default_rng(order)
    kernels = lower(MIXED)
    directions = rng.normal(size=(order, 3)) + 1j * rng.normal(size=(order, 3))
    found = Expansion(kernels, POINT, kernels.p)(*directions)
    exact = by_tensor(MIXED, POINT, directions) if order else np.array([float(e) for e in value()])
    np.testing.assert_allclose(found, exact, rtol=1e-12)


@pytest.mark.parametrize("system", [MIXED, hodgkin_huxley, pinsky_rinzel], ids=lambda s: s.name or "mixed")
def test_first_evaluations_are_interpreted_and_agree_with_the_compiled_ones(system, monkeypatch):
    rng = np.random.default_rng(7)
    kernels = lower(system)
    form = Expansion(kernels, kernels.y0, kernels.p)
    directions = rng.normal(size=(3, kernels.n)) + 1j * rng.normal(size=(3, kernels.n))
    found = []
    for done in (0, INTERPRETED_PRODUCTS):
        monkeypatch.setattr(evaluated, "_products", done)
        found.append(form(*directions))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-11)


def value():
    return [e.subs({x: sp.Rational(2, 5), y: sp.Rational(-4, 5), k: 1.7}).evalf(30) for e in MIXED.derivatives]


def test_the_fifth_order_of_a_conductance_is_its_known_polynomial():
    # m^3 h (V - E): the only fifth derivative is the constant 6 g for the directions m, m, m, h, V
    kernels = lower(hodgkin_huxley)
    form = Expansion(kernels, kernels.y0, kernels.p)
    e = np.eye(4)
    assert form(e[1], e[2], e[1], e[0], e[1])[0] == pytest.approx(-6 * 120.0, rel=1e-14)


@pytest.mark.parametrize("voltage", [-40.0, -40.0 + 1e-6, -55.0, -55.0 - 1e-9])
def test_derivatives_are_exact_at_removed_singularities(voltage):
    import mpmath as mp

    kernels = lower(hodgkin_huxley)
    form = Expansion(kernels, [voltage, 0.0, 0.0, 0.0], kernels.p)
    e = np.eye(4)
    with mp.workdps(40):
        rates = [(lambda s: s / (1 - mp.exp(-s)), 10, -40, 1), (lambda s: s / (1 - mp.exp(-s)) / 10, 10, -55, 3)]
        for rate, scale, zero, row in rates:
            s = mp.mpf(voltage - zero) / scale
            # a nearby regular place, extrapolated by the series itself
            taylor = mp.taylor(rate, s + mp.mpf("1e-3"), 12)
            for order in (1, 2, 3):
                exact = (
                    mp.diff(lambda u, t=taylor: mp.polyval(t[::-1], u), mp.mpf("-1e-3"), order) / mp.mpf(scale) ** order
                )
                assert form(*[e[0]] * order)[row].real == pytest.approx(float(exact), rel=1e-10)


def test_mixed_derivatives_by_states_and_parameters():
    kernels = lower(hodgkin_huxley)
    form = Expansion(kernels, kernels.y0, kernels.p)
    directions = np.zeros((2, 4 + kernels.n_parameters))
    directions[0, 3] = 1.0
    directions[1, 4 + kernels.parameters.index("g_K")] = 1.0
    voltage, n = kernels.y0[0], kernels.y0[3]
    assert form(*directions)[0] == pytest.approx(-4 * n**3 * (voltage + 77), rel=1e-13)


def test_the_linear_part_agrees_with_the_kernels():
    for system in (hodgkin_huxley, pinsky_rinzel):
        kernels = lower(system)
        form = Expansion(kernels, kernels.y0, kernels.p)
        value, jacobian, slopes = form.linear(range(kernels.n_parameters))
        exact = np.empty(kernels.n), np.empty((kernels.n, kernels.n)), np.empty((kernels.n, kernels.n_parameters))
        for kernel, out in zip((kernels.rhs, kernels.jacobian, kernels.parameter_jacobian), exact, strict=True):
            kernel(0.0, kernels.y0, kernels.p, out)
        for found, expected in zip((value, jacobian, slopes), exact, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_changes_of_the_linear_part_are_the_bilinear_forms_with_every_state_and_parameter():
    kernels = lower(hodgkin_huxley)
    form, q = Expansion(kernels, kernels.y0, kernels.p), np.array([1.0, -0.5, 0.25j, 2.0])
    directions = np.eye(4 + kernels.n_parameters)[[0, 1, 2, 3, 4 + 2, 4]]
    expected = np.array([form(q, d) for d in directions]).T
    assert form.changes(q, [2, 0]) == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_kinked_equations_are_differentiated_on_the_branch_that_holds():
    @dn.model
    def kinked(u=0.0, v=0.0):
        branch = dn.where(dn.both(u > 0, v < 1), u**3, -5 * u**3)
        lower_branch = dn.where(dn.either(u < -10, v > 10), u, v**2)
        return branch + dn.minimum(u * u, 2 * v) + dn.maximum(u, v), lower_branch + dn.absolute(u) * v + dn.heaviside(
            u
        ) * u

    kernels = lower(kinked)
    # (2, 0.5): u^3 + 2 v + u and v^2 + u v + u
    form = Expansion(kernels, [2.0, 0.5], kernels.p)
    assert form([1, 0], [1, 0], [1, 0]) == pytest.approx([6.0, 0.0])
    assert form([1, 0]) == pytest.approx([13.0, 1.5]) and form([0, 1]) == pytest.approx([2.0, 3.0])
    # (-2, 3): -5 u^3 + u^2 + v and v^2 - u v
    form = Expansion(kernels, [-2.0, 3.0], kernels.p)
    assert form([1, 0]) == pytest.approx([-64.0, -3.0]) and form([0, 1]) == pytest.approx([1.0, 8.0])


def test_a_warm_process_does_no_symbolic_work(monkeypatch):
    kernels = lower(hodgkin_huxley)
    Expansion(kernels, kernels.y0, kernels.p)
    monkeypatch.setattr("dynana.lowering.multilinear.Recorder.record", lambda *_: pytest.fail("symbolic work"))
    Expansion(lower(hodgkin_huxley.at(I=10)), kernels.y0, kernels.p)([1, 0, 0, 0])


def test_powers_of_a_number():
    system = System({"x": 3**x * x - 2 ** (k * x)}, {"k": 1.7})
    direction = np.array([0.7, -0.2])
    kernels = lower(system)
    form = Expansion(kernels, POINT[:1], kernels.p)
    for order in (1, 2, 3):
        exact = by_tensor(system, POINT[:1], [direction] * order)
        np.testing.assert_allclose(form(*[direction] * order), exact, rtol=1e-13)


def test_orders_beyond_five_are_refused():
    with pytest.raises(ValueError, match="up to order 5"):
        algebra(frozenset(boxes([6])))
