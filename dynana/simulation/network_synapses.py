"""States that stay with each edge, in memory, and the operations on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.definition.assembly import Link, PerSynapse
from dynana.lowering.stream_kernels import outputs
from dynana.lowering.synapse_kernels import Layout, synapses
from dynana.numerics.network_program import DIVIDED_BLOCKS, DIVISION, Division, Output, address_of
from dynana.numerics.network_program import Synapses as At
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.simulation.edges import Edges, index_type
from dynana.simulation.network_population import PopulationArrays, filled_row
from dynana.simulation.network_routes import Route
from dynana.simulation.network_sources import TrainArrays

Row = NDArray[np.int64]

#: Slots of a ring of reads beyond the longest delay.
MORE_SLOTS = 2


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
            method="exact" if target.module.METHOD == "exact" else "exponential_euler",
        )
        self.module = synapses(item, numbers, target.system, target.form, self.layout)
        given = [*numbers.values(), *(np.nan for _ in (*values, *item.pre, *item.post))]
        self.constants = np.array([start, dt, dt, *self.module.constants(dt, given)], dtype=np.float64)
        self.vectors = {n: np.zeros(link.target.size) for n, _ in item.sums}
        self.slots = route.longest + MORE_SLOTS
        self.kept: list[np.ndarray] = []
        self._reading: list[Row] = []
        if item.pre and (item.on_post or not item.event_driven):
            assert isinstance(source, PopulationArrays)
            self.memory["reads"] = np.zeros(len(item.pre) * (self.slots + 1) * source.stride)
            module = outputs(source.system, source.form, list(item.pre.values()), False)
            table = source.constants(module, dt)
            ring = {Output.RINGS: self._keep(self.memory["reads"]), Output.SLOTS: self.slots}
            own = {**ring, Output.SLOT: -1, Output.SHIFT: 1}
            self.kept.append(table)
            self._reading = [source.row(address_of(module.output), table, own=own)]

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

    def totals(self) -> list[Row]:
        """Return the operation that sums at every step what targets receive."""
        outs = np.array([self._keep(v) for v in self.vectors.values()], dtype=np.int64)
        return [self._each(self.module.total, {At.OUTS: self._keep(outs)})] if self.item.sums else []

    def advance(self) -> list[Row]:
        """Return the operation that advances the states at every step."""
        return [self._each(self.module.advance, {})] if self.item.rates and not self.item.event_driven else []

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
