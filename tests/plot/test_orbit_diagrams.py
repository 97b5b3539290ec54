"""Pictures of orbit diagrams show every passage, and the exponent with its band."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import dynana as dn
from dynana.models import adex_touboul_brette


def test_dots_and_exponents() -> None:
    found = dn.orbit_diagram(adex_touboul_brette, "V_reset", np.linspace(-49, -47, 5), returns=20, skip=20)
    above, below = dn.plot.orbit_diagram(found)
    assert above.lines[0].get_xdata().size == 100 and np.array_equal(below.lines[-1].get_ydata(), found.exponents)
    assert "(ms)" in above.get_ylabel() and "mV" in below.get_xlabel()
    plt.close(above.figure)


def test_without_exponents_there_is_one_panel() -> None:
    found = dn.orbit_diagram(adex_touboul_brette, "V_reset", [-49.0, -48.0], returns=10, skip=5, exponent=False)
    (ax,) = dn.plot.orbit_diagram(found, log=True)
    assert ax.get_yscale() == "log"
    plt.close(ax.figure)
