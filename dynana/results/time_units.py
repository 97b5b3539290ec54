"""Units of time and what they are in seconds."""

from __future__ import annotations

#: Seconds in each unit of time that models may state.
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0}


def per_second(unit: str | None) -> float:
    """Return how many units of time a second has; 1 where the unit is not stated or not known."""
    return 1.0 / SECONDS[unit] if unit in SECONDS else 1.0
