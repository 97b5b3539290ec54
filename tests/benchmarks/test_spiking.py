"""What a tonic branch of AdEx costs once compiled: 200 orbits with multipliers, each integrated once more.

Run on request: ``pytest tests/benchmarks/test_spiking.py -s``. Goal: 0.3 s for 200 orbits.
"""

from __future__ import annotations

import time

import dynana as dn
from dynana.models.integrate_and_fire import adex_touboul_brette

LIMIT = 3.0
"""Milliseconds of processor time that an orbit may take; twice the goal, for other machines."""


def test_tonic_branch():
    system = adex_touboul_brette.at(V_reset=-60.0)
    run = dn.simulate(system, 500.0)
    best, count = float("inf"), 0
    for _ in range(5):
        start = time.process_time()
        branch = dn.continue_cycles(system, run, "V_reset", (-70.0, -50.0), max_step=0.0065)
        best, count = min(best, time.process_time() - start), len(branch)
    print(f"\n{count} orbits in {best:.3f} s, {1e3 * best / count:.2f} ms each")
    assert 1e3 * best / count < LIMIT
