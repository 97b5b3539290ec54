"""Kernels for the search of equilibria: fewer equations, as interval functions with their Jacobian.

Where a row of the system determines a variable (a gate at its steady state, a recovery variable), the variable is
eliminated: row = g (a x + b) with a and g free of x gives x = -b/a. No equilibrium is lost as long as a and g do not
vanish. That is certain for some factors (exponentials, sums of positive rates); others are taken on trial if they do
not change sign at sample points, and handed to the search as divisors: it proves for every box that they do not vanish,
and where that fails the full system is searched. Among all ways to eliminate, the one that leaves the fewest equations
is taken.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.special import logistic
from dynana.definition.system import System
from dynana.lowering.interval_printer import IntervalPrinter
from dynana.lowering.kinds import kind, legend
from dynana.lowering.modules import Function, Source

#: Sets of remaining variables that are tried; beyond that nothing but gates is eliminated.
MOST_SETS = 20_000
#: Points at which a factor of unknown sign is tried.
SAMPLES = 40


@dataclass(frozen=True)
class Root:
    """One way to determine a variable: ``numerator/denominator`` zeroes the row, provided no divisor vanishes."""

    numerator: sp.Expr
    denominator: sp.Expr
    divisors: tuple[sp.Expr, ...]

    @property
    def formula(self) -> sp.Expr:
        """The quotient; n/(n + r) as 1/(1 + r/n), in which rates that rise and fall oppositely give a tight range."""
        rest = self.denominator - self.numerator
        shares = set(sp.Add.make_args(self.numerator)) <= set(sp.Add.make_args(self.denominator))
        if isinstance(self.denominator, sp.Add) and shares and self.numerator.free_symbols and rest != 0:
            return 1 / (1 + rest / self.numerator)
        return self.numerator / self.denominator


@dataclass(frozen=True)
class Reduction:
    """A system of fewer equations with the same equilibria.

    Parameters
    ----------
    remaining : tuple of int
        States that remain unknowns.
    rows : tuple of int
        Equations that remain, as many.
    eliminated : tuple of (int, Root)
        States that are given by the remaining ones and by those before them in this tuple.
    """

    remaining: tuple[int, ...]
    rows: tuple[int, ...]
    eliminated: tuple[tuple[int, Root], ...]

    @property
    def divisors(self) -> tuple[sp.Expr, ...]:
        """Expressions that must not vanish, each once."""
        return tuple(dict.fromkeys(d for _, root in self.eliminated for d in root.divisors))


class Elimination:
    """The rows of a system and every way to solve one of them for one variable."""

    def __init__(self, system: System) -> None:
        symbols = system.symbols
        self.states = [symbols[n] for n in system.states]
        self.positive = {symbols[n]: sp.Dummy(n, positive=True) for n in system.parameters}
        self.samples = _samples(system)
        self.rows = [self._stripped(e) for e in system.regular]
        self.content = [{j for j, s in enumerate(self.states) if row.has(s)} for row in self.rows]
        self.roots = {
            (i, j): root for i, row in enumerate(self.rows) for j in self.content[i] if (root := self._root(row, j))
        }

    def _stripped(self, row: sp.Expr) -> sp.Expr:
        """Return a row without factors that never vanish."""
        return sp.Mul(*(f for f in sp.Mul.make_args(row) if not (f.free_symbols and f.is_nonzero)))

    def _root(self, row: sp.Expr, variable: int) -> Root | None:
        x = self.states[variable]
        own = [f for f in sp.Mul.make_args(row) if f.has(x)]
        if len(own) != 1:
            return None
        slope = derivative(own[0], x)
        slope = sp.expand(slope) if slope.has(x) else slope
        if slope == 0 or slope.has(x):
            return None
        rest = own[0].xreplace({x: sp.Integer(0)})
        divisors = self._divisors(
            [*sp.Mul.make_args(sp.factor_terms(slope)), *(f for f in sp.Mul.make_args(row) if not f.has(x))]
        )
        if slope.could_extract_minus_sign():
            return None if divisors is None else Root(rest, -slope, divisors)
        return None if divisors is None else Root(-rest, slope, divisors)

    def _divisors(self, factors: Iterable[sp.Expr]) -> tuple[sp.Expr, ...] | None:
        """Return the factors whose sign must be checked with the parameter values; None if one may well vanish."""
        checked = []
        for factor in factors:
            reciprocal = isinstance(factor, sp.Pow) and factor.exp.is_negative
            if factor.is_nonzero or reciprocal:
                continue
            if (
                factor.has(*self.states)
                and not factor.xreplace(self.positive).is_nonzero
                and not self._keeps_sign(factor)
            ):
                return None
            checked.append(factor)
        return tuple(checked)

    def _keeps_sign(self, factor: sp.Expr) -> bool:
        """Return whether a factor has the same sign at all sample points: a guess that the search proves or refutes."""
        signs = {sp.sign(factor.xreplace(point).evalf()) for point in self.samples}
        return signs == {sp.Integer(1)} or signs == {sp.Integer(-1)}

    def closure(self, remaining: Iterable[int]) -> Reduction | None:
        """Return the reduction to some variables, or None if they do not determine the others."""
        known, free = set(remaining), list(range(len(self.rows)))
        eliminated: list[tuple[int, Root]] = []
        while len(known) < len(self.states):
            open_rows = [(i, next(iter(self.content[i] - known))) for i in free if len(self.content[i] - known) == 1]
            ways = [(i, j) for i, j in open_rows if (i, j) in self.roots]
            if not ways:
                return None
            i, j = min(ways, key=lambda way: (len(self.roots[way].divisors), way[0] != way[1], way))
            eliminated.append((j, self.roots[i, j]))
            known.add(j)
            free.remove(i)
        return Reduction(tuple(remaining), tuple(free), tuple(eliminated))


def _samples(system: System) -> list[dict[sp.Basic, sp.Basic]]:
    """Return points in and on the default ranges (around the initial values, where there are none)."""
    generator = random.Random(0)
    fixed = {system.symbols[n]: sp.Float(v) for n, v in system.values.items()}
    ranges = {
        n: (v - 2 * max(1.0, abs(v)), v + 2 * max(1.0, abs(v))) for n, v in system.initial.items()
    } | system.ranges
    corners = {system.symbols[n]: (low, high, None, None) for n, (low, high) in ranges.items()}
    points = []
    for _ in range(SAMPLES):
        chosen = {s: (generator.choice(ends), ends) for s, ends in corners.items()}
        values = {s: generator.uniform(ends[0], ends[1]) if v is None else v for s, (v, ends) in chosen.items()}
        points.append(fixed | {s: sp.Float(v) for s, v in values.items()})
    return points


def reduction(system: System) -> Reduction:
    """Return the reduction of a system to the fewest equations (the fewest divisors among equals)."""
    work = Elimination(system)
    tried = 0
    for size in range(1, len(system.states) + 1):
        found = []
        for remaining in combinations(range(len(system.states)), size):
            tried += 1
            if tried > MOST_SETS:
                gates = {j for i, j in work.roots if i == j}
                reduced = work.closure(tuple(j for j in range(len(system.states)) if j not in gates))
                return reduced or unreduced(system)
            if reduced := work.closure(remaining):
                found.append(reduced)
        if found:
            return min(found, key=lambda r: len(r.divisors))
    return unreduced(system)


def unreduced(system: System) -> Reduction:
    """Return the reduction that eliminates nothing."""
    everything = tuple(range(len(system.states)))
    return Reduction(everything, everything, ())


def unit_gates(system: System) -> tuple[int, ...]:
    """Return the states whose steady state provably lies in [0, 1]: opening and closing rates that are not negative."""
    work = Elimination(system)
    gates = []
    for (i, j), root in work.roots.items():
        x = root.numerator / root.denominator
        rates = root.numerator.is_nonnegative and (root.denominator - root.numerator).is_nonnegative
        share = root.denominator == 1 and (isinstance(x, logistic) or sp.expand(2 * x - 1).func is sp.tanh)
        if i == j and not root.divisors and (rates or share):
            gates.append(i)
    return tuple(gates)


@kind("equilibria")
def _equilibria(system: System, mode: str = "reduced") -> Source:
    """Interval kernel ``equations``: rows, eliminated variables, divisors and, if there is room, the Jacobian.

    One kernel for all: the derivatives need the values anyway, and compiling them together takes half the time.
    """
    reduced = reduction(system) if mode == "reduced" else unreduced(system)
    symbols = system.symbols
    states = [symbols[n] for n in system.states]
    rows = [Elimination(system).rows[i] for i in reduced.rows]
    definitions = {states[j]: root.formula for j, root in reduced.eliminated}
    unknowns = [states[j] for j in reduced.remaining]
    code = {s: f"x{k}" for k, s in enumerate(unknowns)}
    code |= {symbols[n]: f"p{k}" for k, n in enumerate(system.parameters)}
    printer = IntervalPrinter(code, definitions)
    values = [printer.value(e) for e in (*rows, *definitions, *reduced.divisors)]
    lines = [*printer.lines, *_stores(values, 0), f"if ol.shape[0] > {len(values)}:"]
    done = len(printer.lines)
    slopes = [printer.slope(row, x) or "(0.0, 0.0)" for row in rows for x in unknowns]
    lines += [f"    {line}" for line in (*printer.lines[done:], *_stores(slopes, len(values)))]
    words = set("\n".join(lines).replace("(", " ").replace(")", " ").replace(",", " ").split())
    loads = [f"x{k} = (xl[{k}], xu[{k}])" for k in range(len(unknowns)) if f"x{k}" in words]
    loads += [f"p{k} = (pl[{k}], pu[{k}])" for k in range(len(system.parameters)) if f"p{k}" in words]
    kernel = Function(name="equations", arguments="xl, xu, pl, pu, ol, ou", body=(*loads, *lines), signature="INTERVAL")
    constants = {
        "REMAINING": reduced.remaining,
        "ELIMINATED": tuple(j for j, _ in reduced.eliminated),
        "FORMULAS": tuple(str(root.numerator / root.denominator) for _, root in reduced.eliminated),
        "DIVISORS": tuple(map(str, reduced.divisors)),
        "UNIT_GATES": unit_gates(system),
    }
    title = f"equilibria as zeros of {len(rows)} equation(s)"
    return Source(functions=(kernel,), imports=printer.imports, constants=constants, comment=legend(system, title))


def _stores(results: list[str], first: int) -> list[str]:
    return [f"ol[{k}], ou[{k}] = {r}" for k, r in enumerate(results, first)]
