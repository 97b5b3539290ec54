"""Operations of continuous coupling: sums over the outputs of cells, and what becomes of them in the targets.

The outputs of a population are rings of contiguous rows ``[slot][cell]`` that its own operation fills. A pathway reads
the row of a delay ago and makes a number of it (the sum over a part, for all to all with one weight) or a vector with
one value per target. What a parameter receives is then added up: its own value, numbers times weights, and vectors.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.network_memory import floats_at, integers_at
from dynana.numerics.signatures import BLOCK_WIDTH

#: Half steps from the beginning of a step to each stage of ``rk4``.
HALVES = (0, 1, 1, 2)
#: Weights of a row at a time between two steps, from the next step's back to the one two before: cubic interpolation.
BETWEEN = (0.3125, 0.9375, -0.3125, 0.0625)


class Stream(IntEnum):
    """Columns of operations that read a row of outputs."""

    FUNCTION = 0
    ROW = 1
    """Ring of the output; float64."""
    SLOTS = 2
    STRIDE = 3
    """Number of slots, and the distance between two."""
    LAG = 4
    """Slot ``(k - LAG) % SLOTS`` is read."""
    FIRST = 5
    CELLS = 6
    """Part of the row that is read."""
    OUT = 7
    """Where the result goes; float64."""
    TARGETS = 8
    WEIGHTS = 9
    """One weight per edge, or one for all; float64."""
    WEIGHT_STEP = 10
    """1 where every edge has a weight of its own, else 0."""
    EDGES = 11
    """Where the edges of each source begin; int64."""
    INDEX = 12
    """Target of each edge; uint16 or uint32."""
    DELAYS = 13
    """Steps of each edge; uint16 or uint8."""
    SELF = 14
    """Target number of source 0 where all to all leaves out the cell itself; -1 where not."""
    PASSES = 15
    """How often in a step a matrix is passed through."""
    PASS = 16
    """Which of these passes this is, from 0 on."""
    OUT_SLOTS = 17
    OUT_STRIDE = 18
    """Where the result goes into a ring: its slots, and the distance between two; 1 and 0 where not."""


class Gather(IntEnum):
    """Columns of the operations that add up what a parameter receives."""

    FUNCTION = 0
    OUT = 1
    """Row of the parameter in the first block of the population, or the number; float64."""
    BLOCK_STRIDE = 2
    FIRST = 3
    CELLS = 4
    BASE = 5
    """Its own value: one for all, or one per cell of the part; float64."""
    BASE_STEP = 6
    """1 where every cell has a value of its own, else 0."""
    NUMBERS = 7
    """Addresses of the numbers and of their weights, in pairs; int64."""
    N_NUMBERS = 8
    VECTORS = 9
    """Addresses of the vectors, at the first cell of the part; int64."""
    N_VECTORS = 10
    SCRATCH = 11
    """64 float64."""


def sum_row(k, row):
    """Sum a part of a row, in 64 sums that are added at the end: the same bits whatever the machine."""
    a = integers_at(row)
    values = floats_at(a[Stream.ROW] + 8 * ((k - a[Stream.LAG]) % a[Stream.SLOTS] * a[Stream.STRIDE] + a[Stream.FIRST]))
    partial = floats_at(a[Stream.OUT] + 8)
    cells = a[Stream.CELLS]
    for i in range(BLOCK_WIDTH):
        partial[np.uint64(i)] = 0.0
    whole = cells // BLOCK_WIDTH
    for block in range(whole):
        start = np.uint64(block * BLOCK_WIDTH)
        for i in range(BLOCK_WIDTH):
            partial[np.uint64(i)] += values[start + np.uint64(i)]
    for i in range(cells - whole * BLOCK_WIDTH):
        partial[np.uint64(i)] += values[np.uint64(whole * BLOCK_WIDTH + i)]
    total = 0.0
    for i in range(BLOCK_WIDTH):
        total += partial[np.uint64(i)]
    floats_at(a[Stream.OUT])[0] = total


def take_row(k, row):
    """Copy a row."""
    a = integers_at(row)
    values = floats_at(a[Stream.ROW] + 8 * ((k - a[Stream.LAG]) % a[Stream.SLOTS] * a[Stream.STRIDE]))
    out = floats_at(a[Stream.OUT])
    for i in range(a[Stream.CELLS]):
        out[np.uint64(i)] = values[np.uint64(i)]


def between_rows(k, row):
    """Interpolate a row half a step after the one that is read, from four steps; a ring takes it at that one's slot."""
    a = integers_at(row)
    slots, stride = a[Stream.SLOTS], a[Stream.STRIDE]
    out = floats_at(a[Stream.OUT] + 8 * ((k - a[Stream.LAG]) % a[Stream.OUT_SLOTS] * a[Stream.OUT_STRIDE]))
    base = a[Stream.ROW]
    later = floats_at(base + 8 * ((k - a[Stream.LAG] + 1) % slots * stride))
    now = floats_at(base + 8 * ((k - a[Stream.LAG]) % slots * stride))
    before = floats_at(base + 8 * ((k - a[Stream.LAG] - 1) % slots * stride))
    earlier = floats_at(base + 8 * ((k - a[Stream.LAG] - 2) % slots * stride))
    for i in range(a[Stream.CELLS]):
        j = np.uint64(i)
        out[j] = BETWEEN[0] * later[j] + BETWEEN[1] * now[j] + BETWEEN[2] * before[j] + BETWEEN[3] * earlier[j]


def minus_self(k, row):
    """Write what all to all without the cell itself gives less than the sum: minus the weighted own output."""
    a = integers_at(row)
    values = floats_at(a[Stream.ROW] + 8 * ((k - a[Stream.LAG]) % a[Stream.SLOTS] * a[Stream.STRIDE] + a[Stream.FIRST]))
    out = floats_at(a[Stream.OUT])
    weight = floats_at(a[Stream.WEIGHTS])[0]
    for i in range(a[Stream.TARGETS]):
        source = i - a[Stream.SELF]
        inside = (source >= 0) & (source < a[Stream.CELLS])
        out[np.uint64(i)] = -weight * values[np.uint64(source if inside else 0)] if inside else 0.0


def dense_product(k, row):
    """Multiply a dense matrix by a part of a row. Weights: [block of 64 targets][source][target in the block].

    Every other pass takes the blocks from the last to the first, and finds those of the pass before in the cache.
    """
    a = integers_at(row)
    values = floats_at(a[Stream.ROW] + 8 * ((k - a[Stream.LAG]) % a[Stream.SLOTS] * a[Stream.STRIDE] + a[Stream.FIRST]))
    out = floats_at(a[Stream.OUT])
    weights = floats_at(a[Stream.WEIGHTS])
    cells = np.uint64(a[Stream.CELLS])
    width = np.uint64(BLOCK_WIDTH)
    blocks = (a[Stream.TARGETS] + BLOCK_WIDTH - 1) // BLOCK_WIDTH
    back = (k * a[Stream.PASSES] + a[Stream.PASS]) % 2 == 1
    for place in range(blocks):
        block = np.uint64(blocks - 1 - place if back else place)
        start = block * width
        for i in range(BLOCK_WIDTH):
            out[start + np.uint64(i)] = 0.0
        quads = cells // np.uint64(4)
        for quad in range(quads):
            source = quad * np.uint64(4)
            v0, v1 = values[source], values[source + np.uint64(1)]
            v2, v3 = values[source + np.uint64(2)], values[source + np.uint64(3)]
            at = (block * cells + source) * width
            for i in range(BLOCK_WIDTH):
                j = at + np.uint64(i)
                pair = weights[j] * v0 + weights[j + width] * v1
                pair += weights[j + np.uint64(2) * width] * v2 + weights[j + np.uint64(3) * width] * v3
                out[start + np.uint64(i)] += pair
        for last in range(quads * np.uint64(4), cells):
            at = (block * cells + last) * width
            for i in range(BLOCK_WIDTH):
                out[start + np.uint64(i)] += weights[at + np.uint64(i)] * values[last]


@compiled
def _numbers(a):
    """Return the weighted sum of the numbers that a parameter receives."""
    terms = integers_at(a[Gather.NUMBERS])
    total = 0.0
    for n in range(a[Gather.N_NUMBERS]):
        total += floats_at(terms[np.uint64(2 * n)])[0] * floats_at(terms[np.uint64(2 * n + 1)])[0]
    return total


def gather_number(k, row):
    """Add up a parameter that is the same for all cells."""
    a = integers_at(row)
    floats_at(a[Gather.OUT])[0] = floats_at(a[Gather.BASE])[0] + _numbers(a)


def gather_row(k, row):
    """Add up a parameter for every cell of a part, and write it into the blocks of the population."""
    a = integers_at(row)
    out = floats_at(a[Gather.OUT])
    base = floats_at(a[Gather.BASE])
    vectors = integers_at(a[Gather.VECTORS])
    line = floats_at(a[Gather.SCRATCH])
    total = _numbers(a)
    level = base[0] + total
    done = 0
    while done < a[Gather.CELLS]:  # the cells of one block are neighbours
        cell = a[Gather.FIRST] + done
        lane = cell % BLOCK_WIDTH
        n = min(BLOCK_WIDTH - lane, a[Gather.CELLS] - done)
        at = np.uint64(cell // BLOCK_WIDTH * a[Gather.BLOCK_STRIDE] + lane)
        if a[Gather.BASE_STEP] == 0 and a[Gather.N_VECTORS] == 0:
            for i in range(n):
                out[at + np.uint64(i)] = level
            done += n
            continue
        if a[Gather.BASE_STEP] == 0:
            for i in range(n):
                line[np.uint64(i)] = level
        else:
            for i in range(n):
                line[np.uint64(i)] = base[np.uint64(done + i)] + total
        for v in range(a[Gather.N_VECTORS]):
            vector = floats_at(vectors[np.uint64(v)] + 8 * done)
            for i in range(n):
                line[np.uint64(i)] += vector[np.uint64(i)]
        for i in range(n):
            out[at + np.uint64(i)] = line[np.uint64(i)]
        done += n
