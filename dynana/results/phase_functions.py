"""Functions of the phase difference of two cells: trigonometric series where smooth, polynomials between kinks.

Both have the period 1. What they have in common: values, derivatives, the largest value of an odd one, and the places
where an odd one, raised by a constant, changes its sign.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: Samples of each harmonic among which changes of sign are looked for.
OVERSAMPLING = 8
#: Samples of each polynomial, for each of its coefficients, among which changes of sign are looked for.
SAMPLES = 3
#: Halvings that locate a change of sign to the last digit.
HALVINGS = 60
#: Newton steps from the largest sample to the maximum.
NEWTON_STEPS = 6
#: A place this close to a break is at the break: rounding.
AT_BREAK = 1e-13
#: Difference of the limits on both sides of a break, relative to the function, below which it does not jump there.
SAME_VALUE = 1e-7


class PhaseFunction(Protocol):
    """A function of period 1."""

    def at(self, x: ArrayLike) -> Array:
        """Return its values; at a jump the one on the right."""

    def limits(self, x: float) -> tuple[float, float]:
        """Return its values on the left and on the right of a place."""

    def slopes(self, x: float) -> tuple[float, float]:
        """Return its derivatives on the left and on the right of a place; infinite at a jump."""

    def largest(self) -> float:
        """Return the largest modulus."""

    def signs(self, level: float) -> tuple[Array, Array]:
        """Return increasing places among which no change of sign is missed, and the function plus ``level`` there.

        They are those in (0, 1/2) where ``level`` is 0, because the function is odd then; the ends are left out.
        """


class Harmonics:
    """A trigonometric series, Re sum c_j exp(2 pi i j x), from its coefficients."""

    def __init__(self, coefficients: NDArray[np.complex128], samples: int) -> None:
        self.coefficients, self._samples = coefficients, samples

    def at(self, x: ArrayLike) -> Array:
        """See `PhaseFunction`."""
        return series(self.coefficients, 2 * np.pi * np.asarray(x, dtype=float))

    def limits(self, x: float) -> tuple[float, float]:
        """See `PhaseFunction`."""
        value = float(self.at(x))
        return value, value

    def slopes(self, x: float) -> tuple[float, float]:
        """See `PhaseFunction`."""
        order = 2j * np.pi * np.arange(self.coefficients.size)
        slope = float(series(order * self.coefficients, 2 * np.pi * x))
        return slope, slope

    def reflected(self) -> Harmonics:
        """Return the function of -x less that of x."""
        return Harmonics(np.asarray(-2j * self.coefficients.imag, dtype=np.complex128), self._samples)

    def largest(self) -> float:
        """See `PhaseFunction`."""
        grid, values = self._grid()
        angle, c = 2 * np.pi * float(grid[np.abs(values).argmax()]), self.coefficients
        order = np.arange(c.size)
        for _ in range(NEWTON_STEPS):
            slope, bend = series(order * 1j * c, angle), series(-(order**2) * c, angle)
            angle -= float(slope / bend) if bend else 0.0
        return max(float(np.abs(values).max()), abs(float(series(c, angle))))

    def signs(self, level: float) -> tuple[Array, Array]:
        """See `PhaseFunction`."""
        grid, values = self._grid()
        kept = grid < 0.5 if level == 0.0 else slice(None)
        return grid[kept], values[kept] + level

    def _grid(self) -> tuple[Array, Array]:
        """Places between 0 and 1, neither 0 nor 1/2, and values there."""
        count, c = OVERSAMPLING * self._samples, self.coefficients
        padded = np.zeros(count // 2 + 1, dtype=complex)
        padded[: c.size] = 0.5 * c * np.exp(1j * np.pi / count * np.arange(c.size))
        return (np.arange(count) + 0.5) / count, np.fft.irfft(padded, count) * count + 0.5 * c[0].real


class Pieces:
    """Polynomials between breaks, in Legendre's basis.

    Parameters
    ----------
    edges : ndarray, shape (m + 1,)
        From 0 to 1.
    local : ndarray, shape (m, degree + 1)
        Coefficients.
    """

    def __init__(self, edges: Array, local: Array) -> None:
        self.edges, self.local = edges, local

    def at(self, x: ArrayLike) -> Array:
        """See `PhaseFunction`."""
        asked = np.asarray(x, dtype=float)
        y = np.mod(asked.ravel(), 1.0)
        which = np.clip(np.searchsorted(self.edges, y, side="right") - 1, 0, len(self.local) - 1)
        return self._of(which, y).reshape(asked.shape)

    def _of(self, which: NDArray[np.intp], y: Array) -> Array:
        """Values of given pieces."""
        u = 2.0 * (y - self.edges[which]) / np.diff(self.edges)[which] - 1.0
        return np.asarray(legendre.legval(u, self.local[which].T, tensor=False), dtype=np.float64)

    def limits(self, x: float) -> tuple[float, float]:
        """See `PhaseFunction`."""
        pieces, places = zip(*self._beside(x), strict=True)
        left, right = self._of(np.array(pieces), np.array(places)).tolist()
        return left, right

    def slopes(self, x: float) -> tuple[float, float]:
        """See `PhaseFunction`."""
        low, high = self.limits(x)
        if abs(high - low) > SAME_VALUE * float(np.abs(self.local).sum(axis=1).max()):
            return (np.inf, np.inf) if high > low else (-np.inf, -np.inf)
        found = []
        for k, place in self._beside(x):
            width = self.edges[k + 1] - self.edges[k]
            u = 2.0 * (place - self.edges[k]) / width - 1.0
            found.append(float(2.0 / width * legendre.legval(u, legendre.legder(self.local[k]))))
        return found[0], found[1]

    def _beside(self, x: float) -> tuple[tuple[int, float], tuple[int, float]]:
        """Return the pieces on the left and on the right of a place, each with the place in [0, 1]."""
        y = float(np.mod(x, 1.0))
        nearest = int(np.abs(self.edges - y).argmin())
        if abs(self.edges[nearest] - y) <= AT_BREAK:
            right, left = nearest % len(self.local), (nearest - 1) % len(self.local)
            return (left, float(self.edges[left + 1])), (right, float(self.edges[right]))
        k = int(np.searchsorted(self.edges, y, side="right")) - 1
        return (k, y), (k, y)

    def reflected(self) -> Pieces:
        """Return the function of -x less that of x, on the breaks of both."""
        both = np.union1d(self.edges, 1.0 - self.edges)
        edges = both[np.concatenate(([True], np.diff(both) > AT_BREAK))]
        edges[0], edges[-1] = 0.0, 1.0
        degree = self.local.shape[1] - 1
        nodes, to_basis = fitting(degree + 1)
        x = edges[:-1, None] + np.diff(edges)[:, None] * nodes
        return Pieces(edges, (self.at(-x) - self.at(x)) @ to_basis.T)

    def largest(self) -> float:
        """See `PhaseFunction`."""
        best = 0.0
        for local in self.local:
            roots = legendre.legroots(np.trim_zeros(legendre.legder(local), "b")) if np.any(local[1:]) else np.empty(0)
            inside = roots.real[(np.abs(roots.imag) < 1e-6) & (np.abs(roots.real) < 1.0)]
            best = max(best, float(np.abs(legendre.legval(np.concatenate(([-1.0, 1.0], inside)), local)).max()))
        return best

    def signs(self, level: float) -> tuple[Array, Array]:
        """See `PhaseFunction`."""
        inner = np.linspace(0.0, 1.0, SAMPLES * self.local.shape[1])
        places = self.edges[:-1, None] + np.diff(self.edges)[:, None] * inner
        which = np.broadcast_to(np.arange(len(self.local))[:, None], places.shape)
        values = self._of(which.ravel(), places.ravel()).reshape(places.shape)
        x, y = places.ravel()[1:-1], values.ravel()[1:-1] + level
        if level != 0.0:
            return x, y
        kept = x < 0.5 - AT_BREAK
        return x[kept], y[kept]


def crossings(function: PhaseFunction, level: float, noise: float) -> Array | None:
    """Return where a function, raised by ``level``, changes its sign, increasing, in [0, 1).

    For level 0 the function is odd: 0 and 1/2 are always among them, the rest comes in pairs. None where it vanishes
    altogether; what is below ``noise`` has no sign.
    """
    places, values = function.signs(level)
    known = np.flatnonzero(np.abs(values) > noise)
    if known.size == 0:
        return None
    x, sign = places[known], np.sign(values[known])
    if level != 0.0:
        x, sign = np.append(x, x[0] + 1.0), np.append(sign, sign[0])
    changes = np.flatnonzero(sign[:-1] != sign[1:])
    low, high, beyond = x[changes], x[changes + 1], sign[changes + 1]
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        there = (level + function.at(middle)) * beyond > 0.0
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    if level != 0.0:
        return np.sort(np.mod(high, 1.0))
    return np.concatenate(([0.0], high, [0.5], 1.0 - high[::-1]))


def fitting(count: int) -> tuple[Array, Array]:
    """Return Gauss points of [0, 1] and the matrix from values there to coefficients in Legendre's basis."""
    nodes, weights = legendre.leggauss(count)
    basis = legendre.legvander(nodes, count - 1)
    to_basis = (2.0 * np.arange(count)[:, None] + 1.0) / 2.0 * (basis * weights[:, None]).T
    return 0.5 * (nodes + 1.0), np.asarray(to_basis, dtype=np.float64)


def series(coefficients: NDArray[np.complex128], angles: ArrayLike) -> Array:
    """Return the real part of a Fourier series at angles of any shape."""
    x = np.asarray(angles, dtype=float)
    return np.asarray((np.exp(1j * np.multiply.outer(x, np.arange(coefficients.size))) @ coefficients).real)
