"""A network on several threads: the operations of a step, divided so that every bit stays the same.

Each thread owns some blocks of every population. It integrates its own cells, adds to its own cells what arrives for
them, in the order in which one thread would, and lets them jump; spikes that threads have found are put together in the
order of the cells. What cannot be divided is done by the first thread while the others wait.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.network_poisson import Poisson
from dynana.numerics.network_program import (
    DIVIDED_BLOCKS,
    DIVISION,
    Delivery,
    Division,
    Population,
    Synapses,
    address_of,
)
from dynana.numerics.network_streams import Stream
from dynana.numerics.network_threads import Merge, cut_rows, march_together, merge_logs, offer_address
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.simulation.network_machine import Machine
from dynana.simulation.network_population import PopulationArrays, filled_row

Row = NDArray[np.int64]

#: Divisions after which spikes must be put together.
STEPS = (Division.STEP, Division.CELLS)


class _Tables:
    """The tables of all threads while they are being filled; gates stand where somebody could be too early.

    At the beginning of a step everybody looks at the lengths of the logs, so there something has been done together.
    """

    def __init__(self, threads: int) -> None:
        self.programs: list[list[Row]] = [[] for _ in range(threads)]
        self._together, self._alone = True, False  # what has been done since the last gate

    def alone(self, row: Row) -> None:
        """Add an operation that the first thread carries out."""
        if self._together:
            self._gate()
        self.programs[0].append(row)
        self._alone = True

    def together(self, rows: Sequence[Row], reads: bool) -> None:
        """Add the parts of an operation; ``reads`` tells whether they read what other threads have done together."""
        if self._alone or (reads and self._together):
            self._gate()
        for program, row in zip(self.programs, rows, strict=True):
            program.append(row)
        self._together = True

    def _gate(self) -> None:
        for program in self.programs:
            program.append(filled_row({}))
        self._together = self._alone = False


class Team:
    """The threads that carry out the steps of a network.

    Parameters
    ----------
    machine : Machine
    program : ndarray
        Table of operations of a step, as for one thread.
    threads : int
        At least 2.
    """

    def __init__(self, machine: Machine, program: Row, threads: int) -> None:
        self.machine, self.threads = machine, threads
        kept = [*machine.kept, *(array for s in machine.synapses for array in s.kept)]
        self._arrays = {array.ctypes.data: array for array in kept}
        self._kept: list[np.ndarray] = []
        self._own: dict[int, list[dict[str, np.ndarray]]] = {}
        self._cuts: dict[tuple[int, int], list[dict[int, int]]] = {}
        self._programs = [np.array(p, dtype=np.int64) for p in self._divided(program)]
        self._gate = np.array([0, offer_address()], dtype=np.int64)
        self._pool = ThreadPoolExecutor(threads - 1)

    def advance(self, last: int) -> int:
        """Carry out steps up to ``last``, or fewer, as `Machine.advance` does; returns the last one."""
        self._gate[0] = 0
        first = self.machine.step + 1
        others: list[Future[int]] = []
        try:
            others += [self._pool.submit(self._march, first, last, i) for i in range(1, self.threads)]
            return self._march(first, last, 0)
        finally:
            for other in others:
                other.result()

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()

    def _march(self, first: int, last: int, thread: int) -> int:
        program = self._programs[thread]
        table = (program.ctypes.data, len(program), *self.machine.limits, self.machine.halt.ctypes.data)
        return int(march_together(first, last, *table, self._gate.ctypes.data, self.threads, thread))

    # -- division ------------------------------------------------------------------------------------------------------

    def _divided(self, program: Row) -> list[list[Row]]:
        """Return the table of each thread."""
        tables = _Tables(self.threads)
        waiting: list[Row] = []
        for row in program:
            division = self._division(row)
            if division not in STEPS:
                for merge in waiting:
                    tables.alone(merge)
                waiting = []
            if division == Division.WHOLE:
                tables.alone(row)
                continue
            parts = [self._part(row, division, i) for i in range(self.threads)]
            tables.together(parts, division in (Division.ANSWER, Division.PRODUCT))
            if division == Division.STEP:
                waiting.append(self._merge(row))
        for merge in waiting:
            tables.alone(merge)
        return tables.programs

    def _division(self, row: Row) -> Division:
        """Return how an operation is divided; states of edges stay where they are, whatever the order of targets."""
        division = Division(int(row[DIVISION]))
        if division == Division.ARRIVE:
            first, target = (self._arrays[int(row[c])] for c in (Synapses.FIRST, Synapses.TARGET))
            return division if _increase(first, target) else Division.WHOLE
        return division

    def _blocks(self, row: Row, i: int) -> tuple[int, int]:
        """Return the blocks that a thread owns of the population that a row works on: the first, and past the last."""
        blocks = int(row[DIVIDED_BLOCKS])
        return blocks * i // self.threads, blocks * (i + 1) // self.threads

    def _part(self, row: Row, division: Division, i: int) -> Row:
        """Return the row of one thread."""
        first, last = self._blocks(row, i)
        part = row.copy()
        columns: Mapping[int, int]
        if division == Division.EVENTS:
            columns = self._edges(row)[i]
        elif division == Division.ARRIVE:
            first_edge, target = (self._arrays[int(row[c])] for c in (Synapses.FIRST, Synapses.TARGET))
            low, high = self._cut(first_edge, target, row, int(row[Synapses.TARGET_FIRST]))[i]
            columns = {Synapses.FIRST: low, Synapses.LAST: high}
        elif division == Division.ANSWER:
            low, size = int(row[Synapses.TARGET_FIRST]), int(row[Synapses.TARGET_CELLS])
            begin, end = (min(max(b * BLOCK_WIDTH, low), low + size) for b in (first, last))
            columns = {
                Synapses.TARGET_FIRST: begin,
                Synapses.TARGET_CELLS: end - begin,
                Synapses.FIRST: int(row[Synapses.FIRST]) + 8 * (begin - low),
                Synapses.LAST: int(row[Synapses.LAST]) + 8 * (begin - low),
            }
        elif division == Division.EVERYBODY:
            low = int(row[Delivery.TARGET_FIRST])
            high = low + int(row[Delivery.TARGET_CELLS])
            begin, end = (min(max(b * BLOCK_WIDTH, low), high) for b in (first, last))
            columns = {Delivery.TARGET_FIRST: begin, Delivery.TARGET_CELLS: end - begin}
        elif division == Division.COUNTS:
            columns = self._counts(row, first, last)
        elif division == Division.PRODUCT:
            begin, end = first * BLOCK_WIDTH, min(last * BLOCK_WIDTH, int(row[Stream.TARGETS]))
            columns = {
                Stream.TARGETS: end - begin,
                Stream.OUT: int(row[Stream.OUT]) + 8 * begin,
                Stream.WEIGHTS: int(row[Stream.WEIGHTS]) + 8 * begin * int(row[Stream.CELLS]),
            }
        else:
            columns = {Population.FIRST_BLOCK: first, Population.BLOCKS: last, **self._lists(row, i)}
        for column, value in columns.items():
            part[int(column)] = value
        return part

    def _lists(self, row: Row, i: int) -> Mapping[int, int]:
        """Return the columns of a thread's own lists of spikes and jumps, and of its work space."""
        key = int(row[Population.Y])
        if key not in self._own:
            self._own[key] = []
            size = int(row[Population.CELLS])
            population = next(
                a for a in self.machine.arrays if isinstance(a, PopulationArrays) and a.memory["y"].ctypes.data == key
            )
            for _ in range(self.threads):
                self._own[key].append(
                    {
                        "log": np.zeros(size, np.int64),
                        "jumps": np.zeros(size, np.int64),
                        "counts": np.zeros(2, np.int64),
                        "ends": np.zeros(int(row[Population.ENDS_LENGTH]), np.int64),
                        "scratch": np.zeros_like(population.scratch),
                    }
                )
        own = self._own[key][i]
        return {
            Population.LOG: own["log"].ctypes.data,
            Population.JUMPS: own["jumps"].ctypes.data,
            Population.COUNTS: own["counts"].ctypes.data,
            Population.ENDS: own["ends"].ctypes.data,
            Population.SCRATCH: own["scratch"].ctypes.data,
        }

    def _merge(self, row: Row) -> Row:
        """Return the operation that puts the spikes of a population together."""
        owns = self._own[int(row[Population.Y])]
        parts = np.array([own[name].ctypes.data for own in owns for name in ("log", "counts")], dtype=np.int64)
        self._kept.append(parts)
        return filled_row(
            {
                Merge.FUNCTION: address_of(merge_logs),
                Merge.LOG: row[Population.LOG],
                Merge.COUNTS: row[Population.COUNTS],
                Merge.ENDS: row[Population.ENDS],
                Merge.ENDS_LENGTH: row[Population.ENDS_LENGTH],
                Merge.PARTS: parts.ctypes.data,
                Merge.N_PARTS: self.threads,
            }
        )

    def _counts(self, row: Row, first: int, last: int) -> Mapping[int, int]:
        """Return the columns by which a thread draws counts for its own cells, in work space of its own."""
        low, high, origin = (int(row[c]) for c in (Poisson.FIRST, Poisson.LAST, Poisson.ORIGIN))
        begin, end = (min(max(b * BLOCK_WIDTH - origin, low), high) for b in (first, last))
        columns: dict[int, int] = {Poisson.FIRST: begin, Poisson.LAST: end}
        for column in (Poisson.BOUNDS, Poisson.REALS, Poisson.SHORTS, Poisson.NUMBERS):
            own = self._arrays[int(row[column])].copy()
            self._kept.append(own)
            columns[column] = own.ctypes.data
        return columns

    def _edges(self, row: Row) -> list[dict[int, int]]:
        """Return for each thread the columns by which it delivers to its own cells.

        Where the targets of a source increase, those of a thread are neighbours already; otherwise the edges are put
        into that order, edges to one thread as they were.
        """
        key = (int(row[Delivery.FIRST]), int(row[Delivery.WEIGHT]))
        if key in self._cuts:
            return self._cuts[key]
        first, target = self._arrays[key[0]], self._arrays[int(row[Delivery.TARGET])]
        columns: dict[int, int] = {}
        if not _increase(first, target):
            thread = np.searchsorted(self._bounds(row, int(row[Delivery.TARGET_FIRST])), target, side="right")
            source = np.repeat(np.arange(first.size - 1), np.diff(first))
            order = np.argsort(source * self.threads + thread, kind="stable")
            for column in (Delivery.TARGET, Delivery.DELAYS, Delivery.WEIGHT):
                array = self._arrays.get(int(row[column]), target[:0])
                if array.size == target.size:
                    self._kept.append(array[order])
                    columns[column] = self._kept[-1].ctypes.data
            target = target[order]
        self._cuts[key] = [
            {**columns, Delivery.FIRST: low, Delivery.LAST: high}
            for low, high in self._cut(first, target, row, int(row[Delivery.TARGET_FIRST]))
        ]
        return self._cuts[key]

    def _bounds(self, row: Row, origin: int) -> list[int]:
        """Return where the cells of the next thread begin, counted from a cell of the population."""
        return [self._blocks(row, i)[1] * BLOCK_WIDTH - origin for i in range(self.threads - 1)]

    def _cut(self, first: np.ndarray, target: np.ndarray, row: Row, origin: int) -> list[tuple[int, int]]:
        """Return for each thread the addresses of where the edges of each source to its own cells begin and end."""
        own = [
            cut_rows(first, target, bound, np.empty(first.size - 1, np.int64)) for bound in self._bounds(row, origin)
        ]
        cuts = [first[:-1], *own, first[1:]]
        self._kept += cuts
        return [(low.ctypes.data, high.ctypes.data) for low, high in itertools.pairwise(cuts)]


def _increase(first: np.ndarray, target: np.ndarray) -> bool:
    """Return whether the targets of each source increase."""
    falls = np.flatnonzero(target[1:] < target[:-1]) + 1
    return bool(np.all(np.isin(falls, first)))
