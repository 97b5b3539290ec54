"""The picture of basins: colours, manifolds, what it refuses."""

from __future__ import annotations

import matplotlib
import pytest
import sympy as sp

import dynana as dn

matplotlib.use("Agg")
X, Y = sp.symbols("x y", real=True)
WELLS = dn.System({X: Y, Y: X - X**3 - Y / 2}, initial={X: 0.5, Y: 0.0}, name="wells")


def test_basins_are_coloured_with_the_manifolds_on_top() -> None:
    found = dn.basins(WELLS, x=(-2, 2), y=(-1, 1), size=20)
    ax = dn.plot.basins(found)
    assert ax.images[0].get_extent() == pytest.approx([-2, 2, -1, 1])
    assert ax.images[0].get_array().shape == (20, 20)
    assert len(ax.lines) == 2 + 2 + 1  # both branches of the stable manifold, two attractors, the saddle
    assert [text.get_text()[-5:] for text in ax.get_legend().get_texts()] == ["50.0%", "50.0%"]


def test_a_line_is_no_plane() -> None:
    with pytest.raises(ValueError, match="two axes"):
        dn.plot.basins(dn.basins(WELLS, x=(-2, 2), size=5))
