"""Where on a cycle phase zero is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.results.cycle import Cycle
from dynana.results.phase_response import fine_times
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Tolerance of a place on the cycle, relative to the period: rounding.
ROUNDING = 1e-15


@dataclass(frozen=True, eq=False)
class PhaseZero:
    """The maximum of a state, or its upward passage through a value, on any cycle of a system.

    Attributes
    ----------
    system : System
    state : int
    value : float or None
        None for the maximum.
    words : str
    """

    system: System
    state: int
    value: float | None
    words: str

    def on(self, cycle: Cycle) -> float:
        """Return the time from the first row of a cycle to phase zero, in [0, period).

        Raises
        ------
        ValueError
            If the state does not pass the value.
        """
        times = fine_times(cycle)
        x = cycle.state(times)[:, self.state]
        place = self._maximum(cycle, times, x) if self.value is None else self._passage(cycle, times, x, self.value)
        return place % cycle.period

    def _maximum(self, cycle: Cycle, times: Array, x: Array) -> float:
        rhs, out = lower(self.system).rhs, np.empty(len(self.system.states))
        p = np.array([cycle.parameters[name] for name in self.system.parameters])

        def slope(t: float) -> float:
            rhs(0.0, cycle.state(t), p, out)
            return float(out[self.state])

        k = int(x.argmax())
        before = float(times[k - 1]) if k else float(times[-1]) - cycle.period
        after = float(times[k + 1]) if k + 1 < times.size else cycle.period + float(times[0])
        rises = slope(before) > 0.0 > slope(after)  # at a kink the largest sample is the maximum
        return _root(slope, before, after, cycle.period) if rises else float(times[k])

    def _passage(self, cycle: Cycle, times: Array, x: Array, value: float) -> float:
        name = self.system.states[self.state]
        gain = gains(self.system, cycle)[self.state]
        turn, sign = (self.system.wrap[name], math.copysign(1.0, gain)) if gain else (math.inf, 1.0)
        levels = np.append(x, x[0] + gain)
        counts = np.floor((levels - value) / turn) if gain else (levels >= value).astype(float)
        passages = np.flatnonzero(np.diff(counts) * sign > 0.0)
        if passages.size == 0:
            raise ValueError(
                f"origin: {name} does not pass {number(value)} on this cycle; it goes from "
                f"{number(cycle.minima[self.state])} to {number(cycle.maxima[self.state])}"
            )
        pauses = np.diff(times[passages], prepend=times[passages[-1]] - cycle.period)
        k = int(passages[pauses.argmax()])
        level = value + turn * max(counts[k], counts[k + 1]) if gain else value
        ends = np.append(times, cycle.period)

        def height(t: float) -> float:
            return float(cycle.state(t)[self.state]) - level

        return _root(height, float(ends[k]), float(ends[k + 1]), cycle.period)


def gains(system: System, cycle: Cycle) -> Array:
    """Return what each state gains in a period, shape (n,): full turns of angles, 0 for all others."""
    turns = np.array([system.wrap.get(name, math.inf) for name in system.states])
    return np.asarray(np.rint((cycle.points[-1] - cycle.points[0]) / turns) * np.where(np.isinf(turns), 0.0, turns))


def _root(function: Callable[[float], float], low: float, high: float, period: float) -> float:
    at_low, at_high = function(low), function(high)
    if at_low * at_high >= 0.0:  # the passage is at one of the samples, up to rounding
        return low if abs(at_low) <= abs(at_high) else high
    return float(brentq(function, low, high, xtol=ROUNDING * period))


def phase_zero(system: System, cycle: Cycle, origin: Any) -> PhaseZero:
    """Return the phase zero that the argument ``origin`` of `phase_response` names.

    Raises
    ------
    ValueError
        For an unknown state.
    TypeError
        If ``origin`` is something else.
    """
    name, value = origin if isinstance(origin, tuple) and len(origin) == 2 else (origin, None)
    if origin is None:
        name = system.states[0]
    if not isinstance(name, str) or not (value is None or _is_number(value)):
        raise TypeError(
            f"origin={origin!r}: expected the name of a state (its maximum is phase zero) or (state, value) (its "
            'upward passage through the value), for example origin=("V", -20.0)'
        )
    state = system.states.index(system.state(name))
    if value is not None:
        return PhaseZero(system, state, float(value), f"{name} rising through {number(value)}")
    if gains(system, cycle)[state]:
        return PhaseZero(system, state, 0.5 * system.wrap[name], f"{name} passing half a turn")
    return PhaseZero(system, state, None, f"the maximum of {name}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(float(value))
