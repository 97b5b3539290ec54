"""Neighbourhoods of attractors by which runs are recognised: trapping ellipsoids, and points of cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov

from dynana.definition.system import System
from dynana.lowering.kernels import Kernels, lower
from dynana.numerics.dense_output import sample
from dynana.results.trajectory import Trajectory
from dynana.simulation.simulate import simulate

Array = NDArray[np.float64]

#: Directions and radii at which the flow is tested to point into an ellipsoid, ...
DIRECTIONS, RADII = 400, 12
#: ... the factor by which it shrinks until it does at all of them, and the share of it that is used.
SHRINKING, MARGIN = 0.8, 0.7
#: Shrinking ends here, in box sides: the linearisation rules at least so far.
SMALLEST = 1e-6
#: A derivative below this, in box sides over the longest run, is that of an equilibrium.
AT_REST = 1e-5
#: A run has returned if it comes back to its section within this, in box sides.
RETURN = 1e-3
#: Points along a cycle, and of an attractor without period.
CYCLE_POINTS, CLOUD_POINTS = 200, 2000
#: A run stays this share of the longest run on an attractor without period.
STAY = 0.05
#: A state is on a cycle within this many times the distance of its points.
REACH = 1.0


def trapping_form(kernels: Kernels, point: Array, scale: Array) -> Array:
    """Return F such that d' F d decreases along the flow wherever it is at most 1, d = (y - point) / scale.

    It is a Lyapunov function of the linearisation, scaled so that this holds at points sampled all through the
    ellipsoid, and that no jump is due at any of them.
    """
    n = point.size
    jacobian = np.empty((n, n))
    kernels.jacobian(0.0, point.copy(), kernels.p, jacobian)
    scaled = jacobian * scale[None, :] / scale[:, None]
    form = solve_continuous_lyapunov(scaled.T, -np.eye(n))
    form = 0.5 * (form + form.T)
    root = np.linalg.cholesky(form)
    directions = np.random.default_rng(0).standard_normal((DIRECTIONS, n))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    unit = np.linalg.solve(root.T, directions.T).T  # on the ellipsoid of level 1
    unit /= np.max(np.linalg.norm(unit, axis=1))
    level, f = 1.0, np.empty(n)
    p, rhs = kernels.p, kernels.rhs
    values, holds = np.empty(kernels.n_guards), np.zeros(kernels.n_jumps)

    guards, conditions = (kernels.guards, kernels.conditions) if kernels.n_jumps else (None, None)

    def beyond(state: Array) -> bool:
        if guards is None or conditions is None:
            return False
        guards(0.0, state, p, values)
        conditions(values, holds)
        return bool(holds.any())

    def inward(size: float) -> bool:
        for radius in np.linspace(size / RADII, size, RADII):
            for d in radius * unit:
                rhs(0.0, point + scale * d, p, f)
                if not (form @ d) @ (f / scale) < 0.0 or beyond(point + scale * d):
                    return False
        return True

    while level > SMALLEST and not inward(level):
        level *= SHRINKING
    edge = MARGIN * level * unit[0]
    return np.ascontiguousarray(form / (edge @ form @ edge))


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """An attractor found by a run: its points, its period, how near to them (box sides) and how long a run stays."""

    kind: str
    points: Array
    period: float
    reach: float
    turn: float


def find_attractor(system: System, end: Array, scale: Array, duration: float) -> Settled | None:
    """Return the attractor on which a run that has settled is, None if it rests at a saddle or has not settled."""
    run = simulate(system, 2.0 * duration, start=end, progress=False)
    assert isinstance(run, Trajectory)
    if run.stop.reason != "finished":
        return None
    last = np.array(list(run.final.values()))
    slope = _slope(system, last)
    if np.max(np.abs(slope) / scale) * duration < AT_REST:
        kernels, jacobian = lower(system), np.empty((last.size, last.size))
        kernels.jacobian(0.0, last, kernels.p, jacobian)
        stable = bool(np.all(np.linalg.eigvals(jacobian).real < 0.0))
        return Settled("fixed point", last[None], float("nan"), 0.0, 0.0) if stable else None
    longer = simulate(system, duration, start=last, progress=False)
    assert isinstance(longer, Trajectory)
    along = ((longer.y - last) / scale) @ (slope / scale)
    period = 0.0
    for k in np.flatnonzero((along[:-1] < 0.0) & (along[1:] >= 0.0)):
        low, high = longer.t[k], longer.t[k + 1]
        for _ in range(60):
            middle = 0.5 * (low + high)
            beyond = ((_at(longer, middle) - last) / scale) @ (slope / scale) >= 0.0
            low, high = (low, middle) if beyond else (middle, high)
        if np.linalg.norm((_at(longer, high) - last) / scale) < RETURN:
            period = float(high)
            break
    if period:
        fine = sample(np.linspace(0.0, period, 20 * CYCLE_POINTS), longer.t, longer.y, longer.dense)
        lengths = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(fine / scale, axis=0), axis=1))))
        places = np.searchsorted(lengths, np.linspace(0.0, lengths[-1], CYCLE_POINTS, endpoint=False))
        reach = REACH * lengths[-1] / CYCLE_POINTS + RETURN
        return Settled("cycle", np.ascontiguousarray(fine[places]), period, reach, period)
    cloud = sample(np.linspace(0.0, duration, CLOUD_POINTS), longer.t, longer.y, longer.dense)
    gaps = [np.sort(np.linalg.norm((cloud - c) / scale, axis=1))[1] for c in cloud[::20]]
    return Settled("other", np.ascontiguousarray(cloud), float("nan"), 2.0 * float(np.max(gaps)), STAY * duration)


def _slope(system: System, state: Array) -> Array:
    kernels, out = lower(system), np.empty(state.size)
    kernels.rhs(0.0, state.copy(), kernels.p, out)
    return out


def _at(run: Trajectory, time: float) -> Array:
    state: Array = sample(np.array([time]), run.t, run.y, run.dense)[0]
    return state
