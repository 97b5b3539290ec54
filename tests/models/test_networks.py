"""Networks of the library against independent simulators, over fixed seeds, and against closed forms."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from dynana.models import NETWORKS, linear, networks
from dynana.results import spike_statistics as spikes
from dynana.results.recording import Recording

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "simulation_networks.json").read_text("utf-8"))

SEEDS = range(5)

#: Standard errors of the difference of two means (Welch) that are allowed, and a share of the mean beside them: peers
#: differ by as much among themselves in integrators and in how they draw connections.
ERRORS, SHARE = 3.0, 0.01

#: Network, duration and window of the statistics in ms.
SPIKING = {
    "ei_balanced": (networks.ei_balanced, 500.0, 100.0),
    "cuba": (networks.cuba, 1000.0, 200.0),
    "coba": (networks.coba, 1000.0, 200.0),
    "cobahh": (networks.cobahh, 1000.0, 200.0),
    "brunel": (networks.brunel, 1000.0, 200.0),
    "brunel_synchronous": (lambda: networks.brunel("SR"), 200.0, 100.0),
}


def measured(run: Recording, population: str, begin: float) -> dict[str, float]:
    """Return rate in Hz, mean CV, Fano factor of the population in bins of 5 ms, and the share of silent cells."""
    train, window = run.spikes[population], (begin, run.span[1])
    t, cell = spikes.within(train.t, train.cell, window)
    rates = 1000 * spikes.rates(cell, train.size, window)
    return {
        f"{population}_rate": float(rates.mean()),
        f"{population}_cv": float(np.nanmean(spikes.cv(t, cell, train.size))),
        f"{population}_fano": float(spikes.fano(spikes.population_counts(t, spikes.bin_edges(window, 5.0)))),
        f"{population}_silent": float((rates == 0).mean()),
    }


def check(name: str, found: list[dict[str, float]]) -> None:
    """Compare means over seeds with those of a peer."""
    for key in found[0]:
        own, peer = np.array([row[key] for row in found]), REFERENCE[name]["values"][key]
        # a single run of a peer says nothing of its spread: our own stands in
        spread = peer["sd"] if peer["n"] > 1 else own.std(ddof=1)
        error = math.sqrt(own.var(ddof=1) / own.size + spread**2 / peer["n"])
        allowed = ERRORS * error + SHARE * abs(peer["mean"])
        assert abs(own.mean() - peer["mean"]) <= allowed, (key, own, peer)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPIKING)
def test_rates_and_irregularity_are_those_of_other_simulators(name: str) -> None:
    make, duration, begin = SPIKING[name]
    found = []
    for seed in SEEDS:
        run = dn.simulate(make(), duration, dt=0.1, seed=seed)
        found.append({k: v for p in "EI" for k, v in measured(run, p, begin).items()})
    check(name, found)


@pytest.mark.slow
def test_plastic_weights_drift_as_in_other_simulators() -> None:
    found = []
    for seed in SEEDS:
        run = dn.simulate(networks.stdp_recurrent(), 1000.0, dt=0.1, seed=seed)
        w = run.final.content["E->E:stdp.w"] / 0.3
        assert w.size == 1_000_000 and w.min() >= 0.0 and w.max() <= 1.0
        found.append(measured(run, "E", 200.0) | {"w_mean": float(w.mean()), "w_std": float(w.std())})
    check("stdp_recurrent", found)


@pytest.mark.slow
def test_decisions_are_those_of_another_simulator() -> None:
    found = []
    groups = {"A": slice(0, 48), "B": slice(48, 96), "non": slice(96, 320)}
    for seed in range(15):
        run = dn.simulate(networks.decision_spiking(seed=seed), 1600.0, dt=0.05, seed=seed)
        row = {f"{p}_{what}": measured(run, p, 0.0)[f"{p}_{what}"] for p in "EI" for what in ("rate", "cv")}
        train = run.spikes["E"]
        for stage, window in {"pre": (0.0, 100.0), "stim_late": (600.0, 1100.0), "delay": (1100.0, 1600.0)}.items():
            _, cell = spikes.within(train.t, train.cell, window)
            rates = 1000 * spikes.rates(cell, train.size, window)
            row |= {f"r_{name}_{stage}": float(rates[cells].mean()) for name, cells in groups.items()}
        found.append(row)
    check("decision_spiking", found)


def bump_stimulus(n: int, z: float) -> np.ndarray:
    """Return the stimulus of the attractor network at a place."""
    x = np.array(networks.ring_places(n))
    return 10 * np.exp(-0.25 * ((np.remainder(x - z + np.pi, 2 * np.pi) - np.pi) / 0.5) ** 2)


def classical_runge_kutta(n: int, steps: int, h: float, stimulus: np.ndarray, end: float) -> np.ndarray:
    """Return the attractor network by matrix products, independently of this project."""
    x = np.array(networks.ring_places(n))
    d = np.remainder(x[:, None] - x + np.pi, 2 * np.pi) - np.pi
    J = 4 * np.exp(-0.5 * (d / 0.5) ** 2) / (math.sqrt(2 * math.pi) * 0.5)

    def slope(u: np.ndarray, on: bool) -> np.ndarray:
        return -u + J @ (u**2 / (1 + 8.1 * (u**2).sum())) + on * stimulus

    u = np.zeros(n)
    for k in range(steps):
        on = h * (k + 0.5) < end
        a = slope(u, on)
        b = slope(u + h / 2 * a, on)
        c = slope(u + h / 2 * b, on)
        u = u + h / 6 * (a + 2 * b + 2 * c + slope(u + h * c, on))
    return u


def test_the_bump_of_the_attractor_is_that_of_its_peers_to_the_last_digit() -> None:
    n, stimulus = 512, bump_stimulus(512, 0.5)
    course = dn.sampled([0.0, 10.0, 40.0], np.stack([stimulus, 0 * stimulus, 0 * stimulus]))
    run = dn.simulate(
        networks.cann(n),
        40.0,
        dt=0.05,
        method="rk4",
        inputs={"u": {"I": course}},
        record={"u": [dn.record("u", every=800)]},
    )
    u, x = run["u", "u"][-1], np.array(networks.ring_places(n))
    assert np.abs(u - classical_runge_kutta(n, 800, 0.05, stimulus, 10.0)).max() < 1e-13
    found = {"u_max": u.max(), "x_peak": x[u.argmax()], "u_l2": np.linalg.norm(u), "centre_of_mass": x @ u / u.sum()}
    for key, value in found.items():
        assert round(float(value), 5) == REFERENCE["cann"]["values"][key]["mean"], key


def test_chaotic_rates_have_the_spread_of_the_same_connections_elsewhere() -> None:
    random = np.random.default_rng(1)
    J = random.standard_normal((2000, 2000)) * 1.5 / np.sqrt(2000)
    units = dn.Population("x", networks.tanh_unit, 2000, start={"x": random.standard_normal(2000)})
    net = dn.Network([units], [dn.Projection(units, units, linear, connect=dn.all_to_all(autapses=True), w=J.T)])
    run = dn.simulate(net, 100.0, dt=0.1, method="euler", record={"x": [dn.record("x", every=1000)]})
    assert round(float(run["x", "x"][-1].std()), 5) == REFERENCE["random_rates"]["values"]["std_end"]["mean"]


@pytest.mark.parametrize("g", [0.5, 1.5])
def test_random_rates_are_chaotic_beyond_the_transition_only(g: float) -> None:
    run = dn.simulate(
        networks.random_rates(400, g), 60.0, dt=0.1, method="euler", seed=1, record={"x": [dn.record("x", every=600)]}
    )
    # below g = 1 everything decays, at the slowest with exp(-(1 - g) t) = 1e-13
    assert (run["x", "x"][-1].std() > 0.3) == (g > 1)


def test_the_irregular_variant_is_irregular_and_the_published_one_is_not() -> None:
    for make, low, high in ((networks.ei_balanced, 0.0, 0.02), (networks.ei_irregular, 0.9, 1.05)):
        run = dn.simulate(make(), 1000.0, dt=0.1, seed=1)
        for population in "EI":
            assert low < measured(run, population, 200.0)[f"{population}_cv"] < high


def test_conductances_of_the_channel_network_start_as_drawn() -> None:
    net = networks.cobahh(0.25)
    run = dn.simulate(net, 0.1, dt=0.1, seed=1, record={"E": ["s_1", "s_2"]})
    for name, mean, spread in (("s_1", 40.0, 15.0), ("s_2", 200.0, 120.0)):
        first = run["E", name][-1]
        assert first.mean() == pytest.approx(mean, abs=4 * spread / math.sqrt(800))
        assert first.std() == pytest.approx(spread, rel=0.1)


def test_numbers_of_cells_follow_the_scale() -> None:
    assert [p.size for p in networks.cuba(0.5).populations] == [1600, 400]
    assert [p.size for p in networks.brunel("SR", 0.1).populations][:2] == [1000, 250]
    assert [p.size for p in networks.decision_spiking(1).populations][:2] == [1600, 400]


def test_an_unknown_regime_is_refused() -> None:
    with pytest.raises(ValueError, match="regime 'IA': expected one of 'AI', 'SR'"):
        networks.brunel("IA")


@pytest.mark.parametrize("name", [n for names in NETWORKS.values() for n in names])
def test_each_network_is_documented_with_its_source(name: str) -> None:
    make: Callable[[], dn.Network] = getattr(dn.models, name)
    assert make.__doc__ and "(19" in make.__doc__ or "(20" in str(make.__doc__)
    assert make().name == name


def two_cells_in_plain_python(onsets: list[list[float]]) -> list[float]:
    """Return the weight after each step of 0.1 ms between two cells with pulses of 30 for 15 ms, all taus 10 ms."""
    V, free, s, A_s, A_t, w, h = [0.0, 0.0], [0, 0], 0.0, 0.0, 0.0, 1.0, 0.1
    fade, course = math.exp(-h / 10), []
    for k in range(1, 3001):
        for cell in (0, 1):
            if k > free[cell]:
                drive = 30.0 * any(on < (k - 0.5) * h < on + 15 for on in onsets[cell])
                V[cell] = drive + (V[cell] - drive) * fade + cell * s * h / 10 * fade
        s, A_s, A_t = s * fade, A_s * fade, A_t * fade
        first, second = (v > 20 for v in V)
        if first:
            s, A_s, w = s + w, A_s + 0.5, max(w - A_t, 0.0)
        if second:
            A_t, w = A_t + 0.5, min(w + A_s, 20.0)
        for cell, spiked in enumerate((first, second)):
            if spiked:
                V[cell], free[cell] = -5.0, k + 10
        course.append(w)
    return course


def test_weights_follow_the_order_of_spikes_as_in_a_simulation_by_hand() -> None:
    onsets = [[5.0, 35.0, 65.0, 183.0, 213.0, 243.0], [10.0, 40.0, 70.0, 180.0, 210.0, 240.0]]
    expected = two_cells_in_plain_python(onsets)
    assert expected[-1] < expected[0] < expected[1000]
    cells = [dn.Population(name, dn.models.lif, 1) for name in ("pre", "post")]
    net = dn.Network(cells, [dn.Projection(*cells, dn.models.stdp, name="plastic")])
    inputs = {c: {"I": dn.pulses(times, 15, 30)} for c, times in zip(("pre", "post"), onsets, strict=True)}
    run = dn.simulate(net, 50.0, dt=0.1, inputs=inputs)
    for piece in range(1, 6):
        assert run.final.content["plastic.w"][0] == pytest.approx(expected[500 * piece - 1], rel=1e-12)
        run = dn.simulate(net, 50.0, dt=0.1, inputs=inputs, start=run.final)
