"""From a Network to an Assembly: every state of every synapse gets its place, every influence its pathway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import sympy as sp

from dynana.definition.assembly import Assembly, Cells, Event, PerSynapse, Stream, Trains
from dynana.definition.pathways import Collection, Connection
from dynana.definition.population import Population, Source, whole_of
from dynana.definition.sharing import Sharing, varies
from dynana.errors import ModelError

if TYPE_CHECKING:
    from dynana.definition.network import Network

#: What acts at all times: a stream, or edges with states that are summed.
Influence: TypeAlias = Stream | PerSynapse


def assembled(network: Network, *, share: bool = True) -> tuple[Assembly, dict[str, Sharing]]:
    """Return the network as populations of augmented cells and pathways, and what was decided for each projection.

    Parameters
    ----------
    network : Network
    share : bool
        False leaves all states with their synapses, updated at every step: what the sharing is tested against.

    Raises
    ------
    ModelError
        For streams that depend on each other in a circle without a delay.
    """
    work = Collection(network.populations)
    for projection in network.projections:
        Connection(work, projection, share).run()
    return _Finish(network, work).assembly(), work.sharings


class _Finish:
    """From what was collected to systems and numbers."""

    def __init__(self, network: Network, work: Collection) -> None:
        self.network, self.work = network, work

    def assembly(self) -> Assembly:
        """Return the assembly."""
        made = {name: cell.made() for name, cell in self.work.cells.items()}
        populations = tuple(self._cells(p, made) for p in self.network.populations)
        index = {name: {n: k for k, n in enumerate(system.states)} for name, system in made.items()}
        events = []
        for link, target, state, weight, amount in self.work.events:
            source = whole_of(self.network.projections[link].source)
            put = self.work.cells[source.name].put() if source.name in self.work.cells else {}
            told = None if amount is None else amount.xreplace(put)
            events.append(Event(link=link, state=index[target][state], weight=weight, amount=told))
        synapses = []
        for item, target, delivers in self.work.synapses:
            rows = tuple((index[target][state], e) for state, e in delivers)
            sender = whole_of(self.network.projections[item.link].source).name
            synapses.append(
                replace(item, delivers=rows, pre=self._whole(sender, item.pre), post=self._whole(target, item.post))
            )
        return Assembly(
            populations=populations,
            links=tuple(self.work.links),
            events=tuple(events),
            streams=tuple(self._ordered()),
            synapses=tuple(synapses),
            time=self.network.time,
        )

    def _whole(self, population: str, reads: Mapping[str, sp.Expr]) -> dict[str, sp.Expr]:
        """Return what is read of a cell with everything that is added to its parameters."""
        put = self.work.cells[population].put() if population in self.work.cells else {}
        return {n: e.xreplace(put) for n, e in reads.items()}

    def _cells(self, population: Population | Source, made: Mapping[str, Any]) -> Any:
        if isinstance(population, Source):
            return Trains(
                name=population.name,
                size=population.size,
                rate=population.rate,
                times=population.times,
                cells=population.cells,
            )
        cell, system = self.work.cells[population.name], made[population.name]
        return Cells(
            name=population.name,
            size=population.size,
            system=system,
            own=len(population.system.states),
            spikes=tuple(range(len(population.system.jumps))),
            values={**system.values, **population.at},
            start={**dict(system.given_initial), **population.start},
            streams=tuple(cell.streams),
            outputs=tuple(e.xreplace(cell.put()) for e in cell.outputs),
            totals={str(s): e for s, e in cell.put().items()},
            clock=cell.clock,
        )

    def _ordered(self) -> list[Stream]:
        """Return the streams in an order in which they can be evaluated: what an output reads comes before it.

        Sums over the edges of a projection are evaluated among them.
        """
        waiting: list[Influence] = [*self.work.streams, *(item for item, _, _ in self.work.synapses if item.sums)]
        done: list[Stream] = []
        while waiting:
            open_ = {place for item in waiting for place in self._targets(item)}
            ready = [item for item in waiting if not self._reads(item) & open_]
            if not ready:
                names = ", ".join(sorted({self.work.links[item.link].name for item in waiting}))
                raise ModelError(
                    f"an algebraic loop: what {names} add to their targets depends on itself at the same moment. Give "
                    "one of them a delay, or make one of the quantities a state."
                )
            done += [item for item in ready if isinstance(item, Stream)]
            waiting = [item for item in waiting if item not in ready]
        return done

    def _targets(self, item: Influence) -> list[tuple[int, str]]:
        population = self.work.links[item.link].target.population
        names = [item.parameter] if isinstance(item, Stream) else [n for n, _ in item.sums]
        return [(population, n) for n in names]

    def _reads(self, item: Influence) -> set[tuple[int, str]]:
        """Return the stream parameters that an influence reads at the same moment."""
        link = self.work.links[item.link]
        source, target = (self.network.populations[part.population] for part in (link.source, link.target))
        late = varies(link.delay) or link.delay != 0.0
        if isinstance(item, Stream):
            return set() if late else self._streams(source.name, [self.work.cells[source.name].outputs[item.output]])
        used = {s.name for _, e in item.sums for s in e.free_symbols}
        found = self._streams(target.name, [e for n, e in item.post.items() if n in used])
        pre = [] if late else [e for n, e in item.pre.items() if n in used]
        return found | (self._streams(source.name, pre) if pre else set())

    def _streams(self, population: str, expressions: Iterable[sp.Expr]) -> set[tuple[int, str]]:
        """Return the stream parameters of a population that expressions of its cells read."""
        cell = self.work.cells[population]
        number = next(k for k, p in enumerate(self.network.populations) if p.name == population)
        read = {s.name for e in expressions for s in e.xreplace(cell.put()).free_symbols}
        return {(number, n) for n in read if n in cell.streams}
