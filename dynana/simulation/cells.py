"""The cells of an ensemble: parameter values and initial states from numbers and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.definition.steady_state import Steady
from dynana.definition.system import System
from dynana.lowering import steady as _register_kind  # noqa: F401
from dynana.lowering.kernels import lower
from dynana.simulation.arguments import Array, vector
from dynana.simulation.driving import cells_of_inputs


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Parameter values (n_cells, n_parameters) and initial states (n_cells, n) of an ensemble."""

    values: Array
    start: Array
    named: dict[str, Any]
    """Parameter values as they are stored: a number, or an array of one per cell."""

    def __len__(self) -> int:
        return int(self.values.shape[0])


def _is_array(value: Any) -> bool:
    return not isinstance(value, Steady) and np.ndim(value) > 0


def is_ensemble(at: Mapping[str, Any] | None, start: Any, inputs: Mapping[str, Any] | None) -> bool:
    """Return whether the arguments of `simulate` ask for more than one run: whether any value is an array."""
    by_name = start if isinstance(start, Mapping) else {}
    arrays = any(_is_array(v) for v in (*(at or {}).values(), *by_name.values()))
    return arrays or bool(cells_of_inputs(inputs)) or (not isinstance(start, Mapping) and np.ndim(start) == 2)


def gather(system: System, at: Mapping[str, Any] | None, start: Any, inputs: Mapping[str, Any] | None) -> Cells:
    """Bring the values of all cells together.

    Parameters
    ----------
    at : mapping of parameter name to number or array, shape (n_cells,)
    start : mapping of state name to number, array or ``dn.steady``; or array, shape (n,) or (n_cells, n)
    inputs : mapping
        Only its number of cells matters here.

    Raises
    ------
    ValueError
        If lengths do not match; the message lists them. Numbers stand for all cells.
    """
    rows = _by_state(system, start)
    given = {name: _values(f"at[{name!r}]", v) for name, v in (at or {}).items() if system.parameter(name)}
    starts = {name: v if isinstance(v, Steady) else _values(f"start[{name!r}]", v) for name, v in rows.items()}
    n_cells = _common_length(given, starts, cells_of_inputs(inputs))
    values = np.empty((n_cells, len(system.parameters)))
    values[:] = list(system.values.values())
    for name, value in given.items():
        values[:, system.parameters.index(name)] = value
    named: dict[str, Any] = {n: (given[n] if np.ndim(given.get(n, 0.0)) else float(values[0, j]))
                             for j, n in enumerate(system.parameters)}  # fmt: skip
    return Cells(values, initial_states(system, starts, values), named)


def _by_state(system: System, start: Any) -> dict[str, Any]:
    if start is None:
        return {}
    if isinstance(start, Mapping):
        return {system.state(name): value for name, value in start.items()}
    table = vector("start", start, dimensions=(1, 2))
    if table.shape[-1] != len(system.states):
        raise ValueError(
            f"start must have one column for each state ({', '.join(system.states)}), got shape {table.shape}"
        )
    return {name: table[..., j] for j, name in enumerate(system.states)}


def _values(name: str, value: Any) -> Array:
    return vector(name, value, dimensions=(0, 1))


def _common_length(given: Mapping[str, Array], starts: Mapping[str, Any], own: Mapping[str, int]) -> int:
    lengths = {f"at[{n!r}]": v.size for n, v in given.items() if v.ndim}
    lengths |= {f"start[{n!r}]": v.size for n, v in starts.items() if not isinstance(v, Steady) and v.ndim}
    lengths |= own
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {size}" for name, size in lengths.items())
        raise ValueError(
            f"arrays must have one value per cell, all of the same length: {listed}. For all combinations of two "
            "arrays use np.meshgrid and ravel()"
        )
    size = next(iter(lengths.values()), 1)
    if size == 0:
        raise ValueError(f"{next(iter(lengths))} is empty: an ensemble has at least one cell")
    return size


def initial_states(system: System, starts: Mapping[str, Any], values: Array) -> Array:
    """Return the initial states of cells, shape (n_cells, n), steady states worked out for each.

    Parameters
    ----------
    starts : mapping of state to number, array or ``dn.steady``
        The system's own values for states that are missing.
    values : ndarray, shape (n_cells, n_parameters)
    """
    wanted = {name: starts.get(name, own) for name, own in system.given_initial}
    table = np.zeros((values.shape[0], len(system.states)))
    waiting = [name for name, value in wanted.items() if isinstance(value, Steady)]
    for j, value in enumerate(wanted.values()):
        if not isinstance(value, Steady):
            table[:, j] = value
    if waiting:
        kernel = lower(system).module("steady", *waiting).steady
        out = np.empty(len(waiting))
        places = [system.states.index(name) for name in waiting]
        for row, p in zip(table, values, strict=True):
            kernel(0.0, row, p, out)
            row[places] = out
        if not np.all(np.isfinite(table)):
            cell, place = (int(k[0]) for k in np.nonzero(~np.isfinite(table)))
            raise ValueError(
                f"the steady state of {system.states[place]!r}, where cell {cell} should start, is {table[cell, place]}"
            )
    return table
