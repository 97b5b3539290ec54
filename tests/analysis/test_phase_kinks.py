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


@dn.model
def friction(x=1.0, y=0.0, *, c=0.1, mu=1.0):
    """A response that jumps: x' jumps across x = 0."""
    return y - c * dn.sign(x), -x + mu * (1 - y * y) * y


def test_responses_jump_with_the_equations():
    found = dn.find_cycle(friction, dn.simulate(friction, 100.0, progress=False))
    response = dn.phase_response(friction, found)
    assert response.error < 1e-9 and response.deviation < 1e-9 and "the switch x = 0" in response.origin
    first, second = response.cycle.segments
    before, after = response.values[first.last], response.values[second.first]
    y = response.cycle.points[second.first, 1]
    slopes = np.array([[y - s * 0.1, (1 - y * y) * y] for s in (np.sign(-y), np.sign(y))])
    assert before @ slopes[0] == pytest.approx(1.0, abs=1e-9) and after @ slopes[1] == pytest.approx(1.0, abs=1e-9)
    assert abs(before[0] - after[0]) > 0.01 and before[1] == pytest.approx(after[1], abs=1e-9)  # only across x
    for name in ("c", "mu"):
        periods = []
        for sign in (1.0, -1.0):
            other = friction.at(**{name: friction.values[name] + sign * 1e-4})
            periods.append(dn.find_cycle(other, found).period)
        assert response.period_derivatives[name] == pytest.approx((periods[0] - periods[1]) / 2e-4, rel=1e-6)


def test_origins_where_equations_jump_are_refused_and_couplings_are_summed_piece_by_piece():
    found = dn.find_cycle(friction, dn.simulate(friction, 100.0, progress=False))
    with pytest.raises(ValueError, match="phase zero is where it passes a switch"):
        dn.phase_response(friction, found, origin="x")
    locking = dn.phase_locking(friction, found, lambda pre, post: {"x": pre.x - post.x})
    response = dn.phase_response(friction, found)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = [0.0, response.cycle.segments[0].duration, response.period]
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        for begin in np.linspace(low, high, 21)[:-1]:
            width = (high - low) / 20
            t = begin + 0.5 * width * (nodes + 1)
            shifted = response.cycle.state(t + 0.25 * response.period)[:, 0] - response.cycle.state(t)[:, 0]
            total += 0.5 * width * weights @ (response.at(t, "x") * shifted)
    size = np.abs(locking.values).max()
    quarter = min((locking.values[k] for k in (len(locking.values) // 4, 3 * len(locking.values) // 4)),
                  key=lambda v: abs(v - total / response.period))  # fmt: skip
    assert quarter == pytest.approx(total / response.period, abs=1e-6 * size)


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
