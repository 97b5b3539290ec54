"""Every fold and Hopf point on proved arcs of equilibria, with proof: pieces of arcs on which eigenvalues are enclosed.

Each arc is a graph over one of its coordinates s (see `dynana.numerics.curve_coverage`), so that its tangent and the
derivative of the Jacobian along it follow from the implicit function theorem, with intervals. A piece is settled if no
eigenvalue meets the imaginary axis on it, or if one real eigenvalue or one conjugate pair does at most once: whether it
does follows from the numbers of unstable eigenvalues at its ends. Other pieces are cut, into as many parts as it takes
about: enclosures grow with the length of a piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.arc_pieces import Graphs, Tangents, evaluated
from dynana.numerics.balls import Balls, exact
from dynana.numerics.eigenvalue_discs import NONE, PAIR, REAL, Discs, discs
from dynana.numerics.function_addresses import addresses
from dynana.numerics.signatures import INTERVAL

__all__ = ["BUDGET", "CRITICAL", "CROSSINGS", "EDGE", "ROUGH", "Arcs", "Found", "critical_points"]

FloatArray = NDArray[np.float64]
Indices = NDArray[np.int64]
Kernel = Callable[..., Any]

#: A piece shorter than this fraction of the search box is not cut any further: rounding hides eigenvalues of its size.
RESOLUTION = 1e-9
#: Where the equations have a kink cutting ends at this fraction.
COARSE_RESOLUTION = 1e-4
#: Place of a cut, off centre, because models like to have special points on simple fractions.
CUT = 0.4931
#: The preconditioned matrix of a piece differs from 1 by less than this, or the piece is cut.
CONTRACTING = 0.9
#: Krawczyk steps that enclose a point: fewer leave more pieces undecided, which costs more.
STEPS = 4
#: A piece is cut in two at most so many times at once.
MOST_HALVINGS = 4
#: Generations of at least so many pieces, of which less than this share is settled, after which the search ends:
#: eigenvalues stay on the axis.
HOPELESS, CROWD, SHARE = 5, 100, 0.05

#: Why a piece is undecided.
CRITICAL, EDGE, ROUGH, BUDGET = 1, 2, 3, 4
#: Verdicts that stand for a special point.
CROSSINGS = {REAL: "fold", PAIR: "hopf"}


@dataclass(frozen=True, eq=False)
class Arcs:
    """Arcs of equilibria, with the functions along them.

    Attributes
    ----------
    equations, jacobian : interval kernels
        Of the kinds "coverage" and "coverage_jacobian".
    variable, constant : ndarray of int
        Places of the elements of the Jacobian, in the order in which its kernel stores them.
    p : ndarray
        Parameters.
    n, w, eliminated : int
        Number of states, of unknowns (remaining states and the parameter), of eliminated states.
    divisors : int
    low, high : ndarray, shape (w + eliminated,)
        Box that counts: of the unknowns and of the eliminated states.
    enclosures : ndarray, shape (k, w, 2)
    graph : ndarray of int, shape (k,)
    excused : ndarray, shape (e, w, 2)
        Boxes in which nothing shall be proved: around branch points, where eigenvalues vanish beside the curves.
    units : ndarray, shape (n,)
        Typical sizes of the states.
    """

    equations: Kernel
    jacobian: Kernel
    variable: Indices
    constant: Indices
    p: FloatArray
    n: int
    w: int
    eliminated: int
    divisors: int
    low: FloatArray
    high: FloatArray
    enclosures: FloatArray
    graph: Indices
    excused: FloatArray
    units: FloatArray


@dataclass(frozen=True, eq=False)
class Found:
    """What is proved.

    Attributes
    ----------
    boxes : ndarray, shape (c, w, 2)
        Each holds exactly one special point.
    kinds, arcs : ndarray of int, shape (c,)
        REAL (fold) or PAIR (Hopf point), and the arc. Arcs overlap: a point may be in two of them.
    undecided : ndarray, shape (u, w, 2)
    reasons : ndarray of int, shape (u,)
    examined : int
        Pieces that were examined. There are no other special points on the arcs.
    """

    boxes: FloatArray
    kinds: Indices
    arcs: Indices
    undecided: FloatArray
    reasons: Indices
    examined: int


def critical_points(arcs: Arcs, budget: int) -> Found:
    """Find every fold and Hopf point on arcs of equilibria; see `Found`."""
    search = _Search(arcs)
    boxes, owner = arcs.enclosures, np.arange(len(arcs.enclosures))
    settled: list[tuple[FloatArray, Indices, Indices]] = []
    undecided: list[tuple[FloatArray, Indices]] = []
    examined, stalled = 0, 0
    with np.errstate(all="ignore"):
        while len(boxes):
            if examined + len(boxes) > budget or stalled == HOPELESS:
                undecided.append((boxes, np.full(len(boxes), CRITICAL if stalled == HOPELESS else BUDGET)))
                break
            wanted = ~search.excused(boxes)
            boxes, owner = boxes[wanted], owner[wanted]
            if not len(boxes):
                break
            examined += len(boxes)
            crowd = len(boxes) >= CROWD
            boxes, verdict, reason, shortening = search.judged(boxes, arcs.graph[owner])
            stalled = stalled + 1 if crowd and np.mean(verdict > 0) < SHARE else 0
            crossing = np.isin(verdict, list(CROSSINGS))
            settled.append((boxes[crossing], verdict[crossing], owner[crossing]))
            finest = np.where(reason == ROUGH, COARSE_RESOLUTION, RESOLUTION)
            most = search.length(boxes, arcs.graph[owner]) / finest
            coarse, rest = (verdict == 0) & (most < 1.0), (verdict == 0) & (most >= 1.0)
            undecided.append((boxes[coarse], reason[coarse]))
            halvings = np.ones(len(boxes)) if crowd else np.ceil(np.log2(np.fmin(shortening, most)))
            boxes, owner = _parts(boxes[rest], owner[rest], arcs.graph, halvings[rest])
    w = arcs.w
    return Found(
        boxes=np.concatenate([b for b, _, _ in settled] or [np.empty((0, w, 2))]),
        kinds=np.concatenate([k for _, k, _ in settled] or [np.empty(0, np.int64)]),
        arcs=np.concatenate([o for _, _, o in settled] or [np.empty(0, np.int64)]),
        undecided=np.concatenate([b for b, _ in undecided] or [np.empty((0, w, 2))]),
        reasons=np.concatenate([r for _, r in undecided] or [np.empty(0, np.int64)]),
        examined=examined,
    )


def _parts(boxes: FloatArray, owner: Indices, graph: Indices, halvings: FloatArray) -> tuple[FloatArray, Indices]:
    """Return pieces cut in two once or several times along their graph coordinates."""
    waiting = np.clip(halvings, 1, MOST_HALVINGS)
    while (again := waiting > 0).any():
        waiting = np.concatenate([waiting[~again], *[waiting[again] - 1] * 2])
        halves = _halves(boxes[again], graph[owner[again]])
        boxes = np.concatenate([boxes[~again], *halves])
        owner = np.concatenate([owner[~again], *[owner[again]] * 2])
    return boxes, owner


def _halves(boxes: FloatArray, g: Indices) -> tuple[FloatArray, FloatArray]:
    rows = np.arange(len(boxes))
    low, high = boxes[rows, g, 0], boxes[rows, g, 1]
    left, right = boxes.copy(), boxes.copy()
    left[rows, g, 1] = right[rows, g, 0] = low + CUT * (high - low)
    return left, right


class _Search:
    """Judges stacks of pieces."""

    def __init__(self, arcs: Arcs) -> None:
        self._a = arcs
        # scaling by powers of two is exact
        self._unit = np.exp2(np.round(np.log2(arcs.high[: arcs.w] - arcs.low[: arcs.w])))
        self._state_unit = np.exp2(np.round(np.log2(arcs.units)))
        self._rows = arcs.w - 1
        self._values = self._rows + arcs.eliminated + arcs.divisors
        self._stored = len(arcs.variable) + len(arcs.constant)
        kernels = addresses((arcs.equations, INTERVAL), (arcs.jacobian, INTERVAL))
        self._equations, self._jacobian = (int(address) for address in kernels)
        self._curves = Graphs(self._equations, arcs.p, self._unit, self._values)

    def length(self, boxes: FloatArray, graph: Indices) -> FloatArray:
        """Return the extents along the graph coordinates, as parts of the search box."""
        rows = np.arange(len(boxes))
        whole = self._a.high[graph] - self._a.low[graph]
        result: FloatArray = (boxes[rows, graph, 1] - boxes[rows, graph, 0]) / whole
        return result

    def judged(self, boxes: FloatArray, graph: Indices) -> tuple[FloatArray, Indices, Indices, FloatArray]:
        """Return the pieces with tighter bounds and what is known of them.

        These are verdicts (0: open; NONE, REAL, PAIR), reasons for the open ones, and how many times shorter they must
        be, about, to be settled.
        """
        k, rows = len(boxes), np.arange(len(boxes))
        verdict, reason, shortening = np.zeros(k, np.int64), np.full(k, CRITICAL), np.ones(k)
        outputs = self._values + self._rows * self._a.w
        equations = evaluated(self._equations, self._a.p, boxes[:, :, 0], boxes[:, :, 1], outputs)
        tangents = self._curves.tangents(boxes, equations, graph)
        contracting = tangents.norm < CONTRACTING
        shortening[~contracting] = tangents.norm[~contracting] / CONTRACTING
        reason[~np.isfinite(equations.radius).all(axis=1)] = ROUGH
        middle = boxes[rows, graph].mean(axis=1)
        at = self._curves.point(boxes, graph, middle, tangents, rows, STEPS)
        boxes = np.where(contracting[:, None, None], self._curves.along(boxes, graph, middle, at, tangents), boxes)
        inside, outside = self._position(boxes, equations)
        verdict[outside] = NONE
        todo = np.flatnonzero(contracting & ~outside)
        spectra = self._spectra(boxes[todo], graph[todo], at[todo], tangents.slopes.part(todo))
        verdict[todo], shortening[todo] = spectra.critical(), spectra.shortening()
        reason[todo[~np.isfinite(spectra.radius).all(axis=1)]] = ROUGH
        maybe = np.flatnonzero(verdict > NONE)
        if len(maybe):
            below, above = self._unstable(boxes, graph, tangents, maybe)
            verdict[maybe[(below == above) & (below >= 0)]] = NONE
            verdict[maybe[(below < 0) | (above < 0)]] = 0
            edge = maybe[(verdict[maybe] > NONE) & ~inside[maybe]]
            verdict[edge], reason[edge] = 0, EDGE
        return boxes, verdict, reason, shortening

    def excused(self, boxes: FloatArray) -> NDArray[np.bool_]:
        """Return which pieces lie in a box in which nothing shall be proved."""
        result = np.zeros(len(boxes), dtype=bool)
        for box in self._a.excused:
            result |= np.all((boxes[:, :, 0] >= box[:, 0]) & (boxes[:, :, 1] <= box[:, 1]), axis=1)
        return result

    def _position(self, boxes: FloatArray, equations: Balls) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which pieces lie in the box that counts, and which lie outside of it."""
        a = self._a
        eliminated = equations.columns(self._rows, self._rows + a.eliminated)
        low = np.concatenate([boxes[:, :, 0], eliminated.low()], axis=1)
        high = np.concatenate([boxes[:, :, 1], eliminated.high()], axis=1)
        inside = np.all((low >= a.low) & (high <= a.high), axis=1)
        return inside, np.any((high < a.low) | (low > a.high), axis=1)

    # -- eigenvalues -----------------------------------------------------------------------------------------------

    def _matrices(self, values: Balls, first: int) -> Balls:
        """Return matrices from the stored elements, in the units of the states; ``first`` (variable ones) or all."""
        a = self._a
        places = np.concatenate([a.variable, a.constant]).astype(np.int64)[:first]
        middle, radius = np.zeros((len(values.middle), a.n * a.n)), np.zeros((len(values.middle), a.n * a.n))
        middle[:, places], radius[:, places] = values.middle[:, :first], values.radius[:, :first]
        unit = self._state_unit / self._state_unit[:, None]
        shape = (-1, a.n, a.n)
        return Balls(middle.reshape(shape) * unit, radius.reshape(shape) * unit)

    def _spectra(self, boxes: FloatArray, graph: Indices, at: FloatArray, slopes: Balls) -> Discs:
        """Return the discs of the eigenvalues on pieces with slopes; ``at`` are boxes around their middles."""
        a, v, k = self._a, len(self._a.variable), len(boxes)
        constant = self._at(at)
        wide = evaluated(self._jacobian, a.p, boxes[:, :, 0], boxes[:, :, 1], self._stored + v * a.w)
        partial = Balls(
            wide.middle[:, self._stored :].reshape(k, v, a.w) * self._unit,
            wide.radius[:, self._stored :].reshape(k, v, a.w) * self._unit,
        )
        along = partial @ Balls(slopes.middle[:, :, None], slopes.radius[:, :, None])
        rate = self._matrices(Balls(along.middle[:, :, 0], along.radius[:, :, 0]), v)
        return discs(constant, rate, self._curves.half(boxes, graph, at[np.arange(k), graph, 0]))

    def _at(self, points: FloatArray) -> Balls:
        """Return the Jacobians at points that are enclosed in boxes."""
        values = evaluated(self._jacobian, self._a.p, points[:, :, 0], points[:, :, 1], self._stored)
        return self._matrices(values, self._stored)

    def _unstable(
        self, boxes: FloatArray, graph: Indices, tangents: Tangents, which: Indices
    ) -> tuple[Indices, Indices]:
        """Return the numbers of unstable eigenvalues at both ends of some pieces, -1 where unknown."""
        ends = boxes[which, graph[which]].T.ravel()  # the lower ones first
        twice = np.concatenate([which, which])
        matrices = self._at(self._curves.point(boxes[twice], graph[twice], ends, tangents, twice, STEPS))
        still = exact(np.zeros_like(matrices.middle))
        count = discs(matrices, still, np.zeros(len(twice))).unstable()
        return count[: len(which)], count[len(which) :]
