"""What a run needs to go on from where another one ended, by names: values of parameters may differ meanwhile.

States, refractory times and clocks of cells are kept by name and not as they lie in memory, since the layout of the
blocks depends on which parameters have a value for each cell or change during the run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dynana.numerics.signatures import BLOCK_WIDTH
from dynana.simulation.network_machine import Machine
from dynana.simulation.network_population import LONG_AGO, PopulationArrays
from dynana.simulation.network_sources import TrainArrays

Content = dict[str, np.ndarray]

#: Arrays of which only the beginning is in use: spikes, and what they carry.
LOGS = ("log", "amounts")


def content_of(machine: Machine) -> Content:
    """Return copies of everything that a later run needs to go on, the logs no longer than they are."""
    content: Content = {}
    for i, (cells, arrays) in enumerate(zip(machine.assembly.populations, machine.arrays, strict=True)):
        count, length = int(arrays.memory["counts"][0]), arrays.memory["log"].size
        found = {n: a for n, a in arrays.memory.items() if n not in ("y", "live", "next")}
        for name, array in found.items():
            found[name] = (array.reshape(-1, length)[:, :count] if name in LOGS else array).copy()
        if isinstance(arrays, PopulationArrays):
            found |= _rows(machine, i, arrays)
        content |= {f"{cells.name}.{n}": a for n, a in found.items()}
    for synapse in machine.synapses:
        content |= {f"{synapse.link.name}.{name}": array.copy() for name, array in synapse.memory.items()}
    return content


def _rows(machine: Machine, i: int, arrays: PopulationArrays) -> Content:
    """Return the rows of the blocks of a population that change during a run."""
    module, size = arrays.module, arrays.size
    nothing = np.zeros(size)
    found = {
        "states": np.array([arrays.state(k) for k in range(len(arrays.system.states))]),
        "releases": np.array([arrays.state(k) for k in module.RELEASES if k >= 0]).reshape(-1, size),
        "latches": np.array([arrays.state(k) if k >= 0 else nothing for k in module.LATCHES]).reshape(-1, size),
        "clock": arrays.state(module.CLOCK) if module.CLOCK >= 0 else np.full(size, LONG_AGO),
    }
    for (population, name), _ in machine.couplings.received.items():
        if population == i and name in arrays.form.rows:
            found[f"at.{name}"] = arrays.state(module.PARAMETERS + arrays.form.rows.index(name))
        elif population == i:
            found[f"at.{name}"] = arrays.memory["live"][[arrays.form.live.index(name)]]
    return found


def restore(machine: Machine, content: Mapping[str, np.ndarray], step: int) -> None:
    """Go on from what `content_of` returned after a number of steps.

    Parameters that nothing changes during the run keep the values that the network has now.

    Raises
    ------
    ValueError
        If it comes from a network of another structure, or with other delays.
    """
    for i, (cells, arrays) in enumerate(zip(machine.assembly.populations, machine.arrays, strict=True)):
        length = arrays.memory["log"].size
        for name, array in arrays.memory.items():
            if name not in ("y", "live", "next"):
                lines = array.reshape(-1, length) if name in LOGS else array
                given = content.get(f"{cells.name}.{name}")
                _put(lines, given, f"{name!r} of population {cells.name!r}", prefix=name in LOGS)
        if isinstance(arrays, TrainArrays):
            arrays.memory["next"][0] = np.searchsorted(arrays.steps, step, side="right")
        else:
            own = {n.removeprefix(f"{cells.name}."): a for n, a in content.items() if n.startswith(f"{cells.name}.")}
            _put_rows(machine, i, arrays, own)
    for synapse in machine.synapses:
        for name, array in synapse.memory.items():
            given = content.get(f"{synapse.link.name}.{name}")
            _put(array, given, f"{name!r} of projection {synapse.link.name!r}")
    machine.goes_on(step)


def _put_rows(machine: Machine, i: int, arrays: PopulationArrays, content: Mapping[str, np.ndarray]) -> None:
    module = arrays.module
    blocks = arrays.memory["y"].reshape(arrays.blocks, -1, BLOCK_WIDTH)

    def fill(row: int, values: np.ndarray, padding: float | None = None) -> None:
        line = np.empty(arrays.stride)
        line[: arrays.size] = values
        line[arrays.size :] = values[-1] if padding is None else padding
        blocks[:, row] = line.reshape(arrays.blocks, BLOCK_WIDTH)

    def held(name: str, rows: int) -> np.ndarray:
        given = content.get(name)
        if given is None or given.reshape(-1, arrays.size).shape[0] != rows:
            raise _misfit(f"{name!r} of population {arrays.cells.name!r}")
        return given.reshape(-1, arrays.size)

    releases = [k for k in module.RELEASES if k >= 0]
    for row, values in enumerate(held("states", len(arrays.system.states))):
        fill(row, values)
    for row, values in zip(releases, held("releases", len(releases)), strict=True):
        fill(row, values, np.inf)  # the cells that fill up the last block never jump
    for row, values in zip(module.LATCHES, held("latches", len(module.LATCHES)), strict=True):
        if row >= 0:
            fill(row, values)
    if module.CLOCK >= 0:
        fill(module.CLOCK, held("clock", 1)[0])
    for (population, name), _ in machine.couplings.received.items():
        given = content.get(f"at.{name}")
        if population != i or given is None:
            continue
        if name in arrays.form.live:
            arrays.memory["live"][arrays.form.live.index(name)] = given[0]
        else:
            row = module.PARAMETERS + arrays.form.rows.index(name)
            fill(row, np.where(_changing(machine, i, name), given, arrays.state(row)))


def _changing(machine: Machine, i: int, name: str) -> np.ndarray:
    """Return which cells of a population have a parameter changed during the run."""
    assembly, what = machine.assembly, machine.couplings.received[i, name]
    parts = [assembly.links[assembly.streams[k].link].target for k in what.streams]
    parts += [assembly.drives[k].target for k in what.drives]
    parts += [assembly.links[assembly.synapses[k].link].target for k, _ in what.sums]
    changing = np.zeros(machine.arrays[i].size, dtype=bool)
    for part in parts:
        changing[part.first : part.last] = True
    return changing


def _put(lines: np.ndarray, given: np.ndarray | None, what: str, prefix: bool = False) -> None:
    """Copy what another run ended with; with ``prefix`` to the beginning of each line, otherwise sizes are equal."""
    there = None if given is None else lines[..., : given.shape[-1]]
    if given is None or there is None or there.size != given.size or not (prefix or there.size == lines.size):
        raise _misfit(what)
    there[...] = given.reshape(there.shape)


def _misfit(what: str) -> ValueError:
    return ValueError(
        f"the run cannot go on from there: {what} does not fit. Sizes, equations, connections and delays must be those "
        "of the run that ended there; values of parameters may differ."
    )
