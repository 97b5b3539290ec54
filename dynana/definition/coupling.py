"""The coupling of two identical cells, as a function of the two: what each receives from the other."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from dynana.definition.construction import translated
from dynana.definition.signature import traced
from dynana.definition.synapse import Synapse
from dynana.definition.synapse_parts import POST, PRE, Cell, Into, OnPre, key_name, quantity, split
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.errors import ModelError, unknown

_EXAMPLE = 'lambda pre, post: {"V": 0.1 * (pre.V - post.V)}'


@dataclass(frozen=True, eq=False)
class Coupling:
    """What a cell receives from another one.

    States of the cells are the symbols ``pre.V``, ``post.V``; parameters, which both share, ``g``.

    Attributes
    ----------
    terms : dict of str to sympy.Expr
        What is added to the derivatives of states, or to parameters.
    pulses : dict of str to sympy.Expr
        What each jump of the sender adds to states at once.
    """

    terms: dict[str, sp.Expr]
    pulses: dict[str, sp.Expr]


def coupling_of(system: System, coupling: Any) -> Coupling:
    """Return what a cell receives from another one of the same system.

    Parameters
    ----------
    system : System
        Of both cells.
    coupling : callable or Synapse
        A function of the sending and the receiving cell that returns a mapping from names of states or parameters to
        what is added to them, ``dn.Into``, ``dn.OnPre`` (new values of states of the receiver at each jump of the
        sender), or several of these; or a synapse without states.

    Raises
    ------
    TypeError
        If the coupling is no function and no synapse.
    ModelError
        If a rule of definition is broken.
    """
    if isinstance(coupling, Synapse):
        place = coupling.name
        given, events = _of_synapse(coupling)
    elif callable(coupling):
        place = "the coupling"
        given, events = _of_function(coupling)
    else:
        raise TypeError(
            f"expected a coupling as a function of the two cells, such as {_EXAMPLE}, got {type(coupling).__name__}"
        )
    known = (*system.states, *system.parameters)
    terms: dict[str, sp.Expr] = {}
    for key, value in given:
        name = _received(key, place)
        if name not in known:
            raise ModelError(f"{place} enters {name!r}: {unknown('state or parameter', name, known)}")
        if name in terms:
            raise ModelError(f"{place} enters {name!r} twice: add the terms up.")
        terms[name] = _of_cells(system, value, f"{place}, {name}")
    pulses: dict[str, sp.Expr] = {}
    for key, value in events:
        name = _received(key, place)
        if name not in system.states:
            raise ModelError(f"{place}, OnPre, sets {name!r}: {unknown('state of the cells', name, system.states)}")
        pulses[name] = sp.expand(_of_cells(system, value, f"{place}, OnPre, {name}") - quantity(POST, name))
    return Coupling(terms, pulses)


def _received(key: str, place: str) -> str:
    """Return the name of what a coupling enters."""
    side, name = split(key) or (POST, key)
    if side != POST:
        raise ModelError(f"{place} changes {key}: the second cell receives; swap the two.")
    return name


def _of_synapse(synapse: Synapse) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    if synapse.states or synapse.on_post:
        raise ModelError(
            f"the synapse {synapse.name} has states or OnPost: the interaction of two cells is computed for couplings "
            "that are functions of their states. Make the synaptic variable a state of the model of the cell."
        )
    own = {symbol(n): sp.Rational(repr(v)) for n, v in synapse.values.items()}
    summed: dict[str, Any] = {}
    for name, value in synapse.into:
        summed[name] = summed.get(name, sp.Integer(0)) + value.xreplace(own)
    return list(summed.items()), [(name, value.xreplace(own)) for name, value in synapse.on_pre.items()]


def _of_function(function: Any) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    names = list(inspect.signature(function).parameters)
    if len(names) != 2:
        raise ModelError(f"the coupling takes {len(names)} arguments: expected the two cells, as in {_EXAMPLE}.")
    returned = traced(function, {names[0]: Cell(PRE), names[1]: Cell(POST)})
    terms: list[tuple[str, Any]] = []
    events: list[tuple[str, Any]] = []
    for part in returned if isinstance(returned, tuple) else (returned,):
        if isinstance(part, Into):
            terms.append((part.parameter, part.value))
        elif isinstance(part, OnPre):
            events += [(key_name(key), value) for key, value in part.to.items()]
        elif isinstance(part, Mapping) and part:
            terms += [(key_name(key), value) for key, value in part.items()]
        else:
            raise ModelError(
                f"the coupling returns {part!r}: expected what is added to the receiving cell, as in {_EXAMPLE}."
            )
    return terms, events


def _of_cells(system: System, value: Any, place: str) -> sp.Expr:
    """Return a term in the states of both cells and the shared parameters."""
    known = (*system.states, *system.parameters, *system.observables)
    put: dict[sp.Basic, sp.Basic] = {}
    cells: dict[str, sp.Symbol] = {}
    for side in (PRE, POST):
        states: dict[sp.Basic, sp.Basic] = {symbol(n): quantity(side, n) for n in system.states}
        put |= {quantity(side, n): symbol(n) for n in system.parameters}
        put |= {quantity(side, n): e.xreplace(states) for n, e in system.observables.items()}
    raw = getattr(value, "expr", value)
    for found in sorted(getattr(raw, "free_symbols", ()), key=str):
        side_and_name = split(found.name)
        if side_and_name is None or side_and_name[1] not in known:
            missing = found.name if side_and_name is None else side_and_name[1]
            raise ModelError(f"{place}: {unknown('state, parameter or observable of the cells', missing, known)}")
        cells[found.name] = found
    term: sp.Expr = translated(value, cells, place).xreplace(put)
    if term.has(TIME):
        raise ModelError(f"{place}: time enters; the interaction is computed for couplings that do not change.")
    return term
