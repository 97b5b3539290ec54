"""A system with two slow variables, dissected: slices of its fast subsystem, and what bounds it in the slow plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result
from dynana.results.diagram import Diagram
from dynana.results.dissection import Dissection
from dynana.results.fixed_points import FixedPoint
from dynana.results.locus import Locus
from dynana.results.special_points import rounded
from dynana.results.tables import Table, number

#: Kinds of curves in the plural.
CURVES = {
    "fold": "folds", "hopf": "Hopf points", "homoclinic": "homoclinic orbits", "fold of cycles": "folds of cycles",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FoldedPoint(Result):
    """A folded singularity: a point of a fold where the slow flow may pass from an attracting sheet to a repelling one.

    Parameters
    ----------
    kind : str
        "folded node", "folded focus", "folded saddle" or "folded saddle-node".
    states : tuple of str
        Of the full system.
    point : ndarray, shape (n,)
    eigenvalues : ndarray of complex, shape (2,)
        Of the desingularised slow flow on the critical manifold, smallest modulus first, in its own time.
    """

    kind: str
    states: tuple[str, ...]
    point: np.ndarray
    eigenvalues: np.ndarray

    def __getitem__(self, name: str) -> float:
        """Value of a state."""
        return float(self.point[self.states.index(name)])

    @property
    def ratio(self) -> float:
        """Of the eigenvalues of a folded node, the smaller over the larger; NaN for other kinds."""
        if self.kind != "folded node":
            return float("nan")
        return float(self.eigenvalues[0].real / self.eigenvalues[1].real)

    @property
    def most_turns(self) -> int:
        """Small turns that an orbit makes at most near a folded node: (1 + ratio)/(2 ratio), rounded down."""
        return int((1.0 + self.ratio) / (2.0 * self.ratio)) if self.kind == "folded node" else 0

    @property
    def sentence(self) -> str:
        """The point in words."""
        where = ", ".join(f"{n} = {number(v)}" for n, v in zip(self.states, self.point.tolist(), strict=True))
        turns = f", up to {self.most_turns} small turns" if self.most_turns else ""
        return f"{self.kind} at {where}{turns}"

    def __repr__(self) -> str:
        return f"<FoldedPoint: {self.sentence}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossing(Result):
    """Where the orbit passes, in the slow plane, from rest to spiking or back.

    Parameters
    ----------
    time : float
    place : ndarray, shape (2,)
        Slow variables.
    kind : str
        Of the boundary: "snic", "fold", "hopf", "homoclinic", "fold of cycles".
    onset : bool
        Whether spiking begins; otherwise it ends.
    """

    time: float
    place: np.ndarray
    kind: str
    onset: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FastSlowPlane(Dissection):
    """A system with two slow variables, dissected.

    Parameters
    ----------
    system, fingerprint : str
        Of the full system.
    states : tuple of str
        Of the full system.
    slow : (str, str)
        The slow variables.
    parameters : dict of str to float
    ranges : dict of str to (low, high)
        Of the slow variables.
    levels : ndarray, shape (m,)
        Values of the second slow variable.
    slices : tuple of Diagram
        Of the fast subsystem over the first slow variable, one at each level: together, the critical manifold as a
        surface, and the cycles.
    rates : tuple of tuple of ndarray
        For each slice and branch of equilibria the rates of both slow variables, shape (k, 2).
    drifts : tuple of tuple of ndarray
        For each slice and branch of cycles the averaged rates for the kept cycles, shape (k, 2).
    folds, hopfs : tuple of Locus
        Curves of folds and of Hopf points of the fast subsystem in the slow plane.
    borders : tuple of Locus
        Curves of homoclinic orbits and of folds of cycles on which stable cycles end, as far as they could be followed;
        saddle-nodes on invariant circles lie on the curves of folds.
    ends : dict of str to ndarray, shape (k, 2)
        Places on the slices where stable cycles end: "snic", "homoclinic", "fold of cycles".
    folded : tuple of FoldedPoint
    rest : tuple of FixedPoint
        Equilibria of the full system on the slices' surface, where the slow nullclines meet it.
    orbit : Trajectory
    rhythm : Rhythm
    crossings : tuple of Crossing
        Of the orbit, in time order.
    kind : str
    reason : str
    separation : dict of str to float
        For each fast state, how many times faster it is than the faster slow variable.
    warnings : tuple of str
    """

    slow: tuple[str, str]
    ranges: dict[str, tuple[float, float]]
    levels: np.ndarray
    slices: tuple[Diagram, ...]
    rates: tuple[tuple[np.ndarray, ...], ...]
    drifts: tuple[tuple[np.ndarray, ...], ...]
    folds: tuple[Locus, ...]
    hopfs: tuple[Locus, ...]
    borders: tuple[Locus, ...]
    ends: dict[str, np.ndarray]
    folded: tuple[FoldedPoint, ...]
    rest: tuple[FixedPoint, ...]
    crossings: tuple[Crossing, ...]

    def _check(self) -> None:
        if not len(self.slices) == len(self.levels) == len(self.rates) == len(self.drifts):
            raise ValueError(f"{len(self.levels)} levels need as many slices, rates and drifts")

    @property
    def fast_states(self) -> tuple[str, ...]:
        """The states that are not slow."""
        return tuple(name for name in self.states if name not in self.slow)

    @property
    def slow_variables(self) -> tuple[str, ...]:
        """The slow variables."""
        return self.slow

    def _table(self) -> Table:
        rows: list[tuple[Any, ...]] = []
        for curve in (*self.folds, *self.hopfs, *self.borders):
            spans = (f"{number(curve[n].min())} to {number(curve[n].max())}" for n in self.slow)
            rows.append((f"curve of {CURVES.get(curve.kind, curve.kind)}", *spans, f"{len(curve)} points"))
        for kind, places in self.ends.items():
            spans = (f"{number(a)} to {number(b)}" for a, b in zip(places.min(axis=0), places.max(axis=0), strict=True))
            rows.append((f"cycles end: {kind}", *spans, f"on {len(places)} slices"))
        for point in self.folded:
            turns = f"up to {point.most_turns} small turns" if point.most_turns else ""
            rows.append((point.kind, *(number(point[n], 10) for n in self.slow), turns))
        for fixed in self.rest:
            where = (number(rounded(float(fixed.point[fixed.states.index(n)])), 10) for n in self.slow)
            rows.append(("equilibrium", *where, f"{'stable' if fixed.stable else 'unstable'} in the full system"))
        for crossing in self.crossings:
            word = "spiking begins" if crossing.onset else "spiking ends"
            place = map(number, crossing.place.tolist())
            rows.append((f"{word} ({crossing.kind})", *place, f"t = {number(crossing.time)}"))
        low, high = float(self.levels[0]), float(self.levels[-1])
        title = (
            f"{self.system}: {len(self.slices)} slices of the fast subsystem over {self.slow[0]}, {self.slow[1]} from "
            f"{number(low)} to {number(high)}"
        )
        return Table(("in the slow plane", *self.slow, ""), tuple(rows), title=title, remark="\n".join(self._remarks()))

    def _columns(self) -> dict[str, Any]:
        """One row for each kept cycle of each slice: slow variables, period, averaged drifts, stability."""
        parts = [
            (level, branch, drift)
            for level, fast, drifts in zip(self.levels.tolist(), self.slices, self.drifts, strict=True)
            for branch, drift in zip(fast.cycle_branches, drifts, strict=True)
        ]

        def joined(arrays: list[np.ndarray]) -> np.ndarray:
            return np.concatenate(arrays) if arrays else np.empty(0)

        one, two = self.slow
        return {
            one: joined([b.values[b.kept] for _, b, _ in parts]),
            two: joined([np.full(len(b.kept), level) for level, b, _ in parts]),
            "period": joined([b.periods[b.kept] for _, b, _ in parts]),
            f"drift_{one}": joined([d[:, 0] for *_, d in parts]),
            f"drift_{two}": joined([d[:, 1] for *_, d in parts]),
            "stable": joined([b.stable[b.kept] for _, b, _ in parts]),
        }
