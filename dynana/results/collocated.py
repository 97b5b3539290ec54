"""Piecewise polynomials through 0 and the Gauss points of each mesh interval: values, extrema, means.

On each interval the polynomial is written in Legendre's basis of [0, 1]: `coefficients` (intervals, degree + 1, n). All
functions take any number of leading axes (orbits of a branch).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Parts into which every interval is cut when the largest value is looked for; a polynomial of degree 4 to 7 has no
#: two maxima within one of them.
PARTS = 8
#: Newton steps on the slope inside a part: from a parabola's top, four reach rounding.
NEWTON_STEPS = 5
#: Steps of Newton's method, or halvings, that invert the time of a segment to rounding.
INVERSIONS = 40
#: Change of a place, relative to its mesh interval, or of its time, relative to the segment, that is rounding.
EXACT = 1e-15


@cache
def gauss_nodes(stages: int) -> tuple[Array, Array]:
    """Return 0 and the Gauss points of [0, 1], shape (stages + 1,), and the weights of the latter."""
    roots, weights = legendre.leggauss(stages)
    return np.concatenate(([0.0], 0.5 * (roots + 1.0))), 0.5 * weights


@cache
def _to_basis(stages: int) -> Array:
    nodes, _ = gauss_nodes(stages)
    return np.asarray(np.linalg.inv(legendre.legvander(2.0 * nodes - 1.0, stages)), dtype=np.float64)


def coefficients(points: Array, stages: int) -> Array:
    """Return the polynomials of one segment.

    Parameters
    ----------
    points : ndarray, shape (..., intervals (stages + 1) + 1, n)
        Values at mesh points and Gauss points in order.
    stages : int

    Returns
    -------
    ndarray, shape (..., intervals, stages + 1, n)
    """
    shape = (*points.shape[:-2], -1, stages + 1, points.shape[-1])
    result: Array = _to_basis(stages) @ points[..., :-1, :].reshape(shape)
    return result


def values(local: Array, widths: Array, s: Array) -> Array:
    """Return one segment at relative times ``s`` (k,) in [0, 1], shape (k, n)."""
    edges = np.concatenate(([0.0], np.cumsum(widths)))
    which = np.clip(np.searchsorted(edges, s, side="right") - 1, 0, widths.size - 1)
    x = np.clip((s - edges[which]) / widths[which], 0.0, 1.0)
    result: Array = np.einsum("sk,skc->sc", legendre.legvander(2.0 * x - 1.0, local.shape[1] - 1), local[which])
    return result


def mean(points: Array, widths: Array, stages: int) -> Array:
    """Return the mean over time of one segment by Gauss quadrature, shape (..., n)."""
    _, weights = gauss_nodes(stages)
    inside = points[..., :-1, :].reshape(*points.shape[:-2], -1, stages + 1, points.shape[-1])[..., 1:, :]
    result: Array = np.einsum("...j,k,...jkc->...c", widths, weights, inside)
    return result


def largest(points: Array, stages: int) -> Array:
    """Return the largest value of each state over one segment, on the polynomials, shape (..., n)."""
    return extrema(points, stages)[0]


def extrema(points: Array, stages: int) -> tuple[Array, Array]:
    """Return the largest and the smallest value of each state over one segment, on the polynomials, each (..., n)."""
    shape = (*points.shape[:-2], -1, stages + 1, points.shape[-1])
    nodes = np.ascontiguousarray(np.moveaxis(points[..., :-1, :].reshape(shape), -2, 0))
    at = legendre.legvander(np.linspace(-1.0, 1.0, PARTS + 1), stages) @ _to_basis(stages)
    # not by BLAS, whose threads take longer than products so thin
    sampled = np.einsum("ij,jk->ik", at, nodes.reshape(stages + 1, -1)).reshape(PARTS + 1, *nodes.shape[1:])
    high, above, high_parts = _around_extremum(nodes, sampled, np.max, np.argmax)
    low, below, low_parts = _around_extremum(nodes, sampled, np.min, np.argmin)
    chosen, part = np.stack((above, -below), axis=-1), np.stack((high_parts, low_parts), axis=-1)
    tops = _top(np.einsum("ij,j...->i...", _to_basis(stages), chosen), part).max(axis=-2)
    return np.maximum(high, tops[..., 0]), np.minimum(low, -tops[..., 1])


def _around_extremum(
    nodes: Array, sampled: Array, extremum: Callable[..., Array], at: Callable[..., NDArray[np.intp]]
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Return the largest or smallest samples of polynomials, and on which parts of them these are.

    Parameters
    ----------
    nodes : ndarray, shape (degree + 1, ..., intervals, n)
        Values that give the polynomials.
    sampled : ndarray, shape (PARTS + 1, ..., intervals, n)
    extremum, at : callable
        ``np.max`` and ``np.argmax``, or their opposites.

    Returns
    -------
    found : ndarray, shape (..., n)
    chosen : ndarray, shape (degree + 1, ..., n, 2)
        Nodes of the polynomials before and after the sample.
    part : ndarray of int, shape (..., n, 2)
        Parts of their intervals there.
    """
    of_intervals = extremum(sampled, axis=0)
    interval = at(of_intervals, axis=-2)
    k = at(np.take_along_axis(sampled, interval[None, ..., None, :], axis=-2)[..., 0, :], axis=0)
    parts = np.stack((interval * PARTS + k - 1, interval * PARTS + k), axis=-1)
    part = parts % (nodes.shape[-2] * PARTS)  # an orbit that closes may have its top on either side of its start
    which = (part // PARTS)[None, ..., None, :, :]
    chosen = np.take_along_axis(nodes[..., None], which, axis=-3)[..., 0, :, :]
    return extremum(of_intervals, axis=-2), chosen, part % PARTS


def _top(polynomial: Array, part: NDArray[np.intp]) -> Array:
    """Return the largest value that Newton's method finds on a part of [0, 1]."""
    slope, bend = legendre.legder(polynomial), legendre.legder(polynomial, 2)
    low = 2.0 * part / PARTS - 1.0
    x = low + 1.0 / PARTS
    for _ in range(NEWTON_STEPS):
        curvature = legendre.legval(x, bend, tensor=False)
        change = np.divide(
            legendre.legval(x, slope, tensor=False), curvature, out=np.zeros_like(x), where=curvature < 0
        )
        x = np.clip(x - change, low, low + 2.0 / PARTS)
    return np.asarray(legendre.legval(x, polynomial, tensor=False), dtype=np.float64)


def integral(points: Array, times: Array, stages: int) -> Array:
    """Return the integral over time of one segment whose rows have the given times, shape (n,).

    The times are those of mesh points and Gauss points, by polynomials like the states.
    """
    _, weights = gauss_nodes(stages)
    nodes = gauss_nodes(stages)[0][1:]
    local = coefficients(times[:, None], stages)[..., 0]  # (intervals, degree + 1)
    slopes = 2.0 * legendre.legval(2.0 * nodes - 1.0, legendre.legder(local.T), tensor=True)  # (intervals, stages)
    inside = points[:-1].reshape(-1, stages + 1, points.shape[1])[:, 1:]
    result: Array = np.einsum("jk,k,jkc->c", slopes, weights, inside)
    return result


def places(times: Array, widths: Array, stages: int, wanted: Array) -> Array:
    """Return where a segment, whose rows have the given times from 0 to 1, is at other times, as fractions of its mesh.

    Parameters
    ----------
    times : ndarray, shape (intervals (stages + 1) + 1,)
        Increasing.
    widths : ndarray, shape (intervals,)
    stages : int
    wanted : ndarray, shape (k,)
        Times in [0, 1].
    """
    local = coefficients(times[:, None], stages)[..., 0]
    edges = np.concatenate(([0.0], np.cumsum(widths)))
    ends = times[:: stages + 1]
    which = np.clip(np.searchsorted(ends, wanted, side="right") - 1, 0, widths.size - 1)
    polynomial = local[which].T
    slope = legendre.legder(polynomial)
    low, high = np.zeros(wanted.size), np.ones(wanted.size)
    x = np.clip((wanted - ends[which]) / np.diff(ends)[which], 0.0, 1.0)
    for _ in range(INVERSIONS):
        excess = legendre.legval(2.0 * x - 1.0, polynomial, tensor=False) - wanted
        low, high = np.where(excess < 0.0, x, low), np.where(excess < 0.0, high, x)
        rate = 2.0 * legendre.legval(2.0 * x - 1.0, slope, tensor=False)
        newton = x - np.divide(excess, rate, out=np.full_like(x, np.inf), where=rate > 0.0)
        before, x = x, np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
        if np.minimum(np.abs(x - before), np.abs(excess)).max(initial=0.0) <= EXACT:
            break
    result: Array = edges[which] + x * widths[which]
    return result


def summits(values: Array, stages: int) -> Array:
    """Return the maxima, between its ends, of a function with the given values at the rows of a segment, shape (any,).

    On the polynomials; a maximum at a mesh point counts too.
    """
    local = coefficients(values[:, None], stages)[..., 0].T  # (degree + 1, intervals)
    slope, bend = legendre.legder(local), legendre.legder(local, 2)
    grid = np.linspace(-1.0, 1.0, PARTS + 1)
    sampled = legendre.legval(grid, slope)  # (intervals, PARTS + 1)
    which, part = np.nonzero((sampled[:, :-1] > 0.0) & (sampled[:, 1:] <= 0.0))
    rising, falling = sampled[:-1, -1] > 0.0, sampled[1:, 0] <= 0.0
    at_mesh = values[:: stages + 1][1:-1][rising & falling]
    low, high = grid[part], grid[part + 1]
    x = 0.5 * (low + high)
    for _ in range(NEWTON_STEPS):
        curvature = legendre.legval(x, bend[:, which], tensor=False)
        change = legendre.legval(x, slope[:, which], tensor=False)
        x = np.clip(x - np.divide(change, curvature, out=np.zeros_like(x), where=curvature < 0.0), low, high)
    inside = legendre.legval(x, local[:, which], tensor=False)
    return np.concatenate((np.atleast_1d(inside), at_mesh))
