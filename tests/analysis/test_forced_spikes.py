"""Periodically forced orbits with jumps: mode locking in closed form, by simulation, and in two parameters."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.errors import ConvergenceError
from dynana.results.periodic_point import PeriodicPoint

OMEGA = 3.5064
PERIOD = 2.0 * np.pi / OMEGA


@dn.model
def leaky(V=0.0, *, t, I=1.2, A=0.1, omega=OMEGA, t_ref=0.0):
    """V' = I - V + A sin(omega t), threshold 1, reset 0."""
    return I - V + A * dn.sin(omega * t), dn.Jump(when=V > 1.0, to={V: 0.0}, refractory=t_ref, name="spike")


@dn.model
def adaptive(V=-65.0, w=0.0, *, t, I=5.0, A=1.0, period=24.0, V_reset=-68.0, t_ref=2.0):
    """AdEx with a sinusoidal current."""
    dV = (-(V + 65.0) + 3.48 * dn.exp((V + 59.9) / 3.48) - 10.0 * w + 10.0 * I) / 10.0
    forcing = A * dn.sin(2 * np.pi * t / period)
    spike = dn.Jump(when=V > -30.0, to={V: V_reset, w: w + 1.0}, refractory=t_ref, name="spike")
    return dV + forcing, (V + 65.0 - w) / 30.0, spike


@pytest.fixture(scope="module")
def tongue():
    return dn.continue_cycles(leaky, dn.simulate(leaky, 400.0), "I", (1.0, 2.0), forcing_period=PERIOD)


def edge(omega):
    """I at which the phase is the one at which the forcing does most, less A/sqrt(1 + omega^2)."""
    return 1.0 / (1.0 - np.exp(-2.0 * np.pi / omega))


def test_one_spike_in_a_period_of_the_forcing(tongue):
    """Locked where (I + A sin(omega t0 - atan omega)/sqrt(1 + omega^2)) (1 - exp(-P)) = 1: folds at both ends."""
    assert tongue.closed and tongue.forced
    wide = 0.1 / np.hypot(1.0, OMEGA)
    folds = [point["I"] for point in tongue.special_points("fold of cycles")]
    assert sorted(folds) == pytest.approx([edge(OMEGA) - wide, edge(OMEGA) + wide], rel=1e-12)
    np.testing.assert_allclose(tongue.periods, PERIOD, rtol=1e-12)
    for cycle in tongue.cycles:
        drive = cycle.parameters["I"] + 0.1 * np.sin(OMEGA * cycle.start_time)
        factor = np.exp(-PERIOD) * drive / (drive - 1.0)
        assert cycle.multipliers == pytest.approx([factor], abs=1e-8)
        assert cycle.stable == (factor < 1.0) or abs(factor - 1.0) < 1e-6
    assert "two cycles on the side of lower I" in tongue.special_points("fold of cycles")[0].criticality


def test_the_frequency_as_parameter():
    branch = dn.continue_cycles(
        leaky, dn.simulate(leaky, 400.0), "omega", (3.0, 4.0), forcing_period=lambda p: 2 * np.pi / p["omega"]
    )
    np.testing.assert_allclose(branch.periods, 2 * np.pi / branch.values, rtol=1e-12)
    for point, sign in zip(branch.special_points("fold of cycles"), (1.0, -1.0), strict=True):
        omega = point["omega"]
        assert abs(abs(1.2 - edge(omega)) - 0.1 / np.hypot(1.0, omega)) < 1e-12, sign


def test_the_edges_of_the_tongue_in_two_parameters(tongue):
    locus = dn.continue_locus(leaky, tongue.special_points("fold of cycles")[0], ("I", "A"), ranges={
        "I": (1.0, 2.0), "A": (0.0, 0.5)
    })  # fmt: skip
    np.testing.assert_allclose(np.abs(locus["I"] - edge(OMEGA)), locus["A"] / np.hypot(1.0, OMEGA), atol=1e-12)
    reasons = {stop.reason for stop in locus.stops}
    assert reasons == {"end of range", "grazing"}  # the voltage touches the threshold before the spike is due


def test_the_edges_of_the_tongue_against_the_frequency(tongue):
    fold = tongue.special_points("fold of cycles")[0]
    ranges = {"I": (1.0, 2.0), "omega": (2.5, 5.0)}
    locus = dn.continue_locus(
        leaky, fold, ("I", "omega"), ranges=ranges, forcing_period=lambda p: 2.0 * np.pi / p["omega"]
    )
    omega = locus["omega"]
    assert np.ptp(omega) > 1.0
    np.testing.assert_allclose(np.abs(locus["I"] - edge(omega)), 0.1 / np.hypot(1.0, omega), rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(locus.periods, 2.0 * np.pi / omega, rtol=1e-11)


@pytest.mark.parametrize(("I", "spikes", "turns"), [(1.08, 3, 4), (1.02, 1, 2)])
def test_modes(I, spikes, turns):
    system = leaky.at(I=I, A=0.3)
    run = dn.simulate(system, 600.0, rtol=1e-11, atol=1e-12)
    cycle = dn.find_cycle(system, run, forcing_period=PERIOD)
    assert cycle.jumps == spikes and cycle.period == pytest.approx(turns * PERIOD, rel=1e-12)
    late = np.mod(run.jump_times[-1] - cycle.start_time, PERIOD)
    lags = np.mod(np.cumsum([s.duration for s in cycle.segments]), PERIOD)
    assert np.abs(np.mod(late - lags + 0.5 * PERIOD, PERIOD) - 0.5 * PERIOD).min() < 1e-8


def test_adaptation_refractory_times_and_files(tmp_path):
    run = dn.simulate(adaptive, 3500.0, rtol=1e-11, atol=1e-12)
    cycle = dn.find_cycle(adaptive, run, forcing_period="period")
    assert [bool(s.held) for s in cycle.segments] == [True, False] and len(cycle.multipliers) == 2
    phase = np.mod(run.jump_times[-1] - cycle.start_time + 12.0, 24.0) - 12.0
    assert phase == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(run.jumps.after[-1], cycle.points[0], atol=1e-8)

    def strobe(x):  # from one moment of the forcing to the same one
        begin, start = cycle.start_time + 10.0, dict(zip(adaptive.states, x, strict=True))
        return dn.simulate(adaptive, (begin, begin + 24.0), start=start, rtol=1e-12, atol=1e-12).y[-1]

    x, h = cycle.state(10.0), 1e-5
    matrix = np.array([(strobe(x + h * e) - strobe(x - h * e)) / (2 * h) for e in np.eye(2)]).T
    found = np.sort_complex(cycle.multipliers)
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(matrix).astype(complex)), found, atol=1e-5)
    branch = dn.continue_cycles(adaptive, cycle, "A", (0.5, 1.5), forcing_period="period")
    again = dn.load(branch.save(tmp_path / "branch.npz"))
    assert again.cycles[-1].start_time == branch.cycles[-1].start_time != 0.0
    assert dn.find_cycle(adaptive, again.cycles[0], forcing_period="period").period == pytest.approx(24.0)


def test_period_doubling():
    run = dn.simulate(adaptive.at(A=2.0), 2000.0)
    branch = dn.continue_cycles(adaptive, run, "A", (1.0, 4.0), forcing_period="period")
    (point,) = branch.special_points("period doubling")
    assert point.cycle.multipliers[0] == pytest.approx(-1.0, abs=1e-7)
    doubled = dn.continue_cycles(adaptive, point, "A", (1.0, 4.0), forcing_period="period", points=10)
    assert doubled.cycles[-1].jumps == 2 * point.cycle.jumps
    np.testing.assert_allclose(doubled.periods, 2.0 * point.period, rtol=1e-12)
    assert point.criticality.startswith(("supercritical", "subcritical"))


def test_what_is_refused(tongue):
    run = dn.simulate(leaky.at(I=1.5), 100.0)
    with pytest.raises(dn.ModelError, match="Give the period of the forcing as forcing_period="):
        dn.find_cycle(leaky, run)
    with pytest.raises(ConvergenceError, match="do not repeat themselves"):
        dn.find_cycle(leaky.at(I=1.5), run, forcing_period=PERIOD)
    point = PeriodicPoint(
        system="leaky", fingerprint=leaky.fingerprint, states=("V",), parameters=leaky.values, jump="spike",
        state=np.zeros(1), spikes=1, period=PERIOD, multipliers=np.empty(0),
    )  # fmt: skip
    with pytest.raises(ValueError, match="periodic point does not say at what time it is"):
        dn.find_cycle(leaky, point, forcing_period=PERIOD)
    with pytest.raises(ValueError, match="period of the forcing: it cannot be held while I and A vary"):
        dn.continue_cycles(leaky, tongue.cycles[0], ("I", "A"), ((1, 2), (0, 1)), forcing_period=PERIOD)
    with pytest.raises(ValueError, match="the input sets the phase"):
        dn.phase_response(leaky, tongue.cycles[0])
    with pytest.raises(ValueError, match="the period of the forcing changes with omega"):
        dn.continue_locus(leaky, tongue.special_points("fold of cycles")[0], ("I", "omega"))
