"""The generated operations of a population: its step, and its jumps.

One module for each distinct augmented system and `Form`, whatever networks it appears in. Its operations are of the
type of `dynana.numerics.network_program`.

The loop over the cells of a block has no branch: what is held is selected, and whether any cell is due to jump is
gathered in one integer. Only blocks in which one is are looked through.
"""

from __future__ import annotations

from types import ModuleType

from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.lowering import modules
from dynana.lowering.blocks import BLOCK_FUNCTIONS, STEP
from dynana.lowering.kinds import ELEMENTARY, legend
from dynana.lowering.modules import Function, Source
from dynana.lowering.population_adaptive import slopes, steps_of_a_block
from dynana.lowering.population_cells import Cell
from dynana.lowering.population_drafts import Draft, any_of, indented, over_cells
from dynana.lowering.population_steps import Form
from dynana.lowering.printer import Printer
from dynana.numerics.block_functions import NAMES
from dynana.numerics.network_program import CELL_BITS, MOST_JUMPS, SAME_GRID_TIME
from dynana.numerics.network_program import Population as At
from dynana.numerics.signatures import BLOCK_WIDTH

PLAIN = "dynana.numerics.plain_functions"
MEMORY = "dynana.numerics.network_memory"
IMPORTS = {
    MEMORY: {"floats_at", "integers_at"},
    "dynana.numerics.network_program": {"operation"},
    "numpy": {"ceil", "float64", "int64", "nan", "uint64"},
}


def population(system: System, form: Form) -> ModuleType:
    """Return the module of a population, made if it is not there yet.

    Its constants: METHOD; ROWS, the number of rows of a block; RELEASES and LATCHES, the row of the refractory end and
    of the latch of each jump, and CLOCK, the row of the step of the last spike, -1 where there is none; PARAMETERS, the
    first row of parameters; POINTS, the first of the rows at which outputs are read; NOISE, the number of Wiener
    processes; HELD, for each state the jumps that hold it. Its functions: ``constants(h, p)``, plain Python; ``step``
    and ``jump``, operations.
    """
    return modules.load(f"population {system.fingerprint} {form!r}", lambda: _module(Cell(system, form)))


def _module(cell: Cell) -> Source:
    # The constants are known when everything else has been written.
    drafts = [_step(cell), *([_jump(cell)] if cell.system.jumps else [])]
    inner = (slopes(drafts[0]),) if cell.method == "adaptive" else ()
    used = set().union(*(draft.functions for draft in drafts))
    noise = {"dynana.numerics.random": {"WIENER", "fill_normals"}, MEMORY: {"floats_from", *IMPORTS[MEMORY]}}
    return Source(
        functions=(constants_function(cell), *inner, *(draft.finished() for draft in drafts)),
        imports={ELEMENTARY: used - NAMES, BLOCK_FUNCTIONS: used & NAMES, **IMPORTS, **(noise if cell.wiener else {})},
        constants={
            "METHOD": cell.method,
            "ROWS": cell.rows,
            "RELEASES": cell.releases,
            "LATCHES": cell.latches,
            "PARAMETERS": cell.first_parameter,
            "CLOCK": cell.clock,
            "POINTS": cell.first_point,
            "NOISE": len(cell.wiener),
            "HELD": tuple(tuple(k) for k in cell.holders),
        },
        comment=legend(cell.system, f"a population, {cell.method}, {cell.form!r}"),
    )


def constants_function(cell: Cell) -> Function:
    """Return the plain function ``constants(h, p)`` that makes the table of constants from uniform parameters."""
    symbols = cell.system.symbols
    printer = Printer({symbols[n]: f"p[{i}]" for i, n in enumerate(cell.system.parameters)} | {STEP: "h"})
    expressions = list(cell.hoist.constants)
    values = [f"k{i}" for i in range(len(expressions))]
    if cell.method != "exact":
        lines = printer.block(values, expressions)
    else:
        assert cell.linear is not None
        n = cell.n
        entries = [e for row in cell.linear.matrix for e in row]
        names = [f"m{i}" for i in range(n * n)] + [f"f{i}" for i in range(n)]
        lines = printer.block([*values, *names], [*expressions, *entries, *cell.linear.fixed])
        matrix = ", ".join(f"[{', '.join(names[n * i : n * i + n])}]" for i in range(n))
        lines += [f"P, Q = propagator([{matrix}], h)", f"K = Q @ [{', '.join(names[n * n :])}]"]
        printer.functions.add("propagator")
        values = [*cell.linear_constants.values(), *values]
    if printer.functions:
        lines.insert(0, f"from {PLAIN} import {', '.join(sorted(printer.functions))}")
    return Function(name="constants", arguments="h, p", body=(*lines, f"return [{', '.join(values)}]"), plain=True)


def _step(cell: Cell) -> Draft:
    """Write the operation ``step``: it integrates, and lists the jumps that are due and the spikes."""
    draft = Draft(cell, "step")
    lines = [f"base = b * uint64({BLOCK_WIDTH * cell.rows})"]
    if cell.wiener:
        first = f"a[{At.FIRST_CELL:d}] + int64(b) * {BLOCK_WIDTH}"
        pairs = (len(cell.wiener) + 1) // 2
        normals = f"floats_from(a[{At.SCRATCH:d}], {2 * pairs * BLOCK_WIDTH})"
        lines.append(f"fill_normals(a[{At.SEED:d}], k - 1, {first}, WIENER, {pairs}, {normals})")
    if cell.system.jumps:
        lines.append("due = int64(0)")
    if cell.method == "adaptive":
        lines += steps_of_a_block(draft, _tests(draft))
    else:
        lines += _stages(draft) if cell.method == "rk4" else _whole(draft)
    if cell.system.jumps:
        lines += _listing(draft)
        draft.head += ["count = counts[uint64(0)]", "n_jumps = int64(0)"]
    draft.body = [f"for b in range(uint64(a[{At.FIRST_BLOCK:d}]), uint64(a[{At.BLOCKS:d}])):", *indented(lines)]
    if cell.system.jumps:
        draft.body += ["counts[uint64(0)] = count", "counts[uint64(1)] = n_jumps"]
        draft.body.append(f"ends[uint64(k % a[{At.ENDS_LENGTH:d}])] = count")
    return draft


def _whole(draft: Draft) -> list[str]:
    """Return the loop over the cells of a block for methods that are one set of expressions."""
    cell = draft.cell
    lines = [*draft.loads(cell.after), *draft.held(), *draft.arrivals()]
    lines += [f"w{i} = root * w[uint64({BLOCK_WIDTH * i}) + uint64(i)]" for i in range(len(cell.wiener))]
    lines += draft.assign([f"n{i}" for i in range(cell.n)], cell.after)
    lines += [f"n{i} = s{i} if {any_of(f'held{k}' for k in h)} else n{i}" for i, h in enumerate(cell.holders) if h]
    lines += [f"{draft.element(i)} = n{i}" for i in range(cell.n)]
    return over_cells([*lines, *_tests(draft)])


def _stages(draft: Draft) -> list[str]:
    """Return the loops over the cells of a block for ``rk4``: stage -1 takes in arrivals, 0 to 3 are derivatives."""
    cell, n, point = draft.cell, draft.cell.n, draft.cell.first_point
    symbols = [cell.system.symbols[s] for s in cell.system.states]
    first = [*draft.loads(symbols), *draft.held(), *draft.arrivals()]
    for i in range(n):
        first += [f"{draft.element(point + i)} = s{i}", f"{draft.element(point + n + i)} = 0.0"]
        first += [f"{draft.element(i)} = s{i}"] if i in cell.form.arriving else []
    slopes = [*draft.loads(cell.rates, point, "(rested + 0.5 * ((stage + 1) // 2))"), *draft.held()]
    slopes += draft.assign([f"n{i}" for i in range(n)], cell.rates)
    for i, h in enumerate(cell.holders):
        slopes += [f"n{i} = 0.0 if {any_of(f'held{k}' for k in h)} else n{i}"] if h else []
        slopes.append(f"{draft.element(point + n + i)} = {draft.element(point + n + i)} + weight * n{i}")
        slopes.append(f"{draft.element(point + i)} = {draft.element(i)} + part * n{i}")
    last = draft.loads(cell.conditions, moment="now")
    for i in range(n):
        last += [f"n{i} = {draft.element(i)} + sixth * {draft.element(point + n + i)}", f"{draft.element(i)} = n{i}"]
    last += _tests(draft)
    draft.head += [f"first = a[{At.FIRST_STAGE:d}]", f"last = a[{At.LAST_STAGE:d}]"]
    draft.head += ["h = c[uint64(2)]", "sixth = h / 6.0"]
    moving = any(e.has(TIME) for e in cell.rates)
    return [
        "if first < 0:",
        *indented(over_cells(first)),
        "for stage in range(max(first, 0), last):",
        "    weight = 1.0 if (stage == 0) | (stage == 3) else 2.0",
        "    part = h if stage == 2 else 0.5 * h",
        *(["    t = before + 0.5 * h * ((stage + 1) // 2)"] if moving else []),
        *indented(over_cells(slopes)),
        "if last == 4:",
        *indented(over_cells(last)),
    ]


def _tests(draft: Draft) -> list[str]:
    """Return the lines that find out whether a cell is due to jump, from its new state."""
    if not draft.cell.system.jumps:
        return []
    flags = " | ".join(f"int64({draft.due(k)})" for k in range(len(draft.cell.conditions)))
    return [*draft.conditions("n{}"), f"due |= {flags}"]


def _listing(draft: Draft) -> list[str]:
    """Return the lines that list the cells of a block that are due to jump."""
    lines = [*draft.loads(draft.cell.conditions, moment="now"), *draft.conditions(), *draft.first_due()]
    lines += ["if which >= 0:", f"    jumps[uint64(n_jumps)] = which << {CELL_BITS} | cell", "    n_jumps += 1"]
    if draft.cell.form.spikes:
        lines.append(f"if {any_of(f'(which == {k})' for k in draft.cell.form.spikes)}:")
        lines += [f"    log[uint64(count)] = k << {CELL_BITS} | cell", "    count += 1"]
    inner = [f"cell = int64(b) * {BLOCK_WIDTH} + i", f"if cell < a[{At.CELLS:d}]:", *indented(lines)]
    return ["if due != 0:", *indented(over_cells(inner))]


def _jump(cell: Cell) -> Draft:
    """Write the operation ``jump``: it carries out the jumps that have been listed.

    A cell that is not finite before its jump becomes NaN, as in `dynana.numerics.block_events`: the watch reports it.
    """
    draft = Draft(cell, "jump")
    symbols = cell.system.symbols
    lines = ["entry = jumps[uint64(q)]", f"which = entry >> {CELL_BITS}"]
    lines.append(f"cell = uint64(entry & {(1 << CELL_BITS) - 1})")
    lines.append(f"j = (cell >> uint64(6)) * uint64({BLOCK_WIDTH * cell.rows}) + (cell & uint64({BLOCK_WIDTH - 1}))")
    clock = [cell.form.clock] if cell.form.clock else []
    lines += draft.loads([symbols[name] for name in (*cell.system.states, *cell.form.rows, *clock)], moment="now")
    for i in cell.form.arriving:
        place = draft.arrival(i, "k", "cell")
        held = any_of(f"({draft.element(cell.releases[k])} > now)" for k in cell.holders[i])
        lines += [f"s{i} = s{i} if {held} else s{i} + {place}" if held else f"s{i} = s{i} + {place}", f"{place} = 0.0"]
    lines.append(f"finite = {' & '.join(f'(s{i} - s{i} == 0.0)' for i in range(cell.n))}")
    branches: list[str] = []
    for k in range(len(cell.system.jumps)):
        branches += [f"if which == {k}:", *indented(_map(draft, k))]
    if len(cell.system.jumps) > 1 or cell.form.latched:
        branches += [*draft.conditions(), *draft.first_due()]
        branches.append(f"if {any_of(['(which < 0)', *(f'(which == {k})' for k in cell.form.spikes)])}:")
        branches += ["    break", f"if fired == {MOST_JUMPS}:", *(f"    s{i} = nan" for i in range(cell.n))]
        lines += [f"for fired in range({MOST_JUMPS + 1}):", *indented(branches)]
    else:
        lines += branches
    lines += [f"{draft.element(i)} = s{i} if finite else nan" for i in range(cell.n)]
    draft.body = ["for q in range(counts[uint64(1)]):", *indented(lines)]
    return draft


def _map(draft: Draft, k: int) -> list[str]:
    """Return the lines of one jump: new states, the end of the refractory time, the latch."""
    cell, jump = draft.cell, draft.cell.system.jumps[k]
    states = [i for i, n in enumerate(cell.system.states) if n in jump.to and jump.to[n] != cell.system.symbols[n]]
    expressions = [cell.hoist(regularise(jump.to[cell.system.states[i]])[0]) for i in states]
    targets = [f"n{i}" for i in states]
    if jump.refractory is not None:
        expressions.append(cell.hoist(regularise(jump.refractory)[0]))
        targets.append("rest")
    lines = draft.assign(targets, expressions, {TIME: "after"})
    lines += [f"s{i} = n{i}" for i in states]
    if jump.refractory is not None:
        steps = f"ceil(rest / c[uint64(1)] - {SAME_GRID_TIME!r})"
        lines.append(f"{draft.element(cell.releases[k])} = now + {steps}")
    if cell.latches[k] >= 0:
        lines.append(f"{draft.element(cell.latches[k])} = 1.0")
    if cell.clock >= 0 and k in cell.form.spikes:
        lines.append(f"{draft.element(cell.clock)} = now")
    return lines or ["pass"]
