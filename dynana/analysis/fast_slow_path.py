"""Where an infinitely slow variable leads: along stable branches of the fast subsystem, and from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import MARKS, Branch, Diagram, stretches
from dynana.results.fast_slow import SlowPhase, TonicSpiking
from dynana.results.special_points import SpecialPoint
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory
from dynana.simulation.simulate import simulate

Array = NDArray[np.float64]

#: Kinds of phases, and how a path ends where the slow variable comes to rest.
REST, SPIKING = "rest", "spiking"
EQUILIBRIUM, TONIC = "equilibrium", "tonic spiking"
#: How far beyond the end of a stretch the next attractor is looked for, as a part of the range of the slow variable.
BEYOND = 2e-3
#: Why a path cannot be followed further where a larger range would help.
OUT_OF_RANGE = "the path leaves the range; give a larger one"
#: Ends of cycles beyond which the fast subsystem rests.
SILENT = ("snic", "homoclinic")
#: Phases after which a path that does not return is given up.
MOST_PHASES = 24
#: Lengths of the runs of the fast subsystem, in units of its fastest time constant.
RUN_LENGTHS = (100.0, 1000.0, 10_000.0, 100_000.0)
#: A time constant is taken to be at least this part of the shortest period of a cycle.
PACE = 0.05
#: Steps of such a run.
MOST_STEPS = 200_000
#: A run has come to rest if no state still moves by more than this part of its size; what it settles on is the branch
#: whose equilibrium, or whose extremes, it has to FOUND of the size.
RESTING, FOUND = 1e-4, 0.02
#: The part of a run after which it counts as settled, and points inside each of its steps.
LATE, PARTS = 0.6, 8
#: Kick away from where a stretch ends, relative to the size of the states.
KICK = 1e-3
#: A fold and the end of cycles in a saddle-node on an invariant circle are one, as a part of the range.
SAME_PLACE = 1e-3


@dataclass(frozen=True)
class Overshot:
    """A zero of the averaged drift next to the end of the cycles, past which every cycle goes."""

    tonic: TonicSpiking
    end: float
    ending: str


@dataclass(frozen=True)
class Stretch:
    """Stable equilibria or cycles of one branch, with the drift of the slow variable along them."""

    kind: str
    number: int
    """Of the branch in the table of the diagram, from 1: equilibria first."""
    branch: Branch | CycleBranch
    first: int
    last: int
    values: Array
    drift: Array

    def covers(self, value: float, room: float) -> bool:
        """Return whether a value of the slow variable lies on the stretch, or nearly."""
        ends = (self.end(False), self.end(True))
        return bool(min(*ends, self.values.min()) - room <= value <= max(*ends, self.values.max()) + room)

    def end(self, at_last: bool) -> float:
        """Return the value of the slow variable at one end: where the bifurcation is, beyond the last cycle before it.

        On the way to a saddle-node on an invariant circle periods grow slowly, and so do cycles end far from it.
        """
        special = self._special(at_last)
        row = float(self.values[-1 if at_last else 0])
        return special[-1].parameters[self.branch.parameter] if special and special[-1].kind == "snic" else row

    def _special(self, at_last: bool) -> list[SpecialPoint]:
        row = self.last if at_last else self.first
        return [s for s in self.branch.special if s.index == row and s.kind not in MARKS]

    def ending(self, at_last: bool) -> str:
        """Return what ends the stretch at one end."""
        if special := self._special(at_last):
            return special[-1].kind
        row = self.last if at_last else self.first
        end = -1 if at_last else 0
        return self.branch.stops[end].reason if row in (0, len(self.branch) - 1) else "loss of stability"


def stable_stretches(fast: Diagram, rates: Sequence[Array], drifts: Sequence[Array]) -> list[Stretch]:
    """Return the stable stretches of all branches."""
    found = []
    for i, branch in enumerate(fast.branches):
        for low, high, stable in stretches(branch):
            if stable and high - low > 1:
                found.append(Stretch(REST, i + 1, branch, low, high - 1, branch.values[low:high], rates[i][low:high]))
    for i, cycles in enumerate(fast.cycle_branches):
        drift = np.interp(np.arange(len(cycles)), cycles.kept, drifts[i]) if len(cycles.kept) else None
        for low, high, stable in stretches(cycles):
            if stable and high - low > 1 and drift is not None:
                place = len(fast.branches) + i + 1
                found.append(Stretch(SPIKING, place, cycles, low, high - 1, cycles.values[low:high], drift[low:high]))
    return found


class Path:
    """The path of an infinitely slow variable.

    Parameters
    ----------
    fast : System
        The fast subsystem.
    diagram : Diagram
        Its branches over the slow variable.
    parts : list of Stretch
    tonic : sequence of TonicSpiking
    sizes : ndarray, shape (n,)
        Of the fast states.
    regular : bool
        Whether the orbit of the full system spikes at equal intervals.

    Attributes
    ----------
    passed : list of TonicSpiking
        Zeros of the averaged drift that do not hold the slow variable: it moves farther in one cycle than to the end of
        the cycles, so that averaging does not apply, and the orbit does not spike at equal intervals.
    overshot : Overshot or None
        Of the last one, if every cycle carries the slow variable past the end of the cycles from which it has come.
    """

    def __init__(
        self,
        fast: System,
        diagram: Diagram,
        parts: list[Stretch],
        tonic: Sequence[TonicSpiking],
        sizes: Array,
        regular: bool,
    ) -> None:
        self.fast, self.diagram, self.parts, self.tonic, self.sizes = fast, diagram, parts, tonic, sizes
        self.regular = regular
        wrap = np.array([fast.wrap.get(name, np.inf) for name in fast.states])
        self.wrap, self.plain = wrap, ~np.isfinite(wrap)  # an angle has no extremes
        self.sizes = np.where(self.plain, sizes, wrap)
        periods = [b.periods[b.periods > 0.0].min() for b in diagram.cycle_branches if np.any(b.periods > 0.0)]
        self.pace = PACE * float(min(periods, default=0.0))
        self.passed: list[TonicSpiking] = []
        self.overshot: Overshot | None = None
        self.width = diagram.range[1] - diagram.range[0]
        self.snics = [
            s.parameters[diagram.parameter] for b in diagram.cycle_branches for s in b.special if s.kind == "snic"
        ]

    def follow(self, start: Array, value: float) -> tuple[list[SlowPhase], int, str]:
        """Follow the path from a state of the fast subsystem.

        Returns
        -------
        phases : list of SlowPhase
        loop : int
            The phase to which the path returns; -1 if it ends.
        problem : str
            Why it was given up, if it was.
        """
        phases: list[SlowPhase] = []
        visited: list[tuple[int, bool]] = []
        here = self._attractor(start, value)
        while len(phases) < MOST_PHASES:
            if here is None:
                where = (
                    f"beyond the {phases[-1].ending}" if phases else f"at {self.diagram.parameter} = {number(value)}"
                )
                return phases, -1, f"{where} no known attractor of the fast subsystem was recognised"
            part = self.parts[here]
            upward = bool(np.interp(value, *_increasing(part)) > 0.0)
            if (here, upward) in visited:
                loop = visited.index((here, upward))
                phases[loop] = replace(phases[loop], begin=value)
                return phases, loop, ""
            visited.append((here, upward))
            end, ending = self._along(part, value, upward)
            phases.append(SlowPhase(kind=part.kind, branch=part.number, begin=value, end=end, ending=ending))
            if ending in (EQUILIBRIUM, TONIC):
                return phases, -1, ""
            state = self._leaving(part, end)
            value = end + (1.0 if upward else -1.0) * BEYOND * self.width
            low, high = self.diagram.range
            if not low <= value <= high or ending in ("end of range", "leaves the box"):
                return phases, -1, OUT_OF_RANGE
            here = self._attractor(state, value)
        return phases, -1, f"the path does not repeat within {MOST_PHASES} phases"

    def _along(self, part: Stretch, value: float, upward: bool) -> tuple[float, str]:
        """Return where the slow variable stops moving along a stretch, or where that ends."""
        values, drift = _increasing(part)
        ahead = (values > value) if upward else (values < value)
        order = slice(None) if upward else slice(None, None, -1)
        v = np.concatenate(([value], values[ahead][order]))
        d = np.concatenate(([np.interp(value, values, drift)], drift[ahead][order]))
        turns = np.flatnonzero(d[1:] * (1.0 if upward else -1.0) <= 0.0)
        if turns.size == 0 or (turns[0] + 2 == v.size and d[-1] == 0.0):
            return self._end(part, upward)
        k = int(turns[0])
        zero = float(v[k] + (v[k + 1] - v[k]) * d[k] / (d[k] - d[k + 1]))
        if part.kind == REST:
            return zero, EQUILIBRIUM
        near = [t for t in self.tonic if min(v[k], v[k + 1]) <= t.value <= max(v[k], v[k + 1])]
        if near and not self.regular:
            if near[0].ripple > abs(v[-1] - near[0].value):
                self.passed.append(near[0])
                return self._end(part, upward)
            end, ending = self._end(part, not upward)
            if near[0].ripple > abs(end - near[0].value) and ending in SILENT:
                self.overshot = Overshot(near[0], end, ending)
        return (near[0].value if near else zero), TONIC

    def _end(self, part: Stretch, upward: bool) -> tuple[float, str]:
        at_last = upward == bool(part.values[-1] > part.values[0])
        value = part.end(at_last)
        return value, self._named(part.ending(at_last), value)

    def _named(self, ending: str, value: float) -> str:
        """A fold on an invariant circle is a SNIC for the equilibria too."""
        on_circle = any(abs(value - s) < SAME_PLACE * self.width for s in self.snics)
        return "snic" if ending == "fold" and on_circle else ending

    def _leaving(self, part: Stretch, value: float) -> Array:
        """Return a state beside the end of a stretch: the equilibrium kicked, the cycle at its largest first state."""
        row = part.first + int(np.argmin(np.abs(part.values - value)))
        if isinstance(part.branch, Branch):
            return np.asarray(part.branch.points[row] + KICK * self.sizes)
        kept = int(np.argmin(np.abs(part.branch.kept - row)))
        points = part.branch.orbits[kept]
        return np.asarray(points[points[:, 0].argmax()])

    def _attractor(self, start: Array, value: float) -> int | None:
        """Return the stable stretch on which a run of the fast subsystem settles."""
        system = self.fast.at(**{self.diagram.parameter: value})
        kernels = lower(system)
        jacobian = np.empty((kernels.n, kernels.n))
        kernels.jacobian(0.0, np.array(start), kernels.p, jacobian)
        fastest = float(np.abs(np.linalg.eigvals(jacobian)).max()) if np.isfinite(jacobian).all() else np.inf
        pace = max(1.0 / max(fastest, np.finfo(float).tiny), self.pace)  # in the upstroke of a spike everything is fast
        state = dict(zip(system.states, np.asarray(start).tolist(), strict=True))
        for length in RUN_LENGTHS:
            run = simulate(system, length * pace, start=state, max_steps=MOST_STEPS, progress=False)
            assert isinstance(run, Trajectory)
            found = self._recognised(run, value)
            if found is not None or run.stop.reason != "finished":
                return found
        return None

    def _recognised(self, run: Trajectory, value: float) -> int | None:
        room = BEYOND * self.width
        late = _fine(run)[:, self.plain]
        ends = np.array([late.min(axis=0), late.max(axis=0)])
        turned = np.ptp(run.y[run.t >= run.t[0] + LATE * (run.t[-1] - run.t[0])], axis=0)
        resting = bool(np.all(turned <= RESTING * self.sizes))
        best, distance = None, FOUND
        for i, part in enumerate(self.parts):
            if not part.covers(value, room):
                continue
            rows = slice(part.first, part.last + 1)
            if isinstance(part.branch, Branch):
                away = self._from_curve(part.branch.points[rows], part.values, run.y[-1], value) if resting else np.inf
            else:
                low, high = (_at(part, a[rows][:, self.plain], value) for a in (part.branch.minima, part.branch.maxima))
                extent = np.maximum(high - low, RESTING * self.sizes[self.plain])
                apart = np.abs(ends - np.array([low, high])) / extent
                away = float(apart.max(initial=0.0)) if not resting else np.inf
            if away < distance:
                best, distance = i, away
        return best

    def _from_curve(self, points: Array, values: Array, state: Array, value: float) -> float:
        """Return the distance of a state from a curve of equilibria, in units of the sizes of states and of the range.

        Across the curve, not at equal values of the slow variable: near a fold these are far apart.
        """
        turns = np.where(self.plain, 0.0, np.round((state - points[0]) / np.where(self.plain, 1.0, self.wrap)))
        state = state - np.where(self.plain, 0.0, turns * np.where(self.plain, 1.0, self.wrap))
        curve = np.column_stack((points / self.sizes, values / self.width))
        here = np.append(state / self.sizes, value / self.width)
        steps = np.diff(curve, axis=0)
        lengths = np.maximum(np.sum(steps**2, axis=1), np.finfo(float).tiny)
        share = np.clip(np.sum((here - curve[:-1]) * steps, axis=1) / lengths, 0.0, 1.0)
        return float(np.abs(curve[:-1] + share[:, None] * steps - here).max(axis=1).min())


def _fine(run: Trajectory) -> Array:
    """States in the last part of a run, on its rows and between them."""
    late = run.t[run.t >= run.t[0] + LATE * (run.t[-1] - run.t[0])]
    between = late[:-1, None] + np.diff(late)[:, None] * np.arange(1, PARTS) / PARTS
    rows = run.y[-late.size :]
    return np.concatenate((rows, run.at(between.ravel()))) if late.size > 1 else run.y[-1:]


def _increasing(part: Stretch) -> tuple[Array, Array]:
    order = np.argsort(part.values, kind="stable")
    return part.values[order], part.drift[order]


def _at(part: Stretch, rows: Array, value: float) -> Array:
    order = np.argsort(part.values, kind="stable")
    return np.array([np.interp(value, part.values[order], rows[order, j]) for j in range(rows.shape[1])])
