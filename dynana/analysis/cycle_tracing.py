"""Tracing one curve of cycles in one direction, with every way in which it ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis import cycle_ways
from dynana.analysis.curve_progress import CurveProgress
from dynana.analysis.cycle_legs import Leg, Mark, Scalar, exact, root
from dynana.analysis.cycle_loops import Passed, same
from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.analysis.cycle_stretches import Legs, excess
from dynana.analysis.cycle_turns import Turns, asymmetry, shape
from dynana.analysis.cycle_ways import Lengths, Limit, Way
from dynana.numerics.collocation_newton import DIVERGED, SINGULAR
from dynana.numerics.orbit_comparison import compare
from dynana.numerics.pseudo_arclength import POINT_LIMIT, STEP_TOO_SMALL, StepControl, follow
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Steps, in units of the least one, that are tried to tell why a curve cannot be followed.
TRIALS = (10.0, 1e3, 1e5)
#: Values within this fraction of the range beyond its border are on it.
ON_BORDER = 1e-11
#: Steps for which the parameter rests where only the period grows.
RESTING_STEPS = 4
#: Values of functions of limits below zero that are zero to rounding.
AT_LIMIT = 1e-7
#: Corners of a curve around which it is followed.
MOST_CORNERS = 20
#: Where a cycle shrinks to a point or to one of half its period, the last one computed is this far on the way there.
NEARLY_THERE = 0.9


@dataclass(frozen=True, eq=False)
class Tracer:
    """Traces curves of cycles.

    Attributes
    ----------
    curve : CycleCurve
    names : tuple of str
        "period" and the free parameters.
    ranges : tuple of (low, high)
        Of the free parameters.
    control : StepControl
    enough : int
        Steps after which a curve ends unless its period grows and it does not turn.
    longest : float
        Period at which a curve ends.
    farthest : ndarray, shape (n,)
        Sizes of the states at which it does, because the cycles grow without bound.
    at_saddle : callable or None
        What a Place is next to, empty if nothing: where it is nearly homoclinic and the parameter rests, only the
        period still grows, and the curve ends. None to go on.
    asked : tuple of (name, value)
        Scalars and the values at which to put labels.
    functions : tuple of (name, function of a Place)
    beyond_threshold : callable or None
        Whether a Place goes beyond the threshold of a jump.
    halves : bool
        Whether a cycle may be two equal turns: not if its angles gain an odd number of turns.
    progress : CurveProgress
    limits : tuple of Limit
    watched : tuple of (kind, name, function of a Place)
        Further functions whose zeros are special points.
    flaw : callable or None
        Says in words why a Place is no cycle of the system after all; empty if it is.
    patience : float
        Period from which on a curve ends next to a saddle-node on an invariant circle, where the parameter comes to
        rest much more slowly than at a homoclinic orbit.
    across : callable or None
        Takes the last Place and the direction where no step is possible; returns a corner of the curve, a Place beyond
        it and the direction from there.
    passing : callable or None
        The same where a limit is met beyond which cycles go on as others: takes the curve, too, and returns who traces
        them.
    """

    curve: CycleCurve
    names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    control: StepControl
    enough: int
    longest: float
    farthest: Array
    at_saddle: Callable[[Place], str] | None
    asked: tuple[tuple[str, float], ...]
    functions: tuple[tuple[str, Scalar], ...]
    beyond_threshold: Callable[[Place], bool] | None
    halves: bool
    progress: CurveProgress
    limits: tuple[Limit, ...] = ()
    watched: tuple[tuple[str, str, Scalar], ...] = ()
    flaw: Callable[[Place], str] | None = None
    patience: float = math.inf
    across: Callable[[Place, float], tuple[Mark, Place, float] | None] | None = None
    passing: Callable[[CycleCurve, Place, float], tuple[Tracer, list[Mark], Place, float] | None] | None = None

    @property
    def extent(self) -> float:
        """Of the range of the first parameter."""
        return self.ranges[0][1] - self.ranges[0][0]

    @property
    def asked_period(self) -> float:
        """The longest period for which a label is asked."""
        return max((value for name, value in self.asked if name == "period"), default=0.0)

    def one_way(self, start: Place, direction: float) -> Way:
        """Return what follows a start in one direction, around corners of the curve too."""
        way, tracer = self._smooth_part(start, direction), self
        for _ in range(MOST_CORNERS):
            last = way.places[-1] if way.places else start
            turned = tracer.around_corner(way.stop.reason, last, direction)
            if turned is None:
                break
            tracer, marks, last, direction = turned
            if marks and way.marks and way.marks[-1].kind == way.stop.reason:  # it is better known now
                way.marks.pop()
            part = tracer._smooth_part(last, direction)
            way.places += [*(mark.place for mark in marks), last, *part.places]
            way.marks += [*marks, *part.marks]
            way.stop, way.closed = part.stop, part.closed
        way.curve = tracer.curve
        return way

    def around_corner(
        self, reason: str, last: Place, direction: float
    ) -> tuple[Tracer, list[Mark], Place, float] | None:
        """Return how a curve goes on beyond the place where it stopped: by whom, marks, a place and the direction."""
        if reason == STEP_TOO_SMALL and self.across is not None:
            corner = self.across(last, direction)
            return None if corner is None else (self, [corner[0]], *corner[1:])
        if self.passing is not None and reason in [limit.kind for limit in self.limits if limit.passable]:
            return self.passing(self.curve, last, direction)
        return None

    def _smooth_part(self, start: Place, direction: float) -> Way:
        """Return what follows a start in one direction as far as the curve has no corner."""
        way, legs = Way(), Legs(self, start)
        curve, last, resting = self.curve, start, 0
        curve.error = start.error
        control = replace(self.control, first=math.copysign(self.control.first, direction))
        steps = follow(curve, start.orbit, control)
        passed, turns, lengths = Passed(self, start), Turns(curve.curve.sizes), Lengths(self.enough)
        while True:
            try:
                orbit, step = next(steps)
            except StopIteration as given_up:
                way.stop = self._given_up(given_up.value, last, direction)
                if way.stop.reason != POINT_LIMIT and self._nearly_silent(last):
                    way.stop = Stop(reason=cycle_ways.LONG)
                break
            new = curve.place(orbit)
            assert curve.base is not None
            base = last if curve.base is last.orbit else replace(last, orbit=curve.base, samples=[])
            leg = Leg(curve.base, [0.0, step], [base, new], self._turned(last, new))
            if (ended := self._ended(leg, turns)) is not None:
                way.stop = ended
                if len(leg.places) > 1 and leg.steps[-1] != 0.0:  # not where it starts
                    legs.add(leg)
                break
            legs.add(leg)
            last = leg.places[-1]
            curve.error = last.error
            self.progress.report(last.scalars)
            if self._far(last):
                way.stop = self._gone(start, last)
                break
            if passed.again(leg):
                way.closed = True
                way.stop = Stop(reason="closed loop", message="The curve came back to its start.")
                break
            moved = abs(float(last.scalars[1] - leg.places[0].scalars[1])) / abs(self.extent * leg.steps[-1])
            resting = resting + 1 if moved < curve.resting else 0
            resting_long = resting >= RESTING_STEPS and last.scalars[0] > self.asked_period
            if (ended := self._long(leg, resting_long, lengths)) is not None:
                way.stop = ended
                break
        legs.finish()
        self.progress.finish()
        way.places, way.marks = legs.places, cycle_ways.genuine_marks(start, legs.places, legs.marks, self.extent)
        self._mark_limit(way)
        return way

    def _long(self, leg: Leg, resting: bool, lengths: Lengths) -> Stop | None:
        """Return that the period or the curve is long at the end of a leg; None if it goes on."""
        last = leg.places[-1]
        if last.scalars[0] > self.longest or self._nearly_there(last, resting):
            return Stop(reason=cycle_ways.LONG)
        return self._point_limit(count, last) if (count := lengths.enough(leg)) else None

    def _far(self, place: Place) -> bool:
        """Return whether a cycle goes farther than any should."""
        points, farthest = place.points, self.farthest
        if not np.abs(points).max() > min(farthest.tolist()):  # quicker than state by state
            return False
        return bool((np.abs(points[:, : farthest.size]).max(axis=0) > farthest).any())

    def _gone(self, start: Place, last: Place) -> Stop:
        """Return that cycles grow without bound, and whether they do at one value of the parameter."""
        first, value = (float(p.scalars[1]) for p in (start, last))
        message = f"at {self._where(last)} the cycle is far outside of any range that the states have."
        if abs(value - first) <= cycle_ways.UNCHANGED * self.extent:
            message += f" {self.names[1]} has not changed on the way: cycles of all sizes, as in conservative systems."
        return Stop(reason=cycle_ways.AWAY, message=message)

    def _nearly_there(self, last: Place, resting: bool) -> bool:
        """Return whether only the period still grows, next to what is known."""
        if self.at_saddle is None or not (resting or last.scalars[0] > self.patience):
            return False
        met = self.at_saddle(last)
        return met == cycle_ways.SNIC or (resting and met != "")

    def _mark_limit(self, way: Way) -> None:
        """Mark the last place where cycles cease to exist there."""
        met = [limit for limit in self.limits if limit.kind == way.stop.reason]
        if way.places and met:
            end = way.places[-1]
            nearest = min(met, key=lambda limit: abs(limit.function(end)))
            way.marks.append(Mark(nearest.kind, end, nearest.name(end), {"tangent": end.orbit.tangent.copy()}))

    def at_start(self, start: Place) -> list[Mark]:
        """Return the labels and zeros of functions of the user that the start itself has."""
        index = {name: k for k, name in enumerate(self.names)}
        vectors = {"tangent": start.orbit.tangent.copy()}
        labels = [
            Mark("label", start, f"{name} = {value:g}", vectors)
            for name, value in self.asked
            if float(start.scalars[index[name]]) == value
        ]
        zeros = [Mark("user", start, name, vectors) for name, function in self.functions if function(start) == 0.0]
        return [*labels, *zeros]

    def among(self, mark: Mark, others: list[Mark]) -> bool:
        """Return whether a mark is one of several, met again after a lap."""
        return any(
            (mark.kind, mark.name) == (other.kind, other.name) and same(mark.place, other.place, self)
            for other in others
        )

    def _turned(self, last: Place, new: Place) -> bool:
        """Return whether the determinant has changed its sign; on another number of intervals it is not comparable."""
        same_size = last.orbit.counts.tolist() == new.orbit.counts.tolist()
        return same_size and last.orbit.determinant_sign not in (0, new.orbit.determinant_sign)

    def _ended(self, leg: Leg, turns: Turns) -> Stop | None:
        """Return why the curve ends within a leg, which is cut there; None if it does not."""
        last, new, sizes = leg.places[0], leg.places[-1], self.curve.curve.sizes
        alike, moved = compare(last.points, new.points, sizes)
        shrinks = self.curve.shrinks and alike < 0.0  # the shape has turned around
        if shrinks and not self.curve.forced:
            self._cut(leg, partial(shape, sizes))
            return Stop(reason=cycle_ways.SHRUNK)
        # (a forced response may vanish and turn around where the forcing does)
        if self.halves:
            crossed, nearly_one = turns.become_one(leg, moved)
            if crossed and not shrinks:
                self._cut(leg, partial(asymmetry, sizes))
            if nearly_one or (crossed and not shrinks):
                return Stop(reason=cycle_ways.HALVED)
        for k, (low, high) in enumerate(self.ranges, start=1):
            value, slack = float(new.scalars[k]), ON_BORDER * (high - low)
            if not low - slack <= value <= high + slack:
                bound = high if value > high else low
                found = root(self.curve, leg, 0, 1, partial(excess, k, bound))
                if found and found[0] == 0.0:
                    found = None  # it starts there
                leg.steps[1:], leg.places[1:] = ([found[0]], [exact(found[1], k, bound)]) if found else ([], [])
                return Stop(reason="end of range", message=f"{self.names[k]} = {number(bound)}.")
        met = [limit for limit in self.limits if not limit.function(new) > 0.0]
        if met:
            limit = self._cut_at_first(leg, met)
            return Stop(reason=limit.kind, message=limit.words(leg.places[-1]))
        if self.flaw is not None and (problem := self.flaw(new)):
            leg.steps[1:], leg.places[1:] = [], []
            if self._nearly_silent(last):
                return Stop(reason=cycle_ways.LONG)
            return Stop(reason=cycle_ways.UNCONFIRMED, message=f"beyond {self._where(leg.places[0])}: {problem}")
        if self.beyond_threshold is not None and self.beyond_threshold(new):
            leg.steps[1:], leg.places[1:] = [], []
            message = (
                f"beyond {self._where(leg.places[0])} the cycle reaches the threshold of a jump; cycles across jumps "
                "are not followed."
            )
            return Stop(reason=cycle_ways.THRESHOLD, message=message)
        return None

    def _cut_at_first(self, leg: Leg, met: list[Limit]) -> Limit:
        """End a leg at the first of several limits that its end is beyond, or where it begins if that is not found.

        Where several are met at once, Newton's method may find the place by one of them only: it is that of the first.
        """
        for limit in met:
            found = root(self.curve, leg, 0, 1, limit.function)
            if found and all(other.function(found[1]) > -AT_LIMIT for other in self.limits):
                leg.steps[1:], leg.places[1:] = ([found[0]], [found[1]]) if found[0] != 0.0 else ([], [])
                return next((other for other in met if other.function(found[1]) <= AT_LIMIT), limit)
        leg.steps[1:], leg.places[1:] = [], []
        return met[0]

    def _cut(self, leg: Leg, shape: Callable[[Place], Array]) -> None:
        """End a leg shortly before a shape vanishes and turns around."""
        reference = shape(leg.places[0])

        def amplitude(place: Place) -> float:
            return float(np.vdot(reference, shape(place)))

        first, last = amplitude(leg.places[0]), amplitude(leg.places[1])
        place = self.curve.at(leg.base, step := NEARLY_THERE * leg.steps[1] * first / (first - last), resolved=True)
        good = place is not None and 0.0 < amplitude(place) < first
        leg.steps[1:], leg.places[1:] = ([step], [place]) if good and place is not None else ([], [])

    def _nearly_silent(self, place: Place) -> bool:
        """Return whether a cycle with jumps takes so long to pass an equilibrium that the next cannot be computed."""
        return self.curve.spiking and self.at_saddle is not None and self.at_saddle(place) != ""

    def _where(self, place: Place) -> str:
        return ", ".join(f"{n} = {number(x, 8)}" for n, x in zip(self.names, place.scalars, strict=True))

    def _point_limit(self, count: int, last: Place) -> Stop:
        message = f"{count} points, at {self._where(last)}: restart from the last cycle, or give points=."
        return Stop(reason=POINT_LIMIT, message=message)

    def _given_up(self, reason: str, last: Place, direction: float) -> Stop:
        place = self._where(last)
        if reason == POINT_LIMIT:
            return self._point_limit(self.control.points, last)
        attempts = [self.curve.advance(last.orbit, direction * factor * self.control.least) for factor in TRIALS]
        if attempts[0].converged:
            why = "the curve bends sharply there: the equations have a kink or change on a very small scale"
        elif any(a.code in (DIVERGED, SINGULAR) and not a.contraction > 0.0 for a in attempts):  # at once
            why = "the equations are not finite beyond this cycle"
        else:
            size = int(last.orbit.counts.sum())
            why = (
                f"Newton's method fails beyond this cycle on {size} mesh intervals: a kink, a jump or a pole of the "
                "equations, or a cycle too sharp for the mesh (give intervals=)"
            )
        return Stop(reason=reason, message=f"at {place}: {why}.")
