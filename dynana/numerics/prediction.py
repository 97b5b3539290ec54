"""Where a step along a curve of orbits starts its search: beside the tangent, by the orbit before.

A curve is written as a function of the length s of its projection on the tangent at the last orbit, which is what the
arclength condition fixes. Values and derivatives at the last two orbits give a cubic polynomial (Hermite); the error of
its continuation is of fourth order in the step, that of the tangent of second order. Both say little about the phase of
cycles, which the phase condition chooses anew with each orbit: its linear part is satisfied beforehand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import slopes

Array = NDArray[np.float64]

#: Length of a step in units of the one before up to which the polynomial is continued.
FARTHEST = 2.5

#: Bend, relative to the step, up to which the curve counts as resolved by its orbits.
LARGEST_BEND = 0.3


def bend(orbit: Orbit, step: float, metric: Array, phase: bool) -> Array:
    """Return how far the curve through an orbit and the one before is from the tangent after a step.

    Parameters
    ----------
    orbit : Orbit
        With its tangent.
    step : float
        Signed length.
    metric : ndarray, shape (unknowns,)
    phase : bool
        Whether the integral phase condition with respect to the orbit is one of the equations.

    Returns
    -------
    ndarray, shape (unknowns,)
        Zeros where the orbit before tells nothing.
    """
    aside = _cubic(orbit, step, metric)
    if phase and orbit.segments == 1:
        points, widths = orbit.split(orbit.z)[0]
        shift = np.zeros_like(orbit.z)
        shift[: orbit.scalars_at] = slopes(points, widths, gauss_scheme(orbit.stages)).ravel()
        along = metric * shift
        aside -= (float(along @ aside) + step * float(along @ orbit.tangent)) / float(along @ shift) * shift
    return aside


def _cubic(orbit: Orbit, step: float, metric: Array) -> Array:
    """Return the part of the bend that the polynomial tells; orthogonal to the tangent in the metric."""
    if orbit.behind is not None:
        z, tangent = orbit.behind
        along = metric * orbit.tangent
        back = z - orbit.z
        s, slope = float(along @ back), float(along @ tangent)
        if slope > 0.0 and s * step < 0.0 and abs(step) <= FARTHEST * abs(s):
            r = step / s
            a, b = r * r * (3.0 - 2.0 * r), s * r * r * (r - 1.0)
            result: Array = a * back + (b / slope) * tangent - (a * s + b) * orbit.tangent
            if float((metric * result) @ result) <= (LARGEST_BEND * step) ** 2:
                return result
    return np.zeros_like(orbit.z)
