"""Continuous coupling: orders of convergence, delays, every way in which a sum is made, drives."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.definition.assembly import Assembly, Drive, Link, Stream
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.numerics.network_memory import LINE, zeros
from dynana.simulation.edges import Edges
from dynana.simulation.network_records import Probe

from .small_networks import names, one, part
from .test_network_run import run

X, S, P = names("x S p")
RATE = System({X: -X + sp.tanh(S + P)}, {"S": 0.1, "p": 0}, name="rate")


def matrix_edges(weights, keep=None):
    """Edges of a matrix, targets by sources; only some of them if asked for."""
    n_targets, n_sources = weights.shape
    chosen = np.ones_like(weights, dtype=bool) if keep is None else keep
    targets = [np.flatnonzero(chosen[:, s]) for s in range(n_sources)]
    first = np.concatenate(([0], np.cumsum([t.size for t in targets]))).astype(np.int64)
    values = np.concatenate([weights[t, s] for s, t in enumerate(targets)])
    return Edges(first, np.concatenate(targets).astype(np.uint16), None, {"w": values})


def coupled(weights, start, method="rk4", delay=0.0, keep=None, outputs=(X,)):
    n = weights.shape[0]
    cells = one(RATE, n, start={"x": start}, streams=("S",), outputs=outputs, method=method)
    link = Link(name="E->E", source=part(0, 0, n), target=part(0, 0, n), delay=delay)
    stream = Stream(link=0, output=0, parameter="S", weight=sp.Symbol("w", real=True))
    return Assembly(populations=(cells,), links=(link,), streams=(stream,)), [matrix_edges(weights, keep)]


def solution(weights, start, t):
    def rates(_, x):
        return -x + np.tanh(weights @ x + 0.1)

    return solve_ivp(rates, (0, t), start, rtol=1e-12, atol=1e-12).y[:, -1]


@pytest.fixture(scope="module")
def random_network():
    rng = np.random.default_rng(4)
    return 1.5 * rng.standard_normal((70, 70)) / np.sqrt(70), rng.standard_normal(70)


@pytest.mark.parametrize(("method", "order"), [("rk4", 4), ("euler", 1), ("exponential_euler", 1)])
def test_the_order_of_convergence_is_that_of_the_method(method, order, random_network):
    weights, start = random_network
    exact = solution(weights, start, 4.0)
    errors = []
    for steps in (20, 40):
        assembly, edges = coupled(weights, start, method)
        found = run(assembly, edges, steps, 4.0 / steps, probes=[Probe(0, "x", every=steps)])
        errors.append(np.max(np.abs(found["E", "x"][-1] - exact)))
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.3)
    assert errors[1] < {4: 1e-5, 1: 0.2}[order]


def test_two_populations_are_evaluated_together_at_every_stage(random_network):
    weights, start = random_network
    exact = solution(weights, start, 4.0)
    halves = ((0, 30), (30, 70))
    cells = tuple(
        one(RATE, b - a, name, start={"x": start[a:b]}, streams=("S",), outputs=(X,), method="rk4")
        for name, (a, b) in zip("AB", halves, strict=True)
    )
    links, streams, edges = [], [], []
    for i, (a, b) in enumerate(halves):
        for j, (c, d) in enumerate(halves):
            links.append(Link(name=f"{i}{j}", source=part(i, 0, b - a), target=part(j, 0, d - c)))
            streams.append(Stream(link=len(links) - 1, output=0, parameter="S", weight=sp.Symbol("w", real=True)))
            edges.append(matrix_edges(weights[c:d, a:b]))
    assembly = Assembly(populations=cells, links=tuple(links), streams=tuple(streams))
    found = run(assembly, edges, 80, 0.05, probes=[Probe(0, "x"), Probe(1, "x")])
    np.testing.assert_allclose(np.concatenate([found["A", "x"][-1], found["B", "x"][-1]]), exact, atol=1e-6)


def test_sparse_and_dense_sums_are_equal(random_network):
    weights, start = random_network
    keep = np.random.default_rng(5).random(weights.shape) < 0.24
    thinned = np.where(keep, weights, 0.0)
    results = []
    for kept in (keep, None):
        assembly, edges = coupled(thinned, start, keep=kept)
        results.append(run(assembly, edges, 50, probes=[Probe(0, "x")])["E", "x"])
    np.testing.assert_allclose(*results, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("method", "order"), [("rk4", 2), ("euler", 1)])
def test_delayed_coupling_solves_a_delay_equation(method, order):
    """x' = -x(t - 1) with x = 1 before 0 is a polynomial on every unit interval."""
    system = System({X: -S}, {"S": 0}, initial={"x": 1}, name="delayed")
    link = Link(name="a", source=part(0, 0, 1), target=part(0, 0, 1), delay=1.0)
    cells = one(system, streams=("S",), outputs=(X,), method=method)
    assembly = Assembly(
        populations=(cells,), links=(link,), streams=(Stream(link=0, output=0, parameter="S", weight=sp.Integer(1)),)
    )
    errors = []
    for steps in (20, 40):
        found = run(assembly, [None], 3 * steps, 1 / steps, probes=[Probe(0, "x")])
        t = found.recorded["E.x"].t
        exact = 1 - t + np.maximum(t - 1, 0) ** 2 / 2 - np.maximum(t - 2, 0) ** 3 / 6
        errors.append(np.max(np.abs(found["E", "x"][:, 0] - exact)))
    assert errors[0] / errors[1] > 0.9 * 2**order
    assert errors[1] < {2: 2e-4, 1: 0.05}[order]  # the kinks of the solution cost two orders


def test_edges_with_delays_of_their_own_read_their_own_past():
    """A chain: each cell takes over what the first one had a number of steps ago."""
    source = System({X: sp.Integer(1)}, name="ramp")
    target = System({P: (S - P) * 0}, {"S": 0}, name="reader")
    edges = Edges(np.array([0, 3]), np.arange(3, dtype=np.uint16), np.array([0, 2, 5], np.uint8), {})
    assembly = Assembly(
        populations=(one(source, name="a", outputs=(X,)), one(target, 3, name="b", streams=("S",))),
        links=(Link(name="a->b", source=part(0, 0, 1), target=part(1, 0, 3)),),
        streams=(Stream(link=0, output=0, parameter="S", weight=sp.Integer(2)),),
    )
    found = run(assembly, [edges], 10, 1.0, probes=[Probe(1, "S")])
    k = np.arange(1, 11)
    for cell, delay in enumerate((0, 2, 5)):
        assert list(found["b", "S"][1:, cell]) == list(2.0 * np.maximum(k - 1 - delay, 0))


def test_weights_that_are_constant_in_blocks_are_sums(random_network):
    """Two groups of a population and all others: nine links, one sum for each group."""
    _, start = random_network
    bounds = [(0, 20), (20, 50), (50, 70)]
    levels = np.array([[0.3, -0.1, 0.0], [0.1, 0.2, -0.4], [-0.2, 0.5, 0.1]]) / 5
    weights = np.zeros((70, 70))
    links, streams = [], []
    for i, (a, b) in enumerate(bounds):
        for j, (c, d) in enumerate(bounds):
            weights[c:d, a:b] = levels[j, i]
            links.append(Link(name=f"{i}{j}", source=part(0, a, b), target=part(0, c, d), values={"w": levels[j, i]}))
            streams.append(Stream(link=len(links) - 1, output=0, parameter="S", weight=sp.Symbol("w", real=True)))
    cells = one(RATE, 70, start={"x": start}, streams=("S",), outputs=(X,), method="rk4")
    assembly = Assembly(populations=(cells,), links=tuple(links), streams=tuple(streams))
    found = run(assembly, [None] * 9, 80, 0.05, probes=[Probe(0, "x")])
    np.testing.assert_allclose(found["E", "x"][-1], solution(weights, start, 4.0), atol=1e-6)


class _Others:
    kind = "all_to_all"
    autapses = False


@pytest.mark.parametrize("others", [False, True])
def test_all_to_all_is_one_number(others, random_network):
    _, start = random_network
    weights = np.full((70, 70), 0.02)
    if others:
        np.fill_diagonal(weights, 0.0)
    assembly, _ = coupled(weights, start)
    link = Link(name="E->E", source=part(0, 0, 70), target=part(0, 0, 70), connect=_Others() if others else None)
    assembly = Assembly(
        populations=assembly.populations,
        links=(link,),
        streams=(Stream(link=0, output=0, parameter="S", weight=sp.Rational(1, 50)),),
    )
    found = run(assembly, [None], 80, 0.05, probes=[Probe(0, "x"), Probe(0, "S")])
    np.testing.assert_allclose(found["E", "x"][-1], solution(weights, start, 4.0), atol=1e-6)
    assert found["E", "S"].shape == (81, 70)


def test_outputs_may_read_what_other_streams_give():
    """A population without states in between: y = 2 S, and the next one reads y."""
    first = System({X: sp.Integer(1)}, name="ramp")
    middle = System({P: sp.Integer(0)}, {"S": 0}, name="linear")
    last = System({P: S}, {"S": 0}, name="integrator")
    populations = (
        one(first, name="a", outputs=(X,), method="rk4"),
        one(middle, 4, name="b", streams=("S",), outputs=(2 * S,), method="rk4"),
        one(last, name="c", streams=("S",), method="rk4"),
    )
    links = (
        Link(name="ab", source=part(0, 0, 1), target=part(1, 0, 4)),
        Link(name="bc", source=part(1, 0, 4), target=part(2, 0, 1)),
    )
    streams = tuple(Stream(link=i, output=0, parameter="S", weight=sp.Integer(1)) for i in range(2))
    assembly = Assembly(populations=populations, links=links, streams=streams)
    found = run(assembly, [None, None], 10, probes=[Probe(2, "p")])
    np.testing.assert_allclose(found["c", "p"][:, 0], 4 * found.recorded["c.p"].t ** 2, rtol=1e-12)


@pytest.mark.parametrize("whole", [True, False])
def test_drives_are_added_to_a_parameter(whole):
    """x' = -x + p with p = 1 + 2 t for the driven cells, from the value 1 of the parameter and a ramp."""
    system = System({X: -X + P}, {"p": 1}, name="driven")
    ramp = dn.ramp([0.0, 10.0], [0.0, 20.0])
    drive = Drive(target=part(0, 0 if whole else 30, 100), parameter="p", course=ramp)
    cells = one(system, 100, method="rk4")
    found = run(Assembly(populations=(cells,), drives=(drive,)), [], 100, 0.1, probes=[Probe(0, "x")])
    t = found.recorded["E.x"].t
    driven = 1 + 2 * (t - 1) + np.exp(-t)
    np.testing.assert_allclose(found["E", "x"][:, 99], driven, atol=1e-6)
    np.testing.assert_allclose(found["E", "x"][:, 0], driven if whole else 1 - np.exp(-t), atol=1e-6)


def test_drives_of_cells_of_their_own_and_steps_fall_on_the_grid():
    system = System({X: P}, {"p": 0}, name="integrator")
    course = dn.sampled([0.0, 1.0, 2.0], np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 3.0]]))
    drives = (Drive(target=part(0, 1, 3), parameter="p", course=course),)
    cells = one(system, 4, method="euler")
    found = run(Assembly(populations=(cells,), drives=drives), [], 20, 0.1, probes=[Probe(0, "x")])
    np.testing.assert_allclose(found["E", "x"][-1], [0, 1, 1, 0], atol=1e-12)


def test_observables_are_recorded_at_the_end_of_a_step():
    system = System({X: -X}, {"p": 3}, initial={"x": 1}, observables={"double": P * X + 1}, name="decay")
    found = run(Assembly(populations=(one(system, 70),)), [], 10, probes=[Probe(0, "double", np.array([69]), every=5)])
    np.testing.assert_allclose(found["E", "double"][:, 0], 3 * np.exp(-np.array([0, 0.5, 1.0])) + 1, rtol=1e-12)


def test_records_of_streams_do_not_change_a_bit(random_network):
    weights, start = random_network
    assembly, edges = coupled(weights, start, delay=0.2)
    whole = run(assembly, edges, 100, probes=[Probe(0, "x", every=100)])["E", "x"]
    first = run(assembly, edges, 37, chunk=5)
    second = run(assembly, edges, 63, start=first.final, chunk=11, probes=[Probe(0, "S"), Probe(0, "x", every=100)])
    assert np.array_equal(whole[-1:], second["E", "x"])


@pytest.mark.parametrize("method", ["rk4", "exponential_euler"])
def test_the_time_since_a_spike_is_counted_in_steps(method):
    """A current of the form of an alpha function of the time since the last spike, and its integral in the target."""
    phase, since = names("phase since")
    jump = Jump(when=phase >= 1, to={phase: sp.Integer(0)})
    source = System({phase: sp.Rational(1, 10)}, {"since": 0}, jumps=[jump], name="clock")
    target = System({P: S}, {"S": 0}, name="integrator")
    alpha = since * sp.exp(-since)
    populations = (
        replace(one(source, name="a", outputs=(alpha,), method=method), clock="since"),
        one(target, name="b", streams=("S",), method=method),
    )
    link = Link(name="ab", source=part(0, 0, 1), target=part(1, 0, 1))
    assembly = Assembly(
        populations=populations, links=(link,), streams=(Stream(link=0, output=0, parameter="S", weight=sp.Integer(1)),)
    )
    found = run(assembly, [None], 190, 0.1, probes=[Probe(1, "p")])
    (spike,) = found.spikes["a"].step
    assert abs(spike - 100) <= 1
    passed = np.maximum(found.recorded["b.p"].t - 0.1 * spike, 0)
    expected = 1 - (1 + passed) * np.exp(-passed)
    tolerance = {"rk4": 1e-6, "exponential_euler": 0.05}[method]
    np.testing.assert_allclose(found["b", "p"][:, 0], expected, atol=tolerance)


def test_rows_of_cells_begin_with_cache_lines():
    for size, kind in ((1, np.float64), (1000, np.uint16), (100_000, np.float64)):
        row = zeros(size, kind)
        assert row.shape == (size,) and row.dtype == kind and not row.any()
        assert row.ctypes.data % LINE == 0


@dn.model
def saturating(x=0.0, *, J=0.0):
    return -x + dn.tanh(J + 0.3), dn.Observe(r=x)


def with_delays(delay) -> dn.Network:
    units = dn.Population("A", saturating, 3, start={"x": np.array([0.1, 0.5, -0.4])})
    weights, pairs = [1.2, -2.0, 1.5, 0.7], dn.pairs([0, 1, 2, 0], [1, 2, 0, 2])
    return dn.Network([units], [dn.Projection(units, units, dn.models.linear, connect=pairs, w=weights, delay=delay)])


@pytest.mark.parametrize("delay", [0.5, [0.5, 1.0, 0.2, 2.0]])
def test_stages_read_the_past_of_every_edge_between_steps(delay):
    """The kink at the start, where outputs begin to change, allows order 2."""

    def end(steps):
        return dn.simulate(with_delays(delay), 8.0, dt=8 / steps, record={"A": ["x"]})["A", "x"][-1]

    fine = end(2560)
    errors = [np.abs(end(steps) - fine).max() for steps in (80, 160)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)
    assert errors[0] < 5e-4


@pytest.mark.parametrize("threads", [1, 2])
def test_the_past_of_edges_goes_on_to_the_bit(threads):
    net, record = with_delays([0.5, 1.0, 0.2, 2.0]), {"A": ["x"]}
    whole = dn.simulate(net, 6.0, dt=0.1, record=record)["A", "x"]
    first = dn.simulate(net, 2.5, dt=0.1, record=record, threads=threads)
    rest = dn.simulate(net, 3.5, dt=0.1, start=first.final, record=record, threads=threads)
    assert np.array_equal(np.concatenate([first["A", "x"], rest["A", "x"]]), whole)
    other = net.at({"A->A:linear.w": [0.0, 0.0, 0.0, 0.0]})
    alone = dn.simulate(other, 1.0, dt=0.1, start=first.final, record=record)["A", "x"]
    factor = (1 - 0.1 + 0.1**2 / 2 - 0.1**3 / 6 + 0.1**4 / 24) ** 10  # weights of 0 leave no trace of the past
    expected = np.tanh(0.3) + (first["A", "x"][-1] - np.tanh(0.3)) * factor
    np.testing.assert_allclose(alone[-1], expected, rtol=1e-12)
