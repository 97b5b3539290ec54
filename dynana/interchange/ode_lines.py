"""The lines of an XPP file: joined, without comments, with included files, arrays and blocks written out."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dynana.errors import FormatError
from dynana.interchange.ode_report import Notes

#: Largest file, in bytes; the longest public one has 150 kB.
LARGEST_FILE = 600_000
#: Lines after arrays are written out.
MOST_LINES = 20_000
#: Characters after arrays are written out.
MOST_CHARACTERS = 500_000
#: Files that include files.
DEEPEST_INCLUDE = 8

_RANGE = re.compile(r"\[\s*(-?\d{1,9})\s*\.{2,9}\s*(-?\d{1,9})\s*\]")  # XPPAUT reads [1...3] like [1..3]
_INDEX = re.compile(r"\[\s*j\s*(?:(?P<sign>[-+*])\s*(?P<number>\d{1,9})\s*)?\]", re.IGNORECASE)
_FIXED = re.compile(r"(?<!int)\[\s*(-?\d{1,9})\s*\]", re.IGNORECASE)
#: Indices that XPPAUT does not know as such: it reads the number at the beginning, which is 0.
_MISREAD = re.compile(r"\[(?:\s+j\b|\s*J\b)[^\]]*\]")
_STARTS = re.compile(r"i\w*\s", re.IGNORECASE)
_BLOCK = re.compile(r"%\s*\[")
_INCLUDE = re.compile(r"#include\s+(?P<name>.+)", re.IGNORECASE)
_DONE = re.compile(r"\s*(done\b(?!\s*[=('/])|d\s*(#.*)?$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the model.

    Parameters
    ----------
    number : int
        Of the (first) line in the file, or of the line that includes it.
    text : str
    indexed : bool
        Whether it was written with an array range.
    """

    number: int
    text: str
    indexed: bool = False


def read_file(path: Path, folder: Path | None, line: int = 1) -> str:
    """Return the text of a file that must lie in ``folder`` (if given), be a plain file, and not be too large.

    Raises
    ------
    FormatError
        Otherwise. A missing file raises FileNotFoundError.
    """
    if folder is not None:
        full = (folder / path).resolve()
        if path.is_absolute() or not full.is_relative_to(folder.resolve()):
            raise FormatError(
                f"{str(path)[:80]!r} lies outside the folder of the model: only files below it are read.",
                line=line,
                column=1,
            )
        path = full
    if not stat.S_ISREG(path.stat().st_mode):
        raise FormatError(f"{str(path)[:80]!r} is not a plain file.", line=line, column=1)
    if path.stat().st_size > LARGEST_FILE:
        raise FormatError(f"{str(path)[:80]!r} is larger than {LARGEST_FILE} bytes.", line=line, column=1)
    return path.read_bytes().decode("utf-8", errors="replace").removeprefix("\ufeff")


def model_lines(text: str, folder: Path | None, notes: Notes) -> list[Line]:
    """Return the lines of a model up to ``done``, ready to be classified.

    Parameters
    ----------
    text : str
    folder : pathlib.Path or None
        Where included files are looked for; None if nothing can be included.
    notes : Notes

    Raises
    ------
    FormatError
        For includes outside the folder, unfinished blocks and arrays, and texts that are too long.
    """
    lines: list[Line] = []
    characters = 0
    for line in _expanded(_without_comments(_until_done(text, folder, notes, 0), notes), notes):
        lines.append(line)
        characters += len(line.text)
        if len(lines) > MOST_LINES or characters > MOST_CHARACTERS:
            raise FormatError(
                f"the model, written out, has more than {MOST_LINES} lines or {MOST_CHARACTERS} characters.",
                line=line.number,
                column=1,
            )
    return lines


# -- files and continued lines ---------------------------------------------------------------------------------------


def _joined(text: str, notes: Notes) -> Iterator[Line]:
    """Join lines with a backslash with the next one; what follows the backslash is not read, as in XPPAUT."""
    held, first = "", 0
    for number, raw in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        line = raw.rstrip()
        first = first or number
        comment = line.lstrip().startswith("#") and not held
        if line.endswith("\\") or ("\\" in line and not comment):
            kept, _, dropped = line.partition("\\")
            held += kept
            if dropped.strip("\\ \t"):
                notes.add(number, "left out", f"{dropped[:40]!r} after the backslash is not read, as in XPPAUT.")
            continue
        yield Line(first, held + line)
        held, first = "", 0
    if held:
        yield Line(first, held)


def _until_done(text: str, folder: Path | None, notes: Notes, depth: int) -> Iterator[Line]:
    lines = list(_joined(text, notes))
    for position, line in enumerate(lines):
        if _DONE.match(line.text) or (depth and re.match(r"#done\b", line.text, re.IGNORECASE)):
            return
        if match := _INCLUDE.match(line.text):
            yield from _included(match["name"].strip().strip("\"'"), line.number, folder, notes, depth)
            continue
        if re.match(r"\s*d\w*(\s|$)", line.text, re.IGNORECASE) and not re.match(
            r"\s*d\w*\s*[=('/]", line.text, re.IGNORECASE
        ):
            rest = [after for after in lines[position + 1 :] if after.text.strip() and after.text.lstrip()[0] != "#"]
            word = line.text.strip()[:40]
            if (rest and not _DONE.match(rest[0].text)) or re.search(r"/\s*dt\s*=", line.text):
                raise FormatError(
                    f"{word!r} would end the file in XPPAUT, as every line that begins with a word in d does: "
                    "write dx/dt for a derivative, # before a comment, or done.",
                    line=line.number,
                    column=1,
                )
            notes.add(line.number, "repaired", f"{word!r} is taken as the end of the file, as in XPPAUT.")
            return
        yield line
    if depth == 0:
        notes.add(len(lines), "repaired", "the file does not end with done.")


def _included(name: str, number: int, folder: Path | None, notes: Notes, depth: int) -> Iterator[Line]:
    if depth >= DEEPEST_INCLUDE:
        raise FormatError(f"files include each other more than {DEEPEST_INCLUDE} deep.", line=number, column=1)
    if folder is None:
        raise FormatError("a model that is given as text cannot include files.", line=number, column=1)
    try:
        text = read_file(Path(name), folder, number)
    except (OSError, ValueError):
        notes.add(number, "left out", f"the included file {name!r} is not there.")
        return
    for line in _until_done(text, folder, notes, depth + 1):
        yield Line(number, line.text)


# -- comments --------------------------------------------------------------------------------------------------------


def _without_comments(lines: Iterator[Line], notes: Notes) -> Iterator[Line]:
    for line in lines:
        text = line.text.strip()
        if not text or text[0] == "#":
            continue
        if text.startswith("//"):
            notes.add(line.number, "repaired", "a line that begins with // is taken as a comment; XPPAUT refuses it.")
            continue
        if text[0] != '"':
            kept = _before_comment(text)
            if kept != text:
                notes.add(
                    line.number,
                    "repaired",
                    f"{text[len(kept) :].strip()[:40]!r} is taken as a comment; XPPAUT reads it.",
                )
                text = kept.strip()
        yield Line(line.number, text)


def _before_comment(text: str) -> str:
    """Return the text before a ``#`` that is not inside braces, where it means a convolution."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "#" and depth <= 0:
            return text[:position]
    return text


# -- arrays ----------------------------------------------------------------------------------------------------------


def _expanded(lines: Iterator[Line], notes: Notes) -> Iterator[Line]:
    """Write out blocks ``%[1..3] ... %`` and lines with ranges ``[1..3]``."""
    count = 0
    for line in lines:
        block = [line]
        indices: range | None = None
        if _BLOCK.match(line.text):
            indices = _indices(line, notes)
            block = _block(lines, line)
        elif line.text[0] not in '"%':
            indices = _indices(line, notes)
        if indices is None:
            yield Line(line.number, line.text if line.text[0] in '"@' else _FIXED.sub(r"\1", line.text))
            continue
        for part in block:
            if match := _MISREAD.search(part.text):
                notes.add(part.number, "repaired", f"{match[0]} is taken as the index j; XPPAUT takes it as 0.")
        count += len(indices) * len(block)
        if count > MOST_LINES:
            raise FormatError(f"arrays make more than {MOST_LINES} lines.", line=line.number, column=1)
        for j in indices:
            for part in block:
                yield Line(part.number, _indexed(part, j), indexed=True)


def _indices(line: Line, notes: Notes) -> range | None:
    """Return the indices of the ranges in a line; None if there is none."""
    found = list(_RANGE.finditer(line.text))
    if not found:
        if ".." in line.text and "[" in line.text and line.text[0] not in "@":
            raise FormatError(
                "an array range is [low..high] with whole numbers.", line=line.number, column=line.text.index("[") + 1
            )
        if _INDEX.search(line.text) and line.text[0] != "@":
            raise FormatError(
                "[j] stands in a line without a range [low..high].",
                line=line.number,
                column=line.text.index("[") + 1,
            )
        return None
    low, high = int(found[-1][1]), int(found[-1][2])
    if len(found) > 1 and _STARTS.match(line.text):
        notes.add(
            line.number,
            "reading",
            f"XPPAUT runs through the last range of a line only: {found[0][0]} is {found[0][1]} here. "
            "Write one line for each array.",
        )
    elif any((int(m[1]), int(m[2])) != (low, high) for m in found):
        raise FormatError("two different ranges in one line.", line=line.number, column=found[-1].start() + 1)
    elif len(found) > 1:
        notes.add(line.number, "repaired", "both ranges of the line are run through; XPPAUT does so with the last one.")
    if abs(high - low) >= MOST_LINES:
        raise FormatError(f"the range has more than {MOST_LINES} elements.", line=line.number, column=1)
    if low > high:
        notes.add(line.number, "reading", f"the range [{low}..{high}] runs downwards, as in XPPAUT.")
        return range(low, high - 1, -1)
    return range(low, high + 1)


def _block(lines: Iterator[Line], first: Line) -> list[Line]:
    block: list[Line] = []
    for line in lines:
        if line.text[0] == "%":
            return block
        block.append(line)
    raise FormatError("the block is not closed: a line with % alone ends it.", line=first.number, column=1)


def _indexed(line: Line, j: int) -> str:
    """Return a line for one index; of the ranges in initial values the last one only is run through, as in XPPAUT."""
    ranges = list(_RANGE.finditer(line.text))
    text = line.text
    if len(ranges) > 1 and _STARTS.match(text):
        last = ranges[-1].start()
        text = _RANGE.sub(lambda match: match[1], text[:last]) + text[last:]

    def index(match: re.Match[str]) -> str:
        number = int(match["number"] or 0)
        return str({None: j, "+": j + number, "-": j - number, "*": j * number}[match["sign"]])

    return _FIXED.sub(r"\1", _INDEX.sub(index, _RANGE.sub(str(j), text)))
