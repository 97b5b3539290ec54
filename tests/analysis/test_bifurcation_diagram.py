"""The whole diagram in one call: every branch once, every special point of the references, coverage in words."""

from types import SimpleNamespace

import numpy as np
import pytest

import dynana as dn
from dynana.analysis.cycle_ways import Lengths
from dynana.models import (
    brusselator,
    fitzhugh_nagumo,
    hodgkin_huxley,
    lif,
    morris_lecar_snic,
    rossler,
    wilson_cowan_oscillating,
)


@pytest.fixture(scope="module")
def hodgkin_huxley_diagram() -> dn.bifurcation_diagram:
    return dn.bifurcation_diagram(hodgkin_huxley, "I", (0, 200))


def places(diagram, kind: str, parameter: str) -> list[float]:
    return [point[parameter] for point in diagram.special_points(kind)]


def test_hodgkin_huxley_has_all_points_of_the_reference_and_each_once(hodgkin_huxley_diagram) -> None:
    diagram = hodgkin_huxley_diagram
    primary = diagram.cycle_branches[0]
    folds = sorted(point["I"] for point in primary.special_points("fold of cycles"))
    assert folds == pytest.approx([6.260321276, 7.842347120, 7.917785494], rel=1e-8)
    doublings = sorted(point["I"] for point in primary.special_points("period doubling"))
    assert doublings == pytest.approx([7.845337397, 7.917777676], rel=1e-8)
    assert places(diagram, "hopf", "I") == pytest.approx([9.775437995, 154.522433666])
    assert len(diagram.cycle_branches) == 2  # the doubled branch ends on the primary one and is not followed twice
    assert diagram.complete
    assert any("followed from both Hopf points" in sentence for sentence in diagram.coverage)


def test_stability_of_cycles_changes_at_their_labels_only(hodgkin_huxley_diagram) -> None:
    for branch in hodgkin_huxley_diagram.cycle_branches:
        changes = np.flatnonzero(np.diff(branch.stable.astype(int))) + 1
        labels = [s.index for s in branch.special if s.kind != "label"]
        assert all(min(abs(c - i) for i in labels) <= 1 for c in changes)


def test_doubling_is_left_out_when_it_is_not_wanted() -> None:
    diagram = dn.bifurcation_diagram(hodgkin_huxley, "I", (5, 12), period_doublings=0)
    assert len(diagram.cycle_branches) == 1
    assert len(diagram.special_points("period doubling")) == 2


def test_cycles_can_be_left_out() -> None:
    diagram = dn.bifurcation_diagram(hodgkin_huxley, "I", (0, 200), cycles=False)
    assert diagram.cycle_branches == ()


def test_the_end_of_cycles_at_a_saddle_node_on_a_circle_is_told_apart_from_a_homoclinic_orbit() -> None:
    # V_Ca = 120: fold at I = 39.9631530927 (public answers); here the set with 130, reference/continuation.json
    diagram = dn.bifurcation_diagram(morris_lecar_snic, "I", (0, 300))
    assert places(diagram, "snic", "I") == pytest.approx(places(diagram, "fold", "I")[:1], rel=1e-6)
    other = dn.bifurcation_diagram(wilson_cowan_oscillating, "I_e", (0, 4))
    assert places(other, "homoclinic", "I_e") == pytest.approx([1.06574499], rel=1e-6)
    assert not other.special_points("snic")


def test_labels_at_parameters_states_and_periods() -> None:
    diagram = dn.bifurcation_diagram(brusselator, "B", (1, 5), values={"B": [3.0], "x": [1.0], "period": [8.0]})
    names = {point.name for point in diagram.special_points("label")}
    assert {"B = 3", "period = 8"} <= names
    (at_period,) = [p for p in diagram.special_points("label") if p.name == "period = 8"]
    assert at_period.cycle.period == pytest.approx(8.0, rel=1e-9)


def test_a_cycle_that_no_hopf_point_leads_to_is_found_by_a_run() -> None:
    @dn.model(ranges={"x": (-3, 3), "y": (-3, 3)})
    def clock(x=1.0, y=0.0, *, a=1.0):
        """The unit circle attracts; its only equilibrium is an unstable focus at all values."""
        r2 = x**2 + y**2
        return x * (1 - r2) - a * y, y * (1 - r2) + a * x

    diagram = dn.bifurcation_diagram(clock, "a", (0.5, 2))
    (branch,) = diagram.cycle_branches
    assert branch.periods == pytest.approx(2 * np.pi / branch.values, rel=1e-8)
    assert (branch.values.min(), branch.values.max()) == pytest.approx((0.5, 2.0))


def test_where_nothing_stable_is_known_it_is_said() -> None:
    @dn.model(ranges={"x": (-3, 3)})
    def runaway(x=1.0, *, a=1.0):
        return a * x + x**3

    diagram = dn.bifurcation_diagram(runaway, "a", (0.5, 2))
    assert any("neither a stable equilibrium nor a stable cycle is known" in s for s in diagram.coverage)


def test_models_with_jumps_say_what_is_left_out() -> None:
    diagram = dn.bifurcation_diagram(lif, "I", (0, 30))
    assert any(sentence.startswith("cycles with jumps: looked for by") for sentence in diagram.coverage)
    assert len(diagram.cycle_branches) == 1 and diagram.cycle_branches[0].stable.all()


def test_frames_hold_equilibria_and_cycles(tmp_path) -> None:
    pytest.importorskip("pandas")
    diagram = dn.bifurcation_diagram(fitzhugh_nagumo, "I", (0, 1.5))
    frame = diagram.to_dataframe()
    assert len(frame) == sum(len(b) for b in (*diagram.branches, *diagram.cycle_branches))
    cycles = frame[frame["period"] > 0]
    assert (cycles["v"] >= cycles["v_min"]).all() and cycles["eigenvalue_1"].isna().all()
    back = dn.load(diagram.save(tmp_path / "diagram.npz"))
    assert str(back) == str(diagram)
    assert back.cycle_branches[0].cycles[3].period == diagram.cycle_branches[0].cycles[3].period


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="how often the period may double"):
        dn.bifurcation_diagram(lif, "I", (0, 30), period_doublings=-1)
    with pytest.raises(ValueError, match="did you mean 'I'"):
        dn.bifurcation_diagram(lif, "i", (0, 30))


def test_an_angle_that_turns_is_followed_to_the_saddle_node_on_its_circle() -> None:
    from dynana.models import theta

    diagram = dn.bifurcation_diagram(theta, "I", (-1, 2))
    (branch,) = diagram.cycle_branches
    assert branch.periods == pytest.approx(
        np.pi / np.sqrt(branch.values), rel=1e-7
    )  # also at I = 1, where it is uniform
    assert places(diagram, "snic", "I") == pytest.approx([0.0], abs=1e-9)


def test_mirror_images_are_both_followed() -> None:
    from dynana.models import lorenz

    diagram = dn.bifurcation_diagram(lorenz, "rho", (0, 30))
    assert len(diagram.cycle_branches) == 2
    x = [branch.maxima[5, 0] for branch in diagram.cycle_branches]
    assert min(x) < 0 < max(x)


def test_cycles_are_found_beside_chaos():
    # in the middle of the range a run of Rossler's equations settles on nothing; next to its lower end it does
    found = dn.bifurcation_diagram(rossler, "c", (2.5, 6.0), progress=False)
    single, twice = found.cycle_branches
    assert [s["c"] for s in single.special_points("period doubling")] == pytest.approx([2.832], abs=1e-3)
    assert [s["c"] for s in twice.special_points("period doubling")] == pytest.approx([3.837], abs=1e-3)
    assert single.values[0] == 2.5 and "at c = 4.25 neither a stable" in str(found)


@pytest.fixture(scope="module")
def duffing():
    @dn.model(ranges={"x": (-3, 3), "v": (-3, 3)})
    def duffing(x=1.0, v=0.0, t=0, *, delta=0.3, gamma=0.2, omega=1.2, beta=1.0, alpha=-1.0):
        """Guckenheimer & Holmes (1983), section 2.2."""
        return v, -delta * v - alpha * x - beta * x**3 + gamma * dn.cos(omega * t)

    return duffing


def test_a_forced_linear_oscillator_has_the_resonance_curve_of_the_textbook(duffing) -> None:
    linear = duffing.at(beta=0.0, alpha=1.0)
    found = dn.bifurcation_diagram(linear, "omega", (0.5, 2.0), forcing_period=lambda p: 2 * np.pi / p["omega"])
    (branch,) = found.cycle_branches
    omega = branch.values
    assert omega[[0, -1]].tolist() == [0.5, 2.0] and not found.branches and not found.special
    assert branch.maxima[:, 0] == pytest.approx(0.2 / np.hypot(1 - omega**2, 0.3 * omega), rel=1e-6)
    assert "no equilibria: the equations contain the time t" in str(found)
    assert "followed from runs that settle" in str(found)


def test_the_first_doublings_of_a_forced_oscillator_have_the_multiplier_minus_one(duffing) -> None:
    from scipy.integrate import solve_ivp

    found = dn.bifurcation_diagram(duffing, "gamma", (0.2, 0.28), forcing_period=2 * np.pi / 1.2)
    (doubling,) = found.special_points("period doubling")

    def rates(t, z):
        x, v, *m = z
        force = doubling["gamma"] * np.cos(1.2 * t)
        slope = np.array([[0.0, 1.0], [1.0 - 3.0 * x**2, -0.3]]) @ np.reshape(m, (2, 2))
        return [v, -0.3 * v + x - x**3 + force, *slope.ravel()]

    begin = doubling.cycle.points[0]
    end = solve_ivp(rates, (0, 2 * np.pi / 1.2), [*begin, 1, 0, 0, 1], rtol=1e-12, atol=1e-13, method="DOP853").y[:, -1]
    assert end[:2] == pytest.approx(begin, abs=1e-8)
    multipliers = np.linalg.eigvals(end[2:].reshape(2, 2))
    assert min(abs(multipliers + 1)) < 1e-6
    assert [b.periods[0] / b.periods[-1] for b in found.cycle_branches] == pytest.approx([1.0, 1.0])
    assert len(found.cycle_branches) == 2  # the doubled branch, too


def test_what_forced_systems_do_not_have_is_refused(duffing) -> None:
    with pytest.raises(dn.ModelError, match="Give the period of the forcing as forcing_period="):
        dn.bifurcation_diagram(duffing, "gamma", (0, 1))
    with pytest.raises(ValueError, match="these do not"):
        dn.bifurcation_diagram(fitzhugh_nagumo, "I", (0, 1), forcing_period=1.0)
    with pytest.raises(ValueError, match="ranges, values of states concern equilibria"):
        asked = {"ranges": {"x": (0, 1)}, "values": {"x": [0.5]}}
        dn.bifurcation_diagram(duffing, "gamma", (0, 1), forcing_period=2 * np.pi / 1.2, **asked)


def test_forced_systems_with_jumps_say_how_to_begin() -> None:
    @dn.model(ranges={"V": (-80, 0)})
    def forced(V=-65.0, t=0, *, I=2.0):
        return I - (V + 65) / 10 + dn.cos(t), dn.Jump(when=V > -50, to={V: -65})

    found = dn.bifurcation_diagram(forced, "I", (0.5, 3), forcing_period=2 * np.pi)
    assert not len(found) and "jumps and time are not looked for: start from one, see dn.find_cycle" in str(found)


def test_many_cycles_on_the_way_to_an_infinite_period_are_no_limit() -> None:
    # Bazykin's predators and prey, Kuznetsov (2004), section 8.5: the prey nearly die out, so that steps are short
    @dn.model(ranges={"x": (0.001, 100), "y": (0.001, 20)})
    def bazykin(x=5.0, y=2.0, *, alpha=0.4, delta=0.1):
        eaten = x * y / (1 + alpha * x)
        return x - eaten - 0.01 * x * x, eaten - y - delta * y * y

    found = dn.bifurcation_diagram(bazykin, "alpha", (0.05, 1.0))
    (branch,) = found.cycle_branches
    assert len(branch) > 600 and branch.stops[1].reason == "period too long"
    (end,) = found.special_points("snic")
    assert end["alpha"] == pytest.approx(found.special_points("fold")[0]["alpha"], rel=1e-9)
    asked = dn.bifurcation_diagram(bazykin, "alpha", (0.05, 1.0), points=50).cycle_branches[0]
    assert len(asked) == 52 and asked.stops[1].reason == "point limit"  # with the start and the Hopf point


def test_branches_that_turn_again_and_again_are_followed_only_so_far() -> None:
    def leg(period: float, before: float, after: float) -> SimpleNamespace:
        places = [SimpleNamespace(tests=np.full(4, test), scalars=np.array([period, 0.0])) for test in (before, after)]
        return SimpleNamespace(places=places)

    growing, winding, resting, shrinking = (Lengths(300) for _ in range(4))
    for i in range(299):
        assert not growing.enough(leg(1.0 + i, 1.0, 1.0)) and not shrinking.enough(leg(1000.0 - i, 1.0, 1.0))
        assert not winding.enough(leg(1.0 + i, 1.0, -1.0 if i == 150 else 1.0))
        assert not resting.enough(leg(1.0 + i, 1e-12, -1e-12))  # a sign that is rounding
    for lengths, enough in ((growing, 0), (winding, 300), (resting, 0), (shrinking, 300)):
        assert lengths.enough(leg(400.0, 1.0, 1.0)) == enough


def test_cycles_begin_at_a_hopf_point_at_the_end_of_the_range() -> None:
    for ends in ((2, 4), (1, 2)):  # exact: B = 1 + A^2
        found = dn.bifurcation_diagram(brusselator, "B", ends)
        (hopf,) = found.special_points("hopf")
        assert hopf["B"] == 2.0 and hopf.criticality.startswith("supercritical: stable cycles on the side of higher B")
        assert any("on the edge of the range or of the box (one is located there)" in line for line in found.coverage)
    said = "no cycles were followed from the Hopf point at B = 2: they are outside of the range"
    assert not found.cycle_branches and said in found.coverage
    (whole,), (branch,) = (dn.bifurcation_diagram(brusselator, "B", (b, 4)).cycle_branches for b in (1, 2))
    assert branch.values[-1] == 4.0 and branch.periods[-1] == pytest.approx(whole.periods[-1], rel=1e-8)


@pytest.mark.parametrize("ranges", [((-1, 2), 5), ((-0.5, 0.7), 5), ((-1, 2), 10)])
def test_cycles_of_all_sizes_cross_those_of_a_relaxation_oscillator(ranges) -> None:
    # van der Pol's oscillator is linear at mu = 0; the cycles beside have amplitude 2 there, by averaging
    @dn.model(ranges={"x": (-ranges[1], ranges[1]), "y": (-ranges[1], ranges[1])})
    def van_der_pol(x=1.0, y=0.0, *, mu=1.0):
        return y, mu * (1 - x * x) * y - x

    found = dn.bifurcation_diagram(van_der_pol, "mu", ranges[0])
    (hopf,) = found.special_points("hopf")
    assert hopf["mu"] == 0.0 and hopf.criticality.startswith("degenerate: the first Lyapunov coefficient vanishes")
    upright, across = found.cycle_branches
    assert np.abs(upright.values).max() < 1e-6 and upright.stops[1].reason == "grows without bound"
    assert (across.values.min(), across.values.max()) == ranges[0]  # on both sides of where it was found
    assert not found.special_points("fold of cycles")
    for crossing in found.special_points("branch point of cycles"):
        assert abs(crossing["mu"]) < 1e-6 and crossing.cycle.maxima[0] == pytest.approx(2.0, abs=1e-3)
    assert upright.special_points("branch point of cycles")


def test_cycles_on_which_other_states_rest_are_followed_from_their_hopf_point() -> None:
    # two oscillators, Kuznetsov (2004), section 8.6, with r' = r (mu - r^2 - s^2 / 2), s' = s (1/10 - 3/5 r^2 - s^2)
    @dn.model(ranges=dict.fromkeys("xyuv", (-2, 2)))
    def two(x=0.1, y=0.0, u=0.1, v=0.0, *, mu=-1.0):
        r, s = x * x + y * y, u * u + v * v
        one, other = mu - r - 0.5 * s, 0.1 - 0.6 * r - s
        return one * x - y, x + one * y, other * u - 1.8 * v, 1.8 * u + other * v

    found = dn.bifurcation_diagram(two, "mu", (-1, 1))
    born, beside = found.cycle_branches  # none of them twice
    assert born.maxima[:, 0] == pytest.approx(np.sqrt(born.values), abs=1e-8) and np.ptp(born.maxima[:, 2]) < 1e-9
    assert beside.maxima[:, 2] == pytest.approx(np.full(len(beside), np.sqrt(0.1)), rel=1e-8)
    assert places(found, "torus", "mu") == pytest.approx([0.05, 1 / 6], rel=1e-9)


def test_only_systems_have_diagrams() -> None:
    for verb in (dn.bifurcation_diagram, dn.continue_equilibria):
        with pytest.raises(TypeError, match=f"{verb.__name__} takes a System, got str"):
            verb("fitzhugh_nagumo", "I", (0, 1))
    with pytest.raises(TypeError, match="continue_cycles takes a System, got str"):
        dn.continue_cycles("fitzhugh_nagumo", None, "I", (0, 1))
    with pytest.raises(TypeError, match="continue_locus takes a System, got str"):
        dn.continue_locus("fitzhugh_nagumo", None, ("I", "a"))
