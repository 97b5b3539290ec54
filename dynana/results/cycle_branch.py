"""Curves of limit cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from dynana.errors import unknown
from dynana.results.base import Result, column
from dynana.results.cycle import Cycle, Segment, multipliers
from dynana.results.special_points import SpecialPoint, of_kind, shown
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CycleBranch(Result):
    """One curve of limit cycles.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameter : str
        The varied parameter.
    parameters : dict of str to float
        Values of all parameters; those of varied ones are meaningless here.
    values : ndarray, shape (k,)
        Values of the varied parameter along the curve.
    periods : ndarray, shape (k,)
    maxima, minima, means : ndarray, shape (k, n)
        Of each state over each cycle.
    log_moduli, phases : ndarray, shape (k, n)
        Of the Floquet multipliers, largest modulus first.
    stable : ndarray of bool, shape (k,)
        Whether all multipliers but the trivial one are inside the unit circle.
    special : tuple of SpecialPoint
        In the order of the curve; the located points are rows of the arrays too.
    stops : (Stop, Stop)
        Why the curve ends at its first and at its last cycle.
    origin : str
        How it was found, in words.
    closed : bool
        Whether the last cycle is the first one again.
    companions : dict of str to ndarray, shape (k,)
        Further parameters that vary along the curve, where the period is held.
    kept : ndarray of int, shape (j,)
        Rows whose orbits are kept: all, unless they would take too much memory.
    orbits : tuple of ndarray
        Points of each kept orbit, see `Cycle`.
    times : tuple of ndarray
        Their times.
    widths : tuple of ndarray
        Relative widths of their mesh intervals, all segments one after the other.
    durations : ndarray, shape (j, segments)
    pattern : tuple of Segment
        The segments of the first kept orbit; stages, held states and jumps are those of all.
    counts : ndarray of int, shape (j, segments)
        Mesh intervals of each segment.
    traces, errors, residuals : ndarray, shape (k,)
        See `Cycle`.
    forced : bool
        Whether time enters the equations.
    time_unit : str
        Of the periods, where the system states one.
    start_times : ndarray, shape (j,)
        See `Cycle`; empty where all are 0.
    units : dict of str to str
        Of states and parameters, where the system states them.
    """

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameter: str
    parameters: dict[str, float]
    values: np.ndarray
    periods: np.ndarray
    maxima: np.ndarray
    minima: np.ndarray
    means: np.ndarray
    log_moduli: np.ndarray
    phases: np.ndarray
    stable: np.ndarray
    special: tuple[SpecialPoint, ...]
    stops: tuple[Stop, Stop]
    origin: str
    closed: bool
    kept: np.ndarray
    orbits: tuple[np.ndarray, ...]
    times: tuple[np.ndarray, ...]
    widths: tuple[np.ndarray, ...]
    durations: np.ndarray
    pattern: tuple[Segment, ...]
    counts: np.ndarray
    traces: np.ndarray
    errors: np.ndarray
    residuals: np.ndarray
    companions: dict[str, np.ndarray] = field(default_factory=dict)
    forced: bool = False
    time_unit: str = ""
    start_times: np.ndarray = field(default_factory=lambda: np.empty(0))
    units: dict[str, str] = field(default_factory=dict)

    def _check(self) -> None:
        along = (self.periods, self.maxima, self.minima, self.means, self.log_moduli, self.stable, self.traces)
        if any(len(a) != len(self.values) for a in along):
            raise ValueError(f"a branch of {len(self.values)} values needs as many periods, maxima, multipliers, ...")
        if not len(self.orbits) == len(self.times) == len(self.widths) == len(self.kept):
            raise ValueError(f"{len(self.kept)} kept rows need as many orbits, got {len(self.orbits)}")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> np.ndarray:
        """Varied parameter, "period", "rate", or the largest value of a state along the curve, shape (k,)."""
        if name == self.parameter:
            return self.values
        if name in self.companions:
            return self.companions[name]
        if name == "period" and name not in self.states:
            return self.periods
        if name == "rate" and name not in self.states:
            return self.rates
        if name not in self.states:
            known = (*self.states, self.parameter, *self.companions, "period", "rate")
            raise KeyError(unknown("state (its maxima), varied parameter, period or rate", name, known))
        return column(self.maxima, self.states, name)

    @property
    def cycles(self) -> Cycles:
        """The kept orbits: ``branch.cycles[i]`` is the `Cycle` of row ``branch.kept[i]``."""
        return Cycles(self)

    @property
    def multipliers(self) -> NDArray[np.complex128]:
        """Floquet multipliers, shape (k, n), largest modulus first."""
        return multipliers(self.log_moduli, self.phases)

    @property
    def jumps(self) -> int:
        """Number of jumps in a period."""
        return sum(bool(segment.jump) for segment in self.pattern)

    @property
    def rates(self) -> np.ndarray:
        """Jumps per time unit, the firing rate of a spiking model, shape (k,); 1 / period of cycles without jumps."""
        return np.asarray(max(self.jumps, 1) / self.periods)

    def special_points(self, kind: str | None = None) -> tuple[SpecialPoint, ...]:
        """Special points of a kind (words or AUTO's letters), or all."""
        return of_kind(self.special, kind)

    @property
    def sentence(self) -> str:
        """The branch in words."""
        low, high = (shown(self.values, end) for end in (self.values.min(), self.values.max()))
        ends = "closed loop" if self.closed else f"{self.stops[0].reason}, {self.stops[1].reason}"
        thinned = "" if len(self.kept) == len(self) else f"; orbits of {len(self.kept)} of them are kept"
        return (
            f"{len(self)} cycles, {self.parameter} from {low} to {high}, periods "
            f"{number(self.periods.min())} to {number(self.periods.max())} ({ends}), {self.origin}{thinned}"
        )

    def __repr__(self) -> str:
        return f"<CycleBranch of {self.system}: {self.sentence}>"

    def _columns(self) -> dict[str, Any]:
        """One row for each cycle: parameters, period, extrema and means, stability, multipliers."""
        columns: dict[str, Any] = {self.parameter: self.values} | self.companions | {"period": self.periods}
        for i, name in enumerate(self.states):
            columns |= {f"{name}_max": self.maxima[:, i], f"{name}_min": self.minima[:, i]}
            columns[f"{name}_mean"] = self.means[:, i]
        columns["stable"] = self.stable
        values = self.multipliers
        return columns | {f"multiplier_{i + 1}": values[:, i] for i in range(len(self.states))}


class Cycles(Sequence[Cycle]):
    """The kept orbits of a branch, each made when asked for."""

    __slots__ = ("_branch",)

    def __init__(self, branch: CycleBranch) -> None:
        self._branch = branch

    def __len__(self) -> int:
        return len(self._branch.kept)

    @overload
    def __getitem__(self, index: int) -> Cycle: ...

    @overload
    def __getitem__(self, index: slice) -> list[Cycle]: ...

    def __getitem__(self, index: int | slice) -> Cycle | list[Cycle]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"cycles[{index}]: {len(self)} orbits are kept")
        return self._cycle(index % len(self))

    def _cycle(self, i: int) -> Cycle:
        b = self._branch
        row = int(b.kept[i])
        free = {b.parameter: float(b.values[row])} | {n: float(v[row]) for n, v in b.companions.items()}
        return Cycle(
            system=b.system,
            fingerprint=b.fingerprint,
            states=b.states,
            parameters=b.parameters | free,
            times=b.times[i],
            points=b.orbits[i],
            segments=segments(b.pattern, b.counts[i], b.widths[i], b.durations[i]),
            period=float(b.periods[row]),
            log_moduli=b.log_moduli[row],
            phases=b.phases[row],
            trace=float(b.traces[row]),
            stable=bool(b.stable[row]),
            error=float(b.errors[row]),
            residual=float(b.residuals[row]),
            forced=b.forced,
            start_time=float(b.start_times[i]) if b.start_times.size else 0.0,
            time_unit=b.time_unit,
            units=b.units,
        )


def segments(
    pattern: Sequence[Segment], counts: NDArray[np.int64], widths: Array, durations: Array
) -> tuple[Segment, ...]:
    """Return the segments of an orbit that has the stages, held states and jumps of a pattern."""
    result, row, interval = [], 0, 0
    for like, count, duration in zip(pattern, counts.tolist(), durations.tolist(), strict=True):
        rows = count * (like.stages + 1) + 1
        result.append(
            Segment(
                first=row, last=row + rows - 1, duration=duration, stages=like.stages,
                widths=widths[interval : interval + count], held=like.held, jump=like.jump, speeds=like.speeds,
            )
        )  # fmt: skip
        row, interval = row + rows, interval + count
    return tuple(result)
