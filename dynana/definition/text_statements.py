"""Models as text: the statements behind `System.from_text`.

===========================================  ===================================================================
statement                                    meaning
===========================================  ===================================================================
``dV/dt = (I - V)/tau`` or ``V' = ...``      derivative of a state
``V(0) = -65`` or ``V(0) = steady``          its initial value (0 if not given)
``tau = 10``                                 parameter: a formula of numbers alone
``x = a*V + b``                              quantity: any other formula, put in wherever ``x`` stands
``f(u, v) = u/(u + v)``                      function
``when V > V_th: V = V_reset, w = w + b``    jump; all right sides read the state before it
``spike: when V > V_th: V = V_reset``        jump with a name
``when ...: V = V_reset, refractory = t_r``  what is reset is held for a time
``noise: V = sigma``                         one Wiener process and its amplitude in each state
``observe I_Na = g*(V - E)``                 observable; ``observe x, y`` for quantities
``# ...``                                    comment, also at the end of a line
===========================================  ===================================================================

Formulas are as in Python (``**`` or ``^`` for powers), with the functions of dynana, ``where(condition, a, b)``, and
conditions with ``and``, ``or``, ``not``. ``t`` is time, ``pi`` is pi. A statement ends with the line or ``;``; an open
bracket or a backslash continues the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dynana.definition import rules
from dynana.definition.text_meaning import Definition
from dynana.definition.text_trees import NAME, Tree, parse
from dynana.errors import FormatError, ModelError

#: Longest model text, in characters.
LONGEST_TEXT = 1_000_000
#: Most statements in a text.
MOST_STATEMENTS = 20_000

_DERIVATIVE = re.compile(r"\s*(?:d\s*(?P<a>\w+)\s*/\s*dt|(?P<b>\w+)\s*')\s*=")
_INITIAL = re.compile(r"\s*(?P<name>\w+)\s*\(\s*0\s*\)\s*=")
_FUNCTION = re.compile(r"\s*(?P<name>\w+)\s*\((?P<arguments>[^()]*)\)\s*=(?!=)")
_QUANTITY = re.compile(r"\s*(?P<name>\w+)\s*=(?!=)")
_WHEN = re.compile(r"\s*(?:(?P<label>\w+)\s*:\s*)?when\b(?P<condition>[^:]*):")
_NOISE = re.compile(r"\s*noise\s*:")
_OBSERVE = re.compile(r"\s*observe\b(?!\s*=)")
_RESERVED = {"when", "noise", "observe", "steady", "refractory", "and", "or", "not", "if", "where", "pi"}


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed right side and its line."""

    tree: Tree
    line: int


@dataclass(slots=True)
class Content:
    """The statements of a text, sorted by kind."""

    derivatives: dict[str, Formula] = field(default_factory=dict)
    initial: dict[str, Formula] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    jumps: list[tuple[str, Formula, dict[str, Formula]]] = field(default_factory=list)
    noise: list[dict[str, Formula]] = field(default_factory=list)
    observables: dict[str, Formula] = field(default_factory=dict)
    length: int = 0


def contents(text: str) -> Content:
    """Return the statements of a model text, sorted by kind.

    Raises
    ------
    FormatError
        With line and column, where a statement is none.
    """
    if not isinstance(text, str):
        raise TypeError(f"a model text is a string, got {type(text).__name__}")
    if len(text) > LONGEST_TEXT:
        raise FormatError(f"the text has {len(text)} characters, more than {LONGEST_TEXT}.", line=1, column=1)
    content = Content(length=len(text))
    for count, (line, column, statement) in enumerate(_statements(text)):
        if count >= MOST_STATEMENTS:
            raise FormatError(f"the text has more than {MOST_STATEMENTS} statements.", line=line, column=column)
        _sort(content, statement, line, column)
    return content


# -- statements --------------------------------------------------------------------------------------------------------


def _statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Return line, column and text of each statement; columns of continued lines count from the first one's start."""
    held, first, brackets = "", 0, 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#", 1)[0].rstrip()
        continued = line.endswith("\\")
        line = line.removesuffix("\\")
        held, first = (held + " " + line, first) if held else (line, number)
        brackets = held.count("(") - held.count(")")
        if continued or (brackets > 0 and line.strip()):
            continue
        yield from _split(held, first)
        held = ""
    if held:
        yield from _split(held, first)


def _split(text: str, line: int) -> Iterator[tuple[int, int, str]]:
    """Split at semicolons, except inside the assignments of a jump."""
    position = 0
    while position <= len(text):
        rest = text[position:]
        end = len(rest) if _WHEN.match(rest) else rest.find(";")
        part = rest if end < 0 else rest[:end]
        if part.strip():
            yield line, position + 1, part
        position += len(part) + 1


def _sort(content: Content, text: str, line: int, column: int) -> None:
    """Parse one statement and put it where it belongs."""

    def formula(start: int) -> Formula:
        return Formula(parse(text[start:], line=line, column=column + start), line)

    if match := _WHEN.match(text):
        content.jumps.append(_jump(text, match, line, column))
    elif match := _NOISE.match(text):
        content.noise.append(_assignments(text[match.end() :], line, column + match.end()))
    elif match := _OBSERVE.match(text):
        _observed(content, text[match.end() :], line, column + match.end())
    elif match := _DERIVATIVE.match(text):
        name = _named(match["a"] or match["b"], "state", line, column)
        _once(content.derivatives, name, "derivative", line, column)
        content.derivatives[name] = formula(match.end())
    elif match := _INITIAL.match(text):
        _once(content.initial, match["name"], "initial value", line, column)
        content.initial[match["name"]] = formula(match.end())
    elif match := _FUNCTION.match(text) or _QUANTITY.match(text):
        arguments = match.groupdict().get("arguments")
        kind = "quantity" if arguments is None else "function"
        name = _named(match["name"], kind, line, column)
        _once(content.definitions, name, kind, line, column)
        parameters = None if arguments is None else _parameters(arguments, line, column + match.start("arguments"))
        content.definitions[name] = Definition(name, formula(match.end()).tree, line, parameters)
    else:
        raise FormatError(
            f"{text.strip()[:40]!r} is no statement: expected dV/dt = ..., V(0) = ..., name = ..., "
            "when condition: V = ..., noise: V = ... or observe name = ...",
            line=line,
            column=column,
        )


def _named(name: str, kind: str, line: int, column: int) -> str:
    if name in _RESERVED:
        raise FormatError(f"{name!r} has a meaning of its own and cannot name a {kind}.", line=line, column=column)
    try:
        return rules.check_name(name, kind)
    except ModelError as error:
        raise FormatError(str(error), line=line, column=column) from None


def _once(known: dict[str, Any], name: str, kind: str, line: int, column: int) -> None:
    if name in known:
        raise FormatError(f"the {kind} of {name!r} is given twice.", line=line, column=column)


def _parameters(text: str, line: int, column: int) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if not rules.NAME.fullmatch(name) or names.count(name) > 1:
            raise FormatError(
                f"{name!r} cannot be an argument of a function: expected distinct names.", line=line, column=column
            )
    return names


def _jump(text: str, match: re.Match[str], line: int, column: int) -> tuple[str, Formula, dict[str, Formula]]:
    start = match.start("condition")
    condition = parse(match["condition"], line=line, column=column + start)
    assigned = _assignments(text[match.end() :], line, column + match.end())
    label = match["label"] or ""
    return _named(label, "jump", line, column) if label else "", Formula(condition, line), assigned


def _assignments(text: str, line: int, column: int) -> dict[str, Formula]:
    """Return ``name = formula`` pairs, separated by commas or semicolons outside brackets."""
    found: dict[str, Formula] = {}
    for start, part in _parts(text):
        match = _QUANTITY.match(part)
        if match is None:
            raise FormatError(f"expected name = formula, got {part.strip()[:40]!r}.", line=line, column=column + start)
        _once(found, match["name"], "new value", line, column + start)
        tree = parse(part[match.end() :], line=line, column=column + start + match.end())
        found[match["name"]] = Formula(tree, line)
    return found


def _parts(text: str) -> Iterator[tuple[int, str]]:
    depth, start = 0, 0
    for position, character in enumerate(text + ","):
        depth += (character == "(") - (character == ")")
        if character in ",;" and (depth <= 0 or position == len(text)):
            if text[start:position].strip() or start == 0:
                yield start, text[start:position]
            start = position + 1


def _observed(content: Content, text: str, line: int, column: int) -> None:
    for start, part in _parts(text):
        match = _QUANTITY.match(part)
        if match is not None:
            name = match["name"]
            tree = parse(part[match.end() :], line=line, column=column + start + match.end())
        else:
            tree = parse(part, line=line, column=column + start)
            if tree.kind != NAME:
                raise FormatError("expected a name, or name = formula.", line=line, column=tree.column)
            name = tree.head
        _once(content.observables, _named(name, "observable", line, column + start), "formula", line, column + start)
        content.observables[name] = Formula(tree, line)
