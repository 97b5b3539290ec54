"""`simulate` for networks: from the description and what is wanted to a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.assembling import assembled
from dynana.definition.assembly import Assembly, Cells, Part, Trains
from dynana.definition.derivatives import derivative
from dynana.definition.integrators import AUTO, integrator_of, with_methods
from dynana.definition.network import Network
from dynana.definition.population import Part as Slice
from dynana.definition.population import Population, span_of, whole_of
from dynana.definition.tracing import TIME
from dynana.errors import DynanaWarning, unknown
from dynana.numerics.random import choose_seed
from dynana.results.recording import NetworkState, Recording
from dynana.simulation.drawing import child_seed
from dynana.simulation.network_drives import check_course, driven
from dynana.simulation.network_population import evaluate
from dynana.simulation.network_run import run_assembly
from dynana.simulation.network_sources import with_own_trains
from dynana.simulation.network_values import connected, realised
from dynana.simulation.recording_requests import Wanted, WantedRate, probes_of, split_rates

#: What times of spikes may be.
SPIKE_TIMES = ("grid", "interpolated")
#: Explicit methods, whose step must be shorter than the fastest time constant.
EXPLICIT = ("rk4", "euler")
#: How far, relative to a step, the end of a run may be from the grid.
GRID_SLACK = 1e-6

Group = str | Population | Slice


def simulate_network(
    network: Network,
    span: tuple[float, float],
    dt: float | None,
    *,
    method: str | Mapping[str, str] = "auto",
    start: NetworkState | None = None,
    inputs: Mapping[Any, Mapping[str, Any]] | None = None,
    wanted: Mapping[Any, Sequence[str | Wanted | WantedRate]] | None = None,
    seed: int | None = None,
    share: bool = True,
    between: Callable[[float], bool | None] | None = None,
    threads: int = 1,
    record_to: str | Path | None = None,
    memory_budget: float | None = None,
    record_spikes: bool | Sequence[str] = True,
    spike_times: str = "grid",
    progress: bool | None = None,
) -> Recording:
    """Simulate a network; see `dynana.simulate` for the arguments."""
    if dt is None:
        raise ValueError(f"{network.name}: give dt=, the time step of the network")
    steps = round((span[1] - span[0]) / dt)
    if steps < 1 or abs((span[1] - span[0]) / dt - steps) > GRID_SLACK:
        raise ValueError(f"{network.name}: the run lasts {span[1] - span[0]:g}, which is not a multiple of dt = {dt:g}")
    if isinstance(threads, bool) or not isinstance(threads, int | np.integer) or threads < 1:
        raise ValueError(f"{network.name}: threads = {threads!r}: expected a whole number, at least 1")
    if spike_times not in SPIKE_TIMES:
        raise ValueError(f"{network.name}: {unknown('spike_times', spike_times, SPIKE_TIMES)}")
    if start is not None and not isinstance(start, NetworkState):
        raise TypeError(f"start= goes on from another run: start=run.final, got {type(start).__name__}")
    if wanted is not None and not isinstance(wanted, Mapping):
        raise TypeError(f"record= says what to record of whom, {{'E': ['V']}}, for a network; got {wanted!r}")
    if inputs is not None and not isinstance(inputs, Mapping):
        raise TypeError(f"inputs= says who is driven by what, {{'E': {{'I': ...}}}}, for a network; got {inputs!r}")
    number = start.seed if start is not None else choose_seed(seed)
    if start is not None and seed is not None:
        raise ValueError("seed= has no effect with start=: a run that goes on keeps the seed of the first one")
    made, sharings = assembled(network, share=share)
    made = with_methods(made, method)
    made = driven(made, inputs or {}, lambda g: _group(network, made, g, "inputs="), span, child_seed(number, "inputs"))
    made = with_own_trains(made)
    _check_rates(made, span)
    made = realised(made, child_seed(number, "cells"))
    edges = connected(made, dt, child_seed(number, "edges"))
    _warn_of_long_steps(made, dt)
    chosen = partial(_group, network, made, what="record=")
    samples, rates = split_rates(made, wanted or {}, chosen)
    return run_assembly(
        made,
        edges,
        steps,
        dt,
        start=span[0] if start is None else start,
        seed=number,
        probes=probes_of(made, sharings, samples, chosen),
        rates=rates,
        keep=_kept(made, record_spikes),
        between=between,
        threads=int(threads),
        folder=record_to,
        budget=memory_budget,
        interpolated=spike_times == "interpolated",
        progress=progress,
        name=network.name,
    )


def _group(network: Network, made: Assembly, group: Group, what: str) -> Part:
    """Return the cells that a key of ``inputs`` or ``record`` names."""
    names = [p.name for p in network.populations]
    if isinstance(group, str):
        if group not in names:
            others = [p.name for p in network.projections] if what == "record=" else []
            kind = "population or projection" if others else "population"
            raise ValueError(f"{what}: {unknown(kind, group, [*names, *others])}")
        number = names.index(group)
        return Part(population=number, first=0, last=made.populations[number].size)
    if not isinstance(group, Population | Slice):
        raise TypeError(f"{what}: expected a population or its name, got {group!r}")
    whole, (first, last) = whole_of(group), span_of(group)
    if not any(p.name == whole.name and p.size == whole.size for p in network.populations):  # also of net.at(...)
        raise ValueError(f"{what}: {group.name} is not part of {network.name}")
    return Part(population=names.index(whole.name), first=first, last=last)


def _kept(made: Assembly, record_spikes: bool | Sequence[str]) -> frozenset[int]:
    """Return the populations whose spikes are kept."""
    names = [p.name for p in made.populations]
    if isinstance(record_spikes, bool):
        return frozenset(range(len(names)) if record_spikes else ())
    for name in (chosen := [record_spikes] if isinstance(record_spikes, str) else list(record_spikes)):
        if name not in names:
            raise ValueError(f"record_spikes=: {unknown('population', name, names)}")
    return frozenset(names.index(name) for name in chosen)


def _check_rates(made: Assembly, span: tuple[float, float]) -> None:
    for trains in made.populations:
        if isinstance(trains, Trains) and isinstance(trains.rate, sp.Expr):
            check_course(f"the rate of {trains.name}", trains.rate, span, least=0.0)


def _warn_of_long_steps(made: Assembly, dt: float) -> None:
    """Warn where the step of an explicit method is longer than the fastest time constant of any cell at the start."""
    for number, cells in enumerate(made.populations):
        if not isinstance(cells, Cells) or (cells.method == AUTO and (cells.system.jumps or cells.system.noise)):
            continue  # what jumps or is noisy takes no explicit method by itself
        driven = {d.parameter for d in made.drives if d.target.population == number}
        chosen = integrator_of(cells, driven)
        if chosen.method not in EXPLICIT:
            continue
        values = {TIME.name: 0.0, **cells.system.values, **cells.system.initial, **cells.values, **cells.start}
        with np.errstate(all="ignore"):
            rates = [
                float(np.max(np.abs(evaluate(derivative(e, cells.system.symbols[n]), values))))
                for n, e in zip(cells.system.states, cells.system.regular, strict=True)
            ]
        if max(rates, default=0.0) * dt > 1.0:
            name = cells.system.states[int(np.argmax(rates))]
            warnings.warn(
                f"{cells.name}: dt = {dt:g} is longer than the time constant of {name!r} at the start, "
                f"{1 / max(rates):.3g}, and {chosen.method} may blow up; method='exponential_euler' does not.",
                DynanaWarning,
                stacklevel=3,
            )
