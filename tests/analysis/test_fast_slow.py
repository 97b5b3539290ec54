"""Systems with one slow variable, dissected: against exact folds, published numbers, and runs of the full system."""

from __future__ import annotations

import json
import math
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import (
    fitzhugh_nagumo,
    fitzhugh_rinzel,
    hindmarsh_rose,
    lif,
    morris_lecar_bursting,
    pinsky_rinzel,
    sherman_rinzel_keizer,
    van_der_pol_canard,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "fast_slow.json").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in REFERENCE["cases"]}
SAMPLES = REFERENCE["continuation"]["cycles"]
BURST = hindmarsh_rose.at(I=2, r=0.006)

#: Digits of AUTO-07p's cycles and homoclinic orbits; located points are right to rounding.
AUTO, LOCATED = 1e-7, 1e-10


@pytest.fixture(scope="module")
def square_wave():
    return dn.fast_slow(BURST, "z", (-1, 3.6), ranges={"y": (-40, 6)}, progress=False)


@pytest.fixture(scope="module")
def elliptic():
    return dn.fast_slow(fitzhugh_rinzel, "y", progress=False)


def with_values(name):
    """A case of the table with the values of its parameters in the model."""
    case = CASES[name]
    values = {n: float(v) for n, v in case["params"].items() if n in hindmarsh_rose.parameters}
    return hindmarsh_rose.at(**values), case["value"]


# -- Hindmarsh and Rose ------------------------------------------------------------------------------------------------


def test_folds_and_hopf_point_of_the_fast_subsystem_are_exact(square_wave):
    system, folds = with_values("hr.fast.folds")
    assert {n: square_wave.parameters[n] for n in "abcd"} == {n: system.values[n] for n in "abcd"}
    found = sorted((p["z"] - 2.0, p["V"]) for p in square_wave.fast.special_points("fold"))
    assert np.array(found) == pytest.approx(np.array(sorted([[float(v) for v in f] for f in folds])), abs=LOCATED)
    (hopf,) = square_wave.fast.special_points("hopf")
    first = CASES["hr.fast.hopf"]["value"][0]
    assert hopf["z"] - 2.0 == pytest.approx(float(first["z_minus_I"]), abs=LOCATED)
    assert 2 * math.pi / hopf.period == pytest.approx(float(first["omega"]), rel=LOCATED)


def test_the_other_hopf_point_is_found_where_it_is():
    second = CASES["hr.fast.hopf"]["value"][1]
    run = dn.simulate(BURST, 300.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        far = dn.fast_slow(BURST, "z", (-10, -9), ranges={"y": (-40, 6)}, orbit=run, progress=False)
    (hopf,) = far.fast.special_points("hopf")
    assert hopf["z"] - 2.0 == pytest.approx(float(second["z_minus_I"]), abs=LOCATED)
    assert hopf["V"] == pytest.approx(float(second["x"]), abs=LOCATED)


def test_small_cycles_end_in_the_homoclinic_orbit_that_auto_finds(square_wave):
    small = next(b for b in square_wave.fast.cycle_branches if b.special_points("hopf"))
    (end,) = small.special_points("homoclinic")
    longest = max(SAMPLES, key=lambda s: s["period"])
    assert end["z"] - 2.0 == pytest.approx(longest["parameters"]["z"], abs=AUTO)
    for sample in SAMPLES:
        if sample["period"] <= 50:  # where the parameter still tells cycles apart
            i = int(np.argmin(np.abs(small.periods - sample["period"])))
            place = np.interp(sample["period"], *_sorted(small.periods, small.values)) - 2.0
            assert place == pytest.approx(sample["parameters"]["z"], abs=2e-3)
            assert small["V"][i] == pytest.approx(sample["max"]["x"], abs=0.1)


def _sorted(x, y):
    order = np.argsort(x)
    return x[order], y[order]


def test_square_wave_burst(square_wave):
    assert square_wave.kind == "fold/homoclinic bursting (square-wave)"
    spiking, rest = sorted(square_wave.path[square_wave.loop :], key=lambda p: p.kind, reverse=True)
    assert (spiking.kind, spiking.ending, rest.ending) == ("spiking", "homoclinic", "fold")
    assert rest.end == pytest.approx(2 - 5 / 27, abs=LOCATED)
    assert spiking.begin < rest.end < rest.begin
    assert spiking.end == pytest.approx(2.0856, abs=1e-4)
    assert "where they end (homoclinic)" in square_wave.reason and not square_wave.warnings


def test_the_orbit_has_the_period_of_the_table(square_wave):
    value = CASES["hr.burst.I2.r0.006"]["value"]
    assert square_wave.rhythm.per_period == value["spikes_per_burst"]
    assert square_wave.rhythm.per_burst == (2, 2)
    assert square_wave.rhythm.period == pytest.approx(float(value["period"]), rel=1e-6)
    times = square_wave.orbit.crossings("V", 0.0)
    z = square_wave.orbit.at(times)[:, 2]
    assert z.max() == pytest.approx(float(value["x_section"][2]), rel=1e-5)


def test_drift_is_the_slow_equation_at_the_means(square_wave):
    for branch, drift in zip(square_wave.fast.cycle_branches, square_wave.drifts, strict=True):
        linear = 0.006 * (4 * (branch.means[:, 0] + 1.6) - branch.values)
        assert drift == pytest.approx(linear[branch.kept], abs=1e-12)
    for branch, rate in zip(square_wave.fast.branches, square_wave.rates, strict=True):
        assert rate == pytest.approx(0.006 * (4 * (branch["V"] + 1.6) - branch.values), abs=1e-14)


def test_drift_against_quadrature_along_a_run_of_scipy(square_wave):
    pairs = zip(square_wave.fast.cycle_branches, square_wave.drifts, strict=True)
    spiking, drift = max(pairs, key=lambda pair: pair[0].maxima[:, 0].max())
    i = len(spiking.kept) // 2
    cycle, z = spiking.cycles[i], spiking.values[spiking.kept[i]]

    def field(_, u):
        x, y, _ = u
        return [y - x**3 + 3 * x**2 - z + 2, 1 - 5 * x**2 - y, 0.006 * (4 * (x + 1.6) - z)]

    run = solve_ivp(field, (0, cycle.period), [*cycle.points[0], 0.0], rtol=1e-11, atol=1e-12)
    assert run.y[2, -1] / cycle.period == pytest.approx(drift[i], rel=1e-7)


def test_measured_separation_is_one_over_r(square_wave):
    # y' = 1 - 5 V^2 - y and z' = r (4 (V + 1.6) - z) have the rates 1 and r
    assert square_wave.separation["y"] == pytest.approx(1 / 0.006, rel=1e-9)
    assert square_wave.separation["V"] > square_wave.separation["y"]


def test_tonic_spiking_where_the_averaged_drift_vanishes():
    system = hindmarsh_rose.at(I=4, r=0.006)
    spiking = dn.fast_slow(system, "z", progress=False)
    assert spiking.kind == "tonic spiking"
    (tonic,) = spiking.tonic
    assert tonic.stable and tonic.slope < 0 and f"{tonic.value:.6g}" in spiking.reason
    # a slower z settles there: the distance is of the order of r
    away = []
    for r in (4e-4, 2e-4):
        run = dn.simulate(system.at(r=r), 15 / r, start={"V": 0.0, "y": 0.0, "z": tonic.value})
        late = np.linspace(0.9 * run.t[-1], run.t[-1], 200_001)
        away.append(abs(run.at(late)[:, 2].mean() - tonic.value))
    assert away[1] < 0.7 * away[0] and away[1] < 1e-3


def test_an_angle_that_goes_round_has_the_averaged_drift_of_its_closed_form():
    @dn.model(ranges={"theta": (-math.pi, math.pi), "z": (-1.0, 2.0)}, wrap={"theta": 2 * math.pi})
    def adapting(theta=-1.0, z=0.0, *, I=0.3, b=0.5, eps=0.001):
        current = I - b * z
        return 1 - dn.cos(theta) + (1 + dn.cos(theta)) * current, eps * ((1 - dn.cos(theta)) / 2 - z)

    result = dn.fast_slow(adapting, "z", progress=False)
    assert result.kind == "tonic spiking" and result.fast.branches == ()
    # with v = tan(theta/2) the mean of (1 - cos theta)/2 = v^2/(1 + v^2) is s/(1 + s), s = sqrt(current)
    (tonic,) = result.tonic
    s = math.sqrt(0.3 - 0.5 * tonic.value)
    assert tonic.value == pytest.approx(s / (1 + s), abs=1e-8)
    assert tonic.cycle.period == pytest.approx(math.pi / s, rel=1e-8)
    assert result.rhythm.period == pytest.approx(math.pi / s, rel=1e-4)


@pytest.mark.slow
def test_a_zero_of_the_drift_next_to_the_end_of_the_cycles_does_not_hold_a_slow_variable_that_moves_past_it():
    chaotic = dn.fast_slow(hindmarsh_rose.at(I=3.25, r=0.006), "z", progress=False)
    (tonic,) = chaotic.tonic
    assert tonic.stable and tonic.ripple > 0.1
    assert chaotic.kind == "fold/homoclinic bursting (square-wave)"
    assert any("spiking be tonic" in w for w in chaotic.warnings)
    much_slower = dn.fast_slow(hindmarsh_rose.at(I=3.25, r=1e-5), "z", (2.9, 3.6), orbit=_short(3.25), progress=False)
    assert much_slower.kind == "tonic spiking"
    assert much_slower.tonic[0].value == pytest.approx(tonic.value, rel=1e-8)


def _short(current):
    return dn.simulate(hindmarsh_rose.at(I=current, r=1e-5), 400.0, start={"V": -2.0, "y": -20.0, "z": 3.2})


def test_rest_where_the_slow_nullcline_meets_stable_equilibria():
    resting = dn.fast_slow(hindmarsh_rose.at(I=1, r=0.006), "z", progress=False)
    assert resting.kind == "rest" and resting.rhythm.sentence == "no spikes"
    (point,) = resting.rest
    assert point.stable
    # z = 4 (V + 1.6) on z = 2 - 2 V^2 - V^3 at I = 1
    (V,) = (x.real for x in np.roots([1, 2, 4, 6.4 - 2]) if abs(x.imag) < 1e-12)
    assert point.point == pytest.approx([V, 1 - 5 * V**2, 4 * (V + 1.6)], abs=1e-10)


def test_an_orbit_that_starts_next_to_an_unstable_equilibrium_leaves_it():
    # the full system has a Hopf point at I = 25.27, below which cycles grow slowly
    small = dn.fast_slow(hindmarsh_rose.at(I=25, r=0.002), "z", (13.0, 14.0), ranges={"y": (-40, 6)}, progress=False)
    assert small.rhythm.per_period == 1 and small.kind == "tonic spiking"
    assert small.rhythm.period == pytest.approx(small.tonic[0].cycle.period, rel=0.01)


# -- other kinds of bursts and oscillations ----------------------------------------------------------------------------


def test_elliptic_burst(elliptic):
    assert elliptic.kind == "subHopf/fold cycle bursting (elliptic)"
    (hopf,) = elliptic.fast.special_points("hopf")
    # FitzHugh and Nagumo's cell at the current I + y: Hopf points where v^2 = 1 - delta b
    v = -math.sqrt(1 - 0.08 * 0.8)
    assert hopf["y"] == pytest.approx((v + 0.7) / 0.8 - v + v**3 / 3 - 0.3125, abs=LOCATED)
    phases = {p.kind: p for p in elliptic.path[elliptic.loop :]}
    assert phases["spiking"].ending == "fold of cycles" and phases["rest"].ending == "hopf"
    (end,) = elliptic.fast.special_points("fold of cycles")
    assert phases["spiking"].end == pytest.approx(end["y"], abs=1e-12)
    assert elliptic.rhythm.per_burst[0] >= 5


@pytest.mark.slow
def test_delayed_loss_of_stability():
    slower = dn.fast_slow(fitzhugh_rinzel.at(mu=2e-5), "y", orbit=dn.simulate(fitzhugh_rinzel.at(mu=2e-5), 9000.0))
    assert slower.kind == "subHopf/fold cycle bursting (elliptic)"
    (said,) = slower.warnings
    assert "lose stability in the Hopf point at y = 0.0187813, and the orbit leaves with a delay" in said


def test_relaxation_oscillation_between_two_folds():
    relaxing = dn.fast_slow(van_der_pol_canard.at(a=0.5), "y", progress=False)
    assert relaxing.kind == "fold/fold relaxation oscillation" and not relaxing.warnings
    assert sorted(p.end for p in relaxing.path[relaxing.loop :]) == pytest.approx([-2 / 3, 2 / 3], abs=LOCATED)
    assert relaxing.tonic == () and relaxing.fast.cycle_branches == ()
    # x' does not contain y: its nullcline is the line x = a
    (line,) = relaxing.nullcline.lines
    assert line[:, 1] == pytest.approx(0.5)


def test_an_orbit_along_the_repelling_sheet_is_called_a_canard():
    eps = 0.05
    series = sum(float(Fraction(c)) * eps**k for k, c in enumerate(REFERENCE["canard"]["coefficients"]))
    system = van_der_pol_canard.at(eps=eps, a=0.9934905)
    assert system.values["a"] == pytest.approx(series, abs=1e-4)
    duck = dn.fast_slow(system, "y", progress=False)
    said = "; ".join(duck.warnings)
    assert "follows the repelling sheet" in said and "a canard, from the fold at y = -0.666667" in said
    assert "canard point: at the fold y = -0.666667" in said
    assert "canard" not in "".join(dn.fast_slow(fitzhugh_nagumo.at(I=0.7), "w", progress=False).warnings)


@pytest.mark.slow
def test_the_largest_canard_is_where_the_series_says_up_to_its_next_term():
    series = [Fraction(c) for c in REFERENCE["canard"]["coefficients"]]
    left = []
    for eps in (0.05, 0.02):
        system = van_der_pol_canard.at(eps=eps)
        (hopf,) = dn.continue_equilibria(system, "a", (0.98, 1.01)).special_points("hopf")
        assert hopf["a"] == pytest.approx(1, abs=1e-12)
        reaches_fold = {"canard": lambda cycle: cycle.maxima[1] - 2 / 3}
        branch = dn.continue_cycles(system, hopf, "a", (0.98, 1.01), test_functions=reaches_fold, progress=False)
        (canard,) = branch.special_points("user")
        left.append((canard["a"] - sum(float(c) * eps**k for k, c in enumerate(series))) / eps**4)
    assert left == pytest.approx([-0.57, -0.50], abs=0.01)  # tends to the coefficient of eps^4


def test_an_orbit_that_keeps_to_a_part_of_the_path():
    small = dn.fast_slow(van_der_pol_canard.at(a=0.9936), "y", progress=False)
    assert any("keeps to y from" in w for w in small.warnings)


# -- results -----------------------------------------------------------------------------------------------------------


def test_saved_and_loaded(square_wave, tmp_path):
    path = square_wave.save(tmp_path / "burst.npz")
    again = dn.load(path)
    assert str(again) == str(square_wave) and repr(again) == repr(square_wave)
    assert again.nullcline.lines[0].tolist() == square_wave.nullcline.lines[0].tolist()


def test_text_and_columns(square_wave):
    text = str(square_wave)
    for part in ("fold", "homoclinic", "unstable in the full system", "y is 167 times as fast as z", "2 spikes every"):
        assert part in text
    assert "slow rate" not in text
    frame = square_wave.to_dataframe()
    assert list(frame.columns) == ["branch", "z", "period", "drift", "stable"]
    assert len(frame) == sum(len(b.kept) for b in square_wave.fast.cycle_branches)
    assert "spiking along the cycles of branch" in repr(square_wave.path[0]) or "rest along" in repr(
        square_wave.path[0]
    )


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_unknown_slow_variable():
    with pytest.raises(ValueError, match="no state named 'zz'; did you mean 'z'"):
        dn.fast_slow(BURST, "zz")


def test_range_reversed_empty_or_given_for_the_slow_state():
    with pytest.raises(ValueError, match=r"the range of 'z' is reversed: \(3, 1\). Give \(1, 3\)"):
        dn.fast_slow(BURST, "z", (3, 1))
    with pytest.raises(ValueError, match="'z' is a slow variable: its range is range="):
        dn.fast_slow(BURST, "z", ranges={"z": (0, 1)})
    with pytest.raises(ValueError, match="no state named 'x'"):
        dn.fast_slow(BURST, "z", ranges={"x": (0, 1)})


def test_nothing_fast_is_left():
    with pytest.raises(dn.ModelError, match="lif has no other states than 'V': nothing fast is left"):
        dn.fast_slow(lif, "V")
    with pytest.raises(TypeError, match="takes a System"):
        dn.fast_slow("hindmarsh_rose", "z")


def test_a_slow_variable_that_acts_on_nothing():
    @dn.model
    def idle(x=1.0, z=0.0):
        return 1 - x, 0.01 * (x - z)

    with pytest.raises(dn.ModelError, match="idle: z does not enter the equations of the other states"):
        dn.fast_slow(idle, "z")


def test_orbits_that_do_not_fit():
    with pytest.raises(TypeError, match="a Trajectory of the full system, from dn.simulate; got float"):
        dn.fast_slow(BURST, "z", orbit=3.0)
    with pytest.raises(ValueError, match="a run of 'fitzhugh_nagumo', whose equations differ"):
        dn.fast_slow(BURST, "z", orbit=dn.simulate(fitzhugh_nagumo, 1.0))
    with pytest.raises(ValueError, match="made with other values of I: simulate hindmarsh_rose as it is given"):
        dn.fast_slow(BURST, "z", orbit=dn.simulate(BURST.at(I=3), 1.0))
    with pytest.raises(ValueError, match="orbit= ended early: "):
        dn.fast_slow(BURST, "z", orbit=dn.simulate(BURST, 1000.0, max_steps=10))
    sampled = dn.simulate(BURST, 100.0, times=np.linspace(0, 100, 11))
    with pytest.raises(ValueError, match=r"orbit= was sampled at times=...: run without times="):
        dn.fast_slow(BURST, "z", orbit=sampled)


def test_noise():
    @dn.model
    def noisy(x=1.0, z=0.0):
        return z - x, 0.01 * (x - z), dn.Noise({x: 0.1})

    with pytest.raises(dn.ModelError, match="noisy has noise: fast_slow dissects the deterministic equations"):
        dn.fast_slow(noisy, "z")


def test_a_slow_variable_that_is_not_slow():
    run = dn.simulate(BURST, 500.0)
    with pytest.warns(
        dn.DynanaWarning, match=r"y is not slow: on the orbit, V 1\d.*z 0.006 times as fast as y.*Take 'z'"
    ):
        wrong = dn.fast_slow(BURST, "y", (-3, -2), orbit=run, progress=False)
    assert wrong.separation["z"] < 1 and "not slow" in wrong.warnings[0]


def test_no_equilibrium_in_range_and_box():
    run = dn.simulate(BURST, 300.0)
    with pytest.raises(dn.ConvergenceError, match="no equilibrium"):
        dn.fast_slow(BURST, "z", (20, 21), ranges={"V": (2, 3)}, orbit=run)


def test_a_run_that_breaks_off():
    @dn.model
    def runaway(x=1.0, z=0.0, *, eps=0.01):
        return x**2 - z, eps * x

    with pytest.raises(dn.ConvergenceError, match="runaway: the run of the full system ended early"):
        dn.fast_slow(runaway, "z")


@pytest.mark.slow
def test_cycles_are_followed_through_a_period_doubling_of_the_fast_subsystem():
    @dn.model(ranges={"x": (-20.0, 20.0), "y": (-20.0, 20.0), "z": (-1.0, 40.0)})
    def drifting(x=1.0, y=1.0, z=0.1, c=2.4, *, a=0.2, b=0.2, eps=0.002):
        return -y - z, x + a * y, b + z * (x - c), eps * (3.2 - c)

    doubled = dn.fast_slow(drifting, "c", (2, 3.5), progress=False)
    (point,) = doubled.fast.special_points("period doubling")
    assert point["c"] == pytest.approx(2.832, abs=1e-3)  # of Rossler's cascade, as published
    assert doubled.kind == "tonic spiking" and doubled.rhythm.per_period == 2 and not doubled.warnings
    single, twice = sorted(doubled.tonic, key=lambda t: t.cycle.period)
    assert not single.stable and twice.stable and twice.value == pytest.approx(3.2, abs=1e-9)
    assert doubled.rhythm.period == pytest.approx(twice.cycle.period, rel=1e-4)


@pytest.mark.slow
def test_bursts_of_pinsky_and_rinzel_are_turns_of_a_fast_cycle():
    """By default: the cycles end where the fast subsystem has its fold, and one turn carries q far past that."""
    system = pinsky_rinzel.at(I_s=0.75)
    burst = dn.fast_slow(system, "q", progress=False)
    assert burst.kind == "circle/circle bursting, each burst one cycle of the fast subsystem"
    (snic,) = burst.fast.special_points("snic")
    folds = [p["q"] for p in burst.fast.special_points("fold")]
    assert snic["q"] == pytest.approx(0.1938915678, abs=1e-9) and min(abs(q - snic["q"]) for q in folds) < 1e-9
    (tonic,) = burst.tonic
    assert tonic.value < snic["q"] < tonic.value + tonic.ripple
    longest = max(b.periods.max() for b in burst.fast.cycle_branches)
    assert burst.rhythm.period < tonic.cycle.period < longest < 2.0 * burst.rhythm.period


def bursts(rates, start, length, level, pause):
    """Spikes in each burst, and the time from one burst to the next, by scipy."""

    def passing(t, y):
        return y[0] - level

    passing.direction = 1
    run = solve_ivp(rates, (0, length), start, method="LSODA", rtol=1e-8, atol=1e-9, events=passing)
    spikes = run.t_events[0]
    last = np.flatnonzero(np.diff(spikes) > pause)
    return np.diff(last)[-1], np.diff(spikes[last + 1])[-1]


def test_calcium_bursts_of_morris_and_lecar():
    """The fast subsystem is `morris_lecar` with less current and more leak: its fold in closed form."""
    burst = dn.fast_slow(morris_lecar_bursting, "Ca", progress=False)
    assert burst.kind == "fold/homoclinic bursting (square-wave)"
    p = morris_lecar_bursting.values

    def ohmic(v):  # current at steady W, without that which calcium opens
        w, m = ((1 + np.tanh((v - a) / b)) / 2 for a, b in ((p["V3"], p["V4"]), (p["V1"], p["V2"])))
        return p["I"] - p["g_L"] * (v + 60) - p["g_K"] * w * (v + 84) - p["g_Ca"] * m * (v - 120)

    for fold in burst.fast.special_points("fold"):
        part, v = fold["Ca"] / (p["Ca_0"] + fold["Ca"]), fold["V"]
        assert ohmic(v) / (p["g_KCa"] * (v + 84)) == pytest.approx(part, abs=1e-9)
        slope = (ohmic(v + 1e-4) - ohmic(v - 1e-4)) / 2e-4
        assert slope == pytest.approx(p["g_KCa"] * part, abs=1e-6)
    rates = dn.lower(morris_lecar_bursting)

    def slopes(t, y):
        out = np.empty(3)
        rates.rhs(t, np.array(y), rates.p, out)
        return out

    count, apart = bursts(slopes, [-40.0, 0.02, 10.0], 4000.0, 0.0, 300.0)
    assert burst.rhythm.per_period == burst.rhythm.per_burst[0] == count == 4
    assert burst.rhythm.period == pytest.approx(apart, rel=1e-3)


@pytest.mark.slow
def test_bursts_of_a_beta_cell():
    burst = dn.fast_slow(sherman_rinzel_keizer, "Ca", progress=False)
    assert burst.kind == "fold/homoclinic bursting (square-wave)"
    assert burst.rhythm.per_burst == (22, 22) and burst.rhythm.period == pytest.approx(14257, rel=1e-3)
    (end,), (fold,) = (burst.fast.special_points(kind) for kind in ("homoclinic", "fold"))
    low, high = burst.rhythm.slow_range
    assert fold["Ca"] == pytest.approx(low, abs=0.01) and end["Ca"] == pytest.approx(high, abs=0.01)
