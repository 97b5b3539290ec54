"""Cycles that carry something along while two parameters vary: what all curves of their bifurcations have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_orbits import cycle_equations, cycle_of
from dynana.analysis.forcing import Forcing
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.numerics.collocation_orbit import Orbit, Spectrum
from dynana.numerics.orbit_curve import ADAPT_EVERY, OrbitCurve
from dynana.numerics.pseudo_arclength import Attempt
from dynana.results.cycle import Cycle
from dynana.results.special_points import in_words

Array = NDArray[np.float64]

#: Most places on a cycle between which the growth of deviations is looked at.
PLACES = 60

#: Least typical variation of a state relative to its variation on the first cycle; and of the latter, for states that
#: rest there, relative to that of the liveliest state.
LEAST_VARIATION = 1e-3


class AccompaniedCycles:
    """Cycles of one kind of bifurcation, with what proves it, while two parameters vary.

    Parameters
    ----------
    system : System
        With the values of the parameters that are not free.
    kind : str
        Of the bifurcation.
    free : (str, str)
    span : ndarray, shape (2,)
        Extents of the intervals of interest of the free parameters.
    extent : ndarray, shape (n,)
        Variation of each state on the first cycle.
    stages : int
        Gauss points in each mesh interval.
    gains : ndarray, shape (n,)
        What angles gain in a period.
    forcing : Forcing or None
        The period, where time enters the equations.

    Attributes
    ----------
    curve : OrbitCurve
        Of cycles with what they carry; the first two active parameters are the free ones.
    plain : OrbitCurve
        Of the same cycles alone, while the second parameter is held; for spectra.
    """

    curve: OrbitCurve

    def __init__(
        self,
        system: System,
        kind: str,
        free: Sequence[str],
        span: Array,
        *,
        extent: Array,
        stages: int,
        gains: Array,
        forcing: Forcing | None,
    ) -> None:
        self.system, self.kind, self.free = system, kind, (free[0], free[1])
        self.n, self.forced = len(system.states), forcing is not None
        sizes = LEAST_VARIATION * np.maximum(extent, LEAST_VARIATION * extent.max())
        law = None if forcing is None else forcing.data(system)
        base = cycle_equations(system, self.free, gains=gains, forcing=law)
        self.plain = OrbitCurve(base, sizes, span, stages, held=(2,))

    # -- starts --------------------------------------------------------------------------------------------------------

    def settled(self, guess: Orbit) -> Orbit:
        """Return the converged cycle near a guess: the second parameter is held, or the first, or the period."""
        for held in (2, 1) if self.forced else (2, 1, 0):
            found = self.curve.settle(guess, fixed=held)
            if found.converged and found.point is not None:
                return found.point
        place = ", ".join(f"{n} = {v:.8g}" for n, v in zip(self.free, guess.parameters.tolist(), strict=False))
        raise ConvergenceError(
            f"{self.system.name}: no {in_words(self.kind)} was found near {place}, period {guess.durations[0]:.6g}. "
            "Start from a located special point of cycles (continue_cycles locates them); a finer mesh may help."
        )

    def parameter_direction(self, orbit: Orbit) -> Array:
        """Return the direction of the first free parameter in the unknowns of a cycle alone."""
        direction = np.zeros_like(orbit.z)
        direction[orbit.scalars_at + 1] = 1.0
        return direction

    def on_plain(self, orbit: Orbit, direction: Array) -> Orbit:
        """Return the cycle alone next to an orbit, factorised with a border in the given direction."""
        orbit = replace(orbit, tangent=direction, steps=0)
        attempt = self.plain.advance(self.plain.prepare(orbit), 0.0)
        if not attempt.converged or attempt.point is None:
            place = ", ".join(f"{n} = {v:.8g}" for n, v in zip(self.free, orbit.parameters.tolist(), strict=True))
            raise ConvergenceError(
                f"{self.system.name}: there is no cycle near the given one at {place} (Newton's method failed)."
            )
        return attempt.point

    # -- steps: the problem that `dynana.numerics.pseudo_arclength.follow` follows -------------------------------------

    def prepare(self, orbit: Orbit, times: float = 1.0) -> Orbit:
        """Prepare the next step; on a new mesh, perturbation and tangent are found anew.

        The conditions on the perturbation refer to the sizes of the states, which change with the mesh: with the old
        tangent, a step would move along the curve to compensate for that.

        Parameters
        ----------
        orbit : Orbit
        times : float, optional
            How many times more intervals the new mesh has, if it is time for one.
        """
        due = times > 1.0 and orbit.steps >= ADAPT_EVERY
        base = self.curve.prepare(self.curve.adapt(orbit, times) if due else orbit)
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
        """Return an orbit on a new mesh with what it carries brought to unit length."""
        return base

    def growth(self) -> float:
        """Return by how many powers of ten deviations grow, at most, between two places on the cycle found last."""
        factors = self.transfers()
        together = math.ceil(len(factors) / PLACES)
        factors = np.concatenate((factors, np.broadcast_to(np.eye(self.n), (-len(factors) % together, self.n, self.n))))
        pieces = factors[::together]
        for k in range(1, together):
            pieces = factors[k::together] @ pieces
        products, powers = np.broadcast_to(np.eye(self.n), pieces.shape).copy(), np.zeros(len(pieces))
        largest = 0.0
        for last, piece in enumerate(pieces, start=1):  # products[i] leads from the beginning of piece i on
            products[:last] = piece @ products[:last]
            size = np.abs(products[:last]).max(axis=(1, 2))
            products[:last] /= size[:, None, None]
            powers[:last] += np.log10(size)
            largest = max(largest, float(powers[:last].max()))
        return largest

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take one step."""
        return self.curve.advance(orbit, step)

    # -- what is known at a point ------------------------------------------------------------------------------------

    def transfers(self) -> Array:
        """Return what carries perturbations of the cycle found last over mesh intervals, shape (intervals, n, n)."""
        return self.plain.transfers()

    def spectrum(self, orbit: Orbit, *, resolved: bool = False) -> tuple[Orbit, Spectrum]:
        """Return the cycle of an orbit alone, and its multipliers."""
        raise NotImplementedError

    def cycle(self, orbit: Orbit) -> Cycle:
        """Return the cycle of an orbit as a result."""
        plain, spectrum = self.spectrum(orbit, resolved=True)
        return cycle_of(self.system, self.free, self.plain, plain, spectrum)

    def period(self, orbit: Orbit) -> float:
        """Return the period of an orbit."""
        return float(orbit.durations[0])

    def points(self, orbit: Orbit) -> Array:
        """Return the cycle, shape (points, n)."""
        return orbit.split(orbit.z)[0][0][:, : self.n]
