"""The curve of bifurcations through a special point: its equations, scales, first point and borders."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.equilibrium_survey import (
    ANGLE,
    CONTRACTION,
    FIRST_STEP,
    LEAST_SCALE,
    LEAST_STEP,
    MOST_POINTS,
    SLOWEST,
    WIDEST,
)
from dynana.analysis.equilibrium_tracing import Trace, Tracer
from dynana.analysis.loci_request import LocusRequest
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.lowering.multilinear import arrays
from dynana.numerics.equilibrium_curve import GOOD, CurvePoint
from dynana.numerics.locus_curve import LocusCurve, LocusPoint
from dynana.numerics.locus_equations import AUXILIARIES, BOUNDARY, BRANCH, FOLD, HOPF
from dynana.numerics.pseudo_arclength import POINT_LIMIT, StepControl
from dynana.results.special_points import in_words
from dynana.results.stop import Stop
from dynana.results.tables import number

FloatArray = NDArray[np.float64]

#: A start is on the curve if Newton's method moves it by no more than this, in scaled coordinates.
ON_CURVE = 1e-3
#: A parameter unfolds a branch point if its column has at least this part of its size along the left null vector.
UNFOLDS = 1e-6
#: Points where branches cross only after the equations are changed by more than this (scaled) are none.
UNFOLDED = 1e-8
#: Beside this fraction of the largest rate, a squared frequency has no sign.
NO_FREQUENCY = 1e-10
#: The sizes of states without a range are found by tracing: after so many steps either way a state that varies by more
#: than so many times its size is given that size, and the curve is traced again.
PILOT, MOST_GROWTH, ROUNDS = 200, 3.0, 12
#: Part of the way to a border that is gone where the border itself cannot be reached.
SHORT_OF_BORDER = 0.999
#: The defining system is singular at an end if its smallest singular value has fallen to this part so shortly before.
SINGULAR_END = 0.05
FAMILIES = {"fold": FOLD, "hopf": HOPF, "branch point": BRANCH, "boundary equilibrium": BOUNDARY}


@dataclass(frozen=True, eq=False)
class LocusTracer(Tracer):
    """Traces a curve of bifurcations; the last names are the two parameters and what else is unknown."""

    def _border_stop(self, i: int, bound: float) -> Stop:
        curve = self.curve
        assert isinstance(curve, LocusCurve)
        if i == curve.n + 2:
            return Stop(
                reason="bogdanov-takens point",
                message="the frequency falls to zero: beyond, two real eigenvalues add to zero (neutral saddles).",
            )
        if i < curve.n:
            return Tracer._border_stop(self, i, bound)
        name, value = self.names[i], number(bound * float(curve.scales[i]))
        remedy = f"give a wider range with ranges={{{name!r}: (low, high)}} to go on"
        return Stop(reason="end of range", message=f"{name} = {value}: {remedy}.")

    def _end(self, u: FloatArray, last: CurvePoint) -> CurvePoint | None:
        assert isinstance(self.curve, LocusCurve) and isinstance(last, LocusPoint)
        end = self.curve.point(u, last.tangent, last.borders)
        if end is None:  # where a rate vanishes on the border, the defining system is singular there
            end = self.curve.at(last, SHORT_OF_BORDER * float(last.tangent @ (u - last.u)))
        return end

    def _beyond_kink(self, last: CurvePoint, direction: float) -> CurvePoint | None:
        return None  # the Jacobian jumps at a kink, and with it what makes the point a bifurcation


def traced(request: LocusRequest) -> tuple[str, LocusCurve, Trace]:
    """Return the kind of the curve through the start, its equations and the traced points.

    Raises
    ------
    ConvergenceError
        If the start is not on a curve of the kind.
    """
    kind = request.kind
    if kind == "branch point" and unfolding_parameters(request):
        kind = "fold"
    scales, known = _state_scales(request)
    for _ in range(ROUNDS):
        curve, start = _started(request, kind, scales)
        trace = _traced(request, kind, curve, start, MOST_POINTS if known.all() else PILOT)
        spans = np.ptp(trace.coordinates()[:, : curve.n], axis=0) * scales
        if not np.any(spans[~known] > MOST_GROWTH * scales[~known]):
            break
        scales = np.where(known, scales, np.maximum(scales, spans))
    if not known.all() and any(stop.reason == POINT_LIMIT for stop in trace.stops):
        trace = _traced(request, kind, curve, start, MOST_POINTS)
    if kind == "branch point":
        trace = _crossing_part(curve, trace)
    elif kind == "hopf":
        _check_takens(curve, trace)
    return kind, curve, trace


def _traced(request: LocusRequest, kind: str, curve: LocusCurve, start: LocusPoint, points: int) -> Trace:
    """Return the curve through a point, with a limit on its points either way."""
    names = (*request.system.states, *request.free)
    low, high = np.full(curve.size, -math.inf), np.full(curve.size, math.inf)
    for i, name in enumerate(names):
        if name in request.ranges:
            low[i], high[i] = request.ranges[name]
    if kind == "hopf":
        low[-1] = 0.0
    control = StepControl(
        first=min(FIRST_STEP, request.max_step), least=LEAST_STEP, most=request.max_step, angle=ANGLE,
        widest=WIDEST, contraction=CONTRACTION, slowest=SLOWEST, points=points,
    )  # fmt: skip
    tracer = LocusTracer(curve, low / curve.scales, high / curve.scales, names, control, lambda u: np.zeros(0))
    return tracer.traced(start, (1.0, -1.0), "")


def _check_takens(curve: LocusCurve, trace: Trace) -> None:
    """Give ends of a curve of Hopf points that are no Bogdanov-Takens points another stop, and stop short of them."""
    for end, inner in ((0, 1), (-1, -2)):
        if len(trace.points) < 3 or trace.points[end].u[-1] != 0.0 or trace.points[end] is trace.start:
            continue
        last: LocusPoint = trace.points[inner]  # type: ignore[assignment]
        away = trace.points[end].u - last.u
        near = curve.at(last, SHORT_OF_BORDER * float(last.tangent @ away))
        if near is not None and _least(near) > SINGULAR_END * _least(last):
            continue
        trace.points[end] = near or last
        trace.stops[end] = Stop(
            reason="degenerate",
            message="the frequency falls to zero where equilibria are not isolated: a rate vanishes for all states.",
        )


def _least(point: LocusPoint) -> float:
    """Return the smallest singular value of the defining system: zero where it is not that of one smooth curve."""
    return float(np.linalg.svd(point.matrix, compute_uv=False)[-1])


def unfolding_parameters(request: LocusRequest) -> list[str]:
    """Return the parameters that break up a branch point: not tangent to the range of the Jacobian there."""
    slopes, columns = _linear(request)
    scales, _ = _state_scales(request)
    left = np.linalg.svd(slopes / scales[:, None] * scales)[0][:, -1] / scales
    sizes = np.abs(left) @ np.abs(columns)
    amounts = np.abs(left @ columns)
    return [n for n, amount, size in zip(request.free, amounts, sizes, strict=True) if amount > UNFOLDS * size]


def _crossing_part(curve: LocusCurve, trace: Trace) -> Trace:
    """Return the part of a trace on which branches of the equations as they are cross."""
    at = next(i for i, p in enumerate(trace.points) if p is trace.start)
    wrong = [i for i, p in enumerate(trace.points) if abs(p.u[-1] * curve.scales[-1]) > UNFOLDED]
    if not wrong:
        return trace
    first = max((i for i in wrong if i < at), default=-1) + 1
    last = min((i for i in wrong if i > at), default=len(trace.points)) - 1
    stop = Stop(
        reason="isolated",
        message="beyond, branches cross only if the equations are changed: follow folds with kind='fold'.",
    )
    stops = [trace.stops[0] if first == 0 else stop, trace.stops[1] if last == len(trace.points) - 1 else stop]
    return Trace(trace.points[first : last + 1], stops, False, "", start=trace.start)


def fold_beside(request: LocusRequest, moved: FloatArray) -> FloatArray | None:
    """Return the fold (states, parameters) beside that of the start, in the plane normal to a displacement; or None."""
    curve, _ = _started(request, "fold", _state_scales(request)[0])
    start = np.concatenate([request.start.point, [request.start.parameters[n] for n in request.free]])
    away = moved / curve.scales
    u, _, outcome = curve.correct(start / curve.scales + away, away / np.linalg.norm(away))
    return u * curve.scales if outcome == GOOD else None


def _started(request: LocusRequest, kind: str, states: FloatArray) -> tuple[LocusCurve, LocusPoint]:
    """Return the equations, for given sizes of the states, and the first point on the curve."""
    family, kernels = FAMILIES[kind], lower(request.system)
    jacobian, _ = _linear(request)
    scaled = jacobian / states[:, None] * states
    rate = float(np.linalg.norm(scaled, 2)) or 1.0
    if family == HOPF and len(states) < 2:
        raise ConvergenceError(f"{request.system.name}: one state alone has no Hopf points")
    scales = np.concatenate([states, [np.subtract(*request.ranges[n][::-1]) for n in request.free]])
    values = request.system.values
    z = np.concatenate([request.start.point, [values[n] for n in request.free]])
    functions, tape = [kernels.rhs, kernels.jacobian, kernels.parameter_jacobian], arrays(kernels.module("tape"))
    if family == BOUNDARY:
        functions.append(kernels.module("level", str(touched_level(request))).level)
    index = request.system.parameters.index
    free = (index(request.free[0]), index(request.free[1]))
    made = partial(LocusCurve, family, tuple(functions), tape, kernels.p, free, rate=rate)
    u, extra = z / scales, np.ones(AUXILIARIES[family])
    curve = made(scales=np.concatenate([scales, extra]))
    if family == HOPF:
        u = np.append(u, squared_frequency(request, np.linalg.eigvals(scaled)) / rate**2)
    elif family == BRANCH:
        u = np.append(u, 0.0)
    point = _corrected(request, kind, curve, u)
    if family == HOPF:
        # in this unit the squared frequency weighs as much as all that it varies with
        slope = abs(float(point.tangent[-1])) / float(np.linalg.norm(point.tangent[:-1]))
        unit = max(float(u[-1]), slope)
        curve = made(scales=np.append(scales, unit))
        point = _corrected(request, kind, curve, np.append(point.u[:-1], point.u[-1] / unit))
    return curve, point


def touched_level(request: LocusRequest) -> int:
    """Return which guard, or which switching function (counted on), is nearest to zero at the start.

    Raises
    ------
    ValueError
        If the system has neither.
    """
    kernels = lower(request.system)
    y, p = np.array(request.start.point, dtype=float), kernels.p
    levels, switches = np.empty(kernels.n_guards), np.empty(kernels.n_switches)
    kernels.guards(0.0, y, p, levels)
    kernels.switches(0.0, y, p, switches)
    both = np.concatenate((levels, switches))
    if not both.size:
        raise ValueError(
            f"{request.system.name} has no boundary equilibria: it has neither jumps, whose thresholds an equilibrium "
            "could touch, nor switches in its equations"
        )
    return int(np.argmin(np.abs(both)))


def _corrected(request: LocusRequest, kind: str, curve: LocusCurve, u: FloatArray) -> LocusPoint:
    """Return the point of the curve nearest to a start."""
    matrix = curve.derivative(u)
    found = None
    if np.all(np.isfinite(matrix)):
        normal = np.eye(curve.size)[-1] if kind == "hopf" and u[-1] == 0.0 else np.linalg.svd(matrix)[2][-1]
        v, _, outcome = curve.correct(u, normal)
        if outcome == GOOD and float(np.linalg.norm(v - u)) <= ON_CURVE:
            if kind == "hopf" and u[-1] == 0.0:
                v[-1] = 0.0
            found = curve.point(v)
    if found is None:
        place = ", ".join(f"{n} = {number(request.start[n])}" for n in (*request.free, *request.system.states))
        raise ConvergenceError(
            f"{request.system.name}: there is no curve of {in_words(kind, many=True)} through the start ({place}): "
            "give a special point that was located on this system, with kind= where curves of several kinds pass"
        )
    return found


def squared_frequency(request: LocusRequest, eigenvalues: NDArray[Any]) -> float:
    """Return the squared frequency of the pair whose curve is meant: 0 at a Bogdanov-Takens point.

    At a Hopf-Hopf point it is the pair whose frequency is not that of the start's period.
    """
    if request.start.kind == "bogdanov-takens":
        return 0.0
    values = eigenvalues.astype(complex)
    i, j = np.triu_indices(len(values), 1)
    sums, products = (values[i] + values[j]), (values[i] * values[j]).real
    turning = products > NO_FREQUENCY * float(np.abs(values).max()) ** 2
    distance = np.where(turning, np.abs(sums), np.inf)
    if request.start.kind == "hopf-hopf" and request.start.period:
        own = 2.0 * math.pi / request.start.period
        distance[np.argmin(np.abs(np.sqrt(np.abs(products)) - own) + distance)] = np.inf
    return float(products[np.argmin(distance)]) if len(products) else 0.0


def _state_scales(request: LocusRequest) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the sizes of the states, and which of them are known: those of their ranges, else of their values."""
    system = request.system
    ranges = {n: (0.0, period) for n, period in system.wrap.items()} | system.ranges | request.ranges
    scales = np.maximum(np.abs(request.start.point), np.abs(list(system.initial.values())))
    scales = np.maximum(scales, LEAST_SCALE)
    for i, name in enumerate(system.states):
        if name in ranges:
            scales[i] = np.subtract(*ranges[name][::-1])
    return scales, np.array([name in ranges for name in system.states])


def _linear(request: LocusRequest) -> tuple[FloatArray, FloatArray]:
    """Return the Jacobian and the derivatives by the two parameters at the start."""
    kernels = lower(request.system)
    y, p, n = np.array(request.start.point, dtype=float), kernels.p, kernels.n
    jacobian, columns = np.empty((n, n)), np.empty((n, kernels.n_parameters))
    kernels.jacobian(0.0, y, p, jacobian)
    kernels.parameter_jacobian(0.0, y, p, columns)
    return jacobian, columns[:, [request.system.parameters.index(n) for n in request.free]]
