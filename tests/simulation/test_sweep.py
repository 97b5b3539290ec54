"""Sweeps: closed forms on a grid, seeds, failures that do not lose the rest, executors of other processes."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import dynana as dn
from dynana.models import ei_irregular, lif


def spike_count(run) -> int:
    return run.jump_times.size


def both(run) -> dict[str, float]:
    if run.final["V"] > 15:
        raise RuntimeError("too high")
    return {"final": run.final["V"], "states": [run.final["V"], 2 * run.final["V"]]}


def test_rates_on_a_grid_are_those_of_the_closed_form() -> None:
    made = dn.sweep(lif.at(V_reset=0.0), {"I": [22.0, 25.0, 30.0], "tau": [10.0, 20.0]}, 1000.0, measure=spike_count)
    assert made.shape == (3, 2)
    I, tau = np.meshgrid(made["I"], made["tau"], indexing="ij")
    period = 1.0 + tau * np.log(I / (I - 20.0))
    assert np.array_equal(made["value"], np.floor(1000.0 / period) + (1000.0 % period >= period - 1.0))
    assert "3 I x 2 tau" in repr(made)


def test_seeds_are_an_axis_that_can_be_averaged_over() -> None:
    @dn.model
    def noisy(x=0.0, *, k=1.0):
        return -k * x, dn.Noise({x: 1.0})

    made = dn.sweep(
        noisy,
        {"k": [0.5, 2.0], "seed": range(200)},
        20.0,
        measure=lambda run: run.final["x"] ** 2,
        options={"dt": 0.02},
    )
    assert made.mean("seed")["value"] == pytest.approx([1.0, 0.25], rel=0.25)
    again = dn.sweep(
        noisy,
        {"k": [0.5, 2.0], "seed": range(200)},
        20.0,
        measure=lambda run: run.final["x"] ** 2,
        options={"dt": 0.02},
    )
    assert np.array_equal(made["value"], again["value"])


def test_an_item_that_fails_reports_itself_and_does_not_lose_the_others() -> None:
    made = dn.sweep(lif, {"I": [5.0, 10.0, 19.0]}, 200.0, measure=both)
    assert made["final"][:2] == pytest.approx([5.0, 10.0])
    assert np.isnan(made["final"][2]) and made["states"].shape == (3, 2)
    assert made.failures == (((2,), "RuntimeError: too high"),)
    assert "1 failed" in repr(made)


@pytest.mark.slow
def test_other_processes_give_the_same_numbers() -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = dn.sweep(lif, {"I": np.linspace(18, 30, 5)}, 200.0, measure=spike_count, executor=pool)
    here = dn.sweep(lif, {"I": np.linspace(18, 30, 5)}, 200.0, measure=spike_count)
    assert np.array_equal(there["value"], here["value"])


def test_what_makes_no_sense_is_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="did you mean 'I'"):
        dn.sweep(lif, {"i": [1.0]}, 10.0, measure=spike_count)
    with pytest.raises(ValueError, match="at least one axis"):
        dn.sweep(lif, {}, 10.0, measure=spike_count)
    with pytest.raises(ValueError, match="numbers in one row"):
        dn.sweep(lif, {"I": []}, 10.0, measure=spike_count)
    with pytest.raises(TypeError, match="a function of a run"):
        dn.sweep(lif, {"I": [1.0]}, 10.0, measure=3)
    with pytest.raises(ValueError, match="whole numbers"):
        dn.sweep(lif, {"seed": [0.5]}, 10.0, measure=spike_count)


def test_results_can_be_saved_and_tabulated(tmp_path) -> None:
    made = dn.sweep(lif, {"I": [5.0, 10.0]}, 50.0, measure=lambda run: run.final["V"])
    back = dn.load(made.save(tmp_path / "sweep.npz"))
    assert np.array_equal(back["value"], made["value"])
    assert list(made.to_dataframe().columns) == ["I", "value"]
    with pytest.raises(KeyError, match="no measure or axis named 'rate'"):
        made["rate"]


SMALL = ei_irregular(40, 40)
OVER = {"E.I": [5.0, 15.0], "seed": range(3)}
SHORT = {"dt": 0.1}


def rates(run) -> dict[str, float]:
    return {name: 1000 * run.rate(name) for name in "EI"}


def rates_or_nothing(run) -> dict[str, float]:
    if run.spikes["E"].rates().mean() > 50:
        raise RuntimeError("too fast")
    return rates(run)


def test_networks_are_swept_over_whole_names_and_seeds() -> None:
    made = dn.sweep(SMALL, OVER, 100.0, measure=rates, options=SHORT)
    assert made.shape == (2, 3) and made.system == "ei_irregular"
    for place, value in np.ndenumerate(made["E"]):
        alone = dn.simulate(SMALL.at({"E.I": OVER["E.I"][place[0]]}), 100.0, dt=0.1, seed=place[1])
        assert value == 1000 * alone.rate("E")
    assert np.diff(made.mean("seed")["E"]) > 20


def test_an_item_of_a_network_that_fails_does_not_lose_the_others() -> None:
    made = dn.sweep(SMALL, {"E.I": [5.0, 30.0, 10.0]}, 100.0, measure=rates_or_nothing, options=SHORT | {"seed": 1})
    assert made.failures == (((1,), "RuntimeError: too fast"),)
    assert np.isnan(made["E"][1]) and np.all(np.isfinite(made["E"][[0, 2]]))


def test_names_in_networks_are_checked_before_anything_runs() -> None:
    with pytest.raises(ValueError, match=r"say whose: E\.I, I\.I"):
        dn.sweep(SMALL, {"I": [1.0]}, 10.0, measure=rates, options=SHORT)
    with pytest.raises(ValueError, match=r"did you mean 'E\.I'"):
        dn.sweep(SMALL, {"E.i": [1.0]}, 10.0, measure=rates, options=SHORT)
    with pytest.raises(TypeError, match="a System or a Network, got str"):
        dn.sweep("lif", {"I": [1.0]}, 10.0, measure=rates)


@pytest.mark.slow
def test_other_processes_and_clusters_simulate_the_same_networks() -> None:
    here = dn.sweep(SMALL, OVER, 50.0, measure=rates, options=SHORT)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = dn.sweep(SMALL, OVER, 50.0, measure=rates, options=SHORT, executor=pool)
    assert np.array_equal(there["E"], here["E"]) and np.array_equal(there["I"], here["I"])


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_numbers_and_keeps_what_did_not_fail() -> None:
    distributed = pytest.importorskip("distributed", reason="pip install dynana[cluster]")
    over = {"E.I": [5.0, 30.0, 10.0]}
    options = SHORT | {"seed": 1}
    here = dn.sweep(SMALL, over, 100.0, measure=rates_or_nothing, options=options)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = dn.sweep(SMALL, over, 100.0, measure=rates_or_nothing, options=options, executor=client.get_executor())
    assert np.array_equal(there["E"], here["E"], equal_nan=True)
    assert there.failures == here.failures == (((1,), "RuntimeError: too fast"),)
