"""A cell with the synaptic states that live with it, while a network is put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from dynana.definition.parts import Jump
from dynana.definition.system import System
from dynana.definition.tracing import symbol


class Augmented:
    """Collects what synapses add to the cells of one population.

    Parameters
    ----------
    system : System
        Of the cells.

    Attributes
    ----------
    streams : list of str
        Parameters that are sums over synapses at all times.
    outputs : list of sympy.Expr
        What streams of projections from here read, in symbols of the cells.
    start, values : dict of str to float
        Of the added states and parameters.
    clock : str
        Parameter that holds the time since the last spike; "" where nothing reads it.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.rates: dict[str, sp.Expr] = {}
        self.start: dict[str, float] = {}
        self.values: dict[str, float] = {}
        self.jumps: dict[str, sp.Expr] = {}
        self.streams: list[str] = []
        self.outputs: list[sp.Expr] = []
        self.clock = ""
        self._into: dict[str, list[sp.Expr]] = {}
        self._known: dict[tuple[Any, ...], dict[str, str]] = {}

    def fresh(self, name: str) -> str:
        """Return a name like the given one that nothing has here yet."""
        taken = {*self.system.symbols, *self.system.observables, *self.rates, *self.values}
        count = 1
        while f"{name}_{count}" in taken:
            count += 1
        return f"{name}_{count}"

    def parameter(self, name: str, value: float) -> str:
        """Add a parameter and return its name."""
        made = self.fresh(name)
        self.values[made] = value
        return made

    def time_since_spike(self) -> sp.Symbol:
        """Return the symbol of the time since the last spike."""
        if not self.clock:
            self.clock = self.parameter("since_spike", 0.0)
        return symbol(self.clock)

    def quantity(self, name: str) -> sp.Expr:
        """Return a state, parameter or observable of the cell as an expression."""
        return self.system.observables.get(name, symbol(name))

    def states(
        self,
        rates: Mapping[str, sp.Expr],
        values: Mapping[str, float],
        start: Mapping[str, float],
        jumps: Mapping[str, sp.Expr],
        key: tuple[Any, ...] = (),
    ) -> dict[str, str]:
        """Add a group of states, or find an equal one, and return the names that they and their parameters have here.

        Parameters
        ----------
        rates : mapping of state to derivative
            In the names of the synapse; quantities of the cell are in the cell's symbols.
        values : mapping of parameter to float
            Of the parameters that occur.
        start : mapping of state to float
        jumps : mapping of state to new value when the cell spikes
        key : tuple, optional
            What else distinguishes the group.
        """
        numbers = {symbol(n): sp.Rational(repr(v)) for n, v in values.items()}
        order = {symbol(n): sp.Symbol(f"state.{k}", real=True) for k, n in enumerate(rates)}
        exact = {**numbers, **order}
        same = (
            tuple(e.xreplace(exact) for e in rates.values()),
            tuple((order[symbol(n)], e.xreplace(exact)) for n, e in jumps.items()),
            tuple(start[n] for n in rates),
            key,
        )
        if same in self._known:
            # an equal group, whose states may have other names
            found = self._known[same]
            own = [n for n in found.values() if n in self.rates]
            known = {n: m for n, m in found.items() if n in values and self.values.get(m) == values[n]}
            return {**known, **dict(zip(rates, own, strict=True))}
        names: dict[str, str] = {}
        for name in rates:
            names[name] = self.fresh(name)
            self.rates[names[name]] = sp.Integer(0)
        used = {s.name for e in (*rates.values(), *jumps.values()) for s in e.free_symbols}
        names |= {n: self.parameter(n, values[n]) for n in values if n in used}
        put = {symbol(old): symbol(new) for old, new in names.items()}
        for name, rate in rates.items():
            self.rates[names[name]] = rate.xreplace(put)
            self.start[names[name]] = start[name]
        self.jumps |= {names[n]: e.xreplace(put) for n, e in jumps.items()}
        self._known[same] = names
        return names

    def add(self, parameter: str, expression: sp.Expr, values: Mapping[str, float]) -> None:
        """Add something to a parameter; the parameters in it get names of their own here."""
        put = {}
        for s in sorted(expression.free_symbols, key=str):
            if s.name in values:
                put[s] = symbol(self.parameter(s.name, values[s.name]))
        self._into.setdefault(parameter, []).append(expression.xreplace(put))

    def stream(self, parameter: str, factor: sp.Expr, values: Mapping[str, float]) -> str:
        """Return the stream whose product with ``factor`` is added to a parameter; equal factors share one."""
        exact = {symbol(n): sp.Rational(repr(v)) for n, v in values.items()}
        key = ("stream", parameter, factor.xreplace(exact))
        if key not in self._known:
            name = self.parameter(f"{parameter}_in", 0.0)
            self.streams.append(name)
            self._known[key] = {"": name}
            self.add(parameter, factor * symbol(name), values)
        return self._known[key][""]

    def once(self, key: tuple[Any, ...]) -> bool:
        """Return whether a key is met for the first time."""
        new = key not in self._known
        self._known.setdefault(key, {})
        return new

    def output(self, expression: sp.Expr) -> int:
        """Return the number of an output, which is added if there is no equal one."""
        if expression not in self.outputs:
            self.outputs.append(expression)
        return self.outputs.index(expression)

    def put(self) -> dict[sp.Basic, sp.Basic]:
        """Return what stands in the place of each parameter to which something is added."""
        return {symbol(n): sp.Add(symbol(n), *terms) for n, terms in self._into.items()}

    def made(self) -> System:
        """Return the system of the cell with everything that has been added."""
        own = self.system
        jumps = [
            Jump(
                when=jump.when,
                to={**jump.to, **self.jumps},
                refractory=jump.refractory,
                hold=jump.hold if jump.refractory is not None else None,
                name=jump.name,
            )
            for jump in own.jumps
        ]
        whole = System(
            {**dict(zip(own.states, own.derivatives, strict=True)), **self.rates},
            {**own.values, **self.values},
            initial={**dict(own.given_initial), **self.start},
            jumps=jumps,
            noise=own.noise,
            observables=own.observables,
            name=own.name,
            time=own.time,
            units=own.units,
            ranges=own.ranges,
            wrap=own.wrap,
        )
        return whole.substitute({s.name: e for s, e in self.put().items()}) if self._into else whole
