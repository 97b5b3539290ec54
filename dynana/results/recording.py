"""What a run of a network gives: spikes, recorded quantities, and the state from which it can go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.errors import unknown
from dynana.results.base import Result
from dynana.results.other_packages import spike_trains
from dynana.results.population_rates import PopulationRate
from dynana.results.spike_measures import SpikeMeasures
from dynana.results.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spikes(SpikeMeasures, Result):
    """The spikes of one population, in time order; those of one moment in the order of the cells.

    Parameters
    ----------
    population
        Name of the population.
    size
        Number of its cells.
    cell
        The cell of each spike, shape (count,).
    step
        The step at whose end it spiked, counted from the start of the network's time, shape (count,).
    start, dt
        Time of step 0, and the step: spikes are at ``start + step * dt``, or before by what ``early`` says.
    span
        Beginning and end of the run.
    time_unit
        Unit of time, if the models state one.
    early
        How long before the end of its step each spike was, in steps, shape (count,); None where all are at the end.
    """

    population: str
    size: int
    cell: np.ndarray
    step: np.ndarray
    start: float
    dt: float
    span: tuple[float, float]
    time_unit: str | None = None
    early: np.ndarray | None = None

    def _check(self) -> None:
        if self.cell.shape != self.step.shape:
            raise ValueError(f"{self.cell.shape} cells for {self.step.shape} steps of spikes")

    def __len__(self) -> int:
        """Number of spikes."""
        return int(self.cell.size)

    @property
    def t(self) -> NDArray[np.float64]:
        """Times of the spikes, shape (count,)."""
        steps = self.step if self.early is None else self.step - self.early
        return np.asarray(self.start + self.dt * steps)

    def of(self, cell: int) -> NDArray[np.float64]:
        """Return the times of the spikes of one cell.

        Raises
        ------
        IndexError
            If there is no such cell.
        """
        if not -self.size <= cell < self.size:
            raise IndexError(f"{self.population} has no cell {cell}: there are {self.size} cells, from 0 on")
        return np.asarray(self.t[self.cell == cell % self.size])

    def counts(self) -> NDArray[np.int64]:
        """Return the number of spikes of each cell, shape (size,)."""
        return np.bincount(self.cell, minlength=self.size).astype(np.int64)

    def _columns(self) -> dict[str, Any]:
        """Time and cell of each spike."""
        return {"t": self.t, "cell": self.cell}

    def to_neo(self, *, unit: str) -> Any:
        """Return a ``neo.Segment`` with one spike train for each cell.

        Parameters
        ----------
        unit : {"s", "ms", "us"}
            Unit of time of the network.

        Raises
        ------
        ImportError
            neo is not installed.
        """
        trains = [self.of(cell) for cell in range(self.size)]
        return spike_trains(trains, [f"{self.population} {cell}" for cell in range(self.size)], self.span, unit)

    def __repr__(self) -> str:
        low, high = self.span
        return f"<Spikes of {self.population}: {len(self)} of {self.size} cells, t = {low:g} to {high:g}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recorded(Result):
    """A quantity of the cells of one population, or of the synapses of one projection, over time.

    Parameters
    ----------
    population
        Name of the population or projection.
    name
        Name of the quantity.
    cells
        Numbers of the recorded cells or synapses, shape (n_cells,).
    t
        Times, shape (n_times,).
    values
        Shape (n_times, n_cells).
    sources, targets
        Of synapses: the cells that each joins, counted from the first of the groups that the projection joins.
    """

    population: str
    name: str
    cells: np.ndarray
    t: np.ndarray
    values: np.ndarray
    sources: np.ndarray | None = None
    targets: np.ndarray | None = None

    def _check(self) -> None:
        if self.values.shape != (self.t.size, self.cells.size):
            raise ValueError(f"values of shape {self.values.shape} for {self.t.size} times and {self.cells.size} cells")

    def __repr__(self) -> str:
        what = "cells" if self.sources is None else "synapses"
        return f"<Recorded {self.population}.{self.name}: {self.t.size} times, {self.cells.size} {what}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkState(Result):
    """Everything from which a run can go on: states, rings of delayed events, refractory times, weights, step number.

    Parameters
    ----------
    step
        Steps that have been carried out since the start of the network's time.
    start, dt
        Time of step 0, and the step.
    seed
        Of noise and Poisson input, which are functions of it and of the step.
    structure
        Fingerprint of the network's structure.
    content
        The arrays, by population and name.
    """

    step: int
    start: float
    dt: float
    seed: int
    structure: str
    content: dict[str, np.ndarray]

    @property
    def t(self) -> float:
        """The time that has been reached."""
        return self.start + self.step * self.dt

    def __repr__(self) -> str:
        return f"<NetworkState at t = {self.t:g}, step {self.step}>"


#: What `Recording` calls the rate of a population, beside the names of its quantities.
_RATE = "rate"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording(Result):
    """A run of a network.

    ``run.spikes["E"]`` are the spikes of a population; ``run["E", "V"]`` is what was recorded of V, shape
    (n_times, n_cells), at ``run.recorded["E.V"].t``, and ``run["E->E:stdp", "w"]`` of the weights of a projection;
    ``run["E", "rate"]`` is the rate that `record_rate` counted, ``run.rates["E"].rate``, shape (n_bins,).
    ``simulate(network, ..., start=run.final)`` goes on.

    Parameters
    ----------
    network
        Name of the network.
    time_unit
        Unit of time, if the models state one.
    sizes
        Number of cells of each population.
    span, dt
        Beginning and end of the run (where it ended), and the step.
    spikes
        Of each population that has spikes.
    recorded
        What was recorded, by "population.quantity".
    rates
        What `record_rate` counted, by population, or part of one such as "E[0:240]".
    methods
        Integrator of each population.
    seed
        Of noise and Poisson input.
    final
        The state at the end.
    stop
        Why the run ended.
    """

    network: str
    time_unit: str | None
    sizes: dict[str, int]
    span: tuple[float, float]
    dt: float
    spikes: dict[str, Spikes]
    recorded: dict[str, Recorded]
    methods: dict[str, str]
    seed: int
    final: NetworkState
    stop: Stop
    rates: dict[str, PopulationRate] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, str]) -> np.ndarray:
        population, name = key if isinstance(key, tuple) and len(key) == 2 else (str(key), "")
        owners = dict.fromkeys([*self.sizes, *(r.population for r in self.recorded.values()), *self.rates])
        if population not in owners:
            raise KeyError(unknown("population or recorded projection", population, owners))
        known = [r.name for r in self.recorded.values() if r.population == population]
        if name in known:
            return self.recorded[f"{population}.{name}"].values
        counted = self.rates.get(population)
        if name == _RATE and counted is not None:
            return counted.rate
        wanted = "dn.record_rate(1.0)" if name == _RATE else repr(name or "V")
        raise KeyError(
            f"{unknown('recorded quantity', name, [*known, *([] if counted is None else [_RATE])])}. "
            f"Record it: record={{{population!r}: [{', '.join([*map(repr, known), wanted])}]}}"
        )

    def rate(self, population: str) -> float:
        """Return the mean number of spikes per cell and unit of time.

        Raises
        ------
        KeyError
            For a population without spikes.
        """
        if population not in self.spikes and population in self.rates:
            counted = self.rates[population]
            return float(counted.counts.sum() / (counted.size * np.ptp(counted.edges))) if len(counted) else 0.0
        if population not in self.spikes:
            raise KeyError(unknown("population whose spikes were kept or counted", population, self.spikes))
        spikes, (low, high) = self.spikes[population], self.span
        return len(spikes) / (spikes.size * (high - low)) if high > low else 0.0

    def __repr__(self) -> str:
        parts = [
            f"{sum(self.sizes.values())} cells in {len(self.sizes)} population{'' if len(self.sizes) == 1 else 's'}",
            f"t = {self.span[0]:g} to {self.span[1]:g}, dt = {self.dt:g}",
            f"{sum(len(s) for s in self.spikes.values())} spikes" if self.spikes else "no spikes kept",
        ]
        parts += [", ".join(self.recorded)] if self.recorded else []
        parts += [f"rates of {', '.join(self.rates)}"] if self.rates else []
        parts += [str(self.stop)] if self.stop.reason != "finished" else []
        return f"<Recording of {self.network}: {'; '.join(parts)}>"
