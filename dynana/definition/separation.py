"""Writing an expression as a sum of products whose factors belong to one side each.

What a synapse contributes to its target can be computed per cell instead of per synapse if it is a sum of terms
(of the synapse) x (of the presynaptic cell) x (of the postsynaptic cell).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

#: What a factor may depend on, besides numbers.
EDGE, PRE, POST, SUMMED = "edge", "pre", "post", "summed"
Sides = Callable[[sp.Symbol], frozenset[str]]

#: Terms beyond which the product of sums is not multiplied out any more.
MOST_TERMS = 64


@dataclass(frozen=True)
class Term:
    """One product: factors by side; ``edge`` holds also what is the same for all synapses."""

    edge: sp.Expr
    pre: sp.Expr
    post: sp.Expr
    summed: sp.Expr

    def times(self, other: Term) -> Term:
        """Return the product of two terms."""
        return Term(self.edge * other.edge, self.pre * other.pre, self.post * other.post, self.summed * other.summed)


def separate(expression: sp.Expr, sides: Sides) -> tuple[Term, ...] | None:
    """Return the terms of an expression, or None if it cannot be separated.

    Parameters
    ----------
    expression : sympy.Expr
    sides : function of a symbol
        What the symbol depends on, a subset of {EDGE, PRE, POST, SUMMED}.
    """
    side = dependence(expression, sides)
    if len(side) <= 1 and (SUMMED not in side or expression.is_Symbol):
        return _collected([_single(expression, side, sides)])
    if isinstance(expression, sp.Add):
        found: list[Term] = []
        for part in expression.args:
            terms = separate(part, sides)
            if terms is None:
                return None
            found += terms
        return _collected(found)
    if isinstance(expression, sp.Mul):
        product: tuple[Term, ...] = (_single(sp.Integer(1), frozenset(), sides),)
        for factor in expression.args:
            terms = separate(factor, sides)
            if terms is None or len(terms) * len(product) > MOST_TERMS:
                return None
            product = tuple(a.times(b) for a in product for b in terms)
        return _collected(list(product))
    if isinstance(expression, sp.Pow) and isinstance(expression.base, sp.Add):
        if expression.exp.is_Integer and 0 < expression.exp <= MOST_TERMS:
            return separate(sp.expand_multinomial(expression), sides)
    return _apart(expression, sides)


def _single(factor: sp.Expr, side: frozenset[str], sides: Sides) -> Term:
    """Return a factor of one side as a term; what is the same for all synapses goes to their side."""
    one = sp.Integer(1)
    place = next(iter(side), EDGE)
    same, own = factor.as_independent(*(s for s in factor.free_symbols if sides(s)), as_Add=False)
    if place == EDGE:
        same, own = factor, one
    return Term(
        edge=same,
        pre=own if place == PRE else one,
        post=own if place == POST else one,
        summed=own if place == SUMMED else one,
    )


def dependence(expression: sp.Basic, sides: Sides) -> frozenset[str]:
    """Return the union of the sides of all symbols of an expression."""
    return frozenset().union(*(sides(s) for s in expression.free_symbols))


def _apart(factor: sp.Expr, sides: Sides) -> tuple[Term, ...] | None:
    """Try the identities of exponentials, powers and trigonometric functions."""
    for expand in (sp.expand_power_exp, sp.expand_power_base, sp.expand_trig):
        expanded = expand(factor)
        if expanded != factor:
            return separate(expanded, sides)
    return None


def _collected(terms: list[Term]) -> tuple[Term, ...]:
    """Add the postsynaptic factors of terms that are alike otherwise, and leave out what cancels."""
    sums: dict[tuple[sp.Expr, sp.Expr, sp.Expr], sp.Expr] = {}
    for term in terms:
        number, edge = term.edge.as_coeff_Mul()
        key = (edge, term.pre, term.summed)
        sums[key] = sums.get(key, sp.Integer(0)) + number * term.post
    return tuple(Term(edge, pre, post, summed) for (edge, pre, summed), post in sums.items() if post != 0)
