"""What orbits with jumps at which something special happens have in common while two parameters vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_orbits import cycle_of
from dynana.analysis.forcing import Forcing
from dynana.analysis.spiking_curve import SpikingCurve
from dynana.analysis.spiking_starts import curve_of
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.numerics.collocation_orbit import Orbit, Spectrum
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results.cycle import Cycle

Array = NDArray[np.float64]


class SpecialSpikes:
    """Orbits with jumps of one kind of special point while two parameters vary.

    Parameters
    ----------
    system : System
        With the parameter values of the start.
    kind : str
    free : (str, str)
    ranges : ndarray, shape (2,)
    cycle : Cycle
        At the start.
    law : Forcing, optional
        Its period, where time enters the equations.

    Attributes
    ----------
    plain : SpikingOrbits
        The same orbits without what makes them special.
    curve : OrbitCurve
        Active parameters are the free ones and, for torus points, the angle of the multiplier.
    checked : SpikingCurve
        Of ``plain``.
    """

    forced = False
    curve: OrbitCurve

    def __init__(
        self, system: System, kind: str, free: tuple[str, str], ranges: Array, cycle: Cycle, law: Forcing | None = None
    ) -> None:
        self.system, self.kind, self.free, self.n = system, kind, free, len(system.states)
        self.plain, self._start = curve_of(system, free, cycle, ranges, law)
        self.checked = SpikingCurve(self.plain)

    def settled(self, guess: Orbit, adaptations: int) -> Orbit:
        """Return the special orbit near a guess: the second free parameter is held, or the first.

        Raises
        ------
        ConvergenceError
            If Newton's method fails.
        """
        for held in (1, 0):
            attempt = self.curve.settle(guess, fixed=guess.segments + held, adaptations=adaptations)
            if attempt.point is not None:
                return attempt.point
        raise ConvergenceError(f"{self.system.name}: Newton's method does not converge to the {self.kind} of the start")

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step."""
        return self.curve.prepare(orbit)

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take one step."""
        return self.curve.advance(orbit, step)

    def spectrum(self, orbit: Orbit, *, resolved: bool = False) -> tuple[Orbit, Spectrum]:
        """Return the orbit without what makes it special, and its multipliers."""
        raise NotImplementedError

    def cycle(self, orbit: Orbit) -> Cycle:
        """Return the orbit as a result."""
        bare, spectrum = self.spectrum(orbit, resolved=True)
        return cycle_of(self.system, self.free, self.plain, bare, spectrum)

    def margins(self, bare: Orbit) -> tuple[float, float]:
        """Return how steeply an orbit that is not special crosses thresholds, and how far it is from others."""
        return self.checked.margins(bare)

    def points(self, orbit: Orbit) -> Array:
        """Return the states of an orbit, shape (points, n)."""
        return orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)[:, : self.n]

    def period(self, orbit: Orbit) -> float:
        """Return the period of an orbit."""
        if not self.plain.clocked.clock:
            return float(orbit.durations.sum())
        clock = self.plain.n - 1
        return float(sum(points[-1, clock] - points[0, clock] for points, _ in orbit.split(orbit.z)))
