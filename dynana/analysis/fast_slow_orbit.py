"""The full orbit of a system with slow variables: run until it repeats, its spikes, and how fast each state moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.results.dissection import Rhythm
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory
from dynana.simulation.simulate import simulate

Array = NDArray[np.float64]

#: Length of the first run, in units of the fastest time constant at its start; each next one is twice as long.
FIRST_RUN = 1000.0
#: Steps after which the orbit is taken as it is: a thousand bursts of many spikes.
MOST_STEPS = 1_000_000
#: The ranges of the slow variables in the third and the last quarter of a settled run differ by less than this part.
SETTLED = 0.1
#: A state at rest moves by less than this in a quarter of the run, relative to its size.
AT_REST = 1e-6
#: An eigenvalue counts as positive above this part of the largest; a run that rests at an unstable equilibrium is moved
#: off by this part of the size of the states.
HYPERBOLIC, KICK = 1e-6, 1e-3
#: Turns of each slow variable in a quarter of a settled run.
TURNS = 5
#: A turn goes through this part of the range about its middle: ripples are smaller.
TURN = 0.2
#: An orbit at rest is kept for this part of the time that it took to get there.
RESTED = 10.0
#: Turns of the slow variables in the orbit that is kept.
KEPT_TURNS = 3.2
#: Halvings that find the end of a turn within a step.
HALVINGS = 50
#: Intervals between spikes that agree to this part repeat.
SAME_INTERVAL = 1e-2
#: Intervals fall into those within bursts and pauses if no interval lies between, over at least this factor.
PAUSE = 2.0
#: Longest pattern of spikes that is looked for, as a part of their number.
LONGEST_PATTERN = 0.4


def settled_orbit(system: System, slow: Sequence[str], progress: bool | None) -> tuple[Trajectory, Rhythm, str]:
    """Return an orbit of the full system after its transient, its rhythm, and a remark if it did not settle.

    Raises
    ------
    ConvergenceError
        If the run ends early, with its reason.
    """
    length, steps, start = FIRST_RUN * _pace(system), 0, system.initial
    confirmed, remark = False, ""
    while True:
        run = _run(system, length, start, progress)
        steps += run.n_steps
        resting, turns = _resting(run), _turns(run, slow)
        if resting and _unstable(system, run.y[-1]):
            # growth from rounding may take longer than the run
            kicked = run.y[-1] + KICK * np.maximum(np.abs(run.y[-1]), np.ptp(run.y, axis=0))
            start = dict(zip(system.states, kicked.tolist(), strict=True))
            confirmed, length = False, 2.0 * length
            if steps <= MOST_STEPS:
                continue
        good = resting or _settled(run, slow, turns)
        if good and (confirmed or resting):
            break
        if steps > MOST_STEPS:
            remark = f"the orbit has not settled after {number(2 * length)} time units: its last part is shown"
            break
        confirmed, start, length = good, run.final, 2.0 * length
    rhythm = rhythm_of(_half(run), slow, system.wrap)
    if resting:
        return _run(system, length / RESTED, run.final, progress), rhythm, remark
    # one turn of the slow variables, one pattern of spikes, or the longest pause, if that is longer
    one = max(0.5 * length / max(max(turns), 1), rhythm.period, rhythm.intervals[1])
    kept = _run(system, min(KEPT_TURNS * one, length), run.final, progress)
    return kept, replace(rhythm, spikes=spike_times(kept, slow, system.wrap)), remark


def _unstable(system: System, state: Array) -> bool:
    """Return whether an equilibrium has an eigenvalue with a positive real part, beyond rounding."""
    kernels = lower(system)
    jacobian = np.empty((kernels.n, kernels.n))
    kernels.jacobian(0.0, np.array(state), kernels.p, jacobian)
    spectrum = np.linalg.eigvals(jacobian)
    return bool(spectrum.real.max() > HYPERBOLIC * np.abs(spectrum).max())


def _run(system: System, length: float, start: dict[str, float], progress: bool | None) -> Trajectory:
    run = simulate(system, length, start=start, progress=progress)
    assert isinstance(run, Trajectory)
    if run.stop.reason != "finished":
        raise ConvergenceError(f"{system.name}: the run of the full system ended early: {run.stop.message}")
    return run


def _pace(system: System) -> float:
    kernels = lower(system)
    jacobian = np.empty((kernels.n, kernels.n))
    kernels.jacobian(0.0, kernels.y0, kernels.p, jacobian)
    fastest = float(np.abs(np.linalg.eigvals(jacobian)).max()) if np.isfinite(jacobian).all() else 0.0
    return 1.0 / fastest if fastest > 0.0 else 1.0


def whole(run: Trajectory) -> tuple[Trajectory, float]:
    """Return a run and the time from which it counts: its beginning."""
    return run, float(run.t[0])


def _half(run: Trajectory) -> tuple[Trajectory, float]:
    return run, float(run.t[0] + 0.5 * (run.t[-1] - run.t[0]))


def _quarters(run: Trajectory, names: Sequence[str]) -> list[Array]:
    """Extremes of states over the third and the last quarter of a run, shape (2, names) each."""
    t = (run.t - run.t[0]) / (run.t[-1] - run.t[0])
    columns = [run.states.index(n) for n in names]
    parts = (run.y[(t >= 0.5) & (t <= 0.75)][:, columns], run.y[t >= 0.75][:, columns])
    return [np.array([y.min(axis=0), y.max(axis=0)]) for y in parts if len(y)]


def _resting(run: Trajectory) -> bool:
    if len(run.jumps) and run.jumps.t[-1] > run.t[0] + 0.75 * (run.t[-1] - run.t[0]):
        return False
    parts = _quarters(run, run.states)
    return len(parts) == 2 and bool(np.all(np.ptp(parts[1], axis=0) <= AT_REST * (1.0 + np.abs(parts[1][1]))))


def _turns(run: Trajectory, slow: Sequence[str]) -> list[int]:
    """How often each slow variable goes up through the middle of its range, in the second half of a run."""
    return [_passages(run[name][run.t >= run.t[0] + 0.5 * (run.t[-1] - run.t[0])]) for name in slow]


def _passages(x: Array) -> int:
    low, high = float(x.min()), float(x.max())
    middle, room = 0.5 * (low + high), 0.5 * TURN * (high - low)
    side = np.where(x > middle + room, 1, np.where(x < middle - room, -1, 0))
    side = side[side != 0]
    return int(np.sum((side[:-1] < 0) & (side[1:] > 0)))


def _settled(run: Trajectory, slow: Sequence[str], turns: Sequence[int]) -> bool:
    """Return whether slow variables go to and fro in the same range; where all of them rest, whether others do."""
    parts = _quarters(run, slow)
    if len(parts) < 2:
        return False
    moving = np.ptp(parts[1], axis=0) > AT_REST * (1.0 + np.abs(parts[1][1]))
    if not moving.any():
        fast = [name for name in run.states if name not in slow]
        return bool(np.ptp(np.concatenate(parts), axis=0).max() <= AT_REST) and max(_turns(run, fast)) >= 2 * TURNS
    extent = np.ptp(np.concatenate(parts), axis=0)
    same = np.abs(parts[0] - parts[1]) <= SETTLED * extent
    return min(turn for turn, moves in zip(turns, moving, strict=True) if moves) >= 2 * TURNS and bool(np.all(same))


# -- spikes ------------------------------------------------------------------------------------------------------------


def rhythm_of(half: tuple[Trajectory, float], slow: Sequence[str], wrap: Mapping[str, float]) -> Rhythm:
    """Return the spikes of a run after some time, and after how many of them their intervals repeat."""
    run, begin = half
    spikes = spike_times(run, slow, wrap)
    spikes = spikes[spikes >= begin]
    gaps = np.diff(spikes)
    z = run[slow[0]][run.t >= begin]
    count, period = _repetition(gaps)
    shown = gaps[-count:] if count else gaps
    bursts = _bursts(gaps)
    return Rhythm(
        spikes=spikes, per_period=count, period=period,
        intervals=(float(shown.min()), float(shown.max())) if gaps.size else (0.0, 0.0),
        slow_range=(float(z.min()), float(z.max())), per_burst=bursts,
    )  # fmt: skip


def spike_times(run: Trajectory, slow: Sequence[str], wrap: Mapping[str, float]) -> Array:
    """Return the times of jumps, or of upward passages of the first fast state through the middle of its range.

    Of an angle, in ``wrap`` with its period: the times at which a turn is complete, half a period from zero.
    """
    if run.jumps.names:
        return np.asarray(run.jumps.t)
    name = next(n for n in run.states if n not in slow)
    if name in wrap:
        return _turned(run, name, wrap[name])
    late = run[name][run.t >= 0.5 * (run.t[0] + run.t[-1])]
    if np.ptp(late) <= AT_REST * (1.0 + np.abs(late).max()):
        return np.empty(0)
    return run.crossings(name, 0.5 * float(late.min() + late.max()))


def _turned(run: Trajectory, name: str, period: float) -> Array:
    """Return when an angle passes half a period, beyond any number of turns."""
    column = run.states.index(name)
    turns = run[name] / period - 0.5
    whole_turns = np.floor(turns)
    passed = np.maximum(np.diff(whole_turns), 0).astype(int)
    rows = np.repeat(np.arange(passed.size), passed)
    within = np.arange(rows.size) - np.repeat(np.cumsum(passed) - passed, passed)
    levels = whole_turns[rows] + 1 + within
    low, high = run.t[rows].copy(), run.t[rows + 1].copy()
    for _ in range(HALVINGS if rows.size else 0):
        middle = 0.5 * (low + high)
        beyond = run.at(middle)[:, column] / period - 0.5 >= levels
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return np.asarray(high)


def _repetition(gaps: Array) -> tuple[int, float]:
    """Smallest number of intervals after which they repeat, and their sum; zeros if they do not."""
    for k in range(1, int(LONGEST_PATTERN * gaps.size) + 1):
        if np.all(np.abs(gaps[k:] - gaps[:-k]) <= SAME_INTERVAL * gaps[k:]):
            return k, float(gaps[-k:].sum())
    return 0, 0.0


def _bursts(gaps: Array) -> tuple[int, int]:
    """Smallest and largest number of spikes between pauses; zeros if the intervals are of one kind."""
    counts = np.diff(pause_after(gaps))
    return (int(counts.min()), int(counts.max())) if counts.size else (0, 0)


def pause_after(gaps: Array) -> NDArray[np.int64]:
    """Return which intervals between spikes are pauses between bursts, none if all are of one kind.

    Pauses are the intervals above the widest gap in the list of all intervals, on a logarithmic scale.
    """
    ordered = np.sort(gaps)
    if ordered.size < 3:
        return np.empty(0, dtype=np.int64)
    ratio = ordered[1:] / ordered[:-1]
    widest = int(ratio.argmax())
    if ratio[widest] < PAUSE:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(gaps > ordered[widest]).astype(np.int64)


# -- speeds ------------------------------------------------------------------------------------------------------------


def separation(system: System, slow: Sequence[str], run: Trajectory) -> dict[str, float]:
    """Return how many times faster each fast state is than the fastest slow one.

    The rate of a state is the modulus of its own derivative in the Jacobian (one over its time constant), averaged over
    the orbit; where that vanishes, its largest speed in units of its extent.
    """
    own, speeds = _own_rates(system, run)
    extent = np.ptp(run.y, axis=0)
    speeds = speeds / np.where(extent > 0.0, extent, np.inf)
    of = dict(zip(system.states, np.where(own > 0.0, own, speeds).tolist(), strict=True))
    fastest = max(of[name] for name in slow)
    return {n: of[n] / fastest if fastest > 0.0 else np.inf for n in system.states if n not in slow}


def _own_rates(system: System, run: Trajectory) -> tuple[Array, Array]:
    """Return the mean modulus of the diagonal of the Jacobian over a run, and the largest speeds, shape (n,) each."""
    kernels = lower(system)
    jacobian, rates = np.empty((kernels.n, kernels.n)), np.empty(kernels.n)
    own, speeds, p = np.zeros(kernels.n), np.zeros(kernels.n), kernels.p
    weights = np.gradient(run.t) / (run.t[-1] - run.t[0])
    for weight, y in zip(weights, np.array(run.y), strict=True):
        kernels.jacobian(0.0, y, p, jacobian)
        kernels.rhs(0.0, y, p, rates)
        own += weight * np.abs(np.diag(jacobian))
        np.maximum(speeds, np.abs(rates), out=speeds)
    return own, speeds
