"""Systems that exports are tried on, and their right-hand sides at random points as the reference."""

from __future__ import annotations

import numpy as np
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol

NAMES = [name for names in dn.models.FAMILIES.values() for name in names]
#: One system of each structure without noise: variants that differ in values only export the same equations.
DISTINCT = list(
    {
        getattr(dn.models, name).fingerprint: name for name in reversed(NAMES) if not getattr(dn.models, name).noise
    }.values()
)[::-1]
SMOOTH = [name for name in DISTINCT if not getattr(dn.models, name).jumps]

#: States at which right-hand sides are compared: this many, inside the ranges where models are used.
POINTS = 5


def points(system: System, seed: int = 1) -> np.ndarray:
    """Random states inside the ranges of a system, and one with every state at 0; shape (k, n)."""
    rng = np.random.default_rng(seed)
    low, high = np.transpose([system.ranges.get(name, (-2.0, 2.0)) for name in system.states])
    return np.vstack([rng.uniform(low, high, (POINTS, len(system.states))), np.zeros(len(system.states))])


def rates(system: System, state: np.ndarray, expressions: tuple[sp.Expr, ...] | None = None) -> np.ndarray:
    """Expressions (the right-hand sides by default) at one state by mpmath, to 30 digits."""
    given = {**dict(zip(system.states, state.tolist(), strict=True)), **system.values}
    exact = {symbol(name): sp.Float(value, 40) for name, value in given.items()} | {TIME: sp.Float(0, 40)}
    wanted = system.regular if expressions is None else expressions
    return np.array([float(e.xreplace(exact).evalf(30)) for e in wanted])
