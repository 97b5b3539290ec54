"""First orbits across kinks: closed paths cut where they pass the switches of the equations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_places import Place
from dynana.analysis.kinked_curve import KinkedCurve, Sides
from dynana.analysis.kinked_orbits import KinkedOrbits
from dynana.analysis.spiking_beginnings import flaw, settled
from dynana.analysis.spiking_flights import Flights
from dynana.analysis.spiking_orbits import Pattern
from dynana.errors import ConvergenceError
from dynana.lowering.kinked import Kinked
from dynana.numerics import mesh
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme
from dynana.results.cycle import Cycle
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Mesh intervals that a segment has at least to begin with.
FEWEST_INTERVALS = 5
#: Samples of each mesh interval of a stored cycle among which its switches are looked for.
SAMPLES = 8
#: Longest flight from one switch to the next, in periods.
PATIENCE = 2.0
#: Parts into which steps of flights are cut.
PARTS = 16
#: Switches in a period beyond which a path is taken to chatter along a surface.
MOST_SWITCHES = 400


@dataclass(frozen=True, eq=False)
class Path:
    """A closed path, cut at the switches.

    Attributes
    ----------
    pattern : Pattern
        Which switch ends each piece.
    pieces : list of (s, states)
        Relative times and states of each piece, with codes.
    durations : list of float
    parameters : ndarray
        Values of the active parameters.
    steps : list of ndarray
        Relative times at the ends of integration steps on each piece, which tell where its mesh has to be fine; empty
        where it has not been integrated.
    """

    pattern: Pattern
    pieces: list[tuple[Array, Array]]
    durations: list[float]
    parameters: Array
    steps: list[Array] = field(default_factory=list)


def cut(made: Kinked, free: tuple[str, ...], parameters: Array, times: Array, states: Array) -> Path | None:
    """Return a closed path cut at its switches; None if it passes none.

    Parameters
    ----------
    made : Kinked
    free : tuple of str
    parameters : ndarray
        Their values.
    times, states : ndarray, shape (k,), (k, n)
        Over one period; the last state is the first one again.
    """
    levels = Sides(made, free).along(states, parameters)
    levels[-1] = levels[0]  # a trajectory does not close exactly
    above = levels > 0.0
    rows, which = np.nonzero(above[:-1] != above[1:])
    if not rows.size:
        return None
    share = levels[rows, which] / (levels[rows, which] - levels[rows + 1, which])
    order = np.argsort(rows + share, kind="stable")
    rows, which, share = rows[order], which[order], share[order]
    if rows.size > MOST_SWITCHES:
        raise ConvergenceError(
            f"{made.base.name}: the start passes switches of the equations {rows.size} times in a period, most often "
            f"{made.switches[int(np.bincount(which).argmax())]} = 0: it slides along that, which is not followed."
        )
    at = times[rows] + share * np.diff(times)[rows]
    there = states[rows] + share[:, None] * (states[rows + 1] - states[rows])
    period, count = float(times[-1] - times[0]), rows.size
    side, pieces, durations = above[rows[0]].copy(), [], []
    for i in range(count):  # the piece after switch i
        side[which[i]] = not side[which[i]]
        k = (i + 1) % count
        wraps = period if k == 0 else 0.0
        inside = np.arange(rows[i] + 1, (rows[k] + times.size - 1 if k == 0 else rows[k]) + 1) % (times.size - 1)
        t = times[inside] + np.where(inside <= rows[i], period, 0.0)
        end = float(at[k] + wraps)
        t, x = np.concatenate(([at[i]], t, [end])), np.concatenate((there[i : i + 1], states[inside], there[k : k + 1]))
        kept = np.concatenate(([True], np.diff(t) > 0.0))
        kept[-1] = True
        t, x = t[kept], x[kept]
        duration = max(end - float(at[i]), np.finfo(float).eps * period)
        codes = np.tile(made.code(side), (len(x), 1))
        pieces.append(((t - t[0]) / duration, np.column_stack((x, codes))))
        durations.append(duration)
    events = tuple(int(k) for k in np.roll(which, -1))
    return Path(Pattern(events, ((),) * count), pieces, durations, parameters)


def flown(made: Kinked, path: Path, sizes: Array) -> Path:
    """Return a path by integration from one of its states: samples are too coarse where it is steep.

    The path as it is where the switches come in another order that way.
    """
    flights = Flights(made.clocked.base, np.empty(0), np.append(sizes, np.ones(made.codes)), made.clocked)
    longest = PATIENCE * sum(path.durations)
    first = int(np.argmax(path.durations))
    states = path.pieces[first][1]
    y, pieces, durations, steps = states[len(states) // 2].copy(), [], [], []
    events = np.roll(path.pattern.events, -first).tolist()  # until the longest piece ends, then a whole turn
    for k, event in enumerate([*events, events[0]]):
        outcome, times, rows = flights.fly(y, (), -1, longest)
        if outcome != event or not times[-1] > 0.0:
            return path
        if k == 0:
            y, _ = flights.after(outcome, rows[-1])
            continue
        pieces.append(_between(flights, times, rows))
        durations.append(float(times[-1]))
        steps.append(times / times[-1])
        y, _ = flights.after(outcome, rows[-1])
    return Path(Pattern((*events[1:], events[0]), path.pattern.held), pieces, durations, path.parameters, steps)


def _between(flights: Flights, times: Array, rows: Array) -> tuple[Array, Array]:
    """Return relative times and states of a flight with cubics between the ends of its steps."""
    slopes = np.empty_like(rows)
    for y, slope in zip(rows, slopes, strict=True):
        flights.kernels.rhs(0.0, y.copy(), flights.p, slope)
    h = np.diff(times)[:, None]
    x = (np.arange(PARTS) / PARTS)[:, None, None]
    change = rows[1:] - rows[:-1]
    bend = (1.0 - x) * (h * slopes[:-1] - change) + x * (change - h * slopes[1:])
    states = rows[:-1] + x * (change + (1.0 - x) * bend)
    at = times[:-1] + x[:, :, 0] * np.diff(times)
    every = np.vstack((states.swapaxes(0, 1).reshape(-1, rows.shape[1]), rows[-1]))
    return np.append(at.T.ravel(), times[-1]) / times[-1], every


def on_path(
    made: Kinked, free: tuple[str, ...], path: Path, sizes: Array, ranges: Array, intervals: int, stages: int,
    fixed: tuple[int, ...] = (-1,),
) -> tuple[KinkedCurve, Place] | None:  # fmt: skip
    """Return the orbit near a path with its switches, and its curve; None if Newton's method fails."""
    orbits = KinkedOrbits(made, free, path.pattern, sizes, ranges, stages)
    lengths = [np.linalg.norm(np.diff(x[:, : sizes.size], axis=0) / sizes, axis=1).sum() for _, x in path.pieces]
    share = np.array([s.size for s in path.steps] or lengths, dtype=float)
    share = share / share.sum() + np.array(path.durations) / sum(path.durations)
    counts = [max(FEWEST_INTERVALS, round(0.5 * intervals * s)) for s in share]
    guess = orbits.guess(path.pieces, path.durations, counts)
    guess.z[-len(free) :] = path.parameters
    if path.steps:
        guess = _placed(guess, path)
    curve = KinkedCurve(orbits)
    for k in fixed:
        place = settled(curve, guess, k)
        if place is not None:
            return curve, place
    return None


def _placed(guess: Orbit, path: Path) -> Orbit:
    """Return a guess on meshes each interval of which holds the same number of integration steps."""
    parts, widths, scheme = [], [], gauss_scheme(guess.stages)
    for (s, x), steps, count in zip(path.pieces, path.steps, guess.counts.tolist(), strict=True):
        edges = np.interp(np.linspace(0.0, 1.0, count + 1), np.linspace(0.0, 1.0, steps.size), steps)
        widths.append(np.diff(edges))
        at = mesh.times(widths[-1], scheme)
        parts.append(np.stack([np.interp(at, s, column) for column in x.T], axis=1).ravel())
    z = np.concatenate([*parts, guess.z[guess.scalars_at :]])
    return replace(guess, z=z, widths=np.concatenate(widths))


def samples_of(cycle: Cycle) -> tuple[Array, Array]:
    """Return times and states of a stored cycle from which it can be cut."""
    parts = [
        cycle.times[s.first] + s.duration * np.interp(
            np.arange(s.widths.size * SAMPLES + 1) / SAMPLES, np.arange(s.widths.size + 1),
            np.concatenate(([0.0], np.cumsum(s.widths))),
        )
        for s in cycle.segments
    ]  # fmt: skip
    times = np.unique(np.concatenate(parts))
    times[-1] = cycle.period
    states = cycle.state(np.minimum(times, np.nextafter(cycle.period, 0.0)))
    states[-1] = cycle.points[-1]
    return times, states


def problem(curve: KinkedCurve, place: Place) -> str:
    """Return in words why an orbit is none of the system's, or nothing."""
    arriving, leaving = curve.curve.slopes(place.orbit)
    events, names = curve.curve.pattern.events, curve.curve.made.switches
    if place.orbit.durations.min() <= 0.0:
        return "a segment of the orbit takes no time, or less: it is no orbit of the system."
    for k, before, after in zip(events, arriving.tolist(), leaving.tolist(), strict=True):
        if before > 0.0 >= after:
            return (
                f"at the switch {names[k]} = 0 the equations on both sides point to it (slopes {number(before, 3)} and "
                f"{number(after, 3)}): the state slides along it, which is not followed."
            )
    return flaw(curve, place)
