"""A System as a MatCont system file."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.interchange.expression_text import Writer
from dynana.interchange.languages import MATLAB
from dynana.interchange.names import Names, renamed
from dynana.interchange.plain_events import check_smooth, partial_derivatives

#: MATLAB's bound on names.
LONGEST_NAME = 63
#: Words of MATLAB and names in the file.
RESERVED = (
    "break case catch classdef continue else elseif end for function global if otherwise parfor persistent return spmd "
    "switch try while exp log sqrt sin cos tan atan sinh cosh tanh abs floor sign min max pi i j Inf NaN t kmrgd dydt "
    "jac jacp out init fun_eval jacobian jacobianp choose odeset feval zeros handles options tspan y0 bern0 bern1 "
    "bern2 bern3 exprel0 exprel1 exprel2 exprel3"
).split()
_CHOOSE = (
    "function y = choose(condition,yes,no)",
    "if condition",
    "  y = yes;",
    "else",
    "  y = no;",
    "end",
)


def to_matcont(system: System) -> str:
    """Return a system as the text of a MatCont system file, with its exact Jacobians.

    The file must be called NAME.m, with the name of the system. Parameters keep their order; a comment holds their
    values, which MatCont takes as an argument.

    Parameters
    ----------
    system : System
        Smooth and autonomous.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        For jumps, noise, explicit time, and functions without a counterpart; the message names the construct.
    """
    check_smooth(system, "MatCont")
    names = Names([*RESERVED, system.name], longest=LONGEST_NAME)
    called = names.assign([*system.states, *system.parameters])
    arguments = ",".join(["t", "kmrgd", *(called[n] for n in system.parameters)])
    by_state = _rows(partial_derivatives(system, system.states), len(system.states))
    by_parameter = _rows(partial_derivatives(system, system.parameters), len(system.states))
    body = _Body(system, called)
    handles = ["@init", "@fun_eval", "@jacobian", "@jacobianp", *["[]"] * 5]
    values = ", ".join(f"{called[n]} = {value!r}" for n, value in system.values.items())
    title = [f"{system.name}, written by dynana", *system.doc.splitlines(), *renamed(called), f"parameters: {values}"]
    return "\n".join(
        [
            f"function out = {system.name}",
            *(f"% {''.join(c if c.isprintable() else ' ' for c in line)}".rstrip() for line in title),
            *(f"out{{{k}}} = {handle};" for k, handle in enumerate(handles, start=1)),
            "",
            f"function dydt = fun_eval({arguments})",
            *body.matrix("dydt", [[e] for e in system.regular]),
            "",
            "function [tspan,y0,options] = init",
            f"handles = feval(@{system.name});",
            f"y0=[{', '.join(repr(value) for value in system.initial.values())}];",
            "options = odeset('Jacobian',handles(3),'JacobianP',handles(4),'Hessians',[],'HessiansP',[]);",
            "tspan = [0 10];",
            "",
            f"function jac = jacobian({arguments})",
            *body.matrix("jac", by_state),
            "",
            f"function jacp = jacobianp({arguments})",
            *body.matrix("jacp", by_parameter),
            *body.functions(),
            "",
        ]
    )


def _rows(columns: list[tuple[sp.Expr, ...]], count: int) -> list[list[sp.Expr]]:
    return [[column[i] for column in columns] for i in range(count)]


class _Body:
    """Bodies of MATLAB functions that compute a matrix from the states and parameters."""

    def __init__(self, system: System, called: dict[str, str]) -> None:
        self._system = system
        self._called = called
        self._definitions: dict[str, str] = {}
        self._text: list[str] = []

    def matrix(self, target: str, rows: Iterable[Iterable[sp.Expr]]) -> list[str]:
        """Return the lines that assign a matrix of expressions."""
        names = Names([*RESERVED, *self._called.values()], longest=LONGEST_NAME)
        symbols = {symbol(n): new for n, new in self._called.items()}
        writer = Writer(MATLAB, symbols, self._system.name, lambda: names.new("part"))
        table = [list(row) for row in rows]
        texts = iter(writer.block(e for row in table for e in row))
        body = ";\n".join(", ".join(next(texts) for _ in row) for row in table)
        self._definitions |= dict(writer.definitions())
        lines = [f"{self._called[n]} = kmrgd({k});" for k, n in enumerate(self._system.states, start=1)]
        lines += [f"{name} = {text};" for name, text in writer.lines]
        self._text += (added := [*lines, f"{target}=[{body}];"])
        return added

    def functions(self) -> list[str]:
        """Return the local functions that the bodies call."""
        found = [line for text in self._definitions.values() for line in ("", *text.split("\n"))]
        needs_choose = any("choose(" in line for line in (*self._text, *found))
        return [*found, "", *_CHOOSE] if needs_choose else found
