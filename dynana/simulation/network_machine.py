"""A network in memory: the arrays of its populations, and the table of operations of one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.definition.assembly import Assembly, Trains
from dynana.lowering.stream_kernels import amounts
from dynana.numerics.network_program import COLUMNS, Output, address_of, march
from dynana.numerics.network_records import Watch, watch
from dynana.simulation.drawing import child_seed
from dynana.simulation.edges import Edges
from dynana.simulation.network_events import event_operation, weight_values
from dynana.simulation.network_population import PopulationArrays
from dynana.simulation.network_routes import route_of, traffic_of
from dynana.simulation.network_sources import PoissonInputs, TrainArrays
from dynana.simulation.network_streams import Couplings

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

    Attributes
    ----------
    arrays : list of PopulationArrays or TrainArrays
    """

    def __init__(self, assembly: Assembly, edges: Sequence[Edges | None], start: float, dt: float, seed: int) -> None:
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
        self.couplings = Couplings(assembly, routes, self.arrays, self.kept)
        self.found = np.full(4, -1, np.int64)
        self.halt = np.array([0, -1], dtype=np.int64)
        limits = [(a.memory["counts"].ctypes.data, a.room) for a in self.arrays]
        self._limits = np.array(limits, dtype=np.int64).reshape(-1)
        self._start = self._table([*self._integrations(0), *self._deliveries(False), *self._jumps(0)])
        self._fill = self._table(self.couplings.fill())
        self._step = [
            *self._integrations(1),
            *self._deliveries(True),
            *self._jumps(1),
        ]
        self._watch = self._watches()
        self._drained = [0] * len(self.arrays)

    @property
    def step(self) -> int:
        """Steps that have been carried out; -1 before the jumps at the start."""
        return int(self.halt[1])

    # -- operations ----------------------------------------------------------------------------------------------------

    def _populations(self) -> list[PopulationArrays]:
        return [a for a in self.arrays if isinstance(a, PopulationArrays)]

    def _integrations(self, table: int) -> list[Row]:
        """Return the operations from the beginning of a step to the tests of thresholds."""
        populations = self._populations()
        staged = [p for p in populations if p.module.METHOD == "rk4"] if table and self.couplings.any else []
        whole = [p for p in populations if p not in staged]
        rows = [p.row(address_of(p.module.step), table, (-1, 0)) for p in staged]
        rows += self.couplings.operations(0) if table else []
        rows += [p.row(address_of(p.module.step), table) for p in whole]
        for stage in range(4 if staged else 0):
            rows += self.couplings.operations(stage) if stage else []
            rows += [p.row(address_of(p.module.step), table, (stage, stage + 1)) for p in staged]
        return rows

    def _deliveries(self, sources: bool) -> list[Row]:
        """Return the operations that deliver events; without sources those of cells alone."""
        rows: list[Row] = []
        inputs = PoissonInputs(child_seed(self.seed, "poisson"), self.dt, self.assembly.time, self._clock, self.kept)
        for cells, arrays in zip(self.assembly.populations, self.arrays, strict=True):
            if isinstance(cells, Trains) and isinstance(arrays, TrainArrays) and sources:
                if cells.times is not None:
                    rows.append(arrays.given())
                elif cells.size:
                    rows += inputs.into_log(cells.name, cells.rate, arrays)
        carried: dict[int, int] = {}
        for i in range(len(self.arrays)):
            carried |= self._amounts(i, rows)
        for number, event in enumerate(self.assembly.events):
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
            rows.append(event_operation(self.assembly, event, route, self.arrays, self.kept, carried.get(number, 0)))
        for p in self.assembly.poisson if sources else ():
            target = self.arrays[p.target.population]
            assert isinstance(target, PopulationArrays)
            weights = np.atleast_1d(np.asarray(p.weight, dtype=np.float64))
            rows += inputs.into_state("poisson", p.rate, weights, target, p.target.first, p.target.size, p.state)
        return rows

    def _amounts(self, i: int, rows: list[Row]) -> dict[int, int]:
        """Add the operation by which spikes of a population carry amounts; returns their addresses by event."""
        population = self.arrays[i]
        events = {
            n: e.amount
            for n, e in enumerate(self.assembly.events)
            if self.assembly.links[e.link].source.population == i and e.amount is not None
        }
        if not events or not isinstance(population, PopulationArrays):
            return {}
        distinct: list[sp.Expr] = list(dict.fromkeys(events.values()))
        module = amounts(population.system, population.form, distinct)
        table = population.constants(module, self.dt)
        self.kept.append(table)
        length = population.memory["log"].size
        memory = population.memory.setdefault("amounts", np.zeros(len(distinct) * length))
        own = {Output.RINGS: memory.ctypes.data, Output.SLOTS: length}
        rows.append(population.row(address_of(module.amount), table, own=own))
        return {n: memory.ctypes.data + 8 * length * distinct.index(e) for n, e in events.items()}

    def _jumps(self, table: int) -> list[Row]:
        return [p.row(address_of(p.module.jump), table) for p in self._populations() if p.system.jumps]

    def _watches(self) -> list[Row]:
        """Return the operations that look for numbers that are not finite; ``found`` names the first population."""
        rows = []
        for i, p in enumerate(self.arrays):
            if isinstance(p, PopulationArrays):
                own = {
                    Watch.STATES: len(p.system.states),
                    Watch.ROWS: p.module.ROWS,
                    Watch.FOUND: self.found.ctypes.data,
                    Watch.HALT: self.halt.ctypes.data,
                    Watch.POPULATION: i,
                }
                rows.append(p.row(address_of(watch), 1, own=own))
        return rows

    def _table(self, rows: Sequence[Row]) -> Row:
        return np.array(rows, dtype=np.int64).reshape(len(rows), COLUMNS)

    # -- running -------------------------------------------------------------------------------------------------------

    def begin(self, records: Sequence[Row]) -> None:
        """Carry out the jumps at the start, and record the state after them."""
        self._march(1 - self.couplings.history, 0, self._fill)
        self._march(0, 0, self._start)
        self._march(0, 0, self._table(records))
        self.halt[1] = 0

    def program(self, records: Sequence[Row]) -> Row:
        """Return the table of operations of a step with the given records."""
        return self._table([*self._step, *records, *self._watch])

    def advance(self, last: int, program: Row) -> int:
        """Carry out steps up to ``last``, or fewer if a log is full or a number is not finite; returns the last one."""
        return self._march(self.step + 1, last, program)

    def _march(self, first: int, last: int, program: Row) -> int:
        if not len(program):
            return last
        many, limits = len(self.arrays), self._limits.ctypes.data
        return int(march(first, last, program.ctypes.data, len(program), limits, many, self.halt.ctypes.data))

    def drain(self) -> list[NDArray[np.int64]]:
        """Return the spikes of each population since the last call, and make room for more.

        What is still to be delivered stays in the logs.
        """
        found = []
        for i, arrays in enumerate(self.arrays):
            memory = arrays.memory
            log, counts, ends = memory["log"], memory["counts"], memory["ends"]
            count, keep = int(counts[0]), int(ends.min())
            found.append(log[self._drained[i] : count].copy())
            for lines in (log.reshape(1, -1), memory.get("amounts", np.zeros(0)).reshape(-1, log.size)):
                lines[:, : count - keep] = lines[:, keep:count].copy()
            ends -= keep
            counts[0] = self._drained[i] = count - keep
        return found

    def content(self) -> dict[str, np.ndarray]:
        """Return copies of everything that a later run needs to go on, the logs no longer than they are."""
        content = {}
        for cells, arrays in zip(self.assembly.populations, self.arrays, strict=True):
            count, length = int(arrays.memory["counts"][0]), arrays.memory["log"].size
            for name, array in arrays.memory.items():
                if name == "log":
                    content[f"{cells.name}.{name}"] = array[:count].copy()
                elif name == "amounts":
                    content[f"{cells.name}.{name}"] = array.reshape(-1, length)[:, :count].copy()
                else:
                    content[f"{cells.name}.{name}"] = array.copy()
        return content

    def restore(self, content: Mapping[str, np.ndarray], step: int) -> None:
        """Go on from what `content` returned after a number of steps.

        Raises
        ------
        ValueError
            If it comes from a network of another structure, or with other delays.
        """
        for i, (cells, arrays) in enumerate(zip(self.assembly.populations, self.arrays, strict=True)):
            length = arrays.memory["log"].size
            for name, array in arrays.memory.items():
                given = content.get(f"{cells.name}.{name}")
                lines = array.reshape(-1, length) if name in ("log", "amounts") else array
                there = None if given is None else lines[..., : given.shape[-1]]
                if given is None or there is None or there.size != given.size:
                    raise ValueError(
                        f"the run cannot go on from there: {name!r} of population {cells.name!r} does not fit. Sizes, "
                        "equations and delays must be those of the run that ended there."
                    )
                there[...] = given.reshape(there.shape)
            self._drained[i] = int(arrays.memory["counts"][0])
        self.halt[1] = step
