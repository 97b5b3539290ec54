"""Special points on curves of bifurcations: detected by test functions, located by their roots, verified."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.equilibrium_points import (
    SAME_POINT,
    crossings,
    refined,
    remembered,
    with_marks,
)
from dynana.analysis.equilibrium_tracing import Mark, Trace
from dynana.analysis.loci_request import LocusRequest
from dynana.analysis.neutral_pairs import CRITICAL, hopf_test, pairs
from dynana.analysis.trace_ends import ASKED, asked_at_ends
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.lowering.multilinear import arrays
from dynana.numerics.bracketed_roots import bracketed_root
from dynana.numerics.hopf_coefficient import CUBIC, cubic_coefficients
from dynana.numerics.locus_curve import LocusCurve, LocusPoint
from dynana.numerics.locus_equations import BOUNDARY, FOLD, HOPF

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

#: A test function that changes sign through a pole, and not through zero, is at its root still this part of its values
#: at the ends of the bracket.
POLE = 1e-3
#: A fold is a branch point if neither parameter has more than this part of its effect nearby on the rate along the left
#: null vector.
CROSSING = 1e-4
#: Kinds in the order of the test functions of each family.
KINDS: dict[int, tuple[str, ...]] = {
    FOLD: ("cusp", "bogdanov-takens", "zero-hopf"),
    HOPF: ("bautin", "zero-hopf", "hopf-hopf"),
    BOUNDARY: ("fold", "hopf"),
}


@dataclass(frozen=True, eq=False)
class LocusTests:
    """Functions along a curve whose zeros are special points.

    Attributes
    ----------
    request : LocusRequest
    curve : LocusCurve
    known_others, known_cubics : dict of point to values
        What `others` and `cubic` have computed.
    """

    request: LocusRequest
    curve: LocusCurve
    known_others: dict[LocusPoint, ComplexArray] = field(default_factory=dict)
    known_cubics: dict[LocusPoint, tuple[complex, float]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Kind and name that belong to each test function."""
        own = tuple((kind, "") for kind in KINDS.get(self.curve.family, ()))
        return (*own, *((kind, name) for kind, name, _ in self.request.others))

    def values(self, points: list[LocusPoint]) -> FloatArray:
        """Return the test functions at points, shape (k, number of kinds); 0 where one of bifurcations has no value."""
        columns = [self.column(points, which) for which in range(len(self.kinds))]
        found: FloatArray = np.array(columns).reshape(-1, len(points))
        own = len(KINDS.get(self.curve.family, ()))
        found[:own] = np.nan_to_num(found[:own], posinf=0.0, neginf=0.0)
        return found.T

    def column(self, points: list[LocusPoint], which: int) -> FloatArray:
        """Return one test function at points, shape (k,)."""
        kind = self.kinds[which][0]
        own = len(KINDS.get(self.curve.family, ()))
        if which >= own:
            return np.array([self.request.others[which - own][2](self.place(p)) for p in points])
        if kind in ("cusp", "bogdanov-takens"):
            return fold_tests(points)[which]
        others = self.others(points)
        if kind == "bautin":
            cubic = self.cubic(points)[1]
            # Where another eigenvalue is zero, the coefficient changes sign through a pole; with the sign of that
            # eigenvalue it does not. Towards Bogdanov-Takens points it grows beyond all bounds.
            return np.sign(zero_test(others)) * cubic / (1.0 + np.abs(cubic))
        real = kind == "fold" or (self.curve.family == HOPF and kind == "zero-hopf")
        return zero_test(others) if real else hopf_test(others)

    def place(self, point: LocusPoint) -> FloatArray:
        """Return the states and parameters at a point, shape (n + 2,)."""
        z: FloatArray = (point.u * self.curve.scales)[: self.curve.n + 2]
        return z

    def others(self, points: list[LocusPoint]) -> ComplexArray:
        """Return the eigenvalues beside the critical ones, see `other_eigenvalues`."""
        return np.array(remembered(self.known_others, points, partial(other_eigenvalues, self.curve)))

    def cubic(self, points: list[LocusPoint]) -> tuple[ComplexArray, FloatArray]:
        """Return the cubic coefficients of Hopf points, unscaled and (real part) scaled, shape (k,) each."""
        found = remembered(self.known_cubics, points, self._cubic)
        return np.array([c for c, _ in found]), np.array([c for _, c in found])

    def _cubic(self, points: list[LocusPoint]) -> list[tuple[complex, float]]:
        curve, kernels = self.curve, lower(self.request.system)
        n, count = curve.n, len(points)
        base = np.empty((count, n + kernels.n_parameters))
        base[:, n:] = kernels.p
        free = [n + self.request.system.parameters.index(name) for name in self.request.free]
        places = np.array([self.place(p) for p in points])
        base[:, :n], base[:, free] = places[:, :n], places[:, n:]
        slopes = np.array([p.matrix[:n, :n] for p in points])
        kappas = np.array([p.u[-1] for p in points]) * curve.scales[-1]
        rights = np.array([p.right[:, :n] for p in points])
        lefts = np.array([p.left[0] for p in points])
        coefficients, scaled = np.empty(count, np.complex128), np.empty(count)
        cubic_coefficients(
            *arrays(kernels.module("tape")), CUBIC.products, base, curve.scales[:n].copy(), curve.rate, slopes, kappas,
            rights, lefts, coefficients, scaled,
        )  # fmt: skip
        return list(zip(coefficients.tolist(), scaled.tolist(), strict=True))


def fold_tests(points: list[LocusPoint]) -> tuple[FloatArray, FloatArray]:
    """Return the quadratic coefficient of folds and the product of their null vectors, shape (k,) each.

    Both for null vectors of unit length: unlike the coefficient of the normal form, this one is finite at double zero
    eigenvalues.
    """
    n = points[0].left.shape[1]
    v, w = np.array([p.right[0, :n] for p in points]), np.array([p.left[0] for p in points])
    rows = np.array([p.matrix[n, :n] for p in points])
    lengths, heights = np.linalg.norm(v, axis=1), np.linalg.norm(w, axis=1)
    quadratic = -np.sum(rows * v, axis=1) / (heights * lengths**2)
    return quadratic, np.sum(v * w, axis=1) / (heights * lengths)


def other_eigenvalues(curve: LocusCurve, points: list[LocusPoint]) -> ComplexArray:
    """Return the eigenvalues beside the critical ones, in units of the rate, shape (k, n - 1), (k, n - 2) or (k, n)."""
    n = curve.n
    if n == (2 if curve.family == HOPF else 1) and curve.family != BOUNDARY:
        return np.empty((len(points), 0), dtype=np.complex128)
    values = np.linalg.eigvals(np.array([p.matrix[:n, :n] for p in points])).astype(complex)
    if curve.family == BOUNDARY:
        return values
    if curve.family != HOPF:
        critical = np.argmin(np.abs(values), axis=1)[:, None]
    else:
        kappa = np.array([p.u[-1] for p in points])[:, None] * curve.scales[-1]
        i, j = pairs(n)
        misfit = np.abs(values[:, i] + values[:, j]) + np.abs(values[:, i] * values[:, j] - kappa)
        best = np.argmin(misfit, axis=1)
        critical = np.column_stack([i[best], j[best]])
    kept = np.ones(values.shape, dtype=bool)
    np.put_along_axis(kept, critical, False, axis=1)
    return values[kept].reshape(len(points), -1)


def zero_test(eigenvalues: ComplexArray) -> FloatArray:
    """Return a function that changes sign where a real eigenvalue passes through zero, shape (k,).

    Its size is the smallest modulus of the real ones, its sign the product of theirs.
    """
    real = eigenvalues.imag == 0.0
    size = np.min(np.where(real, np.abs(eigenvalues), np.inf), axis=1, initial=np.inf)
    negative = np.sum(real & (eigenvalues.real < 0.0), axis=1)
    return np.where(np.isfinite(size), size, 1.0) * np.where(negative % 2, -1.0, 1.0)


def locate(tests: LocusTests, trace: Trace) -> None:
    """Find the special points of a trace, put them among its points and fill in its marks."""
    points, values, used = refined(tests.curve, tests.values, trace.points)
    found: list[tuple[int, float, Mark]] = []
    for i, j, which in crossings(values, used):
        mark = _located(tests, (points[i], points[j]), which, values[[i, j], which])
        if mark is None or any(m.kind == mark.kind and m.name == mark.name and _near(m, mark) for _, _, m in found):
            continue
        chord = points[j].u - points[i].u
        found.append((i, float((mark.point.u - points[i].u) @ chord / (chord @ chord)), mark))
    if tests.curve.family == HOPF:
        ends = {0: points[0], len(points) - 1: points[-1]}
        found += [(i, 0.0, Mark("bogdanov-takens", p)) for i, p in ends.items() if p.u[-1] == 0.0]
    if not trace.closed:
        asked = {c: kind for c, kind in enumerate(tests.kinds) if kind[0] in ASKED}
        at_ends = asked_at_ends(points, values, asked, tests.curve.scales)
        found += [(i, 0.0, Mark(kind, points[i], name)) for i, kind, name in at_ends]
    found.sort(key=lambda entry: entry[:2])
    trace.marks = [m for _, _, m in found]
    trace.points = with_marks(points, found)


def _near(a: Mark, b: Mark) -> bool:
    return float(np.linalg.norm(a.point.u - b.point.u)) <= SAME_POINT


def _located(tests: LocusTests, ends: tuple[LocusPoint, LocusPoint], which: int, values: FloatArray) -> Mark | None:
    """Return the special point between two points of a curve; None if it is not what the test function says."""
    curve, (a, b) = tests.curve, ends
    best, left = min(zip(ends, values.tolist(), strict=True), key=lambda end: abs(end[1]))

    def function(distance: float) -> float:
        nonlocal best, left
        at = curve.at(a, distance)
        if at is None:
            raise ConvergenceError
        best, left = at, float(tests.column([at], which)[0])
        return left

    kind, name = tests.kinds[which]
    try:
        bracketed_root(function, 0.0, float(a.tangent @ (b.u - a.u)), float(values[0]), float(values[1]))
    except ConvergenceError:
        # the defining system is singular where another curve crosses, at a fold that is a branch point
        return Mark("branch point", best, simple=False) if kind == "cusp" else None
    if not abs(left) <= POLE * float(np.abs(values).max()):
        return None
    if kind == "cusp" and _crosses(best, (a, b)):
        return Mark("branch point", best)
    turning = kind in ("hopf", "hopf-hopf") or (kind == "zero-hopf" and curve.family == FOLD)
    if turning and not _turns(tests.others([best])[0]):
        return None  # two real eigenvalues that add to zero
    return Mark(kind, best, name)


def _crosses(point: LocusPoint, ends: tuple[LocusPoint, LocusPoint]) -> bool:
    """Return whether a fold is a point where branches cross whichever parameter is varied."""
    effect, *others = (_effect(p) for p in (point, *ends))
    return effect <= CROSSING * max(others)


def _effect(fold: LocusPoint) -> float:
    """Return how much the parameters move the rates along the left null vector of a fold."""
    n = fold.left.shape[1]
    w = fold.left[0] / np.linalg.norm(fold.left[0])
    return float(np.linalg.norm(w @ fold.matrix[:n, n:]))


def _turns(eigenvalues: ComplexArray) -> bool:
    """Return whether a pair of the eigenvalues is imaginary."""
    turning = eigenvalues[eigenvalues.imag > 0.0]
    return bool(np.any(np.abs(turning.real) <= CRITICAL * np.abs(turning)))
