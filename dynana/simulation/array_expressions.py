"""Expressions of parameters or distances, evaluated for arrays of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.numpy import NumPyPrinter

from dynana.definition import special

_FUNCTIONS = {
    "minimum": np.minimum,
    "maximum": np.maximum,
    "logistic": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
    "exprel": np.vectorize(lambda x, n: float(special.numeric_exprel(x, n)), otypes=[float]),
    "bern": np.vectorize(lambda x, n: float(special.numeric_bern(x, n)), otypes=[float]),
    "lgamma": np.vectorize(lambda x, n: float(special.numeric_lgamma(x, n)), otypes=[float]),
    "erf": np.vectorize(math.erf, otypes=[float]),
    "erfc": np.vectorize(math.erfc, otypes=[float]),
}
"""Functions for arrays that numpy lacks or names otherwise."""


class _Printer(NumPyPrinter):  # type: ignore[misc]
    """Prints expressions as Python code for arrays.

    `sympy.lambdify` does the same and brings everything that numpy has into its namespace, f2py included: that is a
    twentieth of the time in which a process starts.

    Parameters
    ----------
    names : mapping of sympy.Symbol to str
        Code for each symbol.
    """

    def __init__(self, names: Mapping[sp.Symbol, str]) -> None:
        super().__init__({"user_functions": {name: name for name in _FUNCTIONS}})
        self.names = names

    def code(self, expression: sp.Basic) -> str:
        """Return the code of an expression."""
        return str(self._print(expression))  # `doprint` looks for assignments and imports sympy.codegen for that

    def _print_Symbol(self, symbol: sp.Symbol) -> str:
        return self.names[symbol]


def array_function(arguments: Sequence[sp.Symbol], expression: sp.Basic) -> Callable[..., Any]:
    """Return an expression as a function of arrays, one for each argument."""
    names = {symbol: f"x{i}" for i, symbol in enumerate(arguments)}
    printer = _Printer(names)
    code = f"lambda {', '.join(names.values())}: {printer.code(expression)}"
    modules = {name: import_module(name) for name in printer.module_imports}
    function: Callable[..., Any] = eval(code, {**modules, **_FUNCTIONS})
    return function
