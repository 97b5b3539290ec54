"""What each line of an XPP file is, by XPPAUT's own rules: declarations, equations, commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from dynana.definition.text_meaning import Definition
from dynana.definition.text_numbers import Numbers
from dynana.errors import FormatError
from dynana.interchange.ode_content import NAME, REFUSED, Given, Statements, Table
from dynana.interchange.ode_events import event
from dynana.interchange.ode_grammar import formula, primitives
from dynana.interchange.ode_lines import Line
from dynana.interchange.ode_report import Notes
from dynana.interchange.ode_settings import Preset, number_at_start, pairs

_NAME = r"[A-Za-z_]\w*"
_DERIVATIVE = re.compile(rf"(?:d\s*(?P<a>{_NAME})\s*/\s*dt\b|(?P<b>{_NAME})\s*')\s*(?P<unread>[^=]*)=", re.IGNORECASE)
_MAP = re.compile(rf"{_NAME}\s*\(\s*t\s*\+\s*1\s*\)\s*=", re.IGNORECASE)
_INITIAL = re.compile(rf"(?P<name>{_NAME})\s*\(\s*0\s*\)\s*=")
_FUNCTION = re.compile(rf"(?P<name>{_NAME})\s*\((?P<arguments>[^()]*)\)\s*=")
_QUANTITY = re.compile(rf"(?P<derived>!?)\s*(?P<name>{_NAME})\s*=(?!=)")
_INTEGRAL = re.compile(r"\bint\s*[\[{]", re.IGNORECASE)
#: XPPAUT itself has room for 5000 variables and 500 sets.
MOST_STATES, MOST_PRESETS = 5_000, 1_000
#: XPPAUT goes by the first letters of a command; other words than the beginnings of these are noted.
_COMMANDS = (
    *("parameters", "params", "numbers", "wieners", "initials", "bdry", "bndry", "boundary", "global", "tables"),
    *("markov", "set", "solve", "special", "vector", "volterra", "export", "only", "options", "group", "auxiliary"),
)
#: Commands that may be followed by a bracket; any other word before a bracket is a function.
_WORDS = {"b", "bdry", "bndry", "par", "param", "params", "init", "aux", "global", "number", "set", "solv", "solve"}
_SET = re.compile(r"(?P<name>[^\s{]+)\s*\{(?P<body>[^}]*)\}?")


def statements(lines: Iterator[Line] | list[Line], notes: Notes) -> Statements:
    """Return the statements of a file.

    Lines that cannot be read, or are refused, are listed there with the reason.
    """
    return _Reader(notes).read(iter(lines))


class _Reader:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.found = Statements()
        self.commands: tuple[tuple[str, Callable[[str, Line], None]], ...] = (
            ("au", self._observed),
            ("ma", self._markov),
            ("ve", self._refusing("vector")),
            ("gr", self._refusing("group")),
            ("se", self._preset),
            ("so", self._refusing("solve")),
            ("sp", self._refusing("special")),
            ("ex", self._refusing("export")),
            ("on", self._ignoring("only chooses what is stored")),
            ("ta", self._table),
            ("o", self._ignoring("an options file is not read")),
            ("p", self._parameters),
            ("n", self._numbers),
            ("w", self._wiener),
            ("i", self._initial_values),
            ("b", self._refusing("boundary")),
            ("g", self._event),
            ("v", self._refusing("volterra")),
        )

    def read(self, lines: Iterator[Line]) -> Statements:
        self.lines = lines
        first = True
        for line in lines:
            if first and re.fullmatch(r"\d+", line.text):
                self.refuse("number of equations", line)
                return self.found
            first = False
            self.found.length += len(line.text)
            try:
                self._sort(line)
            except FormatError as error:
                self.found.errors.append(error)
        for name, arguments in self.found.blanks.items():
            self._hide_blank_arguments(name, arguments)
        return self.found

    def _hide_blank_arguments(self, name: str, arguments: list[str]) -> None:
        """Give arguments with a blank beside them the meaning that they have in XPPAUT.

        XPPAUT keeps the blank as part of the argument's name: what the formula refers to is then a quantity of the
        model with that name, and where there is none it refuses the file.
        """
        definition = self.found.definitions[name]
        hidden = [a for a in arguments if a in self.found.declared]
        for argument in hidden:
            self.notes.add(
                definition.line,
                "reading",
                f"{name}(...): there is a blank beside the argument {argument}, so that XPPAUT reads {argument} of the "
                "model in the formula, and so it is here. Without the blank it would be the argument.",
            )
        if len(hidden) < len(arguments):
            self.notes.add(definition.line, "repaired", f"{name}(...): XPPAUT refuses blanks beside arguments.")
        parameters = tuple(f"{a}'" if a in hidden else a for a in definition.parameters or ())  # no name has a prime
        self.found.definitions[name] = replace(definition, parameters=parameters)

    def refuse(self, construct: str, line: Line) -> None:
        self.found.refused.append((line.number, f"{line.text[:60]!r} ({construct}) is {REFUSED[construct]}"))

    def _sort(self, line: Line) -> None:
        text = line.text
        if text[0] == '"':
            self._active_comment(line)
        elif text[0] == "@":
            self.found.options.append((line.number, text[1:]))
        elif re.match(r"0\s*=", text):
            self.refuse("dae", line)
        elif _INTEGRAL.search(text):
            self.refuse("volterra", line)
        elif self._is_command(text):
            self._command(line)
        elif _MAP.match(text):
            self.refuse("map", line)
        elif match := _DERIVATIVE.match(text):
            self._equation(match, line)
        elif match := _INITIAL.match(text):
            if re.match(rf"{_NAME}\s", text):
                self.notes.add(
                    line.number, "repaired", f"{match[0]!r}: with a blank before the bracket, XPPAUT reads 0."
                )
            self._initial(match["name"], text[match.end() :], line, match.end() + 1)
        elif match := _FUNCTION.match(text):
            self._function(match, line)
        elif match := _QUANTITY.match(text):
            name = self.found.declare(match["name"], line.number)
            tree = self._given(text, match.end(), line).tree
            self.found.definitions[name] = Definition(name, tree, line.number)
            if match["derived"]:
                self.found.derived.add(name)
                self.found.constants.append(name)
        elif text[0] == "%" and re.match(r"%[^\s=/'(]*('|\s*=)", text):
            self.notes.add(
                line.number,
                "repaired",
                f"{text[:40]!r} is taken as a comment; XPPAUT makes a variable of it, with % in its name.",
            )
        elif re.match(r"[^\s=/'(]*$", text) or text[0] == "%":
            self.notes.add(line.number, "ignored", f"{text[:40]!r} means nothing to XPPAUT.")
        else:
            raise FormatError(
                f"{text[:40]!r} is no statement: expected name = ..., name' = ..., dname/dt = ..., f(x) = ..., "
                "name(0) = ... or a command.",
                line=line.number,
                column=1,
            )

    @staticmethod
    def _is_command(text: str) -> bool:
        """Return whether a line is a word and what follows a blank, rather than the left side of an equation."""
        match = re.match(rf"({_NAME})\s+(?![\s=/])", text)
        return bool(match and (text[match.end()] not in "('" or match[1].lower() in _WORDS))

    def _command(self, line: Line) -> None:
        word, rest = re.split(r"\s+", line.text, maxsplit=1)
        for begin, action in self.commands:
            if word.lower().startswith(begin):
                if not any(known.startswith(word.lower()) for known in _COMMANDS):
                    self.notes.add(
                        line.number, "reading", f"{word!r} is taken as the command {begin}..., as XPPAUT takes it."
                    )
                action(rest, line)
                return
        self.notes.add(line.number, "ignored", f"{line.text[:40]!r}: XPPAUT has no command {word!r} and ignores it.")

    def _refusing(self, construct: str) -> Callable[[str, Line], None]:
        return lambda _, line: self.refuse(construct, line)

    def _ignoring(self, why: str) -> Callable[[str, Line], None]:
        return lambda _, line: self.notes.add(line.number, "ignored", f"{line.text[:40]!r}: {why}.")

    # -- declarations ------------------------------------------------------------------------------------------------

    def _given(self, text: str, start: int, line: Line) -> Given:
        return Given(formula(text[start:], line.number, start + 1, self.notes), line.number)

    def _value(self, name: str, text: str, line: Line) -> float:
        """Return the number in ``name=text`` as XPPAUT reads it, and say so where more than a number is written."""
        if not text:
            return 0.0
        number = number_at_start(text)
        if number is None or not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
            taken = 0.0 if number is None else number
            meant = self._meant(text, line)
            self.notes.add(
                line.number,
                "reading",
                f"{name}={text[:40]} is {taken:g} in XPPAUT, which reads the number at its beginning only; "
                f"{taken:g} is taken. {meant}",
            )
            number = taken
        if abs(number) == float("inf"):
            raise FormatError(f"{name}={text[:40]} is beyond the range of doubles.", line=line.number, column=1)
        return number

    def _meant(self, text: str, line: Line) -> str:
        try:
            tree = formula(text, line.number, 1, Notes())
            known = {"pi": 3.141592653589793, "t": 0.0} | self.found.parameters | self.found.numbers
            return f"The formula gives {float(Numbers(known, {}, primitives()).read(tree, line.number)):.10g}."
        except FormatError:
            return "It is no formula of what is known before."

    def _parameters(self, rest: str, line: Line) -> None:
        for name, value in pairs(rest, line.number, self.notes):
            if not NAME.fullmatch(name):
                self.notes.add(line.number, "ignored", f"{name[:40]!r} cannot name a parameter.")
                continue
            key = self.found.declare(name, line.number)
            self.found.parameters[key] = self._value(name, value, line)
            self.found.constants.append(key)

    def _numbers(self, rest: str, line: Line) -> None:
        for name, value in pairs(rest, line.number, self.notes):
            key = self.found.declare(name, line.number)
            self.found.numbers[key] = self._value(name, value, line)
            self.found.constants.append(key)

    def _wiener(self, rest: str, line: Line) -> None:
        for name, _ in pairs(rest, line.number, self.notes):
            key = self.found.declare(name, line.number)
            self.found.wiener.append(key)
            self.found.constants.append(key)

    def _initial_values(self, rest: str, line: Line) -> None:
        for name, value in pairs(rest, line.number, self.notes):
            self.found.initial.append((name.lower(), self._value(name, value, line), line.number))

    def _initial(self, name: str, text: str, line: Line, column: int) -> None:
        """``x(0)=...``: a number, or, for arrays only, a formula that XPPAUT works out."""
        value = text.strip()
        if line.indexed and number_at_start(value) != _plain(value):
            tree = formula(value, line.number, column, self.notes)
            self.found.initial.append((name.lower(), tree, line.number))
        else:
            self.found.initial.append((name.lower(), self._value(f"{name}(0)", value, line), line.number))

    def _function(self, match: re.Match[str], line: Line) -> None:
        arguments = tuple(a.strip().lower() for a in match["arguments"].split(","))
        if not all(NAME.fullmatch(a) for a in arguments) or len(set(arguments)) < len(arguments):
            raise FormatError(
                "the arguments of a function are distinct names.", line=line.number, column=match.start("arguments") + 1
            )
        name = self.found.declare(match["name"], line.number)
        tree = self._given(line.text, match.end(), line).tree
        self.found.definitions[name] = Definition(name, tree, line.number, arguments)
        self.found.blanks[name] = [a.strip().lower() for a in match["arguments"].split(",") if a != a.strip()]

    def _equation(self, match: re.Match[str], line: Line) -> None:
        name = self.found.declare(match["a"] or match["b"], line.number)
        if len(self.found.states) >= MOST_STATES:
            raise FormatError(f"the model has more than {MOST_STATES} states.", line=line.number, column=1)
        if match["unread"]:
            self.notes.add(
                line.number, "ignored", f"{match['unread'].strip()[:40]!r} before the = is not read, as in XPPAUT."
            )
        self.found.states[name] = self._given(line.text, match.end(), line)

    def _observed(self, rest: str, line: Line) -> None:
        name, equals, _ = rest.partition("=")  # XPPAUT takes any text as a name: "P.E." or "log(x)"
        if not (equals and name.strip()):
            raise FormatError("expected aux name = formula.", line=line.number, column=1)
        start = len(line.text) - len(rest) + len(name) + 1
        self.found.observed.append((name.strip(), self._given(line.text, start, line)))

    # -- commands ----------------------------------------------------------------------------------------------------

    def _markov(self, rest: str, line: Line) -> None:
        match = re.match(rf"({_NAME})\s+(\d+)", rest)
        for _ in range(min(int(match[2]), 1000) if match else 0):
            next(self.lines, None)
        self.refuse("markov", line)

    def _event(self, rest: str, line: Line) -> None:
        self.found.events.append(event(rest, line, self.notes))

    def _table(self, rest: str, line: Line) -> None:
        match = re.match(rf"({_NAME})\s+(.*)", rest)
        if match is None:
            raise FormatError(
                "expected table name FILE, or table name % points low high formula.", line=line.number, column=1
            )
        if match[2].startswith("@"):
            self.found.refused.append(
                (line.number, f"{line.text[:60]!r} is a table of two arguments, which is not read.")
            )
            return
        name = self.found.declare(match[1], line.number)
        if not match[2].startswith("%"):
            self.found.tables[name] = Table(name, line.number, file=match[2].strip().strip('"'))
            return
        parts = re.match(r"%\s*(\d{1,9})\s+(\S+)\s+(\S+)\s+(.*)", match[2])
        low, high = (number_at_start(parts[k]) if parts else None for k in (2, 3))
        if parts is None or low is None or high is None or not low < high or int(parts[1]) < 2:
            raise FormatError(
                "expected table name % points low high formula, with low < high and at least 2 points.",
                line=line.number,
                column=1,
            )
        start = line.text.rindex(parts[4])
        tree = formula(parts[4], line.number, start + 1, self.notes)
        self.found.tables[name] = Table(name, line.number, int(parts[1]), low, high, tree)

    def _preset(self, rest: str, line: Line) -> None:
        match = _SET.match(rest)
        if match is None:
            raise FormatError("expected set name {a=1,x=0,...}.", line=line.number, column=1)
        self._add_preset(match["name"], match["body"], line)

    def _active_comment(self, line: Line) -> None:
        match = re.match(r'"\s*\{([^{}]*)\}\s*(.*)', line.text)
        if match:
            self._add_preset(match[2].strip() or match[1].strip(), match[1], line)

    def _add_preset(self, name: str, body: str, line: Line) -> None:
        """Keep what is set; which names are parameters or states is known at the end of the file."""
        if len(self.found.presets) >= MOST_PRESETS:
            raise FormatError(f"the file has more than {MOST_PRESETS} sets.", line=line.number, column=1)
        settings = dict(pairs(body.replace(";", ","), line.number, self.notes))
        self.found.presets.append(Preset(name, {}, {k.lower(): v for k, v in settings.items()}, line.number))


def _plain(text: str) -> float | None:
    """Return the number that a text is; None if it is more than a number."""
    try:
        return float(text)
    except ValueError:
        return None
