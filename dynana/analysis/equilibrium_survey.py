"""All curves of equilibria over a range: starts, traces, switching at branch points, no curve twice."""

from __future__ import annotations

import math
from collections import deque
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.branch_points import through
from dynana.analysis.continuation_request import Request
from dynana.analysis.coverage import Coverage
from dynana.analysis.equilibrium_points import Tests, locate
from dynana.analysis.equilibrium_tracing import Trace, Tracer, on_any
from dynana.analysis.fixed_points import fixed_points
from dynana.analysis.special_coverage import SpecialCoverage, proved_special_points
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.numerics.equilibrium_curve import GOOD, CurvePoint, EquilibriumCurve
from dynana.numerics.pseudo_arclength import StepControl
from dynana.results.stop import Stop
from dynana.results.tables import number

FloatArray = NDArray[np.float64]

#: Parameter values, as parts of the range, at which all equilibria are searched: both ends, and places between where
#: nothing special is expected.
PLACES = (0.0, 1.0, 0.5236, 0.2081, 0.8397)
#: Most points of one branch in one direction.
MOST_POINTS = 20_000
#: First step and shortest step, in the scaled coordinates.
FIRST_STEP, LEAST_STEP = 1e-3, 1e-9
#: Angle between tangents that is aimed at, and beyond which a step is repeated, radians.
ANGLE, WIDEST = 0.12, 0.35
#: First contraction of Newton's method that is aimed at, and beyond which a step is repeated.
CONTRACTION, SLOWEST = 0.05, 0.4
#: Scale of a state without a range whose values are all alike, relative to them and absolute.
RELATIVE_SCALE, LEAST_SCALE = 0.1, 1e-3
#: How far along a branch it is tested, in scaled coordinates, whether it is known already.
LOOK_AHEAD = 3e-3
#: Parts of that distance which are tried where a branch point is so close to the border of the box that the curve is
#: outside already; what is shorter than the last is no branch.
NEARER = (1.0, 0.1, 1e-2, 1e-3)
#: How often a curve is traced again where it passes close to another one, and how much shorter the steps are each time.
RETRACED, SHORTER = 6, 10.0
#: A rate of change below this is an equilibrium when none was followed.
EQUILIBRIUM = 1e-12
#: Scaled values below this are zero in words.
ROUNDING = 1e-13
#: Scaled distance within which a point is on a kink or jump of the equations.
ON_SWITCH = 1e-7
#: Random points of the box from which the smallest residual is searched when there is no equilibrium.
TRIALS = 60


class Survey:
    """The curves of equilibria of a request.

    Attributes
    ----------
    request : Request
    curve : EquilibriumCurve
    tracer : Tracer
    tests : Tests
    traces : list of Trace
    jumps : int
        Steps that have gone over to another curve however short they were.
    special : SpecialCoverage or None
        The proof about folds and Hopf points, where all equilibria were searched.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.system, self.kernels = request.system, lower(request.system)
        self.traces: list[Trace] = []
        self.jumps = 0
        self.coverage = Coverage(request, self.kernels) if request.start is None else None
        self.missed = np.empty(0, np.int64)
        self.special: SpecialCoverage | None = None
        self.starts = np.empty((0, len(self.system.states) + 1)) if request.start is None else request.start[None]
        if self.coverage is not None and self.coverage.spent:
            self.starts = self._equilibria()
        scales = self._scales()
        k = self.system.parameters.index(request.parameter)
        kernels = self.kernels
        self.curve = EquilibriumCurve(kernels.rhs, kernels.jacobian, kernels.parameter_jacobian, kernels.p, k, scales)
        borders = np.array(
            [
                *(request.box.get(n, (-math.inf, math.inf)) for n in self.system.states),
                (request.low, request.high),
            ]
        )
        control = StepControl(
            first=min(FIRST_STEP, request.max_step), least=LEAST_STEP, most=request.max_step, angle=ANGLE,
            widest=WIDEST, contraction=CONTRACTION, slowest=SLOWEST, points=MOST_POINTS,
        )  # fmt: skip
        low, high = borders.T / scales
        self.tracer = Tracer(self.curve, low, high, (*self.system.states, request.parameter), control, self._switches)
        kinks = tuple(("kink", "", partial(self._switch, i)) for i in range(kernels.n_switches))
        self.tests = Tests(self.curve, (*request.others, *kinks))

    # -- what is known before tracing ------------------------------------------------------------------------------

    def _equilibria(self) -> FloatArray:
        """Return all equilibria at several parameter values, shape (k, n + 1)."""
        request, rows = self.request, []
        for place in PLACES:
            value = request.low + place * (request.high - request.low)
            found = fixed_points(self.system.at(**{request.parameter: value}), ranges=request.box)
            rows += [np.append(p.point, value) for p in found]
        return np.array(rows).reshape(-1, len(self.system.states) + 1)

    def _scales(self) -> FloatArray:
        """Return the sizes of states and parameter: of the box, or of what is found where there is no range."""
        request = self.request
        scales = np.empty(len(self.system.states) + 1)
        scales[-1] = request.high - request.low
        points = self.starts
        if self.coverage is not None and any(n not in request.box for n in self.system.states):
            points = np.concatenate([points, self.coverage.middles])
        for i, name in enumerate(self.system.states):
            if name in request.box:
                low, high = request.box[name]
                scales[i] = high - low
            else:
                column = points[:, i] if len(points) else np.ones(1)
                scales[i] = max(float(np.ptp(column)), RELATIVE_SCALE * float(np.abs(column).max()), LEAST_SCALE)
        return scales

    def _switches(self, u: FloatArray) -> FloatArray:
        """Return the functions whose zeros are kinks of the equations, at a scaled point."""
        z, p, out = u * self.curve.scales, self.kernels.p, np.zeros(self.kernels.n_switches)
        if len(out):
            p[self.system.parameters.index(self.request.parameter)] = z[-1]
            self.kernels.switches(0.0, z[:-1].copy(), p, out)
        return out

    def on_switch(self, u: FloatArray) -> bool:
        """Return whether the equations have a kink or jump at a scaled point."""
        steps = ON_SWITCH * np.eye(len(u))
        signs = np.sign([self._switches(u + step) for step in (0.0 * u, *steps, *-steps)])
        return bool(np.any(signs != signs[0])) or bool(np.any(signs == 0.0))

    def _switch(self, i: int, z: FloatArray) -> float:
        return float(self._switches(z / self.curve.scales)[i])

    # -- tracing ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Trace everything that the starts and the branch points on their curves lead to."""
        request = self.request
        if request.start is not None:
            self._from_given(request.start / self.curve.scales)
            return
        for row in self.starts:
            self.add(row / self.curve.scales, self._found_at(row), len(row) - 1)
        if self.coverage is not None:
            self._fill(self.coverage)
        if not self.traces:
            raise ConvergenceError(self.nothing_found())
        if self.coverage is not None:
            self.special = proved_special_points(self.coverage, self.kernels, self.curve, self.tests, self.traces)

    def _found_at(self, z: FloatArray) -> str:
        return f"found at {self.request.parameter} = {number(float(z[-1]))}"

    def _fill(self, coverage: Coverage) -> None:
        """Trace from every proved arc that no traced curve passes, those nearest to the ends of the range first."""
        low, high = self.request.low, self.request.high
        value = coverage.enclosures[:, -1].mean(axis=1)
        distance = np.minimum(value - low, high - value)
        waiting = np.argsort(distance, kind="stable")
        seen, missed = 0, []
        while True:
            for trace in self.traces[seen:]:
                waiting = waiting[~coverage.passed(trace, self.curve.scales, waiting)]
            seen = len(self.traces)
            if not len(waiting):
                break
            arc, waiting = int(waiting[0]), waiting[1:]
            if not self._from_arc(coverage, arc):
                missed.append(arc)
        self.missed = np.array(missed, dtype=np.int64)

    def _from_arc(self, coverage: Coverage, arc: int) -> bool:
        """Return whether the curve of a proved arc is traced now, or the arc is outside the box."""
        found = False
        for z, kept in coverage.trials(arc):
            normal = np.zeros_like(z)
            normal[kept] = 1.0
            u, _, outcome = self.curve.correct(z / self.curve.scales, normal)
            if outcome != GOOD or not coverage.holds(arc, u * self.curve.scales):
                continue
            found = True
            if not self.tracer.outside(u).any():
                self.add(u, self._found_at(u * self.curve.scales), kept)
                return True
        return found

    def add(self, u: FloatArray, origin: str, kept: int) -> bool:
        """Trace the curve through an equilibrium unless it is known; return whether it was new.

        ``kept`` is the coordinate that does not change when the equilibrium is corrected.
        """
        normal = np.zeros_like(u)
        normal[kept] = 1.0
        corrected, _, outcome = self.curve.correct(u, normal)
        if outcome == GOOD and float(np.linalg.norm(corrected - u)) < LOOK_AHEAD:
            u = corrected
        if not np.all(np.isfinite(u)) or on_any(self.curve, self.traces, u):
            return False
        start = self.curve.point(u)
        if start is None:
            return False
        if start.tangent[-1] < 0.0:
            start = CurvePoint(u, -start.tangent, start.matrix)
        self._take(self.tracer.traced(start, (1.0, -1.0), origin))
        return True

    def _from_given(self, u: FloatArray) -> None:
        tangents = [t / self.curve.scales for t in self.request.tangents]
        if tangents:
            for t in tangents:
                self._from_branch_point(u, t / np.linalg.norm(t), "from the given branch point")
            return
        point = self.curve.point(u)
        corrected, _, outcome = (u, 0.0, -1) if point is None else self.curve.correct(u, point.tangent)
        start = None if outcome != GOOD else self.curve.point(corrected)
        if start is None or float(np.linalg.norm(corrected - u)) > LOOK_AHEAD:
            residual = zip(self.system.states, self.curve.residual(u), strict=True)
            rates = ", ".join(f"d{n}/dt = {r:.3g}" for n, r in residual)
            raise ConvergenceError(
                f"{self.system.name}: the start is not an equilibrium ({rates}). Give one to three digits, or leave "
                "start= out: all equilibria are searched."
            )
        self._take(self.tracer.traced(start, (1.0, -1.0), "from the given start"))

    def _take(self, trace: Trace) -> None:
        """Keep a new trace, and follow the branches that cross it."""
        waiting = deque([trace])
        while waiting:
            trace = self._without_jumps(waiting.popleft())
            self._cut(trace)
            self.traces.append(trace)
            for mark in [m for m in trace.marks if m.kind == "branch point"]:
                for tangent in mark.tangents:
                    waiting.extend(self._switched(mark.point.u, tangent, [*self.traces, *waiting]))

    def _without_jumps(self, trace: Trace) -> Trace:
        """Return a trace with its special points, traced again with shorter steps where it changed to another curve."""
        jumps = locate(self.curve, self.tests, trace)
        for _ in range(RETRACED):
            if not jumps or trace.start is None:
                return trace
            for a, b in jumps:
                length = float(np.linalg.norm(b - a))
                self.curve.narrow.append((0.5 * (a + b), length, length / SHORTER))
            trace = self.tracer.traced(trace.start, trace.ways, trace.origin)
            jumps = locate(self.curve, self.tests, trace)
        self.jumps += len(jumps)
        return trace

    def _from_branch_point(self, u: FloatArray, tangent: FloatArray, origin: str) -> None:
        for trace in self._switched(u, tangent, self.traces, origin):
            self._take(trace)

    def _switched(self, u: FloatArray, tangent: FloatArray, known: list[Trace], origin: str = "") -> list[Trace]:
        """Return the trace of a branch through a branch point, or of the half of it that is not known."""
        start = through(self.curve, u, tangent)
        new = []
        for direction in (1.0, -1.0):
            ahead = self._ahead(start, direction)
            if ahead is not None and not on_any(self.curve, known, ahead):
                new.append(direction)
        origin = origin or f"from the branch point at {self._value(u)}"
        if len(new) == 2:
            return [self.tracer.traced(start, (1.0, -1.0), origin)]
        traces = [self.tracer.traced(start, (direction,), origin) for direction in new]
        return [t for t in traces if len(t.points) > 1]

    def _ahead(self, start: CurvePoint, direction: float) -> FloatArray | None:
        """Return a point of the curve through a branch point inside the box; None if it leaves the box there."""
        for part in NEARER:
            ahead = self.curve.at(start, direction * part * LOOK_AHEAD)
            if ahead is None:
                return None
            if not self.tracer.outside(ahead.u).any():
                return np.asarray(ahead.u)
        return None

    def _value(self, u: FloatArray) -> str:
        """Return the parameter value of a scaled point in words."""
        value = float(u[-1]) if abs(u[-1]) > ROUNDING else 0.0
        return f"{self.request.parameter} = {number(value * float(self.curve.scales[-1]))}"

    def _cut(self, trace: Trace) -> None:
        """Cut a trace where it goes on, beyond a branch point, along a curve that is known."""
        for end, step in ((-1, 1), (0, -1)):
            marks = [m for m in (trace.marks if end == -1 else reversed(trace.marks)) if m.kind == "branch point"]
            for mark in marks:
                i = next((j for j, p in enumerate(trace.points) if p is mark.point), None)
                if i is None or not 0 <= i + step < len(trace.points):
                    continue
                beyond = trace.points[i + step :] if step > 0 else trace.points[i + step :: -1]
                last = beyond[0] if len(beyond) == 1 else beyond[1]
                if not (on_any(self.curve, self.traces, beyond[0].u) and on_any(self.curve, self.traces, last.u)):
                    continue
                keep = trace.points[: i + 1] if step > 0 else trace.points[i:]
                trace.points = keep
                message = f"At {self._value(mark.point.u)}, a branch point."
                trace.stops[end] = Stop(reason="meets another branch", message=message)
                trace.marks = [m for m in trace.marks if any(m.point is p for p in keep)]
                break

    # -- nothing there ---------------------------------------------------------------------------------------------

    def nothing_found(self) -> str:
        """Return what to say when there is no equilibrium: the smallest residual, and where."""
        request, curve = self.request, self.curve
        generator = np.random.default_rng(0)
        low = np.where(np.isfinite(self.tracer.low), self.tracer.low, -1.0)
        high = np.where(np.isfinite(self.tracer.high), self.tracer.high, 1.0)
        best, where = math.inf, low
        for u in low + (high - low) * generator.random((TRIALS, len(low))):
            for _ in range(8):
                rates = curve.residual(u)
                size = float(np.max(np.abs(rates)))
                if not math.isfinite(size):
                    break
                if size < best:
                    best, where = size, u
                u = np.clip(u - np.linalg.lstsq(curve.derivative(u), rates, rcond=1e-8)[0], low, high)
        names = (*self.system.states, request.parameter)
        place = ", ".join(f"{n} = {x:.6g}" for n, x in zip(names, where * curve.scales, strict=True))
        box = ", ".join(f"{n} in [{a:g}, {b:g}]" for n, (a, b) in request.box.items())
        if best <= EQUILIBRIUM:
            return (
                f"{self.system.name}: the equilibria do not form curves in {request.parameter}, they fill a surface "
                f"(one is at {place}): an equation depends on the others, or a conserved quantity is missing."
            )
        coverage = self.coverage
        proved = coverage is not None and not len(coverage.undecided) and not coverage.spent
        verdict = "there is no equilibrium (proved)" if proved else "no equilibrium found"
        return (
            f"{self.system.name}: {verdict} for {request.parameter} in [{request.low:g}, {request.high:g}]"
            f"{', ' + box if box else ''}. The smallest rate of change found is {best:.3g}, at {place}. Widen the "
            "range or ranges={...}."
        )
