"""Maps of an interval into the line, given by evaluation: domain, turning points, and all periodic points.

Between neighbouring turning points of the p-th iterate, its laps, that iterate is monotonic, so that a falling lap has
one fixed point at most. The turning points of an iterate are the preimages of those of the map: they are found by
going backwards, so that every lap is looked at, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Edges, turning points and preimages are located to this share of the interval, ...
LOCATED = 1e-14
#: ... by at most so many evaluations: bisection alone needs 47.
TRIALS = 60
#: Slopes below this are not told apart from zero; their error is a tenth of it.
LEVEL = 1e-9
#: A break is looked for where the image changes by this share of its extent more than the slopes beside say.
SURPRISE = 0.02
#: A point is back at its start within this share of the interval.
CLOSED = 1e-9
#: Turning points of an iterate, at most.
MOST_LAPS = 1000
#: Newton steps to a periodic point; each doubles the digits of a bracketed start.
POLISHING = 4


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """What a map makes of k points in r iterations: each image, slope of each, time of each, shape (k, r); else NaN."""

    image: Array
    slope: Array
    time: Array
    outcome: NDArray[np.int64]


Evaluate = Callable[[Array, int], Images]


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A map sampled on an interval, with its structure.

    Parameters
    ----------
    evaluate : callable
        The map: points, number of iterations.
    x : ndarray, shape (k,)
        Increasing.
    sample : Images
        One iteration.
    edges, edge_outcomes : ndarray, shape (e,)
        Where the map ends to be defined, on the defined side; what becomes of starts on the other side.
    breaks : ndarray, shape (b, 3)
        Discontinuities between defined points: place, and the images on both sides.
    turning : ndarray, shape (c,)
        Extrema inside the interval.
    """

    evaluate: Evaluate
    x: Array
    sample: Images
    edges: Array
    edge_outcomes: NDArray[np.int64]
    breaks: Array
    turning: Array

    @property
    def y(self) -> Array:
        """Images of the sample, NaN where there are none."""
        return np.asarray(self.sample.image[:, 0])


def sampled(evaluate: Evaluate, low: float, high: float, size: int) -> Sampled:
    """Sample a map and find its edges, breaks and turning points."""
    x = np.linspace(low, high, size)
    sample = evaluate(x, 1)
    y, slope = sample.image[:, 0], sample.slope[:, 0]
    edges, outcomes = _edges(evaluate, x, sample)
    breaks = _breaks(evaluate, x, y, slope)
    turning = _turning(evaluate, x, slope)
    return Sampled(evaluate, x, sample, edges, outcomes, breaks, turning)


def _edges(evaluate: Evaluate, x: Array, sample: Images) -> tuple[Array, NDArray[np.int64]]:
    """Bisect between points that have an image and neighbours that have none."""
    defined = np.isfinite(sample.image[:, 0])
    change = np.flatnonzero(defined[:-1] != defined[1:])
    inside = np.where(defined[change], x[change], x[change + 1])
    outside = np.where(defined[change], x[change + 1], x[change])
    outcomes = np.where(defined[change], sample.outcome[change + 1], sample.outcome[change])
    while change.size and np.max(np.abs(outside - inside)) > LOCATED * (x[-1] - x[0]):
        middle = 0.5 * (inside + outside)
        if np.all((middle == inside) | (middle == outside)):
            break
        tried = evaluate(middle, 1)
        good = np.isfinite(tried.image[:, 0])
        inside, outside = np.where(good, middle, inside), np.where(good, outside, middle)
        outcomes = np.where(good, outcomes, tried.outcome)
    return inside, outcomes


def _breaks(evaluate: Evaluate, x: Array, y: Array, slope: Array) -> Array:
    """Return the places where the image jumps: intervals that stay surprising however short they become."""
    finite = y[np.isfinite(y)]
    if finite.size < 2:
        return np.empty((0, 3))
    extent = np.ptp(finite)
    surprise = np.abs(np.diff(y) - 0.5 * np.diff(x) * (slope[:-1] + slope[1:]))
    places = np.flatnonzero(surprise > SURPRISE * extent)
    found = []
    for i in places:
        low, high, at_low, at_high = x[i], x[i + 1], y[i], y[i + 1]
        while high - low > LOCATED * (x[-1] - x[0]) and abs(at_high - at_low) > SURPRISE * extent:
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            value = float(evaluate(np.array([middle]), 1).image[0, 0])
            if not np.isfinite(value) or abs(value - at_low) > abs(value - at_high):
                high, at_high = middle, at_high if not np.isfinite(value) else value
            else:
                low, at_low = middle, value
        if abs(at_high - at_low) > SURPRISE * extent:
            found.append((0.5 * (low + high), at_low, at_high))
    return np.array(found).reshape(-1, 3)


def _turning(evaluate: Evaluate, x: Array, slope: Array) -> Array:
    """Return the points where the slope changes its sign, apart from noise around zero."""
    known = np.flatnonzero(np.isfinite(slope) & (np.abs(slope) > LEVEL))
    pairs = [(i, j) for i, j in zip(known[:-1], known[1:], strict=True) if np.isfinite(slope[i : j + 1]).all()]
    low = np.array([x[i] for i, j in pairs if slope[i] * slope[j] < 0])
    high = np.array([x[j] for i, j in pairs if slope[i] * slope[j] < 0])
    return roots(lambda w, _: evaluate(w, 1).slope[:, 0], low, high, (x[-1] - x[0]) * LOCATED)


def roots(function: Callable[[Array, Any], Array], low: Array, high: Array, width: float) -> Array:
    """Return one root in each of many brackets, all evaluated together (regula falsi, Illinois form, and bisection).

    Parameters
    ----------
    function : callable
        Takes points and the numbers of the brackets they are in.
    low, high : ndarray, shape (k,)
    width : float
        Brackets are not made narrower.

    Returns
    -------
    ndarray, shape (k,)
    """
    a, b = np.array(low, dtype=float), np.array(high, dtype=float)
    every = np.arange(a.size)
    if not a.size:
        return a
    fa, fb = function(a, every), function(b, every)
    side = np.zeros(a.size)
    for trial in range(TRIALS):
        here = np.flatnonzero((b - a > width) & (fa != 0.0) & (fb != 0.0))
        if not here.size:
            break
        x = 0.5 * (a[here] + b[here])
        if trial % 4 != 3:
            with np.errstate(invalid="ignore", divide="ignore"):
                secant = b[here] - fb[here] * (b[here] - a[here]) / (fb[here] - fa[here])
            x = np.where((secant > a[here]) & (secant < b[here]), secant, x)
        fx = function(x, here)
        same = np.sign(fx) == np.sign(fb[here])
        up, down = here[same], here[~same]
        fa[up] *= np.where(side[up] == 1.0, 0.5, 1.0)
        fb[down] *= np.where(side[down] == -1.0, 0.5, 1.0)
        b[up], fb[up], side[up] = x[same], fx[same], 1.0
        a[down], fa[down], side[down] = x[~same], fx[~same], -1.0
    return np.where(np.abs(fa) <= np.abs(fb), a, b)


def _preimages(found: Sampled, values: Array) -> Array:
    """Return every point of the sampled interval that the map takes to one of the values."""
    # turning points cut the sample, so that each piece is monotonic
    x = np.concatenate((found.x, found.turning))
    y = np.concatenate((found.y, found.evaluate(found.turning, 1).image[:, 0])) if found.turning.size else found.y
    order = np.argsort(x)
    x, y = x[order], y[order]
    piece, which = np.nonzero((y[:-1, None] - values) * (y[1:, None] - values) < 0.0)
    aim = values[which]
    width = (x[-1] - x[0]) * LOCATED
    return roots(lambda w, here: found.evaluate(w, 1).image[:, 0] - aim[here], x[piece], x[piece + 1], width)


def laps(found: Sampled, period: int) -> list[Array]:
    """Return, for each iterate up to the period, the points that cut the interval into its laps.

    Raises
    ------
    ValueError
        If there are more than MOST_LAPS.
    """
    latest = np.concatenate((found.turning, found.edges))
    cuts = [latest]
    for iterate in range(2, period + 1):
        latest = _preimages(found, latest)
        cuts.append(np.concatenate((cuts[-1], latest)))
        if cuts[-1].size > MOST_LAPS:
            raise ValueError(
                f"the map has more than {MOST_LAPS} laps when it is iterated {iterate} times: ask for a period below "
                f"{iterate}, or for a narrower range"
            )
    return cuts


@dataclass(frozen=True, slots=True, eq=False)
class Orbit:
    """A periodic orbit of a map: its points in order from the smallest, the time and the slope of each."""

    points: Array
    times: Array
    slopes: Array


def periodic_orbits(found: Sampled, period: int) -> list[Orbit]:
    """Return all periodic orbits up to a period that have a point in the interval."""
    orbits: list[Orbit] = []
    x = np.unique(np.concatenate((found.x, laps(found, period)[-1])))
    images = found.evaluate(x, period).image
    for p in range(1, period + 1):
        far = images[:, p - 1] - x
        here = np.flatnonzero(far[:-1] * far[1:] <= 0.0)
        starts = roots(
            lambda w, _, p=p: found.evaluate(w, p).image[:, -1] - w,  # type: ignore[misc]
            x[here], x[here + 1], LOCATED * (x[-1] - x[0]),
        )  # fmt: skip
        for start in starts:
            orbit = closed(found.evaluate, float(start), p, CLOSED * (x[-1] - x[0]))
            if orbit is not None and not any(_same(orbit, old, CLOSED * (x[-1] - x[0])) for old in orbits):
                orbits.append(orbit)
    return orbits


def closed(evaluate: Evaluate, start: float, period: int, near: float) -> Orbit | None:
    """Return the orbit of exactly this period at a start, by Newton's method; None if there is none."""
    x = start
    made = evaluate(np.array([x]), period)
    for _ in range(POLISHING):
        change = (made.image[0, -1] - x) / (1.0 - np.prod(made.slope[0]))
        if not np.isfinite(change):
            return None
        tried = evaluate(np.array([x + change]), period)
        if not abs(tried.image[0, -1] - x - change) < abs(made.image[0, -1] - x):
            break
        x, made = x + change, tried
    if not abs(made.image[0, -1] - x) <= near:
        return None
    points = np.concatenate(([x], made.image[0, :-1]))
    for d in range(1, period):
        if period % d == 0 and abs(points[d] - x) <= near * 1e3:
            return None
    first = int(np.argmin(points))
    if first:
        return closed(evaluate, float(points[first]), period, near)
    return Orbit(points, made.time[0], made.slope[0])


def _same(one: Orbit, other: Orbit, near: float) -> bool:
    return one.points.size == other.points.size and abs(one.points[0] - other.points[0]) <= 1e3 * near
