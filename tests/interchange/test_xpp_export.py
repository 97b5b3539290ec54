"""Exported files run in XPPAUT itself, where it is installed, and give the same trajectories."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.definition.system import System
from dynana.errors import ModelError
from tests.interchange.catalogue import DISTINCT, NAMES, points, rates

XPPAUT = shutil.which("xppaut")
needs_xppaut = pytest.mark.skipif(XPPAUT is None, reason="XPPAUT is not installed")

#: XPPAUT prints eight digits; runs without jumps agree to them, up to the growth of errors along spikes.
DIGITS = 1e-7


def run(system: System, folder: Path, **options: float | str) -> np.ndarray:
    """Rows of time, states and observables that XPPAUT computes from the exported file."""
    (folder / "model.ode").write_text(dn.to_ode(system, options=options))
    done = subprocess.run(
        [str(XPPAUT), "model.ode", "-silent"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert (folder / "output.dat").exists(), done.stdout[-2000:]
    return np.loadtxt(folder / "output.dat", ndmin=2)


def distance(rows: np.ndarray, system: System, duration: float) -> float:
    """Largest difference to our own run, relative to the size of each state."""
    ours = dn.simulate(system, duration, rtol=1e-11, atol=1e-11).at(np.minimum(rows[:, 0], duration))
    n = len(system.states)
    return float(np.max(np.abs(rows[:, 1 : 1 + n] - ours) / (1e-2 + np.abs(ours).max(axis=0))))


@needs_xppaut
@pytest.mark.parametrize("name", [name for name in DISTINCT if not getattr(dn.models, name).jumps])
def test_smooth_models_run_alike(name: str, tmp_path: Path) -> None:
    system = getattr(dn.models, name)
    duration = 0.3 if system.time == "s" else 5.0
    rows = run(system, tmp_path, total=duration, dt=duration / 500)
    assert len(rows) == 501
    assert distance(rows, system, duration) < 20 * DIGITS


@needs_xppaut
@pytest.mark.parametrize(
    ("name", "values", "duration"),
    [
        ("lif", {"I": 30.0, "t_ref": 2.0}, 60.0),
        ("lif", {"I": 30.0, "t_ref": 0.0}, 60.0),
        ("quadratic_if_normal", {}, 15.0),
        ("izhikevich", {"I": 10.0}, 100.0),
        ("generalized_if", {"I": 1.5, "a": 0.005}, 150.0),
        ("adex", {"I": 5.0, "t_ref": 1.0}, 60.0),
    ],
)
def test_models_with_jumps_converge_to_the_same_run(
    name: str, values: dict[str, float], duration: float, tmp_path: Path
) -> None:
    system = getattr(dn.models, name).at(**values)
    ours = dn.simulate(system, duration)
    errors = []
    for step in (0.01, 0.0025):
        rows = run(system, tmp_path, total=duration, dt=step)
        drops = np.flatnonzero(np.diff(rows[:, 1]) < -0.3 * np.ptp(rows[:, 1]))
        assert len(drops) == len(ours.jump_times) > 2
        # a row is written at the end of the step in which the jump falls
        late = rows[drops + 1, 0] - ours.jump_times
        errors.append(float(np.max(np.abs(late))))
    # XPPAUT locates events on a straight line through the step, an error of second order; rows are up to a step late
    assert errors[0] < 0.1
    assert errors[1] < 0.01


@needs_xppaut
def test_states_that_a_jump_exchanges_keep_their_values(tmp_path: Path) -> None:
    x, y, k = sp.symbols("x y k")
    system = System(
        {"x": 1.0, "y": 0.0, "k": 0.0},
        initial={"x": 0.0, "y": -2.0, "k": 1.0},
        jumps=[dn.Jump(when=x > 1.005, to={"x": y, "y": x + k, "k": 2 * k})],
        name="exchange",
    )
    rows = run(system, tmp_path, total=2.0, dt=0.01)
    assert rows[-1, 1:4] == pytest.approx([-2.0 + (2.0 - 1.005), 2.005, 2.0], abs=1e-6)


@needs_xppaut
def test_noise_has_the_right_size_in_both_calculi(tmp_path: Path) -> None:
    x = sp.Symbol("x")
    for calculus, drift in (("ito", 0.0), ("stratonovich", 0.5 * 0.3**2)):
        system = System(
            {"x": 0.0 * x},
            initial={"x": 1.0},
            noise=[dn.Noise({"x": sp.Rational(3, 10) * x}, calculus=calculus)],
            name="growth",
        )
        logs = [np.log(run(system, tmp_path, total=40.0, dt=0.01, seed=s)[-1, 1]) for s in range(1, 31)]
        # log x is normal with mean (drift - 0.045) t and variance 0.09 t in Ito's calculus; four standard errors
        assert abs(np.mean(logs) - (drift - 0.045) * 40.0) < 4 * np.sqrt(0.09 * 40.0 / len(logs))
        assert 0.5 < np.var(logs) / (0.09 * 40.0) < 1.8


@needs_xppaut
def test_observables_are_the_last_columns(tmp_path: Path) -> None:
    system = dn.models.hodgkin_huxley.at(V=-40.0, m=0.2, h=0.5, n=0.4)
    row = run(system, tmp_path, total=0.1, dt=0.1)[0]
    known = {**system.initial, **system.values}
    expected = [float(e.subs({s: known[s.name] for s in e.free_symbols})) for e in system.observables.values()]
    assert row[5:8] == pytest.approx(expected, rel=1e-6)


@needs_xppaut
def test_choices_and_powers_mean_the_same(tmp_path: Path) -> None:
    x, y = sp.symbols("x y", real=True)
    rows = [
        sp.Piecewise((-x, x > 1), (x**2 - 3, sp.And(x < 0, y < 0)), (sp.sign(x) - sp.floor(10 * y), True)),
        -(x**2) + 2 ** (x / 2) - y ** sp.Rational(-3, 2) * sp.sqrt(y) + sp.Abs(x) * sp.Max(x, y, sp.Rational(1, 2)),
    ]
    rng = np.random.default_rng(3)
    for place in [*rng.uniform((-2, 0.1), (2, 3), (4, 2)), (-0.5, 1.5)]:
        system = System(dict(zip("xy", rows, strict=True)), initial=dict(zip("xy", place, strict=True)), name="kinks")
        found = run(system, tmp_path, total=1e-3, dt=1e-3, meth="euler")
        slope = (found[1, 1:3] - found[0, 1:3]) / 1e-3
        exact = [float(e.subs({x: place[0], y: place[1]})) for e in rows]
        assert slope == pytest.approx(exact, abs=2e-3)


def test_names_are_short_unique_and_fit_for_xppaut() -> None:
    wanted = ["V_th_reset", "V_th_rest", "v_TH_reSet", "g_c", "g_C", "exp", "t1", "if", "pi", "wiener"]
    system = System({n: sp.Symbol("sin") for n in wanted if n != "if"}, {"sin": 1.0, "Sin": 2.0}, name="names")
    text = dn.to_ode(system)
    names = re.findall(r"^(?:par )?(\w+)'?=", text, re.MULTILINE)
    assert len(names) == len(system.states) + 2
    assert len({name.lower() for name in names}) == len(names)
    assert max(map(len, names)) <= 9
    assert not {"exp", "pi", "sin"} & {name.lower() for name in names}
    assert "# g_C is called g_C2 here" in text
    assert "t1'=" in text and "g_c'=" in text


@pytest.mark.parametrize("name", NAMES)
def test_every_catalogue_model_is_written_in_lines_that_xppaut_reads(name: str) -> None:
    text = dn.to_ode(getattr(dn.models, name))
    assert text.endswith("done\n")
    assert max(map(len, text.splitlines())) <= 1000


def test_text_from_strangers_stays_in_comments() -> None:
    system = System({"x": 1.0}, name="odd", doc="#include /etc/passwd\ndone\n@ total=1 \\\npar a=1\x0b")
    lines = dn.to_ode(system).splitlines()
    assert all(
        line.startswith("# ") or not {"include", "passwd", "a=1"} & set(re.split(r"\W+", line)) for line in lines
    )
    assert not any(line.endswith("\\") for line in lines)


def test_long_formulas_are_cut_into_named_parts() -> None:
    states = [f"x{k}" for k in range(60)]
    everything = sum(sp.sin(sp.Symbol(n)) * sp.Symbol(m) for n in states for m in states[:4])
    text = dn.to_ode(System(dict.fromkeys(states, everything), name="large"))
    assert max(map(len, text.splitlines())) <= 1000


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (System({}, {"a": 1.0}, name="unit"), "unit cannot be written for XPPAUT: it has no states"),
        (
            System({"x": sp.zeta(sp.Symbol("x"))}, name="odd"),
            r"odd cannot be written for XPPAUT: zeta in zeta\(x\) has no counterpart there",
        ),
    ],
)
def test_what_xppaut_cannot_hold_is_named(system: System, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        dn.to_ode(system)


@pytest.mark.parametrize(
    "options", [{"total": "5\npar a=1"}, {"to tal": 5.0}, {"dt": 0.0}, {"dt": "small"}, {"meth": "a b"}]
)
def test_options_are_checked(options: dict[str, float | str]) -> None:
    with pytest.raises(ValueError, match="options: "):
        dn.to_ode(dn.models.lif, options=options)


@needs_xppaut
def test_more_shared_parts_than_xppaut_reads_are_repeated_instead(tmp_path: Path) -> None:
    states = [f"x{k}" for k in range(64)]
    x = [sp.Symbol(n, real=True) for n in states]
    rows = {n: sum(sp.sin(2 * (a - b)) for b in x) / 64 for n, a in zip(states, x, strict=True)}
    system = System(rows, initial={n: 0.01 * k for k, n in enumerate(states)}, name="coupled")
    assert len(dn.to_ode(system).splitlines()) < 1800
    assert run(system, tmp_path, total=0.1, dt=0.05).shape == (3, 65)


def test_systems_that_are_too_large_for_xppaut_are_refused() -> None:
    many = System(dict.fromkeys([f"x{k}" for k in range(1900)], 1.0), name="many")
    with pytest.raises(ModelError, match="needs 1900 states, observables and parts of formulas, and XPPAUT reads 1800"):
        dn.to_ode(many)
    wide = System({"x": 1.0}, {f"p{k}": 1.0 for k in range(300)}, name="wide")
    with pytest.raises(ModelError, match="needs 300 parameters, and XPPAUT reads 250"):
        dn.to_ode(wide)


@pytest.mark.parametrize("name", DISTINCT)
def test_our_own_reader_gets_the_same_equations_back(name: str) -> None:
    system = getattr(dn.models, name)
    back = dn.load_ode(dn.to_ode(system)).system
    count = len(system.states)
    extra = [back.initial[n] for n in back.states[count:]]
    assert list(back.initial.values())[:count] == list(system.initial.values())
    assert list(back.values.values())[: len(system.values)] == list(system.values.values())
    assert len(back.observables) == len(system.observables)
    for state in points(system):
        exact = rates(system, state)
        assert rates(back, np.array([*state, *extra]))[:count] == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_our_own_reader_runs_the_jumps_alike() -> None:
    system = dn.models.adex.at(I=5.0, t_ref=1.0)
    back = dn.load_ode(dn.to_ode(system)).system
    ours, theirs = dn.simulate(system, 60.0), dn.simulate(back, 60.0)
    assert theirs.jumps["jump"] == pytest.approx(ours.jumps["spike"], abs=1e-6)
