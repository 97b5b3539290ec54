"""What a run of one system gives: its states, its jumps, and what can be measured on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.errors import unknown
from dynana.results.base import Result, column
from dynana.results.other_packages import spike_trains
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Parts into which every step is cut when crossings and extrema are looked for.
PARTS = 8
#: Halvings that locate a crossing or an extremum to the last digit.
HALVINGS = 60
#: Size of the imaginary part that differentiates a polynomial exactly.
IMAGINARY_STEP = 1e-30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Jumps(Result):
    """The jumps of a run, in time order.

    Parameters
    ----------
    names
        Names of the jumps of the model.
    states
        Names of the n states.
    t
        Times, shape (j,).
    index
        Which of the `names` each one is, shape (j,).
    before, after
        States on both sides, shape (j, n).
    """

    names: tuple[str, ...]
    states: tuple[str, ...]
    t: np.ndarray
    index: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def __len__(self) -> int:
        return self.t.size

    def __getitem__(self, name: str) -> Array:
        """Times of the jumps of that name, for example ``jumps["spike"]``."""
        if name not in self.names:
            raise KeyError(unknown("jump", name, self.names))
        return np.asarray(self.t[self.index == self.names.index(name)])

    def __repr__(self) -> str:
        counts = ", ".join(f"{int(np.sum(self.index == k))} {name}" for k, name in enumerate(self.names))
        return f"<Jumps: {counts or 'none declared'}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectory(Result):
    """A run of one system.

    Rows are samples: ``trajectory["V"]`` is the column of a state, ``trajectory.at(times)`` interpolates. At a jump
    two rows have the same time: the state before and the state after it.

    Parameters
    ----------
    system
        Name of the system.
    states
        Names of the n states.
    parameters
        Values of the parameters; those that follow an input are named in `inputs`.
    fingerprint
        Of the system's structure.
    t
        Times, shape (k,).
    y
        States, shape (k, n).
    jumps
        All jumps, also those between samples.
    method
        The integration method, or all of them in order if it changed.
    choice
        Why it was taken.
    stop
        Why the run ended.
    dense
        Dense output of the step that ends at each row, shape (k, q, n); k = 0 for runs sampled at given times.
    slopes
        Derivatives at the rows, shape (k, n), in place of `dense` for smooth runs with fixed steps; otherwise k = 0.
    n_steps, n_rejected, n_evaluations
        Accepted and rejected steps, evaluations of the right-hand side.
    options
        Tolerances or step: "rtol", "atol", "dt", ...
    inputs
        Description of the input of each driven parameter.
    driven
        Values of the driven parameters, shape (k,) each; at a breakpoint those to its right.
    time_unit
        Unit of time.
    units
        Units of states and parameters.
    seed
        Seed of the noise, for stochastic systems.
    """

    _index: ClassVar[str | None] = "t"

    system: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    fingerprint: str
    t: np.ndarray
    y: np.ndarray
    jumps: Jumps
    method: str
    choice: str
    stop: Stop
    dense: np.ndarray
    slopes: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    n_steps: int
    n_rejected: int
    n_evaluations: int
    options: dict[str, Any]
    inputs: dict[str, str]
    driven: dict[str, np.ndarray]
    time_unit: str | None = None
    units: dict[str, str]
    seed: int | None = None

    def _check(self) -> None:
        if self.y.shape != (self.t.size, len(self.states)):
            raise ValueError(f"y must have shape {(self.t.size, len(self.states))}, got {self.y.shape}")
        if self.dense.shape[0] not in (0, self.t.size):
            raise ValueError(f"dense must have 0 or {self.t.size} rows, got {self.dense.shape[0]}")
        if self.slopes.shape[0] not in (0, self.t.size):
            raise ValueError(f"slopes must have 0 or {self.t.size} rows, got {self.slopes.shape[0]}")

    def __getitem__(self, name: str) -> Array:
        """The column of a state, shape (k,)."""
        return np.asarray(column(self.y, self.states, name))

    def __len__(self) -> int:
        return self.t.size

    @property
    def jump_times(self) -> Array:
        """Times of all jumps; those of one kind are ``jumps["name"]``."""
        return np.asarray(self.jumps.t)

    @property
    def final(self) -> dict[str, float]:
        """The last state by name; ``simulate(system, t, start=trajectory.final)`` goes on from there."""
        return {name: float(value) for name, value in zip(self.states, self.y[-1], strict=True)} if self.t.size else {}

    def at(self, times: ArrayLike) -> Array:
        """Interpolate the states with the dense output of the method.

        Parameters
        ----------
        times : array_like
            Any shape, within the run; a single number is legal.

        Returns
        -------
        ndarray, shape (*times.shape, n)
            At the time of a jump the state after it.
        """
        self._need_dense("at(times)")
        wanted = np.asarray(times, dtype=float)
        flat = wanted.ravel()
        if flat.size and not (np.min(flat) >= self.t[0] and np.max(flat) <= self.t[-1]):
            raise ValueError(
                f"times must lie within the run, t = {number(self.t[0])} to {number(self.t[-1])}; "
                f"got {number(np.min(flat))} to {number(np.max(flat))}"
            )
        right = np.clip(np.searchsorted(self.t, flat, side="right"), 1, max(self.t.size - 1, 1))
        if self.t.size == 1:
            return np.broadcast_to(self.y[0], (*wanted.shape, len(self.states))).copy()
        length = self.t[right] - self.t[right - 1]
        x = np.divide(flat - self.t[right - 1], length, out=np.ones(flat.shape), where=length > 0)
        values = [self._inside(k, right, x) for k in range(len(self.states))]
        return np.stack(values, axis=-1).reshape(*wanted.shape, len(self.states))

    def crossings(self, state: str, level: float, *, direction: str = "up") -> Array:
        """Times at which a state passes a level inside steps; jumps over it do not count.

        Parameters
        ----------
        state : str
        level : float
        direction : {"up", "down", "both"}

        Returns
        -------
        ndarray
            Located on the dense output; between samples on straight lines for runs sampled at given times.
        """
        wanted = {"up": (1,), "down": (-1,), "both": (1, -1)}
        if direction not in wanted:
            raise ValueError(unknown("direction", direction, wanted))
        k = self.states.index(state) if state in self.states else -1
        column(self.y, self.states, state)
        return self._roots(lambda right, x: self._inside(k, right, x) - level, wanted[direction])

    def intervals(self, event: str, level: float | None = None) -> Array:
        """Times between neighbouring events: jumps of that name, or upward crossings of ``level`` by that state."""
        if level is None:
            return np.diff(self.jumps[event])
        return np.diff(self.crossings(event, level))

    def maxima(self, state: str) -> tuple[Array, Array]:
        """Times and values of the local maxima of a state inside steps, on the dense output."""
        return self._extrema(state, -1)

    def minima(self, state: str) -> tuple[Array, Array]:
        """Times and values of the local minima of a state inside steps, on the dense output."""
        return self._extrema(state, 1)

    def _columns(self) -> dict[str, Any]:
        """One row per sample (two of the same time at jumps), one column per state."""
        return {"t": self.t} | {name: self[name] for name in self.states}

    def to_neo(self, event: str, level: float | None = None, *, unit: str | None = None) -> Any:
        """Return a ``neo.Segment`` with one spike train.

        Parameters
        ----------
        event : str
            Name of a jump, or of a state whose upward crossings of ``level`` are the spikes.
        level : float, optional
        unit : {"s", "ms", "us"}, optional
            Unit of time; by default the model's.

        Raises
        ------
        ImportError
            neo is not installed.
        """
        times = self.jumps[event] if level is None else self.crossings(event, level)
        span = (float(self.t[0]), float(self.t[-1])) if self.t.size else (0.0, 0.0)
        return spike_trains([times], [self.system], span, unit or self.time_unit)

    def __repr__(self) -> str:
        span = f"t = {number(self.t[0])} to {number(self.t[-1])}" if self.t.size else "empty"
        jumps = f", {len(self.jumps)} jump{'s' * (len(self.jumps) != 1)}" if self.jumps.names else ""
        ending = "" if self.stop.reason == "finished" else f"; {self.stop.reason}"
        names = ", ".join(self.states)
        return f"<Trajectory of {self.system} ({names}): {span}, {self.t.size} rows{jumps}; {self.method}{ending}>"

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("a Trajectory is not a sequence: use trajectory.t, trajectory.y or trajectory['name']")

    # -- polynomials inside steps ------------------------------------------------------------------------------------

    @property
    def _interpolates(self) -> bool:
        return len(self.dense) > 0 or len(self.slopes) > 0

    def _need_dense(self, what: str) -> None:
        if not self._interpolates:
            raise ValueError(
                f"{what} needs the dense output, which a run sampled at times=... does not keep: "
                "run without times=, or sample more finely"
            )

    def _inside(self, k: int, right: NDArray[np.intp], x: Any) -> Any:
        """State ``k`` at the fractions ``x`` of the steps that end at the rows ``right``."""
        left = self.y[right - 1, k]
        change = self.y[right, k] - left
        nested: Any = 0.0
        if self.slopes.shape[0]:  # Hermite's cubic
            length = self.t[right] - self.t[right - 1]
            first, last = length * self.slopes[right - 1, k], length * self.slopes[right, k]
            nested = first - change + x * (2 * change - first - last)
        elif self.dense.shape[0]:
            for j in range(self.dense.shape[1] - 1, -1, -1):
                nested = self.dense[right, j, k] + nested * (1 - x if j % 2 else x)
        return left + x * (change + (1 - x) * nested)

    def _roots(self, function: Callable[[Any, Any], Any], signs: tuple[int, ...]) -> Array:
        """Times at which a function of (step, place in it) passes zero in a direction given by a sign."""
        steps = 1 + np.flatnonzero(np.diff(self.t) > 0)
        parts = PARTS if self._interpolates else 1
        x = np.arange(parts) / parts
        low_x = np.broadcast_to(x, (steps.size, parts)).ravel()
        right = np.repeat(steps, parts)
        low = function(right, low_x)
        high = function(right, low_x + 1 / parts)
        rises, falls = (low <= 0) & (high > 0), (low >= 0) & (high < 0)
        here = (rises if 1 in signs else False) | (falls if -1 in signs else False)
        right, a, sign = right[here], low_x[here], np.where(rises[here], 1.0, -1.0)
        b = a + 1 / parts
        for _ in range(HALVINGS):
            middle = 0.5 * (a + b)
            beyond = function(right, middle) * sign > 0
            a, b = np.where(beyond, a, middle), np.where(beyond, middle, b)
        return np.asarray(self.t[right - 1] + b * (self.t[right] - self.t[right - 1]))

    def _extrema(self, state: str, sign: int) -> tuple[Array, Array]:
        column(self.y, self.states, state)
        self._need_dense("maxima and minima")
        k = self.states.index(state)

        def speed(right: Any, x: Any) -> Any:  # polynomials are exactly differentiable by a complex step
            return np.imag(self._inside(k, right, x + 1j * IMAGINARY_STEP)) / IMAGINARY_STEP

        times = self._roots(speed, (sign,))
        return times, self.at(times)[..., k]
