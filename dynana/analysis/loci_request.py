"""What was asked of `continue_locus`, checked, and which curve it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.analysis.continuation_request import functions, labels, longest_step, require_entering
from dynana.analysis.ranges import finite_range
from dynana.analysis.stability import require_autonomous
from dynana.definition.system import System
from dynana.errors import unknown
from dynana.results.diagram import SpecialPoint
from dynana.results.tables import number

#: A parameter without a range may move this many times its size either way, but not through zero where its value at
#: the start and in the model have the same sign: conductances and time constants stay positive.
REACH = 10.0
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
    "label": ("fold", "hopf", "branch point"),
    "user": ("fold", "hopf", "branch point"),
}
#: Curves of bifurcations of cycles.
CYCLE_CURVES = ("fold of cycles", "period doubling", "torus", "branch point of cycles", "homoclinic")
#: Special points of cycles that are not of a kind of curve themselves.
CYCLE_POINTS = ("cusp of cycles", "1:1", "1:2", "1:3", "1:4", "snic")


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
    """

    system: System
    start: SpecialPoint
    kind: str
    free: tuple[str, str]
    ranges: dict[str, tuple[float, float]]
    max_step: float
    others: tuple[tuple[str, str, Callable[[np.ndarray], float]], ...]


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
    if start.kind in CURVES:
        offered = CURVES[start.kind]
    elif start.kind in CYCLE_CURVES:
        offered = (start.kind,)
    elif start.kind in CYCLE_POINTS:
        offered = CYCLE_CURVES
    else:
        raise ValueError(f"no curve is known through {start.kind} points; {_from()}")
    if kind is None:
        if len(offered) == 1 or start.kind == "branch point":
            return offered[0]
        raise ValueError(
            f"curves of several kinds pass through a {start.title} point: choose one with kind=, out of "
            f"{', '.join(map(repr, offered))}"
        )
    if kind not in offered:
        raise ValueError(f"through a {start.title} point, {unknown('kind of curve', kind, offered)}")
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
    free = _two(system, parameters)
    stored, system = system.values, system.at(**start.parameters)
    asked = dict(ranges or {})
    for name in asked:
        if name not in free and name not in system.states:
            known = (*free, *system.states)
            raise ValueError(f"{system.name}: ranges: {unknown('varied parameter or state', name, known)}")
    box = {n: finite_range(system, n, pair) for n, pair in asked.items()}
    for name in free:
        value = system.values[name]
        if name not in box:
            box[name] = _default(value, stored[name])
        low, high = box[name]
        if not low <= value <= high:
            raise ValueError(
                f"{system.name}: the start has {name} = {number(value)}, outside the range ({number(low)}, "
                f"{number(high)})"
            )
    return LocusRequest(
        system=system,
        start=start,
        kind=kind,
        free=free,
        ranges=box,
        max_step=longest_step(max_step),
        others=(*labels(system, free, values or {}), *functions(system, free, test_functions or {})),
    )


def _two(system: System, parameters: Any) -> tuple[str, str]:
    given = (parameters,) if isinstance(parameters, str) else tuple(parameters)
    if len(given) != 2 or given[0] == given[1]:
        raise ValueError(
            f"{system.name}: a curve of bifurcations needs two different parameters, such as "
            f"{tuple(system.parameters[:2])!r}, got {parameters!r}"
        )
    for name in given:
        require_entering(system, name)
    return given[0], given[1]


def _default(value: float, stored: float) -> tuple[float, float]:
    """Return the range of a parameter that was given none, from its value at the start and in the model."""
    size = max(abs(value), abs(stored)) or 1.0
    keeps_sign = value * stored > 0.0
    low = 0.0 if keeps_sign and value > 0.0 else value - REACH * size
    return low, 0.0 if keeps_sign and value < 0.0 else value + REACH * size
