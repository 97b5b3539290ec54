"""The Bogdanov-Takens points at which curves of homoclinic orbits end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynana.analysis.connection_ends import Plane
from dynana.analysis.connections import ConnectionProblem
from dynana.analysis.critical_modes import null_vectors
from dynana.analysis.homoclinic_loci import ConnectionPlace
from dynana.analysis.normal_forms import normal_form
from dynana.errors import ConvergenceError
from dynana.lowering.kernels import lower
from dynana.results.special_points import CODES, SpecialPoint

Array = NDArray[np.float64]

#: Places before the end from which it is extrapolated.
PLACES = 4
#: Secant steps along the curve of saddle-nodes, the first of them, and the last for the point to be located; relative
#: to the ranges of the parameters.
STEPS, FIRST, LOCATED = 15, 1e-4, 1e-11


def double_zero_end(problem: ConnectionProblem, places: list[ConnectionPlace]) -> SpecialPoint | None:
    """Return the Bogdanov-Takens point at which a curve of homoclinic orbits ends, or None where there is none.

    Parameters
    ----------
    problem : ConnectionProblem
    places : list of ConnectionPlace
        The curve up to where its orbits have nearly shrunk to a point.

    Notes
    -----
    Parameters and equilibrium are smooth functions of the extent of the orbit, so its zero is found by extrapolation;
    from there, along the curve of saddle-nodes, the place where left and right null vector are orthogonal.
    """
    last = places[-PLACES:]
    if len(last) < 2:
        return None
    reach = np.array([place.reach for place in last])
    values = np.array([np.concatenate((place.parameters, place.equilibria[0])) for place in last])
    guess = np.array([np.polynomial.polynomial.polyfit(reach, v, len(last) - 1)[0] for v in values.T])
    try:
        found = _on_saddle_nodes(problem.plane, guess[:2], guess[2:])
        return None if found is None else _special(problem, *found)
    except (ConvergenceError, np.linalg.LinAlgError):
        return None


def _on_saddle_nodes(plane: Plane, parameters: Array, state: Array) -> tuple[Array, Array] | None:
    """Return the state and the parameters of the Bogdanov-Takens point near a guess."""
    along = np.array([1.0, 1.0]) / np.sqrt(2.0)
    node = plane.saddle_node(state, parameters, along)
    if node is None:
        return None
    n = state.size
    along = node.tangent[n:] / np.linalg.norm(node.tangent[n:])
    before, step = np.nan, FIRST
    for _ in range(STEPS):
        right, left = null_vectors(plane.jacobian(node.point, node.parameters))
        overlap = float(left @ right)
        if np.isfinite(before):
            step *= -overlap / (overlap - before) if overlap != before else 0.0
        if abs(step) < LOCATED or overlap == 0.0:
            return node.point, node.parameters
        ahead = plane.saddle_node(node.point, node.parameters + step * along * plane.ranges, along)
        if ahead is None:
            return None
        turned = null_vectors(plane.jacobian(ahead.point, ahead.parameters))
        # null vectors have no sign of their own
        sign = np.sign(float(turned[0] @ right)) * np.sign(float(turned[1] @ left))
        before, node = sign * overlap, ahead
    return None


def _special(problem: ConnectionProblem, state: Array, parameters: Array) -> SpecialPoint:
    system, free, plane = problem.system, (problem.free[0], problem.free[1]), problem.plane
    values = system.values | dict(zip(free, parameters.tolist(), strict=True))
    form = normal_form(system, "bogdanov-takens", state, free, values=values)
    spectrum = np.linalg.eigvals(plane.jacobian(state, parameters)).astype(np.complex128)
    return SpecialPoint(
        kind="bogdanov-takens",
        code=CODES["bogdanov-takens"],
        system=system.name,
        fingerprint=lower(system).fingerprint,
        states=system.states,
        point=state,
        parameters=values,
        free=free,
        residual=float(np.abs(plane.rates(state, parameters) * plane.sizes).max()),
        interval=(float(parameters[0]), float(parameters[0])),
        converged=True,
        eigenvalues=spectrum[np.lexsort((-spectrum.imag, -spectrum.real))],
        normal_form=dict(form.coefficients),
        criticality=form.criticality,
        vectors=dict(form.vectors),
    )
