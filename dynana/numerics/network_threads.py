"""The time loop of a network on several threads: each carries out its own table of operations, and they meet at gates.

A row of a table whose function is 0 is a gate: nobody goes on before all have come. Threads wait for each other for
fractions of a microsecond, hundreds of thousands of times in a run, so they look at a counter again and again, and only
after a while let others have the core.
"""

from __future__ import annotations

import ctypes
import sys
from enum import IntEnum

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dynana.numerics.compilation import compiled
from dynana.numerics.function_addresses import recover
from dynana.numerics.network_memory import first_at_least, integers_at
from dynana.numerics.network_program import COLUMNS, operation_at
from dynana.numerics.network_records import WATCH
from dynana.numerics.signatures import INDEX
from dynana.numerics.subnormals import flush_subnormals, restore_subnormals

#: Looks at the counter before the core is offered to others: some ten microseconds.
PATIENCE = 300

_offer_at = recover(types.int32())


def offer_address() -> int:
    """Return the address of the system's function, without arguments, that lets other threads run."""
    if sys.platform == "win32":
        function = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


@intrinsic
def _come(typing_context, address):
    """Add 1 to the number at an address, seen by all threads in one order."""

    def generate(context, builder, signature, arguments):
        place = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", place, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(types.int64), generate


@intrinsic
def _come_so_far(typing_context, address):
    """Return the number at an address as other threads have left it."""

    def generate(context, builder, signature, arguments):
        place = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(types.int64), generate


class Merge(IntEnum):
    """Columns of `merge_logs`."""

    FUNCTION = 0
    LOG = 1
    COUNTS = 2
    ENDS = 3
    ENDS_LENGTH = 4
    PARTS = 5
    """Addresses of (log, counts) of each thread, in the order of the cells; int64."""
    N_PARTS = 6


def merge_logs(k, row):
    """Append the spikes that threads have found to the log of a population, and empty their own logs."""
    a = integers_at(row)
    log, counts, parts = integers_at(a[Merge.LOG]), integers_at(a[Merge.COUNTS]), integers_at(a[Merge.PARTS])
    count, jumps = counts[0], 0
    for part in range(a[Merge.N_PARTS]):
        own, found = integers_at(parts[np.uint64(2 * part)]), integers_at(parts[np.uint64(2 * part + 1)])
        for q in range(found[0]):
            log[np.uint64(count)] = own[np.uint64(q)]
            count += 1
        jumps += found[1]
        found[0] = 0
    counts[0], counts[1] = count, jumps
    integers_at(a[Merge.ENDS])[np.uint64(k % a[Merge.ENDS_LENGTH])] = count


@compiled
def cut_rows(first, target, bound, out):
    """Fill ``out`` with the position in each row of edges where targets of at least ``bound`` begin; returns it."""
    for cell in range(out.size):
        out[cell] = first_at_least(target, np.uint64(first[cell]), np.uint64(first[cell + 1]), bound)
    return out


@compiled
def _meet(gate, threads, meetings):
    """Wait until all have come ``meetings`` times to a gate: address of (number of comings, `offer_address`)."""
    _come(gate)
    looks = 0
    while _come_so_far(gate) < threads * meetings:
        looks += 1
        if looks > PATIENCE:
            _offer_at(integers_at(gate)[1])()


@compiled(types.int64(INDEX, INDEX, INDEX, INDEX, INDEX, INDEX, INDEX, INDEX, INDEX, INDEX), nogil=True)
def march_together(first, last, program, length, room, populations, halt, gate, threads, thread):
    """Carry out the steps ``first`` to ``last`` of one thread; see `dynana.numerics.network_program.march`.

    All threads end with the same step: what decides is only read between two gates where nobody writes it.

    Parameters
    ----------
    program, length : int
        The thread's own table.
    gate : int
        Address of the number of comings, 0 at the beginning, and of `offer_address`.
    threads, thread : int
        Their number, and which one this is.
    """
    before = flush_subnormals()
    done = _march_together(first, last, program, length, room, populations, halt, gate, threads, thread)
    restore_subnormals(before)
    return done


@compiled
def _march_together(first, last, program, length, room, populations, halt, gate, threads, thread):
    limits = integers_at(room)
    meetings = 0
    for k in range(first, last + 1):
        meetings += 1
        _meet(gate, threads, meetings)
        for p in range(populations):
            if integers_at(limits[2 * p])[0] > limits[2 * p + 1]:
                return k - 1
        for i in range(length):
            row = program + 8 * COLUMNS * i
            function = integers_at(row)[0]
            if function != 0:
                operation_at(function)(k, row)
            else:
                meetings += 1
                _meet(gate, threads, meetings)
        if thread == 0:
            integers_at(halt)[1] = k
        if k % WATCH == 0:
            meetings += 1
            _meet(gate, threads, meetings)
            if integers_at(halt)[0] != 0:
                return k
    return last
