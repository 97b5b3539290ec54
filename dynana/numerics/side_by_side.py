"""Elimination of small matrices eight at a time: one in each lane of a block.

Entry (i, k) of all eight stands in the block ``a[start + (i * width + k) * LANES:]``, see `dynana.numerics.lanes`.
Pivots are chosen in each lane for itself.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.lanes import LANES, exchange, find_largest, invert, multiply, subtract_multiples


@compiled
def eliminate_each(a, start, size, width, order, signs):
    """Factorise the leading squares with partial pivoting; the columns to their right are transformed along.

    Parameters
    ----------
    a : (any,) array
        Holds the matrices, ``size`` rows of ``width`` blocks, from ``start`` on. Become the upper factors, with the
        reciprocal pivots on the diagonal and the multipliers below it, and, to the right, the forward-substituted
        right-hand sides.
    order : (size * LANES,) int array
        Receives the row that has come to each place.
    signs : (LANES,) int array
        Receives the signs of the determinants; 0 if a matrix is singular or not finite.
    """
    places = np.zeros(LANES, dtype=np.int64)
    for k in range(size):
        for lane in range(LANES):
            order[k * LANES + lane] = k
    for lane in range(LANES):
        signs[lane] = 1
    line = width * LANES
    for k in range(size):
        row_k = start + k * line
        diagonal = row_k + k * LANES
        find_largest(a, diagonal, line, size - k, places, 0)
        done = 1
        for lane in range(LANES):
            at = places[lane]
            if at > 0:
                here, there = k * LANES + lane, (k + at) * LANES + lane
                order[here], order[there] = order[there], order[here]
                signs[lane] = -signs[lane]
            if done >> at & 1 == 0:
                done |= 1 << at
                exchange(a, row_k, row_k + at * line, width, places, 0, at)
        invert(a, diagonal)
        for i in range(k + 1, size):
            multiplier = start + i * line + k * LANES
            multiply(a, multiplier, a, multiplier, a, diagonal)
            subtract_multiples(a, multiplier + LANES, width - k - 1, a, multiplier, a, diagonal + LANES, LANES)
    for k in range(size):
        for lane in range(LANES):
            inverse = abs(a[start + (k * width + k) * LANES + lane])
            if not (inverse > 0.0 and inverse < np.inf):
                signs[lane] = 0
            elif a[start + (k * width + k) * LANES + lane] < 0.0:
                signs[lane] = -signs[lane]


@compiled
def substitute_each(a, start, size, width, columns):
    """Back-substitute the right-hand sides that stand in ``columns`` columns right of the factors."""
    line = width * LANES
    for i in range(size - 1, -1, -1):
        row_i = start + i * line
        for k in range(size, size + columns):
            multiply(a, row_i + k * LANES, a, row_i + k * LANES, a, row_i + i * LANES)
        for r in range(i):
            row = start + r * line
            subtract_multiples(a, row + size * LANES, columns, a, row + i * LANES, a, row_i + size * LANES, LANES)


@compiled
def solve_each(a, start, size, width, x):
    """Solve for one more right-hand side ``x`` (size * LANES,), in place; its rows are in the order of the factors."""
    line = width * LANES
    for k in range(size):
        below = start + (k + 1) * line + k * LANES
        subtract_multiples(x, (k + 1) * LANES, size - 1 - k, x, k * LANES, a, below, line)
    for k in range(size - 1, -1, -1):
        multiply(x, k * LANES, x, k * LANES, a, start + k * line + k * LANES)
        subtract_multiples(x, 0, k, x, k * LANES, a, start + k * LANES, line)
