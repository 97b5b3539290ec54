"""Where curves of cycles end: at Hopf points, at cycles of half the period, at homoclinic orbits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.cycle_legs import Mark, doubling_vectors, nearby_root, polished
from dynana.analysis.cycle_orbits import cycle_equations
from dynana.analysis.cycle_places import DOUBLING, CycleCurve, Place
from dynana.analysis.normal_forms import NormalForm, normal_form
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.numerics.mesh import interpolate
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results import collocated
from dynana.results.stop import Stop
from dynana.results.tables import number

Array = NDArray[np.float64]

#: Newton steps; quadratic convergence needs six from any useful start.
MOST_STEPS = 30
#: Newton's method has converged when it moves nothing by more than this, relative to its size.
SETTLED = 1e-13
#: Step of differences in units of a coordinate.
DIFFERENCE = 1e-6
#: A rate that is slow over a period, as at a saddle-node, times the period: at a saddle the product is larger, because
#: it takes that long to come near and leave again.
SLOW = 12.0
#: At a fold the rate that vanishes, times the period, is zero to rounding; where Newton's method has only run away to
#: where it is small, it is not.
ZERO = 1e-6
#: Distance from a saddle, in units of the extent of a cycle, at which the cycle counts as nearly homoclinic.
NEAR_SADDLE = 0.01
#: Cycles this many times as large as the ranges of the states, their initial values and the first cycle are on their
#: way to infinity: units apart, no model has cycles that differ so much.
FAR = 1e4
#: Samples of a half of a cycle, first step of the secant method along the curve of such cycles, and how much their
#: period may differ at the period doubling from half of that of the last cycle.
HALF_SAMPLES, FIRST_SECANT, SAME_PERIOD = 1601, 1e-4, 0.1


@dataclass(frozen=True, eq=False)
class End:
    """What is known about an equilibrium at the end of a curve.

    Attributes
    ----------
    kind : str
        "hopf", "homoclinic", "snic".
    point : ndarray, shape (n,)
    value : float
        Of the first parameter.
    eigenvalues : ndarray of complex, shape (n,)
    converged : bool
    form : NormalForm or None
    """

    kind: str
    point: Array
    value: float
    eigenvalues: NDArray[np.complex128]
    converged: bool
    form: NormalForm | None = None


class Equilibria:
    """Right-hand side and Jacobian as functions of (states, one parameter)."""

    def __init__(self, system: System, name: str) -> None:
        self.kernels = lower(system)
        self.p, self.at = self.kernels.p, system.parameters.index(name)
        self.n = self.kernels.n

    def rates(self, z: Array) -> Array:
        """Derivatives of the states, shape (n,)."""
        out = np.empty(self.n)
        self.p[self.at] = z[-1]
        self.kernels.rhs(0.0, np.ascontiguousarray(z[:-1]), self.p, out)
        return out

    def matrix(self, z: Array) -> Array:
        """Derivative by states and parameter, shape (n, n + 1)."""
        jacobian, by_parameters = np.empty((self.n, self.n)), np.empty((self.n, self.p.size))
        self.p[self.at] = z[-1]
        x = np.ascontiguousarray(z[:-1])
        self.kernels.jacobian(0.0, x, self.p, jacobian)
        self.kernels.parameter_jacobian(0.0, x, self.p, by_parameters)
        return np.column_stack((jacobian, by_parameters[:, self.at]))

    def eigenvalues(self, z: Array) -> NDArray[np.complex128]:
        """Eigenvalues of the Jacobian, largest real part first, shape (n,)."""
        values = np.linalg.eigvals(self.matrix(z)[:, :-1]).astype(complex)
        return values[np.lexsort((-values.imag, -values.real))]

    def solve(self, z: Array, scale: Array, critical: complex) -> tuple[Array, bool]:
        """Return the equilibrium nearby at which the real part of the eigenvalue next to a number vanishes."""

        def real_part(at: Array) -> float:
            values = self.eigenvalues(at)
            return float(values[np.argmin(np.abs(values - critical))].real)

        for _ in range(MOST_STEPS):
            gradient = np.array([
                (real_part(z + h) - real_part(z - h)) / (2.0 * DIFFERENCE)
                for h in DIFFERENCE * np.diag(scale)
            ])  # fmt: skip
            square = np.vstack((self.matrix(z) * scale, gradient))
            if not np.isfinite(square).all():
                return z, False
            step = np.linalg.lstsq(square, np.append(self.rates(z), real_part(z)), rcond=None)[0]
            z = z - scale * step
            if np.abs(step).max() <= SETTLED * 1e2:
                return z, True
        return z, bool(np.abs(step).max() <= 1e-9)


def hopf_end(system: System, name: str, place: Place) -> End:
    """Return the Hopf point to which a curve of small cycles shrinks."""
    equations = Equilibria(system, name)
    (points, widths), stages = place.orbit.split(place.orbit.z)[0], place.orbit.stages
    value = float(place.scalars[1])
    start = np.append(collocated.mean(points, widths, stages), value)
    scale = np.append(np.maximum(np.ptp(points, axis=0), 1e-6 * np.abs(start[:-1]) + 1e-12), 0.01 * (1.0 + abs(value)))
    z, converged = equations.solve(start, scale, 2j * math.pi / float(place.scalars[0]))
    form: NormalForm | None = None
    try:
        form = normal_form(system, "hopf", z[:-1], (name,), values={name: float(z[-1])})
    except ConvergenceError:
        converged = False
    return End("hopf", z[:-1], float(z[-1]), equations.eigenvalues(z), converged, form)


def farthest(system: System, points: Array) -> Array:
    """Return the sizes of the states beyond which cycles grow without bound, from those of the first one."""
    ranges = system.ranges
    initial = {} if set(system.states) <= set(ranges) else system.initial  # steady states take a while
    of_model = [max(map(abs, ranges[n] if n in ranges else (initial[n], 1.0))) for n in system.states]
    largest: Array = np.maximum(of_model, np.abs(points[:, : len(of_model)]).max(axis=0))
    return FAR * largest


def long_end(system: System, name: str, scalars: Array, points: Array) -> tuple[End | None, Stop]:
    """Return what a cycle of very long period is about to become, told by where it is slow.

    Parameters
    ----------
    system : System
    name : str
        Of the parameter that varies.
    scalars : ndarray
        Period and value of the parameter.
    points : ndarray, shape (k, n)
    """
    equations = Equilibria(system, name)
    period, value = float(scalars[0]), float(scalars[1])
    extent = np.ptp(points, axis=0)
    speeds = np.array([np.linalg.norm(equations.rates(np.append(x, value)) / extent) for x in points])
    slowest = points[int(np.argmin(speeds))]
    z = np.append(slowest, value)
    rates = equations.eigenvalues(z)
    near = float(np.abs(rates).min())
    about = f"at {name} = {number(value, 10)}, period {number(period)}"
    if near * period < SLOW:
        scale = np.append(extent, 0.01 * (1.0 + abs(value)))
        fold, converged = equations.solve(z, scale, 0.0)
        vanishing = float(np.abs(equations.eigenvalues(fold)).min()) * period
        if converged and vanishing < ZERO and (np.abs(fold[:-1] - slowest) < 0.2 * extent).all():
            message = (
                f"{about}: the cycle passes slowly where two equilibria vanish in a fold at {name} = "
                f"{number(float(fold[-1]), 10)} (saddle-node on an invariant circle)."
            )
            return End("snic", fold[:-1], float(fold[-1]), equations.eigenvalues(fold), True), _long(message)
    for _ in range(MOST_STEPS):
        step = np.linalg.lstsq(equations.matrix(z)[:, :-1], equations.rates(z), rcond=None)[0]
        z[:-1] -= step
        if np.abs(step / extent).max() < SETTLED * 1e2:
            break
    rates = equations.eigenvalues(z)
    is_saddle = rates.real.min() < 0.0 < rates.real.max()
    if not (is_saddle and (np.abs(z[:-1] - slowest) < NEAR_SADDLE * extent).all()):
        return None, _long(f"{about}: the cycle becomes slow, but no equilibrium is near. Give longer longest_period=.")
    message = (
        f"{about}: the cycle comes near the equilibrium {', '.join(number(v, 4) for v in z[:-1])} with eigenvalues "
        f"{', '.join(number(complex(v), 4) for v in rates[:4])} (homoclinic orbit)."
    )
    return End("homoclinic", z[:-1], value, rates, True), _long(message)


def _long(message: str) -> Stop:
    return Stop(reason="period too long", message=message)


def halved_end(
    system: System, free: tuple[str, ...], curve: CycleCurve, place: Place
) -> tuple[CycleCurve, Mark] | None:
    """Return the period doubling at which two turns of a cycle become one, and the curve of single turns."""
    points, widths = place.orbit.split(place.orbit.z)[0]
    s = np.linspace(0.0, 1.0, HALF_SAMPLES)
    scheme = curve.curve.scheme
    gains = points[-1] - points[0]
    first, second = interpolate(points, widths, scheme, 0.5 * s), interpolate(points, widths, scheme, 0.5 + 0.5 * s)
    period, given = 0.5 * float(place.scalars[0]), curve.curve.equations
    turned, law = given.data[: curve.curve.n] / 2.0, given.data[curve.curve.n :].tolist()
    halved = [0.5 * law[0], *law[1:]] if curve.forced else None
    equations = cycle_equations(system, free, gains=turned, forcing=halved)
    single = CycleCurve(OrbitCurve(equations, curve.curve.sizes, curve.curve.ranges, curve.curve.scheme.stages))
    counts = [int(place.orbit.counts[0])]
    guess = single.curve.guess([(s, 0.5 * (first + second - 0.5 * gains))], [period], counts)
    attempt = single.curve.settle(guess)
    if attempt.point is None:
        return None
    found = nearby_root(single, single.curve.prepare(attempt.point), DOUBLING, FIRST_SECANT)
    found = None if found is None else polished(single, found, DOUBLING)
    vectors = None if found is None else doubling_vectors(single, found)
    if found is None or vectors is None or not abs(float(found.scalars[0]) - period) < SAME_PERIOD * period:
        return None
    return single, Mark("period doubling", found, vectors=vectors)
