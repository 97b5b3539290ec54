"""Phase responses through jumps: closed forms, extended precision, differences of periods, kicks by simulation."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.models import adex, generalized_if, lif
from tests.analysis import spiking_cases as known


def cycle_of(system, t=1000.0):
    return dn.find_cycle(system, dn.simulate(system, t))


@pytest.mark.parametrize("name", ["lif.prc.I2", "qif.prc.I0.25", "qif.prc.I2.0", "adex.TB2008.prc.Vr-50"])
def test_reference_responses(name):
    system, value = known.system(name), known.CASES[name]["value"]
    cycle = cycle_of(system)
    response = dn.phase_response(system, cycle)
    wanted = np.array(value["Z"], dtype=float)
    wanted = wanted.reshape(len(wanted), -1)
    times = np.linspace(0.0, 1.0, len(wanted)) * response.period
    found = np.vstack([response.at(times[:-1]), response.values[-1]])
    np.testing.assert_allclose(found, wanted, rtol=2e-9)
    assert response.deviation < 1e-11
    assert response.error < 2e-9


def test_saltation_of_the_leaky_neuron():
    system = known.system("lif.saltation.I2")
    response = dn.phase_response(system, cycle_of(system))
    assert response["V"][0] / response["V"][-1] == pytest.approx(0.2, rel=1e-12)  # f(V_th) / f(V_reset)


def test_slope_of_the_rate_of_the_leaky_neuron():
    system = known.system("lif.fI.slope")
    response = dn.phase_response(system, cycle_of(system))
    slope = -1000.0 * response.period_derivatives["I"] / response.period**2
    assert slope == pytest.approx(float(known.CASES["lif.fI.slope"]["value"]), rel=1e-11)


def test_exponential_neuron():
    name = "eif.T.BG"
    system, value = known.system(name), known.CASES[name]["value"]
    cycle = cycle_of(system)
    response = dn.phase_response(system, cycle)
    t = np.linspace(0.0, cycle.period, 200_001)[:-1]
    at = float(np.interp(-50.4, cycle.state(t)[:, 0], t))
    assert response.at(at, "V") == pytest.approx(float(value["Z_at_V=VT"]), rel=1e-6)


@pytest.mark.parametrize(
    "system", [lif.at(I=25.0), adex.at(I=5.0, t_ref=2.0), generalized_if.at(I=2.0, a=0.005, V_th_reset=-38.0)],
    ids=["lif", "adex", "generalized_if"],
)  # fmt: skip
def test_derivatives_of_the_period(system):
    """By every parameter, those of thresholds, jump maps and refractory times too."""
    cycle = cycle_of(system, 2000.0)
    response = dn.phase_response(system, cycle)
    for name, value in system.values.items():
        h = 1e-5 * max(1.0, abs(value))
        periods = [dn.find_cycle(system.at(**{name: value + sign * h}), cycle).period for sign in (1, -1)]
        slope = (periods[0] - periods[1]) / (2 * h)
        assert response.period_derivatives[name] == pytest.approx(slope, rel=1e-4, abs=2e-5), name


def test_kicks_by_simulation():
    system = adex.at(I=5.0, t_ref=2.0)
    cycle = cycle_of(system, 2000.0)
    response = dn.phase_response(system, cycle)
    size = 1e-4
    for state in system.states:
        for phase in (0.3, 0.6, 0.9):
            ends = []
            for sign in (1.0, -1.0):
                start = cycle.state(phase * cycle.period).copy()
                start[system.states.index(state)] += sign * size
                run = dn.simulate(system, 80 * cycle.period, start=start, rtol=1e-11, atol=1e-11)
                ends.append(run.jump_times[60])
            shift = (ends[1] - ends[0]) / (2 * size)  # the kick upward makes them earlier
            assert response.at(phase * cycle.period, state) == pytest.approx(shift, rel=2e-4, abs=1e-4)


def test_refractory_times_in_the_response():
    """A leaky neuron at rest answers to nothing but the value at which it is held."""
    response = dn.phase_response(lif.at(I=25.0), cycle_of(lif.at(I=25.0)))
    hold = response.cycle.segments[0]
    inside = response["V"][: hold.last + 1]
    np.testing.assert_allclose(inside, response["V"][hold.last + 1], rtol=1e-12)
    assert np.abs(response["I"][: hold.last]).max() == 0.0
    assert response.period_derivatives["t_ref"] == pytest.approx(1.0, abs=1e-12)


def test_a_refractory_time_of_zero_has_a_derivative_on_one_side():
    system = adex.at(I=5.0, t_ref=0.0)
    cycle = cycle_of(system, 1000.0)
    slope = dn.phase_response(system, cycle).period_derivatives["t_ref"]
    steps = [(dn.find_cycle(system.at(t_ref=h), dn.simulate(system.at(t_ref=h), 1000.0)).period - cycle.period) / h
             for h in (1e-3, 2e-3)]  # fmt: skip
    assert slope == pytest.approx(2.0 * steps[0] - steps[1], rel=1e-5)


def test_a_response_from_a_file(tmp_path):
    system = adex.at(I=5.0)
    response = dn.phase_response(system, cycle_of(system))
    again = dn.load(response.save(tmp_path / "response.npz"))
    assert again.period_derivatives == response.period_derivatives
    np.testing.assert_array_equal(again.at([1.0, 20.0]), response.at([1.0, 20.0]))
    assert "type I" in repr(again)


def test_what_is_refused():
    system = lif.at(I=25.0)
    cycle = cycle_of(system)
    with pytest.raises(ValueError, match="phase zero of a cycle with jumps is the state just after the jump"):
        dn.phase_response(system, cycle, origin="V")
