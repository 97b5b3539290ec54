"""Interaction functions through jumps: closed forms, quadrature by scipy, and two coupled cells simulated."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

import dynana as dn
from dynana.models import adex, lif, quadratic_if_normal, stuart_landau
from tests.analysis.phase_cases import cycle_near

DRIVE = 1.3


def cell(**more):
    """A leaky cell, V' = I - V, threshold 1, reset 0, and its cycle."""
    given = {"tau": 1.0, "V_rest": 0.0, "R": 1.0, "I": DRIVE, "V_th": 1.0, "V_reset": 0.0, "t_ref": 0.0, "V": 0.0}
    system = lif.at(**(given | more))
    return system, dn.find_cycle(system, dn.simulate(system, 30.0))


def gap(pre, post):
    return {"V": 0.1 * (pre.V - post.V)}


def closed(x, period):
    """H of the leaky cell with gap junctions; Z = exp(t)/I."""
    return 0.1 / period * ((period - x) * (1.0 - np.exp(-x)) + x * (1.0 - np.exp(period - x)))


@pytest.fixture(scope="module")
def leaky():
    return cell()


def test_gap_junctions_of_leaky_cells(leaky):
    """T. J. Lewis & J. Rinzel, J. Comput. Neurosci. 14 (2003) 283."""
    locking = dn.phase_locking(*leaky, gap)
    period = locking.period
    x = np.linspace(0.0, period, 101)
    np.testing.assert_allclose(locking.H(x[:-1]), closed(x, period)[:-1], atol=1e-13)
    np.testing.assert_allclose(locking.G(x), closed(period - x, period) - closed(x, period), atol=1e-13)
    assert [s.sentence for s in locking.locked] == ["in phase, unstable", "antiphase, stable"]
    slope = 0.2 / period * (np.sinh(period) - period)  # H has a kink at 0
    assert locking.locked[0].slope == pytest.approx(slope, rel=1e-9)
    assert locking.error < 1e-9 and locking.pulses == {}


def test_pulses_through_gap_junctions(leaky):
    """A spike of area beta comes through the junction as a pulse: H gains g beta Z(T - phi)/T and jumps at 0."""
    locking = dn.phase_locking(*leaky, lambda pre, post: (gap(pre, post), dn.OnPre({post.V: post.V + 0.02})))
    period = locking.period
    x = np.linspace(0.0, period, 101)[1:-1]
    wanted = closed(x, period) + 0.02 / period * np.exp(period - x) / DRIVE
    np.testing.assert_allclose(locking.H(x), wanted, atol=1e-12)
    assert float(locking.H(0.0)) == pytest.approx(0.02 / period * np.exp(period) / DRIVE, rel=1e-9)
    together, apart = locking.locked
    assert together.slope == -np.inf and together.stable and not apart.stable
    assert together.frequency_shift == pytest.approx(0.01 / period * (1.0 + np.exp(period)) / DRIVE, rel=1e-9)
    assert "V receives 1/50 at each jump of the other" in repr(locking)


def test_locked_states_of_pulses_are_where_the_series_says(leaky):
    """Inhibitory pulses with a delay: G = (Z(x) - Z(-x)) beta/T shifted, piecewise exponential."""
    delay = 0.4
    locking = dn.phase_locking(*leaky, lambda pre, post: dn.OnPre({post.V: post.V - 0.01}), delay=delay)
    period = locking.period

    def interaction(x):
        return -0.01 / period * np.exp(np.mod(delay - x, period)) / DRIVE

    x = (np.arange(200) + 0.5) / 200 * period
    np.testing.assert_allclose(locking.H(x), interaction(x), atol=1e-12)
    np.testing.assert_allclose(locking.G(x), interaction(-x) - interaction(x), atol=1e-12)
    inner = [s for s in locking.locked if s.title not in ("in phase", "antiphase")]
    assert [s.difference for s in inner] == pytest.approx([delay, period - delay], abs=1e-9)
    assert all(s.slope in (np.inf, -np.inf) for s in inner)


def test_quadratic_cells_against_quadrature():
    system = quadratic_if_normal.at(I=1.0, V_reset=-5.0, V_th=10.0, v=-5.0)
    locking = dn.phase_locking(system, dn.find_cycle(system, dn.simulate(system, 30.0)), lambda pre, post: {
        "v": 0.1 * (pre.v - post.v)
    })  # fmt: skip
    start, period = np.arctan(-5.0), np.arctan(10.0) - np.arctan(-5.0)
    assert locking.period == pytest.approx(period, rel=1e-11)

    def v(t):
        return np.tan(start + np.mod(t, period))

    def received(t, x):
        return (v(t + x) - v(t)) / (1.0 + v(t) ** 2)

    for x in (0.2, 1.3, 2.6):
        parts = [
            quad(received, *ends, args=(x,), epsabs=1e-13, epsrel=1e-13, limit=200)[0]
            for ends in ((0.0, period - x), (period - x, period))
        ]
        assert float(locking.H(x)) == pytest.approx(0.1 / period * sum(parts), abs=2e-11)


def pair(system, strength):
    """Two cells of a system with a gap junction between their first states, as one system."""
    rows, jumps, start = {}, [], {}
    for own, other in ("12", "21"):
        put = {sp.Symbol(n, real=True): sp.Symbol(n + own, real=True) for n in system.states}
        first = system.states[0]
        for name, rate in zip(system.states, system.derivatives, strict=True):
            rows[name + own] = rate.xreplace(put)
            start[name + own] = 0.0
        junction = sp.Symbol(first + other, real=True) - sp.Symbol(first + own, real=True)
        rows[first + own] += sp.Float(strength) * junction
        for jump in system.jumps:
            to = {sp.Symbol(n.name + own, real=True): e.xreplace(put) for n, e in
                  ((sp.Symbol(str(k), real=True), sp.sympify(v)) for k, v in jump.to.items())}  # fmt: skip
            jumps.append(dn.Jump(
                when=jump.when.xreplace(put), to=to, refractory=jump.refractory,
                hold=[h + own for h in jump.hold], name="spike" + own,
            ))  # fmt: skip
    return dn.System(rows, system.values, initial=start, jumps=jumps, name="pair")


@pytest.mark.parametrize(
    ("system", "strength"), [(adex.at(I=5.0, t_ref=2.0), 2e-5), (lif.at(I=25.0), 1e-4)], ids=["adex", "lif"]
)
def test_two_cells_drift_as_the_interaction_function_says(system, strength):
    """With refractory times, during which nothing is received."""
    cycle = dn.find_cycle(system, dn.simulate(system, 1000.0))
    locking = dn.phase_locking(system, cycle, lambda pre, post: {"V": strength * (pre.V - post.V)})
    both = pair(system, strength)
    for fraction in (0.05, 0.3, 0.6):
        first, second = cycle.state(0.37 * cycle.period), cycle.state((0.37 + fraction) * cycle.period)
        names = [n + "1" for n in system.states] + [n + "2" for n in system.states]
        start = dict(zip(names, [*first, *second], strict=True))
        run = dn.simulate(both, 22.0 * cycle.period, start=start, rtol=1e-11, atol=1e-12)
        own, other = (run.jumps.t[run.jumps.index == k] for k in (0, 1))
        ahead = np.mod(own[1:20] - other[1:20], cycle.period)
        slope = np.polyfit(own[1:20], ahead, 1)[0]
        middle = float(np.mean(ahead))
        assert slope == pytest.approx(float(locking.G(middle)), rel=5e-3, abs=3e-3 * np.abs(locking.values).max())


def test_thresholds_can_be_coupled(leaky):
    """A term in the threshold acts at the jumps: H = -dT/dV_th c(pre)/T, where the receiver jumps."""
    locking = dn.phase_locking(*leaky, lambda pre, post: {"V_th": 0.1 * pre.V})
    period = locking.period
    x = np.linspace(0.0, period, 41)[1:-1]
    v = DRIVE * (1.0 - np.exp(-x))
    np.testing.assert_allclose(locking.H(x), -0.1 * v / (DRIVE - 1.0) / period, atol=1e-12)


def test_files_and_words(leaky, tmp_path):
    locking = dn.phase_locking(*leaky, lambda pre, post: dn.OnPre({post.V: post.V + 0.02}))
    again = dn.load(locking.save(tmp_path / "locking.npz"))
    np.testing.assert_array_equal(again.H([0.1, 0.7]), locking.H([0.1, 0.7]))
    assert again.locked[0].slope == -np.inf


@pytest.mark.parametrize(
    ("coupling", "message"),
    [
        (lambda pre, post: dn.OnPre({pre.V: 0.0}), "the second cell receives"),
        (lambda pre, post: dn.OnPre({"U": 0.0}), "no state of the cells named 'U'"),
        (lambda pre, post: (gap(pre, post), 3.0), "expected what is added to the receiving cell"),
    ],
)
def test_couplings_that_are_none(leaky, coupling, message):
    with pytest.raises(dn.ModelError, match=message):
        dn.phase_locking(*leaky, coupling)


def test_pulses_need_jumps():
    cycle = cycle_near(stuart_landau, [1.0, 0.0], 2 * np.pi / abs(stuart_landau.values["omega"]))
    with pytest.raises(ValueError, match=r"acts at jumps \(OnPre\), and the cycle has none"):
        dn.phase_locking(stuart_landau, cycle, lambda pre, post: dn.OnPre({post.x: post.x + 1.0}))
