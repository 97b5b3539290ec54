"""A system with one slow variable, dissected: its fast subsystem, the slow drift, and the full orbit on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result
from dynana.results.cycle import Cycle
from dynana.results.diagram import Diagram
from dynana.results.dissection import Dissection
from dynana.results.fixed_points import FixedPoint
from dynana.results.portrait import Nullcline
from dynana.results.tables import Table, number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SlowPhase(Result):
    """One stretch of the path that is followed in the limit of a very slow variable.

    Parameters
    ----------
    kind : {"rest", "spiking"}
        Whether it goes along stable equilibria or along stable cycles of the fast subsystem.
    branch : int
        Its number in the table of the fast diagram, from 1: branches of equilibria first, then those of cycles.
    begin, end : float
        Of the slow variable.
    ending : str
        What ends it: "fold", "hopf", "homoclinic", "snic", "fold of cycles", ..., "equilibrium" or "tonic spiking"
        where the path stays for good, "end of range" and the like where the diagram ends.
    """

    kind: str
    branch: int
    begin: float
    end: float
    ending: str

    def __repr__(self) -> str:
        return f"<SlowPhase: {self.sentence}>"

    @property
    def sentence(self) -> str:
        """The phase in words."""
        place = f"{'equilibria' if self.kind == 'rest' else 'cycles'} of branch {self.branch}"
        return f"{self.kind} along the {place} from {number(self.begin)} to {number(self.end)}: {self.ending}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TonicSpiking(Result):
    """A cycle of the fast subsystem along which the slow variable gains nothing.

    Parameters
    ----------
    value : float
        Of the slow variable.
    slope : float
        Of the averaged drift there; the slow variable returns to the value if it is negative.
    ripple : float
        What the slow variable gains and loses again during one cycle.
    stable : bool
        Whether the cycle is stable and the slope negative.
    cycle : Cycle
        Of the fast subsystem.
    """

    value: float
    slope: float
    ripple: float
    stable: bool
    cycle: Cycle

    def __repr__(self) -> str:
        word = "stable" if self.stable else "unstable"
        return f"<TonicSpiking: {word}, at {number(self.value)}, period {number(self.cycle.period)}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FastSlow(Dissection):
    """A system with one slow variable, dissected.

    Parameters
    ----------
    system, fingerprint : str
        Of the full system.
    states : tuple of str
        Of the full system.
    slow : str
        The slow variable.
    parameters : dict of str to float
    fast : Diagram
        Of the fast subsystem, over the slow variable: the critical manifold and the branches of cycles.
    rates : tuple of ndarray
        The rate of the slow variable along each branch of equilibria, shape (k,) each.
    drifts : tuple of ndarray
        The rate of the slow variable averaged over each cycle, one array for each branch of cycles, for the rows
        ``branch.kept``. A change of the slow variable at a jump counts.
    rest : tuple of FixedPoint
        Equilibria of the full system: where the critical manifold meets the slow nullcline.
    tonic : tuple of TonicSpiking
        Where the averaged drift vanishes.
    nullcline : Nullcline or None
        Of the slow variable, over it and the fast state in its equation, where that is only one.
    orbit : Trajectory
        Of the full system, after a transient.
    rhythm : Rhythm
    path : tuple of SlowPhase
        Where an infinitely slow variable leads.
    loop : int
        The phase to which the path returns after its last one; -1 if it ends.
    kind : str
        What it comes to: "fold/homoclinic bursting (square-wave)", "tonic spiking", "rest", ...
    reason : str
        Why, in words.
    separation : dict of str to float
        For each fast state, how many times faster it moves than the slow variable, at top speed and in units of its
        extent on the orbit.
    warnings : tuple of str
        What does not fit the picture of one slow variable and a fast rest: speeds, canards, delays.
    """

    slow: str
    fast: Diagram
    rates: tuple[np.ndarray, ...]
    drifts: tuple[np.ndarray, ...]
    rest: tuple[FixedPoint, ...]
    tonic: tuple[TonicSpiking, ...]
    nullcline: Nullcline | None
    path: tuple[SlowPhase, ...]
    loop: int

    def _check(self) -> None:
        branches = (len(self.fast.branches), len(self.fast.cycle_branches))
        if (len(self.rates), len(self.drifts)) != branches:
            raise ValueError(f"{branches[0]} branches of equilibria and {branches[1]} of cycles need as many drifts")

    @property
    def range(self) -> tuple[float, float]:
        """Of the slow variable."""
        return self.fast.range

    @property
    def slow_variables(self) -> tuple[str, ...]:
        """The slow variable, as a tuple of one."""
        return (self.slow,)

    def _table(self) -> Table:
        fast = self.fast._table()
        marks = [number(p.point[p.states.index(self.slow)], 10) for p in self.rest]
        rows = [row for row in fast.rows if not (str(row[0]).startswith("user") and row[2] in marks)]
        place = [name for name in self.states if name != self.slow]
        for point in self.rest:
            word = "stable" if point.stable else "unstable"
            values = dict(zip(point.states, point.point.tolist(), strict=True))
            here = number(values[self.slow], 10)
            rows.append(("equilibrium", "", here, *(values[n] for n in place), None, f"{word} in the full system"))
        for cycle in self.tonic:
            word = "stable" if cycle.stable else "unstable"
            means, here = cycle.cycle.mean.tolist(), number(cycle.value, 10)
            rows.append(("averaged drift 0", "", here, *means, cycle.cycle.period, f"{word} spiking (means)"))
        return Table(fast.columns, tuple(rows), title=fast.title, remark="\n".join((fast.remark, *self._remarks())))

    def _columns(self) -> dict[str, Any]:
        """One row for each kept cycle: branch, slow variable, period, averaged drift, stability."""
        branches = self.fast.cycle_branches
        sizes = [len(b.kept) for b in branches]
        columns: dict[str, Any] = {"branch": np.repeat(np.arange(1, len(sizes) + 1), sizes)}

        def joined(parts: list[np.ndarray]) -> np.ndarray:
            return np.concatenate(parts) if parts else np.empty(0)

        columns[self.slow] = joined([b.values[b.kept] for b in branches])
        columns["period"] = joined([b.periods[b.kept] for b in branches])
        columns["drift"] = joined(list(self.drifts))
        columns["stable"] = joined([b.stable[b.kept] for b in branches])
        return columns
