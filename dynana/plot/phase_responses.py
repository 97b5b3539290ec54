"""Phase responses of cycles, and the interaction of two weakly coupled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynana.plot import style
from dynana.results.phase_locking import PhaseLocking
from dynana.results.phase_response import PhaseResponse, fine_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Advances and delays are named if they exceed this part of the largest response: where it only touches zero,
#: interpolation goes a little beyond.
SEEN = 1e-6
#: Opacity of the areas of advance and delay.
AREA = 0.18
#: Length of an arrow along the axis of phase differences; closer states have none between them.
SHORTEST = 0.06
#: Samples of an interaction function in a picture.
SAMPLES = 513
#: Part of the height of a picture that the orbit behind a response takes.
ORBIT = 0.9


def phase_response(response: PhaseResponse, ax: Axes | None = None, *, y: str | None = None) -> Axes:
    """Draw the phase response to kicks of a state or pulses of a parameter, over one period from phase zero.

    Parameters
    ----------
    response : PhaseResponse
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    y : str, optional
        The state or parameter; the first state otherwise.

    Returns
    -------
    Axes
        Advances are filled above the zero line, delays below; behind, thin and not to scale, the orbit (the state
        that is kicked, or the first one). Dashed for an unstable cycle.

    Raises
    ------
    KeyError
        For a name that is not there.
    """
    name = response.states[0] if y is None else y
    times = np.append(fine_times(response.cycle), response.period)
    values = np.append(response.at(times[:-1], name), response[name][-1])
    ax = style.axes(ax, (5.4, 3.8))
    phase = times / response.period
    shown = name if name in response.states else response.states[0]
    orbit = response.cycle.state(times)[:, response.states.index(shown)]
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    extent = np.ptp(orbit)
    if extent > 0.0 and high > low:
        scaled = low + (high - low) * (0.5 * (1 - ORBIT) + ORBIT * (orbit - orbit.min()) / extent)
        ax.plot(
            phase, scaled, color=style.FAINT, linewidth=1.0, label=f"${style.symbol(shown)}$, not to scale", zorder=1
        )
    ax.axhline(0.0, color=style.QUIET, linewidth=0.8, zorder=2)
    for part, colour, label in ((values >= 0.0, style.BLUE, "advance"), (values <= 0.0, style.VERMILLION, "delay")):
        if np.any(np.abs(values[part]) > SEEN * np.abs(values).max()):
            ax.fill_between(phase, np.where(part, values, 0.0), color=colour, alpha=AREA, linewidth=0, label=label)
    dashes = "-" if response.cycle.stable else (0, (4, 2))
    ax.plot(phase, values, color=style.BLACK, linewidth=1.6, linestyle=dashes, zorder=3)
    zeros = response.zeros(name)
    ax.plot(zeros, np.zeros_like(zeros), ".", color=style.BLACK, markersize=6.0, zorder=4)
    unit = response.unit(name)
    ax.set_xlabel(f"phase, from {response.origin}")
    ax.set_ylabel(f"phase response $Z_{{{style.symbol(name)}}}$" + (f" ({style.unit(unit)})" if unit else ""))
    ax.set_xlim(0.0, 1.0)
    ax.legend(frameon=False, fontsize="small")
    return ax


def interaction_function(locking: PhaseLocking, ax: Axes | None = None, *, detuning: float = 0.0) -> Axes:
    """Draw the rate of change of the phase difference of two coupled cells, and their interaction function.

    Parameters
    ----------
    locking : PhaseLocking
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    detuning : float, optional
        Relative difference of the uncoupled frequencies, second cell minus first: the horizontal line that G(phi) has
        to meet for locking.

    Returns
    -------
    Axes
        G solid, H thin; locked states filled where stable and open where not, with arrows to where the phase difference
        goes.
    """
    ax = style.axes(ax, (5.4, 3.8))
    phase = np.linspace(0.0, 1.0, SAMPLES)
    odd = locking.G(phase * locking.period)
    states = locking.locked_at(detuning)
    ax.axhline(-detuning, color=style.QUIET, linewidth=0.8, zorder=1)
    if detuning:
        ax.annotate(r"$-$ detuning", (0.99, -detuning), ha="right", va="bottom", xycoords=("axes fraction", "data"))
    ax.plot(phase, locking.H(phase * locking.period), color=style.SKY, linewidth=1.1, label=r"$H(\phi)$", zorder=2)
    ax.plot(phase, odd, color=style.BLACK, linewidth=1.6, label=r"$G(\phi) = H(-\phi) - H(\phi)$", zorder=3)
    for stable, group in ((True, "stable"), (False, "unstable")):
        places = [s.fraction for s in states if s.stable is stable]
        places += [1.0 for s in states if s.stable is stable and s.fraction == 0.0]
        if places:
            ax.plot(places, np.full(len(places), -detuning), label=group, clip_on=False, **style.marker(group, 7.0))
    ax.set_xlim(0.0, 1.0)
    _flow(ax, [s.fraction for s in states], locking, detuning)
    ax.set_xlabel(r"phase difference $\phi$ (periods)")
    ax.set_ylabel("relative rate")
    ax.legend(frameon=False, fontsize="small")
    return ax


def _flow(ax: Axes, fractions: list[float], locking: PhaseLocking, detuning: float) -> None:
    """Arrows between neighbouring locked states, or once around if there are none."""
    ends = np.array([*fractions, fractions[0] + 1.0] if fractions else [0.0, 1.0])
    for low, high in zip(ends[:-1], ends[1:], strict=True):
        middle = 0.5 * (low + high)
        rate = detuning + float(locking.G(middle * locking.period))
        if rate and high - low > SHORTEST:
            place, step = middle % 1.0, np.sign(rate) * 0.5 * SHORTEST
            points = np.array([[place - step, -detuning], [place + step, -detuning]])
            style.arrow(ax, points, style.QUIET, size=11.0, zorder=2.5)
