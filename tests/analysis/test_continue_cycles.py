"""Continuation of cycles against closed forms, published values, shooting, and itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipk

import dynana as dn
from dynana.analysis.cycle_places import with_trace
from dynana.analysis.cycle_request import Patience
from dynana.models import hodgkin_huxley
from dynana.numerics.collocation_orbit import Spectrum
from tests.analysis import cycle_cases as known

TURN = 2 * math.pi


def settled(system, t=100.0, **options):
    return dn.simulate(system, t, max_step=0.1, **options)


@pytest.fixture(scope="module")
def hodgkin():
    hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")
    return dn.continue_cycles(hodgkin_huxley, hopf[0], "I", (0, 200), values={"I": [10.0, 50.0], "period": [12.0]})


# closed forms


def test_from_a_hopf_point_through_a_fold():
    hopf = dn.continue_equilibria(known.folded, "mu", (-1, 1), ranges={"x": (-2, 2), "y": (-2, 2)}).special_points("HB")
    branch = dn.continue_cycles(known.folded, hopf[0], "mu", (-1, 1))
    radius = branch.maxima[:, 0]
    np.testing.assert_allclose(branch.values, radius**4 - radius**2, atol=1e-8)
    np.testing.assert_allclose(branch.periods, TURN, rtol=1e-10)
    inner = branch.log_moduli[~branch.stable]
    np.testing.assert_allclose(inner[1:, 0], TURN * (2 * radius**2 - 4 * radius**4)[~branch.stable][1:], atol=1e-6)
    kinds = [(s.code, s["mu"]) for s in branch.special]
    assert [k for k, _ in kinds] == ["HB", "LPC"]
    assert kinds[1][1] == pytest.approx(-0.25, abs=1e-12)
    assert branch.special[1].criticality == "two cycles on the side of higher mu"
    assert branch.stops[0].reason == "hopf" and branch.stops[1].message == "mu = 1." and branch.values[-1] == 1.0
    # stability changes at the fold and nowhere else
    fold = branch.special_points("LPC")[0].index
    assert not branch.stable[:fold].any() and branch.stable[fold + 1 :].all()


def test_torus_but_not_neutral_saddle():
    branch = dn.continue_cycles(known.turning, settled(known.turning), "mu", (-0.5, 0.5))
    (torus,) = branch.special
    assert torus.kind == "torus" and torus["mu"] == pytest.approx(0.0, abs=1e-9)
    assert "rotation number 0.37" in torus.criticality
    assert np.abs(torus.eigenvalues[:2]) == pytest.approx([1, 1], abs=1e-8)
    start = dn.simulate(known.neutral, 50.0, max_step=0.1, start={"x": 1.0, "y": 0.0, "u": 0.0, "v": 0.0})
    assert dn.continue_cycles(known.neutral, start, "mu", (-0.3, 0.3)).special == ()


def test_period_doubling_and_the_doubled_branch_both_ways():
    branch = dn.continue_cycles(known.moebius, settled(known.moebius, 200.0), "a", (-0.5, 1))
    (doubling,) = branch.special
    assert doubling.code == "PD" and doubling["a"] == pytest.approx(0.0, abs=1e-10)
    assert doubling.criticality == "supercritical: stable cycles of twice the period on the side of higher a"
    np.testing.assert_allclose(branch.log_moduli[-1, 0], TURN, rtol=1e-9)
    doubled = dn.continue_cycles(known.moebius, doubling, "a", (-0.5, 1))
    np.testing.assert_allclose(doubled.periods, 2 * TURN, rtol=1e-10)
    for cycle in doubled.cycles[::5]:
        np.testing.assert_allclose(cycle["u"] ** 2 + cycle["v"] ** 2, cycle.parameters["a"], atol=1e-8)
    assert doubled.stops[0].reason == "start" and doubled.stops[1].reason == "end of range"
    assert doubled.special == () and doubled.stable[1:].all()
    # from a stored orbit backwards: it ends where the two turns become one, once
    again = dn.continue_cycles(known.moebius, doubled.cycles[len(doubled) // 2], "a", (-0.5, 1))
    assert {s.reason for s in again.stops} == {"period doubling", "end of range"}
    (end,) = again.special
    assert end.code == "PD" and end["a"] == pytest.approx(0.0, abs=1e-8) and end.period == pytest.approx(TURN)


@pytest.mark.parametrize("case", ["forked", "crossed"])
def test_branch_points_and_the_other_branch(case):
    system = getattr(known, case)
    start = dn.simulate(system, 200.0, max_step=0.1)
    branch = dn.continue_cycles(system, start, "mu", (-0.6, 0.6))
    (point,) = branch.special
    assert point.code == "BPC" and point["mu"] == pytest.approx(0.0, abs=1e-8)
    other = dn.continue_cycles(system, point, "mu", (-0.6, 0.6))
    x = other.means[:, 2]
    np.testing.assert_allclose(other.values, x**2 if case == "forked" else x, atol=1e-8)
    assert other.stops[1].reason == "end of range"


def test_closed_loop_is_noticed_and_not_run_twice():
    branch = dn.continue_cycles(
        known.ring, settled(known.ring), "k", (-2, 2), values={"k": [0.0, 0.1], "period": [6.5]}
    )
    assert branch.closed and branch.stops[0].reason == "closed loop"
    assert sorted(s.code for s in branch.special) == ["LPC", "LPC", *["UZ"] * 6]
    np.testing.assert_allclose(np.abs([s["k"] for s in branch.special_points("LPC")]), 0.5, atol=1e-12)
    np.testing.assert_allclose(branch.values[-1], branch.values[0], atol=1e-9)
    for label in branch.special_points("label"):
        if label.name.startswith("period"):
            assert label.period == pytest.approx(6.5, rel=1e-13)
            assert label["k"] == pytest.approx((TURN / 6.5 - 1) / 0.3, rel=1e-9)
        else:
            assert label["k"] == pytest.approx(float(label.name.split("=")[1]), abs=1e-12)
    steps = np.diff(branch.values)
    turned = np.abs(np.diff(np.sign(steps[np.abs(steps) > 1e-9]))).sum() / 2
    assert turned == 2, "one lap turns twice"


def test_fixed_period_with_two_parameters():
    first = dn.continue_cycles(known.ring, settled(known.ring), "k", (-2, 2))
    branch = dn.continue_cycles(known.ring, first.cycles[2], ("k", "omega"), ((-2, 2), (0.1, 10)))
    assert np.ptp(branch.periods) == 0.0 and branch.parameter == "k"
    np.testing.assert_allclose(branch["omega"] * (1 + 0.3 * branch["k"]), TURN / branch.periods, rtol=1e-10)
    assert branch.cycles[1].parameters["omega"] == branch["omega"][1]
    assert branch.closed and len(branch.special_points("LPC")) == 2


def test_forced_systems():
    branch = dn.continue_cycles(
        known.driven, settled(known.driven), "k", (0.5, 3), forcing_period=TURN, values={"k": [2.0]}
    )
    assert branch.forced and not branch.special_points("label")[0].cycle.parameters["k"] != 2.0
    cycle = branch.special_points("label")[0].cycle
    np.testing.assert_allclose(cycle["x"], (2 * np.cos(cycle.times) + np.sin(cycle.times)) / 5, atol=1e-8)
    np.testing.assert_allclose(branch.log_moduli[:, 0], -branch.values * TURN, rtol=1e-8)
    np.testing.assert_allclose(branch.maxima[:, 0], 1 / np.sqrt(1 + branch.values**2), rtol=1e-8)


@pytest.mark.parametrize("given", [lambda p: TURN / p["omega"], "tau"])
def test_the_period_of_the_forcing_may_vary(given):
    model = known.driven_at if callable(given) else known.driven_every
    name = "omega" if callable(given) else "tau"
    begin, end = (0.5, 3.0) if callable(given) else (2.0, 9.0)
    branch = dn.continue_cycles(model, settled(model), name, (begin, end), forcing_period=given)
    omega = branch["omega"] if callable(given) else TURN / branch["tau"]
    assert (branch.values.min(), branch.values.max()) == pytest.approx((begin, end), rel=1e-14)
    np.testing.assert_allclose(branch.periods, TURN / omega, rtol=1e-12)
    np.testing.assert_allclose(branch.maxima[:, 0], 1 / np.sqrt(1 + omega**2), rtol=1e-8)
    np.testing.assert_allclose(branch.log_moduli[:, 0], -TURN / omega, rtol=1e-8)


def test_forced_period_doubling_against_shooting():
    period = TURN / 1.2
    start = dn.simulate(known.duffing, 100 * period, max_step=period / 20)
    branch = dn.continue_cycles(known.duffing, start, "F", (0, 0.4), forcing_period=period)
    (doubling,) = branch.special_points("PD")
    # shooting: two periods from a point just beyond return, one does not; the multiplier is -1
    value = doubling["F"]

    def flow(t, z):
        x, y, *m = z
        a = np.array([[0.0, 1.0], [1 - 3 * x * x, -0.3]]) @ np.reshape(m, (2, 2))
        return [y, x - x**3 - 0.3 * y + value * np.cos(1.2 * t), *a.ravel()]

    run = solve_ivp(flow, (0, period), [*doubling.point, 1, 0, 0, 1], method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    np.testing.assert_allclose(run[:2], doubling.point, atol=1e-8)
    assert np.linalg.eigvals(run[2:].reshape(2, 2)).real.min() == pytest.approx(-1.0, abs=1e-6)
    doubled = dn.continue_cycles(known.duffing, doubling, "F", (0, 0.4), forcing_period=period)
    np.testing.assert_allclose(doubled.periods, 2 * period, rtol=1e-12)
    # a forced response that vanishes with the forcing is no end
    assert branch.values.min() == pytest.approx(0.0, abs=1e-12) and branch.stops[0].reason == "end of range"


def test_rotations_end_at_a_saddle_node():
    branch = dn.continue_cycles(known.rotor, dn.simulate(known.rotor, 50.0, max_step=0.1), "I", (0.5, 3))
    np.testing.assert_allclose(branch.periods, TURN / np.sqrt(branch.values**2 - 1), rtol=1e-7)
    (end,) = branch.special
    assert end.kind == "snic" and end["I"] == pytest.approx(1.0, abs=1e-8)
    assert "period too long" in {s.reason for s in branch.stops}


def test_patience_with_a_saddle_node_on_a_circle():
    run = dn.simulate(known.rotor, 50.0, max_step=0.1)
    branch = dn.continue_cycles(known.rotor, run, "I", (0.5, 3), longest_period=Patience(60.0))
    (end,) = branch.special
    assert end.kind == "snic" and end["I"] == pytest.approx(1.0, abs=1e-8)
    assert 60.0 < branch.periods.max() < 70.0


# Hodgkin-Huxley


def test_multipliers_over_fifty_decades(hodgkin):
    (cycle,) = (s.cycle for s in hodgkin.special if s.name == "I = 10")
    assert cycle.period == pytest.approx(14.6362099898315574, rel=1e-10)
    np.testing.assert_allclose(cycle.multipliers.real[1:3], [0.0740602596866, 1.903534e-12], rtol=1e-4)
    assert cycle.multipliers.real[3] == pytest.approx(1.45e-52, rel=0.01)
    np.testing.assert_allclose(hodgkin.log_moduli.sum(axis=1), hodgkin.traces, atol=1e-6)


def test_period_doublings_beside_a_fold(hodgkin):
    places = [s["I"] for s in hodgkin.special_points("period doubling")]
    np.testing.assert_allclose(places, [7.8453373978, 7.9177776757], rtol=1e-9)
    assert hodgkin.special_points("LPC")[1]["I"] - places[1] == pytest.approx(7.8186e-6, rel=1e-3)


def test_stored_multipliers_agree_with_shooting(hodgkin):
    kernels = dn.lower(hodgkin_huxley)
    for cycle in hodgkin.cycles[10:-5:25]:
        p, n = kernels.p, 4
        p[kernels.parameters.index("I")] = cycle.parameters["I"]
        rates, jacobian = np.empty(n), np.empty((n, n))

        def flow(t, z, p=p, rates=rates, jacobian=jacobian, n=n):
            x = np.ascontiguousarray(z[:n])
            kernels.rhs(t, x, p, rates)
            kernels.jacobian(t, x, p, jacobian)
            return np.concatenate((rates, (jacobian @ z[n:].reshape(n, n)).ravel()))

        start = np.concatenate((cycle.points[0], np.eye(n).ravel()))
        run = solve_ivp(flow, (0, cycle.period), start, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
        np.testing.assert_allclose(run[:n], cycle.points[0], atol=1e-5)
        found = np.linalg.eigvals(run[n:].reshape(n, n))
        leading = found[np.argsort(-np.abs(found))][:2]
        np.testing.assert_allclose(np.abs(leading), np.abs(cycle.multipliers[:2]), rtol=1e-3)


def test_stability_changes_exactly_at_the_labels(hodgkin):
    outside = (hodgkin.log_moduli > 1e-4).sum(axis=1)
    changes = np.flatnonzero(np.diff(hodgkin.stable))
    labels = [s.index for s in hodgkin.special if s.code in ("LPC", "PD", "TR", "HB")]
    assert all(min(abs(c - k) for k in labels) <= 1 for c in changes)
    for a, b in zip(labels, labels[1:], strict=False):
        inside = outside[a + 1 : b]
        assert inside.size == 0 or np.ptp(inside) == 0


def test_running_back_retraces(hodgkin):
    label = hodgkin.special_points("label")[-1]
    back = dn.continue_cycles(hodgkin_huxley, label, "I", (0, 200))
    assert {s.reason for s in back.stops} == {"hopf"}
    for code in ("LPC", "PD", "HB"):
        wanted = sorted(s["I"] for s in hodgkin.special_points(code))
        np.testing.assert_allclose(sorted(s["I"] for s in back.special_points(code)), wanted, rtol=1e-8)
    assert np.abs(back.values - label["I"]).min() < 1e-9


def test_results_are_kept_and_can_be_stored(hodgkin, tmp_path):
    assert len(hodgkin.cycles) == len(hodgkin)
    loaded = dn.load(hodgkin.save(tmp_path / "branch.npz"))
    assert repr(loaded) == repr(hodgkin)
    restarted = dn.continue_cycles(hodgkin_huxley, loaded.cycles[90], "I", (0, 200), points=3)
    assert all(s.reason == "point limit" for s in restarted.stops) and "points=" in restarted.stops[0].message
    i = 60
    np.testing.assert_allclose(hodgkin.cycles[i].maxima, hodgkin.maxima[i])
    np.testing.assert_allclose(hodgkin.cycles[i].mean, hodgkin.means[i])


def test_user_functions_are_located():
    branch = dn.continue_cycles(
        known.folded, settled(known.folded.at(mu=0.5)), "mu", (-1, 1),
        test_functions={"radius": lambda cycle: cycle.maxima[0] - 1.1},
    )  # fmt: skip
    (point,) = branch.special_points("user")
    assert point.name == "radius" and point["mu"] == pytest.approx(1.1**4 - 1.1**2, abs=1e-8)


def test_the_smallest_multiplier_follows_from_the_trace():
    logs = np.array([0.5, 0.0, -300.0])
    mended = with_trace(Spectrum(logs, np.array([math.pi, 0.0, 0.0]), -1000.0))
    np.testing.assert_allclose(mended.logarithms, [0.5, 0.0, -1000.5])
    assert mended.phases[2] == math.pi  # the product of all is positive
    untouched = Spectrum(np.array([0.0, -1.0]), np.zeros(2), -1.5)
    assert with_trace(untouched) is untouched


@dn.model(ranges={"x": (-5, 5), "v": (-4, 4)})
def pendulum(x=0.5, v=0.0, *, g=0.0):
    """A pendulum with friction g, conservative where it has none."""
    return v, -dn.sin(x) - g * v


def test_cycles_of_all_sizes_at_one_value():
    """The family of a pendulum's swings stands upright in g, from its rest to the homoclinic orbit."""
    hopf = dn.continue_equilibria(pendulum, "g", (-1, 1)).special_points("hopf")[0]
    branch = dn.continue_cycles(pendulum, hopf, "g")
    assert np.abs(branch.values).max() < 1e-12
    for cycle in branch.cycles[1:]:
        assert cycle.period == pytest.approx(4 * ellipk(np.sin(cycle.maxima[0] / 2) ** 2), rel=1e-6)
    end = branch.special[-1]
    assert (end.kind, end.period > 15) == ("homoclinic", True) and abs(end["x"]) == pytest.approx(np.pi, rel=1e-9)


def test_cycles_that_grow_without_bound():
    @dn.model(ranges={"x": (-5, 5), "y": (-5, 5)})
    def van_der_pol(x=0.5, y=0.0, *, mu=1.0):
        return y, mu * (1 - x * x) * y - x

    hopf = dn.continue_equilibria(van_der_pol, "mu", (-1, 20)).special_points("hopf")[0]
    branch = dn.continue_cycles(van_der_pol, hopf, "mu")
    stop = branch.stops[1]
    assert stop.reason == "grows without bound" and "mu has not changed on the way" in stop.message
    assert [p.kind for p in branch.special] == ["hopf", "branch point of cycles"] and branch.maxima[-1, 0] > 1e4
    assert branch.special[1].cycle.maxima[0] == pytest.approx(2.0, abs=1e-4)  # where the relaxation oscillations cross
    assert np.allclose(branch.periods, 2 * np.pi, rtol=1e-9)
