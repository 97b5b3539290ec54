"""`SpikeMap`: what a spike makes of the adaptation of a planar integrate-and-fire neuron, as a map of the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.results.base import Result
from dynana.results.periodic_point import PeriodicPoint
from dynana.results.tables import Table, number

#: An exponent counts as positive beyond this many standard errors.
CERTAIN = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SpikeMap(Result):
    """The map from the value of the adaptation variable just after one spike to that just after the next.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameters : dict of str to float
    jump : str
        Name of the jump that is the spike.
    variable, voltage : str
        The adaptation variable w, and the state that is reset.
    reset : float
        To what the voltage is reset.
    w : ndarray, shape (k,)
        Points of the sample, increasing.
    image, slope, time : ndarray, shape (k,)
        Next value, derivative of the map, time until the next spike; NaN where there is none.
    edges : ndarray, shape (e,)
        Where firing ends, on the side that fires.
    edge_reasons : tuple of str
        What happens on the other side.
    breaks : ndarray, shape (b, 3)
        Discontinuities: place, image to the left and to the right.
    critical : ndarray, shape (c, 2)
        Extrema: place and image. At a maximum the orbit starts on the nullcline of the voltage.
    plateau : float
        Image of very large w; NaN if they do not fire or the images do not settle.
    orbits : tuple of ndarray, shape (p, 3)
        Periodic orbits: w, time until the next spike, and slope at each point, from the smallest w on.
    points : tuple of PeriodicPoint
        The same as states of the system, for `find_cycle` and `continue_cycles`.
    period : int
        Periods up to this were looked for.
    course : ndarray, shape (m, 3)
        Iterates from the start: w, time until the next spike, slope.
    settled : int
        How many of these go before the others, which are on the attractor.
    attractor : ndarray, shape (p, 3)
        The stable periodic orbit that the start settles on; empty if there is none.
    exponent, error : float
        Lyapunov exponent per spike of the course, and its standard error (0 on a periodic orbit).
    outcome : str
        Why the course ended early; empty if it did not.
    time_unit : str, optional
    units : dict of str to str
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    jump: str
    variable: str
    voltage: str
    reset: float
    w: np.ndarray
    image: np.ndarray
    slope: np.ndarray
    time: np.ndarray
    edges: np.ndarray
    edge_reasons: tuple[str, ...]
    breaks: np.ndarray
    critical: np.ndarray
    plateau: float
    orbits: tuple[np.ndarray, ...]
    points: tuple[PeriodicPoint, ...]
    period: int
    course: np.ndarray
    settled: int
    attractor: np.ndarray
    exponent: float
    error: float
    outcome: str
    time_unit: str | None
    units: dict[str, str]

    def __len__(self) -> int:
        return len(self.w)

    @property
    def domain(self) -> tuple[tuple[float, float], ...]:
        """The intervals of w, within the sample, from which there is a next spike."""
        fires = np.isfinite(self.image)
        first = np.flatnonzero(fires & np.concatenate(([True], ~fires[:-1])))
        last = np.flatnonzero(fires & np.concatenate((~fires[1:], [True])))
        found = []
        for i, j in zip(first, last, strict=True):
            low, high = float(self.w[i]), float(self.w[j])
            below = self.edges[(self.edges <= low) & (self.edges >= (self.w[i - 1] if i else low))]
            above = self.edges[(self.edges >= high) & (self.edges <= (self.w[j + 1] if j + 1 < len(self) else high))]
            found.append((float(below[-1]) if below.size else low, float(above[0]) if above.size else high))
        return tuple(found)

    @property
    def fixed_points(self) -> tuple[PeriodicPoint, ...]:
        """Periodic points of period one: tonic spiking, stable or not."""
        return tuple(p for p in self.points if p.spikes == 1)

    def periodic(self, spikes: int) -> tuple[PeriodicPoint, ...]:
        """Periodic points with so many spikes."""
        return tuple(p for p in self.points if p.spikes == spikes)

    @property
    def stable(self) -> tuple[PeriodicPoint, ...]:
        """The stable ones among the periodic points."""
        return tuple(p for p in self.points if p.stable)

    def at(self, w: Any) -> np.ndarray:
        """Interpolate the map between its points (Hermite's cubic); NaN outside the domain and across breaks."""
        x = np.asarray(w, dtype=float)
        right = np.clip(np.searchsorted(self.w, x, side="left"), 1, len(self) - 1)
        left = right - 1
        h = self.w[right] - self.w[left]
        s = (x - self.w[left]) / h
        change = self.image[right] - self.image[left]
        bend = (1 - s) * (h * self.slope[left] - change) + s * (change - h * self.slope[right])
        value = self.image[left] + s * change + s * (1 - s) * bend
        outside = (x < self.w[0]) | (x > self.w[-1])
        return np.where(outside, np.nan, value)

    @property
    def invariant(self) -> tuple[float, float]:
        """The interval that the maximum, its image and theirs never leave: from P(P(w*)) to P(w*).

        NaN where the map has no extremum, or the image of its first one does not fire.
        """
        if not len(self.critical):
            return float("nan"), float("nan")
        top = float(np.max(self.critical[:, 1]))
        return float(self.at(top)), top

    @property
    def rotation(self) -> float:
        """Pauses per spike on the attractor: the share of spikes after which the voltage first falls.

        Where the map falls, the reset lies above the nullcline of the voltage (a broad reset): the voltage makes a
        detour before the next spike. 1/k for bursts of k spikes.
        """
        slopes = self._later[:, 2]
        return float(np.mean(slopes < 0.0)) if slopes.size else float("nan")

    @property
    def _later(self) -> np.ndarray:
        return self.attractor if len(self.attractor) else self.course[self.settled :]

    @property
    def bursts(self) -> tuple[int, ...]:
        """Spikes between one pause and the next on the periodic attractor; empty without one."""
        pauses = np.flatnonzero(self.attractor[:, 2] < 0.0) if len(self.attractor) else np.empty(0, int)
        if not pauses.size:
            return ()
        around = np.diff(np.concatenate((pauses, [pauses[0] + len(self.attractor)])))
        return tuple(int(n) for n in around)

    @property
    def reading(self) -> str:
        """What the start comes to, in words."""
        if self.outcome:
            spikes = len(self.course)
            return f"fires {spikes} more time{'s' * (spikes != 1)} and then {self.outcome}"
        k = len(self.attractor)
        unit = f" {self.time_unit}" if self.time_unit else ""
        if not k:
            value = f"exponent {number(self.exponent, 3)} per spike, standard error {number(self.error, 2)}"
            sure = self.exponent > CERTAIN * self.error
            return f"chaos: {value}" if sure else f"no period up to the end of the course: {value}"
        period = f"period {number(float(self.attractor[:, 1].sum()))}{unit}"
        if k == 1:
            return f"tonic spiking, {period}"
        if len(self.bursts) == 1:
            return f"bursts of {k} spikes, {period}"
        if self.bursts and max(self.bursts) > 1:
            return f"{k} spikes, in groups of {' + '.join(map(str, self.bursts))}, {period}"
        return f"{k} spikes at unequal intervals, {period}"

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        rows = tuple(
            (p.spikes, tuple(orbit[:, 0].tolist()) if len(orbit) <= 4 else float(orbit[0, 0]), p.period,
             float(p.multipliers[0].real), "stable" if p.stable else "unstable")
            for p, orbit in zip(self.points, self.orbits, strict=True)
        )  # fmt: skip
        fires = ", ".join(f"[{number(a)}, {number(b)}]" for a, b in self.domain) or "nowhere"
        remarks = [f"fires for {self.variable} in {fires}"]
        remarks += [f"maximum {number(y)} at {number(x)}" for x, y in self.critical]
        remarks.append(self.reading)
        title = f"spike map of {self.system}, {self.voltage} = {number(self.reset)} after {self.jump}; periodic orbits:"
        columns = ("spikes", f"{self.variable} after each", "period", "multiplier", "")
        return Table(columns, rows, title=title, remark="; ".join(remarks))

    def _columns(self) -> dict[str, Any]:
        """One row for each point of the sample."""
        return {self.variable: self.w, "image": self.image, "slope": self.slope, "time": self.time}
