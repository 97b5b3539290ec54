"""A line on the terminal for curves that take a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from dynana.results.tables import number
from dynana.simulation.progress import PERIOD, QUIET


class CurveProgress:
    """Shows on stderr how far a curve has come; nothing if stderr is no terminal, unless asked for.

    Parameters
    ----------
    name : str
        What is followed.
    quantities : tuple of str
        What is told.
    wanted : bool, optional
        False for silence, True for a line wherever stderr goes.
    """

    def __init__(self, name: str, quantities: tuple[str, ...], wanted: bool | None = None) -> None:
        self._name, self._quantities = name, quantities
        self._shows = sys.stderr.isatty() if wanted is None else wanted
        self._next = time.monotonic() + QUIET
        self._count = self._width = 0

    def report(self, values: Iterable[float]) -> None:
        """Say that the curve has come to a point with these values."""
        self._count += 1
        now = time.monotonic()
        if not self._shows or now < self._next:
            return
        self._next = now + PERIOD
        place = ", ".join(f"{n} = {number(float(v))}" for n, v in zip(self._quantities, values, strict=True))
        line = f"{self._name}: {self._count} points, {place}"
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def finish(self) -> None:
        """Remove the line."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            self._width = 0
