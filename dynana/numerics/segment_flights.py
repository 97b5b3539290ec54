"""Flights: smooth pieces of orbits from a state to the first jump that becomes due.

A short loop around the Dormand-Prince pair that takes kernels by address: it is compiled once for all models and costs
microseconds to call. It starts orbits with jumps, and proves for each one that no jump was due earlier.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.function_addresses import recover
from dynana.numerics.kernel_addresses import vector_at
from dynana.numerics.signatures import CONDITION, INDICES, REAL, ROW, TABLE
from dynana.numerics.tableaus import DORMAND_PRINCE

condition_at = recover(CONDITION)

#: Coefficients a (rows 0 to 6) and the weights of the error estimate (row 8).
STAGES = DORMAND_PRINCE.packed
#: Places of kernels in ``addresses``.
RHS, GUARDS, CONDITIONS = range(3)
#: Outcomes: no jump up to the longest time, too many steps, not finite; from 0 on the number of a jump.
NO_JUMP, TOO_MANY, NOT_FINITE = -1, -2, -3
#: Parts of each step at whose ends the conditions are looked at, on the cubic through both ends.
PARTS = 4
#: Halvings that locate a jump within a part of a step to rounding.
HALVINGS = 60
#: Steps change by at most these factors, and aim at this share of the allowed error.
LEAST_CHANGE, MOST_CHANGE, SHARE = 0.2, 5.0, 0.9
#: First step, as a part of the longest time.
FIRST = 1e-3


@compiled
def _step(rhs, y, h, p, free, slopes, new, table):
    """Take one step; ``slopes[0]`` is known; return nothing but ``new`` and all slopes."""
    n = y.size
    for stage in range(1, 7):
        for i in range(n):
            value = 0.0
            for j in range(stage):
                value += table[stage, j] * slopes[j, i]
            new[i] = y[i] + h * value
        rhs(0.0, new, p, slopes[stage])
        for i in range(n):
            slopes[stage, i] *= free[i]


@compiled
def _due(guards, conditions, y, p, watched, was, values, now):
    """Return the first watched jump whose condition holds and did not hold before, or -1; ``was`` forgets."""
    guards(0.0, y, p, values)
    conditions(values, now)
    for k in range(watched.size):
        if now[k] > 0.0:
            if watched[k] > 0.0 and was[k] == 0.0:
                return k
        else:
            was[k] = 0.0
    return -1


@compiled(
    types.int64(INDICES, ROW, ROW, ROW, ROW, ROW, REAL, ROW, TABLE, ROW, TABLE, ROW, INDICES),
    unrolled=True,
    no_cfunc_wrapper=True,
)
def fly(addresses, p, y, free, watched, was, longest, tolerance, table, times, rows, values, count):
    """Follow an orbit until a jump is due.

    Parameters
    ----------
    addresses : (3,) array of int
        Kernels rhs, guards, conditions.
    p : (n_parameters,) array
    y : (n,) array
        Start; receives the state at the end.
    free : (n,) array
        0 for states that are held.
    watched, was : (n_jumps,) arrays
        1 for jumps that are looked for, and for those whose condition counts as true at the start (``was`` is
        overwritten).
    longest : float
        Time after which the flight ends.
    tolerance : (n,) array
        Error of each state allowed in a step.
    table : (any, 7) array
        `STAGES`.
    times, rows : (room,), (room, n) arrays
        Receive the times and states at the ends of steps, the start first and the end last, as far as there is room.
    values : (n_guards,) array
        Receives the guards at the end.
    count : (1,) array of int
        Receives their number.

    Returns
    -------
    int
        The jump, or one of the outcomes of this module.
    """
    n, room = y.size, times.size
    rhs, guards = vector_at(addresses[RHS]), vector_at(addresses[GUARDS])
    conditions = condition_at(addresses[CONDITIONS])
    slopes, new, point = np.zeros((7, n)), np.zeros(n), np.zeros(n)
    now = np.zeros(watched.size)
    t, h = 0.0, FIRST * longest
    times[0] = 0.0
    rows[0] = y
    count[0] = 1
    rhs(0.0, y, p, slopes[0])
    for i in range(n):
        slopes[0, i] *= free[i]
    for _ in range(50 * room):
        h = min(h, longest - t)
        _step(rhs, y, h, p, free, slopes, new, table)
        error = 0.0
        for i in range(n):
            part = 0.0
            for j in range(7):
                part += table[8, j] * slopes[j, i]
            size = abs(h * part) / tolerance[i]
            error = size if not size <= error else error
        if not error < 1.0:
            h *= max(LEAST_CHANGE, SHARE * error**-0.2) if error < np.inf else LEAST_CHANGE
            if not h > 1e-15 * longest:
                return NOT_FINITE
            continue
        low, found = 0.0, -1
        for part in range(1, PARTS + 1):
            x = part / PARTS
            for i in range(n):
                a, b = h * slopes[0, i], h * slopes[6, i]
                d = new[i] - y[i]
                point[i] = y[i] + x * (d + (1.0 - x) * ((1.0 - x) * (a - d) + x * (d - b)))
            found = _due(guards, conditions, point, p, watched, was, values, now)
            if found >= 0:
                break
            low = x
        if found >= 0:
            high = x
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                if not low < middle < high:
                    break
                _step(rhs, y, middle * h, p, free, slopes, new, table)
                holds = _due(guards, conditions, new, p, watched, was, values, now)
                if holds >= 0:
                    high, found = middle, holds
                else:
                    low = middle
            _step(rhs, y, high * h, p, free, slopes, new, table)
            t += high * h
        else:
            t += h
        for i in range(n):
            y[i] = new[i]
            slopes[0, i] = slopes[6, i]
        if count[0] < room:
            count[0] += 1
        times[count[0] - 1] = t
        rows[count[0] - 1] = y
        if found >= 0:
            return found
        if t >= longest:
            return NO_JUMP
        h *= min(MOST_CHANGE, SHARE * max(error, 1e-10) ** -0.2)
    return TOO_MANY
