"""Orbits with jumps as lists of flights: from a state just after a jump, over a number of jumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.definition.system import System
from dynana.errors import ConvergenceError, ModelError
from dynana.lowering.kernels import lower
from dynana.lowering.spiking import Clocked, clocked
from dynana.numerics.function_addresses import addresses
from dynana.numerics.segment_flights import CONDITIONS, GUARDS, NO_JUMP, RHS, STAGES, fly
from dynana.numerics.signatures import CONDITION, VECTOR
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Steps of a flight that are kept.
ROOM = 4096
#: Error of a step, relative to the size of each state (its range, or its values at the start).
ACCURACY = 1e-10


@dataclass(frozen=True, eq=False)
class Flight:
    """One smooth segment.

    Attributes
    ----------
    times : ndarray, shape (k,)
        In the time of the equations, stretched or not, from 0.
    states : ndarray, shape (k, n)
        With the clock, if there is one.
    event : int
        What ends it, see `dynana.lowering.spiking.Clocked.events`.
    held : tuple of str
    """

    times: Array
    states: Array
    event: int
    held: tuple[str, ...]


class Flights:
    """Follows orbits of a system from jump to jump.

    Parameters
    ----------
    system : System
    speeds : ndarray
        See `dynana.lowering.spiking`; empty where time is not stretched.
    sizes : ndarray, shape (n,)
        Of the states with the clock, for tolerances.
    made : Clocked, optional
        See `dynana.analysis.spiking_orbits.SpikingOrbits`.
    """

    def __init__(self, system: System, speeds: Array, sizes: Array, made: Clocked | None = None) -> None:
        self.clocked = clocked(system) if made is None else made
        self.kernels = lower(self.clocked.system)
        self.base = lower(self.clocked.base)
        self.p = self.kernels.p
        self.p[len(system.parameters) :] = speeds
        self._tolerance = ACCURACY * sizes
        table = np.zeros(3, dtype=np.int64)
        table[[RHS, GUARDS, CONDITIONS]] = addresses(
            (self.kernels.rhs, VECTOR), (self.kernels.guards, VECTOR), (self.kernels.conditions, CONDITION)
        )
        self._addresses = table
        self._times, self._rows = np.empty(ROOM), np.empty((ROOM, self.kernels.n))
        self._values, self._count = np.empty(self.kernels.n_guards), np.zeros(1, dtype=np.int64)

    def fly(self, start: Array, held: tuple[str, ...], resting: int, longest: float) -> tuple[int, Array, Array]:
        """Follow one segment.

        Parameters
        ----------
        start : ndarray, shape (n,)
        held : tuple of str
        resting : int
            Jump whose refractory time it is, which does not fire meanwhile; -1 for none.
        longest : float

        Returns
        -------
        outcome : int
            Jump that ends it, or what `dynana.numerics.segment_flights.fly` says.
        times, states : ndarray, shape (k,), (k, n)
        """
        k, y = self.kernels, start.copy()
        free = np.array([0.0 if n in held else 1.0 for n in k.states])
        watched = np.ones(k.n_jumps)
        was, now = np.zeros(k.n_jumps), np.empty(k.n_jumps)
        if self.clocked.clock and self.clocked.events[-1][0] < 0:
            watched[-1] = float(resting >= 0)
        if resting >= 0:
            watched[resting] = 0.0
        k.guards(0.0, y, self.p, self._values)
        k.conditions(self._values, now)
        was[:] = now > 0.0
        outcome = fly(
            self._addresses, self.p, y, free, watched, was, longest, self._tolerance, STAGES, self._times, self._rows,
            self._values, self._count,
        )  # fmt: skip
        kept = int(self._count[0])
        return int(outcome), self._times[:kept].copy(), self._rows[:kept].copy()

    def after(self, jump: int, state: Array) -> tuple[Array, int]:
        """Return the state after a jump, and the jump if a refractory time begins (-1 if not)."""
        out = np.empty(self.kernels.n)
        self.kernels.jump(jump, 0.0, state, self.p, out)
        return out, jump if self._rests(jump, state) > 0.0 else -1

    def begin(self, jump: int, state: Array) -> tuple[Array, int]:
        """Return a state of the given system, just after a jump, with its clock, and the jump if it rests then."""
        if not self.clocked.clock:
            return np.array(state, dtype=float), -1
        rest = self._rests(jump, state)
        return np.append(state, -rest), jump if rest > 0.0 else -1

    def _rests(self, jump: int, state: Array) -> float:
        """Return the refractory time after a jump from a state; 0 if nothing is held then."""
        if jump < 0 or not self.clocked.base.jumps[jump].hold:
            return 0.0
        times = np.empty(self.base.n_jumps)
        self.base.refractory(0.0, np.array(state[: self.base.n], dtype=float), self.p[: self.base.n_parameters], times)
        return float(times[jump])

    def turn(self, state: Array, jump: int, jumps: int, longest: float) -> list[Flight]:
        """Return the flights over a number of jumps.

        Parameters
        ----------
        state : ndarray
            Of the given system, just after a jump.
        jump : int
            Which.
        jumps : int
        longest : float
            Time after which a flight is given up.

        Raises
        ------
        ConvergenceError
            If the next jump does not come.
        """
        system = self.clocked.base
        y, resting = self.begin(jump, state)
        found: list[Flight] = []
        left = jumps
        while left > 0:
            held = system.jumps[resting].hold if resting >= 0 else ()
            outcome, times, rows = self.fly(y, held, resting, longest)
            if outcome < 0:
                why = "no jump within" if outcome == NO_JUMP else "the equations cannot be followed over"
                raise ConvergenceError(
                    f"{system.name}: from the state {', '.join(number(v) for v in y[: self.base.n])} there is {why} "
                    f"{number(longest)} time units."
                )
            found.append(Flight(times, rows, self._decisive(outcome, rows[-1]), tuple(held)))
            if self.clocked.events[found[-1].event][0] < 0:
                y, resting = rows[-1], -1
                continue
            if held:
                raise ModelError(
                    f"{system.name}: {system.jumps[outcome].name!r} fires during the refractory time of "
                    f"{system.jumps[resting].name!r}: orbits are computed where refractory times end before the next "
                    "jump."
                )
            y, resting = self.after(outcome, rows[-1])
            left -= 1
            second = self.at_once(outcome, rows[-1], y)
            if second >= 0 or times[-1] <= 0.0:
                raise ModelError(
                    f"{system.name}: several jumps at one instant ({system.jumps[outcome].name!r}, "
                    f"{system.jumps[max(second, 0)].name!r}) are not joined to orbits: make one jump of them, with "
                    "dn.where in what it does."
                )
        return found

    def loop(self, state: Array, jumps: int, longest: float) -> list[Flight]:
        """Return the flights from a state of the given system over a number of jumps, and the one after the last jump.

        The last flight, whose event is -1, ends with the next jump or after ``longest``.

        Raises
        ------
        ConvergenceError
            If a jump does not come.
        """
        base = self.clocked.base
        start, _ = self.begin(-1, state)
        outcome, times, rows = self.fly(start, (), -1, longest)
        if outcome < 0:
            raise ConvergenceError(f"{base.name}: there is no jump within {number(longest)} time units.")
        found = [Flight(times, rows, self._decisive(outcome, rows[-1]), ())]
        if jumps > 1:
            found += self.turn(self.after(outcome, rows[-1])[0][: self.base.n], outcome, jumps - 1, longest)
        jump = self.clocked.events[found[-1].event][0]
        y, resting = self.begin(jump, self.after(jump, found[-1].states[-1])[0][: self.base.n])
        if resting >= 0:
            held = tuple(base.jumps[resting].hold)
            outcome, times, rows = self.fly(y, held, resting, longest)
            found.append(Flight(times, rows, len(self.clocked.events) - 1, held))
            y = rows[-1]
        _, times, rows = self.fly(y, (), -1, longest)
        return [*found, Flight(times, rows, -1, ())]

    def at_once(self, jump: int, before: Array, after: Array) -> int:
        """Return the jump whose condition has become true by another jump, so that it fires with it; -1 for none."""
        was, now = np.empty(self.kernels.n_jumps), np.empty(self.kernels.n_jumps)
        for state, out in ((before, was), (after, now)):
            self.kernels.guards(0.0, state.copy(), self.p, self._values)
            self.kernels.conditions(self._values, out)
        was[jump] = 1.0
        fires = np.flatnonzero((now > 0.0) & (was == 0.0))
        own = fires[fires < self.base.n_jumps]
        return int(own[0]) if own.size else -1

    def _decisive(self, jump: int, state: Array) -> int:
        """Return the guard of a jump that is nearest to its zero, as the number of an event."""
        own = [e for e, k in enumerate(self.kernels.guard_owner) if k == jump]
        self.kernels.guards(0.0, state, self.p, self._values)
        return min(own, key=lambda e: abs(float(self._values[e])))
