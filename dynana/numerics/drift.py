"""Many states carried by the flow, each for its own time, forward or backward, as long as it stays in a box."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import RUN
from dynana.numerics.runge_kutta import DRIVE, STEPPER
from dynana.numerics.signatures import INDICES, MATRIX, REAL, ROW, TABLE, VECTOR, function_type

#: Steps for one state, at most.
MOST_STEPS = 20_000

_V, _M = function_type(VECTOR), function_type(MATRIX)
DRIFTER = types.void(
    function_type(STEPPER), _V, _M, _V, DRIVE, ROW, TABLE, INDICES, TABLE, ROW, REAL, ROW, ROW, ROW, TABLE
)


def carry(
    step, rhs, matrix, vector, drive, p, table, layout, work, tolerance, first_step, low, high, durations, states
):  # fmt: skip
    """Carry every row of ``states`` for its duration; for smooth autonomous systems.

    Parameters
    ----------
    step, matrix, vector, drive, table, layout, work, tolerance
        The explicit stepper with what it needs; ``work`` (any, n) has three rows more than the stepper uses.
    first_step : float
        Length to begin with.
    low, high : ndarray, shape (n,)
        Bounds of the box; a state that leaves it becomes NaN.
    durations : ndarray, shape (k,)
        Negative ones go backward.
    states : ndarray, shape (k, n)
        Changed in place.
    """
    n = low.size
    rows = work.shape[0]
    y1, free = work[rows - 3], work[rows - 2]
    dense = work[rows - 1 :]
    for i in range(n):
        free[i] = 1.0
    for cell in range(durations.size):
        y = states[cell]
        left = abs(durations[cell])
        sign = 1.0 if durations[cell] >= 0.0 else -1.0
        h = first_step
        layout[at.FRESH] = 0
        lost = False
        for _ in range(MOST_STEPS):
            if left <= 0.0 or lost:
                break
            length = min(h, left)
            error = step(
                rhs, matrix, vector, matrix, vector, drive, 0.0, y, sign * length, p, free, tolerance, table, layout,
                work, y1, dense,
            )  # fmt: skip
            if not error <= 1.0:
                h = length * (max(0.2, 0.9 * error**-0.125) if error < np.inf else 0.2)
                lost = h < 1e-300
                continue
            left = 0.0 if length == left else left - length
            h = length * min(5.0, 0.9 * max(error, 1e-8) ** -0.125)
            for i in range(n):
                y[i] = y1[i]
                work[0, i] = work[layout[at.LAST], i]
                lost = lost or not (low[i] <= y[i] <= high[i])
        if lost or left > 0.0:
            for i in range(n):
                y[i] = np.nan


@cache
def drifter() -> Any:
    """Return `carry`, compiled; threads can run it side by side."""
    return compiled(DRIFTER, **RUN, nogil=True, no_cfunc_wrapper=True)(carry)
