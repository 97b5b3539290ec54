"""The parts of a system beside its derivatives: jumps, noise terms and observables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from dynana.definition.functions import relation
from dynana.definition.rules import check_mapping, check_name
from dynana.definition.tracing import Symbolic
from dynana.errors import ModelError, unknown

Resolver = Callable[[Any, str], Any]
ITO, STRATONOVICH = "ito", "stratonovich"


@dataclass(frozen=True, kw_only=True, eq=False)
class Jump:
    """An instantaneous change of state when a condition turns true.

    Parameters
    ----------
    when : condition
        For example ``V > V_th``, ``dn.both(...)``, ``dn.either(...)``. The jump fires on false -> true, also when the
        state starts beyond it, and when it is still true as a refractory hold ends.
    to : mapping of state to expression
        New values, all computed from the state before the jump.
    refractory : expression, optional
        How long the held states stay at their new values after the jump.
    hold : iterable of states, optional
        The states that are held; by default those whose new value does not depend on their old one (V, not w).
    name : str, optional
        By default ``jump``, ``jump2``, ...
    """

    when: Any
    to: dict[Any, Any]
    refractory: Any = None
    hold: Any = None
    name: str = ""

    def resolved(self, model: str, position: int, states: Mapping[str, sp.Symbol], own: Resolver) -> Jump:
        """Return this jump in the symbols of a system, checked."""
        name = check_name(self.name or ("jump" if position == 0 else f"jump{position + 1}"), "jump")
        place = f"{model}: jump {name!r}"
        if not check_mapping(self.to, f"{place}: to={{V: V_reset}}"):
            raise ModelError(f"{place} changes nothing: give to={{state: value}}.")
        when = own(relation(self.when), f"jump {name!r}")
        if when in (sp.true, sp.false):
            raise ModelError(f"{place}: its condition is always {bool(when)}.")
        to = {_state(k, states, place): own(v, f"jump {name!r}, new value of {k}") for k, v in self.to.items()}
        if self.refractory is None:
            if self.hold is not None:
                raise ModelError(f"{place} holds states but has no refractory time: give refractory=.")
            return Jump(when=when, to=to, hold=(), name=name)
        held = (n for n, e in to.items() if not e.has(states[n])) if self.hold is None else self.hold
        hold = tuple(_state(n, states, place) for n in held)
        return Jump(
            when=when, to=to, refractory=own(self.refractory, f"jump {name!r}, refractory time"), hold=hold, name=name
        )

    def substituted(self, values: Mapping[sp.Basic, sp.Basic]) -> Jump:
        """Return this jump with symbols replaced."""
        to = {n: e.xreplace(values) for n, e in self.to.items()}
        refractory = None if self.refractory is None else self.refractory.xreplace(values)
        return replace(self, when=self.when.xreplace(values), to=to, refractory=refractory)

    def without(self, names: Iterable[str]) -> Jump:
        """Return this jump without its assignments to the named states."""
        gone = set(names)
        to = {n: e for n, e in self.to.items() if n not in gone}
        return replace(self, to=to, hold=tuple(n for n in self.hold or () if n not in gone))


@dataclass(frozen=True, eq=False)
class Noise:
    """One Wiener process and the amplitude with which it enters each state.

    Parameters
    ----------
    terms : mapping of state to expression
        Amplitudes, in units of the state per square root of the time unit.
    calculus : {"ito", "stratonovich"}
        How amplitudes that depend on the state are meant.
    """

    terms: dict[Any, Any]
    calculus: str = field(default=ITO, kw_only=True)

    def resolved(self, model: str, states: Mapping[str, sp.Symbol], own: Resolver) -> Noise:
        """Return this term in the symbols of a system, checked."""
        if self.calculus not in (ITO, STRATONOVICH):
            raise ModelError(f"{model}: noise: {unknown('calculus', self.calculus, (ITO, STRATONOVICH))}")
        if not self.terms:
            raise ModelError(f"{model}: a noise term enters no state: give {{state: amplitude}}.")
        terms = {_state(k, states, f"{model}: noise"): own(v, f"noise amplitude of {k}") for k, v in self.terms.items()}
        return Noise(terms, calculus=self.calculus)

    def substituted(self, values: Mapping[sp.Basic, sp.Basic]) -> Noise:
        """Return this term with symbols replaced."""
        return replace(self, terms={n: e.xreplace(values) for n, e in self.terms.items()})

    def without(self, names: Iterable[str]) -> Noise:
        """Return this term without the named states."""
        gone = set(names)
        return replace(self, terms={n: e for n, e in self.terms.items() if n not in gone})


class Observe:
    """Named quantities to be computed along a trajectory, ``dn.Observe(I_Na=g_Na*m**3*h*(V - E_Na))``."""

    __slots__ = ("expressions",)

    def __init__(self, **expressions: Any) -> None:
        if not expressions:
            raise ModelError("Observe names nothing: give name=expression.")
        self.expressions = expressions


def _state(key: Any, states: Mapping[str, sp.Symbol], place: str) -> str:
    expr = key.expr if isinstance(key, Symbolic) else key
    name = expr.name if isinstance(expr, sp.Symbol) else str(expr)
    if name not in states:
        raise ModelError(f"{place}: {unknown('state', name, states)}")
    return name
