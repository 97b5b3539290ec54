"""Surfaces against closed forms, symmetry, and orbits that must come to the equilibrium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import lif, lorenz, van_der_pol

X, Y, Z = sp.symbols("x y z", real=True)
CUBE = {"x": (-3.0, 3.0), "y": (-3.0, 3.0), "z": (-3.0, 3.0)}
#: Its stable manifold is z = -x^2/4 - x y/6.
GRAPH = dn.System({X: -X, Y: -3 * Y, Z: 2 * Z + X**2 + Y * X}, ranges=CUBE, name="graph")
SPIRAL = dn.System({X: X - 4 * Y, Y: 4 * X + Y, Z: -2 * Z}, ranges=CUBE, name="spiral")


def origin(system: dn.System) -> Any:
    return next(p for p in dn.fixed_points(system) if np.max(np.abs(p.point)) < 1e-6)


def test_a_curved_surface_in_closed_form(tmp_path: Path) -> None:
    found = dn.manifold_surface(GRAPH, origin(GRAPH), 1.0, step=0.1)
    x, y, z = found.points.T
    outer = found.distances > 0.3
    assert np.max(np.abs(z + x**2 / 4 + x * y / 6)[outer]) < 2e-5
    assert np.max(np.abs(z + x**2 / 4 + x * y / 6)) < 2e-4  # the first ring is on the tangent plane
    ring = found.ring(-1)
    angle = np.linspace(0.0, 2 * np.pi, 7)
    r = np.linspace(0.0, 1.2, 4001)
    for direction in np.stack((np.cos(angle), np.sin(angle)), axis=1):  # lengths of sections across the surface
        bend = -(direction[0] ** 2) / 4 - direction[0] * direction[1] / 6
        along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(r), np.diff(bend * r**2)))))
        nearest = ring[np.argmax(ring[:, :2] @ direction / np.linalg.norm(ring[:, :2], axis=1))]
        assert np.linalg.norm(nearest[:2]) == pytest.approx(np.interp(1.0, along, r), abs=0.01)
    # a polygon of so many corners in a circle, but for the curvature of the surface
    assert found.area == pytest.approx(np.pi, rel=0.02)
    again = dn.load(found.save(tmp_path / "surface.npz"))
    assert np.array_equal(again.triangles, found.triangles) and again._columns()["distance"].size == len(found.points)


def test_the_mesh_is_closed() -> None:
    found = dn.manifold_surface(GRAPH, origin(GRAPH), 0.6, step=0.1)
    edges = np.sort(np.concatenate([found.triangles[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 0))]), axis=1)
    pairs, counts = np.unique(edges, axis=0, return_counts=True)
    assert set(counts.tolist()) == {1, 2}
    border = pairs[counts == 1]
    assert border.min() == found.rings[-2] and len(border) == len(found.ring(-1))  # only the last ring is a border
    assert len(found.points) - len(pairs) + len(found.triangles) == 1  # a disc


def test_a_spiral_spans_its_plane() -> None:
    found = dn.manifold_surface(SPIRAL, origin(SPIRAL), 1.0, kind="unstable", step=0.1)
    assert np.max(np.abs(found.points[:, 2])) < 1e-9
    assert np.linalg.norm(found.points, axis=1) == pytest.approx(found.distances, abs=1e-3)


def test_lorenz_manifold() -> None:
    found = dn.manifold_surface(lorenz, origin(lorenz), 12.0, step=2.0)
    assert found.stop.reason == "finished"
    ring = found.ring(-1)
    mirrored = ring * np.array([-1.0, -1.0, 1.0])
    assert max(np.min(np.linalg.norm(ring - m, axis=1)) for m in mirrored) < 1e-4
    top = ring[np.argmax(ring[:, 2])]  # the z-axis is on it
    assert top == pytest.approx([0.0, 0.0, 12.0], abs=1e-6)

    def flow(_: float, s: np.ndarray) -> list[float]:
        x, y, z = s
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    away, slow = 11.827723, 8 / 3  # a distance e off the surface comes no nearer than (e/d)^(slow/(slow + away)) d
    for start in ring[::9]:
        run = solve_ivp(flow, (0.0, 1.5), start, rtol=1e-10, atol=1e-12, max_step=0.02)
        nearest = np.min(np.linalg.norm(run.y, axis=0)) / np.linalg.norm(start)
        assert nearest ** ((slow + away) / slow) < 1e-5


@pytest.mark.parametrize(
    ("system", "options", "error", "words"),
    [
        ("lorenz", {}, TypeError, "takes a System"),
        (lif, {}, dn.ModelError, "has jumps"),
        (van_der_pol, {}, dn.ModelError, "has 2 states"),
        (GRAPH, {"kind": "slow"}, ValueError, "'slow'"),
        (GRAPH, {"kind": "unstable"}, ValueError, "has 1 unstable direction"),
        (GRAPH, {"distance": -1.0}, ValueError, "distance must be"),
        (GRAPH, {"step": 0.0}, ValueError, "step must be"),
        (lorenz, {}, ValueError, "is one of graph"),
    ],
)
def test_bad_input(system: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dn.manifold_surface(system, origin(GRAPH), **{"distance": 1.0, **options})
