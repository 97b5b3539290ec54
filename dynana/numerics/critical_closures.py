"""Closures of orbits that carry a perturbation of themselves: kernels with the signature CLOSURE."""

from __future__ import annotations

import numpy as np

from dynana.numerics.compilation import compiled
from dynana.numerics.kernel_addresses import CLOSURE

#: Entries of ``data`` before the gains: number of states of the orbit, multiplier, index of the angle (-1: none), given
#: period: scale (0: none), index of a parameter, its power.
STATES, MULTIPLIER, ANGLE, SCALE, PARAMETER, POWER, GAINS = range(7)


@compiled(CLOSURE)
def critical(starts, ends, durations, p, data, out, derivative):
    """Require that an orbit closes, and that a perturbation of it is multiplied by a number: one condition a state.

    The multiplier is real, or e^(i angle) for a perturbation of two parts (real and imaginary), the angle a parameter.
    One more condition is the period, where it is given.

    ``data``: number n of states of the orbit, real multiplier, index of the angle among the parameters or -1, the
    period as scale * parameter**power or 0, and what each of the n states gains over a period.
    """
    n, size = int(data[STATES]), starts.shape[1]
    for c in range(size):
        derivative[c, size + c] = 1.0
    for c in range(n):
        out[c] = ends[0, c] - starts[0, c] - data[GAINS + c]
        derivative[c, c] = -1.0
    scale, at, power = data[SCALE], int(data[PARAMETER]), data[POWER]
    if scale > 0.0:
        out[size] = durations[0] - scale * p[at] ** power
        derivative[size, 2 * size] = 1.0
        if power != 0.0:
            derivative[size, 2 * size + 1 + at] = -power * scale * p[at] ** (power - 1.0)
    at = int(data[ANGLE])
    if at < 0:
        for c in range(n, size):
            out[c] = ends[0, c] - data[MULTIPLIER] * starts[0, c]
            derivative[c, c] = -data[MULTIPLIER]
        return
    cosine, sine = np.cos(p[at]), np.sin(p[at])
    column = 2 * size + 1 + at
    for c in range(n):
        a, b = n + c, 2 * n + c
        out[a] = ends[0, a] - cosine * starts[0, a] + sine * starts[0, b]
        out[b] = ends[0, b] - sine * starts[0, a] - cosine * starts[0, b]
        derivative[a, a], derivative[a, b] = -cosine, sine
        derivative[b, a], derivative[b, b] = -sine, -cosine
        derivative[a, column] = sine * starts[0, a] + cosine * starts[0, b]
        derivative[b, column] = -cosine * starts[0, a] + sine * starts[0, b]
