"""Pictures of phase responses and interaction functions, by what they contain."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dynana as dn
from tests.analysis.phase_cases import class_two, turning


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_response_over_phase_with_advances_delays_and_zeros():
    response = dn.phase_response(*class_two())
    ax = dn.plot.phase_response(response)
    curve = next(line for line in ax.lines if line.get_color() == "#000000" and line.get_linestyle() == "-")
    x, y = curve.get_data()
    assert x[0] == 0.0 and x[-1] == 1.0
    np.testing.assert_allclose(y, response.at(x * response.period, "V"), atol=1e-9)
    assert {t.get_text() for t in ax.get_legend().get_texts()} == {"$V$, not to scale", "advance", "delay"}
    assert ax.get_ylabel() == "phase response $Z_{V}$ (ms/mV)" and ax.get_xlabel() == "phase, from the maximum of V"
    dots = next(line for line in ax.lines if line.get_marker() == ".")
    np.testing.assert_array_equal(dots.get_xdata(), response.zeros("V"))


def test_parameters_unstable_cycles_and_given_axes():
    response = dn.phase_response(*turning())
    _, given = plt.subplots()
    ax = dn.plot.phase_response(replace(response, cycle=replace(response.cycle, stable=False)), ax=given, y="I")
    assert ax is given and ax.get_ylabel() == "phase response $Z_{I}$"
    assert {t.get_text() for t in ax.get_legend().get_texts()} == {r"$\theta$, not to scale", "advance"}
    assert any(line.get_linestyle() == "--" for line in ax.lines)
    with pytest.raises(KeyError, match="no state or parameter"):
        dn.plot.phase_response(response, y="V")


def test_interaction_function_with_locked_states():
    system, cycle = class_two()
    locking = dn.phase_locking(system, cycle, lambda pre, post: {"V": 0.001 * (pre.V - post.V)})
    ax = dn.plot.interaction_function(locking)
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["stable"].get_xdata(), [0.0, 1.0])
    np.testing.assert_allclose(lines["unstable"].get_xdata(), [0.5])
    assert lines["unstable"].get_markerfacecolor() == "white"
    x, g = lines[r"$G(\phi) = H(-\phi) - H(\phi)$"].get_data()
    np.testing.assert_allclose(g, locking.G(x * locking.period))
    detuned = dn.plot.interaction_function(locking, detuning=0.01)
    places = {line.get_label(): line for line in detuned.lines}["stable"].get_data()
    np.testing.assert_allclose(places[0], [s.fraction for s in locking.locked_at(0.01) if s.stable])
    np.testing.assert_allclose(places[1], -0.01)
    drifting = dn.plot.interaction_function(locking, detuning=0.1)
    assert not {"stable", "unstable"} & {line.get_label() for line in drifting.lines}
