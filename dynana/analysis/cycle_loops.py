"""Whether a curve of cycles has come back to its start, in whatever phase."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_legs import Leg, root
from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.results import collocated

Array = NDArray[np.float64]

#: Steps after which a curve may have come back to its start, and how closely it must pass it, in the units of steps.
SHORTEST_LOOP, SAME_CYCLE = 4, 1e-5
#: How far the start may be from a chord, as a fraction of its length, to be looked for on it.
NEAR_CHORD = 0.5


class Traced(Protocol):
    """What is followed, and over which ranges of the free parameters."""

    @property
    def curve(self) -> CycleCurve:
        """The curve."""

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """Ranges of the free parameters."""


def same(a: Place, b: Place, tracer: Traced) -> bool:
    """Return whether two places are one cycle."""
    return float(np.linalg.norm(features(a, tracer) - features(b, tracer))) < SAME_CYCLE


class Passed:
    """Notices when a curve passes its start again."""

    def __init__(self, tracer: Traced, start: Place) -> None:
        self._tracer, self._start, self._first, self._count = tracer, start, start, 0

    def again(self, leg: Leg) -> bool:
        """Return whether the curve passes its start in a leg; the leg then ends there."""
        self._count += 1
        last, new = leg.places[0], leg.places[-1]
        if self._count == 1:
            self._first = new
        if self._count < SHORTEST_LOOP or not self._between(last, new):
            return False
        start, first, a, b = (features(p, self._tracer) for p in (self._start, self._first, last, new))
        chord, away = b - a, start - a
        along = float(away @ chord) / float(chord @ chord)
        if not 0.0 < along <= 1.0 + SAME_CYCLE or float(chord @ (first - start)) <= 0.0:
            return False
        if float(np.linalg.norm(away - along * chord)) > NEAR_CHORD * float(np.linalg.norm(chord)):
            return False
        k = int(np.argmax(np.abs(chord)))
        found = root(self._tracer.curve, leg, 0, 1, lambda p: float(features(p, self._tracer)[k] - start[k]))
        if found is None or float(np.linalg.norm(features(found[1], self._tracer) - start)) > SAME_CYCLE:
            return False
        leg.steps[-1], leg.places[-1] = found
        return True

    def _between(self, last: Place, new: Place) -> bool:
        """Return whether period and parameters of the start are about between those of two neighbours."""
        of_all = zip(self._start.scalars.tolist(), last.scalars.tolist(), new.scalars.tolist(), strict=True)
        for start, a, b in of_all:
            slack = abs(b - a) + SAME_CYCLE * abs(a)
            if not min(a, b) - slack <= start <= max(a, b) + slack:
                return False
        return True


def features(place: Place, tracer: Traced) -> Array:
    """Numbers that tell cycles apart whatever their phase: logarithm of the period, parameters, moments of states."""
    orbit = place.plain.orbit
    (points, widths), stages = orbit.split(orbit.z)[0], orbit.stages
    points, phase = place.plain.compared(points)
    extent = np.array([high - low for low, high in tracer.ranges])
    scalars = [math.log(place.scalars[0]), *(place.scalars[1:] / extent)]
    x = points / tracer.curve.curve.sizes[: points.shape[1]]
    mean = collocated.mean(x, widths, stages)
    moments = [collocated.mean((x - mean) ** k, widths, stages) for k in (2, 3)]
    return np.concatenate((scalars, phase, mean, *moments))
