"""The normal form of a Bogdanov-Takens point and its unfolding by two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynana.analysis.centre_manifold import bordered_solve, largest_first
from dynana.analysis.critical_modes import CRITICAL, Point, null_vectors
from dynana.analysis.normal_forms_codim1 import NormalForm
from dynana.definition.system import System

FloatArray = NDArray[Any]

#: The left and the right null vector of a double zero eigenvalue are orthogonal to this: the square root of `CRITICAL`,
#: since the eigenvalues of a point with an error e are as large as sqrt(e).
ORTHOGONAL = CRITICAL**0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Chain:
    """Generalised eigenvectors: A q0 = 0, A q1 = q0, p1 A = 0, p0 A = p1.

    <p0, q0> = <p1, q1> = 1, <p0, q1> = <q0, q1> = 0.
    """

    q0: FloatArray
    q1: FloatArray
    p0: FloatArray
    p1: FloatArray


def bogdanov_takens_normal_form(
    system: System,
    point: ArrayLike,
    parameters: tuple[str, str] | None = None,
    *,
    values: Mapping[str, float] | None = None,
) -> NormalForm:
    """Return the normal form w0' = w1, w1' = b1 + b2 w1 + a w0^2 + b w0 w1 of a Bogdanov-Takens point.

    Parameters
    ----------
    system : System
    point : array, shape (n,)
        The located point, in the order of ``system.states``.
    parameters : (str, str), optional
        The varied parameters; without them the unfolding is left out.
    values : mapping of str to float, optional
        Parameter values that differ from those of the system.

    Returns
    -------
    NormalForm
        ``a``, ``b`` with |q0| = 1, the largest entry of q0 positive; with parameters ``transversality`` = 1/det K.
        Vectors: q0, q1, p0, p1; ``h20``, ``h11``, ``h02`` of the centre manifold x = x0 + q0 w0 + q1 w1 + h20 w0^2/2 +
        h11 w0 w1 + h02 w1^2/2 + H (b1, b2); with parameters ``K``, shape (2, 2), and ``H``, shape (n, 2), in
        parameters = p0 + K (b1, b2). The homoclinic orbit of a small e is, to leading order, b1 = -4 e^4/a,
        b2 = 10 b e^2/(7 a), w0 = e^2/a (2 - 6 sech^2(e t)), w1 = w0'.

    Raises
    ------
    ConvergenceError
        If the point is not an equilibrium or has no double zero eigenvalue with a single eigenvector.

    Notes
    -----
    Kuznetsov, SIAM J. Numer. Anal. 36 (1999) 1104; Kuznetsov et al., Int. J. Bifurcation Chaos 24 (2014) 1430014.
    """
    at = Point(system, point, parameters or (), values)
    chain = _chain(at)
    form = at.expansion
    q0, q1, p0, p1 = chain.q0, chain.q1, chain.p0, chain.p1
    b00, b01, b11 = (form(u, v).real for u, v in ((q0, q0), (q0, q1), (q1, q1)))
    a, b = float(p1 @ b00) / 2, float(p0 @ b00 + p1 @ b01)
    h20 = _solve(at, chain, 2 * a * q1 - b00)
    # h20 may have a part along q0; this one makes the equation of h02 solvable
    h11 = _solve(at, chain, b * q1 + h20 - b01)
    gain = float(p1 @ b11) / 2 - float(p1 @ h11)
    h20, h11 = h20 + gain * q0, h11 + gain * q1
    h02 = _solve(at, chain, 2 * h11 - b11)
    vectors: dict[str, NDArray[Any]] = {"q0": q0, "q1": q1, "p0": p0, "p1": p1, "h20": h20, "h11": h11, "h02": h02}
    coefficients = {"a": a, "b": b}
    if parameters is not None:
        vectors["H"], vectors["K"], coefficients["transversality"] = _unfolding(at, chain, h11, h02)
    if a * b == 0:
        words = "degenerate"
    else:
        kind = "supercritical, its cycles stable" if a * b < 0 and not at.others_unstable(2) else "with unstable cycles"
        words = f"the Hopf curve that starts here is {kind}; they end in homoclinic orbits"
    return NormalForm(kind="bogdanov-takens", coefficients=coefficients, vectors=vectors, criticality=words)


def _chain(at: Point) -> _Chain:
    q0, p1 = (np.real(v) for v in null_vectors(at.jacobian))
    nearest = sorted(at.eigenvalues.tolist(), key=abs)[:2]
    rates = at.rates(q0, 2)
    small = len(nearest) == 2 and abs(sum(nearest)) <= CRITICAL * rates and abs(np.prod(nearest)) <= CRITICAL * rates**2
    if not small or abs(p1 @ q0) > ORTHOGONAL:
        shown = ", ".join(f"{v:.4g}" for v in at.eigenvalues)
        raise at.refuse("Bogdanov-Takens", f"zero must be a double eigenvalue with one eigenvector; spectrum {shown}")
    q0 = q0 * np.sign(q0[largest_first(q0)])
    q1 = bordered_solve(at.jacobian, p1, q0, q0)[:-1]
    p0 = bordered_solve(at.jacobian.T, q0, p1, p1)[:-1]
    scale = float(p0 @ q0)
    p0, p1 = p0 / scale, p1 / scale
    return _Chain(q0, q1, p0 - float(p0 @ q1) * p1, p1)


def _solve(at: Point, chain: _Chain, right: FloatArray) -> FloatArray:
    """Return a solution of A x = right that is orthogonal to q0."""
    return np.asarray(bordered_solve(at.jacobian, chain.p1, chain.q0, right)[:-1])


def _unfolding(at: Point, chain: _Chain, h11: FloatArray, h02: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return H (n, 2), K (2, 2) and the transversality, from the terms linear in (b1, b2)."""
    n, p0, p1 = len(at.state), chain.p0, chain.p1
    # how the linear part changes along each state and parameter, applied to q0 and to q1
    on_q0, on_q1 = (at.expansion.changes(q, at.indices).real for q in (chain.q0, chain.q1))
    system = np.vstack((np.hstack((at.jacobian, at.slopes)), p1 @ on_q0, p1 @ on_q1 + p0 @ on_q0))
    right = np.zeros((n + 2, 2))
    right[:n, 0] = chain.q1
    right[n, 0] = p1 @ h11
    right[n + 1] = p0 @ h11 + p1 @ h02, 1.0
    try:
        solution = np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        return np.full((n, 2), np.nan), np.full((2, 2), np.nan), 0.0
    k = solution[n:]
    return solution[:n], k, float(1.0 / np.linalg.det(k))
