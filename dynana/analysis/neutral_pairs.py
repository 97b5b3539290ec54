"""Pairs of eigenvalues that add to zero: imaginary ones at Hopf points, real ones at neutral saddles."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

#: Sums of two eigenvalues below this fraction of the largest eigenvalue are rounding.
NEUTRAL = 1e-13
#: Real parts and smallest singular values count as zero below this fraction of the rates at a located point.
CRITICAL = 1e-6


@cache
def pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of the first and of the second member of all pairs out of n."""
    one, two = np.triu_indices(n, 1)
    return one, two


def hopf_test(eigenvalues: ComplexArray) -> FloatArray:
    """Return a function that changes sign where two eigenvalues add to zero, shape (k,).

    Its size is the smallest modulus of the real sums (of conjugate pairs, and of pairs of real eigenvalues), its sign
    the product of theirs; in units of the largest eigenvalue.
    """
    k, n = eigenvalues.shape
    if n < 2:
        return np.ones(k)
    i, j = pairs(n)
    one, two = eigenvalues[:, i], eigenvalues[:, j]
    real = ((one.imag == 0.0) & (two.imag == 0.0)) | ((one.imag != 0.0) & (one == two.conj()))
    sums = np.where(real, (one + two).real, np.inf)
    size = np.min(np.abs(sums), axis=1) / np.maximum(np.abs(eigenvalues).max(axis=1), np.finfo(float).tiny)
    negative = np.sum(real & (sums < 0.0), axis=1)
    return np.where(np.isfinite(size), size, 1.0) * np.where(negative % 2, -1.0, 1.0)


def is_hopf(spectrum: ComplexArray) -> bool:
    """Return whether the eigenvalues that add to zero are a conjugate pair: not a neutral saddle."""
    largest = float(np.abs(spectrum).max())
    turning = spectrum[spectrum.imag > 0.0]
    return bool(np.any(np.abs(turning.real) <= CRITICAL * np.minimum(np.abs(turning), largest)))
