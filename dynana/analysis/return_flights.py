"""Flights of a system from section to section or spike to spike, in threads; see `dynana.numerics.flights`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynana.analysis.trapping import trapping_form
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.lowering import tangent_flow as _register_kinds  # noqa: F401
from dynana.lowering.kernels import Kernels, lower
from dynana.numerics import flights
from dynana.numerics import run_state as at
from dynana.numerics.flight_events import SECTION
from dynana.numerics.flights import CONTINUE, CROWDED, ESCAPED, LATE, RETURNED
from dynana.numerics.orbit import stepper
from dynana.numerics.tableaus import DOP853
from dynana.simulation.driving import resolve_inputs
from dynana.simulation.progress import Progress
from dynana.simulation.single import idle_kernels

Array = NDArray[np.float64]

#: Relative error of the state in a step, and absolute error in units of its scale: times of spikes are right to 1e-10.
STATE_TOLERANCE = 1e-13
#: The error of tangent vectors in a step is allowed to be this much larger: derivatives are right to 1e-9.
VECTOR_SHARE = 1e3
#: Starts in one task of a thread, at most; tasks for each thread; flights that one thread makes alone.
CHUNK, PIECES, FEW = 64, 4, 64
#: A flight is given up after this many times the slowest time of the linearised flow at a start.
PATIENCE = 1000.0
#: Rates below this share of the fastest are zero but for rounding.
SLOWEST = 1e-9
#: Words for how a start ended.
WORDS = {
    LATE: "has not come to the section",
    ESCAPED: "leaves the finite numbers or comes to steps without end",
    CROWDED: "meets jumps that set each other off without end",
}


@dataclass(frozen=True, slots=True, eq=False)
class Flown:
    """What came of flights: see `dynana.numerics.flights.fly`."""

    outcomes: NDArray[np.int64]
    counts: NDArray[np.int64]
    elapsed: Array
    states: Array
    times: Array
    vectors: Array
    late: Array
    growth: Array
    rests: Array


class Flights:
    """A system whose orbits are followed from stop to stop.

    Parameters
    ----------
    system : System
        Autonomous, without noise and without kinks of its derivatives.
    sections : sequence of sympy expressions
        Passing zero upwards is a stop.
    stop : int or sequence of int
        Jumps of the system that are stops.
    scale : ndarray, shape (n,)
        Sizes of the states.
    what : str
        The verb, for messages.
    tolerance : float
        Error of a step.
    """

    def __init__(
        self,
        system: System,
        scale: Array,
        what: str,
        *,
        sections: Sequence[sp.Expr] = (),
        stop: int | Sequence[int] = (),
        tolerance: float = STATE_TOLERANCE,
    ) -> None:
        self.tolerance = tolerance
        self.system, self.scale = system, np.asarray(scale, dtype=float)
        check_flow(system, what)
        self.kernels = lower(system)
        same = {system.states[0]: system.symbols[system.states[0]]}
        extra = tuple(Jump(when=e > 0, to=dict(same), hold=(), name=f"section{k}") for k, e in enumerate(sections))
        self.events = lower(system._with(jumps=(*system.jumps, *extra))) if extra else self.kernels
        self.stops = np.zeros(self.events.n_jumps, np.int64)
        self.stops[len(system.jumps) :] = SECTION
        self.stops[np.atleast_1d(np.array(stop, np.int64))] = 1
        n = self.kernels.n
        self.centres, self.forms, self.owners = np.empty((0, n)), np.empty((0, n, n)), np.empty(0, np.int64)

    def rest_at(self, points: Sequence[Array]) -> None:
        """Name the stable equilibria at which flights end."""
        forms = [trapping_form(self.kernels, point, self.scale) for point in points]
        n = self.kernels.n
        self.centres = np.array(points, dtype=float).reshape(-1, n)
        self.forms = np.array(forms, dtype=float).reshape(-1, n, n)
        self.owners = np.arange(len(points), dtype=np.int64)

    def run(
        self,
        starts: Array,
        basis: Array,
        longest: float,
        *,
        returns: int = 1,
        skip: int = 0,
        first_jump: int = -1,
        mode: int = CONTINUE,
        parameters: Array | None = None,
        line: Progress | None = None,
    ) -> Flown:
        """Follow every row of ``starts`` (k, n) with the tangent vectors ``basis`` (m, n)."""
        starts = np.ascontiguousarray(starts, dtype=float)
        basis = np.ascontiguousarray(basis, dtype=float).reshape(-1, self.kernels.n)
        k, kept, m, n = len(starts), returns - skip, len(basis), self.kernels.n
        values = np.broadcast_to(self.kernels.p, (k, self.kernels.n_parameters)) if parameters is None else parameters
        values = np.ascontiguousarray(np.hstack((values, np.zeros((k, n)))), dtype=float)
        flown = Flown(
            np.zeros(k, np.int64), np.zeros(k, np.int64), np.zeros(k), np.full((k, kept, n), np.nan),
            np.full((k, kept), np.nan), np.full((k, kept, m, n), np.nan), np.full((k, kept, m), np.nan),
            np.full((k, kept), np.nan), np.zeros((k, kept)),
        )  # fmt: skip
        width = max(1, min(CHUNK, k // (PIECES * (os.cpu_count() or 1))))
        pieces = [slice(i, i + width) for i in range(0, k, width)] if k * returns >= FEW else [slice(0, k)]
        rate = self._rate(starts[0], values[0]) if k else 1.0
        call = self._prepared(basis, rate, longest, returns, skip, first_jump, mode)
        if len(pieces) == 1:
            call(starts, values, flown, pieces[0])
            return flown
        call(starts, values, flown, slice(0, 0))  # compiled and bound here: threads that do so at once fail
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            tasks = [pool.submit(call, starts, values, flown, piece) for piece in pieces]
            for done, task in enumerate(as_completed(tasks), start=1):
                task.result()
                if line is not None:
                    line.report(done / len(tasks))
        return flown

    def _rate(self, state: Array, values: Array) -> float:
        """Return the largest rate in the linearised flow at a start, which sets where the pace leaves time."""
        jacobian = np.empty((state.size, state.size))
        self.kernels.jacobian(0.0, state.copy(), values.copy(), jacobian)
        rate = float(np.max(np.abs(jacobian * self.scale / self.scale[:, None])))
        return rate if 0.0 < rate < np.inf else 1.0

    def _prepared(
        self, basis: Array, rate: float, longest: float, returns: int, skip: int, first_jump: int, mode: int
    ) -> Any:
        events, smooth, idle, tableau = self.events, self.kernels, idle_kernels(), DOP853
        n, m = smooth.n, len(basis)
        table = resolve_inputs(self.system, None, 0.0, longest).table
        tolerance = np.full(2 + n * (m + 1), np.inf)
        tolerance[0] = self.tolerance
        tolerance[1 : n + 1] = self.tolerance * self.scale
        sizes = np.linalg.norm(basis / self.scale, axis=1)
        tolerance[-1] = self.tolerance / rate
        tolerance[n + 1 : -1] = VECTOR_SHARE * self.tolerance * (sizes[:, None] * self.scale).ravel()
        functions = (
            stepper("explicit"), smooth.paced, idle["matrix"], idle["vector"],
            (table.cursor(), table.index, table.first, table.t0, table.coef), smooth.rhs, events.guards,
            events.conditions, events.guard_gradients, events.jump, events.jump_derivatives, events.refractory,
        )  # fmt: skip
        layout = np.zeros(at.LAYOUT_SIZE, np.int64)
        layout[[at.MAIN, at.STAGES, at.STIFFNESS]] = tableau.main, tableau.stages, tableau.stages + 1
        layout[[at.LAST, at.ADAPTIVE]] = tableau.main - 1, 1
        pace = 1.0 / (rate * self.scale)
        owner, holds = np.array(events.guard_owner, np.int64), events.holds.astype(float)
        driver = flights.flier()

        def call(starts: Array, values: Array, flown: Flown, rows: slice) -> None:
            driver(
                *functions, values[rows], tableau.packed, layout.copy(), tolerance, owner, holds, self.stops,
                self.scale, pace, self.centres, self.forms, self.owners, starts[rows], basis, first_jump, mode, returns,
                skip, longest, flights.bench(n, m, events.n_jumps, events.n_guards, tableau.stages + 2),
                flown.outcomes[rows], flown.counts[rows], flown.elapsed[rows], flown.states[rows], flown.times[rows],
                flown.vectors[rows], flown.late[rows], flown.growth[rows], flown.rests[rows],
            )  # fmt: skip

        return call


def check_system(system: System, what: str) -> None:
    """Refuse what has no orbits."""
    if not isinstance(system, System):
        raise TypeError(f"{what} takes a System, got {type(system).__name__}")
    if not system.states:
        raise ModelError(f"{system.name} has no states: there are no orbits")


def check_flow(system: System, what: str) -> None:
    """Refuse systems whose orbits do not depend on the state alone, or whose derivatives have kinks."""
    check_system(system, what)
    if system.noise or not system.autonomous:
        found = "noise" if system.noise else "explicit time"
        raise ModelError(f"{system.name} has {found}: {what} is for systems whose orbits depend on the state alone")
    if lower(system).n_switches:
        raise ModelError(
            f"{system.name}: the derivatives have kinks (see system.notes): {what} needs smooth ones between jumps. "
            "Measure on a run instead: dn.simulate(...).crossings(state, level)"
        )


def patience(kernels: Kernels, state: Array) -> float:
    """Return how long to wait for the next stop, from the linearised flow at a start."""
    jacobian = np.empty((state.size, state.size))
    kernels.jacobian(0.0, state.copy(), kernels.p, jacobian)
    rates = np.abs(np.concatenate((np.linalg.eigvals(jacobian).real, np.diag(jacobian))))
    rates = rates[rates > SLOWEST * rates.max(initial=0.0)]
    if not rates.size:
        raise ValueError(f"{kernels.system.name}: nothing tells how long to wait for the next passage: give t=")
    return PATIENCE / float(rates.min())


def sizes(system: System, given: dict[str, tuple[float, float]] | None = None) -> Array:
    """Return the scale of each state: the width of its range, else its initial value, else 1."""
    box = dict(system.ranges) | (given or {})
    start = system.initial
    return np.array([np.ptp(box[s]) if s in box else max(abs(start[s]), 1.0) for s in system.states], dtype=float)


__all__ = ["CONTINUE", "RETURNED", "WORDS", "Flights", "Flown", "check_flow", "check_system", "patience", "sizes"]
