"""Special points along a traced curve of equilibria: detected by test functions, located by their roots, verified."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.branch_points import RANK_LOST, branch_point, crossing_tangents, through
from dynana.analysis.equilibrium_tracing import Curve, Mark, Trace, on_trace
from dynana.analysis.neutral_pairs import CRITICAL, NEUTRAL, hopf_test, is_hopf
from dynana.analysis.trace_ends import ASKED, asked_at_ends
from dynana.analysis.user_functions import vanishes
from dynana.numerics.bracketed_roots import bracketed_root
from dynana.numerics.equilibrium_curve import CurvePoint, EquilibriumCurve

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Scalar = Callable[[FloatArray], float]
Key = TypeVar("Key")
Value = TypeVar("Value")

#: A test function below this fraction of its largest value on the curve has no sign: the next point decides.
NO_SIGN = 1e-10
#: Rounds of halving where a test function may touch or cross zero twice between two points.
ROUNDS = 6
#: Located points nearer to each other than this (scaled) are the same.
SAME_POINT = 1e-6
#: On a branch that turns at a branch point (the parameter component of its tangent is below the first number), a fold
#: nearer than the second is that branch point: Newton's method is ill-conditioned around it.
TURNS, TURNING_PLACE = 1e-5, 1e-3
#: A branch point is looked for this many segments around the sign change.
NEARBY = 3.0
#: Distance over which the change of a function along a tangent is measured, in scaled units.
BESIDE = 1e-6

FOLD, BRANCH_POINT, HOPF = 0, 1, 2
KINDS = ("fold", "branch point", "hopf")


@dataclass(frozen=True, eq=False)
class Tests:
    """Functions along a curve whose zeros are special points.

    Attributes
    ----------
    curve : EquilibriumCurve
    others : tuple of (kind, name, function)
        Further functions of the unscaled states and parameter: kinks, asked values, functions of the user.
    known : dict of point to ndarray
        Eigenvalues that were computed.
    """

    curve: EquilibriumCurve
    others: tuple[tuple[str, str, Scalar], ...]
    known: dict[CurvePoint, ComplexArray] = field(default_factory=dict)

    def values(self, points: list[CurvePoint]) -> FloatArray:
        """Return the test functions at points, shape (k, 3 + number of others)."""
        tangents = np.array([p.tangent for p in points])
        matrices = np.array([p.matrix for p in points])
        square = np.concatenate([matrices, tangents[:, None, :]], axis=1)
        square /= np.maximum(np.linalg.norm(square, axis=2, keepdims=True), np.finfo(float).tiny)
        columns = [tangents[:, -1], np.linalg.det(square), hopf_test(self.spectra(points))]
        scaled = [p.u * self.curve.scales for p in points]
        columns += [np.array([function(z) for z in scaled]) for _, _, function in self.others]
        return np.column_stack(columns)

    def one(self, point: CurvePoint, which: int) -> float:
        """Return one test function at a point."""
        if which == FOLD:
            return float(point.tangent[-1])
        if which == HOPF:
            return float(hopf_test(self.spectra([point]))[0])
        if which > HOPF:
            return self.others[which - len(KINDS)][2](point.u * self.curve.scales)
        return float(self.values([point])[0, which])

    def spectra(self, points: list[CurvePoint]) -> ComplexArray:
        """Return the eigenvalues at points, shape (k, n), conjugate ones next to each other."""
        return np.array(remembered(self.known, points, self._spectra))

    def _spectra(self, points: list[CurvePoint]) -> ComplexArray:
        jacobians = np.array([p.matrix[:, :-1] for p in points]) / self.curve.scales[:-1]
        return np.linalg.eigvals(jacobians).astype(complex)


def remembered(
    known: dict[Key, Value], points: list[Key], compute: Callable[[list[Key]], Iterable[Value]]
) -> list[Value]:
    """Return what belongs to points, computed once for each."""
    new = [p for p in points if p not in known]
    if new:
        known.update(zip(new, compute(new), strict=True))
    return [known[p] for p in points]


def locate(curve: EquilibriumCurve, tests: Tests, trace: Trace) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Find the special points of a trace, put them among its points and fill in its marks.

    Returns
    -------
    tuple of (point, point)
        Scaled ends of steps that have probably gone over to another curve: the orientation changes, and there is no
        branch point.
    """
    jumps = []
    points, values, used = refined(curve, tests.values, trace.points)
    used[:, HOPF] &= np.abs(values[:, HOPF]) > NEUTRAL  # of a conservative system it is zero everywhere
    found: list[tuple[int, float, Mark]] = []
    for i, j, which in sorted(crossings(values, used), key=lambda c: c[2] != BRANCH_POINT):
        mark = _located(curve, tests, (points[i], points[j]), which, values[[i, j], which])
        branch_points = [m for _, _, m in found if m.kind == "branch point"]
        if mark is None and which == BRANCH_POINT and not _changed(tests, points[i], points[j]):
            jumps.append((points[i].u, points[j].u))
        if mark is None or (which == FOLD and any(_turns_at(m, mark) for m in branch_points)):
            continue
        if mark.kind == "branch point" and any(_near(mark, m) for m in branch_points):
            continue
        chord = points[j].u - points[i].u
        place = float((mark.point.u - points[i].u) @ chord / (chord @ chord))
        found.append((i, place, mark))
    if not trace.closed:
        wanted = {len(KINDS) + k: (kind, name) for k, (kind, name, _) in enumerate(tests.others) if kind in ASKED}
        wanted |= {HOPF: ("hopf", "")} if used[:, HOPF].any() else {}
        for i, kind, name in asked_at_ends(points, values, wanted, curve.scales):
            if kind != "hopf" or is_hopf(tests.spectra([points[i]])[0]):
                found.append((i, 0.0, Mark(kind, points[i], name)))
    found.sort(key=lambda entry: entry[:2])
    trace.marks = [m for _, _, m in found]
    trace.points = with_marks(points, found)
    return tuple(jumps)


def locate_between(
    curve: EquilibriumCurve, tests: Tests, trace: Trace, ends: tuple[FloatArray, FloatArray], which: int
) -> None:
    """Add the special point of one kind between two scaled places of a trace, unless it is among its marks."""
    segment = on_trace(curve, trace, ends[0])
    if segment is None or on_trace(curve, trace, ends[1]) is None:
        return
    along = trace.points[segment].tangent
    points = [curve.point(u, along) for u in ends]
    a, b = points if float((ends[1] - ends[0]) @ along) > 0.0 else points[::-1]
    if a is None or b is None:
        return
    values = np.array([tests.one(p, which) for p in (a, b)])
    mark = _located(curve, tests, (a, b), which, values) if values[0] * values[1] < 0.0 else None
    if mark is None or any(m.kind == mark.kind and _near(m, mark) for m in trace.marks):
        return
    at = on_trace(curve, trace, mark.point.u)
    if at is not None:
        trace.points.insert(at + 1, mark.point)
        trace.marks.append(mark)
        order = {id(p): i for i, p in enumerate(trace.points)}
        trace.marks.sort(key=lambda m: order.get(id(m.point), 0))


def _changed(tests: Tests, a: CurvePoint, b: CurvePoint) -> bool:
    """Return whether a kink of the equations lies between two points."""
    kinks = [function for kind, _, function in tests.others if kind == "kink"]
    return any(f(a.u * tests.curve.scales) * f(b.u * tests.curve.scales) <= 0.0 for f in kinks)


def _turns_at(branch_point: Mark, fold: Mark) -> bool:
    distance = float(np.linalg.norm(branch_point.point.u - fold.point.u))
    turns = abs(float(branch_point.point.tangent[-1])) <= TURNS
    return distance <= (TURNING_PLACE if turns else SAME_POINT)


def _near(a: Mark, b: Mark) -> bool:
    return float(np.linalg.norm(a.point.u - b.point.u)) <= SAME_POINT


def with_marks(points: list[Any], found: list[tuple[int, float, Mark]]) -> list[Any]:
    """Return the points with the located ones among them, each place once."""
    places, number = np.array([p.u for p in points]), np.arange(len(points))
    known = np.zeros(len(points), dtype=bool)
    for k, _, mark in found:
        known |= (number >= k) & (np.linalg.norm(places - mark.point.u, axis=1) <= SAME_POINT)
    known[[0, -1]] = False
    merged: list[Any] = []
    for i, point in enumerate(points):
        if not known[i]:
            merged.append(point)
        here = [m.point for k, _, m in found if k == i]
        merged += [p for p in here if not any(p is q for q in merged)]
    return merged


def refined(
    curve: Curve, measured: Callable[[list[Any]], FloatArray], points: list[Any]
) -> tuple[list[Any], FloatArray, NDArray[np.bool_]]:
    """Return the points with more of them where a test function may have two zeros between neighbours.

    Between points where neither extrapolation from the left nor that from the right keeps the sign, a convex function
    can have a pair of zeros; so can one that has a value at one of them only. The third result says which values have a
    sign.
    """
    points = list(points)
    values = measured(points)
    for _ in range(ROUNDS):
        if len(points) < 3:
            break
        u = np.array([p.u for p in points])
        h = np.linalg.norm(np.diff(u, axis=0), axis=1)[:, None]
        slope = np.diff(values, axis=0) / np.maximum(h, np.finfo(float).tiny)
        left, right = np.vstack([slope[1:2], slope[:-1]]), np.vstack([slope[1:], slope[-2:-1]])
        sign = np.sign(values[:-1])
        doubtful = (values[:-1] * values[1:] > 0.0) & ((values[:-1] + left * h) * sign < 0.0)
        doubtful &= (values[1:] - right * h) * sign < 0.0
        doubtful |= np.diff(np.isfinite(values), axis=0)
        places = np.flatnonzero(doubtful.any(axis=1) & (h[:, 0] > 2.0 * SAME_POINT))
        new = [(int(i), _middle(curve, points[i], points[i + 1])) for i in places]
        added = [(i, p) for i, p in new if p is not None]
        if not added:
            break
        more = measured([p for _, p in added])
        values = np.insert(values, [i + 1 for i, _ in added], more, axis=0)
        for i, p in reversed(added):
            points.insert(i + 1, p)
    sizes = np.where(np.isfinite(values), np.abs(values), 0.0)
    return points, values, sizes > NO_SIGN * sizes.max(axis=0)


def _middle(curve: Curve, a: Any, b: Any) -> Any:
    return curve.at(a, 0.5 * float(a.tangent @ (b.u - a.u)))


def crossings(values: FloatArray, used: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return (i, j, which) where a test function has opposite signs at i and j, and between a value but no sign."""
    found = []
    gaps = np.cumsum(~np.isfinite(values), axis=0)
    for which in range(values.shape[1]):
        at = np.flatnonzero(used[:, which])
        change = values[at[:-1], which] * values[at[1:], which] < 0.0
        change = np.flatnonzero(change & (np.diff(gaps[at, which]) == 0))
        found += [(int(at[c]), int(at[c + 1]), which) for c in change]
    return found


def _located(
    curve: EquilibriumCurve, tests: Tests, ends: tuple[CurvePoint, CurvePoint], which: int, values: FloatArray
) -> Mark | None:
    """Return the special point between two points of a curve; None if it is not what the test function says."""
    a, b = ends
    whole = float(a.tangent @ (b.u - a.u))
    if which == BRANCH_POINT:
        return _branch_mark(curve, a, b)

    kind, name, _ = tests.others[which - len(KINDS)] if which > HOPF else ("", "", None)
    if kind == "kink":
        point = _at_kink(curve, tests, ends, which, values)
    else:
        point = _root(curve, tests, a, whole, which, values)
    if point is None or (kind == "user" and not vanishes(tests.one(point, which), values.tolist())):
        return None
    if which > HOPF:
        return Mark(kind, point, name)
    if which == HOPF:
        return Mark("hopf", point) if is_hopf(tests.spectra([point])[0]) else None
    if abs(float(point.tangent[-1])) > CRITICAL:
        return None
    # at a fold the derivative by the states is singular, and that by states and parameter is not
    sizes = np.linalg.svd(point.matrix / curve.scales[:-1, None], compute_uv=False)
    regular = bool(sizes[-1] > RANK_LOST * sizes[0])
    return Mark("fold", point) if regular else Mark("branch point", point, simple=False)


def _root(
    curve: EquilibriumCurve, tests: Tests, base: CurvePoint, whole: float, which: int, values: FloatArray
) -> CurvePoint | None:
    """Return the point of the curve, up to a distance from another, at which a test function is zero."""

    at = cache(partial(curve.at, base))

    def function(distance: float) -> float:
        point = at(distance)
        return math.nan if point is None else tests.one(point, which)

    return at(bracketed_root(function, 0.0, whole, float(values[0]), float(values[1])))


def _at_kink(
    curve: EquilibriumCurve, tests: Tests, ends: tuple[CurvePoint, CurvePoint], which: int, values: FloatArray
) -> CurvePoint | None:
    """Return the point of the curve on a kink, where it may turn a corner.

    Planes across the tangent on one side need not meet the curve on the other: those across the chord do, unless one
    of the ends is so near to the corner that the straight line along its tangent leads there.
    """
    a, b = ends
    chord = b.u - a.u
    length = float(np.linalg.norm(chord))
    found = [_root(curve, tests, CurvePoint(a.u, chord / length, a.matrix), length, which, values)]
    for end, value in zip(ends, values.tolist(), strict=True):
        rise = tests.one(CurvePoint(end.u + BESIDE * end.tangent, end.tangent, end.matrix), which) - value
        if rise != 0.0:
            found.append(curve.at(end, -BESIDE * value / rise))
    return min((p for p in found if p is not None), key=lambda p: abs(tests.one(p, which)), default=None)


def _branch_mark(curve: EquilibriumCurve, a: CurvePoint, b: CurvePoint) -> Mark | None:
    chord = b.u - a.u
    length = float(np.linalg.norm(chord))
    solved = branch_point(curve, a.u + 0.5 * chord, NEARBY * length)
    if solved is None:
        return None
    u, psi = solved
    along = chord / length
    tangents = crossing_tangents(curve, u, psi)
    own = max(tangents, key=lambda t: abs(float(t @ along)), default=along)
    own = own * math.copysign(1.0, float(own @ along))
    return Mark("branch point", through(curve, u, own), tangents=tangents)
