"""Cycles for the tests of phases: from a start near them, and systems that are integrated by scipy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.analysis.cycle_orbits import cycle_equations, cycle_of
from dynana.models import (
    hodgkin_huxley,
    morris_lecar_hopf_textbook,
    morris_lecar_snic_textbook,
    theta,
    van_der_pol,
)
from dynana.results.cycle import Cycle
from tests.numerics.orbits import settled

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "reference" / "phase_responses.json").read_text(encoding="utf-8")
)["cases"]


def cycle_near(system: dn.System, start: Any, period: float, intervals: int = 60, **options: Any) -> Cycle:
    """The cycle that passes near a start, with the first parameter as the free one."""
    free = system.parameters[:1]
    curve, orbit = settled(cycle_equations(system, free, **options), np.array(start, float), period, intervals)
    return cycle_of(system, free, curve, orbit, curve.spectrum(orbit, resolved=True))


def squid() -> tuple[dn.System, Cycle]:
    system = hodgkin_huxley.at(I=10.0)
    return system, cycle_near(system, [-20.0, 0.4439964421968851, 0.3299206233888482, 0.4590787149980406], 14.636)


def class_one(current: float = 45.0) -> tuple[dn.System, Cycle]:
    system = morris_lecar_snic_textbook.at(I=current)
    start, period = section(system, [0.0, 0.037774746449933138], 0, 0.0)
    return system, cycle_near(system, start, period)


def class_two() -> tuple[dn.System, Cycle]:
    system = morris_lecar_hopf_textbook.at(I=100.0)
    return system, cycle_near(system, [0.0, 0.169286735069429097], 85.29)


def relaxation() -> tuple[dn.System, Cycle]:
    system = van_der_pol.at(mu=1.0)
    return system, cycle_near(system, [0.0, 2.17271369262254673924], 6.6633)


def turning(current: float = 1.0) -> tuple[dn.System, Cycle]:
    system = theta.at(I=current)
    return system, cycle_near(system, [0.0], np.pi / np.sqrt(current), gains=np.array([2 * np.pi]))


def section(system: dn.System, start: Any, state: int, value: float, horizon: float = 5000.0) -> tuple[Any, float]:
    """Where a state rises through a value once transients are over, and the time between two such passages."""

    def passage(t: float, y: np.ndarray) -> float:
        return float(y[state] - value)

    passage.direction, passage.terminal = 1.0, 6  # type: ignore[attr-defined]
    f = right_hand_side(system)
    run = solve_ivp(f, (0, horizon), start, method="DOP853", rtol=1e-12, atol=1e-13, events=passage)
    return run.y_events[0][-1], float(np.diff(run.t_events[0])[-1])


def right_hand_side(system: dn.System) -> Callable[[float, np.ndarray], np.ndarray]:
    kernels = dn.lower(system)
    p = kernels.p

    def f(t: float, y: np.ndarray) -> np.ndarray:
        out = np.empty(y.size)
        kernels.rhs(t, np.array(y, float), p, out)
        return out

    return f
