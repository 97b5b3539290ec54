"""Phase responses against extended precision, closed forms, kicks of trajectories, and derivatives of periods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import bautin_normal_form, morris_lecar, stuart_landau, wang_buzsaki
from tests.analysis.phase_cases import (
    REFERENCE,
    class_one,
    class_two,
    cycle_near,
    relaxation,
    right_hand_side,
    squid,
    turning,
)

CASES = {"squid": squid, "class one": class_one, "class two": class_two, "relaxation": relaxation}


@pytest.fixture(scope="module")
def made():
    return {name: make() for name, make in CASES.items()}


@pytest.mark.parametrize(
    ("name", "case", "value", "tolerance"),
    [
        ("squid", "hh.prc.I10", -20.0, 1e-11),
        ("class one", "ml.classI.po.I45", 0.0, 1e-11),
        ("class two", "ml.classII.po.I100", 0.0, 1e-11),
    ],
)
def test_against_extended_precision(made, name, case, value, tolerance):
    wanted = REFERENCE[case]["value"]
    response = dn.phase_response(*made[name], origin=("V", value))
    z = np.array([float(x) for x in wanted["Z_V"]])
    found = response.at(np.linspace(0.0, response.period, z.size), "V")
    np.testing.assert_allclose(found, z, atol=tolerance * np.abs(z).max())
    assert response.period == pytest.approx(float(wanted["period"]), rel=1e-12)
    assert response.deviation < 1e-11 and response.error < 1e-9
    np.testing.assert_allclose(response.cycle.points[0], [float(x) for x in wanted["x_section"]], rtol=1e-9, atol=1e-9)
    if "zero_phases" in wanted:
        np.testing.assert_allclose(response.zeros("V"), [float(x) for x in wanted["zero_phases"]], rtol=1e-10)


def test_wang_buzsaki_period():
    wanted = REFERENCE["wb.po.I1"]["value"]
    system = wang_buzsaki.at(I=1.0)
    cycle = cycle_near(system, [float(x) for x in wanted["x"]], float(wanted["period"]))
    response = dn.phase_response(system, cycle, origin=("V", -20.0))
    assert response.period == pytest.approx(float(wanted["period"]), rel=1e-12)
    np.testing.assert_allclose(response.cycle.points[0], [float(x) for x in wanted["x"]], rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("current", [1.0, 0.04])
def test_theta_neuron_is_one_minus_cosine(current):
    response = dn.phase_response(*turning(current))
    angle = 2.0 * np.sqrt(current) * response.times
    wanted = (1.0 - np.cos(angle)) / (2.0 * current)
    np.testing.assert_allclose(response["I"], wanted, atol=1e-9 * wanted.max())
    if current == 1.0:
        eighths = response.at(np.array([0.125, 0.25, 0.5]) * np.pi, "I")
        np.testing.assert_allclose(eighths, [float(x) for x in REFERENCE["qif.prc.inf"]["value"]], rtol=1e-10)
    assert response.origin == "theta passing half a turn" and response.kind("I") == "type I (advances only)"
    # T = pi/sqrt(I)
    assert response.period_derivatives["I"] == pytest.approx(-0.5 * np.pi * current**-1.5, rel=1e-9)


def test_circle():
    # z' = (mu + i omega) z - (1 + i alpha)|z|^2 z: phase = angle - alpha log r, frequency omega - alpha mu
    mu, omega, alpha = 2.0, 3.0, 0.7
    system = stuart_landau.at(mu=mu, omega=omega, alpha=alpha)
    frequency = omega - alpha * mu
    response = dn.phase_response(system, cycle_near(system, [np.sqrt(mu), 0.0], 2 * np.pi / frequency))
    angle = frequency * response.times
    r = np.sqrt(mu)
    x = (-np.sin(angle) - alpha * np.cos(angle)) / r / frequency
    y = (np.cos(angle) - alpha * np.sin(angle)) / r / frequency
    np.testing.assert_allclose(response["x"], x, atol=1e-9)
    np.testing.assert_allclose(response["y"], y, atol=1e-9)
    derivatives = response.period_derivatives
    assert derivatives["omega"] == pytest.approx(-2 * np.pi / frequency**2, rel=1e-10)
    assert derivatives["alpha"] == pytest.approx(2 * np.pi * mu / frequency**2, rel=1e-10)
    assert derivatives["mu"] == pytest.approx(2 * np.pi * alpha / frequency**2, rel=1e-10)


@pytest.mark.parametrize(("name", "kick"), [("squid", 1e-3), ("class one", 1e-3), ("relaxation", 1e-5)])
def test_against_kicks_of_trajectories(made, name, kick):
    system, cycle = made[name]
    response = dn.phase_response(system, cycle)
    f, period = right_hand_side(system), response.period
    speeds = np.array([f(0.0, x) for x in response.cycle.points])
    for phase in (0.11, 0.37, 0.52, 0.83):
        shifts = []
        for sign in (1.0, -1.0):
            start = response.cycle.state(phase * period)
            start[0] += sign * kick
            # after several periods the kicked trajectory is back on the cycle, ahead by the shift
            after = solve_ivp(f, (0.0, 6 * period), start, method="DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
            distance = np.abs(response.cycle.points - after) / np.ptp(response.cycle.points, axis=0)
            row = int(distance.max(axis=1).argmin())
            time = response.times[row]
            for _ in range(4):
                here, slope = response.cycle.state(time), f(0.0, response.cycle.state(time))
                weight = slope / np.abs(speeds).max(axis=0) ** 2
                time += weight @ (after - here) / (weight @ slope)
            shifts.append((time - phase * period + 0.5 * period) % period - 0.5 * period)
        # central differences: errors of second order in the kick
        found = (shifts[0] - shifts[1]) / (2 * kick)
        assert found == pytest.approx(
            response.at(phase * period, response.states[0]), abs=1e-7 * np.ptp(response.values[:, 0])
        )


@pytest.mark.parametrize("name", list(CASES))
def test_derivatives_of_the_period(made, name):
    system, cycle = made[name]
    derivatives = dn.phase_response(system, cycle).period_derivatives
    for parameter in system.parameters[:6]:
        step = 5e-5 * max(abs(system.values[parameter]), 0.01)
        periods = []
        for sign in (1.0, -1.0):
            other = system.at(**{parameter: system.values[parameter] + sign * step})
            periods.append(cycle_near(other, cycle.points[0], cycle.period, 120).period)
        found = (periods[0] - periods[1]) / (2 * step)
        assert derivatives[parameter] == pytest.approx(
            found, rel=3e-6, abs=1e-7 * abs(cycle.period / system.values[parameter])
        )


def test_class_one_near_its_snic():
    wanted = REFERENCE["ml.classI.prc.I40.fourier"]["value"]
    response = dn.phase_response(*class_one(40.0), origin=("V", 0.0))
    z = response.sample(65)[1][:-1, 0]
    c = np.abs(np.fft.rfft(z)) / 64
    np.testing.assert_allclose(c[:4], [float(x) for x in wanted["c"]], rtol=5e-4)
    assert c[1] / c[0] == pytest.approx(float(wanted["c1_over_c0"]), rel=1e-4)


def test_response_does_not_depend_on_mesh_start_or_origin(made):
    system, cycle = made["class two"]
    first = dn.phase_response(system, cycle)
    second = dn.phase_response(system, first.cycle, origin=("V", -10.0))
    again = dn.phase_response(system, second.cycle, origin="V")
    t = np.linspace(0.0, first.period, 100)
    np.testing.assert_allclose(again.at(t), first.at(t), atol=1e-9 * np.abs(first.values).max())
    assert first.origin == again.origin == "the maximum of V" and second.origin == "V rising through -10"
    assert abs(right_hand_side(system)(0.0, first.cycle.points[0])[0]) < 1e-8
    assert second.cycle.points[0, 0] == pytest.approx(-10.0, abs=1e-9)


def test_unstable_cycles_have_a_response_and_it_is_said():
    # the inner cycle of the Bautin normal form, rho^2 = (beta_2 - sqrt(beta_2^2 + 4 beta_1))/2: angle is phase
    system = bautin_normal_form.at(beta_1=-0.1, beta_2=1.0)
    rho = np.sqrt(0.5 * (1.0 - np.sqrt(0.6)))
    response = dn.phase_response(system, cycle_near(system, [rho, 0.0], 2 * np.pi))
    assert not response.cycle.stable and "unstable" in response.sentence and "linear sense" in response.sentence
    np.testing.assert_allclose(response["y"], np.cos(response.times) / rho, atol=1e-8)


def test_a_ring_in_synchrony_shares_the_response_of_one_cell(made):
    count, rates = 5, {}
    coupling = sp.Symbol("k", real=True)
    for i in range(count):
        x, y, left, right = (sp.Symbol(n, real=True) for n in (f"x{i}", f"y{i}", f"x{i - 1}", f"x{i + 1}"))
        ends = {sp.Symbol("x-1", real=True): sp.Symbol(f"x{count - 1}", real=True)}
        ends |= {sp.Symbol(f"x{count}", real=True): sp.Symbol("x0", real=True)}
        rates |= {x: (y + coupling * (left + right - 2 * x)).xreplace(ends), y: (1 - x**2) * y - x}
    ring = dn.System(rates, {"k": 0.1}, name="ring")
    one = dn.phase_response(*made["relaxation"], origin="x")
    start = np.tile([0.0, 2.17271369262254673924], count)
    all_of_them = dn.phase_response(ring, cycle_near(ring, start, 6.6633, 40))
    t = np.linspace(0.0, one.period, 50)
    for i in range(count):
        np.testing.assert_allclose(count * all_of_them.at(t, f"x{i}"), one.at(t, "x"), atol=1e-9)
    assert all_of_them.period_derivatives["k"] == pytest.approx(0.0, abs=1e-9)


def test_large_systems_keep_the_mesh_of_their_cycle_and_the_error_is_said(made, monkeypatch):
    # as if the budget were spent by 60 intervals with 4 stages
    monkeypatch.setattr("dynana.analysis.phase_responses.BUDGET", 60 * 16 * (4 * 4) ** 2)
    system, cycle = made["squid"]
    response = dn.phase_response(system, cycle, origin=("V", -20.0))
    (segment,) = response.cycle.segments
    assert segment.stages == 4 and segment.widths.size == 60
    z = np.array([float(x) for x in REFERENCE["hh.prc.I10"]["value"]["Z_V"]])
    found = response.at(np.linspace(0.0, response.period, z.size), "V")
    assert 1e-9 < np.abs(found - z).max() / np.abs(z).max() < 10 * response.error < 1e-3


# bad input


def test_another_system_is_refused(made):
    _, cycle = made["squid"]
    with pytest.raises(ValueError, match="was not computed from this system"):
        dn.phase_response(morris_lecar, cycle)
    with pytest.raises(TypeError, match="System of the cycle"):
        dn.phase_response(cycle, cycle)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"branch.cycles\[i\]"):
        dn.phase_response(morris_lecar, 3.0)  # type: ignore[arg-type]


def test_values_of_parameters_are_those_of_the_cycle(made):
    system, cycle = made["class two"]
    first, second = dn.phase_response(system, cycle), dn.phase_response(system.at(I=0.0), cycle)
    np.testing.assert_array_equal(first.values, second.values)


def test_a_point_has_no_phase(made):
    system, cycle = made["relaxation"]
    point = replace(cycle, points=np.ones_like(cycle.points))
    with pytest.raises(ValueError, match="the cycle is a point"):
        dn.phase_response(system, point)


def test_forced_cycles_have_no_phase(made):
    system, cycle = made["relaxation"]
    with pytest.raises(ValueError, match="time enters the equations"):
        dn.phase_response(system, replace(cycle, forced=True))


def test_a_jump_that_the_system_lacks_is_refused(made):
    system, cycle = made["relaxation"]
    jumping = replace(cycle, segments=(replace(cycle.segments[0], jump="spike"),))
    with pytest.raises(dn.ModelError, match="has no jump 'spike', which the cycle makes"):
        dn.phase_response(system, jumping)


def test_a_curve_that_is_no_cycle_is_refused(made):
    system, cycle = made["relaxation"]
    with pytest.raises(dn.ConvergenceError, match="cannot be solved for again"):
        dn.phase_response(system, replace(cycle, points=1.5 * cycle.points))


def test_a_fold_of_cycles_has_no_finite_response():
    # the Bautin normal form with shear: circles where beta_1 + rho^2 - rho^4 = 0, turning with 1 + rho^2
    @dn.model
    def sheared(x=1.0, y=0.0, *, beta=-0.25):
        square = x**2 + y**2
        growth, turn = beta + square - square**2, 1 + square
        return growth * x - turn * y, turn * x + growth * y

    cycle = cycle_near(sheared.at(beta=-0.24), [np.sqrt(0.6), 0.0], 2 * np.pi / 1.6)

    def moved(distance):
        square = 0.5 + np.sqrt(distance)
        period = 2 * np.pi / (1 + square)
        segment = replace(cycle.segments[0], duration=period)
        points, times = np.sqrt(square / 0.6) * cycle.points, cycle.times * period / cycle.period
        parameters = {"beta": -0.25 + distance}
        return replace(cycle, parameters=parameters, points=points, times=times, segments=(segment,), period=period)

    near, nearer = (dn.phase_response(sheared, moved(d)) for d in (1e-8, 1e-10))
    assert np.abs(nearer.values).max() / np.abs(near.values).max() == pytest.approx(10.0, rel=1e-3)
    assert nearer.deviation < 1e-8
    with pytest.raises(dn.ConvergenceError, match="fold of cycles, where the phase response is infinite"):
        dn.phase_response(sheared, moved(0.0))


def test_origin_is_checked(made):
    system, cycle = made["class two"]
    with pytest.raises(ValueError, match="no state named 'U'"):
        dn.phase_response(system, cycle, origin="U")
    with pytest.raises(ValueError, match=r"V does not pass 80 on this cycle; it goes from -\d+"):
        dn.phase_response(system, cycle, origin=("V", 80.0))
    for bad in (3.0, ("V", "W"), ("V", 1.0, 2.0), ("V", np.nan)):
        with pytest.raises(TypeError, match="expected the name of a state"):
            dn.phase_response(system, cycle, origin=bad)  # type: ignore[arg-type]
