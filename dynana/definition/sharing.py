"""Where each state of a synapse may live, proved from its symbols.

The equations are written for one synapse. A state that is driven by one of the two cells alone is the same for all
synapses of that cell; a state that is linear in itself, that each presynaptic spike raises by something that does not
depend on it, and that acts in proportion to itself can be summed over all synapses of the postsynaptic cell. What is
neither stays with each synapse. All of these leave the result unchanged; the cheapest is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.distributions import Distribution
from dynana.definition.population import Population, whole_of
from dynana.definition.projection import WEIGHT, Projection
from dynana.definition.separation import EDGE, POST, PRE, SUMMED, Term, separate
from dynana.definition.synapse_parts import SINCE_SPIKE, split
from dynana.definition.tracing import TIME, symbol

#: Places of states.
PER_PRE, PER_POST, SUM, PER_SYNAPSE = "per presynaptic cell", "per postsynaptic cell", "summed", "per synapse"

#: Relative costs of a step: a state of a cell, an edge that a sum runs over at every step, a state of a synapse, an
#: event on its way. Measured on the networks of the benchmarks; only their order of magnitude matters.
CELL, EDGE_OF_SUM, SYNAPSE, EVENT = 0.3, 0.8, 1.0, 1.0
#: Share of cells that spike in a step, for comparing costs: 10 spikes a second in steps of 0.1 ms.
SPIKING = 1e-3


@dataclass(frozen=True)
class Placement:
    """Where a state lives.

    Attributes
    ----------
    state : str
    where : str
        One of the four places.
    reason : str
        What the equations say about it.
    options : tuple of str
        All places that leave the result unchanged, the cheapest first.
    """

    state: str
    where: str
    reason: str
    options: tuple[str, ...]


def varies(value: object) -> bool:
    """Return whether a given value of a projection differs between its synapses."""
    return isinstance(value, Distribution | sp.Basic) or (isinstance(value, np.ndarray) and value.ndim > 0)


def edge_values(projection: Projection) -> dict[str, object]:
    """Return what is given for single synapses: values of parameters and states that differ between them, by name."""
    given = {**projection.at, **projection.start}
    connect = projection.connect
    assert connect is not None
    own = connect.options.get("weights") if connect.kind == "matrix" else connect.options.get("weight")
    if projection.w is not None:
        given[WEIGHT] = projection.w
    elif own is not None:
        given[WEIGHT] = own
    return {n: v for n, v in given.items() if varies(v) or hasattr(v, "tocoo")}


class Sharing:
    """What is known about the states of one projection.

    Parameters
    ----------
    projection : Projection
    share : bool
        False leaves every state with its synapse.

    Attributes
    ----------
    placements : dict of str to Placement
    names : dict of str to (population, state)
        Where a shared or summed state lives, and its name there; filled while the network is put together.
    """

    def __init__(self, projection: Projection, share: bool = True) -> None:
        self.projection = projection
        self.synapse = projection.synapse
        self.edges = edge_values(projection)
        self.rates = dict(zip(self.synapse.states, self.synapse.derivatives, strict=True))
        self.drivers = self._drivers()
        self.placements: dict[str, Placement] = {}
        self.names: dict[str, tuple[str, str]] = {}
        summable, why_not = self._summable()
        for state in self.synapse.states:
            self.placements[state] = self._placed(state, summable, why_not, share)
        self._settle(share)

    def where(self, state: str) -> str:
        """Return the place of a state."""
        return self.placements[state].where

    def sides(self, s: sp.Symbol) -> frozenset[str]:
        """Return what a symbol depends on, once every state has its place."""
        if (part := split(s.name)) is not None:
            return frozenset({PRE if part[0] == "pre" else POST})
        if s.name in self.rates:
            places = {PER_PRE: PRE, PER_POST: POST, SUM: SUMMED, PER_SYNAPSE: EDGE}
            return frozenset({places[self.where(s.name)]})
        return frozenset({EDGE}) if s.name in self.edges else frozenset()

    # -- proofs ----------------------------------------------------------------------------------------------------

    def _drivers(self) -> dict[str, frozenset[str]]:
        """Return for each state the sides that it depends on, directly or through other states."""
        synapse = self.synapse
        found = {n: frozenset({EDGE} if n in self.edges else ()) for n in synapse.states}
        while True:
            new = {}
            for n in synapse.states:
                parts = {*found[n], *self._of(self.rates[n], found)}
                for events, side in ((synapse.on_pre, PRE), (synapse.on_post, POST)):
                    if n in events:
                        parts |= {side, *self._of(events[n], found)}
                for bound in synapse.clip.get(n, ()):
                    parts |= self._of(bound, found)
                new[n] = frozenset(parts)
            if new == found:
                return found
            found = new

    def _of(self, expression: sp.Expr, states: dict[str, frozenset[str]]) -> frozenset[str]:
        parts: set[str] = set()
        for s in expression.free_symbols:
            side = split(s.name)
            if side is not None:
                parts.add(PRE if side[0] == "pre" else POST)
            elif s.name in states:
                parts |= states[s.name]
            elif s.name in self.edges:
                parts.add(EDGE)
        return frozenset(parts)

    def _at_rest(self, state: str) -> bool:
        """Return whether a state stands still at its start until the first spike arrives, whatever the others do."""
        start = {symbol(n): sp.Rational(repr(v)) for n, v in self.start_values().items()}
        start |= {symbol(n): sp.Rational(repr(v)) for n, v in self.synapse.at(**self.uniform()).values.items()}
        rate = self.rates[state].xreplace({symbol(f"pre.{SINCE_SPIKE}"): sp.oo}).subs(start)
        return bool(rate.is_zero)

    def uniform(self) -> dict[str, float]:
        """Return the parameter values that the projection gives for all its synapses."""
        given = {n: v for n, v in self.projection.at.items() if isinstance(v, float)}
        if isinstance(self.projection.w, float) and WEIGHT in self.synapse.parameters:
            given[WEIGHT] = self.projection.w
        return given

    def start_values(self) -> dict[str, float]:
        """Return the initial values of the states that are the same for all synapses."""
        given = self.synapse.initial | {n: v for n, v in self.projection.start.items() if isinstance(v, float)}
        if isinstance(self.projection.w, float) and WEIGHT in self.synapse.states:
            given[WEIGHT] = self.projection.w
        return {n: v for n, v in given.items() if n not in self.edges}

    def _summable(self) -> tuple[set[str], dict[str, str]]:
        """Return the states that can be summed over the synapses of a cell, and why the others cannot."""
        why: dict[str, str] = {}
        candidates = []
        for state in self.synapse.states:
            reason = self._not_a_sum(state)
            if reason:
                why[state] = reason
            else:
                candidates.append(state)
        group = set(candidates)
        while True:
            for state in sorted(group):
                reason = self._leaves_the_sum(state, group)
                if reason:
                    why[state] = reason
                    group.discard(state)
                    break
            else:
                return group, why

    def _not_a_sum(self, state: str) -> str:
        """Return why a state cannot be summed, looking at that state alone; "" if nothing speaks against it."""
        x = symbol(state)
        if state in self.synapse.clip:
            return "it is clipped"
        if self.start_values().get(state) != 0.0:
            return "it does not start at zero"
        if state in self.synapse.on_pre and derivative(self.synapse.on_pre[state] - x, x) != 0:
            return "a spike changes it by something that depends on itself"
        return ""

    def _leaves_the_sum(self, state: str, group: set[str]) -> str:
        """Return why a state cannot be summed together with the others of a group; "" if it can."""
        synapse, x = self.synapse, symbol(state)
        members = [symbol(n) for n in sorted(group)]
        for e, what in (
            (self.rates[state], "its equation"),
            (synapse.on_post.get(state), "what a postsynaptic spike does to it"),
        ):
            if e is None:
                continue
            slopes = [derivative(e, m) for m in members]
            linear = sum((a * m for a, m in zip(slopes, members, strict=True)), sp.Integer(0))
            if any(a.has(*members) for a in slopes) or sp.expand(e - linear) != 0:
                return f"{what} is not linear and homogeneous in states that can be summed"
            if any(self._of(a, self.drivers) - {POST} or a.has(TIME) for a in slopes):
                return f"{what} has coefficients that differ between the synapses of a cell"
        if state in synapse.on_pre and (synapse.on_pre[state] - x).expand().has(*members):
            return "a spike changes it by something that depends on summed states"
        readers = [n for n in synapse.states if n not in group and self.rates[n].has(x)]
        readers += [n for n, e in synapse.on_pre.items() if n != state and e.has(x)]
        readers += [n for n, e in synapse.on_post.items() if n not in group and e.has(x)]
        if readers:
            return f"{readers[0]} depends on it"
        return self._acts_in_proportion(state, group)

    def _acts_in_proportion(self, state: str, group: set[str]) -> str:
        """Return why the sum of a state would not act as the states do; "" if it does."""

        def sides(s: sp.Symbol) -> frozenset[str]:
            if s.name in group:
                return frozenset({SUMMED})
            return self._of(s, self.drivers)

        weights = set()
        for parameter, expression in self.synapse.into:
            if not expression.has(*(symbol(n) for n in group)):
                continue
            terms = separate(expression, sides)
            if terms is None:
                return f"what it adds to {parameter} cannot be separated into factors of the synapse and of the cell"
            for term in terms:
                if term.summed == 1:
                    continue
                if not term.summed.is_Symbol or term.pre != 1:
                    return f"what it adds to {parameter} is not in proportion to it alone"
                varying = {s.name for s in term.edge.free_symbols if s.name in self.rates}
                if varying:
                    return f"what it adds to {parameter} has the factor {sorted(varying)[0]}, a state of each synapse"
                weights.add(self._edge_factor(term))
        if len(weights) > 1:
            return "summed states act with different weights"
        return ""

    def _edge_factor(self, term: Term) -> sp.Expr:
        """Return the factor of a term that differs between synapses."""
        return sp.Mul(*(f for f in sp.Mul.make_args(term.edge) if any(s.name in self.edges for s in f.free_symbols)))

    # -- choice ----------------------------------------------------------------------------------------------------

    def _placed(self, state: str, summable: set[str], why_not: dict[str, str], share: bool) -> Placement:
        drivers = self.drivers[state]
        options: list[tuple[float, str, str]] = []
        pre, post, edges, streams = self._sizes()
        alike = streams < edges  # all to all: one sum over the sources, and one for each spike, reaches all targets
        late = varies(self.projection.delay) or self.projection.delay != 0.0
        clipped = state in self.synapse.clip
        dynamic = isinstance(whole_of(self.projection.source), Population)
        if drivers <= {PRE} and dynamic and not clipped and not (late and not self._at_rest(state)):
            cost = CELL * pre + EDGE_OF_SUM * streams + (CELL * post if alike else 0.0)
            options.append((cost, PER_PRE, "driven by the presynaptic cell alone"))
        if drivers <= {POST} and not clipped:
            options.append((CELL * post, PER_POST, "driven by the postsynaptic cell alone"))
        if state in summable:
            cost = CELL * post + EVENT * SPIKING * (pre if alike else edges)
            options.append((cost, SUM, "linear, raised by spikes, acts in proportion to itself"))
        options.append((SYNAPSE * edges, PER_SYNAPSE, why_not.get(state, "")))
        ordered = sorted(options, key=lambda option: option[0])
        best = ordered[0] if share else options[-1]
        reason = best[2] if share else "asked for with share=False"
        if best[1] == PER_SYNAPSE and share and not reason:
            reason = "driven by both cells"
        return Placement(state, best[1], reason, tuple(name for _, name, _ in ordered))

    def _sizes(self) -> tuple[float, float, float, float]:
        """Return the numbers of source cells, target cells, edges, and edges that a sum over sources runs along."""
        pre, post = self.projection.source.size or self.projection.target.size, self.projection.target.size
        connect = self.projection.connect
        assert connect is not None
        options = connect.options
        edges = float(pre * post)
        if connect.kind == "one_to_one":
            edges = float(post)
        elif connect.kind in ("probability", "gaussian"):
            edges *= options.get("p", options.get("p_max", 1.0))
        elif connect.kind in ("in_degree", "out_degree"):
            edges = float(options["count"] * (post if connect.kind == "in_degree" else pre))
        elif "pairs" in options:
            edges = float(len(options["pairs"]))
        uniform = connect.kind == "all_to_all" and WEIGHT not in self.edges and not varies(self.projection.delay)
        return float(pre), float(post), edges, float(pre) if uniform else edges

    def _settle(self, share: bool) -> None:
        """Make the places of states that depend on each other agree.

        A state that is read by one with a place per cell needs that place itself; a sum must keep all states of its
        group.
        """
        if not share:
            return
        changed = True
        while changed:
            changed = False
            for state, placement in list(self.placements.items()):
                if placement.where == PER_SYNAPSE:
                    continue
                for other in self._neighbours(state):
                    place = self.placements[other]
                    if place.where == placement.where or self._compatible(placement.where, place.where):
                        continue
                    choice = self._agreement(placement, place)
                    for name in (state, other):
                        if self.placements[name].where != choice:
                            kept = self.placements[name]
                            self.placements[name] = Placement(
                                name, choice, f"as the states it goes with ({state}, {other})", kept.options
                            )
                            changed = True

    def _neighbours(self, state: str) -> list[str]:
        """Return the states that the equation and the events of a state read."""
        read = [self.rates[state], *(e[state] for e in (self.synapse.on_pre, self.synapse.on_post) if state in e)]
        names = {s.name for e in read for s in e.free_symbols}
        return [n for n in self.synapse.states if n != state and n in names]

    @staticmethod
    def _compatible(reader: str, read: str) -> bool:
        """Return whether a state in one place may read one in another."""
        return reader == SUM and read in (PER_PRE, PER_POST, PER_SYNAPSE)

    @staticmethod
    def _agreement(one: Placement, other: Placement) -> str:
        for place in one.options:
            if place in other.options:
                return place
        return PER_SYNAPSE
