"""Rates of populations, counted step by step: what a run of any length keeps of its spikes is as large as its bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.definition.assembly import Part
from dynana.numerics.network_program import address_of
from dynana.numerics.network_records import Count, count_spikes
from dynana.results.population_rates import PopulationRate
from dynana.simulation.network_machine import Machine
from dynana.simulation.network_population import filled_row

Row = NDArray[np.int64]

#: How far, relative to a step, the width of a bin may be from whole steps.
GRID_SLACK = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class RateProbe:
    """Cells whose spikes are counted in bins of a width, in units of time."""

    part: Part
    width: float


class Rates:
    """The counts of a run, and the operations that make them.

    Parameters
    ----------
    machine : Machine
    probes : sequence of RateProbe
    first, last : int
        Steps of the run.

    Raises
    ------
    ValueError
        For a width that is no multiple of the step.
    """

    def __init__(self, machine: Machine, probes: Sequence[RateProbe], first: int, last: int) -> None:
        self.machine, self.probes, self.first = machine, tuple(probes), first
        self.steps = [self._steps(probe) for probe in self.probes]
        self.counts = [np.zeros(-(-(last - first) // steps), np.int64) for steps in self.steps]
        self.rows = [self._row(*each) for each in zip(self.probes, self.steps, self.counts, strict=True)]

    def _steps(self, probe: RateProbe) -> int:
        dt = self.machine.dt
        steps = round(probe.width / dt)
        if steps < 1 or abs(probe.width / dt - steps) > GRID_SLACK:
            near = dt * max(1, steps)
            raise ValueError(
                f"record_rate({probe.width:g}): bins are whole numbers of steps (dt = {dt:g}); the nearest is {near:g}"
            )
        return steps

    def _row(self, probe: RateProbe, steps: int, counts: NDArray[np.int64]) -> Row:
        memory, part = self.machine.arrays[probe.part.population].memory, probe.part
        return filled_row(
            {
                Count.FUNCTION: address_of(count_spikes),
                Count.LOG: memory["log"].ctypes.data,
                Count.ENDS: memory["ends"].ctypes.data,
                Count.ENDS_LENGTH: memory["ends"].size,
                Count.FIRST: self.first,
                Count.EVERY: steps,
                Count.OUT: counts.ctypes.data,
                Count.FIRST_CELL: part.first,
                Count.LAST_CELL: part.last,
                Count.WHOLE: int(part.size == self.machine.assembly.populations[part.population].size),
            }
        )

    def results(self, last: int) -> dict[str, PopulationRate]:
        """Return what has been counted up to a step."""
        machine, found = self.machine, {}
        for probe, steps, counts in zip(self.probes, self.steps, self.counts, strict=True):
            ends = np.minimum(self.first + steps * np.arange(-(-(last - self.first) // steps) + 1), last)
            cells = machine.assembly.populations[probe.part.population]
            whole = probe.part.size == cells.size
            name = cells.name if whole else f"{cells.name}[{probe.part.first}:{probe.part.last}]"
            found[name] = PopulationRate(
                population=name,
                size=probe.part.size,
                edges=machine.start + machine.dt * ends,
                counts=counts[: ends.size - 1],
                time_unit=machine.assembly.time,
            )
        return found
