"""Checking and translating what a System is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.definition import rules
from dynana.definition.functions import relation
from dynana.definition.parts import Jump, Noise
from dynana.definition.steady_state import Steady
from dynana.definition.tracing import TIME, Symbolic, exact_expression, expression, symbol
from dynana.errors import ModelError, unknown

Pairs = tuple[tuple[str, Any], ...]


def content(
    name: str,
    derivatives: Mapping[Any, Any],
    parameters: Mapping[Any, Any],
    initial: Mapping[Any, Any],
    jumps: Iterable[Jump],
    noise: Iterable[Noise],
    observables: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the equations and values of a System, in its own symbols and checked, by attribute."""
    rules.check_name(name, "model")
    rows = {rules.check_name(_name(k), "state"): v for k, v in derivatives.items()}
    values = {rules.check_name(_name(k), "parameter"): v for k, v in parameters.items()}
    outputs = {rules.check_name(k, "observable"): v for k, v in observables.items()}
    rules.check_distinct([*rows, *values, *outputs], name)
    own = {n: symbol(n) for n in (*rows, *values)}
    states = {n: own[n] for n in rows}

    def translate(value: Any, place: str) -> Any:
        return translated(value, own, f"{name}: {place}")

    made_jumps = tuple(jump.resolved(name, k, states, translate) for k, jump in enumerate(jumps))
    rules.check_distinct([jump.name for jump in made_jumps], f"{name}: jumps")
    return {
        "name": name,
        "states": tuple(rows),
        "derivatives": tuple(translate(e, f"d{n}/dt") for n, e in rows.items()),
        "jumps": made_jumps,
        "noise": tuple(term.resolved(name, states, translate) for term in noise),
        "observed": tuple((n, translate(e, f"observable {n}")) for n, e in outputs.items()),
        "_parameters": tuple((n, rules.check_number(n, v, f"{name}: parameter")) for n, v in values.items()),
        "_initial": _initial({_name(k): v for k, v in initial.items()}, rows, name),
    }


def labelled(
    given: Mapping[str, Any] | None, names: Iterable[str], place: str, check: Callable[[str, Any], Any]
) -> Pairs:
    """Return pairs of name and checked value for something that is given by name (units, ranges, periods)."""
    known = tuple(names)
    for key in given or {}:
        if key not in known:
            raise ModelError(f"{place}: {unknown('state or parameter', key, known)}")
    return tuple((key, check(key, value)) for key, value in (given or {}).items())


def initial_value(model: str, name: str, value: Any) -> float | Steady:
    """Return an initial value as finite float, or ``dn.steady``."""
    return value if isinstance(value, Steady) else rules.check_number(name, value, f"{model}: initial value of")


def _initial(given: dict[str, Any], states: Iterable[str], place: str) -> Pairs:
    known = tuple(states)
    for key in given:
        if key not in known:
            raise ModelError(f"{place}: initial values: {unknown('state', key, known)}")
    return tuple((n, initial_value(place, n, given.get(n, 0.0))) for n in known)


def _name(key: Any) -> Any:
    expr = key.expr if isinstance(key, Symbolic) else key
    return expr.name if isinstance(expr, sp.Symbol) else expr


def translated(value: Any, own: Mapping[str, sp.Symbol], place: str) -> Any:
    """Return an expression or condition in our symbols, with exact numbers, checked."""
    made = relation(value) if isinstance(value, Boolean) else exact_expression(expression(value))
    ours = {s: own.get(s.name, TIME if s.name == TIME.name else s) for s in made.free_symbols}
    if foreign := {s: t for s, t in ours.items() if s != t}:  # sympy makes everything anew, even for s = t
        made = made.xreplace(foreign)
    rules.check_declared(made, place, own)
    if isinstance(made, sp.Expr):
        rules.check_real(made, place)
    return made
