"""Times of spikes inside steps."""

import numpy as np
import pytest

import dynana as dn
from dynana.models import adex, exponential, lif

TAU, REST, RESET, THRESHOLD = 10.0, -52.0, -60.0, -50.0
CELLS = lif.at(tau=TAU, V_rest=REST, V_reset=RESET, V_th=THRESHOLD, t_ref=0.0)


def first_spikes(dt, spike_times="interpolated", **options):
    currents = np.linspace(3.0, 8.0, 40)
    net = dn.Network([dn.Population("E", CELLS, 40, at={"I": currents}, start={"V": RESET})], [])
    run = dn.simulate(net, 40.0, dt=dt, spike_times=spike_times, **options)
    spikes = run.spikes["E"]
    level = REST + currents * CELLS.values.get("R", 1.0)
    exact = TAU * np.log((level - RESET) / (level - THRESHOLD))
    return np.array([spikes.of(k)[0] for k in range(40)]), exact, spikes


def test_first_spikes_converge_with_the_square_of_the_step() -> None:
    errors = []
    for dt in (0.4, 0.1):
        found, exact, _ = first_spikes(dt)
        errors.append(np.abs(found - exact).max())
        grid = first_spikes(dt, "grid")[0]
        assert np.abs(grid - exact).max() > 0.7 * dt and np.all(grid - found <= dt)
    assert errors[0] < 0.4 * 0.4 / 2
    assert errors[0] / errors[1] > 10  # 16 for order 2


def test_nothing_else_changes() -> None:
    def run(**options):
        A = dn.Population("A", CELLS.at(I=3.0, t_ref=2.0), 100, start={"V": dn.uniform(-60, -50)})
        B = dn.Population("B", adex.at(I=2.0), 50)
        connect = dn.probability(0.2)
        links = [dn.Projection(a, b, exponential, connect=connect, w=0.2, delay=1.0) for a in (A, B) for b in (A, B)]
        return dn.simulate(dn.Network([A, B], links), 100.0, dt=0.1, seed=2, **options)

    grid, inside, pair = run(), run(spike_times="interpolated"), run(spike_times="interpolated", threads=2)
    for name in "AB":
        spikes, times = inside.spikes[name], inside.spikes[name].t
        assert len(spikes) > 50 and np.all(np.diff(times) >= -1e-9)
        on_grid = np.lexsort((spikes.cell, spikes.step))
        assert np.array_equal(spikes.step[on_grid], grid.spikes[name].step)
        assert np.array_equal(spikes.cell[on_grid], grid.spikes[name].cell)
        assert np.array_equal(times, pair.spikes[name].t)
        assert 0.0 <= spikes.early.min() and spikes.early.max() <= 1.0
    assert np.ptp(inside.spikes["A"].early) > 0.5
    assert grid.spikes["A"].early is None
    assert all(np.array_equal(v, inside.final.content[n], equal_nan=True) for n, v in grid.final.content.items())


@dn.model(time="ms")
def pushed(x=0.0, *, top=1.0):
    """Decays, and spikes above a level."""
    return -x / 5, dn.Jump(when=x > top, to={x: 0.0}, name="spike")


def test_what_an_arrival_lifts_has_spiked_at_the_beginning_of_the_step() -> None:
    P, given = dn.Population("P", pushed, 2), dn.spikes([0.5, 0.9], [0, 1], 2, name="given")
    link = dn.Projection(given, P, dn.models.voltage_jump.at(w=2.0), connect=dn.one_to_one(), to={"V": "x"})
    spikes = dn.simulate(dn.Network([P, given], [link]), 2.0, dt=0.1, spike_times="interpolated").spikes["P"]
    assert spikes.t == pytest.approx([0.5, 0.9])
    assert spikes.step.tolist() == [6, 10]


def test_words_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match=r"spike_times.*'between'.*grid"):
        first_spikes(0.4, "between")
    with pytest.raises(ValueError, match="spike_times= has no meaning for single systems; it is for networks"):
        dn.simulate(lif, 1.0, spike_times="interpolated")


def test_they_are_saved(tmp_path) -> None:
    spikes = first_spikes(0.4)[2]
    again = dn.load(spikes.save(tmp_path / "spikes.npz"))
    assert np.array_equal(again.t, spikes.t)
