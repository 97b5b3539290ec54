"""One step of a cell in a network, as expressions: which integrator, and what it needs.

``exact``
    Linear systems with uniform coefficients: y -> P y + Q b with P = exp(h A), Q the integral of exp(s A) over the
    step; b, what is added to A y, may differ between cells and stands still during the step.
``exponential_euler``
    Each state as if the others stood still. Where its equation is d y + r, with d and r free of it, y -> exp(h d) y +
    h growth(h d) r; otherwise the exponential Rosenbrock-Euler step of `dynana.lowering.blocks`.
``euler``
    With noise Euler-Maruyama.
``rk4``
    The classical method; only the derivatives are needed here.
``adaptive``
    Dormand and Prince's pair, in steps of each cell's own inside a step of the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.errors import ModelError, unknown
from dynana.lowering.blocks import STEP, growth
from dynana.lowering.hoisting import Hoist
from dynana.lowering.stochastic import amplitudes, ito_drift

METHODS = ("exact", "exponential_euler", "euler", "rk4", "adaptive")


@dataclass(frozen=True)
class Form:
    """In what form a system runs as a population; part of the name of its generated module.

    Attributes
    ----------
    method : str
        One of `METHODS`, or "auto".
    rows : tuple of str
        Parameters with a value per cell.
    live : tuple of str
        Parameters with one value that changes during the run.
    arriving : tuple of int
        States to which events come through rows of their own, because the state may be held.
    latched : tuple of int
        Jumps whose condition may still hold after them.
    spikes : tuple of int
        Jumps that send events.
    clock : str
        Parameter that holds the time since the last spike; "" if nothing reads it.
    """

    method: str = "auto"
    rows: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    arriving: tuple[int, ...] = ()
    latched: tuple[int, ...] = ()
    spikes: tuple[int, ...] = ()
    clock: str = ""


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


def linear_part(system: System, hoist: Hoist) -> Linear | None:
    """Return the system as dy/dt = A y + b if it is linear with uniform coefficients, else None."""
    symbols = [system.symbols[n] for n in system.states]
    still = dict.fromkeys(symbols, sp.Integer(0))
    matrix = [[sp.cancel(derivative(e, s)) if e.has(s) else sp.Integer(0) for s in symbols] for e in system.regular]
    if not all(hoist.is_uniform(e) for row in matrix for e in row):
        return None
    fixed, varying = [], []
    for e in system.regular:
        rest = sp.expand(e.xreplace(still)) if not hoist.is_uniform(e.xreplace(still)) else e.xreplace(still)
        terms = sp.Add.make_args(rest)
        fixed.append(sp.Add(*(a for a in terms if hoist.is_uniform(a))))
        varying.append(sp.Add(*(a for a in terms if not hoist.is_uniform(a))))
    return Linear(matrix, fixed, varying)


def chosen_method(system: System, form: Form, linear: Linear | None) -> str:
    """Return the integrator of a population.

    Raises
    ------
    ValueError
        For an unknown method, or one that the system does not admit.
    """
    if form.method == "auto":
        if system.noise:
            return "exponential_euler"
        if linear is not None and not mixes_held(system, linear):
            return "exact"
        return "exponential_euler" if system.jumps else "rk4"
    if form.method not in METHODS:
        raise ValueError(unknown("method", form.method, ("auto", *METHODS)))
    if form.method == "exact" and (linear is None or system.noise or mixes_held(system, linear)):
        raise ValueError(
            f"{system.name} has no exact propagator: its equations must be linear with the same coefficients for all "
            "cells, without noise, and no state may depend on one that is held. Use 'exponential_euler' or 'rk4'"
        )
    if form.method in ("rk4", "adaptive") and system.noise:
        raise ValueError(
            f"{system.name} has noise, for which {form.method!r} is not made: use 'exponential_euler' or 'euler'"
        )
    return form.method


def mixes_held(system: System, linear: Linear) -> bool:
    """Return whether a state that moves on depends on one that stands still during a refractory time."""
    n = len(system.states)
    for jump in system.jumps:
        held = [system.states.index(name) for name in jump.hold or ()]
        if any(linear.matrix[i][j] != 0 for j in held for i in range(n) if i not in held):
            return True
    return False


def step_of_cell(system: System, method: str, wiener: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """Return the state after one step of length `STEP`, by "exponential_euler" or "euler".

    ``wiener`` are the increments of the Wiener processes.

    Raises
    ------
    ModelError
        If the noise of a state depends on the state in Stratonovich's sense and cannot be corrected.
    """
    columns = amplitudes(system)
    rows = []
    for i, (name, a) in enumerate(zip(system.states, ito_drift(system), strict=True)):
        y = system.symbols[name]
        kick = sp.Add(*(column[i] * w for w, column in zip(wiener, columns, strict=True) if column[i] != 0))
        if method == "euler":
            rows.append(y + STEP * a + kick)
            continue
        d = derivative(a, y) if a.has(y) else sp.Integer(0)
        z = STEP * d
        if d == 0:
            rows.append(y + STEP * a + kick)
        elif not d.has(y) and not d.has(TIME) and not d.free_symbols & _states(system):
            rest = a.xreplace({y: sp.Integer(0)})
            rows.append(sp.exp(z) * y + STEP * growth(z) * rest + sp.sqrt(growth(2 * z)) * kick)
        else:
            rows.append(y + STEP * growth(z) * a + sp.sqrt(growth(2 * z)) * kick)
    if any(e.has(sp.zoo, sp.nan) for e in rows):
        raise ModelError(f"{system.name}: its equations divide by zero")
    return rows


def _states(system: System) -> set[sp.Symbol]:
    return {system.symbols[n] for n in system.states}
