"""Edges: the numbers that each rule promises, the statistics of what is drawn, values and delays in their order."""

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import dynana as dn
from dynana.definition.assembling import assembled
from dynana.models import lif
from dynana.simulation.connectivity import delay_steps, edges_of
from dynana.simulation.drawing import child_seed, draw
from dynana.simulation.edges import Edges


@dn.synapse
def exponential(s=0.0, *, pre, post, w=1.0, tau=8.0):
    return -s / tau, dn.OnPre({s: s + 1}), dn.Into("I", w * s)


def edges(connect: dn.Projection, n: int = 60, m: int | None = None, seed: int = 1, **options) -> Edges:
    """Edges among ``n`` cells, or from ``n`` to ``m`` others."""
    space = options.pop("space", None)
    source = dn.Population("A", lif, n, space=space)
    target = source if m is None else dn.Population("B", lif, m, space=space)
    projection = dn.Projection(source, target, exponential, connect=connect, **options)
    made, _ = assembled(dn.Network([source] if m is None else [source, target], [projection]))
    return edges_of(made.links[0], 0.1, seed)


def dense(made: Edges, m: int) -> np.ndarray:
    """The matrix of the numbers of connections."""
    table = np.zeros((made.first.size - 1, m), dtype=int)
    np.add.at(table, (np.repeat(np.arange(made.first.size - 1), np.diff(made.first)), made.target), 1)
    return table


@given(st.integers(2, 40), st.integers(0, 2**40), st.data())
@settings(max_examples=60, deadline=None)
def test_degrees_are_what_was_asked_for(n: int, seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n - 1))
    table = dense(edges(dn.in_degree(count), n, seed=seed), n)
    assert np.all(table.sum(axis=0) == count) and table.max(initial=0) <= 1 and not np.any(np.diag(table))
    table = dense(edges(dn.out_degree(count), n, seed=seed), n)
    assert np.all(table.sum(axis=1) == count) and table.max(initial=0) <= 1 and not np.any(np.diag(table))
    table = dense(edges(dn.in_degree(count, multapses=True, autapses=True), n, seed=seed), n)
    assert np.all(table.sum(axis=0) == count)


def test_simple_rules() -> None:
    assert np.array_equal(dense(edges(dn.all_to_all()), 60), 1 - np.eye(60, dtype=int))
    assert np.array_equal(dense(edges(dn.all_to_all(autapses=True)), 60), np.ones((60, 60), dtype=int))
    assert np.array_equal(dense(edges(dn.one_to_one(), 60, 60), 60), np.eye(60, dtype=int))
    assert edges(dn.probability(0.0)).count == 0
    assert edges(dn.probability(1.0)).count == 60 * 59
    assert np.array_equal(dense(edges(dn.pairs([2, 0, 2], [1, 5, 0])), 60).nonzero(), ([0, 2, 2], [5, 0, 1]))


def test_a_part_of_a_population_is_not_connected_to_itself_either() -> None:
    whole = dn.Population("A", lif, 30)
    projection = dn.Projection(whole[10:20], whole[5:30], exponential, connect=dn.probability(1.0))
    made, _ = assembled(dn.Network([whole], [projection]))
    table = dense(edges_of(made.links[0], 0.1, 3), 25)
    assert table.sum() == 10 * 25 - 10
    assert np.all(table[np.arange(10), np.arange(10) + 5] == 0)


def test_probabilities_are_met() -> None:
    table = dense(edges(dn.probability(0.1), 400), 400)
    off = table[~np.eye(400, dtype=bool)]
    assert stats.binomtest(int(off.sum()), off.size, 0.1).pvalue > 1e-3
    assert stats.kstest(table.sum(axis=0), stats.binom(399, 0.1).cdf).statistic < 0.15
    assert stats.kstest(table.sum(axis=1), stats.binom(399, 0.1).cdf).statistic < 0.15


def test_partners_are_uniform() -> None:
    counts = np.zeros(20)
    for seed in range(200):
        counts += dense(edges(dn.in_degree(3, autapses=True), 20, seed=seed), 20).sum(axis=1)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_same_seed_gives_the_same_edges_and_another_one_others() -> None:
    first, again, other = (edges(dn.probability(0.2), seed=s) for s in (5, 5, 6))
    assert np.array_equal(first.target, again.target)
    assert not np.array_equal(first.first, other.first)


def test_distances_decide_on_rings_and_grids() -> None:
    ring = dense(edges(dn.within(0.101), 20, space=dn.ring(1.0)), 20)
    assert np.all(ring.sum(axis=1) == 4) and ring[0, 19] == ring[0, 18] == 1
    grid = dense(edges(dn.within(1.0), 12, space=dn.grid(3, 4)), 12)
    assert np.array_equal(grid, nx.to_numpy_array(nx.grid_2d_graph(3, 4)).astype(int))
    torus = dense(edges(dn.within(1.0), 12, space=dn.grid(3, 4, torus=True)), 12)
    assert np.all(torus.sum(axis=1) == 4)
    near = dense(edges(dn.gaussian(0.05, p_max=0.8), 500, space=dn.ring(1.0)), 500)
    assert near.sum() == pytest.approx(500 * (0.8 * 500 * 0.05 * np.sqrt(2 * np.pi) - 0.8), rel=0.03)
    same = dense(
        edges(dn.distance_dependent(lambda d: 0.8 * dn.exp(-0.5 * (d / 0.05) ** 2)), 500, space=dn.ring(1.0)), 500
    )
    assert np.array_equal(near, same)


def test_graphs_and_matrices_bring_their_weights() -> None:
    graph = nx.path_graph(4)
    nx.set_edge_attributes(graph, {(0, 1): 1.5, (1, 2): 2.5, (2, 3): 3.5}, "weight")
    made = edges(dn.graph(graph), 4)
    assert np.array_equal(made.target, [1, 0, 2, 1, 3, 2])
    assert np.array_equal(made.values["w"], [1.5, 1.5, 2.5, 2.5, 3.5, 3.5])
    table = np.array([[0, 2.0, 0], [0.5, 0, -1]])
    for given_matrix in (table, scipy.sparse.csc_array(table)):
        made = edges(dn.matrix(given_matrix), 2, 3)
        assert np.array_equal(made.target, [1, 0, 2]) and np.array_equal(made.values["w"], [2.0, 0.5, -1.0])
    everyone = edges(dn.all_to_all(autapses=True), 2, 3, w=table)
    assert np.array_equal(everyone.values["w"], table.ravel())


def test_small_world_and_scale_free_graphs() -> None:
    ring = edges(dn.small_world(4, 0.0), 10)
    assert np.all(np.diff(ring.first) == 4)
    rewired = edges(dn.small_world(4, 0.5), 100)
    assert rewired.count == 400
    assert edges(dn.scale_free(2), 50).count == 2 * 2 * 48


def test_values_keep_the_order_in_which_they_were_given() -> None:
    made = edges(dn.pairs([2, 0, 2], [1, 5, 0]), w=[10.0, 20.0, 30.0])
    assert np.array_equal(made.target, [5, 0, 1])
    assert np.array_equal(made.values["w"], [20.0, 30.0, 10.0])
    with pytest.raises(ValueError, match="2 values for 3 connections"):
        edges(dn.pairs([2, 0, 2], [1, 5, 0]), w=[10.0, 20.0])


def test_delays_sort_the_edges_of_a_source() -> None:
    made = edges(dn.pairs([0, 0, 0], [1, 2, 3]), delay=dn.uniform(0.5, 3), w=[1.0, 2.0, 3.0])
    assert made.delay is not None and made.delay.dtype == np.uint8
    assert np.all(np.diff(made.delay.astype(int)) >= 0)
    assert np.array_equal(made.values["w"], made.target.astype(float))
    ring = edges(dn.all_to_all(), 10, space=dn.ring(1.0), delay=lambda d: 1 + 10 * d, w=lambda d: d)
    assert ring.delay is not None
    assert np.allclose(ring.delay * 0.1, 1 + 10 * ring.values["w"])
    with pytest.raises(ValueError, match="bounded with low="):
        edges(dn.all_to_all(), 10, delay=dn.normal(0, 5))


def test_constant_delays_beside_the_grid_are_refused_with_the_nearest() -> None:
    assert delay_steps("A->B", 1.5, 0.1) == 15
    with pytest.raises(ValueError, match=r"1.55 is not a multiple of dt = 0.1; the nearest ones are 1.5 and 1.6"):
        delay_steps("A->B", 1.55, 0.1)
    with pytest.raises(ValueError, match="70000 steps"):
        delay_steps("A->B", 7000.0, 0.1)


DISTRIBUTIONS = {
    "uniform": (dn.uniform(-2, 3), stats.uniform(-2, 5)),
    "normal": (dn.normal(1, 2), stats.norm(1, 2)),
    "truncated normal": (dn.normal(1, 2, low=0, high=3), stats.truncnorm(-0.5, 1, 1, 2)),
    "lognormal": (dn.lognormal(2, 0.5), stats.lognorm(0.5, scale=2)),
    "exponential": (dn.exponential_distribution(3), stats.expon(scale=3)),
    "gamma": (dn.gamma_distribution(2.5, 4), stats.gamma(2.5, scale=1.6)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_what_is_drawn_has_its_distribution(name: str) -> None:
    described, expected = DISTRIBUTIONS[name]
    values = draw(described, 100_000, 7)
    assert stats.kstest(values, expected.cdf).pvalue > 1e-3
    assert np.array_equal(draw(described, 70_000, 7), values[:70_000])


def test_bounds_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no values between its bounds"):
        draw(dn.normal(0, 1, low=50, high=51), 3, 1)


def test_seeds_of_different_purposes_differ() -> None:
    assert len({child_seed(1, "a"), child_seed(1, "b"), child_seed(2, "a"), child_seed(1, "a", "")}) == 4
