"""Equilibria as the ends of connecting orbits: their subspaces, and how both change with two parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import schur

from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.lowering.multilinear import Expansion
from dynana.numerics.connection_closures import End, connection_data

Array = NDArray[np.float64]

#: Distance from a saddle at which an orbit is cut off, relative to its largest distance from it. Parameters have an
#: error of about its third power; a smaller one would lose digits of the direction in which the orbit leaves.
RADIUS = 1e-5
#: The same for a saddle-node, which is approached like 1/t. Parameters do not depend on it: they are on the curve of
#: saddle-nodes.
SLOW_RADIUS = 1e-4
#: Newton corrections of an equilibrium below this, relative to the sizes of the states, are rounding.
CONVERGED = 1e-13
#: Corrections that have stopped to shrink below this count as converged.
STALLED = 1e-9
MOST_STEPS = 15
#: Step of the difference quotients of subspaces, relative to the ranges of the parameters; they serve Newton's method
#: only, results do not depend on them.
TURN_STEP = 1e-6
#: Condition of the eigenvectors beyond which distances are measured by coordinates instead.
WORST_BASIS = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A system over the plane of two parameters, in units of its sizes.

    Attributes
    ----------
    system : System
    indices : (int, int)
        Of the two parameters; one beyond the last is a parameter on which nothing depends.
    sizes : ndarray, shape (n,)
    ranges : ndarray, shape (2,)
    """

    system: System
    indices: tuple[int, int]
    sizes: Array
    ranges: Array

    def p(self, parameters: Array) -> Array:
        """Return all parameter values."""
        values = np.append(lower(self.system).p, 0.0)
        values[list(self.indices)] = parameters
        return values

    def rates(self, x: Array, parameters: Array) -> Array:
        """Return f / sizes, shape (n,)."""
        out = np.empty(x.size)
        lower(self.system).rhs(0.0, x, self.p(parameters), out)
        return np.asarray(out / self.sizes)

    def jacobian(self, x: Array, parameters: Array) -> Array:
        """Return the Jacobian in units of the sizes, shape (n, n)."""
        out = np.empty((x.size, x.size))
        lower(self.system).jacobian(0.0, x, self.p(parameters), out)
        return np.asarray(out * self.sizes / self.sizes[:, None])

    def slopes(self, x: Array, parameters: Array) -> Array:
        """Return the derivatives of f / sizes by the parameters / ranges, shape (n, 2)."""
        p = self.p(parameters)
        out = np.zeros((x.size, p.size))
        lower(self.system).parameter_jacobian(0.0, x, p, out)
        return np.asarray(out[:, list(self.indices)] * self.ranges / self.sizes[:, None])

    def equilibrium(self, x: Array, parameters: Array) -> Array | None:
        """Return the equilibrium that Newton's method finds from ``x``; None if it finds none."""
        x, before = x.copy(), np.inf
        for _ in range(MOST_STEPS):
            try:
                change = np.linalg.solve(self.jacobian(x, parameters), self.rates(x, parameters))
            except np.linalg.LinAlgError:
                return None
            size = float(np.abs(change).max())
            if not size < np.inf:
                return None
            x -= change * self.sizes
            scale = 1.0 + float(np.abs(x / self.sizes).max())
            if size <= CONVERGED * scale or (size <= STALLED * scale and size >= before):
                return x
            before = size
        return None

    def saddle_node(self, x: Array, parameters: Array, along: Array) -> SaddleNode | None:
        """Return the saddle-node that Newton's method finds where ``along`` @ (parameters - these) / ranges = 0."""
        n, start = x.size, parameters / self.ranges
        z, before = np.concatenate((x / self.sizes, start)), np.inf
        for _ in range(MOST_STEPS):
            node = self._saddle_node_at(z)
            if node is None:
                return None
            right, matrix = node
            system = np.vstack((matrix, np.concatenate((np.zeros(n), along))))
            rest = np.append(right, along @ (z[n:] - start))
            try:
                change = np.linalg.solve(system, rest)
            except np.linalg.LinAlgError:
                return None
            size = float(np.abs(change).max())
            if not size < np.inf:
                return None
            z -= change
            scale = 1.0 + float(np.abs(z).max())
            if size <= CONVERGED * scale or (size <= STALLED * scale and size >= before):
                tangent = np.linalg.svd(matrix)[2][-1]
                return SaddleNode(z[:n] * self.sizes, z[n:] * self.ranges, tangent)
            before = size
        return None

    def _saddle_node_at(self, z: Array) -> tuple[Array, Array] | None:
        """Return the residual of f = 0, det J = 0 (by a bordered system) and its derivative by (states, parameters)."""
        n = z.size - 2
        x, parameters = z[:n] * self.sizes, z[n:] * self.ranges
        jacobian = self.jacobian(x, parameters)
        if not np.isfinite(jacobian).all():
            return None
        left, _, right = np.linalg.svd(jacobian)
        bordered = np.zeros((n + 1, n + 1))
        bordered[:n, :n], bordered[:n, n], bordered[n, :n] = jacobian, left[:, -1], right[-1]
        unit = np.append(np.zeros(n), 1.0)
        v, w = np.linalg.solve(bordered, unit), np.linalg.solve(bordered.T, unit)
        kernels = lower(self.system)
        p = self.p(parameters)
        form = Expansion(kernels, x, p[: kernels.n_parameters])
        directions = np.zeros((n + 2, n + kernels.n_parameters))
        directions[:n, :n] = np.diag(self.sizes)
        for k, index in enumerate(self.indices):
            if index < kernels.n_parameters:
                directions[n + k, n + index] = self.ranges[k]
        on_v = np.array([form(v[:n] * self.sizes, d).real for d in directions]) / self.sizes
        matrix = np.vstack((np.hstack((jacobian, self.slopes(x, parameters))), -on_v @ w[:n]))
        return np.append(self.rates(x, parameters), v[n]), matrix


@dataclass(frozen=True, slots=True, eq=False)
class SaddleNode:
    """A saddle-node: the state, the two parameters, and the tangent of its curve in units of sizes and ranges."""

    point: Array
    parameters: Array
    tangent: Array


def basis(jacobian: Array, stable: int, unstable: int) -> tuple[Array, Array]:
    """Return left bases of the stable and of the unstable eigenvalues, shapes (stable, n) and (unstable, n).

    Parameters
    ----------
    jacobian : ndarray, shape (n, n)
    stable, unstable : int
        How many of the eigenvalues, from the smallest and from the largest real part, belong to either.
    """
    reals = np.sort(np.linalg.eigvals(jacobian).real)
    rows = []
    for count, sign, ordered in ((stable, 1.0, reals), (unstable, -1.0, -reals[::-1])):
        if count == 0 or count == reals.size:
            rows.append(np.eye(reals.size)[:count])
            continue
        middle = 0.5 * (ordered[count - 1] + ordered[count])
        _, q, _ = schur(sign * jacobian.T, sort=lambda re, im=0.0, middle=middle: re < middle)
        rows.append(q[:, :count].T)
    return rows[0], rows[1]


def eigenvectors(jacobian: Array) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return eigenvalues and unit eigenvectors; coordinate vectors where the eigenvectors are no basis."""
    values, vectors = np.linalg.eig(jacobian)
    if np.linalg.cond(vectors) > WORST_BASIS:
        vectors = np.eye(len(values))
    return values.astype(np.complex128), vectors.astype(np.complex128)


class Ends:
    """The two ends of a connecting orbit, followed while the parameters vary.

    Parameters
    ----------
    plane : Plane
    equilibria : ndarray, shape (2, n)
        Twice the same one for a homoclinic orbit.
    parameters : ndarray, shape (2,)
    slow : bool
        Whether the equilibrium is a saddle-node.
    reach : float
        Largest distance of the orbit from the equilibria, in units of the sizes.

    Attributes
    ----------
    equilibria : ndarray, shape (2, n)
        Those found last.
    """

    def __init__(self, plane: Plane, equilibria: Array, parameters: Array, *, slow: bool, reach: float) -> None:
        self.plane, self.slow, self.reach = plane, slow, reach
        self.equilibria, self.parameters = np.array(equilibria), np.array(parameters, dtype=float)
        self.homoclinic = bool(np.array_equal(self.equilibria[0], self.equilibria[1]))
        self._along = np.array([0.0, 1.0])
        self._slopes: list[Array] = []
        self.counts = []
        for x in self.equilibria:
            reals = np.linalg.eigvals(plane.jacobian(x, self.parameters)).real
            zero = int(np.argmin(np.abs(reals))) if slow else -1
            others = np.delete(reals, zero) if slow else reals
            self.counts.append((int((others < 0.0).sum()), int((others > 0.0).sum())))

    @property
    def radius(self) -> float:
        """Distance at which the orbit is cut off, in units of the sizes."""
        return self.reach * (SLOW_RADIUS if self.slow else RADIUS)

    @property
    def balanced(self) -> bool:
        """Whether such an orbit exists for isolated values of one parameter, and no others."""
        return self.counts[0][0] + self.counts[1][1] == len(self.plane.sizes) - int(self.slow)

    def jacobian(self, end: int) -> Array:
        """Return the Jacobian at one of the equilibria found last, in units of the sizes."""
        return self.plane.jacobian(self.equilibria[end], self.parameters)

    def __call__(self, parameters: Array, points: Array) -> Array | None:
        """Return the data of the closure; see `dynana.numerics.connection_curve.Ends`."""
        if not (np.isfinite(parameters).all() and np.isfinite(points).all()):
            return None
        self.equilibria = points[:, : len(self.plane.sizes)]
        if not (self._find_saddle_node(parameters) if self.slow else self._find_saddles(parameters)):
            return None
        return self._data()

    def _find_saddles(self, parameters: Array) -> bool:
        found = []
        for end in (0,) if self.homoclinic else (0, 1):
            x = self.plane.equilibrium(self.equilibria[end], parameters)
            if x is None or self._signature(x, parameters) != self.counts[end]:
                return False
            found.append(x)
        self.equilibria, self.parameters = np.array([found[0], found[-1]]), np.array(parameters)
        self._slopes = [
            np.asarray(np.linalg.solve(self.plane.jacobian(x, parameters), -self.plane.slopes(x, parameters)))
            for x in self.equilibria
        ]
        return True

    def _signature(self, x: Array, parameters: Array) -> tuple[int, int]:
        reals = np.linalg.eigvals(self.plane.jacobian(x, parameters)).real
        return int((reals < 0.0).sum()), int((reals > 0.0).sum())

    def _find_saddle_node(self, parameters: Array) -> bool:
        node = self.plane.saddle_node(self.equilibria[0], parameters, self._along)
        if node is None:
            return False
        n = node.point.size
        length = float(np.linalg.norm(node.tangent[n:]))
        self._along = np.asarray(node.tangent[n:] / length, dtype=np.float64)
        self._slopes = [np.outer(node.tangent[:n] / length, self._along)] * 2
        self.equilibria, self.parameters = np.array([node.point, node.point]), node.parameters
        return True

    def _data(self) -> Array:
        """Return the data of the closure at the equilibria found last."""
        plane = self.plane
        if not self.slow:
            ends = [self._end(end, np.eye(2)) for end in (0, 1)]
            return connection_data((ends[0], ends[1]), plane.indices, self.parameters)
        ends = [self._end(end, self._along[None, :]) for end in (0, 1)]
        normal = np.array([self._along[1], -self._along[0]]) / plane.ranges / self.radius
        return connection_data((ends[0], ends[1]), plane.indices, self.parameters, normal)

    def _end(self, end: int, directions: Array) -> End:
        """Return one end; ``directions`` (k, 2) are those in which the parameters can move."""
        plane, sizes, slopes = self.plane, self.plane.sizes, self._slopes[end]
        rows = basis(self.jacobian(end), *self.counts[end])[end]
        turns = np.zeros((2, *rows.shape))
        for direction in directions:
            ahead, behind = (
                self._turned(end, rows, slopes @ direction * h, direction * h) for h in (TURN_STEP, -TURN_STEP)
            )
            turns += np.multiply.outer(direction, (ahead - behind) / (2.0 * TURN_STEP))
        return End(
            point=self.equilibria[end],
            slopes=slopes * sizes[:, None] / plane.ranges,
            rows=rows / sizes,
            turns=turns / sizes / plane.ranges[:, None, None],
            radius=self.radius,
        )

    def _turned(self, end: int, rows: Array, dx: Array, dp: Array) -> Array:
        """Return the basis ``rows`` as it is a little further, the same part of it fixed."""
        plane = self.plane
        jacobian = plane.jacobian(self.equilibria[end] + dx * plane.sizes, self.parameters + dp * plane.ranges)
        moved = basis(jacobian, *self.counts[end])[end]
        return np.asarray(np.linalg.solve(moved @ rows.T, moved))
