"""The two readings of a formula, as an expression and as a number, agree; and XPPAUT's with both."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dynana as dn
from dynana.definition.text_meaning import Definition
from dynana.interchange.ode_formulas import OdeNumbers
from dynana.interchange.ode_grammar import formula
from dynana.interchange.ode_report import Notes
from tests.interchange import xppaut

LEAVES = st.sampled_from(["x", "y", "a", "1", "2.5", ".3", "7", "pi", "t"])
UNARY = st.sampled_from(["sin", "cos", "tanh", "exp", "abs", "flr", "heav", "sign", "atan", "f"])
BINARY = st.sampled_from(["max", "min", "atan2", "g"])
SIGNS = st.sampled_from(["+", "-", "*", "/", "^", "<", ">", ">=", "<=", "&", "|"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}{}".format, inner, SIGNS, inner),
        st.builds("({})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("{}({})".format, UNARY, inner),
        st.builds("{}({},{})".format, BINARY, inner, inner),
        st.builds("if({})then({})else({})".format, inner, inner, inner),
        st.builds("mod({},.1+abs({}))".format, inner, inner),
        st.builds("sum(0,2)of({}+i')".format, inner),
    )


FORMULAS = st.recursive(LEAVES, grown, max_leaves=12)
DEFINITIONS = {
    "f": Definition("f", formula("u*(1-u)*(u-a)", 1, 1, Notes()), 1, ("u",)),
    "g": Definition("g", formula("u/(1+v^2)", 1, 1, Notes()), 1, ("u", "v")),
}
VALUES = {"x": 0.7310585, "y": -1.324717, "a": 1.618034, "t": 0.0}


def number(text: str, shift: float = 0.0) -> float:
    values = {name: value + (k + 1) * shift for k, (name, value) in enumerate(VALUES.items())}
    reading = OdeNumbers({**values, "pi": math.pi}, DEFINITIONS, (["x", "y"], ["a"], {}), 1000)
    return float(reading.read(formula(text, 1, 1, Notes()), 1))


def smooth(text: str) -> bool:
    """Return whether a formula is not at a jump; remainders of constants, such as of 1 by 0.1, always may be."""
    nearby = [number(text, shift) for shift in (1e-9, 0.0, -1e-9)]
    return "mod(" not in text and bool(np.ptp(nearby) < 1e-3 * (1 + abs(nearby[1])))


@settings(max_examples=300, deadline=None)
@given(FORMULAS)
def test_expression_and_number_agree(text: str) -> None:
    assume(text.count("sum(") < 2)  # one index for all sums: which branch of a choice was taken last matters
    expected = number(text)
    assume(math.isfinite(expected) and abs(expected) < 1e12)
    assume(smooth(text))
    source = f"x'={text}\ny'=0\npar a=1\nf(u)=u*(1-u)*(u-a)\ng(u,v)=u/(1+v^2)\ndone"
    try:
        row = dn.load_ode(source).system.derivatives[0]
    except dn.FormatError as error:
        # a constant part that is infinite in a branch that is not taken, or conditions too involved, are refused
        assert any(
            part in str(error)
            for part in ("infinite", "no real value", "zero", "too many", "exponent", "cannot", "choice")
        )
        return
    symbols = {sp.Symbol(n, real=True): v for n, v in VALUES.items()}
    functions = {"minimum": np.minimum, "maximum": np.maximum}
    with np.errstate(all="ignore"):
        value = float(sp.lambdify(list(symbols), row, [functions, "numpy"])(*map(np.float64, symbols.values())))
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.skipif(xppaut.EXECUTABLE is None, reason="xppaut is not installed")
@settings(max_examples=25, deadline=None)
@given(st.lists(FORMULAS, min_size=20, max_size=20))
def test_xppaut_gives_the_same_numbers(texts: list[str]) -> None:
    """One step of Euler's method on twenty formulas at a time."""
    kept = [text for text in texts if math.isfinite(number(text)) and abs(number(text)) < 1e6 and smooth(text)]
    assume(kept)
    lines = [f"q{k}'={text}" for k, text in enumerate(kept)]
    values = ",".join(f"{n}={v}" for n, v in VALUES.items() if n != "t")
    source = "\n".join([*lines, f"par {values}", "f(u)=u*(1-u)*(u-a)", "g(u,v)=u/(1+v^2)", "done"])
    rows = xppaut.rows(source, total=1, dt=1, meth="euler", bound=1e12)
    assume(rows.shape == (2, len(kept) + 1))  # XPPAUT refuses some: 2<-1
    np.testing.assert_allclose(rows[1, 1:], [number(text) for text in kept], rtol=1e-5, atol=1e-6)
