"""What curves of bifurcations of cycles, smooth or with jumps, have in common for `dynana.analysis.orbit_loci`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_loci_events import CyclePlace, beyond_resonance
from dynana.analysis.orbit_places import Step
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Weight of the extrema of a cycle, in units of its largest extent, where cycles are told apart: a mesh knows them to a
#: few digits only.
WEIGHT_OF_EXTREMA = 0.01
#: Part by which the period grows while both parameters change by no more than a part of their ranges: then the curve
#: ends on a homoclinic orbit.
LONGER, SAME_PLACE = 1.25, 1e-5


class BifurcationCurve:
    """A curve of bifurcations of cycles.

    Parameters
    ----------
    problem : AccompaniedCycles or SpecialSpikes
    widths : ndarray, shape (2,)
        Of the ranges of the free parameters.
    longest : float
        Longest period.
    """

    problem: Any

    def __init__(self, problem: Any, widths: Array, longest: float) -> None:
        self.problem, self.widths, self.longest = problem, widths, longest
        self._lengthening: list[CyclePlace] = []  # places up to the last one, as far back as periods increase

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the free parameters."""
        names: tuple[str, ...] = self.problem.free
        return names

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step."""
        prepared: Orbit = self.problem.prepare(orbit)
        return prepared

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take a step."""
        attempt: Attempt[Orbit] = self.problem.advance(orbit, step)
        return attempt

    def direction(self, orbit: Orbit) -> Array:
        """Return the part of the tangent along the free parameters, in units of their ranges."""
        at = orbit.scalars_at + orbit.segments
        part: Array = orbit.tangent[at : at + 2] / self.widths
        return part

    def too_long(self, place: CyclePlace) -> Stop | None:
        """Return that the period exceeds its bound, if it does."""
        if self.problem.period(place.orbit) <= self.longest:
            return None
        return Stop(
            reason="period too long",
            message=f"The period exceeds {number(self.longest)}: a homoclinic orbit or a saddle-node on the cycle is "
            "near. longest_period= moves this bound.",
        )

    def settled(self, step: Step[CyclePlace]) -> bool:
        """Return whether the period has grown without a change of the parameters."""
        period, before = self.problem.period(step.after.orbit), self._lengthening
        if not before or self.problem.period(before[-1].orbit) >= period:
            before[:] = [step.before]
        earlier = [place for place in before if LONGER * self.problem.period(place.orbit) <= period]
        before.append(step.after)
        if not earlier:
            return False
        del before[: len(earlier) - 1]
        change = np.abs(step.after.parameters - earlier[-1].parameters) / self.widths
        return bool(change.max() < SAME_PLACE)

    def given_up(self, last: CyclePlace) -> Stop | None:
        """Return why steps became too short, if that is known."""
        return None

    def coordinates(self, place: CyclePlace) -> Array:
        """Return the logarithm of the period and the extrema."""
        points, sizes = self.problem.points(place.orbit), self.sizes()
        extrema = np.concatenate((points.max(axis=0) / sizes, points.min(axis=0) / sizes))
        return np.concatenate(([np.log(self.problem.period(place.orbit))], WEIGHT_OF_EXTREMA * extrema))

    def end_message(self, kind: str) -> str:
        """Return what a strong resonance means for a curve of torus points."""
        return beyond_resonance(kind)

    def where(self, place: CyclePlace) -> str:
        """Return the parameters of a place in words."""
        return ", ".join(f"{n} = {number(v)}" for n, v in zip(self.free, place.parameters.tolist(), strict=True))

    def sizes(self) -> Array:
        """Return how much each state varies."""
        found: Array = self.problem.curve.sizes[: self.problem.n]
        return found
