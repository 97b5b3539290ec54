"""Spikes of networks: rasters, population rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.errors import unknown
from dynana.plot import style
from dynana.results.recording import Recording, Spikes
from dynana.results.time_units import SECONDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Area of a mark in points squared for few cells, and its least; marks shrink so that many cells can be told apart.
LARGEST, SMALLEST = 12.0, 0.15
#: Bins of a population rate in a run, unless a width is given.
BINS = 200


def raster(run: Recording, ax: Axes | None = None, *, populations: Sequence[str] | None = None) -> Axes:
    """Draw each spike as a mark, cells upwards, populations one above the other in colours of their own.

    Parameters
    ----------
    run : Recording
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    populations : sequence of str, optional
        From bottom to top; all that have spikes by default.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For an unknown population.
    """
    chosen = _chosen(run, populations)
    ax = style.axes(ax, (6.4, 3.6))
    total = sum(spikes.size for spikes in chosen)
    area = float(np.clip(LARGEST * 40.0 / max(total, 1), SMALLEST, LARGEST))
    offset, middles = 0, []
    for position, spikes in enumerate(chosen):
        colour = style.CYCLE[position % len(style.CYCLE)]
        ax.scatter(
            spikes.t, spikes.cell + offset, s=area, c=colour, marker="o", linewidths=0, rasterized=len(spikes) > 5000
        )
        middles.append(offset + 0.5 * (spikes.size - 1))
        offset += spikes.size
        if position < len(chosen) - 1:
            ax.axhline(offset - 0.5, color=style.FAINT, linewidth=0.8)
    ax.set_xlim(*run.span)
    ax.set_ylim(-0.5, offset - 0.5)
    ax.set_xlabel(_time_label(run))
    if len(chosen) > 1:
        ax.set_yticks(middles, [f"{spikes.population} ({spikes.size})" for spikes in chosen])
        ax.tick_params(axis="y", length=0)
    else:
        ax.set_ylabel(f"cell of {chosen[0].population}")
    return ax


def population_rate(
    run: Recording, ax: Axes | None = None, *, width: float | None = None, populations: Sequence[str] | None = None
) -> Axes:
    """Draw the rate of each population in bins.

    Parameters
    ----------
    run : Recording
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    width : float, optional
        Of bins in which the spikes are counted. By default rates are drawn as `record_rate` counted them; where it did
        not, in bins of a two-hundredth of the run, in whole steps.
    populations : sequence of str, optional
        All whose spikes were kept or counted by default; also parts that were counted, such as "E[0:240]".

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For populations of which nothing is known.
    """
    counted = run.rates if width is None else {}
    known = dict.fromkeys([*run.spikes, *counted])
    names = tuple(known) if populations is None else tuple(populations)
    _check(run, names, known)
    ax = style.axes(ax, (6.4, 2.4))
    length = run.span[1] - run.span[0]
    bins = max(1, round(length / BINS / run.dt)) * run.dt if width is None else float(width)
    for position, name in enumerate(names):
        colour = style.CYCLE[position % len(style.CYCLE)]
        t, rate = (counted[name].t, counted[name].rate) if name in counted else run.spikes[name].activity(bins)
        ax.plot(t, rate, drawstyle="steps-mid", color=colour, linewidth=1.1, label=name)
    ax.set_xlim(*run.span)
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel(_time_label(run))
    ax.set_ylabel("rate (Hz)" if run.time_unit in SECONDS else "rate (per unit of time)")
    if len(names) > 1:
        ax.legend(frameon=False)
    return ax


def raster_with_rate(
    run: Recording,
    axes: Sequence[Axes] | None = None,
    *,
    width: float | None = None,
    populations: Sequence[str] | None = None,
) -> np.ndarray:
    """Draw the spikes, and the rate of each population below them.

    Parameters
    ----------
    run : Recording
    axes : pair of Axes, optional
    width : float, optional
        As in `population_rate`.
    populations : sequence of str, optional

    Returns
    -------
    ndarray of two Axes
    """
    above, below = style.stacked(axes, 2, (6.4, 5.2), [2.0, 1.0])
    names = tuple(run.spikes) if populations is None else tuple(populations)
    raster(run, above, populations=names)
    population_rate(run, below, width=width, populations=names)
    above.set_xlabel("")
    above.figure.align_ylabels([above, below])
    return np.array([above, below], dtype=object)


def _check(run: Recording, names: Sequence[str], known: Mapping[str, Any]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(unknown("population with spikes", name, known))
    if not names:
        kept = "" if run.spikes else " (or none was kept: record_spikes=)"
        raise ValueError(f"{run.network} has no population with spikes{kept}")


def _chosen(run: Recording, populations: Sequence[str] | None) -> list[Spikes]:
    names = tuple(run.spikes) if populations is None else tuple(populations)
    _check(run, names, run.spikes)
    return [run.spikes[name] for name in names]


def _time_label(run: Recording) -> str:
    return f"time ({run.time_unit})" if run.time_unit else "time"
