"""Curves of bifurcations of orbits with jumps in two parameters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_loci_events import CyclePlace, CycleTest, beyond_resonance, tests
from dynana.analysis.cycle_loci_tracing import WEIGHT_OF_EXTREMA
from dynana.analysis.cycle_places import GROWTH, MOST_INTERVALS
from dynana.analysis.orbit_places import Step
from dynana.analysis.spiking_critical import CriticalSpikes
from dynana.analysis.spiking_grazing import GrazingSpikes
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]


class SpikingLocus:
    """A curve of bifurcations of orbits with jumps, for `dynana.analysis.orbit_loci.Tracer`.

    Parameters
    ----------
    problem : CriticalSpikes or GrazingSpikes
    widths : ndarray, shape (2,)
        Of the ranges of the free parameters.
    longest : float
        Longest period.
    """

    def __init__(self, problem: CriticalSpikes | GrazingSpikes, widths: Array, longest: float) -> None:
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
        return CyclePlace(orbit, spectrum, orbit.tangent[at : at + 2] / self.widths, self.problem.plain.error(bare))

    def tests(self, before: CyclePlace) -> list[CycleTest]:
        """Return the test functions for a step."""
        if isinstance(self.problem, GrazingSpikes):
            return []
        return tests(self.problem.kind, False, before)

    def end(self, step: Step[CyclePlace]) -> Stop | None:
        """Return why the curve ends with a step."""
        period = self.problem.period(step.after.orbit)
        if period > self.longest:
            message = f"The period exceeds {number(self.longest)}. longest_period= moves this bound."
            return Stop(reason="period too long", message=message)
        problem = self.problem.flaw(step.after.orbit)
        where = ", ".join(f"{n} = {number(v)}" for n, v in zip(self.free, step.after.parameters, strict=True))
        return Stop(reason="grazing", message=f"At {where}: {problem}") if problem else None

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
        """Return what a strong resonance means for a curve of torus points."""
        return beyond_resonance(kind)
