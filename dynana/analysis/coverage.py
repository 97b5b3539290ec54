"""The proof that a diagram shows every equilibrium: arcs that fill the box, and whether the traced curves pass them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.continuation_request import Request
from dynana.analysis.equilibrium_tracing import Trace
from dynana.lowering import coverage  # noqa: F401 (registers the kernels)
from dynana.lowering.kernels import Kernels
from dynana.numerics import curve_coverage
from dynana.numerics.box_clusters import merged
from dynana.results.tables import number

FloatArray = NDArray[np.float64]

#: Most boxes that are examined: about a second of work for three unknowns.
BUDGET = 500_000
#: Undecided boxes closer than this fraction of the search box are reported as one.
CLUSTER_GAP = 1e-3
#: A branch point explains an undecided box if it is no farther from it than this fraction of the search box.
EXPLAINED = 1e-4
#: Places along an arc where it is tried as a start, as parts of the way; the middle first.
TRIALS = (0.5, 0.25, 0.75, 0.02, 0.98)
#: Digits of places in sentences.
DIGITS = 9

_WHY = {
    curve_coverage.SINGULAR: "the derivative is singular or nearly so: curves cross, touch, or fill a surface",
    curve_coverage.UNBOUNDED: "the equations are unbounded or undefined there",
    curve_coverage.DIVISOR: "a factor that was divided by may vanish there",
    curve_coverage.JUMP: "the equations have a kink or jump there, or their derivative is unbounded",
    curve_coverage.BUDGET: (
        f"the budget of {BUDGET} boxes was spent: narrow the range or ranges={{...}}; that does not help where "
        "equilibria are double along a curve, as those of a squared factor"
    ),
}
_AT_KINK = "the branch has a corner there, at the kink of the equations that was located"


class Coverage:
    """Arcs of equilibria that are proved to be all there are in the box of a request.

    Attributes
    ----------
    mode : str
        Of the kernels: "reduced", or "full" where nothing could be eliminated.
    unknowns, eliminated : list of int
        Which of (states, parameter) span the boxes; the other states follow from these.
    low, high : ndarray, shape (w,)
        Box of the unknowns.
    lowest, highest : ndarray
        Ranges of the eliminated states.
    regions, enclosures : ndarray, shape (k, w, 2)
        Each region holds exactly one arc, which lies in the enclosure.
    graph : ndarray of int, shape (k,)
        The unknown over which the arc is a graph.
    examined : int
    spent : bool
        Whether the budget was spent before the search ended.
    undecided : ndarray, shape (h, w, 2)
    reasons : ndarray of int, shape (h,)
    """

    def __init__(self, request: Request, kernels: Kernels) -> None:
        self.request, self.p = request, kernels.p
        self._states = kernels.states
        self._search(kernels, "reduced")
        if curve_coverage.DIVISOR in self.reasons and all(n in request.box for n in kernels.states):
            self._search(kernels, "full")

    def _search(self, kernels: Kernels, mode: str) -> None:
        module, box = kernels.module("coverage", self.request.parameter, mode), self.request.box
        self.mode, self.equations, self.divisors = mode, module.equations, module.DIVISORS
        self.eliminated = list(module.ELIMINATED)
        self.unknowns = [*module.REMAINING, len(self._states)]
        ranges = [box[self._states[i]] for i in module.REMAINING] + [(self.request.low, self.request.high)]
        self.low, self.high = np.ascontiguousarray(np.array(ranges, dtype=float).T)
        others = [box.get(self._states[i], (-math.inf, math.inf)) for i in self.eliminated]
        self.lowest, self.highest = np.ascontiguousarray(np.array(others, dtype=float).reshape(-1, 2).T)
        found, queue, self.examined = curve_coverage.cover_curves(
            self.equations, self.low, self.high, self.p, self.p, self.lowest, self.highest, len(self.divisors), BUDGET
        )
        w = len(self.unknowns)
        proved = found[:, 4 * w] == curve_coverage.UNIQUE
        boxes = found[:, : 4 * w].reshape(-1, 2, 2, w).transpose(0, 1, 3, 2)  # region or enclosure, unknown, end
        self.regions, self.enclosures = boxes[proved, 0], boxes[proved, 1]
        self.graph = found[proved, 4 * w + 1].astype(np.int64)
        left = queue[self.examined :].reshape(-1, 2, w).transpose(0, 2, 1)
        self.spent = len(left) > 0
        open_boxes = np.concatenate([boxes[~proved, 0], left])
        codes = np.concatenate([found[~proved, 4 * w], np.full(len(left), curve_coverage.BUDGET)]).astype(np.int64)
        self.undecided, self.reasons = np.empty((0, w, 2)), np.empty(0, np.int64)
        if len(open_boxes):
            self.undecided, owner = merged(open_boxes, self.high - self.low, CLUSTER_GAP)
            self.reasons = np.zeros(len(self.undecided), np.int64)
            np.maximum.at(self.reasons, owner, codes)

    # -- arcs as starts --------------------------------------------------------------------------------------------

    @cached_property
    def middles(self) -> FloatArray:
        """Approximate points in the middle of the arcs, all states and the parameter, shape (k, n + 1)."""
        return np.array([self.lifted(z) for z in self.enclosures.mean(axis=2)]).reshape(-1, len(self._states) + 1)

    def lifted(self, z: FloatArray) -> FloatArray:
        """Return values of the unknowns with those of the eliminated states filled in."""
        w, n = len(self.unknowns), len(self.unknowns) - 1
        full = np.empty(len(self._states) + 1)
        full[self.unknowns] = z
        if self.eliminated:
            out = np.empty((2, n + len(self.eliminated) + len(self.divisors)))
            self.equations(z[:w].copy(), z[:w].copy(), self.p, self.p, out[0], out[1])
            full[self.eliminated] = out[:, n : n + len(self.eliminated)].mean(axis=0)
        return full

    def trials(self, arc: int) -> list[tuple[FloatArray, int]]:
        """Return points near an arc, and the coordinate of states and parameter that correcting must keep."""
        z = np.tile(self.enclosures[arc].mean(axis=1), (len(TRIALS), 1))
        g = self.graph[arc]
        low, high = self.regions[arc, g]
        z[:, g] = low + np.array(TRIALS) * (high - low)
        return [(self.lifted(row), self.unknowns[g]) for row in z]

    def holds(self, arc: int, z: FloatArray) -> bool:
        """Return whether a point (states, parameter) lies in the region of an arc."""
        x = z[self.unknowns]
        return bool(np.all((x >= self.regions[arc, :, 0]) & (x <= self.regions[arc, :, 1])))

    # -- arcs and traces -------------------------------------------------------------------------------------------

    def passed(self, trace: Trace, scales: FloatArray, arcs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of some arcs a traced curve passes: interpolated, it crosses the region inside."""
        u = trace.coordinates() * scales
        t = np.array([p.tangent for p in trace.points])
        length = np.linalg.norm(np.diff(trace.coordinates(), axis=0), axis=1)
        slopes = t * scales
        u, slopes = u[:, self.unknowns], slopes[:, self.unknowns]
        result = np.zeros(len(arcs), dtype=bool)
        for g in range(len(self.unknowns)):
            mine = np.flatnonzero(self.graph[arcs] == g)
            if not len(mine):
                continue
            regions = self.regions[arcs[mine]]
            at = np.clip(regions[:, g].mean(axis=1), self.low[g], self.high[g])
            side = u[None, :, g] - at[:, None]
            which, segment = np.nonzero(side[:, :-1] * side[:, 1:] <= 0.0)
            point = _interpolated(u, slopes, length, segment, at[which], g)
            inside = np.all((point >= regions[which, :, 0]) & (point <= regions[which, :, 1]), axis=1)
            result[mine[which[inside]]] = True
        return result

    # -- what it comes to ------------------------------------------------------------------------------------------

    def explained(self, special: Sequence[FloatArray], hulls: FloatArray | None = None) -> list[FloatArray | None]:
        """Return for each undecided box (or given one) the first of some points (states, parameter) in it, or None."""
        room = EXPLAINED * (self.high - self.low)
        result: list[FloatArray | None] = []
        for hull in self.undecided if hulls is None else hulls:
            inside = [
                z
                for z in special
                if np.all((z[self.unknowns] >= hull[:, 0] - room) & (z[self.unknowns] <= hull[:, 1] + room))
            ]
            result.append(inside[0] if inside else None)
        return result

    def full_boxes(self, hulls: FloatArray) -> FloatArray:
        """Return boxes of the unknowns, shape (h, w, 2), in all states and the parameter, shape (h, n + 1, 2)."""
        boxes = np.empty((len(hulls), len(self._states) + 1, 2))
        boxes[:, :, 0], boxes[:, :, 1] = -math.inf, math.inf
        boxes[:, self.unknowns] = hulls
        n, m = len(self.unknowns) - 1, len(self.eliminated)
        out = np.empty((2, n + m + len(self.divisors)))
        for box, hull in zip(boxes, hulls, strict=True):
            self.equations(hull[:, 0].copy(), hull[:, 1].copy(), self.p, self.p, out[0], out[1])
            box[self.eliminated] = out[:, n : n + m].T
        return boxes

    def place(self, hull: FloatArray) -> str:
        """Return a box of the unknowns in words."""
        names = [(*self._states, self.request.parameter)[i] for i in self.unknowns]
        ends = [f"[{number(a, DIGITS)}, {number(b, DIGITS)}]" for a, b in hull]
        return ", ".join(f"{n} in {e}" for n, e in reversed(list(zip(names, ends, strict=True))))

    def sentences(
        self, branch_points: Sequence[FloatArray], kinks: Sequence[FloatArray], missed: NDArray[np.int64], broken: int
    ) -> tuple[tuple[str, ...], bool]:
        """Return what is proved, in sentences, and whether that is everything up to boxes around branch points.

        ``missed`` are the arcs that no traced curve passes, ``broken`` counts the ends where a curve was given up.
        """
        explained = self.explained(branch_points)
        rounding = 1e-12 * (self.request.high - self.request.low)
        values = [float(z[-1]) for z in explained if z is not None]
        crossings = sorted({number(0.0 if abs(v) < rounding else v) for v in values}, key=float)
        open_boxes = [i for i, z in enumerate(explained) if z is None]
        where = self.place(np.stack([self.low, self.high], axis=1))
        box = self.request.box
        others = {n: box[n] for n in (self._states[i] for i in self.eliminated) if n in box}
        where += "".join(
            f", {n} in [{number(low, DIGITS)}, {number(high, DIGITS)}]" for n, (low, high) in others.items()
        )
        complete = not open_boxes and not len(missed) and not broken
        boxes = "1 box" if self.examined == 1 else f"{self.examined} boxes"
        lines = [f"all equilibria for {where}: {'proved' if complete else 'not proved'} ({boxes})"]
        if crossings:
            parameter = self.request.parameter
            lines[0] += f", outside small boxes around the branch points at {parameter} = {', '.join(crossings)}"
        if not complete:
            at_kink = self.explained(kinks)
            why = [_WHY[int(code)] if z is None else _AT_KINK for code, z in zip(self.reasons, at_kink, strict=True)]
            lines += [f"undecided: {self.place(self.undecided[i])}: {why[i]}" for i in open_boxes[:10]]
            if len(open_boxes) > 10:
                lines.append(f"undecided: {len(open_boxes) - 10} more boxes")
            if broken:
                lines.append(f"{broken} end{'' if broken == 1 else 's'} of branches where the curve was given up")
            lines += [f"not followed: equilibria in {self.place(self.enclosures[i])}" for i in missed[:10]]
        return tuple(lines), complete


def _interpolated(
    u: FloatArray, slopes: FloatArray, length: FloatArray, segment: NDArray[np.intp], at: FloatArray, g: int
) -> FloatArray:
    """Return points of the cubics through neighbouring points where unknown ``g`` has given values."""
    a, b = u[segment], u[segment + 1]
    h = length[segment][:, None]
    da, db = h * slopes[segment], h * slopes[segment + 1]
    rise = b[:, g] - a[:, g]
    s = np.clip((at - a[:, g]) / np.where(rise == 0.0, 1.0, rise), 0.0, 1.0)
    point = a
    for _ in range(4):
        x, r = s[:, None], 1.0 - s[:, None]
        point = r * r * (1 + 2 * x) * a + x * x * (1 + 2 * r) * b + x * r * (r * da - x * db)
        speed = (6 * x * r * (b - a) + (1 - 4 * x + 3 * x * x) * da + (3 * x * x - 2 * x) * db)[:, g]
        change = (at - point[:, g]) / np.where(speed == 0.0, 1.0, speed)
        s = np.clip(s + np.where(np.isfinite(change), change, 0.0), 0.0, 1.0)
    return point
