"""Reading the signature of a function that defines something, and running it on symbols."""

from __future__ import annotations

import inspect
import linecache
import traceback
from collections.abc import Callable, Collection, Mapping
from typing import Any

from dynana.definition import rules
from dynana.definition.steady_state import Steady
from dynana.definition.tracing import TIME
from dynana.errors import ModelError, unknown

Function = Callable[..., Any]


def declared(function: Function, references: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """Return states with initial values, parameters with values, and whether time is an argument.

    Parameters
    ----------
    function : callable
    references : collection of str, optional
        Keyword-only arguments that stand for other things (the two cells of a synapse); they have no value.
    """
    name, timed = function.__name__, False
    initial: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for argument in inspect.signature(function).parameters.values():
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            raise ModelError(f"{name}: a model has named arguments only, not {argument}.")
        if argument.name == TIME.name:
            timed = True
            continue
        if argument.name in references:
            continue
        parameter = argument.kind == argument.KEYWORD_ONLY
        kind = "parameter" if parameter else "state"
        rules.check_name(argument.name, kind)
        if argument.default is argument.empty:
            raise ModelError(
                f"{name}: the {kind} {argument.name!r} has no {'value' if parameter else 'initial value'}: "
                f"write {argument.name}=<number>."
            )
        if not isinstance(argument.default, Steady):
            rules.check_number(argument.name, argument.default, f"{name}: {kind}")
        elif parameter:
            raise ModelError(f"{name}: the parameter {argument.name!r} cannot be dn.steady; only states can.")
        (values if parameter else initial)[argument.name] = argument.default
    return initial, values, timed


def traced(function: Function, arguments: Mapping[str, Any]) -> Any:
    """Run the function on symbols; errors of Python are translated, with the line that caused them."""
    signature = inspect.signature(function)
    positional = [n for n, a in signature.parameters.items() if a.kind != a.KEYWORD_ONLY]
    keywords = {n: arguments[n] for n in signature.parameters if n not in positional}
    try:
        return function(*(arguments[n] for n in positional), **keywords)
    except NameError as error:
        missing = error.name or "?"
        raise ModelError(
            f"{function.__name__}: undeclared name {missing!r} in\n    {_line(error)}\n"
            f"{unknown('argument', missing, arguments)}. Declare it among the arguments of the model."
        ) from None
    except (TypeError, AttributeError, ValueError) as error:
        raise ModelError(
            f"{function.__name__}: {error}\n    {_line(error)}\nIn a model use dn.exp, dn.log, dn.sqrt, dn.tanh, "
            "dn.where, ... and not functions of math or numpy."
        ) from error


def _line(error: BaseException) -> str:
    """Return ``file:line: text`` of the last frame outside dynana in the traceback of ``error``."""
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if "dynana/definition" not in f.filename.replace("\\", "/")
    ]
    last = frames[-1]
    return f"{last.filename}:{last.lineno}: {linecache.getline(last.filename, last.lineno or 0).strip()}"
