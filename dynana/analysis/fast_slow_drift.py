"""How fast slow variables move: at points, along branches of the fast subsystem, and averaged over its cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from dynana.analysis.cycle_branches import continue_cycles
from dynana.analysis.nullclines import nullclines
from dynana.analysis.stability import stability
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import DynanaError
from dynana.lowering.kernels import lower
from dynana.numerics.tabulate import tabulator
from dynana.results import collocated
from dynana.results.cycle import Cycle
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import Branch, Diagram
from dynana.results.fast_slow import TonicSpiking
from dynana.results.fixed_points import FixedPoint
from dynana.results.portrait import Nullcline

Array = NDArray[np.float64]

#: Name of the function whose zeros are equilibria of the full system, and of that whose zeros are tonic spiking.
AT_REST, AVERAGED = "slow rate", "averaged drift"
#: Points on a cycle for the ripple of the slow variable.
RIPPLE_POINTS = 2000


class SlowRates:
    """The right-hand sides of slow variables, and what their jumps add.

    Parameters
    ----------
    system : System
        The full system.
    slow : sequence of str
    """

    def __init__(self, system: System, slow: Sequence[str]) -> None:
        self.system, self.slow = system, tuple(slow)
        self.fast_states = tuple(name for name in system.states if name not in slow)
        self._at = [system.states.index(name) for name in slow]
        self._order = [(*self.fast_states, *slow).index(name) for name in system.states]
        self._p = lower(system).p

    def full(self, points: Array, values: Array) -> Array:
        """Return states of the full system from fast states (k, f) and slow ones (k, m), shape (k, n)."""
        rows = np.broadcast_to(values, (len(points), len(self.slow)))
        return np.column_stack((points, rows))[:, self._order]

    def at(self, states: Array) -> Array:
        """Return the rates at states of the full system (k, n), shape (k, m)."""
        rows = np.array(states, dtype=float, order="C")
        out, none = np.empty(rows.shape), np.empty(0, dtype=np.int64)
        times, driven = np.zeros(len(rows)), np.empty((len(rows), 0))
        tabulator()(lower(self.system).rhs, times, rows, self._p.copy(), none, driven, out)
        return out[:, self._at]

    def jumped(self, before: Array, jump: str) -> Array:
        """Return what slow variables gain at a jump from a state of the full system (n,), shape (m,)."""
        kernels = lower(self.system)
        names = [j.name for j in self.system.jumps]
        after = np.empty(kernels.n)
        kernels.jump(names.index(jump), 0.0, np.ascontiguousarray(before), kernels.p, after)
        return np.asarray(after[self._at] - before[self._at])

    def averaged(self, cycle: Cycle, values: Array) -> Array:
        """Return the mean rates over a cycle of the fast subsystem at slow values (m,), shape (m,)."""
        rates = self.at(self.full(cycle.points, values))
        total = np.zeros(len(self.slow))
        for part in cycle.segments:
            rows = slice(part.first, part.last + 1)
            if part.speeds:
                total += collocated.integral(rates[rows], cycle.times[rows], part.stages)
            else:
                total += part.duration * collocated.mean(rates[rows], part.widths, part.stages)
            if part.jump:
                total += self.jumped(self.full(cycle.points[part.last : part.last + 1], values)[0], part.jump)
        return np.asarray(total / cycle.period)

    def along(self, branch: Branch) -> Array:
        """Return the rate of the one slow variable along a branch of equilibria, shape (k,)."""
        return self.at(self.full(branch.points, branch.values[:, None]))[:, 0]

    def over(self, branch: CycleBranch) -> Array:
        """Return the averaged drift of the one slow variable for the kept cycles of a branch."""
        drift = [self.averaged(c, np.array([c.parameters[self.slow[0]]]))[0] for c in branch.cycles]
        return np.array(drift)

    def rest_function(self, values: Mapping[str, float]) -> float:
        """Return the rate of the one slow variable for states and parameters by name."""
        row = np.array([[values[name] for name in self.system.states]])
        return float(self.at(row)[0, 0])

    def cycle_function(self, cycle: Cycle) -> float:
        """Return the averaged drift of the one slow variable over a cycle."""
        return float(self.averaged(cycle, np.array([cycle.parameters[self.slow[0]]]))[0])

    def ripple(self, cycle: Cycle) -> float:
        """Return how far the one slow variable goes up and down during a cycle, the average drift taken off."""
        times, points = cycle.sample(RIPPLE_POINTS)
        rate = self.at(self.full(points, np.array([cycle.parameters[self.slow[0]]])))[:, 0]
        gained = cumulative_trapezoid(rate - self.cycle_function(cycle), times)
        return float(np.ptp(gained))

    def nullcline(self, ranges: Mapping[str, tuple[float, float]]) -> Nullcline | None:
        """Return the nullcline of the one slow variable in the plane with the only fast state in its equation.

        Parameters
        ----------
        ranges : mapping of state to (low, high)
            Of all states.

        Returns
        -------
        Nullcline or None
            None if its equation contains several fast states, or none.
        """
        (slow,), expression = self.slow, self.system.derivatives[self._at[0]]
        inside = [n for n in self.fast_states if expression.has(symbol(n))]
        if len(inside) != 1:
            return None
        plane = System({slow: expression, inside[0]: 1}, self.system.values, name=self.system.name)
        return nullclines(plane, ranges={name: ranges[name] for name in (slow, inside[0])})[0]


def rest_points(system: System, slow: str, fast: Diagram) -> tuple[FixedPoint, ...]:
    """Return the equilibria of the full system on the critical manifold, where the slow rate vanishes."""
    found = []
    for point in fast.special:
        if point.kind == "user" and point.name == AT_REST:
            found.append(stability(system, at=point.values | {slow: point.parameters[slow]}))
    return tuple(found)


def tonic_spiking(rates: SlowRates, fast: System, branch: CycleBranch, drift: Array) -> tuple[TonicSpiking, ...]:
    """Return the cycles of a branch over which the averaged drift vanishes, located as roots."""
    found: list[TonicSpiking] = []
    rows, slow = branch.kept, branch.parameter
    for i in np.flatnonzero(drift[:-1] * drift[1:] < 0.0).tolist():
        ends = branch.values[rows[i]], branch.values[rows[i + 1]]
        if branch.periods[rows[i]] == 0.0 or ends[0] == ends[1]:
            continue
        room = abs(ends[1] - ends[0])
        inside = i if _has_extent(branch.cycles[i]) else i + 1
        try:
            piece = continue_cycles(
                fast, branch.cycles[inside], slow, (min(ends) - room, max(ends) + room), points=40,
                test_functions={AVERAGED: rates.cycle_function}, progress=False,
            )  # fmt: skip
        except DynanaError:
            continue
        for point in piece.special_points("user"):
            value, cycle = point.parameters[slow], point.cycle
            slope = float((drift[i + 1] - drift[i]) / (ends[1] - ends[0]))
            known = any(abs(value - t.value) < 1e-9 * (abs(value) + room) for t in found)
            if isinstance(cycle, Cycle) and min(ends) <= value <= max(ends) and not known:
                stable = cycle.stable and slope < 0.0
                ripple = rates.ripple(cycle)
                found.append(TonicSpiking(value=value, slope=slope, ripple=ripple, stable=stable, cycle=cycle))
    return tuple(found)


def _has_extent(cycle: Cycle) -> bool:
    return bool(np.any(np.ptp(cycle.points, axis=0) > 0.0))
