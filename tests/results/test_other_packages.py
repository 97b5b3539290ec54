"""Results as objects of xarray and neo, where these are installed; without them the message says what to install."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import dynana as dn
from dynana.models import lif
from dynana.results.recording import Spikes
from dynana.results.sweep import Sweep


@pytest.fixture(scope="module")
def ensemble() -> Any:
    return dn.simulate(lif, 50.0, at={"I": np.array([15.0, 30.0, 40.0])}, times=[0.0, 25.0, 50.0])


def made_sweep() -> Sweep:
    return Sweep(
        system="s",
        fingerprint="0",
        axes={"I": np.array([1.0, 2.0, 3.0]), "tau": np.array([10.0, 20.0])},
        values={"rate": np.arange(6.0).reshape(3, 2), "moments": np.arange(24.0).reshape(3, 2, 4)},
    )


def test_a_sweep_has_its_axes_as_dimensions() -> None:
    pytest.importorskip("xarray")
    data = made_sweep().to_xarray()
    assert float(data["rate"].sel(I=2.0, tau=20.0)) == 3.0
    assert data["moments"].dims == ("I", "tau", "moments_0")
    assert data.attrs == {"system": "s", "fingerprint": "0"}


def test_an_ensemble_has_times_and_cells_and_what_differs_between_them(ensemble: Any) -> None:
    pytest.importorskip("xarray")
    data = ensemble.to_xarray()
    assert data["V"].dims == ("t", "cell")
    assert data["V"].sel(t=25.0).values == pytest.approx(ensemble["V"][1])
    assert data.coords["I"].values.tolist() == [15.0, 30.0, 40.0]
    assert data.attrs["tau"] == 10.0


def test_spike_trains_of_cells(ensemble: Any) -> None:
    neo = pytest.importorskip("neo")
    segment = ensemble.to_neo("spike", unit="ms")
    assert [len(train) for train in segment.spiketrains] == ensemble.counts("spike").tolist()
    assert isinstance(segment.spiketrains[1], neo.SpikeTrain)
    assert segment.spiketrains[1].rescale("ms").magnitude == pytest.approx(ensemble.times("spike", cell=1))
    assert float(segment.spiketrains[1].t_stop.rescale("s")) == pytest.approx(0.05)


def test_spike_trains_of_a_trajectory_by_jump_and_by_level() -> None:
    pytest.importorskip("neo")
    run = dn.simulate(lif.at(I=40.0), 50.0)
    (train,) = run.to_neo("spike").spiketrains
    assert train.magnitude == pytest.approx(run.jump_times)
    assert str(train.units.dimensionality) == "ms"
    (train,) = run.to_neo("V", 10.0).spiketrains
    assert train.magnitude == pytest.approx(run.crossings("V", 10.0))


def test_spike_trains_of_a_population() -> None:
    pytest.importorskip("neo")
    spikes = Spikes(
        population="E", size=3, cell=np.array([0, 2, 0]), step=np.array([1, 5, 9]), start=0.0, dt=0.1, span=(0.0, 1.0)
    )
    trains = spikes.to_neo(unit="ms").spiketrains
    assert [train.magnitude.tolist() for train in trains] == [pytest.approx([0.1, 0.9]), [], pytest.approx([0.5])]
    assert trains[2].name == "E 2"


def test_the_unit_of_time_must_be_known(ensemble: Any) -> None:
    with pytest.raises(ValueError, match=r"to_neo\(\): unit='hours'; give unit= one of s, ms, us"):
        ensemble.to_neo(unit="hours")
    run = dn.simulate(dn.models.fitzhugh_nagumo, 1.0)
    with pytest.raises(ValueError, match="the result does not say its unit of time; give unit="):
        run.to_neo("v", 0.0)


def test_without_the_packages_the_message_names_the_extra(ensemble: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for package, call in (("xarray", ensemble.to_xarray), ("neo", lambda: ensemble.to_neo(unit="ms"))):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(
            ImportError, match=rf"needs {package}, which is not installed: pip install 'dynana\[{package}\]'"
        ):
            call()
