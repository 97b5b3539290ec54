"""What was recorded of many cells: images, traces with spikes, animations on a line, a ring or a grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.plot import style
from dynana.results.recording import Recorded, Recording

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes

#: Traces that are drawn if no cells are named.
FEW = 5
#: Height of a mark of a spike, relative to the range of a trace.
MARK = 0.25
#: Frames of an animation, unless the number is given, and frames in a second.
FRAMES, FPS = 120, 20


def activity(run: Recording, population: str, name: str, ax: Axes | None = None, *, places: Any = None) -> Axes:
    """Draw a recorded quantity as an image: time to the right, cells (or their places) upwards.

    Parameters
    ----------
    run : Recording
    population, name : str
        What was recorded: of a population, or of the synapses of a projection.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    places : array_like, optional
        One number for each recorded cell, increasing, instead of numbers of cells.

    Returns
    -------
    Axes

    Raises
    ------
    KeyError
        For what was not recorded.
    ValueError
        For another number of places.
    """
    found = _recorded(run, population, name)
    upwards = _places(found, places)
    ax = style.axes(ax, (6.4, 3.6))
    image = ax.pcolormesh(found.t, upwards, found.values.T, shading="nearest", rasterized=True)
    what = "cell" if found.sources is None else "synapse"
    ax.set_xlabel(_time(run))
    ax.set_ylabel(f"{what} of {population}" if places is None else f"place in {population}")
    ax.figure.colorbar(image, ax=ax, label=f"${style.symbol(name)}$")
    return ax


def cell_traces(
    run: Recording, population: str, name: str = "V", ax: Axes | None = None, *, cells: Sequence[int] | None = None
) -> Axes:
    """Draw a recorded quantity of some cells over time, one above the other, with a line upwards at each spike.

    Parameters
    ----------
    run : Recording
    population, name : str
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    cells : sequence of int, optional
        The first five recorded ones by default.

    Returns
    -------
    Axes

    Raises
    ------
    KeyError
        For what was not recorded.
    ValueError
        For cells that were not recorded.
    """
    found = _recorded(run, population, name)
    chosen = list(found.cells[:FEW]) if cells is None else list(cells)
    missing = [c for c in chosen if c not in found.cells]
    if missing:
        raise ValueError(
            f"cell {missing[0]} of {population} was not recorded: {name} is there of {found.cells.tolist()}"
        )
    columns = [found.values[:, int(np.flatnonzero(found.cells == c)[0])] for c in chosen]
    height = max((float(np.ptp(c)) for c in columns), default=1.0) or 1.0
    ax = style.axes(ax, (6.4, 1.0 + 0.7 * len(chosen)))
    spikes = run.spikes.get(population) if found.sources is None else None
    for k, (cell, values) in enumerate(zip(chosen, columns, strict=True)):
        shift = k * (1 + 2 * MARK) * height
        colour = style.CYCLE[k % len(style.CYCLE)]
        ax.plot(found.t, values + shift, color=colour, linewidth=0.9)
        if spikes is not None:
            times = spikes.of(int(cell))
            ax.vlines(times, values.max() + shift, values.max() + shift + MARK * height, color=colour, linewidth=0.9)
    if len(chosen) > 1:
        ax.set_yticks(
            [float(c[0]) + k * (1 + 2 * MARK) * height for k, c in enumerate(columns)], [str(c) for c in chosen]
        )
        ax.set_ylabel(f"{name} of cells of {population}")
    else:
        ax.set_ylabel(f"{name} of cell {chosen[0]} of {population}")
    ax.set_xlabel(_time(run))
    ax.set_xlim(*run.span)
    return ax


def animate_activity(
    run: Recording,
    population: str,
    name: str,
    ax: Axes | None = None,
    *,
    places: Any = None,
    shape: tuple[int, int] | None = None,
    frames: int = FRAMES,
    fps: float = FPS,
    path: str | Path | None = None,
) -> FuncAnimation:
    """Animate a recorded quantity: as a curve over the cells, or as an image of cells on a grid.

    Parameters
    ----------
    run : Recording
    population, name : str
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    places : array_like, optional
        For a curve: one number for each recorded cell instead of numbers of cells.
    shape : (int, int), optional
        Rows and columns of a grid on which the recorded cells sit, row by row: makes images.
    frames : int
        Number of samples that are shown, at equal distances; all if there are fewer.
    fps : float
        Frames in a second.
    path : str or Path, optional
        Where to save it: ``.gif`` (needs Pillow, which matplotlib brings), ``.mp4`` (needs ffmpeg), or ``.html``.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        Keep it as long as it is to be shown.

    Raises
    ------
    KeyError
        For what was not recorded.
    ValueError
        For a shape that has not as many places as there are cells, another ending of the path.
    RuntimeError
        ``.mp4`` without ffmpeg.
    """
    from matplotlib.animation import FuncAnimation

    found = _recorded(run, population, name)
    if shape is not None and (len(shape) != 2 or shape[0] * shape[1] != found.cells.size):
        raise ValueError(f"shape = {shape}: expected (rows, columns) with {found.cells.size} places, one per cell")
    writer = None if path is None else _writer(Path(path), fps)
    across = _places(found, places)
    ax = style.axes(ax, (5.2, 3.6) if shape is None else (5.0, 4.4))
    shown = np.unique(np.linspace(0, found.t.size - 1, max(1, min(frames, found.t.size))).round().astype(int))
    low, high = float(np.nanmin(found.values)), float(np.nanmax(found.values))
    margin = 0.05 * (high - low) or 0.5
    artist: Any
    if shape is None:
        (artist,) = ax.plot(across, found.values[0], color=style.BLUE)
        ax.set_ylim(low - margin, high + margin)
        ax.set_xlabel(f"cell of {population}" if places is None else f"place in {population}")
        ax.set_ylabel(f"${style.symbol(name)}$")
    else:
        artist = ax.imshow(found.values[0].reshape(shape), origin="lower", vmin=low, vmax=high, interpolation="nearest")
        ax.figure.colorbar(artist, ax=ax, label=f"${style.symbol(name)}$")
    title = ax.set_title("")

    def draw(sample: int) -> tuple[Any, ...]:
        values = found.values[sample]
        artist.set_data(values.reshape(shape)) if shape is not None else artist.set_ydata(values)
        title.set_text(f"{_time(run).replace('time', 't')} = {found.t[sample]:g}")
        return artist, title

    figure = ax.get_figure(root=True)
    assert figure is not None
    made = FuncAnimation(figure, draw, frames=list(shown), interval=1000.0 / fps, blit=False, repeat=False)
    if path is not None:
        made.save(str(path), writer=writer)
    return made


def _writer(path: Path, fps: float) -> Any:
    """Return what writes the kind of file that a path ends in."""
    from matplotlib.animation import FFMpegWriter, HTMLWriter, PillowWriter

    kinds: dict[str, Any] = {".gif": PillowWriter, ".mp4": FFMpegWriter, ".html": HTMLWriter}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path.name}: animations are saved as {', '.join(kinds)}")
    if not kind.isAvailable():
        raise RuntimeError(
            f"{path.name}: {path.suffix} needs ffmpeg, which was not found; save a .gif or .html instead"
        )
    options = {"embed_frames": True, "default_mode": "loop"} if kind is HTMLWriter else {}
    return kind(fps=fps, **options)


def _recorded(run: Recording, population: str, name: str) -> Recorded:
    _ = run[population, name]  # says what is missing
    return run.recorded[f"{population}.{name}"]


def _places(found: Recorded, places: Any) -> np.ndarray:
    if places is None:
        return np.asarray(found.cells)
    given = np.asarray(places, dtype=float).ravel()
    if given.size != found.cells.size:
        raise ValueError(f"{given.size} places for {found.cells.size} recorded cells: expected as many")
    return given


def _time(run: Recording) -> str:
    return f"time ({run.time_unit})" if run.time_unit else "time"
