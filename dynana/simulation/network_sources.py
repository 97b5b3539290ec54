"""What comes into a network from outside, in memory: trains of spikes, Poisson input, courses of parameters."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.definition.assembly import Assembly, Part, Trains
from dynana.errors import DynanaWarning, unknown
from dynana.lowering.course_kernels import course as course_kernel
from dynana.lowering.poisson_kernels import ARRIVALS, BLOCKS, COMMON, LOG, OWN, TABLED, poisson_counts
from dynana.numerics.network_memory import zeros
from dynana.numerics.network_poisson import (
    FEW_BOUNDS,
    LARGEST_COMMON,
    LARGEST_EXPECTED,
    POISSON,
    TILE,
    Poisson,
    bounds_of,
    table_of,
)
from dynana.numerics.network_program import DIVIDED_BLOCKS, DIVISION, Division, address_of
from dynana.numerics.network_sources import Course, Given, follow, given_spikes
from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.results.time_units import SECONDS
from dynana.simulation.course import Input, OwnPiece, Piece
from dynana.simulation.network_population import LEAST_ROOM, PopulationArrays, Traffic, filled_row

Row = NDArray[np.int64]


class TrainArrays:
    """A population without dynamics in memory: nothing but a log of spikes.

    Attributes
    ----------
    memory : dict of str to ndarray
        As in `PopulationArrays`.
    history : int
        Steps before the start in which given spikes are on their way.
    """

    def __init__(self, trains: Trains, traffic: Traffic, start: float, dt: float) -> None:
        self.size = trains.size
        self.history = traffic.longest if trains.times is not None else 0
        room = 2 * max(LEAST_ROOM, 4 * trains.size)
        self.memory: dict[str, np.ndarray] = {
            "log": np.zeros(room, np.int64),
            "counts": np.zeros(2, np.int64),
            "ends": np.zeros(traffic.delay + 2, np.int64),
            "next": np.zeros(1, np.int64),
        }
        self.steps = np.zeros(0, np.int64)
        self.cells = np.zeros(0, np.int64)
        if trains.times is not None and trains.cells is not None:
            steps = np.rint((trains.times - start) / dt).astype(np.int64)
            if early := int((steps < -traffic.longest).sum()):
                warnings.warn(
                    f"{trains.name}: {early} of {steps.size} given spikes have arrived everywhere before the start, "
                    f"{start:g}, and are left out.",
                    DynanaWarning,
                    stacklevel=2,
                )
            order = np.lexsort((trains.cells, steps))
            self.steps, self.cells = steps[order], np.ascontiguousarray(trains.cells[order], dtype=np.int64)
            room = max(room, 2 * int(np.bincount(np.maximum(steps, 0)).max(initial=0)) + LEAST_ROOM)
            self.memory["log"] = np.zeros(room, np.int64)
        self.room = self.memory["log"].size // 2

    def given(self) -> Row:
        """Return the operation that sends given spikes."""
        memory = self.memory
        return filled_row(
            {
                Given.FUNCTION: address_of(given_spikes),
                Given.STEPS: self.steps.ctypes.data,
                Given.CELLS: self.cells.ctypes.data,
                Given.SPIKES: self.steps.size,
                Given.NEXT: memory["next"].ctypes.data,
                Given.LOG: memory["log"].ctypes.data,
                Given.COUNTS: memory["counts"].ctypes.data,
                Given.ENDS: memory["ends"].ctypes.data,
                Given.ENDS_LENGTH: memory["ends"].size,
            }
        )


def with_own_trains(made: Assembly) -> Assembly:
    """Return a network in which trains of their own for each target, where synapses keep states, are populations.

    Elsewhere the counts of such trains go straight into states of the targets.
    """
    kept = {item.link for item in made.synapses} | {e.link for e in made.events if e.amount is not None}
    populations, links = list(made.populations), list(made.links)
    for number in sorted(kept):
        link = links[number]
        trains = populations[link.source.population]
        if isinstance(trains, Trains) and not trains.size and trains.times is None:
            size, place = link.target.size, link.source.population
            if sum(other.source.population == place for other in links) == 1:
                populations[place] = replace(trains, size=size)
            else:
                place = len(populations)
                populations.append(replace(trains, name=f"{trains.name} of {link.name}", size=size))
            links[number] = replace(link, source=Part(population=place, first=0, last=size))
    return replace(made, populations=tuple(populations), links=tuple(links))


def course_operations(
    course: Input | sp.Expr, out: int, clock: np.ndarray, halves: int, scale: float, kept: list[np.ndarray]
) -> list[Row]:
    """Return the operations that write ``scale`` times a course to where ``out`` points, one per piece.

    Parameters
    ----------
    out : int
        Address of a number, or of one number per cell.
    clock : ndarray
        start, dt.
    halves : int
        Half steps from the beginning of the step to the time that counts.
    """
    rows = []
    factor = np.array([scale])
    kept.append(factor)
    if isinstance(course, sp.Expr):
        columns = {Course.CLOCK: clock.ctypes.data, Course.HALVES: halves, Course.OUT: out}
        operation = {Course.FUNCTION: address_of(course_kernel(course).evaluate), Course.SCALE: factor.ctypes.data}
        return [filled_row({**columns, **operation})]
    wide = course.n_cells or 0
    for number, piece in enumerate(course.pieces):
        coefficients, slopes = _coefficients(piece, wide, course.text)
        arrays = [np.ascontiguousarray(x, dtype=np.float64) for x in (piece.t0, coefficients, slopes)]
        kept += arrays
        rows.append(
            filled_row(
                {
                    Course.FUNCTION: address_of(follow),
                    Course.CLOCK: clock.ctypes.data,
                    Course.HALVES: halves,
                    Course.T0: arrays[0].ctypes.data,
                    Course.ROWS: arrays[0].size,
                    Course.COEFFICIENTS: arrays[1].ctypes.data,
                    Course.SLOPES: arrays[2].ctypes.data if arrays[2].size else 0,
                    Course.CELLS: wide,
                    Course.OUT: out,
                    Course.SCALE: factor.ctypes.data,
                    Course.ADD: int(number > 0),
                }
            )
        )
    return rows


def _coefficients(piece: Piece | OwnPiece, wide: int, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of a piece, and the slopes where each of ``wide`` cells has its own."""
    if isinstance(piece, OwnPiece):
        return piece.level, piece.slope
    if not wide:
        return piece.coef, np.zeros((0, 0))
    if np.any(piece.coef[:, 2] != 0.0):
        raise ValueError(f"{text}: a sinusoid cannot be added to a course that differs between cells")
    return np.repeat(piece.coef[:, :1], wide, axis=1), np.repeat(piece.coef[:, 1:2], wide, axis=1)


class PoissonInputs:
    """Makes the operations of Poisson counts; each has a stream of random numbers of its own.

    Parameters
    ----------
    seed : int
    dt : float
    time : str, optional
        Unit of time.
    clock : ndarray
        start, dt.
    kept : list
        Takes what must outlive this object.
    """

    def __init__(self, seed: int, dt: float, time: str | None, clock: np.ndarray, kept: list[np.ndarray]) -> None:
        self.seed, self.dt, self.clock, self.kept = seed, dt, clock, kept
        #: Expected count in a step of a train of 1 Hz; without a unit of time rates are per unit of time.
        if time is not None and time not in SECONDS:
            raise ValueError(f"rates are in Hz, and {unknown('unit of time', time, SECONDS)}")
        self.per_hertz = dt * (SECONDS[time] if time is not None else 1.0)
        self._stream = POISSON

    def rows(
        self,
        name: str,
        rate: Any,
        cells: tuple[int, int],
        sink: str,
        columns: dict[Any, int],
        weighted: bool = False,
    ) -> list[Row]:
        """Return the operations that draw counts at a rate, for the cells from a first to before a last one.

        Raises
        ------
        ValueError
            For rates that are too high for the step.
        """
        before, expected = self._expected(name, rate, cells[1] - cells[0])
        own = expected.size > 1 or expected[0] > LARGEST_COMMON
        if own and expected.size == 1:
            expected = np.repeat(expected, cells[1] - cells[0])
        bounds, reals = bounds_of(0.0 if own else expected[0])
        tabled = not (own or before) and bounds[1] > FEW_BOUNDS
        table = table_of(bounds) if tabled else np.zeros(0, np.uint8)
        shorts, numbers = zeros(2 * TILE, np.uint16), zeros(2 * TILE)
        self.kept += [expected, bounds, reals, table, shorts, numbers]
        module = poisson_counts(OWN if own else (TABLED if tabled else COMMON), sink, weighted)
        row = filled_row(
            {
                Poisson.FUNCTION: address_of(module.count),
                Poisson.SEED: self.seed,
                Poisson.STREAM: self._stream,
                Poisson.FIRST: 0,
                Poisson.LAST: cells[1] - cells[0],
                Poisson.ORIGIN: cells[0],
                Poisson.EXPECTED: expected.ctypes.data,
                Poisson.BOUNDS: bounds.ctypes.data,
                Poisson.REALS: reals.ctypes.data,
                Poisson.TABLE: table.ctypes.data,
                Poisson.SHORTS: shorts.ctypes.data,
                Poisson.NUMBERS: numbers.ctypes.data,
                **columns,
            }
        )
        self._stream += 1
        return [*before, row]

    def _expected(self, name: str, rate: Any, cells: int) -> tuple[list[Row], np.ndarray]:
        """Return the expected counts in a step, of all or of each, and the operations that follow a course."""
        before: list[Row] = []
        if isinstance(rate, Input | sp.Expr):
            expected = np.zeros(getattr(rate, "n_cells", None) or 1)
            before = course_operations(rate, expected.ctypes.data, self.clock, 1, self.per_hertz, self.kept)
        else:
            expected = np.atleast_1d(np.asarray(rate, dtype=np.float64)) * self.per_hertz
            most = np.max(expected, initial=0.0)
            if most > LARGEST_EXPECTED:
                raise ValueError(f"{name}: {most:g} events in a step of dt = {self.dt:g}: take a shorter one.")
        if expected.size not in (1, cells):
            raise ValueError(f"{name}: rates of {expected.size} cells for {cells}.")
        return before, expected

    def into_state(
        self, name: str, rate: Any, weight: np.ndarray, target: PopulationArrays, first: int, cells: int, state: int
    ) -> list[Row]:
        """Return the operations by which every cell of a part receives events of its own."""
        self.kept.append(weight)
        arriving = target.form.arriving
        columns: dict[Any, int] = {
            Poisson.WEIGHT: weight.ctypes.data,
            DIVISION: Division.COUNTS,
            DIVIDED_BLOCKS: target.blocks,
        }
        part = (first, first + cells)
        if state in arriving:
            columns |= {
                Poisson.OUT: target.memory["arrivals"].ctypes.data + 8 * target.stride * arriving.index(state),
                Poisson.OUT_SLOTS: target.slots,
                Poisson.OUT_STRIDE: target.stride * len(arriving),
            }
            return self.rows(name, rate, part, ARRIVALS, columns, weight.size > 1)
        columns |= {
            Poisson.OUT: target.memory["y"].ctypes.data + 8 * BLOCK_WIDTH * state,
            Poisson.BLOCK_STRIDE: target.module.ROWS * BLOCK_WIDTH,
        }
        return self.rows(name, rate, part, BLOCKS, columns, weight.size > 1)

    def into_log(self, name: str, rate: Any, arrays: TrainArrays) -> list[Row]:
        """Return the operations that send trains of spikes."""
        memory = arrays.memory
        columns = {
            Poisson.OUT: memory["log"].ctypes.data,
            Poisson.COUNTS: memory["counts"].ctypes.data,
            Poisson.ENDS: memory["ends"].ctypes.data,
            Poisson.ENDS_LENGTH: memory["ends"].size,
        }
        return self.rows(name, rate, (0, arrays.size), LOG, columns)
