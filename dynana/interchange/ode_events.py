"""``global`` lines of XPP files as jumps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from dynana.definition.parts import Jump
from dynana.definition.text_expressions import Value
from dynana.definition.text_functions import compare
from dynana.definition.text_trees import CALL, NAME, Tree
from dynana.errors import FormatError, unknown
from dynana.interchange.ode_content import Event, Statements
from dynana.interchange.ode_formulas import OdeExpressions, OdeNumbers
from dynana.interchange.ode_report import Notes

#: Size below which XPPAUT takes the condition of an event with sign 0 for zero.
ZERO = 5e-16

_COMMANDS = {
    "out_put": "writes a row of output",
    "arret": "stops the run",
    "no_interp": "puts the event at the end of the step",
}


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
    """

    found: Statements
    symbols: Mapping[str, sp.Symbol]
    reading: OdeExpressions
    start: OdeNumbers
    notes: Notes

    def jumps(self, initial: dict[str, float]) -> list[Jump]:
        """Return the jumps; events at the beginning of a run change ``initial``."""
        made = []
        for event in self.found.events:
            if event.sign == 0:
                self._at_start(event, initial)
            else:
                jump = self._jump(event)
                made += [] if jump is None else [jump]
        return made

    def _jump(self, event: Event) -> Jump | None:
        assigned = []
        for name, tree in event.assigned:
            if name in _COMMANDS:
                self.notes.add(event.line, "left out", f"{name}, which {_COMMANDS[name]} in XPPAUT.")
            else:
                assigned.append((name, tree))
        if not assigned:
            return None
        value = self.reading.read(event.condition, event.line)
        if value.number is not None:
            self.notes.add(event.line, "left out", f"the event: its condition is always {value.number:g}.")
            return None
        if float(self.start.read(event.condition, event.line)) * event.sign > 0:
            self.notes.add(
                event.line,
                "reading",
                "the condition holds at the beginning already: the jump fires there, whereas XPPAUT waits until it is "
                "left and reached again.",
            )
        return Jump(when=self._condition(event), to=self._map(event, assigned))

    def _condition(self, event: Event) -> sp.Basic:
        """Return ``a > b`` for a condition a - b, and otherwise condition > 0."""
        tree = event.condition
        left, right = self.reading.walk(tree).expr, sp.S.Zero
        if tree.kind == CALL and tree.head == "+" and len(tree.arguments) == 2:
            first, second = tree.arguments
            if second.kind == CALL and second.head == "neg":
                left, right = self.reading.walk(first).expr, self.reading.walk(second.arguments[0]).expr
        return compare(">" if event.sign > 0 else "<", left, right)

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
