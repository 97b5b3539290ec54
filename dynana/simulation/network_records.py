"""Recording of quantities during a run, straight into arrays that are made before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.definition.assembly import Cells
from dynana.errors import unknown
from dynana.lowering.stream_kernels import outputs
from dynana.numerics.network_program import Output, address_of
from dynana.numerics.network_records import Record, record_row
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.results.recording import Recorded
from dynana.simulation.network_machine import Machine
from dynana.simulation.network_population import PopulationArrays, filled_row
from dynana.simulation.network_synapses import SynapseArrays
from dynana.simulation.record_store import store_for

Row = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """What to record.

    Attributes
    ----------
    population : int
        -1 for a link.
    name : str
        A state, an observable, or a parameter that changes during the run; or a state of the edges of a link.
    cells : ndarray of int64, optional
        All cells if None; of a link, numbers of edges in the order of (source, target).
    every : int
        Steps between two samples.
    link : int
        The link that is meant; -1 for a population.
    """

    population: int
    name: str
    cells: np.ndarray | None = None
    every: int = 1
    link: int = -1


class Records:
    """The arrays of all probes of a run, and the operations that fill them.

    Parameters
    ----------
    machine : Machine
    probes : sequence of Probe
    first, last : int
        Steps of the run; step 0 is recorded too where the run begins there.
    folder : path, optional
        Where the samples are written to, one file for each probe, instead of into memory.
    budget : float, optional
        Bytes up to which they stay in memory all the same.

    Raises
    ------
    ValueError
        For unknown quantities and cells, and for more than fits into memory or onto the disk.
    """

    def __init__(
        self,
        machine: Machine,
        probes: Sequence[Probe],
        first: int,
        last: int,
        folder: str | Path | None = None,
        budget: float | None = None,
    ) -> None:
        self.machine, self.probes = machine, tuple(probes)
        self.rows: list[Row] = []
        chosen = [self._chosen(probe) for probe in self.probes]
        begins = [0 if first == 0 else -(-(first + 1) // p.every) * p.every for p in self.probes]
        counts = [max(0, (last - b) // p.every + 1) for b, p in zip(begins, self.probes, strict=True)]
        names = [f"{self._owner(p)}.{p.name}" for p in self.probes]
        shapes = [(count, numbers.size) for count, numbers in zip(counts, chosen, strict=True)]
        self._store = store_for(list(zip(names, shapes, strict=True)), folder, budget)
        self._samples = list(zip(begins, chosen, self._store.arrays, strict=True))
        for probe, (begin, numbers, samples) in zip(self.probes, self._samples, strict=True):
            self._add(probe, begin, numbers, samples)

    @property
    def told(self) -> str:
        """What is to be said before the run: what is written to files, and how large they will be."""
        return self._store.told

    def _owner(self, probe: Probe) -> str:
        """Return the name of the population or projection."""
        assembly = self.machine.assembly
        return assembly.links[probe.link].name if probe.link >= 0 else assembly.populations[probe.population].name

    def _chosen(self, probe: Probe) -> NDArray[np.int64]:
        """Return the numbers of the cells or synapses."""
        if probe.link >= 0:
            size, what = self._synapses(probe.link).edges.count, "synapses"
        else:
            size, what = self.machine.assembly.populations[probe.population].size, "cells"
        chosen = np.arange(size) if probe.cells is None else np.asarray(probe.cells)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= size):
            raise ValueError(f"{self._owner(probe)} has {what} 0 to {size - 1}, got {chosen.min()} to {chosen.max()}")
        return np.ascontiguousarray(chosen, dtype=np.int64)

    def _add(self, probe: Probe, begin: int, numbers: NDArray[np.int64], samples: np.ndarray) -> None:
        before: list[Row] = []
        if probe.link >= 0:
            numbers, columns = self._edges(probe, numbers)
        else:
            before, columns = self._place(probe)
        columns |= {
            Record.FUNCTION: address_of(record_row),
            Record.CELLS: numbers.ctypes.data,
            Record.N_CELLS: numbers.size,
            Record.OUT: samples.ctypes.data,
            Record.FIRST: begin,
            Record.EVERY: probe.every,
            Record.SAMPLES: len(samples),
        }
        self.rows += [*before, filled_row({Record.SLOTS: 1, **columns})]

    def _synapses(self, link: int) -> SynapseArrays:
        return next(s for s in self.machine.synapses if s.item.link == link)

    def _edges(self, probe: Probe, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], dict[Record, int]]:
        """Return where the chosen edges stand in memory, which has them in the order of delays too, and their state."""
        synapses = self._synapses(probe.link)
        places = np.ascontiguousarray(synapses.edges.by_pairs()[numbers])
        self.machine.kept.append(places)
        # one value after the other, which is a row of blocks without gaps
        return places, {Record.ROW: synapses.memory[probe.name].ctypes.data, Record.BLOCK_STRIDE: BLOCK_WIDTH}

    def _place(self, probe: Probe) -> tuple[list[Row], dict[Record, int]]:
        """Return where a quantity stands, and the operations that bring it there."""
        name, population = probe.name, self.machine.arrays[probe.population]
        cells = self.machine.assembly.populations[probe.population]
        if not isinstance(population, PopulationArrays) or not isinstance(cells, Cells):
            raise ValueError(f"{cells.name} has spikes only: there is nothing else to record")
        system, form, module = population.system, population.form, population.module
        y, stride = population.memory["y"].ctypes.data, module.ROWS * BLOCK_WIDTH
        if name in system.states:
            state = system.states.index(name)
            columns = {Record.ROW: y + 8 * BLOCK_WIDTH * state, Record.BLOCK_STRIDE: stride}
            if state in form.arriving:
                held = sum(1 << (module.RELEASES[k] - state) for k in module.HELD[state])
                arrivals = population.memory["arrivals"].ctypes.data
                place = 8 * population.stride * form.arriving.index(state)
                ring = {Record.SLOTS: population.slots, Record.STRIDE: population.stride * len(form.arriving)}
                columns |= {Record.ARRIVED: arrivals + place, Record.HOLDS: held, **ring}
            return [], columns
        if name in cells.totals:
            return self._computed(population, cells.totals[name])
        if name in form.rows:
            row = module.PARAMETERS + form.rows.index(name)
            return [], {Record.ROW: y + 8 * BLOCK_WIDTH * row, Record.BLOCK_STRIDE: stride}
        if name in form.live:
            place = population.memory["live"].ctypes.data + 8 * form.live.index(name)
            return [], {Record.ROW: place, Record.BLOCK_STRIDE: 0}
        if name in system.observables:
            return self._computed(population, system.observables[name])
        known = (*system.states, *system.observables, *form.rows, *form.live, *cells.totals)
        if name in system.parameters:
            raise ValueError(f"{cells.name}: the parameter {name!r} does not change during the run; what does: {known}")
        raise ValueError(f"{cells.name}: {unknown('quantity', name, known)}")

    def _computed(self, population: PopulationArrays, expression: sp.Expr) -> tuple[list[Row], dict[Record, int]]:
        module = outputs(population.system, population.form, [expression], False)
        table = population.constants(module, self.machine.dt)
        line = np.zeros(2 * population.stride)
        self.machine.kept += [table, line]
        own = {Output.RINGS: line.ctypes.data, Output.SLOTS: 1, Output.SLOT: 0, Output.SHIFT: 1}
        row = population.row(address_of(module.output), table, own=own)
        return [row], {Record.ROW: line.ctypes.data, Record.BLOCK_STRIDE: BLOCK_WIDTH}

    def results(self, last: int) -> dict[str, Recorded]:
        """Return what has been recorded up to a step."""
        found = {}
        machine = self.machine
        counts = [
            max(0, min(len(samples), (last - begin) // probe.every + 1))
            for probe, (begin, _, samples) in zip(self.probes, self._samples, strict=True)
        ]
        values = self._store.finished(counts)
        for probe, (begin, cells, _), count, taken in zip(self.probes, self._samples, counts, values, strict=True):
            pairs: dict[str, np.ndarray] = {}
            name = self._owner(probe)
            if probe.link >= 0:
                edges = self._synapses(probe.link).edges
                place = edges.by_pairs()[cells]
                pairs = {"sources": edges.sources()[place], "targets": edges.target[place].astype(np.int64)}
            steps = begin + probe.every * np.arange(count)
            found[f"{name}.{probe.name}"] = Recorded(
                population=name,
                name=probe.name,
                cells=cells,
                t=machine.start + machine.dt * steps,
                values=taken,
                **pairs,
            )
        return found
