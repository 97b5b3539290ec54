"""`continue_cycles`: a branch of limit cycles over a range of a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from dynana.analysis import cycle_ways
from dynana.analysis.curve_progress import CurveProgress
from dynana.analysis.cycle_ends import End, farthest, halved_end, hopf_end, long_end
from dynana.analysis.cycle_legs import Mark
from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.analysis.cycle_request import LONGEST_PERIOD, Enough, Function, Patience, Request, Start, requested
from dynana.analysis.cycle_results import Row, branch_of, cycle_at, end_point, hopf_row, special_point
from dynana.analysis.cycle_starts import beginning
from dynana.analysis.cycle_tracing import Tracer
from dynana.analysis.cycle_ways import Way
from dynana.analysis.forcing import ForcingPeriod
from dynana.analysis.kinked_beginnings import Beginning
from dynana.analysis.kinked_curve import KinkedPlace, has_jumps
from dynana.analysis.kinked_ends import shrunk_end, slow_end
from dynana.analysis.kinked_passing import beyond, kink_flaw, kink_limits
from dynana.analysis.spiking_curve import SpikingCurve, SpikingPlace
from dynana.analysis.spiking_doublings import halved
from dynana.analysis.spiking_ends import confirmed, limits, nearly_silent, silent_end, watched
from dynana.analysis.spiking_switches import across
from dynana.analysis.user_functions import UserFunction
from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.numerics.pseudo_arclength import StepControl
from dynana.results.cycle_branch import CycleBranch
from dynana.results.special_points import SpecialPoint
from dynana.results.stop import Stop
from dynana.results.tables import number

#: First step, as a fraction of the longest.
FIRST_STEP = 0.4
#: Steps after which a branch ends unless asked otherwise.
POINTS = Enough(2000)


def continue_cycles(
    system: System,
    start: Start,
    parameter: str | Sequence[str],
    range: tuple[float, float] | Sequence[tuple[float, float]] | None = None,
    *,
    max_step: float | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    test_functions: Mapping[str, Function] | None = None,
    forcing_period: ForcingPeriod | None = None,
    longest_period: float | None = None,
    points: int = POINTS,
    intervals: int = 60,
    stages: int = 4,
    progress: bool | None = None,
) -> CycleBranch:
    """Follow a branch of limit cycles over a range of a parameter.

    Parameters
    ----------
    system : System
    start : SpecialPoint, Cycle, Trajectory or PeriodicPoint
        A Hopf point: the cycles that begin there. A period doubling or a branch point of cycles: the branch that
        begins there (for the branch it lies on, start from its ``cycle``). Any other special point of cycles and a
        stored cycle: the branch through it, both ways. A trajectory that settles on a cycle, or a periodic point of a
        return map: the branch through that. A start brings its parameter values with it. Cycles may have jumps (the
        spikes of integrate-and-fire models), always in the order of the first one.
    parameter : str, or two
        The parameter that varies. With two, the period keeps the value of the start, and both vary.
    range : (low, high), or two of them, optional
        Of the parameters. Unless given: the range of the diagram or branch in which a SpecialPoint was located; for
        other starts ten times the size of the value of the parameter either way, but not beyond zero where it has the
        sign that it has in the model.
    max_step : float, optional
        Longest step: about the largest relative change of shape, period and parameter (as part of its range) from one
        cycle to the next. It changes how many cycles a branch has, and nothing else: special points are located.
    values : mapping of parameter or "period" to values, optional
        Where to put labels: ``{"I": [10, 20], "period": [50]}``.
    test_functions : mapping of name to callable, optional
        Functions of a `Cycle`, whose zeros are located; nan where they have no value.
    forcing_period : float, str or callable, optional
        Period of the equations, where time enters them. Cycles may have a multiple of it. Where it changes with a
        parameter that varies: the name of that parameter, or a function of a mapping of all parameters that is
        proportional to it or to its inverse, such as ``lambda p: 2 * pi / p["omega"]``.
    longest_period : float, optional
        Period at which the branch ends; unless given, a thousand times that of the start, or less where only the period
        still changes.
    points : int, optional
        Steps after which each direction ends; unless given, 2000, or more where the period grows and nothing turns.
    intervals, stages : int, optional
        Mesh intervals to start with, and Gauss points in each (2 to 7). The mesh adapts, and grows where it must.
    progress : bool, optional
        A line on the terminal for runs of more than 2 seconds: by default where stderr is one; False for silence.

    Returns
    -------
    CycleBranch
        Also when the branch ends early: ``branch.stops`` say why, and what to do.

    Raises
    ------
    ValueError
        For unknown names, a range that is empty or reversed or does not hold the start, a parameter that does not enter
        the equations.
    ModelError
        If the equations contain time and no forcing period is given.
    ConvergenceError
        If the start leads to no cycle.

    Notes
    -----
    Gauss collocation on an adaptive mesh, pseudo-arclength steps; period doublings, folds, tori and branch points are
    located as roots of test functions and verified by the multipliers. Cycles across kinks and jumps of the equations
    are cut there: where they graze a switch or pass two at once is located, and passed if the equations are continuous.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import hodgkin_huxley
    >>> hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")[0]
    >>> branch = dn.continue_cycles(hodgkin_huxley, hopf, "I")
    >>> [round(point["I"], 6) for point in branch.special_points("period doubling")]
    [7.845337, 7.917778]
    """
    request = requested(
        system, start, parameter, range, max_step=max_step, values=values, test_functions=test_functions,
        forcing_period=forcing_period, longest_period=longest_period, points=points, mesh=(intervals, stages),
        progress=progress,
    )  # fmt: skip
    with np.errstate(all="ignore"):  # what is not finite ends a branch, with its place
        first = beginning(request)
        return _traced(replace(request, stages=first.place.orbit.stages), first)


def _traced(request: Request, first: Beginning) -> CycleBranch:
    curve, tracer = first.curve, _tracer(request, first)
    for user in request.functions:
        user.begin(cycle_at(request, curve, first.place), first.place.scalars[1:].tolist())
    forward = tracer.one_way(first.place, first.ways[0])
    both = len(first.ways) > 1 and not forward.closed
    backward = tracer.one_way(first.place, first.ways[1]) if both else Way()
    rows = [*map(Row, reversed(backward.places)), Row(first.place), *map(Row, forward.places)]
    at_start = tracer.at_start(first.place)
    marks = [*reversed(backward.marks), *at_start, *(m for m in forward.marks if not tracer.among(m, at_start))]
    stop, row, special = _finished(request, forward.curve or curve, rows[-1].place, forward)
    rows += [row] if row else []
    extra = [(rows[-1], special)] if special else []
    if both:
        begin, row, special = _finished(request, backward.curve or curve, rows[0].place, backward)
        rows = [row, *rows] if row else rows
        extra = [(rows[0], special), *extra] if special else extra
    elif first.hopf is not None:
        end = _end_of(first.hopf, request.free[0])
        rows = [hopf_row(first.place, end), *rows]
        extra = [(rows[0], first.hopf), *extra]
        begin = Stop(reason="hopf", message=_shrunk(request, end))
    else:
        begin = stop if forward.closed else Stop(reason="start", message=f"It was followed {first.origin}.")
    origin = "; ".join((first.origin + _remarks(request, rows), *(r for u in request.functions for r in u.remarks())))
    return branch_of(request, curve, rows, marks, extra, (begin, stop), origin, forward.closed)


def _finished(
    request: Request, curve: CycleCurve, last: Place, way: Way
) -> tuple[Stop, Row | None, SpecialPoint | None]:
    """Return why a direction ended in full words, the row at its end, and the special point there."""
    name, reason = request.free[0], way.stop.reason
    if reason == cycle_ways.SHRUNK:
        if isinstance(last, KinkedPlace) and (met := shrunk_end(_system_at(request, last), name, last)):
            at = f"{'at' if met[0].converged else 'near'} {name} = {number(met[0].value, 10)}"
            stop = Stop(reason=met[0].kind, message=f"cycles shrink to an equilibrium on the switch {met[1]} = 0 {at}.")
            return stop, None, end_point(request, met[0], float(last.scalars[0]))
        end = hopf_end(_system_at(request, last), name, last.plain)
        stop = Stop(reason=reason, message=_shrunk(request, end))
        if not end.converged:
            return stop, None, None
        row = hopf_row(last.plain, end)
        return stop, row, end_point(request, end, float(row.place.scalars[0]))
    if reason == cycle_ways.HALVED:
        return _halved(request, curve, last)
    if reason == cycle_ways.LONG and has_jumps(curve):
        assert isinstance(curve, SpikingCurve)
        found, stop = silent_end(_system_at(request, last), name, curve, last)
        if found is None:
            return stop, None, None
        cycle = cycle_at(request, curve, last)
        return stop, None, end_point(request, found, cycle.period, cycle)
    if reason == cycle_ways.LONG and len(request.free) == 1 and not curve.forced:
        found, stop = _saddle_end(request, last)
        if found is None:
            return stop, None, None
        cycle = cycle_at(request, curve, last)
        return stop, None, end_point(request, found, cycle.period, cycle)
    if reason == cycle_ways.LONG:
        place = f"{name} = {number(float(last.scalars[1]), 10)}"
        words = f"the period reaches {number(float(last.scalars[0]))} at {place}."
        return Stop(reason=reason, message=words), None, None
    return way.stop, None, None


def _saddle_end(request: Request, place: Place) -> tuple[End | None, Stop]:
    """Return what a cycle of very long period is about to become."""
    system, name = _system_at(request, place), request.free[0]
    if isinstance(place, KinkedPlace):
        return slow_end(system, name, place)
    return long_end(system, name, place.scalars, place.points)


def _halved(request: Request, curve: CycleCurve, last: Place) -> tuple[Stop, None, SpecialPoint | None]:
    name, period = request.free[0], 0.5 * float(last.scalars[0])
    found: tuple[CycleCurve, Mark] | None = None
    if isinstance(curve, SpikingCurve):
        found = halved(curve, last)
    elif not curve.held:
        found = halved_end(_system_at(request, last), request.free, curve, last)
    value = float(last.scalars[1]) if found is None else float(found[1].place.scalars[1])
    place = f"near {name} = {number(value)}" if found is None else f"at {name} = {number(value, 10)}"
    message = (
        f"{place} the two turns of the cycle become one, of period {number(period)}: the branch ends on the one that "
        "it doubles."
    )
    stop = Stop(reason=cycle_ways.HALVED, message=message)
    return stop, None, None if found is None else special_point(request, *found, 0, (value, value))


def _system_at(request: Request, place: Place) -> System:
    return request.system.at(**dict(zip(request.free, place.orbit.parameters.tolist(), strict=True)))


def _shrunk(request: Request, end: End) -> str:
    name = request.free[0]
    if not end.converged:
        return f"cycles shrink to a point near {name} = {number(end.value)}, which is no ordinary Hopf point."
    return f"cycles shrink to the Hopf point at {name} = {number(end.value, 10)}."


def _end_of(hopf: SpecialPoint, name: str) -> End:
    return End("hopf", np.array(hopf.point), hopf.parameters[name], np.array(hopf.eigenvalues), True)


def _remarks(request: Request, rows: Sequence[Row]) -> str:
    """Return what has to be said about the equations: kinks that the orbits cross."""
    kernels = lower(request.system)
    if not kernels.n_switches:
        return ""
    cut = [row.place.orbits for row in rows if isinstance(row.place, KinkedPlace)]
    if cut:
        names = {orbits.made.switches[k]: None for orbits in cut for k in orbits.pattern.events}
        return f"; the equations have kinks or jumps that cycles cross: they are cut there ({' = 0, '.join(names)} = 0)"
    sides, p = np.empty(kernels.n_switches), kernels.p
    at = [request.system.parameters.index(name) for name in request.free]
    for row in rows:
        place, signs = row.place, []
        p[at] = place.orbit.parameters
        forced = isinstance(place, SpikingPlace) and place.driven >= 0
        times = place.points[:, len(request.system.states)] if forced else place.orbit.times()
        for t, x in zip(times, place.points, strict=True):
            kernels.switches(t, np.ascontiguousarray(x), p, sides)
            signs.append(np.sign(sides))
        if np.any(np.ptp(signs, axis=0) > 0):
            worst = max(r.place.error for r in rows if r.end is None)
            return (
                "; the equations have kinks or jumps that cycles cross: the mesh gathers there, the estimated error is "
                f"up to {number(worst, 2)} of the extent"
            )
    return ""


def _tracer(request: Request, first: Beginning) -> Tracer:
    kernels, longest = lower(request.system), request.longest_period
    asked = [1.01 * value for name, value in request.labels if name == "period"]
    patience, longest = (longest, None) if isinstance(longest, Patience) else (np.inf, longest)
    most = request.points * (cycle_ways.FARTHEST if isinstance(request.points, Enough) else 1)
    curve = first.curve
    spiking = curve if isinstance(curve, SpikingCurve) and has_jumps(curve) else None

    def at_saddle(place: Place) -> str:
        if spiking is not None:
            name, driven = request.free[0], spiking.curve.clocked.driven
            silent = not driven and nearly_silent(_system_at(request, place), name, spiking, place)
            return cycle_ways.LONG if silent else ""
        end = _saddle_end(request, place)[0]
        return "" if end is None else end.kind

    return Tracer(
        curve=first.curve,
        names=("period", *request.free),
        ranges=request.ranges,
        control=StepControl(first=FIRST_STEP * request.max_step, most=request.max_step, points=most),
        enough=request.points,
        longest=longest or max(LONGEST_PERIOD * float(first.place.scalars[0]), *asked, 0.0),
        farthest=farthest(request.system, first.place.points),
        at_saddle=None if longest is not None or len(request.free) == 2 else at_saddle,
        patience=patience,
        asked=request.labels,
        functions=tuple((user.name, partial(_value, request, first.curve, user)) for user in request.functions),
        beyond_threshold=_threshold(request) if kernels.n_jumps and spiking is None else None,
        halves=_may_halve(request, first),
        progress=CurveProgress(request.system.name, ("period", *request.free), request.progress),
        limits=kink_limits(request, curve) if spiking is None else limits(spiking),
        watched=() if spiking is None else watched(spiking),
        flaw=kink_flaw(curve) if spiking is None else partial(confirmed, spiking),
        across=None if spiking is None else partial(across, spiking),
        passing=partial(_passed, request, first),
    )


def _passed(
    request: Request, first: Beginning, curve: CycleCurve, last: Place, direction: float
) -> tuple[Tracer, list[Mark], Place, float] | None:
    """Return a cycle beyond a change of the order of switches, who traces from there, and the direction."""
    found = beyond(request, curve, last, direction)
    return None if found is None else (_tracer(request, replace(first, curve=found[0])), *found[1:])


def _may_halve(request: Request, first: Beginning) -> bool:
    """Return whether cycles may be two equal turns: whether their angles gain an even number of turns."""
    if isinstance(first.curve, SpikingCurve):
        return first.curve.curve.halves is not None
    gained = first.curve.curve.equations.data[: len(request.system.states)]
    turns = [g / request.system.wrap[n] for n, g in zip(request.system.states, gained, strict=True) if g != 0.0]
    return all(round(t) % 2 == 0 for t in turns)


def _value(request: Request, curve: CycleCurve, user: UserFunction, place: Place) -> float:
    return user.value(cycle_at(request, curve, place), place.scalars[1:].tolist())


def _threshold(request: Request) -> Callable[[Place], bool]:
    """Return whether a cycle goes beyond the threshold of a jump."""
    kernels = lower(request.system)
    values, holds, p = np.empty(kernels.n_guards), np.empty(kernels.n_jumps), kernels.p
    at = [request.system.parameters.index(name) for name in request.free]

    def beyond(place: Place) -> bool:
        p[at] = place.orbit.parameters
        for t, x in zip(place.orbit.times(), place.points, strict=True):
            kernels.guards(t, np.ascontiguousarray(x), p, values)
            kernels.conditions(values, holds)
            if np.any(holds > 0):
                return True
        return False

    return beyond
