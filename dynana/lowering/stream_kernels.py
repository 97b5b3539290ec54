"""The generated operations of continuous coupling: outputs of a population, and sums along its edges."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import sympy as sp

from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.lowering import modules
from dynana.lowering.blocks import BLOCK_FUNCTIONS, CONTRACT
from dynana.lowering.delivery_kernels import DELAYS, INDICES
from dynana.lowering.kinds import ELEMENTARY, legend
from dynana.lowering.modules import Function, Source
from dynana.lowering.population_cells import Cell
from dynana.lowering.population_drafts import Draft, over_cells
from dynana.lowering.population_kernels import IMPORTS, constants_function
from dynana.lowering.population_steps import Form
from dynana.numerics.block_functions import NAMES
from dynana.numerics.network_program import CELL_BITS, Output, Population
from dynana.numerics.network_streams import Stream as At
from dynana.numerics.signatures import BLOCK_WIDTH


def outputs(system: System, form: Form, expressions: Sequence[sp.Expr], staged: bool) -> ModuleType:
    """Return the module with the operation ``output`` and its own ``constants``, made if it is not there yet.

    ``output`` writes each expression for all cells into a slot of its ring.

    Parameters
    ----------
    staged : bool
        Whether it reads the point at which ``rk4`` takes the derivatives, instead of the state.
    """
    key = f"outputs {system.fingerprint} {form!r} {staged} {' '.join(map(sp.srepr, expressions))}"
    return modules.load(key, lambda: _outputs(Cell(system, form), expressions, staged))


def _outputs(cell: Cell, expressions: Sequence[sp.Expr], staged: bool) -> Source:
    draft = Draft(cell, "output")
    rows = [cell.hoist(regularise(e)[0]) for e in expressions]
    point = cell.first_point if staged else 0
    lines = [*draft.loads(rows, point, "moment"), *([] if staged else [*draft.held(), *draft.arrivals(take=False)])]
    lines += draft.assign([f"o{i}" for i in range(len(rows))], rows, {TIME: "(c[uint64(0)] + moment * c[uint64(1)])"})
    for i in range(len(rows)):
        lines.append(f"out[slot{i} + b * uint64({BLOCK_WIDTH}) + uint64(i)] = o{i}")
    draft.first.append(f"k = k + a[{Output.SHIFT:d}]")
    stride = f"a[{Population.ARRIVAL_STRIDE:d}]"
    draft.head += [
        f"moment = rested + 0.5 * a[{Output.HALVES:d}]",
        f"out = floats_at(a[{Output.RINGS:d}])",
        f"which = a[{Output.SLOT:d}] if a[{Output.SLOT:d}] >= 0 else (k - 1) % a[{Output.SLOTS:d}]",
        *(f"slot{i} = uint64(({i} * (a[{Output.SLOTS:d}] + 1) + which) * {stride})" for i in range(len(rows))),
    ]
    draft.body = [
        f"for b in range(uint64(a[{Population.FIRST_BLOCK:d}]), uint64(a[{Population.BLOCKS:d}])):",
        f"    base = b * uint64({BLOCK_WIDTH * cell.rows})",
        *(f"    {line}" for line in over_cells(lines)),
    ]
    return Source(
        functions=(constants_function(cell), draft.finished()),
        imports={ELEMENTARY: draft.functions - NAMES, BLOCK_FUNCTIONS: draft.functions & NAMES, **IMPORTS},
        comment=legend(cell.system, "what streams read"),
    )


def amounts(system: System, form: Form, expressions: Sequence[sp.Expr]) -> ModuleType:
    """Return the module with the operation ``amount`` and its own ``constants``, made if it is not there yet.

    ``amount`` evaluates the expressions for every spike of the step, just before the jump, beside the log.
    """
    key = f"amounts {system.fingerprint} {form!r} {' '.join(map(sp.srepr, expressions))}"
    return modules.load(key, lambda: _amounts(Cell(system, form), expressions))


def _amounts(cell: Cell, expressions: Sequence[sp.Expr]) -> Source:
    draft = Draft(cell, "amount")
    rows = [cell.hoist(regularise(e)[0]) for e in expressions]
    lines = [
        f"cell = uint64(log[uint64(q)] & {(1 << CELL_BITS) - 1})",
        f"j = (cell >> uint64(6)) * uint64({BLOCK_WIDTH * cell.rows}) + (cell & uint64({BLOCK_WIDTH - 1}))",
        *draft.loads(rows, moment="now"),
        *draft.assign([f"o{i}" for i in range(len(rows))], rows, {TIME: "after"}),
        *(f"out[uint64({i} * a[{Output.SLOTS:d}] + q)] = o{i}" for i in range(len(rows))),
    ]
    length = f"a[{Population.ENDS_LENGTH:d}]"
    draft.head.append(f"out = floats_at(a[{Output.RINGS:d}])")
    draft.body = [
        f"for q in range(ends[uint64((k - 1) % {length})], ends[uint64(k % {length})]):",
        *(f"    {line}" for line in lines),
    ]
    return Source(
        functions=(constants_function(cell), draft.finished()),
        imports={ELEMENTARY: draft.functions - NAMES, BLOCK_FUNCTIONS: draft.functions & NAMES, **IMPORTS},
        comment=legend(cell.system, "what spikes carry"),
    )


def sparse_sum(index: int, delays: int) -> ModuleType:
    """Return the module with the operation ``add``: the sum over the edges of a projection, for each target.

    Parameters
    ----------
    index, delays : int
        Bytes of the index of a target, and of the delay of an edge (0 where all have the same).
    """
    return modules.load(f"sparse sum {index} {delays}", lambda: _sparse_sum(index, delays))


def _sparse_sum(index: int, delays: int) -> Source:
    value = f"values[uint64((k - a[{At.LAG:d}]) % slots * stride + source)]"
    late = f"values[uint64((k - a[{At.LAG:d}] - int64(delay[p])) % slots * stride + source)]"
    lines = [
        "a = integers_at(row)",
        f"out = floats_at(a[{At.OUT:d}] + 8 * ((k - a[{At.LAG:d}]) % a[{At.OUT_SLOTS:d}] * a[{At.OUT_STRIDE:d}]))",
        f"values = floats_at(a[{At.ROW:d}])",
        f"weights = floats_at(a[{At.WEIGHTS:d}])",
        f"edges = integers_at(a[{At.EDGES:d}])",
        f"index = {INDICES[index]}(a[{At.INDEX:d}])",
        *([f"delay = {DELAYS[delays]}(a[{At.DELAYS:d}])"] if delays else []),
        f"step = uint64(a[{At.WEIGHT_STEP:d}])",
        f"slots, stride = a[{At.SLOTS:d}], a[{At.STRIDE:d}]",
        f"for i in range(a[{At.TARGETS:d}]):",
        "    out[uint64(i)] = 0.0",
        f"for cell in range(a[{At.CELLS:d}]):",
        f"    source = a[{At.FIRST:d}] + cell",
        *([] if delays else [f"    value = {value}"]),
        "    for p in range(uint64(edges[uint64(cell)]), uint64(edges[uint64(cell + 1)])):",
        f"        out[uint64(index[p])] += weights[p * step] * {late if delays else 'value'}",
    ]
    views = {"floats_at", "integers_at", INDICES[index]} | ({DELAYS[delays]} if delays else set())
    return Source(
        functions=(Function(name="add", arguments="k, row", body=tuple(lines), maker="operation", options=CONTRACT),),
        imports={
            "dynana.numerics.network_memory": views,
            "dynana.numerics.network_program": {"operation"},
            "numpy": {"int64", "uint64"},
        },
        comment="A sum along edges.",
    )
