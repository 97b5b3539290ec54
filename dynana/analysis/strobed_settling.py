"""Runs of forced systems, looked at once a period of the forcing, until they settle on an attractor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_returns import differences
from dynana.analysis.drifting import carried
from dynana.analysis.return_flights import Flights, sizes
from dynana.analysis.stroboscope import CERTAIN, Driven, turns, within_turns
from dynana.numerics import settling
from dynana.numerics.flights import BOUND, ESCAPED, RETURNED
from dynana.results.basins import Attractor
from dynana.simulation.progress import Progress

Array = NDArray[np.float64]

#: Error of a step, in sizes of the states: far below the width of a cell.
TOLERANCE = 1e-8
#: Periods after which runs are looked at, shares of the longest run, and how many of the last ones are looked at.
SHARES, WINDOW = (0.05, 0.2, 1.0), 16
#: Periods of an attractor that are recorded, and the longest number of them after which it may repeat itself.
RECORDED, LONGEST = 256, 64
#: States repeat within this, and a run is on a cycle if it stays this near to it, in sizes of the states.
REPEATS, NEAR = 1e-6, 1e-2
#: Share of states of an attractor that does not repeat itself nearer than which a run on it is to others of its states.
MOSTLY = 0.99
#: Runs from which unknown attractors are looked for.
MOST_UNKNOWN = 12


class StrobedSettling:
    """A forced system, the attractors known so far, and runs until they settle on one of them.

    Parameters
    ----------
    drive : Driven
    ranges : mapping of state to (low, high)
    periods : int
        Of the forcing, in the longest run.
    """

    def __init__(self, drive: Driven, ranges: Mapping[str, tuple[float, float]], periods: int) -> None:
        self.drive, self.periods = drive, periods
        system, last = drive.system, len(drive.system.jumps) - 1
        self.strobe, self.turns = last, turns(drive.given)
        scale = sizes(system, dict(ranges))
        self.scale = scale[:-1]
        self.flights = Flights(system, scale, "basins", stop=last, tolerance=TOLERANCE)
        self.attractors: list[Attractor] = []
        self.reach: list[float] = []

    def starts(self, axes: Mapping[str, Array]) -> Array:
        """Return the states of a grid, shape (cells, n), the last axis fastest."""
        grids = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij"), strict=True))
        count, start = next(iter(grids.values())).size, self.drive.given.initial
        columns = [grids[s].ravel() if s in grids else np.full(count, start[s]) for s in self.drive.given.states]
        return np.ascontiguousarray(np.stack(columns, axis=1))

    def discover(self, starts: Array) -> bool:
        """Add the attractors on which runs are that settled on no known one; returns whether there are any."""
        before = len(self.attractors)
        for _ in range(MOST_UNKNOWN):
            if not len(starts):
                break
            outcomes, _, late = self._fly(starts[:1], self.periods + RECORDED, RECORDED)
            if outcomes[0] == RETURNED:
                self._add(within_turns(late[0], self.drive.given))
            labels, _ = self.settle(starts, None)
            left = labels == settling.UNDECIDED
            left[0] = False
            starts = starts[left]
        return len(self.attractors) > before

    def settle(self, starts: Array, line: Progress | None) -> tuple[NDArray[np.int64], Array]:
        """Follow all rows of ``starts``; returns labels and times."""
        labels = np.full(len(starts), settling.UNDECIDED, dtype=np.int64)
        times = np.zeros(len(starts))
        left = np.arange(len(starts))
        for share in SHARES:
            periods = max(WINDOW, round(share * self.periods))
            outcomes, times[left], late = self._fly(starts[left], periods, min(periods, self._window), line)
            labels[left] = self._labels(outcomes, late, share == SHARES[-1])
            left = left[labels[left] == settling.UNDECIDED]
            if not left.size:
                break
        return labels, times

    @property
    def _window(self) -> int:
        """How many of the last states are looked at: two turns of the longest cycle."""
        longest = max((len(a.points) for a in self.attractors if a.kind == "cycle"), default=0)
        return max(WINDOW, 2 * longest)

    def _fly(
        self, starts: Array, periods: int, kept: int, line: Progress | None = None
    ) -> tuple[NDArray[np.int64], Array, Array]:
        """Return how runs ended, how long they were, and their states after the last periods, shape (k, kept, n)."""
        rows = np.column_stack((starts, np.full(len(starts), self.drive.moment - 1.0)))
        if not self.drive.given.jumps:
            return self._carry(rows, periods, kept, line)
        none = np.empty((0, rows.shape[1]))
        flown = self.flights.run(
            rows, none, CERTAIN * self.drive.period, returns=periods, skip=periods - kept, first_jump=self.strobe,
            line=line,
        )  # fmt: skip
        return flown.outcomes, flown.elapsed, flown.states[:, :, :-1]

    def _carry(
        self, rows: Array, periods: int, kept: int, line: Progress | None
    ) -> tuple[NDArray[np.int64], Array, Array]:
        """Do the same without jumps, where a period is nothing to stop for."""
        late, period = np.empty((len(rows), kept, len(self.scale))), self.drive.period
        high = np.full(rows.shape[1], BOUND)
        for k, count in enumerate([periods - kept + 1, *[1] * (kept - 1)]):
            rows = carried(
                self.drive.system, rows, np.full(len(rows), count * period), -high, high, tolerance=TOLERANCE,
                sizes=self.flights.scale,
            )  # fmt: skip
            rows[:, -1] = self.drive.moment - 1.0
            late[:, k] = rows[:, :-1]
            if line is not None:
                line.report((periods - kept + 1 + k) / periods)
        gone = np.isnan(late[:, -1]).any(axis=1)
        return np.where(gone, ESCAPED, RETURNED), np.full(len(rows), periods * period), late

    def _add(self, after: Array) -> None:
        """Add the attractor that has these states, a period of the forcing after each other."""
        repeats = [p for p in range(1, LONGEST + 1) if self._apart(after[p:], after[:-p]).max() < REPEATS]
        period = self.drive.period * repeats[0] if repeats else float("nan")
        points = after[-repeats[0] :] if repeats else after
        if repeats and self._known(points):  # a run that took longer than others
            return
        self.reach.append(NEAR if repeats else float(np.quantile(self._to_cloud(after[::2], after[1::2]), MOSTLY)))
        states = self.drive.given.states
        kind = "cycle" if repeats else "other"
        self.attractors.append(Attractor(kind=kind, states=states, points=points.copy(), period=period))

    def _known(self, points: Array) -> bool:
        """Return whether these are the states of a cycle that is known, from any of them on."""
        alike = [a.points for a in self.attractors if a.kind == "cycle" and len(a.points) == len(points)]
        shifts = range(len(points))
        return any(self._apart(np.roll(old, k, axis=0), points).max() < NEAR for old in alike for k in shifts)

    def _labels(self, outcomes: NDArray[np.int64], late: Array, at_last: bool) -> NDArray[np.int64]:
        labels = np.full(len(late), settling.UNDECIDED, dtype=np.int64)
        labels[outcomes == ESCAPED] = settling.ESCAPED
        rows = np.flatnonzero(outcomes == RETURNED)
        late = late[rows]
        for k, attractor in enumerate(self.attractors):
            if attractor.kind == "cycle":
                on = self._stays(late, attractor.points)
            elif at_last:  # what is on no cycle by then
                away = np.stack([self._to_cloud(late[:, i], attractor.points) for i in range(late.shape[1])])
                on = np.median(away, axis=0) <= self.reach[k]
            else:
                continue
            labels[rows[on & (labels[rows] == settling.UNDECIDED)]] = k
        return labels

    def _stays(self, late: Array, points: Array) -> NDArray[np.bool_]:
        """Return which runs have kept near to the states of a cycle, in their order, and come nearer."""
        found = np.zeros(len(late), dtype=bool)
        count, width = len(points), late.shape[1]
        for shift in range(count):
            away = self._apart(late, points[(np.arange(width) + shift) % count])
            nearer = (away[:, -1] <= away[:, 0]) | (away[:, -1] < REPEATS)
            found |= (away.max(axis=1) < NEAR) & nearer
        return found

    def _apart(self, one: Array, other: Array) -> Array:
        """Return distances of states, in their sizes; angles up to full turns."""
        return np.asarray(np.linalg.norm(differences(one - other, self.turns) / self.scale, axis=-1))

    def _to_cloud(self, states: Array, points: Array) -> Array:
        """Return the distance of each state to the nearest of the points."""
        away = np.full(len(states), np.inf)
        for point in points:
            away = np.minimum(away, self._apart(states, point))
        return away
