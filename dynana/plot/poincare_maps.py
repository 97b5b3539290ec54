"""Poincare maps: points on the section, and each against the one before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dynana.errors import unknown
from dynana.plot import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynana.results.periodic_point import PeriodicPoint
    from dynana.results.poincare_map import PoincareMap

    Place = Callable[[PeriodicPoint], tuple[list[float], list[float]]]

#: Size of the points.
POINT = 2.5


def poincare_map(
    found: PoincareMap, x: str | None = None, y: str | None = None, ax: Axes | None = None, *, legend: bool = True
) -> Axes:
    """Draw the points on the section along two states, with the periodic points.

    Parameters
    ----------
    found : PoincareMap
    x, y : str, optional
        States; by default the first two coordinates of the section (or the only one and the other state).
    ax : Axes, optional
    legend : bool

    Returns
    -------
    Axes
    """
    names = [*found.chart, *(n for n in found.states if n not in found.chart)]
    across = names[0] if x is None else _state(found, x)
    up = next((n for n in names if n != across), across) if y is None else _state(found, y)
    ax = style.axes(ax)
    ax.plot(found[across], found[up], linestyle="none", marker="o", markersize=POINT, color=style.BLACK)
    _periodic(found, ax, lambda p: ([found.place(p, across)], [found.place(p, up)]), legend)
    ax.set_xlabel(style.label(across, found.units))
    ax.set_ylabel(style.label(up, found.units))
    return ax


def first_return(
    found: PoincareMap, state: str | None = None, ax: Axes | None = None, *, lag: int = 1, legend: bool = True
) -> Axes:
    """Draw a state at each passage against the same state a passage (or ``lag`` of them) before.

    Where the flow contracts strongly this is a curve, a map of the line; periodic points of ``lag`` returns are on the
    diagonal.

    Parameters
    ----------
    found : PoincareMap
    state : str, optional
        By default the first coordinate of the section.
    ax : Axes, optional
    lag : int
    legend : bool

    Returns
    -------
    Axes
    """
    if lag < 1 or lag >= len(found):
        raise ValueError(f"lag must be from 1 to {len(found) - 1}, the number of returns, got {lag}")
    name = found.chart[0] if state is None else _state(found, state)
    values = found[name]
    ax = style.axes(ax, (4.8, 4.8))
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.05 * max(abs(low), 1e-300)
    span = (low - margin, high + margin)
    ax.plot(span, span, color=style.FAINT, linewidth=1.0, zorder=1)
    ax.plot(values[:-lag], values[lag:], linestyle="none", marker="o", markersize=POINT, color=style.BLACK, zorder=3)
    _periodic(found, ax, lambda p: ([found.place(p, name)],) * 2, legend, lag)
    ax.set_xlim(*span)
    ax.set_ylim(*span)
    label = style.symbol(name)
    ax.set_xlabel(f"${label}$ at a passage")
    ax.set_ylabel(f"${label}$ at the next passage" if lag == 1 else f"${label}$ {lag} passages later")
    return ax


def _state(found: PoincareMap, name: str) -> str:
    if name not in found.states:
        raise ValueError(unknown("state", name, found.states))
    return name


def _periodic(found: PoincareMap, ax: Axes, place: Place, legend: bool, only: int | None = None) -> None:
    named: set[tuple[int, bool]] = set()
    for point, count in zip(found.points, found.returns, strict=True):
        if only is not None and only % count:
            continue
        colour = style.CYCLE[(count - 1) % len(style.CYCLE)]
        word = f"{count} return{'s' * (count != 1)}, {'stable' if point.stable else 'unstable'}"
        ax.plot(
            *place(point), linestyle="none", marker="o", markersize=7.0, color=colour, zorder=5,
            markerfacecolor=colour if point.stable else "white", label=None if (count, point.stable) in named else word,
        )  # fmt: skip
        named.add((count, point.stable))
    if legend and named:
        ax.legend(frameon=False, fontsize="small")
