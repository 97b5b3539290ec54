"""What an XPP file says, sorted by kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dynana.definition.text_meaning import Definition
from dynana.definition.text_trees import Tree
from dynana.errors import FormatError
from dynana.interchange.ode_settings import Preset

NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
"""Names in XPP files; XPPAUT itself fails beyond 10 characters."""

REFUSED = {
    "map": "a map (discrete time); a System is made of differential equations.",
    "dae": "an algebraic equation; implicit equations cannot be integrated here.",
    "solve": "the unknown of an algebraic equation; implicit equations cannot be integrated here.",
    "boundary": "a boundary condition; boundary-value problems cannot be solved here.",
    "export": "a call of a function in a shared library, which is never loaded.",
    "special": "a network function of XPPAUT, which has no counterpart here: write the sums out, or use dn.Network.",
    "volterra": "an integral (Volterra) equation, which cannot be integrated here.",
    "markov": "a Markov variable; a System has no random jumps between states.",
    "vector": "a vector function of XPPAUT, which has no counterpart here.",
    "group": "a group, which has no counterpart here.",
    "number of equations": "the first line of a file of the old style, which is not read.",
}
"""Constructs that are refused by name, and why."""


@dataclass(frozen=True, slots=True)
class Given:
    """A formula as it is given: tree and line."""

    tree: Tree
    line: int


@dataclass(frozen=True, slots=True)
class Event:
    """A ``global`` line.

    Parameters
    ----------
    sign : int
        1: fires where the condition rises through 0, -1: where it falls.
    condition : Tree
    assigned : tuple of (str, Tree)
        In order; names in lower case.
    line : int
    """

    sign: int
    condition: Tree
    assigned: tuple[tuple[str, Tree], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A ``table`` line: a formula of t on ``count`` points, or the name of a file."""

    name: str
    line: int
    count: int = 0
    low: float = 0.0
    high: float = 0.0
    tree: Tree | None = None
    file: str = ""


@dataclass(slots=True)
class Statements:
    """The statements of a file by kind. Names are in lower case; `spelling` has them as first declared.

    `blanks` has the arguments of functions that are written with a blank beside them.
    """

    states: dict[str, Given] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    wiener: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    blanks: dict[str, list[str]] = field(default_factory=dict)
    derived: set[str] = field(default_factory=set)
    initial: list[tuple[str, float | Tree, int]] = field(default_factory=list)
    observed: list[tuple[str, Given]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    options: list[tuple[int, str]] = field(default_factory=list)
    presets: list[Preset] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    errors: list[FormatError] = field(default_factory=list)
    spelling: dict[str, str] = field(default_factory=dict)
    declared: dict[str, int] = field(default_factory=dict)
    length: int = 0

    def declare(self, name: str, line: int, *, column: int = 1) -> str:
        """Return a new name in lower case; refuse one that is taken."""
        key = name.lower()
        if not NAME.fullmatch(name):
            raise FormatError(
                f"{name[:40]!r} is no name: expected letters, digits and _ (at most 64).", line=line, column=column
            )
        if key == "t":
            raise FormatError("the name 't' is time and cannot be declared.", line=line, column=column)
        if key in self.declared:
            raise FormatError(
                f"the name {name!r} is declared in line {self.declared[key]} already.", line=line, column=column
            )
        self.declared[key] = line
        self.spelling[key] = name
        return key
