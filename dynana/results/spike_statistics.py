"""Measures on spikes that are given as two arrays, times and the numbers of the cells that sent them.

Times are in any unit; rates come out per unit of time. A window is (start, end), with spikes at the start counted and
those at the end not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Cells = NDArray[np.int64]

#: Spikes that a cell needs before its intervals are called regular or irregular.
FEWEST_SPIKES = 4


def within(times: Array, cells: Cells, window: tuple[float, float]) -> tuple[Array, Cells]:
    """Return the spikes of a window."""
    inside = (times >= window[0]) & (times < window[1])
    return times[inside], cells[inside]


def rates(cells: Cells, size: int, window: tuple[float, float]) -> Array:
    """Return the rate of each cell, shape (size,), of spikes that all lie in the window."""
    return np.bincount(cells, minlength=size) / (window[1] - window[0])


def intervals(times: Array, cells: Cells) -> tuple[Array, Cells]:
    """Return all intervals between successive spikes of one cell, cell by cell, and the cell of each."""
    order = np.lexsort((times, cells))
    t, c = times[order], cells[order]
    same = c[1:] == c[:-1]
    return np.diff(t)[same], c[1:][same]


def cv(times: Array, cells: Cells, size: int) -> Array:
    """Return for each cell standard deviation over mean of its intervals; NaN below `FEWEST_SPIKES` spikes."""
    interval, cell = intervals(times, cells)
    count = np.bincount(cell, minlength=size)
    enough = count >= FEWEST_SPIKES - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cell, interval, minlength=size) / count
        spread = np.bincount(cell, (interval - mean[cell]) ** 2, minlength=size) / count
        return np.where(enough, np.sqrt(spread) / mean, np.nan)


def cv2(times: Array, cells: Cells, size: int) -> Array:
    """Return for each cell the mean of 2 |I' - I|/(I' + I) over successive intervals; NaN below `FEWEST_SPIKES` spikes.

    Holt, Softky, Koch & Douglas (1996), J. Neurophysiol. 75:1806-1814: insensitive to slow changes of the rate.
    """
    interval, cell = intervals(times, cells)
    same = cell[1:] == cell[:-1]
    difference = 2 * np.abs(np.diff(interval))[same] / (interval[1:] + interval[:-1])[same]
    owner = cell[1:][same]
    count = np.bincount(owner, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count >= FEWEST_SPIKES - 2, np.bincount(owner, difference, minlength=size) / count, np.nan)


def bin_edges(window: tuple[float, float], width: float) -> Array:
    """Return the edges of as many whole bins as fit into a window."""
    count = int(np.floor((window[1] - window[0]) / width * (1 + 1e-12)))
    if count < 1:
        raise ValueError(f"bins of width {width:g} do not fit into a window of length {window[1] - window[0]:g}.")
    return window[0] + width * np.arange(count + 1, dtype=np.float64)


def population_counts(times: Array, edges: Array) -> Array:
    """Return the number of spikes of all cells in each bin."""
    return np.histogram(times, edges)[0].astype(float)


def cell_counts(times: Array, cells: Cells, size: int, edges: Array) -> Array:
    """Return the number of spikes of each cell in each bin, shape (bins, size)."""
    bins = np.searchsorted(edges, times, side="right") - 1
    inside = (bins >= 0) & (bins < edges.size - 1)
    flat = np.bincount(bins[inside] * size + cells[inside], minlength=(edges.size - 1) * size)
    return flat.reshape(edges.size - 1, size).astype(float)


def fano(counts: Array) -> Array:
    """Return variance over mean of counts, along the first axis; NaN where nothing was counted."""
    mean = counts.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(mean > 0, counts.var(axis=0) / mean, np.nan)


def mean_correlation(counts: Array) -> float:
    """Return the mean correlation of the counts of two cells over all pairs, shape (bins, size).

    From the variance of the sum of standardised counts, so that no matrix of pairs is needed; cells whose count never
    changes are left out.
    """
    spread = counts.std(axis=0)
    active = spread > 0
    n = int(active.sum())
    if n < 2:
        return float("nan")
    z = (counts[:, active] - counts[:, active].mean(axis=0)) / spread[active]
    return float((z.sum(axis=1).var() - n) / (n * (n - 1)))


def synchrony(counts: Array) -> float:
    """Return the measure chi of Golomb & Rinzel: 1 where all cells act alike, 1/sqrt(size) without relation.

    Standard deviation over time of the mean over cells, relative to the root mean variance of single cells.
    Golomb & Rinzel (1993), Phys. Rev. E 48:4810-4814.
    """
    single = counts.var(axis=0).mean()
    return float(np.sqrt(counts.mean(axis=1).var() / single)) if single > 0 else float("nan")


def correlogram(
    times: Array, others: Array, width: float, reach: float, window: tuple[float, float], *, same: bool = False
) -> tuple[Array, Array]:
    """Return lags and the rate of other spikes at each lag from a spike.

    Parameters
    ----------
    times, others : ndarray
        Spikes of one train (or of many, taken together) and of another.
    width, reach : float
        Bin width; the lags go from -reach to reach, bins are centred on multiples of the width.
    window : (float, float)
        In which all spikes lie; the share of it that a lag leaves is accounted for.
    same : bool
        Whether both are the same train: a spike is then not related to itself.

    Returns
    -------
    lags : ndarray, shape (k,)
    rate : ndarray, shape (k,)
        Spikes of the other train per unit of time, given a spike at lag 0; its mean rate where there is no relation.
    """
    half = int(np.ceil(reach / width))
    lags = width * np.arange(-half, half + 1, dtype=np.float64)
    edges = np.append(lags - 0.5 * width, lags[-1] + 0.5 * width)
    ordered = np.sort(others)
    cumulative = np.array([np.searchsorted(ordered, times + edge).sum() for edge in edges], dtype=float)
    counts = np.diff(cumulative)
    if same:
        counts[half] -= times.size
    length = window[1] - window[0]
    share = np.maximum(length - np.abs(lags), 0.0) / length
    with np.errstate(invalid="ignore", divide="ignore"):
        return lags, counts / (times.size * width * share)


def spectrum(counts: Array, width: float) -> tuple[Array, Array]:
    """Return frequencies and the power spectral density of the rate behind counts per bin (one-sided, mean removed).

    A Poisson process of rate r has the density 2 r at all frequencies.
    """
    rate = counts / width
    amplitude = np.fft.rfft(rate - rate.mean())
    density = 2 * width / counts.size * np.abs(amplitude) ** 2
    return np.asarray(np.fft.rfftfreq(counts.size, width), dtype=np.float64), density


def triggered_average(times: Array, t: Array, signal: Array, before: float, after: float) -> tuple[Array, Array, int]:
    """Return lags, the mean of a sampled signal around spikes, and the number of spikes that could be used.

    Parameters
    ----------
    times : ndarray
    t, signal : ndarray, shape (k,)
        Equally spaced samples.
    before, after : float
        How far the average reaches; spikes too close to the ends are left out, which the number says.
    """
    step = float(t[1] - t[0])
    lags = np.arange(-round(before / step), round(after / step) + 1)
    places: Array = lags * np.float64(step)
    centre = np.rint((times - t[0]) / step).astype(np.int64)
    used = centre[(centre + lags[0] >= 0) & (centre + lags[-1] < t.size)]
    if used.size == 0:
        return places, np.full(lags.size, np.nan), 0
    return places, signal[used[:, None] + lags].mean(axis=0), int(used.size)
