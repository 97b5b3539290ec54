"""Curves of bifurcations of cycles as a problem of `dynana.analysis.orbit_loci`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.accompanied_cycles import AccompaniedCycles
from dynana.analysis.bifurcation_curve import BifurcationCurve
from dynana.analysis.branching_cycles import BranchingCycles
from dynana.analysis.cycle_ends import long_end
from dynana.analysis.cycle_loci_events import CyclePlace, CycleTest, tests
from dynana.analysis.orbit_places import Step
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.orbit_curve import TOLERANCE
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
#: How far branches of cycles may miss each other, relative to the size of the cycles, for them to cross.
UNFOLDED = 1e-5
#: Error of a bifurcation, relative, above which the mesh grows, and least and largest factor of that.
RESOLVED, LEAST_FINER, MOST_FINER = 1e-7, 1.1, 2.0
#: Powers of ten of the growth of deviations up to which that is done: beyond, double precision is what decides.
MOST_GROWTH = 8.0
#: Factors by which the mesh grows where steps become too short, the next where Newton's method fails, and most
#: intervals.
FINER, MOST_INTERVALS = (2.0, 1.5, 3.0), 500
#: Where rounding that is amplified on the way round a cycle exceeds the tolerance of the last correction, the latter is
#: multiplied by this factor, up to the largest. Newton's method converges quadratically until then, so what is lost are
#: the digits that rounding takes.
LOOSER, LOOSEST = 10.0, 1e-7
#: Part of a contraction that counts there: the second correction is mostly rounding, which shorter steps do not reduce.
ROUGH = 0.1
#: Roundings that add up in a correction, in units of one; measured on canards of Morris-Lecar: 20 to 100.
ROUNDINGS = 100.0
#: Powers of ten by which deviations grow where the loosest tolerance is not enough: a fold is known to half the digits.
AMPLIFIED = 8.0


class CycleLocus(BifurcationCurve):
    """A curve of bifurcations of cycles without jumps, on a mesh that grows where deviations are amplified.

    Parameters
    ----------
    problem : AccompaniedCycles
    widths : ndarray, shape (2,)
        Of the ranges of the free parameters.
    longest : float
        Longest period.
    """

    problem: AccompaniedCycles

    def __init__(self, problem: AccompaniedCycles, widths: Array, longest: float) -> None:
        super().__init__(problem, widths, longest)
        self._growth, self._error = 0.0, 0.0  # at the last place: powers of ten of deviations, discretisation error

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step; the mesh grows where discretisation errors would be amplified too much."""
        return self.problem.prepare(orbit, self._finer(int(orbit.counts.max())))

    def _finer(self, intervals: int) -> float:
        """Return how many times more intervals are needed for the fold, period doubling or torus to be resolved.

        What decides is the error at mesh points, of order 2m beside the order m + 1 between them that is estimated.
        """
        stages = self.problem.curve.scheme.stages
        at_mesh_points = self._error ** (2.0 * stages / (stages + 1.0))
        growth = min(self._growth, MOST_GROWTH)
        excess = math.log10(max(at_mesh_points, np.finfo(float).tiny)) + growth - math.log10(RESOLVED)
        wanted = min(10.0 ** (excess / (2.0 * stages)), MOST_FINER, MOST_INTERVALS / intervals)
        return wanted if wanted > LEAST_FINER else 1.0

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take a step."""
        attempt = self.problem.advance(orbit, step)
        rough = self.problem.curve.tolerance > TOLERANCE
        return replace(attempt, contraction=ROUGH * attempt.contraction) if rough else attempt

    def place(self, orbit: Orbit) -> CyclePlace:
        """Return a point with what test functions need."""
        cycle, spectrum = self.problem.spectrum(orbit)
        self._growth, self._error = self.problem.growth(), self.problem.plain.error(cycle)
        return CyclePlace(orbit, spectrum, self.direction(orbit), self._error)

    def tests(self, before: CyclePlace) -> list[CycleTest]:
        """Return the test functions for a step."""
        return tests(self.problem.kind, self.problem.forced, before)

    def outward(self, place: CyclePlace) -> float:
        """Return the direction, 1 or -1, in which the cycle grows along the curve."""
        points = self.problem.points(place.orbit)
        tangent = place.orbit.tangent[: place.orbit.scalars_at].reshape(len(points), -1)[:, : self.problem.n]
        sizes = self.sizes()
        return math.copysign(1.0, float((((points - points.mean(axis=0)) * tangent) / sizes**2).sum()))

    def end(self, step: Step[CyclePlace]) -> Stop | None:
        """Return why the curve ends with a step."""
        if stop := self.too_long(step.after):
            return stop
        if isinstance(self.problem, BranchingCycles) and self.problem.unfolding(step.after.orbit) > UNFOLDED:
            return Stop(
                reason="unfolded",
                message=f"at {self.where(step.after)}: branches of cycles do not cross any longer; the parameters "
                "break the symmetry, or the invariant set, that made them cross. Folds of cycles take their place.",
            )
        if self.settled(step):
            return self._homoclinic(step.after)
        extent = self._extent(step.after)
        return self._shrunk(step.after) if extent < SHRUNK and extent < self._extent(step.before) else None

    def _homoclinic(self, place: CyclePlace) -> Stop:
        """Return that the curve ends on a homoclinic orbit, to which equilibrium, and where."""
        first, second = self.free
        system = self.problem.system.at(**dict(zip(self.free, place.parameters.tolist(), strict=True)))
        scalars = np.array([place.orbit.durations[0], place.parameters[0]])
        about = long_end(system, first, scalars, self.problem.points(place.orbit))[1].message
        stays = f"the period grows while {first} and {second} = {number(place.parameters[1])} stay"
        return Stop(reason="homoclinic", message=f"{stays}; {about}")

    def finer(self, orbit: Orbit) -> Orbit | None:
        """Return an orbit from which the curve may go on: as it is if rounding has to be tolerated, or a finer mesh."""
        curve = self.problem.curve
        amplified = math.log10(ROUNDINGS * np.finfo(float).eps) + self._growth
        if math.log10(curve.tolerance) < min(amplified, math.log10(LOOSEST)):
            curve.tolerance = self.problem.plain.tolerance = min(LOOSER * curve.tolerance, LOOSEST)
            return orbit
        found = (self.problem.finer(orbit, f) for f in FINER if f * int(orbit.counts.max()) <= MOST_INTERVALS)
        return next((new for new in found if new is not None), None)

    def given_up(self, last: CyclePlace) -> Stop | None:
        """Return why steps became too short: the cycle has nearly shrunk to a point, or amplifies rounding."""
        if self._extent(last) < NEARLY_SHRUNK:
            return self._shrunk(last)
        if self._growth < AMPLIFIED:
            return None
        message = (
            f"at {self.where(last)}, period {number(last.orbit.durations[0])}: deviations grow by a factor of up to "
            f"1e{self._growth:.0f} on the way round the cycle (it follows a repelling slow manifold, a canard, or "
            "passes a saddle): double precision does not resolve how the curve goes on."
        )
        return Stop(reason=STEP_TOO_SMALL, message=message)

    def _shrunk(self, place: CyclePlace) -> Stop:
        return Stop(reason=SHRINK, message=f"at {self.where(place)}, period {number(place.orbit.durations[0])}.")

    def _extent(self, place: CyclePlace) -> float:
        """Return the extent of a cycle relative to the largest met, for the state where it is largest."""
        points = self.problem.points(place.orbit)
        return float((np.ptp(points, axis=0) / self.sizes()).max())
