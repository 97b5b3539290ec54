"""What goes wrong with networks, line by line: each mistake has a message that says what to do."""

import networkx as nx
import numpy as np
import pytest

import dynana as dn
from dynana.errors import DynanaWarning, ModelError
from dynana.models import exponential, gap_junction, lif, stdp
from dynana.models.networks import tanh_unit

CELLS = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0, I=3.0)
A = dn.Population("A", CELLS, 20, start={"V": dn.uniform(-60, -50)})
B = dn.Population("B", CELLS, 10, start={"V": dn.uniform(-60, -50)})


@dn.model(time="s")
def slow(r=0.0, *, I=0.0):
    return I - r


@dn.model
def instant(*, J=0.0):
    return dn.Observe(r=J + 1)


@dn.synapse
def direct(*, pre, post, w=1.0):
    return dn.Into("J", w * pre.r)


def one(*groups: dn.Population, **options) -> dn.Network:
    source, target = groups if groups else (A, B)
    return dn.Network([source, target], [dn.Projection(source, target, exponential, **options)])


def run(net: dn.Network, **options) -> object:
    return dn.simulate(net, 10.0, **({"dt": 0.1, "seed": 1} | options))


U = dn.Population("U", instant, 2)
W = dn.Population("W", instant, 2)

MISTAKES = {
    "an off-grid constant delay": (
        lambda: run(one(delay=0.25)), "not a multiple of dt = 0.1; the nearest ones are 0.2 and 0.3"),
    "a probability over 1": (lambda: dn.probability(1.01), "p = 1.01 is no probability"),
    "a graph whose size differs": (
        lambda: dn.Projection(A, A, exponential, connect=dn.graph(nx.path_graph(7))), "a graph of 7 nodes for 20"),
    "a missing population": (
        lambda: dn.Network([A], [dn.Projection(A, B, exponential)]), "the population 'B' is not in the network"),
    "a state that the cell has not": (
        lambda: dn.Projection(A, dn.Population("x", tanh_unit, 2), gap_junction), "x has .*no such quantity named 'V'"),
    "a matrix of the wrong shape": (
        lambda: one(w=np.ones((10, 20))), r"w has shape \(10, 20\): expected \(20, 10\)"),
    "an array of the wrong length": (
        lambda: run(one(connect=dn.pairs([0, 1], [2, 3]), w=[0.1, 0.2, 0.3])), "w has 3 values for 2 connections"),
    "two time units": (
        lambda: dn.Network([A, dn.Population("R", slow, 2)]), "one unit of time, got A: ms, R: s"),
    "an algebraic loop": (
        lambda: run(dn.Network([U, W], [dn.Projection(U, W, direct), dn.Projection(W, U, direct)])),
        "an algebraic loop: .* Give one of them a delay"),
    "a record of what has been summed away": (
        lambda: run(one(), record={"A->B:exponential": ["s"]}), "lives with B.*With share=False"),
    "drawn delays that are negative": (
        lambda: run(one(delay=dn.normal(0.5, 2.0))), "expected 0 to .*bounded with low= and high="),
    "a value for another number of cells": (lambda: one().at({"A.I": np.ones(3)}), r"shape \(3,\)"),
    "no time step": (lambda: dn.simulate(one(), 10.0), "give dt=, the time step"),
    "a source of the wrong size": (
        lambda: dn.Projection(dn.poisson(3.0, 4), B, exponential, connect=dn.one_to_one()), "got 4 and 10 cells"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_has_a_message_that_says_what_to_do(mistake: str) -> None:
    make, words = MISTAKES[mistake]
    with pytest.raises((ValueError, dn.ModelError), match=words):
        make()


def test_a_step_that_is_too_long_is_warned_of_with_the_number() -> None:
    fast = dn.Population("fast", lif.at(tau=0.02), 2)
    with pytest.warns(dn.DynanaWarning, match="dt = 0.1 is longer than the time constant of 'V' at the start, 0.02"):
        run(dn.Network([fast]), method="rk4")


def test_a_number_that_is_not_finite_says_which_cell_and_when_and_keeps_what_was_recorded() -> None:
    @dn.model
    def explosion(x=0.1):
        return x**2

    cells = dn.Population("bombs", explosion, 5, start={"x": np.array([0.0, 0.0, 0.2, 0.0, 0.0])})
    found = dn.simulate(dn.Network([cells]), 50.0, dt=0.01, method="rk4", record={"bombs": ["x"]})
    assert found.stop.reason == "blow-up" and "x of cell 2 of bombs is not finite" in found.stop.message
    assert "method='rk4'" not in found.stop.message  # that is what it was
    assert found.span[1] < 50.0 and np.all(found["bombs", "x"][:400, 2] > 0.1)


def test_a_recording_that_does_not_fit_is_refused_or_streamed_before_the_run() -> None:
    many = dn.Population("many", lif, 1_000_000)
    with pytest.raises(ValueError, match=r"takes .* GiB, and this machine has"):
        dn.simulate(dn.Network([many]), 1e6, dt=0.1, record={"many": ["V"]})


def test_what_was_simulated_until_the_interrupt_is_returned_and_goes_on() -> None:
    def interrupt(t: float) -> None:
        raise KeyboardInterrupt

    net = dn.Network([A, B], [dn.Projection(A, B, stdp, connect=dn.probability(0.5), w=0.3, name="plastic")])
    first = dn.simulate(net, 50.0, dt=0.1, seed=1, between=interrupt, record={"A": ["V"], "plastic": ["w"]})
    assert first.stop.reason == "interrupted" and 0.0 < first.span[1] < 50.0
    assert len(first["A", "V"]) == len(first["plastic", "w"]) == first.final.step + 1
    rest = dn.simulate(net, 50.0 - first.span[1], dt=0.1, start=first.final, record={"A": ["V"], "plastic": ["w"]})
    whole = dn.simulate(net, 50.0, dt=0.1, seed=1, record={"A": ["V"], "plastic": ["w"]})
    for key in (("A", "V"), ("plastic", "w")):
        assert np.array_equal(np.concatenate([first[key], rest[key]]), whole[key])


def test_a_third_factor_is_read_by_the_weights() -> None:
    @dn.model(time="ms")
    def rewarded(V=0.0, *, I=0.0, M=0.0):
        """A cell with a modulator."""
        return (I - V) / 10, dn.Observe(modulator=M)

    @dn.synapse
    def modulated(e=0.0, w=1.0, *, pre, post, tau=20.0):
        """Presynaptic spikes leave a trace, which the modulator turns into weight."""
        return -e / tau, 0.1 * e * post.modulator, dn.OnPre({e: e + 1}), dn.Into("I", w * e)

    cell = dn.Population("cell", rewarded, 2)
    given = dn.spikes([5.0])
    net = dn.Network([cell], [dn.Projection(given, cell, modulated, name="learning")])
    reward = {cell[:1]: {"M": dn.steps([25.0], [1.0], before=0.0)}}
    course = dn.simulate(net, 105.0, dt=0.01, inputs=reward, record={"learning": dn.record("w", every=500)})
    weights = course["learning", "w"][-1]
    # from 20 ms after the spike on: the integral of 0.1 exp(-t/20)
    assert weights[0] == pytest.approx(1 + 0.1 * 20 * (np.exp(-1) - np.exp(-5)), rel=1e-3)
    assert weights[1] == 1.0


def test_arguments_of_other_kinds_are_refused_with_what_is_expected() -> None:
    net = dn.Network([A, B], [dn.Projection(A, B, exponential)])
    with pytest.raises(TypeError, match=r"record= says what to record of whom, \{'E': \['V'\]\}, for a network; got"):
        dn.simulate(net, 1.0, dt=0.1, record=["V"])
    with pytest.raises(TypeError, match="inputs= says who is driven by what"):
        dn.simulate(net, 1.0, dt=0.1, inputs=["I"])
    with pytest.raises(TypeError, match=r"record=: 3: expected a name, dn.record\(...\) or dn.record_rate"):
        dn.simulate(net, 1.0, dt=0.1, record={"A": [3]})
    with pytest.raises(TypeError, match="or a Network, got Population"):
        dn.simulate(A, 1.0)
    with pytest.raises(ModelError, match="w is 'strong': expected a number, an array of one value per connection"):
        dn.Projection(A, B, exponential, w="strong")
    for delay in ("1 ms", None, True):
        with pytest.raises(ModelError, match="delay is .*: expected a number in units of time, an array of one value"):
            dn.Projection(A, B, exponential, delay=delay)
    with pytest.raises(ModelError, match=r"delay has shape \(2, 2\): expected \(\d+, \d+\), one value for each pair"):
        dn.Projection(A, B, exponential, delay=np.ones((2, 2)))
    with pytest.raises(ModelError, match="delay = -1: a spike cannot arrive before it is sent"):
        dn.Projection(A, B, exponential, connect=dn.pairs([0, 1], [0, 1]), delay=[1.0, -1.0])
    with pytest.raises(ModelError, match="delay contains values that are not finite"):
        dn.Projection(A, B, exponential, connect=dn.pairs([0, 1], [0, 1]), delay=[1.0, np.nan])
    three = dn.Projection(A, B, exponential, connect=dn.pairs([0, 1], [0, 1]), delay=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="delay has 3 values for 2 connections: expected one for each"):
        dn.simulate(dn.Network([A, B], [three]), 1.0, dt=0.1)


def test_long_steps_are_told_for_the_fastest_cell_of_any_integrator_that_is_chosen() -> None:
    rates = dn.Population("r", tanh_unit, 3)
    with pytest.warns(DynanaWarning, match="dt = 3 is longer than the time constant of 'x' at the start, 1, and rk4"):
        dn.simulate(dn.Network([rates]), 6.0, dt=3.0, inputs={"r": {"J": lambda t: dn.sin(t)}})
    with pytest.warns(DynanaWarning, match="time constant of 'V' at the start, 0.05, and rk4 may"):
        cells = dn.Population("c", CELLS, 3, at={"tau": np.array([10.0, 0.05, 10.0])})
        dn.simulate(dn.Network([cells]), 0.2, dt=0.1, method="rk4")
