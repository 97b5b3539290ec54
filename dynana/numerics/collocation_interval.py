"""The parts of the reduction of an orbit's equations that concern one mesh interval or two neighbours.

Eliminated unknowns are affine functions of those that remain; see `dynana.numerics.collocation` for the whole.
"""

from __future__ import annotations

from dynana.numerics.compilation import compiled
from dynana.numerics.condensation import triangularise
from dynana.numerics.lanes import LANES, combine, multiply


@compiled
def evaluate_stages(
    kernels, forced, p, active, free, points, states, inverse, scalars, z, point, t, h, duration, segment, small
):
    """Evaluate derivatives at the stages of one interval, scaled by the sizes of states; ``inverse`` is 1 / states.

    ``small``: work space for one stage (x, f, J, fp, ft), then columns (m, n, padded n + extra) for duration, active
    parameters and constant, and Jacobians times -h T as (n, padded m n): row c of stage after stage.
    """
    rhs, jacobian, parameters, time = kernels
    x, f, J, fp, ft, columns, jacobians = small
    n, segments, na = states.size, free.shape[0], active.size
    for l in range(points.size):
        at = (point + 1 + l) * n
        for c in range(n):
            x[c] = z[at + c]
        moment = t + duration * h * points[l]
        rhs(moment, x, p, f)
        jacobian(moment, x, p, J)
        if na > 0:
            parameters(moment, x, p, fp)
        if forced:
            time(moment, x, p, ft)
        for c in range(n):
            to_scaled = h * free[segment, c] * inverse[c]
            factor = duration * to_scaled
            columns[l, c, n + 1 + na] = factor * f[c]
            columns[l, c, n] = to_scaled * f[c] * scalars[segment]
            if forced:  # time at a stage is proportional to the duration
                columns[l, c, n] += to_scaled * moment * ft[c] * scalars[segment]
            for k in range(na):
                columns[l, c, n + 1 + k] = factor * fp[c, active[k]] * scalars[segments + k]
            for k in range(n):
                jacobians[c, l * n + k] = -factor * states[k] * J[c, k]


@compiled
def assemble(scheme, columns, jacobians, flat, start, width):
    """Write the equations of one interval as rows of the local matrix: stages = left value + integral of the slopes.

    On the left the coefficients of the stages, on the right columns as the module explains.
    """
    _, _, integral, _, expanded = scheme
    m, n, extent = columns.shape
    right = expanded.shape[1]
    rows, factors, slopes = jacobians.reshape(-1), expanded.reshape(-1), columns.reshape(-1)
    weights = integral.reshape(-1)
    for l in range(m):
        for c in range(n):
            row = start + (l * n + c) * width
            for k in range(0, right, LANES):
                multiply(flat, row + k, rows, c * right + k, factors, l * right + k)
            flat[row + l * n + c] += 1.0
            for k in range(0, extent, LANES):
                combine(flat, row + right + k, 0.0, 1.0, weights, l * m, m, slopes, c * extent + k, n * extent)
            flat[row + right + c] = 1.0


@compiled
def add_constants(z, point, m, n, inverse, flat, start, width, column):
    """Complete the constants of one interval: minus the residuals, of which the integrals are there already."""
    base = point * n
    for l in range(m):
        for c in range(n):
            flat[start + (l * n + c) * width + column] -= (z[base + (1 + l) * n + c] - z[base + c]) * inverse[c]


@compiled
def write_transfer(z, point, n, m, inverse, end, flat, start, width, right, target, row0, columns, constant):
    """Write the next mesh value as a function of left mesh value, duration and parameters, with the constant."""
    after = (point + m + 1) * n
    for c in range(n):
        row = (row0 + c) * columns
        for k in range(0, columns, LANES):
            combine(target, row + k, 0.0, 1.0, end, 1, m, flat, start + c * width + right + k, n * width)
        target[row + c] += end[0]
        value = z[after + c]
        for k in range(m + 1):
            value -= end[k] * z[(point + k) * n + c]
        target[row + constant] -= value * inverse[c]


@compiled
def add_rows(gradients, states, point, n, m, flat, start, width, right, columns, rows, weights):
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
            combine(rows, to + k, 1.0, 1.0, weights, 0, m * n, flat, start + right + k, width)
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
