"""Elimination of the stages of mesh intervals: affine functions of the left mesh value, the duration and parameters.

Small systems are eliminated side by side, those of eight intervals in the lanes of a block, whatever their segments
(`dynana.numerics.side_by_side`); large ones one after the other, in blocks of rows and columns
(`dynana.numerics.block_elimination`). The arguments are explained in `dynana.numerics.collocation`.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.block_elimination import eliminate_blocks, solve_blocks, substitute_blocks
from dynana.numerics.compilation import compiled
from dynana.numerics.kernel_addresses import matrix_at, vector_at
from dynana.numerics.lane_by_lane import multiply
from dynana.numerics.lanes import LANES, add_multiple, combine, zero_blocks
from dynana.numerics.side_by_side import eliminate_each, solve_each, substitute_each

#: Places of kernels in ``model[0]``.
RHS, JACOBIAN, PARAMETERS, TIME, CLOSURE_KERNEL = range(5)


@compiled
def _evaluate(kernels, model, points, scale, z, point, t, h, segment, duration, lanes, lane, small):
    """Evaluate residuals and derivatives at the stages of one interval, in units of the states.

    ``small``: work space for one stage (x, f, J, fp, ft), 1 / states, and of what is written for each of ``lanes``
    intervals: minus the residuals but for their integrals (m, n); columns (m, n, extent) for left value, duration,
    active parameters and constant; Jacobians times -h T as (n, room), row c of stage after stage.
    """
    addresses, p, active, _, free = model
    states, scalars = scale
    rhs, jacobian, parameters, time = kernels
    x, f, J, fp, ft, inverse, moves, slopes, jacobians = small
    n, m, segments, na = states.size, points.size, free.shape[0], active.size
    extent, room = slopes.size // (m * n * lanes), jacobians.size // (n * lanes)
    base = point * n
    for l in range(m):
        at = base + (1 + l) * n
        for c in range(n):
            x[c] = z[at + c]
            moves[(l * n + c) * lanes + lane] = (z[base + c] - z[at + c]) * inverse[c]
        moment = t + duration * h * points[l]
        rhs(moment, x, p, f)
        jacobian(moment, x, p, J)
        if na > 0:
            parameters(moment, x, p, fp)
        if addresses[TIME] != 0:
            time(moment, x, p, ft)
        for c in range(n):
            to_scaled = h * free[segment, c] * inverse[c]
            factor, row = duration * to_scaled, ((l * n + c) * extent + n) * lanes + lane
            slopes[row] = to_scaled * f[c] * scalars[segment]
            if addresses[TIME] != 0:  # time at a stage is proportional to the duration
                slopes[row] += to_scaled * moment * ft[c] * scalars[segment]
            for k in range(na):
                slopes[row + (1 + k) * lanes] = factor * fp[c, active[k]] * scalars[segments + k]
            slopes[row + (1 + na) * lanes] = factor * f[c]
            row = (c * room + l * n) * lanes + lane
            for k in range(n):
                jacobians[row + k * lanes] = -factor * states[k] * J[c, k]


@compiled
def _reduce_one(scheme, moves, slopes, jacobians, flat, start, lower, order, solutions, row0, constant):
    """Eliminate the stages of one interval in blocks of rows and columns; return the sign of the determinant."""
    _, _, integral, _, expanded = scheme
    m, room = expanded.shape
    size, extent = moves.size, slopes.size // moves.size
    n, width, to = size // m, room + extent, solutions.reshape(-1)
    factors, weights = expanded.reshape(-1), integral.reshape(-1)
    for l in range(m):
        for c in range(n):
            row = start + (l * n + c) * width
            for k in range(0, room, LANES):
                multiply(flat, row + k, jacobians, c * room + k, factors, l * room + k)
            flat[row + l * n + c] += 1.0
            for k in range(0, extent, LANES):
                combine(flat, row + room + k, 0.0, 1.0, weights, l * m, m, slopes, c * extent + k, n * extent)
            flat[row + room + c] = 1.0
            flat[row + room + constant] += moves[l * n + c]
    sign = eliminate_blocks(flat, start, size, width, lower, order)
    if sign != 0:
        substitute_blocks(flat, start, size, width, lower, room)
        for k in range(size):
            for c in range(extent):
                to[(row0 + k) * extent + c] = flat[start + k * width + room + c]
    return sign


@compiled
def _reduce_each(integral, moves, slopes, jacobians, flat, start, order, solutions, row0, count):
    """Eliminate the stages of ``count`` intervals side by side; return the sign of the product of determinants."""
    m = integral.shape[0]
    size, extent = moves.size // LANES, slopes.size // moves.size
    n, width, weights = size // m, size + extent, integral.reshape(-1)
    for l in range(m):
        for c in range(n):
            row = start + (l * n + c) * width * LANES
            for k in range(size):
                place = (c * size + k) * LANES
                combine(flat, row + k * LANES, 0.0, 1.0, weights, l * m + k // n, 1, jacobians, place, 0)
            for lane in range(LANES):
                flat[row + (l * n + c) * LANES + lane] += 1.0
            row += size * LANES
            for k in range(n * LANES):
                flat[row + k] = 1.0 if k // LANES == c else 0.0
            for k in range(n, extent):
                place = (c * extent + k) * LANES
                combine(flat, row + k * LANES, 0.0, 1.0, weights, l * m, m, slopes, place, n * extent * LANES)
            add_multiple(flat, row + (extent - 1) * LANES, 1.0, moves, (l * n + c) * LANES)
    signs, sign = np.zeros(LANES, dtype=np.int64), 1
    eliminate_each(flat, start, size, width, order, signs)
    substitute_each(flat, start, size, width, extent)
    to, columns = solutions.reshape(-1), solutions.shape[1]
    for lane in range(count):
        sign *= signs[lane]
        for k in range(size):
            row, source = (row0 + lane * size + k) * columns, start + (k * width + size) * LANES + lane
            for c in range(extent):
                to[row + c] = flat[source + c * LANES]
    return sign


@compiled
def reduce_stages(z, model, grid, scheme, scale, work):
    """Eliminate the stages of all intervals and write them as functions of what remains.

    Returns
    -------
    int
        Sign of the product of the determinants; 0 if one is singular or not finite.
    """
    addresses, p, active, _, free = model
    counts, widths = grid
    points, integral = scheme[0], scheme[2]
    states, scalars = scale
    local, lower, order, solutions = work[:4]
    n, m, columns = states.size, points.size, solutions.shape[1]
    size, constant, scalars_at = m * n, n + 1 + active.size, (widths.size * (m + 1) + counts.size) * n
    lanes = order.shape[1] // size
    extent, room = (columns, scheme[4].shape[1]) if lanes == 1 else (constant + 1, size)
    kernels = (
        vector_at(addresses[RHS]),
        matrix_at(addresses[JACOBIAN]),
        matrix_at(addresses[PARAMETERS]),
        vector_at(addresses[TIME]),
    )
    moves, slopes, jacobians = (
        zero_blocks(size * lanes),
        zero_blocks(size * extent * lanes),
        zero_blocks(n * room * lanes),
    )
    small = (
        np.zeros(n), np.zeros(n), np.zeros((n, n)), np.zeros((n, p.size)), np.zeros(n), 1.0 / states,
        moves, slopes, jacobians,
    )  # fmt: skip
    interval, point, group, lane, step = 0, 0, 0, 0, size * (room + extent) * lanes
    sign = 1
    for i in range(counts.size):
        duration, t = z[scalars_at + i], 0.0
        for _ in range(counts[i]):
            h = widths[interval]
            _evaluate(kernels, model, points, scale, z, point, t, h, i, duration, lanes, lane, small)
            t += duration * h
            point += m + 1
            interval += 1
            lane += 1
            if lane == lanes or interval == widths.size:
                start, row0 = group * step, (interval - lane) * size
                if lanes == 1:
                    sign *= _reduce_one(
                        scheme, moves, slopes, jacobians, local, start, lower[group], order[group], solutions, row0,
                        constant,
                    )  # fmt: skip
                else:
                    sign *= _reduce_each(
                        integral, moves, slopes, jacobians, local, start, order[group], solutions, row0, lane
                    )
                if sign == 0:
                    return 0
                group += 1
                lane = 0
        point += 1
    return sign


@compiled
def solve_stages(right, grid, scheme, states, constant, work):
    """Solve for the constants of all stages that belong to a new right-hand side, into column ``constant``.

    Parameters
    ----------
    right : (unknowns,) array
        For the equations on points.
    """
    counts, widths = grid
    local, lower, order, solutions = work[:4]
    n, m, columns = states.size, scheme[0].size, solutions.shape[1]
    size = m * n
    lanes = order.shape[1] // size
    extent, room = (columns, scheme[4].shape[1]) if lanes == 1 else (constant + 1, size)
    width, to = room + extent, solutions.reshape(-1)
    x, bases, inverse = zero_blocks(room * lanes), np.zeros(lanes, dtype=np.int64), np.empty(size)
    for k in range(size):
        inverse[k] = 1.0 / states[k % n]
    interval, point, group, lane = 0, 0, 0, 0
    for i in range(counts.size):
        for _ in range(counts[i]):
            bases[lane] = (point + 1) * n
            point += m + 1
            interval += 1
            lane += 1
            if lane == lanes or interval == widths.size:
                start = group * size * width * lanes
                if lanes == 1:
                    for k in range(size):
                        x[k] = right[bases[0] + k] * inverse[k]
                    solve_blocks(local, start, size, width, lower[group], order[group], x)
                else:
                    for k in range(size):
                        for j in range(lane):
                            row = order[group, k * LANES + j]
                            x[k * LANES + j] = right[bases[j] + row] * inverse[row]
                    solve_each(local, start, size, width, x)
                for j in range(lane):
                    row = (interval - lane + j) * size
                    for k in range(size):
                        to[(row + k) * columns + constant] = x[k * lanes + j]
                group += 1
                lane = 0
        point += 1
