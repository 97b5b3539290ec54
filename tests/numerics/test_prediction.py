"""Where steps start their search, against curves that are known."""

from __future__ import annotations

import numpy as np
import pytest

from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import quadrature, slopes, times
from dynana.numerics.prediction import FARTHEST, bend

INTERVALS, STAGES, SPEED = 6, 4, 0.5
SCHEME = gauss_scheme(STAGES)
WIDTHS = np.linspace(1.0, 2.0, INTERVALS) / np.linspace(1.0, 2.0, INTERVALS).sum()
SIZE = 2 * (INTERVALS * (STAGES + 1) + 1) + 2


def orbit(z, tangent) -> Orbit:
    return Orbit(z, tangent, np.array([INTERVALS]), WIDTHS, 2, STAGES, np.zeros(8))


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
    behind = slope(-SPEED)
    here = orbit(value(0.0), slope(0.0)).after((value(-SPEED), behind / np.sqrt((metric * behind) @ behind)))
    for step in (0.1, SPEED, 2.0 * SPEED):
        aside = bend(here, step, metric, False)
        np.testing.assert_allclose(value(0.0) + step * slope(0.0) + aside, value(step), atol=1e-13)


def test_nothing_is_added_without_an_orbit_behind_or_far_beyond_it(curve):
    metric, value, slope = curve
    alone = orbit(value(0.0), slope(0.0))
    far = orbit(value(0.0), slope(0.0)).after((value(-SPEED), slope(-SPEED)))
    for here, step in ((alone, SPEED), (far, 1.01 * FARTHEST * SPEED), (far, -SPEED)):
        assert not bend(here, step, metric, False).any()


def test_the_phase_condition_is_satisfied_beforehand():
    t = 2.0 * np.pi * times(WIDTHS, SCHEME)
    circle = np.stack((np.cos(t), np.sin(t)), axis=1)
    z = np.concatenate((circle.ravel(), (2.0 * np.pi, 0.0)))
    tangent = np.concatenate((0.3 * circle.ravel() + 0.2 * slopes(circle, WIDTHS, SCHEME).ravel(), (0.1, 1.0)))
    here = orbit(z, tangent)
    metric = np.concatenate((np.repeat(quadrature(here.counts, WIDTHS, SCHEME), 2), (0.1, 0.1)))
    row = metric * np.concatenate((slopes(circle, WIDTHS, SCHEME).ravel(), (0.0, 0.0)))
    aside = bend(here, 0.05, metric, True)
    assert abs(row @ (0.05 * tangent)) > 1e-3
    assert row @ (0.05 * tangent + aside) == pytest.approx(0.0, abs=1e-14)


def test_slopes_of_polynomials_are_exact():
    t = times(WIDTHS, SCHEME)
    x = np.stack((t**4 - 2.0 * t**3 + t**2, 3.0 * t), axis=1)
    expected = np.stack((4.0 * t**3 - 6.0 * t**2 + 2.0 * t, np.full_like(t, 3.0)), axis=1)
    np.testing.assert_allclose(slopes(x, WIDTHS, SCHEME), expected, atol=1e-12)
