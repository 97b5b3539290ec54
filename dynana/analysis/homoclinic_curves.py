"""`continue_homoclinic`: curves of connecting orbits in two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.connections import ConnectionProblem, saddle_quantity
from dynana.analysis.homoclinic import FEWEST_INTERVALS, INTERVALS, STAGES, homoclinic
from dynana.analysis.homoclinic_ends import double_zero_end
from dynana.analysis.homoclinic_loci import SHRINK, ConnectionLocus, ConnectionPlace
from dynana.analysis.homoclinic_starts import first_homoclinic
from dynana.analysis.loci_request import ranges_around, two_parameters
from dynana.analysis.orbit_loci import Tracer, step_control
from dynana.analysis.orbit_places import Mark, Way, label
from dynana.analysis.ranges import asked_values
from dynana.analysis.spiking_beginnings import is_spiking
from dynana.analysis.spiking_connections import connection_through_jumps, restarted_through_jumps
from dynana.analysis.stability import require_autonomous
from dynana.definition.system import System
from dynana.errors import unknown
from dynana.lowering.kernels import lower
from dynana.numerics.collocation_newton import LENGTH
from dynana.numerics.collocation_orbit import Orbit
from dynana.results.homoclinic import Homoclinic
from dynana.results.locus import Locus
from dynana.results.special_points import CODES, SpecialPoint, in_words, shown
from dynana.results.stop import Stop

Array = NDArray[np.float64]

#: Points in each direction unless given.
MOST_POINTS = 500
#: Kinds of curves by kinds of orbits.
KINDS = {
    "homoclinic to a saddle": "homoclinic",
    "homoclinic to a saddle-node": "snic",
    "heteroclinic": "heteroclinic",
}


def continue_homoclinic(
    system: System,
    start: Homoclinic | SpecialPoint,
    parameters: tuple[str, str],
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    max_step: float | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    points: int = MOST_POINTS,
    intervals: int = INTERVALS,
) -> Locus:
    """Follow a connecting orbit while two parameters vary.

    Parameters
    ----------
    system : System
    start : Homoclinic or SpecialPoint
        An orbit of `homoclinic` or `heteroclinic`; a Bogdanov-Takens point, where a curve of homoclinic orbits begins;
        or a special point with a cycle of long period or such an orbit, for example the homoclinic end of a branch.
        Cycles with jumps: those of which one leads onto the stable manifold of the equilibrium.
    parameters : (str, str)
        The two that vary.
    ranges : mapping of name to (low, high), optional
        Of these; see `continue_locus` for those that are not given.
    max_step : float, optional
        Longest step, relative to the size of the orbits and the ranges of the parameters.
    values : mapping of name to values, optional
        Where to put labels, by varied parameter.
    points : int, optional
        Most steps in each direction.
    intervals : int, optional
        Mesh intervals; a `Homoclinic` brings its own.

    Returns
    -------
    Locus
        Of kind "homoclinic", "snic" (the orbit is homoclinic to a saddle-node) or "heteroclinic". ``points`` are the
        equilibria from which the orbits come. ``measures``: the leading eigenvalues ("unstable", "stable"), the
        "saddle_quantity", the time between both ends ("duration") and the discretisation error ("error"). Special
        points carry their orbit in ``cycle``.

    Raises
    ------
    ValueError
        For a start of another system or kind, unknown parameters, ranges that are empty or do not contain the start.
    ConvergenceError
        If no orbit is found at the start.
    """
    start = _orbit(system, start, parameters, intervals)
    free, box = _plane(system, start, parameters, ranges, jumps=_jumps(start))
    control = step_control(max_step, points)
    labels = _labels(system, free, box, values or {})
    widths = np.asarray(np.ptp(box, axis=1))
    system = system.at(**start.parameters)
    born = isinstance(start, SpecialPoint) and not _jumps(start)
    problem, orbit = _first(system, start, free, widths, intervals)
    curve = ConnectionLocus(problem)
    tracer = Tracer(curve, box, control, labels)
    first = curve.place(orbit)
    ways: tuple[Way[ConnectionPlace], Way[ConnectionPlace]]
    if isinstance(start, SpecialPoint) and born:
        stop = Stop(reason=start.kind, message="The curve begins at the Bogdanov-Takens point it was started from.")
        outward = 1.0 if _outward(problem, orbit) else -1.0
        ways = Way(stop=stop, end=start), tracer.one_way(first, outward)
    else:
        ways = tracer.both_ways(first)
    return _locus(problem, start, first, _ended(problem, first, ways[0]), _ended(problem, first, ways[1]))


def _jumps(start: Homoclinic | SpecialPoint) -> bool:
    """Return whether a start stands for orbits with jumps."""
    return start.jumps > 0 if isinstance(start, Homoclinic) else is_spiking(start)


def _first(
    system: System, start: Homoclinic | SpecialPoint, free: tuple[str, str], widths: Array, intervals: int
) -> tuple[ConnectionProblem, Orbit]:
    """Return the problem of a curve and its first orbit."""
    if isinstance(start, Homoclinic):
        restarted = restarted_through_jumps if _jumps(start) else _restarted
        return restarted(system, start, free, widths)
    if _jumps(start):
        return connection_through_jumps(system, start, free, widths, intervals, STAGES)
    return first_homoclinic(system, start, free, widths, intervals, STAGES)


def _ended(problem: ConnectionProblem, first: ConnectionPlace, way: Way[ConnectionPlace]) -> Way[ConnectionPlace]:
    """Return a way with the Bogdanov-Takens point in which its orbits shrink to a point, if they do."""
    return way.shrunk(double_zero_end(problem, [first, *way.places])) if way.stop.reason == SHRINK else way


def _orbit(system: System, start: Any, parameters: Any, intervals: int) -> Homoclinic | SpecialPoint:
    """Return the connecting orbit to start from, or the Bogdanov-Takens point."""
    if isinstance(start, SpecialPoint) and isinstance(start.cycle, Homoclinic):
        start = start.cycle
    double_zero = isinstance(start, SpecialPoint) and start.kind == "bogdanov-takens"
    if isinstance(start, SpecialPoint) and start.cycle is not None and not is_spiking(start):
        start = homoclinic(system, start, two_parameters(system, parameters)[0], intervals=intervals)
    elif not isinstance(start, Homoclinic) and not double_zero and not is_spiking(start):
        given = f"a {in_words(start.kind)}" if isinstance(start, SpecialPoint) else type(start).__name__
        raise ValueError(
            f"{system.name}: a curve of connecting orbits starts from a Homoclinic (see homoclinic, heteroclinic), a "
            f"bogdanov-takens point or a special point with its orbit; got {given}"
        )
    if start.fingerprint != lower(system).fingerprint:
        raise ValueError(
            f"the start belongs to another system ({start.system}, states {', '.join(start.states)}) than {system.name}"
        )
    if intervals < FEWEST_INTERVALS:
        raise ValueError(f"intervals must be at least {FEWEST_INTERVALS}, got {intervals!r}")
    found: Homoclinic | SpecialPoint = start
    return found


def _plane(
    system: System,
    start: Homoclinic | SpecialPoint,
    parameters: Any,
    ranges: Mapping[str, Any] | None,
    *,
    jumps: bool,
) -> tuple[tuple[str, str], Array]:
    """Return the names of both parameters and their rectangle, shape (2, 2)."""
    require_autonomous(system, "a connecting orbit")
    free = two_parameters(system, parameters, jumps=jumps)
    box = ranges_around(system, start.parameters, free, ranges)
    return free, np.array([box[name] for name in free])


def _restarted(
    system: System, start: Homoclinic, free: tuple[str, str], widths: Array
) -> tuple[ConnectionProblem, Orbit]:
    """Return the problem of the curve through a stored orbit, and that orbit on its own mesh."""
    slow = start.kind == "homoclinic to a saddle-node"
    problem = ConnectionProblem(
        system, free, widths.tolist(), start.points, start.equilibria, slow=slow, stages=start.stages
    )
    counts = np.array([start.widths.size])
    guess = problem.curve.guess([(start.times / start.times[-1], start.points)], [start.times[-1]], counts.tolist())
    at = guess.scalars_at
    z = np.concatenate((start.points.ravel(), guess.z[at:]))
    guess = Orbit(z, guess.tangent, counts, start.widths.copy(), guess.n, guess.stages, guess.report)
    return problem, problem.settled(guess)


def _outward(problem: ConnectionProblem, orbit: Orbit) -> bool:
    """Return whether an orbit grows along its tangent."""
    points, tangent = (orbit.split(values)[0][0] / problem.plane.sizes for values in (orbit.z, orbit.tangent))
    middle = points - points[0]
    return float((middle * (tangent - tangent[0])).sum()) > 0.0


def _labels(
    system: System, parameters: tuple[str, str], box: Array, values: Mapping[str, Sequence[float]]
) -> list[Any]:
    ranges = dict(zip(parameters, box.tolist(), strict=True))
    for name in values:
        if name not in parameters:
            raise ValueError(f"{system.name}: values: {unknown('varied parameter', name, parameters)}")
    asked = {n: asked_values(system, n, wanted, ranges[n]) for n, wanted in values.items()}
    return [label(n, 1 + parameters.index(n), value) for n, wanted in asked.items() for value in wanted]


# -- the result ----------------------------------------------------------------------------------------------------


def _locus(
    problem: ConnectionProblem,
    start: Homoclinic | SpecialPoint,
    first: ConnectionPlace,
    backward: Way[ConnectionPlace],
    forward: Way[ConnectionPlace],
) -> Locus:
    """Return a curve from both ways that lead away from its start; Bogdanov-Takens points at its ends belong to it."""
    behind = len(backward.places)
    places = [*reversed(backward.places), first, *forward.places]
    marks = {behind - 1 - i: mark for i, mark in backward.marks.items()}
    marks |= {behind + 1 + i: mark for i, mark in forward.marks.items()}
    rows = [_row(problem, place) for place in places]
    ahead = int(backward.end is not None)
    special = [_special(problem, places, i, marks[i], ahead) for i in sorted(marks)]
    free = (problem.free[0], problem.free[1])
    if backward.end is not None:
        rows.insert(0, _double_zero_row(free, backward.end))
        special.insert(0, backward.end)
    if forward.end is not None:
        special.append(replace(forward.end, index=len(rows)))
        rows.append(_double_zero_row(free, forward.end))
    table = np.array(rows)
    n = len(problem.system.states)
    names = ("unstable", "stable", "saddle_quantity", "duration", "error")
    columns = zip(free, table[:, :2].T, strict=True)
    where = ", ".join(f"{name} = {shown(column, start.parameters[name])}" for name, column in columns)
    return Locus(
        system=problem.system.name,
        fingerprint=lower(problem.system).fingerprint,
        states=problem.system.states,
        kind=KINDS[problem.kind],
        free=free,
        parameters=problem.system.values,
        places=table[:, :2],
        points=table[:, 2 : 2 + n],
        periods=np.zeros(len(table)),
        special=tuple(special),
        stops=(backward.stop, forward.stop),
        origin=f"from {_named(start)} at {where}",
        closed=forward.closed,
        measures={name: table[:, 2 + n + i].copy() for i, name in enumerate(names)},
        units=problem.system.units,
    )


def _named(start: Homoclinic | SpecialPoint) -> str:
    return f"a {in_words(start.kind)}" if isinstance(start, SpecialPoint) else f"an orbit {start.kind}"


def _double_zero_row(free: tuple[str, str], point: SpecialPoint) -> Array:
    """Return the row of a Bogdanov-Takens point: the orbit is a point, and takes for ever."""
    return np.concatenate(([point.parameters[n] for n in free], point.point, [0.0, 0.0, 0.0, np.inf, 0.0]))


def _row(problem: ConnectionProblem, place: ConnectionPlace) -> Array:
    to_saddle = problem.ends.homoclinic and not problem.ends.slow
    quantity = saddle_quantity(place.eigenvalues[0]) if to_saddle else np.nan
    rest = [*place.leading, quantity, problem.duration(place.orbit), place.error]
    return np.concatenate((place.parameters, place.equilibria[0], rest))


def _special(
    problem: ConnectionProblem, places: list[ConnectionPlace], i: int, mark: Mark[ConnectionPlace], shift: int
) -> SpecialPoint:
    orbit = problem.result(mark.place.orbit)
    near = [float(places[j].parameters[0]) for j in (max(i - 1, 0), i, min(i + 1, len(places) - 1))]
    return SpecialPoint(
        kind=mark.kind,
        code=CODES[mark.kind],
        system=problem.system.name,
        fingerprint=orbit.fingerprint,
        states=orbit.states,
        point=orbit.equilibria[0],
        parameters=orbit.parameters,
        free=problem.free,
        residual=float(mark.place.orbit.report[LENGTH]),
        interval=(min(near), max(near)),
        converged=True,
        eigenvalues=orbit.eigenvalues[0],
        index=i + shift,
        cycle=orbit,
        name=mark.name,
    )
