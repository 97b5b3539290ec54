"""Fundamental matrices of mesh intervals, resolved where the collocation mesh is too coarse for them.

A mesh that resolves the orbit need not resolve perturbations that decay much faster than the orbit moves: collocation
then multiplies them by a rational approximation of the exponential, and the smallest multipliers come out too large.
Liouville's formula tells: log det of each interval's matrix must be the integral of the trace. Where it is not, the
variational equation along the collocation polynomial is solved again on halved intervals, until it is.

Arguments are explained in `dynana.numerics.collocation`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.collocation import GRID, JACOBIAN, MODEL, SCHEME
from dynana.numerics.compilation import compiled
from dynana.numerics.condensation import eliminate, substitute
from dynana.numerics.kernel_addresses import matrix_at
from dynana.numerics.lanes import LANES
from dynana.numerics.signatures import ROW

#: Difference between log det and integral of the trace, per interval, up to which a matrix counts as resolved.
RESOLVED = 1e-9

#: Halvings after which an interval is left as it is.
MOST_HALVINGS = 8

_FACTORS = types.Array(types.float64, 3, "C")


@compiled
def log_determinant(a, lower, pivots, work):
    """Logarithm of the modulus of the determinant of a small matrix (n, n); ``work`` (n padded n,)."""
    n = a.shape[0]
    width = work.size // n
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
def _interpolate(nodes, values, s, weights, x):
    """Value at ``s`` of the polynomial through ``values`` (nodes, n) at ``nodes``."""
    for k in range(nodes.size):
        weight = 1.0
        for l in range(nodes.size):
            if l != k:
                weight *= (s - nodes[l]) / (nodes[k] - nodes[l])
        weights[k] = weight
    for c in range(x.size):
        total = 0.0
        for k in range(nodes.size):
            total += weights[k] * values[k, c]
        x[c] = total


@compiled
def _substep(scheme, jacobians, n, a, lower, pivots, matrix, product):
    """Multiply ``matrix`` by the fundamental matrix of one step; ``jacobians`` (m, n, n) times the step."""
    _, _, integral, end, _ = scheme
    m = integral.shape[0]
    size = m * n
    right = (size + LANES - 1) // LANES * LANES
    width = a.size // size
    for l in range(m):
        for c in range(n):
            row = (l * n + c) * width
            for k in range(width):
                a[row + k] = 0.0
            for other in range(m):
                for k in range(n):
                    a[row + other * n + k] = -integral[l, other] * jacobians[other, c, k]
            a[row + l * n + c] += 1.0
            for k in range(n):
                a[row + right + k] = matrix[c, k]
    if eliminate(a, 0, size, width, lower, pivots) == 0:
        return False
    substitute(a, 0, size, width, lower, right)
    for c in range(n):
        for k in range(n):
            total = end[0] * matrix[c, k]
            for l in range(m):
                total += end[l + 1] * a[(l * n + c) * width + right + k]
            product[c, k] = total
    for c in range(n):
        for k in range(n):
            matrix[c, k] = product[c, k]
    return True


@compiled(types.Tuple((types.float64, types.int64))(ROW, MODEL, GRID, SCHEME, ROW, _FACTORS))
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
    points, weights = scheme[0], scheme[1]
    jacobian = matrix_at(addresses[JACOBIAN])
    n, m = states.size, points.size
    size = m * n
    padded = (size + LANES - 1) // LANES * LANES
    square = (n + LANES - 1) // LANES * LANES
    a, lower, pivots = np.zeros(size * (padded + square)), np.zeros((size, size)), np.zeros(size, dtype=np.int64)
    small, small_lower, small_pivots = np.zeros(n * square), np.zeros((n, n)), np.zeros(n, dtype=np.int64)
    jacobians, x, J = np.zeros((m, n, n)), np.zeros(n), np.zeros((n, n))
    matrix, product, lagrange = np.zeros((n, n)), np.zeros((n, n)), np.zeros(m + 1)
    nodes = np.zeros(m + 1)
    for l in range(m):
        nodes[1 + l] = points[l]
    scalars_at = (widths.size * (m + 1) + counts.size) * n
    whole, improved, interval, point = 0.0, 0, 0, 0
    for i in range(counts.size):
        duration, t = z[scalars_at + i], 0.0
        for _ in range(counts[i]):
            h = widths[interval]
            values = z[point * n : (point + m + 1) * n].reshape((m + 1, n))
            parts, trace = 1, 0.0
            for halving in range(MOST_HALVINGS + 1):
                trace = 0.0
                for c in range(n):
                    for k in range(n):
                        matrix[c, k] = 1.0 if c == k else 0.0
                for part in range(parts):
                    step = h * duration / parts
                    for l in range(m):
                        s = (part + points[l]) / parts
                        _interpolate(nodes, values, s, lagrange, x)
                        jacobian(t + s * h * duration, x, p, J)
                        for c in range(n):
                            trace += weights[l] * step * J[c, c] * free[i, c]
                            for k in range(n):
                                jacobians[l, c, k] = step * J[c, k] * free[i, c] * states[k] / states[c]
                    if halving > 0:
                        _substep(scheme, jacobians, n, a, lower, pivots, matrix, product)
                if halving == 0:
                    for c in range(n):
                        for k in range(n):
                            matrix[c, k] = factors[interval, c, k]
                determinant = log_determinant(matrix, small_lower, small_pivots, small)
                if abs(determinant - trace) <= RESOLVED:
                    break
                parts *= 2
            if parts > 1:
                improved += 1
                for c in range(n):
                    for k in range(n):
                        factors[interval, c, k] = matrix[c, k]
            whole += trace
            t += h * duration
            point += m + 1
            interval += 1
        point += 1
    return whole, improved
