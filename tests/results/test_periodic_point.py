"""Periodic points of return maps as results."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.results.periodic_point import PeriodicPoint


def point(**changes):
    values = {
        "system": "adex", "fingerprint": "f", "states": ("V", "w"), "parameters": {"I": 1.0}, "jump": "spike",
        "state": np.array([-68.0, 2.5]), "spikes": 2, "period": 40.0, "multipliers": np.array([-0.5]),
    }  # fmt: skip
    return PeriodicPoint(**(values | changes))


def test_what_it_tells():
    p = point()
    assert p["w"] == 2.5
    assert p.stable
    assert p.rate == 0.05
    assert repr(p) == (
        "<PeriodicPoint of adex: stable periodic point, after spike, V = -68, w = 2.5: 2 jumps, period 40; "
        "multipliers -0.5>"
    )
    section = point(jump="", spikes=0, multipliers=np.array([0.5, 1.5j]))
    assert not section.stable
    assert "unstable periodic point, V = -68, w = 2.5: period 40; multipliers 0+1.5i, 0.5" in repr(section)
    with pytest.raises(KeyError, match="did you mean|known"):
        p["v"]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"state": np.zeros(3)}, "state must have shape"),
        ({"period": 0.0}, "the period must be positive"),
        ({"multipliers": np.zeros((1, 1))}, "multipliers must have shape"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        point(**changes)


def test_files(tmp_path):
    p = point(multipliers=np.array([0.5 + 0.1j, 0.5 - 0.1j]))
    again = dn.load(p.save(tmp_path / "point.npz"))
    assert isinstance(again, PeriodicPoint)
    np.testing.assert_array_equal(again.multipliers, p.multipliers)
    assert again.parameters == p.parameters
    assert list(p.to_dataframe().columns) == ["V", "w", "spikes", "period"]
