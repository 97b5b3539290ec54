"""The clock of runs with steps of one length, and the memory that a recording on it takes."""

from __future__ import annotations

import os

import numpy as np

from dynana.simulation.arguments import Array

#: How far from a time of the grid, in steps, a recorded time may lie: rounding of k * dt.
GRID_SLACK = 1e-6

#: Share of the machine's memory that a recording may take.
LARGEST_SHARE = 0.8
#: Memory that is assumed where the system does not tell.
USUAL_MEMORY = 16 * 2**30


def grid_of(span: tuple[float, float], dt: float) -> tuple[float, float, int, float]:
    """Return (start, dt, number of steps, length of the last step), which ends where the run ends."""
    ratio = (span[1] - span[0]) / dt
    n_steps = max(1, round(ratio))
    if abs(ratio - n_steps) <= GRID_SLACK:
        return span[0], dt, n_steps, dt
    n_steps = int(np.ceil(ratio))
    return span[0], dt, n_steps, span[1] - (span[0] + (n_steps - 1) * dt)


def steps_of(times: Array, grid: tuple[float, float, int, float], end: float) -> np.ndarray:
    """Return after which steps the given times are reached.

    Raises
    ------
    ValueError
        For a time between two steps.
    """
    start, dt, n_steps, _ = grid
    place = (times - start) / dt
    steps = np.rint(place).astype(np.int64)
    steps[np.abs(times - end) <= GRID_SLACK * dt] = n_steps
    off = np.abs(np.where(steps == n_steps, (end - start) / dt, steps) - place) > GRID_SLACK
    if np.any(off):
        time = times[np.argmax(off)]
        near = start + dt * np.floor((time - start) / dt)
        raise ValueError(
            f"times of clocked runs must be whole numbers of steps (dt = {dt:g}); {time:g} lies between {near:g} and "
            f"{near + dt:g}"
        )
    return steps


def machine_memory() -> int:
    """Return the bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return USUAL_MEMORY


def check_memory(n_times: int, n_cells: int, n_states: int) -> None:
    """Refuse a recording that cannot fit into the memory of this machine."""
    need, memory = 8.0 * n_times * n_cells * n_states, machine_memory()
    if need > LARGEST_SHARE * memory:
        raise ValueError(
            f"recording {n_states} state{'s' if n_states > 1 else ''} of {n_cells} cells at {n_times} times takes "
            f"{need / 2**30:.3g} GiB, and this machine has {memory / 2**30:.3g}: record fewer states (record=), fewer "
            "times, or fewer cells in each call"
        )


def is_on_grid(times: Array, grid: tuple[float, float, int, float]) -> bool:
    """Return whether all times are whole numbers of steps from the start, up to rounding."""
    place = (times - grid[0]) / grid[1]
    return bool(np.all(np.abs(place - np.rint(place)) <= GRID_SLACK))
