"""Closure of orbits that connect equilibria: the truncated orbit begins and ends in their linear invariant subspaces.

An orbit that tends to an equilibrium e for t -> -inf lies in its unstable manifold. Cut off at a small distance from e,
its first point lies in the unstable eigenspace up to the square of that distance: the rows of L, a basis of the left
eigenvectors of all other eigenvalues, vanish on it. For t -> +inf likewise. In parameters the error is of third order
(W.-J. Beyn, IMA J. Numer. Anal. 10 (1990) 379). What belongs to the equilibria depends on the parameters; it enters
with its value and slope at a reference point and is renewed until that is the solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.kernel_addresses import CLOSURE

Array = NDArray[np.float64]

#: Entries of ``data``: rows of L at either end, whether a condition on the parameters is added, indices and reference
#: values of the two parameters, gradient of that condition, number of states of the equilibria; then the two ends, see
#: `End`.
FIRST_ROWS, LAST_ROWS, TIED, FIRST, SECOND, P_FIRST, P_SECOND, N_FIRST, N_SECOND, STATES, ENDS = range(11)


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """An equilibrium as one end of a connecting orbit sees it, near reference values of two parameters.

    Attributes
    ----------
    point : ndarray, shape (n,)
    slopes : ndarray, shape (n, 2)
        Its derivative by the parameters.
    rows : ndarray, shape (k, n)
        What vanishes on the subspace in which the orbit ends.
    turns : ndarray, shape (2, k, n)
        Derivative of the rows by the parameters.
    radius : float
        Distance at which the orbit is about to end: the scale of the conditions.
    """

    point: Array
    slopes: Array
    rows: Array
    turns: Array
    radius: float

    def packed(self) -> Array:
        """Return the entries of ``data``, the same number whatever the number of rows."""
        n = self.point.size
        rows, turns = np.zeros((n, n)), np.zeros((2, n, n))
        rows[: len(self.rows)], turns[:, : len(self.rows)] = self.rows, self.turns
        parts = (self.point, self.slopes.ravel(), rows.ravel(), turns.ravel(), [self.radius])
        return np.concatenate(parts)


def connection_data(
    ends: tuple[End, End], indices: tuple[int, int], parameters: Array, normal: Array | None = None
) -> Array:
    """Return ``data`` of `connected`.

    Parameters
    ----------
    ends : (End, End)
    indices : (int, int)
        Of the two parameters.
    parameters : ndarray, shape (2,)
        Reference values.
    normal : ndarray, shape (2,), optional
        The parameters move at right angles to it: along a curve of saddle-nodes.
    """
    head = [len(end.rows) for end in ends]
    tied = np.zeros(2) if normal is None else normal
    header = np.concatenate((head, [float(normal is not None)], indices, parameters, tied, [ends[0].point.size]))
    return np.concatenate((header, ends[0].packed(), ends[1].packed()))


@compiled(CLOSURE)
def connected(starts, ends, durations, p, data, out, derivative):
    """Require that the first segment begins and the last one ends in given subspaces of equilibria.

    Conditions: rows of the first end, rows of the last end, both relative to the distance, the tie of the parameters.
    Segments may have more states than equilibria have, after those.
    """
    segments, size = starts.shape
    n = int(data[STATES])
    first, second = int(data[FIRST]), int(data[SECOND])
    change = (p[first] - data[P_FIRST], p[second] - data[P_SECOND])
    columns = ((2 * size + 1) * segments + first, (2 * size + 1) * segments + second)
    row, at = 0, ENDS
    away = np.empty(n)
    for side in range(2):
        slopes, rows = at + n, at + 3 * n
        turns = rows + n * n
        radius = data[rows + 3 * n * n]
        for c in range(n):
            x = starts[0, c] if side == 0 else ends[segments - 1, c]
            away[c] = x - data[at + c] - data[slopes + 2 * c] * change[0] - data[slopes + 2 * c + 1] * change[1]
        for r in range(int(data[side])):
            total = 0.0
            for c in range(n):
                k = r * n + c
                entry = data[rows + k] + data[turns + k] * change[0] + data[turns + n * n + k] * change[1]
                total += entry * away[c]
                derivative[row, side * (2 * segments - 1) * size + c] = entry / radius
                for j in range(2):
                    turn = data[turns + j * n * n + k] * away[c] - entry * data[slopes + 2 * c + j]
                    derivative[row, columns[j]] += turn / radius
            out[row] = total / radius
            row += 1
        at = rows + 3 * n * n + 1
    if data[TIED] > 0.0:
        out[row] = data[N_FIRST] * change[0] + data[N_SECOND] * change[1]
        derivative[row, columns[0]] = data[N_FIRST]
        derivative[row, columns[1]] = data[N_SECOND]
