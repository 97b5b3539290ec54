"""Pictures of limit cycles, by what they contain."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from dynana.models import hopf_normal_form
from dynana.plot.cycles import NAMED


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def circles():
    """Circles of radius sqrt(mu), period 2 pi."""
    hopf = dn.continue_equilibria(hopf_normal_form, "mu", (-1, 1)).special_points("hopf")[0]
    return dn.continue_cycles(hopf_normal_form, hopf, "mu", (-1, 1), values={"mu": [0.25, 0.5]})


def test_cycles_of_the_normal_form_are_circles(circles):
    labelled = [s.cycle for s in circles.special_points("label")]
    ax = dn.plot.cycles(labelled)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [r"$\mu$ = 0.25", r"$\mu$ = 0.5"]
    for line, radius in zip(ax.lines, (0.5, 0.5**0.5), strict=True):
        np.testing.assert_allclose(np.hypot(*line.get_data()), radius, rtol=1e-6)
        np.testing.assert_allclose(line.get_xydata()[0], line.get_xydata()[-1], atol=1e-9)
    assert ax.get_xlabel() == "$x$" and ax.get_ylabel() == "$y$"


def test_a_branch_has_colours_and_a_bar_and_no_line_for_its_hopf_point(circles):
    assert len(circles.cycles) > NAMED
    ax = dn.plot.cycles(circles, x="y", y="x")
    assert ax.get_legend() is None
    assert len(ax.lines) == len(circles.cycles) - 1
    bar = [other for other in ax.figure.axes if other is not ax]
    assert [b.get_ylabel() for b in bar] == [r"$\mu$"]
    assert len({line.get_color() for line in ax.lines}) > NAMED


def test_traces_have_their_largest_value_in_the_middle_of_one_period(circles):
    ax = dn.plot.cycle_traces([s.cycle for s in circles.special_points("label")], y="y")
    for line, radius in zip(ax.lines, (0.5, 0.5**0.5), strict=True):
        t, y = line.get_data()
        assert np.all(np.diff(t) > 0) and t[-1] - t[0] == pytest.approx(2 * np.pi)
        np.testing.assert_allclose(y, radius * np.cos(t), atol=0.02 * radius)  # the peak is one of the fine times
    assert ax.get_xlabel() == "time from the largest $y$"


def test_unstable_cycles_are_dashed_and_cycles_at_one_value_have_their_periods():
    unstable = hopf_normal_form.at(s=1.0)
    hopf = dn.continue_equilibria(unstable, "mu", (-1, 1)).special_points("hopf")[0]
    cycle = dn.continue_cycles(unstable, hopf, "mu", (-1, 1), values={"mu": [-0.5]}).special_points("label")[0].cycle
    ax = dn.plot.cycles(cycle)
    assert ax.lines[0].get_linestyle() == "--"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["period 6.2832"]
    assert dn.plot.cycles(replace(cycle, stable=True)).lines[0].get_linestyle() == "-"


def test_what_is_no_cycle_is_refused(circles):
    with pytest.raises(KeyError, match="z"):
        dn.plot.cycles(circles, x="z")
    with pytest.raises(KeyError, match="z"):
        dn.plot.cycle_traces(circles, y="z")
    with pytest.raises(ValueError, match="there is no cycle to draw"):
        dn.plot.cycles([])
    with pytest.raises(TypeError, match=r"branch.cycles\[i\].*got SpecialPoint"):
        dn.plot.cycles(circles.special)
    other = replace(circles.cycles[3], states=("a", "b"))
    with pytest.raises(ValueError, match="different systems"):
        dn.plot.cycles([circles.cycles[3], other])
