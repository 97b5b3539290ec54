"""What can be asked of the spikes of a population: rates, irregularity, correlations, spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynana.results import spike_statistics as statistics
from dynana.results.time_units import per_second

Array = NDArray[np.float64]
Window = tuple[float, float] | None


class SpikeMeasures:
    """Measures of spikes, for `Spikes`.

    Windows are (start, end), the whole run by default. Rates are in Hz where the models state their unit of time, and
    per unit of time otherwise.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        cell: np.ndarray
        size: int
        span: tuple[float, float]
        time_unit: str | None

        @property
        def t(self) -> Array:
            """Times of the spikes."""

    @property
    def per_second(self) -> float:
        """Units of time in a second; 1 where the models state no unit."""
        return per_second(self.time_unit)

    def _within(self, window: Window) -> tuple[Array, NDArray[np.int64], tuple[float, float]]:
        chosen = self.span if window is None else (float(window[0]), float(window[1]))
        if not chosen[0] < chosen[1]:
            raise ValueError(f"a window is (start, end) with start < end, got {window!r}")
        if window is None:
            return self.t, self.cell, chosen
        return (*statistics.within(self.t, self.cell, chosen), chosen)

    def rates(self, window: Window = None) -> Array:
        """Return the rate of each cell, shape (size,)."""
        _, cell, chosen = self._within(window)
        return statistics.rates(cell, self.size, chosen) * self.per_second

    def intervals(self, window: Window = None) -> Array:
        """Return all intervals between successive spikes of one cell, cell by cell."""
        t, cell, _ = self._within(window)
        return statistics.intervals(t, cell)[0]

    def cv(self, window: Window = None) -> Array:
        """Return standard deviation over mean of the intervals of each cell; NaN for fewer than 4 spikes."""
        t, cell, _ = self._within(window)
        return statistics.cv(t, cell, self.size)

    def cv2(self, window: Window = None) -> Array:
        """Return the local irregularity of each cell (Holt et al. 1996), which slow changes of rate leave alone."""
        t, cell, _ = self._within(window)
        return statistics.cv2(t, cell, self.size)

    def fano(self, width: float, window: Window = None) -> float:
        """Return variance over mean of the population's count in bins of a width."""
        t, _, chosen = self._within(window)
        return float(statistics.fano(statistics.population_counts(t, statistics.bin_edges(chosen, width))))

    def correlation(self, width: float, window: Window = None) -> float:
        """Return the mean correlation of the counts of two cells, over all pairs, in bins of a width."""
        t, cell, chosen = self._within(window)
        edges = statistics.bin_edges(chosen, width)
        return statistics.mean_correlation(statistics.cell_counts(t, cell, self.size, edges))

    def synchrony(self, width: float, window: Window = None) -> float:
        """Return the measure chi (Golomb & Rinzel 1993): 1 where all cells act alike, 1/sqrt(size) without relation."""
        t, cell, chosen = self._within(window)
        edges = statistics.bin_edges(chosen, width)
        return statistics.synchrony(statistics.cell_counts(t, cell, self.size, edges))

    def activity(self, width: float, window: Window = None) -> tuple[Array, Array]:
        """Return the middles of bins of a width, and the rate of the population in each."""
        t, _, chosen = self._within(window)
        edges = statistics.bin_edges(chosen, width)
        rate = statistics.population_counts(t, edges) / (width * self.size) * self.per_second
        return 0.5 * (edges[:-1] + edges[1:]), rate

    def spectrum(self, width: float, window: Window = None) -> tuple[Array, Array]:
        """Return frequencies (Hz) and the power spectral density of the summed rate of the population."""
        t, _, chosen = self._within(window)
        counts = statistics.population_counts(t, statistics.bin_edges(chosen, width))
        frequency, density = statistics.spectrum(counts, width)
        return frequency * self.per_second, density * self.per_second

    def autocorrelogram(self, cell: int, width: float, reach: float, window: Window = None) -> tuple[Array, Array]:
        """Return lags and the rate of spikes of a cell at each lag from its spikes."""
        return self.correlogram(cell, cell, width, reach, window)

    def correlogram(
        self, cell: int, other: int, width: float, reach: float, window: Window = None
    ) -> tuple[Array, Array]:
        """Return lags and the rate of spikes of another cell at each lag from the spikes of one."""
        t, cells, chosen = self._within(window)
        lags, rate = statistics.correlogram(
            t[cells == cell], t[cells == other], width, reach, chosen, same=cell == other
        )
        return lags, rate * self.per_second

    def triggered_average(self, cell: int, t: Array, signal: Array, before: float, after: float) -> tuple[Array, Array]:
        """Return lags and the mean of a sampled signal around the spikes of a cell."""
        lags, mean, _ = statistics.triggered_average(self.t[self.cell == cell], t, signal, before, after)
        return lags, mean
