"""Orbits that connect equilibria: homoclinic and heteroclinic ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result, column
from dynana.results.cycle import Segment
from dynana.results.special_points import rounded
from dynana.results.tables import number

#: Digits of parameter values in sentences.
PLACE_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Homoclinic(Result):
    """An orbit that leaves an equilibrium and returns to it, or arrives at another one (heteroclinic).

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    kind : str
        "homoclinic to a saddle", "homoclinic to a saddle-node" (a saddle-node on an invariant circle where the orbit
        closes along the slow direction) or "heteroclinic".
    parameters : dict of str to float
        All values; those in ``free`` were found.
    free : tuple of str
    times : ndarray, shape (k,)
        From 0. The orbit is cut off near the equilibria.
    points : ndarray, shape (k, n)
    widths : ndarray
        Relative widths of the mesh intervals, sum 1 over each segment; the rows of ``points`` are mesh points and,
        between them, the Gauss points.
    stages : int
        Gauss points in each interval.
    equilibria : ndarray, shape (2, n)
        Where the orbit comes from and where it goes.
    eigenvalues : ndarray of complex, shape (2, n)
        Of both, largest real part first.
    saddle_quantity : float
        Sum of the real parts of the leading eigenvalues (the unstable and the stable one nearest to zero); nan unless
        the orbit is homoclinic to a saddle.
    radius : float
        Distance from the equilibria at which the orbit is cut off, relative to its largest distance from them.
    error : float
        Estimated discretisation error between mesh points, relative to the extent of the orbit.
    residual : float
        Last correction of Newton's method, relative to the extent of the orbit.
    segments : tuple of Segment
        Of an orbit with jumps: the first begins near the equilibrium, the last ends there. Empty without jumps.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    kind: str
    parameters: dict[str, float]
    free: tuple[str, ...]
    times: np.ndarray
    points: np.ndarray
    widths: np.ndarray
    stages: int
    equilibria: np.ndarray
    eigenvalues: np.ndarray
    saddle_quantity: float
    radius: float
    error: float
    residual: float
    segments: tuple[Segment, ...] = ()

    def _check(self) -> None:
        n, rows = len(self.states), self.widths.size * (self.stages + 1) + max(1, len(self.segments))
        if self.points.shape != (rows, n) or self.times.shape != (rows,) or self.equilibria.shape != (2, n):
            raise ValueError(
                f"points {self.points.shape}, times {self.times.shape} and equilibria {self.equilibria.shape} do not "
                f"fit together: expected ({rows}, {n}), ({rows},) and (2, {n})"
            )

    def __getitem__(self, name: str) -> Any:
        """Value of a parameter, or column of a state, by name."""
        if name in self.parameters:
            return self.parameters[name]
        return column(self.points, self.states, name)

    def __len__(self) -> int:
        return self.times.size

    @property
    def jumps(self) -> int:
        """Number of jumps on the way."""
        return sum(bool(segment.jump) for segment in self.segments)

    @property
    def saddle_focus(self) -> bool:
        """Whether a leading eigenvalue of an equilibrium is complex, so that the orbit winds there."""
        return any(
            abs(value.imag) > 0.0
            for row, side in zip(self.eigenvalues, (1.0, -1.0), strict=True)
            for value in row[np.flatnonzero(row.real * side > 0.0)][:: int(side)][-1:]
        )

    @property
    def meaning(self) -> str:
        """What happens beside the orbit, in words (L. P. Shilnikov); empty where more would have to be known."""
        if self.kind == "homoclinic to a saddle-node":
            return "beside it, the saddle-node gives way to a cycle of long period"
        unstable = int((self.eigenvalues[0].real > 0.0).sum())
        if self.kind == "heteroclinic" or self.saddle_quantity == 0.0 or np.isnan(self.saddle_quantity):
            return ""
        if self.saddle_focus and (self.saddle_quantity > 0.0) == (unstable == 1):
            return "saddle-focus: infinitely many cycles of saddle type beside it"
        if unstable == 1 and self.saddle_quantity < 0.0:
            return "on one side a stable cycle of long period"
        return "on one side a cycle of long period, not stable"

    @property
    def sentence(self) -> str:
        """The orbit in words."""
        place = ", ".join(f"{n} = {number(self.parameters[n], PLACE_DIGITS)}" for n in self.free)
        ends = self.equilibria if self.kind == "heteroclinic" else self.equilibria[:1]
        where = " to ".join(
            "(" + ", ".join(f"{n} = {number(rounded(x))}" for n, x in zip(self.states, e.tolist(), strict=True)) + ")"
            for e in ends
        )
        quantity = "" if np.isnan(self.saddle_quantity) else f", saddle quantity {number(self.saddle_quantity)}"
        meaning = f": {self.meaning}" if self.meaning else ""
        way = f" through {self.jumps} jump{'s' * (self.jumps > 1)}" if self.jumps else ""
        return f"{self.kind} {where}{way} at {place}{quantity}{meaning}"

    def __repr__(self) -> str:
        return f"<Homoclinic of {self.system}: {self.sentence}>"

    def _columns(self) -> dict[str, Any]:
        """One row for each stored point: time, states."""
        return {"t": self.times} | {name: column(self.points, self.states, name) for name in self.states}
