"""What `fast_slow` is asked, checked before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.ranges import finite_range
from dynana.analysis.stability import require_autonomous
from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.results.trajectory import Trajectory

Array = NDArray[np.float64]

#: How much more of the slow variable is looked at than the orbit visits, on each side, as a part of that; and where
#: the orbit rests, as a part of the size of the variable.
AROUND_ORBIT, AROUND_REST = 1.0, 0.5
#: A slow variable that moves by less than this, relative to its size, is at rest.
RESTS = 1e-4
#: How much larger the box of fast states is than the orbit, on each side.
AROUND_STATES = 0.5


@dataclass(frozen=True)
class Request:
    """One slow variable, the range to look at and the box of fast states."""

    system: System
    slow: str
    given: tuple[float, float] | None
    box: dict[str, tuple[float, float]]
    range: tuple[float, float] = (0.0, 0.0)

    @property
    def fast(self) -> list[int]:
        """Indices of the fast states."""
        return [i for i, name in enumerate(self.system.states) if name != self.slow]

    def fast_state(self, state: Array) -> Array:
        """Return the fast states out of all."""
        return np.asarray(state[self.fast], dtype=float)

    def over(self, run: Trajectory) -> Request:
        """Return the request with the range and box that hold an orbit, as far as they were not given."""
        box = dict(self.box)
        for name in run.states:
            if name in self.system.ranges and name != self.slow and name not in box:
                low, high = self.system.ranges[name]
                room = AROUND_STATES * float(np.ptp(run[name]))
                box[name] = (min(low, float(run[name].min()) - room), max(high, float(run[name].max()) + room))
        if self.given is not None:
            return replace(self, box=box, range=self.given)
        low, high = float(run[self.slow].min()), float(run[self.slow].max())
        size = max(abs(low), abs(high))
        room = AROUND_ORBIT * (high - low) if high - low > RESTS * size else AROUND_REST * (size or 1.0)
        return replace(self, box=box, range=(low - room, high + room))

    def wider(self, around: tuple[float, float]) -> Request:
        """Return the request with a range twice as wide as one that was too small."""
        room = 0.5 * (around[1] - around[0])
        return replace(self, given=(around[0] - room, around[1] + room))

    def sizes(self, run: Trajectory) -> Array:
        """Return the size of each fast state: what the orbit spans, or at rest its distance from zero."""
        y = run.y[:, self.fast]
        extent = np.ptp(y, axis=0)
        return np.asarray(np.where(extent > 0.0, extent, np.maximum(1.0, np.abs(y).max(axis=0))))

    def all_ranges(self, run: Trajectory) -> dict[str, tuple[float, float]]:
        """Return the range of every state: what was given or derived, else what an orbit spans and some more."""
        ends = {}
        for name in run.states:
            room = AROUND_STATES * float(np.ptp(run[name])) or AROUND_REST * float(np.abs(run[name]).max() or 1.0)
            here = (float(run[name].min()) - room, float(run[name].max()) + room)
            ends[name] = self.range if name == self.slow else self.box.get(name, here)
        return ends


def requested(
    system: System,
    slow: Any,
    range: tuple[float, float] | None,
    ranges: Mapping[str, tuple[float, float]] | None,
    orbit: Trajectory | None,
) -> Request:
    """Return the checked request; see `dynana.fast_slow` for what is refused."""
    if not isinstance(system, System):
        raise TypeError(
            f"fast_slow takes a System (a function decorated with @dn.model is one), got {type(system).__name__}"
        )
    require_autonomous(system, "fast_slow")
    system.state(slow)
    if len(system.states) == 1:
        raise ModelError(f"{system.name} has the one state {slow!r}: nothing fast is left when it is frozen")
    box = {}
    for name, given in dict(ranges or {}).items():
        system.state(name)
        if name == slow:
            raise ValueError(f"{system.name}: {slow!r} is the slow variable: its range is range=(low, high)")
        box[name] = finite_range(system, name, given)
    check_orbit(system, orbit)
    return Request(system, slow, None if range is None else finite_range(system, slow, range), box)


def check_orbit(system: System, orbit: Any) -> None:
    """Raise TypeError or ValueError if a given orbit is no run of the system at its values."""
    if orbit is None:
        return
    if not isinstance(orbit, Trajectory):
        raise TypeError(f"orbit= is a Trajectory of the full system, from dn.simulate; got {type(orbit).__name__}")
    if orbit.fingerprint != system.fingerprint:
        raise ValueError(f"orbit= is a run of {orbit.system!r}, whose equations differ from those of {system.name!r}")
    other = [n for n, v in system.values.items() if orbit.parameters[n] != v]
    if other:
        raise ValueError(
            f"orbit= was made with other values of {', '.join(other)}: simulate {system.name} as it is given here"
        )
    if len(orbit) < 2:
        raise ValueError("orbit= has fewer than two rows")
