"""Interaction functions against extended precision, closed forms, and simulations of two coupled cells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import stuart_landau
from tests.analysis.phase_cases import REFERENCE, class_one, class_two, cycle_near, relaxation, right_hand_side, squid


@pytest.fixture(scope="module")
def cells():
    made = {"class one": class_one(), "class two": class_two(), "squid": squid()}
    return {name: (*cell, dn.phase_response(*cell)) for name, cell in made.items()}


def gap(pre, post):
    return {"V": pre.V - post.V}


def test_against_extended_precision(cells):
    wanted = REFERENCE["ml.classI.H.gap.I45"]["value"]
    locking = dn.phase_locking(*cells["class one"][:2], gap)
    found = locking.H(np.arange(16) / 16 * locking.period)
    np.testing.assert_allclose(found, [float(x) for x in wanted["H"]], atol=1e-11 * 35.0)
    step = 1e-5 * locking.period
    slope = float(locking.H(step) - locking.H(-step)) / 2e-5
    assert slope == pytest.approx(float(wanted["dH0"]), rel=1e-8)
    assert [s.title for s in locking.locked] == ["in phase", "antiphase"] and not wanted[
        "odd_zero_crossings_cycles_approx"
    ]
    assert [s.stable for s in locking.locked] == [True, False]
    assert locking.locked[0].slope == pytest.approx(-2.0 * slope / locking.period, rel=1e-7)
    assert locking.error < 1e-9


@pytest.mark.parametrize("name", ["class one", "class two", "squid"])
def test_electrical_coupling_synchronises(cells, name):
    # H'(0) is the mean of Z_V V' and Z . f = 1: positive for all three
    locking = dn.phase_locking(*cells[name][:2], gap)
    assert locking.locked[0].title == "in phase" and locking.locked[0].stable
    response = cells[name][2]
    speed = np.gradient(response.cycle.sample(20001)[1][:, 0], response.period / 20000)
    mean = (response.sample(20001)[1][:-1, 0] * speed[:-1]).mean()
    assert -0.5 * locking.locked[0].slope == pytest.approx(mean, rel=1e-5)


def circles(mu=1.0, omega=2.0, alpha=0.6):
    system = stuart_landau.at(mu=mu, omega=omega, alpha=alpha)
    frequency = omega - alpha * mu
    return system, cycle_near(system, [np.sqrt(mu), 0.0], 2 * np.pi / frequency), frequency


def test_circles_in_closed_form():
    # diffusive coupling k (z_pre - z_post): H = k (sin x - alpha (cos x - 1))/frequency at the angle x
    system, cycle, frequency = circles()
    locking = dn.phase_locking(
        system, cycle, lambda pre, post: {"x": 0.05 * (pre.x - post.x), "y": 0.05 * (pre.y - post.y)}
    )
    x = np.linspace(-3.0, 9.0, 50)
    wanted = 0.05 * (np.sin(x) - 0.6 * (np.cos(x) - 1.0)) / frequency
    np.testing.assert_allclose(locking.H(x / frequency), wanted, atol=1e-11)
    np.testing.assert_allclose(locking.G(x / frequency), -0.1 * np.sin(x) / frequency, atol=1e-11)
    np.testing.assert_allclose(locking.odd(x / frequency), 0.05 * np.sin(x) / frequency, atol=1e-11)
    assert locking.locking_range == pytest.approx((-0.1 / frequency, 0.1 / frequency), rel=1e-9)
    for detuning in (0.03, -0.05):
        stable, unstable = sorted(locking.locked_at(detuning), key=lambda s: not s.stable)
        angle = np.arcsin(detuning * frequency / 0.1)
        assert stable.fraction == pytest.approx(angle / (2 * np.pi) % 1.0, abs=1e-10)
        assert unstable.fraction == pytest.approx((np.pi - angle) / (2 * np.pi), abs=1e-10)
        assert stable.slope == pytest.approx(-0.1 * np.cos(angle), rel=1e-9)
    assert locking.locked_at(0.08) == () and locking.locked_at(-0.08) == ()
    assert [s.frequency_shift for s in locking.locked] == pytest.approx([0.0, 0.05 * 1.2 / frequency], abs=1e-11)


def test_delay_shifts_the_phase_of_the_sender():
    system, cycle, frequency = circles()
    delay = 0.9 + cycle.period  # a period more does not matter
    locking = dn.phase_locking(system, cycle, lambda pre, post: {"x": pre.x, "y": pre.y}, delay=delay)
    x = np.linspace(0.0, 6.0, 40)
    shifted = x - 0.9 * frequency
    wanted = (np.sin(shifted) - 0.6 * np.cos(shifted)) / frequency
    np.testing.assert_allclose(locking.H(x / frequency), wanted, atol=1e-9)
    assert locking.delay == delay and "delayed by" in repr(locking)


def test_parameters_observables_and_synapses(cells):
    system, cycle, _ = cells["squid"]
    by_state = dn.phase_locking(system, cycle, lambda pre, post: {"V": 0.1 * (pre.V - post.V) / post.C})
    by_current = dn.phase_locking(system, cycle, lambda pre, post: {"I": 0.1 * (pre.V - post.V)})
    np.testing.assert_allclose(by_current.values, by_state.values, rtol=1e-9, atol=1e-11)

    @dn.synapse
    def electrical(*, pre, post, g=0.1):
        return dn.Into("I", g * (pre.V - post.V))

    by_synapse = dn.phase_locking(system, cycle, electrical)
    np.testing.assert_allclose(by_synapse.values, by_current.values, rtol=1e-12)
    by_into = dn.phase_locking(system, cycle, lambda pre, post: dn.Into("I", 0.1 * (pre.V - post.V)))
    np.testing.assert_allclose(by_into.values, by_current.values, rtol=1e-12)
    observed = dn.phase_locking(system, cycle, lambda pre, post: {"V": pre.I_K})
    written = dn.phase_locking(system, cycle, lambda pre, post: {"V": post.g_K * pre.n**4 * (pre.V - pre.E_K)})
    np.testing.assert_allclose(observed.values, written.values, rtol=1e-12)
    assert list(by_state.coupling) == ["V"] and "pre.V" in by_state.coupling["V"]


def pair(system, strength, first, second, duration, detuning=0.0):
    """Phase differences of two gap-coupled cells, in periods, at the upward passages of the first."""
    f, n = right_hand_side(system), len(system.states)

    def both(t, y):
        one, two = f(t, y[:n]), (1.0 + detuning) * f(t, y[n:])
        one[0] += strength * (y[n] - y[0])
        two[0] += strength * (y[0] - y[n])
        return np.concatenate((one, two))

    def passage(k):
        def event(t, y):
            return y[k * n]

        event.direction = 1.0
        return event

    run = solve_ivp(
        both, (0, duration), np.concatenate((first, second)), method="DOP853", rtol=1e-10, atol=1e-11,
        events=[passage(0), passage(1)],
    )  # fmt: skip
    own, other = run.t_events
    period = np.diff(own).mean()
    nearest = [other[np.abs(other - t).argmin()] for t in own[1:-1]]
    return own[1:-1], np.mod((own[1:-1] - nearest) / period + 0.5, 1.0) - 0.5


@pytest.mark.parametrize("name", ["class one", "class two"])
def test_phase_differences_of_two_cells_follow_the_interaction_function(cells, name):
    system, cycle, response = cells[name]
    strength = 2e-5
    locking = dn.phase_locking(system, cycle, lambda pre, post: {"V": strength * (pre.V - post.V)})
    for fraction in (0.06, 0.3, 0.45):
        start = response.cycle.state(0.0), response.cycle.state(fraction * response.period)
        times, phases = pair(system, strength, *start, 30 * response.period)
        drift = (phases[-1] - phases[4]) / (times[-1] - times[4]) * response.period
        expected = float(locking.G(0.5 * (phases[4] + phases[-1]) * response.period))
        assert drift == pytest.approx(expected, rel=0.02)


@pytest.mark.slow
def test_two_cells_of_different_frequency_lock_within_the_range(cells):
    system, cycle, response = cells["class two"]
    strength = 5e-4
    locking = dn.phase_locking(system, cycle, lambda pre, post: {"V": strength * (pre.V - post.V)})
    limit = locking.locking_range[1]
    start = response.cycle.state(0.0), response.cycle.state(0.1 * response.period)
    _, locked = pair(system, strength, *start, 250 * response.period, detuning=0.6 * limit)
    state = next(s for s in locking.locked_at(0.6 * limit) if s.stable)
    assert np.ptp(locked[-30:]) < 1e-3
    assert locked[-1] == pytest.approx(state.fraction, abs=0.01)
    _, drifting = pair(system, strength, *start, 250 * response.period, detuning=1.3 * limit)
    assert np.ptp(drifting[-100:]) > 0.5


def test_couplings_with_steps_are_less_exact_and_it_is_said(cells):
    locking = dn.phase_locking(*cells["class two"][:2], lambda pre, post: {"V": 0.01 * dn.heaviside(pre.V)})
    assert 1e-7 < locking.error < 1e-2 and "estimated error" in repr(locking)
    # the mean of the response over the time that the sender is above 0
    response = cells["class two"][2]
    t, x = response.cycle.sample(200_001)
    above = (x[:-1, 0] >= 0.0).astype(float)
    z = response.sample(200_001)[1][:-1, 0]
    assert float(locking.H(0.0)) == pytest.approx(0.01 * (z * above).mean(), abs=1e-3 * np.abs(locking.values).max())


def test_nothing_locks_where_phase_differences_do_not_matter(cells):
    locking = dn.phase_locking(*cells["class two"][:2], lambda pre, post: {"V": 0.01 * post.V})
    assert locking.locked == () and "every one is neutral" in locking.sentence
    assert locking.locking_range == pytest.approx((0.0, 0.0), abs=1e-10)


# bad input


@pytest.mark.parametrize(
    ("coupling", "error", "message"),
    [
        (
            lambda pre, post: {"V": pre.U - post.V},
            dn.ModelError,
            "no state, parameter or observable of the cells named 'U'",
        ),
        (lambda pre, post: {"U": pre.V - post.V}, dn.ModelError, "no state or parameter named 'U'"),
        (lambda pre, post: {pre.V: post.V}, dn.ModelError, "the second cell receives"),
        (lambda pre, post: {post.V: post.V, "V": pre.V}, dn.ModelError, "'V' twice"),
        (lambda pre, post: pre.V - post.V, dn.ModelError, "expected what is added to the receiving cell"),
        (lambda pre, post: {}, dn.ModelError, "expected what is added"),
        (lambda pre: {"V": pre.V}, dn.ModelError, "takes 1 arguments"),
        (lambda pre, post: {"V": np.exp(pre.V)}, dn.ModelError, "use dn.exp"),
        (lambda pre, post: {"V": pre.since_spike}, dn.ModelError, "named 'since_spike'"),
        (lambda pre, post: {"V": missing * pre.V}, dn.ModelError, "undeclared name 'missing'"),  # type: ignore[name-defined] # noqa: F821
        (0.1, TypeError, "a function of the two cells"),
    ],
)
def test_couplings_that_are_none(cells, coupling, error, message):
    with pytest.raises(error, match=message):
        dn.phase_locking(*cells["class two"][:2], coupling)


def test_synapses_with_states_have_to_be_part_of_the_cell(cells):
    @dn.synapse
    def exponential(s=0.0, *, pre, post, tau=5.0):
        return -s / tau, dn.OnPre({s: s + 1}), dn.Into("I", -s * post.V)

    with pytest.raises(dn.ModelError, match="a state of the model of the cell"):
        dn.phase_locking(*cells["class two"][:2], exponential)


def test_delays_and_detunings_are_numbers(cells):
    for bad in (-1.0, np.inf, "3"):
        with pytest.raises(ValueError, match="expected a time"):
            dn.phase_locking(*cells["class two"][:2], gap, delay=bad)
    locking = dn.phase_locking(*cells["class two"][:2], gap)
    with pytest.raises(ValueError, match="finite number"):
        locking.locked_at(np.nan)


def test_another_system_is_refused(cells):
    system, _ = relaxation()
    with pytest.raises(ValueError, match="was not computed from this system"):
        dn.phase_locking(system, cells["class two"][1], lambda pre, post: {"x": pre.x})
