"""From the statements of an XPP file to a `System`."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.parts import Noise
from dynana.definition.system import System
from dynana.definition.text_expressions import Value, value_of
from dynana.definition.text_functions import XPP
from dynana.definition.text_trees import CALL, NAME, Tree
from dynana.definition.tracing import TIME, exact, symbol
from dynana.errors import FormatError, unknown
from dynana.interchange.ode_content import Statements, Table
from dynana.interchange.ode_events import Events, changed_parameters
from dynana.interchange.ode_formulas import INDEX, OdeExpressions, OdeNumbers, Unsupported
from dynana.interchange.ode_report import Notes
from dynana.interchange.ode_settings import OdeRun
from dynana.interchange.ode_tables import Array, Lookup

#: Refused constructs that one message lists.
LISTED = 10


def refuse(found: Statements, run: OdeRun, notes: Notes) -> None:
    """Raise FormatError if there are lines that cannot be read, or constructs that are refused, naming each."""
    refused = list(found.refused)
    if run.method == "discrete":
        line = next((n for n, text in reversed(found.options) if re.search(r"meth\w*\s*=\s*d", text, re.I)), 1)
        refused.append((line, "meth=discrete makes the file a map; a System is made of differential equations."))
    found.errors += [FormatError(text, line=line, column=1) for line, text in refused]
    if not found.errors:
        return
    once = {str(error): error for error in found.errors}  # a line of an array makes many
    first, *others = sorted(once.values(), key=lambda error: error.line or 0)
    more = f"\n... and {len(others) + 1 - LISTED} more lines" if len(others) >= LISTED else ""
    message = "\n".join([first.message, *(str(error) for error in others[: LISTED - 1])]) + more
    raise FormatError(message, line=first.line, column=first.column, report=tuple(notes))


class Assembly:
    """Makes the System of a file.

    Parameters
    ----------
    found : Statements
    run : OdeRun
    folder : pathlib.Path or None
        Where the files of tables are looked for.
    notes : Notes

    Attributes
    ----------
    names : dict of str to str
        Names of states and parameters here, by the file's names in lower case.
    """

    def __init__(self, found: Statements, run: OdeRun, folder: Path | None, notes: Notes) -> None:
        self.found, self.run, self.notes = found, run, notes
        self.changed = changed_parameters(found)
        self.names = self._legal([*found.states, *found.parameters])
        self.lookups = {n: Lookup(table, folder, self._tabulated) for n, table in found.tables.items()}
        quantities = [n for n, d in found.definitions.items() if d.parameters is None and n not in found.derived]
        self.tables = [*found.states, *quantities], found.constants, self.lookups
        values = found.parameters | found.numbers | dict.fromkeys(found.wiener, 0.0)
        self.numbers = OdeNumbers(
            {"pi": math.pi, TIME.name: run.t0, **values, **dict.fromkeys(found.states, 0.0)},
            found.definitions,
            self.tables,
            found.length,
        )
        symbols = {n: symbol(here) for n, here in self.names.items()}
        self.noise = {n: symbol(f"{n}'") for n in found.wiener}  # no user's name has a prime
        given: dict[str, Value] = {"pi": value_of(sp.pi), TIME.name: value_of(TIME)}
        given |= {n: value_of(s) for n, s in (symbols | self.noise).items()}
        given |= {n: Value(exact(v), v) for n, v in found.numbers.items()}
        self.reading = OdeExpressions(given, found.definitions, self.tables, found.length)
        self.symbols = symbols

    def system(self, name: str, doc: str, ranges: Mapping[str, tuple[float, float]]) -> System:
        """Return the System."""
        found = self.found
        if not found.states:
            raise FormatError(
                "the file has no differential equation: expected x' = ... or dx/dt = ...", line=1, column=1
            )
        rows = {n: self.reading.read(g.tree, g.line).expr for n, g in found.states.items()}
        initial = self._initial()
        events = Events(
            found, {n: self.symbols[n] for n in (*found.states, *self.changed)}, self.reading, self.numbers, self.notes
        )
        jumps = events.jumps(initial)
        drift, noise = self._split_noise(rows)
        for jump in jumps:
            self._without_noise([jump.when, *jump.to.values()], "an event")
        observed = self._observed()
        self._check_order()
        self._check_start()
        states = {self.names[n]: e for n, e in drift.items()} | {self.names[n]: sp.S.Zero for n in self.changed}
        states |= dict.fromkeys(events.armed, sp.S.Zero)
        for n in self.changed:
            self.notes.add(
                found.declared[n],
                "reading",
                f"the parameter {self.names[n]} is changed by an event and is a state here, with derivative 0.",
            )
        return System(
            states,
            {self.names[n]: v for n, v in found.parameters.items() if n not in self.changed},
            initial={self.names[n]: v for n, v in initial.items()},
            jumps=jumps,
            noise=noise,
            observables=observed,
            name=name,
            doc=doc,
            ranges={n: r for n, r in ranges.items() if n in states},
        )

    # -- names and numbers -------------------------------------------------------------------------------------------

    def _legal(self, keys: Iterable[str]) -> dict[str, str]:
        """Return legal names: no Python keyword, no underscore in front."""
        names: dict[str, str] = {}
        taken: set[str] = set()
        for key in keys:
            given = self.found.spelling[key]
            name = given.lstrip("_") or "x"
            name = name if name[0].isalpha() else f"x{name}"
            if name != given or keyword.iskeyword(name):
                name += "_"
            while name in taken:
                name += "_"
            taken.add(name)
            if name != given:
                self.notes.add(self.found.declared[key], "renamed", f"{given} is {name} here.")
            names[key] = name
        return names

    def _tabulated(self, table: Table, x: Array) -> Array:
        """Return the values of the formula of a table, as XPPAUT works them out when it loads the file."""
        assert table.tree is not None
        reading = OdeNumbers(
            {**self.numbers.names, TIME.name: x}, self.found.definitions, self.tables, self.found.length
        )
        reading.shape = x.shape
        value: Array = reading.read(table.tree, table.line)
        if reading.drew:
            self.notes.add(table.line, "random", f"the values of the table {table.name} are drawn, with a fixed seed.")
        used = {t.head for t in table.tree} & set(self.found.parameters)
        if used:
            self.notes.add(
                table.line,
                "reading",
                f"the table {table.name} is worked out once, with the file's values of {', '.join(sorted(used))}.",
            )
        return value

    def _initial(self) -> dict[str, float]:
        found = self.found
        initial = dict.fromkeys(found.states, 0.0) | {n: found.parameters[n] for n in self.changed}
        for name, value, line in found.initial:
            if name not in found.states:
                raise FormatError(unknown("state", name, found.states), line=line, column=1)
            if isinstance(value, Tree):
                self.numbers.drew = False
                number = float(self.numbers.read(value, line))
                if self.numbers.drew:
                    self.notes.add(line, "random", "the initial values are drawn, with a fixed seed.")
                if not math.isfinite(number):
                    raise FormatError(f"the initial value of {name!r} is {number}.", line=line, column=1)
                value = number
            initial[name] = value
            self.numbers.names[name] = value
        return initial

    # -- noise -------------------------------------------------------------------------------------------------------

    def _split_noise(self, rows: Mapping[str, sp.Expr]) -> tuple[dict[str, sp.Expr], list[Noise]]:
        """Return the drift and the noise terms: each random number must enter linearly.

        A Wiener parameter of XPPAUT is a normal number over the root of the step, held for a step: white noise.
        Numbers of ``normal`` and ``ran`` are not divided by that root, so that their amplitude is taken times it.
        """
        draws = self.reading.draws
        sources = dict.fromkeys(self.noise.values(), sp.S.One) | dict.fromkeys(draws, sp.sqrt(exact(abs(self.run.dt))))
        terms: dict[sp.Symbol, dict[str, sp.Expr]] = {}
        drift = {}
        for name, row in rows.items():
            drawn = row.free_symbols & set(sources)
            for source in sorted(drawn, key=str):
                amplitude = derivative(row, source)
                if not _linear(row, drawn):
                    raise FormatError(
                        f"noise enters the equation of {name!r} nonlinearly, so that it has no limit for small steps.",
                        line=self.found.states[name].line,
                        column=1,
                    )
                terms.setdefault(source, {})[self.names[name]] = amplitude * sources[source]
            drift[name] = row.xreplace(dict.fromkeys(drawn, sp.S.Zero)) if drawn else row
        for source in terms:
            if source in draws:
                self.notes.add(
                    draws[source],
                    "reading",
                    f"a random number in every step of dt = {self.run.dt:g} is taken as white noise of the same "
                    "variance over a step; in XPPAUT its effect depends on dt.",
                )
        return drift, [Noise(terms[s]) for s in sorted(terms, key=str)]

    def _without_noise(self, expressions: Iterable[sp.Basic], where: str) -> None:
        sources = set(self.noise.values()) | set(self.reading.draws)
        if any(e.free_symbols & sources for e in expressions):
            raise Unsupported(f"random numbers in {where} have no counterpart here.", line=self.reading.line, column=1)

    # -- what is only shown ------------------------------------------------------------------------------------------

    def _observed(self) -> dict[str, sp.Expr]:
        observed: dict[str, sp.Expr] = {}
        for given, formula in self.found.observed:
            try:
                expr = self.reading.read(formula.tree, formula.line).expr
                self._without_noise([expr], "an observable")
            except Unsupported as error:
                self.notes.add(formula.line, "left out", f"aux {given}: {str(error).partition(': ')[2]}")
                continue
            name = re.sub(r"\W+", "_", given, flags=re.ASCII).strip("_")[:60] or "aux"
            name = name if name[0].isalpha() else f"x{name}"
            while name in observed or name in self.names.values() or keyword.iskeyword(name) or name == TIME.name:
                name += "_aux" if not name.endswith("_aux") else "_"
            if name != given:
                self.notes.add(formula.line, "renamed", f"aux {given} is {name} here.")
            observed[name] = expr
        return observed

    def _check_derived(self, name: str, line: int) -> None:
        varying = self.reading.names[name].expr.free_symbols & {TIME, *(self.symbols[n] for n in self.found.states)}
        if varying:
            self.notes.add(
                line,
                "reading",
                f"!{name} depends on {', '.join(sorted(map(str, varying)))}: here at all times, in XPPAUT only when a "
                "parameter is changed.",
            )

    def _check_start(self) -> None:
        """Note what has no finite value at the initial values, where XPPAUT's may be finite."""
        for name, given in self.found.states.items():
            if not math.isfinite(self.numbers.read(given.tree, given.line)):
                self.notes.add(
                    given.line,
                    "reading",
                    f"the derivative of {name} has no finite value at the initial values: XPPAUT puts 2.2e-15 in "
                    "place of a divisor of 0, dynana does not. Start elsewhere, or write the limit.",
                )

    def _check_order(self) -> None:
        """Note where XPPAUT uses an old value, and what nothing uses and cannot be read."""
        found = self.found
        quantities = {n: k for k, n in enumerate(self.tables[0])}
        known = {*self.reading.names, *found.definitions, *self.lookups, *XPP, INDEX}
        for name, definition in found.definitions.items():
            heads = {t.head: t for t in definition.tree if t.kind in (NAME, CALL) and t.head[0].isalpha()}
            used = name in self.reading.names
            if name in found.derived and used:
                self._check_derived(name, definition.line)
            late = [
                h
                for h in heads
                if quantities.get(h, -1) > quantities.get(name, len(quantities)) and h not in found.states
            ]
            if late and used:
                self.notes.add(
                    definition.line,
                    "reading",
                    f"{name} uses {late[0]}, which is defined after it: here both are of the same time, in XPPAUT "
                    f"{late[0]} is that of the step before.",
                )
            own = definition.parameters or ()
            strangers = [h for h, t in heads.items() if t.kind == NAME and h not in known and h not in own]
            if strangers and not used:
                self.notes.add(
                    definition.line, "ignored", f"{name} is never used; it refers to {strangers[0]}, which is unknown."
                )


def _linear(expr: sp.Basic, sources: set[sp.Symbol]) -> bool:
    """Return whether an expression is a sum of terms with at most one of some symbols as a factor.

    The derivative alone does not tell: that of a step is zero.
    """
    if expr in sources or not expr.free_symbols & sources:
        return True
    if isinstance(expr, sp.Piecewise):
        return all(_linear(value, sources) and not test.free_symbols & sources for value, test in expr.args)
    if isinstance(expr, sp.Mul):
        drawn = [factor for factor in expr.args if factor.free_symbols & sources]
        return len(drawn) == 1 and _linear(drawn[0], sources)
    return isinstance(expr, sp.Add) and all(_linear(term, sources) for term in expr.args)
