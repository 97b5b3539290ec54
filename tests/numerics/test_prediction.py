"""Where steps start their search, against curves that are known."""

from __future__ import annotations

import numpy as np
import pytest

from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import quadrature, times
from dynana.numerics.prediction import FARTHEST, bend, into_phase, phase_row

INTERVALS, STAGES, SPEED = 6, 4, 0.5
SCHEME = gauss_scheme(STAGES)
WIDTHS = np.linspace(1.0, 2.0, INTERVALS) / np.linspace(1.0, 2.0, INTERVALS).sum()
GRID = (np.array([INTERVALS]), WIDTHS)
SIZE = 2 * (INTERVALS * (STAGES + 1) + 1) + 2
NOTHING = (np.zeros(0), np.zeros(0))


def aside(z, tangent, step, metric, behind):
    """Return the bend."""
    out = np.full_like(z, np.nan)
    bend(z, tangent, step, metric, behind, out)
    return out


@pytest.fixture
def curve():
    """Return a metric and a cubic curve: its value and its derivative at s, where s is the length along its tangent."""
    rng = np.random.default_rng(3)
    metric = rng.uniform(0.5, 2.0, SIZE) / SIZE
    start, along, second, third = rng.normal(size=(4, SIZE))
    along /= np.sqrt((metric * along) @ along)
    second, third = (0.1 * (v - ((metric * along) @ v) * along) for v in (second, third))
    return (
        metric,
        lambda s: start + s * (along + s * (second + s * third)),
        lambda s: along + s * (2.0 * second + 3.0 * s * third),
    )


def test_cubic_curves_are_continued_exactly(curve):
    metric, value, slope = curve
    before = slope(-SPEED)
    behind = value(-SPEED), before / np.sqrt((metric * before) @ before)
    for step in (0.1, SPEED, 2.0 * SPEED):
        beside = aside(value(0.0), slope(0.0), step, metric, behind)
        np.testing.assert_allclose(value(0.0) + step * slope(0.0) + beside, value(step), atol=1e-13)


def test_nothing_is_added_without_an_orbit_behind_or_far_beyond_it(curve):
    metric, value, slope = curve
    behind = value(-SPEED), slope(-SPEED)
    for before, step in ((NOTHING, SPEED), (behind, 1.01 * FARTHEST * SPEED), (behind, -SPEED)):
        assert not aside(value(0.0), slope(0.0), step, metric, before).any()


def test_the_phase_condition_is_satisfied_beforehand():
    t = 2.0 * np.pi * times(WIDTHS, SCHEME)
    circle, speed = np.stack((np.cos(t), np.sin(t)), axis=1), 2.0 * np.pi * np.stack((-np.sin(t), np.cos(t)), axis=1)
    z = np.concatenate((circle.ravel(), (2.0 * np.pi, 0.0)))
    tangent = np.concatenate((0.3 * circle.ravel() + 0.2 * speed.ravel(), (0.1, 1.0)))
    row, sizes = np.empty_like(z), np.array([1.0, 2.0])
    phase_row(z, GRID, (SCHEME.points, SCHEME.weights), SCHEME.slopes, sizes, row)
    weights = quadrature(*GRID, SCHEME)[:, None] / sizes**2
    np.testing.assert_allclose(row[:-2], (weights * speed).ravel(), atol=1e-3)  # of polynomials on six intervals
    beside = np.zeros_like(z)
    into_phase(z, tangent, 0.05, row, GRID, SCHEME.slopes, 2, beside)
    assert abs(row @ (0.05 * tangent)) > 1e-3
    assert row @ (0.05 * tangent + beside) == pytest.approx(0.0, abs=1e-14)
    np.testing.assert_allclose(beside[:-2], -0.01 * speed.ravel(), atol=1e-3)


def test_slopes_of_polynomials_are_exact():
    t = SCHEME.nodes
    x = np.stack((t**4 - 2.0 * t**3 + t**2, 3.0 * t), axis=1)
    expected = np.stack((4.0 * t**3 - 6.0 * t**2 + 2.0 * t, np.full_like(t, 3.0)), axis=1)
    np.testing.assert_allclose(SCHEME.slopes @ x, expected, atol=1e-12)
