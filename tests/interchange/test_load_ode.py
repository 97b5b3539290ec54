"""`load_ode`: what each kind of line becomes, what is said about it, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.interchange.ode_report import KINDS

FOLDER = Path(__file__).parent / "ode"

NEURON = """# a neuron
par i=1, tau=10
v'=(i-v)/tau
init v=0.2
global 1 v-0.5 {v=0}
aux twice=2*v
@ total=50,dt=.1,meth=euler,xp=v,xlo=0,xhi=1,bell=0
set high {i=2,v=.1,total=100}
done
this is not read
"""


def derivatives(text: str) -> dict[str, sp.Expr]:
    system = dn.load_ode(text).system
    return dict(zip(system.states, system.derivatives, strict=True))


def notes(text: str) -> list[str]:
    return [str(note) for note in dn.load_ode(text).report]


def test_the_parts_of_a_model() -> None:
    model = dn.load_ode(NEURON)
    system = model.system
    assert (system.states, system.values, system.initial) == (("v",), {"i": 1.0, "tau": 10.0}, {"v": 0.2})
    assert system.doc == "a neuron"
    assert str(system.jumps[0].when) == "v > 1/2"
    assert system.jumps[0].to == {"v": sp.Integer(0)}
    assert set(system.observables) == {"twice"}
    assert system.ranges == {"v": (0.0, 1.0)}
    assert (model.run.total, model.run.dt, model.run.method) == (50.0, 0.1, "euler")
    assert model.run.options == {"method": "euler", "dt": 0.1}
    assert model.presets["high"].values == {"i": 2.0, "v": 0.1}
    assert model.presets["high"].settings == {"total": "100"}
    assert model.at("high").initial == {"v": 0.1}
    assert [str(note) for note in model.report] == ["line 7: ignored: the option bell=0 has no meaning here."]
    with pytest.raises(ValueError, match="did you mean 'high'"):
        model.at("higher")


def test_a_file_is_read_like_its_text(tmp_path: Path) -> None:
    path = tmp_path / "neuron-1.ode"
    path.write_bytes(NEURON.replace("\n", "\r\n").encode())
    for source in (path, str(path)):
        model = dn.load_ode(source)
        assert model.system.name == "neuron_1"
        assert model.system.fingerprint == dn.load_ode(NEURON).system.fingerprint
    with pytest.raises(FileNotFoundError):
        dn.load_ode("no-such-file.ode")
    with pytest.raises(FileNotFoundError):
        dn.load_ode(tmp_path / "x'=-x.ode")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ode")), ids=lambda path: path.stem)
def test_every_example_is_a_model_that_runs(path: Path) -> None:
    model = dn.load_ode(path)
    assert all(note.kind in KINDS and note.line > 0 for note in model.report)
    symbols = {s.name for e in model.system.expressions() for s in e.free_symbols} - {"t"}
    assert symbols <= set(model.system.symbols)


def test_arrays_and_blocks() -> None:
    model = dn.load_ode(FOLDER / "arrays.ode")
    system = model.system
    assert system.states == (*(f"u{k}" for k in range(8)), "v1", "w1", "v2", "w2", "v3", "w3")
    rows = dict(zip(system.states, system.derivatives, strict=True))
    s = system.symbols
    cubic = s["u3"] * (1 - s["u3"]) * (s["u3"] - s["a"])
    assert sp.expand(rows["u3"] - cubic - s["d"] * (s["u4"] + s["u2"] - 2 * s["u3"])) == 0
    assert sp.expand(rows["v3"] + s["v3"] - s["u6"] / 10) == 0
    assert (system.initial["u1"], system.initial["u5"], system.initial["w3"]) == (0.9, 0.3, 0.5)
    assert sp.expand(system.observables["mean"] - sum(s[f"u{k}"] for k in range(8)) / 8) == 0
    assert system.observables["last2"] == s["w3"]


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2^3^2", 64), ("-2^2", -4), ("2*3<4", 2), ("1+2<3+4", 6), ("-1<0", 0), ("3<2<1", 1), ("1+1&1", 2),
        ("1e-3^2", 1e-6), ("mod(-1,3)", 2), ("flr(-1.5)", -2), ("heav(0)", 1), ("sign(0)", 0), ("log(1)", 0),
        ("if(1<2)then(3)else(4)+5", 8), ("2*-3", -6), ("1!=2", 1), ("max(1,2)+min(1,2)", 3), ("not(3)", 0),
        ("sum(1,4)of(i'^2)", 30), ("sum(1,3)of(sum(1,2)of(i'))", 9), ("(1>0)|(0>1)", 1),
    ],
)  # fmt: skip
def test_formulas_have_the_values_of_xppaut(formula: str, value: float) -> None:
    """The values measured with XPPAUT; minus after an operator and != it refuses to read."""
    assert float(derivatives(f"x'={formula}")["x"]) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("formula", ["2^3^2", "2*3<4", "1+2<3+4", "-1<0"])
def test_readings_that_differ_are_reported(formula: str) -> None:
    (note,) = notes(f"x'={formula}\n@ total=1\ndone")
    assert note.startswith("line 1: reading: XPPAUT's ")
    assert "usually this would be" in note


def test_case_is_folded_and_the_first_spelling_kept() -> None:
    system = dn.load_ode("V'=-GL*(v-vL)\npar gL=2,VL=-60\nINIT v=-50\ndone").system
    assert system.states == ("V",)
    assert system.values == {"gL": 2.0, "VL": -60.0}
    assert system.initial == {"V": -50.0}


def test_what_xppaut_refuses_and_is_plainly_meant() -> None:
    model = dn.load_ode(FOLDER / "tolerant.ode")
    assert model.system.states == ("very_long_name_of_a_state", "x")
    assert model.system.values == {"a": 1.0, "b": 2.0, "c": 3.0}
    kinds = {note.line: note.kind for note in model.report}
    assert kinds == {
        2: "repaired",
        4: "repaired",
        5: "repaired",
        6: "reading",
        8: "ignored",
        9: "reading",
        10: "repaired",
    }


def test_names_of_python_and_underscores_in_front() -> None:
    model = dn.load_ode("_x'=-lambda*_x+I\npar lambda=2,I=1\naux is=_x\naux P.E.=2*_x\naux lambda=1\ndone")
    assert model.names == {"_x": "x_", "lambda": "lambda_", "i": "I"}
    assert list(model.system.observables) == ["is_aux", "P_E", "lambda_aux"]
    assert sum(note.kind == "renamed" for note in model.report) == 5


def test_values_that_are_more_than_a_number_are_those_of_xppaut_and_reported() -> None:
    model = dn.load_ode(FOLDER / "readings.ode")
    assert model.system.values == {"a": 1.0, "b": 2.0}
    assert model.system.initial == {"x": 2.0, "y": 0.0}
    text = " ".join(map(str, model.report))
    for part in ("a=1/3 is 1 in XPPAUT", "gives 0.3333333333", "x=2*3 is 2", "gives 6", "late uses q"):
        assert part in text


def test_events_are_jumps_and_changed_parameters_are_states() -> None:
    model = dn.load_ode(FOLDER / "events.ode")
    system = model.system
    assert "step" not in system.parameters
    assert system.derivatives[system.states.index("step")] == 0
    assert system.initial["step"] == 0.0
    s = system.symbols
    assert system.jumps[0].to == {"v": s["vr"], "w": s["w"] + s["b"], "n": s["n"] + 1}


def test_assignments_of_an_event_are_made_one_after_the_other() -> None:
    (jump,) = dn.load_ode(FOLDER / "sequential.ode").system.jumps
    k, p = sp.symbols("k p", real=True)
    assert jump.to == {"v": k, "k": k + 10, "p": p + 1, "m": p}


def test_what_xppaut_reads_in_its_own_way_is_read_so_and_reported() -> None:
    """A blank beside an argument makes it a name of the model; the last range of a line only is run through."""
    model = dn.load_ode(FOLDER / "blanks.ode")
    system, s = model.system, model.system.symbols
    assert system.states == ("z", "y", "q1", "q2", "q3", "r1", "r2", "r3")
    assert sp.expand(system.derivatives[0] - (1 + 3 * s["y"] - s["z"])) == 0
    assert tuple(system.initial.values()) == (0, 7, 5, 0, 0, 6, 6, 6)
    text = " ".join(map(str, model.report))
    for part in ("a blank beside the argument y", "[1..3] is 1 here", "makes a variable of it"):
        assert part in text


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("f(x ,y)=x+y\nz'=f(z,2)", "XPPAUT refuses blanks beside arguments"),
        ("x[1..3]'=-[J]", "[J] is taken as the index j"),
        ("x[1..3]'=-x[ j]", "[ j] is taken as the index j"),
        ("par a[1..2]=2,b[1..2]=3\nx'=a2+b2", "both ranges"),
        ("x'=-x\nx (0)=3", "a blank before the bracket"),
        ("x'=2^-x", "a sign after an operator"),
        ("x' per ms=-x", "'per ms' before the = is not read"),
        ("x'=-x\n%y'=2", "is taken as a comment"),
        ("x'=sin(1/x)*x", "derivative of x has no finite value"),
    ],
)
def test_every_repair_is_reported(text: str, note: str) -> None:
    assert any(note in found for found in notes(f"{text}\n@ total=1\ndone"))


def test_conditions_on_choices_on_choices() -> None:
    """Chains of clipped sums, beyond the number of branches that is written out; a choice between formulas stays."""
    model = dn.load_ode(FOLDER / "clipped.ode")
    system = model.system
    numbers = sp.lambdify([*system.symbols.values(), sp.Symbol("t", real=True)], system.derivatives, "numpy")

    def clip(x: float) -> float:
        return (1 + (x - 1) * (1 - x >= 0)) * (x >= 0)

    def pulse(t: float, on: float, off: float, a: float) -> float:
        return a * (float(t >= on) - float(t >= off))

    draw = np.random.default_rng(0)
    w, s, i0, tau, theta = system.values.values()
    for u, v, t in zip(draw.uniform(-2, 3, 300), draw.uniform(-2, 3, 300), draw.uniform(0, 10, 300), strict=True):
        i1 = w * clip(u - 0.1 + pulse(t, 3.02, 6.03, 0.8) + pulse(t, 8.03, 9.01, -0.9))
        i2 = w * clip(v + i1 - theta)
        expected = (-u + max(s * i1 + (1 - s) * i2 - 0.2 * v, 0), (-v + max(i0 + clip(u) - i2, 0)) / tau)
        assert numbers(u, v, *system.values.values(), t) == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_lines_are_joined_at_the_first_backslash() -> None:
    model = dn.load_ode("# a \\beta\nx'=-a*x \\\\ \n  +b*x^2\\ # and\n+1\npar a=1,b=2\ndone")
    x, a, b = (model.system.symbols[n] for n in "xab")
    assert sp.expand(model.system.derivatives[0] - (b * x**2 - a * x + 1)) == 0
    assert [str(note) for note in model.report] == [
        "line 3: left out: ' # and' after the backslash is not read, as in XPPAUT."
    ]


def test_names_may_begin_with_a_digit() -> None:
    model = dn.load_ode(FOLDER / "digits.ode")
    system, s = model.system, model.system.symbols
    assert system.states == ("x5ht", "x1a", "z")
    assert model.names == {"5ht": "x5ht", "1a": "x1a", "z": "z", "k": "k", "pt": "PT", "4th": "x4th"}
    assert system.derivatives[1] == -s["x1a"] * (s["PT"] - s["x1a"]) + 3 * s["x5ht"]
    assert sp.expand(system.derivatives[2] - (s["x5ht"] ** 2 + 100 - s["z"])) == 0
    assert system.initial == {"x5ht": 2.0, "x1a": 0.3, "z": 0.0}
    assert "line 2: renamed: 5ht begins with a digit and is x5ht here." in map(str, model.report)
    with pytest.raises(dn.FormatError, match="operator or the end"):
        dn.load_ode("x'=-2y\ny'=1\ndone")


def test_functions_of_probability_run_and_have_derivatives() -> None:
    """The slopes of erf and lgamma at a point by differences, and a run by scipy."""
    system = dn.load_ode(FOLDER / "special.ode").system
    s, point = system.symbols, {"v": 0.4, "w": 0.2, **system.values}

    def rate(v: float) -> float:
        value = system.derivatives[0].subs({s[n]: a for n, a in {**point, "v": v}.items()})
        return float(value.evalf(30))

    slope = sp.diff(system.derivatives[0], s["v"]).subs({s[n]: a for n, a in point.items()}).evalf(30)
    assert float(slope) == pytest.approx((rate(0.4 + 1e-5) - rate(0.4 - 1e-5)) / 2e-5, rel=1e-9)

    def right(t: float, y: np.ndarray) -> list[float]:
        v, w = y
        return [
            -v + 2 * math.erf(v - w) + 0.1 * math.lgamma(2 + v**2), (math.exp(-(v**2)) * math.erfc(-v) - w) / 3,
        ]  # fmt: skip

    expected = solve_ivp(right, (0, 20), [0.3, 0.1], "DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    for method in ("dop853", "rodas5p"):
        run = dn.simulate(system, 20.0, method=method, rtol=1e-10, atol=1e-12)
        assert run.y[-1] == pytest.approx(expected, rel=1e-7)


def test_an_event_that_holds_at_the_beginning_waits() -> None:
    """x = cos t rises through 1/2 at 5 pi/3 for the first time."""
    model = dn.load_ode(FOLDER / "beyond.ode")
    run = dn.simulate(model.system, 6.0)
    fired = [t for t, name in zip(run.jumps.t, np.array(run.jumps.names)[run.jumps.index], strict=True)]
    before, after = run.at(5 * math.pi / 3 - 1e-6), run.at(5 * math.pi / 3 + 1e-6)
    m = run.states.index("m")
    assert after[m] / before[m] == pytest.approx(0.5, rel=1e-5)
    assert len(fired) == 2  # left at pi/3, reached at 5 pi/3


def test_noise_enters_linearly() -> None:
    model = dn.load_ode(FOLDER / "noise.ode")
    system = model.system
    r, s = sp.symbols("r s", real=True)
    step = sp.Rational(1, 5)  # the root of dt
    amplitudes = [{n: sp.simplify(e) for n, e in term.terms.items()} for term in system.noise]
    assert {"v": r + s} in amplitudes
    assert {"v": -2 * r, "u": s} in amplitudes
    assert {"z": step / 2} in amplitudes
    assert {"y": sp.simplify(2 * step / sp.sqrt(12))} in amplitudes
    drift = dict(zip(system.states, system.derivatives, strict=True))
    assert drift["z"] == 1 - sp.Symbol("z", real=True)
    assert drift["y"] == 1 - sp.Symbol("y", real=True)
    assert set(system.observables) == {"v2"}
    assert any(note.kind == "left out" and "aux noisy" in note.text for note in model.report)


@pytest.mark.parametrize("method", ["", "cvode", "rungekutta", "modeuler", "euler"])
def test_a_run_with_noise_has_steps_of_one_length(method: str) -> None:
    model = dn.load_ode(f"wiener w\nx'=-x+w\n@ total=1,dt=.1{',meth=' * bool(method) + method}\ndone")
    assert model.run.options == {"method": "euler", "dt": 0.1}
    assert any("Euler's method" in str(note) for note in model.report) == (method != "euler")
    assert len(dn.simulate(model.system, model.run.span, seed=1, **model.run.options)) == 11


@pytest.mark.parametrize(
    "text", ["wiener w\nx'=w^2", "wiener w\nx'=exp(w)", "x'=heav(ran(1)-.5)", "x'=normal(0,1)*normal(0,1)"]
)
def test_noise_that_does_not_enter_linearly_is_refused(text: str) -> None:
    with pytest.raises(dn.FormatError, match="nonlinear|noise|random"):
        dn.load_ode(text + "\ndone")


def test_tables_interpolate_and_go_on_beyond_their_ends() -> None:
    model = dn.load_ode("table f % 5 -2 2 t^2\nx'=f(y)\ny'=1\ndone")
    y = sp.Symbol("y", real=True)
    row = model.system.derivatives[0]
    for at, value in ((-2, 4), (-1.5, 2.5), (0.25, 0.25), (1.75, 3.25), (3, 7), (-4, 10)):
        assert float(row.subs(y, at)) == pytest.approx(value, rel=1e-14)


def test_a_table_of_steps_and_a_shift_by_a_table() -> None:
    system = dn.load_ode(FOLDER / "table_file.ode").system
    t = sp.Symbol("t", real=True)
    stairs = system.derivatives[1] + sp.Symbol("y", real=True)
    for at, value in ((0.4, 0), (5, 1), (14, 2), (-4, -1), (20, -4)):
        assert float(stairs.subs(t, at)) == value
    rows = derivatives((FOLDER / "table_formula.ode").read_text())
    assert rows["z0"].has(sp.Symbol("z1", real=True))
    assert rows["z3"].has(sp.Symbol("z0", real=True))


def test_settings_sets_and_active_comments() -> None:
    model = dn.load_ode(FOLDER / "settings.ode")
    run = model.run
    assert (run.total, run.dt, run.method, run.tolerance, run.absolute) == (40.0, 0.1, "cvode", 1e-6, 1e-8)
    assert (run.transient, run.t0, run.bound, run.every) == (3.0, 1.0, 1e4, 2)
    assert (run.span, run.options) == ((1.0, 41.0), {"method": "auto"})
    assert model.axes["xp"] == "x" and model.axes["parmax"] == "3"
    assert model.system.ranges == {"x": (-1.0, 2.0), "y": (-3.0, 4.0)}
    assert list(model.presets) == ["more current", "quiet", "loud"]
    assert model.presets["quiet"].values == {"i": 0.0, "x": 0.3}
    assert model.presets["loud"].values == {"i": 10.0, "y": -1.0}


@pytest.mark.parametrize(
    ("line", "construct"),
    [
        ("x(t+1)=x/2", "map"),
        ("0=x+z", "dae"),
        ("solve z=1", "solve"),
        ("bdry x-1", "boundary"),
        ("b x'-1", "boundary"),
        ("b (x-1)", "boundary"),
        ("export {x} {a}", "export"),
        ("special k=conv(even,5,2,w,x0)", "special"),
        ("volt u=x", "volterra"),
        ("u(t)=sin(t)+int{exp(-t)#u}", "volterra"),
        ("z'=int[.5]{t#x}", "volterra"),
        ("markov z 2\n{0} {1}\n{1} {0}", "markov"),
        ("vector v=f(x)", "vector"),
        ("group g 1\npart", "group"),
        ("table w @ file", "two arguments"),
        ("y'=delay(x,1)", "delay"),
        ("y'=del_shft(x,1,2)", "del_shft"),
        ("y'=poisson(1)", "poisson"),
        ("y'=besselj(0,x)", "besselj"),
        ("@ meth=discrete", "map"),
    ],
)
def test_what_is_refused_is_refused_by_name_and_line(line: str, construct: str) -> None:
    with pytest.raises(dn.FormatError, match=construct) as caught:
        dn.load_ode(f"x'=-x\n{line}\ndone")
    assert caught.value.line == 2
    assert caught.value.column is not None


def test_the_first_line_of_an_old_file_and_an_empty_one() -> None:
    with pytest.raises(dn.FormatError, match="old style"):
        dn.load_ode("2\nv x=1\n")
    with pytest.raises(dn.FormatError, match="no differential equation"):
        dn.load_ode("par a=1\ndone")


def test_all_faults_of_a_file_are_named_at_once() -> None:
    with pytest.raises(dn.FormatError) as caught:
        dn.load_ode("x'=2y\nbdry x\ny'=(x\nexport {x} {y}\ndone")
    message = str(caught.value)
    assert all(f"line {k}" in message for k in (1, 2, 3, 4))
    assert caught.value.line == 1


def test_a_fault_in_a_line_of_an_array_is_named_once() -> None:
    with pytest.raises(dn.FormatError) as caught:
        dn.load_ode("x[1..9]'=-x[j]+(1\ny'=2y\ndone")
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x'=-x\ndelta is a comment\ny'=x", 2, "would end the file"),
        ("x'=-x\nd y/dt=x\ndone", 2, "would end the file"),
        ("x'=-x\npar x=2", 2, "declared in line 1"),
        ("x'=-x\npar t=2", 2, "time"),
        ("x'=-x+y\ndone", 1, "no name named 'y'"),
        ("x'=-x\ninit y=1", 2, "no state named 'y'"),
        ("x'=-a\na=b\nb=a", 2, "circle"),
        ("x'=f(x)\nf(u)=f(u)", 2, "circle"),
        ("x'=f(x,1)\nf(u)=u", 1, "takes 1 argument"),
        ("x'=f(x)\nf(u,u)=u", 2, "distinct names"),
        ("x'=-x\nglobal x {x=1}", 2, "global sign"),
        ("x'=-x\nglobal 1 x {y=1}", 2, "no state or parameter"),
        ("x'=-x\nglobal 1 x-1 {x}", 2, "name=formula"),
        ("x[1..3]'=-y\ny[1..2]'=[j]+[k]", 2, "a number, a name"),
        ("x'=-x[j]", 1, "without a range"),
        ("x[1..a]'=1", 1, "whole numbers"),
        ("x[1..3]'=y[1..4]", 1, "two different ranges"),
        ("%[1..3]\nx[j]'=1", 1, "not closed"),
        ("x'=-x\ntable f missing.tab\ny'=f(x)", 2, "as text"),
        ("x'=-x\ntable f % 1 0 1 t", 2, "at least 2 points"),
        ("x'=-x\n#include other.inc", 2, "cannot include"),
        ("x'=sum(0,a)of(x)\npar a=3", 1, "not constant"),
        ("x'=shift(x,5)", 1, "no variable"),
        ("x'=shift(2,5)", 1, "shift(variable, number)"),
        ("x'=sum(0,1e9)of(x)", 1, "at most"),
        ("x'=mod(x,-2)", 1, "positive divisors"),
        ("x'=-x\naux", 2, "no statement|means nothing"),
        ("x'=-x\naux y", 2, "aux name = formula"),
        ("x'=-x\nset", 2, "means nothing"),
        ("x'=-x\nset a b", 2, "set name"),
        ("x'=-x+y=1", 1, "operator or the end"),
    ],
)
def test_every_message_has_the_line(text: str, line: int, message: str) -> None:
    try:
        model = dn.load_ode(text if "\n" in text else text + "\n")
    except dn.FormatError as error:
        assert any(part in str(error) for part in message.split("|")), str(error)
        assert (error.line, error.column is not None) == (line, True)
    else:
        found = [str(note) for note in model.report if note.line == line]
        assert any(part in note for note in found for part in message.split("|")), found


def test_aux_that_cannot_be_made_is_left_out_and_reported() -> None:
    model = dn.load_ode("x'=-x\naux late=delay(x,2)\naux y=2*x\ndone")
    assert list(model.system.observables) == ["y"]
    assert [str(note) for note in model.report] == [
        "line 2: left out: aux late: delay(...) makes a delay equation, which cannot be integrated here."
    ]


def test_files_are_included_from_the_folder_only(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "secret.inc").write_text("par a=1\n")
    (tmp_path / "model" / "link.inc").symlink_to(tmp_path / "secret.inc")
    (tmp_path / "model" / "near.inc").write_text("par a=1\n")
    path = tmp_path / "model" / "m.ode"
    for name in ("../secret.inc", str(tmp_path / "secret.inc"), "link.inc", "near/../../secret.inc"):
        path.write_text(f"x'=-x\n#include {name}\ndone\n")
        with pytest.raises(dn.FormatError, match="outside the folder"):
            dn.load_ode(path)
    path.write_text("x'=-a*x\n#include near.inc\ndone\n")
    assert dn.load_ode(path).system.values == {"a": 1.0}
    path.write_text("x'=-x\n#include m.ode\ndone\n")
    with pytest.raises(dn.FormatError, match="include each other"):
        dn.load_ode(path)
    path.write_text("x'=-x\n#include not-there.inc\ndone\n")
    assert "is not there" in str(dn.load_ode(path).report[0])


def test_a_quantity_that_nothing_uses_may_be_wrong_but_is_reported() -> None:
    assert notes("x'=-x\nxpos=x/scale\ndone") == [
        "line 2: ignored: xpos is never used; it refers to scale, which is unknown."
    ]
