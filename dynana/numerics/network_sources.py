"""Operations of what comes from outside: given spikes, and courses of parameters in time."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from dynana.numerics.inputs import WIDTH
from dynana.numerics.network_memory import floats_at, integers_at
from dynana.numerics.network_program import CELL_BITS


class Given(IntEnum):
    """Columns of `given_spikes`."""

    FUNCTION = 0
    STEPS = 1
    """Step of each spike, in order; int64."""
    CELLS = 2
    SPIKES = 3
    """Number of spikes."""
    NEXT = 4
    """The next spike to come; int64."""
    LOG = 5
    COUNTS = 6
    ENDS = 7
    ENDS_LENGTH = 8


def given_spikes(k, row):
    """Write the spikes of the step into the log."""
    a = integers_at(row)
    steps, cells = integers_at(a[Given.STEPS]), integers_at(a[Given.CELLS])
    following, counts = integers_at(a[Given.NEXT]), integers_at(a[Given.COUNTS])
    log = integers_at(a[Given.LOG])
    n, count = following[0], counts[0]
    while n < a[Given.SPIKES] and steps[np.uint64(n)] <= k:
        if steps[np.uint64(n)] == k:
            log[np.uint64(count)] = k << CELL_BITS | cells[np.uint64(n)]
            count += 1
        n += 1
    following[0] = n
    counts[0] = count
    integers_at(a[Given.ENDS])[np.uint64(k % a[Given.ENDS_LENGTH])] = count


class Course(IntEnum):
    """Columns of `follow`: one piece of a course, in the layout of `dynana.numerics.inputs`."""

    FUNCTION = 0
    CLOCK = 1
    """start and dt; float64."""
    HALVES = 2
    """At how many half steps after the beginning of the step the value is taken."""
    T0 = 3
    """Where the formulas begin; float64."""
    ROWS = 4
    COEFFICIENTS = 5
    """Level, slope, amplitude, angular frequency, phase of each formula; or one level per cell. float64."""
    SLOPES = 6
    """One slope per cell and formula; 0 where there are none."""
    CELLS = 7
    """0 for a course that is the same for all cells."""
    OUT = 8
    SCALE = 9
    """By which the value is multiplied; float64."""
    ADD = 10
    """Whether the value is added to what stands there."""


def follow(k, row):
    """Write the value of a course in the step: of the formula that holds in its middle."""
    a = integers_at(row)
    clock, t0, c = floats_at(a[Course.CLOCK]), floats_at(a[Course.T0]), floats_at(a[Course.COEFFICIENTS])
    scale = floats_at(a[Course.SCALE])[0]
    before = clock[0] + (k - 1) * clock[1]
    middle = before + 0.5 * clock[1]
    t = before + 0.5 * a[Course.HALVES] * clock[1]
    low, high = 0, a[Course.ROWS]
    while high - low > 1:
        half = (low + high) // 2
        if t0[np.uint64(half)] <= middle:
            low = half
        else:
            high = half
    out = floats_at(a[Course.OUT])
    past = t - t0[np.uint64(low)]
    if a[Course.CELLS] == 0:
        at = np.uint64(WIDTH * low)
        value = c[at] + c[at + np.uint64(1)] * past
        if c[at + np.uint64(2)] != 0.0:
            value += c[at + np.uint64(2)] * np.sin(c[at + np.uint64(3)] * t + c[at + np.uint64(4)])
        out[0] = (out[0] if a[Course.ADD] != 0 else 0.0) + scale * value
        return
    for i in range(a[Course.CELLS]):
        at = np.uint64(low * a[Course.CELLS] + i)
        value = c[at]
        if a[Course.SLOPES] != 0:
            value += floats_at(a[Course.SLOPES])[at] * past
        out[np.uint64(i)] = (out[np.uint64(i)] if a[Course.ADD] != 0 else 0.0) + scale * value
