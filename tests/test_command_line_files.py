"""The command line on files: reading, running and converting, and one helpful line where that fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import dynana as dn
from dynana.__main__ import main
from tests.test_command_line import failure

MODEL = """# a resting cell with a current
par I=0.4, a=0.7, b=0.8
v'=v-v^3/3-w+I
w'=0.08*(v+a-b*w)
init v=-1, w=-0.5
aux slope=0.08*(v+a-b*w)
set strong {I=1.2}
@ total=10, dt=0.05, xlo=-2, nonsense=3
done
"""


@pytest.fixture(autouse=True)
def in_a_folder_with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.ode").write_text(MODEL)


def test_check_prints_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "cell.ode"]) == 0
    text = capsys.readouterr().out
    assert "cell.ode: <System cell: v, w; 3 parameters>" in text
    assert "line 8: ignored: the option nonsense=3" in text
    assert "preset 'strong': I = 1.2" in text
    assert "XPPAUT runs it for 10 with runge-kutta, dt = 0.05" in text


def test_check_names_the_line_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.ode").write_text("par a=1\nx'=a*y+sin(\ndone\n")
    assert main(["check", "bad.ode"]) == 1
    output = capsys.readouterr()
    assert "line 2" in output.err and "Traceback" not in output.err


@pytest.mark.skipif(shutil.which("xppaut") is None, reason="XPPAUT is not installed")
@pytest.mark.parametrize("extra", ["", "@ trans=2, njmp=4", "@ meth=euler"])
def test_run_writes_the_rows_that_xppaut_writes(extra: str, capsys: pytest.CaptureFixture[str]) -> None:
    # with a set, XPPAUT runs and names its files after that
    Path("cell.ode").write_text(MODEL.replace("done", f"{extra}\ndone").replace("set strong {I=1.2}\n", ""))
    assert main(["run", "cell.ode", "-o", "ours.dat"]) == 0
    assert "columns t, v, w, slope: ours.dat" in capsys.readouterr().out
    subprocess.run(["xppaut", "cell.ode", "-silent"], capture_output=True, check=True, timeout=60)
    assert np.loadtxt("ours.dat") == pytest.approx(np.loadtxt("output.dat"), rel=1e-6, abs=1e-6)


def test_run_takes_values_and_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "cell.ode", "--preset", "strong", "-o", "preset.dat"]) == 0
    assert main(["run", "cell.ode", "-p", "I=1.2", "-o", "value.dat"]) == 0
    assert main(["run", "cell.ode"]) == 0
    assert Path("preset.dat").read_text() == Path("value.dat").read_text() != Path("output.dat").read_text()


def test_a_run_that_ends_early_leaves_its_rows_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("up.ode").write_text("x'=x^2\ninit x=1\n@ total=2,dt=0.01,meth=qualrk\ndone\n")
    assert main(["run", "up.ode"]) == 1
    assert "up.ode: the run ended early: " in capsys.readouterr().err
    assert np.loadtxt("output.dat")[-1, 0] <= 1.0


def test_a_file_is_a_model_for_the_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "cell.ode"]) == 0
    assert main(["simulate", "cell.ode", "-t", "5", "-o", "cell.csv"]) == 0
    assert main(["plane", "cell.ode", "--range", "v=-2.5:2.5", "--range", "w=-1:2"]) == 0
    output = capsys.readouterr()
    assert "dv/dt = " in output.out and "proved complete" in output.out
    assert "picture: cell-plane.png" in output.out
    assert "cell.ode: 1 note, see `python -m dynana check cell.ode`" in output.err


def test_diagram_prints_the_table_and_writes_picture_table_result_or_points(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["diagram", "fitzhugh_nagumo", "I", "0", "0.5", "--equilibria"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "0.3312813" in text  # Hopf point of the closed form
    assert Path("fitzhugh_nagumo-I-diagram.png").read_bytes().startswith(b"\x89PNG")
    assert main([*arguments, "-o", "d.csv"]) == 0
    assert main([*arguments, "-o", "d.npz"]) == 0
    assert main([*arguments, "-o", "d.dat", "--y", "w"]) == 0
    diagram = dn.load("d.npz")
    read = dn.load_xpp_diagram(Path("d.dat"), parameter="I", states=["w"])
    assert len(Path("d.csv").read_text().splitlines()) == len(read) + 1
    assert read["w"] == pytest.approx(np.concatenate([b["w"] for b in diagram.branches]), rel=1e-12)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("python", "import dynana as dn"),
        ("latex", "\\begin{aligned}"),
        ("brian2", "# fitzhugh_nagumo, written by dynana"),
        ("matcont", "function out = fitzhugh_nagumo"),
        ("julia", "# fitzhugh_nagumo, written by dynana for ModelingToolkit 10"),
        ("ode", "# fitzhugh_nagumo, written by dynana"),
    ],
)
def test_convert_prints_or_writes(language: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["convert", "fitzhugh_nagumo", "-p", "I=0.625", "--to", language]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == first
    assert language == "latex" or "0.625" in printed
    assert main([*arguments, "-o", "out.txt"]) == 0
    assert capsys.readouterr().out == f"{language}: out.txt\n"
    assert Path("out.txt").read_text().strip() == printed.strip()


def test_convert_to_auto_writes_two_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "cell.ode", "--to", "auto", "--over", "I=0:2", "-o", "."]) == 0
    assert Path("cell.f90").exists() and "UZSTOP = {'I': [0, 2]}" in Path("c.cell").read_text()
    assert main(["convert", "cell.ode", "--to", "auto", "--over", "I=0:2"]) == 0
    assert "! c.cell:" in capsys.readouterr().out


def test_a_converted_file_is_read_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "cell.ode", "--to", "ode", "-o", "again.ode"]) == 0
    assert main(["run", "cell.ode", "-o", "a.dat"]) == 0
    Path("again.ode").write_text(Path("again.ode").read_text().replace("@ total=200", "@ total=10"))
    assert main(["simulate", "again.ode", "-t", "10", "-o", "b.npz"]) == 0
    assert dn.load("b.npz").y[-1] == pytest.approx(np.loadtxt("a.dat")[-1, 1:3], abs=1e-6)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["check", "absent.ode"], 2, "there is no file absent.ode"),
        (["info", "absent.ode"], 2, "there is no file absent.ode"),
        (["run", "cell.ode", "--preset", "storng"], 2, "no preset named 'storng'; did you mean 'strong'"),
        (["run", "cell.ode", "-o", "absent/o.dat"], 2, "-o absent/o.dat: there is no folder absent"),
        (["run", "cell.ode", "-p", "I=one"], 2, "-p I: 'one' is not a finite number"),
        (["convert", "lif", "--to", "fortran"], 2, "no language named 'fortran'"),
        (["convert", "lif", "--to", "matcont"], 1, "lif cannot be written for MatCont"),
        (["convert", "fitzhugh_nagumo", "--to", "auto"], 2, "--to auto needs --over PARAMETER=LOW:HIGH"),
        (["convert", "fitzhugh_nagumo", "--to", "auto", "--over", "I=1"], 2, "expected --over PARAMETER=LOW:HIGH"),
        (["convert", "fitzhugh_nagumo", "--to", "auto", "--over", "I=0:1", "-o", "no"], 1, "there is no such folder"),
        (["convert", "lif", "--to", "ode", "-o", "absent/o.ode"], 2, "-o absent/o.ode: there is no folder absent"),
        (["diagram", "lif", "i", "0", "1"], 2, "no parameter named 'i'; did you mean 'I'"),
        (["diagram", "lif", "I", "0", "one"], 2, "HIGH: 'one' is not a finite number"),
        (["diagram", "lif", "I", "0", "1", "--y", "W"], 2, "no state named 'W'"),
        (["diagram", "lif", "I", "0", "1", "-o", "d.txt"], 2, "the name must end in one of"),
    ],
)
def test_wrong_words_are_answered_in_one_line(
    arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = failure(capsys, *arguments, status=status)
    assert message in text
    assert text.count("\n") == 1


def test_a_run_of_too_many_rows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("long.ode").write_text("x'=-x\n@ total=1e9, dt=1e-6\ndone\n")
    assert "total = 1e+09 with dt = 1e-06 a row makes" in failure(capsys, "run", "long.ode")
