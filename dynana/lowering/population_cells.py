"""A cell of a population as the generated operations see it: rows of a block, symbols, expressions.

A block of 64 cells has the rows: states, the end of each refractory time (as the number of the last step at whose start
the cell rests), a latch for each jump that may still hold after itself, the number of the step of the last spike where
something asks for it, parameters with a value per cell, and for ``rk4`` the point at which the derivatives are taken
and their weighted sum, for ``adaptive`` the length of the step that is tried next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from dynana.definition.integrators import Linear, integrator, linear_part
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.lowering.blocks import STEP, increments
from dynana.lowering.hoisting import Hoist
from dynana.lowering.population_steps import Form, step_of_cell

#: Leading entries of the table of constants: start, dt, h.
FIXED_CONSTANTS = 3


@dataclass(frozen=True, eq=False)
class Cell:
    """One system in one form."""

    system: System
    form: Form

    # -- rows ----------------------------------------------------------------------------------------------------------

    @cached_property
    def n(self) -> int:
        """Number of states."""
        return len(self.system.states)

    @cached_property
    def releases(self) -> tuple[int, ...]:
        """Row of the end of the refractory time of each jump, -1 for jumps without."""
        rows = iter(range(self.n, self.n + len(self.system.jumps)))
        return tuple(-1 if jump.refractory is None else next(rows) for jump in self.system.jumps)

    @cached_property
    def latches(self) -> tuple[int, ...]:
        """Row of the latch of each jump, -1 for jumps without."""
        rows = iter(range(self.n + sum(r >= 0 for r in self.releases), 10**6))
        return tuple(next(rows) if k in self.form.latched else -1 for k in range(len(self.system.jumps)))

    @cached_property
    def clock(self) -> int:
        """Row of the number of the step of the last spike, -1 if nothing asks for it."""
        return self.n + sum(r >= 0 for r in (*self.releases, *self.latches)) if self.form.clock else -1

    @cached_property
    def first_parameter(self) -> int:
        """First row of parameters."""
        return self.n + sum(r >= 0 for r in (*self.releases, *self.latches, self.clock))

    @cached_property
    def first_point(self) -> int:
        """First row of the point at which ``rk4`` takes the derivatives; 0, the state itself, for other methods."""
        return self.first_parameter + len(self.form.rows) if self.method == "rk4" else 0

    @cached_property
    def pace(self) -> int:
        """Row of the step that an adaptive method will try next."""
        return self.first_parameter + len(self.form.rows)

    @cached_property
    def rows(self) -> int:
        """Number of rows of a block."""
        return self.first_parameter + len(self.form.rows) + {"rk4": 2 * self.n, "adaptive": 1}.get(self.method, 0)

    # -- symbols -------------------------------------------------------------------------------------------------------

    @cached_property
    def hoist(self) -> Hoist:
        """What replaces uniform subexpressions."""
        symbols = self.system.symbols
        return Hoist([STEP, *(symbols[p] for p in self.system.parameters if p not in self.varying)])

    @cached_property
    def varying(self) -> frozenset[str]:
        """Parameters that change during the run or differ between cells."""
        return frozenset({*self.form.rows, *self.form.live, self.form.clock})

    @cached_property
    def linear(self) -> Linear | None:
        """The system as a linear one with uniform coefficients, if it is."""
        return linear_part(self.system, self.varying)

    @cached_property
    def method(self) -> str:
        """The integrator."""
        return integrator(self.system, self.form.method, self.varying, self.form.coupled).method

    @cached_property
    def wiener(self) -> list[sp.Dummy]:
        """Symbols of the increments of the Wiener processes."""
        return increments(self.system)

    @cached_property
    def names(self) -> dict[sp.Symbol, str]:
        """Local variables of symbols that vary."""
        symbols = self.system.symbols
        names = {symbols[s]: f"s{i}" for i, s in enumerate(self.system.states)}
        names |= {symbols[p]: f"p{i}" for i, p in enumerate(self.form.rows)}
        names |= {symbols[p]: f"v{i}" for i, p in enumerate(self.form.live)}
        names |= {symbols[self.form.clock]: "since"} if self.form.clock else {}
        return names | {w: f"w{i}" for i, w in enumerate(self.wiener)} | {TIME: "t"}

    @cached_property
    def holders(self) -> list[list[int]]:
        """For each state the jumps that hold it."""
        return [[k for k, j in enumerate(self.system.jumps) if name in (j.hold or ())] for name in self.system.states]

    # -- expressions ---------------------------------------------------------------------------------------------------

    @cached_property
    def linear_constants(self) -> dict[sp.Symbol, str]:
        """Symbols of the entries of the propagator that are not zero, and where the plain function finds them."""
        found: dict[sp.Symbol, str] = {}
        assert self.linear is not None
        reach = self.linear.reaches()
        for i in range(self.n):
            for j in range(self.n):
                if reach[i][j]:
                    found[sp.Dummy(f"P{i}_{j}", real=True)] = f"P[{i}, {j}]"
                if reach[i][j] and self.linear.varying[j] != 0:
                    found[sp.Dummy(f"Q{i}_{j}", real=True)] = f"Q[{i}, {j}]"
            if any(reach[i][j] and self.linear.fixed[j] != 0 for j in range(self.n)):
                found[sp.Dummy(f"K{i}", real=True)] = f"K[{i}]"
        return found

    @cached_property
    def after(self) -> list[sp.Expr]:
        """The state after a step, uniform parts replaced."""
        if self.method != "exact":
            return [self.hoist(e) for e in step_of_cell(self.system, self.method, self.wiener)]
        assert self.linear is not None
        symbols = {code: s for s, code in self.linear_constants.items()}
        states = [self.system.symbols[n] for n in self.system.states]
        varying = [self.hoist(e) for e in self.linear.varying]
        rows = []
        for i in range(self.n):
            terms = [symbols[f"P[{i}, {j}]"] * states[j] for j in range(self.n) if f"P[{i}, {j}]" in symbols]
            terms += [symbols[f"Q[{i}, {j}]"] * varying[j] for j in range(self.n) if f"Q[{i}, {j}]" in symbols]
            rows.append(sp.Add(*terms, *([symbols[f"K[{i}]"]] if f"K[{i}]" in symbols else [])))
        return rows

    @cached_property
    def rates(self) -> list[sp.Expr]:
        """The derivatives, uniform parts replaced."""
        return [self.hoist(e) for e in self.system.regular]

    @cached_property
    def conditions(self) -> list[sp.Basic]:
        """The conditions of the jumps, uniform parts replaced."""
        return [self.hoist(_plain_condition(jump.when)) for jump in self.system.jumps]

    def constant_names(self) -> dict[sp.Symbol, str]:
        """Return the local variables of all constants found so far, in the order of the table."""
        found = [*(self.linear_constants if self.method == "exact" else ()), *self.hoist.constants.values()]
        return {s: f"c{FIXED_CONSTANTS + i}" for i, s in enumerate(found)}


def _plain_condition(when: sp.Basic) -> sp.Basic:
    """Return a condition whose sides are regular."""
    if isinstance(when, sp.Rel):
        return when.func(regularise(when.lhs)[0], regularise(when.rhs)[0], evaluate=False)
    return when.func(*(_plain_condition(part) for part in when.args), evaluate=False)
