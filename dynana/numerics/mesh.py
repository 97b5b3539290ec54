"""Meshes that spread the error of collocation evenly, interpolation between meshes, and the error of an orbit.

The error of a collocation solution of degree m on an interval of length h is C h^(m+1) |x^(m+1)| to leading order. The
m-th derivative of the polynomials is constant on each interval; differences between neighbours give x^(m+1). Equal
shares of the integral of |x^(m+1)|^(1/(m+1)) give every interval the same error (C. de Boor, in *Conference on the
Numerical Solution of Differential Equations*, Springer LNM 363, 1974, p. 12; R. D. Russell & J. Christiansen, SIAM J.
Numer. Anal. 15 (1978) 59).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.gauss import Scheme
from dynana.numerics.interpolation import interpolate_segment
from dynana.numerics.signatures import ROW, TABLE

Array = NDArray[np.float64]

#: Share of the mesh that is spread evenly whatever the error: keeps quiet stretches covered for what comes next.
EVEN = 0.2

#: Ratio of largest to smallest error over intervals below which a mesh is left as it is.
GOOD_ENOUGH = 2.0

#: Longest ratio of neighbouring intervals; beyond it the estimate of the derivative is not to be trusted.
STEEPEST = 8.0


@compiled(types.float64(TABLE, ROW, ROW, ROW, types.boolean, ROW), no_cfunc_wrapper=True)
def interval_derivatives(points, widths, leading, sizes, periodic, out):
    """Write the size of the (m+1)-th derivative on each interval: the larger of the differences to both neighbours.

    Returns the largest one times the (m+1)-th power of the width.
    """
    count, n, m = widths.size, sizes.size, leading.size - 1
    if count == 1 and not periodic:
        out[0] = 1.0
        return widths[0] ** (m + 1)
    values = np.zeros((count, n))
    for j in range(count):
        for c in range(n):
            total = 0.0
            for k in range(m + 1):
                total += leading[k] * points[j * (m + 1) + k, c]
            values[j, c] = total / (widths[j] ** m * sizes[c])
        out[j] = 0.0
    for j in range(0 if periodic else 1, count):
        jump, before = 0.0, (j - 1) % count
        for c in range(n):
            jump = max(jump, abs(values[j, c] - values[before, c]))
        jump /= 0.5 * (widths[j] + widths[before])
        out[j] = max(out[j], jump)
        out[before] = max(out[before], jump)
    largest = 0.0
    for j in range(count):
        error = widths[j] ** (m + 1) * out[j]
        if error > largest or error != error:
            largest = error
    return largest


def error_estimate(points: Array, widths: Array, scheme: Scheme, sizes: Array, *, periodic: bool) -> float:
    """Return the largest error of the collocation polynomials inside intervals, relative to the sizes of the states.

    Parameters
    ----------
    points : ndarray, shape (intervals (m + 1) + 1, n)
        One segment of an orbit.
    widths : ndarray, shape (intervals,)
    scheme : Scheme
    sizes : ndarray, shape (n,)
        Typical variation of each state.
    periodic : bool
        Whether the segment continues into itself.

    Returns
    -------
    float
        Of order h^(m+1); at mesh points, and in periods and parameters, the error is of order h^(2m).
    """
    each = np.empty(widths.size)
    largest = interval_derivatives(points, widths, scheme.leading, sizes, periodic, each)
    return _constant(scheme) * float(largest)


@cache
def _constant(scheme: Scheme) -> float:
    """Largest error on [0, 1] for x^(m+1) = 1: that of integrating the node polynomial of the Gauss points."""
    nodes = np.poly(scheme.points)
    integral = np.polyint(nodes) / np.prod(np.arange(1.0, scheme.stages + 1.0))
    return float(np.abs(np.polyval(integral, np.linspace(0.0, 1.0, 201))).max())


def spread_error(
    points: Array, widths: Array, scheme: Scheme, sizes: Array, *, periodic: bool, intervals: int
) -> Array:
    """Return the widths of a mesh on which every interval has the same share of the error.

    Parameters
    ----------
    points, widths, scheme, sizes, periodic
        As for `error_estimate`.
    intervals : int
        Number of intervals of the new mesh.

    Returns
    -------
    ndarray, shape (intervals,)
        Sum 1. The old widths themselves if they are good enough already.
    """
    new = np.empty(intervals)
    return new if share_error(points, widths, scheme.leading, sizes, periodic, new) else widths


@compiled(types.boolean(TABLE, ROW, ROW, ROW, types.boolean, ROW), no_cfunc_wrapper=True)
def share_error(points, widths, leading, sizes, periodic, new):
    """Write the widths of a mesh on which every interval has the same share; return False if the old ones are good."""
    count, wanted, power = widths.size, new.size, 1.0 / leading.size
    parts, mean, total, largest = np.empty(count), 0.0, 0.0, 0.0
    interval_derivatives(points, widths, leading, sizes, periodic, parts)
    for j in range(count):
        parts[j] = parts[j] ** power
        mean += parts[j] * widths[j]
    for j in range(count):
        parts[j] = (parts[j] + EVEN * mean if mean > 0.0 else 1.0) * widths[j]
        total += parts[j]
        largest = max(largest, parts[j])
    if wanted == count and largest < GOOD_ENOUGH**power * total / count:
        return False
    j, mass, edge, before = 0, 0.0, 0.0, 0.0
    for i in range(wanted):
        share = total * (i + 1) / wanted
        while j < count - 1 and mass + parts[j] < share:
            mass, edge, j = mass + parts[j], edge + widths[j], j + 1
        after = edge + (share - mass) / parts[j] * widths[j]
        new[i], before = after - before, after
    _smooth(new)
    return True


@compiled
def _smooth(widths):
    """Shorten intervals that are more than `STEEPEST` times as long as a neighbour, and make the sum 1 again."""
    count, uneven = widths.size, True
    while uneven:
        old, uneven = widths.copy(), False
        for j in range(count):
            limit = STEEPEST * min(old[max(j - 1, 0)], old[min(j + 1, count - 1)])
            if old[j] > limit:
                widths[j], uneven = limit, True
    total = widths.sum()
    for j in range(count):
        widths[j] /= total


def times(widths: Array, scheme: Scheme) -> Array:
    """Return the relative times of all points of segments, shape (..., intervals (m + 1) + 1): nodes, then 1."""
    *others, count = widths.shape
    result = np.ones((*others, count * scheme.nodes.size + 1))
    right = np.cumsum(widths, axis=-1)
    inside = widths[..., None] * scheme.nodes
    inside[..., 1:, :] += right[..., :-1, None]
    result[..., :-1] = inside.reshape(*others, -1)
    return result


def quadrature(counts: NDArray[np.int64], widths: Array, scheme: Scheme) -> Array:
    """Return weights of Gauss quadrature over all segments of an orbit, one for each point; 0 at mesh points.

    Parameters
    ----------
    counts : ndarray of int, shape (segments,)
        Mesh intervals of each segment.
    widths : ndarray, shape (intervals,)
    """
    weights = np.zeros((widths.size, scheme.stages + 1))
    weights[:, 1:] = widths[:, None] * scheme.weights
    end, parts = np.zeros(1), []
    for first, count in zip((np.cumsum(counts) - counts).tolist(), counts.tolist(), strict=True):
        parts += [weights[first : first + count].ravel(), end]
    return np.concatenate(parts)


def resampled(s: Array, x: Array, sizes: Array, count: int, scheme: Scheme) -> tuple[Array, Array]:
    """Return samples of a segment on a mesh of equal arclength and equal numbers of samples: points, widths.

    Steps of an integrator are short where something happens.

    Parameters
    ----------
    s, x : ndarray, shapes (k,) and (k, n)
        Relative times, increasing, and states.
    sizes : ndarray, shape (n,)
        Typical variation of each state.
    count : int
        Mesh intervals.
    """
    path = np.linalg.norm(np.diff(x, axis=0) / sizes, axis=1) + 0.5 * np.diff(s) + 1.0 / (s.size - 1)
    mass = np.concatenate(([0.0], np.cumsum(path)))
    edges = np.interp(np.linspace(0.0, mass[-1], count + 1), mass, s)
    widths = np.diff(edges) / (edges[-1] - edges[0])
    at = times(widths, scheme)
    return np.stack([np.interp(at, s, column) for column in x.T], axis=1), widths


def interpolate(points: Array, widths: Array, scheme: Scheme, s: Array) -> Array:
    """Return the collocation polynomials of one segment at relative times ``s``, shape (s.size, n).

    Parameters
    ----------
    points : ndarray, shape (intervals (m + 1) + 1, n)
        Any function on the points: an orbit, or a tangent.
    widths : ndarray, shape (intervals,)
    s : ndarray
        Relative times in [0, 1].
    """
    result = np.empty((s.size, points.shape[1]))
    interpolate_segment(np.ascontiguousarray(points), np.ascontiguousarray(widths), scheme.nodes, s, result)
    return result
