"""All zeros of a function in a box, with proof: bisection and the Krawczyk operator on interval kernels.

A box is discarded if an interval value excludes zero, if an eliminated variable leaves its range, or if the Krawczyk
image misses the box. It holds exactly one zero if the image lies inside it. Otherwise it shrinks to the image or is
cut in two, across the coordinate along which the function varies most. Boxes that reach the resolution without a
decision are returned as such.

Sources: Neumaier, Interval Methods for Systems of Equations (1990), sections 5.1-5.2; Moore, Kearfott & Cloud,
Introduction to Interval Analysis (2009), chapter 8; Hansen & Walster, Global Optimization Using Interval Analysis
(2004), chapters 10-11.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.interpretation import interpreted
from dynana.numerics.intervals import down, up
from dynana.numerics.signatures import INDEX, INTERVAL, ROW, TABLE, function_type

#: A box narrower than this fraction of the search box in every direction is not cut any further. At a double zero the
#: rounding of f alone hides widths below the square root of the precision, about 1e-8.
RESOLUTION = 1e-9
#: Where the function is unbounded or its derivative does not exist (pole, jump) cutting stops at this fraction:
#: such places fill curves and surfaces, and a picture of them needs no more.
COARSE_RESOLUTION = 1e-4
#: The search box is inflated by this fraction, so that zeros on its boundary become inner points.
MARGIN = 1e-9
#: A box that shrinks below this fraction in some direction is examined again before it is cut.
SHRINKAGE = 0.7
#: A box is certified if its image keeps this fraction of its width from every face (inside would do, but the image
#: of the contracted box then never reaches a face), and then contracts onto its zero.
WELL_INSIDE = 0.05
#: The contraction ends when no side becomes shorter than this fraction of what it was: rounding is all that is left.
POLISHED = 0.9
#: Shrunk boxes are inflated by this fraction, so that a zero on a face becomes an inner point.
INFLATION = 0.02
#: They also keep at least this fraction of their widest side (relative to the search box): a side that has shrunk to
#: rounding could never hold its image inside.
THINNEST = 0.01
#: Place of a cut: off centre, because models like to have zeros in the middle and on simple fractions.
CUT = 0.4931

#: Boxes that are examined in all before the search is compiled: 0.05 to 0.5 milliseconds each.
INTERPRETED_BOXES = 500

#: Verdicts on a box. The positive ones say why it is still open.
UNIQUE, SHRUNK, EXCLUDED, SINGULAR, UNBOUNDED, JUMP, DIVISOR, BUDGET = -2, -1, 0, 1, 2, 3, 4, 5

_KERNEL = function_type(INTERVAL)
_SEARCH = types.Tuple((TABLE, TABLE, INDEX))(_KERNEL, ROW, ROW, ROW, ROW, ROW, ROW, INDEX, INDEX)


@compiled
def inverse(a: np.ndarray, out: np.ndarray) -> bool:
    """Write the inverse of ``a`` (n, n; destroyed) to ``out`` by Gauss-Jordan elimination; False if it is singular."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = 1.0 if i == j else 0.0
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[pivot, k]):
                pivot = i
        d = 1.0 / a[pivot, k] if a[pivot, k] != 0.0 else math.inf
        if not math.isfinite(d):
            return False
        for j in range(n):
            a[pivot, j], a[k, j] = a[k, j], d * a[pivot, j]
            out[pivot, j], out[k, j] = out[k, j], d * out[pivot, j]
        for i in range(n):
            m = a[i, k] if i != k else 0.0
            for j in range(n):
                a[i, j] -= m * a[k, j]
                out[i, j] -= m * out[k, j]
    for i in range(n):
        for j in range(n):
            if not math.isfinite(out[i, j]):
                return False
    return True


@compiled
def widest_in_effect(jl, ju, offset, rows, xl, xu, scale, finest):
    """Return the coordinate across which a box should be cut: that across which the functions vary most in it.

    The variation of each function is counted as a share of the sum over all coordinates ("relative smear"), so that
    neither the units of functions nor those of coordinates matter; Trombettoni, Araya, Neveu & Chabert (2011), AAAI-11,
    section 3. Coordinates narrower than the part ``finest`` of the search box do not count; -1 is returned where
    nothing varies. The derivatives are bounded by ``jl`` and ``ju`` from ``offset`` on, row by row.
    """
    n = xl.shape[0]
    best, direction = 0.0, -1
    for c in range(n):
        effect = 0.0
        for i in range(rows):
            total, own, row = 0.0, 0.0, offset + i * n
            for d in range(n):
                slope = -jl[row + d] if -jl[row + d] > ju[row + d] else ju[row + d]
                total += slope * (xu[d] - xl[d])
                own = slope * (xu[d] - xl[d]) if d == c else own
            effect += own / total if total > 0.0 else 0.0
        if effect > best and xu[c] - xl[c] > finest * scale[c]:
            best, direction = effect, c
    return direction


@compiled
def _roomy(store: np.ndarray, count: int) -> np.ndarray:
    """Return the table, twice as long if there are not two free rows after ``count``."""
    if count + 2 <= store.shape[0]:
        return store
    longer = np.empty((2 * store.shape[0], store.shape[1]))
    for k in range(count):
        for i in range(store.shape[1]):
            longer[k, i] = store[k, i]
    return longer


@compiled
def _known(xl: np.ndarray, xu: np.ndarray, queue: np.ndarray, found: np.ndarray, n_found: int) -> bool:
    """Return whether the box lies in a region whose only zero has been found already."""
    n = xl.shape[0]
    for k in range(n_found):
        region = int(found[k, 2 * n + 1])
        inside = found[k, 2 * n] == UNIQUE
        for i in range(n):
            inside = inside and xl[i] > queue[region, i] and xu[i] < queue[region, n + i]
        if inside:
            return True
    return False


def find_zeros(equations, lower, upper, pl, pu, rl, ru, n_divisors, budget):
    """Find every zero of an interval function in a box, breadth first.

    The Krawczyk image of a box x is K(x) = c - Y f(c) + (1 - Y J(x)) (x - c), with c the middle of x and Y the inverse
    of the middle of J(x). It holds every zero in x, and if it lies inside x then x holds exactly one.

    Parameters
    ----------
    equations : interval kernel
        Its outputs are the n functions, the values of m eliminated variables, ``n_divisors`` expressions that must not
        vanish, and (only if there is room for them) the derivatives of the n functions, row-major.
    lower, upper : ndarray, shape (n,)
        Search box. Zeros slightly outside are found as well.
    pl, pu : ndarray, shape (n_parameters,)
        Parameters as intervals.
    rl, ru : ndarray, shape (m,)
        Ranges of the eliminated variables (may be infinite).
    n_divisors : int
        Number of divisors.
    budget : int
        Most boxes to examine.

    Returns
    -------
    found : ndarray, shape (k, 2 n + 2)
        Rows of lower ends, upper ends, verdict, region. For the verdict UNIQUE the box is an enclosure of exactly one
        zero, a few units in the last place wide where the problem is well conditioned, and no two rows hold the same
        zero; ``region`` is the row of ``queue`` in which the zero is unique. A positive verdict is the reason why
        the box stayed undecided. There is no zero outside these boxes and those left in the queue.
    queue : ndarray, shape (tail, 2 n)
        All boxes that arose.
    examined : int
        How many of them were examined: fewer than there are only if the budget was spent.
    """
    n, m = lower.shape[0], rl.shape[0]
    size = n + m + n_divisors
    xl, xu, kl, ku, scale = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    fl, fu, jl, ju = np.empty(size), np.empty(size), np.empty(size + n * n), np.empty(size + n * n)
    middle, y = np.empty((n, n)), np.empty((n, n))
    queue, found = np.empty((64, 2 * n)), np.empty((16, 2 * n + 2))
    head, tail, n_found = 0, 1, 0
    for i in range(n):
        scale[i] = upper[i] - lower[i]
        queue[0, i], queue[0, n + i] = lower[i] - MARGIN * scale[i], upper[i] + MARGIN * scale[i]
    while head < tail and head < budget:
        for i in range(n):
            xl[i], xu[i] = queue[head, i], queue[head, n + i]
        head += 1
        if _known(xl, xu, queue, found, n_found):
            continue
        certified, going = False, True
        while going:  # ends at once unless the box shrinks much, or is certified and contracts onto its zero
            going, verdict = False, SHRUNK
            equations(xl, xu, pl, pu, fl, fu)
            for i in range(n):
                if not (math.isfinite(fl[i]) and math.isfinite(fu[i])):
                    verdict = UNBOUNDED
            for i in range(n + m, size):  # K needs differentiable formulas
                if fl[i] <= 0.0 <= fu[i]:
                    verdict = DIVISOR
            for i in range(n + m):
                if fl[i] > (0.0 if i < n else ru[i - n]) or fu[i] < (0.0 if i < n else rl[i - n]):
                    verdict = EXCLUDED
            if verdict != SHRUNK:
                break
            equations(xl, xu, pl, pu, jl, ju)
            for i in range(n):
                kl[i] = ku[i] = 0.5 * (xl[i] + xu[i])
                for j in range(n):
                    middle[i, j] = 0.5 * (jl[size + i * n + j] + ju[size + i * n + j])
                    if not math.isfinite(middle[i, j]):
                        verdict = JUMP
            if verdict == SHRUNK and not inverse(middle, y):
                verdict = SINGULAR
            if verdict != SHRUNK:
                break
            equations(kl, ku, pl, pu, fl, fu)
            inside = True
            for i in range(n):
                # every rounded sum is widened at once; (1 - Y J) (x - c) is bounded by its magnitude
                low = high = ku[i]
                for j in range(n):
                    a, b = y[i, j] * fl[j], y[i, j] * fu[j]
                    if a > b:
                        a, b = b, a
                    low, high = down(low - up(b)), up(high - down(a))
                    below = above = 1.0 if i == j else 0.0
                    for r in range(n):
                        a, b = y[i, r] * jl[size + r * n + j], y[i, r] * ju[size + r * n + j]
                        if a > b:
                            a, b = b, a
                        below, above = down(below - up(b)), up(above - down(a))
                    c = 0.5 * (xl[j] + xu[j])
                    right, left = xu[j] - c, c - xl[j]
                    reach = up((above if above > -below else -below) * up(right if right > left else left))
                    low, high = down(low - reach), up(high + reach)
                kl[i], ku[i] = low, high
                rim = WELL_INSIDE * (xu[i] - xl[i])
                inside = inside and low > xl[i] + rim and high < xu[i] - rim
                if low > xu[i] or high < xl[i]:
                    verdict = EXCLUDED
            if verdict == EXCLUDED:
                break
            if inside and not certified:
                certified = True
                for i in range(n):
                    queue[head - 1, i], queue[head - 1, n + i] = xl[i], xu[i]
            widest = 0.0
            for i in range(n):
                width = middle[0, i] = xu[i] - xl[i]
                xl[i] = kl[i] if kl[i] > xl[i] else xl[i]
                xu[i] = ku[i] if ku[i] < xu[i] else xu[i]
                w = (xu[i] - xl[i]) / scale[i]
                widest = w if w > widest else widest
                going = going or (certified and xu[i] - xl[i] < POLISHED * width)
            if not certified:
                for i in range(n):
                    width = xu[i] - xl[i]
                    extra, thin = INFLATION * width, 0.5 * (THINNEST * widest * scale[i] - width)
                    extra = extra if extra > thin else thin
                    room = 0.4 * (middle[0, i] - width)
                    extra = extra if extra < room else room
                    xl[i], xu[i] = down(xl[i] - extra), up(xu[i] + extra)
                    going = going or xu[i] - xl[i] < SHRINKAGE * middle[0, i]
        if verdict == EXCLUDED or (certified and _known(xl, xu, queue, found, n_found)):
            continue
        width, direction = -1.0, 0
        for i in range(n):
            w = (xu[i] - xl[i]) / scale[i]
            if w > width:
                width, direction = w, i
        if verdict <= SINGULAR:
            cut = widest_in_effect(jl, ju, size, n, xl, xu, scale, RESOLUTION)
            direction = cut if cut >= 0 else direction
        if certified or width < (RESOLUTION if verdict <= SINGULAR else COARSE_RESOLUTION):
            found = _roomy(found, n_found)
            for i in range(n):
                found[n_found, i], found[n_found, n + i] = xl[i], xu[i]
            found[n_found, 2 * n] = UNIQUE if certified else (verdict if verdict > SINGULAR else SINGULAR)
            found[n_found, 2 * n + 1] = head - 1
            n_found += 1
            continue
        queue = _roomy(queue, tail)
        for half in range(2):
            for i in range(n):
                queue[tail, i], queue[tail, n + i] = xl[i], xu[i]
            queue[tail, (1 - half) * n + direction] = xl[direction] + CUT * (xu[direction] - xl[direction])
            tail += 1
    return found[:n_found], queue[:tail], head


class _Search:
    """`find_zeros`, run by the Python interpreter until compiling pays.

    Compiling takes seconds where the cache is empty and loading takes tenths, but interpreting the search of a planar
    model takes milliseconds: a first answer should not wait. The results are the same bit for bit.
    """

    def __init__(self) -> None:
        self._compiled: Callable[..., Any] | None = None
        self._interpreted: Callable[..., Any] = interpreted(find_zeros)
        self._boxes = 0

    def __call__(self, equations: Callable[..., Any], *arguments: Any) -> tuple[np.ndarray, np.ndarray, int]:
        """Search as `find_zeros` does."""
        if self._compiled is None and self._boxes < INTERPRETED_BOXES:
            *rest, budget = arguments
            with np.errstate(all="ignore"):
                result = self._interpreted(equations, *rest, min(budget, INTERPRETED_BOXES))
            self._boxes += result[2]
            if result[2] == len(result[1]) or budget <= INTERPRETED_BOXES:
                return result
        if self._compiled is None:
            self._compiled = compiled(_SEARCH, no_cfunc_wrapper=True)(find_zeros)
        return self._compiled(equations, *arguments)


search = _Search()
