"""Orbits with jumps at which something is not smooth, as a curve in two parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.forcing import Forcing
from dynana.analysis.spiking_curve import curve_switches
from dynana.analysis.spiking_special import SpecialSpikes
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.lowering.spiking_conditions import touching
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results import collocated
from dynana.results.cycle import Cycle

Array = NDArray[np.float64]

#: What may be not smooth.
CONDITIONS = ("grazing", "switching", "reset on nullcline")
#: Steepness of a guard at its jump, or its largest value before, relative to its variation, at which it touches zero.
TOUCHES = 1e-3
#: Samples of each part of a segment that is cut where it touches.
SAMPLES = 401


class ConditionedSpikes(SpecialSpikes):
    """Orbits with jumps that touch a threshold, meet a kink of the map of a jump, or begin on a nullcline after one.

    A threshold is touched at a jump, or before one is due: then the segment is cut there into two. One more condition
    says that its guard does not rise; or that the function of the kink vanishes; or that the guard of the next jump
    does not begin to rise after a jump.

    Their kind is one of `CONDITIONS`; see `SpecialSpikes` for the parameters.

    Attributes
    ----------
    cut : int
        Segment that is cut; -1 for none.
    """

    def __init__(
        self, system: System, kind: str, free: tuple[str, str], ranges: Array, cycle: Cycle, law: Forcing | None = None
    ) -> None:
        super().__init__(system, kind, free, ranges, cycle, law)
        events, held = list(self.plain.pattern.events), list(self.plain.pattern.held)
        kernels, self.cut, self._at = lower(touching(system)), -1, 1.0
        if kind == "grazing":
            segment, guard, self._at = self._touch()
            if guard >= 0:
                self.cut = segment
                events.insert(segment, len(self.plain.clocked.events) + guard)
                held.insert(segment, held[segment])
            condition = events[segment]
        elif kind == "switching":
            segment, kink = self._kink()
            condition = 2 * kernels.n_guards + kink
        else:
            segment = self._beginning()
            condition = kernels.n_guards + events[segment]
        p = kernels.p
        p[len(system.parameters) :] = self.plain.speeds
        equations = OrbitEquations(
            rhs=kernels.rhs,
            jacobian=kernels.jacobian,
            parameter_jacobian=kernels.parameter_jacobian,
            closure=kernels.conditioned_joins,
            conditions=len(events) * (kernels.n + 1) + 1,
            p=p,
            active=[system.parameters.index(name) for name in free],
            free=np.array([[0.0 if n in names else 1.0 for n in kernels.states] for names in held]),
            phase=False,
            data=np.array([*events, segment, condition, *self.plain.law], dtype=float),
        )
        self.curve = OrbitCurve(equations, self.plain.sizes, ranges, self.plain.scheme.stages)

    def _touch(self) -> tuple[int, int, float]:
        """Return the segment that touches, with which guard before its end (-1: at its end), and where."""
        plain, orbit = self.plain, self._start
        place = self.checked.bare(orbit)
        _, gradients, before, _ = plain.joined(orbit)
        rates = np.einsum("in,in->i", gradients, before) * orbit.durations / (np.abs(gradients) @ plain.sizes)
        jumps = [i for i, name in enumerate(plain.names) if name]
        flattest = min(jumps, key=lambda i: abs(rates[i]))
        if abs(rates[flattest]) < TOUCHES:
            return flattest, -1, 1.0
        highest, segment, guard, at = self.checked.nearest(place)
        if not abs(highest) < TOUCHES:
            raise ConvergenceError(
                f"{self.system.name}: the start touches no threshold: the nearest passes it at {highest:.2g} of its "
                "variation"
            )
        return segment, guard, at

    def _kink(self) -> tuple[int, int]:
        """Return the segment whose jump is nearest to a kink of its map, and which that is."""
        kinks, base = curve_switches(self.plain), self.plain.clocked
        out, p = np.empty(len(kinks.OWNERS)), self.plain.parameters(self._start)
        best, found = np.inf, (-1, -1)
        for i, (event, y) in enumerate(zip(self.plain.pattern.events, self.plain.ends(self._start)[1], strict=True)):
            kinks.map_switches(0.0, y, p, out)
            for k, value in enumerate(out):
                if kinks.OWNERS[k] == base.events[event][0] and abs(value) < best:
                    best, found = abs(float(value)), (i, k)
        if not best < TOUCHES * float(self.plain.sizes.max()):
            nearest = "no jump has a map with a kink" if best == np.inf else f"the nearest kink is {best:.2g} away"
            raise ConvergenceError(f"{self.system.name}: the start is at no kink of the map of a jump: {nearest}")
        of_kept = lower(touching(self.system)).module("map_switches")  # with those of refractory times
        names = list(zip(of_kept.OWNERS, of_kept.TEXTS, strict=True))
        return found[0], names.index((kinks.OWNERS[found[1]], kinks.TEXTS[found[1]]))

    def _beginning(self) -> int:
        """Return the first segment that moves, which begins on a nullcline."""
        onset = self.checked.onset(self.checked.bare(self._start))
        if not abs(onset) < TOUCHES:
            raise ConvergenceError(
                f"{self.system.name}: the start begins on no nullcline: the guard of the next jump begins to rise with "
                f"{onset:.2g} of its fastest rate"
            )
        return next(i for i, held in enumerate(self.plain.pattern.held) if not held)

    def margins(self, bare: Orbit) -> tuple[float, float]:
        """Return how steeply an orbit crosses thresholds, and how far it is from others; nan if it touches one."""
        return (np.nan, np.nan) if self.kind == "grazing" else super().margins(bare)

    def start(self) -> Orbit:
        """Return the orbit on which the condition holds, on the curve.

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
        return self.settled(guess, adaptations=2)

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
        grazes = self.kind == "grazing" and self.cut < 0  # at a jump: there parameters are no coordinates
        fixed = 0 if grazes else whole.segments
        attempt = self.plain.settle(whole, fixed=fixed, adaptations=0)
        if attempt.point is None:
            unknown = np.full(len(self.system.states), np.nan)
            return whole, Spectrum(unknown, unknown, np.nan)
        return attempt.point, self.plain.spectrum(attempt.point, resolved=resolved)
