"""Elimination of large matrices, which goes in blocks, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from dynana.numerics.block_elimination import eliminate_blocks, solve_blocks, substitute_blocks
from dynana.numerics.lanes import aligned, padded
from dynana.numerics.plain_elimination import reflect, triangularise
from dynana.numerics.products import BLOCK, LARGE, TILE_COLUMNS, TILE_INNER, TILE_ROWS, add_product

SIZES = [LARGE, LARGE + BLOCK + 3, 4 * BLOCK]


@pytest.mark.parametrize("size", SIZES)
def test_elimination_and_solves(size):
    rng = np.random.default_rng(size)
    matrix, right, x = rng.normal(size=(size, size)), rng.normal(size=(size, 5)), rng.normal(size=size)
    first, width = padded(size), padded(size) + padded(5)
    a, lower, pivots = aligned(size, width), np.zeros((size, size)), np.zeros(size, dtype=np.int64)
    a[:, :size], a[:, first : first + 5] = matrix, right
    flat = a.reshape(-1)
    assert eliminate_blocks(flat, 0, size, width, lower, pivots) == np.linalg.slogdet(matrix)[0]
    substitute_blocks(flat, 0, size, width, lower, first)
    close = {"rtol": 1e-10, "atol": 1e-10 * np.linalg.cond(matrix)}
    np.testing.assert_allclose(a[:, first : first + 5], np.linalg.solve(matrix, right), **close)
    found = aligned(first)
    found[:size] = x
    solve_blocks(flat, 0, size, width, lower, pivots, found)
    np.testing.assert_allclose(found[:size], np.linalg.solve(matrix, x), **close)
    a[:, :size] = 0.0
    assert eliminate_blocks(flat, 0, size, width, lower, pivots) == 0


@pytest.mark.parametrize("columns", [LARGE - 1, *SIZES])
def test_reflections(columns):
    rng = np.random.default_rng(columns)
    rows, width = 2 * columns, padded(columns + 7)
    s, reflectors = aligned(rows, width), np.zeros((columns, rows + 1))
    s[:] = rng.normal(size=s.shape)
    before, v = s.copy(), s[:, columns].copy()
    sign = triangularise(s.reshape(-1), rows, columns, width, reflectors, aligned(width))
    np.testing.assert_allclose(
        np.abs(np.diag(s)[:columns]), np.abs(np.diag(np.linalg.qr(before[:, :columns])[1])), rtol=1e-10
    )
    assert sign == (-1.0) ** columns * np.prod(np.sign(np.diag(s)[:columns]))
    reflect(reflectors, v)
    np.testing.assert_allclose(v, s[:, columns], atol=1e-11)
    np.testing.assert_allclose(s[columns:, columns:].T @ s[columns:, columns:], _rest(before, columns), atol=1e-9)


def _rest(matrix, columns):
    """What is left of the columns to the right when their parts in the span of the others are taken off."""
    basis, right = np.linalg.qr(matrix[:, :columns])[0], matrix[:, columns:]
    left = right - basis @ (basis.T @ right)
    return left.T @ left


@pytest.mark.parametrize("turned", [False, True])
def test_products_in_tiles(turned):
    rng = np.random.default_rng(0)
    rows, columns, inner = TILE_ROWS + 5, 2 * TILE_COLUMNS + 1, TILE_INNER + 9
    a, b, c = rng.normal(size=(rows, inner)), rng.normal(size=(inner, columns)), rng.normal(size=(rows, columns))
    stored = np.ascontiguousarray(a.T) if turned else a
    wanted = 0.5 * c - 2.0 * a @ b
    add_product(
        c.reshape(-1), 0, columns, 0.5, -2.0, stored.reshape(-1), 0, stored.shape[1], turned, b.reshape(-1), 0, columns,
        rows, columns, inner,
    )  # fmt: skip
    np.testing.assert_allclose(c, wanted, atol=1e-12)
