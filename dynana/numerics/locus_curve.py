"""Curves of special equilibria in two parameters for `dynana.numerics.pseudo_arclength`, in scaled coordinates.

A point is u = (states, two parameters, squared frequency or unfolding)/scales. It carries the null vectors found there,
which border the system of the next one, so that it stays well conditioned along the whole curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.bordering import factorise_dense, solve_dense
from dynana.numerics.compilation import compiled
from dynana.numerics.equilibrium_curve import (
    CAUTION,
    CONVERGED,
    FARTHEST_CORRECTION,
    GOOD,
    MOST_CORRECTIONS,
    NARROW,
    NO_CONVERGENCE,
    NOT_FINITE,
    SINGULAR,
    STALLED,
    TINY_CORRECTION,
    CurvePoint,
)
from dynana.numerics.function_addresses import addresses
from dynana.numerics.locus_equations import (
    AUXILIARIES,
    BOUNDARY,
    CONDITIONS,
    FOLD,
    HOPF,
    locus_equations,
    make_borders,
)
from dynana.numerics.pseudo_arclength import Attempt
from dynana.numerics.signatures import MATRIX, VECTOR

FloatArray = NDArray[np.float64]
Kernel = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Borders:
    """Borders of the defining system: ``columns`` (n, 2), ``rows`` (2, n + 1) and ``start`` (2,)."""

    columns: FloatArray
    rows: FloatArray
    start: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LocusPoint(CurvePoint):
    """A point on a curve of bifurcations.

    Attributes
    ----------
    u, tangent : ndarray, shape (m,)
        Scaled unknowns and unit tangent.
    matrix : ndarray, shape (m - 1, m)
        Derivative of the equations by u; the rows of f come first.
    right, left : ndarray, shape (2, n + 1) and (2, n)
        Null vectors in scaled coordinates: of a fold ``right[0, :n]`` and ``left[0]``; of a Hopf point bases of the
        planes of the critical pair, with ``right[1, :n] = A right[0, :n]``; of a branch point ``right``, ``left[0]``.
    borders : Borders
        Made of them.
    """

    right: FloatArray
    left: FloatArray
    borders: Borders


@compiled
def _newton(
    family, kernels, tape, numbers, outputs, u, normal, scales, rate, p, free, columns, rows, start, table, farthest,
    most, values, matrix, tangent, right, left
):  # fmt: skip
    """Find the zero in the hyperplane through ``u`` (overwritten), with derivative, tangent and null vectors.

    With ``most`` = 0 corrections it evaluates the equations at ``u`` and no more, so that they are compiled once.

    Returns
    -------
    outcome : int
        GOOD, or why there is none.
    contraction : float
    """
    size = u.shape[0]
    first, change, system = u.copy(), np.empty(size), np.empty((size, size))
    pivots, row_scale = np.empty(size, np.int64), np.empty(size)
    before, contraction, settled = np.inf, 0.0, False
    for i in range(most + 1):
        outcome = locus_equations(
            family, kernels, tape, numbers, outputs, u, scales, rate, p, free, columns, rows, start, table, values,
            matrix, right, left
        )  # fmt: skip
        if outcome != 0:
            return (NOT_FINITE if outcome == 1 else SINGULAR), np.inf
        if most == 0:
            return GOOD, np.inf
        for c in range(size):
            system[size - 1, c] = normal[c]
            for k in range(size - 1):
                system[k, c] = matrix[k, c]
        if factorise_dense(system, pivots, row_scale)[0] == 0:
            return SINGULAR, np.inf
        if settled:
            tangent[:] = 0.0
            tangent[size - 1] = 1.0
            solve_dense(system, pivots, row_scale, tangent)
            return GOOD, contraction
        for k in range(size - 1):
            change[k] = values[k]
        change[size - 1] = 0.0
        solve_dense(system, pivots, row_scale, change)
        length, largest, gone = 0.0, 0.0, 0.0
        for c in range(size):
            length += change[c] ** 2
            u[c] -= change[c]
            largest = max(largest, abs(u[c]))
            gone += (u[c] - first[c]) ** 2
        length = np.sqrt(length)
        if not length < np.inf:
            return NOT_FINITE, np.inf
        if i == 1 and before > TINY_CORRECTION:
            contraction = length / before
        settled = length <= CONVERGED * (1.0 + largest) or (length <= STALLED and length >= before)
        settled = settled or (i > 0 and CAUTION * length * (length / before) ** 2 <= CONVERGED)
        if not settled and (length > 2.0 * before or gone > farthest**2):
            return NO_CONVERGENCE, np.inf
        before = length
    return NO_CONVERGENCE, np.inf


class LocusCurve:
    """Folds, Hopf points, branch points or boundary equilibria in states and two parameters.

    Parameters
    ----------
    family : int
        FOLD, HOPF, BRANCH or BOUNDARY.
    kernels : (rhs, jacobian, parameter_jacobian) or, for BOUNDARY, these and level
        Kernels ``(t, y, p, out)``; ``level`` is that of `dynana.lowering.kinds`.
    tape : (operations, numbers, outputs)
        The same equations as `dynana.numerics.multilinear` takes them.
    p : ndarray, shape (n_parameters,)
    free : (int, int)
        Which parameters vary.
    scales : ndarray, shape (m,)
        Typical sizes of the states, of the parameters and of the last unknown, if there is one.
    rate : float
        Typical rate.
    """

    def __init__(
        self,
        family: int,
        kernels: tuple[Kernel, ...],
        tape: tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]],
        p: FloatArray,
        free: tuple[int, int],
        scales: FloatArray,
        rate: float,
    ) -> None:
        self._kernels = addresses(*zip(kernels, (VECTOR, MATRIX, MATRIX, VECTOR), strict=False))
        self._tape = tape
        self.family, self.rate = family, rate
        self._p, self._free = np.array(p), np.array(free, dtype=np.int64)
        self.scales = np.array(scales)
        self.size = len(scales)
        self.n = self.size - 2 - AUXILIARIES[family]
        self._table = np.empty((len(tape[0]), 2 * self.n + 6))

    # -- the equations ---------------------------------------------------------------------------------------------

    def _evaluated(self, u: FloatArray, borders: Borders) -> tuple[int, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return outcome, residual, derivative and null vectors."""
        n, rows = self.n, self.n + CONDITIONS[self.family]
        residual, matrix = np.full(rows, np.nan), np.full((rows, self.size), np.nan)
        right, left = np.zeros((2, n + 1)), np.zeros((2, n))
        outcome, _ = _newton(
            self.family, self._kernels, *self._tape, np.array(u), u, self.scales, self.rate, self._p, self._free,
            borders.columns, borders.rows, borders.start, self._table, math.inf, 0, residual, matrix,
            np.empty(self.size), right, left,
        )  # fmt: skip
        return outcome, residual, matrix, right, left

    def borders(self, u: FloatArray) -> Borders:
        """Return borders from the singular vectors at a point, without a neighbour."""
        n, neutral = self.n, _neutral(self.n)
        if self.family == BOUNDARY:
            return neutral
        matrix = self._evaluated(u, neutral)[2]
        slopes = matrix[:n, : n + 1]
        if not np.all(np.isfinite(slopes)):
            return neutral
        square = slopes[:, :n]
        if self.family == HOPF:
            square = square @ square + u[-1] * self.scales[-1] * np.eye(n)
        wide = slopes if self.family not in (FOLD, HOPF) else square
        columns, _, rows = np.linalg.svd(wide)
        right, left, count = np.zeros((2, n + 1)), np.zeros((2, n)), min(2, n)
        right[: min(2, len(rows)), : rows.shape[1]] = rows[::-1][:2]
        left[:count] = columns.T[::-1][:2]
        return self._bordered(matrix, right, left)

    def _bordered(self, matrix: FloatArray, right: FloatArray, left: FloatArray) -> Borders:
        """Return borders spanned by null vectors; some for boundary equilibria, which have none."""
        if self.family == BOUNDARY:
            return _neutral(self.n)
        made = Borders(np.empty((self.n, 2)), np.empty((2, self.n + 1)), np.empty(2))
        make_borders(self.family, matrix, right, left, made.columns, made.rows, made.start)
        return made

    def derivative(self, u: FloatArray) -> FloatArray:
        """Return the derivative of the equations by u, shape (m - 1, m); not finite where they are not."""
        outcome, _, matrix, _, _ = self._evaluated(u, self.borders(u))
        return matrix if outcome == 0 else np.full_like(matrix, np.nan)

    def residual(self, u: FloatArray, borders: Borders) -> FloatArray:
        """Return the equations, shape (m - 1,), at a point with its borders."""
        return self._evaluated(u, borders)[1]

    # -- points ----------------------------------------------------------------------------------------------------

    def correct(self, u: FloatArray, normal: FloatArray, farthest: float = math.inf) -> tuple[FloatArray, float, int]:
        """Return the zero in the hyperplane through ``u`` with a normal, by Newton's method.

        Returns
        -------
        u : ndarray, shape (m,)
        contraction : float
            Length of the second correction over that of the first.
        outcome : int
            GOOD, or why there is no zero.
        """
        u, _, contraction, outcome = self._solved(u, normal, farthest, self.borders(u))
        return u, contraction, outcome

    def _solved(
        self, u: FloatArray, normal: FloatArray, farthest: float, borders: Borders
    ) -> tuple[FloatArray, LocusPoint | None, float, int]:
        """Return the zero, the point with its tangent if there is one, contraction and outcome."""
        n, size = self.n, self.size
        u, matrix, tangent = np.array(u), np.empty((size - 1, size)), np.empty(size)
        values, right, left = np.empty(size - 1), np.zeros((2, n + 1)), np.zeros((2, n))
        outcome, contraction = _newton(
            self.family, self._kernels, *self._tape, u, normal, self.scales, self.rate, self._p, self._free,
            borders.columns, borders.rows, borders.start, self._table, farthest, MOST_CORRECTIONS, values, matrix,
            tangent, right, left,
        )  # fmt: skip
        length = math.sqrt(float(tangent @ tangent)) if outcome == GOOD else 0.0
        if not 0.0 < length < math.inf:
            return u, None, contraction, NOT_FINITE if outcome == GOOD else outcome
        point = LocusPoint(u, tangent / length, matrix, right, left, self._bordered(matrix, right, left))
        return u, point, contraction, outcome

    def point(
        self, u: FloatArray, along: FloatArray | None = None, borders: Borders | None = None
    ) -> LocusPoint | None:
        """Return the point with its tangent, oriented along a direction if one is given; None if it has none.

        With the borders of a neighbour, its null vectors have the orientation of those.
        """
        outcome, _, matrix, right, left = self._evaluated(u, self.borders(u) if borders is None else borders)
        if outcome != 0 or not np.all(np.isfinite(matrix)):
            return None
        tangent = np.linalg.svd(matrix)[2][-1]
        if along is not None:
            tangent = tangent * math.copysign(1.0, float(tangent @ along))
        return LocusPoint(u, tangent, matrix, right, left, self._bordered(matrix, right, left))

    # -- what `pseudo_arclength.follow` asks for -------------------------------------------------------------------

    def advance(self, point: LocusPoint, step: float) -> Attempt[LocusPoint]:
        """Take one step of signed length ``step`` along the tangent."""
        farthest = FARTHEST_CORRECTION * abs(step)
        guess = point.u + step * point.tangent
        _, new, contraction, outcome = self._solved(guess, point.tangent, farthest, point.borders)
        if new is None:
            return Attempt(False, None, math.inf, math.inf, outcome)
        if self.family == HOPF and _dips(point, new, step):
            return Attempt(False, None, math.inf, math.inf, NARROW)
        angle = math.acos(min(max(float(new.tangent @ point.tangent), -1.0), 1.0))
        return Attempt(math.isfinite(angle), new, angle, contraction, outcome)

    def prepare(self, point: LocusPoint) -> LocusPoint:
        """Return the point: its borders are made of its own null vectors already."""
        return point

    def at(self, point: LocusPoint, distance: float) -> LocusPoint | None:
        """Return the point of the curve at a distance along the tangent of another; None if Newton fails."""
        if distance == 0.0:
            return point
        return self._solved(point.u + distance * point.tangent, point.tangent, math.inf, point.borders)[1]


def _neutral(n: int) -> Borders:
    """Return borders that belong to no point."""
    return Borders(np.eye(n, 2), np.eye(2, n + 1), np.array([1.0, 0.0]))


def _dips(a: LocusPoint, b: LocusPoint, step: float) -> bool:
    """Return whether the squared frequency, positive at both ends of a step, may have been negative between."""
    if a.u[-1] <= 0.0 or b.u[-1] <= 0.0:
        return False
    return bool(a.u[-1] + step * a.tangent[-1] < 0.0 and b.u[-1] - step * b.tangent[-1] < 0.0)
