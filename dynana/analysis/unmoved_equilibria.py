"""Equilibria over a parameter that does not move them: it enters jumps only, or time enters and nothing rests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dynana.analysis.continuation_request import require_entering
from dynana.analysis.fixed_points import fixed_points
from dynana.analysis.ranges import finite_range
from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.results.diagram import Branch, Diagram
from dynana.results.fixed_points import FixedPoint
from dynana.results.stop import Stop
from dynana.results.tables import number

#: Values of the parameter at which it is asked whether a jump takes an equilibrium away.
SAMPLES = 65


def unmoved_equilibria(
    system: System,
    parameter: str,
    range: tuple[float, float],
    ranges: Mapping[str, tuple[float, float]] | None,
    asked: Sequence[str] = (),
) -> Diagram:
    """Return the diagram of the equilibria, which do not depend on the parameter; stability may, through thresholds.

    Raises
    ------
    ValueError
        If something was asked that changes along branches of equilibria only.
    """
    if asked:
        raise ValueError(
            f"{system.name}: {', '.join(asked)} concern equilibria, and {parameter} enters the jumps only, so that it "
            "does not move them: leave them out"
        )
    low, high = finite_range(system, parameter, range)
    values = np.linspace(low, high, SAMPLES)
    found = fixed_points(system, ranges=ranges)
    n = len(system.states)
    nothing = np.empty((0, n + 1, 2))
    return Diagram(
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        parameter=parameter,
        parameters=system.values,
        range=(low, high),
        box=found.box,
        branches=tuple(_branch(system, parameter, values, point) for point in found),
        coverage=(f"{parameter} enters the jumps only, so equilibria do not depend on it: {found.verdict}",),
        complete=found.complete,
        undecided=nothing,
        boxes_examined=found.boxes_examined,
        special_complete=found.complete,
        special_undecided=nothing,
        pieces_examined=0,
        units=system.units,
    )


def no_equilibria(system: System, parameter: str, range: tuple[float, float], asked: Sequence[str]) -> Diagram:
    """Return the diagram of equations that contain time, without equilibria.

    Raises
    ------
    ValueError
        If something was asked that concerns equilibria only.
    """
    require_entering(system, parameter)
    if asked:
        raise ValueError(
            f"{system.name}: {', '.join(asked)} concern equilibria, and the equations contain the time t, so that "
            "there are none: leave them out"
        )
    return Diagram(
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        parameter=parameter,
        parameters=system.values,
        range=finite_range(system, parameter, range),
        box={},
        branches=(),
        coverage=("no equilibria: the equations contain the time t",),
        complete=False,
        undecided=np.empty((0, len(system.states) + 1, 2)),
        boxes_examined=0,
        units=system.units,
    )


def _branch(system: System, parameter: str, values: np.ndarray, point: FixedPoint) -> Branch:
    kernels = lower(system)
    guards, holds, p = np.empty(kernels.n_guards), np.empty(kernels.n_jumps), kernels.p
    taken = []
    for value in values:
        p[system.parameters.index(parameter)] = value
        kernels.guards(0.0, np.array(point.point), p, guards)
        kernels.conditions(guards, holds)
        taken.append(bool((holds > 0.0).any()))
    k = values.size
    ends = tuple(Stop(reason="end of range", message=f"{parameter} = {number(v)}.") for v in (values[0], values[-1]))
    return Branch(
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        parameter=parameter,
        parameters=system.values,
        values=values,
        points=np.tile(point.point, (k, 1)),
        eigenvalues=np.tile(point.eigenvalues, (k, 1)),
        stable=np.array([bool(point.eigenvalues.real.max() < 0.0) and not away for away in taken]),
        special=(),
        stops=(ends[0], ends[1]),
        origin="the same for all values",
        closed=False,
        units=system.units,
    )
