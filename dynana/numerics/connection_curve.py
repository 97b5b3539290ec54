"""Curves of orbits that connect equilibria, see `dynana.numerics.connection_closures`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_newton import CONVERGED, DIVERGED, NOT_CONVERGED
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations
from dynana.numerics.connection_closures import FIRST_ROWS, LAST_ROWS, TIED
from dynana.numerics.orbit_curve import OrbitCurve

Array = NDArray[np.float64]

#: The conditions at the ends, relative to the distances from the equilibria, hold to this accuracy.
ENDS_HOLD = 1e-6

#: How often what belongs to the equilibria is renewed in a step; every time the error is squared.
MOST_RENEWALS = 8

#: Returns the ``data`` of the closure (its first entries, if there are more) for values of the two parameters and
#: equilibria near given points (2, states); None where there are no such equilibria.
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
    """Orbits between equilibria while two parameters vary; how long they take to leave and to arrive is held.

    These durations are no unknowns: how far from the equilibria the orbit ends would determine them, and shifts in
    time, with an error that is larger the smaller that distance is. With jumps on the way they are those of the first
    and of the last segment, and the jumps tell the time.

    Parameters
    ----------
    equations : OrbitEquations
        With the closure `dynana.numerics.connection_closures.connected`, or one that begins with its conditions.
    sizes, ranges, stages
        As for `OrbitCurve`.
    ends : Ends
    """

    def __init__(self, equations: OrbitEquations, sizes: Array, ranges: Array, ends: Ends, stages: int = 4) -> None:
        segments = len(equations.free)
        held, further = ((0,), (same_time,)) if segments == 1 else ((0, segments - 1), ())
        super().__init__(equations, sizes, ranges, stages, held=held, further=further)
        self._ends = ends

    def renew(self, orbit: Orbit, ahead: Array | None = None) -> bool:
        """Set what belongs to the equilibria of an orbit, or to those at other parameters; return success."""
        parts = orbit.split(orbit.z)
        data = self._ends(orbit.parameters if ahead is None else ahead, np.array([parts[0][0][0], parts[-1][0][-1]]))
        if data is None:
            return False
        self._model[3][: data.size] = data
        return True

    def _run(self, orbit: Orbit, step: float, predict: bool, damping: float) -> tuple[int, Orbit]:
        """Solve the equations, with the equilibria of the solution."""
        at = orbit.scalars_at + orbit.segments
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
        """Return the largest residual of the conditions at the ends."""
        p, data = self.p, self._model[3]
        p[self._model[2]] = orbit.parameters
        parts = [points for points, _ in orbit.split(orbit.z)]
        out = np.zeros(self.equations.conditions)
        derivative = np.zeros((out.size, (2 * self.n + 1) * orbit.segments + p.size))
        starts, ends = np.array([x[0] for x in parts]), np.array([x[-1] for x in parts])
        self.equations.closure(starts, ends, orbit.durations.copy(), p, data, out, derivative)
        return float(np.abs(out[: int(data[FIRST_ROWS] + data[LAST_ROWS] + data[TIED])]).max())
