"""Pieces of proved arcs of equilibria: points, tangents and tighter bounds, with intervals, for many pieces at once.

Each arc is a graph over one of its coordinates s (see `dynana.numerics.curve_coverage`): the others follow from s by
Krawczyk's method, their derivatives by the implicit function theorem, and bounds of a piece by the mean value theorem.

Source: Neumaier, Interval Methods for Systems of Equations (1990), sections 4.1 and 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynana.numerics.balls import Balls, applied, between, exact, reached
from dynana.numerics.compilation import compiled
from dynana.numerics.function_addresses import recover
from dynana.numerics.signatures import INTERVAL, ROW, TABLE

FloatArray = NDArray[np.float64]
Indices = NDArray[np.int64]

_interval_at = recover(INTERVAL)

#: Sides of pieces, in units of the search box, that count as different from zero.
NARROWEST = 1e-300
#: Sides shorter than this part of the longest one count as that long: where a state is zero along a whole curve its
#: side is all rounding, and so would be a norm in that unit.
FLATTEST = 1e-8
#: Room for the roundings of a solution of linear equations that is tried as a bound.
GUESSED = 1.0 + 1e-9
#: More than what is lost by rounding in a sum and a quotient of a few positive numbers.
ROUNDED_UP = 1.0 + 1e-12


@dataclass(frozen=True, eq=False)
class Tangents:
    """The curve in pieces, in coordinates in units that are powers of two.

    Attributes
    ----------
    others : ndarray of int, shape (k, w - 1)
        The coordinates beside the graph coordinate.
    preconditioner : ndarray, shape (k, w - 1, w - 1)
    remainder : ndarray, shape (k, w - 1, w - 1)
        Bounds of the elements of 1 - preconditioner times derivative.
    slopes : Balls, shape (k, w)
        Derivatives of all coordinates by the graph coordinate.
    norm : ndarray, shape (k,)
        Upper bounds of the norms of the remainders, in units that suit them: below 1 the slopes are bounded.
    """

    others: Indices
    preconditioner: FloatArray
    remainder: FloatArray
    slopes: Balls
    norm: FloatArray


@compiled(types.void(types.int64, TABLE, TABLE, ROW, TABLE, TABLE), no_cfunc_wrapper=True)
def _evaluate(kernel, low, high, p, ol, ou):
    """Call the interval kernel at an address for many boxes."""
    function = _interval_at(kernel)
    for i in range(low.shape[0]):
        function(low[i], high[i], p, p, ol[i], ou[i])


def evaluated(kernel: int, p: FloatArray, low: FloatArray, high: FloatArray, outputs: int) -> Balls:
    """Return the outputs of the interval kernel at an address on boxes, shape (k, outputs).

    ``low`` and ``high``, shape (k, w) each, are their corners.
    """
    ol, ou = np.empty((len(low), outputs)), np.empty((len(low), outputs))
    _evaluate(kernel, np.ascontiguousarray(low), np.ascontiguousarray(high), p, ol, ou)
    return between(ol, ou)


class Graphs:
    """Curves of zeros of n equations in n + 1 unknowns, in pieces that are graphs over one unknown.

    Parameters
    ----------
    equations : int
        Address of an interval kernel of the kind "coverage".
    p : ndarray
    unit : ndarray, shape (n + 1,)
        Units of the unknowns, powers of two: scaling by them is exact.
    values : int
        Number of its outputs before the derivatives.
    """

    def __init__(self, equations: int, p: FloatArray, unit: FloatArray, values: int) -> None:
        self.equations, self._p, self._unit, self._values = equations, p, unit, values
        self._w, self._rows = len(unit), len(unit) - 1
        # by graph coordinate: the others, then itself
        self._order = np.array([[*(c for c in range(self._w) if c != g), g] for g in range(self._w)])

    def tangents(self, boxes: FloatArray, equations: Balls, graph: Indices) -> Tangents:
        """Return the tangents on pieces from the values and derivatives of the equations there.

        Norms are taken in the sides of the pieces, since a piece may be long in some coordinates, after they are
        multiplied by (1 - |remainder|)^-1: but for the rounding of units to powers of two, some norm of a matrix is
        below 1 exactly if that one is.
        """
        k, w, n = len(graph), self._w, self._rows
        rows, order = np.arange(k)[:, None], self._order[graph]
        others, unit = order[:, :n], self._unit[order]
        at = rows[:, :, None], np.arange(n)[:, None], order[:, None, :]
        middle, radius = (
            x[:, self._values :].reshape(k, n, w)[at] * unit[:, None, :] for x in (equations.middle, equations.radius)
        )
        y = _inverse(middle[:, :, :n])
        solved = applied(y, Balls(middle, radius))
        remainder = (exact(np.eye(n)) - Balls(solved.middle[:, :, :n], solved.radius[:, :, :n])).size
        slope, spread = -solved.middle[:, :, n], solved.radius[:, :, n]
        size = Balls(slope, spread).size
        sides = (boxes[rows, others, 1] - boxes[rows, others, 0]) / unit[:, :n]
        inner = _units(sides, remainder)
        norm = ROUNDED_UP * ((remainder * inner[:, None, :]).sum(axis=2) / inner).max(axis=1)
        # t = slope + remainder t, and |t| <= |slope|/(1 - |remainder|), or elementwise what is no less than that
        most = ROUNDED_UP * (size / inner).max(axis=1) / np.where(norm < 1.0, 1.0 - norm, 0.0)
        guess = GUESSED * _applied(_inverse(np.eye(n) - remainder), size)
        holds = (ROUNDED_UP * (size + _applied(remainder, guess)) <= guess).all(axis=1) & (norm < 1.0)
        bound = np.where(holds[:, None], guess, most[:, None] * inner)
        t = Balls(slope, spread).wider(reached(remainder, bound))
        along, about = np.ones((k, w)), np.zeros((k, w))
        along[rows, others], about[rows, others] = t.middle, t.radius
        return Tangents(others, y, remainder, Balls(along, about), norm)

    def point(
        self, boxes: FloatArray, graph: Indices, s: FloatArray, tangents: Tangents, which: Indices, steps: int
    ) -> FloatArray:
        """Return enclosures of the points of some arcs whose graph coordinate is ``s``, as boxes.

        ``which`` says which tangents belong to them. Each Krawczyk step gains the norm of the remainder; the last one
        is that which leaves no more than the width of the equations at a point.
        """
        rows, others = np.arange(len(boxes))[:, None], tangents.others[which]
        inverse, remainder = tangents.preconditioner[which], tangents.remainder[which]
        unit = self._unit[others]
        low, high = boxes[rows, others, 0] / unit, boxes[rows, others, 1] / unit
        thin = boxes[:, :, 0].copy()
        thin[rows[:, 0], graph] = s
        for _ in range(steps):
            x = between(low, high)
            thin[rows, others] = x.middle * unit
            values = evaluated(self.equations, self._p, thin, thin, self._values)
            f = Balls(values.middle[:, : self._rows, None], values.radius[:, : self._rows, None])
            step = applied(inverse, f)
            newton = Balls(x.middle, np.zeros_like(x.radius)) - Balls(step.middle[:, :, 0], step.radius[:, :, 0])
            rest = reached(remainder, x.radius)
            low, high = _cut(low, high, newton.wider(rest))
            if (rest <= newton.radius).all():
                break
        at = np.stack([thin, thin], axis=2)
        at[rows, others, 0], at[rows, others, 1] = low * unit, high * unit
        return at

    def along(self, boxes: FloatArray, graph: Indices, s: FloatArray, at: FloatArray, tangents: Tangents) -> FloatArray:
        """Return tighter bounds of pieces from the point at ``s`` and the tangents, by the mean value theorem."""
        rows, others = np.arange(len(boxes))[:, None], tangents.others
        unit, reach = self._unit[others], self.half(boxes, graph, s)[:, None]
        slopes = Balls(tangents.slopes.middle[rows, others] * reach, tangents.slopes.radius[rows, others] * reach)
        whole = between(at[rows, others, 0] / unit, at[rows, others, 1] / unit).wider(slopes.size)
        tighter, inner = boxes.copy(), boxes[rows, others]
        low, high = _cut(inner[:, :, 0] / unit, inner[:, :, 1] / unit, whole)
        tighter[rows, others, 0], tighter[rows, others, 1] = low * unit, high * unit
        return tighter

    def half(self, boxes: FloatArray, graph: Indices, s: FloatArray) -> FloatArray:
        """Return upper bounds of the scaled distances from ``s`` to the ends of pieces."""
        rows = np.arange(len(boxes))
        low, high = boxes[rows, graph, 0], boxes[rows, graph, 1]
        return np.nextafter(np.maximum(high - s, s - low) / self._unit[graph], np.inf)


def _cut(low: FloatArray, high: FloatArray, balls: Balls) -> tuple[FloatArray, FloatArray]:
    """Return intervals cut to balls, where those are known."""
    tighter_low, tighter_high = np.fmax(low, balls.low()), np.fmin(high, balls.high())
    kept = tighter_low <= tighter_high
    return np.where(kept, tighter_low, low), np.where(kept, tighter_high, high)


def _applied(matrices: FloatArray, columns: FloatArray) -> FloatArray:
    """Return products of stacks of matrices and columns, rounded."""
    return np.asarray((matrices @ columns[:, :, None])[:, :, 0])


def _units(sides: FloatArray, size: FloatArray) -> FloatArray:
    """Return units, powers of two, in which nonnegative matrices have norms below 1 if they have in any (nearly).

    ``sides`` have shape (k, n), ``size`` (k, n, n), the units (k, n).
    """
    sides = np.maximum(np.maximum(sides, NARROWEST), FLATTEST * sides.max(axis=1, keepdims=True))
    suited = _applied(_inverse(np.eye(sides.shape[1]) - size), sides)
    suited = np.where((np.isfinite(suited) & (suited >= sides)).all(axis=1, keepdims=True), suited, sides)
    return np.asarray(np.exp2(np.round(np.log2(suited))))


def _inverse(matrices: FloatArray) -> FloatArray:
    """Return approximate inverses of a stack of matrices; any matrix where there is none."""
    finite = np.isfinite(matrices)
    if not finite.all():
        matrices = np.where(finite.all(axis=(1, 2), keepdims=True), matrices, np.eye(matrices.shape[1]))
    try:
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrices))
