"""What continue_cycles refuses, in words, and what it returns when something ends a branch early."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dynana as dn
from dynana.errors import ConvergenceError, ModelError
from dynana.models import fitzhugh_nagumo, hodgkin_huxley, wong_wang
from tests.analysis import cycle_cases as known

TURN = 2 * math.pi


@pytest.fixture(scope="module")
def run():
    return dn.simulate(known.folded.at(mu=0.5), 60.0, max_step=0.1)


@pytest.fixture(scope="module")
def branch(run):
    return dn.continue_cycles(known.folded, run, "mu", (-1, 1), values={"mu": [0.2]})


@pytest.mark.parametrize(
    ("parameter", "range_", "options", "message"),
    [
        ("mv", (0, 1), {}, "did you mean 'mu'"),
        ("x", (0, 1), {}, "is a state; system.freeze"),
        (("mu", "omega", "mu"), (0, 1), {}, "in one parameter, or in two with the period held"),
        (("mu", "omega"), ((0, 1),), {}, "two parameters need two ranges"),
        ("mu", (1, 0), {}, "reversed"),
        ("mu", (1, 1), {}, "empty"),
        ("mu", (0, math.inf), {}, "finite"),
        ("mu", (0.6, 1), {}, "the start has mu = 0.5, outside the range"),
        ("mu", (0, 1), {"max_step": 5.0}, "max_step must lie between"),
        ("mu", (0, 1), {"points": 0}, "points must be at least 1"),
        ("mu", (0, 1), {"longest_period": -1.0}, "longest_period must be positive"),
        ("mu", (0, 1), {"values": {"y": [1]}}, "no varied parameter or period named 'y'"),
        ("mu", (0, 1), {"values": {"mu": [math.nan]}}, "must be finite"),
        ("mu", (0, 1), {"test_functions": {"f": 3}}, "must be a function of a Cycle"),
        ("mu", (0, 1), {"forcing_period": 1.0}, "these do not"),
        ("mu", (0, 1), {"stages": 9}, "2 to 7"),
        ("mu", (0, 1), {"intervals": 0}, "intervals must be at least 1, got 0"),
        ("mu", (0, 1), {"values": {"mu": [0.7, 7]}}, r"mu = 7 is outside the range \(0, 1\): leave it out, or widen"),
    ],
)
def test_arguments(run, parameter, range_, options, message):
    with pytest.raises(ValueError, match=message):
        dn.continue_cycles(known.folded, run, parameter, range_, **options)


def test_three_arguments_are_enough(run, branch):
    box = {"x": (-2, 2), "y": (-2, 2)}
    hopf = dn.continue_equilibria(known.folded, "mu", (-0.5, 0.7), ranges=box).special_points("hopf")[0]
    found = dn.continue_cycles(known.folded, hopf, "mu")
    assert found.values[-1] == 0.7 and found.stops[-1].reason == "end of range"  # the range of the diagram
    with pytest.raises(KeyError, match="did you mean 'mu'"):
        found["mv"]
    assert hopf.ranges == {"mu": (-0.5, 0.7)} and branch.special[0].ranges == {"mu": (-1, 1)}
    free = dn.continue_cycles(known.folded, run, "mu", max_step=0.5)  # ten times its value either way
    assert free.values.max() == pytest.approx(5.5)
    ends = dn.continue_cycles(known.folded, run, "mu", (0.3, 0.7), values={"mu": [0.3, 0.7]})
    assert [s["mu"] for s in ends.special_points("label")] == [0.3, 0.7]
    kept = dn.continue_cycles(known.folded.at(omega=1.0), found.cycles[-1], "omega", points=5, max_step=0.5)
    assert kept.stops[0].reason == "point limit" and np.all(kept.values > 0)  # not through zero


def test_any_stored_cycle_starts_again(branch, tmp_path):
    stored = type(branch).load(branch.save(tmp_path / "branch"))
    middle = len(stored.cycles) // 2
    again = dn.continue_cycles(known.folded, stored.cycles[middle], "mu", (-1, 1))
    assert [s.code for s in again.special] == [s.code for s in branch.special if s.kind != "label"]
    for a, b in zip(again.special_points("LPC"), branch.special_points("LPC"), strict=True):
        assert a["mu"] == pytest.approx(b["mu"], rel=1e-9) and a.period == pytest.approx(b.period, rel=1e-9)


def test_a_parameter_that_does_not_enter():
    @dn.model
    def idle(x=1.0, y=0.0, *, a=1.0, unused=0.0):
        return y, -x + a * (1 - x * x) * y, dn.Observe(z=unused * x)

    run = dn.simulate(idle, 60.0)
    with pytest.raises(ValueError, match="'unused' does not enter the equations.*Parameters that do: a"):
        dn.continue_cycles(idle, run, "unused", (0, 1))


def test_starts(run, branch):
    with pytest.raises(TypeError, match="start from a SpecialPoint, a Cycle, .*or a PeriodicPoint, got dict"):
        dn.continue_cycles(known.folded, {"x": 1.0}, "mu", (0, 1))
    with pytest.raises(ValueError, match="belongs to another system"):
        dn.continue_cycles(fitzhugh_nagumo, run, "I", (0, 1))
    fold = dn.continue_equilibria(wong_wang.at(coh=0.1), "mu_0", (0, 60)).special_points("fold")[0]
    with pytest.raises(ValueError, match="no cycles start at a fold of equilibria"):
        dn.continue_cycles(wong_wang, fold, "mu_0", (0, 60))
    equilibria = dn.continue_equilibria(known.folded, "mu", (-1, 1), ranges={"x": (-2, 2), "y": (-2, 2)})
    other = dn.continue_cycles(known.folded, equilibria.special_points("hopf")[0], "mu", (-1, 1), points=4)
    with pytest.raises(ValueError, match="start from the Hopf point itself"):
        dn.continue_cycles(known.folded, other.cycles[0], "mu", (-1, 1))
    again = dn.continue_cycles(known.folded, branch.special_points("fold of cycles")[0], "mu", (-1, 1), points=5)
    assert len(again) >= 10 and again.values.min() == pytest.approx(-0.25, abs=1e-9)


def test_trajectories_that_do_not_settle(run):
    rest = dn.simulate(known.folded.at(mu=-0.5), 200.0)
    with pytest.raises(ConvergenceError, match="comes to rest at .*continue_equilibria"):
        dn.continue_cycles(known.folded, rest, "mu", (-1, 1))
    short = dn.simulate(known.folded.at(mu=0.5), 5.0)
    with pytest.raises(ConvergenceError, match="does not return .* Simulate longer"):
        dn.continue_cycles(known.folded, short, "mu", (-1, 1))
    from dynana.models import lorenz

    with pytest.raises(ConvergenceError, match="not settled on a cycle|does not return|does not converge"):
        dn.continue_cycles(lorenz, dn.simulate(lorenz, 40.0), "rho", (20, 40))
    with pytest.raises(ValueError, match="dense output"):
        dn.continue_cycles(known.folded, dn.simulate(known.folded, 60.0, times=np.arange(60.0)), "mu", (-1, 1))


def test_time_needs_a_period():
    run = dn.simulate(known.driven, 60.0)
    with pytest.raises(ModelError, match=r"contain the time t. Give the period of the forcing as forcing_period="):
        dn.continue_cycles(known.driven, run, "k", (0.5, 2))
    with pytest.raises(ValueError, match="not periodic in time with forcing_period = 6"):
        dn.continue_cycles(known.driven, run, "k", (0.5, 2), forcing_period=6.0)
    with pytest.raises(ValueError, match="forcing_period must be positive"):
        dn.continue_cycles(known.driven, run, "k", (0.5, 2), forcing_period=-1.0)
    swept = dn.simulate(known.driven_at, 60.0)
    with pytest.raises(ValueError, match=r"changes with omega, which varies: give it as a function of the"):
        dn.continue_cycles(known.driven_at, swept, "omega", (0.5, 2), forcing_period=TURN)
    with pytest.raises(ValueError, match="must be a number, or proportional to one of the varied parameters"):
        dn.continue_cycles(known.driven_at, swept, "omega", (0.5, 2), forcing_period=lambda p: TURN / p["omega"] + 1)
    pulsed = dn.simulate(known.folded, 60.0, inputs={"mu": dn.sinusoid(0.1, frequency=0.1)})
    with pytest.raises(ValueError, match="was driven by inputs"):
        dn.continue_cycles(known.folded, pulsed, "omega", (0.5, 2))


def test_smooth_cycles_of_a_jump_model_end_at_the_threshold():
    @dn.model
    def capped(x=0.9, y=0.0, *, mu=0.25):
        r = x * x + y * y
        return (mu - r) * x - y, (mu - r) * y + x, dn.Jump(when=x > 0.8, to={x: 0.0}, name="spike")

    branch = dn.continue_cycles(capped, dn.simulate(capped, 60.0, start={"x": 0.3}, max_step=0.1), "mu", (0.1, 2.0))
    assert {s.reason for s in branch.stops} == {"end of range", "grazing"}
    assert 0.5 < branch.values.max() < 0.64 and "threshold of a jump" in str([*map(str, branch.stops)])


def test_equations_that_stop_being_finite():
    @dn.model
    def walled(x=1.0, y=0.0, *, mu=1.0):
        r = x * x + y * y
        return (mu - r) * x - y + 0 * dn.log(2 - mu), (mu - r) * y + x + 1e-9 * dn.log(2 - mu)

    branch = dn.continue_cycles(walled, dn.simulate(walled, 60.0, max_step=0.1), "mu", (0.5, 4.0))
    stop = branch.stops[1]
    assert stop.reason == "step too small" and "not finite beyond this cycle" in stop.message
    assert len(branch) > 3 and 1.9 < branch.values.max() <= 2.0


def test_kinks_are_said():
    @dn.model
    def kinked(x=1.0, y=0.0, *, mu=1.0):
        r = x * x + y * y
        return (mu - r) * x - y + 0.1 * dn.absolute(x), (mu - r) * y + x

    branch = dn.continue_cycles(kinked, dn.simulate(kinked, 60.0, max_step=0.1), "mu", (0.5, 1.5))
    assert "kinks" in branch.origin and "cut there (x = 0)" in branch.origin and "kinks" in repr(branch)
    assert {s.reason for s in branch.stops} == {"end of range"}


def test_two_parameters_end_at_either_range(branch):
    held = dn.continue_cycles(known.ring, dn.simulate(known.ring, 60.0, max_step=0.1), "k", (-2, 2)).cycles[3]
    curve = dn.continue_cycles(known.ring, held, ("k", "omega"), ((-2, 2), (0.9, 1.05)))
    assert all(stop.reason == "end of range" and "omega" in stop.message for stop in curve.stops)


def test_periods_that_grow_end_a_branch():
    run = dn.simulate(known.rotor, 50.0, max_step=0.1)
    branch = dn.continue_cycles(known.rotor, run, "I", (0.5, 3), longest_period=40.0)
    stop = next(s for s in branch.stops if s.reason == "period too long")
    assert "saddle-node on an invariant circle" in stop.message
    assert branch.periods.max() > 40.0


def test_progress_is_silent_unless_asked(run, capsys):
    dn.continue_cycles(known.folded, run, "mu", (-1, 1), progress=True)
    assert capsys.readouterr().err == ""  # shorter than two seconds
    from dynana.analysis.curve_progress import CurveProgress

    line = CurveProgress("folded", ("period", "mu"), True)
    line._next = 0.0
    line.report([6.28, 0.5])
    line.finish()
    assert "folded: 1 points, period = 6.28, mu = 0.5" in capsys.readouterr().err


def test_memory_is_bounded(run, monkeypatch):
    from dynana.analysis import cycle_results

    monkeypatch.setattr(cycle_results, "MEMORY", 60_000)
    branch = dn.continue_cycles(known.folded, run, "mu", (-1, 1))
    assert 2 <= len(branch.kept) < len(branch) and "are kept" in repr(branch)
    assert all(s.cycle is not None for s in branch.special if s.kind != "hopf")
    np.testing.assert_array_equal(branch.cycles[1].parameters["mu"], branch.values[branch.kept[1]])


def test_hodgkin_huxley_in_another_parameter():
    hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")[1]
    branch = dn.continue_cycles(hodgkin_huxley, hopf, "g_K", (30.0, 42.0), points=30)
    assert len(branch) > 5 and branch.special[0].kind == "hopf"
