"""Hand-made assemblies for the tests of the network runtime."""

from __future__ import annotations

import numpy as np
import sympy as sp

from dynana.definition.assembly import Assembly, Cells, Event, Link, Part
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.simulation.edges import Edges, index_type


def names(text: str) -> list[sp.Symbol]:
    return [sp.Symbol(n, real=True) for n in text.split()]


def cuba_cell() -> System:
    """Leaky integrate-and-fire cell with two exponential currents (Brette et al. 2007, benchmark 2, in mV)."""
    v, ge, gi, rest, tau, tau_e, tau_i = names("v ge gi rest tau tau_e tau_i")
    threshold, reset, hold = names("threshold reset hold")
    return System(
        {v: (ge + gi - (v - rest)) / tau, ge: -ge / tau_e, gi: -gi / tau_i},
        {"rest": -49, "tau": 20, "tau_e": 5, "tau_i": 10, "threshold": -50, "reset": -60, "hold": 5},
        initial={"v": -60},
        jumps=[Jump(when=v > threshold, to={v: reset}, refractory=hold, name="spike")],
        name="cuba",
        time="ms",
    )


def one(system: System, size: int = 1, name: str = "E", **options) -> Cells:
    """A population of cells that all send spikes."""
    spikes = tuple(range(len(system.jumps)))
    given = {"values": {}, "start": {}, **options}
    return Cells(name=name, size=size, system=system, own=len(system.states), spikes=spikes, **given)


def random_edges(rng: np.random.Generator, sources: int, targets: int, p: float, **values) -> Edges:
    """Edges drawn with a probability; values are functions of the number of edges."""
    rows = [np.flatnonzero(rng.random(targets) < p) for _ in range(sources)]
    first = np.concatenate(([0], np.cumsum([r.size for r in rows]))).astype(np.int64)
    target = np.concatenate(rows).astype(index_type(targets))
    return Edges(first, target, None, {n: f(target.size) for n, f in values.items()})


def part(population: int, first: int, last: int) -> Part:
    return Part(population=population, first=first, last=last)


def cuba(n_e: int = 320, n_i: int = 80, p: float = 0.1, seed: int = 1, delay: float = 0.0):
    """The network of benchmark 2 at a tenth of its size, with ten times the weights' probability."""
    rng = np.random.default_rng(seed)
    cell = cuba_cell()
    sizes = (n_e, n_i)
    populations = tuple(
        one(cell, n, name, start={"v": -60 + 10 * rng.random(n)}) for n, name in zip(sizes, "EI", strict=True)
    )
    links, events, edges = [], [], []
    for i in range(2):
        for j in range(2):
            edges.append(random_edges(rng, sizes[i], sizes[j], p))
            name = f"{'EI'[i]}->{'EI'[j]}"
            links.append(Link(name=name, source=part(i, 0, sizes[i]), target=part(j, 0, sizes[j]), delay=delay))
            weight = sp.Rational(324, 100) if i == 0 else sp.Integer(-18)
            events.append(Event(link=len(links) - 1, state=1 + i, weight=weight))
    return Assembly(populations=populations, links=tuple(links), events=tuple(events), time="ms"), edges
