"""Kernels of Lyapunov exponents: the variational equations, and the derivatives of guards and jump maps."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from dynana.definition.derivatives import derivative
from dynana.definition.singularities import regularise
from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.lowering.kinds import ELEMENTARY, body, guards, kind, legend, matrix, switching_functions
from dynana.lowering.modules import Function, Source

#: Slope, step that it is followed over, slope of the next stage, time of that.
_STAGES = (("a", "half", "b", "t + half"), ("b", "half", "c", "t + half"), ("c", "dt", "d", "t + dt"))


def _tangent_lines(system: System, size: str) -> tuple[tuple[str, ...], set[str]]:
    """Return the lines of a kernel that differentiates a bundle of ``size`` elements, and the functions they use."""
    n = len(system.states)
    jacobian = system.jacobian()
    entries = {(i, j): jacobian[i, j] for i in range(n) for j in range(n) if jacobian[i, j] != 0}
    targets = [f"out[{i}]" for i in range(n)] + [f"d{i}_{j}" for i, j in entries]
    lines, used = body(system, targets, [*system.regular, *entries.values()])
    trace = " + ".join(f"d{i}_{j}" for i, j in entries if i == j) or "0.0"
    loop = [f"out[{size} - 1] = {trace}", f"for first in range({n}, {size} - 1, {n}):"]
    for i in range(n):
        terms = [f"d{i}_{j} * y[first + {j}]" for j in range(n) if (i, j) in entries]
        loop.append(f"    out[first + {i}] = {' + '.join(terms) or '0.0'}")
    return (*lines, *loop), used


@kind("variational")
def _variational(system: System) -> Source:
    """``variational(t, y, p, out)`` of a bundle, see `dynana.numerics.tangent_flow`, whatever its size.

    Only the elements of the Jacobian that are not zero are used.
    """
    lines, used = _tangent_lines(system, "y.size")
    kernel = Function(name="variational", arguments="t, y, p, out", body=lines, signature="VECTOR")
    title = "derivatives, tangent vectors, divergence"
    return Source(functions=(kernel,), imports={ELEMENTARY: used}, comment=legend(system, title))


@kind("paced")
def _paced(system: System) -> Source:
    """``paced(t, y, p, out)``: derivatives of state, tangent vectors and time by a pace s.

    dt/ds = 1/sqrt(1 + sum (q_i f_i)^2), with q_i behind the parameters in ``p``: where a state blows up, s goes on like
    that state. The vectors stay those of neighbouring orbits at the same time.
    """
    n, m = len(system.states), len(system.parameters)
    lines, used = _tangent_lines(system, "y.size")
    squares = " + ".join(f"(p[{m + i}] * out[{i}]) ** 2" for i in range(n))
    pace = [f"pace = 1.0 / sqrt(1.0 + {squares})", "for i in range(y.size - 1):", "    out[i] *= pace"]
    pace += ["out[y.size - 1] = pace"]
    kernel = Function(name="paced", arguments="t, y, p, out", body=(*lines, *pace), signature="VECTOR")
    title = "derivatives and tangent vectors by the pace"
    return Source(functions=(kernel,), imports={ELEMENTARY: used, "math": {"sqrt"}}, comment=legend(system, title))


@kind("bundle_steps")
def _bundle_steps(system: System, count: str) -> Source:
    """``bundle_steps(start, dt, first, steps, y, p, work)``: Runge-Kutta 4 with ``count`` tangent vectors.

    With the equations inside and every length a literal it runs at the speed of a loop that is written by hand.
    """
    size = str(len(system.states) * (1 + int(count)) + 1)
    lines, used = _tangent_lines(system, size)
    slopes = Function(
        name="slopes",
        arguments="t, y, p, out",
        body=lines,
        options="_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True",
    )
    loop = ["a, b, c, d, point = work[0], work[1], work[2], work[3], work[4]", "half = 0.5 * dt", "sixth = dt / 6.0"]
    loop += ["for k in range(first, first + steps):", "    t = start + k * dt", "    slopes(t, y, p, a)"]
    for slope, step, after, time in _STAGES:
        loop += [f"    for i in range({size}):", f"        point[i] = y[i] + {step} * {slope}[i]"]
        loop += [f"    slopes({time}, point, p, {after})"]
    loop += [f"    for i in range({size}):", "        y[i] += sixth * (a[i] + 2.0 * (b[i] + c[i]) + d[i])"]
    steps = Function(
        name="bundle_steps",
        arguments="start, dt, first, steps, y, p, work",
        body=tuple(loop),
        signature="BUNDLE_STEPS",
        options="_nrt=False",
    )
    title = f"steps of Runge-Kutta 4 with {count} tangent vectors"
    return Source(functions=(slopes, steps), imports={ELEMENTARY: used}, comment=legend(system, title))


def _gradient(system: System, expression: sp.Expr) -> list[sp.Expr]:
    """Return the derivatives of an expression by every state and by time."""
    return [derivative(expression, s) for s in (*(system.symbols[n] for n in system.states), TIME)]


@kind("guard_gradients")
def _guard_gradients(system: System) -> Source:
    rows = [_gradient(system, regularise(g)[0]) for jump in system.jumps for g in guards(jump.when)]
    return matrix(system, "guard_gradients", rows, "derivatives of the guards by the states and by time")


@kind("switch_gradients")
def _switch_gradients(system: System) -> Source:
    rows = [_gradient(system, s) for s in switching_functions(system)]
    return matrix(system, "switch_gradients", rows, "derivatives of the switching functions by the states and by time")


@kind("jump_derivatives")
def _jump_derivatives(system: System) -> Source:
    """``jump_derivatives(k, t, y, p, out)``: rows of the map of jump ``k`` and, last, of its refractory time."""
    lines: list[str] = []
    used: set[str] = set()
    for k, jump in enumerate(system.jumps):
        after = [jump.to.get(n, system.symbols[n]) for n in system.states]
        expressions: Sequence[sp.Expr] = [*after, sp.Integer(0) if jump.refractory is None else jump.refractory]
        rows = [_gradient(system, regularise(e)[0]) for e in expressions]
        targets = [f"out[{i}, {j}]" for i, row in enumerate(rows) for j in range(len(row))]
        branch, functions = body(system, targets, [e for row in rows for e in row])
        lines += [f"if k == {k}:", *(f"    {line}" for line in branch)]
        used |= functions
    kernel = Function(
        name="jump_derivatives", arguments="k, t, y, p, out", body=tuple(lines or ["pass"]), signature="JUMP_MATRIX"
    )
    title = "derivatives of jump maps and refractory times by the states and by time"
    return Source(functions=(kernel,), imports={ELEMENTARY: used}, comment=legend(system, title))
