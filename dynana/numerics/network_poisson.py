"""Independent Poisson input of every cell: exact counts from counter-based random numbers.

A count is read from 16 random bits: count n belongs to as many of the 65536 numbers as its probability p(n) has whole
parts of 2^-16. What is left over of all probabilities belongs to the few numbers at the top; for these 52 further bits
decide. So rare counts are as frequent as they should be, while 16 bits alone would never give a count of a probability
below 2^-16, and one comparison tells whether a cell needs more bits.

One Philox call serves eight cells: call ``cell // 8`` of the part, with the counter (step, call, stream). (On a
machine that stores low bytes last, the order among four cells differs.)
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.exponentials import exp as exp_of
from dynana.numerics.random import inlined_philox, philox, uniform_of

#: Streams from here on belong to Poisson inputs, one each; see `dynana.numerics.random`.
POISSON = 16

TILE = 512
#: Each call serves this many cells.
CELLS_PER_CALL = 8
#: Counts whose probabilities are kept.
MOST_COUNTS = 256
#: Bounds that are counted sooner than a table is read.
FEW_BOUNDS = 8
#: Stands for a count that 16 bits do not decide; larger than any that they do.
UNDECIDED = 128
#: The bit of `UNDECIDED` in four counts of 16 bits.
_UNDECIDED_BITS = 0x0080008000800080
#: Expected counts up to which all cells of one rate are drawn 16 bits at a time: 64 + 7 sqrt(64) is below `UNDECIDED`.
LARGEST_COMMON = 64.0
#: Expected counts beyond this cannot be drawn: exp(-x) is no normal number any more.
LARGEST_EXPECTED = 700.0
#: Probabilities below this are left out: they are below the resolution of 16 + 52 bits.
_NEVER = 1e-25
_32, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


class Poisson(IntEnum):
    """Columns of the operation of Poisson counts; `dynana.lowering.poisson_kernels` writes it."""

    FUNCTION = 0
    SEED = 1
    STREAM = 2
    FIRST = 3
    LAST = 4
    """Cells of the part for which counts are drawn: FIRST up to LAST - 1."""
    ORIGIN = 5
    """Number of the first cell of the part in its population."""
    EXPECTED = 6
    """Expected counts in a step, one for all or one per cell; float64."""
    WEIGHT = 7
    """One for all, or one per cell; float64."""
    OUT = 8
    """Row of arrivals, or row of the state in the first block; float64. Or a log of spikes."""
    OUT_SLOTS = 9
    OUT_STRIDE = 10
    """Number of slots of the ring of arrivals, and the distance between two."""
    BLOCK_STRIDE = 11
    """Numbers in a block of the target."""
    BOUNDS = 12
    """Work space: see `set_bounds`; 258 uint16."""
    REALS = 13
    """Work space: see `set_bounds`; 257 float64."""
    TABLE = 14
    """Count for each 16 bits; uint8."""
    SHORTS = 15
    """Work space: 2 times 512 uint16."""
    NUMBERS = 16
    """Work space: 2 times 512 float64."""
    COUNTS = 17
    ENDS = 18
    ENDS_LENGTH = 19
    """Length of a log, and the ring of its lengths after the last steps."""


@compiled
def set_bounds(mean, bounds, reals):
    """Divide the 16-bit numbers among the counts of a Poisson distribution.

    Parameters
    ----------
    mean : float
        At most `LARGEST_COMMON`.
    bounds : array of uint16
        Becomes: the first number that does not decide; how many bounds follow, a multiple of four; bounds, of which as
        many are at most a number as its count says, and 65535 to fill up.
    reals : array of float64
        Becomes: the mean, by which the next call knows that nothing is to be done; for each count how much is left over
        of it and of all smaller ones, in units of 2^-16; infinity.
    """
    if reals[0] == mean:
        return
    term = np.exp(-mean)
    below, left = np.int64(0), 0.0
    n, many = 0, 0
    while n < MOST_COUNTS - 1 and (n <= mean or term > _NEVER):
        whole = np.int64(min(65536.0 * term, 65535.0))
        if whole > 0 or n <= mean:
            below += whole
            bounds[np.uint64(2 + n)] = below
            many = n
        left += 65536.0 * term - whole
        reals[np.uint64(1 + n)] = left
        n += 1
        term *= mean / n
    reals[np.uint64(1 + n)] = np.inf
    bounds[0] = below
    bounds[1] = (many + 3) // 4 * 4
    for i in range(many, bounds[1]):
        bounds[np.uint64(2 + i)] = 65535
    reals[0] = mean


def bounds_of(mean: float) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Return what `set_bounds` puts in place."""
    bounds, reals = np.full(MOST_COUNTS + 4, 65535, np.uint16), np.full(1 + MOST_COUNTS, np.nan)
    set_bounds(mean, bounds, reals)
    return bounds, reals


def table_of(bounds: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the count for each 16 bits, `UNDECIDED` where they do not decide."""
    grid = np.arange(2**16)
    counts = np.searchsorted(bounds[2 : 2 + bounds[1]], grid, side="right")
    return np.where(grid >= bounds[0], UNDECIDED, counts).astype(np.uint8)


@compiled
def draw_tile(k0, k1, c0, c1, c3, first, calls, drawn):
    """Draw 16 bits for each cell of a tile, four cells in each number; ``first`` is the number of its first call."""
    for i in range(calls):
        w0, w1, w2, w3 = inlined_philox(c0, c1, (first + np.uint64(i)) & _LOW, c3, k0, k1)
        drawn[np.uint64(2 * i)] = np.int64(w0 | (w1 << _32))
        drawn[np.uint64(2 * i + 1)] = np.int64(w2 | (w3 << _32))


@compiled
def _pass_bounds(n, drawn, counted, b0, b1, b2, b3):
    """Count four more bounds."""
    for i in range(n):
        d = drawn[np.uint64(i)]
        below = np.uint16(d >= b0) + np.uint16(d >= b1) + np.uint16(d >= b2) + np.uint16(d >= b3)
        counted[np.uint64(i)] = counted[np.uint64(i)] + below


@compiled
def count_tile(n, drawn, counted, bounds):
    """Count the bounds that each draw reaches; `UNDECIDED` and more where that does not decide."""
    top = bounds[np.uint64(0)]
    for i in range(n):
        counted[np.uint64(i)] = np.uint16(drawn[np.uint64(i)] >= top) * np.uint16(UNDECIDED)
    for s in range(0, bounds[np.uint64(1)], 4):
        u = np.uint64(2 + s)
        b0, b1, b2, b3 = bounds[u], bounds[u + np.uint64(1)], bounds[u + np.uint64(2)], bounds[u + np.uint64(3)]
        _pass_bounds(n, drawn, counted, b0, b1, b2, b3)


@compiled
def look_up(n, drawn, counted, table):
    """Read the count of each draw from a table."""
    for i in range(n):
        counted[np.uint64(i)] = table[np.uint64(drawn[np.uint64(i)])]


@compiled
def decide_tile(calls, n, start, k0, k1, c0, c1, c3, drawn, counted, quads, top, reals):
    """Count with further bits where 16 do not decide; ``quads`` is ``counted``, four counts in each number."""
    undecided = np.int64(0)
    for i in range(2 * calls):
        undecided |= quads[np.uint64(i)]
    if undecided & _UNDECIDED_BITS == 0:
        return
    for i in range(n):
        if counted[np.uint64(i)] >= UNDECIDED:
            w0, w1, _, _ = philox(c0, c1, np.uint64(start + i) & _LOW, c3 | np.uint64(1), k0, k1)
            u = np.float64(drawn[np.uint64(i)]) - np.float64(top) + uniform_of(w1, w0)
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
