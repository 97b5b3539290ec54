"""Test functions of the user: what is refused at the beginning, and what is said where they have no value."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

import dynana as dn
from dynana.analysis.user_functions import UserFunction
from tests.analysis import cycle_cases as known

BOX = {"x": (-2, 2), "y": (-2, 2)}


@dn.model(ranges={"x": (-2, 2)})
def line(x=0.0, *, r=0.0, q=1.0):
    """One equilibrium, x = r."""
    return q * (r - x)


def over_line(function, **options):
    return dn.continue_equilibria(line, "r", (-1, 1), test_functions={"f": function}, **options)


def places(found):
    return [point["r"] for point in found.special_points("user")]


MISTAKES = [
    (lambda v: v["y"], r"raises KeyError: 'y' at r = 0; it is given a mapping with states and parameters \(x, r, q\)"),
    (lambda v: None, "returns None at r = 0"),
    (lambda v: v["x"] > 0.5, "returns False, which has no sign"),
    (lambda v: np.bool_(True), "returns True, which has no sign"),
    (lambda v: np.array([v["x"], 1.0]), r"returns an array of shape \(2,\)"),
    (lambda v: np.array([v["x"]]), r"returns an array of shape \(1,\)"),
    (lambda v: cmath.sqrt(v["x"] + 1), "returns a complex number"),
    (lambda v: "x", "returns a str"),
    (lambda: 0.0, "raises TypeError: .* takes 0 positional arguments"),
]


@pytest.mark.parametrize(("function", "message"), MISTAKES)
def test_mistakes_are_refused_before_any_work(function, message):
    with pytest.raises(ValueError, match=rf"test_functions\['f'\] {message}.*must return a real number that changes"):
        over_line(function)


def test_the_error_of_the_function_is_kept():
    with pytest.raises(ValueError) as caught:
        over_line(MISTAKES[0][0])
    assert isinstance(caught.value.__cause__, KeyError)
    undefined = over_line(lambda v: 1 / v["r"])  # at the first place, r = 0, but that is no mistake
    assert places(undefined) == [] and undefined.complete


def fails_above(value, how):
    def function(v):
        if v["x"] > value:
            return how(v)
        return v["x"] - 0.25

    return function


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda v: math.nan, "it is nan for r from 0.5"),
        (lambda v: -math.inf, "it is -inf for r from 0.5"),
        (lambda v: None, "it returns None for r from 0.5"),
        (lambda v: (-1.0) ** 0.5, "it returns a complex number for r from 0.5"),
        (lambda v: np.zeros(2), r"it returns an array of shape (2,) for r from 0.5"),
        (lambda v: v["z"], "it raises KeyError: 'z' for r from 0.5"),
        (lambda v: 1 / 0, "it raises ZeroDivisionError: division by zero for r from 0.5"),
        (lambda v: np.float64(-1.0) / np.float64(0.0), "it is -inf for r from 0.5"),
    ],
)
def test_half_way_everything_is_returned_and_the_places_are_said(how, said):
    found = over_line(fails_above(0.5, how))
    assert places(found) == pytest.approx([0.25], abs=1e-12)
    assert found.complete and found.branches[0]["r"].tolist()[:: len(found.branches[0]) - 1] == [-1.0, 1.0]
    sentence = found.coverage[-1]
    assert "the test function 'f' has no value at " in sentence and said in sentence
    assert "zeros among them are not known" in str(found)


def test_zeros_next_to_places_without_value_are_found():
    """The last zero of a function before it ends, in the step in which it ends."""
    edge = 0.4321
    for zero in (edge - 1e-3, edge - 1e-2):
        found = over_line(lambda v, zero=zero: v["x"] - zero if v["x"] < edge else math.nan, max_step=0.1)
        assert places(found) == pytest.approx([zero], abs=1e-12)


def test_sign_changes_through_no_value_are_no_zeros():
    found = over_line(lambda v: math.nan if 0.1 < v["x"] < 0.2 else v["x"] - 0.15)
    assert places(found) == [] and "it is nan for r from 0.1" in found.coverage[-1]
    found = over_line(lambda v: math.log(abs(v["x"])) + 1.0)  # not even at one point, where r = 0
    assert places(found) == pytest.approx([-1 / math.e, 1 / math.e], rel=1e-12)
    found = over_line(lambda v: math.nan)
    assert "has no value at any of the" in found.coverage[-1] and len(found.branches[0]) > 20


def test_poles_are_no_zeros_and_steps_are():
    assert places(over_line(lambda v: 1.0 / (v["x"] - 0.3))) == []
    assert places(over_line(lambda v: math.tan(2 * v["x"]))) == pytest.approx([0.0], abs=1e-12)
    assert places(over_line(lambda v: math.copysign(1.0, v["x"] - 0.3))) == pytest.approx([0.3], abs=1e-12)


def test_numbers_of_any_type_and_zeros_at_the_ends():
    assert places(over_line(lambda v: np.float32(v["x"] - 0.25))) == pytest.approx([0.25], abs=1e-7)
    assert places(over_line(lambda v: np.array(v["x"] - 0.25))) == pytest.approx([0.25], abs=1e-12)
    assert places(over_line(lambda v: (v["r"] - 1.0) * (v["r"] + 1.0))) == [-1.0, 1.0]


def test_reasons_are_few_and_short():
    asked = UserFunction("f", lambda v: {}[v["long" * 50]], ("r",), "a mapping")
    assert math.isnan(asked.value({}, [1.0]))
    asked.function = lambda v: [][0]
    asked.value({}, [2.0])
    for i in range(4):
        asked.function = lambda v, i=i: {}[i]
        asked.value({}, [3.0])
    (said,) = asked.remarks()
    assert "and 3 more reasons" in said and len(said) < 400
    asked = UserFunction("f", lambda v: 1.0, ("r",), "a mapping")
    asked.value({}, [1.0])
    assert asked.remarks() == ()


# -- cycles ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hopf():
    return dn.continue_equilibria(known.folded, "mu", (-0.5, 0.7), ranges=BOX).special_points("hopf")[0]


def over_cycles(hopf, function):
    return dn.continue_cycles(known.folded, hopf, "mu", test_functions={"f": function}, progress=False)


def test_functions_of_cycles(hopf, tmp_path):
    for function, message in (
        (lambda c: c.maxima, r"returns an array of shape \(2,\) at mu = .*it is given a Cycle"),
        (lambda c: c.maximum, "raises AttributeError: 'Cycle' object has no attribute 'maximum'"),
        (lambda c: None, "returns None"),
    ):
        with pytest.raises(ValueError, match=rf"test_functions\['f'\] {message}"):
            over_cycles(hopf, function)
    # r^2 - r^4 = -mu on the circle of radius r: a maximum of 0.5 at mu = -3/16
    whole = over_cycles(hopf, lambda c: c.maxima[0] - 0.5)
    for how, said in (
        (lambda c: None, "it returns None for mu from -0.25 to 0.7"),
        (lambda c: [][0], "it raises IndexError: list index out of range for mu from"),
        (lambda c: math.nan, "it is nan for mu from"),
    ):
        found = over_cycles(hopf, lambda c, how=how: how(c) if c.maxima[0] > 0.505 else c.maxima[0] - 0.5)
        assert [p["mu"] for p in found.special_points("user")] == pytest.approx([-0.1875], abs=1e-9)
        assert found.values[-1] == whole.values[-1] and [s.reason for s in found.stops] == ["hopf", "end of range"]
        assert "the test function 'f' has no value at " in found.origin and said in found.origin
    assert dn.load(found.save(tmp_path / "branch.npz")).origin == found.origin
    assert "the test function" not in whole.origin
    assert not over_cycles(hopf, lambda c: 1 / (c.maxima[0] - 0.5)).special_points("user")


# -- two parameters --------------------------------------------------------------------------------------------------


@dn.model(ranges={"x": (-2, 2)})
def fold(x=0.0, *, a=0.0, b=0.0):
    """Folds where b = 3 x^2."""
    return a + b * x - x**3


def over_locus(function):
    start = dn.continue_equilibria(fold.at(b=1.0), "a", (-1, 1)).special_points("fold")[0]
    ranges = {"a": (-1, 1), "b": (-0.5, 1.5)}
    return dn.continue_locus(fold, start, ("a", "b"), ranges=ranges, test_functions={"f": function})


def test_functions_on_curves_of_bifurcations():
    found = over_locus(lambda v: math.sqrt(v["x"]) - 0.5)
    assert [p["b"] for p in found.special_points("user")] == pytest.approx([3 / 16], rel=1e-10)
    assert "it raises ValueError" in found.origin and ", b from " in found.origin
    with pytest.raises(ValueError, match=r"raises KeyError: 'c' at a = .*, b = .*; it is given a mapping with states"):
        over_locus(lambda v: v["c"])


def test_functions_on_curves_of_bifurcations_of_cycles():
    hopf = dn.continue_equilibria(known.folded, "mu", (-0.5, 0.7), ranges=BOX).special_points("hopf")[0]
    lpc = dn.continue_cycles(known.folded, hopf, "mu", progress=False).special_points("LPC")[0]
    ranges = {"mu": (-0.5, 0.7), "omega": (0.5, 3.0)}

    def over(function):
        return dn.continue_locus(known.folded, lpc, ("mu", "omega"), ranges=ranges, test_functions={"f": function})

    found = over(lambda v: v["period"] - math.pi if v["omega"] > 0.8 else None)
    assert [p["omega"] for p in found.special_points("user")] == pytest.approx([2.0], rel=1e-9)
    assert "it returns None for mu = -0.25, omega from 0.5" in found.origin
    with pytest.raises(ValueError, match=r"raises KeyError: 'x' at mu = -0.25, omega = 1; it is given a mapping with "):
        over(lambda v: v["x"])
