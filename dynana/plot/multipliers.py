"""Floquet multipliers of cycles: their moduli along a branch, or their places beside the unit circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynana.plot import style
from dynana.plot.diagrams import add_legend, mark
from dynana.results.cycle import Cycle
from dynana.results.cycle_branch import CycleBranch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and word of each sort of multiplier.
SORTS = {"positive": style.BLUE, "negative": style.VERMILLION, "pair": style.GREEN}
#: Decades around the unit circle that have equal distances; those beyond are logarithmic.
LINEAR_DECADES = 1.0
#: Most circles beyond the unit circle.
MOST_RADII = 4


def multipliers(branch: CycleBranch, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw the moduli of the Floquet multipliers along a branch of cycles.

    Parameters
    ----------
    branch : CycleBranch
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    legend : bool, optional

    Returns
    -------
    Axes
        Decimal logarithms of the moduli over the parameter: 0 is the unit circle, between one decade inside and one
        outside the axis is linear, beyond it is logarithmic. Positive, negative and complex multipliers have colours
        of their own; special points are on the line of the unit circle. The multiplier 1 that every cycle has (where
        time does not enter the equations) is left out.
    """
    own = ax is None
    ax = style.axes(ax, (7.0, 4.2))
    logs, phases = _nontrivial(branch.log_moduli, branch.phases, branch.forced)
    sorts = _sorts(phases)
    ax.axhline(0.0, color=style.FAINT, linewidth=1.0, zorder=1)
    for name, colour in SORTS.items():
        for column in range(logs.shape[1]):
            shown = np.where(sorts[:, column] == name, logs[:, column] / np.log(10.0), np.nan)
            if np.isfinite(shown).any():
                ax.plot(branch.values, shown, color=colour, linewidth=1.5, label=name, zorder=2)
    mark(ax, branch.parameter, [(s, 0.0) for s in branch.special])
    ax.set_yscale("symlog", linthresh=LINEAR_DECADES)
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xlabel(style.label(branch.parameter, branch.units))
    ax.set_ylabel(r"$\log_{10} |\mu|$")
    if legend:
        add_legend(ax, own)
    return ax


def multiplier_plane(branch: CycleBranch | Cycle, ax: Axes | None = None) -> Axes:
    """Draw Floquet multipliers in the complex plane with the unit circle.

    Parameters
    ----------
    branch : CycleBranch or Cycle
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        One point for each multiplier but the trivial one, shaded by the parameter. Outside the unit circle the distance
        from it is the decimal logarithm of the modulus.
    """
    ax = style.axes(ax, (5.4, 4.8))
    angle = np.linspace(0.0, 2.0 * np.pi, 361)
    ax.plot(np.cos(angle), np.sin(angle), color=style.QUIET, linewidth=1.0, zorder=1)
    ax.axhline(0.0, color=style.FAINT, linewidth=0.7, zorder=0)
    ax.axvline(0.0, color=style.FAINT, linewidth=0.7, zorder=0)
    logs, phases = _nontrivial(np.atleast_2d(branch.log_moduli), np.atleast_2d(branch.phases), branch.forced)
    # inside the circle distances are what they are
    radius = np.where(logs > 0.0, 1.0 + np.maximum(logs, 0.0) / np.log(10.0), np.exp(np.minimum(logs, 0.0)))
    x, y = radius * np.cos(phases), radius * np.sin(phases)
    if isinstance(branch, CycleBranch) and len(branch) > 1:
        colours = style.shades(ax, branch.values.tolist(), f"${style.symbol(branch.parameter)}$")
    else:
        colours = [style.BLUE] * len(x)
    for row in range(len(x)):
        ax.plot(x[row], y[row], "o", color=colours[row], markersize=4.0, zorder=3)
    decades = int(np.ceil(radius.max(initial=1.0) - 1.0))
    for decade in range(1, decades + 1, max(1, -(-decades // MOST_RADII))):
        ax.plot((1 + decade) * np.cos(angle), (1 + decade) * np.sin(angle), ":", color=style.FAINT, linewidth=0.8)
        ax.annotate(f"$10^{{{decade}}}$", ((1 + decade) * np.cos(0.8), (1 + decade) * np.sin(0.8)), fontsize="small")
    ax.set(xlabel=r"$\mathrm{Re}\, \mu$", ylabel=r"$\mathrm{Im}\, \mu$", aspect="equal")
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    return ax


def _nontrivial(logs: np.ndarray, phases: np.ndarray, forced: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return logarithms and phases without those of the multiplier nearest to 1 in each row, unless time enters."""
    if forced:
        return logs, phases
    trivial = np.argmin(np.hypot(logs, phases), axis=1)
    kept = np.arange(logs.shape[1]) != trivial[:, None]
    shape = (len(logs), logs.shape[1] - 1)
    return logs[kept].reshape(shape), phases[kept].reshape(shape)


def _sorts(phases: np.ndarray) -> np.ndarray:
    """Return the sort of each multiplier by its phase."""
    negative = np.isclose(np.abs(phases), np.pi)
    return np.where(negative, "negative", np.where(np.isclose(phases, 0.0, atol=1e-12), "positive", "pair"))
