"""Kernels for the proof that a bifurcation diagram shows everything: states and one parameter as unknowns."""

from __future__ import annotations

import sympy as sp

from dynana.definition.system import System
from dynana.lowering.equilibria import Elimination, Reduction, reduction, unreduced
from dynana.lowering.interval_printer import IntervalPrinter
from dynana.lowering.kinds import kind, legend
from dynana.lowering.modules import Function, Source


class _Curves:
    """The equations of curves of equilibria in fewer unknowns, and a printer for functions along them.

    Attributes
    ----------
    reduced : Reduction
    rows : list of sympy.Expr
    definitions : dict of sympy.Symbol to sympy.Expr
        The eliminated states.
    unknowns : list of sympy.Symbol
        The remaining states and the parameter.
    printer : IntervalPrinter
    """

    def __init__(self, system: System, parameter: str, mode: str) -> None:
        self.reduced: Reduction = reduction(system) if mode == "reduced" else unreduced(system)
        symbols = system.symbols
        states = [symbols[n] for n in system.states]
        stripped = Elimination(system).rows
        self.rows = [stripped[i] for i in self.reduced.rows]
        self.definitions = {states[j]: root.formula for j, root in self.reduced.eliminated}
        self.unknowns = [*(states[j] for j in self.reduced.remaining), symbols[parameter]]
        self._code = {s: f"x{k}" for k, s in enumerate(self.unknowns)}
        self._fixed = {symbols[n]: f"p{k}" for k, n in enumerate(system.parameters) if n != parameter}
        self.printer = IntervalPrinter(self._code | self._fixed, self.definitions)

    def kernel(self, name: str, values: list[sp.Expr], differentiated: list[sp.Expr]) -> Function:
        """Return a kernel that stores values and, if there is room, derivatives by the unknowns, row-major."""
        printer = self.printer
        results = [printer.value(e) for e in values]
        lines = [*printer.lines, *_stores(results, 0)]
        done = len(printer.lines)
        slopes = [printer.slope(e, x) or "(0.0, 0.0)" for e in differentiated for x in self.unknowns]
        if slopes:
            lines.append(f"if ol.shape[0] > {len(results)}:")
            lines += [f"    {line}" for line in (*printer.lines[done:], *_stores(slopes, len(results)))]
        words = set("\n".join(lines).replace("(", " ").replace(")", " ").replace(",", " ").split())
        loads = [f"{c} = (xl[{k}], xu[{k}])" for k, c in enumerate(self._code.values()) if c in words]
        loads += [f"{c} = (pl[{c[1:]}], pu[{c[1:]}])" for c in self._fixed.values() if c in words]
        return Function(name=name, arguments="xl, xu, pl, pu, ol, ou", body=(*loads, *lines), signature="INTERVAL")


@kind("coverage")
def _coverage(system: System, parameter: str, mode: str = "reduced") -> Source:
    """Interval kernel ``equations``: like that of "equilibria", with the parameter as the last unknown.

    Its outputs are the remaining rows, the eliminated variables, the divisors and, if there is room, the derivatives of
    the rows by the remaining states and the parameter.
    """
    curves = _Curves(system, parameter, mode)
    reduced = curves.reduced
    kernel = curves.kernel("equations", [*curves.rows, *curves.definitions, *reduced.divisors], curves.rows)
    constants = {
        "REMAINING": reduced.remaining,
        "ELIMINATED": tuple(j for j, _ in reduced.eliminated),
        "DIVISORS": tuple(map(str, reduced.divisors)),
    }
    title = f"curves of equilibria in {parameter} as zeros of {len(curves.rows)} equation(s)"
    imports = curves.printer.imports
    return Source(functions=(kernel,), imports=imports, constants=constants, comment=legend(system, title))


@kind("coverage_jacobian")
def _coverage_jacobian(system: System, parameter: str, mode: str = "reduced") -> Source:
    """Interval kernel ``jacobian``: the derivatives by all states on curves of equilibria.

    Its outputs are the elements of the Jacobian that are not constants, at the row-major places VARIABLE, and, if there
    is room, their derivatives by the remaining states and the parameter. CONSTANT are the others, as intervals.
    """
    curves = _Curves(system, parameter, mode)
    elements = list(system.jacobian())
    known = set(curves.definitions) | set(curves.unknowns)
    variable = [i for i, e in enumerate(elements) if e.free_symbols & known]
    others = [i for i in range(len(elements)) if i not in set(variable)]
    # constants depend on the values of the other parameters: the kernel stores them too, without derivatives
    varying = [elements[i] for i in variable]
    kernel = curves.kernel("jacobian", [*varying, *(elements[i] for i in others)], varying)
    constants = {"VARIABLE": tuple(variable), "CONSTANT": tuple(others)}
    title = f"Jacobian on curves of equilibria in {parameter}"
    imports = curves.printer.imports
    return Source(functions=(kernel,), imports=imports, constants=constants, comment=legend(system, title))


def _stores(results: list[str], first: int) -> list[str]:
    return [f"ol[{k}], ou[{k}] = {r}" for k, r in enumerate(results, first)]
