"""Limit cycles at chosen points of a branch: in the plane of two states, in time, and by their multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.errors import unknown
from dynana.plot import style
from dynana.results.cycle import Cycle
from dynana.results.cycle_branch import CycleBranch
from dynana.results.phase_response import PARTS, fine_times
from dynana.results.tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Divides a line at a jump.
GAP = np.full((1, 2), np.nan)
#: From the state before a jump to that after it.
JUMP: dict[str, Any] = {"linestyle": (0, (1, 2)), "linewidth": 0.9}
#: More cycles than this have a colour bar instead of a legend.
NAMED = len(style.CYCLE)
#: Dashes of unstable cycles.
DASHES = (0, (4, 1.5))
#: A cycle whose extent is below this part of the largest one is a Hopf point.
POINT = 1e-9
#: Digits of parameter values in legends.
DIGITS = 5

Orbits = CycleBranch | Cycle | Sequence[Cycle]


def cycles(orbits: Orbits, ax: Axes | None = None, *, x: str | None = None, y: str | None = None) -> Axes:
    """Draw limit cycles in the plane of two states.

    Parameters
    ----------
    orbits : CycleBranch, Cycle or sequence of Cycle
        Of a branch all orbits that it keeps.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    x, y : str, optional
        The first and the second state otherwise.

    Returns
    -------
    Axes
        Stable cycles are solid, unstable ones dashed. Up to seven have their parameter values in the legend and an
        arrow, more have colours and a colour bar.

    Raises
    ------
    KeyError
        For a state that is not there.
    TypeError
        For what is no cycle.
    ValueError
        If there is no cycle, or they have different states.
    """
    shown = _shown(orbits)
    states = shown[0].states
    plane = [
        _state(shown, states[0] if x is None else x),
        _state(shown, states[min(1, len(states) - 1)] if y is None else y),
    ]
    ax = style.axes(ax)
    looks = _looks(shown, ax)
    lines = [[piece[:, plane] for piece in _pieces(cycle)] for cycle in shown]
    for cycle, pieces, look in zip(shown, lines, looks, strict=True):
        smooth = np.concatenate([np.concatenate((GAP, piece)) for piece in pieces])[1:]
        ax.plot(smooth[:, 0], smooth[:, 1], **look)
        for piece, after in zip(pieces, [*pieces[1:], pieces[0]], strict=True) if cycle.jumps else ():
            ax.plot(*np.stack((piece[-1], after[0])).T, **JUMP, color=look["color"], zorder=look["zorder"])
    if len(shown) <= NAMED:
        for pieces, look in zip(lines, looks, strict=True):
            style.arrow(ax, pieces[0], str(look["color"]), 0.25)
        style.legend(ax)
    ax.set_xlabel(style.label(states[plane[0]], shown[0].units))
    ax.set_ylabel(style.label(states[plane[1]], shown[0].units))
    return ax


def cycle_traces(orbits: Orbits, ax: Axes | None = None, *, y: str | None = None) -> Axes:
    """Draw one period of limit cycles in time, with the largest value of the state in the middle.

    Parameters
    ----------
    orbits : CycleBranch, Cycle or sequence of Cycle
        Of a branch all orbits that it keeps.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    y : str, optional
        The first state otherwise.

    Returns
    -------
    Axes
        Lines as in `cycles`.

    Raises
    ------
    KeyError
        For a state that is not there.
    TypeError
        For what is no cycle.
    ValueError
        If there is no cycle, or they have different states.
    """
    shown = _shown(orbits)
    up = _state(shown, shown[0].states[0] if y is None else y)
    ax = style.axes(ax, (6.4, 3.2))
    for cycle, look in zip(shown, _looks(shown, ax), strict=True):
        times = fine_times(cycle)
        peak = times[np.argmax(cycle.state(times)[:, up])]
        first = peak - 0.5 * cycle.period
        around = np.sort((times - first) % cycle.period)
        around = first + np.append(around, around[0] + cycle.period)
        ax.plot(around - peak, cycle.state(around)[:, up], **look)
    name, unit = shown[0].states[up], shown[0].time_unit
    ax.set_xlabel(f"time from the largest ${style.symbol(name)}$" + (f" ({unit})" if unit else ""))
    ax.set_ylabel(style.label(name, shown[0].units))
    if len(shown) <= NAMED:
        style.legend(ax)
    return ax


def _pieces(cycle: Cycle) -> list[np.ndarray]:
    """The orbit between its jumps, from the state after one to the state before the next."""
    counts = np.cumsum([segment.widths.size * PARTS for segment in cycle.segments])
    inside = np.split(cycle.state(fine_times(cycle)), counts[:-1])
    pieces: list[list[np.ndarray]] = [[]]
    for segment, rows in zip(cycle.segments, inside, strict=True):
        pieces[-1] += [cycle.points[[segment.first]], rows[1:], cycle.points[[segment.last]]]
        if segment.jump:
            pieces.append([])
    if not pieces[-1]:
        pieces.pop()
    elif len(pieces) > 1:  # the first row is not one after a jump: the orbit goes on there
        pieces[0] = [*pieces.pop(), *pieces[0]]
    return [np.concatenate(parts) for parts in pieces]


def _shown(orbits: Orbits) -> list[Cycle]:
    """The cycles to draw: those of no extent, at Hopf points, have no line."""
    given = (
        [orbits] if isinstance(orbits, Cycle) else list(orbits.cycles if isinstance(orbits, CycleBranch) else orbits)
    )
    for cycle in given:
        if not isinstance(cycle, Cycle):
            raise TypeError(f"expected cycles (branch.cycles[i], special_point.cycle), got {type(cycle).__name__}")
        if cycle.states != given[0].states:
            raise ValueError(f"cycles of different systems: states {given[0].states} and {cycle.states}")
    extents = [float(np.linalg.norm(cycle.amplitude)) for cycle in given]
    shown = [cycle for cycle, extent in zip(given, extents, strict=True) if extent > POINT * max(extents)]
    if not shown:
        raise ValueError("there is no cycle to draw")
    return shown


def _state(shown: list[Cycle], name: str) -> int:
    if name not in shown[0].states:
        raise KeyError(unknown("state", name, shown[0].states))
    return shown[0].states.index(name)


def _looks(shown: list[Cycle], ax: Axes) -> list[dict[str, Any]]:
    """Line properties of each cycle; a colour bar where they are many."""
    first = shown[0].parameters
    varied = [n for n in first if any(cycle.parameters.get(n) != first[n] for cycle in shown)]
    looks: list[dict[str, Any]] = [{"linestyle": "-" if cycle.stable else DASHES, "zorder": 3.0} for cycle in shown]
    if len(shown) > NAMED:
        values = [cycle.parameters[varied[0]] if varied else cycle.period for cycle in shown]
        name = style.label(varied[0], shown[0].units) if varied else "period"
        colours = style.shades(ax, values, name)
        return [look | {"color": colour, "linewidth": 0.8} for look, colour in zip(looks, colours, strict=True)]
    labels = [", ".join(f"${style.symbol(n)}$ = {number(c.parameters[n], DIGITS)}" for n in varied) for c in shown]
    if len(set(labels)) < len(labels) or not varied:
        about = [f"period {number(cycle.period, DIGITS)}" for cycle in shown]
        labels = [", ".join(filter(None, pair)) for pair in zip(labels, about, strict=True)]
    for look, label, colour in zip(looks, labels, style.CYCLE, strict=False):
        look |= {"label": label, "color": colour, "linewidth": 1.4}
    return looks
