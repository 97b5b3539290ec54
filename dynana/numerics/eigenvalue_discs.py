"""Eigenvalues of families of matrices A0 + A1 s, |s| <= h, enclosed in discs: which of them meet the imaginary axis.

With approximate eigenvectors V of the middle matrix and W near the inverse of V, lambda is an eigenvalue of A exactly
if W A V - lambda W V is singular, and W A V is nearly diagonal: Gershgorin's theorem for the rows and for the columns
puts the eigenvalues into discs around its diagonal. A disc that meets no other holds one eigenvalue for every s; its
eigenvectors are near the coordinate vectors, which encloses the derivative of the eigenvalue by s.

Sources: Stewart & Sun, Matrix Perturbation Theory (1990), section IV.2; Rump (1999), BIT 39:534-554.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.balls import Balls, exact

FloatArray = NDArray[np.float64]

#: Eigenvectors worse conditioned than this are replaced by those of a perturbed matrix: any invertible matrix will do.
WORST_CONDITION = 1e6
#: Size of that perturbation, relative to the matrix: its eigenvectors then have a condition of about the inverse root.
PERTURBATION = 1e-3
#: Relative room for the roundings of short formulas in radii.
ROOM = 1.0 + 1e-12

#: What is proved about the eigenvalues of a family.
UNDECIDED, NONE, REAL, PAIR = 0, 1, 2, 3


@dataclass(frozen=True, eq=False)
class Discs:
    """Discs that hold the eigenvalues of families of matrices, shape (k, n) each.

    Attributes
    ----------
    centre : ndarray of complex
    radius : ndarray
    rate : Balls, shape (k, n, n)
        The derivative by s in the same coordinates.
    excess : ndarray, shape (k, n, n)
        Bounds of the elements of W V - 1.
    """

    centre: NDArray[np.complex128]
    radius: FloatArray
    rate: Balls
    excess: FloatArray

    def meets_axis(self) -> NDArray[np.bool_]:
        """Return which discs hold points without real part (or are unbounded)."""
        return ~(np.abs(self.centre.real) > self.radius)

    def unstable(self) -> NDArray[np.int64]:
        """Return how many eigenvalues have positive real parts; -1 where that is not certain."""
        count = np.sum(self.centre.real > 0.0, axis=1)
        return np.where(self.meets_axis().any(axis=1), -1, count)

    def critical(self) -> NDArray[np.int64]:
        """Return which eigenvalues may meet the axis: none, or one (pair) whose real part is monotone.

        REAL means that a single real eigenvalue can vanish, PAIR that a single conjugate pair can become imaginary. In
        both cases it does so at most once, with a real part that changes at a rate other than zero.
        """
        meets = self.meets_axis()
        bounded = np.isfinite(self.radius).all(axis=1)
        verdict = np.where(bounded & ~meets.any(axis=1), NONE, UNDECIDED)
        count = meets.sum(axis=1)
        first = np.argmax(meets, axis=1)
        for k in np.flatnonzero(bounded & (count >= 1) & (count <= 2)).tolist():
            i, c, r = int(first[k]), self.centre[k], self.radius[k]
            if count[k] == 1 and abs(c[i].imag) <= r[i]:
                kind = REAL
            elif count[k] == 2 and i + 1 < len(c) and meets[k, i + 1] and abs(c[i].imag) > r[i]:
                kind = PAIR
            else:
                continue
            partner = i + 1 if kind == PAIR else i
            if all(self._isolated(k, j, kind) for j in {i, partner}) and self._monotone(k, i):
                verdict[k] = kind
        return verdict

    def _isolated(self, k: int, i: int, kind: int) -> bool:
        """Return whether a disc (for REAL also its mirror image, so that its eigenvalue is real) meets no other."""
        own, c = self.centre[k, i], self.centre[k]
        distance = np.abs(c - own) if kind == PAIR else np.minimum(np.abs(c - own), np.abs(c - own.conjugate()))
        gap = distance - ROOM * (self.radius[k] + self.radius[k, i])
        return bool(np.all(np.delete(gap, i) > 0.0))

    def _monotone(self, k: int, i: int) -> bool:
        """Return whether the derivative of the real part of an isolated eigenvalue by s is never zero.

        It is y A' x/(y x) with eigenvectors whose other coordinates are at most ``side``.
        """
        distance = np.abs(self.centre[k] - self.centre[k, i]) - self.radius[k, i]
        distance[i] = np.inf
        side = ROOM * self.radius[k] / distance
        slope, excess = self.rate.middle[k, i, i], self.excess[k]
        size = Balls(self.rate.middle[k], self.rate.radius[k]).size
        error = float(self.rate.radius[k, i, i] + side @ (size[i] + size[:, i]) + side @ size @ side)
        mixing = float(excess[i, i] + side @ (excess[i] + excess[:, i]) + side @ side + side @ excess @ side)
        return mixing < 1.0 and abs(slope.real) * (1.0 - mixing) > ROOM * (error + abs(slope) * mixing)


@np.errstate(all="ignore")
def discs(constant: Balls, rate: Balls, half: FloatArray) -> Discs:
    """Return discs around the eigenvalues of families of real matrices.

    Parameters
    ----------
    constant, rate : Balls, shape (k, n, n)
        A(s) is in constant + rate s.
    half : ndarray, shape (k,)
        |s| is at most this.

    Returns
    -------
    Discs
        Conjugate ones next to each other.
    """
    n = constant.middle.shape[1]
    v, w = _coordinates(constant.middle)
    left, right = exact(w), exact(v)
    middle, moving = left @ (constant @ right), left @ (rate @ right)
    excess = (left @ right - exact(np.eye(n))).size
    reach = ROOM * half[:, None, None]
    largest = np.max(np.sum(constant.size + rate.size * reach, axis=2), axis=1)
    off = middle.size + moving.size * reach
    own = middle.radius + moving.size * reach
    i = np.arange(n)
    off[:, i, i] = own[:, i, i]
    off += largest[:, None, None] * excess
    radius = ROOM * np.maximum(off.sum(axis=2), off.sum(axis=1))
    centre = middle.middle[:, i, i]
    known = np.isfinite(radius) & np.isfinite(centre)
    return Discs(np.where(known, centre, 0.0), np.where(known, radius, np.inf), moving, excess)


def _coordinates(matrices: FloatArray) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return approximate eigenvectors as columns, and their approximate inverses; conjugate ones next to each other."""
    matrices = np.where(np.isfinite(matrices).all(axis=(1, 2), keepdims=True), matrices, 0.0)
    v, w, condition = _eigenvectors(matrices)
    bad = np.flatnonzero(~(condition < WORST_CONDITION))
    if len(bad):
        n = matrices.shape[1]
        size = np.max(np.abs(matrices[bad]), axis=(1, 2))[:, None, None]
        shift = np.sin(1.0 + np.arange(n * n)).reshape(n, n)  # any matrix without structure
        v[bad], w[bad], _ = _eigenvectors(matrices[bad] + PERTURBATION * size * shift)
    return v, w


def _eigenvectors(matrices: FloatArray) -> tuple[NDArray[Any], NDArray[Any], FloatArray]:
    try:
        v = np.linalg.eig(matrices)[1].astype(complex)
    except np.linalg.LinAlgError:  # no convergence: any other coordinates will do
        v = np.broadcast_to(np.eye(matrices.shape[1], dtype=complex), matrices.shape).copy()
    try:
        w = np.linalg.inv(v)
    except np.linalg.LinAlgError:
        w = np.linalg.pinv(v)
    size = np.linalg.norm(v, axis=(1, 2)) * np.linalg.norm(w, axis=(1, 2))
    return v, w, size
