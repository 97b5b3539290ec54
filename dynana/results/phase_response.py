"""Phase responses: by how much a small kick at each moment of a cycle advances everything that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.errors import unknown
from dynana.results import collocated
from dynana.results.base import Result
from dynana.results.cycle import Cycle
from dynana.results.tables import Table, number

Array = NDArray[np.float64]

#: Samples of each mesh interval among which extrema and changes of sign are looked for.
PARTS = 16
#: Halvings that locate a change of sign to the last digit.
HALVINGS = 60
#: A response counts as one of type I if its smaller lobe has less than this share of the whole area: measured curves
#: and all models but normal forms have a small negative part during the spike.
TYPE_ONE = 0.05
#: Changes of sign between values below this share of the largest one are rounding.
NO_SIGN = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PhaseResponse(Result):
    """The infinitesimal phase response of a limit cycle to kicks of each state and to pulses of each parameter.

    A kick that changes a state by a small amount e at time t advances all later events by Z(t) e, in units of time
    (positive: they come earlier). ``response["V"]`` is the column of a state, in units of time per unit of the state;
    ``response["I"]`` that of a parameter, per unit of the parameter and of time: a short pulse counts by its area.
    Divide by the period for fractions of it, multiply by `radians` for angles.

    Parameters
    ----------
    cycle : Cycle
        The orbit, resolved for the response; its first row is at phase zero. ``times`` and ``period`` are the cycle's.
    values : ndarray, shape (k, n)
        Response Z to kicks of the states at the times of the cycle; Z . f = 1 everywhere.
    parameter_values : ndarray, shape (k, number of parameters)
        Response Z . df/dp to pulses of the parameters, in the order of ``cycle.parameters``.
    origin : str
        Where phase zero is, in words.
    deviation : float
        Largest distance of Z . f from 1 at mesh points.
    error : float
        Estimated error between mesh points, relative to the size of each response (and of the orbit).
    units : dict of str to str
        Of states and parameters, as far as the system names them.
    time_unit : str
    at_jumps : ndarray, shape (segments, number of parameters)
        What the jump at the end of each segment adds to the integrals of the responses to parameters, which enter
        thresholds and jump maps, too; empty for cycles without jumps.
    """

    cycle: Cycle
    values: np.ndarray
    parameter_values: np.ndarray
    origin: str
    deviation: float
    error: float
    units: dict[str, str]
    time_unit: str = ""
    at_jumps: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    def _check(self) -> None:
        for what, names, array in (
            ("values", self.states, self.values),
            ("parameter_values", self.cycle.parameters, self.parameter_values),
        ):
            shape = (len(self.cycle), len(names))
            if array.shape != shape:
                raise ValueError(f"{what} must have shape {shape}, got {array.shape}")

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.cycle.states

    @property
    def names(self) -> tuple[str, ...]:
        """What can be kicked: states, then parameters."""
        return (*self.states, *self.cycle.parameters)

    @property
    def period(self) -> float:
        """Of the cycle."""
        return self.cycle.period

    @property
    def times(self) -> Array:
        """Times of the rows from phase zero, shape (k,), 0 to the period."""
        return self.cycle.times

    @property
    def phases(self) -> Array:
        """Times as fractions of the period, shape (k,)."""
        return np.asarray(self.cycle.times / self.period)

    @property
    def radians(self) -> float:
        """Factor that turns the values from time into angle, 2 pi / period."""
        return 2.0 * np.pi / self.period

    @property
    def period_derivatives(self) -> dict[str, float]:
        """Derivative of the period by each parameter: minus the integral of its response, and minus `at_jumps`."""
        parts = [
            collocated.integral(x, self.times[s.first : s.last + 1], s.stages) if s.speeds
            else s.duration * collocated.mean(x, s.widths, s.stages)
            for s, x in self._parts(self.parameter_values)
        ]  # fmt: skip
        whole = np.sum(parts, axis=0) + (self.at_jumps.sum(axis=0) if self.at_jumps.size else 0.0)
        return dict(zip(self.cycle.parameters, (-whole).tolist(), strict=True))

    def __getitem__(self, name: str) -> Array:
        """The response to a state or parameter by name, shape (k,)."""
        return self._column(name)[:, 0]

    def unit(self, name: str) -> str:
        """Unit of the response to a state or parameter, for example ``ms/mV``; empty where the system names none."""
        self._column(name)
        per = self.units.get(name, "")
        if name in self.states:
            return f"{self.time_unit}/{per}" if self.time_unit and per else self.time_unit
        return f"1/({per})" if set(per) & set(" /*") else f"1/{per}" if per else ""

    def at(self, times: ArrayLike, name: str | None = None) -> Array:
        """Return the response at any times, continued periodically.

        Parameters
        ----------
        times : array_like
            From phase zero, any shape.
        name : str, optional
            A state or parameter.

        Returns
        -------
        ndarray
            On the collocation polynomials: shape of ``times``, or (*times.shape, n) for all states without a name.
        """
        asked = np.asarray(times, dtype=float)
        values = self.values if name is None else self._column(name)
        found = self.cycle.interpolated(values, np.mod(asked.ravel(), self.period))
        return found.reshape((*asked.shape, values.shape[1]) if name is None else asked.shape)

    def sample(self, count: int) -> tuple[Array, Array]:
        """Return ``count`` uniform times from 0 to the period, both included, and the response of the states there.

        Returns
        -------
        times : ndarray, shape (count,)
        values : ndarray, shape (count, n)
        """
        if count < 2:
            raise ValueError(f"sample(count) needs at least 2 samples, got {count!r}")
        times = np.linspace(0.0, self.period, count)
        values = self.cycle.interpolated(self.values, times)
        values[-1] = self.values[-1]
        return times, values

    def zeros(self, name: str) -> Array:
        """Return the phases, as fractions of the period, at which a response changes its sign.

        Parameters
        ----------
        name : str
            A state or parameter.
        """
        column = self._column(name)
        times = fine_times(self.cycle)
        z = self.cycle.interpolated(column, times)[:, 0]
        sign = np.where(np.abs(z) > NO_SIGN * np.abs(z).max(), np.sign(z), 0.0)
        known = np.flatnonzero(sign)
        if known.size == 0:
            return np.zeros(0)
        after = np.roll(known, -1)
        changes = np.flatnonzero(sign[known] != sign[after])
        low, high = times[known[changes]], times[after[changes]]
        high = np.where(high < low, high + self.period, high)
        rising = sign[after[changes]]
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            beyond = self.cycle.interpolated(column, np.mod(middle, self.period))[:, 0] * rising > 0.0
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return np.sort(np.mod(high, self.period) / self.period)

    def areas(self, name: str) -> tuple[float, float]:
        """Return the integrals over the period of the advancing and of the delaying part, both positive.

        Parameters
        ----------
        name : str
            A state or parameter.
        """
        column = self._column(name)
        edges = np.union1d(self.zeros(name) * self.period, self.times)
        nodes, weights = collocated.gauss_nodes(max(s.stages for s in self.cycle.segments))
        inside = edges[:-1, None] + np.diff(edges)[:, None] * nodes[1:]
        parts = (self.cycle.interpolated(column, inside.ravel()).reshape(inside.shape) @ weights) * np.diff(edges)
        advance, delay = parts[parts > 0.0].sum(), -parts[parts < 0.0].sum()
        return float(advance), float(delay)

    def kind(self, name: str) -> str:
        """Return the type of a response in words: type I has one sign, type II advances and delays.

        Parameters
        ----------
        name : str
            A state or parameter.
        """
        advance, delay = self.areas(name)
        whole = advance + delay
        if whole == 0.0:
            return "none"
        share = min(advance, delay) / whole
        if share >= TYPE_ONE:
            return f"type II (delays have {number(100 * delay / whole, 3)} % of the area)"
        word = "advances" if advance > delay else "delays"
        return f"type I ({word} only)" if share == 0.0 else f"type I ({word} but for {number(100 * share, 2)} %)"

    def _column(self, name: str) -> Array:
        if name in self.states:
            return self.values[:, [self.states.index(name)]]
        if name not in self.cycle.parameters:
            raise KeyError(unknown("state or parameter", name, self.names))
        return self.parameter_values[:, [list(self.cycle.parameters).index(name)]]

    def _parts(self, values: Array) -> list[tuple[Any, Array]]:
        return [(s, values[s.first : s.last + 1]) for s in self.cycle.segments]

    @property
    def sentence(self) -> str:
        """The response in words."""
        stable = "stable" if self.cycle.stable else "unstable"
        about = "" if self.cycle.stable else ", whose phase has a meaning near the cycle only in the linear sense"
        unit = f" {self.time_unit}" if self.time_unit else ""
        first = self.states[0]
        return (
            f"{stable} cycle of period {number(self.period)}{unit}{about}; phase zero at {self.origin}; kicks of "
            f"{first}: {self.kind(first)}"
        )

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        rows = []
        for name in self.states:
            ends = [self._extremum(name, sign) for sign in (1.0, -1.0)]
            zeros = ", ".join(number(x) for x in self.zeros(name))
            advance, delay = (f"{number(value)} at {number(phase, 3)}" for value, phase in ends)
            rows.append((name, self.unit(name), advance, delay, zeros, self.kind(name)))
        columns = ("kick of", "unit", "largest, at phase", "smallest, at phase", "zero at phases", "type")
        title = f"phase response of {self.cycle.system}: {self.sentence}"
        remark = f"Z . f = 1 to {number(self.deviation, 2)}; estimated error {number(self.error, 2)}"
        return Table(columns, tuple(rows), title=title, remark=remark)

    def _extremum(self, name: str, sign: float) -> tuple[float, float]:
        """Largest (or, for a negative sign, smallest) value of a response, and its phase."""
        times = fine_times(self.cycle)
        values = sign * self.cycle.interpolated(self._column(name), times)[:, 0]
        k = int(values.argmax())
        place = np.arange(k - 1, k + 2)
        t = times[place % times.size] + self.period * (place // times.size) - times[k]
        bend, slope, _ = np.polyfit(t / t[2], values[place % times.size], 2)
        top = times[k] - 0.5 * t[2] * slope / bend if bend < 0.0 else times[k]
        return float(self.at(top, name)), float(np.mod(top / self.period, 1.0))

    def _columns(self) -> dict[str, Any]:
        """One row for each stored point: time, phase, and the response to each state and parameter."""
        columns: dict[str, Any] = {"t": self.times, "phase": self.phases}
        return columns | {f"Z_{name}": self[name] for name in self.names}


def fine_times(cycle: Cycle) -> Array:
    """Return times that divide every mesh interval of a cycle into `PARTS`, from 0 to just before the period."""
    starts = np.concatenate(([0.0], np.cumsum([s.duration for s in cycle.segments])[:-1]))
    parts = []
    for start, s in zip(starts, cycle.segments, strict=True):
        left = start + s.duration * np.concatenate(([0.0], np.cumsum(s.widths)[:-1]))
        widths = s.duration * s.widths
        if s.speeds:
            edges = cycle.times[s.first : s.last + 1 : s.stages + 1]
            left, widths = edges[:-1], np.diff(edges)
        parts.append((left[:, None] + widths[:, None] * np.arange(PARTS) / PARTS).ravel())
    return np.concatenate(parts)
