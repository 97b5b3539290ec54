"""Basins of attraction in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynana.plot import style
from dynana.results.basins import ESCAPED, UNDECIDED, Basins

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Pale enough for lines and markers on top.
PALE = 0.4


def basins(found: Basins, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Draw basins in colours, with attractors, saddles and the stable manifolds of these on top.

    Starts that had not settled are white, those that left every bound grey. Cycles are drawn as lines, seen along the
    states that are not in the picture; those of forced systems as the points where they are once a period.

    Parameters
    ----------
    found : Basins
        Of two axes.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    legend : bool
        Name the attractors and their fractions below the picture.

    Returns
    -------
    Axes
    """
    if len(found.axes) != 2:
        raise ValueError(f"a picture shows two axes, these basins have {len(found.axes)}: {', '.join(found.axes)}")
    from matplotlib.colors import ListedColormap, to_rgb
    from matplotlib.patches import Patch

    ax = style.axes(ax)
    (x, across), (y, up) = found.axes.items()
    count = len(found.attractors)
    colours = [style.CYCLE[k % len(style.CYCLE)] for k in range(count)]
    pale = [tuple(PALE * np.array(to_rgb(c)) + 1 - PALE) for c in colours]
    sides = [(v[0] - 0.5 * (v[1] - v[0]), v[-1] + 0.5 * (v[1] - v[0])) for v in (across, up)]
    table = ListedColormap([style.FAINT, "white", *pale])
    ax.imshow(
        found.labels.T, origin="lower", extent=(*sides[0], *sides[1]), aspect="auto", interpolation="nearest",
        cmap=table, vmin=ESCAPED - 0.5, vmax=count - 0.5, zorder=0,
    )  # fmt: skip
    for manifold in found.manifolds:
        ax.plot(*manifold.points.T, color=style.BLACK, linewidth=1.2, zorder=3)
    columns = [found.states.index(x), found.states.index(y)]
    for attractor, colour in zip(found.attractors, colours, strict=True):
        points = attractor.points[:, columns]
        if attractor.kind == "fixed point":
            ax.plot(*points.T, **style.marker("stable"))
        elif attractor.kind == "cycle" and found.forcing_period is not None:
            ax.plot(*points.T, color=colour, marker="o", markeredgecolor="white", linestyle="none", zorder=4)
        elif attractor.kind == "cycle":
            ax.plot(*np.concatenate([points, points[:1]]).T, color=colour, linewidth=2.0, zorder=4)
        else:
            ax.plot(*points.T, color=colour, marker=",", linestyle="none", zorder=4)
    for point in found.fixed_points or ():
        if not point.stable:
            ax.plot(*point.point[columns], **style.marker(style.group(point)))
    ax.set_xlim(*sides[0])
    ax.set_ylim(*sides[1])
    ax.set_xlabel(style.label(x, found.units))
    ax.set_ylabel(style.label(y, found.units))
    if legend:
        shares = zip(found.attractors, found.fractions, pale, strict=True)
        entries = [Patch(color=c, label=f"{a.kind} ({a.sentence}): {f:.1%}") for a, f, c in shares]
        for label, text, colour in ((UNDECIDED, "not settled", "white"), (ESCAPED, "escaped", style.FAINT)):
            if found.fraction(label):
                entries.append(
                    Patch(facecolor=colour, edgecolor=style.QUIET, label=f"{text}: {found.fraction(label):.1%}")
                )
        ax.legend(handles=entries, loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False, fontsize="small")
    return ax
