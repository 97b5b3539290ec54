"""What a tree means, once its names are known: the walk that all readings of a formula share.

A `Reading` knows the names (of states, parameters, numbers), the quantities and functions that the text defines, and
walks through trees. `dynana.definition.text_expressions` makes sympy expressions in this way,
`dynana.definition.text_numbers` numbers. The walk is bounded: quantities and functions that refer to each other in a
circle are refused, and so is a text whose formulas, written out, are too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from dynana.definition.text_functions import Primitive
from dynana.definition.text_trees import CALL, COMPARISONS, NAME, NUMBER, Tree
from dynana.errors import FormatError, unknown

#: Operations in all formulas of a text after functions and sums are written out: so many, and so many for each of its
#: characters. A hundred cells that are coupled all to all by a short formula need 40.
BASE_OPERATIONS, OPERATIONS_PER_CHARACTER = 20_000, 50
#: Formulas inside formulas, counted in operations; sympy's own recursion ends not far beyond.
DEEPEST_READING = 160
#: Known names that an error message lists.
LISTED = 25

OPERATORS = ("+", "*", "neg", "/", "^")
LOGIC = (*COMPARISONS, "and", "or", "not")
CHOICES = ("if", "where")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Definition:
    """A quantity, or with parameters a function, that a text defines.

    Parameters
    ----------
    name : str
    tree : Tree
    line : int
        Where it stands.
    parameters : tuple of str or None
        Names of the arguments; None for a quantity.
    """

    name: str
    tree: Tree
    line: int
    parameters: tuple[str, ...] | None = None


class Reading(Generic[T]):
    """The walk through trees. Subclasses say what numbers, operators and choices make.

    Parameters
    ----------
    names : mapping of str to T
        What each name stands for.
    definitions : mapping of str to Definition
        Quantities and functions that the text defines.
    primitives : mapping of str to Primitive
        Functions that every text may call.
    length : int
        Characters of the text, from which follows how many operations it may make.
    """

    def __init__(
        self,
        names: Mapping[str, T],
        definitions: Mapping[str, Definition],
        primitives: Mapping[str, Primitive],
        length: int = 0,
    ) -> None:
        self.names = dict(names)
        self.definitions = dict(definitions)
        self.primitives = primitives
        self.line = 1
        self.operations = 0
        self.most_operations = BASE_OPERATIONS + OPERATIONS_PER_CHARACTER * length
        self._local: dict[str, T] = {}
        self._depth = 0
        self._open: list[str] = []

    # -- what subclasses say -----------------------------------------------------------------------------------------

    def number(self, tree: Tree) -> T:
        """Return the meaning of a number."""
        raise NotImplementedError

    def operator(self, tree: Tree, arguments: list[T]) -> T:
        """Return the meaning of a sum, product, power, ..."""
        raise NotImplementedError

    def primitive(self, tree: Tree, function: Primitive, arguments: list[T]) -> T:
        """Return the meaning of a call of a primitive."""
        raise NotImplementedError

    def truth(self, tree: Tree) -> T:
        """Return 1 where a condition holds and 0 elsewhere."""
        raise NotImplementedError

    def choice(self, condition: Tree, a: Tree, b: Tree) -> T:
        """Return the meaning of a choice between two formulas."""
        raise NotImplementedError

    def special(self, tree: Tree) -> T | None:
        """Return the meaning of a call that only one dialect knows; None if this is none."""
        return None

    # -- the walk ----------------------------------------------------------------------------------------------------

    def fail(self, message: str, tree: Tree) -> NoReturn:
        """Raise FormatError at the place of a tree."""
        raise FormatError(message, line=self.line, column=tree.column)

    def read(self, tree: Tree, line: int) -> T:
        """Return the meaning of a formula that stands in ``line``, after all quantities that it needs."""
        self.line = line
        for name in self.needed(tree):
            if name not in self.names:
                definition = self.definitions[name]
                self.names[name] = self.enter(definition, {})
        return self.walk(tree)

    def walk(self, tree: Tree) -> T:
        """Return the meaning of a tree."""
        self.spend(1, tree)
        self._depth += 1
        if self._depth > DEEPEST_READING:
            self.fail(f"formulas inside formulas are nested more than {DEEPEST_READING} deep.", tree)
        if tree.kind == NUMBER:
            result = self.number(tree)
        elif tree.kind == NAME:
            result = self.name(tree)
        else:
            result = self.call(tree)
        self._depth -= 1
        return result

    def spend(self, operations: int, tree: Tree) -> None:
        """Count operations; refuse texts that need too many."""
        self.operations += operations
        if self.operations > self.most_operations:
            self.fail(f"all formulas together, written out, have more than {self.most_operations} operations.", tree)

    def name(self, tree: Tree) -> T:
        """Return what a name stands for."""
        if tree.head in self._local:
            return self._local[tree.head]
        if tree.head in self.names:
            return self.names[tree.head]
        definition = self.definitions.get(tree.head)
        if definition is not None and definition.parameters is None:
            self.names[tree.head] = self.enter(definition, {})
            return self.names[tree.head]
        if tree.head in self.primitives or definition is not None:
            self.fail(f"the function {tree.head!r} needs arguments in brackets.", tree)
        self.fail(self.unknown("name", tree.head, [*self._local, *self.names, *self._quantities()]), tree)

    def call(self, tree: Tree) -> T:
        """Return the meaning of an operator or a call."""
        if tree.head in OPERATORS:
            return self.operator(tree, [self.walk(a) for a in tree.arguments])
        if tree.head in LOGIC:
            return self.truth(tree)
        if tree.head in CHOICES and tree.head not in self.definitions:
            if len(tree.arguments) != 3:
                self.fail(f"{tree.head} takes a condition and two formulas, not {len(tree.arguments)} parts.", tree)
            return self.choice(*tree.arguments)
        definition = self.definitions.get(tree.head)
        if definition is not None and definition.parameters is not None:
            return self.application(tree, definition.parameters, definition)
        if (made := self.special(tree)) is not None:
            return made
        function = self.primitives.get(tree.head)
        if function is None:
            known = [*(n for n, d in self.definitions.items() if d.parameters is not None), *self.primitives]
            if tree.head in self._local or tree.head in self.names or definition is not None:
                self.fail(f"{tree.head!r} is not a function: an operator is missing before the bracket.", tree)
            self.fail(self.unknown("function", tree.head, known), tree)
        if not function.fewest <= len(tree.arguments) <= function.most:
            many = str(function.fewest) if function.fewest == function.most else f"{function.fewest} or more"
            self.fail(f"{tree.head} takes {many} argument(s), not {len(tree.arguments)}.", tree)
        return self.primitive(tree, function, [self.walk(a) for a in tree.arguments])

    def application(self, tree: Tree, parameters: tuple[str, ...], definition: Definition) -> T:
        """Return the meaning of a call of a function that the text defines."""
        if len(tree.arguments) != len(parameters):
            self.fail(f"{tree.head} takes {len(parameters)} argument(s), not {len(tree.arguments)}.", tree)
        return self.enter(definition, dict(zip(parameters, [self.walk(a) for a in tree.arguments], strict=True)))

    def enter(self, definition: Definition, local: dict[str, T]) -> T:
        """Return the meaning of a definition, with its arguments."""
        if definition.name in self._open:
            self.circle(definition.name)
        self._open.append(definition.name)
        outside, self._local, line, self.line = self._local, local, self.line, definition.line
        result = self.walk(definition.tree)
        self._local, self.line = outside, line
        self._open.pop()
        return result

    # -- order -------------------------------------------------------------------------------------------------------

    def needed(self, tree: Tree) -> list[str]:
        """Return the quantities that a tree needs, directly or through others, each after those that it needs."""
        order: list[str] = []
        done: set[str] = set()
        path: dict[str, None] = {}  # in order, and found at once
        stack: list[tuple[str, Iterator[str]]] = [("", self._named(tree, ()))]
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                if name:
                    path.popitem()
                    done.add(name)
                    if self.definitions[name].parameters is None:
                        order.append(name)
            elif following in path:
                self._open = list(path)[list(path).index(following) :]
                self.circle(following)
            elif following not in done:
                path[following] = None
                definition = self.definitions[following]
                stack.append((following, self._named(definition.tree, definition.parameters or ())))
        return order

    def circle(self, name: str) -> NoReturn:
        """Refuse definitions that refer to each other in a circle."""
        definition = self.definitions[name]
        way = " -> ".join([*self._open[self._open.index(name) :], name])
        raise FormatError(f"{way}: the definitions refer to each other in a circle.", line=definition.line, column=1)

    def _named(self, tree: Tree, parameters: tuple[str, ...]) -> Iterator[str]:
        """Names of definitions that a tree refers to and that are not read yet."""
        found = (t.head for t in tree if t.kind in (NAME, CALL) and t.head not in parameters)
        return iter([name for name in dict.fromkeys(found) if name in self.definitions and name not in self.names])

    def _quantities(self) -> list[str]:
        return [n for n, d in self.definitions.items() if d.parameters is None]

    def unknown(self, kind: str, name: str, known: list[str]) -> str:
        """Word the message for an unknown name, with at most `LISTED` known ones."""
        message = unknown(kind, name, known)
        if len(known) <= LISTED:
            return message
        return f"{message.partition(' Known: ')[0]} Known: {', '.join(known[:LISTED])}, ... ({len(known)})"
