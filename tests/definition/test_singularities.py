"""Removable singularities are found and removed, nothing else is touched, and values never change."""

import time

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dynana as dn
from dynana.definition.singularities import regularise, switching_surfaces
from dynana.definition.special import bern, exprel, logistic, maximum, minimum

#: Digits of the oracle; values of both forms are compared to half of them.
DIGITS = 60
SAME = sp.Float(10, DIGITS) ** (-DIGITS // 2)
#: Distance from the singular point where the oracle takes the limit: the error of the limit is of this order.
NEAR = sp.Rational(1, 10**25)
LIMIT = sp.Float(10, DIGITS) ** -20

V, VT, k, a, b, d, x, F = sp.symbols("V V_T k a b d x F", real=True)
exp, R = sp.exp, sp.Rational
u = V + 60


def linoid(c, s, sign=1):
    """Return c s/(exp(s) - 1)."""
    return c * s / (exp(s) - 1)


AM = R("0.32") * (R("13.1") - u) / (exp((R("13.1") - u) / 4) - 1)
BM = R("0.28") * (u - R("40.1")) / (exp((u - R("40.1")) / 5) - 1)
HH = R("0.1") * (V + 40) / (1 - exp(-(V + 40) / 10))
WW = (a * x - b) / (1 - exp(-d * (a * x - b)))

# name: (expression, variable, values at which it is 0/0)
REMOVABLE = {
    "hodgkin-huxley m": (HH, V, [-40]),
    "hodgkin-huxley n": (R("0.01") * (V + 55) / (1 - exp(-(V + 55) / 10)), V, [-55]),
    "numerator split": (R("0.1") * V / (1 - exp(-V / 10 - 4)) + 4 / (1 - exp(-V / 10 - 4)), V, [-40]),
    "times open gates": (a * (1 - x) * HH - b * x * 4, V, [-40]),
    "wang-buzsaki m": (R("-0.1") * (V + 35) / (exp(R("-0.1") * (V + 35)) - 1), V, [-35]),
    "connor-stevens m": (R("0.38") * (V + R("29.7")) / (1 - exp(-(V + R("29.7")) / 10)), V, [R("-29.7")]),
    "connor-stevens n": (R("0.02") * (V + R("45.7")) / (1 - exp(-(V + R("45.7")) / 10)), V, [R("-45.7")]),
    "traub-miles m": (R("0.32") * (13 - V + VT) / (exp((13 - V + VT) / 4) - 1), V, [VT + 13]),
    "traub-miles m closing": (R("0.28") * (V - VT - 40) / (exp((V - VT - 40) / 5) - 1), V, [VT + 40]),
    "traub-miles n": (R("0.032") * (15 - V + VT) / (exp((15 - V + VT) / 5) - 1), V, [VT + 15]),
    "pinsky-rinzel m": (AM, V, [R("-46.9")]),
    "pinsky-rinzel m closing": (BM, V, [R("-19.9")]),
    "pinsky-rinzel n": (R("0.016") * (R("35.1") - u) / (exp((R("35.1") - u) / 5) - 1), V, [R("-24.9")]),
    "pinsky-rinzel s closing": (R("0.02") * (u - R("51.1")) / (exp((u - R("51.1")) / 5) - 1), V, [R("-8.9")]),
    "pinsky-rinzel m steady": (AM / (AM + BM), V, [R("-46.9"), R("-19.9")]),
    "squared steady state": ((AM / (AM + BM)) ** 2, V, [R("-46.9"), R("-19.9")]),
    "wong-wang": (WW, x, [b / a]),
    "wong-wang expanded": (sp.expand(a * x - b) / (1 - exp(sp.expand(-d * (a * x - b)))), x, [b / a]),
    "wong-wang numbers": ((270 * x - 108) / (1 - exp(-R("0.154") * (270 * x - 108))), x, [R("0.4")]),
    "mainen": (R("0.182") * (V - VT) / (1 - exp(-(V - VT) / k)), V, [VT]),
    "goldman-hodgkin-katz": (V * (a - b * exp(-V / k)) / (1 - exp(-V / k)), V, [0]),
    "goldman-hodgkin-katz, z = 2": (4 * V * F**2 * (a * exp(2 * V * F / k) - b) / (exp(2 * V * F / k) - 1), V, [0]),
    "split exponential": ((V + 40) / (1 - exp(-4) * exp(-V / 10)), V, [-40]),
    "two exponentials": ((V + 40) / (exp(V / 10) - exp(-4)), V, [-40]),
    "difference of exponentials": ((V + 40) / (exp(V / 20 + 2) - exp(-V / 20 - 2)), V, [-40]),
    "exponential above": ((V + 40) * exp(V / 10 + 4) / (exp(V / 10 + 4) - 1), V, [-40]),
    "numeric factors": ((V - 10 * sp.log(3)) / (6 - 2 * exp(V / 10)), V, [10 * sp.log(3)]),
    "coth": ((V + 40) * sp.coth((V + 40) / 20), V, [-40]),
    "tanh below": ((V + 40) / sp.tanh((V + 40) / 20), V, [-40]),
    "tanh above": (sp.tanh((V + 40) / 20) / (V + 40), V, [-40]),
    "sinh below": ((V + 40) / sp.sinh((V + 40) / 20), V, [-40]),
    "sinh above": (sp.sinh((V + 40) / 20) / (V + 40), V, [-40]),
    "double zero over double zero": ((V + 40) ** 2 / (1 - exp(-(V + 40) / 10)) ** 2, V, [-40]),
    "double zero over zero": ((V + 40) ** 2 / (1 - exp(-(V + 40) / 10)), V, [-40]),
    "hidden zero": ((V**2 + 41 * V + 40) / (1 - exp(-(V + 40) / 10)), V, [-40]),
    "relative exponential": ((exp(V / 3) - 1) / V, V, [0]),
    "reciprocal of one": (1 / ((exp(V) - 1) / V), V, [0]),
    "exponentials above and below": ((exp(V + 40) - 1) / (1 - exp(-(V + 40) / 10)), V, [-40]),
    "linear over linear": ((V + 40) / (V / 10 + 4), V, [-40]),
    "inside another function": (exp(-HH) * sp.sqrt(1 + HH), V, [-40]),
    "inside a choice": (sp.Piecewise((HH, V < -20), (1, True)), V, [-40]),
    "once differentiated": (sp.diff(HH, V), V, [-40]),
    "twice differentiated": (sp.diff(HH, V, 2), V, [-40]),
    "differentiated by hand": (sp.expand_mul(sp.diff(AM, V)), V, [R("-46.9")]),
}

HARMLESS = {
    "sigmoid": 1 / (1 + exp(-(V + 35) / 10)),
    "four sigmoids": 4 / (1 + exp((40 - u) / 5)) ** 4,
    "slope of a sigmoid": exp(-V) / (1 + exp(-V)) ** 2,
    "softmax": exp(V) / (exp(V) + exp(x)),
    "hyperbolic": sp.tanh(V) / sp.cosh(V),
    "polynomial": V**3 / (1 + V**2),
    "other functions": sp.sin(V) * exp(-V / 3) + sp.atan(V),
}


def value(expression, **point):
    """Return an expression at a point with many digits."""
    numbers = {s: sp.sympify(point[s.name]) for s in expression.free_symbols}
    number = expression.xreplace(numbers).evalf(DIGITS, maxn=1000)
    assert number.is_Float or number.is_Integer, f"{expression} is {number}"
    return sp.Float(number, DIGITS)


PARAMETERS = {"V_T": R(-63), "k": R(9, 2), "a": R(270), "b": R(108), "d": R(2, 13), "F": R(7, 3), "x": R(1, 3)}


def at(expression, variable, place, shift=0):
    place = sp.sympify(place).xreplace({s: PARAMETERS[s.name] for s in (VT, a, b)})
    return value(expression, **{**PARAMETERS, variable.name: place + shift})


@pytest.mark.parametrize("name", REMOVABLE)
class TestRemovable:
    def test_finite_at_the_singular_point_and_equal_to_the_limit(self, name):
        expression, variable, places = REMOVABLE[name]
        regular, _ = regularise(expression)
        for place in places:
            limit = (at(expression, variable, place, NEAR) + at(expression, variable, place, -NEAR)) / 2
            assert abs(at(regular, variable, place) - limit) <= LIMIT * max(1, abs(limit))

    def test_derivatives_are_regular_too(self, name):
        expression, variable, places = REMOVABLE[name]
        regular, _ = regularise(expression)
        for order in (1, 2, 3):
            slope = sp.diff(regular, variable, order)
            for place in places:
                right, left = (at(slope, variable, place, shift) for shift in (NEAR, -NEAR))
                assert abs(at(slope, variable, place) - (left + right) / 2) <= LIMIT * max(1, abs(left))

    def test_notes_name_the_place_and_no_pole(self, name):
        expression, variable, places = REMOVABLE[name]
        _, notes = regularise(expression, frozenset({variable}))
        removed = [n for n in notes if n.kind == "removable singularity"]
        assert len(removed) == len(places)
        for place in places:
            assert any(sp.simplify(n.place.subs(variable, place)) == 0 for n in removed)
        assert not [n for n in notes if n.kind in ("pole", "possible pole")]

    def test_idempotent(self, name):
        regular, _ = regularise(REMOVABLE[name][0])
        again, notes = regularise(regular)
        assert again == regular
        assert not [n for n in notes if n.kind == "removable singularity"]


@given(st.sampled_from(sorted(REMOVABLE)), st.fractions(-90, 60), st.fractions(-3, 3), st.fractions(1, 5))
@settings(max_examples=150, deadline=None)
def test_value_is_preserved(name, voltage, parameter, scale):
    expression, _, _ = REMOVABLE[name]
    regular, _ = regularise(expression)
    point = {s.name: R(scale) if s in (k, d, F) else R(parameter) for s in (VT, k, a, b, d, x, F)}
    point["V"] = R(voltage)
    denominators = [p.base for p in expression.atoms(sp.Pow) if p.exp.is_negative]
    assume(all(abs(value(q, **point)) > 0 for q in denominators if q.free_symbols))
    before = value(expression, **point)
    assert abs(value(regular, **point) - before) <= SAME * max(1, abs(before))


zeros = st.fractions(-60, 60, max_denominator=40)
slopes = st.fractions(-3, 3, max_denominator=40).filter(lambda q: abs(q) > R(1, 50))
growths = st.fractions("-1/10", "1/10", max_denominator=40)


@given(zeros, slopes, slopes, slopes, st.integers(1, 3), st.integers(0, 2), st.sampled_from("emsth"), growths)
@settings(max_examples=100, deadline=None)
def test_random_quotients(zero, steep, scale, weight, below, extra, shape, growth):
    zero, steep, scale, weight, growth = map(R, (zero, steep, scale, weight, growth))
    s = steep * (V - zero)
    denominator = {
        "e": 1 - exp(s),
        "m": weight * exp(growth * V) * (exp(s) - 1),
        "s": sp.sinh(s),
        "t": sp.tanh(s),
        "h": sp.expand(exp(s / 2) - exp(-s / 2)),
    }[shape]
    expression = (scale * (V - zero)) ** (below + extra) / denominator**below * (x + exp(-V / 7))
    regular, _ = regularise(expression)
    for shift in (R(1, 3), R(-5, 2)):
        point = {"V": zero + shift, "x": R(1, 2)}
        before = value(expression, **point)
        assert abs(value(regular, **point) - before) <= SAME * abs(before)
    limit = value(expression, V=zero + NEAR, x=R(1, 2)), value(expression, V=zero - NEAR, x=R(1, 2))
    size = 1 + abs(before) + abs(limit[0])
    assert abs(value(regular, V=zero, x=R(1, 2)) - sum(limit) / 2) <= LIMIT * size


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_expressions_have_no_notes(name):
    regular, notes = regularise(HARMLESS[name])
    assert notes == ()
    for voltage in (-70, 0, R(1, 7), 50):
        before = value(HARMLESS[name], V=voltage, x=R(1, 3))
        assert abs(value(regular, V=voltage, x=R(1, 3)) - before) <= SAME * abs(before)


def test_sigmoids_become_logistic():
    assert regularise(HARMLESS["sigmoid"])[0] == logistic(V / 10 + R(7, 2))
    assert regularise(HARMLESS["softmax"])[0] == logistic(V - x)
    assert regularise(HARMLESS["slope of a sigmoid"])[0] == logistic(V) * logistic(-V)


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        (1 / (1 - exp(-(V + 40) / 10)), "V = -40"),
        ((V + 41) / (1 - exp(-(V + 40) / 10)), "V = -40"),
        ((V + 40) / (1 - exp(-(V + 40) / 10)) ** 2, "V = -40"),
        (1 / (V - 3), "V = 3"),
        (1 / (V - VT), "V = V_T"),
        (1 / (V**2 - 4), "V = -2 and V = 2"),
        (sp.log(V / 2 - 1), "V = 2"),
        (a / sp.sinh(V / 3 - 1), "V = 3"),
    ],
)
def test_true_poles_are_left_and_named(expression, place):
    regular, notes = regularise(expression, frozenset({V}))
    poles = [n for n in notes if n.kind == "pole"]
    assert [n.message.split(" vanishes at ")[1] for n in poles] == [place]
    before = value(expression, V=R(55, 7), **PARAMETERS)
    assert abs(value(regular, V=R(55, 7), **PARAMETERS) - before) <= SAME * abs(before)


@pytest.mark.parametrize("denominator", [V**2 + k, a + b * exp(V), 1 + k * V, sp.cos(V)])
def test_denominators_that_depend_on_parameters(denominator):
    (note,) = regularise(x / denominator, frozenset({V}))[1]
    assert note.kind == "possible pole"


def test_parameters_alone_are_no_poles():
    assert regularise(V / k + x / (a + b), frozenset({V}))[1] == ()


def test_floats_are_tolerated():
    expression = 0.1 * (V + 40.0) / (1 - exp(-(V + 40.0) / 10.0))
    regular, notes = regularise(expression)
    assert [n.kind for n in notes] == ["removable singularity"]
    assert abs(float(regular.subs(V, -40)) - 1) < 1e-14


def test_kinks_and_their_switching_surfaces():
    expression = (
        sp.Piecewise((x, V > -10), (V, True))
        + sp.Piecewise((1, V < -10), (V, True))
        + minimum(V / 250, 1)
        + maximum(x, 0)
        + sp.Abs(V - x)
        + sp.sign(k)
        + sp.floor(V / 2)
    )
    surfaces = switching_surfaces(expression)
    assert len(surfaces) == 6
    for surface in (V + 10, V / 250 - 1, x, V - x, k, sp.sin(sp.pi * V / 2)):
        assert surface in surfaces or -surface in surfaces
    kinds = {n.kind for n in regularise(expression)[1]}
    assert kinds == {"kink"}
    assert any("Ca = 250" in n.message for n in regularise(minimum(sp.Symbol("Ca") / 250, 1))[1])


def test_switching_surfaces_of_conditions():
    assert set(switching_surfaces(sp.And(V > 1, x <= 2))) == {V - 1, x - 2}
    assert switching_surfaces(V * x + exp(V)) == ()


def test_products_that_overflow_are_avoided():
    """No factor of a regular form is infinite where the whole is finite: exp(s) B(s) is B(-s)."""
    regular, _ = regularise((V + 40) * exp(V / 10 + 4) / (exp(V / 10 + 4) - 1))
    assert regular == 10 * bern(-V / 10 - 4, 0)
    assert not regularise((V + 40) / sp.sinh(V + 40))[0].has(exp)
    assert regularise((exp(V) - 1) / V)[0] == exprel(V, 0)


def test_a_quotient_of_large_sums_is_left_alone_at_once() -> None:
    """Expanding factors of hundreds of nodes would take minutes; zeros of factors of usual size are still found."""
    v, *rest = sp.symbols("v a:12", real=True)
    large = sp.prod(sum(a**k for a in rest[:6]) + k for k in range(1, 12))
    started = time.process_time()
    assert regularise((v - large) / large)[0] == (v - large) / large
    assert time.process_time() - started < 5.0
    small = rest[0] * rest[1]
    assert regularise((v - small) / (1 - sp.exp(small - v)))[0].has(bern)


def test_min_and_max_of_sympy_become_pairs():
    x, y = sp.symbols("x y", real=True)
    expression = sp.Min(x, y, 2) * sp.Max(x, 0) + 1
    regular, _ = regularise(expression)
    assert not regular.has(sp.Min, sp.Max) and regularise(regular)[0] == regular
    assert not sp.diff(regular, x).has(sp.Heaviside)
    for a, b in ((1.0, 3.0), (3.0, 1.0), (5.0, 6.0), (-1.0, 0.5)):
        assert regular.subs({x: a, y: b}) == expression.subs({x: a, y: b})


def test_choices_in_conditions_of_choices():
    @dn.model(ranges={"x": (-2, 2), "y": (-2, 2)})
    def nested(x=0.1, y=0.2, *, a=1.0):
        gate = dn.where(y > 0, dn.where(x > 0, 1.0, 0.0), dn.where(y > 0.5, 1.0, 0.0))
        return a - x - dn.where(gate > 0.5, 1.0, 0.5), x - y

    assert not any(e.has(sp.ITE) for e in nested.regular)
    found = dn.fixed_points(nested.at(a=1.75))
    assert found.complete and [(p["x"], p["y"]) for p in found] == [pytest.approx((0.75, 0.75))]
    assert dn.simulate(nested.at(a=1.75), 40.0).final["x"] == pytest.approx(0.75)
