"""`homoclinic` and `heteroclinic`: orbits that connect equilibria, found by adjusting one parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.connection_ends import Plane
from dynana.analysis.connection_paths import along_manifold, from_slowest, near_path
from dynana.analysis.connections import ConnectionProblem
from dynana.analysis.stability import require_autonomous
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.results.cycle import Cycle
from dynana.results.fixed_points import FixedPoint
from dynana.results.homoclinic import Homoclinic
from dynana.results.special_points import SpecialPoint

Array = NDArray[np.float64]

#: Mesh intervals unless given, fewest that make sense, and Gauss points in each.
INTERVALS, FEWEST_INTERVALS, STAGES = 120, 10, 4
#: Typical variation of a parameter that is zero.
LEAST_RANGE = 1e-3


def homoclinic(
    system: System, start: Cycle | SpecialPoint | FixedPoint, parameter: str, *, intervals: int = INTERVALS
) -> Homoclinic:
    """Find a homoclinic orbit by adjusting one parameter.

    Parameters
    ----------
    system : System
    start : Cycle, SpecialPoint with its cycle, or FixedPoint
        A cycle that spends much of its period near a saddle, or where a saddle-node is about to appear; or a saddle
        with an unstable or stable manifold of one dimension that returns near it. Brings its parameter values with it.
    parameter : str
        The parameter that is adjusted.
    intervals : int, optional
        Mesh intervals.

    Returns
    -------
    Homoclinic
        To a saddle, or to the saddle-node where a cycle has no equilibrium in its way.

    Raises
    ------
    ValueError
        For a start of another system or kind, an unknown parameter, or one that does not enter the equations.
    ModelError
        If the equations contain time.
    ConvergenceError
        If the start passes no equilibrium closely, or no orbit is found.

    Notes
    -----
    The orbit is cut off at a small distance from the equilibrium, where it has to lie in the linear unstable and stable
    subspaces (W.-J. Beyn, IMA J. Numer. Anal. 10 (1990) 379), and computed by Gauss collocation.
    """
    if isinstance(start, FixedPoint):
        return heteroclinic(system, (start, start), parameter, intervals=intervals)
    cycle = _cycle(system, start)
    _check(system, parameter, intervals)
    system = system.at(**cycle.parameters)
    times, states = from_slowest(system, cycle)
    extent = np.ptp(states, axis=0)
    value = system.values[parameter]
    span = max(abs(value), LEAST_RANGE)
    indices = (system.parameters.index(parameter), lower(system).n_parameters)
    plane = Plane(system, indices, np.maximum(extent, 1e-3 * extent.max()), np.array([span, 1.0]))
    point, found, slow = near_path(plane, states, np.array([value, 0.0]))
    system = system.at(**{parameter: float(found[0])})
    return _solved(system, parameter, span, (times, states), np.array([point, point]), slow, intervals)


def heteroclinic(
    system: System, equilibria: tuple[FixedPoint, FixedPoint], parameter: str, *, intervals: int = INTERVALS
) -> Homoclinic:
    """Find an orbit from one saddle to another by adjusting one parameter.

    Parameters
    ----------
    system : System
    equilibria : (FixedPoint, FixedPoint)
        Where the orbit comes from and where it goes, for the same parameter values. The unstable manifold of the first
        or the stable manifold of the second has one dimension and comes near the other equilibrium.
    parameter : str
        The parameter that is adjusted.
    intervals : int, optional
        Mesh intervals.

    Returns
    -------
    Homoclinic
        Of kind "heteroclinic".

    Raises
    ------
    ValueError
        For equilibria of another system or with different parameter values, equilibria between which orbits exist for
        all parameter values or for none, an unknown parameter, or one that does not enter the equations.
    ModelError
        If the equations contain time.
    ConvergenceError
        If the manifold does not come near, or no orbit is found.
    """
    first, last = _saddles(system, equilibria)
    _check(system, parameter, intervals)
    system = system.at(**first.parameters)
    path = along_manifold(system, first, last)
    span = max(abs(system.values[parameter]), LEAST_RANGE)
    return _solved(system, parameter, span, path, np.array([first.point, last.point]), False, intervals)


def _solved(
    system: System,
    parameter: str,
    span: float,
    path: tuple[Array, Array],
    equilibria: Array,
    slow: bool,
    intervals: int,
) -> Homoclinic:
    problem = ConnectionProblem(system, (parameter,), (span,), path[1], equilibria, slow=slow, stages=STAGES)
    if not problem.ends.balanced:
        raise ConvergenceError(f"{system.name}: {_unbalanced(problem.ends.counts)}")
    return problem.result(problem.settled(problem.guess(*path, intervals)))


def _unbalanced(counts: list[tuple[int, int]]) -> str:
    return (
        f"the first equilibrium has {counts[0][1]} unstable and the last {counts[1][0]} stable directions: together "
        f"they must be as many as there are states ({sum(counts[0])}) for a connection at isolated parameter values."
    )


def _saddles(system: System, equilibria: Any) -> tuple[FixedPoint, FixedPoint]:
    pair = tuple(equilibria) if isinstance(equilibria, tuple | list) else ()
    if len(pair) != 2 or not all(isinstance(e, FixedPoint) for e in pair):
        raise ValueError(f"{system.name}: a connecting orbit needs two FixedPoints (first, last), got {equilibria!r}")
    first, last = pair
    for e in pair:
        if e.fingerprint != lower(system).fingerprint:
            raise ValueError(f"the equilibrium belongs to another system ({e.system}) than {system.name}")
        if not (e.eigenvalues.real.min() < 0.0 < e.eigenvalues.real.max()):
            raise ValueError(f"{system.name}: connecting orbits between saddles are offered, got a {e.kind}")
    if first.parameters != last.parameters:
        raise ValueError(f"{system.name}: the two equilibria belong to different parameter values")
    counts = [(int((e.eigenvalues.real < 0.0).sum()), int((e.eigenvalues.real > 0.0).sum())) for e in pair]
    if counts[0][0] + counts[1][1] != len(system.states):
        raise ValueError(f"{system.name}: {_unbalanced(counts)}")
    return first, last


def _cycle(system: System, start: Any) -> Cycle:
    cycle = start.cycle if isinstance(start, SpecialPoint) else start
    if not isinstance(cycle, Cycle):
        given = f"a {start.kind} point without a cycle" if isinstance(start, SpecialPoint) else type(start).__name__
        raise ValueError(
            f"{system.name}: a homoclinic orbit is found from a Cycle of long period, a special point that has one, or "
            f"a FixedPoint; got {given}"
        )
    if cycle.fingerprint != lower(system).fingerprint:
        raise ValueError(
            f"the cycle belongs to another system ({cycle.system}, states {', '.join(cycle.states)}) than {system.name}"
        )
    if len(cycle.segments) > 1:
        raise ValueError(f"{system.name}: homoclinic orbits across jumps are not offered")
    return cycle


def _check(system: System, parameter: str, intervals: int) -> None:
    system.parameter(parameter)
    require_autonomous(system, "a homoclinic orbit")
    if not any(e.has(symbol(parameter)) for e in system.derivatives):
        raise ValueError(f"{system.name}: {parameter!r} does not enter the equations")
    if intervals < FEWEST_INTERVALS:
        raise ValueError(f"intervals must be at least {FEWEST_INTERVALS}, got {intervals!r}")
