"""Fundamental matrices of mesh intervals, resolved where the collocation mesh is too coarse for them.

A mesh that resolves the orbit need not resolve perturbations that decay much faster than the orbit moves: collocation
then multiplies them by a rational approximation of the exponential, and the smallest multipliers come out too large.
Liouville's formula tells: log det of each interval's matrix must be the integral of the trace. Where it is not, the
variational equation along the collocation polynomial is solved again on parts of the interval, over which solutions
change by a moderate factor: on each part the Jacobian is the polynomial through its values at the Gauss points, and the
solution is summed as a power series of time, to the last digit.

Arguments are explained in `dynana.numerics.collocation`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.collocation import GRID, MODEL, SCHEME
from dynana.numerics.collocation_stages import JACOBIAN
from dynana.numerics.compilation import compiled
from dynana.numerics.interpolation import lagrange, node_products
from dynana.numerics.kernel_addresses import matrix_at
from dynana.numerics.lane_by_lane import COLUMNS, combine_each, dot_each
from dynana.numerics.lanes import LANES, add_multiple, combine, zero_blocks
from dynana.numerics.plain_elimination import eliminate_plainly
from dynana.numerics.signatures import ROW

#: Difference between log det and integral of the trace, per interval, up to which a matrix counts as resolved.
RESOLVED = 1e-9

#: Largest norm of Jacobian times duration of a part. Terms of the series are at most exp(NORM) times what is multiplied
#: and solutions decay by at most that factor, so that rounding stays below 1e-11 of the smallest.
NORM = 5.0

#: Most parts into which an interval is cut. Beyond it the interval's matrix stays as collocation gives it.
MOST_PARTS = 4096

#: Terms of a series are left out from the first on that is below this, relative to what is multiplied; and their number
#: where the norm is `NORM`, with room for norms of coefficients that are larger.
NEGLIGIBLE, MOST_TERMS = 1e-18, 80

#: Terms that there is room for, in units of those that enter the next one.
ROOM = 4

_FACTORS = types.Array(types.float64, 3, "C")


@compiled
def padded_columns(n):
    """Columns of matrices (n, n) whose rows are combined `COLUMNS` at a time."""
    return (n + COLUMNS - 1) // COLUMNS * COLUMNS


@compiled
def log_determinant(a, lower, pivots, work):
    """Logarithm of the modulus of the determinant of a small matrix (n, n); ``work`` has room for it, rows padded."""
    n = a.shape[0]
    width = (n + LANES - 1) // LANES * LANES
    for i in range(n):
        for k in range(n):
            work[i * width + k] = a[i, k]
    if eliminate_plainly(work, 0, n, width, lower, pivots) == 0:
        return -np.inf
    total = 0.0
    for i in range(n):
        total -= np.log(abs(lower[i, i]))
    return total


@compiled
def _powers(points, powers):
    """Write the coefficients of powers of s for the polynomial through values at ``points``, shape (m, m)."""
    m = points.size
    for l in range(m):
        for k in range(m):
            powers[k, l] = 0.0
        powers[0, l] = 1.0
        degree = 0
        for other in range(m):
            if other != l:  # times (s - points[other]) / (points[l] - points[other])
                factor = 1.0 / (points[l] - points[other])
                degree += 1
                for k in range(degree, 0, -1):
                    powers[k, l] = factor * (powers[k - 1, l] - points[other] * powers[k, l])
                powers[0, l] *= -factor * points[other]


@compiled
def _norm(matrix, ratios):
    """Largest row sum of moduli of a matrix (n, n), in units of the states."""
    largest = 0.0
    for c in range(matrix.shape[0]):
        total = 0.0
        for k in range(matrix.shape[0]):
            total += abs(matrix[c, k]) * ratios[c, k]
        largest = max(largest, total)
    return largest


@compiled
def _sample(kernel, p, points, n, z, at, t, first, length, step, small):
    """Evaluate the Jacobians at the Gauss points of a part."""
    x, nodes, inverse, weights, jacobians = small[:5]
    m = points.size
    for l in range(m):
        lagrange(nodes, inverse, first + points[l] * length, weights)
        for c in range(n):
            x[c] = 0.0
            for k in range(m + 1):
                x[c] += weights[k] * z[at + k * n + c]
        kernel(t + points[l] * step, x, p, jacobians[l])


@compiled
def _trace(jacobians, weights, free):
    """Mean of the trace over a part."""
    total = 0.0
    for l in range(weights.size):
        for c in range(free.size):
            total += weights[l] * jacobians[l, c, c] * free[c]
    return total


@compiled
def _enter(lane, step, free, ratios, small):
    """Put the Jacobians that are sampled, for time from 0 to 1 over a part, into one lane."""
    jacobians, samples = small[4], small[6]
    m, n = jacobians.shape[0], free.size
    for j in range(m):
        for i in range(n):
            factor, to = step * free[i], (j * n + i) * n
            for l in range(n):
                samples[(to + l) * LANES + lane] = jacobians[j, i, l] * ratios[i, l] * factor


@compiled
def _expand(n, small):
    """Write the polynomials through the samples, coefficient by coefficient, and bounds of these over all lanes."""
    powers, samples, coefficients, sizes = small[5:9]
    totals = small[13]
    m, room, flat = powers.shape[0], n * n * LANES, powers.reshape(-1)
    for k in range(m):
        sizes[k] = 0.0
        for i in range(n):
            for l in range(n):
                to, source = ((i * m + k) * n + l) * LANES, (i * n + l) * LANES
                combine(coefficients, to, 0.0, 1.0, flat, k * m, m, samples, source, room)
            for lane in range(LANES):
                totals[lane] = 0.0
            for l in range(n):
                for lane in range(LANES):
                    totals[lane] += abs(coefficients[((i * m + k) * n + l) * LANES + lane])
            for lane in range(LANES):
                sizes[k] = max(sizes[k], totals[lane])


@compiled
def _sum_series(n, small):
    """Sum the fundamental matrices of as many parts as there are lanes.

    With J = J_0 + J_1 s + ..., the coefficients of the solution are C_(j+1) = (J_0 C_j + J_1 C_(j-1) + ...) / (j + 1).
    Their rows have `padded_columns`. The series ends where the sizes of J_k and of the last terms make the next one
    negligible.
    """
    coefficients, sizes, norms, terms, matrices = small[7:12]
    squares = small[13]
    columns = padded_columns(n)
    m, line = sizes.size, columns * LANES
    room = n * line
    # terms stand one before the other, so that those that enter the next one are rows of equal distance
    highest = terms.size - m * room
    at = highest
    for k in range(m * room):
        terms[at + k] = 0.0
    for i in range(n):
        diagonal = (i * columns + i) * LANES
        for k in range(diagonal, diagonal + LANES):
            terms[at + k] = 1.0
    for k in range(room):
        matrices[k] = terms[at + k]
    for k in range(m):
        norms[k] = 1.0 if k == m - 1 else 0.0
    for j in range(MOST_TERMS):
        share, bound = 1.0 / (j + 1), 0.0
        for k in range(m):
            bound += share * sizes[k] * norms[m - 1 + j - k]
        if bound < NEGLIGIBLE:
            break
        if at == 0:
            for k in range(m * room):
                terms[highest + k] = terms[k]
            at = highest
        before, at = at, at - room
        for i in range(n):
            for c in range(0, line, COLUMNS * LANES):
                first = i * m * n * LANES
                combine_each(terms, at + i * line + c, share, coefficients, first, m * n, terms, before + c, line)
        for k in range(0, room, LANES):
            add_multiple(matrices, k, 1.0, terms, at + k)
        dot_each(squares, 0, n, terms, at, n * columns, terms, at, LANES)
        largest = 0.0
        for lane in range(LANES):
            largest = max(largest, squares[lane])
        norms[m + j] = np.sqrt(largest)  # row sums are not above the root of n times the sum of squares


@compiled
def _multiply_up(factors, owners, count, small):
    """Sum the series in the first ``count`` lanes and multiply what is in front of them in their intervals' matrices.

    ``owners`` (lanes, 2): the interval of each, and 1 where it is the first part of that.
    """
    n, matrices, product = factors.shape[1], small[11], small[12]
    columns = padded_columns(n)
    if count == 0:
        return
    _expand(n, small)
    _sum_series(n, small)
    for lane in range(count):
        interval = owners[lane, 0]
        for i in range(n):
            for c in range(n):
                value = matrices[(i * columns + c) * LANES + lane]
                if owners[lane, 1] == 0:
                    value = 0.0
                    for l in range(n):
                        value += matrices[(i * columns + l) * LANES + lane] * factors[interval, l, c]
                product[i, c] = value
        for i in range(n):
            for c in range(n):
                factors[interval, i, c] = product[i, c]


@compiled(types.Tuple((types.float64, types.int64))(ROW, MODEL, GRID, SCHEME, ROW, _FACTORS), no_cfunc_wrapper=True)
def resolve_transfers(z, model, grid, scheme, states, factors):
    """Improve the fundamental matrices of all intervals where Liouville's formula says that it is needed.

    Parameters
    ----------
    z : (unknowns,) array
        A converged orbit.
    states : (n,) array
        Scales of the states, in which the matrices are written.
    factors : (intervals, n, n) array
        The matrices that collocation gives; overwritten where improved.

    Returns
    -------
    trace : float
        Integral of the trace of the Jacobian over the orbit: the sum of the logarithms of all multipliers.
    resolved : int
        Number of intervals that were improved.
    """
    addresses, p, _, _, free = model
    counts, widths = grid
    points, weights = scheme[:2]
    jacobian = matrix_at(addresses[JACOBIAN])
    n, m = states.size, points.size
    flat, owners, lane = zero_blocks(n * ((n + LANES - 1) // LANES * LANES)), np.zeros((LANES, 2), dtype=np.int64), 0
    lower, pivots = np.zeros((n, n)), np.zeros(n, dtype=np.int64)
    nodes, inverse, powers, jacobians = np.zeros(m + 1), np.zeros(m + 1), np.zeros((m, m)), np.zeros((m, n, n))
    for l in range(m):
        nodes[1 + l] = points[l]
    node_products(nodes, inverse)
    _powers(points, powers)
    room, wide = n * n * LANES, n * padded_columns(n) * LANES
    small = (
        np.zeros(n), nodes, inverse, np.zeros(m + 1), jacobians, powers, zero_blocks(m * room), zero_blocks(m * room),
        np.zeros(m), np.zeros(m + MOST_TERMS), zero_blocks(ROOM * m * wide), zero_blocks(wide), np.zeros((n, n)),
        zero_blocks(LANES),
    )  # fmt: skip
    x, ratios = small[0], np.empty((n, n))
    for c in range(n):
        for k in range(n):
            ratios[c, k] = states[k] / states[c]
    scalars_at = (widths.size * (m + 1) + counts.size) * n
    whole, improved, interval, point = 0.0, 0, 0, 0
    for i in range(counts.size):
        duration, t = z[scalars_at + i], 0.0
        for _ in range(counts[i]):
            h = widths[interval] * duration
            for l in range(m):
                for c in range(n):
                    x[c] = z[(point + 1 + l) * n + c]
                jacobian(t + points[l] * h, x, p, jacobians[l])
            trace = h * _trace(jacobians, weights, free[i])
            if abs(log_determinant(factors[interval], lower, pivots, flat) - trace) > RESOLVED:
                norm = 0.0
                for l in range(m):
                    norm = max(norm, h * _norm(jacobians[l], ratios))
                parts = max(int(np.ceil(min(norm / NORM, MOST_PARTS + 1.0))), 1)
                if parts <= MOST_PARTS:
                    improved += 1
                    step = h / parts
                    if parts > 1:
                        trace = 0.0
                    for part in range(parts):
                        if parts > 1:
                            first = part / parts
                            _sample(
                                jacobian, p, points, n, z, point * n, t + h * first, first, 1.0 / parts, step, small
                            )
                            trace += step * _trace(jacobians, weights, free[i])
                        _enter(lane, step, free[i], ratios, small)
                        owners[lane, 0], owners[lane, 1] = interval, 1 if part == 0 else 0
                        lane += 1
                        if lane == LANES:
                            _multiply_up(factors, owners, lane, small)
                            lane = 0
            whole += trace
            t += h
            point += m + 1
            interval += 1
        point += 1
    _multiply_up(factors, owners, lane, small)
    return whole, improved
