"""Several threads carry out a network without changing a bit."""

from dataclasses import replace

import numpy as np
import pytest

import dynana as dn
from dynana.definition.assembly import Assembly, Event, Link, Poisson
from dynana.models import exponential, lif, linear, nmda, stdp
from dynana.simulation.edges import Edges
from dynana.simulation.network_run import run_assembly
from dynana.simulation.network_threads import Team

from .small_networks import cuba, cuba_cell, one, part, random_edges

COUNTS = (2, 3)


def same(one_thread, several):
    for name, spikes in one_thread.spikes.items():
        assert np.array_equal(spikes.cell, several.spikes[name].cell)
        assert np.array_equal(spikes.step, several.spikes[name].step)
    for name, values in one_thread.final.content.items():
        assert np.array_equal(values, several.final.content[name], equal_nan=True), name
    return True


@pytest.mark.parametrize("threads", COUNTS)
def test_a_network_with_delays(threads):
    assembly, edges = cuba(delay=1.5)
    plain = run_assembly(assembly, edges, 1000, 0.1, progress=False)
    assert sum(map(len, plain.spikes.values())) > 300
    assert same(plain, run_assembly(assembly, edges, 1000, 0.1, progress=False, threads=threads, chunk=70))


@pytest.mark.parametrize("threads", COUNTS)
def test_edges_in_any_order_with_weights_and_delays_of_their_own(threads):
    rng = np.random.default_rng(3)
    cell, cells = cuba_cell(), 300
    made = random_edges(rng, cells, 190, 0.2, w=lambda n: rng.random(n))
    delay = np.zeros(made.count, np.uint8)
    for a, b in zip(made.first[:-1], made.first[1:], strict=True):
        rng.shuffle(made.target[a:b])
        delay[a:b] = np.sort(rng.integers(1, 20, b - a))
    whole, some = part(0, 0, cells), part(0, 100, 290)
    links = (Link(name="late", source=whole, target=some), Link(name="now", source=whole, target=some, delay=0.3))
    weight = dn.definition.tracing.symbol("w")
    events = (Event(link=0, state=1, weight=weight), Event(link=1, state=2, weight=-weight))
    edges = [Edges(made.first, made.target, delay, made.values), made]
    drive = Poisson(target=part(0, 37, 290), state=1, weight=1.0, rate=2000.0)
    start = {"v": -60 + 10 * rng.random(cells)}
    population = one(cell, cells, start=start)
    assembly = Assembly(populations=(population,), links=links, events=events, poisson=(drive,), time="ms")
    plain = run_assembly(assembly, edges, 600, 0.1, progress=False)
    assert len(plain.spikes["E"]) > 300
    assert same(plain, run_assembly(assembly, edges, 600, 0.1, progress=False, threads=threads))


@dn.model(time="ms")
def noisy(V=-60.0, *, I=0.0, tau=10.0, sigma=2.0):
    """Leaky integrate-and-fire cell with noise."""
    return (-(V + 52) + I) / tau, dn.Noise({V: sigma}), dn.Jump(when=V > -50, to={V: -60}, refractory=2.0, name="spike")


@pytest.mark.parametrize("threads", COUNTS)
def test_noise_plasticity_and_continuous_coupling(threads):
    cells = lif.at(tau=10, V_rest=-52, V_reset=-60, V_th=-50, t_ref=2, I=3)
    E = dn.Population("E", cells, 200, start={"V": dn.uniform(-60, -50)})
    N = dn.Population("N", noisy.at(I=2), 130)
    sparse = dn.probability(0.2)
    P = dn.poisson(30.0, 150)
    net = dn.Network(
        [E, N, P],
        [
            dn.Projection(P, N, exponential.at(tau=3), connect=sparse, w=0.1, delay=0.2),
            dn.Projection(E, N, stdp.at(w=0.2), connect=sparse, delay=1.0),
            dn.Projection(N, E, exponential, connect=sparse, w=dn.normal(0.2, 0.1), delay=dn.uniform(0.5, 3)),
            dn.Projection(E[:70], E, nmda.at(g_max=0.01)),
        ],
    )  # fmt: skip
    options = {"dt": 0.1, "seed": 4, "record": {"E": ["V"], "N": [dn.record("V", cells=[0, 129], every=9)]}}
    plain = dn.simulate(net, 60.0, **options)
    several = dn.simulate(net, 60.0, threads=threads, **options)
    assert len(plain.spikes["E"]) > 200 and len(plain.spikes["N"]) > 100
    assert same(plain, several)
    assert np.array_equal(plain["E", "V"], several["E", "V"])
    half = dn.simulate(net, 30.0, dt=0.1, seed=4, threads=threads)
    joined = dn.simulate(net, 30.0, dt=0.1, start=half.final)
    later = plain.spikes["N"].step > 300
    assert np.array_equal(plain.spikes["N"].step[later], joined.spikes["N"].step)


@dn.model
def wandering(x=0.0, *, J=0.0, I=0.0, sigma=0.3):
    """Rate unit with noise."""
    return -x + J + I, dn.Noise({x: sigma}), dn.Observe(r=dn.tanh(x))


@pytest.mark.parametrize("threads", COUNTS)
def test_dense_rates_with_noise(threads):
    units = dn.Population("x", wandering, 150, start={"x": dn.normal(0.0, 1.0)})
    weights = dn.normal(0.0, 0.1)
    rates = dn.Projection(units, units, linear, connect=dn.all_to_all(autapses=True), w=weights)
    net = dn.Network([units], [rates])
    options = {"dt": 0.05, "seed": 2, "inputs": {"x": {"I": dn.sinusoid(amplitude=0.5, frequency=0.05)}}}
    assert same(dn.simulate(net, 20.0, **options), dn.simulate(net, 20.0, threads=threads, **options))


def test_a_number_that_is_not_finite_is_reported_as_by_one_thread():
    assembly, edges = cuba()
    start = {**assembly.populations[0].start}
    start["v"] = start["v"].copy()
    start["v"][[130, 300]] = np.nan
    cells = one(assembly.populations[0].system, 320, "E", start=start)
    broken = replace(assembly, populations=(cells, assembly.populations[1]))
    runs = [run_assembly(broken, edges, 500, 0.1, progress=False, threads=n) for n in (1, 2, 3)]
    assert {r.stop.reason for r in runs} == {"blow-up"}
    assert len({r.stop.message for r in runs}) == 1 and "cell 130 of E" in runs[0].stop.message


def test_threads_are_let_go(monkeypatch):
    closed = []
    monkeypatch.setattr(Team, "close", lambda self, close=Team.close: (closed.append(self), close(self)))
    assembly, edges = cuba()
    found = run_assembly(assembly, edges, 500, 0.1, progress=False, threads=2, chunk=5, between=lambda t: t > 20)
    assert found.stop.reason == "stopped" and len(closed) == 1


def test_bad_numbers_of_threads_are_refused():
    net = dn.Network([dn.Population("N", noisy, 3)], [])
    with pytest.raises(ValueError, match="threads = 0: expected a whole number, at least 1"):
        dn.simulate(net, 1.0, dt=0.1, threads=0)
    with pytest.raises(ValueError, match="threads= has no meaning for single systems; it is for networks"):
        dn.simulate(lif, 1.0, threads=2)
