"""Systems with two slow variables: the slow plane, and the critical manifold in space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.errors import unknown
from dynana.plot import style
from dynana.plot.diagrams import CYCLES, KINDS, OTHER
from dynana.plot.loci import two_parameter_diagram
from dynana.results.diagram import stretches
from dynana.results.fast_slow_plane import FastSlowPlane
from dynana.results.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The orbit, thin and light: what lies behind it must be seen.
ORBIT: dict[str, Any] = {"color": style.SKY, "linewidth": 1.1, "zorder": 2.5, "label": "orbit"}
#: Arrows of the slow flow in each slice, and their length as a part of the picture.
ARROWS, LENGTH = 12, 0.045
#: Markers of folded singularities, and of the places where spiking begins and ends.
FOLDED = {"folded node": "o", "folded saddle": "X", "folded focus": "D", "folded saddle-node": "P"}
BEGINS, ENDS = "^", "v"
#: Words of the legend, where they are not those of the kind.
SHORT = {"snic": "SNIC"}
#: Points of the orbit inside each step.
PARTS = 8


def slow_plane(result: FastSlowPlane, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw the plane of two slow variables: bifurcations of the fast subsystem, slow flow, orbit.

    Parameters
    ----------
    result : FastSlowPlane
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    legend : bool, optional

    Returns
    -------
    Axes
        Curves of folds and Hopf points, and of homoclinic orbits and folds of cycles; where stable cycles end on each
        slice; arrows of the slow flow, black on stable equilibria, blue averaged over stable cycles; the orbit with its
        spikes as dots, and where spiking begins and ends.
    """
    one, two = result.slow
    ax = style.axes(ax, (6.6, 5.2))
    curves = (*result.folds, *result.hopfs, *result.borders)
    if curves:
        two_parameter_diagram(*curves, ax=ax, x=one, y=two, legend=False)
    for kind, places in result.ends.items():
        shape, colour = KINDS.get(kind, OTHER)
        line = "none" if any(c.kind == kind for c in curves) else ":"
        ax.plot(
            *places[np.argsort(places[:, 1])].T, color=colour, marker=shape, markeredgecolor=style.BLACK, markersize=6,
            linewidth=0.8, linestyle=line, label=f"cycles end: {SHORT.get(kind, kind)}", zorder=4,
        )  # fmt: skip
    low, high = np.array([result.ranges[n] for n in result.slow]).T
    _arrows(result, ax, high - low)
    states = [result.states.index(n) for n in result.slow]
    ax.plot(*_fine(result.orbit)[:, states].T, **ORBIT)
    spikes = result.rhythm.spikes
    shown = spikes[(spikes >= result.orbit.t[0]) & (spikes <= result.orbit.t[-1])]
    if shown.size:
        ax.plot(*result.orbit.at(shown)[:, states].T, ".", color=style.BLUE, markersize=3, zorder=3, label="spikes")
    for crossing in result.crossings:
        ax.plot(
            *crossing.place, marker=BEGINS if crossing.onset else ENDS, color=style.YELLOW, markersize=9,
            markeredgecolor=style.BLACK, linestyle="none", zorder=6,
            label=f"spiking {'begins' if crossing.onset else 'ends'}",
        )  # fmt: skip
    for point in result.folded:
        ax.plot(
            [point[one]], [point[two]], marker=FOLDED[point.kind], color=style.PURPLE, markeredgecolor=style.BLACK,
            markersize=8, linestyle="none", zorder=6, label=point.kind,
        )  # fmt: skip
    for fixed in result.rest:
        look = style.marker(style.group(fixed), 7.0) | {"label": "equilibrium of the full system"}
        ax.plot(*([fixed.point[i]] for i in states), **look)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    units = result.slices[0].units
    ax.set_xlabel(f"{style.label(one, units)}, slow")
    ax.set_ylabel(f"{style.label(two, units)}, slow")
    if legend:
        handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        ax.legend(handles.values(), handles.keys(), frameon=False, fontsize="small", loc="upper left",
                  bbox_to_anchor=(1.0, 1.0))  # fmt: skip
    return ax


def critical_manifold(result: FastSlowPlane, ax: Axes | None = None, *, z: str | None = None) -> Axes:
    """Draw the slices of the critical manifold and of the cycles over the slow plane, with the orbit.

    Parameters
    ----------
    result : FastSlowPlane
    ax : Axes, optional
        Three-dimensional; a new figure otherwise.
    z : str, optional
        The fast state that points upward; the first one otherwise.

    Returns
    -------
    Axes
        Stable equilibria are solid, unstable ones dashed; cycles are lines at their extrema; curves of folds are thick.

    Raises
    ------
    KeyError
        For a fast state that is not there.
    """
    name = result.fast_states[0] if z is None else z
    if name not in result.fast_states:
        raise KeyError(unknown("fast state", name, result.fast_states))
    ax = style.axes(ax, (7.2, 6.0), "3d")
    i = result.fast_states.index(name)
    for level, fast in zip(result.levels.tolist(), result.slices, strict=True):
        for branch in fast.branches:
            for a, b, stable in stretches(branch):
                ax.plot(
                    branch.values[a:b], np.full(b - a, level), branch[name][a:b], color=style.BLACK,
                    linewidth=1.4 if stable else 0.8, linestyle="-" if stable else (0, (4, 2)),
                )  # fmt: skip
        for cycles in fast.cycle_branches:
            for a, b, stable in stretches(cycles):
                for height in (cycles.maxima[a:b, i], cycles.minima[a:b, i]):
                    look = {k: CYCLES[stable][k] for k in ("color", "linewidth")}
                    ax.plot(cycles.values[a:b], np.full(b - a, level), height, **look)
    for curve in result.folds:
        ax.plot(*(curve[n] for n in result.slow), curve[name], color=style.ORANGE, linewidth=2.5)
    states = [result.states.index(n) for n in (*result.slow, name)]
    ax.plot(*_fine(result.orbit)[:, states].T, **ORBIT | {"linewidth": 0.9})
    units = result.slices[0].units
    ax.set_xlabel(style.label(result.slow[0], units))
    ax.set_ylabel(style.label(result.slow[1], units))
    ax.set_zlabel(style.label(name, units))  # type: ignore[attr-defined]
    return ax


def _arrows(result: FastSlowPlane, ax: Axes, widths: np.ndarray) -> None:
    """Arrows of the slow flow: along stable equilibria, and averaged along stable cycles."""
    for level, fast, at_rest, drifts in zip(
        result.levels.tolist(), result.slices, result.rates, result.drifts, strict=True
    ):
        rest = [(b.values, r, b.stable) for b, r in zip(fast.branches, at_rest, strict=True)]
        spiking = [(b.values[b.kept], d, b.stable[b.kept]) for b, d in zip(fast.cycle_branches, drifts, strict=True)]
        for parts, colour in ((rest, style.BLACK), (spiking, style.BLUE)):
            for values, rates, stable in parts:
                rows = _spread(values, stable, widths[0])
                flow = rates[rows] / widths
                length = np.maximum(np.hypot(*flow.T), np.finfo(float).tiny)[:, None]
                step = LENGTH * flow / length * widths
                ax.quiver(
                    values[rows], np.full(rows.size, level), *step.T, color=colour, angles="xy", scale_units="xy",
                    scale=1.0, width=0.003, zorder=2, alpha=0.8,
                )  # fmt: skip


def _spread(values: np.ndarray, chosen: np.ndarray, width: float) -> np.ndarray:
    """Rows at about equal distances of their values."""
    rows = np.flatnonzero(chosen)
    if rows.size == 0:
        return rows
    places = np.unique(np.round(values[rows] / width * ARROWS), return_index=True)[1]
    return np.asarray(rows[places])


def _fine(run: Trajectory) -> np.ndarray:
    """The orbit with points between its rows."""
    between = run.t[:-1, None] + np.diff(run.t)[:, None] * np.arange(PARTS) / PARTS
    return np.asarray(run.at(np.append(between.ravel(), run.t[-1])))
