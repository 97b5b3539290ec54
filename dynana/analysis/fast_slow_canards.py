"""Where a full orbit goes along a repelling sheet of the critical manifold, and folds near which it may."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynana.results.diagram import MARKS, Branch, Diagram
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: The orbit is on a sheet of the critical manifold while it is nearer than this part of the extent of the orbit.
NEAR = 0.04
#: Logarithm of the factor by which a repelling sheet would have thrown the orbit off: more is no chance encounter.
REPELLED = 7.0
#: Past a Hopf point growth is slow: there the orbit is late if it stays for this part of its slow range.
DELAY = 0.1
#: Samples of the orbit.
SAMPLES = 20_000
#: A fold is a canard point where the slow rate is less than this part of the largest on the orbit.
NO_DRIFT = 0.02


def canard_warnings(
    slow: str, diagram: Diagram, rates: Sequence[Array], run: Trajectory, speed: float, fast: Sequence[int]
) -> list[str]:
    """Return warnings of stretches along repelling sheets, and of folds next to an equilibrium of the full system.

    Parameters
    ----------
    slow : str
    diagram : Diagram
        Of the fast subsystem.
    rates : sequence of ndarray
        Of the slow variable, along each branch of equilibria.
    run : Trajectory
        Of the full system.
    speed : float
        The largest rate of the slow variable on the run.
    fast : sequence of int
        Indices of the fast states.
    """
    if np.ptp(run[slow]) == 0.0:
        return []
    t = np.linspace(run.t[0], run.t[-1], SAMPLES)
    y = run.at(t)
    z, x = y[:, run.states.index(slow)], y[:, list(fast)]
    extent = np.ptp(x, axis=0)
    said = []
    for i, branch in enumerate(diagram.branches):
        for low, high in _monotone(branch):
            said += _followed(slow, i, branch, slice(low, high), t, z, x, extent)
    for branch, rate in zip(diagram.branches, rates, strict=True):
        for fold in branch.special_points("fold"):
            if abs(rate[fold.index]) < NO_DRIFT * speed:
                said.append(
                    f"canard point: at the fold {slow} = {number(fold.parameters[slow])} the slow variable moves at "
                    f"{number(abs(rate[fold.index]) / speed, 2)} of its largest speed; near it small and large orbits "
                    "are separated by canards"
                )
    return said


def _monotone(branch: Branch) -> list[tuple[int, int]]:
    """Rows (first, last + 1) between folds and branch points."""
    marks = sorted({s.index for s in branch.special if s.kind not in MARKS and s.kind != "hopf"})
    cuts = [0, *marks, len(branch) - 1]
    return [(a, b + 1) for a, b in zip(cuts[:-1], cuts[1:], strict=True) if b > a]


def _followed(
    slow: str, number_of: int, branch: Branch, rows: slice, t: Array, z: Array, x: Array, extent: Array
) -> list[str]:
    """Warnings of one sheet: how far the orbit goes along its repelling part."""
    values = branch.values[rows]
    order = np.argsort(values)
    growth = np.interp(z, values[order], branch.eigenvalues[rows].real.max(axis=1)[order], left=0.0, right=0.0)
    sheet = np.column_stack([np.interp(z, values[order], branch.points[rows][order, j]) for j in range(x.shape[1])])
    inside = (z >= values.min()) & (z <= values.max())
    on = inside & (growth > 0.0) & np.all(np.abs(x - sheet) <= NEAR * np.where(extent > 0, extent, 1.0), axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], on.astype(int), [0]))))
    worst, place = 0.0, (0.0, 0.0)
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        exponent = float(np.sum(0.5 * (growth[a : b - 1] + growth[a + 1 : b]) * np.diff(t[a:b])))
        if exponent > worst:
            worst, place = exponent, (float(z[a]), float(z[b - 1]))
    kind, named = _after(branch, rows, place[0])
    late = kind == "hopf" and abs(place[1] - place[0]) >= DELAY * np.ptp(z)
    if worst < REPELLED and not late:
        return []
    if late:
        return [
            f"the orbit stays at the equilibria of branch {number_of + 1} up to {slow} = {number(place[1])}: {named}"
        ]
    return [
        f"the orbit follows the repelling sheet of branch {number_of + 1} from {slow} = {number(place[0])} to "
        f"{number(place[1])}, where it would be thrown off by a factor exp({number(worst, 3)}): {named}"
    ]


def _after(branch: Branch, rows: slice, begin: float) -> tuple[str, str]:
    """What such a stretch is: a canard beyond a fold, delayed loss of stability beyond a Hopf point."""
    ends = [s for s in branch.special if s.kind in ("fold", "hopf") and rows.start <= s.index < rows.stop]
    if not ends:
        return "", "a canard"
    nearest = min(ends, key=lambda s: abs(branch.values[s.index] - begin))
    place = f"{branch.parameter} = {number(nearest.parameters[branch.parameter])}"
    if nearest.kind == "hopf":
        return "hopf", f"they lose stability in the Hopf point at {place}, and the orbit leaves with a delay"
    return "fold", f"a canard, from the fold at {place}"
