"""Interaction functions as results: series, locked states, words, files."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.results.phase_locking import PhaseLocking

PERIOD = 5.0


def locking(function, count=32, **options):
    angles = 2 * np.pi * np.arange(count) / count
    given = {
        "system": "made", "fingerprint": "f", "parameters": {"I": 1.0}, "period": PERIOD, "stable": True,
        "coupling": {"V": "pre.V"}, "delay": 0.0, "values": function(angles), "error": 1e-12, **options,
    }  # fmt: skip
    return PhaseLocking(**given)


def test_series_between_samples():
    made = locking(lambda a: 0.3 + np.sin(a) - 0.5 * np.cos(3 * a))
    t = np.linspace(-7.0, 12.0, 101)
    a = 2 * np.pi * t / PERIOD
    np.testing.assert_allclose(made.H(t), 0.3 + np.sin(a) - 0.5 * np.cos(3 * a), atol=1e-12)
    np.testing.assert_allclose(made.G(t), -2 * np.sin(a), atol=1e-12)
    np.testing.assert_allclose(made.odd(t), np.sin(a), atol=1e-12)
    np.testing.assert_allclose(made.H(made.differences), made.values, atol=1e-12)
    assert made.H(1.0).shape == ()


def test_locked_states_of_two_harmonics():
    # G = -2 (sin a - 0.8 sin 2a): zeros also where cos a = 1/1.6
    made = locking(lambda a: 5.0 + np.sin(a) - 0.8 * np.sin(2 * a))
    inner = np.arccos(1 / 1.6) / (2 * np.pi)
    np.testing.assert_allclose([s.fraction for s in made.locked], [0.0, inner, 0.5, 1 - inner], atol=1e-12)
    assert [s.stable for s in made.locked] == [False, True, False, True]
    assert made.locked[1].title == f"{inner:.4g} of a period apart"
    assert made.locked[1].difference == pytest.approx(inner * PERIOD)
    assert made.locked[0].sentence == "in phase, unstable"
    slopes = [
        -2 * (np.cos(x) - 1.6 * np.cos(2 * x)) * 2 * np.pi / PERIOD for x in 2 * np.pi * np.array([0, inner, 0.5])
    ]
    assert [s.slope for s in made.locked[:3]] == pytest.approx(slopes)
    a = np.linspace(0, 2 * np.pi, 100_001)
    assert made.locking_range[1] == pytest.approx(np.abs(2 * (np.sin(a) - 0.8 * np.sin(2 * a))).max(), rel=1e-8)


def test_even_functions_leave_every_difference_neutral():
    made = locking(lambda a: 1.0 + np.cos(a))
    assert made.locked == () and made.locking_range[1] < 1e-14
    assert "neutral" in made.sentence
    assert locking(np.zeros_like).locked == ()


def test_drift_without_locking():
    made = locking(np.sin)
    assert made.locked_at(2.1) == () and len(made.locked_at(1.9)) == 2
    assert {s.stable for s in made.locked_at(1.9)} == {True, False}


def test_words_files_and_tables(tmp_path):
    made = locking(np.sin, time_unit="ms", delay=0.5, stable=False)
    for part in ("made", "V receives pre.V", "5 ms", "delayed by 0.5", "unstable", "in phase", "antiphase"):
        assert part in repr(made)
    loaded = dn.load(made.save(tmp_path / "locking.npz"))
    assert isinstance(loaded, PhaseLocking)
    np.testing.assert_array_equal(loaded.values, made.values)
    table = made.to_dataframe()
    assert list(table) == ["difference", "fraction", "H", "G"] and len(table) == 32
    assert repr(made.locked[0]) == "<LockedState: in phase, stable>"
    with pytest.raises(ValueError, match="even number of samples"):
        locking(np.sin, count=5)
