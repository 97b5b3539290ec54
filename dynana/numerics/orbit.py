"""The time loop of one system: steps of any method, inputs, switching surfaces, jumps and holds.

`advance` integrates from where its state arrays stand until the end, until its output arrays are full, or until
something stops it. All that has to survive between calls is in arrays the caller owns, so a run may be cut into chunks
anywhere without changing a bit. Kernels and steppers come as first-class functions: it is compiled once for all models.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from dynana.numerics import exponential_euler, rosenbrock, runge_kutta
from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import RUN, interpolate
from dynana.numerics.events import NOTHING
from dynana.numerics.finding import find_jump, find_nothing
from dynana.numerics.inputs import apply_inputs, set_cursor
from dynana.numerics.jumps import MAX_AT_ONCE, next_release, record_row, release, settle, settle_nothing
from dynana.numerics.runge_kutta import STEPPER, slope
from dynana.numerics.step_length import after_acceptance, after_rejection, first_step, is_stiff
from dynana.numerics.surfaces import ABSENT, CROSSING, MAX_LANDINGS, NEAR, cross, last_place_before, parabola
from dynana.numerics.workbench import DRIVER, FINDER, SETTLER

#: Rejections in succession after which a step is hopeless: lengths fall by 1e-12 at least, mostly by 1e-60.
MAX_REJECTIONS = 60
#: Steps in succession below the rounding of time: far more than any spike takes.
MAX_STALLED = 20_000
#: Crossings of switching surfaces in succession, each within SLIDING_TIME of the one before, after which the state
#: slides along a surface: on both sides the derivatives point to it.
MAX_CROSSINGS = 200
#: Share of the length of a run: a run that really crosses so often would take 1e9 steps.
SLIDING_TIME = 1e-9
#: Beyond this a state has left every scale of a model.
BOUND = 1e100
#: Fixed steps treat times as equal that differ by less than this share of dt.
SAME_GRID_TIME = 1e-9
#: Relative distance of neighbouring times.
ROUNDING = 4e-16
#: A step that would end this close before its target, relative to its length, is made to end there.
STUMP = 1e-10


def advance(
    step, rhs, jacobian, time_derivative, parameter_jacobian, diagonal, guards, conditions, jump, refractory, switches,
    find, settled, drive, breaks, clock, count, y, p, tolerance, table, layout,
    owner, holds, hold_until, jump_until, was, recent, samples,
    out_t, out_y, out_rows, jump_t, jump_k, jump_before, jump_after, work, bench,
):  # fmt: skip
    """Integrate until something happens that the caller has to know.

    Parameters
    ----------
    step ... switches : functions
        The method and the kernels of the system.
    find, settled : functions
        `find_jump` and `settle`, or what stands in for them.
    drive, breaks
        Inputs and their breakpoints, see `dynana.numerics.inputs`.
    clock, count, layout : ndarray
        State of the run, see `run_state`.
    y, p : ndarray, shape (n,), (n_parameters,)
        State and parameters, changed in place.
    tolerance : ndarray, shape (1 + n,)
        rtol and the n values of atol.
    table : ndarray
        Coefficients of the method.
    owner : ndarray of int64, shape (n_guards,)
        Jump of each guard.
    holds : ndarray, shape (n_jumps, n)
        1 where a jump holds a state while refractory.
    hold_until, jump_until, was, recent : ndarray
        State of holds and jumps, see `jumps`.
    samples : ndarray
        Increasing times at which the state is wanted; empty for all steps.
    out_t, out_y, out_rows, jump_t, jump_k, jump_before, jump_after : ndarray
        Output, filled from the start in each call; ``count[ROWS]`` and ``count[JUMPS]`` say how far.
    work : ndarray, shape (any, n)
        Work space of the stepper.
    bench : tuple of ndarray
        See `workbench`.

    Returns
    -------
    int
        A reason from `run_state`.
    """
    y1, point, point2, rows, blank, _, _, _, _, _, sides, sides1, free = bench
    cursor, index, first, piece_start, piece = drive
    n = y.size
    n_jumps = was.size
    located = count[at.LOCATED] != 0
    adaptive = layout[at.ADAPTIVE] != 0
    varying = layout[at.VARYING] != 0
    sampling = count[at.SAMPLING] != 0
    t = clock[at.TIME]
    t_low = clock[at.TIME_LOW]
    h = clock[at.STEP]
    start = clock[at.START]
    end = clock[at.END]
    dt = clock[at.DT]
    slack = 0.0 if adaptive else SAME_GRID_TIME * dt
    for i in range(n):
        free[i] = 0.0 if hold_until[i] > -np.inf else 1.0
    layout[at.FRESH] = 0
    count[at.ROWS] = 0
    count[at.JUMPS] = 0
    arrived = count[at.STARTED] == 0
    touched = False
    if arrived:
        count[at.STARTED] = 1
        count[at.RESTART] = 1
        set_cursor(t, first, piece_start, cursor)
        apply_inputs(t, cursor, index, piece_start, piece, p)
        if not sampling:
            record_row(t, y, blank, count, out_t, out_y, out_rows)
    else:
        apply_inputs(t, cursor, index, piece_start, piece, p)
    status = at.RUNNING

    while status == at.RUNNING:
        # -- what happens at the time that has been reached --------------------------------------------------------
        if arrived:
            arrived = False
            next_break = count[at.NEXT_BREAK]
            while next_break < breaks.size and t + slack >= breaks[next_break]:
                if located:
                    set_cursor(breaks[next_break], first, piece_start, cursor)
                    apply_inputs(t, cursor, index, piece_start, piece, p)
                    layout[at.FRESH] = 0
                    count[at.RESTART] = 1
                next_break += 1
            count[at.NEXT_BREAK] = next_break
            if n_jumps:
                changed = release(t, slack, hold_until, jump_until, free)
                jumps_before = count[at.TOTAL_JUMPS]
                status = settled(
                    guards, conditions, jump, refractory, drive, layout, t, y, p, holds, hold_until, jump_until, was,
                    count, recent, bench, out_t, out_y, out_rows, jump_t, jump_k, jump_before, jump_after,
                )  # fmt: skip
                if changed or count[at.TOTAL_JUMPS] != jumps_before:
                    layout[at.FRESH] = 0
                    count[at.RESTART] = 1
                    count[at.STALLED] = 0
            if status != at.RUNNING:
                break
        while sampling and count[at.NEXT_SAMPLE] < samples.size and samples[count[at.NEXT_SAMPLE]] <= t:
            record_row(samples[count[at.NEXT_SAMPLE]], y, blank, count, out_t, out_y, out_rows)
            count[at.NEXT_SAMPLE] += 1
        if t >= end:
            status = at.FINISHED
            break
        room = sampling or count[at.ROWS] + MAX_AT_ONCE + 2 <= out_t.size
        if count[at.N_STEPS] >= count[at.PAUSE_AT] or not room or count[at.JUMPS] + MAX_AT_ONCE + 2 > jump_t.size:
            status = at.PAUSED
            break
        if count[at.N_STEPS] + count[at.N_REJECTED] >= count[at.MAX_STEPS]:
            status = at.TOO_MANY_STEPS
            break

        # -- where the next step may go ----------------------------------------------------------------------------
        target = end
        if not adaptive and start + (count[at.GRID] + 1) * dt < end - slack:
            target = start + (count[at.GRID] + 1) * dt
        if located:
            if count[at.NEXT_BREAK] < breaks.size:
                target = min(target, breaks[count[at.NEXT_BREAK]])
            if n_jumps:
                target = min(target, next_release(hold_until, jump_until))
        elif cursor.size:
            set_cursor(t + 0.5 * dt, first, piece_start, cursor)
            apply_inputs(t, cursor, index, piece_start, piece, p)
            layout[at.FRESH] = 0
        distance = (target - t) - t_low
        trial = distance
        proposed = distance
        lands = True
        if adaptive:
            if count[at.RESTART]:
                slope(rhs, drive, varying, t, y, p, free, point2)
                for i in range(n):
                    work[0, i] = point2[i]
                h = min(clock[at.LONGEST], distance)
                h = first_step(
                    rhs, drive, varying, t, h, clock[at.ERROR_ORDER], y, p, free, tolerance, point2, point, y1
                )
                layout[at.CALLS] += 2
                layout[at.FRESH] = 1 if layout[at.LAST] >= 0 else 0
                clock[at.LAST_ERROR] = 1.0
                count[at.RESTART] = 0
            proposed = min(h, clock[at.LONGEST])
            lands = proposed >= distance * (1.0 - STUMP)
            if not lands:
                trial = min(proposed, 0.5 * distance)  # two equal steps instead of a long one and a stump

        # -- a step, shortened until it ends before the switching surfaces -----------------------------------------
        crossing = 0.0
        landings = MAX_LANDINGS if sides.size and located and not touched else 0
        touched = False
        error = 0.0
        while True:
            error = step(
                rhs, jacobian, time_derivative, parameter_jacobian, diagonal,
                drive, t, y, trial, p, free, tolerance, table, layout, work, y1, rows,
            )  # fmt: skip
            if landings == 0 or not error < np.inf:
                break
            landings -= 1
            if error > 1.0:
                parabola(trial, y, y1, work[0], rows)
            if varying:
                apply_inputs(t, cursor, index, piece_start, piece, p)
            switches(t, y, p, sides)
            x = last_place_before(switches, drive, varying, t, trial, y, y1, rows, p, sides, sides1, point)
            if x == ABSENT:
                break
            if error > 1.0:
                count[at.N_REJECTED] += 1
            if x * trial <= max(NEAR * clock[at.LAST_STEP], ROUNDING * abs(t)):
                crossing = max(2.0 * x * trial, CROSSING * max(clock[at.LAST_STEP], trial), ROUNDING * abs(t))
                break
            trial *= x
            lands = False
        if crossing > 0.0:
            crossing = cross(switches, t, crossing, y, p, work[0], sides, sides1, y1)
            if crossing == 0.0:
                touched = True  # the next attempt steps over it
                continue
            trial = crossing
            lands = False
            error = 0.0
            for j in range(rows.shape[0]):
                for i in range(n):
                    rows[j, i] = 0.0

        # -- accept or reject --------------------------------------------------------------------------------------
        finite = True
        for i in range(n):
            finite = finite and abs(y1[i]) < BOUND
        if adaptive and not (error <= 1.0 and finite):
            count[at.N_REJECTED] += 1
            count[at.REJECTIONS] += 1
            h = after_rejection(trial, error, clock[at.ERROR_ORDER])
            if count[at.REJECTIONS] > MAX_REJECTIONS:
                status = at.STEP_TOO_SMALL
            continue
        if not finite:
            status = at.BLOW_UP
            break

        # -- jumps inside the step ---------------------------------------------------------------------------------
        if n_jumps and located and crossing == 0.0:
            place = find(
                step, rhs, jacobian, time_derivative, parameter_jacobian, diagonal, guards, conditions,
                drive, t, y, trial, p, tolerance, table, layout, owner, jump_until, was, work, bench,
            )  # fmt: skip
            if place < NOTHING:
                lands = lands and place == 1.0
                trial *= place

        # -- move --------------------------------------------------------------------------------------------------
        t_before = t
        low_before = t_low
        if lands:
            t = target
            t_low = 0.0
        else:
            small = t_low + trial
            t = t_before + small
            t_low = small - (t - t_before)
        while sampling and count[at.NEXT_SAMPLE] < samples.size and samples[count[at.NEXT_SAMPLE]] < t:
            x = ((samples[count[at.NEXT_SAMPLE]] - t_before) - low_before) / trial
            interpolate(min(max(x, 0.0), 1.0), y, y1, rows, point)
            record_row(samples[count[at.NEXT_SAMPLE]], point, blank, count, out_t, out_y, out_rows)
            count[at.NEXT_SAMPLE] += 1
        for i in range(n):
            y[i] = y1[i]
        if not sampling:
            record_row(t, y, rows, count, out_t, out_y, out_rows)
        arrived = True
        count[at.N_STEPS] += 1
        layout[at.FRESH] = 0
        if crossing > 0.0:
            fast = t - clock[at.LAST_CROSSING] <= SLIDING_TIME * (end - start)
            count[at.CROSSINGS] = count[at.CROSSINGS] + 1 if fast else 0
            clock[at.LAST_CROSSING] = t
            if count[at.CROSSINGS] > MAX_CROSSINGS:
                status = at.SLIDING
            continue
        if layout[at.LAST] >= 0:
            for i in range(n):
                work[0, i] = work[layout[at.LAST], i]
            layout[at.FRESH] = 1
        if adaptive:
            h = after_acceptance(trial, proposed, error, count[at.REJECTIONS], clock)
            count[at.REJECTIONS] = 0
            clock[at.LAST_STEP] = trial
            count[at.STALLED] = count[at.STALLED] + 1 if trial < ROUNDING * abs(t) else 0
            if count[at.STALLED] > MAX_STALLED:
                status = at.STEP_TOO_SMALL
            if count[at.WATCH_STIFFNESS] and is_stiff(work[layout[at.STIFFNESS], 0], clock, count):
                status = at.STIFF
        else:
            clock[at.LAST_STEP] = dt
            if t >= start + (count[at.GRID] + 1) * dt - slack:
                count[at.GRID] += 1

    clock[at.TIME] = t
    clock[at.TIME_LOW] = t_low
    clock[at.STEP] = h
    return status


@cache
def driver() -> Any:
    """Return `advance`, compiled."""
    return compiled(DRIVER, **RUN, no_cfunc_wrapper=True)(advance)


@cache
def jump_functions(present: bool) -> tuple[Any, Any]:
    """Return the functions that find and fire jumps, compiled; without jumps those that stand in for them."""
    find, fire = (find_jump, settle) if present else (find_nothing, settle_nothing)
    return compiled(FINDER, **RUN)(find), compiled(SETTLER, **RUN)(fire)


@cache
def stepper(name: str) -> Any:
    """Return a compiled stepper: "explicit", "rosenbrock" or "exponential_euler"."""
    steps = {
        "explicit": runge_kutta.explicit_step,
        "rosenbrock": rosenbrock.rosenbrock_step,
        "exponential_euler": exponential_euler.exponential_euler_step,
    }
    return compiled(STEPPER, **RUN)(steps[name])
