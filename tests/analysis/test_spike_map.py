"""Spike maps against Taylor series in 26 digits, closed forms, differences, simulation and stable manifolds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.analysis import interval_maps
from dynana.models import adex, adex_touboul_brette, izhikevich, lif, lorenz
from dynana.models.integrate_and_fire import adex_from_conductance

CASES = json.loads((Path(__file__).parents[1] / "reference" / "spike_maps.json").read_text(encoding="utf-8"))["cases"]
NAMES = {"C": "C", "gL": "g_L", "EL": "E_L", "VT": "V_T", "DT": "Delta_T", "tau_w": "tau_w", "a": "a", "b": "b",
         "I": "I", "Vpeak": "V_peak", "V_reset": "V_reset", "t_ref": "t_ref"}  # fmt: skip


def adex_of(case: dict, **more: float) -> dn.System:
    given = {NAMES[n]: float(x) for n, x in case["params"].items() if n in NAMES} | more
    return adex_from_conductance(**given)


ORBITS = [name for name, case in CASES.items() if "ISI" in case["value"]]


@pytest.mark.parametrize("name", ORBITS)
def test_periodic_orbits_of_the_literature(name: str) -> None:
    case = CASES[name]
    if name.startswith("izhikevich"):
        system = izhikevich.at(**{n: float(x) for n, x in case["params"].items()})
    else:
        system = adex_of(case)
    value = case["value"]
    w = np.array([float(x) for x in value.get("w_after_reset", value.get("u_after_reset"))])
    found = dn.spike_map(system, period=len(w), size=300, iterations=300)
    orbit = next(o for o, p in zip(found.orbits, found.points, strict=True) if p.stable)
    assert orbit[:, 0] == pytest.approx(w, abs=1e-10 * max(1.0, np.max(np.abs(w))))
    assert orbit[:, 1] == pytest.approx([float(x) for x in value["ISI"]], abs=1e-10)
    assert found.stable[0].multipliers[0].real == pytest.approx(float(value["multiplier"]), abs=1e-9)
    assert found.stable[0].period == pytest.approx(float(value["period"]), abs=1e-10)
    assert found.attractor[:, 0] == pytest.approx(orbit[:, 0], abs=1e-8)


def test_refractory_time() -> None:
    case = CASES["adex.TB2008.tref2"]
    found = dn.spike_map(adex_of(case), size=100, iterations=100)
    (point,) = found.stable
    assert point["w"] == pytest.approx(float(case["value"]["w_after_jump"]), abs=1e-9)
    assert point.period == pytest.approx(float(case["value"]["period"]), abs=1e-10)
    assert point.multipliers[0].real == pytest.approx(float(case["value"]["multiplier"]), abs=1e-9)


def test_maximum_on_the_nullcline() -> None:
    case = CASES["adex.TB2008.critical_point"]
    found = dn.spike_map(adex_of(case), size=200, iterations=50, period=1)
    ((place, top),) = found.critical
    assert place == pytest.approx(float(case["value"]["w_star"]), abs=1e-11)
    assert top == pytest.approx(float(case["value"]["P(w_star)"]), abs=1e-10)
    assert abs(np.interp(found.critical[0, 0], found.w, found.slope)) < 1e-3


@pytest.mark.parametrize("name", ["adex.TB2008.PD1", "adex.TB2008.PD3", "adex.TB2008.SN3"])
def test_multipliers_at_published_bifurcations(name: str) -> None:
    case = CASES[name]
    value = case["value"]
    w = np.array([float(x) for x in value["w_after_reset"]])
    found = dn.spike_map(
        adex_of(case, V_reset=float(value["V_reset"])), period=len(w), size=1001, iterations=10, w=(w[0] - 5, w[0] + 5)
    )
    orbits = [
        (o, p)
        for o, p in zip(found.orbits, found.points, strict=True)
        if p.spikes == len(w) and abs(o[0, 0] - w[0]) < 1
    ]
    if name.endswith("SN3"):  # a double root: it may just be missed, and is found to half of the digits
        assert all(abs(o[0, 0] - w[0]) < 1e-4 for o, _ in orbits)
        return
    ((orbit, point),) = orbits
    assert orbit[:, 0] == pytest.approx(w, abs=1e-8)
    assert point.multipliers[0].real == pytest.approx(-1.0, abs=1e-8)


def test_exponents_of_the_literature() -> None:
    chaotic = dn.spike_map(adex_touboul_brette.at(V_reset=-48.0), iterations=4000, period=2, size=200)
    value = CASES["adex.TB2008.le.Vr-48.0"]["value"]
    error = np.hypot(chaotic.error, float(value["stderr"][0]))
    assert abs(chaotic.exponent - float(value["per_spike"])) < 3 * error
    assert "chaos" in chaotic.reading and not len(chaotic.attractor)
    low, high = chaotic.invariant
    later = chaotic.course[chaotic.settled :, 0]
    assert low - 1e-6 <= later.min() and later.max() <= high + 1e-6
    quiet = dn.spike_map(adex_touboul_brette.at(V_reset=-48.75), iterations=4000, period=1, size=100)
    assert quiet.exponent == pytest.approx(float(CASES["adex.TB2008.le.Vr-48.75"]["value"]["per_spike"]), rel=1e-3)


def test_spikes_are_added_one_by_one() -> None:
    bursts = {}
    for reset in (-50.0, -48.5, -47.75, -47.2, -46.7, -46.0):
        found = dn.spike_map(adex_touboul_brette.at(V_reset=reset), size=100, period=1, iterations=1500)
        bursts[reset] = (len(found.attractor), round(found.rotation * len(found.attractor)))
    assert bursts == {-50.0: (1, 1), -48.5: (2, 2), -47.75: (3, 1), -47.2: (4, 1), -46.7: (5, 1), -46.0: (7, 1)}


def test_slopes_are_those_of_the_map_and_times_those_of_a_run() -> None:
    system = adex_touboul_brette.at(V_reset=-48.5)
    found = dn.spike_map(system, size=10, period=1, iterations=10, w=(250.0, 420.0))
    beside = dn.spike_map(system, size=10, period=1, iterations=10, w=(250.0 + 1e-4, 420.0 + 1e-4))
    before = dn.spike_map(system, size=10, period=1, iterations=10, w=(250.0 - 1e-4, 420.0 - 1e-4))
    assert found.slope == pytest.approx((beside.image - before.image) / 2e-4, abs=2e-6)
    for w, image, time in zip(found.w, found.image, found.time, strict=True):
        run = dn.simulate(system, 2 * time, start={"V": -48.5, "w": w}, rtol=1e-12)
        assert run.jump_times[0] == pytest.approx(time, abs=1e-9)
        assert run.jumps.after[0, 1] == pytest.approx(image, abs=1e-9)


def test_a_linear_neuron_in_closed_form() -> None:
    v, w = sp.symbols("v w", real=True)
    system = dn.System(
        {v: 2 - v, w: -w / 4}, initial={v: 0.0, w: 0.0}, jumps=[dn.Jump(when=v > 1, to={v: 0, w: w + 1}, name="spike")]
    )
    found = dn.spike_map(system, w=(0.0, 8.0), size=50, iterations=60)
    factor = 0.5**0.25  # the voltage rises from 0 to 1 in log 2
    assert found.time == pytest.approx(np.full(50, np.log(2)), abs=1e-12)
    assert found.image == pytest.approx(1 + factor * found.w, abs=1e-12)
    assert found.slope == pytest.approx(np.full(50, factor), abs=1e-12)
    assert found.fixed_points[0]["w"] == pytest.approx(1 / (1 - factor), abs=1e-10)
    assert found.at(1.23456) == pytest.approx(1 + factor * 1.23456, abs=1e-12)
    assert found.rotation == 0.0 and np.isnan(found.invariant).all() and not len(found.critical)


def test_the_domain_ends_at_stable_manifolds_of_the_saddle() -> None:
    system = adex.at(I=2)
    found = dn.spike_map(system, w=(-10.0, 20.0), size=200)
    saddle = next(p for p in dn.fixed_points(system) if p.kind == "saddle")
    assert all("stable manifold of the saddle" in reason for reason in found.edge_reasons)
    p = system.values

    def backwards(_: float, y: np.ndarray) -> list[float]:
        exponential = p["Delta_T"] * np.exp((y[0] - p["V_T"]) / p["Delta_T"])
        dv = (-(y[0] - p["V_rest"]) + exponential - p["R"] * y[1] + p["R"] * p["I"]) / p["tau"]
        return [-dv, -(p["a"] * (y[0] - p["V_rest"]) - y[1]) / p["tau_w"]]

    def meets(_: float, y: np.ndarray) -> float:
        return float(y[0] - p["V_reset"])

    k = int(np.argmin(saddle.eigenvalues.real))
    meetings: list[float] = []
    for sign in (-1, 1):
        start = saddle.point + sign * 1e-6 * saddle.eigenvectors[:, k].real
        run = solve_ivp(backwards, (0, 700), start, events=meets, rtol=1e-11, atol=1e-12, method="DOP853")
        meetings += [y[1] for y in run.y_events[0]]
    assert found.edges.size and all(np.min(np.abs(np.array(meetings) - e)) < 1e-4 for e in found.edges)
    assert len(found.domain) == 2 and found.domain[0][1] == found.edges[0] and found.domain[1][0] == found.edges[1]
    assert np.isnan(found.image[(found.w > found.edges[0]) & (found.w < found.edges[1])]).all()
    assert "rests at (V, w)" in found.reading


def test_the_interval_holds_a_fixed_point_far_below_the_maximum() -> None:
    # the map rises all the way from the fixed point to the maximum; simulated for 200 spikes
    run = dn.simulate(adex.at(I=30.0), 500.0)
    found = dn.spike_map(adex.at(I=30.0))
    assert found.points[0].state[1] == pytest.approx(run.jumps.after[-1, 1], abs=1e-6)
    assert found.w[0] < found.points[0].state[1] < found.w[-1]


def test_plateau_and_largest_image() -> None:
    found = dn.spike_map(adex_touboul_brette.at(V_reset=-47.2), size=50, period=1, iterations=10)
    far = dn.spike_map(adex_touboul_brette.at(V_reset=-47.2), size=10, period=1, iterations=10, w=(1e5, 2e5))
    assert found.plateau == pytest.approx(far.image[-1], abs=1e-5)


def test_handed_over_and_kept(tmp_path: Path) -> None:
    found = dn.spike_map(adex_touboul_brette.at(V_reset=-47.2), size=60, iterations=200)
    again = dn.load(found.save(tmp_path / "map.npz"))
    assert again.reading == found.reading and np.array_equal(again.image, found.image)
    point = again.periodic(4)[0]
    assert point.jump == "spike" and point.states == ("V", "w") and point["V"] == -47.2
    assert "bursts of 4 spikes" in str(found) and found._columns()["w"].size == 60


NOISY = dn.System({"x": 0, "y": 0}, noise=[dn.Noise({"x": 1})], name="noisy")
V, W = sp.symbols("V W", real=True)


def neuron(to: dict, **more: object) -> dn.System:
    return dn.System({V: 2 - V, W: -W}, jumps=[dn.Jump(when=V > 1, to=to, name="spike", **more)], name="neuron")


@pytest.mark.parametrize(
    ("system", "options", "error", "words"),
    [
        ("adex", {}, TypeError, "takes a System"),
        (lorenz, {}, dn.ModelError, "dn.poincare_map"),
        (NOISY, {}, dn.ModelError, "has noise"),
        (lif, {}, dn.ModelError, "1 state"),
        (neuron({V: 0, W: 1}), {}, dn.ModelError, "both states"),
        (neuron({V: V / 2, W: W + 1}), {}, dn.ModelError, "no state"),
        (neuron({V: 0, W: W + 1}, refractory=W**2), {}, dn.ModelError, "refractory time depends"),
        (neuron({V: 2, W: W + 1}), {}, dn.ModelError, "infinitely many spikes"),
        (adex, {"jump": "reset"}, ValueError, "'reset'"),
        (adex, {"V": (0, 1)}, ValueError, "is reset by the spike"),
        (adex, {"w": (1, 0)}, ValueError, "reversed"),
        (adex, {"u": (1, 0)}, ValueError, "'u'"),
        (adex, {"size": 3}, ValueError, "size must be at least 10"),
        (adex, {"period": 1.5}, TypeError, "whole number"),
        (adex, {"iterations": 0}, ValueError, "iterations"),
        (adex, {"t": -1.0}, ValueError, "t must be"),
        (adex, {"w": (1.0, 3.0), "size": 10}, ValueError, "no start with w from 1 to 3 spikes"),
    ],
)
def test_bad_input(system: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dn.spike_map(system, **options)


def test_too_many_laps_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interval_maps, "MOST_LAPS", 10)
    with pytest.raises(ValueError, match="laps"):
        dn.spike_map(adex_touboul_brette.at(V_reset=-46.0), size=200, period=20, iterations=10)
