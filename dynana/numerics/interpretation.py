"""Running compiled functions in the Python interpreter, for work that is too small to compile for."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

#: Functions made so far, by what they were made from.
_MADE: dict[Any, Callable[..., Any]] = {}


def interpreted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain Python function that does what a compiled one does, and everything it calls likewise.

    Parameters
    ----------
    function : compiled or plain function
        It and the compiled functions that it refers to by name must run without numba.

    Returns
    -------
    callable
        Nothing is compiled by making or calling it.
    """
    plain = getattr(function, "py_func", function)
    if plain not in _MADE:
        scope = dict(plain.__globals__)
        # known before its parts are: a function may call itself
        _MADE[plain] = FunctionType(plain.__code__, scope, plain.__name__, plain.__defaults__)
        for name in plain.__code__.co_names:
            if hasattr(scope.get(name), "py_func"):
                scope[name] = interpreted(scope[name])
    return _MADE[plain]
