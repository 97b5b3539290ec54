"""An operation of a population while it is being written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sympy as sp

from dynana.definition.tracing import TIME
from dynana.lowering.blocks import CONTRACT
from dynana.lowering.modules import Function
from dynana.lowering.population_cells import Cell
from dynana.lowering.printer import Printer
from dynana.numerics.network_program import Population as At
from dynana.numerics.signatures import BLOCK_WIDTH


class Draft:
    """An operation on a population that is being written: its body first, then what must stand before it."""

    #: Arrays that an operation loads if its body uses them.
    ARRAYS = (
        ("live", "floats_at", At.LIVE),
        ("counts", "integers_at", At.COUNTS),
        ("jumps", "integers_at", At.JUMPS),
        ("log", "integers_at", At.LOG),
        ("ends", "integers_at", At.ENDS),
        ("arrived", "floats_at", At.ARRIVALS),
        ("w", "floats_at", At.SCRATCH),
    )

    def __init__(self, cell: Cell, name: str) -> None:
        self.cell = cell
        self.name = name
        self.head: list[str] = []
        self.body: list[str] = []
        self.functions: set[str] = set()
        #: Lines that stand first of all.
        self.first: list[str] = []
        self._used: set[sp.Basic] = set()

    def element(self, row: int) -> str:
        """Return the code of a row of the current cell."""
        return f"y[j + uint64({BLOCK_WIDTH * row})]" if row else "y[j]"

    def loads(self, expressions: Sequence[sp.Basic], point: int = 0, moment: str = "rested") -> list[str]:
        """Return the lines that load what expressions, holds and arrivals need of a cell.

        ``point`` is the first row of the states, ``moment`` the code of the step to which the time since a spike runs.
        """
        cell = self.cell
        used = set().union(*(e.free_symbols for e in expressions))
        lines = []
        for i, name in enumerate(cell.system.states):
            if cell.system.symbols[name] in used or cell.holders[i] or i in cell.form.arriving:
                lines.append(f"s{i} = {self.element(point + i)}")
        for i, name in enumerate(cell.form.rows):
            if cell.system.symbols[name] in used:
                lines.append(f"p{i} = {self.element(cell.first_parameter + i)}")
        if cell.form.clock and cell.system.symbols[cell.form.clock] in used:
            lines.append(f"since = ({moment} - {self.element(cell.clock)}) * c[uint64(1)]")
        return lines

    def held(self) -> list[str]:
        """Return the lines that say which jumps hold the cell during the step."""
        jumps = sorted({k for h in self.cell.holders for k in h})
        return [f"held{k} = {self.element(self.cell.releases[k])} > rested" for k in jumps]

    def arrival(self, state: int, step: str, lane: str) -> str:
        """Return the code of what has arrived for a state of a cell after a step."""
        arriving = self.cell.form.arriving
        slots, stride = f"a[{At.ARRIVAL_SLOTS:d}]", f"a[{At.ARRIVAL_STRIDE:d}]"
        line = f"from{state} = uint64((({step}) % {slots} * {len(arriving)} + {arriving.index(state)}) * {stride})"
        if line not in self.head:
            self.head.append(line)
        return f"arrived[from{state} + {lane}]"

    def arrivals(self, take: bool = True) -> list[str]:
        """Return the lines that add what has arrived to the loaded state, and leave nothing behind if it is taken."""
        lines: list[str] = []
        for i in self.cell.form.arriving:
            place = self.arrival(i, "k - 1", f"b * uint64({BLOCK_WIDTH}) + uint64(i)")
            held = any_of(f"held{k}" for k in self.cell.holders[i])
            lines += [f"q{i} = {place}", *([f"{place} = 0.0"] if take else [])]
            lines.append(f"s{i} = s{i} + (0.0 if {held} else q{i})" if held else f"s{i} = s{i} + q{i}")
        return lines

    def assign(
        self, targets: Sequence[str], expressions: Sequence[sp.Basic], other: dict[sp.Symbol, str] | None = None
    ) -> list[str]:
        """Return the lines that assign expressions to targets; ``other`` are names that differ from the usual ones."""
        self._used |= set().union(*(e.free_symbols for e in expressions))
        shared, reduced = shared_parts(expressions)
        names = self.cell.names | self.cell.constant_names() | (other or {})
        printer = Printer(names | {s: f"x{k}" for k, (s, _) in enumerate(shared)})
        targets = [*(f"x{k}" for k in range(len(shared))), *targets]
        lines = printer.block(targets, [*(e for _, e in shared), *reduced])
        self.functions |= printer.functions
        return list(lines)

    def conditions(self, state: str = "s{}") -> list[str]:
        """Return the lines that assign the conditions of all jumps at the end of the step."""
        cell = self.cell
        names = {cell.system.symbols[n]: state.format(i) for i, n in enumerate(cell.system.states)} | {TIME: "after"}
        lines = self.assign([f"when{k}" for k in range(len(cell.conditions))], cell.conditions, names)
        for k, row in enumerate(cell.latches):
            if row >= 0:
                lines += [f"latch{k} = {self.element(row)} if when{k} else 0.0", f"{self.element(row)} = latch{k}"]
        return lines

    def due(self, k: int) -> str:
        """Return the code that says whether a jump is due."""
        parts = [f"when{k}"]
        if self.cell.releases[k] >= 0:
            parts.append(f"({self.element(self.cell.releases[k])} <= now)")
        if self.cell.latches[k] >= 0:
            parts.append(f"(latch{k} == 0.0)")
        return f"({' & '.join(parts)})" if len(parts) > 1 else parts[0]

    def first_due(self) -> list[str]:
        """Return the lines that find the first jump that is due, -1 if none is."""
        jumps = reversed(range(len(self.cell.conditions)))
        return ["which = -1", *(f"which = {k} if {self.due(k)} else which" for k in jumps)]

    def finished(self) -> Function:
        """Return the function, with loads of all that its body uses."""
        text = "\n".join((*self.head, *self.body))
        head = [
            "a = integers_at(row)",
            *self.first,
            f"y = floats_at(a[{At.Y:d}])",
            f"c = floats_at(a[{At.CONSTANTS:d}])",
        ]
        symbols = self.cell.system.symbols
        live = [f"v{i} = live[uint64({i})]" for i, n in enumerate(self.cell.form.live) if symbols[n] in self._used]
        head += [
            f"{name} = {view}(a[{column:d}])"
            for name, view, column in self.ARRAYS
            if (name == "live" and live) or re.search(rf"\b{name}\b", text)
        ]
        head += [*live, "now = float64(k)", "rested = float64(k - 1)"]
        if TIME in self._used:
            head += ["before = c[uint64(0)] + rested * c[uint64(1)]", "after = c[uint64(0)] + now * c[uint64(1)]"]
            head += ["t = before"]
        if self.cell.wiener:
            head.append("root = c[uint64(2)] ** 0.5")
        head += [f"{code} = c[uint64({code[1:]})]" for s, code in self.cell.constant_names().items() if s in self._used]
        return Function(
            name=self.name,
            arguments="k, row",
            body=(*head, *self.head, *self.body),
            maker="operation",
            options=CONTRACT,
        )


def shared_parts(expressions: Sequence[sp.Basic]) -> tuple[list[tuple[sp.Symbol, sp.Expr]], list[sp.Basic]]:
    """Return common subexpressions with their symbols, and what is left of the expressions.

    Where several powers of one quantity stand below the line, its reciprocal is one of them: a division takes as long
    as a dozen multiplications.
    """
    fresh = (sp.Dummy(f"x{k}") for k in range(10**6))
    shared, reduced = sp.cse(expressions, symbols=fresh, order="none")
    below: dict[sp.Expr, set[sp.Expr]] = {}
    for e in (*(e for _, e in shared), *reduced):
        for power in e.atoms(sp.Pow):
            if power.exp.is_Integer and power.exp < 0:
                below.setdefault(power.base, set()).add(power)
    for base, powers in below.items():
        if len(powers) > 1:
            inverse = next(fresh)
            put = {p: inverse**-p.exp for p in powers}
            known = [k for k, (s, _) in enumerate(shared) if s in base.free_symbols]
            place = max(known, default=-1) + 1
            shared = [(s, e.xreplace(put)) for s, e in shared]
            shared.insert(place, (inverse, 1 / base))
            reduced = [e.xreplace(put) for e in reduced]
    return shared, reduced


def any_of(parts: Iterable[str]) -> str:
    """Return the code of "one of these", empty if there are none."""
    return " | ".join(parts)


def over_cells(lines: Sequence[str]) -> list[str]:
    """Return a loop over the cells of a block."""
    return [f"for i in range({BLOCK_WIDTH}):", *indented(["j = base + uint64(i)", *lines])]


def indented(lines: Sequence[str]) -> list[str]:
    """Return lines one level deeper."""
    return [f"    {line}" for line in lines]
