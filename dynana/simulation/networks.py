"""`simulate` for networks: from the description and what is wanted to a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.assembling import assembled
from dynana.definition.assembly import Assembly, Cells, Drive, Part, Trains
from dynana.definition.network import Network
from dynana.definition.population import Part as Slice
from dynana.definition.population import Population, span_of, whole_of
from dynana.definition.sharing import PER_SYNAPSE, Sharing
from dynana.definition.tracing import symbol
from dynana.errors import DynanaWarning, unknown
from dynana.numerics.random import choose_seed
from dynana.results.recording import NetworkState, Recording
from dynana.simulation.course import Input, check_cover
from dynana.simulation.drawing import child_seed
from dynana.simulation.network_records import Probe
from dynana.simulation.network_run import run_assembly
from dynana.simulation.network_values import connected, realised

#: Integrators of populations.
METHODS = ("auto", "exact", "exponential_euler", "rk4", "euler")
#: Explicit methods, whose step must be shorter than the fastest time constant.
EXPLICIT = ("rk4", "euler")
#: How far, relative to a step, the end of a run may be from the grid.
GRID_SLACK = 1e-6

Group = str | Population | Slice


@dataclass(frozen=True, eq=False)
class Wanted:
    """A quantity to record; made by `record`."""

    name: str
    cells: np.ndarray | None
    every: int


def record(name: str, *, cells: Sequence[int] | np.ndarray | range | None = None, every: int = 1) -> Wanted:
    """Say which cells of a quantity to record, and how often: ``record={"E": [dn.record("g_e", cells=range(10))]}``.

    Parameters
    ----------
    name : str
        A state, an observable, or a parameter that changes during the run.
    cells : sequence of int, optional
        All by default.
    every : int
        Steps between two samples.
    """
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise ValueError(f"record({name!r}): every = {every!r}: expected a whole number of steps, at least 1")
    chosen = None if cells is None else np.asarray(list(cells), dtype=np.int64)
    return Wanted(name, chosen, int(every))


def simulate_network(
    network: Network,
    span: tuple[float, float],
    dt: float | None,
    *,
    method: str | Mapping[str, str] = "auto",
    start: NetworkState | None = None,
    inputs: Mapping[Any, Mapping[str, Any]] | None = None,
    wanted: Mapping[Any, Sequence[str | Wanted]] | None = None,
    seed: int | None = None,
    share: bool = True,
    between: Callable[[float], bool | None] | None = None,
    progress: bool | None = None,
) -> Recording:
    """Simulate a network; see `dynana.simulate` for the arguments."""
    if dt is None:
        raise ValueError(f"{network.name}: give dt=, the time step of the network")
    steps = round((span[1] - span[0]) / dt)
    if steps < 1 or abs((span[1] - span[0]) / dt - steps) > GRID_SLACK:
        raise ValueError(f"{network.name}: the run lasts {span[1] - span[0]:g}, which is not a multiple of dt = {dt:g}")
    if start is not None and not isinstance(start, NetworkState):
        raise TypeError(f"start= goes on from another run: start=run.final, got {type(start).__name__}")
    number = start.seed if start is not None else choose_seed(seed)
    if start is not None and seed is not None:
        raise ValueError("seed= has no effect with start=: a run that goes on keeps the seed of the first one")
    made, sharings = assembled(network, share=share)
    made = _with_methods(made, method)
    made = replace(made, drives=tuple(_drives(network, made, inputs or {}, span)))
    made = realised(made, child_seed(number, "cells"))
    edges = connected(made, dt, child_seed(number, "edges"))
    _warn_of_long_steps(made, dt)
    return run_assembly(
        made,
        edges,
        steps,
        dt,
        start=span[0] if start is None else start,
        seed=number,
        probes=_probes(network, made, sharings, wanted or {}),
        between=between,
        progress=progress,
        name=network.name,
    )


def _with_methods(made: Assembly, method: str | Mapping[str, str]) -> Assembly:
    names = [c.name for c in made.populations if isinstance(c, Cells)]
    given = dict(method) if isinstance(method, Mapping) else dict.fromkeys(names, method)
    for name, chosen in given.items():
        if name not in names:
            raise ValueError(f"method=: {unknown('population', name, names)}")
        if chosen not in METHODS:
            raise ValueError(unknown("method", chosen, METHODS))
    populations = tuple(
        replace(c, method=given.get(c.name, "auto")) if isinstance(c, Cells) else c for c in made.populations
    )
    return replace(made, populations=populations)


def _group(network: Network, made: Assembly, group: Group, what: str) -> Part:
    """Return the cells that a key of ``inputs`` or ``record`` names."""
    names = [p.name for p in network.populations]
    if isinstance(group, str):
        if group not in names:
            raise ValueError(f"{what}: {unknown('population', group, names)}")
        number = names.index(group)
        return Part(population=number, first=0, last=made.populations[number].size)
    if not isinstance(group, Population | Slice):
        raise TypeError(f"{what}: expected a population or its name, got {group!r}")
    whole, (first, last) = whole_of(group), span_of(group)
    if not any(p.name == whole.name and p.size == whole.size for p in network.populations):  # also of net.at(...)
        raise ValueError(f"{what}: {group.name} is not part of {network.name}")
    return Part(population=names.index(whole.name), first=first, last=last)


def _drives(
    network: Network, made: Assembly, inputs: Mapping[Any, Mapping[str, Any]], span: tuple[float, float]
) -> list[Drive]:
    found = []
    for group, courses in inputs.items():
        part = _group(network, made, group, "inputs=")
        cells = made.populations[part.population]
        if not isinstance(cells, Cells):
            raise ValueError(f"inputs=: {cells.name} sends spikes and has no parameters")
        if not isinstance(courses, Mapping):
            raise TypeError(f"inputs=: expected {{parameter: course}} for {cells.name}, got {courses!r}")
        for name, course in courses.items():
            cells.system.parameter(name)
            if not isinstance(course, Input):
                raise TypeError(
                    f"inputs=: {name!r} of {cells.name} must be made by dn.steps, dn.ramp, dn.pulses, dn.sinusoid or "
                    f"dn.sampled, got {type(course).__name__}; a constant goes into the population's at={{...}}"
                )
            if course.n_cells not in (None, part.size):
                raise ValueError(
                    f"inputs=: {name!r} is given for {course.n_cells} cells, {cells.name} has {part.size} here"
                )
            check_cover(name, course, *span)
            found.append(Drive(target=part, parameter=name, course=course))
    return found


def _probes(
    network: Network, made: Assembly, sharings: Mapping[str, Sharing], wanted: Mapping[Any, Sequence[str | Wanted]]
) -> list[Probe]:
    probes = []
    for group, names in wanted.items():
        if isinstance(group, str) and group in sharings:
            for name in names:
                _refuse_synaptic(sharings[group], group, name.name if isinstance(name, Wanted) else name)
        part = _group(network, made, group, "record=")
        cells = made.populations[part.population]
        if isinstance(cells, Trains):
            raise ValueError(f"record=: {cells.name} has spikes only, and these are always recorded")
        known = (*cells.system.states, *cells.system.observables, *cells.streams)
        for item in [names] if isinstance(names, str | Wanted) else names:
            asked = item if isinstance(item, Wanted) else record(item)
            if asked.name not in known and asked.name not in cells.system.parameters:
                raise ValueError(f"record=: {cells.name}: {unknown('quantity', asked.name, known)}")
            chosen = asked.cells
            if chosen is not None and chosen.size and (chosen.min() < 0 or chosen.max() >= part.size):
                raise ValueError(
                    f"record=: {asked.name!r}: cells {chosen.min()} to {chosen.max()} of {part.size}: they are "
                    "numbered from 0"
                )
            if chosen is None and part.size < cells.size:
                chosen = np.arange(part.size)
            shifted = None if chosen is None else chosen + part.first
            probes.append(Probe(population=part.population, name=asked.name, cells=shifted, every=asked.every))
    return probes


def _refuse_synaptic(sharing: Sharing, projection: str, name: str) -> None:
    """Say where a synaptic state can be recorded."""
    if name not in sharing.placements:
        raise ValueError(f"record=: {projection}: {unknown('state', name, sharing.placements)}")
    if sharing.where(name) == PER_SYNAPSE:
        raise ValueError(
            f"record=: {name!r} stays with each synapse of {projection}: its values are in run.final; record a run in "
            "pieces with between= or start=run.final for its course"
        )
    population, own = sharing.names[name]
    raise ValueError(
        f"record=: {name!r} of {projection} lives with {population}, where it is called {own!r}: "
        f"record={{{population!r}: [{own!r}]}}. With share=False it stays with each synapse"
    )


def _warn_of_long_steps(made: Assembly, dt: float) -> None:
    """Warn where an explicit method is asked for a step longer than the fastest time constant at the start."""
    for cells in made.populations:
        if not isinstance(cells, Cells) or cells.method not in EXPLICIT:
            continue
        at: dict[sp.Basic, Any] = {symbol(n): float(np.ravel(v)[0]) for n, v in {**cells.values, **cells.start}.items()}
        rates = [
            abs(complex(sp.N(e.diff(symbol(n)).subs(at))))
            for n, e in zip(cells.system.states, cells.system.derivatives, strict=True)
        ]
        if max(rates, default=0.0) * dt > 1.0:
            name = cells.system.states[int(np.argmax(rates))]
            warnings.warn(
                f"{cells.name}: dt = {dt:g} is longer than the time constant of {name!r} at the start, "
                f"{1 / max(rates):.3g}, and {cells.method} may blow up; method='exponential_euler' does not.",
                DynanaWarning,
                stacklevel=3,
            )
