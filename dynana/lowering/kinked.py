"""Systems whose equations have kinks or jump, as smooth branches that change where a switching function vanishes.

Every switching function u of the equations (the argument of an absolute value, the difference of the arguments of a
maximum, of a comparison, ...) has a side: u > 0 or not. All sides together are a binary number, the *code*, which is
one more state (more than one where there are many switches). It rests, except that it changes by a jump where a
switching function leaves its side. Written in terms of the code instead of the signs, the equations are smooth, also
beyond the surfaces: what remains is a system with jumps that leave the given states alone, and its orbits are those of
`dynana.lowering.spiking`, segments of smooth orbits with saltation matrices between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from dynana.definition.parts import Jump
from dynana.definition.special import maximum, minimum
from dynana.definition.system import System
from dynana.definition.tracing import free_name, symbol
from dynana.lowering import kinds
from dynana.lowering.modules import Source
from dynana.lowering.spiking import Clocked

#: Switches whose sides one code holds: its integers are exact far beyond.
BITS = 40
_HALF = sp.Rational(1, 2)


@dataclass(frozen=True, eq=False)
class Kinked:
    """A system with kinks as its orbits are computed.

    Attributes
    ----------
    base : System
        As given.
    clocked : Clocked
        Of the system with codes: states as given, then the codes; jump k changes the side of switch k.
    switches : tuple of str
        The switching functions.
    """

    base: System
    clocked: Clocked
    switches: tuple[str, ...]

    @property
    def codes(self) -> int:
        """Number of codes."""
        return len(self.clocked.system.states) - len(self.base.states)

    def code(self, above: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the codes for which these switching functions are positive, shape (codes,)."""
        bits = np.zeros(self.codes * BITS)
        bits[: above.size] = above
        result: NDArray[np.float64] = bits.reshape(self.codes, BITS) @ 2.0 ** np.arange(BITS)
        return result


class _Structure:
    """A system whose values do not count: what is made of it once serves all values."""

    def __init__(self, system: System) -> None:
        self.system, self._fingerprint = system, system.fingerprint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Structure) and self._fingerprint == other._fingerprint

    def __hash__(self) -> int:
        return hash(self._fingerprint)


@lru_cache(maxsize=64)
def kinked(system: System) -> Kinked | None:
    """Return a system with what its orbits across kinks need.

    None where there is nothing to be done (the equations have no kinks in the states) or where it cannot be done this
    way: time enters the equations, steps are without number (``floor``), or the system has jumps of its own.
    """
    if system.jumps or system.noise or not system.autonomous or not system.states:
        return None
    made = _made(_Structure(system))
    if made is None:
        return None
    with_codes = made.clocked.system.at(**system.values)
    return replace(made, base=system, clocked=replace(made.clocked, system=with_codes, base=with_codes))


@lru_cache(maxsize=64)
def _made(structure: _Structure) -> Kinked | None:
    system = structure.system
    if any(e.has(sp.floor, sp.ceiling, sp.Mod, sp.Eq, sp.Ne) for e in system.regular):
        return None
    surfaces = _surfaces(system)
    return _with_codes(system, surfaces) if surfaces else None


def _surfaces(system: System) -> tuple[sp.Expr, ...]:
    """Return the switching functions that depend on states, none of which is a multiple of another."""
    states = {symbol(n) for n in system.states}
    found: list[sp.Expr] = []
    for u in _switches(system.regular):
        if u.free_symbols & states and not any(_multiple(u, v) for v in found):
            found.append(u)
    return tuple(found)


def _switches(expressions: Sequence[sp.Basic]) -> Iterator[sp.Expr]:
    for expression in expressions:
        for node in sp.preorder_traversal(expression):
            for u, _ in _compared(node):
                yield u


def _compared(node: sp.Basic) -> Iterator[tuple[sp.Expr, tuple[int, int]]]:
    """Return the functions at whose zeros a node itself is not smooth, and the arguments that they compare."""
    if isinstance(node, Relational):
        yield node.lhs - node.rhs, (0, 1)
    elif isinstance(node, sp.Abs | sp.sign | sp.Heaviside):
        yield node.args[0], (0, 0)
    elif isinstance(node, minimum | maximum | sp.Min | sp.Max):
        for i, k in combinations(range(len(node.args)), 2):
            yield node.args[i] - node.args[k], (i, k)


def _multiple(u: sp.Expr, v: sp.Expr) -> int:
    """Return the sign of u/v where that is a number, 0 otherwise."""
    if u == v or u == -v:
        return 1 if u == v else -1
    if u.free_symbols != v.free_symbols:
        return 0
    ratio = sp.cancel(u / v)
    return int(sp.sign(ratio)) if ratio.is_number else 0


def _with_codes(system: System, surfaces: tuple[sp.Expr, ...]) -> Kinked:
    """Return the system in which codes take the place of the signs of switching functions."""
    taken = set(system.symbols)
    codes = [symbol(free_name(f"code{k + 1}", taken)) for k in range(-(-len(surfaces) // BITS))]
    branches = _Branches(surfaces, codes)
    rows = {n: branches.of(e) for n, e in zip(system.states, system.regular, strict=True)}
    rows |= {code.name: sp.Integer(0) for code in codes}
    jumps = []
    for k, u in enumerate(surfaces):
        above, code, smooth = branches.above(k), codes[k // BITS], branches.of(u)
        change = sp.Piecewise((-1, above), (1, True)) * 2 ** (k % BITS)
        leaves = sp.Piecewise((-smooth, above), (smooth, True)) > 0
        jumps.append(Jump(when=leaves, to={code.name: sp.floor(code + _HALF) + change}, name=f"switch{k + 1}"))
    made = System(rows, system.values, jumps=jumps, name=system.name)
    events = tuple((k, k) for k in range(len(surfaces)))
    return Kinked(system, Clocked(made, made, False, False, False, events), tuple(str(u) for u in surfaces))


class _Branches:
    """Expressions with the sides of switching functions taken from codes."""

    def __init__(self, surfaces: tuple[sp.Expr, ...], codes: Sequence[sp.Symbol]) -> None:
        self._surfaces, self._codes = surfaces, codes
        self._known: dict[sp.Basic, sp.Basic] = {}

    def above(self, k: int) -> Boolean:
        """Return the condition that switching function k is on its positive side: whether that bit is set."""
        code, bit = self._codes[k // BITS], k % BITS
        whole = (code + _HALF) / 2**bit
        return sp.floor(whole) - 2 * sp.floor(whole / 2) > _HALF

    def of(self, node: sp.Basic) -> sp.Basic:
        """Return an expression or a condition in which no state is compared any more."""
        if not node.args:
            return node
        if node not in self._known:
            self._known[node] = self._rewritten(node)
        return self._known[node]

    def _rewritten(self, node: sp.Basic) -> sp.Basic:
        sides = {places: self._side(u) for u, places in _compared(node)}
        if isinstance(node, sp.Piecewise):
            return sp.Piecewise(*((self.of(e), self.of(c)) for e, c in node.args), evaluate=False)
        args = [self.of(a) for a in node.args]
        if not sides or None in sides.values():  # no state in what is compared
            return node.func(*args) if any(a is not b for a, b in zip(args, node.args, strict=True)) else node
        if isinstance(node, Relational):
            (side,) = sides.values()
            return side if isinstance(node, sp.StrictGreaterThan | sp.GreaterThan) else sp.Not(side)
        if isinstance(node, sp.Abs | sp.sign | sp.Heaviside):
            (side,) = sides.values()
            one, other = {sp.Abs: (args[0], -args[0]), sp.sign: (1, -1), sp.Heaviside: (1, 0)}[node.func]
            return sp.Piecewise((one, side), (other, True))
        largest = isinstance(node, maximum | sp.Max)
        cases = []
        for i, a in enumerate(args[:-1]):
            wins = [sides[i, k] if i < k else sp.Not(sides[k, i]) for k in range(len(args)) if k != i]
            if not largest:
                wins = [sp.Not(w) for w in wins]
            cases.append((a, sp.And(*wins)))
        return sp.Piecewise(*cases, (args[-1], True))

    def _side(self, u: sp.Expr) -> Boolean | None:
        """Return the condition that a switching function is positive; None if it is none of them."""
        for k, surface in enumerate(self._surfaces):
            sign = _multiple(u, surface)
            if sign:
                return self.above(k) if sign > 0 else sp.Not(self.above(k))
        return None


@kinds.kind("sides")
def _sides(system: System) -> Source:
    """``sides(t, y, p, out)``: the switching functions of a system as given, in the order of `Kinked.switches`."""
    return kinds.vector(system, "sides", list(_surfaces(system)), "switching functions")
