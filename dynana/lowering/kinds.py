"""The kinds of scalar kernels: what each computes, as expressions.

A kind is a function from a System to the `Source` of a module; it is registered under the name by which `Kernels`
finds it. Kinds that belong to one question (equilibria, nullclines, blocks of cells) live in files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sympy as sp
from sympy.logic.boolalg import Boolean

from dynana.definition.derivatives import derivative
from dynana.definition.singularities import regularise, switching_surfaces
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.lowering.modules import Function, Source
from dynana.lowering.printer import Printer

Generator = Callable[..., Source]
KINDS: dict[str, Generator] = {}

ELEMENTARY = "dynana.numerics.elementary"
_VECTOR = "t, y, p, out"


def kind(name: str) -> Callable[[Generator], Generator]:
    """Register a generator under the name of its kind."""

    def register(generator: Generator) -> Generator:
        KINDS[name] = generator
        return generator

    return register


def variables(system: System, state: str = "y[{}]", parameter: str = "p[{}]") -> dict[sp.Symbol, str]:
    """Return the code of each symbol of a system: states, parameters and time."""
    symbols = system.symbols
    names = {symbols[n]: state.format(i) for i, n in enumerate(system.states)}
    names |= {symbols[n]: parameter.format(i) for i, n in enumerate(system.parameters)}
    return names | {TIME: "t"}


def legend(system: System, title: str) -> str:
    """Return the comment at the head of a generated module: what each array element is."""
    states = ", ".join(f"y[{i}] = {n}" for i, n in enumerate(system.states))
    parameters = ", ".join(f"p[{i}] = {n}" for i, n in enumerate(system.parameters))
    return f"{system.name}: {title}.\n\n{states}\n{parameters}\n"


def body(system: System, targets: Sequence[str], expressions: Sequence[sp.Basic]) -> tuple[tuple[str, ...], set[str]]:
    """Return the lines of a kernel and the elementary functions it uses.

    Array elements are loaded once at the top, so that the compiler need not prove that ``out`` is another array.
    """
    arrays = variables(system)
    local = {s: code.replace("[", "").replace("]", "") for s, code in arrays.items()}
    used = {s for e in expressions for s in e.free_symbols}
    loads = [f"{local[s]} = {arrays[s]}" for s in arrays if s in used and s != TIME]
    printer = Printer(local)
    lines = printer.block(targets, expressions)
    return (*loads, *lines), printer.functions


def function(
    system: System, name: str, targets: Sequence[str], expressions: Sequence[sp.Basic], title: str, signature: str
) -> Source:
    """Return a module with one kernel that assigns each expression to its target."""
    lines, used = body(system, targets, expressions)
    kernel = Function(name=name, arguments=_VECTOR, body=lines, signature=signature)
    return Source(functions=(kernel,), imports={ELEMENTARY: used}, comment=legend(system, title))


def vector(system: System, name: str, expressions: Sequence[sp.Basic], title: str) -> Source:
    """Return a module with a kernel ``out[i] = expressions[i]``."""
    return function(system, name, [f"out[{i}]" for i in range(len(expressions))], expressions, title, "VECTOR")


def matrix(system: System, name: str, rows: Sequence[Sequence[sp.Expr]], title: str) -> Source:
    """Return a module with a kernel ``out[i, j] = rows[i][j]``."""
    targets = [f"out[{i}, {j}]" for i, row in enumerate(rows) for j in range(len(row))]
    return function(system, name, targets, [e for row in rows for e in row], title, "MATRIX")


@kind("rhs")
def _rhs(system: System) -> Source:
    return vector(system, "rhs", system.regular, "derivatives")


@kind("jacobian")
def _jacobian(system: System) -> Source:
    return matrix(system, "jacobian", system.jacobian().tolist(), "derivatives by the states")


@kind("parameter_jacobian")
def _parameter_jacobian(system: System) -> Source:
    columns = [system.differentiate(n) for n in system.parameters]
    rows = [[column[i] for column in columns] for i in range(len(system.states))]
    return matrix(system, "parameter_jacobian", rows, "derivatives by the parameters")


@kind("time_derivative")
def _time_derivative(system: System) -> Source:
    rows = [derivative(e, TIME) for e in system.regular]
    return vector(system, "time_derivative", rows, "partial derivatives by time")


@kind("diagonal")
def _diagonal(system: System) -> Source:
    symbols = system.symbols
    rows = [derivative(e, symbols[n]) for n, e in zip(system.states, system.regular, strict=True)]
    return vector(system, "diagonal", rows, "diagonal of the Jacobian")


@kind("switches")
def _switches(system: System) -> Source:
    rows = switching_functions(system)
    source = vector(system, "switches", rows, "functions whose zeros are kinks of the derivatives")
    return replace(source, constants={"COUNT": len(rows)})


@kind("level")
def _level(system: System, number: str) -> Source:
    """``level(t, y, p, out)``: a guard or, after these, a switching function; then its derivatives.

    ``out`` (1 + states + parameters,).
    """
    levels = [*(regularise(g)[0] for jump in system.jumps for g in guards(jump.when)), *switching_functions(system)]
    level = levels[int(number)]
    slopes = [derivative(level, system.symbols[n]) for n in (*system.states, *system.parameters)]
    return vector(system, "level", [level, *slopes], "a threshold or a switch, with its derivatives")


@kind("observables")
def _observables(system: System) -> Source:
    rows = [regularise(e)[0] for e in system.observables.values()]
    return vector(system, "observables", rows, "observables")


@kind("noise")
def _noise(system: System) -> Source:
    rows = [[regularise(w.terms.get(n, sp.Integer(0)))[0] for w in system.noise] for n in system.states]
    return matrix(system, "noise", rows, "noise amplitudes, one column for each Wiener process")


@kind("guards")
def _guards(system: System) -> Source:
    rows = [regularise(g)[0] for jump in system.jumps for g in guards(jump.when)]
    return vector(system, "guards", rows, "guards of the jumps, positive where a comparison holds")


@kind("conditions")
def _conditions(system: System) -> Source:
    lines, first = [], 0
    for k, jump in enumerate(system.jumps):
        code, first = _guard_test(jump.when, first)
        lines.append(f"out[{k}] = 1.0 if {code} else 0.0")
    kernel = Function(name="conditions", arguments="guards, out", body=tuple(lines), signature="CONDITION")
    return Source(functions=(kernel,), comment=legend(system, "conditions of the jumps, from their guards"))


@kind("refractory")
def _refractory(system: System) -> Source:
    rows = [sp.Integer(0) if j.refractory is None else regularise(j.refractory)[0] for j in system.jumps]
    return vector(system, "refractory", rows, "how long the held states rest after each jump")


@kind("jump")
def _jump(system: System) -> Source:
    # What a jump leaves alone is copied in a loop: written out it would grow with jumps times states.
    lines = [f"for i in range({len(system.states)}):", "    out[i] = y[i]"]
    used: set[str] = set()
    for k, jump in enumerate(system.jumps):
        places = [system.states.index(n) for n in jump.to]
        rows = [regularise(e)[0] for e in jump.to.values()]
        branch, functions = body(system, [f"new{i}" for i in places], rows)
        assigned = [*branch, *(f"out[{i}] = new{i}" for i in places)] or ["pass"]
        lines += [f"if k == {k}:", *(f"    {line}" for line in assigned)]
        used |= functions
    kernel = Function(name="jump", arguments="k, t, y, p, out", body=tuple(lines), signature="JUMP")
    return Source(functions=(kernel,), imports={ELEMENTARY: used}, comment=legend(system, "the state after jump k"))


def guards(when: Boolean) -> list[sp.Expr]:
    """Return the guards of a condition in the order of its comparisons: positive where the comparison holds."""
    if isinstance(when, sp.StrictGreaterThan | sp.GreaterThan):
        return [when.lhs - when.rhs]
    if isinstance(when, sp.StrictLessThan | sp.LessThan):
        return [when.rhs - when.lhs]
    return [g for part in when.args for g in guards(part)]


def _guard_test(when: Boolean, first: int) -> tuple[str, int]:
    """Return the test of a condition in terms of its guard values, and the index of the next guard."""
    if isinstance(when, sp.Rel):
        strict = isinstance(when, sp.StrictGreaterThan | sp.StrictLessThan)
        return f"guards[{first}] {'>' if strict else '>='} 0.0", first + 1
    parts = []
    for argument in when.args:
        code, first = _guard_test(argument, first)
        parts.append(f"({code})")
    word = {sp.And: " and ", sp.Or: " or "}.get(type(when))
    return (word.join(parts), first) if word else (f"not {parts[0]}", first)


def switching_functions(system: System) -> tuple[sp.Expr, ...]:
    """Return the functions whose zeros are kinks or jumps of the derivatives, each once."""
    found: dict[sp.Expr, None] = {}
    for e in system.derivatives:
        found.update(dict.fromkeys(switching_surfaces(e)))
    return tuple(regularise(e)[0] for e in found)
