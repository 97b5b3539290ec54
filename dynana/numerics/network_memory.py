"""The memory of a network: arrays by address.

The operations of a network (see `dynana.numerics.network_program`) find their arrays through addresses that stand in a
table of integers, so that all of them have one signature and the loop over them is compiled once. Whoever makes the
table keeps the arrays alive. Views are without bounds; indices must be unsigned, because a signed one that could be
negative would have to be wrapped around, and that stops vectorisation.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numba
import numpy as np
from numba import carray, types
from numba.extending import intrinsic

from dynana.numerics.compilation import compiled

#: Length of the views, which only says that there is no bound.
_UNBOUNDED = 2**40


def _view(kind: Any, c_type: Any) -> Any:
    """Return a function that turns an address into an array of ``kind``, in compiled code or not."""
    if numba.config.DISABLE_JIT:
        return lambda address: np.ctypeslib.as_array((c_type * _UNBOUNDED).from_address(int(address)))
    pointer = types.CPointer(kind)

    @intrinsic
    def point(typing_context, address):
        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(pointer))

        return pointer(types.int64), generate

    @compiled(forceinline=True)
    def view(address):
        return carray(point(address), _UNBOUNDED)

    return view


#: Views of arrays of float64, int64, uint32, uint16 and uint8.
floats_at = _view(types.float64, ctypes.c_double)
integers_at = _view(types.int64, ctypes.c_int64)
words_at = _view(types.uint32, ctypes.c_uint32)
shorts_at = _view(types.uint16, ctypes.c_uint16)
bytes_at = _view(types.uint8, ctypes.c_uint8)


@compiled
def first_at_least(values, low, high, value):
    """Return the first position in ``values[low:high]``, which increase, of one that is at least ``value``, or high."""
    while low < high:
        middle = (low + high) >> np.uint64(1)
        if np.int64(values[middle]) < value:
            low = middle + np.uint64(1)
        else:
            high = middle
    return low
