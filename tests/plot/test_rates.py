"""Firing rates of cycles in diagrams, and beside those of runs."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

import dynana as dn
from dynana.models import lif, quadratic_if

RANGE = (15.0, 40.0)


@pytest.fixture(scope="module")
def branch():
    system = lif.at(t_ref=2.0)
    return dn.continue_cycles(system, dn.simulate(system.at(I=25.0), 300.0), "I", RANGE)


def rate(current):
    return 1000.0 / (2.0 + 10.0 * np.log((current + 5.0) / (current - 20.0)))


def test_rates_by_continuation_are_those_of_runs_and_of_the_formula(branch):
    inside = branch.values > 20.01
    np.testing.assert_allclose(1000.0 * branch.rates[inside], rate(branch.values[inside]), rtol=1e-9)
    curve = dn.fi_curve(lif.at(t_ref=2.0), "I", [22.0, 30.0, 38.0], duration=300.0, transient=100.0, sweep="up")
    np.testing.assert_allclose(curve["up"], np.interp(curve.values, branch.values, 1000.0 * branch.rates), rtol=5e-3)
    np.testing.assert_allclose(curve["up"], rate(curve.values), rtol=1e-5)
    ax = dn.plot.fi_curve(curve, branches=[branch])
    line = ax.lines[0]
    assert line.get_label() == "continued, stable" and line.get_linestyle() == "-"
    np.testing.assert_allclose(line.get_ydata(), 1000.0 * branch.rates)
    other = dn.fi_curve(quadratic_if, "I", [5.0, 6.0], duration=200.0, sweep="up")
    with pytest.raises(ValueError, match="those of quadratic_if over I, the branch is one of lif over I"):
        dn.plot.fi_curve(other, branches=[branch])
    plt.close("all")


def test_diagrams_with_rates():
    diagram = dn.bifurcation_diagram(lif, "I", RANGE)
    ax = dn.plot.bifurcation_diagram(diagram, y="rate")
    assert ax.get_ylabel() == "rate (Hz)"
    heights = np.concatenate([line.get_ydata() for line in ax.lines])
    assert heights.min() == 0.0 and 80.0 < heights.max() < 110.0
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "equilibrium on the threshold" in labels
    plt.close("all")
    with pytest.raises(KeyError, match="rate"):
        dn.plot.bifurcation_diagram(diagram, y="rates")
