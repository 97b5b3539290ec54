"""Records that are written to files while the run lasts."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, lif
from dynana.simulation import record_store

CELLS = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0, I=4.0)
A = dn.Population("A", CELLS, 70, start={"V": dn.uniform(-60, -50)})
NET = dn.Network([A], [dn.Projection(A, A, exponential, connect=dn.probability(0.1), w=0.2)])
WANTED = {"A": ["V", dn.record("I", cells=[3, 60], every=7)]}


def test_files_hold_what_memory_would(tmp_path) -> None:
    plain = dn.simulate(NET, 20.0, dt=0.1, seed=1, record=WANTED)
    stored = dn.simulate(NET, 20.0, dt=0.1, seed=1, record=WANTED, record_to=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["A.I.npy", "A.V.npy"]
    for name in ("V", "I"):
        assert np.array_equal(plain["A", name], stored["A", name])
        assert np.array_equal(plain["A", name], np.load(tmp_path / f"A.{name}.npy"))
    base = stored["A", "V"].base
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


def test_a_run_that_is_stopped_leaves_files_of_what_there_is(tmp_path) -> None:
    run = dn.simulate(NET, 2000.0, dt=0.1, seed=1, record=WANTED, record_to=tmp_path, between=lambda t: t > 1)
    voltage = np.load(tmp_path / "A.V.npy")
    assert run.stop.reason == "stopped" and len(voltage) == round(run.span[1] / 0.1) + 1 < 20_001
    assert np.array_equal(voltage, run["A", "V"]) and not np.any(voltage == 0.0)
    first = dn.simulate(NET, 1.0, dt=0.1, seed=1)
    (tmp_path / "more").mkdir()
    nothing = dn.record("V", every=100, cells=[1])
    more = dn.simulate(NET, 1.0, dt=0.1, start=first.final, record={"A": [nothing]}, record_to=tmp_path / "more")
    assert more["A", "V"].shape == np.load(tmp_path / "more" / "A.V.npy").shape == (0, 1)


def test_what_cannot_be_stored_is_refused_before_the_run(tmp_path, monkeypatch) -> None:
    def record(**options):
        return dn.simulate(NET, 20.0, dt=0.1, seed=1, record=WANTED, **options)

    with pytest.raises(NotADirectoryError, match="is no folder: make it first"):
        record(record_to=tmp_path / "nowhere")
    (tmp_path / "A.I.npy").write_text("mine")
    with pytest.raises(ValueError, match=r"A\.I\.npy is there already: name another folder"):
        record(record_to=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["A.I.npy"]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(
        ValueError,
        match=r"A\.V \(110 KiB\), A\.I \(464 bytes\) takes 110 KiB, and the disk of .* left",
    ):
        record(record_to=tmp_path)
    monkeypatch.setattr(record_store, "machine_memory", lambda: 10_000)
    with pytest.raises(ValueError, match=r"takes 110 KiB, and this machine has 9\.77 KiB: .* record_to=, a folder"):
        record()
    with pytest.raises(ValueError, match="record_to= has no meaning for single systems; it is for networks"):
        dn.simulate(lif, 1.0, record_to=tmp_path)


def test_names_that_are_no_names_of_files_become_some(tmp_path) -> None:
    store = record_store.FolderStore([("A->B:stdp.w", (2, 1)), ("A-:B:stdp.w", (2, 1))], tmp_path)
    assert [p.name for p in store.paths] == ["A-_B_stdp.w.npy", "A-_B_stdp.w_.npy"]


def test_sizes_are_told_before_the_run(tmp_path, capsys) -> None:
    dn.simulate(NET, 20.0, dt=0.1, seed=1, record=WANTED, record_to=tmp_path, progress=True)
    told = f"network: recording A.V (110 KiB), A.I (464 bytes) takes 110 KiB, written to {tmp_path}\n"
    assert capsys.readouterr().err.startswith(told)


def test_a_budget_says_what_memory_holds(tmp_path) -> None:
    def record(**options):
        return dn.simulate(NET, 20.0, dt=0.1, seed=1, record=WANTED, **options)["A", "V"]

    plain = record(memory_budget=200_000)
    assert np.array_equal(plain, record(record_to=tmp_path, memory_budget=200_000))
    assert not list(tmp_path.iterdir())
    assert np.array_equal(plain, record(record_to=tmp_path, memory_budget=100_000))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["A.I.npy", "A.V.npy"]
    with pytest.raises(ValueError, match=r"takes 110 KiB, and memory_budget= is 97\.7 KiB: .* record_to=, a folder"):
        record(memory_budget=100_000)
    for wrong in (-1, "2", True):
        with pytest.raises(ValueError, match="expected a number of bytes"):
            record(memory_budget=wrong)
