"""Networks by size: bytes of synapses, construction, growth, dense coupling, cells without coupling, two threads.

Run on request: ``pytest tests/benchmarks/test_network_size.py -s``.
"""

import json
import os
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from dynana.definition.assembling import assembled
from dynana.models import exponential, hodgkin_huxley, linear, stdp
from dynana.models.networks import brunel, tanh_unit
from dynana.simulation.network_machine import Machine
from dynana.simulation.network_run import run_assembly
from dynana.simulation.network_values import connected, realised

from . import dense_rates, network_models
from .growing_network import network
from .test_ensembles import limit as hodgkin_huxley_by_hand

DT = 0.1

#: Bytes of a synapse that may be spent beside its own 2 or 4: rows of pointers, cells, logs.
BESIDE = 0.2
PLASTIC_BYTES = 24.0

#: Cells of the table; each has 1000 incoming synapses. 10^5.5 cells take 1.3 GB.
SIZES = (1_000, 3_162, 10_000, 31_623, 100_000, 316_228)
SYNAPSES, DURATION = 1000, 200.0
#: Memory while edges are drawn, relative to theirs; and by how much a small process grows at the least.
PEAK, GRAIN = 1.5, 4e6

ROOT = Path(__file__).parents[2]

#: All wait for the 32 MB of the matrix, which pass through the core for every product: 29 GB/s where this was measured.
#: Passing through it forth and back finds what is still in the cache of the core.
DENSE_BOUND = 1.0

#: A Python with BrainPy.
BRAINPY = os.environ.get("DYNANA_BRAINPY_PYTHON", "")

#: Speed of two threads against one, where nothing else runs.
TWO_THREADS = {"cobahh": 1.5, "brunel": 1.35}
#: Load of the machine above which wall times say nothing about two threads.
IDLE = 0.3


def cpu(function):
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def memory(net):
    """Bytes of a network that is ready to run, and its synapses."""
    made = realised(assembled(net)[0], 1)
    tracemalloc.start()
    edges = connected(made, DT, 2)
    built, peak = tracemalloc.get_traced_memory()
    machine = Machine(made, edges, 0.0, DT, 1)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert machine.step == -1
    return edges[0].count, built, peak, used


@pytest.mark.parametrize(
    ("cells", "synapse", "most"),
    [(20_000, exponential, 2 + BESIDE), (80_000, exponential, 4 + BESIDE), (20_000, stdp, PLASTIC_BYTES + BESIDE)],
    ids=["static", "static, many targets", "plastic"],
)
def test_bytes_of_a_synapse(cells, synapse, most):
    given = {"w": dn.uniform(0.0, 1.0)} if synapse is stdp else {"w": 0.01}
    memory(network(cells, 2, synapse, **given))
    few, many = (memory(network(cells, n, synapse, **given)) for n in (50, 150))
    bytes_, built, peak = ((many[i] - few[i]) / (many[0] - few[0]) for i in (3, 1, 2))
    print(
        f"\n{cells} cells: {bytes_:.2f} bytes for each further synapse; built {built:.2f}, at most {peak:.2f} meanwhile"
    )
    assert bytes_ < most


def test_growing_networks():
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    print("\n   cells   synapses    built  bytes/synapse  most/final  process grows by  a second takes  each event")
    for cells in SIZES:
        if 2 * 4 * SYNAPSES * cells > available:
            print(f"{cells:8d} {SYNAPSES * cells:10d}   more than this machine has")
            continue
        command = [sys.executable, "-m", "tests.benchmarks.growing_network", str(cells), str(SYNAPSES), str(DURATION)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        found = json.loads(done.stdout)
        size = found["bytes"] / found["synapses"]
        print(
            f"{cells:8d} {found['synapses']:10d} {found['built']:6.2f} s  {size:13.2f}  "
            f"{found['grown'] / found['bytes']:10.2f}  {found['whole'] / 1e6:13.0f} MB  {found['second']:12.3f} s  "
            f"{1e9 * found['second'] / found['events']:7.2f} ns"
        )
        assert size < (2 if cells <= 2**16 else 4) + BESIDE
        assert found["grown"] < PEAK * found["bytes"] + GRAIN


def test_the_published_network_is_built_in_a_second():
    made = realised(assembled(brunel())[0], 1)
    connected(realised(assembled(brunel(scale=0.01))[0], 1), DT, 2)
    seconds = min(cpu(lambda: connected(made, DT, 2))[0] for _ in range(3))
    tracemalloc.start()
    edges = [e for e in connected(made, DT, 2) if e is not None]
    built, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    synapses = sum(e.count for e in edges)
    print(
        f"\n{synapses / 1e6:.1f} million synapses in {seconds:.2f} s (CPU), {built / synapses:.2f} bytes each, at most "
        f"{peak / built:.2f} times as much meanwhile"
    )
    assert synapses > 15.6e6 and seconds < 1.0 and peak < PEAK * built


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_dense_rates_beside_numpy_and_brainpy(method):
    steps, units = {"euler": 1000, "rk4": 250}[method], 2000
    matrix, start = dense_rates.drawn(units)
    rates = dn.Population("x", tanh_unit, units, start={"x": start})
    links = dn.Projection(rates, rates, linear, connect=dn.matrix(matrix.T))
    made = realised(assembled(dn.Network([rates], [links]))[0], 1)
    edges = connected(made, dense_rates.DT, 2)
    made = replace(made, populations=(replace(made.populations[0], method=method),))
    found = run_assembly(made, edges, dense_rates.FEW, dense_rates.DT, progress=False).final.content["x.states"]
    peers = {"numpy": sys.executable} | ({"brainpy": BRAINPY} if BRAINPY else {})
    seconds = {name: [] for name in ("ours", *peers)}
    for _ in range(5):
        setup = cpu(lambda: run_assembly(made, edges, 0, dense_rates.DT, progress=False))[0]
        seconds["ours"].append(cpu(lambda: run_assembly(made, edges, steps, dense_rates.DT, progress=False))[0] - setup)
        for name, python in peers.items():
            command = [python, dense_rates.__file__, name, method, str(units), str(steps)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            passed, state = map(float, done.stdout.split())
            assert state == pytest.approx(found.flat[0], rel=1e-10)
            seconds[name].append(passed)
    told = ", ".join(f"{name} {np.median(s):.3f} s (least {min(s):.3f})" for name, s in seconds.items())
    print(f"\ndense rates, {units} units, {steps} steps of {method}: {told} (CPU)")
    for name in peers:
        assert np.median(seconds["ours"]) < DENSE_BOUND * np.median(seconds[name])


def test_cells_without_coupling_beside_a_loop_by_hand():
    cells, dt, steps = 10_000, 0.05, 4000
    currents = np.linspace(0, 20, cells)
    net = dn.Network([dn.Population("E", hodgkin_huxley, cells, at={"I": currents})], [])
    made = realised(assembled(net)[0], 1)
    made = replace(made, populations=(replace(made.populations[0], method="exponential_euler"),))
    run_assembly(made, [], 1, dt, progress=False)
    hodgkin_huxley_by_hand(currents[:10], dt, 2)
    ours, loops = [], []
    for _ in range(4):
        ours.append(cpu(lambda: run_assembly(made, [], steps, dt, progress=False))[0])
        loops.append(cpu(lambda: hodgkin_huxley_by_hand(currents, dt, steps))[0])
    ratio, each = np.median(ours) / np.median(loops), 1e9 / steps / cells
    print(
        f"\n{cells} Hodgkin-Huxley cells: {each * np.median(ours):.2f} ns per cell and step, by hand "
        f"{each * np.median(loops):.2f}, ratio {ratio:.2f}"
    )
    assert ratio < 1.15


@pytest.mark.parametrize("name", TWO_THREADS)
def test_two_threads(name):
    model, steps = getattr(network_models, name)(), 10_000
    walls = {1: [], 2: []}
    for threads in walls:
        run_assembly(model.assembly, model.edges, 1, DT, progress=False, threads=threads)
    for _ in range(5):
        for threads, found in walls.items():
            begun = time.perf_counter()
            run_assembly(model.assembly, model.edges, 0, DT, progress=False, threads=threads)
            middle = time.perf_counter()
            run_assembly(model.assembly, model.edges, steps, DT, seed=1, progress=False, threads=threads)
            found.append(time.perf_counter() - middle - (middle - begun))
    gain, best = (f(walls[1]) / f(walls[2]) for f in (np.median, np.min))
    load = os.getloadavg()[0]
    print(f"\n{name}: two threads {gain:.2f} times as fast (median wall), {best:.2f} at best; load {load:.1f}")
    if load > 2 + IDLE or os.cpu_count() < 2:
        pytest.skip(f"the load of this machine is {load:.1f}: wall times of two threads say nothing")
    assert gain > TWO_THREADS[name]
