"""One run of one system without noise: the arrays of the driver, its calls, and the result they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.lowering.kernels import Kernels, lower
from dynana.numerics import jumps, orbit
from dynana.numerics import run_state as at
from dynana.numerics.compilation import compiled
from dynana.numerics.signatures import CONDITION, JUMP, JUMP_MATRIX, MATRIX, VECTOR
from dynana.numerics.workbench import workbench
from dynana.results.trajectory import Jumps, Trajectory
from dynana.simulation import stopping
from dynana.simulation.driving import Drives
from dynana.simulation.marching import is_smooth, march
from dynana.simulation.method_choice import METHODS, Choice, Method
from dynana.simulation.progress import Progress
from dynana.simulation.request import Array, Request

#: Size of the output arrays of one call of the driver, in bytes; they are filled as far as needed.
CHUNK_BYTES = 1 << 24
#: Rows of the output arrays, at most.
MOST_ROWS = 1 << 17
#: Jumps that one call of the driver can note.
JUMP_ROOM = 1 << 13
#: A run that fails has blown up if its state would change by this share of its size...
SIZABLE = 1e-6
#: ... within this share of the length of the run.
INSTANT = 1e-12
#: Steps after which the driver returns for a moment, so that a run can be interrupted and report progress.
STEPS_PER_CALL = 200_000


def run(request: Request, drives: Drives, choice: Choice, progress: bool | None) -> Trajectory:
    """Integrate one system.

    Parameters
    ----------
    request : Request
        What was asked for.
    drives : Drives
        Its inputs; ``drives.system`` is what is integrated, with expressions in place of driven parameters.
    choice : Choice
        The method.
    progress : bool, optional
        See `dynana.simulation.progress`.
    """
    return run_with_end(request, drives, choice, progress)[0]


def run_with_end(
    request: Request, drives: Drives, choice: Choice, progress: bool | None
) -> tuple[Trajectory, float, Array]:
    """Integrate one system; returns where it ended as well, time and state, which need not be among the samples."""
    work = Run(request, drives, choice)
    with Progress(request.system.name, request.span, progress) as report:
        if is_smooth(request, choice.method, work.kernels, drives.table.n_drives):
            return _marched(work, report), float(work.clock[at.TIME]), work.y
        status = work.go(report)
    if status == at.STEP_TOO_SMALL and work.runs_away():
        status = at.BLOW_UP
    return _trajectory(work, status), float(work.clock[at.TIME]), work.y


@cache
def idle_kernels() -> dict[str, Any]:
    """Kernels for what a system does not have."""

    def zero(t: float, y: Array, p: Array, out: Array) -> None:
        for i in range(out.size):
            out[i] = 0.0

    def no_matrix(t: float, y: Array, p: Array, out: Array) -> None:
        pass

    def no_condition(guards: Array, out: Array) -> None:
        pass

    def no_jump(k: int, t: float, y: Array, p: Array, out: Array) -> None:
        pass

    return {
        "vector": compiled(VECTOR)(zero),
        "matrix": compiled(MATRIX)(no_matrix),
        "conditions": compiled(CONDITION)(no_condition),
        "jump": compiled(JUMP)(no_jump),
        "jump_matrix": compiled(JUMP_MATRIX)(no_jump),
    }


@dataclass(slots=True, eq=False)
class Run:
    """A run in progress: the arrays that live as long as it, and what it has produced so far."""

    request: Request
    drives: Drives
    choice: Choice
    kernels: Kernels = field(init=False)
    varying: bool = field(init=False)
    clock: Array = field(init=False)
    count: NDArray[np.int64] = field(init=False)
    y: Array = field(init=False)
    p: Array = field(init=False)
    tolerance: Array = field(init=False)
    inputs: tuple[Any, ...] = field(init=False)
    events: tuple[Any, ...] = field(init=False)
    used: list[Method] = field(default_factory=list)
    pieces: list[tuple[Array, ...]] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        request, table = self.request, self.drives.table
        k = self.kernels = lower(self.drives.system)
        self.y, self.p = k.y0.copy(), k.p.copy()
        self.clock = np.zeros(at.CLOCK_SIZE)
        self.clock[at.TIME] = self.clock[at.START] = request.span[0]
        self.clock[at.END] = request.span[1]
        self.clock[at.DT] = request.dt or 0.0
        self.clock[at.LONGEST] = min(request.max_step, request.duration)
        self.count = np.zeros(at.COUNT_SIZE, np.int64)
        self.count[at.MAX_STEPS] = request.max_steps
        self.count[at.SAMPLING] = request.times is not None
        self.count[at.KEEP_DENSE] = request.times is None
        self.count[at.LOCATED] = not request.clocked
        self.tolerance = np.concatenate(([request.rtol], request.atol))
        self.varying = bool(np.any(table.coef[:, 1:3] != 0.0))
        self.inputs = (table.cursor(), table.index, table.first, table.t0, table.coef)
        recent = np.zeros(2 + jumps.CROWD)
        recent[0] = -np.inf
        holds = np.full(k.n, -np.inf), np.full(k.n_jumps, -np.inf), np.zeros(k.n_jumps)
        self.events = (np.array(k.guard_owner, np.int64), k.holds.astype(float), *holds, recent)

    def runs_away(self) -> bool:
        """Whether the state moves so fast that it is about to leave every scale; not where it has no derivative."""
        speed = np.empty(self.kernels.n)
        self.kernels.rhs(self.clock[at.TIME], self.y, self.p, speed)
        size = max((np.max(np.abs(piece[1]), initial=0.0) for piece in self.pieces), default=0.0)
        fast = np.abs(speed) * INSTANT * self.request.duration > SIZABLE * size
        return bool(np.any(fast)) and not bool(np.any(np.isnan(speed)))

    @property
    def switching(self) -> int:
        """Number of switching surfaces on which steps land."""
        return 0 if self.request.clocked else self.kernels.n_switches

    def go(self, progress: Progress) -> int:
        """Integrate with the chosen method, and go on with the stiff one if that turns out to be needed."""
        status = self._with_method(self.choice.method, self.choice.watches_stiffness, progress)
        if status == at.STIFF:
            status = self._with_method(METHODS["rodas5p"], False, progress)
        return status

    def _with_method(self, method: Method, watches: bool, progress: Progress) -> int:
        last = at.PAUSED
        for status in self.calls_of(method, watches):
            last = status
            progress.report(self.clock[at.TIME])
        return last

    def calls_of(self, method: Method, watches: bool) -> Iterator[int]:
        """Call the driver until it need not be called any more; yields its reasons to return."""
        k, request = self.kernels, self.request
        self.used.append(method)
        self.clock[at.ERROR_ORDER] = method.error_order or 1
        self.count[at.WATCH_STIFFNESS] = watches
        layout, coefficients = self._layout(method)
        work = np.zeros((method.work_rows(k.n), k.n))
        bench = workbench(k.n, k.n_jumps, k.n_guards, self.switching, method.dense_rows, method.intervals)
        samples = np.empty(0) if request.times is None else request.times
        driver, functions, output = orbit.driver(), self._functions(method), self._room(method)
        status = at.PAUSED
        while status == at.PAUSED:
            self.count[at.PAUSE_AT] = self.count[at.N_STEPS] + STEPS_PER_CALL
            status = driver(
                *functions, self.inputs, self.drives.table.breaks, self.clock, self.count, self.y, self.p,
                self.tolerance, coefficients, layout, *self.events, samples, *output, work, bench,
            )  # fmt: skip
            rows, jumped = self.count[at.ROWS], self.count[at.JUMPS]
            self.pieces.append((*(a[:rows].copy() for a in output[:3]), *(a[:jumped].copy() for a in output[3:])))
            if status != at.PAUSED:
                self.calls += int(layout[at.CALLS])
            yield int(status)

    def _layout(self, method: Method) -> tuple[NDArray[np.int64], Array]:
        """Return what a stepper has to know about itself, and its coefficients."""
        k, tableau = self.kernels, method.tableau
        layout = np.zeros(at.LAYOUT_SIZE + k.n, np.int64)
        layout[[at.LAST, at.ADAPTIVE, at.DENSE, at.VARYING]] = method.last, method.adaptive, 1, self.varying
        if tableau is None:
            return layout, np.zeros((k.n + 1, k.n_parameters))
        layout[[at.MAIN, at.STAGES, at.STIFFNESS]] = tableau.main, tableau.stages, tableau.stages + 1
        self.clock[at.STABILITY] = tableau.stability
        return layout, tableau.packed

    def _functions(self, method: Method) -> tuple[Any, ...]:
        """Return the step and the kernels in the order of the driver; what is not needed is not compiled either."""
        k, idle = self.kernels, idle_kernels()
        moving = not self.drives.system.autonomous
        return (
            orbit.stepper(method.stepper),
            k.rhs,
            k.jacobian if method.needs_jacobian else idle["matrix"],
            k.time_derivative if method.needs_jacobian and moving else idle["vector"],
            k.parameter_jacobian if method.needs_jacobian and self.varying else idle["matrix"],
            k.diagonal if method.needs_diagonal else idle["vector"],
            k.guards if k.n_jumps else idle["vector"],
            k.conditions if k.n_jumps else idle["conditions"],
            k.jump if k.n_jumps else idle["jump"],
            k.refractory if k.n_jumps else idle["vector"],
            k.switches if self.switching else idle["vector"],
            *orbit.jump_functions(k.n_jumps > 0),
        )

    def _room(self, method: Method) -> tuple[Any, ...]:
        """Return output arrays for one call of the driver."""
        request, n, dense = self.request, self.kernels.n, method.dense_rows
        if request.times is not None:
            rows, kept = request.times.size, 0
        else:
            rows = min(CHUNK_BYTES // (8 * (1 + n + dense * n)), MOST_ROWS)
            if request.dt is not None:
                rows = min(rows, int(request.duration / request.dt) + 2)
            rows = kept = rows + 2 * jumps.MAX_AT_ONCE
        noted = JUMP_ROOM if self.kernels.n_jumps else jumps.MAX_AT_ONCE + 2
        return (
            *(np.empty(rows), np.empty((rows, n)), np.empty((kept, dense, n))),
            *(np.empty(noted), np.empty(noted, np.int64), np.empty((noted, n)), np.empty((noted, n))),
        )


def _trajectory(work: Run, status: int) -> Trajectory:
    dense_rows = max(method.dense_rows for method in work.used)
    padded = [(*piece[:2], _padded(piece[2], dense_rows), *piece[3:]) for piece in work.pieces]
    t, y, dense, *jumped = padded[0] if len(padded) == 1 else map(np.concatenate, zip(*padded, strict=True))
    counts = int(work.count[at.N_STEPS]), int(work.count[at.N_REJECTED]), work.calls
    return _result(work, status, (t, y, dense, np.empty((0, work.kernels.n))), jumped, counts)


def _marched(work: Run, progress: Progress) -> Trajectory:
    """Return a smooth run with fixed steps; see `marching`."""
    k = work.kernels
    work.used.append(work.choice.method)
    t, y, slopes, finished = march(work.request, k, progress)
    work.clock[at.TIME], work.y = t[-1], y[-1]
    none = np.empty(0), np.empty(0, np.int64), np.empty((0, k.n)), np.empty((0, k.n))
    counts = t.size - 1, 0, 4 * (t.size - 1) + 1
    status = at.FINISHED if finished else at.BLOW_UP
    return _result(work, status, (t, y, np.empty((0, 0, k.n)), slopes), none, counts)


def _result(
    work: Run, status: int, rows: Sequence[Array], jumped: Sequence[Any], counts: tuple[int, int, int]
) -> Trajectory:
    request, system, method = work.request, work.request.system, work.used[-1]
    names = tuple(str(jump.name) for jump in system.jumps)
    jump_t, jump_k, before, after = jumped
    record = Jumps(names=names, states=system.states, t=jump_t, index=jump_k, before=before, after=after)
    ending = stopping.Ending(
        t=float(work.clock[at.TIME]), end=request.span[1], states=system.states, y=work.y, jumps=record, method=method,
        max_steps=request.max_steps,
    )  # fmt: skip
    steps = {"rtol": request.rtol, "atol": request.atol} if method.adaptive else {"dt": request.dt}
    return Trajectory(
        system=system.name,
        states=system.states,
        parameters=system.values,
        fingerprint=system.fingerprint,
        t=rows[0],
        y=rows[1],
        dense=rows[2],
        slopes=rows[3],
        jumps=record,
        method=" -> ".join(method.name for method in work.used),
        choice=stopping.reasons(work.choice, work.used),
        stop=stopping.stop(status, ending),
        n_steps=counts[0],
        n_rejected=counts[1],
        n_evaluations=counts[2],
        options={**steps, "events": "grid" if request.clocked else "located"},
        inputs=request.descriptions(),
        driven=request.driven(rows[0]),
        time_unit=system.time,
        units=system.units,
    )


def _padded(dense: Array, rows: int) -> Array:
    """Return dense output with more rows; rows of zeros change nothing."""
    missing = rows - dense.shape[1]
    return np.pad(dense, ((0, 0), (0, missing), (0, 0))) if missing else dense
