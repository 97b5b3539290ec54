"""Test functions of the user: called with care, and where they have no value is remembered and said."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dynana.results.tables import number

#: A function that is so many times larger where it changes its sign than at both ends of the step has a pole there.
POLE = 1e3
#: What may happen to a formula outside the set on which it is defined; anything else is a mistake in the function.
ARITHMETIC = (ArithmeticError, ValueError)
#: Different reasons for having no value that are told, and the letters that are told of each.
MOST_REASONS, LONGEST_REASON = 3, 80


class UserFunction:
    """A test function of the user: a number everywhere, nan where it has no value.

    Half-way along a curve nothing that a user's function does may cost what has been computed: whatever is no real
    number counts as no value, and `remarks` says so. At the beginning, `begin` raises instead.

    Parameters
    ----------
    name : str
    function : callable
        Of what its curve gives to test functions: a mapping of names to values, or a Cycle.
    free : sequence of str
        The parameters that vary.
    argument : str
        What the function is given, in words.
    """

    def __init__(self, name: str, function: Callable[[Any], Any], free: Sequence[str], argument: str) -> None:
        self.name, self.function, self.free, self.argument = name, function, tuple(free), argument
        self._known: set[tuple[float, ...]] = set()
        self._without: dict[str, set[tuple[float, ...]]] = {}

    def value(self, argument: Any, place: Iterable[float]) -> float:
        """Return the value, nan if there is none.

        Parameters
        ----------
        argument : mapping or Cycle
        place : iterable of float
            Values of the free parameters there.
        """
        at = tuple(float(v) for v in place)
        self._known.add(at)
        found, reason, _, _ = self._called(argument)
        if reason:
            self._without.setdefault(reason, set()).add(at)
        return found

    def begin(self, argument: Any, place: Iterable[float]) -> None:
        """Try the function once, before there is anything to lose.

        Raises
        ------
        ValueError
            If it returns something else than a real number, or raises an error that no undefined formula does.
        """
        _, reason, mistaken, cause = self._called(argument)
        if mistaken:
            raise ValueError(
                f"test_functions[{self.name!r}] {reason} at {_places(self.free, [tuple(place)])}; it is given "
                f"{self.argument}, and must return a real number that changes its sign at the places looked for, nan "
                "where it has none"
            ) from cause

    def remarks(self) -> tuple[str, ...]:
        """Return where the function had no value, in a sentence; nothing if it had one everywhere."""
        if not self._without:
            return ()
        missing = set().union(*self._without.values())
        told = list(self._without.items())[:MOST_REASONS]
        reasons = "; ".join(f"it {reason} for {_places(self.free, at)}" for reason, at in told)
        more = len(self._without) - len(told)
        count = "any" if missing == self._known else f"{len(missing)}"
        return (
            f"the test function {self.name!r} has no value at {count} of the {len(self._known)} places where it was "
            f"asked for ({reasons}{f'; and {more} more reasons' if more else ''}): zeros among them are not known",
        )

    def _called(self, argument: Any) -> tuple[float, str, bool, Exception | None]:
        """Return the value, the reason if there is none, whether that is a mistake, and the error that says so."""
        try:
            result = self.function(argument)
        except Exception as error:
            said = str(error).partition("\n")[0]
            said = said if len(said) <= LONGEST_REASON else said[:LONGEST_REASON] + "..."
            reason = f"raises {type(error).__name__}{f': {said}' if said else ''}"
            return math.nan, reason, not isinstance(error, ARITHMETIC), error
        if isinstance(result, np.ndarray) and result.ndim == 0:
            result = result[()]
        if not isinstance(result, numbers.Real) or isinstance(result, bool):
            return math.nan, f"returns {_kind(result)}", True, None
        found = float(result)
        return (found, "", False, None) if math.isfinite(found) else (math.nan, f"is {found}", False, None)


def user_functions(
    given: Mapping[str, Any] | None, free: Sequence[str], argument: str, example: str
) -> tuple[UserFunction, ...]:
    """Return the test functions of a user, after it has been checked that they are functions.

    Parameters
    ----------
    given : mapping of name to callable, or None
    free : sequence of str
        The parameters that vary.
    argument : str
        What they are given, in words: "a Cycle".
    example : str
        Of one.
    """
    for name, function in (given or {}).items():
        if not callable(function):
            raise ValueError(
                f"test_functions[{name!r}] must be a function of {argument}, such as {example}, got {function!r}"
            )
    return tuple(UserFunction(name, function, free, argument) for name, function in (given or {}).items())


def vanishes(value: float, at_ends: Sequence[float]) -> bool:
    """Return whether a function with opposite signs at two ends passes zero where its sign changes: has it no pole?"""
    return abs(value) <= POLE * max(abs(v) for v in at_ends)


def _kind(result: Any) -> str:
    if isinstance(result, np.ndarray):
        return f"an array of shape {result.shape}"
    if isinstance(result, bool | np.bool_):
        return f"{bool(result)}, which has no sign"
    if isinstance(result, numbers.Complex):
        return "a complex number"
    return "None" if result is None else f"a {type(result).__name__}"


def _places(free: Sequence[str], places: Iterable[tuple[float, ...]]) -> str:
    """Return the extent of places in words."""
    ends = [(number(min(column)), number(max(column))) for column in zip(*places, strict=True)]
    return ", ".join(
        f"{name} = {low}" if low == high else f"{name} from {low} to {high}"
        for name, (low, high) in zip(free, ends, strict=True)
    )
