"""Many starts followed until each has settled on one of the known attractors."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED, RUN
from dynana.numerics.runge_kutta import DRIVE, STEPPER
from dynana.numerics.signatures import INDEX, INDICES, MATRIX, REAL, ROW, TABLE, VECTOR, function_type
from dynana.numerics.workbench import BOX

UNDECIDED, ESCAPED = -1, -2
#: A state this many box sides from the middle of the box has escaped.
FAR = 1e6
#: Steps of one run, at most.
MOST_STEPS = 100_000

_V, _M = function_type(VECTOR), function_type(MATRIX)
SETTLER = types.void(
    *(function_type(STEPPER), _V, _M, _V, DRIVE, ROW, TABLE, INDICES, TABLE, ROW, ROW, REAL, REAL),
    *(TABLE, BOX, INDICES, TABLE, INDICES, ROW, ROW, INDICES, TABLE, ROW),
)


@compiled(INDEX(ROW, ROW, TABLE, BOX, INDICES), **BORROWED)
def inside(y, scale, centres, forms, owners):
    """Return the attractor in whose trapping ellipsoid the state is, or -1."""
    n = y.size
    for c in range(centres.shape[0]):
        total = 0.0
        for i in range(n):
            row = 0.0
            for j in range(n):
                row += forms[c, i, j] * (y[j] - centres[c, j]) / scale[j]
            total += row * (y[i] - centres[c, i]) / scale[i]
        if total <= 1.0:
            return owners[c]
    return -1


@compiled(INDEX(ROW, ROW, TABLE, INDICES, ROW), **BORROWED)
def _beside(y, scale, cloud, owners, reach):
    """Return the attractor that has a point within its reach of the state, or -1."""
    for c in range(cloud.shape[0]):
        total = 0.0
        for i in range(y.size):
            total += ((y[i] - cloud[c, i]) / scale[i]) ** 2
        if total <= reach[c] ** 2:
            return owners[c]
    return -1


def settle_cells(
    step, rhs, matrix, vector, drive, p, table, layout, work, tolerance, scale, duration, first_step,
    centres, forms, owners, cloud, cloud_owners, reach, turns, labels, states, times,
):  # fmt: skip
    """Follow every row of ``states`` until it has settled; for smooth autonomous systems.

    Parameters
    ----------
    step, matrix, vector, drive, table, layout, work, tolerance
        The explicit stepper with what it needs; ``work`` (any, n) has four rows more than the stepper uses.
    scale : ndarray, shape (n,)
        Units of distance.
    duration, first_step : float
        Longest run, and the step to begin with.
    centres, forms, owners : ndarray, shape (c, n), (c, n, n), (c,)
        Ellipsoids d' F d <= 1 that no orbit leaves, d being the distance from the centre in units of ``scale``, and the
        attractors they belong to.
    cloud, cloud_owners, reach : ndarray, shape (q, n), (q,), (q,)
        Points of the other attractors and how near to them a state is on the attractor.
    turns : ndarray, shape (attractors,)
        How long a run has to stay that near: a turn of a cycle, since an unstable one may lie beside it for a while.
    labels, states, times : ndarray, shape (k,), (k, n), (k,)
        Written: the attractor of each row, UNDECIDED or ESCAPED, where it ended, and after what time.
    """
    n = scale.size
    rows = work.shape[0]
    y, y1, free = work[rows - 4], work[rows - 3], work[rows - 2]
    dense = work[rows - 1 :]
    for i in range(n):
        free[i] = 1.0
    for cell in range(labels.size):
        t = 0.0
        h = first_step
        label = UNDECIDED
        since = 0.0
        before = -1
        layout[at.FRESH] = 0
        for i in range(n):
            y[i] = states[cell, i]
        for _ in range(MOST_STEPS):
            label = inside(y, scale, centres, forms, owners)
            if label >= 0 or t >= duration:
                break
            h = min(h, duration - t)
            error = step(
                rhs, matrix, vector, matrix, vector, drive, t, y, h, p, free, tolerance, table, layout, work, y1, dense
            )
            if not error <= 1.0:
                h *= max(0.2, 0.9 * error**-0.2) if error < np.inf else 0.2
                if t + h == t:
                    label = ESCAPED
                    break
                continue
            t = duration if h == duration - t else t + h
            h *= min(5.0, 0.9 * max(error, 1e-6) ** -0.2)
            far = False
            for i in range(n):
                y[i] = y1[i]
                work[0, i] = work[layout[at.LAST], i]
                far = far or not abs(y[i] - states[cell, i]) < FAR * scale[i]
            if far:
                label = ESCAPED
                break
            if cloud.shape[0]:
                here = _beside(y, scale, cloud, cloud_owners, reach)
                if here < 0 or here != before:
                    since = t
                before = here
                if here >= 0 and t - since >= turns[here]:
                    label = here
                    break
        labels[cell] = label
        times[cell] = t
        for i in range(n):
            states[cell, i] = y[i]


@cache
def settler() -> Any:
    """Return `settle_cells`, compiled; threads can run it side by side."""
    return compiled(SETTLER, **RUN, nogil=True, no_cfunc_wrapper=True)(settle_cells)
