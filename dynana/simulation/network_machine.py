"""A network in memory: the arrays of its populations, and the table of operations of one step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.definition.assembly import Assembly, Cells, Event, PerSynapse, Trains
from dynana.lowering.crossing_times import earliness
from dynana.lowering.stream_kernels import amounts
from dynana.numerics.network_program import COLUMNS, Division, Output, address_of, march
from dynana.numerics.network_records import Watch, watch
from dynana.numerics.network_streams import BETWEEN
from dynana.simulation.drawing import child_seed
from dynana.simulation.edges import Edges
from dynana.simulation.network_events import event_operation, weight_values
from dynana.simulation.network_population import PopulationArrays
from dynana.simulation.network_routes import is_ringed, route_of, traffic_of
from dynana.simulation.network_sources import PoissonInputs, TrainArrays
from dynana.simulation.network_streams import Couplings
from dynana.simulation.network_synapses import SynapseArrays

Row = NDArray[np.int64]


class Machine:
    """A network that can run.

    Parameters
    ----------
    assembly : Assembly
        All values are numbers or arrays.
    edges : sequence of Edges or None
        Of each link; None for all to all where nothing differs between the edges.
    start, dt : float
        Time of step 0, and the step.
    seed : int
        Of noise and Poisson input.
    interpolated : bool
        Whether it is worked out when inside a step cells spike.

    Attributes
    ----------
    arrays : list of PopulationArrays or TrainArrays
    """

    def __init__(
        self,
        assembly: Assembly,
        edges: Sequence[Edges | None],
        start: float,
        dt: float,
        seed: int,
        interpolated: bool = False,
    ) -> None:
        self.assembly, self.start, self.dt, self.seed = assembly, start, dt, seed
        self.kept: list[np.ndarray] = []
        routes = [route_of(link, e, dt) for link, e in zip(assembly.links, edges, strict=True)]
        self.arrays: list[PopulationArrays | TrainArrays] = []
        first = 0
        for i, cells in enumerate(assembly.populations):
            traffic = traffic_of(assembly, routes, i)
            if isinstance(cells, Trains):
                self.arrays.append(TrainArrays(cells, traffic, start, dt))
                continue
            noise = child_seed(seed, "noise") if cells.system.noise else 0
            self.arrays.append(PopulationArrays(cells, traffic, start, dt, first, noise))
            first += cells.size
        self._clock = np.array([start, dt])
        self._routes = routes
        self.synapses = [
            SynapseArrays(s, assembly.links[s.link], routes[s.link], self.arrays, (start, dt))
            for s in assembly.synapses
        ]
        self.couplings = Couplings(assembly, routes, self.arrays, self.synapses, self.kept)
        self._amounts = [self._carried(i) for i in range(len(self.arrays))]
        self.halt = np.array([0, -1], dtype=np.int64)
        limits = [(a.memory["counts"].ctypes.data, a.room) for a in self.arrays]
        self._limits = np.array(limits, dtype=np.int64).reshape(-1)
        reads = [row for s in self.synapses for row in s.reading()]
        self._start = self._table([*self._integrations(0), *self._deliveries(False), *self._jumps(0), *reads])
        self._fill = self._table([*self.couplings.fill(), *reads])
        self._before = self._table(self._underway())
        answers: list[Row] = []
        for s in self.synapses:
            answers += s.answer(self._address(s.link.target.population, s.item, "post"))
        #: For each population, by number, how long before the end of a step the spikes of its log were, in steps.
        self.early: dict[int, np.ndarray] = {}
        early = self._early() if interpolated else []
        self._step = [*self._integrations(1), *early, *self._deliveries(True), *self._jumps(1), *reads, *answers]
        self._watch = self._watches()
        later = [sums.next for sums in self.couplings.past.values()]
        self._past = self._table([*later, *(row for s in self.synapses for row in s.past())])
        self._drained = [0] * len(self.arrays)

    @property
    def step(self) -> int:
        """Steps that have been carried out; -1 before the jumps at the start."""
        return int(self.halt[1])

    @property
    def limits(self) -> tuple[int, int]:
        """Address of the lengths of all logs with what is safe, for `march`, and their number."""
        return self._limits.ctypes.data, len(self.arrays)

    # -- operations ----------------------------------------------------------------------------------------------------

    def _populations(self) -> list[PopulationArrays]:
        return [a for a in self.arrays if isinstance(a, PopulationArrays)]

    def _integrations(self, table: int) -> list[Row]:
        """Return the operations from the beginning of a step to the tests of thresholds."""
        populations, synapses = self._populations(), [s for s in self.synapses if not s.staged]
        couplings = self.couplings
        together = table and (couplings.any or couplings.staged)
        staged = [p for p in populations if p.module.METHOD == "rk4"] if together else []
        whole = [p for p in populations if p not in staged]
        rows = [row for s in synapses for row in s.totals()] if table else []
        rows += [_step_row(p, table, (-1, 0)) for p in staged]
        rows += [*couplings.operations(0), *couplings.stages(0)] if table else []
        rows += [row for s in synapses for row in s.advance()] if table else []
        rows += [_step_row(p, table, (-1, 4)) for p in whole]
        for stage in range(4 if staged else 0):
            rows += [*couplings.operations(stage), *couplings.stages(stage)] if stage else []
            rows += [_step_row(p, table, (stage, stage + 1)) for p in staged]
        return rows

    def _deliveries(self, sources: bool) -> list[Row]:
        """Return the operations that deliver events; without sources those of cells alone."""
        rows: list[Row] = []
        inputs = PoissonInputs(child_seed(self.seed, "poisson"), self.dt, self.assembly.time, self._clock, self.kept)
        for cells, arrays in zip(self.assembly.populations, self.arrays, strict=True):
            if isinstance(cells, Trains) and isinstance(arrays, TrainArrays):
                if cells.times is not None:
                    rows.append(arrays.given())
                elif cells.size and sources:
                    rows += inputs.into_log(cells.name, cells.rate, arrays)
        rows += [row for row, _ in self._amounts if row is not None]
        for event in self.assembly.events:
            link = self.assembly.links[event.link]
            source, target = self.assembly.populations[link.source.population], self.arrays[link.target.population]
            if isinstance(source, Trains) and not source.size and source.times is None:
                weights = weight_values(link, self._routes[event.link].edges, event.weight)
                assert isinstance(target, PopulationArrays)
                if sources:
                    place = (target, link.target.first, link.target.size, event.state)
                    rows += inputs.into_state(link.name, source.rate, weights, *place)
                continue
            route = self._routes[event.link]
            amounts = self._address(link.source.population, event, "amount") if event.amount is not None else 0
            rows.append(event_operation(self.assembly, event, route, self.arrays, self.kept, amounts))
        for s in self.synapses:
            rows += s.arrive(self._address(s.link.source.population, s.item, "pre"))
        for p in self.assembly.poisson if sources else ():
            target = self.arrays[p.target.population]
            assert isinstance(target, PopulationArrays)
            weights = np.atleast_1d(np.asarray(p.weight, dtype=np.float64))
            rows += inputs.into_state("poisson", p.rate, weights, target, p.target.first, p.target.size, p.state)
        return rows

    def _early(self) -> list[Row]:
        """Return the operations that write beside each log how long before the end of the step its spikes were."""
        rows = []
        for i, (cells, population) in enumerate(zip(self.assembly.populations, self.arrays, strict=True)):
            if isinstance(cells, Cells) and isinstance(population, PopulationArrays) and cells.spikes:
                module = amounts(population.system, population.form, [earliness(population.system, cells.spikes)])
                table = population.constants(module, self.dt)
                self.early[i] = np.zeros(population.memory["log"].size)
                self.kept.append(table)
                own = {Output.RINGS: self.early[i].ctypes.data, Output.SLOTS: self.early[i].size}
                rows.append(population.row(address_of(module.amount), table, own=own, division=Division.WHOLE))
        return rows

    def _underway(self) -> list[Row]:
        """Return the operations that send given spikes before the start, and put those with delays of their own on."""
        given = {i: a for i, a in enumerate(self.arrays) if isinstance(a, TrainArrays) and a.history}
        rows = [a.given() for a in given.values()]
        for event in self.assembly.events:
            route = self._routes[event.link]
            if self.assembly.links[event.link].source.population in given and is_ringed(route):
                rows.append(event_operation(self.assembly, event, route, self.arrays, self.kept, 0))
        return rows

    def _carried(self, i: int) -> tuple[Row | None, dict[tuple[int, str], int]]:
        """Return the operation by which spikes of a population carry what is read of it, and the addresses of that."""
        population, links = self.arrays[i], self.assembly.links
        wanted: list[tuple[int, str, Sequence[sp.Expr]]] = [
            (id(e), "amount", [e.amount])
            for e in self.assembly.events
            if links[e.link].source.population == i and e.amount is not None
        ]
        for s in self.assembly.synapses:
            wanted += [(id(s), "pre", list(s.pre.values()))] if links[s.link].source.population == i else []
            wanted += [(id(s), "post", list(s.post.values()))] if links[s.link].target.population == i else []
        expressions: list[sp.Expr] = []
        places: dict[tuple[int, str], int] = {}
        for key, what, group in wanted:
            known = [n for n in range(len(expressions)) if expressions[n : n + len(group)] == group]
            places[key, what] = known[0] if known else len(expressions)
            expressions += [] if known else group
        if not expressions or not isinstance(population, PopulationArrays):
            return None, {}
        module = amounts(population.system, population.form, expressions)
        table = population.constants(module, self.dt)
        self.kept.append(table)
        length = population.memory["log"].size
        memory = population.memory["amounts"] = np.zeros(len(expressions) * length)
        own = {Output.RINGS: memory.ctypes.data, Output.SLOTS: length}
        row = population.row(address_of(module.amount), table, own=own, division=Division.WHOLE)
        return row, {key: memory.ctypes.data + 8 * length * place for key, place in places.items()}

    def _address(self, population: int, item: Event | PerSynapse, what: str) -> int:
        """Return the address of what the spikes of a population carry for a pathway; 0 if that is nothing."""
        return self._amounts[population][1].get((id(item), what), 0)

    def _jumps(self, table: int) -> list[Row]:
        jumping = [p for p in self._populations() if p.system.jumps]
        return [p.row(address_of(p.module.jump), table, division=Division.JUMP) for p in jumping]

    def _watches(self) -> list[Row]:
        """Return the operations that look for numbers that are not finite."""
        rows = []
        for p in self._populations():
            own = {
                Watch.STATES: len(p.system.states),
                Watch.ROWS: p.module.ROWS,
                Watch.HALT: self.halt.ctypes.data,
            }
            rows.append(p.row(address_of(watch), 1, own=own))
        return rows

    def not_finite(self) -> tuple[str, int, str]:
        """Return the first population with a number that is not finite, its first cell and the first of its states."""
        for cells, population in zip(self.assembly.populations, self.arrays, strict=True):
            if isinstance(population, PopulationArrays):
                states = [population.state(row) for row in range(len(population.system.states))]
                bad = ~np.isfinite(np.array(states))
                if bad.any():
                    cell = int(np.argmax(bad.any(axis=0)))
                    return cells.name, cell, population.system.states[int(np.argmax(bad[:, cell]))]
        raise AssertionError("all numbers are finite")

    def _table(self, rows: Sequence[Row]) -> Row:
        return np.array(rows, dtype=np.int64).reshape(len(rows), COLUMNS)

    # -- running -------------------------------------------------------------------------------------------------------

    def begin(self, records: Sequence[Row]) -> None:
        """Carry out the jumps at the start, and record the state after them."""
        history = max([self.couplings.history, *(s.slots for s in self.synapses)])
        self._march(1 - history, 0, self._fill)
        self._look_back(0)
        for k in range(-max(a.history for a in self.arrays), 0) if len(self._before) else ():
            self._march(k, k, self._before)
            for p in self._populations():  # what has arrived before the start is gone
                p.memory["arrivals"].reshape(p.slots, -1)[k % p.slots] = 0.0
        self._drained = [int(a.memory["counts"][0]) for a in self.arrays]
        self._march(0, 0, self._start)
        self._march(0, 0, self._table(records))
        self.halt[1] = 0

    def _look_back(self, step: int) -> None:
        """Work out what is kept beside outputs of the last steps, where delays differ."""
        if len(self._past):
            longest = max([len(BETWEEN), *(route.longest for route in self._routes)])
            self._march(step + 1 - longest, step, self._past)

    def program(self, records: Sequence[Row]) -> Row:
        """Return the table of operations of a step with the given records."""
        return self._table([*self._step, *records, *self._watch])

    def advance(self, last: int, program: Row) -> int:
        """Carry out steps up to ``last``, or fewer if a log is full or a number is not finite; returns the last one."""
        return self._march(self.step + 1, last, program)

    def _march(self, first: int, last: int, program: Row) -> int:
        if not len(program):
            return last
        return int(march(first, last, program.ctypes.data, len(program), *self.limits, self.halt.ctypes.data))

    def drain(self) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Return the spikes of each population since the last call, and make room for more.

        With each spike comes how long before the end of the step it was, in steps, if that is worked out. What is still
        to be delivered stays in the logs.
        """
        found = []
        for i, arrays in enumerate(self.arrays):
            memory = arrays.memory
            log, counts, ends = memory["log"], memory["counts"], memory["ends"]
            count, keep = int(counts[0]), int(ends.min())
            early = self.early.get(i, np.zeros(0))
            found.append((log[self._drained[i] : count].copy(), early[self._drained[i] : count].copy()))
            for lines in (log.reshape(1, -1), memory.get("amounts", np.zeros(0)).reshape(-1, log.size)):
                lines[:, : count - keep] = lines[:, keep:count].copy()
            ends -= keep
            counts[0] = self._drained[i] = count - keep
        return found

    def goes_on(self, step: int) -> None:
        """Start from the content of the arrays, which is that of the end of a step."""
        self._drained = [int(arrays.memory["counts"][0]) for arrays in self.arrays]
        self._look_back(step)
        self.halt[1] = step


def _step_row(population: PopulationArrays, table: int, stages: tuple[int, int]) -> Row:
    """Return the operation by which a population takes a step, or some stages of it."""
    division = Division.STEP if population.system.jumps else Division.CELLS
    return population.row(address_of(population.module.step), table, stages, division=division)
