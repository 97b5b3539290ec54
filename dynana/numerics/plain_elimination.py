"""Elimination by plain loops: with pivots, and by reflections, which enter blocks where matrices are large.

Matrices are stored by rows in flat arrays; rows are padded to whole blocks of eight, see `dynana.numerics.lanes`.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.block_elimination import triangularise_blocks
from dynana.numerics.compilation import compiled
from dynana.numerics.lanes import LANES, add_multiple, combine
from dynana.numerics.products import LARGE


@compiled
def eliminate_plainly(a, start, size, width, lower, pivots):
    """Factorise the leading square of a matrix with partial pivoting; the columns to its right are transformed along.

    Parameters
    ----------
    a : (any,) array
        Holds the matrix, ``size`` rows of ``width``, from ``start`` on. Becomes the upper factor and, to its right,
        the forward-substituted right-hand sides.
    lower : (size, size) array
        Receives the multipliers of step k in row k and the reciprocal pivot on its diagonal.
    pivots : (size,) int array
        Receives the row exchanged at each step.

    Returns
    -------
    int
        Sign of the determinant; 0 if the matrix is singular or not finite.
    """
    sign = 1
    for k in range(size):
        row_k = start + k * width
        best, at = abs(a[row_k + k]), k
        for i in range(k + 1, size):
            candidate = abs(a[start + i * width + k])
            if candidate > best:
                best, at = candidate, i
        pivots[k] = at
        if not (best > 0.0 and best < np.inf):
            return 0
        first = k // LANES * LANES
        if at != k:
            sign = -sign
            other = start + at * width
            for c in range(first, width):
                a[row_k + c], a[other + c] = a[other + c], a[row_k + c]
        inverse = 1.0 / a[row_k + k]
        sign = sign if inverse > 0.0 else -sign
        lower[k, k] = inverse
        for i in range(k + 1, size):
            lower[k, i] = a[start + i * width + k] * inverse
        # blocks that hold both finished and unfinished columns are processed whole: what is left of k is not read again
        for c in range(first, width, LANES):
            for i in range(k + 1, size):
                add_multiple(a, start + i * width + c, -lower[k, i], a, row_k + c)
    return sign


@compiled
def triangularise(s, rows, columns, width, reflectors, w):
    """Make the first ``columns`` columns of a matrix upper triangular by Householder reflections.

    Parameters
    ----------
    s : (rows * width,) array
        The matrix, overwritten.
    reflectors : (columns, rows + 1) array
        Receives the reflection vectors and, last, their factors.
    w : (width,) array
        Work space.

    Returns
    -------
    int
        Sign of the determinant of all reflections times that of the triangle.
    """
    if columns >= LARGE:
        return triangularise_blocks(s, rows, columns, width, reflectors, w)
    return triangularise_plainly(s, rows, columns, width, reflectors, w)


@compiled
def triangularise_plainly(s, rows, columns, width, reflectors, w):
    """Do the same by plain loops, for matrices that are small where it is called; it compiles sooner."""
    sign, flat = 1, reflectors.reshape(-1)
    for k in range(columns):
        norm, own = 0.0, k * (rows + 1)
        for i in range(k, rows):
            value = s[i * width + k]
            reflectors[k, i] = value
            norm += value * value
        norm = np.sqrt(norm)
        head = s[k * width + k]
        factor = norm * (norm + abs(head))
        reflectors[k, rows] = 0.0
        if not factor > 0.0:
            sign = 0 if norm == 0.0 else sign
            continue
        factor = 1.0 / factor
        diagonal = -norm if head > 0.0 else norm
        sign = sign if head > 0.0 else -sign
        reflectors[k, k] = head - diagonal
        reflectors[k, rows] = factor
        for c in range(k // LANES * LANES, width, LANES):
            combine(w, c, 0.0, 1.0, flat, own + k, rows - k, s, k * width + c, width)
            for i in range(k, rows):
                add_multiple(s, i * width + c, -factor * flat[own + i], w, c)
        s[k * width + k] = diagonal
    return sign


@compiled
def reflect(reflectors, v):
    """Apply the reflections of `triangularise` to one more column, in place."""
    columns, rows = reflectors.shape[0], reflectors.shape[1] - 1
    for k in range(columns):
        total = 0.0
        for i in range(k, rows):
            total += reflectors[k, i] * v[i]
        total *= reflectors[k, rows]
        for i in range(k, rows):
            v[i] -= total * reflectors[k, i]
