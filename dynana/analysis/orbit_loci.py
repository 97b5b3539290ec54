"""Tracing a curve of special orbits (cycles at a bifurcation, connecting orbits) in the plane of two parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, Protocol

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.orbit_places import Mark, P, Step, Test, Way
from dynana.errors import ConvergenceError
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import POINT_LIMIT, STEP_TOO_SMALL, Attempt, StepControl, follow
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: A label is where a curve ends if its function is below this part of its change in the last step.
AT_END = 1e-9
#: Longest step unless given: orbits change by a tenth of their size, or parameters by a tenth of their range.
LONGEST_STEP = 0.1
#: First step, as part of the longest.
FIRST_STEP = 0.1
#: Points within this fraction of a range beyond its end are on the border.
ON_BORDER = 1e-9
#: Steps after which a curve may have come back to its start.
SHORTEST_LOOP = 5
#: Distance from the start, relative to the step, within which a curve is said to have come back to it.
BACK = 1e-3


class Problem(Protocol[P]):
    """A kind of curve."""

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the free parameters."""

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step; see `dynana.numerics.pseudo_arclength.Problem`."""

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take a step; see `dynana.numerics.pseudo_arclength.Problem`."""

    def place(self, orbit: Orbit) -> P:
        """Return a point with all that test functions need."""

    def tests(self, before: P) -> Sequence[Test[P]]:
        """Return the test functions for a step from a place."""

    def end(self, step: Step[P]) -> Stop | None:
        """Return why the curve ends with a step; None if it goes on."""

    def finer(self, orbit: Orbit) -> Orbit | None:
        """Return an orbit where steps became too short on a finer mesh; None if that is no use."""

    def given_up(self, last: P) -> Stop | None:
        """Return why steps became too short beyond a place, if that is known."""

    def coordinates(self, place: P) -> Array:
        """Return numbers beside the parameters that tell orbits apart on any mesh, each relative to its size."""

    def end_message(self, kind: str) -> str:
        """Return what there is to say where a curve ends at a special point of a kind."""


def step_control(max_step: float | None, points: int) -> StepControl:
    """Return bounds of the steps of a curve.

    Parameters
    ----------
    max_step : float or None
        Longest step, relative to the size of the orbits and the ranges of the parameters.
    points : int
        Most steps in each direction.
    """
    step = LONGEST_STEP if max_step is None else float(max_step)
    if not 0.0 < step <= 1.0:
        raise ValueError(f"max_step is relative to the size of the orbits, in (0, 1]; got {max_step!r}")
    if points < 1:
        raise ValueError(f"points must be at least 1, got {points!r}")
    return StepControl(first=FIRST_STEP * step, most=step, points=points)


class Tracer(Generic[P]):
    """Traces curves of one problem inside a rectangle of the two parameters.

    Parameters
    ----------
    problem : Problem
    box : ndarray, shape (2, 2)
        Lowest and highest value of each free parameter.
    control : StepControl
    labels : sequence of Test
        Beside the test functions of the problem.
    """

    def __init__(self, problem: Problem[P], box: Array, control: StepControl, labels: Sequence[Test[P]] = ()) -> None:
        self.problem, self.box, self.control, self.labels = problem, box, control, tuple(labels)
        self._base: Orbit | None = None

    # the problem that is followed, with the point remembered from which the last step was made

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step; see `dynana.numerics.pseudo_arclength.Problem`."""
        self._base = self.problem.prepare(orbit)
        return self._base

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take a step; see `dynana.numerics.pseudo_arclength.Problem`."""
        return self.problem.advance(orbit, step)

    def both_ways(self, start: P) -> tuple[Way[P], Way[P]]:
        """Follow the curve against and along its tangent; the first way is empty if the second comes back."""
        forward = self.one_way(start, 1.0)
        return Way(stop=forward.stop) if forward.closed else self.one_way(start, -1.0), forward

    def one_way(self, start: P, direction: float) -> Way[P]:
        """Follow the curve from a place on it, with or against its tangent."""
        way: Way[P] = Way()
        last = start
        control = replace(self.control, first=math.copysign(self.control.first, direction))
        steps = follow(self, start.orbit, control)
        while True:
            try:
                orbit, length = next(steps)
                step = self._step(last, self.problem.place(orbit), length)
                if self._walk(way, step, start):
                    return way
            except StopIteration as ended:
                finer = self.problem.finer(last.orbit) if ended.value == STEP_TOO_SMALL else None
                if finer is None:
                    way.stop = self._given_up(str(ended.value), last)
                    return way
                last, steps = self.problem.place(finer), follow(self, finer, control)
                continue
            except ConvergenceError as error:
                way.stop = Stop(reason="no convergence", message=str(error))
                return way
            last = step.after

    def _step(self, before: P, after: P, length: float) -> Step[P]:
        base = self._base

        def take(part: float) -> P | None:
            if base is None:
                return None
            attempt = self.problem.advance(base, part)
            return None if attempt.point is None else self.problem.place(attempt.point)

        return Step(take, before, after, length)

    def _walk(self, way: Way[P], step: Step[P], start: P) -> bool:
        """Add a step to a way, with the special points on it; return whether the curve ends with it."""
        stop = None
        if (border := self._border(step)) is not None:
            step, stop = border
        located = self._located(step)
        for test, place in located:
            way.marks[len(way.places)] = Mark(test.kind, test.name, place)
            way.places.append(place)
            if test.ends:
                message = f"at {self.where(place)}{self.problem.end_message(test.kind)}"
                way.stop = Stop(reason=test.kind, message=message)
                return True
        if stop is None and len(way.places) >= SHORTEST_LOOP and self._passes(start, step):
            way.places.append(start)
            way.stop, way.closed = Stop(reason="closed loop", message="The curve came back to its start."), True
            return True
        if border is not None:
            for test in self.labels:
                if test not in [found for found, _ in located] and self._reached(test, step):
                    way.marks[len(way.places)] = Mark(test.kind, test.name, step.after)
        way.places.append(step.after)
        stop = self.problem.end(step) or stop
        if stop is not None:
            way.stop = stop
        return stop is not None

    def _located(self, step: Step[P]) -> list[tuple[Test[P], P]]:
        """Return the special points inside a step, in order."""
        found: list[tuple[float, Test[P], P]] = []
        for test in (*self.problem.tests(step.before), *self.labels):
            before, after = test.value(step.before), test.value(step.after)
            if not before * after < 0.0:
                continue
            root = step.root(test.value)
            if root is not None and test.ends:
                root = step.short_of(*root)
            if root is not None and test.holds(step.before, root[1], step.after):
                found.append((abs(root[0]), test, root[1]))
        return [(test, place) for _, test, place in sorted(found, key=lambda entry: entry[0])]

    @staticmethod
    def _reached(test: Test[P], step: Step[P]) -> bool:
        """Return whether a test function has come to zero, but for rounding, where a step ends."""
        before, after = test.value(step.before), test.value(step.after)
        return abs(after) <= AT_END * abs(after - before)

    # -- ends --------------------------------------------------------------------------------------------------------

    def _border(self, step: Step[P]) -> tuple[Step[P], Stop] | None:
        """Return a step cut where it leaves the rectangle, and that as a stop; None if it does not."""
        for k, value in enumerate(step.after.parameters.tolist()):
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
    def _beyond(k: int, bound: float, place: P) -> float:
        return float(place.parameters[k]) - bound

    def _inside(self, place: P, besides: int) -> bool:
        other = 1 - besides
        low, high = self.box[other].tolist()
        slack = ON_BORDER * (high - low)
        return bool(low - slack <= float(place.parameters[other]) <= high + slack)

    def _passes(self, start: P, step: Step[P]) -> bool:
        """Return whether a step passes the start of the curve."""
        a, b = self._coordinates(step.before), self._coordinates(step.after)
        target, chord = self._coordinates(start), b - a
        part = float((target - a) @ chord / (chord @ chord))
        if not 0.0 <= part <= 1.0 or np.linalg.norm(target - a - part * chord) > np.linalg.norm(chord):
            return False
        near = step.root(lambda place: float((self._coordinates(place) - target) @ chord))
        if near is None:
            return False
        return bool(np.linalg.norm(self._coordinates(near[1]) - target) < BACK * np.linalg.norm(chord))

    def _coordinates(self, place: P) -> Array:
        parameters = place.parameters / (self.box[:, 1] - self.box[:, 0])
        return np.concatenate((parameters, self.problem.coordinates(place)))

    def where(self, place: P) -> str:
        """Return the parameters of a place in words."""
        pairs = zip(self.problem.free, place.parameters.tolist(), strict=True)
        return ", ".join(f"{n} = {number(v)}" for n, v in pairs)

    def _given_up(self, reason: str, last: P) -> Stop:
        if reason == POINT_LIMIT:
            return Stop(reason=reason, message=f"{self.control.points} points, at {self.where(last)}.")
        known = self.problem.given_up(last)
        message = f"Newton's method does not converge beyond {self.where(last)}."
        return known or Stop(reason=reason, message=message)
