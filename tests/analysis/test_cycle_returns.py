"""The last period of long runs: one turn, also where a spike passes between two samples."""

import numpy as np
import pytest

import dynana as dn
from dynana.analysis.cycle_returns import last_return
from dynana.models import hodgkin_huxley, theta


@pytest.mark.parametrize("length", [200.0, 1000.0, 2000.0])
def test_spikes_between_samples_do_not_double_the_period(length: float) -> None:
    run = dn.simulate(hodgkin_huxley.at(I=10.0), length)
    found = last_return(hodgkin_huxley, run, None)
    assert found.period == pytest.approx(14.63620998983, rel=1e-7)  # public answers, topic 6
    assert found.distance < 1e-6


@pytest.mark.parametrize("length", [20.0, 1000.0])
def test_an_angle_covers_one_turn_however_long_it_turns(length: float) -> None:
    run = dn.simulate(theta.at(I=0.5), length)
    found = last_return(theta, run, None)
    assert found.period == pytest.approx(np.pi / np.sqrt(0.5), rel=1e-6)
    assert found.gains == pytest.approx([2 * np.pi])
