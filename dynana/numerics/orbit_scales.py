"""Units in which corrections and steps along a curve of orbits are measured: extents of the orbits met so far."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import quadrature

Array = NDArray[np.float64]

#: Units of states and of scalars.
Scale = tuple[Array, Array]

#: Least size of a state's variation relative to its largest modulus: orbits may shrink to a point.
LEAST_VARIATION = 1e-3

#: Least size of a segment's duration relative to all of them: a refractory time may vanish.
LEAST_SHARE = 0.1

#: Ratio of a state's variation or a duration to its scale up to which the scale is kept while the mesh is.
OUTGROWN = 1.1


def scale_of(orbit: Orbit, sizes: Array, ranges: Array) -> Scale:
    """Return the units of states, at least ``sizes``, and of durations and parameters, which vary by ``ranges``."""
    states = sizes.copy()
    for points, _ in orbit.split(orbit.z):
        high, low = points.max(axis=0), points.min(axis=0)
        np.maximum(states, high - low, out=states)
        np.maximum(states, LEAST_VARIATION * np.maximum(high, -low), out=states)
    lasting = np.abs(orbit.durations) + 1e-300
    return states, np.concatenate((np.maximum(lasting, LEAST_SHARE * lasting.sum()), ranges))


def metric_of(orbit: Orbit, scale: Scale) -> Array:
    """Return the weight of each unknown in the inner product: quadrature over the orbit, in units of the scale."""
    states, scalars = scale
    weights = quadrature(orbit.counts, orbit.widths, gauss_scheme(orbit.stages))
    with np.errstate(over="ignore"):  # of an orbit that has run away: it is told by its values
        on_points = weights[:, None] / (states**2 * orbit.n * orbit.segments)
    return np.concatenate((on_points.ravel(), 1.0 / scalars**2))


def outgrown(orbit: Orbit, scale: Scale, sizes: Array) -> bool:
    """Return whether an orbit is too large for the scale, or its durations have become others."""
    states, scalars = scale
    lasting = orbit.durations / scalars[: orbit.segments] if scalars.size else np.zeros(1)
    grown = any(
        (np.maximum(x.max(axis=0) - x.min(axis=0), sizes) > OUTGROWN * states).any() for x, _ in orbit.split(orbit.z)
    )
    return grown or bool((np.abs(np.log(lasting)) > math.log(OUTGROWN)).any())
