"""Isochrons around a cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynana.plot import style
from dynana.results.phase_response import fine_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynana.results.isochrons import Isochrons


def isochrons(found: Isochrons, ax: Axes | None = None, *, bar: bool = True) -> Axes:
    """Draw isochrons in the colours of their phases around the cycle, whose points of these phases are marked.

    Parameters
    ----------
    found : Isochrons
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    bar : bool
        Whether a bar explains the colours.

    Returns
    -------
    Axes
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    ax = style.axes(ax)
    # a phase is an angle: a map of colours that closes
    scale = ScalarMappable(Normalize(0.0, 1.0), colormaps["twilight_shifted"])
    for curve, phase, k in zip(found.curves, found.phases, found.on_cycle, strict=True):
        colour = tuple(scale.to_rgba(np.mod([phase], 1.0))[0])
        ax.plot(*curve.T, color=colour, linewidth=1.1, zorder=2)
        ax.plot(*curve[k], marker="o", markersize=4.5, color=colour, markeredgecolor=style.BLACK, zorder=5)
    cycle = found.cycle
    orbit = cycle.state(np.append(fine_times(cycle), cycle.period))
    ax.plot(*orbit.T, color=style.BLACK, linewidth=2.0, zorder=4, linestyle="-" if cycle.stable else "--")
    x, y = found.states
    ax.set_xlim(*found.box[x])
    ax.set_ylim(*found.box[y])
    ax.set_xlabel(style.label(x, found.units))
    ax.set_ylabel(style.label(y, found.units))
    if bar:
        ax.figure.colorbar(scale, ax=ax, label="phase")
    return ax
