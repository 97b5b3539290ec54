"""The proof that a diagram shows every fold and every Hopf point: eigenvalues enclosed along all proved arcs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.coverage import CLUSTER_GAP, EXPLAINED, Coverage
from dynana.analysis.equilibrium_points import KINDS, Tests, locate_between
from dynana.analysis.equilibrium_tracing import Trace
from dynana.errors import ModelError
from dynana.lowering import coverage as _kernels  # noqa: F401 (registers the kernels)
from dynana.lowering.kernels import Kernels
from dynana.numerics import critical_arcs
from dynana.numerics.box_clusters import merged
from dynana.numerics.critical_arcs import CROSSINGS, Arcs, critical_points
from dynana.numerics.equilibrium_curve import GOOD, EquilibriumCurve

FloatArray = NDArray[np.float64]
#: A special point in words, and its place (states, parameter).
Place = tuple[str, FloatArray]

#: Most pieces of arcs that are examined: one or two seconds of work.
BUDGET = 50_000
#: More states than this are not tried: the elements of the Jacobian are as many as the square of their number.
MOST_STATES = 20
#: A located point is the one in a box if it is no farther outside than this fraction of the search box.
SAME_PLACE = 1e-7
#: Places that are listed in words.
MOST_LISTED = 10

#: Kinds that the proof is about.
PROVED = ("fold", "hopf")

_WHY = {
    critical_arcs.CRITICAL: "a fold or Hopf point that is degenerate or nearly so, or eigenvalues that stay critical",
    critical_arcs.EDGE: "a fold or Hopf point on the edge of the range or of the box",
    critical_arcs.ROUGH: "the equations have a kink or jump there, or their second derivative is unbounded",
    critical_arcs.BUDGET: f"the budget of {BUDGET} pieces was spent",
}


class SpecialCoverage:
    """Boxes with exactly one fold or Hopf point each, outside which there is none on the proved arcs.

    Attributes
    ----------
    refusal : str
        Why no proof was tried; empty if it was.
    found : critical_arcs.Found
    undecided : ndarray, shape (h, w, 2)
        Boxes of the unknowns about which nothing is proved.
    """

    def __init__(
        self, coverage: Coverage, kernels: Kernels, units: FloatArray, branch_points: Sequence[FloatArray]
    ) -> None:
        self._coverage, self._excused = coverage, _around(coverage, branch_points)
        self.refusal, self.undecided = "", np.empty((0, len(coverage.unknowns), 2))
        if len(kernels.states) > MOST_STATES:
            self.refusal = f"more than {MOST_STATES} states"
            return
        try:
            module = kernels.module("coverage_jacobian", coverage.request.parameter, coverage.mode)
        except ModelError as error:  # a derivative without an interval rule
            self.refusal = str(error)
            return
        arcs = Arcs(
            equations=coverage.equations,
            jacobian=module.jacobian,
            variable=np.array(module.VARIABLE, dtype=np.int64),
            constant=np.array(module.CONSTANT, dtype=np.int64),
            p=coverage.p,
            n=len(kernels.states),
            w=len(coverage.unknowns),
            eliminated=len(coverage.eliminated),
            divisors=len(coverage.divisors),
            low=np.concatenate([coverage.low, coverage.lowest]),
            high=np.concatenate([coverage.high, coverage.highest]),
            enclosures=coverage.enclosures,
            graph=coverage.graph,
            excused=self._excused,
            units=units,
        )
        self.found = critical_points(arcs, BUDGET)
        self.reasons = np.empty(0, np.int64)
        if len(self.found.undecided):
            self.undecided, owner = merged(self.found.undecided, coverage.high - coverage.low, CLUSTER_GAP)
            self.reasons = np.zeros(len(self.undecided), np.int64)
            np.maximum.at(self.reasons, owner, self.found.reasons)

    def missing(self, known: Sequence[Place]) -> list[tuple[str, FloatArray, int]]:
        """Return kind, box and arc of every proved special point that is not among the known ones."""
        if self.refusal:
            return []
        found, kinds = self.found, [CROSSINGS[int(k)] for k in self.found.kinds]
        holds = self._holds(found.boxes, known)
        same = np.array([[kind == k for k, _ in known] for kind in kinds], dtype=bool).reshape(holds.shape)
        new = np.flatnonzero(~(holds & same).any(axis=1))
        return [(kinds[i], found.boxes[i], int(found.arcs[i])) for i in new]

    def _holds(self, boxes: FloatArray, known: Sequence[Place]) -> NDArray[np.bool_]:
        """Return which boxes hold which places, shape (boxes, places)."""
        coverage = self._coverage
        room = SAME_PLACE * (coverage.high - coverage.low)
        x = _unknowns(coverage, [z for _, z in known])
        low, high = boxes[:, None, :, 0] - room, boxes[:, None, :, 1] + room
        holds: NDArray[np.bool_] = np.all((x >= low) & (x <= high), axis=2)
        return holds

    def refuted(self, known: Sequence[Place]) -> list[Place]:
        """Return the places where the proof says that there is no special point, although one was located."""
        if self.refusal or not known:
            return []
        boxes = np.concatenate([self.found.boxes, self.undecided, self._excused, self._coverage.undecided])
        confirmed = np.any(self._holds(boxes, known), axis=0)
        return [place for i, place in enumerate(known) if not confirmed[i]]

    def sentences(self, known: Sequence[Place], curves: bool) -> tuple[tuple[str, ...], bool]:
        """Return what is proved, in sentences, and whether that is everything.

        ``known`` are the located folds and Hopf points; ``curves`` says whether the equilibria are proved complete.
        """
        if self.refusal:
            return (f"folds and Hopf points: no proof of completeness was tried ({self.refusal})",), False
        missing, refuted = self.missing(known), self.refuted(known)
        complete = not (len(self.undecided) or missing or refuted)
        which = "all folds and Hopf points" if curves else "all folds and Hopf points on the proved curves"
        count = "1 piece of a curve" if self.found.examined == 1 else f"{self.found.examined} pieces of curves"
        lines = [f"{which}: {'proved' if complete else 'not proved'} ({count})"]
        if len(self._excused):
            lines[0] += f", outside boxes of {2 * EXPLAINED:g} of the ranges around the branch points"
        place = self._coverage.place
        listed = list(zip(self.undecided, self.reasons, strict=True))
        for hull, code in listed[:MOST_LISTED]:
            located = code == critical_arcs.EDGE and self._holds(hull[None], known).any()
            one = " (one is located there)" if located else ""
            lines.append(f"undecided: {place(hull)}: {_WHY[int(code)]}{one}")
        if len(listed) > MOST_LISTED:
            lines.append(f"undecided: {len(listed) - MOST_LISTED} more pieces")
        lines += [f"not located: a {_named(kind)} in {place(box)}" for kind, box, _ in missing[:MOST_LISTED]]
        for kind, z in refuted[:MOST_LISTED]:
            x = z[self._coverage.unknowns]
            lines.append(f"not confirmed: the {_named(kind)} at {place(np.stack([x, x], axis=1))}")
        return tuple(lines), complete and curves


def proved_special_points(
    coverage: Coverage, kernels: Kernels, curve: EquilibriumCurve, tests: Tests, traces: Sequence[Trace]
) -> SpecialCoverage:
    """Enclose every fold and Hopf point on proved arcs, and locate those that the traced curves have missed.

    The traces get the points that are located now.
    """
    branch_points = [z for _, z in special_places(traces, ("branch point",), curve.scales, simple=True)]
    special = SpecialCoverage(coverage, kernels, curve.scales[:-1], branch_points)
    for kind, box, arc in special.missing(special_places(traces, PROVED, curve.scales)):
        first, last = (_end(coverage, curve, box, arc, end) for end in (0, 1))
        if first is not None and last is not None:
            for trace in traces:
                locate_between(curve, tests, trace, (first, last), KINDS.index(kind))
    return special


def special_places(
    traces: Sequence[Trace], kinds: Sequence[str], scales: FloatArray, *, simple: bool = False
) -> list[Place]:
    """Return the located points of some kinds (only simple ones): kind, and states and parameter."""
    marks = [m for trace in traces for m in trace.marks if m.kind in kinds and (m.simple or not simple)]
    return [(m.kind, m.point.u * scales) for m in marks]


def _end(coverage: Coverage, curve: EquilibriumCurve, box: FloatArray, arc: int, end: int) -> FloatArray | None:
    """Return the scaled equilibrium at one end of a piece of an arc, or None if Newton's method does not find it."""
    z, g = box.mean(axis=1), int(coverage.graph[arc])
    z[g] = box[g, end]
    full = coverage.lifted(z)
    normal = np.zeros(len(full))
    normal[coverage.unknowns[g]] = 1.0
    u, _, outcome = curve.correct(full / curve.scales, normal)
    return u if outcome == GOOD else None


def _named(kind: str) -> str:
    return "Hopf point" if kind == "hopf" else kind


def _around(coverage: Coverage, places: Sequence[FloatArray]) -> FloatArray:
    """Return boxes of the unknowns around places."""
    x, room = _unknowns(coverage, places), EXPLAINED * (coverage.high - coverage.low)
    return np.stack([x - room, x + room], axis=2)


def _unknowns(coverage: Coverage, places: Sequence[FloatArray]) -> FloatArray:
    """Return the unknowns at places, shape (k, w)."""
    return np.array([z[coverage.unknowns] for z in places]).reshape(len(places), len(coverage.unknowns))
