"""10^4 Hodgkin-Huxley cells by exponential Euler: time per cell and step, beside the limit kernel and Brian2."""

import os
import subprocess
import time
from pathlib import Path

import numba
import numpy as np
import pytest

import dynana as dn
from dynana.models import hodgkin_huxley
from dynana.numerics.exponentials import _double

CELLS, DT, STEPS = 10_000, 0.05, 4000

#: The whole run, starts and results included, relative to the limit kernel in the same minute. Measured: 1.11 to 1.15
#: (7.3 to 7.6 ns where the limit kernel takes 6.6; the goal is 8), and up to 1.3 where a neighbour shares the core,
#: which slows our denser code but not the limit kernel's long chains of dependent operations.
GOAL = 1.4

REPEATS = 6


FAST = {"contract", "nnan", "ninf", "nsz", "arcp", "afn", "reassoc"}


@numba.njit(fastmath=FAST, forceinline=True, error_model="numpy")
def bare_exp(x):
    """exp(x) to 1e-14 for |x| < 708 with as few operations as that takes: degree 11, no regard to special values."""
    x = x if x > -708.0 else -708.0
    x = x if x < 708.0 else 708.0
    t = x * 1.4426950408889634
    k = np.int32(t + (0.5 if t > 0.0 else -0.5))
    r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10
    p = 1.0 / 39916800
    p = p * r + 1.0 / 3628800
    p = p * r + 1.0 / 362880
    p = p * r + 1.0 / 40320
    p = p * r + 1.0 / 5040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _double((np.int64(k) + 1023) << 52)


@numba.njit(fastmath=FAST, error_model="numpy")
def limit(currents, dt, n_steps):
    """The least that this model takes: constants for parameters, no 0/0, nothing recorded but the number of spikes."""
    width = 256
    counts = np.zeros(currents.size)
    s = np.empty((6, width))
    for block in range(0, currents.size, width):
        here = min(width, currents.size - block)
        for i in range(width):
            s[0, i] = -65.0
            s[1, i] = 0.0529
            s[2, i] = 0.5961
            s[3, i] = 0.3177
            s[4, i] = 0.0
            s[5, i] = currents[min(block + i, currents.size - 1)]
        for _ in range(n_steps):
            for i in range(width):
                v = s[0, i]
                am = 0.1 * (v + 40.0) / (1.0 - bare_exp(-(v + 40.0) / 10.0))
                bm = 4.0 * bare_exp(-(v + 65.0) / 18.0)
                ah = 0.07 * bare_exp(-(v + 65.0) / 20.0)
                bh = 1.0 / (1.0 + bare_exp(-(v + 35.0) / 10.0))
                an = 0.01 * (v + 55.0) / (1.0 - bare_exp(-(v + 55.0) / 10.0))
                bn = 0.125 * bare_exp(-(v + 65.0) / 80.0)
                m, h, n = s[1, i], s[2, i], s[3, i]
                g_na = 120.0 * m * m * m * h
                g_k = 36.0 * n * n * n * n
                g = g_na + g_k + 0.3
                rest = (s[5, i] + g_na * 50.0 - g_k * 77.0 - 0.3 * 54.387) / g
                new = rest + (v - rest) * bare_exp(-dt * g)
                q = am + bm
                s[1, i] = am / q + (m - am / q) * bare_exp(-dt * q)
                q = ah + bh
                s[2, i] = ah / q + (h - ah / q) * bare_exp(-dt * q)
                q = an + bn
                s[3, i] = an / q + (n - an / q) * bare_exp(-dt * q)
                s[4, i] += (1.0 if new > 0.0 else 0.0) * (1.0 if v <= 0.0 else 0.0)
                s[0, i] = new
        for i in range(here):
            counts[block + i] = s[4, i]
    return counts


def ensemble(n_steps=STEPS):
    return dn.simulate(
        hodgkin_huxley, n_steps * DT, method="exponential_euler", dt=DT,
        at={"I": np.linspace(0, 20, CELLS)}, crossings={"V": 0.0}, progress=False,
    )  # fmt: skip


def best_of(*runs):
    """Least processor time of each of some functions, in seconds, taken in turn: the machine may be busy otherwise."""
    times = []
    for _ in range(REPEATS):
        for run in runs:
            begun = time.process_time()
            run()
            times.append(time.process_time() - begun)
    return [min(times[k :: len(runs)]) for k in range(len(runs))]


def test_cells_per_second(capsys):
    currents = np.linspace(0, 20, CELLS)
    ensemble(2)
    limit(currents[:10], DT, 2)
    ours, bare = (t / (CELLS * STEPS) * 1e9 for t in best_of(ensemble, lambda: limit(currents, DT, STEPS)))
    with capsys.disabled():
        print(f"\nHH, exponential Euler, {CELLS} cells: {ours:.2f} ns per cell and step; "
              f"limit kernel {bare:.2f}; ratio {ours / bare:.2f}")  # fmt: skip
    assert np.array_equal(limit(currents, DT, STEPS) > 0, ensemble().counts() > 0)
    assert ours < GOAL * bare


def test_noise_per_second(capsys):
    @dn.model
    def leaky(V=0.0, *, I=1.0, tau=10.0):
        return (I - V) / tau, dn.Noise({V: 0.1})

    def run(n_steps):
        return dn.simulate(
            leaky, n_steps * DT, method="euler_maruyama", dt=DT, at={"I": np.linspace(0, 1, CELLS)}, seed=1
        )

    run(2)
    ours = best_of(lambda: run(STEPS))[0] / (CELLS * STEPS) * 1e9
    with capsys.disabled():
        print(f"\nLeaky integrator with noise, {CELLS} cells: {ours:.2f} ns per cell and step")


BRIAN2_PYTHON = "DYNANA_BRIAN2_PYTHON"
"""Environment variable that names a Python with Brian2, which needs an older numpy than we may have."""


def test_beside_brian2(capsys):
    if not (python := os.environ.get(BRIAN2_PYTHON)):
        pytest.skip(f"set {BRIAN2_PYTHON} to the interpreter of an environment with brian2 and cython")
    script = Path(__file__).with_name("brian2_cells.py")
    done = subprocess.run(
        [python, script, str(CELLS), str(DT), str(STEPS)], capture_output=True, text=True, cwd=script.parent
    )
    assert done.returncode == 0, done.stderr
    theirs = float(done.stdout.split()[-1]) / (CELLS * STEPS) * 1e9
    ensemble(2)
    ours = best_of(ensemble)[0] / (CELLS * STEPS) * 1e9
    with capsys.disabled():
        print(f"\nHH, {CELLS} cells: Brian2 {theirs:.1f} ns per cell and step, ours with set-up {ours:.1f}")
    assert ours < theirs
