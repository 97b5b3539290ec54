"""The parts of the reduction of an orbit's equations that concern one mesh interval or two neighbours.

Eliminated unknowns are affine functions of those that remain; see `dynana.numerics.collocation` for the whole.
"""

from __future__ import annotations

from dynana.numerics.compilation import compiled
from dynana.numerics.condensation import triangularise
from dynana.numerics.lanes import LANES, combine


@compiled
def write_transfer(z, point, n, m, inverse, end, solutions, row0, columns, target, to, constant):
    """Write the next mesh value as a function of left mesh value, duration and parameters, with the constant.

    ``solutions`` has the same of the stages from row ``row0`` on; ``target`` receives it from row ``to`` on.
    """
    after = (point + m + 1) * n
    for c in range(n):
        row = (to + c) * columns
        for k in range(0, columns, LANES):
            combine(target, row + k, 0.0, 1.0, end, 1, m, solutions, (row0 + c) * columns + k, n * columns)
        target[row + c] += end[0]
        value = z[after + c]
        for k in range(m + 1):
            value -= end[k] * z[(point + k) * n + c]
        target[row + constant] -= value * inverse[c]


@compiled
def add_rows(gradients, states, point, n, m, solutions, row0, columns, rows, weights):
    """Add to the full rows what they say about the left value and the stages of one interval.

    ``rows`` (n_rows * columns,): coefficients of the left value and of the other columns; ``weights`` (m n,): work
    space.
    """
    for f in range(gradients.shape[0]):
        to, at = f * columns, (point + 1) * n
        for l in range(m):
            for c in range(n):
                weights[l * n + c] = gradients[f, at + l * n + c] * states[c]
        for k in range(0, columns, LANES):
            combine(rows, to + k, 1.0, 1.0, weights, 0, m * n, solutions, row0 * columns + k, columns)
        for c in range(n):
            rows[to + c] += gradients[f, point * n + c] * states[c]


@compiled
def eliminate_point(pair, chain, row0, width, reflectors, rows, columns, firsts, multiples, n, extra, w):
    """Eliminate a mesh point between two intervals; ``pair`` holds both, and then the relation that remains.

    Columns of ``pair`` and ``chain``: this point, the first of the segment, the next, and the others. The full rows
    are turned from coefficients of this point into those of the next; ``firsts`` are their coefficients of the first.
    """
    sign = triangularise(pair, 2 * n, n, width, reflectors, w)
    to = row0 * width
    for k in range(n * width):
        chain[to + k] = pair[k]
    for f in range(firsts.shape[0]):
        at = f * columns
        for c in range(n):
            value = rows[at + c]
            for k in range(c):
                value -= multiples[f, k] * pair[k * width + c]
            multiples[f, c] = value / pair[c * width + c]
        for k in range(n):
            rows[at + k] = 0.0
        for c in range(n):
            multiple, row = multiples[f, c], c * width + n
            if multiple != 0.0:
                for k in range(n):
                    firsts[f, k] -= multiple * pair[row + k]
                for k in range(n + extra):
                    rows[at + k] -= multiple * pair[row + n + k]
    return sign


@compiled
def load_pair(pair, width, transfer, row0, columns, n, extra, first):
    """Write the relation so far and the transfer of the next interval into ``pair``; for ``first`` only the latter."""
    for c in range(n):
        upper, lower, source = c * width, (n + c) * width, (row0 + c) * columns
        if not first:
            for k in range(n):
                pair[upper + k] = pair[lower + 2 * n + k]
                pair[upper + n + k] = pair[lower + n + k]
                pair[upper + 2 * n + k] = 0.0
            for k in range(extra):
                pair[upper + 3 * n + k] = pair[lower + 3 * n + k]
        here, other = (n, 0) if first else (0, n)  # the first point of a segment is not eliminated
        for k in range(n):
            pair[lower + here + k] = -transfer[source + k]
            pair[lower + other + k] = 0.0
            pair[lower + 2 * n + k] = 0.0
        pair[lower + 2 * n + c] = 1.0
        for k in range(extra):
            pair[lower + 3 * n + k] = -transfer[source + n + k]
