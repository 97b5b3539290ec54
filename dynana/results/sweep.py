"""`Sweep`: a measure over a grid of values, with named axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.errors import unknown
from dynana.results.base import Result
from dynana.results.other_packages import dataset
from dynana.results.tables import Table, number

#: Name of a measure that is a number or an array without one.
VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Sweep(Result):
    """What was measured at every combination of some values.

    Parameters
    ----------
    system, fingerprint : str
        What was simulated.
    axes : dict of str to ndarray
        Values by name, in order.
    values : dict of str to ndarray
        Measures by name, each of shape (length of first axis, ..., shape of the measure); NaN where an item failed.
    failures : tuple of (tuple of int, str)
        Place in the grid and message of each item that failed.
    seconds : float
        Time that it took.
    """

    system: str
    fingerprint: str
    axes: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    failures: tuple[tuple[tuple[int, ...], str], ...] = ()
    seconds: float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(len(values) for values in self.axes.values())

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a measure, or the values of an axis, by name."""
        if name in self.values:
            return self.values[name]
        if name not in self.axes:
            raise KeyError(unknown("measure or axis", name, (*self.values, *self.axes)))
        return self.axes[name]

    def mean(self, over: str) -> Sweep:
        """Return the sweep averaged over one axis (such as "seed"); failed items are left out."""
        return self._reduced(over, np.nanmean)

    def sd(self, over: str) -> Sweep:
        """Return the standard deviations over one axis, of samples (n - 1); failed items are left out."""
        return self._reduced(over, lambda table, axis: np.nanstd(table, axis=axis, ddof=1))

    def _reduced(self, over: str, reduce: Any) -> Sweep:
        if over not in self.axes:
            raise ValueError(unknown("axis", over, self.axes))
        place = list(self.axes).index(over)
        return Sweep(
            system=self.system,
            fingerprint=self.fingerprint,
            axes={n: v for n, v in self.axes.items() if n != over},
            values={n: reduce(table, axis=place) for n, table in self.values.items()},
            failures=self.failures,
            seconds=self.seconds,
        )

    def __repr__(self) -> str:
        grid = " x ".join(f"{len(values)} {name}" for name, values in self.axes.items())
        failed = f", {len(self.failures)} failed: {self.failures[0][1]}" if self.failures else ""
        return f"<Sweep of {self.system}: {', '.join(self.values)} at {grid}{failed}; {number(self.seconds, 3)} s>"

    def _table(self) -> Table | None:
        if len(self.axes) != 1 or any(table.ndim != 1 for table in self.values.values()):
            return None
        columns = {**self.axes, **self.values}
        rows = tuple(zip(*(column.tolist() for column in columns.values()), strict=True))
        return Table(tuple(columns), rows, title=repr(self))

    def to_xarray(self) -> Any:
        """Return an ``xarray.Dataset``: measures over the axes; further dimensions of a measure are numbered.

        Raises
        ------
        ImportError
            xarray is not installed.
        """
        count = len(self.axes)
        further = {n: tuple(f"{n}_{k}" for k in range(table.ndim - count)) for n, table in self.values.items()}
        variables = {n: ((*self.axes, *further[n]), table) for n, table in self.values.items()}
        return dataset(variables, self.axes, {"system": self.system, "fingerprint": self.fingerprint})

    def _columns(self) -> dict[str, Any]:
        """One row for each combination of values; measures that are arrays have one column per element."""
        grid = np.meshgrid(*self.axes.values(), indexing="ij")
        columns: dict[str, Any] = {name: values.ravel() for name, values in zip(self.axes, grid, strict=True)}
        count = int(np.prod(self.shape))
        for name, table in self.values.items():
            flat = table.reshape(count, -1)
            if table.ndim == len(self.axes):
                columns[name] = flat[:, 0]
            else:
                columns |= {f"{name}_{k}": flat[:, k] for k in range(flat.shape[1])}
        return columns
