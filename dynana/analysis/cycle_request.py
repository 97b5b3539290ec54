"""What was asked of `continue_cycles`, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynana.analysis.forcing import Forcing, ForcingPeriod, forcing
from dynana.analysis.ranges import asked_values, finite_range, range_around
from dynana.analysis.spiking_beginnings import is_spiking
from dynana.analysis.stability import require_system
from dynana.analysis.user_functions import UserFunction, user_functions
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import ModelError, unknown
from dynana.results.cycle import Cycle
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.special_points import SpecialPoint
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

#: Longest step: about the largest relative change of period, shape and parameter (as part of its range) in a step.
LONGEST_STEP = 0.05
#: Bounds of what may be asked for: finer is a waste of memory, coarser is no sampling.
STEP_BOUNDS = (1e-4, 1.0)
#: A branch ends where its period is so many times the one it started with: by then it is next to a homoclinic orbit.
LONGEST_PERIOD = 1000.0


class Patience(float):
    """A period from which on a cycle next to a saddle-node on an invariant circle is not followed any further.

    It stands for the longest period where none was asked for: periods grow slowly there, and the place is known.
    """


class Enough(int):
    """A number of steps after which a branch ends if it turns again and again, or its period does not grow.

    It stands for the most steps where none were asked for: on the way to an orbit of infinite period they are as many
    as it takes, but a branch may also wind towards one for ever.
    """


Start = SpecialPoint | Cycle | Trajectory | PeriodicPoint
Function = Callable[[Cycle], float]


@dataclass(frozen=True, eq=False)
class Request:
    """A continuation that makes sense.

    Attributes
    ----------
    system : System
        With the parameter values of the start.
    free : tuple of str
        One parameter, or two where the period is held.
    ranges : tuple of (low, high)
        Of the free parameters.
    start : SpecialPoint, Cycle, Trajectory or PeriodicPoint
    max_step : float
    labels : tuple of (name, value)
        Parameters or "period" and the values at which to put labels.
    functions : tuple of UserFunction
        Of a Cycle.
    forcing : Forcing or None
    longest_period : float or None
    points : int or Enough
    intervals, stages : int
    progress : bool or None
    """

    system: System
    free: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    start: Start
    max_step: float
    labels: tuple[tuple[str, float], ...]
    functions: tuple[UserFunction, ...]
    forcing: Forcing | None
    longest_period: float | None
    points: int
    intervals: int
    stages: int
    progress: bool | None


def requested(
    system: System,
    start: Any,
    parameter: Any,
    range_: Any,
    *,
    max_step: float | None,
    values: Mapping[str, Sequence[float]] | None,
    test_functions: Mapping[str, Any] | None,
    forcing_period: ForcingPeriod | None,
    longest_period: float | None,
    points: int,
    mesh: tuple[int, int],
    progress: bool | None,
) -> Request:
    """Return the checked request; see `continue_cycles` for the arguments."""
    require_system(system, "continue_cycles")
    free = _free(system, parameter, is_spiking(start))
    stored, system = system, at_start(system, start)
    ranges = _ranges(system, free, range_, stored, start)
    for name, (low, high) in zip(free, ranges, strict=True):
        if not low <= system.values[name] <= high:
            raise ValueError(
                f"{system.name}: the start has {name} = {number(system.values[name])}, outside the range "
                f"({number(low)}, {number(high)})"
            )
    law = forcing(system, forcing_period, free, ranges)
    if law is not None and len(free) == 2:
        raise ValueError(
            f"{system.name}: forced cycles have the period of the forcing: it cannot be held while {free[0]} and "
            f"{free[1]} vary. Follow them in one parameter, and their bifurcations in two with dn.continue_locus"
        )
    step = LONGEST_STEP if max_step is None else float(max_step)
    if not STEP_BOUNDS[0] <= step <= STEP_BOUNDS[1]:
        raise ValueError(f"max_step must lie between {STEP_BOUNDS[0]:g} and {STEP_BOUNDS[1]:g}; got {max_step!r}")
    if points < 1:
        raise ValueError(f"points must be at least 1, got {points!r}")
    if mesh[0] < 1:
        raise ValueError(f"intervals must be at least 1, got {mesh[0]!r}")
    if longest_period is not None and not longest_period > 0.0:
        raise ValueError(f"longest_period must be positive, got {longest_period!r}")
    return Request(
        system=system,
        free=free,
        ranges=ranges,
        start=start,
        max_step=step,
        labels=_labels(system, dict(zip(free, ranges, strict=True)), values or {}),
        functions=user_functions(test_functions, free, "a Cycle", "lambda cycle: cycle.maxima[0] - 1"),
        forcing=law,
        longest_period=longest_period,
        points=points,
        intervals=mesh[0],
        stages=mesh[1],
        progress=progress,
    )


def single(system: System, start: Any, *, forcing_period: ForcingPeriod | None, mesh: tuple[int, int]) -> Request:
    """Return the request of one cycle at the values of a system: any of its parameters serves, and keeps its value."""
    if not system.parameters:
        raise ModelError(f"{system.name} has no parameters: give it one, whatever it does, to look for its cycles.")
    at_start(system, start)
    name = next((n for n in system.parameters if any(e.has(symbol(n)) for e in system.derivatives)), "")
    name = name or system.parameters[0]
    value, extent = system.values[name], 1.0 + abs(system.values[name])
    return Request(
        system=system, free=(name,), ranges=((value - extent, value + extent),), start=start,
        max_step=LONGEST_STEP, labels=(), functions=(), forcing=forcing(system, forcing_period, (), ()),
        longest_period=None, points=1, intervals=mesh[0], stages=mesh[1], progress=False,
    )  # fmt: skip


def _free(system: System, parameter: Any, spiking: bool) -> tuple[str, ...]:
    free = (parameter,) if isinstance(parameter, str) else tuple(parameter)
    if len(free) not in (1, 2) or len(set(free)) != len(free):
        raise ValueError(
            f"{system.name}: cycles are continued in one parameter, or in two with the period held; got {parameter!r}"
        )
    if not system.states:
        raise ModelError(f"{system.name} has no states: nothing oscillates.")
    entered = [*system.derivatives]
    if spiking:
        entered += [e for j in system.jumps for e in (j.when, *j.to.values(), j.refractory) if e is not None]
    for name in free:
        if name in system.states:
            raise ValueError(f"{system.name}: {name!r} is a state; system.freeze({name!r}) makes it a parameter")
        system.parameter(name)
        if not any(e.has(symbol(name)) for e in entered):
            entering = [n for n in system.parameters if any(e.has(symbol(n)) for e in entered)]
            raise ValueError(
                f"{system.name}: {name!r} does not enter the equations, so the cycles do not depend on it. "
                f"Parameters that do: {', '.join(entering) or 'none'}"
            )
    return free


def _ranges(
    system: System, free: tuple[str, ...], given: Any, stored: System, start: Start
) -> tuple[tuple[float, float], ...]:
    """Return the ranges as given; else those of the diagram that the start is from; else surroundings of its values."""
    if given is None:
        known = start.ranges if isinstance(start, SpecialPoint) else {}
        return tuple(known.get(n) or range_around(system.values[n], stored.values[n]) for n in free)
    pairs = (given,) if len(free) == 1 else tuple(given)
    if len(pairs) != len(free):
        raise ValueError(f"{system.name}: two parameters need two ranges ((low, high), (low, high)), got {given!r}")
    return tuple(finite_range(system, name, pair) for name, pair in zip(free, pairs, strict=True))


def at_start(system: System, start: Any) -> System:
    """Return the system with the parameter values of the start."""
    if not isinstance(start, SpecialPoint | Cycle | Trajectory | PeriodicPoint):
        raise TypeError(
            f"{system.name}: cycles start from a SpecialPoint, a Cycle, a Trajectory or a PeriodicPoint, got "
            f"{type(start).__name__}. A trajectory comes from dn.simulate, special points from dn.continue_equilibria "
            "or dn.continue_cycles."
        )
    if start.fingerprint != system.fingerprint:
        raise ValueError(
            f"the start belongs to another system ({start.system}, states {', '.join(start.states)}) than {system.name}"
        )
    if isinstance(start, SpecialPoint) and start.kind != "hopf" and start.cycle is None:
        raise ValueError(
            f"{system.name}: no cycles start at a {start.title} of equilibria; start from a hopf point, a special "
            "point of cycles, a Cycle or a Trajectory"
        )
    if isinstance(start, SpecialPoint) and not start.converged:
        raise ValueError(f"{system.name}: the start is not converged: {start.sentence}")
    if isinstance(start, Trajectory) and start.inputs:
        raise ValueError(
            f"{system.name}: the trajectory was driven by inputs ({', '.join(start.inputs)}): write the input into the "
            "equations, with t, and give its period as forcing_period="
        )
    return system.at(**{n: float(v) for n, v in start.parameters.items() if n in system.values})


def _labels(
    system: System, free: Mapping[str, tuple[float, float]], values: Mapping[str, Sequence[float]]
) -> tuple[tuple[str, float], ...]:
    names, found = (*free, "period"), []
    for name, wanted in values.items():
        if name not in names:
            raise ValueError(f"{system.name}: values: {unknown('varied parameter or period', name, names)}")
        found += [(name, value) for value in asked_values(system, name, wanted, free.get(name))]
    return tuple(found)
