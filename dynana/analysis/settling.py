"""Runs until they settle on an attractor, and the attractors found on the way; for smooth systems."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from dynana.analysis.trapping import find_attractor, trapping_form
from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.numerics import run_state as at
from dynana.numerics import settling
from dynana.numerics.orbit import stepper
from dynana.numerics.tableaus import DORMAND_PRINCE
from dynana.results.basins import Attractor
from dynana.simulation.driving import resolve_inputs
from dynana.simulation.progress import Progress
from dynana.simulation.single import idle_kernels

#: Error of a step, in box sides: far below the width of a cell.
TOLERANCE = 1e-6
#: First step as a share of the longest run.
FIRST_STEP = 1e-6
#: Runs from which attractors beyond the equilibria in the box are looked for.
MOST_UNKNOWN = 12
#: Points of a supposed attractor from which runs must not lead to another one.
PROBES = 20
#: Starts in one task of a thread.
CHUNK = 4096


@dataclass(slots=True, eq=False)
class Known:
    """The attractors as the compiled loop takes them."""

    centres: np.ndarray
    forms: np.ndarray
    owners: np.ndarray
    cloud: np.ndarray
    cloud_owners: np.ndarray
    reach: np.ndarray
    turns: np.ndarray


class Settling:
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
        self.known = Known(
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
        self._settle_piece(states[:0], labels[:0], times[:0])  # compiled and bound before threads do so at once
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
