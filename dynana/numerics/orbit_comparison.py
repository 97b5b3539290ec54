"""How far two orbits on meshes of equal size are from each other."""

from __future__ import annotations

from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.signatures import REAL, ROW, TABLE


@compiled(types.UniTuple(REAL, 2)(TABLE, TABLE, ROW), no_cfunc_wrapper=True)
def compare(a, b, sizes):
    """Return the inner product of deviations from the means, and the mean square of the difference.

    Parameters
    ----------
    a, b : (points, n) arrays
    sizes : (n,) array
        Units of the states.

    Returns
    -------
    product : float
        Sum over all points and states; negative where deviations have turned around.
    distance : float
        Mean over all points and states.
    """
    count, n = a.shape
    product, distance = 0.0, 0.0
    for c in range(n):
        x, y, both, square = 0.0, 0.0, 0.0, 0.0
        for k in range(count):
            x += a[k, c]
            y += b[k, c]
            both += a[k, c] * b[k, c]
            square += (b[k, c] - a[k, c]) ** 2
        product += (both - x * y / count) / sizes[c] ** 2
        distance += square / sizes[c] ** 2
    return product, distance / (count * n)
