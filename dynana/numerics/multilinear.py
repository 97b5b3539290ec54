"""Exact derivatives along directions: a recorded computation evaluated in an algebra of truncated polynomials.

Where every variable is a polynomial in infinitesimals s_1, ..., s_k that is cut off at some degrees, every elementary
operation has an exact result, and the coefficients of the outcome are the derivatives that were asked for. With
``y + s_1 u + s_2 v`` and s_i^2 = 0, the coefficient of s_1 s_2 is the bilinear form B(u, v); with ``y + H(z)``
truncated at degree 5 it is the expansion that a homological equation needs. No step size, no symbolic tensors, and one
compiled function for all systems: a system is a tape of operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.compilation import compiled
from dynana.numerics.interpretation import interpreted
from dynana.numerics.taylor import TABULATED, taylor

Exponents = tuple[int, ...]

#: Operations of a tape; each row is (operation, first, second, third). Functions of one variable start at FUNCTION.
CONSTANT, VARIABLE, ADD, SHIFT, MULTIPLY, SCALE, POWER, GREATER, GREATER_EQUAL, AND, OR, NOT, SELECT = range(13)
FUNCTION = 16

#: Highest order of derivative that every function can give.
HIGHEST_ORDER = TABULATED

#: Multiplications in the interpreter before `evaluate` is compiled: half a microsecond each. The normal forms of one
#: diagram take some ten thousand.
INTERPRETED_PRODUCTS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Algebra:
    """Polynomials in a few infinitesimals, with all but a set of monomials cut off.

    Attributes
    ----------
    monomials : tuple of tuple of int
        Exponents of the monomials that are kept, by degree; the constant comes first.
    position : dict of exponents to int
        Where each monomial stands.
    products : ndarray, shape (k, 3)
        (i, j, m): monomial i times monomial j is monomial m; the factors with i = 0 are left out.
    degree : int
        Highest degree.
    """

    monomials: tuple[Exponents, ...]
    position: dict[Exponents, int]
    products: NDArray[np.int64]
    degree: int

    def unit(self, index: int) -> int:
        """Return the position of the infinitesimal ``index`` itself."""
        return self.position[tuple(int(i == index) for i in range(len(self.monomials[0])))]


@lru_cache(maxsize=64)
def algebra(monomials: frozenset[Exponents]) -> Algebra:
    """Return the algebra of a set of monomials that contains every divisor of its members.

    Raises
    ------
    ValueError
        If a degree is above `HIGHEST_ORDER`.
    """
    kept = tuple(sorted(monomials, key=lambda e: (sum(e), e)))
    degree = sum(kept[-1])
    if degree > HIGHEST_ORDER:
        raise ValueError(f"derivatives up to order {HIGHEST_ORDER} are available, got {degree}.")
    position = {e: i for i, e in enumerate(kept)}
    products = []
    for i, a in enumerate(kept):
        for j, b in enumerate(kept):
            at = position.get(tuple(x + y for x, y in zip(a, b, strict=True)))
            if i > 0 and at is not None:
                products.append((i, j, at))
    return Algebra(kept, position, np.array(products, dtype=np.int64).reshape(-1, 3), degree)


@lru_cache(maxsize=8)
def multilinear(order: int) -> Algebra:
    """Return the algebra of ``order`` infinitesimals whose squares are zero."""
    return algebra(frozenset(boxes([1] * order)))


@lru_cache(maxsize=64)
def linear(count: int, beside: int = 0) -> Algebra:
    """Return the algebra of ``count`` infinitesimals without products, each beside ``beside`` others to degree 1."""
    each = [tuple(int(j == i) for j in range(count)) for i in range(-1, count)]
    return algebra(frozenset((*first, *e) for first in boxes([1] * beside) for e in each))


@lru_cache(maxsize=64)
def truncated(whole: Algebra, degree: int) -> Algebra:
    """Return the algebra of the monomials up to a degree, which have the same positions."""
    return algebra(frozenset(e for e in whole.monomials if sum(e) <= degree))


def boxes(highest: Iterable[int]) -> list[Exponents]:
    """Return all exponents up to the given highest ones, each by itself."""
    return [tuple(map(int, e)) for e in np.ndindex(*(h + 1 for h in highest))]


@compiled
def _multiply(a, b, out, products):
    """Set ``out = a b``; neither factor may be ``out``."""
    first = a[0]
    for m in range(out.shape[0]):
        out[m] = first * b[m]
    for row in range(products.shape[0]):
        out[products[row, 2]] += a[products[row, 0]] * b[products[row, 1]]


@compiled
def _compose(coefficients, inner, out, spare, products, degree):
    """Set ``out`` to the function with these Taylor coefficients at ``inner[0]``, applied to ``inner``."""
    size = out.shape[0]
    for m in range(size):
        out[m] = 0.0
    out[0] = coefficients[degree]
    for k in range(degree - 1, -1, -1):
        # out = c_k + (inner - inner[0]) out
        for m in range(size):
            spare[m] = 0.0
        for row in range(products.shape[0]):
            spare[products[row, 2]] += inner[products[row, 0]] * out[products[row, 1]]
        for m in range(size):
            out[m] = spare[m]
        out[0] += coefficients[k]


@compiled
def _combine(a, scale, b, out):
    """Set ``out = scale a + b``, with loops: array expressions take long to compile."""
    for m in range(out.shape[0]):
        out[m] = scale * a[m] + b[m]


@compiled
def holds(operation, x, y):
    """Return whether a comparison or a combination of two conditions holds."""
    if operation == GREATER:
        return x > y
    if operation == GREATER_EQUAL:
        return x >= y
    if operation == AND:
        return x != 0.0 and y != 0.0
    return x != 0.0 or y != 0.0


@compiled
def evaluate(tape, numbers, variables, products, degree, values):
    """Run a tape.

    Parameters
    ----------
    tape : (k, 4) array
        Operations with the positions of their operands: earlier rows, variables or numbers.
    numbers : array
        Constants of the tape.
    variables : (n, size) complex array
        Coefficients of each variable in the algebra; the constant part must be real.
    products, degree
        Of the `Algebra`.
    values : (k, size) complex array
        Receives the result of every operation.
    """
    size = variables.shape[1]
    zero = np.zeros(size, dtype=np.complex128)
    spare = np.zeros(size, dtype=np.complex128)
    coefficients = np.zeros(degree + 1)
    for row in range(tape.shape[0]):
        operation, a, b, out = tape[row, 0], tape[row, 1], tape[row, 2], values[row]
        if operation == MULTIPLY:
            _multiply(values[a], values[b], out, products)
        elif operation == ADD:
            _combine(values[a], 1.0, values[b], out)
        elif operation == SCALE:
            _combine(values[a], numbers[b], zero, out)
        elif operation == SHIFT:
            _combine(values[a], 1.0, zero, out)
            out[0] += numbers[b]
        elif operation == VARIABLE:
            _combine(variables[a], 1.0, zero, out)
        elif operation == POWER or operation >= FUNCTION:
            exponent = numbers[b] if operation == POWER else float(b)
            taylor(operation - FUNCTION, values[a, 0].real, exponent, coefficients)
            _compose(coefficients, values[a], out, spare, products, degree)
        elif operation == SELECT:
            _combine(values[b if values[a, 0].real != 0.0 else tape[row, 3]], 1.0, zero, out)
        else:
            _combine(zero, 1.0, zero, out)
            if operation == CONSTANT:
                out[0] = numbers[a]
            elif operation == NOT:
                out[0] = 0.0 if values[a, 0].real != 0.0 else 1.0
            else:
                out[0] = 1.0 if holds(operation, values[a, 0].real, values[b, 0].real) else 0.0


class _Evaluation:
    """`evaluate`, run by the Python interpreter until compiling pays.

    A diagram wants two dozen evaluations, of two milliseconds each in the interpreter; compiling every function that a
    tape may hold takes seconds where the cache is empty. The results are the same to rounding.
    """

    def __init__(self) -> None:
        self._products = 0

    def __call__(
        self,
        rows: NDArray[np.int64],
        numbers: NDArray[np.float64],
        variables: NDArray[np.complex128],
        products: NDArray[np.int64],
        degree: int,
        values: NDArray[np.complex128],
    ) -> None:
        """Run a tape as `evaluate` does."""
        self._products += len(rows) * (variables.shape[1] + len(products))
        if self._products > INTERPRETED_PRODUCTS:
            evaluate(rows, numbers, variables, products, degree, values)
            return
        with np.errstate(all="ignore"):
            interpreted(evaluate)(rows, numbers, variables, products, degree, values)


evaluated = _Evaluation()
