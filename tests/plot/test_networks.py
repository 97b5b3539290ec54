"""Pictures of networks and of what was recorded of them: what is drawn is what is there."""

import shutil

import matplotlib
import numpy as np
import pytest

import dynana as dn
from dynana.models import decision_spiking, exponential, lif, stdp

matplotlib.use("Agg")

E = dn.Population("E", lif.at(I=25.0), 12, start={"V": dn.uniform(-5, 20)})
I = dn.Population("I", lif.at(I=22.0), 6, start={"V": dn.uniform(-5, 20)})
NET = dn.Network(
    [E, I],
    [
        dn.Projection(E, I, exponential, connect=dn.probability(0.5), w=0.1, delay=1.5),
        dn.Projection(I, E, stdp, connect=dn.in_degree(2), w=dn.uniform(0.0, 1.0), name="plastic"),
        dn.Projection(dn.poisson(20.0), E, exponential, w=0.3),
    ],
)


@pytest.fixture(scope="module")
def run():
    return dn.simulate(NET, 60.0, dt=0.1, seed=1, record={"E": ["V"], "plastic": [dn.record("w", every=10)]})


def texts(ax) -> str:
    return " | ".join(t.get_text() for t in ax.texts)


def test_a_network_has_a_node_for_each_population_and_an_arrow_for_each_pair() -> None:
    ax = dn.plot.network(NET)
    kinds = [type(p).__name__ for p in ax.patches]
    assert kinds.count("Circle") == 2 and kinds.count("Rectangle") == 1 and kinds.count("FancyArrowPatch") == 3
    words = texts(ax)
    for part in ("E\n12 lif", "poisson\n20 Hz", "exponential\np = 0.5\nw 0.1, delay 1.5", "2 inputs each\nw differs"):
        assert part in words
    assert "w 0.1" not in texts(dn.plot.network(NET, words=False))


def test_projections_between_the_same_populations_share_an_arrow() -> None:
    ax = dn.plot.network(decision_spiking())
    assert sum(type(p).__name__ == "FancyArrowPatch" for p in ax.patches) == 8
    assert "exponential_conductance, nmda" in texts(ax)


def test_weights_are_drawn_where_there_are_connections() -> None:
    table = dn.edges(NET, "plastic", seed=1)
    image = dn.plot.weight_matrix(table).images[0].get_array()
    assert image.shape == (6, 12) and (~image.mask).sum() == len(table) == 24
    assert np.array_equal(image.data[table.sources, table.targets], table["w"])
    bars = dn.plot.weight_histogram(table, bins=5).patches
    assert sum(b.get_height() for b in bars) == 24
    with pytest.raises(KeyError, match="did you mean 'w'"):
        dn.plot.weight_histogram(table, values="ww")


def test_images_of_activity_show_all_samples(run) -> None:
    ax = dn.plot.activity(run, "E", "V")
    assert ax.collections[0].get_array().shape == (12, 601)
    assert ax.get_ylabel() == "cell of E" and ax.get_xlabel() == "time (ms)"
    assert dn.plot.activity(run, "plastic", "w").get_ylabel() == "synapse of plastic"
    with pytest.raises(ValueError, match="3 places for 12 recorded cells"):
        dn.plot.activity(run, "E", "V", places=[1, 2, 3])
    with pytest.raises(KeyError, match="Record it"):
        dn.plot.activity(run, "I", "V")


def test_traces_have_a_mark_for_each_spike(run) -> None:
    ax = dn.plot.cell_traces(run, "E", cells=[3, 7])
    assert [len(c.get_segments()) for c in ax.collections] == [run.spikes["E"].of(3).size, run.spikes["E"].of(7).size]
    assert np.array_equal(ax.lines[0].get_ydata(), run["E", "V"][:, 3])
    with pytest.raises(ValueError, match="cell 99 of E was not recorded"):
        dn.plot.cell_traces(run, "E", cells=[99])


NO_FFMPEG = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
#: What files of each kind have in them.
MARKS = {"gif": b"GIF", "html": b"<script", "mp4": b"ftyp"}


@pytest.mark.parametrize("ending", ["gif", "html", pytest.param("mp4", marks=NO_FFMPEG)])
@pytest.mark.parametrize("shape", [None, (3, 4)])
def test_animations_are_saved(run, tmp_path, ending: str, shape) -> None:
    path = tmp_path / f"film.{ending}"
    made = dn.plot.animate_activity(run, "E", "V", shape=shape, frames=3, path=path)
    assert path.stat().st_size > 3000
    assert MARKS[ending] in path.read_bytes()
    ax = made._fig.axes[0]
    last = ax.lines[0].get_ydata() if shape is None else ax.images[0].get_array().ravel()
    assert np.array_equal(last, run["E", "V"][-1])


def test_animations_that_cannot_be_made_are_refused(run, tmp_path, monkeypatch) -> None:
    with pytest.raises(ValueError, match=r"shape = \(5, 5\)"):
        dn.plot.animate_activity(run, "E", "V", shape=(5, 5))
    with pytest.raises(ValueError, match=r"film.avi: animations are saved as .gif, .mp4, .html"):
        dn.plot.animate_activity(run, "E", "V", path=tmp_path / "film.avi")
    monkeypatch.setattr("matplotlib.animation.FFMpegWriter.isAvailable", classmethod(lambda cls: False))
    with pytest.raises(RuntimeError, match="needs ffmpeg"):
        dn.plot.animate_activity(run, "E", "V", path=tmp_path / "film.mp4")
