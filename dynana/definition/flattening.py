"""A small network as one System: every cell and every connection written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from dynana.definition.assembling import assembled
from dynana.definition.assembly import Assembly, Cells, Link, PerSynapse, Trains
from dynana.definition.parts import Jump, Noise
from dynana.definition.steady_state import Steady
from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import ModelError

if TYPE_CHECKING:
    from dynana.definition.network import Network

#: States beyond which a system is no help to anyone: symbols are for small networks.
MOST_STATES = 500

#: Time since the last spike of a cell that has not spiked yet.
LONG_AGO = 1e6

Substitution = dict[sp.Basic, sp.Basic]


def flattened(network: Network) -> System:
    """Return the coupled equations of a network as one System.

    States are called ``E_V`` in a population of one cell and ``E0_V``, ``E1_V``, ... in larger ones; parameters that
    are the same for all cells ``E_tau``, those of a projection ``E_I_exponential_w``.

    Raises
    ------
    ModelError
        For delays, connections or values that are drawn, given or Poisson spikes, clipped states, spikes that meet held
        states, more than `MOST_STATES` states.
    """
    made, _ = assembled(network)
    return _Flat(network, made).system()


class _Flat:
    def __init__(self, network: Network, made: Assembly) -> None:
        self.network, self.made = network, made
        self.rates: dict[str, sp.Expr] = {}
        self.initial: dict[str, Any] = {}
        self.values: dict[str, float] = {}
        self.jumps: dict[tuple[int, int, int], Jump] = {}
        self.noise: list[Noise] = []
        self.observables: dict[str, sp.Expr] = {}
        self.units: dict[str, str] = {}
        self.ranges: dict[str, tuple[float, float]] = {}
        self.wrap: dict[str, float] = {}
        self.put: dict[tuple[int, int], Substitution] = {}
        self.streams: dict[sp.Symbol, sp.Expr] = {}

    def system(self) -> System:
        """Return the system."""
        for number, cells in enumerate(self.made.populations):
            if isinstance(cells, Trains):
                raise ModelError(f"{cells.name} sends spikes at given or random times: a System has none of these.")
            self._cells(number, cells)
        if len(self.rates) > MOST_STATES:
            raise ModelError(f"the network has {len(self.rates)} states; at most {MOST_STATES} become a System.")
        for event in self.made.events:
            self._event(event.link, event.state, event.weight, event.amount)
        for stream in self.made.streams:
            link = self.made.links[stream.link]
            output = self._population(link.source.population).outputs[stream.output]
            for i, j, weights in self._edges(stream.link):
                self._add(link, j, stream.parameter, stream.weight.xreplace(weights) * self._of(link, 0, i, output))
        for synapse in self.made.synapses:
            self._stays(synapse)
        return self._finished()

    def _finished(self) -> System:
        whole = System(
            self.rates,
            self.values,
            initial=self.initial,
            jumps=list(self.jumps.values()),
            noise=self.noise,
            observables=self.observables,
            name=self.network.name,
            time=self.network.time,
            units=self.units,
            ranges=self.ranges,
            wrap=self.wrap,
        )
        return whole.substitute({s.name: e for s, e in self._closed().items()}) if self.streams else whole

    def _closed(self) -> dict[sp.Symbol, sp.Expr]:
        """Return the streams with each other put in; none depends on itself."""
        done: dict[sp.Basic, sp.Expr] = {}

        def closed(parameter: sp.Basic) -> sp.Expr:
            if parameter not in done:
                terms = self.streams[parameter]
                done[parameter] = parameter + terms.xreplace(
                    {s: closed(s) for s in terms.free_symbols if s in self.streams}
                )
            return done[parameter]

        return {parameter: closed(parameter) for parameter in self.streams}

    # -- cells -------------------------------------------------------------------------------------------------------

    def _population(self, number: int) -> Cells:
        cells = self.made.populations[number]
        assert isinstance(cells, Cells)
        return cells

    def _cells(self, number: int, cells: Cells) -> None:
        for i in range(cells.size):
            prefix = cells.name if cells.size == 1 else f"{cells.name}{i}"
            put: Substitution = {symbol(n): symbol(f"{prefix}_{n}") for n in cells.system.states}
            for name, value in cells.values.items():
                put[symbol(name)] = self._value(cells, name, value, i, prefix)
            self.put[number, i] = put
            if cells.clock:
                put[symbol(cells.clock)] = symbol(f"{prefix}_since_spike")
                self.rates[f"{prefix}_since_spike"] = sp.Integer(1)
                self.initial[f"{prefix}_since_spike"] = LONG_AGO
            for name, rate in zip(cells.system.states, cells.system.derivatives, strict=True):
                self.rates[f"{prefix}_{name}"] = rate.xreplace(put)
                self.initial[f"{prefix}_{name}"] = self._start(cells, name, i)
            self.ranges.update({f"{prefix}_{n}": v for n, v in cells.system.ranges.items()})
            self.wrap.update({f"{prefix}_{n}": v for n, v in cells.system.wrap.items()})
            states = cells.system.states
            self.units.update({f"{prefix}_{n}": v for n, v in cells.system.units.items() if n in states})
            for k, jump in enumerate(cells.system.jumps):
                self.jumps[number, i, k] = self._jump(cells, jump, put, prefix)
            for term in cells.system.noise:
                self.noise.append(
                    Noise({f"{prefix}_{n}": e.xreplace(put) for n, e in term.terms.items()}, calculus=term.calculus)
                )
            for name, expression in cells.system.observables.items():
                self.observables[f"{prefix}_{name}"] = expression.xreplace(put)

    def _value(self, cells: Cells, name: str, value: Any, i: int, prefix: str) -> sp.Symbol:
        streamed = name in cells.streams
        own = f"{prefix}_{name}" if isinstance(value, np.ndarray) or streamed else f"{cells.name}_{name}"
        if isinstance(value, np.ndarray):
            self.values[own] = float(value[i])
        elif isinstance(value, float | int):
            self.values[own] = float(value)
        else:
            raise ModelError(f"{cells.name}: {name!r} is {value!r}: a System needs numbers; give an array of values.")
        return symbol(own)

    @staticmethod
    def _start(cells: Cells, name: str, i: int) -> Any:
        value = cells.start.get(name, 0.0)
        if isinstance(value, np.ndarray):
            return float(value[i])
        if isinstance(value, float | int | Steady):
            return value
        raise ModelError(
            f"{cells.name}: {name!r} starts at {value!r}: a System needs numbers; give an array of values."
        )

    def _jump(self, cells: Cells, jump: Jump, put: Substitution, prefix: str) -> Jump:
        to: dict[Any, Any] = {f"{prefix}_{n}": e.xreplace(put) for n, e in jump.to.items()}
        if cells.clock:
            to[f"{prefix}_since_spike"] = sp.Integer(0)
        return Jump(
            when=jump.when.xreplace(put),
            to=to,
            refractory=None if jump.refractory is None else jump.refractory.xreplace(put),
            hold=None if jump.refractory is None else tuple(f"{prefix}_{n}" for n in jump.hold),
            name=f"{prefix}_{jump.name}",
        )

    # -- connections -------------------------------------------------------------------------------------------------

    def _of(self, link: Link, side: int, cell: int, expression: sp.Expr) -> sp.Expr:
        """Return an expression of the source (side 0) or target (side 1) in the symbols of one of its cells."""
        part = link.target if side else link.source
        return expression.xreplace(self.put[part.population, part.first + cell])

    def _edges(self, number: int) -> Iterator[tuple[int, int, Substitution]]:
        """Yield source, target and values of every connection of a link."""
        link = self.made.links[number]
        if not isinstance(link.delay, float | int) or link.delay != 0.0:
            raise ModelError(f"{link.name}: a System has no delays.")
        prefix = re.sub(r"\W+", "_", link.name).strip("_")
        for edge, (i, j, own) in enumerate(explicit_pairs(link)):
            put: Substitution = {}
            for name, value in link.values.items():
                if isinstance(value, float | int):
                    made = f"{prefix}_{name}"
                    number_ = float(value)
                else:
                    made = f"{prefix}_{name}_{i}_{j}"
                    number_ = own if own is not None else _edge_value(link, name, value, edge, i, j)
                put[symbol(name)] = symbol(made)
                self.values[made] = number_
            yield i, j, put

    def _add(self, link: Link, target: int, parameter: str, term: sp.Expr) -> None:
        place = self._of(link, 1, target, symbol(parameter))
        assert isinstance(place, sp.Symbol)
        self.streams[place] = self.streams.get(place, sp.Integer(0)) + term

    def _event(self, number: int, state: int, weight: sp.Expr, amount: sp.Expr | None) -> None:
        link = self.made.links[number]
        target = self._population(link.target.population)
        name = target.system.states[state]
        known = {symbol(n): v for n, v in target.values.items() if isinstance(v, float)}
        for jump in target.system.jumps:
            if jump.refractory is not None and name in jump.hold and not _is_zero(jump.refractory.subs(known)):
                raise ModelError(
                    f"{link.name}: spikes change {name!r} of {target.name}, which its refractory time holds: a System "
                    "cannot drop spikes that arrive meanwhile. Set the refractory time to 0, or simulate the network."
                )
        for i, j, weights in self._edges(number):
            raised = weight.xreplace(weights) * (1 if amount is None else self._of(link, 0, i, amount))
            self._raise(link, i, self._of(link, 1, j, symbol(name)), raised)

    def _raise(self, link: Link, source: int, state: sp.Expr, amount: sp.Expr) -> None:
        """Let every jump of a source cell add an amount to a state of any cell."""
        for key, jump in self.jumps.items():
            if key[:2] == (link.source.population, link.source.first + source):
                jump.to[str(state)] = jump.to.get(str(state), state) + amount

    def _stays(self, item: PerSynapse) -> None:
        link = self.made.links[item.link]
        if item.clip:
            raise ModelError(f"{link.name}: {', '.join(item.clip)} is clipped: a System has no bounds for states.")
        prefix = re.sub(r"\W+", "_", link.name).strip("_")
        target = self._population(link.target.population)
        for i, j, put in self._edges(item.link):
            local = dict(put)
            local |= {symbol(n): self._of(link, 0, i, e) for n, e in item.pre.items()}
            local |= {symbol(n): self._of(link, 1, j, e) for n, e in item.post.items()}
            names = {n: f"{prefix}_{n}_{i}_{j}" for n in item.states}
            local |= {symbol(n): symbol(own) for n, own in names.items()}
            for name, own in names.items():
                self.values.pop(own, None)
                self.rates[own] = item.rates.get(name, sp.Integer(0)).xreplace(local)
                self.initial[own] = _edge_start(link, name, item.start[name], i, j)
            for parameter, expression in item.sums:
                self._add(link, j, parameter, expression.xreplace(local))
            for events, part, cell in ((item.on_pre, link.source, i), (item.on_post, link.target, j)):
                for key, jump in self.jumps.items():
                    if key[:2] == (part.population, part.first + cell):
                        jump.to.update({names[n]: e.xreplace(local) for n, e in events.items()})
            for state, expression in item.delivers:
                self._raise(
                    link, i, self._of(link, 1, j, symbol(target.system.states[state])), expression.xreplace(local)
                )


def _is_zero(value: sp.Expr) -> bool:
    return bool(value.is_number) and float(value) == 0.0


def explicit_pairs(link: Link) -> list[tuple[int, int, float | None]]:
    """Return the connections of a rule without chance, by source and target, with the weight that it brings.

    Raises
    ------
    ModelError
        For a rule that draws connections.
    """
    sources, targets = link.source.size, link.target.size
    connect = link.connect
    kind = "all_to_all" if connect is None else connect.kind
    same = connect is not None and not connect.autapses and link.source.population == link.target.population
    shift = link.target.first - link.source.first
    if kind == "all_to_all":
        return [(i, j, None) for i in range(sources) for j in range(targets) if not (same and i == j + shift)]
    if kind == "one_to_one":
        return [(i, i, None) for i in range(targets)]
    if kind in ("pairs", "graph"):
        pairs = connect.options["pairs"]
        weights = connect.options.get("weight")
        order = np.lexsort((pairs[:, 1], pairs[:, 0])).tolist()
        return [(int(pairs[k, 0]), int(pairs[k, 1]), None if weights is None else float(weights[k])) for k in order]
    if kind == "matrix":
        table = connect.options["weights"]
        table = table.toarray() if hasattr(table, "toarray") else table
        return [(int(i), int(j), float(table[i, j])) for i, j in zip(*np.nonzero(table), strict=True)]
    raise ModelError(
        f"{link.name}: dn.{kind} draws its connections: for one System give them with dn.pairs, dn.matrix or dn.graph."
    )


def _edge_value(link: Link, name: str, value: Any, edge: int, i: int, j: int) -> float:
    array = value.toarray() if hasattr(value, "toarray") else value
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{link.name}: {name!r} is {value!r}: a System needs numbers; give an array of values.")
    return float(array[i, j] if array.ndim == 2 else array[edge])


def _edge_start(link: Link, name: str, value: Any, i: int, j: int) -> float:
    if isinstance(value, float | int):
        return float(value)
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return float(value[i, j])
    raise ModelError(f"{link.name}: {name!r} starts at {value!r}: a System needs a number or a matrix of values.")
