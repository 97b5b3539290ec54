"""Bifurcation diagrams: equilibria as lines, cycles as circles at their extrema, special points with their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.errors import unknown
from dynana.plot import style
from dynana.plot.style import axes, label
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import Branch, Diagram, stretches
from dynana.results.special_points import SpecialPoint
from dynana.results.time_units import SECONDS, per_second

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Marker and face colour of each kind of special point: orange for equilibria, green for cycles, purple where a
#: branch of cycles ends in an infinite period. Other kinds have OTHER.
KINDS: dict[str, tuple[str, str]] = {
    "fold": ("^", style.ORANGE),
    "hopf": ("s", style.ORANGE),
    "branch point": ("D", style.ORANGE),
    "fold of cycles": ("v", style.GREEN),
    "period doubling": ("P", style.GREEN),
    "torus": ("X", style.GREEN),
    "branch point of cycles": ("d", style.GREEN),
    "homoclinic": ("*", style.PURPLE),
    "snic": ("h", style.PURPLE),
    "boundary equilibrium": ("p", style.PURPLE),
    "grazing": ("8", style.SKY),
    "switching": (">", style.FAINT),
    "reset on nullcline": ("+", style.FAINT),
    "kink": ("<", style.FAINT),
    "label": ("|", style.BLACK),
}
OTHER = (">", style.SKY)
#: Words of the legend, where they are not those of the kind.
WORDS = {
    "hopf": "Hopf", "snic": "saddle-node on an invariant circle", "label": "asked value",
    "boundary equilibrium": "equilibrium on the threshold",
}  # fmt: skip
#: Ordinate of firing rates.
RATE = "rate"
#: Markers that look smaller than the others at the same size.
LARGER = {"*": 1.5, "P": 1.15, "X": 1.15, "h": 1.15}
#: Distance between the circles of a branch of cycles, as a fraction of the diagonal of the picture.
BETWEEN = 0.014
#: Longest piece of a line that carries circles, as a fraction of its extent: circles sit on its vertices.
PIECE = 0.001
#: Periods that differ by more than this factor, as they do near an end in a homoclinic orbit, have a logarithmic axis.
MANY_TIMES = 30.0
#: Colour, line and circle faces of cycles.
CYCLES: dict[bool, dict[str, Any]] = {
    True: {"color": style.BLUE, "linewidth": 1.2, "markerfacecolor": style.BLUE, "label": "stable cycle"},
    False: {"color": style.VERMILLION, "linewidth": 0.8, "markerfacecolor": "white", "label": "unstable cycle"},
}
#: Lines of equilibria.
EQUILIBRIA: dict[bool, dict[str, Any]] = {
    True: {"color": style.BLACK, "linewidth": 1.8, "linestyle": "-", "label": "stable equilibrium"},
    False: {"color": style.BLACK, "linewidth": 1.1, "linestyle": (0, (4, 2)), "label": "unstable equilibrium"},
}
#: Looks by name: equilibria and cycles. That of XPPAUT: thick red and thin black lines, green filled and blue open
#: circles.
LOOKS: dict[str, tuple[dict[bool, dict[str, Any]], dict[bool, dict[str, Any]]]] = {
    "dynana": (EQUILIBRIA, CYCLES),
    "xpp": (
        {
            True: EQUILIBRIA[True] | {"color": "red", "linewidth": 2.4},
            False: EQUILIBRIA[False] | {"linewidth": 0.8, "linestyle": "-"},
        },
        {
            True: CYCLES[True] | {"color": "green", "markerfacecolor": "green"},
            False: CYCLES[False] | {"color": "blue"},
        },
    ),
}
#: Lines in the order of the legend.
LINES = ("stable equilibrium", "unstable equilibrium", "stable cycle", "unstable cycle")


def bifurcation_diagram(
    diagram: Diagram | Branch | CycleBranch,
    ax: Axes | None = None,
    *,
    y: str | None = None,
    legend: bool = True,
    style: str = "dynana",
) -> Axes:
    """Draw the branches of a diagram over its parameter.

    Parameters
    ----------
    diagram : Diagram, Branch or CycleBranch
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    y : str, optional
        The state on the vertical axis, the first one otherwise; or "rate": jumps per time of the cycles (in Hz where
        the system states its unit of time), 0 at equilibria and, beside cycles with jumps, on cycles without.
    legend : bool, optional
    style : str, optional
        "xpp" for the colours of XPPAUT: equilibria thick red where stable and thin black where not, cycles green and
        blue.

    Returns
    -------
    Axes
        Stable equilibria are solid, unstable ones dashed. Cycles are two rows of circles, at the largest and the
        smallest value of the state: filled where stable, open where not. Special points are markers with their names
        in the legend; those of cycles are on both rows.

    Raises
    ------
    TypeError
        For what is no diagram.
    KeyError
        For a state that is not there.
    ValueError
        For a style that is not there.
    """
    if not isinstance(diagram, Diagram | Branch | CycleBranch):
        raise TypeError(f"bifurcation_diagram draws a Diagram, Branch or CycleBranch, got {type(diagram).__name__}")
    name = diagram.states[0] if y is None else y
    if style not in LOOKS:
        raise ValueError(unknown("style", style, LOOKS))
    if name == RATE and RATE not in diagram.states:
        return _rates(diagram, ax, legend, style)
    if name not in diagram.states:
        raise KeyError(unknown("state", name, (*diagram.states, RATE)))
    equilibria, circles = LOOKS[style]
    own = ax is None
    ax = axes(ax, (7.0, 4.6))
    draw_equilibria(ax, diagram, name, equilibria)
    i = diagram.states.index(name)
    for branch in _cycle_branches(diagram):
        for extrema in (branch.maxima[:, i], branch.minima[:, i]):
            draw_cycles(ax, branch, extrema, circles)
            mark(ax, branch.parameter, [(s, float(extrema[s.index])) for s in _own(diagram, branch)])
    ax.set_xlabel(label(diagram.parameter, diagram.units))
    ax.set_ylabel(label(name, diagram.units))
    if legend:
        add_legend(ax, own)
    return ax


def _rates(diagram: Diagram | Branch | CycleBranch, ax: Axes | None, legend: bool, look: str) -> Axes:
    equilibria, circles = LOOKS[look]
    own = ax is None
    ax = style.axes(ax, (7.0, 4.6))
    if isinstance(diagram, Diagram):
        for resting in diagram.branches:
            draw_branch(ax, resting, np.zeros(len(resting)), equilibria)
    unit = ""
    branches = _cycle_branches(diagram)
    spiking = any(branch.jumps for branch in branches)
    for branch in branches:
        unit = branch.time_unit
        shown = branch.rates * per_second(unit) * float(branch.jumps > 0 or not spiking)  # others do not fire
        draw_cycles(ax, branch, shown, circles)
        mark(ax, branch.parameter, [(s, float(shown[s.index])) for s in _own(diagram, branch)])
    ax.set_xlabel(label(diagram.parameter, diagram.units))
    ax.set_ylabel("rate (Hz)" if unit in SECONDS else "rate")
    if legend:
        add_legend(ax, own)
    return ax


def periods(
    diagram: Diagram | CycleBranch, ax: Axes | None = None, *, frequency: bool = False, legend: bool = True
) -> Axes:
    """Draw the periods of cycles over the parameter.

    Parameters
    ----------
    diagram : Diagram or CycleBranch
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    frequency : bool, optional
        Draw 1 / period instead.
    legend : bool, optional

    Returns
    -------
    Axes
        Circles as in `bifurcation_diagram`; Hopf points at 2 pi / omega. The axis of periods is logarithmic where they
        grow a lot, as towards a homoclinic orbit.

    Raises
    ------
    ValueError
        If the diagram has no cycles.
    """
    branches = _cycle_branches(diagram)
    if not branches:
        raise ValueError(f"no cycles in this diagram of {diagram.system}: dn.bifurcation_diagram(...) follows them")
    own = ax is None
    ax = style.axes(ax, (7.0, 3.2))
    for branch in branches:
        shown = 1.0 / branch.periods if frequency else branch.periods
        draw_cycles(ax, branch, shown)
        mark(ax, branch.parameter, [(s, float(shown[s.index])) for s in branch.special])
    ax.set_xlabel(label(diagram.parameter, diagram.units))
    unit = branches[0].time_unit
    what, of = ("frequency", f"1/{unit}") if frequency else ("period", unit)
    ax.set_ylabel(f"{what} ({of})" if unit else what)
    every = np.concatenate([branch.periods for branch in branches])
    if frequency:
        ax.set_ylim(bottom=0.0)
    elif every.max() > MANY_TIMES * every.min():
        ax.set_yscale("log")
    if legend:
        add_legend(ax, own)
    return ax


def bifurcation_diagram_with_periods(
    diagram: Diagram | CycleBranch, axes: Sequence[Axes] | None = None, *, y: str | None = None
) -> np.ndarray:
    """Draw a bifurcation diagram, and the periods of its cycles below it.

    Parameters
    ----------
    diagram : Diagram or CycleBranch
    axes : pair of Axes, optional
    y : str, optional
        The state; the first one otherwise.

    Returns
    -------
    ndarray of two Axes
    """
    above, below = style.stacked(axes, 2, (8.0, 6.4), [2.0, 1.0])
    bifurcation_diagram(diagram, above, y=y, legend=False)
    add_legend(above, axes is None)
    periods(diagram, below, legend=False)
    above.set_xlabel("")
    above.figure.align_ylabels([above, below])
    return np.array([above, below], dtype=object)


def _cycle_branches(diagram: Diagram | Branch | CycleBranch) -> list[CycleBranch]:
    if isinstance(diagram, CycleBranch):
        return [diagram]
    given = diagram.cycle_branches if isinstance(diagram, Diagram) else ()
    return [branch for branch in given if isinstance(branch, CycleBranch)]


def _own(diagram: Diagram | Branch | CycleBranch, branch: CycleBranch) -> list[SpecialPoint]:
    """Special points of a branch of cycles that are not drawn with the equilibria (Hopf points are)."""
    return [s for s in branch.special if s.cycle is not None or not isinstance(diagram, Diagram)]


def draw_equilibria(
    ax: Axes,
    diagram: Diagram | Branch | CycleBranch,
    name: str,
    look: Mapping[bool, dict[str, Any]] = EQUILIBRIA,
) -> None:
    """Branches of equilibria with their special points."""
    if isinstance(diagram, CycleBranch):
        return
    for branch in diagram.branches if isinstance(diagram, Diagram) else (diagram,):
        draw_branch(ax, branch, branch[name], look)
    mark(ax, diagram.parameter, [(s, s[name]) for s in diagram.special if s.cycle is None])


def draw_branch(ax: Axes, branch: Branch, height: np.ndarray, look: Mapping[bool, dict[str, Any]] = EQUILIBRIA) -> None:
    """A quantity along a branch of equilibria: solid where they are stable, dashed where not."""
    for low, high, stable in stretches(branch):
        ax.plot(branch.values[low:high], height[low:high], zorder=3, **look[stable])


def draw_cycles(
    ax: Axes, branch: CycleBranch, height: np.ndarray, look: Mapping[bool, dict[str, Any]] = CYCLES
) -> None:
    """Circles along a branch, at equal distances on the page."""
    for low, high, stable in stretches(branch):
        x, y = _pieces(branch.values[low:high], height[low:high])
        ax.plot(
            x,
            y,
            marker="o",
            markersize=3.4,
            markeredgewidth=0.9,
            markevery=(0.0, BETWEEN),
            zorder=2.5,
            **look[stable],
        )


def _pieces(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A line with vertices so close that circles on them can have equal distances."""
    extent = [np.ptp(a) or 1.0 for a in (x, y)]
    longest = np.max([np.abs(np.diff(a)) / e for a, e in zip((x, y), extent, strict=True)], axis=0)
    parts = np.maximum(1, np.ceil(longest / PIECE).astype(int))
    rows = np.repeat(np.arange(len(parts)), parts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(parts) - parts, parts)
    place = np.append(rows + within / parts[rows], len(parts))
    return np.interp(place, np.arange(len(x)), x), np.interp(place, np.arange(len(y)), y)


def mark(ax: Axes, parameter: str, points: Iterable[tuple[SpecialPoint, float]]) -> None:
    """Special points at some heights, each kind with its marker."""
    for point, height in points:
        shape, colour = KINDS.get(point.kind, OTHER)
        ax.plot(
            [point.parameters[parameter]],
            [height],
            marker=shape,
            color=colour,
            markeredgecolor=style.BLACK,
            markeredgewidth=0.8,
            markersize=6.5 * LARGER.get(shape, 1.0),
            linestyle="none",
            label=point.name if point.kind == "user" else WORDS.get(point.kind, point.kind),
            zorder=5,
        )


def add_legend(ax: Axes, outside: bool) -> None:
    """One entry for each kind of line and marker, lines first; beside Axes that were made here, they have the room."""
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    order = [label for label in LINES if label in handles] + [label for label in handles if label not in LINES]
    order.sort(key=WORDS["label"].__eq__)  # these last
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if outside else {}
    if handles:
        ax.legend([handles[label] for label in order], order, frameon=False, fontsize="small", **place)
