"""A network written out as one System: the same equations as by hand, and everything that analysis does with them."""

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.models import exponential, gap_junction, lif, morris_lecar, stdp, wilson_cowan


@dn.model(ranges={"x": (-1.1, 1.1)})
def unit(x=0.1, *, J=0.0, alpha=3.0):
    """A rate unit with a steep sigmoid."""
    return -x + dn.tanh(alpha * x + J), dn.Observe(r=x)


@dn.synapse
def rate(*, pre, post, w=1.0):
    return dn.Into("J", w * pre.r)


def competing(n: int) -> dn.System:
    cells = dn.Population("c", unit, n)
    return dn.Network([cells], [dn.Projection(cells, cells, rate, w=-0.2)]).as_system()


def test_the_equations_are_those_one_would_write() -> None:
    system = competing(3)
    assert system.states == ("c0_x", "c1_x", "c2_x")
    x0, x1, x2, w, alpha = sp.symbols("c0_x c1_x c2_x c_c_rate_w c_alpha", real=True)
    free = dict.fromkeys(system.derivatives[0].free_symbols - {x0, x1, x2, w, alpha}, 0)
    assert sp.expand(system.derivatives[0].xreplace(free) - (-x0 + sp.tanh(alpha * x0 + w * (x1 + x2)))) == 0
    assert system.values["c_c_rate_w"] == -0.2
    assert system.ranges["c2_x"] == (-1.1, 1.1)


def test_three_competing_units_have_27_equilibria_and_none_is_missing() -> None:
    # case comp3.27 of the public answers: alpha = 3, beta = 0.2
    found = dn.fixed_points(competing(3))
    assert len(found) == 27 and found.complete
    lowest = min(found, key=lambda point: tuple(point.point))
    assert np.allclose(
        lowest.point, [-0.99773532430517012523, 0.994907458364668097716, 0.994907458364668097716], atol=1e-12
    )


def test_two_wilson_cowan_units_without_coupling_have_the_pairs_of_states() -> None:
    @dn.synapse
    def long_range(*, pre, post, w=0.0):
        return dn.Into("I_e", w * pre.a_e)

    cells = dn.Population("u", wilson_cowan, 2)
    system = dn.Network([cells], [dn.Projection(cells, cells, long_range, w=0.0)]).as_system()
    box = dict.fromkeys(system.states, (-0.1, 0.6))
    alone = dn.fixed_points(wilson_cowan, a_e=(-0.1, 0.6), a_i=(-0.1, 0.6))
    both = dn.fixed_points(system, ranges=box)
    assert both.complete and len(both) == len(alone) ** 2


def test_a_half_centre_oscillates_in_antiphase() -> None:
    @dn.synapse
    def inhibition(*, pre, post, w=8.0, V_half=-10.0, k=4.0, E=-75.0):
        return dn.Into("I", -w * dn.sigmoid((pre.V - V_half) / k) * (post.V - E))

    cells = dn.Population("m", morris_lecar, 2, start={"V": np.array([-50.0, -20.0])})
    system = dn.Network([cells], [dn.Projection(cells, cells, inhibition, w=1.0)]).as_system().at(m_I=120.0)
    run = dn.simulate(system, 1500.0)
    late = run.t > 900
    correlation = np.corrcoef(run["m0_V"][late], run["m1_V"][late])[0, 1]
    assert correlation < -0.3


def test_gap_coupled_cells_with_spikelets_jump_together() -> None:
    pair = dn.Population("n", lif.at(t_ref=0.0), 2, at={"I": np.array([30.0, 0.0])}, start={"V": -10.0})
    system = dn.Network([pair], [dn.Projection(pair, pair, gap_junction.at(w=0.5, k_spikelet=5))]).as_system()
    assert set(system.jumps[0].to) == {"n0_V", "n1_V"}
    run = dn.simulate(system, 100.0)
    assert len(run.jump_times) > 3


def test_spikes_raise_summed_states() -> None:
    one = dn.Population("a", lif.at(I=25.0), 1)
    other = dn.Population("b", lif, 1)
    system = dn.Network([one, other], [dn.Projection(one, other, exponential.at(w=3.0, tau=5.0))]).as_system()
    assert system.states == ("a_V", "b_V", "b_s_1")
    jump = system.jumps[0]
    assert jump.to["b_s_1"] == sp.Symbol("b_s_1", real=True) + sp.Symbol("a_b_exponential_w", real=True)


REFUSED = {
    "a delay": (lambda a: dn.Projection(a, a, exponential, delay=1.0), "no delays"),
    "drawn connections": (lambda a: dn.Projection(a, a, exponential, connect=dn.probability(0.5)), "dn.pairs"),
    "Poisson spikes": (lambda a: dn.Projection(dn.poisson(10.0), a, exponential), "random times"),
    "bounds": (lambda a: dn.Projection(a, a, stdp), "clipped"),
    "held states": (lambda a: dn.Projection(a, a, gap_junction), "cannot drop"),
    "drawn weights": (lambda a: dn.Projection(a, a, exponential, w=dn.normal(0, 1)), "give an array of values"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_system_cannot_hold_is_refused(case: str) -> None:
    make, words = REFUSED[case]
    cells = dn.Population("a", lif, 2)
    with pytest.raises(dn.ModelError, match=words):
        dn.Network([cells], [make(cells)]).as_system()


def test_large_networks_are_refused() -> None:
    with pytest.raises(dn.ModelError, match="501 states"):
        dn.Network([dn.Population("a", lif, 501)]).as_system()
