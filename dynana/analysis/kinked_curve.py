"""Curves of orbits across kinks: what tells that the order changes in which they pass the switches of the equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.analysis.cycle_ways import THRESHOLD, Limit
from dynana.analysis.kinked_orbits import KinkedOrbits
from dynana.analysis.spiking_curve import SpikingCurve, SpikingPlace
from dynana.lowering.kernels import lower
from dynana.lowering.kinked import Kinked
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.mesh import times
from dynana.numerics.tabulate import tabulator
from dynana.results import collocated
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Reasons of stops: two switches are passed at once; the equations push the state onto a surface from both sides.
ORDER, SLIDING = "switching", "sliding"
#: Share of the period of a piece beyond a switch that has vanished: where a cycle no longer reaches a switch, one that
#: passes it twice at the same instant still solves the equations, but for rounding.
VANISHED = 1e-9
#: Share of the period of a piece below which rounding makes its maxima.
ROUNDING = 1e-4


@dataclass(frozen=True, eq=False, slots=True)
class KinkedPlace(SpikingPlace):
    """An orbit across kinks on a curve."""

    @property
    def orbits(self) -> KinkedOrbits:
        """The curve to which it belongs: along a branch the order of its switches may change."""
        assert isinstance(self.curve, KinkedOrbits)
        return self.curve

    @property
    def points(self) -> Array:
        """States on the meshes of all segments, shape (points, n), with zeros in the place of codes."""
        x = self.orbit.z[: self.orbit.scalars_at].reshape(-1, self.orbit.n).copy()
        x[:, len(self.orbits.made.base.states) :] = 0.0
        return x

    @property
    def plain(self) -> Place:
        """The same orbit as one segment, of the given states only."""
        return Place(self.orbits.merged(self.orbit), self.spectrum, self.tests, self.error)


class KinkedCurve(SpikingCurve):
    """A curve of orbits that pass the switches of the equations in one order.

    Attributes
    ----------
    curve : KinkedOrbits
    """

    curve: KinkedOrbits
    word = "switch"
    brief = True
    shrinks = True
    resting = CycleCurve.resting

    @property
    def titles(self) -> list[str]:
        """Name of each switch in messages."""
        return [f"the switch {text} = 0" for text in self.curve.made.switches]

    def place(self, orbit: Orbit, *, resolved: bool = True) -> Place:
        """Return the orbit computed last with its multipliers and test functions, or what is quicker for a search."""
        found = super().place(orbit, resolved=resolved)
        assert isinstance(found, SpikingPlace)
        return KinkedPlace(
            orbit, found.spectrum, found.tests, found.error, lasting=found.lasting, changes=found.changes,
            curve=self.curve,
        )  # fmt: skip

    def shortest(self, again: bool, place: Place) -> float:
        """Return the duration, as part of the period, of the shortest segment of a kind; 1 if there is none.

        Negative where it has vanished. With ``again`` segments that begin and end with the same switch, else others.
        """
        events = self.curve.pattern.events
        own = [(first == second) == again for first, second in zip((events[-1], *events), events, strict=False)]
        share = float((place.orbit.durations[own] / place.orbit.durations.sum()).min(initial=1.0))
        return share - VANISHED if again else share

    def clearance(self, place: Place) -> float:
        """Return how far the state stays from all switches that are not due, relative to the variation of each."""
        return -self.approach(place)[0]

    def approach(self, place: Place) -> tuple[float, int, int, float]:
        """Return where a switching function that is not due comes nearest to zero, the first of `approaches`."""
        return max(self.approaches(place), default=(-np.inf, -1, -1, 0.5))

    def approaches(self, place: Place) -> list[tuple[float, int, int, float]]:
        """Return where switching functions that are not due come near to zero.

        Returns
        -------
        list of (height, segment, switch, at)
            Of the highest maximum of each inside each segment, relative to its variation, positive beyond the switch;
            and the fraction of the segment.
        """
        values, row, found = self._guards(place), 0, []
        scale = np.ptp(values, axis=0) + 1e-300
        share = place.orbit.durations / place.orbit.durations.sum()
        for i, (x, widths) in enumerate(place.orbit.split(place.orbit.z)):
            for g in range(values.shape[1]) if share[i] > ROUNDING else ():
                height, at = summit(values[row : row + len(x), g] / scale[g], widths, place.orbit.stages)
                if height > -np.inf:
                    found.append((height, i, g, at))
            row += len(x)
        return found

    def slowest(self, beyond: bool, place: Place) -> float:
        """Return how fast the slowest switching function comes to its switch, or goes on beyond.

        Relative to its variation and the period.
        """
        slopes = self.curve.slopes(place.orbit)[int(beyond)]
        _, gradients, _, _ = self.curve.joined(place.orbit)
        sizes = np.abs(gradients) @ self.curve.sizes
        return float((slopes * place.orbit.durations.sum() / sizes).min())


def has_jumps(curve: CycleCurve) -> bool:
    """Return whether the cycles of a curve have jumps of the state."""
    return curve.spiking and not isinstance(curve, KinkedCurve)


def summit(v: Array, widths: Array, stages: int) -> tuple[float, float]:
    """Return the largest value at a maximum between the ends of a segment, and where; -inf if there is none."""
    inside = np.where((v[1:-1] >= v[:-2]) & (v[1:-1] > v[2:]), v[1:-1], -np.inf)
    if not inside.size or not inside.max() > -np.inf:
        return -np.inf, 0.5
    top = 1 + int(inside.argmax())
    found = collocated.summits(v, stages)
    return float(found.max(initial=inside.max())), float(times(widths, gauss_scheme(stages))[top])


class Sides:
    """The switching functions of a system along orbits that pass none of them.

    Parameters
    ----------
    made : Kinked
    free : tuple of str
        Active parameters of the orbits.
    """

    def __init__(self, made: Kinked, free: tuple[str, ...]) -> None:
        self.made, self._kernels = made, lower(made.base)
        self._at = [made.base.parameters.index(name) for name in free]
        self._p = self._kernels.p

    def along(self, points: Array, parameters: Array) -> Array:
        """Return the switching functions at states, shape (points, switches)."""
        self._p[self._at] = parameters
        y = np.ascontiguousarray(points)
        out = np.empty((len(y), len(self.made.switches)))
        nothing = np.empty(0, dtype=np.int64), np.empty((len(y), 0))
        tabulator()(self._kernels.sides, np.zeros(len(y)), y, self._p, *nothing, out)
        return out

    def approach(self, place: Place) -> tuple[float, int, float]:
        """Return where an orbit comes nearest to a switch, the first of `approaches`."""
        return max(self.approaches(place))

    def approaches(self, place: Place) -> list[tuple[float, int, float]]:
        """Return how near an orbit of one segment comes to each switch (positive beyond), and where on it."""
        x, widths = place.orbit.split(place.orbit.z)[0]
        values, best = self.along(x, place.orbit.parameters), []
        for g, v in enumerate(values.T):
            towards = v / (np.ptp(v) + 1e-300) * -np.sign(np.median(v))
            found = summit(np.append(towards, towards[1:]), np.append(widths, widths) / 2.0, place.orbit.stages)
            best.append((found[0], g, 2.0 * found[1] % 1.0))  # of two turns: it may be next to the start
        return best

    def clearance(self, place: Place) -> float:
        """Return how far an orbit stays from all switches, relative to the variation of each."""
        return -self.approach(place)[0]


def grazing(curve: KinkedCurve) -> Limit:
    """Return where orbits graze a switch that they do not pass."""
    names = curve.curve.made.switches

    def approached(place: Place) -> str:
        return names[curve.approach(place)[2]]

    def grazes(place: Place) -> str:
        return _grazes(curve.curve.free_names, approached(place), place)

    return Limit(THRESHOLD, curve.clearance, grazes, approached, True)


def limits(curve: KinkedCurve) -> tuple[Limit, ...]:
    """Return where orbits with the switches of a curve cease to exist as such."""
    names = curve.curve.made.switches
    where = partial(_where, curve.curve.free_names)

    events = curve.curve.pattern.events

    def vanishing(place: Place) -> str:
        return names[events[int(np.argmin(place.orbit.durations))]]

    def two(place: Place) -> str:
        i = int(np.argmin(place.orbit.durations))
        return f"{names[events[i - 1]]}, {names[events[i]]}"

    def slow(beyond: int, place: Place) -> str:
        return names[events[int(np.argmin(curve.curve.slopes(place.orbit)[beyond]))]]

    def grazes(name: Callable[[Place], str], place: Place) -> str:
        return _grazes(curve.curve.free_names, name(place), place)

    def at_once(place: Place) -> str:
        return f"at {where(place)} the cycle passes two switches at once: {two(place)}."

    def slides(place: Place) -> str:
        return (
            f"at {where(place)} the equations on both sides begin to point to the switch {slow(1, place)} = 0: beyond, "
            "the cycle slides along it, which is not followed."
        )

    return (
        Limit(THRESHOLD, partial(curve.shortest, True), partial(grazes, vanishing), vanishing, True),
        Limit(ORDER, partial(curve.shortest, False), at_once, two, True),
        grazing(curve),
        Limit(THRESHOLD, partial(curve.slowest, False), partial(grazes, partial(slow, 0)), partial(slow, 0)),
        Limit(SLIDING, partial(curve.slowest, True), slides, partial(slow, 1)),
    )


def smooth_limits(sides: Sides, free: tuple[str, ...]) -> tuple[Limit, ...]:
    """Return where orbits that pass no switch meet one."""

    def approached(place: Place) -> str:
        return sides.made.switches[sides.approach(place)[1]]

    def grazes(place: Place) -> str:
        return _grazes(free, approached(place), place)

    return (Limit(THRESHOLD, sides.clearance, grazes, approached, True),)


def _grazes(free: tuple[str, ...], switch: str, place: Place) -> str:
    return f"at {_where(free, place)} the cycle grazes the switch {switch} = 0."


def _where(free: tuple[str, ...], place: Place) -> str:
    names = ("period", *free)
    return ", ".join(f"{n} = {number(x, 10)}" for n, x in zip(names, place.scalars, strict=True))
