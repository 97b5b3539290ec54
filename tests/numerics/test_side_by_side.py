"""Elimination of small matrices side by side against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from dynana.numerics.lanes import LANES, aligned
from dynana.numerics.side_by_side import (
    eliminate_each,
    recover_each,
    reflect_each,
    solve_each,
    substitute_each,
    triangularise_each,
)

RIGHT = 5


def factorised(matrices, right):
    """Return the blocks after elimination, the order of rows and the signs."""
    size = matrices.shape[1]
    a, order, signs = aligned(size, size + RIGHT, LANES), np.zeros((size, LANES), np.int64), np.zeros(LANES, np.int64)
    a[:, :size], a[:, size:] = matrices.transpose(1, 2, 0), right.transpose(1, 2, 0)
    eliminate_each(a.reshape(-1), 0, size, size + RIGHT, order.reshape(-1), signs)
    return a, order, signs


@pytest.mark.parametrize("size", [1, 2, 7, 16, 30])
def test_against_numpy(size):
    rng = np.random.default_rng(size)
    matrices, right = rng.normal(size=(LANES, size, size)), rng.normal(size=(LANES, size, RIGHT))
    a, order, signs = factorised(matrices, right)
    np.testing.assert_array_equal(signs, np.linalg.slogdet(matrices)[0])
    close = {"rtol": 1e-10, "atol": 1e-12 * np.linalg.cond(matrices).max()}
    for lane in range(LANES):  # as partial pivoting has it, in each lane for itself
        assert sorted(order[:, lane]) == list(range(size))
        factors = a[:, :size, lane]
        lower, upper = np.tril(factors, -1) + np.eye(size), np.triu(factors, 1) + np.diag(1.0 / np.diag(factors))
        np.testing.assert_allclose(lower @ upper, matrices[lane][order[:, lane]], **close)
        assert np.abs(lower).max() <= 1.0
    substitute_each(a.reshape(-1), 0, size, size + RIGHT, RIGHT)
    np.testing.assert_allclose(a[:, size:].transpose(2, 0, 1), np.linalg.solve(matrices, right), **close)
    x, given = aligned(size, LANES), rng.normal(size=(LANES, size))
    x[:] = np.take_along_axis(given.T, order, axis=0)
    solve_each(a.reshape(-1), 0, size, size + RIGHT, x.reshape(-1))
    np.testing.assert_allclose(x.T, np.linalg.solve(matrices, given[:, :, None])[:, :, 0], **close)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_what_cannot_be_solved_is_told_lane_by_lane(bad):
    rng = np.random.default_rng(1)
    matrices = rng.normal(size=(LANES, 4, 4))
    matrices[3, :, 2] = bad
    signs = factorised(matrices, rng.normal(size=(LANES, 4, RIGHT)))[2]
    others = np.delete(np.arange(LANES), 3)
    assert signs[3] == 0
    np.testing.assert_array_equal(signs[others], np.linalg.slogdet(matrices[others])[0])


@pytest.mark.parametrize("columns", [1, 2, 5, 11])
def test_reflections_against_numpy(columns):
    rng = np.random.default_rng(columns)
    reflected, others, width = 2 * columns, 2, columns + RIGHT
    rows = reflected + others
    matrices = rng.normal(size=(LANES, rows, width))
    a, scalars = aligned(width, rows, LANES), aligned(2 * columns * LANES)
    multiples, signs = aligned(others * columns * LANES), np.zeros(LANES, np.int64)
    a[:] = matrices.transpose(2, 1, 0)
    flat = a.reshape(-1)
    triangularise_each(flat, 0, reflected, columns, rows, width, scalars, multiples, signs)
    after = a.transpose(2, 1, 0)
    triangles = np.triu(after[:, :columns, :columns], 1)
    inverses = scalars.reshape(2, columns, LANES)[0].T
    triangles[:, range(columns), range(columns)] = 1.0 / inverses
    gram = matrices[:, :reflected].transpose(0, 2, 1) @ matrices[:, :reflected]
    squares = triangles.transpose(0, 2, 1) @ triangles
    np.testing.assert_allclose(squares, gram[:, :columns, :columns], atol=1e-11)
    np.testing.assert_array_equal(signs, (-1.0) ** columns * np.sign(np.prod(inverses, axis=1)))
    right = after[:, :reflected, columns:]  # rotated, all of it
    np.testing.assert_allclose(right.transpose(0, 2, 1) @ right, gram[:, columns:, columns:], atol=1e-10)
    shares = multiples.reshape(others, columns, LANES).transpose(2, 0, 1)
    np.testing.assert_allclose(shares @ triangles, matrices[:, reflected:, :columns], atol=1e-10)
    left = matrices[:, reflected:, columns:] - shares @ after[:, :columns, columns:]
    np.testing.assert_allclose(after[:, reflected:, columns:], left, atol=1e-10)

    v, t = aligned(reflected * LANES), aligned(columns * LANES)
    v.reshape(reflected, LANES)[:] = matrices[:, :reflected, columns].T
    reflect_each(flat, 0, reflected, columns, rows, scalars, v, t)
    np.testing.assert_allclose(v.reshape(reflected, LANES).T, after[:, :reflected, columns], atol=1e-11)

    x = aligned(RIGHT * LANES)
    x[:] = rng.normal(size=x.size)
    recover_each(flat, 0, columns, rows, width, scalars, x, t)
    known = after[:, :columns, columns:] @ x.reshape(RIGHT, LANES).T[:, :, None]
    unknown = triangles @ t.reshape(columns, LANES).T[:, :, None]
    np.testing.assert_allclose(unknown, -known, atol=1e-10)


def test_columns_of_zeros_are_told_lane_by_lane():
    rng = np.random.default_rng(3)
    a, signs = aligned(3, 4, LANES), np.zeros(LANES, np.int64)
    a[:] = rng.normal(size=a.shape)
    a[0, :, 5] = 0.0
    triangularise_each(a.reshape(-1), 0, 4, 2, 4, 3, aligned(4 * LANES), aligned(LANES), signs)
    assert signs[5] == 0 and (np.abs(np.delete(signs, 5)) == 1).all()
