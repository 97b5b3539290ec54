"""Speed of Lyapunov exponents against a loop written by hand, of basins and of spike maps.

Processor time, since machines are shared; that of spike maps, which run in threads, is shared out to the cores.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

import numba
import numpy as np

import dynana as dn
from dynana.analysis.reset_neuron import ResetNeuron
from dynana.models import adex_touboul_brette, lorenz, wong_wang

DURATION, DT = 10_000.0, 0.01

MOST_TIMES_BY_HAND = 1.3
"""Time of the spectrum relative to the loop by hand that stands below."""

MOST_SECONDS_OF_BASINS = 2.0
"""Processor time for 500 x 500 starts."""

MOST_SECONDS_OF_MAP = 0.05
"""For 1000 points of a spike map with their slopes, times right to 1e-10."""


@numba.njit
def slope(y: np.ndarray, q: np.ndarray, f: np.ndarray, g: np.ndarray) -> None:
    x, v, z = y[0], y[1], y[2]
    f[0], f[1], f[2] = 10.0 * (v - x), x * (28.0 - z) - v, x * v - 8 / 3 * z
    for j in range(3):
        a, b, c = q[0, j], q[1, j], q[2, j]
        g[0, j], g[1, j], g[2, j] = 10.0 * (b - a), (28.0 - z) * a - b - x * c, v * a + x * b - 8 / 3 * c


@numba.njit
def by_hand(steps: int, dt: float) -> np.ndarray:
    """The fastest of the forms that were tried: an array for each stage, no slices."""
    y, q, sums = np.ones(3), np.eye(3), np.zeros(3)
    f1, f2, f3, f4, y1 = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
    g1, g2, g3, g4, q1 = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3))
    for k in range(steps):
        slope(y, q, f1, g1)
        for i in range(3):
            y1[i] = y[i] + 0.5 * dt * f1[i]
            for j in range(3):
                q1[i, j] = q[i, j] + 0.5 * dt * g1[i, j]
        slope(y1, q1, f2, g2)
        for i in range(3):
            y1[i] = y[i] + 0.5 * dt * f2[i]
            for j in range(3):
                q1[i, j] = q[i, j] + 0.5 * dt * g2[i, j]
        slope(y1, q1, f3, g3)
        for i in range(3):
            y1[i] = y[i] + dt * f3[i]
            for j in range(3):
                q1[i, j] = q[i, j] + dt * g3[i, j]
        slope(y1, q1, f4, g4)
        for i in range(3):
            y[i] += dt / 6 * (f1[i] + 2 * f2[i] + 2 * f3[i] + f4[i])
            for j in range(3):
                q[i, j] += dt / 6 * (g1[i, j] + 2 * g2[i, j] + 2 * g3[i, j] + g4[i, j])
        if k % 10 == 9:
            for j in range(3):
                for m in range(j):
                    product = 0.0
                    for i in range(3):
                        product += q[i, j] * q[i, m]
                    for i in range(3):
                        q[i, j] -= product * q[i, m]
                total = 0.0
                for i in range(3):
                    total += q[i, j] ** 2
                length = math.sqrt(total)
                sums[j] += math.log(length)
                for i in range(3):
                    q[i, j] /= length
    return sums / (steps * dt)


def fastest(function: Callable[[], object], repeats: int = 5) -> float:
    function()
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        function()
        times.append(time.process_time() - begun)
    return min(times)


def test_spectrum_of_lorenz_against_a_loop_by_hand() -> None:
    ours = fastest(lambda: dn.lyapunov_exponents(lorenz, DURATION, transient=0.0, dt=DT, progress=False))
    hand = fastest(lambda: by_hand(round(DURATION / DT), DT))
    print(f"ours {ours:.4f} s, by hand {hand:.4f} s, ratio {ours / hand:.2f}")
    assert ours < MOST_TIMES_BY_HAND * hand


def test_basins_of_the_decision_model() -> None:
    model = wong_wang.at(mu_0=30, coh=0.1)
    seconds = fastest(lambda: dn.basins(model, S1=(0, 1), S2=(0, 1), size=500, progress=False), repeats=2)
    print(f"basins {seconds:.2f} s")
    assert seconds < MOST_SECONDS_OF_BASINS


def test_spike_map_of_a_thousand_points() -> None:
    neuron = ResetNeuron.of(adex_touboul_brette.at(V_reset=-48.5), None, {})
    neuron.longest = neuron.patience()
    w = np.linspace(200.0, 450.0, 1000)
    neuron.evaluate(w, 1)
    times, work = [], []
    for _ in range(9):
        begun, used = time.perf_counter(), time.process_time()
        made = neuron.evaluate(w, 1)
        times.append(time.perf_counter() - begun)
        work.append(time.process_time() - used)
    print(f"1000 points in {1e3 * min(times):.1f} ms, processor time {1e3 * min(work):.1f} ms")
    cores = os.cpu_count() or 1
    assert np.isfinite(made.image).all() and min(work) / cores < MOST_SECONDS_OF_MAP
