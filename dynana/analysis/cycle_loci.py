"""`continue_cycle_locus`: curves of folds of cycles, period doublings and torus points in two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.critical_cycles import BIFURCATIONS, CriticalCycles
from dynana.analysis.cycle_loci_events import CyclePlace, CycleTest
from dynana.analysis.cycle_loci_results import locus_of
from dynana.analysis.cycle_loci_starts import first_fold_of_cycles
from dynana.analysis.cycle_loci_tracing import CycleLocus
from dynana.analysis.orbit_loci import Tracer, Way, label
from dynana.analysis.ranges import finite_range
from dynana.definition.system import System
from dynana.errors import unknown
from dynana.lowering.kernels import lower
from dynana.numerics.pseudo_arclength import StepControl
from dynana.results.cycle import Cycle
from dynana.results.diagram import SpecialPoint
from dynana.results.locus import Locus
from dynana.results.stop import Stop

Array = NDArray[np.float64]

#: Longest step unless given, in the norm of the curve: cycles change by a tenth of their size, or parameters by a tenth
#: of their range.
LONGEST_STEP = 0.1
#: First step, as part of the longest.
FIRST_STEP = 0.1
#: Longest period unless given, in periods of the first cycle.
LONGEST_PERIOD = 100.0
#: Points in each direction unless given.
MOST_POINTS = 1000


def continue_cycle_locus(
    system: System,
    point: SpecialPoint,
    parameters: tuple[str, str],
    ranges: Sequence[tuple[float, float]],
    *,
    values: Mapping[str, Sequence[float]] | None = None,
    max_step: float = LONGEST_STEP,
    points: int = MOST_POINTS,
    longest_period: float | None = None,
) -> Locus:
    """Follow a bifurcation of cycles while two parameters vary.

    Parameters
    ----------
    system : System
    point : SpecialPoint
        A fold of cycles, period doubling or torus point with its cycle, whose mesh is kept; or a Bautin point, where a
        curve of folds of cycles begins.
    parameters : (str, str)
        The two that vary.
    ranges : two pairs (low, high)
        Of these, in order.
    values : mapping of name to values, optional
        Where to put labels, by free parameter or "period": ``{"g_K": [30, 40], "period": [20]}``.
    max_step : float, optional
        Longest step, relative to the size of the cycles and the ranges of the parameters.
    points : int, optional
        Most steps in each direction.
    longest_period : float, optional
        Where to stop on the way to a homoclinic orbit; 100 times the first period unless given.

    Returns
    -------
    Locus
        ``points`` are states on the cycles; ``measures`` hold the largest and smallest value of each state on the mesh
        ("V_max", "V_min"), the estimated discretisation error ("error") and, for torus points, the angle of the
        multipliers ("angle"). Special points carry their cycle.

    Raises
    ------
    ValueError
        For a point of another system or kind, unknown parameters, ranges that are empty or do not contain the point.
    ConvergenceError
        If the point is not the bifurcation it is said to be.

    Notes
    -----
    The cycle and its critical perturbation are solved for together, by Gauss collocation, with exact derivatives
    (see `dynana.lowering.critical_cycles`).
    """
    box = _checked(system, point, parameters, ranges, max_step, points)
    labels = _labels(system, parameters, values or {})
    at_start = system.at(**point.parameters)
    control = StepControl(first=FIRST_STEP * max_step, most=max_step, points=points)
    if point.kind == "bautin":
        problem, start = first_fold_of_cycles(at_start, point, parameters, np.ptp(box, axis=1))
    else:
        assert isinstance(point.cycle, Cycle)
        problem = CriticalCycles.of_cycle(at_start, point.kind, parameters, np.ptp(box, axis=1), point.cycle)
        start = problem.start(point.cycle)
    longest = LONGEST_PERIOD * float(start.durations[0]) if longest_period is None else float(longest_period)
    curve = CycleLocus(problem, np.ptp(box, axis=1), longest)
    tracer = Tracer(curve, box, control, labels)
    first = curve.place(start)
    if point.kind == "bautin":
        stop = Stop(reason="bautin", message="The curve begins at the Bautin point from which it was started.")
        beginning: Way[CyclePlace] = Way(stop=stop)
        return locus_of(problem, point, first, beginning, tracer.one_way(first, curve.outward(first)))
    return locus_of(problem, point, first, *tracer.both_ways(first))


def _labels(system: System, parameters: Sequence[str], values: Mapping[str, Sequence[float]]) -> list[CycleTest]:
    names = ("period", *parameters)
    for name in values:
        if name not in names:
            raise ValueError(f"{system.name}: values: {unknown('varied parameter, or period,', name, names)}")
    return [label(n, names.index(n), float(value)) for n, asked in values.items() for value in np.atleast_1d(asked)]


def _checked(
    system: System, point: SpecialPoint, parameters: Sequence[str], ranges: Sequence[Any], max_step: float, points: int
) -> Array:
    """Return the rectangle of the parameters, shape (2, 2), after every argument has been looked at."""
    kinds = (*BIFURCATIONS, "bautin")
    if not isinstance(point, SpecialPoint) or point.kind not in kinds:
        given = f"a {point.kind} point" if isinstance(point, SpecialPoint) else repr(point)
        raise ValueError(
            f"{system.name}: a curve of bifurcations of cycles starts from a special point that is one of "
            f"{', '.join(kinds)}; got {given}"
        )
    if point.fingerprint != lower(system).fingerprint:
        raise ValueError(
            f"the start belongs to another system ({point.system}, states {', '.join(point.states)}) than {system.name}"
        )
    if point.kind != "bautin" and not isinstance(point.cycle, Cycle):
        raise ValueError(f"{system.name}: the {point.kind} point has no cycle to start from (its field cycle is empty)")
    if isinstance(point.cycle, Cycle) and len(point.cycle.segments) > 1:
        raise ValueError(f"{system.name}: curves of bifurcations of cycles across jumps are not offered")
    if len(parameters) != 2 or parameters[0] == parameters[1]:
        raise ValueError(f"{system.name}: two different parameters must vary, got {tuple(parameters)!r}")
    for name in parameters:
        system.parameter(name)
    if len(ranges) != 2:
        raise ValueError(
            f"{system.name}: ranges must be two pairs (low, high), for {' and '.join(parameters)}; got {ranges!r}"
        )
    box = np.array([finite_range(system, n, pair) for n, pair in zip(parameters, ranges, strict=True)])
    for name, (low, high) in zip(parameters, box.tolist(), strict=True):
        if not low <= point.parameters[name] <= high:
            raise ValueError(
                f"{system.name}: the start has {name} = {point.parameters[name]:g}, outside the range "
                f"({low:g}, {high:g})"
            )
    if not 0.0 < max_step <= 1.0:
        raise ValueError(f"max_step is relative to the size of the cycles, in (0, 1]; got {max_step!r}")
    if points < 1:
        raise ValueError(f"points must be at least 1, got {points!r}")
    return box
