"""Extents of orbits: reached by the polynomials, and nowhere exceeded by them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import times
from dynana.numerics.orbit_extents import extents
from dynana.results import collocated


def smooth(s, amplitudes, phases):
    """Sums of sines of random phases: they turn at different places, several times."""
    k = np.arange(1, amplitudes.shape[0] + 1)[:, None]
    return (amplitudes * np.sin(2.0 * np.pi * k * s[:, None, None] + phases)).sum(axis=1)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 7), st.integers(12, 40), st.integers(0, 2**32 - 1))
def test_they_bound_the_polynomials_tightly(stages, intervals, seed):
    rng = np.random.default_rng(seed)
    scheme, widths = gauss_scheme(stages), rng.uniform(0.5, 1.5, size=intervals)
    widths /= widths.sum()
    amplitudes, phases = rng.normal(size=(3, 2)) ** 3, rng.uniform(0.0, 2.0 * np.pi, size=(3, 2))
    points = smooth(times(widths, scheme), amplitudes, phases)
    for end in range(stages + 1, len(points), stages + 1):  # as those of an orbit, the polynomials meet
        points[end] = scheme.end @ points[end - stages - 1 : end]
    (high,), (low,) = extents([[points]], 2, scheme)
    np.testing.assert_allclose((high, low), collocated.extrema(points, stages), atol=1e-12 * np.abs(points).max())
    s = np.concatenate((np.linspace(0.0, 1.0, 4001), np.cumsum(widths)[:-1]))
    fine = collocated.values(collocated.coefficients(points, stages), widths, s)
    rounding = 1e-12 * np.abs(points).max()
    assert (fine.max(axis=0) <= high + rounding).all() and (fine.min(axis=0) >= low - rounding).all()
    np.testing.assert_allclose(fine.max(axis=0), high, atol=1e-4 * np.ptp(points))


def test_several_segments_and_states_that_are_not_asked_for():
    scheme, widths = gauss_scheme(4), np.full(20, 0.05)
    s = times(widths, scheme)
    first, second = np.stack((np.cos(6.0 * s), s, 100.0 * s), axis=1), np.stack((0.0 * s - 2.0, 3.0 * s, s), axis=1)
    (high, _), (low, _) = extents([[first, second], [second]], 2, scheme)
    assert high == pytest.approx([1.0, 3.0], abs=1e-7) and low == pytest.approx([-2.0, 0.0], abs=1e-7)
