"""Descriptions of networks: what is accepted, what is refused and in which words."""

import networkx as nx
import numpy as np
import pytest
import scipy.sparse

import dynana as dn
from dynana.models import adex, hodgkin_huxley, lif, pinsky_rinzel


@dn.synapse
def exponential(s=0.0, *, pre, post, w=1.0, tau=8.0):
    """A current that jumps and decays."""
    return -s / tau, dn.OnPre({s: s + 1}), dn.Into("I", w * s)


@dn.synapse
def gap(*, pre, post, w=1.0):
    return dn.Into("I", w * (pre.V - post.V))


@dn.synapse
def coupled(*, pre, post, g=1.0):
    return dn.Into("I", g * pre.V)


E = dn.Population("E", lif, 40, space=dn.ring(1.0))
I = dn.Population("I", lif, 10)


def test_a_synapse_says_what_it_does() -> None:
    assert repr(exponential) == "<Synapse exponential: s; acts on I>"
    assert exponential.at(tau=2).values == {"w": 1.0, "tau": 2.0}
    assert exponential.doc == "A current that jumps and decays."
    assert gap.quantities("pre") == gap.quantities("post") == ("V",)


def test_the_summary_names_every_population_and_projection() -> None:
    net = dn.Network([E, I], [dn.Projection(E, I, exponential, connect=dn.probability(0.1), w=0.2, delay=1.5)])
    text = net.summary()
    assert "50 cells in 2 populations, 1 projection" in text
    assert "E->I:exponential: 40 -> 10 cells, dn.probability(p=0.1), w 0.2, delay 1.5" in text


def test_parts_are_contiguous_and_can_be_cut_again() -> None:
    part = E[10:30][5:10]
    assert (part.name, part.size) == ("E[15:20]", 5)
    with pytest.raises(ValueError, match="contiguous"):
        E[::2]
    with pytest.raises(ValueError, match="no cells: the population has 40"):
        E[40:]
    with pytest.raises(TypeError, match="take a slice"):
        E[3]  # type: ignore[index]


def test_sources_join_the_network_by_themselves() -> None:
    background = dn.poisson(2400.0)
    net = dn.Network([E], [dn.Projection(background, E, exponential)])
    assert net.population("poisson") is background
    assert net.projections[0].connect.kind == "one_to_one"
    with pytest.raises(ValueError, match="did you mean 'poisson'"):
        net.population("poison")


REFUSED = {
    "a probability over 1": (lambda: dn.probability(1.2), "p = 1.2 is no probability"),
    "more partners than there are": (
        lambda: dn.Projection(I, E, exponential, connect=dn.in_degree(11)), "11 different partners .* there are 10"),
    "a graph of another size": (
        lambda: dn.Projection(E, E, exponential, connect=dn.graph(nx.cycle_graph(5))), "a graph of 5 nodes"),
    "a matrix of another shape": (
        lambda: dn.Projection(E, I, exponential, connect=dn.matrix(np.ones((3, 4)))), r"shape \(3, 4\)"),
    "weights of another shape": (
        lambda: dn.Projection(E, I, exponential, w=np.ones((3, 4))), r"w has shape \(3, 4\): expected \(40, 10\)"),
    "weights that are not finite": (lambda: dn.Projection(E, I, exponential, w=[np.nan]), "w contains values"),
    "no weight to set": (lambda: dn.Projection(E, I, coupled, w=2.0), "no parameter or state 'w'"),
    "a state that the cell has not": (
        lambda: dn.Projection(E, dn.Population("P", pinsky_rinzel, 2), gap), "reads post.V: P has .*Vs"),
    "a parameter that the cell has not": (
        lambda: dn.Projection(E, I, exponential, to={"I": "J"}), "adds to 'I': I has no such quantity named 'J'"),
    "a renaming of nothing": (lambda: dn.Projection(E, I, exponential, to={"V": "Vs"}), "to: no name named 'V'"),
    "an unknown value": (lambda: dn.Projection(E, I, exponential, at={"tua": 3}), "did you mean 'tau'"),
    "a negative delay": (lambda: dn.Projection(E, I, exponential, delay=-1), "cannot arrive before it is sent"),
    "a cell that sends no spikes": (
        lambda: dn.Projection(dn.Population("H", hodgkin_huxley, 2), I, exponential), "H sends no spikes"),
    "a source as target": (lambda: dn.Projection(E, dn.poisson(3.0, 2), exponential), "cannot be a target"),
    "own trains all to all": (
        lambda: dn.Projection(dn.poisson(3.0), E, exponential, connect=dn.all_to_all()), "independent train"),
    "one to one of two sizes": (
        lambda: dn.Projection(E, I, exponential, connect=dn.one_to_one()), "got 40 and 10 cells"),
    "distances without a space": (
        lambda: dn.Projection(E, I, exponential, connect=dn.gaussian(1.0)), "distances need a space"),
    "a small world between two": (
        lambda: dn.Projection(E, I, exponential, connect=dn.small_world(4, 0.1)), "one population with each other"),
    "a missing population": (lambda: dn.Network([E], [dn.Projection(E, I, exponential)]), "'I' is not in the network"),
    "a name twice": (lambda: dn.Network([E, dn.Population("E", lif, 3)]), "'E' is given twice"),
    "no population": (lambda: dn.Network([dn.poisson(2.0, 3)]), "at least one Population"),
    "an array of the wrong length": (lambda: dn.Population("A", lif, 3, at={"I": [1, 2]}), r"shape \(2,\)"),
    "an unknown state": (lambda: dn.Population("A", lif, 3, start={"v": 1}), "did you mean 'V'"),
    "a size of 0": (lambda: dn.Population("A", lif, 0), "size = 0"),
    "a negative rate": (lambda: dn.poisson(-1.0), "not negative"),
    "a spike of a cell that is not there": (lambda: dn.spikes([1.0], [3], size=2), "cell 3 of 2"),
    "a pair twice": (lambda: dn.pairs([0, 0], [1, 1]), "a pair stands twice"),
    "bounds in the wrong order": (lambda: dn.uniform(1, 0), "expected low < high"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused_at_once(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(dn.ModelError, match=words):
        make()


def test_two_units_of_time_are_refused() -> None:
    @dn.model(time="s")
    def rate(r=0.0, *, I=0.0):
        return I - r

    @dn.model(time="ms")
    def unit(V=0.0, *, I=0.0):
        return I - V

    with pytest.raises(dn.ModelError, match="one unit of time, got slow: s, fast: ms"):
        dn.Network([dn.Population("slow", rate, 2), dn.Population("fast", unit, 2)])


def test_a_sparse_matrix_and_a_function_of_distance_are_weights() -> None:
    sparse = scipy.sparse.random_array((40, 10), density=0.1, rng=np.random.default_rng(1))
    dn.Projection(E, I, exponential, connect=dn.matrix(sparse))
    ring = dn.Projection(E, E, exponential, w=lambda d: dn.exp(-d))
    assert str(ring.w) == "exp(-distance)"


SYNAPSES_REFUSED = {
    "an undeclared state": (lambda s=0.0, *, pre, post: (-s, dn.OnPre({"x": s})), "OnPre: no state named 'x'"),
    "a state of the presynaptic cell": (lambda *, pre, post: dn.OnPre({pre.V: 1.0}), "acts on its target"),
    "the target's own reset": (lambda *, pre, post: dn.OnPost({post.V: 1.0}), "belongs into the jump of its model"),
    "too few derivatives": (lambda s=0.0, x=0.0, *, pre, post: (-s, dn.Into("I", s + x)), r"2 state\(s\)"),
    "a derivative at the end": (lambda s=0.0, *, pre, post: (dn.Into("I", s), -s), "derivatives come first"),
    "nothing": (lambda *, pre, post: None, "Is `return` missing"),
    "a comparison": (lambda *, pre, post: dn.Into("I", 1.0 if pre.V > 0 else 0.0), "truth value"),
    "a state set twice": (lambda s=0.0, *, pre, post: (-s, dn.OnPre({s: 1}), dn.OnPre({s: 2})), "sets 's' twice"),
    "bounds of nothing": (lambda *, pre, post: (dn.Clip({"w": (0, 1)}), dn.Into("I", 1.0)), "Clip: no state"),
}  # fmt: skip


@pytest.mark.parametrize("case", SYNAPSES_REFUSED)
def test_synapses_that_make_no_sense_are_refused(case: str) -> None:
    function, words = SYNAPSES_REFUSED[case]
    function.__name__ = "wrong"
    with pytest.raises(dn.ModelError, match=words):
        dn.synapse(function)


def test_an_argument_that_is_never_used_is_refused() -> None:
    with pytest.raises(dn.ModelError, match="'tau' is never used"):

        @dn.synapse
        def wrong(*, pre, post, w=1.0, tau=2.0):
            return dn.Into("I", w * pre.V)


def test_values_may_be_expressions_of_other_parameters() -> None:
    cells = dn.Population(
        "A", adex, 5, at={"tau": dn.normal(10, 1), "R": lambda tau: tau / 2}, start={"V": dn.uniform(-70, -60)}
    )
    assert str(cells.at["R"]) == "tau/2"
    with pytest.raises(dn.ModelError, match="no parameter named 'tua'"):
        dn.Population("A", adex, 5, at={"R": lambda tua: tua})


def test_networks_with_other_values_leave_the_old_one_alone() -> None:
    A = dn.Population("A", lif, 20, start={"V": -60.0})
    net = dn.Network(
        [A],
        [
            dn.Projection(A[:10], A, exponential, connect=dn.probability(0.5), w=0.2, name="own"),
            dn.Projection(dn.poisson(10.0), A, exponential, at={"tau": 3.0}),
        ],
    )
    other = net.at(
        {"A.I": np.arange(20.0), "A.V": dn.uniform(-60, -50), "own.w": 0.3, "poisson.rate": 50.0, "own.delay": 1}
    )
    assert net.population("A").at == {} and net.projection("own").w == 0.2
    changed = other.projection("own")
    assert (changed.w, changed.delay, changed.source.name, changed.source.whole) == (
        0.3,
        1.0,
        "A[0:10]",
        changed.target,
    )
    assert other.population("A").start["V"] == dn.uniform(-60, -50) and other.population("poisson").rate == 50.0
    assert other.at({"poisson->A:exponential.tau": 4.0}).projections[1].at == {"tau": 4.0}
    assert net.fingerprint == other.fingerprint
    assert net.fingerprint != dn.Network([A], net.projections[:1]).fingerprint


def test_functions_of_the_distance_survive_other_values() -> None:
    net = dn.Network([E], [dn.Projection(E, E, exponential, w=lambda d: 2 * d, delay=lambda d: 1 + d, name="own")])
    other = net.at({"E.I": 3.0, "own.tau": 2.0})
    assert other.projections[0].w == net.projections[0].w and other.projections[0].delay == net.projections[0].delay


def test_unknown_names_of_other_values_are_refused_with_the_nearest() -> None:
    net = dn.Network([E, I], [dn.Projection(E, I, exponential, name="own")])
    for name, words in (
        ("E.i", r"did you mean 'E\.I'"),
        ("I", r"'I' alone names nothing in a network; say whose: E\.I, I\.I"),
        ("own.tua", r"did you mean 'own\.tau'"),
        ("F.I", "no quantity named 'F.I'"),
    ):
        with pytest.raises(ValueError, match=words):
            net.at({name: 1.0})
    with pytest.raises(dn.ModelError, match=r"shape \(2,\)"):
        net.at({"E.I": [1.0, 2.0]})
