"""The runtime of networks: order of a step, integrators, exactness of chunks, records and continuation."""

import platform
from dataclasses import replace

import numba
import numpy as np
import pytest
import sympy as sp
from scipy.linalg import expm

import dynana as dn
from dynana.definition.assembly import Assembly, Event, Link
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.models import adex, izhikevich, lif
from dynana.simulation.edges import Edges
from dynana.simulation.network_records import Probe
from dynana.simulation.network_run import run_assembly

from .small_networks import cuba, cuba_cell, names, one, part, random_edges


def run(assembly, edges, steps, dt=0.1, **options):
    return run_assembly(assembly, edges, steps, dt, progress=False, **options)


def same_spikes(a, b):
    return all(
        np.array_equal(a.spikes[n].cell, b.spikes[n].cell) and np.array_equal(a.spikes[n].step, b.spikes[n].step)
        for n in a.spikes
    )


def reference_cuba(assembly, edges, steps, dt, delay=0):
    """The documented order, cell by cell in numpy: integrate, test, deliver, reset."""
    matrix = np.array([[-1 / 20, 1 / 20, 1 / 20], [0, -1 / 5, 0], [0, 0, -1 / 10]])
    whole = expm(np.block([[matrix, np.array([[-49 / 20], [0], [0]])], [np.zeros((1, 4))]]) * dt)
    p, c = whole[:3, :3], whole[:3, 3]
    state = [np.stack([np.array(q.start["v"]), np.zeros(q.size), np.zeros(q.size)]) for q in assembly.populations]
    free = [np.zeros(q.size, dtype=int) for q in assembly.populations]
    spikes = [[], []]
    history = []
    for k in range(1, steps + 1):
        now = []
        for i in range(2):
            new = p @ state[i] + c[:, None]
            held = free[i] > k - 1
            new[0] = np.where(held, state[i][0], new[0])
            state[i] = new
            now.append(np.flatnonzero((new[0] > -50) & (free[i] <= k)))
        history.append(now)
        if k - 1 - delay >= 0:
            for event in assembly.events:
                link, e = assembly.links[event.link], edges[event.link]
                for cell in history[k - 1 - delay][link.source.population]:
                    targets = e.target[e.first[cell] : e.first[cell + 1]]
                    np.add.at(state[link.target.population][event.state], targets, float(event.weight))
        for i in range(2):
            state[i][0, now[i]] = -60
            free[i][now[i]] = k + 50
            spikes[i] += [(k, cell) for cell in now[i]]
    return spikes


@pytest.mark.parametrize("delay", [0, 1, 7])
def test_spikes_are_those_of_the_documented_order(delay):
    assembly, edges = cuba(delay=0.1 * delay)
    recording = run(assembly, edges, 1000)
    expected = reference_cuba(assembly, edges, 1000, 0.1, delay)
    for found, wanted in zip(recording.spikes.values(), expected, strict=True):
        assert len(wanted) > 20
        assert list(zip(found.step, found.cell, strict=True)) == wanted


@pytest.mark.parametrize(
    ("system", "method", "dt"),
    [
        (lif.at(I=25.0), "exponential_euler", 0.1),
        (lif.at(I=25.0, t_ref=0.0), "euler", 0.1),
        (adex.at(I=2.0), "exponential_euler", 0.1),
        (adex.at(I=2.0, V_th=-45.0), "rk4", 0.05),
        (izhikevich.at(I=10.0), "euler", 0.1),
        (izhikevich.at(I=10.0), "rk4", 0.05),
    ],
)
def test_cells_without_edges_are_single_cells(system, method, dt):
    rng = np.random.default_rng(3)
    state = system.states[0]
    v = system.initial[state] - 5 * rng.random(100)
    current = system.values["I"] * (1 + rng.random(100))
    alone = dn.simulate(
        system, 200.0, dt=dt, method=method, events="grid", start={state: v}, at={"I": current}, progress=False
    )
    cells = one(system, 100, start={state: v}, values={"I": current}, method=method)
    together = run(Assembly(populations=(cells,)), [], round(200 / dt), dt)
    spikes = together.spikes["E"]
    assert len(spikes) > 100
    for cell in range(100):
        np.testing.assert_allclose(spikes.of(cell), alone.times(cell=cell), atol=1e-9)


def test_the_exact_propagator_of_a_linear_cell_is_exact():
    fine = dn.simulate(lif.at(I=15.0), 50.0, rtol=1e-12, atol=1e-12)
    found = run(Assembly(populations=(one(lif.at(I=15.0)),)), [], 100, 0.5, probes=[Probe(0, "V")])
    assert found.methods == {"E": "exact"}
    np.testing.assert_allclose(found["E", "V"][-1, 0], fine["V"][-1], rtol=1e-11)


def test_a_jump_whose_condition_still_holds_waits_until_it_has_been_false():
    """x' = 1, and a jump at x > 1 that only counts: it fires once. With a rest of 0.5 it fires again and again."""
    x, n = names("x n")
    for refractory, expected in ((None, 1), (0.5, 5)):
        jump = Jump(when=x > 1, to={n: n + 1}, refractory=refractory, hold=None if refractory is None else ())
        system = System({x: sp.Integer(1), n: sp.Integer(0)}, jumps=[jump])
        found = run(Assembly(populations=(one(system),)), [], 34, probes=[Probe(0, "n")])
        assert found["E", "n"][-1, 0] == expected == len(found.spikes["E"])


def test_a_cell_that_starts_beyond_its_threshold_spikes_at_once():
    found = run(Assembly(populations=(one(lif, start={"V": 30.0}),)), [], 5, probes=[Probe(0, "V")])
    assert list(found.spikes["E"].step) == [0]
    assert found["E", "V"][0, 0] == lif.values["V_reset"]


def test_two_jumps_of_a_cell_follow_each_other_in_one_step():
    x, n = names("x n")
    jumps = [Jump(when=x > 1, to={x: sp.Integer(0), n: n + 1}, name="first"), Jump(when=n > 2, to={n: sp.Integer(0)})]
    system = System({x: sp.Integer(1), n: sp.Integer(0)}, jumps=jumps)
    found = run(Assembly(populations=(replace(one(system), spikes=(0,)),)), [], 100, probes=[Probe(0, "n")])
    assert set(found["E", "n"][:, 0]) == {0.0, 1.0, 2.0}
    assert len(found.spikes["E"]) == 9


def delta_network(delay=0.0, weights=None, delays=None):
    """One cell that spikes at every step of 1 drives three others, whose potential is held after their own spikes."""
    x, v = names("x v")
    source = System({x: sp.Integer(1)}, jumps=[Jump(when=x >= 1, to={x: sp.Integer(0)})], name="source")
    jump = Jump(when=v > sp.Rational(5, 2), to={v: sp.Integer(0)}, refractory=3)
    target = System({v: sp.Integer(0)}, jumps=[jump], name="target")
    count = 3
    values = {} if weights is None else {"w": np.asarray(weights, dtype=float)}
    delay_array = None if delays is None else np.asarray(delays, dtype=np.uint8)
    edges = Edges(np.array([0, count]), np.arange(count, dtype=np.uint16), delay_array, values)
    link = Link(name="a->b", source=part(0, 0, 1), target=part(1, 0, count), delay=delay)
    weight = sp.Integer(1) if weights is None else sp.Symbol("w", real=True)
    populations = (one(source, name="a"), one(target, count, name="b"))
    return Assembly(populations=populations, links=(link,), events=(Event(link=0, state=0, weight=weight),)), [edges]


def test_events_onto_a_held_state_are_dropped_and_delays_are_whole_steps():
    """Kicks of 1 at t = 1, 2, 3, ...: the third takes the target beyond 2.5, the next step sees it, it rests for 3."""
    for delay in (0.0, 2.0):
        assembly, edges = delta_network(delay)
        found = run(assembly, edges, 30, 1.0, probes=[Probe(1, "v")])
        v = found["b", "v"][:, 0]
        shift = int(delay)
        assert list(v[shift : shift + 12]) == [0, 1, 2, 3, 0, 0, 0, 1, 2, 3, 0, 0]
        assert list(found.spikes["b"].of(0)[:3]) == [4 + delay, 10 + delay, 16 + delay]


def test_every_edge_can_have_its_own_weight_and_delay():
    assembly, edges = delta_network(weights=[1.0, 0.5, 3.0], delays=[0, 1, 4])
    found = run(assembly, edges, 12, 1.0, probes=[Probe(1, "v")])
    v = found["b", "v"]
    assert list(v[:5, 0]) == [0, 1, 2, 3, 0]
    assert list(v[:8, 1]) == [0, 0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert list(v[:10, 2]) == [0, 0, 0, 0, 0, 3, 0, 0, 0, 3]


@pytest.mark.parametrize("self_excluded", [False, True])
def test_all_to_all_needs_no_edges(self_excluded):
    rng = np.random.default_rng(2)
    cell = cuba_cell().at(rest=-48)
    cells = one(cell, 150, start={"v": -60 + 10 * rng.random(150)})
    link = Link(name="E->E", source=part(0, 0, 100), target=part(0, 50, 150), connect=_All() if self_excluded else None)
    event = Event(link=0, state=1, weight=sp.Rational(1, 20))
    assembly = Assembly(populations=(cells,), links=(link,), events=(event,))
    targets = [np.array([t for t in range(100) if not self_excluded or t + 50 != s]) for s in range(100)]
    first = np.concatenate(([0], np.cumsum([t.size for t in targets]))).astype(np.int64)
    explicit = run(assembly, [Edges(first, np.concatenate(targets).astype(np.uint16), None, {})], 1000)
    plain = run(assembly, [None], 1000)
    assert len(plain.spikes["E"]) > 100
    assert same_spikes(plain, explicit)


class _All:
    kind = "all_to_all"
    autapses = False


def test_amounts_are_those_just_before_the_jump():
    """Short-term depression: the source carries a resource that halves with each spike and recovers slowly."""
    x, r, g = names("x r g")
    jump = Jump(when=x >= 1, to={x: sp.Integer(0), r: r / 2})
    source = System({x: sp.Integer(1), r: (1 - r) / 50}, initial={"r": 1}, jumps=[jump], name="source")
    target = System({g: sp.Integer(0)}, name="target")
    link = Link(name="a->b", source=part(0, 0, 1), target=part(1, 0, 1), delay=2.0)
    event = Event(link=0, state=0, weight=sp.Integer(2), amount=r / 2)
    assembly = Assembly(populations=(one(source, name="a"), one(target, name="b")), links=(link,), events=(event,))
    edges = [Edges(np.array([0, 1]), np.zeros(1, np.uint16), None, {})]
    found = run(assembly, edges, 40, 0.5, probes=[Probe(0, "r"), Probe(1, "g")])
    resource, expected, total = 1.0, [], 0.0
    for _ in range(18):
        resource = 1 - (1 - resource) * np.exp(-1 / 50)
        total += 2 * resource / 2
        resource /= 2
        expected.append(total)
    np.testing.assert_allclose(found["b", "g"][6::2, 0][:18], expected, rtol=1e-12)


def test_neither_chunks_nor_records_change_a_bit():
    assembly, edges = cuba(delay=0.3)
    whole = run(assembly, edges, 2000)
    probes = [Probe(0, "v"), Probe(1, "ge", np.array([5, 3]), every=7)]
    for chunk in (1, 13, 999):
        other = run(assembly, edges, 2000, chunk=chunk, probes=probes)
        assert same_spikes(whole, other)
        assert all(np.array_equal(a, other.final.content[n]) for n, a in whole.final.content.items() if "log" not in n)


def test_a_run_goes_on_from_where_another_ended():
    assembly, edges = cuba(delay=1.5)
    probe = [Probe(0, "v", every=10)]
    whole = run(assembly, edges, 2000, probes=probe)
    first = run(assembly, edges, 777, probes=probe)
    second = run(assembly, edges, 1223, start=first.final, probes=probe)
    assert second.span == (pytest.approx(77.7), pytest.approx(200.0))
    for name in ("E", "I"):
        parts = [np.concatenate([r.spikes[name].step for r in (first, second)]), whole.spikes[name].step]
        assert np.array_equal(*parts)
    assert np.array_equal(np.concatenate([first["E", "v"], second["E", "v"]]), whole["E", "v"])
    assert all(np.array_equal(a, second.final.content[n]) for n, a in whole.final.content.items() if "log" not in n)


def test_a_run_goes_on_from_a_saved_state(tmp_path):
    assembly, edges = cuba()
    first = run(assembly, edges, 500)
    loaded = dn.load(first.save(tmp_path / "run.npz"))
    a, b = (run(assembly, edges, 500, start=r.final) for r in (first, loaded))
    assert same_spikes(a, b)


def test_what_cannot_go_on_is_refused():
    assembly, edges = cuba()
    first = run(assembly, edges, 5)
    with pytest.raises(ValueError, match=r"dt = 0.1, this one 0.2"):
        run(assembly, edges, 5, dt=0.2, start=first.final)
    other, other_edges = cuba(n_e=100)
    with pytest.raises(ValueError, match="other populations, equations or connections"):
        run(other, other_edges, 5, start=first.final)


def test_a_log_that_is_full_is_emptied(monkeypatch):
    monkeypatch.setattr("dynana.simulation.network_population.LEAST_ROOM", 1)
    assembly, edges = cuba(delay=1.5)
    small = run(assembly, edges, 2000, chunk=2000)
    monkeypatch.undo()
    assert same_spikes(small, run(assembly, edges, 2000))


def test_a_number_that_is_not_finite_ends_the_run():
    x = names("x")[0]
    system = System({x: x**2}, initial={"x": 0.1}, name="explosion")
    cells = one(system, 70, start={"x": np.where(np.arange(70) == 66, 1.0, 0.1)})
    found = run(Assembly(populations=(cells,)), [], 200, 0.01, probes=[Probe(0, "x")])
    assert found.stop.reason == "blow-up"
    assert "x of cell 66 of E is not finite" in found.stop.message
    assert found.span[1] < 2
    assert np.isfinite(found["E", "x"][:64]).all() and len(found["E", "x"]) == 129


def test_a_cell_that_is_not_finite_when_it_should_jump_is_lost():
    x = names("x")[0]
    jump = Jump(when=x > 10, to={x: sp.Integer(0)})
    system = System({x: sp.exp(1000 * x)}, initial={"x": 1}, jumps=[jump], name="explosion")
    found = run(Assembly(populations=(one(system, method="euler"),)), [], 1000, 1.0)
    assert found.stop.reason == "blow-up"


def test_a_callback_between_chunks_can_stop_the_run():
    assembly, edges = cuba()
    found = run(assembly, edges, 1000, chunk=10, between=lambda t: t > 20)
    assert found.stop.reason == "stopped"
    assert found.span[1] == pytest.approx(21.0)


def test_an_interrupt_returns_what_has_been_simulated():
    assembly, edges = cuba()

    def interrupt(t):
        if t > 20:
            raise KeyboardInterrupt

    found = run(assembly, edges, 1000, chunk=10, between=interrupt)
    assert found.stop.reason == "interrupted"
    rest = run(assembly, edges, 1000 - found.final.step, start=found.final)
    whole = run(assembly, edges, 1000)
    assert len(found.spikes["E"]) + len(rest.spikes["E"]) == len(whole.spikes["E"])


def test_unknown_quantities_and_cells_are_named():
    assembly, edges = cuba()
    with pytest.raises(ValueError, match="did you mean 'v'"):
        run(assembly, edges, 5, probes=[Probe(0, "vv")])
    with pytest.raises(ValueError, match="cells 0 to 319, got 3 to 320"):
        run(assembly, edges, 5, probes=[Probe(0, "v", np.array([3, 320]))])


def test_a_recording_reads_well():
    assembly, edges = cuba()
    found = run(assembly, edges, 500, probes=[Probe(0, "v", np.array([1]), 5)])
    assert repr(found) == (
        f"<Recording of network: 400 cells in 2 populations; t = 0 to 50, dt = 0.1; "
        f"{len(found.spikes['E']) + len(found.spikes['I'])} spikes; E.v>"
    )
    assert repr(found.spikes["I"]).startswith("<Spikes of I: ")
    assert repr(found.recorded["E.v"]) == "<Recorded E.v: 101 times, 1 cells>"
    assert found.rate("E") == pytest.approx(len(found.spikes["E"]) / 320 / 50)
    with pytest.raises(KeyError, match="Record it"):
        found["E", "ge"]
    with pytest.raises(KeyError, match="population"):
        found["X", "v"]


def test_random_edges_of_the_tests_are_sorted():
    edges = random_edges(np.random.default_rng(1), 5, 7, 0.5, w=np.ones)
    assert edges.count == edges.values["w"].size == edges.target.size


@pytest.mark.parametrize("threads", [1, 2])
def test_what_fades_becomes_zero_and_other_code_keeps_its_subnormal_numbers(threads):
    cells = [
        dn.Population(
            "A", System({sp.Symbol("x", real=True): -sp.Symbol("x", real=True)}, time="ms"), 3, start={"x": 1.0}
        )
    ]
    fading = dn.simulate(dn.Network(cells, []), 760.0, dt=0.1, record={"A": ["x"]}, threads=threads, progress=False)[
        "A", "x"
    ]
    smallest = np.finfo(float).tiny
    assert fading[7000, 0] == pytest.approx(np.exp(-700.0), rel=1e-9)
    if not numba.config.DISABLE_JIT and platform.machine().lower() in ("x86_64", "amd64", "aarch64", "arm64"):
        assert np.all((fading == 0.0) | (fading >= smallest))
        assert fading[-1, 0] == 0.0
    assert np.array([smallest])[0] * 0.5 > 0.0
