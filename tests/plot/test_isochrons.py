"""Pictures of isochrons show every curve, its point of the cycle, and the cycle."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import van_der_pol


def test_curves_points_and_cycle() -> None:
    cycle = dn.find_cycle(van_der_pol, dn.simulate(van_der_pol, 100.0))
    found = dn.isochrons(van_der_pol, cycle, phases=4)
    ax = dn.plot.isochrons(found)
    assert len(ax.lines) == 9 and np.array_equal(ax.lines[2].get_xdata(), found[1][:, 0])
    assert ax.get_xlim() == found.box["x"] and len(ax.figure.axes) == 2
    assert dn.plot.isochrons(found, ax, bar=False) is ax
    plt.close(ax.figure)
