"""Residuals of the collocation equations and solves with their factorised Jacobian, plain and transposed.

The arguments ``model``, ``grid``, ``scheme``, ``scale`` and ``work`` are explained in `dynana.numerics.collocation`.
Right-hand sides of the equations on points stand where the unknowns stand: that of a collocation equation at its stage,
that of continuity at the right end of the interval, nothing at the first point of a segment. Closure and full rows have
a vector of their own, ``outer``.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.bordering import solve_dense
from dynana.numerics.collocation import BORDER, DENSE, ORDER, ends_of, set_active
from dynana.numerics.collocation_relations import recover_points, renew_relations
from dynana.numerics.collocation_stages import CLOSURE_KERNEL, RHS, solve_stages
from dynana.numerics.compilation import compiled
from dynana.numerics.kernel_addresses import closure_at, vector_at
from dynana.numerics.lanes import LANES, dot, zero_blocks


@compiled
def residual(z, model, grid, scheme, gradients, targets, out, outer):
    """Evaluate all equations at ``z``.

    Parameters
    ----------
    z : (unknowns,) array
    gradients : (n_rows, unknowns) array
    targets : (n_rows,) array
        The full rows are ``gradients @ z - targets``.
    out : (unknowns,) array
        Receives the residuals on points, in units of the states.
    outer : (n_closure + n_rows,) array
        Receives those of closure and full rows.
    """
    addresses, p, active, data, free = model
    counts, widths = grid
    points, _, integral, end, _ = scheme
    segments, n = free.shape
    m = points.size
    rhs, closure = vector_at(addresses[RHS]), closure_at(addresses[CLOSURE_KERNEL])
    f, slopes = np.zeros(n), np.zeros((m, n))
    scalars_at = (widths.size * (m + 1) + segments) * n
    set_active(z, scalars_at, segments, p, active)
    interval, point = 0, 0
    for i in range(segments):
        duration, t = z[scalars_at + i], 0.0
        for _ in range(counts[i]):
            h = widths[interval]
            base = point * n
            for l in range(m):
                at = base + (1 + l) * n
                rhs(t + duration * h * points[l], z[at : at + n], p, f)
                for c in range(n):
                    slopes[l, c] = h * duration * f[c] * free[i, c]
            for l in range(m):
                at = base + (1 + l) * n
                for c in range(n):
                    value = z[at + c] - z[base + c]
                    for k in range(m):
                        value -= integral[l, k] * slopes[k, c]
                    out[at + c] = value
            after = base + (m + 1) * n
            for c in range(n):
                value = z[after + c]
                for k in range(m + 1):
                    value -= end[k] * z[base + k * n + c]
                out[after + c] = value
            t += duration * h
            point += m + 1
            interval += 1
        point += 1
    n_closure = outer.size - targets.size
    starts, ends = np.empty((segments, n)), np.empty((segments, n))
    ends_of(z, n, counts, m, starts, ends)
    derivatives = np.zeros((n_closure, (2 * n + 1) * segments + p.size))
    closure(starts, ends, z[scalars_at : scalars_at + segments], p, data, outer[:n_closure], derivatives)
    for r in range(targets.size):
        total = -targets[r]
        for k in range(z.size):
            total += gradients[r, k] * z[k]
        outer[n_closure + r] = total


@compiled
def renew(right, outer, grid, scheme, scale, gradients, work):
    """Put a new right-hand side into the place of the constants of a factorised Jacobian.

    Parameters
    ----------
    right : (unknowns,) array
        For the equations on points.
    outer : (n_closure + n_rows,) array
    gradients : (n_rows, unknowns) array
        The full rows with which the Jacobian was factorised.
    """
    counts, _ = grid
    points, _, _, end, _ = scheme
    states, scalars = scale
    order, solutions, _, constants, _, joins, roots, pairs, reflectors, multiples = work[ORDER:DENSE]
    border = work[BORDER]
    n, m, segments, n_rows = states.size, points.size, counts.size, gradients.shape[0]
    size, extra = m * n, 2 + scalars.size - segments
    x, inverse = np.empty(size), 1.0 / states
    solve_stages(right, grid, scheme, states, n + extra - 1, work)
    base = border.size - n_rows
    for r in range(outer.size):
        border[n * segments + r] = outer[r]
    interval, point = 0, 0
    for i in range(segments):
        for _ in range(counts[i]):
            at = (point + 1) * n
            for k in range(size):
                x[k] = solutions[interval * size + k, n + extra - 1]
            for r in range(n_rows):
                total = 0.0
                for l in range(m):
                    for c in range(n):
                        total += gradients[r, at + l * n + c] * states[c] * x[l * n + c]
                border[base + r] -= total
            for c in range(n):
                value = right[at + size + c] * inverse[c]
                for l in range(m):
                    value += end[l + 1] * x[l * n + c]
                constants[interval, c] = -value
            point += m + 1
            interval += 1
        point += 1
    lanes = order.shape[1] // size
    renew_relations(n, extra, n_rows, constants, joins, lanes, pairs, reflectors, multiples, border[base:])
    for i in range(segments):
        for c in range(n):
            border[i * n + c] = -constants[roots[i], c]


@compiled
def back_substitute(constant, outer, grid, scheme, scale, n_rows, work, out):
    """Solve for all unknowns after `factorise` or `renew`.

    Parameters
    ----------
    constant : float
        Multiple of the right-hand side in the place of the constants; 1 after `factorise` gives a Newton correction.
    outer : (n_closure + n_rows,) array
        What is added to the right-hand sides of closure and full rows.
    n_rows : int
    out : (unknowns,) array
        Receives the solution, unscaled.
    """
    counts, _ = grid
    points = scheme[0]
    states, scalars = scale
    order, solutions, _, _, _, joins, _, pairs, reflectors, _, dense, dense_pivots, row_scale, border = work[ORDER:]
    n, m, segments, n_scalars = states.size, points.size, counts.size, scalars.size
    size, columns, extra = m * n, solutions.shape[1], 2 + scalars.size - segments
    flat, lanes = solutions.reshape(-1), order.shape[1] // size
    unknowns = np.empty(dense.shape[0])
    for k in range(unknowns.size):
        unknowns[k] = constant * border[k]
    for r in range(outer.size):
        unknowns[n * segments + r] += outer[r]
    solve_dense(dense, dense_pivots, row_scale, unknowns)
    scalars_at, point = out.size - n_scalars, 0
    for k in range(n_scalars):
        out[scalars_at + k] = unknowns[2 * n * segments + k] * scalars[k]
    for i in range(segments):
        last = point + counts[i] * (m + 1)
        for c in range(n):
            out[point * n + c] = unknowns[2 * n * i + c]
            out[last * n + c] = unknowns[2 * n * i + n + c]
        point = last + 1
    q, durations = zero_blocks(columns), unknowns[2 * n * segments : (2 * n + 1) * segments]
    for k in range(segments, n_scalars):
        q[n + 1 + k - segments] = unknowns[2 * n * segments + k]
    q[n + extra - 1] = constant
    recover_points(n, extra, n_rows, joins, lanes, pairs, reflectors, durations, q[n + 1 : n + extra], out)
    interval, point = 0, 0
    for i in range(segments):
        q[n] = durations[i]
        for _ in range(counts[i]):
            at = point * n
            for c in range(n):
                q[c] = out[at + c]
            for k in range(size):
                row, total = (interval * size + k) * columns, 0.0
                for c in range(0, columns, LANES):
                    total += dot(flat, row + c, q, c)
                out[at + n + k] = total
            point += m + 1
            interval += 1
        point += 1
    for k in range(0, scalars_at, n):
        for c in range(n):
            out[k + c] *= states[c]
