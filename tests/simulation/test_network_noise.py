"""Noise of the cells of a population: its statistics, and what it does not depend on."""

import ast
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

import dynana as dn

DT, TAU, SIGMA, CELLS = 0.5, 10.0, 0.8, 200


@dn.model(time="ms")
def memory(x=0.0, *, tau=TAU, sigma=SIGMA):
    """Ornstein-Uhlenbeck process."""
    return -x / tau, dn.Noise({x: sigma})


@dn.model(time="ms")
def walk(x=0.0, y=0.0, *, sigma=SIGMA):
    """Two Brownian motions, the first of which drives the second as well."""
    return 0 * x, 0 * y, dn.Noise({x: sigma, y: 0.5}), dn.Noise({y: 1.0})


def courses(system, name, steps=2000, **options):
    population = dn.Population("P", system, CELLS)
    run = dn.simulate(
        dn.Network([population], []), steps * DT, dt=DT, seed=3, record={"P": [name]}, progress=False, **options
    )
    return run["P", name]


@pytest.fixture(scope="module")
def wandering():
    return courses(memory, "x")


def test_the_spread_and_the_memory_are_exact_for_any_step(wandering) -> None:
    x = wandering[200:]  # ten time constants
    variance = SIGMA**2 * TAU / 2
    independent = CELLS * len(x) * DT / (2 * TAU)
    error = variance * np.sqrt(2 / independent)
    assert x.var() == pytest.approx(variance, abs=4 * error)
    assert (x[1:] * x[:-1]).mean() == pytest.approx(variance * np.exp(-DT / TAU), abs=4 * error)
    assert (x[20:] * x[:-20]).mean() == pytest.approx(variance * np.exp(-1), abs=4 * error)
    innovations = (x[1:] - np.exp(-DT / TAU) * x[:-1]) / np.sqrt(variance * (1 - np.exp(-2 * DT / TAU)))
    assert stats.kstest(innovations[::3].ravel(), "norm").pvalue > 1e-3


def test_cells_have_noise_of_their_own(wandering) -> None:
    steps = np.diff(wandering, axis=0)
    correlations = np.corrcoef(steps.T)[np.triu_indices(CELLS, 1)]
    assert np.abs(correlations).max() < 6 / np.sqrt(len(steps))
    assert correlations.std() == pytest.approx(1 / np.sqrt(len(steps)), rel=0.05)


def test_terms_that_two_states_share_correlate_them() -> None:
    x, y = (np.diff(courses(walk, name, steps=400), axis=0).ravel() for name in "xy")
    assert x.var() == pytest.approx(SIGMA**2 * DT, rel=0.02)
    assert y.var() == pytest.approx(1.25 * DT, rel=0.02)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(0.5 / np.sqrt(1.25), abs=0.02)


def test_neither_threads_nor_other_cells_nor_the_cut_of_a_run_change_the_noise(wandering) -> None:
    some = wandering[:301]
    assert np.array_equal(courses(memory, "x", steps=300, threads=2), some)
    assert np.array_equal(courses(memory, "x", steps=300, between=lambda t: None), some)
    first = dn.Population("P", memory, 10)
    run = dn.simulate(
        dn.Network([first, dn.Population("Q", memory, 50)], []), 20.0, dt=DT, seed=3, record={"P": ["x"]},
        progress=False,
    )  # fmt: skip
    assert np.array_equal(run["P", "x"], some[:41, :10])


WITHOUT_COMPILATION = """
import sympy as sp
import dynana as dn
V = sp.Symbol("V", real=True)
cell = dn.System({V: -V}, initial={V: 0.5}, noise=[dn.Noise({V: 1})], name="cell")
run = dn.simulate(dn.Network([dn.Population("A", cell, 2)], []), 1.0, dt=0.1, seed=1, record={"A": ["V"]})
print(run["A", "V"][-1].tolist())
"""


def test_noise_is_the_same_where_nothing_is_compiled() -> None:
    outputs = []
    for disabled in "01":
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", WITHOUT_COMPILATION]
        outputs.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert np.allclose(*(np.array(ast.literal_eval(text)) for text in outputs), rtol=1e-12, atol=0)
