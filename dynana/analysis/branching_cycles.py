"""Branch points of cycles, with the adjoint that proves them: the problem that their curves in two parameters solve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.accompanied_cycles import AccompaniedCycles
from dynana.analysis.critical_cycles import gains_of
from dynana.analysis.cycle_orbits import orbit_of
from dynana.analysis.forcing import Forcing
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.branching_cycles import FURTHER_STATES, FURTHER_STATES_FORCED
from dynana.lowering.kernels import lower
from dynana.numerics.adjoint import stage_rows, transfers
from dynana.numerics.branching_closures import branching
from dynana.numerics.branching_orbits import invariant_rows, same_length_of_adjoint
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.critical_orbits import same_time
from dynana.numerics.mesh import quadrature
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results.cycle import Cycle

Array = NDArray[np.float64]

#: What the adjoint may feel of a change of a parameter by its span, relative to the flow, where it keeps the crossing.
FELT = 1e-4


class BranchingCycles(AccompaniedCycles):
    """Branch points of cycles while two parameters vary.

    Parameters
    ----------
    system : System
        With the values of the parameters that are not free.
    free : (str, str)
    span : ndarray, shape (2,)
        Extents of the intervals of interest of the free parameters.
    cycle : Cycle
        At a branch point.

    Attributes
    ----------
    curve : OrbitCurve
        Of cycles with their adjoint; active parameters are the free ones, the unfolding of the branch point, and where
        time does not enter, one more that is zero.
    """

    def __init__(self, system: System, free: Sequence[str], span: Array, cycle: Cycle) -> None:
        extent, period = np.ptp(cycle.points, axis=0), cycle.period
        forcing = Forcing(period) if cycle.forced else None
        super().__init__(
            system, "branch point of cycles", free, span, extent=extent, stages=cycle.segments[0].stages,
            gains=gains_of(system, cycle), forcing=forcing,
        )  # fmt: skip
        self.extent = np.maximum(extent, self.plain.sizes)
        equations = self._equations(gains_of(system, cycle), period if cycle.forced else 0.0)
        others = equations.free.shape[1] - 2 * self.n
        sizes = np.concatenate((self.plain.sizes, 1.0 / self.extent, np.ones(others)))
        ranges = np.concatenate((span, [1.0 / period, *[1.0] * (len(equations.active) - 3)]))
        further = (*([] if self.forced else [same_time]), same_length_of_adjoint)
        self.curve = OrbitCurve(equations, sizes, ranges, cycle.segments[0].stages, further=further)
        self._towards(np.array([1.0, 0.0]))

    def _equations(self, gains: Array, period: float) -> OrbitEquations:
        kernels = lower(self.system)
        module = kernels.module("branching_cycle", *self.free)
        first = kernels.n_parameters
        size = 2 * self.n + (FURTHER_STATES_FORCED if self.forced else FURTHER_STATES)
        parameters = [0.0, 0.0, 0.0, 0.0, *self.extent**2]
        additional = [first] if self.forced else [first, first + 1]
        return OrbitEquations(
            rhs=module.rhs,
            jacobian=module.jacobian,
            parameter_jacobian=module.parameter_jacobian,
            closure=branching,
            conditions=2 * size - 2 * self.n + int(self.forced),
            p=np.concatenate((kernels.p, parameters)),
            active=[*(self.system.parameters.index(name) for name in self.free), *additional],
            free=np.ones((1, size)),
            phase=False,
            data=np.concatenate(([self.n, period], gains)),
            time_derivative=module.time_derivative if self.forced else None,
        )

    def _towards(self, direction: Array) -> None:
        """Ask the adjoint not to feel a change of the free parameters in a direction, in units of their spans."""
        first = len(self.system.parameters) + 2
        for k, share in enumerate(direction * self.plain.ranges):
            self.curve.give(first + k, float(share))

    # -- starts --------------------------------------------------------------------------------------------------------

    def start(self, cycle: Cycle) -> Orbit:
        """Return the converged branch point near a cycle.

        Raises
        ------
        ConvergenceError
            If there is no branch point nearby, or the free parameters unfold it.
        """
        adjoint = self._adjoint(cycle)
        felt = self._felt(cycle, adjoint)
        if felt.min() > FELT:
            raise ConvergenceError(
                f"{self.system.name}: no branch point of cycles was found: both {' and '.join(self.free)} move the "
                "cycle on. Start from a located one (continue_cycles locates them)."
            )
        if felt.max() > FELT:
            raise ConvergenceError(self._refusal(self.free[int(felt.argmax())], float(felt.max())))
        orbit, others = orbit_of(cycle, self.free), self.curve.n - 2 * self.n
        joined = np.concatenate((cycle.points, adjoint, np.zeros((len(adjoint), others))), axis=1)
        scalars = np.concatenate((orbit.durations, orbit.parameters, np.zeros(len(self.curve.ranges) - 2)))
        z = np.concatenate((joined.ravel(), scalars))
        guess = replace(orbit, z=z, tangent=np.zeros_like(z), n=joined.shape[1])
        try:
            return self.settled(guess)
        except ConvergenceError:  # the first parameter does not move the cycle across the branch point
            self._towards(np.array([0.0, 1.0]))
            return self.settled(guess)

    def _adjoint(self, cycle: Cycle) -> Array:
        """Return the adjoint on the points of the cycle, shape (points, n), of unit length."""
        kernels, x = lower(self.system), cycle.points
        scheme, widths, n = self.plain.scheme, cycle.segments[0].widths, self.n
        slopes, jacobians = np.empty_like(x), np.zeros((len(x), n, n))
        for t, point, slope, jacobian in zip(cycle.times, x, slopes, jacobians, strict=True):
            kernels.rhs(t, point.copy(), kernels.p, slope)
            kernels.jacobian(t, point.copy(), kernels.p, jacobian)
        inside = jacobians[:-1].reshape(-1, scheme.stages + 1, n, n)[:, 1:] * self.extent / self.extent[:, None]
        lengths = cycle.period * widths
        both = invariant_rows(transfers(inside, lengths, scheme), 2)
        felt = np.einsum("kjc,jc->k", both, slopes[: -1 : scheme.stages + 1] / self.extent)
        rows = both[0] if self.forced else felt[1] * both[0] - felt[0] * both[1]
        stages = stage_rows(rows, inside, lengths, scheme)
        points = np.concatenate((rows[:, None], stages), axis=1).reshape(-1, n)
        closed = np.concatenate((points, rows[:1]))
        scaled: Array = closed / math.sqrt(float(np.mean(closed**2))) / self.extent
        return scaled

    def _felt(self, cycle: Cycle, adjoint: Array) -> Array:
        """Return what the adjoint feels of changes of the free parameters by their spans, relative, shape (2,)."""
        kernels, widths = lower(self.system), cycle.segments[0].widths
        slopes, flow = np.zeros((len(adjoint), self.n, kernels.n_parameters)), np.empty_like(adjoint)
        for t, point, slope, rate in zip(cycle.times, cycle.points, slopes, flow, strict=True):
            kernels.parameter_jacobian(t, point.copy(), kernels.p, slope)
            kernels.rhs(t, point.copy(), kernels.p, rate)
        changes = slopes[:, :, [self.system.parameters.index(name) for name in self.free]] * self.plain.ranges
        weights = quadrature(np.array([widths.size]), widths, self.plain.scheme)
        felt = np.abs(np.einsum("k,kc,kcp->p", weights, adjoint, changes))
        relative: Array = felt / math.sqrt(float(weights @ ((flow / self.extent) ** 2).sum(axis=1)))
        return relative

    def _refusal(self, name: str, felt: float) -> str:
        return (
            f"{self.system.name}: no curve of branch points of cycles leaves this one in {' and '.join(self.free)}: a "
            f"change of {name} unfolds it (its adjoint feels {felt:.2g} of the size of the flow, 0 where the "
            "crossing is kept). Branch points of cycles form curves in two parameters where a symmetry or an invariant "
            f"set is kept; elsewhere folds of cycles take their place: compute branches at another {name} "
            "(continue_cycles) and follow their folds of cycles."
        )

    # -- steps ---------------------------------------------------------------------------------------------------------

    def prepare(self, orbit: Orbit, times: float = 1.0) -> Orbit:
        """Prepare the next step; the adjoint shall not feel changes of the parameters across the curve."""
        base = super().prepare(orbit, times)
        at = base.scalars_at + 1
        along = base.tangent[at : at + 2] / self.plain.ranges
        length = float(np.hypot(*along))
        if length > 0.0:
            self._towards(np.array([-along[1], along[0]]) / length)
        return base

    def unfolding(self, orbit: Orbit) -> float:
        """Return how far the cycles of an orbit are from crossing, relative to their sizes; 0 at a branch point."""
        return abs(float(orbit.parameters[2])) * float(orbit.durations[0])

    # -- what is known at a point ------------------------------------------------------------------------------------

    def transfers(self) -> Array:
        """Return what carries perturbations of the cycle found last over mesh intervals, shape (intervals, n, n)."""
        ratio = self.curve.sizes[: self.n] / self.plain.sizes
        found: Array = self.curve.transfers()[:, : self.n, : self.n] * ratio[:, None] / ratio
        return np.ascontiguousarray(found)

    def spectrum(self, orbit: Orbit, *, resolved: bool = False) -> tuple[Orbit, Spectrum]:
        """Return the cycle of an orbit alone, and its multipliers.

        The equations of the cycle alone are singular there: its transfers come from those with the adjoint.
        """
        found = self.curve.advance(self.curve.prepare(replace(orbit, steps=0)), 0.0).point
        if found is None:
            raise ConvergenceError(f"{self.system.name}: a branch point of cycles was lost (Newton's method failed).")
        points = found.split(found.z)[0][0][:, : self.n]
        z = np.concatenate((points.ravel(), found.durations, found.parameters[:2]))
        plain = replace(found, z=z, tangent=np.ones_like(z), n=self.n, steps=0)
        plain = self.plain.prepare(plain)
        return plain, self.plain.spectrum_from(self.transfers(), plain, resolved=resolved)
