"""How long the next step of an adaptive method is."""

from __future__ import annotations

import numpy as np

from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED
from dynana.numerics.runge_kutta import error_scale, slope

#: A step is aimed at this share of the tolerance.
SAFETY = 0.9
#: Bounds of the change of the length from one step to the next.
SHRINK, GROW = 0.2, 6.0
#: Change after a step whose error is no number.
COLLAPSE = 0.1
#: Gains of the proportional-integral control (Hairer & Wanner II, section IV.2); the predictive one is of section IV.8.
PROPORTIONAL, INTEGRAL = 0.7, 0.4
#: Errors below this count as this in the control: the next step is as long as GROW allows anyway.
SMALLEST_ERROR = 1e-10
#: The error that the control remembers is not taken below this.
REMEMBERED_ERROR = 1e-4
#: Slopes and states below this, in units of the tolerance, say nothing about the length of the first step.
NO_SCALE = 1e-5
#: Steps that look stiff before the verdict, and that do not before it is dropped (Hairer & Wanner II, section IV.2).
STIFF_VERDICT, EASY_VERDICT = 15, 6


@compiled(**BORROWED)
def first_step(rhs, drive, varying, t, longest, order, y, p, free, tolerance, f0, point, f1):
    """Return a length for the first step from (t, y), where ``f0`` is the slope (HNW I, section II.4)."""
    n = y.size
    d0 = 0.0
    d1 = 0.0
    for i in range(n):
        scale = error_scale(i, y, y, tolerance)
        d0 += (y[i] / scale) ** 2
        d1 += (f0[i] / scale) ** 2
    d0 = np.sqrt(d0 / n)
    d1 = np.sqrt(d1 / n)
    h0 = 1e-6 if d0 < NO_SCALE or d1 < NO_SCALE else 0.01 * d0 / d1
    h0 = min(h0, longest)
    for i in range(n):
        point[i] = y[i] + h0 * f0[i]
    slope(rhs, drive, varying, t + h0, point, p, free, f1)
    d2 = 0.0
    for i in range(n):
        d2 += ((f1[i] - f0[i]) / error_scale(i, y, y, tolerance)) ** 2
    d2 = np.sqrt(d2 / n) / h0
    steepest = max(d1, d2)
    h1 = (0.01 / steepest) ** (1.0 / order) if steepest > 1e-15 else max(1e-6, 1e-3 * h0)
    h = min(100.0 * h0, h1)
    return min(h, longest) if h > 0.0 else h0


@compiled(**BORROWED)
def after_rejection(h, error, order):
    """Return the length with which a rejected step is tried again."""
    if 1.0 < error < np.inf:
        return h * max(SHRINK, SAFETY * error ** (-1.0 / order))
    return h * COLLAPSE


@compiled(**BORROWED)
def after_acceptance(h, proposed, error, rejections, clock):
    """Return the length of the next step and remember the error.

    ``proposed`` is the length that was wanted: a step cut short by an end or an event says nothing against it.
    After ``rejections`` the step does not grow at once.
    """
    order = clock[at.ERROR_ORDER]
    error = max(error, SMALLEST_ERROR)
    before = clock[at.LAST_ERROR]
    change = SAFETY * error ** (-PROPORTIONAL / order) * before ** (INTEGRAL / order)
    if error > REMEMBERED_ERROR and clock[at.LAST_STEP] > 0.0:
        # Where each step has to be shorter than the last, as on the way into a spike, go on in proportion.
        change = min(
            change, SAFETY * (h / clock[at.LAST_STEP]) * (before / error) ** (1.0 / order) / error ** (1.0 / order)
        )
    clock[at.LAST_ERROR] = max(error, REMEMBERED_ERROR)
    wanted = h * min(max(change, SHRINK), GROW if rejections == 0 else 1.0)
    return max(wanted, proposed) if h < proposed else wanted


@compiled(**BORROWED)
def is_stiff(estimate, clock, count):
    """Note the stiffness estimate |h lambda| of a step and say whether stability limits the steps for good."""
    if estimate > clock[at.STABILITY]:
        count[at.EASY_STEPS] = 0
        count[at.STIFF_STEPS] += 1
    elif count[at.STIFF_STEPS] > 0:
        count[at.EASY_STEPS] += 1
        if count[at.EASY_STEPS] >= EASY_VERDICT:
            count[at.STIFF_STEPS] = 0
    return count[at.STIFF_STEPS] >= STIFF_VERDICT
