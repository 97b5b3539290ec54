"""The numba types of kernels, shared by the drivers that call them and the code generator that makes them.

A kernel is a pure function that writes into its last argument; drivers own every work array.
``t`` is time, ``y`` the state ``(n,)``, ``p`` the parameters ``(n_parameters,)``.
"""

from __future__ import annotations

from numba import types

REAL = types.float64
INDEX = types.int64
ROW = types.Array(types.float64, 1, "C")
TABLE = types.Array(types.float64, 2, "C")
INDICES = types.Array(types.int64, 1, "C")

#: f(t, y, p, out): right-hand side, guards, observables, diagonal of the Jacobian, ...
VECTOR = types.void(REAL, ROW, ROW, ROW)
#: f(t, y, p, out[:, :]): Jacobian (n, n), parameter Jacobian (n, n_parameters), noise (n, n_noise).
MATRIX = types.void(REAL, ROW, ROW, TABLE)
#: f(k, t, y, p, out): the whole state after jump ``k`` from ``y``.
JUMP = types.void(INDEX, REAL, ROW, ROW, ROW)
#: f(k, t, y, p, out[:, :]): derivatives of jump ``k`` by the states and by time, (n + 1, n + 1).
JUMP_MATRIX = types.void(INDEX, REAL, ROW, ROW, TABLE)
#: f(start, dt, first, steps, y, p, work): steps of one length, in place.
BUNDLE_STEPS = types.void(REAL, REAL, INDEX, INDEX, ROW, ROW, TABLE)
#: f(guards, out): ``out[k]`` is 1 where the condition of jump ``k`` holds, given the guard values (> 0 is true).
CONDITION = types.void(ROW, ROW)
#: f(x_lower, x_upper, p_lower, p_upper, out_lower, out_upper): interval extension, matrices row-major.
INTERVAL = types.void(ROW, ROW, ROW, ROW, ROW, ROW)
#: f(t, y, p, out) for a block of cells: flat arrays of rows of 64, element 64 * i + c for row i of cell c.
BLOCK = VECTOR
#: f(t, h, y, p, w, out): the state after a step h with Wiener increments w; for one cell, or for a block as above.
STEP = types.void(REAL, REAL, ROW, ROW, ROW, ROW)

#: Cells per block; blocks are padded to this width so that chunking never changes a bit.
BLOCK_WIDTH = 64


def function_type(signature: types.Type) -> types.FunctionType:
    """Return the first-class function type of ``signature``, for driver arguments."""
    return types.FunctionType(signature)
