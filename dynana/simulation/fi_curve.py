"""`fi_curve`: firing rates against a parameter, with the hysteresis of rising and falling values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynana.definition.system import System
from dynana.errors import unknown
from dynana.results.fi_curve import DOWN, UP, FICurve
from dynana.results.time_units import SECONDS, per_second
from dynana.results.trajectory import Trajectory
from dynana.simulation.arguments import increasing, vector
from dynana.simulation.progress import Progress
from dynana.simulation.simulate import simulate

DIRECTIONS = {"up": (UP,), "down": (DOWN,), "both": (UP, DOWN)}


def fi_curve(
    system: System,
    parameter: str,
    values: Sequence[float] | np.ndarray,
    *,
    duration: float,
    transient: float = 0.0,
    spike: str | Mapping[str, float] | None = None,
    sweep: str = "both",
    options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> FICurve:
    """Return the firing rate of a cell at values of a parameter.

    Parameters
    ----------
    system : System
    parameter : str
    values : array_like, shape (k,)
        Increasing.
    duration, transient : float
        How long spikes are counted at each value, and how long the cell is left alone before.
    spike : str, or mapping of state to level, optional
        The jump, or the upward crossing (``{"V": 0.0}``), that counts as a spike; the first jump by default.
    sweep : {"both", "up", "down"}
        In which order values are gone through. Each run starts where the last one ended, so that a cell that can fire
        or rest shows both.
    options : mapping, optional
        Further arguments of `simulate`.
    progress : bool, optional

    Returns
    -------
    FICurve
        The rate is the number of intervals over their total length: exact for regular firing, whatever the duration.

    Raises
    ------
    ValueError
        For unknown names, values that do not increase, a model without jumps and no ``spike``.
    """
    system.parameter(parameter)
    given = vector("values", values)
    increasing("values", given, strict=True)
    if sweep not in DIRECTIONS:
        raise ValueError(unknown("sweep", sweep, DIRECTIONS))
    if not duration > 0 or transient < 0:
        raise ValueError(f"duration must be positive and transient not negative, got {duration:g} and {transient:g}")
    event = _event(system, spike)
    rates: dict[str, np.ndarray] = {}
    total = float(len(DIRECTIONS[sweep]) * given.size)
    with Progress(f"f-{parameter} curve of {system.name}", (0.0, total), progress) as line:
        for direction in DIRECTIONS[sweep]:
            order = range(given.size) if direction == UP else range(given.size - 1, -1, -1)
            row = np.zeros(given.size)
            start: Mapping[str, float] | None = None
            for count, k in enumerate(order):
                cell = system.at(**{parameter: float(given[k])})
                run = simulate(cell, transient + duration, start=start, progress=False, **(options or {}))
                assert isinstance(run, Trajectory)
                if run.stop.reason != "finished":
                    raise ValueError(f"{parameter} = {given[k]:g}: the run ended early: {run.stop.message}")
                times = run.jumps[event] if isinstance(event, str) else run.crossings(*event)
                counted = times[times >= transient]
                row[k] = (counted.size - 1) / np.ptp(counted) if counted.size > 1 else 0.0
                start = run.final
                line.report(count + 1 + len(rates) * given.size)
            rates[direction] = row * per_second(system.time)
    return FICurve(
        system=system.name,
        fingerprint=system.fingerprint,
        parameter=parameter,
        values=given,
        rates=rates,
        unit="Hz" if system.time in SECONDS else "per unit of time",
        parameter_unit=system.units.get(parameter, ""),
    )


def _event(system: System, spike: str | Mapping[str, float] | None) -> str | tuple[str, float]:
    names = [str(jump.name) for jump in system.jumps]
    if isinstance(spike, Mapping):
        if len(spike) != 1:
            raise ValueError(f"spike= names one state and its level, such as {{'V': 0.0}}; got {dict(spike)}")
        ((state, level),) = spike.items()
        return system.state(state), float(level)
    if spike is None:
        if not names:
            raise ValueError(
                f"{system.name} has no jump: say what a spike is, such as spike={{'{system.states[0]}': 0.0}}"
            )
        return names[0]
    if spike not in names:
        raise ValueError(unknown("jump", spike, names))
    return spike
