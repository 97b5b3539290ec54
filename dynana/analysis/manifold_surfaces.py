"""`manifold_surface`: two-dimensional stable and unstable manifolds of equilibria in space, ring by ring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from dynana.analysis.interval_maps import roots
from dynana.analysis.return_flights import Flights, check_flow
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import ModelError, unknown
from dynana.numerics.flights import RETURNED
from dynana.results.fixed_points import FixedPoint
from dynana.results.manifold_surface import ManifoldSurface
from dynana.results.stop import Stop
from dynana.simulation.arguments import number
from dynana.simulation.progress import Progress

Array = NDArray[np.float64]

#: Rings that a distance is cut into, unless the user says how long a step is.
RINGS = 40
#: Radius of the first ring as a share of a step: the surface is off its tangent by the square of it.
FIRST = 0.2
#: Points of the first ring.
FIRST_POINTS = 24
#: Error of a step of the orbits that span the surface.
TOLERANCE = 1e-10
#: Neighbours on a ring are nearer than this many steps, and no nearer than this.
WIDEST, NARROWEST = 1.0, 0.3
#: Starts upstream of a point that are tried, as shares of the length of the ring.
UPSTREAM = 0.25 * 4.0 ** np.arange(-13.0, 1.0)
#: An orbit is on a plane within this share of a step.
ON = 1e-6
#: A start is found to this share of its distance, and the new point is then as far off as a step but for this share.
FOUND, MISSED = 1e-12, 1e-3
#: Largest turn of a line across the rings, in radians, before the step is halved; halvings.
TURN, HALVINGS = 0.4, 6
#: The orbit of a point leaves its plane by less than this share of a step: it is the one wanted.
STRAIGHT = 1e-9
#: Orbits that leave the neighbourhood of a point, so many steps large, are not followed further.
REACH = 40.0
#: Orbits are followed for this many times of the slower direction.
PATIENCE = 8.0
#: Points of a ring, at most.
MOST_POINTS = 4000


def manifold_surface(
    system: System,
    point: FixedPoint,
    distance: float,
    *,
    kind: str = "stable",
    step: float | None = None,
    progress: bool | None = None,
) -> ManifoldSurface:
    """Compute the two-dimensional stable or unstable manifold of an equilibrium of three states as a mesh.

    The mesh grows in rings of points that are equally far from the equilibrium along the surface. A new point is on
    the plane across the last ring at an old one: of all orbits that start on that ring, the one is found that meets
    this plane a step away from the old point. So the mesh is even however different the two rates are.

    Parameters
    ----------
    system : System
        Smooth, with three states.
    point : FixedPoint
        With two eigenvalues of that kind.
    distance : float
        How far from the equilibrium, along the surface.
    kind : {"stable", "unstable"}
    step : float, optional
        Distance of neighbouring rings and, roughly, points; ``distance / 40`` by default. Halved where the surface
        bends strongly.
    progress : bool, optional

    Returns
    -------
    ManifoldSurface
        Also when it ends early: ``stop`` says why.

    Raises
    ------
    ModelError
        A system that is not smooth or has not three states.
    ValueError
        A point of another system or without two such eigenvalues, lengths that make no sense.

    References
    ----------
    Krauskopf & Osinga (2003), SIAM J. Appl. Dyn. Syst. 2:546-569.
    """
    check_flow(system, "manifold_surface")
    if len(system.states) != 3 or system.jumps:
        found = "jumps" if system.jumps else f"{len(system.states)} states"
        raise ModelError(f"{system.name} has {found}: surfaces are computed for smooth systems of three states")
    if kind not in ("stable", "unstable"):
        raise ValueError(unknown("kind", kind, ("stable", "unstable")))
    if point.fingerprint != system.fingerprint:
        raise ValueError(f"the equilibrium is one of {point.system}, not of {system.name}")
    sign = -1.0 if kind == "stable" else 1.0
    inside = np.flatnonzero(sign * point.eigenvalues.real > 0.0)
    if len(inside) != 2:
        raise ValueError(
            f"{system.name}: the equilibrium has {len(inside)} {kind} direction{'s' * (len(inside) != 1)}; a surface "
            "needs two"
        )
    length = number("distance", distance, 0.0)
    width = length / RINGS if step is None else number("step", step, 0.0)
    work = _Growth.of(system.at(**point.parameters), point, sign, width)
    with Progress(f"{kind} manifold of {system.name}", (0.0, length), progress) as line:
        stop = work.grow(length, line)
    return ManifoldSurface(
        point=point,
        kind=kind,
        points=np.concatenate([point.point[None], *work.rings]),
        distances=np.concatenate([[0.0], *(np.full(len(r), d) for r, d in zip(work.rings, work.reached, strict=True))]),
        triangles=np.array(work.triangles, dtype=np.int64),
        rings=np.cumsum([1, *map(len, work.rings)]),
        units={n: u for n, u in system.units.items() if n in system.states},
        stop=stop,
    )


@dataclass(slots=True, eq=False)
class _Growth:
    """A surface as far as it has grown."""

    planes: Flights
    spheres: Flights
    longest: float
    step: float
    rings: list[Array]
    outward: Array
    reached: list[float]
    triangles: list[tuple[int, int, int]]

    @classmethod
    def of(cls, system: System, point: FixedPoint, sign: float, step: float) -> _Growth:
        """Return the first ring, on the tangent plane."""
        inside = np.flatnonzero(sign * point.eigenvalues.real > 0.0)
        vectors = point.eigenvectors[:, inside]
        columns = np.stack((vectors[:, 0].real, vectors[:, 1].real), axis=1)
        if np.iscomplex(point.eigenvalues[inside[0]]):
            columns = np.stack((vectors[:, 0].real, vectors[:, 0].imag), axis=1)
        plane, _ = np.linalg.qr(columns)
        angle = 2.0 * np.pi * np.arange(FIRST_POINTS) / FIRST_POINTS
        directions = np.cos(angle)[:, None] * plane[:, 0] + np.sin(angle)[:, None] * plane[:, 1]
        ring = point.point + FIRST * step * directions
        slowest = float(np.min(np.abs(point.eigenvalues[inside].real)))
        fan = [(0, 1 + k, 1 + (k + 1) % FIRST_POINTS) for k in range(FIRST_POINTS)]
        flows = _flights(system, sign, sphere=False), _flights(system, sign, sphere=True)
        return cls(*flows, PATIENCE / slowest, step, [ring], directions, [FIRST * step], fan)

    def grow(self, distance: float, line: Progress) -> Stop:
        """Add rings up to a distance."""
        while self.reached[-1] < distance * (1.0 - 1e-9):
            wanted = min(self.step, distance - self.reached[-1])
            for halving in range(HALVINGS + 1):
                made = self._ring(wanted * 0.5**halving)
                if made is not None:
                    break
            else:
                return Stop(
                    reason="bend",
                    message=f"at distance {self.reached[-1]:g} the surface bends too strongly for steps of "
                    f"{wanted * 0.5**HALVINGS:g}, or orbits no longer lead on: take a smaller step",
                )
            ring, outward, parents = made
            if len(ring) > MOST_POINTS:
                return Stop(reason="size", message=f"a ring has more than {MOST_POINTS} points: take a longer step")
            first = 1 + sum(map(len, self.rings[:-1]))
            self.triangles += _strip(first, len(self.rings[-1]), parents)
            self.rings.append(ring)
            self.outward = outward
            self.reached.append(self.reached[-1] + wanted * 0.5**halving)
            line.report(self.reached[-1])
        return Stop(reason="finished", message=f"reached distance {distance:g}")

    def _ring(self, step: float) -> tuple[Array, Array, Array] | None:
        """Return the next ring, the directions in which it was reached and its places on the last one."""
        old = self.rings[-1]
        curve = _Loop(old)
        parents = np.arange(len(old), dtype=float)
        made = self._points(curve, parents, step)
        if made is None:
            return None
        for _ in range(4):
            gaps = np.linalg.norm(np.roll(made, -1, axis=0) - made, axis=1)
            wide = np.flatnonzero(gaps > WIDEST * self.step)
            if not wide.size:
                break
            following = np.append(parents[1:], parents[0] + len(old))
            fresh = 0.5 * (parents[wide] + following[wide])
            between = self._points(curve, fresh, step)
            if between is None:
                return None
            parents, made = np.concatenate((parents, fresh)), np.concatenate((made, between))
            order = np.argsort(parents)
            parents, made = parents[order], made[order]
        keep = _thinned(made, NARROWEST * self.step)
        parents, made = parents[keep], made[keep]
        outward = made - curve.at(parents)
        return made, outward / np.linalg.norm(outward, axis=1, keepdims=True), parents

    def _points(self, curve: _Loop, parents: Array, step: float) -> Array | None:
        """Return the points of the surface a step away from places on the last ring, None where there is none."""
        feet, along = curve.at(parents), curve.tangent(parents)
        before = _between(self.outward, parents)
        before -= np.sum(before * along, axis=1, keepdims=True) * along
        before /= np.linalg.norm(before, axis=1, keepdims=True)
        radii = np.full(len(feet), step)
        own = self._meet(self.spheres, feet, np.column_stack((radii, np.zeros((len(feet), 2)), feet)))
        if not np.isfinite(own).all():
            return None
        # the orbit of the point itself leaves its plane to one side: those wanted begin on the other one
        aside = np.sum((own - feet) * along, axis=1)
        upstream = -np.where(aside >= 0.0, 1.0, -1.0)
        normal = -upstream[:, None] * along

        def away(shares: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
            starts = curve.at(parents[rows] + upstream[rows] * shares * len(curve))
            ends = self._meet(self.planes, starts, np.concatenate((normal[rows], feet[rows]), axis=1))
            off = ends - feet[rows]
            # an orbit that starts too far upstream meets the plane beyond the step, on its other side, or not at all
            there = np.abs(np.sum(off * normal[rows], axis=1)) < ON * step
            outside = there & (np.sum(off * before[rows], axis=1) >= 0.0)
            return np.where(outside, np.linalg.norm(off, axis=1) - step, step), ends

        every = np.arange(len(parents))
        tried = away(np.repeat(UPSTREAM, len(every)), np.tile(every, len(UPSTREAM)))[0].reshape(len(UPSTREAM), -1)
        beyond = (tried[1:] >= 0.0) & (tried[:-1] < 0.0)
        straight = (tried[0] >= 0.0) | (np.abs(aside) < STRAIGHT * step)  # the orbit of the point itself is the one
        if not np.all(beyond.any(axis=0) | straight):
            return None
        made = own.copy()
        rows = np.flatnonzero(~straight)
        if rows.size:
            level = np.argmax(beyond[:, rows], axis=0)
            low, high = np.log(UPSTREAM[level]), np.log(UPSTREAM[level + 1])
            shares = roots(lambda x, here: away(np.exp(x), rows[here])[0], low, high, FOUND)
            missed, made[rows] = away(np.exp(shares), rows)
            if np.max(np.abs(missed)) > MISSED * step:
                return None
        if not np.isfinite(made).all():
            return None
        directions = (made - feet) / np.linalg.norm(made - feet, axis=1, keepdims=True)
        return made if np.all(np.sum(directions * before, axis=1) > np.cos(TURN)) else None

    def _meet(self, flights: Flights, starts: Array, values: Array) -> Array:
        """Return where orbits meet their planes or spheres; NaN where they do not."""
        table = np.tile(flights.kernels.p, (len(starts), 1))
        table[:, -7:-1] = values
        table[:, -1] = REACH * self.step
        flown = flights.run(starts, np.empty((0, 3)), self.longest, parameters=table)
        return np.where((flown.outcomes == RETURNED)[:, None], flown.states[:, 0], np.nan)


class _Loop:
    """A closed smooth curve through the points of a ring; places are their numbers and fractions between them."""

    def __init__(self, points: Array) -> None:
        closed = np.concatenate((points, points[:1]))
        self._count = len(points)
        self._spline = CubicSpline(np.arange(len(closed)), closed, bc_type="periodic")

    def __len__(self) -> int:
        return self._count

    def at(self, places: Array) -> Array:
        """Return points, shape (k, 3)."""
        return np.asarray(self._spline(np.mod(places, self._count)))

    def tangent(self, places: Array) -> Array:
        """Return unit tangents, shape (k, 3)."""
        slopes: Array = np.asarray(self._spline(np.mod(places, self._count), 1))
        unit: Array = slopes / np.linalg.norm(slopes, axis=1, keepdims=True)
        return unit


def _flights(system: System, sign: float, sphere: bool) -> Flights:
    """Return the flow away from the equilibrium, up to a plane or a sphere whose numbers are parameters."""
    names = [f"section_{i}_" for i in range(7)]
    extra = [symbol(n) for n in names]
    own = [system.symbols[n] for n in system.states]
    offsets = [x - a for x, a in zip(own, extra[3:6], strict=True)]
    section = sum(n * d for n, d in zip(extra[:3], offsets, strict=True))
    square = sum(d**2 for d in offsets)
    sections = [square - extra[0] ** 2] if sphere else [section, square - extra[6] ** 2]
    flow = System(
        {n: sp.Integer(int(sign)) * e for n, e in zip(system.states, system.derivatives, strict=True)},
        {**system.values, **dict.fromkeys(names, 0.0)},
        initial=system.initial, name=system.name,
    )  # fmt: skip
    scale = np.array([np.ptp(system.ranges[n]) if n in system.ranges else 1.0 for n in system.states])
    return Flights(flow, scale, "manifold_surface", sections=sections, tolerance=TOLERANCE)


def _between(directions: Array, places: Array) -> Array:
    """Return directions of a ring at places between its points."""
    left = np.floor(places).astype(int)
    share = (places - left)[:, None]
    count = len(directions)
    made: Array = (1.0 - share) * directions[left % count] + share * directions[(left + 1) % count]
    return made


def _thinned(points: Array, least: float) -> NDArray[np.int64]:
    """Return the points that are kept so that neighbours are not nearer than ``least``; always at least eight."""
    keep = [0]
    for k in range(1, len(points)):
        if np.linalg.norm(points[k] - points[keep[-1]]) >= least or len(points) - k + len(keep) <= 8:
            keep.append(k)
    return np.array(keep)


def _strip(first: int, count: int, parents: Array) -> list[tuple[int, int, int]]:
    """Return the triangles between a ring, whose points begin at row ``first``, and the next one after it."""
    begin, total = first + count, len(parents)
    made = []
    i = j = 0
    while i < count or j < total:
        a, b = first + i % count, begin + j % total
        following = parents[j + 1] if j + 1 < total else parents[0] + count
        if j == total or (i < count and i + 1 <= following):
            made.append((a, first + (i + 1) % count, b))
            i += 1
        else:
            made.append((a, begin + (j + 1) % total, b))
            j += 1
    return made
