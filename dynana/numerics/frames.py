"""Orthonormal frames turned into the invariant directions of a small matrix, ordered by modulus.

The matrix is D U S of `dynana.numerics.floquet`: rows over any number of decades, whose logarithms are given apart.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.lanes import LANES, zero_blocks
from dynana.numerics.plain_elimination import triangularise_plainly
from dynana.numerics.products import LARGE

#: The same for a frame that is turned between two sweeps: the rounding of a few reflections.
TURNED = 1e-14

#: Turns of a frame between two sweeps; what they do not separate has moduli of nearly the same size, or is a pair.
MOST_TURNS = 30

#: Relative distance of two real multipliers below which they are taken together, as the pair that they nearly are:
#: directions are known to rounding over this distance, which has to stay below `SPLIT`.
CLOSE = 1e-3

#: Logarithm of the smallest ratio of multipliers with which frames are turned between sweeps: its square is a number,
#: and smaller ones are separated by the next sweep anyway.
DEEPEST = -200.0


@compiled
def leak(before, after, tolerance, split):
    """Mark after which vectors a frame splits: nothing of the first k + 1 is carried out of their span."""
    n = before.shape[0]
    shares, largest = np.zeros((n, n)), np.zeros(n)
    for l in range(n):
        for k in range(n):
            for c in range(k):
                shares[k, c] += before[l, k] * after[l, c]
    for k in range(1, n):
        leak = 0.0  # of the first c + 1 vectors into number k
        for c in range(k):
            leak = max(leak, abs(shares[k, c]))
            largest[c] = max(largest[c], leak)
    whole = True
    for i in range(n):
        split[i] = 1 if largest[i] <= tolerance else 0
        whole = whole and split[i] == 1
    return whole


@compiled
def _few_left(split):
    """Return whether what does not split are single vectors, each with the next one: blocks of no more than two."""
    for k in range(split.size - 1):
        if split[k] == 0 and split[k + 1] == 0:
            return False
    return True


@compiled
def _turn_pair(before, after, upper, width, first, turn):
    """Turn two vectors into the invariant directions of their block, larger modulus first; return if it stays whole.

    It does for a complex pair, and for real ones too close to each other to be told apart by directions.

    Parameters
    ----------
    before, after : (n, n) array
        Turns of which one more iteration leads from the first to the second one.
    upper : (n * width,) array
        Its triangle.
    turn : (n, n) array
        To be turned: ``after``, or a copy.
    """
    n, last = before.shape[0], first + 1
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        a += before[k, first] * after[k, first]
        b += before[k, first] * after[k, last]
        c += before[k, last] * after[k, first]
        d += before[k, last] * after[k, last]
    corner, above, below = upper[first * width + first], upper[first * width + last], upper[last * width + last]
    a, b, c, d = corner * a + above * c, corner * b + above * d, below * c, below * d
    mean, half = 0.5 * (a + d), 0.5 * (a - d)
    discriminant = half * half + b * c
    if not discriminant > (CLOSE * mean) ** 2:
        return True
    larger = mean + np.sqrt(discriminant) if mean > 0.0 else mean - np.sqrt(discriminant)
    x, y = (b, larger - a) if abs(b) + abs(larger - a) > abs(c) + abs(larger - d) else (larger - d, c)
    norm = np.sqrt(x * x + y * y)
    for i in range(n):
        one, other = turn[i, first], turn[i, first + 1]
        turn[i, first] = (x * one + y * other) / norm
        turn[i, first + 1] = (x * other - y * one) / norm
    return False


@compiled
def align(frame, logarithms, product, first, last, pairs):
    """Turn the vectors of a block by orthogonal iteration with its part of D U S until singles and pairs are left.

    ``pairs`` is 1 for the first one of a pair. Returns whether that came to an end; the frame is turned only then.
    """
    n = last - first
    if n >= LARGE:
        return False
    width = (2 * n + LANES - 1) // LANES * LANES
    s, w, reflectors = zero_blocks(n * width), zero_blocks(width), np.zeros((n, n + 1))
    turn, new, split = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n, dtype=np.int64)
    scale = logarithms[first]
    for i in range(n):
        turn[i, i] = 1.0
        scale = max(scale, logarithms[first + i])
    for _ in range(MOST_TURNS):
        for i in range(n):
            factor = np.exp(max(logarithms[first + i] - scale, DEEPEST))
            for k in range(width):
                s[i * width + k] = 0.0
            for k in range(n):
                for l in range(n):
                    s[i * width + k] += factor * product[first + i, first + l] * turn[l, k]
            s[i * width + n + i] = 1.0
        triangularise_plainly(s, n, n, width, reflectors, w)
        for i in range(n):
            for k in range(n):
                new[k, i] = s[i * width + n + k]
        leak(turn, new, TURNED, split)
        if _few_left(split):
            for i in range(n):
                for k in range(n):
                    reflectors[i, k] = new[i, k]
            for k in range(n - 1):
                if split[k] == 0:
                    pairs[first + k] = 1 if _turn_pair(turn, new, s, width, k, reflectors) else 0
            for i in range(frame.shape[0]):
                for k in range(n):
                    w[k] = 0.0
                    for l in range(n):
                        w[k] += frame[i, first + l] * reflectors[l, k]
                for k in range(n):
                    frame[i, first + k] = w[k]
            return True
        for i in range(n):
            for k in range(n):
                turn[i, k] = new[i, k]
    return False
