"""Folded singularities: points of a fold curve where the slow flow along the critical manifold is not turned back.

On the critical manifold f(x, s) = 0 the slow flow s' = g is x' = -(D_x f)^-1 D_s f g. Multiplied by the determinant of
D_x f, with the sign that keeps the direction of time on attracting sheets, it is smooth at folds; its equilibria there,
where l D_s f g = 0 with the left null vector l of D_x f, are the folded singularities (Szmolyan & Wechselberger 2001,
J. Differ. Equ. 177:419-453).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

from dynana.definition.system import System
from dynana.lowering.kernels import lower
from dynana.results.fast_slow_plane import FoldedPoint
from dynana.results.locus import Locus

Array = NDArray[np.float64]

#: Step of central differences, relative to the size of the coordinates: the cube root of the precision.
STEP = 6e-6
#: An eigenvalue smaller than this part of the other makes a folded saddle-node.
ZERO = 1e-6
#: Largest residual of a converged point, relative to what the equations are at NEARBY (in sizes of the coordinates);
#: that which Newton's method aims at.
CONVERGED, NEARBY, TOLERANCE = 1e-7, 1e-3, 1e-14


class SlowFlow:
    """The desingularised slow flow on the critical manifold.

    Parameters
    ----------
    system : System
        The full system.
    slow : sequence of two str
    """

    def __init__(self, system: System, slow: Sequence[str]) -> None:
        self.kernels = lower(system)
        self.states = system.states
        self.slow = [system.states.index(n) for n in slow]
        self.fast = [i for i in range(len(system.states)) if i not in self.slow]
        self._p = self.kernels.p

    def rates(self, u: Array) -> Array:
        """Return the right-hand side at a state of the full system."""
        out = np.empty(u.size)
        self.kernels.rhs(0.0, np.array(u, dtype=float), self._p, out)
        return out

    def blocks(self, u: Array) -> tuple[Array, Array]:
        """Return D_x f and D_s f."""
        jacobian = np.empty((u.size, u.size))
        self.kernels.jacobian(0.0, np.array(u, dtype=float), self._p, jacobian)
        rows = jacobian[self.fast]
        return rows[:, self.fast], rows[:, self.slow]

    def field(self, u: Array) -> Array:
        """Return the desingularised flow at a state, in the order of the states of the full system."""
        across, along = self.blocks(u)
        g = self.rates(u)[self.slow]
        sign = (-1.0) ** len(self.fast)
        out = np.empty(u.size)
        out[self.fast] = -sign * adjugate(across) @ along @ g
        out[self.slow] = sign * np.linalg.det(across) * g
        return out

    def crossing(self, u: Array, before: Array) -> tuple[float, Array]:
        """Return l D_s f g at a fold, with the sign of l that goes on from before."""
        across, along = self.blocks(u)
        left = np.linalg.svd(across)[0][:, -1]
        if before.size and left @ before < 0.0:
            left = -left
        return float(left @ along @ self.rates(u)[self.slow]), left

    def linearised(self, u: Array) -> NDArray[np.complex128]:
        """Return the eigenvalues of the flow on the two-dimensional manifold at an equilibrium of it."""
        n = u.size
        jacobian = np.empty((n, n))
        for j in range(n):
            step = STEP * max(1.0, abs(u[j]))
            ahead, behind = u.copy(), u.copy()
            ahead[j] += step
            behind[j] -= step
            jacobian[:, j] = (self.field(ahead) - self.field(behind)) / (2 * step)
        rows = np.empty((len(self.fast), n))
        rows[:, self.fast], rows[:, self.slow] = self.blocks(u)
        tangent = np.linalg.svd(rows)[2][len(self.fast) :].T
        values = np.linalg.eigvals(tangent.T @ jacobian @ tangent).astype(complex)
        return np.asarray(values[np.argsort(np.abs(values))])

    def refined(self, guess: Array) -> Array | None:
        """Return the folded singularity next to a guess: f = 0, det D_x f = 0 and no flow across the fold."""
        right = np.linalg.svd(self.blocks(guess)[0])[2][-1]
        size = np.maximum(np.abs(guess), 1.0)

        def defect(z: Array) -> Array:
            u = z * size
            across, along = self.blocks(u)
            rates = self.rates(u)
            flow = right @ adjugate(across) @ along @ rates[self.slow]
            return np.concatenate((rates[self.fast], [np.linalg.det(across), flow]))

        # the equations have sizes of their own: how much they change around the guess
        around = [defect(guess / size + d) for d in NEARBY * np.vstack((np.eye(guess.size), -np.eye(guess.size)))]
        weights = np.maximum(np.abs(around).max(axis=0), np.finfo(float).tiny)
        found = root(lambda z: defect(z) / weights, guess / size, tol=TOLERANCE)
        return np.asarray(found.x * size) if np.abs(defect(found.x) / weights).max() < CONVERGED else None


def adjugate(matrix: Array) -> Array:
    """Return the adjugate: the inverse times the determinant, also where that is zero."""
    u, s, vt = np.linalg.svd(matrix)
    others = np.array([np.prod(np.delete(s, i)) for i in range(s.size)])
    return np.asarray(np.linalg.det(u) * np.linalg.det(vt) * (vt.T * others) @ u.T)


def folded_points(system: System, slow: Sequence[str], folds: Sequence[Locus]) -> tuple[FoldedPoint, ...]:
    """Return the folded singularities on curves of folds of the fast subsystem, in the order of the curves."""
    flow = SlowFlow(system, slow)
    found: list[FoldedPoint] = []
    for curve in folds:
        states = np.empty((len(curve), len(system.states)))
        states[:, flow.fast] = curve.points
        states[:, flow.slow] = np.column_stack([curve[n] for n in slow])
        value, left = np.empty(len(curve)), np.empty(0)
        for i, u in enumerate(states):
            value[i], left = flow.crossing(u, left)
        for i in np.flatnonzero(value[:-1] * value[1:] < 0.0).tolist():
            share = value[i] / (value[i] - value[i + 1])
            point = flow.refined(states[i] + share * (states[i + 1] - states[i]))
            if point is not None:
                found.append(_point(flow, point))
    return tuple(found)


def _point(flow: SlowFlow, point: Array) -> FoldedPoint:
    values = flow.linearised(point)
    small, large = values
    if abs(small) < ZERO * abs(large):
        kind = "folded saddle-node"
    elif abs(small.imag) > ZERO * abs(small):
        kind = "folded focus"
    else:
        kind = "folded node" if small.real * large.real > 0.0 else "folded saddle"
    return FoldedPoint(kind=kind, states=flow.states, point=point, eigenvalues=values)
