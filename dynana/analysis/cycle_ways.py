"""One direction of a curve of cycles, and what may end it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dynana.analysis.cycle_legs import Leg, Mark, Scalar, rests
from dynana.analysis.cycle_places import FOLD, CycleCurve, Place
from dynana.results.stop import Stop

#: Reasons of stops.
LONG, SHRUNK, HALVED, THRESHOLD = "period too long", "hopf", "period doubling", "grazing"
UNCONFIRMED, AWAY = "not confirmed", "grows without bound"
#: What a cycle of long period may be next to.
SNIC = "snic"
#: A curve of very many cycles goes on while its period grows and it has not turned for so many steps; but it ends after
#: so many times as many as are enough.
UNTURNED, FARTHEST = 200, 10
#: A parameter that has changed by no more than this fraction of its range since the start has not changed.
UNCHANGED = 1e-9


@dataclass(eq=False)
class Way:
    """One direction of a curve.

    Attributes
    ----------
    places : list of Place
        After the start, in order.
    marks : list of Mark
        In order; their places are among the places.
    stop : Stop
    closed : bool
    curve : CycleCurve or None
        Of the last place.
    """

    places: list[Place] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    stop: Stop = field(default_factory=lambda: Stop(reason="finished"))
    closed: bool = False
    curve: CycleCurve | None = None


@dataclass(frozen=True, eq=False)
class Limit:
    """Where cycles cease to exist.

    Attributes
    ----------
    kind : str
        Of the special point there.
    function : function of a Place
        Positive on cycles.
    words : function of a Place
        The message of the stop.
    name : function of a Place
        Name of the special point.
    passable : bool
        Whether cycles may go on beyond, as others.
    """

    kind: str
    function: Scalar
    words: Callable[[Place], str]
    name: Callable[[Place], str] = lambda _: ""
    passable: bool = False


class Lengths:
    """Notices when a curve of many cycles leads nowhere.

    Parameters
    ----------
    enough : int
        Steps after which it does unless its period grows and it does not turn.
    """

    def __init__(self, enough: int) -> None:
        self._enough, self._count, self._turned, self._longest = enough, 0, 0, 0.0

    def enough(self, leg: Leg) -> int:
        """Return how many steps there are with that of a leg if these are enough, else 0."""
        self._count += 1
        last, new = leg.places[0], leg.places[-1]
        if last.tests[FOLD] * new.tests[FOLD] < 0.0 and not rests(last, new):
            self._turned = self._count
        period, longest = float(new.scalars[0]), self._longest
        self._longest = max(period, longest)
        grows = period > longest and self._count - self._turned >= UNTURNED
        return 0 if self._count < self._enough or grows else self._count


def genuine_marks(start: Place, places: list[Place], marks: list[Mark], extent: float) -> list[Mark]:
    """Return the marks on a curve but for folds where the parameter changes by rounding only."""
    located = {id(mark.place) for mark in marks}
    values = [float(place.scalars[1]) for place in (start, *places) if id(place) not in located]
    if max(values) - min(values) > UNCHANGED * extent:
        return marks
    return [mark for mark in marks if mark.kind != "fold of cycles"]
