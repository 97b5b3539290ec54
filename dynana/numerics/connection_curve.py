"""Curves of orbits that connect equilibria, see `dynana.numerics.connection_closures`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_newton import CONVERGED, DIVERGED, NOT_CONVERGED
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations
from dynana.numerics.orbit_curve import OrbitCurve

Array = NDArray[np.float64]

#: The conditions at the ends, relative to the distances from the equilibria, hold to this accuracy.
ENDS_HOLD = 1e-6

#: How often what belongs to the equilibria is renewed in a step; every time the error is squared.
MOST_RENEWALS = 8

#: Returns the ``data`` of the closure for values of the two parameters and equilibria near given points (2, n); None
#: where there are no such equilibria.
Ends = Callable[[Array, Array], Array | None]


def same_time(curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
    """Ask for the orbit, of all its shifts in time, that is closest to where the correction starts."""
    points = orbit.split(orbit.z)[0][0]
    local = points[:-1].reshape(-1, curve.scheme.stages + 1, orbit.n)
    slopes = np.zeros_like(points)
    inside = np.einsum("lk,jkc->jlc", curve.scheme.derivative, local) / orbit.widths[:, None, None]
    slopes[:-1].reshape(local.shape)[:, 1:] = inside
    row = np.zeros_like(orbit.z)
    row[: orbit.scalars_at] = curve.metric[: orbit.scalars_at] * slopes.ravel()
    return row, float(row @ orbit.z)


class ConnectionCurve(OrbitCurve):
    """Orbits between equilibria while two parameters vary; their duration is held.

    The duration is no unknown: how far from the equilibria the orbit ends would determine it, and shifts in time, with
    an error that is larger the smaller that distance is.

    Parameters
    ----------
    equations : OrbitEquations
        With the closure `dynana.numerics.connection_closures.connected`.
    sizes, ranges, stages
        As for `OrbitCurve`.
    ends : Ends
    """

    def __init__(self, equations: OrbitEquations, sizes: Array, ranges: Array, ends: Ends, stages: int = 4) -> None:
        super().__init__(equations, sizes, ranges, stages, held=(0,), further=(same_time,))
        self._ends = ends

    def renew(self, orbit: Orbit, ahead: Array | None = None) -> bool:
        """Set what belongs to the equilibria of an orbit, or to those at other parameters; return success."""
        points = orbit.split(orbit.z)[0][0][[0, -1]]
        data = self._ends(orbit.parameters if ahead is None else ahead, points)
        if data is None:
            return False
        self._model[3][:] = data
        return True

    def _run(self, orbit: Orbit, step: float, predict: bool, damping: float) -> tuple[int, Orbit]:
        """Solve the equations, with the equilibria of the solution."""
        at = orbit.scalars_at + 1
        if not self.renew(orbit, orbit.parameters + step * orbit.tangent[at:] if predict else None):
            return DIVERGED, orbit
        for _ in range(MOST_RENEWALS):
            code, found = super()._run(orbit, step, predict, damping)
            if code != CONVERGED:
                return code, found
            if not self.renew(found):
                return DIVERGED, orbit
            if self._mismatch(found) <= ENDS_HOLD:
                return CONVERGED, found
            # the row of arclength stays as it was set for the prediction
            orbit, predict = replace(orbit, z=found.z), False
        return NOT_CONVERGED, found

    def _mismatch(self, orbit: Orbit) -> float:
        """Return the largest residual of the closure."""
        p = self.p
        p[self._model[2]] = orbit.parameters
        points = orbit.split(orbit.z)[0][0]
        out = np.zeros(self.equations.conditions)
        derivative = np.zeros((out.size, 2 * self.n + 1 + p.size))
        starts, ends = points[:1].copy(), points[-1:].copy()
        self.equations.closure(starts, ends, orbit.durations.copy(), p, self._model[3], out, derivative)
        return float(np.abs(out).max())
