"""Forced systems seen once a period of the forcing: autonomous, with the phase of the forcing as one more state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.forcing import Forcing, ForcingPeriod, forcing
from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.definition.tracing import TIME, free_name, symbol
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Periods of the forcing after which a flight from one moment of it to the next has ended for certain.
CERTAIN = 2.0


@dataclass(frozen=True, eq=False)
class Driven:
    """A forced system made autonomous.

    Attributes
    ----------
    system : System
        The last state is the phase of the forcing, as a share of its period; it is an angle. The last jump, "strobe",
        sets it back by a whole period at a moment of the forcing and changes nothing else.
    given : System
    name : str
        Of the period among the parameters.
    law : Forcing
    moment : float
        From 0 up to 1.
    """

    system: System
    given: System
    name: str
    law: Forcing
    moment: float

    @property
    def strobe(self) -> str:
        """Name of the jump that happens once a period."""
        return str(self.system.jumps[-1].name)

    @property
    def period(self) -> float:
        """Period of the forcing."""
        return self.law.period(self.system.values)

    def time(self, y: Array) -> float:
        """Return the time, within the first period, at which a state stands."""
        return float(np.mod(y[-1], 1.0)) * self.period

    @property
    def words(self) -> str:
        """The moment in words."""
        return f"phase {number(self.moment)} of the forcing"

    def periods(self, table: Array) -> list[float]:
        """Return the period at values of parameters, a set in each row."""
        return [self.law.period(dict(zip(self.system.parameters, row, strict=True))) for row in table.tolist()]

    def rows(self, table: Array) -> Array:
        """Return values of parameters with the period that belongs to each set."""
        made = table.copy()
        made[:, self.system.parameters.index(self.name)] = self.periods(table)
        return made


def driven(
    system: System,
    given: ForcingPeriod | None,
    moment: Any,
    free: Sequence[str] = (),
    ranges: Sequence[tuple[float, float]] = (),
) -> Driven | None:
    """Return a forced system as an autonomous one, None for one that is autonomous; see `forcing` for the arguments.

    Raises
    ------
    ModelError
        If time enters the equations and no period was given.
    ValueError
        If the period is not one, or the moment is none from 0 up to 1.
    """
    law = forcing(system, given, free, ranges)
    if law is None:
        if moment:
            raise ValueError(f"phase={moment!r} is a moment of a forcing: give its period as forcing_period=")
        return None
    if isinstance(moment, bool) or not isinstance(moment, int | float | np.number) or not 0.0 <= moment < 1.0:
        raise ValueError(f"phase is a share of the period of the forcing, from 0 up to 1, got {moment!r}")
    taken = set(system.symbols)
    phase, period, at = (symbol(free_name(name, taken)) for name in ("phase", "period", "moment"))
    timed = system._substituted({TIME: phase * period}, {})
    names = {str(jump.name) for jump in system.jumps}
    strobe = Jump(when=phase > at, to={phase.name: at - 1}, hold=(), name=free_name("strobe", names))
    made = System(
        dict(zip(system.states, timed.derivatives, strict=True)) | {phase.name: 1 / period},
        system.values | {period.name: law.period(system.values), at.name: float(moment)},
        initial=system.initial | {phase.name: 0.0}, ranges=system.ranges, wrap=system.wrap | {phase.name: 1.0},
        name=system.name, time=system.time,
    )  # fmt: skip
    return Driven(made._with(jumps=(*timed.jumps, strobe), noise=system.noise), system, period.name, law, float(moment))


def turns(system: System) -> Array:
    """Return the period of each state that is an angle, infinity for others."""
    return np.array([system.wrap.get(n, math.inf) for n in system.states])


def within_turns(states: Array, system: System) -> Array:
    """Return states with their angles within one turn from zero."""
    whole = turns(system)
    angles = np.isfinite(whole)
    return np.asarray(np.where(angles, np.mod(states, np.where(angles, whole, 1.0)), states))
