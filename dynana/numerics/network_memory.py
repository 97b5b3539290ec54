"""The memory of a network: arrays by address.

The operations of a network (see `dynana.numerics.network_program`) find their arrays through addresses that stand in a
table of integers, so that all of them have one signature and the loop over them is compiled once. Whoever makes the
table keeps the arrays alive. An address becomes a pointer, of which compiled code can read and write elements and no
more: that is compiled in a fraction of the time of an array. There are no bounds, and no index counts from the end.
"""

from __future__ import annotations

import ctypes
import operator
from typing import Any

import numba
import numpy as np
from numba import carray, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic
from numpy.typing import DTypeLike, NDArray

from dynana.numerics.compilation import compiled

#: Bytes of a cache line, and of the widest vectors.
LINE = 64

#: Length of the arrays that stand in for pointers where nothing is compiled.
_UNBOUNDED = 2**40


def zeros(size: int, kind: DTypeLike = np.float64) -> NDArray[Any]:
    """Return zeros that begin with a cache line: numpy's do not, and each vector of 64 bytes would touch two lines."""
    item = np.dtype(kind).itemsize
    whole = np.zeros(size + LINE // item, kind)
    first = -whole.ctypes.data % LINE // item
    return whole[first : first + size]


def _at(kind: Any, c_type: Any) -> Any:
    """Return a function that turns an address into a pointer to numbers of ``kind``, in compiled code or not."""
    if numba.config.DISABLE_JIT:
        # of what begins at 0, where nothing is, numpy would make a copy
        return lambda address: np.ctypeslib.as_array((c_type * _UNBOUNDED).from_address(int(address) or LINE))
    pointer = types.CPointer(kind)

    @intrinsic
    def point(typing_context, address):
        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(pointer))

        return pointer(types.int64), generate

    return point


@infer_global(operator.getitem)
class _ByName(AbstractTemplate):  # type: ignore[misc]
    """What stands in a named column, ``pointer[Population.Y]``."""

    def generic(self, arguments, named):
        pointer, index = arguments
        if isinstance(pointer, types.CPointer) and isinstance(index, types.IntEnumMember):
            return signature(pointer.dtype, pointer, types.int64)
        return None


#: Pointers to float64, int64, uint32, uint16 and uint8.
floats_at = _at(types.float64, ctypes.c_double)
integers_at = _at(types.int64, ctypes.c_int64)
words_at = _at(types.uint32, ctypes.c_uint32)
shorts_at = _at(types.uint16, ctypes.c_uint16)
bytes_at = _at(types.uint8, ctypes.c_uint8)


_array = (lambda numbers, length: numbers[:length]) if numba.config.DISABLE_JIT else carray


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


@compiled
def floats_from(address, length):
    """Return the array of ``length`` float64 at an address, for functions that take arrays."""
    return _array(floats_at(address), length)
