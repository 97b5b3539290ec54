"""Meshes: equal errors, interpolation, estimates against the true error."""

from __future__ import annotations

import numpy as np
import pytest

from dynana.numerics.gauss import gauss_scheme, lagrange
from dynana.numerics.mesh import STEEPEST, error_estimate, interpolate, spread_error, times


def samples(f, widths, scheme):
    return np.ascontiguousarray(np.stack(f(times(widths, scheme)), axis=1))


def layer(s):
    """A fast and a slow stretch."""
    return np.tanh(40 * (s - 0.5)), np.cos(2 * np.pi * s)


@pytest.mark.parametrize("stages", range(2, 8))
def test_polynomials_are_exact(stages):
    scheme = gauss_scheme(stages)
    rng = np.random.default_rng(stages)
    p = np.polynomial.Polynomial(rng.normal(size=stages + 1))
    x = p(scheme.nodes)
    np.testing.assert_allclose(scheme.derivative @ x, p.deriv()(scheme.points), atol=1e-11)
    np.testing.assert_allclose(scheme.end @ x, p(1.0), atol=1e-11)
    np.testing.assert_allclose(scheme.leading @ x, p.deriv(stages)(0.0), rtol=1e-9)
    np.testing.assert_allclose(scheme.integral @ p.deriv()(scheme.points), p(scheme.points) - p(0.0), atol=1e-12)
    high = np.polynomial.Polynomial(rng.normal(size=2 * stages))
    assert scheme.weights @ high(scheme.points) == pytest.approx(high.integ()(1.0) - high.integ()(0.0), abs=1e-13)
    np.testing.assert_allclose(lagrange(scheme.nodes, np.array([0.3, 0.9])) @ x, p(np.array([0.3, 0.9])), atol=1e-12)


def test_interpolation_between_meshes():
    scheme = gauss_scheme(4)
    old, new = np.full(60, 1 / 60), np.full(47, 1 / 47)
    moved = interpolate(samples(layer, old, scheme), old, scheme, times(new, scheme))
    np.testing.assert_allclose(moved, samples(layer, new, scheme), atol=3e-4)
    s = np.linspace(0, 1, 7)
    smooth = samples(lambda s: (np.cos(s), s**4), old, scheme)
    np.testing.assert_allclose(interpolate(smooth, old, scheme, s), np.stack((np.cos(s), s**4), axis=1), atol=1e-12)


def test_adapted_mesh_has_smaller_and_equal_errors():
    scheme, sizes = gauss_scheme(4), np.array([2.0, 2.0])
    even = np.full(40, 1 / 40)
    widths = even
    for _ in range(4):
        x = samples(layer, widths, scheme)
        widths = spread_error(x, widths, scheme, sizes, periodic=False, intervals=40)
    assert widths.sum() == pytest.approx(1.0)
    before = error_estimate(samples(layer, even, scheme), even, scheme, sizes, periodic=False)
    after = error_estimate(samples(layer, widths, scheme), widths, scheme, sizes, periodic=False)
    assert after < before / 100
    s = np.linspace(0, 1, 4001)

    def true_error(widths):
        got = interpolate(samples(layer, widths, scheme), widths, scheme, s)
        return np.abs(got[:, 0] - layer(s)[0]).max() / 2

    assert true_error(widths) < true_error(even) / 50
    ratios = widths[1:] / widths[:-1]
    assert np.maximum(ratios, 1 / ratios).max() <= STEEPEST * (1 + 1e-9)


def test_a_good_mesh_is_left_alone():
    scheme, widths = gauss_scheme(3), np.full(20, 0.05)
    x = samples(lambda s: (np.cos(2 * np.pi * s), np.sin(2 * np.pi * s)), widths, scheme)
    same = spread_error(x, widths, scheme, np.ones(2), periodic=True, intervals=20)
    np.testing.assert_array_equal(same, widths)
    assert spread_error(x, widths, scheme, np.ones(2), periodic=True, intervals=35).size == 35


def test_constant_orbits_keep_an_even_mesh():
    scheme, widths = gauss_scheme(4), np.full(10, 0.1)
    x = np.ones((51, 2))
    np.testing.assert_allclose(spread_error(x, widths, scheme, np.ones(2), periodic=True, intervals=10), widths)


@pytest.mark.parametrize("stages", [2, 3, 4, 5])
def test_estimate_has_the_order_of_the_error(stages):
    scheme = gauss_scheme(stages)
    estimates = []
    for intervals in (20, 40):
        widths = np.full(intervals, 1 / intervals)
        x = samples(lambda s: (np.cos(2 * np.pi * s), np.sin(2 * np.pi * s)), widths, scheme)
        estimates.append(error_estimate(x, widths, scheme, np.ones(2), periodic=True))
    assert np.log2(estimates[0] / estimates[1]) == pytest.approx(stages + 1, abs=0.1)


def test_interpolation_is_exact_for_polynomials_of_its_degree_in_any_order_of_times():
    rng = np.random.default_rng(3)
    widths = rng.uniform(0.2, 1.0, 9)
    widths /= widths.sum()
    for stages in (2, 4, 7):
        scheme = gauss_scheme(stages)
        polynomial = np.polynomial.Polynomial(rng.normal(size=stages + 1))
        x = samples(lambda s, f=polynomial: (f(s), np.cos(s)), widths, scheme)
        s = np.concatenate((rng.uniform(size=50), [0.0, 1.0, 0.3], np.cumsum(widths)[:-1]))
        found = interpolate(x, widths, scheme, s)
        np.testing.assert_allclose(found[:, 0], polynomial(s), atol=1e-12)
        np.testing.assert_allclose(interpolate(x, widths, scheme, np.array([0.0, 1.0])), x[[0, -1]], rtol=1e-15)
