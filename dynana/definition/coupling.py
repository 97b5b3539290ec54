"""The coupling of two identical cells, as a function of the two: what each receives from the other."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import sympy as sp

from dynana.definition.construction import translated
from dynana.definition.signature import traced
from dynana.definition.synapse import Synapse
from dynana.definition.synapse_parts import POST, PRE, Cell, Into, key_name, quantity, split
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.errors import ModelError, unknown

_EXAMPLE = 'lambda pre, post: {"V": 0.1 * (pre.V - post.V)}'


def coupling_terms(system: System, coupling: Any) -> dict[str, sp.Expr]:
    """Return what a coupling adds to the derivatives of states, or to parameters, of the receiving cell.

    Parameters
    ----------
    system : System
        Of both cells.
    coupling : callable or Synapse
        A function of the sending and the receiving cell that returns a mapping from names of states or parameters to
        what is added to them, or ``dn.Into``; or a synapse without states and events.

    Returns
    -------
    dict of str to sympy.Expr
        States of the cells are the symbols ``pre.V``, ``post.V``; parameters, which both share, ``g``.

    Raises
    ------
    TypeError
        If the coupling is no function and no synapse.
    ModelError
        If a rule of definition is broken.
    """
    if isinstance(coupling, Synapse):
        given, place = _of_synapse(coupling), coupling.name
    elif callable(coupling):
        given, place = _of_function(coupling), "the coupling"
    else:
        raise TypeError(
            f"expected a coupling as a function of the two cells, such as {_EXAMPLE}, got {type(coupling).__name__}"
        )
    known = (*system.states, *system.parameters)
    terms: dict[str, sp.Expr] = {}
    for key, value in given.items():
        side, name = split(key) or (POST, key)
        if side != POST:
            raise ModelError(f"{place} changes {key}: the second cell receives; swap the two.")
        if name not in known:
            raise ModelError(f"{place} enters {name!r}: {unknown('state or parameter', name, known)}")
        if name in terms:
            raise ModelError(f"{place} enters {name!r} twice: add the terms up.")
        terms[name] = _of_cells(system, value, f"{place}, {name}")
    return terms


def _of_synapse(synapse: Synapse) -> dict[str, Any]:
    if synapse.states or synapse.on_pre or synapse.on_post:
        raise ModelError(
            f"the synapse {synapse.name} has states or events: the interaction of two cells is computed for couplings "
            "that are functions of their states. Make the synaptic variable a state of the model of the cell."
        )
    own = {symbol(n): sp.Rational(repr(v)) for n, v in synapse.values.items()}
    summed: dict[str, Any] = {}
    for name, value in synapse.into:
        summed[name] = summed.get(name, sp.Integer(0)) + value.xreplace(own)
    return summed


def _of_function(function: Any) -> dict[str, Any]:
    names = list(inspect.signature(function).parameters)
    if len(names) != 2:
        raise ModelError(f"the coupling takes {len(names)} arguments: expected the two cells, as in {_EXAMPLE}.")
    returned = traced(function, {names[0]: Cell(PRE), names[1]: Cell(POST)})
    if isinstance(returned, Into):
        returned = {returned.parameter: returned.value}
    if not isinstance(returned, Mapping) or not returned:
        raise ModelError(
            f"the coupling returns {returned!r}: expected what is added to the receiving cell, as in {_EXAMPLE}."
        )
    return {key_name(key): value for key, value in returned.items()}


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
