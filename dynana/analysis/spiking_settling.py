"""Runs from jump to jump until they rest or fire on an attractor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.return_flights import Flights, Flown
from dynana.analysis.settling import Settling
from dynana.definition.system import System
from dynana.numerics import settling
from dynana.numerics.flights import ESCAPED, LATE, RETURNED
from dynana.results.trajectory import Trajectory
from dynana.simulation.progress import Progress
from dynana.simulation.simulate import simulate

Array = NDArray[np.float64]

#: Error of a step, in sizes of the states: far below the width of a cell.
TOLERANCE = 1e-8
#: Jumps after which a run that still fires is looked at; then, where it is on no known attractor, so many more.
JUMPS, MORE = 20, 300
#: Jumps of an attractor that are recorded, and its longest period.
RECORDED, LONGEST_PERIOD = 400, 64
#: States just after jumps repeat within this, in sizes of the states.
REPEATS = 1e-5
#: A run is on an attractor if it comes this near to its states just after jumps, in sizes of the states.
NEAR = 2e-2


class SpikingSettling(Settling):
    """A system with jumps, the attractors known so far, and runs until they settle on one of them."""

    def __init__(self, system: System, ranges: Mapping[str, tuple[float, float]], duration: float) -> None:
        Settling.__init__(self, system, ranges, duration)
        every = range(len(system.jumps))
        self.flights = Flights(system, self.scale, "basins", stop=list(every), tolerance=TOLERANCE)
        self.rests: list[int] = []
        self.clouds: list[tuple[int, Array]] = []

    def add_point(self, point: Array) -> None:
        """Add a stable equilibrium."""
        self.rests.append(len(self.attractors))
        Settling.add_point(self, point)
        k = self.known
        self.flights.centres, self.flights.forms = k.centres, k.forms
        self.flights.owners = np.arange(len(k.owners), dtype=np.int64)

    def discover(self, ends: Array) -> bool:
        """Add the attractors on which runs fire that settled on no known one; returns whether there are any."""
        before = len(self.attractors)
        while len(ends):
            flown = self._fly(ends[:1], MORE + RECORDED, MORE)
            if flown.outcomes[0] == RETURNED:
                self._add_firing(flown.states[0])
            elif flown.outcomes[0] == LATE and not Settling.discover(self, ends[:1]):
                ends = ends[1:]
                continue
            labels, _ = self.settle(ends.copy(), None)
            left = labels == settling.UNDECIDED
            left[0] = False
            ends = ends[left]
        return len(self.attractors) > before

    def _add_firing(self, after: Array) -> None:
        """Add the attractor of which these are the states just after jumps."""
        scaled = after / self.scale
        period = 0
        for p in range(1, LONGEST_PERIOD + 1):
            if np.max(np.abs(scaled[p:] - scaled[:-p])) < REPEATS:
                period = p
                break
        points = after[-period:] if period else after
        for _, known in self.clouds:
            if np.max(_distances(points, known, self.scale)) < NEAR:
                return
        run = simulate(self.system, self.duration, start=points[-1], progress=False)
        assert isinstance(run, Trajectory)
        turn = float(run.jump_times[period - 1]) if period and len(run.jump_times) >= period else float("nan")
        orbit = run.y[run.t <= turn] if period else run.y
        self.clouds.append((len(self.attractors), points))
        self._add("cycle" if period else "other", orbit, turn)

    def _fly(self, states: Array, returns: int, skip: int, line: Progress | None = None) -> Flown:
        none = np.empty((0, states.shape[1]))
        return self.flights.run(states, none, self.duration, returns=returns, skip=skip, line=line)

    def settle(self, states: Array, line: Progress | None) -> tuple[NDArray[np.int64], Array]:
        """Follow all rows of ``states`` (changed to where they end); returns labels and times."""
        starts = states.copy()
        labels, times = self._settle(states, JUMPS, line)
        slow = np.flatnonzero(labels == settling.UNDECIDED) if self.clouds else np.empty(0, int)
        if slow.size:
            again = np.ascontiguousarray(starts[slow])
            labels[slow], times[slow] = self._settle(again, MORE, None)
            states[slow] = again
        return labels, times

    def _settle(self, states: Array, jumps: int, line: Progress | None) -> tuple[NDArray[np.int64], Array]:
        flown = self._fly(states, jumps, jumps - 1, line)
        labels = np.full(len(states), settling.UNDECIDED, dtype=np.int64)
        labels[flown.outcomes == ESCAPED] = settling.ESCAPED
        for k, owner in enumerate(self.rests):
            labels[flown.outcomes == k] = owner
        firing = flown.outcomes == RETURNED
        states[firing] = flown.states[firing, -1]
        nearest = np.full(len(states), NEAR)
        for owner, points in self.clouds:
            away = np.full(len(states), np.inf)
            away[firing] = _distances(states[firing], points, self.scale)
            labels = np.where(away < nearest, owner, labels)
            nearest = np.minimum(nearest, away)
        late = flown.outcomes == LATE
        if late.any() and self.known.cloud.size:  # attractors without jumps, beside equilibria
            rows = np.ascontiguousarray(states[late])
            labels[late], _ = Settling.settle(self, rows, None)
        return labels, flown.elapsed


def _distances(states: Array, points: Array, scale: Array) -> Array:
    """Return the distance of each state to the nearest of the points, in sizes of the states."""
    away = np.full(len(states), np.inf)
    for point in points:
        away = np.minimum(away, np.linalg.norm((states - point) / scale, axis=1))
    return away
