"""In which order the continuous influences of a moment are evaluated: what is read stands before what reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sympy as sp

from dynana.definition.assembly import Assembly, Cells
from dynana.simulation.network_routes import Received, Route
from dynana.simulation.network_synapses import SynapseArrays

#: Kinds of what is done: outputs of a population are written, states of edges are summed, a parameter is added up.
OUTPUTS, SUMS, GATHER = "outputs", "sums", "gather"

Key = tuple[int, str]


def order(
    assembly: Assembly, routes: Sequence[Route], received: Mapping[Key, Received], staged: Mapping[int, SynapseArrays]
) -> list[tuple[str, int, Any]]:
    """Return what is to be done at a moment.

    Parameters
    ----------
    assembly : Assembly
        Without algebraic loops.
    routes : sequence of Route
        Of the links.
    received : mapping of (population, parameter) to Received
    staged : mapping of int to SynapseArrays
        Edges with states that are summed in between; others have been summed before.

    Returns
    -------
    list of tuple
        (OUTPUTS, population, numbers of outputs that follow each other), (SUMS, number of the synapses, None) and
        (GATHER, population, parameter).
    """
    work = _Work(assembly, routes, received, staged)
    used = {assembly.links[s.link].source.population for s in assembly.streams}
    outputs = {(i, n): work.changing(i, [e]) for i in sorted(used) for n, e in enumerate(work.outputs(i))}
    sums = {i: work.read_by(s) for i, s in staged.items() if s.item.sums}
    waiting = {key: work.made_of(key) for key in received}
    done: list[tuple[str, int, Any]] = []
    while outputs or sums or waiting:
        ready = [place for place, reads in outputs.items() if not reads & set(waiting)]
        added = [i for i, reads in sums.items() if not reads & set(waiting)]
        outputs = {place: reads for place, reads in outputs.items() if place not in ready}
        sums = {i: reads for i, reads in sums.items() if i not in added}
        whole = [key for key, needs in waiting.items() if not needs & {*outputs, *sums}]
        waiting = {key: needs for key, needs in waiting.items() if key not in whole}
        assert ready or added or whole, "a loop"
        done += [(OUTPUTS, *run) for run in _runs(ready)]
        done += [(SUMS, i, None) for i in added]
        done += [(GATHER, *key) for key in whole]
    return done


class _Work:
    """What reads what at the same moment."""

    def __init__(
        self,
        assembly: Assembly,
        routes: Sequence[Route],
        received: Mapping[Key, Received],
        staged: Mapping[int, SynapseArrays],
    ) -> None:
        self.assembly, self.routes, self.received, self.staged = assembly, routes, received, staged

    def outputs(self, i: int) -> tuple[sp.Expr, ...]:
        """Return the outputs of a population."""
        cells = self.assembly.populations[i]
        return cells.outputs if isinstance(cells, Cells) else ()

    def changing(self, i: int, expressions: Iterable[sp.Expr]) -> set[Key]:
        """Return the parameters of a population that change during the run and are read."""
        return {(i, s.name) for e in expressions for s in e.free_symbols if (i, s.name) in self.received}

    def made_of(self, key: Key) -> set[Any]:
        """Return the outputs and the sums over edges that a parameter is made of at the same moment."""
        what = self.received[key]
        found: set[Any] = {i for i, _ in what.sums if i in self.staged}
        for stream in (self.assembly.streams[n] for n in what.streams):
            if self._at_once(stream.link):
                found.add((self.assembly.links[stream.link].source.population, stream.output))
        return found

    def read_by(self, synapses: SynapseArrays) -> set[Key]:
        """Return the parameters that change during the run and that the sums over edges read at the same moment."""
        item, link = synapses.item, synapses.link
        used = {s.name for _, e in item.sums for s in e.free_symbols}
        found = self.changing(link.target.population, [e for n, e in item.post.items() if n in used])
        if self._at_once(item.link):
            found |= self.changing(link.source.population, [e for n, e in item.pre.items() if n in used])
        return found

    def _at_once(self, link: int) -> bool:
        """Return whether a link has edges without a delay."""
        route = self.routes[link]
        return route.delay == 0 if route.edges is None or route.edges.delay is None else True


def _runs(places: Sequence[tuple[int, int]]) -> list[tuple[int, tuple[int, ...]]]:
    """Return outputs of one population that follow each other together."""
    runs: list[tuple[int, tuple[int, ...]]] = []
    for i, n in places:
        if runs and runs[-1][0] == i and runs[-1][1][-1] == n - 1:
            runs[-1] = (i, (*runs[-1][1], n))
        else:
            runs.append((i, (n,)))
    return runs
