"""Tangent vectors along a recorded run: every step once more, and the saltation at every event.

The run itself, with its events, comes from `dynana.numerics.orbit`; nothing about it is decided here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED, RUN
from dynana.numerics.runge_kutta import DRIVE, STEPPER
from dynana.numerics.saltation import cross_surfaces, log_determinant, pass_event
from dynana.numerics.signatures import INDEX, INDICES, JUMP_MATRIX, MATRIX, ROW, TABLE, VECTOR, function_type
from dynana.numerics.tangent_flow import orthonormalise

# Places in `clock`.
TIME, LAST_STEP, START, BLOCK, SLACK = range(5)
CLOCK_SIZE = 5
#: Stands for the length of a step that is lost in the rounding of the time.
SHORTEST = 1e-300

#: A recorded time says the length of a step to this, if the step is longer than this share of the time itself;
#: otherwise (in the upstroke of a model that blows up) the length is found from where the step leads.
LONG = 1e-6
#: Parts of a step are not made shorter than this share of it.
SMALLEST_PART = 1e-9
#: Newton steps to find it; each doubles the digits of a first guess that is right to a few per cent.
CORRECTIONS = 6

_V, _M, _S = function_type(VECTOR), function_type(MATRIX), function_type(STEPPER)
#: Work space: free, work, space, derivatives, gradients, offsets, delays and images of offsets,
#: sides and gradients of switching functions; see `bench`.
BENCH = types.Tuple((ROW, TABLE, TABLE, TABLE, TABLE, TABLE, TABLE, TABLE, TABLE, TABLE))
FOLLOWER = INDEX(
    *(_S, _V, _M, _V, DRIVE, _V, _V, _M, function_type(JUMP_MATRIX), _V, _V, _M),
    *(ROW, TABLE, ROW, INDICES, TABLE, TABLE, INDICES, TABLE),
    *(ROW, ROW, ROW, ROW, TABLE, INDICES, ROW, INDICES, TABLE, TABLE, BENCH),
)


def bench(n: int, count: int, n_jumps: int, n_guards: int, n_switches: int, stages: int) -> tuple[Any, ...]:
    """Return the work space of `follow_run`; ``stages`` are the rows of work of the stepper."""
    size = n * (count + 1) + 1
    shapes: tuple[Any, ...] = (size, (stages, size), (6, max(size, n_jumps, n_guards)), (n + 1, n + 1))
    shapes += ((n_guards, n + 1), (count + n, n), (count + n, n_jumps), (count + n, n))
    shapes += ((2, n_switches), (n_switches, n + 1))
    return tuple(np.zeros(shape) for shape in shapes)


@compiled(**BORROWED)
def _same(a, b):
    for i in range(b.size):
        if a[i] != b[i]:
            return False
    return True


@compiled(**BORROWED)
def _length(step, variational, matrix, vector, drive, t, h, y1, z, p, free, tolerance, table, layout, work, space):
    """Return the length of a recorded step, from where it leads if the recorded time does not resolve it."""
    n = y1.size
    z1, f, rows = space[0], space[1], space[2:3]
    if h > LONG * abs(t):
        return h
    variational(t, z, p, f)
    i = 0
    for j in range(n):
        if free[j] != 0.0 and abs(y1[j] - z[j]) > abs(y1[i] - z[i]):
            i = j
    if y1[i] == z[i] or f[i] == 0.0:
        return h
    h = (y1[i] - z[i]) / f[i]
    for _ in range(CORRECTIONS):
        layout[at.FRESH] = 0
        step(
            variational,
            matrix,
            vector,
            matrix,
            vector,
            drive,
            t,
            z,
            h,
            p,
            free,
            tolerance,
            table,
            layout,
            work,
            z1,
            rows,
        )
        h -= (z1[i] - y1[i]) / work[layout[at.MAIN] - 1, i]
    return h


@compiled(**BORROWED)
def _repeat_step(
    step, variational, matrix, vector, drive, t, h, y1, z, p, free, tolerance, table, layout, work, space, delays, sums
):
    """Carry the bundle over a recorded step of length ``h`` to the state ``y1``, in parts if its vectors need it.

    Returns whether it is finite.
    """
    n = y1.size
    z1, rows = space[0], space[2:3]
    done = 0.0
    part = h
    while done < h:
        layout[at.FRESH] = 0
        error = step(
            variational, matrix, vector, matrix, vector,
            drive, t + done, z, part, p, free, tolerance, table, layout, work, z1, rows,
        )  # fmt: skip
        if error > 1.0 and part > SMALLEST_PART * h:
            part *= 0.5
            continue
        for i in range(z.size):
            z[i] = z1[i]
        if not orthonormalise(z, n, delays, False, sums) < np.inf:
            return False
        done = h if part >= (h - done) * (1.0 - SMALLEST_PART) else done + part
        part = min(h - done, 2.0 * part)
    for i in range(n):
        z[i] = y1[i]
    return True


def follow_run(
    step, variational, matrix, vector, drive, rhs, guards, guard_gradients, jump_derivatives, refractory, switches,
    switch_gradients,
    rows_t, rows_y, jump_t, jump_k, befores, afters, owner, holds,
    clock, z, p, tolerance, table, layout, until, held_by, delays, sums, room,
):  # fmt: skip
    """Carry a bundle along recorded rows of a run.

    Parameters
    ----------
    step, matrix, vector, drive
        The explicit stepper of the run, kernels that do nothing, no inputs.
    variational, rhs, guards, guard_gradients, jump_derivatives, refractory, switches, switch_gradients : kernels
    rows_t, rows_y : ndarray, shape (k,), (k, n)
        Ends of steps, and states after jumps (at the same time once more); the start is not among them.
    jump_t, jump_k, befores, afters : ndarray
        The jumps among them.
    owner, holds : ndarray
        As in `dynana.numerics.orbit`.
    clock : ndarray, shape (CLOCK_SIZE,)
        Time, length of the last step (0 at first), start and length of the blocks, slack of times; updated.
    z : ndarray, shape (n + count * n + 1,)
        The bundle; updated.
    tolerance : ndarray, shape (1 + z.size,)
        rtol and atol of one step of the bundle; a step that does not meet it is repeated in parts.
    until : ndarray, shape (n_jumps,)
        Ends of refractory times, infinity where there is none; updated.
    held_by : ndarray of int64, shape (n,)
        The jump that holds each state, or -1; updated.
    delays : ndarray, shape (count, n_jumps)
        Updated.
    sums : ndarray, shape (blocks + 1, count + 2)
        For each block logarithms of lengths, duration, and integral of the divergence with log |det| of saltation
        matrices; added to. The last row takes what comes before the first block.
    room : tuple
        See `bench`.

    Returns
    -------
    int
        1, or 0 if the bundle is not finite.
    """
    free, work, space, derivatives, gradients, offsets, all_delays, images, sides, slopes = room
    n = rows_y.shape[1]
    count = delays.shape[0]
    blocks = sums.shape[0] - 1
    y = z[:n]
    row = 0
    jumped = 0
    t = clock[TIME]
    while True:
        block = blocks if t < clock[START] else min(int((t - clock[START]) / clock[BLOCK]), blocks - 1)
        last = jumped
        while (
            last < jump_t.size and jump_t[last] == t and _same(y if last == jumped else afters[last - 1], befores[last])
        ):
            last += 1
        event = last > jumped
        for k in range(until.size):
            event = event or until[k] <= t + clock[SLACK]
        if event:
            for r in range(count + n):
                for i in range(n):
                    offsets[r, i] = z[n * (r + 1) + i] if r < count else 1.0 if r - count == i else 0.0
                for k in range(until.size):
                    all_delays[r, k] = delays[r, k] if r < count else 0.0
            pass_event(
                rhs, guards, guard_gradients, jump_derivatives, refractory, t, clock[SLACK], y, jumped, last, jump_k,
                befores, afters, owner, holds, p, until, held_by, offsets, all_delays, images,
                clock[LAST_STEP] == 0.0, space, derivatives, gradients,
            )  # fmt: skip
            for r in range(count):
                for i in range(n):
                    z[n * (r + 1) + i] = offsets[r, i]
                for k in range(until.size):
                    delays[r, k] = all_delays[r, k]
            for i in range(n):
                y[i] = afters[last - 1, i] if last > jumped else y[i]
            sums[block, count + 1] += log_determinant(offsets[count:])
            if not orthonormalise(z, n, delays, True, sums[block]) < np.inf:
                return 0
            row += last - jumped
            jumped = last
        if row == rows_t.size:
            break
        for r in range(count + 1):
            for i in range(n):
                free[n * r + i] = 1.0 if held_by[i] < 0 else 0.0
        free[z.size - 1] = 1.0
        z[z.size - 1] = 0.0
        for i in range(n):
            space[5, i] = y[i]
        clock[LAST_STEP] = max(rows_t[row] - t, SHORTEST)
        h = _length(
            step, variational, matrix, vector, drive, t, rows_t[row] - t, rows_y[row], z, p, free, tolerance, table,
            layout, work, space,
        )  # fmt: skip
        if not _repeat_step(
            step, variational, matrix, vector, drive, t, h, rows_y[row], z, p, free, tolerance, table, layout, work,
            space, delays, sums[block],
        ):  # fmt: skip
            return 0
        sums[block, count] += rows_t[row] - t
        sums[block, count + 1] += z[z.size - 1]
        if sides.shape[1]:
            switches(t, space[5], p, sides[0])
            switches(rows_t[row], y, p, sides[1])
            sums[block, count + 1] += cross_surfaces(
                rhs, switch_gradients, t, rows_t[row], space[5], y, z, p, count, held_by, space, sides, slopes
            )
            if not orthonormalise(z, n, delays, False, sums[block]) < np.inf:
                return 0
        t = rows_t[row]
        row += 1
    clock[TIME] = t
    return 1


@cache
def follower() -> Any:
    """Return `follow_run`, compiled."""
    return compiled(FOLLOWER, **RUN, no_cfunc_wrapper=True)(follow_run)
