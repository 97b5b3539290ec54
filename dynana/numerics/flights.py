"""Flights from event to event: many starts, each followed with its tangent vectors until chosen jumps have happened.

This is the time loop behind return maps. Some jumps of a system are *stops*: the reset of a neuron, or a jump that
changes nothing and stands for a section. A flight goes from just after one stop to just after the next, through any
other jumps and refractory times, and carries tangent vectors along: with the delay d with which a neighbouring orbit
meets the stop, DR (v + f d) is how far it is off there, the derivative of the return map.

The independent variable is a pace that goes like time where states change slowly and like the voltage in the upstroke
of a model that blows up (quadratic and exponential integrate-and-fire), where the time until the spike would be lost in
its rounding: Henon's trick, for the tangent vectors too. Time is one more state.

Henon (1982), Physica D 5:412-414.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED, RUN
from dynana.numerics.flight_events import (
    MOST_AT_ONCE,
    MOST_HALVINGS,
    NEAR_HALVINGS,
    SECTION,
    any_due,
    fire,
    first_length,
    hidden,
    locate,
    watch,
)
from dynana.numerics.runge_kutta import DRIVE, STEPPER
from dynana.numerics.saltation import pass_event
from dynana.numerics.settling import inside
from dynana.numerics.signatures import CONDITION, INDEX, INDICES, JUMP, JUMP_MATRIX, MATRIX, REAL, ROW, TABLE, VECTOR
from dynana.numerics.signatures import function_type as _function
from dynana.numerics.workbench import BOX

#: How a start ended, beside the equilibrium (0, 1, ...) at which it rests.
RETURNED, LATE, ESCAPED, CROWDED = -1, -2, -3, -4
#: What happens to the tangent vectors at a stop: they go on, begin anew, or are made unit vectors (the first of them).
CONTINUE, RENEW, NORMALISE = range(3)

#: Steps of one flight, at most.
MOST_STEPS = 100_000
#: A state beyond this has left every scale of a model.
BOUND = 1e100
#: Share of the step that the error would allow: an error grows threefold from step to step towards a spike.
SAFETY = 0.8
#: Steps below this, in units of time, have no end.
SMALLEST_STEP = 1e-290

_V, _M = _function(VECTOR), _function(MATRIX)
#: free, z, z1, space, until (vectors), work, dense, derivatives, gradients, offsets, delays, images, sides (guards and
#: their rates at both ends), truth (conditions at the start and now, jumps due, due in a trial), befores, afters,
#: held_by, jump_k; see `bench`.
BENCH = types.Tuple((ROW,) * 3 + (TABLE,) + (ROW,) + (TABLE,) * 11 + (INDICES,) * 2)
FLIER = types.void(
    *(_function(STEPPER), _V, _M, _V, DRIVE, _V, _V, _function(CONDITION), _M, _function(JUMP)),
    *(_function(JUMP_MATRIX), _V, TABLE, TABLE, INDICES, ROW, INDICES, TABLE, INDICES, ROW, ROW),
    *(TABLE, BOX, INDICES),
    *(TABLE, TABLE, INDEX, INDEX, INDEX, INDEX, REAL, BENCH),
    *(INDICES, INDICES, ROW, BOX, TABLE, types.Array(types.float64, 4, "C"), BOX, TABLE, TABLE),
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
    watch(rhs, guards, guard_gradients, z, p, free, sides[0], sides[1], space, gradients)
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
    """Make one flight from where ``room`` stands, just after the jump ``first``.

    Returns how it ended, its length and the stop.

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
    h = first_length(rhs, p, scale, held_by, room)
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
                watch(rhs, guards, guard_gradients, z1, p, free, sides[2], sides[3], space, gradients)
                conditions(sides[2], now)
                event = any_due(was, now, until, due)
                if not event:
                    turn = hidden(sides, length)
                    if turn > 0 and halvings < (MOST_HALVINGS if turn == 2 else NEAR_HALVINGS):
                        h = 0.5 * length
                        halvings += 1
                        continue
                halvings = 0
                whole = length == limit - t
                h = length * min(5.0, SAFETY * max(error, 1e-8) ** -0.125)
                if event:
                    whole = False
                    length *= locate(
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
        fired = fire(guards, conditions, jump, refractory, t, p, stops, room) if event else 0
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
        h = first_length(rhs, p, scale, held_by, room)
        if released:
            for k in range(due.size):
                due[k] = 1.0 if stops[k] != SECTION and was[k] > 0.0 and k != last and until[k] == np.inf else 0.0
                event = event or due[k] > 0.0
    return LATE, t, -1


@compiled(**BORROWED)
def _at_stop(mode, basis, t, stop, record, outs, cell, room):
    """Note a complete flight, and set the clock and the vectors for the next one."""
    states, times, vectors, late, growth, rests = outs
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
        if record >= 0 and k != stop and until[k] < np.inf:
            rests[cell, record] = max(rests[cell, record], until[k])


def fly(
    step, paced, matrix, vector, drive, rhs, guards, conditions, guard_gradients, jump, jump_derivatives,
    refractory, parameters, table, layout, tolerance, owner, holds, stops, scale, pace, centres, forms, owners,
    starts, basis, first_jump, mode, returns, skip, longest, room,
    outcomes, counts, elapsed, states, times, vectors, late, growth, rests,
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
    elapsed : ndarray, shape (k,)
        Written: the time of all its flights.
    states, times, vectors, late, growth : ndarray
        Written for each recorded flight: (k, r, n) states just after stops, (k, r) durations, (k, r, count, n) vectors
        and (k, r, count) delays there, (k, r) logarithms of lengths (mode NORMALISE). Others stay as they are.
    rests : ndarray, shape (k, r)
        Zeros. Written: what is left, just after stops, of the longest refractory time of another jump.
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
        elapsed[cell] = 0.0
        for flight in range(returns):
            outcome, t, stop = fly_once(
                step, paced, matrix, vector, drive, rhs, guards, conditions, guard_gradients, jump,
                jump_derivatives, refractory, p, table, layout, tolerance, owner, holds, stops, scale, pace,
                centres, forms, owners, last, longest, room,
            )  # fmt: skip
            outcomes[cell] = outcome
            elapsed[cell] += t
            if outcome != RETURNED:
                break
            counts[cell] += 1
            last = stop
            _at_stop(mode, basis, t, stop, flight - skip, (states, times, vectors, late, growth, rests), cell, room)


@cache
def flier() -> Any:
    """Return `fly`, compiled; threads can run it side by side."""
    return compiled(FLIER, **RUN, nogil=True, no_cfunc_wrapper=True)(fly)
