"""From orbits of numerics to cycles and back."""

from __future__ import annotations

import numpy as np
import pytest

from dynana.analysis.cycle_orbits import cycle_equations, cycle_of, orbit_of
from dynana.models import hodgkin_huxley
from dynana.numerics.orbit_curve import OrbitCurve
from tests.numerics.orbits import settled


def test_there_and_back():
    system = hodgkin_huxley.at(I=10.0)
    start = np.array([-20.0, 0.443996442196885095, 0.329920623388848236, 0.459078714998040584])
    curve, orbit = settled(cycle_equations(system, ("I",)), start, 14.6362099898315574, 60)
    cycle = cycle_of(system, ("I",), curve, orbit, curve.spectrum(orbit, resolved=True))
    assert cycle.period == pytest.approx(14.6362099898315574, rel=1e-8) and cycle.stable and not cycle.forced
    assert cycle.parameters["I"] == 10.0 and 0.0 < cycle.error < 1e-3 and cycle.residual < 1e-8
    np.testing.assert_allclose(cycle.multipliers.real[1:3], [0.0740602596866, 1.90e-12], rtol=1e-2)
    assert cycle.log_moduli.sum() == pytest.approx(cycle.trace, abs=1e-5)
    again = OrbitCurve(cycle_equations(system, ("I",)), curve.sizes, np.ones(1)).settle(
        orbit_of(cycle, ("I",)), adaptations=0
    )
    assert again.converged and again.point is not None
    np.testing.assert_allclose(again.point.z, orbit.z, rtol=1e-7, atol=1e-7)
