"""The Bautin points at which curves of folds of cycles end."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.connection_ends import Plane
from dynana.analysis.critical_cycles import CriticalCycles
from dynana.analysis.cycle_loci_events import CyclePlace
from dynana.analysis.normal_forms import NormalForm, normal_form
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.results.special_points import CODES, SpecialPoint

Array = NDArray[np.float64]

#: Places before the end from which it is extrapolated.
PLACES = 6
#: Newton steps in the two parameters, and the last one, relative to their ranges, for the point to be located.
STEPS, LOCATED = 6, 1e-10


def bautin_end(problem: CriticalCycles, places: list[CyclePlace]) -> SpecialPoint | None:
    """Return the Bautin point at which a curve of folds of cycles ends, or None where there is none.

    Parameters
    ----------
    problem : CriticalCycles
    places : list of CyclePlace
        The curve up to where its cycles have nearly shrunk to a point.

    Notes
    -----
    Parameters and mean state are analytic in the square of the amplitude, so its zero is found by extrapolation; from
    there, Newton's method with the slopes of Re(lambda) and Re(c1) of the normal form, which also verifies the point.
    """
    moments = np.array([_moments(problem, place) for place in places[-PLACES:]])
    if len(moments) < 2:
        return None
    degree = len(moments) - 1
    guess = np.array([np.polynomial.polynomial.polyfit(moments[:, 0], m, degree)[0] for m in moments[:, 1:].T])
    try:
        return _located(problem, guess[:2], guess[2:])
    except (ConvergenceError, np.linalg.LinAlgError):
        return None


def _moments(problem: CriticalCycles, place: CyclePlace) -> Array:
    """Return the mean square of the deviation from the mean, in units of the sizes, both parameters, the mean."""
    points = problem.points(place.orbit)
    size = problem.curve.sizes[: problem.n]
    weights = problem.curve.scheme.weights
    m = weights.size
    inside = points[:-1].reshape(-1, m + 1, problem.n)[:, 1:]
    mean = np.einsum("j,k,jkc->c", place.orbit.widths, weights, inside)
    square = np.einsum("j,k,jkc->c", place.orbit.widths, weights, ((inside - mean) / size) ** 2)
    return np.concatenate(([square.sum()], place.parameters, mean))


def _located(problem: CriticalCycles, parameters: Array, state: Array) -> SpecialPoint | None:
    system, free = problem.system, problem.free
    kernels = lower(system)
    indices = (system.parameters.index(free[0]), system.parameters.index(free[1]))
    ranges = problem.curve.ranges[:2]
    plane = Plane(system, indices, problem.curve.sizes[: problem.n], ranges)
    for _ in range(STEPS):
        found = plane.equilibrium(state, parameters)
        if found is None:
            return None
        state = found
        values = system.values | dict(zip(free, parameters.tolist(), strict=True))
        form = normal_form(system, "bautin", state, free, values=values)
        slopes = np.array([form.vectors["crossing"], form.vectors["c1_slope"]])
        change = np.linalg.solve(slopes, [_growth(plane, state, parameters, form), form.coefficients["c1_re"]])
        parameters = parameters - change
        if np.abs(change / ranges).max() < LOCATED:
            break
    else:
        return None
    spectrum = np.linalg.eigvals(plane.jacobian(state, parameters)).astype(np.complex128)
    return SpecialPoint(
        kind="bautin",
        code=CODES["bautin"],
        system=system.name,
        fingerprint=kernels.fingerprint,
        states=system.states,
        point=state,
        parameters=values | dict(zip(free, parameters.tolist(), strict=True)),
        free=free,
        residual=float(np.abs(plane.rates(state, parameters) * plane.sizes).max()),
        interval=(float(parameters[0]), float(parameters[0])),
        converged=True,
        eigenvalues=spectrum[np.lexsort((-spectrum.imag, -spectrum.real))],
        normal_form=dict(form.coefficients),
        criticality=form.criticality,
        period=2.0 * math.pi / form.coefficients["omega"],
        vectors=dict(form.vectors),
    )


def _growth(plane: Plane, state: Array, parameters: Array, form: NormalForm) -> float:
    """Return the real part of the critical eigenvalue."""
    values = np.linalg.eigvals(plane.jacobian(state, parameters))
    return float(values[np.argmin(np.abs(values - 1j * form.coefficients["omega"]))].real)
