"""Measures on spikes against closed forms: clocks, Poisson and gamma processes, copies of one train."""

import numpy as np
import pytest

from dynana.results import spike_statistics as measure

WINDOW = (0.0, 100.0)


def poisson(
    rate: float, size: int, seed: int = 1, window: tuple[float, float] = WINDOW
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    count = rng.poisson(rate * (window[1] - window[0]), size)
    times = rng.uniform(*window, count.sum())
    cells = np.repeat(np.arange(size), count)
    order = np.argsort(times)
    return times[order], cells[order]


def test_a_clock_is_regular() -> None:
    times = np.arange(0.5, 100, 2.0)
    cells = np.zeros(times.size, dtype=np.int64)
    assert measure.rates(cells, 2, WINDOW) == pytest.approx([0.5, 0.0])
    assert measure.cv(times, cells, 2)[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(measure.cv(times, cells, 2)[1])
    assert measure.cv2(times, cells, 2)[0] == pytest.approx(0.0, abs=1e-12)


def test_intervals_stay_within_their_cells() -> None:
    interval, cell = measure.intervals(np.array([0.0, 1.0, 3.0, 4.0, 9.0]), np.array([0, 1, 0, 1, 0]))
    assert np.array_equal(interval, [3.0, 6.0, 3.0]) and np.array_equal(cell, [0, 0, 1])


def test_poisson_spikes_have_the_statistics_of_chance() -> None:
    times, cells = poisson(5.0, 200)
    assert np.nanmean(measure.cv(times, cells, 200)) == pytest.approx(1.0, abs=0.02)
    assert np.nanmean(measure.cv2(times, cells, 200)) == pytest.approx(1.0, abs=0.02)
    counts = measure.cell_counts(times, cells, 200, measure.bin_edges(WINDOW, 0.5))
    assert np.nanmean(measure.fano(counts)) == pytest.approx(1.0, abs=0.02)
    assert measure.fano(measure.population_counts(times, measure.bin_edges(WINDOW, 0.5))) == pytest.approx(1.0, abs=0.3)
    assert measure.mean_correlation(counts) == pytest.approx(0.0, abs=0.005)
    assert measure.synchrony(counts) == pytest.approx(1 / np.sqrt(200), rel=0.15)


def test_gamma_intervals() -> None:
    rng = np.random.default_rng(2)
    times = np.cumsum(rng.gamma(4.0, 0.25, 100_000))
    cells = np.zeros(times.size, dtype=np.int64)
    assert measure.cv(times, cells, 1)[0] == pytest.approx(0.5, abs=0.01)
    # Holt et al.: 2 |x - 1/2| has a beta law; for order 4 the mean of |I' - I|/(I' + I) is C(8, 4)/2^8
    assert measure.cv2(times, cells, 1)[0] == pytest.approx(2 * 70 / 256, abs=0.01)


def test_copies_of_one_train_are_fully_correlated() -> None:
    times, _ = poisson(5.0, 1)
    many, cells = np.tile(times, 3), np.repeat(np.arange(3), times.size)
    counts = measure.cell_counts(many, cells, 3, measure.bin_edges(WINDOW, 0.5))
    assert measure.mean_correlation(counts) == pytest.approx(1.0)
    assert measure.synchrony(counts) == pytest.approx(1.0)


def test_the_mean_correlation_is_the_mean_over_all_pairs() -> None:
    times, cells = poisson(5.0, 6)
    counts = measure.cell_counts(times, cells, 6, measure.bin_edges(WINDOW, 0.5))
    table = np.corrcoef(counts.T)
    assert measure.mean_correlation(counts) == pytest.approx(table[np.triu_indices(6, 1)].mean())


def test_correlograms_find_a_shift() -> None:
    times, _ = poisson(2.0, 1)
    lags, rate = measure.correlogram(times, times + 0.3, 0.1, 1.0, WINDOW)
    assert lags[np.argmax(rate)] == pytest.approx(0.3)
    lags, rate = measure.correlogram(times, times, 0.1, 1.0, WINDOW, same=True)
    assert rate == pytest.approx(times.size / 100, rel=0.5) and lags.size == 21
    clock = np.arange(0.25, 100, 1.0)
    lags, rate = measure.correlogram(clock, clock, 0.1, 2.0, WINDOW, same=True)
    assert rate[lags.size // 2] == 0.0
    assert rate[np.argmin(np.abs(lags - 1.0))] == pytest.approx(10.0)


def test_the_spectrum_of_chance_is_flat_and_that_of_a_modulated_rate_has_a_peak() -> None:
    times, _ = poisson(50.0, 1)
    counts = measure.population_counts(times, measure.bin_edges(WINDOW, 0.05))
    frequency, density = measure.spectrum(counts, 0.05)
    assert density[1:].mean() == pytest.approx(100.0, rel=0.1)
    assert np.sum(density) * (frequency[1] - frequency[0]) == pytest.approx(np.var(counts / 0.05), rel=0.01)
    rng = np.random.default_rng(3)
    kept = times[rng.uniform(0, 2, times.size) < 1 + np.sin(2 * np.pi * 3 * times)]
    frequency, density = measure.spectrum(measure.population_counts(kept, measure.bin_edges(WINDOW, 0.05)), 0.05)
    assert frequency[np.argmax(density)] == pytest.approx(3.0, abs=0.02)


def test_triggered_averages_take_spikes_with_room_only() -> None:
    t = np.arange(0, 10, 0.1)
    lags, mean, used = measure.triggered_average(np.array([0.1, 2.0, 5.0]), t, np.cos(t), 1.0, 0.5)
    assert used == 2 and lags[0] == pytest.approx(-1.0) and lags[-1] == pytest.approx(0.5)
    assert mean[10] == pytest.approx((np.cos(2.0) + np.cos(5.0)) / 2)
    assert np.isnan(measure.triggered_average(np.array([0.1]), t, t, 1.0, 1.0)[1]).all()


def test_bins_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        measure.bin_edges((0.0, 1.0), 2.0)


def test_windows_contain_their_start_and_not_their_end() -> None:
    times, cells = measure.within(np.array([0.0, 1.0, 2.0]), np.array([0, 1, 2]), (1.0, 2.0))
    assert np.array_equal(times, [1.0]) and np.array_equal(cells, [1])
