"""Formulas of XPP files: XPPAUT's own precedence, and a note where it is not the usual one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from dynana.definition.text_functions import XPP, Primitive
from dynana.definition.text_trees import CALL, COMPARISONS, USUAL, Grammar, Tree, parse
from dynana.errors import FormatError
from dynana.interchange.ode_report import Notes

#: XPPAUT's table of operators: everything groups from the left, comparisons bind as tightly as powers.
GRAMMAR = Grammar(
    binary={
        **{sign: (70, 70, sign) for sign in COMPARISONS},
        "^": (70, 70, "^"),
        "**": (70, 70, "^"),
        "*": (60, 60, "*"),
        "/": (60, 60, "/"),
        "&": (60, 60, "and"),
        "&&": (60, 60, "and"),
        "+": (40, 40, "+"),
        "-": (40, 40, "-"),
        "|": (40, 40, "or"),
        "||": (40, 40, "or"),
    },
    prefix={"-": (60, "neg"), "~": (60, "neg"), "+": (60, "pos"), "not": (60, "not")},
    folds_case=True,
    choices=True,
    chains=True,
)
_USUAL = replace(USUAL, folds_case=True, choices=True, chains=True)
#: Without any of these the two readings are the same.
_DISPUTED = (*COMPARISONS, "^", "and", "or", "not")


def formula(text: str, line: int, column: int, notes: Notes) -> Tree:
    """Return the tree of a formula as XPPAUT reads it, and note where it is usually read otherwise.

    Raises
    ------
    FormatError
        With line and column.
    """
    tree = parse(text, GRAMMAR, line=line, column=column)
    if re.search(r"[-+*/^<>=&|]\s*[-+]|!=", text):
        notes.add(line, "repaired", "a sign after an operator, and !=, are read as usual; XPPAUT refuses them.")
    if re.search(r"[*/&]\s*not\b", text, re.IGNORECASE):
        notes.add(line, "reading", "not(...) after * is a factor here; XPPAUT multiplies with what stands before it.")
    if any(t.head == "sum" and any(inner.head == "sum" for inner in t.arguments[-1]) for t in tree if t.arguments):
        notes.add(line, "reading", "a sum in a sum: there is one index i', which the inner sum leaves at its end.")
    if any(t.kind == CALL and t.head in _DISPUTED for t in tree):
        try:
            usual = parse(text, _USUAL, line=line, column=column)
        except FormatError:
            return tree
        if usual != tree:
            notes.add(
                line, "reading", f"XPPAUT's {str(tree)[:200]} is taken; usually this would be {str(usual)[:200]}."
            )
    return tree


def primitives() -> Mapping[str, Primitive]:
    """Return the functions of XPP files."""
    return XPP
