"""The centre manifold of an equilibrium and the normal form of the flow on it, by the homological equation.

With critical coordinates z and small parameter changes b, the manifold is ``x = x0 + H(z, b)``, the parameters are
``p0 + b``, and the flow on it is ``z' = G(z, b)``. Both are polynomials, and

    H_z(z, b) G(z, b) = f(x0 + H(z, b), p0 + b)

is solved monomial by monomial. The right-hand side comes from the tape of the equations evaluated on polynomials, so no
formula for a particular bifurcation is needed: the coefficients of Kuznetsov, Elements of Applied Bifurcation Theory,
chapters 3, 5 and 8, are entries of G. A monomial that turns with the same frequency as a coordinate is resonant; it
stays in G and its vector h has no component along the eigenvector (<p, h> = 0). All others are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.lowering.multilinear import Expansion
from dynana.numerics.multilinear import Algebra, Exponents, algebra, boxes, truncated

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mode:
    """One critical coordinate.

    Attributes
    ----------
    vector, adjoint : ndarray, shape (n,)
        Eigenvectors q and p with |q| = 1 and <p, q> = 1.
    turns : tuple of int
        Frequency of the coordinate as multiples of the basic ones; (0,) for a zero eigenvalue.
    partner : int
        Index of the complex conjugate coordinate.
    """

    vector: ComplexArray
    adjoint: ComplexArray
    turns: Exponents
    partner: int


@lru_cache(maxsize=64)
def kept(coordinates: int, degree: int, parameters: int = 0, with_parameter: int = 0) -> Algebra:
    """Return the algebra of the monomials that a normal form needs.

    Parameters
    ----------
    coordinates, degree : int
        Number of critical coordinates and their highest total degree.
    parameters, with_parameter : int
        Number of parameters, and the highest degree of the coordinates beside one parameter to the first power.
    """
    return _algebra(coordinates, parameters, lambda z, b: z + b <= degree if b == 0 else b == 1 and z <= with_parameter)


@lru_cache(maxsize=64)
def kept_quadratic(coordinates: int, degree: int, parameters: int) -> Algebra:
    """Return the algebra with coordinates alone up to ``degree``, and all monomials up to degree 2."""
    return _algebra(coordinates, parameters, lambda z, b: z + b <= (degree if b == 0 else 2))


def _algebra(coordinates: int, parameters: int, wanted: Callable[[int, int], bool]) -> Algebra:
    candidates = boxes([5] * coordinates + [2] * parameters)
    return algebra(frozenset(e for e in candidates if wanted(sum(e[:coordinates]), sum(e[coordinates:]))))


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Monomials of one degree with equally many parameters, which do not depend on each other.

    Attributes
    ----------
    degree : int
    at, mates : ndarray of int, shape (m,)
        Positions of the monomials and of their complex conjugates.
    turns : ndarray, shape (m, number of frequencies)
    modes : ndarray of int, shape (m,)
        The coordinate with which a monomial is resonant, or -1.
    terms : ndarray of int, shape (t, 5)
        What H_z G has of what is known before: (which monomial, position in H, factor, coordinate and position in G).
    """

    degree: int
    at: Indices
    mates: Indices
    turns: Indices
    modes: Indices
    terms: Indices


@lru_cache(maxsize=64)
def _groups(monomials: Algebra, turns: tuple[Exponents, ...], partners: tuple[int, ...]) -> tuple[_Group, ...]:
    """Return the monomials in the order in which they can be solved for.

    ``turns`` are those of the coordinates and parameters, ``partners`` the coordinates conjugate to the coordinates.
    """
    first, position = len(partners), monomials.position
    order = (*partners, *range(first, len(turns)))
    known = {monomials.monomials[monomials.unit(i)] for i in range(first)}
    flow: list[tuple[int, Exponents]] = []
    groups = []
    # A monomial is coupled to those of the same degree that have fewer parameters: these come first.
    for degree, parameters in sorted({(sum(e), sum(e[first:])) for e in monomials.monomials if sum(e)}):
        at: list[int] = []
        mates: list[int] = []
        modes: list[int] = []
        terms: list[tuple[int, int, int, int, int]] = []
        resonant: list[tuple[int, Exponents]] = []
        for e in monomials.monomials:
            mate = tuple(e[i] for i in order)
            if sum(e) != degree or sum(e[first:]) != parameters or e in known or position[mate] in at:
                continue
            turned = tuple(np.array(e) @ np.array(turns))
            mode = next((i for i in range(first) if turns[i] == turned), -1)
            if mode >= 0:
                resonant += list(dict.fromkeys([(mode, e), (partners[mode], mate)]))
            for i, of_flow in flow:
                source = tuple(a - b + (j == i) for j, (a, b) in enumerate(zip(e, of_flow, strict=True)))
                if source in known and source[i] > 0:
                    terms.append((len(at), position[source], source[i], i, position[of_flow]))
            at.append(position[e])
            mates.append(position[mate])
            modes.append(mode)
        known |= {monomials.monomials[i] for i in (*at, *mates)}
        flow += resonant
        if at:
            counts = np.array([monomials.monomials[i] for i in at]) @ np.array(turns).reshape(len(turns), -1)
            couplings = np.array(terms, dtype=np.int64).reshape(-1, 5)
            groups.append(_Group(degree, np.array(at), np.array(mates), counts, np.array(modes), couplings))
    return tuple(groups)


class CentreManifold:
    """The polynomials H and G of an equilibrium.

    Parameters
    ----------
    expansion : Expansion
        The right-hand side at the equilibrium.
    jacobian : ndarray, shape (n, n)
    modes : sequence of Mode
    frequencies : sequence of float
        The basic frequencies that ``Mode.turns`` counts.
    parameters : sequence of int
        Indices of the parameters that are varied.
    monomials : Algebra
        What to keep, in the coordinates and then the parameters.
    """

    def __init__(
        self,
        expansion: Expansion,
        jacobian: FloatArray,
        modes: Sequence[Mode],
        frequencies: Sequence[float],
        parameters: Sequence[int],
        monomials: Algebra,
    ) -> None:
        self._jacobian, self._algebra, self._frequencies = jacobian, monomials, np.array(frequencies)
        n, count, size = expansion.n, len(modes), len(monomials.monomials)
        # the last row borders a matrix that needs no border
        self._vectors, self._adjoints = np.zeros((2, count + 1, n), dtype=np.complex128)
        for i, mode in enumerate(modes):
            self._vectors[i], self._adjoints[i] = mode.vector, mode.adjoint
        self._partners = np.array([m.partner for m in modes])
        self._h = np.full((size, n), np.nan, dtype=np.complex128)
        self._g = np.full((count, size), np.nan, dtype=np.complex128)
        self._sizes = np.full((count, size), np.nan)
        still = (0,) * len(frequencies)
        turns = (*(m.turns for m in modes), *(still for _ in parameters))
        variables = expansion.variables(monomials)
        units = [monomials.unit(i) for i in range(count + len(parameters))]
        self._h[units[:count]] = self._vectors[:count]
        variables[:n, units[:count]] = self._vectors[:count].T
        variables[[n + i for i in parameters], units[count:]] = 1.0
        degree, values = 0, variables
        for group in _groups(monomials, turns, tuple(m.partner for m in modes)):
            if group.degree > degree:
                degree, part = group.degree, truncated(monomials, group.degree)
                values = expansion.run(part, np.ascontiguousarray(variables[:, : len(part.monomials)]))
            self._solve(group, values[:, group.at].T)
            for at in (group.at, group.mates):
                variables[:n, at] = self._h[at].T

    def g(self, coordinate: int, *exponents: int) -> complex:
        """Return a coefficient of the flow, of a resonant monomial; trailing exponents that are left out are 0."""
        return complex(self._g[coordinate, self._position(exponents)])

    def size(self, coordinate: int, *exponents: int) -> float:
        """Return the size that the coefficient would have if nothing cancelled in <p, .>."""
        return float(self._sizes[coordinate, self._position(exponents)])

    def h(self, *exponents: int) -> ComplexArray:
        """Return a coefficient of the manifold, shape (n,)."""
        found: ComplexArray = self._h[self._position(exponents)]
        return found

    def _position(self, exponents: Sequence[int]) -> int:
        rest = len(self._algebra.monomials[0]) - len(exponents)
        return self._algebra.position[(*exponents, *(0 for _ in range(rest)))]

    def _solve(self, group: _Group, of_rhs: ComplexArray) -> None:
        """Solve ``(s - A) h + q g = right`` with <p, h> = 0 for the monomials of a group and their conjugates.

        ``of_rhs``, shape (m, n), are their coefficients in f(x0 + H, p0 + b).
        """
        (m, n), modes = of_rhs.shape, group.modes
        which, source, factor, coordinate, of_flow = group.terms.T
        right = np.zeros((m, n + 1), dtype=np.complex128)
        right[:, :n] = of_rhs
        np.subtract.at(right[:, :n], which, (factor * self._g[coordinate, of_flow])[:, None] * self._h[source])
        bordered = np.zeros((m, n + 1, n + 1), dtype=np.complex128)
        bordered[:, :n, :n] = 1j * (group.turns @ self._frequencies)[:, None, None] * np.eye(n) - self._jacobian
        bordered[:, :n, n], bordered[:, n, :n] = self._vectors[modes], self._adjoints[modes].conj()
        bordered[:, n, n] = modes < 0
        solution = np.linalg.solve(bordered, right[:, :, None])[:, :, 0]
        self._h[group.mates] = solution[:, :n].conj()
        self._h[group.at] = solution[:, :n]
        resonant = np.flatnonzero(modes >= 0)
        mode, at, mate = modes[resonant], group.at[resonant], group.mates[resonant]
        g = solution[resonant, n]
        g = np.where((self._partners[mode] == mode) & (at == mate), g.real, g)
        sizes = (np.abs(self._adjoints[mode]) * np.abs(right[resonant, :n])).sum(axis=1)
        self._g[self._partners[mode], mate], self._sizes[self._partners[mode], mate] = g.conj(), sizes
        self._g[mode, at], self._sizes[mode, at] = g, sizes


def bordered_solve(matrix: NDArray[Any], column: NDArray[Any], row: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Return (x, s) of ``matrix x + column s = right``, ``<row, x> = 0``, shape (n + 1,)."""
    n = len(right)
    bordered = np.zeros((n + 1, n + 1), dtype=np.result_type(matrix, column, row))
    bordered[:n, :n] = matrix
    bordered[:n, n] = column
    bordered[n, :n] = np.conj(row)
    return np.asarray(np.linalg.solve(bordered, np.append(right, 0.0)))


def largest_first(vector: NDArray[Any]) -> int:
    """Return the index of the entry with the largest modulus, the first one among equals."""
    return max(enumerate(np.round(np.abs(vector), 12).tolist()), key=lambda pair: (pair[1], -pair[0]))[0]
