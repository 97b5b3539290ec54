"""Synapses of the library against closed forms: one spike, regular trains, pairs of spikes, delays."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import alpha, ampa, dual_exponential, exponential, gaba_b, gap_junction, lif, nmda, stdp, stp

QUIET = lif.at(V_th=1e9, V_rest=-60.0)
#: A cell that spikes in the step after the one in which it is kicked.
RELAY = lif.at(tau=1e3, V_rest=0.0, V_th=0.5, V_reset=0.0, t_ref=0.0)
DT = 0.1


def after_spikes(synapse: dn.Synapse, times, t: float, delay: float = 0.0, **options):
    """Return time and total input of a cell that receives given spikes."""
    cell = dn.Population("B", QUIET, 1, start={"V": -60.0})
    net = dn.Network([cell], [dn.Projection(dn.spikes(times), cell, synapse, delay=delay)])
    run = dn.simulate(net, t, dt=DT, record={"B": ["I"]}, **options)
    return run.recorded["B.I"].t, run["B", "I"][:, 0]


def relayed(synapse: dn.Synapse, times, t: float, recorded: str, **options):
    """Return time and a recorded quantity, "A.s_1", of a cell whose spikes are those given, or of its target B."""
    relay = dn.Population("A", RELAY, 1, start={"V": 0.0})
    cell = dn.Population("B", QUIET, 10, start={"V": -60.0})
    kick = dn.Projection(dn.spikes(np.asarray(times) - DT), relay, dn.models.voltage_jump, w=1.0)
    net = dn.Network([relay, cell], [kick, dn.Projection(relay, cell, synapse)])
    owner, name = recorded.split(".")
    run = dn.simulate(net, t, dt=DT, record={owner: [name]}, **options)
    assert run.spikes["A"].t == pytest.approx(np.asarray(times))
    return run.recorded[recorded].t, run[owner, name][:, 0]


FORMS = {
    "exponential": (exponential.at(tau=8.0), lambda t: np.exp(-t / 8)),
    "alpha": (alpha.at(tau=3.0), lambda t: t * np.exp(-t / 3)),
    "dual_exponential": (
        dual_exponential.at(tau1=2.0, tau2=3.0), lambda t: 6 * (np.exp(-t / 3) - np.exp(-t / 2))),
}  # fmt: skip


@pytest.mark.parametrize("delay", [0.0, DT, 17 * DT], ids=["at once", "a step late", "17 steps late"])
@pytest.mark.parametrize("name", FORMS)
def test_a_spike_leaves_the_form_of_its_synapse_behind(name: str, delay: float) -> None:
    synapse, form = FORMS[name]
    t, found = after_spikes(synapse.at(w=2.0), [5.0, 9.0], 30.0, delay)
    expected = np.zeros(t.size)
    for arrival in (5.0 + delay, 9.0 + delay):
        expected += np.where(t > arrival - 1e-9, 2.0 * form(t - arrival), 0.0)
    assert found == pytest.approx(expected, abs=1e-12)


def test_kinetic_receptors_bind_while_there_is_transmitter() -> None:
    rate = 0.98 * 0.5 + 0.18
    t, s = relayed(ampa.at(T_duration=3.0), [5.0], 20.0, "A.s_1")
    full = 0.98 * 0.5 / rate
    bound = full * (1 - np.exp(-rate * (t - 5.0)))
    after = full * (1 - np.exp(-3 * rate)) * np.exp(-0.18 * (t - 8.0))
    assert s == pytest.approx(np.where(t < 5.0, 0.0, np.where(t < 8.0, bound, after)), abs=1e-12)


def test_saturating_excitation_solves_its_equations() -> None:
    times, y, begin = [5.0, 12.0, 13.0], np.zeros(2), 0.0
    for end in (*times, 40.0):  # what a reader of the equations would hand to scipy, between the events
        piece = solve_ivp(
            lambda t, y: [-y[0] / 100 + 0.5 * y[1] * (1 - y[0]), -y[1] / 2], (begin, end), y, rtol=1e-10, atol=1e-12
        )
        y, begin = piece.y[:, -1] + [0.0, end < 40.0], end
    _, s = relayed(nmda, times, 40.0, "A.s_1", method="rk4")
    assert s[-1] == pytest.approx(y[0], rel=1e-6)


def test_slow_inhibition_lasts_for_hundreds_of_milliseconds() -> None:
    t, G = relayed(gaba_b, np.arange(5.0, 25.0, 1.0), 1500.0, "A.G_1")
    late = (t > 300) & (t < 1400)
    # the slower of the two rates, k4 = 0.0012, is left
    slope = np.polyfit(t[late], np.log(G[late]), 1)[0]
    assert slope == pytest.approx(-0.0012, rel=1e-3) and t[np.argmax(G)] > 80.0


@pytest.mark.parametrize(("U", "tau_d", "tau_f"), [(0.2, 150.0, 2.0), (0.1, 10.0, 100.0), (0.5, 800.0, 20.0)])
def test_regular_trains_reach_the_steady_state_of_short_term_plasticity(U: float, tau_d: float, tau_f: float) -> None:
    T, tau = 20.0, 0.5
    synapse = stp.at(U=U, tau_d=tau_d, tau_f=tau_f, tau=tau)
    t, I = relayed(synapse, np.arange(5.0, 4000.0, T), 4000.0, "B.I_1")
    u = U / (1 - (1 - U) * np.exp(-T / tau_f))
    recovered = np.exp(-T / tau_d)
    x = (1 - recovered) / (1 - (1 - u) * recovered)
    assert I[np.argmin(np.abs(t - 3985.0))] == pytest.approx(u * x, rel=1e-6)


def test_pairs_of_spikes_change_weights_as_their_distance_says() -> None:
    distances = np.array([-30.0, -12.0, -3.0, -0.5, 0.5, 3.0, 12.0, 30.0])
    n = distances.size
    post = dn.Population("post", RELAY, n, start={"V": 0.0})
    when = np.full(n, 50.0)
    pre = dn.spikes(when, np.arange(n), size=n, name="pre")
    kick = dn.spikes(when + distances - DT, np.arange(n), size=n, name="kick")
    rule = stdp.at(tau_s=15.0, tau_t=25.0, dA_s=0.5, dA_t=0.4, tau=5.0, w=5.0)
    net = dn.Network(
        [post],
        [
            dn.Projection(pre, post, rule, connect=dn.one_to_one(), to={"I": "R"}, name="plastic"),
            dn.Projection(kick, post, dn.models.voltage_jump, connect=dn.one_to_one(), w=1.0),
        ],
    )
    run = dn.simulate(net, 100.0, dt=DT)
    found = dn.edges(net, "plastic", state=run.final)["w"] - 5.0
    gap = run.spikes["post"].t[np.argsort(run.spikes["post"].cell)] - 50.0
    assert gap == pytest.approx(distances, abs=1e-9)
    expected = np.where(gap > 0, 0.5 * np.exp(-gap / 15.0), -0.4 * np.exp(gap / 25.0))
    assert found == pytest.approx(expected, rel=1e-9)


def test_gap_junctions_pull_cells_together_and_pass_spikelets_on() -> None:
    cells = dn.Population("c", QUIET.at(V_rest=0.0, tau=10.0), 2, start={"V": np.array([4.0, -2.0])})
    links = [dn.Projection(cells, cells, gap_junction.at(w=0.5), connect=dn.pairs([0, 1], [1, 0]))]
    run = dn.simulate(dn.Network([cells], links), 20.0, dt=0.01, method="rk4", record={"c": ["V"]})
    t = run.recorded["c.V"].t
    common, apart = np.exp(-t / 10), 3 * np.exp(-t * (1 + 2 * 0.5) / 10)
    assert run["c", "V"][:, 0] == pytest.approx(common + apart, abs=1e-8)
    assert run["c", "V"][:, 1] == pytest.approx(common - apart, abs=1e-8)
