"""Basins against symmetry, closed forms, the stable manifolds of saddles, and single runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.models import izhikevich, morris_lecar, quadratic_if_normal, wong_wang

X, Y = sp.symbols("x y", real=True)
WELLS = dn.System({X: Y, Y: X - X**3 - Y / 2}, initial={X: 0.5, Y: 0.0}, name="wells")
NOISY = dn.System({X: -X}, initial={X: 0.0}, noise=[dn.Noise({X: 1})], name="noisy")
KINKED = dn.System({X: -dn.absolute(X), Y: -Y}, jumps=[dn.Jump(when=X > 1, to={X: 0}, name="spike")], name="kinked")


def test_two_wells_of_a_line_share_it_at_the_saddle() -> None:
    line = dn.System({X: X - X**3}, initial={X: 0.1}, name="line")
    found = dn.basins(line, x=(-1.5, 3.0), size=300)
    assert [a.points[0, 0] for a in found.attractors] == pytest.approx([-1.0, 1.0])
    assert np.array_equal(found.labels, (found.axes["x"] > 0).astype(int))
    assert found.fractions == pytest.approx([1 / 3, 2 / 3], abs=1e-12)


def test_the_boundary_of_two_wells_is_the_stable_manifold_of_the_saddle() -> None:
    found = dn.basins(WELLS, x=(-2, 2), y=(-2, 2), size=80)
    assert found.fractions == pytest.approx([0.5, 0.5], abs=1e-12)  # (x, y) -> (-x, -y)
    assert np.array_equal(found.labels, 1 - found.labels[::-1, ::-1])
    boundary = np.argwhere(found.boundary)
    centres = np.stack([found.axes["x"][boundary[:, 0]], found.axes["y"][boundary[:, 1]]], axis=1)
    lines = np.concatenate([m.points for m in found.manifolds])
    away = [np.min(np.linalg.norm(lines - c, axis=1)) for c in centres]
    assert max(away) < 2 * 4 / 80  # a cell and a half, and the distance of the points of the manifold


def test_the_decision_model() -> None:
    found = dn.basins(wong_wang.at(mu_0=30, coh=0.1), S1=(0, 1), S2=(0, 1), size=60)
    assert [a.kind for a in found.attractors] == ["fixed point"] * 2
    assert found.fraction(-1) == found.fraction(-2) == 0.0
    assert found.fractions[1] > 0.55  # towards the favoured choice
    finer = dn.basins(wong_wang.at(mu_0=30, coh=0.1), S1=(0, 1), S2=(0, 1), size=240)
    assert np.all(np.abs(found.fractions - finer.fractions) < 3 * found.errors)


def test_starts_on_the_boundary_stay_undecided_and_are_counted() -> None:
    found = dn.basins(wong_wang.at(mu_0=30), S1=(0, 1), S2=(0, 1), size=21)
    assert np.array_equal(np.argwhere(found.labels == -1), np.repeat(np.arange(21), 2).reshape(21, 2))
    assert len(found.attractors) == 2 and "not settled" in str(found)


def test_bistable_morris_lecar_rests_or_fires() -> None:
    system = morris_lecar.at(I=90.0, V_Ca=120.0)  # between the fold of cycles 88.29 and the Hopf point 93.86
    found = dn.basins(system, V=(-70, 50), W=(0, 0.6), size=40)
    assert [a.kind for a in found.attractors] == ["fixed point", "cycle"]
    assert found.attractors[1].period == pytest.approx(102.727, abs=0.1)
    rng = np.random.default_rng(1)
    for i, j in [*np.argwhere(found.labels == 0)[::6], *rng.integers(0, 40, (12, 2))]:
        start = {"V": found.axes["V"][i], "W": found.axes["W"][j]}
        run = dn.simulate(system, 3_000.0, start=start)
        assert (np.ptp(run["V"][run.t > 2_800.0]) > 20.0) == (found.labels[i, j] == 1)


def test_what_escapes_is_said() -> None:
    away = dn.System({X: X - X**3 / 3, Y: Y**2 - 1}, initial={X: 0.1, Y: 0.0}, name="away")
    found = dn.basins(away, x=(-2, 2), y=(-2, 2), size=40)
    assert found.fraction(-2) == pytest.approx(0.25)  # y > 1
    assert "left every bound" in str(found)


def test_known_attractors_are_taken_and_results_are_kept(tmp_path: Path) -> None:
    points = dn.fixed_points(WELLS, x=(-2, 2), y=(-2, 2))
    one = [p for p in points if p.stable][:1]
    found = dn.basins(WELLS, x=(-2, 2), y=(-2, 2), size=20, attractors=one, t=60.0)
    assert len(found.attractors) == 1 and found.fraction(-1) == pytest.approx(0.5)
    again = dn.load(found.save(tmp_path / "basins.npz"))
    assert np.array_equal(again.labels, found.labels) and again._columns()["label"].size == 400


def test_a_neuron_that_rests_or_fires_in_closed_form() -> None:
    system = quadratic_if_normal.at(I=-1.0, V_reset=2.0)  # rests at -1, fires from beyond +1
    found = dn.basins(system, v=(-3, 8), size=200)
    assert [a.kind for a in found.attractors] == ["fixed point", "cycle"]
    assert np.array_equal(found.labels, (found.axes["v"] > 1.0).astype(int))
    period = 0.5 * np.log(9 / 11 * 3)  # of v' = v^2 - 1 from 2 to 10
    assert found.attractors[1].period == pytest.approx(period, abs=1e-7)
    assert found.fraction(-1) == found.fraction(-2) == 0.0


def test_a_bistable_neuron_is_parted_by_the_stable_manifold_of_its_saddle() -> None:
    system = izhikevich.at(I=3.5, c=-45.0, d=0.5)
    found = dn.basins(system, v=(-80, 0), u=(-16, 0), size=40)
    assert [a.kind for a in found.attractors] == ["fixed point", "cycle"] and found.fraction(-1) == 0.0
    period = dn.spike_map(system, u=(-5, 1), size=50).points[0].period
    assert found.attractors[1].period == pytest.approx(period, abs=1e-5)
    v = found.axes["v"][np.argwhere(found.boundary)[:, 0]]
    distances = found.boundary_distances
    assert np.sum(v < -46) > 30 and distances[v < -46].max() < 1.5
    assert distances.max() > 5  # right of the reset: one more spike carries u over the manifold
    rng = np.random.default_rng(2)
    for i, j in rng.integers(0, 40, (16, 2)):
        run = dn.simulate(system, 400.0, start=[found.axes["v"][i], found.axes["u"][j]])
        assert (len(run.jump_times) > 50) == (found.labels[i, j] == 1)


def test_starts_that_a_jump_leads_to_rest_are_far_from_the_manifold() -> None:
    system = izhikevich.at(I=0.24, a=0.1, b=0.26, c=-60.0, d=0.0)
    found = dn.basins(system, v=(-80, 0), u=(-20, -10), size=30)
    spiking = dn.spike_map(system, u=(-20, -10), size=60).stable[0]
    assert found.attractors[1].period == pytest.approx(spiking.period, abs=1e-4)
    assert found.fraction(0) > 0.02 and found.boundary_distances.max() > 3
    cells = np.argwhere(found.labels == 0)
    for i, j in cells[::8]:
        run = dn.simulate(system, 2000.0, start=[found.axes["v"][i], found.axes["u"][j]])
        assert np.allclose(run.y[-1], found.attractors[0].points[0], atol=0.1)


@pytest.mark.parametrize(
    ("system", "options", "error", "words"),
    [
        (WELLS, {}, ValueError, "need the ranges"),
        (WELLS, {"z": (0, 1)}, ValueError, "'z'"),
        (WELLS, {"x": (1, 0)}, ValueError, "range of 'x'"),
        (WELLS, {"x": (0, 1), "size": 1}, ValueError, "size must be"),
        (WELLS, {"x": (0, 1), "y": (0, 1), "attractors": []}, ValueError, "give t="),
        (WELLS, {"x": (0, 1), "t": -1.0}, ValueError, "t must be"),
        (KINKED, {"x": (0, 1), "t": 10.0}, dn.ModelError, "kinks"),
        (NOISY, {"x": (0, 1)}, dn.ModelError, "has noise"),
        ("wells", {"x": (0, 1)}, TypeError, "takes a System"),
    ],
)
def test_bad_input(system: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dn.basins(system, **options)
