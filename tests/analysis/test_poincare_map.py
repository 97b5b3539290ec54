"""Poincare maps against orbits in 26 digits, closed forms, spike maps, differences and runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import (
    adex_touboul_brette,
    generalized_if,
    hindmarsh_rose,
    hodgkin_huxley,
    lif,
    lorenz,
    rossler,
    stuart_landau,
    van_der_pol,
)

REFERENCE = Path(__file__).parents[1] / "reference"
ORBITS = {o["id"]: o for o in json.loads((REFERENCE / "orbits.json").read_text(encoding="utf-8"))["orbits"]}
X, Y = sp.symbols("x y", real=True)


@pytest.mark.parametrize(
    ("name", "system", "section"),
    [("vdp.po.mu1", van_der_pol, "x"), ("hh.po.I10", hodgkin_huxley.at(I=10), "V + 20")],
)
def test_cycles_of_the_literature(name: str, system: dn.System, section: str) -> None:
    known = ORBITS[name]
    found = dn.poincare_map(system, section, returns=15, skip=5)
    (point,) = found.fixed_points
    assert point.period == pytest.approx(float(known["period"]), abs=1e-10)
    assert point.state == pytest.approx([float(x) for x in known["point"]], abs=1e-10)
    assert point.multipliers[0].real == pytest.approx(float(known["multipliers"][1]), abs=1e-10)
    assert point.stable and point.jump == "" and point.spikes == 0
    assert found.times == pytest.approx(np.full(15, point.period), rel=1e-3)


def test_a_circle_in_closed_form() -> None:
    system = stuart_landau.at(mu=0.5, omega=2.0, alpha=0.0, x=0.1, y=-0.3)
    found = dn.poincare_map(system, "y", returns=12)
    assert found.times == pytest.approx(np.full(12, np.pi), abs=1e-11)
    r = found["x"]  # r^2 = mu/(1 + (mu/r_0^2 - 1) exp(-2 mu t))
    assert r[1:] == pytest.approx(np.sqrt(0.5 / (1 + (0.5 / r[:-1] ** 2 - 1) * np.exp(-np.pi))), abs=1e-11)
    slope = (r[1:] / r[:-1]) ** 3 * np.exp(-np.pi)
    assert found.derivatives[:, 0, 0] == pytest.approx(slope, abs=1e-10)
    assert found.fixed_points[0].multipliers[0] == pytest.approx(np.exp(-np.pi), abs=1e-10)
    down = dn.poincare_map(system, "y", direction="down", returns=3)
    assert down["x"][0] < 0
    both = dn.poincare_map(system, sp.Symbol("y"), direction="both", returns=8, period=2)
    assert both.times == pytest.approx(np.full(8, np.pi / 2), abs=1e-11)
    assert both.periodic(2)[0].period == pytest.approx(np.pi, abs=1e-10) and not both.fixed_points


def test_unstable_orbits_inside_the_attractor_of_rossler() -> None:
    found = dn.poincare_map(rossler, "x", returns=150, skip=30, period=2)
    for point in found.points:
        assert not point.stable

        def flow(_: float, s: np.ndarray) -> list[float]:
            return [-s[1] - s[2], s[0] + 0.2 * s[1], 0.2 + s[2] * (s[0] - 5.7)]

        run = solve_ivp(flow, (0, point.period), point.state, method="DOP853", rtol=1e-12, atol=1e-12)
        assert run.y[:, -1] == pytest.approx(point.state, abs=1e-8)
    assert len(found.fixed_points) == len(found.periodic(2)) == 1
    assert found.chart == ("y", "z") and np.all(np.abs(found["x"]) < 1e-10)


def test_burst_of_hindmarsh_rose() -> None:
    system = hindmarsh_rose.at(I=2.0, r=0.006)
    found = dn.poincare_map(system, "V", returns=20, skip=20, period=2)
    (burst,) = found.periodic(2)
    assert burst.period == pytest.approx(128.5048445995969, abs=1e-8)
    assert burst.multipliers[0].real == pytest.approx(-0.1432463796844424, abs=1e-8)
    assert not found.fixed_points


def test_the_section_after_a_jump_is_the_spike_map() -> None:
    system = adex_touboul_brette.at(V_reset=-48.5)
    spikes = dn.spike_map(system, period=2, size=100, iterations=50)
    after = dn.poincare_map(system, "spike", returns=40, period=2)
    assert after.chart == ("w",) and np.all(after["V"] == -48.5)
    assert after["w"][:30] == pytest.approx(spikes.course[:30, 0], abs=1e-9)
    assert after.derivatives[:30, 0, 0] == pytest.approx(spikes.course[:30, 2], abs=1e-9)
    assert after.periodic(2)[0].multipliers[0] == pytest.approx(spikes.periodic(2)[0].multipliers[0], abs=1e-9)
    between = dn.poincare_map(system, "V + 45", returns=40, period=2)  # the flow, then the reset, then the flow
    assert between.periodic(2)[0].period == pytest.approx(after.periodic(2)[0].period, abs=1e-9)
    assert between.periodic(2)[0].multipliers[0] == pytest.approx(after.periodic(2)[0].multipliers[0], abs=1e-9)
    assert between.periodic(2)[0].spikes == 2 and between.periodic(2)[0].jump == ""


def test_four_states_with_a_maximum_in_the_reset() -> None:
    system = generalized_if.at(I=2.0, a=0.005, A1=10.0, A2=-0.6)
    found = dn.poincare_map(system, "spike", returns=60, skip=60, period=4)
    assert found.chart == ("V_th", "I1", "I2")
    run = dn.simulate(system, 1.2 * found.times.sum() * 2, rtol=1e-11)
    intervals = np.diff(run.jumps["spike"])[60 : 60 + 60]
    assert found.times == pytest.approx(intervals, abs=1e-7)


def test_derivatives_are_those_of_perturbed_returns() -> None:
    found = dn.poincare_map(lorenz, "z - 27", returns=6, skip=10, period=0)
    y, step = found.y[2], 1e-5
    for j, name in enumerate(found.chart):
        moved = []
        for sign in (1, -1):
            start = y.copy()
            start[found.states.index(name)] += sign * step
            start[2] = 27.0 + 1e-13
            moved.append(dn.poincare_map(lorenz, "z - 27", returns=1, start=start, period=0).y[0, :2])
        assert found.derivatives[2][:, j] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-4, abs=1e-4)


def test_an_equilibrium_on_the_section_is_no_orbit_and_results_are_kept(tmp_path: Path) -> None:
    found = dn.poincare_map(lorenz, "z - 27", returns=20, skip=20, period=1, guesses=[[8.5, 8.4, 27.0]])
    assert not found.fixed_points
    again = dn.load(found.save(tmp_path / "map.npz"))
    assert np.array_equal(again.y, found.y) and again._columns()["x"].size == 21
    assert "return times" in str(again)


def test_an_orbit_that_leaves_is_said() -> None:
    decaying = dn.System({X: Y, Y: -X - Y / 2}, initial={X: 1.0, Y: 0.0}, name="decaying")
    found = dn.poincare_map(decaying, "y + 0.01", returns=200, t=50.0)
    assert found.stop.reason == "left" and 1 <= len(found) < 10 and "has not come to the section" in found.stop.message


NOISY = dn.System({X: -X}, noise=[dn.Noise({X: 1})], name="noisy")
KINKED = dn.System({X: dn.absolute(Y), Y: -X}, name="kinked")


@pytest.mark.parametrize(
    ("system", "section", "options", "error", "words"),
    [
        ("lorenz", "x", {}, TypeError, "takes a System"),
        (NOISY, "x", {}, dn.ModelError, "has noise"),
        (KINKED, "x", {}, dn.ModelError, "kinks"),
        (van_der_pol, "x - 5", {}, ValueError, "has not come to the section x - 5 = 0 .up. within"),
        (lif.at(I=1), "spike", {}, ValueError, "has not come to the jump 'spike'"),
        (van_der_pol, "x - q", {}, dn.FormatError, "q"),
        (van_der_pol, "mu", {}, ValueError, "contains no state"),
        (van_der_pol, "t + x", {}, dn.ModelError, "contains the time"),
        (van_der_pol, "x +", {}, dn.FormatError, "column"),
        (van_der_pol, sp.Symbol("x") > 0, {}, ValueError, "condition"),
        (van_der_pol, "x", {"direction": "left"}, ValueError, "'left'"),
        (van_der_pol, "x", {"returns": 0}, ValueError, "returns must be"),
        (van_der_pol, "x", {"period": 1.0}, ValueError, "period must be"),
        (van_der_pol, "x", {"t": 0.0}, ValueError, "t must be"),
        (van_der_pol, "x", {"guesses": [[1.0]]}, ValueError, "guesses are states"),
    ],
)
def test_bad_input(system: object, section: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dn.poincare_map(system, section, **options)


def test_a_passage_within_rounding_of_the_start_is_one_passage() -> None:
    # the state is 3e-9 before the section: a step's share of time in which rounding hides where exactly it is passed
    x, y, z = sp.symbols("x y z", real=True)
    system = dn.System({x: x, y: 3 * y, z: -2 * z - x**2 - x * y}, name="graph")
    normal = (0.258905444151514, -0.9658999327044044, -0.00230021527993414)
    foot = (-0.11583568873179206, -0.03103807925038659, -0.00395069967156583)
    section = sum(n * (s - a) for n, s, a in zip(normal, (x, y, z), foot, strict=True))
    start = [-0.11583569163870368, -0.03103806840555378, -0.00395069964573967]
    with pytest.raises(ValueError, match="after 1 passages"):
        dn.poincare_map(system, section, start=start, returns=1, skip=1, t=1.0)
