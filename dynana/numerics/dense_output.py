"""Interpolation inside a step, in one form for every method.

On a step from ``y0`` to ``y1`` of length ``h``, with x = (time - start) / h in [0, 1]::

    y(x) = y0 + x ((y1 - y0) + (1 - x)(c[0] + x (c[1] + (1 - x)(c[2] + ...))))

(Hairer, Norsett & Wanner, *Solving Ordinary Differential Equations I*, section II.6.) It meets both ends exactly,
whatever the rows ``c``, which each method supplies; without rows it is the straight line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled

Array = NDArray[np.float64]

#: Options of functions that make no arrays: without reference counts on the views they take, they run 3 times faster.
BORROWED = {"_nrt": False}

#: Options of functions that march over very many steps.
RUN = {**BORROWED, "unrolled": True}


@compiled(**BORROWED)
def interpolate(x, y0, y1, rows, out):
    """Write the state at the fraction ``x`` of a step into ``out``; ``rows`` has shape (any, n)."""
    last = rows.shape[0] - 1
    z = 1.0 - x
    for i in range(y0.size):
        nested = 0.0
        for j in range(last, -1, -1):
            nested = rows[j, i] + nested * (z if j % 2 else x)
        out[i] = y0[i] + x * ((y1[i] - y0[i]) + z * nested)


def sample(times: Array, t: Array, y: Array, rows: Array) -> Array:
    """Interpolate a stored run.

    Parameters
    ----------
    times : ndarray, shape (m,)
        Within ``[t[0], t[-1]]``.
    t : ndarray, shape (k,)
        Not decreasing; at a jump the same time stands twice.
    y : ndarray, shape (k, n)
    rows : ndarray, shape (k, q, n)
        Coefficients of the step that ends at each row of ``y``.

    Returns
    -------
    ndarray, shape (m, n)
        At the time of a jump the state after it.
    """
    right = np.clip(np.searchsorted(t, times, side="right"), 1, t.size - 1)
    left = right - 1
    length = t[right] - t[left]
    x = np.divide(times - t[left], length, out=np.ones(times.shape), where=length > 0)[:, None]
    nested = np.zeros((times.size, y.shape[1]))
    for j in range(rows.shape[1] - 1, -1, -1):
        nested = rows[right, j] + nested * (1 - x if j % 2 else x)
    return np.asarray(y[left] + x * ((y[right] - y[left]) + (1 - x) * nested))
