"""When, inside the step at whose end a jump is due, its condition became true: an expression of the state there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.special import maximum, minimum
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.lowering.blocks import STEP


def earliness(system: System, jumps: Sequence[int]) -> sp.Expr:
    """Return how long before the end of the step the first of some jumps that are due became so, in steps.

    Each side of a comparison is taken to move in a straight line, with its slope at the end of the step: exact up to
    the square of the step. (Where a state runs away within the step, as in exponential integrate-and-fire cells, that
    slope is so steep that the end of the step comes out.) A comparison that comes true no longer by itself has been
    true since the step began, when something arrived.

    Parameters
    ----------
    system : System
    jumps : sequence of int
        Their numbers.
    """
    found: sp.Expr = sp.Integer(0)
    for k in reversed(jumps):
        when = system.jumps[k].when
        found = sp.Piecewise((_of(system, when), when), (found, True))
    return found


def _of(system: System, when: sp.Basic) -> sp.Expr:
    if isinstance(when, sp.And):
        return reduce(minimum, (_of(system, part) for part in when.args))
    if isinstance(when, sp.Or):
        return reduce(maximum, (_of(system, part) for part in when.args))
    assert isinstance(when, sp.Rel)
    upward = isinstance(when, sp.StrictGreaterThan | sp.GreaterThan)
    beyond = when.lhs - when.rhs if upward else when.rhs - when.lhs
    slope = derivative(beyond, TIME) if beyond.has(TIME) else sp.Integer(0)
    for name, rate in zip(system.states, system.derivatives, strict=True):
        state = system.symbols[name]
        if beyond.has(state):
            slope += derivative(beyond, state) * rate
    passed = minimum(1, maximum(0, beyond / (slope * STEP)))
    return sp.Piecewise((passed, slope > 0), (sp.Piecewise((1, beyond >= 0), (0, True)), True))
