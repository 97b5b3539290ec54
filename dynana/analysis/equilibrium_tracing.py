"""Tracing one curve of equilibria both ways, with every way in which it ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.trace_ends import NEAR_CHORD, SAME_PLACE, arriving, crossing, hermite, lost_rank, meeting_place
from dynana.numerics.bracketed_roots import NARROWEST
from dynana.numerics.equilibrium_curve import GOOD, NOT_FINITE, CurvePoint
from dynana.numerics.pseudo_arclength import POINT_LIMIT, Attempt, StepControl, follow
from dynana.results.stop import Stop
from dynana.results.tables import number

FloatArray = NDArray[np.float64]

#: Points within this fraction of the size of the diagram beyond its border are on it.
ON_BORDER = 1e-11
#: Where a curve leaves the box is looked for with this tolerance first, as a part of a step: Newton's method in the
#: face goes on from there, unless another curve lies in the face.
NEARLY = 1e-3
#: Steps after which a curve may have come back to its start.
SHORTEST_LOOP = 4
#: Distance beyond a place where steps have become too short at which the other side of a kink is looked at.
BEYOND = 1e-6
#: Cosine between tangents above which there is no corner.
STRAIGHT = 1.0 - 1e-8
#: Cosine between tangents above which two pieces run the same way.
SAME_WAY = 0.7
#: How a curve ends on a face of the box of states.
LEAVES_BOX = "leaves the box"


class Curve(Protocol):
    """What can be traced: the zeros of some equations, see `EquilibriumCurve`."""

    scales: FloatArray

    def derivative(self, u: FloatArray) -> FloatArray:
        """Return the derivative of the equations."""

    def correct(self, u: FloatArray, normal: FloatArray, farthest: float = ...) -> tuple[FloatArray, float, int]:
        """Return the zero in a hyperplane, the contraction and the outcome."""

    def point(self, u: FloatArray, along: FloatArray | None = None) -> Any:
        """Return a zero with its tangent, or None."""

    def advance(self, point: Any, step: float) -> Attempt[Any]:
        """Take one step."""

    def prepare(self, point: Any) -> Any:
        """Return a point as the next step shall start from it."""

    def at(self, point: Any, distance: float) -> Any:
        """Return the point at a distance along the tangent of another, or None."""


@dataclass(eq=False)
class Trace:
    """A traced curve: points in order, tangents pointing along it.

    Attributes
    ----------
    points : list of CurvePoint
    stops : list of two Stop
    closed : bool
    origin : str
    marks : list of Mark
        Located special points, filled in by `dynana.analysis.equilibrium_points`.
    start : CurvePoint
        Where the tracing began.
    ways : tuple of float
        Directions that were followed from there.
    """

    points: list[CurvePoint]
    stops: list[Stop]
    closed: bool
    origin: str
    marks: list[Mark] = field(default_factory=list)
    start: CurvePoint | None = None
    ways: tuple[float, ...] = (1.0, -1.0)

    def coordinates(self) -> FloatArray:
        """Return the scaled points, shape (k, n + 1)."""
        return np.array([p.u for p in self.points])


@dataclass(frozen=True, eq=False)
class Mark:
    """A located special point of a trace.

    Attributes
    ----------
    kind : str
    point : CurvePoint
    name : str
        Of a label or test function.
    simple : bool
        False for a branch point at which more than two curves meet: they are not resolved.
    tangents : tuple of ndarray
        Directions of the two branches through a branch point; none where they could not be told apart.
    """

    kind: str
    point: CurvePoint
    name: str = ""
    simple: bool = True
    tangents: tuple[FloatArray, ...] = ()


@dataclass(frozen=True, eq=False)
class Tracer:
    """Traces curves inside a box.

    Attributes
    ----------
    curve : Curve
    low, high : ndarray, shape (n + 1,)
        Scaled borders, infinite where there is none.
    names : tuple of str
        States and the parameter.
    control : StepControl
    switches : callable
        Functions of a scaled point whose zeros are kinks of the equations.
    """

    curve: Curve
    low: FloatArray
    high: FloatArray
    names: tuple[str, ...]
    control: StepControl
    switches: Callable[[FloatArray], FloatArray]

    def traced(self, start: CurvePoint, ways: tuple[float, ...], origin: str) -> Trace:
        """Return the curve through a point, or the half of it in one direction from a branch point."""
        if len(ways) == 2:
            trace = self.both_ways(start, origin)
        else:
            points, end, _ = self.one_way(start, ways[0])
            begin = Stop(reason="meets another branch", message="It starts at a branch point.")
            forward = ways[0] > 0.0
            ordered = [start, *points] if forward else [*reversed(points), start]
            trace = Trace(ordered, [begin, end] if forward else [end, begin], False, origin)
        trace.start, trace.ways = start, ways
        return trace

    def both_ways(self, start: CurvePoint, origin: str) -> Trace:
        """Return the whole curve through a point."""
        forward, end, closed = self.one_way(start, 1.0)
        if closed:
            return Trace([start, *forward], [end, end], True, origin)
        backward, begin, _ = self.one_way(start, -1.0)
        return Trace([*reversed(backward), start, *forward], [begin, end], False, origin)

    def one_way(self, start: CurvePoint, direction: float) -> tuple[list[CurvePoint], Stop, bool]:
        """Return the points after the start in one direction, why they end, and whether they came back to it."""
        points: list[CurvePoint] = []
        control = replace(self.control, first=math.copysign(self.control.first, direction))
        steps = follow(self.curve, start, control)
        last, corner = start, None
        while True:
            try:
                new, step = next(steps)
            except StopIteration as ended:
                beyond = self._beyond_kink(last, direction)
                if ended.value == POINT_LIMIT or beyond is None or last is corner:
                    return points, self._given_up(ended.value, last, direction), False
                last = corner = beyond
                steps = follow(self.curve, beyond, control)
                continue
            if self.outside(new.u).any():
                end, stop = self._border(last, new, step)
                return [*points, end] if end is not None else points, stop, False
            if len(points) >= SHORTEST_LOOP and self._passes(start, points, new, step):
                points.append(start)
                return points, Stop(reason="closed loop", message="The curve came back to its start."), True
            points.append(new)
            last = new

    def outside(self, u: FloatArray) -> NDArray[np.bool_]:
        """Return which coordinates of a point are beyond the border."""
        least, most = self._borders
        return (u > most) | (u < least)

    @cached_property
    def _borders(self) -> tuple[FloatArray, FloatArray]:
        return self.low - ON_BORDER * (1.0 + np.abs(self.low)), self.high + ON_BORDER * (1.0 + np.abs(self.high))

    def _border(self, last: CurvePoint, new: CurvePoint, step: float) -> tuple[CurvePoint | None, Stop]:
        """Return the point where the curve leaves the box (None if that is ``last``) and the stop."""
        bounds = np.where(new.u > self.high, self.high, self.low)
        gone = np.flatnonzero(self.outside(new.u))
        parts = {int(i): float((bounds[i] - last.u[i]) / (new.u[i] - last.u[i])) for i in gone}
        i = min(parts, key=lambda j: parts[j])
        stop = self._border_stop(i, float(bounds[i]))
        if parts[i] * abs(step) <= self.control.least:
            return None, stop
        piece, normal = (last, new) if step > 0.0 else (new, last), np.eye(len(new.u))[i]
        for narrowest in (NEARLY, NARROWEST):
            u = guess = crossing(self.curve, *piece, i, float(bounds[i]), narrowest)
            guess[i] = bounds[i]
            exact, _, outcome = self.curve.correct(guess, normal, farthest=abs(step))
            if outcome == GOOD and float(np.linalg.norm(exact - guess)) <= SAME_PLACE:  # no other curve, in the face
                u = exact
                break
        u[i] = bounds[i]
        end = self._end(u, last)
        if end is not None and lost_rank(end, last):  # another curve crosses there
            meeting = meeting_place(self.curve, u, i)
            end = (self._end(meeting, last) or end) if meeting is not None else end
            end = replace(end, tangent=arriving(last, end.u, math.copysign(1.0, step)))
        return end, stop

    def _end(self, u: FloatArray, last: CurvePoint) -> CurvePoint | None:
        """Return a located point with its tangent, given the one before; None if it has none."""
        end: CurvePoint | None = self.curve.point(u, last.tangent)
        return end

    def _border_stop(self, i: int, bound: float) -> Stop:
        name, value = self.names[i], number(bound * float(self.curve.scales[i]))
        if i == len(self.names) - 1:
            return Stop(reason="end of range", message=f"{name} = {value}.")
        remedy = f"give a wider range with ranges={{{name!r}: (low, high)}} to go on"
        return Stop(reason=LEAVES_BOX, message=f"{name} = {value}: {remedy}.")

    def _place(self, u: FloatArray) -> str:
        whole = np.where(np.abs(u) <= ON_BORDER, 0.0, u)  # scaled: what is left of zero is rounding
        return ", ".join(f"{n} = {number(x)}" for n, x in zip(self.names, whole * self.curve.scales, strict=False))

    def _given_up(self, reason: str, last: CurvePoint, direction: float) -> Stop:
        place = self._place(last.u)
        if reason == POINT_LIMIT:
            return Stop(
                reason="point limit", message=f"{self.control.points} points, at {place}: restart from the last point."
            )
        attempt = self.curve.advance(last, direction * 10.0 * self.control.least)
        if attempt.code == NOT_FINITE or not np.all(np.isfinite(last.matrix)):
            why = "the equations are not finite beyond this point"
        elif attempt.converged:
            why = "the curve bends sharply there: the equations have a kink or change on a very small scale"
        else:
            why = "Newton's method fails beyond this point: the equations have a kink, a jump or a pole there"
        return Stop(reason=reason, message=f"at {place}: {why}.")

    def _beyond_kink(self, last: CurvePoint, direction: float) -> CurvePoint | None:
        """Return the same point with the tangent of the curve on the other side of a kink; None if there is none."""
        step = direction * BEYOND
        ahead, behind = (self.switches(last.u + s * last.tangent) for s in (step, -step))
        crossed = ahead * behind < 0.0
        matrix = self.curve.derivative(last.u + step * last.tangent)
        if not crossed.any() or not np.all(np.isfinite(matrix)):
            return None
        tangent = np.linalg.svd(matrix)[2][-1]
        if abs(float(tangent @ last.tangent)) >= STRAIGHT:
            return None
        i = int(np.argmax(crossed))
        other = self.switches(last.u + step * tangent) - self.switches(last.u - step * tangent)
        return CurvePoint(last.u, tangent * math.copysign(1.0, float((ahead - behind)[i] * other[i])), matrix)

    def _passes(self, start: CurvePoint, points: list[CurvePoint], new: CurvePoint, step: float) -> bool:
        """Return whether the curve passes the start between the last point and a new one, in the same direction.

        The new point must lie on the piece that was traced first. (The start itself may be a branch point, where
        Newton's method does not converge.)
        """
        last = points[-1]
        away = start.u - last.u
        along = float(away @ last.tangent)
        if not 0.0 < along / step <= 1.0 + SAME_PLACE or float(new.tangent @ start.tangent) < SAME_WAY:
            return False
        aside = away - along * last.tangent
        if float(aside @ aside) > step * step:
            return False
        begin = Trace([start, *points[: len(points) // 2]], [], False, "")
        return on_trace(self.curve, begin, new.u) is not None


def on_trace(curve: Curve, trace: Trace, u: FloatArray) -> int | None:
    """Return the number of the segment of a traced curve on which a point lies, or None."""
    points = trace.coordinates()
    if len(points) < 2:
        return 0 if len(points) and np.linalg.norm(points[0] - u) <= SAME_PLACE else None
    chord = np.diff(points, axis=0)
    length = np.maximum(np.sum(chord**2, axis=1), np.finfo(float).tiny)
    part = np.clip(np.sum((u - points[:-1]) * chord, axis=1) / length, 0.0, 1.0)
    distance = np.linalg.norm(u - points[:-1] - part[:, None] * chord, axis=1)
    near = np.flatnonzero(distance <= NEAR_CHORD * np.sqrt(length) + SAME_PLACE)
    for i in near[np.argsort(distance[near])][:4].tolist():
        if distance[i] <= SAME_PLACE:
            return int(i)
        a, b = trace.points[i], trace.points[i + 1]
        guess = hermite(a, b, float(part[i]))
        normal = chord[i] / math.sqrt(float(length[i]))
        found, _, outcome = curve.correct(guess + (float(normal @ (u - guess))) * normal, normal)
        if outcome == GOOD and float(np.linalg.norm(found - u)) <= SAME_PLACE:
            return int(i)
    return None


def on_any(curve: Curve, traces: Sequence[Trace], u: FloatArray) -> bool:
    """Return whether a point lies on one of several traced curves."""
    return any(on_trace(curve, trace, u) is not None for trace in traces)


def marks_on(trace: Trace) -> list[tuple[int, Mark]]:
    """Return the marks of a trace with the number of their point."""
    places = {id(p): i for i, p in enumerate(trace.points)}
    return [(places[id(m.point)], m) for m in trace.marks if id(m.point) in places]
