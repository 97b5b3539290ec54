"""What was asked of `continue_locus`, checked, and which curve it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.analysis.continuation_request import (
    functions,
    labels,
    longest_step,
    of_arrays,
    only_in_jumps,
    require_entering,
    try_functions,
)
from dynana.analysis.ranges import finite_range, range_around
from dynana.analysis.stability import require_autonomous
from dynana.analysis.user_functions import UserFunction
from dynana.definition.system import System
from dynana.errors import unknown
from dynana.results.special_points import SpecialPoint, in_words
from dynana.results.tables import number

#: Curves that pass through each kind of special point of equilibria.
CURVES: Mapping[str, tuple[str, ...]] = {
    "fold": ("fold",),
    "hopf": ("hopf",),
    "branch point": ("branch point", "fold"),
    "cusp": ("fold",),
    "bogdanov-takens": ("fold", "hopf", "homoclinic"),
    "bautin": ("hopf", "fold of cycles"),
    "zero-hopf": ("fold", "hopf"),
    "hopf-hopf": ("hopf",),
    "boundary equilibrium": ("boundary equilibrium",),
    "label": ("fold", "hopf", "branch point", "boundary equilibrium"),
    "user": ("fold", "hopf", "branch point", "boundary equilibrium"),
}
#: Curves of bifurcations of cycles.
CYCLE_CURVES = (
    "fold of cycles", "period doubling", "torus", "branch point of cycles", "homoclinic", "grazing", "switching",
    "reset on nullcline",
)  # fmt: skip
#: Curves that pass through special points of cycles and connecting orbits that are not of a kind of curve themselves.
CYCLE_POINTS: Mapping[str, tuple[str, ...]] = {
    "cusp of cycles": ("fold of cycles",),
    "1:1": ("fold of cycles", "torus"),
    "1:2": ("period doubling", "torus"),
    "1:3": ("torus",),
    "1:4": ("torus",),
    "fold-flip": ("fold of cycles", "period doubling"),
    "fold-torus": ("fold of cycles", "torus"),
    "flip-torus": ("period doubling", "torus"),
    "snic": ("homoclinic",),
    "neutral saddle": ("homoclinic",),
    "double leading eigenvalue": ("homoclinic",),
    "saddle-node loop": ("homoclinic",),
}


@dataclass(frozen=True, eq=False)
class LocusRequest:
    """A curve that makes sense.

    Attributes
    ----------
    system : System
        With the parameter values of the start.
    start : SpecialPoint
    kind : str
        Of the curve.
    free : (str, str)
    ranges : dict of str to (low, high)
        Of both parameters, and of states that were given one.
    max_step : float
    others : tuple of (kind, name, function)
        Test functions beside those of bifurcations; functions of the array (states, parameters).
    users : tuple of UserFunction
        Those of the user among them.
    """

    system: System
    start: SpecialPoint
    kind: str
    free: tuple[str, str]
    ranges: dict[str, tuple[float, float]]
    max_step: float
    others: tuple[tuple[str, str, Callable[[np.ndarray], float]], ...]
    users: tuple[UserFunction, ...] = ()


def kind_of_curve(start: Any, kind: str | None) -> str:
    """Return the kind of the curve that shall be followed from a special point.

    Raises
    ------
    TypeError
        If the start is no SpecialPoint.
    ValueError
        If no such curve passes through points of its kind, or several do and none was named.
    """
    if not isinstance(start, SpecialPoint):
        raise TypeError(
            "continue_locus starts from a SpecialPoint, such as diagram.special_points('hopf')[0], got "
            f"{type(start).__name__}"
        )
    offered: tuple[str, ...]
    if start.kind in ("label", "user") and start.cycle is not None:
        offered = CYCLE_CURVES
    elif start.kind in CURVES:
        offered = CURVES[start.kind]
    elif start.kind in CYCLE_CURVES:
        offered = (start.kind,)
    elif start.kind in CYCLE_POINTS:
        offered = CYCLE_POINTS[start.kind]
    else:
        raise ValueError(f"no curve is known through {in_words(start.kind, many=True)}; {_from()}")
    if kind is None:
        if len(offered) == 1 or start.kind == "branch point":
            return offered[0]
        raise ValueError(
            f"curves of several kinds pass through a {in_words(start.kind)}: choose one with kind=, out of "
            f"{', '.join(map(repr, offered))}"
        )
    if kind not in offered:
        raise ValueError(f"through a {in_words(start.kind)}, {unknown('kind of curve', kind, offered)}")
    return kind


def _from() -> str:
    return f"it can start from {', '.join((*CURVES, *CYCLE_CURVES))}"


def locus_requested(
    system: System,
    start: SpecialPoint,
    kind: str,
    parameters: Any,
    ranges: Mapping[str, Any] | None,
    max_step: float | None,
    values: Mapping[str, Sequence[float]] | None,
    test_functions: Mapping[str, Any] | None,
) -> LocusRequest:
    """Return the checked request; see `continue_locus` for the arguments."""
    if start.fingerprint != system.fingerprint:
        raise ValueError(
            f"the start belongs to another system ({start.system}, states {', '.join(start.states)}) than {system.name}"
        )
    require_autonomous(system, "the continuation of a curve of bifurcations")
    free = two_parameters(system, parameters, jumps=kind == "boundary equilibrium")
    box = ranges_around(system, start.parameters, free, ranges, system.states)
    system = system.at(**start.parameters)
    users = functions(system, free, test_functions)
    try_functions(system, free, users, np.append(start.point, [system.values[n] for n in free]))
    return LocusRequest(
        system=system,
        start=start,
        kind=kind,
        free=free,
        ranges=box,
        max_step=longest_step(max_step),
        others=(
            *labels(system, {n: box[n] for n in free}, values or {}),
            *of_arrays(system, free, users),
        ),
        users=users,
    )


def ranges_around(
    system: System,
    values: Mapping[str, float],
    free: tuple[str, str],
    ranges: Mapping[str, Any] | None,
    states: Sequence[str] = (),
) -> dict[str, tuple[float, float]]:
    """Return the ranges of both parameters, and of the states that were given one.

    Parameters
    ----------
    system : System
    values : mapping of str to float
        Parameters at the start of the curve, which must be in the ranges.
    free : (str, str)
    ranges : mapping of str to (low, high), optional
        As they were given; a parameter without one gets its surroundings (see `range_around`).
    states : sequence of str, optional
        States that can have a range.
    """
    asked = dict(ranges or {})
    for name in asked:
        if name not in free and name not in states:
            known = (*free, *states)
            kind = "varied parameter or state" if states else "varied parameter"
            raise ValueError(f"{system.name}: ranges: {unknown(kind, name, known)}")
    box = {n: finite_range(system, n, pair) for n, pair in asked.items()}
    for name in free:
        if name not in box:
            box[name] = range_around(values[name], system.values[name])
        low, high = box[name]
        if not low <= values[name] <= high:
            raise ValueError(
                f"{system.name}: the start has {name} = {number(values[name])}, outside the range ({number(low)}, "
                f"{number(high)})"
            )
    return box


def two_parameters(system: System, parameters: Any, *, jumps: bool = False) -> tuple[str, str]:
    """Return the names of two different parameters that enter the equations, or ``jumps``."""
    given = (parameters,) if isinstance(parameters, str) else tuple(parameters)
    if len(given) != 2 or given[0] == given[1]:
        raise ValueError(
            f"{system.name}: a curve of bifurcations needs two different parameters, such as "
            f"{tuple(system.parameters[:2])!r}, got {parameters!r}"
        )
    for name in given:
        if not (jumps and only_in_jumps(system, name)):
            require_entering(system, name)
    return given[0], given[1]
