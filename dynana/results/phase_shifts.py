"""Phase shifts by finite kicks at moments of a cycle with jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result
from dynana.results.tables import number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PhaseShifts(Result):
    """By how much a kick at each moment of a cycle advances everything that follows, in the end.

    Parameters
    ----------
    system, fingerprint : str
    parameters : dict of str to float
    kick : dict of str to float
        What is added to states.
    period : float
    times : ndarray, shape (k,)
        Of the kicks, from just after the jump with which the cycle begins.
    shifts : ndarray, shape (k,)
        In units of time, between minus and plus half a period; positive: later events come earlier. nan where the orbit
        does not come back to the cycle.
    fires : ndarray of bool, shape (k,)
        Whether the kick itself makes a jump due.
    """

    system: str
    fingerprint: str
    parameters: dict[str, float]
    kick: dict[str, float]
    period: float
    times: np.ndarray
    shifts: np.ndarray
    fires: np.ndarray

    def _check(self) -> None:
        if not self.times.shape == self.shifts.shape == self.fires.shape:
            raise ValueError(f"{self.times.size} kicks need as many shifts, got {self.shifts.size}")

    def __len__(self) -> int:
        return self.times.size

    @property
    def phases(self) -> np.ndarray:
        """Times as fractions of the period, shape (k,)."""
        return np.asarray(self.times / self.period)

    @property
    def transitions(self) -> np.ndarray:
        """Phases, as fractions of the period, at which kicked orbits go on: the phase transition curve, shape (k,)."""
        return np.asarray(np.mod(self.times + self.shifts, self.period) / self.period)

    def __repr__(self) -> str:
        kick = ", ".join(f"{n} {'+' if v >= 0 else '-'} {number(abs(v))}" for n, v in self.kick.items())
        fired = f", {int(self.fires.sum())} fire at once" if self.fires.any() else ""
        lost = int(np.isnan(self.shifts).sum())
        gone = f", {lost} leave the cycle" if lost else ""
        low, high = np.nanmin(self.shifts, initial=np.inf), np.nanmax(self.shifts, initial=-np.inf)
        return (
            f"<PhaseShifts of {self.system}: {len(self)} kicks of {kick}, shifts {number(float(low))} to "
            f"{number(float(high))} in a period of {number(self.period)}{fired}{gone}>"
        )

    def _columns(self) -> dict[str, Any]:
        """One row for each kick."""
        return {"t": self.times, "phase": self.phases, "shift": self.shifts, "fires": self.fires}
