"""Multilinear forms of a right-hand side: its exact derivatives of order 1 to 5 along given directions.

Tensors of fifth derivatives explode with the number of states; the forms do not. The equations are recorded as a tape
of operations, which a warm process reads from the cache, and the tape is run on truncated polynomials
(`dynana.numerics.multilinear`), so nothing is compiled per system.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from sympy.logic.boolalg import Boolean

from dynana.definition import special
from dynana.definition.system import System
from dynana.errors import ModelError
from dynana.lowering.kernels import Kernels
from dynana.lowering.kinds import kind, legend
from dynana.lowering.modules import Source
from dynana.numerics import multilinear as tape
from dynana.numerics import taylor
from dynana.numerics.multilinear import Algebra

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

_FUNCTIONS: dict[type, int] = {
    sp.exp: taylor.EXP, sp.log: taylor.LOG, sp.sin: taylor.SIN, sp.cos: taylor.COS, sp.tan: taylor.TAN,
    sp.atan: taylor.ARCTAN, sp.sinh: taylor.SINH, sp.cosh: taylor.COSH, sp.tanh: taylor.TANH,
    sp.Abs: taylor.ABSOLUTE, sp.sign: taylor.SIGN, sp.floor: taylor.FLOOR, special.logistic: taylor.LOGISTIC,
    special.bern: taylor.BERN, special.exprel: taylor.EXPREL, special.lgamma: taylor.LGAMMA,
    sp.erf: taylor.ERF, sp.erfc: taylor.ERFC,
}  # fmt: skip
_COMPARE = {
    sp.StrictGreaterThan: (tape.GREATER, False), sp.GreaterThan: (tape.GREATER_EQUAL, False),
    sp.StrictLessThan: (tape.GREATER, True), sp.LessThan: (tape.GREATER_EQUAL, True),
}  # fmt: skip


class Recorder:
    """Records expressions as rows (operation, operands); what occurs twice is recorded once."""

    def __init__(self, variables: Sequence[sp.Symbol]) -> None:
        self.rows: list[tuple[int, int, int, int]] = []
        self.numbers: list[float] = []
        self._variables = {s: i for i, s in enumerate(variables)}
        self._known: dict[tuple[object, ...], int] = {}

    def record(self, e: sp.Basic) -> int:
        """Return the row of an expression, recording it and its parts if need be."""
        stack = [e]
        while stack:
            node = stack[-1]
            missing = [] if (node,) in self._known else [a for a in _operands(node) if (a,) not in self._known]
            if missing:
                stack += missing
                continue
            stack.pop()
            if (node,) not in self._known:
                self._known[(node,)] = self._node(node)
        return self._known[(e,)]

    def _row(self, operation: int, first: int = 0, second: int = 0, third: int = 0) -> int:
        row = (operation, first, second, third)
        if row not in self._known:
            self.rows.append(row)
            self._known[row] = len(self.rows) - 1
        return self._known[row]

    def _number(self, e: sp.Expr) -> int:
        value = float(e) if e.is_Rational else float(e.evalf(30))
        if value not in self.numbers:
            self.numbers.append(value)
        return self.numbers.index(value)

    def _at(self, e: sp.Basic) -> int:
        return self._known[(e,)]

    def _node(self, e: sp.Basic) -> int:
        if isinstance(e, sp.Symbol):
            return self._row(tape.VARIABLE, self._variables[e])
        if isinstance(e, Boolean):
            return self._condition(e)
        if e.is_number:
            return self._row(tape.CONSTANT, self._number(e))
        if isinstance(e, sp.Add):
            return self._chain(e.args, tape.ADD, tape.SHIFT)
        if isinstance(e, sp.Mul):
            return self._chain(e.args, tape.MULTIPLY, tape.SCALE)
        if isinstance(e, sp.Pow):
            return self._power(*e.args)
        if isinstance(e, sp.Piecewise):
            return self._choice(e)
        if isinstance(e, special.minimum | special.maximum):
            a, b = (self._at(a) for a in e.args)
            first, second = (b, a) if isinstance(e, special.minimum) else (a, b)
            return self._row(tape.SELECT, self._row(tape.GREATER_EQUAL, first, second), a, b)
        if type(e) in _FUNCTIONS:
            order = int(e.args[1]) if len(e.args) == 2 else 0
            return self._row(tape.FUNCTION + _FUNCTIONS[type(e)], self._at(e.args[0]), order)
        raise ModelError(f"{e.func.__name__} has no derivatives here: {e}.")

    def _chain(self, terms: Sequence[sp.Expr], operation: int, with_number: int) -> int:
        varying = [self._at(a) for a in terms if not a.is_number]
        row = varying[0]
        for other in varying[1:]:
            row = self._row(operation, row, other)
        for constant in (a for a in terms if a.is_number):
            row = self._row(with_number, row, self._number(constant))
        return row

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> int:
        if not exponent.is_number:
            row = self._row(tape.CONSTANT, self._number(base)) if base.is_number else self._at(base)
            inner = self._row(tape.FUNCTION + taylor.LOG, row)
            return self._row(tape.FUNCTION + taylor.EXP, self._row(tape.MULTIPLY, inner, self._at(exponent)))
        if exponent.is_Integer and exponent > 0:
            return self._repeated(self._at(base), int(exponent))
        return self._row(tape.POWER, self._at(base), self._number(exponent))

    def _repeated(self, base: int, exponent: int) -> int:
        if exponent == 1:
            return base
        half = self._repeated(base, exponent // 2)
        square = self._row(tape.MULTIPLY, half, half)
        return self._row(tape.MULTIPLY, square, base) if exponent % 2 else square

    def _choice(self, e: sp.Piecewise) -> int:
        *cases, (last, condition) = e.args
        row = self._at(last)
        if condition != sp.true:
            self.numbers.append(float("nan"))
            undefined = self._row(tape.CONSTANT, len(self.numbers) - 1)
            row = self._row(tape.SELECT, self._at(condition), row, undefined)
        for value, test in reversed(cases):
            row = self._row(tape.SELECT, self._at(test), self._at(value), row)
        return row

    def _condition(self, e: Boolean) -> int:
        if e in (sp.true, sp.false):
            return self._row(tape.CONSTANT, self._number(sp.Integer(1 if e == sp.true else 0)))
        if type(e) in _COMPARE:
            operation, swapped = _COMPARE[type(e)]
            a, b = (self._at(a) for a in (e.args[::-1] if swapped else e.args))
            return self._row(operation, a, b)
        if isinstance(e, sp.Not):
            return self._row(tape.NOT, self._at(e.args[0]))
        row, *others = (self._at(a) for a in e.args)
        for other in others:
            row = self._row(tape.AND if isinstance(e, sp.And) else tape.OR, row, other)
        return row


def _operands(e: sp.Basic) -> list[sp.Basic]:
    """Return the parts of an expression that need a row of their own."""
    if isinstance(e, sp.Piecewise):
        return [part for pair in e.args for part in pair.args]
    if isinstance(e, sp.Symbol) or (isinstance(e, sp.Expr) and e.is_number):
        return []
    coefficients = isinstance(e, sp.Add | sp.Mul | sp.Pow | special.bern | special.exprel)
    return [a for a in e.args if not (coefficients and a.is_number)]


@kind("tape")
def _tape(system: System) -> Source:
    """Constants TAPE, NUMBERS and OUTPUTS (the row of each derivative); variables are states, then parameters."""
    recorder = Recorder([system.symbols[n] for n in (*system.states, *system.parameters)])
    outputs = tuple(recorder.record(e) for e in system.regular)
    # NaN has no literal
    numbers = tuple(repr(x) for x in recorder.numbers)
    constants = {"TAPE": tuple(recorder.rows), "NUMBERS": numbers, "OUTPUTS": outputs}
    return Source(functions=(), constants=constants, comment=legend(system, "derivatives as a tape of operations"))


@lru_cache(maxsize=64)
def arrays(module: ModuleType) -> tuple[NDArray[np.int64], FloatArray, NDArray[np.int64]]:
    """Return operations, numbers and output rows of a module of the kind "tape"."""
    rows = np.array(module.TAPE, dtype=np.int64).reshape(-1, 4)
    return rows, np.array([float(x) for x in module.NUMBERS]), np.array(module.OUTPUTS, dtype=np.int64)


class Expansion:
    """Derivatives of the right-hand side at a point, along directions in the states and parameters.

    Parameters
    ----------
    kernels : Kernels
    point : array, shape (n,)
    parameters : array, shape (n_parameters,)

    Notes
    -----
    ``expansion(u, v)`` is the bilinear form B(u, v), ``expansion(u, v, w)`` the trilinear C(u, v, w), and so on up to
    order 5. Directions may be complex; the derivatives are those of the branch of a kinked function that holds at the
    point. A direction has n entries, or n + n_parameters where it also moves parameters.
    """

    def __init__(self, kernels: Kernels, point: ArrayLike, parameters: ArrayLike) -> None:
        self.n = kernels.n
        self.base = np.concatenate((np.asarray(point, dtype=np.float64), np.asarray(parameters, dtype=np.float64)))
        self._rows, self._numbers, self._outputs = arrays(kernels.module("tape"))

    def __call__(self, *directions: ArrayLike) -> ComplexArray:
        """Return a multilinear form, shape (n,)."""
        algebra = tape.multilinear(len(directions))
        variables = self.variables(algebra)
        for i, direction in enumerate(directions):
            entries = np.asarray(direction, dtype=np.complex128)
            variables[: len(entries), algebra.unit(i)] = entries
        return np.ascontiguousarray(self.run(algebra, variables)[:, -1])

    def changes(self, direction: ArrayLike, parameters: Sequence[int] = ()) -> ComplexArray:
        """Return the bilinear forms of a direction in the states with all states and some parameters, (n, n + k).

        They are the derivatives of the Jacobian applied to the direction.
        """
        moving = [*range(self.n), *(self.n + i for i in parameters)]
        algebra = tape.linear(len(moving), beside=1)
        variables = self.variables(algebra)
        variables[: self.n, algebra.unit(0)] = direction
        variables[moving, [algebra.unit(1 + i) for i in range(len(moving))]] = 1.0
        at = [algebra.position[(1, *(int(j == i) for j in range(len(moving))))] for i in range(len(moving))]
        return self.run(algebra, variables)[:, at]

    def variables(self, algebra: Algebra) -> ComplexArray:
        """Return the variables of the tape as constants of an algebra, shape (n + n_parameters, size)."""
        variables = np.zeros((len(self.base), len(algebra.monomials)), dtype=np.complex128)
        variables[:, 0] = self.base
        return variables

    def run(self, algebra: Algebra, variables: ComplexArray) -> ComplexArray:
        """Return the coefficients of the right-hand side in an algebra, shape (n, size)."""
        values = np.empty((len(self._rows), variables.shape[1]), dtype=np.complex128)
        tape.evaluated(self._rows, self._numbers, variables, algebra.products, algebra.degree, values)
        return values[self._outputs]

    def linear(self, parameters: Sequence[int] = ()) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the right-hand side (n,), its Jacobian (n, n) and its derivatives by some parameters (n, k)."""
        moving = [*range(self.n), *(self.n + i for i in parameters)]
        algebra = tape.linear(len(moving))
        variables, columns = self.variables(algebra), [algebra.unit(i) for i in range(len(moving))]
        variables[moving, columns] = 1.0
        values = self.run(algebra, variables).real
        return values[:, 0].copy(), values[:, columns[: self.n]].copy(), values[:, columns[self.n :]].copy()
