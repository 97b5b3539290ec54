"""The arrays of one population, and the first columns of its operations."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.definition.assembly import Cells
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.lowering.population_kernels import population
from dynana.lowering.population_steps import Form
from dynana.numerics.network_memory import zeros
from dynana.numerics.network_program import COLUMNS, DIVIDED_BLOCKS, DIVISION, Division
from dynana.numerics.network_program import Population as At
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.simulation.array_expressions import array_function

#: Step of the last spike of a cell that has not spiked yet. Infinity would make NaN of ``since * exp(-since)``.
LONG_AGO = -(2.0**40)

Array = NDArray[np.float64]

#: Spikes for which a log has room at least, beside those of one step: a chunk is not cut short for want of room.
LEAST_ROOM = 2**16


def evaluate(expression: sp.Basic, values: Mapping[str, Any]) -> Any:
    """Return the value of an expression of named numbers or arrays."""
    names = sorted(s.name for s in expression.free_symbols)
    symbols = {s.name: s for s in expression.free_symbols}
    function = array_function([symbols[n] for n in names], expression)
    return function(*(values[n] for n in names))


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """What reaches and leaves a population.

    Attributes
    ----------
    targets : frozenset of int
        States to which events or Poisson input are added.
    ringed : frozenset of int
        Those of them that events with different delays reach.
    written : frozenset of str
        Parameters that are written for every cell during the run.
    live : tuple of str
        Parameters that change during the run and are the same for all cells.
    delay : int
        Largest delay, in steps, of events that it sends along edges of one delay.
    longest : int
        Largest delay, in steps, of all events that it sends.
    slots : int
        Slots of its ring of arrivals: one more than the largest delay of events that reach it with different delays.
    """

    targets: frozenset[int] = frozenset()
    ringed: frozenset[int] = frozenset()
    written: frozenset[str] = frozenset()
    live: tuple[str, ...] = ()
    delay: int = 0
    longest: int = 0
    slots: int = 1


class PopulationArrays:
    """One population in memory.

    Parameters
    ----------
    cells : Cells
    traffic : Traffic
    start, dt : float
        Time of step 0 and the step.
    first_cell : int
        Number of the first cell in the network.
    seed : int
        Of the noise.

    Attributes
    ----------
    memory : dict of str to ndarray
        What changes during a run, by name; together with the step number it is all that is needed to go on.
    """

    def __init__(self, cells: Cells, traffic: Traffic, start: float, dt: float, first_cell: int, seed: int) -> None:
        self.cells = cells
        self.system = cells.system
        self.size = cells.size
        self.blocks = -(-cells.size // BLOCK_WIDTH)
        self.stride = self.blocks * BLOCK_WIDTH
        self.values = {n: _simplest(cells.values.get(n, v)) for n, v in cells.system.values.items()}
        self.form = self._form(traffic, dt)
        self.module: ModuleType = population(cells.system, self.form)
        self.clock = (start, dt)
        self.tables = [self.constants(self.module, h) for h in (0.0, dt)]
        n_arriving = len(self.form.arriving)
        room = cells.size + max(LEAST_ROOM, 2 * cells.size)
        self.room = room - cells.size
        self.memory: dict[str, np.ndarray] = {
            "y": self._blocks(),
            "live": np.array([float(np.ravel(self.values[n])[0]) for n in self.form.live]),
            "log": np.zeros(room, np.int64),
            "counts": np.zeros(2, np.int64),
            "ends": np.zeros(traffic.delay + 2, np.int64),
            "arrivals": zeros(traffic.slots * n_arriving * self.stride),
        }
        self.jumps = np.zeros(cells.size, np.int64)
        self.scratch = zeros((self.module.NOISE + 1) // 2 * 2 * BLOCK_WIDTH)
        self.slots = traffic.slots
        self.history = 0
        self.first_cell = first_cell
        self.seed = seed

    def _form(self, traffic: Traffic, dt: float) -> Form:
        system, varying = self.system, traffic.written | set(traffic.live)
        held = {system.states.index(n) for jump in system.jumps for n in jump.hold or ()}
        rows = {n for n, v in self.values.items() if np.ndim(v)} | set(traffic.written)
        return Form(
            method=self.cells.method,
            rows=tuple(n for n in system.parameters if n in rows),
            live=traffic.live,
            coupled=bool(varying),
            arriving=tuple(sorted(traffic.ringed | traffic.targets & held)),
            latched=tuple(k for k, j in enumerate(system.jumps) if may_hold_after(system, j, self.values, varying, dt)),
            spikes=self.cells.spikes,
            clock=self.cells.clock,
        )

    def constants(self, module: ModuleType, h: float) -> Array:
        """Return the table of constants of a generated module for a step of length ``h``."""
        start, dt = self.clock
        values = [v if np.ndim(v) == 0 else np.nan for v in self.values.values()]
        with np.errstate(all="ignore"):
            return np.array([start, dt, h, *module.constants(h, [float(v) for v in values])], dtype=np.float64)

    def _blocks(self) -> Array:
        """Return the blocks at the start; the last one is filled up with copies of the last cell, which never jump."""
        module, system = self.module, self.system
        y = zeros(self.blocks * module.ROWS * BLOCK_WIDTH).reshape(self.blocks, module.ROWS, BLOCK_WIDTH)

        def fill(row: int, values: Any) -> None:
            line = np.empty(self.stride)
            line[: self.size] = values
            line[self.size :] = line[self.size - 1]
            y[:, row] = line.reshape(self.blocks, BLOCK_WIDTH)

        for i, (name, usual) in enumerate(system.initial.items()):
            for row in {i, module.POINTS + i}:  # where outputs are read before the first step
                fill(row, self.cells.start.get(name, usual))
        for i, name in enumerate(self.form.rows):
            fill(module.PARAMETERS + i, self.values[name])
        if module.CLOCK >= 0:
            fill(module.CLOCK, LONG_AGO)
        for row in module.RELEASES:
            if row >= 0:
                line = np.full(self.stride, -1.0)
                line[self.size :] = np.inf
                y[:, row] = line.reshape(self.blocks, BLOCK_WIDTH)
        return y.reshape(-1)

    # -- operations ----------------------------------------------------------------------------------------------------

    def row(
        self,
        function: int,
        table: int | Array,
        stages: tuple[int, int] = (-1, 4),
        own: Mapping[Any, int] | None = None,
        division: Division = Division.CELLS,
    ) -> NDArray[np.int64]:
        """Return the row of an operation on this population.

        Parameters
        ----------
        function : int
            Address.
        table : int or ndarray
            0 for the operations of the start, where no time passes; 1 for those of a step. Or a table of constants.
        stages : tuple of int
            Which stages of ``rk4``.
        own : mapping of column to int, optional
            Columns of the operation's own.
        division : Division
            How it may be divided among threads.
        """
        constants = self.tables[table] if isinstance(table, int) else table
        columns = {
            At.FUNCTION: function,
            At.Y: self.memory["y"].ctypes.data,
            At.CONSTANTS: constants.ctypes.data,
            At.LIVE: self.memory["live"].ctypes.data,
            At.BLOCKS: self.blocks,
            At.CELLS: self.size,
            At.LOG: self.memory["log"].ctypes.data,
            At.COUNTS: self.memory["counts"].ctypes.data,
            At.JUMPS: self.jumps.ctypes.data,
            At.ENDS: self.memory["ends"].ctypes.data,
            At.ENDS_LENGTH: self.memory["ends"].size,
            At.ARRIVALS: self.memory["arrivals"].ctypes.data,
            At.ARRIVAL_SLOTS: self.slots,
            At.ARRIVAL_STRIDE: self.stride,
            At.SCRATCH: self.scratch.ctypes.data,
            At.SEED: self.seed,
            At.FIRST_CELL: self.first_cell,
            At.FIRST_STAGE: stages[0],
            At.LAST_STAGE: stages[1],
            DIVISION: division,
            DIVIDED_BLOCKS: self.blocks,
            **(own or {}),
        }
        return filled_row(columns)

    # -- values --------------------------------------------------------------------------------------------------------

    def state(self, row: int) -> Array:
        """Return a row of the blocks as an array of one value per cell."""
        return self.memory["y"].reshape(self.blocks, -1, BLOCK_WIDTH)[:, row].reshape(-1)[: self.size].copy()


def filled_row(columns: Mapping[Any, int]) -> NDArray[np.int64]:
    """Return a row of the table of operations."""
    row = np.zeros(COLUMNS, np.int64)
    for column, value in columns.items():
        row[int(column)] = value
    return row


def _simplest(value: Any) -> Any:
    """Return a value per cell as a number if it is the same for all cells."""
    values = np.asarray(value, dtype=np.float64)
    return float(values.flat[0]) if values.ndim == 0 or np.all(values == values.flat[0]) else values


def may_hold_after(system: System, jump: Jump, values: Mapping[str, Any], varying: Set[str], dt: float) -> bool:
    """Return whether the condition of a jump may still hold when the jump has been carried out.

    It cannot where a refractory time of at least one step follows (the condition counts as false meanwhile), nor where
    the new values contradict the condition for every cell.
    """
    after = jump.when.xreplace({system.symbols[n]: e for n, e in jump.to.items()})
    for expression, excludes in ((jump.refractory, lambda v: np.all(v >= dt)), (after, lambda v: not np.any(v))):
        if expression is None:
            continue
        names = {s.name for s in expression.free_symbols}
        if names <= set(values) and not names & set(varying) and excludes(evaluate(expression, values)):
            return False
    return True
