"""Where a traced curve passes a face of its box, be it where another curve meets it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.branch_points import branch_point
from dynana.numerics.bracketed_roots import bracketed_root
from dynana.numerics.equilibrium_curve import GOOD, CurvePoint, EquilibriumCurve

FloatArray = NDArray[np.float64]

#: Scaled distance within which Newton's method must reproduce a point for it to be on a curve. Curves that are nearer
#: to each other than this count as one.
SAME_PLACE = 1e-7
#: How far a point may be from a chord, as a fraction of its length, to be tried for lying on the curve.
NEAR_CHORD = 0.3
#: The derivative has lost rank at an end if its smallest singular value is below this fraction of the one before.
NEARLY_SINGULAR = 1e-3
#: How far the branch point that it means may be, in scaled units.
FARTHEST = 1e-3
#: Relative distance from an asked value within which the end of a curve is there, and kinds of what is asked for.
AT_END = 1e-13
ASKED = ("label", "user")


def crossing(curve: Any, a: CurvePoint, b: CurvePoint, i: int, bound: float, narrowest: float) -> FloatArray:
    """Return where the curve between two points passes a face of the box.

    The guess is so near that Newton's method finds this curve even where it crosses another one on the face.
    """
    normal = (b.u - a.u) / np.linalg.norm(b.u - a.u)

    @cache
    def at(part: float) -> FloatArray:
        guess = hermite(a, b, part)
        u, _, outcome = curve.correct(guess, normal)
        return u if outcome == GOOD and float(np.linalg.norm(u - guess)) <= part_of_step else guess

    part_of_step = NEAR_CHORD * float(np.linalg.norm(b.u - a.u))
    inside, outside = float(a.u[i]) - bound, float(b.u[i]) - bound
    if inside * outside >= 0.0:  # one of them is on the face but for rounding
        return (a if abs(inside) < abs(outside) else b).u.copy()
    root = bracketed_root(lambda part: float(at(part)[i]) - bound, 0.0, 1.0, inside, outside, narrowest=narrowest)
    return at(root).copy()


def lost_rank(end: CurvePoint, last: CurvePoint) -> bool:
    """Return whether the derivative has lost rank at an end, given the point before."""
    least, before = (float(np.linalg.svd(p.matrix, compute_uv=False)[-1]) for p in (end, last))
    return least <= NEARLY_SINGULAR * before


def meeting_place(curve: Any, u: FloatArray, i: int) -> FloatArray | None:
    """Return the branch point of equilibria next to a point on a face of the box, if that is on the face too."""
    found = branch_point(curve, u, FARTHEST) if isinstance(curve, EquilibriumCurve) else None
    if found is None or not abs(float(found[0][i] - u[i])) <= SAME_PLACE:
        return None
    meeting = found[0].copy()
    meeting[i] = u[i]
    return meeting


def arriving(last: CurvePoint, u: FloatArray, direction: float) -> FloatArray:
    """Return the tangent at the end of an arc of a circle from a point with its tangent; the parameter does not turn.

    (A curve that ends on another one, as half a pitchfork does, would seem to have a fold there.)
    """
    chord = direction * (u - last.u) / np.linalg.norm(u - last.u)
    tangent: FloatArray = 2.0 * float(chord @ last.tangent) * chord - last.tangent
    if tangent[-1] * last.tangent[-1] < 0.0:
        tangent[-1] = 0.0
    return tangent / np.linalg.norm(tangent)


def asked_at_ends(
    points: list[Any], values: FloatArray, asked: Mapping[int, tuple[str, str]], scales: FloatArray
) -> list[tuple[int, str, str]]:
    """Return (point, kind, name) of special points where a curve ends: no test function changes its sign there.

    Parameters
    ----------
    values : ndarray, shape (k, m)
        Test functions at the points.
    asked : mapping of column to (kind, name)
        Of test functions.
    """
    found = []
    for i in (0, len(points) - 1):
        rounding = AT_END * float(np.abs(points[i].u * scales).max())
        found += [(i, *wanted) for column, wanted in asked.items() if abs(values[i, column]) <= rounding]
    return found


def hermite(a: CurvePoint, b: CurvePoint, part: float) -> FloatArray:
    """Return the cubic through two points with their tangents, at a part of the way."""
    chord = b.u - a.u
    length = math.sqrt(float(chord @ chord))
    s, r = part, 1.0 - part
    curved: FloatArray = r * r * (1 + 2 * s) * a.u + s * s * (1 + 2 * r) * b.u
    return curved + length * s * r * (r * a.tangent - s * b.tangent)
