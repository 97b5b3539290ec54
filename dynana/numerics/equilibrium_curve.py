"""Curves of equilibria f(y, p_k) = 0 for `dynana.numerics.pseudo_arclength`, in scaled coordinates.

A point is u = (states, parameter)/scales. The hyperplane that a corrector stays in is arbitrary, so the same Newton
iteration finds points at a given arclength, on the border of a box, or where a coordinate has a given value.
H. B. Keller (1977), in *Applications of Bifurcation Theory*, 359-384.
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
from dynana.numerics.function_addresses import addresses
from dynana.numerics.kernel_addresses import matrix_at, vector_at
from dynana.numerics.pseudo_arclength import Attempt
from dynana.numerics.signatures import MATRIX, VECTOR

FloatArray = NDArray[np.float64]
Kernel = Callable[..., Any]

#: A Newton correction below this fraction of the coordinates (and of the scales) is rounding.
CONVERGED = 1e-13
#: Corrections that have stopped to shrink below this fraction count as converged: near singular points rounding is
#: amplified.
STALLED = 1e-8
#: Newton's method squares the error from correction to correction; the next one is not computed if this rule, with a
#: factor for caution, puts it below CONVERGED.
CAUTION = 10.0
#: Newton converges in three or four corrections on a curve that is followed; more mean that the start was bad.
MOST_CORRECTIONS = 12
#: A step is refused if the corrections together move the prediction by more than this part of it.
FARTHEST_CORRECTION = 0.5
#: First corrections below this are too near rounding for their ratio to mean anything.
TINY_CORRECTION = 1e-9

#: Outcomes of a step.
GOOD, NOT_FINITE, NO_CONVERGENCE, SINGULAR, NARROW = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True, eq=False)
class CurvePoint:
    """A point on a curve.

    Attributes
    ----------
    u : ndarray, shape (n + 1,)
        Scaled states and parameter.
    tangent : ndarray, shape (n + 1,)
        Unit tangent in the scaled coordinates.
    matrix : ndarray, shape (n, n + 1)
        Derivative of f by u.
    """

    u: FloatArray
    tangent: FloatArray
    matrix: FloatArray


@compiled
def _derivative(kernels, u, scales, p, k, square, columns, matrix):
    """Write the derivative of f by the scaled unknowns to ``matrix`` (n, n + 1); return whether it is finite."""
    n = scales.shape[0] - 1
    y = np.empty(n)
    for i in range(n):
        y[i] = u[i] * scales[i]
    p[k] = u[n] * scales[n]
    matrix_at(kernels[1])(0.0, y, p, square)
    matrix_at(kernels[2])(0.0, y, p, columns)
    finite = True
    for i in range(n):
        for c in range(n):
            matrix[i, c] = square[i, c] * scales[c]
            finite = finite and np.isfinite(matrix[i, c])
        matrix[i, n] = columns[i, k] * scales[n]
        finite = finite and np.isfinite(matrix[i, n])
    return finite


@compiled
def _residual(kernels, u, scales, p, k, out):
    """Write f to ``out`` (n,)."""
    n = scales.shape[0] - 1
    y = np.empty(n)
    for i in range(n):
        y[i] = u[i] * scales[i]
    p[k] = u[n] * scales[n]
    vector_at(kernels[0])(0.0, y, p, out)


@compiled
def _border(matrix, row, system):
    """Set ``system`` to ``matrix`` with one more row."""
    n = matrix.shape[0]
    for c in range(n + 1):
        for i in range(n):
            system[i, c] = matrix[i, c]
        system[n, c] = row[c]


@compiled
def _newton(kernels, u, normal, scales, p, k, farthest, square, columns, matrix, tangent):
    """Find the zero of f in the hyperplane through ``u`` (overwritten), with its derivative and tangent.

    Returns
    -------
    outcome : int
        GOOD, or why there is none.
    contraction : float
    tangent_known : bool
        Whether ``matrix`` and ``tangent`` (along the normal, not yet of unit length) could be computed.
    """
    n = scales.shape[0] - 1
    start, rates, change, system = u.copy(), np.empty(n), np.empty(n + 1), np.empty((n + 1, n + 1))
    pivots, rows = np.empty(n + 1, np.int64), np.empty(n + 1)
    before, contraction, outcome = np.inf, 0.0, NO_CONVERGENCE
    for i in range(MOST_CORRECTIONS):
        _residual(kernels, u, scales, p, k, rates)
        if not _derivative(kernels, u, scales, p, k, square, columns, matrix):
            return NOT_FINITE, np.inf, False
        _border(matrix, normal, system)
        for c in range(n):
            change[c] = rates[c]
        change[n] = 0.0
        if factorise_dense(system, pivots, rows)[0] == 0:
            return SINGULAR, np.inf, False
        solve_dense(system, pivots, rows, change)
        size, largest, gone = 0.0, 0.0, 0.0
        for c in range(n + 1):
            size += change[c] ** 2
            u[c] -= change[c]
            largest = max(largest, abs(u[c]))
            gone += (u[c] - start[c]) ** 2
        size = np.sqrt(size)
        if not size < np.inf:
            return NOT_FINITE, np.inf, False
        if i == 1 and before > TINY_CORRECTION:
            contraction = size / before
        done = size <= CONVERGED * (1.0 + largest) or (size <= STALLED and size >= before)
        if done or (i > 0 and CAUTION * size * (size / before) ** 2 <= CONVERGED):
            outcome = GOOD
            break
        if size > 2.0 * before or gone > farthest**2:
            return NO_CONVERGENCE, np.inf, False
        before = size
    if outcome != GOOD or not _derivative(kernels, u, scales, p, k, square, columns, matrix):
        return outcome, np.inf if outcome != GOOD else contraction, False
    _border(matrix, normal, system)
    for c in range(n):
        tangent[c] = 0.0
    tangent[n] = 1.0
    known = factorise_dense(system, pivots, rows)[0] != 0
    if known:
        solve_dense(system, pivots, rows, tangent)
    return outcome, contraction, known


class EquilibriumCurve:
    """The zeros of f in states and one parameter.

    Parameters
    ----------
    rhs, jacobian, parameter_jacobian : callable
        Kernels ``(t, y, p, out)``.
    p : ndarray, shape (n_parameters,)
    k : int
        Which parameter varies.
    scales : ndarray, shape (n + 1,)
        Typical sizes of the states and of the parameter.

    Attributes
    ----------
    narrow : list of (place, distance, longest)
        Within a distance of a place no step is longer: curves pass close to each other there.
    """

    def __init__(
        self, rhs: Kernel, jacobian: Kernel, parameter_jacobian: Kernel, p: FloatArray, k: int, scales: FloatArray
    ) -> None:
        self._functions = rhs, jacobian, parameter_jacobian
        self._kernels = addresses(*zip(self._functions, (VECTOR, MATRIX, MATRIX), strict=True))
        self._p, self._k = np.array(p), k
        self.scales = np.array(scales)
        self.n = n = len(scales) - 1
        self.narrow: list[tuple[FloatArray, float, float]] = []
        self._square, self._columns = np.empty((n, n)), np.empty((n, len(p)))

    # -- the equations ---------------------------------------------------------------------------------------------

    def residual(self, u: FloatArray) -> FloatArray:
        """Return f, shape (n,)."""
        out, z = np.empty(self.n), u * self.scales
        self._p[self._k] = z[-1]
        self._functions[0](0.0, z[:-1], self._p, out)
        return out

    def derivative(self, u: FloatArray) -> FloatArray:
        """Return the derivative of f by u, shape (n, n + 1)."""
        out, z = np.empty((self.n, self.n + 1)), u * self.scales
        self._p[self._k] = z[-1]
        for function, place in zip(self._functions[1:], (self._square, self._columns), strict=True):
            function(0.0, z[:-1], self._p, place)
        out[:, :-1], out[:, -1] = self._square, self._columns[:, self._k]
        return out * self.scales

    # -- points ----------------------------------------------------------------------------------------------------

    def correct(self, u: FloatArray, normal: FloatArray, farthest: float = math.inf) -> tuple[FloatArray, float, int]:
        """Return the zero of f in the hyperplane through ``u`` with a normal, by Newton's method.

        Returns
        -------
        u : ndarray, shape (n + 1,)
        contraction : float
            Length of the second correction over that of the first.
        outcome : int
            GOOD, or why there is no zero.
        """
        u, _, contraction, outcome = self._solved(u, normal, farthest)
        return u, contraction, outcome

    def _solved(
        self, u: FloatArray, normal: FloatArray, farthest: float
    ) -> tuple[FloatArray, CurvePoint | None, float, int]:
        """Return the zero, the point with its tangent if there is one, contraction and outcome."""
        u, matrix, tangent = np.array(u), np.empty((self.n, self.n + 1)), np.empty(self.n + 1)
        outcome, contraction, known = _newton(
            self._kernels, u, normal, self.scales, self._p, self._k, farthest, self._square, self._columns, matrix,
            tangent,
        )  # fmt: skip
        if outcome != GOOD:
            return u, None, contraction, outcome
        length = math.sqrt(float(tangent @ tangent)) if known else 0.0
        if not 0.0 < length < math.inf:
            return u, self.point(u, normal), contraction, outcome
        return u, CurvePoint(u, tangent / length, matrix), contraction, outcome

    def point(self, u: FloatArray, along: FloatArray | None = None) -> CurvePoint | None:
        """Return the point with its tangent, oriented along a direction if one is given; None if it has none."""
        matrix = self.derivative(u)
        if not np.all(np.isfinite(matrix)):
            return None
        tangent = np.linalg.svd(matrix)[2][-1]
        if along is not None:
            tangent = tangent * math.copysign(1.0, float(tangent @ along))
        return CurvePoint(u, tangent, matrix)

    # -- what `pseudo_arclength.follow` asks for -------------------------------------------------------------------

    def advance(self, point: CurvePoint, step: float) -> Attempt[CurvePoint]:
        """Take one step of signed length ``step`` along the tangent."""
        if any(abs(step) > longest and self._reaches(point, step, at, reach) for at, reach, longest in self.narrow):
            return Attempt(False, None, math.inf, math.inf, NARROW)
        farthest = FARTHEST_CORRECTION * abs(step)
        _, new, contraction, outcome = self._solved(point.u + step * point.tangent, point.tangent, farthest)
        if new is None:
            return Attempt(False, None, math.inf, math.inf, NOT_FINITE if outcome == GOOD else outcome)
        angle = math.acos(min(max(float(new.tangent @ point.tangent), -1.0), 1.0))
        return Attempt(math.isfinite(angle), new, angle, contraction, outcome)

    @staticmethod
    def _reaches(point: CurvePoint, step: float, at: FloatArray, reach: float) -> bool:
        return float(np.linalg.norm(point.u - at)) < reach + abs(step)

    def prepare(self, point: CurvePoint) -> CurvePoint:
        """Return the point: nothing has to be done before a step."""
        return point

    def at(self, point: CurvePoint, distance: float) -> CurvePoint | None:
        """Return the point of the curve at a distance along the tangent of another; None if Newton fails."""
        if distance == 0.0:
            return point
        return self._solved(point.u + distance * point.tangent, point.tangent, math.inf)[1]
