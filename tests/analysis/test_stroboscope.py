"""Stroboscopic maps of forced systems: closed forms, scipy, published cascades and exponents, mode locking."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import dynana as dn
from dynana.errors import ConvergenceError
from dynana.results.periodic_point import PeriodicPoint

TEXT = "dx/dt = v; dv/dt = a*x - b*x^3 - c*v + A*cos(w*t); a = 1; b = 1; c = 0.3; A = 0.28; w = 1.2"
duffing = dn.System.from_text(TEXT, name="duffing")
linear, ueda = duffing.at(a=-1.0, b=0.0, w=2.0, A=0.5), duffing.at(a=0.0, c=0.05, A=7.5, w=1.0)


def period(p: dict[str, float]) -> float:
    return 2 * np.pi / p["w"]


def flow(system: dn.System, x: np.ndarray, begin: float, end: float) -> np.ndarray:
    a, b, c, A, w = system.values.values()

    def rates(t: float, s: np.ndarray) -> list[float]:
        return [s[1], a * s[0] - b * s[0] ** 3 - c * s[1] + A * np.cos(w * t)]

    run = solve_ivp(rates, (begin, end), x, method="DOP853", rtol=1e-12, atol=1e-12)
    return np.asarray(run.y[:, -1])


def test_a_linear_oscillator_in_closed_form() -> None:
    phase, turn = 0.3, np.pi
    found = dn.poincare_map(linear, forcing_period=period, phase=phase, returns=6)
    matrix = np.array([[0.0, 1.0], [-1.0, -0.3]])
    gain = 0.5 * np.linalg.solve(2j * np.eye(2) - matrix, [0.0, 1.0])
    response = (gain * np.exp(2j * phase * turn)).real
    (point,) = found.fixed_points
    assert point.state == pytest.approx(response, abs=1e-10) and point.time == pytest.approx(phase * turn)
    assert found.derivatives == pytest.approx(np.tile(expm(matrix * turn), (6, 1, 1)), abs=1e-10)
    start = np.array(list(linear.initial.values())) - gain.real
    for k, y in enumerate(found.y):
        assert y == pytest.approx(response + expm(matrix * (k + phase) * turn) @ start, abs=1e-10)
    assert found.times == pytest.approx(np.full(6, turn), abs=1e-12)
    assert "at phase 0.3 of the forcing" in str(found)


@pytest.mark.parametrize(("A", "turns"), [(0.2, 1), (0.28, 2), (0.29, 4), (0.37, 5)])
def test_the_cascade_of_duffing(A: float, turns: int) -> None:
    """The windows of A known for this oscillator; every orbit against scipy, volumes in closed form."""
    system = duffing.at(A=A)
    found = dn.poincare_map(system, forcing_period=period, skip=300, returns=100, period=turns)
    assert [count for count, p in zip(found.returns, found.points, strict=True) if p.stable] == [turns]
    for point in found.points:
        assert flow(system, point.state, 0.0, point.period) == pytest.approx(point.state, abs=1e-8)
        assert np.prod(point.multipliers).real == pytest.approx(np.exp(-0.3 * point.period), rel=1e-5)


def test_the_diagram_of_duffing() -> None:
    found = dn.orbit_diagram(duffing, "A", [0.2, 0.28, 0.29, 0.37, 0.5, 0.65], forcing_period=period, phase=0.5)
    assert found.periods.tolist() == [1, 2, 4, 5, 0, 2] and found.measure == "x"
    assert found.chaotic.tolist() == [False] * 4 + [True, False]
    x = dn.poincare_map(duffing.at(A=0.2), forcing_period=period, phase=0.5).fixed_points[0]
    assert found.measured[0] == pytest.approx(np.full(150, x["x"]), abs=1e-6)
    assert found.exponents[0] == pytest.approx(np.log(np.abs(x.multipliers[0])) / x.period, abs=2e-3)
    turning = dn.orbit_diagram(
        duffing.at(A=0.2), "w", [1.1, 1.2], forcing_period=period, carry="forward", returns=20, skip=50
    )
    np.testing.assert_allclose(turning.times, np.repeat(2 * np.pi / turning.values, 20).reshape(2, 20), rtol=1e-9)


def test_the_exponents_of_ueda() -> None:
    """x'' + 0.05 x' + x^3 = 7.5 cos t: the largest one is about 0.1, all together -0.05."""
    spectrum = dn.lyapunov_exponents(ueda, 4000.0, dt=0.02)
    assert spectrum.largest == pytest.approx(0.102, abs=4 * spectrum.errors[0]) and spectrum.errors[0] < 0.005
    assert spectrum.exponents.sum() == pytest.approx(-0.05, abs=1e-6)
    assert spectrum.verdict == "chaos" and spectrum.forced and np.isnan(spectrum.zero)
    assert spectrum.dimension == pytest.approx(1 + spectrum[0] / abs(spectrum[1])) and "clock" in str(spectrum)
    found = dn.orbit_diagram(ueda, "A", [7.5], forcing_period=period, returns=600)
    assert found.exponents[0] == pytest.approx(spectrum.largest, abs=4 * np.hypot(found.errors[0], spectrum.errors[0]))
    assert dn.lyapunov_exponents(linear, 400.0, dt=0.02).verdict == "cycle"


def test_periodic_points_start_cycles() -> None:
    found = dn.poincare_map(duffing, forcing_period=period, phase=0.3, skip=200, period=2)
    for point in found.points:
        cycle = dn.find_cycle(duffing, point, forcing_period=period)
        assert cycle.period == pytest.approx(point.period) and cycle.stable == point.stable
        assert cycle.multipliers == pytest.approx(point.multipliers, abs=1e-8)
        passed = [cycle.state(point.time + k * period(duffing.values)) for k in range(2)]
        assert min(np.abs(x - point.state).max() for x in passed) < 1e-8
    branch = dn.continue_cycles(duffing, found.fixed_points[0], "A", (0.2, 0.3), forcing_period=period)
    assert branch.special_points("period doubling")


@dn.model(wrap={"theta": 2 * np.pi})
def pendulum(theta=0.2, v=0.0, *, t, torque=1.35, damping=0.5, w=2.0 / 3.0):
    """A driven pendulum; Baker & Gollub (1996), Chaotic Dynamics, chapter 3."""
    return v, -damping * v - dn.sin(theta) + torque * dn.cos(w * t)


def test_angles_come_back_after_whole_turns() -> None:
    """At a torque of 1.35 the pendulum makes one turn in each period of the forcing (Baker & Gollub)."""
    found = dn.poincare_map(pendulum, forcing_period=period, skip=100, returns=20)
    assert (found["theta"] >= 0.0).all() and (found["theta"] < 2 * np.pi).all()
    (point,) = [p for p in found.fixed_points if p.stable]

    def rates(t: float, s: np.ndarray) -> list[float]:
        return [s[1], -0.5 * s[1] - np.sin(s[0]) + 1.35 * np.cos(2.0 / 3.0 * t)]

    run = solve_ivp(rates, (0.0, point.period), point.state, method="DOP853", rtol=1e-12, atol=1e-12)
    assert np.abs(run.y[:, -1] - point.state) == pytest.approx([2 * np.pi, 0.0], abs=1e-8)


OMEGA = 3.5064
PERIOD = 2.0 * np.pi / OMEGA


@dn.model
def leaky(V=0.0, *, t, I=1.2, A=0.1, omega=OMEGA, t_ref=0.0):
    """V' = I - V + A sin(omega t), threshold 1, reset 0."""
    return I - V + A * dn.sin(omega * t), dn.Jump(when=V > 1.0, to={V: 0.0}, refractory=t_ref, name="spike")


def test_a_forced_neuron_locks_in_closed_form(tmp_path: object) -> None:
    """One spike a period: (I + A sin(omega t0 - atan omega)/sqrt(1 + omega^2)) (1 - exp(-P)) = 1 at both phases t0."""
    wanted = (1.0 / (1.0 - np.exp(-PERIOD)) - 1.2) * np.hypot(1.0, OMEGA) / 0.1
    shift = np.arctan(OMEGA)
    times = np.mod(np.array([np.arcsin(wanted) + shift, np.pi - np.arcsin(wanted) + shift]) / OMEGA, PERIOD)
    strobe = dn.poincare_map(leaky, forcing_period=PERIOD, phase=0.4, skip=20, returns=10)
    guesses = [[0.0, time / PERIOD + 0.03] for time in times]
    spikes = dn.poincare_map(leaky, "spike", forcing_period=PERIOD, skip=20, returns=10, guesses=guesses)
    assert spikes.chart == ("phase",) and spikes.states == ("V", "phase") and strobe.states == ("V",)
    assert sorted(p.time for p in spikes.fixed_points) == pytest.approx(sorted(times), abs=1e-9)
    for point in (*spikes.fixed_points, *strobe.fixed_points):
        assert point.spikes == 1 and point.period == pytest.approx(PERIOD)
        cycle = dn.find_cycle(leaky, point, forcing_period=PERIOD)
        assert cycle.multipliers == pytest.approx(point.multipliers, abs=1e-8) and cycle.stable == point.stable
    for point in spikes.fixed_points:
        drive = 1.2 + 0.1 * np.sin(OMEGA * point.time)
        assert point.multipliers[0] == pytest.approx(np.exp(-PERIOD) * drive / (drive - 1.0), abs=1e-9)
    again = dn.load(spikes.save(tmp_path / "map.npz"))
    assert [p.time for p in again.points] == [p.time for p in spikes.points]
    assert again.place(again.points[0], "phase") == spikes.points[0].time / PERIOD


def test_the_rotation_number_is_one_inside_the_tongue() -> None:
    centre, half = 1.0 / (1.0 - np.exp(-PERIOD)), 0.1 / np.hypot(1.0, OMEGA)
    values = [centre - 1.3 * half, centre - 0.97 * half, centre, centre + 0.97 * half, centre + 1.3 * half]
    found = dn.orbit_diagram(leaky, "I", values, forcing_period=PERIOD, measure="ISI", returns=200)
    rotation = PERIOD / found.times.mean(axis=1)
    assert rotation[1:4] == pytest.approx(np.ones(3), abs=1e-5)
    assert rotation[0] < 0.999 and rotation[4] > 1.001


def test_inside_a_refractory_time_there_is_no_derivative() -> None:
    system = leaky.at(t_ref=0.4, I=1.33)
    maps = [dn.poincare_map(system, forcing_period=PERIOD, phase=k / 10, skip=40, returns=20) for k in range(10)]
    hidden = [np.isnan(m.derivatives).all() for m in maps]
    assert any(hidden) and not all(hidden)
    for found, inside in zip(maps, hidden, strict=True):
        assert bool(found.points) != inside
        assert ("inside a refractory time" in str(found)) == inside
        assert not found.points or found.points[0].period == pytest.approx(PERIOD)


def test_what_is_refused() -> None:
    with pytest.raises(dn.ModelError, match="Give the period of the forcing as forcing_period="):
        dn.poincare_map(duffing, "x")
    with pytest.raises(dn.ModelError, match="Give the period of the forcing as forcing_period="):
        dn.orbit_diagram(duffing, "A", [0.2], measure="x")
    with pytest.raises(ValueError, match="not periodic in time with forcing_period"):
        dn.poincare_map(duffing, forcing_period=1.0)
    with pytest.raises(ValueError, match="the period of the forcing changes with w"):
        dn.orbit_diagram(duffing.at(w=1.0), "w", [1.0, 1.2], forcing_period=2 * np.pi)
    with pytest.raises(ValueError, match="share of the period of the forcing, from 0 up to 1"):
        dn.poincare_map(duffing, forcing_period=period, phase=1.0)
    with pytest.raises(ValueError, match="give section= or phase="):
        dn.poincare_map(duffing, "x", forcing_period=period, phase=0.5)
    with pytest.raises(ValueError, match="is a moment of a forcing: give its period"):
        dn.poincare_map(duffing.freeze("t"), "x", phase=0.5)
    with pytest.raises(ValueError, match="say with section= where"):
        dn.poincare_map(duffing.freeze("t"))
    with pytest.raises(ValueError, match="which is sure to come"):
        dn.poincare_map(duffing, forcing_period=period, t=5.0)
    with pytest.raises(ValueError, match="guesses are states of duffing: 2 numbers each"):
        dn.poincare_map(duffing, forcing_period=period, guesses=[[0.0]])
    with pytest.raises(ValueError, match="t= has no meaning here"):
        dn.orbit_diagram(duffing, "A", [0.2], forcing_period=period, t=5.0)
    with pytest.raises(ValueError, match="phase= has no meaning here"):
        dn.orbit_diagram(leaky, "I", [1.2], forcing_period=PERIOD, measure="ISI", phase=0.5)
    point = PeriodicPoint(
        system="duffing", fingerprint=duffing.fingerprint, states=("x", "v"), parameters=duffing.values, jump="",
        state=np.zeros(2), spikes=0, period=period(duffing.values), multipliers=np.empty(0),
    )  # fmt: skip
    with pytest.raises(ValueError, match="does not say at what time it is"):
        dn.find_cycle(duffing, point, forcing_period=period)
    silent = PeriodicPoint(
        system="leaky", fingerprint=leaky.fingerprint, states=("V",), parameters=leaky.values, jump="", time=0.0,
        state=np.zeros(1), spikes=1, period=0.1, multipliers=np.empty(0),
    )  # fmt: skip
    with pytest.raises(ConvergenceError, match="its orbit has none"):
        dn.find_cycle(leaky, silent, forcing_period=PERIOD)
