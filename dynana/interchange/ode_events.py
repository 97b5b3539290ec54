"""``global`` lines of XPP files as jumps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from dynana.definition.parts import Jump
from dynana.definition.text_expressions import Value
from dynana.definition.text_functions import compare
from dynana.definition.text_trees import CALL, NAME, Tree
from dynana.definition.tracing import symbol
from dynana.errors import FormatError, unknown
from dynana.interchange.ode_content import Event, Statements
from dynana.interchange.ode_formulas import OdeExpressions, OdeNumbers
from dynana.interchange.ode_grammar import formula
from dynana.interchange.ode_lines import Line
from dynana.interchange.ode_report import Notes

_GLOBAL = re.compile(r"(?P<sign>[-+]?\d+)\s*(?:\{(?P<braced>[^{}]*)\}|(?P<bare>[^{}]*))\s*\{(?P<events>[^{}]*)\}?\s*$")
#: XPPAUT itself has room for 20 assignments in an event.
MOST_ASSIGNED = 100
#: Size below which XPPAUT takes the condition of an event with sign 0 for zero.
ZERO = 5e-16

_COMMANDS = {
    "out_put": "writes a row of output",
    "arret": "stops the run",
    "no_interp": "puts the event at the end of the step",
}


def event(rest: str, line: Line, notes: Notes) -> Event:
    """Return the event of a ``global`` line; ``rest`` is what follows the word.

    Raises
    ------
    FormatError
        With line and column.
    """
    start = len(line.text) - len(rest)
    match = _GLOBAL.match(rest)
    if match is None:
        raise FormatError("expected global sign {condition} {name=formula;...}.", line=line.number, column=1)
    part = "bare" if match["braced"] is None else "braced"
    condition = formula(match[part], line.number, start + match.start(part) + 1, notes)
    assigned = []
    position = match.start("events")
    pieces = match["events"].split(";")
    if len(pieces) > MOST_ASSIGNED:
        raise FormatError(
            f"the event has more than {MOST_ASSIGNED} assignments.", line=line.number, column=start + position + 1
        )
    for piece in pieces:
        name, equals, value = piece.partition("=")
        column = start + position + len(name) + 2
        position += len(piece) + 1
        if equals:
            assigned.append((name.strip().lower(), formula(value, line.number, column, notes)))
        elif piece.strip():
            raise FormatError(
                f"expected name=formula, got {piece.strip()[:40]!r}.",
                line=line.number,
                column=column - len(name) - 1,
            )
    sign = (int(match["sign"]) > 0) - (int(match["sign"]) < 0)
    return Event(sign, condition, tuple(assigned), line.number)


def changed_parameters(found: Statements) -> list[str]:
    """Return the parameters that events change: they become states. Unknown targets are refused."""
    changed: dict[str, None] = {}
    for event in found.events:
        for name, _ in event.assigned:
            if name in found.parameters:
                changed[name] = None
            elif name not in found.states and name not in _COMMANDS:
                known = [*found.states, *found.parameters]
                raise FormatError(unknown("state or parameter", name, known), line=event.line, column=1)
    return list(changed)


@dataclass(slots=True)
class Events:
    """Makes jumps of events.

    Parameters
    ----------
    found : Statements
    symbols : mapping of str to sympy.Symbol
        Symbols of the states, by the file's names.
    reading : OdeExpressions
    start : OdeNumbers
        Values at the beginning of a run.
    notes : Notes
    armed : list of str
        States that are added: 0 until the condition of an event has been left for the first time, then 1.
    """

    found: Statements
    symbols: Mapping[str, sp.Symbol]
    reading: OdeExpressions
    start: OdeNumbers
    notes: Notes
    armed: list[str] = field(default_factory=list)

    def jumps(self, initial: dict[str, float]) -> list[Jump]:
        """Return the jumps; events at the beginning of a run change ``initial``."""
        made = []
        for event in self.found.events:
            if event.sign == 0:
                self._at_start(event, initial)
            else:
                made += self._jumps(event)
        return made

    def _jumps(self, event: Event) -> list[Jump]:
        assigned = []
        for name, tree in event.assigned:
            if name in _COMMANDS:
                self.notes.add(event.line, "left out", f"{name}, which {_COMMANDS[name]} in XPPAUT.")
            else:
                assigned.append((name, tree))
        if not assigned:
            return []
        value = self.reading.read(event.condition, event.line)
        if value.number is not None:
            self.notes.add(event.line, "left out", f"the event: its condition is always {value.number:g}.")
            return []
        when, to = self._condition(event, event.sign), self._map(event, assigned)
        if float(self.start.read(event.condition, event.line)) * event.sign < 0:
            return [Jump(when=when, to=to)]
        name = self._free_name(f"armed{len(self.armed) + 1}")
        self.armed.append(name)
        self.notes.add(
            event.line,
            "reading",
            "the condition holds at the beginning already, and a jump would fire there; XPPAUT waits until it has been "
            f"left: the state {name} is 0 until then.",
        )
        ready = compare(">", symbol(name), sp.S.Half)
        return [
            Jump(when=self._condition(event, -event.sign), to={name: sp.S.One}),
            Jump(when=sp.And(when, ready, evaluate=False), to=to),
        ]

    def _free_name(self, name: str) -> str:
        taken = {s.name.lower() for s in self.symbols.values()} | set(self.found.declared)
        while name in taken:
            name += "_"
        return name

    def _condition(self, event: Event, sign: int) -> sp.Basic:
        """Return ``a > b`` (or <) for a condition a - b, and otherwise condition > 0."""
        tree = event.condition
        left, right = self.reading.walk(tree).expr, sp.S.Zero
        if tree.kind == CALL and tree.head == "+" and len(tree.arguments) == 2:
            first, second = tree.arguments
            if second.kind == CALL and second.head == "neg":
                left, right = self.reading.walk(first).expr, self.reading.walk(second.arguments[0]).expr
        return compare(">" if sign > 0 else "<", left, right)

    def _map(self, event: Event, assigned: list[tuple[str, Tree]]) -> dict[str, sp.Expr]:
        """Return the new values in terms of the old ones: assignments are made one after the other, as in XPPAUT.

        Parameters are an exception: XPPAUT sets them after all right sides are worked out.
        """
        names = self.reading.names
        before = dict(names)
        to: dict[str, sp.Expr] = {}
        for name, tree in assigned:
            value = self._right_side(tree, event, before)
            earlier = [t.head for t in tree if t.kind == NAME and t.head in to and t.head in self.found.states]
            if earlier:
                self.notes.add(
                    event.line,
                    "reading",
                    f"the assignments are made one after the other, as in XPPAUT: the new {name} reads the new "
                    f"{earlier[0]}.",
                )
            to[name] = value.expr
            if name in self.found.states:
                names[name] = value
        for name in to:
            names[name] = before[name]
        return {self.symbols[name].name: expr for name, expr in to.items()}

    def _right_side(self, tree: Tree, event: Event, before: Mapping[str, Value]) -> Value:
        """Return a right side; quantities in it have their values before the event."""
        names = self.reading.names
        now = {name: names[name] for name in self.symbols}
        names.update({name: before[name] for name in self.symbols})
        self.reading.read(tree, event.line)
        names.update(now)
        value: Value = self.reading.walk(tree)
        return value

    def _at_start(self, event: Event, initial: dict[str, float]) -> None:
        """An event with sign 0 fires, in effect, only if its condition is zero at the beginning."""
        if not abs(float(self.start.read(event.condition, event.line))) < ZERO:
            self.notes.add(
                event.line,
                "left out",
                "the event: with sign 0 XPPAUT fires only where the condition is zero to 5e-16, and that it is not at "
                "the beginning. Write 1 for rising or -1 for falling through 0.",
            )
            return
        for name, tree in event.assigned:
            if name in _COMMANDS:
                continue
            initial[name] = float(self.start.read(tree, event.line))
            self.start.names[name] = initial[name]
        self.notes.add(event.line, "reading", "the event fires at the beginning only: it sets initial values.")
