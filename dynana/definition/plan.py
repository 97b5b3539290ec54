"""What was decided about a network, in words: where each state lives and why, what runs along the connections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from dynana.definition.assembling import assembled
from dynana.definition.assembly import Assembly, Cells, Link, Trains
from dynana.definition.integrators import Integrator, integrator_of, with_methods
from dynana.definition.sharing import SUM, Placement

if TYPE_CHECKING:
    from dynana.definition.network import Network

#: Targets that two bytes can tell apart.
SHORT = 2**16


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """How a network is run.

    Attributes
    ----------
    placements : dict of str to tuple of Placement
        For each projection, the place of each state with the reason.
    methods : dict of str to str
        The integrator of each population, as ``run.methods``.
    lines : tuple of str
    """

    placements: dict[str, tuple[Placement, ...]]
    methods: dict[str, str]
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(self.lines)


def plan(network: Network, *, share: bool = True, method: str | Mapping[str, str] = "auto") -> Plan:
    """Return how a network is run; see `Network.plan`."""
    made, sharings = assembled(network, share=share)
    made = with_methods(made, method)
    chosen = {c.name: integrator_of(c) for c in made.populations if isinstance(c, Cells)}
    placements = {name: tuple(sharing.placements.values()) for name, sharing in sharings.items()}
    lines = [repr(network), *_populations(made, chosen)]
    for number, link in enumerate(made.links):
        lines += [f"{link.name}:", *(f"  {line}" for line in _link(made, number, link, placements[link.name]))]
    return Plan(placements, {name: i.method for name, i in chosen.items()}, tuple(lines))


def _populations(made: Assembly, chosen: Mapping[str, Integrator]) -> list[str]:
    kernels: dict[str, list[str]] = defaultdict(list)
    lines = []
    for cells in made.populations:
        if isinstance(cells, Trains):
            kind = "" if cells.times is None else ", given, each sent at the step that is nearest"
            lines.append(f"{cells.name}: {cells.size or 'one for each target'} trains of spikes{kind}")
            continue
        extra = cells.system.states[cells.own :]
        shared = f", with the synaptic states {', '.join(extra)}" if extra else ""
        how = chosen[cells.name]
        lines.append(f"{cells.name}: {cells.size} cells of {cells.system.name}{shared}; {how.method} ({how.reason})")
        kernels[cells.system.fingerprint].append(cells.name)
    several = [names for names in kernels.values() if len(names) > 1]
    lines += [f"one compiled kernel serves {', '.join(names)}" for names in several]
    return lines


def _link(made: Assembly, number: int, link: Link, placements: tuple[Placement, ...]) -> list[str]:
    lines = []
    for p in placements:
        others = [place for place in p.options if place != p.where]
        instead = f"; also valid: {', '.join(others)}" if others else ""
        because = f" ({p.reason})" if p.reason else ""
        place = "as a sum per postsynaptic cell" if p.where == SUM else p.where
        lines.append(f"{p.state} lives {place}{because}{instead}")
    target = made.populations[link.target.population]
    assert isinstance(target, Cells)
    for event in (e for e in made.events if e.link == number):
        amount = "" if event.amount is None else f" x ({event.amount} of the source)"
        lines.append(f"each spike adds {event.weight}{amount} to {target.system.states[event.state]} of {target.name}")
    for stream in (s for s in made.streams if s.link == number):
        source = made.populations[link.source.population]
        assert isinstance(source, Cells)
        output = source.outputs[stream.output]
        what = "a constant sum" if output == 1 else f"at all times the sum over sources of {output}"
        lines.append(f"{what}, weighted with {stream.weight}, goes into {stream.parameter} of {target.name}")
    for item in (s for s in made.synapses if s.link == number):
        when = "at events only" if item.event_driven else "at every step"
        names, verb = ", ".join(item.states) or "what each synapse adds", "are" if len(item.states) > 1 else "is"
        lines.append(f"{names} {verb} worked out per synapse, {when}")
    source, kept = made.populations[link.source.population], [s.states for s in made.synapses if s.link == number]
    own = isinstance(source, Trains) and not source.size and source.times is None and not kept
    lines.append("counts of its own for each target: no connection is stored" if own else _storage(link, kept))
    lines.append(_delay(link))
    return [line for line in lines if line]


def _storage(link: Link, kept: Sequence[Sequence[str]]) -> str:
    own = [n for n, v in link.values.items() if not isinstance(v, float | int)]
    own = list(dict.fromkeys([*own, *(name for states in kept for name in states)]))
    everyone = link.connect is None or link.connect.kind == "all_to_all"
    if everyone and not own and not kept and isinstance(link.delay, float | int):
        return f"{link.connect!r}: alike, so that sums stand for the connections and none is stored"
    bytes_ = (2 if link.target.size <= SHORT else 4) + 8 * len(own) + (0 if isinstance(link.delay, float | int) else 2)
    given = f", with own values of {', '.join(own)}" if own else ""
    return f"{link.connect!r}: {bytes_} bytes for each stored connection{given}"


def _delay(link: Link) -> str:
    if isinstance(link.delay, float | int):
        return f"delay {link.delay:g}" if link.delay else ""
    if isinstance(link.delay, np.ndarray):
        return f"delays given for each {'pair' if link.delay.ndim == 2 else 'connection'}, rounded to the time step"
    kind = "a function of the distance" if isinstance(link.delay, sp.Basic) else repr(link.delay)
    return f"delays from {kind}, rounded to the time step"
