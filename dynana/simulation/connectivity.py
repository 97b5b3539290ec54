"""From rules of connection to edges: drawn by counters, straight into compressed rows.

A first pass counts the edges of each source, a second one puts them in their places; nothing is stored in between. The
same seed gives the same edges whatever else is in the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.assembly import Link
from dynana.definition.connections import DISTANCE, Connect
from dynana.definition.distributions import Distribution
from dynana.numerics import edge_draws
from dynana.simulation.arguments import Array
from dynana.simulation.array_expressions import array_function
from dynana.simulation.drawing import child_seed, draw
from dynana.simulation.edges import Edges, index_type

#: How far, relative to a step, a constant delay may be from the grid: rounding of k * dt.
GRID_SLACK = 1e-6

#: Longest delay in steps: a ring of this many rows is kept.
LONGEST_DELAY = 65_535

Rows = tuple[np.ndarray, np.ndarray]


def edges_of(link: Link, dt: float, seed: int) -> Edges:
    """Return the edges of a link with the values that differ between them.

    Parameters
    ----------
    link : Link
    dt : float
        Time step, for delays.
    seed : int
        For everything that is drawn.

    Returns
    -------
    Edges
        Sorted by source, then by delay, then by target.

    Raises
    ------
    ValueError
        For arrays that have not one value for each edge, delays beside the grid or too long.
    """
    connect = link.connect or Connect("all_to_all", {}, autapses=True)
    first, target = _RULES[connect.kind](link, connect, child_seed(seed, link.name, "edges"))
    order = _given_order(connect)
    values = {
        name: _values(f"{link.name}: {name}", value, link, first, target, order, child_seed(seed, link.name, name))
        for name, value in link.values.items()
        if not isinstance(value, float | int)
    }
    delay = _delays(link, dt, first, target, order, child_seed(seed, link.name, "delay"))
    if delay is not None:
        sequence = np.empty(target.size, np.int64)
        edge_draws.sort_by_delay(first, delay, target, sequence)
        target, delay = target[sequence], delay[sequence]
        values = {name: column[sequence] for name, column in values.items()}
    return Edges(first=first, target=target, delay=delay, values=values)


def delay_steps(name: str, delay: float, dt: float) -> int:
    """Return a constant delay as a number of steps.

    Raises
    ------
    ValueError
        If it is not a multiple of the step, naming the nearest ones, or too long.
    """
    steps = round(delay / dt)
    if abs(delay / dt - steps) > GRID_SLACK:
        raise ValueError(
            f"{name}: a delay of {delay:g} is not a multiple of dt = {dt:g}; the nearest ones are "
            f"{np.floor(delay / dt) * dt:g} and {np.ceil(delay / dt) * dt:g}."
        )
    if steps > LONGEST_DELAY:
        raise ValueError(f"{name}: a delay of {steps} steps; at most {LONGEST_DELAY} are kept. Take a longer dt.")
    return steps


# -- who is connected to whom ----------------------------------------------------------------------------------------


def _shift(link: Link, connect: Connect) -> tuple[int, bool]:
    """Return source minus target number of one cell, and whether no pair has to be left out."""
    same = link.source.population == link.target.population
    return link.target.first - link.source.first, connect.autapses or not same


def _compressed(counts: np.ndarray) -> np.ndarray:
    first = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    return first


def _in_degree(link: Link, connect: Connect, seed: int) -> Rows:
    sources, targets = link.source.size, link.target.size
    shift, free = _shift(link, connect)
    given = (seed, connect.options["count"], sources, targets, shift, free, not connect.multapses)
    counts = np.zeros(sources, np.int64)
    edge_draws.in_degree_counts(*given, counts)
    first = _compressed(counts)
    target = np.empty(first[-1], index_type(targets))
    edge_draws.in_degree_fill(*given, first[:-1].copy(), target)
    return first, target


def _out_degree(link: Link, connect: Connect, seed: int) -> Rows:
    sources, targets = link.source.size, link.target.size
    shift, free = _shift(link, connect)
    count = connect.options["count"]
    target = np.empty(sources * count, index_type(targets))
    edge_draws.out_degree_fill(seed, count, sources, targets, shift, free, not connect.multapses, target)
    return np.arange(sources + 1, dtype=np.int64) * count, target


def _probability(link: Link, connect: Connect, seed: int) -> Rows:
    sources, targets, p = link.source.size, link.target.size, connect.options["p"]
    shift, free = _shift(link, connect)
    kind = index_type(targets)
    counts, buffer = np.zeros(sources, np.int64), np.empty(edge_draws.BUFFER)
    if p > 0.0:
        edge_draws.probability_rows(seed, p, sources, targets, shift, free, True, counts, np.empty(0, kind), buffer)
    first = _compressed(counts)
    target = np.empty(first[-1], kind)
    if p > 0.0:
        edge_draws.probability_rows(seed, p, sources, targets, shift, free, False, first[:-1].copy(), target, buffer)
    return first, target


def _all_to_all(link: Link, connect: Connect, seed: int) -> Rows:
    return _probability(link, Connect("probability", {"p": 1.0}, connect.autapses), seed)


def _one_to_one(link: Link, connect: Connect, seed: int) -> Rows:
    size = link.target.size
    return np.arange(size + 1, dtype=np.int64), np.arange(size, dtype=index_type(size))


def _by_distance(link: Link, connect: Connect, seed: int) -> Rows:
    sources, targets = link.source.size, link.target.size
    shift, free = _shift(link, connect)
    chance = _chance(connect)
    kind, u = index_type(targets), np.empty(targets)

    def row(i: int) -> np.ndarray:
        edge_draws.uniforms(seed, i, edge_draws.CONNECTIONS, u)
        hit = u < chance(_distances(link, i))
        if not free and 0 <= i - shift < targets:
            hit[i - shift] = False
        return np.flatnonzero(hit)

    first = _compressed(np.array([row(i).size for i in range(sources)], dtype=np.int64))
    target = np.empty(first[-1], kind)
    for i in range(sources):
        target[first[i] : first[i + 1]] = row(i)
    return first, target


def _chance(connect: Connect) -> Callable[[Array], Array]:
    """Return the probability of a connection as a function of distances."""
    options = connect.options
    if connect.kind == "within":
        return lambda d: (d <= options["radius"]).astype(float)
    if connect.kind == "gaussian":
        return lambda d: options["p_max"] * np.exp(-0.5 * (d / options["sigma"]) ** 2)
    return _function_of_distance(options["p"])


def _function_of_distance(expression: sp.Expr) -> Callable[[Array], Array]:
    function = array_function([DISTANCE], expression)
    return lambda d: np.broadcast_to(np.asarray(function(d), dtype=float), d.shape)


def _distances(link: Link, source: int) -> Array:
    """Return the distances from one source to all targets."""
    assert link.places is not None
    here, there = link.places
    away = np.abs(there - here[source])
    if link.periods is not None:
        periods = np.array(link.periods)
        away = np.minimum(away, periods - away)
    distance: Array = np.sqrt(np.sum(away**2, axis=1))
    return distance


def _pairs(link: Link, connect: Connect, seed: int) -> Rows:
    return _from_pairs(connect.options["pairs"], link)


def _from_pairs(pairs: np.ndarray, link: Link) -> Rows:
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    first = _compressed(np.bincount(pairs[:, 0], minlength=link.source.size))
    return first, pairs[order, 1].astype(index_type(link.target.size))


def _matrix(link: Link, connect: Connect, seed: int) -> Rows:
    return _from_pairs(_entries(connect)[0], link)


def _entries(connect: Connect) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs and the values of a dense or sparse matrix, zeros left out."""
    table = connect.options["weights"]
    if hasattr(table, "tocoo"):
        sparse = table.tocoo()
        keep = sparse.data != 0
        return np.stack([sparse.row[keep], sparse.col[keep]], axis=1).astype(np.int64), sparse.data[keep].astype(float)
    rows, columns = np.nonzero(table)
    return np.stack([rows, columns], axis=1), table[rows, columns]


def _small_world(link: Link, connect: Connect, seed: int) -> Rows:
    import networkx as nx  # here: it takes a tenth of a second, which most networks need not pay

    graph = nx.watts_strogatz_graph(
        link.source.size, connect.options["neighbours"], connect.options["rewire"], seed=seed % 2**32
    )
    return _both_ways(graph, link)


def _scale_free(link: Link, connect: Connect, seed: int) -> Rows:
    import networkx as nx

    return _both_ways(nx.barabasi_albert_graph(link.source.size, connect.options["links"], seed=seed % 2**32), link)


def _both_ways(graph: Any, link: Link) -> Rows:
    pairs = np.array(graph.edges, dtype=np.int64).reshape(-1, 2)
    return _from_pairs(np.concatenate([pairs, pairs[:, ::-1]]), link)


_RULES: dict[str, Callable[[Link, Connect, int], Rows]] = {
    "all_to_all": _all_to_all,
    "one_to_one": _one_to_one,
    "probability": _probability,
    "in_degree": _in_degree,
    "out_degree": _out_degree,
    "distance_dependent": _by_distance,
    "within": _by_distance,
    "gaussian": _by_distance,
    "pairs": _pairs,
    "graph": _pairs,
    "matrix": _matrix,
    "small_world": _small_world,
    "scale_free": _scale_free,
}


# -- values of edges ---------------------------------------------------------------------------------------------------


def _given_order(connect: Connect) -> np.ndarray | None:
    """Return where the edges stand in the order in which the user gave them; None where the rule makes them."""
    pairs = connect.options.get("pairs") if "pairs" in connect.options else None
    return None if pairs is None else np.lexsort((pairs[:, 1], pairs[:, 0]))


def _values(
    place: str, value: Any, link: Link, first: np.ndarray, target: np.ndarray, order: np.ndarray | None, seed: int
) -> Array:
    """Return one value for each edge of what is given as array, matrix, distribution or function of the distance."""
    count = int(first[-1])
    if isinstance(value, Distribution):
        return draw(value, count, seed)
    if isinstance(value, sp.Basic):
        function = _function_of_distance(value)
        column = np.empty(count)
        for i in range(first.size - 1):
            here = target[first[i] : first[i + 1]]
            column[first[i] : first[i + 1]] = function(_distances(link, i)[here])
        return column
    if hasattr(value, "tocoo"):
        pairs, numbers = _entries(Connect("matrix", {"weights": value}))
        if len(pairs) != count:
            raise ValueError(f"{place}: a sparse matrix of {len(pairs)} elements for {count} connections.")
        return np.asarray(numbers[np.lexsort((pairs[:, 1], pairs[:, 0]))], dtype=float)
    array = np.asarray(value, dtype=float)
    if array.ndim == 2:
        sources = np.repeat(np.arange(first.size - 1), np.diff(first))
        return np.ascontiguousarray(array[sources, target])
    if array.shape != (count,):
        raise ValueError(
            f"{place} has {array.size} values for {count} connections: expected one for each, in the order of (source, "
            "target)."
        )
    return array if order is None else array[order]


def _delays(
    link: Link, dt: float, first: np.ndarray, target: np.ndarray, order: np.ndarray | None, seed: int
) -> np.ndarray | None:
    """Return delays in steps where they differ between edges: rounded to the grid; None where they do not."""
    if isinstance(link.delay, float | int):
        delay_steps(link.name, float(link.delay), dt)
        return None
    values = _values(f"{link.name}: delay", link.delay, link, first, target, order, seed)
    steps = np.rint(values / dt)
    if values.size and (values.min() < 0 or steps.max() > LONGEST_DELAY):
        raise ValueError(
            f"{link.name}: delays from {values.min():g} to {values.max():g}: expected 0 to {LONGEST_DELAY * dt:g}. "
            "Distributions can be bounded with low= and high=."
        )
    return steps.astype(np.uint8 if steps.max(initial=0) < 2**8 else np.uint16)
