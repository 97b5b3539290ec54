"""Elementary functions of generated code: accuracy against mpmath, extreme arguments, vectorisation, plain Python."""

import json
import math
import os
import subprocess
import sys

import mpmath
import numba
import numpy as np
import pytest

from dynana.definition.special import numeric_bern, numeric_exprel
from dynana.numerics import elementary

#: Bits of the oracle.
PRECISION = 200
#: Largest error of the exponential family in units in the last place (measured 2.4, of tanh).
EXPONENTIAL_ULPS = 3.0
#: The required bound for derivatives up to the third: ulps of max(|f|, its supremum on |x| <= 1), or condition numbers.
ULPS = 4.0

INF, NAN = math.inf, math.nan
EXPONENTIALS = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
}
FAMILIES = {"bern": numeric_bern, "exprel": numeric_exprel}
UNARY = [n for n in elementary.__all__ if n not in ("nan", "minimum", "maximum")]


def ulp(value):
    return mpmath.mpf(float(np.spacing(max(abs(float(value)), 2.2250738585072014e-308))))


def arguments(seed=0):
    """Return numbers of all magnitudes up to 700 and of both signs, dense around 1."""
    rng = np.random.default_rng(seed)
    wide = 10.0 ** rng.uniform(-18, 2.85, 150) * rng.choice([-1.0, 1.0], 150)
    return np.concatenate([wide, rng.uniform(-8, 8, 150), rng.uniform(-1, 1, 50), np.arange(-6.0, 7.0)]).tolist()


def supremum(f):
    """Return the largest |f| on [-1, 1], from its values at 21 points (all f here are monotone or extreme at 0)."""
    return max(abs(f(mpmath.mpf(i) / 10)) for i in range(-10, 11))


@pytest.mark.parametrize("name", EXPONENTIALS)
def test_exponentials(name):
    function = getattr(elementary, name)
    with mpmath.workprec(PRECISION):
        for x in arguments():
            exact = EXPONENTIALS[name](mpmath.mpf(x))
            assert abs(function(x) - exact) <= EXPONENTIAL_ULPS * ulp(exact), x


def test_logarithm():
    rng = np.random.default_rng(1)
    near_one = 1 + 10.0 ** rng.uniform(-16, -1, 100) * rng.choice([-1.0, 1.0], 100)
    with mpmath.workprec(PRECISION):
        for x in [*(10.0 ** rng.uniform(-320, 308, 200)).tolist(), *near_one.tolist(), 5e-324]:
            exact = mpmath.log(mpmath.mpf(x))
            assert abs(elementary.log(x) - exact) <= ulp(exact), x


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("family", FAMILIES)
def test_derivatives_of_quotients(family, order):
    function, exact = getattr(elementary, f"{family}{order}"), FAMILIES[family]
    with mpmath.workprec(PRECISION):
        largest = supremum(lambda x: exact(x, order))
        for x in arguments(2):
            value = exact(mpmath.mpf(x), order)
            error = abs(function(x) - value)
            if abs(x) <= 1:
                assert error <= ULPS * ulp(max(abs(value), largest)), x
            else:
                condition = max(1, abs(x * exact(mpmath.mpf(x), order + 1) / value))
                assert error <= ULPS * condition * ulp(value), x


@pytest.mark.parametrize("name", UNARY)
def test_nan_propagates(name):
    assert math.isnan(getattr(elementary, name)(NAN))


@pytest.mark.parametrize("pair", [(NAN, 1.0), (1.0, NAN), (NAN, NAN)])
def test_nan_propagates_through_choices(pair):
    assert math.isnan(elementary.minimum(*pair)) and math.isnan(elementary.maximum(*pair))


@pytest.mark.parametrize(
    ("name", "at_minus_infinity", "at_infinity"),
    [
        ("exp", 0.0, INF),
        ("expm1", -1.0, INF),
        ("logistic", 0.0, 1.0),
        ("tanh", -1.0, 1.0),
        ("sinh", -INF, INF),
        ("cosh", INF, INF),
        ("log", NAN, INF),
        ("bern0", INF, 0.0),
        ("bern1", -1.0, 0.0),
        *[(f"bern{n}", 0.0, 0.0) for n in range(2, 6)],
        *[(f"exprel{n}", 0.0, INF) for n in range(6)],
        ("sign", -1.0, 1.0),
        ("heaviside", 0.0, 1.0),
        ("absolute", INF, INF),
    ],
)
def test_infinite_arguments(name, at_minus_infinity, at_infinity):
    function = getattr(elementary, name)
    np.testing.assert_array_equal([function(-INF), function(INF)], [at_minus_infinity, at_infinity])


def test_values_at_zero_are_exact():
    assert elementary.exp(0.0) == elementary.cosh(0.0) == elementary.bern0(0.0) == elementary.exprel0(0.0) == 1.0
    assert elementary.expm1(0.0) == elementary.tanh(0.0) == elementary.sinh(0.0) == elementary.bern3(0.0) == 0.0
    assert elementary.log(0.0) == -INF and math.isnan(elementary.log(-1.0)) and math.isnan(elementary.sqrt(-1.0))
    assert elementary.logistic(0.0) == 0.5 and elementary.bern1(0.0) == -0.5
    assert (elementary.sign(0.0), elementary.heaviside(0.0)) == (0.0, 1.0)


@pytest.mark.parametrize("x", [709.782712893383, 709.8, 710.4, 710.6, 716.2, 720.0, 745.0, 751.0, 760.0, 1e5, 1e300])
def test_near_overflow_and_gradual_underflow(x):
    with mpmath.workprec(PRECISION):
        at = mpmath.mpf(x)
        for name, point, exact in (
            ("exp", x, mpmath.exp(at)),
            ("exp", -x, mpmath.exp(-at)),
            ("sinh", x, mpmath.sinh(at)),
            ("cosh", -x, mpmath.cosh(at)),
            ("logistic", -x, 1 / (1 + mpmath.exp(at))),
            ("bern0", x, at / mpmath.expm1(at)),
            ("bern0", -x, at / -mpmath.expm1(-at)),
            ("bern2", x, (at - 2) * mpmath.exp(-at)),
            ("exprel0", x, mpmath.expm1(at) / at),
            ("exprel1", x, mpmath.exp(at) * (at - 1) / at**2),
            ("exprel1", -x, 1 / at**2),
        ):
            value = getattr(elementary, name)(point)
            if exact > sys.float_info.max:
                assert value == INF, name
            else:
                # where exp(-x) is subnormal it keeps an absolute precision only, and x exp(-x) inherits it
                assert abs(value - exact) <= 8 * ulp(exact) + min(x, 1000.0) * mpmath.mpf(5e-324), name


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="needs the compiler")
@pytest.mark.skipif("x86" not in (os.uname().machine if hasattr(os, "uname") else ""), reason="names x86 vector types")
@pytest.mark.parametrize(
    "name", ["exp", "expm1", "log", "logistic", "tanh", "sinh", "cosh", "bern0", "bern1", "bern2", "exprel0"]
)
def test_loops_are_vectorised(name):
    function = getattr(elementary, name)

    @numba.njit(error_model="numpy")
    def loop(x, out):
        for i in range(x.shape[0]):
            out[i] = function(x[i])

    x = np.linspace(-5.0, 5.0, 101)
    out = np.empty_like(x)
    loop(x, out)
    (code,) = loop.inspect_llvm().values()
    assert any(f"<{width} x double>" in code for width in (2, 4, 8))
    np.testing.assert_array_equal(out, [function(v) for v in x])


_PLAIN = """
import sys, json, warnings
warnings.simplefilter("ignore")
from dynana.numerics import elementary
names, points = json.loads(sys.argv[1])
print(json.dumps([[float(getattr(elementary, n)(x)) for x in points] for n in names]))
"""


def test_plain_python_gives_the_same_values():
    points = [-INF, -800.0, -745.2, -720.0, -40.0, -3.3, -1.0, -1e-12, 0.0, 0.3, 2.5, 5.5, 40.0, 709.5, 712.0, INF, NAN]
    job = [sys.executable, "-c", _PLAIN, json.dumps([UNARY, points])]
    done = subprocess.run(job, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=True)
    for name, values in zip(UNARY, json.loads(done.stdout), strict=True):
        compiled = [getattr(elementary, name)(x) for x in points]
        # fused multiply-add changes the last bits
        # Python's own lgamma differs from C's where digits cancel near its zeros
        rtol = 5e-15 if name.startswith("lgamma") else 1e-15
        np.testing.assert_allclose(values, compiled, rtol=rtol, atol=5e-324, err_msg=name)
