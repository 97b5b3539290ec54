"""Pictures of Poincare maps show the points on the section and each against the one before."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from dynana.models import rossler


@pytest.fixture(scope="module")
def found():
    """Fifty returns of Rössler's attractor."""
    return dn.poincare_map(rossler, "x", returns=50, skip=20)


def test_points_on_the_section(found) -> None:
    ax = dn.plot.poincare_map(found)
    assert np.array_equal(ax.lines[0].get_xdata(), found["y"]) and np.array_equal(ax.lines[0].get_ydata(), found["z"])
    assert ax.lines[1].get_markerfacecolor() == "white"
    with pytest.raises(ValueError, match="'w'"):
        dn.plot.poincare_map(found, "w", ax=ax)
    plt.close(ax.figure)


def test_first_return(found) -> None:
    ax = dn.plot.first_return(found, "y", lag=2)
    assert np.array_equal(ax.lines[1].get_xdata(), found["y"][:-2])
    assert np.array_equal(ax.lines[1].get_ydata(), found["y"][2:])
    with pytest.raises(ValueError, match="lag must be"):
        dn.plot.first_return(found, lag=0, ax=ax)
    plt.close(ax.figure)
