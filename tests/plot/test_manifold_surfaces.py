"""Pictures of surfaces show every triangle and some rings."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import sympy as sp

import dynana as dn

X, Y, Z = sp.symbols("x y z", real=True)
SADDLE = dn.System({X: -X, Y: -2 * Y, Z: Z}, ranges=dict.fromkeys("xyz", (-2.0, 2.0)), name="saddle")


def test_triangles_rings_and_point() -> None:
    found = dn.manifold_surface(SADDLE, dn.fixed_points(SADDLE)[0], 0.5, step=0.1)
    ax = dn.plot.manifold_surface(found, every=2)
    assert len(ax.collections[0].get_facecolor()) == len(found.triangles)
    assert len(ax.lines) == (len(found.rings) - 1) // 2 + 1 and len(ax.figure.axes) == 2
    plt.close(ax.figure)
