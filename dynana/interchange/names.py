"""Names that another program accepts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable


class Names:
    """Unique names for one file.

    Parameters
    ----------
    longest : int, optional
        Most characters of a name; any number by default.
    taken : iterable of str
        Words with a meaning of their own in the language.
    fold : bool
        Whether the language takes upper and lower case for the same.
    taken_pattern : re.Pattern, optional
        Whole families of words that are taken.
    """

    def __init__(
        self,
        taken: Iterable[str] = (),
        *,
        longest: int | None = None,
        fold: bool = False,
        taken_pattern: re.Pattern[str] | None = None,
    ) -> None:
        self._longest = longest
        self._pattern = taken_pattern
        self._fold = fold
        self._used = {self._key(word) for word in taken}

    def _key(self, name: str) -> str:
        return name.lower() if self._fold else name

    def _fits(self, name: str) -> bool:
        if self._pattern is not None and self._pattern.fullmatch(name):
            return False
        return self._key(name) not in self._used and (self._longest is None or len(name) <= self._longest)

    def new(self, wanted: str) -> str:
        """Return ``wanted``, shortened and numbered where it is too long or taken, and take it."""
        if self._pattern is not None and self._pattern.fullmatch(wanted):
            wanted = f"own_{wanted}"
        tails = itertools.chain([""], map(str, itertools.count(2)))
        name = next(filter(self._fits, (self._cut(wanted, tail) for tail in tails)))
        self._used.add(self._key(name))
        return name

    def _cut(self, name: str, tail: str) -> str:
        return name[: None if self._longest is None else self._longest - len(tail)] + tail

    def assign(self, wanted: Iterable[str]) -> dict[str, str]:
        """Return a name for each of the given ones; those that can stay as they are do."""
        names = list(wanted)
        kept = {}
        for name in names:
            if self._fits(name):
                kept[name] = self.new(name)
        return {name: kept[name] if name in kept else self.new(name) for name in names}


def renamed(names: dict[str, str]) -> list[str]:
    """Return a line for each name that is not what it was."""
    return [f"{old} is called {new} here" for old, new in names.items() if old != new]
