"""Points on curves of special orbits, steps between them, and test functions of what lies in a step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.bracketed_roots import bracketed_root
from dynana.numerics.collocation_orbit import Orbit
from dynana.numerics.pseudo_arclength import POINT_LIMIT
from dynana.results.special_points import SpecialPoint
from dynana.results.stop import Stop

Array = NDArray[np.float64]

#: Lengths, each twice as long as the one before and the last as long as the step, by which a root is looked for behind
#: the beginning of a step.
FARTHEST_BACK = 7
#: Where the equations cannot be solved because they are singular at the root, they are solved beside it: part of the
#: step by which it is missed.
BESIDE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A point on a curve.

    Attributes
    ----------
    orbit : Orbit
        Its first two active parameters are the free ones.
    """

    orbit: Orbit

    @property
    def parameters(self) -> Array:
        """The free parameters, shape (2,)."""
        return self.orbit.parameters[:2]


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True, eq=False)
class Test(Generic[P]):
    """A test function.

    Attributes
    ----------
    kind : str
        Of the special point at its zeros.
    value : callable
        Of a place; nan where it means nothing.
    holds : callable
        Whether a located zero is a special point of the kind, from the places before it, at it and after it.
    ends : bool
        Whether the curve ends there.
    name : str
        Of a label.
    """

    kind: str
    value: Callable[[P], float]
    holds: Callable[[P, P, P], bool]
    ends: bool = False
    name: str = ""


def always(before: P, at: P, after: P) -> bool:
    """Return that a located zero is what it seems."""
    return True


def label(name: str, scalar: int, value: float) -> Test[P]:
    """Return the test function of the places where the last duration (0) or a free parameter (1, 2) has a value."""

    def distance(place: P) -> float:
        return float(place.orbit.z[place.orbit.scalars_at + place.orbit.segments - 1 + scalar]) - value

    return Test("label", distance, always, name=f"{name} = {value:g}")


@dataclass(frozen=True, slots=True, eq=False)
class Mark(Generic[P]):
    """A located special point: its kind, the name of a label, and where it is."""

    kind: str
    name: str
    place: P


@dataclass(eq=False)
class Way(Generic[P]):
    """A curve in one direction from its start.

    Attributes
    ----------
    places : list of Place
        After the start.
    marks : dict of int to Mark
        Special points, by index of place.
    stop : Stop
    closed : bool
        Whether the last place is the start.
    end : SpecialPoint or None
        The special point of equilibria in which the orbits shrink to a point at the end of the curve.
    """

    places: list[P] = field(default_factory=list)
    marks: dict[int, Mark[P]] = field(default_factory=dict)
    stop: Stop = field(default_factory=lambda: Stop(reason=POINT_LIMIT))
    closed: bool = False
    end: SpecialPoint | None = None

    def shrunk(self, end: SpecialPoint | None) -> Way[P]:
        """Return the curve with the special point at its end, if that is known; it gives the stop its reason."""
        if end is None:
            return self
        return replace(self, end=end, stop=Stop(reason=end.kind, message=f"The curve ends there: {end.sentence}."))


@dataclass(frozen=True, slots=True, eq=False)
class Step(Generic[P]):
    """One step of the curve, any part of which can be taken again."""

    take: Callable[[float], P | None]
    before: P
    after: P
    length: float

    def short_of(self, length: float, place: P) -> tuple[float, P]:
        """Return the place just before a root at which a curve ends.

        Other curves pass through such ends (through a 1:2 resonance that of period doublings, on which the angle is the
        same everywhere), and Newton's method may follow them from the root itself.
        """
        shorter = length - BESIDE * self.length
        before = self.take(shorter)
        return (length, place) if before is None else (shorter, before)

    def root(self, value: Callable[[P], float]) -> tuple[float, P] | None:
        """Return where a function changes its sign between both ends, as part of the step and as place.

        None where the curve is lost on the way. Where the equations are singular it is looked beside; if that fails
        too, it is the nearest place at which they can be solved.
        """
        nearest: tuple[float, float, P] | None = None
        low = 0.0

        def at(length: float) -> float:
            nonlocal nearest
            place = self.take(length)
            for aside in (BESIDE, -BESIDE):
                if place is None:
                    place = self.take(length + aside * self.length)
            if place is None:
                return math.nan
            found = value(place)
            if nearest is None or abs(found) <= nearest[0]:
                nearest = abs(found), length, place
            return found

        # a new mesh moves the start of the step a little along the curve: a root may have come to lie behind it
        here, end = at(0.0), value(self.after)
        for k in range(FARTHEST_BACK):
            if not here * end > 0.0:
                break
            low = -self.length * 2.0 ** (k - FARTHEST_BACK + 1)
            here = at(low)
        if not here * end <= 0.0:
            return None
        bracketed_root(at, low, self.length, here, end)
        return None if nearest is None else nearest[1:]
