"""A System as an XPPAUT file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

import sympy as sp

from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME, symbol
from dynana.errors import ModelError
from dynana.interchange.expression_text import Writer
from dynana.interchange.languages import XPP
from dynana.interchange.names import Names, renamed
from dynana.interchange.plain_events import Equations, Event, equations, in_order

#: Longest name that every version reads.
LONGEST_NAME = 9
#: Longest part of a formula without a name: lines must stay below 1024 characters.
LONGEST_PART = 300
#: Longest line that every version reads.
LONGEST_LINE = 1000
#: States, named parts and observables together, and parameters, of which version 6.11 reads some more.
MOST_VARIABLES, MOST_PARAMETERS = 1800, 250
#: Values are not cut off at 100, where XPPAUT would stop by default.
BOUND = 1e12
#: Words with a meaning in XPPAUT's formulas, and the functions that we write out.
RESERVED = (
    "sin cos tan atan atan2 sinh cosh tanh asin acos exp ln log log10 sqrt abs sign heav flr mod max min erf erfc "
    "lgamma besselj bessely besseli ran normal poisson delay del_shft shift ishift sum of set if then else not hom_bcs "
    "t pi arg1 arg2 arg3 arg4 arg5 arg6 arg7 arg8 arg9 arg10 arg11 arg12 arg13 arg14 arg15 arg16 arg17 arg18 arg19 "
    "arg20 nxxqq start end out_put arret no_interp bern0 bern1 bern2 bern3 exprel0 exprel1 exprel2 exprel3"
).split()  # fmt: skip
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}")
_WORD = re.compile(r"[A-Za-z0-9_.+-]{1,32}")


def to_ode(system: System, *, options: Mapping[str, float | str] | None = None) -> str:
    """Return a system as the text of an XPPAUT ``.ode`` file.

    Names become unique names of at most nine letters, whatever their case, because XPPAUT takes ``g_c`` for ``g_C``;
    the file lists what was renamed. Removable singularities are written out with their limits, jumps become ``global``
    events (with two more parameters where states are held), noise becomes ``wiener`` terms, observables ``aux``.

    Parameters
    ----------
    system : System
    options : mapping of str to float or str, optional
        XPPAUT's own options of the ``@`` line, such as ``{"total": 500, "dt": 0.01}``, in place of ours.

    Returns
    -------
    str
        Ready for ``xppaut FILE.ode`` and ``xppaut FILE.ode -silent``.

    Raises
    ------
    ModelError
        If something in the system has no counterpart in XPPAUT; the message names it.
    ValueError
        If an option is no name and value.

    Notes
    -----
    XPPAUT's events differ from jumps: one whose condition holds from the start never fires, one whose condition becomes
    exactly zero at the end of a step is passed over, and after two events in one step time is wrong by a part of that
    step. So a hold must be longer than a step, and steps shorter than the distance of jumps.
    """
    if not system.states:
        raise ModelError(
            f"{system.name} cannot be written for XPPAUT: it has no states, and a file needs one equation."
        )
    chosen = _options(system, options or {})
    form = equations(system)
    names = Names(RESERVED, longest=LONGEST_NAME, fold=True)
    called = names.assign([*system.states, *system.parameters, *form.memory, *system.observables])
    symbols = {symbol(n): new for n, new in called.items()} | {TIME: "t"}
    wiener = {sp.Dummy(): names.new("wiener") for _ in system.noise}
    wanted = [*_with_noise(system, form, list(wiener)), *(regularise(e)[0] for e in system.observables.values())]
    writer = Writer(XPP, symbols | wiener, system.name, lambda: names.new("part"), LONGEST_PART)
    texts = writer.block(wanted)
    if len(texts) + len(writer.lines) > MOST_VARIABLES:  # then parts are repeated rather than named
        writer = Writer(XPP, symbols | wiener, system.name, lambda: names.new("piece"), LONGEST_PART, shared=False)
        texts = writer.block(wanted)
    _check_size(system, len(texts) + len(writer.lines), len(system.parameters) + len(form.memory))
    rows, observed = texts[: len(system.states)], texts[len(system.states) :]
    events = _Events(form, Writer(XPP, symbols, system.name), called, names)
    functions = {**dict(writer.definitions()), **dict(events.writer.definitions())}
    lines = [
        *_comments([f"{system.name}, written by dynana", *system.doc.splitlines(), *renamed(called)]),
        *(f"par {called[n]}={value!r}" for n, value in {**system.values, **form.memory}.items()),
        *(f"wiener {name}" for name in wiener.values()),
        *functions.values(),
        *(f"{name}={text}" for name, text in writer.lines),
        *(f"{called[n]}'={text}" for n, text in zip(system.states, rows, strict=True)),
        *(f"{name}'=0" for name in events.spare),
        *(f"init {called[n]}={value!r}" for n, value in system.initial.items()),
        *events.lines,
        *(f"aux {called[n]}={text}" for n, text in zip(system.observables, observed, strict=True)),
        *(f"@ {name}={value}" for name, value in _with_axes(chosen, called, system).items()),
        "done",
    ]
    for line in lines:
        if len(line) > LONGEST_LINE:
            raise ModelError(
                f"{system.name} cannot be written for XPPAUT: the line {line[:40]!r}... has {len(line)} characters, "
                f"and XPPAUT reads {LONGEST_LINE}."
            )
    return "\n".join([*lines, ""])


def _check_size(system: System, variables: int, parameters: int) -> None:
    for count, most, what in (
        (variables, MOST_VARIABLES, "states, observables and parts of formulas"),
        (parameters, MOST_PARAMETERS, "parameters"),
    ):
        if count > most:
            raise ModelError(
                f"{system.name} cannot be written for XPPAUT: it needs {count} {what}, and XPPAUT reads {most}."
            )


def _with_noise(system: System, form: Equations, wiener: list[sp.Symbol]) -> list[sp.Expr]:
    rows = dict(zip(system.states, form.derivatives, strict=True))
    for noise, process in zip(system.noise, wiener, strict=True):
        for name, amplitude in noise.terms.items():
            rows[name] += regularise(amplitude)[0] * process
    return list(rows.values())


class _Events:
    """Events as ``global`` lines; their formulas stand alone, because named parts are stale when they are computed."""

    def __init__(self, form: Equations, writer: Writer, called: dict[str, str], names: Names) -> None:
        self.writer = writer
        self.spare: list[str] = []
        self._called = called
        self._names = names
        self.lines = [line for event in form.events for line in self._event(event)]

    def _event(self, event: Event) -> list[str]:
        steps = in_order(event.to, self._keep)
        texts = self.writer.block([event.guard, *(e for _, e in steps)])
        assigned = ";".join(f"{self._called[n]}={text}" for (n, _), text in zip(steps, texts[1:], strict=True))
        return [f"# {event.name}", f"global 1 {{{texts[0]}}} {{{assigned}}}"]

    def _keep(self) -> str:
        """Return a new state in which an event keeps a value from before; a parameter would change too late."""
        name = self._names.new("before")
        self.spare.append(name)
        self._called[name] = name
        self.writer.call(symbol(name), name)
        return name


def _comments(lines: Iterable[str]) -> list[str]:
    """Return text as comment lines; a backslash at the end of one would join it to the next."""
    return [
        f"# {''.join(c if c.isprintable() else ' ' for c in line)[: LONGEST_LINE - 2].replace(chr(92), '/')}"
        for line in lines
    ]


def _options(system: System, given: Mapping[str, float | str]) -> dict[str, str]:
    """Return the ``@`` options: ours, and those given in their place."""
    total, step = (1.0, 1e-4) if system.time == "s" else (200.0, 0.02)
    smooth = {"meth": "cvode", "toler": "1e-11", "atoler": "1e-11"}
    method = {"meth": "euler"} if system.noise else {"meth": "rungekutta"} if system.jumps else smooth
    chosen = {"total": f"{total:g}", "dt": f"{step:g}", **method, "bound": f"{BOUND:g}"}
    for name, value in given.items():
        text = f"{value:.17g}" if isinstance(value, float) else str(value)
        if not _OPTION.fullmatch(name) or not _WORD.fullmatch(text):
            raise ValueError(
                f"options: {name!r}: {value!r} is no option of XPPAUT: expected a word, and a number or a word."
            )
        chosen[name.lower()] = text
    chosen.setdefault("maxstor", str(_rows_stored(chosen)))
    return chosen


def _rows_stored(chosen: Mapping[str, str]) -> int:
    try:
        rows = float(chosen["total"]) / (float(chosen["dt"]) * float(chosen.get("njmp", chosen.get("nout", "1"))))
    except (ValueError, ZeroDivisionError):
        raise ValueError("options: total, dt and njmp must be numbers, and dt and njmp not zero.") from None
    return math.ceil(abs(rows)) + 10


def _with_axes(chosen: dict[str, str], called: Mapping[str, str], system: System) -> dict[str, str]:
    first = system.states[0]
    axes = {"xp": "t", "yp": called[first], "xlo": "0", "xhi": chosen["total"]}
    if first in system.ranges:
        low, high = system.ranges[first]
        axes |= {"ylo": f"{low:.17g}", "yhi": f"{high:.17g}"}
    return {**axes, **chosen}
