"""Closures of orbits that carry an adjoint: kernels with the signature CLOSURE."""

from __future__ import annotations

from dynana.numerics.compilation import compiled
from dynana.numerics.kernel_addresses import CLOSURE

#: Entries of ``data`` before the gains: number of states of the orbit, given period (0: none).
STATES, PERIOD, GAINS = range(3)


@compiled(CLOSURE)
def branching(starts, ends, durations, p, data, out, derivative):
    """Require that an orbit and its adjoint close, and that all further states vanish at both ends.

    ``data``: number n of states of the orbit, period or 0, and what each of the n states gains over a period.
    """
    n, size = int(data[STATES]), starts.shape[1]
    for c in range(2 * n):
        out[c] = ends[0, c] - starts[0, c]
        derivative[c, c], derivative[c, size + c] = -1.0, 1.0
    for c in range(n):
        out[c] -= data[GAINS + c]
    row = 2 * n
    for c in range(2 * n, size):
        out[row], out[row + 1] = starts[0, c], ends[0, c]
        derivative[row, c], derivative[row + 1, size + c] = 1.0, 1.0
        row += 2
    if data[PERIOD] > 0.0:
        out[row] = durations[0] - data[PERIOD]
        derivative[row, 2 * size] = 1.0
