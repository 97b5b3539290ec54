"""The run of a network: in chunks, between which there is time for progress, interrupts and callbacks."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numba
import numpy as np

from dynana.definition.assembly import Assembly, Link
from dynana.numerics.network_program import CELL_BITS
from dynana.numerics.network_records import WATCH
from dynana.results.recording import NetworkState, Recording, Spikes
from dynana.results.stop import Stop
from dynana.simulation.edges import Edges
from dynana.simulation.network_machine import Machine
from dynana.simulation.network_population import PopulationArrays
from dynana.simulation.network_rates import RateProbe, Rates
from dynana.simulation.network_records import Probe, Records
from dynana.simulation.network_state import content_of, restore
from dynana.simulation.progress import Progress

#: For each population what `Machine.drain` found, chunk after chunk; None where spikes are not kept.
Pieces = list[list[tuple[np.ndarray, np.ndarray]] | None]

#: Wall time of a chunk, in seconds: short enough for Ctrl-C and a smooth line of progress, long enough to cost nothing.
CHUNK = 0.05
#: Steps of the first chunk, from which the length of the others is estimated.
FIRST_CHUNK = 16


def run_assembly(
    assembly: Assembly,
    edges: Sequence[Edges | None],
    n_steps: int,
    dt: float,
    *,
    start: float | NetworkState = 0.0,
    seed: int = 0,
    probes: Sequence[Probe] = (),
    between: Callable[[float], bool | None] | None = None,
    progress: bool | None = None,
    name: str = "network",
    chunk: int | None = None,
    threads: int = 1,
    folder: str | Path | None = None,
    budget: float | None = None,
    interpolated: bool = False,
    rates: Sequence[RateProbe] = (),
    keep: Collection[int] | None = None,
) -> Recording:
    """Simulate a network.

    Parameters
    ----------
    assembly : Assembly
        All values are numbers or arrays.
    edges : sequence of Edges or None
        Of each link; None for all to all where nothing differs between the edges.
    n_steps : int
    dt : float
    start : float or NetworkState
        Time of the beginning, or where another run of this network ended.
    seed : int
        Of noise and Poisson input; a run that goes on keeps that of the first one.
    probes : sequence of Probe
        What to record beside spikes.
    between : callable, optional
        Called with the time between chunks; the run ends if it returns True.
    progress : bool, optional
        As in `simulate`.
    name : str
    chunk : int, optional
        Steps of each chunk; by default about 50 ms of work.
    threads : int
        How many carry out the steps; no bit depends on it.
    folder : path, optional
        Where what is recorded goes instead of into memory.
    budget : float, optional
        Bytes up to which it goes into memory all the same.
    interpolated : bool
        Whether spikes have times inside steps.
    rates : sequence of RateProbe
        Whose spikes to count.
    keep : collection of int, optional
        Populations whose spikes are kept; all by default.

    Returns
    -------
    Recording
        Also when the run ends early: ``stop`` says why.
    """
    goes_on = isinstance(start, NetworkState)
    structure = structure_of(assembly, edges)
    if isinstance(start, NetworkState):
        _check_fits(start, dt, structure)
        machine = Machine(assembly, edges, start.start, dt, start.seed, interpolated)
        restore(machine, start.content, start.step)
    else:
        machine = Machine(assembly, edges, start, dt, seed, interpolated)
    first = machine.step if goes_on else 0
    last = first + n_steps
    records, counted = Records(machine, probes, first, last, folder, budget), Rates(machine, rates, first, last)
    looks = [*records.rows, *counted.rows]
    pieces: Pieces = [[] if keep is None or i in keep else None for i in range(len(machine.arrays))]
    span = (machine.start + first * dt, machine.start + last * dt)
    stop = Stop(reason="finished", message=f"reached t = {span[1]:g}")
    with Progress(name, span, progress) as line:
        line.say(records.told)
        try:
            if not goes_on:
                machine.begin(looks)
            for t in _chunks(machine, looks, last, chunk, pieces, threads):
                line.report(t)
                if machine.halt[0]:
                    stop = _blow_up(machine)
                    break
                if between is not None and between(t):
                    stop = Stop(reason="stopped", message=f"between= returned True at t = {t:g}")
                    break
        except KeyboardInterrupt:
            _collect(machine, pieces)
            t = machine.start + machine.step * dt
            stop = Stop(reason="interrupted", message=f"interrupted at t = {t:g}; start=run.final goes on from there")
    return _recording(machine, (records, counted), pieces, (first, stop), structure, name)


def structure_of(assembly: Assembly, edges: Sequence[Edges | None]) -> str:
    """Return a fingerprint of what must be the same for a run to go on from another one's end."""
    digest = hashlib.sha256()
    for cells in assembly.populations:
        system = getattr(cells, "system", None)
        digest.update(f"{cells.name} {cells.size} {'' if system is None else system.fingerprint}\n".encode())
    kept = {item.link for item in assembly.synapses}
    for number, (link, e) in enumerate(zip(assembly.links, edges, strict=True)):
        count = _pairs(link) if e is None else e.count
        digest.update(f"{link.name} {count} {link.source.first} {link.target.first}\n".encode())
        if number in kept and e is not None:  # states of edges belong to these edges
            digest.update(f"{zlib.crc32(e.first.data)} {zlib.crc32(e.target.data)}\n".encode())
    return digest.hexdigest()[:16]


def _pairs(link: Link) -> int:
    """Return the number of connections of all to all, of which none is stored."""
    source, target = link.source, link.target
    own = 0
    if source.population == target.population and link.connect is not None and not link.connect.autapses:
        own = max(0, min(source.last, target.last) - max(source.first, target.first))
    return source.size * target.size - own


def _check_fits(start: NetworkState, dt: float, structure: str) -> None:
    if start.dt != dt:
        raise ValueError(f"the run that is to go on has dt = {start.dt:g}, this one {dt:g}: they must be the same")
    if start.structure != structure:
        raise ValueError("start= comes from a network with other populations, equations or connections")


def _chunks(
    machine: Machine,
    looks: Sequence[np.ndarray],
    last: int,
    chunk: int | None,
    pieces: Pieces,
    threads: int,
) -> Iterator[float]:
    """Carry out the run; yields the time after each chunk."""
    steps = chunk or FIRST_CHUNK
    with _at_work(machine, machine.program(looks), threads) as advance:
        while machine.step < last and not machine.halt[0]:
            begun, before = time.perf_counter(), machine.step
            advance(min(last, machine.step + steps))
            passed, done = time.perf_counter() - begun, machine.step - before
            _collect(machine, pieces)
            if chunk is None and done:
                steps = max(1, min(4 * steps, int(done * CHUNK / max(passed, 1e-9))))
            yield machine.start + machine.step * machine.dt


@contextmanager
def _at_work(machine: Machine, program: np.ndarray, threads: int) -> Iterator[Callable[[int], int]]:
    """Provide the function that carries out steps up to a given one, on as many threads as wanted."""
    if threads == 1 or numba.config.DISABLE_JIT:  # without compiled code there is nobody to meet
        yield lambda last: machine.advance(last, program)
        return
    from dynana.simulation.network_threads import Team  # compiles what one thread does not need

    team = Team(machine, program, threads)
    try:
        yield team.advance
    finally:
        team.close()


def _collect(machine: Machine, pieces: Pieces) -> None:
    for piece, found in zip(pieces, machine.drain(), strict=True):
        if piece is not None and found[0].size:
            piece.append(found)


def _blow_up(machine: Machine) -> Stop:
    population, cell, state = machine.not_finite()
    high = machine.start + machine.step * machine.dt
    low = machine.start + max(machine.step - WATCH, 0) * machine.dt
    methods = [a.module.METHOD for a in machine.arrays if isinstance(a, PopulationArrays)]
    other = "" if set(methods) == {"rk4"} else ", or method='rk4'"
    return Stop(
        reason="blow-up",
        message=f"{state} of cell {cell} of {population} is not finite any more, since a time "
        f"between t = {low:g} and {high:g}. A shorter dt may help{other}; if not, look at the equations.",
    )


def _recording(
    machine: Machine,
    looks: tuple[Records, Rates],
    pieces: Pieces,
    ending: tuple[int, Stop],
    structure: str,
    name: str,
) -> Recording:
    first, stop = ending
    last = max(machine.step, first)
    start, dt = machine.start, machine.dt
    span = (start + first * dt, start + last * dt)
    spikes = {}
    for i, (cells, piece) in enumerate(zip(machine.assembly.populations, pieces, strict=True)):
        if piece is None:
            continue
        found = np.concatenate([log for log, _ in piece]) if piece else np.zeros(0, np.int64)
        early = np.concatenate([e for _, e in piece]) if piece and i in machine.early else None
        if early is not None:
            early[found >> CELL_BITS == 0] = 0.0  # what jumps at the start does so in no step
            order = np.lexsort((-early, found >> CELL_BITS))
            found, early = found[order], early[order]
        if found.size or (cells.size and getattr(cells, "spikes", True)):
            spikes[cells.name] = Spikes(
                population=cells.name,
                size=cells.size,
                cell=(found & ((1 << CELL_BITS) - 1)).astype(np.uint32),
                step=found >> CELL_BITS,
                start=start,
                dt=dt,
                span=span,
                time_unit=machine.assembly.time,
                early=early,
            )
    populations = zip(machine.assembly.populations, machine.arrays, strict=True)
    return Recording(
        network=name,
        time_unit=machine.assembly.time,
        sizes={cells.name: cells.size for cells in machine.assembly.populations},
        span=span,
        dt=dt,
        spikes=spikes,
        recorded=looks[0].results(last),
        rates=looks[1].results(last),
        methods={c.name: a.module.METHOD for c, a in populations if isinstance(a, PopulationArrays)},
        seed=machine.seed,
        final=NetworkState(
            step=last, start=start, dt=dt, seed=machine.seed, structure=structure, content=content_of(machine)
        ),
        stop=stop,
    )
