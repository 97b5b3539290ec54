"""Curves of bifurcations of orbits with jumps in two parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.bifurcation_curve import BifurcationCurve
from dynana.analysis.cycle_loci_events import CyclePlace, CycleTest, tests
from dynana.analysis.cycle_places import GROWTH, MOST_INTERVALS
from dynana.analysis.orbit_places import Step, Test
from dynana.analysis.spiking_conditions import ConditionedSpikes
from dynana.analysis.spiking_special import SpecialSpikes
from dynana.numerics.collocation_orbit import Orbit
from dynana.results.stop import Stop

Array = NDArray[np.float64]

#: Where a curve ends because its orbits touch a threshold.
GRAZING = "grazing"
#: Largest margin, relative to the variation of a guard, at which an orbit touches the threshold.
TOUCHING = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class SpikingPlaceOnLocus(CyclePlace):
    """A point on a curve of bifurcations of orbits with jumps.

    Attributes
    ----------
    margins : (float, float)
        How steeply the orbit crosses its thresholds, and how far it is from others, relative to their variation.
    """

    margins: tuple[float, float]


class SpikingLocus(BifurcationCurve):
    """A curve of bifurcations of orbits with jumps, for `dynana.analysis.orbit_loci.Tracer`.

    Parameters
    ----------
    problem : SpecialSpikes
    widths : ndarray, shape (2,)
        Of the ranges of the free parameters.
    longest : float
        Longest period.
    """

    problem: SpecialSpikes

    def place(self, orbit: Orbit) -> CyclePlace:
        """Return a point with what test functions need."""
        bare, spectrum = self.problem.spectrum(orbit)
        error, margins = self.problem.plain.error(bare), self.problem.margins(bare)
        return SpikingPlaceOnLocus(orbit, spectrum, self.direction(orbit), error, margins)

    def tests(self, before: CyclePlace) -> list[CycleTest]:
        """Return the test functions for a step."""
        touches = [Test(GRAZING, partial(_margin, k), partial(_touches, k), ends=True) for k in (0, 1)]
        if isinstance(self.problem, ConditionedSpikes):
            return touches
        return [*tests(self.problem.kind, False, before), *touches]

    def end(self, step: Step[CyclePlace]) -> Stop | None:
        """Return why the curve ends with a step."""
        if stop := self.too_long(step.after):
            return stop
        if self.settled(step):
            return Stop(
                reason="homoclinic",
                message=f"the period grows while {self.where(step.after)} stay: a jump leads onto the stable manifold "
                "of an equilibrium or of an unstable cycle (homoclinic orbit through a jump).",
            )
        if any(_margin(k, step.after) <= 0.0 for k in (0, 1)):  # so near to that, equations are singular
            return Stop(reason=GRAZING, message=f"before {self.where(step.after)}{self.end_message(GRAZING)}")
        return None

    def finer(self, orbit: Orbit) -> Orbit | None:
        """Return an orbit on finer meshes, as long as they may grow; None where Newton's method fails there."""
        if int(orbit.counts.max()) >= MOST_INTERVALS:
            return None
        attempt = self.problem.advance(self.problem.prepare(self.problem.curve.adapt(orbit, GROWTH)), 0.0)
        return attempt.point

    def end_message(self, kind: str) -> str:
        """Return what a strong resonance, or a threshold that is touched, means for the curve."""
        if kind == GRAZING:
            return ": the orbit touches a threshold without crossing it; beyond, it has another sequence of jumps."
        return super().end_message(kind)


def _touches(which: int, before: CyclePlace, at: CyclePlace, after: CyclePlace) -> bool:
    """Return whether a margin vanishes: where an orbit touches a threshold at its jump, the other one jumps there."""
    return abs(_margin(which, at)) < TOUCHING


def _margin(which: int, place: CyclePlace) -> float:
    assert isinstance(place, SpikingPlaceOnLocus)
    return place.margins[which]
