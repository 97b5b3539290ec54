"""The exported MATLAB text, read back by a small evaluator, has the values of the system and its derivatives."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.errors import ModelError
from tests.interchange.catalogue import DISTINCT, SMOOTH, points, rates
from tests.interchange.exported_text import function, value

#: Relative to the largest term: values differ by rounding only, some of it in cancelling sums.
ROUNDING = 1e-11


def matrices(text: str, system: System, state: np.ndarray) -> dict[str, np.ndarray]:
    """The results of fun_eval, jacobian and jacobianp at a state, computed from the text alone."""
    functions: dict[str, Any] = {}
    for name, argument, body in re.findall(r"^function y = (\w+)\((\w)\)\ny = (.*);$", text, re.MULTILINE):
        functions[name] = function(argument, body, functions)
    found = {}
    for target, arguments, body in re.findall(
        r"^function (dydt|jac|jacp) = \w+\(t,kmrgd,?(.*)\)\n((?:.+\n)+)", text, re.MULTILINE
    ):
        names = dict(zip(arguments.split(","), system.values.values(), strict=True)) if arguments else {}
        statements = body.strip().replace(";\n", ";;").rstrip(";").replace("];", "]")
        *assignments, last = re.split(r";;(?=\w+ ?=)", statements)
        for assignment in assignments:
            name, formula = assignment.split(" = ", 1)
            place = re.fullmatch(r"kmrgd\((\d+)\)", formula)
            names[name] = float(state[int(place[1]) - 1]) if place else value(formula, names, functions)
        table = last.removeprefix(f"{target}=[").removesuffix("]")
        found[target] = np.array([[value(cell, names, functions) for cell in split(row)] for row in table.split(";;")])
    return found


def split(row: str) -> list[str]:
    """Cells of a row: at commas outside brackets."""
    cells, depth = [""], 0
    for character in row:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            cells.append("")
        else:
            cells[-1] += character
    return cells


@pytest.mark.parametrize("name", SMOOTH)
def test_rates_and_jacobians_are_those_of_the_system(name: str) -> None:
    system = getattr(dn.models, name)
    text = dn.to_matcont(system)
    by_parameter = sp.Matrix(
        [[system.differentiate(p)[i] for p in system.parameters] for i in range(len(system.states))]
    )
    for state in points(system):
        found = matrices(text, system, state)
        for target, expressions in (
            ("dydt", tuple(system.regular)),
            ("jac", tuple(system.jacobian())),
            ("jacp", tuple(by_parameter)),
        ):
            exact = rates(system, state, expressions).reshape(found[target].shape)
            assert found[target] == pytest.approx(exact, rel=ROUNDING, abs=ROUNDING * (1 + np.abs(exact).max()))


def test_singular_voltages_have_their_limits() -> None:
    system = dn.models.hodgkin_huxley
    state = np.array([-40.0, 0.1, 0.2, 0.3])
    assert matrices(dn.to_matcont(system), system, state)["dydt"].ravel() == pytest.approx(rates(system, state))


def test_the_file_has_the_form_that_matcont_reads() -> None:
    lines = dn.to_matcont(dn.models.fitzhugh_nagumo).splitlines()
    code = [line for line in lines if not line.startswith("%")]
    assert code[:6] == [
        "function out = fitzhugh_nagumo",
        "out{1} = @init;",
        "out{2} = @fun_eval;",
        "out{3} = @jacobian;",
        "out{4} = @jacobianp;",
        "out{5} = [];",
    ]
    assert (
        "function dydt = fun_eval(t,kmrgd,I,a,b,eps2)" in code or "function dydt = fun_eval(t,kmrgd,I,a,b,eps)" in code
    )
    assert "y0=[-1.0, -0.5];" in code


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (dn.models.lif, "lif cannot be written for MatCont: .* smooth equations only, and it has the jump 'spike'"),
        (
            System({"x": sp.Symbol("t")}, name="s"),
            r"takes no explicit time. Make t a parameter with system.freeze\('t'\)",
        ),
        (System({"x": 1}, noise=[dn.Noise({"x": 1})], name="s"), "takes no noise. Leave the noise term on x out"),
        (System({}, {"a": 1.0}, name="s"), "it has no states"),
    ],
)
def test_what_matcont_cannot_hold_is_named(system: System, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        dn.to_matcont(system)


@pytest.mark.parametrize("name", DISTINCT)
def test_every_catalogue_model_is_written_or_refused_by_its_jump(name: str) -> None:
    system = getattr(dn.models, name)
    if not system.jumps:
        assert dn.to_matcont(system).startswith(f"function out = {system.name}")
    else:
        with pytest.raises(ModelError, match=f"jump '{system.jumps[0].name}'"):
            dn.to_matcont(system)
