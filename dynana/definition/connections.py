"""Descriptions of who is connected to whom; the connections themselves are drawn when a run begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.rules import check_number
from dynana.definition.tracing import Symbolic, expression, symbol
from dynana.errors import ModelError

#: The distance between two cells, in expressions for probabilities, weights and delays.
DISTANCE = symbol("distance")


@dataclass(frozen=True, eq=False)
class Connect:
    """A rule of connection.

    Attributes
    ----------
    kind : str
        Name of the function of this module that made it.
    options : dict
        Its checked arguments.
    autapses, multapses : bool
        Whether a cell may be connected to itself, and a pair of cells more than once.
    """

    kind: str
    options: dict[str, Any]
    autapses: bool = False
    multapses: bool = False

    def __repr__(self) -> str:
        given = [f"{k}={_brief(v)}" for k, v in self.options.items()]
        given += [f"{n}=True" for n in ("autapses", "multapses") if getattr(self, n)]
        return f"dn.{self.kind}({', '.join(given)})"


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<array {value.shape}>"
    return f"{value:g}" if isinstance(value, float) else str(value)


def of_distance(value: Any, place: str) -> sp.Expr:
    """Return an expression of the distance: of a function of it, traced once, or of a number.

    Raises
    ------
    ModelError
        If the function is none of the distance alone.
    """
    if callable(value) and not isinstance(value, sp.Basic):
        value = value(Symbolic(DISTANCE))
    made = expression(value)
    if strangers := made.free_symbols - {DISTANCE}:
        raise ModelError(
            f"{place} contains {', '.join(sorted(map(str, strangers)))}: expected a function of the distance."
        )
    return made


def _share(kind: str, name: str, value: Any) -> float:
    number = check_number(name, value, f"dn.{kind}:")
    if not 0.0 <= number <= 1.0:
        raise ModelError(f"dn.{kind}: {name} = {number:g} is no probability: expected a number from 0 to 1.")
    return number


def _count(kind: str, name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ModelError(f"dn.{kind}: {name} = {value!r}: expected a whole number of at least {least}.")
    return int(value)


def all_to_all(*, autapses: bool = False) -> Connect:
    """Every cell to every cell; within a population not to itself unless ``autapses``."""
    return Connect("all_to_all", {}, autapses)


def one_to_one() -> Connect:
    """Each cell to the cell of the same number; both populations have the same size."""
    return Connect("one_to_one", {}, autapses=True)


def probability(p: float, *, autapses: bool = False) -> Connect:
    """Each pair of cells with a fixed probability, independently."""
    return Connect("probability", {"p": _share("probability", "p", p)}, autapses)


def in_degree(count: int, *, autapses: bool = False, multapses: bool = False) -> Connect:
    """Each target has this many sources, drawn at random (with replacement if ``multapses``)."""
    return Connect("in_degree", {"count": _count("in_degree", "count", count)}, autapses, multapses)


def out_degree(count: int, *, autapses: bool = False, multapses: bool = False) -> Connect:
    """Each source has this many targets, drawn at random (with replacement if ``multapses``)."""
    return Connect("out_degree", {"count": _count("out_degree", "count", count)}, autapses, multapses)


def distance_dependent(p: Any, *, autapses: bool = False) -> Connect:
    """Each pair of cells with a probability that is a function of their distance.

    Parameters
    ----------
    p : callable or float
        For example ``lambda d: 0.5 * dn.exp(-d / 3)``; both populations need a ``space``. Values are cut to [0, 1].
    """
    return Connect("distance_dependent", {"p": of_distance(p, "dn.distance_dependent: p")}, autapses)


def within(radius: float, *, autapses: bool = False) -> Connect:
    """Each pair of cells that are no further apart than a radius; both populations need a ``space``."""
    return Connect("within", {"radius": check_number("radius", radius, "dn.within:")}, autapses)


def gaussian(sigma: float, *, p_max: float = 1.0, autapses: bool = False) -> Connect:
    """Each pair with probability ``p_max exp(-d^2/(2 sigma^2))`` of the distance; both populations need a ``space``."""
    width = check_number("sigma", sigma, "dn.gaussian:")
    if width <= 0:
        raise ModelError(f"dn.gaussian: sigma = {width:g}: expected a positive number.")
    return Connect("gaussian", {"sigma": width, "p_max": _share("gaussian", "p_max", p_max)}, autapses)


def small_world(neighbours: int, rewire: float) -> Connect:
    """Watts and Strogatz (1998): a ring of links to the nearest neighbours, each rewired with a probability.

    Parameters
    ----------
    neighbours : int
        Even number of links of each cell, half of them to each side.
    rewire : float
    """
    count = _count("small_world", "neighbours", neighbours, 2)
    if count % 2:
        raise ModelError(f"dn.small_world: neighbours = {count}: expected an even number, half of them to each side.")
    return Connect("small_world", {"neighbours": count, "rewire": _share("small_world", "rewire", rewire)})


def scale_free(links: int) -> Connect:
    """Barabasi and Albert (1999): each new cell is linked, both ways, to this many old ones, by their degree."""
    return Connect("scale_free", {"links": _count("scale_free", "links", links, 1)})


def graph(given: Any) -> Connect:
    """Connections of a networkx graph, whose nodes, in their order, are the cells; undirected links count both ways.

    The edge attribute ``weight`` becomes w unless the projection gives one.
    """
    if not hasattr(given, "edges") or not hasattr(given, "nodes"):
        raise ModelError(f"dn.graph: expected a networkx graph, got {type(given).__name__}.")
    number = {node: k for k, node in enumerate(given.nodes)}
    rows = [(number[a], number[b], float(data.get("weight", 1.0))) for a, b, data in given.edges(data=True)]
    if not given.is_directed():
        rows += [(b, a, w) for a, b, w in rows if a != b]
    weighted = any("weight" in data for *_, data in given.edges(data=True))
    table = np.array(rows, dtype=float).reshape(-1, 3)
    options = {"size": len(number), "pairs": table[:, :2].astype(np.int64), "weight": table[:, 2] if weighted else None}
    return Connect("graph", options, autapses=True, multapses=bool(given.is_multigraph()))


def matrix(weights: Any) -> Connect:
    """Connections and weights of a dense or scipy sparse matrix: element (i, j) is the weight from i to j, 0 is none.

    The weights become w unless the projection gives one.
    """
    table = weights if hasattr(weights, "tocoo") else np.array(weights, dtype=float)
    if getattr(table, "ndim", 0) != 2:
        raise ModelError(f"dn.matrix: expected a matrix of shape (sources, targets), got shape {np.shape(table)}.")
    values = table.data if hasattr(table, "tocoo") else table
    if not np.all(np.isfinite(values)):
        raise ModelError("dn.matrix: the weights contain values that are not finite.")
    return Connect("matrix", {"weights": table}, autapses=True)


def pairs(sources: Any, targets: Any, *, multapses: bool = False) -> Connect:
    """Explicit connections, the k-th from cell ``sources[k]`` to cell ``targets[k]``."""
    table = (
        np.stack([np.asarray(sources).ravel(), np.asarray(targets).ravel()], axis=1)
        if np.size(sources) == np.size(targets)
        else None
    )
    if table is None:
        raise ModelError(f"dn.pairs: {np.size(sources)} sources and {np.size(targets)} targets: expected as many.")
    if table.size and not np.issubdtype(table.dtype, np.integer):
        raise ModelError("dn.pairs: the numbers of cells must be whole numbers.")
    table = table.astype(np.int64)
    if not multapses and len(np.unique(table, axis=0)) < len(table):
        raise ModelError("dn.pairs: a pair stands twice; give multapses=True if it is meant.")
    return Connect("pairs", {"pairs": table}, autapses=True, multapses=multapses)
