"""Orbit diagrams: what was measured at passages, above the largest Lyapunov exponent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynana.plot import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynana.results.orbit_diagram import OrbitDiagram

#: Size of a dot, and how strongly it covers.
DOT, COVER = 0.6, 0.5
#: Size of a dot where there are two ways, of which one must be told from the other.
SPARSE = 1.6
#: Width of the band around the exponent, in standard errors to each side.
BAND = 2.0


def orbit_diagram(found: OrbitDiagram, axes: Sequence[Axes] | None = None, *, log: bool = False) -> np.ndarray:
    """Draw every recorded passage as a dot, and the exponents with a band of two standard errors below.

    Parameters
    ----------
    found : OrbitDiagram
    axes : sequence of Axes, optional
        Two, or one if the diagram has no exponents.
    log : bool
        Whether the measure has a logarithmic axis.

    Returns
    -------
    ndarray of Axes
        The way back, if there is one, is orange and drawn below the way there.
    """
    both = bool(np.isfinite(found.exponents).any())
    panels = style.stacked(axes, 1 + both, (7.0, 5.2 if both else 3.8), [2.2, 1.0] if both else None)
    ways = [(found, style.BLACK)] if found.back is None else [(found.back, style.ORANGE), (found, style.BLACK)]
    for way, colour in ways:
        panels[0].plot(
            np.repeat(way.values, way.measured.shape[1]), way.measured.ravel(), linestyle="none", marker="o",
            markersize=DOT if found.back is None else SPARSE, markeredgewidth=0.0, color=colour, alpha=COVER,
            rasterized=True, label="back" if way is found.back else "there",
        )  # fmt: skip
    if found.back is not None:
        panels[0].legend(frameon=False, fontsize="small", markerscale=3.0)
    if log:
        panels[0].set_yscale("log")
    unit = f" ({found.time_unit})" if found.time_unit else ""
    isi = f"time between passages{unit}"
    label = isi if found.measure == "ISI" else style.label(found.measure, found.units)
    panels[0].set_ylabel(label)
    if both:
        panels[1].axhline(0.0, color=style.FAINT, linewidth=1.0, zorder=1)
        for way, colour in ways:
            line, band = way.exponents, BAND * way.errors
            own = style.BLUE if found.back is None else colour
            panels[1].fill_between(way.values, line - band, line + band, color=style.SKY, linewidth=0.0, zorder=2)
            panels[1].plot(way.values, line, color=own, linewidth=0.8, zorder=3)
        panels[1].set_ylabel(f"largest exponent{f' (1/{found.time_unit})' if found.time_unit else ''}")
    panels[-1].set_xlabel(style.label(found.parameter, found.units))
    panels[-1].set_xlim(float(np.min(found.values)), float(np.max(found.values)))
    return panels
