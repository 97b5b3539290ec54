"""The adjoint of a closed orbit: how a small change of the state at each moment shifts everything that follows.

Perturbations of a collocated orbit are carried over mesh interval j by a matrix F_j. The adjoint is a row z_j at each
mesh point with z_(j+1) F_j = z_j all the way round: the left eigenvector of the multiplier 1 of the discrete orbit. It
is found from all these relations at once, by orthogonal elimination of every second mesh point until one is left
(S. J. Wright, SIAM J. Sci. Stat. Comput. 13 (1992) 742), which is stable however fast perturbations grow or decay;
carried forward, errors would grow by the inverse of the smallest multiplier. Gauss collocation is symplectic, so the
adjoint's own collocation polynomials, with the same mesh and stages, belong to these rows: products of the adjoint with
perturbations are conserved exactly (J. M. Sanz-Serna, SIAM Rev. 58 (2016) 3), and derivatives of the period by
parameters that are computed from it are those of the discrete orbit.

G. B. Ermentrout, Neural Comput. 8 (1996) 979; W. Govaerts & B. Sautois, Neural Comput. 18 (2006) 817 (adjoint of the
collocation system).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.gauss import Scheme

Array = NDArray[np.float64]


def transfers(jacobians: Array, lengths: Array, scheme: Scheme) -> Array:
    """Return the matrices that carry perturbations over mesh intervals, shape (intervals, n, n).

    Parameters
    ----------
    jacobians : ndarray, shape (intervals, m, n, n)
        At the Gauss points.
    lengths : ndarray, shape (intervals,)
        In units of time.
    scheme : Scheme
    """
    count, m, n, _ = jacobians.shape
    starts = np.broadcast_to(np.tile(np.eye(n), (m, 1)), (count, m * n, n))
    stages = np.linalg.solve(_stage_matrices(jacobians, lengths, scheme), starts).reshape(count, m, n, n)
    slopes = np.einsum("l,jlab,jlbc->jac", scheme.weights, jacobians, stages)
    return np.eye(n) + lengths[:, None, None] * slopes


def _stage_matrices(jacobians: Array, lengths: Array, scheme: Scheme) -> Array:
    """Matrices of the stage equations, identity minus integral of the slopes, shape (intervals, m n, m n)."""
    count, m, n, _ = jacobians.shape
    integrals = lengths[:, None, None] * scheme.integral
    blocks = integrals[:, :, None, :, None] * jacobians.transpose(0, 2, 1, 3)[:, None]
    return np.eye(m * n) - blocks.reshape(count, m * n, m * n)


def invariant_rows(factors: Array) -> Array:
    """Return rows that are carried into themselves by a closed chain of matrices.

    Parameters
    ----------
    factors : ndarray, shape (M, n, n)
        The first one is applied first; their product has the eigenvalue 1.

    Returns
    -------
    ndarray, shape (M, n)
        ``rows[j + 1] @ factors[j] = rows[j]``, the last one followed by the first, up to a common factor.
    """
    left = np.broadcast_to(np.eye(factors.shape[1]), factors.shape)
    return closed_chain(left, -factors.transpose(0, 2, 1))


def closed_chain(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Solve left[j] u[j] + right[j] u[j + 1] = 0, real or complex, around a closed chain: u (M, n), not zero."""
    count, n, _ = left.shape
    if count == 1:
        last: NDArray[Any] = np.linalg.svd(left[0] + right[0])[2][-1:].conj()
        return last
    pairs = count // 2
    first, second = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
    # columns: the point between two relations, the one before, the one after
    both = np.zeros((pairs, 2 * n, 3 * n), dtype=np.result_type(left, right))
    both[:, :n, :n], both[:, :n, n : 2 * n] = right[first], left[first]
    both[:, n:, :n], both[:, n:, 2 * n :] = left[second], right[second]
    q, triangle = np.linalg.qr(both[:, :, :n], mode="complete")
    turned: NDArray[Any] = q.conj().transpose(0, 2, 1) @ both[:, :, n:]
    single = slice(2 * pairs, count)  # the last relation of an odd number stays as it is
    kept = closed_chain(
        np.concatenate((turned[:, n:, :n], left[single])), np.concatenate((turned[:, n:, n:], right[single]))
    )
    neighbours = np.concatenate((kept[:pairs], np.roll(kept, -1, axis=0)[:pairs]), axis=1)
    between = np.linalg.solve(triangle[:, :n], turned[:, :n] @ neighbours[:, :, None])
    rows = np.empty((count, n), dtype=both.dtype)
    rows[::2], rows[1::2] = kept, -between[:, :, 0]
    return rows


def stage_rows(rows: Array, jacobians: Array, lengths: Array, scheme: Scheme) -> Array:
    """Return the adjoint at the Gauss points from that at the left ends of the intervals, shape (intervals, m, n)."""
    count, m, n, _ = jacobians.shape
    matrices = _stage_matrices(-jacobians.transpose(0, 1, 3, 2), lengths, scheme)
    inside = np.linalg.solve(matrices, np.tile(rows, (1, m))[:, :, None])
    return np.asarray(inside.reshape(count, m, n), dtype=np.float64)


def closed_adjoint(jacobians: Array, lengths: Array, counts: NDArray[np.int64], scheme: Scheme, joins: Array) -> Array:
    """Return the adjoint of a closed orbit on all its points, up to a factor.

    Parameters
    ----------
    jacobians : ndarray, shape (all intervals, m, n, n)
        At the Gauss points.
    lengths : ndarray, shape (all intervals,)
        In units of time.
    counts : ndarray of int, shape (segments,)
        Intervals of each segment.
    scheme : Scheme
    joins : ndarray, shape (segments, n, n)
        Linearised maps from the end of each segment to the start of the next: identities where the orbit just goes on,
        saltation matrices at jumps.

    Returns
    -------
    ndarray, shape (points, n)
        Mesh points and Gauss points in order, as orbits are stored; before a jump, the row after it times the join.
    """
    m, n = jacobians.shape[1:3]
    factors = np.insert(transfers(jacobians, lengths, scheme), np.cumsum(counts), joins, axis=0)
    rows = invariant_rows(factors)
    ends = np.cumsum(counts + 1) - 1
    inside = stage_rows(np.delete(rows, ends, axis=0), jacobians, lengths, scheme)
    parts, interval = [], 0
    for count, end in zip(counts, ends, strict=True):
        local = np.concatenate((rows[end - count : end, None], inside[interval : interval + count]), axis=1)
        parts += [local.reshape(count * (m + 1), n), rows[end : end + 1]]
        interval += count
    return np.concatenate(parts)
