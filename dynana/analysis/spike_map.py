"""`spike_map`: the one-dimensional map behind the firing of planar integrate-and-fire neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from dynana.analysis import interval_maps
from dynana.analysis.fixed_points import fixed_points
from dynana.analysis.interval_maps import Images, Orbit, Sampled
from dynana.analysis.ranges import finite_range
from dynana.analysis.return_flights import WORDS, Flights, check_flow, sizes
from dynana.definition.system import System
from dynana.errors import ModelError, unknown
from dynana.numerics.flights import RENEW, RETURNED
from dynana.results.fixed_points import FixedPoint
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
#: A flight is given up after this many times the slowest time of the linearised flow at the start.
PATIENCE = 1000.0
#: The sample goes beyond the interval that the map does not leave by this share of it.
MARGIN = 0.5
#: The plateau: images at the upper end plus these multiples of the width must agree to this share of the width.
FAR, FLAT = (10.0, 100.0, 1000.0), 1e-6
#: A firing orbit next to the edge of the domain comes this near (in sizes of the states) to the saddle behind it.
BESIDE = 1e-2


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
    work = _Neuron.of(system, jump, given)
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


@dataclass(slots=True, eq=False)
class _Neuron:
    """A planar integrate-and-fire neuron: which state is what, and its flights."""

    system: System
    jump: int
    voltage: int
    reset: float
    flights: Flights
    points: tuple[FixedPoint, ...]
    longest: float = np.inf

    @classmethod
    def of(cls, system: System, jump: str | None, given: Mapping[str, Any]) -> _Neuron:
        check_flow(system, "spike_map")
        if not system.jumps:
            raise ModelError(f"{system.name} has no jumps: of smooth flows, dn.poincare_map gives return maps")
        if len(system.states) != 2:
            raise ModelError(
                f"{system.name} has {len(system.states)} state{'s' * (len(system.states) != 1)}: spike_map is for "
                "planar neurons, a voltage and one more variable; dn.poincare_map takes any number of states"
            )
        names = [str(j.name) for j in system.jumps]
        if jump is not None and jump not in names:
            raise ValueError(f"{system.name}: {unknown('jump', jump, names)}")
        if jump is None and len(names) > 1:
            raise ValueError(f"{system.name} has {len(names)} jumps, {', '.join(names)}: say which is the spike, jump=")
        which = names.index(jump) if jump is not None else 0
        voltage = _voltage(system, which)
        for name, pair in given.items():
            if system.state(name) != system.states[1 - voltage]:
                raise ValueError(
                    f"{system.name}: the map is of {system.states[1 - voltage]!r}, {name!r} is reset by the spike: "
                    f"give {system.states[1 - voltage]}=(low, high)"
                )
            finite_range(system, name, pair)
        values = {system.symbols[n]: v for n, v in system.values.items()}
        reset = float(system.jumps[which].to[system.states[voltage]].subs(values))
        flights = Flights(system, sizes(system, dict(given)), "spike_map", stop=which)
        made = cls(system, which, voltage, reset, flights, ())
        made.check_reset(given)
        made.points = made.equilibria(given)
        flights.rest_at([p.point for p in made.points if p.stable])
        return made

    @property
    def variable(self) -> str:
        return self.system.states[1 - self.voltage]

    def starts(self, w: Array) -> Array:
        made = np.empty((w.size, 2))
        made[:, self.voltage], made[:, 1 - self.voltage] = self.reset, w
        return made

    def check_reset(self, given: Mapping[str, Any]) -> None:
        """Refuse a reset at which the spike is already due, where there would be no time between spikes."""
        w = np.array([sum(given[self.variable]) / 2 if given else self.system.initial[self.variable]])
        values, state = np.empty(self.flights.kernels.n_guards), np.empty(self.flights.kernels.n_jumps)
        self.flights.kernels.guards(0.0, self.starts(w)[0], self.flights.kernels.p, values)
        self.flights.kernels.conditions(values, state)
        if state[self.jump] > 0:
            name = self.system.states[self.voltage]
            raise ModelError(
                f"{self.system.name}: {name} is reset to {self.reset:g}, where the condition of the jump "
                f"{self.system.jumps[self.jump].name!r} holds already: infinitely many spikes in no time. Lower the "
                "reset or raise the threshold"
            )

    def equilibria(self, given: Mapping[str, Any]) -> tuple[FixedPoint, ...]:
        """Return the equilibria below the threshold, as far as the ranges of the model tell where to look."""
        name = self.system.states[self.voltage]
        box = dict(given)
        if name in self.system.ranges:
            low, high = self.system.ranges[name]
            box[name] = (min(low, self.reset), max(high, self.reset))
        try:
            return tuple(fixed_points(self.system, ranges=box))
        except ValueError:  # no range to search: starts that rest are then given up after the longest time
            return ()

    def patience(self) -> float:
        """Return how long to wait for a spike."""
        n, k = 2, self.flights.kernels
        jacobian = np.empty((n, n))
        k.jacobian(0.0, self.starts(np.array([self.system.initial[self.variable]]))[0], k.p, jacobian)
        rates = np.abs(np.concatenate((np.linalg.eigvals(jacobian).real, np.diag(jacobian))))
        rates = rates[rates > 0.0]
        if not rates.size:
            raise ValueError(f"{self.system.name}: nothing tells how long to wait for a spike: give t=")
        return PATIENCE / float(rates.min())

    def evaluate(self, w: Array, iterations: int) -> Images:
        """Follow starts just after a spike to the next ones."""
        flown = self.flights.run(
            self.starts(w), self.starts(np.ones(1)) - self.starts(np.zeros(1)), self.longest, returns=iterations,
            first_jump=self.jump, mode=RENEW,
        )  # fmt: skip
        other = 1 - self.voltage
        return Images(flown.states[:, :, other], flown.vectors[:, :, 0, other], flown.times, flown.outcomes)

    def nullcline(self) -> float:
        """Return w with dV/dt = 0 at the reset, NaN unless dV/dt is affine in w there."""
        k, f = self.flights.kernels, np.empty((3, 2))
        for i, w in enumerate((0.0, 1.0, 2.0)):
            k.rhs(0.0, self.starts(np.array([w]))[0], k.p, f[i])
        a, b, c = f[:, self.voltage]
        affine = abs(c - 2 * b + a) <= 1e-9 * abs(b - a)
        return float(-a / (b - a)) if affine and b != a else float("nan")

    def interval(self, given: Mapping[str, Any], system: System) -> tuple[float, float]:
        """Return the interval to sample."""
        if given:
            return finite_range(system, self.variable, given[self.variable])
        top = self.nullcline()
        if np.isfinite(top):
            course = self.evaluate(np.array([top]), 2)
            inside = np.concatenate(([top], course.image[0]))
            if np.isfinite(inside).all() and np.ptp(inside) > 0.0:
                margin = MARGIN * np.ptp(inside)
                return float(inside.min() - margin), float(inside.max() + margin)
        if self.variable in system.ranges:
            return system.ranges[self.variable]
        raise ValueError(f"{system.name}: give the range of {self.variable} to sample, {self.variable}=(low, high)")

    def course(self, system: System, length: int) -> tuple[Array, str]:
        """Return iterates from the model's start, shape (m, 3), and why they end early."""
        first = self.flights.run(np.array([list(system.initial.values())]), np.empty((0, 2)), self.longest)
        if first.outcomes[0] != RETURNED:
            return np.empty((0, 3)), self._words(int(first.outcomes[0]))
        w = first.states[0, 0, 1 - self.voltage]
        made = self.evaluate(np.array([w]), length)
        done = int(np.isfinite(made.image[0]).sum())
        points = np.concatenate(([w], made.image[0]))[: done + (done == length) * 0]
        rows = np.stack((points[:done], made.time[0, :done], made.slope[0, :done]), axis=1)
        return rows, "" if done == length else self._words(int(made.outcome[0]))

    def _words(self, outcome: int) -> str:
        if outcome in WORDS:
            return WORDS[outcome].replace("come to the section", f"spiked within t = {self.longest:g}")
        return f"rests at {self._place([p for p in self.points if p.stable][outcome])}"

    def _place(self, point: FixedPoint) -> str:
        return "(" + ", ".join(self.system.states) + ") = (" + ", ".join(f"{x:.6g}" for x in point.point) + ")"

    def edge_reason(self, edge: float, outcome: int) -> str:
        """Return what happens beyond an edge of the domain, and which saddle the last firing orbit passes."""
        beyond = self._words(outcome)
        saddles = [p for p in self.points if p.kind == "saddle"]
        near = self._nearest(edge, saddles)
        return f"stable manifold of the saddle at {self._place(near)}; beyond it {beyond}" if near else beyond

    def _nearest(self, edge: float, saddles: list[FixedPoint]) -> FixedPoint | None:
        from dynana.simulation.simulate import simulate

        run = simulate(self.system, self.longest, start=self.starts(np.array([edge]))[0], progress=False)
        spikes = run.jump_times  # type: ignore[union-attr]
        until = float(spikes[0]) if len(spikes) else self.longest
        path = run.y[run.t < until]  # type: ignore[union-attr]
        for point in saddles:
            if path.size and np.min(np.linalg.norm((path - point.point) / self.flights.scale, axis=1)) < BESIDE:
                return point
        return None


def _voltage(system: System, which: int) -> int:
    """Return the state that the jump resets to an expression of parameters alone."""
    jump = system.jumps[which]
    states = {system.symbols[n] for n in system.states}
    fixed = [i for i, n in enumerate(system.states) if n in jump.to and not jump.to[n].free_symbols & states]
    if jump.refractory is not None and jump.refractory.free_symbols & states:
        raise ModelError(f"{system.name}: the refractory time depends on the state; spike_map needs one that does not")
    if len(fixed) != 1:
        found = "no state" if not fixed else "both states"
        raise ModelError(
            f"{system.name}: the jump {jump.name!r} sets {found} to an expression of parameters alone; for a map of the "
            "line it must reset one state (the voltage) and change the other one by its value (w -> w + b)"
        )
    other = system.states[1 - fixed[0]]
    if not isinstance(jump.to.get(other, system.symbols[other]), sp.Expr):
        raise ModelError(f"{system.name}: the new value of {other} is no expression")
    return fixed[0]


def _attractor(work: _Neuron, course: Array, width: float) -> Orbit | None:
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


def _critical(work: _Neuron, found: Sampled) -> Array:
    """Return the extrema; one on the nullcline is put there, since a double root of the slope is found less exactly."""
    places = found.turning.copy()
    exact, rests = work.nullcline(), work.system.jumps[work.jump].refractory
    width = found.x[-1] - found.x[0]
    if np.isfinite(exact) and (rests is None or rests == 0 or work.flights.kernels.p is None):
        places[np.abs(places - exact) < 1e-6 * width] = exact
    images = work.evaluate(places, 1).image[:, 0] if places.size else np.empty(0)
    return np.stack((places, images), axis=1)


def _plateau(work: _Neuron, found: Sampled) -> float:
    width = found.x[-1] - found.x[0]
    far = work.evaluate(found.x[-1] + width * np.array(FAR), 1).image[:, 0]
    return float(far[-1]) if abs(far[-1] - far[-2]) <= FLAT * width else float("nan")


def _result(
    work: _Neuron, found: Sampled, orbits: list[Orbit], course: Array, outcome: str, period: int
) -> SpikeMap:
    system, width = work.system, float(found.x[-1] - found.x[0])
    settled = int(SETTLING * len(course))
    attractor = None if outcome else _attractor(work, course, width)
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
