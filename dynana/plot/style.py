"""What all pictures share: colours, markers, axes, names typeset as mathematics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colours, which can be told apart with any colour vision.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
#: Curves of several states in one picture, in this order; no yellow, it is lost on white.
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
#: Nullclines of x and y.
NULLCLINES = (ORANGE, GREEN)
#: Grey of what lies behind: fields, zero lines.
FAINT = "#B8B8B8"
#: Grey of thresholds and resets.
QUIET = "#6E6E6E"
#: Part of a colour map that can be told from white paper.
VISIBLE = 0.88

#: Exponents of units.
SUPERSCRIPTS = {"2": "²", "3": "³", "4": "⁴"}

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
).split()


def symbol(name: str) -> str:
    r"""A name as mathematics without dollar signs: ``S1`` becomes ``S_{1}``, ``mu_0`` becomes ``\mu_{0}``."""
    base, _, index = name.partition("_")
    match = re.fullmatch(r"([A-Za-z]+)(\d+)", base)
    if match:
        base, index = match[1], ",".join(filter(None, (match[2], index)))
    if base == "eps":
        base = "epsilon"
    body = f"\\{base}" if base in _GREEK else base if len(base) == 1 else f"\\mathrm{{{base}}}"
    inside = ",".join(_index(part) for part in index.split("_") if part) if index else ""
    return f"{body}_{{{inside}}}" if inside else body


def _index(text: str) -> str:
    if text in _GREEK:
        return f"\\{text}"
    return text if len(text) == 1 or not text.isalpha() else f"\\mathrm{{{text}}}"


def label(name: str, units: Mapping[str, str]) -> str:
    """A name with its unit, for an axis."""
    stated = f" ({unit(units[name])})" if units.get(name) else ""
    return f"${symbol(name)}${stated}"


def unit(text: str) -> str:
    """A unit as it is printed: ``uA/cm2`` becomes ``µA/cm²``."""
    return re.sub(r"(?<=[A-Za-z])[2-4]", lambda found: SUPERSCRIPTS[found[0]], re.sub(r"\bu(?=[A-Za-z])", "µ", text))


def derivative(name: str) -> str:
    """The time derivative of a state, without dollar signs."""
    body, _, index = symbol(name).partition("_")
    return f"\\dot{{{body}}}" + (f"_{index}" if index else "")


def axes(ax: Axes | None, size: tuple[float, float] = (5.2, 4.6), projection: str | None = None) -> Axes:
    """The given Axes, or one in a new figure without the upper and right frame."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, made = plt.subplots(figsize=size, layout="constrained", subplot_kw={"projection": projection})
    if projection is None:
        made.spines[["top", "right"]].set_visible(False)
    return made


def shades(ax: Axes, values: Sequence[float], name: str) -> list[Any]:
    """Colours for the values of a quantity, with a colour bar beside the Axes."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    dark = ListedColormap(colormaps["viridis"](np.linspace(0.0, VISIBLE, 256)))
    scale = ScalarMappable(Normalize(min(values), max(values)), dark)
    ax.figure.colorbar(scale, ax=ax, label=name)
    return [tuple(colour) for colour in scale.to_rgba(np.asarray(values)).tolist()]


def stacked(given: Any, count: int, size: tuple[float, float], ratios: list[float] | None = None) -> np.ndarray:
    """Axes given by the caller, or a new column of them with a common horizontal axis."""
    if given is not None:
        found = np.ravel(np.asarray(given, dtype=object))
        if len(found) != count:
            raise ValueError(f"{count} axes are needed, {len(found)} were given.")
        return found
    import matplotlib.pyplot as plt

    _, made = plt.subplots(
        count, 1, figsize=size, layout="constrained", sharex=True, squeeze=False, height_ratios=ratios
    )
    for ax in made.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return made.ravel()


def page(ax: Axes) -> np.ndarray:
    """Width and height of the Axes on the page, in inches."""
    box = ax.get_window_extent()
    return np.array([box.width, box.height]) / ax.figure.dpi


def halo(width: float = 2.5) -> list[Any]:
    """Path effects that set a text or line off from what lies behind it."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=width, foreground="white")]


def legend(ax: Axes) -> None:
    """A legend that names what is drawn several times once."""
    once = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    ax.legend(list(once.values()), list(once), frameon=False, fontsize="small")


def arrow(
    ax: Axes, points: np.ndarray, colour: str, fraction: float = 0.5, size: float = 9.0, zorder: float = 3.0
) -> None:
    """An arrow head on a line (k, 2), at a fraction of the length it has on the page."""
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    lengths = np.hypot(*((np.diff(points, axis=0)) / (high - low)).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    if not along[-1] > 0.02:
        return
    places = [
        np.interp(np.clip(fraction * along[-1] + d, 0, along[-1]), along, points[:, i])
        for d in (0.0, 0.01)
        for i in (0, 1)
    ]
    if np.isfinite(places).all():
        look = {
            "arrowstyle": "-|>,head_length=0.8,head_width=0.35",
            "color": colour,
            "linewidth": 0.1,
            "mutation_scale": size,
        }
        look |= {"shrinkA": 0, "shrinkB": 0}
        ax.annotate(
            "",
            xy=(places[2], places[3]),
            xytext=(places[0], places[1]),
            arrowprops=look,
            zorder=zorder,
            annotation_clip=True,
        )


#: Marker of each class of fixed point: (marker, fill style, face colour, edge colour).
MARKERS: dict[str, tuple[str, str, str, str]] = {
    "stable": ("o", "full", BLACK, BLACK),
    "unstable": ("o", "full", "white", BLACK),
    "saddle": ("o", "left", BLACK, BLACK),
    "non-hyperbolic": ("o", "full", FAINT, BLACK),
    "virtual": ("s", "full", "white", QUIET),
}


def marker(group: str, size: float = 8.0) -> dict[str, Any]:
    """Line properties of the marker of a class of fixed points."""
    shape, fill, face, edge = MARKERS[group]
    return {
        "marker": shape,
        "fillstyle": fill,
        "markerfacecolor": face,
        "markerfacecoloralt": "white",
        "markeredgecolor": edge,
        "markersize": size,
        "linestyle": "none",
        "zorder": 6,
    }


def group(point: Any) -> str:
    """Class of a fixed point for its marker."""
    if point.virtual:
        return "virtual"
    if point.kind == "saddle":
        return "saddle"
    if point.kind in ("center", "non-hyperbolic"):
        return "non-hyperbolic"
    return "stable" if point.stable else "unstable"
