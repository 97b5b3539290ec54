"""Largest and smallest values of the states along an orbit, on the collocation polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.gauss import Scheme, lagrange
from dynana.numerics.signatures import REAL, ROW, TABLE

Array = NDArray[np.float64]

#: Parts into which an interval is cut where the slope of its polynomial may vanish. Two turns within one are missed; an
#: orbit that its mesh resolves has none so close.
PARTS = 8

#: Newton steps on the slope inside a part: from a parabola's top, four reach rounding.
NEWTON_STEPS = 5

#: Places on an interval among which the largest modulus of functions known in advance is looked for.
FINE = 1001


def extents(orbits: Sequence[Sequence[Array]], n: int, scheme: Scheme) -> tuple[Array, Array]:
    """Return the largest and the smallest values of the first ``n`` states of orbits, shape (orbits, n) each.

    Parameters
    ----------
    orbits : sequence of sequence of ndarray, shape (intervals (m + 1) + 1, at least n)
        The points of each segment of each orbit.
    n : int
    scheme : Scheme
    """
    high, low = np.full((len(orbits), n), -np.inf), np.full((len(orbits), n), np.inf)
    basis, excursion = _basis(scheme)
    for segments, highest, lowest in zip(orbits, high, low, strict=True):
        for points in segments:
            extend(points, basis, excursion, highest, lowest)
    return high, low


@cache
def _basis(scheme: Scheme) -> tuple[Array, float]:
    """Matrix from values at the nodes to coefficients of powers of 2 s - 1, and how far polynomials may go.

    The latter is the largest modulus on the interval of one that is between -1 and 1 at its nodes and both ends.
    """
    matrix = np.asarray(np.linalg.inv(np.vander(2.0 * scheme.nodes - 1.0, increasing=True)), dtype=np.float64)
    bounded = np.abs(lagrange(np.append(scheme.nodes, 1.0), np.linspace(0.0, 1.0, FINE))).sum(axis=1)
    return matrix, float(bounded.max())


@compiled(types.void(TABLE, TABLE, REAL, ROW, ROW), no_cfunc_wrapper=True)
def extend(points, basis, excursion, high, low):
    """Widen ranges of states by the values on one segment.

    Parameters
    ----------
    points : (intervals (m + 1) + 1, at least n) array
    basis : (m + 1, m + 1) array
        From values at the nodes of an interval to coefficients of powers of x from -1 to 1.
    excursion : float
        A polynomial is not farther from the middle of its values at nodes and ends than so many times half their range:
        only where that is out of what is known is it looked at between them.
    high, low : (n,) arrays
        Widened.
    """
    q = basis.shape[0]
    a = np.empty(q)
    for c in range(high.size):
        for i in range(points.shape[0]):
            high[c], low[c] = max(high[c], points[i, c]), min(low[c], points[i, c])
        for first in range(0, points.shape[0] - 1, q):
            top = bottom = points[first, c]
            for k in range(1, q + 1):
                top, bottom = max(top, points[first + k, c]), min(bottom, points[first + k, c])
            middle, reach = 0.5 * (top + bottom), 0.5 * excursion * (top - bottom)
            if middle + reach <= high[c] and middle - reach >= low[c]:
                continue
            for k in range(q):
                a[k] = 0.0
                for l in range(q):
                    a[k] += basis[k, l] * points[first + l, c]
            _, before, _ = _horner(a, -1.0)
            for part in range(PARTS):
                left, right = 2.0 * part / PARTS - 1.0, 2.0 * (part + 1) / PARTS - 1.0
                _, after, _ = _horner(a, right)
                if before * after <= 0.0:
                    x = 0.5 * (left + right)
                    for _ in range(NEWTON_STEPS):
                        _, slope, bend = _horner(a, x)
                        if bend != 0.0:
                            x = min(max(x - slope / bend, left), right)
                    value, _, _ = _horner(a, x)
                    high[c], low[c] = max(high[c], value), min(low[c], value)
                before = after


@compiled
def _horner(a, x):
    """Value, slope and second derivative of a polynomial."""
    value, slope, half = 0.0, 0.0, 0.0
    for k in range(a.size - 1, -1, -1):
        half = half * x + slope
        slope = slope * x + value
        value = value * x + a[k]
    return value, slope, 2.0 * half
