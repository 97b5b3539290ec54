"""Elimination of large matrices in blocks of columns: most of the work is products of matrices.

The same results, in the same places, as the plain loops of `dynana.numerics.plain_elimination`; J. J. Dongarra et al.,
*Numerical Linear Algebra for High-Performance Computers* (SIAM 1998), chapter 5, and for reflections R. Schreiber & C.
Van Loan, SIAM J. Sci. Stat. Comput. 10 (1989) 53.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.lanes import LANES, add_multiple, combine, dot, zero_blocks
from dynana.numerics.products import BLOCK, add_product


@compiled
def eliminate_blocks(a, start, size, width, lower, pivots):
    """Factorise as `dynana.numerics.plain_elimination.eliminate_plainly`, multipliers of a block exchanged along."""
    sign, flat, stride = 1, lower.reshape(-1), lower.shape[1]
    for first in range(0, size, BLOCK):
        last = min(first + BLOCK, size)
        edge = (last + LANES - 1) // LANES * LANES
        for k in range(first, last):
            row_k = start + k * width
            at = k
            for i in range(k + 1, size):
                if abs(a[start + i * width + k]) > abs(a[start + at * width + k]):
                    at = i
            pivots[k] = at
            pivot = a[start + at * width + k]
            if not (abs(pivot) > 0.0 and abs(pivot) < np.inf):
                return 0
            sign = sign if pivot > 0.0 else -sign
            if at != k:
                sign = -sign
                other = start + at * width
                for c in range(first, width):
                    a[row_k + c], a[other + c] = a[other + c], a[row_k + c]
                for before in range(first, k):
                    lower[before, k], lower[before, at] = lower[before, at], lower[before, k]
            lower[k, k] = 1.0 / pivot
            for i in range(k + 1, size):
                lower[k, i] = a[start + i * width + k] * lower[k, k]
            for c in range(k // LANES * LANES, edge, LANES):
                for i in range(k + 1, size):
                    add_multiple(a, start + i * width + c, -lower[k, i], a, row_k + c)
        for k in range(first, last):
            for i in range(k + 1, last):
                for c in range(edge, width, LANES):
                    add_multiple(a, start + i * width + c, -lower[k, i], a, start + k * width + c)
        if last < size:
            add_product(
                a, start + last * width + edge, width, 1.0, -1.0, flat, first * stride + last, stride, True,
                a, start + first * width + edge, width, size - last, width - edge, last - first,
            )  # fmt: skip
    return sign


@compiled
def substitute_blocks(a, start, size, width, lower, right):
    """Back-substitute the right-hand sides that stand in columns ``right`` to ``width`` of a factorised matrix."""
    last = size
    while last > 0:
        first = (last - 1) // BLOCK * BLOCK
        for i in range(last - 1, first - 1, -1):
            row_i = start + i * width
            for c in range(right, width, LANES):
                combine(a, row_i + c, lower[i, i], 0.0, a, 0, 0, a, 0, 0)
                for r in range(first, i):
                    row = start + r * width
                    add_multiple(a, row + c, -a[row + i], a, row_i + c)
        if first > 0:
            add_product(
                a, start + right, width, 1.0, -1.0, a, start + first, width, False,
                a, start + first * width + right, width, first, width - right, last - first,
            )  # fmt: skip
        last = first


@compiled
def solve_blocks(a, start, size, width, lower, pivots, x):
    """Solve for one more right-hand side ``x``, in place; ``x`` is padded to whole blocks of eight."""
    for first in range(0, size, BLOCK):
        last = min(first + BLOCK, size)
        for k in range(first, last):
            at = pivots[k]
            x[k], x[at] = x[at], x[k]
        for k in range(first, last):
            value = x[k]
            for i in range(k + 1, size):
                x[i] -= lower[k, i] * value
    for i in range(size, x.size):
        x[i] = 0.0
    for i in range(size - 1, -1, -1):
        total = x[i]
        x[i] = 0.0
        for c in range(i // LANES * LANES, size, LANES):
            total -= dot(a, start + i * width + c, x, c)
        x[i] = total * lower[i, i]


@compiled
def triangularise_blocks(s, rows, columns, width, reflectors, w):
    """Reflect as `dynana.numerics.plain_elimination.triangularise`; a block of reflections is I - V T V'."""
    sign, flat, stride = 1, reflectors.reshape(-1), rows + 1
    work, upper, factors = zero_blocks(BLOCK * width), np.zeros((BLOCK, BLOCK)), np.zeros(BLOCK)
    for first in range(0, columns, BLOCK):
        last = min(first + BLOCK, columns)
        edge, count = (last + LANES - 1) // LANES * LANES, last - first
        for k in range(first, last):
            sign *= _reflect_column(s, rows, width, k, edge, reflectors, w)
        if edge >= width:
            continue
        for j in range(count):
            factor = reflectors[first + j, rows]
            for i in range(j):
                factors[i] = 0.0
                for l in range(first + j, rows):
                    factors[i] += reflectors[first + i, l] * reflectors[first + j, l]
            for i in range(j):
                total = 0.0
                for l in range(i, j):
                    total += upper[l, i] * factors[l]
                upper[j, i] = -factor * total  # row j holds column j of T
            upper[j, j] = factor
        place = first * stride + first
        add_product(
            work, 0, width, 0.0, 1.0, flat, place, stride, False,
            s, first * width + edge, width, count, width - edge, rows - first,
        )  # fmt: skip
        triangle = upper.reshape(-1)
        for j in range(count - 1, -1, -1):
            for c in range(0, width - edge, LANES):
                combine(work, j * width + c, upper[j, j], 1.0, triangle, j * BLOCK, j, work, c, width)
        add_product(
            s, first * width + edge, width, 1.0, -1.0, flat, place, stride, True,
            work, 0, width, rows - first, width - edge, count,
        )  # fmt: skip
    return sign


@compiled
def _reflect_column(s, rows, width, k, edge, reflectors, w):
    """Reflect one column, and those after it up to ``edge``; return the sign of reflection times diagonal."""
    norm = 0.0
    for i in range(k, rows):
        value = s[i * width + k]
        reflectors[k, i] = value
        norm += value * value
    norm = np.sqrt(norm)
    head = s[k * width + k]
    factor = norm * (norm + abs(head))
    reflectors[k, rows] = 0.0
    if not factor > 0.0:
        return 0 if norm == 0.0 else 1
    diagonal = -norm if head > 0.0 else norm
    reflectors[k, k] = head - diagonal
    reflectors[k, rows] = 1.0 / factor
    for c in range(k // LANES * LANES, edge, LANES):
        for i in range(c, c + LANES):
            w[i] = 0.0
        for i in range(k, rows):
            add_multiple(w, c, reflectors[k, i], s, i * width + c)
        for i in range(k, rows):
            add_multiple(s, i * width + c, -reflectors[k, i] / factor, w, c)
    s[k * width + k] = diagonal
    return 1 if head > 0.0 else -1
