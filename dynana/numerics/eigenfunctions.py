"""Perturbations of closed orbits that are multiplied by a number in a period."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def on_points(
    work: tuple[Any, ...], n: int, stages: int, multiplier: complex, sizes: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Return the perturbation of an orbit of one segment, from the factors of its Jacobian.

    Parameters
    ----------
    work : tuple of ndarray
        What `dynana.numerics.collocation.factorise` left.
    n, stages : int
        States, Gauss points per interval.
    multiplier : complex
    sizes : ndarray, shape (n,)
        Of the states.

    Returns
    -------
    ndarray, shape (points, n)
        Of unit mean square in units of the sizes.
    """
    solutions, transfer, chain, relation = work[3], work[4], work[5], work[8][0]
    m, count = stages, transfer.shape[0] // n
    inside = solutions.reshape(count, m * n, -1)[:, :, :n]
    rows = chain.reshape(count, n, -1)
    start = np.linalg.svd(relation[:, :n] + multiplier * relation[:, n:])[2][-1].conj()
    values = np.zeros((count * (m + 1) + 1, n), dtype=np.complex128)
    values[0], values[-1] = start, multiplier * start
    for j in range(count - 1, -1, -1):
        at = j * (m + 1)
        if j > 0:
            known = rows[j, :, n : 2 * n] @ start + rows[j, :, 2 * n : 3 * n] @ values[at + m + 1]
            values[at] = np.linalg.solve(rows[j, :, :n], -known)
        values[at + 1 : at + m + 1] = (inside[j] @ values[at]).reshape(m, n)
    values *= sizes / math.sqrt(float((np.abs(values) ** 2).mean()))
    return values
