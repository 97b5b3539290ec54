"""`LyapunovExponents`: mean rates at which neighbouring orbits part, with standard errors and checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result
from dynana.results.stop import Stop
from dynana.results.tables import Table, number

#: An exponent counts as positive or negative beyond this many standard errors...
CERTAIN = 3.0
#: ... and beyond this over the averaging time: a vector along the flow may be longer or shorter at the end than at the
#: beginning, by the ratio of the speeds there, e^5 at most.
END_EFFECT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LyapunovExponents(Result):
    """Lyapunov exponents of an orbit, the largest first.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameters : dict of str to float
    exponents, errors : ndarray, shape (count,)
        Means over the blocks and their standard errors, per unit of time. Minus infinity: a jump maps every
        neighbouring orbit onto one, so that this direction is forgotten at once. Errors are NaN with fewer than two
        blocks.
    begin : float
        When averaging began.
    times : ndarray, shape (b,)
        Ends of the blocks.
    blocks : ndarray, shape (b, count)
        The exponents of each block.
    divergence : float
        Mean divergence of the flow plus the mean rate of log |det S| over the saltation matrices S of jumps: all
        exponents together add up to it. NaN where refractory times hold states, whose volume has no meaning.
    duration, transient : float
        Over how much time was averaged, and what went before.
    events : int
        Number of jumps while averaging.
    final : dict of str to float
        The state at the end.
    method : str
    time_unit : str, optional
    stop : Stop
        Why the run ended.
    forced : bool
        Whether time enters the equations: the exponent 0 along the clock is then not among these, which belong to the
        states alone.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    exponents: np.ndarray
    errors: np.ndarray
    begin: float
    times: np.ndarray
    blocks: np.ndarray
    divergence: float
    duration: float
    transient: float
    events: int
    final: dict[str, float]
    method: str
    time_unit: str | None
    stop: Stop
    forced: bool = False

    def __len__(self) -> int:
        return len(self.exponents)

    def __getitem__(self, key: int) -> float:
        """An exponent by its rank, 0 for the largest."""
        return float(self.exponents[key])

    @property
    def largest(self) -> float:
        """The largest exponent."""
        return float(self.exponents[0])

    @property
    def zero(self) -> float:
        """The exponent nearest to zero: a check, since that along an orbit that does not come to rest is 0.

        NaN where time enters the equations: the clock has that 0, and no check is left.
        """
        if self.forced:
            return float("nan")
        return float(self.exponents[np.argmin(np.abs(self.exponents))])

    @property
    def sum_error(self) -> float:
        """Sum of the exponents minus the mean divergence: a check of all of them; NaN if not all were asked for."""
        if len(self) < len(self.states) or not np.isfinite(self.divergence):
            return float("nan")
        return float(np.sum(self.exponents) - self.divergence)

    @property
    def dimension(self) -> float:
        """Kaplan and Yorke's dimension: how many exponents add up to zero, with a fraction of the next one.

        NaN where those asked for still add up to more than zero. Where time enters the equations it is that of the
        attractor at one phase of the forcing, as a stroboscopic map shows it.

        Kaplan & Yorke (1979), Lecture Notes in Math. 730:204-227.
        """
        real = np.where(np.abs(self.exponents) <= self._allowed, 0.0, self.exponents)
        sums = np.cumsum(real)
        inside = int(np.sum(sums >= 0.0)) if not np.isnan(sums).any() else 0
        if np.isnan(sums).any() or (inside == len(self) and inside < len(self.states)):
            return float("nan")
        if inside in (0, len(self)):
            return float(inside)
        before = sums[inside - 1]
        return float(inside + before / abs(real[inside]))

    @property
    def _allowed(self) -> np.ndarray:
        """How far from zero an exponent may be that is zero."""
        ends = END_EFFECT / self.duration if self.duration > 0 else np.inf
        return np.asarray(CERTAIN * np.nan_to_num(self.errors) + ends)

    @property
    def verdict(self) -> str:
        """What the signs say: "chaos", "equilibrium", "cycle", "torus or slow cycle" or "undecided".

        A cycle that attracts so slowly that its second exponent cannot be told from zero looks like a torus. Where
        time enters the equations, a "cycle" repeats itself after periods of the forcing.
        """
        if not len(self.times):
            return "undecided"
        positive = self.exponents > self._allowed
        zeros = int(np.sum(np.abs(self.exponents) <= self._allowed))
        if positive.any():
            return "chaos"
        return {0: "equilibrium", 1: "cycle"}.get(zeros + self.forced, "torus or slow cycle")

    def running(self) -> np.ndarray:
        """Mean of the exponents over all blocks so far, shape (b, count)."""
        lengths = np.diff(self.times, prepend=self.begin)[:, None]
        return np.asarray(np.cumsum(self.blocks * lengths, axis=0) / np.cumsum(lengths, axis=0))

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        unit = f" per {self.time_unit}" if self.time_unit else ""
        rows = tuple(
            (k + 1, float(x), float(e)) for k, (x, e) in enumerate(zip(self.exponents, self.errors, strict=True))
        )
        remarks = [f"{self.verdict}; averaged over {number(self.duration)}"]
        if np.isfinite(self.dimension) and self.dimension > 0:
            remarks.append(f"Kaplan-Yorke dimension {number(self.dimension)}")
        if self.forced:
            remarks.append("the clock of the forcing has one more, 0")
        if np.isfinite(self.sum_error):
            remarks.append(f"sum - divergence = {number(self.sum_error, 2)}")
        if self.stop.reason != "finished":
            remarks.append(str(self.stop))
        title = f"Lyapunov exponents of {self.system}{unit}"
        return Table(("", "exponent", "standard error"), rows, title=title, remark="; ".join(remarks))

    def _columns(self) -> dict[str, Any]:
        """One row for each exponent."""
        return {"exponent": self.exponents, "error": self.errors}
