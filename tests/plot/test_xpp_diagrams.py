"""Pictures of XPPAUT's diagrams: lines and circles as in those of dynana, and the two in one picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from dynana.results.xpp_diagram import XppDiagram

ALL_INFO = Path(__file__).parents[1] / "reference" / "xppaut_all_info.dat"


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def theirs() -> XppDiagram:
    return dn.load_xpp_diagram(ALL_INFO, parameter="i", states=["v", "w"])


def labels(ax) -> list[str]:
    return [line.get_label() for line in ax.lines]


def test_lines_for_equilibria_and_two_rows_of_circles_for_cycles(theirs: XppDiagram) -> None:
    ax = dn.plot.xpp_diagram(theirs, y="w")
    assert labels(ax).count("stable equilibrium") == 2
    cycles = [piece for piece in theirs.pieces() if theirs.cycles[piece.start]]
    assert sum(label.endswith(" cycle") for label in labels(ax)) == 2 * len(cycles)
    styles = {line.get_label(): line.get_linestyle() for line in ax.lines}
    assert styles == {
        "stable equilibrium": "-", "unstable equilibrium": "--", "stable cycle": "None", "unstable cycle": "None",
    }  # fmt: skip
    piece = next(piece for piece in cycles if theirs.stable[piece.start])
    largest, smallest = (line for line in ax.lines if line.get_xdata()[0] == theirs.values[piece][0])
    assert np.array_equal(largest.get_ydata(), theirs["w"][piece])
    assert np.array_equal(smallest.get_ydata(), theirs.minima[piece, 1])
    assert ax.get_ylabel() == "$w$" and ax.get_xlabel() == "$i$"


def test_lines_of_two_stabilities_meet(theirs: XppDiagram) -> None:
    ax = dn.plot.xpp_diagram(theirs)
    first, second = (line for line in ax.lines if line.get_label().endswith("equilibrium") and len(line.get_xdata()) > 5
                     and line.get_xdata()[0] < 0.6)  # fmt: skip
    assert first.get_xdata()[-1] == second.get_xdata()[0]


def test_one_colour_over_another_diagram(theirs: XppDiagram) -> None:
    ax = plt.figure().add_subplot()
    ax.set_xlabel("mine")
    assert dn.plot.xpp_diagram(theirs, ax, color="gray") is ax
    assert ax.get_xlabel() == "mine"
    assert {line.get_color() for line in ax.lines} == {"gray"}
    assert all(label.endswith("(XPPAUT)") for label in labels(ax))


def test_curves_in_two_parameters_are_dotted() -> None:
    rows = "".join(f"1 3 1 {0.1 * k} {0.2 * k} 0 {k} 0.5 {k} 0.5 1 0 0.5 0\n" for k in range(4))
    ax = dn.plot.xpp_diagram(dn.load_xpp_diagram(rows, states=["v", "w"]))
    assert labels(ax) == ["fold"] and ax.lines[0].get_linestyle() == ":"


def test_a_state_that_is_not_there(theirs: XppDiagram) -> None:
    with pytest.raises(KeyError, match="no state named 'V'; did you mean 'v'"):
        dn.plot.xpp_diagram(theirs, y="V")
