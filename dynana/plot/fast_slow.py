"""Dissected systems: the fast subsystem, the slow nullcline, the orbit on top, and the drift along the cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.errors import unknown
from dynana.plot import style
from dynana.plot.diagrams import add_legend, bifurcation_diagram, draw_branch, draw_cycles, periods
from dynana.plot.fast_slow_plane import slow_plane
from dynana.results.diagram import Diagram
from dynana.results.fast_slow import FastSlow
from dynana.results.fast_slow_plane import FastSlowPlane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The orbit, thin and light: what it is drawn on must be seen through it.
ORBIT: dict[str, Any] = {"color": style.SKY, "linewidth": 1.0, "zorder": 1.5, "label": "orbit"}
#: The slow nullcline.
NULLCLINE: dict[str, Any] = {"color": style.GREEN, "linestyle": (0, (1, 1.2)), "linewidth": 1.8, "zorder": 2.2}
#: Points of the orbit inside each step.
PARTS = 8
#: Dashes of jumps of the orbit.
JUMP = (0, (2.5, 1.5))
#: Room on both sides of the range of the slow variable.
MARGIN = 0.04


def fast_slow(
    result: FastSlow | FastSlowPlane, ax: Axes | None = None, *, y: str | None = None, legend: bool = True
) -> Axes:
    """Draw the bifurcation diagram of the fast subsystem over the slow variable, with the orbit on top.

    With two slow variables, draw their plane, see `slow_plane`.

    Parameters
    ----------
    result : FastSlow or FastSlowPlane
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    y : str, optional
        The fast state on the vertical axis, with one slow variable; the first one otherwise.
    legend : bool, optional

    Returns
    -------
    Axes
        The critical manifold is solid where it is stable and dashed where not, cycles are circles at their extrema as
        in `bifurcation_diagram`. The slow nullcline is dotted, where it is a curve in this plane; full equilibria and
        cycles with vanishing averaged drift are marked.

    Raises
    ------
    KeyError
        For a fast state that is not there.
    ValueError
        If ``y`` is given with two slow variables.
    """
    if isinstance(result, FastSlowPlane):
        if y is not None:
            raise ValueError("y= has no meaning for two slow variables; critical_manifold(result, z=...) shows a state")
        return slow_plane(result, ax, legend=legend)
    fast = _plain(result.fast)
    name = fast.states[0] if y is None else y
    if name not in fast.states:
        raise KeyError(unknown("fast state", name, fast.states))
    own = ax is None
    ax = style.axes(ax, (7.4, 4.8))
    bifurcation_diagram(fast, ax, y=name, legend=False)
    _draw_orbit(result, name, ax)
    low, high = ax.get_ylim()
    if result.nullcline is not None and result.nullcline.y == name:
        ax.plot(*result.nullcline.points().T, **NULLCLINE, label=f"${style.derivative(result.slow)} = 0$")
    row, column = result.states.index(name), result.states.index(result.slow)
    for point in result.rest:
        look = style.marker(style.group(point), 7.0) | {"label": "equilibrium of the full system"}
        ax.plot([point.point[column]], [point.point[row]], **look)
    i = fast.states.index(name)
    for tonic in result.tonic:
        for height in (tonic.cycle.maxima[i], tonic.cycle.minima[i]):
            ax.plot([tonic.value], [height], **_tonic(tonic.stable))
    ax.set_ylim(low, high)
    _across(result, ax)
    if legend:
        add_legend(ax, own)
    return ax


def drift(result: FastSlow, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw the rate of the slow variable: along the critical manifold, and averaged over the cycles.

    Parameters
    ----------
    result : FastSlow
    ax : Axes, optional
    legend : bool, optional

    Returns
    -------
    Axes
        Lines and circles as in `fast_slow`; where a curve crosses zero, the slow variable is at rest (black) or spiking
        is tonic (circles).
    """
    own = ax is None
    ax = style.axes(ax, (7.4, 3.2))
    ax.axhline(0.0, color=style.FAINT, linewidth=0.8, zorder=0)
    for branch, rate in zip(result.fast.branches, result.rates, strict=True):
        draw_branch(ax, branch, rate)
    for cycles, mean in zip(result.fast.cycle_branches, result.drifts, strict=True):
        draw_cycles(ax, cycles, np.interp(np.arange(len(cycles)), cycles.kept, mean))
    for cycle in result.tonic:
        ax.plot([cycle.value], [0.0], **_tonic(cycle.stable))
    _across(result, ax)
    ax.set_ylabel(f"mean ${style.derivative(result.slow)}$")
    if legend:
        add_legend(ax, own)
    return ax


def fast_slow_with_drift(result: FastSlow, axes: Sequence[Axes] | None = None, *, y: str | None = None) -> np.ndarray:
    """Draw a dissected system, the drift of the slow variable below it, and the periods of the cycles.

    Parameters
    ----------
    result : FastSlow
    axes : three Axes, optional
    y : str, optional
        The fast state; the first one otherwise.

    Returns
    -------
    ndarray of three Axes, or of two where there are no cycles
    """
    panels = 3 if result.fast.cycle_branches else 2
    made = style.stacked(axes, panels, (8.0, 8.6 if panels == 3 else 6.4), [2.0, 1.0, 1.0][:panels])
    fast_slow(result, made[0], y=y, legend=False)
    add_legend(made[0], axes is None)
    drift(result, made[1], legend=False)
    if panels == 3:
        periods(result.fast, made[2], legend=False)
        _across(result, made[2])
    for ax in made[:-1]:
        ax.set_xlabel("")
    made[0].figure.align_ylabels(list(made))
    return made


def _plain(diagram: Diagram) -> Diagram:
    """The diagram without the zeros of the slow rate, which have markers of their own."""
    branches = [replace(b, special=tuple(s for s in b.special if s.kind != "user")) for b in diagram.branches]
    return replace(diagram, branches=tuple(branches))


def _tonic(stable: bool) -> dict[str, Any]:
    face = style.PURPLE if stable else "white"
    return {
        "marker": "p", "markersize": 8.5, "markerfacecolor": face, "markeredgecolor": style.BLACK, "zorder": 6,
        "linestyle": "none", "label": "averaged drift zero",
    }  # fmt: skip


def _draw_orbit(result: FastSlow, name: str, ax: Axes) -> None:
    run = result.orbit
    place = [run.states.index(result.slow), run.states.index(name)]
    cuts = [0, *(np.flatnonzero(np.diff(run.t) == 0.0) + 1), len(run)]
    lines = []
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        t = run.t[low:high]
        inside = t[:-1, None] + np.diff(t)[:, None] * np.arange(1, PARTS) / PARTS
        rows = np.column_stack((run.y[low : high - 1], run.at(inside).reshape(t.size - 1, -1))) if t.size > 1 else None
        smooth = run.y[low:high] if rows is None else np.vstack((rows.reshape(-1, run.y.shape[1]), run.y[high - 1]))
        lines += [smooth[:, place], np.full((1, 2), np.nan)]
    ax.plot(*np.concatenate(lines).T, **ORBIT)
    jumps = [np.vstack((run.y[k - 1, place], run.y[k, place], [np.nan, np.nan])) for k in cuts[1:-1]]
    if jumps:
        ax.plot(*np.concatenate(jumps).T, **ORBIT | {"linestyle": JUMP, "linewidth": 0.7, "label": "_jumps"})


def _across(result: FastSlow, ax: Axes) -> None:
    low, high = result.range
    ax.set_xlim(low - MARGIN * (high - low), high + MARGIN * (high - low))
    ax.set_xlabel(f"{style.label(result.slow, result.fast.units)}, slow")
