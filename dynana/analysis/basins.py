"""`basins`: the attractors of a system and the starts that lead to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynana.analysis.fixed_points import fixed_points
from dynana.analysis.forcing import ForcingPeriod
from dynana.analysis.manifolds import Tracer, manifolds
from dynana.analysis.planes import section
from dynana.analysis.ranges import finite_range
from dynana.analysis.settling import Settling
from dynana.analysis.spiking_settling import SpikingSettling
from dynana.analysis.strobed_settling import StrobedSettling
from dynana.analysis.stroboscope import Driven, driven
from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.numerics import settling
from dynana.results.basins import Basins
from dynana.results.fixed_points import FixedPoint, FixedPoints
from dynana.simulation.arguments import number
from dynana.simulation.progress import Progress

#: Runs last this many relaxation times of the slowest equilibrium: those that start within 1e-15 of a stable manifold
#: need 35 to leave the saddle.
RELAXATIONS = 60.0
#: Runs of forced systems last so many periods.
PERIODS = 400
#: Starts along each axis from which unknown attractors are looked for before the whole grid is run.
SCOUTS = 8


def basins(
    system: System,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    size: int = 200,
    t: float | None = None,
    attractors: Sequence[FixedPoint] | FixedPoints | None = None,
    forcing_period: ForcingPeriod | None = None,
    phase: float = 0.0,
    progress: bool | None = None,
    **state_ranges: tuple[float, float],
) -> Basins:
    """Find the attractors of a system and to which of them every start of a grid leads.

    Equilibria come from `fixed_points`; around each stable one an ellipsoid is found that no orbit leaves. Cycles and
    other attractors come from runs that settle elsewhere. Then every start is followed until it is caught; in a system
    with jumps from jump to jump, and firing attractors are told apart by the states just after jumps.

    Parameters
    ----------
    system : System
        Smooth or with jumps, without noise. States without range start at their initial values.
    ranges, **state_ranges : (low, high)
        The states of the grid, in a plane or a box.
    size : int
        Cells along each axis.
    t : float, optional
        The longest run (in a system with jumps the longest wait for a jump); by default 60 relaxation times of the
        slowest equilibrium, or 400 periods of the forcing.
    attractors : FixedPoints or sequence of FixedPoint, optional
        The attractors, if they are known: stable ones are taken and no others are looked for.
    forcing_period : float, str or callable, optional
        Period of the equations, where time enters them, as in `continue_cycles`. Runs are looked at once a period, and
        attractors are given by their states then.
    phase : float
        Moment of the forcing at which runs start and are looked at, as a share of the period from t = 0.
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
        A system with noise, with jumps and kinks of its derivatives between them, or with explicit time and kinks or
        without ``forcing_period=``.

    Examples
    --------
    >>> import numpy as np, dynana as dn
    >>> from dynana.models import wong_wang
    >>> found = dn.basins(wong_wang.at(mu_0=30), S1=(0, 1), S2=(0, 1), size=50)
    >>> len(found.attractors), found.fractions.round(2)
    (2, array([0.49, 0.49]))

    Two responses of Duffing's oscillator to the same forcing, mirror images of each other:

    >>> duffing = dn.System.from_text("dx/dt = v; dv/dt = x - x^3 - 0.3*v + A*cos(w*t); A = 0.2; w = 1.2")
    >>> found = dn.basins(duffing, x=(-2, 2), v=(-2, 2), size=40, forcing_period=lambda p: 2 * np.pi / p["w"])
    >>> [attractor.kind for attractor in found.attractors]
    ['cycle', 'cycle']
    """
    given = _checked(system, ranges, state_ranges)
    drive = driven(system, forcing_period, phase)
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 2:
        raise ValueError(f"size must be a whole number of cells along each axis, at least 2, got {size!r}")
    points = _equilibria(system, given) if attractors is None and drive is None else None
    known = list(attractors if attractors is not None else points or ())
    work: Settling | StrobedSettling
    if drive is not None:
        duration = _whole_periods(drive, t, known)
        work = StrobedSettling(drive, given, round(duration / drive.period))
    else:
        duration = _duration(system, known, t)
        work = (SpikingSettling if system.jumps else Settling)(system, given, duration)
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
        forcing_period=None if drive is None else drive.period,
    )


def _checked(system: Any, ranges: Any, more: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the ranges of the grid."""
    if not isinstance(system, System):
        raise TypeError(f"basins takes a System, got {type(system).__name__}")
    if system.noise:
        raise ModelError(f"{system.name} has noise: basins of attraction are those of a system without")
    given = {**(ranges or {}), **more}
    if not given:
        raise ValueError(f"{system.name}: basins need the ranges of the grid: give {system.states[0]}=(low, high)")
    return {system.state(n): finite_range(system, n, pair) for n, pair in given.items()}


def _whole_periods(drive: Driven, t: Any, known: Sequence[FixedPoint]) -> float:
    """Return the longest run of a forced system."""
    if known:
        raise ValueError(f"{drive.given.name}: time enters the equations, and attractors= are equilibria: leave it out")
    periods = PERIODS if t is None else max(1, round(number("t", t, 0.0) / drive.period))
    return periods * drive.period


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
