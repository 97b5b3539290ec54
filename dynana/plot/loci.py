"""Two-parameter diagrams: curves of bifurcations, their points of codimension two, and what the regions hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.errors import unknown
from dynana.plot import style
from dynana.results.locus import Locus
from dynana.results.special_points import in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and dashes of each kind of curve.
CURVES: dict[str, tuple[str, Any]] = {
    "fold": (style.BLUE, "-"),
    "hopf": (style.VERMILLION, "-"),
    "branch point": (style.ORANGE, (0, (5, 1.5, 1, 1.5))),
    "fold of cycles": (style.GREEN, "-"),
    "period doubling": (style.PURPLE, "-"),
    "torus": (style.SKY, (0, (1, 1))),
    "branch point of cycles": (style.ORANGE, (0, (1, 1))),
    "homoclinic": (style.BLACK, (0, (5, 1.5, 1, 1.5))),
    "boundary equilibrium": (style.PURPLE, (0, (1, 1))),
    "snic": (style.BLACK, "-"),
    "grazing": (style.GREEN, (0, (1, 1))),
    "switching": (style.VERMILLION, (0, (1, 1))),
    "reset on nullcline": (style.BLUE, (0, (1, 1))),
}
OTHER = (style.QUIET, (0, (3, 1, 1, 1)))
#: Dashes of subcritical Hopf points.
SUBCRITICAL = (0, (4, 2))
#: Kinds of special points that are not named in the picture.
PLAIN = ("label", "user")
#: Directions in which the name of a point may stand, degrees; the first free one is taken.
DIRECTIONS = (45.0, 135.0, -45.0, -135.0, 0.0, 180.0, 90.0, -90.0)
#: Marker of points of codimension two.
POINT = "o"
#: Distance of a name from its point, in points.
NAME_GAP = 9.0
#: Points of one kind nearer than this part of the picture are drawn once: two curves that meet both hold them.
SAME_PLACE = 1e-3


def two_parameter_diagram(
    *loci: Locus,
    ax: Axes | None = None,
    x: str | None = None,
    y: str | None = None,
    regions: Mapping[str, tuple[float, float] | Sequence[tuple[float, float]]] | None = None,
    legend: bool = True,
) -> Axes:
    """Draw curves of bifurcations in the plane of two parameters.

    Parameters
    ----------
    *loci : Locus
        Of one system, with the same two parameters in any order.
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    x, y : str, optional
        The parameters on the axes; those of the first curve, in its order, otherwise.
    regions : mapping of text to (x, y) or several, optional
        What to write in which places.
    legend : bool

    Returns
    -------
    Axes
        Hopf points are solid where supercritical and dashed where subcritical. Points of codimension two are dots with
        their letters (CP cusp, BT Bogdanov-Takens, GH Bautin, ZH zero-Hopf, HH Hopf-Hopf, ...), which the legend
        explains.

    Raises
    ------
    TypeError
        For what is no Locus.
    ValueError
        If there is no curve, or they belong to different systems or parameters.
    """
    first, second = _plane(loci, x, y)
    ax = style.axes(ax)
    for locus in loci:
        colour, dashes = CURVES.get(locus.kind, OTHER)
        for low, high, part in _stretches(locus):
            words, line = part or locus.kind, SUBCRITICAL if part.startswith("subcritical") else dashes
            ax.plot(
                locus[first][low:high], locus[second][low:high], color=colour, linestyle=line, linewidth=1.6,
                label=words, zorder=3,
            )  # fmt: skip
    _name_points(loci, first, second, ax)
    for text, places in (regions or {}).items():
        for across, up in np.reshape(places, (-1, 2)).tolist():
            ax.text(across, up, text, ha="center", va="center", color=style.QUIET, zorder=2, path_effects=style.halo(3))
    ax.set_xlabel(style.label(first, loci[0].units))
    ax.set_ylabel(style.label(second, loci[0].units))
    if legend:
        handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        order = sorted(handles, key=lambda words: handles[words].get_marker() == POINT)  # curves first
        ax.legend([handles[words] for words in order], order, frameon=False, fontsize="small")
    return ax


def _plane(loci: tuple[Locus, ...], x: str | None, y: str | None) -> tuple[str, str]:
    """Return the parameters on the axes, after the curves have been checked."""
    if not loci:
        raise ValueError("two_parameter_diagram needs one Locus or more, such as continue_locus returns")
    for locus in loci:
        if not isinstance(locus, Locus):
            raise TypeError(f"two_parameter_diagram draws Locus objects, got {type(locus).__name__}")
        if locus.fingerprint != loci[0].fingerprint or set(locus.free) != set(loci[0].free):
            raise ValueError(
                f"all curves must belong to one system and one pair of parameters, got {loci[0].system} in "
                f"{loci[0].free} and {locus.system} in {locus.free}"
            )
    free = loci[0].free
    for name in (x, y):
        if name is not None and name not in free:
            raise ValueError(unknown("varied parameter", name, free))
    if x is None:
        x = next(n for n in free if n != y)
    other = next(n for n in free if n != x)
    if y is not None and y != other:
        raise ValueError(f"x and y must be different parameters, got {x!r} for both")
    return x, other


def _stretches(locus: Locus) -> list[tuple[int, int, str]]:
    """Return (first, last + 1, words) of the stretches of a curve that look the same; words are empty for all of it."""
    if locus.kind != "hopf" or "l1" not in locus.measures:
        return [(0, len(locus), "")]
    cuts = [s.index for s in locus.special if s.kind in ("bautin", "zero-hopf") and 0 < s.index < len(locus) - 1]
    ends = [0, *sorted(set(cuts)), len(locus) - 1]
    stretches = []
    for low, high in zip(ends[:-1], ends[1:], strict=True):
        inside = locus["l1"][low + 1 : high] if high - low > 1 else locus["l1"][low : high + 1]
        word = "subcritical" if np.nanmedian(inside) > 0 else "supercritical"
        stretches.append((low, high + 1, f"{word} Hopf"))
    return stretches


def _name_points(loci: tuple[Locus, ...], first: str, second: str, ax: Axes) -> None:
    """Draw the points of codimension two, each once, with their letters where there is most room."""
    found: list[tuple[str, tuple[float, float]]] = []
    words: dict[str, str] = {}
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    for s in (s for locus in loci for s in locus.special if s.kind not in PLAIN):
        place = (s.parameters[first], s.parameters[second])
        near = (np.abs(np.subtract(place, at)) / (high - low) for code, at in found if code == s.code)
        if not any(distance.max() < SAME_PLACE for distance in near):
            found.append((s.code, place))
            words[s.code] = f"{s.code}: {in_words(s.kind)}"
    page = style.page(ax)
    lines = [np.column_stack([locus[first], locus[second]]) for locus in loci]
    dense = np.concatenate([_resampled((line - low) / (high - low) * page) for line in lines])
    taken: list[np.ndarray] = []
    for code, place in found:
        ax.plot(
            *place, marker=POINT, color=style.BLACK, markeredgecolor="white", markersize=6.0, linestyle="none",
            label=words[code], zorder=6,
        )  # fmt: skip
        at = (np.array(place) - low) / (high - low) * page
        obstacles = np.concatenate([dense, *(t[None] for t in taken)])
        turns = np.radians(DIRECTIONS)
        # the letters are some 0.17 inches from their point
        spots = at + 0.17 * np.column_stack([np.cos(turns), np.sin(turns)])
        room = np.array([np.hypot(*(obstacles - spot).T).min() for spot in spots])
        best = int(np.argmax(np.minimum(room, 0.12)))
        taken.append(spots[best])
        ax.annotate(
            code, place, xytext=(NAME_GAP * np.cos(turns[best]), NAME_GAP * np.sin(turns[best])),
            textcoords="offset points", ha="center", va="center", fontsize="small", zorder=7,
            path_effects=style.halo(),
        )  # fmt: skip


def _resampled(line: np.ndarray) -> np.ndarray:
    """Return points along a polyline (k, 2), on the page, close to each other."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if not along[-1] > 0.0:
        return line
    at = np.linspace(0.0, along[-1], int(along[-1] / 0.03) + 2)
    return np.column_stack([np.interp(at, along, line[:, i]) for i in (0, 1)])
