"""Units in which corrections and steps along a curve of orbits are measured: extents of the orbits met so far."""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.compilation import compiled
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.signatures import INDICES, ROW

Array = NDArray[np.float64]

#: Units of states and of scalars.
Scale = tuple[Array, Array]

#: Least size of a state's variation relative to its largest modulus: orbits may shrink to a point.
LEAST_VARIATION = 1e-3

#: Least size of a segment's duration relative to all of them: a refractory time may vanish.
LEAST_SHARE = 0.1

#: Ratio of a state's variation or a duration to its scale up to which the scale is kept while the mesh is.
OUTGROWN = 1.1


def measure(orbit: Orbit, sizes: Array, ranges: Array) -> tuple[Scale, Array]:
    """Return the units of an orbit, and the weight of each unknown in the inner product.

    Units of states are at least ``sizes``; parameters vary by ``ranges``. The inner product is quadrature over the
    orbit, in these units.
    """
    states, scalars = np.array(sizes), np.concatenate((orbit.durations, ranges))
    metric = np.zeros_like(orbit.z)
    weigh(orbit.z, orbit.counts, orbit.widths, gauss_scheme(orbit.stages).weights, states, scalars, metric)
    return (states, scalars), metric


@compiled(types.void(ROW, INDICES, ROW, ROW, ROW, ROW, ROW), no_cfunc_wrapper=True)
def weigh(z, counts, widths, weights, states, scalars, metric):
    """Write the units of states, larger than they are, and of durations; and the metric, over zeros."""
    n, q, segments, point, interval, lasting = states.size, weights.size + 1, counts.size, 0, 0, 0.0
    for i in range(segments):
        last = point + counts[i] * q
        for c in range(n):
            low = high = z[point * n + c]
            for k in range(point + 1, last + 1):
                low, high = min(low, z[k * n + c]), max(high, z[k * n + c])
            states[c] = max(states[c], high - low, LEAST_VARIATION * max(high, -low))
        point = last + 1
        scalars[i] = abs(scalars[i]) + 1e-300
        lasting += scalars[i]
    for i in range(segments):
        scalars[i] = max(scalars[i], LEAST_SHARE * lasting)
    point = 0
    for i in range(segments):
        for _ in range(counts[i]):
            for k in range(1, q):
                weight = widths[interval] * weights[k - 1] / (n * segments)
                for c in range(n):
                    metric[(point + k) * n + c] = weight / states[c] ** 2
            point, interval = point + q, interval + 1
        point += 1
    for k in range(scalars.size):
        metric[point * n + k] = 1.0 / scalars[k] ** 2


def outgrown(orbit: Orbit, scale: Scale, sizes: Array) -> bool:
    """Return whether an orbit is too large for the scale, or its durations have become others."""
    states, scalars = scale
    lasting = orbit.durations / scalars[: orbit.segments] if scalars.size else np.zeros(1)
    grown = any(
        (np.maximum(x.max(axis=0) - x.min(axis=0), sizes) > OUTGROWN * states).any() for x, _ in orbit.split(orbit.z)
    )
    return grown or bool((np.abs(np.log(lasting)) > math.log(OUTGROWN)).any())
