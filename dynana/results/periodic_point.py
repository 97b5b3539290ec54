"""Periodic points of return maps: spike maps of systems with jumps, maps between passages of a section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result, column
from dynana.results.tables import number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PeriodicPoint(Result):
    """A point that a return map brings back to itself, and so a state on a closed orbit.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameters : dict of str to float
        All values.
    jump : str
        Name of the jump just after which the state stands (and any refractory time begins); empty for a state on a
        section of a flow.
    state : ndarray, shape (n,)
    spikes : int
        Jumps until the orbit is back; 0 where there are none.
    period : float
        Time until then.
    multipliers : ndarray of complex, shape (m,)
        Eigenvalues of the derivative of the map, iterated until it is back; those of the orbit but the trivial one.
    time : float or None
        Where time enters the equations: when, in the first period of the forcing, the state is this one.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    jump: str
    state: np.ndarray
    spikes: int
    period: float
    multipliers: np.ndarray
    time: float | None = None

    def _check(self) -> None:
        if self.state.shape != (len(self.states),):
            raise ValueError(f"state must have shape {(len(self.states),)}, got {self.state.shape}")
        if not self.period > 0.0:
            raise ValueError(f"the period must be positive, got {self.period}")
        if self.multipliers.ndim != 1:
            raise ValueError(f"multipliers must have shape (m,), got {self.multipliers.shape}")

    def __getitem__(self, name: str) -> float:
        """The value of a state."""
        return float(column(self.state, self.states, name))

    @property
    def stable(self) -> bool:
        """Whether all multipliers are inside the unit circle."""
        return bool((np.abs(self.multipliers) < 1.0).all())

    @property
    def rate(self) -> float:
        """Jumps per time unit of the system."""
        return self.spikes / self.period

    @property
    def sentence(self) -> str:
        """The point in words."""
        place = ", ".join(f"{n} = {number(v)}" for n, v in zip(self.states, self.state, strict=True))
        kind = "stable" if self.stable else "unstable"
        where = f"after {self.jump}, " if self.jump else ""
        where += "" if self.time is None else f"t = {number(self.time)}, "
        spikes = f"{self.spikes} jump{'s' * (self.spikes != 1)}, " if self.spikes else ""
        largest = self.multipliers[np.argsort(-np.abs(self.multipliers), kind="stable")][:3]
        shown = ", ".join(number(_real(complex(m)), 3) for m in largest)
        return f"{kind} periodic point, {where}{place}: {spikes}period {number(self.period)}; multipliers {shown}"

    def __repr__(self) -> str:
        return f"<PeriodicPoint of {self.system}: {self.sentence}>"

    def _columns(self) -> dict[str, Any]:
        """One row: states, jumps, period."""
        columns: dict[str, Any] = {n: np.array([v]) for n, v in zip(self.states, self.state, strict=True)}
        return columns | {"spikes": np.array([self.spikes]), "period": np.array([self.period])}


def _real(value: complex) -> complex | float:
    return value if value.imag else value.real
