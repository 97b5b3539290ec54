"""Branches of cycles with jumps: bifurcations against orbits computed by other means, ends in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dynana as dn
from dynana.models import adex, exponential_if, generalized_if, izhikevich, lif, quadratic_if
from dynana.models.integrate_and_fire import adex_touboul_brette
from tests.analysis import spiking_cases as known


def reference(name):
    return {k: v if isinstance(v, list) else float(v) for k, v in known.CASES[name]["value"].items()}


@pytest.fixture(scope="module")
def tonic():
    system = adex_touboul_brette
    return dn.continue_cycles(system, dn.simulate(system, 500.0), "V_reset", (-55.0, -45.0))


def test_the_first_period_doubling_of_adex(tonic):
    wanted = reference("adex.TB2008.PD1")
    (point,) = tonic.special_points("period doubling")
    assert point["V_reset"] == pytest.approx(wanted["V_reset"], abs=1e-9)
    assert point.period == pytest.approx(wanted["period"], abs=1e-8)
    assert point["w"] == pytest.approx(float(wanted["w_after_reset"][0]), abs=1e-7)
    assert "supercritical: stable cycles of twice the period on the side of higher V_reset" in point.criticality
    assert tonic.stable[tonic.values < wanted["V_reset"] - 1e-6].all()
    assert not tonic.stable[tonic.values > wanted["V_reset"] + 1e-6].any()
    assert [stop.reason for stop in tonic.stops] == ["end of range", "end of range"]


def test_the_reset_passes_the_nullcline(tonic):
    (point,) = tonic.special_points("reset on nullcline")
    # the map has its maximum there: the orbit is superstable
    assert point["w"] == pytest.approx(
        -30.0 * (point["V"] + 70.6) + 60.0 * math.exp((point["V"] + 50.4) / 2.0) + 800.0, abs=1e-6
    )
    at = int(np.argmin(np.abs(tonic.values - point["V_reset"])))
    assert np.abs(tonic.multipliers[at]).min() < 1e-6


def test_the_doubled_branch_begins_and_ends_at_the_doubling(tonic):
    (point,) = tonic.special_points("period doubling")
    doubled = dn.continue_cycles(adex_touboul_brette, point, "V_reset", (-55.0, -47.0))
    assert doubled.cycles[0].jumps == 2
    assert doubled.periods[0] == pytest.approx(2 * point.period, rel=1e-3)
    value = float(known.CASES["adex.TB2008.k2.Vr-48.5"]["value"]["multiplier"])
    between = dn.continue_cycles(
        adex_touboul_brette, doubled.cycles[3], "V_reset", (-55.0, -47.0), values={"V_reset": [-48.5]}
    )
    label = between.special_points("label")[0]
    assert np.abs(label.eigenvalues - value).min() < 1e-7
    back = between.stops[0]
    assert back.reason == "period doubling" and "the branch ends on the one that it doubles" in back.message
    assert between.special[0]["V_reset"] == pytest.approx(point["V_reset"], abs=1e-8)


def test_the_window_of_period_three():
    system = adex_touboul_brette.at(V_reset=-47.75)
    branch = dn.continue_cycles(system, dn.simulate(system, 3000.0), "V_reset", (-48.2, -47.4))
    fold, doubling = reference("adex.TB2008.SN3"), reference("adex.TB2008.PD3")
    (point,) = branch.special_points("fold of cycles")
    assert point["V_reset"] == pytest.approx(fold["V_reset"], abs=1e-9)
    assert point.period == pytest.approx(fold["period"], abs=1e-6)
    (point,) = branch.special_points("period doubling")
    assert point["V_reset"] == pytest.approx(doubling["V_reset"], abs=1e-9)
    assert {c.jumps for c in branch.cycles} == {3}


def test_onset_of_the_leaky_neuron():
    """The equilibrium touches the threshold; the period grows like a logarithm."""
    system = known.system("lif.T.I2.tref0")
    branch = dn.continue_cycles(system, dn.simulate(system, 300.0), "I", (1.0, 3.0), values={"I": [1.5000001, 3.0]})
    (end,) = branch.special_points("boundary equilibrium")
    assert end["I"] == pytest.approx(1.5, abs=1e-12)
    assert branch.stops[0].reason == "period too long" and "touches the threshold" in branch.stops[0].message
    drive = 10.0 * branch.values
    np.testing.assert_allclose(branch.periods, 20.0 * np.log((drive + 5.0) / (drive - 15.0)), rtol=1e-5)
    inside = branch.values > 1.51
    exact = 20.0 * np.log((drive + 5.0) / (drive - 15.0))
    np.testing.assert_allclose(branch.periods[inside], exact[inside], rtol=1e-9)
    label = branch.special_points("label")[0]
    assert label.period == pytest.approx(float(known.CASES["lif.T.I1.5000001.tref0"]["value"]), abs=1e-4)
    np.testing.assert_array_equal(branch["rate"], branch.rates)
    np.testing.assert_allclose(branch.rates, 1 / branch.periods)


def test_onset_at_a_fold_and_at_a_saddle():
    branch = dn.continue_cycles(quadratic_if, dn.simulate(quadratic_if.at(I=10.0), 200.0), "I", (0.0, 20.0))
    (end,) = branch.special_points("snic")
    assert end["I"] == pytest.approx(0.07 * 7.5**2, rel=1e-9)
    system = quadratic_if.at(V_reset=-45.0, I=5.0, V=-45.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 200.0), "I", (-10.0, 10.0))
    (end,) = branch.special_points("homoclinic")
    assert end["I"] == pytest.approx(0.07 * (7.5**2 - 12.5**2), abs=1e-6)
    assert "a jump leads onto its stable manifold" in branch.stops[0].message


def test_a_refractory_time_shifts_the_period():
    system = lif.at(I=25.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 300.0), "t_ref", (0.0, 5.0))
    np.testing.assert_allclose(branch.periods - branch.values, 10.0 * math.log(6.0), rtol=1e-10)


def test_a_refractory_time_from_zero_on():
    """No segment of rest at the start, and one on the rest of the branch; the slope there is one-sided."""
    system = lif.at(I=25.0, t_ref=0.0)
    run = dn.simulate(system, 200.0)
    cycle = dn.find_cycle(system, run)
    for start in (run, cycle):
        branch = dn.continue_cycles(system, start, "t_ref", (-1.0, 5.0))
        np.testing.assert_allclose(branch.periods, cycle.period + branch.values, rtol=1e-11)
        assert branch.values.min() == 0.0 and branch.values.max() == 5.0
        assert [stop.reason for stop in branch.stops] == ["no refractory time", "end of range"]


def test_a_start_on_the_edge_of_the_range():
    system = lif.at(I=25.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 200.0), "I", (25.0, 30.0))
    assert branch.values[0] == 25.0 and branch.values[-1] == 30.0
    assert [stop.reason for stop in branch.stops] == ["end of range", "end of range"]


def test_grazing_of_a_moving_threshold():
    """Where the voltage just touches the threshold that follows it."""
    system = generalized_if.at(I=2.0, a=0.005)
    branch = dn.continue_cycles(system, dn.simulate(system, 2000.0), "I", (0.0, 4.0))
    (point,) = branch.special_points("grazing")
    assert branch.stops[0].reason == "grazing" and "touches a threshold without crossing it" in branch.stops[0].message
    cycle = point.cycle
    end = cycle.points[-1]
    slope = (-(end[0] + 70.0) + 20.0 * (end[2] + end[3] + point["I"])) / 20.0
    moving = 0.005 * (end[0] + 70.0) - 0.01 * (end[1] + 50.0)
    assert end[0] == pytest.approx(end[1], abs=1e-9)
    assert slope == pytest.approx(moving, abs=1e-7)
    assert len(branch.special_points("fold of cycles")) == 1


def test_an_earlier_touch_ends_a_burst():
    system = generalized_if.at(I=2.0, a=0.005, A1=10.0, A2=-0.6)
    branch = dn.continue_cycles(system, dn.simulate(system, 3000.0), "I", (1.5, 3.0))
    stop = branch.stops[1]
    assert stop.reason == "grazing" and "before a jump is due" in stop.message
    last = branch.cycles[-1]
    margin = last["V"] - last["V_th"]
    inside = np.concatenate([margin[s.first + 1 : s.last - 3] for s in last.segments])
    assert -1e-2 < inside.max() < 1e-3


def test_a_switching_of_the_jump_map():
    """V_th is reset to the larger of two: named where they are equal."""
    system = generalized_if.at(I=2.0, a=0.005, V_th_reset=-45.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 2000.0), "V_th_reset", (-50.0, -35.0))
    (point,) = branch.special_points("switching")
    assert point.cycle.points[-1][1] == pytest.approx(point["V_th_reset"], abs=1e-8)
    before = branch.values < point["V_th_reset"] - 1e-6  # nothing depends on it there
    assert np.ptp(branch.periods[before]) < 1e-8 < np.ptp(branch.periods[~before])


def test_all_special_points_have_multipliers_with_the_trivial_one():
    system = exponential_if.at(I=1.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 200.0), "I", (0.2, 2.0))
    assert (np.abs(branch.multipliers - 1.0).min(axis=1) < 1e-6).all()
    system = adex.at(I=5.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 300.0), "I", (1.0, 10.0))
    assert (np.abs(branch.multipliers - 1.0).min(axis=1) < 1e-6).all()
    for cycle in branch.cycles[::8]:
        run = dn.simulate(
            system.at(I=cycle.parameters["I"], V=-68.0, w=float(cycle.points[0][1])), 1.2 * cycle.period, rtol=1e-12,
            atol=1e-12,
        )  # fmt: skip
        assert run.jump_times[0] == pytest.approx(cycle.period, abs=1e-7)


@pytest.mark.parametrize("second, extent", [("t_ref", (0.0, 5.0)), ("V_th", (10.0, 24.0))])
def test_two_parameters_with_the_period_held(second, extent):
    system = lif.at(I=25.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 200.0), ("I", second), ((20.5, 30.0), extent))
    values = {"t_ref": 1.0, "V_th": 20.0} | {second: branch.companions[second]}
    period = values["t_ref"] + 10.0 * np.log((branch.values + 5.0) / (branch.values - values["V_th"]))
    np.testing.assert_allclose(period, 1.0 + 10.0 * math.log(6.0), rtol=1e-11)
    np.testing.assert_allclose(branch.periods, 1.0 + 10.0 * math.log(6.0), rtol=1e-12)
    assert [stop.reason for stop in branch.stops] == ["end of range", "end of range"]


def test_a_period_doubling_while_the_period_is_held(tonic):
    ranges = ((-55.0, -45.0), (20.0, 150.0))
    branch = dn.continue_cycles(adex_touboul_brette, tonic.cycles[10], ("V_reset", "b"), ranges)
    (point,) = branch.special_points("period doubling")
    assert point.period == pytest.approx(tonic.cycles[10].period, rel=1e-12)
    beside = adex_touboul_brette.at(b=point["b"], V_reset=point["V_reset"])
    other = dn.continue_cycles(beside, point.cycle, "V_reset", (point["V_reset"] - 0.5, point["V_reset"] + 0.4))
    at = int(np.argmin(np.abs(other.values - point["V_reset"])))
    assert np.abs(other.multipliers[at] + 1.0).min() < 1e-7
    doubled = dn.continue_cycles(adex_touboul_brette, point, ("V_reset", "b"), ranges, points=5)
    np.testing.assert_allclose(doubled.periods, 2.0 * point.period, rtol=1e-10)


def test_a_kink_of_the_jump_map_while_the_period_is_held():
    system = generalized_if.at(I=2.0, a=0.005, V_th_reset=-45.0)
    names, ranges = ("V_th_reset", "I"), ((-50.0, -35.0), (1.2, 4.0))
    branch = dn.continue_cycles(system, dn.simulate(system, 2000.0), names, ranges)
    (point,) = branch.special_points("switching")
    assert point.cycle.points[-1][1] == pytest.approx(point["V_th_reset"], abs=1e-8)
    np.testing.assert_allclose(branch.periods, branch.periods[0], rtol=1e-12)
    before = branch.values < point["V_th_reset"] - 1e-6  # nothing depends on it there
    assert np.ptp(branch.companions["I"][before]) < 1e-9 < np.ptp(branch.companions["I"][~before])


def test_a_canard_onto_the_stable_manifold_of_a_saddle():
    """Izhikevich's parabola u = 0.04 v^2 + (5 + a/2) v + c0 is invariant at one I: there it is that manifold."""
    a, b = izhikevich.values["a"], izhikevich.values["b"]
    k = -a / 2.0  # on it v' = k v + c
    c = (a * (b - 5.0 + k) - (5.0 - k) * k) / 0.08
    wanted = c - (5.0 - k) * c / a - 140.0
    system = izhikevich.at(I=10.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 1500.0), "I", (2.0, 20.0))
    (end,) = branch.special_points("homoclinic")
    assert end["I"] == pytest.approx(wanted, abs=1e-9)
    assert end.eigenvalues[1] == pytest.approx(k, abs=1e-6)
    assert branch.stops[0].reason == "period too long"
    assert "a jump leads onto the stable manifold of the saddle" in branch.stops[0].message
