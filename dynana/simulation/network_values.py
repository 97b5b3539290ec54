"""From descriptions to numbers: values of cells are drawn, steady states worked out, connections made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.assembly import Assembly, Cells, Link, Trains
from dynana.definition.distributions import Distribution
from dynana.definition.steady_state import Steady
from dynana.simulation.array_expressions import array_function
from dynana.simulation.cells import initial_states
from dynana.simulation.connectivity import edges_of
from dynana.simulation.drawing import child_seed, draw
from dynana.simulation.edges import Edges

#: Rules whose edges need not be stored where nothing differs between them.
EVERYONE = "all_to_all"


def realised(made: Assembly, seed: int) -> Assembly:
    """Return a network in which all values of cells are numbers or arrays.

    Parameters
    ----------
    made : Assembly
    seed : int
        For everything that is drawn; each value depends on it, on the names of population and quantity, and on the
        number of the cell.
    """
    populations = tuple(c if isinstance(c, Trains) else _cells(c, seed) for c in made.populations)
    return replace(made, populations=populations)


def _cells(cells: Cells, seed: int) -> Cells:
    values: dict[str, Any] = {}
    later = {n: v for n, v in cells.values.items() if isinstance(v, sp.Basic)}
    for name, value in cells.values.items():
        if name not in later:
            values[name] = _drawn(cells, name, value, seed)
    values |= {name: _evaluated(e, values) for name, e in later.items()}
    given = {n: _drawn(cells, n, v, seed) for n, v in cells.start.items()}
    start = {n: _evaluated(v, values) if isinstance(v, sp.Basic) else v for n, v in given.items()}
    if any(isinstance(v, Steady) for v in start.values()):
        table = np.empty((cells.size, len(cells.system.parameters)))
        for k, name in enumerate(cells.system.parameters):
            table[:, k] = values[name]
        states = initial_states(cells.system, start, table)
        start = {n: states[:, k].copy() for k, n in enumerate(cells.system.states)}
    order = cells.system.parameters
    return replace(cells, values={n: values[n] for n in order}, start=start)


def _drawn(cells: Cells, name: str, value: Any, seed: int) -> Any:
    if isinstance(value, Distribution):
        return draw(value, cells.size, child_seed(seed, cells.name, name))
    return value


def _evaluated(expression: sp.Basic, values: dict[str, Any]) -> Any:
    """Return an expression of parameters as number or array."""
    names = sorted(expression.free_symbols, key=str)
    function = array_function(names, expression)
    found = np.asarray(function(*(values[s.name] for s in names)), dtype=float)
    if not np.all(np.isfinite(found)):
        raise ValueError(f"{expression} is not finite for some cells")
    return float(found) if found.ndim == 0 else found


def connected(made: Assembly, dt: float, seed: int) -> list[Edges | None]:
    """Return the edges of each link; None for all to all where nothing differs between edges."""
    kept = {item.link for item in made.synapses}
    return [
        None if _whole(link) and number not in kept else edges_of(link, dt, seed)
        for number, link in enumerate(made.links)
    ]


def _whole(link: Link) -> bool:
    """Return whether every source is joined to every target, or every other one, in the same way."""
    alike = all(isinstance(v, float | int) for v in (link.delay, *link.values.values()))
    return alike and (link.connect is None or link.connect.kind == EVERYONE)
