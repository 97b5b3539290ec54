"""Pictures of planes and flows, by what they contain."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import sympy as sp
from matplotlib.collections import LineCollection
from matplotlib.quiver import Quiver

import dynana as dn
from dynana.models import adex, exponential_if, fitzhugh_nagumo, hodgkin_huxley, wong_wang
from dynana.plot import style


@pytest.fixture(autouse=True)
def closed_figures():
    before = dict(mpl.rcParams)
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == before


@pytest.fixture(scope="module")
def decision():
    return dn.phase_portrait(wong_wang.at(mu_0=30, coh=0.512))


@pytest.fixture(scope="module")
def spiking():
    run = dn.simulate(adex.at(I=3), 100.0)
    return dn.phase_portrait(adex.at(I=2), V=(-75, -25), w=(-10, 30), trajectories=[run])


def labels(ax) -> dict[str, list]:
    found: dict[str, list] = {}
    for line in ax.lines:
        found.setdefault(line.get_label(), []).append(line)
    return found


def test_given_axes_are_used_and_returned(decision):
    before = set(plt.get_fignums())
    figure, ax = plt.subplots()
    assert dn.plot.phase_portrait(decision, ax) is ax
    assert set(plt.get_fignums()) - before == {figure.number}


def test_new_axes_carry_ranges_names_and_units(spiking):
    ax = dn.plot.phase_portrait(spiking)
    assert ax.get_xlim() == (-75, -25) and ax.get_ylim() == (-10, 30)
    assert ax.get_xlabel() == "$V$ (mV)" and ax.get_ylabel().startswith("$w$")


def test_nullclines_have_their_colours_and_labels(decision):
    ax = dn.plot.phase_portrait(decision, field="none")
    drawn = {line.get_color() for line in ax.lines if line.get_linewidth() == 2.0}
    assert drawn == set(style.NULLCLINES)
    texts = {text.get_text(): text.get_color() for text in ax.texts if text.get_text()}
    assert texts == {"$\\dot{S}_{1} = 0$": style.ORANGE, "$\\dot{S}_{2} = 0$": style.GREEN}
    for line, curve in zip([x for x in ax.lines if x.get_linewidth() == 2.0], decision.nullclines, strict=True):
        assert np.array_equal(line.get_xydata(), curve.points(), equal_nan=True)


def test_stability_shows_in_markers_and_dashes(decision):
    ax = dn.plot.phase_portrait(decision)
    markers = [line for line in ax.lines if line.get_marker() == "o" and line.get_linestyle() == "None"]
    assert len(markers) == 3
    saddle = [m for m in markers if m.get_fillstyle() == "left"]
    assert len(saddle) == 1
    assert tuple(saddle[0].get_xydata()[0]) == pytest.approx((0.2864701, 0.5673125), abs=1e-6)
    found = labels(ax)
    assert {line.get_linestyle() for line in found["separatrix (stable manifold)"]} == {"-"}
    assert {line.get_linestyle() for line in found["unstable manifold"]} == {"--"}
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(texts) == ["separatrix (stable manifold)", "unstable manifold"]


@pytest.mark.parametrize(
    ("how", "kind", "count"), [("streamlines", LineCollection, 1), ("arrows", Quiver, 1), ("none", Quiver, 0)]
)
def test_fields(decision, how, kind, count):
    ax = dn.plot.phase_portrait(decision, field=how)
    assert sum(isinstance(c, kind) for c in ax.collections) == count


def test_unknown_field_is_refused(decision):
    with pytest.raises(ValueError, match="did you mean 'arrows'"):
        dn.plot.phase_portrait(decision, field="arrow")


def test_threshold_reset_and_jumps_of_a_spiking_orbit(spiking):
    found = labels(dn.plot.phase_portrait(spiking))
    (threshold,), (reset,) = found["threshold"], found["reset"]
    assert np.all(threshold.get_xdata() == -30) and np.all(reset.get_xdata() == -68)
    assert threshold.get_linestyle() == reset.get_linestyle() == "--"
    (solid,) = found["trajectory"]
    x = solid.get_xdata()
    # solid pieces end at the cut-off and start again at the reset
    gaps = np.flatnonzero(np.isnan(x))
    assert len(gaps) == len(spiking.trajectories[0].jumps) > 0
    assert np.allclose(x[gaps - 1], -30, atol=1e-6) and np.allclose(x[gaps + 1], -68)


def test_virtual_point_is_a_square():
    portrait = dn.phase_portrait(adex.at(I=2, V_th=-50), V=(-75, -25), w=(-10, 30))
    ax = dn.plot.phase_portrait(portrait, field="none", legend=False)
    assert [line.get_marker() for line in ax.lines].count("s") == 1
    assert ax.get_legend() is None


def test_what_is_undecided_is_marked():
    @dn.model(ranges={"x": (-1, 1), "y": (-1, 1)})
    def double(x=0.5, y=0.0):
        return x**2 * (1 - y), x - y

    portrait = dn.phase_portrait(double)
    axes = dn.plot.phase_portrait(portrait)
    (mark,) = labels(axes)["fixed points undecided"]
    assert mark.get_marker() == "x" and np.allclose(mark.get_xydata(), 0.0, atol=1e-3)
    assert "fixed points undecided" in {text.get_text() for text in axes.get_legend().get_texts()}
    wide = replace(portrait.fixed_points, undecided=np.array([[[-0.5, 0.5], [0.1, 0.2]]]))
    (patch,) = dn.plot.phase_portrait(replace(portrait, fixed_points=wide)).patches
    assert patch.get_bbox().bounds == pytest.approx((-0.5, 0.1, 1.0, 0.1))
    flow = dn.flow_portrait(double.freeze("y"), x=(-1, 1))
    lines = dn.plot.flow_portrait(flow).lines
    (mark,) = [line for line in lines if line.get_marker() == "x"]
    arrows = sorted(float(line.get_xdata()[0]) for line in lines if line.get_marker() in ("<", ">"))
    assert arrows == pytest.approx([-0.5, 0.5], abs=1e-3)  # on both sides, not on the doubtful point
    assert np.allclose(mark.get_xydata(), 0.0, atol=1e-3)


def test_states_that_are_not_in_the_picture_are_named():
    portrait = dn.phase_portrait(hodgkin_huxley.at(I=10), V=(-80, 40), n=(0, 1), freeze={"h": 0.4})
    title = dn.plot.phase_portrait(portrait).get_legend().get_title().get_text()
    assert title == "m at its steady state; h frozen at 0.4"


def test_nullclines_alone():
    curves = dn.nullclines(fitzhugh_nagumo, v=(-2.5, 2.5), w=(-1, 2))
    ax = dn.plot.nullclines(curves, linewidth=3)
    assert len(ax.lines) == 2 and {line.get_linewidth() for line in ax.lines} == {3}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$v$", "$w$")


def test_empty_nullcline_is_drawn_without_label():
    x, y = sp.symbols("x y", real=True)
    portrait = dn.phase_portrait(dn.System({"x": 1 + x**2, "y": -y}, name="drift"), x=(-1, 1), y=(-1, 1))
    ax = dn.plot.phase_portrait(portrait)
    assert [t.get_text() for t in ax.texts if t.get_text()] == ["$\\dot{y} = 0$"]


def test_flow_portrait():
    x = sp.Symbol("x", real=True)
    flow = dn.flow_portrait(dn.System({"x": x - x**3}, name="pitchfork"), x=(-2, 2))
    ax = dn.plot.flow_portrait(flow)
    faces = {tuple(line.get_xdata()): line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"}
    assert faces == {(p.point[0],): style.BLACK if p.stable else "white" for p in flow.fixed_points}
    arrows = [(line.get_xdata()[0], line.get_marker()) for line in ax.lines if line.get_marker() in "<>"]
    assert arrows == [
        (pytest.approx(-1.5), ">"),
        (pytest.approx(-0.5), "<"),
        (pytest.approx(0.5), ">"),
        (pytest.approx(1.5), "<"),
    ]
    assert ax.get_ylabel() == "$\\dot{x}$"
    assert dn.plot.phase_portrait(flow).get_xlabel() == "$x$"


def test_runaway_does_not_hide_the_fixed_points():
    flow = dn.flow_portrait(exponential_if, V=(-75, -25))
    ax = dn.plot.flow_portrait(flow)
    assert ax.get_ylim()[1] < 10 < max(line[:, 1].max() for line in flow.lines)
    assert {"threshold", "reset"} <= set(labels(ax))


@pytest.mark.parametrize(
    ("name", "written"),
    [("V", "V"), ("S1", "S_{1}"), ("mu_0", "\\mu_{0}"), ("a_e", "a_{e}"),
     ("eps", "\\epsilon"), ("g_Na", "g_{\\mathrm{Na}}"),
     ("rate", "\\mathrm{rate}"), ("V_a_b", "V_{a,b}"), ("x_", "x"), ("tau_w", "\\tau_{w}")],
)  # fmt: skip
def test_names_as_mathematics(name, written):
    assert style.symbol(name) == written
    plt.figure().text(0, 0, f"${style.derivative(name)}$").get_window_extent()
