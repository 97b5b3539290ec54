"""Phase responses as results: values at any time, changes of sign, areas, words, files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import dynana as dn
from dynana.results.cycle import Cycle, Segment
from dynana.results.phase_response import PhaseResponse

STAGES, INTERVALS, PERIOD = 5, 20, 4.0


def times(widths):
    gauss = 0.5 * (np.polynomial.legendre.leggauss(STAGES)[0] + 1)
    left = np.concatenate(([0.0], np.cumsum(widths)[:-1]))
    inside = left[:, None] + widths[:, None] * np.concatenate(([0.0], gauss))
    return PERIOD * np.append(inside.ravel(), 1.0)


@pytest.fixture
def response():
    """Z_x = cos(a) + 1/2, Z_y = -1 - cos(a); parameters: 1 - cos(a), 0, and 0.02 - sin(a) in its positive part."""
    widths = 1.0 + 0.5 * np.sin(np.arange(INTERVALS))
    widths /= widths.sum()
    t = times(widths)
    a = 2 * np.pi * t / PERIOD
    cycle = Cycle(
        system="made", fingerprint="f", states=("x", "y"), parameters={"I": 1.0, "b": 0.0}, times=t,
        points=np.stack([np.cos(a), np.sin(a)], axis=1), period=PERIOD, log_moduli=np.array([0.0, -3.0]),
        phases=np.zeros(2), trace=-3.0, stable=True, error=0.0, residual=0.0,
        segments=(Segment(first=0, last=t.size - 1, duration=PERIOD, stages=STAGES, widths=widths),),
    )  # fmt: skip
    return PhaseResponse(
        cycle=cycle,
        values=np.stack([np.cos(a) + 0.5, -1.0 - np.cos(a)], axis=1),
        parameter_values=np.stack([1.0 - np.cos(a), np.zeros_like(a)], axis=1),
        origin="the maximum of x",
        deviation=1e-14,
        error=1e-9,
        units={"x": "mV", "I": "uA/cm2", "b": "nA"},
        time_unit="ms",
    )


def test_columns_and_values_at_any_time(response):
    assert response.names == ("x", "y", "I", "b")
    asked = np.array([[0.3, 1.7], [-3.7, 9.7]])
    np.testing.assert_allclose(response.at(asked, "x"), np.cos(asked * np.pi / 2) + 0.5, atol=1e-6)
    np.testing.assert_allclose(response.at(asked, "I"), 1.0 - np.cos(asked * np.pi / 2), atol=1e-6)
    assert response.at(asked).shape == (2, 2, 2) and response.at(0.0, "x").shape == ()
    t, values = response.sample(9)
    np.testing.assert_allclose(t, np.linspace(0.0, 4.0, 9))
    np.testing.assert_allclose(values[:, 1], -1.0 - np.cos(t * np.pi / 2), atol=1e-6)
    np.testing.assert_array_equal(response["y"], response.values[:, 1])
    np.testing.assert_allclose(response.phases, response.times / 4.0)
    assert response.radians * 4.0 == pytest.approx(2 * np.pi)


def test_changes_of_sign(response):
    np.testing.assert_allclose(response.zeros("x"), [1 / 3, 2 / 3], atol=1e-7)
    assert response.zeros("y").size == 0  # touches zero and does not change sign
    assert response.zeros("I").size == 0 and response.zeros("b").size == 0
    # across phase zero
    shifted = replace(response, values=np.roll(response.values, 0) - [0.5 + np.cos(0.1), 0.0])
    np.testing.assert_allclose(shifted.zeros("x"), [0.1 / (2 * np.pi), 1 - 0.1 / (2 * np.pi)], atol=1e-6)


def test_areas_types_and_derivatives_of_the_period(response):
    # integrals of cos a + 1/2 over [-2 pi/3, 2 pi/3] and the rest, times PERIOD/(2 pi)
    advance = (np.sqrt(3) + 2 * np.pi / 3) * PERIOD / (2 * np.pi)
    delay = (np.sqrt(3) - np.pi / 3) * PERIOD / (2 * np.pi)
    np.testing.assert_allclose(response.areas("x"), (advance, delay), rtol=1e-7)
    assert response.kind("x").startswith("type II (delays have 15.2")
    assert response.kind("y") == "type I (delays only)"
    assert response.kind("I") == "type I (advances only)" and response.kind("b") == "none"
    small = replace(response, parameter_values=response.parameter_values - [[0.02, 0.0]])
    assert small.kind("I").startswith("type I (advances but for 0.")
    assert response.period_derivatives == pytest.approx({"I": -4.0, "b": 0.0}, abs=1e-9)


def test_units(response):
    assert response.unit("x") == "ms/mV" and response.unit("y") == "ms"
    assert response.unit("I") == "1/(uA/cm2)" and response.unit("b") == "1/nA"
    plain = replace(response, units={}, time_unit="")
    assert plain.unit("x") == plain.unit("I") == ""


def test_words(response):
    text = repr(response)
    for part in (
        "phase response of made",
        "stable cycle of period 4 ms",
        "the maximum of x",
        "0.333333, 0.666667",
        "Z . f",
    ):
        assert part in text
    unstable = replace(response, cycle=replace(response.cycle, stable=False))
    assert "unstable cycle" in unstable.sentence and "linear sense" in unstable.sentence


def test_files_and_tables(response, tmp_path):
    loaded = dn.load(response.save(tmp_path / "response.npz"))
    assert isinstance(loaded, PhaseResponse) and loaded.origin == response.origin
    np.testing.assert_array_equal(loaded.values, response.values)
    table = response.to_dataframe()
    assert list(table) == ["t", "phase", "Z_x", "Z_y", "Z_I", "Z_b"] and len(table) == len(response.cycle)


def test_wrong_names_and_shapes(response):
    for call in (response.__getitem__, response.zeros, response.kind, response.unit):
        with pytest.raises(KeyError, match="no state or parameter named 'z'"):
            call("z")
    with pytest.raises(ValueError, match="at least 2"):
        response.sample(1)
    with pytest.raises(ValueError, match="values must have shape"):
        replace(response, values=response.values[:, :1])
    with pytest.raises(ValueError, match="parameter_values must have shape"):
        replace(response, parameter_values=response.values[:, :1])
