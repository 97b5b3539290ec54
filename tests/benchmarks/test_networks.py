"""Published benchmark networks beside hand-written loops in the same minute: CPU time of one second, one thread.

Run on request: ``pytest tests/benchmarks/test_networks.py -s``.
"""

import time

import numpy as np
import pytest

from dynana.simulation.network_run import run_assembly

from . import network_limits, network_models

DT, STEPS = 0.1, 10_000

#: Time of the loop, spikes recorded, relative to the limit kernel in the same minute. The goal is 1.15.
GOAL = 1.15

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
