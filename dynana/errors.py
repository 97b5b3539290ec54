"""The exceptions and warnings of dynana, and the wording they share."""

from __future__ import annotations

from collections.abc import Iterable

#: Similarity (0 to 1) above which a known name is offered as "did you mean".
SIMILARITY = 0.5


class DynanaError(Exception):
    """Base of every error that dynana raises on its own account."""


class ModelError(DynanaError):
    """A model definition breaks a rule; the message quotes the place and the remedy."""


class ConvergenceError(DynanaError):
    """An iteration did not reach its tolerance; the message says how far it came."""


class FormatError(DynanaError):
    """A file or text does not have the format it should have.

    Attributes
    ----------
    message : str
        What is wrong, without the place.
    line, column : int or None
        Where in the text, counted from 1; None where that has no meaning (a damaged archive, say).
    report : tuple
        What was noticed before, for formats that keep a report (``.ode`` files).
    """

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, report: tuple[object, ...] = ()
    ) -> None:
        place = "" if line is None else f"line {line}: " if column is None else f"line {line}, column {column}: "
        super().__init__(place + message)
        self.message = message
        self.line, self.column, self.report = line, column, report


class DynanaWarning(UserWarning):
    """Something was done differently from what was asked, without harm to the numbers."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that resemble ``name``, ignoring case, best first."""
    from difflib import get_close_matches  # what is needed where something is misspelt only

    names = [str(k) for k in known]
    by_lower: dict[str, str] = {}
    for k in names:
        by_lower.setdefault(k.lower(), k)
    exact = [k for k in names if k.lower() == name.lower() and k != name]
    close = [by_lower[k] for k in get_close_matches(name.lower(), by_lower, n=3, cutoff=SIMILARITY)]
    starts = [
        k for low, k in by_lower.items() if name and (low.startswith(name.lower()) or name.lower().startswith(low))
    ]
    return list(dict.fromkeys(exact + close + starts))[:3]


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """Word the message for an unknown name: what was given, the nearest names, the known ones.

    Parameters
    ----------
    kind : str
        What the name should have named, for example ``"parameter"``.
    name : object
        What was given.
    known : iterable of str
        The names that exist.

    Returns
    -------
    str
        For example ``no parameter named 'mu0'; did you mean 'mu_0'? Known: coh, mu_0``.
    """
    known = list(known)
    close = nearest(str(name), known)
    hint = f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else "."
    listed = ", ".join(known) if known else "none"
    return f"no {kind} named {str(name)!r}{hint} Known: {listed}"
