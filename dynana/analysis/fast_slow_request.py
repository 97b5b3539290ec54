"""What `fast_slow` is asked, checked before any work starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_request import Patience
from dynana.analysis.ranges import finite_range
from dynana.analysis.stability import require_autonomous
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import ModelError, unknown
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

    def over(self, run: Trajectory, tonic: bool) -> Request:
        """Return the request with the range and box that hold an orbit, as far as they were not given."""
        box = state_box(self.system, (self.slow,), self.box, run)
        if self.given is not None:
            return replace(self, box=box, range=self.given)
        return replace(self, box=box, range=slow_range(self.system, self.slow, run, AROUND_ORBIT, tonic))

    def wider(self, around: tuple[float, float]) -> Request:
        """Return the request with a range twice as wide as one that was too small."""
        room = 0.5 * (around[1] - around[0])
        return replace(self, given=(around[0] - room, around[1] + room))

    def slow_time(self, run: Trajectory) -> Patience | None:
        """Return how long the slow variable takes for its range at its mean rate on an orbit; None if that rests.

        The range is at least what there would be around the orbit if none was given.
        """
        z, t = run[self.slow], run.t
        way = float(np.abs(np.diff(z)).sum())
        far = max(self.range[1] - self.range[0], (1.0 + 2.0 * AROUND_ORBIT) * float(np.ptp(z)))
        return Patience(far * float(t[-1] - t[0]) / way) if way > 0.0 else None

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


def slow_names(system: Any, slow: Any) -> tuple[str, ...]:
    """Return the checked names of one or two slow variables, one that acts on the fast subsystem first."""
    if not isinstance(system, System):
        raise TypeError(
            f"fast_slow takes a System (a function decorated with @dn.model is one), got {type(system).__name__}"
        )
    require_autonomous(system, "fast_slow")
    if system.noise:
        raise ModelError(
            f"{system.name} has noise: fast_slow dissects the deterministic equations. Leave dn.Noise out of the model"
        )
    names = (slow,) if isinstance(slow, str) else tuple(slow)
    for name in names:
        system.state(name)
    if len(names) not in (1, 2) or len(set(names)) != len(names):
        raise ValueError(f"{system.name}: slow= names one or two different states, got {slow!r}")
    if len(system.states) == len(names):
        listed = " and ".join(map(repr, names))
        raise ModelError(f"{system.name} has no other states than {listed}: nothing fast is left when they are frozen")
    acting = [name for name in names if acts(system.freeze(*names), name)]
    if not acting:
        listed = " and ".join(names)
        raise ModelError(
            f"{system.name}: {listed} does not enter the equations of the other states: nothing to dissect"
        )
    return tuple(sorted(names, key=lambda name: name not in acting))


def acts(fast: System, name: str) -> bool:
    """Return whether a slow variable enters the equations or the jumps of the fast subsystem."""
    return any(e.has(symbol(name)) for e in fast.expressions()[: len(fast.expressions()) - len(fast.observed)])


def slow_ranges(system: System, names: Sequence[str], given: Any) -> dict[str, tuple[float, float]]:
    """Return the checked ranges of the slow variables that were given: a pair for one, a mapping for two."""
    if given is None:
        return {}
    if len(names) == 1 and not isinstance(given, Mapping):
        return {names[0]: finite_range(system, names[0], given)}
    if not isinstance(given, Mapping):
        raise ValueError(
            f"{system.name}: with two slow variables, range= is a mapping such as {{{names[0]!r}: (low, high)}}; got "
            f"{given!r}"
        )
    for name in given:
        if name not in names:
            raise ValueError(f"{system.name}: range=: {unknown('slow variable', name, names)}")
    return {name: finite_range(system, name, ends) for name, ends in given.items()}


def fast_ranges(
    system: System, slow: Sequence[str], ranges: Mapping[str, tuple[float, float]] | None
) -> dict[str, tuple[float, float]]:
    """Return the checked ranges of fast states."""
    box = {}
    for name, given in dict(ranges or {}).items():
        system.state(name)
        if name in slow:
            raise ValueError(f"{system.name}: {name!r} is a slow variable: its range is range=")
        box[name] = finite_range(system, name, given)
    return box


def state_box(
    system: System, slow: Sequence[str], given: Mapping[str, tuple[float, float]], run: Trajectory
) -> dict[str, tuple[float, float]]:
    """Return the box of fast states: what was given, else the ranges of the model, wider where an orbit leaves them."""
    box = dict(given)
    for name in run.states:
        if name in system.ranges and name not in slow and name not in box and name not in system.wrap:
            (low, high), least, most = system.ranges[name], float(run[name].min()), float(run[name].max())
            room = AROUND_STATES * (most - least)
            box[name] = (low if low <= least else least - room, high if high >= most else most + room)
    return box


def slow_range(system: System, name: str, run: Trajectory, around: float, tonic: bool = False) -> tuple[float, float]:
    """Return the range of a slow variable around what an orbit visits, within that of the model if that holds it.

    At rest, and where each spike is like the last (``tonic``), that is hardly more than a point: then the size of the
    variable counts.
    """
    low, high = float(run[name].min()), float(run[name].max())
    size = max(abs(low), abs(high))
    room = around * (high - low)
    if tonic or high - low <= RESTS * size:
        room = max(room, AROUND_REST * (size or 1.0))
    least, most = system.ranges.get(name, (-np.inf, np.inf))
    if least <= low and high <= most:
        return max(low - room, least), min(high + room, most)
    return low - room, high + room


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
    if orbit.stop.reason != "finished":
        raise ValueError(f"orbit= ended early: {orbit.stop.message}")
    if len(orbit) < 2:
        raise ValueError("orbit= has fewer than two rows")
    if not (len(orbit.dense) or len(orbit.slopes)):
        raise ValueError("orbit= was sampled at times=...: run without times=, so that it can be looked at in between")
