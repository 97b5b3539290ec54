"""Expressions of parameters or distances, evaluated for arrays of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from dynana.definition import special

_FUNCTIONS = {
    "minimum": np.minimum,
    "maximum": np.maximum,
    "logistic": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
    "exprel": np.vectorize(lambda x, n: float(special.numeric_exprel(x, n)), otypes=[float]),
    "bern": np.vectorize(lambda x, n: float(special.numeric_bern(x, n)), otypes=[float]),
}
"""Functions of `dynana.definition.special` for arrays."""


def array_function(arguments: Sequence[sp.Symbol], expression: sp.Basic) -> Callable[..., Any]:
    """Return an expression as a function of arrays, one for each argument."""
    function: Callable[..., Any] = sp.lambdify(arguments, expression, [_FUNCTIONS, "numpy"], use_imps=False)
    return function
