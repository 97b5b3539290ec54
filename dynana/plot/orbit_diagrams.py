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
    """
    both = bool(np.isfinite(found.exponents).any())
    panels = style.stacked(axes, 1 + both, (7.0, 5.2 if both else 3.8), [2.2, 1.0] if both else None)
    count = found.measured.shape[1]
    panels[0].plot(
        np.repeat(found.values, count), found.measured.ravel(), linestyle="none", marker="o", markersize=DOT,
        markeredgewidth=0.0, color=style.BLACK, alpha=COVER, rasterized=True,
    )  # fmt: skip
    if log:
        panels[0].set_yscale("log")
    unit = f" ({found.time_unit})" if found.time_unit else ""
    isi = f"time between passages{unit}"
    label = isi if found.measure == "ISI" else style.label(found.measure, found.units)
    panels[0].set_ylabel(label)
    if both:
        zero, band = found.exponents, BAND * found.errors
        panels[1].axhline(0.0, color=style.FAINT, linewidth=1.0, zorder=1)
        panels[1].fill_between(found.values, zero - band, zero + band, color=style.SKY, linewidth=0.0, zorder=2)
        panels[1].plot(found.values, found.exponents, color=style.BLUE, linewidth=0.8, zorder=3)
        panels[1].set_ylabel(f"largest exponent{f' (1/{found.time_unit})' if found.time_unit else ''}")
    panels[-1].set_xlabel(style.label(found.parameter, found.units))
    panels[-1].set_xlim(float(np.min(found.values)), float(np.max(found.values)))
    return panels
