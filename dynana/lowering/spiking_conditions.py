"""Kernels of orbits with jumps on which one more condition holds: of touch, of a kink of a jump map, of a nullcline."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.parts import Jump
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import free_name, symbol
from dynana.lowering import kinds
from dynana.lowering.modules import Source
from dynana.lowering.spiking import clocked, joins, kinks_of_maps


@lru_cache(maxsize=64)
def touching(system: System) -> System:
    """Return a clocked system with one more jump for each guard of the given one, that changes nothing: a touch."""
    made = clocked(system)
    base = made.system
    guards = [g for jump in system.jumps for g in kinds.guards(jump.when)]
    nothing = {base.states[0]: symbol(base.states[0])}
    names = {str(j.name) for j in base.jumps}
    touches = [Jump(when=g > 0, to=nothing, name=free_name(f"touch{k + 1}", names)) for k, g in enumerate(guards)]
    kept = [Jump(when=j.when, to=j.to, name=j.name) for j in base.jumps]
    return System(
        dict(zip(base.states, base.regular, strict=True)), base.values, jumps=[*kept, *touches], name=system.name
    )


@kinds.kind("conditioned_joins")
def _conditioned_joins(system: System) -> Source:
    """Like ``joins``, with one more condition: that a function of the first or the last state of a segment vanishes.

    ``data`` (segments + 6,): numbers of guards, that segment, number of the function, what is gained. Of E guards, 0 to
    E - 1: how fast a guard rises at the end of the segment; from E on: at its beginning; from 2 E on: kinks of the maps
    of jumps (see ``map_switches``) at its end.
    """
    n = len(system.states)
    columns = [symbol(name) for name in (*system.states, *system.parameters)]
    levels = [regularise(guard)[0] for jump in system.jumps for guard in kinds.guards(jump.when)]
    rates = [
        sum((derivative(level, x) * f for x, f in zip(columns[:n], system.regular, strict=True)), sp.Integer(0))
        for level in levels
    ]
    count = len(rates)
    lines = [
        *joins(system).functions[0].body,
        "i, number = int(data[segments]), int(data[segments + 1])",
        f"row, last, begins = {n + 1} * segments, {2 * n + 1} * segments, {count} <= number < {2 * count}",
        f"y, base = (starts[i], i * {n}) if begins else (ends[i], (segments + i) * {n})",
        f"if number >= {count}:",
        f"    number -= {count}",
    ]
    used = set(joins(system).imports[kinds.ELEMENTARY])
    for number, e in enumerate([*rates, *(regularise(e)[0] for _, e in kinks_of_maps(system))]):
        targets, entries = ["out[row]"], [e]
        for c, x in enumerate(columns):
            slope = derivative(e, x)
            if slope != 0:
                targets.append(f"derivative[row, {f'base + {c}' if c < n else f'last + {c - n}'}]")
                entries.append(slope)
        branch, functions = kinds.body(system, targets, entries)
        lines += [f"if number == {number}:", *(f"    {line}" for line in branch)]
        used |= functions
    kernel = replace(joins(system).functions[0], name="conditioned_joins", body=tuple(lines))
    source = Source(functions=(kernel,), comment=kinds.legend(system, "joins of an orbit on which a condition holds"))
    return replace(source, imports={kinds.ELEMENTARY: used, "dynana.numerics.kernel_addresses": {"CLOSURE"}})
