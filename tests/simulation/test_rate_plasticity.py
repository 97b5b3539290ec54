"""Weights that learn from rates are part of every stage: order 4 with the cells, whatever else is asked of the run."""

import ast
import os
import runpy
import subprocess
import sys

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.errors import ModelError
from dynana.models import oja

SIZE, LEARN = 12, 0.3
DRAWN = np.random.default_rng(1)
WEIGHTS, START = DRAWN.normal(0, 1.2 / np.sqrt(SIZE), (SIZE, SIZE)), DRAWN.normal(0, 1, SIZE)
INPUT = np.linspace(-0.5, 0.5, SIZE)


@dn.model
def unit(x=0.0, *, J=0.0, I=0.0):
    """A saturating unit whose state is its rate."""
    return -x + dn.tanh(J + I), dn.Observe(r=x)


@dn.model
def passing(*, J=0.0):
    """A unit without states, which answers at once."""
    return dn.Observe(r=2 * J)


#: Delays of each pair of units, on the grids of all steps that are tried.
DELAYS = DRAWN.choice([0.5, 0.8, 1.0], (SIZE, SIZE))


def recurrent(delay: object = 0.0) -> dn.Network:
    cells = dn.Population("E", unit, SIZE, start={"x": START}, at={"I": INPUT})
    everyone = dn.all_to_all(autapses=True)
    learning = dn.Projection(
        cells, cells, oja.at(gamma=LEARN), connect=everyone, w=WEIGHTS, delay=delay, name="learning"
    )
    return dn.Network([cells], [learning])


def by_scipy(t: float) -> np.ndarray:
    def rates(_: float, y: np.ndarray) -> np.ndarray:
        x, w = y[:SIZE], y[SIZE:].reshape(SIZE, SIZE)
        learned = LEARN * (np.outer(x, x) - w * x**2)
        return np.concatenate([-x + np.tanh(x @ w + INPUT), learned.ravel()])

    return solve_ivp(rates, (0, t), np.concatenate([START, WEIGHTS.ravel()]), rtol=1e-12, atol=1e-13).y[:, -1]


def ends(net: dn.Network, steps: int, **options) -> np.ndarray:
    run = dn.simulate(net, 4.0, dt=4 / steps, record={"E": ["x"], "learning": ["w"]}, **options)
    return np.concatenate([run["E", "x"][-1], run["learning", "w"][-1]])


def test_rates_and_weights_are_of_order_four_together() -> None:
    exact = by_scipy(4.0)
    errors = [np.abs(ends(recurrent(), steps) - exact).max() for steps in (40, 80)]
    assert errors[0] / errors[1] == pytest.approx(16.0, rel=0.15)
    assert errors[1] < 1e-6


@pytest.mark.parametrize("delay", [0.5, DELAYS], ids=["one delay", "different delays"])
def test_delayed_learning_converges_with_the_order_of_interpolation(delay: object) -> None:
    # rates before the start stand still, so that the solution has kinks, which cost two orders
    fine = ends(recurrent(delay), 640)
    errors = [np.abs(ends(recurrent(delay), steps) - fine).max() for steps in (40, 80)]
    assert errors[0] / errors[1] > 3.6
    assert errors[1] < 3e-4


@pytest.mark.parametrize("delay", [0.5, DELAYS], ids=["one delay", "different delays"])
def test_threads_and_pauses_change_no_bit(delay: object) -> None:
    net = recurrent(delay)
    whole = ends(net, 40)
    first = dn.simulate(net, 1.5, dt=0.1, threads=2)
    run = dn.simulate(net, 2.5, dt=0.1, start=first.final, record={"E": ["x"], "learning": ["w"]})
    assert np.array_equal(np.concatenate([run["E", "x"][-1], run["learning", "w"][-1]]), whole)


#: Two units with different delays, whose rates and weights learn for a few steps.
SMALL = """
import dynana as dn

@dn.model
def unit(x=0.0, *, J=0.0):
    return -x + dn.tanh(J + 0.5), dn.Observe(r=x)

cells = dn.Population("E", unit, 2, start={"x": [0.1, -0.4]})
link = dn.Projection(cells, cells, dn.models.oja, connect=dn.pairs([0, 1], [1, 0]), w=0.5, delay=[0.1, 0.3], name="l")
run = dn.simulate(dn.Network([cells], [link]), 1.0, dt=0.1, record={"E": ["x"], "l": ["w"]})
found = [*run["E", "x"][-1].tolist(), *run["l", "w"][-1].tolist()]
print(found)
"""


def test_learning_is_the_same_where_nothing_is_compiled(tmp_path) -> None:
    script = tmp_path / "small.py"  # models are read from files
    script.write_text(SMALL, "utf-8")
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    np.testing.assert_allclose(ast.literal_eval(done.stdout), runpy.run_path(str(script))["found"], rtol=1e-12)


def test_units_without_states_learn_and_pass_on_at_once() -> None:
    """A ramp drives units whose rates feed a second layer, and its rates a third: nothing is a step late."""

    @dn.synapse
    def plain(*, pre, post, w=1.0):
        return dn.Into("J", w * pre.r)

    @dn.model
    def total(y=0.0, *, J=0.0):
        return J

    first, second = dn.Population("first", passing, 2), dn.Population("second", passing, 1)
    third = dn.Population("third", total, 1)
    learning = dn.Projection(first, second, oja.at(gamma=0.1), w=0.2, name="learning")
    net = dn.Network([first, second, third], [learning, dn.Projection(second, third, plain, name="on")])

    def rates(t: float, y: np.ndarray) -> list[float]:
        pre = 2 * np.sin(t)
        post = 2 * (2 * y[0] * pre)
        return [0.1 * (post * pre - y[0] * post**2), post]

    exact = solve_ivp(rates, (0, 2), [0.2, 0.0], rtol=1e-11, atol=1e-12).y[:, -1]
    drive, recorded = {"first": {"J": lambda t: dn.sin(t)}}, {"learning": ["w"], "third": ["y"]}
    runs = [dn.simulate(net, 2.0, dt=dt, inputs=drive, record=recorded) for dt in (0.1, 0.05)]
    away = [np.abs([run["learning", "w"][-1, 0], run["third", "y"][-1, 0]] - exact).max() for run in runs]
    assert away[0] / away[1] == pytest.approx(16.0, rel=0.07)
    assert away[1] < 1e-6


def test_learning_units_that_answer_each_other_at_once_are_refused() -> None:
    cells = dn.Population("E", passing, 2)
    net = dn.Network([cells], [dn.Projection(cells, cells, oja)])
    with pytest.raises(ModelError, match="an algebraic loop"):
        dn.simulate(net, 1.0, dt=0.1)
