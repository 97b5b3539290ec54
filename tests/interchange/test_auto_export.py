"""Exported equations compile, have the right values and derivatives, and AUTO-07p finds with them what we find."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.errors import FormatError, ModelError
from tests.interchange.catalogue import SMOOTH, points, rates

GFORTRAN = shutil.which("gfortran")
AUTO = next(
    (p for p in (os.environ.get("AUTO_DIR", ""), "/usr/lib/auto-07p") if p and Path(p, "python").is_dir()), None
)
needs_fortran = pytest.mark.skipif(GFORTRAN is None, reason="gfortran is not installed")
needs_auto = pytest.mark.skipif(AUTO is None or GFORTRAN is None, reason="AUTO-07p is not installed")

ROUNDING = 1e-11

DRIVER = """
program driver
  implicit none
  integer, parameter :: n = {n}, most = 200
  double precision :: u(n), par(most), f(n), dfdu(n,n), dfdp(n,most)
  integer :: icp(1), io
  icp = 1
  call stpnt(n, u, par, 0d0)
  do
    read(*, *, iostat=io) u
    if (io /= 0) exit
    call func(n, u, icp, par, 2, f, dfdu, dfdp)
    write(*, '(*(es26.17e3))') f, transpose(dfdu), dfdp(:,1:{last})
  end do
end program
"""


def computed(system: System, states: np.ndarray, folder: Path) -> np.ndarray:
    """Rates and both Jacobians, one row for each state, by the compiled equations file."""
    files = dn.to_auto(system, system.parameters[0], (-1e9, 1e9))
    files.save(folder)
    last = max(map(int, re.findall(r"par\((\d+)\) = ", files.equations)))
    (folder / "driver.f90").write_text(DRIVER.format(n=len(system.states), last=last))
    subprocess.run(
        [str(GFORTRAN), "-O0", "-w", "-o", "driver", f"{files.name}.f90", "driver.f90"], cwd=folder, check=True
    )
    given = "\n".join(" ".join(repr(float(x)) for x in row) for row in states)
    done = subprocess.run([str(folder / "driver")], input=given + "\n", capture_output=True, text=True, check=True)
    return np.array([[float(x) for x in line.split()] for line in done.stdout.splitlines()])


def check(name: str, folder: Path) -> None:
    system = getattr(dn.models, name)
    states = points(system)
    n = len(system.states)
    places = [k for k in range(1, 200) if k not in (10, 11, 12, 13, 14)][: len(system.parameters)]
    slopes = [system.differentiate(p)[i] for p in system.parameters for i in range(n)]
    for state, row in zip(states, computed(system, states, folder), strict=True):
        by_parameter = row[n + n * n :].reshape(-1, n)[[k - 1 for k in places]].ravel()
        for found, expressions in (
            (row[:n], system.regular),
            (row[n : n + n * n], tuple(system.jacobian())),
            (by_parameter, tuple(slopes)),
        ):
            exact = rates(system, state, expressions)
            assert found == pytest.approx(exact, rel=ROUNDING, abs=ROUNDING * (1 + np.abs(exact).max()))


@needs_fortran
@pytest.mark.parametrize("name", ["hodgkin_huxley", "pinsky_rinzel", "wong_wang"])
def test_compiled_equations_and_jacobians_are_exact(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


@needs_fortran
@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_every_smooth_model_compiles_and_is_exact(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


@needs_fortran
def test_singular_voltages_steps_and_choices_have_their_values(tmp_path: Path) -> None:
    hodgkin_huxley = dn.models.hodgkin_huxley
    state = np.array([-40.0, 0.1, 0.2, 0.3])
    assert computed(hodgkin_huxley, state[None], tmp_path)[0, :4] == pytest.approx(
        rates(hodgkin_huxley, state), rel=1e-14
    )
    x, y, a = sp.symbols("x y a", real=True)
    kinks = System(
        {
            "x": sp.sign(x) + sp.floor(y) + sp.Piecewise((x**2, sp.Or(x > 1, y < 0)), (-y, True)) + a,
            "y": dn.maximum(x, dn.minimum(y, a)) - sp.Abs(x) ** sp.Rational(3, 2),
        },
        {"a": 0.25},
        name="kinks",
    )
    for place in ((-1.5, 2.5), (2.0, -0.5), (0.5, -3.0), (0.0, 0.1)):
        found = computed(kinks, np.array([place]), tmp_path)[0, :2]
        exact = [float(e.subs({x: place[0], y: place[1], a: 0.25})) for e in kinks.derivatives]
        assert found == pytest.approx(exact, rel=1e-14)


@needs_auto
@pytest.mark.parametrize(
    ("name", "values", "interval"),
    [
        ("hodgkin_huxley", {}, (0.0, 200.0)),
        ("morris_lecar", {}, (0.0, 250.0)),
        ("wang_buzsaki", {"I": -2.0}, (-2.0, 5.0)),
    ],
)
def test_auto_finds_the_special_points_that_we_find(
    name: str, values: dict[str, float], interval: tuple[float, float], tmp_path: Path
) -> None:
    system = getattr(dn.models, name).at(**values)
    rest = min(dn.fixed_points(system), key=lambda point: point["V"])
    files = dn.to_auto(system, "I", interval, start=dict(zip(system.states, rest.point.tolist(), strict=True)))
    files.save(tmp_path)
    (tmp_path / "go.py").write_text(f"from auto import run\nrun({files.name!r})\n")
    environment = os.environ | {"AUTO_DIR": str(AUTO), "PYTHONPATH": f"{AUTO}/python", "OMP_NUM_THREADS": "1"}
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable  # one without numpy
    done = subprocess.run(
        [python, "go.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    found = [
        (code, float(place))
        for code, place in re.findall(r"^\s+\d+\s+\d+\s+(LP|HB)\s+\d+\s+(\S+)", done.stdout, re.MULTILINE)
    ]
    ours = [(s.code, s["I"]) for s in dn.continue_equilibria(system, "I", interval).special if s.code in ("LP", "HB")]
    assert ours, name
    assert sorted(code for code, _ in found) == sorted(code for code, _ in ours), done.stdout[-3000:]
    for (_, a), (_, b) in zip(sorted(found), sorted(ours), strict=True):
        assert a == pytest.approx(b, rel=1e-4)  # AUTO prints six digits and locates to EPSS


def test_parameters_stay_clear_of_those_that_auto_uses() -> None:
    text = dn.to_auto(dn.models.hodgkin_huxley.at(I=5), "I", (0, 10)).constants
    assert "parnames = {1: 'I', 2: 'C', 3: 'g_Na'" in text
    wide = dn.to_auto(dn.models.pinsky_rinzel, "I_s", (-1, 1)).constants
    assert "9: 'g_Ca', 15: 'g_AHP'" in wide and "11: 'PERIOD'" in wide


def test_two_names_that_differ_in_case_become_two_variables() -> None:
    text = dn.to_auto(dn.models.pinsky_rinzel, "I_s", (-1, 1)).equations
    assert "! g_C is called g_C2 here" in text
    assert max(map(len, text.splitlines())) <= 132


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (dn.models.lif, "lif cannot be written for AUTO-07p: .* it has the jump 'spike'"),
        (
            System({"x": sp.Symbol("t")}, {"a": 1.0}, name="s"),
            r"no explicit time. Make t a parameter with system.freeze",
        ),
        (System({"x": sp.Ynm(1, 0, sp.Symbol("x"), 0)}, {"a": 1.0}, name="s"), "cannot be written for AUTO-07p: "),
    ],
)
def test_what_auto_cannot_hold_is_named(system: System, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        dn.to_auto(system, system.parameters[0], (-5, 5))


def test_wrong_words_are_answered(tmp_path: Path) -> None:
    system = dn.models.fitzhugh_nagumo
    with pytest.raises(ValueError, match="no parameter named 'i'.*did you mean 'I'"):
        dn.to_auto(system, "i", (0, 1))
    with pytest.raises(ValueError, match=r"interval=\(1, 2\) does not contain I = 0"):
        dn.to_auto(system, "I", (1, 2))
    with pytest.raises(ValueError, match="no state named 'u'"):
        dn.to_auto(system, "I", (0, 1), start={"u": 1.0})
    with pytest.raises(FormatError, match="there is no such folder; make it first"):
        dn.to_auto(system, "I", (0, 1)).save(tmp_path / "absent")
