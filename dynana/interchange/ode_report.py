"""What is noticed while an XPP file is read: every guess, repair and omission, with its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

KINDS = ("reading", "repaired", "renamed", "random", "ignored", "left out")
"""Kinds of notes.

``reading``: the line can be read in two ways, and the text says which one is taken; ``repaired``: XPPAUT refuses or
misreads the line, and what is plainly meant is taken; ``renamed``: a name is another one here; ``random``: drawn, with
a fixed seed; ``ignored``: has no meaning outside XPPAUT's windows; ``left out``: part of the model that is not here.
"""


@dataclass(frozen=True, slots=True)
class OdeNote:
    """One remark on one line of a file.

    Parameters
    ----------
    line : int
        Counted from 1; 0 for the file as a whole.
    kind : str
        One of `KINDS`.
    text : str
        A sentence.
    """

    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.kind}: {self.text}" if self.line else f"{self.kind}: {self.text}"


class Notes:
    """The notes of a file while it is read."""

    def __init__(self) -> None:
        self._notes: dict[OdeNote, None] = {}

    def __iter__(self) -> Iterator[OdeNote]:
        return iter(sorted(self._notes, key=lambda note: note.line))

    def add(self, line: int, kind: str, text: str) -> None:
        """Add a note, once."""
        assert kind in KINDS, kind
        self._notes[OdeNote(line, kind, text)] = None
