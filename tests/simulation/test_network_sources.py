"""Poisson input is exact at any rate; trains and given spikes."""

import numpy as np
import pytest
import sympy as sp
from scipy import stats

import dynana as dn
from dynana.definition.assembly import Assembly, Event, Link, Poisson, Trains
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.simulation.edges import Edges
from dynana.simulation.network_records import Probe

from .small_networks import names, one, part
from .test_network_run import run, same_spikes

G = names("g")[0]
COUNTER = System({G: sp.Integer(0)}, name="counter", time="ms")


def counts(rate, cells, steps, dt=0.1, weight=1.0, first=0, held=False, seed=3, **options):
    """Count of each cell in each step, shape (steps, cells)."""
    system = COUNTER
    if held:  # a threshold out of reach: input then goes through rows of arrivals
        jump = Jump(when=G > 10**9, to={G: sp.Integer(0)}, refractory=1)
        system = System({G: sp.Integer(0)}, jumps=[jump], name="held", time="ms")
    drive = Poisson(target=part(0, first, first + cells), state=0, weight=weight, rate=rate)
    assembly = Assembly(populations=(one(system, first + cells + 3),), poisson=(drive,), time="ms")
    found = run(assembly, [], steps, dt, seed=seed, probes=[Probe(0, "g")], **options)
    g = found["E", "g"]
    assert not g[:, :first].any() and not g[:, first + cells :].any()
    return np.diff(g[:, first : first + cells], axis=0)


def chi_square(found, expected):
    """P-value of counts against the Poisson distribution, in classes of at least five expected."""
    top = int(stats.poisson.ppf(1 - 5 / found.size, expected))
    seen = np.bincount(np.minimum(found.astype(int).ravel(), top), minlength=top + 1)
    wanted = found.size * np.append(stats.poisson.pmf(np.arange(top), expected), stats.poisson.sf(top - 1, expected))
    return (
        stats.chisquare(seen, wanted).pvalue
        if top
        else stats.binomtest(seen[0], found.size, wanted[0] / found.size).pvalue
    )


@pytest.mark.parametrize("rate", [0.1, 2.0, 100.0, 1000.0, 2400.0, 20_000.0, 300_000.0])
def test_counts_of_one_rate_are_poisson_at_any_rate(rate):
    if rate > 10:
        assert chi_square(counts(rate, 5000, 200), rate * 1e-4) > 1e-3
    else:  # of each cell in the whole run, where a step has next to nothing
        assert chi_square(totals(rate, 30_000, 4000), rate * 1e-4 * 4000) > 1e-3


def totals(rate, cells, steps):
    drive = Poisson(target=part(0, 0, cells), state=0, weight=1.0, rate=rate)
    assembly = Assembly(populations=(one(COUNTER, cells),), poisson=(drive,), time="ms")
    return run(assembly, [], steps, 0.1, probes=[Probe(0, "g", every=steps)])["E", "g"][-1]


@pytest.mark.parametrize("course", [dn.steps([0.0], [2400.0]), dn.sampled([0.0, 50.0], np.full((2, 3000), 2400.0))])
def test_courses_of_rates_are_poisson(course):
    assert chi_square(counts(course, 3000, 300), 0.24) > 1e-3


def test_rates_of_each_cell():
    rates = np.repeat([100.0, 2400.0, 20_000.0], 2000)
    found = counts(rates, 6000, 100)
    for k, rate in enumerate((100.0, 2400.0, 20_000.0)):
        assert chi_square(found[:, 2000 * k : 2000 * (k + 1)], rate * 1e-4) > 1e-3


def test_rates_that_change_do_so_on_the_grid():
    found = counts(dn.steps([0.0, 10.0], [0.0, 100_000.0]), 500, 200)
    assert not found[:100].any()
    assert chi_square(found[100:], 10.0) > 1e-3


def test_cells_and_steps_are_independent():
    found = counts(2400.0, 512, 400)
    cells, steps = np.corrcoef(found.T), np.corrcoef(found)
    for table, samples in ((cells, 400), (steps, 512)):
        others = table[~np.eye(len(table), dtype=bool)]
        assert np.abs(others).max() < 6 / np.sqrt(samples)
        assert np.std(others) == pytest.approx(1 / np.sqrt(samples), rel=0.05)


@pytest.mark.parametrize("rate", [100.0, 20_000.0, 500.0 + np.zeros(150)])
def test_input_is_the_same_wherever_it_goes_and_however_the_run_is_cut(rate):
    plain = counts(rate, 150, 50, first=0)
    assert plain.any()
    for options in ({"first": 70}, {"held": True}, {"held": True, "first": 9}, {"chunk": 3}):
        assert np.array_equal(counts(rate, 150, 50, **options), plain)
    assert not np.array_equal(counts(rate, 150, 50, seed=4), plain)
    np.testing.assert_allclose(counts(rate, 150, 50, weight=0.25), 0.25 * plain)


def test_rates_that_are_too_high_are_refused():
    with pytest.raises(ValueError, match="1000 events in a step of dt = 0.1: take a shorter one"):
        counts(1e7, 10, 1)


def train_network(trains, cells, weights, delay=0.0):
    """Trains joined one to one with counters."""
    edges = Edges(
        np.arange(cells + 1), np.arange(cells, dtype=np.uint16), None, {"w": np.asarray(weights, dtype=float)}
    )
    link = Link(name="in->E", source=part(0, 0, cells), target=part(1, 0, cells), delay=delay)
    event = Event(link=0, state=0, weight=sp.Symbol("w", real=True))
    assembly = Assembly(populations=(trains, one(COUNTER, cells)), links=(link,), events=(event,), time="ms")
    return assembly, [edges]


@pytest.mark.parametrize("rate", [2400.0, np.full(600, 2400.0)])
def test_trains_send_poisson_spikes(rate):
    found = run(*train_network(Trains(name="in", size=600, rate=rate), 600, np.ones(600)), 300, probes=[Probe(1, "g")])
    sent = np.zeros((301, 600))
    np.add.at(sent, (found.spikes["in"].step, found.spikes["in"].cell), 1)
    assert chi_square(sent[1:], 0.24) > 1e-3
    assert np.array_equal(np.diff(found["E", "g"], axis=0), sent[1:])


def test_trains_of_their_own_for_each_target():
    """Without a size every edge has a train of its own, with its own weight."""
    weights = np.arange(1.0, 601.0)
    found = run(*train_network(Trains(name="in", size=0, rate=2400.0), 600, weights), 300, probes=[Probe(1, "g")])
    sent = np.diff(found["E", "g"], axis=0) / weights
    assert chi_square(sent, 0.24) > 1e-3


def test_given_spikes_arrive_at_their_step():
    trains = Trains(name="in", size=2, times=np.array([0.1, 0.5, 0.5, 2.0]), cells=np.array([1, 0, 1, 1]))
    assembly, edges = train_network(trains, 2, [1.0, 10.0], delay=0.2)
    found = run(assembly, edges, 30, probes=[Probe(1, "g")])
    g = found["E", "g"]
    assert [tuple(g[k]) for k in (2, 3, 6, 7, 21, 22)] == [(0, 0), (0, 10), (0, 10), (1, 20), (1, 20), (1, 30)]
    assert list(found.spikes["in"].step) == [1, 5, 5, 20]
    first = run(assembly, edges, 11)
    second = run(assembly, edges, 19, start=first.final)
    assert list(second.spikes["in"].step) == [20]
    assert same_spikes(found, run(assembly, edges, 30, chunk=1))
