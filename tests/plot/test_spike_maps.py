"""Pictures of spike maps show the map, its periodic points and the course."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from dynana.models import adex, adex_touboul_brette


@pytest.fixture(scope="module")
def bursting():
    """The map of a bursting neuron."""
    return dn.spike_map(adex_touboul_brette.at(V_reset=-47.2), size=60, iterations=200)


def test_spike_map_shows_stable_orbits_filled_and_others_open(bursting) -> None:
    ax = dn.plot.spike_map(bursting)
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(points) == len(bursting.orbits)
    filled = [line for line in points if line.get_markerfacecolor() != "white"]
    assert len(filled) == 1 and np.allclose(filled[0].get_xdata(), bursting.attractor[:, 0], atol=1e-8)
    assert "(pA)" in ax.get_xlabel()
    plt.close(ax.figure)


def test_cobwebs_go_from_the_map_to_the_diagonal(bursting) -> None:
    ax = dn.plot.cobweb(bursting, steps=5)
    x, y = ax.lines[-1].get_data()
    assert np.array_equal(x[2::2], y[1:-1:2]) and np.array_equal(x[::2][:6], bursting.course[:6, 0])
    again = dn.plot.cobweb(bursting, ax, start=300.0, steps=3)
    assert again is ax and ax.lines[-1].get_xdata()[0] == 300.0
    plt.close(ax.figure)


def test_a_silent_neuron_has_no_course() -> None:
    silent = dn.spike_map(adex.at(I=2), size=60)
    with pytest.raises(ValueError, match="no course to draw: fires 0 more times"):
        dn.plot.cobweb(silent)
    ax = dn.plot.spike_map(silent)
    assert sum(line.get_linestyle() == "--" for line in ax.lines) == 2
    plt.close(ax.figure)
