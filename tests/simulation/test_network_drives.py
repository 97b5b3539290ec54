"""Inputs of networks: every kind on any parameter, for all cells or some, against single cells and closed forms."""

import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, lif, stdp, stp, voltage_jump

SILENT = lif.at(V_th=1e9, tau=10.0, V_rest=-60.0, V_reset=-60.0)
TIMES = np.arange(0.0, 20.0, 0.5)

KINDS = {
    "steps": dn.steps([0.0, 5.0, 12.0], [1.0, 3.0, 0.5]),
    "ramp": dn.ramp([2.0, 8.0], [0.0, 4.0]),
    "pulses": dn.pulses([3.0, 9.0], 2.0, 5.0),
    "sinusoid": dn.sinusoid(2.0, period=7.0, offset=3.0),
    "sampled": dn.sampled(TIMES, 2 + np.sin(TIMES)),
    "sum": 0.5 * dn.steps([0.0, 5.0], [1.0, 2.0]) + dn.sinusoid(0.5, period=3.0),
    "expression": lambda t: 2 + dn.sin(t / 2) * dn.exp(-t / 30),
}


@pytest.mark.parametrize(("parameter", "some"), [("I", False), ("tau", True)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_drives_any_parameter_of_all_cells_or_some(kind: str, parameter: str, some: bool) -> None:
    cells = dn.Population("A", SILENT, 6, start={"V": -55.0})
    course = KINDS[kind]
    base = SILENT.values[parameter]
    options = {"dt": 0.1, "method": "rk4"}
    group = cells[2:5] if some else "A"
    run = dn.simulate(dn.Network([cells]), 20.0, inputs={group: {parameter: course}}, record={"A": ["V"]}, **options)
    whole = (lambda t: base + course(t)) if kind == "expression" else course + base
    grid = np.round(np.arange(201) * 0.1, 10)
    alone = dn.simulate(SILENT.at(V=-55.0), 20.0, inputs={parameter: whole}, times=grid, **options)
    reached = run["A", "V"][:, 2:5]
    assert np.abs(reached - alone["V"][:, None]).max() < 1e-10
    still = dn.simulate(SILENT.at(V=-55.0), 20.0, **options)["V"] if some else alone["V"]
    assert np.abs(run["A", "V"][:, [0, 5]] - still[:, None]).max() < 1e-10


def test_values_of_each_cell_reach_the_cells_of_a_part() -> None:
    cells = dn.Population("A", SILENT, 70)
    table = np.outer(np.ones(2), np.arange(10.0))
    inputs = {cells[60:]: {"I": dn.sampled([0.0, 100.0], table)}}
    run = dn.simulate(dn.Network([cells]), 200.0, dt=0.1, inputs=inputs, record={"A": [dn.record("V", every=2000)]})
    assert run["A", "V"][-1] == pytest.approx(np.concatenate([np.full(60, -60.0), np.arange(-60.0, -50.0)]), abs=1e-6)


def test_a_wave_has_its_closed_form_and_order_four() -> None:
    cells = dn.Population("A", SILENT.at(V_rest=0.0), 2, start={"V": 0.0})
    w, tau, errors = 0.7, 10.0, []
    for dt in (0.4, 0.2):
        run = dn.simulate(
            dn.Network([cells]),
            20.0,
            dt=dt,
            method="rk4",
            inputs={"A": {"I": lambda t: dn.sin(w * t)}},
            record={"A": "V"},
        )
        exact = (np.sin(w * 20) - w * tau * np.cos(w * 20) + w * tau * np.exp(-20 / tau)) / (1 + (w * tau) ** 2)
        errors.append(abs(run["A", "V"][-1, 0] - exact))
    assert errors[1] < 1e-7
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.1)


def test_conditions_on_time_fall_on_the_grid_as_steps_do() -> None:
    cells = dn.Population("A", SILENT, 2)
    runs = [
        dn.simulate(dn.Network([cells]), 30.0, dt=0.1, inputs={"A": {"I": course}}, record={"A": ["V"]})["A", "V"]
        for course in (lambda t: dn.where(t >= 20.7, 3, 0), dn.steps([20.7], [3.0], before=0.0))
    ]
    assert np.array_equal(*runs)


def test_expressions_may_read_parameters_that_differ_between_cells() -> None:
    cells = dn.Population("A", SILENT, 5, at={"R": np.arange(1.0, 6.0), "V_rest": 0.0}, start={"V": 0.0})
    net = dn.Network([cells])
    for group, expected in (("A", [1, 2, 3, 4, 5]), (cells[:2], [1, 2, 0, 0, 0])):
        run = dn.simulate(
            net, 300.0, dt=0.1, inputs={group: {"V_rest": lambda t, R: R * (1 - dn.exp(-t))}}, record={"A": ["V"]}
        )
        assert run["A", "V"][-1] == pytest.approx(expected, abs=1e-9)


def test_noise_with_a_memory_has_its_spread_and_its_memory() -> None:
    cells = dn.Population("A", SILENT.at(V_rest=0.0), 2000, start={"V": 0.0})
    inputs = {"A": {"I": dn.ornstein_uhlenbeck(2.0, 5.0, mean=1.0)}}
    record = {"A": [dn.record("I", every=50), dn.record("V", every=50)]}
    run = dn.simulate(dn.Network([cells]), 100.0, dt=0.1, seed=1, inputs=inputs, record=record)
    noise = run["A", "I"] - 1.0
    assert run["A", "I"].mean() == pytest.approx(1.0, abs=0.05)
    assert noise.std(axis=1) == pytest.approx(np.full(len(noise), 2.0), rel=0.08)  # from the start on
    assert (noise[1:] * noise[:-1]).mean() / 4 == pytest.approx(np.exp(-1), abs=0.02)
    assert np.corrcoef(noise[:, 0], noise[:, 1])[0, 1] == pytest.approx(0.0, abs=0.7)
    # through a membrane: variance sd^2 tau_noise/(tau_noise + tau)
    assert run["A", "V"][15:].std() == pytest.approx(np.sqrt(4 * 5 / 15), rel=0.05)


def test_noise_of_some_cells_leaves_the_others_alone_and_goes_on() -> None:
    cells = dn.Population("A", SILENT, 10, start={"V": -60.0})
    net, inputs = dn.Network([cells]), {cells[:4]: {"I": dn.ornstein_uhlenbeck(np.arange(1.0, 5.0), 5.0)}}
    whole = dn.simulate(net, 30.0, dt=0.1, seed=2, inputs=inputs, record={"A": ["V"]})
    first = dn.simulate(net, 10.0, dt=0.1, seed=2, inputs=inputs)
    second = dn.simulate(net, 20.0, dt=0.1, inputs=inputs, start=first.final, record={"A": ["V"]})
    assert np.array_equal(second["A", "V"], whole["A", "V"][101:])
    assert np.all(whole["A", "V"][:, 4:] == -60.0) and np.all(np.ptp(whole["A", "V"][:, :4], axis=0) > 0.1)


def test_rates_may_be_functions_of_time() -> None:
    cells = dn.Population("A", SILENT.at(V_rest=0.0, tau=1e9), 4000, start={"V": 0.0})
    source = dn.poisson(lambda t: 100 * (1 + dn.sin(2 * np.pi * t / 40)))
    run = dn.simulate(
        dn.Network([cells], [dn.Projection(source, cells, voltage_jump, w=1.0)]),
        40.0, dt=0.1, seed=1, record={"A": [dn.record("V", every=100)]},
    )  # fmt: skip
    # the integral of the rate over quarters of the period: 1 +- 2/pi spikes, which are Poisson
    counts = np.diff(run["A", "V"], axis=0).mean(axis=1)
    expected = 1 + np.array([1, 1, -1, -1]) * 2 / np.pi
    assert np.all(np.abs(counts - expected) < 4 * np.sqrt(expected / 4000))


@pytest.mark.parametrize("synapse", [stdp, stp], ids=lambda s: s.name)
def test_trains_of_their_own_for_each_target_reach_plastic_synapses(synapse: dn.Synapse) -> None:
    cells = dn.Population("A", lif, 300)
    shared = dn.Projection(dn.poisson(100.0), cells, exponential, name="static")
    own = dn.Projection(shared.source, cells, synapse, name="plastic")
    for links in ([own], [own, shared]):
        run = dn.simulate(dn.Network([cells], links), 200.0, dt=0.1, seed=1)
        (trains,) = [s for s in run.spikes.values() if s.population.startswith("poisson")]
        assert trains.size == 300
        assert len(trains) == pytest.approx(6000, abs=4 * np.sqrt(6000))
        assert trains.correlation(5.0) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("delay", [1.5, np.array([0.5, 1.5])], ids=["one delay", "two delays"])
@pytest.mark.parametrize("synapse", [exponential, stdp.at(w=1.0)], ids=lambda s: s.name)
def test_given_spikes_before_the_start_arrive_after_it(delay, synapse: dn.Synapse) -> None:
    cells = dn.Population("A", SILENT, 2, start={"V": -60.0})
    own = dn.uniform(0, 1) if np.ndim(delay) else delay
    given = dn.spikes([-0.4, -0.3, 0.0, 1.0], [0, 1, 0, 1], size=2)
    link = dn.Projection(given, cells, synapse, connect=dn.one_to_one(), delay=own)
    net = dn.Network([cells], [link])
    if np.ndim(delay):
        link = dn.Projection(given, cells, synapse, connect=dn.one_to_one(), delay=dn.uniform(0.5, 1.5))
        net = dn.Network([cells], [link])
    late = dn.simulate(net, 20.0, dt=0.1, seed=1, record={"A": ["V"]})
    early = dn.simulate(net, (-5.0, 20.0), dt=0.1, seed=1, record={"A": ["V"]})
    assert np.abs(late["A", "V"] - early["A", "V"][50:]).max() < 1e-12 * 60
    assert np.ptp(late["A", "V"]) > 0.5
    assert late.spikes["spikes"].t == pytest.approx([0.0, 1.0])


def test_given_spikes_that_have_arrived_before_the_start_are_told() -> None:
    cells = dn.Population("A", SILENT, 2)
    given = dn.spikes([-1.0, 0.0, 0.3], [0, 0, 1], size=2)
    net = dn.Network([cells], [dn.Projection(given, cells, exponential, connect=dn.one_to_one(), delay=0.5)])
    with pytest.warns(dn.DynanaWarning, match="1 of 3 given spikes have arrived everywhere before the start"):
        run = dn.simulate(net, 1.0, dt=0.1)
    assert len(run.spikes["spikes"]) == 2


CELLS = dn.Population("A", SILENT, 5, at={"R": np.ones(5)})

REFUSED = {
    "an expression without a value": (
        {"I": lambda t: 1 / dn.where(t > 2, 0, 1)}, dn.ModelError, "expected a finite real"),
    "a root of a negative number": ({"I": lambda t: dn.sqrt(2 - t)}, ValueError, "is nan at t = 2"),
    "an unknown parameter": ({"I": lambda t, r: r * t}, dn.ModelError, "no parameter named 'r'"),
    "a constant": ({"I": 3.0}, TypeError, "a constant goes into"),
    "noise for other cells": ({"I": dn.ornstein_uhlenbeck([1.0, 2.0], 5.0)}, ValueError, "for 2 cells, A has 5 here"),
    "courses of other cells": ({"I": dn.sampled([0, 9], np.ones((2, 3)))}, ValueError, "for 3 cells, A has 5 here"),
    "a course that ends": ({"I": dn.sampled([0, 5], [1, 1], kind="linear")}, ValueError, "the run covers"),
    "no mapping": (3.0, TypeError, "expected {parameter: course}"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_inputs_that_make_no_sense_are_refused_before_the_run(case: str) -> None:
    courses, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        dn.simulate(dn.Network([CELLS]), 9.0, dt=0.1, inputs={"A": courses})


def test_rates_that_turn_negative_are_refused() -> None:
    net = dn.Network([CELLS], [dn.Projection(dn.poisson(lambda t: 5 - t), CELLS, exponential)])
    dn.simulate(net, 4.0, dt=0.1)
    with pytest.raises(
        ValueError, match=r"the rate of poisson: .* at t = 5\.0.*: expected finite values of at least 0"
    ):
        dn.simulate(net, 9.0, dt=0.1)


def test_noise_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(dn.ModelError, match="not negative"):
        dn.ornstein_uhlenbeck(-1.0, 5.0)
    with pytest.raises(dn.ModelError, match="tau = 0: expected a positive time"):
        dn.ornstein_uhlenbeck(1.0, 0.0)
