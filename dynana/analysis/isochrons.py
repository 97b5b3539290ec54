"""`isochrons`: the curves of equal phase around a limit cycle of the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.drifting import carried
from dynana.analysis.phase_responses import phase_response
from dynana.analysis.ranges import finite_range
from dynana.analysis.return_flights import check_flow
from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.lowering.kernels import lower
from dynana.results.cycle import Cycle
from dynana.results.isochrons import Isochrons
from dynana.results.phase_response import PhaseResponse
from dynana.simulation.arguments import vector
from dynana.simulation.progress import Progress

Array = NDArray[np.float64]

#: A curve starts on its tangent this far off the cycle, in box sides: the phase is wrong by its square.
OFFSET = 1e-5
#: Neighbouring points are nearer than this, in box sides.
SPACING = 0.01
#: Times back of the first points, as steps of the relaxation time and as shares of the period: whichever is finer.
PER_RELAXATION, PER_PERIOD = 3, 12
#: Rounds of halving the longest gaps, and points of half a curve, at most.
ROUNDS, MOST_POINTS = 40, 3000
#: Orbits may leave the box by this many of its sides on their way from one point of it to another.
MARGIN = 3.0
#: Samples of the decay along the cycle, and the least offset as a share of the largest.
SAMPLES, SHORTEST = 2001, 1e-4
#: How long a curve is followed, in periods beyond what takes it to the border of the box: inside the cycle it may wind
#: around an equilibrium without end.
TURNS = 1.5


def isochrons(
    system: System,
    cycle: Cycle,
    *,
    phases: int | Sequence[float] | np.ndarray = 12,
    origin: str | tuple[str, float] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    progress: bool | None = None,
    **state_ranges: tuple[float, float],
) -> Isochrons:
    """Compute isochrons of a limit cycle: all starts on one of them come to the cycle with the same phase.

    At the cycle an isochron is perpendicular to the phase response. The flow carries isochrons to isochrons, so points
    of one are points near the cycle, on the tangents of other isochrons, carried back by the difference in phase and
    any number of periods.

    Parameters
    ----------
    system : System
        Smooth, with two states.
    cycle : Cycle
        A stable or an unstable one of this system.
    phases : int or sequence of float
        How many, evenly spaced from 0, or fractions of the period.
    origin : str or (str, float), optional
        Where phase zero is, as in `phase_response`.
    ranges, **state_ranges : (low, high)
        The box, from the model's ranges unless given.
    progress : bool, optional

    Returns
    -------
    Isochrons

    Raises
    ------
    ModelError
        A system that is not smooth and planar.
    ValueError
        A cycle of another system, phases or ranges that make no sense, a box that does not hold the cycle.

    Notes
    -----
    A curve ends early where the points of the cycle from which it would have to be carried back are left so fast that
    even the rounding of a number leads out of the box: parts that only the slow motion of a relaxation oscillator
    reaches.

    References
    ----------
    Guckenheimer (1975), J. Math. Biol. 1:259-273. Langfield, Krauskopf & Osinga (2014), Chaos 24:013131.
    """
    check_flow(system, "isochrons")
    if len(system.states) != 2 or system.jumps:
        found = "jumps" if system.jumps else f"{len(system.states)} states"
        raise ModelError(f"{system.name} has {found}: isochrons are curves of a smooth system of two states")
    given = {**(ranges or {}), **state_ranges}
    box = {system.state(n): finite_range(system, n, pair) for n, pair in given.items()}
    for name in system.states:
        if name not in box and name not in system.ranges:
            raise ValueError(f"{system.name}: give the range of {name}, {name}=(low, high)")
    box = {n: box.get(n, system.ranges.get(n, (0.0, 0.0))) for n in system.states}
    wanted = _phases(phases)
    response = phase_response(system, cycle, origin=origin)
    low, high = (np.array([box[n][k] for n in system.states]) for k in (0, 1))
    if not (np.all(response.cycle.points > low) and np.all(response.cycle.points < high)):
        raise ValueError(f"the cycle leaves the box {box}: give ranges that hold it")
    system = system.at(**response.cycle.parameters)
    with Progress(f"isochrons of {system.name}", (0.0, 1.0), progress) as line:
        halves = []
        for k, sign in enumerate((-1.0, 1.0)):
            halves.append(_halves(system, response, wanted, sign, low, high))
            line.report(0.5 + 0.5 * k)
    curves = [np.concatenate((a[::-1], b[1:])) for a, b in zip(*halves, strict=True)]
    return Isochrons(
        cycle=response.cycle,
        origin=response.origin,
        phases=wanted,
        curves=tuple(curves),
        on_cycle=np.array([len(a) - 1 for a in halves[0]]),
        box=box,
        units={n: u for n, u in system.units.items() if n in system.states},
    )


def _phases(given: Any) -> Array:
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        if given < 1:
            raise ValueError(f"phases must be at least 1, got {given}")
        return np.arange(int(given)) / int(given)
    return vector("phases", given)


def _halves(
    system: System, response: PhaseResponse, phases: Array, sign: float, low: Array, high: Array
) -> list[Array]:
    """Return one half of each isochron, from the cycle on; ``sign`` is 1 outside of the cycle."""
    cycle, scale = response.cycle, high - low
    rate = abs(cycle.trace) / cycle.period  # at which orbits come to the cycle, or leave it
    back = -1.0 if cycle.trace < 0.0 else 1.0  # the direction of time in which they leave it
    farthest = np.log(1.0 / OFFSET) / rate + TURNS * cycle.period
    count = int(np.ceil(farthest * max(PER_RELAXATION * rate, PER_PERIOD / cycle.period)))
    outward = sign * OFFSET * _turning(cycle)
    at, length = _lengths(system, response, scale)
    margin = MARGIN * scale

    def points(phase: Array, s: Array) -> Array:
        # in the time s the flow takes the point that is wanted to one near the cycle, whose phase is s further
        time = phase * cycle.period - back * s
        z = response.at(np.mod(time, cycle.period))
        across = np.stack((z[:, 1], -z[:, 0]), axis=1)
        across *= (np.interp(time, at, length, period=cycle.period))[:, None]
        made = carried(system, cycle.state(time) + outward * across, back * s, low - margin, high + margin)
        made[np.any((made < low) | (made > high), axis=1)] = np.nan
        return made

    rows: list[dict[float, Array]] = [{} for _ in phases]
    fresh = [(k, s) for k in range(len(phases)) for s in np.linspace(0.0, farthest, count + 1).tolist()]
    for _ in range(ROUNDS):
        if not fresh:
            break
        which, times = np.array([k for k, _ in fresh]), np.array([s for _, s in fresh])
        for (k, s), point in zip(fresh, points(phases[which], times), strict=True):
            rows[k][s] = point
        fresh = [(k, s) for k, row in enumerate(rows) for s in _gaps(row, scale)]
    centres = [cycle.state(p * cycle.period)[None] for p in phases]
    return [np.concatenate((c, _inside(row))) for c, row in zip(centres, rows, strict=True)]


def _lengths(system: System, response: PhaseResponse, scale: Array) -> tuple[Array, Array]:
    """Return, over a period, how long a tangent vector is that the flow only turns, once its mean decay is taken out.

    With f the derivatives, f x v grows with the divergence for every tangent vector v, and f x (Z_y, -Z_x) = -1. Points
    of an isochron are then in order however the decay varies along the cycle.
    """
    t, states = response.cycle.sample(SAMPLES)
    kernels, jacobian = lower(system), np.empty((2, 2))
    p = kernels.p
    traces = np.empty(SAMPLES)
    for k, state in enumerate(np.ascontiguousarray(states)):
        kernels.jacobian(0.0, state, p, jacobian)
        traces[k] = np.trace(jacobian)
    parts = 0.5 * (traces[1:] + traces[:-1]) * np.diff(t)
    growth = np.concatenate(([0.0], np.cumsum(parts))) - np.sum(parts) * t / t[-1]
    z = response.at(t)
    norm = np.linalg.norm(np.stack((z[:, 1], z[:, 0]), axis=1) / scale, axis=1)
    logs = growth + np.log(norm)
    growth = np.maximum(growth - logs.max(), np.log(SHORTEST) - np.log(norm))
    return t, np.exp(growth)


def _inside(row: dict[float, Array]) -> Array:
    """Return the points in order, up to the first that has left the box."""
    curve = np.array([row[s] for s in sorted(row)])
    lost = np.flatnonzero(np.isnan(curve[:, 0]))
    return curve[: lost[0]] if lost.size else curve


def _gaps(row: dict[float, Array], scale: Array) -> list[float]:
    """Return times in the middle of gaps that are too wide, up to the first point that has left the box."""
    if len(row) > MOST_POINTS:
        return []
    s = np.array(sorted(row))
    inside = len(_inside(row))
    points = np.array([row[x] for x in s[:inside]])
    steps = np.linalg.norm(np.diff(points, axis=0) / scale, axis=1)
    wide = np.flatnonzero(steps > SPACING)
    found: list[float] = (0.5 * (s[wide] + s[wide + 1])).tolist()
    # the piece up to the border is halved until it is short at the speed of the one before
    if not found and 1 < inside < s.size:
        left = s[inside] - s[inside - 1]
        if left * steps[-1] > SPACING * (s[inside - 1] - s[inside - 2]):
            found.append(float(s[inside - 1] + 0.5 * left))
    return found


def _turning(cycle: Cycle) -> float:
    """Return 1 for a cycle that is run through counterclockwise, -1 for the other direction."""
    x, y = cycle.points.T
    return 1.0 if float(np.sum(x[:-1] * np.diff(y) - y[:-1] * np.diff(x))) > 0.0 else -1.0
