"""Products of blocks of matrices, large enough that the processor's own library of linear algebra pays.

Blocks stand in flat arrays by rows. BLAS is the one that scipy brings, entered through numba's own binding, so that
cached machine code finds it in every process.
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
from numpy.lib.stride_tricks import as_strided

from dynana.numerics.compilation import compiled

#: Rows from which on matrices are worked on in blocks. Below it, calls cost more than they save.
LARGE = 48

#: Rows or columns of a block: the part that is left to plain loops is this over the size of the matrix.
BLOCK = 32


#: Products are cut into tiles of this size: as large as BLAS computes without starting threads, which spin where there
#: is nothing to do for them and take longer than the product where other work is on the machine.
TILE_ROWS, TILE_COLUMNS, TILE_INNER = 64, 128, 32


def _compiled_multiply_tile() -> Callable[..., None]:
    @intrinsic
    def multiply_tile(
        typing_context, c, c_at, ldc, beta, alpha, a, a_at, lda, turned, b, b_at, ldb, rows, columns, inner
    ):
        def generate(context, builder, signature, arguments):
            kinds, index, character = signature.args, ir.IntType(64), ir.IntType(8)
            anything = character.as_pointer()

            def pointer(which, offset):
                data = cgutils.create_struct_proxy(kinds[which])(context, builder, value=arguments[which]).data
                return builder.bitcast(builder.gep(data, [arguments[offset]]), anything)

            one, other = (builder.bitcast(cgutils.alloca_once_value(builder, arguments[k]), anything) for k in (4, 3))
            letter = {name: ir.Constant(character, ord(name)) for name in "dnt"}
            transposed = builder.select(cgutils.is_not_null(builder, arguments[8]), letter["t"], letter["n"])
            blocks = [anything, anything, index, anything, index, anything, anything, index]
            kind = ir.FunctionType(ir.IntType(32), [*[character] * 3, *[index] * 3, *blocks])
            function = cgutils.get_or_insert_function(builder.module, kind, "numba_xxgemm")
            # by columns, as BLAS has it, rows are columns: the transposed product of the blocks in the other order
            builder.call(function, [
                letter["d"], letter["n"], transposed, arguments[13], arguments[12], arguments[14],
                one, pointer(9, 10), arguments[11], pointer(5, 6), arguments[7], other, pointer(0, 1), arguments[2],
            ])  # fmt: skip
            return context.get_dummy_value()

        i, x = types.int64, types.float64
        return types.void(c, i, i, x, x, a, i, i, types.boolean, b, i, i, i, i, i), generate

    return multiply_tile


def _multiply_tile(
    c: Any, c_at: int, ldc: int, beta: float, alpha: float, a: Any, a_at: int, lda: int, turned: bool,
    b: Any, b_at: int, ldb: int, rows: int, columns: int, inner: int,
) -> None:  # fmt: skip
    def block(x: Any, at: int, down: int, right: int, shape: tuple[int, int]) -> Any:
        return as_strided(x[at:], shape, (down * x.itemsize, right * x.itemsize))

    left = block(a, a_at, *((1, lda) if turned else (lda, 1)), (rows, inner))
    target = block(c, c_at, ldc, 1, (rows, columns))
    target[:] = np.multiply(target, beta) + alpha * (left @ block(b, b_at, ldb, 1, (inner, columns)))


_tile = _multiply_tile if numba.config.DISABLE_JIT else _compiled_multiply_tile()


@compiled
def add_product(c, c_at, ldc, beta, alpha, a, a_at, lda, turned, b, b_at, ldb, rows, columns, inner):
    """Set a block of ``c`` (rows, columns) to ``beta`` times what it is plus ``alpha`` times the product of two blocks.

    Parameters
    ----------
    c, a, b : (any,) array
    c_at, a_at, b_at : int
        Where the blocks begin.
    ldc, lda, ldb : int
        Distances between rows.
    turned : bool
        Whether the block of ``a`` is stored transposed.
    """
    for k in range(0, inner, TILE_INNER):
        depth = min(TILE_INNER, inner - k)
        keep = beta if k == 0 else 1.0
        for i in range(0, rows, TILE_ROWS):
            height = min(TILE_ROWS, rows - i)
            left = a_at + (k * lda + i if turned else i * lda + k)
            for j in range(0, columns, TILE_COLUMNS):
                _tile(
                    c, c_at + i * ldc + j, ldc, keep, alpha, a, left, lda, turned, b, b_at + k * ldb + j, ldb,
                    height, min(TILE_COLUMNS, columns - j), depth,
                )  # fmt: skip
