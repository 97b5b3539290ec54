"""`Network`: populations joined by projections, as a description that is checked whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynana.definition import rules
from dynana.definition.flattening import flattened
from dynana.definition.plan import Plan, plan
from dynana.definition.population import Population, Source, whole_of
from dynana.definition.projection import Projection
from dynana.definition.sharing import varies
from dynana.definition.system import System
from dynana.definition.variation import varied
from dynana.errors import ModelError, unknown


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Populations and the projections between them.

    Parameters
    ----------
    populations : sequence of Population or Source
    projections : sequence of Projection
        Sources that only occur here are added to the populations.
    name : str, optional

    Raises
    ------
    ModelError
        For names that stand twice, projections between populations that are not listed, more than one unit of time.
    """

    populations: Sequence[Population | Source]
    projections: Sequence[Projection] = ()
    name: str = "network"

    def __post_init__(self) -> None:
        populations, projections = list(self.populations), tuple(self.projections)
        for item in populations:
            if not isinstance(item, Population | Source):
                raise TypeError(f"a network is made of populations, got {type(item).__name__}.")
        for given in projections:
            if not isinstance(given, Projection):
                raise TypeError(f"the projections of a network are Projections, got {type(given).__name__}.")
        rules.check_name(self.name, "network")
        for projection in projections:
            for group in (projection.source, projection.target):
                whole = whole_of(group)
                if any(whole is p for p in populations):
                    continue
                if not isinstance(whole, Source):
                    listed = ", ".join(p.name for p in populations) or "none"
                    raise ModelError(
                        f"projection {projection.name!r}: the population {whole.name!r} is not in the network, which "
                        f"has {listed}."
                    )
                populations.append(whole)
        if not any(isinstance(p, Population) for p in populations):
            raise ModelError("a network needs at least one Population.")
        rules.check_distinct([p.name for p in populations], "network: populations")
        rules.check_distinct([p.name for p in projections], "network: projections (give them names)")
        object.__setattr__(self, "populations", tuple(populations))
        object.__setattr__(self, "projections", projections)
        self._check_time()

    def _check_time(self) -> None:
        stated = {p.name: p.system.time for p in self.populations if isinstance(p, Population) and p.system.time}
        stated |= {p.name: p.synapse.time for p in self.projections if p.synapse.time}
        if len(set(stated.values())) > 1:
            listed = ", ".join(f"{n}: {u}" for n, u in stated.items())
            raise ModelError(f"a network has one unit of time, got {listed}.")

    @property
    def time(self) -> str | None:
        """Unit of time that the models state; None if none of them does."""
        stated = [p.system.time for p in self.populations if isinstance(p, Population)]
        stated += [p.synapse.time for p in self.projections]
        return next((unit for unit in stated if unit), None)

    def population(self, name: str) -> Population | Source:
        """Return a population by name; otherwise raise ValueError with the nearest names."""
        for population in self.populations:
            if population.name == name:
                return population
        raise ValueError(f"{self.name}: {unknown('population', name, [p.name for p in self.populations])}")

    def projection(self, name: str) -> Projection:
        """Return a projection by name; otherwise raise ValueError with the nearest names."""
        for item in self.projections:
            if item.name == name:
                return item
        raise ValueError(f"{self.name}: {unknown('projection', name, [p.name for p in self.projections])}")

    def at(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Network:
        """Return this network with other values.

        Parameters
        ----------
        values : mapping of str to number, array, Distribution or expression
            By whole name, ``net.at({"E.I": 2.0, "E->I:exponential.w": 0.1, "poisson.rate": 50.0})``: parameters and
            states of populations (a state's value is its initial value) and of synapses, a projection's ``delay``, and
            the ``rate`` of Poisson trains.
        **named
            The same as keywords.

        Raises
        ------
        ValueError
            For an unknown name, with the nearest ones.
        ModelError
            For values that the population or projection refuses.
        """
        return varied(self, {**(values or {}), **named})

    @property
    def fingerprint(self) -> str:
        """Hash of the structure: of names, sizes, equations, and who is connected to whom by which rule."""
        lines = []
        for population in self.populations:
            cells = population.system.fingerprint if isinstance(population, Population) else "spikes"
            lines.append(f"{population.name} {population.size} {cells}")
        for p in self.projections:
            lines.append(f"{p.name} {p.source.name} {p.target.name} {p.connect!r} {p.synapse.expressions()}")
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:24]

    def summary(self) -> str:
        """Return the network in words: one line for each population and each projection."""
        lines = [repr(self)]
        for population in self.populations:
            lines.append(f"  {population!r}")
        for p in self.projections:
            delay = f", delay {_short(p.delay)}" if varies(p.delay) or p.delay != 0.0 else ""
            weight = "" if p.w is None else f", w {_short(p.w)}"
            lines.append(f"  {p.name}: {p.source.size or 'own'} -> {p.target.size} cells, {p.connect!r}{weight}{delay}")
        return "\n".join(lines)

    def plan(self, *, share: bool = True, method: str | Mapping[str, str] = "auto") -> Plan:
        """Return in words what was decided: integrators, where each synaptic state lives and why, what edges carry.

        Parameters
        ----------
        share : bool
            False for the naive form, in which all states stay with their synapses.
        method : str or mapping of population to str
            As in `simulate`. Inputs are not part of a network: one that changes a coefficient of a linear equation, or
            that drives smooth cells, may change the integrator (``run.methods`` says what was used).
        """
        return plan(self, share=share, method=method)

    def as_system(self) -> System:
        """Return the coupled equations as one System, which every analysis accepts.

        States are called ``E_V`` in a population of one cell and ``E0_V``, ``E1_V``, ... in larger ones; parameters
        that are the same for all cells ``E_tau``, those of a projection ``E_I_exponential_w``.

        Raises
        ------
        ModelError
            For what a System cannot hold: delays, connections or values that are drawn, spikes at random or given
            times, clipped states, spikes that meet states held by a refractory time, hundreds of states.
        """
        return flattened(self)

    def __repr__(self) -> str:
        cells = sum(p.size for p in self.populations)
        groups, many = len(self.populations), len(self.projections)
        return (
            f"<Network {self.name}: {cells} cells in {groups} population{'' if groups == 1 else 's'}, {many} "
            f"projection{'' if many == 1 else 's'}>"
        )


def _short(value: Any) -> str:
    return f"array {value.shape}" if isinstance(value, np.ndarray) else f"{value}"
