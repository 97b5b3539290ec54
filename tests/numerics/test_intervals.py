"""Every interval function encloses the exact values (mpmath) on random boxes, and is as tight as it claims."""

from __future__ import annotations

import math
import operator

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynana.definition.special import numeric_bern, numeric_exprel
from dynana.numerics import interval_functions as functions
from dynana.numerics import interval_rates as rates
from dynana.numerics import intervals

INF = math.inf


def logistic(x):
    return 1 / (1 + mp.exp(-x))


EXACT = {
    functions.exp: mp.exp,
    functions.expm1: mp.expm1,
    functions.tanh: mp.tanh,
    functions.sinh: mp.sinh,
    functions.cosh: mp.cosh,
    functions.arctan: mp.atan,
    functions.sin: mp.sin,
    functions.cos: mp.cos,
    functions.tan: mp.tan,
    functions.logistic: logistic,
    functions.logistic_slope: lambda x: logistic(x) * logistic(-x),
    functions.tanh_slope: lambda x: mp.sech(x) ** 2,
    intervals.sqr: lambda x: x**2,
    intervals.absolute: abs,
    intervals.sign: mp.sign,
    intervals.floor: mp.floor,
    **{getattr(rates, f"bern{n}"): (lambda x, n=n: numeric_bern(x, n)) for n in range(6)},
    **{getattr(rates, f"exprel{n}"): (lambda x, n=n: numeric_exprel(x, n)) for n in range(6)},
}
NAMES = {function.__name__: function for function in EXACT}

#: Places where something happens: zeros, extrema of the derivatives of bern, switches between formulas, overflow.
PLACES = (
    0.0,
    1.0,
    -1.0,
    0.5,
    2.143839,
    3.726196,
    1.447502,
    5.08366,
    math.pi,
    math.pi / 2,
    20.0,
    37.0,
    350.0,
    700.0,
    705.0,
    709.7815,  # exp is finite here, and twice sinh and cosh
    710.0,  # these two only
)
place = st.sampled_from(PLACES) | st.sampled_from(PLACES).map(operator.neg)
number = st.floats(-720, 720) | st.builds(lambda p, e: p + e, place, st.floats(-1e-3, 1e-3)) | place
length = st.sampled_from((0.0, 1e-15, 1e-9, 1e-3, 0.3, 2.0, 7.0, 60.0))


#: Relative error of mpmath's values at 40 digits: logistic(x)'s slope at 1e-31 comes out above its largest value, 1/4.
REFERENCE = 1e-37


def contains(interval, value) -> bool:
    room = REFERENCE * abs(value)
    return interval[0] - room <= value <= interval[1] + room


@pytest.mark.parametrize("name", sorted(NAMES))
@given(lower=number, width=length, data=st.data())
def test_values_lie_in_the_enclosure(name, lower, width, data):
    function = NAMES[name]
    x = (lower, lower + width)
    y = function(x)
    assert y[0] <= y[1]
    inside = data.draw(st.floats(*x))
    with mp.workdps(40):
        for point in (x[0], inside, x[1]):
            assert contains(y, EXACT[function](mp.mpf(point))), (x, y, point)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"floor", "sign", "tan", "bern3", "bern4", "bern5"}))
@pytest.mark.parametrize("x", [(-3.0, -2.5), (-0.2, 0.3), (0.7, 0.7), (4.0, 9.0)])
def test_enclosures_are_tight(name, x):
    function = NAMES[name]
    y = function(x)
    values = [float(EXACT[function](mp.mpf(v))) for v in np.linspace(*x, 401)]
    slack = 1e-11 + 3e-4 * (max(values) - min(values))  # the grid misses extrema by its spacing squared
    assert min(values) - slack <= y[0] and y[1] <= max(values) + slack


@pytest.mark.parametrize(("function", "exact"), [(functions.log, mp.log), (functions.sqrt, mp.sqrt)])
@given(lower=st.floats(1e-300, 1e6), width=length)
def test_functions_of_positive_numbers(function, exact, lower, width):
    x = (lower, lower + width)
    with mp.workdps(40):
        assert all(contains(function(x), exact(mp.mpf(v))) for v in x)


def test_what_is_undefined_excludes_nothing():
    assert functions.log((-1e-9, 1.0)) == (-INF, INF)
    assert functions.log((0.0, 1.0))[0] == -INF and functions.log((0.0, 1.0))[1] >= 0
    assert functions.sqrt((-1e-9, 1.0)) == (-INF, INF)
    assert functions.tan((1.0, 2.0)) == (-INF, INF)
    assert functions.real_power((-1.0, 1.0), (0.5, 0.5), 0) == (-INF, INF)
    assert intervals.inv((-1.0, 1.0)) == (-INF, INF)
    assert intervals.div((1.0, 2.0), (-1.0, 1.0)) == (-INF, INF)
    assert intervals.mul((0.0, 0.0), (-INF, INF)) == (-INF, INF)
    assert intervals.mul((0.0, 1.0), (1.0, INF)) == (-INF, INF)
    assert intervals.sub((1.0, INF), (1.0, INF)) == (-INF, INF)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"sin", "cos"}))
@pytest.mark.parametrize("x", [(-INF, INF), (-INF, 1.0), (-1.0, INF), (-1e308, 1e308), (1e300, 1e308)])
def test_unbounded_arguments_give_intervals(name, x):
    y = NAMES[name](x)
    assert y[0] <= y[1]
    inside = min(max(0.5, x[0]), x[1])
    with mp.workdps(40):
        if abs(inside) < 700:
            assert contains(y, EXACT[NAMES[name]](mp.mpf(inside)))


def test_one_sided_quotients():
    assert intervals.inv((0.0, 2.0))[0] <= 0.5 and intervals.inv((0.0, 2.0))[1] == INF
    assert intervals.inv((-2.0, 0.0))[1] >= -0.5 and intervals.inv((-2.0, 0.0))[0] == -INF


ends = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(lambda p: (min(p), max(p)))


@given(x=ends, y=ends, data=st.data())
def test_arithmetic_encloses_exact_rationals(x, y, data):
    a, b = data.draw(st.floats(*x)), data.draw(st.floats(*y))
    with mp.workdps(700):  # exact sums and products of doubles
        u, v = mp.mpf(a), mp.mpf(b)
        assert contains(intervals.add(x, y), u + v)
        assert contains(intervals.sub(x, y), u - v)
        assert contains(intervals.mul(x, y), u * v)
        assert contains(intervals.minimum(x, y), min(u, v)) and contains(intervals.maximum(x, y), max(u, v))
        assert contains(intervals.hull(x, y), u) and contains(intervals.neg(x), -u)
        if b != 0:
            assert contains(intervals.div(x, y), u / v) and contains(intervals.inv(y), 1 / v)


@given(x=ends, n=st.integers(-9, 12), data=st.data())
def test_integer_powers(x, n, data):
    a = data.draw(st.floats(*x))
    if a == 0 and n < 0:
        return
    with mp.workdps(60):
        assert contains(intervals.power(x, n), mp.mpf(a) ** n)
    if n > 0 and n % 2 == 0:
        assert intervals.power(x, n)[0] >= 0


@given(x=st.tuples(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3)).map(sorted), q=st.floats(-4, 4), data=st.data())
def test_real_powers(x, q, data):
    a = data.draw(st.floats(*x))
    with mp.workdps(60):
        for shift in (-2, 0, 1):
            assert contains(functions.real_power(tuple(x), (q, q), shift), mp.mpf(a) ** (mp.mpf(q) + shift))


def test_integer_powers_that_are_known_when_they_are_needed():
    assert contains(functions.real_power((-2.0, 1.0), (3.0, 3.0), 0), -8.0)
    assert functions.real_power((-2.0, 1.0), (3.0, 3.0), -2)[0] == pytest.approx(-2.0)
    assert functions.real_power((-2.0, 1.0), (1.0, 1.0), -1) == (1.0, 1.0)


def test_choices_are_hulls_while_undecided():
    one, two = (1.0, 1.0), (2.0, 2.0)
    undecided = intervals.less((0.0, 1.0), (0.5, 0.5))
    assert (intervals.less((0.0, 0.4), (0.5, 0.5)), intervals.less((0.5, 0.6), (0.5, 0.5)), undecided) == (1, 0, -1)
    assert intervals.less_equal((0.0, 0.5), (0.5, 1.0)) == 1 and intervals.less((0.0, 0.5), (0.5, 1.0)) == -1
    assert intervals.select(undecided, one, two) == (1.0, 2.0)
    assert intervals.select_slope(undecided, one, two) == (-INF, INF)
    assert intervals.select_slope(1, one, two) == one and intervals.select(0, one, two) == two
    table = {(p, q): (intervals.both(p, q), intervals.either(p, q)) for p in (0, 1, -1) for q in (0, 1, -1)}
    assert table[0, -1] == (0, -1) and table[1, -1] == (-1, 1) and table[-1, -1] == (-1, -1) and table[1, 1] == (1, 1)
    assert [intervals.negation(p) for p in (0, 1, -1)] == [1, 0, -1]


def test_rounding_goes_outward_everywhere():
    for x in (0.0, 5e-324, 2.0**-1022, 1.0, 1.0 - 2.0**-53, 2.0**600, 1.7e308):
        for value in (x, -x):
            assert intervals.down(value) < value < intervals.up(value)
            assert intervals.down(value) <= math.nextafter(value, -INF) and intervals.up(value) >= math.nextafter(
                value, INF
            )
    assert intervals.down(INF) == 1.7976931348623157e308 and intervals.up(INF) == INF
