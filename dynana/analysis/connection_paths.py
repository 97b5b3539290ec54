"""Paths that nearly connect equilibria: what guesses of connecting orbits are made from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.spatial import cKDTree

from dynana.analysis.connection_ends import Plane
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.results.cycle import Cycle
from dynana.results.fixed_points import FixedPoint

Array = NDArray[np.float64]

#: Samples of a cycle that is taken for a path.
SAMPLES = 6000
#: Distance from an equilibrium, in extents of the path, up to which a path is near it.
NEAR = 0.3
#: Distance from an equilibrium at which its manifold is started, relative to its size or 1.
OFFSET = 1e-5
#: How long a manifold is followed, in units of its slowest time constant: 12 to get away from the equilibrium, the rest
#: for the excursion.
LONGEST = 60.0
#: Distance, in extents of the path, beyond which a manifold has left it.
FARTHEST = 3.0
#: Tolerances of the integration; the path is a guess only.
RELATIVE, ABSOLUTE = 1e-8, 1e-10


def from_slowest(system: System, cycle: Cycle) -> tuple[Array, Array]:
    """Return samples of a cycle that begin and end where it is slowest, shapes (k,) and (k, n)."""
    rate, sizes = np.empty(len(cycle.states)), np.ptp(cycle.points, axis=0)
    sizes = np.where(sizes > 0.0, sizes, 1.0)
    kernels = lower(system)
    speeds = []
    for x in cycle.points[:-1]:
        kernels.rhs(0.0, x.copy(), kernels.p, rate)
        speeds.append(float(np.linalg.norm(rate / sizes)))
    begin = float(cycle.times[int(np.argmin(speeds))])
    # as dense as the mesh: the same number of samples between any two of its points
    rows = np.interp(np.linspace(0, len(cycle.times) - 1, SAMPLES), np.arange(len(cycle.times)), cycle.times)
    times = np.unique(np.concatenate(([0.0, cycle.period], np.mod(rows - begin, cycle.period))))
    return times, cycle.state(times + begin)


def along_manifold(system: System, first: FixedPoint, last: FixedPoint) -> tuple[Array, Array]:
    """Return the path along a one-dimensional manifold that comes closest to the other equilibrium.

    Parameters
    ----------
    system : System
        With the parameter values of the equilibria.
    first, last : FixedPoint
        The path leaves ``first`` along its unstable manifold, or arrives at ``last`` along its stable one, whichever
        has one dimension.

    Raises
    ------
    ConvergenceError
        If neither manifold has one dimension, or the path does not come near.
    """
    unstable = first.eigenvalues.real > 0.0
    stable = last.eigenvalues.real < 0.0
    if unstable.sum() == 1:
        origin, target, sign = first, last, 1.0
        which = int(np.flatnonzero(unstable)[0])
    elif stable.sum() == 1:
        origin, target, sign = last, first, -1.0
        which = int(np.flatnonzero(stable)[0])
    else:
        raise ConvergenceError(
            f"{system.name}: the unstable manifold of the first equilibrium has {int(unstable.sum())} dimensions, the "
            f"stable one of the last {int(stable.sum())}; a path can be followed where one of them is a line. Start "
            "from a cycle of long period instead."
        )
    rate = abs(float(origin.eigenvalues[which].real))
    direction = origin.eigenvectors[:, which].real
    branches = [_branch(system, origin.point, side * direction, target.point, sign, rate) for side in (1.0, -1.0)]
    closest, times, points = min(branches, key=lambda branch: branch[0])
    if closest > NEAR:
        raise ConvergenceError(
            f"{system.name}: the manifold comes no nearer to the equilibrium than {closest:.0%} of its extent: change "
            "the parameter towards the connection."
        )
    return (times, points) if sign > 0.0 else (times[-1] - times[::-1], points[::-1].copy())


def _branch(
    system: System, origin: Array, direction: Array, target: Array, sign: float, rate: float
) -> tuple[float, Array, Array]:
    """Return how close a branch of a manifold comes to a target, in its extents, and its path until there."""
    kernels, rates = lower(system), np.empty(len(origin))

    def flow(t: float, x: Array) -> Array:
        kernels.rhs(0.0, np.ascontiguousarray(x), kernels.p, rates)
        return sign * rates

    size = OFFSET * max(1.0, float(np.abs(origin).max()))
    start = origin + size * direction / np.linalg.norm(direction)
    with np.errstate(all="ignore"):
        span = (0.0, LONGEST / rate)
        run = solve_ivp(flow, span, start, method="LSODA", rtol=RELATIVE, atol=ABSOLUTE, max_step=1.0 / rate)
    points = run.y.T
    good = np.isfinite(points).all(axis=1)
    points = points[: len(good) if good.all() else int(np.argmin(good))]
    extents = np.maximum(np.maximum.accumulate(points), origin) - np.minimum(np.minimum.accumulate(points), origin)
    extents = np.maximum(extents, 1e-3 * extents.max(axis=1, keepdims=True) + np.finfo(float).tiny)
    distances = np.abs((points - target) / extents).max(axis=1)
    # a path that begins at its target has to get away first
    away = np.maximum.accumulate(distances) >= 1.0 - NEAR if np.array_equal(origin, target) else distances >= 0.0
    away &= np.abs(points - origin).max(axis=1) > 100.0 * size
    if not away.any():
        return np.inf, run.t[:1], points[:1]
    end = int(np.argmin(np.where(away, distances, np.inf)))
    return float(distances[end]), run.t[: end + 1], points[: end + 1]


def arriving(
    system: System, target: Array, direction: Array, path: Array, sizes: Array, longest: float
) -> tuple[float, int, Array, Array]:
    """Return how a path can go on along a stable manifold of one dimension: followed back until it is nearest to it.

    A path that is followed forwards leaves the manifold sooner or later, and one that is followed backwards does not.

    Parameters
    ----------
    system : System
    target : ndarray, shape (n,)
        The equilibrium.
    direction : ndarray, shape (n,)
        Of the manifold, of the length at which it is a straight line.
    path : ndarray, shape (k, n)
    sizes : ndarray, shape (n,)
    longest : float
        Time after which the manifold is given up.

    Returns
    -------
    gap : float
        Distance from the path, in units of the sizes.
    row : int
        Of the path, there.
    times, points : ndarray, shape (m,), (m, n)
        From there to the equilibrium.
    """
    kernels, rates = lower(system), np.empty(len(target))

    def flow(t: float, x: Array) -> Array:
        kernels.rhs(0.0, np.ascontiguousarray(x), kernels.p, rates)
        return -rates

    def gone(t: float, x: Array) -> float:
        return float((np.abs(x - target) / sizes).max()) - FARTHEST

    gone.terminal = True  # type: ignore[attr-defined]
    best: tuple[float, int, Array, Array] = (np.inf, 0, np.empty(0), np.empty((0, len(target))))
    for side in (1.0, -1.0):
        with np.errstate(all="ignore"):
            run = solve_ivp(
                flow, (0.0, longest), target + side * direction, method="LSODA", rtol=RELATIVE, atol=ABSOLUTE,
                max_step=longest / SAMPLES, events=gone,
            )  # fmt: skip
        gaps, rows = cKDTree(path / sizes).query(run.y.T / sizes)
        last = int(np.argmin(gaps))
        if gaps[last] < best[0]:
            times = run.t[last] - run.t[last::-1]
            best = float(gaps[last]), int(rows[last]), times, run.y.T[last::-1].copy()
    return best


def is_near(point: Array, states: Array, sizes: Array) -> bool:
    """Return whether a path passes a point within `NEAR` of its extent."""
    return float(np.abs((states - point) / sizes).max(axis=1).min()) < NEAR


def near_path(plane: Plane, states: Array, parameters: Array) -> tuple[Array, Array, bool]:
    """Return the saddle or saddle-node that a path begins at, the parameters there, and whether it is a saddle-node.

    Raises
    ------
    ConvergenceError
        If there is neither.
    """
    saddle = plane.equilibrium(states[0], parameters)
    if saddle is not None and is_near(saddle, states, plane.sizes):
        reals = np.linalg.eigvals(plane.jacobian(saddle, parameters)).real
        if reals.min() < 0.0 < reals.max():
            return saddle, parameters, False
    node = plane.saddle_node(states[0], parameters, np.array([0.0, 1.0]))
    if node is not None and is_near(node.point, states, plane.sizes):
        return node.point, node.parameters, True
    raise ConvergenceError(
        f"{plane.system.name}: the cycle passes neither a saddle nor a saddle-node within {NEAR:.0%} of its extent: "
        "follow it to a longer period (continue_cycles) and start from there."
    )
