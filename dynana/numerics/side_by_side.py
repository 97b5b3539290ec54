"""Elimination of small matrices eight at a time: one in each lane of a block, see `dynana.numerics.lanes`.

Matrices that are factorised with pivots, which are chosen in each lane for itself, stand row by row: entry (i, k) of
all eight in the block ``a[start + (i * width + k) * LANES:]``. Those that are reflected stand column by column.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.lane_by_lane import dot_each, exchange, find_largest, invert, multiply, subtract_multiples
from dynana.numerics.lanes import LANES, add_multiple, zero_blocks


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


@compiled
def triangularise_each(a, start, reflected, columns, rows, width, scalars, multiples, signs):
    """Make the first ``columns`` columns upper triangular by Householder reflections of the first rows.

    Multiples of these are then taken off the other rows, so that they are zero in those columns.

    Parameters
    ----------
    a : (any,) array
        Holds the matrices, ``width`` columns of ``rows`` blocks, from ``start`` on. Become the triangles; on the
        diagonal and below it are the vectors of the reflections.
    reflected : int
        Number of rows that are reflected.
    scalars : (2 * columns * LANES,) array
        Receives reciprocals of the diagonals of the triangles, then the factors of the reflections.
    multiples : ((rows - reflected) * columns * LANES,) array
        Receives those for each of the other rows.
    signs : (LANES,) int array
        Receives the signs of the determinants of all reflections times the triangles; 0 if singular.
    """
    t = zero_blocks(LANES)
    for lane in range(LANES):
        signs[lane] = 1
    for k in range(columns):
        diagonal, own, count = start + (k * rows + k) * LANES, (columns + k) * LANES, reflected - k
        dot_each(t, 0, 1.0, a, diagonal, count, a, diagonal, LANES)
        for lane in range(LANES):
            norm, head = np.sqrt(t[lane]), a[diagonal + lane]
            factor, value = norm * (norm + abs(head)), head
            if factor > 0.0:
                value = -norm if head > 0.0 else norm
                a[diagonal + lane] = head - value
                signs[lane] = signs[lane] if head > 0.0 else -signs[lane]
            elif norm == 0.0:
                signs[lane] = 0
            scalars[k * LANES + lane] = 1.0 / value
            scalars[own + lane] = 1.0 / factor if factor > 0.0 else 0.0
        for c in range(k + 1, width):
            column = start + (c * rows + k) * LANES
            dot_each(t, 0, 1.0, a, diagonal, count, a, column, LANES)
            multiply(t, 0, t, 0, scalars, own)
            subtract_multiples(a, column, count, t, 0, a, diagonal, LANES)
    for r in range(reflected, rows):
        own = (r - reflected) * columns * LANES
        for c in range(width):
            dot_each(t, 0, -1.0, multiples, own, min(c, columns), a, start + c * rows * LANES, LANES)
            add_multiple(a, start + (c * rows + r) * LANES, 1.0, t, 0)
            if c < columns:
                multiply(multiples, own + c * LANES, a, start + (c * rows + r) * LANES, scalars, c * LANES)


@compiled
def reflect_each(a, start, reflected, columns, rows, scalars, v, t):
    """Apply the reflections of `triangularise_each` to one more column ``v``, in place; ``t`` is work space."""
    for k in range(columns):
        diagonal = start + (k * rows + k) * LANES
        dot_each(t, 0, 1.0, a, diagonal, reflected - k, v, k * LANES, LANES)
        multiply(t, 0, t, 0, scalars, (columns + k) * LANES)
        subtract_multiples(v, k * LANES, reflected - k, t, 0, a, diagonal, LANES)


@compiled
def recover_each(a, start, columns, rows, width, scalars, x, t):
    """Solve for the unknowns of the triangles when those of the columns to the right are known.

    Parameters
    ----------
    x : ((width - columns) * LANES,) array
        Of the columns to the right.
    t : (columns * LANES,) array
        Receives what makes the rows of the triangles zero.
    """
    for k in range(columns * LANES):
        t[k] = 0.0
    for k in range(columns, width):
        subtract_multiples(t, 0, columns, x, (k - columns) * LANES, a, start + k * rows * LANES, LANES)
    for c in range(columns - 1, -1, -1):
        multiply(t, c * LANES, t, c * LANES, scalars, c * LANES)
        subtract_multiples(t, 0, c, t, c * LANES, a, start + c * rows * LANES, LANES)
