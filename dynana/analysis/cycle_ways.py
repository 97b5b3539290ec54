"""One direction of a curve of cycles, and what may end it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dynana.analysis.cycle_legs import Mark, Scalar
from dynana.analysis.cycle_places import CycleCurve, Place
from dynana.results.stop import Stop

#: Reasons of stops.
LONG, SHRUNK, HALVED, THRESHOLD = "period too long", "hopf", "period doubling", "grazing"
UNCONFIRMED, AWAY = "not confirmed", "grows without bound"
#: What a cycle of long period may be next to.
SNIC = "snic"


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
