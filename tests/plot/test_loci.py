"""Two-parameter diagrams."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from dynana.models import hodgkin_huxley, morris_lecar_snic


@pytest.fixture(scope="module")
def loci():
    special = dn.continue_equilibria(morris_lecar_snic, "I", (-100, 400)).special
    ranges = {"I": (-100, 200), "g_Ca": (1, 6)}
    return [dn.continue_locus(morris_lecar_snic, s, ("I", "g_Ca"), ranges=ranges) for s in special]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_curves_and_points_are_named_once(loci):
    ax = dn.plot.two_parameter_diagram(*loci, regions={"three equilibria": (0, 3.8), "rest": [(-80, 2), (150, 5)]})
    texts = [t.get_text() for t in ax.texts]
    assert sorted(t for t in texts if len(t) == 2) == ["BT", "CP", "GH", "GH"] and "three equilibria" in texts
    assert [t.get_position() for t in ax.texts if t.get_text() == "rest"] == [(-80, 2), (150, 5)]
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    points = {"BT: Bogdanov-Takens point", "CP: cusp", "GH: Bautin point"}
    assert legend[:3] == ["fold", "subcritical Hopf", "supercritical Hopf"] and set(legend[3:]) == points
    assert len(legend) == 6
    assert ax.get_xlabel() == "$I$ (µA/cm²)" and "Ca" in ax.get_ylabel() and "(mS/cm²)" in ax.get_ylabel()


def test_criticality_changes_at_bautin_points(loci):
    hopf = next(c for c in loci if c.kind == "hopf")
    ax = dn.plot.two_parameter_diagram(hopf)
    lines = {line.get_label(): line for line in ax.lines if line.get_label().endswith("Hopf")}
    assert lines["supercritical Hopf"].get_linestyle() == "-" and lines["subcritical Hopf"].get_linestyle() != "-"
    ends = lines["supercritical Hopf"].get_xydata()[[0, -1]]
    bautin = np.array([[s["I"], s["g_Ca"]] for s in hopf.special_points("bautin")])
    np.testing.assert_allclose(np.sort(ends, axis=0), np.sort(bautin, axis=0), rtol=1e-9)


def test_axes_can_be_swapped_and_given(loci):
    _, ax = plt.subplots()
    assert dn.plot.two_parameter_diagram(loci[0], ax=ax, x="g_Ca", legend=False) is ax
    assert ax.get_ylabel() == "$I$ (µA/cm²)" and ax.get_legend() is None
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), loci[0]["g_Ca"])
    assert dn.plot.two_parameter_diagram(loci[0], y="I").get_ylabel() == "$I$ (µA/cm²)"


def test_what_does_not_fit_is_refused(loci):
    with pytest.raises(ValueError, match="needs one Locus or more"):
        dn.plot.two_parameter_diagram()
    with pytest.raises(TypeError, match="draws Locus objects, got str"):
        dn.plot.two_parameter_diagram("fold")
    with pytest.raises(ValueError, match="no varied parameter named 'g_K'"):
        dn.plot.two_parameter_diagram(loci[0], x="g_K")
    with pytest.raises(ValueError, match="different parameters"):
        dn.plot.two_parameter_diagram(loci[0], x="I", y="I")
    hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")[0]
    other = dn.continue_locus(hodgkin_huxley, hopf, ("I", "g_K"))
    with pytest.raises(ValueError, match="one system and one pair of parameters"):
        dn.plot.two_parameter_diagram(loci[0], other)
