"""Kernels that take one step, or evaluate one thing, for a block of 64 cells at once.

A block stores each state and parameter as a row of 64 neighbouring numbers, all rows in one flat array: element
``64 * i + c`` is row ``i`` of cell ``c``. (With a two-dimensional array the distance between rows is unknown to the
compiler, which then has to compare every pair of rows for overlap, and gives up on vectorising.) The loop over cells is
branch-free and has a constant length, so LLVM turns it into vector instructions; everything stays in the first cache.

A whole time step of a model is one kernel: rates, drift and the propagator of each state share what they have in
common.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.lowering.kinds import ELEMENTARY, guards, kind, legend, variables
from dynana.lowering.modules import Function, Source
from dynana.lowering.printer import FUNCTIONS, Printer
from dynana.lowering.stochastic import amplitudes, ito_drift, milstein_terms
from dynana.numerics.block_functions import NAMES
from dynana.numerics.signatures import BLOCK_WIDTH

#: The length of a step. A Dummy, because models have states and parameters called ``h``.
STEP = sp.Dummy("h", real=True)

#: Fused multiply-add is all the freedom that the compiler has.
CONTRACT = 'fastmath={"contract"}'
BLOCK_FUNCTIONS = "dynana.numerics.block_functions"


class growth(sp.Function):  # type: ignore[misc]
    """(exp(z) - 1)/z, to be printed as `dynana.numerics.block_functions.growth`."""


FUNCTIONS[growth] = "growth"

_LAYOUT = f"{BLOCK_WIDTH} cells; y[i], p[i], w[i] and out[i] are rows of {BLOCK_WIDTH}"

#: Schemes that are printed as one kernel; `milstein` only for systems with noise.
SCHEMES = ("euler", "exponential_euler", "milstein")


def increments(system: System) -> list[sp.Dummy]:
    """Return a symbol for the increment of each Wiener process over the step."""
    return [sp.Dummy(f"w{j}", real=True) for j in range(len(system.noise))]


def step_expressions(system: System, scheme: str, wiener: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """Return the state after one step of length `STEP` as expressions of the state before it.

    Parameters
    ----------
    scheme : {"euler", "exponential_euler", "milstein"}
        ``euler``: y + h a + sum_j b_j w_j. ``milstein`` adds its terms to that. ``exponential_euler``: each state is
        advanced exactly as if the others and its own rate ``d = da_i/dy_i`` stood still,
        y + h a growth(h d), and its noise is scaled by sqrt(growth(2 h d)), which makes the variance of an
        Ornstein-Uhlenbeck process exact. (With a state's equation linear in the state itself this is the usual
        exponential Euler; otherwise it is the exponential Rosenbrock-Euler scheme, state by state.)
    wiener : sequence of symbols
        Increments of the Wiener processes.
    """
    drift = ito_drift(system)
    states = [system.symbols[n] for n in system.states]
    kicks = [
        [b[i] * w for w, b in zip(wiener, amplitudes(system), strict=True) if b[i] != 0] for i in range(len(states))
    ]
    if scheme == "exponential_euler":
        rates = [STEP * derivative(a, y) for a, y in zip(drift, states, strict=True)]
        return [
            y + STEP * a * growth(z) + sp.sqrt(growth(2 * z)) * sp.Add(*kick)
            for y, a, z, kick in zip(states, drift, rates, kicks, strict=True)
        ]
    rows = [y + STEP * a + sp.Add(*kick) for y, a, kick in zip(states, drift, kicks, strict=True)]
    if scheme == "milstein":
        rows = [row + extra for row, extra in zip(rows, milstein_terms(system, STEP, wiener), strict=True)]
    return rows


def _names(system: System, wiener: Sequence[sp.Symbol]) -> tuple[dict[sp.Symbol, str], dict[sp.Symbol, str]]:
    """Return for each symbol its place in the arrays and the local variable that it is loaded into."""

    def element(array: str, row: int) -> str:
        return f"{array}[{BLOCK_WIDTH * row} + i]" if row else f"{array}[i]"

    places: dict[sp.Symbol, str] = {}
    local: dict[sp.Symbol, str] = {}
    for s, code in variables(system).items():
        if s != TIME:
            row = int(code[2:-1])
            places[s] = element(code[0], row)
            local[s] = f"{code[0]}{row}"
    for j, w in enumerate(wiener):
        places[w] = element("w", j)
        local[w] = f"w{j}"
    return places, {**local, STEP: "h", TIME: "t"}


def _lines(
    system: System, expressions: Sequence[sp.Basic], wiener: Sequence[sp.Symbol] = ()
) -> tuple[tuple[str, ...], set[str]]:
    """Return the loop over the cells of a block that fills the rows of ``out``, and the functions it uses."""
    places, local = _names(system, wiener)
    shared, reduced = sp.cse(expressions, symbols=(sp.Dummy(f"s{k}") for k in range(10**6)), order="none")
    local |= {s: f"s{k}" for k, (s, _) in enumerate(shared)}
    used = set().union(*(e.free_symbols for _, e in shared), *(e.free_symbols for e in reduced))
    printer = Printer(local)
    targets = [f"s{k}" for k in range(len(shared))] + [f"new{i}" for i in range(len(reduced))]
    lines = [f"{local[s]} = {place}" for s, place in places.items() if s in used]
    lines += printer.block(targets, [e for _, e in shared] + list(reduced))
    lines += [f"out[{BLOCK_WIDTH * i} + i] = new{i}" for i in range(len(reduced))]
    return (f"for i in range({BLOCK_WIDTH}):", *(f"    {line}" for line in lines)), printer.functions


def _step(system: System, scheme: str) -> Source:
    wiener = increments(system)
    lines, used = _lines(system, step_expressions(system, scheme, wiener), wiener)
    kernel = Function(
        name=f"block_{scheme}", arguments="t, h, y, p, w, out", body=lines, signature="STEP", options=CONTRACT
    )
    return Source(
        functions=(kernel,),
        imports={ELEMENTARY: used - NAMES, BLOCK_FUNCTIONS: used & NAMES},
        comment=legend(system, f"one step of {scheme.replace('_', ' ')}, {_LAYOUT}"),
    )


def _block(system: System, name: str, expressions: Sequence[sp.Basic], title: str) -> Source:
    lines, used = _lines(system, expressions)
    kernel = Function(name=name, arguments="t, y, p, out", body=lines, signature="BLOCK", options=CONTRACT)
    comment = legend(system, f"{title}, {_LAYOUT}")
    return Source(
        functions=(kernel,), imports={ELEMENTARY: used - NAMES, BLOCK_FUNCTIONS: used & NAMES}, comment=comment
    )


@kind("block_euler")
def _block_euler(system: System) -> Source:
    return _step(system, "euler")


@kind("block_exponential_euler")
def _block_exponential_euler(system: System) -> Source:
    return _step(system, "exponential_euler")


@kind("block_milstein")
def _block_milstein(system: System) -> Source:
    return _step(system, "milstein")


@kind("block_rhs")
def _block_rhs(system: System) -> Source:
    return _block(system, "block_rhs", system.regular, "derivatives")


@kind("block_conditions")
def _block_conditions(system: System) -> Source:
    rows = [sp.Piecewise((1, _regular_condition(j.when)), (0, True)) for j in system.jumps]
    return _block(system, "block_conditions", rows, "1 where the condition of a jump holds")


def _regular_condition(when: sp.Basic) -> sp.Basic:
    """Return a condition as comparisons of its guards with zero, as the kernels of a single cell test it."""
    if isinstance(when, sp.Rel):
        (guard,) = guards(when)
        strict = isinstance(when, sp.StrictGreaterThan | sp.StrictLessThan)
        compare = sp.StrictGreaterThan if strict else sp.GreaterThan
        return compare(regularise(guard)[0], 0, evaluate=False)
    return when.func(*(_regular_condition(part) for part in when.args), evaluate=False)
