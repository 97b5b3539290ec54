"""Curves of bifurcations of cycles: orbits that carry their critical perturbation (see `critical_closures`).

Beside the phase condition of the orbit there are conditions on the perturbation, linear ones that refer to where a
correction starts: its length is kept; that of a fold is no shift in time (which is a perturbation that returns, too);
that of a torus, known up to a complex factor, keeps its phase.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.critical_closures import STATES
from dynana.numerics.orbit_curve import Condition, OrbitCurve

Array = NDArray[np.float64]


def split(orbit: Orbit, n: int) -> tuple[Array, Array]:
    """Return the orbit, shape (points, n), and its perturbations, shape (points, parts, n)."""
    points = orbit.split(orbit.z)[0][0]
    return points[:, :n], points[:, n:].reshape(len(points), -1, n)


def _states(curve: OrbitCurve) -> int:
    return int(curve.equations.data[STATES])


def _weights(curve: OrbitCurve, orbit: Orbit, n: int) -> Array:
    """Return quadrature over the orbit in units of the sizes of its states, shape (points, n)."""
    return curve.metric[: orbit.scalars_at].reshape(-1, orbit.n)[:, :n]


def _row(orbit: Orbit, first: int, on_points: Array) -> Array:
    """Return the gradient on all unknowns from that on the states from ``first`` on, shape (points, ...)."""
    row = np.zeros_like(orbit.z)
    flat = on_points.reshape(len(on_points), -1)
    row[: orbit.scalars_at].reshape(-1, orbit.n)[:, first : first + flat.shape[1]] = flat
    return row


def _flow(curve: OrbitCurve, orbit: Orbit, n: int) -> Array:
    """Return the weighted derivative of the orbit by relative time at the points, shape (points, n)."""
    x = orbit.split(orbit.z)[0][0][:, :n]
    local = x[:-1].reshape(-1, curve.scheme.stages + 1, n)
    slopes = np.zeros_like(x)
    inside = np.einsum("lk,jkc->jlc", curve.scheme.derivative, local) / orbit.widths[:, None, None]
    slopes[:-1].reshape(local.shape)[:, 1:] = inside
    flow: Array = _weights(curve, orbit, n) * slopes
    return flow


def same_time(curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
    """Ask for the orbit, of all its shifts in time, that is closest to where the correction starts.

    The phase condition of `OrbitCurve` would take the perturbation for a part of the orbit.
    """
    row = _row(orbit, 0, _flow(curve, orbit, _states(curve)))
    return row, float(row @ orbit.z)


def no_shift(curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
    """Ask for a perturbation that is orthogonal to the flow, on average over the orbit."""
    n = _states(curve)
    return _row(orbit, n, _flow(curve, orbit, n)), 0.0


def same_length(curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
    """Ask for the length of the perturbation of a flip or a torus to be kept."""
    row = _length(curve, orbit)
    length = math.sqrt(float(row @ orbit.z))
    return row / length, length


def same_length_of_fold(curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
    """Ask for the length of the perturbation of a fold and the change of its period together to be kept."""
    row = _length(curve, orbit)
    row[-1] = curve.metric[-1] * orbit.z[-1]
    length = math.sqrt(float(row @ orbit.z))
    return row / length, length


def _length(curve: OrbitCurve, orbit: Orbit) -> Array:
    n = _states(curve)
    _, v = split(orbit, n)
    return _row(orbit, n, _weights(curve, orbit, n)[:, None, :] * v)


def same_phase(curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
    """Ask for the phase of a complex perturbation, given as real and imaginary part, to be kept."""
    n = _states(curve)
    _, v = split(orbit, n)
    turned = np.stack((-v[:, 1], v[:, 0]), axis=1)
    return _row(orbit, n, _weights(curve, orbit, n)[:, None, :] * turned), 0.0


def conditions(bifurcation: str, forced: bool) -> tuple[Condition, ...]:
    """Return the conditions on orbit and perturbation.

    Parameters
    ----------
    bifurcation : str
        "fold", "flip" or "torus".
    forced : bool
        Whether time enters the equations: then no shift in time is free, and the period cannot change.
    """
    fold = bifurcation == "fold" and not forced
    return (
        *([] if forced else [same_time]),
        *([no_shift] if fold else []),
        same_length_of_fold if fold else same_length,
        *([same_phase] if bifurcation == "torus" else []),
    )


def rescaled(curve: OrbitCurve, orbit: Orbit, growth: bool) -> Orbit:
    """Return the orbit with its perturbation, and how it changes along the curve, brought to unit length.

    Parameters
    ----------
    curve : OrbitCurve
    orbit : Orbit
        The last one the curve was prepared for.
    growth : bool
        Whether the last scalar, the relative change of the period, belongs to the perturbation.
    """
    condition = same_length_of_fold if growth else same_length
    _, length = condition(curve, orbit)
    n = _states(curve)
    z, tangent = orbit.z.copy(), orbit.tangent.copy()
    for values in (z, tangent):
        values[: orbit.scalars_at].reshape(-1, orbit.n)[:, n:] /= length
        if growth:
            values[-1] /= length
    return replace(orbit, z=z, tangent=tangent)
