"""Numbers below 2.2e-308 taken for zero while a network runs.

What decays in a silent cell becomes subnormal after some 700 time constants, and then stays: the least subnormal number
times 0.99 rounds to itself. Processors of Intel and AMD take a hundred times as long for an operation on such a number,
in every step from there on. They and those of ARM can be told to take it for zero; others are left as they are.
"""

from __future__ import annotations

import platform

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: Bits of the control register MXCSR: results are flushed to zero, operands taken for zero.
_MXCSR_BITS = 0x8040
#: The same bit of both in FPCR.
_FPCR_BIT = 1 << 24

_MACHINE = platform.machine().lower()
_X86, _ARM = _MACHINE in ("x86_64", "amd64"), _MACHINE in ("aarch64", "arm64")
_WORD, _LONG, _BYTES = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()


def _read(builder, place):
    """Write the code that reads the control register; ``place`` is memory of its size."""
    if _X86:
        builder.call(
            _function(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), [_BYTES]), [builder.bitcast(place, _BYTES)]
        )
        return builder.zext(builder.load(place), _LONG)
    if _ARM:
        return builder.call(_function(builder, "llvm.aarch64.get.fpcr", _LONG, []), [])
    return ir.Constant(_LONG, 0)


def _write(builder, place, value):
    """Write the code that sets the control register."""
    if _X86:
        builder.store(builder.trunc(value, _WORD), place)
        builder.call(
            _function(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [_BYTES]), [builder.bitcast(place, _BYTES)]
        )
    elif _ARM:
        builder.call(_function(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), [_LONG]), [value])


def _function(builder, name, result, arguments):
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


if numba.config.DISABLE_JIT:

    def flush_subnormals() -> int:
        """Return anything: nothing is changed without compiled code."""
        return 0

    def restore_subnormals(before: int) -> None:
        """Leave everything as it is."""

else:

    @intrinsic
    def flush_subnormals(typing_context):
        """Take subnormal numbers for zero in this thread from now on; returns what `restore_subnormals` needs."""

        def generate(context, builder, signature, arguments):
            place = builder.alloca(_WORD)
            before = _read(builder, place)
            bits = _MXCSR_BITS if _X86 else _FPCR_BIT
            _write(builder, place, builder.or_(before, ir.Constant(_LONG, bits)))
            return before

        return types.int64(), generate

    @intrinsic
    def restore_subnormals(typing_context, before):
        """Treat subnormal numbers as before `flush_subnormals`, which returned ``before``."""

        def generate(context, builder, signature, arguments):
            _write(builder, builder.alloca(_WORD), arguments[0])
            return context.get_dummy_value()

        return types.none(types.int64), generate
