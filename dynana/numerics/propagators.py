"""The propagator of a small linear system over one step, worked out once per run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Terms of the Taylor series: at norm 1/4 the first one left out is below 1e-25.
_TERMS = 16
_NORM = 0.25


def matrix_exponential(matrix: np.ndarray) -> np.ndarray:
    """Return exp(M) of a small square matrix: Taylor series of M / 2^s, squared s times.

    Examples
    --------
    >>> matrix_exponential(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """
    norm = float(np.abs(matrix).sum(axis=1).max(initial=0.0))
    halvings = max(0, int(np.ceil(np.log2(norm / _NORM)))) if norm > 0.0 else 0
    small = matrix / 2.0**halvings
    total = np.eye(len(matrix))
    for k in range(_TERMS, 0, -1):
        total = np.eye(len(matrix)) + small @ total / k
    for _ in range(halvings):
        total = total @ total
    return total


def propagator(matrix: Sequence[Sequence[float]], h: float) -> tuple[np.ndarray, np.ndarray]:
    """Return exp(h A) and the integral of exp(s A) over s from 0 to h.

    Both come from one exponential of a matrix of twice the size (Van Loan 1978, IEEE Trans. Autom. Control 23:395).
    """
    n = len(matrix)
    double = np.zeros((2 * n, 2 * n))
    double[:n, :n] = np.asarray(matrix, dtype=np.float64).reshape(n, n) * h
    double[:n, n:] = np.eye(n) * h
    whole = matrix_exponential(double)
    return whole[:n, :n], whole[:n, n:]
