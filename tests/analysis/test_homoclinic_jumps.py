"""Orbits with jumps of which one leads onto the stable manifold of an equilibrium, in two parameters."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.models import izhikevich, quadratic_if

SADDLE = {"I": 0.0, "alpha": 0.5, "tau": 0.5, "b": 0.3, "V_r": -0.5, "V_th": 1.0}


@dn.model(ranges={"V": (-2, 2), "w": (-2, 2)})
def saddle(V=0.0, w=0.0, *, I=0.0, alpha=0.5, tau=0.5, b=0.3, V_r=-0.5, V_th=1.0, w_high=5.0):
    """A linear neuron with a saddle: both of its manifolds are straight lines."""
    spike = dn.Jump(when=V > V_th, to={V: V_r, w: w + b}, name="spike")
    return V - w + I, (alpha * V - w) / tau, spike, dn.Jump(when=w > w_high, to={w: 0.0}, name="high")


def missed(**changed):
    """By how much the reset misses the stable manifold."""
    p = SADDLE | changed
    values, vectors = np.linalg.eig([[1.0, -1.0], [p["alpha"] / p["tau"], -1.0 / p["tau"]]])
    unstable, stable = (vectors[1, k] / vectors[0, k] for k in (values.argmax(), values.argmin()))
    V = -p["I"] / (1.0 - p["alpha"])
    return (p["V_th"] - V) * unstable + p["b"] - (p["V_r"] - V) * stable


@pytest.fixture(scope="module")
def branch():
    run = dn.simulate(saddle.at(I=1.0), 100.0)
    return dn.continue_cycles(saddle.at(I=1.0), run, "I", (-1.0, 3.0), values={"I": [2.5]})


@pytest.mark.parametrize("second, extent", [("b", (-1.0, 2.0)), ("V_r", (-3.0, 0.9)), ("tau", (0.1, 0.95))])
def test_a_linear_saddle(branch, second, extent):
    (end,) = branch.special_points("homoclinic")
    locus = dn.continue_locus(saddle, end, ("I", second), ranges={"I": (-1.0, 3.0), second: extent})
    assert locus.kind == "homoclinic" and [stop.reason for stop in locus.stops] == ["end of range"] * 2
    off = [missed(**{"I": i, second: x}) for i, x in zip(locus["I"], locus[second], strict=True)]
    np.testing.assert_allclose(off, 0.0, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(locus["V"], -2.0 * locus["I"], rtol=0.0, atol=1e-12)
    tau = locus[second] if second == "tau" else 0.5
    np.testing.assert_allclose(locus["saddle_quantity"], 1.0 - 1.0 / tau, rtol=0.0, atol=1e-12)


def test_another_threshold_ends_the_curve(branch):
    (end,) = branch.special_points("homoclinic")
    locus = dn.continue_locus(saddle, end, ("I", "w_high"), ranges={"I": (-1.0, 3.0), "w_high": (0.2, 6.0)})
    np.testing.assert_allclose(locus["I"], locus["I"][0], rtol=0.0, atol=1e-12)
    stop = next(stop for stop in locus.stops if stop.reason == "grazing")
    assert "the orbit touches a threshold before a jump is due" in stop.message
    (point,) = locus.special_points("grazing")
    assert point["w_high"] == pytest.approx(point.cycle["w"].max(), abs=1e-5)


def test_canards_of_bursts():
    """Izhikevich's parabola u = 0.04 v^2 + (5 + a/2) v + c0 is invariant, and the stable manifold, at one I."""
    system = izhikevich.at(c=-50.0, d=2.0, I=3.9)
    branch = dn.continue_cycles(system, dn.simulate(system, 3000.0), "I", (2.0, 4.0))
    (end,) = branch.special_points("homoclinic")
    ranges = {"I": (-10.0, 10.0), "b": (0.18, 0.25)}
    locus = dn.continue_locus(system, end, ("I", "b"), ranges=ranges, values={"b": [0.22]})
    a, b = system.values["a"], locus["b"]
    k = -a / 2.0  # on the parabola v' = k v + c
    c = (a * (b - 5.0 + k) - (5.0 - k) * k) / 0.08
    np.testing.assert_allclose(locus["I"], c - (5.0 - k) * c / a - 140.0, rtol=0.0, atol=1e-11)
    orbit = locus.special_points("label")[0].cycle
    assert orbit.jumps == 3 and len(orbit.segments) == 4 and "through 3 jumps" in orbit.sentence
    parabola = 0.04 * orbit["v"] ** 2 + (5.0 + a / 2.0) * orbit["v"]
    last = orbit.segments[-1]
    offset = (orbit["u"] - parabola)[last.first : last.last + 1]
    assert np.ptp(offset[-offset.size // 2 :]) < 1e-7  # it ends on it


@pytest.fixture(scope="module")
def reset_on_equilibrium():
    system = quadratic_if.at(V_reset=-45.0, I=5.0, V=-45.0, t_ref=2.0)
    branch = dn.continue_cycles(system, dn.simulate(system, 200.0), "I", (-10.0, 10.0))
    (end,) = branch.special_points("homoclinic")
    ranges = {"I": (-10.0, 10.0), "V_reset": (-49.5, -40.0)}
    return system, dn.continue_locus(system, end, ("I", "V_reset"), ranges=ranges, values={"V_reset": [-44.0]})


def test_one_state_is_reset_to_its_equilibrium(reset_on_equilibrium, tmp_path):
    system, locus = reset_on_equilibrium
    reset = locus["V_reset"]
    np.testing.assert_allclose(locus["I"], -0.07 * (reset + 65.0) * (reset + 50.0), rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(locus["V"], reset, rtol=0.0, atol=1e-9)
    (point,) = locus.special_points("label")
    orbit = point.cycle
    assert [segment.held for segment in orbit.segments] == [(), ("V",), ()]
    assert orbit.segments[1].duration == pytest.approx(2.0, abs=1e-9) and np.isnan(orbit.saddle_quantity)
    orbit.save(tmp_path / "orbit.npz")
    again = dn.load(tmp_path / "orbit.npz")
    assert again.jumps == 1 and np.array_equal(again.points, orbit.points)
    ranges = {"I": (-10.0, 10.0), "t_ref": (0.5, 5.0)}
    other = dn.continue_locus(system, point, ("I", "t_ref"), kind="homoclinic", ranges=ranges)
    np.testing.assert_allclose(other["I"], -8.82, rtol=0.0, atol=1e-9)
    assert [stop.reason for stop in other.stops] == ["end of range"] * 2


def test_a_saddle_node_on_a_circle_that_a_jump_closes():
    branch = dn.continue_cycles(quadratic_if, dn.simulate(quadratic_if.at(I=10.0), 200.0), "I", (0.0, 20.0))
    (end,) = branch.special_points("snic")
    locus = dn.continue_locus(quadratic_if, end, ("I", "V_c"), ranges={"I": (0.0, 20.0), "V_c": (-60.0, -40.0)})
    assert locus.kind == "snic"
    np.testing.assert_allclose(locus["I"], 0.07 * (0.5 * (locus["V_c"] + 65.0)) ** 2, rtol=0.0, atol=1e-8)
    ranges = {"I": (0.0, 20.0), "V_reset": (-80.0, -40.0)}
    locus = dn.continue_locus(quadratic_if, end, ("I", "V_reset"), ranges=ranges)
    (loop,) = locus.special_points("saddle-node loop")  # the reset is at the saddle-node itself
    assert [loop["I"], loop["V_reset"]] == pytest.approx([0.07 * 7.5**2, -57.5], abs=1e-6)


def test_starts_that_are_refused(branch):
    (label,) = branch.special_points("label")
    with pytest.raises(dn.ConvergenceError, match="follow (it|the cycle) to a longer period"):
        dn.continue_locus(saddle, label, ("I", "b"), kind="homoclinic")

    @dn.model
    def source(V=0.0, w=0.0, *, I=0.0, b=0.3):
        return V - w + I, 0.2 * (1.5 * V - w), dn.Jump(when=V > 1.0, to={V: 0.25, w: b})

    system = source.at(I=0.1)
    branch_of_source = dn.continue_cycles(system, dn.simulate(system, 100.0), "I", (0.0, 1.0), values={"I": [0.11]})
    (label,) = branch_of_source.special_points("label")
    with pytest.raises(dn.ConvergenceError, match="with one direction in which to leave; this one has 2"):
        dn.continue_locus(system, label, ("I", "b"), kind="homoclinic")
