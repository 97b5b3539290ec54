"""The kinds of kernels that drivers take by address, see `dynana.numerics.function_addresses`."""

from __future__ import annotations

from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.function_addresses import recover
from dynana.numerics.signatures import MATRIX, ROW, TABLE, VECTOR

#: f(starts, ends, durations, p, data, out, derivative): conditions between the ends of the segments of an orbit.
#: ``starts`` and ``ends`` (segments, n), ``out`` (conditions,), columns of ``derivative``: all starts, all ends,
#: durations, all parameters. ``derivative`` is zero on entry.
CLOSURE = types.void(TABLE, TABLE, ROW, ROW, ROW, ROW, TABLE)

#: Turn an address into a function of the kind; for use in compiled code.
vector_at = recover(VECTOR)
matrix_at = recover(MATRIX)
closure_at = recover(CLOSURE)


@compiled(VECTOR)
def no_vector(t, y, p, out):
    """Return zeros: the time derivative of an autonomous system."""
    out[:] = 0.0


@compiled(MATRIX)
def no_matrix(t, y, p, out):
    """Return zeros: the parameter Jacobian where no parameter is continued."""
    out[:, :] = 0.0
