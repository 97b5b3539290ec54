"""States that stay with each edge, in memory, and the operations on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.definition.assembly import Link, PerSynapse
from dynana.lowering.stream_kernels import outputs
from dynana.lowering.synapse_kernels import synapses
from dynana.lowering.synapse_pieces import Layout
from dynana.numerics.network_memory import zeros
from dynana.numerics.network_program import DIVIDED_BLOCKS, DIVISION, Division, Output, address_of
from dynana.numerics.network_program import Synapses as At
from dynana.numerics.network_streams import HALVES, Stream, between_rows
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.simulation.edges import Edges, index_type
from dynana.simulation.network_population import PopulationArrays, filled_row
from dynana.simulation.network_routes import Route
from dynana.simulation.network_sources import TrainArrays

Row = NDArray[np.int64]

#: Slots of a ring of reads beyond the longest delay: the current one, and what interpolation between steps reads.
MORE_SLOTS = 4


class SynapseArrays:
    """The edges of a projection that have states of their own.

    Parameters
    ----------
    item : PerSynapse
    link : Link
    route : Route
    arrays : sequence
        Of all populations.
    clock : (float, float)
        Time of step 0, and the step.

    Attributes
    ----------
    memory : dict of str to ndarray
        States by name, and the ring of what is read of the source.
    vectors : dict of str to ndarray
        What targets receive at all times, by parameter.
    staged : bool
        Whether sums and states go through the stages of ``rk4``, together with the cells that they act on.
    """

    def __init__(
        self,
        item: PerSynapse,
        link: Link,
        route: Route,
        arrays: Sequence[PopulationArrays | TrainArrays],
        clock: tuple[float, float],
    ) -> None:
        start, dt = clock
        self.item, self.link, self.route = item, link, route
        self.edges = route.edges if route.edges is not None else everybody(link, route)
        source, target = arrays[link.source.population], arrays[link.target.population]
        assert isinstance(target, PopulationArrays)
        self.source, self.target = source, target
        self.memory = {n: self._start(n) for n in item.states}
        numbers = {n: float(v) for n, v in link.values.items() if isinstance(v, float | int) and n not in item.states}
        values = tuple(n for n in self.edges.values if n not in item.states)
        delays = self.edges.delay
        self.layout = Layout(
            index=self.edges.target.itemsize,
            sources=index_type(link.source.size)(0).itemsize,
            delays=0 if delays is None else delays.itemsize,
            values=values,
            blocked=tuple(state not in target.form.arriving for state, _ in item.delivers),
            method=target.module.METHOD if target.module.METHOD in ("exact", "rk4") else "exponential_euler",
        )
        self.staged = self.layout.method == "rk4" and not item.event_driven
        self.module = synapses(item, numbers, target.system, target.form, self.layout)
        given = [*numbers.values(), *(np.nan for _ in (*values, *item.pre, *item.post))]
        self.constants = np.array([start, dt, dt, *self.module.constants(dt, given)], dtype=np.float64)
        self.vectors = {n: np.zeros(link.target.size) for n, _ in item.sums}
        self.slots = route.longest + MORE_SLOTS
        self.kept: list[np.ndarray] = []
        self._reading: list[Row] = []
        if item.pre and (item.on_post or not item.event_driven):
            assert isinstance(source, PopulationArrays)
            self.memory["reads"] = zeros(len(item.pre) * (self.slots + 1) * source.stride)
            module = outputs(source.system, source.form, list(item.pre.values()), False)
            table = source.constants(module, dt)
            ring = {Output.RINGS: self._keep(self.memory["reads"]), Output.SLOTS: self.slots}
            own = {**ring, Output.SLOT: -1, Output.SHIFT: 1}
            self.kept.append(table)
            self._reading = [source.row(address_of(module.output), table, own=own)]
        self._moment = _Moment(self) if self.staged and item.pre else None
        self._stages: dict[str, tuple[np.ndarray, ...]] = {}  # next point and weighted sum of the derivatives
        if self.staged:
            self._stages = {n: tuple(np.zeros_like(self.memory[n]) for _ in range(2)) for n in item.rates}

    def _start(self, name: str) -> np.ndarray:
        given = self.edges.values.get(name, self.item.start[name])
        values = np.asarray(given, dtype=np.float64)
        if values.ndim and values.shape != self.edges.target.shape:
            raise ValueError(f"{self.link.name}: {values.shape} values of {name} for {self.edges.count} edges")
        return np.array(np.broadcast_to(values, self.edges.target.shape))

    def _keep(self, array: np.ndarray) -> int:
        self.kept.append(array)
        return int(array.ctypes.data)

    # -- operations ----------------------------------------------------------------------------------------------------

    def reading(self) -> list[Row]:
        """Return the operation that keeps what is read of the source at the end of a step."""
        return self._reading

    def arrive(self, amounts: int) -> list[Row]:
        """Return the operation for arriving spikes; ``amounts`` is the address of what is read of the source."""
        if not (self.item.on_pre or self.item.delivers):
            return []
        target, source = self.target, self.source
        arriving, outs = target.form.arriving, []
        for (state, _), blocked in zip(self.item.delivers, self.layout.blocked, strict=True):
            offset = BLOCK_WIDTH * state if blocked else target.stride * arriving.index(state)
            outs.append(target.memory["y" if blocked else "arrivals"].ctypes.data + 8 * offset)
        delays = self.edges.delay
        distinct = np.array([self.route.delay]) if delays is None else np.unique(delays)
        distinct = distinct.astype(np.int64)
        columns = {
            **self._spikes(source, amounts),
            At.DISTINCT: self._keep(distinct),
            At.N_DISTINCT: distinct.size,
            At.FIRST: self._keep(self.edges.first),
            At.LAST: self.edges.first.ctypes.data + self.edges.first.itemsize,
            At.TARGET: self._keep(self.edges.target),
            At.OUTS: self._keep(np.array(outs, dtype=np.int64)),
            At.OUT_SLOTS: target.slots,
            At.OUT_STRIDE: target.stride * len(arriving),
            DIVISION: Division.ARRIVE if delays is None else Division.WHOLE,
        }
        return [self._row(self.module.arrive, columns)]

    def answer(self, amounts: int) -> list[Row]:
        """Return the operation for spikes of the target; ``amounts`` is the address of what is read of it."""
        if not self.item.on_post:
            return []
        edges = self.edges
        order = np.argsort(edges.target, kind="stable").astype(np.uint32)
        counts = np.bincount(edges.target, minlength=self.link.target.size)
        first = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        sources = np.repeat(np.arange(self.link.source.size), np.diff(edges.first))[order]
        columns = {
            **self._spikes(self.target, amounts),
            At.FIRST: self._keep(first),
            At.LAST: first.ctypes.data + first.itemsize,
            At.TARGET: self._keep(sources.astype(index_type(self.link.source.size))),
            At.EDGE: self._keep(order),
            At.LAG: self.route.delay,
            DIVISION: Division.ANSWER,
        }
        return [self._row(self.module.answer, columns)]

    def reads(self, stage: int) -> list[Row]:
        """Return the operations that read the source at a stage of ``rk4``."""
        return [] if self._moment is None else self._moment.reads(stage)

    def past(self) -> list[Row]:
        """Return the operations that interpolate what edges of different delays read, two steps back."""
        return self._moment.reads(1) if self._moment is not None and self._moment.differing else []

    def totals(self, stage: int = 0) -> list[Row]:
        """Return the operation that sums at every step, or stage, what targets receive."""
        outs = np.array([self._keep(v) for v in self.vectors.values()], dtype=np.int64)
        if not self.item.sums:
            return []
        return [self._each(self.module.total, {At.OUTS: self._keep(outs), **self._at(stage)})]

    def advance(self, stage: int = 0) -> list[Row]:
        """Return the operation that advances the states at every step, or by a stage."""
        if not self.item.rates or self.item.event_driven:
            return []
        return [self._each(self.module.advance, self._at(stage))]

    def _at(self, stage: int) -> dict[Any, int]:
        """Return the columns that say what is read and written at a stage; the first one starts from the states."""
        if not self.staged:
            return {}
        read = [self._stages[n][0] if stage and n in self._stages else self.memory[n] for n in self.item.states]
        written = []
        for n, (point, total) in self._stages.items():
            written += [self.memory[n], total, self.memory[n] if stage == 3 else point]
        tables = [self._keep(a) for a in (*read, *(self.edges.values[n] for n in self.layout.values), *written)]
        columns = {At.STAGE: stage, At.ARRAYS: self._keep(np.array(tables, dtype=np.int64))}
        return columns if self._moment is None else columns | self._moment.columns(stage)

    def _each(self, function: Any, columns: dict[Any, int]) -> Row:
        """Return an operation on every edge."""
        return self._row(
            function,
            {
                At.FIRST: self._keep(self.edges.first),
                At.LAST: self.edges.first.ctypes.data + self.edges.first.itemsize,
                At.TARGET: self._keep(self.edges.target),
                At.LAG: self.route.delay + 1,
                **columns,
            },
        )

    def _spikes(self, population: PopulationArrays | TrainArrays, amounts: int) -> dict[Any, int]:
        memory = population.memory
        return {
            At.LOG: memory["log"].ctypes.data,
            At.ENDS: memory["ends"].ctypes.data,
            At.ENDS_LENGTH: memory["ends"].size,
            At.AMOUNTS: amounts,
            At.AMOUNT_STRIDE: memory["log"].size,
        }

    def _row(self, function: Any, columns: dict[Any, int]) -> Row:
        target, link, edges = self.target, self.link, self.edges
        numbers = [float(v) if np.ndim(v) == 0 else np.nan for v in target.values.values()]
        tables = [self._keep(self.memory[n]) for n in self.item.states]
        tables += [self._keep(edges.values[n]) for n in self.layout.values]
        stride = self.source.stride if isinstance(self.source, PopulationArrays) else 0
        return filled_row(
            {
                At.FUNCTION: address_of(function),
                At.SOURCE_FIRST: link.source.first,
                At.SOURCE_CELLS: link.source.size,
                At.TARGET_FIRST: link.target.first,
                At.TARGET_CELLS: link.target.size,
                At.DELAYS: 0 if edges.delay is None else self._keep(edges.delay),
                At.Y: target.memory["y"].ctypes.data,
                At.BLOCK_STRIDE: target.module.ROWS * BLOCK_WIDTH,
                At.NUMBERS: self._keep(np.array(numbers)),
                At.LIVE: target.memory["live"].ctypes.data,
                At.CONSTANTS: self.constants.ctypes.data,
                At.ARRAYS: self._keep(np.array(tables, dtype=np.int64)),
                At.OUT_SLOTS: 1,
                At.ROWS: self.memory["reads"].ctypes.data if "reads" in self.memory else 0,
                At.SLOTS: self.slots,
                At.ROW_STRIDE: stride,
                DIVIDED_BLOCKS: target.blocks,
                **columns,
            }
        )


class _Moment:
    """What the edges of a projection read of its source at the stages of ``rk4``.

    Without a delay that is the point at which the source takes the derivatives, if it goes through the same stages;
    else the past, interpolated between steps. Where delays differ, a second ring holds what is between the steps of the
    first one; edges without a delay among them read the beginning of the step at all stages.
    """

    def __init__(self, synapses: SynapseArrays) -> None:
        self.synapses = synapses
        source, item, route = synapses.source, synapses.item, synapses.route
        assert isinstance(source, PopulationArrays)
        self.source, self.count, self.delay = source, len(item.pre), route.delay
        delays = None if route.edges is None else route.edges.delay
        one_delay = delays is None
        #: Whether stages between the first and the last are interpolated, and whether all are those of the source.
        self.between = one_delay and route.delay > 0
        self.shared = one_delay and route.delay == 0 and source.module.METHOD == "rk4"
        self.differing = delays is not None and bool(delays.min(initial=1) > 0)
        self.line = zeros((synapses.slots + 1 if self.differing else 2) * self.count * source.stride)
        if self.shared:
            module = outputs(source.system, source.form, list(item.pre.values()), True)
            self.function, self.table = address_of(module.output), source.constants(module, source.clock[1])
        synapses.kept.append(self.line)

    def reads(self, stage: int) -> list[Row]:
        """Return the operations that fill the line of a stage."""
        if self.shared:
            own = {Output.RINGS: self.line.ctypes.data, Output.SLOTS: 1, Output.HALVES: HALVES[stage]}
            return [self.source.row(self.function, self.table, own=own)]
        if stage not in ((1, 2) if self.between else (1,) if self.differing else ()):
            return []
        stride, slots = self.source.stride, self.synapses.slots
        ring = self.synapses.memory["reads"].ctypes.data
        lag, slots_out = (2, slots) if self.differing else (self.delay + 1, 1)
        return [
            filled_row(
                {
                    Stream.FUNCTION: address_of(between_rows),
                    Stream.ROW: ring + 8 * i * (slots + 1) * stride,
                    Stream.SLOTS: slots,
                    Stream.STRIDE: stride,
                    Stream.LAG: lag,
                    Stream.CELLS: self.source.size,
                    Stream.OUT: self.line.ctypes.data + 8 * i * (slots_out + 1) * stride,
                    Stream.OUT_SLOTS: slots_out,
                    Stream.OUT_STRIDE: stride if self.differing else 0,
                }
            )
            for i in range(self.count)
        ]

    def columns(self, stage: int) -> dict[Any, int]:
        """Return the columns that say where a stage finds what is read."""
        if self.shared or (self.between and stage in (1, 2)):
            return {At.ROWS: self.line.ctypes.data, At.SLOTS: 1, At.LAG: 0}
        if self.differing and stage:
            return {At.LAG: 0} if stage == 3 else {At.ROWS: self.line.ctypes.data}
        return {At.LAG: self.delay} if self.between and stage == 3 else {}


def everybody(link: Link, route: Route) -> Edges:
    """Return the edges of all to all, where they need states of their own."""
    sources, targets = link.source.size, link.target.size
    keep = np.ones((sources, targets), dtype=bool)
    if route.self >= 0:
        own = np.arange(sources) + route.self - link.target.first
        inside = (own >= 0) & (own < targets)
        keep[np.flatnonzero(inside), own[inside]] = False
    rows, columns = np.nonzero(keep)
    first = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=sources)))).astype(np.int64)
    return Edges(first, columns.astype(index_type(targets)), None, {})
