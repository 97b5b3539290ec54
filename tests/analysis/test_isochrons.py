"""Isochrons against closed forms and runs that must meet on the cycle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.models import fitzhugh_nagumo, hindmarsh_rose, hopf_normal_form, lif, stuart_landau, van_der_pol

SPIRALS = stuart_landau.at(mu=0.5, omega=1.0, alpha=1.5)
CIRCLE = dn.find_cycle(SPIRALS, dn.simulate(SPIRALS, 100.0))
VDP = dn.find_cycle(van_der_pol, dn.simulate(van_der_pol, 100.0))


def test_logarithmic_spirals_in_closed_form() -> None:
    found = dn.isochrons(SPIRALS, CIRCLE, phases=5, origin=("y", 0.0))
    assert found.phases == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])
    for curve, phase, k in zip(found.curves, found.phases, found.on_cycle, strict=True):
        radius = np.hypot(*curve.T)
        angle = np.arctan2(curve[:, 1], curve[:, 0])
        wrong = angle - 1.5 * np.log(radius / np.sqrt(0.5)) - np.sign(1.0 - 1.5 * 0.5) * 2 * np.pi * phase
        wrong = np.mod(wrong + np.pi, 2 * np.pi) - np.pi
        assert np.max(np.abs(wrong[radius > 0.01])) < 1e-7
        assert radius[k] == pytest.approx(np.sqrt(0.5), abs=1e-8)
        assert radius[0] < 0.02 and np.max(np.abs(curve[-1])) > 1.45  # to the border
        assert np.max(np.linalg.norm(np.diff(curve, axis=0), axis=1)) < 0.04


def test_an_unstable_cycle_has_isochrons_backward_in_time() -> None:
    system = hopf_normal_form.at(mu=-0.5, s=1.0)  # r' = -r/2 + r^3, theta' = 1
    (cycle,) = [dn.find_cycle(system, p) for p in dn.poincare_map(system.at(x=0.7), "y", returns=3).points]
    found = dn.isochrons(system, cycle, phases=[0.0, 0.3], origin=("y", 0.0), x=(-1.2, 1.2), y=(-1.2, 1.2))
    for curve, phase in zip(found.curves, found.phases, strict=True):
        direction = np.array([np.cos(2 * np.pi * phase), np.sin(2 * np.pi * phase)])
        across = curve @ np.array([-direction[1], direction[0]])
        assert np.max(np.abs(across)) < 1e-7 and np.max(curve @ direction) > 1.1


@pytest.mark.parametrize(
    ("system", "cycle"), [(van_der_pol, VDP), (fitzhugh_nagumo.at(I=0.5), None)], ids=["van der pol", "fitzhugh"]
)
def test_starts_on_an_isochron_meet_on_the_cycle(system: dn.System, cycle: dn.Cycle | None) -> None:
    cycle = dn.find_cycle(system, dn.simulate(system, 400.0)) if cycle is None else cycle
    found = dn.isochrons(system, cycle, phases=[0.1, 0.6])
    rhs = dn.lower(system)

    def flow(_: float, y: np.ndarray) -> np.ndarray:
        out = np.empty(2)
        rhs.rhs(0.0, y, rhs.p, out)
        return out

    for curve, k in zip(found.curves, found.on_cycle, strict=True):
        duration = 5 * found.cycle.period
        ends = [
            solve_ivp(flow, (0, duration), curve[i].copy(), method="DOP853", rtol=1e-10, atol=1e-11).y[:, -1]
            for i in (k, k // 2, (k + len(curve)) // 2, len(curve) - 1)
        ]
        assert ends[0] == pytest.approx(curve[k], abs=1e-6)
        assert np.array(ends) == pytest.approx(np.tile(ends[0], (4, 1)), abs=2e-6)


def test_results_are_kept(tmp_path: Path) -> None:
    found = dn.isochrons(van_der_pol, VDP, phases=3)
    again = dn.load(found.save(tmp_path / "isochrons.npz"))
    assert np.array_equal(again[1], found[1]) and len(again) == 3
    assert again._columns()["phase"].size == sum(len(c) for c in found.curves)


@pytest.mark.parametrize(
    ("system", "options", "error", "words"),
    [
        ("vdp", {}, TypeError, "takes a System"),
        (lif, {}, dn.ModelError, "has jumps"),
        (hindmarsh_rose, {}, dn.ModelError, "has 3 states"),
        (van_der_pol, {"phases": 0}, ValueError, "phases must be at least 1"),
        (van_der_pol, {"phases": "many"}, TypeError, "phases"),
        (van_der_pol, {"x": (-1, 1)}, ValueError, "leaves the box"),
        (van_der_pol, {"z": (-1, 1)}, ValueError, "'z'"),
        (SPIRALS, {}, ValueError, ""),
    ],
)
def test_bad_input(system: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words or None):
        dn.isochrons(system, VDP, **options)
