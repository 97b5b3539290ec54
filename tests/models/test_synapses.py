"""The library of synapses: complete, documented, placed as the compiler proves."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

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


def learned_by_scipy(rule: str) -> np.ndarray:
    """Return the weights of two sources onto one linear unit, both driven in turns of 1, at the ends of the turns."""

    def rates(t: float, y: np.ndarray, pre: np.ndarray) -> np.ndarray:
        w, S = y[:2], y[2]
        r = w @ pre + 0.5
        learning = r * pre - w * r * r if rule == "oja" else r * (r - (S / t if t else r)) * pre
        return np.append(0.05 * learning, r)

    y, course = np.array([0.05, 0.05, 0.0] if rule == "oja" else [0.5, 0.5, 0.0]), []
    for turn in range(10):
        pre = np.array([[1.5, 0.0], [0.0, 1.0]])[turn % 2]
        y = solve_ivp(rates, (turn, turn + 1), y, args=(pre,), rtol=1e-12, atol=1e-13).y[:, -1]
        course.append(y[:2])
    return np.array(course)


@pytest.mark.parametrize("rule", ["oja", "bcm"])
def test_weights_that_learn_from_rates_are_of_order_four(rule: str) -> None:
    @dn.model
    def linear_unit(*, I=0.0, J=0.0):
        return dn.Observe(r=I + J)

    pre, post = dn.Population("pre", linear_unit, 2), dn.Population("post", linear_unit, 1, at={"I": 0.5})
    synapse = dn.models.oja.at(gamma=0.05) if rule == "oja" else dn.models.bcm.at(eta=0.05, w_max=10.0)
    net = dn.Network([pre, post], [dn.Projection(pre, post, synapse, name="learning")])
    inputs = {
        pre[:1]: {"I": dn.pulses(np.arange(0, 10, 2.0), 1, 1.5)},
        pre[1:]: {"I": dn.pulses(np.arange(1, 10, 2.0), 1, 1.0)},
    }
    exact, away = learned_by_scipy(rule), []
    for steps in (4, 8):
        recorded = {"learning": [dn.record("w", every=steps)]}
        run = dn.simulate(net, 10.0, dt=1 / steps, inputs=inputs, record=recorded)
        away.append(np.abs(run["learning", "w"][1:] - exact).max())
    assert np.ptp(exact, axis=0).max() > 0.05
    assert away[1] < 1e-6 and away[0] / away[1] == pytest.approx(16.0, rel=0.07)
