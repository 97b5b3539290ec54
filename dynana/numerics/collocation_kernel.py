"""Null directions of the collocation equations, where curves of orbits cross.

In a module of its own: it is compiled when a curve is switched, which few computations do.
"""

from __future__ import annotations

import numpy as np
from numba import types

from dynana.numerics.collocation import GRID, MODEL, SCALE, SCHEME, WORK, factorise
from dynana.numerics.collocation_solves import back_substitute, renew
from dynana.numerics.compilation import compiled
from dynana.numerics.signatures import ROW, TABLE


@compiled(types.int64(ROW, MODEL, GRID, SCHEME, SCALE, TABLE, ROW, WORK, ROW, ROW, ROW))
def solve_extended(z, model, grid, scheme, scale, gradients, targets, work, right, outer, out):
    """Solve with the Jacobian of all equations at ``z``; see `dynana.numerics.collocation`.

    Parameters
    ----------
    right : (unknowns,) array
        Right-hand sides of the equations on points.
    outer : (closure conditions + full rows,) array
        The others.
    out : (unknowns,) array
        Receives the solution.

    Returns
    -------
    int
        Sign of the determinant; 0 if the matrix is singular to the last digit.
    """
    sign, _ = factorise(z, model, grid, scheme, scale, gradients, targets, work)
    if sign == 0:
        return 0
    renew(right, outer, grid, scheme, scale, gradients, work)
    back_substitute(1.0, np.zeros(outer.size), grid, scheme, scale, targets.size, work, out)
    return sign
