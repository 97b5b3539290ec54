"""`bifurcation_diagram`: equilibria, the cycles that begin at Hopf points, and what branches off from those."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from dynana.analysis.continuation_request import only_in_jumps
from dynana.analysis.cycle_branches import continue_cycles
from dynana.analysis.cycle_request import Enough
from dynana.analysis.cycle_ways import HALVED
from dynana.analysis.equilibrium_branches import TestFunction, continue_equilibria
from dynana.analysis.forcing import Forcing, ForcingPeriod, forcing
from dynana.analysis.ranges import finite_range
from dynana.analysis.spiking_search import SpikeSearch
from dynana.analysis.stability import require_system
from dynana.analysis.stable_runs import beginning, beyond_box, stable_at
from dynana.analysis.unmoved_equilibria import no_equilibria, unmoved_equilibria
from dynana.definition.system import System
from dynana.errors import ConvergenceError, DynanaError
from dynana.results.cycle import Cycle
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import Diagram
from dynana.results.special_points import SpecialPoint, in_words
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory
from dynana.simulation.simulate import simulate

#: Name under which labels at values of the period are asked for.
PERIOD = "period"
#: Two points of one kind are the same if they differ by less than this, relative to the range and to the period.
SAME_PLACE = 1e-5
#: Their states, or the largest values of their cycles, differ by less than this, relative to their size.
SAME_STATE = 1e-2
#: A branch that ends on the one that it doubles does so at the period doubling next to its last cycle, if that is
#: nearer than this in the same terms.
NEAR_PLACE = 1e-2
#: Cycles of one direction of a branch, unless more are asked for or its period grows without a turn.
MOST_POINTS = Enough(500)
#: Branches of cycles after which no more are begun; what is left is said.
MOST_BRANCHES = 40
#: Lengths of the runs that look for a cycle where nothing stable is known, in units of the fastest time constant.
RUN_LENGTHS = (100.0, 1000.0, 10_000.0)
#: Where in a stretch without anything stable runs are made: in the middle, then next to its ends.
RUN_PLACES = (0.5, 0.02, 0.98)
#: How often a forced system, of which nothing is known before, is divided anew by what its runs have led to.
PASSES = 4
#: Steps after which such a run is given up.
MOST_STEPS = 50_000


def bifurcation_diagram(
    system: System,
    parameter: str,
    range: tuple[float, float],
    *,
    cycles: bool = True,
    period_doublings: int = 1,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    max_step: float | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    test_functions: Mapping[str, TestFunction] | None = None,
    forcing_period: ForcingPeriod | None = None,
    longest_period: float | None = None,
    points: int = MOST_POINTS,
    progress: bool | None = None,
) -> Diagram:
    """Return the whole diagram over a range of a parameter.

    All branches of equilibria with a proof of completeness; the cycles that begin at each Hopf point, followed to
    where they end; the branches that begin at period doublings and branch points of those; and, at parameter values
    where nothing stable is known, the cycle on which a run settles. In systems with jumps also the spiking cycles on
    which runs from just after a jump settle, whatever else is stable.

    Parameters
    ----------
    system : System
    parameter : str
    range : (low, high)
        Of the parameter.
    cycles : bool
        Whether cycles are followed at all.
    period_doublings : int
        How often the period may double: 0 only locates period doublings.
    ranges : mapping of state to (low, high), optional
        Box in which equilibria are looked for, see `continue_equilibria`.
    max_step : float, optional
        Longest step of both kinds of branches.
    values : mapping of parameter, state or "period" to values, optional
        Where to put labels: ``{"I": [10, 20], "period": [50]}``; states label equilibria.
    test_functions : mapping of name to callable, optional
        Functions of a mapping with all states and parameters, whose zeros on branches of equilibria are located.
    forcing_period : float, str or callable, optional
        See `continue_cycles`. Period of the equations, where time enters them; equilibria are then left out.
    longest_period : float, optional
        See `continue_cycles`.
    points : int, optional
        Cycles after which each direction of a branch ends with "point limit": branches may wind towards a homoclinic
        orbit for ever. Unless given, 500, or more where the period grows and nothing turns.
    progress : bool, optional

    Returns
    -------
    Diagram
        ``coverage`` says in sentences what is proved and what was not looked for.

    Raises
    ------
    ValueError, ModelError, ConvergenceError
        As `continue_equilibria`; what goes wrong with cycles is said in ``coverage``.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import hodgkin_huxley
    >>> diagram = dn.bifurcation_diagram(hodgkin_huxley, "I", (0, 200))
    >>> [round(point["I"], 6) for point in diagram.special_points("period doubling")]
    [7.845337, 7.917778]
    """
    if isinstance(period_doublings, bool) or not isinstance(period_doublings, int) or period_doublings < 0:
        raise ValueError(f"period_doublings is how often the period may double, 0 or more; got {period_doublings!r}")
    require_system(system, "bifurcation_diagram")
    labels = dict(values or {})
    of_cycles = {n: v for n, v in labels.items() if n in (PERIOD, parameter)}
    law: Forcing | None = None
    asked = ["test_functions"] * bool(test_functions) + ["values of states"] * (len(labels) > len(of_cycles))
    if only_in_jumps(system, parameter):
        diagram = unmoved_equilibria(system, parameter, range, ranges, asked)
    elif cycles and (forcing_period is not None or not system.autonomous):
        law = forcing(system, forcing_period, (parameter,), (finite_range(system, parameter, range),))
        diagram = no_equilibria(system, parameter, range, ["ranges"] * bool(ranges) + asked)
    else:
        states = {n: v for n, v in labels.items() if n != PERIOD}
        diagram = continue_equilibria(
            system, parameter, range, ranges=ranges, max_step=max_step, values=states, test_functions=test_functions
        )
    if not cycles:
        return diagram
    options: dict[str, Any] = {"max_step": max_step, "values": of_cycles, "points": points, "progress": progress}
    options |= {"longest_period": longest_period, "forcing_period": forcing_period}
    search = _Search(system, diagram, period_doublings, options, law.period(system.values) if law else None)
    search.from_hopf_points()
    search.from_runs()
    search.from_spikes()
    return replace(diagram, cycle_branches=tuple(search.branches), coverage=(*diagram.coverage, *search.sentences()))


@dataclass
class _Search:
    """The search for branches of cycles.

    Attributes
    ----------
    branches : list of CycleBranch
    ends : list of SpecialPoint
        Switching points from which, or into which, a branch has been followed.
    period : float or None
        Of the forcing, if there is any.
    problems : list of str
        Starts that led to nothing, in words.
    """

    system: System
    diagram: Diagram
    doublings: int
    options: Mapping[str, Any]
    period: float | None = None
    branches: list[CycleBranch] = field(default_factory=list)
    ends: list[SpecialPoint] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: int = 0
    spikes: SpikeSearch | None = None

    def from_hopf_points(self) -> None:
        """Follow the cycles of every Hopf point, and what branches off."""
        for point in self.diagram.special_points("hopf"):
            if not self._met(point):
                self._follow(point, 0)

    def _follow(self, start: Any, depth: int) -> None:
        """Follow a branch, then those that begin on it, one doubling after the other."""
        waiting = deque([(start, depth)])
        while waiting:
            point, level = waiting.popleft()
            if isinstance(point, SpecialPoint) and point.kind != "hopf" and self._known_end(point):
                continue
            if len(self.branches) >= MOST_BRANCHES:
                self.left_out += len(waiting) + 1
                return
            branch = self._branch(point)
            if branch is None:
                continue
            self.branches.append(branch)
            if isinstance(point, SpecialPoint) and point.kind != "hopf":
                self.ends.append(point)
            self._ended(branch)
            for special in branch.special:
                if special.kind == "period doubling" and level < self.doublings:
                    waiting.append((special, level + 1))
                elif special.kind == "branch point of cycles":
                    waiting.append((special, level))

    def _branch(self, start: Any) -> CycleBranch | None:
        low, high = self.diagram.range
        try:
            branch = continue_cycles(self.system, start, self.diagram.parameter, (low, high), **self.options)
            if (np.abs(branch.values[1:] - 0.5 * (low + high)) > (0.5 + SAME_PLACE) * (high - low)).all():
                raise ConvergenceError("they are outside of the range")
        except (DynanaError, ValueError) as error:
            self.problems.append(f"no cycles were followed from the {_named(start, self.diagram.parameter)}: {error}")
            return None
        return branch

    # -- what is known already -------------------------------------------------------------------------------------

    def _met(self, point: SpecialPoint) -> bool:
        """Return whether a branch of cycles ends at a Hopf point."""
        return any(self._same(point, s) for branch in self.branches for s in branch.special if s.kind == "hopf")

    def _known_end(self, point: SpecialPoint) -> bool:
        return any(point.kind == end.kind and self._same(point, end) for end in self.ends)

    def _same(self, a: SpecialPoint, b: SpecialPoint) -> bool:
        """Return whether two points are one, be the period of one twice that of the other."""
        name, (low, high) = self.diagram.parameter, self.diagram.range
        apart = abs(a.parameters[name] - b.parameters[name]) > SAME_PLACE * (high - low)
        ratio = max(a.period, b.period) / max(min(a.period, b.period), np.finfo(float).tiny)
        if apart or min(abs(ratio - 1.0), abs(ratio - 2.0)) > 100 * SAME_PLACE:
            return False
        # mirror images of each other have the same parameter and period
        one, two = (s.cycle.maxima if isinstance(s.cycle, Cycle) else s.point for s in (a, b))
        return bool(np.all(np.abs(one - two) <= SAME_STATE * (1e-3 + np.abs(one) + np.abs(two))))

    def _ended(self, branch: CycleBranch) -> None:
        """Remember the period doublings at which a branch ends on the one that it doubles."""
        for row, stop in zip((0, -1), branch.stops, strict=True):
            if stop.reason != HALVED:
                continue
            value, period = float(branch.values[row]), 0.5 * float(branch.periods[row])
            doublings = [s for b in self.branches for s in b.special_points("period doubling") if b is not branch]
            distance = [self._distance(s, value, period) for s in doublings]
            if distance and min(distance) < NEAR_PLACE:
                self.ends.append(doublings[int(np.argmin(distance))])

    def _distance(self, point: SpecialPoint, value: float, period: float) -> float:
        away = abs(point.parameters[self.diagram.parameter] - value) / float(np.ptp(self.diagram.range))
        return max(away, abs(point.period / period - 1.0))

    # -- where nothing stable is known -----------------------------------------------------------------------------

    def from_runs(self) -> None:
        """Look for stable cycles by runs, in each stretch of the range on which nothing is stable."""
        if self.system.jumps:
            return
        tried: list[float] = []
        for _ in range(PASSES if self.period else 1):
            known = len(self.branches)
            for left, right in self._stretches():
                if not any(left < place < right for place in tried):
                    tried += self._look_between(left, right)
            if len(self.branches) == known:
                break

    def _stretches(self) -> list[tuple[float, float]]:
        """Return the stretches of the range between all special points known so far."""
        name, (low, high) = self.diagram.parameter, self.diagram.range
        known = (*self.diagram.special, *(s for b in self.branches for s in b.special))
        marks = [low, *sorted({p for s in known if low < (p := float(s.parameters[name])) < high}), high]
        return [(a, b) for a, b in pairwise(marks) if b - a > SAME_PLACE * (high - low)]

    def _look_between(self, left: float, right: float) -> list[float]:
        """Look for stable cycles by runs where nothing stable is known; return the places where none was found."""
        middle, *beside = [left + share * (right - left) for share in RUN_PLACES]
        said = "" if self._stable_at(middle) else self._run(middle)
        for place in beside if said else ():
            if not self._stable_at(middle) and not self._stable_at(place):
                self._run(place)
        if not said or self._stable_at(middle):
            return []
        self.problems.append(said)
        return [middle]

    def _stable_at(self, value: float) -> bool:
        return stable_at([*self.diagram.branches, *self.branches], value)

    def _run(self, value: float) -> str:
        """Follow the cycle on which a run settles, or return in words that it did not."""
        name = self.diagram.parameter
        system = self.system.at(**{name: value})
        start, pace = beginning(system, self.diagram, value, self.period)
        said = ""
        for length in RUN_LENGTHS:
            try:
                run = simulate(system, length * pace, start=start, max_steps=MOST_STEPS, progress=False)
                assert isinstance(run, Trajectory)
                if run.stop.reason != "finished":
                    said = run.stop.message
                    break
                self._take(system, run)
            except (DynanaError, ValueError) as error:
                said = str(error)
                continue
            return ""
        return (
            f"at {name} = {number(value)} neither a stable equilibrium nor a stable cycle is known"
            f"{beyond_box(self.diagram)}; a run did not settle on one ({said.rstrip('.')})."
        )

    def from_spikes(self) -> None:
        """Look for stable cycles with jumps where none is known."""
        if not self.system.jumps or not self.system.autonomous:
            return
        at = self.diagram.parameter, self.diagram.range
        self.spikes = SpikeSearch(self.system, *at, lambda: self.branches, self._take)
        self.spikes.look()

    def _take(self, system: System, run: Trajectory) -> None:
        """Follow the cycle on which a run settles, and what branches off."""
        branch = continue_cycles(system, run, self.diagram.parameter, self.diagram.range, **self.options)
        self.branches.append(branch)
        for special in branch.special:
            if special.kind == "period doubling" and self.doublings:
                self._follow(special, 1)

    # -- in words --------------------------------------------------------------------------------------------------

    def sentences(self) -> tuple[str, ...]:
        """Return what was looked for and what was not."""
        if self.system.jumps and self.period:
            return ("cycles of systems with jumps and time are not looked for: start from one, see dn.find_cycle",)
        hopf = len(self.diagram.special_points("hopf"))
        many = {0: "", 1: "the Hopf point", 2: "both Hopf points"}.get(hopf, f"all {hopf} Hopf points")
        none = "followed from runs that settle" if self.period else "there is no Hopf point from which to follow any"
        said = [f"cycles: {f'followed from {many}' if many else none}"]
        if self.doublings and any(b.special_points("period doubling") for b in self.branches):
            said[0] += f", through {'a' if (k := self.doublings) == 1 else f'up to {k}'} period doubling{'s'[: k - 1]}"
        said[0] += "; cycles that begin otherwise and attract nothing are not looked for"
        said += self.spikes.sentences() if self.spikes else ()
        said += [f"{self.left_out} more branches were not followed after {MOST_BRANCHES}"] * bool(self.left_out)
        return (*said, *(p.rstrip(".") for p in self.problems))


def _named(start: Any, parameter: str) -> str:
    point = isinstance(start, SpecialPoint)
    return f"{in_words(start.kind)} at {parameter} = {start.shown(parameter)}" if point else "run"
