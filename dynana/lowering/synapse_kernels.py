"""The generated operations on states that stay with each edge: plastic weights, and everything where nothing is shared.

``arrive``: when a (delayed) spike of the source arrives. ``answer``: when the target spikes, along its incoming edges.
``total``: the sums that targets receive at all times, from states at the beginning of each step; ``advance``: the step
of the states, once what targets receive is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import sympy as sp

from dynana.definition.assembly import PerSynapse
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.lowering import modules
from dynana.lowering.blocks import BLOCK_FUNCTIONS, CONTRACT
from dynana.lowering.delivery_kernels import DELAYS, INDICES
from dynana.lowering.kinds import ELEMENTARY
from dynana.lowering.modules import Function, Source
from dynana.lowering.population_cells import Cell
from dynana.lowering.population_drafts import shared_parts
from dynana.lowering.population_kernels import constants_function
from dynana.lowering.population_steps import Form
from dynana.lowering.printer import Printer
from dynana.numerics.block_functions import NAMES
from dynana.numerics.network_program import CELL_BITS
from dynana.numerics.network_program import Synapses as At
from dynana.numerics.signatures import BLOCK_WIDTH

#: Name of the time in generated code.
MOMENT = "moment"


@dataclass(frozen=True)
class Layout:
    """In what form the states of the edges of a projection are kept; part of the name of the generated module.

    Attributes
    ----------
    index, sources, delays : int
        Bytes of the index of a target and of a source, and of the delay of an edge (0 where all have the same).
    values : tuple of str
        Parameters of the synapse that differ between edges.
    blocked : tuple of bool
        For each state that is delivered to, whether it stands in the blocks of the target.
    method : str
        By which states are advanced at every step.
    """

    index: int
    sources: int
    delays: int
    values: tuple[str, ...]
    blocked: tuple[bool, ...]
    method: str


def synapses(item: PerSynapse, numbers: Mapping[str, float], target: System, form: Form, layout: Layout) -> ModuleType:
    """Return the module of a per-synapse pathway, made if it is not there yet.

    Parameters
    ----------
    item : PerSynapse
    numbers : mapping of str to float
        Parameters of the synapse that all edges have in common; only their names matter here.
    target, form : System, Form
        Of the target population.
    layout : Layout
    """
    parts = [
        repr((item.states, item.event_driven, sorted(numbers), layout, form)),
        *(
            sp.srepr(sp.Tuple(*(sp.Tuple(sp.Symbol(n), e) for n, e in given.items())))
            for given in (item.rates, item.on_pre, item.on_post, item.pre, item.post, dict(item.sums))
        ),
        sp.srepr(sp.Tuple(*(sp.Tuple(state, e) for state, e in item.delivers))),
        sp.srepr(sp.Tuple(*(sp.Tuple(sp.Symbol(n), *bounds) for n, bounds in item.clip.items()))),
    ]
    key = f"synapses {target.fingerprint} {' '.join(parts)}"
    return modules.load(key, lambda: _Writer(item, tuple(numbers), target, form, layout).source())


@dataclass(frozen=True, eq=False)
class _Writer:
    item: PerSynapse
    numbers: tuple[str, ...]
    target: System
    form: Form
    layout: Layout

    @cached_property
    def cell(self) -> Cell:
        """The synapse as a system: what differs between edges and what is read are parameters that vary."""
        reads = (*self.item.pre, *self.item.post)
        varying = (*self.layout.values, *reads)
        names = dict.fromkeys((*self.numbers, *varying), 0.0)
        rates = {n: self.item.rates.get(n, sp.Integer(0)) for n in self.item.states}
        system = System(rates, names, name="synapse")
        cell = Cell(system, Form(method=self.layout.method, rows=varying))
        if self.layout.method == "exact" and cell.linear is None:
            return Cell(system, Form(method="exponential_euler", rows=varying))
        return cell

    def source(self) -> Source:
        """Return the module."""
        made = [self._arrive(), *([self._answer()] if self.item.on_post else [])]
        if not self.item.event_driven:
            made += [*([self._total()] if self.item.sums else []), *([self._advance()] if self.item.rates else [])]
        used = set().union(*(functions for _, functions in made))
        views = {"floats_at", "integers_at", "words_at", INDICES[self.layout.index], INDICES[self.layout.sources]}
        views |= {DELAYS[self.layout.delays], "first_at_least"} if self.layout.delays else set()
        return Source(
            functions=(constants_function(self.cell), *(self._with_constants(f) for f, _ in made)),
            imports={
                ELEMENTARY: used - NAMES,
                BLOCK_FUNCTIONS: used & NAMES,
                "dynana.numerics.network_memory": views,
                "dynana.numerics.network_program": {"OPERATION"},
                "numpy": {"float64", "int64", "uint64"},
            },
            comment=f"States of edges: {', '.join(self.item.states) or 'none'}; {self.layout!r}.",
        )

    def _with_constants(self, function: Function) -> Function:
        """Return a function that loads the constants it uses; all of them are known now."""
        words = set(re.findall(r"\w+", " ".join(function.body)))
        loads = [f"{c} = c[uint64({c[1:]})]" for c in self.cell.constant_names().values() if c in words]
        head = ["a = integers_at(row)", f"c = floats_at(a[{At.CONSTANTS:d}])", *loads]
        if MOMENT in words:  # rates are those of the beginning of the step, events happen at its end
            step = "(k - 1)" if function.name in ("total", "advance") else "k"
            head.append(f"{MOMENT} = c[uint64(0)] + {step} * c[uint64(1)]")
        return Function(
            name=function.name,
            arguments="k, row",
            body=(*head, *function.body),
            signature="OPERATION",
            options=CONTRACT,
        )

    # -- pieces --------------------------------------------------------------------------------------------------------

    @cached_property
    def _names(self) -> dict[sp.Symbol, str]:
        reads = (*self.item.pre, *self.item.post)
        names = {symbol(n): f"s{i}" for i, n in enumerate(self.item.states)}
        names |= {symbol(n): f"e{i}" for i, n in enumerate(self.layout.values)}
        return names | {symbol(n): f"r{i}" for i, n in enumerate(reads)}

    def _assign(self, targets: Sequence[str], expressions: Sequence[sp.Basic]) -> tuple[list[str], set[str]]:
        hoisted = [self.cell.hoist(regularise(e)[0]) for e in expressions]
        shared, reduced = shared_parts(hoisted)
        names = self._names | self.cell.constant_names() | {s: f"x{k}" for k, (s, _) in enumerate(shared)}
        names |= {TIME: MOMENT}
        printer = Printer(names)
        targets = [*(f"x{k}" for k in range(len(shared))), *targets]
        return list(printer.block(targets, [*(e for _, e in shared), *reduced])), printer.functions

    def _arrays(self) -> list[str]:
        """Return the lines that load the arrays of the edges."""
        count = len(self.item.states)
        lines = [f"arrays = integers_at(a[{At.ARRAYS:d}])"]
        lines += [f"state{i} = floats_at(arrays[uint64({i})])" for i in range(count)]
        return lines + [f"value{i} = floats_at(arrays[uint64({count + i})])" for i in range(len(self.layout.values))]

    def _loads(self) -> list[str]:
        lines = [f"s{i} = state{i}[p]" for i in range(len(self.item.states))]
        return lines + [f"e{i} = value{i}[p]" for i in range(len(self.layout.values))]

    def _post_reads(self) -> tuple[list[str], set[str]]:
        """Return the lines that read the target cell ``t``, whose place in the blocks is ``j``."""
        target = self.target
        names: dict[sp.Symbol, str] = {}
        rows = {n: i for i, n in enumerate(target.states)}
        first = Cell(target, self.form).first_parameter
        rows |= {n: first + i for i, n in enumerate(self.form.rows)}
        for n in (*target.states, *target.parameters):
            if n in rows:
                names[symbol(n)] = f"y[j + uint64({BLOCK_WIDTH * rows[n]})]"
            elif n == self.form.clock:
                row = Cell(target, self.form).clock
                names[symbol(n)] = f"((float64(k) - y[j + uint64({BLOCK_WIDTH * row})]) * c[uint64(1)])"
            elif n in self.form.live:
                names[symbol(n)] = f"live[uint64({self.form.live.index(n)})]"
            else:
                names[symbol(n)] = f"b[uint64({target.parameters.index(n)})]"
        printer = Printer(names | {TIME: MOMENT})
        start = len(self.item.pre)
        expressions = [regularise(e)[0] for e in self.item.post.values()]
        lines = printer.block([f"r{start + i}" for i in range(len(expressions))], expressions) if expressions else []
        return list(lines), printer.functions

    def _place(self) -> list[str]:
        return [
            "t = uint64(target[p]) + shift",
            f"j = (t >> uint64(6)) * stride + (t & uint64({BLOCK_WIDTH - 1}))",
        ]

    def _changed(
        self, changes: Mapping[str, sp.Expr], others: Mapping[str, sp.Expr] | None = None
    ) -> tuple[list[str], set[str]]:
        """Return the lines that change and clip states, and that assign ``others``, by the names in the code."""
        wanted = dict(others or {})
        places = {n: self.item.states.index(n) for n in changes}
        wanted |= {f"n{places[n]}": e for n, e in changes.items()}
        limits = []
        for name, bounds in self.item.clip.items():
            for word, sign, bound in (("low", "<", bounds[0]), ("high", ">", bounds[1])):
                if name in places and bound not in (sp.oo, -sp.oo):
                    new, limit = f"n{places[name]}", f"{word}{places[name]}"
                    wanted[limit] = bound
                    limits.append(f"{new} = {limit} if {new} {sign} {limit} else {new}")  # NaN stays
        lines, used = self._assign(list(wanted), list(wanted.values()))
        return [*lines, *limits, *(f"state{i}[p] = n{i}" for i in places.values())], used

    # -- operations ----------------------------------------------------------------------------------------------------

    def _arrive(self) -> tuple[Function, set[str]]:
        layout, item = self.layout, self.item
        reads, used = self._post_reads()
        lines = [*self._place(), *self._loads(), *reads]
        if item.delivers:
            given, functions = self._assign([f"d{i}" for i in range(len(item.delivers))], [e for _, e in item.delivers])
            lines, used = [*lines, *given], used | functions
            for i, blocked in enumerate(layout.blocked):
                lines.append(f"out{i}[{'j' if blocked else 'slot + t'}] += d{i}")
        changed, functions = self._changed(item.on_pre)
        lines, used = [*lines, *changed], used | functions
        spike = [f"r{i} = amounts[uint64({i} * width + q)]" for i in range(len(item.pre))]
        spike += ["low, high = uint64(first[uint64(cell)]), uint64(last[uint64(cell)])"]
        if layout.delays:
            spike.append("high = first_at_least(delay, low, high, late + 1)")
            spike.append("low = first_at_least(delay, low, high, late)")
        body = [
            *self._common(INDICES[layout.index]),
            *([f"delay = {DELAYS[layout.delays]}(a[{At.DELAYS:d}])"] if layout.delays else []),
            f"amounts = floats_at(a[{At.AMOUNTS:d}])",
            f"outs = integers_at(a[{At.OUTS:d}])",
            *(f"out{i} = floats_at(outs[uint64({i})])" for i in range(len(item.delivers))),
            f"slot = uint64(k % a[{At.OUT_SLOTS:d}] * a[{At.OUT_STRIDE:d}])",
            f"distinct = integers_at(a[{At.DISTINCT:d}])",
            f"length = a[{At.ENDS_LENGTH:d}]",
            f"for m in range(a[{At.N_DISTINCT:d}]):",
            "    late = distinct[uint64(m)]",
            "    for q in range(ends[uint64((k - late - 1) % length)], ends[uint64((k - late) % length)]):",
            f"        cell = (log[uint64(q)] & {(1 << CELL_BITS) - 1}) - origin",
            f"        if (cell >= 0) & (cell < a[{At.SOURCE_CELLS:d}]):",
            *(f"            {line}" for line in spike),
            "            for p in range(low, high):",
            *(f"                {line}" for line in lines),
        ]
        return Function(name="arrive", arguments="", body=tuple(body)), used

    def _common(self, view: str) -> list[str]:
        return [
            *self._arrays(),
            f"log = integers_at(a[{At.LOG:d}])",
            f"ends = integers_at(a[{At.ENDS:d}])",
            f"first, last = integers_at(a[{At.FIRST:d}]), integers_at(a[{At.LAST:d}])",
            f"target = {view}(a[{At.TARGET:d}])",
            f"y = floats_at(a[{At.Y:d}])",
            f"b = floats_at(a[{At.NUMBERS:d}])",
            f"live = floats_at(a[{At.LIVE:d}])",
            f"shift, stride = uint64(a[{At.TARGET_FIRST:d}]), uint64(a[{At.BLOCK_STRIDE:d}])",
            f"rows = floats_at(a[{At.ROWS:d}])",
            f"slots, distance, lag = a[{At.SLOTS:d}], a[{At.ROW_STRIDE:d}], a[{At.LAG:d}]",
            f"origin, width = a[{At.SOURCE_FIRST:d}], a[{At.AMOUNT_STRIDE:d}]",
            *([] if self.layout.delays else self._row_starts("lag")),
        ]

    def _row_starts(self, late: str) -> list[str]:
        """Return the lines that find the rows of the source that are read, as they were a delay ago."""
        places = [f"({i} * (slots + 1) + (k - {late}) % slots) * distance + origin" for i in range(len(self.item.pre))]
        return [f"begin{i} = uint64({place})" for i, place in enumerate(places)]

    def _row_reads(self, source: str) -> list[str]:
        """Return the lines that read the source from the ring of its rows, a delay ago."""
        starts = self._row_starts("(lag + int64(delay[p]))") if self.layout.delays else []
        return [*starts, *(f"r{i} = rows[begin{i} + {source}]" for i in range(len(self.item.pre)))]

    def _answer(self) -> tuple[Function, set[str]]:
        item, layout = self.item, self.layout
        start = len(item.pre)
        changed, used = self._changed(item.on_post)
        body = [
            *self._common(INDICES[layout.sources]),
            *([f"delay = {DELAYS[layout.delays]}(a[{At.DELAYS:d}])"] if layout.delays else []),
            f"amounts = floats_at(a[{At.AMOUNTS:d}])",
            f"edge = words_at(a[{At.EDGE:d}])",
            f"length = a[{At.ENDS_LENGTH:d}]",
            "for q in range(ends[uint64((k - 1) % length)], ends[uint64(k % length)]):",
            f"    cell = (log[uint64(q)] & {(1 << CELL_BITS) - 1}) - a[{At.TARGET_FIRST:d}]",
            f"    if (cell >= 0) & (cell < a[{At.TARGET_CELLS:d}]):",
            *(f"        r{start + i} = amounts[uint64({i} * width + q)]" for i in range(len(item.post))),
            "        for m in range(uint64(first[uint64(cell)]), uint64(last[uint64(cell)])):",
            "            p = uint64(edge[m])",
            *(f"            {line}" for line in (*self._row_reads("uint64(target[m])"), *self._loads(), *changed)),
        ]
        return Function(name="answer", arguments="", body=tuple(body)), used

    def _total(self) -> tuple[Function, set[str]]:
        """Write the operation that sums what targets receive, from the states at the beginning of a step."""
        item = self.item
        lines, used = self._assign([f"d{i}" for i in range(len(item.sums))], [e for _, e in item.sums])
        lines = [*lines, *(f"out{i}[uint64(target[p])] += d{i}" for i in range(len(item.sums)))]
        before = [f"outs = integers_at(a[{At.OUTS:d}])"]
        for i in range(len(item.sums)):
            before += [f"out{i} = floats_at(outs[uint64({i})])", f"for i in range(a[{At.TARGET_CELLS:d}]):"]
            before.append(f"    out{i}[uint64(i)] = 0.0")
        return self._over_edges("total", before, lines, used)

    def _advance(self) -> tuple[Function, set[str]]:
        """Write the operation that advances the states by a step."""
        after = zip(self.item.states, self.cell.after, strict=True)
        lines, used = self._changed({n: e for n, e in after if n in self.item.rates})
        return self._over_edges("advance", [], lines, used)

    def _over_edges(
        self, name: str, before: list[str], lines: list[str], used: set[str]
    ) -> tuple[Function, set[str]]:
        """Return an operation on every edge, with all that is read of its cells."""
        reads, functions = self._post_reads()
        inner = [*self._place(), *self._row_reads("uint64(cell)"), *self._loads(), *reads, *lines]
        body = [
            *self._common(INDICES[self.layout.index]),
            *([f"delay = {DELAYS[self.layout.delays]}(a[{At.DELAYS:d}])"] if self.layout.delays else []),
            *before,
            f"for cell in range(a[{At.SOURCE_CELLS:d}]):",
            "    for p in range(uint64(first[uint64(cell)]), uint64(last[uint64(cell)])):",
            *(f"        {line}" for line in inner),
        ]
        return Function(name=name, arguments="", body=tuple(body)), used | functions
