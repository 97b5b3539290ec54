"""Diagrams in XPPAUT's text formats: written and read again, read as XPPAUT writes them, refused when they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

import dynana as dn
from dynana.errors import FormatError
from dynana.models import fitzhugh_nagumo, morris_lecar
from dynana.results.diagram import Diagram
from dynana.results.xpp_diagram import XppDiagram

REFERENCE = Path(__file__).parents[1] / "reference"
#: What version 8 prints: branch 1 equilibria of two states, losing stability, then cycles of branch 2.
POINTS = """0.1 -1.5 -1.5 1 1 0
0.2 -1.4 -1.4 1 1 0
0.3 -1.3 -1.3 2 1 0
0.3 -1.2 -1.4 4 2 0
0.28 -0.5 -1.8 3 2 0
"""
ALL_INFO = """1 1 0 0.1 0.1 0 -1.5 0.2 -1.5 0.2 0.9 0.1 0.9 -0.1
2 1 0 0.3 0.3 0 -1.3 0.3 -1.3 0.3 1.1 0.2 1.1 -0.2
4 -2 0 0.3 0.3 12.5 -1.2 0.4 -1.4 0.1 1 0 1.5 0
"""


@pytest.fixture(scope="module")
def rest() -> Diagram:
    return dn.continue_equilibria(fitzhugh_nagumo, "I", (0.0, 2.0))


def test_points_come_back(rest: Diagram) -> None:
    read = dn.load_xpp_diagram(dn.to_xpp_diagram(rest, "v"), parameter="I", states=["v"])
    (branch,) = rest.branches
    assert read["I"] == pytest.approx(branch.values, rel=1e-14)
    assert read["v"] == pytest.approx(branch["v"], rel=1e-14)
    assert read.stable.tolist() == branch.stable.tolist()
    assert not read.cycles.any() and np.isnan(read.periods).all()
    # stable up to the first Hopf point, then unstable to the edge of the box
    assert [bool(read.stable[piece][0]) for piece in read.pieces()] == [True, False]


def test_all_info_comes_back_with_exponentials_of_eigenvalues(rest: Diagram) -> None:
    read = dn.load_xpp_diagram(dn.to_xpp_diagram(rest), parameter="I", states=["v", "w"])
    (branch,) = rest.branches
    assert read["w"] == pytest.approx(branch["w"], rel=1e-14)
    assert read.spectrum == pytest.approx(np.exp(branch.eigenvalues), rel=1e-13)
    assert (np.abs(read.spectrum).max(axis=1) < 1).tolist() == branch.stable.tolist()


def test_cycles_are_types_3_and_4_with_two_extrema_and_a_period() -> None:
    system = morris_lecar
    rest = dn.continue_equilibria(system, "I", (60.0, 250.0))
    cycles = dn.continue_cycles(system, rest.special_points("hopf")[0], "I", (60.0, 250.0))
    read = dn.load_xpp_diagram(dn.to_xpp_diagram(cycles), states=system.states, parameter="I")
    assert read.cycles.all()
    assert read.periods == pytest.approx(cycles.periods, rel=1e-14)
    assert read["V"] == pytest.approx(cycles.maxima[:, 0], rel=1e-14)
    assert read.minima == pytest.approx(cycles.minima, rel=1e-14)
    assert read.stable.tolist() == cycles.stable.tolist()
    assert {line.split()[3] for line in dn.to_xpp_diagram(cycles, "V").splitlines()} == {"3", "4"}


@pytest.mark.parametrize("older", [False, True], ids=["8.0", "6.11"])
def test_points_as_xppaut_writes_them(older: bool, tmp_path: Path) -> None:
    text = "\n".join(line[:-2] if older else line for line in POINTS.splitlines()) + "\n"
    (tmp_path / "diagram.dat").write_text(text)
    read = dn.load_xpp_diagram(tmp_path / "diagram.dat")
    assert repr(read) == "<XppDiagram over parameter (y): 3 equilibria, 2 cycles on 2 branches>"
    assert read.stable.tolist() == [True, True, False, False, True]
    assert [(piece.start, piece.stop) for piece in read.pieces()] == [(0, 2), (2, 3), (3, 4), (4, 5)]
    assert read.minima[:, 0].tolist() == [-1.5, -1.4, -1.3, -1.4, -1.8]


@pytest.mark.parametrize("version", ["8.0", "6.11", "without spectra"])
def test_all_info_as_xppaut_writes_it(version: str) -> None:
    rows = [line.split() for line in ALL_INFO.splitlines()]
    if version != "8.0":
        rows = [row[:2] + row[3:] for row in rows]
    if version == "without spectra":
        rows = [row[:9] for row in rows]
    read = dn.load_xpp_diagram("\n".join(map(" ".join, rows)) + "\n", states=["v", "w"])
    assert read.branch.tolist() == [1, 1, 2]
    assert read.periods.tolist() == [0.0, 0.0, 12.5]
    assert read["w"].tolist() == [0.2, 0.3, 0.4]
    assert read.minima[2].tolist() == [-1.4, 0.1]
    assert read.spectrum.shape == (3, 0 if version == "without spectra" else 2)


def test_a_read_diagram_can_be_saved_and_tabulated(tmp_path: Path) -> None:
    read = dn.load_xpp_diagram(ALL_INFO, parameter="I", states=["v", "w"])
    again = dn.load(read.save(tmp_path / "d.npz"))
    assert isinstance(again, XppDiagram) and again["v"].tolist() == read["v"].tolist()
    header = read.to_csv(tmp_path / "d.csv").read_text().splitlines()[0]
    assert header.startswith(
        "branch,I,second parameter,v_max,v_min,w_max,w_min,period,cycle,stable,curve,spectrum_1_re"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.1 -1 -1 1 1 0\n0.2 x -1 1 1 0\n", r"line 2: '0.2 x -1 1 1 0' is no row of numbers"),
        ("0.1 -1 -1 1 1 0\n\n0.2 -1 -1 1\n", "line 3 has 4 columns, and the first row 6"),
        ("\n\n", "holds no points"),
        ("0.1 -1 -1 7 1 0\n", "row 1: 7 is no type of a point of 1 to 4"),
        ("0.1 -1 -1 1 1.5 0\n", "row 1: 1.5 is no number of a branch"),
        ("0.1 -1 -1 1 1 9\n", "row 1: 9 is no kind of a curve of 0 to 7"),
        ("1 2 3\n", 'rows of 3 columns are neither "write pts" .5 or 6. nor "all info"'),
        ("0.1 -1 -1 nan 1 0\n", "row 1: nan is no type of a point"),
        ("1 1e300 0 0 0 0 1 1 1 1\n", "row 1: 1e.300 is no number of a branch"),
    ],
)
def test_other_texts_are_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        dn.load_xpp_diagram(text)


def test_wrong_names_are_answered(rest: Diagram) -> None:
    with pytest.raises(ValueError, match="no state named 'V'.*did you mean 'v'"):
        dn.to_xpp_diagram(rest, "V")
    with pytest.raises(FormatError, match='rows of 14 columns are neither .* nor "all info" of 5 states'):
        dn.load_xpp_diagram(ALL_INFO, states=list("abcde"))
    with pytest.raises(ValueError, match=r'"write pts" holds one quantity'):
        dn.load_xpp_diagram(POINTS, states=["a", "b"])


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynana.interchange.xpp_diagrams.LARGEST_FILE", 10)
    (tmp_path / "d.dat").write_text(POINTS)
    with pytest.raises(FormatError, match="a diagram has at most 10"):
        dn.load_xpp_diagram(tmp_path / "d.dat")


#: XPPAUT 6.11 wrote these two files of one diagram, of the model below, from its AUTO window; it prints six digits.
WRITE_PTS, ALL_INFO_FILE = (REFERENCE / f"xppaut_{name}.dat" for name in ("write_pts", "all_info"))
RELAXATION = "v'=v-v^3/3-w+i\nw'=eps*(v+a-b*w)\npar i=0,eps=.4,a=.7,b=.8\ninit v=-1.1994,w=-.62426\ndone"
#: Six digits, and XPPAUT's tolerance of 1e-4 for Newton's method.
SIX_DIGITS = 2e-5
#: Cycles, relative to the extent of each quantity: 30 intervals of 4 points are XPPAUT's mesh.
COARSE_CYCLES = 1e-3


def test_files_that_xppaut_has_written_agree_with_each_other() -> None:
    points = dn.load_xpp_diagram(WRITE_PTS, parameter="i", states=["v"])
    full = dn.load_xpp_diagram(ALL_INFO_FILE, parameter="i", states=["v", "w"])
    assert repr(full) == "<XppDiagram over i (v, w): 51 equilibria, 60 cycles on 2 branches>"
    for part in ("values", "stable", "cycles", "branch"):
        assert getattr(points, part).tolist() == getattr(full, part).tolist()
    assert points["v"].tolist() == full["v"].tolist()
    assert points.minima[:, 0].tolist() == full.minima[:, 0].tolist()
    assert set(full.second[~full.cycles]) == {0.4}  # the second parameter of AUTO's window is eps
    assert np.array_equal(full.second[full.cycles], full.values[full.cycles])  # it has none for cycles
    assert np.all(full.periods[full.cycles] > 10)
    assert np.count_nonzero(full.periods[~full.cycles]) == 2  # at the Hopf points


def test_equilibria_that_xppaut_has_written_are_those_of_the_cubic() -> None:
    """The cubic for v, and the exponentials of the eigenvalues of the Jacobian."""
    full = dn.load_xpp_diagram(ALL_INFO_FILE, parameter="i", states=["v", "w"])
    rest = ~full.cycles
    for i, v, w, spectrum, stable in zip(
        full.values[rest][1:], full["v"][rest][1:], full["w"][rest][1:], full.spectrum[rest][1:],
        full.stable[rest][1:], strict=True,
    ):  # fmt: skip
        roots = np.roots([-1 / 3, 0, 1 - 1 / 0.8, i - 0.7 / 0.8])
        exact = roots[np.abs(roots.imag) < 1e-9].real[0]
        assert (v, w) == pytest.approx((exact, (exact + 0.7) / 0.8), abs=SIX_DIGITS)
        eigenvalues = np.linalg.eigvals([[1 - exact**2, -1], [0.4, -0.32]])
        assert np.sort_complex(spectrum) == pytest.approx(np.sort_complex(np.exp(eigenvalues)), abs=SIX_DIGITS)
        growth = eigenvalues.real.max()
        assert stable == (growth < 0) or abs(growth) < SIX_DIGITS  # on the Hopf point itself


@pytest.mark.slow
def test_cycles_that_xppaut_has_written_lie_on_our_branch() -> None:
    system = dn.load_ode(RELAXATION).system
    rest = dn.continue_equilibria(system, "i", (0.0, 2.1), ranges={"v": (-3, 3), "w": (-3, 4)})
    ours = dn.continue_cycles(system, rest.special_points("hopf")[0], "i", (0.0, 2.1))
    full = dn.load_xpp_diagram(ALL_INFO_FILE, parameter="i", states=["v", "w"])
    theirs = np.column_stack([full.values, full.maxima, full.minima, full.periods])[full.cycles]
    along = np.column_stack([ours.values, ours.maxima, ours.minima, ours.periods])
    extent = np.ptp(along, axis=0)
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(along / extent, axis=0), axis=1)))
    curve = CubicSpline(length, along / extent)(np.linspace(0, length[-1], 20_001))
    assert max(np.abs(curve - row).max(axis=1).min() for row in theirs / extent) < COARSE_CYCLES
    folds = [s.parameters["i"] for s in ours.special_points("fold of cycles")]
    assert folds == pytest.approx([0.463297, 1.286703], abs=1e-6)  # LP in XPPAUT's table
    assert full.values[full.cycles].min() == pytest.approx(min(folds), abs=SIX_DIGITS)


@given(st.text(alphabet="0123456789.-einfa \n\t\x00é", max_size=200))
def test_any_text_gives_a_diagram_or_a_format_error(text: str) -> None:
    try:
        assert len(dn.load_xpp_diagram(text + "\n")) > 0
    except FormatError:
        pass
