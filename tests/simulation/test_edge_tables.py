"""Connections as tables: those of the rules, of matrices and graphs, and of runs."""

import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, lif, stdp

E = dn.Population("E", lif, 40, space=dn.ring(1.0))
I = dn.Population("I", lif.at(I=25.0), 10, start={"V": dn.uniform(-5, 20)})


def one(**options) -> dn.Network:
    return dn.Network([E, I], [dn.Projection(E, I, exponential, **options)])


def test_a_matrix_comes_back_as_it_was_given() -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(40, 10)) * (rng.random((40, 10)) < 0.3)
    table = dn.edges(one(connect=dn.matrix(weights)), "E->I", seed=1)
    assert np.array_equal(table.matrix("w"), weights)
    assert np.array_equal(table.in_degrees(), (weights != 0).sum(axis=0))
    assert np.array_equal(table.out_degrees(), (weights != 0).sum(axis=1))
    frame = table.to_dataframe()
    assert list(frame.columns) == ["source", "target", "w", "delay", "tau"]
    assert repr(table).startswith(f"<EdgeTable E->I:exponential: {len(frame)} connections between 40 sources and 10")


def test_pairs_keep_the_values_that_were_given_with_them() -> None:
    net = one(connect=dn.pairs([5, 2, 5], [1, 9, 0]), w=[0.1, 0.2, 0.3], delay=1.5)
    table = dn.edges(net, "E->I", seed=1)
    assert list(zip(table["source"], table["target"], table["w"], strict=True)) == [
        (2, 9, 0.2),
        (5, 0, 0.3),
        (5, 1, 0.1),
    ]
    assert list(table["delay"]) == [1.5] * 3


def test_delays_that_are_drawn_are_those_of_the_run_in_the_order_of_cells() -> None:
    net = one(connect=dn.probability(0.3), delay=dn.uniform(0.5, 3.0), w=dn.normal(1.0, 0.1))
    table = dn.edges(net, "E->I", seed=3, dt=0.1)
    assert np.array_equal(np.lexsort((table.targets, table.sources)), np.arange(len(table)))
    assert np.allclose(table["delay"] / 0.1, np.rint(table["delay"] / 0.1)) and np.ptp(table["delay"]) > 2
    assert np.all(dn.edges(net, "E->I", seed=3, dt=0.1)["w"] == table["w"])
    assert not np.array_equal(dn.edges(net, "E->I", seed=4, dt=0.1)["w"][:20], table["w"][:20])
    with pytest.raises(ValueError, match="give dt="):
        dn.edges(net, "E->I", seed=3)


def test_plastic_weights_are_those_at_the_end_of_the_run(tmp_path) -> None:
    own = dn.Projection(
        I, I, stdp.at(dA_s=0.05), connect=dn.probability(0.5), w=dn.uniform(0, 1), delay=1.0, name="own"
    )
    net = dn.Network([I], [own])
    run = dn.simulate(net, 50.0, dt=0.1, seed=2, record={"own": ["w"]})
    before, after = dn.edges(net, "own", seed=2), dn.edges(net, "own", state=run.final)
    assert np.array_equal(before["w"], run["own", "w"][0]) and np.array_equal(after["w"], run["own", "w"][-1])
    assert np.array_equal(after.sources, run.recorded["own.w"].sources)
    back = dn.load(after.save(tmp_path / "edges.npz"))
    assert np.array_equal(back["w"], after["w"])


def test_connections_that_are_not_stored_are_listed_too() -> None:
    own = dn.Projection(E[:5], E[3:8], exponential, w=0.2)
    table = dn.edges(dn.Network([E], [own]), own.name, seed=1)
    assert len(table) == 5 * 5 - 2 and table.matrix("w").sum() == pytest.approx(0.2 * 23)
    assert table.matrix("w")[3, 0] == table.matrix("w")[4, 1] == 0.0
    poisson = dn.Network([I], [dn.Projection(dn.poisson(10.0), I, exponential)])
    assert dn.edges(poisson, "poisson->I", seed=1).sizes == (10, 10)


def test_what_makes_no_sense_is_refused() -> None:
    net = one()
    with pytest.raises(ValueError, match="did you mean 'E->I:exponential'"):
        dn.edges(net, "E->I:exponentia", seed=1)
    with pytest.raises(ValueError, match="give seed="):
        dn.edges(net, "E->I")
    with pytest.raises(TypeError, match="state= is run.final"):
        dn.edges(net, "E->I", state=3)
    two = dn.Network([E, I], [dn.Projection(E, I, exponential), dn.Projection(E, I, stdp)])
    with pytest.raises(ValueError, match="several projections: E->I:exponential, E->I:stdp"):
        dn.edges(two, "E->I", seed=1)
    with pytest.raises(KeyError, match="did you mean 'w'"):
        dn.edges(net, "E->I", seed=1).matrix("W")
