"""From traces to results: branches with spectra and stability, special points with normal forms, the diagram."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.branch_points import RANK_LOST
from dynana.analysis.equilibrium_survey import Survey
from dynana.analysis.equilibrium_tracing import LEAVES_BOX, Mark, Trace, marks_on
from dynana.analysis.normal_forms import NormalForm, normal_form
from dynana.analysis.special_coverage import PROVED, special_places
from dynana.analysis.stability import HYPERBOLICITY
from dynana.errors import ConvergenceError
from dynana.numerics.pseudo_arclength import POINT_LIMIT, STEP_TOO_SMALL
from dynana.results.diagram import Branch, Diagram
from dynana.results.special_points import CODES, ROUNDING, SpecialPoint, rounded
from dynana.results.tables import number

FloatArray = NDArray[np.float64]
#: Ends of branches after which there are more equilibria.
GIVEN_UP = (STEP_TOO_SMALL, POINT_LIMIT)
#: A point solves its equations if Newton's method would move it by no more than this, in scaled coordinates.
LOCATED = 1e-10
#: What a branch point means at which the derivative has lost more than one rank.
MANY = "more than two branches cross here: not resolved"
_BIFURCATIONS = ("fold", "hopf", "branch point")


def diagram_of(survey: Survey) -> Diagram:
    """Return the diagram of a finished survey."""
    request, system = survey.request, survey.system
    coverage, complete, undecided, examined = _covered(survey)
    sentences, special_complete, special_undecided, pieces = _special_covered(survey, complete)
    return Diagram(
        system=system.name,
        fingerprint=survey.kernels.fingerprint,
        states=system.states,
        parameter=request.parameter,
        parameters=system.values,
        range=(request.low, request.high),
        box=request.box,
        branches=tuple(_branch(survey, trace) for trace in survey.traces),
        coverage=(*coverage, *sentences, *_left(survey), *(r for user in request.users for r in user.remarks())),
        complete=complete,
        undecided=undecided,
        boxes_examined=examined,
        special_complete=special_complete,
        special_undecided=special_undecided,
        pieces_examined=pieces,
        units=system.units,
    )


def _covered(survey: Survey) -> tuple[tuple[str, ...], bool, FloatArray, int]:
    """Return what is proved: sentences, whether all of it, undecided boxes, number of boxes examined."""
    if survey.coverage is None:
        said = ("followed from the given start only: nothing is claimed about other branches",)
        return said, False, np.empty((0, survey.curve.n + 1, 2)), 0
    places, kinks = (
        [m.point.u * survey.curve.scales for trace in survey.traces for m in trace.marks if m.kind == kind and m.simple]
        for kind in ("branch point", "kink")
    )
    broken = sum(stop.reason in GIVEN_UP for trace in survey.traces for stop in trace.stops)
    broken += survey.jumps
    sentences, complete = survey.coverage.sentences(places, kinks, survey.missed, broken)
    full = survey.coverage.full_boxes(survey.coverage.undecided)
    return sentences, complete, full, survey.coverage.examined


def _left(survey: Survey) -> tuple[str, ...]:
    """Return where branches leave the box, in sentences: what they do beyond is not known."""
    parameter, scales = survey.request.parameter, survey.curve.scales
    ends = [(trace.points[k], trace.stops[k]) for trace in survey.traces for k in (0, -1)]
    found = sorted(
        (rounded(float(p.u[-1])) * float(scales[-1]), stop.message) for p, stop in ends if stop.reason == LEAVES_BOX
    )
    return tuple(
        f"a branch leaves the box at {parameter} = {number(value)}, {rest.rstrip('.')}" for value, rest in found
    )


def _special_covered(survey: Survey, curves: bool) -> tuple[tuple[str, ...], bool, FloatArray, int]:
    """Return what is proved about folds and Hopf points, likewise; ``curves``: whether all equilibria are proved."""
    special, coverage = survey.special, survey.coverage
    if special is None or coverage is None:
        return (), False, np.empty((0, survey.curve.n + 1, 2)), 0
    sentences, complete = special.sentences(special_places(survey.traces, PROVED, survey.curve.scales), curves)
    pieces = 0 if special.refusal else special.found.examined
    return sentences, complete, coverage.full_boxes(special.undecided), pieces


def _branch(survey: Survey, trace: Trace) -> Branch:
    system, scales = survey.system, survey.curve.scales
    rows = trace.coordinates() * scales
    rows[np.abs(rows[:, -1]) <= ROUNDING * scales[-1], -1] = 0.0
    eigenvalues = survey.tests.spectra(trace.points)
    order = np.lexsort((-eigenvalues.imag, -eigenvalues.real))
    eigenvalues = np.take_along_axis(eigenvalues, order, axis=1)
    size = np.abs(eigenvalues).max(axis=1)
    stable = eigenvalues.real.max(axis=1) < -HYPERBOLICITY * size
    if survey.kernels.n_jumps:
        stable &= ~np.array([_virtual(survey, row) for row in rows])
    special = tuple(_special(survey, trace, i, mark, eigenvalues[i]) for i, mark in marks_on(trace))
    return Branch(
        system=system.name,
        fingerprint=survey.kernels.fingerprint,
        states=system.states,
        parameter=survey.request.parameter,
        parameters=system.values,
        values=rows[:, -1].copy(),
        points=rows[:, :-1].copy(),
        eigenvalues=eigenvalues,
        stable=stable,
        special=special,
        stops=(trace.stops[0], trace.stops[1]),
        origin=trace.origin,
        closed=trace.closed,
        units=system.units,
    )


def _virtual(survey: Survey, row: FloatArray) -> bool:
    """Return whether the condition of a jump holds at a point, so that nothing rests there."""
    kernels, p = survey.kernels, survey.kernels.p
    p[survey.system.parameters.index(survey.request.parameter)] = row[-1]
    values, holds = np.empty(kernels.n_guards), np.empty(kernels.n_jumps)
    kernels.guards(0.0, row[:-1].copy(), p, values)
    kernels.conditions(values, holds)
    return bool(np.any(holds > 0))


def _special(survey: Survey, trace: Trace, i: int, mark: Mark, eigenvalues: NDArray[Any]) -> SpecialPoint:
    request, system, scales = survey.request, survey.system, survey.curve.scales
    z = mark.point.u * scales
    z[-1] = rounded(float(z[-1]), float(scales[-1]))
    values = system.values | {request.parameter: float(z[-1])}
    near = [float(trace.points[j].u[-1] * scales[-1]) for j in (max(i - 1, 0), min(i + 1, len(trace.points) - 1))]
    form = _form(survey, mark, z, values)
    correction = np.linalg.lstsq(mark.point.matrix, survey.curve.residual(mark.point.u), rcond=RANK_LOST)[0]
    size = float(np.linalg.norm(correction))
    vectors = {} if form is None else dict(form.vectors)
    for name, t in zip(("tangent", "branch_tangent"), mark.tangents or (mark.point.tangent,), strict=False):
        vectors[name] = t * scales
    period = 0.0
    if mark.kind == "hopf":
        turning = eigenvalues[eigenvalues.imag > 0.0]
        period = 2.0 * math.pi / float(turning[np.argmin(np.abs(turning.real) / np.abs(turning))].imag)
    return SpecialPoint(
        kind=mark.kind,
        code=CODES[mark.kind],
        system=system.name,
        fingerprint=survey.kernels.fingerprint,
        states=system.states,
        point=z[:-1].copy(),
        parameters=values,
        free=(request.parameter,),
        residual=float(np.max(np.abs(survey.curve.residual(mark.point.u)))),
        interval=(min(*near, float(z[-1])), max(*near, float(z[-1]))),
        converged=mark.simple and size <= LOCATED,
        eigenvalues=eigenvalues,
        normal_form={} if form is None else dict(form.coefficients),
        criticality=MANY if not mark.simple else "" if form is None else form.criticality,
        period=period,
        index=i,
        vectors=vectors,
        name=mark.name,
        ranges={request.parameter: (request.low, request.high)},
    )


def _form(survey: Survey, mark: Mark, z: FloatArray, values: dict[str, float]) -> NormalForm | None:
    """Return the normal form of a bifurcation; None where there is none (degenerate, or on a kink)."""
    if not mark.simple or mark.kind not in _BIFURCATIONS or survey.on_switch(mark.point.u):
        return None
    try:
        return normal_form(survey.system, mark.kind, z[:-1], (survey.request.parameter,), values=values)
    except ConvergenceError:
        return None
