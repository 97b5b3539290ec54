"""What was asked of `continue_equilibria`, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from dynana.analysis.equilibrium_search import Box, prepared
from dynana.analysis.ranges import asked_values, finite_range
from dynana.analysis.stability import require_autonomous, require_system
from dynana.analysis.user_functions import UserFunction, user_functions
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import unknown
from dynana.lowering.kernels import lower
from dynana.results.fixed_points import FixedPoint
from dynana.results.special_points import SpecialPoint

#: Longest step as a fraction of the size of the diagram: fine enough for smooth pictures.
LONGEST_STEP = 0.025
#: Bounds of what may be asked for: finer is a waste of memory, coarser is no sampling.
STEP_BOUNDS = (1e-5, 1.0)


@dataclass(frozen=True, eq=False)
class Request:
    """A continuation that makes sense.

    Attributes
    ----------
    system : System
    parameter : str
    low, high : float
        Range of the parameter.
    box : dict of str to (low, high)
        Ranges of states, in order.
    max_step : float
    others : tuple of (kind, name, function)
        Test functions beside those of bifurcations; functions of the array (states, parameter).
    users : tuple of UserFunction
        Those of the user among them.
    start : ndarray, shape (n + 1,), or None
    tangents : tuple of ndarray
        Directions of the branches through a start that is a branch point.
    """

    system: System
    parameter: str
    low: float
    high: float
    box: Box
    max_step: float
    others: tuple[tuple[str, str, Callable[[np.ndarray], float]], ...]
    users: tuple[UserFunction, ...]
    start: np.ndarray | None
    tangents: tuple[np.ndarray, ...]


def requested(
    system: System,
    parameter: str,
    range_: Any,
    ranges: Mapping[str, Any] | None,
    max_step: float | None,
    values: Mapping[str, Sequence[float]] | None,
    test_functions: Mapping[str, Any] | None,
    start: Any,
) -> Request:
    """Return the checked request; see `continue_equilibria` for the arguments."""
    require_system(system, "continue_equilibria")
    require_autonomous(system, "the continuation of equilibria")
    require_entering(system, parameter)
    low, high = finite_range(system, parameter, range_)
    where: np.ndarray | None = None
    tangents: tuple[np.ndarray, ...] = ()
    if start is not None:
        system, where, tangents = _start(system, parameter, low, high, start)
    asked = {system.state(n): finite_range(system, n, pair) for n, pair in (ranges or {}).items()}
    step, box = longest_step(max_step), _box(system, asked)
    users = functions(system, (parameter,), test_functions)
    middle = [0.5 * sum(box.get(n, (0.0, 0.0))) for n in system.states]
    try_functions(system, (parameter,), users, np.array([*middle, 0.5 * (low + high)]) if where is None else where)
    return Request(
        system=system,
        parameter=parameter,
        low=low,
        high=high,
        box=box,
        max_step=step,
        others=(
            *labels(system, {parameter: (low, high)}, values or {}),
            *of_arrays(system, (parameter,), users),
        ),
        users=users,
        start=where,
        tangents=tangents,
    )


def require_entering(system: System, parameter: str) -> None:
    """Raise ValueError unless a name is that of a parameter on which the equations depend."""
    if parameter in system.states:
        raise ValueError(f"{system.name}: {parameter!r} is a state; system.freeze({parameter!r}) makes it a parameter")
    system.parameter(parameter)
    if not any(e.has(symbol(parameter)) for e in system.derivatives):
        entering = [n for n in system.parameters if any(e.has(symbol(n)) for e in system.derivatives)]
        raise ValueError(
            f"{system.name}: {parameter!r} does not enter the equations, so the equilibria do not depend on it. "
            f"Parameters that do: {', '.join(entering) or 'none'}"
        )


def only_in_jumps(system: System, parameter: str) -> bool:
    """Return whether a parameter enters jumps and not the equations."""
    if parameter not in system.parameters or any(e.has(symbol(parameter)) for e in system.derivatives):
        return False
    entering = [e for j in system.jumps for e in (j.when, *j.to.values(), j.refractory) if e is not None]
    return any(e.has(symbol(parameter)) for e in entering)


def longest_step(given: float | None) -> float:
    """Return the longest step, checked."""
    step = LONGEST_STEP if given is None else float(given)
    if not STEP_BOUNDS[0] <= step <= STEP_BOUNDS[1]:
        raise ValueError(
            f"max_step is a fraction of the size of the diagram, between {STEP_BOUNDS[0]:g} and {STEP_BOUNDS[1]:g}; "
            f"got {given!r}"
        )
    return step


def _box(system: System, asked: Box) -> Box:
    search = prepared(lower(system), "reduced")
    known = search.defaults | asked
    if missing := [n for n in search.unknowns if n not in known]:
        example = ", ".join(f"{n!r}: (low, high)" for n in missing)
        raise ValueError(
            f"{system.name}: no range is known for {', '.join(missing)}: give ranges={{{example}}}, or ranges in the "
            "model"
        )
    return {n: known[n] for n in system.states if n in known}


def labels(
    system: System, varied: Mapping[str, tuple[float, float]], values: Mapping[str, Any]
) -> list[tuple[str, str, Any]]:
    """Return the test functions that vanish where a state or a varied parameter has an asked value.

    Parameters are given with their ranges. The functions are functions of the array (states, varied parameters).
    """
    names, found = (*system.states, *varied), []
    for name, wanted in values.items():
        if name not in names:
            raise ValueError(f"{system.name}: values: {unknown('state or varied parameter', name, names)}")
        i = names.index(name)
        for value in asked_values(system, name, wanted, varied.get(name)):
            found.append(("label", f"{name} = {value:g}", lambda z, i=i, value=value: float(z[i]) - value))
    return found


def functions(system: System, varied: Sequence[str], given: Mapping[str, Any] | None) -> tuple[UserFunction, ...]:
    """Return the test functions of the user."""
    argument = f"a mapping with states and parameters ({', '.join((*system.states, *system.parameters))})"
    return user_functions(given, varied, argument, f"lambda x: x[{system.states[0]!r}] - 1")


def try_functions(system: System, varied: Sequence[str], users: Sequence[UserFunction], z: np.ndarray) -> None:
    """Raise ValueError if a function of the user is none at a place (states, varied parameters)."""
    with np.errstate(all="ignore"):
        for user in users:
            user.begin(_by_name(system, varied, z), z[len(system.states) :].tolist())


def of_arrays(system: System, varied: Sequence[str], users: Sequence[UserFunction]) -> list[tuple[str, str, Any]]:
    """Return the test functions of the user as functions of the array (states, varied parameters)."""

    def value(user: UserFunction, z: np.ndarray) -> float:
        return user.value(_by_name(system, varied, z), z[len(system.states) :].tolist())

    return [("user", user.name, partial(value, user)) for user in users]


def _by_name(system: System, varied: Sequence[str], z: np.ndarray) -> dict[str, float]:
    return system.values | dict(zip((*system.states, *varied), z.tolist(), strict=True))


def _start(
    system: System, parameter: str, low: float, high: float, start: Any
) -> tuple[System, np.ndarray, tuple[np.ndarray, ...]]:
    """Return the system with the parameter values of the start, the start, and its tangents."""
    tangents: tuple[np.ndarray, ...] = ()
    if isinstance(start, SpecialPoint | FixedPoint):
        if start.fingerprint != system.fingerprint:
            raise ValueError(
                f"the start belongs to another system ({start.system}, states {', '.join(start.states)}) than "
                f"{system.name}"
            )
        if isinstance(start, SpecialPoint):
            system = system.at(**start.parameters)
            if start.free == (parameter,) and "tangent" in start.vectors:
                tangents = tuple(start.vectors[n] for n in ("tangent", "branch_tangent") if n in start.vectors)
        point = np.array(start.point, dtype=float)
    else:
        known = dict(start)
        for name in known:
            if name not in system.values:
                system.state(name)
        if missing := [n for n in system.states if n not in known]:
            raise ValueError(f"{system.name}: start= lacks {', '.join(missing)}")
        system = system.at(**{n: v for n, v in known.items() if n in system.values})
        point = np.array([float(known[n]) for n in system.states])
    value = system.values[parameter]
    if not low <= value <= high:
        raise ValueError(f"{system.name}: the start has {parameter} = {value:g}, outside the range ({low:g}, {high:g})")
    return system, np.append(point, value), tangents
