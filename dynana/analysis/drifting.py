"""States carried by the flow of a system; see `dynana.numerics.drift`."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.numerics import drift
from dynana.numerics import run_state as at
from dynana.numerics.orbit import stepper
from dynana.numerics.tableaus import DOP853
from dynana.simulation.driving import resolve_inputs
from dynana.simulation.single import idle_kernels

Array = NDArray[np.float64]

#: Error of a step, relative and in units of the box.
TOLERANCE = 1e-11
#: First step as a share of the longest duration.
FIRST_STEP = 1e-4


def carried(
    system: System, states: Array, durations: Array, low: Array, high: Array, *, tolerance: float = TOLERANCE,
    sizes: Array | None = None,
) -> Array:  # fmt: skip
    """Return where states (k, n) are after their durations, which may be negative; NaN where they leave the box.

    ``tolerance`` is the error of a step, relative and in units of ``sizes``, by default those of the box.
    """
    result = np.array(states, dtype=float, order="C")
    times = np.array(durations, dtype=float)
    if not times.size:
        return result
    idle, tableau = idle_kernels(), DOP853
    kernels = lower(system)
    table = resolve_inputs(system, None, 0.0, 1.0).table
    layout = np.zeros(at.LAYOUT_SIZE, np.int64)
    layout[[at.MAIN, at.STAGES, at.STIFFNESS]] = tableau.main, tableau.stages, tableau.stages + 1
    layout[[at.LAST, at.ADAPTIVE]] = tableau.main - 1, 1
    allowed = np.concatenate(([tolerance], tolerance * (high - low if sizes is None else sizes)))
    first = FIRST_STEP * float(np.max(np.abs(times))) or 1.0
    driver, functions = drift.drifter(), (stepper("explicit"), kernels.rhs, idle["matrix"], idle["vector"])
    drive = (table.cursor(), table.index, table.first, table.t0, table.coef)
    # every so-many-th row, because long durations stand side by side
    workers = os.cpu_count() or 1
    pieces = [np.arange(i, times.size, workers) for i in range(min(workers, times.size))]

    def run(rows: NDArray[np.int64]) -> None:
        part = np.ascontiguousarray(result[rows])
        driver(
            *functions, drive, kernels.p, tableau.packed, layout.copy(), np.zeros((tableau.stages + 5, low.size)),
            allowed, first, low, high, np.ascontiguousarray(times[rows]), part,
        )  # fmt: skip
        result[rows] = part

    run(np.arange(0))  # compiled and bound here: threads that do so at once fail
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, pieces))
    return result
