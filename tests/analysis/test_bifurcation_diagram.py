"""The whole diagram in one call: every branch once, every special point of the references, coverage in words."""

import numpy as np
import pytest

import dynana as dn
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
