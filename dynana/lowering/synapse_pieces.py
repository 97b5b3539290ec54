"""What operations on states of edges are written with: names, loads, reads of the two cells, changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from dynana.definition.assembly import PerSynapse
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.lowering.population_cells import Cell
from dynana.lowering.population_drafts import shared_parts
from dynana.lowering.population_steps import Form
from dynana.lowering.printer import Printer
from dynana.numerics.network_program import Synapses as At
from dynana.numerics.signatures import BLOCK_WIDTH

#: Names in generated code: the time, and the time in steps since the start.
MOMENT, INSTANT = "moment", "instant"


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
        By which states are advanced at every step; with ``rk4`` stage by stage, together with the cells.
    """

    index: int
    sources: int
    delays: int
    values: tuple[str, ...]
    blocked: tuple[bool, ...]
    method: str


@dataclass(frozen=True, eq=False)
class Pieces:
    """A pathway whose operations are being written."""

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

    @property
    def staged(self) -> bool:
        """Whether the states go through the stages of ``rk4``, together with the cells."""
        return self.layout.method == "rk4"

    @cached_property
    def post(self) -> Cell:
        """The target."""
        return Cell(self.target, self.form)

    @cached_property
    def names(self) -> dict[sp.Symbol, str]:
        """Local variables of states, values and reads."""
        reads = (*self.item.pre, *self.item.post)
        names = {symbol(n): f"s{i}" for i, n in enumerate(self.item.states)}
        names |= {symbol(n): f"e{i}" for i, n in enumerate(self.layout.values)}
        return names | {symbol(n): f"r{i}" for i, n in enumerate(reads)}

    def assign(self, targets: Sequence[str], expressions: Sequence[sp.Basic]) -> tuple[list[str], set[str]]:
        """Return the lines that assign expressions to targets, and the functions in them."""
        hoisted = [self.cell.hoist(regularise(e)[0]) for e in expressions]
        shared, reduced = shared_parts(hoisted)
        names = self.names | self.cell.constant_names() | {s: f"x{k}" for k, (s, _) in enumerate(shared)}
        names |= {TIME: MOMENT}
        printer = Printer(names)
        targets = [*(f"x{k}" for k in range(len(shared))), *targets]
        return list(printer.block(targets, [*(e for _, e in shared), *reduced])), printer.functions

    def arrays(self) -> list[str]:
        """Return the lines that load the arrays of the edges."""
        count = len(self.item.states)
        lines = [f"arrays = integers_at(a[{At.ARRAYS:d}])"]
        lines += [f"state{i} = floats_at(arrays[uint64({i})])" for i in range(count)]
        return lines + [f"value{i} = floats_at(arrays[uint64({count + i})])" for i in range(len(self.layout.values))]

    def loads(self) -> list[str]:
        """Return the lines that load the states and values of edge ``p``."""
        lines = [f"s{i} = state{i}[p]" for i in range(len(self.item.states))]
        return lines + [f"e{i} = value{i}[p]" for i in range(len(self.layout.values))]

    def post_reads(self, point: bool = False) -> tuple[list[str], set[str]]:
        """Return the lines that read the target cell ``t``, whose place in the blocks is ``j``.

        With ``point`` they read where ``rk4`` takes the derivatives of that stage, instead of the state.
        """
        target = self.target
        names: dict[sp.Symbol, str] = {}
        first = self.post.first_point if point else 0
        rows = {n: first + i for i, n in enumerate(target.states)}
        rows |= {n: self.post.first_parameter + i for i, n in enumerate(self.form.rows)}
        for n in (*target.states, *target.parameters):
            if n in rows:
                names[symbol(n)] = f"y[j + uint64({BLOCK_WIDTH * rows[n]})]"
            elif n == self.form.clock:
                row = f"y[j + uint64({BLOCK_WIDTH * self.post.clock})]"
                names[symbol(n)] = f"(({INSTANT} - {row}) * c[uint64(1)])"
            elif n in self.form.live:
                names[symbol(n)] = f"live[uint64({self.form.live.index(n)})]"
            else:
                names[symbol(n)] = f"b[uint64({target.parameters.index(n)})]"
        printer = Printer(names | {TIME: MOMENT})
        start = len(self.item.pre)
        expressions = [regularise(e)[0] for e in self.item.post.values()]
        lines = printer.block([f"r{start + i}" for i in range(len(expressions))], expressions) if expressions else []
        return list(lines), printer.functions

    def place(self) -> list[str]:
        """Return the lines that find the target of edge ``p``."""
        return [
            "t = uint64(target[p]) + shift",
            f"j = (t >> uint64(6)) * stride + (t & uint64({BLOCK_WIDTH - 1}))",
        ]

    def limits(self, names: Collection[str]) -> tuple[list[str], dict[str, sp.Expr]]:
        """Return the lines that keep new values of states within their bounds, and the bounds by the names in them."""
        lines, wanted = [], {}
        for name, bounds in self.item.clip.items():
            for word, sign, bound in (("low", "<", bounds[0]), ("high", ">", bounds[1])):
                if name in names and bound not in (sp.oo, -sp.oo):
                    place = self.item.states.index(name)
                    new, limit = f"n{place}", f"{word}{place}"
                    wanted[limit] = bound
                    lines.append(f"{new} = {limit} if {new} {sign} {limit} else {new}")  # NaN stays
        return lines, wanted

    def changed(
        self, changes: Mapping[str, sp.Expr], others: Mapping[str, sp.Expr] | None = None
    ) -> tuple[list[str], set[str]]:
        """Return the lines that change and clip states, and that assign ``others``, by the names in the code."""
        places = {n: self.item.states.index(n) for n in changes}
        limits, bounds = self.limits(places)
        wanted = dict(others or {}) | {f"n{places[n]}": e for n, e in changes.items()} | bounds
        lines, used = self.assign(list(wanted), list(wanted.values()))
        return [*lines, *limits, *(f"state{i}[p] = n{i}" for i in places.values())], used

    def stage(self) -> tuple[list[str], list[str], set[str]]:
        """Return the lines before the edges and of each edge that take a stage of ``rk4``, and the functions in them.

        A stage reads the point at which derivatives are taken (in place of the states) and adds to their weighted sum;
        it writes the next point, and the last one the states. Those three follow the values in the list of arrays.
        """
        moving = [i for i, n in enumerate(self.item.states) if n in self.item.rates]
        limits, bounds = self.limits(self.item.rates)
        rates = {f"n{i}": self.cell.system.derivatives[i] for i in moving}
        lines, used = self.assign([*rates, *bounds], [*rates.values(), *bounds.values()])
        first = len(self.item.states) + len(self.layout.values)
        before = [
            f"stage, h = a[{At.STAGE:d}], c[uint64(2)]",
            "weight = 1.0 if (stage == 0) | (stage == 3) else 2.0",
            "keep = 0.0 if stage == 0 else 1.0",
            "part = 0.0 if stage == 3 else (h if stage == 2 else 0.5 * h)",
            "sixth = h / 6.0 if stage == 3 else 0.0",
        ]
        for k, i in enumerate(moving):
            names = (f"base{i}", f"sum{i}", f"next{i}")
            before += [f"{n} = floats_at(arrays[uint64({first + 3 * k + j})])" for j, n in enumerate(names)]
            lines += [f"g{i} = keep * sum{i}[p] + weight * n{i}", f"sum{i}[p] = g{i}"]
            lines.append(f"n{i} = base{i}[p] + part * n{i} + sixth * g{i}")
        if limits:
            lines += ["if stage == 3:", *(f"    {line}" for line in limits)]
        return before, [*lines, *(f"next{i}[p] = n{i}" for i in moving)], used
