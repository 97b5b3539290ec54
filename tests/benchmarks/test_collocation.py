"""What a continuation step of a Hodgkin-Huxley orbit costs on 60 intervals with 4 Gauss points.

Run on request: ``pytest tests/benchmarks/test_collocation.py -s``. AUTO-07p: 0.56 ms for the same step.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from dynana.models.conductance import hodgkin_huxley
from dynana.numerics.closures import periodic
from dynana.numerics.collocation_newton import CHORDS, STEPS
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations
from dynana.numerics.compilation import compiled
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.numerics.signatures import MATRIX, VECTOR
from tests.numerics.orbits import of_model, settled

START = np.array([-20.0, 0.443996442196885095, 0.329920623388848236, 0.459078714998040584])
PERIOD = 14.6362099898315574

STEP_LIMIT = 0.8
"""Milliseconds that a step may take, with multipliers; three times what it takes on an idle machine."""

RING_LIMITS = {10: 0.06, 50: 2.1, 200: 80.0}
"""Milliseconds that a step along a curve of waves on a ring of so many units may take for each mesh interval: about
three times what it takes. Large matrices are eliminated in blocks; before, it took 3.5 and 360 for the last two."""


def fastest(call: Callable[[], object], repeats: int = 300) -> float:
    """Shortest processor time in microseconds: other work on the machine only ever adds."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return 1e6 * best


def hodgkin_huxley_orbit(intervals: int) -> tuple[OrbitCurve, Orbit]:
    return settled(of_model(hodgkin_huxley.at(I=10.0), ["I"]), START, PERIOD, intervals)


def test_step_and_multipliers():
    curve, orbit = hodgkin_huxley_orbit(60)
    base = curve.prepare(orbit)
    once = fastest(lambda: curve.advance(base, 1e-7))
    step = fastest(lambda: curve.advance(base, 0.01))
    found = curve.advance(base, 0.01).point
    spectrum = fastest(lambda: curve.spectrum(found))
    resolved = fastest(lambda: curve.spectrum(found, resolved=True), 50)
    print(
        f"\none full Newton iteration and tangent {once:.0f} us; step {step:.0f} us ({found.report[STEPS]:.0f} full, "
        f"{found.report[CHORDS]:.0f} chord); multipliers {spectrum:.0f} us, resolved {resolved:.0f} us"
    )
    assert step + spectrum < 1e3 * STEP_LIMIT


def test_cost_is_linear_in_intervals():
    costs = []
    for intervals in (40, 160):
        curve, orbit = hodgkin_huxley_orbit(intervals)
        base = curve.prepare(orbit)
        costs.append(fastest(lambda c=curve, b=base: c.advance(b, 1e-7), 100))  # type: ignore[misc]
    print(f"\n40 intervals {costs[0]:.0f} us, 160 intervals {costs[1]:.0f} us")
    assert costs[1] / costs[0] == pytest.approx(4.0, rel=0.35)


@compiled(VECTOR)
def ring(t, y, p, out):
    """Rate units in a ring: each excites the next, the last one inhibits the first; ``p`` is the gain."""
    n = y.size
    for i in range(n):
        out[i] = -y[i] + np.tanh(p[0] * (y[i - 1] if i > 0 else -y[n - 1]))


@compiled(MATRIX)
def ring_jacobian(t, y, p, out):
    n = y.size
    for i in range(n):
        for k in range(n):
            out[i, k] = 0.0
        sign, before = (1.0, i - 1) if i > 0 else (-1.0, n - 1)
        out[i, i] = -1.0
        out[i, before] += sign * p[0] * (1.0 - np.tanh(p[0] * y[before]) ** 2)


@compiled(MATRIX)
def ring_by_gain(t, y, p, out):
    n = y.size
    for i in range(n):
        sign, before = (1.0, i - 1) if i > 0 else (-1.0, n - 1)
        out[i, 0] = sign * y[before] * (1.0 - np.tanh(p[0] * y[before]) ** 2)


@pytest.mark.parametrize("n", [10, 50, 200])
def test_ring_of_rate_units(n):
    """A wave that runs round a ring: the Hopf point is at a gain of 1/cos(pi/n), where units lag by pi/n."""
    excess, intervals = (np.pi / n) ** 2, 10  # the next Hopf point is at four times this
    gain = (1.0 + excess) / np.cos(np.pi / n)
    equations = OrbitEquations(
        rhs=ring, jacobian=ring_jacobian, parameter_jacobian=ring_by_gain, closure=periodic, conditions=n,
        p=np.array([gain]), active=[0], free=np.ones((1, n)), phase=True, data=np.zeros(n),
    )  # fmt: skip
    curve = OrbitCurve(equations, np.full(n, 1e-2), np.ones(1))
    s = np.linspace(0.0, 1.0, 200)
    wave = 2.0 * np.sqrt(excess) / gain * np.sin(2.0 * np.pi * s[:, None] - np.pi / n * np.arange(n))
    guess = curve.guess([(s, wave)], [2.0 * np.pi / np.tan(np.pi / n)], [intervals])
    settled = curve.settle(guess, adaptations=0)
    assert settled.point is not None
    base = curve.prepare(settled.point)
    step = fastest(lambda: curve.advance(base, 1e-3), 5 if n > 100 else 30)
    found = curve.advance(base, 1e-3).point
    assert found is not None and np.abs(curve.spectrum(found).values - 1.0).min() < 1e-5
    spectrum = fastest(lambda: curve.spectrum(found), 5)
    print(
        f"\nring of {n}: step {step / intervals:.0f} us per interval ({found.report[STEPS]:.0f} full, "
        f"{found.report[CHORDS]:.0f} chord), multipliers {spectrum / intervals:.0f} us per interval"
    )
    assert step / intervals < 1e3 * RING_LIMITS[n]
