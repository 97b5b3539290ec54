"""f-I curves: the closed form of the leaky integrator, hysteresis of Hodgkin-Huxley, refusals."""

import matplotlib
import numpy as np
import pytest

import dynana as dn
from dynana.models import hodgkin_huxley, lif

matplotlib.use("Agg")


def test_the_leaky_integrator_has_its_closed_form() -> None:
    values = np.array([19.0, 20.5, 25.0, 40.0])
    curve = dn.fi_curve(lif, "I", values, duration=500.0, transient=100.0)
    period = 1.0 + 10.0 * np.log((values[1:] + 5.0) / (values[1:] - 20.0))
    assert curve["up"][0] == 0.0
    assert curve["up"][1:] == pytest.approx(1000.0 / period, rel=1e-8)
    assert curve["down"] == pytest.approx(curve["up"], rel=1e-8)
    assert not curve.bistable.any() and "Hz" in repr(curve)


def test_hodgkin_huxley_fires_or_rests_between_its_fold_of_cycles_and_its_hopf_point() -> None:
    # fold of cycles at I = 6.2649, Hopf point at 9.7754: reference/continuation.json
    curve = dn.fi_curve(hodgkin_huxley, "I", [6.0, 6.6, 7.2, 10.5], duration=400.0, transient=300.0, spike={"V": 0.0})
    assert np.array_equal(curve.bistable, [False, True, True, False])
    assert "depending on the past, from 6.6 to 7.2" in repr(curve)


def test_the_picture_has_both_directions() -> None:
    curve = dn.fi_curve(lif, "I", [19.0, 25.0], duration=100.0)
    ax = dn.plot.fi_curve(curve)
    assert [line.get_label() for line in ax.lines] == ["rising", "falling"]
    assert ax.get_ylabel() == "firing rate (Hz)"


REFUSED = {
    "an unknown parameter": ({"parameter": "i"}, "did you mean 'I'"),
    "values that fall": ({"values": [2.0, 1.0]}, "increas"),
    "an unknown order": ({"sweep": "sideways"}, "no sweep named 'sideways'"),
    "no time": ({"duration": 0.0}, "duration must be positive"),
    "an unknown jump": ({"spike": "spik"}, "did you mean 'spike'"),
    "two levels": ({"spike": {"V": 0.0, "w": 1.0}}, "one state and its level"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(case: str) -> None:
    change, words = REFUSED[case]
    options = {"parameter": "I", "values": [1.0, 2.0], "duration": 10.0} | change
    with pytest.raises(ValueError, match=words):
        dn.fi_curve(lif, options.pop("parameter"), options.pop("values"), **options)


def test_a_model_without_jumps_needs_to_be_told_what_a_spike_is() -> None:
    with pytest.raises(ValueError, match="say what a spike is"):
        dn.fi_curve(hodgkin_huxley, "I", [1.0], duration=10.0)
