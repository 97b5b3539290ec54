"""What is the same for all cells at all steps is worked out once, before the loops.

`Hoist` replaces every largest subexpression of uniform quantities by a symbol: ``exp(-h/tau)``, ``(V_rest + R I)/tau``.
The compiler could do so too, but once per step: a dozen exponentials are a tenth of a step of a small network.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp


class Hoist:
    """Replaces uniform subexpressions by symbols.

    Parameters
    ----------
    uniform : iterable of sympy.Symbol
        What does not change during a run and is the same for all cells.

    Attributes
    ----------
    constants : dict of expression to symbol
        What has been replaced, in the order of its first appearance.
    """

    def __init__(self, uniform: Iterable[sp.Symbol]) -> None:
        self._uniform = frozenset(uniform)
        self._done: dict[sp.Basic, sp.Basic] = {}
        self.constants: dict[sp.Expr, sp.Symbol] = {}

    def is_uniform(self, e: sp.Basic) -> bool:
        """Return whether an expression contains nothing but numbers and uniform symbols."""
        return bool(e.free_symbols <= self._uniform)

    def constant(self, e: sp.Expr) -> sp.Expr:
        """Return the symbol of a uniform expression; a number stands for itself."""
        if e.is_number:
            return e
        return self.constants.setdefault(e, sp.Dummy(f"c{len(self.constants)}", real=True))

    def __call__(self, e: sp.Basic) -> sp.Basic:
        """Return the expression with its uniform parts replaced."""
        if e not in self._done:
            self._done[e] = self._replaced(e)
        return self._done[e]

    def _replaced(self, e: sp.Basic) -> sp.Basic:
        if isinstance(e, sp.Expr) and self.is_uniform(e):
            return self.constant(e)
        if not e.args:
            return e
        if isinstance(e, sp.Add | sp.Mul):
            fixed = [a for a in e.args if self.is_uniform(a)]
            if any(not a.is_number for a in fixed) and len(fixed) > 1:
                return e.func(self.constant(e.func(*fixed)), *(self(a) for a in e.args if a not in fixed))
        return e.func(*(self(a) for a in e.args))
