"""The step of a population by an adaptive method: each cell takes as many steps inside one of the grid as it needs.

Dormand and Prince's pair of orders 5 and 4 carries on the solution of order 5. Each cell keeps the length that its last
step suggested in a row of its own, so that nothing depends on other cells. What cells receive stands still during a
step of the grid, as for all methods but ``rk4``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dynana.lowering.modules import Function
from dynana.lowering.population_cells import Cell
from dynana.lowering.population_drafts import Draft, any_of, indented, over_cells

#: Tolerances of one inner step, as for single systems by default.
RTOL, ATOL = 1e-8, 1e-10
#: A cell that would need more inner steps, tried ones counted, becomes NaN: it does not stay finite, or is too stiff.
MOST_STEPS = 10_000
#: Step control: safety factor, and the least and the largest factor from one step to the next.
SAFETY, LEAST, MOST = 0.9, 0.2, 5.0


def slopes(draft: Draft) -> Function:
    """Return the function ``slopes(c, live, t, since, states, parameters)`` of the derivatives of one cell."""
    cell = draft.cell
    lines = draft.assign([f"n{i}" for i in range(cell.n)], cell.rates)
    words = set(re.findall(r"\bc\d+\b", " ".join(lines)))
    head = [f"{c} = c[uint64({c[1:]})]" for c in sorted(words, key=lambda c: int(c[1:]))]
    symbols, used = cell.system.symbols, set().union(*(e.free_symbols for e in cell.rates))
    head += [f"v{i} = live[uint64({i})]" for i, n in enumerate(cell.form.live) if symbols[n] in used]
    result = f"return {', '.join(f'n{i}' for i in range(cell.n))}{',' if cell.n == 1 else ''}"
    return Function(name="slopes", arguments=f"c, live, {', '.join(_given(cell))}", body=(*head, *lines, result))


def _given(cell: Cell, states: str = "s{}", t: str = "t") -> list[str]:
    """Return the arguments of `slopes` for a cell."""
    return [t, "since", *(states.format(i) for i in range(cell.n)), *(f"p{i}" for i in range(len(cell.form.rows)))]


def steps_of_a_block(draft: Draft, tests: Sequence[str]) -> list[str]:
    """Return the loop over the cells of a block; ``tests`` follow on the new states ``n0``, ``n1``, ..."""
    from dynana.numerics.tableaus import DORMAND_PRINCE  # tables that other methods do not need

    cell, n = draft.cell, draft.cell.n
    table, stages = DORMAND_PRINCE.packed, DORMAND_PRINCE.main
    symbols = cell.system.symbols
    head = ["since = 0.0", *draft.loads([symbols[s] for s in (*cell.system.states, *cell.form.rows)])]
    head += draft.loads([symbols[cell.form.clock]]) if cell.form.clock else []
    head += [*draft.held(), *draft.arrivals()]
    pace = draft.element(cell.pace)
    body = ["step = min(pace, h - done)"]
    for k in range(1, stages):
        for i in range(n):
            body.append(f"z{i} = s{i} + step * ({_sum(table[k], k, i)})")
        t = f"start + done + {float(table[DORMAND_PRINCE.stages, k])!r} * step"
        body += _evaluated(cell, k, _given(cell, "z{}", t))
    body += ["error = 0.0"]
    for i in range(n):
        scale = f"({ATOL!r} + {RTOL!r} * max(abs(s{i}), abs(z{i})))"
        body.append(f"part = step * ({_sum(table[DORMAND_PRINCE.stages + 1], stages, i)}) / {scale}")
        body.append("error = max(error, abs(part))")
    accepted = [f"s{i} = z{i}" for i in range(n)] + [f"k0_{i} = k{stages - 1}_{i}" for i in range(n)]
    body += [
        "factor = MOST if error == 0.0 else min(MOST, max(LEAST, SAFETY * error**-0.2))",
        "tries += 1",
        "if error <= 1.0:",
        # A step cut short by the end of the grid's says little about the next one.
        "    pace = step * factor if step == pace else max(pace, step * factor)",
        *indented(["done = h if step == h - done else done + step", *accepted]),
        "else:",
        "    pace = step * factor",
    ]
    bounded = {"MOST": MOST, "LEAST": LEAST, "SAFETY": SAFETY}
    body = [re.sub(r"\b(MOST|LEAST|SAFETY)\b", lambda m: repr(bounded[m[0]]), line) for line in body]
    lines = [
        *head,
        f"pace = {pace} if {pace} > 0.0 else h",
        *_evaluated(cell, 0, _given(cell, t="start")),
        "done = 0.0",
        "tries = 0",
        f"while (done < h) & (tries < {MOST_STEPS}):",
        *indented(body),
        f"{pace} = pace",
        *(f"n{i} = s{i} if done == h else nan" for i in range(n)),
        *(f"{draft.element(i)} = n{i}" for i in range(n)),
    ]
    draft.head += ["h = c[uint64(2)]", "start = c[uint64(0)] + rested * c[uint64(1)]"]
    return over_cells([*lines, *tests])


def _sum(weights: Sequence[float], stages: int, i: int) -> str:
    """Return the code of a weighted sum of the slopes of a state."""
    return " + ".join(f"{float(w)!r} * k{k}_{i}" for k, w in enumerate(weights[:stages]) if w != 0.0)


def _evaluated(cell: Cell, k: int, arguments: Sequence[str]) -> list[str]:
    """Return the lines that evaluate the slopes of a stage; those of states that are held are zero."""
    names = ", ".join(f"k{k}_{i}" for i in range(cell.n))
    lines = [f"{names}{',' if cell.n == 1 else ''} = slopes(c, live, {', '.join(arguments)})"]
    for i, holders in enumerate(cell.holders):
        held = any_of(f"held{j}" for j in holders)
        lines += [f"k{k}_{i} = 0.0 if {held} else k{k}_{i}"] if holders else []
    return lines
