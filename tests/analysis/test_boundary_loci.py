"""Curves of equilibria that touch a threshold or lie on a switch, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.models import fitzhugh_nagumo, lif
from tests.analysis.test_kinked_cycles import mckean

LIF = lif.at(t_ref=0.0, R=10.0, V_th=15.0, tau=20.0)


@dn.model(ranges={"V": (-2, 2), "w": (-2, 2)})
def resonator(V=0.0, w=0.0, *, I=0.0, a=0.2, b=1.0, c=0.5, V_th=0.5):
    """A cubic neuron with a threshold: at V = V_th, w = b V_th/c and I = w - a V_th + V_th^3."""
    return a * V - V**3 - w + I, b * V - c * w, dn.Jump(when=V > V_th, to={V: -0.5, w: w + 0.1})


@pytest.fixture(scope="module")
def touching():
    label = dn.continue_equilibria(resonator, "I", (-1, 2), values={"V": [0.5, 0.1]}).special_points("label")
    return sorted(label, key=lambda point: -point["V"])


@pytest.mark.parametrize("second, extent", [("V_th", (2.0, 40.0)), ("R", (2.0, 40.0)), ("V_rest", (-10.0, 10.0))])
def test_the_onset_of_the_leaky_neuron(second, extent):
    """The equilibrium V_rest + R I is at the threshold."""
    branch = dn.continue_cycles(LIF, dn.simulate(LIF.at(I=2.0), 300.0), "I", (1.0, 3.0))
    (point,) = branch.special_points("boundary equilibrium")
    locus = dn.continue_locus(LIF, point, ("I", second), ranges={"I": (0.5, 3.0), second: extent})
    assert locus.kind == "boundary equilibrium" and [stop.reason for stop in locus.stops] == ["end of range"] * 2
    values = {name: LIF.values[name] for name in ("V_rest", "R", "V_th")} | {second: locus[second]}
    np.testing.assert_allclose(values["V_rest"] + values["R"] * locus["I"], values["V_th"], rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(locus["V"], values["V_th"], rtol=0.0, atol=1e-10)
    assert not locus["unstable"].any() and len(locus) > 10


def test_folds_and_hopf_points_on_the_threshold(touching):
    ranges = {"I": (-1.0, 2.0), "a": (0.0, 3.0)}
    locus = dn.continue_locus(resonator, touching[0], ("I", "a"), kind="boundary equilibrium", ranges=ranges)
    np.testing.assert_allclose(locus["I"], 0.5 * (2.0 - locus["a"]) + 0.125, rtol=0.0, atol=1e-14)
    (hopf,), (fold,) = locus.special_points("hopf"), locus.special_points("fold")
    assert [hopf["I"], hopf["a"]] == pytest.approx([0.5, 1.25], abs=1e-12)  # a - 3 V^2 = c
    assert [fold["I"], fold["a"]] == pytest.approx([-0.25, 2.75], abs=1e-12)  # a - 3 V^2 = b/c
    assert hopf.converged and fold.converged
    np.testing.assert_array_equal(np.unique(locus["unstable"]), [0.0, 1.0, 2.0])
    crossing = dn.continue_locus(resonator, fold, ("I", "a"), ranges=ranges)
    assert crossing.kind == "fold" and len(crossing.special_points("cusp")) == 1


def test_equilibria_on_switches():
    """McKean's cubic has its corners at v = a/2 and v = (1 + a)/2, where w = v/gamma balances it."""
    branch = dn.continue_cycles(mckean, dn.simulate(mckean, 200.0, progress=False), "I", (0, 2))
    ends = sorted(branch.special_points("boundary equilibrium"), key=lambda point: point["I"])
    for end, current in zip(ends, (lambda a: 1.5 * a, lambda a: (1 + a) - (1 - a) / 2), strict=True):
        locus = dn.continue_locus(mckean, end, ("I", "a"), ranges={"I": (-1, 3), "a": (0.01, 0.9)})
        np.testing.assert_allclose(locus["I"], current(locus["a"]), rtol=0.0, atol=1e-14)
        assert np.ptp(locus["a"]) > 0.88


def test_what_is_refused(touching):
    with pytest.raises(dn.ConvergenceError, match="no curve of boundary equilibria through the start"):
        dn.continue_locus(resonator, touching[1], ("I", "a"), kind="boundary equilibrium")
    with pytest.raises(ValueError, match="does not enter the equations"):
        dn.continue_locus(resonator, touching[0], ("I", "V_th"), kind="fold")
    label = dn.continue_equilibria(fitzhugh_nagumo, "I", (0, 1), values={"I": [0.1]}).special_points("label")[0]
    with pytest.raises(ValueError, match="has no boundary equilibria: it has neither jumps, whose thresholds"):
        dn.continue_locus(fitzhugh_nagumo, label, ("I", "a"), kind="boundary equilibrium")
