"""Curves of orbits whose meshes move along with what they resolve.

At a fixed relative time a state changes along a curve by v, the tangent. Where spikes drift against each other, because
a slow passage between them grows, most of v is motion along the orbit: with x' the derivative in relative time, v is
nearly c x', and a step longer than the width of a spike leads nowhere. Mesh points that move by -c see only the rest,
v - c x', which is small: the prediction is good for steps that are long against spikes. The rates c at mesh points
minimise the integral of |v - c x'|^2 over the orbit, with a small penalty on the derivative of c that decides where
nothing else does, at rest. This is a moving mesh (W. Huang & R. D. Russell, *Adaptive Moving Mesh Methods*, Springer
2011, chapter 1), whose speed is known from the tangent.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import Scheme
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.numerics.pseudo_arclength import Attempt

Array = NDArray[np.float64]

#: Weight of the penalty on the derivative of the rates, states in units of their sizes.
STIFFNESS = 1e-4

#: The mesh moves where states change, somewhere and in a step of unit length, by more than this many times their sizes
#: if mesh points stay, and by so many times more than if they move.
DRIFTS, GAIN = 4.0, 3.0

#: Drifts that are kept: steps are repeated in part, from the last few orbits.
KEPT_DRIFTS = 8

#: Rates of mesh points (edges of intervals of all segments), and the tangent as points that move with them see it.
Drift = tuple[list[Array], Array]


class MovingOrbitCurve(OrbitCurve):
    """As `OrbitCurve`; the mesh moves in steps in which orbits mostly move along themselves.

    Ends of segments stay where they are, but for the point from which a closed orbit of one segment is counted.
    """

    _drifts: tuple[tuple[Array, Drift | None], ...] = ()  # with the tangents from which they were computed

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take one step along the curve; see `dynana.numerics.pseudo_arclength.Problem`."""
        if orbit.widths is not self._installed:
            orbit = self.prepare(orbit)
        self._grid = (orbit.counts, orbit.widths)
        drift = self._drift(orbit)
        if drift is None:
            return super().advance(orbit, step)
        along, across = drift
        widths = np.concatenate([moved(w, c, step) for (_, w), c in zip(orbit.split(orbit.z), along, strict=True)])
        start = replace(orbit, z=orbit.z + step * across, widths=widths)
        self._grid, self._borrowed = (orbit.counts, widths), False
        self._gradients[-1] = self._metric * orbit.tangent
        self._targets[-1] = float(self._gradients[-1] @ start.z)
        return self._attempt(*self._run(start, 0.0, False, 1.0))

    def place_of(self, base: Orbit, orbit: Orbit) -> float:
        """Return the signed length of the step that leads from one orbit to another."""
        drift = self._drift(base)
        if drift is None:
            return super().place_of(base, orbit)
        along = self._metric * base.tangent
        return float(along @ (orbit.z - base.z) / (along @ drift[1]))

    def _drift(self, orbit: Orbit) -> Drift | None:
        """Return how the mesh moves in a step from an orbit, None where it stays: the same whenever it is asked."""
        if self.equations.time_derivative is not None or self.held or self.further:
            return None
        for tangent, known in self._drifts:
            if tangent is orbit.tangent:
                return known
        found = self._drift_from(orbit)
        self._drifts = (*self._drifts[1 - KEPT_DRIFTS :], (orbit.tangent, found))
        return found

    def _drift_from(self, orbit: Orbit) -> Drift | None:
        everywhere = orbit.tangent[: orbit.scalars_at].reshape(-1, orbit.n)
        staying = float((np.abs(everywhere) / self.sizes).max())
        if not DRIFTS < staying < math.inf:
            return None
        parts, tangents = orbit.split(orbit.z), [v for v, _ in orbit.split(orbit.tangent)]
        closed = len(parts) == 1 and self.equations.phase
        found = [
            rates(x, v, widths, self.scheme, self.sizes, closed=closed)
            for (x, widths), v in zip(parts, tangents, strict=True)
        ]
        if staying < GAIN * max(float((np.abs(across) / self.sizes).max()) for _, across in found):
            return None
        scalars = orbit.tangent[orbit.scalars_at :]
        return [along for along, _ in found], np.concatenate([*(across.ravel() for _, across in found), scalars])


def rates(
    points: Array, tangent: Array, widths: Array, scheme: Scheme, sizes: Array, *, closed: bool
) -> tuple[Array, Array]:
    """Return how fast a segment of an orbit moves along itself, and the rest of its tangent.

    Parameters
    ----------
    points, tangent : ndarray, shape (intervals (m + 1) + 1, n)
        The states on the mesh, and their part of the tangent.
    widths : ndarray, shape (intervals,)
    scheme : Scheme
    sizes : ndarray, shape (n,)
    closed : bool
        Whether the segment continues into itself; otherwise its ends stay.

    Returns
    -------
    along : ndarray, shape (intervals + 1,)
        The rates c at mesh points, in relative time for each unit of the curve; the last one is the first.
    across : ndarray, shape (intervals (m + 1) + 1, n)
        The tangent less the motion along the orbit, for points that move with the rates.
    """
    count, m = widths.size, scheme.stages
    shape = (count, m + 1, -1)
    x, v = (a[:-1].reshape(shape) for a in (points, tangent))
    slope = scheme.slopes @ x / widths[:, None, None]
    inside = slope[:, 1:] / sizes
    weight = widths[:, None] * scheme.weights
    speed = weight * np.einsum("jlc,jlc->jl", inside, inside)
    drive = weight * np.einsum("jlc,jlc->jl", inside, v[:, 1:] / sizes)
    hats = np.array([1.0 - scheme.points, scheme.points])  # of both ends of an interval at its Gauss points
    own = hats**2 @ speed.T + STIFFNESS / widths
    beside = speed @ (hats[0] * hats[1]) - STIFFNESS / widths
    left, right = hats @ drive.T
    if closed:
        along = _cyclic(own[0] + np.roll(own[1], 1), beside, left + np.roll(right, 1))
        along = np.append(along, along[0])
    else:
        along = np.zeros(count + 1)
        along[1:-1] = _tridiagonal(own[0, 1:] + own[1, :-1], beside[1:-1], (left[1:] + right[:-1])[None])[0]
    local = along[:-1, None] + np.diff(along)[:, None] * scheme.nodes
    across = np.empty_like(tangent)
    across[:-1] = (v - slope * local[:, :, None]).reshape(-1, points.shape[1])
    across[-1] = across[0] if closed else tangent[-1]
    return along, across


def moved(widths: Array, along: Array, step: float) -> Array:
    """Return the widths of a mesh whose points have moved with the rates ``along`` for a step; none vanishes."""
    new = widths * np.exp(-step * np.diff(along) / widths)
    result: Array = new / new.sum()
    return result


def _cyclic(diagonal: Array, beside: Array, right: Array) -> Array:
    """Solve a symmetric positive cyclic tridiagonal system; ``beside[j]`` couples j and j + 1, the last one the ends.

    A tridiagonal system with one more right-hand side (Press et al., *Numerical Recipes*, section 2.7.2).
    """
    if diagonal.size < 3:
        return np.asarray(np.full(diagonal.size, right.sum() / (diagonal.sum() + 2.0 * beside.sum())))
    corner = -float(diagonal[0])
    changed = diagonal.copy()
    changed[0] -= corner
    changed[-1] -= beside[-1] ** 2 / corner
    u = np.zeros(diagonal.size)
    u[0], u[-1] = corner, beside[-1]
    y, z = _tridiagonal(changed, beside[:-1], np.array([right, u]))
    share = beside[-1] / corner
    return np.asarray(y - (y[0] + share * y[-1]) / (1.0 + z[0] + share * z[-1]) * z)


def _tridiagonal(diagonal: Array, beside: Array, right: Array) -> Array:
    """Solve symmetric, positive definite tridiagonal equations, shape of ``right`` (right-hand sides, unknowns).

    Elimination needs no pivots. In plain Python: importing LAPACK's wrappers takes longer than a thousand of these.
    """
    pivots, couplings, rows = diagonal.tolist(), beside.tolist(), right.tolist()
    factors = []
    for i, coupling in enumerate(couplings):
        factors.append(coupling / pivots[i])
        pivots[i + 1] -= factors[i] * coupling
    for row in rows:
        for i, factor in enumerate(factors):
            row[i + 1] -= factor * row[i]
            row[i] /= pivots[i]
        if row:
            row[-1] /= pivots[-1]
        for i in range(len(factors) - 1, -1, -1):
            row[i] -= factors[i] * row[i + 1]
    return np.array(rows)
