"""Where an orbit passes the boundaries of rest and of spiking in the plane of two slow variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.fast_slow_orbit import pause_after, spike_times
from dynana.analysis.fast_slow_words import ENDS, RINZEL
from dynana.results.diagram import Diagram, stretches
from dynana.results.dissection import Rhythm
from dynana.results.fast_slow_plane import Crossing
from dynana.results.locus import Locus
from dynana.results.tables import number
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: Samples of the orbit in the slow plane.
SAMPLES = 20_000
#: A fold is a saddle-node on an invariant circle if it is so near to the line through the ends of cycles of the slices,
#: as a part of the range: between slices that line is straight, and folds of other sheets are farther.
ON_CIRCLE = 0.1
#: Rest and spiking are both stable in a strip narrower than this part of the loop: it is no hysteresis loop.
NARROW = 0.05
#: Boundaries at which rest ends, and at which spiking ends.
OF_REST = ("snic", "fold", "hopf")
OF_SPIKING = ("snic", "homoclinic", "fold of cycles")


def bursts(run: Trajectory, slow: Sequence[str], wrap: Mapping[str, float]) -> list[tuple[float, float]]:
    """Return the times of the first and the last spike of each burst that the run holds as a whole."""
    spikes = spike_times(run, slow, wrap)
    pauses = pause_after(np.diff(spikes))
    edges = [(float(spikes[a + 1]), float(spikes[b])) for a, b in zip(pauses[:-1], pauses[1:], strict=True)]
    return edges


def crossings(
    run: Trajectory,
    slow: tuple[str, str],
    groups: Sequence[tuple[float, float]],
    curves: Sequence[Locus],
    ends: Mapping[str, Array],
    widths: Array,
) -> list[Crossing]:
    """Return where the orbit passes a boundary next before each burst and next to its end.

    Boundaries are the curves of bifurcations, and between slices straight lines where there is none of a kind.
    """
    t = np.linspace(run.t[0], run.t[-1], SAMPLES)
    path = run.at(t)[:, [run.states.index(n) for n in slow]] / widths
    lines = [(curve.kind, np.column_stack([curve[n] for n in slow]) / widths) for curve in curves]
    known = {curve.kind for curve in curves}
    lines += [(kind, places[np.argsort(places[:, 1])] / widths) for kind, places in ends.items() if kind not in known]
    met = [(kind, time, place) for kind, line in lines for time, place in _met(t, path, line)]
    circle = ends.get("snic", np.empty((0, 2))) / widths
    met = [(_named(kind, place, circle), time, place) for kind, time, place in met]
    found = []
    for first, last in groups:
        for edge, kinds, onset in ((first, OF_REST, True), (last, OF_SPIKING, False)):
            near = [m for m in met if m[0] in kinds]
            if near:
                kind, time, place = min(near, key=lambda m: abs(m[1] - edge))
                found.append(Crossing(time=time, place=place * widths, kind=kind, onset=onset))
    return found


def _named(kind: str, place: Array, circle: Array) -> str:
    """A fold at which cycles of the slices around end is a SNIC between them too."""
    if kind != "fold" or len(circle) == 0:
        return kind
    order = np.argsort(circle[:, 1])
    line = circle[order]
    inside = line[0, 1] <= place[1] <= line[-1, 1]
    return "snic" if inside and abs(np.interp(place[1], line[:, 1], line[:, 0]) - place[0]) < ON_CIRCLE else kind


def _met(t: Array, path: Array, line: Array) -> list[tuple[float, Array]]:
    """Return times and places at which a path crosses a polyline."""
    found: list[tuple[float, Array]] = []
    for a, b in zip(line[:-1], line[1:], strict=True):
        along = b - a
        side = along[0] * (path[:, 1] - a[1]) - along[1] * (path[:, 0] - a[0])
        for i in np.flatnonzero((side[:-1] > 0.0) != (side[1:] > 0.0)):
            share = side[i] / (side[i] - side[i + 1])
            place = path[i] + share * (path[i + 1] - path[i])
            on = float((place - a) @ along) / max(float(along @ along), np.finfo(float).tiny)
            if 0.0 <= on <= 1.0:
                found.append((float(t[i] + share * (t[i + 1] - t[i])), place))
    return found


def strip_width(slices: Sequence[Diagram]) -> float:
    """Return the largest width, over the first slow variable, of the strip where rest and spiking are both stable."""
    widest = 0.0
    for diagram in slices:
        resting = [
            (b.values[i], b.values[j - 1]) for b in diagram.branches for i, j, s in stretches(b) if s and j - i > 1
        ]
        spiking = [
            (b.values[i:j].min(), b.values[i:j].max())
            for b in diagram.cycle_branches
            for i, j, s in stretches(b)
            if s and j - i > 1
        ]
        for one in resting:
            for two in spiking:
                widest = max(widest, min(max(one), max(two)) - max(min(one), min(two)))
    return widest


def plane_words(
    slow: tuple[str, str], rhythm: Rhythm, met: Sequence[Crossing], slices: Sequence[Diagram], run: Trajectory
) -> tuple[str, str, list[str]]:
    """Return the kind of activity, the reason, and warnings."""
    if rhythm.spikes.size < 2:
        return "rest", "the orbit of the full system has no spikes", []
    if rhythm.per_period == 1:
        return "tonic spiking", f"the orbit repeats after each spike, every {number(rhythm.period)}", []
    begins, stops = [m for m in met if m.onset], [m for m in met if not m.onset]
    if not begins or not stops:
        return "undecided", "the orbit passes no boundary of rest and spiking in the slow plane", []
    words = [max({m.kind for m in part}, key=[m.kind for m in part].count) for part in (begins, stops)]
    name = "/".join(ENDS[w] for w in words)
    strip, loop = strip_width(slices), float(np.ptp(run[slow[0]]))
    told = (
        f"in the plane of {slow[0]} and {slow[1]} the orbit goes round a loop: rest ends where it passes the "
        f"{words[0]} curve at ({_place(begins, words[0])}), spiking ends where it passes the {words[1]} curve at "
        f"({_place(stops, words[1])})"
    )
    if name in RINZEL:
        return f"{name} bursting ({RINZEL[name]})", told, []
    if strip < NARROW * loop:
        told += (
            f"; rest and spiking are both stable in a strip of {slow[0]} no wider than {number(strip, 3)}, "
            f"{number(100 * strip / loop, 2)} % of the loop, so that the slow variables oscillate without hysteresis"
        )
        return f"{name} bursting (parabolic but for a narrow strip)", told, []
    return f"{name} bursting", told, []


def _place(met: Sequence[Crossing], kind: str) -> str:
    place = next(m.place for m in reversed(met) if m.kind == kind)
    return ", ".join(number(float(v), 5) for v in place)
