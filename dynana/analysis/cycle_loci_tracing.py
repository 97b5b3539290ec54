"""Tracing a curve of bifurcations of cycles in both directions, with every way in which it ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.critical_cycles import CriticalCycles
from dynana.analysis.cycle_loci_events import Place, Test, tests
from dynana.errors import ConvergenceError
from dynana.numerics.bracketed_roots import bracketed_root
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import POINT_LIMIT, Attempt, StepControl, follow
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Extent of a cycle relative to the largest on the curve below which it has shrunk to a point.
SHRUNK = 0.03
#: Points within this fraction of a range beyond its end are on the border.
ON_BORDER = 1e-9
#: Steps after which a curve may have come back to its start.
SHORTEST_LOOP = 5
#: Distance from the start, relative to the step, within which a curve is said to have come back to it.
BACK = 1e-3
#: Lengths, each twice as long as the one before and the last as long as the step, by which a root is looked for behind
#: the beginning of a step.
FARTHEST_BACK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A located special point: its kind, the name of a label, and where it is."""

    kind: str
    name: str
    place: Place


@dataclass(eq=False)
class Way:
    """A curve in one direction from its start: places after it, special points by index of place, and the end."""

    places: list[Place] = field(default_factory=list)
    marks: dict[int, Mark] = field(default_factory=dict)
    stop: Stop = field(default_factory=lambda: Stop(reason="point limit"))
    closed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One step of the curve, any part of which can be taken again."""

    take: Callable[[float], Place | None]
    before: Place
    after: Place
    length: float

    def root(self, value: Callable[[Place], float]) -> tuple[float, Place] | None:
        """Return where a function changes its sign between both ends, as part of the step and as place.

        None where the curve is lost on the way. Where the equations are singular at the root, the nearest place at
        which they can be solved.
        """

        nearest: tuple[float, float, Place] | None = None

        def at(length: float) -> float:
            nonlocal nearest
            place = self.take(length)
            if place is None:
                return math.nan
            found = value(place)
            if nearest is None or abs(found) <= nearest[0]:
                nearest = abs(found), length, place
            return found

        # a new mesh moves the start of the step a little along the curve: a root may have come to lie behind it
        low, here, end = 0.0, at(0.0), value(self.after)
        for k in range(FARTHEST_BACK):
            if not here * end > 0.0:
                break
            low = -self.length * 2.0 ** (k - FARTHEST_BACK + 1)
            here = at(low)
        if not here * end <= 0.0:
            return None
        bracketed_root(at, low, self.length, here, end)
        return None if nearest is None else nearest[1:]


class Tracer:
    """Traces curves of one problem inside a rectangle of the two parameters.

    Parameters
    ----------
    problem : CriticalCycles
    box : ndarray, shape (2, 2)
        Lowest and highest value of each free parameter.
    longest : float
        Longest period.
    control : StepControl
    labels : sequence of Test
        Beside the test functions of bifurcations.
    """

    def __init__(
        self, problem: CriticalCycles, box: Array, longest: float, control: StepControl, labels: Sequence[Test] = ()
    ) -> None:
        self.problem, self.box, self.longest, self.control = problem, box, longest, control
        self.labels = tuple(labels)
        self._base: Orbit | None = None

    # the problem that is followed: that of the orbits, with the point remembered from which the last step was made

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step; see `dynana.numerics.pseudo_arclength.Problem`."""
        self._base = self.problem.prepare(orbit)
        return self._base

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take a step; see `dynana.numerics.pseudo_arclength.Problem`."""
        return self.problem.advance(orbit, step)

    def place(self, orbit: Orbit) -> Place:
        """Return a point with what test functions need."""
        cycle, spectrum = self.problem.spectrum(orbit)
        at = orbit.scalars_at + 1
        direction = orbit.tangent[at : at + 2] / (self.box[:, 1] - self.box[:, 0])
        return Place(orbit, spectrum, direction, self.problem.plain.error(cycle))

    def outward(self, place: Place) -> float:
        """Return the direction, 1 or -1, in which the cycle grows along the curve."""
        points = self.problem.points(place.orbit)
        tangent = place.orbit.tangent[: place.orbit.scalars_at].reshape(len(points), -1)[:, : self.problem.n]
        sizes = self.problem.curve.sizes[: self.problem.n]
        return math.copysign(1.0, float((((points - points.mean(axis=0)) * tangent) / sizes**2).sum()))

    def one_way(self, start: Place, direction: float) -> Way:
        """Follow the curve from a place on it, with or against its tangent."""
        way, last = Way(), start
        control = replace(self.control, first=math.copysign(self.control.first, direction))
        steps = follow(self, start.orbit, control)
        while True:
            try:
                orbit, length = next(steps)
            except StopIteration as ended:
                way.stop = self._given_up(str(ended.value), last)
                return way
            try:
                step = self._step(last, self.place(orbit), length)
                finished = self._walk(way, step, start)
            except ConvergenceError as error:
                way.stop = Stop(reason="no convergence", message=str(error))
                return way
            if finished:
                return way
            last = step.after

    def _step(self, before: Place, after: Place, length: float) -> _Step:
        base = self._base

        def take(part: float) -> Place | None:
            if base is None:
                return None
            attempt = self.problem.advance(base, part)
            return None if attempt.point is None else self.place(attempt.point)

        return _Step(take, before, after, length)

    def _walk(self, way: Way, step: _Step, start: Place) -> bool:
        """Add a step to a way, with the special points on it; return whether the curve ends with it."""
        stop = None
        if (border := self._border(step)) is not None:
            step, stop = border
        for test, place in self._located(step):
            way.marks[len(way.places)] = Mark(test.kind, test.name, place)
            way.places.append(place)
            if test.ends:
                way.stop = Stop(reason=test.kind, message=self._resonance_message(test.kind, place))
                return True
        if stop is None and len(way.places) >= SHORTEST_LOOP and self._passes(start, step):
            way.places.append(start)
            way.stop, way.closed = Stop(reason="closed loop", message="The curve came back to its start."), True
            return True
        way.places.append(step.after)
        stop = stop or self._end(step)
        if stop is not None:
            way.stop = stop
        return stop is not None

    def _located(self, step: _Step) -> list[tuple[Test, Place]]:
        """Return the special points inside a step, in order."""
        found: list[tuple[float, Test, Place]] = []
        for test in (*tests(self.problem.kind, self.problem.forced, step.before), *self.labels):
            before, after = test.value(step.before), test.value(step.after)
            if not before * after < 0.0:
                continue
            root = step.root(test.value)
            if root is not None and test.holds(step.before, root[1], step.after):
                found.append((abs(root[0]), test, root[1]))
        return [(test, place) for _, test, place in sorted(found, key=lambda entry: entry[0])]

    # -- ends --------------------------------------------------------------------------------------------------------

    def _border(self, step: _Step) -> tuple[_Step, Stop] | None:
        """Return a step cut where it leaves the rectangle, and that as a stop; None if it does not."""
        values = step.after.orbit.parameters[:2]
        for k, value in enumerate(values.tolist()):
            low, high = self.box[k].tolist()
            if low <= value <= high:
                continue
            bound = low if value < low else high
            root = step.root(partial(self._beyond, k, bound))
            if root is not None and self._inside(root[1], besides=k):
                stop = Stop(reason="end of range", message=f"{self.problem.free[k]} = {number(bound)}.")
                return replace(step, length=root[0], after=root[1]), stop
        return None

    @staticmethod
    def _beyond(k: int, bound: float, place: Place) -> float:
        return float(place.orbit.parameters[k]) - bound

    def _inside(self, place: Place, besides: int) -> bool:
        other = 1 - besides
        low, high = self.box[other].tolist()
        slack = ON_BORDER * (high - low)
        return bool(low - slack <= float(place.orbit.parameters[other]) <= high + slack)

    def _end(self, step: _Step) -> Stop | None:
        """Return why the curve ends with a step; None if it goes on."""
        orbit = step.after.orbit
        period = float(orbit.durations[0])
        if period > self.longest:
            return Stop(
                reason="period too long",
                message=f"The period exceeds {number(self.longest)}: a homoclinic orbit or a saddle-node on the cycle "
                "is near. longest_period= moves this bound.",
            )
        extent, before = self._extent(step.after), self._extent(step.before)
        if extent < SHRUNK and extent < before:
            return Stop(reason="cycles shrink to a point", message=f"at {self._where(step.after)}.")
        return None

    def _extent(self, place: Place) -> float:
        """Return the extent of a cycle relative to the largest met, for the state where it is largest."""
        points = self.problem.points(place.orbit)
        return float((np.ptp(points, axis=0) / self.problem.curve.sizes[: self.problem.n]).max())

    def _passes(self, start: Place, step: _Step) -> bool:
        """Return whether a step passes the start of the curve."""
        a, b = self._coordinates(step.before), self._coordinates(step.after)
        target, chord = self._coordinates(start), b - a
        part = float((target - a) @ chord / (chord @ chord))
        if not 0.0 <= part <= 1.0:
            return False
        if np.linalg.norm(target - a - part * chord) > np.linalg.norm(chord):
            return False
        near = step.root(lambda place: float((self._coordinates(place) - target) @ chord))
        if near is None:
            return False
        return bool(np.linalg.norm(self._coordinates(near[1]) - target) < BACK * np.linalg.norm(chord))

    def _coordinates(self, place: Place) -> Array:
        """Return parameters, period and extrema, each relative to its size: what tells cycles apart on any mesh."""
        orbit, points = place.orbit, self.problem.points(place.orbit)
        sizes = self.problem.curve.sizes[: self.problem.n]
        parameters = orbit.parameters[:2] / (self.box[:, 1] - self.box[:, 0])
        extrema = np.concatenate((points.max(axis=0) / sizes, points.min(axis=0) / sizes))
        return np.concatenate((parameters, np.log(orbit.durations), 0.01 * extrema))

    def _where(self, place: Place) -> str:
        values = zip(self.problem.free, place.orbit.parameters.tolist(), strict=False)
        return ", ".join(f"{n} = {number(v)}" for n, v in values) + f", period {number(place.orbit.durations[0])}"

    def _resonance_message(self, kind: str, place: Place) -> str:
        return (
            f"{kind} resonance at {self._where(place)}: beyond it the multipliers are real and the curve goes on as "
            "that of neutral saddles, which are no bifurcations."
        )

    def _given_up(self, reason: str, last: Place) -> Stop:
        if reason == POINT_LIMIT:
            return Stop(reason=reason, message=f"{self.control.points} points, at {self._where(last)}.")
        return Stop(
            reason=reason,
            message=f"Newton's method does not converge beyond {self._where(last)}; a finer mesh may help.",
        )
