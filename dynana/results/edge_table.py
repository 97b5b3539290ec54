"""`EdgeTable`: the connections of a projection as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.errors import unknown
from dynana.results.base import Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class EdgeTable(Result):
    """The connections of a projection, in the order of (source, target).

    Parameters
    ----------
    projection, source, target
        Names of the projection and of the groups of cells that it joins.
    sizes
        Number of sources and of targets.
    sources, targets
        Cells of each connection, counted from the first of each group, shape (count,).
    values
        Parameters of the synapse, ``w`` first, ``delay`` in units of time, and states that stay with each synapse; each
        of shape (count,).
    time_unit
        Unit of time, if the models state one.
    """

    projection: str
    source: str
    target: str
    sizes: tuple[int, int]
    sources: np.ndarray
    targets: np.ndarray
    values: dict[str, np.ndarray]
    time_unit: str | None = None

    def _check(self) -> None:
        for name, column in self.values.items():
            if column.shape != self.sources.shape:
                raise ValueError(f"{column.shape} values of {name} for {self.sources.shape} connections")

    def __len__(self) -> int:
        """Number of connections."""
        return int(self.sources.size)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column by name: ``source``, ``target``, or one of the values."""
        columns = self._columns()
        if name not in columns:
            raise KeyError(unknown("column", name, columns))
        found: np.ndarray = columns[name]
        return found

    def matrix(self, name: str = "w") -> NDArray[np.float64]:
        """Return a column as a matrix (sources, targets): 0 where there is no connection, sums where there are several.

        Raises
        ------
        KeyError
            For an unknown column.
        """
        made = np.zeros(self.sizes)
        np.add.at(made, (self.sources, self.targets), self[name])
        return made

    def in_degrees(self) -> NDArray[np.int64]:
        """Return the number of connections that reach each target."""
        return np.bincount(self.targets, minlength=self.sizes[1]).astype(np.int64)

    def out_degrees(self) -> NDArray[np.int64]:
        """Return the number of connections that leave each source."""
        return np.bincount(self.sources, minlength=self.sizes[0]).astype(np.int64)

    def _columns(self) -> dict[str, Any]:
        return {"source": self.sources, "target": self.targets, **self.values}

    def __repr__(self) -> str:
        shape = f"{self.sizes[0]} sources and {self.sizes[1]} targets"
        return f"<EdgeTable {self.projection}: {len(self)} connections between {shape}; {', '.join(self.values)}>"
