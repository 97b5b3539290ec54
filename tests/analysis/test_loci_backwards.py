"""Points of codimension two whose place is known, hidden behind a random change of variables, are found again."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from tests.analysis.loci_cases import start
from tests.analysis.normal_form_cases import real_and_imaginary

z, a, b, c, d, e, f, mu, nu = (symbol(n) for n in ("z", "a", "b", "c", "d", "e", "f", "mu", "nu"))
w, wc, v, vc = sp.symbols("w wc v vc")
#: What the change of variables costs: the points are good to rounding times its condition.
FOUND = 1e-9
RANGES = {"mu": (-0.2, 0.2), "nu": (-0.2, 0.2)}


def behind_a_shear(field, variables, seed):
    """The field in other variables: u = T(x) + quadratic terms; with its equilibrium that was at 0.

    u_i = y_i + P_i(y_later) for the first half of the variables, then y = M (x - x0) with a sparse M. One shear keeps
    the second derivatives short; `behind_a_change` has two, and cubic terms.
    """
    n, rng = len(variables), np.random.default_rng(seed)
    half = max(n // 2, 1)
    later = variables[half:]
    x = [symbol(f"x{i}") for i in range(n)]
    factors = [[sp.Rational(int(k), 10) for k in row] for row in rng.integers(-3, 4, (half, len(later)))]
    terms = [sp.Add(*(k * s**2 for k, s in zip(row, later, strict=True))) for row in factors]
    moved = [g.xreplace({u: u + p for u, p in zip(variables[:half], terms, strict=True)}) for g in field]
    for i, p in enumerate(terms):
        moved[i] -= sp.Add(*(sp.diff(p, s) * moved[half + j] for j, s in enumerate(later)))
    matrix = sp.eye(n) * 2
    for i in range(n):
        matrix[i, (i + 1) % n] += int(rng.integers(-1, 2))
    start_at = sp.Matrix([sp.Rational(int(k), 7) for k in rng.integers(-5, 6, n)])
    replace = dict(zip(variables, matrix * (sp.Matrix(x) - start_at), strict=True))
    rows = matrix.inv() * sp.Matrix([g.xreplace(replace) for g in moved])
    made = System(dict(zip([s.name for s in x], rows, strict=True)), {"mu": 0.0, "nu": 0.0})
    return made, np.array(start_at.T, dtype=float)[0]


def hidden(field, variables, dimensions, seed):
    """The field with further stable variables, driven by the first one, behind a change of variables."""
    more = [e, f, d, c][: dimensions - len(variables)]
    rest = [-(2 + k) * s + variables[0] ** 2 for k, s in enumerate(more)]
    return behind_a_shear([*field, *rest], [*variables, *more], seed)


def followed(system, kind, point, curve, **options):
    """The curve through a point of codimension two; the same curve from a label on it, away from the point."""
    first = dn.continue_locus(
        system, start(system, kind, point, mu=0, nu=0), ("mu", "nu"), kind=curve, ranges=RANGES,
        values={"nu": [0.1, -0.1]}, **options,
    )  # fmt: skip
    label = first.special_points("label")[0]
    return first, dn.continue_locus(system, label, ("mu", "nu"), kind=curve, ranges=RANGES)


def found_once(locus, kind, point):
    """Whether a point is the only one of its kind on a curve, at (0, 0)."""
    (only,) = locus.special_points(kind)
    np.testing.assert_allclose([only["mu"], only["nu"]], 0, atol=FOUND)
    np.testing.assert_allclose(only.point, point, atol=FOUND)
    assert only.converged and only.normal_form
    return only


@pytest.mark.parametrize(("dimensions", "seed"), [(1, 1), (2, 1), (3, 2), (5, 3)])
def test_cusp(dimensions, seed):
    system, point = hidden([mu + nu * z - z**3], [z], dimensions, seed)
    for locus in followed(system, "cusp", point, "fold"):
        found_once(locus, "cusp", point)


@pytest.mark.parametrize(("dimensions", "seed"), [(2, 1), (3, 2), (4, 1), (6, 3)])
def test_bogdanov_takens(dimensions, seed):
    system, point = hidden([b, mu + nu * b + a**2 - a * b], [a, b], dimensions, seed)
    for curve in ("fold", "hopf"):
        for locus in followed(system, "bogdanov-takens", point, curve):
            found = found_once(locus, "bogdanov-takens", point)
            assert found.normal_form["a"] * found.normal_form["b"] < 0
            if curve == "hopf":
                assert "bogdanov-takens point" in {s.reason for s in locus.stops}
                np.testing.assert_allclose(locus["mu"], -(locus["nu"] ** 2), atol=FOUND)
            else:
                np.testing.assert_allclose(locus["mu"], 0, atol=FOUND)


@pytest.mark.parametrize(("dimensions", "seed"), [(2, 1), (3, 2), (4, 3), pytest.param(6, 1, marks=pytest.mark.slow)])
def test_bautin(dimensions, seed):
    turning = (mu + 2 * sp.I) * w + nu * w**2 * wc - w**3 * wc**2
    system, point = hidden(real_and_imaginary(turning, {w: a + sp.I * b, wc: a - sp.I * b}), [a, b], dimensions, seed)
    for locus in followed(system, "bautin", point, "hopf"):
        found = found_once(locus, "bautin", point)
        assert found.period == pytest.approx(np.pi) and found.normal_form["l2"] < 0
        np.testing.assert_allclose(locus["mu"], 0, atol=FOUND)
        away = np.abs(locus["nu"]) > FOUND
        assert np.all(np.sign(locus["l1"][away]) == np.sign(locus["nu"][away]))


@pytest.mark.parametrize(("dimensions", "seed"), [(3, 1), (4, 2), pytest.param(5, 3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("sign", [1, -1])
def test_zero_hopf(dimensions, seed, sign):
    turning = (nu + 2 * sp.I) * w - z * w
    field = [mu + z**2 + sign * w * wc, turning]
    pair = {w: a + sp.I * b, wc: a - sp.I * b}
    rows = [sp.expand(field[0].subs(pair)), *real_and_imaginary(turning, pair)]
    system, point = hidden(rows, [z, a, b], dimensions, seed)
    for locus in followed(system, "zero-hopf", point, "fold"):
        found_once(locus, "zero-hopf", point)
        np.testing.assert_allclose(locus["mu"], 0, atol=FOUND)
    for locus in followed(system, "zero-hopf", point, "hopf"):
        assert found_once(locus, "zero-hopf", point).period == pytest.approx(np.pi)
        np.testing.assert_allclose(locus["mu"], -(locus["nu"] ** 2), atol=FOUND)
        assert locus.special_points("bautin") == ()


@pytest.mark.slow
@pytest.mark.parametrize(("dimensions", "seed"), [(4, 1), (5, 2), (6, 3)])
def test_hopf_hopf(dimensions, seed):
    pairs = {w: a + sp.I * b, wc: a - sp.I * b, v: c + sp.I * d, vc: c - sp.I * d}
    one = (mu + 3 * sp.I) * w - w**2 * wc - 2 * w * v * vc
    two = (nu + sp.sqrt(2) * sp.I) * v - v**2 * vc - w * wc * v
    two = two.subs(sp.sqrt(2), sp.Rational(7, 5))
    rows = [*real_and_imaginary(one, pairs), *real_and_imaginary(two, pairs)]
    made, point = hidden(rows, [a, b, c, d], dimensions, seed)
    first = dn.continue_locus(
        made, start(made, "hopf", point, 2 * np.pi / 3, mu=0, nu=0.1), ("mu", "nu"), ranges=RANGES
    )
    found = found_once(first, "hopf-hopf", point)
    np.testing.assert_allclose(first["mu"], 0, atol=FOUND)
    assert found.period == pytest.approx(2 * np.pi / 3)
    second = dn.continue_locus(made, found, ("mu", "nu"), ranges=RANGES)
    np.testing.assert_allclose(second["nu"], 0, atol=FOUND)
    assert found_once(second, "hopf-hopf", point).period == pytest.approx(2 * np.pi / 1.4)
    assert np.all(np.isfinite(second["l1"])) and np.all(second["l1"] < 0)
