"""Vector operations on blocks of eight numbers, for small dense matrices whose rows are padded to whole blocks.

LLVM's vectoriser does not help loops of 4 to 30 turns; explicit vectors of eight make elimination of a 16 x 24 matrix
five times faster. Rows are addressed by offset in a flat array, so that no views are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled

#: Numbers in a block.
LANES = 8

#: Type of a block in machine code.
BLOCK_TYPE = ir.VectorType(ir.DoubleType(), LANES)


def aligned(*shape: int) -> NDArray[np.float64]:
    """Return zeros that start at a multiple of a block: blocks across cache lines cost half as much again."""
    size = int(np.prod(shape))
    room = np.zeros(size + LANES)
    skip = -(room.ctypes.data // room.itemsize) % LANES
    return room[skip : skip + size].reshape(shape)


@compiled
def zero_blocks(size):
    """Return ``size`` zeros that start at a multiple of a block, in compiled code."""
    room = np.zeros(size + LANES)
    skip = -(room.ctypes.data // 8) % LANES
    return room[skip : skip + size]


def padded(count: int) -> int:
    """Return ``count`` rounded up to whole blocks."""
    return -(-count // LANES) * LANES


def pointer(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    """Generate the address of a block."""
    data = cgutils.create_struct_proxy(kind)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [offset]), BLOCK_TYPE.as_pointer())


def load(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    """Generate the reading of a block, which need not be aligned."""
    block = builder.load(pointer(context, builder, kind, array, offset))
    block.align = 8
    return block


def splat(builder: Any, value: Any) -> Any:
    """Generate a block that holds a number in every lane."""
    nothing = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _kept(context: Any, builder: Any, kind: Any, array: Any, offset: Any, factor: Any) -> Any:
    """A multiple of a block; zeros for 0, even of what is not a number: blocks in use again may hold anything."""
    product = builder.fmul(splat(builder, factor), load(context, builder, kind, array, offset), flags=("contract",))
    nothing = builder.fcmp_ordered("==", factor, ir.Constant(ir.DoubleType(), 0.0))
    return builder.select(nothing, ir.Constant(BLOCK_TYPE, [0.0] * LANES), product)


def _compiled_add_multiple() -> Callable[..., None]:
    @intrinsic
    def add_multiple(typing_context, a, target, f, b, source):
        def generate(context, builder, signature, arguments):
            array, to, factor, other, start = arguments
            kinds = signature.args
            x = load(context, builder, kinds[0], array, to)
            y = load(context, builder, kinds[3], other, start)
            fused = ("contract",)  # a fused multiply-add where the machine has one
            value = builder.fadd(x, builder.fmul(splat(builder, factor), y, flags=fused), flags=fused)
            builder.store(value, pointer(context, builder, kinds[0], array, to)).align = 8
            return context.get_dummy_value()

        return types.void(a, types.int64, types.float64, b, types.int64), generate

    return add_multiple


def _compiled_combine() -> Callable[..., None]:
    @intrinsic
    def combine(typing_context, a, target, keep, scale, f, first, count, b, source, stride):
        def generate(context, builder, signature, arguments):
            array, to, own, common, factors, at, length, other, start, step = arguments
            kinds = signature.args
            total = cgutils.alloca_once_value(builder, ir.Constant(BLOCK_TYPE, [0.0] * LANES))  # kept in a register
            data = cgutils.create_struct_proxy(kinds[4])(context, builder, value=factors).data
            fused = ("contract",)
            with cgutils.for_range(builder, length) as loop:
                factor = builder.load(builder.gep(data, [builder.add(at, loop.index)]))
                y = load(context, builder, kinds[7], other, builder.add(start, builder.mul(step, loop.index)))
                product = builder.fmul(splat(builder, factor), y, flags=fused)
                builder.store(builder.fadd(builder.load(total), product, flags=fused), total)
            kept = _kept(context, builder, kinds[0], array, to, own)
            value = builder.fadd(
                kept, builder.fmul(splat(builder, common), builder.load(total), flags=fused), flags=fused
            )
            builder.store(value, pointer(context, builder, kinds[0], array, to)).align = 8
            return context.get_dummy_value()

        i, x = types.int64, types.float64
        return types.void(a, i, x, x, f, i, i, b, i, i), generate

    return combine


def _compiled_dot() -> Callable[..., float]:
    @intrinsic
    def dot(typing_context, a, start_a, b, start_b):
        def generate(context, builder, signature, arguments):
            first, i, second, j = arguments
            x = load(context, builder, signature.args[0], first, i)
            y = load(context, builder, signature.args[2], second, j)
            total = builder.fmul(x, y)
            for half in (4, 2, 1):  # a fixed tree of sums: the same result on every machine
                order = [(k + half) % LANES for k in range(LANES)]
                turned = builder.shuffle_vector(total, total, ir.Constant(ir.VectorType(ir.IntType(32), LANES), order))
                total = builder.fadd(total, turned)
            return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

        return types.float64(a, types.int64, b, types.int64), generate

    return dot


def _add_multiple(a: Any, target: int, f: float, b: Any, source: int) -> None:
    a[target : target + LANES] += f * b[source : source + LANES]


def _combine(
    a: Any, target: int, keep: float, scale: float, f: Any, first: int, count: int, b: Any, source: int, stride: int
) -> None:
    total = np.zeros(LANES)
    for k in range(count):
        _add_multiple(total, 0, f[first + k], b, source + k * stride)
    a[target : target + LANES] = (keep * a[target : target + LANES] if keep else 0.0) + scale * total


def _dot(a: Any, start_a: int, b: Any, start_b: int) -> float:
    return float(a[start_a : start_a + LANES] @ b[start_b : start_b + LANES])


#: ``add_multiple(a, i, f, b, j)``: ``a[i:i+8] += f * b[j:j+8]`` for flat arrays; the blocks are the same or disjoint.
add_multiple = _add_multiple if numba.config.DISABLE_JIT else _compiled_add_multiple()
#: ``combine(a, i, keep, scale, f, k, count, b, j, stride)``: sets ``a[i:i+8]`` to ``keep`` times what it is plus
#: ``scale`` times the sum of ``f[k] * b[j:j+8]``, ``f[k+1] * b[j+stride:j+stride+8]``, ... Sums stay in a register: a
#: block that has just been stored is available late, and even later if it was stored in parts.
combine = _combine if numba.config.DISABLE_JIT else _compiled_combine()
#: ``dot(a, i, b, j)``: sum of ``a[i:i+8] * b[j:j+8]``.
dot = _dot if numba.config.DISABLE_JIT else _compiled_dot()
