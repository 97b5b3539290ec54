"""Curves of bifurcations of cycles against closed forms and AUTO-07p."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import dynana as dn
from dynana.analysis import cycle_loci_tracing
from dynana.analysis.cycle_loci import continue_cycle_locus
from dynana.analysis.cycle_orbits import cycle_equations, cycle_of
from dynana.errors import ConvergenceError
from dynana.models import hodgkin_huxley, morris_lecar_hopf
from dynana.numerics.pseudo_arclength import StepControl, follow
from dynana.results.locus import Locus
from dynana.results.special_points import SpecialPoint
from tests.analysis import cycle_cases as known
from tests.analysis.cycle_loci_cases import (
    REFERENCE,
    bautin_of_cycles,
    cusp_of_cycles,
    cycle_near,
    driven_cusp,
    half_turns,
    special,
    turning_perturbations,
)
from tests.numerics.orbits import settled

TURN = 2.0 * math.pi
UNIT = np.array([1.0, 0.0, 1e-9, 0.0])


def kinds(locus: Locus) -> list[str]:
    return [s.kind for s in locus.special]


# -- closed forms ----------------------------------------------------------------------------------------------------


BOX = {"mu": (-1, 1), "a": (-1, 2)}


@cache
def cusp_start() -> tuple[dn.System, SpecialPoint]:
    system = cusp_of_cycles.at(a=1.0, mu=2.0 / 3.0**1.5)
    r = 1.0 - math.sqrt(1.0 / 3.0)
    cycle = cycle_near(system, np.array([math.sqrt(r), 0.0]), TURN / (1.0 + 0.3 * r))
    return system, special(system, "fold of cycles", cycle)


@pytest.mark.parametrize("max_step", [0.01, 0.1, 0.3])
def test_folds_of_cycles_pass_a_cusp(max_step):
    system, start = cusp_start()
    locus = continue_cycle_locus(system, start, ("mu", "a"), ranges=BOX, max_step=max_step)
    np.testing.assert_allclose(27.0 * locus["mu"] ** 2, 4.0 * locus["a"] ** 3, atol=1e-11)
    radius = np.hypot(locus["x"], locus["y"])
    np.testing.assert_allclose(locus.periods, TURN / (1.0 + 0.3 * radius**2), rtol=1e-8)
    (cusp,) = locus.special
    assert (cusp.kind, cusp.code, cusp.free) == ("cusp of cycles", "CPC", ("mu", "a"))
    assert cusp["mu"] == pytest.approx(0.0, abs=1e-9) and cusp["a"] == pytest.approx(0.0, abs=1e-9)
    assert cusp.cycle is not None and cusp.cycle.period == pytest.approx(TURN / 1.3, rel=1e-7)
    assert [stop.reason for stop in locus.stops] == ["end of range"] * 2
    np.testing.assert_allclose(locus.places[[0, -1], 0], [-1.0, 1.0], rtol=1e-10)


def test_folds_of_cycles_end_where_cycles_shrink():
    system = bautin_of_cycles.at(a=0.5, mu=-0.0625)
    cycle = cycle_near(system, np.array([0.5, 0.0]), TURN / (1.0 + 0.3 * 0.25))
    locus = continue_cycle_locus(
        system,
        special(system, "fold of cycles", cycle),
        ("mu", "a"),
        ranges=BOX | {"a": (-1, 1)},
        values={"a": [0.2, 0.8, 1.0]},
    )
    np.testing.assert_allclose(locus["mu"], -(locus["a"] ** 2) / 4.0, atol=1e-11)
    assert [stop.reason for stop in locus.stops] == ["bautin", "end of range"]
    assert [s.title for s in locus.special] == ["bautin", *(f"label (a = {a})" for a in (0.2, 0.8, 1))]
    assert [s["mu"] for s in locus.special] == pytest.approx([0.0, -0.01, -0.16, -0.25], rel=1e-9, abs=1e-10)
    assert locus.special[0]["a"] == pytest.approx(0.0, abs=1e-10) and locus.special[0].normal_form["l2"] < 0.0
    np.testing.assert_allclose(locus.places[0], 0.0, atol=1e-10)
    assert locus.periods[0] == pytest.approx(TURN)


def bautin(system: dn.System, point: np.ndarray, period: float, free: tuple[str, str]) -> SpecialPoint:
    return SpecialPoint(
        kind="bautin", code="GH", system=system.name, fingerprint=system.fingerprint, states=system.states,
        point=point, parameters=system.values, free=free, residual=0.0, interval=(0.0, 0.0), converged=True,
        eigenvalues=np.zeros(len(system.states), complex), period=period,
    )  # fmt: skip


def test_folds_of_cycles_begin_at_a_bautin_point():
    system = bautin_of_cycles.at(a=0.0, mu=0.0)
    start = bautin(system, np.zeros(2), TURN, ("mu", "a"))
    locus = continue_cycle_locus(system, start, ("mu", "a"), ranges={"mu": (-1, 1), "a": (-1, 1)})
    np.testing.assert_allclose(locus["mu"], -(locus["a"] ** 2) / 4.0, atol=1e-11)
    assert locus.special[0] is start and locus.stops[0].reason == "bautin" and locus["a"][-1] == pytest.approx(1.0)
    assert (np.diff(locus["a"]) > 0).all()


def test_no_folds_of_cycles_where_the_parameters_do_not_unfold():
    system = bautin_of_cycles.at(a=0.0, mu=0.0)
    start = bautin(system, np.zeros(2), TURN, ("mu", "twist"))
    with pytest.raises(ConvergenceError, match="mu and twist do not unfold it"):
        continue_cycle_locus(system, start, ("mu", "twist"), ranges={"mu": (-1, 1), "twist": (-1, 1)})


def test_period_doublings_and_torus_points_meet_at_a_resonance():
    free, ranges = ("alpha", "d"), {"alpha": (-1.0, 1.0), "d": (-1.0, 0.2)}
    system = half_turns.at(alpha=-0.2 + 0.04**2, d=-0.04)
    start = special(system, "period doubling", cycle_near(system, UNIT, TURN, adjusted=False))
    locus = continue_cycle_locus(system, start, free, ranges=ranges)
    a = locus["alpha"] - locus["d"] ** 2
    np.testing.assert_allclose(locus["d"], -(a**2), atol=1e-10)
    assert kinds(locus) == ["1:2"]
    np.testing.assert_allclose([locus.special[0][n] for n in free], 0.0, atol=1e-7)

    system = half_turns.at(alpha=0.04**2, d=0.04)
    start = special(system, "torus", cycle_near(system, UNIT, TURN, adjusted=False))
    locus = continue_cycle_locus(system, start, free, ranges=ranges)
    # at the resonance itself two multipliers are one, and what is near them known to fewer digits
    end = np.arange(len(locus["d"])) == 0
    assert (np.abs(locus["alpha"] - locus["d"] ** 2) < np.where(end, 1e-8, 1e-9)).all()
    np.testing.assert_allclose(locus["angle"], math.pi - TURN * np.sqrt(np.abs(locus["d"])), atol=1e-4)
    assert kinds(locus) == ["1:2", "1:3", "1:4"] and locus.stops[0].reason == "1:2"
    assert [s["d"] for s in locus.special] == pytest.approx([0.0, 1.0 / 36.0, 1.0 / 16.0], abs=1e-8)


@pytest.mark.parametrize(("d", "max_step"), [(0.04, 0.02), (0.03, 0.03), (0.05, 0.02), (0.06, 0.03)])
def test_a_resonance_where_the_equations_are_singular_is_located_all_the_same(d, max_step):
    system = half_turns.at(alpha=d * d, d=d)
    start = special(system, "torus", cycle_near(system, UNIT, TURN, adjusted=False))
    ranges = {"alpha": (-1.0, 1.0), "d": (-1.0, 0.2)}
    locus = continue_cycle_locus(system, start, ("alpha", "d"), ranges=ranges, max_step=max_step)
    end = locus.special[0]
    assert end.kind == "1:2" and abs(end["d"]) < 1e-11 and abs(end["alpha"]) < 1e-8


def test_torus_points_between_two_resonances():
    system = turning_perturbations.at(mu=0.09, omega=0.3)
    start = special(system, "torus", cycle_near(system, UNIT, TURN, adjusted=False))
    locus = continue_cycle_locus(system, start, ("mu", "omega"), ranges={"mu": (-1, 1), "omega": (-1, 1)})
    np.testing.assert_allclose(locus["mu"], locus["omega"] ** 2, atol=1e-11)
    np.testing.assert_allclose(locus["angle"], TURN * locus["omega"], atol=1e-8)
    assert kinds(locus) == ["1:1", "1:4", "1:3", "1:2"]
    # both ends are degenerate here (the multipliers meet without a Jordan block): found as far as it can be solved
    assert [s["omega"] for s in locus.special] == pytest.approx([0.0, 0.25, 1.0 / 3.0, 0.5], abs=1e-5)
    assert [s["omega"] for s in locus.special[1:3]] == pytest.approx([0.25, 1.0 / 3.0], abs=1e-9)
    assert [stop.reason for stop in locus.stops] == ["1:1", "1:2"]


def test_folds_of_driven_cycles():
    system = driven_cusp.at(p=0.99 * 2.0 / 3.0**1.5, q=1.0)
    cycle = cycle_near(system, np.array([0.5, 0.5 - math.sqrt(1.0 / 3.0)]), TURN, adjusted=False)
    start = special(system, "fold of cycles", cycle)
    locus = continue_cycle_locus(system, start, ("p", "q"), ranges={"p": (-1, 1), "q": (-1, 2)})
    np.testing.assert_allclose(27.0 * locus["p"] ** 2, 4.0 * locus["q"] ** 3, atol=1e-11)
    assert kinds(locus) == ["cusp of cycles"] and (locus.periods == TURN).all()


# -- Hodgkin-Huxley against AUTO-07p -------------------------------------------------------------------------------

FREE, RANGES = ("I", "g_K"), {"I": (0.0, 200.0), "g_K": (5.0, 60.0)}
LEVELS = [30.0, 34.0, 38.0, 40.0, 45.0, 50.0]


@cache
def hh_points() -> dict[str, SpecialPoint]:
    """Folds and period doublings of the branch of cycles in I, near enough to start from."""
    system = hodgkin_huxley.at(I=10.0)
    section = np.array([-20.0, 0.443996442196885095, 0.329920623388848236, 0.459078714998040584])
    curve, orbit = settled(cycle_equations(system, ("I",)), section, 14.6362099898315574, 100)
    curve.ranges[:] = 10.0
    found: dict[str, SpecialPoint] = {}

    def add(name: str, kind: str, point) -> None:
        cycle = cycle_of(system, ("I",), curve, point, curve.spectrum(point, resolved=True))
        found[name] = special(system, kind, cycle)

    before = orbit
    for point, step in follow(curve, orbit, StepControl(first=-0.02, points=300, most=0.02)):
        base, before = before, point
        if point.tangent[-1] * base.tangent[-1] < 0.0:
            add(f"fold {sum(s.kind == 'fold of cycles' for s in found.values()) + 1}", "fold of cycles", point)
        period = 17.15852  # of a period doubling
        if "fold 2" in found and (base.durations[0] - period) * (point.durations[0] - period) < 0.0:
            part = (base.durations[0] - period) / (base.durations[0] - point.durations[0])
            add("flip", "period doubling", curve.advance(base, step * float(part)).point)
        if "fold 3" in found:
            return found
    raise AssertionError("the third fold was not reached")


@cache
def hh_locus(name: str) -> Locus:
    return continue_cycle_locus(hodgkin_huxley, hh_points()[name], FREE, ranges=RANGES, values={"g_K": LEVELS})


def check_samples(locus: Locus, type_: str) -> int:
    """Compare the labels with AUTO's samples of the same period; return how many there were."""
    labels = locus.special_points("label")
    count = 0
    for sample in REFERENCE["samples"]:
        level = sample["parameters"]["gK"]
        if sample["type"] != type_ or not any(abs(level - v) < 1e-9 for v in LEVELS):
            continue
        near = min(labels, key=lambda s: abs(s["g_K"] - level) + abs(s.period - sample["period"]))
        if abs(near.period - sample["period"]) > 1e-3:
            continue  # on another curve
        count += 1
        assert near["I"] == pytest.approx(sample["parameters"]["I"], rel=1e-7)
        assert near.period == pytest.approx(sample["period"], rel=1e-7)
    return count


@pytest.mark.slow
def test_hodgkin_huxley_folds_of_cycles():
    locus = hh_locus("fold 1")
    assert check_samples(locus, "LPC_curve_sample") == 18
    cusps = locus.special_points("cusp of cycles")
    places = [(s["I"], s["g_K"]) for s in cusps]
    np.testing.assert_allclose(places, [(82.61125133, 52.3187109), (1.727284894, 26.240826053)], rtol=1e-9)
    assert cusps[1].period == pytest.approx(26.930204551, rel=1e-8)
    assert [stop.reason for stop in locus.stops] == ["end of range", "bautin"]
    known = REFERENCE["bautin"]["parameters"]
    end = locus.special[-1]
    assert (end["I"], end["g_K"]) == pytest.approx((known["I"], known["gK"]), rel=1e-10)
    assert locus["g_K"][0] == pytest.approx(22.913547502, rel=1e-8)
    assert locus.periods[0] == pytest.approx(27.023862996, rel=1e-8)
    # all three folds of the branch in I are on this one curve
    for name in ("fold 2", "fold 3"):
        again = hh_locus(name)
        found = [(s.kind, round(s["I"], 6), round(s["g_K"], 6)) for s in again.special]
        assert sorted(found) == sorted((s.kind, round(s["I"], 6), round(s["g_K"], 6)) for s in locus.special)


@pytest.mark.slow
def test_from_the_branch_of_cycles_by_the_public_verb():
    rest = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200))
    cycles = dn.continue_cycles(hodgkin_huxley, rest.special_points("hopf")[0], "I", (0, 200))
    locus = dn.continue_locus(hodgkin_huxley, cycles.special_points("LPC")[0], FREE, ranges=RANGES)
    assert kinds(locus).count("cusp of cycles") == 2 and "bautin" in kinds(locus)
    doublings = dn.continue_locus(hodgkin_huxley, cycles.special_points("PD")[1], FREE, ranges=RANGES)
    assert doublings.closed and doublings.kind == "period doubling"
    again = dn.continue_locus(hodgkin_huxley, doublings.special_points("R2")[0], FREE, kind="period doubling")
    assert again.closed
    with pytest.raises(ValueError, match="no kind of curve named 'fold'"):
        dn.continue_locus(hodgkin_huxley, doublings.special_points("R2")[0], FREE, kind="fold")


@pytest.mark.slow
def test_a_mesh_that_is_too_coarse_grows():
    locus = continue_cycle_locus(hodgkin_huxley, hh_points()["fold 3"], FREE)
    assert [stop.reason for stop in locus.stops] == ["bautin", "bautin"] and locus.periods.max() > 180
    assert sorted(set(kinds(locus))) == ["1:1", "bautin", "cusp of cycles"] and len(kinds(locus)) == 6
    other = next(s for s in locus.special_points("bautin") if s["g_K"] < 20)
    assert (other["I"], other["g_K"]) == pytest.approx((49.339355, 8.722224), rel=1e-6)


def canard_folds(**options) -> Locus:
    """Folds of cycles of Morris and Lecar, which on their way become canards."""
    rest = dn.continue_equilibria(morris_lecar_hopf, "I", (0, 250))
    cycles = dn.continue_cycles(morris_lecar_hopf, rest.special_points("hopf")[0], "I")
    return dn.continue_locus(morris_lecar_hopf, cycles.special_points("LPC")[-1], ("I", "g_Ca"), **options)


@pytest.mark.slow
def test_a_curve_passes_canards():
    """Deviations grow by 1e9 on the way round; in the plane a fold is where the divergence vanishes on average."""
    locus = canard_folds(values={"g_Ca": [5.0, 6.0]})
    assert [s.kind for s in locus.special] == ["bautin", *["label"] * 4, "bautin"]
    assert [(s["I"], s["g_Ca"]) for s in locus.special_points("bautin")] == [
        pytest.approx(place, rel=1e-8) for place in [(270.285795, 3.067308514), (169.390812582716, 2.18133122032389)]
    ]
    traces = [s.cycle.trace for s in locus.special_points("label")]
    np.testing.assert_allclose(traces, 0.0, atol=2e-5)
    assert locus["g_Ca"].max() == pytest.approx(6.09625, rel=1e-6)
    assert locus["I"].min() == pytest.approx(63.693, rel=1e-5)


@pytest.mark.slow
def test_canards_end_a_curve_with_the_reason(monkeypatch):
    monkeypatch.setattr(cycle_loci_tracing, "LOOSEST", 1e-9)
    locus = canard_folds()
    assert [stop.reason for stop in locus.stops] == ["bautin", "step too small"]
    assert "deviations grow by a factor of up to 1e" in locus.stops[1].message


@pytest.mark.slow
def test_folds_of_cycles_end_on_homoclinic_orbits():
    locus = continue_cycle_locus(hodgkin_huxley, hh_points()["fold 3"], ("I", "g_Na"))
    assert kinds(locus) == ["cusp of cycles"] and [stop.reason for stop in locus.stops] == ["homoclinic"] * 2
    ends = locus.places[[0, -1]]
    np.testing.assert_allclose(ends[np.argsort(ends[:, 1])], [(-3.91908, 403.873), (-4.21114, 443.070)], rtol=1e-5)
    assert all("comes near the equilibrium" in stop.message for stop in locus.stops)


@pytest.mark.slow
def test_hodgkin_huxley_period_doublings_are_a_closed_curve():
    locus = hh_locus("flip")
    assert locus.closed and kinds(locus).count("1:2") == 2
    assert check_samples(locus, "PD_curve_sample") == 10
    np.testing.assert_allclose(locus.places[0], locus.places[-1])
    lowest = [s for s in REFERENCE["samples"] if s["type"] == "PD_curve_extremum_of_I"][0]
    assert locus["I"].min() == pytest.approx(lowest["parameters"]["I"], abs=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("max_step", [0.02, 0.3])
def test_labels_do_not_depend_on_the_step(max_step):
    expected = [s for s in hh_locus("fold 2").special if s.kind != "label"]
    locus = continue_cycle_locus(hodgkin_huxley, hh_points()["fold 2"], FREE, ranges=RANGES, max_step=max_step)
    assert kinds(locus) == [s.kind for s in expected]
    for found, wanted in zip(locus.special, expected, strict=True):
        assert found["I"] == pytest.approx(wanted["I"], rel=1e-8) and found.period == pytest.approx(wanted.period)


@pytest.mark.slow
def test_hodgkin_huxley_folds_begin_at_the_bautin_point():
    state = REFERENCE["bautin"]
    values = {"I": state["parameters"]["I"], "g_K": state["parameters"]["gK"]}
    system = hodgkin_huxley.at(**values)
    start = bautin(system, np.array(list(state["state"].values())), state["period"], FREE)
    locus = continue_cycle_locus(system, start, FREE, ranges=RANGES)
    assert [k for k in kinds(locus) if k == "cusp of cycles"] == ["cusp of cycles"] * 2
    assert locus["g_K"][-1] == pytest.approx(22.913547502, rel=1e-6)
    np.testing.assert_allclose(locus.places[1], locus.places[0], rtol=2e-2)


# -- results and bad input -----------------------------------------------------------------------------------------


def test_saved_and_loaded(tmp_path):
    system, start = cusp_start()
    locus = continue_cycle_locus(system, start, ("mu", "a"), ranges=BOX)
    again = Locus.load(locus.save(tmp_path / "locus.npz"))
    np.testing.assert_array_equal(again.places, locus.places)
    assert again.special[0].cycle.period == locus.special[0].cycle.period
    assert "curve of folds of cycles" in locus.sentence
    assert set(locus.measures) == {"x_max", "y_max", "x_min", "y_min", "error"}


def test_point_limit_and_long_periods():
    system, start = cusp_start()
    locus = continue_cycle_locus(system, start, ("mu", "a"), ranges=BOX, points=3, max_step=0.01)
    assert [stop.reason for stop in locus.stops] == ["point limit"] * 2 and len(locus) == 7
    locus = continue_cycle_locus(system, start, ("mu", "a"), ranges=BOX, longest_period=5.0)
    assert "period too long" in [stop.reason for stop in locus.stops]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": ("mu", "mu")}, "needs two different parameters"),
        ({"parameters": ("mu", "A")}, "no parameter named 'A'"),
        ({"ranges": {"b": (-1, 1)}}, "no varied parameter named 'b'"),
        ({"ranges": {"mu": (1, -1)}}, "is reversed"),
        ({"ranges": {"mu": (-1, 0)}}, "outside the range"),
        ({"kind": "hopf"}, "got 'hopf'"),
        ({"test_functions": {"f": 1}}, "must be a function of a mapping"),
        ({"max_step": 0.0}, "max_step is relative"),
        ({"points": 0}, "points must be at least 1"),
        ({"values": {"b": [1.0]}}, "no varied parameter, or period, named 'b'"),
    ],
)
def test_bad_arguments(change, message):
    system, start = cusp_start()
    arguments = {"parameters": ("mu", "a"), "ranges": BOX, **change}
    with pytest.raises(ValueError, match=message):
        continue_cycle_locus(system, start, **arguments)


def test_bad_starts():
    system, start = cusp_start()
    with pytest.raises(TypeError, match="starts from a SpecialPoint"):
        continue_cycle_locus(system, "fold", ("mu", "a"))
    for wrong, message in (
        (replace(start, kind="homoclinic"), "got 'homoclinic'"),
        (replace(start, fingerprint="other"), "belongs to another system"),
        (replace(start, cycle=None), "has no cycle to start from"),
    ):
        with pytest.raises(ValueError, match=message):
            continue_cycle_locus(system, wrong, ("mu", "a"))
    with pytest.raises(ConvergenceError, match="both mu and a move the cycle on"):
        continue_cycle_locus(system, replace(start, kind="branch point of cycles"), ("mu", "a"))
    with pytest.raises(ConvergenceError, match="no complex multipliers"):
        continue_cycle_locus(system, replace(start, kind="torus"), ("mu", "a"))
    system = turning_perturbations.at(mu=0.05, omega=0.3)
    turning = special(system, "period doubling", cycle_near(system, UNIT, TURN, adjusted=False))
    with pytest.raises(ConvergenceError, match="no period doubling was found near mu = 0.05"):
        continue_cycle_locus(system, turning, ("mu", "omega"), ranges={"mu": (-1, 1), "omega": (-1, 1)})


def test_a_period_of_the_forcing_that_changes():
    swing = known.duffing_at
    start = dn.simulate(swing, 100 * 2 * np.pi / 1.2, max_step=0.25)
    branch = dn.continue_cycles(swing, start, "F", (0, 0.4), forcing_period=2 * np.pi / 1.2)
    doubling = branch.special_points("PD")[0]
    with pytest.raises(ValueError, match="the period of the forcing changes with omega: give it as a function"):
        dn.continue_locus(swing, doubling, ("F", "omega"))
    law = {"ranges": {"F": (0.0, 0.6), "omega": (1.0, 1.5)}, "forcing_period": lambda p: 2 * np.pi / p["omega"]}
    with pytest.raises(ValueError, match="branch points of forced cycles are followed at a constant period"):
        dn.continue_locus(swing, replace(doubling, kind="branch point of cycles"), ("F", "omega"), **law)
    locus = dn.continue_locus(swing, doubling, ("F", "omega"), values={"omega": [1.3]}, **law)
    np.testing.assert_allclose(locus.periods, 2 * np.pi / locus["omega"], rtol=1e-11)
    point = locus.special_points("label")[0]
    other = dn.continue_cycles(swing, point.cycle, "F", (0.0, 0.6), forcing_period=2 * np.pi / 1.3)
    at = int(np.argmin(np.abs(other.values - point["F"])))
    assert np.abs(other.multipliers[at] + 1.0).min() < 1e-7
    with pytest.raises(ValueError, match="forcing_period= is for curves of bifurcations of cycles, not for hopf"):
        hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 50)).special_points("hopf")[0]
        dn.continue_locus(hodgkin_huxley, hopf, ("I", "g_K"), forcing_period=1.0)
