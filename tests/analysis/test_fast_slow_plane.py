"""Systems with two slow variables: closed forms of the theta neuron, Plant's cell, and normal forms of folds."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from dynana.analysis.fast_slow_folded import adjugate
from dynana.models import ermentrout_kopell, fitzhugh_rinzel


@pytest.fixture(scope="module")
def parabolic():
    return dn.fast_slow(ermentrout_kopell, ("x", "y"), progress=False)


@dn.model(ranges={"x": (-2.0, 2.0), "y": (-1.0, 2.0), "z": (-1.0, 1.0)})
def folded(x=0.45, y=0.2, z=-0.3, *, mu=0.2, eps=0.01, s=1.0):
    """Normal form of a folded node (Desroches et al. 2012, SIAM Rev. 54:211-288), a saddle for s = -1.

    On y = x^2 the slow flow is x' = -(mu + 1) x - z, z' = s mu x in a time of its own: eigenvalues with the sum
    -(mu + 1) and the product s mu, for s = 1 these are -1 and -mu.
    """
    return (y - x**2) / eps, -(mu + 1) * x - z, s * mu / 2


def near_fold(system):
    run = dn.simulate(system, 0.5)
    return dn.fast_slow(system, ("y", "z"), {"y": (-0.5, 1), "z": (-0.5, 0.5)}, orbit=run, progress=False)


def test_parabolic_burst_goes_round_a_loop_through_the_circle(parabolic):
    assert parabolic.kind == "circle/circle bursting (parabolic)"
    # the circle x^2 + y^2 = 1 meets the line I + a x + b y = 0, that is 2 x + y = 0.4, in (0.6, -0.8) and (-0.28, 0.96)
    for crossing in parabolic.crossings:
        exact = (0.6, -0.8) if crossing.onset else (-0.28, 0.96)
        assert crossing.kind == "snic"
        assert crossing.place == pytest.approx(exact, abs=1e-4)
    assert {c.onset for c in parabolic.crossings} == {True, False}
    assert parabolic.rhythm.period == pytest.approx(2 * math.pi / 0.002, rel=1e-3)
    assert "(0.6, -0.8)" in parabolic.reason and not parabolic.warnings


def test_folds_and_ends_of_cycles_lie_on_the_line(parabolic):
    (line,) = parabolic.folds
    assert 0.1 * line["x"] + 0.05 * line["y"] == pytest.approx(0.02, abs=1e-10)
    assert set(parabolic.ends) == {"snic"}
    places = parabolic.ends["snic"]
    assert len(places) == len(parabolic.levels)
    assert places @ [0.1, 0.05] == pytest.approx(0.02, abs=1e-5)


def test_periods_and_averaged_slow_flow_have_closed_forms(parabolic):
    frame = {name: column.to_numpy() for name, column in parabolic.to_dataframe().items()}
    g = -0.02 + 0.1 * frame["x"] + 0.05 * frame["y"]
    inside = g > 1e-3
    assert frame["period"][inside] == pytest.approx(math.pi / np.sqrt(g[inside]), rel=1e-6)
    # the slow oscillator does not see the spikes
    growth = 1 - frame["x"] ** 2 - frame["y"] ** 2
    assert frame["drift_x"] == pytest.approx(0.002 * (growth * frame["x"] - frame["y"]), abs=1e-12)
    assert frame["drift_y"] == pytest.approx(0.002 * (growth * frame["y"] + frame["x"]), abs=1e-12)


def test_spikes_of_the_angle_are_counted_where_it_passes_pi(parabolic):
    angle = parabolic.orbit.at(parabolic.rhythm.spikes)[:, 0]
    assert np.cos(angle) == pytest.approx(-1, abs=1e-8)


def test_equilibrium_of_the_full_system(parabolic):
    assert parabolic.rest
    for point in parabolic.rest:
        assert not point.stable
        assert point.point[1:] == pytest.approx([0, 0], abs=1e-9)


def test_folded_node():
    node = near_fold(folded.at(mu=0.15))
    (point,) = node.folded
    assert point.kind == "folded node"
    assert point.point == pytest.approx([0, 0, 0], abs=1e-8)
    assert point.ratio == pytest.approx(0.15, rel=1e-6)
    assert point.most_turns == 3  # 1.15 / 0.3
    assert any("folded node" in w and "up to 3 small turns" in w for w in node.warnings)
    (line,) = node.folds
    assert line["y"] == pytest.approx(0, abs=1e-10)


def test_folded_saddle_and_focus():
    (saddle,) = near_fold(folded.at(s=-1)).folded
    assert saddle.kind == "folded saddle" and math.isnan(saddle.ratio) and saddle.most_turns == 0
    # eigenvalues with the sum -1.2 and the product -0.2
    expected = np.sort(np.roots([1, 1.2, -0.2]))
    found = np.sort(saddle.eigenvalues.real)
    assert found / found[0] == pytest.approx(expected / expected[0], rel=1e-6)
    (focus,) = near_fold(folded.at(s=4)).folded  # 1.2^2 < 4 x 0.8
    assert focus.kind == "folded focus"


def test_adjugate_is_the_inverse_times_the_determinant_and_exists_where_that_is_zero():
    rng = np.random.default_rng(3)
    for n in (1, 2, 3, 5):
        matrix = rng.normal(size=(n, n))
        assert adjugate(matrix) == pytest.approx(np.linalg.det(matrix) * np.linalg.inv(matrix), rel=1e-9)
    assert adjugate(np.array([[1.0, 2.0], [2.0, 4.0]])) == pytest.approx(np.array([[4.0, -2.0], [-2.0, 1.0]]))


def test_saved_text_and_repr(parabolic, tmp_path):
    again = dn.load(parabolic.save(tmp_path / "plane.npz"))
    assert str(again) == str(parabolic) and repr(again) == repr(parabolic)
    text = str(parabolic)
    for part in (
        "curve of folds",
        "cycles end: snic",
        "spiking begins (snic)",
        "7 slices of the fast subsystem over x",
    ):
        assert part in text
    assert "e-6" not in text  # rounding is shown as zero
    assert "circle/circle" in repr(parabolic) and "folded" in repr(near_fold(folded).folded[0])


def test_pictures(parabolic):
    import matplotlib.pyplot as plt

    ax = dn.plot.fast_slow(parabolic)
    labels = set(ax.get_legend_handles_labels()[1])
    assert {"fold", "cycles end: SNIC", "orbit", "spikes", "spiking begins", "spiking ends"} <= labels
    space = dn.plot.critical_manifold(parabolic)
    assert space.get_zlabel() == r"$\theta$"
    with pytest.raises(KeyError, match="no fast state named 'x'"):
        dn.plot.critical_manifold(parabolic, z="x")
    with pytest.raises(ValueError, match="y= has no meaning for two slow variables"):
        dn.plot.fast_slow(parabolic, y="theta")
    plt.close("all")


def test_names_and_ranges_of_two_slow_variables():
    with pytest.raises(ValueError, match="slow= names one or two different states"):
        dn.fast_slow(fitzhugh_rinzel, ("y", "y"))
    with pytest.raises(ValueError, match="with two slow variables, range= is a mapping such as"):
        dn.fast_slow(fitzhugh_rinzel, ("w", "y"), (0, 1))
    with pytest.raises(ValueError, match="range=: no slow variable named 'v'"):
        dn.fast_slow(fitzhugh_rinzel, ("w", "y"), {"v": (0, 1)})
    with pytest.raises(ValueError, match="the range of 'y' is reversed"):
        dn.fast_slow(fitzhugh_rinzel, ("w", "y"), {"y": (1, 0)})
    with pytest.raises(dn.ModelError, match="no other states than 'v' and 'w': nothing fast is left"):
        dn.fast_slow(dn.models.fitzhugh_nagumo, ("v", "w"))


@dn.model(ranges={"V": (-3.0, 3.0), "y": (-40.0, 6.0)})
def tilted(V=-1.0, y=-4.0, z=2.0, w=0.0, *, r=0.004):
    """Hindmarsh and Rose's cell with a slow current w: its fast states see z - w only."""
    return y - V**3 + 3 * V**2 - z + w + 2, 1 - 5 * V**2 - y, r * (4 * (V + 1.6) - z), r * (0.1 * (V + 1) - 0.5 * w)


@pytest.mark.slow
def test_homoclinic_orbits_are_followed_in_the_slow_plane():
    square = dn.fast_slow(tilted, ("z", "w"), {"z": (0.5, 3.6), "w": (-0.3, 0.3)}, progress=False)
    assert square.kind == "fold/homoclinic bursting (square-wave)"
    reference = json.loads((Path(__file__).parents[1] / "reference" / "fast_slow.json").read_text(encoding="utf-8"))
    small = max(reference["continuation"]["cycles"], key=lambda s: s["period"])["parameters"]["z"]
    assert [curve.kind for curve in square.borders] == ["homoclinic", "homoclinic"]
    places = sorted(float((curve["z"] - curve["w"]).mean()) for curve in square.borders)
    assert places == pytest.approx([2.0856, small + 2], abs=1e-4)
    for curve in square.borders:  # exact in z - w, from one end of the plane to the other
        assert np.ptp(curve["z"] - curve["w"]) < 1e-9 and np.ptp(curve["w"]) == pytest.approx(0.6)
    ends = square.ends["homoclinic"] @ [1, -1]
    assert np.sort(ends) == pytest.approx(np.repeat(places, 7), abs=1e-6)
    met = [c for c in square.crossings if not c.onset]
    assert met and all(c.kind == "homoclinic" for c in met)
    assert [c.place @ [1, -1] for c in met] == pytest.approx([places[0]] * len(met), abs=1e-6)
    assert "curve of homoclinic orbits" in str(square)
    import matplotlib.pyplot as plt

    labels = dn.plot.fast_slow(square).get_legend_handles_labels()[1]
    assert any("homoclinic" in label and "cycles end" not in label for label in labels)
    plt.close("all")
