"""Inputs as they reach the drivers: protocols of the catalogue, expressions of time, refusals."""

import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.models import hodgkin_huxley
from dynana.simulation.driving import resolve_inputs

T, Q = sp.symbols("t q")

#: Adaptive runs at the default tolerance 1e-8.
ADAPTIVE = 1e-6


@dn.model
def driven(X=0.0, *, u=0.0, a=1.0, b=2.0):
    """Low-pass filter of an input."""
    return (u - X) / a, dn.Observe(twice=2 * b)


def exact_low_pass(t, w):
    """Response of X' = sin(w t) - X from 0."""
    return (np.sin(w * t) - w * np.cos(w * t) + w * np.exp(-t)) / (1 + w * w)


@pytest.mark.parametrize(
    "course",
    [
        dn.sinusoid(1.0, frequency=1 / np.pi),
        lambda t: dn.sin(2 * t),
        sp.sin(2 * sp.Symbol("t")),
        lambda t: dn.sin(b_times(t)),
    ],
    ids=["sinusoid", "function", "sympy", "nested"],
)
def test_one_course_written_in_several_ways(course):
    run = dn.simulate(driven, 5.0, inputs={"u": course}, times=np.linspace(0, 5, 11))
    assert run["X"] == pytest.approx(exact_low_pass(run.t, 2.0), abs=ADAPTIVE)


def b_times(t):
    return 2 * t


def test_expressions_may_contain_other_parameters():
    t, b = sp.symbols("t b")
    run = dn.simulate(driven.at(b=3.0), 5.0, inputs={"u": sp.sin(b * t)}, times=[5.0])
    assert run["X"][0] == pytest.approx(exact_low_pass(5.0, 3.0), abs=ADAPTIVE)
    system = resolve_inputs(driven, {"u": sp.sin(b * t)}, 0.0, 1.0).system
    assert system.parameters == driven.parameters and not system.autonomous


def test_spike_train_on_noise_for_two_neurons():
    # Pulses of 5 ms and height 5 at given times on top of noise of sd 3 in each step.
    dt, rng = 0.05, np.random.default_rng(8)
    times = np.arange(0, 100, dt)
    noise = dn.sampled(times, rng.normal(0, 3, (times.size, 2)))
    train = noise + dn.pulses([20.0, 60.0], 5.0, 5.0)
    run = dn.simulate(
        hodgkin_huxley, 100.0, method="exponential_euler", dt=dt, inputs={"I": train}, crossings={"V": 20.0}
    )
    values = train(times + dt / 2)
    assert values.shape == (times.size, 2)
    assert np.mean(values[400:500] - values[500:600]) == pytest.approx(5.0, abs=1.0)
    assert len(run) == 2 and np.all(run.counts() >= 1)
    assert not np.array_equal(run.final[0], run.final[1])


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ({"v": dn.steps([0], [1])}, ValueError, "no parameter named 'v'"),
        ({"X": dn.steps([0], [1])}, ValueError, "is a state of driven"),
        ({"u": Q * T}, dn.ModelError, r"inputs\['u'\].*q"),
        ({"u": sp.Symbol("X") * T}, dn.ModelError, "parameters of driven"),
        ({"u": sp.Symbol("u") + T}, ValueError, "contains 'u' itself"),
        ({"u": sp.Symbol("b") + T, "b": dn.steps([0], [1])}, ValueError, "contains 'b', which has an input"),
        ({"u": lambda t: np.sin(t)}, dn.ModelError, r"inputs\['u'\].*dn.exp"),
        ({"u": [1, 2, 3]}, TypeError, r"for an array of values use dn.sampled"),
        ({"u": "sin(t)"}, TypeError, "got str"),
        ({"u": dn.sampled([0, 1], [[0, 1], [0, 1]])}, ValueError, "the run covers"),
    ],
)
def test_refusals(inputs, error, message):
    with pytest.raises(error, match=message):
        dn.simulate(driven, 5.0, inputs=inputs)


def test_noise_of_networks_is_refused_for_one_system_with_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"is for networks.*Population\('cell', hodgkin_huxley, 1\).*or give the model"):
        dn.simulate(hodgkin_huxley, 10.0, inputs={"I": dn.ornstein_uhlenbeck(1.0, 5.0)})
