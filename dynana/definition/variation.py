"""Networks with other values: parameters, initial values, weights, delays and rates by their whole names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dynana.definition.population import Group, Part, Population, Source, poisson, whole_of
from dynana.definition.projection import WEIGHT, Projection
from dynana.errors import ModelError, unknown

if TYPE_CHECKING:
    from dynana.definition.network import Network

#: The names of what a source of Poisson trains and what a projection have beside parameters and states.
RATE, DELAY = "rate", "delay"


def known_names(network: Network) -> tuple[str, ...]:
    """Return the names of everything that can be given another value: "E.I", "E->I:exponential.w", "poisson.rate"."""
    names = []
    for population in network.populations:
        if isinstance(population, Population):
            names += [f"{population.name}.{n}" for n in (*population.system.parameters, *population.system.states)]
        elif population.times is None:
            names.append(f"{population.name}.{RATE}")
    for p in network.projections:
        names += [f"{p.name}.{n}" for n in (*p.synapse.parameters, *p.synapse.states, DELAY)]
    return tuple(dict.fromkeys(names))


def check_known(network: Network, name: str, known: tuple[str, ...]) -> None:
    """Refuse a name that is not among `known_names`, with the nearest names, or with those of its owner alone."""
    if name in known:
        return
    owner, dot, _ = name.rpartition(".")
    if not dot and (ends := [k for k in known if k.rpartition(".")[2] == name]):
        raise ValueError(f"{network.name}: {name!r} alone names nothing in a network; say whose: {', '.join(ends)}.")
    own = [k for k in known if k.startswith(f"{owner}.")]
    raise ValueError(f"{network.name}: {unknown('quantity', name, own or known)}")


def varied(network: Network, values: Mapping[str, Any]) -> Network:
    """Return a network with other values; see `Network.at`."""
    known = known_names(network)
    given: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        check_known(network, name, known)
        owner, _, quantity = name.rpartition(".")
        given.setdefault(owner, {})[quantity] = value
    made = {p.name: _population(p, given.get(p.name, {})) for p in network.populations}

    def group(old: Group) -> Group:
        new = made[whole_of(old).name]
        return Part(new, old.start, old.stop) if isinstance(old, Part) else new

    projections = []
    for p in network.projections:
        changes = _changes(p, given.get(p.name, {}))
        projections.append(replace(p, source=group(p.source), target=group(p.target), **changes))
    return replace(network, populations=tuple(made.values()), projections=tuple(projections))


def _population(population: Population | Source, given: Mapping[str, Any]) -> Population | Source:
    if not given:
        return population
    if isinstance(population, Source):
        size = population.size or None
        return poisson(given[RATE], size, name=population.name, space=population.space)
    states = population.system.states
    return replace(
        population,
        at={**population.at, **{n: v for n, v in given.items() if n not in states}},
        start={**population.start, **{n: v for n, v in given.items() if n in states}},
    )


def _changes(p: Projection, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a projection that differ."""
    changes: dict[str, Any] = {}
    at, start = dict(p.at), dict(p.start)
    for name, value in given.items():
        if name == DELAY and DELAY in (*p.synapse.parameters, *p.synapse.states):
            raise ModelError(f"projection {p.name!r}: {p.synapse.name} has a quantity of its own called {DELAY!r}.")
        if name in (WEIGHT, DELAY):
            changes[name] = value
            at.pop(name, None)
            start.pop(name, None)
        elif name in p.synapse.states:
            start[name] = value
        else:
            at[name] = value
    return {**changes, "at": at, "start": start}
