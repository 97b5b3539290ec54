"""`Isochrons`: the curves of equal phase around a limit cycle of the plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result
from dynana.results.cycle import Cycle
from dynana.results.tables import number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Isochrons(Result):
    """Curves from which all orbits come to a cycle with the same phase.

    Parameters
    ----------
    cycle : Cycle
    origin : str
        Where phase zero is, in words.
    phases : ndarray, shape (m,)
        Fractions of the period.
    curves : tuple of ndarray, shape (k, 2)
        From the end inside the cycle to that outside; each passes through the point of the cycle with its phase.
    on_cycle : ndarray of int, shape (m,)
        The row of each curve that is this point.
    box : dict of str to (low, high)
        Curves end at its border.
    units : dict of str to str
    """

    cycle: Cycle
    origin: str
    phases: np.ndarray
    curves: tuple[np.ndarray, ...]
    on_cycle: np.ndarray
    box: dict[str, tuple[float, float]]
    units: dict[str, str]

    def __len__(self) -> int:
        return len(self.curves)

    def __getitem__(self, k: int) -> np.ndarray:
        """The curve of the k-th phase."""
        return self.curves[k]

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the two states."""
        return self.cycle.states

    def __repr__(self) -> str:
        count = sum(len(c) for c in self.curves)
        period = number(self.cycle.period)
        return f"<Isochrons of {self.cycle.system}: {len(self)} curves, {count} points; period {period}, {self.origin}>"

    def _columns(self) -> dict[str, Any]:
        """One row for each point."""
        phase = np.concatenate([np.full(len(c), p) for c, p in zip(self.curves, self.phases, strict=True)])
        points = np.concatenate(self.curves)
        return {"phase": phase} | {n: points[:, i] for i, n in enumerate(self.states)}
