"""`OrbitDiagram`: where orbits settle as a parameter varies, beside the largest Lyapunov exponent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dynana.results.base import Result
from dynana.results.tables import Table, number

#: Values are the same within this share of the extent of the diagram.
SAME = 1e-5
#: Longest period that is recognised, as a share of the recorded passages.
LONGEST_SHARE = 3
#: Orbits of the way there and back differ where an extreme or the mean of the measure does by this share of its extent:
#: more than samples of one chaotic orbit do.
APART = 0.05
#: An exponent counts as positive beyond this many standard errors.
CERTAIN = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class OrbitDiagram(Result):
    """What was measured at passages of a section, for each value of a parameter.

    Parameters
    ----------
    system, fingerprint : str
    states : tuple of str
    parameters : dict of str to float
        All values; that of the parameter is the model's.
    parameter : str
    values : ndarray, shape (k,)
    measure : str
        "ISI" for times between passages, otherwise the state whose values are given.
    section : str
        Where it was measured, in words.
    measured, times : ndarray, shape (k, r)
        The measure, and the time before each passage; NaN after an orbit has ended.
    skipped : int
        Passages before the first of these.
    exponents, errors : ndarray, shape (k,)
        Largest Lyapunov exponent across the flow, per unit of time, and its standard error: negative on a cycle, where
        it is the logarithm of the largest multiplier by the period. NaN without it. Errors come from blocks, and are
        too large where these hold unequal parts of a cycle.
    outcomes : tuple of str
        How each orbit ended before its time, empty if it did not.
    time_unit : str, optional
    units : dict of str to str
    back : OrbitDiagram or None
        The way back, with values in reverse order, where orbits were carried on both ways.
    """

    _index: ClassVar[str | None] = None

    system: str
    fingerprint: str
    states: tuple[str, ...]
    parameters: dict[str, float]
    parameter: str
    values: np.ndarray
    measure: str
    section: str
    measured: np.ndarray
    times: np.ndarray
    skipped: int
    exponents: np.ndarray
    errors: np.ndarray
    outcomes: tuple[str, ...]
    time_unit: str | None
    units: dict[str, str]
    back: OrbitDiagram | None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def periods(self) -> np.ndarray:
        """How many passages it takes until all of the measure repeats; 0 where it does not, -1 where orbits ended."""
        finite = self.measured[np.isfinite(self.measured)]
        allowed = SAME * float(np.ptp(finite)) if finite.size else 0.0
        found = np.zeros(len(self), np.int64)
        for k, row in enumerate(self.measured):
            if not np.isfinite(row).all():
                found[k] = -1
                continue
            for p in range(1, row.size // LONGEST_SHARE + 1):
                if np.max(np.abs(row[p:] - row[:-p])) <= allowed:
                    found[k] = p
                    break
        return found

    @property
    def chaotic(self) -> np.ndarray:
        """Where the exponent is positive beyond its error."""
        return np.asarray(self.exponents > CERTAIN * self.errors)

    def windows(self) -> tuple[tuple[float, float, int], ...]:
        """Neighbouring values with the same period: first and last value, period (0 for none)."""
        periods = self.periods
        cuts = np.concatenate(([0], np.flatnonzero(np.diff(periods)) + 1, [len(self)]))
        return tuple(
            (float(self.values[i]), float(self.values[j - 1]), int(periods[i]))
            for i, j in zip(cuts[:-1], cuts[1:], strict=True)
        )

    def hysteresis(self) -> tuple[tuple[float, float], ...]:
        """Ranges of values, first and last, at which orbits on the way back are elsewhere; none without a way back."""
        if self.back is None:
            return ()
        there, back = _summary(self.measured), _summary(self.back.measured)[::-1]
        ended = np.isnan(there[:, 0]), np.isnan(back[:, 0])
        extent = np.nanmax([there, back]) - np.nanmin([there, back])
        apart = (np.abs(there - back) > APART * extent).any(axis=1) | (ended[0] != ended[1])
        edges = np.flatnonzero(np.diff(np.concatenate(([0], apart.astype(int), [0]))))
        return tuple((float(self.values[a]), float(self.values[b - 1])) for a, b in edges.reshape(-1, 2))

    def __repr__(self) -> str:
        return str(self._table())

    def _table(self) -> Table:
        words = {0: "no period", -1: "ended"}
        periods = self.periods
        rows = []
        for low, high, period in self.windows():
            inside = (self.values >= min(low, high)) & (self.values <= max(low, high)) & (periods == period)
            exponents = self.exponents[inside]
            largest = float(np.nanmax(exponents)) if np.isfinite(exponents).any() else None
            rows.append((low, high, words.get(period, f"period {period}"), largest))
        what = "times between passages" if self.measure == "ISI" else self.measure
        title = f"orbit diagram of {self.system}: {what} at {self.section}"
        chaotic = int(np.sum(self.chaotic))
        remark = f"{len(self)} values of {self.parameter}, {self.measured.shape[1]} passages after {self.skipped}"
        if np.isfinite(self.exponents).any():
            remark += f"; the exponent is positive at {chaotic} of them"
        if self.back is not None:
            places = ", ".join(f"{number(low)} to {number(high)}" for low, high in self.hysteresis())
            remark += f"; back again: elsewhere for {self.parameter} from {places}" if places else "; the same way back"
        columns = (f"{self.parameter} from", "to", "", "largest exponent")
        return Table(columns, tuple(rows), title=title, remark=remark)

    def _columns(self) -> dict[str, Any]:
        """One row for each passage."""
        k, r = self.measured.shape
        columns = {
            self.parameter: np.repeat(self.values, r), "passage": np.tile(np.arange(r), k),
            self.measure: self.measured.ravel(), "time": self.times.ravel(), "exponent": np.repeat(self.exponents, r),
        }  # fmt: skip
        if self.back is None:
            return columns
        again = self.back._columns()
        both = {name: np.concatenate((column, again[name])) for name, column in columns.items()}
        return both | {"back": np.repeat([False, True], k * r)}


def _summary(measured: np.ndarray) -> np.ndarray:
    """Smallest, largest and mean value of each orbit, NaN where one has ended, shape (k, 3)."""
    return np.stack((measured.min(axis=1), measured.max(axis=1), measured.mean(axis=1)), axis=1)
