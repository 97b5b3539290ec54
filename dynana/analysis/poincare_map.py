"""`poincare_map`: returns to a section, their derivative, and the periodic points among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.analysis.return_flights import check_flow, patience
from dynana.analysis.sections import Section
from dynana.definition.system import System
from dynana.numerics.flights import RETURNED
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.poincare_map import PoincareMap
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
    section: Any,
    *,
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
    section : str or expression
        An expression of states and parameters that is zero on the section, such as ``"V + 20"``, as text or in sympy;
        or the name of a jump: states are then those just after it.
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
        Where the orbit begins; otherwise the model's initial state. It need not be on the section.
    guesses : sequence of array_like, optional
        Further states on the section, or near it, from which Newton's method starts for each period.
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
        A system with noise, explicit time or kinks between jumps.

    Notes
    -----
    Multipliers below about 1e-11 are zero but for rounding.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import van_der_pol
    >>> found = dn.poincare_map(van_der_pol, "x", returns=20)
    >>> round(found.fixed_points[0].period, 9)
    6.663286859
    """
    check_flow(system, "poincare_map")
    counts = {"returns": (returns, 1), "skip": (skip, 0), "period": (period, 0)}
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} must be a whole number, at least {least}, got {value!r}")
    system = asked.with_start(system, start)
    work = Section.of(system, section, direction)
    first = np.array(list(system.initial.values()))
    work.longest = patience(work.flights.kernels, first) if t is None else number("t", t, 0.0)
    with Progress(f"Poincare map of {system.name}", (0.0, 1.0), progress) as line:
        y, times, stop = _orbit(work, first, int(returns), int(skip))
        line.report(0.5)
        places = [np.asarray(g, dtype=float) for g in guesses]
        if any(g.shape != first.shape for g in places):
            raise ValueError(f"guesses are states of {system.name}: {first.size} numbers each, {system.states}")
        points = _periodic(work, y, int(period), places)
    return PoincareMap(
        system=system.name,
        fingerprint=system.fingerprint,
        states=system.states,
        parameters=system.values,
        section=work.text,
        direction=work.direction,
        chart=tuple(system.states[i] for i in work.chart),
        y=y,
        times=times,
        derivatives=work.derivatives(y[:-1]),
        points=tuple(p for p, _ in points),
        returns=tuple(r for _, r in points),
        time_unit=system.time,
        units={n: u for n, u in system.units.items() if n in system.states},
        stop=stop,
    )


def _orbit(work: Section, first: Array, returns: int, skip: int) -> tuple[Array, Array, Stop]:
    """Follow the orbit; its points on the section, the times between them, and why it ended."""
    flown = work.flights.run(first[None], np.empty((0, first.size)), work.longest, returns=returns + 1 + skip)
    done = int(flown.counts[0])
    names = ", ".join(f"{s} = {x:g}" for s, x in zip(work.system.states, first, strict=True))
    if done <= skip:
        raise ValueError(
            f"{work.system.name}: the orbit from {names} {work.words(int(flown.outcomes[0]))}"
            f"{f', after {done} passages' if done else ''}. Check the section and its direction against a run, "
            "dn.simulate, start elsewhere, or wait longer with t="
        )
    y = flown.states[0, skip:done]
    times = flown.times[0, skip + 1 : done]
    if flown.outcomes[0] == RETURNED:
        return y, times, Stop(reason="finished", message=f"{returns} returns")
    words = work.words(int(flown.outcomes[0]))
    return y, times, Stop(reason="left", message=f"after {len(y)} passages the orbit {words}")


def _periodic(work: Section, y: Array, period: int, guesses: list[Array]) -> list[tuple[PeriodicPoint, int]]:
    """Return periodic points with their numbers of returns."""
    found: list[tuple[Array, int, PeriodicPoint]] = []
    scale = work.flights.scale
    for p in range(1, period + 1):
        places = _near_returns(y, p, scale)
        for place in [*places, *map(work.onto, guesses)]:
            orbit = _closed(work, place, p)
            if orbit is None:
                continue
            along, point = orbit
            shorter = any(p % d == 0 and np.linalg.norm((along[d] - along[0]) / scale) < SAME for d in range(1, p))
            known = any(q == p and np.min(np.linalg.norm((along - old) / scale, axis=1)) < SAME for old, q, _ in found)
            if not shorter and not known:
                found.append((along[0], p, point))
    return [(point, p) for _, p, point in found]


def _near_returns(y: Array, period: int, scale: Array) -> list[Array]:
    """Return points that come back nearest to themselves after so many returns, at different places."""
    if len(y) <= period:
        return []
    gaps = np.linalg.norm((y[period:] - y[:-period]) / scale, axis=1)
    if gaps.min() < SAME:
        return [y[int(np.argmin(gaps))]]
    apart = APART * float(np.max(np.ptp(y / scale, axis=0)))
    places: list[Array] = []
    for k in np.argsort(gaps, kind="stable"):
        if all(np.linalg.norm((y[k] - place) / scale) > apart for place in places):
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
        gap = flown.states[0, -1, chart] - y[chart]
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
                new = float(np.linalg.norm((after.states[0, -1, chart] - tried[chart]) / scale))
                if new < away:
                    break
        else:
            break
        y, flown = tried, after
    if not away < CLOSED:
        return None
    system, duration = work.system, float(flown.times[0].sum())
    speed = np.empty(y.size)
    work.flights.kernels.rhs(0.0, y.copy(), work.flights.kernels.p, speed)
    if np.linalg.norm(speed / work.flights.scale) * duration < RESTING:
        return None
    multipliers = np.linalg.eigvals(flown.vectors[0, -1][:, chart].T).astype(complex)
    jumps = period if work.jump >= 0 else 0
    if work.jump < 0 and system.jumps:
        run = simulate(system, duration, start=y, progress=False)
        assert isinstance(run, Trajectory)
        jumps = len(run.jumps)
    point = PeriodicPoint(
        system=system.name, fingerprint=system.fingerprint, states=system.states, parameters=system.values,
        jump=work.text if work.jump >= 0 else "", state=y, spikes=jumps, period=duration,
        multipliers=multipliers[np.argsort(-np.abs(multipliers), kind="stable")],
    )  # fmt: skip
    return np.concatenate((y[None], flown.states[0, :-1])), point
