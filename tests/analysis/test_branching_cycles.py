"""Curves of branch points of cycles against closed forms, and where there are none."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

import dynana as dn
from dynana.errors import ConvergenceError
from dynana.numerics.branching_orbits import invariant_rows
from dynana.results.special_points import SpecialPoint
from tests.analysis.cycle_loci_cases import cycle_near, special

TURN = 2.0 * math.pi


@dn.model
def coupled_cells(x1=1.0, y1=0.0, x2=1.0, y2=0.0, *, K=0.5, d=1.0, c=-2.0, odd=0.0, slow=0.0):
    """Two cells z' = (1 + i) z - (1 + i c) |z|^2 z, coupled by K (1 + i d): together they turn with frequency 1 - c.

    Deviations of one from the other have a determinant that vanishes where K (1 + d^2) = -(1 + c d): there cycles
    branch off on which the cells differ. odd and slow make them different, the latter with its square.
    """
    r1 = x1 * x1 + y1 * y1
    r2 = x2 * x2 + y2 * y2
    gain = 1 + odd + slow * slow
    dx1 = gain * x1 - y1 - r1 * (x1 - c * y1) + K * (x2 - x1 - d * (y2 - y1))
    dy1 = gain * y1 + x1 - r1 * (y1 + c * x1) + K * (y2 - y1 + d * (x2 - x1))
    dx2 = x2 - y2 - r2 * (x2 - c * y2) + K * (x1 - x2 - d * (y1 - y2))
    dy2 = y2 + x2 - r2 * (y2 + c * x2) + K * (y1 - y2 + d * (x1 - x2))
    return dx1, dy1, dx2, dy2


@dn.model
def driven_pitchfork(t, x=0.5, u=0.0, *, p=0.0, q=1.0):
    """x' = -x + cos t settles on (cos t + sin t)/2, whose square is 1/4 on average; u = 0 branches where p = -q/4."""
    dx = -x + dn.cos(t)
    du = (p + q * x * x) * u - u**3
    return dx, du


@cache
def cells() -> tuple[dn.System, SpecialPoint]:
    """In-phase cycle a little beside its branch point, where it can be solved for alone."""
    system = coupled_cells.at(K=0.501)
    cycle = cycle_near(system, np.array([1.0, 0.0, 1.0, 0.0]), TURN / 3.0, adjusted=False)
    return system, special(system, "branch point of cycles", cycle)


def test_a_curve_where_two_cells_stop_being_equal():
    system, start = cells()
    locus = dn.continue_locus(system, start, ("K", "d"), ranges={"K": (0.05, 1.0), "d": (0.0, 4.0)})
    K, d = locus["K"], locus["d"]
    np.testing.assert_allclose(K * (1.0 + d * d), 2.0 * d - 1.0, atol=1e-11)
    assert K.max() == pytest.approx(0.5 * (math.sqrt(5.0) - 1.0), rel=1e-3)  # the curve turns there
    np.testing.assert_allclose(locus.periods, TURN / 3.0, rtol=1e-9)
    np.testing.assert_allclose(np.hypot(locus["x1"], locus["y1"]), 1.0, atol=1e-7)
    assert locus.kind == "branch point of cycles" and [s.reason for s in locus.stops] == ["end of range"] * 2


def test_parameters_that_unfold_a_branch_point_are_refused():
    system, start = cells()
    with pytest.raises(ConvergenceError, match="a change of odd unfolds it .* follow their folds of cycles"):
        dn.continue_locus(system, start, ("K", "odd"), ranges={"K": (0.05, 1.0), "odd": (-1.0, 1.0)})


def test_a_curve_ends_where_branches_do_not_cross_any_longer():
    system, start = cells()
    locus = dn.continue_locus(system, start, ("K", "slow"), ranges={"K": (0.05, 1.0), "slow": (-1.0, 1.0)})
    assert {stop.reason for stop in locus.stops} == {"unfolded"}
    assert "break the symmetry" in locus.stops[0].message


def test_a_curve_of_driven_cycles():
    system = driven_pitchfork.at(p=-0.24)
    cycle = cycle_near(system, np.array([0.5, 0.0]), TURN, adjusted=False)
    start = special(system, "branch point of cycles", cycle)
    locus = dn.continue_locus(system, start, ("p", "q"), ranges={"p": (-1.0, 1.0), "q": (-2.0, 2.0)})
    np.testing.assert_allclose(locus["p"], -0.25 * locus["q"], atol=1e-10)
    assert (locus.periods == TURN).all() and np.ptp(locus["q"]) == pytest.approx(4.0)


def test_invariant_rows_of_a_chain():
    rng = np.random.default_rng(3)
    factors = rng.normal(size=(6, 3, 3))
    product = np.linalg.multi_dot(list(factors[4::-1]))
    basis = rng.normal(size=(3, 3))
    factors[5] = basis @ np.diag([1.0, 1.0, 0.3]) @ np.linalg.inv(basis) @ np.linalg.inv(product)
    rows = invariant_rows(factors, 2)
    carried = np.einsum("kji,jic->kjc", np.roll(rows, -1, axis=1), factors)
    np.testing.assert_allclose(carried, rows, atol=1e-10)
    assert abs(np.vdot(rows[0], rows[1])) < 1e-12
