"""Homoclinic orbits beside Bogdanov-Takens points, from the normal form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.connections import ConnectionProblem
from dynana.analysis.continuation_request import LONGEST_STEP
from dynana.analysis.loci_curves import fold_beside
from dynana.analysis.loci_request import LocusRequest
from dynana.analysis.normal_forms import NormalForm, normal_form
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.numerics.collocation_orbit import Orbit
from dynana.results.special_points import SpecialPoint

Array = NDArray[np.float64]

#: Sizes of the terms of next order relative to the leading ones, in the order in which they are tried: larger ones are
#: farther from the normal form, at smaller ones the equilibria are nearly one.
AMPLITUDES = (0.1, 0.2, 0.05, 0.4)
#: Time from the middle of the orbit to its ends, in units of the time scale 1/e of the normal form: sech^2 is 1e-4.
SPAN = 5.0
SAMPLES = 2000
#: Parts of the eigenvector below this fraction of its largest are not what other terms are compared with.
SMALL_PART = 1e-3


def first_homoclinic(
    system: System, point: SpecialPoint, free: tuple[str, str], ranges: Array, intervals: int, stages: int
) -> tuple[ConnectionProblem, Orbit]:
    """Return the problem and the first orbit of the curve of homoclinic orbits at a Bogdanov-Takens point.

    Raises
    ------
    ConvergenceError
        If the point is degenerate, the parameters do not unfold it, or no orbit is found.
    """
    form = normal_form(system, "bogdanov-takens", point.point, free, values=point.parameters)
    a, b = form.coefficients["a"], form.coefficients["b"]
    if a * b == 0.0 or not np.isfinite(form.vectors["K"]).all():
        raise ConvergenceError(
            f"{system.name}: no curve of homoclinic orbits leaves the Bogdanov-Takens point: {' and '.join(free)} do "
            "not unfold it, or it is degenerate."
        )
    box = {n: (point[n] - 0.5 * w, point[n] + 0.5 * w) for n, w in zip(free, ranges.tolist(), strict=True)}
    folds = LocusRequest(system.at(**point.parameters), point, "fold", free, box, LONGEST_STEP, ())
    for k, amplitude in enumerate(AMPLITUDES, start=1):
        times, path, saddle, parameters = _birth(form, folds, amplitude)
        try:
            problem = ConnectionProblem(
                system.at(**dict(zip(free, parameters.tolist(), strict=True))),
                free, ranges.tolist(), path, np.array([saddle, saddle]), slow=False, stages=stages,
            )  # fmt: skip
            return problem, problem.settled(problem.guess(times, path, intervals))
        except ConvergenceError:
            if k == len(AMPLITUDES):
                raise
    raise AssertionError("the last amplitude either converges or raises")


def _birth(form: NormalForm, folds: LocusRequest, amplitude: float) -> tuple[Array, Array, Array, Array]:
    """Return times (k,), path (k, n), saddle (n,) and parameters (2,) of a small homoclinic orbit.

    The first parameter of the normal form is the distance from the curve of folds. It is of the order of the square of
    the second one, by which that curve bends away from its tangent: it is measured from the curve itself.
    """
    point = folds.start
    a, b, v = form.coefficients["a"], form.coefficients["b"], form.vectors
    q0 = np.maximum(np.abs(v["q0"]), SMALL_PART * np.abs(v["q0"]).max())
    bend = float((np.abs(v["h20"]) / q0).max())
    # |w0| is at most 4 e^2/a; beside the rate 2 e of the saddle there is b2 = 10 b e^2/(7 a)
    e = min(np.sqrt(amplitude * abs(a) / (2.0 * max(bend, 1e-12))), 1.4 * amplitude * abs(a / b))
    times = np.linspace(-SPAN / e, SPAN / e, SAMPLES)
    sech2 = 1.0 / np.cosh(e * times) ** 2
    w0 = e * e / a * (2.0 - 6.0 * sech2)
    w1 = 12.0 * e**3 / a * sech2 * np.tanh(e * times)
    beta = np.array([-4.0 * e**4 / a, 10.0 * b * e * e / (7.0 * a)])
    place = np.concatenate([point.point, [point[n] for n in folds.free]])
    moved = np.concatenate([v["H"], v["K"]])
    fold = fold_beside(folds, moved[:, 1] * beta[1])
    centre = (place + moved[:, 1] * beta[1] if fold is None else fold) + moved[:, 0] * beta[0]
    fixed, parameters = centre[:-2], centre[-2:]

    def on_manifold(w0: Array, w1: Array) -> Array:
        w0, w1 = np.asarray(w0)[..., None], np.asarray(w1)[..., None]
        quadratic = 0.5 * v["h20"] * w0**2 + v["h11"] * w0 * w1 + 0.5 * v["h02"] * w1**2
        return np.asarray(fixed + v["q0"] * w0 + v["q1"] * w1 + quadratic)

    saddle = on_manifold(np.array(2.0 * e * e / a), np.array(0.0))
    return times, on_manifold(w0, w1), saddle, parameters
