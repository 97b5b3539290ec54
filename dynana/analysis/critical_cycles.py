"""Cycles at a bifurcation, with their critical perturbation: the problem that curves in two parameters solve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from dynana.analysis.cycle_orbits import cycle_equations, cycle_of, orbit_of
from dynana.analysis.cycle_places import others
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering import critical_cycles as kernels_of_critical_cycles
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.critical_closures import critical
from dynana.numerics.critical_orbits import conditions, rescaled, split
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results.cycle import Cycle

Array = NDArray[np.float64]

#: Places on a cycle from which the growth of deviations is looked at.
GROWTH_STARTS = 40

#: Kinds of special points of cycles and the equations of their perturbation.
BIFURCATIONS = {"fold of cycles": "fold", "period doubling": "flip", "torus": "torus"}

#: Least typical variation of a state relative to its variation on the first cycle; and of the latter, for states that
#: rest there, relative to that of the liveliest state.
LEAST_VARIATION = 1e-3

#: How often the tangent at a fold is computed again with itself as border.
ROUNDS = 2


def _gains(system: System, cycle: Cycle) -> Array:
    """Return what each state gains in a period: full turns of angles, 0 for other states."""
    gains = np.zeros(len(system.states))
    for name, turn in system.wrap.items():
        i = system.states.index(name)
        gains[i] = turn * np.round((cycle.points[-1, i] - cycle.points[0, i]) / turn)
    return gains


class CriticalCycles:
    """Cycles of one kind of bifurcation while two parameters vary.

    Parameters
    ----------
    system : System
        With the values of the parameters that are not free.
    kind : str
        One of `BIFURCATIONS`.
    free : (str, str)
    ranges : (float, float)
        Extents of the intervals of interest of the free parameters.
    extent : ndarray, shape (n,)
        Variation of each state on the first cycle.
    stages : int
        Gauss points in each mesh interval.
    gains : ndarray, shape (n,), optional
        What angles gain in a period.
    forcing_period : float, optional
        The period, where time enters the equations.

    Attributes
    ----------
    curve : OrbitCurve
        Of cycles with their perturbation; active parameters are the free ones and, where there is one, the relative
        change of the period or the angle of the multiplier.
    plain : OrbitCurve
        Of the same cycles without perturbation, while the second parameter is held; for spectra.
    """

    def __init__(
        self,
        system: System,
        kind: str,
        free: Sequence[str],
        ranges: Sequence[float],
        *,
        extent: Array,
        stages: int,
        gains: Array | None = None,
        forcing_period: float = 0.0,
    ) -> None:
        self.system, self.kind, self.free = system, kind, (free[0], free[1])
        self.bifurcation, self.n = BIFURCATIONS[kind], len(system.states)
        self.forced = forcing_period > 0.0
        gained = np.zeros(self.n) if gains is None else gains
        sizes = LEAST_VARIATION * np.maximum(extent, LEAST_VARIATION * extent.max())
        span = np.array(ranges, dtype=float)
        law = [forcing_period, 0.0, 0.0] if self.forced else None
        base = cycle_equations(system, self.free, gains=gained, forcing=law)
        self.plain = OrbitCurve(base, sizes, span, stages, held=(2,))
        further = conditions(self.bifurcation, self.forced)
        equations = self._equations(gained, forcing_period)
        extra = np.ones(len(equations.active) - 2)
        parts = equations.free.shape[1] // self.n
        self.curve = OrbitCurve(
            equations, np.tile(sizes, parts), np.concatenate((span, extra)), stages, further=further
        )

    @classmethod
    def of_cycle(
        cls, system: System, kind: str, free: Sequence[str], ranges: Sequence[float], cycle: Cycle
    ) -> CriticalCycles:
        """Return the problem whose first point is near a cycle."""
        return cls(
            system,
            kind,
            free,
            ranges,
            extent=np.ptp(cycle.points, axis=0),
            stages=cycle.segments[0].stages,
            gains=_gains(system, cycle),
            forcing_period=cycle.period if cycle.forced else 0.0,
        )

    def _equations(self, gains: Array, period: float) -> OrbitEquations:
        equations = "flip" if self.forced and self.bifurcation == "fold" else self.bifurcation
        kernels = lower(self.system)
        module = kernels.module("critical_cycle", equations, *self.free)
        additional = kernels.n_parameters
        active = [self.system.parameters.index(name) for name in self.free]
        angle = additional if equations == "torus" else -1
        size = self.n * (1 + kernels_of_critical_cycles.PARTS[equations])
        multiplier = -1.0 if self.bifurcation == "flip" else 1.0
        return OrbitEquations(
            rhs=module.rhs,
            jacobian=module.jacobian,
            parameter_jacobian=module.parameter_jacobian,
            closure=critical,
            conditions=size + int(self.forced),
            p=np.append(kernels.p, 0.0),
            active=active if equations == "flip" else [*active, additional],
            free=np.ones((1, size)),
            phase=False,
            data=np.concatenate(([self.n, multiplier, angle, period], gains)),
            time_derivative=module.time_derivative if self.forced else None,
        )

    # -- starts --------------------------------------------------------------------------------------------------------

    def start(self, cycle: Cycle) -> Orbit:
        """Return the converged cycle near a given one, with its perturbation, the second parameter held.

        Raises
        ------
        ConvergenceError
            If there is no bifurcation of the kind nearby.
        """
        return self.settled(self.guess(cycle))

    def settled(self, guess: Orbit) -> Orbit:
        """Return the converged cycle near a guess: the second parameter is held, or the first, or the period."""
        for held in (2, 1) if self.forced else (2, 1, 0):
            found = self.curve.settle(guess, fixed=held)
            if found.converged and found.point is not None:
                return found.point
        place = ", ".join(f"{n} = {v:.8g}" for n, v in zip(self.free, guess.parameters.tolist(), strict=False))
        raise ConvergenceError(
            f"{self.system.name}: no {self.kind} was found near {place}, period {guess.durations[0]:.6g}. Start from "
            "a located special point of cycles (continue_cycles locates them); a finer mesh may help."
        )

    def guess(self, cycle: Cycle) -> Orbit:
        """Return a cycle with an approximate critical perturbation."""
        orbit = orbit_of(cycle, self.free)
        if self.bifurcation == "fold" and not self.forced:
            orbit, v, growth = self._fold_direction(orbit)
            return self.joined(orbit, v[:, None, :], [growth])
        critical_multiplier = self._critical_multiplier(cycle)
        orbit = self._on_plain(orbit, self._parameter_direction(orbit))
        eigenfunction = self.plain.eigenfunction(orbit, critical_multiplier)
        if self.bifurcation != "torus":
            return self.joined(orbit, eigenfunction.real[:, None, :], [])
        parts = np.stack((eigenfunction.real, eigenfunction.imag), axis=1)
        return self.joined(orbit, parts, [float(np.angle(critical_multiplier))])

    def _critical_multiplier(self, cycle: Cycle) -> complex:
        if self.bifurcation != "torus":
            return -1.0 if self.bifurcation == "flip" else 1.0
        # at a fold, rounding may make a complex pair of the multiplier 1 that every cycle has and the one that is equal
        logs, phases = others(Spectrum(cycle.log_moduli, cycle.phases, cycle.trace), self.forced)
        turning = (phases > 0.0) & (phases < math.pi)
        if not turning.any():
            raise ConvergenceError(
                f"{self.system.name}: the cycle has no complex multipliers, so it is no torus point; multipliers "
                f"{', '.join(f'{m:.4g}' for m in cycle.multipliers)}."
            )
        nearest = np.flatnonzero(turning)[np.argmin(np.abs(logs[turning]))]
        return complex(np.exp(1j * phases[nearest]))

    def _fold_direction(self, orbit: Orbit) -> tuple[Orbit, Array, float]:
        """Return the cycle, and the direction in which a fold moves cycles: on points, and relative for the period."""
        tangent = np.zeros_like(orbit.z)
        points = orbit.split(orbit.z)[0][0]
        tangent[: orbit.scalars_at] = (points - points.mean(axis=0)).ravel()
        tangent[orbit.scalars_at] = orbit.durations[0]
        for _ in range(ROUNDS):
            orbit = self._on_plain(orbit, tangent)
            tangent = orbit.tangent
        on_points = tangent[: orbit.scalars_at].reshape(points.shape)
        return orbit, on_points, float(tangent[orbit.scalars_at] / orbit.durations[0])

    def _parameter_direction(self, orbit: Orbit) -> Array:
        direction = np.zeros_like(orbit.z)
        direction[orbit.scalars_at + 1] = 1.0
        return direction

    def _on_plain(self, orbit: Orbit, direction: Array) -> Orbit:
        """Return the cycle without perturbation next to an orbit, factorised with a border in the given direction."""
        orbit = replace(orbit, tangent=direction, steps=0)
        attempt = self.plain.advance(self.plain.prepare(orbit), 0.0)
        if not attempt.converged or attempt.point is None:
            place = ", ".join(f"{n} = {v:.8g}" for n, v in zip(self.free, orbit.parameters.tolist(), strict=True))
            raise ConvergenceError(
                f"{self.system.name}: there is no cycle near the given one at {place} (Newton's method failed)."
            )
        return attempt.point

    def joined(self, orbit: Orbit, v: Array, additional: Sequence[float]) -> Orbit:
        """Return a cycle with a perturbation, brought to unit length, as one orbit.

        Parameters
        ----------
        orbit : Orbit
            With the free parameters active.
        v : ndarray, shape (points, parts, n)
        additional : sequence of float
            Value of the additional parameter, none for a flip.
        """
        points = orbit.split(orbit.z)[0][0]
        sizes = np.maximum(np.ptp(points, axis=0), self.plain.sizes)
        growth = additional[0] if self.bifurcation == "fold" and additional else 0.0
        length = math.sqrt(float(((v / sizes) ** 2).sum(axis=(1, 2)).mean()) / self.n + growth**2)
        values = [growth / length] if growth else list(additional)
        joined = np.concatenate((points, (v / length).reshape(len(points), -1)), axis=1)
        z = np.concatenate((joined.ravel(), orbit.durations, orbit.parameters, values))
        return Orbit(
            z, np.zeros_like(z), orbit.counts, orbit.widths, joined.shape[1], orbit.stages, np.zeros(REPORT_SIZE)
        )

    # -- steps: the problem that `dynana.numerics.pseudo_arclength.follow` follows -------------------------------------

    def prepare(self, orbit: Orbit) -> Orbit:
        """Prepare the next step; on a new mesh, perturbation and tangent are found anew.

        The conditions on the perturbation refer to the sizes of the states, which change with the mesh: with the old
        tangent, a step would move along the curve to compensate for that.
        """
        base = self.curve.prepare(orbit)
        if base.widths is orbit.widths:
            return base
        return self._renewed(base) or base

    def finer(self, orbit: Orbit, times: float) -> Orbit | None:
        """Return the same orbit on a finer mesh; None if Newton's method fails there."""
        base = self.curve.prepare(self.curve.adapt(orbit, times))
        found = self._renewed(base)
        if found is not None:
            return found
        for held in range(len(orbit.durations) + 2):  # Newton's method with damping, one scalar unknown held
            attempt = self.curve.settle(self._rescaled(base), fixed=held, adaptations=0)
            if attempt.point is not None:
                same_way = float((attempt.point.tangent * base.tangent).sum()) >= 0.0
                return attempt.point if same_way else replace(attempt.point, tangent=-attempt.point.tangent)
        return None

    def _renewed(self, base: Orbit) -> Orbit | None:
        return self.curve.advance(self._rescaled(base), 0.0).point

    def _rescaled(self, base: Orbit) -> Orbit:
        return rescaled(self.curve, base, self.bifurcation == "fold" and not self.forced)

    def growth(self, orbit: Orbit) -> float:
        """Return by how many powers of ten deviations grow, at most, between two places on the way round a cycle."""
        kernels, points, times = lower(self.system), self.points(orbit), orbit.times()
        p, matrix = kernels.p, np.empty((self.n, self.n))
        p[[self.system.parameters.index(name) for name in self.free]] = orbit.parameters[:2]
        sizes = self.plain.sizes
        slopes = np.empty((len(points), self.n, self.n))
        for slope, t, x in zip(slopes, times, points, strict=True):
            kernels.jacobian(t, np.ascontiguousarray(x), p, matrix)
            slope[:] = matrix * sizes / sizes[:, None]
        middle = 0.5 * (slopes[1:] + slopes[:-1])
        transfers = expm(middle * np.diff(times)[:, None, None])
        largest = 0.0
        for first in range(0, len(transfers), max(1, len(transfers) // GROWTH_STARTS)):
            product, power = np.eye(self.n), 0.0
            for transfer in transfers[first:]:
                product = transfer @ product
                size = float(np.abs(product).max())
                product, power = product / size, power + math.log10(size)
                largest = max(largest, power)
        return largest

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take one step."""
        return self.curve.advance(orbit, step)

    # -- what is known at a point ------------------------------------------------------------------------------------

    def cycle_orbit(self, orbit: Orbit) -> Orbit:
        """Return the cycle of an orbit without its perturbation, factorised."""
        x, v = split(orbit, self.n)
        z = np.concatenate((x.ravel(), orbit.durations, orbit.parameters[:2]))
        plain = replace(orbit, z=z, tangent=np.zeros_like(z), n=self.n, steps=0)
        if self.bifurcation == "fold":
            growth = orbit.parameters[2] if len(orbit.parameters) > 2 else 0.0
            direction = np.concatenate((v[:, 0].ravel(), orbit.durations * growth, [0.0, 0.0]))
        else:
            direction = self._parameter_direction(plain)
        return self._on_plain(plain, direction)

    def spectrum(self, orbit: Orbit, *, resolved: bool = False) -> tuple[Orbit, Spectrum]:
        """Return the cycle of an orbit without its perturbation, and its multipliers."""
        plain = self.cycle_orbit(orbit)
        return plain, self.plain.spectrum(plain, resolved=resolved)

    def cycle(self, orbit: Orbit) -> Cycle:
        """Return the cycle of an orbit as a result."""
        plain, spectrum = self.spectrum(orbit, resolved=True)
        return cycle_of(self.system, self.free, self.plain, plain, spectrum)

    def period(self, orbit: Orbit) -> float:
        """Return the period of an orbit."""
        return float(orbit.durations[0])

    def points(self, orbit: Orbit) -> Array:
        """Return the cycle, shape (points, n)."""
        return split(orbit, self.n)[0]
