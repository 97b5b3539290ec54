"""Steady states that can be written down: equations affine in their own variable, such as those of gates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.singularities import regularise
from dynana.definition.tracing import TIME, symbol
from dynana.errors import ModelError

if TYPE_CHECKING:
    from dynana.definition.system import System

#: Digits with which steady initial values are computed before they are rounded to double precision.
DIGITS = 25


class Steady:
    """The initial value "at the steady state that the other initial values imply"; use the instance `steady`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "dn.steady"

    def __reduce__(self) -> str:
        return "steady"


#: Default of a state (a gate, say) that starts at its steady state, given the initial values of the others.
steady = Steady()


@lru_cache(maxsize=4096)
def _affine_parts(equation: sp.Expr, unknown: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """Return an equation at 0 and its slope, if it is affine in the unknown and contains it."""
    slope = derivative(equation, unknown)
    if slope == 0 or slope.has(unknown):
        slope = sp.expand(slope)
        if slope == 0 or slope.has(unknown):
            return None
    return equation.xreplace({unknown: sp.Integer(0)}), slope


@lru_cache(maxsize=4096)
def affine_root(equation: sp.Expr, unknown: sp.Symbol) -> sp.Expr | None:
    """Return the root of an equation that is affine in one unknown.

    Parameters
    ----------
    equation : sympy.Expr
        Right-hand side that is to vanish.
    unknown : sympy.Symbol
        The variable to solve for.

    Returns
    -------
    sympy.Expr or None
        The root, free of ``unknown``; None where the equation is not affine in it or does not contain it.
    """
    parts = _affine_parts(equation, unknown)
    return None if parts is None else -parts[0] / parts[1]


def steady_value(system: System, name: str) -> sp.Expr:
    """Return the steady state of one state, given the others.

    Raises
    ------
    ModelError
        If its equation is not affine in it.
    """
    root = affine_root(_equation(system, name), symbol(name))
    if root is None:
        raise _not_affine(system, name)
    return root


def _equation(system: System, name: str) -> sp.Expr:
    return system.derivatives[system.states.index(name)]


def _not_affine(system: System, name: str) -> ModelError:
    return ModelError(
        f"{system.name}: the equation of {name!r} is not affine in {name} itself, so that its steady state cannot "
        f"be written down. Give a number, or hold it with .freeze({name!r})."
    )


def resolved_initial(system: System) -> tuple[tuple[str, float], ...]:
    """Return the initial values of a system with ``dn.steady`` replaced by the numbers that the others imply."""
    known = {symbol(n): v for n, v in system.values.items()}
    known |= {symbol(n): v for n, v in system.given_initial if not isinstance(v, Steady)}
    known[TIME] = 0.0
    pairs = []
    for name, value in system.given_initial:
        if isinstance(value, Steady):
            number = _steady_number(system, name, known)
            if not _is_finite(number):
                raise ModelError(
                    f"{system.name}: the initial value of {name!r} is dn.steady, but its steady state is {number}: "
                    "give a number."
                )
            value = float(number)
        pairs.append((name, value))
    return tuple(pairs)


def _steady_number(system: System, name: str, known: Mapping[sp.Symbol, float]) -> sp.Expr:
    """Return the steady state of one state where the others have known values.

    The numbers are divided, not the expressions: before it divides by a sum, sympy asks whether a term is infinite,
    which takes longer than all the rest. Where both vanish or are infinite, the expressions may still have a quotient.
    """

    def at_known(expression: sp.Expr) -> sp.Expr:
        return _evaluated(expression, tuple((s, known[s]) for s in expression.free_symbols if s in known))

    parts = _affine_parts(_equation(system, name), symbol(name))
    if parts is None:
        raise _not_affine(system, name)
    rest, slope = map(at_known, parts)
    number = -rest / slope
    return number if _is_finite(number) else at_known(steady_value(system, name))


def _is_finite(number: sp.Expr) -> bool:
    return bool(number.is_Number and number.is_finite)  # zero is no Float: sympy keeps it exact


@lru_cache(maxsize=4096)
def _evaluated(expression: sp.Expr, values: tuple[tuple[sp.Symbol, float], ...]) -> sp.Expr:
    """Return an expression at some values, to more digits than a double has.

    The steady state of a gate is asked for again whenever a value has changed on which it does not depend.
    """
    return regularise(expression)[0].xreplace({s: sp.Float(v, DIGITS) for s, v in values}).evalf(DIGITS)
