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

from dynana.numerics.balls import Balls, applied, between, exact
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
    remainder : Balls, shape (k, w - 1, w - 1)
        1 - preconditioner times derivative.
    slopes : Balls, shape (k, w)
        Derivatives of all coordinates by the graph coordinate.
    norm : ndarray, shape (k,)
        Upper bounds of the norms of the remainders, in units that suit them: below 1 the slopes are bounded.
    """

    others: Indices
    preconditioner: FloatArray
    remainder: Balls
    slopes: Balls
    norm: FloatArray

    def part(self, which: Indices) -> Tangents:
        """Return those of some pieces."""
        remainder, slopes = self.remainder, self.slopes
        return Tangents(
            self.others[which],
            self.preconditioner[which],
            Balls(remainder.middle[which], remainder.radius[which]),
            Balls(slopes.middle[which], slopes.radius[which]),
            self.norm[which],
        )


@compiled(types.void(types.int64, TABLE, TABLE, ROW, TABLE, TABLE), no_cfunc_wrapper=True)
def _evaluate(kernel, low, high, p, ol, ou):
    """Call the interval kernel at an address for many boxes."""
    function = _interval_at(kernel)
    for i in range(low.shape[0]):
        function(low[i], high[i], p, p, ol[i], ou[i])


def evaluated(kernel: int, p: FloatArray, boxes: FloatArray, outputs: int) -> Balls:
    """Return the outputs of the interval kernel at an address on boxes, shape (k, outputs)."""
    ol, ou = np.empty((len(boxes), outputs)), np.empty((len(boxes), outputs))
    _evaluate(kernel, np.ascontiguousarray(boxes[:, :, 0]), np.ascontiguousarray(boxes[:, :, 1]), p, ol, ou)
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

    def tangents(self, boxes: FloatArray, equations: Balls, graph: Indices) -> Tangents:
        """Return the tangents on pieces from the values and derivatives of the equations there.

        Norms are taken in the sides of the pieces, since a piece may be long in some coordinates, after they are
        multiplied by (1 - |remainder|)^-1: but for the rounding of units to powers of two, some norm of a matrix is
        below 1 exactly if that one is.
        """
        w, n = self._w, self._rows
        slopes = Balls(
            equations.middle[:, self._values :].reshape(len(graph), n, w) * self._unit,
            equations.radius[:, self._values :].reshape(len(graph), n, w) * self._unit,
        )
        others = np.array([[c for c in range(w) if c != g] for g in range(w)]).reshape(w, n)[graph]
        square = Balls(*(np.take_along_axis(x, others[:, None, :], 2) for x in (slopes.middle, slopes.radius)))
        column = Balls(*(np.take_along_axis(x, graph[:, None, None], 2) for x in (slopes.middle, slopes.radius)))
        y = _inverse(square.middle)
        remainder = exact(np.eye(n)) - applied(y, square)
        solved = applied(y, column)
        rows = np.arange(len(graph))
        sides = (np.diff(boxes, axis=2)[:, :, 0] / self._unit)[rows[:, None], others]
        unit = _units(sides, remainder.size)
        norm = ROUNDED_UP * np.max(np.sum(remainder.size * unit[:, None, :], axis=2) / unit, axis=1)
        # t = -Y column + remainder t, and |t| <= |Y column|/(1 - |remainder|), or elementwise what is no less than that
        largest = ROUNDED_UP * np.max(solved.size[:, :, 0] / unit, axis=1) / np.where(norm < 1.0, 1.0 - norm, 0.0)
        bound = exact(np.zeros(remainder.middle.shape[:2])[:, :, None]) - solved
        most = (largest[:, None] * unit)[:, :, None]
        guess = GUESSED * (_inverse(np.eye(n) - remainder.size) @ solved.size)
        holds = (ROUNDED_UP * (solved.size + remainder.size @ guess) <= guess).all(axis=(1, 2)) & (norm < 1.0)
        spread = Balls(np.zeros_like(bound.middle), np.where(holds[:, None, None], guess, most))
        t = bound + remainder @ spread
        middle, radius = np.ones((len(graph), w)), np.zeros((len(graph), w))
        middle[rows[:, None], others], radius[rows[:, None], others] = t.middle[:, :, 0], t.radius[:, :, 0]
        return Tangents(others, y, remainder, Balls(middle, radius), norm)

    def point(self, boxes: FloatArray, graph: Indices, s: FloatArray, tangents: Tangents, steps: int) -> FloatArray:
        """Return enclosures of the points of the arcs whose graph coordinate is ``s``, as boxes.

        Each Krawczyk step gains the norm of the remainder.
        """
        rows, others = np.arange(len(boxes)), tangents.others
        unit, size = self._unit[others], tangents.remainder.size
        now = boxes.copy()
        now[rows, graph] = s[:, None]
        thin = now.copy()
        for _ in range(steps):
            ends = now[rows[:, None], others] / unit[:, :, None]
            x = between(ends[:, :, 0], ends[:, :, 1])
            thin[rows[:, None], others] = (x.middle * unit)[:, :, None]
            values = evaluated(self.equations, self._p, thin, self._values)
            f = Balls(values.middle[:, : self._rows, None], values.radius[:, : self._rows, None])
            step = applied(tangents.preconditioner, f)
            rest = applied(size, Balls(np.zeros_like(f.middle), x.radius[:, :, None])).radius
            image = Balls(x.middle[:, :, None], rest) - step
            self._cut(now, others, image.low()[:, :, 0], image.high()[:, :, 0])
        return now

    def along(self, boxes: FloatArray, graph: Indices, s: FloatArray, at: FloatArray, tangents: Tangents) -> FloatArray:
        """Return tighter bounds of pieces from the point at ``s`` and the tangents, by the mean value theorem."""
        others = tangents.others
        steps = self.half(boxes, graph, s)
        slopes = Balls(*(np.take_along_axis(x, others, 1) for x in (tangents.slopes.middle, tangents.slopes.radius)))
        ends = np.take_along_axis(at, others[:, :, None], 1) / self._unit[others][:, :, None]
        room = Balls(np.zeros((len(boxes), 1)), steps[:, None])
        whole = between(ends[:, :, 0], ends[:, :, 1]) + slopes * Balls(
            np.broadcast_to(room.middle, slopes.middle.shape), np.broadcast_to(room.radius, slopes.middle.shape)
        )
        tighter = boxes.copy()
        self._cut(tighter, others, whole.low(), whole.high())
        return tighter

    def half(self, boxes: FloatArray, graph: Indices, s: FloatArray) -> FloatArray:
        """Return upper bounds of the scaled distances from ``s`` to the ends of pieces."""
        rows = np.arange(len(boxes))
        low, high = boxes[rows, graph, 0], boxes[rows, graph, 1]
        return np.nextafter(np.maximum(high - s, s - low) / self._unit[graph], np.inf)

    def _cut(self, boxes: FloatArray, others: Indices, low: FloatArray, high: FloatArray) -> None:
        """Shrink boxes to scaled bounds of their other coordinates, where those are known."""
        rows, unit = np.arange(len(boxes))[:, None], self._unit[others]
        before = boxes[rows, others]
        tighter_low, tighter_high = np.fmax(before[:, :, 0], low * unit), np.fmin(before[:, :, 1], high * unit)
        kept = tighter_low <= tighter_high
        boxes[rows, others, 0] = np.where(kept, tighter_low, before[:, :, 0])
        boxes[rows, others, 1] = np.where(kept, tighter_high, before[:, :, 1])


def _units(sides: FloatArray, size: FloatArray) -> FloatArray:
    """Return units, powers of two, in which nonnegative matrices have norms below 1 if they have in any (nearly).

    ``sides`` have shape (k, n), ``size`` (k, n, n), the units (k, n).
    """
    sides = np.maximum(np.maximum(sides, NARROWEST), FLATTEST * sides.max(axis=1, keepdims=True))
    suited = (_inverse(np.eye(sides.shape[1]) - size) @ sides[:, :, None])[:, :, 0]
    suited = np.where((np.isfinite(suited) & (suited >= sides)).all(axis=1, keepdims=True), suited, sides)
    return np.asarray(np.exp2(np.round(np.log2(suited))))


def _inverse(matrices: FloatArray) -> FloatArray:
    """Return approximate inverses of a stack of matrices; any matrix where there is none."""
    matrices = np.where(np.isfinite(matrices).all(axis=(1, 2), keepdims=True), matrices, 0.0)
    try:
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrices))
