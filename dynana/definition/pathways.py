"""Where each projection of a network goes: states to cells, events and streams along edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp

from dynana.definition import assembly as machine
from dynana.definition.assembly import Link, PerSynapse, Stream
from dynana.definition.augmented import Augmented
from dynana.definition.population import Group, Population, Source, span_of, whole_of
from dynana.definition.projection import Projection
from dynana.definition.separation import POST, PRE, Term, dependence, separate
from dynana.definition.sharing import PER_POST, PER_PRE, PER_SYNAPSE, SUM, Sharing
from dynana.definition.spaces import Space
from dynana.definition.synapse_parts import SINCE_SPIKE, split
from dynana.definition.tracing import symbol
from dynana.errors import ModelError

ONE = sp.Integer(1)


class Collection:
    """What has been collected of a network: cells with what was added to them, and pathways between them.

    Attributes
    ----------
    cells : dict of str to Augmented
        By name of the population.
    sharings : dict of str to Sharing
        By name of the projection.
    links : list of Link
    events : list of (link, population, state, weight, amount)
    streams : list of Stream
    synapses : list of (PerSynapse, population, list of (state, amount))
    """

    def __init__(self, populations: Sequence[Population | Source]) -> None:
        self.populations = tuple(populations)
        self.cells = {p.name: Augmented(p.system) for p in populations if isinstance(p, Population)}
        self.sharings: dict[str, Sharing] = {}
        self.links: list[Link] = []
        self.events: list[tuple[int, str, str, sp.Expr, sp.Expr | None]] = []
        self.streams: list[Stream] = []
        self.synapses: list[tuple[PerSynapse, str, list[tuple[str, sp.Expr]]]] = []

    def part(self, group: Group) -> machine.Part:
        """Return a group in the terms of the assembly."""
        whole, (first, last) = whole_of(group), span_of(group)
        number = next(k for k, p in enumerate(self.populations) if p is whole)
        return machine.Part(population=number, first=first, last=last)


class Connection:
    """One projection while it is put in place."""

    def __init__(self, work: Collection, projection: Projection, share: bool) -> None:
        self.work, self.link, self.projection, self.share = work, len(work.links), projection, share
        self.synapse = projection.synapse
        self.sharing = work.sharings[projection.name] = Sharing(projection, share)
        self.source = work.cells.get(whole_of(projection.source).name)
        self.target_name = whole_of(projection.target).name
        self.target = work.cells[self.target_name]
        self.values = self.synapse.values | self.sharing.uniform()
        self.start = self.sharing.start_values()
        self.names: dict[str, dict[str, str]] = {PER_PRE: {}, PER_POST: {}, SUM: {}}
        self.delivers: list[tuple[str, sp.Expr]] = []
        self.sums: list[tuple[str, sp.Expr]] = []

    def run(self) -> None:
        """Put the synapse's states, events and influences in place."""
        self._share(PER_PRE)
        self._share(PER_POST)
        self._sum()
        for parameter, expression in self.synapse.into:
            self._into(self.projection.to[parameter], expression)
        self._deltas()
        self._stay()
        self.work.links.append(
            Link(
                name=self.projection.name,
                source=self.work.part(self.projection.source),
                target=self.work.part(self.projection.target),
                connect=self.projection.connect,
                delay=self.projection.delay,
                values={**self.values, **self.sharing.edges},
                places=self._places(),
                periods=None if self._space is None else self._space.periods,
            )
        )

    @property
    def _space(self) -> Space | None:
        return whole_of(self.projection.source).space

    def _places(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the coordinates of sources and targets if both have some."""
        found = []
        for group in (self.projection.source, self.projection.target):
            whole, (first, last) = whole_of(group), span_of(group)
            if whole.space is None:
                return None
            found.append(whole.space.places(whole.size)[first:last])
        return found[0], found[1]

    # -- symbols ---------------------------------------------------------------------------------------------------

    def _placed(self, where: str) -> list[str]:
        return [n for n in self.synapse.states if self.sharing.where(n) == where]

    def _own(self, expression: sp.Expr, side: str) -> sp.Expr:
        """Return an expression with quantities and shared states of one cell in that cell's symbols."""
        cell = self.source if side == PRE else self.target
        put: dict[sp.Basic, sp.Basic] = {}
        for s in expression.free_symbols:
            part = split(s.name)
            if part is not None and part[0] == side:
                assert cell is not None
                name = part[1] if side == PRE else self.projection.to.get(part[1], part[1])
                put[s] = cell.time_since_spike() if part[1] == SINCE_SPIKE else cell.quantity(name)
            where = PER_PRE if side == PRE else PER_POST
            if s.name in self.names[where]:
                put[s] = symbol(self.names[where][s.name])
            if side == POST and s.name in self.names[SUM]:
                put[s] = symbol(self.names[SUM][s.name])
        return expression.xreplace(put)

    def _of_source(self, expression: sp.Expr) -> sp.Expr:
        """Return an expression of the presynaptic cell, parameters of the synapse in it as parameters of that cell."""
        assert self.source is not None
        own = self._own(expression, PRE)
        known = {*self.source.system.symbols, *self.source.values, *self.source.rates}
        used = sorted(s.name for s in own.free_symbols if s.name in self.values and s.name not in known)
        return own.xreplace({symbol(n): symbol(self.source.parameter(n, self.values[n])) for n in used})

    # -- shared states -----------------------------------------------------------------------------------------------

    def _share(self, where: str) -> None:
        """Give the states of one cell to that cell."""
        names = self._placed(where)
        if not names:
            return
        side, cell = (PRE, self.source) if where == PER_PRE else (POST, self.target)
        events = self.synapse.on_pre if where == PER_PRE else self.synapse.on_post
        assert cell is not None
        rates = {n: self._own(self.sharing.rates[n], side) for n in names}
        jumps = {n: self._own(events[n], side) for n in names if n in events}
        self.names[where] = cell.states(rates, self.values, {n: self.start[n] for n in names}, jumps)
        population = whole_of(self.projection.source).name if where == PER_PRE else self.target_name
        self.sharing.names |= {n: (population, self.names[where][n]) for n in names}

    def _sum(self) -> None:
        """Give sums to the target, with the events that raise them."""
        names = self._placed(SUM)
        if not names:
            return
        terms = self._output_terms(names)
        scale = terms[0].edge if len(terms) == 1 else self._varying(terms)
        rates = {n: self._own(self.sharing.rates[n], POST) for n in names}
        events = {n: self._own(self.synapse.on_post[n], POST) for n in names if n in self.synapse.on_post}
        self.names[SUM] = self.target.states(rates, self.values, dict.fromkeys(names, 0.0), events)
        self.sharing.names |= {n: (self.target_name, self.names[SUM][n]) for n in names}
        for name in names:
            if name in self.synapse.on_pre:
                raised = sp.expand(self.synapse.on_pre[name] - symbol(name))
                self._raise(self.names[SUM][name], scale * raised)
        self._scale = scale

    def _output_terms(self, names: list[str]) -> list[Term]:
        found = []
        for _, expression in self.synapse.into:
            if expression.has(*(symbol(n) for n in names)):
                found += [t for t in separate(expression, self.sharing.sides) or () if t.summed != 1]
        return found

    def _varying(self, terms: list[Term]) -> sp.Expr:
        """Return the factor of summed states that differs between synapses."""
        for term in terms:
            factors = sp.Mul.make_args(term.edge)
            return sp.Mul(*(f for f in factors if any(s.name in self.sharing.edges for s in f.free_symbols)))
        return ONE

    def _raise(self, state: str, amount: sp.Expr) -> None:
        """Let each presynaptic spike add an amount to a state of the target."""
        terms = separate(amount, self.sharing.sides)
        stays = {symbol(n) for n in self._placed(PER_SYNAPSE)}
        for term in terms or ():
            if term.post != 1 and term.post.free_symbols:
                terms = None
        if terms is None or amount.free_symbols & stays:
            self.delivers.append((state, amount))
            return
        for term in terms:
            told = None if term.pre == 1 else self._of_source(term.pre)
            self.work.events.append((self.link, self.target_name, state, term.edge * term.post, told))

    # -- influences --------------------------------------------------------------------------------------------------

    def _into(self, parameter: str, expression: sp.Expr) -> None:
        terms = separate(expression, self.sharing.sides)
        stays = {symbol(n) for n in self._placed(PER_SYNAPSE)}
        if terms is None or any(t.edge.free_symbols & stays for t in terms):
            self.sums.append((parameter, expression))
            return
        for term in terms:
            if term.summed != 1:
                left = sp.cancel(term.edge / self._scale) if self._scale != term.edge else ONE
                state = symbol(self.names[SUM][term.summed.name])
                influence = left * self._own(term.post, POST) * state
                key = (
                    "sum",
                    parameter,
                    influence.xreplace({symbol(n): sp.Rational(repr(v)) for n, v in self.values.items()}),
                )
                if self.target.once(key):
                    self.target.add(parameter, influence, self.values)
                continue
            stream = self.target.stream(parameter, self._own(term.post, POST), self.values)
            self._flow(stream, term)

    def _flow(self, stream: str, term: Term) -> None:
        """Let a stream run from an output of the source to a parameter of the target."""
        if self.source is None:
            raise ModelError(
                f"{self.projection.name}: {self.projection.source.name} has spikes, and nothing to read else."
            )
        output = self.source.output(self._of_source(term.pre))
        self.work.streams.append(Stream(link=self.link, output=output, parameter=stream, weight=term.edge))

    def _deltas(self) -> None:
        """Let spikes change states of the target: delta synapses, spikelets."""
        for key, new in self.synapse.on_pre.items():
            part = split(key)
            if part is not None:
                state = self.projection.to[part[1]]
                self._raise(state, sp.expand(new - symbol(key)))

    def _stay(self) -> None:
        """Leave with each synapse what is neither shared nor summed."""
        names = self._placed(PER_SYNAPSE)
        if not (names or self.delivers or self.sums):
            return
        on_pre = {n: e for n, e in self.synapse.on_pre.items() if n in names}
        on_post = {n: e for n, e in self.synapse.on_post.items() if n in names}
        rates = {n: self.sharing.rates[n] for n in names if self.sharing.rates[n] != 0}
        read = [
            *rates.values(),
            *on_pre.values(),
            *on_post.values(),
            *(e for _, e in self.delivers),
            *(e for _, e in self.sums),
        ]
        sides: dict[str, dict[str, sp.Expr]] = {PRE: {}, POST: {}}
        put: dict[sp.Basic, sp.Basic] = {}
        for s in sorted({s for e in read for s in e.free_symbols}, key=str):
            place = self._side_of(s)
            if place is not None:
                name = s.name.replace(".", "_") + "_read"
                sides[place][name] = self._own(s, place)
                put[s] = symbol(name)

        def local(given: Mapping[str, sp.Expr]) -> dict[str, sp.Expr]:
            return {n: e.xreplace(put) for n, e in given.items()}

        item = PerSynapse(
            link=self.link,
            states=tuple(names),
            start={n: self.sharing.edges.get(n, self.start.get(n, 0.0)) for n in names},
            rates=local(rates),
            on_pre=local(on_pre),
            on_post=local(on_post),
            clip={n: self.synapse.clip[n] for n in names if n in self.synapse.clip},
            event_driven=self.share and not self.sums and not rates,
            pre=sides[PRE],
            post=sides[POST],
            sums=tuple((self._sum_parameter(p), e.xreplace(put)) for p, e in self.sums),
        )
        self.work.synapses.append((item, self.target_name, [(n, e.xreplace(put)) for n, e in self.delivers]))

    def _sum_parameter(self, parameter: str) -> str:
        return self.target.stream(parameter, ONE, {})

    def _side_of(self, s: sp.Symbol) -> str | None:
        """Return the cell whose quantity or state a symbol is; None for what belongs to the synapse."""
        if dependence(s, self.sharing.sides) == frozenset({PRE}):
            return PRE
        if dependence(s, self.sharing.sides) == frozenset({POST}):
            return POST
        return None
