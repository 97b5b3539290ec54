"""Cycles at a bifurcation, with their critical perturbation: the problem that curves in two parameters solve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.accompanied_cycles import AccompaniedCycles
from dynana.analysis.cycle_orbits import orbit_of
from dynana.analysis.cycle_places import others
from dynana.analysis.forcing import Forcing
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering import critical_cycles as kernels_of_critical_cycles
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.critical_closures import critical
from dynana.numerics.critical_orbits import conditions, rescaled, split
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results.cycle import Cycle

Array = NDArray[np.float64]

#: Kinds of special points of cycles and the equations of their perturbation.
BIFURCATIONS = {"fold of cycles": "fold", "period doubling": "flip", "torus": "torus"}

#: How often the tangent at a fold is computed again with itself as border.
ROUNDS = 2


def gains_of(system: System, cycle: Cycle) -> Array:
    """Return what each state gains in a period: full turns of angles, 0 for other states."""
    gains = np.zeros(len(system.states))
    for name, turn in system.wrap.items():
        i = system.states.index(name)
        gains[i] = turn * np.round((cycle.points[-1, i] - cycle.points[0, i]) / turn)
    return gains


class CriticalCycles(AccompaniedCycles):
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
    forcing : Forcing, optional
        The period of the cycles, where time enters the equations.

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
        forcing: Forcing | None = None,
    ) -> None:
        self.bifurcation = BIFURCATIONS[kind]
        gained = np.zeros(len(system.states)) if gains is None else gains
        span = np.array(ranges, dtype=float)
        super().__init__(system, kind, free, span, extent=extent, stages=stages, gains=gained, forcing=forcing)
        sizes = self.plain.sizes
        further = conditions(self.bifurcation, self.forced)
        equations = self._equations(gained, forcing)
        extra = np.ones(len(equations.active) - 2)
        parts = equations.free.shape[1] // self.n
        self.curve = OrbitCurve(
            equations, np.tile(sizes, parts), np.concatenate((span, extra)), stages, further=further
        )

    @classmethod
    def of_cycle(
        cls,
        system: System,
        kind: str,
        free: Sequence[str],
        ranges: Sequence[float],
        cycle: Cycle,
        forcing: Forcing | None = None,
    ) -> CriticalCycles:
        """Return the problem whose first point is near a cycle; ``forcing`` is its period, where time enters."""
        return cls(
            system,
            kind,
            free,
            ranges,
            extent=np.ptp(cycle.points, axis=0),
            stages=cycle.segments[0].stages,
            gains=gains_of(system, cycle),
            forcing=forcing,
        )

    def _equations(self, gains: Array, forcing: Forcing | None) -> OrbitEquations:
        equations = "flip" if self.forced and self.bifurcation == "fold" else self.bifurcation
        kernels = lower(self.system)
        module = kernels.module("critical_cycle", equations, *self.free)
        additional = kernels.n_parameters
        law = [0.0, 0.0, 0.0] if forcing is None else forcing.data(self.system)
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
            data=np.concatenate(([self.n, multiplier, angle, *law], gains)),
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

    def guess(self, cycle: Cycle) -> Orbit:
        """Return a cycle with an approximate critical perturbation."""
        orbit = orbit_of(cycle, self.free)
        if self.bifurcation == "fold" and not self.forced:
            orbit, v, growth = self._fold_direction(orbit)
            return self.joined(orbit, v[:, None, :], [growth])
        critical_multiplier = self._critical_multiplier(cycle)
        orbit = self.on_plain(orbit, self.parameter_direction(orbit))
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
            orbit = self.on_plain(orbit, tangent)
            tangent = orbit.tangent
        on_points = tangent[: orbit.scalars_at].reshape(points.shape)
        return orbit, on_points, float(tangent[orbit.scalars_at] / orbit.durations[0])

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

    def _rescaled(self, base: Orbit) -> Orbit:
        """Return an orbit on a new mesh with its perturbation brought to unit length."""
        return rescaled(self.curve, base, self.bifurcation == "fold" and not self.forced)

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
            direction = self.parameter_direction(plain)
        return self.on_plain(plain, direction)

    def spectrum(self, orbit: Orbit, *, resolved: bool = False) -> tuple[Orbit, Spectrum]:
        """Return the cycle of an orbit without its perturbation, and its multipliers."""
        plain = self.cycle_orbit(orbit)
        return plain, self.plain.spectrum(plain, resolved=resolved)
