"""`poincare_map`: returns to a section, their derivative, and the periodic points among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.analysis.forcing import ForcingPeriod
from dynana.analysis.return_flights import check_system, patience
from dynana.analysis.sections import Section
from dynana.analysis.stroboscope import CERTAIN, Driven, driven, within_turns
from dynana.definition.system import System
from dynana.numerics.flights import RETURNED
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.poincare_map import STROBE, PoincareMap
from dynana.results.stop import Stop
from dynana.results.trajectory import Trajectory
from dynana.simulation import request as asked
from dynana.simulation.arguments import number
from dynana.simulation.progress import Progress
from dynana.simulation.simulate import simulate

Array = NDArray[np.float64]

#: Newton's method: steps, halvings of each, and how near to itself a point has to come back (in sizes of the states).
STEPS, HALVINGS, CLOSED = 30, 8, 1e-10
#: Two periodic points nearer than this are one; one that is back this near after fewer returns has a smaller period.
SAME = 1e-6
#: An equilibrium on the section is no orbit: there the state moves by less than this in a period, in sizes of states.
RESTING = 1e-6
#: Starts of Newton's method for each period: the places where the orbit comes nearest to itself, apart from each other
#: by this share of its extent.
CANDIDATES, APART = 8, 0.03


def poincare_map(
    system: System,
    section: Any = None,
    *,
    forcing_period: ForcingPeriod | None = None,
    phase: float = 0.0,
    direction: str = "up",
    returns: int = 100,
    skip: int = 0,
    period: int = 1,
    start: Mapping[str, Any] | ArrayLike | None = None,
    guesses: Sequence[ArrayLike] = (),
    t: float | None = None,
    progress: bool | None = None,
) -> PoincareMap:
    """Follow an orbit from passage to passage of a section, and find periodic orbits among its returns.

    Parameters
    ----------
    system : System
        Smooth, or with jumps.
    section : str or expression, optional
        An expression of states and parameters that is zero on the section, such as ``"V + 20"``, as text or in sympy;
        or the name of a jump: states are then those just after it. A forced system needs none: it is seen once a
        period, with ``forcing_period=``.
    forcing_period : float, str or callable, optional
        Period of the equations, where time enters them: a number, the name of a parameter, or a function of the
        parameters, as in `continue_cycles`. Without a section the map is stroboscopic; with one, the phase of the
        forcing, as a share of its period, is one more state and coordinate of the section.
    phase : float
        Moment of the forcing at which a stroboscopic map sees the states, as a share of the period from t = 0.
    direction : {"up", "down", "both"}
        Whether the expression has to increase or decrease through zero.
    returns : int
        How many passages after the first one.
    skip : int
        Passages before the first one that is kept, for the orbit to settle.
    period : int
        Periodic points of up to so many returns are looked for, by Newton's method from where the orbit comes nearest
        to itself: those that it passes, stable or not. 0: none are looked for.
    start : mapping or array_like, optional
        Where the orbit begins (at t = 0); otherwise the model's initial state. It need not be on the section.
    guesses : sequence of array_like, optional
        Further states on the section, or near it, from which Newton's method starts for each period; with
        ``forcing_period=`` and a section, each followed by the phase.
    t : float, optional
        Longest time to wait for a passage; by default 1000 times the slowest time of the linearised flow at the start.
    progress : bool, optional

    Returns
    -------
    PoincareMap
        Also when the orbit ends early: ``stop`` says why.

    Raises
    ------
    ValueError
        A section that is never reached, unknown names, numbers that make no sense.
    FormatError
        A text that is no formula.
    ModelError
        A system with noise, kinks between jumps, or explicit time without ``forcing_period=``.

    Notes
    -----
    Multipliers below about 1e-11 are zero but for rounding. Angles of the model are within one turn from 0.

    What happens next to a point inside a refractory time does not depend on its state alone: it has no derivative (NaN)
    and is no periodic point; a stroboscopic map at another phase sees that orbit elsewhere.

    Examples
    --------
    >>> import numpy as np, dynana as dn
    >>> from dynana.models import van_der_pol
    >>> found = dn.poincare_map(van_der_pol, "x", returns=20)
    >>> round(found.fixed_points[0].period, 9)
    6.663286859

    Duffing's oscillator, once in each period of the forcing:

    >>> duffing = dn.System.from_text("dx/dt = v; dv/dt = x - x^3 - 0.3*v + A*cos(w*t); A = 0.28; w = 1.2")
    >>> found = dn.poincare_map(duffing, forcing_period=lambda p: 2 * np.pi / p["w"], skip=100, period=2)
    >>> [(count, point.stable) for count, point in zip(found.returns, found.points)]
    [(1, False), (2, True)]
    """
    check_system(system, "poincare_map")
    counts = {"returns": (returns, 1), "skip": (skip, 0), "period": (period, 0)}
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} must be a whole number, at least {least}, got {value!r}")
    system = asked.with_start(system, start)
    work = _section(system, section, direction, driven(system, forcing_period, phase), phase, t)
    first = np.array(list(work.system.initial.values()))
    with Progress(f"Poincare map of {system.name}", (0.0, 1.0), progress) as line:
        y, times, rests, stop = _orbit(work, first, int(returns), int(skip))
        line.report(0.5)
        points = _periodic(work, y[~rests], int(period), [_guess(work, g) for g in guesses])
        derivatives = work.derivatives(y[:-1])
        derivatives[rests[:-1]] = np.nan
    states = system.states if work.strobed else work.system.states
    return PoincareMap(
        system=system.name,
        fingerprint=system.fingerprint,
        states=states,
        parameters=system.values,
        section=work.text,
        direction=work.direction,
        chart=tuple(work.system.states[i] for i in work.chart),
        y=within_turns(y, work.system)[:, : len(states)],
        times=times,
        derivatives=derivatives,
        points=tuple(p for p, _ in points),
        returns=tuple(r for _, r in points),
        time_unit=system.time,
        units={n: u for n, u in system.units.items() if n in system.states},
        stop=stop,
        forcing_period=None if work.drive is None else work.drive.period,
    )


def _section(system: System, given: Any, direction: str, drive: Driven | None, phase: float, t: Any) -> Section:
    """Return the section that was asked for, with how long to wait for a passage."""
    if drive is None and given is None:
        raise ValueError(f"{system.name}: say with section= where the orbit is looked at, such as {system.states[0]!r}")
    if given is not None and phase:
        raise ValueError(f"{system.name}: a section is passed at any phase of the forcing: give section= or phase=")
    if drive is None:
        work = Section.of(system, given, direction)
    elif given is None:
        if t is not None:
            raise ValueError(f"{system.name}: t= is no wait for the next period of the forcing, which is sure to come")
        work = Section.of(drive.system, drive.strobe, direction)
        work.drive, work.text, work.direction = drive, drive.words, STROBE
        work.longest = CERTAIN * drive.period
        return work
    else:
        work = Section.of(drive.system, given, direction)
        work.drive = drive
    first = np.array(list(work.system.initial.values()))
    work.longest = patience(work.flights.kernels, first) if t is None else number("t", t, 0.0)
    return work


def _guess(work: Section, given: ArrayLike) -> Array:
    """Return a point near the section, of the states that it has."""
    names, made = work.system.states, np.asarray(given, dtype=float)
    if work.strobed:
        names, made = names[:-1], np.append(made, work.drive.moment - 1.0 if work.drive else 0.0)
    if made.shape != (len(work.system.states),):
        raise ValueError(f"guesses are states of {work.system.name}: {len(names)} numbers each, {names}")
    return made


def _orbit(work: Section, first: Array, returns: int, skip: int) -> tuple[Array, Array, NDArray[np.bool_], Stop]:
    """Follow the orbit; points on the section, times between them, which rest from a jump, and why it ended."""
    flown = work.flights.run(first[None], np.empty((0, first.size)), work.longest, returns=returns + 1 + skip)
    done = int(flown.counts[0])
    names = ", ".join(f"{s} = {x:g}" for s, x in zip(work.system.states, first, strict=True))
    if done <= skip:
        raise ValueError(
            f"{work.system.name}: the orbit from {names} {work.words(int(flown.outcomes[0]))}"
            f"{f', after {done} passages' if done else ''}. Check the section and its direction against a run, "
            "dn.simulate, start elsewhere, or wait longer with t="
        )
    y, rests = flown.states[0, skip:done], flown.rests[0, skip:done] > 0.0
    times = flown.times[0, skip + 1 : done]
    if flown.outcomes[0] == RETURNED:
        return y, times, rests, Stop(reason="finished", message=f"{returns} returns")
    words = work.words(int(flown.outcomes[0]))
    return y, times, rests, Stop(reason="left", message=f"after {len(y)} passages the orbit {words}")


def _periodic(work: Section, y: Array, period: int, guesses: list[Array]) -> list[tuple[PeriodicPoint, int]]:
    """Return periodic points with their numbers of returns."""
    found: list[tuple[Array, int, PeriodicPoint]] = []
    for p in range(1, period + 1):
        for place in [*_near_returns(work, y, p), *map(work.onto, guesses)]:
            orbit = _closed(work, place, p)
            if orbit is None:
                continue
            along, point = orbit
            shorter = any(p % d == 0 and work.apart(along[d], along[0]) < SAME for d in range(1, p))
            known = any(q == p and min(work.apart(x, old) for x in along) < SAME for old, q, _ in found)
            if not shorter and not known:
                found.append((along[0], p, point))
    return [(point, p) for _, p, point in found]


def _near_returns(work: Section, y: Array, period: int) -> list[Array]:
    """Return points that come back nearest to themselves after so many returns, at different places."""
    if len(y) <= period:
        return []
    scale = work.flights.scale
    gaps = np.array([work.apart(after, before) for before, after in zip(y[:-period], y[period:], strict=True)])
    if gaps.min() < SAME:
        return [y[int(np.argmin(gaps))]]
    apart = APART * float(np.max(np.ptp(within_turns(y, work.system) / scale, axis=0)))
    places: list[Array] = []
    for k in np.argsort(gaps, kind="stable"):
        if all(work.apart(y[k], place) > apart for place in places):
            places.append(y[k])
        if len(places) == CANDIDATES:
            break
    return places


def _closed(work: Section, y: Array, period: int) -> tuple[Array, PeriodicPoint] | None:
    """Return the states of a periodic orbit on the section and its point, by Newton's method; None if there is none."""
    chart, scale = work.chart, work.flights.scale[work.chart]
    flown = work.fly(y, period)
    for _ in range(STEPS):
        if flown.counts[0] < period:
            return None
        gap = work.gap(y, flown.states[0, -1])
        away = float(np.linalg.norm(gap / scale))
        matrix = flown.vectors[0, -1][:, chart].T
        if not np.isfinite(matrix).all():
            return None
        change = np.linalg.lstsq(np.eye(len(chart)) - matrix, gap, rcond=None)[0]
        for halving in range(HALVINGS):
            tried = y.copy()
            tried[chart] += change * 0.5**halving
            tried = work.onto(tried)
            after = work.fly(tried, period)
            if after.counts[0] == period:
                new = float(np.linalg.norm(work.gap(tried, after.states[0, -1]) / scale))
                if new < away:
                    break
        else:
            break
        y, flown = tried, after
    if not away < CLOSED or flown.rests[0, -1] > 0.0:
        return None
    duration = float(flown.times[0].sum())
    speed = np.empty(y.size)
    work.flights.kernels.rhs(0.0, y.copy(), work.flights.kernels.p, speed)
    if np.linalg.norm(speed / work.flights.scale) * duration < RESTING:
        return None
    multipliers = np.linalg.eigvals(flown.vectors[0, -1][:, chart].T).astype(complex)
    along = np.concatenate((y[None], flown.states[0, :-1]))
    return along, _point(work, within_turns(y, work.system), period, duration, multipliers)


def _point(work: Section, y: Array, period: int, duration: float, multipliers: Array) -> PeriodicPoint:
    """Return a periodic point, with the jumps that its orbit makes, in terms of the system as given."""
    system, drive = work.given, work.drive
    at_jump = work.jump >= 0 and not work.strobed
    y, begin = y[: len(system.states)], 0.0 if drive is None else drive.time(y)
    jumps = period if at_jump else 0
    if not at_jump and system.jumps:
        run = simulate(system, (begin, begin + duration), start=y, progress=False)
        assert isinstance(run, Trajectory)
        jumps = len(run.jumps)
    return PeriodicPoint(
        system=system.name, fingerprint=system.fingerprint, states=system.states, parameters=system.values,
        jump=work.text if at_jump else "", state=y, spikes=jumps, period=duration,
        multipliers=multipliers[np.argsort(-np.abs(multipliers), kind="stable")], time=None if drive is None else begin,
    )  # fmt: skip
