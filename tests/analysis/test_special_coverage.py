"""Folds and Hopf points are proved complete, and what is not proved is named."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.models import fitzhugh_nagumo, lif, wang_buzsaki, wong_wang
from tests.analysis.continuation_cases import made

X = {"x": (-2.0, 2.0)}
PLANE = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
WIDE = (-1.0, 1.1)


def scalar(formula, range_=WIDE, **options):
    return dn.continue_equilibria(made({"x": formula}, {"r": 0.0}), "r", range_, ranges=X, **options)


def rotating(rate, range_=WIDE, **options):
    """Continue a focus whose pair of eigenvalues is rate + i, rate - i."""
    ring = "(x**2 + y**2)"
    rows = {"x": f"({rate})*x - y - x*{ring}", "y": f"x + ({rate})*y - y*{ring}"}
    return dn.continue_equilibria(made(rows, {"r": 0.0}), "r", range_, ranges=PLANE, **options)


def test_the_sentence_of_the_issue():
    found = dn.continue_equilibria(dn.models.hodgkin_huxley, "I", (0, 200))
    assert found.coverage[0].startswith("all equilibria for I in [0, 200]") and "proved" in found.coverage[0]
    assert found.coverage[1].startswith("all folds and Hopf points: proved")
    assert found.special_complete and found.pieces_examined > 0 and found.special_undecided.shape == (0, 5, 2)


@pytest.mark.parametrize("close", [1e-3, 1e-5])
def test_pairs_far_closer_than_a_step_are_not_missed(close):
    square = f"1/{round(close**-2)}"
    hopf = rotating(f"r**2 - {square}", max_step=1.0)
    assert [p["r"] for p in hopf.special_points("hopf")] == pytest.approx([-close, close], rel=1e-8)
    folds = scalar(f"r - (x - 1/3)**3/3 + (x - 1/3)*{square}", max_step=1.0)
    at = sorted(p["x"] - 1 / 3 for p in folds.special_points("fold"))  # their values differ by far less than rounding
    assert at == pytest.approx([-close, close], rel=1e-5)
    assert hopf.special_complete and folds.special_complete


def test_a_point_that_the_trace_has_missed_is_located(monkeypatch):
    from dynana.analysis import equilibrium_points

    monkeypatch.setattr(equilibrium_points, "crossings", lambda values, used: [])  # a trace that sees nothing
    found = rotating("r**2 - 1/100")
    assert [p["r"] for p in found.special_points("hopf")] == pytest.approx([-0.1, 0.1], rel=1e-10)
    assert found.special_complete and all(p.converged for p in found.special)
    branch = found.branches[0]
    assert np.all(np.diff(branch["r"]) > 0)
    assert [p["r"] for p in branch.special] == [branch["r"][p.index] for p in branch.special]


def test_a_label_that_the_proof_refutes_is_named(monkeypatch):
    from dynana.analysis import equilibrium_results

    wrong = [("fold", np.array([0.25, 0.25]))]
    monkeypatch.setattr(equilibrium_results, "special_places", lambda traces, kinds, scales: wrong)
    found = scalar("r - x")
    assert found.complete and not found.special_complete
    assert "not confirmed: the fold at r in [0.25, 0.25]" in found.coverage[-1]


def test_branch_points_leave_small_boxes():
    found = dn.continue_equilibria(wong_wang.at(coh=0), "mu_0", (-30, 80))
    assert found.special_complete and "around the branch points" in found.coverage[1]
    assert len(found.special_points("fold")) == 4


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (lambda: scalar("r - x**3"), "degenerate"),
        (lambda: rotating("r**2"), "degenerate"),
        (lambda: rotating("r", (0, 1.1)), "edge of the range"),
        (lambda: scalar("r - x + Abs(x - 1/2)/2"), "kink"),
        (
            lambda: dn.continue_equilibria(
                made({"x": "x*(r - y)", "y": "y*(x - 1)"}, {"r": 1.0}),
                "r",
                (0.5, 2),
                ranges={"x": (0.1, 3), "y": (0.1, 3)},
            ),
            "stay critical",
        ),
    ],
)
def test_what_is_not_proved_is_named(found, reason):
    diagram = found()
    assert diagram.complete and not diagram.special_complete
    assert len(diagram.special_points("hopf")) == int("edge" in reason)  # located there, whatever is proved
    assert "not proved" in diagram.coverage[1] and reason in diagram.coverage[2]
    assert len(diagram.special_undecided) and diagram.special_undecided.shape[1:] == (len(diagram.states) + 1, 2)


def test_the_budget_is_stated_when_it_is_spent(monkeypatch):
    from dynana.analysis import special_coverage

    monkeypatch.setattr(special_coverage, "BUDGET", 5)
    found = scalar("r + x - x**3")
    assert not found.special_complete and any("budget" in line for line in found.coverage)
    assert len(found.special_points("fold")) == 2  # what the trace finds is there all the same


def test_systems_without_a_proof_say_so(monkeypatch):
    from dynana.analysis import special_coverage

    monkeypatch.setattr(special_coverage, "MOST_STATES", 1)
    found = dn.continue_equilibria(fitzhugh_nagumo, "I", (0, 2))
    assert found.complete and not found.special_complete and found.pieces_examined == 0
    assert "no proof of completeness was tried (more than 1 states)" in found.coverage[1]


def test_other_kinds_of_models():
    jumping = dn.continue_equilibria(lif, "I", (0, 30))
    assert jumping.special_complete and not jumping.special
    defective = made({"x": "r - x", "y": "x - y", "z": "y - z - z**3/10"}, {"r": 0.0})
    found = dn.continue_equilibria(defective, "r", WIDE, ranges=dict.fromkeys("xyz", (-2.0, 2.0)))
    assert found.special_complete
    snic = dn.continue_equilibria(wang_buzsaki, "I", (-1, 5))
    assert snic.special_complete and [p.code for p in snic.special] == ["LP"]


def test_saved_with_what_is_proved(tmp_path):
    found = scalar("r - x**3")
    again = type(found).load(found.save(tmp_path / "diagram"))
    assert again.special_complete == found.special_complete and again.pieces_examined == found.pieces_examined
    np.testing.assert_array_equal(again.special_undecided, found.special_undecided)


def test_the_face_through_which_a_branch_leaves_is_named():
    found = dn.bifurcation_diagram(
        made({"x": "r + x - x**3", "y": "x - y"}, {"r": 0.0}), "r", (-1, 1), ranges={"x": (-1.2, 0.9)}
    )
    assert any("leaves the box at r = -0.528, x = -1.2: give a wider range" in line for line in found.coverage)
    line = next(line for line in found.coverage if "stable cycle is known" in line)
    assert "in the box x in [-1.2, 0.9], which branches leave through its face x =" in line
    assert "its face x = -1.2 at r = -0.528" in line and "its face x = 0.9 at r = -0.171" in line


def test_what_is_zero_by_symmetry_is_shown_as_zero():
    system = wong_wang.at(coh=0.064)
    fold = dn.continue_equilibria(system, "mu_0", (0, 30)).special_points("fold")[0]
    locus = dn.continue_locus(system, fold, ("mu_0", "coh"), ranges={"mu_0": (-40, 100), "coh": (-1, 1)})
    cusp = locus.special_points("cusp")[0]
    assert "coh = 0 (" in cusp.sentence and abs(cusp["coh"]) < 1e-13


@dn.model
def predators(x=1.0, y=0.5, *, K=3.0, h=0.5, e=0.8, m=0.4):
    """Rosenzweig & MacArthur (1963), Am. Nat. 97, in their usual form with a saturating functional response."""
    eaten = x / (1 + h * x)
    return x * (1 - x / K) - eaten * y, e * eaten * y - m * y


@pytest.mark.parametrize("lowest", [-1.0, -0.5, 0.0])
def test_a_state_that_is_zero_along_a_whole_curve(lowest):
    found = dn.continue_equilibria(predators, "K", (0.1, 10), ranges={"x": (-0.3, 12), "y": (lowest, 10)})
    crossing = 0.4 / (0.8 - 0.5 * 0.4)  # where the predators can live, and the prey's number in their presence
    assert found.special_points("branch point")[0]["K"] == pytest.approx(crossing, rel=1e-10)
    assert found.special_points("hopf")[0]["K"] == pytest.approx(2 * crossing + 1 / 0.5, rel=1e-10)
    assert len(found.special) == 2 and found.special_complete and found.pieces_examined < 500


@dn.model
def switch(u=1.0, v=1.0, *, a=2.0, n=2.0):
    """Gardner, Cantor & Collins (2000), Nature 403:339-342, symmetric, with the exponent as a parameter."""
    return a / (1 + v**n) - u, a / (1 + u**n) - v


def test_exponents_that_are_parameters():
    """Hill functions have derivatives where their argument is zero, whatever way sympy writes them."""
    found = dn.continue_equilibria(switch, "a", (0, 5), ranges={"u": (-1, 6), "v": (-1, 6)})
    pitchfork = found.special_points("branch point")[0]  # u = v = a/(1 + u^n) with n u^n = 1 + u^n
    assert (pitchfork["a"], pitchfork["u"]) == pytest.approx((2.0, 1.0), rel=1e-10)
    assert found.complete and found.special_complete
    origin = dn.fixed_points(switch.at(a=0), u=(-1, 6), v=(-1, 6))
    assert origin.complete and len(origin) == 1
    assert np.allclose(origin[0].point, 0, atol=1e-12) and np.allclose(origin[0].eigenvalues, -1)


def test_eigenvalues_that_stay_near_the_axis():
    """Of one equilibrium of Rossler's equations a pair has real parts of -1e-4 to -1e-5 wherever it is in the box."""
    found = dn.continue_equilibria(dn.models.rossler, "c", (1, 10))
    assert found.complete and found.special_complete and not found.special and found.pieces_examined < 2000
    outer = next(b for b in found.branches if b["z"].max() > 5)
    pairs = outer.eigenvalues[np.abs(outer.eigenvalues.imag) > 0.1]
    assert 0 < np.abs(pairs.real).max() < 2e-4
