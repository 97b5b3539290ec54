"""One step of an explicit Runge-Kutta method, and the interface that all one-step methods share.

A *stepper* is a compiled function with the signature `STEPPER`; the drivers know nothing else about a method::

    error = step(rhs, jacobian, time_derivative, parameter_jacobian, diagonal, drive, t, y, h, p, free, tolerance,
                 table, layout, work, y1, rows)

It goes from ``(t, y)`` over ``h`` to ``y1`` and returns the weighted root mean square of the estimated error (accepted
up to 1; 0 for methods of fixed step). ``layout`` is described in `run_state`. ``work[0]`` is the slope at the start;
where ``layout[at.FRESH]`` is 0 the stepper computes it (and its Jacobian) and sets the flag, so that a repeated step
from the same place pays once.

``drive`` holds the inputs (cursor, index, first, t0, coef) of `dynana.numerics.inputs`. The cursor is not moved inside
a step: a step that ends on a breakpoint sees values from the left. ``free[i]`` is 0 for states held by a jump.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED
from dynana.numerics.inputs import apply_inputs
from dynana.numerics.signatures import INDICES, MATRIX, REAL, ROW, TABLE, VECTOR, function_type
from dynana.numerics.tableaus import EXTRA_ROWS

DRIVE = types.Tuple((INDICES, INDICES, INDICES, ROW, TABLE))
_VECTOR = function_type(VECTOR)
_MATRIX = function_type(MATRIX)
STEPPER = REAL(
    *(_VECTOR, _MATRIX, _VECTOR, _MATRIX, _VECTOR),
    *(DRIVE, REAL, ROW, REAL, ROW, ROW, ROW, TABLE, INDICES, TABLE, ROW, TABLE),
)

#: Share of the lower-order estimate in the error of the order 8 method (Hairer, Norsett & Wanner, section II.10).
LOW_ORDER_SHARE = 0.01


@compiled(**BORROWED)
def slope(rhs, drive, varying, t, y, p, free, out):
    """Write the derivative at (t, y) into ``out``, with inputs applied and held states at rest."""
    if varying:
        apply_inputs(t, drive[0], drive[1], drive[3], drive[4], p)
    rhs(t, y, p, out)
    for i in range(y.size):
        if free[i] == 0.0:
            out[i] = 0.0


@compiled(**BORROWED)
def error_scale(i, y0, y1, tolerance):
    """Return the error that counts as 1 in state ``i``; ``tolerance`` is rtol and the n values of atol."""
    return tolerance[1 + i] + tolerance[0] * max(abs(y0[i]), abs(y1[i]))


def explicit_step(
    rhs, jacobian, time_derivative, parameter_jacobian, diagonal,
    drive, t, y, h, p, free, tolerance, table, layout, work, y1, rows,
):  # fmt: skip
    """Make a step of the Runge-Kutta method in ``table`` (see `Tableau.packed`); a stepper."""
    n = y.size
    main = layout[at.MAIN]
    stages = layout[at.STAGES]
    varying = layout[at.VARYING] != 0
    # Each view of an array costs a counted reference: two of them per step, none in the loops.
    point = work[stages]
    f = work[stages + 1]
    if layout[at.FRESH] == 0:
        slope(rhs, drive, varying, t, y, p, free, f)
        for i in range(n):
            work[0, i] = f[i]
        layout[at.FRESH] = 1
        layout[at.CALLS] += 1
    for s in range(1, main):
        _argument(y, h, table, s, work, point if s < main - 1 else y1)
        slope(rhs, drive, varying, t + table[stages, s] * h, point if s < main - 1 else y1, p, free, f)
        for i in range(n):
            work[s, i] = f[i]
    layout[at.CALLS] += main - 1
    error = 0.0
    if layout[at.ADAPTIVE]:
        error = _estimate(y, y1, h, table, stages, main, work, tolerance)
        f[0] = _stiffness(y1, point, h, main, work)
    if layout[at.DENSE] and error <= 1.0:
        stiffness = f[0]
        for s in range(main, stages):
            _argument(y, h, table, s, work, point)
            slope(rhs, drive, varying, t + table[stages, s] * h, point, p, free, f)
            for i in range(n):
                work[s, i] = f[i]
        layout[at.CALLS] += stages - main
        f[0] = stiffness
        first = stages + EXTRA_ROWS
        for j in range(rows.shape[0]):
            for i in range(n):
                total = 0.0
                for s in range(stages):
                    total += table[first + j, s] * work[s, i]
                rows[j, i] = h * total
    return error


@compiled(**BORROWED)
def _argument(y, h, table, s, slopes, out):
    """Write the argument of stage ``s``."""
    for i in range(y.size):
        total = 0.0
        for j in range(s):
            total += table[s, j] * slopes[j, i]
        out[i] = y[i] + h * total


@compiled(**BORROWED)
def _estimate(y, y1, h, table, stages, main, slopes, tolerance):
    """Return the weighted error of a step, from one or two embedded methods."""
    n = y.size
    high = 0.0
    low = 0.0
    for i in range(n):
        e = 0.0
        e_low = 0.0
        for s in range(main):
            e += table[stages + 1, s] * slopes[s, i]
            e_low += table[stages + 2, s] * slopes[s, i]
        scale = error_scale(i, y, y1, tolerance)
        high += (h * e / scale) ** 2
        low += (h * e_low / scale) ** 2
    if low > 0.0:
        return high / np.sqrt((high + LOW_ORDER_SHARE * low) * n)
    return np.sqrt(high / n)


@compiled(**BORROWED)
def _stiffness(y1, y2, h, main, slopes):
    """Return |h lambda| of the dominant eigenvalue, from two slopes at the end of the step (HNW II, section IV.2).

    They are those of the last two stages of the methods with an error estimate, with arguments ``y1`` and ``y2``.
    """
    top = 0.0
    bottom = 0.0
    for i in range(y1.size):
        top += (slopes[main - 1, i] - slopes[main - 2, i]) ** 2
        bottom += (y1[i] - y2[i]) ** 2
    return abs(h) * np.sqrt(top / bottom) if bottom > 0.0 else 0.0
