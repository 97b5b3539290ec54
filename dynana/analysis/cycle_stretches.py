"""The steps of a curve of cycles one after the other, and the special points on them."""

from __future__ import annotations

import math
from functools import partial
from typing import Protocol

from dynana.analysis.cycle_labels import labels
from dynana.analysis.cycle_legs import CLEAR_SIGN, NO_SIGN, Leg, Mark, Scalar, hidden_fold, locate, rescale, rests
from dynana.analysis.cycle_places import FOLD, CycleCurve, Place
from dynana.analysis.cycle_zeros import is_quiet, look_closer, slopes_between


class Traced(Protocol):
    """What is followed, and what is looked for on it: see `dynana.analysis.cycle_tracing.Tracer`."""

    @property
    def curve(self) -> CycleCurve:
        """The curve."""

    @property
    def names(self) -> tuple[str, ...]:
        """Period and free parameters."""

    @property
    def asked(self) -> tuple[tuple[str, float], ...]:
        """Scalars and the values at which to put labels."""

    @property
    def functions(self) -> tuple[tuple[str, Scalar], ...]:
        """Functions of the user."""

    @property
    def watched(self) -> tuple[tuple[str, str, Scalar], ...]:
        """Further functions whose zeros are special points."""


class Legs:
    """Legs one after the other; each is finished when the next one is known."""

    def __init__(self, tracer: Traced, start: Place) -> None:
        self._tracer = tracer
        self._pending: Leg | None = None
        self._stretch: list[Leg] = []  # finished, but the parameter rests at their end
        self._found: list[Mark] = []  # on them
        self._sign = 0.0 if rests(start) else math.copysign(1.0, float(start.tests[FOLD]))
        self._before: list[float] | None = None
        self._extra = [function for _, function in tracer.functions]
        index = {name: k for k, name in enumerate(tracer.names)}
        self._scalars = [(index[name], value) for name, value in tracer.asked]
        self._wanted: list[tuple[str, str, Scalar]] = [
            ("label", f"{name} = {value:g}", partial(excess, index[name], value)) for name, value in tracer.asked
        ]
        self._wanted += [("user", name, function) for name, function in tracer.functions]
        self._wanted += list(tracer.watched)
        self.places: list[Place] = []
        self.marks: list[Mark] = []

    def add(self, leg: Leg) -> None:
        """Take over a leg; the one before is complete now."""
        if self._pending is not None:
            self._complete(self._pending, slopes_between(leg.places[0], leg.places[1], leg.steps[1], self._extra))
        self._pending = leg

    def finish(self) -> None:
        """Complete the last leg."""
        if self._pending is not None:
            self._complete(self._pending, None)
        self._pending = None
        self._flush()

    def _complete(self, leg: Leg, after: list[float] | None) -> None:
        curve = self._tracer.curve
        slopes = slopes_between(leg.places[0], leg.places[1], leg.steps[1], self._extra)
        if self._wanted or not is_quiet(leg, self._before, slopes, after):
            rescale(curve, leg)
            look_closer(curve, leg, self._before, after, self._extra)
            self._found += locate(curve, leg)
            if self._wanted:
                self._found += labels(curve, leg, self._wanted, self._scalars)
            slopes = slopes_between(leg.places[-2], leg.places[-1], leg.steps[-1] - leg.steps[-2], self._extra)
        self._before = slopes
        self._stretch.append(leg)
        last = leg.places[-1]
        resting = rests(*[p for part in self._stretch for p in part.places])
        if rests(last, limit=CLEAR_SIGN if resting else NO_SIGN):
            return
        sign = math.copysign(1.0, float(last.tests[FOLD]))
        if resting and self._sign * sign < 0.0 and not any(m.kind == "fold of cycles" for m in self._found):
            fold = hidden_fold(curve, self._stretch)
            self._found += [fold] if fold is not None else []
        self._sign = sign
        self._flush()

    def _flush(self) -> None:
        """Take over what is finished."""
        places = [p for leg in self._stretch for p in leg.places[1:]]
        order = {id(p): i for i, p in enumerate(places)}
        self.places += places
        self.marks += sorted(self._found, key=lambda mark: order[id(mark.place)])
        self._stretch, self._found = [], []


def excess(k: int, value: float, place: Place) -> float:
    """How much a scalar (number k of period and parameters) is above a value."""
    return float(place.scalars[k]) - value
