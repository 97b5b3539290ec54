"""Curves of bifurcations of cycles with jumps in two parameters, against branches in one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

import dynana as dn
from dynana.models import generalized_if
from dynana.models.integrate_and_fire import adex_touboul_brette

RANGES = {"V_reset": (-55.0, -45.0), "b": (20.0, 150.0)}


@pytest.fixture(scope="module")
def regular():
    system = adex_touboul_brette
    return dn.continue_cycles(system, dn.simulate(system, 500.0), "V_reset", (-52.0, -47.0))


@pytest.fixture(scope="module")
def doubling(regular):
    return regular.special_points("period doubling")[0]


def test_a_curve_of_period_doublings(doubling):
    system = adex_touboul_brette
    locus = dn.continue_locus(system, doubling, ("V_reset", "b"), ranges=RANGES, values={"b": [100.0]})
    assert locus.kind == "period doubling"
    assert [stop.reason for stop in locus.stops] == ["end of range", "end of range"]
    point = locus.special_points("label")[0]
    assert point["b"] == pytest.approx(100.0, abs=1e-9)
    assert np.abs(point.eigenvalues + 1.0).min() < 1e-7
    there = system.at(V_reset=point["V_reset"], b=100.0)
    branch = dn.continue_cycles(there, point.cycle, "V_reset", RANGES["V_reset"])
    found = [p["V_reset"] for p in branch.special_points("period doubling")]
    assert min(abs(v - point["V_reset"]) for v in found) < 1e-8
    k = int(np.argmin(np.abs(locus.places[:, 1] - 80.0)))
    assert locus.periods[k] == pytest.approx(doubling.period, rel=0.1)


def test_a_curve_of_folds():
    system = adex_touboul_brette.at(V_reset=-47.75)
    branch = dn.continue_cycles(system, dn.simulate(system, 3000.0), "V_reset", (-48.2, -47.4))
    fold = branch.special_points("fold of cycles")[0]
    locus = dn.continue_locus(system, fold, ("V_reset", "b"), ranges=RANGES, values={"b": [90.0]})
    point = locus.special_points("label")[0]
    beside = system.at(V_reset=point["V_reset"], b=90.0)
    other = dn.continue_cycles(beside, point, "V_reset", (point["V_reset"] - 0.3, point["V_reset"] + 0.3))
    assert other.values.min() == pytest.approx(point["V_reset"], abs=1e-9)  # the branch turns there
    np.testing.assert_allclose(other.values[[0, -1]], point["V_reset"] + 0.3, rtol=1e-9)
    assert other.stable[0] != other.stable[-1]
    assert point.cycle.jumps == 3


def test_what_is_refused(doubling):
    label = replace(doubling, kind="label", code="UZ")
    names = "fold of cycles, period doubling, torus, grazing, switching, reset on nullcline"
    with pytest.raises(ValueError, match=f"of cycles with jumps, curves of {names} points are offered"):
        dn.continue_locus(adex_touboul_brette, label, ("V_reset", "b"), kind="branch point of cycles", ranges=RANGES)


@dn.model(ranges={"V": (-1, 1)})
def rebound(V=0.0, w=0.0, u=0.0, *, I=1.9, b=-2.086, c=0.2, tau_w=0.5, tau_u=4.0):
    """LIF neuron with two currents that spikes add to: one that excites, soon gone, and one that adapts."""
    return -V + I - w - u, -w / tau_w, -u / tau_u, dn.Jump(when=V > 1.0, to={V: 0.0, w: w + b, u: u + c})


def torus_point(T, c=0.2, tau=(0.5, 4.0)):
    """I, b and the angle at which the map of both currents at spikes has the determinant 1, for the period T.

    With T given, the condition that V reaches 1 and that on the determinant are linear in I and b.
    """
    tau = np.array(tau)
    e, leak = np.exp(-T / tau), np.exp(-T)
    k = (e - leak) / (1.0 - 1.0 / tau)  # how the currents after a spike lower V at the next one
    share, both = 1.0 / (1.0 - e), e.prod()
    first = [1.0 - leak, -share[0] * k[0]]
    second = [both - 1.0, share[0] * (-(both - 1.0) * e[0] - both * k[0] / tau[0])]
    right = [
        1.0 + c * share[1] * k[1],
        (both - 1.0) * (1.0 + c * share[1] * e[1]) + both * c * share[1] * k[1] / tau[1],
    ]
    I, b = np.linalg.solve([first, second], right)
    w = np.array([b, c]) * share
    derivative = np.diag(e) - np.outer(w * e / tau, k) / (I - 1.0 - w @ e)
    return I, b, abs(np.angle(np.linalg.eigvals(derivative)[0]))


@pytest.fixture(scope="module")
def tonic():
    return dn.continue_cycles(rebound, dn.simulate(rebound, 300.0), "I", (1.4, 2.5), values={"I": [2.4]})


@pytest.fixture(scope="module")
def torus(tonic):
    (point,) = tonic.special_points("torus")
    return dn.continue_locus(rebound, point, ("I", "b"), ranges={"I": (1.2, 3.5), "b": (-3.0, -1.5)})


def test_a_curve_of_torus_points_in_closed_form(torus):
    assert torus.kind == "torus"
    assert {stop.reason for stop in torus.stops} == {"end of range", "1:2"}
    wanted = np.array([torus_point(T) for T in torus.periods])
    inner = np.abs(wanted[:, 2] - math.pi) > 0.01
    found = np.column_stack((torus.places, torus["angle"]))
    np.testing.assert_allclose(found[inner], wanted[inner], rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(torus.places, wanted[:, :2], rtol=0.0, atol=1e-8)


def test_a_start_without_a_pair_on_the_unit_circle(tonic):
    (point,) = tonic.special_points("label")
    with pytest.raises(dn.ConvergenceError, match="no torus: it needs the multiplier a complex pair on the unit"):
        dn.continue_locus(rebound, point, ("I", "b"), kind="torus", ranges={"I": (1.2, 3.5), "b": (-3.0, -1.5)})


def test_strong_resonances_of_orbits_with_jumps(torus):
    angles = {"1:4": 0.5 * math.pi, "1:3": 2.0 * math.pi / 3.0, "1:2": math.pi - 1e-6}
    for kind, angle in angles.items():
        T = brentq(lambda T, angle=angle: torus_point(T)[2] - angle, 1.0, 1.606)
        (point,) = torus.special_points(kind)
        assert [point["I"], point["b"]] == pytest.approx(torus_point(T)[:2], abs=1e-8)
    (double,) = torus.special_points("1:2")
    doublings = dn.continue_locus(
        rebound, double, ("I", "b"), kind="period doubling", ranges={"I": (1.2, 1.5), "b": (-2.0, -1.7)}
    )
    (again,) = doublings.special_points("1:2")
    assert [again["I"], again["b"]] == pytest.approx([double["I"], double["b"]], abs=1e-6)
    stop = next(stop for stop in doublings.stops if stop.reason == "grazing")
    assert "the orbit touches a threshold without crossing it; beyond, it has another sequence" in stop.message


@pytest.mark.parametrize(
    "system, other, value, which",
    [
        (generalized_if.at(I=2.0, a=0.005), ("a", (0.002, 0.02)), 0.006, 0),  # at a jump
        (generalized_if.at(I=2.0, a=0.005, A1=10.0, A2=-0.6), ("A2", (-0.9, -0.5)), -0.62, -1),  # before one
    ],
    ids=["at a jump", "before a jump"],
)
def test_curves_of_grazing_orbits(system, other, value, which):
    name, extent = other
    branch = dn.continue_cycles(system, dn.simulate(system, 3000.0), "I", (1.5, 3.0))
    point = branch.special_points("grazing")[which]
    ranges = {"I": (1.0, 3.5), name: extent}
    locus = dn.continue_locus(system, point, ("I", name), ranges=ranges, values={name: [value]})
    assert locus.kind == "grazing"
    label = locus.special_points("label")[0]
    there = system.at(**{name: value})
    again = dn.continue_cycles(there, dn.simulate(there, 3000.0), "I", (1.5, 3.0)).special_points("grazing")[which]
    assert label["I"] == pytest.approx(again["I"], abs=1e-7)
    assert label.period == pytest.approx(again.period, rel=1e-6)
    assert (label.cycle["V"] - label.cycle["V_th"]).max() < 1e-6  # it touches the threshold, and no more


def test_a_curve_of_resets_on_the_nullcline(regular):
    """There the spike map has its maximum, and the orbit is superstable."""
    (point,) = regular.special_points("reset on nullcline")
    locus = dn.continue_locus(adex_touboul_brette, point, ("V_reset", "b"), ranges=RANGES, values={"b": [100.0]})
    np.testing.assert_allclose(locus["V"], locus["V_reset"], rtol=0.0, atol=1e-9)
    V = locus["V"]
    on_nullcline = -30.0 * (V + 70.6) + 60.0 * np.exp((V + 50.4) / 2.0) + 800.0
    np.testing.assert_allclose(locus["w"], on_nullcline, rtol=0.0, atol=1e-8)
    (label,) = locus.special_points("label")
    assert np.abs(label.eigenvalues).min() < 1e-7
    beside = adex_touboul_brette.at(b=100.0, V_reset=-54.0)
    branch = dn.continue_cycles(beside, dn.simulate(beside, 500.0), "V_reset", (-54.0, -51.0))
    (again,) = branch.special_points("reset on nullcline")
    assert again["V_reset"] == pytest.approx(label["V_reset"], abs=1e-9)


def test_a_curve_of_kinks_of_the_jump_map():
    """At a spike the threshold is where it is reset to: it comes back to where it began, at the spike."""
    system = generalized_if.at(I=2.0, a=0.005, V_th_reset=-45.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 2000.0), "V_th_reset", (-50.0, -35.0))
    (point,) = branch.special_points("switching")
    ranges = {"V_th_reset": (-60.0, -20.0), "I": (1.2, 4.0)}
    locus = dn.continue_locus(system, point, ("V_th_reset", "I"), ranges=ranges)

    def threshold(T, I):
        """The threshold after T that begins at the voltage V(T)."""
        rise, leak, decay = 20.0 * I, np.exp(-T / 20.0), np.exp(-0.01 * T)
        V = -70.0 + rise * (1.0 - leak)
        driven = 0.005 * rise * ((1.0 - decay) / 0.01 - (decay - leak) / (0.05 - 0.01))
        return V, -50.0 + (V + 50.0) * decay + driven

    for T, place in zip(locus.periods, locus.places, strict=True):
        np.testing.assert_allclose(threshold(T, place[1]), place[0], rtol=0.0, atol=1e-9)
    grazing = locus.special_points("grazing")[0]
    assert locus.stops[0].reason == "grazing" and grazing["I"] == pytest.approx(locus["I"].min(), abs=0.05)
    level = grazing["V_th_reset"]
    rise, moving = grazing["I"] - (level + 70.0) / 20.0, 0.005 * (level + 70.0) - 0.01 * (level + 50.0)
    assert rise == pytest.approx(moving, abs=1e-6)
