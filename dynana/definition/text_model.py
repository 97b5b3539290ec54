"""Models as text: from statements to the arguments of a `System`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from dynana.definition.parts import Jump, Noise
from dynana.definition.steady_state import Steady, steady
from dynana.definition.text_expressions import Expressions, value_of
from dynana.definition.text_functions import MODEL_TEXT
from dynana.definition.text_meaning import LOGIC, Definition
from dynana.definition.text_numbers import Numbers
from dynana.definition.text_statements import Content, Formula, contents
from dynana.definition.text_trees import NAME, Tree, parse
from dynana.definition.tracing import TIME, symbol
from dynana.errors import FormatError, unknown


def system_arguments(text: str) -> dict[str, Any]:
    """Return the arguments of `System` that a model text describes.

    Parameters
    ----------
    text : str
        Statements as in the table of `dynana.definition.text_statements`.

    Returns
    -------
    dict
        ``derivatives``, ``parameters``, ``initial``, ``jumps``, ``noise``, ``observables``.

    Raises
    ------
    FormatError
        With line and column, where the text is not a model.
    """
    content = contents(text)
    if not content.derivatives and not content.definitions:
        raise FormatError("the text defines nothing: expected dV/dt = ... or V' = ...", line=1, column=1)
    parameters = _parameter_values(content)
    definitions = {n: d for n, d in content.definitions.items() if n not in parameters}
    for name, formula in content.derivatives.items():
        if name in content.definitions:
            raise FormatError(f"{name!r} is a state and is also defined.", line=formula.line, column=1)
    symbols = {n: symbol(n) for n in (*content.derivatives, *parameters)}
    names = {n: value_of(s) for n, s in symbols.items()}
    reading = Expressions(
        {**names, TIME.name: value_of(TIME), "pi": value_of(sp.pi)}, definitions, MODEL_TEXT, content.length
    )

    def expression(formula: Formula) -> sp.Expr:
        return reading.read(formula.tree, formula.line).expr

    made = {
        "derivatives": {n: expression(f) for n, f in content.derivatives.items()},
        "parameters": parameters,
        "initial": _initial(content, parameters, definitions),
        "jumps": [_made_jump(content, reading, *jump) for jump in content.jumps],
        "noise": [Noise({_target(content, n, f): expression(f) for n, f in terms.items()}) for terms in content.noise],
        "observables": {n: expression(f) for n, f in content.observables.items() if not _clash(content, n, f, symbols)},
    }
    for definition in definitions.values():
        if definition.parameters is None:
            reading.read(Tree(NAME, definition.name), definition.line)
    _check_parameters(content, parameters)
    return made


def formula(text: str, symbols: Mapping[str, sp.Symbol]) -> sp.Expr:
    """Return the expression that a text is, of the given symbols and time.

    Raises
    ------
    FormatError
        With the column, where it is no formula or names something else.
    """
    names = {n: value_of(s) for n, s in symbols.items()} | {TIME.name: value_of(TIME), "pi": value_of(sp.pi)}
    return Expressions(names, {}, MODEL_TEXT, len(text)).read(parse(text), 1).expr


def _parameter_values(content: Content) -> dict[str, float]:
    """Return the quantities that are formulas of numbers alone: they are parameters."""
    values = {}
    for name, definition in content.definitions.items():
        if definition.parameters is None and not any(
            t.kind == NAME and t.head != "pi" or t.head in content.definitions for t in definition.tree
        ):
            reading = Expressions({"pi": value_of(sp.pi)}, {}, MODEL_TEXT)
            number = reading.read(definition.tree, definition.line).number
            assert number is not None  # there are no symbols
            values[name] = number
    return values


def _initial(
    content: Content, parameters: dict[str, float], definitions: dict[str, Definition]
) -> dict[str, float | Steady]:
    values: dict[str, float | Steady] = {}
    reading = Numbers({**parameters, "pi": float(sp.pi), TIME.name: 0.0}, definitions, MODEL_TEXT)
    for name, formula in content.initial.items():
        if name not in content.derivatives:
            raise FormatError(unknown("state", name, content.derivatives), line=formula.line, column=1)
        if formula.tree.kind == NAME and formula.tree.head == "steady":
            values[name] = steady
            continue
        number = float(reading.read(formula.tree, formula.line))
        if not abs(number) < float("inf"):
            raise FormatError(f"the initial value of {name!r} is {number}.", line=formula.line, column=1)
        values[name] = number
    return values


def _made_jump(
    content: Content, reading: Expressions, name: str, condition: Formula, assigned: dict[str, Formula]
) -> Jump:
    tree, line = condition.tree, condition.line
    reading.read(tree, line)  # the quantities that the condition needs
    if tree.head not in LOGIC or any(t.head in ("==", "!=") for t in tree):
        raise FormatError("expected a condition with <, >, <=, >=, and, or, not.", line=line, column=tree.column)
    when = reading.condition(tree)
    if when in (sp.true, sp.false):
        raise FormatError(f"the condition is always {bool(when)}.", line=line, column=tree.column)
    held = assigned.get("refractory")
    new = {n: f for n, f in assigned.items() if n != "refractory"}
    to = {_target(content, n, f): reading.read(f.tree, f.line).expr for n, f in new.items()}
    if not to:
        raise FormatError("the jump changes no state.", line=line, column=tree.column)
    refractory = None if held is None else reading.read(held.tree, held.line).expr
    return Jump(when=when, to=to, refractory=refractory, name=name)


def _target(content: Content, name: str, formula: Formula) -> str:
    if name not in content.derivatives:
        raise FormatError(unknown("state", name, content.derivatives), line=formula.line, column=1)
    return name


def _clash(content: Content, name: str, formula: Formula, symbols: dict[str, sp.Symbol]) -> bool:
    """Refuse an observable with the name of a state or parameter."""
    if name in symbols:
        raise FormatError(f"{name!r} is a state or parameter already.", line=formula.line, column=1)
    return False


def _check_parameters(content: Content, parameters: dict[str, float]) -> None:
    """Refuse parameters that no formula names: more often than not they are misspelt."""
    formulas = [*content.derivatives.values(), *content.initial.values(), *content.observables.values()]
    formulas += [f for _, condition, assigned in content.jumps for f in (condition, *assigned.values())]
    formulas += [f for terms in content.noise for f in terms.values()]
    trees = [f.tree for f in formulas] + [d.tree for d in content.definitions.values()]
    used = {t.head for tree in trees for t in tree}
    for name in parameters:
        if name not in used:
            line = content.definitions[name].line
            raise FormatError(f"the parameter {name!r} is never used. Remove it.", line=line, column=1)
