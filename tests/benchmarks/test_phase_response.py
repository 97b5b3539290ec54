"""What phase responses cost: the adjoint alone, on 60 intervals with 4 Gauss points, and the verbs as a whole.

Run on request: ``pytest tests/benchmarks/test_phase_response.py -s``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import dynana as dn
from dynana.numerics.adjoint import closed_adjoint
from dynana.numerics.gauss import gauss_scheme
from tests.analysis.phase_cases import squid

ADJOINT_LIMIT, VERB_LIMIT = 2.0, 120.0
"""Milliseconds; three times what is needed on an idle machine."""


def fastest(call: Callable[[], object], repeats: int) -> float:
    """Shortest time in milliseconds: other work on the machine only ever adds."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return 1e3 * best


def test_hodgkin_huxley():
    system, cycle = squid()
    kernels, (segment,) = dn.lower(system), cycle.segments
    inside = cycle.points[:-1].reshape(segment.widths.size, segment.stages + 1, 4)[:, 1:]
    jacobians = np.empty((*inside.shape, 4))
    for k in np.ndindex(*inside.shape[:2]):
        kernels.jacobian(0.0, inside[k].copy(), kernels.p, jacobians[k])
    extent = np.ptp(cycle.points, axis=0)
    scaled = jacobians * extent / extent[:, None]
    lengths, counts = segment.duration * segment.widths, np.array([segment.widths.size])
    adjoint = fastest(
        lambda: closed_adjoint(scaled, lengths, counts, gauss_scheme(segment.stages), np.eye(4)[None]), 100
    )
    response = fastest(lambda: dn.phase_response(system, cycle), 20)
    locking = fastest(lambda: dn.phase_locking(system, cycle, lambda pre, post: {"V": pre.V - post.V}), 20)
    print(f"\nadjoint {adjoint:.2f} ms; phase response to nine digits {response:.1f} ms; interaction {locking:.1f} ms")
    assert adjoint < ADJOINT_LIMIT and response < VERB_LIMIT and locking < VERB_LIMIT
