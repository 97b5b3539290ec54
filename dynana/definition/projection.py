"""`Projection`: synapses of one kind between two groups of cells, checked against both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition.connections import DISTANCE, Connect, all_to_all, of_distance, one_to_one
from dynana.definition.distributions import Distribution
from dynana.definition.population import Group, Part, Population, Source, cell_values, span_of, whole_of
from dynana.definition.synapse import Synapse
from dynana.definition.synapse_parts import POST, PRE, SINCE_SPIKE, split
from dynana.errors import ModelError, unknown

#: The name that a projection's ``w=`` sets: a parameter or a state of the synapse.
WEIGHT = "w"


@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """Synapses of one kind from one group of cells to another.

    Parameters
    ----------
    source, target : Population, Source, or a part of one
    synapse : Synapse
    connect : Connect, optional
        Who is connected to whom; `all_to_all` by default, `one_to_one` from a source with a train for each target.
    w : number, array, matrix, Distribution or function of the distance, optional
        Value of the synapse's ``w``; arrays have one value for each connection, in the order of (source, target), or in
        that of explicit pairs; matrices one for each pair of cells, (sources, targets).
    delay : number, array, matrix, Distribution or function of the distance
        From the presynaptic spike to its arrival, in units of time. One number must be a multiple of the time step;
        where delays differ they are rounded to it. (Continuous influences with different delays, one of them zero, are
        read once a step, which is of first order.)
    at : mapping of parameter to number, array or Distribution, optional
        Values of other parameters of the synapse.
    start : mapping of state to number, array or Distribution, optional
    to : mapping of str to str, optional
        The synapse's names of the target's quantities, where they differ: ``{"I": "I_s", "V": "Vs"}``.
    name : str, optional
        "E->I:exponential" by default.

    Raises
    ------
    ModelError, TypeError
        For names that the synapse or the cells do not have, sizes that do not fit, values that are not finite.
    """

    source: Group
    target: Group
    synapse: Synapse
    connect: Connect | None = None
    w: Any = None
    delay: Any = 0.0
    at: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)
    to: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.synapse, Synapse):
            raise TypeError(
                f"a projection takes a Synapse, got {type(self.synapse).__name__}; make one with @dn.synapse."
            )
        for group, role in ((self.source, "source"), (self.target, "target")):
            if not isinstance(group, Population | Source | Part):
                raise TypeError(f"the {role} of a projection is a Population, got {type(group).__name__}.")
        if isinstance(whole_of(self.target), Source):
            raise ModelError(
                f"{self.target.name} sends given or Poisson spikes and has no dynamics: it cannot be a target."
            )
        put = self._set
        put("name", self.name or f"{self.source.name}->{self.target.name}:{self.synapse.name}")
        put("connect", self.connect or (all_to_all() if self.source.size else one_to_one()))
        self._check_sizes()
        put("to", self._renamed())
        self._check_quantities()
        place = f"projection {self.name!r}"
        if self.w is not None and WEIGHT not in (*self.synapse.parameters, *self.synapse.states):
            raise ModelError(f"{place}: {self.synapse.name} has no parameter or state 'w' that w= could set.")
        put("w", self._weight(place))
        put("delay", self._delay(place))
        parameters, states = self.synapse.parameters, self.synapse.states
        put("at", cell_values(f"{place}: at", self.at, parameters, parameters, 0))
        put("start", cell_values(f"{place}: start", self.start, states, parameters, 0))
        if self.w is not None and (WEIGHT in self.at or WEIGHT in self.start):
            raise ModelError(f"{place}: w is given twice.")

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_sizes(self) -> None:
        connect, place = self.connect, f"projection {self.name!r}"
        assert connect is not None
        sizes = (self.source.size, self.target.size)
        if not self.source.size and connect.kind != "one_to_one":
            raise ModelError(
                f"{place}: {self.source.name} has an independent train for each target cell, which dn.one_to_one() "
                "connects; give dn.poisson a size for trains that cells share."
            )
        if connect.kind == "one_to_one" and self.source.size and sizes[0] != sizes[1]:
            raise ModelError(f"{place}: one_to_one joins populations of one size, got {sizes[0]} and {sizes[1]} cells.")
        if connect.kind == "matrix" and tuple(connect.options["weights"].shape) != sizes:
            raise ModelError(
                f"{place}: a matrix of shape {tuple(connect.options['weights'].shape)} for {sizes[0]} sources and "
                f"{sizes[1]} targets: expected {sizes}."
            )
        if connect.kind == "graph" and {connect.options["size"]} != set(sizes):
            raise ModelError(
                f"{place}: a graph of {connect.options['size']} nodes for {sizes[0]} and {sizes[1]} cells."
            )
        if connect.kind == "pairs" and connect.options["pairs"].size:
            top = connect.options["pairs"].max(axis=0)
            if connect.options["pairs"].min() < 0 or any(t >= n for t, n in zip(top, sizes, strict=True)):
                raise ModelError(f"{place}: dn.pairs names cells outside {sizes[0]} sources and {sizes[1]} targets.")
        same = whole_of(self.source) is whole_of(self.target)
        if connect.kind in ("small_world", "scale_free") and not (
            same and span_of(self.source) == span_of(self.target)
        ):
            raise ModelError(f"{place}: dn.{connect.kind} joins the cells of one population with each other.")
        count = connect.options.get("count")
        if count is not None and not connect.multapses:
            room = (sizes[0] if connect.kind == "in_degree" else sizes[1]) - int(same and not connect.autapses)
            if count > room:
                raise ModelError(f"{place}: {count} different partners are asked for, but there are {room}.")
        if connect.kind in ("distance_dependent", "within", "gaussian"):
            self._check_space(place)

    def _check_space(self, place: str) -> None:
        spaces = [whole_of(g).space for g in (self.source, self.target)]
        if None in spaces:
            raise ModelError(
                f"{place}: distances need a space: give both populations space=dn.ring(...), dn.grid(...), ..."
            )
        first, second = spaces
        assert first is not None and second is not None
        if first.periods != second.periods:
            raise ModelError(
                f"{place}: the spaces {first!r} and {second!r} have different periods: no distance is defined."
            )

    def _renamed(self) -> dict[str, str]:
        """Return the target's name for each of the synapse's names of it."""
        names = {p for p, _ in self.synapse.into} | set(self.synapse.quantities(POST))
        for name in self.to:
            if name not in names:
                raise ModelError(f"projection {self.name!r}: to: {unknown('name', name, sorted(names))}")
        return {name: self.to.get(name, name) for name in sorted(names)}

    def _check_quantities(self) -> None:
        source, target = whole_of(self.source), whole_of(self.target)
        assert isinstance(target, Population)
        place = f"projection {self.name!r}: {self.synapse.name}"
        for name in self.synapse.quantities(PRE):
            if name != SINCE_SPIKE and name not in source.quantities:
                raise ModelError(f"{place} reads pre.{name}: {source.name} has {_listed(name, source.quantities)}")
        for name in self.synapse.quantities(POST):
            if name != SINCE_SPIKE and self.to[name] not in target.quantities:
                raise ModelError(
                    f"{place} reads post.{name}: {target.name} has {_listed(self.to[name], target.quantities)}"
                )
        for parameter, _ in self.synapse.into:
            if self.to[parameter] not in target.system.parameters:
                known = _listed(self.to[parameter], target.system.parameters)
                raise ModelError(
                    f"{place} adds to {parameter!r}: {target.name} has {known} Name another with "
                    f"to={{{parameter!r}: ...}}."
                )
        for key in (*self.synapse.on_pre, *self.synapse.on_post):
            part = split(key)
            if part and self.to[part[1]] not in target.system.states:
                raise ModelError(
                    f"{place} sets {key}: {target.name} has {_listed(self.to[part[1]], target.system.states)}"
                )
        self._check_spikes(place)

    def _check_spikes(self, place: str) -> None:
        sides = ((self.source, self.synapse.on_pre, PRE, "OnPre"), (self.target, self.synapse.on_post, POST, "OnPost"))
        for group, events, side, kind in sides:
            needs = bool(events) or SINCE_SPIKE in self.synapse.quantities(side)
            if needs and not whole_of(group).spiking:
                raise ModelError(
                    f"{place} has {kind}, but {group.name} sends no spikes: its model has no jump. Give it one, or "
                    "crossings with dn.Jump(when=V > 0, to={V: V})."
                )

    def _weight(self, place: str) -> Any:
        if self.w is None or isinstance(self.w, Distribution):
            return self.w
        if callable(self.w) or isinstance(self.w, sp.Basic):
            self._check_space(place)
            return of_distance(self.w, f"{place}: w")
        return self._of_connections("w", self.w, place, "a number")

    def _of_connections(self, name: str, value: Any, place: str, number: str) -> Any:
        """Return a value as a number, an array with one for each connection, or a matrix with one for each pair."""
        try:
            if value is None or isinstance(value, bool | str):  # of which numpy would make numbers
                raise TypeError
            array = np.array(value, dtype=float)
        except (TypeError, ValueError):
            raise ModelError(
                f"{place}: {name} is {value!r}: expected {number}, an array of one value per connection, a matrix, a "
                "distribution, or a function of the distance."
            ) from None
        if not np.all(np.isfinite(array)):
            raise ModelError(f"{place}: {name} contains values that are not finite.")
        if array.ndim == 2 and array.shape != (self.source.size, self.target.size):
            raise ModelError(
                f"{place}: {name} has shape {array.shape}: expected ({self.source.size}, {self.target.size}), one "
                "value for each pair of cells."
            )
        if array.ndim > 2:
            raise ModelError(
                f"{place}: {name} has shape {array.shape}: expected {number}, one value per connection, or a matrix."
            )
        array.setflags(write=False)
        return float(array) if array.ndim == 0 else array

    def _delay(self, place: str) -> Any:
        if isinstance(self.delay, Distribution):
            return self.delay
        if callable(self.delay) or isinstance(self.delay, sp.Basic):
            self._check_space(place)
            made = of_distance(self.delay, f"{place}: delay")
            return made if made.has(DISTANCE) else float(made)
        delay = self._of_connections("delay", self.delay, place, "a number in units of time")
        if np.min(delay, initial=0.0) < 0:
            raise ModelError(f"{place}: delay = {np.min(delay):g}: a spike cannot arrive before it is sent.")
        return delay

    def __repr__(self) -> str:
        return f"<Projection {self.name}: {self.connect!r}>"


def _listed(name: str, known: Sequence[str]) -> str:
    return unknown("such quantity", name, known) if known else "nothing to read but its spikes."
