"""Runs that go on from where others ended: with the same values to the bit, with others as if they had changed."""

import numpy as np
import pytest

import dynana as dn
from dynana.models import exponential, lif, linear, stdp
from dynana.models.networks import tanh_unit

CELLS = lif.at(tau=10.0, V_rest=-52.0, V_reset=-60.0, V_th=-50.0, t_ref=2.0, I=3.0)


def net(**options) -> dn.Network:
    E = dn.Population("E", CELLS, 70, start={"V": dn.uniform(-60, -50)})
    F = dn.Population("F", CELLS, 20, start={"V": dn.uniform(-60, -50)})
    plastic = stdp.at(dA_s=0.01, dA_t=0.01)
    sparse = dn.probability(0.2)
    links = [
        dn.Projection(E, F, exponential, connect=sparse, w=0.1, delay=1.5),
        dn.Projection(F, E, plastic, connect=sparse, w=dn.uniform(0.1, 0.3), delay=0.5, name="plastic"),
        dn.Projection(dn.poisson(500.0), E, exponential, w=0.2),
    ]
    return dn.Network([E, F], links).at(options)


def joined(first, second, name: str) -> tuple[np.ndarray, np.ndarray]:
    parts = [run.spikes[name] for run in (first, second)]
    return np.concatenate([s.step for s in parts]), np.concatenate([s.cell for s in parts])


def test_the_same_values_go_on_to_the_bit() -> None:
    whole = dn.simulate(net(), 60.0, dt=0.1, seed=3)
    first = dn.simulate(net(), 25.0, dt=0.1, seed=3)
    second = dn.simulate(net().at({"E.I": 3.0}), 35.0, dt=0.1, start=first.final)
    for name in "EF":
        for found, expected in zip(
            joined(first, second, name), (whole.spikes[name].step, whole.spikes[name].cell), strict=True
        ):
            assert np.array_equal(found, expected)
    assert np.array_equal(second.final.content["plastic.w"], whole.final.content["plastic.w"])


def test_an_interrupted_run_can_be_resumed_to_the_bit() -> None:
    def interrupt(t: float) -> None:
        if t > 20.0:
            raise KeyboardInterrupt

    whole = dn.simulate(net(), 60.0, dt=0.1, seed=3)
    first = dn.simulate(net(), 60.0, dt=0.1, seed=3, between=interrupt)
    assert first.stop.reason == "interrupted" and "start=run.final" in first.stop.message
    assert 20.0 < first.span[1] < 60.0 or first.final.step == 600
    if first.final.step < 600:
        second = dn.simulate(net(), 60.0 - first.span[1], dt=0.1, start=first.final)
        assert np.array_equal(joined(first, second, "E")[0], whole.spikes["E"].step)


@pytest.mark.parametrize("kind", ["number", "values of cells", "drive of all", "drive of some"])
def test_a_parameter_that_changes_between_runs_is_one_that_changes_in_a_run(kind: str) -> None:
    cells = dn.Population("A", CELLS.at(I=0.5), 70, start={"V": dn.uniform(-60, -50)})
    alone = dn.Network([cells])
    level = np.where(np.arange(70) < 30, 4.0, 0.5) if kind in ("values of cells", "drive of some") else np.full(70, 4.0)
    course = dn.sampled([0.0, 20.0, 50.0], np.stack([np.zeros(70), level - 0.5, level - 0.5]))
    whole = dn.simulate(alone, 50.0, dt=0.1, seed=1, inputs={"A": {"I": course}}, record={"A": ["V"]})
    first = dn.simulate(alone, 20.0, dt=0.1, seed=1, record={"A": ["V"]})
    inputs = {
        "drive of all": {"A": {"I": dn.steps([0.0], [3.5])}},
        "drive of some": {cells[:30]: {"I": dn.steps([0.0], [3.5])}},
    }.get(kind)
    other = alone.at({"A.I": 4.0 if kind == "number" else level}) if inputs is None else alone
    second = dn.simulate(other, 30.0, dt=0.1, start=first.final, inputs=inputs, record={"A": ["V"]})
    assert len(second.spikes["A"]) > 50
    assert np.array_equal(joined(first, second, "A")[0], whole.spikes["A"].step)
    assert np.abs(np.concatenate([first["A", "V"], second["A", "V"]]) - whole["A", "V"]).max() < 1e-12 * 60


def test_what_drove_some_cells_ends_with_its_run() -> None:
    cells = dn.Population("A", CELLS.at(I=0.5), 8, start={"V": -60.0})
    alone = dn.Network([cells])
    first = dn.simulate(alone, 30.0, dt=0.1, inputs={cells[:3]: {"I": dn.steps([0.0], [5.0])}})
    second = dn.simulate(alone, 100.0, dt=0.1, start=first.final, record={"A": ["V"]})
    assert set(first.spikes["A"].cell) == {0, 1, 2} and len(second.spikes["A"]) == 0
    assert second["A", "V"][-1] == pytest.approx(np.full(8, -51.5), abs=1e-3)


def test_rates_with_continuous_coupling_go_on_with_other_values() -> None:
    units = dn.Population("x", tanh_unit, 40, start={"x": dn.normal(0.0, 1.0)})
    rates = dn.Network([units], [dn.Projection(units, units, linear, w=dn.normal(0.0, 0.2), delay=0.5, name="own")])
    options = {"dt": 0.05, "method": "rk4", "record": {"x": ["x"]}}
    whole, first = dn.simulate(rates, 4.0, seed=2, **options), dn.simulate(rates, 1.5, seed=2, **options)
    second = dn.simulate(rates, 2.5, start=first.final, **options)
    assert np.array_equal(second["x", "x"], whole["x", "x"][31:])
    other = dn.simulate(rates.at({"own.w": 0.0}), 2.5, start=first.final, **options)
    decay = first["x", "x"][-1] * np.exp(-2.5)
    assert other["x", "x"][-1] == pytest.approx(decay, rel=1e-6)


def test_other_connections_or_delays_cannot_go_on() -> None:
    A, B = dn.Population("A", CELLS, 3), dn.Population("B", CELLS, 3)

    def made(sources: list[int], delay: float = 0.5) -> dn.Network:
        link = dn.Projection(A, B, stdp, connect=dn.pairs(sources, [0, 1]), delay=delay)
        return dn.Network([A, B], [link])

    first = dn.simulate(made([0, 1]), 5.0, dt=0.1)
    with pytest.raises(ValueError, match="other populations, equations or connections"):
        dn.simulate(made([0, 2]), 5.0, dt=0.1, start=first.final)
    with pytest.raises(ValueError, match="delays must be those of the run that ended there"):
        dn.simulate(made([0, 1], delay=1.0), 5.0, dt=0.1, start=first.final)
    with pytest.raises(ValueError, match="dt = 0.1, this one 0.05"):
        dn.simulate(made([0, 1]), 5.0, dt=0.05, start=first.final)
    with pytest.raises(ValueError, match="seed= has no effect with start="):
        dn.simulate(made([0, 1]), 5.0, dt=0.1, start=first.final, seed=1)
