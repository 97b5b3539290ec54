"""What remains of one mesh interval when its stages are eliminated; see `dynana.numerics.collocation` for the whole."""

from __future__ import annotations

from dynana.numerics.compilation import compiled
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
def write_relation(transfer, row0, n, extra, relation):
    """Write what `write_transfer` has written as a relation between the ends of the interval."""
    width = 2 * n + extra
    for c in range(n):
        for k in range(n):
            relation[c * width + k] = -transfer[row0 + c, k]
            relation[c * width + n + k] = 1.0 if k == c else 0.0
        for k in range(extra):
            relation[c * width + 2 * n + k] = -transfer[row0 + c, n + k]


@compiled
def write_rows(gradients, states, point, n, m, extra, solutions, row0, columns, relation, weights, row):
    """Write what the full rows say about the left value and the stages of one interval after its relation.

    ``weights`` (m n,), ``row`` (columns,): work space.
    """
    at, width = (point + 1) * n, 2 * n + extra
    for f in range(gradients.shape[0]):
        to = (n + f) * width
        for l in range(m):
            for c in range(n):
                weights[l * n + c] = gradients[f, at + l * n + c] * states[c]
        for k in range(0, columns, LANES):
            combine(row, k, 0.0, 1.0, weights, 0, m * n, solutions, row0 * columns + k, columns)
        for c in range(n):
            relation[to + c] = row[c] + gradients[f, point * n + c] * states[c]
            relation[to + n + c] = 0.0
        for k in range(extra):
            relation[to + 2 * n + k] = row[n + k]
