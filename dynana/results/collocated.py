"""Piecewise polynomials through 0 and the Gauss points of each mesh interval: values, extrema, means.

On each interval the polynomial is written in Legendre's basis of [0, 1]: `coefficients` (intervals, degree + 1, n).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Parts into which every interval is cut when maxima are looked for. Two within one are missed; an orbit that its mesh
#: resolves has none so close.
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
def _shares(stages: int) -> Array:
    """Weights of the quadrature for all nodes: 0 and those of the Gauss points."""
    return np.concatenate(([0.0], gauss_nodes(stages)[1]))


@cache
def _to_basis(stages: int) -> Array:
    nodes, _ = gauss_nodes(stages)
    return np.asarray(np.linalg.inv(legendre.legvander(2.0 * nodes - 1.0, stages)), dtype=np.float64)


def coefficients(points: Array, stages: int) -> Array:
    """Return the polynomials of one segment.

    Parameters
    ----------
    points : ndarray, shape (intervals (stages + 1) + 1, n)
        Values at mesh points and Gauss points in order.
    stages : int

    Returns
    -------
    ndarray, shape (intervals, stages + 1, n)
    """
    result: Array = _to_basis(stages) @ points[:-1].reshape(-1, stages + 1, points.shape[1])
    return result


def values(local: Array, widths: Array, s: Array) -> Array:
    """Return one segment at relative times ``s`` (k,) in [0, 1], shape (k, n)."""
    edges = np.concatenate(([0.0], np.cumsum(widths)))
    which = np.clip(np.searchsorted(edges, s, side="right") - 1, 0, widths.size - 1)
    x = np.clip((s - edges[which]) / widths[which], 0.0, 1.0)
    result: Array = np.einsum("sk,skc->sc", legendre.legvander(2.0 * x - 1.0, local.shape[1] - 1), local[which])
    return result


def mean(points: Array, widths: Array, stages: int) -> Array:
    """Return the mean over time of one segment by Gauss quadrature, shape (n,)."""
    result: Array = (widths[:, None] * _shares(stages)).ravel() @ points[:-1]
    return result


def extrema(points: Array, stages: int) -> tuple[Array, Array]:
    """Return the largest and the smallest value of each state over one segment, on the polynomials, shape (n,) each."""
    high, low = points.max(axis=0), points.min(axis=0)
    for extremum, sign, change in ((high, 1.0, np.maximum), (low, -1.0, np.minimum)):
        _, column, found = _turns(sign * points, stages)
        change.at(extremum, column, sign * found)
    return high, low


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
    slopes, _, found = _turns(values[:, None], stages)
    rising, falling = slopes[:-1, 0, -1] > 0.0, slopes[1:, 0, 0] <= 0.0
    return np.concatenate((found, values[:: stages + 1][1:-1][rising & falling]))


def _turns(columns: Array, stages: int) -> tuple[Array, NDArray[np.intp], Array]:
    """Return where polynomials turn from rising to falling inside of intervals.

    Parameters
    ----------
    columns : ndarray, shape (intervals (stages + 1) + 1, n)

    Returns
    -------
    slopes : ndarray, shape (intervals, n, PARTS + 1)
        At the ends of the parts of intervals.
    column : ndarray of int, shape (any,)
    values : ndarray, shape (any,)
    """
    polynomials = np.moveaxis(coefficients(columns, stages), 1, 0)  # (degree + 1, intervals, n)
    slope, bend = legendre.legder(polynomials), legendre.legder(polynomials, 2)
    grid = np.linspace(-1.0, 1.0, PARTS + 1)
    slopes = legendre.legval(grid, slope)
    interval, column, part = np.nonzero((slopes[..., :-1] > 0.0) & (slopes[..., 1:] <= 0.0))
    local, slope, bend = (a[:, interval, column] for a in (polynomials, slope, bend))
    low, high = grid[part], grid[part + 1]
    x = 0.5 * (low + high)
    for _ in range(NEWTON_STEPS):
        curvature = legendre.legval(x, bend, tensor=False)
        change = legendre.legval(x, slope, tensor=False)
        x = np.clip(x - np.divide(change, curvature, out=np.zeros_like(x), where=curvature < 0.0), low, high)
    return np.asarray(slopes), column, np.asarray(legendre.legval(x, local, tensor=False))
