"""Curves of equilibria where they leave the box, touch its border, or pass beside kinks of the equations."""

import pytest

import dynana as dn
from tests.analysis.continuation_cases import made

X = {"x": (-2, 2)}


def one(formula, range_=(-1, 1), **options):
    """Continue a scalar equation in r."""
    options = {"ranges": X} | options
    return dn.continue_equilibria(made({"x": formula}, {"r": 0.0}), "r", range_, **options)


@pytest.mark.parametrize("low", [-5e-4, -1e-6, -1.0, 0.0])
def test_branch_points_at_the_border_of_the_box_do_not_break_curves(low):
    # x = 0 and x = r cross at the corner of what is asked for, or next to it
    found = one("x*(r - x)", (low, 5.0), ranges={"x": (0.0, 10.0)})
    ends = sorted((round(b.points[0, 0], 9), round(b.points[-1, 0], 9)) for b in found.branches)
    assert ends == [(0.0, 0.0), (0.0, 5.0)] or ends == [(0.0, 0.0), (5.0, 0.0)]
    assert [len(b) > 10 for b in found.branches] == [True, True]


def test_half_a_pitchfork_ends_at_the_branch_point_and_has_no_fold():
    found = one("x*(r - x**2)", ranges={"x": (0.0, 1.5)})
    assert [s.code for s in found.special] == ["BP"] and len(found.branches) == 2
    (half,) = [b for b in found.branches if b.values.min() > -0.5]
    assert half.points[[0, -1], 0].tolist() == pytest.approx([0.0, 1.0]) and half.values.min() == pytest.approx(0.0)


def test_zero_is_zero_in_sentences():
    assert "r from 0 to 1 (" in str(one("r - x**2", (-1.0, 1.0)))


def test_equations_with_a_kink_have_normal_forms_beside_it():
    # Hopf point at the origin, l1 = -2 in the convention 2 Re c1 with x + iy; fold a = -1; the kinks are elsewhere
    turning = made({"x": "r*x - y - x*(x*x + y*y) + Max(x - 1/2, 0)", "y": "x + r*y - y*(x*x + y*y)"}, {"r": 0.0})
    (hopf,) = dn.continue_equilibria(turning, "r", (-1, 0.2), ranges=X | {"y": (-2, 2)}).special_points("hopf")
    assert hopf.normal_form["l1"] == pytest.approx(-2.0) and hopf.criticality.startswith("supercritical")
    folded = one("r - x**2 + Max(x - 1/2, 0)", (-0.5, 0.2), ranges={"x": (-1, 0.75)})
    assert [p.normal_form["a"] for p in folded.special_points("fold")] == pytest.approx([-1.0])
    assert one("r - Max(x, 0) - Max(-x, 0)").special_points("kink")[0].normal_form == {}


def test_labels_may_be_asked_for_at_the_ends():
    found = one("r - x**3 - x", values={"r": [-1, 0, 1]})
    assert [p["r"] for p in found.special_points("label")] == pytest.approx([-1.0, 0.0, 1.0], abs=1e-15)
    assert one("r**2 + x**2 - 1", (-2, 2), values={"r": [0.0]}).branches[0].closed
