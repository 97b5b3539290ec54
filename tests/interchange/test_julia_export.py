"""The exported Julia text, read back by a small evaluator, has the values of the system."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.errors import ModelError
from tests.interchange.catalogue import DISTINCT, points, rates
from tests.interchange.exported_text import function, value

ROUNDING = 1e-11


def slopes(text: str, system: System, state: np.ndarray) -> list[float]:
    """Right-hand sides at a state, from the text alone; two variables that hold states are at their start."""
    functions: dict[str, Any] = {}
    for name, argument, body in re.findall(r"^(\w+)\((u)\) = (.*)$", text, re.MULTILINE):
        functions[name] = function(argument, body, functions)
    names = {name: float(x) for name, x in re.findall(r"^@parameters (\w+) = (.*)$", text, re.MULTILINE)}
    started = {name: float(x) for name, x in re.findall(r"^@variables (\w+)\(t\) = (.*)$", text, re.MULTILINE)}
    assert list(started.values())[: len(state)] == list(system.initial.values())
    names |= started | dict(zip(started, state.tolist(), strict=False)) | {"t": 0.0}
    for name, formula in re.findall(r"^(part\d*) = (.*)$", text, re.MULTILINE):
        names[name] = value(formula, names, functions)
    rows = re.findall(r"^    D\((\w+)\) ~ (.*),$", text, re.MULTILINE)
    assert [name for name, _ in rows] == list(started)
    return [value(formula, names, functions) for _, formula in rows][: len(state)]


@pytest.mark.parametrize("name", DISTINCT)
def test_rates_are_those_of_the_system(name: str) -> None:
    system = getattr(dn.models, name)
    text = dn.to_julia(system)
    assert f"@mtkcompile {system.name} = System(equations, t" in text
    for state in points(system):
        exact = rates(system, state)
        assert slopes(text, system, state) == pytest.approx(
            exact, rel=ROUNDING, abs=ROUNDING * (1 + np.abs(exact).max())
        )


def test_jumps_become_events_that_fire_upwards_with_values_from_before() -> None:
    lines = dn.to_julia(dn.models.izhikevich).splitlines()
    assert (
        "    ModelingToolkit.SymbolicContinuousCallback([v - v_peak ~ 0], [v ~ c, u ~ d + Pre(u)]; "
        "affect_neg = nothing), # spike"
    ) in lines
    assert lines[-1] == "@mtkcompile izhikevich = System(equations, t; continuous_events = events)"


def test_holds_become_two_variables_and_an_event() -> None:
    text = dn.to_julia(dn.models.lif)
    assert "D(V) ~ (1 - held)*(V_rest + I*R - V)/tau," in text
    assert (
        "[V ~ V_reset, held ~ ifelse(t_ref > 0, 1, 0), free_at ~ ifelse(t_ref > 0, t + t_ref, 1000000000.0)]" in text
    )
    assert "([t - free_at - 1e-09 ~ 0], [held ~ 0]; affect_neg = nothing), # end of spike" in text


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (System({"x": 1}, noise=[dn.Noise({"x": 1})], name="s"), "s cannot be written for Julia: the noise on x"),
        (System({}, {"a": 1.0}, name="s"), "it has no states"),
        (System({"x": sp.Chi(sp.Symbol("x"))}, name="s"), r"Chi in Chi\(x\)"),
    ],
)
def test_what_has_no_counterpart_is_named(system: System, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        dn.to_julia(system)
