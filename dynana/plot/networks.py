"""Networks: populations as nodes and projections as arrows; weights of connections."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dynana.definition.network import Network
from dynana.definition.population import Population, Source, whole_of
from dynana.definition.projection import Projection
from dynana.plot import style
from dynana.results.edge_table import EdgeTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Radius of a node, of the circle on which nodes stand, and of the loop from a node to itself.
NODE, CIRCLE, LOOP = 0.30, 1.35, 0.22
#: How far arrows bend to the right, so that those of both directions can be told apart.
BEND = 0.15
#: How much further away words at a loop stand at the sides of a node than above it.
WIDE = 0.35
#: Distance of sources from their target, and their directions relative to the one away from the middle.
AWAY, TURNS = 1.25, (1.1, -1.1, 1.9, -1.9, 0.55, -0.55)
#: Bins of a histogram of weights.
BINS = 50


def network(net: Network, ax: Axes | None = None, *, words: bool = True) -> Axes:
    """Draw populations as nodes, and the projections between each two as an arrow with words.

    Sources of spikes are squares. Arrows whose weights are all negative numbers end in a bar.

    Parameters
    ----------
    net : Network
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    words : bool
        Whether to write synapse, rule, weight and delay beside each arrow.

    Returns
    -------
    Axes
    """
    ax = style.axes(ax, (7.0, 6.0))
    places = _places(net)
    between: dict[tuple[str, str], list[Projection]] = defaultdict(list)
    for p in net.projections:
        between[whole_of(p.source).name, whole_of(p.target).name].append(p)
    for (source, target), group in between.items():
        _arrow(ax, places[source], places[target], group, words)
    for position, population in enumerate(net.populations):
        _node(ax, places[population.name], population, style.CYCLE[position % len(style.CYCLE)])
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.update_datalim(np.array(list(places.values())) + 2 * NODE)
    ax.update_datalim(np.array(list(places.values())) - 2 * NODE)
    ax.margins(0.12)
    ax.autoscale_view()
    return ax


def _places(net: Network) -> dict[str, np.ndarray]:
    """Return the places of the nodes: populations on a circle, the first at the left; sources outside, by a target."""
    names = [p.name for p in net.populations if isinstance(p, Population)]
    angles = np.pi - 2 * np.pi * np.arange(len(names)) / len(names)
    radius = CIRCLE * max(1.0, len(names) / 4) if len(names) > 1 else 0.0
    places = {n: radius * np.array([np.cos(a), np.sin(a)]) for n, a in zip(names, angles, strict=True)}
    seen: dict[str, int] = defaultdict(int)
    for source in (p for p in net.populations if isinstance(p, Source)):
        reached = [whole_of(p.target).name for p in net.projections if whole_of(p.source) is source]
        target = reached[0] if reached else names[0]
        turn = TURNS[seen[target] % len(TURNS)]
        distance = AWAY * (1 + seen[target] // len(TURNS))
        seen[target] += 1
        angle = turn + (np.arctan2(*places[target][::-1]) if np.any(places[target]) else np.pi / 2)
        places[source.name] = places[target] + distance * np.array([np.cos(angle), np.sin(angle)])
    return places


def _node(ax: Axes, place: np.ndarray, population: Population | Source, colour: str) -> None:
    from matplotlib.patches import Circle, Rectangle

    look: dict[str, Any] = {"facecolor": "white", "edgecolor": colour, "linewidth": 2.2, "zorder": 4}
    if isinstance(population, Source):
        ax.add_patch(Rectangle(tuple(place - 0.8 * NODE), 1.6 * NODE, 1.6 * NODE, **look))
        rate = population.rate
        kind = "spikes" if rate is None else f"{rate:g} Hz" if isinstance(rate, float) else "Poisson"
        text = f"{population.name}\n{kind}"
    else:
        ax.add_patch(Circle(tuple(place), NODE, **look))
        text = f"{population.name}\n{population.size} {population.system.name}"
    ax.text(place[0], place[1], text, ha="center", va="center", fontsize=8, zorder=5)


def _arrow(ax: Axes, start: np.ndarray, end: np.ndarray, group: list[Projection], words: bool) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    if np.allclose(start, end):
        outward = start / np.linalg.norm(start) if np.any(start) else np.array([0.0, 1.0])
        across = np.array([-outward[1], outward[0]])
        a, b = (start + NODE * (0.8 * outward + sign * 0.6 * across) for sign in (1, -1))
        far = NODE + 2.2 * LOOP
        curve = [a, start + far * outward + 1.5 * LOOP * across, start + far * outward - 1.5 * LOOP * across, b]
        middle = start + (NODE + 2.2 * LOOP + WIDE * abs(outward[0])) * outward
    else:
        along = (end - start) / np.linalg.norm(end - start)
        across = np.array([along[1], -along[0]])
        control = 0.5 * (start + end) + 2 * BEND * np.linalg.norm(end - start) * across
        ends = [p + 1.15 * NODE * (control - p) / np.linalg.norm(control - p) for p in (start, end)]
        curve = [ends[0], control, ends[1]]
        middle = 0.25 * ends[0] + 0.5 * control + 0.25 * ends[1]
    codes = [Path.MOVETO, *[Path.CURVE3 if len(curve) == 3 else Path.CURVE4] * (len(curve) - 1)]
    negative = all(isinstance(p.w, float) and p.w < 0 for p in group)
    look: dict[str, Any] = {"color": style.QUIET, "linewidth": 1.3, "zorder": 3, "mutation_scale": 11}
    head = "|-|,widthA=0,widthB=0.5" if negative else "-|>"
    ax.add_patch(FancyArrowPatch(path=Path(curve, codes), arrowstyle=head, **look))
    ax.update_datalim(np.array(curve))
    if words:
        text = _words(group)
        ax.text(middle[0], middle[1], text, ha="center", va="center", fontsize=7, zorder=6, path_effects=style.halo())


def _words(group: list[Projection]) -> str:
    """Return what an arrow stands for: synapses, rules, weights and delays of its projections."""
    lines = [", ".join(dict.fromkeys(p.synapse.name for p in group))]
    lines.append(", ".join(dict.fromkeys(_rule(p) for p in group)))
    weights = [p.w if p.w is not None else p.synapse.values.get("w") for p in group]
    lines.append(", ".join(filter(None, (_numbers("w", weights), _numbers("delay", [p.delay for p in group])))))
    return "\n".join(filter(None, lines))


def _rule(p: Projection) -> str:
    assert p.connect is not None
    options = p.connect.options
    short = {"probability": "p = {p:g}", "in_degree": "{count} inputs each", "out_degree": "{count} targets each"}
    return short.get(p.connect.kind, p.connect.kind.replace("_", " ")).format(**options)


def _numbers(name: str, values: list[Any]) -> str:
    given = [v for v in values if v is not None]
    if not given or all(isinstance(v, float) and v == 0.0 for v in given):
        return ""
    if not all(isinstance(v, float) for v in given):
        return f"{name} differs"
    low, high = min(given), max(given)
    return f"{name} {low:.3g}" if low == high else f"{name} {low:.3g} to {high:.3g}"


def weight_matrix(table: EdgeTable, ax: Axes | None = None, *, values: str = "w") -> Axes:
    """Draw the weights of a projection as an image, sources upwards and targets to the right; white is no weight.

    Parameters
    ----------
    table : EdgeTable
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    values : str
        The column that is drawn.

    Returns
    -------
    Axes

    Raises
    ------
    KeyError
        For an unknown column.
    """
    matrix = table.matrix(values)
    ax = style.axes(ax, (5.2, 4.4))
    joined = np.zeros(table.sizes, dtype=bool)
    joined[table.sources, table.targets] = True
    shown = np.ma.masked_array(matrix, ~joined)
    most = float(np.abs(matrix).max(initial=0.0)) or 1.0
    signed = bool(matrix.min(initial=0.0) < 0.0)
    colours: dict[str, Any] = (
        {"cmap": "RdBu_r", "vmin": -most, "vmax": most} if signed else {"cmap": "viridis_r", "vmin": 0.0}
    )
    image = ax.imshow(shown, origin="lower", aspect="auto", interpolation="nearest", **colours)
    ax.set_xlabel(f"target, cell of {table.target}")
    ax.set_ylabel(f"source, cell of {table.source}")
    ax.figure.colorbar(image, ax=ax, label=_label(table, values))
    return ax


def weight_histogram(table: EdgeTable, ax: Axes | None = None, *, values: str = "w", bins: int = BINS) -> Axes:
    """Draw how many connections have which weight.

    Parameters
    ----------
    table : EdgeTable
    ax : Axes, optional
        Where to draw; a new figure otherwise.
    values : str
        The column that is drawn.
    bins : int

    Returns
    -------
    Axes

    Raises
    ------
    KeyError
        For an unknown column.
    """
    column = table[values]
    ax = style.axes(ax, (5.2, 3.2))
    ax.hist(column, bins=bins, color=style.BLUE, alpha=0.8)
    ax.set_xlabel(_label(table, values))
    ax.set_ylabel("connections")
    return ax


def _label(table: EdgeTable, values: str) -> str:
    unit = f" ({table.time_unit})" if values == "delay" and table.time_unit else ""
    return f"{values} of {table.projection}{unit}"
