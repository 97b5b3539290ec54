"""States that stay with each edge: plasticity at events, and everything at every step."""

import numpy as np
import pytest
import sympy as sp

from dynana.definition.assembly import Assembly, Event, Link, PerSynapse, Trains
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.simulation.edges import Edges
from dynana.simulation.network_records import Probe

from .small_networks import cuba_cell, names, one, part, random_edges
from .test_network_run import run, same_spikes

W, A, B = names("w a b")
PRE, POST = names("a_read b_read")
LEARN, TOP = names("learn top")
TAU = 20.0


def clock(trace):
    """A cell that spikes whenever its phase reaches 1, with a trace that each spike raises by 1."""
    x, rate = names("x rate")
    jump = Jump(when=x >= 1, to={x: x - 1, trace: trace + 1})
    return System({x: rate, trace: -trace / sp.Rational(TAU)}, {"rate": 0.1}, jumps=[jump], name="clock")


def plastic(sources, targets, edges, rng, delay=0.0, event_driven=True):
    """Cells of different rates joined by weights that obey pair rules with traces."""
    pre = one(clock(A), sources, "pre", values={"rate": 0.02 + 0.08 * rng.random(sources)}, method="exponential_euler")
    post = one(
        clock(B), targets, "post", values={"rate": 0.02 + 0.08 * rng.random(targets)}, method="exponential_euler"
    )
    values = {"learn": 0.01, "top": 1.0}
    link = Link(name="pre->post", source=part(0, 0, sources), target=part(1, 0, targets), delay=delay, values=values)
    item = PerSynapse(
        link=0,
        states=("w",),
        start={"w": 0.5},
        on_pre={"w": W - sp.Rational(21, 20) * LEARN * POST},
        on_post={"w": W + LEARN * PRE},
        clip={"w": (sp.Integer(0), TOP)},
        pre={"a_read": A},
        post={"b_read": B},
        event_driven=event_driven,
    )
    return Assembly(populations=(pre, post), links=(link,), synapses=(item,)), [edges]


def weights_by_hand(recording, edges, delays, steps, dt):
    """The same rule, spike by spike: traces of the source as the delayed synapse sees them."""
    decay = np.exp(-dt / TAU)
    sources, targets = edges.first.size - 1, recording.sizes["post"]
    spiked = {}
    for name, size in (("pre", sources), ("post", targets)):
        table = np.zeros((steps + 1, size), dtype=bool)
        table[recording.spikes[name].step, recording.spikes[name].cell] = True
        spiked[name] = table
    traces = {name: np.zeros((steps + 1, table.shape[1])) for name, table in spiked.items()}
    for name, table in spiked.items():
        for k in range(1, steps + 1):
            traces[name][k] = traces[name][k - 1] * decay + table[k]
    source = np.repeat(np.arange(sources), np.diff(edges.first))
    target = edges.target.astype(int)
    w = np.full(target.size, 0.5)
    for k in range(1, steps + 1):
        past = k - delays
        seen = past >= 0
        arrives = seen & spiked["pre"][np.maximum(past, 0), source]
        before = traces["post"][k - 1, target] * decay
        w = np.where(arrives, np.clip(w - 1.05 * 0.01 * before, 0, 1), w)
        answers = spiked["post"][k, target]
        read = np.where(seen, traces["pre"][np.maximum(past, 0), source], 0.0)
        w = np.where(answers, np.clip(w + 0.01 * read, 0, 1), w)
    return w


@pytest.mark.parametrize("delay", [0, 3])
def test_weights_follow_the_rule_spike_by_spike(delay):
    rng = np.random.default_rng(1)
    edges = random_edges(rng, 70, 90, 0.2)
    assembly, given = plastic(70, 90, edges, rng, delay=0.5 * delay)
    found = run(assembly, given, 2000, 0.5)
    assert len(found.spikes["pre"]) > 1000
    expected = weights_by_hand(found, edges, np.full(edges.count, delay), 2000, 0.5)
    np.testing.assert_allclose(found.final.content["pre->post.w"], expected, rtol=1e-10)
    assert expected.min() < 0.3 and expected.max() > 0.6


def test_every_edge_can_have_its_own_delay():
    rng = np.random.default_rng(1)
    plain = random_edges(rng, 70, 90, 0.2)
    delay = np.concatenate([np.sort(rng.integers(0, 9, n)) for n in np.diff(plain.first)]).astype(np.uint8)
    edges = Edges(plain.first, plain.target, delay, {})
    assembly, given = plastic(70, 90, edges, rng)
    found = run(assembly, given, 2000, 0.5)
    expected = weights_by_hand(found, edges, delay.astype(int), 2000, 0.5)
    np.testing.assert_allclose(found.final.content["pre->post.w"], expected, rtol=1e-10)


def test_weights_do_not_depend_on_chunks_and_records_and_go_on():
    rng = np.random.default_rng(2)
    edges = random_edges(rng, 40, 40, 0.3)
    assembly, given = plastic(40, 40, edges, rng, delay=2.0)
    whole = run(assembly, given, 1500, 0.5).final.content["pre->post.w"]
    other = run(assembly, given, 1500, 0.5, chunk=7, probes=[Probe(1, "b"), Probe(0, "a", every=3)])
    first = run(assembly, given, 444, 0.5)
    second = run(assembly, given, 1056, 0.5, start=first.final)
    assert np.array_equal(other.final.content["pre->post.w"], whole)
    assert np.array_equal(second.final.content["pre->post.w"], whole)


def recurrent(kind, seed=3, delay=0.5):
    """Cells driven over threshold, joined by exponential synapses with a weight of each edge, in three forms."""
    rng = np.random.default_rng(seed)
    n = 80
    cell = cuba_cell().at(rest=-48)
    start = {"v": -60 + 10 * rng.random(n)}
    edges = random_edges(rng, n, n, 0.2, w=lambda count: rng.random(count))
    w, g, g_in, tau = names("w g g_in tau_s")
    link = Link(name="E->E", source=part(0, 0, n), target=part(0, 0, n), delay=delay, values={"tau_s": 5.0})
    if kind == "shared":
        event = Event(link=0, state=1, weight=w)
        return Assembly(populations=(one(cell, n, start=start),), links=(link,), events=(event,)), [edges]
    if kind == "delivered":
        item = PerSynapse(link=0, states=(), start={}, delivers=((1, w),))
        return Assembly(populations=(one(cell, n, start=start),), links=(link,), synapses=(item,)), [edges]
    old = cell.derivatives
    system = System(
        {"v": old[0] + g_in / 20, "ge": old[1], "gi": old[2]},
        {**cell.values, "g_in": 0},
        jumps=cell.jumps,
        name="naive",
    )
    item = PerSynapse(
        link=0,
        states=("g",),
        start={"g": 0.0},
        rates={"g": -g / tau},
        on_pre={"g": g + w},
        sums=(("g_in", g),),
        event_driven=False,
    )
    cells = one(system, n, start=start, streams=("g_in",))
    return Assembly(populations=(cells,), links=(link,), synapses=(item,)), [edges]


def test_amounts_delivered_by_edges_are_events():
    shared, delivered = (run(*recurrent(kind), 2000) for kind in ("shared", "delivered"))
    assert len(shared.spikes["E"]) > 200
    assert same_spikes(shared, delivered)


def test_what_stays_with_edges_is_summed_at_every_step():
    """Sums of edges' states stand still during a step, the shared state does not: equal as the step goes to 0."""
    difference = []
    for dt in (0.1, 0.05):
        steps = round(20 / dt)
        both = [
            run(*recurrent(kind, delay=0.5), steps, dt, probes=[Probe(0, "v")])["E", "v"][-1]
            for kind in ("shared", "naive")
        ]
        difference.append(np.max(np.abs(both[0] - both[1])))
    assert difference[0] < 0.2
    assert difference[0] / difference[1] == pytest.approx(2, rel=0.3)


def test_trains_drive_plastic_synapses():
    """Given spikes: w falls with each arrival; the target state receives the weight before the change."""
    g = names("g")[0]
    target = System({g: sp.Integer(0)}, name="sum")
    trains = Trains(name="in", size=2, times=np.array([1.0, 2.0, 2.0, 4.0]), cells=np.array([0, 0, 1, 0]))
    edges = Edges(np.array([0, 1, 2]), np.zeros(2, np.uint16), None, {})
    link = Link(name="in->E", source=part(0, 0, 2), target=part(1, 0, 1), delay=1.0)
    item = PerSynapse(link=0, states=("w",), start={"w": 1.0}, on_pre={"w": W / 2}, delivers=((0, W),))
    assembly = Assembly(populations=(trains, one(target)), links=(link,), synapses=(item,), time="ms")
    found = run(assembly, [edges], 6, 1.0, probes=[Probe(1, "g")])
    assert list(found["E", "g"][:, 0]) == [0, 0, 1, 2.5, 2.5, 2.75, 2.75]
    assert list(found.spikes["in"].t) == [1, 2, 2, 4]
