"""Firing rates against a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynana.plot import style
from dynana.results.fi_curve import UP, FICurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fi_curve(curve: FICurve, ax: Axes | None = None) -> Axes:
    """Draw firing rates, rising values as filled and falling ones as open circles.

    Parameters
    ----------
    curve : FICurve
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
    """
    ax = style.axes(ax)
    for direction, rates in curve.rates.items():
        up = direction == UP
        ax.plot(
            curve.values,
            rates,
            color=style.BLUE if up else style.VERMILLION,
            marker="o",
            markersize=4.0 if up else 7.0,
            markerfacecolor=style.BLUE if up else "none",
            linewidth=1.0 if up else 0.0,
            label="rising" if up else "falling",
            zorder=3 if up else 4,
        )
    ax.set_xlabel(f"${style.symbol(curve.parameter)}$")
    ax.set_ylabel(f"firing rate ({curve.unit})")
    if len(curve.rates) > 1:
        ax.legend(frameon=False)
    return ax
