"""The linearisation at an equilibrium and what it says about stability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynana.definition.system import System
from dynana.definition.tracing import TIME
from dynana.errors import ModelError
from dynana.lowering.kernels import Kernels, lower
from dynana.results.fixed_points import FixedPoint

FloatArray = NDArray[np.float64]

#: An eigenvalue counts as zero, and a real part as zero, below this fraction of the largest modulus in the spectrum.
HYPERBOLICITY = 1e-9
#: An imaginary part counts as zero below this fraction of the largest modulus. A double eigenvalue splits by the square
#: root of the precision, 1e-8, so a smaller number would turn degenerate nodes into foci.
REALITY = 1e-7
#: A given point is taken for an equilibrium if Newton's method moves no coordinate by more than this, relative to its
#: size or 1: points are often typed with three or four digits.
EQUILIBRIUM = 1e-3


class Linearisation:
    """The exact Jacobian and the jump conditions of a system, ready to be evaluated (internal, shared by calls)."""

    def __init__(self, kernels: Kernels) -> None:
        self.n = kernels.n
        self.p = np.array(kernels.p)  # kernels take writable arrays
        self._kernels = kernels
        self._values = kernels.system.values
        self._jacobian = kernels.jacobian

    def jacobian(self, point: FloatArray) -> FloatArray:
        """Return the Jacobian at a point, shape (n, n)."""
        out = np.empty((self.n, self.n))
        self._jacobian(0.0, point, self.p, out)
        return out

    def beyond_threshold(self, point: FloatArray) -> bool:
        """Return whether the condition of some jump holds at a point."""
        kernels = self._kernels
        if not kernels.n_jumps:
            return False
        values, holds = np.empty(kernels.n_guards), np.empty(kernels.n_jumps)
        kernels.guards(0.0, point, self.p, values)
        kernels.conditions(values, holds)
        return bool(np.any(holds > 0))

    def fixed_points(
        self, points: FloatArray, radii: FloatArray, on_border: NDArray[np.bool_]
    ) -> tuple[FixedPoint, ...]:
        """Return equilibria with their spectrum and kind; arrays of shape (k, n), (k, n), (k,)."""
        if len(points) == 0:
            return ()
        jacobians = np.array([self.jacobian(point) for point in points])
        spectra, vectors = np.linalg.eig(jacobians)
        order = np.lexsort((-spectra.imag, -spectra.real))
        spectra = np.take_along_axis(spectra, order, axis=1).astype(complex)
        vectors = np.take_along_axis(vectors, order[:, None, :], axis=2).astype(complex)
        found = []
        for i, point in enumerate(points):
            linear, virtual = classify(spectra[i]), self.beyond_threshold(point)
            found.append(
                FixedPoint(
                    system=self._kernels.system.name,
                    states=self._kernels.states,
                    parameters=self._values,
                    fingerprint=self._kernels.fingerprint,
                    point=point,
                    radius=radii[i],
                    eigenvalues=spectra[i],
                    eigenvectors=vectors[i],
                    jacobian=jacobians[i],
                    kind="virtual" if virtual else linear,
                    linear_kind=linear,
                    stable=not virtual and linear.startswith("stable"),
                    virtual=virtual,
                    on_border=bool(on_border[i]),
                )
            )
        return tuple(found)


@lru_cache(maxsize=256)
def linearisation(kernels: Kernels) -> Linearisation:
    """Return the linearisation of a system, made once."""
    return Linearisation(kernels)


def classify(eigenvalues: NDArray[np.complex128]) -> str:
    """Return the kind of an equilibrium from its eigenvalues.

    Real parts below `HYPERBOLICITY` and imaginary parts below `REALITY` (of the largest modulus) count as zero.
    """
    values = eigenvalues.tolist()
    scale = max(map(abs, values))
    reals = [0.0 if abs(v.real) <= HYPERBOLICITY * scale else v.real for v in values]
    oscillating = any(abs(v.imag) > REALITY * scale for v in values)
    if 0.0 in reals:
        return "center" if len(values) == 2 and oscillating else "non-hyperbolic"
    if min(reals) < 0.0 < max(reals):
        return "saddle-focus" if oscillating else "saddle"
    side = "stable" if max(reals) < 0.0 else "unstable"
    return f"{side} {'focus' if oscillating else 'node'}"


def stability(system: System, *, at: Mapping[str, float] | Sequence[float] | FixedPoint) -> FixedPoint:
    """Classify one given equilibrium by the spectrum of its exact Jacobian.

    Parameters
    ----------
    system : System
    at : mapping of state to value, sequence of n values, or FixedPoint
        The equilibrium. It is refined by Newton's method and need only be right to about three digits.

    Returns
    -------
    FixedPoint
        ``radius`` is the size of the last Newton step (an estimate, not a proof; `fixed_points` proves).

    Raises
    ------
    ValueError
        If the point does not fit the system or is not an equilibrium.
    """
    require_autonomous(system, "stability")
    kernels = lower(system)
    tool = linearisation(kernels)
    given = _coordinates(system, at)
    point, step, rates = given.copy(), np.empty(kernels.n), np.empty(kernels.n)
    for _ in range(3):
        kernels.rhs(0.0, point, tool.p, rates)
        step[:] = np.linalg.lstsq(tool.jacobian(point), rates, rcond=None)[0]  # the Jacobian may be singular
        if not np.all(np.abs(point - step - given) <= EQUILIBRIUM * np.maximum(1.0, np.abs(given))):
            raise ValueError(_no_equilibrium(kernels, tool, given, point - step))
        point -= step
    return tool.fixed_points(point[None], np.abs(step)[None], np.zeros(1, bool))[0]


def require_system(system: Any, verb: str) -> None:
    """Raise TypeError unless something is a System."""
    if not isinstance(system, System):
        network = "; as_system() makes one of a small network" if hasattr(system, "as_system") else ""
        raise TypeError(f"{verb} takes a System, got {type(system).__name__}{network}")


def require_autonomous(system: System, purpose: str) -> None:
    """Raise ModelError if the equations contain time, or if there are none."""
    if not system.states:
        raise ModelError(f"{system.name} has no states: {purpose} needs at least one.")
    timed = [n for n, e in zip(system.states, system.derivatives, strict=True) if e.has(TIME)]
    if timed:
        raise ModelError(
            f"{system.name}: the equations of {', '.join(timed)} contain the time t, so nothing rests. "
            "Hold time at a value with system.freeze('t'), which makes it a parameter, or set the input to a constant."
        )


def _coordinates(system: System, at: Any) -> FloatArray:
    if isinstance(at, FixedPoint):
        at = at.values
    if isinstance(at, Mapping):
        for name in at:
            system.state(name)
        missing = [n for n in system.states if n not in at]
        if missing:
            raise ValueError(f"{system.name}: at= lacks {', '.join(missing)}; states: {', '.join(system.states)}")
        at = [at[n] for n in system.states]
    point = np.array(at, dtype=np.float64)
    if point.shape != (len(system.states),) or not np.all(np.isfinite(point)):
        expected = f"{len(system.states)} finite numbers ({', '.join(system.states)})"
        raise ValueError(f"{system.name}: at= must be {expected}, got {at}")
    return point


def _no_equilibrium(kernels: Kernels, tool: Linearisation, point: FloatArray, towards: FloatArray) -> str:
    rate = np.empty(kernels.n)
    kernels.rhs(0.0, point, tool.p, rate)
    rates = ", ".join(f"d{n}/dt = {r:.3g}" for n, r in zip(kernels.states, rate, strict=True))
    near = ", ".join(f"{n} = {x:.6g}" for n, x in zip(kernels.states, towards, strict=True))
    return (
        f"{kernels.system.name}: the given point is not an equilibrium ({rates}). Newton's method points to {near}. "
        "Use fixed_points(system) to find the equilibria."
    )
