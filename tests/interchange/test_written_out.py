"""The functions that remain where 0/0 has been removed, written out for languages without them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynana.definition import special
from dynana.errors import ModelError
from dynana.interchange.expression_text import Writer
from dynana.interchange.languages import JULIA
from dynana.interchange.written_out import ARGUMENT, HIGHEST_ORDER, written_out
from tests.interchange.exported_text import value

PLACES = sorted(
    {
        sign * x
        for sign in (-1, 1)
        for x in (0.0, 1e-300, 1e-9, 9e-9, 2e-8, 1e-5, 0.1, 0.5, 0.99, 1.0, 1.01, 3.0, 40.0, 300.0)
    }
    | set(np.random.default_rng(0).uniform(-8, 8, 200).tolist())
)
#: Relative error allowed, in units in the last place; the derivatives lose up to two digits where the formula changes.
ULPS = {0: 4, 1: 8, 2: 30, 3: 800}


@pytest.mark.parametrize("order", range(HIGHEST_ORDER + 1))
@pytest.mark.parametrize("kind", [special.bern, special.exprel])
def test_values_agree_with_mpmath_everywhere(kind: type, order: int) -> None:
    (text,) = Writer(JULIA, {ARGUMENT: "u"}, "f").block([written_out(kind, order)])
    numeric = special.numeric_bern if kind is special.bern else special.numeric_exprel
    worst = 0.0
    for x in PLACES:
        reference = float(numeric(x, order))
        floor = 1e-3 if kind is special.bern and order == 3 else 0.0  # it vanishes at 0
        worst = max(worst, abs(value(text, {"u": x}) - reference) / max(abs(reference), floor))
    assert worst < ULPS[order] * np.finfo(float).eps


@pytest.mark.parametrize("kind", [special.bern, special.exprel])
def test_far_out_nothing_is_nan(kind: type) -> None:
    (text,) = Writer(JULIA, {ARGUMENT: "u"}, "f").block([written_out(kind, 0)])
    for x in (-1e5, -800.0, 800.0, 1e5):
        found = value(text, {"u": x})
        expected = {special.bern: max(-x, 0.0), special.exprel: math.inf if x > 0 else -1 / x}[kind]
        assert found == pytest.approx(expected, rel=1e-15)


def test_high_derivatives_are_refused_in_words() -> None:
    with pytest.raises(ModelError, match="the derivative of order 4 of bern has no written-out form; up to 3 do"):
        written_out(special.bern, 4)
