"""What ends a curve of cycles at the switches of the equations, and how it goes on from there.

Where a cycle grazes a switch it passes it twice more beyond, in a piece that is short at first; where a piece vanishes
between two switches, their order changes, or the cycle does not reach the one that it grazes any more. The curve of
cycles goes on with the new order where the equations do not jump.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_legs import Mark
from dynana.analysis.cycle_orbits import cycle_equations
from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.analysis.cycle_request import Request
from dynana.analysis.cycle_ways import Limit
from dynana.analysis.kinked_curve import KinkedCurve, KinkedPlace, Sides, grazing, limits, smooth_limits
from dynana.analysis.kinked_starts import cut, on_path, problem
from dynana.analysis.spiking_beginnings import flaw, settled
from dynana.analysis.spiking_orbits import Pattern
from dynana.lowering.kinked import Kinked, kinked
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import interpolate
from dynana.numerics.orbit_curve import OrbitCurve

Array = NDArray[np.float64]

#: First steps beyond a change of the order, as parts of the range.
BEYOND = (1e-3, 1e-4, 1e-5, 1e-2)
#: Distance from a switch, relative to its variation, and share of the period, below which a curve has come to its limit
#: there.
NEARLY = 1e-6
#: Pieces that are shorter than this multiple of the shortest vanish with it: symmetric cycles lose several at once.
MOST = 1.5
#: Steps that locate a cycle that grazes, and its distance from the switch at which they end, and that suffices.
SECANTS, TOUCHES, SEEN = 30, 1e-12, 1e-7
#: Samples in each mesh interval of a cycle that goes beyond a switch.
SAMPLES = 32


def kink_limits(request: Request, curve: CycleCurve) -> tuple[Limit, ...]:
    """Return where the order changes in which the cycles of a curve pass the switches of the equations."""
    if isinstance(curve, KinkedCurve):
        return limits(curve)
    made = _made(request, curve)
    return () if made is None else smooth_limits(Sides(made, request.free), request.free)


def kink_flaw(curve: CycleCurve) -> Callable[[Place], str] | None:
    """Return what says in words that a cycle across switches is none of the system's; None where there are none."""
    return partial(flaw, curve) if isinstance(curve, KinkedCurve) else None


def _made(request: Request, curve: CycleCurve) -> Kinked | None:
    """Return what the cycles of a smooth curve need where they meet switches; None where they are not cut."""
    made = kinked(request.system)
    if isinstance(curve, KinkedCurve):
        return made
    return None if curve.forced or curve.held or curve.curve.equations.data.any() else made


def beyond(
    request: Request, curve: CycleCurve, last: Place, direction: float
) -> tuple[CycleCurve, list[Mark], Place, float] | None:
    """Return a cycle with the new order of switches beyond one at which the order changes.

    Parameters
    ----------
    request : Request
    curve : CycleCurve
        That has come to its limit.
    last : Place
        There, or just before it.
    direction : float
        In which the tangents were followed.

    Returns
    -------
    curve : CycleCurve
        Of cycles with the new order.
    marks : list of Mark
        The limit, where it is better located on the new curve.
    place : Place
    direction : float
        In which to go on from there; None if there is no such cycle.
    """
    span, value = float(curve.curve.ranges[0]), float(last.scalars[1])
    slope = float(last.slopes[1])
    ahead = math.copysign(1.0, direction * slope) if slope else 1.0
    for way in (ahead, -ahead):  # -ahead: the curve turns back there
        for step in BEYOND:
            found = _changed(request, curve, last, value + way * step * span)
            if found is not None:
                new, place = found
                touching = _touching(request, new, place, value) if _count(new) < _count(curve) else None
                return new, [] if touching is None else [touching], place, way
    return None


def _count(curve: CycleCurve) -> int:
    return len(curve.curve.pattern) if isinstance(curve, KinkedCurve) else 0


def _graze(request: Request, curve: CycleCurve) -> Limit:
    """Return the limit at which cycles graze a switch that they do not pass."""
    return grazing(curve) if isinstance(curve, KinkedCurve) else kink_limits(request, curve)[0]


def _touching(request: Request, curve: CycleCurve, place: Place, value: float) -> Mark | None:
    """Return the cycle that grazes a switch, between a place and another value of the parameter, where it goes beyond.

    On the curve of cycles that do not pass the switch this is a simple root; of those that pass it twice, others branch
    off there, which pass it twice at one instant.
    """
    limit, values, found = _graze(request, curve), [float(place.scalars[1]), value], [place]
    heights = [limit.function(place)]
    for _ in range(SECANTS):
        z = found[-1].orbit.z.copy()
        z[-1] = values[-1]
        attempt = curve.curve.settle(replace(found[-1].orbit, z=z), adaptations=0)
        if attempt.point is None:
            return None
        found.append(curve.place(attempt.point))
        heights.append(limit.function(found[-1]))
        if abs(heights[-1]) < TOUCHES or heights[-1] == heights[-2]:
            break
        values.append(values[-1] - heights[-1] * (values[-1] - values[-2]) / (heights[-1] - heights[-2]))
    if not abs(heights[-1]) < SEEN:
        return None
    return Mark(limit.kind, found[-1], limit.name(found[-1]), {"tangent": found[-1].orbit.tangent.copy()})


def _changed(request: Request, curve: CycleCurve, last: Place, value: float) -> tuple[CycleCurve, Place] | None:
    """Return the cycle with the new order of switches at a value of the parameter, and its curve."""
    if not isinstance(curve, KinkedCurve):
        return _more_switches(request, curve, last, value)
    assert isinstance(last, KinkedPlace)
    crossing = curve.shortest(False, last) < NEARLY
    if not crossing and curve.clearance(last) < NEARLY:
        return _more_switches(request, curve, last, value)
    pieces = _pieces(curve, last)
    least = NEARLY * float(last.scalars[0])  # what has vanished may be negative by rounding
    if not crossing:
        least = max(least, MOST * min(piece.duration for piece in pieces))
    for k in reversed([k for k, piece in enumerate(pieces) if piece.duration <= least]):
        if pieces[k - 1].event == pieces[k].event and len(pieces) == 2:
            return _no_switches(request, curve, last, value)
        if crossing and pieces[k - 1].event != pieces[k].event:
            _swap(curve, pieces, k)
        elif not crossing and pieces[k - 1].event == pieces[k].event:
            _remove(pieces, k)
    events = tuple(piece.event for piece in pieces)
    z = np.concatenate([*(x.points.ravel() for x in pieces), [x.duration for x in pieces], [value]])
    guess = replace(
        last.orbit,
        z=z,
        tangent=np.zeros_like(z),
        counts=np.array([x.widths.size for x in pieces], dtype=np.int64),
        widths=np.concatenate([x.widths for x in pieces]),
        steps=0,
    )
    changed = KinkedCurve(curve.curve.patterned(Pattern(events, ((),) * len(events))))
    return _valid(changed, settled(changed, guess, -1))


def _valid(curve: KinkedCurve, place: Place | None) -> tuple[CycleCurve, Place] | None:
    """Return a cycle and its curve if it is one of the system."""
    if place is None or min(limit.function(place) for limit in limits(curve)) <= 0.0 or problem(curve, place):
        return None
    return curve, place


def _more_switches(request: Request, curve: CycleCurve, last: Place, value: float) -> tuple[CycleCurve, Place] | None:
    """Return the cycle at a value at which it passes switches that it grazes now, and its curve.

    The guess is the cycle that goes beyond them without switching.
    """
    made = _made(request, curve)
    z = last.orbit.z.copy()
    z[-1] = value
    attempt = curve.curve.settle(replace(last.orbit, z=z, tangent=np.zeros_like(z), steps=0), adaptations=0)
    if made is None or attempt.point is None:
        return None
    orbit = curve.place(attempt.point, resolved=False).plain.orbit
    x, widths = orbit.split(orbit.z)[0]
    s = np.interp(np.linspace(0.0, 1.0, SAMPLES * widths.size + 1), np.linspace(0.0, 1.0, widths.size + 1),
                  np.concatenate(([0.0], np.cumsum(widths))))  # fmt: skip
    states = interpolate(x, widths, gauss_scheme(orbit.stages), s)
    path = cut(made, request.free, np.array([value]), s * float(orbit.durations[0]), states)
    if path is None or len(path.pattern) <= _count(curve):
        return None
    sizes, ranges = curve.curve.sizes[: orbit.n], curve.curve.ranges
    found = on_path(made, request.free, path, sizes, ranges, widths.size, orbit.stages)
    return None if found is None else _valid(*found)


@dataclass(eq=False)
class _Piece:
    """A segment: points, relative widths of its mesh, duration, and the switch at its end."""

    points: Array
    widths: Array
    duration: float
    event: int


def _pieces(curve: KinkedCurve, place: Place) -> list[_Piece]:
    orbit = place.orbit
    of_all = zip(orbit.split(orbit.z), orbit.durations.tolist(), curve.curve.pattern.events, strict=True)
    return [_Piece(points.copy(), widths, duration, event) for (points, widths), duration, event in of_all]


def _remove(pieces: list[_Piece], k: int) -> None:
    """Join the neighbours of a piece that has vanished."""
    before, after = pieces[k - 1], pieces[(k + 1) % len(pieces)]
    total = before.duration + after.duration
    after.widths = np.concatenate((before.widths * before.duration, after.widths * after.duration)) / total
    after.points, after.duration = np.concatenate((before.points, after.points[1:])), total
    pieces[:] = [piece for i, piece in enumerate(pieces) if i not in (k, (k - 1) % len(pieces))]


def _swap(curve: KinkedCurve, pieces: list[_Piece], k: int) -> None:
    """Pass the switches at both ends of a piece that has vanished in the other order."""
    before, piece = pieces[k - 1], pieces[k]
    for switch in (before.event, piece.event):
        _change_side(curve, piece.points, switch)
    before.event, piece.event = piece.event, before.event


def _change_side(curve: KinkedCurve, points: Array, switch: int) -> None:
    """Change the side of a switch in the codes of points."""
    out, p, n = np.empty(points.shape[1]), curve.curve.p, len(curve.curve.made.base.states)
    for x in points:
        curve.curve.kernels.jump(switch, 0.0, x.copy(), p, out)
        x[n:] = out[n:]


def _no_switches(
    request: Request, curve: KinkedCurve, last: KinkedPlace, value: float
) -> tuple[CycleCurve, Place] | None:
    """Return the cycle of one segment beyond one whose only piece beyond a switch has vanished, and its curve."""
    n = len(request.system.states)
    equations = cycle_equations(request.system, request.free)
    smooth = CycleCurve(OrbitCurve(equations, curve.curve.sizes[:n], curve.curve.ranges, last.orbit.stages))
    plain = last.plain.orbit
    z = plain.z.copy()
    z[-1] = value
    attempt = smooth.curve.settle(replace(plain, z=z, tangent=np.zeros_like(z), steps=0), fixed=-1, adaptations=1)
    if attempt.point is None:
        return None
    place = smooth.place(attempt.point)
    sides = Sides(curve.curve.made, request.free)
    return (smooth, place) if sides.clearance(place) > 0.0 else None
