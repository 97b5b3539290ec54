"""Bifurcation diagrams that XPPAUT has computed, alone or over those of dynana."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dynana.errors import unknown
from dynana.plot import style
from dynana.plot.diagrams import CYCLES, add_legend
from dynana.results.xpp_diagram import CURVES, XppDiagram

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def xpp_diagram(
    diagram: XppDiagram,
    ax: Axes | None = None,
    *,
    y: str | None = None,
    color: str | None = None,
    legend: bool = True,
) -> Axes:
    """Draw a diagram of XPPAUT over its parameter.

    Parameters
    ----------
    diagram : XppDiagram
        From `dynana.load_xpp_diagram`.
    ax : Axes, optional
        Where to draw, for instance what `bifurcation_diagram` has returned; a new figure otherwise.
    y : str, optional
        The state on the vertical axis; the first one otherwise.
    color : str, optional
        One colour for everything, so that it can be told from another diagram on the same Axes.
    legend : bool, optional

    Returns
    -------
    Axes
        Stable equilibria are solid, unstable ones dashed. Cycles are circles at the largest and the smallest value,
        one for each point that was computed: filled where stable, open where not. Curves in two parameters are dotted.

    Raises
    ------
    KeyError
        For a state that is not there.

    Examples
    --------
    Both diagrams of a model in one picture::

        ax = dn.plot.bifurcation_diagram(ours, y="V")
        dn.plot.xpp_diagram(theirs, ax, y="V", color="gray")
    """
    name = diagram.states[0] if y is None else y
    if name not in diagram.states:
        raise KeyError(unknown("state", name, diagram.states))
    own = ax is None
    ax = style.axes(ax, (7.0, 4.6))
    i = diagram.states.index(name)
    for piece in diagram.pieces():
        rows = _with_next(diagram, piece)
        look = _look(diagram, piece.start, color)
        both = (diagram.maxima, diagram.minima) if diagram.cycles[piece.start] else (diagram.maxima,)
        for extrema in both:
            ax.plot(diagram.values[rows], extrema[rows, i], **look)
    if not ax.get_xlabel():
        ax.set_xlabel(f"${style.symbol(diagram.parameter)}$")
    if not ax.get_ylabel():
        ax.set_ylabel(f"${style.symbol(name)}$")
    if legend:
        add_legend(ax, own)
    return ax


def _with_next(diagram: XppDiagram, piece: slice) -> slice:
    """Return a piece with the point that follows on the same branch, so that lines of two stabilities meet."""
    end = piece.stop
    lines = end < len(diagram) and not diagram.cycles[piece.start] and not diagram.cycles[end]
    together = lines and diagram.branch[end] == diagram.branch[piece.start]
    return slice(piece.start, end + 1) if together else piece


def _look(diagram: XppDiagram, row: int, color: str | None) -> dict[str, Any]:
    stable = bool(diagram.stable[row])
    if diagram.curve[row]:
        look: dict[str, Any] = {"color": style.ORANGE, "linestyle": ":", "label": CURVES[diagram.curve[row]]}
    elif diagram.cycles[row]:
        look = {**CYCLES[stable], "linestyle": "none", "marker": "o", "markersize": 3.4, "zorder": 2.5}
    else:
        look = {"color": style.BLACK, "linewidth": 1.8 if stable else 1.1, "zorder": 3}
        look |= {"linestyle": "-" if stable else (0, (4, 2)), "label": f"{'' if stable else 'un'}stable equilibrium"}
    if color is not None:
        look |= {"color": color, "label": f"{look['label']} (XPPAUT)", "zorder": 4}
        if diagram.cycles[row]:
            look["markerfacecolor"] = color if stable else "white"
    return look
