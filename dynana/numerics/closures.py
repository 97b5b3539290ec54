"""Closures of smooth orbits: kernels with the signature CLOSURE of `dynana.numerics.kernel_addresses`."""

from __future__ import annotations

from dynana.numerics.compilation import compiled
from dynana.numerics.kernel_addresses import CLOSURE


@compiled(CLOSURE)
def periodic(starts, ends, durations, p, data, out, derivative):
    """Require that segments join and that the orbit closes, up to full turns of angles: segments * n conditions.

    ``data`` (n,): what each state gains over a period; 0 but for angles.
    """
    segments, n = starts.shape
    for i in range(segments):
        after = (i + 1) % segments
        for c in range(n):
            row = i * n + c
            out[row] = ends[i, c] - starts[after, c]
            if after == 0:
                out[row] -= data[c]
            derivative[row, segments * n + row] += 1.0
            derivative[row, after * n + c] -= 1.0


@compiled(CLOSURE)
def forced(starts, ends, durations, p, data, out, derivative):
    """Require one segment to close after a given period, scale * parameter**power: n + 1 conditions.

    ``data`` (n + 3,): what each state gains over a period; scale, index of the parameter, power (0 for a constant).
    """
    n = starts.shape[1]
    scale, at, power = data[n], int(data[n + 1]), data[n + 2]
    for c in range(n):
        out[c] = ends[0, c] - starts[0, c] - data[c]
        derivative[c, n + c] = 1.0
        derivative[c, c] = -1.0
    out[n] = durations[0] - scale * p[at] ** power
    derivative[n, 2 * n] = 1.0
    if power != 0.0:
        derivative[n, 2 * n + 1 + at] = -power * scale * p[at] ** (power - 1.0)
