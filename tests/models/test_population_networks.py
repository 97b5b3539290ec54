"""Networks of populations: rates against exact ones of finite size, and what the experiments of a report show."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import dynana as dn
from dynana.models import qif_populations, theta, three_population
from dynana.models.population_networks import EXPERIMENTS, lorentzian, three_population_inputs

KNOWN = json.loads((Path(__file__).parents[1] / "reference" / "quadratic_if_networks.json").read_text("utf-8"))
RATES = KNOWN["rates"]

#: A kick that carries the bistable network from its low to its high rate and lets it settle there.
KICK = dn.ramp([0.0, 5.0, 10.0], [5.0, 5.0, 0.0])
#: Rates at two steps, extrapolated: sums that run at all times see a jump of s for half a step too long, an error of
#: first order that positive feedback triples. What is left are 20 units of time of nearly periodic trains.
NEAR = 0.005


@pytest.mark.parametrize("n", [1000, pytest.param(10000, marks=pytest.mark.slow)])
def test_quadratic_cells_have_the_rates_that_are_consistent_with_themselves(n: int) -> None:
    low, _, high = (float(r) for r in RATES[str(n)])
    net = qif_populations(n)
    for expected, inputs in ((low, None), (high, {"P1": {"I": KICK}})):
        rates = []
        for dt in (0.001, 0.0005):
            run = dn.simulate(net, 40.0, dt=dt, inputs=inputs)
            rates.append(run.spikes["P1"].rates((20.0, 40.0)).mean())
        assert 2 * rates[1] - rates[0] == pytest.approx(expected, rel=NEAR)


def turns_of_theta(inputs: np.ndarray) -> np.ndarray:
    """Return how often the theta neuron turns at positive inputs."""
    turns = dn.orbit_diagram(
        theta, "I", inputs, section="cos(theta/2)", direction="both", returns=1, skip=1, exponent=False, t=1e4
    )
    return np.asarray(1.0 / turns.times).ravel()


@pytest.mark.parametrize("n", [1000, 10000, 1000000])
def test_cells_with_infinite_peaks_have_the_rates_that_are_consistent_with_themselves(n: int) -> None:
    """The theta neuron is the quadratic one with both at infinity: r is the mean of the rates at eta + J r."""
    eta = np.array(lorentzian(n, -5.0, 1.0))
    for rate in (float(r) for r in KNOWN["rates_infinite_peak"][str(n)]):
        inputs = (eta + 15.0 * rate)[eta + 15.0 * rate > 0.0]
        if n <= 10000:
            rates = turns_of_theta(inputs)
        else:  # between a few hundred of them
            nodes = np.geomspace(inputs.min(), inputs.max(), 300)
            rates = np.exp(CubicSpline(np.log(nodes), np.log(turns_of_theta(nodes)))(np.log(inputs)))
        assert float(rates.sum()) / n == pytest.approx(rate, rel=1e-9)


def spikes_of(experiment: str, window: tuple[float, float] = (500.0, 1000.0)) -> dict[str, float]:
    inputs, _ = three_population_inputs(experiment)
    run = dn.simulate(three_population(EXPERIMENTS[experiment][0]), 1000.0, dt=1.0, inputs=inputs)
    return {name: float(run.spikes[name].rates(window).mean()) for name in ("E1", "E2", "I")}


def test_experiments_of_the_course_report() -> None:
    full, alone = spikes_of("full connections"), spikes_of("no current to I")
    assert full["I"] == 0.0 and full["E1"] > 10.0  # too weak to make I fire
    assert alone["I"] > 1.0  # excitation alone makes I fire
    before, after = (spikes_of("one population raised", window) for window in ((0.0, 500.0), (600.0, 1000.0)))
    assert before["E1"] == pytest.approx(before["E2"], rel=0.1)
    assert after["E1"] < 0.1 * before["E1"] and after["E2"] > 2 * before["E2"] and after["I"] > before["I"]


def test_weights_and_inputs_of_the_report_are_as_it_says() -> None:
    w = np.array(three_population(seed=3).projection("E1->I:exponential").w)
    assert w.sum(axis=1).mean() == pytest.approx(20.0, rel=0.05)
    _, levels = three_population_inputs("default")
    assert [levels["E2"][k] for k in (0, 50, 100, 299, 350, 400)] == [0.0, 10.0, 20.0, 20.0, 30.0, 40.0]
    assert set(levels["I"]) == {20.0}
    for make in (three_population, three_population_inputs):
        with pytest.raises(ValueError, match="'x': expected one of"):
            make("x")
