"""Orbits with jumps that touch a threshold without crossing it, as a curve in two parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_orbits import cycle_of
from dynana.analysis.spiking_curve import SpikingCurve, SpikingPlace
from dynana.analysis.spiking_starts import curve_of
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.lowering.spiking import touching
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results import collocated
from dynana.results.cycle import Cycle

Array = NDArray[np.float64]

#: Steepness of a guard at its jump, or its largest value before, relative to its variation, at which it touches zero.
TOUCHES = 1e-3
#: Samples of each part of a segment that is cut where it touches.
SAMPLES = 401


class GrazingSpikes:
    """Orbits with jumps that touch a threshold: at a jump, or before one is due.

    In the latter case the segment is cut there into two. One more condition says that the guard does not rise.

    Parameters
    ----------
    system : System
        With the parameter values of the start.
    free : (str, str)
    ranges : ndarray, shape (2,)
    cycle : Cycle
        That grazes.

    Attributes
    ----------
    plain : SpikingOrbits
        The same orbits without the cut and the further condition.
    curve : OrbitCurve
    cut : int
        Segment that is cut; -1 for none.
    kind : str
    """

    kind = "grazing"

    def __init__(self, system: System, free: tuple[str, str], ranges: Array, cycle: Cycle) -> None:
        self.system, self.free, self.n = system, free, len(system.states)
        self.plain, self._start = curve_of(system, free, cycle, ranges)
        segment, guard, at = self._touch()
        pattern, made = self.plain.pattern, self.plain.clocked
        events, held = list(pattern.events), list(pattern.held)
        self.cut = -1 if guard < 0 else segment
        if self.cut >= 0:
            events.insert(segment, len(made.events) + guard)
            held.insert(segment, held[segment])
        self._at = at
        kernels = lower(touching(system))
        p = kernels.p
        p[len(system.parameters) :] = self.plain.speeds
        equations = OrbitEquations(
            rhs=kernels.rhs,
            jacobian=kernels.jacobian,
            parameter_jacobian=kernels.parameter_jacobian,
            closure=kernels.touching_joins,
            conditions=len(events) * (kernels.n + 1) + 1,
            p=p,
            active=[system.parameters.index(name) for name in free],
            free=np.array([[0.0 if n in names else 1.0 for n in kernels.states] for names in held]),
            phase=False,
            data=np.array([*events, segment, *self.plain.law], dtype=float),
        )
        self.curve = OrbitCurve(equations, self.plain.sizes, ranges, self.plain.scheme.stages)

    def _touch(self) -> tuple[int, int, float]:
        """Return the segment that touches, with which guard before its end (-1: at its end), and where."""
        plain, orbit = self.plain, self._start
        curve = SpikingCurve(plain)
        nothing = np.zeros(plain.n)
        place = SpikingPlace(orbit, Spectrum(nothing, nothing, 0.0), (0.0,) * 4, 0.0, lasting=plain.lasting(orbit))
        _, gradients, before, _ = plain.joined(orbit)
        rates = np.einsum("in,in->i", gradients, before) * orbit.durations / (np.abs(gradients) @ plain.sizes)
        jumps = [i for i, name in enumerate(plain.names) if name]
        flattest = min(jumps, key=lambda i: abs(rates[i]))
        if abs(rates[flattest]) < TOUCHES:
            return flattest, -1, 1.0
        highest, segment, guard, at = curve.nearest(place)
        if not abs(highest) < TOUCHES:
            raise ConvergenceError(
                f"{self.system.name}: the start touches no threshold: the nearest passes it at {highest:.2g} of its "
                "variation"
            )
        return segment, guard, at

    def start(self) -> Orbit:
        """Return the orbit that grazes, on the curve.

        Raises
        ------
        ConvergenceError
            If Newton's method fails.
        """
        orbit = self._start
        samples, durations, counts = [], [], []
        for i, (x, widths) in enumerate(orbit.split(orbit.z)):
            local, duration = collocated.coefficients(x, orbit.stages), float(orbit.durations[i])
            for low, high in ((0.0, self._at), (self._at, 1.0)) if i == self.cut else ((0.0, 1.0),):
                s = np.linspace(low, high, SAMPLES)
                samples.append(((s - low) / (high - low), collocated.values(local, widths, s)))
                durations.append(duration * (high - low))
                counts.append(widths.size)
        guess = self.curve.guess(samples, durations, counts)
        guess.z[-2:] = orbit.parameters
        for fixed in (-1, -2):
            attempt = self.curve.settle(guess, fixed=fixed, adaptations=2)
            if attempt.point is not None:
                return attempt.point
        raise ConvergenceError(f"{self.system.name}: Newton's method does not converge to an orbit that grazes")

    # -- steps ---------------------------------------------------------------------------------------------------------

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step."""
        return self.curve.prepare(orbit)

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take one step."""
        return self.curve.advance(orbit, step)

    # -- what is known at a point --------------------------------------------------------------------------------------

    def whole(self, orbit: Orbit) -> Orbit:
        """Return an orbit with the parts of the segment that is cut as one again."""
        if self.cut < 0:
            return replace(orbit, tangent=np.zeros_like(orbit.z), steps=0)
        c, parts = self.cut, orbit.split(orbit.z)
        both = float(orbit.durations[c] + orbit.durations[c + 1])
        widths = [w for _, w in parts]
        joined = np.concatenate([widths[c] * orbit.durations[c], widths[c + 1] * orbit.durations[c + 1]]) / both
        points = [x for x, _ in parts]
        points[c : c + 2] = [np.concatenate((points[c], points[c + 1][1:]))]
        widths[c : c + 2] = [joined]
        durations = np.concatenate((orbit.durations[:c], [both], orbit.durations[c + 2 :]))
        z = np.concatenate([*(x.ravel() for x in points), durations, orbit.parameters])
        counts = np.array([w.size for w in widths], dtype=np.int64)
        return replace(orbit, z=z, tangent=np.zeros_like(z), counts=counts, widths=np.concatenate(widths), steps=0)

    def spectrum(self, orbit: Orbit, *, resolved: bool = False) -> tuple[Orbit, Spectrum]:
        """Return the orbit without the cut, and its multipliers: infinite ones where it grazes at a jump."""
        whole = self.whole(orbit)
        fixed = whole.segments if self.cut >= 0 else 0  # at a jump that grazes parameters are no coordinates
        attempt = self.plain.settle(whole, fixed=fixed, adaptations=0)
        if attempt.point is None:
            unknown = np.full(len(self.system.states), np.nan)
            return whole, Spectrum(unknown, unknown, np.nan)
        return attempt.point, self.plain.spectrum(attempt.point, resolved=resolved)

    def cycle(self, orbit: Orbit) -> Cycle:
        """Return the orbit as a result."""
        whole, spectrum = self.spectrum(orbit, resolved=True)
        return cycle_of(self.system, self.free, self.plain, whole, spectrum)

    def points(self, orbit: Orbit) -> Array:
        """Return the states of an orbit, shape (points, n)."""
        return orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)[:, : self.n]

    def period(self, orbit: Orbit) -> float:
        """Return the period of an orbit."""
        if not self.plain.clocked.clock:
            return float(orbit.durations.sum())
        return float(sum(points[-1, -1] - points[0, -1] for points, _ in orbit.split(orbit.z)))
