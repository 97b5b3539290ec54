"""The last period of a trajectory that settles on a cycle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.definition.system import System
from dynana.errors import ConvergenceError, ModelError
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: Samples of the trajectory among which returns are looked for, and of the period that is found.
LOOKS, SAMPLES = 20_001, 801
#: A trajectory returns when its distance from its last state is below this, in units of its extents; it comes back
#: nearer after twice the time if the cycle is one of several turns, by the second number.
CLOSE, CLOSER = 0.02, 0.2
#: Distance of samples below which the dense output between them is looked at: a spike is steep between two samples.
SAMPLED_CLOSE = 0.3
#: Places that are looked at, and rounds in which each is narrowed down fourfold.
MOST_CANDIDATES, ROUNDS = 400, 14
#: A state rests if in the last part of a trajectory it moves by less than this, in units of all it has covered.
AT_REST = 1e-3
#: Extent of a state, in units of all it has covered, below which its returns are judged less strictly: it may be on its
#: way to rest.
TRANSIENT = 0.01
#: Turns of a forced cycle that are tried.
MOST_TURNS = 16


@dataclass(frozen=True, eq=False)
class Return:
    """The last period of a trajectory.

    Attributes
    ----------
    period : float
    states : ndarray, shape (samples, n)
        At uniform times over the period; angles go on.
    gains : ndarray, shape (n,)
        What each state gains in a period: full turns of angles.
    distance : float
        Of the last state from the one a period before, in units of the extents.
    """

    period: float
    states: Array
    gains: Array
    distance: float

    def half(self) -> Return:
        """Return the second half, where there are two turns of a cycle."""
        return Return(0.5 * self.period, self.states[len(self.states) // 2 :], 0.5 * self.gains, self.distance)


def whole_return(system: System, trajectory: Trajectory) -> Return:
    """Return the whole of a trajectory that is known to be one period."""
    t = np.linspace(float(trajectory.t[0]), float(trajectory.t[-1]), SAMPLES)
    states = trajectory.at(t)
    wrap = np.array([system.wrap.get(n, np.inf) for n in trajectory.states])
    turns = np.round((states[-1] - states[0]) / wrap)
    gains = np.where(turns != 0.0, turns * np.where(np.isfinite(wrap), wrap, 0.0), 0.0)
    return Return(period=float(t[-1] - t[0]), states=states, gains=gains, distance=0.0)


def last_return(system: System, trajectory: Trajectory, forcing_period: float | None) -> Return:
    """Return the last period of a trajectory.

    Raises
    ------
    ConvergenceError
        If it comes to rest, or does not return near its last state.
    ModelError
        If it jumps.
    """
    if not trajectory.t.size > 2:
        raise ValueError(f"{system.name}: the trajectory has only {trajectory.t.size} rows")
    begin, end = float(trajectory.t[0]), float(trajectory.t[-1])
    half = begin + 0.5 * (end - begin)
    if trajectory.jump_times.size and float(trajectory.jump_times[-1]) >= half:
        raise ModelError(
            f"{system.name}: the trajectory jumps ({', '.join(trajectory.jumps.names)}): cycles across jumps are not "
            "followed yet, only smooth ones."
        )
    wrap = np.array([system.wrap.get(n, np.inf) for n in trajectory.states])
    t = np.linspace(half, end, LOOKS)
    x = trajectory.at(t)
    # an angle that goes on turning covers one turn
    whole = np.minimum(np.ptp(trajectory.y, axis=0), wrap) + 1e-300
    extent = np.minimum(np.ptp(x[LOOKS // 2 :], axis=0), wrap)
    if not np.isfinite(x).all():
        raise ConvergenceError(f"{system.name}: the trajectory is not finite: {trajectory.stop}")
    if (extent <= AT_REST * whole).all():
        place = ", ".join(f"{n} = {number(v)}" for n, v in trajectory.final.items())
        raise ConvergenceError(
            f"{system.name}: the trajectory comes to rest at {place}: no cycle. Equilibria are followed by "
            "dn.continue_equilibria."
        )
    unit = np.maximum(extent, TRANSIENT * whole)

    def distances(states: Array) -> Array:
        result: Array = np.sqrt(((differences(states - x[-1], wrap) / unit) ** 2).mean(axis=1))
        return result

    distance = distances(x[::-1])
    lags = end - t[::-1]
    if forcing_period is not None:
        lag = _turns(lags, distance, forcing_period)
    else:
        lag = _first_return(lags, distance, lambda lag: distances(trajectory.at(np.clip(end - lag, begin, end))))
    if lag is None:
        raise ConvergenceError(
            f"{system.name}: the trajectory does not return to its last state within its second half, t = "
            f"{number(half)} to {number(end)}: it has not settled on a cycle, or one that is longer. Simulate longer "
            f"(nearest return: {number(float(_after_departure(distance).min()), 3)} of its extent, {CLOSE} is needed)."
        )
    missed = differences(trajectory.at(end - lag) - x[-1], wrap) / unit
    if forcing_period is not None:
        end = np.floor(end / forcing_period) * forcing_period  # time enters the equations: start at a full period
    states = trajectory.at(np.linspace(max(end - lag, begin), end, SAMPLES))
    if np.isfinite(wrap).any():
        turns = np.where(np.isfinite(wrap), wrap, 1.0)
        steps = np.diff(states, axis=0)
        steps = np.where(np.isfinite(wrap), steps - turns * np.round(steps / turns), steps)
        states = np.concatenate((states[:1], states[:1] + np.cumsum(steps, axis=0)))
        gains = np.where(np.isfinite(wrap), turns * np.round((states[-1] - states[0]) / turns), 0.0)
    else:
        gains = np.zeros(len(trajectory.states))
    return Return(lag, states, gains, float(np.sqrt(np.mean(missed**2))))


def differences(d: Array, wrap: Array) -> Array:
    """Return differences of states, those of angles up to full turns."""
    turns = np.where(np.isfinite(wrap), wrap, 1.0)
    result: Array = np.where(np.isfinite(wrap), d - turns * np.round(d / turns), d)
    return result


def _after_departure(distance: Array) -> Array:
    """Return the distances after the trajectory (backwards) has left the neighbourhood of its last state."""
    away = np.flatnonzero(distance > 5.0 * CLOSE)
    return distance[away[0] :] if away.size else distance[-1:] + np.inf


def _first_return(lags: Array, distance: Array, exact: Callable[[Array], Array]) -> float | None:
    """Return the shortest time after which the trajectory was where it is at last, as closely as it ever was.

    Samples find the candidates; between them the distance comes from the dense output, because a spike may pass
    between two samples.
    """
    away = np.flatnonzero(distance > 5.0 * CLOSE)
    if away.size == 0:
        return None
    first = int(away[0])
    inner = distance[1:-1]
    minima = 1 + np.flatnonzero((inner <= distance[:-2]) & (inner < distance[2:]))
    minima = minima[(minima > first) & (distance[minima] < SAMPLED_CLOSE)]
    refined = [_nearest(float(lags[i]), float(lags[1] - lags[0]), exact) for i in minima[:MOST_CANDIDATES]]
    refined = [(lag, d) for lag, d in refined if d < CLOSE]
    if not refined:
        return None
    for k, (lag, d) in enumerate(refined):
        later = [e for other, e in refined[k + 1 :] if other < 2.5 * lag]
        # a cycle of two turns nearly returns after one
        if not later or min(later) >= CLOSER * d or d < 0.1 * CLOSER * CLOSE:
            return lag
    return refined[-1][0]


def _nearest(lag: float, width: float, exact: Callable[[Array], Array]) -> tuple[float, float]:
    """Return place and value of the smallest distance next to a sample."""
    for _ in range(ROUNDS):
        places = lag + width * np.linspace(-1.0, 1.0, 9)
        lag = float(places[np.argmin(exact(places))])
        width /= 4.0
    return lag, float(exact(np.array([lag]))[0])


def _turns(lags: Array, distance: Array, period: float) -> float | None:
    """Return the smallest multiple of the forcing period after which the trajectory returns."""
    for k in range(1, MOST_TURNS + 1):
        if k * period > lags[-1]:
            return None
        if float(np.interp(k * period, lags, distance)) < CLOSE:
            return k * period
    return None
