"""From ``inputs={"I": ...}`` to a system with expressions of time in it and the tables of the compiled drivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.system import System
from dynana.definition.tracing import TIME, Symbolic, symbol
from dynana.errors import ModelError
from dynana.numerics.inputs import InputTable, OwnTable, build_own_table, build_table
from dynana.simulation.course import Input, OwnPiece, Piece, check_cover


@dataclass(frozen=True, slots=True, eq=False)
class Drives:
    """The inputs of a run: the system, with expressions in place of parameters, and the tables for the rest."""

    system: System
    table: InputTable
    own: OwnTable


def cells_of_inputs(inputs: Mapping[str, Any] | None) -> dict[str, int]:
    """Return for each input that differs between cells the number of its cells."""
    given = {name: course.n_cells for name, course in (inputs or {}).items() if isinstance(course, Input)}
    return {f"inputs[{name!r}]": n for name, n in given.items() if n is not None}


def resolve_inputs(
    system: System, inputs: Mapping[str, Any] | None, start: float, end: float, n_cells: int = 1
) -> Drives:
    """Check the inputs of a run from ``start`` to ``end`` and bring them into the form that is simulated.

    Parameters
    ----------
    inputs : mapping of parameter name to Input, function of t, or sympy expression
        Functions are traced once with a symbolic ``t``, as models are; expressions may also contain other parameters.

    Raises
    ------
    ValueError, TypeError, ModelError
        For unknown parameters, inputs that do not cover the run, and things that are not inputs.
    """
    tables: list[tuple[int, np.ndarray, np.ndarray]] = []
    own: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []
    replaced: dict[str, sp.Expr] = {}
    for name, course in (inputs or {}).items():
        if name in system.states:
            raise ValueError(f"{name!r} is a state of {system.name}, not a parameter: inputs drive parameters")
        place = system.parameters.index(system.parameter(name))
        if not isinstance(course, Input):
            replaced[name] = _expression(system, name, course)
            continue
        check_cover(name, course, start, end)
        for piece in course.pieces:
            if isinstance(piece, Piece):
                tables.append((place, piece.t0, piece.coef))
            elif isinstance(piece, OwnPiece):
                own.append((place, piece.t0, piece.level, piece.slope))
    for name in inputs or {}:
        if any(symbol(name) in e.free_symbols for e in replaced.values()):
            raise ValueError(f"the expression for one input contains {name!r}, which has an input itself")
    driven = system.substitute(replaced) if replaced else system
    return Drives(driven, build_table(tables), build_own_table(own, n_cells))


def _traced(name: str, function: Callable[[Any], Any]) -> Any:
    """Call a function of time with a symbol."""
    try:
        return function(Symbolic(TIME))
    except TypeError as error:
        raise ModelError(
            f"inputs[{name!r}] is a function that cannot be traced with a symbol for t: {error}. It takes t alone; use "
            "dn.exp, dn.sin, dn.where, ... in it instead of functions of numpy and math"
        ) from error


def _expression(system: System, name: str, course: Any) -> sp.Expr:
    """Return the expression of time for one parameter, in the symbols of the system."""
    if callable(course) and not isinstance(course, sp.Basic | Symbolic):
        course = _traced(name, course)
    if isinstance(course, Input):
        raise TypeError(f"inputs[{name!r}] is a function that returns an input; give the input itself")
    if not isinstance(course, Symbolic | sp.Expr | int | float) or isinstance(course, bool):
        from dynana.simulation.network_drives import OrnsteinUhlenbeck

        if isinstance(course, OrnsteinUhlenbeck):
            raise TypeError(
                f"inputs[{name!r}]: dn.ornstein_uhlenbeck is for networks, whose cells have their own noise: simulate "
                f"dn.Network([dn.Population('cell', {system.name}, 1)]) with inputs={{'cell': {{{name!r}: ...}}}}; or "
                "give the model a state eta with the derivative (mean - eta)/tau and dn.Noise({eta: sd*dn.sqrt(2/tau)})"
            )
        raise TypeError(
            f"inputs[{name!r}] must be made by steps, ramp, pulses, sinusoid or sampled, or be an expression or "
            f"function of t, got {type(course).__name__}; for an array of values use dn.sampled(times, values), "
            "for a constant at={...}"
        )
    others = {n: v for n, v in system.values.items() if n != name}
    try:
        (row,) = System({name: course}, others, name="input").derivatives
    except ModelError as error:
        raise ModelError(f"inputs[{name!r}]: {error}. It may contain t and the parameters of {system.name}") from None
    if row.has(symbol(name)):
        raise ValueError(f"inputs[{name!r}] contains {name!r} itself")
    return row
