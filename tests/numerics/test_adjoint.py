"""The adjoint of closed orbits against dense algebra and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynana.numerics.adjoint import closed_adjoint, invariant_rows, transfers
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import times


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 23), st.integers(1, 5), st.integers(0, 1000))
def test_rows_are_carried_into_themselves(count, n, seed):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(count, n, n)) + 2.0 * np.eye(n)
    product = np.eye(n)
    for factor in factors[:-1]:
        product = factor @ product
    # the last one closes the chain with the eigenvalue 1
    wanted = np.diag(np.concatenate(([1.0], rng.uniform(-0.8, 0.8, n - 1))))
    turn = np.linalg.qr(rng.normal(size=(n, n)))[0]
    factors[-1] = turn @ wanted @ turn.T @ np.linalg.inv(product)
    rows = invariant_rows(factors)
    carried = np.einsum("ja,jab->jb", np.roll(rows, -1, axis=0), factors)
    scale = np.abs(rows).max() * max(1.0, np.abs(factors).max())
    np.testing.assert_allclose(carried, rows, atol=1e-9 * scale)
    assert np.abs(rows).max() > 1e-8


def test_rows_do_not_suffer_from_strong_contraction():
    # multipliers 1 and exp(-400): carried forward, the adjoint would grow by exp(400)
    rng = np.random.default_rng(3)
    turns = np.linalg.qr(rng.normal(size=(41, 2, 2)))[0]
    turns[-1] = turns[0]
    middle = np.diag([1.0, np.exp(-10.0)])
    factors = turns[1:] @ middle @ turns[:-1].transpose(0, 2, 1)
    rows = invariant_rows(factors)
    rows /= rows[0] @ turns[0][:, 0]
    np.testing.assert_allclose(rows, turns[:-1, :, 0], atol=1e-12)


@pytest.mark.parametrize("stages", [2, 4, 7])
def test_transfer_is_the_diagonal_pade_approximation(stages):
    rate, h = -1.3, 0.4
    scheme = gauss_scheme(stages)
    found = transfers(np.full((1, stages, 1, 1), rate), np.array([h]), scheme)[0, 0, 0]
    assert found == pytest.approx(np.exp(rate * h), rel=(0.4 * 1.3) ** (2 * stages + 1))


def test_reset_of_an_integrate_and_fire_neuron():
    # V' = (I - V)/tau from 0 to 1: Z(t) = 1/V'(t); at the reset Z- = Z+ f(reset)/f(threshold)
    tau, current, scheme = 10.0, 1.5, gauss_scheme(4)
    period = tau * np.log(current / (current - 1.0))
    widths = np.full(12, 1.0 / 12.0)
    slope = lambda t: current / tau * np.exp(-t / tau)  # noqa: E731
    join = np.array([[[slope(0.0) / slope(period)]]])
    z = closed_adjoint(np.full((12, 4, 1, 1), -1.0 / tau), period * widths, np.array([12]), scheme, join)[:, 0]
    t = period * times(widths, scheme)
    np.testing.assert_allclose(z / z[0], slope(0.0) / slope(t), rtol=1e-8)


def test_two_segments_are_one():
    rng = np.random.default_rng(4)
    scheme, n = gauss_scheme(3), 3
    jacobians, lengths = rng.normal(size=(9, 3, n, n)), rng.uniform(0.1, 0.3, 9)
    product = np.eye(n)
    for factor in transfers(jacobians, lengths, scheme):
        product = factor @ product
    close = np.diag([1.0, 0.3, -0.2]) @ np.linalg.inv(product)
    one = closed_adjoint(jacobians, lengths, np.array([9]), scheme, close[None])
    two = closed_adjoint(jacobians, lengths, np.array([4, 5]), scheme, np.array([np.eye(n), close]))
    two = np.delete(two, 4 * 4, axis=0)  # the point between the segments stands there twice
    np.testing.assert_allclose(np.abs(one / one[0, 0]), np.abs(two / two[0, 0]), rtol=1e-9, atol=1e-12)
