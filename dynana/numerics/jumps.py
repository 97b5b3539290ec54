"""Jumps at one instant: which of the due ones fires, what it does, and when there are too many of them.

A jump fires when its condition has turned from false to true. Jumps due at the same time fire in the order of their
declaration, one at a time, and the conditions are tested again after each. During its refractory time a jump does not
fire and the states it holds stand still; when that time ends, the condition counts as having been false.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED
from dynana.numerics.events import guard_values

#: Jumps at one instant; more than this come from jumps that set each other off without end.
MAX_AT_ONCE = 100
#: Number of intervals between jumps that are looked at together to recognise an accumulation point.
CROWD = 8
#: Jumps accumulate if CROWD intervals in succession shrink and their geometric continuation ends within this share of
#: the longest interval of the run. (A bouncing ball cannot be followed much further: rounding of the height of its
#: bounces, of order 1e-16, sends it through the floor when a flight lasts 1e-8 of the first.)
CROWD_WIDTH = 1e-6
#: They also do if CROWD intervals in succession are no longer than this share of the time itself, its rounding: a reset
#: that lands on the threshold.
RESOLUTION = 1e-15


@compiled(**BORROWED)
def release(t, slack, hold_until, jump_until, free):
    """End the holds that are over at ``t``; returns whether any state was set free."""
    freed = False
    for k in range(jump_until.size):
        if jump_until[k] <= t + slack:
            jump_until[k] = -np.inf
    for i in range(hold_until.size):
        if hold_until[i] <= t + slack:
            hold_until[i] = -np.inf
            freed = freed or free[i] == 0.0
            free[i] = 1.0
    return freed


@compiled(**BORROWED)
def next_release(hold_until, jump_until):
    """Return the time at which the next hold or refractory time ends; infinity if there is none."""
    time = np.inf
    for k in range(jump_until.size):
        if jump_until[k] > -np.inf:
            time = min(time, jump_until[k])
    for i in range(hold_until.size):
        if hold_until[i] > -np.inf:
            time = min(time, hold_until[i])
    return time


@compiled(**BORROWED)
def record_row(t, y, rows, count, out_t, out_y, out_rows):
    """Append a state, and the dense output of the step that led to it."""
    k = count[at.ROWS]
    out_t[k] = t
    for i in range(y.size):
        out_y[k, i] = y[i]
    if count[at.KEEP_DENSE]:
        for j in range(out_rows.shape[1]):
            for i in range(y.size):
                out_rows[k, j, i] = rows[j, i]
    count[at.ROWS] += 1


@compiled(**BORROWED)
def _accumulate(t, recent):
    """Note a jump at ``t`` and say whether jumps accumulate here; for ``recent`` see `settle`."""
    interval = t - recent[0]
    if interval == 0.0:  # simultaneous
        return False
    recent[0] = t
    if interval == np.inf:
        return False
    recent[1] = max(recent[1], interval)
    shrinks = 1.0
    for j in range(CROWD - 1, 0, -1):
        recent[2 + j] = recent[1 + j]
        shrinks = shrinks if recent[2 + j] > 0.0 and (j == CROWD - 1 or recent[2 + j] < recent[3 + j]) else 0.0
    recent[2] = interval
    longest = 0.0
    for j in range(CROWD):
        longest = max(longest, recent[2 + j])
    if longest <= RESOLUTION * abs(t) and recent[1 + CROWD] > 0.0:
        return True
    if shrinks == 0.0 or interval >= recent[3]:
        return False
    ratio = (interval / recent[1 + CROWD]) ** (1.0 / (CROWD - 1))
    return interval * ratio / (1.0 - ratio) < CROWD_WIDTH * recent[1]


def settle(
    guards, conditions, jump, refractory, drive, layout, t, y, p, holds, hold_until, jump_until, was, count, recent,
    bench, out_t, out_y, out_rows, jump_t, jump_k, jump_before, jump_after,
):  # fmt: skip
    """Fire all jumps that are due at (t, y), one after the other, and record them.

    Parameters
    ----------
    was : ndarray, shape (n_jumps,)
        1 where the condition held just before; updated.
    recent : ndarray, shape (2 + CROWD,)
        Time of the last jump (-inf at first), longest interval between jumps, the last intervals with the newest first
        (0 at first); updated.

    Returns
    -------
    int
        RUNNING, or the reason to stop.
    """
    _, _, _, _, blank, space, _, _, _, _, _, _, free = bench
    varying = layout[at.VARYING] != 0
    n_jumps = was.size
    now = space[1]
    for fired in range(MAX_AT_ONCE + 1):
        guard_values(guards, drive, varying, t, y, p, space[3])
        conditions(space[3], now)
        due = -1
        for k in range(n_jumps):
            if now[k] <= 0.0 or jump_until[k] > t:
                was[k] = 0.0
            elif was[k] == 0.0 and due < 0:
                due = k
        if due < 0:
            return at.RUNNING
        if fired == MAX_AT_ONCE:
            return at.ENDLESS_JUMPS
        row = count[at.JUMPS]
        jump(due, t, y, p, jump_after[row])
        refractory(t, y, p, space[2])
        for i in range(y.size):
            if not np.isfinite(jump_after[row, i]):
                return at.BAD_JUMP
            jump_before[row, i] = y[i]
            y[i] = jump_after[row, i]
        jump_t[row] = t
        jump_k[row] = due
        count[at.JUMPS] += 1
        was[due] = 1.0
        if space[2, due] > 0.0:
            end = t + space[2, due]
            jump_until[due] = end
            for i in range(y.size):
                if holds[due, i] != 0.0:
                    hold_until[i] = max(hold_until[i], end)
                    free[i] = 0.0
        if count[at.SAMPLING] == 0:
            record_row(t, y, blank, count, out_t, out_y, out_rows)
        count[at.TOTAL_JUMPS] += 1
        if count[at.LOCATED] and _accumulate(t, recent):
            return at.ACCUMULATION
    return at.RUNNING


def settle_nothing(
    guards, conditions, jump, refractory, drive, layout, t, y, p, holds, hold_until, jump_until, was, count, recent,
    bench, out_t, out_y, out_rows, jump_t, jump_k, jump_before, jump_after,
):  # fmt: skip
    """Stand in for `settle` where there are no jumps."""
    return at.RUNNING
