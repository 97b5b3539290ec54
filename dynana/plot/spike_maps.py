"""Spike maps: the map with its diagonal, periodic orbits and cobwebs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynana.plot import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynana.results.spike_map import SpikeMap


def spike_map(found: SpikeMap, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw a spike map with the diagonal, its extremum, its periodic points and the ends of its domain.

    Stable periodic points are filled, unstable ones open; each period has its colour.

    Parameters
    ----------
    found : SpikeMap
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    legend : bool

    Returns
    -------
    Axes
    """
    ax = style.axes(ax, (5.0, 4.8))
    image = found.image.copy()
    x = found.w
    for place, *_ in found.breaks:
        k = int(np.searchsorted(x, place))
        x, image = np.insert(x, k, place), np.insert(image, k, np.nan)
    span = (float(found.w[0]), float(found.w[-1]))
    ax.plot(span, span, color=style.FAINT, linewidth=1.0, zorder=1)
    ax.plot(x, image, color=style.BLACK, linewidth=1.5, zorder=3)
    for place, *_ in found.critical:
        ax.axvline(place, color=style.FAINT, linestyle=":", linewidth=1.0, zorder=1)
    for edge in found.edges:
        ax.axvline(edge, color=style.QUIET, linestyle="--", linewidth=1.0, zorder=2)
    named: set[tuple[int, bool]] = set()
    for point, orbit in zip(found.points, found.orbits, strict=True):
        colour = style.CYCLE[(point.spikes - 1) % len(style.CYCLE)]
        key = (point.spikes, point.stable)
        word = f"{point.spikes} spike{'s' * (point.spikes != 1)}, {'stable' if point.stable else 'unstable'}"
        ax.plot(
            orbit[:, 0], np.roll(orbit[:, 0], -1), linestyle="none", marker="o", markersize=6.5, color=colour,
            markerfacecolor=colour if point.stable else "white", zorder=5, label=None if key in named else word,
        )  # fmt: skip
        named.add(key)
    ax.set_xlim(*span)
    name = style.symbol(found.variable)
    unit = f" ({style.unit(found.units[found.variable])})" if found.units.get(found.variable) else ""
    ax.set_xlabel(f"${name}$ after a spike{unit}")
    ax.set_ylabel(f"${name}$ after the next spike{unit}")
    if legend and named:
        ax.legend(frameon=False, fontsize="small")
    return ax


def cobweb(
    found: SpikeMap, ax: Axes | None = None, *, start: float | None = None, steps: int = 60, legend: bool = False
) -> Axes:
    """Draw a spike map and a course on it: up or down to the map, across to the diagonal.

    Parameters
    ----------
    found : SpikeMap
    ax : Axes, optional
    start : float, optional
        Where the course begins, which is then read off the curve; by default the computed course of the map.
    steps : int
        Spikes to draw.
    legend : bool

    Returns
    -------
    Axes
    """
    ax = spike_map(found, ax, legend=legend)
    if start is None:
        w = found.course[: steps + 1, 0]
    else:
        w = np.array([start])
        while len(w) <= steps and np.isfinite(w[-1]):
            w = np.append(w, found.at(w[-1]))
    w = w[np.isfinite(w)]
    if len(w) < 2:
        raise ValueError(f"there is no course to draw: {found.reading}")
    corners = np.repeat(w, 2)
    ax.plot(corners[:-1], np.concatenate(([corners[0]], corners[2:])), color=style.BLUE, linewidth=0.8, zorder=2)
    ax.set_ylim(*_limits(found, w))
    return ax


def _limits(found: SpikeMap, w: np.ndarray) -> tuple[float, float]:
    values = np.concatenate((found.image[np.isfinite(found.image)], w[(w >= found.w[0]) & (w <= found.w[-1])]))
    margin = 0.05 * float(np.ptp(values))
    return float(values.min() - margin), float(values.max() + margin)
