"""Newton's method for the collocation equations: full and simplified ("chord") steps, damping, and a continuation step.

A chord step uses the factors of an earlier point and costs a third of a full one; its contraction tells how far the
factors can be trusted. The last step is a full one, so that the factors left in ``work`` belong to the solution: they
give the tangent, the multipliers and the determinant. P. Deuflhard, *Newton Methods for Nonlinear Problems* (Springer
2004), sections 2.1 and 3.3.

Lengths of corrections are maxima over all unknowns in units of ``scale``. The arguments ``model``, ``grid``,
``scheme``, ``scale`` and ``work`` are explained in `dynana.numerics.collocation`.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.collocation import DENSE, GRID, MODEL, SCALE, SCHEME, WORK, factorise
from dynana.numerics.collocation_solves import back_substitute, renew, residual
from dynana.numerics.compilation import compiled
from dynana.numerics.prediction import bend, into_phase, phase_row
from dynana.numerics.signatures import INDEX, REAL, ROW, TABLE

#: Outcomes.
CONVERGED, NOT_CONVERGED, DIVERGED, SINGULAR = 0, 1, 2, 3

#: Contraction up to which the next step is a chord step.
CHORD = 0.2

#: Distance between a solution and the point of its factors up to which they are good for spectra: relative errors of
#: multipliers are of this size, below those of the discretisation.
FRESH = 1e-8

#: Distance to the solution at which the search with the factors of a neighbouring orbit ends, well below `FRESH`.
APPROACHED = 1e-9

#: Margin of the contraction that is expected from the orbit before, where it has not been measured yet.
MARGIN = 2.0

#: Steps of Broyden's method with the factors of a neighbouring orbit, and contraction up to which it goes on: then
#: they cost less than the full step that they save.
MOST_BORROWED, BORROWED = 5, 0.15

#: Newton steps after which the search is given up; quadratic convergence needs half of them from any useful start.
MOST_STEPS = 12

#: Entries of a report.
STEPS, CHORDS, CONTRACTION, LENGTH, DISTANCE, SIGN, LOGARITHM, CURVATURE, COSINE = range(9)
REPORT_SIZE = 9

#: Where the search of a step starts: at the given point, on the tangent, on the curve through the last two orbits.
HERE, ON_TANGENT, ON_CURVE = range(3)


@compiled
def length_of(d, scale, points_end):
    """Largest entry of a vector of unknowns in units of ``scale``; nan if any entry is not a number."""
    states, scalars = scale
    n = states.size
    largest = 0.0
    for start in range(0, points_end, n):
        for c in range(n):
            size = abs(d[start + c]) / states[c]
            if not size <= largest:
                largest = size
                if not size < np.inf:
                    return np.nan
    for k in range(scalars.size):
        size = abs(d[points_end + k]) / scalars[k]
        if not size <= largest:
            largest = size
            if not size < np.inf:
                return np.nan
    return largest


@compiled
def _inner(a, b, scale):
    """Inner product of two vectors of unknowns in units of ``scale``."""
    states, scalars = scale
    n = states.size
    weights, total = 1.0 / states**2, 0.0
    points_end = a.size - scalars.size
    for start in range(0, points_end, n):
        for c in range(n):
            total += weights[c] * a[start + c] * b[start + c]
    for k in range(scalars.size):
        total += a[points_end + k] * b[points_end + k] / scalars[k] ** 2
    return total


@compiled
def _simplified(z, model, grid, scheme, scale, gradients, targets, work, vectors, d):
    """Write the correction that the factors in ``work`` give at ``z``; ``vectors`` are work space."""
    right, outer, nothing = vectors
    residual(z, model, grid, scheme, gradients, targets, right, outer)
    for k in range(right.size):
        right[k] = -right[k]
    for k in range(outer.size):
        outer[k] = -outer[k]
    renew(right, outer, grid, scheme, scale, gradients, work)
    back_substitute(1.0, nothing, grid, scheme, scale, targets.size, work, d)


@compiled
def _approach(z, model, grid, scheme, scale, gradients, targets, distance, expected, work, vectors, report):
    """Come near the solution, in place, with factors that belong to an orbit at some distance.

    Broyden's method in the form that minimises errors (Deuflhard 2004, section 2.1.4). The factors were made with other
    full rows, which change by no more than the rest along a curve. Where the contraction that is ``expected`` over
    length makes the first step good enough, it is the only one.

    Returns
    -------
    float
        Contraction over length of Newton's method, as far as that of the first step tells; inf if there was none.
    """
    curvature = np.inf
    moves, squares = np.zeros((MOST_BORROWED, z.size)), np.zeros(MOST_BORROWED)
    before, points_end = np.inf, z.size - scale[1].size
    for k in range(MOST_BORROWED):
        v = moves[k]
        _simplified(z, model, grid, scheme, scale, gradients, targets, work, vectors, v)
        report[CHORDS] += 1
        for i in range(k - 1):
            share = _inner(moves[i], v, scale) / squares[i]
            for l in range(v.size):
                v[l] += share * moves[i + 1, l]
        size = length_of(v, scale, points_end)
        contraction = size / before
        if k == 0:
            report[CONTRACTION] = size
            if MARGIN * expected * distance * size <= APPROACHED:
                curvature = expected
                report[CONTRACTION] *= expected
                report[LENGTH] = size
        elif not contraction <= BORROWED:
            if k == 1:  # from where it began, Newton's method finds what is nearest
                for l in range(v.size):
                    z[l] -= moves[0, l]
            break
        else:
            share = _inner(moves[k - 1], v, scale) / squares[k - 1]  # at most the contraction in size
            for l in range(v.size):
                v[l] /= 1.0 - share
            size /= 1.0 - share
        if not size < np.inf:
            break
        if k == 1:
            curvature = contraction / distance
            report[CONTRACTION] *= curvature
        for l in range(v.size):
            z[l] += v[l]
        if size <= APPROACHED or (k > 0 and contraction * size <= APPROACHED) or (k == 0 and curvature < np.inf):
            break
        squares[k], before = _inner(v, v, scale), size
    if not curvature < np.inf:
        report[CONTRACTION] = 0.0
    return curvature


@compiled
def newton(z, model, grid, scheme, scale, gradients, targets, limits, work, report):
    """Solve the collocation equations from ``z``, in place.

    Parameters
    ----------
    limits : tuple of float
        (tolerance of the last correction, least damping factor: 1 gives up at the first step that does not contract,
        distance to the orbit whose factors are in ``work``, 0 if there are none, contraction over length that is
        expected)
    report : (REPORT_SIZE,) array
        Receives full steps, chord steps, first contraction, length of the last correction, distance from the factors
        to the solution, sign and logarithm of the determinant, contraction over length, and 0.

    Returns
    -------
    int
        CONVERGED, NOT_CONVERGED, DIVERGED or SINGULAR. Unless converged, ``z`` is the last point that contracted.
    """
    tolerance, least_damping, distance, expected = limits
    n_rows = targets.size
    points_end = z.size - scale[1].size
    outer = np.zeros(work[DENSE].shape[0] - grid[0].size * scale[0].size)
    nothing = np.zeros(outer.size)
    right, d, next_d, trial = np.zeros(z.size), np.zeros(z.size), np.zeros(z.size), np.zeros(z.size)
    for k in range(report.size):
        report[k] = 0.0
    curvature, first = np.inf, True  # of the equations: contraction over length
    if distance > 0.0:
        curvature = _approach(
            z, model, grid, scheme, scale, gradients, targets, distance, expected, work, (right, outer, nothing),
            report,
        )  # fmt: skip
        report[CURVATURE] = curvature
        first = not curvature < np.inf
    damping, unmeasured = 1.0, False  # whether the last step was taken without a chord step that tells its contraction
    while report[STEPS] < MOST_STEPS:
        sign, logarithm = factorise(z, model, grid, scheme, scale, gradients, targets, work)
        report[SIGN], report[LOGARITHM] = sign, logarithm
        if sign == 0:
            return SINGULAR
        back_substitute(1.0, nothing, grid, scheme, scale, n_rows, work, d)
        report[STEPS] += 1
        size = length_of(d, scale, points_end)
        if report[LENGTH] > 0.0 and report[STEPS] == 1:  # after a single step with other factors: what was expected
            report[CONTRACTION] = size / distance
            curvature = report[CURVATURE] = report[CONTRACTION] / report[LENGTH]
        if unmeasured:
            report[CONTRACTION] = size / report[LENGTH]
            curvature = report[CURVATURE] = report[CONTRACTION] / report[LENGTH]
            unmeasured = first = False
        report[LENGTH] = report[DISTANCE] = size
        if not size < np.inf:
            return DIVERGED
        if size <= tolerance or (size <= FRESH and curvature * size * size <= tolerance):
            for k in range(z.size):
                z[k] += d[k]
            return CONVERGED
        if first and distance == 0.0 and MARGIN * expected * size * size <= APPROACHED:
            for k in range(z.size):
                z[k] += d[k]
            unmeasured = True
            continue  # all that is missing is fresh factors
        while True:
            for k in range(z.size):
                trial[k] = z[k] + damping * d[k]
            _simplified(trial, model, grid, scheme, scale, gradients, targets, work, (right, outer, nothing), next_d)
            report[CHORDS] += 1
            next_size = length_of(next_d, scale, points_end)
            contraction = next_size / size
            if first:
                report[CONTRACTION] = contraction
                first = False
            if not next_size <= (1.0 - 0.25 * damping) * size:
                damping *= 0.5
                if damping < least_damping:
                    return DIVERGED
                continue
            for k in range(z.size):
                z[k] = trial[k]
            if damping < 1.0:
                damping = min(1.0, 2.0 * damping)
                break
            curvature = report[CURVATURE] = contraction / size
            if contraction > CHORD:
                break
            if contraction * next_size <= FRESH:
                for k in range(z.size):
                    z[k] += next_d[k]
                break  # the next full step ends the search and leaves fresh factors
            for k in range(z.size):
                d[k] = next_d[k]
            size = next_size
    return NOT_CONVERGED


_TANGENT = types.Tuple((ROW, REAL, ROW, TABLE, types.UniTuple(ROW, 2)))
_LIMITS = types.UniTuple(REAL, 4)


@compiled(
    types.int64(
        INDEX, _TANGENT, INDEX, MODEL, GRID, SCHEME, SCALE, TABLE, ROW, _LIMITS, WORK, ROW, ROW, ROW
    ),
    no_cfunc_wrapper=True,
)  # fmt: skip
def continue_orbit(
    phase, along, start, model, grid, scheme, scale, gradients, targets, limits, work, z, tangent, report
):
    """Predict, correct and find the new tangent: one step along a curve of orbits, or onto the curve.

    Parameters
    ----------
    phase : int
        Index of the full row that holds the integral phase condition with respect to the starting orbit, -1 for none.
    along : tuple
        (old tangent, step, metric, slopes, behind): the metric is the weight of each unknown in the inner product,
        slopes those of `dynana.numerics.gauss.Scheme`, behind the orbit before, see `dynana.numerics.prediction`.
    start : int
        HERE: all full rows but the phase condition are as given. Otherwise the last one becomes the arclength
        condition, and the search starts a step along the old tangent (ON_TANGENT), or beside it (ON_CURVE).
    limits : tuple of float
        (tolerance, least damping factor, 1 if the factors in ``work`` are those of an orbit nearby and 0 if not,
        contraction over length that is expected)
    z, tangent : (unknowns,) arrays
        Start; receives the solution. Receives its tangent, of unit length in the metric, in the direction in which the
        last full row grows.
    report : (REPORT_SIZE,) array
        As `newton`, but for the contraction: that of a start on the tangent; and the last full row times the tangent,
        which is the cosine of the angle between the tangents.

    Returns
    -------
    int
        As `newton`.
    """
    old, step, metric, slopes, behind = along
    last = targets.size - 1
    if phase >= 0:
        phase_row(z, grid, scheme, slopes, scale[0], gradients[phase])
        targets[phase] = 0.0
        for k in range(z.size):
            targets[phase] += gradients[phase, k] * z[k]
    tolerance, damping, borrowed, expected = limits
    aside, moved, points_end = np.zeros(z.size), np.zeros(z.size), z.size - scale[1].size
    if start == ON_CURVE:
        bend(z, old, step, metric, behind, aside)
        if phase >= 0 and grid[0].size == 1:
            into_phase(z, old, step, gradients[phase], grid, slopes, scale[0].size, aside)
    if start != HERE:
        targets[last] = 0.0
        for k in range(z.size):
            gradients[last, k] = metric[k] * old[k]
            z[k] += step * old[k]
            targets[last] += gradients[last, k] * z[k]
            z[k] += aside[k]
            moved[k] = -z[k]
    limits = (tolerance, damping, borrowed * abs(step) * length_of(old, scale, points_end), expected)
    code = newton(z, model, grid, scheme, scale, gradients, targets, limits, work, report)
    if code != CONVERGED:
        return code
    if start != HERE:
        for k in range(z.size):
            moved[k] += z[k]
        corrected = length_of(moved, scale, points_end)
        for k in range(z.size):
            moved[k] += aside[k]
        if corrected > 0.0:
            report[CONTRACTION] *= length_of(moved, scale, points_end) / corrected
    outer = np.zeros(work[DENSE].shape[0] - grid[0].size * scale[0].size)
    outer[outer.size - 1] = 1.0
    back_substitute(0.0, outer, grid, scheme, scale, targets.size, work, tangent)
    norm = 0.0
    for k in range(z.size):
        norm += metric[k] * tangent[k] * tangent[k]
    norm = np.sqrt(norm)
    for k in range(z.size):
        tangent[k] /= norm
        report[COSINE] += gradients[last, k] * tangent[k]
    return CONVERGED
