"""Phase responses of cycles, and the interaction of two weakly coupled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynana.plot import style
from dynana.results.phase_response import PhaseResponse, fine_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Opacity of the areas of advance and delay.
AREA = 0.18
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
        if np.any(values[part] != 0.0):
            ax.fill_between(phase, np.where(part, values, 0.0), color=colour, alpha=AREA, linewidth=0, label=label)
    dashes = "-" if response.cycle.stable else (0, (4, 2))
    ax.plot(phase, values, color=style.BLACK, linewidth=1.6, linestyle=dashes, zorder=3)
    zeros = response.zeros(name)
    ax.plot(zeros, np.zeros_like(zeros), ".", color=style.BLACK, markersize=6.0, zorder=4)
    unit = response.unit(name)
    ax.set_xlabel(f"phase, from {response.origin}")
    ax.set_ylabel(f"phase response $Z_{{{style.symbol(name)}}}$" + (f" ({unit})" if unit else ""))
    ax.set_xlim(0.0, 1.0)
    ax.legend(frameon=False, fontsize="small")
    return ax
