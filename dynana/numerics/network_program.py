"""The time loop of a network: a table of operations, carried out step after step.

Each row of the table is one operation: the address of a compiled function and what it works on (addresses of arrays,
sizes, positions). What a step consists of, and in which order, is decided where the table is made; the loop knows
nothing of it, so that it is compiled once for all networks, and of the operations only those that a network has.

An operation is a function ``f(k, row)`` of type `OPERATION`: step ``k`` leads from time ``start + (k - 1) dt`` to
``start + k dt``, and ``row`` is the address of the operation's own row of the table.

Rows of one population (`Population`) share their first columns, whatever the operation does. The state of a population
lies in blocks of 64 cells: ``y[(block * rows + row) * 64 + lane]``, where the generated module says what the rows are.
Spikes are listed in a log of integers ``k << 32 | cell``, in time order; ``ends`` is a ring with the length of the log
after each of the last steps.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import cache
from types import FunctionType
from typing import Any

from numba import types

from dynana.numerics.compilation import compiled
from dynana.numerics.function_addresses import addresses, recover
from dynana.numerics.network_memory import integers_at
from dynana.numerics.signatures import INDEX
from dynana.numerics.subnormals import flush_subnormals, restore_subnormals

OPERATION = types.void(INDEX, INDEX)

#: Columns of the table.
COLUMNS = 32

#: Columns that every operation has: into what it may be divided (a `Division`), and the number of blocks of the
#: population whose cells are divided.
DIVISION, DIVIDED_BLOCKS = 31, 30

#: Bits of the cell in an entry of the log; the step stands above them.
CELL_BITS = 32

#: Jumps of one cell in one step; a cell that would have more becomes NaN.
MOST_JUMPS = 100

#: A refractory time that misses a time of the grid by less than this share of a step ends there.
SAME_GRID_TIME = 1e-9


class Division(IntEnum):
    """How the work of an operation may be divided among threads, such that each owns some blocks of every population.

    All but WHOLE write nothing but what belongs to the own cells, and read of others only what operations that are not
    divided have written.
    """

    WHOLE = 0
    """Not at all."""
    CELLS = 1
    """By FIRST_BLOCK and BLOCKS of `Population`."""
    STEP = 2
    """So too, with a log of spikes for each thread."""
    JUMP = 3
    """By the jumps that the own step has listed."""
    EVENTS = 4
    """By the targets of the edges, `Delivery`."""
    EVERYBODY = 5
    """By targets, all to all."""
    COUNTS = 6
    """By cells, `dynana.numerics.network_poisson.Poisson`."""
    ARRIVE = 7
    """By the targets of edges with states of their own, `Synapses`."""
    ANSWER = 8
    """By the targets that spike, `Synapses`; reads of sources are those of other threads."""
    PRODUCT = 9
    """By blocks of targets, `dynana.numerics.network_streams.Stream`; reads of sources are those of other threads."""


class Population(IntEnum):
    """Columns that operations on one population have in common."""

    FUNCTION = 0
    Y = 1
    """State, float64."""
    CONSTANTS = 2
    """start, dt, the step h, and what the generated module makes of uniform parameters and h; float64."""
    LIVE = 3
    """Uniform parameters that change during the run; float64."""
    BLOCKS = 4
    CELLS = 5
    LOG = 6
    """Spikes, int64."""
    COUNTS = 7
    """Lengths of the log and of the list of jumps; int64."""
    JUMPS = 8
    """Jumps that are due in this step, ``jump << 32 | cell``; int64."""
    ENDS = 9
    ENDS_LENGTH = 10
    ARRIVALS = 11
    """Ring of what has arrived for each cell: ``[slot][state][cell]``, float64."""
    ARRIVAL_SLOTS = 12
    ARRIVAL_STRIDE = 13
    """Distance from one arriving state to the next: the cells, filled up to whole blocks."""
    SCRATCH = 14
    SEED = 15
    FIRST_CELL = 16
    """Number of the first cell in the network: cells own their noise by their number."""
    FIRST_STAGE = 17
    LAST_STAGE = 18
    FIRST_BLOCK = 19
    """The blocks from this one to before BLOCKS are worked on."""
    OWN = 20
    """First column that belongs to the operation alone."""


class Output(IntEnum):
    """Columns of the operation that writes outputs, beside those of a population."""

    RINGS = Population.OWN
    """Rings of all outputs, ``[output][slot][cell]``, with one slot more than the ring has; float64."""
    SLOTS = Population.OWN + 1
    SLOT = Population.OWN + 2
    """The slot that is written; -1 for slot ``(k - 1) % SLOTS`` of the ring."""
    SHIFT = Population.OWN + 3
    """0 for the state at the beginning of the step, 1 for the one at its end."""
    HALVES = Population.OWN + 4
    """Half steps from there to the time that counts, for stages of ``rk4``."""


class Delivery(IntEnum):
    """Columns of operations that carry events along the edges of a projection."""

    FUNCTION = 0
    LOG = 1
    ENDS = 2
    ENDS_LENGTH = 3
    DELAY = 4
    """Steps, where all edges have the same delay; else 0."""
    SOURCE_FIRST = 5
    SOURCE_CELLS = 6
    FIRST = 7
    """Where the edges of each source cell begin; int64."""
    TARGET = 8
    """Targets of the edges, uint16 or uint32."""
    DELAYS = 9
    """Steps of each edge, uint8 or uint16."""
    WEIGHT = 10
    """One weight, or one per edge; float64."""
    AMOUNTS = 11
    """What each spike of the log carries; float64."""
    OUT = 12
    """The row of arrivals, or of the state in the first block, of the target state; float64."""
    OUT_SLOTS = 13
    OUT_STRIDE = 14
    """Number of slots of the ring of arrivals, and the distance between two; 1 and 0 for states in blocks."""
    BLOCK_STRIDE = 15
    """Numbers in a block of the target."""
    TARGET_FIRST = 16
    TARGET_CELLS = 17
    SELF = 18
    """All to all without the cell itself: number of source 0 in the target's population; -1 with the cell itself."""
    LAST = 19
    """Where the edges of each source cell end; int64."""


class Synapses(IntEnum):
    """Columns of operations on states that stay with each edge."""

    FUNCTION = 0
    LOG = 1
    """Spikes of the source, or of the target for `answer`; int64."""
    STAGE = 1
    """Stage of ``rk4``, for operations at every step, which read no log."""
    ENDS = 2
    ENDS_LENGTH = 3
    AMOUNTS = 4
    """What each spike of the log carries: reads of the cell just before its jump, ``[read][spike]``; float64."""
    AMOUNT_STRIDE = 5
    DELAYS = 6
    """Steps of each edge where they differ, uint8 or uint16; rows are sorted by them."""
    DISTINCT = 7
    """The delays that occur, in steps; int64."""
    N_DISTINCT = 8
    SOURCE_FIRST = 9
    SOURCE_CELLS = 10
    TARGET_FIRST = 11
    TARGET_CELLS = 12
    FIRST = 13
    """Where the edges of each source begin; for `answer`, of each target; int64."""
    TARGET = 14
    """Targets of the edges, uint16 or uint32; for `answer`, sources."""
    EDGE = 15
    """For `answer`: number of each edge, in the order of targets; uint32."""
    Y = 16
    """State of the target; float64."""
    BLOCK_STRIDE = 17
    NUMBERS = 18
    """Uniform parameters of the target; float64."""
    CONSTANTS = 19
    ARRAYS = 20
    """Addresses of the states of the edges, and of their values; int64."""
    OUTS = 21
    """Addresses of the states of the target that are delivered to, or of vectors of sums; int64."""
    OUT_SLOTS = 22
    OUT_STRIDE = 23
    ROWS = 24
    """Ring of reads of the source, ``[read][slot][cell]``; float64."""
    SLOTS = 25
    ROW_STRIDE = 26
    """Distance between two slots."""
    LAG = 27
    """Slot ``(k - LAG) % SLOTS`` is read, less the delay of the edge where they differ."""
    LIVE = 28
    """Uniform parameters of the target that change; float64."""
    LAST = 29
    """Where the edges of each source end; for `answer`, of each target; int64."""


operation_at = recover(OPERATION)


def operation(**options: Any) -> Any:
    """Compile an operation, with the options of `compiled`: it has an address, and cannot be called from Python."""
    return compiled(OPERATION, wide=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)


@cache
def address_of(function: Callable[..., Any], contract: bool = False) -> int:
    """Return the address of an operation.

    Parameters
    ----------
    function : callable
        A compiled one; or a plain one, which is compiled now: no network needs them all.
    contract : bool
        Whether the compiler may fuse multiplications and additions of a plain one.
    """
    whole = function
    if isinstance(function, FunctionType):
        whole = operation(fastmath={"contract"} if contract else False)(function)
    return int(addresses((whole, OPERATION))[0])


@compiled(types.int64(INDEX, INDEX, INDEX, INDEX, INDEX, INDEX, INDEX), nogil=True)
def march(first, last, program, length, room, populations, halt):
    """Carry out the steps ``first`` to ``last``, or fewer if a log of spikes could overflow or an operation says halt.

    Subnormal numbers are zero meanwhile.

    Parameters
    ----------
    program, length : int
        Address of the table, and its number of rows.
    room, populations : int
        Address of (address of the count, largest count that is safe) for each log, and their number.
    halt : int
        Address of a number that operations set to end the run after the step, and of the last step that has been
        carried out: whoever is interrupted finds it there.

    Returns
    -------
    int
        The last step that has been carried out.
    """
    before = flush_subnormals()
    done = _march(first, last, program, length, room, populations, halt)
    restore_subnormals(before)
    return done


@compiled
def _march(first, last, program, length, room, populations, halt):
    limits = integers_at(room)
    for k in range(first, last + 1):
        for p in range(populations):
            if integers_at(limits[2 * p])[0] > limits[2 * p + 1]:
                return k - 1
        for i in range(length):
            row = program + 8 * COLUMNS * i
            operation_at(integers_at(row)[0])(k, row)
        integers_at(halt)[1] = k
        if integers_at(halt)[0] != 0:
            return k
    return last
