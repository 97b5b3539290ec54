"""The library of synapses: complete, documented, placed as the compiler proves."""

import numpy as np
import pytest

import dynana as dn
from dynana.definition.sharing import PER_POST, PER_PRE, PER_SYNAPSE, SUM, Sharing
from dynana.models import SYNAPSES, lif

NAMES = [name for names in SYNAPSES.values() for name in names]

#: Where each state lives in a sparse network of integrate-and-fire neurons.
PLACES = {
    "exponential": {"s": SUM},
    "exponential_conductance": {"s": SUM},
    "alpha": {"s": SUM, "x": SUM},
    "dual_exponential": {"s": SUM, "x": SUM},
    "voltage_jump": {},
    "ampa": {"s": PER_PRE},
    "gaba_a": {"s": SUM},
    "nmda": {"s": PER_PRE, "x": PER_PRE},
    "gaba_b": {"R": PER_PRE, "G": PER_PRE},
    "gap_junction": {},
    "stp": {"I": SUM, "u": PER_PRE, "x": PER_PRE},
    "stdp": {"s": SUM, "A_s": PER_PRE, "A_t": PER_POST, "w": PER_SYNAPSE},
}


@pytest.mark.parametrize("family", SYNAPSES)
def test_the_list_of_each_family_is_complete(family: str) -> None:
    module = getattr(dn.models, family)
    assert {n for n, item in vars(module).items() if isinstance(item, dn.Synapse)} == set(SYNAPSES[family])


@pytest.mark.parametrize("name", NAMES)
def test_each_synapse_is_documented(name: str) -> None:
    synapse = getattr(dn.models, name)
    assert synapse.name == name and len(synapse.doc) > 30


@pytest.mark.parametrize("name", PLACES)
def test_each_state_lives_where_it_costs_least(name: str) -> None:
    cells = dn.Population("n", lif, 1000)
    sharing = Sharing(dn.Projection(cells, cells, getattr(dn.models, name), connect=dn.probability(0.1), delay=1.0))
    assert {state: sharing.where(state) for state in sharing.synapse.states} == PLACES[name]


def test_learning_of_rates_stays_with_each_synapse() -> None:
    @dn.model
    def linear_unit(*, I=0.0, J=0.0):
        return dn.Observe(r=I + J)

    cells = dn.Population("n", linear_unit, 10)
    for synapse, places in ((dn.models.oja, [PER_SYNAPSE]), (dn.models.bcm, [PER_SYNAPSE, PER_POST])):
        sharing = Sharing(dn.Projection(cells, cells, synapse))
        assert [sharing.where(state) for state in synapse.states] == places


def euler_in_plain_python(rule: str, steps: int, h: float) -> np.ndarray:
    """Return the weights of two sources onto one linear unit, both driven in turns, by Euler's method."""
    # drives of the sources reach the weights a step later, since units without states answer at once
    w, S, course, pre = np.full(2, 0.05 if rule == "oja" else 0.5), 0.0, [], np.zeros(2)
    for k in range(steps):
        r = w @ pre + 0.5
        if rule == "oja":
            w = w + h * 0.005 * (r * pre - w * r * r)
        else:
            w = np.clip(w + h * 0.005 * r * (r - (S / (k * h) if k else r)) * pre, 0, 1)
        S += h * r
        course.append(w)
        t = (k + 0.5) * h
        pre = np.array([1.5 * (t % 2 < 1), 1.0 * (t % 2 >= 1)])
    return np.array(course)


@pytest.mark.parametrize("rule", ["oja", "bcm"])
def test_weights_that_learn_from_rates_are_those_of_plain_python(rule: str) -> None:
    @dn.model
    def linear_unit(*, I=0.0, J=0.0):
        return dn.Observe(r=I + J)

    pre, post = dn.Population("pre", linear_unit, 2), dn.Population("post", linear_unit, 1, at={"I": 0.5})
    net = dn.Network([pre, post], [dn.Projection(pre, post, getattr(dn.models, rule), name="learning")])
    away = []
    for h in (0.02, 0.01):
        inputs = {
            pre[:1]: {"I": dn.pulses(np.arange(0, 20, 2.0), 1, 1.5)},
            pre[1:]: {"I": dn.pulses(np.arange(1, 20, 2.0), 1, 1.0)},
        }
        run = dn.simulate(net, 20.0, dt=h, inputs=inputs, record={"learning": ["w"]})
        expected = euler_in_plain_python(rule, round(20 / h), h)
        away.append(np.abs(run["learning", "w"][1:] - expected).max())
        assert np.ptp(expected, axis=0).max() > 0.01
    if rule == "bcm":  # nothing to solve: the same sums
        assert max(away) < 1e-14
    else:  # linear in w at a given rate, hence exact over a step, where Euler's method errs by h
        assert away[1] < 1e-5 and away[0] / away[1] == pytest.approx(2.0, rel=0.1)
