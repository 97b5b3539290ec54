"""The library of synapses: complete, documented, placed as the compiler proves."""

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
