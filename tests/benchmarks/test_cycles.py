"""What a branch of Hodgkin-Huxley cycles costs, with multipliers and located special points, on 60 intervals.

Run on request: ``pytest tests/benchmarks/test_cycles.py -s``. AUTO-07p: 0.176 s for 300 cycles and the equilibria.
"""

from __future__ import annotations

import time

import dynana as dn
from dynana.models import hodgkin_huxley

LIMIT = 20.0
"""Milliseconds that a cycle may take; ten times what it takes on an idle machine."""


def test_whole_branch():
    hopf = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200)).special_points("hopf")[0]
    best, count = float("inf"), 0
    for _ in range(5):
        start = time.perf_counter()
        branch = dn.continue_cycles(hodgkin_huxley, hopf, "I", (0, 200), max_step=0.0125)
        best, count = min(best, time.perf_counter() - start), len(branch)
    print(f"\n{count} cycles in {best:.3f} s, {1e3 * best / count:.2f} ms each")
    assert 1e3 * best / count < LIMIT
