"""Branches of cycles of a fast subsystem that the full orbit visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dynana.analysis.cycle_branches import continue_cycles
from dynana.analysis.equilibrium_branches import TestFunction
from dynana.analysis.fast_slow_request import Request
from dynana.analysis.whole_diagram import bifurcation_diagram
from dynana.definition.system import System
from dynana.errors import ConvergenceError, DynanaError
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import Diagram
from dynana.results.trajectory import Trajectory
from dynana.simulation.simulate import simulate

#: Places on the orbit from which the fast subsystem is run to find cycles that begin at no Hopf point of the diagram.
PLACES = 7
#: Lengths of these runs, in shortest intervals between spikes.
LENGTHS = (20.0, 200.0)
#: Period doublings of cycles beyond which the doubled ones are followed.
DOUBLINGS = 1
#: Steps of such a run.
MOST_STEPS = 100_000


def fast_diagram(
    fast: System,
    slow: str,
    range: tuple[float, float],
    box: Mapping[str, tuple[float, float]],
    longest: float | None,
    progress: bool | None,
    zeros: Mapping[str, TestFunction] | None = None,
) -> tuple[Diagram, ConvergenceError | None]:
    """Return the diagram of a fast subsystem over a slow variable.

    Where there is no equilibrium, it is empty, and the error that says so is returned too: there may be cycles.
    """
    try:
        diagram = bifurcation_diagram(
            fast, slow, range, ranges=box, period_doublings=DOUBLINGS, test_functions=zeros, longest_period=longest,
            progress=progress,
        )  # fmt: skip
    except ConvergenceError as error:
        return Diagram(
            system=fast.name, fingerprint=fast.fingerprint, states=fast.states, parameter=slow, parameters=fast.values,
            range=range, box=dict(box), branches=(), coverage=(str(error),), complete=False,
            undecided=np.empty((0, len(fast.states) + 1, 2)), boxes_examined=0, units=fast.units,
        ), error  # fmt: skip
    return diagram, None


def with_cycles_of_orbit(
    request: Request, fast: System, diagram: Diagram, run: Trajectory, shortest: float, longest: float | None,
    progress: bool | None,
) -> Diagram:  # fmt: skip
    """Add the branches of stable cycles on which the fast subsystem settles from states of the orbit.

    Parameters
    ----------
    shortest : float
        Interval between spikes of the orbit; without spikes (0) no cycles are looked for.
    longest : float, optional
        Period at which branches end.
    """
    if not shortest > 0.0:
        return diagram
    slow, low, high = request.slow, *request.range
    z = run[slow]
    for value in np.quantile(z, np.linspace(0.02, 0.98, PLACES)):
        near = np.flatnonzero((z[:-1] - value) * (z[1:] - value) <= 0.0)
        if near.size == 0 or not low < value < high or any(_covers(b, value) for b in diagram.cycle_branches):
            continue
        # of the passages through the value, that with the largest first fast state: the farthest from rest
        row = int(near[run.y[near, request.fast[0]].argmax()])
        branch = _branch(request, fast.at(**{slow: float(value)}), run.y[row], shortest, longest, progress)
        if branch is not None:
            diagram = replace(diagram, cycle_branches=(*diagram.cycle_branches, branch))
    return diagram


def _branch(
    request: Request, fast: System, state: np.ndarray, shortest: float, longest: float | None, progress: bool | None
) -> CycleBranch | None:
    start = dict(zip(fast.states, request.fast_state(state).tolist(), strict=True))
    for count in LENGTHS:
        run = simulate(fast, count * shortest, start=start, max_steps=MOST_STEPS, progress=False)
        assert isinstance(run, Trajectory)
        try:
            return continue_cycles(fast, run, request.slow, request.range, longest_period=longest, progress=progress)
        except (DynanaError, ValueError):  # it rests, or does not repeat
            continue
    return None


def _covers(branch: CycleBranch, value: float) -> bool:
    """Return whether a branch has a stable cycle at a value of the slow variable."""
    between = (branch.values[:-1] - value) * (branch.values[1:] - value) <= 0.0
    return bool(np.any(between & (branch.stable[:-1] | branch.stable[1:])))
