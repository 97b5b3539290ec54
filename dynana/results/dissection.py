"""What dissections into fast and slow have in common, however many variables are slow: the orbit and what it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynana.results.base import Result
from dynana.results.tables import Table, number
from dynana.results.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rhythm(Result):
    """The full orbit as it was measured.

    Parameters
    ----------
    spikes : ndarray
        Their times on the orbit that is kept: jumps, or upward passages of the first fast state through the middle of
        its range (of an angle, half a period from zero).
    per_period : int
        Spikes after which their intervals repeat; 0 if they do not (irregular, or no spikes).
    period : float
        The time that takes; 0 if they do not repeat.
    intervals : (float, float)
        Shortest and longest interval between spikes; zeros if there are fewer than two.
    per_burst : (int, int)
        Smallest and largest number of spikes between pauses; zeros if the intervals are all of one kind.
    slow_range : (float, float)
        Smallest and largest value of the (first) slow variable.
    """

    spikes: np.ndarray
    per_period: int
    period: float
    intervals: tuple[float, float]
    per_burst: tuple[int, int]
    slow_range: tuple[float, float]

    @property
    def sentence(self) -> str:
        """The rhythm in words."""
        if self.spikes.size == 0:
            return "no spikes"
        if self.per_period == 1:
            return f"a spike every {number(self.period)}"
        short, long = (number(i, 4) for i in self.intervals)
        few, many = self.per_burst
        bursts = f", bursts of {few if few == many else f'{few} to {many}'}" if many > 1 else ""
        if not self.per_period:
            return f"{self.spikes.size} spikes without regular repetition, {short} to {long} apart{bursts}"
        return f"{self.per_period} spikes every {number(self.period)}, {short} to {long} apart{bursts}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Dissection(Result):
    """A system with slow variables, dissected; the parts are those of `FastSlow` and `FastSlowPlane`.

    Parameters
    ----------
    system, fingerprint : str
        Of the full system.
    states : tuple of str
        Of the full system.
    parameters : dict of str to float
    orbit : Trajectory
        Of the full system, after a transient.
    rhythm : Rhythm
    kind : str
        What it comes to: "fold/homoclinic bursting (square-wave)", "tonic spiking", "rest", ...
    reason : str
        Why, in words.
    separation : dict of str to float
        For each fast state, how many times faster it moves than the faster slow variable.
    warnings : tuple of str
        What does not fit the picture of slow variables and a fast rest: speeds, canards, delays.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    orbit: Trajectory
    rhythm: Rhythm
    kind: str
    reason: str
    separation: dict[str, float]
    warnings: tuple[str, ...]

    @property
    def slow_variables(self) -> tuple[str, ...]:
        """The slow variables; the first one acts on the fast subsystem."""
        raise NotImplementedError

    @property
    def sentence(self) -> str:
        """What it comes to, in words."""
        return f"{self.kind}; the orbit has {self.rhythm.sentence}"

    def __repr__(self) -> str:
        slow = " and ".join(self.slow_variables)
        return f"<{type(self).__name__} of {self.system}, {slow} slow: {self.sentence}>"

    def __str__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        raise NotImplementedError

    def _remarks(self) -> list[str]:
        """Return the lines below the table: the orbit, how slow slow is, warnings, and what it all comes to."""
        names = self.slow_variables
        slowest = min(self.separation, key=self.separation.__getitem__)
        slow = names[0] if len(names) == 1 else "the faster slow variable"
        others = "" if len(self.separation) == 1 else ", the other fast states are faster"
        low, high = map(number, self.rhythm.slow_range)
        return [
            f"orbit: {self.rhythm.sentence}, {names[0]} from {low} to {high}",
            f"{slowest} is {number(self.separation[slowest], 3)} times as fast as {slow}{others}",
            *(f"warning: {w}" for w in self.warnings),
            f"{self.kind}: {self.reason}",
        ]
