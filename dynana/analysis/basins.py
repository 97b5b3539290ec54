"""`basins`: the attractors of a system and the starts that lead to each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.analysis.fixed_points import fixed_points
from dynana.analysis.manifolds import Tracer, manifolds
from dynana.analysis.planes import section
from dynana.analysis.ranges import finite_range
from dynana.analysis.trapping import find_attractor, trapping_form
from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.lowering.kernels import lower
from dynana.numerics import run_state as at
from dynana.numerics import settling
from dynana.numerics.orbit import stepper
from dynana.numerics.tableaus import DORMAND_PRINCE
from dynana.results.basins import Attractor, Basins
from dynana.results.fixed_points import FixedPoint, FixedPoints
from dynana.simulation.arguments import number
from dynana.simulation.driving import resolve_inputs
from dynana.simulation.progress import Progress
from dynana.simulation.single import idle_kernels

#: Error of a step, in box sides: far below the width of a cell.
TOLERANCE = 1e-6
#: Runs last this many relaxation times of the slowest equilibrium: those that start within 1e-15 of a stable manifold
#: need 35 to leave the saddle.
RELAXATIONS = 60.0
#: First step as a share of the longest run.
FIRST_STEP = 1e-6
#: Starts along each axis from which unknown attractors are looked for before the whole grid is run.
SCOUTS = 8
#: Runs from which attractors beyond the equilibria in the box are looked for.
MOST_UNKNOWN = 12
#: Points of a supposed attractor from which runs must not lead to another one.
PROBES = 20
#: Starts in one task of a thread.
CHUNK = 4096


def basins(
    system: System,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    size: int = 200,
    t: float | None = None,
    attractors: Sequence[FixedPoint] | FixedPoints | None = None,
    progress: bool | None = None,
    **state_ranges: tuple[float, float],
) -> Basins:
    """Find the attractors of a system and to which of them every start of a grid leads.

    Equilibria come from `fixed_points`; around each stable one an ellipsoid is found that no orbit leaves. Cycles and
    other attractors come from runs that settle elsewhere. Then every start is followed until it is caught.

    Parameters
    ----------
    system : System
        Without jumps, noise or explicit time. States without range start at their initial values.
    ranges, **state_ranges : (low, high)
        The states of the grid, in a plane or a box.
    size : int
        Cells along each axis.
    t : float, optional
        The longest run; by default 60 relaxation times of the slowest equilibrium.
    attractors : FixedPoints or sequence of FixedPoint, optional
        The attractors, if they are known: stable ones are taken and no others are looked for.
    progress : bool, optional

    Returns
    -------
    Basins
        Labels on the grid, fractions with standard errors, undecided starts; for planar systems also the stable
        manifolds of the saddles, which are the boundaries.

    Raises
    ------
    ValueError
        Unknown states, empty ranges, no range at all, no way to tell how long runs should last.
    ModelError
        A system with jumps, noise or explicit time.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import wong_wang
    >>> found = dn.basins(wong_wang.at(mu_0=30), S1=(0, 1), S2=(0, 1), size=50)
    >>> len(found.attractors), found.fractions.round(2)
    (2, array([0.5, 0.5]))
    """
    given = _checked(system, ranges, state_ranges)
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 2:
        raise ValueError(f"size must be a whole number of cells along each axis, at least 2, got {size!r}")
    points = _equilibria(system, given) if attractors is None else None
    known = list(attractors if attractors is not None else points or ())
    duration = _duration(system, known, t)
    work = _Settling(system, given, duration)
    for point in known:
        if point.stable:
            work.add_point(point.point)
    axes = {n: low + (high - low) * (np.arange(size) + 0.5) / size for n, (low, high) in given.items()}
    with Progress(f"basins of {system.name}", (0.0, 1.0), progress) as line:
        if attractors is None:
            scouts = work.starts({n: values[:: max(1, size // SCOUTS)] for n, values in axes.items()})
            labels, _ = work.settle(scouts, None)
            work.discover(scouts[labels == settling.UNDECIDED])
        states = work.starts(axes)
        labels, times = work.settle(states, line)
        left = np.flatnonzero(labels == settling.UNDECIDED)
        if attractors is None and left.size and work.discover(states[left]):
            again = np.ascontiguousarray(states[left])
            labels[left], more = work.settle(again, None)
            times[left] += more
    shape = (size,) * len(axes)
    return Basins(
        system=system.name,
        fingerprint=system.fingerprint,
        states=system.states,
        parameters=system.values,
        axes=axes,
        others={n: x for n, x in system.initial.items() if n not in axes},
        attractors=tuple(work.attractors),
        labels=labels.reshape(shape),
        times=times.reshape(shape),
        duration=duration,
        fixed_points=points,
        manifolds=_separatrices(system, given, points),
        units={n: u for n, u in system.units.items() if n in axes},
    )


def _checked(system: Any, ranges: Any, more: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the ranges of the grid."""
    if not isinstance(system, System):
        raise TypeError(f"basins takes a System, got {type(system).__name__}")
    if system.jumps:
        raise ModelError(
            f"{system.name} has jumps: basins are computed for smooth systems. Simulate an ensemble instead, "
            "dn.simulate(system, t, start={state: values}), and compare where its runs end"
        )
    if system.noise or not system.autonomous:
        what = "noise" if system.noise else "explicit time"
        raise ModelError(f"{system.name} has {what}: basins of attraction are those of a system without")
    given = {**(ranges or {}), **more}
    if not given:
        raise ValueError(f"{system.name}: basins need the ranges of the grid: give {system.states[0]}=(low, high)")
    return {system.state(n): finite_range(system, n, pair) for n, pair in given.items()}


def _equilibria(system: System, given: Mapping[str, tuple[float, float]]) -> FixedPoints | None:
    """Return the equilibria in the box, None where some state has no range to search."""
    try:
        return fixed_points(system, ranges=given)
    except ValueError:  # all ranges given are sound, so one is missing
        return None


def _duration(system: System, points: Sequence[FixedPoint], t: Any) -> float:
    if t is not None:
        return number("t", t, 0.0)
    rates = np.concatenate([np.abs(p.eigenvalues.real) for p in points]) if points else np.empty(0)
    rates = rates[rates > 0]
    if not rates.size:
        raise ValueError(f"{system.name}: no equilibrium tells how long runs should last: give t=")
    return RELAXATIONS / float(rates.min())


def _separatrices(system: System, given: dict[str, tuple[float, float]], points: FixedPoints | None) -> tuple[Any, ...]:
    if points is None or len(system.states) != 2 or len(given) != 2:
        return ()
    tracer = Tracer(section(system, 2, given, None, None, {}), points)
    return tuple(m for m in manifolds(tracer, points) if m.kind == "stable")


@dataclass(slots=True, eq=False)
class _Known:
    """The attractors as the compiled loop takes them."""

    centres: np.ndarray
    forms: np.ndarray
    owners: np.ndarray
    cloud: np.ndarray
    cloud_owners: np.ndarray
    reach: np.ndarray
    turns: np.ndarray


class _Settling:
    """A system, the attractors known so far, and runs until they settle on one of them."""

    def __init__(self, system: System, ranges: Mapping[str, tuple[float, float]], duration: float) -> None:
        self.system, self.duration, self.kernels = system, duration, lower(system)
        n = self.kernels.n
        box = {n: system.ranges[n] for n in system.states if n in system.ranges} | dict(ranges)
        start = system.initial
        sizes = [np.ptp(box[s]) if s in box else max(abs(start[s]), 1.0) for s in system.states]
        self.scale = np.array(sizes, dtype=float)
        self.attractors: list[Attractor] = []
        none = np.empty(0, np.int64)
        self.known = _Known(
            np.empty((0, n)), np.empty((0, n, n)), none, np.empty((0, n)), none, np.empty(0), np.empty(0)
        )

    def starts(self, axes: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the states of a grid, shape (cells, n), the last axis fastest."""
        grids = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij"), strict=True))
        count = next(iter(grids.values())).size
        start = self.system.initial
        columns = [grids[s].ravel() if s in grids else np.full(count, start[s]) for s in self.system.states]
        return np.ascontiguousarray(np.stack(columns, axis=1))

    def add_point(self, point: np.ndarray) -> None:
        """Add a stable equilibrium."""
        form = trapping_form(self.kernels, point, self.scale)
        k = self.known
        k.centres = np.concatenate((k.centres, point[None]))
        k.forms = np.concatenate((k.forms, form[None]))
        k.owners = np.append(k.owners, len(self.attractors))
        k.turns = np.append(k.turns, np.inf)
        self._add("fixed point", point[None], float("nan"))

    def _add(self, kind: str, points: np.ndarray, period: float) -> None:
        states = self.system.states
        self.attractors.append(Attractor(kind=kind, states=states, points=points.copy(), period=period))

    def discover(self, ends: np.ndarray) -> bool:
        """Add the attractors that runs are on which have not settled on a known one; returns whether there are any."""
        before = len(self.attractors)
        for _ in range(MOST_UNKNOWN):
            if not len(ends):
                break
            found = find_attractor(self.system, ends[0], self.scale, self.duration)
            if found is None or self._leads_elsewhere(found.points):
                ends = ends[1:]  # it started on the boundary of basins: at rest at a saddle, or leaving it slowly
                continue
            if found.kind == "fixed point":
                self.add_point(found.points[0])
            else:
                k = self.known
                k.cloud = np.concatenate((k.cloud, found.points))
                k.cloud_owners = np.append(k.cloud_owners, np.full(len(found.points), len(self.attractors)))
                k.reach = np.append(k.reach, np.full(len(found.points), found.reach))
                k.turns = np.append(k.turns, found.turn)
                self._add(found.kind, found.points, found.period)
            ends = ends.copy()
            labels, _ = self.settle(ends, None)
            ends = ends[labels == settling.UNDECIDED]
        return len(self.attractors) > before

    def _leads_elsewhere(self, points: np.ndarray) -> bool:
        """Whether a run from some of the points of a supposed attractor settles on one that is known."""
        labels, _ = self.settle(points[:: max(1, len(points) // PROBES)].copy(), None)
        return bool(np.any(labels >= 0))

    def settle(self, states: np.ndarray, line: Progress | None) -> tuple[np.ndarray, np.ndarray]:
        """Follow all rows of ``states`` (changed to where they end); returns labels and times."""
        labels, times = np.empty(len(states), np.int64), np.empty(len(states))
        pieces = [slice(i, i + CHUNK) for i in range(0, len(states), CHUNK)]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            tasks = [pool.submit(self._settle_piece, states[s], labels[s], times[s]) for s in pieces]
            for done, task in enumerate(as_completed(tasks), start=1):
                task.result()
                if line is not None:
                    line.report(done / len(tasks))
        return labels, times

    def _settle_piece(self, states: np.ndarray, labels: np.ndarray, times: np.ndarray) -> None:
        n, idle, known, tableau = self.kernels.n, idle_kernels(), self.known, DORMAND_PRINCE
        table = resolve_inputs(self.system, None, 0.0, self.duration).table
        layout = np.zeros(at.LAYOUT_SIZE, np.int64)
        layout[[at.MAIN, at.STAGES, at.STIFFNESS]] = tableau.main, tableau.stages, tableau.stages + 1
        layout[[at.LAST, at.ADAPTIVE]] = tableau.main - 1, 1
        settling.settler()(
            stepper("explicit"), self.kernels.rhs, idle["matrix"], idle["vector"],
            (table.cursor(), table.index, table.first, table.t0, table.coef), self.kernels.p, tableau.packed, layout,
            np.zeros((tableau.stages + 6, n)), np.concatenate(([0.0], TOLERANCE * self.scale)), self.scale,
            self.duration, FIRST_STEP * self.duration, known.centres, known.forms, known.owners, known.cloud,
            known.cloud_owners, known.reach, known.turns, labels, states, times,
        )  # fmt: skip
