"""Eigenvalues of a product of matrices that is never formed: Floquet multipliers over any number of decades.

The product is P = F_M ... F_1. A sweep carries an orthonormal frame Q_0 through the factors, F_j Q_(j-1) = Q_j R_j with
R_j upper triangular, so that Q_M^T P Q_M = D U S: D holds the products of the diagonals (kept as logarithms), U is unit
upper triangular and grows only while the frame is not in order, and S = Q_0^T Q_M. When the frame spans the invariant
subspaces, ordered by modulus, S is block triangular and the multipliers can be read off with full relative accuracy.
The small matrix D U S is used to correct the frame between sweeps, which resolves multipliers of nearly equal modulus
that sweeps alone (orthogonal iteration) would separate slowly; multipliers too small to be seen in it are separated by
the next sweep, because their ratios are tiny. Where U has hardly grown, as from the frame of a neighbouring orbit, the
small matrix has all relative accuracy, and the next sweep is over it alone.

A. Bojanczyk, G. H. Golub & P. Van Dooren, Proc. SPIE 1770 (1992) 31 (periodic Schur form); K. Lust, Int. J. Bifurcation
Chaos 11 (2001) 2389 (accuracy of multipliers).
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.frames import align, leak
from dynana.numerics.lanes import LANES, zero_blocks
from dynana.numerics.plain_elimination import triangularise
from dynana.numerics.products import LARGE, add_product
from dynana.numerics.signatures import INDEX, INDICES, ROW, TABLE

Array = NDArray[np.float64]

#: A frame counts as split after k vectors when the first k turn out of their span by less than this in one period;
#: relative errors of the multipliers are of this size.
SPLIT = 1e-12

#: Sweeps after which what has not split is treated as one block: by then its moduli agree to within rounding.
MOST_SWEEPS = 12

#: Growth of U beyond which the frame is not yet in order and its small matrix is not used.
DISORDER = 1e6

#: Growth of U up to which rounding in the small matrix, times its square, stays below `SPLIT`; and logarithm of the
#: smallest ratio of the entries of D with which the squares of its entries are numbers.
MILD, DEEP = 30.0, -300.0

_FACTORS = types.Array(types.float64, 3, "C")


@compiled
def _relate(frame, after, upper, product, split, pivots):
    """Compare the frame before and after a sweep, take over the latter; return the largest entry of U.

    ``pivots`` receives those of U S: ratios of multipliers to the entries of D where the frame splits everywhere
    (what leaks into the span of larger multipliers counts for the smaller ones as much as U grows).
    """
    n = frame.shape[0]
    turned, largest = np.zeros((n, n)), 0.0
    leak(frame, after, SPLIT, split)
    for i in range(n):
        for k in range(n):
            for l in range(n):
                turned[i, k] += frame[l, i] * after[l, k]
    for i in range(n):
        for k in range(n):
            largest = max(largest, abs(upper[i, k]))
            product[i, k] = 0.0
            for l in range(i, n):
                product[i, k] += upper[i, l] * turned[l, k]
    for i in range(n):
        for k in range(n):
            frame[i, k] = after[i, k]
            turned[i, k] = product[i, k]
    for i in range(n):
        pivots[i] = turned[i, i]
        for k in range(i + 1, n):
            factor = turned[k, i] / turned[i, i]
            for l in range(i + 1, n):
                turned[k, l] -= factor * turned[i, l]
    return largest


@compiled
def _sweep(factors, frame, logarithms, product, split, pivots):
    """Carry ``frame`` (n, n) through all factors, in place: logarithms of D, D^-1 Q_M^T P Q_M = U S, and its splits.

    ``split[k]`` tells whether nothing of the first k + 1 vectors is carried out of their span; ``pivots`` are those of
    U S. Returns the largest entry of U, and -1 if a factor is not finite.
    """
    n = frame.shape[0]
    width = (2 * n + LANES - 1) // LANES * LANES
    s, w, reflectors, mantissas = zero_blocks(n * width), zero_blocks(width), np.zeros((n, n + 1)), np.zeros(n)
    after, upper, ratios, flat = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n)), factors.reshape(-1)
    for i in range(n):
        logarithms[i], mantissas[i] = 0.0, 1.0
        for k in range(n):
            ratios[i, k] = 1.0
            upper[i, k] = 1.0 if i == k else 0.0
            after[i, k] = frame[i, k]
    for j in range(factors.shape[0]):
        for i in range(n):
            row = i * width
            for k in range(width):
                s[row + k] = 0.0
            for l in range(n):
                value = factors[j, i, l]
                if not abs(value) < np.inf:
                    return -1.0
                if n < LARGE:
                    for k in range(n):
                        s[row + k] += value * after[l, k]
            s[row + n + i] = 1.0
        if n >= LARGE:
            add_product(s, 0, width, 0.0, 1.0, flat, j * n * n, n, False, after.reshape(-1), 0, n, n, n, n)
        triangularise(s, n, n, width, reflectors, w)
        for i in range(n):
            for k in range(n):
                after[k, i] = s[i * width + n + k]
        # U_new = (D^-1 U_j D) U, with R_j = D_j U_j and ratios[i, k] = D_k / D_i
        for i in range(n):
            pivot = s[i * width + i]
            if pivot == 0.0:
                continue
            for k in range(i + 1, n):
                share = s[i * width + k] / pivot * ratios[i, k]
                if share != 0.0:
                    for l in range(k, n):
                        upper[i, l] += share * upper[k, l]
        for i in range(n):
            pivot = s[i * width + i]
            mantissas[i] *= abs(pivot)
            if not 1e-100 < mantissas[i] < 1e100:
                logarithms[i] += np.log(mantissas[i])
                mantissas[i] = 1.0
            for k in range(i + 1, n):
                if pivot != 0.0:
                    ratios[i, k] *= abs(s[k * width + k] / pivot)
        # rows with a negative pivot: D stays positive, the sign moves into the next frame, which is turned around
        for i in range(n):
            if s[i * width + i] < 0.0:
                for k in range(n):
                    after[k, i] = -after[k, i]
    for i in range(n):
        logarithms[i] += np.log(mantissas[i])
    return _relate(frame, after, upper, product, split, pivots)


@compiled
def _compose(frame, turn):
    """Turn a frame, unless the turn is the frame itself."""
    if turn is frame:
        return
    n, row = frame.shape[0], np.empty(frame.shape[0])
    for i in range(n):
        for k in range(n):
            row[k] = 0.0
            for l in range(n):
                row[k] += frame[i, l] * turn[l, k]
        for k in range(n):
            frame[i, k] = row[k]


@compiled
def _separate(factors, frame, sweeps, raw, pivots, product, split, pairs):
    """Sweep until the frame splits into single multipliers and pairs.

    Parameters
    ----------
    sweeps : int
        That were made before.
    raw, pivots, product, split
        Receive what the last sweep says.
    pairs : (n,) int array
        1 for the first vector of a pair, which does not split; 2 for that of a block that does not separate.

    Returns
    -------
    int
        Sweeps, negative if there is a block of more than two that orthogonal iteration does not separate; 0 if a factor
        is not finite.
    """
    n, scale = frame.shape[0], 0.0
    turn, small = frame, factors  # with the small matrix, in the basis of the frame
    while True:
        sweeps += 1
        growth = _sweep(small, turn, raw, product, split, pivots)
        if growth < 0.0:
            return 0
        usable, done = growth < DISORDER, True
        for k in range(n - 1):
            done = done and (split[k] == 1 or pairs[k] == 1)
        smallest = largest = raw[0] + scale
        for k in range(n):
            raw[k] += scale
            smallest, largest = min(smallest, raw[k]), max(largest, raw[k])
        if (usable and done) or sweeps >= MOST_SWEEPS:
            _compose(frame, turn)
            return sweeps
        if turn is frame and growth < MILD and smallest - largest > DEEP:
            scale, turn, small = largest, np.zeros((n, n)), np.empty((1, n, n))
            for i in range(n):
                turn[i, i] = 1.0
                for k in range(n):
                    small[0, i, k] = np.exp(raw[i] - scale) * product[i, k]
        for k in range(n):
            pairs[k] = 0
        first, stuck = 0, False
        for k in range(n):
            if split[k] == 1:
                if usable and k > first and not align(turn, raw, product, first, k + 1, pairs):
                    stuck = True
                    pairs[first] = 2
                first = k + 1
        if stuck:
            _compose(frame, turn)
            return -sweeps


@compiled
def _read(raw, pivots, product, split, logarithms, phases):
    """Write logarithms and phases of single multipliers and of blocks of two; return whether there are no others."""
    n, k, whole = raw.size, 0, True
    for i in range(n):
        whole = whole and split[i] == 1
    while k < n:
        if split[k] == 1:
            single = pivots[k] if whole else product[k, k]
            logarithms[k] = raw[k] + np.log(abs(single))
            phases[k] = 0.0 if single >= 0.0 else np.pi
            k += 1
            continue
        if split[k + 1] == 0:
            return False
        scale = max(raw[k], raw[k + 1])
        if scale == -np.inf:
            return False
        upper, lower = np.exp(raw[k] - scale), np.exp(raw[k + 1] - scale)
        a, b = upper * product[k, k], upper * product[k, k + 1]
        c, d = lower * product[k + 1, k], lower * product[k + 1, k + 1]
        mean, half = 0.5 * (a + d), 0.5 * (a - d)
        discriminant = half * half + b * c
        if discriminant < 0.0:
            logarithms[k] = logarithms[k + 1] = scale + 0.5 * np.log(a * d - b * c)
            phases[k] = np.arctan2(np.sqrt(-discriminant), mean)
            phases[k + 1] = -phases[k]
        else:
            larger = mean + np.sqrt(discriminant) if mean >= 0.0 else mean - np.sqrt(discriminant)
            smaller = (a * d - b * c) / larger if larger != 0.0 else 0.0
            logarithms[k], logarithms[k + 1] = scale + np.log(abs(larger)), scale + np.log(abs(smaller))
            phases[k], phases[k + 1] = 0.0 if larger >= 0.0 else np.pi, 0.0 if smaller >= 0.0 else np.pi
        k += 2
    return True


@compiled(
    types.Tuple((INDEX, types.boolean))(_FACTORS, TABLE, INDEX, ROW, ROW, TABLE, INDICES, INDICES, ROW, ROW),
    no_cfunc_wrapper=True,
)
def _in_order(factors, frame, sweeps, raw, pivots, product, split, pairs, logarithms, phases):
    """Separate, read, and put in descending order of modulus; return the sweeps, and whether all could be read."""
    sweeps = _separate(factors, frame, sweeps, raw, pivots, product, split, pairs)
    if sweeps <= 0 or not _read(raw, pivots, product, split, logarithms, phases):
        return sweeps, False
    for i in range(1, raw.size):
        logarithm, phase, k = logarithms[i], phases[i], i
        while k > 0 and logarithms[k - 1] < logarithm:
            logarithms[k], phases[k] = logarithms[k - 1], phases[k - 1]
            k -= 1
        logarithms[k], phases[k] = logarithm, phase
    return sweeps, True


def _block(logarithms: Array, product: Array, first: int, last: int) -> tuple[Array, float]:
    """Diagonal block of D U S between two indices, divided by its largest D, and the logarithm of that."""
    scale = float(logarithms[first:last].max())
    if scale == -math.inf:
        return np.zeros((last - first, last - first)), scale
    return np.exp(logarithms[first:last] - scale)[:, None] * product[first:last, first:last], scale


def _improve(frame: Array, block: Array, first: int, last: int, pairs: NDArray[np.int64]) -> None:
    """Turn part of the frame into the invariant directions of its block, ordered by modulus.

    Marks the first vectors of complex pairs, which do not split.
    """
    pairs[first] = 0
    if not np.isfinite(block).all():
        return
    values, vectors = np.linalg.eig(block)
    basis: list[Array] = []
    for k in np.argsort(-np.abs(values), kind="stable"):
        if values[k].imag >= 0.0:  # the two of a pair share their plane
            basis.append(vectors[:, k].real)
        if values[k].imag > 0.0:
            pairs[first + len(basis) - 1] = 1
            basis.append(vectors[:, k].imag)
    frame[:, first:last] = frame[:, first:last] @ np.linalg.qr(np.array(basis).T)[0]


def multipliers(factors: Array, frame: Array, logarithms: Array, phases: Array) -> int:
    """Eigenvalues of the product of ``factors``, the first one applied first.

    Parameters
    ----------
    factors : (M, n, n) array
    frame : (n, n) array
        Orthonormal start, such as the frame of a neighbouring orbit or the identity; receives the invariant frame.
    logarithms, phases : (n,) arrays
        Receive logarithms of the moduli (descending; -inf for zero) and arguments in (-pi, pi]; nan if a factor is not
        finite.

    Returns
    -------
    int
        Number of sweeps; negative if a factor is not finite.

    Notes
    -----
    Compiled code passes the factors and turns the frame. What that does not separate, which is rare, is left to LAPACK.
    """
    n = frame.shape[0]
    raw, pivots, product = np.empty(n), np.empty(n), np.empty((n, n))
    split, pairs = np.empty(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    sweeps, known = _in_order(factors, frame, 0, raw, pivots, product, split, pairs, logarithms, phases)
    if known:
        return sweeps
    while sweeps < 0:
        ends = (np.flatnonzero(split) + 1).tolist()
        for a, b in zip([0, *ends[:-1]], ends, strict=True):
            if pairs[a] == 2:
                _improve(frame, _block(raw, product, a, b)[0], a, b, pairs)
        sweeps, known = _in_order(factors, frame, -sweeps, raw, pivots, product, split, pairs, logarithms, phases)
    if sweeps == 0:
        logarithms[:], phases[:] = np.nan, np.nan
        return -1
    if not known:
        ends = (np.flatnonzero(split) + 1).tolist()
        for a, b in zip([0, *ends[:-1]], ends, strict=True):
            block, scale = _block(raw, product, a, b)
            values = np.linalg.eigvals(block)
            with np.errstate(divide="ignore"):
                logarithms[a:b] = np.log(np.abs(values)) + scale
            phases[a:b] = np.where(values.imag == 0.0, np.where(values.real >= 0.0, 0.0, np.pi), np.angle(values))
    order = np.argsort(-logarithms, kind="stable")
    logarithms[:], phases[:] = logarithms[order], phases[order]
    return sweeps
