"""Orbits as values: the equations they satisfy, the discretised orbit, its multipliers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation_newton import SIGN
from dynana.numerics.collocation_stages import CLOSURE_KERNEL, JACOBIAN, PARAMETERS, RHS, TIME
from dynana.numerics.function_addresses import addresses
from dynana.numerics.gauss import gauss_scheme
from dynana.numerics.interpolation import transfer
from dynana.numerics.kernel_addresses import CLOSURE
from dynana.numerics.mesh import times
from dynana.numerics.signatures import MATRIX, VECTOR

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrbitEquations:
    """What an orbit has to satisfy.

    Parameters
    ----------
    rhs : VECTOR kernel
    jacobian, parameter_jacobian : MATRIX kernels
    closure : CLOSURE kernel
        Conditions on the ends of segments, see `dynana.numerics.kernel_addresses`.
    conditions : int
        Their number.
    p : ndarray, shape (n_parameters,)
    active : sequence of int
        Parameters that vary along curves; the first one is the one that is fixed where a single orbit is asked for.
    free : ndarray, shape (segments, n)
        0 where a segment holds a state.
    phase : bool
        Whether the integral phase condition is used: where the closure is invariant under shifts of time.
    data : ndarray
        Passed to the closure.
    time_derivative : VECTOR kernel, optional
        Derivative of ``rhs`` with respect to time, for a right-hand side that depends on it; then one segment only.
    """

    rhs: Callable[..., Any]
    jacobian: Callable[..., Any]
    parameter_jacobian: Callable[..., Any]
    closure: Callable[..., Any]
    conditions: int
    p: Array
    active: Sequence[int]
    free: Array
    phase: bool
    data: Array
    time_derivative: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        segments, n = self.free.shape
        if self.time_derivative is not None and segments > 1:
            raise ValueError(f"{segments} segments and an explicit time: only one segment is possible then.")
        rows = (2 * n + 1) * segments + len(self.active) - n * segments - self.conditions
        if rows < int(self.phase) + 1:
            raise ValueError(
                f"{self.conditions} conditions and {'a' if self.phase else 'no'} phase condition for {segments} "
                f"segments of {n} states with {len(self.active)} active parameters leave no freedom for a curve."
            )

    @property
    def rows(self) -> int:
        """Number of full rows that make the system square: phase condition, user rows, arclength."""
        segments, n = self.free.shape
        return (n + 1) * segments + len(self.active) - self.conditions

    def model(self) -> tuple[Any, ...]:
        """Return the tuple ``model`` of `dynana.numerics.collocation`."""
        table = np.zeros(5, dtype=np.int64)
        table[[RHS, JACOBIAN, PARAMETERS, CLOSURE_KERNEL]] = addresses(
            (self.rhs, VECTOR), (self.jacobian, MATRIX), (self.parameter_jacobian, MATRIX), (self.closure, CLOSURE)
        )
        if self.time_derivative is not None:
            table[TIME] = addresses((self.time_derivative, VECTOR))[0]
        active = np.array(self.active, dtype=np.int64)
        return table, np.array(self.p), active, np.array(self.data, dtype=np.float64), np.array(self.free)


@dataclass(frozen=True, slots=True, eq=False)
class Orbit:
    """A discretised orbit, with the tangent of the curve it lies on.

    Attributes
    ----------
    z, tangent : ndarray, shape (unknowns,)
        Points, durations, active parameters, see `dynana.numerics.collocation`.
    counts : ndarray of int, shape (segments,)
        Mesh intervals of each segment.
    widths : ndarray, shape (all intervals,)
        Relative lengths; those of a segment add up to 1.
    n, stages : int
        States, Gauss points per interval.
    report : ndarray
        See `dynana.numerics.collocation_newton`.
    steps : int
        Steps since the mesh was adapted.
    behind : (z, tangent) or None
        Of the orbit from which a step led to this one, on the same mesh. A copy with other values has none.
    scalars_at : int
        Where durations and parameters begin in ``z``.
    """

    z: Array
    tangent: Array
    counts: NDArray[np.int64]
    widths: Array
    n: int
    stages: int
    report: Array
    steps: int = 0
    behind: tuple[Array, Array] | None = field(default=None, init=False)
    scalars_at: int = field(init=False)

    def __post_init__(self) -> None:
        points = self.widths.size * (self.stages + 1) + self.counts.size
        object.__setattr__(self, "scalars_at", points * self.n)

    @property
    def segments(self) -> int:
        """Number of segments."""
        return self.counts.size

    @property
    def durations(self) -> Array:
        """Durations of the segments."""
        return self.z[self.scalars_at : self.scalars_at + self.segments]

    @property
    def parameters(self) -> Array:
        """Values of the active parameters."""
        return self.z[self.scalars_at + self.segments :]

    @property
    def determinant_sign(self) -> int:
        """Sign of the determinant of the extended system: changes at branch points."""
        return int(self.report[SIGN])

    def split(self, values: Array) -> list[tuple[Array, Array]]:
        """Return the part of ``values`` on points and the widths, for each segment."""
        if self.counts.size == 1:
            return [(values[: self.scalars_at].reshape(-1, self.n), self.widths)]
        parts, point, interval = [], 0, 0
        for count in self.counts.tolist():
            size = count * (self.stages + 1) + 1
            on_points = values[point * self.n : (point + size) * self.n].reshape(size, self.n)
            parts.append((on_points, self.widths[interval : interval + count]))
            point, interval = point + size, interval + count
        return parts

    def after(self, behind: tuple[Array, Array] | None) -> Orbit:
        """Return the orbit itself, which remembers now what is behind it."""
        object.__setattr__(self, "behind", behind)
        return self

    def on_meshes(self, widths: Sequence[Array]) -> Orbit:
        """Return the orbit, its tangent and what is behind it on other meshes, one for each segment."""
        functions = np.array((self.z, self.tangent, *(self.behind or ())))
        counts, joined = np.array([new.size for new in widths], dtype=np.int64), np.concatenate(widths)
        more = (joined.size - self.widths.size) * (self.stages + 1) * self.n
        moved = np.empty((len(functions), functions.shape[1] + more))
        nodes = gauss_scheme(self.stages).nodes
        transfer(functions, self.n, self.counts, self.widths, counts, joined, nodes, moved)
        z, tangent, *behind = (values.copy() for values in moved)
        orbit = Orbit(z, tangent, counts, joined, self.n, self.stages, self.report)
        return orbit.after((behind[0], behind[1]) if behind else None)

    def times(self) -> Array:
        """Times of all points, from the start of the orbit."""
        starts = np.concatenate(([0.0], np.cumsum(self.durations)))
        scheme = gauss_scheme(self.stages)
        segments = zip(self.split(self.z), self.durations, starts, strict=False)
        return np.concatenate([t0 + T * times(widths, scheme) for (_, widths), T, t0 in segments])


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Floquet multipliers in descending order of modulus.

    Attributes
    ----------
    logarithms : ndarray, shape (n,)
        Logarithms of the moduli, -inf for zero.
    phases : ndarray, shape (n,)
        Arguments in (-pi, pi].
    trace : float
        Integral of the trace of the Jacobian: by Liouville's formula the sum of the logarithms where there are no
        jumps; nan if it was not asked for.
    """

    logarithms: Array
    phases: Array
    trace: float

    @property
    def values(self) -> NDArray[np.complex128]:
        """The multipliers as complex numbers; the smallest may underflow to 0, the largest overflow to inf."""
        with np.errstate(over="ignore", under="ignore"):
            moduli = np.exp(self.logarithms)
        real = (self.phases == 0.0) | (self.phases == np.pi)
        directions = np.where(real, np.where(self.phases == 0.0, 1.0, -1.0) + 0j, np.exp(1j * self.phases))
        return np.where(moduli == 0.0, 0.0, moduli * directions)

    @property
    def trivial_error(self) -> float:
        """Distance from 1 of the multiplier closest to it, which an autonomous system has exactly."""
        return float(np.abs(self.values - 1.0).min())

    def without_trivial(self) -> NDArray[np.complex128]:
        """The multipliers but the one closest to 1."""
        return np.delete(self.values, np.abs(self.values - 1.0).argmin())

    @property
    def period_doubling(self) -> float:
        """Test function: changes sign where a multiplier passes -1.

        The product of (1 + mu) / (1 + |mu|) over all multipliers but the trivial one, which stays between -1 and 1.
        """
        others = self.without_trivial()
        others = others[np.isfinite(others)]
        return float(np.prod((1.0 + others) / (1.0 + np.abs(others))).real)

    @property
    def torus(self) -> float:
        """Test function: changes sign where a pair of complex multipliers passes the unit circle.

        The product over all pairs of tanh of half the sum of their logarithms; a real pair mu, 1/mu (neutral saddle)
        changes the sign, too, and has to be told apart by its phases.
        """
        kept = np.delete(self.logarithms, np.abs(self.values - 1.0).argmin())
        pairs = [kept[i] + kept[k] for i in range(kept.size) for k in range(i)]
        return float(np.prod(np.tanh(0.5 * np.array(pairs))))
