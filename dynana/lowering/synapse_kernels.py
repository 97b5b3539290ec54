"""The generated operations on states that stay with each edge: plastic weights, and everything where nothing is shared.

``arrive``: when a (delayed) spike of the source arrives. ``answer``: when the target spikes, along its incoming edges.
``total``: the sums that targets receive at all times, from states at the beginning of each step; ``advance``: the step
of the states, once what targets receive is known. Where the targets take stages of ``rk4``, both are carried out at
every stage, and then ``advance`` takes that stage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import sympy as sp

from dynana.definition.assembly import PerSynapse
from dynana.definition.system import System
from dynana.lowering import modules
from dynana.lowering.blocks import BLOCK_FUNCTIONS, CONTRACT
from dynana.lowering.delivery_kernels import DELAYS, INDICES
from dynana.lowering.kinds import ELEMENTARY
from dynana.lowering.modules import Function, Source
from dynana.lowering.population_kernels import constants_function
from dynana.lowering.population_steps import Form
from dynana.lowering.synapse_pieces import INSTANT, MOMENT, Layout, Pieces
from dynana.numerics.block_functions import NAMES
from dynana.numerics.network_program import CELL_BITS
from dynana.numerics.network_program import Synapses as At


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
class _Writer(Pieces):
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
                "dynana.numerics.network_program": {"operation"},
                "numpy": {"float64", "int64", "uint64"},
            },
            comment=f"States of edges: {', '.join(self.item.states) or 'none'}; {self.layout!r}.",
        )

    def _with_constants(self, function: Function) -> Function:
        """Return a function that loads the constants it uses; all of them are known now."""
        words = set(re.findall(r"\w+", " ".join(function.body)))
        loads = [f"{c} = c[uint64({c[1:]})]" for c in self.cell.constant_names().values() if c in words]
        head = ["a = integers_at(row)", f"c = floats_at(a[{At.CONSTANTS:d}])", *loads]
        if {MOMENT, INSTANT} & words:  # rates are those of the beginning of a step or stage, events happen at its end
            now = "float64(k)"
            if function.name in ("total", "advance"):
                now = f"float64(k - 1) + 0.5 * ((a[{At.STAGE:d}] + 1) // 2)" if self.staged else "float64(k - 1)"
            head += [f"{INSTANT} = {now}", f"{MOMENT} = c[uint64(0)] + {INSTANT} * c[uint64(1)]"]
        return Function(
            name=function.name,
            arguments="k, row",
            body=(*head, *function.body),
            maker="operation",
            options=CONTRACT,
        )

    # -- operations ----------------------------------------------------------------------------------------------------

    def _arrive(self) -> tuple[Function, set[str]]:
        layout, item = self.layout, self.item
        reads, used = self.post_reads()
        lines = [*self.place(), *self.loads(), *reads]
        if item.delivers:
            given, functions = self.assign([f"d{i}" for i in range(len(item.delivers))], [e for _, e in item.delivers])
            lines, used = [*lines, *given], used | functions
            for i, blocked in enumerate(layout.blocked):
                lines.append(f"out{i}[{'j' if blocked else 'slot + t'}] += d{i}")
        changed, functions = self.changed(item.on_pre)
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
            *self.arrays(),
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
        changed, used = self.changed(item.on_post)
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
            *(f"            {line}" for line in (*self._row_reads("uint64(target[m])"), *self.loads(), *changed)),
        ]
        return Function(name="answer", arguments="", body=tuple(body)), used

    def _total(self) -> tuple[Function, set[str]]:
        """Write the operation that sums what targets receive, from the states at the beginning of a step."""
        item = self.item
        lines, used = self.assign([f"d{i}" for i in range(len(item.sums))], [e for _, e in item.sums])
        lines = [*lines, *(f"out{i}[uint64(target[p])] += d{i}" for i in range(len(item.sums)))]
        before = [f"outs = integers_at(a[{At.OUTS:d}])"]
        for i in range(len(item.sums)):
            before += [f"out{i} = floats_at(outs[uint64({i})])", f"for i in range(a[{At.TARGET_CELLS:d}]):"]
            before.append(f"    out{i}[uint64(i)] = 0.0")
        return self._over_edges("total", before, lines, used)

    def _advance(self) -> tuple[Function, set[str]]:
        """Write the operation that advances the states by a step, or by a stage."""
        if self.staged:
            before, lines, used = self.stage()
            return self._over_edges("advance", before, lines, used)
        after = zip(self.item.states, self.cell.after, strict=True)
        lines, used = self.changed({n: e for n, e in after if n in self.item.rates})
        return self._over_edges("advance", [], lines, used)

    def _over_edges(self, name: str, before: list[str], lines: list[str], used: set[str]) -> tuple[Function, set[str]]:
        """Return an operation on every edge, with all that is read of its cells."""
        reads, functions = self.post_reads(point=self.staged)
        inner = [*self.place(), *self._row_reads("uint64(cell)"), *self.loads(), *reads, *lines]
        body = [
            *self._common(INDICES[self.layout.index]),
            *([f"delay = {DELAYS[self.layout.delays]}(a[{At.DELAYS:d}])"] if self.layout.delays else []),
            *before,
            f"for cell in range(a[{At.SOURCE_CELLS:d}]):",
            "    for p in range(uint64(first[uint64(cell)]), uint64(last[uint64(cell)])):",
            *(f"        {line}" for line in inner),
        ]
        return Function(name=name, arguments="", body=tuple(body)), used | functions
