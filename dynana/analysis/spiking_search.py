"""The search for stable cycles with jumps over a range of a parameter: runs from states at which a jump fires."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from dynana.analysis.spiking_beginnings import is_spiking
from dynana.definition.system import System
from dynana.errors import ConvergenceError, DynanaError
from dynana.lowering.kernels import Kernels, lower
from dynana.results.cycle_branch import CycleBranch
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory
from dynana.simulation.simulate import simulate

#: Stretches into which the range is cut at first, and the shortest, as a part of it, that is looked into.
STRETCHES, FINEST = 4, 1.0 / 32.0
#: Runs after which the search ends.
MOST_RUNS = 32
#: How far beyond the threshold a run starts, relative to its level, and steps of the search for that place.
BEYOND, STEPS = 1e-9, 30
#: Lengths of runs, in units of the longest time constant.
LENGTHS = (30.0, 300.0, 1500.0)
#: Steps after which a run is given up.
MOST_STEPS = 200_000


@dataclass
class SpikeSearch:
    """Looks for stable cycles with jumps wherever none is known.

    Attributes
    ----------
    system : System
    parameter : str
    range : (low, high)
    known : callable
        Returns the branches that are known.
    found : callable
        Takes a trajectory that settles on a new one, and the system of it.
    silent, erratic : list of float
        Values at which runs came to rest, and at which their jumps did not repeat.
    runs : int
    """

    system: System
    parameter: str
    range: tuple[float, float]
    known: Callable[[], list[CycleBranch]]
    found: Callable[[System, Trajectory], None]
    silent: list[float] = field(default_factory=list)
    erratic: list[float] = field(default_factory=list)
    runs: int = 0

    def look(self) -> None:
        """Run in the middle of stretches that are ever shorter, except where a stable cycle with jumps is known."""
        edges = np.linspace(*self.range, STRETCHES + 1).tolist()
        waiting = deque(zip(edges[:-1], edges[1:], strict=True))
        while waiting and self.runs < MOST_RUNS:
            left, right = waiting.popleft()
            middle = 0.5 * (left + right)
            if not self._covered(middle):
                self._run(middle)
            if right - left > 2.0 * FINEST * (self.range[1] - self.range[0]):
                waiting += [(left, middle), (middle, right)]

    def sentences(self) -> tuple[str, ...]:
        """Return what was looked for, in words."""
        said = [
            f"cycles with jumps: looked for by {self.runs} runs from states at which a jump fires, where no stable one "
            "was known; of several that attract at one value one was found, unstable ones only on branches of others"
        ]
        if self.erratic:
            low, high = number(min(self.erratic)), number(max(self.erratic))
            where = low if len(self.erratic) == 1 else f"{len(self.erratic)} values from {low} to {high}"
            said.append(
                f"the jumps of runs did not repeat themselves (chaos, or very long transients) at {self.parameter} = "
                f"{where}"
            )
        return tuple(said)

    def _covered(self, value: float) -> bool:
        for branch in self.known():
            if branch.jumps:
                between = (branch.values[:-1] - value) * (branch.values[1:] - value) <= 0.0
                if np.any(between & (branch.stable[:-1] | branch.stable[1:])):
                    return True
        return False

    def _run(self, value: float) -> None:
        system = self.system.at(**{self.parameter: value})
        self.runs += 1
        rested, pace = True, slowest_time(system)
        for start in firing_states(system):
            for length in LENGTHS:
                try:
                    run = simulate(system, length * pace, start=start, max_steps=MOST_STEPS, progress=False)
                except DynanaError:
                    break
                assert isinstance(run, Trajectory)
                if not is_spiking(run):
                    break
                try:
                    self.found(system, run)
                    return
                except ConvergenceError:
                    rested = False
        (self.silent if rested else self.erratic).append(value)


def slowest_time(system: System) -> float:
    """Return the longest time constant at the initial state, of those that are not infinite."""
    kernels = lower(system)
    jacobian = np.empty((kernels.n, kernels.n))
    kernels.jacobian(0.0, kernels.y0, kernels.p, jacobian)
    rates = np.abs(np.linalg.eigvals(jacobian)) if np.isfinite(jacobian).all() else np.ones(1)
    rates = np.concatenate((rates, np.abs(np.diag(jacobian))))
    rates = rates[np.isfinite(rates) & (rates > 0.0)]
    return 1.0 / float(rates.min()) if rates.size else 1.0


def firing_states(system: System) -> Iterator[dict[str, float]]:
    """Return, for each jump, the initial state moved to where the jump fires, in the first state that can do it."""
    kernels = lower(system)
    values, holds = np.empty(kernels.n_guards), np.empty(kernels.n_jumps)
    for k in range(kernels.n_jumps):
        for i in range(kernels.n):
            y = _moved(kernels, k, i, values)
            if y is None:
                continue
            kernels.guards(0.0, y, kernels.p, values)
            kernels.conditions(values, holds)
            if holds[k] > 0.0:
                yield dict(zip(system.states, y.tolist(), strict=True))
                break


def _moved(kernels: Kernels, k: int, i: int, values: np.ndarray) -> np.ndarray | None:
    """Return the initial state with state ``i`` moved until jump ``k`` fires; None if that fails."""
    y, p = kernels.y0, kernels.p
    own = [g for g, owner in enumerate(kernels.guard_owner) if owner == k]

    def level(x: float) -> float:
        y[i] = x
        kernels.guards(0.0, y, p, values)
        return float(values[own].min())

    a, b = float(y[i]), float(y[i]) + 1e-3 * (1.0 + abs(float(y[i])))
    fa, fb = level(a), level(b)
    for _ in range(STEPS):
        if not np.isfinite(fb) or fb == fa:
            return None
        size = BEYOND * (1.0 + abs(b))
        if 0.0 < fb <= 10.0 * size:
            return y.copy()
        a, fa, b = b, fb, b - (fb - 3.0 * size) * (b - a) / (fb - fa)
        fb = level(b)
    return y.copy() if fb > 0.0 else None
