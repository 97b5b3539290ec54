"""`phase_shifts`: finite kicks of a cycle with jumps, each followed until the orbit is back on the cycle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.analysis.phase_responses import system_of
from dynana.analysis.spiking_flights import Flights
from dynana.analysis.spiking_starts import curve_of, stretch
from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.results.cycle import Cycle
from dynana.results.phase_shifts import PhaseShifts

Array = NDArray[np.float64]

#: Kicks at equal distances unless times are given.
SAMPLES = 101
#: Turns after which an orbit is back, or is not; and the change of its shift in a turn at which it is, in periods.
MOST_TURNS, SETTLED = 200, 1e-10
#: Distance from the cycle at which an orbit is on it, relative to its extents.
NEAR = 1e-4
#: Longest wait for a jump, in periods.
PATIENCE = 10.0


def phase_shifts(
    system: System, cycle: Cycle, kick: Mapping[str, float], *, times: ArrayLike | None = None
) -> PhaseShifts:
    """Return the phase shifts by a kick of finite size, at moments of a stable cycle with jumps.

    Parameters
    ----------
    system : System
        The one of the cycle; values of parameters are taken from the cycle.
    cycle : Cycle
        With jumps, stable.
    kick : mapping of state to float
        What is added to states at once. A kick beyond the threshold fires at once; one of a state that is held changes
        the value at which it is held.
    times : array_like, optional
        When, from just after the jump with which the cycle begins; 101 times over the period unless given.

    Returns
    -------
    PhaseShifts
        ``shifts`` are in units of time, positive where later events come earlier; for small kicks they are the kick
        times `phase_response`.

    Raises
    ------
    ValueError
        For a cycle without jumps or one that is not stable, unknown states.
    """
    system = system_of(system, cycle)
    if not any(segment.jump for segment in cycle.segments):
        raise ValueError(
            f"{system.name}: the cycle has no jumps; kicks of smooth cycles are small ones, see dn.phase_response"
        )
    if not cycle.stable:
        raise ValueError(f"{system.name}: the cycle is not stable: a kicked orbit does not come back to it")
    amounts = np.zeros(len(system.states))
    for name, amount in kick.items():
        amounts[system.states.index(system.state(name))] = float(amount)
    asked = np.linspace(0.0, cycle.period, SAMPLES) if times is None else np.asarray(times, dtype=float).ravel()
    follower = _Follower(system, cycle)
    found = [follower.shift(float(t), amounts) for t in asked]
    return PhaseShifts(
        system=system.name,
        fingerprint=cycle.fingerprint,
        parameters=cycle.parameters,
        kick={name: float(amount) for name, amount in kick.items()},
        period=cycle.period,
        times=asked,
        shifts=np.array([shift for shift, _ in found]),
        fires=np.array([fires for _, fires in found]),
    )


class _Follower:
    """Follows kicked orbits until they are back on a cycle."""

    def __init__(self, system: System, cycle: Cycle) -> None:
        orbits, _ = curve_of(system, system.parameters[:1], cycle, np.ones(1))
        self._flights = Flights(system, orbits.speeds, orbits.sizes)
        self._cycle, self._system, self._n = cycle, system, len(system.states)
        self._names = [str(jump.name) for jump in system.jumps]
        self._starts = np.concatenate(([0.0], np.cumsum([s.duration for s in cycle.segments])))
        after = [i for i in range(len(cycle.segments)) if cycle.segments[i - 1].jump]
        self._marks = [(float(self._starts[i]), cycle.points[cycle.segments[i].first]) for i in after]
        self._extent = orbits.sizes[: self._n]
        self._longest = PATIENCE * stretch(cycle.period, 1)

    def shift(self, time: float, kick: Array) -> tuple[float, bool]:
        """Return the shift by a kick at a time, and whether it fires at once."""
        cycle, flights = self._cycle, self._flights
        t = time % cycle.period
        i = min(int(np.searchsorted(self._starts, t, side="right")) - 1, len(cycle.segments) - 1)
        segment = cycle.segments[i]
        x = cycle.state(t) + kick
        resting = self._names.index(cycle.segments[i - 1].jump) if segment.held else -1
        y = x
        if flights.clocked.clock:
            y = np.append(x, t - self._starts[i] - (segment.duration if segment.held else 0.0))
        due = self._due(x, resting)
        if due >= 0:
            y, resting = flights.after(due, y)
        elapsed, last = 0.0, np.inf
        for _ in range(MOST_TURNS):
            for _ in range(max(cycle.jumps, 1)):
                passed, y, resting = self._to_next_jump(y, resting)
                if not np.isfinite(passed):
                    return np.nan, due >= 0
                elapsed += passed
            place, distance = self._nearest(y)
            found = float(np.mod(place - t - elapsed + 0.5 * cycle.period, cycle.period) - 0.5 * cycle.period)
            if distance < NEAR and abs(found - last) < SETTLED * cycle.period:
                return found, due >= 0
            last = found
        return np.nan, due >= 0

    def _due(self, x: Array, resting: int) -> int:
        """Return the first jump whose condition holds at a state, but for the one that rests; -1 for none."""
        kernels = lower(self._system)
        values, holds = np.empty(kernels.n_guards), np.empty(kernels.n_jumps)
        kernels.guards(0.0, x.copy(), kernels.p, values)
        kernels.conditions(values, holds)
        return next((k for k in range(kernels.n_jumps) if holds[k] > 0.0 and k != resting), -1)

    def _to_next_jump(self, y: Array, resting: int) -> tuple[float, Array, int]:
        """Return the time until just after the next jump, and the state there; nan if it does not come."""
        flights, elapsed = self._flights, 0.0
        while True:
            held = self._system.jumps[resting].hold if resting >= 0 else ()
            outcome, times, rows = flights.fly(y, tuple(held), resting, self._longest)
            if outcome < 0:
                return np.nan, y, -1
            elapsed += float(rows[-1, -1] - rows[0, -1]) if flights.clocked.clock else float(times[-1])
            if outcome >= len(self._names):
                y, resting = rows[-1], -1
                continue
            y, resting = flights.after(outcome, rows[-1])
            return elapsed, y, resting

    def _nearest(self, y: Array) -> tuple[float, float]:
        """Return the time on the cycle of the state after a jump that is nearest, and its distance."""
        distances = [float(np.abs((y[: self._n] - state) / self._extent).max()) for _, state in self._marks]
        k = int(np.argmin(distances))
        return self._marks[k][0], distances[k]
