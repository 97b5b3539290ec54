"""Pictures of Floquet multipliers, by what they contain."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from tests.analysis import cycle_cases as known


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def branch():
    """A torus at mu = 0: the trivial multiplier, one of the circle, and a pair exp(2 pi (mu + i w))."""
    run = dn.simulate(known.turning.at(mu=-0.15), 80.0, max_step=0.1)
    return dn.continue_cycles(known.turning, run, "mu", (-0.2, 0.2))


def test_moduli_along_a_branch(branch):
    ax = dn.plot.multipliers(branch)
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert {"positive", "pair", "torus"} <= set(lines)
    pair, mu = lines["pair"].get_ydata(), lines["pair"].get_xdata()
    np.testing.assert_allclose(pair, 2 * np.pi * mu / np.log(10), atol=1e-7)
    assert lines["torus"].get_xdata() == pytest.approx(0, abs=1e-9) and lines["torus"].get_ydata() == [0]
    assert not any(np.allclose(line.get_ydata(), 0) for line in ax.lines[1:] if len(line.get_xdata()) > 2)
    assert ax.get_xlabel() == r"$\mu$" and "pair" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_the_unit_circle(branch):
    ax = dn.plot.multiplier_plane(branch)
    points = [np.hypot(line.get_xdata(), line.get_ydata()) for line in ax.lines if line.get_marker() == "o"]
    assert len(points) == len(branch) and all(p.shape == (3,) for p in points)
    largest = branch.log_moduli[-1, 0]
    assert points[-1].max() == pytest.approx(1 + largest / np.log(10))
    one = dn.plot.multiplier_plane(branch.cycles[0])
    inside = [np.hypot(line.get_xdata(), line.get_ydata()) for line in one.lines if line.get_marker() == "o"]
    assert len(inside) == 1 and inside[0].max() == pytest.approx(np.exp(branch.log_moduli[0, 1]))


def test_given_axes_are_used(branch):
    _, ax = plt.subplots()
    assert dn.plot.multipliers(branch, ax, legend=False) is ax and ax.get_legend() is None
    assert dn.plot.multiplier_plane(branch, ax) is ax
