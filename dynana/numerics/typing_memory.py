"""Compilation without the repetitions: numba is asked once what ``a + b`` of two types is, and remembers the answer.

For every operation in every function numba tries all implementations of its operator in turn, those for strings, lists
and dates before those for numbers: a quarter of the time of a compilation. The answer depends on the operator, the
types and the flags of the compilation that are handed on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
from numba.core import targetconfig
from numba.core.compiler_lock import global_compiler_lock
from numba.core.types import functions

from dynana.numerics.reference_cycles import unsearched
from dynana.numerics.repeated_passes import shortened

#: The class of numba's functions and operators; it is typed as if nobody replaced its methods.
_FUNCTIONS: Any = functions.BaseFunction

#: Flags that numba hands on from a function to those that it calls; the others say how its own code is made. Fragments
#: and drivers, which differ in those, share what they call.
_INHERITED = ("nrt", "fastmath", "error_model", "forceinline")

_Resolver = Callable[[Any, Any, Any, Any], Any]

#: What calls of functions of numba come to, by function, typing context, types of the arguments, and flags: their
#: signature and the key of the implementation.
_KNOWN: dict[tuple[Any, ...], tuple[Any, Any]] = {}


def _remembering(resolve: _Resolver) -> _Resolver:
    def get_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
        flags = targetconfig.ConfigStack.top_or_none()
        # the function itself is in the key, not its hash: equal functions may know different implementations
        key = (_Identity(self), context, tuple(args), tuple(kws.items()), _values(flags))
        known = _KNOWN.get(key)
        if known is None:
            signature = resolve(self, context, args, kws)
            if signature is None:
                return None
            known = _KNOWN[key] = signature, self._impl_keys[signature.args]
        signature, implementation = known
        self._impl_keys[signature.args] = implementation  # as resolving leaves it
        return signature

    return get_call_type


class _Identity:
    """An object that equals nothing but itself, and is kept."""

    __slots__ = ("_kept",)

    def __init__(self, kept: object) -> None:
        self._kept = kept

    def __hash__(self) -> int:
        return id(self._kept)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self._kept is other._kept


def _values(flags: Any) -> tuple[str, ...]:
    """Return the flags of a compilation that what it calls is compiled with; the values are not hashable."""
    return tuple(str(getattr(flags, name)) for name in _INHERITED) if flags is not None else ()


@contextmanager
def _remembered() -> Iterator[None]:
    resolve = _FUNCTIONS.get_call_type
    _FUNCTIONS.get_call_type = _remembering(resolve)
    try:
        yield
    finally:
        _FUNCTIONS.get_call_type = resolve


@contextmanager
def compiling() -> Iterator[None]:
    """Compile faster, and say nothing that is for authors.

    What calls come to is remembered, passes do not repeat what others have done, and the search for reference cycles
    pauses: a compilation makes millions of objects and hardly any cycles. numba's warning that functions as arguments
    are experimental is kept from users.
    """
    with global_compiler_lock:
        if _FUNCTIONS.get_call_type.__module__ == __name__:  # a compilation within another one
            yield
            return
        with warnings.catch_warnings(), _remembered(), shortened(), unsearched():
            warnings.simplefilter("ignore", numba.NumbaExperimentalFeatureWarning)
            yield
