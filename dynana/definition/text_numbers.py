"""Formulas as numbers: values of constants, initial values and tables, for floats or for arrays at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dynana.definition.text_functions import Primitive
from dynana.definition.text_meaning import Reading
from dynana.definition.text_trees import COMPARISONS, Tree


def _differs(a: Any, b: Any) -> Any:
    """Return whether numbers differ; NaN does not, as in the conditions of expressions."""
    return np.less(a, b) | np.greater(a, b)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": _differs,
}


class Numbers(Reading[Any]):
    """Values of formulas; a value that is not finite is returned as it is."""

    def number(self, tree: Tree) -> Any:
        """Return the number."""
        return float(tree.head)

    def operator(self, tree: Tree, arguments: list[Any]) -> Any:
        """Return the value of a sum, product, power, ..."""
        with np.errstate(all="ignore"):
            if tree.head == "neg":
                return -arguments[0]
            if tree.head == "/":
                return np.divide(1.0, arguments[0])
            result = arguments[0]
            for argument in arguments[1:]:
                if tree.head == "^":
                    result = np.power(np.asarray(result, dtype=float), argument)
                else:
                    result = result + argument if tree.head == "+" else result * argument
            return result

    def primitive(self, tree: Tree, function: Primitive, arguments: list[Any]) -> Any:
        """Return the value of a function."""
        with np.errstate(all="ignore"):
            return function.numeric(*arguments)

    def truth(self, tree: Tree) -> Any:
        """Return 1.0 or 0.0."""
        values = [np.asarray(self.walk(a)) for a in tree.arguments]
        if tree.head in COMPARISONS:
            return _COMPARE[tree.head](*values) * 1.0
        if tree.head == "not":
            return (values[0] == 0) * 1.0
        hold = [_differs(v, 0) for v in values]
        return (np.logical_and if tree.head == "and" else np.logical_or).reduce(np.broadcast_arrays(*hold)) * 1.0

    def choice(self, condition: Tree, a: Tree, b: Tree) -> Any:
        """Return the value of a choice."""
        holds = np.asarray(_differs(self.walk(condition), 0))
        if holds.ndim == 0:
            return self.walk(a if holds else b)
        return np.where(holds, self.walk(a), self.walk(b))
