"""`continue_cycle_locus`: curves of folds of cycles, period doublings and torus points in two parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.accompanied_cycles import AccompaniedCycles
from dynana.analysis.branching_cycles import BranchingCycles
from dynana.analysis.critical_cycles import BIFURCATIONS, CriticalCycles
from dynana.analysis.cycle_loci_ends import bautin_end
from dynana.analysis.cycle_loci_events import CyclePlace, CycleTest
from dynana.analysis.cycle_loci_results import locus_of
from dynana.analysis.cycle_loci_starts import first_fold_of_cycles
from dynana.analysis.cycle_loci_tracing import SHRINK, CycleLocus
from dynana.analysis.forcing import Forcing, ForcingPeriod, changing, forcing
from dynana.analysis.loci_request import ranges_around, two_parameters
from dynana.analysis.orbit_loci import Tracer, step_control
from dynana.analysis.orbit_places import Test, Way, always
from dynana.analysis.ranges import asked_values
from dynana.analysis.spiking_beginnings import is_spiking
from dynana.analysis.spiking_conditions import CONDITIONS, ConditionedSpikes
from dynana.analysis.spiking_critical import CLOSINGS, CriticalSpikes
from dynana.analysis.spiking_loci import SpikingLocus
from dynana.analysis.user_functions import UserFunction, user_functions, vanishes
from dynana.definition.system import System
from dynana.errors import unknown
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_orbit import Orbit
from dynana.results.cycle import Cycle
from dynana.results.locus import Locus
from dynana.results.special_points import SpecialPoint
from dynana.results.stop import Stop

Array = NDArray[np.float64]
TestFunction = Callable[[Mapping[str, float]], float]

#: Longest period unless given, in periods of the first cycle.
LONGEST_PERIOD = 100.0
#: Kind of the curves of cycles at which branches cross.
BRANCHING = "branch point of cycles"
#: Points in each direction unless given.
MOST_POINTS = 1000


def continue_cycle_locus(
    system: System,
    start: SpecialPoint,
    parameters: tuple[str, str],
    *,
    kind: str | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    max_step: float | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    test_functions: Mapping[str, TestFunction] | None = None,
    forcing_period: ForcingPeriod | None = None,
    points: int = MOST_POINTS,
    longest_period: float | None = None,
) -> Locus:
    """Follow a bifurcation of cycles while two parameters vary; `continue_locus` calls this for cycles.

    Parameters
    ----------
    system : System
    start : SpecialPoint
        A fold of cycles, branch point of cycles, period doubling or torus point with its cycle, or a special point of
        such a curve; its mesh is kept. Or a Bautin point, where a curve of folds of cycles begins.
    parameters : (str, str)
        The two that vary.
    kind : str, optional
        Of the curve: "fold of cycles", "branch point of cycles", "period doubling" or "torus"; that of the start unless
        given.
    ranges : mapping of name to (low, high), optional
        Of these; see `continue_locus` for those that are not given.
    max_step : float, optional
        Longest step, relative to the size of the cycles and the ranges of the parameters.
    values : mapping of name to values, optional
        Where to put labels, by varied parameter or "period": ``{"g_K": [30, 40], "period": [20]}``.
    test_functions : mapping of name to callable, optional
        Functions of a mapping with all parameters and the "period", whose zeros are located; nan where no value.
    forcing_period : float, str or callable, optional
        Where time enters the equations, and their period changes with a parameter that varies; see `continue_cycles`.
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
    TypeError
        If the start is no SpecialPoint.
    ValueError
        For a start of another system or without a cycle, a kind that is not offered, unknown parameters, ranges that
        are empty or do not contain the start.
    ConvergenceError
        If the start is not the bifurcation it is said to be; if the parameters unfold a branch point of cycles, which
        forms curves in two parameters only where a symmetry or an invariant set is kept.

    Notes
    -----
    The cycle and its critical perturbation are solved for together, by Gauss collocation, with exact derivatives
    (see `dynana.lowering.critical_cycles`).
    """
    curve_kind = _kind(system, start, kind)
    free, box = _plane(system, start, parameters, ranges)
    law = _forcing(system.at(**start.parameters), start.cycle, curve_kind, free, box, forcing_period)
    control = step_control(max_step, points)
    at_start = system.at(**start.parameters)
    widths = np.asarray(np.ptp(box, axis=1))
    argument = f"a mapping with parameters and the period ({', '.join((*system.parameters, 'period'))})"
    users = user_functions(test_functions, free, argument, "lambda x: x['period'] - 10")
    for user in users:
        user.begin(at_start.values | {"period": start.period}, [at_start.values[name] for name in free])
    if is_spiking(start):
        assert isinstance(start.cycle, Cycle)
        made = ConditionedSpikes if curve_kind in CONDITIONS else CriticalSpikes
        spikes = made(at_start, curve_kind, free, widths, start.cycle, law)
        labels = _labels(at_start, free, box, values or {}, users, spikes.period)
        longest = LONGEST_PERIOD * start.cycle.period if longest_period is None else float(longest_period)
        along = SpikingLocus(spikes, widths, longest)
        begin = along.place(spikes.start())
        return locus_of(spikes, start, begin, *Tracer(along, box, control, labels).both_ways(begin), users)
    labels = _labels(at_start, free, box, values or {}, users, _duration)
    problem, orbit = _first(at_start, curve_kind, start, free, widths, law)
    longest = LONGEST_PERIOD * float(orbit.durations[0]) if longest_period is None else float(longest_period)
    curve = CycleLocus(problem, widths, longest)
    tracer = Tracer(curve, box, control, labels)
    first = curve.place(orbit)
    ways: tuple[Way[CyclePlace], Way[CyclePlace]]
    if start.kind == "bautin":
        stop = Stop(reason="bautin", message="The curve begins at the Bautin point from which it was started.")
        ways = Way(stop=stop, end=start), tracer.one_way(first, curve.outward(first))
    else:
        ways = tracer.both_ways(first)
    if isinstance(problem, CriticalCycles) and curve_kind == "fold of cycles":
        ways = _ended(problem, first, ways[0]), _ended(problem, first, ways[1])
    return locus_of(problem, start, first, *ways, users)


def _first(
    system: System, kind: str, start: SpecialPoint, free: tuple[str, str], widths: Array, law: Forcing | None
) -> tuple[AccompaniedCycles, Orbit]:
    """Return the problem of a curve and its first orbit."""
    if start.kind == "bautin":
        return first_fold_of_cycles(system, start, free, widths)
    assert isinstance(start.cycle, Cycle)
    if kind == BRANCHING:
        crossing = BranchingCycles(system, free, widths, start.cycle)
        return crossing, crossing.start(start.cycle)
    problem = CriticalCycles.of_cycle(system, kind, free, widths.tolist(), start.cycle, law)
    return problem, problem.start(start.cycle)


def _ended(problem: CriticalCycles, first: CyclePlace, way: Way[CyclePlace]) -> Way[CyclePlace]:
    """Return a way with the Bautin point in which its cycles shrink to a point, if they do."""
    return way.shrunk(bautin_end(problem, [first, *way.places])) if way.stop.reason == SHRINK else way


def _forcing(
    system: System,
    cycle: object,
    kind: str,
    free: tuple[str, str],
    box: Array,
    given: ForcingPeriod | None,
) -> Forcing | None:
    """Return the period of the cycles of a curve where time enters the equations, after it has been checked."""
    ranges = [(float(low), float(high)) for low, high in box]
    if not isinstance(cycle, Cycle) or not cycle.forced:
        return forcing(system, given, free, ranges)
    if given is None:
        if name := changing(system, Forcing(cycle.period), free, ranges):
            raise ValueError(
                f"{system.name}: the period of the forcing changes with {name}: give it as a function of the "
                f"parameters, such as forcing_period=lambda p: 2*pi/p[{name!r}]"
            )
        return Forcing(cycle.period)
    law = forcing(system, given, free, ranges)
    assert law is not None
    if law.parameter and kind == BRANCHING:
        raise ValueError(
            f"{system.name}: branch points of forced cycles are followed at a constant period, and that of the forcing "
            f"changes with {law.parameter}: measure time in periods, t = tau*period, and multiply the equations by it"
        )
    return law.turns(max(1, round(cycle.period / law.period(system.values))))


def _kind(system: System, start: Any, kind: str | None) -> str:
    """Return the kind of the curve, after the start has been looked at."""
    if not isinstance(start, SpecialPoint):
        raise TypeError(
            f"{system.name}: a curve of bifurcations of cycles starts from a SpecialPoint, such as "
            f"branch.special_points('fold of cycles')[0], got {type(start).__name__}"
        )
    if start.fingerprint != lower(system).fingerprint:
        raise ValueError(
            f"the start belongs to another system ({start.system}, states {', '.join(start.states)}) than {system.name}"
        )
    found = kind or ("fold of cycles" if start.kind == "bautin" else start.kind)
    if found in CONDITIONS and is_spiking(start):
        return found
    if found not in (*BIFURCATIONS, BRANCHING):
        raise ValueError(
            f"{system.name}: curves of {', '.join((*BIFURCATIONS, BRANCHING))} points are offered, from such points or "
            f"a bautin point, or with kind=; got {found!r}"
        )
    if start.kind == "bautin" and found != "fold of cycles":
        raise ValueError(f"{system.name}: a curve of folds of cycles begins at a bautin point, none of {found} points")
    if start.kind != "bautin" and not isinstance(start.cycle, Cycle):
        raise ValueError(f"{system.name}: the {start.kind} point has no cycle to start from (its field cycle is empty)")
    if is_spiking(start) and found not in CLOSINGS:
        raise ValueError(
            f"{system.name}: of cycles with jumps, curves of {', '.join((*CLOSINGS, *CONDITIONS))} points are offered; "
            f"got {found!r}"
        )
    return found


def _plane(
    system: System, start: SpecialPoint, parameters: Any, ranges: Mapping[str, Any] | None
) -> tuple[tuple[str, str], Array]:
    """Return the names of both parameters and their rectangle, shape (2, 2)."""
    free = two_parameters(system, parameters, jumps=is_spiking(start))
    box = ranges_around(system, start.parameters, free, ranges)
    return free, np.array([box[name] for name in free])


def _labels(
    system: System,
    free: tuple[str, str],
    box: Array,
    values: Mapping[str, Sequence[float]],
    users: Sequence[UserFunction],
    period: Callable[[Orbit], float],
) -> list[CycleTest]:
    names, ranges = ("period", *free), dict(zip(free, box.tolist(), strict=True))
    for name in values:
        if name not in names:
            raise ValueError(f"{system.name}: values: {unknown('varied parameter, or period,', name, names)}")
    found: list[CycleTest] = [
        Test("label", partial(_excess, period, names.index(n) - 1, value), always, name=f"{n} = {value:g}")
        for n, asked in values.items()
        for value in asked_values(system, n, asked, ranges.get(n))
    ]
    for user in users:
        value = partial(_of_place, system, free, user, period)
        found.append(Test("user", value, partial(_is_zero, value), name=user.name))
    return found


def _duration(orbit: Orbit) -> float:
    return float(orbit.durations[0])


def _excess(period: Callable[[Orbit], float], which: int, value: float, place: CyclePlace) -> float:
    """How much the period (-1) or a free parameter (0, 1) is above a value."""
    return (period(place.orbit) if which < 0 else float(place.parameters[which])) - value


def _of_place(
    system: System, free: tuple[str, str], user: UserFunction, period: Callable[[Orbit], float], place: CyclePlace
) -> float:
    at = place.parameters.tolist()
    values = system.values | dict(zip(free, at, strict=True))
    return user.value(values | {"period": period(place.orbit)}, at)


def _is_zero(value: Callable[[CyclePlace], float], before: CyclePlace, at: CyclePlace, after: CyclePlace) -> bool:
    return vanishes(value(at), (value(before), value(after)))
