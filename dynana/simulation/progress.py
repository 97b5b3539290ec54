"""A line on the terminal for runs that take a while."""

from __future__ import annotations

import sys
import time
from types import TracebackType

#: Runs shorter than this, in seconds, say nothing.
QUIET = 2.0
#: Seconds between two updates of the line.
PERIOD = 0.2


class Progress:
    """Shows on stderr how far a run is; nothing if stderr is no terminal, unless asked for.

    Parameters
    ----------
    name : str
        What is being simulated.
    span : tuple of float
        Beginning and end of the run.
    wanted : bool, optional
        False for silence, True for a line wherever stderr goes.
    """

    def __init__(self, name: str, span: tuple[float, float], wanted: bool | None = None) -> None:
        self._name = name
        self._start, self._end = span
        self._shows = sys.stderr.isatty() if wanted is None else wanted
        self._begun = time.monotonic()
        self._next = self._begun + QUIET
        self._width = 0

    def say(self, text: str) -> None:
        """Write a line that stays, before the run."""
        if self._shows and text:
            sys.stderr.write(f"{self._name}: {text}\n")
            sys.stderr.flush()

    def report(self, t: float) -> None:
        """Say that the run has come to ``t``."""
        now = time.monotonic()
        if not self._shows or now < self._next:
            return
        self._next = now + PERIOD
        share = (t - self._start) / (self._end - self._start)
        left = (now - self._begun) * (1 - share) / share if share > 0 else float("inf")
        line = f"{self._name}: t = {t:g} of {self._end:g} ({share:.0%}), about {left:.0f} s to go"
        self._write(line)

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            self._write("")
            sys.stderr.write("\r")
