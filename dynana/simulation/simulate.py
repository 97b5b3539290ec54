"""`simulate`: the one verb for runs in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.simulation import request as asked

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dynana.definition.network import Network
    from dynana.results.ensemble import Ensemble
    from dynana.results.recording import Recording
    from dynana.results.trajectory import Trajectory


def simulate(
    system: System | Network,
    t: float | tuple[float, float],
    *,
    method: str | Mapping[str, str] = "auto",
    dt: float | None = None,
    times: ArrayLike | None = None,
    start: Any = None,
    inputs: Mapping[Any, Any] | None = None,
    at: Mapping[str, Any] | None = None,
    events: str = "located",
    rtol: float | None = None,
    atol: float | Mapping[str, float] | None = None,
    max_step: float | None = None,
    max_steps: int | None = None,
    seed: int | None = None,
    noise_dt: float | None = None,
    record: Any = None,
    crossings: Mapping[str, float] | None = None,
    executor: Executor | None = None,
    share: bool = True,
    between: Callable[[float], bool | None] | None = None,
    threads: int = 1,
    record_to: str | Path | None = None,
    memory_budget: float | None = None,
    record_spikes: bool | Sequence[str] = True,
    spike_times: str = "grid",
    progress: bool | None = None,
) -> Trajectory | Ensemble | Recording:
    """Integrate a system, or run a network, in time.

    Parameters
    ----------
    system : System or Network
    t : float or (float, float)
        Duration, from time 0 on, or beginning and end.
    method : str
        ``"auto"`` decides: without ``dt`` an adaptive method of order 8 (5 for systems with jumps), and a stiff one
        from where the system turns out to be stiff; with ``dt`` the Runge-Kutta method of order 4. By name: of fixed
        step ``"euler"``, ``"heun"``, ``"rk4"``, ``"exponential_euler"``; adaptive ``"dormand_prince"`` (order 5),
        ``"dop853"`` (order 8), ``"rodas5p"`` (order 5, for stiff systems, with the exact Jacobian). The result names
        what was used.
    dt : float
        Length of fixed steps. Steps are cut short at events, breakpoints of inputs and ends of refractory times, and
        then return to the grid.
    times : array_like, optional
        Times at which the state is wanted; otherwise the result holds every step and interpolates between them.
    start : mapping, array_like or NetworkState, optional
        Initial values: some states by name (numbers or ``dn.steady``), or all in order. Otherwise the model's.
    inputs : mapping of str to input, optional
        Courses of parameters in time: see `steps`, `ramp`, `pulses`, `sinusoid`, `sampled`, or a function such as
        ``lambda t: dn.exp(-t)``.
    at : mapping of str to float, optional
        Parameter values, as in ``system.at(...)``.
    events : {"located", "grid"}
        ``"located"`` finds jumps inside steps, to 1e-12 of the step; ``"grid"`` tests their conditions at the ends of
        fixed steps only, as clocked simulators do.
    rtol, atol : float, or mapping of state to float for atol
        Tolerances of the error of one step of an adaptive method (1e-8 and 1e-10).
    max_step, max_steps : float, int
        Bounds for a step and for their number.
    seed : int, optional
        Of the noise, for systems that have some; drawn and stored in the result if not given.
    noise_dt : float, optional
        Step of the grid on which the Brownian path is drawn, of which ``dt`` is a multiple: runs with the same seed and
        ``noise_dt`` follow the same path, whatever their ``dt``.
    record : sequence of str, or mapping, optional
        For ensembles: the states to keep at ``times``, all by default.
    crossings : mapping of state to level, optional
        For ensembles: upward crossings to list as events, for example ``{"V": 0.0}`` for the spikes of a model
        without a reset. (A `Trajectory` finds them afterwards.)
    executor : concurrent.futures.Executor, optional
        For ensembles: who does the work, for example a ``ThreadPoolExecutor``. The results are the same to the bit.
    share : bool
        For networks: False leaves all synaptic states with their synapses, updated at every step.
    between : callable, optional
        For networks: called with the time about every 50 ms of work; the run ends if it returns True.
    threads : int
        For networks: how many carry out the steps; they pay from some thousand cells on. No bit depends on it.
    record_to : path, optional
        For networks: a folder into which all that ``record`` names is written while the run lasts, one npy file for
        each quantity, instead of into memory; the result reads it from there. Sizes are worked out before the
        run: told on the terminal (see ``progress``), and refused if memory or disk cannot hold them.
    memory_budget : float, optional
        For networks: bytes. What is recorded goes into memory up to this size, and to ``record_to`` above it (without
        a folder more is refused); without a budget memory holds what it can, and a folder takes all.
    record_spikes : bool or sequence of str
        For networks: whether spikes are kept, or of which populations, for runs with more than memory holds; see
        `record_rate`, which counts them.
    spike_times : {"grid", "interpolated"}
        For networks: ``"interpolated"`` gives spikes the times at which thresholds were passed inside steps, exact up
        to the square of the step; they are sent, and cells reset, at the ends of steps all the same.
    progress : bool, optional
        A line on the terminal for runs of more than 2 seconds: by default where stderr is one; False for silence.

    Returns
    -------
    Trajectory, Ensemble or Recording
        Also when the run ends early: ``trajectory.stop`` says why and what to do. An `Ensemble` where a value in
        ``at`` or ``start`` is an array, one value per cell; a `Recording` of a network.

    Notes
    -----
    Ensembles keep states only at ``times``, and always the final ones and all events. Methods of fixed step advance
    many cells at once as long as nothing happens inside steps: for models with jumps give ``events="grid"``.

    Systems with noise are simulated in steps ``dt``, with jumps tested at their ends: where a Brownian path first
    passes a threshold between two grid points is not determined by its values there. Methods: ``"euler_maruyama"``
    (strong order 1/2, or 1 if the noise is additive), ``"milstein"`` (order 1, for noise that commutes) and
    ``"exponential_euler"``; ``"auto"`` takes one of order 1 where there is one. Integrals are Ito's unless the `Noise`
    says ``calculus="stratonovich"``; then the drift is corrected symbolically.

    A jump fires when its condition turns from false to true; also when the run starts with a true condition, and when
    it is true at the end of a refractory time. Jumps due at the same time fire in the order of their declaration, with
    the conditions tested again after each.

    Networks run in steps ``dt``: integrate all cells, test thresholds, deliver the spikes that arrive, reset.
    ``method`` may then be one name for all populations or a mapping: ``"exact"`` (linear equations), ``"rk4"``,
    ``"exponential_euler"``, ``"euler"``, or ``"adaptive"``, by which each cell takes steps of its own inside ``dt``.
    ``"auto"`` goes by the equations, whatever ``dt``; ``network.plan()`` says which it takes and why. With ``"rk4"``,
    its choice for smooth cells, couplings, inputs and weights that learn from rates are evaluated at every stage.
    ``inputs`` has by population (or part of one) and parameter what is added to it: courses, functions of t and of
    parameters of the cell, `ornstein_uhlenbeck`.
    ``record`` lists quantities by population or projection, ``seed`` is that of everything drawn, and
    ``start=run.final`` goes on where a run ended, to the bit as if it had not; with other parameters, rates or inputs,
    if wanted, while states (plastic weights among them) are those of the run::

        run = dn.simulate(net, 500.0, dt=0.1, inputs={"E": {"I": dn.steps([100], [2], before=0)}}, record={"E": ["V"]})
        more = dn.simulate(net.at({"E.I": 3.0}), 500.0, dt=0.1, start=run.final)

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import lif
    >>> run = dn.simulate(lif.at(I=25.0), 100.0)
    >>> run.jumps["spike"].size
    5
    """
    if not isinstance(system, System):
        from dynana.definition.network import Network  # imports what single systems do not need

        if not isinstance(system, Network):
            raise TypeError(
                f"simulate takes a System (a function decorated with @dn.model is one) or a Network, got "
                f"{type(system).__name__}"
            )
        _refuse(
            "networks", "leave it out",
            at=at, times=times, rtol=rtol, atol=atol, max_step=max_step, max_steps=max_steps, noise_dt=noise_dt,
            crossings=crossings, executor=executor,
        )  # fmt: skip
        from dynana.simulation.networks import simulate_network  # compiles what single systems do not need

        span = asked.time_span(t)
        return simulate_network(
            system, span, asked.step(dt, span), method=method, start=start, inputs=inputs, wanted=record, seed=seed,
            share=share, between=between, threads=threads, record_to=record_to,
            memory_budget=memory_budget, record_spikes=record_spikes, spike_times=spike_times, progress=progress,
        )  # fmt: skip
    if not system.states:
        raise ModelError(f"{system.name} has no states: there is nothing to integrate")
    if not isinstance(method, str):
        raise TypeError(f"method= is one name for a system, got {method!r}")
    _refuse(
        "single systems; it is for networks", "leave it out",
        share=None if share else share, between=between, threads=None if threads == 1 else threads,
        record_to=record_to, memory_budget=memory_budget, record_spikes=None if record_spikes is True else False,
        spike_times=None if spike_times == "grid" else spike_times,
    )  # fmt: skip
    # compiles, or loads, what networks do not need
    from dynana.simulation import single
    from dynana.simulation.cells import is_ensemble
    from dynana.simulation.driving import resolve_inputs
    from dynana.simulation.ensemble import Wanted, simulate_ensemble
    from dynana.simulation.method_choice import choose
    from dynana.simulation.noisy import simulate_path

    asked.check_kinds(at=at, inputs=inputs, start=start, executor=executor)
    span = asked.time_span(t)
    clocked = asked.clocked(events)
    step = asked.step(dt, span)
    many = is_ensemble(at, start, inputs)
    if not many:
        remedy = {"crossings": "use trajectory.crossings(state, level)"}
        for name, value in (("record", record), ("crossings", crossings), ("executor", executor)):
            if value is not None:
                raise ValueError(
                    f"{name}= is for ensembles, where a value in at= or start= is an array; for a single run "
                    f"{remedy.get(name, 'leave it out')}"
                )
        system = asked.with_values(asked.with_start(system, start), at)
    asked.check_refractory(system)
    relative, absolute = asked.tolerances(system, rtol, atol)
    request = asked.Request(
        system=system,
        inputs=dict(inputs or {}),
        span=span,
        dt=step,
        times=asked.sample_times(times, span),
        rtol=relative,
        atol=absolute,
        clocked=clocked,
        **asked.limits(max_step, max_steps, span, step),
    )
    if many:
        wanted = Wanted(
            at=at, start=start, record=record, crossings=crossings, seed=seed, noise_dt=noise_dt, executor=executor
        )
        return simulate_ensemble(request, wanted, method, progress)
    if system.noise:
        return simulate_path(request, method, seed, noise_dt, progress)
    if seed is not None:
        raise ValueError(f"seed= has no effect: {system.name} has no noise. Leave it out, or add dn.Noise to the model")
    choice = choose(system, method, step, relative, clocked)
    return single.run(request, resolve_inputs(system, inputs, *span), choice, progress)


def _refuse(subject: str, remedy: str, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name}= has no meaning for {subject}: {remedy}")
