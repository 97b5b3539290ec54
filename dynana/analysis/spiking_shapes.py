"""Orbits with jumps as results show them: without time and the clock among the states, with real times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.spiking_orbits import SpikingOrbits
from dynana.numerics.collocation_orbit import Orbit
from dynana.results import collocated
from dynana.results.cycle import Segment
from dynana.results.cycle_branch import segments

Array = NDArray[np.float64]


def pattern_of_segments(curve: SpikingOrbits) -> tuple[Segment, ...]:
    """Return segments like those of the orbits of a curve: what they hold, the jumps at their ends."""
    stages = curve.scheme.stages
    return tuple(
        Segment(
            first=0, last=stages + 1, duration=1.0, stages=stages, widths=np.ones(1), held=held, jump=name,
            speeds=tuple(curve.speeds.tolist()),
        )
        for held, name in zip(curve.pattern.held, curve.names, strict=True)
    )  # fmt: skip


def points_and_times(curve: SpikingOrbits, orbit: Orbit) -> tuple[Array, Array]:
    """Return all states of the given system and their real times, shape (points, n), (points,)."""
    points = orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)
    return np.ascontiguousarray(points[:, : curve.shown]), real_times(orbit, curve.clocked.clock)


def real_times(orbit: Orbit, clock: bool) -> Array:
    """Return the real times of all points, shape (points,): those of the last state, the clock, if there is one."""
    if not clock:
        return orbit.times()
    points = orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)
    times, start, row = np.empty(len(points)), 0.0, 0
    for count in orbit.counts.tolist():
        rows = slice(row, row + count * (orbit.stages + 1) + 1)
        told = points[rows, -1]
        times[rows] = start + (told - told[0])
        start, row = float(times[rows][-1]), rows.stop
    return times


def start_time(curve: SpikingOrbits, orbit: Orbit) -> float:
    """Return the time of the equations at the first row of an orbit; 0 where it does not enter them."""
    return float(orbit.z[curve.shown]) if curve.clocked.driven else 0.0


def segments_of(curve: SpikingOrbits, orbit: Orbit) -> tuple[Segment, ...]:
    """Return the segments of an orbit, with real durations."""
    return segments(pattern_of_segments(curve), orbit.counts, orbit.widths, curve.lasting(orbit))


def mean_of(curve: SpikingOrbits, orbit: Orbit) -> Array:
    """Return the means over time of the states of an orbit, shape (n,)."""
    n, total = curve.shown, np.zeros(curve.shown)
    for (x, widths), duration in zip(orbit.split(orbit.z), orbit.durations, strict=True):
        if curve.clocked.stretched:
            total += collocated.integral(x[:, :n], x[:, -1], orbit.stages)
        else:
            total += duration * collocated.mean(x[:, :n], widths, orbit.stages)
    return np.asarray(total / curve.lasting(orbit).sum())
