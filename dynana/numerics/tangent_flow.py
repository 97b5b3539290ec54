"""Tangent vectors carried along an orbit and made orthonormal again and again (Benettin's method).

A *bundle* is one flat array: the state (n), tangent vectors (n each) and the integral of the divergence. The kernel of
`dynana.lowering.tangent_flow` is its right-hand side, so every stepper carries it like a state. Each
orthonormalisation adds the logarithms of the lengths to sums, whose growth rates are the Lyapunov exponents.

Benettin, Galgani, Giorgilli & Strelcyn (1980), Meccanica 15:9-30; Dieci & Van Vleck (1995), Appl. Numer. Math. 17:275.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED, RUN
from dynana.numerics.signatures import BUNDLE_STEPS, INDEX, REAL, ROW, TABLE, function_type

#: Steps of one length between two orthonormalisations, at most: they then cost a tenth of the time of the steps.
MOST_STEPS = 10
#: Lengths may differ by this factor (its logarithm) between two of them; four of sixteen digits are lost then.
WIDEST = 9.0
#: A vector of which less than this share remains after those before it have been taken off is zero but for rounding.
VANISHED = 1e-13


@compiled(**BORROWED)
def orthonormalise(z, n, delays, deficient, sums):
    """Make the vectors of a bundle orthonormal (modified Gram-Schmidt) and add the logarithms of lengths to ``sums``.

    ``delays`` (count, any) continues each vector. Where ``deficient`` is set (after a jump), a vector without any
    rest becomes zero and its logarithm minus infinity. Returns the range of the logarithms, NaN if one is not finite.
    """
    low = np.inf
    high = -np.inf
    count = delays.shape[0]
    m = delays.shape[1]
    for r in range(count):
        a = n * (r + 1)
        before = 0.0
        if deficient:
            for i in range(n):
                before += z[a + i] ** 2
            for i in range(m):
                before += delays[r, i] ** 2
        for s in range(r):
            b = n * (s + 1)
            product = 0.0
            for i in range(n):
                product += z[a + i] * z[b + i]
            for i in range(m):
                product += delays[r, i] * delays[s, i]
            for i in range(n):
                z[a + i] -= product * z[b + i]
            for i in range(m):
                delays[r, i] -= product * delays[s, i]
        total = 0.0
        for i in range(n):
            total += z[a + i] ** 2
        for i in range(m):
            total += delays[r, i] ** 2
        if not total < np.inf:
            return np.nan
        if total == 0.0 or (deficient and total <= VANISHED**2 * before):
            sums[r] = -np.inf
            total = np.inf
        else:
            length = 0.5 * np.log(total)
            sums[r] += length
            low = min(low, length)
            high = max(high, length)
        scale = 1.0 / np.sqrt(total)
        for i in range(n):
            z[a + i] *= scale
        for i in range(m):
            delays[r, i] *= scale
    return max(high - low, 0.0)


@compiled(
    INDEX(function_type(BUNDLE_STEPS), REAL, REAL, INDEX, INDEX, ROW, ROW, INDEX, INDEX, ROW, TABLE, TABLE), **RUN
)
def march_bundle(make_steps, start, dt, first, steps, z, p, n, every, sums, delays, work):
    """Carry a bundle over steps of one length; for smooth systems.

    Parameters
    ----------
    make_steps : kernel of `dynana.lowering.tangent_flow`
    first, steps : int
        Number of the first step, counted from the time ``start``, and how many to make.
    z : ndarray, shape (n + count * n + 1,)
        The bundle, changed in place.
    every : int
        Steps between two orthonormalisations.
    sums : ndarray, shape (count,)
        Logarithms of lengths are added.
    delays : ndarray, shape (count, 0)
    work : ndarray, shape (5, z.size)

    Returns
    -------
    int
        Steps between orthonormalisations as they should be from now on; 0 if the bundle is not finite.
    """
    last = first + steps
    while first < last:
        now = min(every, last - first)
        make_steps(start, dt, first, now, z, p, work)
        first += now
        spread = orthonormalise(z, n, delays, False, sums)
        if not spread < np.inf:
            return 0
        if spread > WIDEST:
            every = max(1, every // 2)
        elif spread * (every + 1) < 0.5 * WIDEST * now:
            every = min(MOST_STEPS, every + 1)
    return every
