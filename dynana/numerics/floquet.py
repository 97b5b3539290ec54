"""Eigenvalues of a product of matrices that is never formed: Floquet multipliers over any number of decades.

The product is P = F_M ... F_1. A sweep carries an orthonormal frame Q_0 through the factors, F_j Q_(j-1) = Q_j R_j with
R_j upper triangular, so that Q_M^T P Q_M = D U S: D holds the products of the diagonals (kept as logarithms), U is unit
upper triangular and grows only while the frame is not in order, and S = Q_0^T Q_M. When the frame spans the invariant
subspaces, ordered by modulus, S is block triangular and the multipliers can be read off with full relative accuracy.
The small matrix D U S is used to correct the frame between sweeps, which resolves multipliers of nearly equal modulus
that sweeps alone (orthogonal iteration) would separate slowly; multipliers too small to be seen in it are separated by
the next sweep, because their ratios are tiny.

A. Bojanczyk, G. H. Golub & P. Van Dooren, Proc. SPIE 1770 (1992) 31 (periodic Schur form); K. Lust, Int. J. Bifurcation
Chaos 11 (2001) 2389 (accuracy of multipliers).
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.condensation import triangularise
from dynana.numerics.lanes import LANES
from dynana.numerics.signatures import ROW, TABLE

#: A frame counts as split after k vectors when the first k turn out of their span by less than this in one period;
#: relative errors of the multipliers are of this size.
SPLIT = 1e-12

#: Sweeps after which what has not split is treated as one block: by then its moduli agree to within rounding.
MOST_SWEEPS = 12

#: Growth of U beyond which the frame is not yet in order and its small matrix is not used.
DISORDER = 1e6

#: A pair of eigenvalues of a block counts as complex above this ratio of imaginary part to modulus.
COMPLEX = 1e-14

_FACTORS = types.Array(types.float64, 3, "C")


@compiled
def _sweep(factors, frame, after, upper, logarithms, s, reflectors, w, ratios):
    """Carry ``frame`` through all factors: final frame, U and logarithms of D."""
    n = frame.shape[0]
    width = s.size // n
    mantissas = np.ones(n)
    for i in range(n):
        logarithms[i] = 0.0
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
                for k in range(n):
                    s[row + k] += value * after[l, k]
            s[row + n + i] = 1.0
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


@compiled
def _block(logarithms, product, first, last):
    """Diagonal block of D U S between two indices, divided by its largest D, and the logarithm of that."""
    scale = logarithms[first]
    for i in range(first, last):
        scale = max(scale, logarithms[i])
    block = np.zeros((last - first, last - first), dtype=np.complex128)
    if scale > -np.inf:
        for i in range(first, last):
            factor = np.exp(logarithms[i] - scale)
            for k in range(first, last):
                block[i - first, k - first] = factor * product[i, k]
    return block, scale


@compiled
def _correction(block):
    """Orthogonal matrix whose leading columns span the invariant subspaces of a real block, ordered by modulus."""
    size = block.shape[0]
    values, vectors = np.linalg.eig(block)
    order = np.argsort(-np.abs(values))
    basis = np.zeros((size, size))
    column = 0
    while column < size:
        k = order[column]
        pair = abs(values[k].imag) > COMPLEX * abs(values[k]) and column + 1 < size
        # a real eigenvector may come with a complex factor
        largest = np.argmax(np.abs(vectors[:, k]))
        turn = np.conj(vectors[largest, k])
        for i in range(size):
            basis[i, column] = (vectors[i, k] * turn).real
            if pair:
                basis[i, column + 1] = (vectors[i, k] * turn).imag
        column += 2 if pair else 1
    return np.linalg.qr(basis)[0]


@compiled
def _splits(start_to_end, split):
    """Mark after which vectors the frame splits: nothing of the first k is carried out of their span."""
    n = split.size
    for k in range(1, n):
        leak = 0.0
        for i in range(k, n):
            for c in range(k):
                leak = max(leak, abs(start_to_end[i, c]))
        split[k - 1] = 1 if leak <= SPLIT else 0
    split[n - 1] = 1


@compiled
def _improve(frame, logarithms, product, first, last, joined):
    """Turn part of the frame into the invariant directions of its block; mark the complex pairs of the block."""
    block, _ = _block(logarithms, product, first, last)
    if not np.isfinite(block.real).all():
        return
    turn = _correction(block)
    size = last - first
    n = frame.shape[0]
    row = np.zeros(size)
    for i in range(n):
        for k in range(size):
            total = 0.0
            for l in range(size):
                total += frame[i, first + l] * turn[l, k]
            row[k] = total
        for k in range(size):
            frame[i, first + k] = row[k]
    values = np.linalg.eigvals(block)
    moduli = np.abs(values)
    order = np.argsort(-moduli)
    column = 0
    while column < size - 1:
        value = values[order[column]]
        if abs(value.imag) > COMPLEX * abs(value):
            joined[first + column] = 1
            column += 1
        column += 1


@compiled(types.int64(_FACTORS, TABLE, ROW, ROW))
def multipliers(factors, frame, logarithms, phases):
    """Eigenvalues of the product of ``factors``, the first one applied first.

    Parameters
    ----------
    factors : (M, n, n) array
    frame : (n, n) array
        Orthonormal start, such as the frame of a neighbouring orbit or the identity; receives the invariant frame.
    logarithms, phases : (n,) arrays
        Receive logarithms of the moduli (descending; -inf for zero) and arguments in (-pi, pi].

    Returns
    -------
    int
        Number of sweeps; negative if a factor is not finite.
    """
    n = frame.shape[0]
    width = (2 * n + LANES - 1) // LANES * LANES
    s, w, reflectors = np.zeros(n * width), np.zeros(width), np.zeros((n, n + 1))
    after, upper, ratios, product = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    turned, raw = np.zeros((n, n)), np.zeros(n)
    split = np.zeros(n, dtype=np.int64)
    joined = np.zeros(n, dtype=np.int64)
    sweep = 0
    if not np.isfinite(factors).all():
        return -1
    while True:
        sweep += 1
        _sweep(factors, frame, after, upper, raw, s, reflectors, w, ratios)
        for i in range(n):
            for k in range(n):
                total = 0.0
                for l in range(n):
                    total += frame[l, i] * after[l, k]
                turned[i, k] = total
        _splits(turned, split)
        largest = np.abs(upper).max()
        for i in range(n):
            for k in range(n):
                total = 0.0
                for l in range(i, n):
                    total += upper[i, l] * turned[l, k]
                product[i, k] = total
        frame[:, :] = after
        usable = largest < DISORDER and np.isfinite(largest)
        settled = usable
        for k in range(n - 1):
            settled = settled and (split[k] == 1 or joined[k] == 1)
        if settled or sweep >= MOST_SWEEPS:
            break
        joined[:] = 0
        first = 0
        while usable and first < n:
            last = first + 1
            while split[last - 1] == 0:
                last += 1
            if last - first > 1:
                _improve(frame, raw, product, first, last, joined)
            first = last
    first = 0
    while first < n:
        last = first + 1
        while split[last - 1] == 0:
            last += 1
        if last - first == 1:
            logarithms[first] = raw[first] + np.log(abs(product[first, first]))
            phases[first] = 0.0 if product[first, first] >= 0.0 else np.pi
        else:
            block, scale = _block(raw, product, first, last)
            values = np.linalg.eigvals(block)
            for k in range(last - first):
                value = values[k]
                logarithms[first + k] = np.log(abs(value)) + scale
                real = abs(value.imag) <= COMPLEX * abs(value)
                phases[first + k] = (
                    (0.0 if value.real >= 0.0 else np.pi) if real else np.arctan2(value.imag, value.real)
                )
        first = last
    order = np.argsort(-logarithms, kind="mergesort")
    logarithms[:] = logarithms[order]
    phases[:] = phases[order]
    return sweep
