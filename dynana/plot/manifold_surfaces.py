"""Two-dimensional manifolds in space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.plot import style

if TYPE_CHECKING:
    from dynana.results.manifold_surface import ManifoldSurface

#: The box of the picture is at least this share of its longest side deep.
FLAT = 0.1


def manifold_surface(
    surface: ManifoldSurface, ax: Any = None, *, alpha: float = 0.8, every: int = 4, bar: bool = True
) -> Any:
    """Draw a surface, coloured by the distance from the equilibrium along it, with some of its rings.

    Parameters
    ----------
    surface : ManifoldSurface
    ax : Axes, optional
        Three-dimensional; a new figure otherwise.
    alpha : float
        Opacity.
    every : int
        Every so-many-th ring is drawn as a line; 0 for none.
    bar : bool
        Whether a bar explains the colours.

    Returns
    -------
    Axes
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LightSource, Normalize

    ax = style.axes(ax, (6.2, 5.6), "3d")
    corners = surface.points[surface.triangles]
    scale = ScalarMappable(Normalize(0.0, float(surface.distances.max())), colormaps["viridis"])
    colours = np.asarray(scale.to_rgba(surface.distances[surface.triangles].mean(axis=1)))
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    light = LightSource(azdeg=225, altdeg=45).direction
    shade = 0.65 + 0.35 * np.abs((normals / np.where(lengths > 0.0, lengths, 1.0)) @ light)
    colours[:, :3] *= shade[:, None]
    colours[:, 3] = alpha
    patches = ax.plot_trisurf(*surface.points.T, triangles=surface.triangles, linewidth=0.0, antialiased=False)
    patches.set_facecolor(colours)
    patches.set_edgecolor("none")
    for k in range(every - 1, len(surface.rings) - 1, every) if every else ():
        ring = surface.ring(k)
        ax.plot(*np.concatenate((ring, ring[:1])).T, color=style.BLACK, linewidth=0.5, alpha=0.6)
    ax.plot(*surface.points[:1].T, marker="o", markersize=5, color=style.BLACK)
    low, high = surface.points.min(axis=0), surface.points.max(axis=0)
    least = FLAT * float(np.max(high - low))  # a plane may be even
    middle, extent = 0.5 * (low + high), np.maximum(high - low, least)
    low, high = middle - 0.5 * extent, middle + 0.5 * extent
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    ax.set_box_aspect(high - low)
    x, y, z = surface.states
    ax.set_xlabel(style.label(x, surface.units))
    ax.set_ylabel(style.label(y, surface.units))
    ax.set_zlabel(style.label(z, surface.units))
    if bar:
        ax.figure.colorbar(scale, ax=ax, shrink=0.6, label="distance along the surface")
    return ax
