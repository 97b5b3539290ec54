"""Rasters and population rates: what is drawn is what was recorded."""

import matplotlib
import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, lif

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def run():
    E = dn.Population("E", lif.at(I=25.0), 30, start={"V": dn.uniform(-5, 20)})
    I = dn.Population("I", lif.at(I=22.0), 10, start={"V": dn.uniform(-5, 20)})
    return dn.simulate(dn.Network([E, I], [dn.Projection(I, E, exponential, w=-0.1)]), 200.0, dt=0.1, seed=1)


def test_a_raster_has_one_mark_for_each_spike(run) -> None:
    ax = dn.plot.raster(run)
    counts = [len(c.get_offsets()) for c in ax.collections]
    assert counts == [len(run.spikes["E"]), len(run.spikes["I"])]
    assert ax.collections[1].get_offsets()[:, 1].min() >= 30
    assert [label.get_text() for label in ax.get_yticklabels()] == ["E (30)", "I (10)"]
    assert ax.get_xlabel() == "time (ms)"
    alone = dn.plot.raster(run, populations=["I"])
    assert alone.get_ylabel() == "cell of I"
    with pytest.raises(ValueError, match="no population with spikes named 'Q'"):
        dn.plot.raster(run, populations=["Q"])


def test_population_rates_integrate_to_the_number_of_spikes(run) -> None:
    ax = dn.plot.population_rate(run, width=5.0)
    for line, name in zip(ax.lines, "EI", strict=True):
        spikes = run.spikes[name]
        assert np.sum(line.get_ydata()) * 5e-3 * spikes.size == pytest.approx(len(spikes), abs=spikes.size)
    assert ax.get_ylabel() == "rate (Hz)"


def test_measures_are_in_hertz_and_within_windows(run) -> None:
    spikes = run.spikes["I"]
    assert spikes.rates().mean() == pytest.approx(1000 * len(spikes) / 10 / 200)
    # a regular neuron: closed form of the interval for constant input, t_ref 1 ms, on a grid of 0.1 ms
    period = 1.0 + 10.0 * np.log((22.0 + 5.0) / 2.0)
    assert np.median(spikes.intervals((50, 200))) == pytest.approx(period, abs=0.1)
    assert np.nanmax(spikes.cv((50, 200))) < 0.01
    t, rate = spikes.activity(10.0)
    assert t[0] == 5.0 and rate.mean() == pytest.approx(spikes.rates().mean())
    lags, density = spikes.autocorrelogram(0, 1.0, 40.0)
    assert abs(lags[lags > 5][np.argmax(density[lags > 5])] - period) < 1.0
    with pytest.raises(ValueError, match="start < end"):
        spikes.rates((3.0, 3.0))


def test_rates_that_were_counted_are_drawn_without_spikes(run) -> None:
    above, below = dn.plot.raster_with_rate(run, width=5.0)
    assert len(above.collections) == 2 and len(below.lines) == 2 and above.get_xlabel() == ""
    t, rate = run.spikes["E"].activity(5.0)
    assert np.array_equal(below.lines[0].get_ydata(), rate)
    cells = dn.Population("E", dn.models.lif.at(I=25.0), 5)
    few = dn.simulate(
        dn.Network([cells]), 50.0, dt=0.1, record={"E": dn.record_rate(2.0), cells[:2]: dn.record_rate(5.0)},
        record_spikes=False,
    )  # fmt: skip
    (line, part) = dn.plot.population_rate(few).lines
    assert np.array_equal(line.get_ydata(), few.rates["E"].rate) and part.get_label() == "E[0:2]"
    with pytest.raises(ValueError, match="no population with spikes .or none was kept: record_spikes="):
        dn.plot.raster(few)
    with pytest.raises(ValueError, match="no population with spikes named 'I'"):
        dn.plot.population_rate(few, populations=["I"])
