"""Meshes that move with an orbit: against a moving bump in closed form, and cycles against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import hindmarsh_rose
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import times
from dynana.numerics.moving_orbits import _tridiagonal, moved, rates

SCHEME = gauss_scheme(4)


def bumps(s, shift, growth):
    """Two states with a bump that moves and grows, and one that stays."""
    moving, staying = (1 + growth) * np.exp(-(((s - 0.3 - shift) / 0.05) ** 2)), np.exp(-(((s - 0.7) / 0.05) ** 2))
    late = (1 + growth) * np.exp(-(((s - 0.35 - shift) / 0.05) ** 2))
    return np.stack((moving + staying, late - np.exp(-(((s - 0.75) / 0.05) ** 2))), axis=1)


@pytest.fixture(scope="module")
def widths():
    w = np.random.default_rng(1).uniform(0.5, 1.5, 90)
    return w / w.sum()


@pytest.mark.parametrize("closed", [True, False])
def test_a_shift_is_told_from_growth(widths, closed):
    s = times(widths, SCHEME)
    tangent = (bumps(s, 0.5e-5, 0.1e-5) - bumps(s, -0.5e-5, -0.1e-5)) / 2e-5
    along, across = rates(bumps(s, 0, 0), tangent, widths, SCHEME, np.ones(2), closed=closed)
    edges = np.append(0.0, np.cumsum(widths))
    assert np.interp([0.3, 0.7], edges, along) == pytest.approx([-0.5, 0.0], abs=0.01)
    assert along[0] == along[-1] and (closed or along[0] == 0.0)
    assert np.abs(tangent).max() > 8 and np.abs(across).max() == pytest.approx(0.1, abs=0.03)


def test_points_keep_their_order_and_follow_the_bump(widths):
    along = np.interp(np.append(0.0, np.cumsum(widths)), [0, 0.2, 0.4, 0.6, 1], [0, -0.5, -0.5, 0, 0])
    near = moved(widths, along, 0.02)
    assert near.sum() == pytest.approx(1, abs=1e-15)
    middle = np.searchsorted(np.cumsum(widths), 0.3)
    assert np.cumsum(near)[middle] - np.cumsum(widths)[middle] == pytest.approx(0.01, rel=0.05)
    assert moved(widths, along, 100.0).min() >= 0 and np.isfinite(moved(widths, along, 100.0)).all()


def test_bursts_are_followed_in_long_steps_and_stay_orbits():
    burst = hindmarsh_rose.at(I=2, r=0.006)
    start = dn.simulate(burst, 3000.0)
    branch = dn.continue_cycles(burst, start, "I", (1.9, 2.1), points=120, progress=False)
    assert [stop.reason for stop in branch.stops] == ["end of range"] * 2  # three times as many without
    at = int(np.argmin(np.abs(branch.values - 1.95)))
    cycle, f = branch.cycles[at], dn.lower(burst.at(I=branch.values[at]))
    out = np.empty(3)

    def flow(t, x):
        f.rhs(t, np.array(x), f.p, out)
        return out

    end = solve_ivp(flow, (0, cycle.period), cycle.points[0], method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    assert end == pytest.approx(cycle.points[0], abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_tridiagonal_equations(n):
    rng = np.random.default_rng(n)
    beside = rng.normal(size=n - 1)
    diagonal = 0.1 + np.abs(np.append(beside, 0.0)) + np.abs(np.append(0.0, beside))
    right = rng.normal(size=(2, n))
    matrix = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    np.testing.assert_allclose(_tridiagonal(diagonal, beside, right), np.linalg.solve(matrix, right.T).T, rtol=1e-11)


def test_no_unknowns_have_no_values():
    assert _tridiagonal(np.empty(0), np.empty(0), np.empty((1, 0))).shape == (1, 0)
