"""The grammar of `@dn.model` and each of its rules."""

import math
import pickle

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.tracing import symbol


@dn.model(time="ms", units={"V": "mV"}, ranges={"V": (-100, 60)})
def cell(V=-65.0, w=0.5, *, I=0.0, tau=10.0, b=1.0, V_reset=-68.0, V_th=-30.0, t_ref=2.0):
    """A cell with a jump."""
    dV = (-V + dn.exp((V + 50.1) / 3.5) - w + I) / tau
    return (
        dV,
        -w / 30,
        dn.Jump(when=V > V_th, to={V: V_reset, w: w + b}, refractory=t_ref, name="spike"),
        dn.Observe(leak=-V),
    )


def test_the_grammar():
    assert cell.name == "cell" and cell.doc == "A cell with a jump." and cell.time == "ms"
    assert cell.states == ("V", "w")
    assert cell.parameters == ("I", "tau", "b", "V_reset", "V_th", "t_ref")
    assert cell.initial == {"V": -65.0, "w": 0.5}
    assert cell.values["tau"] == 10.0
    assert cell.ranges == {"V": (-100.0, 60.0)}
    assert cell.units == {"V": "mV"}
    V, w, tau, I = (symbol(n) for n in ("V", "w", "tau", "I"))
    assert cell.derivatives[0] == (-V + sp.exp((V + sp.Rational(501, 10)) / sp.Rational(7, 2)) - w + I) / tau
    assert cell.derivatives[1] == -w / 30
    (jump,) = cell.jumps
    assert jump.name == "spike" and jump.when == (V > symbol("V_th"))
    assert jump.to == {"V": symbol("V_reset"), "w": w + symbol("b")}
    assert jump.hold == ("V",), "w depends on itself and is not held"
    assert cell.observables == {"leak": -V}


def test_literals_stay_exact():
    @dn.model
    def rate(V=0.0):
        return -V + 0.1 * (V + 40.0) / (1 - dn.exp(-(V + 40.0) / 10.0))

    assert not rate.derivatives[0].atoms(sp.Float)
    assert sp.exp(-(symbol("V") + 40) / 10) in rate.derivatives[0].atoms(sp.exp)


def test_numpy_numbers_are_numbers():
    @dn.model
    def rate(x=0.0, *, a=1.0):
        return -a * x * np.float64(0.25) + np.int64(3)

    assert rate.derivatives[0] == 3 - symbol("a") * symbol("x") / 4


def test_time_is_an_argument():
    @dn.model
    def driven(x=0.0, *, t, a=1.0):
        return -a * x + dn.sin(t)

    assert not driven.autonomous and driven.parameters == ("a",)
    frozen = driven.freeze("t")
    assert frozen.autonomous and frozen.values == {"a": 1.0, "time": 0.0}


def test_a_model_without_states():
    @dn.model
    def source(*, rate=5.0):
        return dn.Observe(double=2 * rate)

    assert source.states == () and source.observables == {"double": 2 * symbol("rate")}


def test_steady_gates_start_at_their_steady_state():
    @dn.model
    def gated(V=-40.0, m=dn.steady, *, g=1.0):
        alpha, beta = 0.1 * (V + 40) / (1 - dn.exp(-(V + 40) / 10)), 4 * dn.exp(-(V + 65) / 18)
        return -g * m * V, alpha * (1 - m) - beta * m

    alpha, beta = 1.0, 4 * math.exp(-25 / 18)
    assert gated.initial["m"] == pytest.approx(alpha / (alpha + beta), rel=1e-15)
    assert gated.at(V=-65).initial["m"] == pytest.approx(0.0529324852572496, rel=1e-13)


def test_steady_states_that_vanish_or_are_quotients_of_what_vanishes():
    @dn.model
    def decaying(V=1.0, x=dn.steady, y=dn.steady, *, a=2.0, b=1.0):
        return -V, V - 1 - x, (a - y) / (V - b)

    assert decaying.initial == {"V": 1.0, "x": 0.0, "y": 2.0}


def test_steady_needs_a_steady_state():
    @dn.model
    def square(x=dn.steady, *, a=1.0):
        return a - x**2

    with pytest.raises(dn.ModelError, match="not affine in x"):
        _ = square.initial


def _raises(match, function):
    with pytest.raises(dn.ModelError, match=match) as caught:
        dn.model(function)
    return str(caught.value)


def test_branches_are_refused_and_quoted():
    def branch(x=0.0, *, a=1.0):
        return a if x > 0 else -a

    message = _raises("dn.where", branch)
    assert "return a if x > 0 else -a" in message and "test_model.py" in message

    def conjunction(x=0.0, *, a=1.0):
        return dn.where(x > 0 and x < 1, a, 0)

    assert "x > 0 and x < 1" in _raises("dn.both", conjunction)

    def chained(x=0.0, *, a=1.0):
        return dn.where(0 < x < 1, a, 0)

    assert "0 < x < 1" in _raises("dn.both", chained)

    def builtin(x=0.0, *, a=1.0):
        return max(x, a)

    assert "max(x, a)" in _raises("dn.maximum", builtin)


def test_equality_is_refused_and_quoted():
    def equal(x=0.0, *, a=1.0):
        return -a * x, dn.Jump(when=x == a, to={x: 0})

    assert "when=x == a" in _raises("`==` in a model", equal)


def test_math_and_numpy_are_refused_and_quoted():
    def with_math(x=0.0, *, a=1.0):
        return -a * math.exp(x)

    assert "math.exp(x)" in _raises("dn.exp", with_math)

    def with_numpy(x=0.0, *, a=1.0):
        return -a * np.exp(x)

    assert "np.exp(x)" in _raises("dn.exp", with_numpy)

    def with_array(x=0.0, *, a=1.0):
        return -a * x * np.array([1.0, 2.0])

    assert "np.array" in _raises("ndarray used as a number", with_array)


def test_undeclared_names():
    def misspelt(V=0.0, *, g_Na=1.0):
        return -g_na * V  # noqa: F821

    message = _raises("undeclared name 'g_na'", misspelt)
    assert "did you mean 'g_Na'" in message and "-g_na * V" in message


def test_unused_arguments():
    def idle(x=0.0, *, a=1.0, b=2.0):
        return -a * x

    _raises("'b' is never used", idle)


def test_the_number_of_derivatives():
    def short(x=0.0, y=0.0):
        return -x

    _raises("2 state.*1 derivative", short)

    def nothing(x=0.0):
        _ = -x

    _raises("return", nothing)


def test_jumps_are_checked():
    def stranger(x=0.0, *, a=1.0):
        return -x, dn.Jump(when=x > a, to={a: 0})

    _raises("no state named 'a'", stranger)

    def empty(x=0.0, *, a=1.0):
        return -x, dn.Jump(when=x > a, to={})

    _raises("changes nothing", empty)


def test_new_values_are_given_by_state():
    def listed(V=0.0, *, I=1.0):
        return I - V, dn.Jump(when=V > 1, to=[V, 0])

    _raises("takes a mapping by state, not a list", listed)
    for part in (lambda: dn.OnPre(dn.Into("I", 1)), lambda: dn.Clip([0, 1])):
        with pytest.raises(dn.ModelError, match="takes a mapping by state"):
            part()

    def always(x=0.0, *, a=1.0):
        return -a * x, dn.Jump(when=dn.both(x > x - 1, x < x + 1), to={x: 0})

    _raises("always True", always)

    def number(x=0.0, *, a=1.0):
        return -a * x, dn.Jump(when=x, to={x: 0})

    _raises("expected a condition", number)


def test_values_must_be_finite():
    def nan(x=0.0, *, a=math.nan):
        return -a * x

    _raises("'a' is nan", nan)

    def infinite(x=0.0, *, a=1.0):
        return -a * x + math.inf

    _raises("inf", infinite)
    with pytest.raises(dn.ModelError, match="'I' is inf"):
        cell.at(I=math.inf)
    with pytest.raises(dn.ModelError, match="expected a number"):
        cell.at(I="three")


def test_arguments_need_values():
    def bare(x, *, a=1.0):
        return -a * x

    _raises("state 'x' has no initial value", bare)

    def star(*x):
        return 0

    _raises("named arguments only", star)


def test_division_by_zero_and_undefined_values():
    def zero(x=0.0, *, a=1.0):
        return x / (a - a)

    _raises("division by zero", zero)

    def imaginary(x=0.0, *, a=1.0):
        return -a * x + dn.sqrt(-1)

    _raises("not a finite real number", imaginary)


def test_unknown_names_are_met_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'V_th'"):
        cell.at(Vth=3)
    with pytest.raises(ValueError, match="did you mean 'V'"):
        cell.freeze("v")
    with pytest.raises(dn.ModelError, match="units.*no state or parameter named 'v'"):
        dn.System({"V": 0}, units={"v": "mV"})
    with pytest.raises(dn.ModelError, match="low < high"):
        dn.System({"V": 0}, ranges={"V": (1, -1)})


def test_both_and_either():
    @dn.model
    def gate(x=0.0, y=0.0):
        return 1 - x, 1 - y, dn.Jump(when=dn.either(dn.both(x > 1, y < 2), x > 5), to={x: 0})

    x, y = symbol("x"), symbol("y")
    assert gate.jumps[0].when == sp.Or(sp.And(x > 1, y < 2), x > 5)


def test_systems_are_frozen_and_pickle():
    with pytest.raises(AttributeError, match="frozen"):
        cell.name = "other"
    cell.values["tau"] = 3.0
    assert cell.values["tau"] == 10.0, "properties hand out copies"
    copy = pickle.loads(pickle.dumps(cell))
    assert copy.fingerprint == cell.fingerprint and copy.values == cell.values and copy.derivatives == cell.derivatives


def test_noise_terms():
    @dn.model
    def diffusion(x=0.0, *, s=1.0):
        return -x, dn.Noise({x: s * x}, calculus="stratonovich")

    assert diffusion.noise[0].terms == {"x": symbol("s") * symbol("x")}

    def wrong(x=0.0, *, s=1.0):
        return -x, dn.Noise({x: s}, calculus="strat")

    _raises("did you mean 'stratonovich'", wrong)
