"""Kernels of a cycle together with the perturbation that decides on its bifurcation.

Where a multiplier crosses the unit circle, a perturbation v of the orbit x returns after a period multiplied by it.
Both are solutions of one larger system of equations,

    x' = f(x, p),    v' = J(x, p) v + g f(x, p),

with as many copies of the second as the perturbation has real parts. g is the relative change of the period, which only
folds of cycles of free period have: there v and g span the tangent of the curve of cycles. With these equations a
bifurcation of cycles is an orbit like any other, and the derivatives that Newton's method needs come from the symbols.
E. J. Doedel, W. Govaerts & Yu. A. Kuznetsov, SIAM J. Numer. Anal. 41 (2003) 401.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.system import System
from dynana.definition.tracing import TIME, free_name, symbol
from dynana.lowering import kinds
from dynana.lowering.modules import Source

#: Bifurcations of cycles: real parts of the perturbation.
PARTS = {"fold": 1, "flip": 1, "torus": 2}


def extended(system: System, bifurcation: str) -> System:
    """Return the system of a cycle and its critical perturbation.

    Parameters
    ----------
    system : System
    bifurcation : str
        One of `PARTS`.

    Returns
    -------
    System
        The states of the system, then their perturbations, one part after the other; its parameters, then one more:
        the relative change of the period (folds) or the angle of the multiplier (torus; it stands in the closure only),
        unused for a flip. "flip" serves for every real multiplier if the period is given.
    """
    taken = set(system.symbols)
    rows = dict(zip(system.states, system.regular, strict=True))
    growth = symbol(free_name("growth" if bifurcation == "fold" else "angle", taken))
    jacobian = system.jacobian()
    for part in range(PARTS[bifurcation]):
        names = [free_name(f"v{part + 1}_{i + 1}", taken) for i in range(len(system.states))]
        v = sp.Matrix([symbol(n) for n in names])
        change = jacobian * v
        for i, (name, f) in enumerate(zip(names, system.regular, strict=True)):
            rows[name] = change[i] + (growth * f if bifurcation == "fold" else 0)
    return System(rows, {**system.values, growth.name: 0.0}, name="critical_cycle")


@kinds.kind("critical_cycle")
def _critical_cycle(system: System, bifurcation: str, *parameters: str) -> Source:
    """Kernels of `extended`; derivatives by the named parameters and the additional one only."""
    larger = extended(system, bifurcation)
    return kernels_of(larger, (*parameters, larger.parameters[-1]), "cycle and critical perturbation")


def kernels_of(larger: System, names: tuple[str, ...], what: str) -> Source:
    """Return the kernels of a system that accompanies cycles; derivatives by the named parameters only."""
    columns = {larger.parameters.index(n): [derivative(e, symbol(n)) for e in larger.regular] for n in names}
    targets = [f"out[{i}, {k}]" for k, column in columns.items() for i in range(len(column))]
    entries = [e for column in columns.values() for e in column]
    slopes = [derivative(e, TIME) for e in larger.regular]
    parts = (
        kinds.vector(larger, "rhs", larger.regular, what),
        kinds.matrix(larger, "jacobian", larger.jacobian().tolist(), ""),
        kinds.function(larger, "parameter_jacobian", targets, entries, "", "MATRIX"),
        kinds.vector(larger, "time_derivative", slopes, ""),
    )
    used = set().union(*(part.imports[kinds.ELEMENTARY] for part in parts))
    return replace(
        parts[0], functions=tuple(f for part in parts for f in part.functions), imports={kinds.ELEMENTARY: used}
    )
