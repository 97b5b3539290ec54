"""Phase responses of equations with kinks, and where they jump."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.analysis.phase_kinks import kink_times, with_kinks
from tests.analysis.phase_cases import cycle_near, right_hand_side, section


@dn.model
def kinked(x=2.0, y=0.0, *, mu=1.0, b=0.5):
    return y, mu * (1 - x**2) * y - x - b * dn.maximum(x, 0)


@dn.model
def relay(x=2.0, y=0.0, *, mu=1.0, b=0.5):
    return y, mu * (1 - x**2) * y - x - b * dn.heaviside(x)


def cycle(system):
    return cycle_near(system, *section(system, [2.0, 0.0], 0, 0.5, 500.0))


def test_mesh_points_lie_on_kinks_and_accuracy_is_kept():
    response = dn.phase_response(kinked, cycle(kinked))
    mesh = np.cumsum(response.cycle.segments[0].widths)
    kinks = kink_times(kinked, response.cycle)
    assert kinks.size == 2 and all(np.abs(mesh - kink).min() < 1e-11 for kink in kinks)
    np.testing.assert_allclose(response.cycle.state(kinks * response.period)[:, 0], 0.0, atol=1e-10)
    assert response.error < 1e-9 and response.deviation < 1e-12


def test_kicks_and_derivatives_of_the_period():
    response, f = dn.phase_response(kinked, cycle(kinked)), right_hand_side(kinked)
    for name in ("mu", "b"):
        step = 1e-4
        periods = [
            dn.phase_response(other, cycle(other)).period
            for other in (kinked.at(**{name: kinked.values[name] + sign * step}) for sign in (1.0, -1.0))
        ]
        assert response.period_derivatives[name] == pytest.approx((periods[0] - periods[1]) / (2 * step), rel=1e-6)

    def passage(t, y):
        return y[0] - 0.5

    passage.direction = 1.0
    for phase in (0.1, 0.45, 0.8):
        times = []
        for kick in (1e-4, -1e-4):
            start = response.cycle.state(phase * response.period) + np.array([kick, 0.0])
            run = solve_ivp(
                f, (0, 5 * response.period), start, method="DOP853", rtol=1e-12, atol=1e-13, events=passage,
                max_step=0.005,
            )  # fmt: skip
            times.append(run.t_events[0][-1])
        found = (times[1] - times[0]) / 2e-4
        assert found == pytest.approx(float(response.at(phase * response.period, "x")), abs=1e-5)


def test_jumps_of_the_equations_are_refused():
    with pytest.raises(ValueError, match="the equations jump at phase"):
        dn.phase_response(relay, cycle(relay))


@given(
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=30),
    st.lists(st.floats(0.0, 1.0), max_size=6).map(lambda k: np.unique(np.array(k))),
)
def test_meshes_with_kinks(widths, kinks):
    old = np.array(widths) / np.sum(widths)
    new = with_kinks(old, kinks)
    edges = np.concatenate(([0.0], np.cumsum(new)))
    assert (new > 0.0).all() and edges[-1] == pytest.approx(1.0)
    assert old.size <= new.size <= old.size + kinks.size
    for kink in kinks:
        assert np.abs(edges - kink).min() < 1e-12
