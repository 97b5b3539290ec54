"""From the streams and drives of an `Assembly` to operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.definition.assembly import Assembly, Cells, Link, Stream
from dynana.lowering.stream_kernels import outputs, sparse_sum
from dynana.numerics.network_memory import zeros
from dynana.numerics.network_program import DIVIDED_BLOCKS, DIVISION, Division, Output, address_of
from dynana.numerics.network_streams import (
    HALVES,
    Gather,
    between_rows,
    dense_product,
    gather_number,
    gather_row,
    minus_self,
    sum_row,
)
from dynana.numerics.network_streams import Stream as At
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.simulation.network_events import weight_values
from dynana.simulation.network_order import OUTPUTS, SUMS, order
from dynana.simulation.network_past import PastSums
from dynana.simulation.network_population import PopulationArrays, filled_row
from dynana.simulation.network_routes import Received, Route, received
from dynana.simulation.network_sources import TrainArrays, course_operations
from dynana.simulation.network_synapses import SynapseArrays

Row = NDArray[np.int64]

#: Share of all pairs that are connected from which on a matrix is multiplied: it costs 8 bytes and no index each.
DENSE = 0.25

#: Slots of a ring of outputs beyond the delay: the current one, and what interpolation between steps reads.
MORE_SLOTS = 4


class Couplings:
    """The continuous influences in a network, as operations.

    Parameters
    ----------
    assembly : Assembly
    routes : sequence of Route
        Of the links.
    arrays : sequence
        Of the populations; their ``memory`` takes the rings of outputs.
    synapses : sequence of SynapseArrays
        Edges with states of their own.
    kept : list
        Takes what must outlive this object.
    """

    def __init__(
        self,
        assembly: Assembly,
        routes: Sequence[Route],
        arrays: Sequence[PopulationArrays | TrainArrays],
        synapses: Sequence[SynapseArrays],
        kept: list[np.ndarray],
    ) -> None:
        self.assembly, self.routes, self.arrays, self.kept = assembly, routes, arrays, kept
        self.staged = {i: s for i, s in enumerate(synapses) if s.staged}
        self.received: dict[tuple[int, str], Received] = {
            (i, name): what
            for i, cells in enumerate(assembly.populations)
            if isinstance(cells, Cells)
            for name, what in received(assembly, routes, i).items()
        }
        self.slots: dict[int, int] = {}
        for stream in assembly.streams:
            source = assembly.links[stream.link].source.population
            self.slots[source] = max(self.slots.get(source, 0), routes[stream.link].longest + MORE_SLOTS)
        for i, slots in self.slots.items():
            population = self._population(i)
            rows = len(self._cells(i).outputs)
            population.memory["outputs"] = zeros(rows * (slots + 1) * population.stride)
        #: Vectors that per-synapse pathways fill, by (population, parameter): added to what streams and drives give.
        self.vectors: dict[tuple[int, str], list[tuple[int, int, np.ndarray]]] = {}
        for synapse in synapses:
            part = synapse.link.target
            for name, vector in synapse.vectors.items():
                self.vectors.setdefault((part.population, name), []).append((part.first, part.last, vector))
        self._order = order(assembly, routes, self.received, self.staged)
        self._names = {name for _, name in self.received}
        self._tables: dict[tuple[int, tuple[int, ...]], Any] = {}
        self._weights: dict[int, np.ndarray] = {}
        self._buffers: dict[Any, np.ndarray] = {}
        self._summed: set[Any] = set()
        self.past: dict[int, PastSums] = {}

    @property
    def any(self) -> bool:
        """Whether any parameter changes during a run."""
        return bool(self.received)

    @property
    def history(self) -> int:
        """Number of steps before the start in which outputs stand in the rings."""
        return max(self.slots.values(), default=0)

    def _population(self, i: int) -> PopulationArrays:
        found = self.arrays[i]
        assert isinstance(found, PopulationArrays)
        return found

    def _cells(self, i: int) -> Cells:
        found = self.assembly.populations[i]
        assert isinstance(found, Cells)
        return found

    def operations(self, stage: int) -> list[Row]:
        """Return the operations that evaluate all influences at the beginning of a step, or at a stage of ``rk4``."""
        self._summed.clear()
        rows: list[Row] = []
        for kind, number, what in self._order:
            if kind == OUTPUTS:
                rows += self._outputs(number, what, stage)
            elif kind == SUMS:
                rows += [*self.staged[number].reads(stage), *self.staged[number].totals(stage)]
            else:
                rows += self._gather(number, what, stage)
        return rows

    def stages(self, stage: int) -> list[Row]:
        """Return the operations by which edges with states take a stage, once all influences are known."""
        rows = []
        for s in self.staged.values():
            read = s.item.sums and not {n.name for e in s.item.pre.values() for n in e.free_symbols} & self._names
            rows += [*([] if read else s.reads(stage)), *s.advance(stage)]  # what sums have read holds still
        return rows

    def fill(self) -> list[Row]:
        """Return the operations that fill the rings of outputs, for the time before the start."""
        return [row for i in self.slots for row in self._outputs(i, tuple(range(len(self._cells(i).outputs))), 0)]

    # -- outputs -------------------------------------------------------------------------------------------------------

    def _outputs(self, i: int, which: tuple[int, ...], stage: int) -> list[Row]:
        population = self._population(i)
        if not which or (stage > 0 and population.module.METHOD != "rk4"):
            return []
        if (i, which) not in self._tables:
            expressions = [self._cells(i).outputs[n] for n in which]
            staged = population.module.METHOD == "rk4"
            module = outputs(population.system, population.form, expressions, staged)
            table = population.constants(module, population.clock[1])
            self.kept.append(table)
            self._tables[i, which] = (address_of(module.output), table)
        function, table = self._tables[i, which]
        return [
            population.row(function, table, own=columns)
            for columns in (
                {
                    Output.RINGS: population.memory["outputs"].ctypes.data + 8 * self._ring(i) * which[0],
                    Output.SLOTS: self.slots[i],
                    Output.SLOT: self.slots[i] if stage > 0 else -1,
                    Output.HALVES: HALVES[stage],
                },
            )
        ]

    def _ring(self, i: int) -> int:
        return (self.slots[i] + 1) * self._population(i).stride

    def _reading(self, link: int, output: int, stage: int) -> tuple[list[Row], dict[Any, int]]:
        """Return the columns that say where the row of an output stands at a stage, and what must come before."""
        i = self.assembly.links[link].source.population
        population, route, slots = self._population(i), self.routes[link], self.slots[i]
        ring = population.memory["outputs"].ctypes.data + 8 * self._ring(i) * output
        columns = {At.ROW: ring, At.SLOTS: slots, At.STRIDE: population.stride, At.LAG: route.delay + 1}
        if stage == 0 or (route.edges is not None and route.edges.delay is not None):
            return [], columns
        if route.delay == 0:
            if population.module.METHOD != "rk4":
                return [], columns
            return [], {At.ROW: ring + 8 * slots * population.stride, At.SLOTS: 1, At.STRIDE: 0, At.LAG: 0}
        if stage == 3:
            return [], {**columns, At.LAG: route.delay}
        buffer = self._buffer(("between", i, output, route.delay), population.stride)
        row = {At.FUNCTION: address_of(between_rows), **columns, At.CELLS: population.size, At.OUT: buffer.ctypes.data}
        row[At.OUT_SLOTS] = 1
        return [filled_row(row)], {At.ROW: buffer.ctypes.data, At.SLOTS: 1, At.STRIDE: 0, At.LAG: 0}

    def _buffer(self, key: Any, size: int) -> np.ndarray:
        if key not in self._buffers:
            self._buffers[key] = zeros(size)
        return self._buffers[key]

    # -- pathways ------------------------------------------------------------------------------------------------------

    def _sum(self, stream: Stream, stage: int) -> tuple[list[Row], np.ndarray]:
        """Return the operations that sum a part of an output, and where the sum stands."""
        source = self.assembly.links[stream.link].source
        before, columns = self._reading(stream.link, stream.output, stage)
        delay = self.routes[stream.link].delay
        key = ("sum", source.population, source.first, source.last, stream.output, delay)
        out = self._buffer(key, BLOCK_WIDTH + 1)
        if key in self._summed:
            return [], out
        self._summed.add(key)
        part = {At.FIRST: source.first, At.CELLS: source.size, At.OUT: out.ctypes.data}
        return [*before, filled_row({At.FUNCTION: address_of(sum_row), **columns, **part})], out

    def _vector(self, number: int, stage: int) -> tuple[list[Row], np.ndarray]:
        """Return the operations that make a vector with one value per target, and the vector."""
        stream = self.assembly.streams[number]
        link, route = self.assembly.links[stream.link], self.routes[stream.link]
        before, columns = self._reading(stream.link, stream.output, stage)
        out = self._buffer(("vector", number), -(-link.target.size // BLOCK_WIDTH) * BLOCK_WIDTH)
        weights = self._weights_of(number)
        columns |= {
            At.FIRST: link.source.first,
            At.CELLS: link.source.size,
            At.OUT: out.ctypes.data,
            At.TARGETS: link.target.size,
            At.WEIGHTS: weights.ctypes.data,
            At.WEIGHT_STEP: int(weights.size > 1),
            At.OUT_SLOTS: 1,
        }
        edges = route.edges
        if edges is None:
            shift = link.source.first - link.target.first
            return [*before, filled_row({At.FUNCTION: address_of(minus_self), **columns, At.SELF: shift})], out
        if self._is_dense(number):
            blocks = -(-link.target.size // BLOCK_WIDTH)
            own = {DIVISION: Division.PRODUCT, DIVIDED_BLOCKS: blocks, At.PASS: stage}
            own[At.PASSES] = 4 if self._goes_in_stages(link) else 1
            return [*before, filled_row({At.FUNCTION: address_of(dense_product, contract=True), **columns, **own})], out
        delays = 0 if edges.delay is None else edges.delay.itemsize
        columns |= {
            At.FUNCTION: address_of(sparse_sum(edges.target.itemsize, delays).add),
            At.EDGES: edges.first.ctypes.data,
            At.INDEX: edges.target.ctypes.data,
            At.DELAYS: 0 if edges.delay is None else edges.delay.ctypes.data,
        }
        self.kept += [edges.first, edges.target, *([] if edges.delay is None else [edges.delay])]
        if edges.delay is not None and edges.delay.min(initial=1) > 0 and self._goes_in_stages(link):
            self.past.setdefault(number, PastSums(columns, out))
            return self.past[number].at(stage), out
        return [*before, filled_row(columns)], out

    def _goes_in_stages(self, link: Link) -> bool:
        return bool(self._population(link.target.population).module.METHOD == "rk4")

    def _is_dense(self, number: int) -> bool:
        link = self.assembly.links[self.assembly.streams[number].link]
        edges = self.routes[self.assembly.streams[number].link].edges
        if edges is None or edges.delay is not None:
            return False
        return edges.count > DENSE * link.source.size * link.target.size

    def _weights_of(self, number: int) -> np.ndarray:
        """Return the weights of a stream: one, one per edge, or a matrix in the layout of `dense_product`."""
        if number not in self._weights:
            stream = self.assembly.streams[number]
            link, edges = self.assembly.links[stream.link], self.routes[stream.link].edges
            weights = weight_values(link, edges, stream.weight)
            if edges is not None and self._is_dense(number):
                width = -(-link.target.size // BLOCK_WIDTH) * BLOCK_WIDTH
                matrix = np.zeros((link.source.size, width))
                rows = np.repeat(np.arange(link.source.size), np.diff(edges.first))
                np.add.at(matrix, (rows, edges.target), np.broadcast_to(weights, edges.target.shape))
                blocks = matrix.reshape(link.source.size, -1, BLOCK_WIDTH).transpose(1, 0, 2)
                weights = zeros(matrix.size)
                weights.reshape(blocks.shape)[...] = blocks
            self._weights[number] = weights
        return self._weights[number]

    # -- parameters ----------------------------------------------------------------------------------------------------

    def _gather(self, i: int, name: str, stage: int) -> list[Row]:
        """Return the operations that add up what a parameter receives."""
        population, what = self._population(i), self.received[i, name]
        if stage > 0 and population.module.METHOD != "rk4":
            return []
        rows: list[Row] = []
        numbers: list[tuple[int, int, int, int]] = []
        vectors: list[tuple[int, int, int]] = []
        for number in what.streams:
            stream = self.assembly.streams[number]
            part, route = self.assembly.links[stream.link].target, self.routes[stream.link]
            if route.edges is None:
                before, total = self._sum(stream, stage)
                rows += before
                numbers.append((part.first, part.last, total.ctypes.data, self._weights_of(number).ctypes.data))
            if route.edges is not None or route.self >= 0:
                before, vector = self._vector(number, stage)
                rows += before
                vectors.append((part.first, part.last, vector.ctypes.data))
        one = self._buffer("one", 1)
        one[0] = 1.0
        for number in what.drives:
            drive = self.assembly.drives[number]
            cells = getattr(drive.course, "n_cells", None)
            out = self._buffer(("drive", number), cells or 1)
            halves = HALVES[stage]
            rows += course_operations(drive.course, out.ctypes.data, population.tables[1], halves, 1.0, self.kept)
            if cells is None:
                numbers.append((drive.target.first, drive.target.last, out.ctypes.data, one.ctypes.data))
            else:
                vectors.append((drive.target.first, drive.target.last, out.ctypes.data))
        vectors += [(first, last, v.ctypes.data) for first, last, v in self.vectors.get((i, name), ())]
        return [*rows, *self._added(i, name, numbers, vectors)]

    def _added(
        self, i: int, name: str, numbers: list[tuple[int, int, int, int]], vectors: list[tuple[int, int, int]]
    ) -> list[Row]:
        population = self._population(i)
        base = np.atleast_1d(np.asarray(population.values[name], dtype=np.float64))
        scratch = self._buffer("line", BLOCK_WIDTH)
        self.kept.append(base)
        if self.received[i, name].live:
            place = population.memory["live"].ctypes.data + 8 * population.form.live.index(name)
            pairs = np.array([address for _, _, *pair in numbers for address in pair], dtype=np.int64)
            self.kept.append(pairs)
            columns = {Gather.OUT: place, Gather.BASE: base.ctypes.data, Gather.NUMBERS: pairs.ctypes.data}
            return [filled_row({Gather.FUNCTION: address_of(gather_number), **columns, Gather.N_NUMBERS: len(numbers)})]
        row = population.module.PARAMETERS + population.form.rows.index(name)
        rows = []
        edges = sorted({e for first, last, *_ in (*numbers, *vectors) for e in (first, last)})
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            pairs = np.array([a for f, e, *pair in numbers if f <= first and last <= e for a in pair], dtype=np.int64)
            lines = [address + 8 * (first - f) for f, e, address in vectors if f <= first and last <= e]
            own = np.array(lines, dtype=np.int64)
            if pairs.size + own.size == 0:
                continue
            self.kept += [pairs, own]
            columns = {
                Gather.FUNCTION: address_of(gather_row),
                Gather.OUT: population.memory["y"].ctypes.data + 8 * BLOCK_WIDTH * row,
                Gather.BLOCK_STRIDE: population.module.ROWS * BLOCK_WIDTH,
                Gather.FIRST: first,
                Gather.CELLS: last - first,
                Gather.BASE: base.ctypes.data + (8 * first if base.size > 1 else 0),
                Gather.BASE_STEP: int(base.size > 1),
                Gather.NUMBERS: pairs.ctypes.data,
                Gather.N_NUMBERS: pairs.size // 2,
                Gather.VECTORS: own.ctypes.data,
                Gather.N_VECTORS: own.size,
                Gather.SCRATCH: scratch.ctypes.data,
            }
            rows.append(filled_row(columns))
        return rows
