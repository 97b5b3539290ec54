"""Kernels of the curves of a planar system: factors of its nullclines and the guards of its jumps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.lowering import kinds
from dynana.lowering.interval_printer import IntervalPrinter
from dynana.lowering.modules import Function, Source
from dynana.lowering.zero_sets import factors


def curves(system: System) -> tuple[list[sp.Expr], list[int]]:
    """Functions of a planar system whose zero sets are drawn, and what each belongs to.

    Returns
    -------
    functions : list of sympy.Expr
    owners : list of int
        0 or 1 for a factor of that derivative, 2 + k for guard k.
    """
    plane = [system.symbols[n] for n in system.states]
    functions: list[sp.Expr] = []
    owners: list[int] = []
    for owner, row in enumerate(system.regular):
        parts = factors(row, plane)
        functions += parts
        owners += [owner] * len(parts)
    for k, guard in enumerate(g for jump in system.jumps for g in kinds.guards(jump.when)):
        # a guard that reads neither of the two states holds everywhere or nowhere: it is no curve
        if guard.has(*plane):
            functions.append(regularise(guard)[0])
            owners.append(2 + k)
    return functions, owners


@kinds.kind("curves")
def _curves(system: System) -> Source:
    """Kernel ``curves(k, t, y, p, out)`` and the constant OWNERS."""
    functions, owners = curves(system)
    imports: dict[str, set[str]] = {}
    body = _choice(functions, lambda g: _value_and_gradient(system, g), imports)
    kernel = Function(name="curves", arguments="k, t, y, p, out", body=body, signature="JUMP")
    comment = kinds.legend(system, "curve k of the plane with its gradient")
    return Source(functions=(kernel,), imports=imports, constants={"OWNERS": tuple(owners)}, comment=comment)


@kinds.kind("curve_enclosures")
def _curve_enclosures(system: System) -> Source:
    """Kernel ``curve_enclosures(k, xl, xu, pl, pu, ol, ou)``; in its own module: its functions bear the same names."""
    functions, _ = curves(system)
    imports: dict[str, set[str]] = {"dynana.numerics.subdivision": {"ENCLOSURE"}}
    body = _choice(functions, lambda g: _enclosures(system, g), imports)
    kernel = Function(name="curve_enclosures", arguments="k, xl, xu, pl, pu, ol, ou", body=body, options="ENCLOSURE")
    comment = kinds.legend(system, "enclosures of curve k of the plane and its gradient")
    return Source(functions=(kernel,), imports=imports, comment=comment)


Code = tuple[Sequence[str], dict[str, set[str]]]


def _value_and_gradient(system: System, g: sp.Expr) -> Code:
    """Lines that write g and its slopes, and what they import."""
    rows = [g, *(derivative(g, system.symbols[n]) for n in system.states)]
    lines, used = kinds.body(system, [f"out[{i}]" for i in range(len(rows))], rows)
    return lines, {kinds.ELEMENTARY: used}


def _enclosures(system: System, g: sp.Expr) -> Code:
    """Lines that write enclosures of g and its slopes, and what they import."""
    plane = [system.symbols[n] for n in system.states]
    names = {s: f"x{i}" for i, s in enumerate(plane)}
    names |= {system.symbols[n]: f"p{i}" for i, n in enumerate(system.parameters)}
    printer = IntervalPrinter(names)
    results = [printer.value(g), *(printer.slope(g, s) or "(0.0, 0.0)" for s in plane)]
    loads = [f"{code} = ({a}l[{code[1:]}], {a}u[{code[1:]}])" for s, code in names.items() if g.has(s) for a in code[0]]
    stores = [f"ol[{i}], ou[{i}] = {result}" for i, result in enumerate(results)]
    return [*loads, *printer.lines, *stores], printer.imports


def _choice(
    functions: Sequence[sp.Expr], write: Callable[[sp.Expr], Code], imports: dict[str, set[str]]
) -> tuple[str, ...]:
    """Body of a kernel that evaluates function ``k``; what it needs is added to ``imports``."""
    lines: list[str] = []
    for k, g in enumerate(functions):
        branch, needed = write(g)
        lines += [f"if k == {k}:", *(f"    {line}" for line in branch)]
        for module, names in needed.items():
            imports.setdefault(module, set()).update(names)
    return tuple(lines)
