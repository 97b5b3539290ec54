"""Where curves of folds of cycles begin: at Bautin points, from the normal form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.critical_cycles import CriticalCycles
from dynana.analysis.normal_forms import NormalForm, normal_form
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import times
from dynana.results.special_points import SpecialPoint

Array = NDArray[np.float64]

#: Mesh of curves that begin at a Bautin point.
INTERVALS, STAGES = 60, 4
#: Sizes of the second harmonic and the drift relative to the leading term of the first cycle, in the order in which
#: they are tried: larger ones are farther from the normal form, smaller ones are badly conditioned (the equations of a
#: cycle and its perturbation degenerate with the square of its amplitude).
AMPLITUDES = (0.2, 0.4, 0.1, 0.8)
#: Parts of the critical eigenvector below this fraction of its largest are not what harmonics are compared with.
SMALL_PART = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Birth:
    """A small fold of cycles beside a Bautin point.

    Attributes
    ----------
    points, v : ndarray, shape (k, n)
        The cycle on a uniform mesh, and how it changes with its amplitude.
    period, growth : float
        And the relative change of the period.
    parameters : ndarray, shape (2,)
    widths : ndarray
        Of the mesh.
    """

    points: Array
    v: Array
    period: float
    growth: float
    parameters: Array
    widths: Array

    def problem(self, system: System, free: Sequence[str], ranges: Array) -> CriticalCycles:
        """Return the problem of the curve."""
        extent = np.ptp(self.points, axis=0)
        return CriticalCycles(system, "fold of cycles", free, ranges.tolist(), extent=extent, stages=STAGES)

    def orbit(self, problem: CriticalCycles) -> Orbit:
        """Return the guess of the first orbit."""
        z = np.concatenate((self.points.ravel(), [self.period], self.parameters))
        counts = np.array([self.widths.size], dtype=np.int64)
        n = self.points.shape[1]
        plain = Orbit(z, np.zeros_like(z), counts, self.widths, n, STAGES, np.zeros(REPORT_SIZE))
        return problem.joined(plain, self.v[:, None, :], [self.growth])


def first_fold_of_cycles(
    system: System, point: SpecialPoint, free: tuple[str, str], ranges: Array
) -> tuple[CriticalCycles, Orbit]:
    """Return the problem and the first orbit of the curve of folds of cycles that begins at a Bautin point.

    Raises
    ------
    ConvergenceError
        If the parameters do not unfold the point, its second Lyapunov coefficient vanishes, or no fold is found.
    """
    form = normal_form(system, "bautin", point.point, free, values=point.parameters)
    if "fold_of_cycles" not in form.vectors or form.coefficients["c2_re"] == 0.0:
        raise ConvergenceError(
            f"{system.name}: no curve of folds of cycles leaves the Bautin point: "
            f"{' and '.join(free)} do not unfold it, or its second Lyapunov coefficient vanishes."
        )
    drift = _drift(system, point, free, form.vectors["fold_of_cycles"]) + form.vectors["h11"]
    for k, amplitude in enumerate(AMPLITUDES, start=1):
        birth = _birth(form, drift, point, free, amplitude)
        problem = birth.problem(system, free, ranges)
        try:
            return problem, problem.settled(birth.orbit(problem))
        except ConvergenceError:
            if k == len(AMPLITUDES):
                raise
    raise AssertionError("the last amplitude either converges or raises")


def _birth(form: NormalForm, drift: Array, point: SpecialPoint, free: tuple[str, str], amplitude: float) -> Birth:
    """Return a small fold of cycles, to third order in its amplitude."""
    c, q, h20 = form.coefficients, form.vectors["q"], form.vectors["h20"]
    second = (np.abs(h20) + np.abs(drift)) / np.maximum(np.abs(q), SMALL_PART * np.abs(q).max())
    curvature = abs(c["frequency_curvature"]) / c["omega"]
    r = amplitude / max(float(second.max()), curvature**0.5)
    widths = np.full(INTERVALS, 1.0 / INTERVALS)
    turn = np.exp(2j * np.pi * times(widths, gauss_scheme(STAGES)))[:, None]
    first, harmonic = 2.0 * (q * turn).real, (h20 * turn**2).real
    omega = c["omega"] + c["frequency_curvature"] * r**2
    along = form.vectors["fold_of_cycles"]
    return Birth(
        points=point.point + r * first + r**2 * (harmonic + drift),
        v=first + 2.0 * r * (harmonic + drift),
        period=2.0 * np.pi / omega,
        growth=-2.0 * r * c["frequency_curvature"] / omega,
        parameters=np.array([point.parameters[n] for n in free]) + r**2 * along,
        widths=widths,
    )


def _drift(system: System, point: SpecialPoint, free: tuple[str, str], along: Array) -> Array:
    """Return how the equilibrium moves with the parameters along the curve."""
    kernels = lower(system)
    n, p, state = kernels.n, kernels.p, np.array(point.point)
    jacobian, slopes = np.zeros((n, n)), np.zeros((n, kernels.n_parameters))
    kernels.jacobian(0.0, state, p, jacobian)
    kernels.parameter_jacobian(0.0, state, p, slopes)
    columns = slopes[:, [system.parameters.index(name) for name in free]]
    return np.asarray(np.linalg.solve(jacobian, -columns @ along))
