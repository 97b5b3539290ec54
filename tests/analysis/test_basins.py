"""Basins against symmetry, closed forms, the stable manifolds of saddles, and single runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.models import lif, morris_lecar, wong_wang

X, Y = sp.symbols("x y", real=True)
WELLS = dn.System({X: Y, Y: X - X**3 - Y / 2}, initial={X: 0.5, Y: 0.0}, name="wells")
NOISY = dn.System({X: -X}, initial={X: 0.0}, noise=[dn.Noise({X: 1})], name="noisy")


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


@pytest.mark.parametrize(
    ("system", "options", "error", "words"),
    [
        (WELLS, {}, ValueError, "need the ranges"),
        (WELLS, {"z": (0, 1)}, ValueError, "'z'"),
        (WELLS, {"x": (1, 0)}, ValueError, "range of 'x'"),
        (WELLS, {"x": (0, 1), "size": 1}, ValueError, "size must be"),
        (WELLS, {"x": (0, 1), "y": (0, 1), "attractors": []}, ValueError, "give t="),
        (WELLS, {"x": (0, 1), "t": -1.0}, ValueError, "t must be"),
        (lif, {"V": (-70, -50)}, dn.ModelError, "has jumps"),
        (NOISY, {"x": (0, 1)}, dn.ModelError, "has noise"),
        ("wells", {"x": (0, 1)}, TypeError, "takes a System"),
    ],
)
def test_bad_input(system: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dn.basins(system, **options)
