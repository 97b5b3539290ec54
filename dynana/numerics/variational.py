"""Fundamental matrices of mesh intervals, resolved where the collocation mesh is too coarse for them.

A mesh that resolves the orbit need not resolve perturbations that decay much faster than the orbit moves: collocation
then multiplies them by a rational approximation of the exponential, and the smallest multipliers come out too large.
Liouville's formula tells: log det of each interval's matrix must be the integral of the trace. Where it is not, the
variational equation along the collocation polynomial is solved again on parts of the interval, as many as the
difference asks for.

Arguments are explained in `dynana.numerics.collocation`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.collocation import GRID, JACOBIAN, MODEL, SCHEME
from dynana.numerics.collocation_interval import assemble
from dynana.numerics.compilation import compiled
from dynana.numerics.condensation import eliminate, substitute
from dynana.numerics.kernel_addresses import matrix_at
from dynana.numerics.lanes import LANES
from dynana.numerics.signatures import ROW

#: Difference between log det and integral of the trace, per interval, up to which a matrix counts as resolved.
RESOLVED = 1e-9

#: Most parts into which an interval is cut, and how often their number is chosen anew.
MOST_PARTS, MOST_CHOICES = 256, 6

#: A determinant of this logarithm is lost in rounding. Then steps are taken over which solutions decay by no more than
#: this factor (logarithm), which is as good as can be told.
LOST, SHORT = -25.0, 2.0

_FACTORS = types.Array(types.float64, 3, "C")


@compiled
def log_determinant(a, lower, pivots, work):
    """Logarithm of the modulus of the determinant of a small matrix (n, n); ``work`` has room for it, rows padded."""
    n = a.shape[0]
    width = (n + LANES - 1) // LANES * LANES
    for i in range(n):
        for k in range(n):
            work[i * width + k] = a[i, k]
    if eliminate(work, 0, n, width, lower, pivots) == 0:
        return -np.inf
    total = 0.0
    for i in range(n):
        total -= np.log(abs(lower[i, i]))
    return total


@compiled
def _node_products(nodes, inverse):
    """Write 1 / product of (node k - the other nodes) for each k."""
    for k in range(nodes.size):
        inverse[k] = 1.0
        for l in range(nodes.size):
            if l != k:
                inverse[k] /= nodes[k] - nodes[l]


@compiled
def _lagrange(nodes, inverse, s, weights):
    """Write the weights, at ``nodes``, of the value at ``s`` of the polynomial through values there."""
    for k in range(nodes.size):
        weight = inverse[k]
        for l in range(nodes.size):
            if l != k:
                weight *= s - nodes[l]
        weights[k] = weight


@compiled
def _part(kernel, p, free, scheme, states, z, point, t, first, length, step, small, flat, lower, pivots, matrix):
    """Multiply ``matrix`` by the fundamental matrix of a part of an interval; return the integral of the trace.

    The part begins at ``first`` and has the relative length ``length``, which takes the time ``step``; ``t`` is the
    time at its beginning. ``free`` (n,).
    """
    points, weights, _, end, expanded = scheme
    x, J, columns, jacobians, nodes, inverse, lagrange, product = small
    m, n, extent = columns.shape
    right = expanded.shape[1]
    width, trace = right + extent, 0.0
    for l in range(m):
        _lagrange(nodes, inverse, first + points[l] * length, lagrange)
        for c in range(n):
            x[c] = 0.0
            for k in range(m + 1):
                x[c] += lagrange[k] * z[(point + k) * n + c]
        kernel(t + points[l] * step, x, p, J)
        for c in range(n):
            trace += weights[l] * step * J[c, c] * free[c]
            for k in range(n):
                jacobians[c, l * n + k] = -step * J[c, k] * free[c] * states[k] / states[c]
    assemble(scheme, columns, jacobians, flat, 0, width)
    if eliminate(flat, 0, m * n, width, lower, pivots) == 0:
        return np.nan
    substitute(flat, 0, m * n, width, lower, right)
    for c in range(n):
        for k in range(n):
            product[c, k] = end[0] * matrix[c, k]
            for l in range(m):
                for other in range(n):
                    product[c, k] += end[l + 1] * flat[(l * n + c) * width + right + other] * matrix[other, k]
    for c in range(n):
        for k in range(n):
            matrix[c, k] = product[c, k]
    return trace


@compiled
def _parts(parts, wrong, trace, m):
    """Return into how many parts an interval has to be cut: errors fall with the power 2m of their number."""
    if trace < LOST:
        return min(max(parts + 1, int(np.ceil(-trace / SHORT))), MOST_PARTS)
    if not wrong < 1.0:
        return min(2 * parts, MOST_PARTS)
    return min(max(parts + 1, int(np.ceil(parts * (wrong / RESOLVED) ** (0.5 / m)))), MOST_PARTS)


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
    points, weights, _, _, expanded = scheme
    jacobian = matrix_at(addresses[JACOBIAN])
    n, m = states.size, points.size
    square = (n + LANES - 1) // LANES * LANES
    flat, lower, pivots = (
        np.zeros(m * n * (expanded.shape[1] + square)),
        np.zeros((m * n, m * n)),
        np.zeros(m * n, dtype=np.int64),
    )
    columns, jacobians, J = np.zeros((m, n, square)), np.zeros((n, expanded.shape[1])), np.zeros((n, n))
    matrix, product, x, lagrange = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n), np.zeros(m + 1)
    nodes, inverse = np.zeros(m + 1), np.zeros(m + 1)
    for l in range(m):
        nodes[1 + l] = points[l]
    _node_products(nodes, inverse)
    small = (x, J, columns, jacobians, nodes, inverse, lagrange, product)
    scalars_at = (widths.size * (m + 1) + counts.size) * n
    whole, improved, interval, point = 0.0, 0, 0, 0
    for i in range(counts.size):
        duration, t = z[scalars_at + i], 0.0
        for _ in range(counts[i]):
            h = widths[interval] * duration
            trace, parts = 0.0, 1
            for l in range(m):
                for c in range(n):
                    x[c] = z[(point + 1 + l) * n + c]
                jacobian(t + points[l] * h, x, p, J)
                for c in range(n):
                    trace += weights[l] * h * J[c, c] * free[i, c]
            for c in range(n):
                for k in range(n):
                    matrix[c, k] = factors[interval, c, k]
            for _ in range(MOST_CHOICES):
                wrong = abs(log_determinant(matrix, lower, pivots, flat) - trace)
                if not wrong > RESOLVED or parts == MOST_PARTS or (trace < LOST and -trace <= SHORT * parts):
                    break
                parts = _parts(parts, wrong, trace, m)
                trace = 0.0
                for c in range(n):
                    for k in range(n):
                        matrix[c, k] = 1.0 if c == k else 0.0
                for part in range(parts):
                    trace += _part(
                        jacobian, p, free[i], scheme, states, z, point, t + part * h / parts, part / parts,
                        1.0 / parts, h / parts, small, flat, lower, pivots, matrix,
                    )  # fmt: skip
            if parts > 1:
                improved += 1
                for c in range(n):
                    for k in range(n):
                        factors[interval, c, k] = matrix[c, k]
            whole += trace
            t += h
            point += m + 1
            interval += 1
        point += 1
    return whole, improved
