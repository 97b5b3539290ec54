"""Recording of quantities during a run, straight into arrays that are made before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from dynana.simulation.grid import check_memory
from dynana.simulation.network_machine import Machine
from dynana.simulation.network_population import PopulationArrays, filled_row
from dynana.simulation.network_synapses import SynapseArrays

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

    Raises
    ------
    ValueError
        For unknown quantities and cells, and for more than fits into memory.
    """

    def __init__(self, machine: Machine, probes: Sequence[Probe], first: int, last: int) -> None:
        self.machine, self.probes = machine, tuple(probes)
        self.rows: list[Row] = []
        self._samples: list[tuple[int, np.ndarray, np.ndarray]] = []
        for probe in self.probes:
            self._add(probe, first, last)

    def _add(self, probe: Probe, first: int, last: int) -> None:
        if probe.link >= 0:
            size, what = self._synapses(probe.link).edges.count, "synapses"
            name = self.machine.assembly.links[probe.link].name
        else:
            size, what = self.machine.assembly.populations[probe.population].size, "cells"
            name = self.machine.assembly.populations[probe.population].name
        chosen = np.arange(size) if probe.cells is None else np.asarray(probe.cells)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= size):
            raise ValueError(f"{name} has {what} 0 to {size - 1}, got {chosen.min()} to {chosen.max()}")
        begin = 0 if first == 0 else -(-(first + 1) // probe.every) * probe.every
        count = max(0, (last - begin) // probe.every + 1)
        check_memory(count, chosen.size, 1)
        samples = np.full((count, chosen.size), np.nan)
        numbers = np.ascontiguousarray(chosen, dtype=np.int64)
        self._samples.append((begin, numbers, samples))
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
            Record.SAMPLES: count,
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
        for probe, (begin, cells, samples) in zip(self.probes, self._samples, strict=True):
            count = max(0, min(len(samples), (last - begin) // probe.every + 1))
            pairs: dict[str, np.ndarray] = {}
            if probe.link >= 0:
                name, edges = machine.assembly.links[probe.link].name, self._synapses(probe.link).edges
                place = edges.by_pairs()[cells]
                pairs = {"sources": edges.sources()[place], "targets": edges.target[place].astype(np.int64)}
            else:
                name = machine.assembly.populations[probe.population].name
            steps = begin + probe.every * np.arange(count)
            found[f"{name}.{probe.name}"] = Recorded(
                population=name,
                name=probe.name,
                cells=cells,
                t=machine.start + machine.dt * steps,
                values=samples[:count],
                **pairs,
            )
        return found
