"""What is to be recorded of a network: from ``record={...}`` to probes, checked against the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.definition.assembly import Assembly, Cells, Part, Trains
from dynana.definition.sharing import PER_SYNAPSE, Sharing
from dynana.errors import unknown
from dynana.simulation.network_rates import RateProbe
from dynana.simulation.network_records import Probe


@dataclass(frozen=True, eq=False)
class Wanted:
    """A quantity to record; made by `record`."""

    name: str
    cells: np.ndarray | None
    every: int
    synapses: np.ndarray | None = None


def record(
    name: str,
    *,
    cells: Sequence[int] | np.ndarray | range | None = None,
    synapses: Sequence[int] | np.ndarray | range | None = None,
    every: int = 1,
) -> Wanted:
    """Say which cells or synapses of a quantity to record, and how often.

    ``record={"E": [dn.record("V", cells=range(10))], "E->E:stdp": [dn.record("w", synapses=[0, 5], every=100)]}``.

    Parameters
    ----------
    name : str
        Of a population: a state, an observable, or a parameter that synapses or inputs change, which is recorded with
        all that was added to it in the step that ended: the total input. Of a projection: a state that stays with each
        synapse, such as a plastic weight.
    cells : sequence of int, optional
        All by default.
    synapses : sequence of int, optional
        For projections: numbers of connections in the order of (source, target), the rows of `edges`. All by default.
    every : int
        Steps between two samples.
    """
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise ValueError(f"record({name!r}): every = {every!r}: expected a whole number of steps, at least 1")
    chosen = [None if given is None else np.asarray(list(given), dtype=np.int64) for given in (cells, synapses)]
    return Wanted(name, chosen[0], int(every), chosen[1])


@dataclass(frozen=True, eq=False)
class WantedRate:
    """The rate of a group of cells; made by `record_rate`."""

    width: float


def record_rate(width: float) -> WantedRate:
    """Say that the rate of a population, or of a part of it, is to be counted while the network runs.

    ``record={"E": [dn.record_rate(1.0)], E[:240]: [dn.record_rate(10.0)]}`` gives ``run.rates["E"]`` and
    ``run.rates["E[0:240]"]``, without a look at single spikes: with ``record_spikes=False`` a run keeps nothing else.

    Parameters
    ----------
    width : float
        Of the bins, in units of time: a multiple of the step. Rates are spikes per cell and second (per unit of time
        where the models state none), not smoothed; `PopulationRate.smoothed` does that afterwards.

    Raises
    ------
    ValueError
        For a width that is not positive.
    """
    if isinstance(width, bool) or not isinstance(width, int | float | np.number) or not 0 < width < np.inf:
        raise ValueError(f"record_rate({width!r}): expected the width of the bins, a positive time")
    return WantedRate(float(width))


def split_rates(
    made: Assembly, wanted: Mapping[Any, Any], part_of: Callable[[Any], Part]
) -> tuple[dict[Any, list[str | Wanted]], list[RateProbe]]:
    """Return what is to be sampled, and the rates that are to be counted.

    Raises
    ------
    ValueError
        For rates of what sends no spikes, or twice.
    """
    samples: dict[Any, list[str | Wanted]] = {}
    rates: list[RateProbe] = []
    for group, given in wanted.items():
        items = list(given) if isinstance(given, list | tuple) else [given]
        for item in items:
            if not isinstance(item, str | Wanted | WantedRate):
                raise TypeError(f"record=: {item!r}: expected a name, dn.record(...) or dn.record_rate(...)")
        samples[group] = [item for item in items if not isinstance(item, WantedRate)]
        widths = [item.width for item in items if isinstance(item, WantedRate)]
        if not widths:
            continue
        part = part_of(group)
        cells = made.populations[part.population]
        if not cells.size or (isinstance(cells, Cells) and not cells.spikes):
            why = "has no spikes of its own" if cells.size else "has a train for each target: give it a size"
            raise ValueError(f"record=: record_rate: {cells.name} {why}")
        if len(widths) > 1:
            raise ValueError(f"record=: the rate of {cells.name} is asked for twice: bins have one width")
        rates.append(RateProbe(part, widths[0]))
        samples = {g: s for g, s in samples.items() if s or g != group}
    return samples, rates


def probes_of(
    made: Assembly,
    sharings: Mapping[str, Sharing],
    wanted: Mapping[Any, Sequence[str | Wanted]],
    part_of: Callable[[Any], Part],
) -> list[Probe]:
    """Return what is to be sampled.

    Parameters
    ----------
    made : Assembly
    sharings : mapping of projection to Sharing
    wanted : mapping of population or projection to quantities
    part_of : callable
        Returns the cells that a population, its name, or a part of it is.

    Raises
    ------
    ValueError
        For unknown names and numbers, and for synaptic states that do not stay with each synapse.
    """
    probes: list[Probe] = []
    for group, names in wanted.items():
        items = [
            n if isinstance(n, Wanted) else record(n) for n in ([names] if isinstance(names, str | Wanted) else names)
        ]
        if isinstance(group, str) and group in sharings:
            number = next(k for k, link in enumerate(made.links) if link.name == group)
            probes += [_of_synapses(sharings[group], group, number, asked) for asked in items]
            continue
        part = part_of(group)
        cells = made.populations[part.population]
        if isinstance(cells, Trains):
            raise ValueError(f"record=: {cells.name} has spikes only, and these are always recorded")
        probes += [_of_cells(cells, part, asked) for asked in items]
    seen: set[tuple[int, int, str]] = set()
    for probe in probes:
        key = (probe.population, probe.link, probe.name)
        if key in seen:
            owner = made.links[probe.link] if probe.link >= 0 else made.populations[probe.population]
            raise ValueError(f"record=: {probe.name!r} of {owner.name} is asked for twice: give all its cells= at once")
        seen.add(key)
    return probes


def _of_cells(cells: Cells, part: Part, asked: Wanted) -> Probe:
    name, chosen = asked.name, asked.cells
    known = (*cells.system.states, *cells.system.observables, *cells.streams, *cells.totals)
    if asked.synapses is not None:
        raise ValueError(f"record=: {name!r} of {cells.name}: synapses= is for projections; say which cells= are meant")
    if name not in known and name not in cells.system.parameters:
        raise ValueError(f"record=: {cells.name}: {unknown('quantity', name, known)}")
    if chosen is not None and chosen.size and (chosen.min() < 0 or chosen.max() >= part.size):
        raise ValueError(
            f"record=: {name!r}: cells {chosen.min()} to {chosen.max()} of {part.size}: they are numbered from 0"
        )
    if chosen is None and part.size < cells.size:
        chosen = np.arange(part.size)
    shifted = None if chosen is None else chosen + part.first
    return Probe(population=part.population, name=name, cells=shifted, every=asked.every)


def _of_synapses(sharing: Sharing, projection: str, number: int, asked: Wanted) -> Probe:
    name = asked.name
    if asked.cells is not None:
        raise ValueError(f"record=: {name!r} of {projection}: cells= is for populations; say which synapses= are meant")
    if name not in sharing.placements:
        raise ValueError(f"record=: {projection}: {unknown('state', name, sharing.placements)}")
    if sharing.where(name) != PER_SYNAPSE:
        population, own = sharing.names[name]
        raise ValueError(
            f"record=: {name!r} of {projection} lives with {population}, where it is called {own!r}: "
            f"record={{{population!r}: [{own!r}]}}. With share=False it stays with each synapse"
        )
    return Probe(-1, name, asked.synapses, asked.every, link=number)
