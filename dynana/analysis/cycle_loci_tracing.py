"""Curves of bifurcations of cycles as a problem of `dynana.analysis.orbit_loci`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.critical_cycles import CriticalCycles
from dynana.analysis.cycle_loci_events import CyclePlace, CycleTest, tests
from dynana.analysis.orbit_places import Step
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import STEP_TOO_SMALL, Attempt
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Why a curve ends where its cycles shrink to a point.
SHRINK = "cycles shrink to a point"
#: Extent of a cycle relative to the largest on the curve below which it has shrunk to a point.
SHRUNK = 0.03
#: The same where Newton's method fails: the equations degenerate with the square of the extent.
NEARLY_SHRUNK = 0.1
#: Factors by which the mesh grows where steps become too short, the next where Newton's method fails, and most
#: intervals.
FINER, MOST_INTERVALS = (2.0, 1.5, 3.0), 500
#: Powers of ten by which deviations may grow on the way round a cycle: a fold is known to half the digits only.
AMPLIFIED = 8.0
#: Weight of the extrema of a cycle, in units of its largest extent, where cycles are told apart: a mesh knows them to a
#: few digits only.
WEIGHT_OF_EXTREMA = 0.01


class CycleLocus:
    """A curve of bifurcations of cycles.

    Parameters
    ----------
    problem : CriticalCycles
    widths : ndarray, shape (2,)
        Of the ranges of the free parameters.
    longest : float
        Longest period.
    """

    def __init__(self, problem: CriticalCycles, widths: Array, longest: float) -> None:
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
        cycle, spectrum = self.problem.spectrum(orbit)
        at = orbit.scalars_at + 1
        direction = orbit.tangent[at : at + 2] / self.widths
        return CyclePlace(orbit, spectrum, direction, self.problem.plain.error(cycle))

    def tests(self, before: CyclePlace) -> list[CycleTest]:
        """Return the test functions for a step."""
        return tests(self.problem.kind, self.problem.forced, before)

    def outward(self, place: CyclePlace) -> float:
        """Return the direction, 1 or -1, in which the cycle grows along the curve."""
        points = self.problem.points(place.orbit)
        tangent = place.orbit.tangent[: place.orbit.scalars_at].reshape(len(points), -1)[:, : self.problem.n]
        sizes = self._sizes()
        return math.copysign(1.0, float((((points - points.mean(axis=0)) * tangent) / sizes**2).sum()))

    def end(self, step: Step[CyclePlace]) -> Stop | None:
        """Return why the curve ends with a step."""
        period = float(step.after.orbit.durations[0])
        if period > self.longest:
            return Stop(
                reason="period too long",
                message=f"The period exceeds {number(self.longest)}: a homoclinic orbit or a saddle-node on the cycle "
                "is near. longest_period= moves this bound.",
            )
        extent = self._extent(step.after)
        return self._shrunk(step.after) if extent < SHRUNK and extent < self._extent(step.before) else None

    def finer(self, orbit: Orbit) -> Orbit | None:
        """Return an orbit on a mesh of more intervals, as long as there may be more of them."""
        found = (self.problem.finer(orbit, f) for f in FINER if f * int(orbit.counts.max()) <= MOST_INTERVALS)
        return next((new for new in found if new is not None), None)

    def given_up(self, last: CyclePlace) -> Stop | None:
        """Return why steps became too short: the cycle has nearly shrunk to a point, or amplifies rounding."""
        if self._extent(last) < NEARLY_SHRUNK:
            return self._shrunk(last)
        growth = self.problem.growth(last.orbit)
        if growth < AMPLIFIED:
            return None
        message = (
            f"at {self._where(last)}, period {number(last.orbit.durations[0])}: deviations grow by a factor of up to "
            f"1e{growth:.0f} on the way round the cycle (it follows a repelling slow manifold, a canard, or passes a "
            "saddle): double precision does not resolve how the curve goes on."
        )
        return Stop(reason=STEP_TOO_SMALL, message=message)

    def _shrunk(self, place: CyclePlace) -> Stop:
        return Stop(reason=SHRINK, message=f"at {self._where(place)}, period {number(place.orbit.durations[0])}.")

    def _where(self, place: CyclePlace) -> str:
        return ", ".join(f"{n} = {number(v)}" for n, v in zip(self.free, place.parameters.tolist(), strict=True))

    def coordinates(self, place: CyclePlace) -> Array:
        """Return the logarithm of the period and the extrema."""
        points, sizes = self.problem.points(place.orbit), self._sizes()
        extrema = np.concatenate((points.max(axis=0) / sizes, points.min(axis=0) / sizes))
        return np.concatenate((np.log(place.orbit.durations), WEIGHT_OF_EXTREMA * extrema))

    def end_message(self, kind: str) -> str:
        """Return what a strong resonance means for a curve of torus points."""
        return (
            f": beyond the {kind} resonance the multipliers are real, and the curve goes on as that of neutral "
            "saddles, which are no bifurcations."
        )

    def _extent(self, place: CyclePlace) -> float:
        """Return the extent of a cycle relative to the largest met, for the state where it is largest."""
        points = self.problem.points(place.orbit)
        return float((np.ptp(points, axis=0) / self._sizes()).max())

    def _sizes(self) -> Array:
        return self.problem.curve.sizes[: self.problem.n]
