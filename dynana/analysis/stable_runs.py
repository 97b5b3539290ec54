"""Where a diagram knows nothing stable, and the runs that look for a stable cycle there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynana.analysis.equilibrium_tracing import LEAVES_BOX
from dynana.definition.system import System
from dynana.results.cycle_branch import CycleBranch
from dynana.results.diagram import Branch, Diagram
from dynana.results.tables import number

#: How far such a run starts from an equilibrium, relative to the size of its coordinates.
KICK = 1e-2


def stable_at(branches: Sequence[Branch | CycleBranch], value: float) -> bool:
    """Return whether a stable equilibrium or cycle is known at a parameter value."""
    for branch in branches:
        between = (branch.values[:-1] - value) * (branch.values[1:] - value) <= 0.0
        if np.any(between & _stable_pieces(branch)):
            return True
    return False


def _stable_pieces(branch: Branch | CycleBranch) -> np.ndarray:
    """Return which pieces between neighbours are stable, told by the end that is no bifurcation if there is one."""
    critical = np.zeros(len(branch.values), dtype=bool)
    critical[[s.index for s in branch.special]] = True
    first, second = branch.stable[:-1], branch.stable[1:]
    either: np.ndarray = np.where(critical[:-1], np.where(critical[1:], first | second, second), first)
    return either


def beginning(system: System, diagram: Diagram, value: float, period: float | None) -> tuple[dict[str, float], float]:
    """Return where a run starts, and the time in units of which it lasts.

    That is a state near an unstable equilibrium, if there is one, and its fastest time constant; the stored state
    otherwise, and the period of the forcing where there is any.
    """
    for branch in diagram.branches:
        at = np.argmin(np.abs(branch.values - value))
        if np.any((branch.values[:-1] - value) * (branch.values[1:] - value) <= 0.0):
            point = branch.points[at]
            kicked = point + KICK * (1e-3 + np.abs(point))
            pace = 1.0 / max(float(np.abs(branch.eigenvalues[at]).max()), np.finfo(float).tiny)
            return dict(zip(system.states, kicked.tolist(), strict=True)), pace
    return system.initial, period or 1.0


def beyond_box(diagram: Diagram) -> str:
    """Return through which faces of the box branches of equilibria have left it, in words."""
    faces = [
        f"its face {b.stops[row].message.partition(':')[0]} at {b.parameter} = {number(float(b.values[row]))}"
        for b in diagram.branches
        for row in (0, -1)
        if b.stops[row].reason == LEAVES_BOX
    ]
    if not faces:
        return ""
    box = ", ".join(f"{n} in [{number(low)}, {number(high)}]" for n, (low, high) in diagram.box.items())
    return f" in the box {box}, which branches leave through {' and '.join(dict.fromkeys(faces))}"
