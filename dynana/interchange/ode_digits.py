"""Names of XPP files that begin with a digit, such as ``5HT``: XPPAUT looks names up before numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from dynana.interchange.ode_lines import Line
from dynana.interchange.ode_report import Notes

_NAME = r"\d+[a-z_]\w*"
#: What declares a name: an equation, a quantity, a function or initial value.
_LEFT = re.compile(rf"(?:!?\s*(?P<name>{_NAME})\s*['=(]|d\s*(?P<slope>{_NAME})\s*/\s*dt\b)", re.IGNORECASE)
#: Commands whose ``name=value`` declare names.
_COMMAND = re.compile(r"(?:p|n|i|w)[a-z]*\s+(?P<rest>.*)", re.IGNORECASE)
_PAIR = re.compile(rf"(?:^|[\s,])({_NAME})(?=\s*(?:=|,|\s|$))", re.IGNORECASE)
_WORD = re.compile(rf"(?<![\w.]){_NAME}(?![\w.])|(?<=^d){_NAME}(?=\s*/\s*dt)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+e\d+", re.IGNORECASE)


def without_leading_digits(lines: list[Line], notes: Notes) -> tuple[list[Line], dict[str, str]]:
    """Return the lines with names that begin with a letter, and the names in the file (lower case) by the new ones.

    A name that is also a number, such as ``2e3``, stays the number.
    """
    declared = {name: line.number for line in reversed(lines) for name in _declared(line.text)}
    if not declared:
        return lines, {}
    taken = {word.lower() for line in lines for word in re.findall(r"[A-Za-z_]\w*", line.text)}
    new: dict[str, str] = {}
    for name, number in declared.items():
        letter = f"x{name}"
        while letter in taken:
            letter += "_"
        new[name] = letter
        notes.add(number, "renamed", f"{name} begins with a digit and is {letter} here.")

    def renamed(match: re.Match[str]) -> str:
        return new.get(match[0].lower(), match[0])

    changed = [replace(line, text=_WORD.sub(renamed, line.text)) for line in lines]
    return changed, {letter: name for name, letter in new.items()}


def _declared(text: str) -> Iterator[str]:
    if match := _LEFT.match(text):
        found = [match["name"] or match["slope"]]
    else:
        command = _COMMAND.match(text)
        found = _PAIR.findall(command["rest"]) if command else []
    yield from (name.lower() for name in found if not _NUMBER.fullmatch(name))
