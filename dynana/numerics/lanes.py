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

#: Blocks that `combine_each` sets.
COLUMNS = 4

_BLOCK, _WORDS = ir.VectorType(ir.DoubleType(), LANES), ir.VectorType(ir.IntType(64), LANES)


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


def _pointer(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    data = cgutils.create_struct_proxy(kind)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [offset]), _BLOCK.as_pointer())


def _load(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    block = builder.load(_pointer(context, builder, kind, array, offset))
    block.align = 8
    return block


def _splat(builder: Any, value: Any) -> Any:
    nothing = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _kept(context: Any, builder: Any, kind: Any, array: Any, offset: Any, factor: Any) -> Any:
    """A multiple of a block; zeros for 0, even of what is not a number: blocks in use again may hold anything."""
    product = builder.fmul(_splat(builder, factor), _load(context, builder, kind, array, offset), flags=("contract",))
    nothing = builder.fcmp_ordered("==", factor, ir.Constant(ir.DoubleType(), 0.0))
    return builder.select(nothing, ir.Constant(_BLOCK, [0.0] * LANES), product)


def _compiled_add_multiple() -> Callable[..., None]:
    @intrinsic
    def add_multiple(typing_context, a, target, f, b, source):
        def generate(context, builder, signature, arguments):
            array, to, factor, other, start = arguments
            kinds = signature.args
            x = _load(context, builder, kinds[0], array, to)
            y = _load(context, builder, kinds[3], other, start)
            fused = ("contract",)  # a fused multiply-add where the machine has one
            value = builder.fadd(x, builder.fmul(_splat(builder, factor), y, flags=fused), flags=fused)
            builder.store(value, _pointer(context, builder, kinds[0], array, to)).align = 8
            return context.get_dummy_value()

        return types.void(a, types.int64, types.float64, b, types.int64), generate

    return add_multiple


def _compiled_combine() -> Callable[..., None]:
    @intrinsic
    def combine(typing_context, a, target, keep, scale, f, first, count, b, source, stride):
        def generate(context, builder, signature, arguments):
            array, to, own, common, factors, at, length, other, start, step = arguments
            kinds = signature.args
            total = cgutils.alloca_once_value(builder, ir.Constant(_BLOCK, [0.0] * LANES))  # kept in a register
            data = cgutils.create_struct_proxy(kinds[4])(context, builder, value=factors).data
            fused = ("contract",)
            with cgutils.for_range(builder, length) as loop:
                factor = builder.load(builder.gep(data, [builder.add(at, loop.index)]))
                y = _load(context, builder, kinds[7], other, builder.add(start, builder.mul(step, loop.index)))
                product = builder.fmul(_splat(builder, factor), y, flags=fused)
                builder.store(builder.fadd(builder.load(total), product, flags=fused), total)
            kept = _kept(context, builder, kinds[0], array, to, own)
            value = builder.fadd(
                kept, builder.fmul(_splat(builder, common), builder.load(total), flags=fused), flags=fused
            )
            builder.store(value, _pointer(context, builder, kinds[0], array, to)).align = 8
            return context.get_dummy_value()

        i, x = types.int64, types.float64
        return types.void(a, i, x, x, f, i, i, b, i, i), generate

    return combine


def _compiled_dot() -> Callable[..., float]:
    @intrinsic
    def dot(typing_context, a, start_a, b, start_b):
        def generate(context, builder, signature, arguments):
            first, i, second, j = arguments
            x = _load(context, builder, signature.args[0], first, i)
            y = _load(context, builder, signature.args[2], second, j)
            total = builder.fmul(x, y)
            for half in (4, 2, 1):  # a fixed tree of sums: the same result on every machine
                order = [(k + half) % LANES for k in range(LANES)]
                turned = builder.shuffle_vector(total, total, ir.Constant(ir.VectorType(ir.IntType(32), LANES), order))
                total = builder.fadd(total, turned)
            return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

        return types.float64(a, types.int64, b, types.int64), generate

    return dot


def _compiled_multiply() -> Callable[..., None]:
    @intrinsic
    def multiply(typing_context, a, target, b, i, c, j):
        def generate(context, builder, signature, arguments):
            array, to, first, i, second, j = arguments
            kinds = signature.args
            x = _load(context, builder, kinds[2], first, i)
            y = _load(context, builder, kinds[4], second, j)
            builder.store(builder.fmul(x, y), _pointer(context, builder, kinds[0], array, to)).align = 8
            return context.get_dummy_value()

        return types.void(a, types.int64, b, types.int64, c, types.int64), generate

    return multiply


def _compiled_combine_each(columns: int) -> Callable[..., None]:
    @intrinsic
    def combine_each(typing_context, a, target, scale, b, first, count, c, source, stride):
        def generate(context, builder, signature, arguments):
            array, to, common, factors, at, length, other, start, step = arguments
            kinds, word, fused = signature.args, ir.IntType(64), ("contract",)
            lanes, zeros = ir.Constant(word, LANES), ir.Constant(_BLOCK, [0.0] * LANES)
            totals = [cgutils.alloca_once_value(builder, zeros) for _ in range(columns)]
            with cgutils.for_range(builder, length) as loop:
                x = _load(context, builder, kinds[3], factors, builder.add(at, builder.mul(lanes, loop.index)))
                row = builder.add(start, builder.mul(step, loop.index))
                for k, total in enumerate(totals):
                    y = _load(context, builder, kinds[6], other, builder.add(row, ir.Constant(word, k * LANES)))
                    product = builder.fmul(x, y, flags=fused)
                    builder.store(builder.fadd(builder.load(total), product, flags=fused), total)
            for k, total in enumerate(totals):
                value = builder.fmul(_splat(builder, common), builder.load(total))
                place = builder.add(to, ir.Constant(word, k * LANES))
                builder.store(value, _pointer(context, builder, kinds[0], array, place)).align = 8
            return context.get_dummy_value()

        i, x = types.int64, types.float64
        return types.void(a, i, x, b, i, i, c, i, i), generate

    return combine_each


def _compiled_subtract_multiples() -> Callable[..., None]:
    @intrinsic
    def subtract_multiples(typing_context, a, target, count, b, factor, c, source, stride):
        def generate(context, builder, signature, arguments):
            array, to, length, factors, at, other, start, step = arguments
            kinds, fused = signature.args, ("contract",)
            negative = builder.fneg(_load(context, builder, kinds[3], factors, at))
            lanes = ir.Constant(ir.IntType(64), LANES)
            with cgutils.for_range(builder, length) as loop:
                place = builder.add(to, builder.mul(lanes, loop.index))
                y = _load(context, builder, kinds[5], other, builder.add(start, builder.mul(step, loop.index)))
                x = _load(context, builder, kinds[0], array, place)
                value = builder.fadd(x, builder.fmul(negative, y, flags=fused), flags=fused)
                builder.store(value, _pointer(context, builder, kinds[0], array, place)).align = 8
            return context.get_dummy_value()

        i = types.int64
        return types.void(a, i, i, b, i, c, i, i), generate

    return subtract_multiples


def _compiled_find_largest() -> Callable[..., None]:
    @intrinsic
    def find_largest(typing_context, a, start, stride, count, places, target):
        def generate(context, builder, signature, arguments):
            array, first, step, length, found, to = arguments
            kinds, zeros, none = signature.args, ir.Constant(_WORDS, [0] * LANES), ir.Constant(_BLOCK, [-1.0] * LANES)
            best, at = cgutils.alloca_once_value(builder, none), cgutils.alloca_once_value(builder, zeros)
            modulus = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_BLOCK, [_BLOCK]), f"llvm.fabs.v{LANES}f64"
            )
            with cgutils.for_range(builder, length) as loop:
                x = _load(context, builder, kinds[0], array, builder.add(first, builder.mul(step, loop.index)))
                size, before = builder.call(modulus, [x]), builder.load(best)
                larger = builder.fcmp_ordered(">", size, before)
                builder.store(builder.select(larger, size, before), best)
                builder.store(builder.select(larger, _splat(builder, loop.index), builder.load(at)), at)
            data = cgutils.create_struct_proxy(kinds[4])(context, builder, value=found).data
            target_pointer = builder.bitcast(builder.gep(data, [to]), _WORDS.as_pointer())
            builder.store(builder.load(at), target_pointer).align = 8
            return context.get_dummy_value()

        i = types.int64
        return types.void(a, i, i, i, places, i), generate

    return find_largest


def _compiled_exchange() -> Callable[..., None]:
    @intrinsic
    def exchange(typing_context, a, first, second, count, places, start, which):
        def generate(context, builder, signature, arguments):
            array, i, j, length, marks, at, mark = arguments
            kinds, word = signature.args, ir.IntType(64)
            data = cgutils.create_struct_proxy(kinds[4])(context, builder, value=marks).data
            block = builder.load(builder.bitcast(builder.gep(data, [at]), _WORDS.as_pointer()))
            block.align = 8
            chosen, lanes = builder.icmp_signed("==", block, _splat(builder, mark)), ir.Constant(word, LANES)
            with cgutils.for_range(builder, length) as loop:
                shift = builder.mul(lanes, loop.index)
                here, there = builder.add(i, shift), builder.add(j, shift)
                x, y = _load(context, builder, kinds[0], array, here), _load(context, builder, kinds[0], array, there)
                for place, value in ((here, builder.select(chosen, y, x)), (there, builder.select(chosen, x, y))):
                    builder.store(value, _pointer(context, builder, kinds[0], array, place)).align = 8
            return context.get_dummy_value()

        i = types.int64
        return types.void(a, i, i, i, places, i, i), generate

    return exchange


def _compiled_invert() -> Callable[..., None]:
    @intrinsic
    def invert(typing_context, a, target):
        def generate(context, builder, signature, arguments):
            array, to = arguments
            kind = signature.args[0]
            value = builder.fdiv(ir.Constant(_BLOCK, [1.0] * LANES), _load(context, builder, kind, array, to))
            builder.store(value, _pointer(context, builder, kind, array, to)).align = 8
            return context.get_dummy_value()

        return types.void(a, types.int64), generate

    return invert


def _add_multiple(a: Any, target: int, f: float, b: Any, source: int) -> None:
    a[target : target + LANES] += f * b[source : source + LANES]


def _combine(
    a: Any, target: int, keep: float, scale: float, f: Any, first: int, count: int, b: Any, source: int, stride: int
) -> None:
    total = np.zeros(LANES)
    for k in range(count):
        _add_multiple(total, 0, f[first + k], b, source + k * stride)
    a[target : target + LANES] = (keep * a[target : target + LANES] if keep else 0.0) + scale * total


def _plain_combine_each(columns: int) -> Callable[..., None]:
    def combine_each(
        a: Any, target: int, scale: float, b: Any, first: int, count: int, c: Any, source: int, stride: int
    ) -> None:
        total = np.zeros((columns, LANES))
        for k in range(count):
            x, y = first + k * LANES, source + k * stride
            total += b[x : x + LANES] * c[y : y + columns * LANES].reshape(columns, LANES)
        a[target : target + columns * LANES] = scale * total.ravel()

    return combine_each


def _subtract_multiples(a: Any, target: int, count: int, b: Any, factor: int, c: Any, source: int, stride: int) -> None:
    multiple = b[factor : factor + LANES].copy()
    for k in range(count):
        to, at = target + k * LANES, source + k * stride
        a[to : to + LANES] -= multiple * c[at : at + LANES]


def _find_largest(a: Any, start: int, stride: int, count: int, places: Any, target: int) -> None:
    column = np.array([a[start + k * stride : start + k * stride + LANES] for k in range(count)])
    places[target : target + LANES] = np.argmax(np.nan_to_num(np.abs(column), nan=-1.0), axis=0)


def _exchange(a: Any, first: int, second: int, count: int, places: Any, start: int, which: int) -> None:
    for lane in np.flatnonzero(places[start : start + LANES] == which):
        i, j = (slice(at + lane, at + count * LANES, LANES) for at in (first, second))
        a[i], a[j] = a[j].copy(), a[i].copy()


def _invert(a: Any, target: int) -> None:
    with np.errstate(divide="ignore"):
        a[target : target + LANES] = 1.0 / a[target : target + LANES]


def _multiply(a: Any, target: int, b: Any, i: int, c: Any, j: int) -> None:
    a[target : target + LANES] = b[i : i + LANES] * c[j : j + LANES]


def _dot(a: Any, start_a: int, b: Any, start_b: int) -> float:
    return float(a[start_a : start_a + LANES] @ b[start_b : start_b + LANES])


#: ``add_multiple(a, i, f, b, j)``: ``a[i:i+8] += f * b[j:j+8]`` for flat arrays; the blocks are the same or disjoint.
add_multiple = _add_multiple if numba.config.DISABLE_JIT else _compiled_add_multiple()
#: ``combine(a, i, keep, scale, f, k, count, b, j, stride)``: sets ``a[i:i+8]`` to ``keep`` times what it is plus
#: ``scale`` times the sum of ``f[k] * b[j:j+8]``, ``f[k+1] * b[j+stride:j+stride+8]``, ... Sums stay in a register: a
#: block that has just been stored is available late, and even later if it was stored in parts.
combine = _combine if numba.config.DISABLE_JIT else _compiled_combine()
#: ``combine_each(a, i, scale, b, j, count, c, k, stride)``: sets ``COLUMNS`` blocks from ``a[i:i+8]`` on to ``scale``
#: times sums, lane by lane, of ``b[j:j+8] * c[k:k+8]``, ``b[j+8:j+16] * c[k+stride:k+stride+8]``, ..., and the next of
#: these blocks to the same with the block of ``c`` beside: additions do not wait for each other.
combine_each = (_plain_combine_each if numba.config.DISABLE_JIT else _compiled_combine_each)(COLUMNS)
#: ``dot_each``: the same for one block.
dot_each = (_plain_combine_each if numba.config.DISABLE_JIT else _compiled_combine_each)(1)
#: ``dot(a, i, b, j)``: sum of ``a[i:i+8] * b[j:j+8]``.
dot = _dot if numba.config.DISABLE_JIT else _compiled_dot()
#: ``multiply(a, i, b, j, c, k)``: ``a[i:i+8] = b[j:j+8] * c[k:k+8]``.
multiply = _multiply if numba.config.DISABLE_JIT else _compiled_multiply()
#: ``subtract_multiples(a, i, count, b, j, c, k, stride)``: takes ``b[j:j+8]`` times ``c[k:k+8]``, lane by lane, off
#: ``a[i:i+8]``, times ``c[k+stride:k+stride+8]`` off ``a[i+8:i+16]``, and so on.
subtract_multiples = _subtract_multiples if numba.config.DISABLE_JIT else _compiled_subtract_multiples()
#: ``find_largest(a, i, stride, count, places, k)``: sets ``places[k:k+8]`` to where in each lane, counted from 0, the
#: number of largest modulus stands among the blocks ``a[i:i+8]``, ``a[i+stride:i+stride+8]``, ...
find_largest = _find_largest if numba.config.DISABLE_JIT else _compiled_find_largest()
#: ``exchange(a, i, j, count, places, k, which)``: exchanges ``count`` blocks from ``i`` and from ``j`` on, in the lanes
#: in which ``places[k:k+8]`` is ``which``.
exchange = _exchange if numba.config.DISABLE_JIT else _compiled_exchange()
#: ``invert(a, i)``: ``a[i:i+8] = 1 / a[i:i+8]``.
invert = _invert if numba.config.DISABLE_JIT else _compiled_invert()
