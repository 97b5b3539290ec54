"""One step of a cell in a network, as expressions; `dynana.definition.integrators` says which integrator is taken.

``exact``
    y -> P y + Q b with P = exp(h A), Q the integral of exp(s A) over the step; b, what is added to A y, may differ
    between cells and stands still during the step.
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
from dynana.errors import ModelError
from dynana.lowering.blocks import STEP, growth
from dynana.lowering.stochastic import amplitudes, ito_drift


@dataclass(frozen=True)
class Form:
    """In what form a system runs as a population; part of the name of its generated module.

    Attributes
    ----------
    method : str
        One of `dynana.definition.integrators.METHODS`, or "auto".
    rows : tuple of str
        Parameters with a value per cell.
    live : tuple of str
        Parameters with one value that changes during the run.
    coupled : bool
        Whether any parameter changes during the run.
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
    coupled: bool = False
    arriving: tuple[int, ...] = ()
    latched: tuple[int, ...] = ()
    spikes: tuple[int, ...] = ()
    clock: str = ""


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
