"""Operations that look: recording, and the watch for numbers that are not finite."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from dynana.numerics.network_memory import floats_at, integers_at
from dynana.numerics.network_program import CELL_BITS, Population
from dynana.numerics.signatures import BLOCK_WIDTH

#: Steps between two looks for numbers that are not finite; a diverged cell is dated to within this many steps.
WATCH = 64


class Record(IntEnum):
    """Columns of `record_row`."""

    FUNCTION = 0
    ROW = 1
    """Row in the first block, float64; or a number that is the same for all cells."""
    BLOCK_STRIDE = 2
    """Numbers in a block; 0 for a number."""
    CELLS = 3
    """Numbers of the cells, int64."""
    N_CELLS = 4
    OUT = 5
    """Samples, shape (n, cells); float64."""
    FIRST = 6
    EVERY = 7
    """Steps FIRST, FIRST + EVERY, ... are recorded."""
    ARRIVED = 8
    """What has arrived for the state and not been taken in yet; 0 if nothing can have."""
    SLOTS = 9
    STRIDE = 10
    """Number of slots of the ring of arrivals, and the distance between two."""
    HOLDS = 11
    """Bits: the rows, counted from the state on, of the ends of refractory times that hold the state."""
    SAMPLES = 12
    """Number of samples for which there is room."""


def record_row(k, row):
    """Copy some cells of a row to the sample of step ``k``, with what has arrived for a state that is not held."""
    a = integers_at(row)
    sample = (k - a[Record.FIRST]) // a[Record.EVERY]
    if k < a[Record.FIRST] or sample * a[Record.EVERY] != k - a[Record.FIRST] or sample >= a[Record.SAMPLES]:
        return
    values = floats_at(a[Record.ROW])
    cells = integers_at(a[Record.CELLS])
    out = floats_at(a[Record.OUT] + 8 * sample * a[Record.N_CELLS])
    stride = a[Record.BLOCK_STRIDE]
    slot = k % a[Record.SLOTS] * a[Record.STRIDE]
    for i in range(a[Record.N_CELLS]):
        cell = cells[np.uint64(i)]
        at = np.uint64(cell // BLOCK_WIDTH * stride + cell % BLOCK_WIDTH) if stride > 0 else np.uint64(0)
        value = values[at]
        if a[Record.ARRIVED] != 0:
            holds, distance = a[Record.HOLDS], np.uint64(0)
            held = False
            while holds != 0:
                if holds & 1:
                    held = held or values[at + distance] > k
                holds >>= 1
                distance += np.uint64(BLOCK_WIDTH)
            if not held:
                value += floats_at(a[Record.ARRIVED])[np.uint64(slot + cell)]
        out[np.uint64(i)] = value


class Count(IntEnum):
    """Columns of `count_spikes`."""

    FUNCTION = 0
    LOG = 1
    ENDS = 2
    ENDS_LENGTH = 3
    FIRST = 4
    """The step before the first bin; int64."""
    EVERY = 5
    """Steps of a bin."""
    OUT = 6
    """Counts; int64."""
    FIRST_CELL = 7
    LAST_CELL = 8
    """The cells from the first to before the last are counted."""
    WHOLE = 9
    """Whether these are all."""


def count_spikes(k, row):
    """Add the spikes of a step to their bin; those at the start belong to the first one."""
    a = integers_at(row)
    ends, length = integers_at(a[Count.ENDS]), a[Count.ENDS_LENGTH]
    low, high = ends[np.uint64((k - 1) % length)], ends[np.uint64(k % length)]
    found = high - low
    if a[Count.WHOLE] == 0:
        log, found = integers_at(a[Count.LOG]), np.int64(0)
        for q in range(low, high):
            cell = log[np.uint64(q)] & ((1 << CELL_BITS) - 1)
            found += np.int64((cell >= a[Count.FIRST_CELL]) & (cell < a[Count.LAST_CELL]))
    integers_at(a[Count.OUT])[np.uint64(max(k - a[Count.FIRST] - 1, 0) // a[Count.EVERY])] += found


class Watch(IntEnum):
    """Columns of `watch`, beside those of a population."""

    STATES = Population.OWN
    ROWS = Population.OWN + 1
    HALT = Population.OWN + 2
    """Set to 1 to end the run; int64."""


def watch(k, row):
    """Look every `WATCH` steps whether all states are finite."""
    a = integers_at(row)
    if k % WATCH != 0:
        return
    y = floats_at(a[Population.Y])
    bad = np.int64(0)
    for block in range(a[Population.FIRST_BLOCK], a[Population.BLOCKS]):
        cells = a[Population.CELLS] - BLOCK_WIDTH * block
        cells = cells if cells < BLOCK_WIDTH else BLOCK_WIDTH
        for state in range(a[Watch.STATES]):
            start = np.uint64((block * a[Watch.ROWS] + state) * BLOCK_WIDTH)
            for i in range(cells):
                value = y[start + np.uint64(i)]
                bad |= np.int64(value - value != 0.0)
    if bad != 0:
        integers_at(a[Watch.HALT])[0] = 1
