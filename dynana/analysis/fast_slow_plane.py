"""Two slow variables: slices of the fast subsystem, bifurcations in the slow plane, averaged slow flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

from dynana.analysis.fast_slow_crossings import bursts, crossings, plane_words
from dynana.analysis.fast_slow_cycles import fast_diagram
from dynana.analysis.fast_slow_drift import SlowRates
from dynana.analysis.fast_slow_folded import folded_points
from dynana.analysis.fast_slow_request import acts, slow_range, state_box
from dynana.analysis.loci import continue_locus
from dynana.analysis.stability import stability
from dynana.definition.system import System
from dynana.errors import DynanaError
from dynana.lowering.kernels import lower
from dynana.results.diagram import Diagram
from dynana.results.dissection import Rhythm
from dynana.results.fast_slow_plane import FastSlowPlane, FoldedPoint
from dynana.results.fixed_points import FixedPoint
from dynana.results.locus import Locus
from dynana.results.special_points import SpecialPoint
from dynana.results.stop import Stop
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: Slices of the critical manifold.
LEVELS = 7
#: How much more of each slow variable is looked at than the orbit visits, on each side.
AROUND_ORBIT = 0.25
#: A fold of a slice lies on a curve that is known if it is nearer than this part of the ranges.
ON_CURVE = 1e-2
#: Kinds of ends of stable cycles that bound spiking in the slow plane.
ENDS = ("snic", "homoclinic", "fold of cycles")
#: Of these, those that are followed in the slow plane; the saddle-nodes on circles lie on curves of folds.
FOLLOWED = ("homoclinic", "fold of cycles")
#: Curves of a kind that could not be followed before no more are tried.
MOST_FAILURES = 2
#: Equilibria that agree to this are one; tolerance of the solver that finds them.
SAME, NEWTON = 1e-6, 1e-13
#: Small turns near a folded node that are worth a warning.
MANY_TURNS = 1


@dataclass(frozen=True)
class PlaneRequest:
    """Two slow variables, their ranges, and the box of fast states."""

    system: System
    slow: tuple[str, str]
    ranges: dict[str, tuple[float, float]]
    box: dict[str, tuple[float, float]]

    def holds(self, state: Array) -> bool:
        """Return whether a state of the full system lies in the ranges of the slow variables."""
        values = {n: state[self.system.states.index(n)] for n in self.slow}
        return all(low <= values[n] <= high for n, (low, high) in self.ranges.items())

    @property
    def widths(self) -> Array:
        """Of the ranges of the slow variables."""
        return np.array([self.ranges[n][1] - self.ranges[n][0] for n in self.slow])


def dissected_plane(
    system: System,
    slow: tuple[str, str],
    given: Mapping[str, tuple[float, float]],
    box: Mapping[str, tuple[float, float]],
    run: Trajectory,
    rhythm: Rhythm,
    longest: float | None,
    progress: bool | None,
) -> FastSlowPlane:
    """Return the dissection of a system with two slow variables, of which an orbit is known."""
    ranges = {n: given[n] if n in given else slow_range(system, n, run, AROUND_ORBIT) for n in slow}
    request = PlaneRequest(system, slow, ranges, state_box(system, slow, box, run))
    fast = system.freeze(*slow)
    levels = np.linspace(*ranges[slow[1]], LEVELS)
    slices = [
        fast_diagram(fast.at(**{slow[1]: float(level)}), slow[0], ranges[slow[0]], request.box, longest, progress)[0]
        for level in levels
    ]
    rates = SlowRates(system, slow)
    at_rest = [tuple(_along(rates, level, d)) for level, d in zip(levels, slices, strict=True)]
    averaged = [tuple(_averages(rates, level, d)) for level, d in zip(levels, slices, strict=True)]
    folds = _curves(request, fast, slices, levels, "fold")
    hopfs = _curves(request, fast, slices, levels, "hopf")
    found = _ends(slices, levels)
    ends = {kind: np.array([place for place, _ in entries]) for kind, entries in found.items()}
    borders = _borders(request, fast, found)
    folded = folded_points(system, slow, folds)
    met = crossings(run, slow, bursts(run, slow, system.wrap), (*folds, *hopfs, *borders), ends, request.widths)
    kind, reason, said = plane_words(slow, rhythm, met, slices, run)
    return FastSlowPlane(
        system=system.name, fingerprint=system.fingerprint, states=system.states, slow=slow, parameters=system.values,
        ranges=ranges, levels=levels, slices=tuple(slices), rates=tuple(at_rest), drifts=tuple(averaged),
        folds=tuple(folds), hopfs=tuple(hopfs), borders=tuple(borders), ends=ends, folded=folded,
        rest=_rest(request, slices, levels, rates), orbit=run, rhythm=rhythm, crossings=tuple(met), kind=kind,
        reason=reason, separation={},
        warnings=(*said, *_folded_warnings(folded)),
    )  # fmt: skip


def _along(rates: SlowRates, level: float, diagram: Diagram) -> list[Array]:
    found = []
    for branch in diagram.branches:
        places = np.column_stack((branch.values, np.full(len(branch), level)))
        found.append(rates.at(rates.full(branch.points, places)))
    return found


def _averages(rates: SlowRates, level: float, diagram: Diagram) -> list[Array]:
    return [
        np.array([rates.averaged(c, np.array([c.parameters[diagram.parameter], level])) for c in b.cycles]).reshape(
            -1, 2
        )
        for b in diagram.cycle_branches
    ]


def _curves(request: PlaneRequest, fast: System, slices: Sequence[Diagram], levels: Array, kind: str) -> list[Locus]:
    """Return the curves of folds or Hopf points through those of the slices, each curve once."""
    found: list[Locus] = []
    two = request.slow[1]
    for level, diagram in zip(levels.tolist(), slices, strict=True):
        for point in diagram.special_points(kind):
            place = np.array([point[request.slow[0]], level])
            if any(_on(curve, request, place, point.point) for curve in found):
                continue
            if not acts(fast, two):
                found.append(_straight(request, point, kind))
                continue
            try:
                found.append(
                    continue_locus(
                        fast.at(**{two: level}),
                        point,
                        request.slow,
                        ranges={n: request.ranges[n] for n in request.slow},
                    )
                )
            except (DynanaError, ValueError):  # the parameters do not move it, or it is a degenerate point
                continue
    return found


def _straight(request: PlaneRequest, point: SpecialPoint, kind: str) -> Locus:
    """Return the curve of a bifurcation that the second slow variable does not move."""
    one, two = request.slow
    ends = np.linspace(*request.ranges[two], LEVELS)
    stop = Stop(reason="end of range", message=f"{two} does not enter the fast subsystem.")
    return Locus(
        system=point.system, fingerprint=point.fingerprint, states=point.states, kind=kind, free=request.slow,
        parameters=point.parameters, places=np.column_stack((np.full(LEVELS, point[one]), ends)),
        points=np.tile(point.point, (LEVELS, 1)), periods=np.full(LEVELS, point.period), special=(), stops=(stop, stop),
        origin=f"from the {kind} at {one} = {number(point[one])}", closed=False,
    )  # fmt: skip


def _on(curve: Locus, request: PlaneRequest, place: Array, state: Array) -> bool:
    """Return whether a point of a slice lies on a curve: at its level, in place and state."""
    near = np.abs(curve.places - place) / request.widths
    size = np.maximum(np.ptp(curve.points, axis=0), 1e-3 * (1.0 + np.abs(state)))
    steps = np.maximum(np.abs(np.diff(curve.places, axis=0)).max(axis=0, initial=0.0) / request.widths, ON_CURVE)
    close = np.all(near <= steps, axis=1) & np.all(np.abs(curve.points - state) <= 0.2 * size, axis=1)
    return bool(np.any(close))


def _ends(slices: Sequence[Diagram], levels: Array) -> dict[str, list[tuple[tuple[float, float], SpecialPoint]]]:
    """Return where stable cycles end on the slices, and the points there, by kind."""
    found: dict[str, list[tuple[tuple[float, float], SpecialPoint]]] = {}
    for level, diagram in zip(levels.tolist(), slices, strict=True):
        for branch in diagram.cycle_branches:
            for point in branch.special:
                beside = slice(max(point.index - 1, 0), point.index + 2)
                if point.kind in ENDS and np.any(branch.stable[beside]):
                    place = (point.parameters[diagram.parameter], level)
                    found.setdefault(point.kind, []).append((place, point))
    return found


def _borders(
    request: PlaneRequest, fast: System, ends: Mapping[str, list[tuple[tuple[float, float], SpecialPoint]]]
) -> list[Locus]:
    """Return the curves on which stable cycles end, each once, as far as they can be followed."""
    found: list[Locus] = []
    for kind in FOLLOWED:
        failures = 0
        for place, point in ends.get(kind, ()):
            if failures == MOST_FAILURES or any(_passes(c, request, place) for c in found if c.kind == kind):
                continue
            if not acts(fast, request.slow[1]):
                found.append(_straight(request, point, kind))
                continue
            try:
                at_level = fast.at(**{request.slow[1]: place[1]})
                found.append(continue_locus(at_level, point, request.slow, ranges=request.ranges))
            except (DynanaError, ValueError):  # with jumps, or the orbit is lost
                failures += 1
    return found


def _passes(curve: Locus, request: PlaneRequest, place: tuple[float, float]) -> bool:
    """Return whether a curve passes a place of the slow plane."""
    path = (curve.places - place) / request.widths
    step = np.diff(path, axis=0)
    squares = np.maximum(np.sum(step**2, axis=1), np.finfo(float).tiny)
    share = np.clip(-np.sum(path[:-1] * step, axis=1) / squares, 0.0, 1.0)
    return bool(np.any(np.linalg.norm(path[:-1] + share[:, None] * step, axis=1) < ON_CURVE))


def _rest(request: PlaneRequest, slices: Sequence[Diagram], levels: Array, rates: SlowRates) -> tuple[FixedPoint, ...]:
    """Return equilibria of the full system: Newton's method from where both rates are smallest on the slices."""
    found: list[FixedPoint] = []
    scale = request.widths
    for level, diagram in zip(levels.tolist(), slices, strict=True):
        for branch, rate in zip(diagram.branches, _along(rates, level, diagram), strict=True):
            size = np.abs(rate / scale).max(axis=1)
            for row in np.flatnonzero((size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:])) + 1:
                start = rates.full(branch.points[row : row + 1], np.array([[branch.values[row], level]]))[0]
                point = _equilibrium(request.system, start)
                if point is None or not request.holds(point.point):
                    continue
                if not any(np.allclose(point.point, f.point, rtol=SAME, atol=SAME) for f in found):
                    found.append(point)
    return tuple(found)


def _equilibrium(system: System, start: Array) -> FixedPoint | None:
    """Return the equilibrium of the full system next to a state; None if the search finds none."""
    kernels, out = lower(system), np.empty(start.size)
    p = kernels.p

    def rates(u: Array) -> Array:
        kernels.rhs(0.0, np.array(u, dtype=float), p, out)
        return out.copy()

    done = root(rates, start, tol=NEWTON)
    try:
        return stability(system, at=done.x.tolist()) if done.success else None
    except ValueError:  # it has come to rest at a fold, where the Jacobian is singular
        return None


def _folded_warnings(folded: Sequence[FoldedPoint]) -> list[str]:
    return [
        f"{point.sentence}: orbits that come near it make small oscillations along canards"
        for point in folded
        if point.most_turns >= MANY_TURNS
    ]
