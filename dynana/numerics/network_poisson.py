"""Independent Poisson input of every cell: exact counts from counter-based random numbers.

A count is the inverse of the distribution function at a uniform number, which is read 16 bits at a time: one Philox
call serves eight cells. A table of 65536 entries gives the count wherever 16 bits decide it. Where they do not (a step
of the distribution function lies among the numbers that begin with these bits) 52 further bits do, so that rare counts
are as frequent as they should be; a table alone never returns counts of a probability below 2^-16.

Cells are taken in tiles of 512. Call ``i`` of tile ``j`` has the counter (step, 64 j + i, stream) and serves the cells
``512 j + 64 h + i``, h = 0 to 7.
"""

from __future__ import annotations

from enum import IntEnum
from math import exp

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.exponentials import exp as exp_of
from dynana.numerics.random import philox, uniform_of

#: Streams from here on belong to Poisson inputs, one each; see `dynana.numerics.random`.
POISSON = 16

TILE = 512
_CALLS = 64
#: Entry of the table where 16 bits do not decide.
UNDECIDED = 255
#: Expected counts from here on have no table, for want of entries.
LARGEST_TABLED = 100.0
#: Expected counts beyond this cannot be drawn: exp(-x) is no normal number any more.
LARGEST_EXPECTED = 700.0
_16, _LOW16 = np.uint64(16), np.uint64(0xFFFF)
_LOW = np.uint64(0xFFFFFFFF)


class Poisson(IntEnum):
    """Columns of the operation of Poisson counts; `dynana.lowering.poisson_kernels` writes it."""

    FUNCTION = 0
    SEED = 1
    STREAM = 2
    CELLS = 3
    TABLE = 4
    """Count for each 16 bits, or `UNDECIDED`; uint8."""
    DISTRIBUTION = 5
    """Distribution function P(count <= i), the last entry 1; float64."""
    EXPECTED = 6
    """Where there is no table: expected counts in a step, one for all or one per cell; float64."""
    EXPECTED_STEP = 7
    """1 where every cell has an expected count of its own, else 0."""
    WEIGHT = 8
    """One for all, or one per cell; float64."""
    WEIGHT_STEP = 9
    OUT = 10
    """Row of arrivals, or of the state in the first block; float64. Or a log of spikes."""
    OUT_SLOTS = 11
    OUT_STRIDE = 12
    BLOCK_STRIDE = 13
    """Numbers in a block of the target."""
    TARGET_FIRST = 14
    SCRATCH = 15
    """Work space of 512 uint16 and 1024 float64."""
    COUNTS = 16
    ENDS = 17
    ENDS_LENGTH = 18
    """Length of a log, and the ring of its lengths after the last steps."""


def poisson_tables(expected: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the table and the distribution function of Poisson counts.

    Parameters
    ----------
    expected : float
        Expected count in a step, at most `LARGEST_TABLED`.
    """
    terms = [exp(-expected)]
    while len(terms) < UNDECIDED - 1 and (len(terms) <= expected or terms[-1] > 2.0**-80):
        terms.append(terms[-1] * expected / len(terms))
    distribution = np.minimum(np.cumsum(terms), 1.0)
    distribution[-1] = 1.0
    grid = np.arange(2**16 + 1) / 2.0**16
    low = np.searchsorted(distribution, grid[:-1], side="right")
    high = np.searchsorted(distribution, grid[1:], side="left")
    table = np.where(low == high, low, UNDECIDED).astype(np.uint8)
    return table, distribution


@compiled
def draw_tile(k0, k1, c0, c1, c3, first, drawn):
    """Draw 16 bits for each cell of a tile; ``first`` is the counter of its first call."""
    for i in range(_CALLS):
        w0, w1, w2, w3 = philox(c0, c1, (first + np.uint64(i)) & _LOW, c3, k0, k1)
        n = np.uint64(i)
        drawn[n] = w0 & _LOW16
        drawn[n + np.uint64(64)] = w0 >> _16
        drawn[n + np.uint64(128)] = w1 & _LOW16
        drawn[n + np.uint64(192)] = w1 >> _16
        drawn[n + np.uint64(256)] = w2 & _LOW16
        drawn[n + np.uint64(320)] = w2 >> _16
        drawn[n + np.uint64(384)] = w3 & _LOW16
        drawn[n + np.uint64(448)] = w3 >> _16


@compiled
def resolved(bits, k0, k1, c0, c1, cell, c3):
    """Return the uniform number that begins with 16 bits and goes on with 52 of the cell's own."""
    w0, w1, _, _ = philox(c0, c1, cell & _LOW, c3 | np.uint64(1), k0, k1)
    return (np.float64(bits) + uniform_of(w1, w0)) / 65536.0


@compiled
def decide(bits, k0, k1, c0, c1, cell, c3, distribution):
    """Return the count where 16 bits do not decide, from further bits of the cell's own."""
    u = resolved(bits, k0, k1, c0, c1, cell, c3)
    count = np.uint64(0)
    while distribution[count] <= u and distribution[count] < 1.0:
        count += np.uint64(1)
    return np.float64(count)


@compiled
def follow_distribution(u, mean):
    """Return the Poisson count of a uniform number, term by term."""
    term = np.exp(-mean)
    below = term
    count = 0.0
    while u >= below and (count < mean or term > 0.0):
        count += 1.0
        term *= mean / count
        below += term
    return count


@compiled
def look_up(table, drawn, found):
    """Write the count of each draw; returns whether all of them are decided."""
    undecided = False
    for i in range(TILE):
        count = table[np.uint64(drawn[np.uint64(i)])]
        found[np.uint64(i)] = np.float64(count)
        undecided |= count == UNDECIDED
    return not undecided


@compiled
def count_cells(k0, k1, c0, c1, c3, start, n, expected, step, found, uniforms):
    """Fill ``found`` with the counts of the cells from ``start`` on, each with its own expected count.

    One call and 52 bits per cell. Most cells have no event in most steps, which a comparison tells; only for the others
    the distribution function is followed.
    """
    for i in range(n):
        w0, w1, _, _ = philox(c0, c1, (start + np.uint64(i)) & _LOW, c3, k0, k1)
        u = uniform_of(w1, w0)
        none = exp_of(-expected[(start + np.uint64(i)) * step])
        uniforms[np.uint64(i)] = u
        found[np.uint64(i)] = 0.0 if u < none else 1.0
    for i in range(n):
        if found[np.uint64(i)] > 0.0:
            mean = expected[(start + np.uint64(i)) * step]
            found[np.uint64(i)] = follow_distribution(uniforms[np.uint64(i)], mean)


@compiled
def none_at_all(mean, drawn, found):
    """Mark draws that 16 bits do not tell to be counts of 0; returns whether there are any."""
    sure = np.uint64(np.floor(65536.0 * np.exp(-mean)))
    more = np.int64(0)
    for i in range(TILE):
        low = np.uint64(drawn[np.uint64(i)]) < sure
        found[np.uint64(i)] = 0.0 if low else 1.0
        more |= np.int64(not low)
    return more == 0
