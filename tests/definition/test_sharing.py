"""What may be shared between synapses, proved from their symbols."""

import pytest
import sympy as sp

import dynana as dn
from dynana.definition.assembling import assembled
from dynana.definition.separation import EDGE, POST, PRE, SUMMED, separate
from dynana.definition.sharing import PER_POST, PER_PRE, PER_SYNAPSE, SUM, Sharing
from dynana.definition.tracing import symbol
from dynana.models import hodgkin_huxley, lif

E, I = dn.Population("E", lif, 100), dn.Population("I", lif, 100)
SPARSE = dn.probability(0.1)


@dn.synapse
def exponential(s=0.0, *, pre, post, w=1.0, tau=8.0):
    return -s / tau, dn.OnPre({s: s + 1}), dn.Into("I", w * s)


@dn.synapse
def alpha(s=0.0, x=0.0, *, pre, post, w=1.0, tau=3.0):
    return x, -2 * x / tau - s / tau**2, dn.OnPre({x: x + 1}), dn.Into("I", w * s)


@dn.synapse
def nmda(s=0.0, x=0.0, *, pre, post, w=1.0, g_max=0.15, E=0.0, Mg=1.2, tau_decay=100.0, tau_rise=2.0, a=0.5):
    current = -w * g_max * s * (post.V - E) / (1 + Mg / 3.57 * dn.exp(-0.062 * post.V))
    return -s / tau_decay + a * x * (1 - s), -x / tau_rise, dn.OnPre({x: x + 1}), dn.Into("I", current)


@dn.synapse
def stp(I=0.0, u=0.0, x=1.0, *, pre, post, U=0.15, tau_f=1500.0, tau_d=200.0, tau=8.0, A=1.0):
    u_after = u + U * (1 - u)
    jump = dn.OnPre({u: u_after, I: I + A * u_after * x, x: x - u_after * x})
    return -I / tau, -u / tau_f, (1 - x) / tau_d, jump, dn.Into("I", I)


@dn.synapse
def stdp(s=0.0, A_s=0.0, A_t=0.0, w=1.0, *, pre, post, tau=10.0, dA=0.5, w_max=20.0):
    pre_spike = dn.OnPre({s: s + w, A_s: A_s + dA, w: w - A_t})
    post_spike = dn.OnPost({A_t: A_t + dA, w: w + A_s})
    return -s / tau, -A_s / tau, -A_t / tau, 0, pre_spike, post_spike, dn.Clip({w: (0, w_max)}), dn.Into("I", s)


@dn.synapse
def kinetic(s=0.0, *, pre, post, w=1.0, alpha=0.98, beta=0.18, duration=0.5):
    released = dn.where(pre.since_spike < duration, 1, 0)
    return alpha * released * (1 - s) - beta * s, dn.Into("I", -w * s * post.V)


@dn.synapse
def gap(*, pre, post, w=1.0, k=0.1):
    return dn.OnPre({post.V: post.V + w * k}), dn.Into("I", w * (pre.V - post.V))


@dn.synapse
def saturating(s=0.0, *, pre, post, w=1.0, tau=5.0):
    return -s / tau, dn.OnPre({s: s + 0.5 * (1 - s) * post.V}), dn.Into("I", w * s)


PLACES = [
    (exponential, {"s": SUM}),
    (alpha, {"s": SUM, "x": SUM}),
    (nmda, {"s": PER_PRE, "x": PER_PRE}),
    (kinetic, {"s": PER_PRE}),
    (stp, {"I": SUM, "u": PER_PRE, "x": PER_PRE}),
    (stdp, {"s": SUM, "A_s": PER_PRE, "A_t": PER_POST, "w": PER_SYNAPSE}),
    (saturating, {"s": PER_SYNAPSE}),
    (gap, {}),
]


@pytest.mark.parametrize(("synapse", "places"), PLACES, ids=lambda item: getattr(item, "name", ""))
def test_each_state_gets_the_place_that_its_equations_allow(synapse: dn.Synapse, places: dict[str, str]) -> None:
    sharing = Sharing(dn.Projection(E, I, synapse, connect=SPARSE, delay=1.0))
    assert {n: sharing.where(n) for n in synapse.states} == places


def test_all_valid_places_are_listed_and_reasons_are_given() -> None:
    placements = Sharing(dn.Projection(E, I, exponential, connect=SPARSE)).placements
    assert set(placements["s"].options) == {SUM, PER_PRE, PER_SYNAPSE}
    placements = Sharing(dn.Projection(E, I, stdp, connect=SPARSE)).placements
    assert placements["w"].reason == "it is clipped"
    assert placements["w"].options == (PER_SYNAPSE,)


def test_values_that_differ_between_synapses_take_places_away() -> None:
    drawn = Sharing(dn.Projection(E, I, exponential, connect=SPARSE, at={"tau": dn.uniform(2, 4)}))
    assert drawn.where("s") == PER_SYNAPSE
    weighted = Sharing(dn.Projection(E, I, exponential, connect=SPARSE, w=dn.uniform(2, 4)))
    assert weighted.where("s") == SUM
    started = Sharing(dn.Projection(E, I, exponential, connect=SPARSE, start={"s": 0.5}))
    assert started.where("s") == PER_PRE
    late = Sharing(dn.Projection(E, I, nmda, connect=SPARSE, start={"s": 0.5}, delay=1.0))
    assert late.where("s") == PER_SYNAPSE  # it decays from the start on, not from one delay later on


def test_a_factor_of_two_cells_that_cannot_be_separated_stays_per_synapse() -> None:
    @dn.synapse
    def rectified(*, pre, post, w=1.0):
        return dn.Into("I", w * dn.maximum(pre.V - post.V, 0))

    made, _ = assembled(dn.Network([E, I], [dn.Projection(E, I, rectified)]))
    assert not made.streams
    assert len(made.synapses) == 1 and len(made.synapses[0].sums) == 1


def test_equal_sums_of_several_projections_are_merged() -> None:
    projections = [
        dn.Projection(E, I, exponential, w=0.5, connect=SPARSE),
        dn.Projection(I, I, exponential, w=-2.0, connect=SPARSE),
        dn.Projection(I, I, exponential.at(tau=3), w=-2.0, connect=SPARSE, name="slow"),
    ]
    made, _ = assembled(dn.Network([E, I], projections))
    cells = made.populations[1]
    assert cells.system.states == ("V", "s_1", "s_2")
    assert [(e.link, e.state) for e in made.events] == [(0, 1), (1, 1), (2, 2)]
    V, I_, R, s1, s2 = (symbol(n) for n in ("V", "I", "R", "s_1", "s_2"))
    added = cells.system.derivatives[0] - lif.derivatives[0]
    assert sp.simplify(added - R * (s1 + s2) / symbol("tau")) == 0


def test_the_voltage_dependence_of_a_current_costs_once_per_cell() -> None:
    made, _ = assembled(dn.Network([E, I], [dn.Projection(E, I, nmda, connect=SPARSE)]))
    (stream,) = made.streams
    source, target = made.populations
    assert source.outputs[stream.output] == symbol("s_1")
    assert target.streams == (stream.parameter,)
    assert source.system.jumps[0].to["x_1"] == symbol("x_1") + 1


def test_a_gap_junction_is_two_streams_and_an_event() -> None:
    made, _ = assembled(dn.Network([E, I], [dn.Projection(E, I, gap, connect=SPARSE)]))
    assert [made.populations[0].outputs[s.output] for s in made.streams] == [symbol("V"), 1]
    assert made.events[0].state == 0


def test_plastic_weights_alone_stay_with_the_synapses() -> None:
    made, _ = assembled(dn.Network([E, I], [dn.Projection(E, I, stdp, connect=SPARSE)]))
    (item,) = made.synapses
    assert item.states == ("w",) and item.event_driven
    assert [str(e) for _, e in item.delivers] == ["w"]


def test_without_sharing_every_state_stays_with_its_synapse() -> None:
    made, sharings = assembled(dn.Network([E, I], [dn.Projection(E, I, nmda, connect=SPARSE)]), share=False)
    assert made.synapses[0].states == ("s", "x") and not made.synapses[0].event_driven
    assert sharings["E->I:nmda"].placements["s"].reason == "asked for with share=False"


def test_streams_stand_in_an_order_in_which_they_can_be_evaluated() -> None:
    @dn.model
    def unit(u=0.0, *, S=0.0, J=0.0, k=0.1):
        return -u + J, dn.Observe(r=u**2 / (1 + k * S))

    @dn.synapse
    def recurrent(*, pre, post, w=1.0):
        return dn.Into("J", w * pre.r)

    @dn.synapse
    def inhibition(*, pre, post):
        return dn.Into("S", pre.u**2)

    cells = dn.Population("ring", unit, 8)
    made, _ = assembled(
        dn.Network([cells], [dn.Projection(cells, cells, recurrent), dn.Projection(cells, cells, inhibition)])
    )
    assert [s.link for s in made.streams] == [1, 0]

    @dn.synapse
    def loop(*, pre, post):
        return dn.Into("S", pre.r)

    with pytest.raises(dn.ModelError, match="algebraic loop"):
        assembled(dn.Network([cells], [dn.Projection(cells, cells, loop, name="loop")]))
    assembled(dn.Network([cells], [dn.Projection(cells, cells, loop, delay=1.0)]))


def test_separation_is_exact() -> None:
    v, u, w, s, n = (sp.Symbol(name, real=True) for name in ("v", "u", "w", "s", "n"))
    places = {v: PRE, u: POST, w: EDGE, s: SUMMED}

    def sides(x: sp.Symbol) -> frozenset[str]:
        return frozenset({places[x]} if x in places else ())

    for e in (w * (v - u), w * sp.sin(v - u), (v - u) ** 3 * n, w * sp.exp(v - 2 * u), w * s * (u - n), s + w):
        terms = separate(e, sides)
        assert terms is not None
        assert sp.simplify(sp.expand_trig(e - sum(t.edge * t.pre * t.post * t.summed for t in terms))) == 0
    assert separate(w * sp.tanh(v - u), sides) is None
    assert separate(w * s**2, sides) is None


def test_the_plan_says_where_states_live_and_why() -> None:
    projections = [
        dn.Projection(E, I, nmda, connect=SPARSE, w=dn.normal(1, 0.1), delay=1.5),
        dn.Projection(E, E, stdp, connect=SPARSE, delay=dn.uniform(1, 2)),
    ]
    net = dn.Network([E, I], projections)
    text = str(net.plan())
    assert "s lives per presynaptic cell (driven by the presynaptic cell alone); also valid: per synapse" in text
    assert "w lives per synapse (it is clipped)" in text
    assert "at all times the sum over sources of s_1, weighted with g_max*w, goes into I_in_1 of I" in text
    assert "10 bytes for each stored connection, with own values of w" in text
    assert "delays from dn.uniform(1, 2), rounded to the time step" in text
    assert "asked for with share=False" in str(net.plan(share=False))


def test_populations_of_one_kind_share_their_kernel() -> None:
    cells = [dn.Population(f"p{k}", lif, 10) for k in range(4)]
    projections = [dn.Projection(a, b, exponential, connect=SPARSE) for a in cells for b in cells]
    assert "one compiled kernel serves p0, p1, p2, p3" in str(dn.Network(cells, projections).plan())


def test_the_plan_names_the_integrators_of_the_run_and_why() -> None:
    @dn.model
    def relaxing(x=0.0, *, J=0.0, tau=1.0):
        return (J - x) / tau

    @dn.synapse
    def sum_of_rates(*, pre, post, w=0.1):
        return dn.Into("J", w * pre.x)

    linear, spread = dn.Population("linear", lif, 3), dn.Population("spread", lif, 3, at={"tau": dn.uniform(9, 11)})
    smooth, rates = dn.Population("smooth", relaxing, 3), dn.Population("rates", relaxing, 3)
    cells = [linear, spread, smooth, rates, dn.Population("gates", hodgkin_huxley, 3)]
    net = dn.Network(cells, [dn.Projection(rates, rates, sum_of_rates)])
    plan = net.plan()
    assert plan.methods == {
        "linear": "exact", "spread": "exponential_euler", "smooth": "exact", "rates": "rk4", "gates": "rk4",
    }  # fmt: skip
    assert plan.methods == dn.simulate(net, 0.1, dt=0.01).methods
    assert "rates: 3 cells of relaxing; rk4 (it is smooth, and what changes with time" in str(plan)
    asked = {"linear": "rk4", "rates": "euler"}
    assert net.plan(method=asked).methods == plan.methods | asked
    assert "; rk4 (as asked)" in str(net.plan(method=asked))
    with pytest.raises(ValueError, match="no exact propagator"):
        net.plan(method={"gates": "exact"})
    with pytest.raises(ValueError, match="no population named 'liner'; did you mean 'linear'"):
        net.plan(method={"liner": "rk4"})


def test_the_plan_says_where_no_connection_is_stored() -> None:
    def plan(**options) -> str:
        return str(dn.Network([E, I], [dn.Projection(E, I, exponential, **options)]).plan())

    assert "none is stored" in plan() and "none is stored" in plan(w=0.3, delay=1.5)
    assert "none is stored" not in plan(w=dn.normal(1, 0.1)) and "none is stored" not in plan(delay=dn.uniform(1, 2))
    assert "none is stored" not in plan(connect=SPARSE)


def test_the_plan_says_what_stands_for_trains_and_what_edges_hold() -> None:
    @dn.synapse
    def depressing(s=0.0, x=1.0, *, pre, post, w=1.0, tau=5.0, tau_x=100.0):
        return -s / tau, (1 - x) / tau_x, dn.OnPre({s: s + x, x: x / 2}), dn.Into("I", w * s)

    given = dn.Projection(dn.spikes([1.0, 2.04], [0, 1]), I, depressing)
    text = str(dn.Network([I], [dn.Projection(dn.poisson(10.0), I, exponential), given]).plan())
    assert "poisson: one for each target trains of spikes" in text
    assert "counts of its own for each target: no connection is stored" in text
    assert "spikes: 2 trains of spikes, given, each sent at the step that is nearest" in text
    assert "10 bytes for each stored connection, with own values of x" in text
