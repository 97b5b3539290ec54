"""Executing the exported source gives the system back, expression by expression."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import dynana as dn
from dynana.definition.system import System
from dynana.errors import ModelError
from tests.interchange.catalogue import NAMES


def executed(system: System) -> Any:
    names: dict[str, Any] = {}
    exec(compile(dn.to_python(system), "<exported>", "exec"), names)
    return names[system.name]


def same(a: System, b: System) -> bool:
    assert a.derivatives == b.derivatives
    return (
        a.fingerprint == b.fingerprint
        and (a.name, a.doc, a.time, a.units, a.ranges, a.wrap) == (b.name, b.doc, b.time, b.units, b.ranges, b.wrap)
        and a.values == b.values
        and a.given_initial == b.given_initial
        and [(j.name, j.hold) for j in a.jumps] == [(j.name, j.hold) for j in b.jumps]
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_catalogue_model_comes_back(name: str) -> None:
    system = getattr(dn.models, name)
    assert same(executed(system), system)


def test_the_source_reads_like_a_model() -> None:
    assert dn.to_python(dn.models.lif.at(I=2.5)).splitlines()[2:] == [
        "",
        "@dn.model(",
        "    time='ms',",
        "    units={'V': 'mV', 'V_rest': 'mV', 'V_reset': 'mV', 'V_th': 'mV', 'tau': 'ms', 't_ref': 'ms'},",
        "    ranges={'V': (-10.0, 25.0)},",
        ")",
        "def lif(",
        "    V=0.0, *,",
        "    I=2.5, V_rest=0.0, V_reset=-5.0, V_th=20.0, R=1.0, tau=10.0, t_ref=1.0,",
        "):",
        '    """Leaky integrate-and-fire neuron.',
        "",
        "    tau V' = -(V - V_rest) + R I; when V > V_th: V -> V_reset, held for t_ref. With constant input above the "
        "rheobase",
        "    (V_th - V_rest)/R the period is t_ref + tau log((R I - (V_reset - V_rest))/(R I - (V_th - V_rest))).",
        "",
        "    Lapicque (1907), J. Physiol. Pathol. Gen. 9:620-635; Abbott (1999), Brain Res. Bull. 50:303-304.",
        '    """',
        "    dV = (V_rest + I*R - V)/tau",
        "    return (",
        "        dV,",
        '        dn.Jump(when=V > V_th, to={V: V_reset}, refractory=t_ref, name="spike"),',
        "    )",
    ]


def everything(*, plain: bool) -> System:
    """A system with one of everything, some of it under names that the source itself would like to have."""
    x, y, dn_, Fraction, a, t = (sp.Symbol(n, real=True) for n in ("x", "y", "dn", "Fraction", "a", "t"))
    return System(
        {"x": sp.Rational(1, 3) * x * (y + 1) - a * sp.sin(t) + sp.Rational(3, 7), "y": -y * dn_ + Fraction * sp.pi},
        {"dn": 1.5, "Fraction": 2.0, "a": 1e-300, **({} if plain else {"spare": 3.0})},
        initial={"x": -0.1, "y": dn.steady},
        jumps=[
            dn.Jump(when=sp.And(x > 1, sp.StrictGreaterThan(-2, y, evaluate=False)), to={x: y, y: x}, name="swap"),
            dn.Jump(when=sp.Or(x > 4, y > 5), to={x: 0, y: y + a}, refractory=a / 3, hold=("x", "y"), name="reset"),
        ],
        noise=[dn.Noise({x: a, y: sp.sqrt(2) * x}, calculus="stratonovich"), dn.Noise({y: 0.5})],
        observables={
            "rate": sp.Piecewise((x ** sp.Rational(3, 2), x > 0), *([] if plain else [(0, x > -1)]), (2**x, True))
        },
        name="everything",
        doc='A "quoted" doc with a \\ backslash\nand """three""" quotes at the end"',
        time="ms",
        units={"x": "it's"},
        wrap={"y": 6.25},
    )


@pytest.mark.parametrize("plain", [True, False], ids=["function", "constructor"])
def test_jumps_noise_time_and_awkward_names_come_back(plain: bool) -> None:
    system = everything(plain=plain)
    found = executed(system)
    assert same(found, system)
    assert [n.calculus for n in found.noise] == ["stratonovich", "ito"]
    assert ("System(" in dn.to_python(system)) is not plain


def test_systems_without_states_and_with_frozen_states_come_back() -> None:
    unit = System({}, {"a": 2.0}, observables={"out": sp.Symbol("a") ** 2}, name="unit")
    assert same(executed(unit), unit)
    frozen = dn.models.hindmarsh_rose.freeze("z")
    assert same(executed(frozen), frozen)
    driven = dn.models.lif.substitute({"I": sp.sin(sp.Symbol("t", real=True))})
    assert same(executed(driven), driven)


def test_text_that_cannot_be_printed_stays_inside_its_string() -> None:
    system = System({"x": 1}, {}, name="odd", doc="form feed\x0cimport os")
    assert executed(system).doc == system.doc


@pytest.mark.parametrize(
    ("expression", "what"),
    [(sp.asin(sp.Symbol("x")), r"asin in asin\(x\)"), (sp.besselj(0, sp.Symbol("x")), "besselj")],
)
def test_what_a_model_cannot_call_is_named(expression: sp.Expr, what: str) -> None:
    with pytest.raises(ModelError, match=f"odd cannot be written for a Python model: {what}"):
        dn.to_python(System({"x": expression}, {}, name="odd"))


NUMBERS = st.one_of(
    st.integers(-9, 9), st.fractions(-5, 5, max_denominator=60), st.sampled_from([0.1, 2.5, 1e-7, 1 / 3])
)
SYMBOLS = [sp.Symbol(n, real=True) for n in ("x", "y", "p")]


def combined(children: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]),
        pairs.map(lambda p: p[0] - p[1]),
        pairs.map(lambda p: p[0] * p[1]),
        pairs.map(lambda p: p[0] / (1 + p[1] ** 2)),
        children.map(lambda e: (1 + e**2) ** sp.Rational(-1, 2)),
        children.map(lambda e: e**3),
        children.map(sp.tanh),
        children.map(lambda e: sp.exp(-(e**2))),
        pairs.map(lambda p: sp.Piecewise((p[0], SYMBOLS[0] > 1), (p[1], True))),
    )


EXPRESSIONS = st.recursive(
    st.one_of(
        st.sampled_from(SYMBOLS),
        NUMBERS.map(lambda n: sp.Rational(repr(n)) if isinstance(n, float) else sp.Rational(n)),
    ),
    combined,
    max_leaves=9,
)


@settings(deadline=None)
@given(EXPRESSIONS, EXPRESSIONS)
def test_any_expression_comes_back(first: sp.Expr, second: sp.Expr) -> None:
    system = System({"x": first, "y": second}, {"p": 0.5}, name="random")
    assert executed(system).derivatives == system.derivatives
    assert executed(system).fingerprint == system.fingerprint
