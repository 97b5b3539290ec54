"""Kinks and discontinuities of the derivatives: where a step meets a switching surface, and how it gets across."""

from __future__ import annotations

from dynana.numerics.compilation import compiled
from dynana.numerics.dense_output import BORROWED, interpolate
from dynana.numerics.inputs import apply_inputs

#: A step ends before a surface; closer than this, relative to the last step, the surface is crossed by Euler's rule,
#: whose error is then of the order of this squared.
NEAR = 1e-10
#: Length of the crossing, relative to the last step, at least.
CROSSING = 1e-12
#: Halvings to find a surface inside a step.
HALVINGS = 44
#: Attempts to end a step before a surface.
MAX_LANDINGS = 12
#: Doublings of the crossing before a surface counts as touched, not crossed.
MAX_DOUBLINGS = 10

ABSENT = 2.0  #: place of a surface that is not met in this step


@compiled(**BORROWED)
def sides_differ(before, after):
    """Whether any switching function has changed its sign; also when it was zero, as on a surface just landed on."""
    for j in range(before.size):
        if before[j] * after[j] < 0.0 or (before[j] == 0.0 and after[j] != 0.0):
            return True
    return False


@compiled(**BORROWED)
def sides_inside(switches, drive, varying, t, h, x, y0, y1, rows, p, point, out):
    """Evaluate the switching functions at the fraction ``x`` of an interpolated step."""
    interpolate(x, y0, y1, rows, point)
    if varying:
        apply_inputs(t + x * h, drive[0], drive[1], drive[3], drive[4], p)
    switches(t + x * h, point, p, out)


@compiled(**BORROWED)
def last_place_before(switches, drive, varying, t, h, y0, y1, rows, p, before, after, point):
    """Return the last place inside an interpolated step before any switching surface, ABSENT if there is none."""
    low = 0.0
    high = ABSENT
    x = 0.5
    for _ in range(HALVINGS):
        sides_inside(switches, drive, varying, t, h, x, y0, y1, rows, p, point, after)
        if sides_differ(before, after):
            high = x
        else:
            if x == 1.0:
                return ABSENT
            low = x
        x = 0.5 * (low + high) if high != ABSENT else 1.0
    return low


@compiled(**BORROWED)
def parabola(h, y0, y1, slope0, rows):
    """Interpolate a rejected step, which has no dense output, from its ends and the slope at its start."""
    for i in range(y0.size):
        rows[0, i] = h * slope0[i] - (y1[i] - y0[i])
        for j in range(1, rows.shape[0]):
            rows[j, i] = 0.0


@compiled(**BORROWED)
def cross(switches, t, h, y, p, slope0, before, after, y1):
    """Go over ``h`` or a little more by Euler's rule until a surface is behind; returns the length, 0 if there is none.

    Everything starts anew on the other side, where the derivatives have another formula.
    """
    for _ in range(MAX_DOUBLINGS):
        for i in range(y.size):
            y1[i] = y[i] + h * slope0[i]
        switches(t + h, y1, p, after)
        if sides_differ(before, after):
            return h
        h *= 2.0
    return 0.0
