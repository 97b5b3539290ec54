"""Removable singularities, poles and kinks of expressions.

Rates such as ``0.1 (V + 40)/(1 - exp(-(V + 40)/10))`` are 0/0 at one voltage. Near it floating point loses the digits
of the value, and all of those of the derivatives; interval arithmetic never gets past it. `regularise` finds these
places *before* anything is differentiated and writes the quotient with the functions of `dynana.definition.special`,
which are regular there and closed under differentiation; sympy's Min and Max, whose derivatives are generalised
functions, become pairs of those. It never changes the value of an expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache, reduce
from itertools import combinations

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from dynana.definition import quotient_sums, quotients
from dynana.definition.notes import Note
from dynana.definition.special import bern, exprel, maximum, minimum

_Result = tuple[sp.Expr, tuple[sp.Expr, ...]]
_ZERO, _ONE = sp.S.Zero, sp.S.One


@lru_cache(maxsize=4096)
def regularise(expression: sp.Expr, variables: frozenset[sp.Symbol] | None = None) -> tuple[sp.Expr, tuple[Note, ...]]:
    """Replace the removable singularities of an expression by functions that are regular there.

    Parameters
    ----------
    expression : sympy.Expr
        In real symbols, with Rationals for numbers (floats are tolerated, and matched to 1e-9).
    variables : frozenset of sympy.Symbol, optional
        The symbols that vary along a solution: denominators without any of them give no note, and places are
        solved for them. By default all symbols vary.

    Returns
    -------
    regular : sympy.Expr
        Equal to ``expression`` wherever that is defined. Applied to it, this function changes nothing.
    notes : tuple of Note
        Removed singularities, poles and kinks, with their places.
    """
    regular, removed = _rewritten(expression)
    notes = [_removed(s, variables) for s in removed]
    notes += _poles(regular, variables)
    notes += _kinks(regular, variables)
    return regular, tuple(dict.fromkeys(notes))


def switching_surfaces(expression: sp.Basic) -> tuple[sp.Expr, ...]:
    """Return expressions that vanish where the given one (or a condition) has a kink or a jump.

    Each changes sign across its surface; no two differ by the sign only. The jumps of ``floor(u)`` are all at once the
    zeros of ``sin(pi u)``.
    """
    found: dict[sp.Expr, None] = {}
    for guard in _guards(expression):
        if guard.free_symbols and -guard not in found:
            found[guard] = None
    return tuple(found)


# -- rewriting -------------------------------------------------------------------------------------------------------


def _merge(parts: Iterable[tuple[sp.Expr, ...]]) -> tuple[sp.Expr, ...]:
    return tuple(dict.fromkeys(s for part in parts for s in part))


@lru_cache(maxsize=16384)
def _rewritten(node: sp.Expr) -> _Result:
    """Return the regular form of ``node`` and the zeros that were removed."""
    if not node.args or not node.free_symbols or isinstance(node, Boolean):
        return node, ()
    if isinstance(node, sp.Piecewise):
        pieces = [_rewritten(e) for e, _ in node.args]
        tests = [_decided(c) for _, c in node.args]
        chosen = [(e, c) for (e, _), c in zip(pieces, tests, strict=True)]
        if all(new == old for new, old in zip(chosen, node.args, strict=True)):
            return node, ()
        new = sp.Piecewise(*(piece for piece in chosen if piece[1] != sp.false), evaluate=False)
        return new, _merge(removed for _, removed in pieces)
    if isinstance(node, sp.Add):
        return _sum(node)
    node, removed = _inside(node)
    if isinstance(node, sp.Mul | sp.Pow | sp.coth | sp.csch):
        node, found = _product(node)
        removed = _merge((removed, found))
    return node, removed


def _decided(condition: Boolean) -> Boolean:
    """Return a condition without ITE, which is what sympy makes of choices in the conditions of choices."""
    if not condition.has(sp.ITE):
        return condition
    return condition.replace(sp.ITE, lambda test, yes, no: sp.Or(sp.And(test, yes), sp.And(sp.Not(test), no)))


@lru_cache(maxsize=16384)
def _inside(node: sp.Expr) -> _Result:
    """Return ``node`` with everything in it regular, but the product that it is itself left as it stands."""
    factors = isinstance(node, sp.Mul)
    parts = [_inside(a) if factors and isinstance(a, sp.Pow | sp.Mul) else _rewritten(a) for a in node.args]
    if any(new != old for (new, _), old in zip(parts, node.args, strict=True)):
        node = node.func(*(new for new, _ in parts))
    if isinstance(node, sp.Pow) and node.exp.is_Integer and node.exp < 0:
        node = quotients.normalised(node.base, int(node.exp))
    if isinstance(node, sp.Min | sp.Max):
        pair = minimum if isinstance(node, sp.Min) else maximum
        node = reduce(pair, sorted(node.args, key=sp.default_sort_key))
    return node, _merge(removed for _, removed in parts)


class _Factors:
    """A product taken apart: integer powers of bases, one exponential, and the rest."""

    def __init__(self, node: sp.Expr) -> None:
        self.powers: dict[sp.Expr, int] = {}
        self.exponent: sp.Expr = _ZERO
        self.rest: list[sp.Expr] = []
        for factor in sp.Mul.make_args(node):
            self._add(factor)

    def _add(self, factor: sp.Expr) -> None:
        base, power = (factor.base, factor.exp) if isinstance(factor, sp.Pow) else (factor, _ONE)
        if isinstance(factor, sp.exp):
            self.exponent += factor.exp
        elif not power.is_Integer or not base.free_symbols:
            self.rest.append(factor)
        elif isinstance(base, sp.coth | sp.csch):
            self._count((sp.tanh if isinstance(base, sp.coth) else sp.sinh)(base.args[0]), -int(power))
        elif power < 0 and isinstance(base, bern | exprel) and base.args[1] == 0:
            self._count((exprel if isinstance(base, bern) else bern)(base.args[0], _ZERO), -int(power))
        else:
            self._count(base, int(power))

    def _count(self, base: sp.Expr, power: int) -> None:
        self.powers[base] = self.powers.get(base, 0) + power

    def product(self) -> sp.Expr:
        return sp.Mul(*self.rest, *(b**p for b, p in self.powers.items()), sp.exp(self.exponent))


def _product(node: sp.Expr) -> _Result:
    """Cancel common zeros of numerator and denominator, and write sigmoids with `logistic`."""
    factors = _Factors(node)
    below = [b for b, p in factors.powers.items() if p < 0]
    if not below:
        return node, ()
    removed = []
    changed = any(isinstance(b, sp.coth | sp.csch | bern | exprel) for b in node.atoms(sp.Function))
    for base in below:
        for above in [b for b, p in factors.powers.items() if p > 0]:
            power = min(factors.powers[above], -factors.powers[base])
            if power > 0 and (s := _cancel(factors, above, base, power)) is not None:
                removed.append(s)
        pair = quotients.exponentials(base)
        if pair is not None and not pair.opposite:
            regular, left = quotients.over_exponentials(pair, -factors.powers[base], factors.exponent)
            if left == 0 or pair.u == 0:
                factors.rest.append(regular)
                factors.exponent = left
                factors.powers[base] = 0
                changed = True
    if removed or changed:
        return factors.product(), tuple(removed)
    for base in _vanishing(node):
        if any(b.has(sp.exp) for b, p in factors.powers.items() if p > 0):
            return quotient_sums.combined(base, [node], _product)
    return node, ()


def _cancel(factors: _Factors, above: sp.Expr, base: sp.Expr, power: int) -> sp.Expr | None:
    """Cancel the common zero of two factors; returns the expression that vanishes there, or None."""
    if not (quotients.transcendental(base) or quotients.transcendental(above)):
        if not (isinstance(base, sp.Add) and isinstance(above, sp.Add)):
            return None
    s = quotients.zero(base)
    scale = quotients.proportion(quotients.zero(above), s)
    if scale is None:
        return None
    if isinstance(base, sp.sinh | sp.tanh):
        regular = quotients.over_hyperbolic(base, power)
    elif (pair := quotients.exponentials(base)) is not None and pair.opposite:
        regular, factors.exponent = quotients.over_exponentials(pair, power, factors.exponent)
    else:
        regular = _ONE
    factors.rest += [(scale * quotients.divided(above)) ** power, regular]
    factors.powers[above] -= power
    factors.powers[base] += power
    return s


def _sum(node: sp.Expr) -> _Result:
    """Make every term regular, and those that are so only together: ``0.1 V/(1 - exp(s)) + 4/(1 - exp(s))``."""
    parts = [_inside(t) if isinstance(t, sp.Mul | sp.Pow) else _rewritten(t) for t in node.args]
    terms, removed = [t for t, _ in parts], [r for _, r in parts]
    groups: dict[sp.Expr, list[sp.Expr]] = {}
    for term in terms:
        for base in _vanishing(term):
            groups.setdefault(base, []).append(term)
    for base, group in groups.items():
        if len(group) > 1 and all(t in terms for t in group):
            new, found = quotient_sums.combined(base, group, _product)
            if found:
                terms = [t for t in terms if t not in group] + [new]
                removed.append(found)
    products = [_product(t) if isinstance(t, sp.Mul | sp.Pow) else (t, ()) for t in terms]
    new = [t for t, _ in products]
    if len(new) != len(node.args) or any(a != b for a, b in zip(new, node.args, strict=True)):
        node = sp.Add(*new)
    return node, _merge((*removed, *(r for _, r in products)))


def _vanishing(term: sp.Expr) -> list[sp.Expr]:
    """Bases with a zero, other than polynomials, that stand in the denominator of a term."""
    powers = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.Pow) and f.exp.is_Integer and f.exp < 0]
    return [f.base for f in powers if quotients.transcendental(f.base)]


# -- notes -----------------------------------------------------------------------------------------------------------


def _nodes(expression: sp.Basic) -> Iterator[sp.Basic]:
    """Every different subexpression, parents first."""
    seen: set[sp.Basic] = set()
    stack = [expression]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        stack.extend(reversed(node.args))


def _number(value: sp.Expr) -> str:
    return f"{float(value):.12g}" if value.is_number else str(value)


def _where(zero: sp.Expr, variables: frozenset[sp.Symbol] | None) -> tuple[str, bool]:
    """Return where an expression vanishes, in words, and whether it certainly does somewhere."""
    if isinstance(zero, sp.Mul) and variables is not None:
        zero = sp.Mul(*(f for f in zero.args if f.free_symbols & variables))
    free = zero.free_symbols if variables is None else zero.free_symbols & variables
    if len(free) == 1:
        (v,) = free
        expanded = sp.expand(zero)
        slope, rest = expanded.coeff(v, 1), expanded.coeff(v, 0)
        if slope != 0 and not (slope.has(v) or rest.has(v)) and sp.expand(expanded - slope * v - rest) == 0:
            return f"at {v} = {_number(sp.cancel(-rest / slope))}", bool(slope.is_number)
        if zero.free_symbols == free and zero.is_polynomial(v):
            roots = sp.real_roots(sp.nsimplify(zero, rational=True), v)
            places = " and ".join(f"{v} = {_number(r)}" for r in dict.fromkeys(roots))
            return (f"at {places}" if roots else ""), bool(roots)
    return f"where {zero.primitive()[1]} = 0", False


def _removed(zero: sp.Expr, variables: frozenset[sp.Symbol] | None) -> Note:
    text, _ = _where(zero, variables)
    return Note("removable singularity", f"0/0 {text}; the quotient is replaced by its limit there", zero)


def _poles(expression: sp.Expr, variables: frozenset[sp.Symbol] | None) -> Iterator[Note]:
    for node in _nodes(expression):
        if isinstance(node, sp.Pow) and not node.exp.is_nonnegative:
            base, word = node.base, "denominator"
        elif isinstance(node, sp.log):
            base, word = node.args[0], "logarithm"
        elif isinstance(node, sp.tan):
            base, word = sp.cos(node.args[0]), "tangent"
        else:
            continue
        varying = base.free_symbols if variables is None else base.free_symbols & variables
        pair = quotients.exponentials(base)
        if not varying or base.is_nonzero or (pair is not None and not pair.opposite):
            continue
        place = quotients.zero(base)
        text, certain = _where(place, variables)
        if not text:  # a polynomial without real roots
            continue
        if certain:
            yield Note("pole", f"a {word} vanishes {text}", place)
        else:
            yield Note("possible pole", f"a {word} may vanish {text}", place)


_WORDS: dict[type[sp.Basic], str] = {
    sp.sign: "it jumps",
    sp.Heaviside: "it jumps",
    sp.floor: "it jumps",
    sp.ceiling: "it jumps",
    sp.Piecewise: "it switches",
}


def _kinks(expression: sp.Expr, variables: frozenset[sp.Symbol] | None) -> Iterator[Note]:
    for node in _nodes(expression):
        if isinstance(node, sp.Piecewise):
            guards = [g for _, condition in node.args for g in _guards(condition)]
        elif isinstance(node, sp.Pow) and node.exp.is_Rational and not node.exp.is_Integer and node.exp > 0:
            guards = [] if node.base.is_positive else [node.base]
        elif isinstance(node, Relational):
            continue  # named by the expression that asks
        else:
            guards = list(_surfaces(node))
        for guard in guards:
            if not (guard.free_symbols if variables is None else guard.free_symbols & variables):
                continue
            text, _ = _where(guard, variables)
            yield Note("kink", f"{_WORDS.get(node.func, 'it is not smooth')} {text}", guard)


def _guards(expression: sp.Basic) -> Iterator[sp.Expr]:
    for node in _nodes(expression):
        yield from _surfaces(node)


def _surfaces(node: sp.Basic) -> Iterator[sp.Expr]:
    """Expressions that change sign where this node itself (not what is inside it) is not smooth."""
    if isinstance(node, Relational):
        yield node.lhs - node.rhs
    elif isinstance(node, sp.Abs | sp.sign | sp.Heaviside):
        yield node.args[0]
    elif isinstance(node, minimum | maximum | sp.Min | sp.Max):
        for a, b in combinations(node.args, 2):
            yield a - b
    elif isinstance(node, sp.floor | sp.ceiling):
        yield sp.sin(sp.pi * node.args[0])
    elif isinstance(node, sp.Mod):
        yield sp.sin(sp.pi * node.args[0] / node.args[1])
