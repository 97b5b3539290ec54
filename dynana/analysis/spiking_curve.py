"""Curves of orbits with jumps: multipliers through saltation matrices, and what tells that an orbit ceases to exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.analysis.spiking_flights import Flights
from dynana.analysis.spiking_orbits import SpikingOrbits
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_orbit import Orbit, Spectrum
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import interpolate, times
from dynana.numerics.tabulate import tabulator
from dynana.results import collocated

Array = NDArray[np.float64]

#: Estimated error between mesh points above which a mesh grows: spike times, which converge twice as fast, are right to
#: about 1e-12 then.
LARGEST_ERROR = 5e-9
#: A maximum of a guard that is lower than this at its samples, relative to its variation, is far from the threshold.
FAR_BELOW = -0.05
#: Distance from 1 of the trivial multiplier above which the others are not to be trusted.
TRIVIAL = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class SpikingPlace(Place):
    """An orbit with jumps on a curve.

    Attributes
    ----------
    driven : int
        Column of time where it enters the equations; -1 otherwise.
    forcing : float
        Period of the forcing then.
    lasting, changes : ndarray, shape (segments,)
        Real durations of the segments, and their derivatives along the curve.
    """

    driven: int = -1
    forcing: float = 0.0
    lasting: Array = field(default_factory=lambda: np.empty(0))
    changes: Array = field(default_factory=lambda: np.empty(0))

    @property
    def scalars(self) -> Array:
        """Period and active parameters."""
        return np.append(self.lasting.sum(), self.orbit.parameters)

    @property
    def slopes(self) -> Array:
        """Their derivatives along the curve."""
        at = self.orbit.scalars_at + self.orbit.segments
        return np.append(self.changes.sum(), self.orbit.tangent[at:])

    def compared(self, points: Array) -> tuple[Array, Array]:
        """Return points without time, which counts up to periods of the forcing only."""
        if self.driven < 0:
            return points, np.empty(0)
        angle = 2.0 * np.pi * float(points[0, self.driven]) / self.forcing
        without = points.copy()
        without[:, self.driven] = 0.0
        return without, np.array([np.cos(angle), np.sin(angle)])

    def asymmetry(self) -> Array:
        """Difference between the two halves of the segments, shape (points, n): 0 for two equal turns."""
        if not self.samples:
            parts, scheme = self.orbit.split(self.orbit.z), gauss_scheme(self.orbit.stages)
            half = len(parts) // 2
            others = [*parts[half:], *parts[:half]]
            differences = [
                x - interpolate(y, theirs, scheme, times(own, scheme))
                for (x, own), (y, theirs) in zip(parts, others, strict=True)
            ]
            if self.driven >= 0:  # time goes on from turn to turn
                for difference in differences:
                    difference[:, self.driven] = 0.0
            self.samples.append(np.concatenate(differences))
        return self.samples[0]


class SpikingCurve(CycleCurve):
    """A curve of orbits with jumps.

    Attributes
    ----------
    curve : SpikingOrbits
    flights : Flights
        Of the same system.
    word : str
        What stands between segments.
    brief : bool
        Whether a segment may be so short that a step of an integration passes over it.
    """

    curve: SpikingOrbits
    word = "jump"
    brief = False
    spiking = True
    shrinks = False
    resting = 1e-6  # nearer to orbits of infinite period, rounding counts
    largest_error = LARGEST_ERROR

    def __init__(self, curve: SpikingOrbits) -> None:
        super().__init__(curve)
        self.held = curve.keeps_period
        self.flights = Flights(curve.system, curve.speeds, curve.sizes, curve.clocked)

    @property
    def titles(self) -> list[str]:
        """Name of each jump in messages."""
        return [repr(jump.name) for jump in self.curve.clocked.base.jumps]

    def place(self, orbit: Orbit, *, resolved: bool = True) -> Place:
        """Return the orbit computed last with its multipliers and test functions, or what is quicker for a search."""
        spectrum = self.curve.spectrum(orbit, resolved=resolved)
        error = self.curve.error(orbit) if resolved else float("nan")
        return SpikingPlace(
            orbit, spectrum, self._tests(orbit, spectrum), error,
            driven=self.curve.shown if self.curve.clocked.driven else -1, forcing=self.curve.forcing_period(orbit),
            lasting=self.curve.lasting(orbit), changes=self.curve.lasting(orbit, orbit.tangent),
        )  # fmt: skip

    def bare(self, orbit: Orbit) -> SpikingPlace:
        """Return an orbit as a place without multipliers and test functions."""
        nothing = np.zeros(self.curve.n)
        return SpikingPlace(
            orbit, Spectrum(nothing, nothing, 0.0), (0.0,) * 4, 0.0, lasting=self.curve.lasting(orbit)
        )  # fmt: skip

    def margins(self, orbit: Orbit) -> tuple[float, float]:
        """Return how steeply an orbit crosses its thresholds, and how far it is from others; see the next two."""
        place = self.bare(orbit)
        return self.steepness(place), self.clearance(place)

    def steepness(self, place: Place) -> float:
        """Return how fast the slowest guard rises at its jump, relative to its variation; 0 where an orbit grazes."""
        _, gradients, before, _ = self.curve.joined(place.orbit)
        rates = np.einsum("in,in->i", gradients, before)
        jumps = np.array([bool(name) for name in self.curve.names])
        sizes = np.abs(gradients) @ self.curve.sizes
        return float((rates * place.orbit.durations / sizes)[jumps].min())

    def clearance(self, place: Place) -> float:
        """Return how far all guards stay below zero before they are due, relative to their variation.

        Negative where a jump is due earlier than the orbit has it, or right after another jump.
        """
        values, own = self._guards(place), lower(self.curve.clocked.base).guard_owner
        scale = np.ptp(values, axis=0) + 1e-300
        single = [g for g, k in enumerate(own) if own.count(k) == 1]
        worst, row, pattern = -np.inf, 0, self.curve.pattern
        for i, count in enumerate(place.orbit.counts.tolist()):
            rows = count * (place.orbit.stages + 1) + 1
            resting = self.curve.clocked.events[pattern.events[i - 1]][0] if pattern.held[i] else -1
            for g in single:
                if own[g] != resting:
                    v = values[row : row + rows, g] / scale[g]
                    ends = own[g] == self.curve.clocked.events[pattern.events[i]][0]
                    inside = _highest(v, place.orbit.stages)
                    worst = max(worst, float(v[0]), inside, -np.inf if ends else float(v[-1]))
            row += rows
        return -worst

    def nearest(self, place: Place) -> tuple[float, int, int, float]:
        """Return where a guard comes nearest to zero before a jump is due.

        Returns
        -------
        height : float
            Of the highest maximum of a guard inside a segment, relative to its variation.
        segment, guard : int
        at : float
            Fraction of the segment.
        """
        values, best, row = self._guards(place), (-np.inf, -1, -1, 0.5), 0
        scale = np.ptp(values, axis=0) + 1e-300
        for i, (x, widths) in enumerate(place.orbit.split(place.orbit.z)):
            s = times(widths, gauss_scheme(place.orbit.stages))
            for g in range(values.shape[1]):
                v = values[row : row + len(x), g] / scale[g]
                found = collocated.summits(v, place.orbit.stages)
                if found.size and found.max() > best[0]:
                    top = 1 + int(np.argmax(np.where((v[1:-1] >= v[:-2]) & (v[1:-1] > v[2:]), v[1:-1], -np.inf)))
                    best = (float(found.max()), i, g, float(s[top]))
            row += len(x)
        return best

    def windings(self, place: Place) -> list[int]:
        """Return how many maxima the guard of the jump at its end has on each segment."""
        values, own, row = self._guards(place), self.curve.clocked.events, 0
        found = []
        for event, count in zip(self.curve.pattern.events, place.orbit.counts.tolist(), strict=True):
            rows = count * (place.orbit.stages + 1) + 1
            jump, guard = own[event]
            along = values[row : row + rows, guard] if jump >= 0 else np.zeros(rows)
            found.append(collocated.summits(along, place.orbit.stages).size)
            row += rows
        return found

    def onset(self, place: Place) -> float:
        """Return how fast the guard of the first jump begins to rise, relative to its fastest rise.

        0 where the state after the jump is on the nullcline.
        """
        curve = self.curve
        starts, _ = curve.ends(place.orbit)
        p, first = curve.parameters(place.orbit), next(i for i, held in enumerate(curve.pattern.held) if not held)
        rate = np.empty(curve.n)
        curve.kernels.rhs(0.0, starts[first], p, rate)
        _, gradients, before, _ = curve.joined(place.orbit)
        fastest = abs(float(gradients[first] @ before[first]))
        return float(gradients[first] @ (rate * curve.equations.free[first])) / max(fastest, np.finfo(float).tiny)

    def switching(self, number: int, place: Place) -> float:
        """Return a function whose zero is a kink of a jump map, at the jump nearest to it."""
        module = curve_switches(self.curve)
        owner, worst = module.OWNERS[number], np.inf
        out, p = np.empty(len(module.OWNERS)), self.curve.parameters(place.orbit)
        _, ends = self.curve.ends(place.orbit)
        for event, y in zip(self.curve.pattern.events, ends, strict=True):
            if self.curve.clocked.events[event][0] == owner:
                module.map_switches(0.0, y, p, out)
                worst = out[number] if abs(out[number]) < abs(worst) else worst
        return float(worst)

    def _guards(self, place: Place) -> Array:
        """Guards of the given system at all points, shape (points, guards)."""
        kernels = self.curve.kernels
        y, p = place.orbit.z[: place.orbit.scalars_at].reshape(-1, place.orbit.n), self.curve.parameters(place.orbit)
        out = np.empty((len(y), kernels.n_guards))
        nothing = np.empty(0, dtype=np.int64), np.empty((len(y), 0))
        tabulator()(kernels.guards, np.zeros(len(y)), y, p, *nothing, out)
        return out[:, : lower(self.curve.clocked.base).n_guards]


def _highest(v: Array, stages: int) -> float:
    """Return the largest value at a maximum of a function of the mesh between its ends; -inf if there is none."""
    inner = v[1:-1]
    rough = float(inner[(inner >= v[:-2]) & (inner > v[2:])].max(initial=-np.inf))
    if rough < FAR_BELOW:
        return rough
    return float(collocated.summits(v, stages).max(initial=rough))


def curve_switches(curve: SpikingOrbits) -> ModuleType:
    """Return the generated module with the kinks of the jump maps of a curve's system."""
    return lower(curve.clocked.base).module("map_switches")
