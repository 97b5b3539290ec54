"""`PopulationRate`: the rate of a population, counted in bins while a network ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.results.base import Result
from dynana.results.time_units import per_second

#: Standard deviations after which a Gaussian window ends: what is left out is 3e-7 of it.
REACH = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PopulationRate(Result):
    """Spikes of a group of cells in bins of whole steps.

    A bin holds the spikes after its beginning up to and including its end, the first one also those at the start. The
    last bin is shorter where the run is no multiple of the width or ended early; its rate is that of its own length.

    Parameters
    ----------
    population
        Name of the group.
    size
        Number of its cells.
    edges
        Beginnings of the bins and the end of the last one, shape (n + 1,).
    counts
        Number of spikes in each bin, shape (n,).
    time_unit
        Unit of time, if the models state one.
    """

    population: str
    size: int
    edges: np.ndarray
    counts: np.ndarray
    time_unit: str | None = None

    def _check(self) -> None:
        if self.edges.size != self.counts.size + 1:
            raise ValueError(f"{self.edges.size} edges for {self.counts.size} bins: expected one more")

    @property
    def t(self) -> NDArray[np.float64]:
        """Middles of the bins, shape (n,)."""
        return np.asarray(0.5 * (self.edges[:-1] + self.edges[1:]))

    @property
    def rate(self) -> NDArray[np.float64]:
        """Spikes per cell and second in each bin, shape (n,); per unit of time where the models state no unit."""
        return np.asarray(self.counts / (np.diff(self.edges) * self.size) * per_second(self.time_unit))

    def smoothed(self, sd: float) -> NDArray[np.float64]:
        """Return the rate in a Gaussian window around the middle of each bin, shape (n,).

        Parameters
        ----------
        sd : float
            Standard deviation of the window, in units of time. It counts spikes where their bin has its middle, and is
            cut at the ends of the run: there the rate is that of the part inside.

        Raises
        ------
        ValueError
            For a standard deviation that is not positive.
        """
        if not sd > 0:
            raise ValueError(f"smoothed({sd!r}): expected a positive standard deviation, in units of time")
        t, width = self.t, np.diff(self.edges)
        window = np.exp(-0.5 * (np.arange(-_bins(sd, width), _bins(sd, width) + 1) * width[:1] / sd) ** 2)
        if t.size < 2 or window.size == 1:
            return self.rate
        count, length = (np.convolve(x, window)[window.size // 2 :][: t.size] for x in (self.counts, width))
        return np.asarray(count / (length * self.size) * per_second(self.time_unit))

    def _columns(self) -> dict[str, Any]:
        """Middle of each bin, count and rate."""
        return {"t": self.t, "count": self.counts, "rate": self.rate}

    def __len__(self) -> int:
        """Number of bins."""
        return int(self.counts.size)

    def __repr__(self) -> str:
        width = f" of {self.edges[1] - self.edges[0]:g}" if len(self) else ""
        return f"<PopulationRate of {self.population}: {int(self.counts.sum())} spikes in {len(self)} bins{width}>"


def _bins(sd: float, width: NDArray[np.float64]) -> int:
    """Return the number of bins in half a Gaussian window."""
    return int(np.ceil(REACH * sd / width[0])) if width.size else 0
