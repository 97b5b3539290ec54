"""The kernel of second derivatives along a direction, for the defining systems of bifurcation curves."""

from __future__ import annotations

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.system import System
from dynana.lowering.kinds import ELEMENTARY, body, kind, legend
from dynana.lowering.modules import Function, Source


@kind("second_derivatives")
def _second_derivatives(system: System, first: str, second: str) -> Source:
    """Kernel ``second_derivatives(t, y, p, v, out)``: out[i, k] = sum over j of d2 f_i/dz_j dz_k v_j.

    z are the states and then two parameters.
    """
    z = [system.symbols[n] for n in (*system.states, first, second)]
    v = [sp.Dummy(f"v{j}", real=True) for j in range(len(z))]
    rows = [sp.Add(*(d * derivative(e, s) for s, d in zip(z, v, strict=True))) for e in system.regular]
    slopes = [derivative(row, s) for row in rows for s in z]
    targets = [f"out[{i}, {k}]" for i in range(len(rows)) for k in range(len(z))]
    lines, used = body(system, targets, slopes, {d: f"v[{j}]" for j, d in enumerate(v)})
    kernel = Function(name="second_derivatives", arguments="t, y, p, v, out", body=lines, signature="DIRECTIONAL")
    comment = legend(system, f"second derivatives by states, {first} and {second} along v")
    return Source(functions=(kernel,), imports={ELEMENTARY: used}, comment=comment)
