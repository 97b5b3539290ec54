"""Cycles along a curve: each with its multipliers and the functions whose zeros are special points."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_orbit import Orbit, Spectrum
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.interpolation import half_period_change
from dynana.numerics.orbit_curve import ADAPT_EVERY, OrbitCurve
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results import collocated

Array = NDArray[np.float64]

#: Estimated error between mesh points above which a mesh grows: errors of periods and parameters, which converge twice
#: as fast, are below 1e-8 then.
LARGEST_ERROR = 1e-5
#: Factor by which it grows, and number of intervals at which it stops growing.
GROWTH, MOST_INTERVALS = 1.5, 1200
#: A state varies by at least this part of how far its mean has moved since the start.
DRIFT = 0.3
#: Logarithm of a modulus beyond which a multiplier is far from the unit circle.
FAR = 40.0
#: Difference from Liouville's formula that is put down to the smallest multiplier, if that is below rounding.
LIOUVILLE, LOST = 1e-6, -20.0
#: Test functions.
FOLD, DOUBLING, TORUS, UNITY = range(4)


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """A cycle on a curve.

    Attributes
    ----------
    orbit : Orbit
    spectrum : Spectrum
    tests : tuple of 4 floats
        All between -1 and 1: component of the tangent along the first parameter (with the period held, the last one
        again), test functions of period doublings and of tori, and one that changes its sign where a multiplier but the
        trivial one passes 1.
    error : float
        Estimated, between mesh points; nan if it was not asked for.
    samples : list
        Filled when `asymmetry` is first asked for.
    curve : OrbitCurve or None
        On which it was computed.
    """

    orbit: Orbit
    spectrum: Spectrum
    tests: tuple[float, ...]
    error: float
    samples: list[Array] = field(default_factory=list)
    curve: OrbitCurve | None = field(default=None, kw_only=True)

    @property
    def scalars(self) -> Array:
        """Durations and active parameters."""
        return self.orbit.z[self.orbit.scalars_at :]

    @property
    def slopes(self) -> Array:
        """Their derivatives along the curve."""
        return self.orbit.tangent[self.orbit.scalars_at :]

    @property
    def plain(self) -> Place:
        """The same cycle as results show it."""
        return self

    @property
    def points(self) -> Array:
        """States on the meshes of all segments, shape (points, n)."""
        return self.orbit.z[: self.orbit.scalars_at].reshape(-1, self.orbit.n)

    def compared(self, points: Array) -> tuple[Array, Array]:
        """Return the points by which the cycle is told from others, and further numbers that do it."""
        return points, np.empty(0)

    def asymmetry(self) -> Array:
        """Difference from the state half a period later on the mesh, shape (points, n): 0 for two equal turns."""
        if not self.samples:
            points, widths = self.orbit.split(self.orbit.z)[0]
            change = np.empty_like(points)
            half_period_change(points, widths, gauss_scheme(self.orbit.stages).nodes, change)
            self.samples.append(change)
        return self.samples[0]


class CycleCurve:
    """A curve of cycles with what is computed at each; a problem for `dynana.numerics.pseudo_arclength.follow`.

    Attributes
    ----------
    curve : OrbitCurve
    held : bool
        Whether the period is held and two parameters vary.
    base : Orbit
        From which the last step was taken, to repeat part of it.
    error : float
        Of the last cycle.
    spiking : bool
        Whether the cycles have jumps, or are made of several segments otherwise.
    shrinks : bool
        Whether they may shrink to a point.
    resting : float
        The parameter rests where it moves by less than this part of a step: only the period grows.
    largest_error : float
        Estimated error between mesh points above which a mesh grows.
    """

    spiking = False
    shrinks = True
    resting = 1e-8
    largest_error = LARGEST_ERROR

    def __init__(self, curve: OrbitCurve) -> None:
        self.curve = curve
        self.forced = curve.equations.time_derivative is not None
        self.held = bool(curve.held)
        self.base: Orbit | None = None
        self.error = math.nan
        self._mean: Array | None = None

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take one step."""
        return self.curve.advance(orbit, step)

    def prepare(self, orbit: Orbit) -> Orbit:
        """Adapt the meshes when it is time, with more intervals where the error is too large; remember the base."""
        coarse = self.error > self.largest_error
        if self._mean is None or coarse or orbit.steps >= ADAPT_EVERY:
            means = [collocated.mean(points, widths, orbit.stages) for points, widths in orbit.split(orbit.z)]
            mean = sum(means[1:], means[0]) / len(means)
            if self._mean is None:
                self._mean = mean
            np.maximum(self.curve.sizes, DRIFT * np.abs(mean - self._mean), out=self.curve.sizes)
        if coarse:
            grows = orbit.steps <= 1 and int(orbit.counts.max()) < MOST_INTERVALS  # not just an old mesh
            orbit = self.curve.adapt(orbit, GROWTH if grows else 1.0)
        self.base = self.curve.prepare(orbit)
        return self.base

    def place(self, orbit: Orbit, *, resolved: bool = True) -> Place:
        """Return the cycle computed last with its multipliers and test functions, or what is quicker for a search."""
        spectrum = self.curve.spectrum(orbit, resolved=resolved)
        if resolved and orbit.segments == 1:
            spectrum = with_trace(spectrum)
        error = self.curve.error(orbit) if resolved else math.nan
        return Place(orbit, spectrum, self._tests(orbit, spectrum), error, curve=self.curve)

    def at(self, base: Orbit, step: float, *, resolved: bool = False) -> Place | None:
        """Return the cycle after part of a step from a base; None if Newton's method fails."""
        self.curve.prepare(base)  # another mesh may have been in use since
        attempt = self.curve.advance(base, step)
        return None if attempt.point is None else self.place(attempt.point, resolved=resolved)

    def _tests(self, orbit: Orbit, spectrum: Spectrum) -> tuple[float, ...]:
        logs, phases = _others(spectrum, self.forced)
        torus = 1.0
        for i, log in enumerate(logs):
            for other in logs[:i]:
                torus *= math.tanh(0.5 * (log + other))
        doubling = _distance(logs, [math.pi - abs(phase) for phase in phases])
        crossing = _distance(logs, [abs(phase) for phase in phases])
        turning = float(orbit.tangent[orbit.scalars_at + orbit.segments]) / float(self.curve.ranges[0])
        return crossing if self.held else turning, doubling, torus, crossing


def with_trace(spectrum: Spectrum) -> Spectrum:
    """Return a spectrum of a smooth orbit whose smallest multiplier agrees with Liouville's formula.

    A multiplier that is below rounding within a single mesh interval is lost; the determinant tells its modulus, and
    that the product of all multipliers is positive.
    """
    *larger, last = spectrum.logarithms.tolist()
    smallest = spectrum.trace - sum(larger)
    if not abs(smallest - last) > LIOUVILLE or not larger or not smallest < min(larger[-1], LOST):
        return spectrum
    logs, phases = spectrum.logarithms.copy(), spectrum.phases.copy()
    logs[-1] = smallest
    phases[-1] = math.pi if int(np.sum(np.abs(phases[:-1]) == math.pi)) % 2 else 0.0
    return Spectrum(logs, phases, spectrum.trace)


def others(spectrum: Spectrum, forced: bool) -> tuple[Array, Array]:
    """Return logarithms of moduli and phases of the multipliers but the one next to 1 that every cycle has.

    Near a fold rounding may make a complex pair of two multipliers near 1; the one that is left is real.
    """
    logs, phases = _others(spectrum, forced)
    return np.array(logs), np.array(phases)


def _others(spectrum: Spectrum, forced: bool) -> tuple[list[float], list[float]]:
    logs, phases = spectrum.logarithms.tolist(), spectrum.phases.tolist()
    if forced:
        return logs, phases
    distances = list(map(math.hypot, logs, phases))
    trivial = distances.index(min(distances))
    log, phase = logs[trivial], phases[trivial]
    if 0.0 < abs(phase) < math.pi:
        phases[min(range(len(logs)), key=lambda k: math.hypot(logs[k] - log, phases[k] + phase))] = 0.0
    del logs[trivial], phases[trivial]
    return logs, phases


def _distance(logs: list[float], angles: list[float]) -> float:
    """Return the product of |1 - mu| / (1 + |mu|), negative where an odd number of mu > 1 have the angle 0."""
    product = 1.0
    for l, angle in zip(logs, angles, strict=True):
        if angle == 0.0:
            product *= -math.tanh(0.5 * l)
        elif abs(l) < FAR:
            grown = math.cosh(l)
            product *= math.sqrt((grown - math.cos(angle)) / (grown + 1.0))
    return product
