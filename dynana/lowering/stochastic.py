"""Noise as algebra: Ito's correction of the drift, and the terms that Milstein's scheme adds.

A system with noise is read as ``dy = a dt + sum_j b_j dW_j`` with one column ``b_j`` per `Noise`. With the operators
``L_j = sum_k b_kj d/dy_k``, a Stratonovich column stands for the Ito drift ``a + L_j b_j / 2`` (Kloeden & Platen 1992,
Numerical Solution of Stochastic Differential Equations, eq. 4.9.11).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.parts import STRATONOVICH
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.errors import ModelError

Column = tuple[sp.Expr, ...]


def amplitudes(system: System) -> tuple[Column, ...]:
    """Return the column ``b_j`` of each Wiener process: its amplitude in each state."""
    zero = sp.Integer(0)
    return tuple(tuple(regularise(w.terms.get(n, zero))[0] for n in system.states) for w in system.noise)


def along(system: System, direction: Column, column: Column) -> Column:
    """Return ``L b``: the derivative of ``column`` along ``direction``."""
    states = [system.symbols[n] for n in system.states]
    parts = [(d, s) for d, s in zip(direction, states, strict=True) if d != 0]
    return tuple(sp.Add(*(d * derivative(e, s) for d, s in parts)) for e in column)


def ito_drift(system: System) -> Column:
    """Return the drift in Ito's sense: the derivatives, plus half of ``L_j b_j`` for each Stratonovich term."""
    drift = system.regular
    for noise, column in zip(system.noise, amplitudes(system), strict=True):
        if noise.calculus == STRATONOVICH:
            correction = along(system, column, column)
            drift = tuple(a + c / 2 for a, c in zip(drift, correction, strict=True))
    return drift


def is_additive(system: System) -> bool:
    """Return whether no amplitude depends on the state: Euler-Maruyama then is of strong order 1 by itself."""
    states = {system.symbols[n] for n in system.states}
    return not any(e.free_symbols & states for column in amplitudes(system) for e in column)


def milstein_terms(system: System, h: sp.Symbol, increments: Sequence[sp.Symbol]) -> Column:
    """Return what Milstein's scheme adds to Euler-Maruyama in each state (Kloeden & Platen 1992, eq. 10.3.16).

    Raises
    ------
    ModelError
        If the noise does not commute (``L_j b_l`` differs from ``L_l b_j``): strong order 1 would need the areas
        between pairs of Wiener processes, which the increments do not determine.
    """
    columns = amplitudes(system)
    total = [sp.Integer(0)] * len(system.states)
    for w, column in zip(increments, columns, strict=True):
        for i, e in enumerate(along(system, column, column)):
            total[i] += e * (w**2 - h) / 2
    for (j, a), (k, b) in combinations(enumerate(columns), 2):
        one, other = along(system, a, b), along(system, b, a)
        for i, (e, f) in enumerate(zip(one, other, strict=True)):
            if e != f and sp.simplify(e - f) != 0:
                raise ModelError(
                    f"{system.name}: noise terms {j + 1} and {k + 1} do not commute in {system.states[i]!r}, so that "
                    "no scheme of strong order 1 can be had from the increments alone. Use method='euler' (strong "
                    "order 1/2, weak order 1), or write the noise so that each state depends on its own process."
                )
            total[i] += e * increments[j] * increments[k]
    return tuple(total)
