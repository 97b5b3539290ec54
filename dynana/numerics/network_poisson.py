"""Independent Poisson input of every cell: exact counts from counter-based random numbers.

A count is the inverse of the distribution function at a uniform number, which is read 16 bits at a time: one Philox
call serves eight cells. The number of steps of the distribution function below these bits is the count, unless one of
the steps lies among the numbers that begin with them; then 52 further bits decide. So rare counts are as frequent as
they should be, while 16 bits alone would never give a count of a probability below 2^-16.

Cells are taken in tiles of up to 512. Call ``i`` of a tile has the counter (step, 64 * tile + i, stream) and serves the
cells ``8 i`` to ``8 i + 7`` of the tile. (On a machine that stores low bytes last, the order among four cells differs.)
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.exponentials import exp as exp_of
from dynana.numerics.random import philox, uniform_of

#: Streams from here on belong to Poisson inputs, one each; see `dynana.numerics.random`.
POISSON = 16

TILE = 512
#: Calls of a full tile; each serves this many cells.
CALLS, CELLS_PER_CALL = 64, 8
#: Steps of the distribution function that are kept.
MOST_STEPS = 256
#: Bounds that are counted sooner than a table is read.
FEW_BOUNDS = 4
#: Entry of the table where 16 bits do not decide.
UNDECIDED = 255
#: Expected counts up to which all cells of one rate are drawn 16 bits at a time.
LARGEST_COMMON = 100.0
#: Expected counts beyond this cannot be drawn: exp(-x) is no normal number any more.
LARGEST_EXPECTED = 700.0
_32, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


class Poisson(IntEnum):
    """Columns of the operation of Poisson counts; `dynana.lowering.poisson_kernels` writes it."""

    FUNCTION = 0
    SEED = 1
    STREAM = 2
    CELLS = 3
    EXPECTED = 4
    """Expected counts in a step, one for all or one per cell; float64."""
    WEIGHT = 5
    """One for all, or one per cell; float64."""
    OUT = 6
    """Row of arrivals, or a row of its own; float64. Or a log of spikes."""
    OUT_SLOTS = 7
    OUT_STRIDE = 8
    TARGET_FIRST = 9
    BOUNDS = 10
    """Work space: 256 uint16."""
    REALS = 11
    """Work space: the expected count to which the bounds belong, the distribution function; 257 float64."""
    TABLE = 12
    """Count for each 16 bits; uint8."""
    SHORTS = 13
    """Work space: 3 times 512 uint16."""
    NUMBERS = 14
    """Work space: 2 times 512 float64."""
    COUNTS = 15
    ENDS = 16
    ENDS_LENGTH = 17
    """Length of a log, and the ring of its lengths after the last steps."""


@compiled
def set_bounds(mean, bounds, reals):
    """Put the distribution function of Poisson counts, and the 16 bits among which each of its steps lies, in place."""
    if reals[0] == mean:
        return
    term = np.exp(-mean)
    below = term
    n = 0
    while n < MOST_STEPS - 4 and (n <= mean or term > 1e-25):
        reals[np.uint64(1 + n)] = min(below, 1.0)
        bounds[np.uint64(n)] = np.uint64(min(65536.0 * below, 65535.0))
        n += 1
        term *= mean / n
        below += term
    reals[np.uint64(1 + n)] = 2.0  # no uniform number is above
    for i in range(n, n + 4):
        bounds[np.uint64(i)] = 65535
    reals[0] = mean


def bounds_of(mean: float) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Return what `set_bounds` puts in place: 256 bounds, and the mean with the distribution function."""
    bounds, reals = np.full(MOST_STEPS, 65535, np.uint16), np.full(1 + MOST_STEPS, np.nan)
    set_bounds(mean, bounds, reals)
    return bounds, reals


def table_of(bounds: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the count for each 16 bits, `UNDECIDED` where they do not decide."""
    grid = np.arange(2**16)
    counts = np.searchsorted(bounds, grid, side="left")
    return np.where(np.isin(grid, bounds), UNDECIDED, counts).astype(np.uint8)


@compiled
def draw_tile(k0, k1, c0, c1, c3, first, calls, drawn):
    """Draw 16 bits for each cell of a tile, four cells in each number; ``first`` is the counter of its call 0."""
    for i in range(calls):
        w0, w1, w2, w3 = philox(c0, c1, (first + np.uint64(i)) & _LOW, c3, k0, k1)
        drawn[np.uint64(2 * i)] = np.int64(w0 | (w1 << _32))
        drawn[np.uint64(2 * i + 1)] = np.int64(w2 | (w3 << _32))


@compiled
def _pass_bounds(n, drawn, counted, near, b0, b1, b2, b3):
    """Count four bounds; two loops, because the compiler packs neither of them if they are one."""
    for i in range(n):
        d = drawn[np.uint64(i)]
        below = np.uint16(d > b0) + np.uint16(d > b1) + np.uint16(d > b2) + np.uint16(d > b3)
        counted[np.uint64(i)] = counted[np.uint64(i)] + below
    for i in range(n):
        d = drawn[np.uint64(i)]
        near[np.uint64(i)] |= np.uint16((d == b0) | (d == b1) | (d == b2) | (d == b3))


@compiled
def count_tile(n, drawn, counted, near, bounds):
    """Count the bounds below each draw; ``near`` is 1 where a draw is equal to one. Returns whether none is."""
    for i in range(n):
        counted[np.uint64(i)] = 0
    for i in range(n):
        near[np.uint64(i)] = 0
    for s in range(0, MOST_STEPS, 4):
        u = np.uint64(s)
        b0, b1, b2, b3 = bounds[u], bounds[u + np.uint64(1)], bounds[u + np.uint64(2)], bounds[u + np.uint64(3)]
        _pass_bounds(n, drawn, counted, near, b0, b1, b2, b3)
        if b3 == 65535:
            break
    open_ = np.int64(0)
    for i in range(n):
        open_ |= np.int64(near[np.uint64(i)])
    return open_ == 0


@compiled
def look_up(n, drawn, counted, near, table):
    """Read the count of each draw from a table; ``near`` is 1 where it is not decided. Returns whether all are."""
    for i in range(n):
        counted[np.uint64(i)] = table[np.uint64(drawn[np.uint64(i)])]
    open_ = np.int64(0)
    for i in range(n):
        found = np.uint16(counted[np.uint64(i)] == UNDECIDED)
        near[np.uint64(i)] = found
        open_ |= np.int64(found)
    return open_ == 0


@compiled
def decide_tile(n, start, k0, k1, c0, c1, c3, drawn, counted, near, reals):
    """Count with further bits where 16 do not decide."""
    for i in range(n):
        if near[np.uint64(i)] != 0:
            w0, w1, _, _ = philox(c0, c1, np.uint64(start + i) & _LOW, c3 | np.uint64(1), k0, k1)
            u = (np.float64(drawn[np.uint64(i)]) + uniform_of(w1, w0)) / 65536.0
            count = np.uint64(0)
            while reals[np.uint64(1) + count] <= u:
                count += np.uint64(1)
            counted[np.uint64(i)] = count


@compiled
def count_cells(k0, k1, c0, c1, c3, start, n, expected, found, uniforms):
    """Fill ``found`` with the counts of the cells from ``start`` on, each with its own expected count.

    One call and 52 bits per cell. Most cells have no event in most steps, which a comparison tells; only for the others
    the distribution function is followed.
    """
    for i in range(n):
        w0, w1, _, _ = philox(c0, c1, (start + np.uint64(i)) & _LOW, c3, k0, k1)
        u = uniform_of(w1, w0)
        uniforms[np.uint64(i)] = u
        found[np.uint64(i)] = 0.0 if u < exp_of(-expected[start + np.uint64(i)]) else 1.0
    for i in range(n):
        if found[np.uint64(i)] > 0.0:
            mean = expected[start + np.uint64(i)]
            term = np.exp(-mean)
            below = term
            count = 0.0
            while uniforms[np.uint64(i)] >= below and (count < mean or term > 0.0):
                count += 1.0
                term *= mean / count
                below += term
            found[np.uint64(i)] = count
