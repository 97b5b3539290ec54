"""Ranges of states and parameters, as users give them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dynana.definition.system import System
from dynana.results.tables import number

#: A parameter without a range may move this many times its size either way, but not through zero where its value at
#: the start and in the model have the same sign: conductances and time constants stay positive.
REACH = 10.0


def range_around(value: float, stored: float) -> tuple[float, float]:
    """Return the range of a parameter that was given none, from its value at the start and in the model."""
    size = max(abs(value), abs(stored)) or 1.0
    keeps_sign = value * stored > 0.0
    low = 0.0 if keeps_sign and value > 0.0 else value - REACH * size
    return low, 0.0 if keeps_sign and value < 0.0 else value + REACH * size


def finite_range(system: System, name: str, given: Any) -> tuple[float, float]:
    """Return a range as two finite floats in order.

    Raises
    ------
    ValueError
        If it is no pair of numbers, not finite, empty or reversed; the message names the system and the quantity.
    """
    place = f"{system.name}: the range of {name!r}"
    try:
        low, high = (float(v) for v in given)
    except (TypeError, ValueError):
        raise ValueError(f"{place} must be a pair (low, high) of numbers, got {given!r}.") from None
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{place} must be finite, got ({number(low)}, {number(high)}).")
    if low == high:
        raise ValueError(f"{place} is empty: ({number(low)}, {number(high)}). Expected low < high.")
    if low > high:
        raise ValueError(f"{place} is reversed: ({number(low)}, {number(high)}). Give ({number(high)}, {number(low)}).")
    return low, high


def asked_values(system: System, name: str, wanted: Any, range_: tuple[float, float] | None) -> list[float]:
    """Return the values of a quantity at which labels are asked for.

    Raises
    ------
    ValueError
        If one is not finite, or outside the range (None: there is none), where it is never met.
    """
    found: list[float] = np.atleast_1d(np.asarray(wanted, dtype=float)).tolist()
    for value in found:
        if not math.isfinite(value):
            raise ValueError(f"{system.name}: values: {name!r} must be finite, got {value}")
        if range_ is not None and not range_[0] <= value <= range_[1]:
            raise ValueError(
                f"{system.name}: values: {name} = {number(value)} is outside the range "
                f"({number(range_[0])}, {number(range_[1])}): leave it out, or widen the range"
            )
    return found
