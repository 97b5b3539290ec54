"""Which integrator a population takes: a property of its equations, found from their symbols.

``exact``
    Linear equations with the same coefficients for all cells: the matrix exponential.
``exponential_euler``
    Each state as if the others stood still: exact where its own equation is linear in it (the gates and the voltage of
    a conductance-based cell), otherwise the exponential Rosenbrock-Euler step.
``rk4``
    The classical method of order 4; what cells receive at all times is evaluated at each of its stages.
``euler``, ``adaptive``
    On request only.

Neither the time step nor any value is read: runs of one network at two steps are runs of one method.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.assembly import Assembly, Cells
from dynana.definition.derivatives import derivative
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.errors import unknown

METHODS = ("exact", "exponential_euler", "euler", "rk4", "adaptive")
AUTO = "auto"


@dataclass(frozen=True, eq=False)
class Linear:
    """dy/dt = A y + b, with A and the uniform part of b free of everything that varies.

    Attributes
    ----------
    matrix : list of lists of expression
    fixed, varying : list of expression
        The uniform part of b, and the rest.
    """

    matrix: list[list[sp.Expr]]
    fixed: list[sp.Expr]
    varying: list[sp.Expr]

    def reaches(self) -> list[list[bool]]:
        """Return which entries of exp(h A) are not identically zero."""
        n = len(self.matrix)
        reach = [[i == j or self.matrix[i][j] != 0 for j in range(n)] for i in range(n)]
        for k in range(n):
            for i in range(n):
                for j in range(n):
                    reach[i][j] = reach[i][j] or (reach[i][k] and reach[k][j])
        return reach


@dataclass(frozen=True, slots=True)
class Integrator:
    """An integrator, and why it is taken."""

    method: str
    reason: str


def linear_part(system: System, varying: Set[str]) -> Linear | None:
    """Return the system as dy/dt = A y + b if it is linear with uniform coefficients, else None.

    Parameters
    ----------
    system : System
    varying : set of str
        Parameters that change during the run or differ between cells.
    """
    symbols = [system.symbols[n] for n in system.states]
    uniform = {system.symbols[n] for n in system.parameters if n not in varying}
    still = dict.fromkeys(symbols, sp.Integer(0))
    matrix = [[sp.cancel(derivative(e, s)) if e.has(s) else sp.Integer(0) for s in symbols] for e in system.regular]
    if not all(e.free_symbols <= uniform for row in matrix for e in row):
        return None
    fixed, rest = [], []
    for e in system.regular:
        own = e.xreplace(still)
        terms = sp.Add.make_args(own if own.free_symbols <= uniform else sp.expand(own))
        fixed.append(sp.Add(*(a for a in terms if a.free_symbols <= uniform)))
        rest.append(sp.Add(*(a for a in terms if not a.free_symbols <= uniform)))
    return Linear(matrix, fixed, rest)


def integrator(system: System, asked: str, varying: Set[str], coupled: bool) -> Integrator:
    """Return the integrator of a population.

    Parameters
    ----------
    system : System
        The cell with all synaptic states that live with it.
    asked : str
        One of `METHODS`, or "auto".
    varying : set of str
        Parameters that change during the run or differ between cells.
    coupled : bool
        Whether some of them change during the run: what continuous couplings and inputs add.

    Raises
    ------
    ValueError
        For an unknown method, or one that the system does not admit.
    """
    if asked == AUTO:
        return _automatic(system, varying, coupled)
    if asked not in METHODS:
        raise ValueError(unknown("method", asked, (AUTO, *METHODS)))
    if asked == "exact" and (system.noise or not _has_propagator(system, varying)):
        raise ValueError(
            f"{system.name} has no exact propagator: its equations must be linear with the same coefficients for all "
            "cells, without noise, and no state may depend on one that is held. Use 'exponential_euler' or 'rk4'"
        )
    if asked in ("rk4", "adaptive") and system.noise:
        raise ValueError(
            f"{system.name} has noise, for which {asked!r} is not made: use 'exponential_euler' or 'euler'"
        )
    return Integrator(asked, "as asked")


def _automatic(system: System, varying: Set[str], coupled: bool) -> Integrator:
    if not system.states:
        return Integrator("rk4", "it has no states: what it gives is evaluated at every stage")
    if system.noise:
        return Integrator("exponential_euler", "it has noise")
    if not system.jumps and (coupled or any(e.has(TIME) for e in system.derivatives)):
        return Integrator("rk4", "it is smooth, and what changes with time is evaluated at every stage")
    if _has_propagator(system, varying):
        return Integrator("exact", "linear, with the same coefficients for all cells")
    if system.jumps:
        return Integrator("exponential_euler", "it jumps and is not linear with the same coefficients for all cells")
    return Integrator("rk4", "it is smooth and not linear with the same coefficients for all cells")


def _has_propagator(system: System, varying: Set[str]) -> bool:
    linear = linear_part(system, varying)
    return linear is not None and not mixes_held(system, linear)


def mixes_held(system: System, linear: Linear) -> bool:
    """Return whether a state that moves on depends on one that stands still during a refractory time."""
    n = len(system.states)
    for jump in system.jumps:
        held = [system.states.index(name) for name in jump.hold or ()]
        if any(linear.matrix[i][j] != 0 for j in held for i in range(n) if i not in held):
            return True
    return False


def integrator_of(cells: Cells, driven: Set[str] = frozenset()) -> Integrator:
    """Return the integrator of a population of an assembly; ``driven`` are the parameters that inputs change."""
    changing = {*cells.streams, *driven}
    varying = {n for n in cells.system.parameters if _differs(cells.values, n)} | changing | {cells.clock}
    return integrator(cells.system, cells.method, varying, bool(changing))


def _differs(values: Mapping[str, Any], name: str) -> bool:
    """Return whether a parameter differs between cells; an expression does if one that it reads does."""
    value = values.get(name, 0.0)
    if isinstance(value, sp.Expr):
        return any(_differs(values, s.name) for s in value.free_symbols)
    if isinstance(value, np.ndarray):
        return bool(value.size and np.any(value != value.flat[0]))
    return not isinstance(value, float | int)


def with_methods(made: Assembly, method: str | Mapping[str, str]) -> Assembly:
    """Return an assembly with the integrators that are asked for: one name for all populations, or some by name.

    Raises
    ------
    ValueError
        For unknown populations and methods.
    """
    names = [c.name for c in made.populations if isinstance(c, Cells)]
    given = dict(method) if isinstance(method, Mapping) else dict.fromkeys(names, method)
    for name, chosen in given.items():
        if name not in names:
            raise ValueError(f"method=: {unknown('population', name, names)}")
        if chosen not in (AUTO, *METHODS):
            raise ValueError(unknown("method", chosen, (AUTO, *METHODS)))
    populations = tuple(
        replace(c, method=given.get(c.name, AUTO)) if isinstance(c, Cells) else c for c in made.populations
    )
    return replace(made, populations=populations)
