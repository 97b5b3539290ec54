"""What reaches and leaves each population of an `Assembly`, found out before any array is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynana.definition.assembly import Assembly, Cells, Link, PerSynapse, Trains
from dynana.simulation.connectivity import delay_steps
from dynana.simulation.edges import Edges
from dynana.simulation.network_population import Traffic


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The edges of a link as they are simulated.

    Attributes
    ----------
    edges : Edges, optional
        None for all to all, where nothing differs between the edges.
    delay : int
        Steps, where all edges have the same delay; else 0.
    longest : int
        Largest delay in steps.
    self : int
        All to all without the cell itself: number of source 0 in the target's population; -1 with the cell itself.
    """

    edges: Edges | None
    delay: int
    longest: int
    self: int = -1


def route_of(link: Link, edges: Edges | None, dt: float) -> Route:
    """Return how the events of a link travel."""
    if edges is not None and edges.delay is not None:
        return Route(edges, 0, int(edges.delay.max(initial=0)))
    steps = delay_steps(link.name, float(link.delay), dt)
    same = link.source.population == link.target.population
    own = edges is None and same and link.connect is not None and not link.connect.autapses
    return Route(edges, steps, steps, link.source.first if own else -1)


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What a parameter of a population receives during the run: positions in the lists of the assembly."""

    streams: tuple[int, ...]
    drives: tuple[int, ...]
    sums: tuple[tuple[int, int], ...]
    live: bool
    """Whether it stays the same for all cells."""


def received(assembly: Assembly, routes: Sequence[Route], population: int) -> dict[str, Received]:
    """Return for each parameter that changes during the run what it receives."""
    cells = assembly.populations[population]
    assert isinstance(cells, Cells)
    found: dict[str, Received] = {}
    names = [s.parameter for s in assembly.streams if assembly.links[s.link].target.population == population]
    names += [d.parameter for d in assembly.drives if d.target.population == population]
    names += [n for s in assembly.synapses if _target(assembly, s) == population for n, _ in s.sums]
    for name in dict.fromkeys(names):
        streams = [
            i
            for i, s in enumerate(assembly.streams)
            if s.parameter == name and assembly.links[s.link].target.population == population
        ]
        drives = [i for i, d in enumerate(assembly.drives) if d.parameter == name and d.target.population == population]
        sums = [
            (i, j)
            for i, s in enumerate(assembly.synapses)
            if _target(assembly, s) == population
            for j, (n, _) in enumerate(s.sums)
            if n == name
        ]
        parts = [assembly.links[assembly.streams[i].link].target for i in streams]
        parts += [assembly.drives[i].target for i in drives]
        live = (
            not sums
            and all(p.size == cells.size for p in parts)
            and all(
                routes[assembly.streams[i].link].edges is None and routes[assembly.streams[i].link].self < 0
                for i in streams
            )
            and all(getattr(assembly.drives[i].course, "n_cells", None) is None for i in drives)
            and np.ndim(cells.values.get(name, 0.0)) == 0
        )
        found[name] = Received(tuple(streams), tuple(drives), tuple(sums), live)
    return found


def _target(assembly: Assembly, synapse: PerSynapse) -> int:
    return assembly.links[synapse.link].target.population


def traffic_of(assembly: Assembly, routes: Sequence[Route], population: int) -> Traffic:
    """Return what reaches and leaves a population."""
    events = [(e.link, e.state) for e in assembly.events]
    events += [(s.link, state) for s in assembly.synapses for state, _ in s.delivers]
    here = [(link, state) for link, state in events if assembly.links[link].target.population == population]
    ringed = [(link, state) for link, state in here if is_ringed(routes[link])]
    sent = [routes[link] for link, _ in events if assembly.links[link].source.population == population]
    late = [routes[s.link].longest for s in assembly.synapses if assembly.links[s.link].source.population == population]
    changing = {}
    if not isinstance(assembly.populations[population], Trains):
        changing = received(assembly, routes, population)
    return Traffic(
        targets=frozenset(
            [state for _, state in here] + [p.state for p in assembly.poisson if p.target.population == population]
        ),
        ringed=frozenset(state for _, state in ringed),
        written=frozenset(n for n, r in changing.items() if not r.live),
        live=tuple(n for n, r in changing.items() if r.live),
        delay=max([*(r.delay for r in sent), *late], default=0),
        longest=max([*(r.longest for r in sent), *late], default=0),
        slots=1 + max((routes[link].longest for link, _ in ringed), default=0),
    )


def is_ringed(route: Route) -> bool:
    """Return whether events with different delays go through a ring of arrivals."""
    return route.edges is not None and route.edges.delay is not None
