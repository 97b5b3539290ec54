"""The critical eigenvectors of an equilibrium, and whether a point is the bifurcation it is said to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.analysis.centre_manifold import CentreManifold, Mode, largest_first
from dynana.analysis.stability import require_autonomous
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.lowering.multilinear import Expansion
from dynana.numerics.multilinear import Algebra

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

#: A point is an equilibrium if a Newton step moves no coordinate by more than this, relative to its size or 1.
EQUILIBRIUM = 1e-6
#: An eigenvalue is taken for zero below this fraction of the rates of the system, a real part below this fraction of
#: the frequency. Points located to ten digits fulfil it with room to spare; points typed with five digits do not.
CRITICAL = 1e-5
#: Singular values below this fraction of the rates are left out of the Newton step that tests for an equilibrium.
SINGULAR = 1e-9
#: Eigenvalues count as a real pair if their imaginary parts are below this fraction of the largest modulus.
REAL = 1e-9
#: Rounds of bordered solves that sharpen a pair of null vectors; each squares the error of the borders.
ROUNDS = 3
#: Null vectors that have moved by less than this are not sharpened any further: the next round would move them by the
#: square of it.
SETTLED = 1e-12


class Point:
    """An equilibrium with its exact derivatives: what every normal form starts from.

    Parameters
    ----------
    system : System
    state : array, shape (n,)
    parameters : sequence of str
        Names of the parameters that are varied.
    values : mapping of str to float, optional
        Parameter values that differ from those of the system.

    Attributes
    ----------
    expansion : Expansion
    jacobian : ndarray, shape (n, n)
    slopes : ndarray, shape (n, k)
        Derivatives of the right-hand side by the varied parameters.
    eigenvalues : ndarray of complex, shape (n,)

    Raises
    ------
    ValueError
        If the state or the names do not fit the system.
    ConvergenceError
        If the state is not an equilibrium.
    """

    def __init__(
        self,
        system: System,
        state: ArrayLike,
        parameters: Sequence[str] = (),
        values: Mapping[str, float] | None = None,
    ) -> None:
        require_autonomous(system, "a normal form")
        kernels = lower(system)
        used = {**system.values, **{system.parameter(n): float(v) for n, v in (values or {}).items()}}
        self.system, self.parameters = system, tuple(system.parameter(n) for n in parameters)
        self.indices = [system.parameters.index(n) for n in self.parameters]
        self.state = np.array(state, dtype=np.float64)
        if self.state.shape != (kernels.n,) or not np.all(np.isfinite(self.state)):
            names = ", ".join(system.states)
            raise ValueError(
                f"{system.name}: the point must be {kernels.n} finite numbers ({names}), got {self.state.tolist()}."
            )
        self.values = np.array(list(used.values()), dtype=np.float64)
        self.expansion = Expansion(kernels, self.state, self.values)
        residual, self.jacobian, self.slopes = self.expansion.linear(self.indices)
        if not (np.all(np.isfinite(self.jacobian)) and np.all(np.isfinite(residual))):
            raise ConvergenceError(f"{system.name}: the right-hand side or its Jacobian is not finite at {self.place}.")
        self.eigenvalues = np.linalg.eigvals(self.jacobian).astype(np.complex128)
        self.radius = float(np.abs(self.eigenvalues).max())
        self._check_equilibrium(residual)

    @property
    def place(self) -> str:
        """The point in words."""
        return ", ".join(f"{n} = {x:.6g}" for n, x in zip(self.system.states, self.state, strict=True))

    @property
    def extent(self) -> float:
        """A typical size of the coordinates: the largest of them, and at least 1."""
        return max(1.0, float(np.abs(self.state).max()))

    def _check_equilibrium(self, residual: FloatArray) -> None:
        left, scales, right = np.linalg.svd(self.jacobian)
        regular = scales > SINGULAR * max(float(scales[0]), self.rates(right[-1], 1))
        amounts = left.T @ residual
        step = right[regular].T @ (amounts[regular] / scales[regular])
        room = EQUILIBRIUM * np.maximum(1.0, np.abs(self.state))
        rest = float(np.linalg.norm(amounts[~regular]))
        if np.all(np.abs(step) <= room) and rest <= EQUILIBRIUM * self.extent * max(1.0, float(scales[0])):
            return
        rates = ", ".join(f"d{n}/dt = {r:.3g}" for n, r in zip(self.system.states, residual, strict=True))
        raise ConvergenceError(
            f"{self.system.name}: {self.place} is not an equilibrium to {EQUILIBRIUM:g} ({rates}). Give the located "
            "point with its parameter values (continue_equilibria locates bifurcations, fixed_points equilibria)."
        )

    def refuse(self, kind: str, why: str) -> ConvergenceError:
        """Return the error that says why the point is not a bifurcation of the kind."""
        return ConvergenceError(
            f"{self.system.name}: {self.place} is no {kind} point: {why}. Give the located point with all its "
            "parameter values."
        )

    # -- critical eigenvalues -----------------------------------------------------------------------------------------

    def rates(self, vector: NDArray[Any], critical: int) -> float:
        """Return the size of the rates that eigenvalues are compared with to be called zero.

        It is the largest eigenvalue; where all are critical, what the nonlinearity makes of a displacement along
        ``vector`` as large as the coordinates.
        """
        if critical < len(self.state):
            return self.radius
        second, third = (np.abs(self.expansion(*[vector] * k)).max() for k in (2, 3))
        return max(self.radius, float(second) * self.extent, float(third) * self.extent**2)

    def zero_mode(self, kind: str, partner: int = 0) -> Mode:
        """Return the mode of a simple zero eigenvalue, the largest entry of its vector positive."""
        q, p = null_vectors(self.jacobian)
        smallest = float(np.abs(self.eigenvalues).min())
        rates = self.rates(q, 1)
        if smallest > CRITICAL * rates:
            raise self.refuse(
                kind, f"its smallest eigenvalue has modulus {smallest:.3g}, the largest {self.radius:.3g}"
            )
        q = q * np.sign(q[largest_first(q)])
        overlap = float(p @ q)
        if abs(overlap) <= CRITICAL:
            raise self.refuse(kind, "zero is a multiple eigenvalue (see bogdanov_takens_normal_form)")
        return Mode(vector=q + 0j, adjoint=np.asarray(p / overlap, dtype=np.complex128), turns=(0,), partner=partner)

    def oscillating(self, kind: str, count: int = 1) -> list[complex]:
        """Return the eigenvalues with positive imaginary part that are nearest to the imaginary axis, by frequency."""
        upper = [complex(v) for v in self.eigenvalues if v.imag > REAL * self.radius]
        upper = sorted(upper, key=lambda v: abs(v.real) / abs(v))[:count]
        if len(upper) < count or any(abs(v.real) > CRITICAL * abs(v) for v in upper):
            shown = ", ".join(f"{v:.4g}" for v in self.eigenvalues)
            need = "a pair" if count == 1 else f"{count} pairs"
            raise self.refuse(kind, f"it needs {need} of imaginary eigenvalues, and the spectrum is {shown}")
        return sorted(upper, key=lambda v: -v.imag)

    def turning_modes(self, eigenvalue: complex, turns: tuple[int, ...], first: int) -> tuple[list[Mode], complex]:
        """Return the modes of an imaginary pair, coordinates ``first`` and the next, and its sharpened eigenvalue."""
        value = eigenvalue
        for _ in range(2):
            q, p = null_vectors(self.jacobian - value * np.eye(len(self.state)))
            overlap = complex(np.vdot(p, q))
            value = complex(np.vdot(p, self.jacobian @ q)) / overlap
        top = q[largest_first(q)]
        q = q * (abs(top) / top)
        p = p / np.conj(np.vdot(p, q))
        back = tuple(-k for k in turns)
        mode = Mode(vector=q, adjoint=p, turns=turns, partner=first + 1)
        return [mode, Mode(vector=q.conj(), adjoint=p.conj(), turns=back, partner=first)], value

    def others_unstable(self, critical: int) -> int:
        """Return how many of the eigenvalues beside the critical ones have a positive real part."""
        by_distance = sorted(self.eigenvalues.tolist(), key=lambda v: abs(v.real))
        return sum(v.real > 0 for v in by_distance[critical:])

    def is_neutral_saddle(self) -> bool:
        """Return whether two real eigenvalues add to zero and nothing turns: a Hopf point to its test function only."""
        values = self.eigenvalues.tolist()
        if any(v.imag > REAL * self.radius and abs(v.real) <= CRITICAL * abs(v) for v in values):
            return False
        real = [v.real for v in values if abs(v.imag) <= REAL * self.radius]
        pairs = ((a, b) for i, a in enumerate(real) for b in real[:i])
        return any(a * b < 0 and abs(a + b) <= CRITICAL * abs(a - b) for a, b in pairs)

    def manifold(self, modes: Sequence[Mode], frequencies: Sequence[float], monomials: Algebra) -> CentreManifold:
        """Return the centre manifold and the normal form on it."""
        return CentreManifold(self.expansion, self.jacobian, modes, frequencies, self.indices, monomials)


def null_vectors(matrix: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return unit right and left null vectors of a (nearly) singular square matrix, real for a real one.

    The singular vectors of the smallest singular value border the matrix; bordered solves then sharpen both.
    """
    left, _, right = np.linalg.svd(matrix)
    n = len(matrix)
    vectors = np.stack([right[-1].conj(), left[:, -1]])
    bordered = np.zeros((2, n + 1, n + 1), dtype=matrix.dtype)
    bordered[0, :n, :n] = matrix
    unit = np.zeros((n + 1, 1))
    unit[n] = 1.0
    for _ in range(ROUNDS):
        bordered[0, :n, n], bordered[0, n, :n] = vectors[1], vectors[0].conj()
        bordered[1] = bordered[0].conj().T
        before, vectors = vectors, np.linalg.solve(bordered, unit)[:, :n, 0]
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        if np.abs(vectors - before).max() <= SETTLED:
            break
    return vectors[0], vectors[1]
