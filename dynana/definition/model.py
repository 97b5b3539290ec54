"""The `model` decorator: from a Python function to a System."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, overload

from dynana.definition import rules
from dynana.definition.parts import Jump, Noise, Observe
from dynana.definition.signature import Function, declared, traced
from dynana.definition.system import System
from dynana.definition.tracing import TIME, Condition, Symbolic, symbol
from dynana.errors import ModelError


@overload
def model(function: Function, /) -> System: ...
@overload
def model(
    *,
    time: str | None = None,
    units: Mapping[str, str] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    wrap: Mapping[str, float] | None = None,
) -> Callable[[Function], System]: ...
def model(function: Function | None = None, /, **options: Any) -> System | Callable[[Function], System]:
    """Make a System of a function that returns derivatives.

    Positional arguments with defaults are states with their initial values (a number, or ``dn.steady`` for a gate at
    its steady state); keyword-only arguments are parameters with their values; an argument ``t`` is time. The function
    returns the derivatives in the order of the states, then any `Jump`, `Noise` and `Observe`.

    Parameters
    ----------
    time : str, optional
        Unit of time.
    units : mapping of str to str, optional
        Units of states and parameters.
    ranges : mapping of str to (low, high), optional
        Default ranges of states.
    wrap : mapping of str to float, optional
        Periods of states that are angles.

    Returns
    -------
    System

    Raises
    ------
    ModelError
        If a rule of definition is broken; the message quotes the line.
    """
    if function is None:
        return lambda f: _trace(f, **options)
    return _trace(function, **options)


def _trace(function: Function, **options: Any) -> System:
    name = function.__name__
    initial, values, timed = declared(function)
    arguments = {n: Symbolic(symbol(n)) for n in (*initial, *values)}
    if timed:
        arguments[TIME.name] = Symbolic(TIME)
    derivatives, jumps, noise, observables = _sorted(traced(function, arguments), name)
    if len(derivatives) != len(initial):
        raise ModelError(
            f"{name} has {len(initial)} state(s) ({', '.join(initial) or 'none'}) but returns {len(derivatives)} "
            "derivative(s): return one for each state, in the same order."
        )
    system = System(
        dict(zip(initial, derivatives, strict=True)),
        values,
        initial=initial,
        jumps=jumps,
        noise=noise,
        observables=observables,
        name=name,
        doc=inspect.getdoc(function) or "",
        **options,
    )
    rules.check_used([*values, *([TIME.name] if timed else [])], system.expressions(), name)
    return system


def _sorted(returned: Any, name: str) -> tuple[list[Any], list[Jump], list[Noise], dict[str, Any]]:
    """Return derivatives, jumps, noise terms and observables of what a model function returned."""
    items = returned if isinstance(returned, tuple | list) else (returned,)
    derivatives: list[Any] = []
    jumps: list[Jump] = []
    noise: list[Noise] = []
    observables: dict[str, Any] = {}
    for item in items:
        if isinstance(item, Jump):
            jumps.append(item)
        elif isinstance(item, Noise):
            noise.append(item)
        elif isinstance(item, Observe):
            rules.check_distinct([*observables, *item.expressions], f"{name}: observables")
            observables.update(item.expressions)
        elif item is None or isinstance(item, Condition):
            raise ModelError(
                f"{name} returns {item!r}: expected derivatives, then Jump, Noise and Observe. Is `return` missing?"
            )
        elif jumps or noise or observables:
            raise ModelError(f"{name} returns a derivative after a Jump, Noise or Observe: derivatives come first.")
        else:
            derivatives.append(item)
    return derivatives, jumps, noise, observables
