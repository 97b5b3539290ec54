"""All curves f = 0 of n equations in n + 1 unknowns in a box, with proof: bisection and parametric Krawczyk operator.

A box is discarded if an interval value excludes zero or if the Krawczyk image misses it. Otherwise the coordinate in
which the curve crosses the box most directly is taken as the graph variable: if for all its values at once the image of
the others lies inside a slightly larger region, the region holds exactly one smooth arc, a graph over that variable.
Folds need no special treatment: there another coordinate is the graph variable. At branch points no region of any
size can be decided, and boxes at the resolution are returned as they are. A box is cut across the coordinate along
which the equations vary most in it: cutting its widest side instead takes a hundred times as many boxes.

Sources: Neumaier, Interval Methods for Systems of Equations (1990), section 5.1; Kearfott & Xing (1994), SIAM J. Numer.
Anal. 31:892-914.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.intervals import down, up
from dynana.numerics.krawczyk import (
    BUDGET,
    DIVISOR,
    EXCLUDED,
    JUMP,
    MARGIN,
    SHRUNK,
    SINGULAR,
    UNBOUNDED,
    UNIQUE,
    inverse,
    widest_in_effect,
)
from dynana.numerics.signatures import INDEX, INTERVAL, ROW, TABLE, function_type

__all__ = ["BUDGET", "DIVISOR", "JUMP", "SINGULAR", "UNBOUNDED", "UNIQUE", "cover_curves"]

#: A box narrower than this fraction of the search box in every direction is not cut any further.
RESOLUTION = 1e-6
#: The same where the equations have a kink or a divisor may vanish, which is so along curves, and where they are
#: undefined, which may be so everywhere.
COARSE_RESOLUTION, UNDEFINED_RESOLUTION = 1e-4, 4e-3
#: Part of its width by which a region is larger than its box on each side, beside the rise of the curve in it.
ROOM = 0.15
#: Overlap of neighbouring regions along the curve, as a part of the box.
OVERLAP = 0.02
#: A box that shrinks below this fraction in some direction is examined again before it is cut.
SHRINKAGE = 0.7
#: Place of a cut, off centre.
CUT = 0.4931

_KERNEL = function_type(INTERVAL)
_COVER = types.Tuple((TABLE, TABLE, INDEX))(_KERNEL, ROW, ROW, ROW, ROW, ROW, ROW, INDEX, INDEX)


@compiled
def graph_coordinate(a: np.ndarray, columns: np.ndarray) -> int:
    """Return the largest coordinate of the null vector of ``a`` (n, n + 1; destroyed), or -1 if it is not unique.

    ``columns`` (n + 1,) is for work.
    """
    n = a.shape[0]
    for c in range(n + 1):
        columns[c] = c
    for k in range(n):
        row, column, largest = k, k, 0.0
        for i in range(k, n):
            for c in range(k, n + 1):
                if abs(a[i, c]) > largest:
                    row, column, largest = i, c, abs(a[i, c])
        if not 0.0 < largest < math.inf:
            return -1
        columns[k], columns[column] = columns[column], columns[k]
        for i in range(n):
            a[i, k], a[i, column] = a[i, column], a[i, k]
        for c in range(n + 1):
            a[k, c], a[row, c] = a[row, c], a[k, c]
        for i in range(n):
            if i != k:
                factor = a[i, k] / a[k, k]
                for c in range(k, n + 1):
                    a[i, c] -= factor * a[k, c]
    best, size = n, 1.0
    for k in range(n):
        if abs(a[k, n] / a[k, k]) > size:
            best, size = k, abs(a[k, n] / a[k, k])
    return int(columns[best])


@compiled
def _twice(store: np.ndarray) -> np.ndarray:
    """Return the table with twice as many rows."""
    longer = np.empty((2 * store.shape[0], store.shape[1]))
    for k in range(store.shape[0]):
        for i in range(store.shape[1]):
            longer[k, i] = store[k, i]
    return longer


@compiled(_COVER, no_cfunc_wrapper=True)
def cover_curves(equations, lower, upper, pl, pu, rl, ru, n_divisors, budget):
    """Find every curve of zeros of an interval function in a box, breadth first.

    Parameters
    ----------
    equations : interval kernel
        Its outputs are the n functions, the values of m eliminated variables, ``n_divisors`` expressions that must not
        vanish, and (only if there is room for them) the derivatives of the functions by the n + 1 unknowns, row-major.
    lower, upper : ndarray, shape (n + 1,)
        Search box.
    pl, pu : ndarray, shape (n_parameters,)
        Parameters as intervals.
    rl, ru : ndarray, shape (m,)
        Ranges of the eliminated variables (may be infinite).
    n_divisors : int
    budget : int
        Most boxes to examine.

    Returns
    -------
    found : ndarray, shape (k, 4 (n + 1) + 2)
        Rows of region (lower, upper), enclosure (lower, upper), verdict, graph coordinate. For the verdict UNIQUE the
        region holds exactly one arc, a smooth graph over the graph coordinate, and the arc lies in the enclosure. A
        positive verdict is the reason why the box, which is the region then, stayed undecided.
    queue : ndarray, shape (tail, 2 (n + 1))
        All boxes that arose.
    examined : int
        How many of them were examined. No zero is outside the enclosures, the undecided boxes, and those left here.
    """
    w, m = lower.shape[0], rl.shape[0]
    n = w - 1
    size = n + m + n_divisors
    scale, xl, xu, zl, zu, kl, ku = (
        np.empty(w), np.empty(w), np.empty(w), np.empty(w), np.empty(w), np.empty(w), np.empty(w)
    )  # fmt: skip
    fl, fu, jl, ju = np.empty(size), np.empty(size), np.empty(size + n * w), np.empty(size + n * w)
    a, square, y, columns = np.empty((n, w)), np.empty((n, n)), np.empty((n, n)), np.empty(w)
    queue, found = np.empty((256, 2 * w)), np.empty((256, 4 * w + 2))
    head, tail, n_found = 0, 1, 0
    for i in range(w):
        scale[i] = upper[i] - lower[i]
        queue[0, i], queue[0, w + i] = lower[i] - MARGIN * scale[i], upper[i] + MARGIN * scale[i]
    while head < tail and head < budget:
        for i in range(w):
            xl[i], xu[i] = queue[head, i], queue[head, w + i]
        head += 1
        going, graph, cut = True, -1, -1
        while going:
            going, verdict, cut = False, SHRUNK, -1
            equations(xl, xu, pl, pu, jl, ju)
            for i in range(n):
                if not (math.isfinite(jl[i]) and math.isfinite(ju[i])):
                    verdict = UNBOUNDED
            for i in range(n + m, size):
                if jl[i] <= 0.0 <= ju[i]:
                    verdict = DIVISOR
            for i in range(n + m):
                if jl[i] > (0.0 if i < n else ru[i - n]) or ju[i] < (0.0 if i < n else rl[i - n]):
                    verdict = EXCLUDED
            if verdict != SHRUNK:
                break
            for i in range(n):
                for c in range(w):
                    a[i, c] = 0.5 * (jl[size + i * w + c] + ju[size + i * w + c]) * (xu[c] - xl[c])
                    if not math.isfinite(a[i, c]):
                        verdict = JUMP
            if verdict != SHRUNK:
                break
            cut = widest_in_effect(jl, ju, size, n, xl, xu, scale, RESOLUTION)
            graph = graph_coordinate(a, columns)
            for i in range(n):
                for c in range(n):
                    k = size + i * w + (c if c < graph else c + 1)
                    square[i, c] = 0.5 * (jl[k] + ju[k])
            if graph < 0 or not inverse(square, y):
                verdict = SINGULAR
                break
            # the region: the box, larger by the rise of the curve in it and some room
            reach = OVERLAP * (xu[graph] - xl[graph])
            zl[graph], zu[graph] = xl[graph] - reach, xu[graph] + reach
            for i in range(n):
                slope, c = 0.0, i if i < graph else i + 1
                for r in range(n):
                    k = size + r * w + graph
                    slope += y[i, r] * 0.5 * (jl[k] + ju[k])
                reach = 0.5 * abs(slope) * (zu[graph] - zl[graph]) + ROOM * (xu[c] - xl[c])
                zl[c], zu[c] = xl[c] - reach, xu[c] + reach
            equations(zl, zu, pl, pu, jl, ju)
            for i in range(n + m, size):
                if jl[i] <= 0.0 <= ju[i]:
                    verdict = DIVISOR
            for i in range(size, size + n * w):
                if not (math.isfinite(jl[i]) and math.isfinite(ju[i])):
                    verdict = JUMP
            if verdict != SHRUNK:
                break
            for c in range(w):
                kl[c] = ku[c] = 0.5 * (zl[c] + zu[c])
            equations(kl, ku, pl, pu, fl, fu)
            middle, inside = kl[graph], True
            along = max(up(zu[graph] - middle), up(middle - zl[graph]))
            for i in range(n):
                c = i if i < graph else i + 1
                low = high = 0.5 * (zl[c] + zu[c])
                for r in range(n):
                    p, q = y[i, r] * fl[r], y[i, r] * fu[r]
                    if p > q:
                        p, q = q, p
                    low, high = down(low - up(q)), up(high - down(p))
                for d in range(w):  # Y f along the graph coordinate, 1 - Y f along the others
                    below = above = 1.0 if d == c else 0.0
                    for r in range(n):
                        p, q = y[i, r] * jl[size + r * w + d], y[i, r] * ju[size + r * w + d]
                        if p > q:
                            p, q = q, p
                        below, above = down(below - up(q)), up(above - down(p))
                    half = along
                    if d != graph:
                        centre = 0.5 * (zl[d] + zu[d])
                        half = max(up(zu[d] - centre), up(centre - zl[d]))
                    reach = up((above if above > -below else -below) * half)
                    low, high = down(low - reach), up(high + reach)
                kl[c], ku[c] = low, high
                inside = inside and low > zl[c] and high < zu[c]
                if low > xu[c] or high < xl[c]:
                    verdict = EXCLUDED
            kl[graph], ku[graph] = zl[graph], zu[graph]
            if verdict == EXCLUDED:
                break
            if inside:
                verdict = UNIQUE
                break
            for c in range(w):
                before = xu[c] - xl[c]
                xl[c] = kl[c] if kl[c] > xl[c] else xl[c]
                xu[c] = ku[c] if ku[c] < xu[c] else xu[c]
                going = going or xu[c] - xl[c] < SHRINKAGE * before
                if not xu[c] - xl[c] > 4e-16 * (abs(xl[c]) + scale[c]):
                    going = False
        if verdict == EXCLUDED:
            continue
        width, direction = -1.0, 0
        for c in range(w):
            if (xu[c] - xl[c]) / scale[c] > width:
                width, direction = (xu[c] - xl[c]) / scale[c], c
        finest = RESOLUTION if verdict <= SINGULAR else COARSE_RESOLUTION
        finest = UNDEFINED_RESOLUTION if verdict == UNBOUNDED else finest
        direction = cut if cut >= 0 else direction
        if verdict == UNIQUE or width < finest:
            if n_found == found.shape[0]:
                found = _twice(found)
            for c in range(w):
                found[n_found, c] = zl[c] if verdict == UNIQUE else xl[c]
                found[n_found, w + c] = zu[c] if verdict == UNIQUE else xu[c]
                found[n_found, 2 * w + c] = kl[c] if verdict == UNIQUE else xl[c]
                found[n_found, 3 * w + c] = ku[c] if verdict == UNIQUE else xu[c]
            found[n_found, 4 * w] = verdict if verdict == UNIQUE or verdict > SINGULAR else SINGULAR
            found[n_found, 4 * w + 1] = graph
            n_found += 1
            continue
        if tail + 2 > queue.shape[0]:
            queue = _twice(queue)
        for half_number in range(2):
            for c in range(w):
                queue[tail, c], queue[tail, w + c] = xl[c], xu[c]
            queue[tail, (1 - half_number) * w + direction] = xl[direction] + CUT * (xu[direction] - xl[direction])
            tail += 1
    return found[:n_found], queue[:tail], head
