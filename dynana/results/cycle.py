"""Limit cycles: closed orbits made of smooth segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.results import collocated
from dynana.results.base import Result, column
from dynana.results.tables import number

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment(Result):
    """One smooth piece of a closed orbit.

    Parameters
    ----------
    first, last : int
        Rows of the cycle that belong to it, both included; neighbouring segments share no row.
    duration : float
    stages : int
        Gauss points in each mesh interval. The rows are the mesh points and the Gauss points between them:
        intervals * (stages + 1) + 1.
    widths : ndarray, shape (intervals,)
        Relative widths of the mesh intervals, sum 1.
    held : tuple of str
        States that rest during the segment.
    jump : str
        Name of the jump at its end; empty where the orbit just goes on.
    speeds : tuple of float
        Speeds of the guards of jumps from which on these take the place of time along the mesh, where they rise without
        bound; the times of the rows are then no even function of it. Empty where the mesh is one of time.
    """

    first: int
    last: int
    duration: float
    stages: int
    widths: np.ndarray
    held: tuple[str, ...] = ()
    jump: str = ""
    speeds: tuple[float, ...] = ()

    def _check(self) -> None:
        rows = self.widths.size * (self.stages + 1) + 1
        if self.last - self.first + 1 != rows:
            raise ValueError(
                f"a segment of {self.widths.size} intervals with {self.stages} Gauss points has {rows} rows, "
                f"got {self.first} to {self.last}"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Cycle(Result):
    """A closed orbit, as polynomials between mesh points.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameters : dict of str to float
        All values.
    times : ndarray, shape (k,)
        From 0 to the period; increasing within each segment.
    points : ndarray, shape (k, n)
        States at the times; the last row is the first one again (up to full turns of angles, and a jump).
    segments : tuple of Segment
    period : float
    log_moduli, phases : ndarray, shape (n,)
        Of the Floquet multipliers, largest modulus first.
    trace : float
        Integral of the trace of the Jacobian over the period: by Liouville's formula the sum of ``log_moduli`` where
        there are no jumps.
    stable : bool
        Whether all multipliers but the trivial one are inside the unit circle.
    error : float
        Estimated discretisation error between mesh points, relative to the extent of the cycle.
    residual : float
        Last correction of Newton's method, relative to the extent of the cycle.
    forced : bool
        Whether time enters the equations: then no multiplier is trivial.
    start_time : float
        Time of the equations at the first row; not 0 only for forced cycles with jumps, which begin just after one.
    time_unit : str
        Where the system states one.
    units : dict of str to str
        Of states and parameters, likewise.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    times: np.ndarray
    points: np.ndarray
    segments: tuple[Segment, ...]
    period: float
    log_moduli: np.ndarray
    phases: np.ndarray
    trace: float
    stable: bool
    error: float
    residual: float
    forced: bool = False
    start_time: float = 0.0
    time_unit: str = ""
    units: dict[str, str] = field(default_factory=dict)

    def _check(self) -> None:
        if self.points.shape != (self.times.size, len(self.states)):
            raise ValueError(f"points must have shape {(self.times.size, len(self.states))}, got {self.points.shape}")
        rows = [segment.last - segment.first + 1 for segment in self.segments]
        if sum(rows) != self.times.size:
            raise ValueError(f"segments have {sum(rows)} rows, points {self.times.size}")

    def __getitem__(self, name: str) -> Array:
        """The column of a state, shape (k,)."""
        return np.asarray(column(self.points, self.states, name))

    def __len__(self) -> int:
        return self.times.size

    @property
    def multipliers(self) -> NDArray[np.complex128]:
        """Floquet multipliers, largest modulus first; the smallest may underflow to 0, the largest overflow to inf."""
        return multipliers(self.log_moduli, self.phases)

    @property
    def frequency(self) -> float:
        """1 / period."""
        return 1.0 / self.period

    @property
    def jumps(self) -> int:
        """Number of jumps in a period."""
        return sum(bool(segment.jump) for segment in self.segments)

    @property
    def rate(self) -> float:
        """Jumps per time unit, the firing rate of a spiking model; 1 / period of a cycle without jumps."""
        return max(self.jumps, 1) / self.period

    @property
    def maxima(self) -> Array:
        """Largest value of each state, on the polynomials, shape (n,)."""
        return np.asarray(np.max([collocated.extrema(x, s.stages)[0] for s, x in self._parts()], axis=0))

    @property
    def minima(self) -> Array:
        """Smallest value of each state, on the polynomials, shape (n,)."""
        return np.asarray(np.min([collocated.extrema(x, s.stages)[1] for s, x in self._parts()], axis=0))

    @property
    def amplitude(self) -> Array:
        """Difference between the largest and the smallest value of each state, shape (n,)."""
        return self.maxima - self.minima

    @property
    def mean(self) -> Array:
        """Mean of each state over time by Gauss quadrature, shape (n,)."""
        parts = [
            collocated.integral(x, self.times[s.first : s.last + 1], s.stages) if s.speeds
            else s.duration * collocated.mean(x, s.widths, s.stages)
            for s, x in self._parts()
        ]  # fmt: skip
        return np.asarray(np.sum(parts, axis=0) / self.period)

    def state(self, time: ArrayLike) -> Array:
        """Return the states at any time, continued periodically.

        Parameters
        ----------
        time : array_like
            Any shape; 0 is the first row. At a jump the state after it.

        Returns
        -------
        ndarray, shape (*time.shape, n)
            On the collocation polynomials. Angles that gain full turns in a period do so here too.
        """
        asked = np.asarray(time, dtype=float)
        turns, t = np.divmod(asked.ravel(), self.period)
        result = self.interpolated(self.points, t)
        if not self.jumps:
            result += turns[:, None] * np.where(self._gains(), self.points[-1] - self.points[0], 0.0)
        return result.reshape(*asked.shape, len(self.states))

    def _gains(self) -> NDArray[np.bool_]:
        """Which states gain something over a period (angles), and do not just close up to rounding."""
        return np.asarray(np.abs(self.points[-1] - self.points[0]) > 0.5 * np.ptp(self.points, axis=0))

    def sample(self, count: int) -> tuple[Array, Array]:
        """Return ``count`` uniform times from 0 to the period, both included, and the states there.

        Parameters
        ----------
        count : int
            At least 2.

        Returns
        -------
        times : ndarray, shape (count,)
        states : ndarray, shape (count, n)
        """
        if count < 2:
            raise ValueError(f"sample(count) needs at least 2 samples, got {count!r}")
        times = np.linspace(0.0, self.period, count)
        states = self.interpolated(self.points, times)
        states[-1] = self.points[-1]
        return times, states

    def relative_times(self, segment: Segment) -> Array:
        """Return the times of the rows of a segment as fractions of its duration, from 0 to 1."""
        own = self.times[segment.first : segment.last + 1]
        return np.asarray((own - own[0]) / segment.duration)

    def _parts(self) -> list[tuple[Segment, Array]]:
        return [(s, self.points[s.first : s.last + 1]) for s in self.segments]

    def interpolated(self, values: Array, t: Array) -> Array:
        """Return columns with a value at each row, shape (rows, m), at times (k,) in [0, period], on the polynomials.

        At a jump the values after it.
        """
        starts = np.concatenate(([0.0], np.cumsum([s.duration for s in self.segments])[:-1]))
        which = np.searchsorted(starts, t, side="right") - 1
        result = np.empty((t.size, values.shape[1]))
        for i, segment in enumerate(self.segments):
            here = which == i
            if not here.any():
                continue
            x = values[segment.first : segment.last + 1]
            s = (t[here] - starts[i]) / segment.duration
            if segment.speeds:
                s = collocated.places(self.relative_times(segment), segment.widths, segment.stages, s)
            result[here] = collocated.values(collocated.coefficients(x, segment.stages), segment.widths, s)
        return result

    @property
    def sentence(self) -> str:
        """The cycle in words."""
        kind = "stable" if self.stable else "unstable"
        spikes = self.jumps
        jumps = f", {spikes} jump{'s' * (spikes != 1)}" if spikes else ""
        extents = ", ".join(
            f"{n} {number(a)} to {number(b)}" for n, a, b in zip(self.states, self.minima, self.maxima, strict=True)
        )
        largest = ", ".join(number(m, 3) for m in self.multipliers[:3])
        more = ", ..." if len(self.states) > 3 else ""
        return f"{kind} cycle, period {number(self.period)}{jumps}: {extents}; multipliers {largest}{more}"

    def __repr__(self) -> str:
        return f"<Cycle of {self.system}: {self.sentence}>"

    def _columns(self) -> dict[str, Any]:
        """One row for each stored point: segment (from 1), time, states."""
        rows = [s.last - s.first + 1 for s in self.segments]
        number_of = np.repeat(np.arange(1, len(rows) + 1), rows)
        return {"segment": number_of, "t": self.times} | {name: self[name] for name in self.states}


def multipliers(log_moduli: Array, phases: Array) -> NDArray[np.complex128]:
    """Return complex multipliers from logarithms of moduli and phases; real ones are exactly real."""
    with np.errstate(over="ignore", under="ignore"):
        moduli = np.exp(log_moduli)
    real = (phases == 0.0) | (np.abs(phases) == np.pi)
    directions = np.where(real, np.where(phases == 0.0, 1.0, -1.0) + 0j, np.exp(1j * phases))
    with np.errstate(invalid="ignore"):
        return np.where(moduli == 0.0, 0.0, np.where(real, moduli * directions.real + 0j, moduli * directions))
