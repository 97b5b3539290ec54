"""Vector operations on blocks of eight numbers, each lane for itself: eight small computations side by side.

Blocks are addressed by offset in a flat array, as in `dynana.numerics.lanes`.
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

from dynana.numerics.lanes import BLOCK_TYPE, LANES, load, pointer, splat

#: Blocks that `combine_each` sets.
COLUMNS = 4

_WORDS = ir.VectorType(ir.IntType(64), LANES)


def _compiled_multiply() -> Callable[..., None]:
    @intrinsic
    def multiply(typing_context, a, target, b, i, c, j):
        def generate(context, builder, signature, arguments):
            array, to, first, i, second, j = arguments
            kinds = signature.args
            x = load(context, builder, kinds[2], first, i)
            y = load(context, builder, kinds[4], second, j)
            builder.store(builder.fmul(x, y), pointer(context, builder, kinds[0], array, to)).align = 8
            return context.get_dummy_value()

        return types.void(a, types.int64, b, types.int64, c, types.int64), generate

    return multiply


def _compiled_combine_each(columns: int) -> Callable[..., None]:
    @intrinsic
    def combine_each(typing_context, a, target, scale, b, first, count, c, source, stride):
        def generate(context, builder, signature, arguments):
            array, to, common, factors, at, length, other, start, step = arguments
            kinds, word, fused = signature.args, ir.IntType(64), ("contract",)
            lanes, zeros = ir.Constant(word, LANES), ir.Constant(BLOCK_TYPE, [0.0] * LANES)
            totals = [cgutils.alloca_once_value(builder, zeros) for _ in range(columns)]
            with cgutils.for_range(builder, length) as loop:
                x = load(context, builder, kinds[3], factors, builder.add(at, builder.mul(lanes, loop.index)))
                row = builder.add(start, builder.mul(step, loop.index))
                for k, total in enumerate(totals):
                    y = load(context, builder, kinds[6], other, builder.add(row, ir.Constant(word, k * LANES)))
                    product = builder.fmul(x, y, flags=fused)
                    builder.store(builder.fadd(builder.load(total), product, flags=fused), total)
            for k, total in enumerate(totals):
                value = builder.fmul(splat(builder, common), builder.load(total))
                place = builder.add(to, ir.Constant(word, k * LANES))
                builder.store(value, pointer(context, builder, kinds[0], array, place)).align = 8
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
            negative = builder.fneg(load(context, builder, kinds[3], factors, at))
            lanes = ir.Constant(ir.IntType(64), LANES)
            with cgutils.for_range(builder, length) as loop:
                place = builder.add(to, builder.mul(lanes, loop.index))
                y = load(context, builder, kinds[5], other, builder.add(start, builder.mul(step, loop.index)))
                x = load(context, builder, kinds[0], array, place)
                value = builder.fadd(x, builder.fmul(negative, y, flags=fused), flags=fused)
                builder.store(value, pointer(context, builder, kinds[0], array, place)).align = 8
            return context.get_dummy_value()

        i = types.int64
        return types.void(a, i, i, b, i, c, i, i), generate

    return subtract_multiples


def _compiled_find_largest() -> Callable[..., None]:
    @intrinsic
    def find_largest(typing_context, a, start, stride, count, places, target):
        def generate(context, builder, signature, arguments):
            array, first, step, length, found, to = arguments
            kinds, zeros, none = (
                signature.args,
                ir.Constant(_WORDS, [0] * LANES),
                ir.Constant(BLOCK_TYPE, [-1.0] * LANES),
            )
            best, at = cgutils.alloca_once_value(builder, none), cgutils.alloca_once_value(builder, zeros)
            modulus = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(BLOCK_TYPE, [BLOCK_TYPE]), f"llvm.fabs.v{LANES}f64"
            )
            with cgutils.for_range(builder, length) as loop:
                x = load(context, builder, kinds[0], array, builder.add(first, builder.mul(step, loop.index)))
                size, before = builder.call(modulus, [x]), builder.load(best)
                larger = builder.fcmp_ordered(">", size, before)
                builder.store(builder.select(larger, size, before), best)
                builder.store(builder.select(larger, splat(builder, loop.index), builder.load(at)), at)
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
            chosen, lanes = builder.icmp_signed("==", block, splat(builder, mark)), ir.Constant(word, LANES)
            with cgutils.for_range(builder, length) as loop:
                shift = builder.mul(lanes, loop.index)
                here, there = builder.add(i, shift), builder.add(j, shift)
                x, y = load(context, builder, kinds[0], array, here), load(context, builder, kinds[0], array, there)
                for place, value in ((here, builder.select(chosen, y, x)), (there, builder.select(chosen, x, y))):
                    builder.store(value, pointer(context, builder, kinds[0], array, place)).align = 8
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
            value = builder.fdiv(ir.Constant(BLOCK_TYPE, [1.0] * LANES), load(context, builder, kind, array, to))
            builder.store(value, pointer(context, builder, kind, array, to)).align = 8
            return context.get_dummy_value()

        return types.void(a, types.int64), generate

    return invert


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


#: ``combine_each(a, i, scale, b, j, count, c, k, stride)``: sets ``COLUMNS`` blocks from ``a[i:i+8]`` on to ``scale``
#: times sums, lane by lane, of ``b[j:j+8] * c[k:k+8]``, ``b[j+8:j+16] * c[k+stride:k+stride+8]``, ..., and the next of
#: these blocks to the same with the block of ``c`` beside: additions do not wait for each other.
combine_each = (_plain_combine_each if numba.config.DISABLE_JIT else _compiled_combine_each)(COLUMNS)
#: ``dot_each``: the same for one block.
dot_each = (_plain_combine_each if numba.config.DISABLE_JIT else _compiled_combine_each)(1)
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
