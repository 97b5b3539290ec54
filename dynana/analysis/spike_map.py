"""`spike_map`: the one-dimensional map behind the firing of planar integrate-and-fire neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.analysis import interval_maps
from dynana.analysis.interval_maps import Orbit, Sampled
from dynana.analysis.reset_neuron import ResetNeuron, values_of
from dynana.definition.system import System
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.spike_map import SpikeMap
from dynana.simulation import request as asked
from dynana.simulation.arguments import number
from dynana.simulation.progress import Progress

Array = NDArray[np.float64]

#: Points of the sample, longest period looked for, and iterates of the course.
SIZE, PERIOD, ITERATIONS = 1000, 4, 2000
#: Share of the course that goes before the attractor is looked at.
SETTLING = 0.25
#: Longest period of an attractor.
LONGEST_PERIOD = 64
#: A period shows when iterates come back within this share of the interval; Newton's method then decides.
RECURS = 1e-4
#: Parts of the course from which the error of the exponent comes.
BLOCKS = 20
#: The plateau: images at the upper end plus these multiples of the width must agree to this share of the width.
FAR, FLAT = (10.0, 100.0, 1000.0), 1e-6


def spike_map(
    system: System,
    *,
    jump: str | None = None,
    size: int = SIZE,
    period: int = PERIOD,
    start: Mapping[str, Any] | ArrayLike | None = None,
    iterations: int = ITERATIONS,
    t: float | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    progress: bool | None = None,
    **state_ranges: tuple[float, float],
) -> SpikeMap:
    """Return the map from the adaptation just after one spike to that just after the next, with its structure.

    For a neuron of two states whose voltage a spike resets to one value, the other state just after a spike says all
    about the future. Orbits are followed from spike to spike with the exact derivative (variational equations and
    jump), with the voltage as independent variable in the upstroke.

    Parameters
    ----------
    system : System
        With two states; the jump resets one of them to an expression of parameters.
    jump : str, optional
        The jump that is the spike; needed only where there are several.
    size : int
        Points of the sample.
    period : int
        Periodic orbits of up to so many spikes are looked for: all that pass through the sampled interval, by going
        through all laps of the iterated map. On a rising lap two orbits closer than the sample may be missed.
    start : mapping or array_like, optional
        Where the course begins that settles on the attractor; otherwise the model's initial state.
    iterations : int
        Spikes of the course.
    t : float, optional
        Longest time to wait for a spike; by default 1000 times the slowest time of the linearised flow after a reset.
    ranges, **state_ranges : (low, high)
        Of the adaptation variable: the sampled interval. By default around the interval that the map does not leave.
    progress : bool, optional

    Returns
    -------
    SpikeMap
        ``.reading`` says in words what the neuron does; ``.points`` go to `find_cycle` and `continue_cycles`.

    Raises
    ------
    ModelError
        A system that is not of this kind, has noise or explicit time, or resets beyond its threshold.
    ValueError
        Unknown names, ranges and numbers that make no sense, no spike anywhere.

    References
    ----------
    Touboul & Brette (2009), SIAM J. Appl. Dyn. Syst. 8:1462-1506.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import adex_touboul_brette
    >>> dn.spike_map(adex_touboul_brette.at(V_reset=-47.2)).reading
    'bursts of 4 spikes, period 65.0919 ms'
    """
    given = {**(ranges or {}), **state_ranges}
    work = ResetNeuron.of(system, jump, given)
    count = _whole("size", size, 10)
    most = _whole("period", period, 1)
    length = _whole("iterations", iterations, 1)
    system = asked.with_start(system, start)
    longest = work.patience() if t is None else number("t", t, 0.0)
    work.longest = longest
    with Progress(f"spike map of {system.name}", (0.0, 1.0), progress) as line:
        low, high = work.interval(given, system)
        found = interval_maps.sampled(work.evaluate, low, high, count)
        if not np.isfinite(found.y).any():
            raise ValueError(
                f"{system.name}: no start with {work.variable} from {low:g} to {high:g} spikes again within t = "
                f"{longest:g}: raise the input, give other {work.variable}=(low, high), or wait longer with t="
            )
        line.report(0.3)
        orbits = interval_maps.periodic_orbits(found, most)
        line.report(0.6)
        course, outcome = work.course(system, length)
    return _result(work, found, orbits, course, outcome, most)


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def _attractor(work: ResetNeuron, course: Array, width: float) -> Orbit | None:
    """Return the stable periodic orbit that the course ends on."""
    w = course[:, 0]
    for p in range(1, min(LONGEST_PERIOD, len(w) // 3) + 1):
        if abs(w[-1] - w[-1 - p]) < RECURS * width and abs(w[-2] - w[-2 - p]) < RECURS * width:
            orbit = interval_maps.closed(work.evaluate, float(w[-1]), p, interval_maps.CLOSED * width)
            if orbit is not None and abs(np.prod(orbit.slopes)) < 1.0:
                if np.min(np.abs(orbit.points - w[-1])) < 10 * RECURS * width:
                    return orbit
    return None


def _exponent(course: Array) -> tuple[float, float]:
    """Return the mean logarithm of the slopes and its standard error, from blocks."""
    if len(course) < 2:
        return float("nan"), float("nan")
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(course[:, 2]))
    blocks = np.array([b.mean() for b in np.array_split(logs, min(BLOCKS, len(logs)))])
    error = float(blocks.std(ddof=1) / np.sqrt(blocks.size)) if np.isfinite(blocks).all() else float("nan")
    return float(logs.mean()), error


def _critical(work: ResetNeuron, found: Sampled) -> Array:
    """Return the extrema; one on the nullcline is put there, since a double root of the slope is found less exactly."""
    places = found.turning.copy()
    exact, rests = work.nullcline(), work.system.jumps[work.jump].refractory
    width = found.x[-1] - found.x[0]
    if np.isfinite(exact) and (rests is None or float(rests.subs(values_of(work.system))) == 0.0):
        places[np.abs(places - exact) < 1e-6 * width] = exact
    images = work.evaluate(places, 1).image[:, 0] if places.size else np.empty(0)
    return np.stack((places, images), axis=1)


def _plateau(work: ResetNeuron, found: Sampled) -> float:
    width = found.x[-1] - found.x[0]
    far = work.evaluate(found.x[-1] + width * np.array(FAR), 1).image[:, 0]
    return float(far[-1]) if abs(far[-1] - far[-2]) <= FLAT * width else float("nan")


def _result(
    work: ResetNeuron, found: Sampled, orbits: list[Orbit], course: Array, outcome: str, period: int
) -> SpikeMap:
    system, width = work.system, float(found.x[-1] - found.x[0])
    settled = int(SETTLING * len(course))
    attractor = None if outcome else _attractor(work, course, width)
    if attractor is not None and attractor.points.size > period:
        orbits = [*orbits, attractor]
    exponent, error = _exponent(course[settled:])
    if attractor is not None:
        with np.errstate(divide="ignore"):
            exponent, error = float(np.mean(np.log(np.abs(attractor.slopes)))), 0.0

    def rows(orbit: Orbit) -> Array:
        return np.stack((orbit.points, orbit.times, orbit.slopes), axis=1)

    def point(orbit: Orbit) -> PeriodicPoint:
        return PeriodicPoint(
            system=system.name, fingerprint=system.fingerprint, states=system.states, parameters=system.values,
            jump=str(system.jumps[work.jump].name), state=work.starts(orbit.points[:1])[0], spikes=orbit.points.size,
            period=float(orbit.times.sum()), multipliers=np.array([np.prod(orbit.slopes)], dtype=complex),
        )  # fmt: skip

    return SpikeMap(
        system=system.name,
        fingerprint=system.fingerprint,
        states=system.states,
        parameters=system.values,
        jump=str(system.jumps[work.jump].name),
        variable=work.variable,
        voltage=system.states[work.voltage],
        reset=work.reset,
        w=found.x,
        image=found.y,
        slope=found.sample.slope[:, 0],
        time=found.sample.time[:, 0],
        edges=found.edges,
        edge_reasons=tuple(work.edge_reason(e, int(o)) for e, o in zip(found.edges, found.edge_outcomes, strict=True)),
        breaks=found.breaks,
        critical=_critical(work, found),
        plateau=_plateau(work, found),
        orbits=tuple(rows(o) for o in orbits),
        points=tuple(point(o) for o in orbits),
        period=period,
        course=course,
        settled=settled,
        attractor=np.empty((0, 3)) if attractor is None else rows(attractor),
        exponent=exponent,
        error=error,
        outcome=outcome,
        time_unit=system.time,
        units={n: u for n, u in system.units.items() if n in system.states},
    )
