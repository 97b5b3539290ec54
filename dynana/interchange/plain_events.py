"""Jumps as the events of other simulators: a function that passes zero upwards, and assignments.

Other simulators know no refractory hold. It is written with two more quantities: ``held``, which is 1 while states are
held and multiplies their derivatives by 1 - held, and ``free_at``, the time at which an event sets it back to 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.definition import special
from dynana.definition.derivatives import derivative
from dynana.definition.parts import ITO
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.errors import ModelError

#: By how much a hold is longer than asked for, in units of time: simulators that want a change of sign miss an end that
#: falls on the end of a step, as it would with round numbers.
HOLD_MARGIN = sp.Rational(1, 10**9)
#: The end of a hold before the first one: after any run, so that the event that ends holds waits.
NEVER = 1e9


@dataclass(frozen=True)
class Event:
    """One event: its name, the expression that passes zero upwards, and the new values (all from before)."""

    name: str
    guard: sp.Expr
    to: Mapping[str, sp.Expr]


@dataclass(frozen=True)
class Equations:
    """A System's equations without removable singularities, with jumps as events.

    Parameters
    ----------
    derivatives : tuple of sympy.Expr
        Right-hand sides of the states, in Ito's calculus; holds are factors in them.
    events : tuple of Event
    memory : dict of str to float
        Names of quantities that only events change, and their initial values.
    """

    derivatives: tuple[sp.Expr, ...]
    events: tuple[Event, ...]
    memory: dict[str, float]


def equations(system: System) -> Equations:
    """Return the equations of a system with its jumps as events and its noise in Ito's calculus."""
    rows = dict(zip(system.states, drift(system, ITO), strict=True))
    events: list[Event] = []
    memory: dict[str, float] = {}
    taken = {*system.states, *system.parameters, *system.observables, TIME.name}
    for jump in system.jumps:
        to = {name: regularise(e)[0] for name, e in jump.to.items()}
        events.append(Event(jump.name, guard(jump.when, f"{system.name}: jump {jump.name!r}"), to))
        if jump.refractory is None or jump.refractory == 0 or not jump.hold:
            continue
        held, free_at = _unused("held", taken), _unused("free_at", taken)
        memory |= {held: 0.0, free_at: NEVER}
        refractory = regularise(jump.refractory)[0]
        holds = refractory > 0
        to |= {
            held: sp.Piecewise((sp.S.One, holds), (sp.S.Zero, True)),
            free_at: sp.Piecewise((TIME + refractory, holds), (sp.Rational(NEVER), True)),
        }
        for name in jump.hold:
            rows[name] = (1 - symbol(held)) * rows[name]
        events.append(Event(f"end of {jump.name}", TIME - symbol(free_at) - HOLD_MARGIN, {held: sp.S.Zero}))
    return Equations(tuple(rows.values()), tuple(events), memory)


def check_smooth(system: System, program: str) -> None:
    """Refuse a system that a program for smooth autonomous equations cannot take.

    Raises
    ------
    ModelError
        For a system without states, with jumps, with noise, or with explicit time; the message names the construct.
    """
    place = f"{system.name} cannot be written for {program}"
    if not system.states:
        raise ModelError(f"{place}: it has no states.")
    if system.jumps:
        raise ModelError(
            f"{place}: {program} takes smooth equations only, and it has the jump {system.jumps[0].name!r}."
        )
    if system.noise:
        raise ModelError(
            f"{place}: {program} takes no noise. Leave the noise term on {', '.join(system.noise[0].terms)} out."
        )
    if not system.autonomous:
        raise ModelError(f"{place}: {program} takes no explicit time. Make t a parameter with system.freeze('t').")


def partial_derivatives(system: System, names: Iterable[str]) -> list[tuple[sp.Expr, ...]]:
    """Return the derivatives of all right-hand sides by each name, without work where a name does not occur."""
    occurring = [(e, e.free_symbols) for e in system.regular]
    found = []
    for s in map(symbol, names):
        found.append(tuple(derivative(e, s) if s in symbols else sp.S.Zero for e, symbols in occurring))
    return found


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def guard(condition: Boolean, place: str) -> sp.Expr:
    """Return an expression that is positive where a condition holds and negative where it does not."""
    if isinstance(condition, sp.StrictGreaterThan | sp.GreaterThan):
        return regularise(condition.lhs - condition.rhs)[0]
    if isinstance(condition, sp.StrictLessThan | sp.LessThan):
        return regularise(condition.rhs - condition.lhs)[0]
    if isinstance(condition, sp.And | sp.Or):
        choose = special.minimum if isinstance(condition, sp.And) else special.maximum
        first, *others = (guard(a, place) for a in condition.args)
        for other in others:
            first = choose(first, other)
        return first
    raise ModelError(f"{place}: the condition {condition} is no comparison of two expressions.")


def drift(system: System, calculus: str) -> tuple[sp.Expr, ...]:
    """Return the right-hand sides with all noise in one calculus.

    Stratonovich noise g is Ito noise with ``sum_j g_j (dg_i/dx_j)/2`` added to row i.
    """
    rows = dict(zip(system.states, system.regular, strict=True))
    half = sp.Rational(1, 2) if calculus == ITO else sp.Rational(-1, 2)
    for noise in system.noise:
        if noise.calculus != calculus:
            for i, amplitude in noise.terms.items():
                rows[i] += half * sum(g * sp.diff(amplitude, symbol(j)) for j, g in noise.terms.items())
    return tuple(rows.values())


def in_order(to: Mapping[str, sp.Expr], keep: Callable[[], str]) -> list[tuple[str, sp.Expr]]:
    """Return simultaneous assignments as a sequence with the same effect.

    Where they wait for each other, a value from before is first kept under a name that ``keep()`` gives.
    """
    waiting, done = dict(to), list[tuple[str, sp.Expr]]()
    while waiting:
        needed = {n: {m for m, e in waiting.items() if m != n and e.has(symbol(n))} for n in waiting}
        ready = next((n for n in waiting if not needed[n]), None)
        if ready is None:
            kept, name = next(iter(waiting)), keep()
            done.append((name, symbol(kept)))
            waiting = {n: e if n == kept else e.xreplace({symbol(kept): symbol(name)}) for n, e in waiting.items()}
            continue
        done.append((ready, waiting.pop(ready)))
    return done
