"""Orbits with jumps as numerics computes with them: their pattern, their equations, their saltation matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.forcing import Forcing
from dynana.definition.system import System
from dynana.lowering.kernels import Kernels, lower
from dynana.lowering.spiking import Clocked, clocked
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.orbit_curve import OrbitCurve

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pattern:
    """The segments of a closed orbit with jumps.

    Attributes
    ----------
    events : tuple of int
        What ends each segment, see `dynana.lowering.spiking.Clocked.events`.
    held : tuple of tuple of str
        States that rest during each.
    """

    events: tuple[int, ...]
    held: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.events)

    @property
    def halves(self) -> Pattern | None:
        """The pattern of half the orbit, if both halves have the same."""
        k = len(self) // 2
        half = Pattern(self.events[:k], self.held[:k])
        return half if half.doubled == self else None

    @property
    def doubled(self) -> Pattern:
        """The pattern of two turns."""
        return Pattern(2 * self.events, 2 * self.held)


class SpikingOrbits(OrbitCurve):
    """Orbits of one system with jumps and of one pattern.

    Parameters
    ----------
    system : System
    free : sequence of str
        Parameters that vary along curves: one, or two of which the second keeps its value.
    pattern : Pattern
    speeds : ndarray
        Of the guards, from which on they take the place of time, see `dynana.lowering.spiking`; empty where time is
        not stretched.
    sizes : ndarray, shape (n,)
        Least variation of each state, with the clock if there is one.
    ranges : ndarray, shape (active parameters,)
    stages : int
    gain : Forcing or None
        What time gains in a turn, where it enters the equations.
    made : Clocked, optional
        What the orbits need, where it is not what `dynana.lowering.spiking.clocked` makes of the system.
    keeps_period : bool, optional
        Of two parameters both vary and the period keeps its value, not the second of them.

    Attributes
    ----------
    system : System
        As given.
    clocked : Clocked
    kernels : Kernels
        Of the system with its clock.
    pattern : Pattern
    speeds : ndarray
    free_names : tuple of str
    """

    kernels: Kernels

    def __init__(
        self,
        system: System,
        free: Sequence[str],
        pattern: Pattern,
        speeds: Array,
        sizes: Array,
        ranges: Array,
        stages: int = 4,
        gain: Forcing | None = None,
        *,
        made: Clocked | None = None,
        keeps_period: bool = False,
    ) -> None:
        self.system, self.keeps_period = system, keeps_period
        self.clocked: Clocked = clocked(system) if made is None else made
        self.free_names = tuple(free)
        self.pattern, self.speeds, self.gain = pattern, speeds, gain
        kernels = self.kernels = lower(self.clocked.system)
        p = kernels.p
        p[len(system.parameters) :] = speeds
        rows = [[0.0 if n in held else 1.0 for n in kernels.states] for held in pattern.held]
        equations = OrbitEquations(
            rhs=kernels.rhs,
            jacobian=kernels.jacobian,
            parameter_jacobian=kernels.parameter_jacobian,
            closure=kernels.joins,
            conditions=len(pattern) * (kernels.n + 1),
            p=p,
            active=[system.parameters.index(name) for name in free],
            free=np.array(rows),
            phase=False,
            data=np.array([*pattern.events, *self.law], dtype=float),
        )
        held = (len(pattern) + 1,) if len(free) == 2 and not keeps_period else ()  # of two parameters the second
        further = (self._same_period,) if keeps_period else ()
        super().__init__(equations, sizes, ranges, stages, held=held, further=further)
        self._after = [(i + 1) % len(pattern) for i in range(len(pattern))]
        self._joined: tuple[Array, tuple[Array, Array, Array, Array]] | None = None

    @property
    def shown(self) -> int:
        """Number of states of the given system: without time and the clock."""
        return len(self.clocked.base.states) - int(self.clocked.driven)

    @property
    def law(self) -> tuple[float, ...]:
        """What is gained in a turn, as joins take it, see `dynana.lowering.spiking`."""
        if self.gain is None:
            return -1.0, 0.0, 0.0, 0.0
        return float(self.shown), *self.gain.data(self.clocked.base)

    def forcing_period(self, orbit: Orbit) -> float:
        """Return the period of the forcing of an orbit; 0 without one."""
        if self.gain is None:
            return 0.0
        values = dict(zip(self.kernels.parameters, self.parameters(orbit).tolist(), strict=True))
        return self.gain.period(values) / self.gain.count

    @property
    def halves(self) -> tuple[Pattern, Forcing | None] | None:
        """The pattern of half the orbit and what time gains on it, if it may be two equal turns."""
        half = self.pattern.halves
        if half is None or self.gain is None:
            return None if half is None else (half, None)
        return None if self.gain.half is None else (half, self.gain.half)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of the jump at the end of each segment, empty for the end of a refractory time."""
        owners = [self.clocked.events[event][0] for event in self.pattern.events]
        return tuple("" if k < 0 else str(self.clocked.base.jumps[k].name) for k in owners)

    def patterned(self, pattern: Pattern, gain: Forcing | None = None) -> SpikingOrbits:
        """Return the curve of orbits with another pattern, on which time gains something else."""
        return SpikingOrbits(
            self.system, self.free_names, pattern, self.speeds, self.sizes, self.ranges, self.scheme.stages, gain,
            keeps_period=self.keeps_period,
        )  # fmt: skip

    def lasting(self, orbit: Orbit, values: Array | None = None) -> Array:
        """Return the real durations of the segments, shape (segments,), or how ``values`` (like z) change them."""
        v = orbit.z if values is None else values
        if not self.clocked.clock:
            return v[orbit.scalars_at : orbit.scalars_at + orbit.segments]
        return np.array([points[-1, -1] - points[0, -1] for points, _ in orbit.split(v)])

    def _same_period(self, curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
        """Ask for the period to be kept."""
        gradient = np.zeros_like(orbit.z)
        if not self.clocked.clock:
            gradient[orbit.scalars_at : orbit.scalars_at + orbit.segments] = 1.0
        for clocks in (points[:, -1] for points, _ in orbit.split(gradient) if self.clocked.clock):
            clocks[0], clocks[-1] = -1.0, 1.0
        return gradient, float(self.lasting(orbit).sum())

    def crossing(self, orbit: Orbit) -> Array:
        """Return the direction of the other curve through an orbit; see `OrbitCurve.crossing`."""
        if self.keeps_period:  # conditions are set where a correction starts, and there may have been none
            self._gradients[0] = self._same_period(self, orbit)[0]
        return super().crossing(orbit)

    def ends(self, orbit: Orbit) -> tuple[Array, Array]:
        """Return first and last states of all segments, shape (segments, n) each."""
        parts = [points for points, _ in orbit.split(orbit.z)]
        return np.array([x[0] for x in parts]), np.array([x[-1] for x in parts])

    def parameters(self, orbit: Orbit) -> Array:
        """Return all parameters of an orbit, with the speeds."""
        p = self.p
        for k, value in zip(self.equations.active, orbit.parameters.tolist(), strict=True):
            p[k] = value
        return p

    def joined(self, orbit: Orbit) -> tuple[Array, Array, Array, Array]:
        """Return the linearised joins.

        Returns
        -------
        maps : ndarray, shape (segments, n, n)
            Derivative of the map at the end of each segment.
        gradients : ndarray, shape (segments, n)
            Of the guard there.
        before, after : ndarray, shape (segments, n)
            Derivatives of the states at the end of each segment and at the start of the next.
        """
        if self._joined is not None and self._joined[0] is orbit.z:  # asked for several times
            return self._joined[1]
        count, n = len(self.pattern), self.n
        starts, ends = self.ends(orbit)
        p, rhs = self.parameters(orbit), self.kernels.rhs
        derivative = self._linearised(orbit)
        maps, gradients = np.empty((count, n, n)), np.empty((count, n))
        before, after = np.empty((count, n)), np.empty((count, n))
        for i in range(count):
            block = derivative[i * (n + 1) : (i + 1) * (n + 1), (count + i) * n : (count + i + 1) * n]
            maps[i], gradients[i] = block[:n], block[n]
            rhs(0.0, ends[i], p, before[i])
            rhs(0.0, starts[i], p, after[i - 1])
        before *= self.equations.free
        after *= self.equations.free[self._after]
        self._joined = orbit.z, (maps, gradients, before, after)
        return maps, gradients, before, after

    def joined_parameters(self, orbit: Orbit) -> tuple[Array, Array]:
        """Return the derivatives of maps and guards at the ends of segments by all parameters.

        Returns
        -------
        maps : ndarray, shape (segments, n, n_parameters)
        guards : ndarray, shape (segments, n_parameters)
        """
        count, n = len(self.pattern), self.n
        last = self._linearised(orbit)[:, (2 * n + 1) * count :].reshape(count, n + 1, -1)
        return last[:, :n], last[:, n]

    def _linearised(self, orbit: Orbit) -> Array:
        """Return the derivative of the joins, see `dynana.numerics.kernel_addresses.CLOSURE`."""
        starts, ends = self.ends(orbit)
        p, count, n = self.parameters(orbit), len(self.pattern), self.n
        out = np.zeros(count * (n + 1))
        derivative = np.zeros((out.size, (2 * n + 1) * count + p.size))
        self.equations.closure(starts, ends, orbit.durations.copy(), p, self._model[3], out, derivative)
        return derivative

    def guard(self, event: int, state: Array, parameter: int, value: float) -> tuple[float, Array, float]:
        """Return a guard at a state of the given system, its gradient, and its derivative by a parameter."""
        count, n, base = len(self.pattern), self.n, len(self.clocked.base.states)
        p = self.p
        p[parameter] = value
        ends = np.zeros((count, n))
        ends[:, :base] = state
        out = np.zeros(count * (n + 1))
        derivative = np.zeros((out.size, (2 * n + 1) * count + p.size))
        self.equations.closure(np.zeros((count, n)), ends, np.ones(count), p, self._model[3], out, derivative)
        i = self.pattern.events.index(event)
        row = derivative[i * (n + 1) + n]
        at = (count + i) * n
        return float(out[i * (n + 1) + n]), row[at : at + base].copy(), float(row[(2 * n + 1) * count + parameter])

    def saltations(self, orbit: Orbit) -> Array:
        """Return the saltation matrices at the ends of all segments, shape (segments, n, n).

        A threshold that is touched counts as crossed at a rate of the size of rounding.
        """
        maps, gradients, before, after = self.joined(orbit)
        rates = np.einsum("in,in->i", gradients, before)
        typical = np.abs(gradients) @ self.sizes / orbit.durations.sum()
        rates = np.where(rates == 0.0, np.finfo(np.float64).eps * typical, rates)
        lost = after - np.einsum("ijk,ik->ij", maps, before)
        result: Array = maps + lost[:, :, None] * gradients[:, None, :] / rates[:, None, None]
        return result

    def spectrum(self, orbit: Orbit, joins: Array | None = None, *, resolved: bool = False) -> Spectrum:
        """Return the multipliers of the orbit computed last; that of the clock, which is 0, is left out."""
        found = super().spectrum(orbit, self.saltations(orbit) if joins is None else joins, resolved=resolved)
        if not self.clocked.clock:
            return found
        trace = found.trace
        if resolved and self.clocked.stretched:
            trace -= self._stretching(orbit)
        return Spectrum(found.logarithms[:-1], found.phases[:-1], trace)

    def _stretching(self, orbit: Orbit) -> float:
        """Return what stretched time adds to the integral of the trace: changes of log(dt/ds) over segments."""
        p, total, rate = self.parameters(orbit), 0.0, np.empty(self.n)
        for states, sign in zip(self.ends(orbit), (-1.0, 1.0), strict=True):
            for x in states:
                self.kernels.rhs(0.0, x, p, rate)
                total += sign * float(np.log(rate[-1]))
        return total
