"""Pictures of dissected systems, by what they contain."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from dynana.models import hindmarsh_rose, van_der_pol_canard


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def burst():
    return dn.fast_slow(hindmarsh_rose.at(I=2, r=0.006), "z", progress=False)


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def test_manifold_cycles_nullcline_and_orbit(burst):
    ax = dn.plot.fast_slow(burst)
    for label in ("stable equilibrium", "unstable equilibrium", "stable cycle", "fold", "homoclinic", "orbit"):
        assert lines(ax, label), label
    assert lines(ax, "stable equilibrium")[0].get_linestyle() == "-"
    assert lines(ax, "unstable equilibrium")[0].get_linestyle() == "--"
    (orbit,) = lines(ax, "orbit")
    drawn = orbit.get_xdata()[np.isfinite(orbit.get_xdata())]
    assert np.ptp(drawn) == pytest.approx(np.ptp(burst.orbit["z"]), rel=1e-3)
    (slow,) = lines(ax, r"$\dot{z} = 0$")
    # z = 4 (V + 1.6)
    assert slow.get_xdata() == pytest.approx(4 * (slow.get_ydata() + 1.6), nan_ok=True)
    assert not lines(ax, "user") and not lines(ax, "slow rate")
    assert ax.get_xlabel() == "$z$, slow" and ax.get_ylabel() == "$V$"
    y = dn.plot.fast_slow(burst, y="y")
    assert y.get_ylabel() == "$y$" and not lines(y, r"$\dot{z} = 0$")
    with pytest.raises(KeyError, match="no fast state named 'z'"):
        dn.plot.fast_slow(burst, y="z")


def test_three_panels_or_two(burst):
    panels = dn.plot.fast_slow_with_drift(burst)
    assert len(panels) == 3
    stable = lines(panels[1], "stable equilibrium")[0]
    values = np.concatenate([branch.values for branch in burst.fast.branches])
    assert np.all(stable.get_ydata() < 0) and np.all(np.isin(stable.get_xdata(), values))
    assert panels[2].get_ylabel() == "period"
    relaxing = dn.fast_slow(van_der_pol_canard.at(a=0.5), "y", progress=False)
    assert len(dn.plot.fast_slow_with_drift(relaxing)) == 2


def test_tonic_spiking_is_marked():
    tonic = dn.fast_slow(hindmarsh_rose.at(I=4, r=0.006), "z", progress=False)
    assert len(lines(dn.plot.fast_slow(tonic), "averaged drift zero")) == 2  # at both extrema
    (mark,) = lines(dn.plot.drift(tonic), "averaged drift zero")
    assert mark.get_xdata()[0] == tonic.tonic[0].value and mark.get_ydata()[0] == 0
