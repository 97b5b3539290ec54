"""The generated operation that evaluates an expression of time at every step: drives and rates of networks."""

from __future__ import annotations

from types import ModuleType

import sympy as sp

from dynana.definition.singularities import regularise
from dynana.definition.tracing import TIME
from dynana.lowering import modules
from dynana.lowering.blocks import BLOCK_FUNCTIONS
from dynana.lowering.kinds import ELEMENTARY
from dynana.lowering.modules import Function, Source
from dynana.lowering.printer import Printer
from dynana.numerics.block_functions import NAMES
from dynana.numerics.network_sources import Course

#: Time in the middle of the step, at which conditions are tested: on the grid they would hang on rounding.
MIDDLE = sp.Dummy("middle", real=True)


def course(expression: sp.Expr) -> ModuleType:
    """Return the module with the operation ``evaluate``, made if it is not there yet.

    It writes SCALE times the expression of time to OUT; columns are those of `Course`.
    """
    return modules.load(f"course {sp.srepr(expression)}", lambda: _source(expression))


def settled(expression: sp.Expr) -> sp.Expr:
    """Return an expression of time whose conditions, signs and whole numbers are those of the middle of a step."""
    put: dict[sp.Basic, sp.Basic] = {}
    for part in expression.atoms(sp.Piecewise, sp.floor, sp.sign):
        if isinstance(part, sp.Piecewise):
            put |= {c: c.xreplace({TIME: MIDDLE}) for _, c in part.args if c != sp.true}
        else:
            put[part] = part.xreplace({TIME: MIDDLE})
    made: sp.Expr = expression.xreplace(put)
    return made


def _source(expression: sp.Expr) -> Source:
    printer = Printer({TIME: "t", MIDDLE: "middle"})
    body = printer.block(["value"], [regularise(settled(expression))[0]])
    lines = [
        "a = integers_at(row)",
        f"clock = floats_at(a[{Course.CLOCK:d}])",
        "before = clock[uint64(0)] + (k - 1) * clock[uint64(1)]",
        "middle = before + 0.5 * clock[uint64(1)]",
        f"t = before + 0.5 * a[{Course.HALVES:d}] * clock[uint64(1)]",
        *body,
        f"floats_at(a[{Course.OUT:d}])[uint64(0)] = floats_at(a[{Course.SCALE:d}])[uint64(0)] * value",
    ]
    return Source(
        functions=(Function(name="evaluate", arguments="k, row", body=tuple(lines), maker="operation"),),
        imports={
            ELEMENTARY: printer.functions - NAMES,
            BLOCK_FUNCTIONS: printer.functions & NAMES,
            "dynana.numerics.network_memory": {"floats_at", "integers_at"},
            "dynana.numerics.network_program": {"operation"},
            "numpy": {"uint64"},
        },
        comment=f"A course in time: {expression}.",
    )
