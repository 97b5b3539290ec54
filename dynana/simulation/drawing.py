"""Values drawn from distributions, each a function of (seed, number of the value)."""

from __future__ import annotations

import hashlib

import numpy as np

from dynana.definition.distributions import Distribution
from dynana.numerics.edge_draws import uniforms
from dynana.numerics.random import LARGEST_SEED, uniforms_by_numpy
from dynana.simulation.arguments import Array

#: Stream of values, apart from those of connections and of a simulation.
VALUES = 2

#: Values that are drawn from one row of the counter.
ROW = 1 << 16


def child_seed(seed: int, *labels: object) -> int:
    """Return a seed for one purpose, derived from another seed and the names of the purpose."""
    text = "\n".join([str(seed), *map(str, labels)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") & LARGEST_SEED


def draw(distribution: Distribution, count: int, seed: int) -> Array:
    """Return ``count`` values; the k-th does not depend on how many are drawn.

    Uniforms are put through the inverse of the distribution function, between its values at the bounds.

    Raises
    ------
    ValueError
        If (nearly) nothing of the distribution lies between its bounds.
    """
    if count <= ROW:
        u = uniforms_by_numpy(seed, 0, VALUES, count)  # sooner done than the compiled function is there
    else:
        u = np.empty(count)
        for row in range(-(-count // ROW)):
            uniforms(seed, row, VALUES, u[row * ROW : (row + 1) * ROW])
    low = 0.0 if distribution.low is None else float(_cumulative(distribution, distribution.low))
    high = 1.0 if distribution.high is None else float(_cumulative(distribution, distribution.high))
    if not high > low:
        raise ValueError(f"{distribution!r} has no values between its bounds.")
    if (low, high) != (0.0, 1.0):
        u = low + (high - low) * u
    return _inverse(distribution, u)


def _inverse(distribution: Distribution, u: Array) -> Array:
    a = distribution.arguments
    values: Array
    if distribution.kind == "uniform":
        return a[0] + (a[1] - a[0]) * u
    from scipy import special  # here: it takes a quarter of a second, which a network without such draws need not pay

    match distribution.kind:
        case "normal":
            values = a[0] + a[1] * special.ndtri(u)
        case "lognormal":
            values = a[0] * np.exp(a[1] * special.ndtri(u))
        case "exponential_distribution":
            values = -a[0] * np.log1p(-u)
        case "gamma_distribution":
            values = a[1] / a[0] * special.gammaincinv(a[0], u)
        case kind:
            raise ValueError(f"no distribution is called {kind!r}.")
    return values


def _cumulative(distribution: Distribution, x: float) -> float:
    from scipy import special

    a = distribution.arguments
    value: float
    match distribution.kind:
        case "normal":
            value = special.ndtr((x - a[0]) / a[1]) if a[1] > 0 else float(x >= a[0])
        case "lognormal":
            value = special.ndtr(np.log(x / a[0]) / a[1]) if x > 0 and a[1] > 0 else float(x >= a[0])
        case "exponential_distribution":
            value = -np.expm1(-max(x, 0.0) / a[0])
        case "gamma_distribution":
            value = special.gammainc(a[0], max(x, 0.0) * a[0] / a[1])
        case kind:
            raise ValueError(f"{kind} has no bounds.")
    return float(value)
