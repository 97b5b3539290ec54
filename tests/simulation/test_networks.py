"""Networks from their description: reference statistics, sharing against the naive form, continuation, refusals."""

import numpy as np
import pytest
import sympy as sp
from scipy.special import digamma, erf, erfc

import dynana as dn
from dynana.definition import special
from dynana.models import bcm, exponential, gap_junction, hodgkin_huxley, lif, linear, nmda, oja, stdp, stp
from dynana.results import spike_statistics
from dynana.simulation.array_expressions import array_function

SPARSE = dn.probability(0.1)


def balanced(n: int = 500) -> dn.Network:
    """Benchmark B6 of reference/simulation.json: N_E = N_I = 500, p = 0.1, t_ref 5 ms."""
    cells = lif.at(tau=10, V_rest=-52, V_reset=-60, V_th=-50, t_ref=5, I=3)
    E, I = (dn.Population(name, cells, n, start={"V": dn.uniform(-52, -50)}) for name in "EI")
    w, fast = 1 / np.sqrt(50), exponential.at(tau=2)
    signs = [(E, E, w), (E, I, w), (I, E, -w), (I, I, -w)]
    return dn.Network([E, I], [dn.Projection(a, b, fast, connect=SPARSE, w=u) for a, b, u in signs])


def test_the_balanced_network_has_the_statistics_of_its_peers() -> None:
    # E_rate 33.84 (sd 0.20, n = 3), E_cv 0.0103 (sd 0.00013): BrainPy; Welch's 3 standard errors plus 1 %
    rates, irregularity = [], []
    for seed in range(5):
        spikes = dn.simulate(balanced(), 500.0, dt=0.1, seed=seed).spikes["E"]
        t, cell = spike_statistics.within(spikes.t, spikes.cell, (100.0, 500.0))
        rates.append(1000 * spike_statistics.rates(cell, 500, (100.0, 500.0)).mean())
        irregularity.append(np.nanmean(spike_statistics.cv(t, cell, 500)))
    error = 3 * np.sqrt(np.var(rates, ddof=1) / 5 + 0.19751**2 / 3) + 0.01 * 33.84333
    assert abs(np.mean(rates) - 33.84333) < error
    assert np.mean(irregularity) == pytest.approx(0.0103, abs=0.002)


def test_the_same_seed_gives_the_same_spikes_whatever_is_recorded() -> None:
    plain = dn.simulate(balanced(100), 50.0, dt=0.1, seed=3)
    recorded = dn.simulate(
        balanced(100), 50.0, dt=0.1, seed=3, record={"E": ["V", "s_1"], "I": [dn.record("V", every=7)]}
    )
    other = dn.simulate(balanced(100), 50.0, dt=0.1, seed=4)
    for name in "EI":
        assert np.array_equal(plain.spikes[name].cell, recorded.spikes[name].cell)
        assert np.array_equal(plain.spikes[name].step, recorded.spikes[name].step)
    assert not np.array_equal(plain.spikes["E"].step, other.spikes["E"].step)
    assert recorded["E", "V"].shape == (501, 100) and recorded["I", "V"].shape == (72, 100)


def test_a_run_that_goes_on_is_one_long_run_to_the_bit() -> None:
    net = balanced(100)
    first = dn.simulate(net, 30.0, dt=0.1, seed=5)
    second = dn.simulate(net, 30.0, dt=0.1, start=first.final)
    whole = dn.simulate(net, 60.0, dt=0.1, seed=5, record={"E": ["V"]})
    joined = np.concatenate([first.spikes["E"].step, second.spikes["E"].step])
    assert np.array_equal(joined, whole.spikes["E"].step)


def two(synapse: dn.Synapse, **options) -> dn.Network:
    cells = lif.at(tau=10, V_rest=-52, V_reset=-60, V_th=-50, t_ref=2)
    A = dn.Population("A", cells.at(I=8), 30, start={"V": dn.uniform(-58, -50)})
    B = dn.Population("B", cells, 20, start={"V": dn.uniform(-58, -52)})
    return dn.Network([A, B], [dn.Projection(A, B, synapse, connect=dn.probability(0.3), **options)])


OPEN_LOOP = {
    "exponential": (exponential, {"w": dn.normal(0.2, 0.05)}),
    "alpha": (dn.models.alpha, {"w": 0.3, "delay": 1.5}),
    "dual_exponential": (dn.models.dual_exponential, {"w": 0.3}),
    "ampa": (dn.models.ampa.at(g_max=0.01), {"delay": 0.5}),
    "gaba_b": (dn.models.gaba_b.at(g_max=0.01), {}),
    "nmda": (nmda.at(g_max=0.01), {"delay": 1.0}),
    "gap_junction": (gap_junction.at(w=0.02), {}),
    "stp": (stp, {"delay": 1.0}),
    "stdp": (stdp.at(w=0.2), {}),
    "exponential_conductance": (dn.models.exponential_conductance.at(w=0.01), {"delay": 0.5}),
    "gaba_a": (dn.models.gaba_a.at(g_max=0.01), {}),
    "voltage_jump": (dn.models.voltage_jump, {"w": dn.normal(0.2, 0.05), "delay": 1.0}),
}


#: A current that depends on the target's voltage is constant over a step where it is worked out per synapse: methods
#: that take one value of it in a step, or where sums live in the target, one for each stage.
OF_VOLTAGE = dict.fromkeys(("ampa", "gaba_b", "nmda"), "euler")
OF_VOLTAGE |= dict.fromkeys(("exponential_conductance", "gaba_a"), "rk4")
#: Largest difference relative to the voltages that are added up; it is 3e-16, the rounding of the last step.
SAME = 1e-12


@pytest.mark.parametrize("name", OPEN_LOOP)
def test_shared_and_naive_synapses_agree(name: str) -> None:
    synapse, options = OPEN_LOOP[name]
    net = two(synapse, **options)
    method = {"A": "exponential_euler", "B": OF_VOLTAGE.get(name, "exponential_euler")}
    kwargs = {"dt": 0.1, "seed": 2, "method": method, "record": {"B": ["V"]}}
    shared, naive = dn.simulate(net, 40.0, **kwargs), dn.simulate(net, 40.0, share=False, **kwargs)
    assert len(shared.spikes["A"]) > 30
    assert np.array_equal(shared.spikes["A"].step, naive.spikes["A"].step)
    until = naive.spikes["B"].step.min(initial=400)
    difference = np.abs(shared["B", "V"][:until] - naive["B", "V"][:until]).max()
    assert difference < SAME * 60


@pytest.mark.parametrize("synapse", [linear, oja, bcm], ids=lambda synapse: synapse.name)
@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_shared_and_naive_rates_agree(synapse: dn.Synapse, delay: float) -> None:
    @dn.model
    def unit(x=0.0, *, J=0.0):
        return -x + dn.tanh(J + 0.3), dn.Observe(r=x)

    units = dn.Population("A", unit, 6, start={"x": dn.normal(0.5, 0.2)})
    links = dn.Projection(units, units, synapse, connect=dn.probability(0.6), w=dn.normal(0.2, 0.1), delay=delay)
    net, options = dn.Network([units], [links]), {"dt": 0.05, "seed": 1, "record": {"A": ["x"]}}
    shared, naive = (dn.simulate(net, 4.0, share=share, **options)["A", "x"] for share in (True, False))
    assert np.ptp(shared[:, 0]) > 0.1
    assert np.abs(shared - naive).max() < SAME


#: A cell that comes as close to its threshold may spike in one form and not in the other, by rounding.
CLOSE = 1e-9


@pytest.mark.parametrize("name", ["exponential", "nmda", "stdp", "stp", "all to all"])
def test_shared_and_naive_synapses_agree_in_a_loop_until_a_cell_grazes_its_threshold(name: str) -> None:
    cells = lif.at(tau=10, V_rest=-52, V_reset=-60, V_th=-50, t_ref=2, I=4.0)
    E, I = (dn.Population(n, cells, 60, start={"V": dn.uniform(-60, -50)}) for n in "EI")
    synapse, options = OPEN_LOOP.get(name, (exponential, {"w": 0.02}))
    connect = dn.all_to_all() if name == "all to all" else dn.probability(0.2)
    back = dn.Projection(I, E, exponential, connect=connect, w=-0.3, delay=0.5)
    net = dn.Network([E, I], [dn.Projection(E, I, synapse, connect=connect, **options), back])
    method = {"E": "exponential_euler", "I": OF_VOLTAGE.get(name, "exponential_euler")}
    kwargs = {"dt": 0.1, "seed": 2, "method": method, "record": {"E": ["V"], "I": ["V"]}}
    runs = [dn.simulate(net, 200.0, share=share, **kwargs) for share in (True, False)]
    spikes = [{(s.step[k], p, s.cell[k]) for p, s in run.spikes.items() for k in range(len(s))} for run in runs]
    assert len(spikes[0]) > 500
    only_one = min(spikes[0] ^ spikes[1], default=None)
    until = 2001 if only_one is None else only_one[0]
    for p in "EI":
        assert np.abs(runs[0][p, "V"][:until] - runs[1][p, "V"][:until]).max() < SAME * 60
    if only_one is not None:
        step, p, cell = only_one
        silent = runs[only_one in spikes[0]]
        assert silent[p, "V"][step, cell] == pytest.approx(-50.0, abs=CLOSE)


def test_fast_all_to_all_synapses_deliver_their_charge_whatever_the_step() -> None:
    """A sum at all times would see each jump of s for half a step too long: 27 % too much here."""

    @dn.model(time="ms")
    def collecting(V=0.0, *, I=0.0):
        return I

    cells = lif.at(V_rest=-65, V_reset=-65, V_th=-50, t_ref=100, I=40)
    A, B = dn.Population("A", cells, 100, start={"V": -51.0}), dn.Population("B", collecting, 5)
    charge = []
    for connect, share in ((dn.all_to_all(), True), (dn.probability(1.0), True), (dn.all_to_all(), False)):
        net = dn.Network([A, B], [dn.Projection(A, B, exponential.at(tau=0.2), connect=connect, w=0.01)])
        run = dn.simulate(net, 10.0, dt=0.1, record={"B": ["V"]}, share=share)
        assert len(run.spikes["A"]) == 100
        charge.append(run["B", "V"][-1])
    assert charge[0] == pytest.approx(0.2, rel=1e-14) and charge[1] == pytest.approx(0.2, rel=1e-14)
    assert charge[2] == pytest.approx(0.2, rel=1e-3)  # what stays with synapses takes the stages of rk4


def test_summed_conductances_converge_to_the_naive_form() -> None:
    # the sum is integrated together with the voltage, the states of synapses between its steps: equal up to order dt
    cells = lif.at(tau=10, V_rest=-52, V_reset=-60, V_th=1e9, t_ref=2)
    B = dn.Population("B", cells, 20, start={"V": dn.uniform(-58, -52)})
    given = dn.spikes(np.arange(0.8, 20, 1.6), np.arange(12) % 6, size=6)
    net = dn.Network([B], [dn.Projection(given, B, dn.models.gaba_a.at(g_max=0.01), connect=dn.probability(0.5))])
    away = []
    for dt in (0.1, 0.05, 0.025):
        options = {"dt": dt, "seed": 2, "record": {"B": [dn.record("V", every=round(0.1 / dt))]}}
        shared, naive = dn.simulate(net, 20.0, **options), dn.simulate(net, 20.0, share=False, **options)
        away.append(np.abs(shared["B", "V"] - naive["B", "V"]).max())
    assert away[0] < 0.1
    assert away[0] / away[1] == pytest.approx(2.0, rel=0.1) and away[1] / away[2] == pytest.approx(2.0, rel=0.1)


def test_without_edges_a_network_is_single_cells() -> None:
    cells = dn.Population("A", hodgkin_huxley, 3, at={"I": np.array([0.0, 8.0, 15.0])})
    run = dn.simulate(dn.Network([cells]), 20.0, dt=0.01, method="rk4", record={"A": ["V"]})
    for k, current in enumerate((0.0, 8.0, 15.0)):
        alone = dn.simulate(hodgkin_huxley.at(I=current), 20.0, dt=0.01, method="rk4")
        assert np.abs(run["A", "V"][:, k] - alone["V"]).max() < 1e-9


def test_courses_are_added_to_parameters_of_all_cells_or_some() -> None:
    cells = dn.Population("A", lif, 4)
    net = dn.Network([cells])
    run = dn.simulate(
        net, 100.0, dt=0.1, inputs={cells[:2]: {"I": dn.steps([50.0], [25.0], before=0.0)}}, record={"A": ["V"]}
    )
    assert set(run.spikes["A"].cell) == {0, 1}
    assert run.spikes["A"].t.min() > 50.0
    assert np.all(run["A", "V"][:, 2:] == 0.0)


def test_poisson_spikes_come_at_their_rate() -> None:
    cells = dn.Population("A", lif.at(tau=5.0), 200)
    net = dn.Network([cells], [dn.Projection(dn.poisson(40.0), cells, exponential, w=0.1)])
    run = dn.simulate(net, 2000.0, dt=0.1, seed=1, record={"A": [dn.record("s_1", every=10)]})
    # shot noise: each spike adds 0.1 and decays with 8 ms: mean 0.1 * 0.04 * 8, variance 0.1^2 * 0.04 * 8/2
    late = run["A", "s_1"][100:]
    assert late.mean() == pytest.approx(0.032, rel=0.03)
    assert late.var() == pytest.approx(0.0016, rel=0.05)


def test_starts_at_steady_states_and_expressions_of_parameters() -> None:
    cells = dn.Population(
        "A",
        hodgkin_huxley,
        5,
        at={"C": dn.uniform(0.8, 1.2), "g_L": lambda C: 0.3 * C},
        start={"V": dn.uniform(-70, -60)},
    )
    run = dn.simulate(dn.Network([cells]), 5.0, dt=0.01, seed=1, record={"A": ["V", "m"]})
    assert np.ptp(run["A", "V"][0]) > 1.0
    assert np.ptp(run["A", "m"][0]) > 1e-3  # each at the steady state of its own voltage


def test_two_states_of_one_name_merge_only_when_equal() -> None:
    A = dn.Population("A", lif.at(I=25.0), 10)
    B = dn.Population("B", lif, 10)
    projections = [dn.Projection(A, B, exponential, w=0.1), dn.Projection(A, B, stp.at(tau=8.0), name="stp")]
    run = dn.simulate(dn.Network([A, B], projections), 20.0, dt=0.1, record={"B": ["V"]})
    assert run["B", "V"][-1].max() > 0.0


REFUSED = {
    "no time step": ({"dt": None}, ValueError, "give dt="),
    "a time beside the grid": ({"t": 10.03}, ValueError, "not a multiple of dt"),
    "an unknown population": ({"record": {"Q": ["V"]}}, ValueError, "no population or projection named 'Q'"),
    "an unknown quantity": ({"record": {"B": ["v"]}}, ValueError, "did you mean 'V'"),
    "what has been summed away": ({"record": {"A->B:exponential": ["s"]}}, ValueError, "share=False"),
    "an unknown input": ({"inputs": {"B": {"J": dn.steps([0], [1])}}}, ValueError, "no parameter named 'J'"),
    "a constant input": ({"inputs": {"B": {"I": 3.0}}}, TypeError, "a constant goes into"),
    "an unknown method": ({"method": "rk5"}, ValueError, "did you mean 'rk4'"),
    "an option of single systems": ({"rtol": 1e-3}, ValueError, "no meaning for networks"),
    "another kind of start": ({"start": {"V": 1.0}}, TypeError, "start=run.final"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused_before_anything_is_built(case: str) -> None:
    change, error, words = REFUSED[case]
    options = {"t": 10.0, "dt": 0.1} | change
    with pytest.raises(error, match=words):
        dn.simulate(two(exponential), options.pop("t"), **options)


def test_a_constant_delay_beside_the_grid_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="nearest ones are 0.2 and 0.3"):
        dn.simulate(two(exponential, delay=0.25), 10.0, dt=0.1)


def test_steps_longer_than_the_fastest_time_constant_are_warned_of() -> None:
    cells = dn.Population("A", lif.at(tau=0.05), 2)
    with pytest.warns(dn.DynanaWarning, match="longer than the time constant of 'V' at the start, 0.05"):
        dn.simulate(dn.Network([cells]), 1.0, dt=0.1, method="euler")


def test_a_run_that_blows_up_says_where_and_returns_what_it_has() -> None:
    @dn.model
    def leak(V=1.0, *, tau=0.04):
        return -V / tau

    cells = dn.Population("A", leak, 2, start={"V": np.array([0.0, 1.0])})
    with pytest.warns(dn.DynanaWarning):
        run = dn.simulate(dn.Network([cells]), 500.0, dt=0.1, method="euler", record={"A": ["V"]})
    assert run.stop.reason != "finished" and "A" in run.stop.message
    assert run.span[1] < 500.0


def test_a_callback_may_stop_the_run() -> None:
    run = dn.simulate(balanced(50), 5000.0, dt=0.1, seed=1, between=lambda t: t > 100.0)
    assert run.stop.reason == "stopped" and 100.0 < run.span[1] < 5000.0


def test_single_systems_refuse_what_is_for_networks() -> None:
    with pytest.raises(ValueError, match="share= has no meaning for single systems; it is for networks"):
        dn.simulate(lif, 10.0, share=False)


def test_every_function_of_models_can_be_evaluated_for_arrays() -> None:
    x, y = dn.models.lif.symbols["V"], dn.models.lif.symbols["I"]
    values = np.array([-3.0, 0.5, 2.0])
    cases = [
        (dn.minimum(x, y), np.minimum(values, 1.0)),
        (dn.maximum(x, y), np.maximum(values, 1.0)),
        (dn.sigmoid(x), 1 / (1 + np.exp(-values))),
        (dn.exprel(x), np.expm1(values) / values),
        (dn.where(x > 0, x, y), np.where(values > 0, values, 1.0)),
        (special.bern(x, 0), values / np.expm1(values)),
        (sp.erf(x) + sp.erfc(x / 2), erf(values) + erfc(values / 2)),
        (special.lgamma(x + 4, 1), digamma(values + 4)),
        (dn.floor(x) + dn.sign(x) * dn.absolute(x) ** 0.5, np.floor(values) + np.sign(values) * np.sqrt(abs(values))),
        (dn.heaviside(x), np.heaviside(values, 0.5)),
        (dn.both(x > 0, x < y), [False, True, False]),
        (dn.either(x > 1, x < -y), [True, False, True]),
        (y, 1.0),
    ]
    for expression, expected in cases:
        made = array_function([x, y], getattr(expression, "expr", expression))
        assert np.allclose(made(values, 1.0), expected, rtol=1e-15, atol=0)


def test_rates_need_a_unit_of_time_that_is_known() -> None:
    @dn.model(time="fortnight")
    def cell(V=0.0, *, I=0.0):
        return I - V

    @dn.synapse
    def pulse(s=0.0, *, pre, post):
        return -s, dn.OnPre({s: s + 1}), dn.Into("I", s)

    cells = dn.Population("A", cell, 2)
    with pytest.raises(ValueError, match="no unit of time named 'fortnight'"):
        dn.simulate(dn.Network([cells], [dn.Projection(dn.poisson(3.0), cells, pulse)]), 1.0, dt=0.1)


@pytest.mark.parametrize("synapse", [exponential.at(w=2.0), nmda.at(g_max=0.01), stdp, gap_junction.at(w=0.05)])
def test_delays_given_for_each_connection_are_those_of_as_many_projections(synapse: dn.Synapse) -> None:
    cells = lif.at(tau=10.0, V_rest=-49.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0)
    start = [-51.0, -55.0, -58.0]
    sources, targets, delays = [2, 0, 1, 2], [1, 2, 0, 0], [0.7, 2.94, 1.0, 3.0]

    def traces(number: int, delay: object) -> np.ndarray:
        E = dn.Population("E", cells, 3, start={"V": start})
        if number == 1:
            links = [dn.Projection(E, E, synapse, connect=dn.pairs(sources, targets), delay=delay)]
        else:
            links = [
                dn.Projection(E, E, synapse, connect=dn.pairs([a], [b]), delay=round(d, 1), name=f"{a} to {b}")
                for a, b, d in zip(sources, targets, delays, strict=True)
            ]
        return dn.simulate(dn.Network([E], links), 100.0, dt=0.1, record={"E": ["V"]}, progress=False)["E", "V"]

    matrix = np.zeros((3, 3))
    matrix[sources, targets] = delays
    own = traces(1, delays)
    assert np.array_equal(own, traces(1, matrix))
    np.testing.assert_allclose(own, traces(4, None), rtol=1e-9)
    assert not np.allclose(own, traces(1, 0.7), atol=0.01)


def test_delays_given_for_each_connection_are_told() -> None:
    E = dn.Population("E", lif, 3)
    link = dn.Projection(E, E, exponential, connect=dn.pairs([0, 1], [1, 2]), delay=[1.0, 2.04])
    net = dn.Network([E], [link])
    assert "delays given for each connection, rounded to the time step" in str(net.plan())
    assert "delay array (2,)" in net.summary()
    assert dn.edges(net, "E->E", seed=1, dt=0.1).values["delay"] == pytest.approx([1.0, 2.0])
    again = net.at({"E->E:exponential.delay": np.full((3, 3), 1.5)})
    assert "delays given for each pair, rounded" in str(again.plan())
