"""`edges`: who is connected to whom in a network, and how strongly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dynana.definition.assembling import assembled
from dynana.definition.network import Network
from dynana.definition.projection import WEIGHT
from dynana.definition.variation import DELAY
from dynana.errors import unknown
from dynana.results.edge_table import EdgeTable
from dynana.results.recording import NetworkState
from dynana.simulation.connectivity import edges_of
from dynana.simulation.drawing import child_seed
from dynana.simulation.edges import Edges


def edges(
    network: Network, projection: str, *, seed: int | None = None, dt: float | None = None, state: Any = None
) -> EdgeTable:
    """Return the connections of a projection as they are in a run: each with source, target, weight and delay.

    Parameters
    ----------
    network : Network
    projection : str
        Its name, ``"E->I:exponential"``; ``"E->I"`` is enough where there is only one between these groups.
    seed : int, optional
        Of the run; needed if connections, weights or delays are drawn.
    dt : float, optional
        Time step of the run, to which delays that differ between connections are rounded.
    state : NetworkState, optional
        ``run.final``: gives seed and dt, and the states of synapses at the end of that run, such as plastic weights.

    Returns
    -------
    EdgeTable

    Raises
    ------
    ValueError
        For an unknown projection, and where seed or dt are needed.
    """
    name = _name(network, projection)
    if state is not None and not isinstance(state, NetworkState):
        raise TypeError(f"state= is run.final, got {type(state).__name__}")
    if state is not None:
        seed, dt = state.seed, state.dt
    if seed is None:
        raise ValueError(f"edges: give seed=, that of the run (run.seed), or state=run.final: {name} may be drawn")
    made, _ = assembled(network)
    link = next(item for item in made.links if item.name == name)
    constant = isinstance(link.delay, float | int)
    if dt is None and not constant:
        raise ValueError(f"edges: give dt=, the time step of the run: the delays of {name} are rounded to it")
    found = edges_of(link if dt is not None else replace(link, delay=0.0), dt or 1.0, child_seed(seed, "edges"))
    order, p = found.by_pairs(), network.projection(name)
    values = {n: _column(found, order, n, value) for n, value in link.values.items()}
    for item in made.synapses:
        if made.links[item.link] is link:
            values |= {n: _column(found, order, n, item.start[n]) for n in item.states}
    values |= _states(name, p.synapse.states, state, order)
    late = link.delay if found.delay is None else found.delay[order] * float(dt or 1.0)
    values[DELAY] = np.array(np.broadcast_to(np.asarray(late, dtype=float), order.shape))
    first = [n for n in (WEIGHT, DELAY) if n in values]
    return EdgeTable(
        projection=name,
        source=p.source.name,
        target=p.target.name,
        sizes=(p.source.size or p.target.size, p.target.size),
        sources=found.sources()[order],
        targets=found.target[order].astype(np.int64),
        values={n: values[n] for n in [*first, *(n for n in values if n not in first)]},
        time_unit=network.time,
    )


def _name(network: Network, given: str) -> str:
    """Return the whole name of a projection, which the names of its two groups may stand for."""
    names = [p.name for p in network.projections]
    if given in names:
        return given
    close = [n for n in names if n.startswith(f"{given}:")]
    if len(close) == 1:
        return close[0]
    if close:
        raise ValueError(f"{network.name}: {given!r} are several projections: {', '.join(close)}")
    raise ValueError(f"{network.name}: {unknown('projection', given, names)}")


def _column(found: Edges, order: np.ndarray, name: str, value: Any) -> np.ndarray:
    if name in found.values:
        column: np.ndarray = found.values[name][order]
        return column
    return np.array(np.broadcast_to(np.asarray(value, dtype=float), order.shape))


def _states(name: str, states: tuple[str, ...], state: NetworkState | None, order: np.ndarray) -> dict[str, np.ndarray]:
    """Return the states that stay with each synapse at the end of a run."""
    columns = {n: state.content[f"{name}.{n}"] for n in states if f"{name}.{n}" in state.content} if state else {}
    for n, column in columns.items():
        if column.shape != order.shape:
            raise ValueError(f"edges: state= has {column.size} values of {n} for {order.size} connections of {name}")
    return {n: column[order] for n, column in columns.items()}
