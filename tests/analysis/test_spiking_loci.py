"""Curves of bifurcations of cycles with jumps in two parameters, against branches in one."""

from __future__ import annotations

import numpy as np
import pytest

import dynana as dn
from dynana.models import generalized_if
from dynana.models.integrate_and_fire import adex_touboul_brette

RANGES = {"V_reset": (-55.0, -45.0), "b": (20.0, 150.0)}


@pytest.fixture(scope="module")
def doubling():
    system = adex_touboul_brette
    branch = dn.continue_cycles(system, dn.simulate(system, 500.0), "V_reset", (-52.0, -47.0))
    return branch.special_points("period doubling")[0]


def test_a_curve_of_period_doublings(doubling):
    system = adex_touboul_brette
    locus = dn.continue_locus(system, doubling, ("V_reset", "b"), ranges=RANGES, values={"b": [100.0]})
    assert locus.kind == "period doubling"
    assert [stop.reason for stop in locus.stops] == ["end of range", "end of range"]
    point = locus.special_points("label")[0]
    assert point["b"] == pytest.approx(100.0, abs=1e-9)
    assert np.abs(point.eigenvalues + 1.0).min() < 1e-7
    there = system.at(V_reset=point["V_reset"], b=100.0)
    branch = dn.continue_cycles(there, point.cycle, "V_reset", RANGES["V_reset"])
    found = [p["V_reset"] for p in branch.special_points("period doubling")]
    assert min(abs(v - point["V_reset"]) for v in found) < 1e-8
    k = int(np.argmin(np.abs(locus.places[:, 1] - 80.0)))
    assert locus.periods[k] == pytest.approx(doubling.period, rel=0.1)


def test_a_curve_of_folds():
    system = adex_touboul_brette.at(V_reset=-47.75)
    branch = dn.continue_cycles(system, dn.simulate(system, 3000.0), "V_reset", (-48.2, -47.4))
    fold = branch.special_points("fold of cycles")[0]
    locus = dn.continue_locus(system, fold, ("V_reset", "b"), ranges=RANGES, values={"b": [90.0]})
    point = locus.special_points("label")[0]
    beside = system.at(V_reset=point["V_reset"], b=90.0)
    other = dn.continue_cycles(beside, point, "V_reset", (point["V_reset"] - 0.3, point["V_reset"] + 0.3))
    assert other.values.min() == pytest.approx(point["V_reset"], abs=1e-9)  # the branch turns there
    np.testing.assert_allclose(other.values[[0, -1]], point["V_reset"] + 0.3, rtol=1e-9)
    assert other.stable[0] != other.stable[-1]
    assert point.cycle.jumps == 3


def test_what_is_refused(doubling):
    with pytest.raises(ValueError, match="curves of fold of cycles, period doubling and grazing points are offered"):
        dn.continue_locus(
            adex_touboul_brette, doubling.cycle and _label(doubling), ("V_reset", "b"), kind="torus", ranges=RANGES
        )


def _label(point):
    from dataclasses import replace

    return replace(point, kind="label", code="UZ")


@pytest.mark.parametrize(
    "system, other, value, which",
    [
        (generalized_if.at(I=2.0, a=0.005), ("a", (0.002, 0.02)), 0.006, 0),  # at a jump
        (generalized_if.at(I=2.0, a=0.005, A1=10.0, A2=-0.6), ("A2", (-0.9, -0.5)), -0.62, -1),  # before one
    ],
    ids=["at a jump", "before a jump"],
)
def test_curves_of_grazing_orbits(system, other, value, which):
    name, extent = other
    branch = dn.continue_cycles(system, dn.simulate(system, 3000.0), "I", (1.5, 3.0))
    point = branch.special_points("grazing")[which]
    ranges = {"I": (1.0, 3.5), name: extent}
    locus = dn.continue_locus(system, point, ("I", name), ranges=ranges, values={name: [value]})
    assert locus.kind == "grazing"
    label = locus.special_points("label")[0]
    there = system.at(**{name: value})
    again = dn.continue_cycles(there, dn.simulate(there, 3000.0), "I", (1.5, 3.0)).special_points("grazing")[which]
    assert label["I"] == pytest.approx(again["I"], abs=1e-7)
    assert label.period == pytest.approx(again.period, rel=1e-6)
    assert (label.cycle["V"] - label.cycle["V_th"]).max() < 1e-6  # it touches the threshold, and no more
