"""The rules of a model definition, each with its own message. They are checked once, when a System is made."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from dynana.definition.tracing import TIME
from dynana.errors import ModelError, unknown

#: What states, parameters, observables, jumps and models may be called.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def check_name(name: object, kind: str) -> str:
    """Return ``name`` if it can name a ``kind`` (state, parameter, ...)."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ModelError(
            f"{name!r} cannot name a {kind}: expected a letter, then up to 63 letters, digits or underscores, "
            "and no Python keyword."
        )
    if name == TIME.name:
        raise ModelError(f"a {kind} cannot be called 't': that name is time.")
    return name


def check_distinct(names: Iterable[str], where: str) -> None:
    """Refuse a name that stands twice among states, parameters and observables."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ModelError(f"{where}: the name {name!r} is given twice.")
        seen.add(name)


def check_mapping(given: object, what: str) -> dict[Any, Any]:
    """Return new values, or bounds, by state; ``what`` names who takes them, with an example."""
    if not isinstance(given, Mapping):
        raise ModelError(f"{what} takes a mapping by state, not a {type(given).__name__}.")
    return dict(given)


def check_number(name: str, value: object, kind: str) -> float:
    """Return a finite real value as float."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        many = " Arrays of values go into simulate(system, t, at={...})." if hasattr(value, "__len__") else ""
        raise ModelError(f"{kind} {name!r} is {value!r}: expected a number.{many}") from None
    if not math.isfinite(number):
        raise ModelError(f"{kind} {name!r} is {number}: expected a finite number.")
    return number


def check_interval(name: str, interval: Any) -> tuple[float, float]:
    """Return a default range ``(low, high)`` as two finite floats in order."""
    try:
        first, last = interval
    except (TypeError, ValueError):
        raise ModelError(f"the range of {name!r} is {interval!r}: expected (low, high).") from None
    low = check_number(name, first, "low end of the range of")
    high = check_number(name, last, "high end of the range of")
    if not low < high:
        raise ModelError(f"the range of {name!r} is ({low:g}, {high:g}): expected low < high.")
    return low, high


def check_declared(expression: sp.Basic, place: str, known: Mapping[str, sp.Symbol]) -> None:
    """Refuse symbols that are neither states nor parameters nor time."""
    for stranger in sorted(expression.free_symbols, key=str):
        if stranger != TIME and stranger.name not in known:
            raise ModelError(f"{place}: {unknown('state or parameter', stranger.name, known)}")


def check_real(expression: sp.Expr, place: str) -> None:
    """Refuse expressions that contain infinities, undefined or imaginary values."""
    if expression.has(sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I):
        raise ModelError(f"{place} contains {expression}: expected a finite real expression.")


def check_used(parameters: Iterable[str], expressions: Iterable[sp.Basic], model: str) -> None:
    """Refuse arguments that no equation, jump, noise term or observable uses."""
    used = {s.name for e in expressions for s in e.free_symbols}
    for name in parameters:
        if name not in used:
            raise ModelError(
                f"{model}: the argument {name!r} is never used. Remove it, or use it in an equation, a jump, a noise "
                "term or an observable."
            )
