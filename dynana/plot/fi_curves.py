"""Firing rates against a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynana.plot import style
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import stretches
from dynana.results.fi_curve import UP, FICurve
from dynana.results.time_units import per_second

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fi_curve(curve: FICurve, ax: Axes | None = None, *, branches: Sequence[CycleBranch] = ()) -> Axes:
    """Draw firing rates, rising values as filled and falling ones as open circles.

    Parameters
    ----------
    curve : FICurve
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    branches : sequence of CycleBranch, optional
        Cycles of the same system over the same parameter, as lines beneath: solid where stable, dashed where not.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If a branch is one of another system or parameter.
    """
    ax = style.axes(ax)
    shown = set()
    for branch in branches:
        if (branch.system, branch.parameter) != (curve.system, curve.parameter):
            raise ValueError(
                f"the rates are those of {curve.system} over {curve.parameter}, the branch is one of {branch.system} "
                f"over {branch.parameter}"
            )
        for low, high, stable in stretches(branch):
            label = "continued, stable" if stable else "continued, unstable"
            ax.plot(
                branch.values[low:high],
                branch.rates[low:high] * per_second(branch.time_unit),
                color=style.BLACK,
                linewidth=1.2,
                linestyle="-" if stable else (0, (4, 2)),
                label="_" * (label in shown) + label,
                zorder=2,
            )
            shown.add(label)
    for direction, rates in curve.rates.items():
        up = direction == UP
        ax.plot(
            curve.values,
            rates,
            color=style.BLUE if up else style.VERMILLION,
            marker="o",
            markersize=4.0 if up else 7.0,
            markerfacecolor=style.BLUE if up else "none",
            linewidth=1.0 if up and not branches else 0.0,
            label="rising" if up else "falling",
            zorder=3 if up else 4,
        )
    ax.set_xlabel(style.label(curve.parameter, {curve.parameter: curve.parameter_unit}))
    ax.set_ylabel(f"firing rate ({curve.unit})")
    if len(curve.rates) > 1 or branches:
        ax.legend(frameon=False)
    return ax
