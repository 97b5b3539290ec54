"""Populations whose cells choose their own steps inside those of the grid."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dynana as dn
from dynana.definition.assembly import Assembly
from dynana.models import exponential, hodgkin_huxley, lif
from dynana.simulation.network_run import run_assembly

from .small_networks import cuba_cell, one


def test_cells_are_as_exact_as_a_run_of_their_own() -> None:
    currents = np.linspace(0.0, 20.0, 70)
    population = dn.Population("E", hodgkin_huxley, 70, at={"I": currents})
    options = {"dt": 0.5, "record": {"E": ["V"]}}
    run = dn.simulate(dn.Network([population], []), 50.0, method="adaptive", **options)
    assert run.methods["E"] == "adaptive"
    for cell in (0, 31, 69):
        alone = dn.simulate(hodgkin_huxley.at(I=currents[cell]), 50.0, times=0.5 * np.arange(101))
        assert np.ptp(alone["V"]) > (80 if cell else -1)
        assert run["E", "V"][:, cell] == pytest.approx(alone["V"], abs=2e-4)


def test_holds_arrivals_and_jumps_are_those_of_the_exact_method() -> None:
    cells = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0, I=3.0)
    A = dn.Population("A", cells, 80, start={"V": dn.uniform(-60, -50)})
    links = [
        dn.Projection(A, A, exponential, connect=dn.probability(0.1), w=0.3, delay=1.0),
        dn.Projection(dn.poisson(200.0), A, exponential, w=0.2),
    ]
    net = dn.Network([A], links)
    exact, adaptive = (dn.simulate(net, 100.0, dt=0.1, seed=1, method=m) for m in ("exact", "adaptive"))
    assert len(exact.spikes["A"]) > 300
    assert np.array_equal(exact.spikes["A"].step, adaptive.spikes["A"].step)
    assert np.array_equal(exact.spikes["A"].cell, adaptive.spikes["A"].cell)


@dn.model
def stiff(x=1.0, y=0.0, *, I=0.0, fast=300.0):
    """A slow cycle and a fast relaxation to it, driven in time."""
    return -fast * (x - y), -y + I


def test_steps_inside_those_of_the_grid_keep_the_tolerance() -> None:
    net = dn.Network([dn.Population("P", stiff, 3)], [])
    wave = dn.sinusoid(amplitude=1.0, frequency=0.3)
    run = dn.simulate(net, 2.0, dt=0.1, method="adaptive", inputs={"P": {"I": wave}}, record={"P": ["x", "I"]})
    x, y, t = 1.0, 0.0, run["P", "I"]
    for k in range(20):  # what is received stands still during a step of the grid
        held = t[k + 1, 0]
        found = solve_ivp(
            lambda _, s, i=held: [-300 * (s[0] - s[1]), -s[1] + i], (0, 0.1), (x, y), "Radau", rtol=1e-11, atol=1e-13
        )
        x, y = found.y[:, -1]
        assert run["P", "x"][k + 1] == pytest.approx(np.full(3, x), abs=1e-7)


def test_cells_do_not_depend_on_their_neighbours() -> None:
    system = cuba_cell()
    start = {"v": np.linspace(-60, -49.5, 130)}
    many = Assembly(populations=(one(system, 130, start=start, method="adaptive"),), time="ms")
    few = Assembly(populations=(one(system, 3, start={"v": start["v"][100:103]}, method="adaptive"),), time="ms")
    states = [
        run_assembly(a, [], 300, 0.5, progress=False, threads=n).spikes["E"]
        for a, n in ((many, 1), (many, 2), (few, 1))
    ]
    assert np.array_equal(states[0].step, states[1].step) and len(states[0]) > 0
    assert all(np.array_equal(states[0].of(100 + k), states[2].of(k)) for k in range(3))


@dn.model
def bursting(x=1.0):
    """Infinite at t = 1."""
    return x**2


def test_what_is_not_made_for_it_is_refused_and_what_diverges_reported() -> None:
    run = dn.simulate(dn.Network([dn.Population("P", bursting, 2)], []), 10.0, dt=0.1, method="adaptive")
    assert run.stop.reason == "blow-up" and "x of cell 0 of P is not finite" in run.stop.message

    @dn.model
    def noisy(x=0.0):
        return -x, dn.Noise({x: 1.0})

    with pytest.raises(ValueError, match="has noise, for which 'adaptive' is not made"):
        dn.simulate(dn.Network([dn.Population("P", noisy, 2)], []), 1.0, dt=0.1, method="adaptive")
