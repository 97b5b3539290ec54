"""Branches of equilibria: every published special point, completeness, and what must not change."""

from __future__ import annotations

import re

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.errors import ConvergenceError, ModelError
from dynana.models import (
    hodgkin_huxley,
    lif,
    pitchfork_normal_form,
    subcritical_pitchfork_normal_form,
    transcritical_normal_form,
    wong_wang,
)
from tests.analysis.continuation_cases import CASES, diagram, made, system

X, WIDE = {"x": (-2, 2)}, (-1, 1)


def one(formula, range_=WIDE, **options):
    """Continue a scalar equation in r."""
    options = {"ranges": X} | options
    return dn.continue_equilibria(made({"x": formula}, {"r": 0.0}), "r", range_, **options)


def places(found, kind):
    return [p["r"] for p in found.special_points(kind)]


def all_labels(found):
    return [(p.code, p[found.parameter], *p.point) for p in found.special]


@pytest.mark.parametrize("key", CASES)
def test_every_published_point_is_found_and_nothing_else(key):
    case, found = CASES[key], diagram(key)
    assert found.complete and found.special_complete, found.coverage
    for kind in ("LP", "HB", "BP"):
        known = [p for p in case["points"] if p["type"] == kind]
        mine = list(found.special_points(kind))
        if key == "lorenz" and kind == "HB":
            mine = [p for p in mine if p["x"] > 0]  # the reference lists one of the two symmetric points
        assert len(mine) == len(known), (kind, mine)
        for p in known:
            value, state = p["parameters"][case["parameter"]], list(p["state"].values())
            nearest = min(mine, key=lambda m: np.max(np.abs(m.point - state)) + abs(m[case["parameter"]] - value))
            assert nearest[case["parameter"]] == pytest.approx(value, rel=1e-10, abs=1e-10)
            np.testing.assert_allclose(nearest.point, state, rtol=1e-9, atol=1e-11)
            assert nearest.converged
            if kind == "HB":
                assert nearest.period == pytest.approx(p["hopf_period"], rel=1e-9)
                assert nearest.normal_form["l1"] == pytest.approx(p["l1"], rel=1e-6)
                assert nearest.criticality.startswith(p["criticality"])


@pytest.mark.parametrize("key", [key for key in CASES if key != "hr_r0.01"])  # that one has the points of hr_fast
def test_labels_do_not_depend_on_the_step(key):
    labels = [all_labels(diagram(key, max_step=step)) for step in (0.003, 0.03, 0.3)]
    for other in labels[1:]:
        assert [a[0] for a in labels[0]] == [b[0] for b in other]
        for a, b in zip(labels[0], other, strict=True):
            np.testing.assert_allclose(a[1:], b[1:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("key", ["hh", "ml_snic", "hr_fast"])
def test_labels_do_not_depend_on_the_unit_of_the_parameter(key):
    case = CASES[key]
    name, (low, high) = case["parameter"], case["range"]
    equations = [re.sub(rf"\b{name}\b", f"({name}/unit)", e) for e in case["equations"]]
    scaled = made(dict(zip(case["states"], equations, strict=True)), case["parameters"] | {"unit": 1})
    box = {n: tuple(pair) for n, pair in case["box"].items()}
    for unit in (1e3, 1e-3):
        found = dn.continue_equilibria(scaled.at(unit=unit), name, (low * unit, high * unit), ranges=box)
        assert found.complete and found.special_complete
        for a, b in zip(diagram(key).special, found.special, strict=True):
            assert a.code == b.code and b[name] / unit == pytest.approx(a[name], rel=1e-10)


def test_the_pitchforks_of_the_decision_model():
    found = dn.continue_equilibria(wong_wang.at(coh=0), "mu_0", (-30, 80))
    points = found.special_points("branch point")
    assert [p["mu_0"] for p in points] == pytest.approx([5.590132167937, 37.800478712180], rel=1e-11)
    assert all("pitchfork" in p.criticality and p["S1"] == pytest.approx(p["S2"], abs=1e-12) for p in points)
    assert len(found.branches) == 2 and sum(b.closed for b in found.branches) == 1
    assert found.complete and "5.59013" in found.coverage[0] and len(found.undecided) == 2


@pytest.mark.parametrize(("Delta", "K"), [(0.5, 2.0), (1.0, 3.0)])
def test_the_order_parameter_of_coupled_phases(Delta, K):
    # Ott & Antonsen (2008): R' = -Delta R + K R (1 - R^2)/2, synchrony from K = 2 Delta on
    R, D, k = (sp.Symbol(name, real=True) for name in ("R", "Delta", "K"))
    mean = dn.System({R: -D * R + k * R * (1 - R**2) / 2}, {D: Delta, k: K}, ranges={"R": (-1.2, 1.2)})
    found = dn.continue_equilibria(mean, "K", (0.1, 5.0), values={"K": [K]})
    assert [p["K"] for p in found.special_points("branch point")] == pytest.approx([2.0 * Delta], rel=1e-10)
    synchronous = max(p["R"] for p in found.special_points("label"))
    assert synchronous == pytest.approx(np.sqrt(1.0 - 2.0 * Delta / K), rel=1e-11)


def test_normal_forms_of_one_variable():
    fold = one("r + x**2")
    assert places(fold, "fold") == pytest.approx([0], abs=1e-12) and len(fold.branches) == 1
    cross = one("r*x - x**2")
    assert places(cross, "branch point") == pytest.approx([0], abs=1e-12) and len(cross.branches) == 2
    assert "transcritical" in cross.special[0].criticality and not cross.special_points("fold")
    fork = one("r*x - x**3")
    assert places(fork, "branch point") == pytest.approx([0], abs=1e-12) and len(fork.branches) == 2
    assert "pitchfork" in fork.special[0].criticality and not fork.special_points("fold")
    both = one("r*x + x**3 - x**5")
    assert places(both, "fold") == pytest.approx([-0.25, -0.25]) and len(places(both, "branch point")) == 1
    hysteresis = one("r + x - x**3")
    assert places(hysteresis, "fold") == pytest.approx([-2 / 27**0.5, 2 / 27**0.5], rel=1e-12)
    assert all(d.complete for d in (fold, cross, fork, both, hysteresis))


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        (pitchfork_normal_form, ["branch point"]),
        (transcritical_normal_form, ["branch point"]),
        (subcritical_pitchfork_normal_form, ["fold", "fold", "branch point"]),
    ],
)
def test_normal_forms_of_two_variables(model, kinds):
    found = dn.continue_equilibria(model, "mu", (-1.3, 1.9))
    assert [p.kind for p in found.special] == kinds and found.complete
    assert len(found.branches) == 2 and found.special[-1]["mu"] == pytest.approx(0, abs=1e-12)


def test_more_unknowns_than_three():
    names = ("x", "y", "z")
    rows = {n: f"-{n} + tanh(r*{n} - ({' + '.join(m for m in names if m != n)})/3)" for n in names}
    box = dict.fromkeys(names, (-1.0, 1.0))
    found = dn.continue_equilibria(made(rows, {"r": 0.0}), "r", (0.1, 0.6), ranges=box)
    assert found.complete and len(found.branches) == 1 and not found.special


def test_isolas_and_disconnected_branches_are_found_and_proved():
    isola = one("((r - 1/2)**2 + x**2 - 1/10000)*(x - 1)*(1 + x**2)")
    assert isola.complete and places(isola, "fold") == pytest.approx([0.49, 0.51], rel=1e-12)
    assert sorted(b.closed for b in isola.branches) == [False, True]
    loop = next(b for b in isola.branches if b.closed)
    np.testing.assert_allclose((loop["r"] - 0.5) ** 2 + loop["x"] ** 2, 1e-4, rtol=1e-9)
    angle = np.unwrap(np.arctan2(loop["x"], loop["r"] - 0.5))
    assert abs(angle[-1] - angle[0]) == pytest.approx(2 * np.pi, abs=1e-6)  # one lap
    apart = one("(r - 1/2 - x**2)*(-r - 1/2 - (x - 1)**2)", (-2, 2))
    assert apart.complete and len(apart.branches) == 2
    assert places(apart, "fold") == pytest.approx([-0.5, 0.5], rel=1e-12)


def test_boxes_over_five_decades_are_searched_where_the_equations_vary():
    # the Oregonator, Field & Noyes (1974), J. Chem. Phys. 60:1877: x from 1 to 50000; x = 0, and a curve that is known
    @dn.model(ranges={"x": (0, 50_000), "y": (0, 2_000), "z": (0, 30_000)})
    def oregonator(x=1.0, y=2.0, z=3.0, *, s=77.27, q=8.375e-6, w=0.161, f=1.0):
        return s * (y - x * y + x - q * x * x), (-y - x * y + f * z) / s, w * (x - z)

    found = dn.continue_equilibria(oregonator, "f", (0.8, 3))
    assert found.complete and found.boxes_examined < 3_000
    x, f = np.concatenate([[b["x"], b["f"]] for b in found.branches if b["x"].max() > 1], axis=1)
    assert np.allclose(f * (1 - x) / (1 + x) + 1 - 8.375e-6 * x, 0, atol=1e-9)


def test_two_folds_between_two_points_are_not_missed():
    close = one("r - x**3/3 + x/10000", max_step=0.3)
    assert places(close, "fold") == pytest.approx([-2e-6 / 3, 2e-6 / 3], rel=1e-8)


def test_curves_that_nearly_cross_are_told_apart():
    found = one("r*x - x**3 + 1/1000000")
    assert [p.kind for p in found.special] == ["fold"] and found.complete
    assert found.special[0]["r"] == pytest.approx(3 * 5e-7 ** (2 / 3), rel=1e-10)
    for branch in found.branches:  # neither changes sides
        assert np.all(branch["x"] > 0) or np.all(branch["x"] < 0)


def test_two_hopf_points_between_two_points_are_not_missed():
    rate, ring = "(r**2 - 1/1000000)", "(x**2 + y**2)"
    close = made({"x": f"{rate}*x - y - x*{ring}", "y": f"x + {rate}*y - y*{ring}"}, {"r": 0.0})
    found = dn.continue_equilibria(close, "r", (-1, 1.1), ranges={"x": (-2, 2), "y": (-2, 2)})
    assert [p["r"] for p in found.special_points("hopf")] == pytest.approx([-1e-3, 1e-3], rel=1e-9)


def test_a_neutral_saddle_is_not_a_hopf_point():
    saddle = made({"x": "r - x", "y": "(x - 1/2)*y + y - r*y*0 + y**3"}, {"r": 0.0})
    found = dn.continue_equilibria(saddle, "r", (0, 1), ranges={"x": (-2, 2), "y": (-0.5, 0.5)})
    spectra = found.branches[0].eigenvalues.real
    assert np.any(spectra.sum(axis=1) > 0) and np.any(spectra.sum(axis=1) < 0)
    assert not found.special


def test_stored_spectra_and_stability_are_those_of_the_points():
    found = diagram("wc_oscillating")
    kernels = dn.lower(system("wc_oscillating"))
    for branch in found.branches:
        for value, point, stored, stable in zip(
            branch.values, branch.points, branch.eigenvalues, branch.stable, strict=True
        ):
            p, rates, jacobian = kernels.p, np.empty(2), np.empty((2, 2))
            p[kernels.parameters.index("Ie")] = value
            kernels.rhs(0.0, point.copy(), p, rates)
            kernels.jacobian(0.0, point.copy(), p, jacobian)
            assert np.abs(rates).max() < 1e-12
            again = np.linalg.eigvals(jacobian)
            np.testing.assert_allclose(np.sort(again.real), np.sort(stored.real), atol=1e-12)
            assert stable == (again.real.max() < 0) or np.abs(again.real).min() < 1e-8
        at = [s.index for s in branch.special]
        for i in np.flatnonzero(np.diff(branch.stable.astype(int))):
            assert i in at or i + 1 in at
        for s in branch.special:
            assert branch.values[s.index] == s["Ie"] and s.interval[0] <= s["Ie"] <= s.interval[1]


def test_running_back_retraces():
    there = diagram("wc_oscillating").branches[0]
    back = dn.continue_equilibria(
        system("wc_oscillating"), "Ie", (-1, 4), ranges={"E": (-0.1, 0.6), "J": (-0.1, 0.6)},
        start=dict(zip(("E", "J"), there.points[-1].tolist(), strict=True)) | {"Ie": float(there.values[-1])},
    )  # fmt: skip
    assert len(back.branches) == 1 and not back.complete and "start" in back.coverage[0]
    for a, b in zip(all_labels(back), all_labels(diagram("wc_oscillating")), strict=True):
        assert a[0] == b[0] and a[1:] == pytest.approx(b[1:], rel=1e-10)


def test_a_special_point_starts_another_continuation():
    hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")[0]
    other = dn.continue_equilibria(hodgkin_huxley, "g_K", (30, 40), start=hopf)
    assert other.parameters["I"] == hopf["I"]
    assert [p["g_K"] for p in other.special_points("HB")] == pytest.approx([hopf["g_K"]], rel=1e-9)


def test_labels_and_test_functions():
    found = one("r + x - x**3", values={"r": [0, 0.2], "x": [0.5]}, test_functions={"sum": lambda v: v["x"] + v["r"]})
    at_zero = [p["x"] for p in found.special_points("label") if p.name == "r = 0"]
    assert at_zero == pytest.approx([-1, 0, 1], abs=1e-12)
    assert [p["r"] for p in found.special_points("label") if p.name == "x = 0.5"] == pytest.approx([-0.375])
    for p in found.special_points("user"):
        assert p.name == "sum" and p["x"] + p["r"] == pytest.approx(0, abs=1e-12)


def test_stops_are_named():
    branch = one("r + x - x**3", ranges={"x": (-0.8, 2)}).branches[0]
    assert {stop.reason for stop in branch.stops} == {"end of range", "leaves the box"}
    assert "ranges=" in next(s for s in branch.stops if s.reason == "leaves the box").message
    assert branch["x"].min() == -0.8


def test_kinks_are_passed_or_named():
    bent = one("r - x + Abs(x - 1/2)/2")
    assert bent.complete and places(bent, "kink") == pytest.approx([0.5], abs=1e-8)
    assert [s.reason for s in bent.branches[0].stops] == ["end of range", "end of range"]
    for step in (None, 0.2, 0.1, 0.05, 0.02, 0.013):
        corner = one("r - x + 2*Abs(x - 1/2)", **({} if step is None else {"max_step": step}))
        assert len(corner.branches) == 1 and places(corner, "kink") == pytest.approx([0.5], abs=1e-8)
    # a graph over x all the same; a fold there would have no second derivative
    assert corner.complete and not corner.special_complete and "kink" in corner.coverage[2]

    @dn.model(ranges={"x": (-2, 2)})
    def jumping(x=0.0, *, r=0.0):
        return r - x + dn.where(x > 0.5, 1.0, 0.0)

    broken = dn.continue_equilibria(jumping, "r", (-1, 1))
    assert len(broken.branches) == 2 and not broken.complete
    stops = [s for b in broken.branches for s in b.stops if s.reason == "step too small"]
    assert len(stops) == 2 and all("jump" in s.message or "kink" in s.message for s in stops)


def test_nan_on_the_way_ends_a_branch_and_keeps_it():
    root = one("r - sqrt(x)")
    stop = next(s for b in root.branches for s in b.stops if s.reason == "step too small")
    assert "not finite" in stop.message or "fails" in stop.message
    assert root.branches[0]["r"].max() == 1.0 and not root.complete


def test_equilibria_of_a_jump_model():
    found = dn.continue_equilibria(lif, "I", (0, 30))
    branch = found.branches[0]
    assert branch.stable[0] != branch.stable[-1]  # beyond the threshold nothing rests


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Ie", (1, 0)), "reversed"),
        (("Ie", (1, 1)), "empty"),
        (("Ie", 3), "pair"),
        (("Ie", (0, float("inf"))), "finite"),
        (("Iee", (0, 1)), "did you mean"),
        (("E", (0, 1)), "freeze"),
    ],
)
def test_bad_parameter_or_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        dn.continue_equilibria(system("wc_default"), *arguments, ranges={"E": (0, 1), "J": (0, 1)})


def test_bad_options():
    with pytest.raises(ValueError, match="does not enter"):
        dn.continue_equilibria(made({"x": "r - x"}, {"r": 0.0, "q": 1.0}), "q", (0, 1), ranges=X)
    with pytest.raises(ValueError, match="no range is known"):
        dn.continue_equilibria(made({"x": "r - x**3"}, {"r": 0.0}), "r", (0, 1))
    for options in (
        {"max_step": 0},
        {"values": {"q": [1]}},
        {"values": {"r": [7]}},
        {"test_functions": {"f": 3}},
        {"start": {"y": 1}},
        {"ranges": {"y": (0, 1)}},
    ):
        with pytest.raises(ValueError):
            one("r - x", **options)
    with pytest.raises(ModelError, match="freeze"):
        dn.continue_equilibria(made({"x": "r - x + sin(t)"}, {"r": 0.0}), "r", (0, 1), ranges=X)


def test_no_equilibrium_says_so():
    with pytest.raises(ConvergenceError, match=r"proved.*smallest rate of change found is 1"):
        one("1 + x**2 + r**2")
    line = made({"x": "y - r", "y": "r - y"}, {"r": 0.0})
    with pytest.raises(ConvergenceError, match="fill a surface"):
        dn.continue_equilibria(line, "r", WIDE, ranges={"x": (-1, 1), "y": (-1, 1)})
    with pytest.raises(ConvergenceError, match="not an equilibrium"):
        one("r - x", start={"x": 1.5, "r": 0.0})
