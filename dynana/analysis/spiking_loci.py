"""Curves of bifurcations of orbits with jumps in two parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_loci_events import CyclePlace, CycleTest, beyond_resonance, tests
from dynana.analysis.cycle_loci_tracing import WEIGHT_OF_EXTREMA
from dynana.analysis.cycle_places import GROWTH, MOST_INTERVALS
from dynana.analysis.orbit_places import Step, Test
from dynana.analysis.spiking_conditions import ConditionedSpikes
from dynana.analysis.spiking_critical import CriticalSpikes
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results.stop import Stop
from dynana.results.tables import number

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


class SpikingLocus:
    """A curve of bifurcations of orbits with jumps, for `dynana.analysis.orbit_loci.Tracer`.

    Parameters
    ----------
    problem : CriticalSpikes or ConditionedSpikes
    widths : ndarray, shape (2,)
        Of the ranges of the free parameters.
    longest : float
        Longest period.
    """

    def __init__(self, problem: CriticalSpikes | ConditionedSpikes, widths: Array, longest: float) -> None:
        self.problem, self.widths, self.longest = problem, widths, longest

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the free parameters."""
        return self.problem.free

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step."""
        return self.problem.prepare(orbit)

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take a step."""
        return self.problem.advance(orbit, step)

    def place(self, orbit: Orbit) -> CyclePlace:
        """Return a point with what test functions need."""
        bare, spectrum = self.problem.spectrum(orbit)
        at = orbit.scalars_at + orbit.segments
        direction = orbit.tangent[at : at + 2] / self.widths
        error, margins = self.problem.plain.error(bare), self.problem.margins(bare)
        return SpikingPlaceOnLocus(orbit, spectrum, direction, error, margins)

    def tests(self, before: CyclePlace) -> list[CycleTest]:
        """Return the test functions for a step."""
        touches = [Test(GRAZING, partial(_margin, k), partial(_touches, k), ends=True) for k in (0, 1)]
        if isinstance(self.problem, ConditionedSpikes):
            return touches
        return [*tests(self.problem.kind, False, before), *touches]

    def end(self, step: Step[CyclePlace]) -> Stop | None:
        """Return why the curve ends with a step."""
        period = self.problem.period(step.after.orbit)
        if period > self.longest:
            message = f"The period exceeds {number(self.longest)}. longest_period= moves this bound."
            return Stop(reason="period too long", message=message)
        if any(_margin(k, step.after) <= 0.0 for k in (0, 1)):  # so near to that, equations are singular
            where = ", ".join(f"{n} = {number(v)}" for n, v in zip(self.free, step.after.parameters, strict=True))
            return Stop(reason=GRAZING, message=f"before {where}{self.end_message(GRAZING)}")
        return None

    def finer(self, orbit: Orbit) -> Orbit | None:
        """Return an orbit on finer meshes, as long as they may grow; None where Newton's method fails there."""
        if int(orbit.counts.max()) >= MOST_INTERVALS:
            return None
        attempt = self.problem.advance(self.problem.prepare(self.problem.curve.adapt(orbit, GROWTH)), 0.0)
        return attempt.point

    def given_up(self, last: CyclePlace) -> Stop | None:
        """Return why steps became too short: nothing more is known."""
        return None

    def coordinates(self, place: CyclePlace) -> Array:
        """Return the logarithm of the period and the extrema."""
        points, sizes = self.problem.points(place.orbit), self.problem.plain.sizes[: self.problem.n]
        extrema = np.concatenate((points.max(axis=0) / sizes, points.min(axis=0) / sizes))
        return np.append(WEIGHT_OF_EXTREMA * extrema, np.log(self.problem.period(place.orbit)))

    def end_message(self, kind: str) -> str:
        """Return what a strong resonance, or a threshold that is touched, means for the curve."""
        if kind == GRAZING:
            return ": the orbit touches a threshold without crossing it; beyond, it has another sequence of jumps."
        return beyond_resonance(kind)


def _touches(which: int, before: CyclePlace, at: CyclePlace, after: CyclePlace) -> bool:
    """Return whether a margin vanishes: where an orbit touches a threshold at its jump, the other one jumps there."""
    return abs(_margin(which, at)) < TOUCHING


def _margin(which: int, place: CyclePlace) -> float:
    assert isinstance(place, SpikingPlaceOnLocus)
    return place.margins[which]
