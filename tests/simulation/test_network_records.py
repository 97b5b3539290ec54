"""Records of networks: synapses over time, total input, and that recording changes nothing."""

import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, lif, linear, stdp
from dynana.models.networks import tanh_unit

CELLS = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0)
PLASTIC = stdp.at(dA_s=0.05, dA_t=0.05, w_max=2.0)


def plastic(delay=1.0) -> dn.Network:
    A = dn.Population("A", CELLS.at(I=6.0), 20, start={"V": dn.uniform(-60, -50)})
    B = dn.Population("B", CELLS.at(I=3.0), 10, start={"V": dn.uniform(-60, -50)})
    connect = dn.probability(0.3)
    return dn.Network([A, B], [dn.Projection(A, B, PLASTIC, connect=connect, w=0.3, delay=delay, name="plastic")])


@pytest.mark.parametrize("delay", [1.0, dn.uniform(0.5, 3.0)], ids=["one delay", "many delays"])
def test_weights_over_time_are_those_of_runs_in_pieces(delay) -> None:
    net = plastic(delay)
    run = dn.simulate(net, 60.0, dt=0.1, seed=1, record={"plastic": ["w"]})
    weights = run.recorded["plastic.w"]
    order = np.lexsort((weights.targets, weights.sources))
    assert np.array_equal(order, np.arange(order.size))  # in the order of (source, target)
    assert run["plastic", "w"].shape == (601, order.size) and np.ptp(run["plastic", "w"]) > 0.05
    pieces = [dn.simulate(net, 20.0, dt=0.1, seed=1)]
    pieces.append(dn.simulate(net, 40.0, dt=0.1, start=pieces[0].final))
    for piece, step in zip(pieces, (200, 600), strict=True):
        assert np.array_equal(np.sort(piece.final.content["plastic.w"]), np.sort(run["plastic", "w"][step]))
    some = dn.simulate(net, 60.0, dt=0.1, seed=1, record={"plastic": dn.record("w", synapses=[3, 0], every=50)})
    assert np.array_equal(some["plastic", "w"], run["plastic", "w"][::50, [3, 0]])
    assert list(some.recorded["plastic.w"].sources) == list(weights.sources[[3, 0]])
    assert "synapses" in repr(weights) and "plastic.w" in repr(run)


def test_records_change_neither_weights_nor_spikes_by_a_bit() -> None:
    plain = dn.simulate(plastic(), 60.0, dt=0.1, seed=1)
    wanted = {"A": ["V"], "B": [dn.record("V", every=7), "I"], "plastic": ["w"]}
    recorded = dn.simulate(plastic(), 60.0, dt=0.1, seed=1, record=wanted)
    assert np.array_equal(plain.final.content["plastic.w"], recorded.final.content["plastic.w"])
    assert np.array_equal(plain.spikes["B"].step, recorded.spikes["B"].step)


def test_synaptic_states_can_be_recorded_where_nothing_is_shared() -> None:
    given = dn.spikes([1.0, 4.0], [0, 1], size=2)
    B = dn.Population("B", CELLS.at(V_th=1e9), 3, start={"V": -52.0})
    net = dn.Network([B], [dn.Projection(given, B, exponential.at(tau=5.0), name="s")])
    run = dn.simulate(net, 10.0, dt=0.1, share=False, record={"s": ["s"]})
    t = run.recorded["s.s"].t
    expected = [np.where(t >= when - 1e-9, np.exp(-(t - when) / 5.0), 0.0) for when in (1.0, 1.0, 1.0, 4.0, 4.0, 4.0)]
    assert run["s", "s"] == pytest.approx(np.array(expected).T, abs=1e-12)
    assert list(run.recorded["s.s"].sources) == [0, 0, 0, 1, 1, 1]
    with pytest.raises(ValueError, match=r"'s' of s lives with B, where it is called 's_1'.*share=False"):
        dn.simulate(net, 10.0, dt=0.1, record={"s": ["s"]})


def test_the_total_input_is_everything_that_is_added_to_a_parameter() -> None:
    given = dn.spikes([1.0, 4.0], [0, 1], size=2)
    B = dn.Population("B", CELLS.at(V_th=1e9, I=0.5), 3, start={"V": -52.0})
    net = dn.Network([B], [dn.Projection(given, B, exponential.at(tau=5.0), w=2.0)])
    course = dn.steps([6.0], [0.25], before=0.0)
    run = dn.simulate(net, 10.0, dt=0.1, inputs={"B": {"I": course}}, record={"B": ["I", "s_1"]})
    t = run.recorded["B.I"].t
    drive = np.where(t > 6.0 + 1e-9, 0.25, 0.0)  # of the step that ended
    assert run["B", "I"] == pytest.approx(0.5 + run["B", "s_1"] + drive[:, None], abs=1e-12)
    assert run["B", "s_1"][-1, 0] == pytest.approx(2 * (np.exp(-9 / 5) + np.exp(-6 / 5)))


def test_the_total_input_of_rate_units_is_the_weighted_sum() -> None:
    units = dn.Population("x", tanh_unit, 30, start={"x": dn.normal(0.0, 1.0)})
    weights = np.random.default_rng(1).normal(0.0, 0.2, (30, 30))
    link = dn.Projection(units, units, linear, connect=dn.all_to_all(autapses=True), w=weights)
    run = dn.simulate(dn.Network([units], [link]), 2.0, dt=0.1, method="euler", seed=1, record={"x": ["x", "J"]})
    x = run["x", "x"]
    assert run["x", "J"][1:] == pytest.approx(np.tanh(x[:-1]) @ weights, abs=1e-12)


REFUSED = {
    "an unknown state": ({"plastic": ["ww"]}, "did you mean 'w'"),
    "a state of the other cell": ({"plastic": ["A_s"]}, "lives with A, where it is called 'A_s_1'"),
    "cells of a projection": ({"plastic": [dn.record("w", cells=[1])]}, "say which synapses= are meant"),
    "synapses of a population": ({"A": [dn.record("V", synapses=[1])]}, "say which cells= are meant"),
    "a synapse that is not there": ({"plastic": [dn.record("w", synapses=[999])]}, "plastic has synapses 0 to"),
    "a parameter that stays": ({"A": ["tau"]}, "the parameter 'tau' does not change during the run"),
    "a projection that is not there": ({"plastics": ["w"]}, "no population or projection named 'plastics'"),
    "a quantity twice": ({"A": ["V", dn.record("V", every=2)]}, "'V' of A is asked for twice"),
    "more than fits": ({"A": [dn.record("V", every=1)]}, "takes .* KiB, and this machine has"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_records_that_make_no_sense_are_refused_before_the_run(case: str, monkeypatch) -> None:
    wanted, words = REFUSED[case]
    if case == "more than fits":
        monkeypatch.setattr("dynana.simulation.grid.os.sysconf", lambda name: 100)
    with pytest.raises(ValueError, match=words):
        dn.simulate(plastic(), 10.0, dt=0.1, record=wanted)
