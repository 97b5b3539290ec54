"""`FICurve`: the firing rate of a cell against a parameter, from runs with rising and falling values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.errors import unknown
from dynana.results.base import Result
from dynana.results.tables import Table, number

#: Names of the directions in which values were gone through.
UP, DOWN = "up", "down"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FICurve(Result):
    """Firing rates at values of a parameter.

    Parameters
    ----------
    system, fingerprint, parameter : str
    values : ndarray, shape (k,)
        Increasing.
    rates : dict of str to ndarray, shape (k,)
        For "up" and "down": the rates with values gone through in that order, each run from the end of the last one.
    unit : str
        Of the rates: "Hz" where the model states its unit of time.
    parameter_unit : str
        Of the values, where the model states one.
    """

    system: str
    fingerprint: str
    parameter: str
    values: np.ndarray
    rates: dict[str, np.ndarray]
    unit: str
    parameter_unit: str = ""

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the rates of a direction, or the values, by name."""
        if name == self.parameter:
            return self.values
        if name not in self.rates:
            raise KeyError(unknown("direction", name, (*self.rates, self.parameter)))
        return self.rates[name]

    @property
    def bistable(self) -> np.ndarray:
        """Where the cell fires or rests depending on where it comes from, shape (k,) of bool."""
        if set(self.rates) != {UP, DOWN}:
            return np.zeros(len(self.values), dtype=bool)
        return np.asarray((self.rates[UP] > 0) != (self.rates[DOWN] > 0))

    def __repr__(self) -> str:
        top = max(float(r.max(initial=0.0)) for r in self.rates.values())
        both = ""
        if self.bistable.any():
            where = self.values[self.bistable]
            both = f"; fires or rests, depending on the past, from {number(where[0])} to {number(where[-1])}"
        span = f"{self.parameter} = {number(self.values[0])} to {number(self.values[-1])}"
        return f"<FICurve of {self.system}: up to {number(top)} {self.unit} for {span}{both}>"

    def _table(self) -> Table:
        columns = {self.parameter: self.values, **self.rates}
        return Table(tuple(columns), tuple(zip(*(c.tolist() for c in columns.values()), strict=True)), title=repr(self))

    def _columns(self) -> dict[str, Any]:
        """One row for each value."""
        return {self.parameter: self.values, **{f"rate_{n}": r for n, r in self.rates.items()}}
