"""Meshes: equal errors, interpolation, estimates against the true error."""

from __future__ import annotations

import numpy as np
import pytest

from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme, lagrange
from dynana.numerics.interpolation import half_period_change
from dynana.numerics.mesh import STEEPEST, error_estimate, interpolate, quadrature, spread_error, times
from dynana.numerics.orbit_scales import LEAST_SHARE, measure


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


def two_segments(scheme):
    """An orbit of two segments on meshes of 6 and 4 intervals, with durations 2 and 0.01 and one parameter."""
    widths = [np.array([0.1, 0.2, 0.2, 0.1, 0.3, 0.1]), np.full(4, 0.25)]
    parts = [samples(lambda s: (np.sin(2 * s), s**3), widths[0], scheme)]
    parts.append(samples(lambda s: (7.0 + 0 * s, 1 - s), widths[1], scheme))
    z = np.concatenate([*(x.ravel() for x in parts), [2.0, 0.01, 5.0]])
    orbit = Orbit(z, np.cos(z), np.array([6, 4]), np.concatenate(widths), 2, scheme.stages, np.zeros(1))
    return orbit.after((z + 1.0, np.sin(z)))


def test_orbits_on_other_meshes():
    scheme = gauss_scheme(4)
    orbit, new = two_segments(scheme), [np.full(5, 0.2), np.array([0.5, 0.3, 0.2])]
    moved = orbit.on_meshes(new)
    assert moved.counts.tolist() == [5, 3] and moved.behind is not None and orbit.behind is not None
    pairs = [(orbit.z, moved.z), (orbit.tangent, moved.tangent), *zip(orbit.behind, moved.behind, strict=True)]
    for before, after in pairs:
        for (x, widths), (y, own), wanted in zip(orbit.split(before), moved.split(after), new, strict=True):
            np.testing.assert_array_equal(own, wanted)
            np.testing.assert_allclose(y, interpolate(x, widths, scheme, times(own, scheme)), atol=1e-13)
        np.testing.assert_array_equal(after[moved.scalars_at :], before[orbit.scalars_at :])


def test_units_and_inner_product():
    scheme = gauss_scheme(3)
    orbit, ranges = two_segments(scheme), np.array([40.0])
    (states, scalars), metric = measure(orbit, np.array([0.1, 0.3]), ranges)
    first, second = (x for x, _ in orbit.split(orbit.z))
    np.testing.assert_allclose(states, np.maximum(np.ptp(first, axis=0), np.ptp(second, axis=0)))
    np.testing.assert_allclose(scalars, [2.0, LEAST_SHARE * 2.01, 40.0])
    weights = quadrature(orbit.counts, orbit.widths, scheme)[:, None] / (4.0 * states**2)
    np.testing.assert_allclose(metric, np.concatenate((weights.ravel(), scalars**-2.0)))


def test_difference_of_two_turns():
    """An even harmonic and an angle repeat after half a period, an odd harmonic changes its sign."""
    scheme, widths = gauss_scheme(4), np.random.default_rng(1).uniform(0.5, 1.5, size=60)
    widths /= widths.sum()
    x = samples(lambda s: (np.cos(4 * np.pi * s), np.sin(2 * np.pi * s), 2 * np.pi * s), widths, scheme)
    change = np.empty_like(x)
    half_period_change(x, widths, scheme.nodes, change)
    np.testing.assert_allclose(change[:, [0, 2]], 0.0, atol=1e-5)
    np.testing.assert_allclose(change[:, 1], 2.0 * x[:, 1], atol=1e-5)


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
