"""Cycles across kinks and jumps of the equations: closed forms, order of convergence, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.analysis.cycle_orbits import cycle_equations
from dynana.analysis.kinked_orbits import KinkedOrbits
from dynana.analysis.spiking_orbits import Pattern
from dynana.lowering.kinked import kinked
from dynana.models import pinsky_rinzel
from dynana.numerics.orbit_curve import OrbitCurve
from tests.analysis.piecewise_linear import closed_orbit


@dn.model
def mckean(v=0.5, w=0.0, *, a=0.25, I=0.5, eps=0.5, gamma=0.5):
    """FitzHugh-Nagumo with McKean's continuous piecewise linear cubic."""
    middle = dn.where(v > (1 + a) / 2, 1 - v, v - a)
    return dn.where(v < a / 2, -v, middle) - w + I, eps * (v - gamma * w)


@dn.model
def threshold(E=0.5, I=0.2, *, w_ee=3.0, w_ei=3.0, w_ie=4.0, h=1.0, tau=2.0):
    """Excitatory and inhibitory populations with threshold-linear rates."""
    return -E + dn.maximum(w_ee * E - w_ei * I + h, 0), (-I + dn.maximum(w_ie * E - 1, 0)) / tau


@dn.model
def relay(x=1.0, y=0.0, *, c=0.3, k=0.2):
    """Equations that jump across x = 0, where all orbits cross that come with |y| > c."""
    return y + c * dn.sign(x), -x - k * y


@dn.model
def absolute(x=2.0, y=0.0, *, mu=1.0):
    """Van der Pol's oscillator with |x| in the place of x^2."""
    return y, mu * (1 - dn.absolute(x)) * y - x


def mckean_pieces(side):
    slope, constant = ((-1.0, 1.0) if side[1] else (1.0, -0.25)) if side[0] else (-1.0, 0.0)
    return np.array([[slope, -1.0], [0.5, -0.25]]), np.array([constant + 0.5, 0.0])


def threshold_pieces(side):
    matrix, constant = -np.diag([1.0, 0.5]), np.zeros(2)
    if side[0]:
        matrix[0] += [3.0, -3.0]
        constant[0] = 1.0
    if side[1]:
        matrix[1, 0] += 2.0
        constant[1] = -0.5
    return matrix, constant


def relay_pieces(side):
    return np.array([[0.0, 1.0], [-1.0, -0.2]]), np.array([0.3 if side[0] else -0.3, 0.0])


CASES = {
    "mckean": (mckean, mckean_pieces, lambda x: [x[0] - 0.125, x[0] - 0.625], [[1.0, 0.0]] * 2),
    "threshold": (
        threshold, threshold_pieces, lambda x: [3 * x[0] - 3 * x[1] + 1, 4 * x[0] - 1], [[3.0, -3.0], [4.0, 0.0]],
    ),
    "relay": (relay, relay_pieces, lambda x: [x[0]], [[1.0, 0.0]]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_matrix_exponentials(case):
    system, pieces, levels, gradients = CASES[case]
    run = dn.simulate(system, 200.0, progress=False)
    cycle = dn.find_cycle(system, run)
    exact = closed_orbit(pieces, levels, np.array(gradients), run.y[-1], np.array(levels(run.y[-1])) > 0, 30.0, 6)
    assert cycle.period == pytest.approx(exact.period, rel=1e-11)
    np.testing.assert_allclose(cycle.multipliers.real, exact.multipliers.real, atol=1e-10)
    assert len(cycle.segments) == 1 and cycle.jumps == 0 and cycle.stable
    mesh = np.concatenate(([0.0], np.cumsum(cycle.segments[0].widths)))
    heights = np.array([levels(x) for x in cycle.state(cycle.period * mesh[:-1])])
    assert np.sum(np.abs(heights) < 1e-11) == exact.crossings  # mesh points on all switches


def test_absolute_value_against_integration_piece_by_piece():
    cycle = dn.find_cycle(absolute, dn.simulate(absolute, 60.0, progress=False))

    def half(y, sign):
        def edge(t, z):
            return z[0] if t > 0.0 else sign

        edge.terminal = True
        run = solve_ivp(
            lambda t, z: (z[1], (1 - sign * z[0]) * z[1] - z[0]), (0, 20), [0.0, y], method="DOP853", rtol=1e-13,
            atol=1e-14, events=edge,
        )  # fmt: skip
        return run.t[-1], run.y[1, -1]

    y = 2.0
    for _ in range(20):
        (first, y), (second, y) = half(y, 1.0), half(half(y, 1.0)[1], -1.0)
    assert cycle.period == pytest.approx(first + second, rel=1e-12)


def test_order_at_mesh_points_is_that_of_smooth_equations():
    made = kinked(absolute)
    cycle = dn.find_cycle(absolute, dn.simulate(absolute, 60.0, progress=False))
    errors = {True: [], False: []}
    for count in (16, 32, 64):
        s = np.linspace(0.0, 1.0, 401)
        states = cycle.state(cycle.period * s)
        above = cycle.state(0.25 * cycle.period)[0] > 0.0
        sides = [np.array([above]), np.array([not above])]
        half = [np.column_stack((states[:201], np.tile(made.code(sides[0]), (201, 1)))),
                np.column_stack((states[200:], np.tile(made.code(sides[1]), (201, 1))))]  # fmt: skip
        cut = KinkedOrbits(made, ("mu",), Pattern((0, 0), ((), ())), np.ones(2), np.ones(1), 2)
        guess = cut.guess([(2 * s[:201], x) for x in half], [cycle.period / 2] * 2, [count, count])
        whole = OrbitCurve(cycle_equations(absolute, ("mu",)), np.ones(2), np.ones(1), 2)
        plain = whole.guess([(s, cycle.state(cycle.period * (s + 0.1)))], [cycle.period], [2 * count])
        for curve, orbit in ((cut, guess), (whole, plain)):
            found = curve.settle(orbit, adaptations=0).point
            errors[curve is cut].append(abs(float(found.durations.sum()) - cycle.period))
    orders = np.log2(np.array(errors[True])[:-1] / np.array(errors[True])[1:])
    assert orders == pytest.approx([4.0, 4.0], abs=0.1)
    assert errors[False][-1] > 100.0 * errors[True][-1]  # mesh points beside the kinks


def test_a_sliding_cycle_is_refused():
    @dn.model
    def dry(x=1.0, v=0.0, *, c=0.6, drive=1.0):
        slip = v - drive
        return v, -x - c * dn.sign(slip) * (1 / (1 + dn.absolute(slip)))

    run = dn.simulate(dry, 60.0, progress=False)
    assert run.stop.reason == "sliding" or run.t[-1] == 60.0
    with pytest.raises((dn.ConvergenceError, dn.ModelError), match="slides along|does not return"):
        dn.find_cycle(dry, run)


@pytest.mark.slow
def test_calcium_bursts_of_pinsky_and_rinzel():
    system = pinsky_rinzel.at(I_s=0.75)
    run = dn.simulate(system, 4000.0, progress=False)
    cycle = dn.find_cycle(system, run)
    beyond = run["Vs"] > 0.0
    rises = np.flatnonzero(~beyond[:-1] & beyond[1:])
    share = -run["Vs"][rises] / (run["Vs"][rises + 1] - run["Vs"][rises])
    spikes = run.t[rises] + share * (run.t[rises + 1] - run.t[rises])
    assert cycle.period == pytest.approx(spikes[-1] - spikes[-2], rel=1e-5)
    assert cycle.maxima[2] > 250.0 and cycle.stable  # across both switches


def test_codes_hold_the_sides_of_many_switches():
    names = [f"x{k}" for k in range(45)]
    rows = (f"d{n}/dt = -{n} + max({names[k - 1]} - {k}/100, 0)" for k, n in enumerate(names))
    ring = dn.System.from_text("\n".join(rows), name="ring")
    made = kinked(ring)
    assert made.codes == 2 and len(made.switches) == 45
    sides = np.arange(45) % 3 == 0
    codes = made.code(sides)
    assert codes.tolist() == [float(sum(2**k for k in range(0, 40, 3))), float(2**2)]


@dn.model(ranges={"x": (-3, 3), "y": (-3, 3)})
def wall(x=0.1, y=0.0, *, mu=0.4, k=0.3):
    """Cycles of radius sqrt(mu) until they reach x = 1/2; its mirror image at x = -1/2."""
    r = x * x + y * y
    return mu * x - y - x * r - k * (dn.maximum(x - 0.5, 0) - dn.maximum(-x - 0.5, 0)), x + mu * y - y * r


@dn.model(ranges={"x": (-3, 3), "y": (-3, 3)})
def two_walls(x=0.1, y=0.0, *, mu=0.4, k=0.3):
    """Two switches, one of which moves with the parameter; both are where x = 1/2 for mu = 0.8."""
    r = x * x + y * y
    return mu * x - y - x * r - k * dn.maximum(x - 0.5, 0), x + mu * y - y * r + 0.2 * dn.maximum(x + 0.3 - mu, 0)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_grazed_wall_is_passed(direction):
    hopf = dn.continue_equilibria(wall, "mu", (-0.5, 1)).special_points("hopf")[0]
    branch = dn.continue_cycles(wall, hopf, "mu", (-0.5, 1))
    if direction < 0:  # from the cycle that passes both walls back to the Hopf point
        branch = dn.continue_cycles(wall, branch.cycles[-1], "mu", (-0.5, 1))
    (grazing,) = branch.special_points("grazing")
    assert grazing["mu"] == pytest.approx(0.25, abs=1e-8) and grazing.name in ("x - 1/2", "-x - 1/2")
    assert {stop.reason for stop in branch.stops} == {"hopf", "end of range"}
    small, large = branch.values < 0.24, branch.values > 0.26
    np.testing.assert_allclose(branch.periods[small], 2 * np.pi, rtol=1e-8)
    np.testing.assert_allclose(branch["x"][small], np.sqrt(np.maximum(branch.values[small], 0)), atol=1e-7)
    assert np.all(branch.periods[large] > 2 * np.pi) and branch.stable[large].all()
    np.testing.assert_allclose(branch["x"], -branch.minima[:, 0], atol=1e-6)


def test_branches_through_changes_of_order_run_back():
    run = dn.simulate(two_walls, 200.0, progress=False)
    there = dn.continue_cycles(two_walls, run, "mu", (0.03, 1.6))
    back = dn.continue_cycles(two_walls, there.cycles[-1], "mu", (0.03, 1.6))
    found = []
    for branch in (there, back):
        assert {stop.reason for stop in branch.stops} == {"end of range"}
        points = sorted(branch.special, key=lambda point: point["mu"])
        assert [point.kind for point in points] == ["grazing", "grazing", "switching", "grazing"]
        found.append([point["mu"] for point in points])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-7)
    assert found[0][2] == pytest.approx(0.8, abs=1e-9)
    assert "(-mu + x + 3/10 = 0, x - 1/2 = 0)" in there.origin or "(x - 1/2 = 0, -mu + x + 3/10 = 0)" in there.origin


@pytest.mark.parametrize("length", [200.0, 204.0, 205.0])  # a vanishing piece lasts a little less than nothing, or more
def test_ends_at_equilibria_on_switches(length):
    branch = dn.continue_cycles(mckean, dn.simulate(mckean, length, progress=False), "I", (0, 2))
    assert [stop.reason for stop in branch.stops] == ["boundary equilibrium"] * 2
    ends = sorted(branch.special_points("boundary equilibrium"), key=lambda point: point["I"])
    assert [point["I"] for point in ends] == pytest.approx([0.375, 0.875], abs=1e-12)
    assert [point["v"] for point in ends] == pytest.approx([0.125, 0.625], abs=1e-12)
    assert "shrink to an equilibrium on the switch" in branch.stops[0].message
    relaxing = mckean.at(eps=0.1)
    branch = dn.continue_cycles(relaxing, dn.simulate(relaxing, 200.0, progress=False), "I", (0.3, 0.5))
    assert branch.stops[0].reason == "period too long" and "an equilibrium meets" in branch.stops[0].message
    assert branch.special_points("boundary equilibrium")[0]["I"] == pytest.approx(0.375, abs=1e-12)


def test_sliding_begins():
    @dn.model
    def friction(x=1.0, y=0.0, *, c=0.1, mu=1.0):
        return y - c * dn.sign(x), -x + mu * (1 - y * y) * y

    run = dn.simulate(friction, 100.0, progress=False)
    branch = dn.continue_cycles(friction, run, "c", (0.05, 3.0))
    (point,) = branch.special_points("sliding")
    assert point.name == "x" and "begin to point to the switch x = 0" in branch.stops[1].message
    assert abs(branch.cycles[-1].points[0]) == pytest.approx([0.0, point["c"]], abs=1e-8)  # x' vanishes beyond


def test_grazing_where_the_equations_jump_ends_a_branch():
    run = dn.simulate(relay, 200.0, progress=False)
    branch = dn.continue_cycles(relay, run, "k", (0.05, 5.0))
    assert [stop.reason for stop in branch.stops] == ["end of range", "grazing"]
    assert "grazes the switch x = 0" in branch.stops[1].message
    assert abs(branch.cycles[-1].points[0]) == pytest.approx([0.0, 0.3], abs=1e-8)  # x' vanishes before
    (fold,) = branch.special_points("fold of cycles")
    assert branch.stable[: fold.index].all() and not branch.stable[fold.index + 1 : -1].any()


def test_period_doublings_are_switched():
    @dn.model
    def rossler(x=1.0, y=1.0, z=0.0, *, s=3.0):
        return -0.05 * x - 0.5 * y - z, x + 0.08 * y, s * dn.maximum(x - 3, 0) - z

    branch = dn.continue_cycles(rossler, dn.simulate(rossler, 1500.0, progress=False), "s", (2.0, 7.0))
    (point,) = branch.special_points("period doubling")
    assert "supercritical" in point.criticality
    doubled = dn.continue_cycles(rossler, point, "s", (2.0, 7.0))
    near = int(np.argmin(np.abs(doubled.values - 5.2)))
    run = dn.simulate(rossler.at(s=float(doubled.values[near])), 3000.0, progress=False)
    again = dn.find_cycle(rossler.at(s=float(doubled.values[near])), run)
    assert again.period == pytest.approx(float(doubled.periods[near]), rel=1e-9)
    assert doubled.special_points("grazing")
