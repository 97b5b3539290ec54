"""From text to trees: the tokenizer and the precedence parser of formulas.

Text from strangers becomes a `Tree` of numbers, names and calls and nothing else; what the names mean is decided later
(`dynana.definition.text_meaning`). A `Grammar` says how tightly operators bind, so that the same parser reads model
text, where ``2^3^2`` is 512, and XPP files, where it is 64. No text reaches sympy's own parser, `eval` or the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from dynana.errors import FormatError

#: Longest formula, in characters. XPP itself reads 1024.
LONGEST_FORMULA = 20_000
#: Deepest nesting of brackets, calls and operators that are not sums or products; no published formula has 30.
DEEPEST = 80
#: Longest name.
LONGEST_NAME = 64

NUMBER, NAME, CALL = "number", "name", "call"

_TOKEN = re.compile(
    r"(?P<space>[ \t\f\v\r\n\u00a0]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*'?)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|&&|\|\||[-+*/^<>=&|~!(),\[\]{}])"
)


#: Operators whose operands are gathered in one tree, and those that are written with an inverse.
_GATHERED = ("+", "*", "and", "or")
_INVERSE = {"-": ("+", "neg"), "/": ("*", "/")}
_SIGNS = {"neg": "-", "/": "/"}
_BEFORE = {"neg": "-{}", "not": "not {}", "/": "(1/{})"}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a formula: its kind (``number``, ``name``, ``operator`` or ``end``), text and column."""

    kind: str
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A formula taken apart. Two trees are equal if they mean the same, wherever they stand.

    Parameters
    ----------
    kind : {"number", "name", "call"}
    head : str
        The digits, the name, or the name of the function or operator that is called. Operators are ``+`` and ``*``
        (any number of arguments), ``neg``, ``/`` (the reciprocal of one argument), ``^``, the comparisons, ``and``,
        ``or``, ``not``.
    arguments : tuple of Tree
    column : int
        Where it stands, counted from 1.
    depth : int
        Longest way from here to a leaf.
    """

    kind: str
    head: str
    arguments: tuple[Tree, ...] = ()
    column: int = field(default=1, compare=False)
    depth: int = field(default=1, compare=False)

    def __iter__(self) -> Iterator[Tree]:
        """Iterate over this tree and everything in it."""
        stack = [self]
        while stack:
            tree = stack.pop()
            yield tree
            stack += reversed(tree.arguments)

    def __str__(self) -> str:
        """The formula with every bracket written."""
        if self.kind != CALL:
            return self.head
        if self.head in _GATHERED:
            text = str(self.arguments[0])
            for argument in self.arguments[1:]:
                inverse = (
                    argument.kind == CALL and _INVERSE.get(_SIGNS.get(argument.head, ""), ("", ""))[0] == self.head
                )
                sign = _SIGNS[argument.head] if inverse else self.head
                text += f"{sign if sign in '*/' else f' {sign} '}{argument.arguments[0] if inverse else argument}"
            return f"({text})"
        parts = [str(a) for a in self.arguments]
        if self.head in _BEFORE:
            return _BEFORE[self.head].format(parts[0])
        if self.head[0].isalpha():
            return f"{self.head}({', '.join(parts)})"
        return f"({f' {self.head} '.join(parts)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How tightly operators bind.

    Parameters
    ----------
    binary : mapping of str to (int, int, str)
        For each operator: how tightly it binds to its left, to its right (less than to the left if it groups from the
        right), and the head of the tree it makes.
    prefix : mapping of str to (int, str)
        For each sign or word in front of its operand: how tightly it binds, and the head.
    folds_case : bool
        Whether ``V`` and ``v`` are one name. Names in trees are then in lower case.
    choices : bool
        Whether ``if(..)then(..)else(..)`` and ``sum(..)of(..)`` are formulas.
    chains : bool
        Whether ``a < b < c`` may be written; it is then grouped from the left.
    """

    binary: Mapping[str, tuple[int, int, str]]
    prefix: Mapping[str, tuple[int, str]]
    folds_case: bool = False
    choices: bool = False
    chains: bool = False


#: Formulas as they are usually meant.
USUAL = Grammar(
    binary={
        "or": (10, 10, "or"),
        "||": (10, 10, "or"),
        "|": (10, 10, "or"),
        "and": (20, 20, "and"),
        "&&": (20, 20, "and"),
        "&": (20, 20, "and"),
        **{sign: (40, 40, sign) for sign in COMPARISONS},
        "+": (50, 50, "+"),
        "-": (50, 50, "-"),
        "*": (60, 60, "*"),
        "/": (60, 60, "/"),
        "^": (80, 79, "^"),
        "**": (80, 79, "^"),
    },
    prefix={"not": (30, "not"), "-": (70, "neg"), "+": (70, "pos")},
)


def parse(text: str, grammar: Grammar = USUAL, *, line: int = 1, column: int = 1) -> Tree:
    """Return the tree of a formula.

    Parameters
    ----------
    text : str
    grammar : Grammar, optional
    line, column : int, optional
        Where the text begins, for error messages.

    Raises
    ------
    FormatError
        With line and column, where the text is no formula or exceeds a bound.
    """
    return _Parser(text, grammar, line, column).formula()


def tokens(text: str, *, line: int = 1, column: int = 1) -> list[Token]:
    """Return the tokens of a text, and a last one of kind ``end``."""
    if len(text) > LONGEST_FORMULA:
        raise FormatError(
            f"the formula has {len(text)} characters, more than {LONGEST_FORMULA}.", line=line, column=column
        )
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormatError(
                f"unexpected character {text[position]!r} in a formula.", line=line, column=column + position
            )
        kind = str(match.lastgroup)
        if kind == "name" and len(match.group()) > LONGEST_NAME:
            raise FormatError(
                f"a name has {len(match.group())} characters: at most {LONGEST_NAME}.",
                line=line,
                column=column + position,
            )
        if kind != "space":
            found.append(Token(kind, match.group(), column + position))
        position = match.end()
    return [*found, Token("end", "", column + len(text))]


class _Parser:
    """A precedence parser (Pratt 1973) over the tokens of one formula."""

    def __init__(self, text: str, grammar: Grammar, line: int, column: int) -> None:
        self.line = line
        self.grammar = grammar
        self.tokens = tokens(text, line=line, column=column)
        self.position = 0
        self.open = 0

    # -- tokens ----------------------------------------------------------------------------------------------------

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position += token.kind != "end"
        return token

    def word(self, token: Token) -> str:
        return token.text.lower() if self.grammar.folds_case else token.text

    def expect(self, text: str, after: str) -> Token:
        token = self.take()
        if token.kind == "end" or self.word(token) != text:
            self.fail(token, f"expected {text!r} {after}")
        return token

    def fail(self, token: Token, message: str) -> NoReturn:
        given = "the formula ends" if token.kind == "end" else f"{token.text!r} stands"
        raise FormatError(f"{message}, but {given} here.", line=self.line, column=token.column)

    # -- trees -----------------------------------------------------------------------------------------------------

    def formula(self) -> Tree:
        if self.next.kind == "end":
            raise FormatError("expected a formula, got nothing.", line=self.line, column=self.next.column)
        tree = self.expression(0)
        if self.next.kind != "end":
            self.fail(self.next, "expected an operator or the end of the formula")
        return tree

    def expression(self, binding: int) -> Tree:
        self.open += 1
        if self.open > DEEPEST:
            raise FormatError(
                f"the formula is nested more than {DEEPEST} deep.", line=self.line, column=self.next.column
            )
        tree = self.operand()
        run: list[Tree] = []  # operands of the sum or product that is being read
        running = ""
        while True:
            token = self.next
            left, right, head = self.grammar.binary.get(self.word(token), (0, 0, ""))
            if left <= binding or token.kind not in ("operator", "name"):
                break
            self.take()
            if head in COMPARISONS and not self.grammar.chains:
                self.check_chain(token, tree)
            operand = self.expression(right)
            if head in _INVERSE:
                head, inverse = _INVERSE[head]
                operand = self.call(inverse, (operand,), operand.column)
            if head != running:
                tree = self.call(running, tuple(run), run[0].column) if run else tree
                running, run = (head, [tree]) if head in _GATHERED else ("", [])
            if run:
                run.append(operand)
            else:
                tree = self.call(head, (tree, operand), token.column)
        self.open -= 1
        return self.call(running, tuple(run), run[0].column) if run else tree

    def check_chain(self, token: Token, tree: Tree) -> None:
        if tree.kind == CALL and tree.head in COMPARISONS and self.tokens[self.position - 2].text != ")":
            raise FormatError(
                "comparisons cannot be chained: write (a < b) and (b < c).", line=self.line, column=token.column
            )

    def operand(self) -> Tree:
        token = self.take()
        word = self.word(token)
        if token.kind == "number":
            return Tree(NUMBER, token.text, column=token.column)
        if token.kind != "end" and word in self.grammar.prefix:
            binding, head = self.grammar.prefix[word]
            operand = self.expression(binding)
            return operand if head == "pos" else self.call(head, (operand,), token.column)
        if token.text == "(":
            tree = self.expression(0)
            self.expect(")", "to close the bracket")
            return tree
        if token.kind == "name" and word not in self.grammar.binary:
            if self.next.text == "(":
                return self.application(word, token.column)
            return Tree(NAME, word, column=token.column)
        self.fail(token, "expected a number, a name or a bracket")

    def application(self, word: str, column: int) -> Tree:
        arguments = self.arguments()
        if not self.grammar.choices:
            return self.call(word, arguments, column)
        if word == "if":
            self.expect("then", "after if(...)")
            chosen = self.arguments()
            self.expect("else", "after if(...)then(...)")
            parts = (*arguments, *chosen, *self.arguments())
            if len(parts) != 3:
                raise FormatError(
                    "if(condition)then(value)else(value) takes one formula in each bracket.",
                    line=self.line,
                    column=column,
                )
            return self.call("if", parts, column)
        if word == "sum" and self.word(self.next) == "of":
            self.take()
            parts = (*arguments, *self.arguments())
            if len(parts) != 3:
                raise FormatError(
                    "sum(low, high)of(formula) takes two bounds and one formula.", line=self.line, column=column
                )
            return self.call("sum", parts, column)
        return self.call(word, arguments, column)

    def arguments(self) -> tuple[Tree, ...]:
        self.expect("(", "before the arguments")
        found: list[Tree] = []
        if self.next.text == ")":
            self.take()
            return ()
        while True:
            found.append(self.expression(0))
            if self.next.text == ",":
                self.take()
                continue
            self.expect(")", "or ',' after an argument")
            return tuple(found)

    def call(self, head: str, arguments: tuple[Tree, ...], column: int) -> Tree:
        depth = 1 + max((a.depth for a in arguments), default=0)
        if depth > DEEPEST:
            raise FormatError(f"the formula is nested more than {DEEPEST} deep.", line=self.line, column=column)
        return Tree(CALL, head, arguments, column=column, depth=depth)
