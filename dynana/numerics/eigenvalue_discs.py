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

from dynana.numerics.balls import Balls, conjugated, exact, product

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]

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
    radius, still : ndarray
        For all s, and for s = 0 alone.
    half : ndarray, shape (k,)
        |s| is at most this.
    rate : Balls, shape (k, n, n)
        The derivative by s in the same coordinates.
    excess : ndarray, shape (k, n, n)
        Bounds of the elements of W V - 1.
    """

    centre: NDArray[np.complex128]
    radius: FloatArray
    still: FloatArray
    half: FloatArray
    rate: Balls
    excess: FloatArray

    def meets_axis(self) -> NDArray[np.bool_]:
        """Return which discs hold points without real part (or are unbounded)."""
        return ~(np.abs(self.centre.real) > self.radius)

    def shortening(self) -> FloatArray:
        """Return how many times shorter families must be, about, for their discs to leave the axis."""
        return np.asarray((self.radius / np.abs(self.centre.real)).max(axis=1))

    def unstable(self) -> NDArray[np.int64]:
        """Return how many eigenvalues have positive real parts; -1 where that is not certain."""
        count = np.sum(self.centre.real > 0.0, axis=1)
        return np.where(self.meets_axis().any(axis=1), -1, count)

    def critical(self) -> NDArray[np.int64]:
        """Return which eigenvalues may meet the axis: none, or one (pair) whose real part is monotone.

        REAL means that a single real eigenvalue can vanish, PAIR that a single conjugate pair can become imaginary. In
        both cases it does so at most once, with a real part that changes at a rate other than zero. A disc that meets
        the axis says little of an eigenvalue that runs along it: what its real part is at s = 0, and how fast it
        changes at most, may say that there is none.
        """
        meets = self.meets_axis()
        bounded = np.isfinite(self.radius).all(axis=1)
        count = meets.sum(axis=1)
        verdict = np.where(bounded & (count == 0), NONE, UNDECIDED)
        some = np.flatnonzero(bounded & (count >= 1) & (count <= 2))
        if not len(some):
            return verdict
        first = np.argmax(meets[some], axis=1)
        complex_ = np.abs(self.centre[some, first].imag) > self.radius[some, first]
        partner = np.minimum(first + 1, meets.shape[1] - 1)  # conjugate ones are neighbours
        real = (count[some] == 1) & ~complex_ & self._isolated(some, first, mirrored=True)
        pair = (count[some] == 2) & complex_ & (partner > first) & meets[some, partner]
        pair &= self._isolated(some, first) & self._isolated(some, partner)
        slope, spread = self._real_rate(some, first)
        monotone = np.abs(slope) > spread
        verdict[some[real & monotone]], verdict[some[pair & monotone]] = REAL, PAIR
        away = np.abs(self.centre.real[some, first]) - self.still[some, first]
        beside = away > ROOM * self.half[some] * (np.abs(slope) + spread)
        verdict[some[(real | pair) & beside]] = NONE
        return verdict

    def _isolated(self, k: Indices, i: Indices, mirrored: bool = False) -> NDArray[np.bool_]:
        """Return which discs ``i`` of families ``k`` meet no other disc of theirs.

        With ``mirrored`` their mirror images must not meet one either: their eigenvalue is real then.
        """
        own, c, rows = self.centre[k, i][:, None], self.centre[k], np.arange(len(k))
        distance = np.abs(c - own)
        if mirrored:
            distance = np.minimum(distance, np.abs(c - own.conjugate()))
        gap = distance - ROOM * (self.radius[k] + self.radius[k, i][:, None])
        gap[rows, i] = np.inf
        return np.asarray((gap > 0.0).all(axis=1))

    def _real_rate(self, k: Indices, i: Indices) -> tuple[FloatArray, FloatArray]:
        """Return the derivative of the real part of isolated eigenvalues by s: a number, and how far it is from that.

        It is y A' x/(y x) with eigenvectors whose other coordinates are at most ``side``.
        """
        rows, centre, radius = np.arange(len(k)), self.centre[k], self.radius[k]
        distance = np.abs(centre - centre[rows, i][:, None]) - radius[rows, i][:, None]
        distance[rows, i] = np.inf
        side = ROOM * radius / distance
        slope, excess = self.rate.middle[k, i, i], self.excess[k]
        size = Balls(self.rate.middle[k], self.rate.radius[k]).size

        def mixed(elements: FloatArray) -> FloatArray:
            beside = np.sum(side * (elements[rows, i] + elements[rows, :, i]), axis=1)
            return np.asarray(beside + (side[:, None, :] @ elements @ side[:, :, None])[:, 0, 0])

        error = self.rate.radius[k, i, i] + mixed(size)
        mixing = excess[rows, i, i] + np.sum(side * side, axis=1) + mixed(excess)
        spread = np.where(mixing < 1.0, ROOM * (error + np.abs(slope) * mixing) / (1.0 - mixing), np.inf)
        return np.asarray(slope.real), np.asarray(spread)


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
    both = Balls(np.stack([constant.middle, rate.middle]), np.stack([constant.radius, rate.radius]))
    seen = conjugated(w, both, v)
    middle, moving = (Balls(seen.middle[j], seen.radius[j]) for j in range(2))
    excess = (product(w, v) - exact(np.eye(n))).size
    i = np.arange(n)

    reach = np.stack([half, np.zeros_like(half)])[:, :, None, None]  # for all s, and for s = 0
    largest = (constant.size + rate.size * reach).sum(axis=3).max(axis=2)
    moved = moving.size * reach
    off = middle.size + moved
    off[..., i, i] = (middle.radius + moved)[..., i, i]
    off += largest[:, :, None, None] * excess
    radius, still = ROOM * np.maximum(off.sum(axis=3), off.sum(axis=2))
    centre = middle.middle[:, i, i]
    known = np.isfinite(radius) & np.isfinite(centre)
    return Discs(np.where(known, centre, 0.0), np.where(known, radius, np.inf), still, half, moving, excess)


def _coordinates(matrices: FloatArray) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return approximate eigenvectors as columns, and their approximate inverses; conjugate ones next to each other."""
    finite = np.isfinite(matrices)
    if not finite.all():
        matrices = np.where(finite.all(axis=(1, 2), keepdims=True), matrices, 0.0)
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
