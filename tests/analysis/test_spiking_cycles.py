"""Cycles with jumps against orbits computed by other means, closed forms, simulation and return maps."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dynana as dn
from dynana.analysis import spiking_responses, spiking_starts
from dynana.errors import ConvergenceError
from dynana.models import adex, generalized_if, izhikevich, lif, quadratic_if_normal, theta
from dynana.models.integrate_and_fire import adex_touboul_brette
from dynana.results.periodic_point import PeriodicPoint
from tests.analysis import cycle_cases
from tests.analysis import spiking_cases as known

ORBITS = [n for n, c in known.CASES.items() if isinstance(c["value"], dict) and "k" in c["value"]]


def isis(cycle):
    """Intervals between jumps: segments with the holds before them."""
    found, since = [], 0.0
    for segment in cycle.segments:
        since += segment.duration
        if segment.jump:
            found.append(since)
            since = 0.0
    return np.array(found)


@pytest.mark.parametrize("name", ORBITS)
def test_reference_orbits(name):
    system, value = known.system(name), known.CASES[name]["value"]
    cycle = dn.find_cycle(system, dn.simulate(system, 60 * float(value["period"])))
    assert cycle.period == pytest.approx(float(value["period"]), rel=0, abs=1e-9)
    wanted = np.array([float(t) for t in value["ISI"]])
    found = isis(cycle)
    shift = min(range(wanted.size), key=lambda k: np.abs(np.roll(found, k) - wanted).max())
    np.testing.assert_allclose(np.roll(found, shift), wanted, rtol=0, atol=1e-9)
    assert np.abs(cycle.multipliers - 1.0).min() < 1e-7  # along the orbit
    assert cycle.stable
    if "multiplier" in value:
        assert cycle.multipliers[1].real == pytest.approx(float(value["multiplier"]), abs=2e-9)
    else:
        eigenvalues = sorted((float(m) for m in value["monodromy_eigs"]), key=abs, reverse=True)
        np.testing.assert_allclose(cycle.multipliers.real, eigenvalues, atol=1e-9)
    for key, index in (("w_after_reset", 1), ("u_after_reset", 1)):
        if key in value:
            after = [cycle.points[s.first][index] for s in cycle.segments]
            np.testing.assert_allclose(np.roll(after, shift), [float(w) for w in value[key]], rtol=1e-9, atol=1e-9)


def test_refractory_times_are_segments():
    name = "adex.TB2008.tref2"
    system, value = known.system(name), known.CASES[name]["value"]
    cycle = dn.find_cycle(system, dn.simulate(system, 1000.0))
    hold, flight = cycle.segments
    assert hold.held == ("V",) and hold.jump == "" and hold.duration == pytest.approx(2.0, abs=1e-12)
    assert flight.held == () and flight.jump == "spike"
    assert cycle.period == pytest.approx(float(value["period"]), abs=1e-10)
    assert cycle.points[hold.first][1] == pytest.approx(float(value["w_after_jump"]), abs=1e-8)
    assert cycle.points[flight.first][1] == pytest.approx(float(value["w_release"]), abs=1e-8)
    assert cycle.multipliers[1].real == pytest.approx(float(value["multiplier"]), abs=1e-9)


def test_periods_of_one_variable():
    for name in ("lif.T.I2.tref0", "lif.T.I3.tref0", "qif.T.I0.25.Vr-10.Vp10", "qif.T.I2.0.Vr-5.Vp100", "eif.T.BG"):
        system, value = known.system(name), known.CASES[name]["value"]
        period = float(value["T"] if isinstance(value, dict) else value)
        cycle = dn.find_cycle(system, dn.simulate(system, 30 * period))
        assert cycle.period == pytest.approx(period, rel=1e-11), name
    name = "eif.T.FT2003inf"  # the rest of the way to infinity lasts 1e-17
    system = known.system(name)
    cycle = dn.find_cycle(system, dn.simulate(system, 500.0))
    assert cycle.period == pytest.approx(float(known.CASES[name]["value"]["T"]), rel=1e-11)


def test_the_quadratic_neuron_towards_infinity():
    """Threshold and reset at infinity are the theta neuron; far away, in the closed form."""
    wanted = float(known.CASES["qif.T.I1.0.VrNone.VpNone"]["value"])
    system = theta.at(I=1.0)
    assert dn.find_cycle(system, dn.simulate(system, 30.0)).period == pytest.approx(wanted, rel=1e-11)
    for far, error in ((1e6, 1e-9), (1e7, 1e-8)):  # coarse meshes find nothing there that could be refined
        system = quadratic_if_normal.at(I=1.0, V_th=far, V_reset=-far, v=-far)
        assert dn.find_cycle(system, dn.simulate(system, 20.0)).period == pytest.approx(wanted - 2.0 / far, abs=error)


@pytest.mark.parametrize("name", ORBITS)
def test_simulation_with_located_spikes_agrees(name):
    system, period = known.system(name), float(known.CASES[name]["value"]["period"])
    cycle = dn.find_cycle(system, dn.simulate(system, 60 * period))
    start = dict(zip(system.states, cycle.points[0], strict=True))
    run = dn.simulate(system, 3.2 * period, start=start, rtol=1e-12, atol=1e-13)
    found = np.diff(np.concatenate(([0.0], run.jump_times)))[: 2 * cycle.jumps]
    np.testing.assert_allclose(found, np.tile(isis(cycle), 2), rtol=0, atol=1e-8)


def test_a_threshold_far_away_costs_no_accuracy():
    for peak in (1e2, 1e4):
        system = quadratic_if_normal.at(I=2.0, V_reset=-5.0, V_th=peak, v=-5.0)
        point = PeriodicPoint(
            system=system.name, fingerprint=system.fingerprint, states=system.states, parameters=system.values,
            jump="spike", state=np.array([-5.0]), spikes=1, period=2.0, multipliers=np.empty(0),
        )  # fmt: skip
        s = math.sqrt(2.0)
        period = (math.atan(peak / s) + math.atan(5.0 / s)) / s
        assert dn.find_cycle(system, point).period == pytest.approx(period, rel=1e-10)


def test_simulation_agrees_with_stable_orbits():
    for system, t in ((adex.at(I=5.0), 2000.0), (adex.at(I=5.0, t_ref=2.0), 2000.0), (lif.at(I=25.0), 300.0)):
        cycle = dn.find_cycle(system, dn.simulate(system, t))
        run = dn.simulate(system, t, rtol=1e-11, atol=1e-11)
        assert run.jump_times[-1] - run.jump_times[-2] == pytest.approx(cycle.period, abs=1e-8)
        # states at the same time after a jump
        times = np.linspace(0.1, 0.9, 9) * cycle.period
        np.testing.assert_allclose(run.at(run.jump_times[-2] + times), cycle.state(times), rtol=1e-7, atol=1e-7)
        assert cycle.mean == pytest.approx(
            np.trapezoid(cycle.state(np.linspace(0, cycle.period, 200_001)[:-1]), dx=cycle.period / 200_000, axis=0)
            / cycle.period, rel=1e-4,
        )  # fmt: skip


def test_multiplier_is_the_derivative_of_the_return_map():
    system = adex_touboul_brette.at(V_reset=-48.5)
    cycle = dn.find_cycle(system, dn.simulate(system, 2000.0))
    w = cycle.points[0][1]

    def twice(w):
        run = dn.simulate(system.at(V=-48.5, w=w), 60.0, rtol=1e-12, atol=1e-12)
        return run.jumps.after[1][1]

    h = 1e-3
    slope = (twice(w + h) - twice(w - h)) / (2 * h)
    assert cycle.multipliers[1].real == pytest.approx(slope, abs=1e-6)
    assert twice(w) == pytest.approx(w, abs=1e-8)


def test_unstable_orbits_from_neighbours():
    stable = adex_touboul_brette.at(V_reset=-50.0)
    cycle = dn.find_cycle(stable, dn.simulate(stable, 1000.0))
    system = adex_touboul_brette.at(V_reset=-48.4)
    unstable = dn.find_cycle(system, cycle)
    assert not unstable.stable and len(unstable.segments) == 1
    assert unstable.multipliers[0].real < -1.0
    assert unstable.parameters["V_reset"] == -48.4


def test_a_cycle_with_jumps_is_found_again_from_a_file(tmp_path):
    system = adex_touboul_brette.at(V_reset=-47.2, t_ref=0.5)
    cycle = dn.find_cycle(system, dn.simulate(system, 3000.0))
    again = dn.load(cycle.save(tmp_path / "burst.npz"))
    found = dn.find_cycle(system, again)
    assert found.period == pytest.approx(cycle.period, rel=1e-12)
    assert [s.held for s in found.segments] == [s.held for s in cycle.segments]
    assert (np.diff(cycle.times) >= 0.0).all()


def test_an_orbit_that_a_coarse_mesh_invents_is_refused():
    far = quadratic_if_normal.at(V_th=1e9, V_reset=-1e9, I=1.3, v=-1e9)
    with pytest.raises(ConvergenceError, match=r"from a turn of 2.75536 to an orbit of .* the mesh misses a part"):
        dn.find_cycle(far, dn.simulate(far, 20.0))


def test_starts_that_lead_to_no_cycle():
    with pytest.raises(ConvergenceError, match=r"comes to rest at V = 10: no cycle.*continue_equilibria"):
        dn.find_cycle(lif.at(I=10.0), dn.simulate(lif.at(I=10.0), 200.0))
    one = adex.at(I=2.0)
    with pytest.raises(ConvergenceError, match=r"stops jumping: nothing for .* after the last of 1 jump\."):
        dn.find_cycle(one, dn.simulate(one, 18.0))
    chaotic = adex_touboul_brette.at(V_reset=-48.0)
    with pytest.raises(ConvergenceError, match=r"has not settled|do not repeat"):
        dn.find_cycle(chaotic, dn.simulate(chaotic, 2000.0))
    silent = generalized_if.at(I=0.5)
    with pytest.raises(ConvergenceError, match="comes to rest"):
        dn.find_cycle(silent, dn.simulate(silent, 2000.0))


def test_infinitely_many_jumps_in_finite_time():
    @dn.model
    def ball(x=1.0, v=0.0, *, g=10.0, r=0.8):
        return v, -g, dn.Jump(when=x < 0, to={v: -r * v}, name="bounce")

    with pytest.raises(ConvergenceError, match="infinitely many jumps in finite time"):
        dn.find_cycle(ball, dn.simulate(ball, 10.0))


def test_an_unknown_jump():
    point = PeriodicPoint(
        system="adex", fingerprint=adex.fingerprint, states=adex.states, parameters=adex.values,
        jump="spikes", state=np.array([-68.0, 5.0]), spikes=1, period=20.0, multipliers=np.array([0.5]),
    )  # fmt: skip
    with pytest.raises(ValueError, match="adex: .*jump.*'spikes'.*spike"):
        dn.find_cycle(adex, point)


def test_smooth_cycles():
    hopf = dn.continue_equilibria(cycle_cases.folded, "mu", (-1, 1), ranges={"x": (-2, 2), "y": (-2, 2)})
    branch = dn.continue_cycles(cycle_cases.folded, hopf.special_points("hopf")[0], "mu", (-1, 1))
    system = cycle_cases.folded.at(mu=0.5)
    settled = dn.find_cycle(system, dn.simulate(system, 60.0))
    other = dn.find_cycle(system, branch.cycles[-1])
    assert other.parameters["mu"] == 0.5
    assert other.period == pytest.approx(settled.period, rel=1e-9)


def test_a_jump_that_does_not_come():
    system = adex.at(I=2.0)
    point = PeriodicPoint(
        system=system.name, fingerprint=system.fingerprint, states=system.states, parameters=system.values,
        jump="spike", state=np.array([-68.0, 5.0]), spikes=1, period=20.0, multipliers=np.array([0.5]),
    )  # fmt: skip
    with pytest.raises(ConvergenceError, match="there is no jump within"):
        dn.find_cycle(system, point)


def test_an_earlier_crossing_is_refused():
    """A solution of all equations whose orbit passes the threshold before its end."""

    @dn.model
    def wave(x=0.0, y=0.0, *, height=2.0, level=1.5):
        # y grows evenly; the guard passes zero on the way to where the orbit was found with a lower threshold
        return 1.0 + 0 * y, 1.0 + 0 * x, dn.Jump(when=height * dn.sin(x) + 0.2 * x > level, to={x: 0.0, y: 0.0})

    start = wave.at(height=0.0, level=1.5)
    low = dn.find_cycle(start, dn.simulate(start, 40.0))
    assert low.period == pytest.approx(7.5)
    with pytest.raises(ConvergenceError, match=r"'jump' is due earlier than the orbit has it.*none of the system's"):
        for height in np.linspace(0.0, 2.0, 21):
            low = dn.find_cycle(wave.at(height=height, level=1.5), low)


def test_jumps_that_fire_together_are_refused():
    """They were left out of orbits: the second jump's condition becomes true by the first."""

    @dn.model
    def flush(V=0.0, w=0.0, *, I=1.5, w_max=2.5, t_ref=0.0):
        spike = dn.Jump(when=V > 1.0, to={V: 0.0, w: w + 1}, refractory=t_ref, name="spike")
        return I - V - 0.05 * w, -w / 10, spike, dn.Jump(when=w > w_max, to={w: 0.0}, name="flush")

    run = dn.simulate(flush, 40.0)
    assert np.any(np.diff(run.jump_times) == 0.0)
    with pytest.raises(dn.ModelError, match=r"several jumps at one instant \('spike', 'flush'\)"):
        dn.find_cycle(flush, run)
    free = flush.at(w_max=100.0)  # the same orbit, but never flushed
    cycle = dn.find_cycle(free, dn.simulate(free, 60.0))
    with pytest.raises(ConvergenceError, match="'flush' fires at once, which the orbit lacks"):
        dn.find_cycle(flush.at(w_max=6.0), cycle)


def test_regular_spiking_is_superstable():
    system = izhikevich.at(I=10.0)
    cycle = dn.find_cycle(system, dn.simulate(system, 1000.0))
    assert abs(cycle.multipliers[1]) < 1e-8
    assert cycle.stable


def test_saltation_matrices():
    """In time, of a model that is followed in stretched time, against extended precision."""
    name = "adex.TB2008.prc.Vr-50"
    system, value = known.system(name), known.CASES[name]["value"]
    cycle = dn.find_cycle(system, dn.simulate(system, 1000.0))
    orbits, orbit = spiking_starts.curve_of(system, ("I",), cycle, np.ones(1))
    starts, ends = orbits.ends(orbit)
    paces = []
    for state in (starts[0], ends[0]):
        rate = np.empty(orbits.n)
        orbits.kernels.rhs(0.0, state, orbits.parameters(orbit), rate)
        paces.append(rate[-1:])
    matrix = spiking_responses.joins_in_time(orbits, orbit, *paces)[0][0][:2, :2]
    np.testing.assert_allclose(matrix, np.array(value["S"], dtype=float), rtol=1e-9, atol=1e-12)


def test_torus_of_a_spiking_cycle():
    """A clock that resets beside a focus: a pair of multipliers exp((mu +- i w) T)."""

    @dn.model
    def clocked_focus(x=0.0, u=0.1, v=0.0, *, mu=-0.2, w=2.0, T=1.3):
        r = u * u + v * v
        return 1 / T, (mu - r) * u - w * v, (mu - r) * v + w * u, dn.Jump(when=x > 1, to={x: 0.0}, name="tick")

    branch = dn.continue_cycles(clocked_focus, dn.simulate(clocked_focus, 200.0), "mu", (-0.5, 0.5))
    (point,) = branch.special_points("torus")
    assert point["mu"] == pytest.approx(0.0, abs=1e-9)
    assert point.vectors["angle"][0] == pytest.approx(2.0 * 1.3, abs=1e-8)
    exact = np.exp(branch.values * 1.3)
    found = np.sort(np.abs(branch.multipliers), axis=1)
    np.testing.assert_allclose(np.sort(np.stack([exact, exact, np.ones_like(exact)], axis=1), axis=1), found, rtol=1e-8)
    assert branch.stable[branch.values < -1e-6].all() and not branch.stable[branch.values > 1e-6].any()
