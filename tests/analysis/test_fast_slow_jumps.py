"""Systems with jumps and one slow variable: periods, drift and ends of spiking by quadrature and in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

import dynana as dn
from dynana.models import adex, adex_touboul_brette, izhikevich_chattering, izhikevich_regular_spiking

CHATTERING = izhikevich_chattering.at(I=10)
ADEX = adex_touboul_brette.at(V_reset=-48.5)

#: Where a cycle has a long period the parameter hardly moves any more: the ends are estimates of this quality.
END = 1e-5


@pytest.fixture(scope="module")
def chattering():
    return dn.fast_slow(CHATTERING, "u", progress=False)


@pytest.fixture(scope="module")
def adapting():
    return dn.fast_slow(ADEX, "w", progress=False)


def izhikevich_speed(v, u):
    p = CHATTERING.values
    return 0.04 * v * v + 5 * v + 140 - u + p["I"]


def adex_speed(V, w):
    p = ADEX.values
    exponential = p["Delta_T"] * math.exp((V - p["V_T"]) / p["Delta_T"])
    return (-(V - p["V_rest"]) + exponential - p["R"] * w + p["R"] * p["I"]) / p["tau"]


def by_quadrature(low, high, speed, slow_rate, z, jump):
    """Period and averaged drift of the slow variable, with V as the independent variable."""
    period = quad(lambda v: 1 / speed(v, z), low, high, epsabs=1e-13, epsrel=1e-12, limit=500)[0]
    gained = quad(lambda v: slow_rate(v, z) / speed(v, z), low, high, epsabs=1e-13, epsrel=1e-12, limit=500)[0]
    return period, (gained + jump) / period


def rows(branch):
    """Some kept cycles, not so near to the saddle that rounding of the field decides the period."""
    assert len(branch.kept) == len(branch)
    return [i for i in range(2, len(branch), 10) if branch.periods[i] < 5 * branch.periods.min()]


def test_periods_and_drift_of_izhikevich(chattering):
    p = CHATTERING.values
    (branch,), (drift,) = chattering.fast.cycle_branches, chattering.drifts
    for i in rows(branch):
        u = float(branch.values[branch.kept[i]])
        period, mean = by_quadrature(
            p["c"], p["v_peak"], izhikevich_speed, lambda v, u: p["a"] * (p["b"] * v - u), u, p["d"]
        )
        assert branch.periods[branch.kept[i]] == pytest.approx(period, rel=1e-8)
        assert drift[i] == pytest.approx(mean, rel=1e-6, abs=1e-8)


def test_periods_and_drift_of_adex(adapting):
    p = ADEX.values
    (branch,), (drift,) = adapting.fast.cycle_branches, adapting.drifts
    for i in rows(branch):
        w = float(branch.values[branch.kept[i]])
        period, mean = by_quadrature(
            p["V_reset"], p["V_th"], adex_speed,
            lambda V, w: (p["a"] * (V - p["V_rest"]) - w) / p["tau_w"], w, p["b"],
        )  # fmt: skip
        assert branch.periods[branch.kept[i]] == pytest.approx(period, rel=1e-8)
        assert drift[i] == pytest.approx(mean, rel=1e-6, abs=1e-6)


def test_spiking_ends_where_the_reset_meets_the_saddle(chattering, adapting):
    # v' = 0 at v = c, and V' = 0 at V_reset
    p, q = CHATTERING.values, ADEX.values
    saddle = 0.04 * p["c"] ** 2 + 5 * p["c"] + 140 + p["I"]
    (end,) = chattering.fast.special_points("homoclinic")
    assert end["u"] == pytest.approx(saddle, abs=END)
    saddle = adex_speed(q["V_reset"], 0.0) * q["tau"] / q["R"]
    (end,) = adapting.fast.special_points("homoclinic")
    assert end["w"] == pytest.approx(saddle, rel=END)


def test_bistable_models_with_resets_burst_like_square_waves(chattering, adapting):
    assert chattering.kind == adapting.kind == "fold/homoclinic bursting (square-wave)"
    assert (chattering.rhythm.per_period, adapting.rhythm.per_period) == (5, 2)
    for result, fold in ((chattering, 10 + 140 - 5**2 / (4 * 0.04)), (adapting, None)):
        ends = {p.kind: p for p in result.path[result.loop :]}
        assert ends["rest"].ending == "fold" and ends["spiking"].ending == "homoclinic"
        if fold is not None:
            assert ends["rest"].end == pytest.approx(fold, abs=1e-9)
        assert any("past the end of the cycles" in w for w in result.warnings)  # u jumps by d, w by b


def test_reset_below_the_saddle_node_gives_an_invariant_circle_and_tonic_spiking():
    regular = dn.fast_slow(izhikevich_regular_spiking.at(I=10), "u", progress=False)
    assert regular.kind == "tonic spiking" and regular.rhythm.per_period == 1
    (circle,) = regular.fast.special_points("snic")
    assert circle["u"] == pytest.approx(-6.25, abs=1e-4)
    (tonic,) = regular.tonic
    assert tonic.stable
    # a u that adapts slowly and in small steps settles there: the same balance of decay and jumps
    slow = izhikevich_regular_spiking.at(I=10, a=2e-4, d=0.08, u=tonic.value)
    run = dn.simulate(slow, 20_000.0)
    late = np.linspace(10_000, 20_000, 20_001)
    assert run.at(late)[:, 1].mean() == pytest.approx(tonic.value, abs=0.01)


def test_rest_of_a_model_with_a_reset():
    with pytest.warns(dn.DynanaWarning, match="w is not slow: on the orbit, V .* Read the picture with care"):
        resting = dn.fast_slow(adex.at(I=2), "w", progress=False)
    assert resting.kind == "rest"
    (point,) = resting.rest
    assert point.stable


def test_jumps_of_the_orbit_are_dashed(chattering):
    import matplotlib.pyplot as plt

    ax = dn.plot.fast_slow(chattering)
    (jumps,) = [line for line in ax.lines if line.get_label() == "_jumps"]
    assert jumps.get_linestyle() == "--"
    assert np.sum(np.isnan(jumps.get_xdata())) == len(chattering.orbit.jumps)
    plt.close("all")
