"""Kernels of orbits with jumps: a system with a clock, in a time that stretches where spikes are steep, and its joins.

An orbit with jumps is a list of smooth segments. Where the system has refractory times or blows up before its jumps,
it gets one more state, the *clock*: real time since the last jump, less its refractory time. A refractory time ends
where the clock passes 0; a jump sets it back. So every segment ends at a zero of a guard of states, and delays of
neighbouring orbits are coordinates like any other.

Where the speed of a guard g grows without bound (exponential and quadratic integrate-and-fire models), the orbit is
followed not in time t but in s,

    ds/dt = sqrt(1 + sum over guards of (g'/speed)^2),

which is time where g is slow, and where g is much faster than ``speed`` it is g itself, in units of ``speed``: there
the voltage is the independent variable and dt/dg = 1/g' (M. Henon, Physica D 5 (1982) 412). The instant of the spike
then depends on no step in time, however large the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.parts import Jump
from dynana.definition.singularities import regularise, switching_surfaces
from dynana.definition.system import System
from dynana.definition.tracing import TIME, free_name, symbol
from dynana.lowering import kinds
from dynana.lowering.modules import Function, Source


@dataclass(frozen=True, eq=False)
class Clocked:
    """A system as its orbits with jumps are computed.

    Attributes
    ----------
    system : System
        States as given, then the clock if there is one; parameters as given, then the speed of each guard if time is
        stretched. Its jumps are those given, then the end of refractory times if there are any.
    base : System
        As given; where time enters, it is the last state.
    driven : bool
        Whether it is.
    clock : bool
    stretched : bool
    events : tuple of (int, int)
        Jump of the given system (-1 for the end of a refractory time) and its guard, counted over all jumps.
    """

    system: System
    base: System
    driven: bool
    clock: bool
    stretched: bool
    events: tuple[tuple[int, int], ...]


def is_forced(system: System) -> bool:
    """Return whether explicit time enters the derivatives or the jumps."""
    given = [e for jump in system.jumps for e in (jump.when, *jump.to.values(), jump.refractory) if e is not None]
    return any(e.has(TIME) for e in (*system.derivatives, *given))


@lru_cache(maxsize=64)
def clocked(system: System) -> Clocked:
    """Return a system with what its orbits with jumps need."""
    driven = is_forced(system)
    if driven:
        system = _autonomous(system)
    guards = [regularise(g)[0] for jump in system.jumps for g in kinds.guards(jump.when)]
    owners = [k for k, jump in enumerate(system.jumps) for _ in kinds.guards(jump.when)]
    events = tuple(zip(owners, range(len(owners)), strict=True))
    names = [symbol(n) for n in system.states]
    rates = [
        sum((derivative(g, x) * f for x, f in zip(names, system.regular, strict=True)), sp.Integer(0)) for g in guards
    ]
    grown = names[:-1] if driven else names
    stretched = any(_blows_up(g, rate, grown) for g, rate in zip(guards, rates, strict=True))
    resting = any(jump.refractory is not None and jump.hold for jump in system.jumps)
    if not (stretched or resting):
        return Clocked(system, system, driven, False, False, events)
    taken = set(system.symbols)
    clock = symbol(free_name("clock", taken))
    rows = dict(zip(system.states, system.regular, strict=True)) | {clock.name: sp.Integer(1)}
    speeds = [symbol(free_name(f"speed{k + 1}", taken)) for k in range(len(guards))] if stretched else []
    if stretched:
        square = sum(((rate / v) ** 2 for rate, v in zip(rates, speeds, strict=True)), sp.Integer(1))
        rows = {n: f / sp.sqrt(square) for n, f in rows.items()}
    jumps = [
        Jump(
            when=jump.when,
            to=jump.to | {clock.name: 0 if jump.refractory is None or not jump.hold else -jump.refractory},
            name=jump.name,
        )
        for jump in system.jumps
    ]
    if resting:
        jumps.append(Jump(when=clock > 0, to={clock.name: clock}, name=free_name("release", {j.name for j in jumps})))
        events = (*events, (-1, len(guards)))
    made = System(rows, system.values | {v.name: 1.0 for v in speeds}, jumps=jumps, name=system.name)
    return Clocked(made, system, driven, True, stretched, events)


def _autonomous(system: System) -> System:
    """Return a system with time as its last state."""
    time = symbol(free_name("time", set(system.symbols)))
    put = {TIME: time}
    jumps = [
        Jump(
            when=jump.when.xreplace(put),
            to={n: e.xreplace(put) for n, e in jump.to.items()},
            name=jump.name,
            refractory=None if jump.refractory is None else jump.refractory.xreplace(put),
            hold=jump.hold,
        )
        for jump in system.jumps
    ]
    rows = {n: f.xreplace(put) for n, f in zip(system.states, system.regular, strict=True)}
    return System(
        rows | {time.name: sp.Integer(1)}, system.values, initial=system.initial | {time.name: 0.0}, jumps=jumps,
        ranges=system.ranges, name=system.name,
    )  # fmt: skip


def _blows_up(guard: sp.Expr, rate: sp.Expr, states: list[sp.Symbol]) -> bool:
    """Return whether a guard rises ever faster as the states in it grow: whether its rate is not linear in them."""
    inside = [x for x in states if guard.has(x)]
    return any(derivative(derivative(rate, x), y) != 0 for x in inside for y in inside)


@kinds.kind("joins")
def joins(system: System) -> Source:
    """``joins(starts, ends, durations, p, data, out, derivative)``: what holds between the segments of a closed orbit.

    A closure, see `dynana.numerics.kernel_addresses`: for each segment n conditions that the next one starts where the
    jump leads, and one that a guard vanishes at its end. ``data`` (segments + 4,): number of that guard; then the state
    that gains something in a turn (-1 for none), and what: scale, index of a parameter, and power.
    """
    n = len(system.states)
    lines = [
        "segments = starts.shape[0]",
        "for i in range(segments):",
        "    after = i + 1 if i + 1 < segments else 0",
        f"    row, base, last = i * {n + 1}, (segments + i) * {n}, {2 * n + 1} * segments",
        "    y, event = ends[i], int(data[i])",
    ]
    branches, used = joins_of_events(system)
    lines += [
        *(f"    {line}" for line in branches),
        f"    for c in range({n}):",
        "        out[row + c] -= starts[after, c]",
        f"        derivative[row + c, after * {n} + c] -= 1.0",
        "gaining = int(data[data.size - 4])",
        "if gaining >= 0:",
        "    scale, at, power = data[data.size - 3], int(data[data.size - 2]), data[data.size - 1]",
        f"    row = (segments - 1) * {n + 1} + gaining",
        "    out[row] -= scale * p[at] ** power",
        "    if power != 0.0:",
        f"        derivative[row, {2 * n + 1} * segments + at] -= power * scale * p[at] ** (power - 1.0)",
    ]
    kernel = Function(
        name="joins", arguments="starts, ends, durations, p, data, out, derivative", body=tuple(lines),
        signature="CLOSURE",
    )  # fmt: skip
    source = Source(functions=(kernel,), comment=kinds.legend(system, "joins of the segments of an orbit with jumps"))
    return replace(source, imports={kinds.ELEMENTARY: used, "dynana.numerics.kernel_addresses": {"CLOSURE"}})


def joins_of_events(system: System) -> tuple[list[str], set[str]]:
    """Return code that writes the state after the jump of ``event`` from ``y`` and its guard, and elementary functions.

    They go to ``out`` from ``row`` on, derivatives by states to columns from ``base``, by parameters from ``last`` on.
    """
    n, event, used, lines = len(system.states), 0, set[str](), list[str]()
    columns = [symbol(name) for name in (*system.states, *system.parameters)]
    for jump in system.jumps:
        after = [regularise(jump.to.get(name, symbol(name)))[0] for name in system.states]
        for guard in kinds.guards(jump.when):
            rows = [*after, regularise(guard)[0]]
            targets = [f"out[row + {r}]" for r in range(n + 1)]
            entries: list[sp.Expr] = []
            for r, e in enumerate(rows):
                for c, x in enumerate(columns):
                    slope = derivative(e, x)
                    if slope != 0:
                        place = f"base + {c}" if c < n else f"last + {c - n}"
                        targets.append(f"derivative[row + {r}, {place}]")
                        entries.append(slope)
            branch, functions = kinds.body(system, targets, [*rows, *entries])
            lines += [f"if event == {event}:", *(f"    {line}" for line in branch)]
            used |= functions
            event += 1
    return lines, used


def kinks_of_maps(system: System) -> list[tuple[int, sp.Expr]]:
    """Return jumps with the functions of the state before them whose zeros are kinks of what they do."""
    found: dict[tuple[int, sp.Expr], None] = {}
    for k, jump in enumerate(system.jumps):
        for e in jump.to.values():
            found.update({(k, surface): None for surface in switching_surfaces(e)})
    return list(found)


@kinds.kind("map_switches")
def _map_switches(system: System) -> Source:
    """Functions whose zeros are kinks of jump maps, of the state before the jump; ``OWNERS`` are their jumps."""
    found = kinks_of_maps(system)
    source = kinds.vector(system, "map_switches", [regularise(e)[0] for _, e in found], "kinks of jump maps")
    return replace(source, constants={"OWNERS": tuple(k for k, _ in found), "TEXTS": tuple(str(e) for _, e in found)})
