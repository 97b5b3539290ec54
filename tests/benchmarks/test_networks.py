"""Published benchmark networks beside hand-written loops in the same minute: CPU time of one second, one thread.

Run on request: ``pytest tests/benchmarks/test_networks.py -s``.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dynana.simulation.network_run import run_assembly

from . import network_limits, network_models

DT, STEPS = 0.1, 10_000

#: Time of the loop, spikes recorded, relative to the limit kernel in the same minute. The goal is 1.15.
GOAL = 1.15

#: The goals where the loop by hand does less: plastic synapses are clipped on both sides, there on one; the decision
#: network has a summed state in each cell, there one number for a group, and Rosenbrock's derivative of the magnesium
#: block, there taken as fixed. Measured 0.92 to 1.07, and 1.15 to 1.25 for the decision network in full size, 1.20 to
#: 1.32 for 400 cells, for which the issue has no goal. The loops by hand are compiled as numba does; where its vectors
#: are half as wide as those of operations of networks, they would take a tenth to a sixth less with the same width.
PLASTIC_BOUND, DECISION_BOUNDS = 1.25, {1: 1.25, 5: 1.45}

#: Seeds over which the decision network is compared with the loop by hand, and the largest difference of mean rates:
#: standard errors (Welch), beside one per cent.
DECISIONS, STANDARD_ERRORS, SHARE = 12, 3.0, 0.01

REPEATS = {"cuba": 7, "coba": 7, "cobahh": 4, "brunel": 4}


def cpu(function) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def ours(model, steps):
    return run_assembly(model.assembly, model.edges, steps, DT, seed=1, progress=False)


@pytest.mark.parametrize("name", REPEATS)
def test_networks_run_at_the_speed_of_a_loop_by_hand(name):
    model, limit = getattr(network_models, name)(), getattr(network_limits, name)
    extra = (network_limits.poisson_table(2.0),) if name == "brunel" else ()
    n_e = 10_000 if name == "brunel" else network_models.E_CELLS
    cells = model.start.shape[1]
    counts = np.zeros(cells, np.int64)

    def by_hand(steps):
        counts[:] = 0
        limit(steps, model.first, model.target, n_e, model.start.copy(), np.zeros(cells, np.int32), counts, *extra)

    by_hand(1)
    ours(model, 1)
    runs, loops = [], []
    for _ in range(REPEATS[name]):
        loops.append(cpu(lambda: by_hand(STEPS)))
        built = cpu(lambda: ours(model, 0))
        runs.append(cpu(lambda: ours(model, STEPS)) - built)
    recording = ours(model, STEPS)
    rate = sum(map(len, recording.spikes.values())) / cells
    ratio = float(np.median(runs) / np.median(loops))
    print(
        f"\n{name}: {1e3 * np.median(runs):.1f} ms, by hand {1e3 * np.median(loops):.1f} ms, ratio {ratio:.2f} "
        f"({1e9 * np.median(runs) / STEPS / cells:.2f} ns per cell and step; {rate:.2f} Hz, by hand "
        f"{counts.mean():.2f} Hz)"
    )
    assert ratio < GOAL


def test_plastic_synapses():
    model, table = network_models.stdp(), network_limits.poisson_table(0.18)
    cells, counts = model.start.shape[1], np.zeros(model.start.shape[1], np.int64)
    w, *others = model.extra
    ending = []

    def by_hand(steps):
        counts[:] = 0
        free, weights = np.zeros(cells, np.int32), w.copy()
        network_limits.stdp(
            steps, model.first, model.target, 0, model.start.copy(), free, counts, table, weights, *others
        )
        ending[:] = [weights]

    by_hand(1)
    ours(model, 1)
    runs, loops = [], []
    for _ in range(4):
        loops.append(cpu(lambda: by_hand(STEPS)))
        built = cpu(lambda: ours(model, 0))
        runs.append(cpu(lambda: ours(model, STEPS)) - built)
    recording = ours(model, STEPS)
    mine = recording.final.content["plastic.w"]
    ratio = float(np.median(runs) / np.median(loops))
    print(
        f"\nstdp: {1e3 * np.median(runs):.1f} ms, by hand {1e3 * np.median(loops):.1f} ms, ratio {ratio:.2f} "
        f"({len(recording.spikes['cells']) / cells:.2f} Hz, by hand {counts.mean():.2f} Hz; mean weight "
        f"{mine.mean() / 0.3:.4f} of the largest, by hand {ending[0].mean() / 0.3:.4f})"
    )
    assert ratio < PLASTIC_BOUND


@pytest.mark.parametrize("scale", [5, 1])
def test_decision_network(scale):
    assembly, edges, (n_e, n_i, group, factor, rates) = network_models.decision(scale)
    table, counts = network_limits.poisson_table(2.4 * 0.05), np.zeros(4, np.int64)

    def by_hand(steps):
        network_limits.decision(steps, n_e, n_i, group, factor, rates, table, counts, np.uint64(1))

    def mine(steps):
        return run_assembly(assembly, edges, steps, 0.05, seed=1, progress=False)

    by_hand(1)
    mine(1)
    runs, loops, steps = [], [], 32_000
    for _ in range(4):
        loops.append(cpu(lambda: by_hand(steps)))
        built = cpu(lambda: mine(0))
        runs.append(cpu(lambda: mine(steps)) - built)
    ratio = float(np.median(runs) / np.median(loops))
    print(
        f"\ndecision network, {n_e + n_i} cells: {1e3 * np.median(runs):.1f} ms, by hand "
        f"{1e3 * np.median(loops):.1f} ms, ratio {ratio:.2f}"
    )
    assert ratio < DECISION_BOUNDS[scale]


@pytest.mark.parametrize("scale", [5, 1])
def test_decisions_are_those_of_the_loop_by_hand(scale):
    table, found = network_limits.poisson_table(2.4 * 0.05), np.zeros((2, DECISIONS, 4))
    for k in range(DECISIONS):
        assembly, edges, (n_e, n_i, group, factor, rates) = network_models.decision(scale, seed=k + 1)
        counts, sizes = np.zeros(4, np.int64), np.array([group, group, n_e - 2 * group, n_i])
        network_limits.decision(32_000, n_e, n_i, group, factor, rates, table, counts, np.uint64(k + 1))
        run = run_assembly(assembly, edges, 32_000, 0.05, seed=k + 1, progress=False)
        parts = np.histogram(run.spikes["E"].cell, [0, group, 2 * group, n_e])[0]
        found[:, k] = counts / sizes / 1.6, np.array([*parts, len(run.spikes["I"])]) / sizes / 1.6
    by_hand, mine = found.mean(axis=1)
    error = np.sqrt(found.var(axis=1, ddof=1).sum(axis=0) / DECISIONS)
    print(f"\ndecision network, scale {scale}: {mine.round(2)} Hz, by hand {by_hand.round(2)}, error {error.round(2)}")
    assert np.all(np.abs(mine - by_hand) < STANDARD_ERRORS * error + SHARE * by_hand)


#: CPU seconds of a whole process that builds CUBA from its description and simulates a second of it, with an empty and
#: with a warm cache. More than half of the latter is the import of numpy, sympy and numba, which is printed beside it:
#: other work on the machine makes all of them slower.
COLD, WARM = 2.5, 1.0

#: CPU seconds for sixteen populations of two models with an empty cache; the goal is 5.
MANY_COLD = 5.0

FIRST_SPIKE = """
import dynana as dn
from dynana.models.networks import cuba
print(dn.simulate(cuba(), 1000.0, dt=0.1, seed=1, progress=False).spikes["E"].t[0])
"""

SIXTEEN = """
import dynana as dn
from dynana.models import adex, exponential, lif
kinds = [lif.at(tau=20, V_rest=-49, V_th=-50, V_reset=-60, t_ref=5), adex.at(I=2.0)]
cells = [dn.Population(f"P{i}", kinds[i % 2], 200, start={"V": dn.uniform(-60, -50)}) for i in range(16)]
links = [
    dn.Projection(a, cells[(i + k) % 16], exponential.at(w=0.5, tau=5.0), connect=dn.probability(0.1))
    for i, a in enumerate(cells)
    for k in (0, 1, 5)
]
print(len(dn.simulate(dn.Network(cells, links), 100.0, dt=0.1, seed=1, progress=False).spikes["P0"]))
"""


def seconds_of(script, cache):
    """CPU seconds of a process of its own, which finds the bytecode of all modules as those of an installed package."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"DYNANA_CACHE_DIR": str(cache), "PYTHONPATH": path}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_time_to_first_spike(tmp_path):
    seconds_of(FIRST_SPIKE, tmp_path / "bytecode")
    cold = min(seconds_of(FIRST_SPIKE, tmp_path / str(n)) for n in range(2))
    warm = min(seconds_of(FIRST_SPIKE, tmp_path / "0") for _ in range(5))
    bare = min(seconds_of("import numpy, sympy, numba", tmp_path) for _ in range(5))
    print(
        f"\nwhole process: {cold:.2f} s with an empty cache, {warm:.2f} s with a warm one, of which numpy, sympy and "
        f"numba are imported in {bare:.2f} s (CPU)"
    )
    assert cold < COLD and warm < WARM


def test_many_populations_of_two_models_start_soon(tmp_path):
    seconds_of("import dynana.models.networks, dynana.simulation.networks", tmp_path / "bytecode")
    cold = seconds_of(SIXTEEN, tmp_path)
    warm = seconds_of(SIXTEEN, tmp_path)
    print(f"\nsixteen populations: {cold:.2f} s with an empty cache, {warm:.2f} s with a warm one (CPU)")
    assert cold < MANY_COLD
