"""Functions by address: drivers that are entered often take machine addresses instead of function objects.

Passing a first-class function from Python costs about 30 microseconds each, which is what a whole Newton iteration may
take. An address in an integer array costs nothing. Inside compiled code the address becomes a function again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from dynana.numerics.signatures import function_type

#: Functions kept alive for as long as their addresses may be used, by address; without compilation the address is just
#: the key of this table.
_KEPT: dict[int, Callable[..., Any]] = {}
#: The addresses by function and signature: numba takes as long to find one as a step along a curve takes.
_KNOWN: dict[tuple[Callable[..., Any], types.Type], int] = {}


def addresses(*kernels: tuple[Callable[..., Any], types.Type]) -> NDArray[np.int64]:
    """Return the addresses of kernels, each given with its signature.

    Parameters
    ----------
    *kernels : tuple of (compiled function, numba signature)

    Returns
    -------
    ndarray of int64, shape (number of kernels,)
        Good for the life of this process.
    """
    return np.array([_address(function, signature) for function, signature in kernels], dtype=np.int64)


def _address(function: Callable[..., Any], signature: types.Type) -> int:
    if (function, signature) in _KNOWN:
        return _KNOWN[function, signature]
    if numba.config.DISABLE_JIT:
        key = id(function)
    else:
        result = function.get_compile_result(signature)  # type: ignore[attr-defined]
        key = int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))
    _KEPT[key], _KNOWN[function, signature] = function, key
    return key


def recover(signature: types.Type) -> Callable[[int], Callable[..., Any]]:
    """Return a function that turns an address into a function of the given signature, in compiled code or not."""
    if numba.config.DISABLE_JIT:
        return lambda address: _KEPT.get(int(address))  # type: ignore[return-value]
    kind = function_type(signature)

    @intrinsic
    def function_at(typing_context, address):
        def generate(context, builder, _signature, arguments):
            function = cgutils.create_struct_proxy(kind)(context, builder)
            pointer = context.get_value_type(types.voidptr)
            function.jit_addr = builder.inttoptr(arguments[0], pointer)
            function.c_addr = cgutils.get_null_value(pointer)
            function.py_addr = cgutils.get_null_value(pointer)
            return function._getvalue()

        return kind(types.int64), generate

    return function_at
