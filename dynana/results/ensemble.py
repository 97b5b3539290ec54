"""What comes out when many copies of a system are simulated at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.errors import unknown
from dynana.results.base import Result
from dynana.results.other_packages import dataset, spike_trains
from dynana.results.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble(Result):
    """Runs of one system from different starts, with different parameter values, or along different noise.

    ``ensemble["V"]`` is a recorded state at the recorded times, shape (n_times, n_cells): row by row, one row per
    time. ``ensemble.times("spike", cell=3)`` are the times of the events of one cell.

    Parameters
    ----------
    system
        Name of the system.
    states
        Names of the states.
    parameters
        Parameter values used: a number, or an array of one value per cell.
    fingerprint
        Fingerprint of the system's structure.
    method, dt
        Name of the integration method, and its step (None for methods that choose their own).
    t
        Times that were asked for, shape (n_times,); empty if none were.
    recorded
        Names of the recorded states.
    y
        Recorded states, shape (n_times, n_cells, n_recorded). NaN after a cell has ended early.
    start, final
        States at the beginning and at the end, shape (n_cells, n).
    span
        Start and end of the run.
    events
        Names of the events that were looked for: jumps first, then crossings.
    event_first
        Where the events of each cell start, shape (n_cells + 1,); those of cell c are ``first[c]:first[c + 1]``.
    event_time, event_kind
        Time of each event, in time order for each cell, and its place in ``events``.
    lost
        For each cell that ended early the time by which it had: it left the finite numbers, or met what ``stop`` says
        of the first of them; NaN for the others. Shape (n_cells,).
    last_finite
        The last finite state that was seen of each cell, shape (n_cells, n).
    seed
        Seed of the noise; None without noise.
    stop
        Why the run ended.
    n_steps
        Steps of each cell.
    """

    system: str
    states: tuple[str, ...]
    parameters: dict[str, Any]
    fingerprint: str
    method: str
    dt: float | None
    t: np.ndarray
    recorded: tuple[str, ...]
    y: np.ndarray
    start: np.ndarray
    final: np.ndarray
    span: tuple[float, float]
    events: tuple[str, ...]
    event_first: np.ndarray
    event_time: np.ndarray
    event_kind: np.ndarray
    lost: np.ndarray
    last_finite: np.ndarray
    seed: int | None
    stop: Stop
    n_steps: np.ndarray

    def _check(self) -> None:
        n_cells, n = self.final.shape
        if self.y.shape != (self.t.size, n_cells, len(self.recorded)) or n != len(self.states):
            raise ValueError(
                f"y has shape {self.y.shape} for {self.t.size} times, {n_cells} cells and {len(self.recorded)} "
                f"recorded states; final has shape {self.final.shape} for {len(self.states)} states"
            )
        if self.event_first.shape != (n_cells + 1,) or self.event_first[-1] != self.event_time.size:
            raise ValueError(f"event_first has shape {self.event_first.shape} for {n_cells} cells")

    def __len__(self) -> int:
        """Number of cells."""
        return int(self.final.shape[0])

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self.recorded and self.t.size:
            return self.y[:, :, self.recorded.index(name)]
        if name in self.states:
            missing = "times=..." if not self.t.size else f"record={(*self.recorded, name)}"
            raise KeyError(
                f"{name!r} was not recorded: give {missing} to simulate. "
                f"Its values at the end are in final[:, {self.states.index(name)}]"
            )
        raise KeyError(unknown("recorded state", name, self.recorded))

    def _kind(self, event: str | None) -> int | None:
        if event is None:
            return None
        if event not in self.events:
            raise KeyError(unknown("event", event, self.events))
        return self.events.index(event)

    def times(self, event: str | None = None, *, cell: int) -> np.ndarray:
        """Times of the events of one cell: of the named kind, or of all kinds in time order.

        Raises
        ------
        KeyError, IndexError
            For an event that was not looked for, or a cell that does not exist.
        """
        if not -len(self) <= cell < len(self):
            raise IndexError(f"no cell {cell}: there are {len(self)} cells, from 0 on")
        low, high = self.event_first[cell % len(self)], self.event_first[cell % len(self) + 1]
        kind = self._kind(event)
        times = self.event_time[low:high]
        return np.asarray(times if kind is None else times[self.event_kind[low:high] == kind])

    def counts(self, event: str | None = None) -> np.ndarray:
        """Number of events of each cell, shape (n_cells,)."""
        kind = self._kind(event)
        chosen = np.ones(self.event_time.size) if kind is None else self.event_kind == kind
        total = np.concatenate(([0], np.cumsum(chosen)))
        return np.asarray(np.diff(total[self.event_first]), dtype=np.int64)

    def rates(self, event: str | None = None) -> np.ndarray:
        """Number of events per unit of time of each cell, shape (n_cells,)."""
        return np.asarray(self.counts(event) / (self.span[1] - self.span[0]))

    def _columns(self) -> dict[str, Any]:
        """Time, cell, and one column for each recorded state."""
        n_times, n_cells, _ = self.y.shape
        columns: dict[str, Any] = {
            "t": np.repeat(self.t, n_cells),
            "cell": np.tile(np.arange(n_cells), n_times),
        }
        return columns | {name: self.y[:, :, i].ravel() for i, name in enumerate(self.recorded)}

    def to_xarray(self) -> Any:
        """Return an ``xarray.Dataset``: recorded states over (t, cell); parameters that differ are coordinates of cell.

        Raises
        ------
        ImportError
            xarray is not installed.
        """
        differing = {n: v for n, v in self.parameters.items() if isinstance(v, np.ndarray)}
        coordinates = {"t": self.t, "cell": np.arange(len(self))} | {n: ("cell", v) for n, v in differing.items()}
        same = {n: v for n, v in self.parameters.items() if n not in differing}
        variables = {n: (("t", "cell"), self.y[:, :, i]) for i, n in enumerate(self.recorded)}
        return dataset(variables, coordinates, {"system": self.system, "fingerprint": self.fingerprint, **same})

    def to_neo(self, event: str | None = None, *, unit: str) -> Any:
        """Return a ``neo.Segment`` with the events of every cell (of one kind, or of all) as spike trains.

        Parameters
        ----------
        event : str, optional
        unit : {"s", "ms", "us"}
            Unit of time of the model.

        Raises
        ------
        ImportError
            neo is not installed.
        """
        trains = [self.times(event, cell=cell) for cell in range(len(self))]
        return spike_trains(trains, [f"cell {cell}" for cell in range(len(self))], self.span, unit)

    def __repr__(self) -> str:
        n_lost = int(np.sum(~np.isnan(self.lost)))
        parts = [
            f"{len(self)} cells of {self.system}",
            f"t = {self.span[0]:g} to {self.span[1]:g}",
            self.method + ("" if self.dt is None else f", dt = {self.dt:g}"),
            f"{self.t.size} times of {', '.join(self.recorded)}" if self.t.size else "final states only",
        ]
        parts += [f"{self.event_time.size} events"] if self.events else []
        parts += [f"seed {self.seed}"] if self.seed is not None else []
        parts += [f"{n_lost} ended early"] if n_lost else []
        return f"<Ensemble: {'; '.join(parts)}>"
