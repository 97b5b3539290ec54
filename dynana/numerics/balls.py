"""Interval arithmetic on whole arrays: balls with a middle (real or complex) and a radius, for stacks of matrices.

Rounding is accounted for by an a-priori bound on every sum of products, so that whatever library multiplies the
matrices, in whatever order, the exact result lies in the returned ball. Infinite radii meet zeros on the way: callers
switch numpy's warnings off.

Source: Rump (1999), Fast and parallel interval arithmetic, BIT 39:534-554.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: Twice the unit of rounding. Radii are sums of positive terms; they are enlarged by this for each of their roundings.
EPSILON = 2.0**-52
#: Added to radii: more than what products of tiny numbers lose.
TINY = 1e-290
#: Roundings in one term of a product of complex numbers and in the sums that follow, for caution.
ROUNDINGS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Balls:
    """An array of balls.

    Attributes
    ----------
    middle : ndarray, real or complex
    radius : ndarray, same shape
        Infinite where nothing is known.
    """

    middle: NDArray[Any]
    radius: FloatArray

    @property
    def size(self) -> FloatArray:
        """Upper bounds of the absolute values."""
        return _up(np.abs(self.middle) + self.radius)

    def part(self, which: NDArray[Any]) -> Balls:
        """Return some of the balls, by their first indices."""
        return Balls(self.middle[which], self.radius[which])

    def columns(self, first: int, end: int) -> Balls:
        """Return the balls at some second indices."""
        return Balls(self.middle[:, first:end], self.radius[:, first:end])

    def low(self) -> FloatArray:
        """Lower ends of real balls."""
        return np.nextafter(self.middle - self.radius, -np.inf)

    def high(self) -> FloatArray:
        """Upper ends of real balls."""
        return np.nextafter(self.middle + self.radius, np.inf)

    def __matmul__(self, other: Balls) -> Balls:
        roundings = ROUNDINGS + 4 * self.middle.shape[-1]
        a, b = np.abs(self.middle), np.abs(other.middle)
        radius = self.radius @ _up(b + other.radius) + a @ other.radius + roundings * EPSILON * (a @ b) + TINY
        return Balls(self.middle @ other.middle, _known(_up(radius, roundings)))

    def __add__(self, other: Balls) -> Balls:
        middle = self.middle + other.middle
        return Balls(middle, _known(_up(self.radius + other.radius + ROUNDINGS * EPSILON * np.abs(middle) + TINY)))

    def __sub__(self, other: Balls) -> Balls:
        return self + Balls(-other.middle, other.radius)

    def wider(self, reach: FloatArray) -> Balls:
        """Return the balls with larger radii."""
        return Balls(self.middle, _known(_up(self.radius + reach + TINY)))


def product(left: NDArray[Any], right: NDArray[Any]) -> Balls:
    """Return products of matrices, or of matrices and columns, that are known exactly."""
    return applied(left, exact(right))


def applied(left: NDArray[Any], right: Balls) -> Balls:
    """Return products whose left factors are known exactly: fewer products of matrices than for balls."""
    roundings = ROUNDINGS + 4 * left.shape[-1]
    spread = right.radius + roundings * EPSILON * np.abs(right.middle)
    return Balls(left @ right.middle, _known(_up(np.abs(left) @ spread + TINY, roundings)))


def reached(size: FloatArray, radius: FloatArray) -> FloatArray:
    """Return bounds of products of matrices (k, m, n) and columns (k, n) whose elements are at most these."""
    product = (size @ radius[:, :, None])[:, :, 0]
    return _known(_up(product + TINY, ROUNDINGS + 4 * size.shape[-1]))


def conjugated(left: NDArray[Any], inner: Balls, right: NDArray[Any]) -> Balls:
    """Return products of three matrices of which the first and the last are known exactly."""
    roundings = 2 * (ROUNDINGS + 4 * left.shape[-1])
    spread = inner.radius + roundings * EPSILON * np.abs(inner.middle)
    radius = np.abs(left) @ (spread @ np.abs(right) + TINY) + TINY
    return Balls(left @ (inner.middle @ right), _known(_up(radius, roundings)))


def between(low: FloatArray, high: FloatArray) -> Balls:
    """Return the real balls that hold intervals."""
    middle = 0.5 * (low + high)
    radius = _up(np.maximum(high - middle, middle - low))
    unknown = ~np.isfinite(radius)
    if unknown.any():
        middle[unknown], radius[unknown] = 0.0, np.inf
    return Balls(middle, radius)


def exact(values: NDArray[Any]) -> Balls:
    """Return numbers as balls of no extent."""
    return Balls(values, np.zeros(values.shape))


def _up(radius: FloatArray, roundings: int = ROUNDINGS) -> FloatArray:
    return radius * (1.0 + roundings * EPSILON)


def _known(radius: FloatArray) -> FloatArray:
    """Return radii with infinity where nothing is known (an infinite radius times zero)."""
    return np.fmin(radius, np.inf)  # of a number and NaN the number
