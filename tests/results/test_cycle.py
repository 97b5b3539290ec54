"""Cycles as results: extrema, means, states at any time, files."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dynana as dn
from dynana.results import collocated
from dynana.results.cycle import Cycle, Segment
from dynana.results.cycle_branch import CycleBranch
from dynana.results.stop import Stop

STAGES, INTERVALS = 4, 30


def nodes(widths):
    gauss = 0.5 * (np.polynomial.legendre.leggauss(STAGES)[0] + 1)
    left = np.concatenate(([0.0], np.cumsum(widths)[:-1]))
    inside = left[:, None] + widths[:, None] * np.concatenate(([0.0], gauss))
    return np.append(inside.ravel(), 1.0)


def wave(t):
    """Period 3, with maxima and minima that lie between nodes."""
    a = 2 * math.pi * t / 3.0
    return np.stack([np.cos(a - 0.123), 5.0 + np.sin(a) + 0.3 * np.cos(2 * a + 1.0)], axis=-1)


@pytest.fixture(params=["uniform", "graded"])
def cycle(request):
    widths = np.ones(INTERVALS) if request.param == "uniform" else 1.0 + 0.8 * np.sin(np.arange(INTERVALS))
    widths /= widths.sum()
    t = 3.0 * nodes(widths)
    segment = Segment(first=0, last=t.size - 1, duration=3.0, stages=STAGES, widths=widths)
    return Cycle(
        system="wave", fingerprint="f", states=("x", "y"), parameters={"a": 1.0}, times=t, points=wave(t),
        segments=(segment,), period=3.0, log_moduli=np.array([0.0, -30.0]), phases=np.array([0.0, math.pi]),
        trace=-30.0, stable=True, error=1e-7, residual=1e-12,
    )  # fmt: skip


def test_extrema_lie_on_the_polynomials_not_at_nodes(cycle):
    fine = wave(np.linspace(0, 3, 200_001))
    np.testing.assert_allclose(cycle.maxima, fine.max(axis=0), atol=2e-7)
    np.testing.assert_allclose(cycle.minima, fine.min(axis=0), atol=2e-7)
    assert cycle.maxima[0] > cycle.points[:, 0].max() + 1e-6  # the nodes miss it
    # not less than the polynomial anywhere, and reached to rounding
    _, x = cycle.sample(100_001)
    assert (x.max(axis=0) <= cycle.maxima + 1e-14).all()
    np.testing.assert_allclose(x.max(axis=0), cycle.maxima, atol=1e-8)
    np.testing.assert_allclose(cycle.amplitude, cycle.maxima - cycle.minima)


@pytest.mark.parametrize("phase", [-1e-3, -1e-9, 0.0, 1e-9, 1e-3])
def test_extrema_next_to_the_start_are_found_on_either_side_of_it(phase):
    t = nodes(np.full(INTERVALS, 1.0 / INTERVALS))
    points = np.stack([np.cos(2 * np.pi * t - phase), -np.cos(2 * np.pi * t - phase)], axis=-1)
    high, low = collocated.extrema(points, STAGES)
    fine, _ = collocated.extrema(np.stack([np.cos(2 * np.pi * t - np.pi / INTERVALS)], axis=-1), STAGES)
    assert fine[0] == pytest.approx(1.0, abs=5e-8)  # error of the polynomials, in the middle of an interval
    np.testing.assert_allclose([high, -low], 1.0, atol=5e-8)


def test_mean_is_that_over_time(cycle):
    np.testing.assert_allclose(cycle.mean, [0.0, 5.0], atol=1e-9)
    assert cycle.frequency == 1 / 3


def test_states_at_any_time(cycle):
    t = np.array([[0.0, 0.7, 2.9], [3.0, -0.2, 100.3]])
    np.testing.assert_allclose(cycle.state(t), wave(t), atol=1e-6)
    assert cycle.state(0.7).shape == (2,)
    times, x = cycle.sample(7)
    np.testing.assert_allclose(times, np.linspace(0, 3, 7))
    np.testing.assert_allclose(x, wave(times), atol=1e-6)
    gauss = np.arange(len(cycle)) % (STAGES + 1) > 0
    np.testing.assert_allclose(cycle.state(cycle.times[gauss]), cycle.points[gauss], atol=1e-13)
    with pytest.raises(ValueError, match="at least 2"):
        cycle.sample(1)


def test_an_angle_gains_full_turns(cycle):
    t = cycle.times
    points = np.stack([2 * math.pi * t / 3.0, np.cos(2 * math.pi * t / 3.0)], axis=1)
    turning = Cycle(**{n: getattr(cycle, n) for n in cycle.__dataclass_fields__} | {"points": points})
    np.testing.assert_allclose(turning.state(7.0), [2 * math.pi * 7 / 3, math.cos(2 * math.pi * 7 / 3)], atol=1e-6)


def test_words_columns_and_multipliers(cycle):
    assert cycle["x"].shape == (len(cycle),)
    with pytest.raises(KeyError, match="Known: x, y"):
        cycle["z"]
    np.testing.assert_allclose(cycle.multipliers, [1.0, -math.exp(-30)])
    assert "stable cycle, period 3" in repr(cycle) and "multipliers 1" in cycle.sentence
    pytest.importorskip("pandas")
    assert list(cycle.to_dataframe().columns) == ["segment", "t", "x", "y"]


def test_shapes_are_checked(cycle):
    with pytest.raises(ValueError, match="rows"):
        Segment(first=0, last=3, duration=1.0, stages=4, widths=np.ones(2))
    fields = {n: getattr(cycle, n) for n in cycle.__dataclass_fields__}
    with pytest.raises(ValueError, match="points must have shape"):
        Cycle(**fields | {"points": np.zeros((3, 2))})
    with pytest.raises(ValueError, match="segments have"):
        Cycle(**fields | {"segments": ()})


def test_two_segments_joined_by_a_jump():
    """x' = 1 from 0 to 1, then held at 0 for half a unit."""
    w = np.full(5, 0.2)
    s = nodes(w)
    first = Segment(first=0, last=s.size - 1, duration=1.0, stages=STAGES, widths=w, jump="spike")
    rest = Segment(first=s.size, last=2 * s.size - 1, duration=0.5, stages=STAGES, widths=w, held=("x",))
    cycle = Cycle(
        system="s", fingerprint="f", states=("x",), parameters={}, times=np.concatenate((s, 1 + 0.5 * s)),
        points=np.concatenate((s, 0 * s))[:, None], segments=(first, rest), period=1.5, log_moduli=np.zeros(1),
        phases=np.zeros(1), trace=0.0, stable=True, error=0.0, residual=0.0,
    )  # fmt: skip
    np.testing.assert_allclose(cycle.mean, 0.5 / 1.5)
    np.testing.assert_allclose(cycle.state([0.25, 1.0, 1.2, 1.75])[:, 0], [0.25, 0.0, 0.0, 0.25], atol=1e-14)
    assert cycle.maxima[0] == pytest.approx(1.0) and "1 jump:" in cycle.sentence


def branch_of(cycles, kept):
    k = len(cycles)
    return CycleBranch(
        system="wave", fingerprint="f", states=("x", "y"), parameter="a", parameters={"a": 0.0, "b": 2.0},
        values=np.arange(float(k)), periods=np.array([c.period for c in cycles]),
        maxima=np.array([c.maxima for c in cycles]), minima=np.array([c.minima for c in cycles]),
        means=np.array([c.mean for c in cycles]), log_moduli=np.array([c.log_moduli for c in cycles]),
        phases=np.array([c.phases for c in cycles]), stable=np.ones(k, bool), special=(),
        stops=(Stop(reason="end of range"), Stop(reason="hopf")), origin="made by hand", closed=False,
        kept=np.array(kept), orbits=tuple(cycles[i].points for i in kept), times=tuple(cycles[i].times for i in kept),
        widths=tuple(cycles[i].segments[0].widths for i in kept), durations=np.full((len(kept), 1), 3.0),
        pattern=cycles[0].segments, counts=np.full((len(kept), 1), INTERVALS), traces=np.zeros(k), errors=np.zeros(k),
        residuals=np.zeros(k),
    )  # fmt: skip


def test_orbits_of_a_branch_are_reachable(cycle, tmp_path):
    branch = branch_of([cycle, cycle, cycle], [0, 2])
    assert len(branch) == 3 and len(branch.cycles) == 2
    again = branch.cycles[-1]
    assert again.parameters == {"a": 2.0, "b": 2.0}
    np.testing.assert_array_equal(again.points, cycle.points)
    assert [c.parameters["a"] for c in branch.cycles] == [0.0, 2.0] and len(branch.cycles[:1]) == 1
    with pytest.raises(IndexError, match="2 orbits are kept"):
        branch.cycles[2]
    np.testing.assert_array_equal(branch["period"], branch.periods)
    np.testing.assert_array_equal(branch["y"], branch.maxima[:, 1])
    assert branch["a"] is branch.values and branch.special_points("period doubling") == ()
    with pytest.raises(KeyError, match="did you mean|Known"):
        branch["z"]
    assert "orbits of 2 of them are kept" in repr(branch)
    loaded = dn.load(branch.save(tmp_path / "branch.npz"))
    assert repr(loaded) == repr(branch) and repr(loaded.cycles[1]) == repr(again)
    assert dn.load(cycle.save(tmp_path / "cycle.npz")).sentence == cycle.sentence
    pytest.importorskip("pandas")
    assert len(branch.to_dataframe()) == 3
    with pytest.raises(ValueError, match="as many"):
        CycleBranch(**{n: getattr(branch, n) for n in branch.__dataclass_fields__} | {"kept": np.arange(3)})
