"""Planar integrate-and-fire neurons as maps of the line: which state is what, and flights from spike to spike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from dynana.analysis.fixed_points import fixed_points
from dynana.analysis.interval_maps import Images
from dynana.analysis.ranges import finite_range
from dynana.analysis.return_flights import WORDS, Flights, check_flow, patience, sizes
from dynana.definition.system import System
from dynana.errors import ModelError, unknown
from dynana.numerics.flights import RENEW, RETURNED
from dynana.results.fixed_points import FixedPoint

Array = NDArray[np.float64]

#: The sample goes beyond the interval that the map does not leave by this share of it.
MARGIN = 0.5
#: Images of the maximum that the sampled interval holds: the first two bound it where the map folds, and where it only
#: rises they run down to a fixed point below.
SETTLED = 50
#: dV/dt is affine in w if its slope is the same at two places but for this share.
SAME_SLOPE = 1e-12
#: Equilibria are looked for within this many sizes of the adaptation variable.
WIDE = 1e3
#: An edge of the domain is on the stable manifold of a saddle that meets the line of resets this near to it (in sizes
#: of the adaptation variable). The manifold is followed backwards from this far off the saddle, for so many of its
#: times, as far as this (in sizes of the states).
BESIDE, OFFSET, LENGTH, AWAY = 1e-6, 1e-6, 60.0, 5.0


@dataclass(slots=True, eq=False)
class ResetNeuron:
    """A planar integrate-and-fire neuron: which state is what, and its flights."""

    system: System
    jump: int
    voltage: int
    reset: float
    flights: Flights
    points: tuple[FixedPoint, ...]
    longest: float = np.inf

    @classmethod
    def of(cls, system: System, jump: str | None, given: Mapping[str, Any]) -> ResetNeuron:
        """Return the neuron that a system is, or say why it is none."""
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
        reset = float(system.jumps[which].to[system.states[voltage]].subs(values_of(system)))
        flights = Flights(system, sizes(system, dict(given)), "spike_map", stop=which)
        made = cls(system, which, voltage, reset, flights, ())
        made.check_reset(given)
        made.points = made.equilibria()
        flights.rest_at([p.point for p in made.points if p.stable])
        return made

    @property
    def variable(self) -> str:
        """The adaptation variable."""
        return self.system.states[1 - self.voltage]

    def starts(self, w: Array) -> Array:
        """Return the states just after a spike, shape (k, 2)."""
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

    def equilibria(self) -> tuple[FixedPoint, ...]:
        """Return the equilibria below the threshold, as far as the ranges of the model tell where to look."""
        name = self.system.states[self.voltage]
        middle, extent = self.system.initial[self.variable], WIDE * float(self.flights.scale[1 - self.voltage])
        box = {self.variable: (middle - extent, middle + extent)}
        if name in self.system.ranges:
            low, high = self.system.ranges[name]
            box[name] = (min(low, self.reset), max(high, self.reset))
        try:
            return tuple(fixed_points(self.system, ranges=box))
        except ValueError:  # no range to search: starts that rest are then given up after the longest time
            return ()

    def patience(self) -> float:
        """Return how long to wait for a spike."""
        return patience(self.flights.kernels, self.starts(np.array([self.system.initial[self.variable]]))[0])

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
        k, f, slopes = self.flights.kernels, np.empty(2), np.empty((2, 2, 2))
        w = self.system.initial[self.variable]
        for i, place in enumerate((w, w + 1.0)):
            k.jacobian(0.0, self.starts(np.array([place]))[0], k.p, slopes[i])
        first, second = slopes[:, self.voltage, 1 - self.voltage]
        if first == 0.0 or abs(second - first) > SAME_SLOPE * abs(first):
            return float("nan")
        for _ in range(2):  # the second time with the digits that w had too many
            k.rhs(0.0, self.starts(np.array([w]))[0], k.p, f)
            w -= float(f[self.voltage] / first)
        return w

    def interval(self, given: Mapping[str, Any], system: System) -> tuple[float, float]:
        """Return the interval to sample."""
        if given:
            return finite_range(system, self.variable, given[self.variable])
        top = self.nullcline()
        if np.isfinite(top):
            course = self.evaluate(np.array([top]), SETTLED)
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
        """Return what happens beyond an edge of the domain, and whose stable manifold it is."""
        beyond = self._words(outcome)
        for point in self.points:
            if point.kind == "saddle" and np.min(np.abs(self._meetings(point) - edge), initial=np.inf) < self.beside:
                return f"stable manifold of the saddle at {self._place(point)}; beyond it {beyond}"
        return beyond

    @property
    def beside(self) -> float:
        """How near to an edge the manifold of a saddle has to come."""
        return BESIDE * float(self.flights.scale[1 - self.voltage])

    def _meetings(self, point: FixedPoint) -> Array:
        """Return where the stable manifold of a saddle meets the line of resets, following it backwards in time."""
        k, f, scale = self.flights.kernels, np.empty(2), self.flights.scale
        slowest = int(np.argmin(point.eigenvalues.real))
        direction = point.eigenvectors[:, slowest].real

        def backwards(_: float, y: Array) -> Array:
            k.rhs(0.0, y, k.p, f)
            return -f

        def crossing(_: float, y: Array) -> float:
            return float(y[self.voltage] - self.reset)

        def away(_: float, y: Array) -> float:
            return float(np.max(np.abs(y - point.point) / scale)) - AWAY

        away.terminal = True  # type: ignore[attr-defined]
        found = []
        for sign in (-1.0, 1.0):
            start = point.point + sign * OFFSET * direction / np.max(np.abs(direction) / scale)
            run = solve_ivp(
                backwards, (0.0, LENGTH / abs(point.eigenvalues.real[slowest])), start, method="DOP853",
                events=(crossing, away), rtol=1e-11, atol=1e-11 * scale,
            )  # fmt: skip
            found += [y[1 - self.voltage] for y in run.y_events[0]]
        return np.array(found)


def values_of(system: System) -> dict[sp.Symbol, float]:
    """Return the values of the parameters by symbol."""
    return {system.symbols[n]: v for n, v in system.values.items()}


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
            f"{system.name}: the jump {jump.name!r} sets {found} to an expression of parameters alone; for a map of "
            "the line it must reset one state (the voltage) and change the other one by its value (w -> w + b)"
        )
    other = system.states[1 - fixed[0]]
    if not isinstance(jump.to.get(other, system.symbols[other]), sp.Expr):
        raise ModelError(f"{system.name}: the new value of {other} is no expression")
    return fixed[0]
