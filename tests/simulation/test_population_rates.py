"""Rates that are counted while a network runs, with and without its spikes."""

import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, lif

CELLS = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0, I=4.0)
A, B = (dn.Population(name, CELLS, 70, start={"V": dn.uniform(-60, -49)}) for name in "AB")
NOISE = dn.poisson(200.0, 30)
NET = dn.Network(
    [A, B, NOISE],
    [
        dn.Projection(A, B, exponential, connect=dn.probability(0.1), w=0.2, delay=0.7),
        dn.Projection(NOISE, A, exponential),
    ],
)
WANTED = {"A": ["V", dn.record_rate(2.0)], A[20:50]: dn.record_rate(0.5), "poisson": [dn.record_rate(5.0)]}


def test_counts_are_those_of_the_spikes_whatever_the_threads() -> None:
    run = dn.simulate(NET, 21.0, dt=0.1, seed=1, record=WANTED, threads=2)
    for name, (cells, population) in {
        "A": (slice(0, 70), "A"),
        "A[20:50]": (slice(20, 50), "A"),
        "poisson": (slice(0, 30), "poisson"),
    }.items():
        spikes, counted = run.spikes[population], run.rates[name]
        chosen = spikes.t[(spikes.cell >= cells.start) & (spikes.cell < cells.stop)]
        bins = np.searchsorted(counted.edges + 1e-9, chosen, side="left") - 1  # ends belong to their bins
        expected = np.bincount(np.maximum(bins, 0), minlength=len(counted))
        assert np.array_equal(counted.counts, expected) and counted.counts.sum() > 20
        assert counted.rate == pytest.approx(1000 * expected / np.diff(counted.edges) / counted.size)
        assert np.array_equal(run[name, "rate"], counted.rate)
    assert run.rates["A"].edges[-2:] == pytest.approx([20.0, 21.0])  # the run is no multiple of 2
    with pytest.raises(KeyError, match=r"no recorded quantity named 'rate'.*record=\{'B': \[dn.record_rate\(1.0\)\]\}"):
        run["B", "rate"]
    with pytest.raises(KeyError, match=r"did you mean 'V'\? Known: V, rate. Record it: record=\{'A': \['V', 'v'\]\}"):
        run["A", "v"]
    assert run.spikes["A"].step.min() == 0  # what jumps at the start is in the first bin


def test_runs_without_spikes_count_and_go_on() -> None:
    whole = dn.simulate(NET, 20.0, dt=0.1, seed=1, record=WANTED)
    first = dn.simulate(NET, 8.0, dt=0.1, seed=1, record=WANTED, record_spikes=False)
    second = dn.simulate(NET, 12.0, dt=0.1, start=first.final, record=WANTED, record_spikes=["B"])
    for name in WANTED_NAMES:
        joined = np.concatenate([first.rates[name].counts, second.rates[name].counts])
        if name != "poisson":  # 8 is no multiple of its bins
            assert np.array_equal(joined, whole.rates[name].counts)
    assert not first.spikes and list(second.spikes) == ["B"]
    assert first.rate("A") == pytest.approx(whole.rates["A"].counts[:4].sum() / 70 / 8.0)
    assert "no spikes kept; A.V; rates of A, A[20:50], poisson" in repr(first)
    with pytest.raises(KeyError, match="no population whose spikes were kept or counted named 'B'"):
        first.rate("B")


WANTED_NAMES = ("A", "A[20:50]", "poisson")


def test_rates_are_saved_smoothed_and_listed(tmp_path) -> None:
    run = dn.simulate(NET, 20.0, dt=0.1, seed=1, record={"A": dn.record_rate(0.5)})
    rate = dn.load(run.save(tmp_path / "run.npz")).rates["A"]
    assert repr(rate) == f"<PopulationRate of A: {len(run.spikes['A'])} spikes in 40 bins of 0.5>"
    assert list(rate.to_dataframe().columns) == ["t", "count", "rate"]
    window = np.exp(-0.5 * ((rate.t[:, None] - rate.t) / 1.5) ** 2)
    window[np.abs(rate.t[:, None] - rate.t) > 7.5 + 1e-9] = 0.0
    expected = window @ rate.counts / (window.sum(axis=1) * 0.5 * 70) * 1000
    assert rate.smoothed(1.5) == pytest.approx(expected)
    with pytest.raises(ValueError, match="expected a positive standard deviation"):
        rate.smoothed(0.0)


def test_what_cannot_be_counted_is_refused() -> None:
    def count(wanted, **options):
        return dn.simulate(NET, 1.0, dt=0.1, record=wanted, **options)

    for width in (0.0, -1.0, "2", True, np.inf):
        with pytest.raises(ValueError, match="expected the width of the bins, a positive time"):
            dn.record_rate(width)
    with pytest.raises(ValueError, match=r"record_rate\(0\.25\): bins are whole numbers of steps .* nearest is 0\.2"):
        count({"A": dn.record_rate(0.25)})
    with pytest.raises(ValueError, match="the rate of A is asked for twice"):
        count({"A": [dn.record_rate(0.5), dn.record_rate(1.0)]})
    with pytest.raises(ValueError, match="record_spikes=: no population named 'C'"):
        count({}, record_spikes=["C"])
    trains = dn.Network([A], [dn.Projection(dn.poisson(10.0), A, exponential)])
    with pytest.raises(ValueError, match="has a train for each target: give it a size"):
        dn.simulate(trains, 1.0, dt=0.1, record={"poisson": dn.record_rate(0.5)})
    quiet = dn.Network([dn.Population("x", dn.models.wilson_cowan, 2)])
    with pytest.raises(ValueError, match="x has no spikes of its own"):
        dn.simulate(quiet, 1.0, dt=0.1, record={"x": dn.record_rate(0.5)})
    with pytest.raises(
        ValueError, match="record_spikes= has no meaning for single systems; it is"
    ):
        dn.simulate(lif, 1.0, record_spikes=False)
