"""The first place on a curve of orbits with jumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_places import GROWTH, MOST_INTERVALS, Place, others
from dynana.analysis.forcing import Forcing
from dynana.analysis.periodic_starts import turn_of_point
from dynana.analysis.spiking_curve import LARGEST_ERROR, TRIVIAL, SpikingCurve
from dynana.analysis.spiking_flights import Flights
from dynana.analysis.spiking_orbits import SpikingOrbits
from dynana.analysis.spiking_starts import (
    Turn,
    awakening,
    curve_of,
    jumps_late,
    orbit_of_turn,
    turn_of_cycle,
    turn_of_trajectory,
)
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.segment_flights import NO_JUMP
from dynana.results.cycle import Cycle
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.special_points import SpecialPoint
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: Logarithm of the largest multiplier up to which a trajectory can settle on an orbit, and the distance after a turn,
#: in units of the extent, up to which one is on an unstable orbit all the same.
NEUTRAL, CLOSED = 0.01, 1e-5
#: Two turns are one if they differ by less than this, relative to the extents.
EQUAL_TURNS = 1e-5
#: Difference of the state at a jump from that of the same segment integrated step by step, relative to the extents.
SAME_STATE = 1e-3
#: Relative difference of the period from that of the turn at which an orbit is another one.
ANOTHER = 0.5
#: Share of a turn that is no time, but rounding; a refractory time may be that short.
NO_TIME = 1e-14
#: Pieces in which a segment is integrated, each from the orbit itself, because orbits may be sensitive.
PIECES = 4
#: Times as many intervals with which a failed search begins again: a coarse mesh may find nothing that can be refined.
FINER = (2, 4, 8)
#: The last piece is followed for this much longer than the segment lasts.
LONGER = 1.5


def is_spiking(start: object) -> bool:
    """Return whether a start stands for orbits with jumps."""
    if isinstance(start, PeriodicPoint):
        return start.spikes > 0
    if isinstance(start, Trajectory):
        return jumps_late(start)
    cycle = start.cycle if isinstance(start, SpecialPoint) else start
    return isinstance(cycle, Cycle) and cycle.jumps > 0


def first_place(
    system: System,
    free: Sequence[str],
    start: Trajectory | PeriodicPoint | Cycle,
    ranges: Array,
    intervals: int,
    stages: int,
    fixed: Sequence[int] = (-1,),
    tangent: Array | None = None,
    forcing: Forcing | None = None,
) -> tuple[SpikingCurve, Place]:
    """Return the curve on which an orbit with jumps lies, and its place there.

    Raises
    ------
    ConvergenceError
        If Newton's method does not converge, or the orbit has an earlier jump.
    """
    made = None
    if isinstance(start, Cycle) and awakening(system, free):
        orbits, guess = orbit_of_turn(system, free, turn_of_cycle(system, start), ranges, intervals, stages, forcing)
    elif isinstance(start, Cycle):
        orbits, guess = curve_of(system, free, start, ranges, forcing, keeps_period=len(free) == 2)
        if tangent is not None and tangent.shape == guess.z.shape:
            guess = replace(guess, tangent=np.array(tangent))
    else:
        turn = 0.0 if forcing is None else forcing.period(system.values)
        if isinstance(start, Trajectory):
            made = turn_of_trajectory(system, start, turn)
        else:
            made = turn_of_point(system, start, turn)
        orbits, guess = orbit_of_turn(system, free, made, ranges, intervals, stages, forcing)
    curve, place = SpikingCurve(orbits), None
    for k in fixed:
        place = place if place is not None else settled(curve, guess, k)
    for finer in FINER:
        if place is not None or made is None:
            break
        orbits, guess = orbit_of_turn(system, free, made, ranges, finer * intervals, stages, forcing)
        curve = SpikingCurve(orbits)
        place = settled(curve, guess, fixed[0])
    if place is not None and made is not None:
        _refuse_another(system, place, made)
    if place is not None and isinstance(start, Trajectory):
        curve, place = _single(curve, place)
    if place is None:
        raise ConvergenceError(
            f"{system.name}: Newton's method does not converge from the given {_word(start)} at "
            f"{', '.join(f'{n} = {number(system.values[n])}' for n in free)}"
        )
    problem = flaw(curve, place) or ("" if made is None else _unsettled(place, made))
    if problem:
        raise ConvergenceError(f"{system.name}: {problem}")
    return curve, place


def _single(curve: SpikingCurve, place: Place) -> tuple[SpikingCurve, Place]:
    """Return an orbit of two equal turns as one turn: a slow trajectory tells them apart, the orbit does not."""
    while curve.curve.halves is not None:
        if float(np.abs(place.asymmetry() / curve.curve.sizes).max()) > EQUAL_TURNS:
            break
        half, guess = half_orbit(curve.curve, place.orbit)
        found = settled(SpikingCurve(half), guess, -1)
        if found is None:
            break
        curve, place = SpikingCurve(half), found
    return curve, place


def _refuse_another(system: System, place: Place, turn: Turn) -> None:
    """Refuse an orbit that takes another time than the turn from which Newton's method began."""
    period = float(place.scalars[0])
    if abs(period - turn.period) > ANOTHER * turn.period:
        raise ConvergenceError(
            f"{system.name}: Newton's method goes from a turn of {number(turn.period)} to an orbit of period "
            f"{number(period)}, which is no orbit of the system: the mesh misses a part of the turn. Give more "
            "intervals=, or a threshold and reset that are not so many times as far away as where the orbit is slow."
        )


def half_orbit(orbits: SpikingOrbits, orbit: Orbit) -> tuple[SpikingOrbits, Orbit]:
    """Return the first of two turns of an orbit, and the curve on which it may lie."""
    assert orbits.halves is not None
    pattern, gain = orbits.halves
    k = len(pattern)
    half = orbits.patterned(pattern, gain)
    parts = orbit.split(orbit.z)[:k]
    z = np.concatenate([*(x.ravel() for x, _ in parts), orbit.durations[:k], orbit.parameters])
    widths = np.concatenate([w for _, w in parts])
    return half, replace(orbit, z=z, tangent=np.zeros_like(z), counts=orbit.counts[:k].copy(), widths=widths)


def _unsettled(place: Place, turn: Turn) -> str:
    """Return in words that a trajectory came near an orbit on which it does not settle, or nothing."""
    growth = float(others(place.spectrum, False)[0].max(initial=-np.inf))
    if growth <= NEUTRAL or turn.distance <= CLOSED:
        return ""
    return (
        f"the trajectory has not settled on a cycle: it nearly repeats itself after {len(turn.pattern)} segments, near "
        f"a cycle of period {number(float(place.scalars[0]))}, which is unstable (multiplier of modulus "
        f"{number(float(np.exp(min(growth, 700.0))), 3)}). It may be chaotic, or need more time."
    )


def _word(start: object) -> str:
    words = {Trajectory: "trajectory", PeriodicPoint: "periodic point", Cycle: "cycle"}
    return next(word for kind, word in words.items() if isinstance(start, kind))


def settled(curve: SpikingCurve, guess: Orbit, fixed: int) -> Place | None:
    """Return the orbit near a guess with a scalar held, on a mesh that is fine enough; None if there is none."""
    orbits: SpikingOrbits = curve.curve
    attempt = orbits.settle(guess, fixed=fixed, adaptations=2)
    while attempt.point is not None and orbits.error(attempt.point) > LARGEST_ERROR:
        if int(attempt.point.counts.max()) >= MOST_INTERVALS:
            break
        attempt = orbits.settle(orbits.adapt(attempt.point, GROWTH), fixed=fixed, adaptations=0)
    return None if attempt.point is None else curve.place(attempt.point)


def flaw(curve: SpikingCurve, place: Place) -> str:
    """Return in words why a converged orbit is none of the system's, or nothing: it is integrated once more.

    Pieces of each segment are followed step by step, each from the orbit itself, with all jumps watched: none must
    become due before the end of the segment, and there the one that the orbit has.
    """
    orbits = curve.curve
    shares = place.orbit.durations / place.orbit.durations.sum()
    least = np.array([-NO_TIME if names else NO_TIME for names in orbits.pattern.held])
    if not (shares > least).all():
        return "a segment of the orbit takes no time, or less: it is no orbit of the system."
    off = place.spectrum.trivial_error
    if not off <= TRIVIAL:
        return (
            f"the multiplier along the orbit is off by {number(off, 2)} from 1. On its way the orbit amplifies what is "
            "off so much (next to a homoclinic orbit, or in a canard) that its multipliers are lost in rounding."
        )
    flights = curve.flights
    flights.p[:] = orbits.parameters(place.orbit)
    stages = place.orbit.stages
    starts, stops = orbits.ends(place.orbit)
    for i, event in enumerate(orbits.pattern.events):
        jump = orbits.clocked.events[event][0]
        second = -1 if jump < 0 else flights.at_once(jump, stops[i], starts[(i + 1) % len(starts)])
        if second >= 0:
            first, then = orbits.clocked.base.jumps[jump].name, orbits.clocked.base.jumps[second].name
            return f"with {first!r} at the end of segment {i + 1}, {then!r} fires at once, which the orbit lacks."
    for i, (x, widths) in enumerate(place.orbit.split(place.orbit.z)):
        if shares[i] <= NO_TIME:
            continue
        edges = np.concatenate(([0.0], np.cumsum(widths))) * place.orbit.durations[i]
        coarse = np.unique(np.linspace(0, widths.size, PIECES + 1).astype(int))
        if _undue(curve, flights, i, x[:: stages + 1], edges, coarse):  # or just more sensitive than that
            found = _undue(curve, flights, i, x[:: stages + 1], edges, np.arange(widths.size + 1))
            if found:
                return found
    return ""


def _undue(curve: SpikingCurve, flights: Flights, i: int, x: Array, edges: Array, ends: NDArray[np.intp]) -> str:
    """Return in words which jump is undue on segment ``i``, or nothing; ``ends`` are those of pieces."""
    orbits = curve.curve
    made, names = orbits.clocked, curve.titles
    event, held = orbits.pattern.events[i], orbits.pattern.held[i]
    resting = made.events[orbits.pattern.events[i - 1]][0] if held else -1
    wanted = flights.kernels.guard_owner[event]
    for a, b in pairwise(ends.tolist()):
        last = b == ends[-1]
        outcome, _, rows = flights.fly(x[a], held, resting, (LONGER if last else 1.0) * float(edges[b] - edges[a]))
        if outcome < 0 and not last:
            continue
        if outcome == NO_JUMP and curve.brief:
            _, _, rows = flights.fly(x[a], held, resting, float(edges[b] - edges[a]))
        there = bool((np.abs(rows[-1] - x[-1]) <= SAME_STATE * orbits.sizes).all())
        if outcome == NO_JUMP and curve.brief and there:
            continue
        if (outcome == wanted and there) or outcome < NO_JUMP:
            continue
        where = f"on segment {i + 1} of {len(orbits.pattern)}"
        if outcome >= 0:
            at = ", ".join(f"{n} = {number(v)}" for n, v in zip(made.base.states, rows[-1], strict=False))
            due = names[outcome] if outcome < len(names) else "the end of a refractory time"
            return (
                f"{where} {due} is due earlier than the orbit has it, at {at}: an orbit with this sequence of "
                f"{curve.word}s solves the equations but is none of the system's. Start from another trajectory."
            )
        return f"{where} the {curve.word} at its end does not come when it is integrated step by step."
    return ""
