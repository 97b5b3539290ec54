"""Quantities computed along a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dynana.results.base import Result, column


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations(Result):
    """Observables along a trajectory; ``observations["I_Na"]`` is the column of one of them.

    Parameters
    ----------
    system
        Name of the system.
    names
        Names of the observables.
    fingerprint
        Of the system's structure.
    t
        Times, shape (k,): those of the trajectory.
    values
        Shape (k, number of observables).
    """

    _index: ClassVar[str | None] = "t"

    system: str
    names: tuple[str, ...]
    fingerprint: str
    t: np.ndarray
    values: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return column(self.values, self.names, name, "observable")

    def _columns(self) -> dict[str, Any]:
        """One row per time, one column per observable."""
        return {"t": self.t} | {name: self[name] for name in self.names}
