"""Curves of orbits: where equations, collocation and `dynana.numerics.pseudo_arclength` meet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynana.numerics.collocation import TRANSFER, scheme_arrays, workspace
from dynana.numerics.collocation_newton import (
    CONTRACTION,
    CONVERGED,
    COSINE,
    CURVATURE,
    HERE,
    ON_CURVE,
    ON_TANGENT,
    REPORT_SIZE,
    STEPS,
    continue_orbit,
)
from dynana.numerics.collocation_orbit import Orbit, OrbitEquations, Spectrum
from dynana.numerics.eigenfunctions import on_points
from dynana.numerics.floquet import multipliers
from dynana.numerics.gauss import Scheme, gauss_scheme
from dynana.numerics.mesh import error_estimate, resampled, spread_error
from dynana.numerics.orbit_scales import measure, outgrown
from dynana.numerics.pseudo_arclength import Attempt
from dynana.numerics.variational import resolve_transfers

Array = NDArray[np.float64]

#: Tolerance of the last correction, in units of the scales; discretisation errors are larger.
TOLERANCE = 1e-9

#: Steps between two adaptations of the mesh.
ADAPT_EVERY = 4

#: Steps for which factors of the last orbit are not used after they were not good enough.
PAUSE = 4

#: Smallest damping factor in the search for a first orbit.
LEAST_DAMPING = 1.0 / 256.0

_NOTHING = np.zeros(0)

#: A linear condition on all unknowns, set up anew where each correction starts: its gradient and its value.
Condition = Callable[["OrbitCurve", Orbit], tuple[Array, float]]


class OrbitCurve:
    """A problem for `dynana.numerics.pseudo_arclength.follow`: orbits of one set of equations.

    Parameters
    ----------
    equations : OrbitEquations
    sizes : ndarray, shape (n,)
        Least typical variation of each state; grows to that of the orbits met.
    ranges : ndarray, shape (active parameters,)
        Typical variation of each active parameter, such as the extent of the interval of interest.
    stages : int, optional
        Gauss points per interval, 2 to 7.
    held : sequence of int, optional
        Which of (durations, active parameters) keep their values along curves, such as the period while two
        parameters vary.
    further : sequence of Condition, optional
        Conditions beyond those of the equations, such as the normalisation of an eigenfunction.

    Attributes
    ----------
    tolerance : float
        Largest last correction, in units of the scales; more than `TOLERANCE` where rounding does not let it pass.
    """

    def __init__(
        self,
        equations: OrbitEquations,
        sizes: Array,
        ranges: Array,
        stages: int = 4,
        held: Sequence[int] = (),
        further: Sequence[Condition] = (),
    ) -> None:
        if equations.rows != int(equations.phase) + len(held) + len(further) + 1:
            raise ValueError(
                f"{equations.rows} further conditions make a curve; given are {int(equations.phase)} phase condition, "
                f"{len(held)} held quantities and {len(further)} other conditions, and arclength is one."
            )
        self.held = tuple(held)
        self.further = tuple(further)
        self.equations = equations
        self.scheme: Scheme = gauss_scheme(stages)
        self.n = equations.free.shape[1]
        self.sizes = np.array(sizes, dtype=np.float64)
        self.ranges = np.array(ranges, dtype=np.float64)
        self._model = equations.model()
        self._scheme = scheme_arrays(self.scheme, self.n)
        self._counts = np.zeros(0, dtype=np.int64)
        self._installed = np.zeros(0)
        self._scale = (np.zeros(self.n), np.zeros(0))
        self._borrowed = False  # whether the factors belong to an orbit of this curve on this mesh
        self._pause = 0  # steps for which they are not used
        self._curvature = math.inf  # of the equations, as the last step met it
        self.frame = np.eye(self.n)
        self.tolerance = TOLERANCE

    @property
    def metric(self) -> Array:
        """Weight of each unknown in the inner product: quadrature over the orbit, states in units of sizes."""
        return self._metric

    @property
    def p(self) -> Array:
        """All parameter values of the orbit last computed."""
        values: Array = self._model[1].copy()
        return values

    def guess(
        self, segments: Sequence[tuple[Array, Array]], durations: Sequence[float], counts: Sequence[int]
    ) -> Orbit:
        """Return an orbit, not yet converged, from samples of its segments.

        Parameters
        ----------
        segments : sequence of (s, x)
            Relative times (k,) in [0, 1], increasing, and states (k, n).
        durations : sequence of float
        counts : sequence of int
            Mesh intervals of each segment, placed by `dynana.numerics.mesh.resampled`.
        """
        parts, widths = [], []
        for (s, x), count in zip(segments, counts, strict=True):
            points, new = resampled(s, x, np.maximum(np.ptp(x, axis=0), self.sizes), count, self.scheme)
            widths.append(new)
            parts.append(points.ravel())
        active = self._model[1][self._model[2]]
        z = np.concatenate([*parts, np.asarray(durations, dtype=np.float64), active])
        return Orbit(
            z, np.zeros_like(z), np.array(counts, np.int64), np.concatenate(widths), self.n, self.scheme.stages,
            np.zeros(REPORT_SIZE),
        )  # fmt: skip

    def _install(self, orbit: Orbit) -> None:
        """Make room and weights for an orbit's mesh."""
        if not np.array_equal(self._counts, orbit.counts):
            self._counts = orbit.counts
            rows = self.equations.rows
            self._work = workspace(self.n, orbit.counts, self.scheme.stages, len(self.equations.active), rows)
            self._gradients = np.zeros((rows, orbit.z.size))
            self._targets = np.zeros(rows)
            self._report = np.zeros(REPORT_SIZE)
        self._borrowed = False
        self._grid = (orbit.counts, orbit.widths)
        self._scale, self._metric = measure(orbit, self.sizes, self.ranges)
        self.sizes[:] = self._scale[0]
        self._installed = orbit.widths

    def _run(self, orbit: Orbit, step: float, predict: bool, damping: float) -> tuple[int, Orbit]:
        z, tangent = np.empty_like(orbit.z), np.empty_like(orbit.z)
        start = HERE if not predict else ON_TANGENT if self.further else ON_CURVE
        along = (orbit.tangent, step, self._metric, self.scheme.slopes, orbit.behind or (_NOTHING, _NOTHING))
        for row, k in enumerate(self.held, start=int(self.equations.phase)):
            at = orbit.scalars_at + k
            self._gradients[row, at], self._targets[row] = 1.0, orbit.z[at]
        for row, condition in enumerate(self.further, start=int(self.equations.phase) + len(self.held)):
            self._gradients[row], self._targets[row] = condition(self, orbit)
        self._pause = max(self._pause - 1, 0)
        for borrowed in (True, False) if self._borrowed and not self._pause else (False,):
            z[:] = orbit.z
            code = continue_orbit(
                0 if self.equations.phase else -1, along, start, self._model, self._grid, self._scheme, self._scale,
                self._gradients, self._targets, (self.tolerance, damping, float(borrowed), self._curvature),
                self._work, z, tangent, self._report,
            )  # fmt: skip
            if borrowed and self._report[STEPS] > 1:
                self._pause = PAUSE
            if code == CONVERGED:
                break
            start = min(start, ON_TANGENT)
        self._curvature = math.inf if not predict or self.further else float(self._report[CURVATURE])
        self._borrowed = predict and code == CONVERGED
        o = orbit  # not by `replace`, which is slow
        found = Orbit(z, tangent, o.counts, o.widths, o.n, o.stages, self._report.copy(), o.steps + 1)
        return code, found.after((o.z, o.tangent) if predict else None)

    def settle(self, orbit: Orbit, *, fixed: int = -1, adaptations: int = 3) -> Attempt[Orbit]:
        """Find the orbit near a guess with one scalar unknown held fixed, and adapt its mesh.

        Parameters
        ----------
        orbit : Orbit
        fixed : int, optional
            Which of (durations, active parameters) is held; the last active parameter unless given.
        adaptations : int, optional
            How often the mesh is adapted and the orbit found again.

        Returns
        -------
        Attempt
            The tangent of the new orbit points to larger values of what was held.
        """
        for k in range(adaptations + 1):
            self._install(orbit)
            self._gradients[-1] = 0.0
            at = orbit.scalars_at + fixed % (orbit.z.size - orbit.scalars_at)
            self._gradients[-1, at], self._targets[-1] = 1.0, orbit.z[at]
            code, found = self._run(orbit, 0.0, False, LEAST_DAMPING)
            if code != CONVERGED:
                return Attempt(False, None, math.nan, float(self._report[CONTRACTION]), code)
            orbit = self.adapt(found) if k < adaptations else found
        return Attempt(True, replace(found, steps=0), 0.0, float(self._report[CONTRACTION]), code)

    def advance(self, orbit: Orbit, step: float) -> Attempt[Orbit]:
        """Take one step along the curve; see `dynana.numerics.pseudo_arclength.Problem`."""
        if orbit.widths is not self._installed:
            orbit = self.prepare(orbit)
        return self._attempt(*self._run(orbit, step, True, 1.0))

    def _attempt(self, code: int, found: Orbit) -> Attempt[Orbit]:
        contraction, cosine = float(self._report[CONTRACTION]), float(self._report[COSINE])
        if code != CONVERGED:
            return Attempt(False, None, math.nan, contraction, code)
        return Attempt(True, found, math.acos(min(1.0, cosine)) if cosine > 0.0 else math.pi, contraction, code)

    def prepare(self, orbit: Orbit) -> Orbit:
        """Adapt mesh and scales when it is time."""
        if orbit.steps >= ADAPT_EVERY:
            orbit = self.adapt(orbit)
        if orbit.widths is self._installed:
            return orbit
        self._install(orbit)
        length = math.sqrt(float((self._metric * orbit.tangent) @ orbit.tangent))
        return replace(orbit, tangent=orbit.tangent / length).after(orbit.behind)  # scales have changed

    def adapt(self, orbit: Orbit, finer: float = 1.0) -> Orbit:
        """Return the orbit and its tangent on a mesh that spreads the error, with ``finer`` times as many intervals."""
        smooth = orbit.segments == 1 and self.equations.phase
        segments = orbit.split(orbit.z)
        widths = [
            spread_error(x, old, self.scheme, self.sizes, periodic=smooth, intervals=math.ceil(finer * old.size))
            for x, old in segments
        ]
        kept = all(new is old for new, (_, old) in zip(widths, segments, strict=True))
        if kept and not outgrown(orbit, self._scale, self.sizes):
            return replace(orbit, steps=0).after(orbit.behind)
        return orbit.on_meshes(widths)

    def place_of(self, base: Orbit, orbit: Orbit) -> float:
        """Return the signed length of the step that leads from one orbit to another on the same mesh."""
        along = self._metric * base.tangent
        return float(along @ (orbit.z - base.z) / (along @ base.tangent))

    def crossing(self, orbit: Orbit) -> Array:
        """Return the direction of the other curve through an orbit at which two curves cross.

        Parameters
        ----------
        orbit : Orbit
            At the crossing, as `settle` or `advance` returned it last.

        Returns
        -------
        ndarray, shape (unknowns,)
            Orthogonal to the tangent: the nearly singular matrix has it as its solution for any right-hand side.
        """
        from dynana.numerics.collocation_kernel import solve_extended  # compiled for this purpose only

        rng = np.random.default_rng(0)  # some right-hand side that is not orthogonal to anything
        v = np.zeros_like(orbit.z)
        self._borrowed = False
        self._gradients[-1] = self._metric * orbit.tangent
        outer = np.append(rng.normal(size=self.equations.conditions + self.equations.rows - 1), 0.0)
        right = rng.normal(size=orbit.z.size)
        solve_extended(
            orbit.z, self._model, self._grid, self._scheme, self._scale, self._gradients, self._targets, self._work,
            right, outer, v,
        )  # fmt: skip
        v -= (self._metric * orbit.tangent @ v) * orbit.tangent
        direction: Array = v / math.sqrt(float(self._metric * v @ v))
        return direction

    def error(self, orbit: Orbit) -> float:
        """Return the estimated error of the orbit between mesh points, relative to the sizes of the states."""
        smooth = orbit.segments == 1 and self.equations.phase
        parts = orbit.split(orbit.z)
        return max([error_estimate(x, widths, self.scheme, self.sizes, periodic=smooth) for x, widths in parts])

    def transfers(self) -> Array:
        """Return what carries perturbations of the orbit computed last over mesh intervals, (k, n, n), in sizes."""
        transfer = self._work[TRANSFER]
        return np.ascontiguousarray(transfer.reshape(-1, self.n, transfer.shape[1])[:, :, : self.n])

    def give(self, index: int, value: float) -> None:
        """Change a parameter that is not active."""
        self._model[1][index] = value

    def spectrum(self, orbit: Orbit, joins: Array | None = None, *, resolved: bool = False) -> Spectrum:
        """Return the multipliers of the orbit computed last.

        Parameters
        ----------
        orbit : Orbit
            What `settle` or `advance` returned last: the factors of its Jacobian are used.
        joins : ndarray, shape (segments, n, n), optional
            Linearised maps between segments (saltation matrices); identities unless given.
        resolved : bool, optional
            Solve the variational equation on a finer mesh where the mesh of the orbit is too coarse for it. Without
            it the smallest multipliers have the errors of collocation.
        """
        return self.spectrum_from(self.transfers(), orbit, joins, resolved=resolved)

    def spectrum_from(
        self, factors: Array, orbit: Orbit, joins: Array | None = None, *, resolved: bool = False
    ) -> Spectrum:
        """Return the `spectrum` of the orbit prepared last from `transfers` known from elsewhere."""
        trace, sizes = math.nan, self._scale[0]
        if resolved:
            trace, _ = resolve_transfers(orbit.z, self._model, self._grid, self._scheme, sizes, factors)
        if joins is not None:
            scaled = joins * sizes[None, None, :] / sizes[None, :, None]
            factors = np.ascontiguousarray(np.insert(factors, np.cumsum(self._counts), scaled, axis=0))
        logarithms, phases = np.empty(self.n), np.empty(self.n)
        multipliers(factors, self.frame, logarithms, phases)
        return Spectrum(logarithms, phases, trace)

    def eigenfunction(self, orbit: Orbit, multiplier: complex) -> NDArray[np.complex128]:
        """Return the perturbation of a closed orbit of one segment that is multiplied by ``multiplier`` in a period.

        Parameters
        ----------
        orbit : Orbit
            What `settle` or `advance` returned last.
        multiplier : complex
            Of the orbit; the closest perturbation there is for any other number.

        Returns
        -------
        ndarray, shape (points, n)
            On all points of the orbit, of unit mean square in units of the sizes of the states. For a multiplier of
            -1 it is where the doubled orbit branches off; for a pair on the unit circle, the torus.
        """
        if orbit.segments != 1:
            raise ValueError(f"{orbit.segments} segments: eigenfunctions are offered for orbits of one segment.")
        return on_points(self._work, self.n, self.scheme.stages, multiplier, self._scale[0])
