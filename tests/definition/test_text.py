"""Models as text: the parser, its bounds, and what `System.from_text` makes."""

from __future__ import annotations

import math
import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import dynana as dn
from dynana.definition.text_trees import parse
from dynana.models import adex, fitzhugh_nagumo, hodgkin_huxley

ADEX = """
# Brette & Gerstner (2005)
exponential = Delta_T*exp((V - V_T)/Delta_T)
dV/dt = (-(V - V_rest) + exponential - R*w + R*I)/tau
w' = (a*(V - V_rest) - w)/tau_w
V(0) = -65
I = 0; V_rest = -65; V_reset = -68; V_th = -30; V_T = -59.9; Delta_T = 3.48
R = 10; tau = 10; a = 1; b = 1; tau_w = 30; t_ref = 0
spike: when V > V_th: V = V_reset, w = w + b, refractory = t_ref
"""


def test_text_and_decorated_function_are_the_same_model() -> None:
    system = dn.System.from_text(ADEX, name="adex")
    assert system.fingerprint == adex.fingerprint
    assert system.values == adex.values
    assert system.initial == adex.initial
    assert system.jumps[0].hold == adex.jumps[0].hold


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2^3^2", "(2 ^ (3 ^ 2))"),
        ("-2^2", "-(2 ^ 2)"),
        ("2*-3", "(2*-3)"),
        ("a - b - c*d/e/f", "(a - b - (c*d/e/f))"),
        ("2**-x", "(2 ^ -x)"),
        ("a < b and c > d or not e", "(((a < b) and (c > d)) or not e)"),
        ("f(x, y + 1)", "f(x, (y + 1))"),
    ],
)
def test_precedence_is_the_usual_one(text: str, meaning: str) -> None:
    assert str(parse(text)) == meaning


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("x' = 2y", (1, 7), "operator or the end"),
        ("x' = (y", (1, 8), "')'"),
        ("x' = 1\nx' = 2", (2, 1), "given twice"),
        ("x' = a\nb = 2", (1, 6), "no name named 'a'"),
        ("x' = x\nb = 2", (2, 1), "never used"),
        ("x' = sine(x)", (1, 6), "did you mean 'sin'"),
        ("x' = sin(x, 2)", (1, 6), "takes 1 argument"),
        ("x' = x(2)", (1, 6), "not a function"),
        ("x' = sin", (1, 6), "needs arguments"),
        ("x' = 1 < x < 2", (1, 12), "chained"),
        ("x' = 1e400*x", (1, 6), "beyond the range"),
        ("x' = 1/0", (1, 8), "division by zero"),
        ("x' = log(0)", (1, 6), "infinite"),
        ("x' = sqrt(-1)*x", (1, 6), "no real value"),
        ("x' = x + 9^9^9", (1, 11), "exponent"),
        ("x' = exp(exp(exp(999)))", (1, 14), "infinite"),
        ("x' = (1000*x)^200", (1, 14), "beyond the range"),
        ("x' = x/(x - x)", (1, 9), "division by zero"),
        ("a = b; b = a\nx' = a", (1, 1), "circle"),
        ("f(u) = f(u - 1)\nx' = f(x)", (1, 1), "circle"),
        ("x' = 1\nwhen x: x = 0", (2, 6), "condition"),
        ("x' = 1\nwhen 1 > 2: x = 0", (2, 8), "always False"),
        ("x' = 1\nwhen x > 1: y = 0", (2, 1), "no state named 'y'"),
        ("x' = 1\nwhen x > 1: x + 1", (2, 12), "name = formula"),
        ("x' = 1\nwhen x > 1: refractory = 1", (2, 8), "changes no state"),
        ("x' = 1\nx(0) = 1/0", (2, 1), "initial value"),
        ("x' = 1\ny(0) = 1", (2, 1), "no state named 'y'"),
        ("t' = 1", (1, 1), "time"),
        ("lambda' = 1", (1, 1), "keyword"),
        ("when' = 1", (1, 1), "meaning of its own"),
        ("hello world", (1, 1), "no statement"),
        ("", (1, 1), "defines nothing"),
        ("x' = 1\nobserve x", (2, 1), "already"),
        ("f(u, u) = u\nx' = f(x, x)", (1, 3), "distinct"),
    ],
)
def test_every_message_has_line_and_column(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(dn.FormatError, match=message.replace("(", r"\(").replace(")", r"\)")) as caught:
        dn.System.from_text(text)
    assert (caught.value.line, caught.value.column) == place, str(caught.value)


def test_functions_mean_what_they_mean_in_dynana() -> None:
    text = """
    x' = where(x > 1 and not x > 2, x**2, 3) + maximum(x, y) + minimum(x, 1, y) + heaviside(y) + sigmoid(x)
    y' = exprel(x) + floor(y) + mod(x, 3) + sign(y)*absolute(x) + atan2(y, x) + log10(x) + asin(y/9) + acos(y/9)
    """
    system = dn.System.from_text(text)
    values = {sp.Symbol("x", real=True): sp.Rational(3, 2), sp.Symbol("y", real=True): sp.Rational(-1, 2)}
    first, second = (float(e.xreplace(values).doit().evalf(30)) for e in system.derivatives)
    assert first == pytest.approx(1.5**2 + 1.5 - 0.5 + 0 + 1 / (1 + math.exp(-1.5)), rel=1e-14)
    expected = (math.exp(1.5) - 1) / 1.5 - 1 + 1.5 - 1.5 + math.atan2(-0.5, 1.5) + math.log10(1.5) + math.pi / 2
    assert second == pytest.approx(expected, rel=1e-14)


def test_initial_values_noise_and_observables() -> None:
    system = dn.System.from_text(
        """
        tau = 10; sigma = 2*3; E = -70
        dV/dt = (I_leak + m)/tau   # a comment
        m' = (1/(1 + exp(-V)) - m)/tau
        I_leak = E - V
        V(0) = E + 1
        m(0) = steady
        noise: V = sigma*sqrt(2/tau)
        observe I_leak, double = 2*V
        """
    )
    assert system.values == {"tau": 10.0, "sigma": 6.0, "E": -70.0}
    assert system.initial["V"] == -69.0
    assert system.initial["m"] == pytest.approx(1 / (1 + 2.718281828459045**69))
    assert len(system.noise) == 1
    assert set(system.observables) == {"I_leak", "double"}


def test_names_of_sympy_are_plain_names() -> None:
    system = dn.System.from_text("V' = gNa*S*(V - E) + beta*gamma*N*I*Q\ngNa=1;S=2;E=3;beta=4;gamma=5;N=6;I=7;Q=8")
    assert {s.name for s in system.derivatives[0].free_symbols} == {
        "V", "gNa", "S", "E", "beta", "gamma", "N", "I", "Q",
    }  # fmt: skip


def test_powers_of_functions_do_not_run_away() -> None:
    """Each of these is 2 to the 40th, or has 2^40 terms, if written out."""
    chain = "".join(f"f{k}(u) = f{k - 1}(u)*f{k - 1}(u)\n" for k in range(1, 41))
    for seed in ("f0(u) = u", "f0(u) = 0.999999*u", "f0(u) = u + sin(u)", "f0(u) = 0.999999"):
        begun = time.process_time()
        with pytest.raises(dn.FormatError):
            dn.System.from_text(f"{seed}\n{chain}x' = f40(x)")
        assert time.process_time() - begun < 1.0


PIECES = st.sampled_from(
    "x y t a b1 x' dx/dt = ( ) + - * / ^ ** < > <= and or not where( when : noise: observe ; , \n # 1 2.5 1e9 1e-300 "
    "exp( log( max( mod( floor( sqrt( abs( 9 0 f(u) f(x) \\ pi x(0) sign( atan2(".split(" ")
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES, max_size=40).map("".join)
    )
)
def test_any_text_is_a_model_or_a_format_error_with_its_place(text: str) -> None:
    begun = time.process_time()
    try:
        system = dn.System.from_text("x' = 1\n" + text)
    except dn.FormatError as error:
        assert error.line is not None and error.column is not None
    else:
        assert isinstance(system, dn.System)
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize("model", [fitzhugh_nagumo, hodgkin_huxley], ids=lambda m: m.name)
def test_a_model_written_out_and_read_again_is_the_same(model: dn.System) -> None:
    """sympy's own text of the expressions, read by our parser, is the same right-hand side."""
    lines = [f"{n}' = {e}" for n, e in zip(model.states, model.derivatives, strict=True)]
    lines += [f"{n} = {v!r}" for n, v in model.values.items()]
    lines += [f"{n}(0) = {v!r}" for n, v in model.initial.items()]
    used = {s.name for e in model.derivatives for s in e.free_symbols}
    text = "\n".join(line for line in lines if "(0)" in line or "'" in line or line.split(" ")[0] in used)
    again = dn.System.from_text(text, name=model.name)
    for a, b in zip(again.derivatives, model.derivatives, strict=True):
        assert sp.simplify(a - b) == 0
