"""Flights from event to event: many starts, each followed with its tangent vectors until chosen jumps have happened.

This is the time loop behind return maps. Some jumps of a system are *stops*: the reset of a neuron, or a jump that
changes nothing and stands for a section. A flight goes from just after one stop to just after the next, through any
other jumps and refractory times, and carries tangent vectors along: with the delay d with which a neighbouring orbit
meets the stop, DR (v + f d) is how far it is off there, the derivative of the return map.

A step that ends beyond an event is made anew from its start with a length that Newton's method corrects until it ends
on the event, so that times are as accurate as the method. The independent variable is a pace that goes like time where
states change slowly and like the voltage in the upstroke of a model that blows up (quadratic and exponential
integrate-and-fire), where the time until the spike would be lost in its rounding: Henon's trick, for the tangent
vectors too. Time is one more state.

Henon (1982), Physica D 5:412-414.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED
from dynana.numerics.runge_kutta import DRIVE, STEPPER
from dynana.numerics.saltation import pass_event
from dynana.numerics.settling import inside
from dynana.numerics.signatures import (
    CONDITION, INDEX, INDICES, JUMP, JUMP_MATRIX, MATRIX, REAL, ROW, TABLE, VECTOR, function_type,
)  # fmt: skip
from dynana.numerics.workbench import BOX

#: How a start ended, beside the equilibrium (0, 1, ...) at which it rests.
RETURNED, LATE, ESCAPED, CROWDED = -1, -2, -3, -4
#: What happens to the tangent vectors at a stop: they go on, begin anew, or are made unit vectors (the first of them).
CONTINUE, RENEW, NORMALISE = range(3)

#: An event is located to this share of the step that leads to it.
LOCATION = 1e-13
#: Jumps whose places differ by less than this share of the step are simultaneous.
SIMULTANEOUS = 1e-11
#: Trials to locate it; bisection alone would need 43.
MOST_TRIALS = 60
#: Steps of one flight, at most.
MOST_STEPS = 100_000
#: Jumps at one instant, at most.
MOST_AT_ONCE = 20
#: A state beyond this has left every scale of a model.
BOUND = 1e100
#: Share of the step that the error would allow: an error grows threefold from step to step towards a spike.
SAFETY = 0.8
#: Steps below this, in units of time, have no end.
SMALLEST_STEP = 1e-290
#: A stop that stands for a section: another jump that carries the state across it does not count.
SECTION = 2
#: First step: the state changes by this share of its scale.
FIRST = 0.01
#: A guard that turns inside a step comes close to zero if it is predicted to fall below this share of its value at the
#: nearer end; the step is then halved, up to this often (as often as it takes if it is predicted to pass zero).
NEAR, NEAR_HALVINGS, MOST_HALVINGS = 0.25, 3, 40

_V, _M = function_type(VECTOR), function_type(MATRIX)
#: free, z, z1, space, until (vectors), work, dense, derivatives, gradients, offsets, delays, images, sides (guards and
#: their rates at both ends), truth (conditions at the start and now, jumps due, due in a trial), befores, afters,
#: held_by, jump_k; see `bench`.
BENCH = types.Tuple((ROW,) * 3 + (TABLE,) + (ROW,) + (TABLE,) * 11 + (INDICES,) * 2)
FLIER = types.void(
    *(function_type(STEPPER), _V, _M, _V, DRIVE, _V, _V, function_type(CONDITION), _M, function_type(JUMP)),
    *(function_type(JUMP_MATRIX), _V, TABLE, TABLE, INDICES, ROW, INDICES, TABLE, INDICES, ROW, ROW, TABLE, BOX, INDICES),
    *(TABLE, TABLE, INDEX, INDEX, INDEX, INDEX, REAL, BENCH),
    *(INDICES, INDICES, BOX, TABLE, types.Array(types.float64, 4, "C"), BOX, TABLE),
)


def bench(n: int, count: int, n_jumps: int, n_guards: int, stages: int) -> tuple[Any, ...]:
    """Return the work space of `fly`; ``stages`` are the rows of work of the stepper, ``count`` the vectors."""
    size = n * (count + 1) + 1
    wide = max(size, n_jumps, n_guards, count)
    shapes: tuple[Any, ...] = (size, size, size, (5, wide), n_jumps, (stages, size), (1, size), (n + 1, n + 1))
    shapes += ((n_guards, n + 1), (count, n), (count, n_jumps), (count, n), (4, n_guards), (4, n_jumps))
    shapes += ((MOST_AT_ONCE, n), (MOST_AT_ONCE, n))
    rooms = tuple(np.zeros(shape) for shape in shapes)
    return (*rooms, np.zeros(n, np.int64), np.zeros(MOST_AT_ONCE, np.int64))


@compiled(**BORROWED)
def _watch(rhs, guards, guard_gradients, z, p, free, values, rates, space, gradients):
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
def _any_due(was, now, until, due):
    """Mark the jumps whose condition has turned true and that are not refractory; returns whether there are any."""
    found = False
    for k in range(was.size):
        due[k] = 1.0 if now[k] > 0.0 and was[k] == 0.0 and until[k] == np.inf else 0.0
        found = found or due[k] > 0.0
    return found


@compiled(**BORROWED)
def _hidden(sides, h):
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
def _locate(
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
        if high - low <= LOCATION * high or (x < 1.0 and abs(change) <= LOCATION * x):
            break
        x = x - change
        if not low < x < high:
            x = 0.5 * (low + high)
        step(
            paced, matrix, vector, matrix, vector, drive, 0.0, z, x * h, p, free, tolerance, table, layout, work,
            z1, dense,
        )  # fmt: skip
        _watch(rhs, guards, guard_gradients, z1, p, free, sides[2], sides[3], space, gradients)
        conditions(sides[2], now)
        if _any_due(was, now, until, trial_due):
            high = x
            for k in range(due.size):
                due[k] = trial_due[k]
        else:
            low = x
    for k in range(due.size):  # those that are due later in the step wait
        if due[k] > 0.0 and now[k] == 0.0:
            near = np.inf
            for g in range(owner.size):
                if owner[g] == k:
                    near = min(near, abs(sides[2, g] / (sides[3, g] * h)))
            if not near <= SIMULTANEOUS * x:
                due[k] = 0.0
    return x


@compiled(**BORROWED)
def _fire(guards, conditions, jump, refractory, t, p, stops, room):
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
def _first_length(rhs, p, scale, held_by, room):
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


@compiled(**BORROWED)
def _begin(rhs, guards, conditions, guard_gradients, p, pace, first, layout, room):
    """Prepare for steps from a state at which derivatives or guards are not those of the step before.

    While a jump is refractory the pace is that of time, so that steps can end with it.
    """
    timed = False
    for k in range(room[4].size):
        timed = timed or room[4][k] < np.inf
    for i in range(pace.size):
        p[p.size - pace.size + i] = 0.0 if timed else pace[i]
    free, z, space, gradients, sides, was, held_by = room[0], room[1], room[3], room[8], room[12], room[13][0], room[16]
    n = held_by.size
    for i in range(z.size - 1):
        free[i] = 1.0 if held_by[i % n] < 0 else 0.0
    free[z.size - 1] = 1.0
    _watch(rhs, guards, guard_gradients, z, p, free, sides[0], sides[1], space, gradients)
    conditions(sides[0], was)
    if first >= 0:
        was[first] = 1.0
    layout[at.FRESH] = 0


@compiled(**BORROWED)
def fly_once(
    step, paced, matrix, vector, drive, rhs, guards, conditions, guard_gradients, jump, jump_derivatives,
    refractory, p, table, layout, tolerance, owner, holds, stops, scale, pace, centres, forms, owners, first,
    longest, room,
):  # fmt: skip
    """Make one flight from where ``room`` stands, just after the jump ``first``; returns how it ended, its length and the stop.

    At the end of a complete flight ``images`` has the vectors just after the stop, and the fourth row of ``space`` the
    delays of their orbits.
    """
    free, z, z1, space, until, work, dense, derivatives, gradients, offsets, delays, images, sides, truth = room[:14]
    befores, afters, held_by, jump_k = room[14:]
    n = scale.size
    count = images.shape[0]
    y = z[:n]
    was, now, due = truth[0], truth[1], truth[2]
    t = z[z.size - 1] = 0.0
    halvings = 0
    _begin(rhs, guards, conditions, guard_gradients, p, pace, first, layout, room)
    event = False
    for k in range(due.size):  # a start beyond a threshold
        due[k] = 1.0 if first < 0 and stops[k] != SECTION and was[k] > 0.0 else 0.0
        event = event or due[k] > 0.0
    at_start = event
    h = _first_length(rhs, p, scale, held_by, room)
    for _ in range(MOST_STEPS):
        limit = longest
        for k in range(until.size):
            limit = min(limit, until[k])
        if not event:
            if t >= longest:
                return LATE, t, -1
            if limit == longest:
                label = inside(y, scale, centres, forms, owners)
                if label >= 0:
                    return label, t, -1
            if t < limit:
                length = min(h, limit - t) if limit < longest else h
                error = step(
                    paced, matrix, vector, matrix, vector, drive, 0.0, z, length, p, free, tolerance, table,
                    layout, work, z1, dense,
                )  # fmt: skip
                if not error <= 1.0:
                    h = length * (max(0.2, SAFETY * error**-0.125) if error < np.inf else 0.2)
                    if h < SMALLEST_STEP:
                        return ESCAPED, t, -1
                    continue
                _watch(rhs, guards, guard_gradients, z1, p, free, sides[2], sides[3], space, gradients)
                conditions(sides[2], now)
                event = _any_due(was, now, until, due)
                if not event:
                    hidden = _hidden(sides, length)
                    if hidden > 0 and halvings < (MOST_HALVINGS if hidden == 2 else NEAR_HALVINGS):
                        h = 0.5 * length
                        halvings += 1
                        continue
                halvings = 0
                whole = length == limit - t
                h = length * min(5.0, SAFETY * max(error, 1e-8) ** -0.125)
                if event:
                    whole = False
                    length *= _locate(
                        step, paced, matrix, vector, drive, rhs, guards, conditions, guard_gradients, p,
                        tolerance, table, layout, owner, length, room,
                    )  # fmt: skip
                for i in range(z.size):
                    z[i] = z1[i]
                    work[0, i] = work[layout[at.LAST], i]
                t = z[z.size - 1] = limit if whole and limit < longest else z[z.size - 1]
                for i in range(n):
                    if not abs(z[i]) < BOUND:
                        return ESCAPED, t, -1
                for g in range(owner.size):
                    sides[0, g], sides[1, g] = sides[2, g], sides[3, g]
                for k in range(was.size):
                    was[k] = now[k] if until[k] == np.inf else 0.0
        released = False
        for k in range(until.size):
            released = released or until[k] <= t
        if not event and not released:
            continue
        for r in range(count):
            for i in range(n):
                offsets[r, i] = z[n * (r + 1) + i]
        fired = _fire(guards, conditions, jump, refractory, t, p, stops, room) if event else 0
        if fired < 0:
            return CROWDED, t, -1
        pass_event(
            rhs, guards, guard_gradients, jump_derivatives, refractory, t, 0.0, befores[0] if fired else y, 0, fired,
            jump_k, befores, afters, owner, holds, p, until, held_by, offsets, delays, images, at_start, space,
            derivatives, gradients,
        )  # fmt: skip
        for r in range(count):
            for i in range(n):
                z[n * (r + 1) + i] = offsets[r, i]
        last = -1
        for j in range(fired):
            last = jump_k[j]
            if stops[last] > 0:
                return RETURNED, t, last
        _begin(rhs, guards, conditions, guard_gradients, p, pace, last, layout, room)
        event = False
        at_start = False
        h = _first_length(rhs, p, scale, held_by, room)
        if released:
            for k in range(due.size):
                due[k] = 1.0 if stops[k] != SECTION and was[k] > 0.0 and k != last and until[k] == np.inf else 0.0
                event = event or due[k] > 0.0
    return LATE, t, -1


@compiled(**BORROWED)
def _at_stop(mode, basis, t, record, outs, cell, room):
    """Note a complete flight, and set the clock and the vectors for the next one."""
    states, times, vectors, late, growth = outs
    z, space, until, delays, images = room[1], room[3], room[4], room[10], room[11]
    count, n = images.shape
    delay = space[3]
    if record >= 0:
        times[cell, record] = t
        for i in range(n):
            states[cell, record, i] = z[i]
        for r in range(count):
            late[cell, record, r] = delay[r]
            for i in range(n):
                vectors[cell, record, r, i] = images[r, i]
    length = 1.0
    if mode == NORMALISE:
        total = 0.0
        for i in range(n):
            total += images[0, i] ** 2
        length = np.sqrt(total)
        if record >= 0:
            growth[cell, record] = np.log(length)
    for r in range(count):
        for i in range(n):
            z[n * (r + 1) + i] = basis[r, i] if mode == RENEW or length == 0.0 else images[r, i] / length
        for k in range(until.size):
            late_by = delays[r, k] - delay[r] if until[k] < np.inf else 0.0
            delays[r, k] = 0.0 if mode == RENEW or length == 0.0 else late_by / length
    for k in range(until.size):
        until[k] -= t


def fly(
    step, paced, matrix, vector, drive, rhs, guards, conditions, guard_gradients, jump, jump_derivatives,
    refractory, parameters, table, layout, tolerance, owner, holds, stops, scale, pace, centres, forms, owners,
    starts, basis, first_jump, mode, returns, skip, longest, room,
    outcomes, counts, states, times, vectors, late, growth,
):  # fmt: skip
    """Follow every start from stop to stop; for autonomous systems without switching surfaces.

    Parameters
    ----------
    step, matrix, vector, drive
        The explicit stepper, kernels that do nothing, no inputs.
    paced, rhs, guards, conditions, guard_gradients, jump, jump_derivatives, refractory : kernels
        Of the system with its sections among the jumps.
    parameters : ndarray, shape (k, n_parameters + n)
        With room for ``pace`` at the end.
    table, layout
        Coefficients of the method, see `run_state`.
    tolerance : ndarray, shape (2 + n + count n,)
        rtol, and atol of the states, vectors and time.
    owner, holds
        As in `dynana.numerics.orbit`.
    stops : ndarray of int64, shape (n_jumps,)
        1 for a jump at which flights end, SECTION for one that stands for a section, 0 for others.
    scale : ndarray, shape (n,)
        Sizes of the states.
    pace : ndarray, shape (n,)
        What the derivatives are multiplied by in the pace: the inverse of the speeds beyond which it is not time.
    centres, forms, owners
        Trapping ellipsoids of equilibria, see `settling`.
    starts : ndarray, shape (k, n)
    basis : ndarray, shape (count, n)
        Tangent vectors at the start.
    first_jump : int
        The jump just after which the starts stand, with its refractory time; -1 for none.
    mode, returns, skip : int
        What happens to vectors at stops; flights of each start, and how many of them are not recorded.
    longest : float
        Longest flight.
    room : tuple
        See `bench`.
    outcomes, counts : ndarray of int64, shape (k,)
        Written: how each start ended, and its complete flights.
    states, times, vectors, late, growth : ndarray
        Written for each recorded flight: (k, r, n) states just after stops, (k, r) durations, (k, r, count, n) vectors
        and (k, r, count) delays there, (k, r) logarithms of lengths (mode NORMALISE). Others stay as they are.
    """
    z, space, until, delays, held_by = room[1], room[3], room[4], room[10], room[16]
    n = starts.shape[1]
    for cell in range(starts.shape[0]):
        p = parameters[cell]
        for i in range(n):
            z[i] = starts[cell, i]
            held_by[i] = -1
        for r in range(basis.shape[0]):
            for i in range(n):
                z[n * (r + 1) + i] = basis[r, i]
            for k in range(until.size):
                delays[r, k] = 0.0
        z[z.size - 1] = 0.0
        for k in range(until.size):
            until[k] = np.inf
        if first_jump >= 0:
            refractory(0.0, z[:n], p, space[1])
            if space[1, first_jump] > 0.0:
                until[first_jump] = space[1, first_jump]
                for i in range(n):
                    held_by[i] = first_jump if holds[first_jump, i] != 0.0 else -1
        last = first_jump
        counts[cell] = 0
        for flight in range(returns):
            outcome, t, stop = fly_once(
                step, paced, matrix, vector, drive, rhs, guards, conditions, guard_gradients, jump,
                jump_derivatives, refractory, p, table, layout, tolerance, owner, holds, stops, scale, pace,
                centres, forms, owners, last, longest, room,
            )  # fmt: skip
            outcomes[cell] = outcome
            if outcome != RETURNED:
                break
            counts[cell] += 1
            last = stop
            _at_stop(mode, basis, t, flight - skip, (states, times, vectors, late, growth), cell, room)


@cache
def flier() -> Any:
    """Return `fly`, compiled; threads can run it side by side."""
    return compiled(FLIER, **BORROWED, nogil=True, no_cfunc_wrapper=True)(fly)
