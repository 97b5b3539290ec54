"""Where a step along a curve of orbits starts its search: beside the tangent, by the orbit before.

A curve is written as a function of the length s of its projection on the tangent at the last orbit, which is what the
arclength condition fixes. Values and derivatives at the last two orbits give a cubic polynomial (Hermite); the error of
its continuation is of fourth order in the step, that of the tangent of second order. Both say little about the phase of
cycles, which the phase condition chooses anew with each orbit: its linear part is satisfied beforehand.
"""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled

#: Length of a step in units of the one before up to which the polynomial is continued.
FARTHEST = 2.5

#: Bend, relative to the step, up to which the curve counts as resolved by its orbits.
LARGEST_BEND = 0.3


@compiled
def phase_row(z, grid, scheme, slopes, states, row):
    """Write the gradient of the integral phase condition, with respect to the orbit ``z``, into ``row``.

    The condition says that the mean over the orbit of <x - z, z'> is zero, states in units of ``states``: of all shifts
    in time the one that is closest to ``z`` (E. J. Doedel, in *Numerical Continuation Methods for Dynamical Systems*,
    Springer 2007, section 1.4).
    """
    counts, widths = grid
    weights = scheme[1]
    n, m = states.size, weights.size
    for k in range(row.size):
        row[k] = 0.0
    point, interval = 0, 0
    for i in range(counts.size):
        for _ in range(counts[i]):
            for l in range(m):
                for c in range(n):
                    slope = 0.0
                    for k in range(m + 1):
                        slope += slopes[1 + l, k] * z[(point + k) * n + c]
                    row[(point + 1 + l) * n + c] = weights[l] * slope / states[c] ** 2
            point += m + 1
            interval += 1
        point += 1


@compiled
def bend(z, tangent, step, metric, behind, out):
    """Write how far the curve through an orbit and the one before is from the tangent after a step.

    Parameters
    ----------
    z, tangent : (unknowns,) arrays
        The last orbit.
    step : float
        Signed length.
    metric : (unknowns,) array
    behind : tuple of (unknowns,) arrays
        The orbit before and its tangent; empty where there is none.
    out : (unknowns,) array
        Receives the bend, orthogonal to the tangent in the metric; zeros where the orbit before tells nothing.
    """
    points, before = behind
    s, slope, square = 0.0, 0.0, 0.0
    for k in range(out.size):
        out[k] = 0.0
    for k in range(points.size):
        along = metric[k] * tangent[k]
        s += along * (points[k] - z[k])
        slope += along * before[k]
    if not (slope > 0.0 and s * step < 0.0 and abs(step) <= FARTHEST * abs(s)):
        return
    r = step / s
    a, b = r * r * (3.0 - 2.0 * r), s * r * r * (r - 1.0)
    for k in range(out.size):
        out[k] = a * (points[k] - z[k]) + b / slope * before[k] - (a * s + b) * tangent[k]
        square += metric[k] * out[k] * out[k]
    if not square <= (LARGEST_BEND * step) ** 2:
        for k in range(out.size):
            out[k] = 0.0


@compiled
def into_phase(z, tangent, step, row, grid, slopes, n, out):
    """Add to a bend the shift in time with which a step satisfies the phase condition.

    Parameters
    ----------
    z, tangent, step
        As for `bend`; a closed orbit of one segment.
    row : (unknowns,) array
        Of `phase_row` at ``z``.
    grid : tuple
    slopes : (m + 1, m + 1) array
        As that of `dynana.numerics.gauss.Scheme`.
    n : int
        Number of states.
    out : (unknowns,) array
    """
    widths, nodes = grid[1], slopes.shape[0]
    shift, moved, speed = np.zeros(z.size), 0.0, 0.0
    for j in range(widths.size):
        first = j * nodes
        for l in range(nodes):
            for c in range(n):
                slope = 0.0
                for k in range(nodes):
                    slope += slopes[l, k] * z[(first + k) * n + c]
                shift[(first + l) * n + c] = slope / widths[j]
    last = widths.size * nodes * n
    for c in range(n):
        shift[last + c] = shift[c]
    for k in range(z.size):
        moved += row[k] * (out[k] + step * tangent[k])
        speed += row[k] * shift[k]
    if speed > 0.0:
        for k in range(z.size):
            out[k] -= moved / speed * shift[k]
