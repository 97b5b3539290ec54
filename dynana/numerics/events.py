"""Where inside a step a jump becomes due.

A jump is due when its condition, a boolean function of guards g(t, y), turns from false to true. Two stages find it:
a scan of the interpolated step, which also looks at the turning points of every guard, so that a condition that holds
for a part of the step only is not missed; and steps of adjusted length from the start of the step, so that the state
at the event has the accuracy of the method and not of its interpolant.

Places inside a step are fractions x in [0, 1].
"""

from __future__ import annotations

import numpy as np

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED, interpolate
from dynana.numerics.inputs import apply_inputs

#: An event is located to this fraction of the part of its step that lies before it: the steps of a ball that bounces
#: ever faster may be far longer than its flights.
LOCATION = 1e-12
#: Places closer to the start of a step than this are not told apart.
CLOSEST = 1e-25
#: Jumps that become due within this fraction of a step of each other are simultaneous.
SIMULTANEOUS = 4 * LOCATION
#: A turning point of a guard is looked at if it is predicted to come this close to zero, relative to its variation.
TURNING_MARGIN = 0.25
#: The speed of a guard at an event is measured over this fraction of the part of the step before it.
SECANT = 1e-5
#: Bisection alone would need 40 halvings to reach LOCATION.
MAX_TRIALS = 80
#: Turning points that are looked at in one step, at most.
MAX_TURNS = 16

NOTHING = 2.0  #: place of an event that does not occur in this step


@compiled(**BORROWED)
def guard_values(guards, drive, varying, t, y, p, out):
    """Evaluate all guards at (t, y), with inputs applied."""
    if varying:
        apply_inputs(t, drive[0], drive[1], drive[3], drive[4], p)
    guards(t, y, p, out)


@compiled(**BORROWED)
def guards_inside(guards, drive, varying, t, h, x, y0, y1, rows, p, point, out):
    """Evaluate all guards at the fraction ``x`` of an interpolated step; ``point`` is work space (n,)."""
    interpolate(x, y0, y1, rows, point)
    guard_values(guards, drive, varying, t + x * h, point, p, out)


@compiled(**BORROWED)
def turning_point(x0, g0, x1, g1, x2, g2):
    """Return the vertex of the parabola through three points if it may touch zero from the side of all three.

    Returns NOTHING where the three values do not have one sign, or the vertex is outside or far from zero.
    """
    if not (g0 * g1 >= 0.0 and g1 * g2 >= 0.0 and g0 * g2 >= 0.0):
        return NOTHING
    left = (g1 - g0) / (x1 - x0)
    right = (g2 - g1) / (x2 - x1)
    bend = (right - left) / (x2 - x0)
    if bend == 0.0:
        return NOTHING
    x = 0.5 * (x0 + x1 - left / bend)
    if not x0 < x < x2:
        return NOTHING
    g = g0 + (x - x0) * (left + (x - x1) * bend)
    side = g0 + g1 + g2
    spread = max(g0, g1, g2) - min(g0, g1, g2)
    return x if g * side <= TURNING_MARGIN * spread * abs(side) and bend * side >= 0.0 else NOTHING


@compiled(**BORROWED)
def scan(guards, drive, varying, t, h, y0, y1, rows, p, slope0, points, values, space):
    """Evaluate the guards along an interpolated step.

    Parameters
    ----------
    slope0 : ndarray, shape (n,)
        Derivative at the start of the step.
    points : ndarray, shape (intervals + 1 + MAX_TURNS,)
        Written: fractions of the step in increasing order, from 0 to 1: those of equal intervals and turning points.
    values : ndarray, shape (intervals + 1 + MAX_TURNS, n_guards)
        Written: guards at these points.
    space : ndarray, shape (2, max(n, n_guards))
        Work space.

    Returns
    -------
    int
        Number of points, or 0 if no guard changes sign anywhere.
    """
    n = y0.size
    n_guards = values.shape[1]
    intervals = points.size - MAX_TURNS - 1
    point = space[0, :n]
    for j in range(intervals + 1):
        points[j] = j / intervals
    guard_values(guards, drive, varying, t, y0, p, values[0])
    for j in range(1, intervals):
        guards_inside(guards, drive, varying, t, h, points[j], y0, y1, rows, p, point, values[j])
    guard_values(guards, drive, varying, t + h, y1, p, values[intervals])
    # The first part has no point before it: a point just beside the start, along the slope, shows where guards head.
    beside = points[1] / 64.0
    for i in range(n):
        point[i] = y0[i] + beside * h * slope0[i]
    start = space[1, :n_guards]
    guard_values(guards, drive, varying, t + beside * h, point, p, start)
    count = intervals + 1
    changes = False
    for g in range(n_guards):
        for j in range(1, intervals + 1):
            if j == 1:
                # slope at 0 as the limit of a chord; exact for guards that are linear in the state
                speed = (start[g] - values[0, g]) / beside
                bend = (values[1, g] - values[0, g]) / points[1] - speed
                x = -0.5 * speed * points[1] / bend if bend != 0.0 else NOTHING
                if not (0.0 < x < points[1] and values[0, g] * values[1, g] >= 0.0):
                    x = NOTHING
            else:
                x = turning_point(
                    points[j - 2], values[j - 2, g], points[j - 1], values[j - 1, g], points[j], values[j, g]
                )
            if x < 1.0 and count < points.size:
                points[count] = x
                count += 1
            sign = np.sign(values[j, g])
            changes = changes or sign != np.sign(values[0, g])
    for j in range(intervals + 1, count):
        guards_inside(guards, drive, varying, t, h, points[j], y0, y1, rows, p, point, values[j])
        for g in range(n_guards):
            changes = changes or np.sign(values[j, g]) != np.sign(values[0, g])
    if not changes:
        return 0
    for j in range(intervals + 1, count):  # insertion sort of the turning points into the grid
        for k in range(j, 0, -1):
            if points[k] < points[k - 1]:
                points[k], points[k - 1] = points[k - 1], points[k]
                for g in range(n_guards):
                    values[k, g], values[k - 1, g] = values[k - 1, g], values[k, g]
    return count


@compiled(**BORROWED)
def first_due(
    guards, conditions, drive, varying, t, h, y0, y1, rows, p, owner, watched, was, count, points, values, space, due
):
    """Find the earliest place in an interpolated step where a watched jump becomes due.

    ``was[k]`` says whether the condition of jump k holds at the start, ``watched[k]`` whether it is looked for;
    ``points`` and ``values`` come from `scan`. Marks in ``due`` all jumps that become due there, and returns
    (place, a place before it where they are not due yet, the guard that decides).
    """
    n_jumps = was.size
    now = space[1, :n_jumps]
    state = space[2, :n_jumps]
    place = NOTHING
    before = 0.0
    guard = -1
    for k in range(n_jumps):
        state[k] = was[k]
        due[k] = 0.0
    for j in range(1, count):
        conditions(values[j], now)
        for k in range(n_jumps):
            if watched[k] != 0.0 and now[k] > 0.0 and state[k] == 0.0:
                g = _changing_guard(k, owner, values[j - 1], values[j])
                x = _cross(
                    guards, conditions, drive, varying, t, h, y0, y1, rows, p, k, g, points[j - 1], points[j],
                    values[j - 1, g], values[j, g], space,
                )  # fmt: skip
                conditions(values[j], now)
                due[k] = x
                if x < place:
                    place = x
                    before = points[j - 1]
                    guard = g
            state[k] = now[k]
        if place < NOTHING:
            break
    for k in range(n_jumps):
        due[k] = 1.0 if due[k] > 0.0 and due[k] <= place * (1.0 + SIMULTANEOUS) else 0.0
    return place, before, guard


@compiled(**BORROWED)
def _changing_guard(k, owner, left, right):
    """Return a guard of jump ``k`` that changes its sign between two places; its first guard if none does."""
    first = -1
    for g in range(owner.size):
        if owner[g] == k:
            if np.sign(left[g]) != np.sign(right[g]):
                return g
            if first < 0:
                first = g
    return first


@compiled(**BORROWED)
def _cross(guards, conditions, drive, varying, t, h, y0, y1, rows, p, k, g, low, high, g_low, g_high, space):
    """Return where condition ``k`` turns true between ``low`` (false) and ``high`` (true) on the interpolant."""
    point = space[0, : y0.size]
    values = space[3]
    now = space[1]
    moved = 0  # which end moved last: -1 low, 1 high
    for trial in range(MAX_TRIALS):
        width = max(LOCATION * high, CLOSEST)
        if high - low <= width:
            break
        x = 0.5 * (low + high)
        if trial % 4 != 3 and g_high != g_low:  # Illinois: false position that halves the value of an end that stays
            x = high - g_high * (high - low) / (g_high - g_low)
            x = min(max(x, low + 0.5 * width), high - 0.5 * width)
        guards_inside(guards, drive, varying, t, h, x, y0, y1, rows, p, point, values)
        conditions(values, now)
        if now[k] > 0.0:
            high = x
            g_high = values[g]
            g_low *= 0.5 if moved == 1 else 1.0
            moved = 1
        else:
            low = x
            g_low = values[g]
            g_high *= 0.5 if moved == -1 else 1.0
            moved = -1
    return high


@compiled(**BORROWED)
def locate(
    step, rhs, jacobian, time_derivative, parameter_jacobian, diagonal, guards, conditions,
    drive, t, y, h, p, free, tolerance, table, layout, work, y1, rows, place, before, guard, due, space,
):  # fmt: skip
    """Step from (t, y) to the time of an event.

    The step to ``place``, where the interpolant has the event, is made anew and its length corrected until all jumps
    marked in ``due`` hold at its end, not later than LOCATION of a step after they begin to.

    Returns
    -------
    float
        Length of the step in y1, as a fraction of ``h``; NOTHING if the event does not occur after all (a condition
        that the interpolant just touched): then y1 holds the whole step.
    """
    varying = layout[at.VARYING] != 0
    values = space[3]
    now = space[1]
    # How fast the guard rises there, per step, from the interpolant.
    apart = SECANT * place
    width = max(LOCATION * place, CLOSEST)
    guards_inside(guards, drive, varying, t, h, place - apart, y, y1, rows, p, space[0, : y.size], values)
    speed = -values[guard]
    guards_inside(guards, drive, varying, t, h, place, y, y1, rows, p, space[0, : y.size], values)
    speed = (speed + values[guard]) / apart
    adaptive = layout[at.ADAPTIVE]
    layout[at.ADAPTIVE] = 0  # the whole step was good enough, so is a part of it
    layout[at.DENSE] = 0
    low = before
    high = NOTHING
    reach = width
    x = place
    final = False
    for trial in range(MAX_TRIALS):
        final = final or trial == MAX_TRIALS - 1
        if final:
            layout[at.DENSE] = 1
            x = high if high < NOTHING else 1.0
        step(
            rhs, jacobian, time_derivative, parameter_jacobian, diagonal,
            drive, t, y, x * h, p, free, tolerance, table, layout, work, y1, rows,
        )  # fmt: skip
        if final:
            break
        guard_values(guards, drive, varying, t + x * h, y1, p, values)
        conditions(values, now)
        holds = True
        for k in range(due.size):
            holds = holds and (due[k] == 0.0 or now[k] > 0.0)
        root = x - values[guard] / speed + 0.5 * width if speed > 0.0 else NOTHING
        if holds:
            high = x
            final = high - low <= width or abs(x - root) <= width
        elif x < 1.0:
            low = x
        else:
            final = True
        if high == NOTHING:
            reach *= 8.0
            x = min(max(root if root < NOTHING else x, x + reach), 1.0)
        else:
            x = root if low < root < high else 0.5 * (low + high)
    layout[at.ADAPTIVE] = adaptive
    return high
