"""Conditions of formulas in text: comparisons joined by ``And`` and ``Or``, none of which sympy is given to decide."""

from __future__ import annotations

from typing import Any

import sympy as sp

from dynana.definition.text_functions import compare

OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
"""The sign of the opposite comparison."""


#: Steps inside steps; sympy's search for signs takes a time that grows exponentially with them.
DEEPEST_STEPS = 3


def as_steps(expr: sp.Expr) -> sp.Expr | None:
    """Return an expression whose choices between numbers, such as those of ``heav``, are steps of arithmetic.

    A choice between formulas stays one: where it is not taken, a formula need not have a value. None if steps stand
    inside steps too deeply.
    """
    choices = {p: _stepped(p) for p in expr.atoms(sp.Piecewise) if _numeric(p)}
    return expr.xreplace(choices) if all(_nesting(p) <= DEEPEST_STEPS for p in choices.values()) else None


def _nesting(expr: sp.Basic) -> int:
    return isinstance(expr, sp.sign) + max(map(_nesting, expr.args), default=0)


def _numeric(choice: sp.Expr) -> bool:
    return all(value.is_number or isinstance(value, sp.Piecewise) and _numeric(value) for value, _ in choice.args)


def _stepped(value: sp.Expr) -> sp.Expr:
    if not isinstance(value, sp.Piecewise):
        return value
    total, rest = sp.S.Zero, sp.S.One
    for branch, test in value.args:
        holds = _indicator(test)
        if branch != 0 and holds != 0:  # for a product with 0 sympy asks whether anything is infinite, which takes long
            total += rest * holds * _stepped(branch)
        if holds == 1:
            break
        rest *= 1 - holds
    return total


def _indicator(condition: Any) -> sp.Expr:
    """Return 1 where a condition made here holds and 0 elsewhere."""
    if condition in (sp.true, sp.false):
        return sp.S.One if condition == sp.true else sp.S.Zero
    if isinstance(condition, sp.And):
        return sp.Mul(*map(_indicator, condition.args))
    if isinstance(condition, sp.Or):
        return 1 - sp.Mul(*(1 - _indicator(part) for part in condition.args))
    above = sp.sign(condition.gts - condition.lts, evaluate=False)
    strict = isinstance(condition, sp.StrictGreaterThan | sp.StrictLessThan)
    return sp.floor((above + (1 if strict else 2)) / 2, evaluate=False)


def negated(condition: Any) -> Any:
    """Return the opposite of a condition made here."""
    if condition in (sp.true, sp.false):
        return sp.false if condition == sp.true else sp.true
    if isinstance(condition, sp.And | sp.Or):
        return (any_of if isinstance(condition, sp.And) else all_of)([negated(part) for part in condition.args])
    if not isinstance(condition, sp.Rel):
        raise TypeError(f"no opposite of {type(condition).__name__}")
    return compare(OPPOSITE[condition.rel_op], condition.lhs, condition.rhs)


def all_of(parts: list[Any]) -> Any:
    """Return the condition that all of some conditions hold."""
    left = [p for p in parts if p != sp.true]
    if sp.false in left:
        return sp.false
    return sp.true if not left else left[0] if len(left) == 1 else sp.And(*left, evaluate=False)


def any_of(parts: list[Any]) -> Any:
    """Return the condition that one of some conditions holds."""
    left = [p for p in parts if p != sp.false]
    if sp.true in left:
        return sp.true
    return sp.false if not left else left[0] if len(left) == 1 else sp.Or(*left, evaluate=False)
