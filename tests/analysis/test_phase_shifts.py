"""Finite kicks of cycles with jumps: closed form of the leaky neuron, small kicks, kicks that fire."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.models import adex, hodgkin_huxley, lif
from dynana.models.integrate_and_fire import adex_touboul_brette


def cycle_of(system, t=1000.0):
    return dn.find_cycle(system, dn.simulate(system, t))


def test_the_leaky_neuron():
    system = lif.at(I=25.0, t_ref=2.0)  # V goes to 25, tau = 10
    cycle = cycle_of(system)
    kick = 4.0
    found = dn.phase_shifts(system, cycle, {"V": kick}, times=np.linspace(2.1, cycle.period - 0.01, 60))
    v = 25.0 - 30.0 * np.exp(-(found.times - 2.0) / 10.0)
    fires = v + kick > 20.0
    np.testing.assert_array_equal(found.fires, fires)
    later = np.where(fires, cycle.period, 2.0 + 10.0 * np.log(30.0 / np.maximum(25.0 - v - kick, 1e-9)))
    np.testing.assert_allclose(found.shifts, later - found.times, atol=1e-7)
    assert 0 < fires.sum() < fires.size  # with a corner where kicks begin to fire
    np.testing.assert_allclose(found.transitions[~fires], later[~fires] / cycle.period, atol=1e-8)
    assert f"{int(fires.sum())} fire at once" in repr(found)


def test_small_kicks_are_those_of_the_phase_response():
    for system in (adex.at(I=5.0, t_ref=2.0), adex_touboul_brette.at(V_reset=-48.5)):
        cycle = cycle_of(system, 3000.0)
        response = dn.phase_response(system, cycle)
        times = np.linspace(0.05, 0.95, 7) * cycle.period
        for state in system.states:
            size = 1e-4
            up, down = (dn.phase_shifts(system, cycle, {state: s * size}, times=times).shifts for s in (1.0, -1.0))
            np.testing.assert_allclose((up - down) / (2 * size), response.at(times, state), rtol=1e-3, atol=1e-3)


def test_a_kick_may_lead_away():
    system = adex.at(I=5.0)  # rests, too
    cycle = cycle_of(system, 2000.0)
    found = dn.phase_shifts(system, cycle, {"V": 6.0, "w": 1.0}, times=np.linspace(1.0, cycle.period - 1, 12))
    assert np.isfinite(found.shifts).any()
    assert len(found.to_dataframe()) == 12


def test_what_is_refused(tmp_path):
    system = lif.at(I=25.0)
    cycle = cycle_of(system)
    with pytest.raises(ValueError, match="'U'"):
        dn.phase_shifts(system, cycle, {"U": 1.0})
    smooth = hodgkin_huxley.at(I=10.0)
    with pytest.raises(ValueError, match="the cycle has no jumps"):
        dn.phase_shifts(smooth, dn.find_cycle(smooth, dn.simulate(smooth, 300.0)), {"V": 1.0})
    unstable = adex_touboul_brette.at(V_reset=-48.4)
    start = cycle_of(adex_touboul_brette.at(V_reset=-50.0))
    with pytest.raises(ValueError, match="not stable"):
        dn.phase_shifts(unstable, dn.find_cycle(unstable, start), {"V": 1.0})
    found = dn.phase_shifts(system, cycle, {"V": -1.0}, times=[3.0, 5.0])
    again = dn.load(found.save(tmp_path / "shifts.npz"))
    np.testing.assert_array_equal(again.shifts, found.shifts)
