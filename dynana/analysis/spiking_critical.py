"""Orbits with jumps at a bifurcation, with their critical perturbation, as a curve in two parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.forcing import Forcing
from dynana.analysis.spiking_special import SpecialSpikes
from dynana.definition.system import System
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.lowering.spiking_critical import Ending, critical
from dynana.numerics.adjoint import transfers
from dynana.numerics.collocation_newton import REPORT_SIZE
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.mesh import times
from dynana.numerics.orbit_curve import OrbitCurve
from dynana.results.cycle import Cycle
from dynana.results.tables import number

Array = NDArray[np.float64]

#: How the perturbation of each bifurcation closes, see `dynana.lowering.spiking_critical.Ending`.
CLOSINGS = {"fold of cycles": "", "period doubling": "flip", "torus": "turn"}
#: Distance of a multiplier of the section map from 1, -1 or the unit circle, at which a start is no bifurcation.
AWAY = 0.05


class CriticalSpikes(SpecialSpikes):
    """Orbits with jumps at a fold, a period doubling or a torus point.

    Their kind is one of `CLOSINGS`; see `SpecialSpikes` for the parameters.
    """

    def __init__(
        self, system: System, kind: str, free: tuple[str, str], ranges: Array, cycle: Cycle, law: Forcing | None = None
    ) -> None:
        super().__init__(system, kind, free, ranges, cycle, law)
        pattern, size = self.plain.pattern, self.plain.n
        last = len(pattern) - 1
        wanted: list[Ending] = [
            (event, held, CLOSINGS[kind] if i == last else "")
            for i, (event, held) in enumerate(zip(pattern.events, pattern.held, strict=True))
        ]
        endings = tuple(dict.fromkeys(wanted))
        turning = kind == "torus"
        kernels = lower(critical(system, endings))
        p, given = kernels.p, len(system.parameters)
        p[given : given + len(self.plain.speeds)] = self.plain.speeds
        active = [system.parameters.index(name) for name in free]
        equations = OrbitEquations(
            rhs=kernels.rhs,
            jacobian=kernels.jacobian,
            parameter_jacobian=kernels.parameter_jacobian,
            closure=kernels.joins,
            conditions=len(pattern) * (kernels.n + 1),
            p=p,
            active=[*active, kernels.n_parameters - 1] if turning else active,
            free=np.tile(self.plain.equations.free, (1, 2 + turning)),
            phase=False,
            data=np.array([endings.index(ending) for ending in wanted] + [*self.plain.law], dtype=float),
        )
        sizes = np.concatenate((self.plain.sizes, np.ones((1 + turning) * size)))
        extents = np.append(ranges, 1.0) if turning else ranges
        conditions = [self._normalised, self._same_phase] if turning else [self._normalised]
        self.curve = OrbitCurve(equations, sizes, extents, self.plain.scheme.stages, further=conditions)

    def _normalised(self, curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
        """The perturbation at the start has the part 1 along that of the orbit from which a correction starts."""
        size, gradient = self.plain.n, np.zeros_like(orbit.z)
        v = orbit.z[size : orbit.n]
        gradient[size : orbit.n] = v / float(v @ v)
        return gradient, 1.0

    def _same_phase(self, curve: OrbitCurve, orbit: Orbit) -> tuple[Array, float]:
        """A complex perturbation, known up to a complex factor, keeps its phase at the start."""
        size, gradient = self.plain.n, np.zeros_like(orbit.z)
        v, w = orbit.z[size : 2 * size], orbit.z[2 * size : orbit.n]
        length = float(v @ v + w @ w)
        gradient[size : 2 * size], gradient[2 * size : orbit.n] = -w / length, v / length
        return gradient, 0.0

    def start(self) -> Orbit:
        """Return the orbit at the bifurcation with its perturbation.

        Raises
        ------
        ConvergenceError
            If the cycle has no such multiplier, or Newton's method fails.
        """
        orbit = self._start
        points, angle = self._perturbed(orbit)
        z = np.concatenate((points.ravel(), orbit.durations, orbit.parameters, angle))
        guess = replace(orbit, z=z, tangent=np.zeros_like(z), n=points.shape[1], report=np.zeros(REPORT_SIZE))
        return self.settled(guess, adaptations=1)

    def _perturbed(self, orbit: Orbit) -> tuple[Array, list[float]]:
        """Return the points of an orbit beside its critical perturbation, and the angle of a torus point."""
        plain, size = self.plain, self.plain.n
        maps, gradients, before, _ = plain.joined(orbit)
        rates = np.einsum("in,in->i", gradients, before)
        parts = self._factors(orbit)
        whole = np.eye(size)
        sections = []
        for i, factors in enumerate(parts):
            section = maps[i] @ (np.eye(size) - np.outer(before[i], gradients[i]) / rates[i])
            sections.append(section)
            for factor in factors:
                whole = factor @ whole
            whole = section @ whole
        multiplier, v = self._critical(whole)
        v = v / float(np.linalg.norm(v / plain.sizes))
        rows = []
        for i, ((x, widths), factors) in enumerate(zip(orbit.split(orbit.z), parts, strict=True)):
            at_mesh = [v]
            for factor in factors:
                at_mesh.append(factor @ at_mesh[-1])
            edges = np.concatenate(([0.0], np.cumsum(widths)))
            at = times(widths, plain.scheme)
            beside = np.stack([np.interp(at, edges, np.array(at_mesh)[:, c]) for c in range(size)], axis=1)
            turned = [beside.imag] if self.kind == "torus" else []
            rows.append(np.concatenate((x, beside.real, *turned), axis=1))
            v = sections[i] @ at_mesh[-1]
        return np.concatenate(rows), [float(np.angle(multiplier))] if self.kind == "torus" else []

    def _factors(self, orbit: Orbit) -> list[Array]:
        """Return what carries perturbations over the mesh intervals of each segment, shape (intervals, n, n) each."""
        plain, size = self.plain, self.plain.n
        p = plain.parameters(orbit)
        parts = []
        for i, (x, widths) in enumerate(orbit.split(orbit.z)):
            inside = x[:-1].reshape(-1, orbit.stages + 1, size)[:, 1:]
            jacobians = np.empty((*inside.shape, size))
            for j, row in enumerate(inside):
                for k, y in enumerate(row):
                    plain.kernels.jacobian(0.0, y.copy(), p, jacobians[j, k])
            jacobians *= plain.equations.free[i][:, None]
            parts.append(transfers(jacobians, orbit.durations[i] * widths, plain.scheme))
        return parts

    def _critical(self, whole: Array) -> tuple[complex, Array]:
        """Return the multiplier of a section map that is critical, and its eigenvector, real if that is.

        Raises
        ------
        ConvergenceError
            If there is none.
        """
        values, vectors = np.linalg.eig(whole)
        if self.kind == "torus":
            wanted, distances = "a complex pair on the unit circle", np.where(values.imag > 0.0, abs(values) - 1.0, 2.0)
        else:
            target = -1.0 if self.kind == "period doubling" else 1.0
            wanted, distances = f"{target:g}", values - target
        k = int(np.argmin(np.abs(distances)))
        if not abs(distances[k]) < AWAY:
            raise ConvergenceError(
                f"{self.system.name}: the start is no {self.kind}: it needs the multiplier {wanted}, and those of the "
                f"section map are {', '.join(number(complex(v), 4) for v in values)}"
            )
        return complex(values[k]), vectors[:, k] if self.kind == "torus" else vectors[:, k].real

    def spectrum(self, orbit: Orbit, *, resolved: bool = False) -> tuple[Orbit, Spectrum]:
        """Return the orbit without its perturbation, and its multipliers."""
        x = orbit.z[: orbit.scalars_at].reshape(-1, orbit.n)[:, : self.plain.n]
        z = np.concatenate((x.ravel(), orbit.durations, orbit.parameters[:2]))
        bare = replace(orbit, z=z, tangent=np.zeros_like(z), n=self.plain.n, steps=0)
        fixed = 0 if self.kind == "fold of cycles" else orbit.segments  # there parameters are no coordinates
        attempt = self.plain.settle(bare, fixed=fixed, adaptations=0)
        found = bare if attempt.point is None else attempt.point
        return found, self.plain.spectrum(found, resolved=resolved)
