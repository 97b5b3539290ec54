"""Kernels of a cycle at which branches of cycles cross, together with the adjoint that proves it.

At a branch point the equations of a cycle have, beside the perturbation that returns, an adjoint a that none of their
derivatives by parameters reaches. Both are solutions of one larger system of equations,

    x' = f(x, p) + b m a,    a' = -J(x, p)^T a + e f(x, p) / m,    u' = a . f(x, p),    w' = a . (df/dp) c,

in which a closes, and u and w vanish at both ends: a does not feel a change of the period or of the parameters in the
direction c. e is zero on a cycle and makes the equations regular, m are squares of the sizes of the states. b unfolds
the branch point: it is found with the rest, and zero where cycles really cross. Where time enters the equations,
neither e nor u is needed. E. J. Doedel, in *Numerical Continuation Methods for Dynamical Systems* (Springer 2007),
section 1.4; W. Govaerts, *Numerical Methods for Bifurcations of Dynamical Equilibria* (SIAM 2000), chapter 5.
"""

from __future__ import annotations

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.system import System
from dynana.definition.tracing import TIME, free_name, symbol
from dynana.lowering import kinds
from dynana.lowering.critical_cycles import kernels_of
from dynana.lowering.modules import Source

#: States beside a cycle and its adjoint, where time does not enter the equations (u and w) and where it does (w).
FURTHER_STATES, FURTHER_STATES_FORCED = 2, 1


def extended(system: System, parameters: tuple[str, ...], forced: bool) -> System:
    """Return the system of a cycle and its adjoint.

    Parameters
    ----------
    system : System
    parameters : tuple of str
        The free ones.
    forced : bool
        Whether the period is given.

    Returns
    -------
    System
        The states of the system, their adjoints, u unless forced, and w; its parameters, then b, e, c for each of the
        free parameters, and m for each state.
    """
    taken = set(system.symbols)

    def new(name: str) -> sp.Symbol:
        return symbol(free_name(name, taken))

    f, n = sp.Matrix(system.regular), len(system.states)
    a = sp.Matrix([new(f"a_{i + 1}") for i in range(n)])
    b, e = new("unfolding"), new("turning")
    shares = [new(f"share_{i + 1}") for i in range(len(parameters))]
    squares = [new(f"square_{i + 1}") for i in range(n)]
    carried = -system.jacobian().T * a
    rows = {name: f[i] + b * squares[i] * a[i] for i, name in enumerate(system.states)}
    rows |= {a[i].name: carried[i] + (0 if forced else e * f[i] / squares[i]) for i in range(n)}
    if not forced:
        rows[new("u").name] = (a.T * f)[0]
    slopes = [sp.Matrix([derivative(x, symbol(p)) for x in f]) for p in parameters]
    rows[new("w").name] = sum((a.T * slope)[0] * share for slope, share in zip(slopes, shares, strict=True))
    further = {s.name: 0.0 for s in (b, e, *shares)} | {s.name: 1.0 for s in squares}
    return System(rows, {**system.values, **further}, name="branching_cycle")


@kinds.kind("branching_cycle")
def _branching_cycle(system: System, *parameters: str) -> Source:
    """Kernels of `extended`; derivatives by the named parameters, b and e only."""
    forced = any(e.has(TIME) for e in system.regular)
    larger = extended(system, parameters, forced)
    first = len(system.parameters)
    return kernels_of(larger, (*parameters, *larger.parameters[first : first + 2]), "cycle and adjoint")
