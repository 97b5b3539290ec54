"""What holds for any network: sharing changes nothing, no weight is lost, cells without synapses are cells alone."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dynana as dn
from dynana.models import adex, izhikevich, lif, voltage_jump

CELLS = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0)

RATES = {
    "decays": lambda s, x, tau: -s / tau,
    "is driven": lambda s, x, tau: 0.4 * x - s / tau,
    "saturates": lambda s, x, tau: 0.4 * x * (1 - s) - s / tau,
}
MEMORIES = {
    "decays": lambda x: -x / 7,
    "recovers": lambda x: (1 - x) / 30,
    "stays": lambda x: 0 * x,
}
AMOUNTS = {
    "one": lambda s, x, w: s + 1,
    "a weight": lambda s, x, w: s + w,
    "what is left": lambda s, x, w: s + 0.5 * x,
    "up to one": lambda s, x, w: s + 0.3 * (1 - s),
}
CHANGES = {
    "none": lambda x: x,
    "one": lambda x: x + 1,
    "uses up": lambda x: 0.7 * x,
}
OUTPUTS = {
    "linear": lambda s, x, w: w * s,
    "both": lambda s, x, w: w * (s + 0.1 * x),
    "squared": lambda s, x, w: w * s**2,
}


@st.composite
def synapses(draw) -> dn.Synapse:
    """A synapse put together of common parts; many are in no book, and some states cannot be shared."""
    rate, memory, amount, change, output = (
        draw(st.sampled_from(sorted(parts))) for parts in (RATES, MEMORIES, AMOUNTS, CHANGES, OUTPUTS)
    )

    @dn.synapse
    def made(s=0.0, x=1.0, *, pre, post, w=0.3, tau=5.0):
        jump = dn.OnPre({s: AMOUNTS[amount](s, x, w), x: CHANGES[change](x)})
        return RATES[rate](s, x, tau), MEMORIES[memory](x), jump, dn.Into("I", OUTPUTS[output](s, x, w))

    return made


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(synapse=synapses(), varied=st.booleans(), delay=st.sampled_from([0.0, 1.5]))
def test_sharing_changes_nothing_for_synapses_of_any_making(synapse: dn.Synapse, varied: bool, delay: float) -> None:
    A = dn.Population("A", CELLS.at(I=8.0), 12, start={"V": dn.uniform(-58, -50)})
    B = dn.Population("B", CELLS.at(V_th=1e9), 8, start={"V": dn.uniform(-58, -52)})
    w = dn.normal(0.3, 0.05) if varied else 0.3
    net = dn.Network([A, B], [dn.Projection(A, B, synapse, connect=dn.probability(0.4), w=w, delay=delay)])
    options = {"dt": 0.1, "seed": 2, "method": "exponential_euler", "record": {"B": ["V"]}}
    shared, naive = dn.simulate(net, 40.0, **options), dn.simulate(net, 40.0, share=False, **options)
    assert len(shared.spikes["A"]) > 20
    assert np.abs(shared["B", "V"] - naive["B", "V"]).max() < 1e-12 * np.abs(naive["B", "V"]).max()


@dn.model(time="ms")
def integrator(V=0.0, *, leak=0.0):
    """Keeps what it receives."""
    return -leak * V


RULES = {
    "all to all": dn.all_to_all(),
    "all to all with itself": dn.all_to_all(autapses=True),
    "probability": dn.probability(0.2),
    "inputs": dn.in_degree(7, multapses=True),
    "outputs": dn.out_degree(9),
    "near": dn.gaussian(0.1),
}


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    rule=st.sampled_from(sorted(RULES)),
    weights=st.sampled_from([0.3, dn.normal(0.0, 1.0), dn.lognormal(0.1, 1.0)]),
    delay=st.sampled_from([0.0, 1.5, dn.uniform(0.0, 4.0)]),
    seed=st.integers(0, 2**31),
)
def test_every_spike_delivers_all_of_its_weights_once(rule: str, weights, delay, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = dn.Population("A", integrator, 70, start={"V": 0.0}, space=dn.ring(1.0))
    times, senders = rng.integers(1, 60, 40) / 10, rng.integers(0, 70, 40)
    source = dn.spikes(times, senders, size=70, space=dn.ring(1.0))
    net = dn.Network([cells], [dn.Projection(source, cells, voltage_jump, connect=RULES[rule], w=weights, delay=delay)])
    run = dn.simulate(net, 11.0, dt=0.1, seed=seed, record={"A": [dn.record("V", every=110)]})
    matrix = dn.edges(net, "spikes->A", state=run.final).matrix("w")
    expected = matrix[senders].sum(axis=0)
    assert run["A", "V"][-1] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("system", "method", "parameter", "values"),
    [
        (lif.at(t_ref=2.0), "rk4", "I", [19.0, 22.0, 30.0]),
        (adex.at(t_ref=1.0), "rk4", "I", [1.0, 2.0, 3.0]),
        (izhikevich, "euler", "I", [4.0, 10.0, 15.0]),
        (izhikevich, "rk4", "I", [4.0, 10.0, 15.0]),
    ],
    ids=["lif", "adex", "izhikevich euler", "izhikevich"],
)
def test_a_network_without_edges_is_single_cells_on_the_grid(system, method: str, parameter: str, values) -> None:
    cells = dn.Population("A", system, len(values), at={parameter: np.array(values)})
    run = dn.simulate(dn.Network([cells]), 60.0, dt=0.01, method=method, record={"A": [system.states[0]]})
    assert len(run.spikes["A"]) > 0
    for k, value in enumerate(values):
        alone = dn.simulate(system.at(**{parameter: value}), 60.0, dt=0.01, method=method, events="grid")
        spikes = alone.jumps[system.jumps[0].name]
        assert run.spikes["A"].of(k) == pytest.approx(spikes, abs=1e-9)
