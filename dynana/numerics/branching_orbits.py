"""Closed orbits at which two curves of orbits cross, with the adjoint that proves it (see `branching_closures`)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from dynana.numerics.branching_closures import STATES
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.orbit_curve import OrbitCurve

Array = NDArray[np.float64]

#: Added to the matrix of a closed chain, which is singular, relative to the identity in it.
SHIFT = 1e-13
#: Steps of inverse iteration: each gains the ratio of the next singular value to those that are looked for.
ITERATIONS = 4


def invariant_rows(factors: Array, count: int) -> Array:
    """Return rows that are carried into themselves by a closed chain of matrices, the most nearly invariant first.

    Parameters
    ----------
    factors : ndarray, shape (M, n, n)
        The first one is applied first.
    count : int
        How many.

    Returns
    -------
    ndarray, shape (count, M, n)
        ``rows[:, j + 1] @ factors[j] = rows[:, j]``, the last followed by the first, of unit length and orthogonal.

    Notes
    -----
    Left singular vectors of all these relations together, by inverse iteration: stable however fast perturbations grow
    or decay.
    """
    number, n, _ = factors.shape
    size = number * n
    rows = np.arange(size).reshape(number, n)
    after = np.roll(rows, -1, axis=0)
    first = np.broadcast_to(rows[:, :, None], factors.shape)
    second = np.broadcast_to(rows[:, None, :], factors.shape)
    entries = np.concatenate((np.full(size, 1.0 + SHIFT), -factors.ravel()))
    places = np.concatenate((rows.ravel(), first.ravel())), np.concatenate((after.ravel(), second.ravel()))
    chain = csc_matrix((entries, places), shape=(size, size))
    solve = splu(chain).solve
    found = np.random.default_rng(0).normal(size=(size, count + 1))  # one more, which the others leave behind
    for _ in range(ITERATIONS):
        found = np.linalg.qr(solve(np.linalg.qr(solve(found))[0], trans="T"))[0]
    shortest = np.linalg.svd(chain.T @ found, full_matrices=False)[2][::-1][:count]
    rows_of_pieces = (found @ shortest.T).T.reshape(count, number, n)
    return np.roll(rows_of_pieces, 1, axis=1)  # piece j leads from mesh point j to j + 1


def same_length_of_adjoint(curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
    """Ask for the length of the adjoint to be kept."""
    n = int(curve.equations.data[STATES])
    points = orbit.split(orbit.z)[0][0][:, n : 2 * n]
    row = np.zeros_like(orbit.z)
    weights = curve.metric[: orbit.scalars_at].reshape(-1, orbit.n)[:, n : 2 * n]
    row[: orbit.scalars_at].reshape(-1, orbit.n)[:, n : 2 * n] = weights * points
    length = math.sqrt(float(row @ orbit.z))
    return row / length, length
