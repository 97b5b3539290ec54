"""No search for reference cycles while very many objects are made that stay: imports, compilations."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Blocks of memory in use from which on a pause ends with one search of everything: a process that compiles what one
#: whole diagram needs stays below, one that compiles all of this package does not.
MANY = 3_000_000

#: Searched again when so many times more are in use than were left by the last search.
GROWTH = 2

_limit = MANY


def _searched_when_many() -> None:
    global _limit
    if sys.getallocatedblocks() > _limit:
        gc.collect()
        _limit = max(MANY, GROWTH * sys.getallocatedblocks())


@contextmanager
def unsearched() -> Iterator[None]:
    """Pause the search for reference cycles, and do not catch up on it afterwards.

    Python looks at new objects first, and at those that stay again and again. What is made meanwhile counts as old when
    the pause is over.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:  # else there are objects that the program wants kept out for good
            gc.freeze()
            gc.unfreeze()
        _searched_when_many()
        gc.enable()
