"""Pictures of bifurcation diagrams, by what they contain."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from dynana.models import fitzhugh_nagumo, hodgkin_huxley, wong_wang
from dynana.plot import style
from dynana.plot.diagrams import PIECE
from dynana.results.diagram import stretches


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def excitable():
    """Hodgkin-Huxley: unstable cycles from the lower Hopf point, stable ones to the upper."""
    diagram = dn.continue_equilibria(hodgkin_huxley, "I", (-5, 170))
    branch = dn.continue_cycles(hodgkin_huxley, diagram.special_points("hopf")[0], "I", (-5, 170))
    return replace(diagram, cycle_branches=(branch,))


def drawn(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def test_solid_and_dashed_lines_meet_at_the_hopf_points():
    diagram = dn.continue_equilibria(fitzhugh_nagumo, "I", (-0.5, 2), ranges={"w": (-2, 4)})
    ax = dn.plot.bifurcation_diagram(diagram, y="v")
    lines = [line for line in ax.lines if line.get_label().endswith("equilibrium")]
    assert [line.get_label() for line in lines] == [f"{s} equilibrium" for s in ("stable", "unstable", "stable")]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-"]
    hopf = [p["I"] for p in diagram.special_points("hopf")]
    assert [line.get_xdata()[-1] for line in lines[:2]] == hopf
    assert [line.get_xdata()[0] for line in lines[1:]] == hopf
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["stable equilibrium", "unstable equilibrium", "Hopf"]
    assert ax.get_xlabel() == "$I$" and ax.get_ylabel() == "$v$"


def test_every_special_point_has_its_marker_and_all_points_are_drawn():
    diagram = dn.continue_equilibria(wong_wang.at(coh=0), "mu_0", (-30, 80))
    ax = plt.figure().add_subplot()
    assert dn.plot.bifurcation_diagram(diagram, ax, y="S2") is ax
    markers = [line for line in ax.lines if line.get_label() in ("fold", "branch point")]
    assert sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in markers) == sorted(
        (p["mu_0"], p["S2"]) for p in diagram.special
    )
    for branch in diagram.branches:
        parts = stretches(branch)
        covered = np.concatenate([np.arange(low, high) for low, high, _ in parts])
        assert set(covered.tolist()) == set(range(len(branch)))
        for low, high, stable in parts:
            assert np.all(branch.stable[low + 1 : high - 1] == stable)
    with pytest.raises(KeyError):
        dn.plot.bifurcation_diagram(diagram, y="S3")


def test_cycles_are_two_rows_of_circles_filled_where_stable(excitable):
    ax = dn.plot.bifurcation_diagram(excitable)
    branch = excitable.cycle_branches[0]
    for label, stable, face in (("stable cycle", True, style.BLUE), ("unstable cycle", False, "white")):
        lines = drawn(ax, label)
        assert {line.get_marker() for line in lines} == {"o"}
        assert {line.get_markerfacecolor() for line in lines} == {face}
        # every cycle that has this stability is on one of the lines, with its maximum and its minimum
        vertices = {place for line in lines for place in zip(*line.get_data(), strict=True)}
        located = [s.index for s in branch.special]  # neutral: the ends of both
        for i in np.setdiff1d(np.flatnonzero(branch.stable == stable), located):
            assert (branch.values[i], branch.maxima[i, 0]) in vertices
            assert (branch.values[i], branch.minima[i, 0]) in vertices
    # between I = 20 and the upper Hopf point there is no other cycle
    for line in drawn(ax, "unstable cycle"):
        assert np.all(line.get_xdata() < 10)


def test_markers_of_cycles_are_on_both_rows_and_their_legend_is_words(excitable):
    ax = dn.plot.bifurcation_diagram(excitable, y="n")
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    lines = ["stable equilibrium", "unstable equilibrium", "stable cycle", "unstable cycle"]
    assert sorted(texts[:4]) == sorted(lines)
    assert sorted(texts[4:]) == ["Hopf", "fold of cycles", "period doubling"]
    for kind in ("fold of cycles", "period doubling"):
        expected = [
            (s["I"], edge[3]) for s in excitable.special_points(kind) for edge in (s.cycle.maxima, s.cycle.minima)
        ]
        places = [(line.get_xdata()[0], line.get_ydata()[0]) for line in drawn(ax, kind)]
        np.testing.assert_allclose(sorted(places), sorted(expected), rtol=1e-12)
    assert sorted(line.get_xdata()[0] for line in drawn(ax, "Hopf")) == [
        s["I"] for s in excitable.special_points("hopf")
    ]


def test_circles_have_equal_distances_on_the_page(excitable):
    ax = dn.plot.bifurcation_diagram(excitable.cycle_branches[0])
    line = max(drawn(ax, "stable cycle"), key=lambda line: np.ptp(line.get_ydata()))
    assert isinstance(line.get_markevery()[1], float)
    on_page = line.get_path().vertices / np.array([np.ptp(line.get_xdata()), np.ptp(line.get_ydata())])
    assert np.abs(np.diff(on_page, axis=0)).max() <= PIECE * (1 + 1e-9)


def test_a_branch_alone_is_drawn(excitable):
    branch, cycles = excitable.branches[0], excitable.cycle_branches[0]
    assert len(drawn(dn.plot.bifurcation_diagram(branch), "Hopf")) == 2
    ax = dn.plot.bifurcation_diagram(cycles, legend=False)
    assert ax.get_legend() is None
    assert not drawn(ax, "stable equilibrium")
    assert {line.get_xdata()[0] for line in drawn(ax, "Hopf")} == {cycles.values[0], cycles.values[-1]}


@pytest.mark.parametrize(
    ("text", "printed"), [("uA/cm2", "µA/cm²"), ("ms", "ms"), ("1/ms", "1/ms"), ("ms/mV", "ms/mV"), ("um3", "µm³")]
)
def test_units_as_they_are_printed(text, printed):
    assert style.unit(text) == printed
    assert style.label("I_e", {"I_e": text}) == f"$I_{{e}}$ ({printed})" and style.label("I_e", {}) == "$I_{e}$"


def test_periods_and_frequencies(excitable):
    branch = excitable.cycle_branches[0]
    for frequency, values in ((False, branch.periods), (True, 1 / branch.periods)):
        ax = dn.plot.periods(excitable, frequency=frequency)
        vertices = {y for line in ax.lines for y in np.asarray(line.get_ydata()).tolist()}
        assert set(values.tolist()) <= vertices
        hopf = sorted(line.get_ydata()[0] for line in drawn(ax, "Hopf"))
        by_hand = sorted(s.period ** (-1 if frequency else 1) for s in excitable.special_points("hopf"))
        np.testing.assert_allclose(hopf, by_hand, rtol=1e-9)
    assert ax.get_ylabel() == "frequency (1/ms)" and ax.get_ylim()[0] == 0
    with pytest.raises(ValueError, match="no cycles in this diagram of hodgkin_huxley"):
        dn.plot.periods(replace(excitable, cycle_branches=()))


def test_periods_below_the_diagram_share_its_axis(excitable):
    above, below = dn.plot.bifurcation_diagram_with_periods(excitable, y="V")
    assert above.get_xlim() == below.get_xlim()
    assert above.get_ylabel() == "$V$ (mV)" and below.get_ylabel() == "period (ms)" and below.get_legend() is None


def test_the_colours_of_xppaut(excitable):
    ax = dn.plot.bifurcation_diagram(excitable, style="xpp")
    assert {line.get_color() for line in drawn(ax, "stable equilibrium")} == {"red"}
    assert {line.get_linestyle() for line in drawn(ax, "unstable equilibrium")} == {"-"}
    assert {line.get_markerfacecolor() for line in drawn(ax, "stable cycle")} == {"green"}
    assert {line.get_markerfacecolor() for line in drawn(ax, "unstable cycle")} == {"white"}
    with pytest.raises(TypeError, match="draws a Diagram, Branch or CycleBranch, got str"):
        dn.plot.bifurcation_diagram("hodgkin_huxley")
    with pytest.raises(ValueError, match="no style named 'xppp'; did you mean 'xpp'"):
        dn.plot.bifurcation_diagram(excitable, style="xppp")
