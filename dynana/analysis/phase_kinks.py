"""Kinks of the equations on a cycle: mesh points are put on them, because polynomials cannot follow a kink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.results.cycle import Cycle
from dynana.results.phase_response import fine_times

Array = NDArray[np.float64]

#: Halvings that locate a kink to rounding.
HALVINGS = 50
#: Distance from a kink, relative to the period, at which both sides are compared, and the difference of the rates
#: there, relative to the largest rates, from which on they jump: a kink changes them by about the distance.
BESIDE, JUMP = 1e-7, 1e-3
#: A mesh point moves onto a kink that is closer to it than this part of the interval; otherwise one is added.
NEAR = 0.25


def kink_times(system: System, cycle: Cycle) -> Array:
    """Return the times on a cycle at which its equations have kinks: increasing fractions of the period."""
    kernels = lower(system)
    if not kernels.n_switches:
        return np.zeros(0)
    p = np.array([cycle.parameters[name] for name in system.parameters])

    def sides(times: Array) -> Array:
        out = np.empty((times.size, kernels.n_switches))
        for k, state in enumerate(cycle.state(times)):
            kernels.switches(0.0, state.copy(), p, out[k])
        return out

    times = np.append(fine_times(cycle), cycle.period)
    beyond = sides(times) > 0.0
    rows, which = np.nonzero(beyond[:-1] != beyond[1:])
    low, high, after = times[rows], times[rows + 1], beyond[rows + 1, which]
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        there = (sides(middle)[np.arange(middle.size), which] > 0.0) == after
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return np.unique(high / cycle.period)


def jumps_on(system: System, cycle: Cycle) -> bool:
    """Return whether the equations jump where a cycle passes one of their switches."""
    kinks = kink_times(system, cycle)
    p = np.array([cycle.parameters[name] for name in system.parameters])
    rhs, n = lower(system).rhs, len(system.states)

    def rates(fractions: Array) -> Array:
        out = np.empty((fractions.size, n))
        for k, state in enumerate(cycle.state(fractions * cycle.period)):
            rhs(0.0, state.copy(), p, out[k])
        return out

    largest = np.abs(rates(fine_times(cycle) / cycle.period)).max(axis=0) + np.finfo(float).tiny
    change = np.abs(rates(kinks + BESIDE) - rates(kinks - BESIDE)) / largest
    return bool(np.any(change > JUMP))


def with_kinks(widths: Array, kinks: Array) -> Array:
    """Return the widths of a mesh with points on all kinks: the next mesh point moves there, or one is added."""
    edges = np.concatenate(([0.0], np.cumsum(widths)[:-1], [1.0]))
    for kink in kinks:
        k = int(np.searchsorted(edges, kink))
        if k == 0 or k == edges.size or kink in (edges[k - 1], edges[k]):
            continue
        width = edges[k] - edges[k - 1]
        nearest = k - 1 if kink - edges[k - 1] < edges[k] - kink else k
        fixed = nearest in (0, edges.size - 1) or edges[nearest] in kinks
        if abs(kink - edges[nearest]) < NEAR * width and not fixed:
            edges[nearest] = kink
        else:
            edges = np.insert(edges, k, kink)
    return np.diff(edges)
