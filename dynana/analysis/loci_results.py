"""From a traced curve of bifurcations to a `Locus` with its special points and their normal forms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.branch_points import RANK_LOST
from dynana.analysis.continuation_request import only_in_jumps
from dynana.analysis.equilibrium_points import SAME_POINT
from dynana.analysis.equilibrium_results import LOCATED
from dynana.analysis.equilibrium_tracing import Mark, Trace
from dynana.analysis.loci_points import LocusTests, fold_tests
from dynana.analysis.normal_forms import NormalForm, normal_form
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.numerics.locus_curve import LocusPoint
from dynana.numerics.locus_equations import FOLD, HOPF
from dynana.results.locus import Locus
from dynana.results.special_points import CODES, SpecialPoint, in_words, shown

FloatArray = NDArray[np.float64]
#: What a fold means at which the defining system is singular.
CROSSED = "a curve of branch points crosses here: not resolved"
#: Kinds of special points that have no normal form here.
_PLAIN = ("label", "user")


def locus_of(tests: LocusTests, kind: str, trace: Trace) -> Locus:
    """Return the locus of a traced curve whose special points are located."""
    request, curve, system = tests.request, tests.curve, tests.request.system
    points: list[LocusPoint] = trace.points  # type: ignore[assignment]
    rows = np.array([tests.place(p) for p in points])
    start = request.start
    columns = zip(request.free, rows[:, curve.n :].T, strict=True)
    place = ", ".join(f"{n} = {shown(column, start.parameters[n])}" for n, column in columns)
    unfolded = ", unfolded into folds" if kind != request.kind else ""
    remarks = [remark for user in request.users for remark in user.remarks()]
    return Locus(
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        kind=kind,
        free=request.free,
        parameters=system.values,
        places=rows[:, curve.n :].copy(),
        points=rows[:, : curve.n].copy(),
        periods=_periods(tests, points),
        special=tuple(_special(tests, trace, mark) for mark in trace.marks),
        stops=(trace.stops[0], trace.stops[1]),
        origin="; ".join((f"from the {in_words(start.kind)} at {place}{unfolded}", *remarks)),
        closed=trace.closed,
        measures=_measures(tests, points),
        units=system.units,
    )


def _periods(tests: LocusTests, points: list[LocusPoint]) -> FloatArray:
    if tests.curve.family != HOPF:
        return np.zeros(len(points))
    squared = np.array([p.u[-1] for p in points]) * tests.curve.scales[-1]
    with np.errstate(divide="ignore"):
        periods: FloatArray = 2.0 * math.pi / (np.sqrt(np.maximum(squared, 0.0)) * tests.curve.rate)
    return periods


def _measures(tests: LocusTests, points: list[LocusPoint]) -> dict[str, FloatArray]:
    """Return what `continue_locus` promises to know along the curve."""
    curve = tests.curve
    others = tests.others(points)
    measures = {"unstable": np.sum(others.real > 0.0, axis=1).astype(float)}
    if curve.family == FOLD:
        quadratic, overlap = fold_tests(points)
        v = np.array([p.right[0, : curve.n] for p in points])
        q = v * curve.scales[: curve.n] / np.linalg.norm(v, axis=1, keepdims=True)
        largest = np.take_along_axis(q, np.argmax(np.abs(q), axis=1)[:, None], axis=1)[:, 0]
        measures["a"] = 0.5 * curve.rate * quadratic / (overlap * np.linalg.norm(q, axis=1) * np.sign(largest))
    elif curve.family == HOPF:
        omega = np.sqrt(np.maximum(np.array([p.u[-1] for p in points]) * curve.scales[-1], 0.0)) * curve.rate
        measures["omega"] = omega
        measures["l1"] = tests.cubic(points)[0].real / np.where(omega > 0.0, omega, np.nan)
    return measures


def _special(tests: LocusTests, trace: Trace, mark: Mark) -> SpecialPoint:
    request, curve, system = tests.request, tests.curve, tests.request.system
    point: LocusPoint = mark.point  # type: ignore[assignment]
    n, z = curve.n, tests.place(point)
    values = system.values | dict(zip(request.free, z[n:].tolist(), strict=True))
    i = int(np.argmax(np.linalg.norm(trace.coordinates() - point.u, axis=1) <= SAME_POINT))
    near = [float(tests.place(trace.points[j])[n]) for j in (max(i - 1, 0), min(i + 1, len(trace.points) - 1))]  # type: ignore[arg-type]
    form = _form(tests, mark, z, values)
    correction = np.linalg.lstsq(point.matrix, curve.residual(point.u, point.borders), rcond=RANK_LOST)[0]
    eigenvalues = np.linalg.eigvals(point.matrix[:n, :n]).astype(complex) * curve.rate
    coefficients = {} if form is None else dict(form.coefficients)
    omega = coefficients.get("omega", 0.0)
    if curve.family == HOPF and mark.kind != "bogdanov-takens":
        omega = math.sqrt(max(float(point.u[-1] * curve.scales[-1]), 0.0)) * curve.rate
    rates = np.empty(n)
    kernels = lower(system)
    kernels.rhs(0.0, z[:n].copy(), np.array(list(values.values())), rates)
    expected = mark.simple and (form is not None or mark.kind in _PLAIN or kernels.n_switches > 0)
    return SpecialPoint(
        kind=mark.kind,
        code=CODES[mark.kind],
        system=system.name,
        fingerprint=kernels.fingerprint,
        states=system.states,
        point=z[:n].copy(),
        parameters=values,
        free=request.free,
        residual=float(np.max(np.abs(rates))),
        interval=(min(*near, float(z[n])), max(*near, float(z[n]))),
        converged=expected and float(np.linalg.norm(correction)) <= LOCATED,
        eigenvalues=eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))],
        normal_form=coefficients,
        criticality=CROSSED if not mark.simple else "" if form is None else form.criticality,
        period=2.0 * math.pi / omega if omega else 0.0,
        index=i,
        vectors=({} if form is None else dict(form.vectors)) | {"tangent": (point.tangent * curve.scales)[: n + 2]},
        name=mark.name,
        ranges={n: request.ranges[n] for n in request.free},
    )


def _form(tests: LocusTests, mark: Mark, z: FloatArray, values: dict[str, float]) -> NormalForm | None:
    """Return the normal form of a bifurcation; None where there is none (degenerate, or a kink in the equations)."""
    system = tests.request.system
    if not mark.simple or mark.kind in _PLAIN or lower(system).n_switches:
        return None
    try:
        free = [n for n in tests.request.free if not only_in_jumps(system, n)]
        return normal_form(system, mark.kind, z[: tests.curve.n], free, values=values)
    except ConvergenceError:
        return None
