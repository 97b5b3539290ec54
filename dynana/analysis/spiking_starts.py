"""First orbits with jumps: from trajectories, periodic points of return maps, and stored cycles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.forcing import Forcing
from dynana.analysis.spiking_flights import Flight, Flights
from dynana.analysis.spiking_orbits import Pattern, SpikingOrbits
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import ConvergenceError, ModelError
from dynana.lowering.kernels import lower
from dynana.lowering.spiking import clocked, is_forced
from dynana.numerics.collocation_newton import REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit
from dynana.results import collocated
from dynana.results.cycle import Cycle
from dynana.results.homoclinic import Homoclinic
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: A trajectory repeats itself when the states after two of its jumps differ by less than this, in units of the extents
#: and over the square of the number of jumps between them; of several such numbers, the first that is nearly as good as
#: the best is its own.
CLOSE, AS_GOOD, SAME = 0.02, 5.0, 1e-9
#: A trajectory that has not jumped for so many of its longest intervals jumps no more.
SILENT = 3.0
#: Longest flight, in units of the period that is expected.
PATIENCE = 5.0
#: Time is stretched, where it is, from this multiple of the speed that a guard does not exceed for this share of time.
SELDOM, MOSTLY = 3.0, 0.9
#: Mesh intervals of segments that move freely, and of those in which states are held.
FEWEST_INTERVALS, HELD_INTERVALS = 20, 6
#: A state varies by at least this part of its size on an orbit.
LEAST_VARIATION = 1e-3
#: A state that varies by less than this part of its range rests.
RESTING = 1e-9


@dataclass(frozen=True, eq=False)
class Turn:
    """One turn of an orbit with jumps, nearly closed; where time enters the equations it is the last state.

    Attributes
    ----------
    flights : list of Flight
    speeds : ndarray
        With which time was stretched, see `dynana.lowering.spiking`.
    distance : float
        Between the states after the last two turns of a trajectory, relative to its extents.
    period : float
        How long it takes.
    """

    flights: list[Flight]
    speeds: Array
    distance: float = 0.0
    period: float = math.inf

    @property
    def pattern(self) -> Pattern:
        """Its segments."""
        return Pattern(tuple(f.event for f in self.flights), tuple(f.held for f in self.flights))


def jumps_late(trajectory: Trajectory) -> bool:
    """Return whether a trajectory jumps in its second half."""
    middle = 0.5 * float(trajectory.t[0] + trajectory.t[-1])
    return bool(trajectory.jump_times.size) and float(trajectory.jump_times[-1]) >= middle


def awakening(system: System, free: Sequence[str]) -> set[int]:
    """Return the jumps that have no refractory time at a system's values, and one where free parameters differ."""
    varied = {symbol(name) for name in free}
    put = {symbol(name): value for name, value in system.values.items()}
    rests = {k: jump.refractory for k, jump in enumerate(system.jumps) if jump.refractory is not None and jump.hold}
    return {k for k, rest in rests.items() if rest.free_symbols & varied and rest.xreplace(put) == 0}


def with_rests(system: System, free: Sequence[str], turn: Turn) -> Turn:
    """Return a turn with a segment of no length for each refractory time that is zero but need not stay so."""
    waking, made = awakening(system, free), clocked(system)
    flights: list[Flight] = []
    before = turn.flights[-1]
    for flight in turn.flights:
        jump = made.events[before.event][0]
        if jump in waking:
            held = np.repeat(flight.states[:1], 2, axis=0)
            flights.append(Flight(np.zeros(2), held, len(made.events) - 1, tuple(system.jumps[jump].hold)))
        flights.append(flight)
        before = flight
    return replace(turn, flights=flights)


def turn_of_cycle(system: System, cycle: Cycle) -> Turn:
    """Return one turn of a stored cycle with jumps, followed once more."""
    names = [str(jump.name) for jump in system.jumps]
    first, extent = names.index(cycle.segments[-1].jump), cycle.amplitude
    if is_forced(system):
        extent = np.append(extent, cycle.period)
    return turn_from(system, _timed(system, cycle)[0], first, cycle.jumps, cycle.period, extent)


def turn_of_trajectory(system: System, trajectory: Trajectory, cycle: float = 0.0) -> Turn:
    """Return the last turn of a trajectory that settles on an orbit with jumps.

    ``cycle`` is the period of the forcing, if there is one.

    Raises
    ------
    ConvergenceError
        If its jumps do not repeat, stop or accumulate.
    """
    jumps, count = trajectory.jumps, trajectory.jump_times.size
    if trajectory.stop.reason == "accumulation":
        raise ConvergenceError(
            f"{system.name}: the trajectory makes infinitely many jumps in finite time ({trajectory.stop.message}): "
            "no orbit with a period."
        )
    intervals = np.diff(jumps.t)
    recent = intervals[-min(intervals.size, 50) :]
    silence = float(trajectory.t[-1] - jumps.t[-1])
    if not recent.size or silence > SILENT * float(recent.max()):
        raise ConvergenceError(
            f"{system.name}: the trajectory stops jumping: nothing for {number(silence)} time units after the last of "
            f"{count} jump{'s' * (count != 1)}. If it comes to rest there, dn.continue_equilibria follows that; if "
            "not, simulate longer."
        )
    extent = np.ptp(trajectory.y, axis=0)
    unit = np.maximum(extent, LEAST_VARIATION * np.abs(trajectory.y).max(axis=0)) + 1e-300
    distances = np.full(max(count // 2, 0) + 1, np.inf)
    for k in range(1, distances.size):
        if np.array_equal(jumps.index[count - k :], jumps.index[count - 2 * k : count - k]):
            distances[k] = float(np.abs((jumps.after[-1] - jumps.after[-1 - k]) / unit).max())
            if cycle > 0.0:
                turns = float(jumps.t[-1] - jumps.t[-1 - k]) / cycle
                distances[k] = max(distances[k], abs(turns - round(turns))) if round(turns) else np.inf
    distances *= np.maximum(np.arange(distances.size), 1) ** 2  # chance returns are nearer, the more are tried
    if not distances.min() < CLOSE:
        nearest = f" (nearest: {number(float(distances.min()), 3)} of its extent)" if count > 1 else ""
        raise ConvergenceError(
            f"{system.name}: the {count} jumps of the trajectory do not repeat themselves{nearest}: it has not settled "
            "on a cycle. Simulate longer; it may be chaotic."
        )
    k = int(np.flatnonzero(distances <= AS_GOOD * distances.min() + SAME)[0])
    gaps = np.diff(jumps.t[count - k - 1 :])
    begin = count - k + int(np.argmax(gaps))  # after the longest interval
    period = float(jumps.t[-1] - jumps.t[-1 - k])
    state = jumps.after[begin]
    if cycle > 0.0:
        state, extent = np.append(state, jumps.t[begin] % cycle), np.append(extent, cycle)
    turn = turn_from(system, state, int(jumps.index[begin]), k, period, extent)
    return replace(turn, distance=float(distances[k]) / k**2)


def turn_from(system: System, state: Array, jump: int, jumps: int, period: float, extent: Array) -> Turn:
    """Return the flights of a turn from the state just after a jump."""
    made = clocked(system)
    typical = np.maximum(extent, LEAST_VARIATION * np.abs(state))
    base = made.base
    ranges = np.array([np.ptp(base.ranges[n]) if n in base.ranges else 1.0 for n in base.states])
    sizes = np.where(typical > 0.0, np.maximum(typical, LEAST_VARIATION * ranges), ranges)
    speeds = np.empty(0)
    if made.stretched:
        kernels = lower(base)
        values = np.empty(kernels.n_guards)
        kernels.guards(0.0, np.array(state, dtype=float), kernels.p, values)
        speeds = np.maximum(np.abs(values), LEAST_VARIATION) * jumps / period
    if made.clock:
        sizes = np.append(sizes, period)
    start = np.array(state, dtype=float)
    flown = Flights(system, speeds, sizes).turn(start, jump, jumps, PATIENCE * stretch(period, jumps))
    if made.stretched:
        slower = np.minimum(speeds, _fast(system, flown))
        if (slower < speeds).any():
            longest = PATIENCE * stretch(period, jumps) * float((speeds / slower).max())
            speeds, flown = slower, Flights(system, slower, sizes).turn(start, jump, jumps, longest)
    return Turn(flown, speeds, period=period)


def _fast(system: System, flights: list[Flight]) -> Array:
    """Return the speed that each guard seldom exceeds, in terms of time."""
    kernels = lower(clocked(system).base)
    speeds, lengths = [], []
    for flight in flights:
        if not flight.held:
            guards = np.empty((len(flight.times), kernels.n_guards))
            for row, x in zip(guards, flight.states, strict=True):
                kernels.guards(0.0, x[: kernels.n].copy(), kernels.p, row)
            dt = np.maximum(np.diff(flight.states[:, -1]), 0.0)
            speeds.append(np.abs(np.diff(guards, axis=0)) / np.maximum(dt, 1e-300)[:, None])
            lengths.append(dt)
    v, dt = np.concatenate(speeds), np.concatenate(lengths)
    found = []
    for column in v.T:
        order = np.argsort(column)
        share = np.cumsum(dt[order]) / dt.sum()
        found.append(SELDOM * column[order][int(np.searchsorted(share, MOSTLY))])
    result: Array = np.maximum(np.array(found), 1e-300)
    return result


def stretch(period: float, jumps: int) -> float:
    """Return about how long a turn takes in stretched time: each guard adds the time that its speed was chosen by."""
    return 3.0 * period * max(jumps, 1)


def orbit_of_turn(
    system: System,
    free: Sequence[str],
    turn: Turn,
    ranges: Array,
    intervals: int,
    stages: int,
    forcing: Forcing | None = None,
) -> tuple[SpikingOrbits, Orbit]:
    """Return the curve on which an orbit lies and its first guess there."""
    turn = with_rests(system, free, turn)
    sizes = _sizes(system, np.concatenate([f.states for f in turn.flights]))
    at = len(system.states)  # of time
    gain = _gain(system, forcing, sum(float(np.ptp(f.states[:, at])) for f in turn.flights) if forcing else 0.0)
    keeps = len(free) == 2
    curve = SpikingOrbits(system, free, turn.pattern, turn.speeds, sizes, ranges, stages, gain, keeps_period=keeps)
    moving = sum(not f.held for f in turn.flights)
    each = max(FEWEST_INTERVALS, intervals // (2 * moving))
    counts = [HELD_INTERVALS if f.held else each for f in turn.flights]
    samples = [(f.times / f.times[-1] if f.times[-1] > 0.0 else np.arange(2.0), f.states) for f in turn.flights]
    return curve, curve.guess(samples, [float(f.times[-1]) for f in turn.flights], counts)


def _gain(system: System, forcing: Forcing | None, lasting: float) -> Forcing | None:
    """Return as many periods of the forcing as a turn takes."""
    if forcing is None:
        return None
    return forcing.turns(max(1, round(lasting / forcing.period(system.values))))


def _sizes(system: System, rows: Array) -> Array:
    """Return how much states, with the clock, vary to begin with; for those that rest a part of their range."""
    sizes = np.maximum(np.ptp(rows, axis=0), LEAST_VARIATION * np.abs(rows).max(axis=0)) + 1e-300
    states = clocked(system).base.states
    typical = np.array([np.ptp(system.ranges.get(n, (0.0, 1.0))) for n in states] + [1.0])[: sizes.size]
    resting = np.ptp(rows, axis=0) < RESTING * (typical + np.abs(rows).max(axis=0))
    result: Array = np.where(resting, LEAST_VARIATION * typical + sizes, sizes)
    return result


def pattern_of(system: System, cycle: Cycle | Homoclinic) -> Pattern:
    """Return the pattern of a stored cycle with jumps, or of a homoclinic orbit."""
    made = clocked(system)
    kernels = lower(made.base)
    names = [jump.name for jump in system.jumps]
    p = np.array([cycle.parameters[n] for n in system.parameters])
    events = []
    for segment in cycle.segments:
        if not segment.jump:
            events.append(len(made.events) - 1)
            continue
        if segment.jump not in names:
            raise ModelError(f"{system.name} has no jump {segment.jump!r}, which the cycle makes")
        values = np.empty(kernels.n_guards)
        kernels.guards(0.0, _timed(system, cycle)[segment.last].copy(), p, values)
        own = [e for e, (k, _) in enumerate(made.events) if k == names.index(segment.jump)]
        events.append(min(own, key=lambda e: abs(float(values[made.events[e][1]]))))
    return Pattern(tuple(events), tuple(segment.held for segment in cycle.segments))


def _timed(system: System, cycle: Cycle | Homoclinic) -> Array:
    """Return the states of a cycle with jumps, with time where it enters the equations, shape (rows, n)."""
    if not isinstance(cycle, Cycle) or not is_forced(system):
        return cycle.points
    return np.column_stack((cycle.points, cycle.start_time + cycle.times))


def orbit_of_spiking(system: System, cycle: Cycle | Homoclinic, free: Sequence[str]) -> Orbit:
    """Return a stored orbit with jumps as an orbit of a system's own values, on its own meshes; no tangent yet."""
    made = clocked(system)
    kernels = lower(made.system)
    speeds = cycle.segments[0].speeds
    p = np.array([*(cycle.parameters[n] for n in system.parameters), *speeds])
    parts, durations = [], []
    points = _timed(system, cycle)
    for segment in cycle.segments:
        x = points[segment.first : segment.last + 1]
        duration = segment.duration
        if made.clock:
            t = cycle.times[segment.first : segment.last + 1] - cycle.times[segment.first]
            clock = t - segment.duration if segment.held else t
            x = np.column_stack((x, clock))
            if speeds:
                duration = _stretched_duration(kernels.rhs, x, segment.widths, segment.stages, p)
        parts.append(x.ravel())
        durations.append(duration)
    z = np.concatenate([*parts, durations, [system.values[name] for name in free]])
    return Orbit(
        z=z,
        tangent=np.zeros_like(z),
        counts=np.array([segment.widths.size for segment in cycle.segments], dtype=np.int64),
        widths=np.concatenate([segment.widths for segment in cycle.segments]),
        n=kernels.n,
        stages=cycle.segments[0].stages,
        report=np.zeros(REPORT_SIZE),
    )


def _stretched_duration(rhs: Callable[..., None], x: Array, widths: Array, stages: int, p: Array) -> float:
    """Return the duration of a segment in stretched time: slope of its clock along the mesh over that in this time."""
    local = collocated.coefficients(x[:, -1:], stages)[..., 0].T
    nodes = collocated.gauss_nodes(stages)[0][1:]
    slope = np.polynomial.legendre.legder(local)
    along = 2.0 * np.polynomial.legendre.legval(2.0 * nodes - 1.0, slope) / widths[:, None]
    inside = np.ascontiguousarray(x[:-1].reshape(widths.size, stages + 1, -1)[:, 1:].reshape(-1, x.shape[1]))
    rate, rates = np.empty(x.shape[1]), []
    for row in inside:
        rhs(0.0, row, p, rate)
        rates.append(rate[-1])
    return float(np.median(along.ravel() / np.array(rates)))


def curve_of(
    system: System,
    free: Sequence[str],
    cycle: Cycle,
    ranges: Array,
    forcing: Forcing | None = None,
    *,
    keeps_period: bool = False,
) -> tuple[SpikingOrbits, Orbit]:
    """Return the curve on which a stored cycle with jumps lies, and its orbit there, not settled.

    Unless given, the period of the forcing stays that of the cycle; see `SpikingOrbits` for ``keeps_period``.
    """
    orbit = orbit_of_spiking(system, cycle, free)
    rows = orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)
    sizes = _sizes(system, rows)
    speeds = np.array(cycle.segments[0].speeds)
    law = Forcing(cycle.period) if cycle.forced and forcing is None else forcing
    gain = _gain(system, law, cycle.period)
    curve = SpikingOrbits(
        system, free, pattern_of(system, cycle), speeds, sizes, ranges, orbit.stages, gain, keeps_period=keeps_period
    )
    return curve, orbit
