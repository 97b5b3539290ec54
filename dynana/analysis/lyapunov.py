"""`lyapunov_exponents`: the spectrum of Lyapunov exponents of flows and of systems with jumps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.lowering import tangent_flow as _register_kinds  # noqa: F401
from dynana.lowering.kernels import Kernels, lower
from dynana.lowering.spiking import is_forced
from dynana.numerics import run_state as at
from dynana.numerics import tangent_runs
from dynana.numerics.orbit import SAME_GRID_TIME, stepper
from dynana.numerics.tangent_flow import MOST_STEPS, march_bundle
from dynana.results.lyapunov import LyapunovExponents
from dynana.results.stop import Stop
from dynana.simulation import request as asked
from dynana.simulation.arguments import number
from dynana.simulation.driving import resolve_inputs
from dynana.simulation.method_choice import Choice, choose
from dynana.simulation.progress import Progress
from dynana.simulation.request import Array, Request
from dynana.simulation.single import idle_kernels
from dynana.simulation.stretches import stretches

#: Share of the averaging time that goes before it, unless the user says how much.
TRANSIENT = 0.1
#: Blocks for the standard errors: enough for an error that is itself right to a sixth, and each as long as can be.
BLOCKS = 20
#: Steps of one call of the compiled loop, between which a run can be interrupted.
STEPS_PER_CALL = 100_000
#: Steps in a block, at least: an orbit at rest would be followed in a single one.
FEWEST_STEPS = 4
#: Error of the tangent vectors allowed in a step, relative to that of the state: it is averaged over many steps.
TANGENT_SHARE = 10.0
#: No bound on the number of steps: the user has said how long the run is.
UNBOUNDED = 2**62


def lyapunov_exponents(
    system: System,
    t: float,
    *,
    count: int | None = None,
    transient: float | None = None,
    dt: float | None = None,
    rtol: float | None = None,
    start: Mapping[str, Any] | ArrayLike | None = None,
    blocks: int = BLOCKS,
    progress: bool | None = None,
) -> LyapunovExponents:
    """Return the Lyapunov exponents of the orbit from a start: mean rates at which neighbouring orbits part.

    The variational equations, with the symbolic Jacobian, carry tangent vectors along the orbit; these are made
    orthonormal again and again, and the logarithms of their lengths are averaged. At a jump they are multiplied by the
    exact saltation matrix; over a refractory time the delay of each neighbour is carried along.

    Parameters
    ----------
    system : System
    t : float
        How long to average.
    count : int, optional
        How many exponents, the largest ones; all by default.
    transient : float, optional
        What goes before, for the orbit to settle and the vectors to turn to their directions; ``t / 10`` by default.
    dt : float, optional
        Length of steps (Runge-Kutta of order 4): the fastest way for smooth systems. Otherwise steps are adaptive.
    rtol : float, optional
        Tolerance of adaptive steps, 1e-8 by default.
    start : mapping or array_like, optional
        Initial values, as in `simulate`; otherwise the model's.
    blocks : int
        Parts of the averaging time from which the standard errors come.
    progress : bool, optional

    Returns
    -------
    LyapunovExponents
        Also when the run ends early: ``stop`` says why, and the averages are over the complete blocks.

    Raises
    ------
    ValueError, TypeError
        For a time, step, count or number of blocks that makes no sense, unknown names.
    ModelError
        A system without states, or with noise.

    Notes
    -----
    The method is explicit. Two exponents are checks: of a flow that does not come to rest one is zero (``.zero``), and
    the sum is the mean divergence plus that of log |det S| at jumps (``.sum_error``). Where time enters the equations
    the exponents are those of the states; the zero is that of the clock, and is not among them.

    References
    ----------
    Benettin, Galgani, Giorgilli & Strelcyn (1980), Meccanica 15:9-30. Mueller (1995), Chaos Solitons Fractals
    5:1671-1681, for systems with jumps.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import lorenz
    >>> spectrum = dn.lyapunov_exponents(lorenz, 1000.0, dt=0.01)
    >>> spectrum.verdict, round(spectrum.dimension, 1)
    ('chaos', 2.1)
    """
    if not isinstance(system, System):
        raise TypeError(f"lyapunov_exponents takes a System, got {type(system).__name__}")
    if not system.states:
        raise ModelError(f"{system.name} has no states: there are no neighbouring orbits")
    if system.noise:
        raise ModelError(f"{system.name} has noise: Lyapunov exponents are computed for systems without; remove it")
    if dt is not None and rtol is not None:
        raise ValueError(f"steps of one length have no tolerance: give dt={dt:g} or rtol={rtol:g}, not both")
    duration = number("t", t, 0.0)
    before = TRANSIENT * duration if transient is None else number("transient", transient)
    if before < 0:
        raise ValueError(f"transient must not be negative, got {before:g}")
    size = _count("count", len(system.states) if count is None else count, len(system.states))
    parts = _count("blocks", blocks, None)
    span = (0.0, before + duration)
    step = asked.step(dt, span)
    if step is not None and step > duration / parts:
        raise ValueError(
            f"dt={step:g} is longer than a block, {duration:g}/{parts}: average longer, or in fewer blocks"
        )
    system = asked.with_start(system, start)
    asked.check_refractory(system)
    relative, absolute = asked.tolerances(system, rtol, None)
    request = Request(
        system=system, inputs={}, span=span, dt=step, times=None, rtol=relative, atol=absolute, clocked=False,
        max_step=duration / parts / FEWEST_STEPS, max_steps=UNBOUNDED,
    )  # fmt: skip
    kernels = lower(system)
    work = _Bundle(kernels, size, parts, before, duration)
    with Progress(f"Lyapunov exponents of {system.name}", span, progress) as line:
        if step is not None and not kernels.n_jumps and not kernels.n_switches:
            stop, method = work.march(step, line), "rk4"
        else:
            choice = choose(system, "auto", step, relative, False)
            stop, method = work.follow(request, choice, line), choice.method.name
    return work.result(stop, method)


def _count(name: str, value: Any, most: int | None) -> int:
    limit = f" to {most}, the number of states" if most is not None else ""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < 1 or (most is not None and value > most):
        raise ValueError(f"{name} must be from 1{limit or ' on'}, got {value}")
    return int(value)


@dataclass(slots=True, eq=False)
class _Bundle:
    """A state with its tangent vectors, and what has been measured so far."""

    kernels: Kernels
    count: int
    parts: int
    begin: float
    duration: float
    z: Array = field(init=False)
    p: Array = field(init=False)
    sums: Array = field(init=False)
    filled: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        n = self.kernels.n
        # any directions but those of the axes, along which an invariant subspace may lie
        vectors, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((n, n)))
        self.z = np.concatenate((self.kernels.y0, vectors[: self.count].ravel(), [0.0]))
        self.p = self.kernels.p
        self.sums = np.zeros((self.parts + 1, self.count + 2))

    def march(self, dt: float, line: Progress) -> Stop:
        """Take steps of one length; a smooth system."""
        make_steps = self.kernels.module("bundle_steps", str(self.count)).bundle_steps
        work, no_delays = np.empty((5, self.z.size)), np.empty((self.count, 0))
        every, done = MOST_STEPS, 0
        edges = [self.begin + self.duration * k / self.parts for k in range(self.parts + 1)]
        for block, edge in zip([self.parts, *range(self.parts)], edges, strict=True):
            first, last = done, round(edge / dt)
            row = self.sums[block]
            while done < last:
                now = min(STEPS_PER_CALL, last - done)
                good = self.z[: self.kernels.n].copy()
                self.z[-1] = 0.0
                every = march_bundle(
                    make_steps, 0.0, dt, done, now, self.z, self.p, self.kernels.n, every, row, no_delays, work
                )
                if not every:
                    self.z[: self.kernels.n] = good
                    return self._blow_up(done * dt, (done + now) * dt)
                row[-1] += self.z[-1]
                done += now
                line.report(done * dt)
            row[-2] = (done - first) * dt
            self.filled += block < self.parts
        return Stop(reason="finished", message=f"reached t = {edges[-1]:g}")

    def follow(self, request: Request, choice: Choice, line: Progress) -> Stop:
        """Repeat every step of a run, with its events."""
        k, tableau = self.kernels, choice.method.tableau
        assert tableau is not None  # choose takes explicit methods by itself
        idle = idle_kernels()
        table = resolve_inputs(request.system, None, *request.span).table
        drive = (table.cursor(), table.index, table.first, table.t0, table.coef)
        layout = np.zeros(at.LAYOUT_SIZE, np.int64)
        layout[[at.MAIN, at.STAGES, at.STIFFNESS]] = tableau.main, tableau.stages, tableau.stages + 1
        layout[[at.LAST, at.ADAPTIVE]] = tableau.main - 1, choice.method.adaptive
        # the run has met the tolerance of the state already
        tolerance = np.full(1 + self.z.size, TANGENT_SHARE * request.rtol)
        tolerance[1 : k.n + 1] = tolerance[-1] = np.inf
        clock = np.zeros(tangent_runs.CLOCK_SIZE)
        slack = 0.0 if choice.method.adaptive else SAME_GRID_TIME * (request.dt or 0.0)
        clock[[tangent_runs.START, tangent_runs.BLOCK, tangent_runs.SLACK]] = (
            self.begin,
            self.duration / self.parts,
            slack,
        )
        jumps, surfaces = bool(k.n_jumps), bool(k.n_switches)
        functions = (
            *(stepper("explicit"), k.variational, idle["matrix"], idle["vector"], drive, k.rhs),
            *((k.guards, k.guard_gradients) if jumps else (idle["vector"], idle["matrix"])),
            *((k.jump_derivatives, k.refractory) if jumps else (idle["jump_matrix"], idle["vector"])),
            *((k.switches, k.switch_gradients) if surfaces else (idle["vector"], idle["matrix"])),
        )
        state = np.full(k.n_jumps, np.inf), np.full(k.n, -1, np.int64), np.zeros((self.count, k.n_jumps))
        room = tangent_runs.bench(k.n, self.count, k.n_jumps, k.n_guards, k.n_switches, tableau.stages + 2)
        owner, holds = np.array(k.guard_owner, np.int64), k.holds.astype(float)
        for number_of_call, part in enumerate(stretches(request, choice)):
            first = 1 if number_of_call == 0 else 0
            good = tangent_runs.follower()(
                *functions, part.t[first:], part.y[first:], part.jump_t, part.jump_k, part.before, part.after,
                owner, holds, clock, self.z, self.p, tolerance, tableau.packed, layout, *state, self.sums, room,
            )  # fmt: skip
            self.events += int(np.sum(part.jump_t >= self.begin))
            time = float(clock[tangent_runs.TIME])
            line.report(time)
            whole = part.stop is not None and part.stop.reason == "finished"
            self.filled = self.parts if whole else int(max(time - self.begin, 0.0) / self.duration * self.parts)
            if not good:
                return self._blow_up(time, float(part.t[-1]))
            if part.stop is not None:
                return part.stop
        raise AssertionError("a run ends with a reason")

    def _blow_up(self, since: float, until: float) -> Stop:
        return Stop(
            reason="blow-up",
            message=f"the state or its tangent vectors leave the finite numbers between t = {since:g} and {until:g}; "
            "take a shorter dt or a smaller rtol, or check the model there (a jump that is only just touched?)",
        )

    def result(self, stop: Stop, method: str) -> LyapunovExponents:
        """Average over the complete blocks."""
        system, n = self.kernels.system, self.kernels.n
        rows = self.sums[: self.filled]
        lengths = rows[:, -2]
        total = float(lengths.sum())
        blocks = rows[:, : self.count] / lengths[:, None]
        exponents = rows[:, : self.count].sum(axis=0) / total if self.filled else np.full(self.count, np.nan)
        order = np.argsort(-exponents, kind="stable")
        errors = np.full(self.count, np.nan)
        if self.filled > 1:
            finite = np.isfinite(blocks).all(axis=0)
            errors[finite] = blocks[:, finite].std(axis=0, ddof=1) / math.sqrt(self.filled)
        values = {system.symbols[name]: value for name, value in system.values.items()}
        rests = [jump.refractory.subs(values) for jump in system.jumps if jump.refractory is not None]
        holds = any(not rest.is_number or float(rest) != 0 for rest in rests)
        return LyapunovExponents(
            system=system.name,
            fingerprint=system.fingerprint,
            states=system.states,
            parameters=system.values,
            exponents=exponents[order],
            errors=errors[order],
            begin=self.begin,
            times=self.begin + np.cumsum(lengths),
            blocks=np.ascontiguousarray(blocks[:, order]),
            divergence=float(rows[:, -1].sum() / total) if self.filled and not holds else math.nan,
            duration=total,
            transient=self.begin,
            events=self.events,
            final=dict(zip(system.states, self.z[:n].tolist(), strict=True)),
            method=method,
            time_unit=system.time,
            stop=stop,
            forced=is_forced(system),
        )
