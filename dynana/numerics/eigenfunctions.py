"""Perturbations of closed orbits that are multiplied by a number in a period."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.adjoint import closed_chain
from dynana.numerics.collocation import SOLUTIONS, TRANSFER


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
    solutions, transfer = work[SOLUTIONS], work[TRANSFER]
    m, count = stages, len(transfer) // n
    factors = transfer.reshape(count, n, -1)[:, :, :n]
    after = np.tile(np.eye(n, dtype=np.complex128), (count, 1, 1))
    after[-1] *= multiplier
    points = closed_chain(-factors, after)
    inside = solutions.reshape(count, m * n, -1)[:, :, :n] @ points[:, :, None]
    on_intervals = np.concatenate((points[:, None], inside.reshape(count, m, n)), axis=1)
    values = np.concatenate((on_intervals.reshape(-1, n), multiplier * points[:1]))
    values *= sizes / math.sqrt(float((np.abs(values) ** 2).mean()))
    return values
