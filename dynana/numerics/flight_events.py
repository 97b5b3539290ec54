"""Events of flights: which jumps are due, where in a step, and what they do to the state.

A step that ends beyond an event is made anew from its start with a length that Newton's method corrects until it ends
on the event, so that times are as accurate as the method.

The arrays in ``room`` are those of `dynana.numerics.flights.bench`.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED

#: An event is located to this share of the step that leads to it.
LOCATION = 1e-13
#: An event right at the start of a step is located to this share of the whole of it: the rounding of the state.
ROUNDING = 3e-15
#: Jumps whose places differ by less than this share of the step are simultaneous.
SIMULTANEOUS = 1e-11
#: Trials to locate it; bisection alone would need 43.
MOST_TRIALS = 60
#: Jumps at one instant, at most.
MOST_AT_ONCE = 20
#: A stop that stands for a section: another jump that carries the state across it does not count.
SECTION = 2
#: A guard that turns inside a step comes close to zero if it is predicted to fall below this share of its value at the
#: nearer end; the step is then halved, up to this often (as often as it takes if it is predicted to pass zero).
NEAR, NEAR_HALVINGS, MOST_HALVINGS = 0.25, 3, 40
#: First step: the state changes by this share of its scale.
FIRST = 0.01


@compiled(**BORROWED)
def watch(rhs, guards, guard_gradients, z, p, free, values, rates, space, gradients):
    """Write the guards and how fast they change with the pace along the flow."""
    n = gradients.shape[1] - 1
    y = z[:n]
    f = space[0]
    rhs(0.0, y, p, f)
    guards(0.0, y, p, values)
    guard_gradients(0.0, y, p, gradients)
    total = 1.0
    for i in range(n):
        total += (p[p.size - n + i] * f[i]) ** 2
    for g in range(values.size):
        rates[g] = 0.0
        for i in range(n):
            rates[g] += gradients[g, i] * f[i] * free[i] / np.sqrt(total)


@compiled(**BORROWED)
def any_due(was, now, until, due):
    """Mark the jumps whose condition has turned true and that are not refractory; returns whether there are any."""
    found = False
    for k in range(was.size):
        due[k] = 1.0 if now[k] > 0.0 and was[k] == 0.0 and until[k] == np.inf else 0.0
        found = found or due[k] > 0.0
    return found


@compiled(**BORROWED)
def hidden(sides, h):
    """Return 2 if a guard seems to pass zero and come back inside a step, 1 if it comes close, 0 otherwise.

    Hermite's cubic through the values and rates at both ends says so.
    """
    worst = 0
    for g in range(sides.shape[1]):
        g0, rate0, g1, rate1 = sides[0, g], h * sides[1, g], sides[2, g], h * sides[3, g]
        sign = 1.0 if g1 > 0.0 else -1.0
        if g0 * g1 <= 0.0 or rate0 * sign >= 0.0 or rate1 * sign <= 0.0:
            continue
        # slope of the cubic: rate0 + 2 b x + 3 a x^2, negative at 0 and positive at 1 (times sign)
        b = 3.0 * (g1 - g0) - 2.0 * rate0 - rate1
        a = rate0 + rate1 - 2.0 * (g1 - g0)
        root = np.sqrt(max(b * b - 3.0 * a * rate0, 0.0))
        x = -rate0 / (b + sign * root)
        low = sign * (g0 + x * (rate0 + x * (b + x * a)))
        if low <= 0.0:
            worst = 2
        elif low < NEAR * min(abs(g0), abs(g1)):
            worst = max(worst, 1)
    return worst


@compiled(**BORROWED)
def _decisive(owner, values, rates, due):
    """Return the guard, of the jumps that are due, that has passed zero for the longest time; -1 if none has a rate."""
    best = -1
    longest = -1.0
    for g in range(owner.size):
        if due[owner[g]] > 0.0 and rates[g] != 0.0 and values[g] / rates[g] > longest:
            longest = values[g] / rates[g]
            best = g
    return best


@compiled(**BORROWED)
def _place(owner, sides, h, k, holds):
    """Return how much further in the step a jump becomes due, as a share of it; 0 where its condition holds."""
    if holds > 0.0:
        return 0.0
    near = np.inf
    for g in range(owner.size):
        if owner[g] == k and sides[3, g] != 0.0:
            near = min(near, abs(sides[2, g] / (sides[3, g] * h)))
    return near


@compiled(**BORROWED)
def locate(
    step, paced, matrix, vector, drive, rhs, guards, conditions, guard_gradients, p, tolerance, table, layout,
    owner, h, room,
):  # fmt: skip
    """Make the step anew that ends beyond an event, so that it ends on the first one; returns its share of ``h``."""
    free, z, z1, space, until, work, dense, derivatives, gradients, offsets, delays, images, sides, truth = room[:14]
    was, now, due, trial_due = truth[0], truth[1], truth[2], truth[3]
    low = 0.0
    high = 1.0
    x = 1.0
    for _ in range(MOST_TRIALS):
        g = _decisive(owner, sides[2], sides[3], due)
        change = sides[2, g] / (sides[3, g] * h) if g >= 0 else np.inf
        if high - low <= max(LOCATION * high, ROUNDING) or (x < 1.0 and abs(change) <= max(LOCATION * x, ROUNDING)):
            break
        x = x - change
        if not low < x < high:
            x = 0.5 * (low + high)
        step(
            paced, matrix, vector, matrix, vector, drive, 0.0, z, x * h, p, free, tolerance, table, layout, work,
            z1, dense,
        )  # fmt: skip
        watch(rhs, guards, guard_gradients, z1, p, free, sides[2], sides[3], space, gradients)
        conditions(sides[2], now)
        if any_due(was, now, until, trial_due):
            high = x
            for k in range(due.size):
                due[k] = trial_due[k]
        else:
            low = x
    first = np.inf
    for k in range(due.size):
        if due[k] > 0.0:
            first = min(first, _place(owner, sides, h, k, now[k]))
    for k in range(due.size):  # those that are due later in the step wait
        if due[k] > 0.0 and _place(owner, sides, h, k, now[k]) > first + SIMULTANEOUS:
            due[k] = 0.0
    return x


@compiled(**BORROWED)
def fire(guards, conditions, jump, refractory, t, p, stops, room):
    """Let all jumps happen that are due; returns how many, or -1 if they do not end.

    They are noted in ``jump_k``, ``befores`` and ``afters``; what the maps and refractory times do to the vectors is
    left to `pass_event`.
    """
    z, space, until = room[1], room[3], room[4]
    was, now, due = room[13][0], room[13][1], room[13][2]
    befores, afters, jump_k = room[14], room[15], room[17]
    n = befores.shape[1]
    count = 0
    k = 0
    while k < due.size:
        if due[k] == 0.0:
            k += 1
            continue
        if count == MOST_AT_ONCE:
            return -1
        for i in range(n):
            befores[count, i] = z[i]
        jump(k, t, z[:n], p, space[0, :n])
        jump_k[count] = k
        refractory(t, befores[count], p, space[1])
        resting = space[1, k] > 0.0
        for i in range(n):
            z[i] = afters[count, i] = space[0, i]
        count += 1
        due[k] = 0.0
        was[k] = 1.0
        guards(t, z[:n], p, space[2])
        conditions(space[2, : room[8].shape[0]], now)
        for j in range(due.size):
            if stops[j] == SECTION:
                was[j] = max(now[j], 1.0 if j == k else 0.0)
                continue
            if now[j] > 0.0 and was[j] == 0.0 and until[j] == np.inf and not (resting and j == k):
                due[j] = 1.0
            elif now[j] == 0.0:
                due[j] = 0.0
            was[j] = now[j]
        k = 0
    return count


@compiled(**BORROWED)
def first_length(rhs, p, scale, held_by, room):
    """Return a step over which the states change by a small share of their scale."""
    y = room[1][: scale.size]
    f = room[3][0, : scale.size]
    rhs(0.0, y, p, f)
    fastest = 0.0
    total = 1.0
    for i in range(scale.size):
        fastest = max(fastest, abs(f[i]) / scale[i] if held_by[i] < 0 else 0.0)
        total += (p[p.size - scale.size + i] * f[i]) ** 2
    return FIRST / fastest * np.sqrt(total) if fastest > 0.0 else np.inf
